//! Checkpoints of each job: counts, durations, sizes, why the failed ones failed.

use super::super::escape;
use super::super::figures;
use super::super::model::{Checkpoints, Job};
use super::super::view::{View, words};
use super::bar;
use super::fit;
use super::page::{Ink, Line, Page};
use super::table::{Cell, Column, Table};

/// Jobs in the full report.
const JOBS: usize = 4;

/// The chapter in the full report: a few lines per job.
pub fn summary(page: &mut Page, view: &View) {
    let jobs: Vec<&Job> = view.report.jobs.iter().filter(|job| took_any(&job.checkpoints)).collect();
    let most = page.few(JOBS);
    for job in jobs.iter().take(most) {
        heading(page, view, job);
        figures_of(page, view, &job.checkpoints, false);
    }
    if jobs.len() > most {
        page.push(Line::indent(2).ink(Ink::Dim, format!("and those of {} (flinklog checkpoints)", figures::plural((jobs.len() - most) as u64, "more job"))));
    }
}

/// The chapter alone: every job, every failure.
pub fn all(page: &mut Page, view: &View) {
    let mut any = false;
    for job in view.report.jobs.iter().filter(|job| took_any(&job.checkpoints)) {
        any = true;
        heading(page, view, job);
        figures_of(page, view, &job.checkpoints, true);
        failures(page, view, &job.checkpoints);
    }
    if !any {
        page.push(Line::new().put("No job took a checkpoint in what was read."));
    }
}

/// One line over all jobs.
pub fn healthy(page: &mut Page, view: &View) {
    let jobs: Vec<&Job> = view.report.jobs.iter().filter(|job| took_any(&job.checkpoints)).collect();
    let sum = |of: fn(&Checkpoints) -> u64| jobs.iter().map(|job| of(&job.checkpoints)).fold(0u64, u64::saturating_add);
    let line = Line::new().ink(Ink::Dim, "checkpoints  ");
    if jobs.is_empty() {
        page.push(line.put("none were taken"));
        return;
    }
    let mut line = line.put(format!("{} completed, {} failed", figures::count(sum(|c| c.completed)), figures::count(sum(|c| c.failed))));
    if let [job] = jobs[..] {
        if let Some(last) = &job.checkpoints.last_completed {
            line = line.put(format!("; last {}", last_in_words(view, last)));
        }
        let room = page.width.saturating_sub(line.width() + 2).min(24);
        if room >= 8 {
            line = line.put("  ").ink(Ink::Good, bar::spark(&job.checkpoints.duration_trend_ms, room, page.glyphs));
        }
    }
    page.push(line);
}

fn took_any(checkpoints: &Checkpoints) -> bool {
    checkpoints.triggered + checkpoints.completed + checkpoints.failed + checkpoints.savepoints > 0
}

fn heading(page: &mut Page, view: &View, job: &Job) {
    let name = if view.report.jobs.len() > 1 { job.name.as_deref().unwrap_or(&job.id) } else { "" };
    page.heading("CHECKPOINTS", name);
}

fn figures_of(page: &mut Page, view: &View, checkpoints: &Checkpoints, whole: bool) {
    let failed_ink = if checkpoints.failed > 0 { Ink::Bad } else { Ink::Plain };
    let mut line = Line::indent(2)
        .put(format!("{} triggered, ", figures::count(checkpoints.triggered)))
        .ink(Ink::Good, format!("{} completed", figures::count(checkpoints.completed)))
        .put(", ")
        .ink(failed_ink, format!("{} failed", figures::count(checkpoints.failed)));
    if checkpoints.in_progress > 0 {
        line = line.put(format!(", {} in progress", figures::count(checkpoints.in_progress)));
    }
    if checkpoints.savepoints > 0 {
        line = line.put(format!("; {}", figures::plural(checkpoints.savepoints, "savepoint")));
    }
    page.push(line);
    if let Some(last) = &checkpoints.last_completed {
        page.push(label("last").put(last_in_words(view, last)));
    }
    if let Some(spread) = &checkpoints.duration_ms {
        let d = figures::duration;
        let text = format!("half within {}, 95 % within {}, longest {}", d(spread.p50), d(spread.p95), d(spread.max));
        let mut line = label("duration").put(text);
        let room = page.width.saturating_sub(line.width() + 2).min(40);
        if room >= 5 && checkpoints.duration_trend_ms.len() > 1 {
            line = line.put("  ").ink(Ink::Accent, bar::spark(&checkpoints.duration_trend_ms, room, page.glyphs));
        }
        page.push(line);
    }
    if let Some(sizes) = checkpoints.size_bytes.as_ref().filter(|_| whole) {
        let b = figures::bytes;
        page.push(label("size").put(format!("half within {}, 95 % within {}, largest {}", b(sizes.p50), b(sizes.p95), b(sizes.max))));
    }
    if let Some(gap) = checkpoints.longest_gap_ms {
        page.push(label("longest gap").put(format!("{} without a completed one", figures::duration(gap))));
    }
    let mut reasons: Vec<(&String, &u64)> = checkpoints.failed_by_reason.iter().collect();
    reasons.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    let reasons: Vec<String> =
        reasons.iter().take(5).map(|(reason, count)| format!("{} {}", figures::count(**count), words::checkpoint_reason(reason))).collect();
    if !reasons.is_empty() {
        page.wrapped(label("failed"), Ink::Plain, &reasons.join(", "), 3);
    }
}

fn label(text: &str) -> Line {
    Line::indent(2).ink(Ink::Dim, text).pad_to(15)
}

fn last_in_words(view: &View, last: &super::super::model::LastCompleted) -> String {
    let time = view.clock.short_of(&last.time).map(|time| format!(" at {time}")).unwrap_or_default();
    let duration = last.duration_ms.map(|ms| format!(", {}", figures::duration(ms))).unwrap_or_default();
    let size = last.size_bytes.map(|n| format!(", {}", figures::bytes(n))).unwrap_or_default();
    format!("{}{time}{duration}{size}", last.id)
}

fn failures(page: &mut Page, view: &View, checkpoints: &Checkpoints) {
    if checkpoints.failures.is_empty() {
        return;
    }
    page.blank();
    let mut table = Table::new(vec![
        Column::right("id"),
        Column::left("time"),
        Column::left("why"),
        Column::yielding("message", 12),
        Column::yielding("task", 10),
        Column::yielding("place", 14),
    ]);
    for failure in &checkpoints.failures {
        table.row(vec![
            Cell::new(failure.id.map(|id| id.to_string()).unwrap_or_default()),
            Cell::new(view.clock.short_of(&failure.time).unwrap_or_default()),
            Cell::ink(Ink::Bad, &failure.reason),
            Cell::new(fit::cut(&escape::terminal(&failure.message), 200, page.glyphs.ellipsis)),
            Cell::new(failure.task.clone().unwrap_or_default()),
            Cell::linked(page.brief(view, &view.place(failure.source, failure.line)), page.target(view, failure.source, failure.line)),
        ]);
    }
    table.draw(page);
    if checkpoints.failures_omitted > 0 {
        page.push(Line::indent(2).ink(Ink::Dim, format!("and {} that the report leaves out", figures::plural(checkpoints.failures_omitted, "failure"))));
    }
}
