//! The attempts of each job, one row each with a picture of time, equal neighbours folded.

use super::super::figures;
use super::super::model::{Attempt, Job};
use super::super::time::parse;
use super::super::view::{Attempts, View, fold, short_id, simple_class, words};
use super::bar;
use super::page::{Ink, Line, Page};
use super::table::{Cell, Column, Table};

/// Jobs with a table, jobs with a line, rows of one table.
const TABLES: usize = 3;
const LINES: usize = 6;
const ROWS: usize = 10;

/// From here on a folded row has room for its rhythm beside the reason; below it stands in a row of its own.
const WIDE: usize = 110;

pub fn attempts(page: &mut Page, view: &View) {
    let jobs = &view.report.jobs;
    if jobs.is_empty() {
        return;
    }
    let (troubled, fine): (Vec<&Job>, Vec<&Job>) = jobs.iter().partition(|job| job.verdict != "healthy");
    let tables = troubled.len().min(page.few(TABLES));
    for job in &troubled[..tables] {
        page.heading("ATTEMPTS", &describe(job, page, page.width.saturating_sub(10)));
        table(page, view, job);
    }
    let rest: Vec<&Job> = troubled[tables..].iter().chain(&fine).copied().collect();
    if rest.is_empty() {
        return;
    }
    page.heading(if tables == 0 { "JOBS" } else { "OTHER JOBS" }, "");
    let lines = page.few(LINES);
    for job in rest.iter().take(lines) {
        let word = words::verdict(&job.verdict).to_lowercase();
        let word_room = super::fit::width(&word) + 4;
        page.push(Line::indent(2).ink(Ink::of_verdict(&job.verdict), word).put("  ").put(describe(job, page, page.width.saturating_sub(word_room))));
    }
    let hidden = rest.len().saturating_sub(lines) as u64 + view.report.jobs_omitted;
    if hidden > 0 {
        page.push(Line::indent(2).ink(Ink::Dim, format!("and {}", figures::plural(hidden, "more job"))));
    }
}

/// One line per job of a healthy report.
pub fn healthy(page: &mut Page, view: &View) {
    const SHOWN: usize = 3;
    for job in view.report.jobs.iter().take(SHOWN) {
        page.push(Line::new().ink(Ink::Dim, "job          ").put(describe(job, page, page.width.saturating_sub(13))));
    }
    let hidden = view.report.jobs.len().saturating_sub(SHOWN) as u64 + view.report.jobs_omitted;
    if hidden > 0 {
        // What checkpoints of jobs that were only counted went through was not looked at.
        let known = view.report.jobs_folded.as_ref().is_none_or(|folded| folded.warned == 0);
        let told = if known { ", all without a failure" } else { "" };
        page.push(Line::new().ink(Ink::Dim, format!("             and {}{told}", figures::plural(hidden, "more job"))));
    }
}

/// Name, id, state and how often it was restarted, as much as fits into `room` columns.
fn describe(job: &Job, page: &Page, room: usize) -> String {
    let id = short_id(&job.id);
    let name = match &job.name {
        Some(name) => {
            let name = super::super::escape::terminal(name);
            format!("{} ({id})", super::fit::elide(&name, (room / 2).saturating_sub(2), page.glyphs.ellipsis))
        }
        None => id.to_owned(),
    };
    let runs = job.attempts.len() as u64 + job.attempts_omitted;
    let restarts = (job.restarts > 0).then(|| figures::plural(job.restarts, "restart"));
    let strategy = job.strategy.clone().filter(|_| job.restarts > 0);
    let mut text = format!("{name} {}", job.state);
    for part in [Some(figures::plural(runs, "attempt")), restarts, strategy].into_iter().flatten() {
        if super::fit::width(&text) + super::fit::width(&part) + 2 <= room {
            text.push_str(", ");
            text.push_str(&part);
        }
    }
    text
}

fn table(page: &mut Page, view: &View, job: &Job) {
    let span = span(job, view);
    let cells = if page.width < WIDE { page.width / 5 } else { page.width / 4 }.clamp(8, 60);
    let mut table =
        Table::new(vec![Column::right("#"), Column::left("start"), Column::left("time"), Column::right("ran"), Column::left("end"), Column::cutting("", 16)]);
    let rows = fold(&job.attempts);
    // The first and the last are always there.
    let most = page.few(ROWS).max(2);
    let hidden = rows.len().saturating_sub(most);
    for (at, row) in rows.iter().enumerate() {
        if hidden > 0 && at == most / 2 {
            let left_out: usize = rows[at..at + hidden].iter().map(|row| row.all.len()).sum();
            table.row(vec![
                Cell::ink(Ink::Dim, page.glyphs.ellipsis),
                Cell::default(),
                Cell::default(),
                Cell::default(),
                Cell::default(),
                Cell::ink(Ink::Dim, figures::plural(left_out as u64, "attempt")),
            ]);
        }
        if hidden > 0 && (most / 2..most / 2 + hidden).contains(&at) {
            continue;
        }
        table.row(cells_of(page, view, row, span, cells));
        if row.all.len() > 1 && page.width < WIDE {
            let mut rhythm_row = vec![Cell::default(); 5];
            rhythm_row.push(Cell::ink(Ink::Dim, rhythm(page, row)));
            table.row(rhythm_row);
        }
    }
    table.draw(page);
    if job.attempts_omitted > 0 {
        page.push(Line::indent(2).ink(Ink::Dim, format!("and {} that the report leaves out", figures::plural(job.attempts_omitted, "attempt"))));
    }
}

fn cells_of(page: &Page, view: &View, row: &Attempts, span: (i64, i64), cells: usize) -> Vec<Cell> {
    let folded = row.all.len() > 1;
    let ink = Ink::of_outcome(&row.last().outcome);
    let spans: Vec<(i64, i64)> = row.all.iter().filter_map(|attempt| stretch(attempt, span.1)).collect();
    let faults: Vec<i64> = if folded { vec![] } else { row.all.iter().filter_map(fault).collect() };
    let picture = bar::stretches(&spans, &faults, span, cells, ink, page.glyphs);
    let ran = row.ran_ms.map(|ms| format!("{}{}", if folded { "~" } else { "" }, figures::duration(ms)));
    let mut why = Vec::new();
    if folded && page.width >= WIDE {
        why.push(format!("{}:", rhythm(page, row)));
    }
    why.extend(reason(view, row.last()).map(|reason| view.brief(&reason, page.glyphs.ellipsis)));
    if row.last().failure.is_none() && row.last().begun_by != "submission" && !folded {
        why.push(words::begun_by(&row.last().begun_by).to_owned());
    }
    vec![
        Cell::new(row.numbers(page.glyphs.dash)),
        Cell::new(view.clock.short_of(&row.first().start).unwrap_or_default()),
        Cell::picture(picture),
        Cell::new(ran.unwrap_or_default()),
        Cell::ink(ink, &row.last().outcome),
        Cell::new(why.join(" ")),
    ]
}

/// `×118, every 39 s`.
fn rhythm(page: &Page, row: &Attempts) -> String {
    let every = row.every_ms.map(|ms| format!(", every {}", figures::duration(ms))).unwrap_or_default();
    format!("{}{}{every}", page.glyphs.times, row.all.len())
}

/// Why an attempt ended: the exception's class and the task, else the finding.
pub fn reason(view: &View, attempt: &Attempt) -> Option<String> {
    let failure = attempt.failure.as_ref()?;
    let exception = failure.exception.as_deref().and_then(|id| view.exception(id));
    let class = exception.map(|exception| {
        let class = if exception.root.class.is_empty() { &exception.class } else { &exception.root.class };
        simple_class(class).to_owned()
    });
    let what = class.or_else(|| failure.finding.as_deref().and_then(|id| view.finding(id)).map(|finding| finding.title.clone()));
    match (what, &failure.task) {
        (Some(what), Some(task)) => Some(format!("{what} in {task}")),
        (what, task) => what.or_else(|| task.clone()),
    }
}

/// From the job's first to its last moment; where these are not known, of all sources.
fn span(job: &Job, view: &View) -> (i64, i64) {
    let own = |time: &Option<String>| time.as_deref().and_then(parse);
    let (from, to) = view.span().unwrap_or((0, 1));
    let start = job.attempts.first().and_then(|attempt| own(&attempt.start));
    let (from, to) = (start.or(own(&job.first_time)).unwrap_or(from), own(&job.last_time).unwrap_or(to));
    (from, to.max(from.saturating_add(1)))
}

fn stretch(attempt: &Attempt, end_of_job: i64) -> Option<(i64, i64)> {
    let from = attempt.running.as_deref().or(attempt.start.as_deref()).and_then(parse)?;
    let to = match attempt.end.as_deref() {
        Some(end) => parse(end)?,
        None => end_of_job,
    };
    Some((from, to))
}

fn fault(attempt: &Attempt) -> Option<i64> {
    attempt.failure.as_ref().and_then(|failure| failure.time.as_deref()).and_then(parse)
}
