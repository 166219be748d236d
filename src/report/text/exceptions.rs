//! Exceptions in groups of equal ones, the most frequent first.

use super::super::escape;
use super::super::figures;
use super::super::model::{Exception, Finding};
use super::super::view::{View, simple_class, simple_frame};
use super::fit;
use super::page::{Ink, Line, Page};

/// Groups in the full report.
const GROUPS: usize = 5;

/// The chapter in the full report: two lines per group.
pub fn summary(page: &mut Page, view: &View) {
    let groups = &view.report.exceptions;
    if groups.is_empty() {
        return;
    }
    let total = groups.len() as u64 + view.report.exceptions_omitted;
    page.heading("EXCEPTIONS", &figures::plural(total, "group"));
    let most = page.few(GROUPS);
    for exception in groups.iter().take(most) {
        head(page, exception);
        place(page, view, exception);
    }
    let hidden = total.saturating_sub(most as u64);
    if hidden > 0 {
        page.push(Line::indent(2).ink(Ink::Dim, format!("and {} (flinklog exceptions)", figures::plural(hidden, "more group"))));
    }
}

/// The chapter alone: every group with its trace.
pub fn all(page: &mut Page, view: &View) {
    if view.report.exceptions.is_empty() {
        page.push(Line::new().put("No exception in what was read."));
        return;
    }
    page.heading("EXCEPTIONS", &figures::plural(view.report.exceptions.len() as u64 + view.report.exceptions_omitted, "group"));
    for exception in &view.report.exceptions {
        page.blank();
        head(page, exception);
        place(page, view, exception);
        // A bug of the user's own has no pattern of its own; the finding that it led to has a name.
        let of_finding = || view.report.findings.iter().find(|f| f.exception.as_deref() == Some(&exception.fingerprint)).map(Finding::slug);
        let pattern = exception.pattern.as_deref().or_else(of_finding).unwrap_or("no pattern knows it");
        page.push(Line::indent(10).ink(Ink::Dim, format!("fingerprint {}, {pattern}", exception.fingerprint)));
        for line in exception.trace.lines() {
            let ours = exception.user_frame.as_deref().is_some_and(|frame| line.contains(frame));
            page.push(Line::indent(4).ink(if ours { Ink::Accent } else { Ink::Plain }, line.replace('\t', "    ")));
        }
    }
    if view.report.exceptions_omitted > 0 {
        page.push(Line::indent(2).ink(Ink::Dim, format!("and {} that the report leaves out", figures::plural(view.report.exceptions_omitted, "group"))));
    }
}

fn head(page: &mut Page, exception: &Exception) {
    let count = format!("{}{}", page.glyphs.times, figures::count(exception.count));
    let line = Line::indent(2).ink(Ink::Bad, format!("{count:>6}")).put("  ");
    let (class, message) =
        if exception.root.class.is_empty() { (&exception.class, &exception.message) } else { (&exception.root.class, &exception.root.message) };
    let class = escape::terminal(simple_class(class)).into_owned();
    let room = page.width.saturating_sub(line.width() + fit::width(&class) + 2);
    let message = fit::cut(&escape::terminal(message), room, page.glyphs.ellipsis);
    let colon = if message.is_empty() { "" } else { ": " };
    page.push(line.ink(Ink::Strong, class).put(colon).put(message));
}

fn place(page: &mut Page, view: &View, exception: &Exception) {
    let frame = exception.user_frame.as_deref().or(exception.root.frame.as_deref());
    let mut line = Line::indent(10);
    if let Some(frame) = frame {
        line = line.put(format!("at {}", fit::elide(&escape::terminal(simple_frame(frame)), page.width.saturating_sub(14), page.glyphs.ellipsis)));
    }
    let times = match (view.clock.short_of(&exception.first), view.clock.short_of(&exception.last)) {
        (Some(first), Some(last)) if first != last => format!("{first} to {last}"),
        (Some(first), _) => first,
        _ => String::new(),
    };
    let place = page.place(view, exception.sample.source, exception.sample.line, page.width.saturating_sub(12 + fit::width(&times)));
    let gap = if times.is_empty() { "" } else { "  " };
    let rest = Line::new().ink(Ink::Dim, times).put(gap).append(place);
    if line.width() > 10 && line.width() + 2 + rest.width() <= page.width {
        page.push(line.put("  ").append(rest));
    } else {
        if line.width() > 10 {
            page.push(line);
        }
        page.push(Line::indent(10).append(rest));
    }
}
