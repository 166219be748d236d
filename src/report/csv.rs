//! Tables for spreadsheets: RFC 4180 with a head line, `\r\n` at line ends, times and figures as in the JSON report.
//!
//! Text that a spreadsheet would take for a formula is neutralised by [`escape::csv`].

use std::fmt::Display;
use std::io;

use super::escape;
use super::model::Report;
use super::view::View;

/// One row per attempt of every job.
pub fn attempts(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let view = View::new(report);
    let head = [
        "job_id",
        "job_name",
        "attempt",
        "begun_by",
        "start",
        "running",
        "end",
        "outcome",
        "failure_time",
        "failure_task",
        "failure_task_manager",
        "failure_class",
        "failure_fingerprint",
        "finding",
        "restored_kind",
        "restored_checkpoint",
        "checkpoints_triggered",
        "checkpoints_completed",
        "checkpoints_failed",
        "downtime_ms",
        "replayed_ms",
    ];
    row(out, head.iter().map(|title| (*title).to_owned()))?;
    for job in &report.jobs {
        for attempt in &job.attempts {
            let failure = attempt.failure.clone().unwrap_or_default();
            let exception = failure.exception.as_deref().and_then(|id| view.exception(id));
            let restored = attempt.restored_from.clone().unwrap_or_default();
            let cells = [
                escape::csv(&job.id),
                text(&job.name),
                number(Some(attempt.number)),
                escape::csv(&attempt.begun_by),
                text(&attempt.start),
                text(&attempt.running),
                text(&attempt.end),
                escape::csv(&attempt.outcome),
                text(&failure.time),
                text(&failure.task),
                text(&failure.task_manager),
                exception.map(|exception| escape::csv(&exception.root.class)).unwrap_or_default(),
                text(&failure.exception),
                text(&failure.finding),
                escape::csv(&restored.kind),
                number(restored.checkpoint),
                number(Some(attempt.checkpoints.triggered)),
                number(Some(attempt.checkpoints.completed)),
                number(Some(attempt.checkpoints.failed)),
                number(attempt.downtime_ms),
                number(attempt.replayed_ms),
            ];
            row(out, cells)?;
        }
    }
    Ok(())
}

/// One row per completed checkpoint or savepoint of the time line (equal neighbours are one row with their `count`) and per failed checkpoint.
pub fn checkpoints(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let view = View::new(report);
    let head =
        ["job_id", "job_name", "checkpoint", "event", "first", "last", "count", "duration_ms", "size_bytes", "reason", "message", "task", "path", "line"];
    row(out, head.iter().map(|title| (*title).to_owned()))?;
    let rows = view.rows_by_job();
    for job in &report.jobs {
        let (id, name) = (escape::csv(&job.id), text(&job.name));
        let done = |kind: &str| matches!(kind, "checkpoint.completed" | "savepoint.completed");
        for event in rows.get(job.id.as_str()).into_iter().flatten().filter(|event| done(&event.kind)) {
            let path = escape::csv(view.path(event.source));
            let cells = [
                id.clone(),
                name.clone(),
                String::new(),
                escape::csv(&event.kind),
                text(&event.first),
                text(&event.last),
                number(Some(event.count)),
                String::new(),
                String::new(),
                String::new(),
                escape::csv(&event.text),
                String::new(),
                path,
                number(Some(event.line)),
            ];
            row(out, cells)?;
        }
        if let Some(last) = &job.checkpoints.last_completed {
            let cells = [
                id.clone(),
                name.clone(),
                number(Some(last.id)),
                "checkpoint.last-completed".to_owned(),
                text(&last.time),
                text(&last.time),
                "1".to_owned(),
                number(last.duration_ms),
                number(last.size_bytes),
                String::new(),
                String::new(),
                String::new(),
                String::new(),
                String::new(),
            ];
            row(out, cells)?;
        }
        for failure in &job.checkpoints.failures {
            let cells = [
                id.clone(),
                name.clone(),
                number(failure.id),
                "checkpoint.failed".to_owned(),
                text(&failure.time),
                text(&failure.time),
                "1".to_owned(),
                String::new(),
                String::new(),
                escape::csv(&failure.reason),
                escape::csv(&failure.message),
                text(&failure.task),
                escape::csv(view.path(failure.source)),
                number(Some(failure.line)),
            ];
            row(out, cells)?;
        }
    }
    Ok(())
}

fn text(value: &Option<String>) -> String {
    value.as_deref().map(escape::csv).unwrap_or_default()
}

fn number(value: Option<impl Display>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn row(out: &mut dyn io::Write, cells: impl IntoIterator<Item = String>) -> io::Result<()> {
    let line = cells.into_iter().collect::<Vec<_>>().join(",");
    out.write_all(line.as_bytes())?;
    out.write_all(b"\r\n")
}
