//! A comparison for people (text, markdown) and programs (JSON).

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use super::super::escape::{markdown, markdown_code};
use super::super::figures;
use super::super::options::{Format, Options};
use super::super::text::{Cell, Column, Ink, Line, Page, Table};
use super::super::view::{simple_class, simple_frame, words};
use super::{Diff, ExceptionChange, FindingChange, GcFigures, JobFigures, ValueChange};

/// Rows of one list in text and markdown; JSON has all.
const ROWS: usize = 20;

/// Writes `diff` as text, JSON or markdown.
///
/// # Errors
/// Those of `out`; `InvalidInput` for a format that a comparison cannot have.
pub fn render(diff: &Diff, format: Format, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    match format {
        Format::Text => text(diff, options, out),
        Format::Markdown => out.write_all(sheet(diff).as_bytes()),
        Format::Json => {
            serde_json::to_writer_pretty(&mut *out, diff).map_err(io::Error::from)?;
            out.write_all(b"\n")
        }
        other => Err(io::Error::new(io::ErrorKind::InvalidInput, format!("a comparison cannot be written as {other}; text, json and markdown can"))),
    }
}

/// What changed of one thing: its name, the figure before and after, and whether the change is for the worse.
type Row = (String, String, String, Option<bool>);

fn text(diff: &Diff, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let mut page = Page::new(options);
    for (label, side) in [("before", &diff.before), ("after", &diff.after)] {
        let line = Line::new().ink(Ink::Dim, format!("{label:<8}")).ink(Ink::of_verdict(&side.verdict), words::verdict(&side.verdict)).put("  ");
        page.wrapped(line, Ink::Plain, &side.headline, 2);
    }
    if diff.worse {
        page.push(Line::new().ink(Ink::Bad, "The later run is worse."));
    } else if is_empty(diff) {
        page.push(Line::new().put("Nothing differs."));
    }
    findings(&mut page, "NEW", Ink::Bad, &diff.findings.new);
    findings(&mut page, "CHANGED", Ink::Warn, &diff.findings.changed);
    findings(&mut page, "GONE", Ink::Good, &diff.findings.gone);
    exceptions(&mut page, "NEW EXCEPTIONS", Ink::Bad, &diff.exceptions.new);
    exceptions(&mut page, "CHANGED EXCEPTIONS", Ink::Warn, &diff.exceptions.changed);
    exceptions(&mut page, "GONE EXCEPTIONS", Ink::Good, &diff.exceptions.gone);
    for job in &diff.jobs {
        page.heading("JOB", &job.name);
        rows(&mut page, job_rows(job.before.as_ref(), job.after.as_ref()));
    }
    for gc in &diff.gc {
        page.heading("GARBAGE COLLECTION", &gc.role);
        rows(&mut page, gc_rows(gc.before.as_ref(), gc.after.as_ref()));
    }
    values(&mut page, "VERSIONS", &diff.versions);
    values(&mut page, "CONFIGURATION", &diff.configuration);
    page.write_to(out)
}

fn is_empty(diff: &Diff) -> bool {
    let lists = [
        diff.findings.new.len(),
        diff.findings.gone.len(),
        diff.findings.changed.len(),
        diff.exceptions.new.len(),
        diff.exceptions.gone.len(),
        diff.exceptions.changed.len(),
    ];
    lists.iter().all(|len| *len == 0) && diff.jobs.is_empty() && diff.gc.is_empty() && diff.configuration.is_empty() && diff.versions.is_empty()
}

fn findings(page: &mut Page, title: &str, ink: Ink, changes: &[FindingChange]) {
    if changes.is_empty() {
        return;
    }
    page.heading(title, "");
    let mut table = Table::new(vec![Column::left(""), Column::yielding("", 20), Column::left(""), Column::left("")]);
    for change in changes.iter().take(ROWS) {
        let severity = change.severity_after.as_deref().or(change.severity_before.as_deref()).unwrap_or_default();
        table.row(vec![
            Cell::ink(ink, page.glyphs.bullet),
            Cell::new(&change.title),
            Cell::ink(Ink::of_severity(severity), severity),
            Cell::ink(Ink::Dim, counts(change.count_before, change.count_after, page.glyphs.times)),
        ]);
    }
    table.draw(page);
    more(page, changes.len());
}

fn exceptions(page: &mut Page, title: &str, ink: Ink, changes: &[ExceptionChange]) {
    if changes.is_empty() {
        return;
    }
    page.heading(title, "");
    let mut table = Table::new(vec![Column::left(""), Column::yielding("", 20), Column::yielding("", 20), Column::left("")]);
    for change in changes.iter().take(ROWS) {
        let frame = change.frame.as_deref().map(simple_frame).unwrap_or_default();
        table.row(vec![
            Cell::ink(ink, page.glyphs.bullet),
            Cell::new(simple_class(&change.class)),
            Cell::ink(Ink::Accent, frame),
            Cell::ink(Ink::Dim, counts(change.count_before, change.count_after, page.glyphs.times)),
        ]);
    }
    table.draw(page);
    more(page, changes.len());
}

fn counts(before: u64, after: u64, times: &str) -> String {
    match (before, after) {
        (0, n) | (n, 0) => format!("{times}{}", figures::count(n)),
        (before, after) => format!("{times}{} before, {times}{} after", figures::count(before), figures::count(after)),
    }
}

fn rows(page: &mut Page, rows: Vec<Row>) {
    let mut table = Table::new(vec![Column::left(""), Column::right("before"), Column::right("after")]);
    for (label, before, after, worse) in rows {
        let ink = match worse {
            Some(true) => Ink::Bad,
            Some(false) => Ink::Good,
            None => Ink::Plain,
        };
        table.row(vec![Cell::ink(Ink::Dim, label), Cell::new(before), Cell::ink(ink, after)]);
    }
    table.draw(page);
}

fn values(page: &mut Page, title: &str, changes: &[ValueChange]) {
    if changes.is_empty() {
        return;
    }
    page.heading(title, "");
    let mut table = Table::new(vec![Column::left(""), Column::yielding("", 20), Column::yielding("before", 10), Column::yielding("after", 10)]);
    let changes = by_value(changes);
    let room = page.width.saturating_sub(2) / 4;
    for (roles, change) in changes.iter().take(ROWS) {
        let (before, after) = (change.before.as_deref().unwrap_or("not set"), change.after.as_deref().unwrap_or("not set"));
        // Values that begin alike are cut where they begin to differ.
        let alike = if before.len().max(after.len()) > room { shared_front(before, after) } else { 0 };
        let cut = |value: &str| if alike > 8 { format!("{}{}", page.glyphs.ellipsis, &value[alike..]) } else { value.to_owned() };
        table.row(vec![Cell::ink(Ink::Dim, roles), Cell::new(&change.key), Cell::ink(Ink::Dim, cut(before)), Cell::new(cut(after))]);
    }
    table.draw(page);
    more(page, changes.len());
}

/// The changes with the roles that have the same one; `all` where every role of the list has it.
fn by_value(changes: &[ValueChange]) -> Vec<(String, &ValueChange)> {
    let roles: BTreeSet<&str> = changes.iter().map(|change| change.role.as_str()).collect();
    type Change<'c> = (&'c str, &'c Option<String>, &'c Option<String>);
    let mut groups: BTreeMap<Change, Vec<&ValueChange>> = BTreeMap::new();
    for change in changes {
        groups.entry((&change.key, &change.before, &change.after)).or_default().push(change);
    }
    let name = |same: &[&ValueChange]| match same {
        [only] => only.role.clone(),
        all if all.len() == roles.len() => "all".to_owned(),
        some => some.iter().map(|change| change.role.as_str()).collect::<Vec<_>>().join(", "),
    };
    let mut out: Vec<(String, &ValueChange)> = groups.into_values().filter_map(|same| Some((name(&same), *same.first()?))).collect();
    out.sort_by(|a, b| (&a.0, &a.1.key).cmp(&(&b.0, &b.1.key)));
    out
}

/// Bytes that both begin with, up to a few before the first difference.
fn shared_front(a: &str, b: &str) -> usize {
    let same = a.char_indices().zip(b.chars()).find(|((_, x), y)| x != y).map_or(a.len().min(b.len()), |((at, _), _)| at);
    let context = a[..same].char_indices().rev().nth(3).map_or(0, |(at, _)| at);
    if b.is_char_boundary(context) { context } else { 0 }
}

fn more(page: &mut Page, count: usize) {
    if count > ROWS {
        page.push(Line::indent(2).ink(Ink::Dim, format!("and {}", figures::count((count - ROWS) as u64) + " more")));
    }
}

fn job_rows(before: Option<&JobFigures>, after: Option<&JobFigures>) -> Vec<Row> {
    let number = |label: &str, of: fn(&JobFigures) -> Option<u64>, show: fn(u64) -> String, more_is_worse: Option<bool>| {
        row(label, before.and_then(of), after.and_then(of), show, more_is_worse)
    };
    let state = |side: Option<&JobFigures>| side.map_or_else(|| "not there".to_owned(), |job| job.state.clone());
    let mut rows = vec![("state".to_owned(), state(before), state(after), None)];
    rows.extend([
        number("attempts", |job| Some(job.attempts), figures::count, None),
        number("restarts", |job| Some(job.restarts), figures::count, Some(true)),
        number("downtime", |job| Some(job.downtime_ms), figures::duration, Some(true)),
        number("checkpoints completed", |job| Some(job.checkpoints_completed), figures::count, None),
        number("checkpoints failed", |job| Some(job.checkpoints_failed), figures::count, Some(true)),
        number("half of them within", |job| job.checkpoint_p50_ms, figures::duration, Some(true)),
        number("95 % within", |job| job.checkpoint_p95_ms, figures::duration, Some(true)),
        number("longest", |job| job.checkpoint_max_ms, figures::duration, Some(true)),
        number("largest", |job| job.checkpoint_max_bytes, figures::bytes, None),
    ]);
    rows.retain(|(_, before, after, _)| before != after);
    rows
}

fn gc_rows(before: Option<&GcFigures>, after: Option<&GcFigures>) -> Vec<Row> {
    let float = |label: &str, of: fn(&GcFigures) -> Option<f64>, show: fn(f64) -> String, more_is_worse: bool| {
        let (then, now) = (before.and_then(of), after.and_then(of));
        let worse = then.zip(now).filter(|(then, now)| then != now).map(|(then, now)| (now > then) == more_is_worse);
        (label.to_owned(), then.map(show).unwrap_or_default(), now.map(show).unwrap_or_default(), worse)
    };
    let mut rows = vec![
        row("pauses", before.map(|gc| gc.pauses), after.map(|gc| gc.pauses), figures::count, None),
        float("time in pauses", |gc| Some(gc.total_ms), figures::duration_f, true),
        float("longest pause", |gc| Some(gc.max_ms), figures::duration_f, true),
        row("full collections", before.map(|gc| gc.full_gcs), after.map(|gc| gc.full_gcs), figures::count, Some(true)),
        float("time outside pauses", |gc| gc.throughput, figures::percent, false),
        row("heap peak", before.and_then(|gc| gc.peak_heap_bytes), after.and_then(|gc| gc.peak_heap_bytes), figures::bytes, None),
    ];
    rows.retain(|(_, before, after, _)| before != after);
    rows
}

fn row(label: &str, before: Option<u64>, after: Option<u64>, show: fn(u64) -> String, more_is_worse: Option<bool>) -> Row {
    let worse = before.zip(after).filter(|(before, after)| before != after).and_then(|(before, after)| more_is_worse.map(|more| (after > before) == more));
    (label.to_owned(), before.map(show).unwrap_or_default(), after.map(show).unwrap_or_default(), worse)
}

fn sheet(diff: &Diff) -> String {
    let mut out = format!("# {}\n\n", if diff.worse { "🔴 The later run is worse" } else { "Two runs compared" });
    for (label, side) in [("before", &diff.before), ("after", &diff.after)] {
        out.push_str(&format!("- {label}: **{}** {}\n", markdown(&words::verdict(&side.verdict)), markdown(&side.headline)));
    }
    for (title, changes) in [("New", &diff.findings.new), ("Changed", &diff.findings.changed), ("Gone", &diff.findings.gone)] {
        let items = changes
            .iter()
            .map(|change| format!("- {} ({}, {})\n", markdown(&change.title), markdown(&change.pattern), counts(change.count_before, change.count_after, "×")));
        section(&mut out, title, items.collect(), "");
    }
    for (title, changes) in
        [("New exceptions", &diff.exceptions.new), ("Changed exceptions", &diff.exceptions.changed), ("Gone exceptions", &diff.exceptions.gone)]
    {
        let items = changes.iter().map(|change| {
            format!(
                "- {} {} {}\n",
                markdown_code(simple_class(&change.class)),
                markdown_code(change.frame.as_deref().unwrap_or_default()),
                counts(change.count_before, change.count_after, "×")
            )
        });
        section(&mut out, title, items.collect(), "");
    }
    const HEAD: &str = "| | before | after |\n| --- | --- | --- |\n";
    let figures = |rows: Vec<Row>| {
        rows.into_iter()
            .map(|(label, before, after, worse)| {
                format!("| {label} | {} | {}{} |\n", markdown(&before), markdown(&after), if worse == Some(true) { " ▲" } else { "" })
            })
            .collect()
    };
    for job in &diff.jobs {
        section(&mut out, &format!("Job {}", markdown_code(&job.name)), figures(job_rows(job.before.as_ref(), job.after.as_ref())), HEAD);
    }
    for gc in &diff.gc {
        section(&mut out, &format!("Garbage collection: {}", markdown(&gc.role)), figures(gc_rows(gc.before.as_ref(), gc.after.as_ref())), HEAD);
    }
    for (title, changes) in [("Versions", &diff.versions), ("Configuration", &diff.configuration)] {
        let value = |value: &Option<String>| value.as_deref().map_or_else(|| "not set".to_owned(), markdown_code);
        let items = by_value(changes)
            .into_iter()
            .map(|(roles, change)| format!("| {} {} | {} | {} |\n", markdown(&roles), markdown_code(&change.key), value(&change.before), value(&change.after)));
        section(&mut out, title, items.collect(), HEAD);
    }
    out
}

fn section(out: &mut String, title: &str, items: Vec<String>, head: &str) {
    if items.is_empty() {
        return;
    }
    out.push_str(&format!("\n## {title}\n\n{head}"));
    out.extend(items.iter().take(ROWS).map(String::as_str));
    if items.len() > ROWS {
        out.push_str(&format!("\nand {} more\n", items.len() - ROWS));
    }
}
