//! What was read and what was not: the limits of the report.

use super::super::figures;
use super::super::model::Source;
use super::super::view::View;
use super::page::{Ink, Line, Page};
use super::table::{Cell, Column, Table};

const WARNINGS: usize = 5;
const INCOMPLETE: usize = 3;

pub fn coverage(page: &mut Page, view: &View) {
    page.heading("WHAT WAS READ", "");
    page.wrapped(Line::indent(2), Ink::Plain, &read(view), 3);
    let warned = |source: &Source| view.report.warnings.iter().take(WARNINGS).any(|warning| warning.source == Some(source.id));
    for source in view.report.sources.iter().filter(|source| !source.complete && !warned(source)).take(INCOMPLETE) {
        let last = view.clock.full_of(&source.last_time).map(|time| format!(" (last record {time})")).unwrap_or_default();
        page.wrapped(
            Line::indent(2).ink(Ink::Warn, page.glyphs.bullet).put(" "),
            Ink::Plain,
            &format!("{} ends early{last}", page.brief(view, &view.name(source.id))),
            2,
        );
    }
    warnings(page, view);
    hidden(page, view);
    if page.options.all {
        everything(page, view);
    }
}

/// One line, and a second where something was not read.
pub fn healthy(page: &mut Page, view: &View) {
    page.wrapped(Line::new().ink(Ink::Dim, "read").pad_to(13), Ink::Plain, &read(view), 2);
    let coverage = &view.report.coverage;
    if coverage.benign + coverage.unclassified > 0 && !page.options.all {
        page.push(Line::new().ink(Ink::Dim, "hidden").pad_to(13).put(hidden_in_words(view)));
    }
    if let Some(warning) = view.report.warnings.first() {
        let more = view.report.warnings.len() as u64 - 1 + view.report.warnings_omitted;
        let more = if more > 0 { format!(" (and {more} more)") } else { String::new() };
        page.wrapped(Line::new().ink(Ink::Warn, "warning").pad_to(13), Ink::Plain, &format!("{}{more}", warning.message), 1);
    }
    if page.options.all {
        everything(page, view);
    }
}

/// `6 files, 9.7 MiB, 70,952 lines; 37 lines did not parse …`.
fn read(view: &View) -> String {
    let coverage = &view.report.coverage;
    let mut text = format!("{}, {}, {}", figures::plural(coverage.sources, "log"), figures::bytes(coverage.bytes), figures::plural(coverage.lines, "line"));
    let mut short = Vec::new();
    if coverage.unparsed_lines > 0 {
        let share = coverage.unparsed_lines as f64 / coverage.lines.max(1) as f64;
        short.push(format!("{} ({}) not understood", figures::plural(coverage.unparsed_lines, "line"), figures::percent(share)));
    }
    if coverage.capped_lines > 0 {
        short.push(format!("{} too long and cut", figures::plural(coverage.capped_lines, "line")));
    }
    if coverage.incomplete > 0 {
        short.push(format!("{} not read to the end", figures::plural(coverage.incomplete, "log")));
    }
    if coverage.skipped > 0 {
        short.push(format!("{} without a log skipped", figures::plural(coverage.skipped, "file")));
    }
    if short.is_empty() {
        text.push_str(", all understood");
    } else {
        text.push_str("; ");
        text.push_str(&short.join(", "));
    }
    let zones: std::collections::BTreeSet<&str> =
        view.report.sources.iter().filter(|source| source.first_time.is_some()).map(|source| source.time_zone.offset.as_str()).collect();
    if zones.len() > 1 {
        text.push_str(&format!("; clocks of {} zones, all shown on one", zones.len()));
    }
    text
}

fn warnings(page: &mut Page, view: &View) {
    let warnings = &view.report.warnings;
    let shown = if page.options.all { warnings.len() } else { WARNINGS.min(warnings.len()) };
    for warning in &warnings[..shown] {
        let message = warning.message.strip_prefix(view.folder).unwrap_or(&warning.message);
        // Most say where they belong themselves.
        let message = match (warning.source, warning.line) {
            (Some(source), line) if !warning.message.contains(view.path(source)) => format!("{}: {message}", view.place(source, line.unwrap_or(0))),
            (Some(_), Some(line)) => format!("{message} (line {line})"),
            _ => message.to_owned(),
        };
        page.wrapped(Line::indent(2).ink(Ink::Warn, page.glyphs.bullet).put(" "), Ink::Plain, &page.brief(view, &message), 2);
    }
    let more = (warnings.len() - shown) as u64 + view.report.warnings_omitted;
    if more > 0 {
        page.push(Line::indent(4).ink(Ink::Dim, format!("and {}", figures::plural(more, "more warning"))));
    }
}

fn hidden(page: &mut Page, view: &View) {
    let coverage = &view.report.coverage;
    if coverage.benign + coverage.unclassified > 0 && !page.options.all {
        page.wrapped(Line::indent(2), Ink::Dim, &hidden_in_words(view), 2);
    }
}

fn hidden_in_words(view: &View) -> String {
    let coverage = &view.report.coverage;
    let benign = (coverage.benign > 0).then(|| figures::plural(coverage.benign, "harmless line"));
    let unknown = (coverage.unclassified > 0).then(|| format!("{} that no pattern knows", figures::plural(coverage.unclassified, "warning")));
    format!("{} (--all shows them)", benign.into_iter().chain(unknown).collect::<Vec<_>>().join(", "))
}

/// Benign and unclassified lines, and every source.
fn everything(page: &mut Page, view: &View) {
    let report = view.report;
    if !report.benign.is_empty() {
        page.heading("HARMLESS LINES", "");
        let mut table = Table::new(vec![Column::right("count"), Column::yielding("pattern", 16), Column::yielding("first seen at", 16)]);
        for benign in &report.benign {
            table.row(vec![
                Cell::new(figures::count(benign.count)),
                Cell::new(&benign.pattern),
                Cell::linked(
                    page.brief(view, &view.place(benign.sample.source, benign.sample.line)),
                    page.target(view, benign.sample.source, benign.sample.line),
                ),
            ]);
        }
        table.draw(page);
    }
    if !report.unclassified.is_empty() {
        page.heading("WARNINGS THAT NO PATTERN KNOWS", "");
        let mut table = Table::new(vec![Column::right("count"), Column::left("level"), Column::yielding("text", 20), Column::yielding("first seen at", 16)]);
        for row in &report.unclassified {
            table.row(vec![
                Cell::new(figures::count(row.count)),
                Cell::new(&row.level),
                Cell::new(&row.template),
                Cell::linked(page.brief(view, &view.place(row.sample.source, row.sample.line)), page.target(view, row.sample.source, row.sample.line)),
            ]);
        }
        table.draw(page);
        if report.unclassified_omitted > 0 {
            page.push(Line::indent(2).ink(Ink::Dim, format!("and {}", figures::plural(report.unclassified_omitted, "more template"))));
        }
    }
    page.heading("SOURCES", "");
    let mut table = Table::new(vec![
        Column::yielding("path", 20),
        Column::left("role"),
        Column::left("layout"),
        Column::right("lines"),
        Column::left("from"),
        Column::left("to"),
    ]);
    for source in &report.sources {
        table.row(source_row(page, view, source));
    }
    table.draw(page);
}

fn source_row(page: &Page, view: &View, source: &Source) -> Vec<Cell> {
    vec![
        Cell::linked(page.brief(view, &view.name(source.id)), page.target(view, source.id, 1)),
        Cell::new(&source.role),
        Cell::new(source.layout.as_deref().unwrap_or("none")),
        Cell::new(figures::count(source.lines)),
        Cell::new(view.clock.short_of(&source.first_time).unwrap_or_default()),
        Cell::new(view.clock.short_of(&source.last_time).unwrap_or_default()),
    ]
}
