//! The chapters of the markdown report, each a text of its own.

use super::super::escape::{markdown, markdown_block, markdown_code, terminal};
use super::super::figures;
use super::super::model::Finding;
use super::super::text::{outlook, replay};
use super::super::view::{View, chain, fold, message, short_id, simple_class, words};

/// Rows of one table, characters of one cell, characters of one trace.
const ROWS: usize = 60;
const CELL: usize = 160;
const TRACE: usize = 4_000;
/// Missing logs that are named.
const MISSING: usize = 5;

/// The beginning of a text, with an ellipsis where something was cut.
pub fn clipped(text: &str, max: usize) -> String {
    match text.char_indices().nth(max) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

fn code(text: &str) -> String {
    markdown_code(&clipped(&terminal(text), CELL))
}

fn prose(text: &str) -> String {
    markdown(&clipped(text, CELL))
}

fn table(head: &[&str], rows: Vec<Vec<String>>) -> String {
    if rows.is_empty() {
        return String::new();
    }
    let mut out = format!("| {} |\n|{}\n", head.join(" | "), " --- |".repeat(head.len()));
    for row in rows.iter().take(ROWS) {
        out.push_str(&format!("| {} |\n", row.join(" | ")));
    }
    if rows.len() > ROWS {
        out.push_str(&format!("\nand {} more rows\n", figures::count((rows.len() - ROWS) as u64)));
    }
    out
}

pub fn what_happened(view: &View) -> String {
    let summary = &view.report.summary;
    let mut facts: Vec<(&str, String)> = Vec::new();
    if let Some(fault) = &summary.first_fault {
        let time = view.clock.full_of(&fault.time).unwrap_or_default();
        let attempt = fault.attempt.map(|number| format!(" in attempt {number}")).unwrap_or_default();
        let task = fault.task.as_deref().map(|task| format!(", {}", code(task))).unwrap_or_default();
        let tm = fault.task_manager.as_deref().map(|tm| format!(" on {}", code(tm))).unwrap_or_default();
        facts.push(("first fault", format!("{time}{attempt}{task}{tm}, {}", code(&view.place(fault.source, fault.line)))));
    }
    if let Some(healthy) = &summary.last_healthy {
        let number = healthy.checkpoint.map(|id| format!(", checkpoint {id}")).unwrap_or_default();
        facts.push(("last healthy", format!("{}{number}", view.clock.full_of(&healthy.time).unwrap_or_default())));
    }
    facts.extend(summary.certainty.as_deref().map(|certainty| ("certainty", prose(certainty))));
    facts.extend(summary.still_failing.map(|failing| ("still failing", if failing { "yes, when the log ends" } else { "no" }.to_owned())));
    facts.extend(summary.missing.iter().take(MISSING).map(|missing| {
        let subject =
            missing.subject.as_deref().filter(|subject| !missing.text.contains(subject)).map(|subject| format!(" ({})", code(subject))).unwrap_or_default();
        ("missing", format!("{}{subject}", prose(&missing.text)))
    }));
    facts.extend(summary.missing.len().checked_sub(MISSING).filter(|more| *more > 0).map(|more| ("missing", format!("and {more} more"))));
    let mut out: String = facts.iter().map(|(label, value)| format!("- **{label}:** {value}\n")).collect();
    let mut told = std::collections::BTreeSet::new();
    for root in view.root_causes().into_iter().take(3) {
        out.push('\n');
        for step in chain(view.report, root).iter().take(6) {
            if told.insert(step.finding.id.clone()) {
                out.push_str(&link(view, step.finding, step.depth));
            }
        }
    }
    let rest: Vec<&Finding> = view.report.findings.iter().filter(|finding| !told.contains(&finding.id)).collect();
    if !rest.is_empty() {
        out.push_str(if told.is_empty() { "\n" } else { "\nBesides:\n\n" });
        out.extend(rest.iter().take(10).map(|finding| link(view, finding, 0)));
    }
    out
}

/// One finding as list item with its quoted line.
fn link(view: &View, finding: &Finding, depth: usize) -> String {
    let indent = "  ".repeat(depth.min(5));
    let time = view.clock.full_of(&finding.first).map(|time| format!("{time} ")).unwrap_or_default();
    let role = if finding.role == "root-cause" { "**Root cause:** " } else { "" };
    let count = if finding.count > 1 { format!(" ×{}", figures::count(finding.count)) } else { String::new() };
    let certainty = if finding.certainty == "confirmed" { String::new() } else { format!(" _({})_", prose(&finding.certainty)) };
    let mut out = format!("{indent}- {time}{role}{}{count}{certainty}\n", prose(&finding.title));
    if !role.is_empty() && !finding.explanation.is_empty() {
        out.push_str(&format!("{indent}  {}\n", markdown(&clipped(&finding.explanation, 600))));
    }
    if let Some(evidence) = finding.evidence.first() {
        let place = code(&view.place(evidence.source, evidence.line.unwrap_or(0)));
        let quoted = code(message(evidence.text.trim()));
        out.push_str(&format!("{indent}  {place}: {quoted}\n"));
    }
    out
}

pub fn what_to_do(view: &View) -> String {
    let mut causes = view.root_causes();
    if causes.is_empty() {
        causes = view.report.findings.iter().collect();
    }
    causes.retain(|finding| !finding.remedy.is_empty());
    let mut out = String::new();
    for finding in causes.iter().take(4) {
        if causes.len() > 1 {
            out.push_str(&format!("**{}**\n\n", prose(&finding.title)));
        }
        for remedy in finding.remedy.iter().take(6) {
            // Every second part stands between backticks: Flink's own keys.
            let parts = remedy.split('`').enumerate().map(|(at, part)| if at % 2 == 1 { code(part) } else { markdown(part) });
            out.push_str(&format!("- {}\n", parts.collect::<String>()));
        }
        out.push_str(&format!("\n{}\n\n", outlook(finding)));
    }
    if let Some(text) = replay(view) {
        out.push_str(&format!("{text}\n"));
    }
    out
}

pub fn attempts(view: &View) -> String {
    let mut out = String::new();
    for job in view.report.jobs.iter().take(10) {
        let name = code(job.name.as_deref().unwrap_or(short_id(&job.id)));
        let strategy = job.strategy.as_deref().map(|strategy| format!(", {}", prose(strategy))).unwrap_or_default();
        let runs = figures::plural(job.attempts.len() as u64 + job.attempts_omitted, "attempt");
        out.push_str(&format!("{name} is **{}**: {runs}, {}{strategy}\n\n", prose(&job.state), figures::plural(job.restarts, "restart")));
        let rows = fold(&job.attempts);
        let rows = rows.iter().map(|row| {
            let last = row.last();
            let every = match (row.all.len(), row.every_ms) {
                (1, _) => String::new(),
                (n, Some(ms)) => format!("×{n}, every {}: ", figures::duration(ms)),
                (n, None) => format!("×{n}: "),
            };
            let failure = last.failure.clone().unwrap_or_default();
            let exception = failure.exception.as_deref().and_then(|id| view.exception(id));
            let why = match exception {
                Some(exception) => code(simple_class(&exception.root.class)),
                None => failure.finding.as_deref().and_then(|id| view.finding(id)).map(|finding| prose(&finding.title)).unwrap_or_default(),
            };
            let task = failure.task.as_deref().map(|task| format!(" in {}", code(task))).unwrap_or_default();
            vec![
                row.numbers("–"),
                view.clock.full_of(&row.first().start).unwrap_or_default(),
                row.ran_ms.map(figures::duration).unwrap_or_default(),
                prose(&last.outcome),
                format!("{every}{why}{task}"),
            ]
        });
        out.push_str(&table(&["#", "start", "ran", "end", "why"], rows.collect()));
        out.push('\n');
    }
    let more = view.report.jobs.len().saturating_sub(10) as u64 + view.report.jobs_omitted;
    if more > 0 {
        out.push_str(&format!("and {}\n", figures::plural(more, "more job")));
    }
    out
}

pub fn checkpoints(view: &View, failures: bool) -> String {
    let rows = view.report.jobs.iter().filter(|job| job.checkpoints.triggered + job.checkpoints.completed + job.checkpoints.failed > 0).map(|job| {
        let c = &job.checkpoints;
        let last = c.last_completed.as_ref().map(|last| format!("{} at {}", last.id, view.clock.short_of(&last.time).unwrap_or_default()));
        let duration = c.duration_ms.as_ref().map(|d| format!("{} / {} / {}", figures::duration(d.p50), figures::duration(d.p95), figures::duration(d.max)));
        let mut reasons: Vec<(&String, &u64)> = c.failed_by_reason.iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
        let reasons: Vec<String> =
            reasons.iter().take(4).map(|(reason, count)| format!("{} {}", figures::count(**count), prose(words::checkpoint_reason(reason)))).collect();
        vec![
            code(job.name.as_deref().unwrap_or(short_id(&job.id))),
            figures::count(c.completed),
            figures::count(c.failed),
            last.unwrap_or_default(),
            duration.unwrap_or_default(),
            c.size_bytes.as_ref().map(|s| figures::bytes(s.max)).unwrap_or_default(),
            reasons.join(", "),
        ]
    });
    let mut out = table(&["job", "completed", "failed", "last", "duration 50 % / 95 % / longest", "largest", "why they failed"], rows.collect());
    if failures {
        let all = view.report.jobs.iter().flat_map(|job| &job.checkpoints.failures);
        let rows = all.map(|failure| {
            vec![
                failure.id.map(|id| id.to_string()).unwrap_or_default(),
                view.clock.full_of(&failure.time).unwrap_or_default(),
                prose(words::checkpoint_reason(&failure.reason)),
                code(&failure.message),
                code(&view.place(failure.source, failure.line)),
            ]
        });
        out.push('\n');
        out.push_str(&table(&["id", "time", "why", "message", "place"], rows.collect()));
    }
    out
}

pub fn gc(view: &View) -> String {
    let rows = view.report.gc.iter().filter_map(|gc| {
        let pauses = gc.pauses.as_ref()?;
        Some(vec![
            code(&view.name(gc.source)),
            prose(words::collector(&gc.collector)),
            figures::count(pauses.count),
            figures::duration_f(pauses.p99_ms),
            figures::duration_f(pauses.max_ms),
            gc.full_gcs.map(figures::count).unwrap_or_default(),
            gc.throughput.map(figures::percent).unwrap_or_default(),
            gc.notes.iter().map(|note| prose(note)).collect::<Vec<_>>().join("; "),
        ])
    });
    table(&["log", "collector", "pauses", "99 %", "longest", "full", "time outside pauses", "remarks"], rows.collect())
}

pub fn jvm(view: &View) -> String {
    let mut out = String::new();
    for jvm in &view.report.jvm {
        let place = |line: u64| code(&view.place(jvm.source, line));
        for crash in &jvm.crashes {
            let frame = crash.problematic_frame.as_ref().map(|frame| format!(" in {}", code(frame))).unwrap_or_default();
            let signal = crash.signal.as_deref().unwrap_or("no memory");
            out.push_str(&format!("- crash: {}{frame}: {} {}\n", code(signal), prose(&crash.meaning), place(crash.line)));
        }
        for lines in &jvm.out_of_memory {
            out.push_str(&format!("- out of memory ×{}: {} {}\n", figures::count(lines.count), code(&lines.detail), place(lines.line)));
        }
        for dump in &jvm.heap_dumps {
            out.push_str(&format!("- heap dump: {} {}\n", code(dump.path.as_deref().unwrap_or("unnamed")), place(dump.line)));
        }
        for dump in &jvm.thread_dumps {
            let deadlocks: Vec<String> =
                dump.deadlocks.iter().map(|deadlock| deadlock.threads.iter().map(|name| code(name)).collect::<Vec<_>>().join(", ")).collect();
            let deadlocks = if deadlocks.is_empty() { String::new() } else { format!("; deadlock of {}", deadlocks.join("; ")) };
            out.push_str(&format!(
                "- thread dump: {}, {} blocked{deadlocks} {}\n",
                figures::plural(dump.threads, "thread"),
                figures::count(dump.blocked),
                place(dump.line)
            ));
        }
    }
    out
}

pub fn task_managers(view: &View) -> String {
    let rows = view.report.task_managers.iter().flat_map(|tm| {
        tm.lives.iter().map(|life| {
            vec![
                code(&tm.id),
                code(tm.host.as_deref().unwrap_or_default()),
                view.clock.full_of(&life.registered).unwrap_or_default(),
                view.clock.full_of(&life.lost).unwrap_or_default(),
                prose(life.loss.as_deref().map_or("there at the end", words::loss)),
                life.exit_code.map(|code| code.to_string()).unwrap_or_default(),
            ]
        })
    });
    table(&["id", "host", "registered", "gone", "how", "exit code"], rows.collect())
}

pub fn exceptions(view: &View, groups: usize) -> String {
    let mut out = String::new();
    for exception in view.report.exceptions.iter().take(groups) {
        let root = if exception.root.class.is_empty() { (&exception.class, &exception.message) } else { (&exception.root.class, &exception.root.message) };
        let place = view.place(exception.sample.source, exception.sample.line);
        out.push_str(&format!("- ×{} {}: {}", figures::count(exception.count), code(simple_class(root.0)), code(root.1)));
        out.push_str(&format!(" {}\n", code(exception.user_frame.as_deref().or(exception.root.frame.as_deref()).unwrap_or_default())));
        out.push_str(&format!("  first {}, sample {}\n", view.clock.full_of(&exception.first).unwrap_or_else(|| "at no known time".to_owned()), code(&place)));
        if !exception.trace.is_empty() {
            out.push_str(&format!(
                "\n<details><summary>Trace {}</summary>\n\n{}\n</details>\n\n",
                markdown(&exception.fingerprint),
                markdown_block(&clipped(&exception.trace, TRACE))
            ));
        }
    }
    let hidden = view.report.exceptions.len().saturating_sub(groups) as u64 + view.report.exceptions_omitted;
    if hidden > 0 {
        out.push_str(&format!("\nand {}\n", figures::plural(hidden, "more group")));
    }
    out
}

/// Rows while they fit into half of the page's bound.
pub fn timeline(view: &View, max: usize) -> String {
    let mut out = String::from("| time | event | count | attempt | text | place |\n| --- | --- | --- | --- | --- | --- |\n");
    for (at, row) in view.report.timeline.iter().enumerate() {
        let place = code(&view.place(row.source, row.line));
        let attempt = row.attempt.map(|number| number.to_string()).unwrap_or_default();
        let line = format!(
            "| {} | {} | {} | {attempt} | {} | {place} |\n",
            view.clock.full_of(&row.first).unwrap_or_default(),
            prose(&row.kind),
            row.count,
            code(&row.text)
        );
        if out.len() + line.len() > max / 2 {
            out.push_str(&format!("\nand {}\n", figures::plural((view.report.timeline.len() - at) as u64, "more row")));
            break;
        }
        out.push_str(&line);
    }
    out
}

pub fn coverage(view: &View, all: bool) -> String {
    let c = &view.report.coverage;
    let mut out = format!("{}, {}, {}", figures::plural(c.sources, "log"), figures::bytes(c.bytes), figures::plural(c.lines, "line"));
    out.push_str(&format!(
        "; {} not understood, {} not read to the end, {} harmless, {} that no pattern knows\n",
        figures::plural(c.unparsed_lines, "line"),
        figures::plural(c.incomplete, "log"),
        figures::count(c.benign),
        figures::count(c.unclassified)
    ));
    for warning in view.report.warnings.iter().take(10) {
        let place = warning.source.map(|source| format!("{}: ", code(&view.place(source, warning.line.unwrap_or(0))))).unwrap_or_default();
        out.push_str(&format!("- {place}{}\n", prose(&warning.message)));
    }
    if all {
        let rows = view.report.benign.iter().map(|b| vec![figures::count(b.count), code(&b.pattern), code(&view.place(b.sample.source, b.sample.line))]);
        out.push('\n');
        out.push_str(&table(&["count", "harmless", "first seen at"], rows.collect()));
        let rows = view
            .report
            .unclassified
            .iter()
            .map(|u| vec![figures::count(u.count), prose(&u.level), code(&u.template), code(&view.place(u.sample.source, u.sample.line))]);
        out.push('\n');
        out.push_str(&table(&["count", "level", "no pattern knows", "first seen at"], rows.collect()));
    }
    out
}
