//! What happened: first fault, last good checkpoint, the way from cause to effect with its evidence, how sure that is.

use std::collections::BTreeSet;

use super::super::escape;
use super::super::figures;
use super::super::model::{Evidence, Finding};
use super::super::time::parse;
use super::super::view::{self, View, chain, words};
use super::fit;
use super::page::{Ink, Line, Page};

/// Chains that are shown step by step; further root causes get one line.
const CHAINS: usize = 2;
/// Steps of one chain.
const STEPS: usize = 5;
/// Findings outside of the chains.
const OTHERS: usize = 5;
/// Column where facts begin.
const FACTS: usize = 19;
/// What the logs lack.
const MISSING: usize = 3;

pub fn what_happened(page: &mut Page, view: &View) {
    if view.report.findings.is_empty() && view.report.summary.missing.is_empty() {
        return;
    }
    page.heading("WHAT HAPPENED", "");
    facts(page, view);
    let mut shown = BTreeSet::new();
    let roots = view.root_causes();
    for root in roots.iter().take(CHAINS).copied() {
        if shown.contains(root.id.as_str()) {
            continue;
        }
        page.blank();
        let steps = chain(view.report, root);
        for step in steps.iter().filter(|step| !shown.contains(step.finding.id.as_str())).take(STEPS) {
            // The first root cause is worth a second line.
            let lines = if shown.is_empty() && step.depth == 0 { 2 } else { 1 };
            link(page, view, step.finding, step.depth, lines);
        }
        if steps.len() > STEPS {
            page.push(Line::indent(2).ink(Ink::Dim, format!("and {}", figures::plural((steps.len() - STEPS) as u64, "further effect"))));
        }
        shown.extend(steps.iter().map(|step| step.finding.id.as_str()));
    }
    let others: Vec<&Finding> =
        view.report.findings.iter().filter(|finding| !shown.contains(finding.id.as_str()) && (finding.severity != "info" || page.options.all)).collect();
    if !others.is_empty() {
        page.blank();
        page.push(Line::indent(2).ink(Ink::Dim, if shown.is_empty() { "seen, without a known cause" } else { "besides" }));
        let most = if page.options.all { usize::MAX } else { page.few(OTHERS).max(2) };
        for finding in others.iter().take(most) {
            remark(page, view, finding);
        }
        if others.len() > most {
            page.push(Line::indent(4).ink(Ink::Dim, format!("and {} more (--all)", others.len() - most)));
        }
    }
}

/// One line per remark of a healthy report, at most two.
pub fn remarks(page: &mut Page, view: &View) {
    let count = if page.options.all { usize::MAX } else { 2 };
    for finding in view.report.findings.iter().take(count) {
        remark(page, view, finding);
    }
}

fn facts(page: &mut Page, view: &View) {
    let summary = &view.report.summary;
    if let Some(fault) = &summary.first_fault {
        let mut parts = Vec::new();
        parts.extend(fault.time.as_deref().and_then(parse).map(|ms| format!("{}.{:03}", view.clock.full(ms), ms.rem_euclid(1000))));
        parts.extend(fault.attempt.map(|number| format!("in attempt {number}")));
        parts.extend(fault.job.as_deref().filter(|_| view.report.jobs.len() > 1).map(|job| format!("of {}", view.job_name(job))));
        let mut lines: Vec<Line> = Vec::new();
        lines.extend((!parts.is_empty()).then(|| Line::new().put(parts.join(" "))));
        lines.extend(fault.task.as_ref().map(|task| cut(page, view, task)));
        lines.extend(fault.task_manager.as_ref().map(|id| Line::new().put("on ").append(cut(page, view, id))));
        lines.push(page.place(view, fault.source, fault.line, page.width.saturating_sub(FACTS)));
        for (at, line) in lines.into_iter().enumerate() {
            fact(page, if at == 0 { "first fault" } else { "" }, line);
        }
    }
    if let Some(healthy) = &summary.last_healthy {
        let time = view.clock.full_of(&healthy.time);
        let number = healthy.checkpoint.map(|id| format!("checkpoint {id}"));
        let parts: Vec<String> = [time, number].into_iter().flatten().collect();
        fact(page, "last healthy", Line::new().put(parts.join("  ")));
    }
    let mut sure = Line::new();
    if let Some(certainty) = &summary.certainty {
        sure = sure.ink(if certainty == "confirmed" { Ink::Good } else { Ink::Warn }, certainty);
    }
    if let Some(failing) = summary.still_failing {
        let gap = if sure.width() > 0 { "; " } else { "" };
        let (ink, text) = if failing { (Ink::Bad, "still failing when the log ends") } else { (Ink::Good, "not failing any more when the log ends") };
        sure = sure.put(gap).ink(ink, text);
    }
    if sure.width() > 0 {
        fact(page, "certainty", sure);
    }
    let shown = page.few(MISSING);
    for (at, missing) in summary.missing.iter().take(shown).enumerate() {
        let text = match missing.subject.as_ref().filter(|subject| !missing.text.contains(subject.as_str())) {
            Some(subject) => format!("{} ({subject})", missing.text),
            None => missing.text.clone(),
        };
        let label = if at == 0 { "missing" } else { "" };
        page.wrapped(Line::indent(2).ink(Ink::Dim, label).pad_to(FACTS), Ink::Plain, &text, 3);
    }
    if let Some(more) = summary.missing.len().checked_sub(shown).filter(|more| *more > 0) {
        page.push(Line::indent(FACTS).ink(Ink::Dim, format!("and {more} more (-f json)")));
    }
}

fn fact(page: &mut Page, label: &str, value: Line) {
    page.push(Line::indent(2).ink(Ink::Dim, label).pad_to(FACTS).append(value));
}

fn cut(page: &Page, view: &View, text: &str) -> Line {
    let room = page.width.saturating_sub(FACTS + 3);
    Line::new().put(fit::elide(&page.brief(view, text), room, page.glyphs.ellipsis))
}

/// A link of the chain: when and what, then the quoted line and where it stands.
fn link(page: &mut Page, view: &View, finding: &Finding, depth: usize, lines: usize) {
    let time = finding.first.as_deref().and_then(parse).map(|ms| view.clock.precise(ms)).unwrap_or_default();
    let mut line = Line::indent(2).ink(Ink::Dim, &time);
    line = line.pad_to(2 + fit::width(&time) + usize::from(!time.is_empty()) * 2);
    if depth > 0 {
        line = line.put(" ".repeat((depth.min(5) - 1) * 2)).ink(Ink::Dim, page.glyphs.step);
    }
    let column = line.width();
    let label = if finding.role == "root-cause" { "ROOT CAUSE  " } else { "" };
    let mut after = Line::new();
    if finding.count > 1 {
        after = after.ink(Ink::Dim, format!("  {}{}", page.glyphs.times, figures::count(finding.count)));
    }
    if finding.certainty != "confirmed" && !finding.certainty.is_empty() {
        after = after.ink(Ink::Warn, format!("  {}", finding.certainty));
    }
    let line = line.ink(Ink::of_severity(&finding.severity), label);
    let ink = if depth == 0 { Ink::Strong } else { Ink::Plain };
    titled(page, line, ink, &finding.title, after);
    if depth == 0 && !finding.explanation.is_empty() {
        page.wrapped(Line::indent(column), Ink::Plain, &finding.explanation, 3);
    }
    if let Some(evidence) = finding.evidence.first() {
        quote(page, view, evidence, column, lines);
    }
}

/// A title with its remarks; what does not fit goes on in a second line.
fn titled(page: &mut Page, first: Line, ink: Ink, title: &str, after: Line) {
    let column = first.width();
    let room = page.width.saturating_sub(column + after.width());
    let lines = fit::wrap(&escape::terminal(title), room, 2, page.glyphs.ellipsis);
    let mut start = first;
    for (at, piece) in lines.iter().enumerate() {
        let line = std::mem::replace(&mut start, Line::indent(column)).ink(ink, piece);
        page.push(if at + 1 == lines.len() { line.append(after.clone()) } else { line });
    }
}

/// The quoted line; its place before it where both fit on one line, else above it, and the text in up to `lines` lines.
fn quote(page: &mut Page, view: &View, evidence: &Evidence, column: usize, lines: usize) {
    let room = page.width.saturating_sub(column);
    let text = match &evidence.searched {
        Some(searched) => {
            let time = |time: &Option<String>| view.clock.short_of(time).unwrap_or_else(|| "?".to_owned());
            format!("from {} to {}: {}", time(&searched.from), time(&searched.to), evidence.text)
        }
        None => view::message(evidence.text.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default()).to_owned(),
    };
    let text = short_ids(&page.brief(view, &text), page.glyphs.ellipsis);
    let place = page.place(view, evidence.source, evidence.line.unwrap_or(0), room);
    let beside = room.saturating_sub(place.width() + 2);
    if beside >= fit::width(&text) || lines == 1 && beside >= 36 {
        let quoted = fit::cut(&text, beside, page.glyphs.ellipsis);
        page.push(Line::indent(column).append(place).put("  ").ink(Ink::Dim, quoted));
    } else {
        page.push(Line::indent(column).append(place));
        page.wrapped(Line::indent(column), Ink::Dim, &text, lines);
    }
}

/// `text` without the ids of executions, and with those of jobs (32 digits) cut to their first eight: they fill the line and nobody reads them there.
fn short_ids(text: &str, ellipsis: &str) -> String {
    let is_id = |c: char| matches!(c, '0'..='9' | 'a'..='f' | '_');
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_id) {
        let length = rest[start..].find(|c| !is_id(c)).unwrap_or(rest.len() - start);
        let (front, id) = (&rest[..start], &rest[start..start + length]);
        let word = front.ends_with(|c: char| c.is_ascii_alphanumeric());
        let execution = id.contains('_') && front.ends_with(" (") && rest[start + length..].starts_with(')');
        if length >= 32 && execution {
            out.push_str(&front[..front.len() - 2]);
            rest = &rest[start + length + 1..];
            continue;
        }
        out.push_str(front);
        match id.get(..8).filter(|_| length >= 32 && !word) {
            Some(short) => out.extend([short, ellipsis]),
            None => out.push_str(id),
        }
        rest = &rest[start + length..];
    }
    out + rest
}

/// One finding in one line.
fn remark(page: &mut Page, view: &View, finding: &Finding) {
    let mut line = Line::indent(4).ink(Ink::of_severity(&finding.severity), page.glyphs.bullet).put(" ");
    let mut after = Line::new();
    if finding.count > 1 {
        after = after.ink(Ink::Dim, format!("  {}{}", page.glyphs.times, figures::count(finding.count)));
    }
    let role = match finding.role.as_str() {
        "root-cause" | "contributing" | "sustainer" => words::role(&finding.role),
        _ => "",
    };
    for word in [role, finding.certainty.as_str()].into_iter().filter(|word| !word.is_empty() && *word != "confirmed") {
        after = after.ink(Ink::Warn, format!("  {word}"));
    }
    let place = finding.evidence.first().map(|evidence| page.place(view, evidence.source, evidence.line.unwrap_or(0), page.width.saturating_sub(6)));
    let title = escape::terminal(&finding.title);
    let room = page.width.saturating_sub(line.width() + after.width());
    let beside = place.as_ref().is_some_and(|place| fit::width(&title) + place.width() + 2 <= room);
    line = line.put(fit::elide(&title, room, page.glyphs.ellipsis)).append(after);
    match place {
        Some(place) if beside => page.push(line.put("  ").append(place)),
        Some(place) => {
            page.push(line);
            page.push(Line::indent(6).append(place));
        }
        None => page.push(line),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn long_ids_are_left_out_or_cut() {
        let text = "Job 94b51fddf21fa15850ea3210693b041a of a (d9a6542fbdcd14b2bccfd9c4507ff731_bc41_1_0) at 2026-11-21";
        assert_eq!(super::short_ids(text, "…"), "Job 94b51fdd… of a at 2026-11-21");
    }
}
