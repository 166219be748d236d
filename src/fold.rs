//! Folding a source with an onlooker: what `digest` folds away (checkpoint runs, task transitions, configuration) is shown once to whoever asks.
//!
//! In: chunks of a source in file order and what was found in them. Out: the digest, and the events that the onlooker keeps. An ordinary scan has no onlooker
//! and pays nothing.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use rustc_hash::FxHashMap;

use crate::classify::text::first_line;
use crate::digest::{Builder, DayCounter, Place, SourceDigest};
use crate::event::{BannerKey, ExecutionId, JobId, Kind, Str, Task, TmLoss};
use crate::gc;
use crate::layout::time::DayClock;
use crate::layout::{self, Lacks, Level, ansi, json};
use crate::record::{ChunkResult, Found, FoundStep, Logger};
use crate::scan;

/// Kind of a pause of the garbage collection.
const PAUSE: &str = "gc.pause";
/// Bytes of a message that an event keeps.
const MAX_TEXT: usize = 2_000;

/// Gives a [`Look`] for the sources that it wants to see.
pub trait Onlooker: Sync {
    /// `path` and `place` are those of the source in the report.
    fn source(&self, path: &str, place: &scan::Place) -> Option<Box<dyn Look + '_>>;
}

/// Sees one source, chunk by chunk in file order.
pub trait Look: Send {
    /// `lines` and `bytes` are what stands before the chunk.
    fn chunk(&mut self, chunk: &[u8], result: &ChunkResult, lines: u64, bytes: u64);
    /// The events that it kept since the last call.
    fn take(&mut self) -> Vec<Event> {
        Vec::new()
    }
    /// The source ends.
    fn finish(&mut self) {}
}

/// A digest in the making, and who looks on.
pub struct Fold<'o> {
    digest: Builder,
    look: Option<Box<dyn Look + 'o>>,
    lines: u64,
    bytes: u64,
}

impl<'o> Fold<'o> {
    /// An empty one.
    pub fn new(look: Option<Box<dyn Look + 'o>>) -> Self {
        Fold { digest: Builder::new(), look, lines: 0, bytes: 0 }
    }

    /// One that keeps every job.
    pub fn with_all_jobs(look: Option<Box<dyn Look + 'o>>) -> Self {
        Fold { digest: Builder::with_all_jobs(), ..Fold::new(look) }
    }

    /// One that shares what is kept of jobs with the other `files` of one appender.
    pub fn one_of(files: usize, look: Option<Box<dyn Look + 'o>>) -> Self {
        Fold { digest: Builder::one_of(files), ..Fold::new(look) }
    }

    /// One for a log that never ends.
    pub fn following(look: Option<Box<dyn Look + 'o>>) -> Self {
        Fold { digest: Builder::following(), ..Fold::new(look) }
    }

    /// Takes the next chunk and what was found in it. Out: the emptied result.
    pub fn absorb(&mut self, chunk: &[u8], result: ChunkResult) -> ChunkResult {
        if let Some(look) = &mut self.look {
            look.chunk(chunk, &result, self.lines, self.bytes);
        }
        self.lines += result.lines;
        self.bytes += chunk.len() as u64;
        self.digest.absorb(chunk, result)
    }

    /// Counts what was passed over because a line or record was too long.
    pub fn pass_over(&mut self, bytes: u64, lines: u64) {
        self.lines += lines;
        self.bytes += bytes;
        self.digest.pass_over(bytes, lines);
    }

    /// Digest and kept events.
    pub fn finish(mut self) -> (SourceDigest, Vec<Event>) {
        if let Some(look) = &mut self.look {
            look.finish();
        }
        let events = self.take();
        (self.digest.finish(), events)
    }

    /// The events kept since the last call.
    pub fn take(&mut self) -> Vec<Event> {
        self.look.as_mut().map(|look| look.take()).unwrap_or_default()
    }

    /// The digest as it would be if the source ended here.
    pub fn so_far(&self) -> SourceDigest {
        self.digest.clone().finish()
    }
}

/// One classified record.
#[derive(Debug, Clone)]
pub struct Event {
    /// As the log shows it; its zone is settled by `correlate`.
    pub ms: Option<i64>,
    pub line: u64,
    pub level: Level,
    /// Dotted: `job.state`, `checkpoint.completed` …
    pub kind: &'static str,
    pub job: Option<JobId>,
    /// Execution graph of a task whose job its own source does not tell.
    pub graph: Option<u128>,
    pub task_manager: Option<Str>,
    pub logger: Str,
    pub pattern: Option<u16>,
    /// Fingerprint.
    pub exception: Option<u64>,
    pub text: Box<str>,
    /// When a pause of the garbage collection began.
    pub pause: Option<PauseTime>,
}

impl Event {
    /// One of level INFO that is no record and about no job.
    pub fn plain(kind: &'static str, line: u64, text: Box<str>) -> Event {
        Event {
            ms: None,
            line,
            level: Level::Info,
            kind,
            job: None,
            graph: None,
            task_manager: None,
            logger: "".into(),
            pattern: None,
            exception: None,
            text,
            pause: None,
        }
    }
}

/// Time of a line of a GC log: its own, or that since the start of its JVM.
#[derive(Debug, Clone, Copy)]
pub struct PauseTime {
    pub epoch_ms: Option<i64>,
    pub uptime_ms: Option<f64>,
}

/// What `events` keeps, asked before an event costs memory.
#[derive(Debug)]
pub struct Wanted {
    /// Kinds or their first parts; none = all.
    pub kinds: Vec<String>,
    pub level: Option<Level>,
    /// Most events that are kept over all sources.
    pub most: u64,
    kept: AtomicU64,
    omitted: AtomicU64,
    /// Jobs of execution graphs: JobManagers tell, TaskManagers of 1.16 and later name only the graph.
    graphs: Mutex<FxHashMap<u128, JobId>>,
}

impl Wanted {
    /// Wants kinds that begin with one of `kinds` (all where there are none) at `level` or above.
    pub fn new(kinds: Vec<String>, level: Option<Level>, most: u64) -> Self {
        Wanted { kinds, level, most, kept: AtomicU64::new(0), omitted: AtomicU64::new(0), graphs: Mutex::default() }
    }

    /// Events that were wanted and not kept because there were too many.
    pub fn omitted(&self) -> u64 {
        self.omitted.load(Ordering::Relaxed)
    }

    /// Is an event of this kind and level asked for?
    pub fn wants(&self, kind: &str, level: Level) -> bool {
        self.level.is_none_or(|least| level >= least)
            && (self.kinds.is_empty()
                || self.kinds.iter().any(|wanted| kind.strip_prefix(wanted.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))))
    }

    /// The job of an event that names its execution graph alone, where any source told it.
    pub fn job_of_graph(&self, graph: u128) -> Option<JobId> {
        self.graphs.lock().ok()?.get(&graph).copied()
    }

    fn note_graph(&self, graph: u128, job: JobId) {
        if let Ok(mut graphs) = self.graphs.lock()
            && graphs.len() < 100_000
        {
            graphs.insert(graph, job);
        }
    }

    fn room(&self) -> bool {
        let room = self.kept.fetch_add(1, Ordering::Relaxed) < self.most;
        if !room {
            self.omitted.fetch_add(1, Ordering::Relaxed);
        }
        room
    }
}

impl Onlooker for Wanted {
    fn source(&self, _: &str, _: &scan::Place) -> Option<Box<dyn Look + '_>> {
        Some(Box::new(Lister::new(self)))
    }
}

/// Lists the events of one source.
pub struct Lister<'w> {
    wanted: &'w Wanted,
    day: DayCounter,
    current: Option<JobId>,
    gc: Option<gc::Machine>,
    events: Vec<Event>,
}

impl<'w> Lister<'w> {
    /// An empty one.
    pub fn new(wanted: &'w Wanted) -> Self {
        let gc = wanted.wants(PAUSE, Level::Info).then(gc::Machine::telling);
        Lister { wanted, day: DayCounter::default(), current: None, gc, events: Vec::new() }
    }

    fn pauses(&mut self, pauses: Vec<gc::Pause>) {
        for pause in pauses {
            if !self.wanted.room() {
                continue;
            }
            let cause = if pause.cause.is_empty() { pause.kind.slug() } else { &*pause.cause };
            let event = Event::plain(PAUSE, pause.place.line, format!("{:.1} ms pause: {cause}", pause.ms).into());
            self.events.push(Event { pause: Some(PauseTime { epoch_ms: pause.epoch_ms, uptime_ms: pause.uptime_ms }), ..event });
        }
    }

    fn found(&mut self, chunk: &[u8], found: &Found, lines: u64, bytes: u64) {
        let ms = found.stamp.map(|stamp| self.day.settle(stamp));
        let (job, task_manager) = self.about(found.kind.as_ref());
        let matter = found.matter.as_ref();
        let kind = match (&found.kind, matter) {
            (Some(kind), _) => kind_name(kind),
            (None, Some(matter)) if matter.benign.is_some() => "benign",
            (None, Some(matter)) if matter.thrown.is_some() => "exception",
            (None, Some(matter)) if matter.pattern.is_some() => "problem",
            _ => "log",
        };
        if !self.wanted.wants(kind, found.level) || !self.wanted.room() {
            return;
        }
        let _ = bytes;
        let raw = chunk.get(found.span.byte..found.span.byte + found.span.bytes).unwrap_or_default();
        self.events.push(Event {
            ms,
            line: lines + found.span.line + 1,
            level: found.level,
            kind,
            job,
            graph: match &found.kind {
                Some(Kind::TaskState { task, .. } | Kind::TaskDeployed { task, .. }) if job.is_none() => graph_of(task),
                _ => None,
            },
            task_manager,
            logger: String::from_utf8_lossy(found.logger.name(chunk)).as_ref().into(),
            pattern: matter.and_then(|m| m.pattern.or(m.benign).or(m.recovery).or_else(|| m.thrown.as_ref()?.pattern.map(|(p, _)| p))),
            exception: matter.and_then(|m| m.thrown.as_ref()).map(|t| t.trace.fingerprint),
            text: words(found.kind.as_ref(), raw),
            pause: None,
        });
    }

    /// The job and the TaskManager that an event is about. Task events before 1.16 name no job: it is the one named last.
    fn about(&mut self, kind: Option<&Kind>) -> (Option<JobId>, Option<Str>) {
        let Some(kind) = kind else { return (None, None) };
        if let Kind::GraphCreated { graph, job } = kind {
            self.wanted.note_graph(graph.0, *job);
        }
        if let Some(job) = kind.job() {
            self.current = Some(job);
            return (Some(job), None);
        }
        match kind {
            Kind::TaskState { task, location, .. } => (self.job_of_task(task), location.as_deref().map(resource)),
            Kind::TaskDeployed { task, location } => (self.job_of_task(task), Some(resource(location))),
            Kind::TasksToRestart { .. } | Kind::GlobalFailure | Kind::AdaptiveRestart { .. } | Kind::LegacyRegionRestart { .. } => (self.current, None),
            Kind::TmRegistering { id, .. } | Kind::TmLost { id, .. } | Kind::WorkerTerminated { id, .. } | Kind::WorkerStopping { id } => {
                (None, Some(id.clone()))
            }
            Kind::ContainerStarted { id } | Kind::TmIdentity { id } => (None, Some(id.clone())),
            _ => (None, None),
        }
    }

    fn job_of_task(&self, task: &Task) -> Option<JobId> {
        match graph_of(task) {
            Some(graph) => self.wanted.job_of_graph(graph),
            None => self.current,
        }
    }
}

impl Look for Lister<'_> {
    fn chunk(&mut self, chunk: &[u8], result: &ChunkResult, lines: u64, bytes: u64) {
        // Ordinary lines travel apart from the rest; both are in order of place.
        let mut steps = result.steps.iter().peekable();
        let of_step = |step: &FoundStep| Found { logger: Logger::At(0..0), ..step.found(chunk) };
        for found in &result.found {
            while let Some(step) = steps.next_if(|step| step.span.byte < found.span.byte) {
                self.found(chunk, &of_step(step), lines, bytes);
            }
            self.found(chunk, found, lines, bytes);
        }
        for step in steps {
            self.found(chunk, &of_step(step), lines, bytes);
        }
        if let Some(gc) = &mut self.gc {
            for (span, reading) in &result.gc {
                let text = chunk.get(span.byte..span.byte + span.bytes).unwrap_or_default();
                gc.take(gc::Place { line: lines + span.line + 1, byte: bytes + span.byte as u64 }, text, reading, None);
            }
            let pauses = gc.take_pauses(false);
            self.pauses(pauses);
        }
    }

    fn finish(&mut self) {
        if let Some(gc) = &mut self.gc {
            let pauses = gc.take_pauses(true);
            self.pauses(pauses);
        }
    }

    fn take(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}

/// The TaskManager's id in a location.
fn resource(location: &str) -> Str {
    String::from_utf8_lossy(crate::classify::text::resource_id(location.as_bytes())).as_ref().into()
}

fn graph_of(task: &Task) -> Option<u128> {
    match task.execution.as_deref() {
        Some(ExecutionId::Composite { graph, .. }) => Some(graph.0),
        _ => None,
    }
}

/// The dotted kind of an event, as the report's time line names it.
pub fn kind_name(kind: &Kind) -> &'static str {
    use Kind::*;
    match kind {
        JobState { .. } | JobTerminal { .. } => "job.state",
        JobSubmitted { .. } => "job.submitted",
        JobStarted { .. } => "job.started",
        JobRecovering { .. } => "job.recovering",
        JobNotRunning { .. } => "job.not-running",
        RestartStrategy { .. } => "job.restart-strategy",
        GraphCreated { .. } => "attempt.start",
        TasksToRestart { .. } | AdaptiveRestart { .. } | LegacyRegionRestart { .. } => "restart.scheduled",
        GlobalFailure => "job.global-failure",
        TaskState { to: crate::event::TaskState::Failed, .. } => "task.failed",
        TaskState { .. } => "task.state",
        TaskDeployed { .. } => "task.deployed",
        CheckpointTriggered { savepoint: true, .. } => "savepoint.triggered",
        CheckpointTriggered { .. } => "checkpoint.triggered",
        CheckpointCompleted { .. } => "checkpoint.completed",
        CheckpointExpired { .. } | CheckpointDeclined { .. } | CheckpointFailed { .. } | CheckpointNotTriggered { .. } => "checkpoint.failed",
        Restored { .. } | RestoredNothing | RestoreFromSavepoint { .. } => "job.restored",
        SavepointRequested { .. } => "savepoint.requested",
        CheckpointStorage { .. } => "checkpoint.storage",
        TmRegistering { .. } => "tm.registered",
        TmLost { why: TmLoss::Released, .. } => "tm.released",
        TmLost { .. } => "tm.lost",
        WorkerTerminated { .. } => "container.exited",
        WorkerStopping { .. } => "container.stopping",
        WorkersRequested { .. } => "container.requested",
        ContainersReceived { .. } => "container.allocated",
        ContainerStarted { .. } => "container.started",
        TmIdentity { .. } => "process.identity",
        ProcessStart { .. } => "process.start",
        Banner { .. } => "process.banner",
        Config { .. } => "process.config",
        Signal { .. } | ExitCode { .. } | ShuttingDown { .. } => "process.stop",
        Fatal { .. } => "process.fatal",
        LeaderGranted | LeaderRevoked => "leader.change",
        ConnectionToZooKeeper { .. } => "zookeeper.connection",
        Metrics(_) | Collectors { .. } | HeapUsage { .. } => "process.metrics",
        HostPause { .. } => "process.pause",
        JobSeen { .. } => "job.seen",
        SavepointKept { .. } => "savepoint.completed",
        PlatformEnd { .. } => "container.exited",
        NodeDown { .. } => "node.lost",
    }
}

/// All kinds that events can have.
pub const KINDS: &[&str] = &[
    "attempt.start",
    "benign",
    "checkpoint.completed",
    "checkpoint.failed",
    "checkpoint.storage",
    "checkpoint.triggered",
    "container.allocated",
    "container.exited",
    "container.requested",
    "container.started",
    "container.stopping",
    "exception",
    "gc.pause",
    "job.global-failure",
    "job.not-running",
    "job.recovering",
    "job.restart-strategy",
    "job.restored",
    "job.seen",
    "job.started",
    "job.state",
    "job.submitted",
    "k8s",
    "leader.change",
    "log",
    "node.lost",
    "problem",
    "process.banner",
    "process.config",
    "process.fatal",
    "process.identity",
    "process.metrics",
    "process.pause",
    "process.start",
    "process.stop",
    "restart.scheduled",
    "savepoint.completed",
    "savepoint.requested",
    "savepoint.triggered",
    "task.deployed",
    "task.failed",
    "task.state",
    "tm.lost",
    "tm.registered",
    "tm.released",
    "zookeeper.connection",
];

/// The message of a record's first line. Values of secret keys are masked.
fn words(kind: Option<&Kind>, raw: &[u8]) -> Box<str> {
    match kind {
        Some(Kind::Config { key, value }) => format!("{key}: {}", masked(key, value)).into(),
        Some(Kind::Banner { key: BannerKey::JvmOption | BannerKey::ProgramArgument, value }) => match value.split_once('=') {
            Some((key, secret)) => format!("{key}={}", masked(key, secret)).into(),
            None => value.as_ref().into(),
        },
        _ => {
            let text = message(raw);
            let cut = &text[..text.len().min(MAX_TEXT)];
            String::from_utf8_lossy(cut).trim_end().into()
        }
    }
}

fn masked<'v>(key: &str, value: &'v str) -> &'v str {
    if crate::report::redact::is_secret_key(key) { crate::report::redact::SECRET } else { value }
}

fn message(raw: &[u8]) -> std::borrow::Cow<'_, [u8]> {
    use std::borrow::Cow;
    let line = first_line(raw);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if line.first() == Some(&b'{')
        && let Some(record) = json::parse(line)
    {
        return Cow::Owned(first_line(record.text.as_bytes()).to_vec());
    }
    let bare = ansi::strip(line);
    let mut clock = DayClock::default();
    let at = layout::shipped(&bare, &mut clock)
        .or_else(|| layout::general(&bare, Lacks::Level))
        .or_else(|| layout::general(&bare, Lacks::Time))
        .map(|head| head.message.as_ptr() as usize - bare.as_ptr() as usize);
    match (at, bare) {
        (Some(at), Cow::Borrowed(line)) => Cow::Borrowed(line.get(at..).unwrap_or_default()),
        (Some(at), Cow::Owned(line)) => Cow::Owned(line.get(at..).unwrap_or_default().to_vec()),
        (None, line) => line,
    }
}

/// The record of a source that contains a line: for `patterns new`.
pub struct RecordAt {
    /// 1-based.
    pub line: u64,
    found: Mutex<Option<Vec<u8>>>,
}

impl RecordAt {
    /// Looks for the record with this line.
    pub fn new(line: u64) -> Self {
        RecordAt { line, found: Mutex::new(None) }
    }

    /// Its text, from the head to the last line that goes on it; of the first source that has such a line.
    pub fn into_text(self) -> Option<Vec<u8>> {
        self.found.into_inner().unwrap_or_else(|e| e.into_inner())
    }
}

impl Onlooker for RecordAt {
    fn source(&self, _: &str, _: &scan::Place) -> Option<Box<dyn Look + '_>> {
        Some(Box::new(Seeker(self)))
    }
}

struct Seeker<'r>(&'r RecordAt);

impl Look for Seeker<'_> {
    fn chunk(&mut self, chunk: &[u8], result: &ChunkResult, lines: u64, _: u64) {
        let Some(inside) = self.0.line.checked_sub(lines + 1).filter(|inside| *inside < result.lines) else { return };
        let Ok(mut found) = self.0.found.lock() else { return };
        if found.is_some() {
            return;
        }
        let headed = result.layouts.iter().sum::<u64>() > 0;
        let mode = crate::record::Mode { headed, lacks: Lacks::Nothing, gc: crate::record::GcLines::No, process: None };
        let mut record: Vec<u8> = Vec::new();
        for (i, line) in chunk.split_inclusive(|b| *b == b'\n').enumerate() {
            if crate::record::begins(line.strip_suffix(b"\n").unwrap_or(line), mode) {
                if i as u64 > inside {
                    break;
                }
                record.clear();
            }
            record.extend_from_slice(line);
        }
        *found = Some(record);
    }
}

/// Whether a place is still what it was: gathers the bytes of wanted places while a source is read again.
pub struct Witness {
    /// Wanted places with the source that each belongs to.
    wanted: Vec<(Key, Vec<Place>)>,
    seen: Mutex<Vec<(Key, Vec<Vec<u8>>)>>,
}

/// Path, container and log of a source.
pub type Key = (String, Option<String>, Option<String>);

impl Witness {
    /// Gathers these places.
    pub fn new(wanted: Vec<(Key, Vec<Place>)>) -> Self {
        Witness { wanted, seen: Mutex::default() }
    }

    /// The bytes of every wanted place, in the order of the wanted ones, once per source of that key.
    pub fn into_seen(self) -> Vec<(Key, Vec<Vec<u8>>)> {
        self.seen.into_inner().unwrap_or_else(|e| e.into_inner())
    }
}

impl Onlooker for Witness {
    fn source(&self, path: &str, place: &scan::Place) -> Option<Box<dyn Look + '_>> {
        let key = (path.to_owned(), place.container.clone(), place.log_type.clone());
        let (_, places) = self.wanted.iter().find(|(wanted, _)| *wanted == key)?;
        Some(Box::new(Gatherer { witness: self, key, places, texts: vec![Vec::new(); places.len()] }))
    }
}

struct Gatherer<'w> {
    witness: &'w Witness,
    key: Key,
    places: &'w [Place],
    texts: Vec<Vec<u8>>,
}

impl Look for Gatherer<'_> {
    fn chunk(&mut self, chunk: &[u8], _: &ChunkResult, _: u64, bytes: u64) {
        let end = bytes + chunk.len() as u64;
        for (place, text) in self.places.iter().zip(&mut self.texts) {
            let (from, to) = (place.byte.max(bytes), place.byte.saturating_add(place.bytes.into()).min(end));
            if from < to {
                text.extend_from_slice(&chunk[(from - bytes) as usize..(to - bytes) as usize]);
            }
        }
    }

    fn finish(&mut self) {
        if let Ok(mut seen) = self.witness.seen.lock() {
            seen.push((self.key.clone(), std::mem::take(&mut self.texts)));
        }
    }
}
