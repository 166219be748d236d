//! The time line in full: one row per event, equal neighbours already folded by the report.

use super::super::escape;
use super::super::figures;
use super::super::model::TimelineRow;
use super::super::time::parse;
use super::super::view::View;
use super::fit;
use super::page::{Ink, Line, Page};

pub fn all(page: &mut Page, view: &View) {
    if view.report.timeline.is_empty() {
        page.push(Line::new().put("No event in what was read."));
        return;
    }
    page.push(Line::new().ink(Ink::Dim, format!("Times are {}.", view.clock.zone())));
    let times = view.report.timeline.iter().map(|row| fit::width(&time(view, row))).max().unwrap_or(0);
    let kinds = view.report.timeline.iter().map(|row| fit::width(&escape::terminal(&row.kind))).max().unwrap_or(0).min(22);
    let places = (page.width / 4).min(48);
    let several = view.report.jobs.len() > 1;
    let mut day = None;
    for row in &view.report.timeline {
        let today = row.first.as_deref().and_then(parse).map(|ms| view.clock.day(ms));
        if today.is_some() && today != day {
            if let Some(today) = &today {
                page.push(Line::new().ink(Ink::Strong, today));
            }
            day = today;
        }
        let mut line = Line::new().ink(Ink::Dim, time(view, row)).pad_to(times + 2);
        line = line.ink(ink(&row.kind), fit::cut(&escape::terminal(&row.kind), kinds, page.glyphs.ellipsis)).pad_to(times + 2 + kinds + 2);
        if row.count > 1 {
            line = line.ink(Ink::Dim, format!("{}{} ", page.glyphs.times, figures::count(row.count)));
        }
        if let Some(number) = row.attempt {
            line = line.ink(Ink::Dim, format!("#{number} "));
        }
        if let Some(job) = row.job.as_deref().filter(|_| several) {
            line = line.ink(Ink::Dim, format!("{} ", fit::elide(&escape::terminal(view.job_name(job)), 16, page.glyphs.ellipsis)));
        }
        let place = page.place(view, row.source, row.line, places);
        let room = page.width.saturating_sub(line.width() + place.width() + 2);
        let text = fit::elide(&escape::terminal(&row.text), room, page.glyphs.ellipsis);
        page.push(line.put(text).pad_to(page.width - place.width()).append(place));
    }
    if view.report.timeline_omitted > 0 {
        page.push(
            Line::new().ink(Ink::Dim, format!("and {} that the report leaves out (flinklog events)", figures::plural(view.report.timeline_omitted, "row"))),
        );
    }
}

fn time(view: &View, row: &TimelineRow) -> String {
    row.first.as_deref().and_then(parse).map(|ms| format!("{}.{:03}", &view.clock.full(ms)[11..], ms.rem_euclid(1000))).unwrap_or_default()
}

/// Colour by what the kind of event says about the job's health.
fn ink(kind: &str) -> Ink {
    match kind {
        "exception" => Ink::Bad,
        _ => match kind.rsplit('.').next().unwrap_or(kind) {
            "failed" | "lost" | "exited" | "aborted" | "declined" | "expired" => Ink::Bad,
            "completed" | "registered" | "running" => Ink::Good,
            "scheduled" | "pause" | "change" => Ink::Warn,
            _ => Ink::Accent,
        },
    }
}
