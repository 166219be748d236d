//! The merged time line: the events that matter, equal neighbours folded.

use rustc_hash::FxHashMap;

use super::View;
use crate::correlate::{EntryRef, Job};
use crate::digest::{Entry, TaskFailure, What};
use crate::event::{ExecutionId, GraphId, JobId, Kind, TmLoss};
use crate::exception::Trace;
use crate::report::model as m;

/// Rows that the report lists; `flinklog events` has them all.
const MAX_ROWS: usize = 3_000;

/// Rows in time order, and how many were left out.
pub fn rows(view: &View) -> (Vec<m::TimelineRow>, u64) {
    let mut out: Vec<Row> = Vec::new();
    let mut omitted = 0;
    let mut known = Known::new(view);
    for placed in &view.story.order {
        let entry = view.story.entry(placed.at);
        known.see(placed.at.source, entry);
        let bounded = view.options.since.is_some() || view.options.until.is_some();
        if placed.ms.is_none() && bounded || !view.within(placed.ms, placed.ms) {
            continue;
        }
        let Some(row) = row(view, &known, placed.at, entry, placed.ms) else { continue };
        if let Some(last) = out.last_mut()
            && last.kind == row.kind
            && last.job == row.job
            && last.attempt == row.attempt
            && last.task_manager == row.task_manager
            && folds(last.kind)
            && same_but_numbers(&last.text, &row.text)
        {
            last.count += row.count;
            last.last = row.last.or(last.last);
            continue;
        }
        out.push(row);
        // Long logs: keep the beginning and the end.
        if out.len() > MAX_ROWS + MAX_ROWS / 4 {
            omitted += (MAX_ROWS / 4) as u64;
            out.drain(MAX_ROWS / 2..MAX_ROWS / 2 + MAX_ROWS / 4);
        }
    }
    if out.len() > MAX_ROWS {
        let extra = out.len() - MAX_ROWS;
        omitted += extra as u64;
        out.drain(MAX_ROWS / 2..MAX_ROWS / 2 + extra);
    }
    (out.into_iter().map(|row| row.written(view)).collect(), omitted)
}

/// A row before it is written out: most of a long log's are left out again.
struct Row {
    first: Option<i64>,
    /// With the source whose clock shows it.
    last: Option<(usize, i64)>,
    count: u64,
    kind: &'static str,
    job: Option<JobId>,
    attempt: Option<u32>,
    task_manager: Option<String>,
    source: usize,
    line: u64,
    text: String,
}

impl Row {
    fn written(self, view: &View) -> m::TimelineRow {
        m::TimelineRow {
            first: view.time(self.source, self.first),
            last: self.last.and_then(|(source, ms)| view.time(source, Some(ms))),
            count: self.count,
            kind: self.kind.to_owned(),
            job: self.job.map(|j| j.to_string()),
            attempt: self.attempt,
            task_manager: self.task_manager,
            source: self.source as u32,
            line: self.line,
            text: self.text,
        }
    }
}

/// Kinds of which equal neighbours are one row.
fn folds(kind: &str) -> bool {
    matches!(kind, "checkpoint.completed" | "checkpoint.failed" | "task.failed" | "exception" | "container.requested")
}

fn same_but_numbers(a: &str, b: &str) -> bool {
    fn stripped(text: &str) -> impl Iterator<Item = char> {
        text.chars().filter(|c| !c.is_ascii_digit()).take(200)
    }
    stripped(a).eq(stripped(b))
}

/// Whose a row is, and what exceptions say.
struct Known {
    jobs: FxHashMap<JobId, usize>,
    /// The job of each execution that a JobManager tells of: a TaskManager's log names executions only.
    executions: FxHashMap<ExecutionId, JobId>,
    /// The job of each execution graph, which ids from Flink 1.16 on begin with.
    graphs: FxHashMap<GraphId, JobId>,
    /// The job that each source named last: restarts are told without one.
    current: FxHashMap<usize, JobId>,
    /// Class and message of the root of each exception.
    words: FxHashMap<u64, String>,
}

impl Known {
    fn new(view: &View) -> Known {
        let jobs = view.story.jobs.iter().enumerate().map(|(i, job)| (job.id, i)).collect();
        let groups = view.story.sources.iter().flat_map(|s| &s.digest.matters.exceptions);
        let mut known =
            Known { jobs, executions: FxHashMap::default(), graphs: FxHashMap::default(), current: FxHashMap::default(), words: FxHashMap::default() };
        for group in groups {
            if let (None, Some(words)) = (known.words.get(&group.fingerprint), root_words(&group.thrown.trace)) {
                known.words.insert(group.fingerprint, words);
            }
        }
        for placed in &view.story.order {
            match &view.story.entry(placed.at).what {
                What::TaskFailed { job: Some(job), failure } if !failure.on_task_manager => match failure.task.execution.as_deref() {
                    Some(ExecutionId::Composite { graph, .. }) => drop(known.graphs.insert(*graph, *job)),
                    Some(execution) => drop(known.executions.insert(*execution, *job)),
                    None => {}
                },
                What::Event(Kind::GraphCreated { graph, job }) => drop(known.graphs.insert(*graph, *job)),
                _ => {}
            }
        }
        known
    }

    /// Takes in which job a source speaks of.
    fn see(&mut self, source: usize, entry: &Entry) {
        if let What::Event(Kind::JobState { job, .. } | Kind::GraphCreated { job, .. } | Kind::Restored { job, .. })
        | What::TaskFailed { job: Some(job), .. }
        | What::Checkpoints { job, .. } = &entry.what
        {
            self.current.insert(source, *job);
        }
    }

    /// The job of what does not name it.
    fn job_of(&self, source: usize, what: &What) -> Option<JobId> {
        match what {
            What::TaskFailed { failure, .. } => match failure.task.execution.as_deref()? {
                ExecutionId::Composite { graph, .. } => self.graphs.get(graph).copied(),
                execution => self.executions.get(execution).copied(),
            },
            What::Event(Kind::TasksToRestart { .. } | Kind::GlobalFailure | Kind::AdaptiveRestart { .. }) => self.current.get(&source).copied(),
            _ => None,
        }
    }

    fn words(&self, exception: Option<u64>) -> Option<String> {
        self.words.get(&exception?).cloned()
    }
}

/// Number of the attempt that a row belongs to: the one that runs at its time, or the next one for what prepares it.
fn attempt_of(job: &Job, prepares: bool, ms: Option<i64>) -> Option<u32> {
    let index = match job.attempt_at(ms) {
        Some(current) if prepares && job.attempts[current].end.is_some_and(|end| Some(end) <= ms) => (current + 1).min(job.attempts.len() - 1),
        Some(current) => current,
        None if prepares => 0,
        None => return None,
    };
    job.attempts.get(index).map(|a| a.number)
}

fn row(view: &View, known: &Known, at: EntryRef, entry: &Entry, ms: Option<i64>) -> Option<Row> {
    let (kind, job, task_manager, text) = describe(view, known, at, entry)?;
    let job = job.or_else(|| known.job_of(at.source, &entry.what));
    let index = job.and_then(|id| known.jobs.get(&id).copied());
    let prepares = matches!(entry.what, What::Event(Kind::Restored { .. }));
    let attempt = index.and_then(|j| attempt_of(&view.story.jobs[j], prepares, ms));
    let (mut count, mut last) = (1, ms);
    if let What::Checkpoints { run, .. } = &entry.what {
        count = run.completed;
        last = view.story.utc(at.source, run.last_ms).or(ms);
    }
    let last = last.map(|ms| (at.source, ms));
    Some(Row { first: ms, last, count, kind, job, attempt, task_manager, source: at.source, line: entry.place.line, text })
}

/// Kind, job, TaskManager and words of an entry; `None` for what is no row.
fn describe(view: &View, known: &Known, at: EntryRef, entry: &Entry) -> Option<(&'static str, Option<JobId>, Option<String>, String)> {
    Some(match &entry.what {
        What::Checkpoints { job, run } if run.completed > 0 => {
            let last = run.last_completed.map_or(0, |c| c.id);
            (
                "checkpoint.completed",
                Some(*job),
                None,
                if run.completed == 1 { format!("checkpoint {last} completed") } else { format!("{} checkpoints completed, the last {last}", run.completed) },
            )
        }
        What::Checkpoints { .. } | What::Tasks { .. } => return None,
        What::TaskFailed { job, failure } => {
            let TaskFailure { task, location, on_task_manager } = &**failure;
            let place = location.as_deref().map(|l| String::from_utf8_lossy(crate::classify::text::resource_id(l.as_bytes())).into_owned());
            let why = known.words(entry.exception).map(|w| format!(": {w}")).unwrap_or_default();
            let who = if *on_task_manager { " (TaskManager)" } else { "" };
            ("task.failed", *job, place, format!("{task} FAILED{who}{why}"))
        }
        What::Problem { .. } => {
            let why = known.words(entry.exception);
            let pattern = entry.pattern.map(|p| view.rules.id(p).to_string());
            let words = match (why, pattern) {
                (Some(why), _) => why,
                (None, Some(pattern)) => format!("{pattern}: {}", view.story.quote(at).map(|q| message_of(&q.text)).unwrap_or_default()),
                _ => return None,
            };
            ("exception", None, None, words)
        }
        What::Event(kind) => match kind {
            Kind::JobState { job, from, to, .. } => ("job.state", Some(*job), None, format!("{} → {}", from.name(), to.name())),
            Kind::JobSubmitted { job, name } => ("job.submitted", Some(*job), None, format!("submitted: {name}")),
            Kind::JobTerminal { job, state } => ("job.state", Some(*job), None, format!("reached {}", state.name())),
            Kind::JobRecovering { job } => ("job.recovering", Some(*job), None, "taken over from the high-availability store".to_owned()),
            Kind::TasksToRestart { count, global } => {
                ("restart.scheduled", None, None, format!("{count} tasks to restart{}", if *global { " (global failure)" } else { "" }))
            }
            Kind::GlobalFailure => ("job.global-failure", None, None, known.words(entry.exception).unwrap_or_else(|| "global failure".to_owned())),
            Kind::AdaptiveRestart { planned } => {
                ("restart.scheduled", None, None, if *planned { "rescale: resources changed" } else { "restart after a failure" }.to_owned())
            }
            Kind::CheckpointFailed { job, id, reason, .. } => {
                ("checkpoint.failed", Some(*job), None, format!("checkpoint {} failed: {}", id.map_or("?".to_owned(), |i| i.to_string()), reason.slug()))
            }
            Kind::Restored { job, id, savepoint, path, .. } => {
                let what = if *savepoint { "savepoint" } else { "checkpoint" };
                ("job.restored", Some(*job), None, format!("restored from {what} {id}{}", path.as_deref().map(|p| format!(" at {p}")).unwrap_or_default()))
            }
            Kind::SavepointRequested { job, stop } => {
                ("savepoint.requested", Some(*job), None, if *stop { "stop with savepoint" } else { "savepoint" }.to_owned())
            }
            Kind::TmRegistering { id, .. } => ("tm.registered", None, Some(id.to_string()), format!("TaskManager {id} registers")),
            Kind::TmLost { id, why, text } => {
                let kind = if *why == TmLoss::Released { "tm.released" } else { "tm.lost" };
                (kind, None, Some(id.to_string()), message_of(text))
            }
            Kind::WorkerTerminated { id, text, .. } => ("container.exited", None, Some(id.to_string()), message_of(text)),
            Kind::PlatformEnd { id, text, .. } => ("container.exited", None, Some(id.to_string()), message_of(text)),
            Kind::NodeDown { node, state } => ("node.lost", None, None, format!("node {node} is {state}")),
            Kind::WorkerStopping { id } => ("container.stopping", None, Some(id.to_string()), format!("stopping {id}")),
            Kind::WorkersRequested { .. } => ("container.requested", None, None, "worker requested".to_owned()),
            Kind::ContainersReceived { count } => ("container.allocated", None, None, format!("{count} containers received")),
            Kind::ProcessStart { component, version, .. } => ("process.start", None, None, format!("{component} {}", version.as_deref().unwrap_or(""))),
            Kind::Signal { name } => ("process.stop", None, None, format!("received {name}")),
            Kind::ExitCode { code } => ("process.stop", None, None, format!("exit code {code}")),
            Kind::Fatal { text } => ("process.fatal", None, None, message_of(text)),
            Kind::ShuttingDown { text } => ("process.stop", None, None, message_of(text)),
            Kind::LeaderRevoked => ("leader.change", None, None, "leadership revoked".to_owned()),
            Kind::LeaderGranted => ("leader.change", None, None, "leadership granted".to_owned()),
            Kind::ConnectionToZooKeeper { text } => ("zookeeper.connection", None, None, message_of(text)),
            _ => return None,
        },
    })
}

fn root_words(trace: &Trace) -> Option<String> {
    let root = trace.root_link()?;
    let class = root.class.rsplit('.').next().unwrap_or(&root.class);
    let message = root.message.lines().next().unwrap_or("");
    Some(if message.is_empty() { class.to_owned() } else { format!("{class}: {}", message.chars().take(200).collect::<String>()) })
}

fn message_of(text: &str) -> String {
    let line = text.lines().next().unwrap_or("");
    line.split_once(" - ").map_or(line, |(_, message)| message).chars().take(200).collect()
}
