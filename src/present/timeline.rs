//! The merged time line: the events that matter, equal neighbours folded.

use rustc_hash::FxHashMap;

use super::Scene;
use crate::correlate::{EntryRef, Job};
use crate::digest::{Entry, TaskFailure, What};
use crate::event::{ExecutionId, GraphId, JobId, Kind, TmLoss};
use crate::exception::Trace;
use crate::report::model as m;

/// Rows that the report lists; `flinklog events` has them all.
const MAX_ROWS: usize = 3_000;

/// Rows in time order, and how many were left out.
pub fn rows(scene: &Scene) -> (Vec<m::TimelineRow>, u64) {
    let mut out: Vec<Row> = Vec::new();
    let mut omitted = 0;
    let mut known = Known::new(scene);
    for placed in &scene.story.order {
        let entry = scene.story.entry(placed.at);
        known.see(placed.at.source, entry);
        let bounded = scene.options.since.is_some() || scene.options.until.is_some();
        if placed.ms.is_none() && bounded || !scene.within(placed.ms, placed.ms) {
            continue;
        }
        let Some(row) = row(scene, &known, placed.at, entry, placed.ms) else { continue };
        if let Some(last) = out.last_mut()
            && last.kind == row.kind
            && last.job == row.job
            && last.attempt == row.attempt
            && last.told.as_ref().zip(row.told.as_ref()).is_some_and(|(last, row)| last.alike(row))
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
    (out.into_iter().map(|row| row.written(scene, &known)).collect(), omitted)
}

/// A row before it is written out: most of a long log's are left out again.
struct Row {
    at: EntryRef,
    first: Option<i64>,
    /// With the source whose clock shows it.
    last: Option<(usize, i64)>,
    count: u64,
    kind: &'static str,
    job: Option<JobId>,
    attempt: Option<u32>,
    /// Of kinds that fold.
    told: Option<Told>,
}

/// The TaskManager and the words of a row.
struct Told {
    task_manager: Option<String>,
    text: String,
}

impl Told {
    fn alike(&self, other: &Told) -> bool {
        self.task_manager == other.task_manager && same_but_numbers(&self.text, &other.text)
    }
}

impl Row {
    fn written(self, scene: &Scene, known: &Known) -> m::TimelineRow {
        let source = self.at.source;
        let Told { task_manager, text } = self.told.unwrap_or_else(|| told(scene, known, self.at));
        m::TimelineRow {
            first: scene.time(source, self.first),
            last: self.last.and_then(|(source, ms)| scene.time(source, Some(ms))),
            count: self.count,
            kind: self.kind.to_owned(),
            job: self.job.map(|j| j.to_string()),
            attempt: self.attempt,
            task_manager,
            source: source as u32,
            line: scene.story.entry(self.at).place.line,
            text,
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
    fn new(scene: &Scene) -> Known {
        let jobs = scene.story.jobs.iter().enumerate().map(|(i, job)| (job.id, i)).collect();
        let groups = scene.story.sources.iter().flat_map(|s| &s.digest.matters.exceptions);
        let mut known =
            Known { jobs, executions: FxHashMap::default(), graphs: FxHashMap::default(), current: FxHashMap::default(), words: FxHashMap::default() };
        for group in groups {
            if let (None, Some(words)) = (known.words.get(&group.fingerprint), root_words(&group.thrown.trace)) {
                known.words.insert(group.fingerprint, words);
            }
        }
        for placed in &scene.story.order {
            match &scene.story.entry(placed.at).what {
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

    fn root_words(&self, exception: Option<u64>) -> Option<&str> {
        self.words.get(&exception?).map(String::as_str)
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

fn row(scene: &Scene, known: &Known, at: EntryRef, entry: &Entry, ms: Option<i64>) -> Option<Row> {
    let (kind, job) = kind_of(known, entry)?;
    let job = job.or_else(|| known.job_of(at.source, &entry.what));
    let index = job.and_then(|id| known.jobs.get(&id).copied());
    let prepares = matches!(entry.what, What::Event(Kind::Restored { .. }));
    let attempt = index.and_then(|j| attempt_of(&scene.story.jobs[j], prepares, ms));
    let (mut count, mut last) = (1, ms);
    if let What::Checkpoints { run, .. } = &entry.what {
        count = run.completed;
        last = scene.story.utc(at.source, run.last_ms).or(ms);
    }
    let last = last.map(|ms| (at.source, ms));
    let told = folds(kind).then(|| told(scene, known, at));
    Some(Row { at, first: ms, last, count, kind, job, attempt, told })
}

/// Kind and job of an entry; `None` for what is no row.
fn kind_of(known: &Known, entry: &Entry) -> Option<(&'static str, Option<JobId>)> {
    let kind = match &entry.what {
        What::Checkpoints { job, run } if run.completed > 0 => return Some(("checkpoint.completed", Some(*job))),
        What::Checkpoints { .. } | What::Tasks { .. } => return None,
        What::TaskFailed { job, .. } => return Some(("task.failed", *job)),
        What::Problem { .. } if entry.pattern.is_some() || known.root_words(entry.exception).is_some() => return Some(("exception", None)),
        What::Problem { .. } => return None,
        What::Event(kind) => kind,
    };
    Some(match kind {
        Kind::JobState { job, .. } | Kind::JobTerminal { job, .. } => ("job.state", Some(*job)),
        Kind::JobSubmitted { job, .. } => ("job.submitted", Some(*job)),
        Kind::JobRecovering { job } => ("job.recovering", Some(*job)),
        Kind::TasksToRestart { .. } | Kind::AdaptiveRestart { .. } => ("restart.scheduled", None),
        Kind::GlobalFailure => ("job.global-failure", None),
        Kind::CheckpointFailed { job, .. } => ("checkpoint.failed", Some(*job)),
        Kind::Restored { job, .. } => ("job.restored", Some(*job)),
        Kind::SavepointRequested { job, .. } => ("savepoint.requested", Some(*job)),
        Kind::TmRegistering { .. } => ("tm.registered", None),
        Kind::TmLost { why: TmLoss::Released, .. } => ("tm.released", None),
        Kind::TmLost { .. } => ("tm.lost", None),
        Kind::WorkerTerminated { .. } | Kind::PlatformEnd { .. } => ("container.exited", None),
        Kind::NodeDown { .. } => ("node.lost", None),
        Kind::WorkerStopping { .. } => ("container.stopping", None),
        Kind::WorkersRequested { .. } => ("container.requested", None),
        Kind::ContainersReceived { .. } => ("container.allocated", None),
        Kind::ProcessStart { .. } => ("process.start", None),
        Kind::Signal { .. } | Kind::ExitCode { .. } | Kind::ShuttingDown { .. } => ("process.stop", None),
        Kind::Fatal { .. } => ("process.fatal", None),
        Kind::LeaderRevoked | Kind::LeaderGranted => ("leader.change", None),
        Kind::ConnectionToZooKeeper { .. } => ("zookeeper.connection", None),
        _ => return None,
    })
}

/// TaskManager and words of an entry that is a row.
fn told(scene: &Scene, known: &Known, at: EntryRef) -> Told {
    let entry = scene.story.entry(at);
    let mut task_manager = None;
    let text = match &entry.what {
        What::Checkpoints { run, .. } => {
            let last = run.last_completed.map_or(0, |c| c.id);
            if run.completed == 1 { format!("checkpoint {last} completed") } else { format!("{} checkpoints completed, the last {last}", run.completed) }
        }
        What::Tasks { .. } => String::new(),
        What::TaskFailed { failure, .. } => {
            let TaskFailure { task, location, on_task_manager } = &**failure;
            task_manager = location.as_deref().map(|l| String::from_utf8_lossy(crate::classify::text::resource_id(l.as_bytes())).into_owned());
            let why = known.root_words(entry.exception).map(|w| format!(": {w}")).unwrap_or_default();
            let who = if *on_task_manager { " (TaskManager)" } else { "" };
            format!("{task} FAILED{who}{why}")
        }
        What::Problem { .. } => match (known.root_words(entry.exception), entry.pattern) {
            (Some(why), _) => why.to_owned(),
            (None, Some(pattern)) => format!("{}: {}", scene.rules.id(pattern), scene.story.quote(at).map(|q| message_of(&q.text)).unwrap_or_default()),
            (None, None) => String::new(),
        },
        What::Event(kind) => {
            task_manager = match kind {
                Kind::TmRegistering { id, .. } | Kind::TmLost { id, .. } | Kind::WorkerTerminated { id, .. } => Some(id.to_string()),
                Kind::PlatformEnd { id, .. } | Kind::WorkerStopping { id } => Some(id.to_string()),
                _ => None,
            };
            words_of(kind, known.root_words(entry.exception))
        }
    };
    Told { task_manager, text }
}

fn words_of(kind: &Kind, why: Option<&str>) -> String {
    match kind {
        Kind::JobState { from, to, .. } => format!("{} → {}", from.name(), to.name()),
        Kind::JobSubmitted { name, .. } => format!("submitted: {name}"),
        Kind::JobTerminal { state, .. } => format!("reached {}", state.name()),
        Kind::JobRecovering { .. } => "taken over from the high-availability store".to_owned(),
        Kind::TasksToRestart { count, global } => format!("{count} tasks to restart{}", if *global { " (global failure)" } else { "" }),
        Kind::GlobalFailure => why.unwrap_or("global failure").to_owned(),
        Kind::AdaptiveRestart { planned: true } => "rescale: resources changed".to_owned(),
        Kind::AdaptiveRestart { planned: false } => "restart after a failure".to_owned(),
        Kind::CheckpointFailed { id, reason, .. } => format!("checkpoint {} failed: {}", id.map_or("?".to_owned(), |i| i.to_string()), reason.slug()),
        Kind::Restored { id, savepoint, path, .. } => {
            let what = if *savepoint { "savepoint" } else { "checkpoint" };
            format!("restored from {what} {id}{}", path.as_deref().map(|p| format!(" at {p}")).unwrap_or_default())
        }
        Kind::SavepointRequested { stop, .. } => if *stop { "stop with savepoint" } else { "savepoint" }.to_owned(),
        Kind::TmRegistering { id, .. } => format!("TaskManager {id} registers"),
        Kind::TmLost { text, .. } | Kind::WorkerTerminated { text, .. } | Kind::PlatformEnd { text, .. } => message_of(text),
        Kind::NodeDown { node, state } => format!("node {node} is {state}"),
        Kind::WorkerStopping { id } => format!("stopping {id}"),
        Kind::WorkersRequested { .. } => "worker requested".to_owned(),
        Kind::ContainersReceived { count } => format!("{count} containers received"),
        Kind::ProcessStart { component, version, .. } => format!("{component} {}", version.as_deref().unwrap_or("")),
        Kind::Signal { name } => format!("received {name}"),
        Kind::ExitCode { code } => format!("exit code {code}"),
        Kind::Fatal { text } | Kind::ShuttingDown { text } | Kind::ConnectionToZooKeeper { text } => message_of(text),
        Kind::LeaderRevoked => "leadership revoked".to_owned(),
        Kind::LeaderGranted => "leadership granted".to_owned(),
        _ => String::new(),
    }
}

fn root_words(trace: &Trace) -> Option<String> {
    let root = trace.root_link()?;
    let class = root.class.rsplit('.').next().unwrap_or(&root.class);
    let message = root.message.lines().next().unwrap_or("");
    Some(if message.is_empty() { class.to_owned() } else { format!("{class}: {}", beginning(message)) })
}

/// What one row has room for.
fn beginning(text: &str) -> &str {
    text.char_indices().nth(200).map_or(text, |(end, _)| &text[..end])
}

fn message_of(text: &str) -> String {
    let line = text.lines().next().unwrap_or("");
    beginning(line.split_once(" - ").map_or(line, |(_, message)| message)).to_owned()
}
