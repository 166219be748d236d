//! Digests: everything that one source says, folded while it is read, so that memory does not grow with its length.
//!
//! In: chunk results in file order. Out: entries in file order (single events, or runs in which checkpoints and task transitions are added up), exception
//! groups, pattern hits, templates, process lives, silences. Knows nothing of other sources: `correlate` joins digests.

pub mod checkpoints;
pub mod folded;
pub mod life;
pub mod matters;
pub mod memory_log;
pub mod quantiles;
pub mod quotes;
pub mod starts;

use std::sync::{Arc, LazyLock};

use aho_corasick::AhoCorasick;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::classify::checkpoint::{Step, StepKind};
use crate::classify::task::Move;
use crate::event::{CheckpointReason, ExecutionId, GraphId, JobId, JobState, Kind, Str, Task, TaskState};
use crate::gc;
use crate::jvm::{self, JvmText};
use crate::layout::time::{Date, Stamp};
use crate::layout::{Layout, Level};
use crate::record::gaps::{Gap, Gaps};
use crate::record::{ChunkResult, Found, FoundStep, Routine, Span};
use checkpoints::{CheckpointRun, CheckpointTracker, Completed, Failure, FailureWords};
use folded::{Folded, MOST_JOBS, most_jobs};
use life::{Cited, Life};
use matters::Matters;
use memory_log::MemoryLog;
use quotes::{QuoteId, Quotes, quote_of};
use starts::{FoldedStarts, most_starts};

/// Entries from which on single ones of the middle are given up and counted.
const MAX_ENTRIES: usize = 200_000;
/// Entries that one source may keep at all.
const MOST_ENTRIES: usize = 1_000_000;
/// The same of a log that is followed.
const ROOM_FOLLOWING: usize = 10_000;
/// Process lives of one source; later ones replace the last and are counted.
const MAX_LIVES: usize = 10_000;
/// Process lives of which a log that is followed keeps the configuration.
const LIVES_FOLLOWING: usize = 50;
/// Process lives, the first and the last of one source, whose configuration lines can be cited; a report lists no more processes.
const LIVES_CITED: usize = 1_000;
/// Lines of start banners that one source quotes.
const MAX_BANNER_QUOTES: usize = 20_000;
/// Texts about where checkpoints are stored that are known again.
const MAX_STORAGES: usize = 8;
/// Subtasks whose last deployment is remembered.
const MAX_DEPLOYMENTS: usize = 50_000;
/// Lines of long GC pauses that are kept.
const MAX_GC_QUOTES: usize = 2_000;
/// Lines of trouble that are kept, as long as there are no more than this of all kinds.
const MAX_TROUBLE_QUOTES: usize = 200;
/// Quotes of thread dumps.
const MAX_JVM_QUOTES: usize = 128;

/// Words of the lines that show what a healthy GC log has none or little of.
static TROUBLE: LazyLock<AhoCorasick> = LazyLock::new(|| {
    let words = ["Full ", "Degenerated", "Allocation Stall", "xhausted", "ation failed", "Failure)", "mode failure", "System.gc()", "Metadata GC", "Humongous"];
    #[allow(clippy::expect_used)]
    AhoCorasick::new(words).expect("a few literals")
});

/// Silences that are kept; the shortest go first.
const MAX_GAPS: usize = 4_096;

/// A place in a decoded source: line from 1, byte from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Place {
    pub line: u64,
    pub lines: u32,
    pub byte: u64,
    pub bytes: u32,
}

impl Place {
    /// The place of a span of a chunk that begins with this line and byte of the source. Spans are far shorter than 4 GB.
    fn of(span: Span, line_base: u64, byte_base: u64) -> Place {
        let short = |length: u64| u32::try_from(length).unwrap_or(u32::MAX);
        Place { line: line_base + span.line + 1, lines: short(span.lines), byte: byte_base + span.byte as u64, bytes: short(span.bytes as u64) }
    }
}

/// Words of the log that evidence can cite.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quote {
    pub place: Place,
    pub sha256: [u8; 32],
    pub text: Str,
}

/// One thing that a source says, in file order.
#[derive(Debug, Clone)]
pub struct Entry {
    /// As the log shows it: its zone is settled by `correlate`.
    pub ms: Option<i64>,
    pub place: Place,
    pub level: Level,
    /// Its words, for [`SourceDigest::quote`].
    pub quote: Option<QuoteId>,
    /// Fingerprint of the exception that goes with it.
    pub exception: Option<u64>,
    /// Index of the pattern that its text fits.
    pub pattern: Option<u16>,
    pub what: What,
}

/// What an entry says of its record, whatever it holds.
#[derive(Debug, Clone, Copy)]
struct At {
    ms: Option<i64>,
    place: Place,
    level: Level,
    quote: Option<QuoteId>,
    exception: Option<u64>,
    pattern: Option<u16>,
}

impl At {
    fn entry(self, what: What) -> Entry {
        let At { ms, place, level, quote, exception, pattern } = self;
        Entry { ms, place, level, quote, exception, pattern, what }
    }
}

/// What an entry holds.
#[derive(Debug, Clone)]
pub enum What {
    Event(Kind),
    /// The job of a task is known from the lines around it.
    TaskFailed {
        job: Option<JobId>,
        failure: Box<TaskFailure>,
    },
    Checkpoints {
        job: JobId,
        run: Box<CheckpointRun>,
    },
    Tasks {
        job: Option<JobId>,
        run: TaskRun,
    },
    /// A record of level WARN or above, or with a stack trace, that is no event.
    Problem {
        logger: Str,
    },
}

impl What {
    /// The job that it names.
    pub fn job(&self) -> Option<JobId> {
        match self {
            What::Checkpoints { job, .. } => Some(*job),
            What::TaskFailed { job, .. } | What::Tasks { job, .. } => *job,
            What::Event(kind) => kind.job(),
            What::Problem { .. } => None,
        }
    }
}

/// A task that failed.
#[derive(Debug, Clone, PartialEq)]
pub struct TaskFailure {
    pub task: Task,
    /// Where it was deployed.
    pub location: Option<Str>,
    pub on_task_manager: bool,
}

/// Task transitions between two other events.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TaskRun {
    pub running: u64,
    pub last_running_ms: Option<i64>,
    pub last_finished_ms: Option<i64>,
}

/// A stretch without a record, and the record after it.
#[derive(Debug, Clone)]
pub struct Silence {
    pub gap: Gap,
    pub place: Place,
    pub quote: Option<QuoteId>,
}

/// Where a subtask was deployed last.
#[derive(Debug, Clone)]
pub struct DeployedTo {
    pub task: Task,
    pub location: Str,
    pub job: Option<JobId>,
}

/// Everything that one source says.
#[derive(Clone, Debug)]
pub struct SourceDigest {
    pub bytes: u64,
    pub lines: u64,
    pub records: u64,
    pub unparsed_lines: u64,
    pub capped_lines: u64,
    pub first: Option<Stamp>,
    pub last: Option<Stamp>,
    pub span_ms: Option<(i64, i64)>,
    /// The offset that stamps state themselves.
    pub stated_offset: Option<i16>,
    pub layouts: [u64; Layout::COUNT],
    pub entries: Vec<Entry>,
    pub entries_omitted: u64,
    /// Jobs of which nothing but a count is left.
    pub folded: Folded,
    /// Lives of which nothing but a count is left.
    pub folded_starts: FoldedStarts,
    pub quotes: Quotes,
    /// Words of banners and configuration lines: what stands in between must not take their room.
    quotes_of_starts: Quotes,
    pub matters: Matters,
    /// Lives of the process that wrote here, until `correlate` moves them into its processes.
    pub lives: Vec<Life>,
    /// A start banner is among the lines.
    pub has_banner: bool,
    pub gaps: Vec<Silence>,
    /// The last record.
    pub last_quote: Option<Arc<Quote>>,
    /// Lines of long GC pauses, by line.
    pub gc_quotes: Vec<Arc<Quote>>,
    /// Jobs in order of appearance, with their checkpoints under way, until `correlate` has followed them.
    pub trackers: Vec<(JobId, CheckpointTracker)>,
    pub deployments: Vec<DeployedTo>,
    /// `epoch ms − shown ms` of checkpoint trigger lines: the source's offset.
    pub clock_samples: Vec<i64>,
    pub gc: Option<gc::GcLog>,
    pub jvm: JvmText,
    /// Where thread dumps and the deadlocks in them begin, by line.
    pub jvm_quotes: Vec<Arc<Quote>>,
    pub memory_log: MemoryLog,
    /// Smallest Flink version hint: 1.14 on logs checkpoints by CheckpointFailureManager.
    pub loggers_of_114: bool,
}

/// Folds one source. A copy can be finished while the original goes on (`follow`).
#[derive(Clone)]
pub struct Builder {
    digest: SourceDigest,
    /// Entries there is room for, and how many there may be room for at most.
    room: usize,
    most: usize,
    /// Jobs that are kept whole, and how many there may be before some are folded.
    jobs: FxHashSet<JobId>,
    most_jobs: usize,
    /// The first and the last jobs of each kind of trouble that stay when some are folded.
    kept_jobs: usize,
    /// Lives there may be before some are folded, and how many stay then, the first and the last, of those that ended alike.
    most_starts: usize,
    kept_starts: usize,
    /// Process lives of which all is kept.
    whole_lives: usize,
    gc: gc::Machine,
    gc_seen: bool,
    jvm: jvm::Reader,
    banner_quotes: usize,
    settings: life::Shared,
    /// Open checkpoint run and task run per job: index of the entry.
    open_runs: FxHashMap<JobId, usize>,
    /// The run that was added to last, as long as it is open, and its tracker: checkpoints of one job follow one another.
    last_run: Option<(JobId, usize, usize)>,
    open_tasks: Option<(Option<JobId>, usize)>,
    tracker_of: FxHashMap<JobId, usize>,
    graphs: FxHashMap<GraphId, JobId>,
    /// Graphs of which no record told the job: that of the moment when their tasks were seen first, until it is over.
    guessed: FxHashMap<GraphId, JobId>,
    vertices: FxHashMap<(Str, u32), JobId>,
    deployed: FxHashMap<(Str, u32), DeployedTo>,
    current_job: Option<JobId>,
    /// What was said of checkpoint storage since a job was named last: every task says it again.
    storages: Vec<Str>,
    gap_floor: i64,
    /// Does the burst after the last gap go on?
    gap_open: bool,
    last_ms: Option<i64>,
    /// Time of the last record with a full date, whether it said something or not.
    last_record_ms: Option<i64>,
    day: DayCounter,
}

/// Adds days to stamps without a date when their time of day falls back.
#[derive(Clone, Debug, Default)]
pub struct DayCounter {
    last: Option<i64>,
    days: i64,
}

impl DayCounter {
    /// The stamp in milliseconds, days added.
    pub fn settle(&mut self, stamp: Stamp) -> i64 {
        if stamp.date != Date::None {
            return stamp.ms;
        }
        // Back by more than half a day is midnight; less is disorder between threads.
        if self.last.is_some_and(|last| last - stamp.ms > 43_200_000) {
            self.days += 1;
        }
        self.last = Some(stamp.ms);
        stamp.ms + self.days * 86_400_000
    }
}

impl Default for Builder {
    fn default() -> Self {
        Builder::new()
    }
}

impl Builder {
    /// An empty digest of a log that never ends: it keeps less of what was.
    pub fn following() -> Self {
        Builder { room: ROOM_FOLLOWING, most: 2 * ROOM_FOLLOWING, whole_lives: LIVES_FOLLOWING, ..Builder::new() }
    }

    /// An empty digest.
    pub fn new() -> Self {
        let digest = SourceDigest {
            bytes: 0,
            lines: 0,
            records: 0,
            unparsed_lines: 0,
            capped_lines: 0,
            first: None,
            last: None,
            span_ms: None,
            stated_offset: None,
            layouts: [0; Layout::COUNT],
            entries: Vec::new(),
            entries_omitted: 0,
            folded: Folded::default(),
            folded_starts: FoldedStarts::default(),
            quotes: Quotes::default(),
            quotes_of_starts: Quotes::default(),
            matters: Matters::default(),
            lives: Vec::new(),
            has_banner: false,
            gaps: Vec::new(),
            last_quote: None,
            gc_quotes: Vec::new(),
            trackers: Vec::new(),
            deployments: Vec::new(),
            clock_samples: Vec::new(),
            gc: None,
            jvm: JvmText::default(),
            jvm_quotes: Vec::new(),
            memory_log: MemoryLog::default(),
            loggers_of_114: false,
        };
        Builder {
            digest,
            gc: gc::Machine::new(),
            gc_seen: false,
            jvm: jvm::Reader::default(),
            banner_quotes: 0,
            settings: life::Shared::default(),
            storages: Vec::new(),
            room: MAX_ENTRIES,
            most: MOST_ENTRIES,
            jobs: FxHashSet::default(),
            most_jobs: MOST_JOBS,
            kept_jobs: MOST_JOBS / 10,
            most_starts: most_starts(1),
            kept_starts: most_starts(1) / 8,
            whole_lives: usize::MAX,
            open_runs: FxHashMap::default(),
            last_run: None,
            open_tasks: None,
            tracker_of: FxHashMap::default(),
            graphs: FxHashMap::default(),
            guessed: FxHashMap::default(),
            vertices: FxHashMap::default(),
            deployed: FxHashMap::default(),
            current_job: None,
            gap_floor: crate::record::gaps::MIN_GAP_MS,
            gap_open: false,
            last_ms: None,
            last_record_ms: None,
            day: DayCounter::default(),
        }
    }

    /// Shares what is kept of jobs and starts with the other `files` of one appender.
    pub fn one_of(files: usize) -> Self {
        let (most_jobs, most_starts) = (most_jobs(files), most_starts(files));
        Builder { most_jobs, kept_jobs: most_jobs / 10, most_starts, kept_starts: most_starts / 8, ..Builder::new() }
    }

    /// Keeps all jobs and starts: where somebody asks for some jobs or for some time, which may lie in the middle.
    pub fn with_all_jobs() -> Self {
        Builder { most_jobs: usize::MAX, most_starts: usize::MAX, ..Builder::new() }
    }

    /// Takes the next chunk and what was found in it. Out: the emptied result.
    pub fn absorb(&mut self, chunk: &[u8], mut result: ChunkResult) -> ChunkResult {
        let (line_base, byte_base) = (self.digest.lines, self.digest.bytes);
        self.gaps(chunk, &result.gaps, line_base, byte_base);
        if let Some((line, byte)) = result.last_record {
            self.digest.last_quote = line_quote(chunk, byte, Place { line: line_base + line + 1, lines: 1, byte: byte_base + byte as u64, bytes: 0 });
        }
        for (span, reading) in &result.gc {
            let text = &chunk[span.byte..span.byte + span.bytes];
            self.gc.take(gc::Place { line: line_base + span.line + 1, byte: byte_base + span.byte as u64 }, text, reading, None);
            self.gc_seen = true;
            // The first line stands for the log as a whole.
            let quotes = self.digest.gc_quotes.len();
            if quotes < MAX_GC_QUOTES && (quotes == 0 || shows_long_pause(text) || quotes < MAX_TROUBLE_QUOTES && TROUBLE.is_match(text)) {
                let place = Place { line: line_base + span.line + 1, lines: 1, byte: byte_base + span.byte as u64, bytes: 0 };
                self.digest.gc_quotes.extend(line_quote(chunk, span.byte, place));
            }
        }
        self.jvm_lines(chunk, &result.jvm, line_base, byte_base);
        let mut steps = result.steps.iter().peekable();
        for found in result.found.drain(..) {
            while let Some(step) = steps.next_if(|step| step.span.byte < found.span.byte) {
                self.make_room();
                self.step(chunk, step, line_base, byte_base);
            }
            self.make_room();
            self.found(chunk, found, line_base, byte_base);
        }
        for step in steps {
            self.make_room();
            self.step(chunk, step, line_base, byte_base);
        }
        let digest = &mut self.digest;
        digest.bytes += chunk.len() as u64;
        digest.lines += result.lines;
        digest.records += result.records;
        digest.unparsed_lines += result.unparsed_lines;
        digest.capped_lines += result.capped_lines;
        digest.first = digest.first.or(result.first);
        digest.last = result.last.or(digest.last);
        self.last_record_ms = result.last.filter(|s| s.date == Date::Full).map(|s| s.ms).or(self.last_record_ms);
        if let Some((low, high)) = result.span_ms {
            let span = digest.span_ms.get_or_insert((low, high));
            *span = (span.0.min(low), span.1.max(high));
        }
        for (sum, count) in digest.layouts.iter_mut().zip(result.layouts) {
            *sum += count;
        }
        if digest.stated_offset.is_none() {
            digest.stated_offset = digest.first.and_then(|stamp| stamp.offset_minutes);
        }
        result.emptied()
    }

    /// Counts lines that were passed over because a line or record was too long. The line in which the cut lies was counted with its chunk.
    pub fn pass_over(&mut self, bytes: u64, lines: u64) {
        self.digest.bytes += bytes;
        self.digest.lines += lines;
        self.digest.capped_lines += lines;
    }

    /// The digest.
    pub fn finish(mut self) -> SourceDigest {
        if self.gc_seen {
            self.digest.gc = Some(self.gc.finish());
        }
        let mut deployments: Vec<_> = self.deployed.into_values().collect();
        deployments.sort_by(|a, b| (&a.task.vertex, a.task.subtask).cmp(&(&b.task.vertex, b.task.subtask)));
        self.digest.deployments = deployments;
        self.digest.jvm = self.jvm.finish();
        self.digest.matters.finish();
        if let Some(life) = self.digest.lives.last_mut() {
            life.end_ms = life.end_ms.or(self.last_ms);
            self.settings.settle(life);
        }
        self.digest.entries.shrink_to_fit();
        self.digest.has_banner = self.digest.lives.iter().any(|life| life.component.is_some());
        self.digest
    }

    /// Reads what the JVM says: what the chunk before left open, and what begins at these lines.
    fn jvm_lines(&mut self, chunk: &[u8], begins: &[(u64, usize)], line_base: u64, byte_base: u64) {
        let going_on = self.jvm.reading().then_some((0, 0));
        let mut read_to = 0;
        for (mut number, mut start) in going_on.into_iter().chain(begins.iter().copied()) {
            if start < read_to {
                continue;
            }
            while start < chunk.len() {
                let end = memchr::memchr(b'\n', &chunk[start..]).map_or(chunk.len(), |length| start + length);
                let line = &chunk[start..end];
                let place = Place { line: line_base + number + 1, lines: 1, byte: byte_base + start as u64, bytes: 0 };
                self.jvm.line(gc::Place { line: place.line, byte: place.byte }, line);
                if jvm::thread_dump::may_be_cited(line) && self.digest.jvm_quotes.len() < MAX_JVM_QUOTES {
                    self.digest.jvm_quotes.extend(line_quote(chunk, start, place));
                }
                (number, start) = (number + 1, end + 1);
                if !self.jvm.reading() {
                    break;
                }
            }
            read_to = start;
        }
    }

    fn gaps(&mut self, chunk: &[u8], gaps: &Gaps, line_base: u64, byte_base: u64) {
        let mut found = gaps.found.iter().copied();
        let Some(first) = found.next() else { return };
        let before = self.last_record_ms;
        if let Some(before) = before.filter(|before| first.from - before >= crate::record::gaps::MIN_GAP_MS) {
            self.gap(chunk, Gap { from: before, ..first }, line_base, byte_base);
            self.gap_open &= gaps.open || gaps.found.len() > 1;
        } else if self.gap_open
            && let Some(last) = self.digest.gaps.last_mut()
        {
            self.gap_open = gaps.go_on(&mut last.gap);
        }
        for gap in found {
            self.gap(chunk, gap, line_base, byte_base);
        }
        if gaps.found.len() > 1 {
            self.gap_open &= gaps.open;
        }
    }

    fn gap(&mut self, chunk: &[u8], gap: Gap, line_base: u64, byte_base: u64) {
        self.gap_open = gap.to - gap.from >= self.gap_floor;
        if !self.gap_open {
            return;
        }
        let place = Place { line: line_base + gap.line + 1, lines: 1, byte: byte_base + gap.byte as u64, bytes: 0 };
        let quote = self.digest.quotes.keep(crate::classify::text::first_line(chunk.get(gap.byte..).unwrap_or_default()));
        push_one(&mut self.digest.gaps, Silence { gap: Gap { line: place.line, ..gap }, place, quote });
        while self.digest.gaps.len() > MAX_GAPS {
            self.gap_floor *= 2;
            let floor = self.gap_floor;
            self.digest.gaps.retain(|s| s.gap.to - s.gap.from >= floor);
            self.gap_open &= gap.to - gap.from >= floor;
        }
    }

    #[inline]
    fn step(&mut self, chunk: &[u8], found: &FoundStep, line_base: u64, byte_base: u64) {
        let ms = found.stamp.map(|stamp| self.day.settle(stamp));
        self.last_ms = ms.or(self.last_ms);
        let place = Place::of(found.span, line_base, byte_base);
        let raw = &chunk[found.span.byte..found.span.byte + found.span.bytes];
        let at = At { ms, place, level: found.level, quote: None, exception: None, pattern: None };
        match found.step {
            Routine::Checkpoint(Step { job, id, what: StepKind::Triggered { at_ms, savepoint } }) => self.triggered(job, id, at_ms, savepoint, at, raw),
            Routine::Checkpoint(Step { job, id, what: StepKind::Completed { bytes, duration_ms } }) => {
                self.completed(job, id, bytes, duration_ms, at, raw);
            }
            Routine::Task(Move { graph, to, on_task_manager }) => {
                let job = self.job_of_graph(graph);
                if !on_task_manager || to == TaskState::Running {
                    self.task_transition(job, to, at, raw);
                }
            }
        }
    }

    fn found(&mut self, chunk: &[u8], found: Found, line_base: u64, byte_base: u64) {
        let ms = found.stamp.map(|stamp| self.day.settle(stamp));
        self.last_ms = ms.or(self.last_ms);
        let place = Place::of(found.span, line_base, byte_base);
        let raw = &chunk[found.span.byte..found.span.byte + found.span.bytes];
        let mut at = At { ms, place, level: found.level, quote: None, exception: None, pattern: None };
        let logger = found.logger.name(chunk);
        let mut decisive = false;
        if let Some(matter) = &found.matter {
            let noted = self.digest.matters.note(matter, found.level, logger, ms, place, || Some(Arc::new(quote_of(raw, place))));
            at.exception = noted.exception;
            at.pattern = noted.pattern;
            decisive = noted.decisive;
        }
        match found.kind {
            Some(kind) => self.event(kind, at, raw, logger.ends_with(b"CheckpointFailureManager")),
            None if decisive => {
                let logger = self.digest.matters.logger(logger);
                self.push(at.entry(What::Problem { logger }), raw);
            }
            None => {}
        }
    }

    fn push(&mut self, mut entry: Entry, raw: &[u8]) -> usize {
        if entry.quote.is_none() && (entry.exception.is_some() || may_be_cited(&entry.what)) {
            entry.quote = self.digest.quotes.keep(raw);
        }
        self.jobs.extend(entry.what.job());
        push_one(&mut self.digest.entries, entry);
        self.digest.entries.len() - 1
    }

    /// Between two records: what is under way names entries and their words.
    fn make_room(&mut self) {
        if self.jobs.len() >= self.most_jobs {
            self.fold_jobs();
        }
        if self.digest.lives.len() >= self.most_starts {
            self.fold_starts();
        }
        if self.digest.entries.len() >= self.room {
            self.condense();
        }
    }

    /// Gives up jobs of the middle that are over.
    fn fold_jobs(&mut self) {
        let digest = &mut self.digest;
        let gone = digest.folded.choose(&digest.entries, &digest.trackers, self.kept_jobs);
        digest.forget_jobs(&gone);
        self.tracker_of = digest.trackers.iter().enumerate().map(|(at, (job, _))| (*job, at)).collect();
        self.jobs.retain(|job| !gone.contains(job));
        // Jobs that go on stay: to look for others again and again would take long.
        if self.jobs.len() > self.most_jobs / 4 * 3 {
            self.most_jobs *= 2;
        }
        self.break_runs(None);
    }

    /// Gives up lives of the middle in which no job is told of.
    fn fold_starts(&mut self) {
        let digest = &mut self.digest;
        let gone = starts::choose(&digest.lives, &digest.entries, self.kept_starts);
        if gone.contains(&true) {
            self.banner_quotes = digest.forget_lives(&gone);
            self.break_runs(None);
        }
        if self.digest.lives.len() > self.most_starts / 4 * 3 {
            self.most_starts *= 2;
        }
    }

    /// Makes room: single task failures and problems of the middle go, counted. States, runs and registrations, from which restarts and checkpoints are
    /// counted, stay as long as there is any room.
    fn condense(&mut self) {
        let before = self.digest.entries.len();
        let (low, high) = (before / 4, before / 4 * 3);
        let is_single = |what: &What| matches!(what, What::Problem { .. } | What::TaskFailed { .. } | What::Tasks { .. });
        let mut i = 0;
        self.digest.entries.retain(|entry| {
            i += 1;
            i <= low || i > high || !is_single(&entry.what)
        });
        if self.digest.entries.len() > self.room / 4 * 3 {
            if self.room < self.most {
                self.room = (self.room * 2).min(self.most);
            } else {
                let high = self.digest.entries.len() / 4 * 3;
                let mut i = 0;
                self.digest.entries.retain(|_| {
                    i += 1;
                    i <= low || i > high || i % 2 == 0
                });
            }
        }
        self.digest.entries_omitted += (before - self.digest.entries.len()) as u64;
        self.digest.forget_quotes();
        self.break_runs(None);
    }

    fn event(&mut self, kind: Kind, at: At, raw: &[u8], by_failure_manager: bool) {
        match kind {
            Kind::CheckpointTriggered { job, id, at_ms, savepoint } => self.triggered(job, id, at_ms, savepoint, at, raw),
            Kind::CheckpointCompleted { job, id, bytes, duration_ms } => self.completed(job, id, bytes, duration_ms, at, raw),
            Kind::CheckpointExpired { job, id } => self.checkpoint_failure(job, Some(id), CheckpointReason::Expired, None, at, raw),
            Kind::CheckpointDeclined { job, id, task, location } => {
                let task = location.map_or(task.clone(), |place| format!("{task} at {place}").into());
                self.checkpoint_failure(job, Some(id), CheckpointReason::Declined, Some(task), at, raw);
            }
            // Up to 1.10 a checkpoint that never got an id is not counted by the REST API, but it is a failure to explain.
            Kind::CheckpointFailed { id: None, counted: false, .. } => {
                self.push(at.entry(What::Event(kind)), raw);
            }
            Kind::CheckpointFailed { job, id, reason, .. } => {
                self.digest.loggers_of_114 |= by_failure_manager;
                self.checkpoint_failure(job, id, reason, None, at, raw);
            }
            Kind::CheckpointNotTriggered { job, reason, .. } => {
                self.digest.loggers_of_114 |= by_failure_manager;
                // Up to 1.13 the REST API does not count what was never triggered.
                if by_failure_manager {
                    self.checkpoint_failure(job, None, reason, None, at, raw);
                }
            }
            Kind::Collectors { time_ms, count } => {
                let quote = || Some(Arc::new(quote_of(raw, at.place)));
                self.digest.memory_log.collectors(at.ms, time_ms, count, quote);
            }
            Kind::HeapUsage { used, max } => self.digest.memory_log.heap(used, max),
            Kind::SavepointKept { id } => {
                if let Some(job) = self.current_job {
                    self.checkpoint(job, at, raw, |tracker, run| tracker.savepoint_kept(run, id));
                }
            }
            Kind::TaskState { task, to, location, on_task_manager, .. } => {
                let job = self.job_of(&task, to);
                if to == TaskState::Failed {
                    self.open_tasks = None;
                    let deployed = || self.deployed.get(&(task.vertex.clone(), task.subtask)).map(|d| d.location.clone());
                    let location = if on_task_manager { location } else { location.or_else(deployed) };
                    self.push(at.entry(What::TaskFailed { job, failure: Box::new(TaskFailure { task, location, on_task_manager }) }), raw);
                } else if !on_task_manager || to == TaskState::Running {
                    self.task_transition(job, to, at, raw);
                }
            }
            Kind::TaskDeployed { task, location } => {
                let job = self.job_of(&task, TaskState::Deploying);
                let key = (task.vertex.clone(), task.subtask);
                if self.deployed.len() < MAX_DEPLOYMENTS || self.deployed.contains_key(&key) {
                    self.deployed.insert(key, DeployedTo { task, location, job });
                }
            }
            Kind::JobState { job, to, .. } => {
                self.current_job = Some(job);
                self.storages.clear();
                if !matches!(to, JobState::Running | JobState::Created | JobState::Initializing) {
                    self.abort_pending(job, at, raw);
                }
                if to == JobState::Running || to == JobState::Suspended || to.is_globally_terminal() {
                    self.settle_aborted(job, at, raw);
                }
                if to.is_globally_terminal() {
                    self.guessed.retain(|_, guess| *guess != job);
                }
                self.break_runs(Some(job));
                self.push(at.entry(What::Event(kind)), raw);
            }
            Kind::GraphCreated { graph, job } => {
                self.current_job = Some(job);
                if self.graphs.len() < 100_000 {
                    self.graphs.insert(graph, job);
                }
                self.break_runs(Some(job));
                self.push(at.entry(What::Event(kind)), raw);
            }
            Kind::Banner { .. } | Kind::Config { .. } | Kind::ProcessStart { .. } => {
                if matches!(kind, Kind::ProcessStart { .. }) {
                    self.break_runs(None);
                    let before = self.digest.lives.last_mut();
                    if let Some(life) = before {
                        life.end_ms = life.end_ms.or(self.last_ms);
                        self.settings.settle(life);
                    }
                    if self.digest.lives.len() >= MAX_LIVES {
                        self.digest.lives.pop().iter().for_each(|life| self.digest.folded_starts.count(life));
                    }
                    let lives = self.digest.lives.len();
                    if lives > LIVES_CITED {
                        self.digest.lives[lives - LIVES_CITED / 2].cited.clear();
                    }
                    if let Some(old) = self.digest.lives.len().checked_sub(self.whole_lives).and_then(|at| self.digest.lives.get_mut(at)) {
                        old.forget_details();
                    }
                }
                let starts = matches!(kind, Kind::ProcessStart { .. });
                let (cited, quotes) = (&mut self.banner_quotes, &mut self.digest.quotes_of_starts);
                Life::note(&mut self.digest.lives, &kind, at.ms, at.place, || {
                    *cited += 1;
                    (*cited <= MAX_BANNER_QUOTES).then(|| Cited { place: at.place, quote: quotes.keep(raw) })
                });
                if starts {
                    self.push(at.entry(What::Event(kind)), raw);
                }
            }
            Kind::CheckpointStorage { text } => {
                if !self.storages.contains(&text) {
                    if self.storages.len() < MAX_STORAGES {
                        self.storages.push(text.clone());
                    }
                    self.open_tasks = None;
                    self.push(at.entry(What::Event(Kind::CheckpointStorage { text })), raw);
                }
            }
            other => {
                if matches!(other, Kind::JobSeen { .. }) {
                    self.storages.clear();
                }
                Life::note(&mut self.digest.lives, &other, at.ms, at.place, || None);
                self.open_tasks = None;
                if let Some(job) = job_of_event(&other) {
                    self.current_job = Some(job);
                    self.storages.clear();
                    self.break_runs(Some(job));
                }
                // Who a TaskManager is, its life says.
                if !matches!(other, Kind::TmIdentity { .. }) || at.exception.is_some() || at.pattern.is_some() {
                    self.push(at.entry(What::Event(other)), raw);
                }
            }
        }
    }

    fn job_of(&mut self, task: &Task, to: TaskState) -> Option<JobId> {
        if let Some(ExecutionId::Composite { graph, .. }) = task.execution.as_deref() {
            return self.job_of_graph(*graph);
        }
        let key = (task.vertex.clone(), task.parallelism);
        // Before 1.16 nothing in the line tells the job: it is the one whose state changed last when the task was scheduled.
        if to == TaskState::Scheduled
            && let (Some(job), true) = (self.current_job, self.vertices.len() < 100_000)
        {
            self.vertices.insert(key, job);
            return Some(job);
        }
        self.vertices.get(&key).copied().or(self.current_job)
    }

    fn job_of_graph(&mut self, graph: GraphId) -> Option<JobId> {
        if let Some(job) = self.graphs.get(&graph).or_else(|| self.guessed.get(&graph)) {
            return Some(*job);
        }
        if let (Some(job), true) = (self.current_job, self.guessed.len() < 100_000) {
            self.guessed.insert(graph, job);
        }
        self.current_job
    }

    fn task_transition(&mut self, job: Option<JobId>, to: TaskState, seen: At, raw: &[u8]) {
        let ms = seen.ms;
        let at = match self.open_tasks {
            Some((open, at)) if open == job => at,
            _ => {
                let at = self.push(seen.entry(What::Tasks { job, run: TaskRun::default() }), raw);
                self.open_tasks = Some((job, at));
                at
            }
        };
        let Some(Entry { what: What::Tasks { run, .. }, .. }) = self.digest.entries.get_mut(at) else { return };
        match to {
            TaskState::Running => {
                run.running += 1;
                run.last_running_ms = ms.or(run.last_running_ms);
            }
            TaskState::Finished => run.last_finished_ms = ms.or(run.last_finished_ms),
            _ => {}
        }
    }

    fn break_runs(&mut self, job: Option<JobId>) {
        self.open_tasks = None;
        self.last_run = None;
        match job {
            Some(job) => drop(self.open_runs.remove(&job)),
            None => self.open_runs.clear(),
        }
    }

    fn tracker(&mut self, job: JobId) -> usize {
        let trackers = &mut self.digest.trackers;
        *self.tracker_of.entry(job).or_insert_with(|| {
            push_one(trackers, (job, CheckpointTracker::default()));
            trackers.len() - 1
        })
    }

    /// Adds to the open run of checkpoints of a job; one that begins is entered here.
    #[inline]
    fn checkpoint(&mut self, job: JobId, at: At, raw: &[u8], apply: impl FnOnce(&mut CheckpointTracker, &mut CheckpointRun)) {
        let (entry, tracker) = match self.last_run {
            Some((last, entry, tracker)) if last == job => (entry, tracker),
            _ => self.open_run(job, at, raw),
        };
        let Some(Entry { what: What::Checkpoints { run, .. }, .. }) = self.digest.entries.get_mut(entry) else { return };
        run.last_ms = at.ms.or(run.last_ms);
        let tracker = &mut self.digest.trackers[tracker].1;
        tracker.last_line = at.place.line;
        apply(tracker, run);
    }

    #[inline(never)]
    fn open_run(&mut self, job: JobId, at: At, raw: &[u8]) -> (usize, usize) {
        let entry = match self.open_runs.get(&job) {
            Some(entry) => *entry,
            None => {
                let entry = self.push(at.entry(What::Checkpoints { job, run: Box::default() }), raw);
                self.open_runs.insert(job, entry);
                entry
            }
        };
        let tracker = self.tracker(job);
        self.last_run = Some((job, entry, tracker));
        (entry, tracker)
    }

    #[inline]
    fn triggered(&mut self, job: JobId, id: u64, at_ms: i64, savepoint: bool, at: At, raw: &[u8]) {
        if let Some(ms) = at.ms
            && self.digest.clock_samples.len() < 1000
        {
            self.digest.clock_samples.push(at_ms - ms);
        }
        self.checkpoint(job, at, raw, |tracker, run| tracker.triggered(run, id, savepoint, at.ms, at.place));
    }

    #[inline]
    fn completed(&mut self, job: JobId, id: u64, bytes: u64, duration_ms: u64, at: At, raw: &[u8]) {
        self.checkpoint(job, at, raw, |tracker, run| tracker.completed(run, Completed { id, ms: at.ms, duration_ms, bytes, place: at.place }));
    }

    fn checkpoint_failure(&mut self, job: JobId, id: Option<u64>, reason: CheckpointReason, task: Option<Str>, at: At, raw: &[u8]) {
        let at = At { quote: self.digest.quotes.keep(raw), ..at };
        let words = FailureWords::Told(at.quote);
        self.checkpoint(job, at, raw, |tracker, run| tracker.failed(run, Failure { id, ms: at.ms, reason, words, task, place: at.place }));
        // Failures also stand alone, so that diagnosis can cite them and patterns can name them.
        self.push(at.entry(What::Event(Kind::CheckpointFailed { job, id, reason, counted: true })), raw);
    }

    fn settle_aborted(&mut self, job: JobId, at: At, raw: &[u8]) {
        let aborting = self.tracker_of.get(&job).is_some_and(|tracker| self.digest.trackers[*tracker].1.is_aborting());
        if aborting {
            self.checkpoint(job, at, raw, |tracker, run| tracker.settle(run));
        }
    }

    fn abort_pending(&mut self, job: JobId, at: At, raw: &[u8]) {
        let Some(tracker) = self.tracker_of.get(&job).copied() else { return };
        if self.digest.trackers[tracker].1.pending().next().is_none() {
            return;
        }
        self.checkpoint(job, at, raw, |tracker, _| tracker.abort(at.ms, CheckpointReason::JobFailure, at.place));
    }
}

impl SourceDigest {
    /// Drops what is about jobs that are gone.
    pub fn forget_jobs(&mut self, gone: &FxHashSet<JobId>) {
        self.folded.drop_entries(&mut self.entries, gone);
        self.trackers.retain(|(job, _)| !gone.contains(job));
        self.tidy_quotes();
    }

    /// Drops lives that are gone and what is about them. Out: how many lines of starts are still quoted.
    fn forget_lives(&mut self, gone: &[bool]) -> usize {
        for (id, lives, all) in self.folded_starts.drop_lives(&mut self.lives, &mut self.entries, gone) {
            self.folded.add_worker(id, lives, all);
        }
        self.quotes_of_starts.keep_only(self.lives.iter_mut().flat_map(Life::quotes_mut));
        self.tidy_quotes();
        self.lives.iter_mut().flat_map(Life::quotes_mut).count()
    }

    /// Drops the words that nothing cites, where that is worth its time.
    fn tidy_quotes(&mut self) {
        let SourceDigest { entries, gaps, quotes, .. } = self;
        if quotes.drop_blocks_without(quotes_of(entries, gaps).filter_map(|quote| *quote)) {
            self.forget_quotes();
        }
    }

    /// Drops the words of entries that are gone.
    fn forget_quotes(&mut self) {
        let SourceDigest { entries, gaps, quotes, .. } = self;
        quotes.keep_only(quotes_of(entries, gaps));
    }

    /// The words of an entry.
    pub fn quote(&self, entry: &Entry) -> Option<Quote> {
        self.quotes.get(entry.quote?, entry.place)
    }

    /// The words of a line that a life of this source cites.
    pub fn line(&self, cited: &Cited) -> Option<Quote> {
        self.quotes_of_starts.get(cited.quote?, cited.place)
    }

    /// The line that ends a silence.
    pub fn line_after(&self, silence: &Silence) -> Option<Quote> {
        self.quotes.get(silence.quote?, silence.place)
    }
}

/// What entries and silences quote.
fn quotes_of<'d>(entries: &'d mut [Entry], gaps: &'d mut [Silence]) -> impl Iterator<Item = &'d mut Option<QuoteId>> {
    let of_entries = entries.iter_mut().flat_map(|entry| {
        let failures = match &mut entry.what {
            What::Checkpoints { run, .. } => run.failures.as_mut_slice(),
            _ => &mut [],
        };
        failures.iter_mut().filter_map(|failure| failure.words.quote_mut()).chain(std::iter::once(&mut entry.quote))
    });
    of_entries.chain(gaps.iter_mut().map(|silence| &mut silence.quote))
}

/// Is there anything that cites entries of this kind? What only counts needs no words.
fn may_be_cited(what: &What) -> bool {
    use Kind::{CheckpointStorage, GraphCreated, JobSeen, JobSubmitted, RestartStrategy, Restored, RestoredNothing, TmRegistering};
    let routine = matches!(
        what,
        What::Event(
            CheckpointStorage { .. }
                | GraphCreated { .. }
                | JobSeen { .. }
                | JobSubmitted { .. }
                | Restored { .. }
                | RestartStrategy { .. }
                | RestoredNothing
                | TmRegistering { .. }
        )
    );
    !routine && !matches!(what, What::Tasks { .. })
}

/// The job that an event names.
fn job_of_event(kind: &Kind) -> Option<JobId> {
    match kind {
        Kind::JobSubmitted { job, .. } | Kind::JobStarted { job, .. } | Kind::JobTerminal { job, .. } | Kind::JobRecovering { job } => Some(*job),
        Kind::Restored { job, .. } | Kind::RestoreFromSavepoint { job, .. } | Kind::SavepointRequested { job, .. } => Some(*job),
        Kind::RestartStrategy { job, .. } | Kind::JobNotRunning { job } => *job,
        _ => None,
    }
}

/// Adds to a list that may get long, or is one of very many: doubling would leave half of the room empty.
pub fn push_one<T>(list: &mut Vec<T>, item: T) {
    if list.len() == list.capacity() {
        list.reserve_exact((list.len() / 4).max(1));
    }
    list.push(item);
}

/// The one line that begins at `byte`, for evidence.
fn line_quote(chunk: &[u8], byte: usize, place: Place) -> Option<Arc<Quote>> {
    let line = crate::classify::text::first_line(chunk.get(byte..)?);
    Some(Arc::new(quote_of(line, place)))
}

/// Does a GC line end in a pause of 100 ms or more? `… 1234.567ms`, `…, 0.1234567 secs]`.
fn shows_long_pause(line: &[u8]) -> bool {
    let line = line.trim_ascii_end();
    let number = |text: &[u8]| {
        let start = text.iter().rposition(|b| !(b.is_ascii_digit() || matches!(b, b'.' | b','))).map_or(0, |at| at + 1);
        std::str::from_utf8(&text[start..]).ok().and_then(|t| t.replace(',', ".").parse::<f64>().ok())
    };
    if let Some(head) = line.strip_suffix(b"ms") {
        return number(head).is_some_and(|ms| ms >= 100.0);
    }
    memchr::memmem::rfind(line, b" secs]").is_some_and(|at| number(&line[..at]).is_some_and(|s| s >= 0.1))
}
