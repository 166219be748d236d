//! The Trace Event Format that Perfetto and Chrome's `about:tracing` open: attempts, TaskManager lives and GC pauses as lanes, failures as moments.
//!
//! Time stamps are microseconds since the first event; its wall clock stands in `otherData`.

use std::io;

use serde_json::{Value, json};

use super::model::Report;
use super::time::parse;
use super::view::{View, words};

/// Groups of lanes, as process numbers.
const JOBS: u32 = 1;
const TASK_MANAGERS: u32 = 2;
const GC: u32 = 3;
const OTHER: u32 = 4;

struct Trace {
    events: Vec<Value>,
    origin: i64,
}

impl Trace {
    fn micros(&self, ms: i64) -> f64 {
        ms.saturating_sub(self.origin) as f64 * 1000.0
    }

    fn name(&mut self, kind: &str, pid: u32, tid: usize, name: &str) {
        self.events.push(json!({ "name": kind, "ph": "M", "pid": pid, "tid": tid, "args": { "name": name } }));
    }

    /// A stretch of time.
    fn stretch(&mut self, (pid, tid): (u32, usize), name: &str, category: &str, from: i64, to_ms: f64, args: Value) {
        let ts = self.micros(from);
        self.events.push(json!({ "name": name, "cat": category, "ph": "X", "pid": pid, "tid": tid, "ts": ts, "dur": to_ms.max(0.0) * 1000.0, "args": args }));
    }

    /// A moment on its lane.
    fn moment(&mut self, (pid, tid): (u32, usize), name: &str, category: &str, at: i64, args: Value) {
        let ts = self.micros(at);
        self.events.push(json!({ "name": name, "cat": category, "ph": "i", "s": "t", "pid": pid, "tid": tid, "ts": ts, "args": args }));
    }
}

pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let view = View::new(report);
    let (origin, end) = view.span().unwrap_or((0, 0));
    let mut trace = Trace { events: Vec::new(), origin };
    let at = |time: &Option<String>| time.as_deref().and_then(parse);
    jobs(&mut trace, report, &view, end);
    trace.name("process_name", TASK_MANAGERS, 0, "TaskManagers");
    for (tid, tm) in report.task_managers.iter().enumerate() {
        trace.name("thread_name", TASK_MANAGERS, tid, &tm.id);
        for life in &tm.lives {
            let (Some(from), to) = (at(&life.registered), at(&life.lost).unwrap_or(end)) else { continue };
            let how = life.loss.as_deref().map_or("there at the end", words::loss);
            trace.stretch((TASK_MANAGERS, tid), how, "tm", from, (to.saturating_sub(from)) as f64, json!({ "host": tm.host, "exit_code": life.exit_code }));
        }
    }
    trace.name("process_name", GC, 0, "GC pauses");
    for (tid, gc) in report.gc.iter().enumerate() {
        trace.name("thread_name", GC, tid, view.path(gc.source));
        for pause in &gc.longest {
            if let Some(from) = at(&pause.time) {
                trace.stretch((GC, tid), &pause.cause, "gc", from, pause.ms, json!({ "path": view.path(gc.source), "line": pause.line }));
            }
        }
    }
    trace.name("process_name", OTHER, 0, "Cluster");
    for row in report.timeline.iter().filter(|row| row.job.is_none()) {
        if let Some(first) = at(&row.first) {
            trace.moment(
                (OTHER, 0),
                &row.kind,
                "event",
                first,
                json!({ "text": row.text, "count": row.count, "path": view.path(row.source), "line": row.line }),
            );
        }
    }
    let value = json!({
        "displayTimeUnit": "ms",
        "otherData": { "tool": report.tool.name, "version": report.tool.version, "verdict": report.summary.verdict, "origin": report.coverage.first_time },
        "traceEvents": trace.events,
    });
    serde_json::to_writer(&mut *out, &value).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

/// Two lanes per job: its attempts, and below them failures and checkpoints.
fn jobs(trace: &mut Trace, report: &Report, view: &View, end: i64) {
    let at = |time: &Option<String>| time.as_deref().and_then(parse);
    trace.name("process_name", JOBS, 0, "Jobs");
    let rows = view.rows_by_job();
    for (number, job) in report.jobs.iter().enumerate() {
        let (runs, events) = ((JOBS, number * 2), (JOBS, number * 2 + 1));
        let name = job.name.as_deref().unwrap_or(&job.id);
        trace.name("thread_name", JOBS, runs.1, name);
        trace.name("thread_name", JOBS, events.1, &format!("{name}: events"));
        for attempt in &job.attempts {
            let (start, to) = (at(&attempt.start), at(&attempt.end).unwrap_or(end));
            let Some(from) = start.or(at(&attempt.running)) else { continue };
            let label = format!("attempt {} {}", attempt.number, attempt.outcome);
            let failure = attempt.failure.clone().unwrap_or_default();
            let exception = failure.exception.as_deref().and_then(|id| view.exception(id)).map(|exception| &exception.class);
            let args = json!({ "begun_by": attempt.begun_by, "exception": exception, "task": failure.task, "restored_from": attempt.restored_from });
            trace.stretch(runs, &label, "attempt", from, to.saturating_sub(from) as f64, args);
            if let Some(running) = at(&attempt.running).filter(|running| *running <= to) {
                trace.stretch(runs, "running", "attempt", running, to.saturating_sub(running) as f64, json!({}));
            }
        }
        for failure in &job.checkpoints.failures {
            if let Some(time) = at(&failure.time) {
                let label = format!("checkpoint failed: {}", words::checkpoint_reason(&failure.reason));
                trace.moment(
                    events,
                    &label,
                    "checkpoint",
                    time,
                    json!({ "id": failure.id, "message": failure.message, "path": view.path(failure.source), "line": failure.line }),
                );
            }
        }
        for row in rows.get(job.id.as_str()).into_iter().flatten().filter(|row| row.kind != "checkpoint.failed") {
            if let Some(first) = at(&row.first) {
                trace.moment(
                    events,
                    &row.kind,
                    "event",
                    first,
                    json!({ "text": row.text, "count": row.count, "path": view.path(row.source), "line": row.line }),
                );
            }
        }
    }
}
