//! Garbage collection, one row per log.

use super::super::figures;
use super::super::model::Gc;
use super::super::view::{View, words};
use super::page::{Ink, Line, Page};
use super::table::{Cell, Column, Table};
use super::{bar, gc_detail};

/// Logs in the full report, and remarks below the table.
const LOGS: usize = 6;
const NOTES: usize = 3;

/// A pause that the default heartbeat time-out (50 s) or a checkpoint notices is far longer; from here on users do.
const LONG_PAUSE_MS: f64 = 1_000.0;

/// The chapter in the full report.
pub fn summary(page: &mut Page, view: &View) {
    let mut logs: Vec<&Gc> = view.report.gc.iter().filter(|gc| gc.pauses.is_some()).collect();
    if logs.is_empty() {
        return;
    }
    logs.sort_by(|a, b| longest(b).total_cmp(&longest(a)));
    let blind = view.report.gc.len() - logs.len();
    let remark = if blind > 0 { format!("{} without pauses to see", figures::plural(blind as u64, "log")) } else { String::new() };
    page.heading("GARBAGE COLLECTION", &remark);
    let most = page.few(LOGS);
    let hidden = logs.len().saturating_sub(most);
    logs.truncate(most);
    table(page, view, &logs);
    if hidden > 0 {
        page.push(Line::indent(2).ink(Ink::Dim, format!("and {} with shorter pauses (flinklog gc)", figures::plural(hidden as u64, "log"))));
    }
    for (gc, note) in logs.iter().flat_map(|gc| gc.notes.iter().map(move |note| (gc, note))).take(page.few(NOTES)) {
        let trend = bar::spark(&gc.heap_after_full_bytes, 20, page.glyphs);
        let gap = if trend.is_empty() { "" } else { "  " };
        page.wrapped(Line::indent(2).ink(Ink::Warn, trend).put(gap), Ink::Plain, note, 2);
    }
}

/// The chapter alone: every log with its causes, longest pauses and remarks.
pub fn all(page: &mut Page, view: &View) {
    if view.report.gc.is_empty() {
        page.push(Line::new().put("No garbage collection log was read."));
        return;
    }
    page.heading("GARBAGE COLLECTION", &figures::plural(view.report.gc.len() as u64, "log"));
    table(page, view, &view.report.gc.iter().collect::<Vec<_>>());
    for gc in &view.report.gc {
        gc_detail::detail(page, view, gc);
    }
}

/// One line over all logs.
pub fn healthy(page: &mut Page, view: &View) {
    let logs: Vec<&Gc> = view.report.gc.iter().filter(|gc| gc.pauses.is_some()).collect();
    if logs.is_empty() {
        return;
    }
    let most = logs.iter().map(|gc| longest(gc)).fold(0.0, f64::max);
    let full: u64 = logs.iter().filter_map(|gc| gc.full_gcs).fold(0, u64::saturating_add);
    let least = logs.iter().filter_map(|gc| gc.throughput).fold(f64::INFINITY, f64::min);
    let share = if least.is_finite() { format!(", {} of the time outside pauses", figures::percent(least)) } else { String::new() };
    let full = if full > 0 { format!(", {}", figures::plural(full, "full collection")) } else { String::new() };
    page.push(Line::new().ink(Ink::Dim, "gc           ").put(format!(
        "longest pause {}{full}{share} ({})",
        figures::duration_f(most),
        figures::plural(logs.len() as u64, "log")
    )));
}

fn longest(gc: &Gc) -> f64 {
    gc.pauses.as_ref().map_or(0.0, |pauses| pauses.max_ms)
}

fn table(page: &mut Page, view: &View, logs: &[&Gc]) {
    let mut table = Table::new(vec![
        Column::yielding("log", 16),
        Column::left("kind"),
        Column::right("pauses"),
        Column::right("99 %"),
        Column::right("longest"),
        Column::right("full"),
        Column::right("heap peak"),
        Column::right("running"),
    ]);
    for gc in logs {
        let pauses = gc.pauses.as_ref();
        let figure = |of: fn(&super::super::model::Pauses) -> f64| pauses.map(|pauses| figures::duration_f(of(pauses))).unwrap_or_default();
        let heap = match (gc.peak_heap_bytes, gc.max_heap_bytes) {
            (Some(peak), Some(max)) if max > 0 => format!("{} ({:.0} %)", figures::bytes(peak), peak as f64 / max as f64 * 100.0),
            (Some(peak), _) => figures::bytes(peak),
            _ => String::new(),
        };
        let long = if longest(gc) >= LONG_PAUSE_MS { Ink::Bad } else { Ink::Plain };
        table.row(vec![
            Cell::linked(page.brief(view, &view.name(gc.source)), page.target(view, gc.source, 1)),
            Cell::new(words::collector(&gc.collector)),
            Cell::new(pauses.map_or_else(|| "unseen".to_owned(), |pauses| figures::count(pauses.count))),
            Cell::new(figure(|pauses| pauses.p99_ms)),
            Cell::ink(long, figure(|pauses| pauses.max_ms)),
            Cell::new(gc.full_gcs.map(figures::count).unwrap_or_default()),
            Cell::new(heap),
            Cell::new(gc.throughput.map(figures::percent).unwrap_or_default()),
        ]);
    }
    table.draw(page);
}
