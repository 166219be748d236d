//! Jobs: attempts and checkpoints followed over the merged entries, through restarts, region fail-overs, rescales and JobManager fail-overs.
//!
//! Attempts are redeployments: `RESTARTING → RUNNING` of the default scheduler, a new execution graph of the adaptive one, `CREATED → RUNNING` again of
//! the legacy one, and the taking over by another JobManager process.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::{EntryRef, Story};
use crate::digest::checkpoints::{CheckpointRun, Completed, Failure, Figures};
use crate::digest::{TaskFailure, TaskRun, What, push_one};
use crate::event::{CheckpointReason, JobId, JobState, Kind, Str};
use crate::scan::ScannedSource;

/// How an attempt ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Finished,
    Failed,
    Canceled,
    Suspended,
    Rescaled,
    /// Its JobManager died.
    Lost,
    Running,
    Unknown,
}

impl Outcome {
    /// Word in the report.
    pub fn name(self) -> &'static str {
        match self {
            Outcome::Finished => "finished",
            Outcome::Failed => "failed",
            Outcome::Canceled => "canceled",
            Outcome::Suspended => "suspended",
            Outcome::Rescaled => "rescaled",
            Outcome::Lost => "lost",
            Outcome::Running => "running",
            Outcome::Unknown => "unknown",
        }
    }
}

/// From what an attempt was restored.
#[derive(Debug, Clone, PartialEq)]
pub struct Restored {
    pub checkpoint: Option<u64>,
    pub savepoint: bool,
    pub path: Option<Str>,
    /// Epoch time of the checkpoint's trigger.
    pub at_ms: Option<i64>,
}

/// One run of a job between (re)deployments. Times are UTC.
#[derive(Debug, Clone)]
pub struct Attempt {
    pub number: u32,
    pub start: Option<i64>,
    /// All of its tasks run, as far as the log shows.
    pub running: Option<i64>,
    pub end: Option<i64>,
    pub outcome: Outcome,
    pub begun_by: &'static str,
    pub restored: Option<Restored>,
    /// Entries that tell of its failing, in time order; the first is the first fault.
    pub failures: Vec<EntryRef>,
    pub failures_omitted: u64,
    pub tasks_restarted: Option<u64>,
    pub triggered: u64,
    pub completed: u64,
    pub failed: u64,
    /// The last checkpoint that it completed.
    pub last_completed: Option<(Completed, Option<i64>)>,
    pub begin_entry: Option<EntryRef>,
}

/// Failing entries that one attempt keeps.
const MAX_FAILURES: usize = 64;

/// Checkpoint figures of a job.
#[derive(Debug, Clone, Default)]
pub struct JobCheckpoints {
    pub triggered: u64,
    pub completed: u64,
    pub failed: u64,
    pub in_progress: u64,
    pub savepoints: u64,
    pub by_reason: BTreeMap<CheckpointReason, u64>,
    pub figures: Figures,
    /// With its source, to place it in time.
    pub last_completed: Option<(usize, Completed)>,
    pub longest_gap_ms: i64,
    pub failures: Vec<(usize, Failure)>,
    pub failures_omitted: u64,
    pub storage: Option<Str>,
}

/// A job.
#[derive(Debug, Clone)]
pub struct Job {
    pub id: JobId,
    pub name: Option<Str>,
    pub state: Option<JobState>,
    pub restarts: u64,
    pub first: Option<i64>,
    pub last: Option<i64>,
    pub strategy: Option<Str>,
    pub adaptive: bool,
    pub legacy: bool,
    pub attempts: Vec<Attempt>,
    pub checkpoints: JobCheckpoints,
    /// Vertex → parallelism, failures, last TaskManager.
    pub tasks: BTreeMap<Str, (u32, u64, Option<Str>)>,
    /// Savepoints that were asked for.
    pub savepoint_requests: Vec<(EntryRef, bool)>,
    pub state_entry: Option<EntryRef>,
    /// Sources that tell of it.
    pub sources: BTreeSet<usize>,
    pub process_lost: bool,
}

impl Job {
    /// Is it meant by `--job`: its name, or the beginning of its id?
    pub fn is_called(&self, wanted: &str) -> bool {
        self.name.as_deref() == Some(wanted) || !wanted.is_empty() && self.id.to_string().starts_with(&wanted.to_ascii_lowercase())
    }

    /// Index of the attempt that runs at a time, or ended last before it. They begin one after another, and there may be many.
    pub fn attempt_at(&self, ms: Option<i64>) -> Option<usize> {
        self.attempts.partition_point(|a| a.start <= ms).checked_sub(1)
    }
}

/// Jobs that are followed; a log of hostile length is folded beyond.
const MAX_JOBS: usize = 20_000;

struct Follower<'s> {
    story: &'s Story,
    jobs: Vec<Job>,
    index: FxHashMap<JobId, usize>,
    /// What has to be remembered per job while following it.
    memory: Vec<Memory>,
    current: Option<usize>,
    /// Jobs whose last attempt has no end yet.
    open: BTreeSet<usize>,
    /// Figures of checkpoints that no job has got yet.
    figures: FxHashMap<(usize, JobId), Figures>,
    /// A JobManager tells of failed tasks.
    told: bool,
    /// The logs name one job.
    single: bool,
}

#[derive(Debug, Clone, Default)]
struct Memory {
    /// The failure that ended the attempt before.
    failed_at: Option<i64>,
    planned: bool,
    adaptive_restart: bool,
    restored: Option<Restored>,
    recovering: bool,
    submitted_again: bool,
    tasks_to_restart: Option<u64>,
    previous_last_completed: Option<i64>,
    pending: Vec<EntryRef>,
}

/// Takes the figures of checkpoints out of the sources' digests: by source and job.
pub fn figures(sources: &mut [ScannedSource]) -> FxHashMap<(usize, JobId), Figures> {
    let trackers =
        sources.iter_mut().enumerate().flat_map(|(source, scanned)| scanned.digest.trackers.iter_mut().map(move |(job, known)| (source, *job, known)));
    trackers.map(|(source, job, tracker)| ((source, job), std::mem::take(&mut tracker.figures))).collect()
}

/// Follows every job of the story.
pub fn follow(story: &Story, figures: FxHashMap<(usize, JobId), Figures>) -> Vec<Job> {
    let most = story.sources.iter().map(|source| source.digest.trackers.len()).max().unwrap_or(0);
    let jobs = Vec::with_capacity(most.min(MAX_JOBS));
    let entries = || story.order.iter().map(|placed| (&story.entry(placed.at).what, story.sources[placed.at.source].sniffed.role));
    let told = entries().any(|(what, role)| matches!(what, What::TaskFailed { failure, .. } if !failure.on_task_manager && role != "taskmanager"));
    let mut named = entries().filter_map(|(what, _)| what.job());
    let single = named.next().is_some_and(|first| named.all(|job| job == first));
    let mut follower = Follower { story, jobs, index: FxHashMap::default(), memory: Vec::new(), current: None, open: BTreeSet::new(), figures, told, single };
    for placed in &story.order {
        follower.entry(placed.at, placed.ms);
    }
    follower.finish()
}

impl Follower<'_> {
    fn job(&mut self, id: JobId, at: EntryRef, ms: Option<i64>) -> Option<usize> {
        let known = self.index.get(&id).copied();
        let job = match known {
            Some(job) => job,
            None => {
                if self.jobs.len() >= MAX_JOBS || self.story.folded.has(id) {
                    return None;
                }
                push_one(
                    &mut self.jobs,
                    Job {
                        id,
                        name: None,
                        state: None,
                        restarts: 0,
                        first: ms,
                        last: ms,
                        strategy: None,
                        adaptive: false,
                        legacy: false,
                        attempts: Vec::new(),
                        checkpoints: JobCheckpoints::default(),
                        tasks: BTreeMap::new(),
                        savepoint_requests: Vec::new(),
                        state_entry: None,
                        sources: BTreeSet::new(),
                        process_lost: false,
                    },
                );
                push_one(&mut self.memory, Memory::default());
                self.index.insert(id, self.jobs.len() - 1);
                self.jobs.len() - 1
            }
        };
        let entry = &mut self.jobs[job];
        entry.first = entry.first.or(ms);
        entry.last = ms.max(entry.last);
        entry.sources.insert(at.source);
        Some(job)
    }

    fn entry(&mut self, at: EntryRef, ms: Option<i64>) {
        let role = self.story.sources[at.source].sniffed.role;
        let entry = self.story.entry(at);
        match &entry.what {
            What::Event(kind) => self.event(kind, at, ms, role),
            What::TaskFailed { job, failure } => self.task_failed(*job, failure, at, ms, role),
            What::Checkpoints { job, run } => self.checkpoints(*job, run, at, ms),
            What::Tasks { job, run } => self.tasks(*job, run, at, role),
            What::Problem { .. } => {}
        }
    }

    fn event(&mut self, kind: &Kind, at: EntryRef, ms: Option<i64>, role: &str) {
        match kind {
            Kind::JobSubmitted { job, name } | Kind::JobStarted { job, name } => {
                let Some(j) = self.job(*job, at, ms) else { return };
                self.current = Some(j);
                self.jobs[j].name = Some(name.clone());
                if matches!(kind, Kind::JobStarted { .. }) && self.other_process(j, at) {
                    self.lose(j, ms);
                    self.memory[j].recovering = true;
                }
                if self.jobs[j].attempts.last().is_some_and(|a| a.end.is_some()) {
                    self.memory[j].submitted_again = true;
                }
                if matches!(kind, Kind::JobStarted { .. }) && self.jobs[j].attempts.is_empty() {
                    self.begin(j, at, ms, "submission");
                }
            }
            Kind::JobRecovering { job } => {
                let Some(j) = self.job(*job, at, ms) else { return };
                self.lose(j, ms);
                self.memory[j].recovering = true;
            }
            Kind::JobSeen { job } => {
                self.job(*job, at, ms);
            }
            Kind::JobState { job, name, from, to } => {
                let Some(j) = self.job(*job, at, ms) else { return };
                self.current = Some(j);
                self.jobs[j].name = Some(name.clone());
                self.state(j, *from, *to, at, ms);
            }
            Kind::JobTerminal { job, state } => {
                let Some(j) = self.job(*job, at, ms) else { return };
                self.jobs[j].state = Some(*state);
                self.jobs[j].state_entry.get_or_insert(at);
                self.end(j, ms, outcome_of(*state));
                if *state == JobState::Failed && self.jobs[j].attempts.is_empty() {
                    self.fail(j, at);
                }
            }
            Kind::RestartStrategy { job, text } => {
                let j = job.and_then(|id| self.job(id, at, ms)).or_else(|| self.current());
                if let Some(j) = j {
                    self.jobs[j].strategy = Some(text.clone());
                    self.jobs[j].legacy |= !text.contains("BackoffTimeStrategy");
                }
            }
            Kind::AdaptiveRestart { planned } => {
                if let Some(j) = self.current() {
                    self.jobs[j].adaptive = true;
                    self.memory[j].planned = *planned;
                    self.memory[j].adaptive_restart = true;
                    if !planned {
                        self.fail(j, at);
                    }
                }
            }
            Kind::LegacyRegionRestart { count } => {
                // 1.9's region fail-over changes no job state.
                if let Some(j) = self.current() {
                    self.end(j, ms, Outcome::Failed);
                    self.memory[j].tasks_to_restart = Some(*count);
                    self.begin(j, at, ms, "region-failover");
                    self.jobs[j].restarts += 1;
                }
            }
            Kind::GlobalFailure => {
                if let Some(j) = self.current() {
                    self.fail(j, at);
                }
            }
            Kind::TasksToRestart { count, .. } => {
                if let Some(j) = self.current() {
                    self.memory[j].tasks_to_restart = Some(*count);
                }
            }
            Kind::Restored { job, id, savepoint, path, at_ms } => {
                let Some(j) = self.job(*job, at, ms) else { return };
                let known = self.memory[j].restored.take();
                let savepoint = *savepoint || known.is_some_and(|r| r.savepoint && self.jobs[j].checkpoints.completed == 0);
                let restored = Restored { checkpoint: Some(*id), savepoint, path: path.clone(), at_ms: Some(*at_ms) };
                // The line stands before or after the state change to RUNNING.
                match self.jobs[j].attempts.last_mut() {
                    Some(attempt) if attempt.end.is_none() && attempt.restored.as_ref().is_none_or(|r| r.checkpoint.is_none()) => {
                        attempt.restored = Some(restored)
                    }
                    _ => self.memory[j].restored = Some(restored),
                }
            }
            Kind::RestoreFromSavepoint { job, path } => {
                let Some(j) = self.job(*job, at, ms) else { return };
                let restored = Restored { checkpoint: None, savepoint: true, path: Some(path.clone()), at_ms: None };
                match self.jobs[j].attempts.last_mut() {
                    Some(attempt) if attempt.end.is_none() && attempt.restored.is_none() => attempt.restored = Some(restored),
                    _ => self.memory[j].restored = Some(restored),
                }
            }
            Kind::SavepointRequested { job, stop } => {
                let Some(j) = self.job(*job, at, ms) else { return };
                if self.jobs[j].savepoint_requests.len() < 10_000 {
                    self.jobs[j].savepoint_requests.push((at, *stop));
                }
            }
            Kind::CheckpointStorage { text } => {
                if let Some(j) = self.current() {
                    self.jobs[j].checkpoints.storage.get_or_insert(text.clone());
                }
            }
            Kind::TmLost { .. } | Kind::WorkerTerminated { .. } if role == "jobmanager" => {}
            Kind::ProcessStart { .. } if role == "jobmanager" => {
                // The process that wrote here before is gone, and what it ran with it.
                let open: Vec<usize> = self.open.iter().copied().collect();
                for j in open {
                    if self.jobs[j].state_entry.is_some_and(|e| self.same_set(e.source, at.source)) {
                        self.lose(j, ms);
                    }
                }
            }
            Kind::CheckpointFailed { job, .. } => {
                self.job(*job, at, ms);
            }
            _ => {}
        }
    }

    fn same_set(&self, a: usize, b: usize) -> bool {
        a == b || (self.story.rotation[a].is_some() && self.story.rotation[a] == self.story.rotation[b])
    }

    /// Does `at` stand in the log of another process than the job's last state?
    fn other_process(&self, j: usize, at: EntryRef) -> bool {
        let open = self.jobs[j].attempts.last().is_some_and(|a| a.end.is_none());
        open && self.jobs[j].state_entry.is_some_and(|e| !self.same_set(e.source, at.source))
    }

    fn state(&mut self, j: usize, from: JobState, to: JobState, at: EntryRef, ms: Option<i64>) {
        use JobState::*;
        match (from, to) {
            (Restarting, Running) => {
                self.end(j, ms, Outcome::Failed);
                self.begin(j, at, ms, "restart");
                self.jobs[j].restarts += 1;
            }
            (_, Running) => {
                let open = self.jobs[j].attempts.last().is_some_and(|a| a.end.is_none());
                let begun_now =
                    open && self.jobs[j].attempts.last().is_some_and(|a| a.running.is_none() && a.triggered == 0) && self.jobs[j].state != Some(Restarting);
                let (recovering, submitted_again) = (self.memory[j].recovering, self.memory[j].submitted_again);
                if self.jobs[j].attempts.is_empty() {
                    self.begin(j, at, ms, "submission");
                } else if recovering || submitted_again {
                    let by = if recovering { "jobmanager-failover" } else { "submission" };
                    if open && !begun_now {
                        self.lose(j, ms);
                    }
                    if !begun_now || recovering {
                        self.begin(j, at, ms, by);
                    }
                } else if !begun_now {
                    // A new graph in the same process: the legacy or the adaptive scheduler redeploys.
                    let planned = self.memory[j].planned;
                    self.end(j, ms, if planned { Outcome::Rescaled } else { Outcome::Failed });
                    self.begin(j, at, ms, if planned { "rescale" } else { "restart" });
                    self.jobs[j].restarts += 1;
                }
                let memory = &mut self.memory[j];
                memory.recovering = false;
                memory.submitted_again = false;
                memory.planned = false;
                memory.adaptive_restart = false;
            }
            (_, Restarting) => {
                self.fail(j, at);
                self.end(j, ms, Outcome::Failed);
            }
            (_, Failing) => {
                self.fail(j, at);
                self.end(j, ms, Outcome::Failed);
            }
            (_, Failed) => {
                self.fail(j, at);
                self.end(j, ms, Outcome::Failed);
            }
            (_, Cancelling) => {
                let planned = self.memory[j].planned;
                let restarts = self.memory[j].adaptive_restart;
                self.end(
                    j,
                    ms,
                    if planned {
                        Outcome::Rescaled
                    } else if restarts {
                        Outcome::Failed
                    } else {
                        Outcome::Canceled
                    },
                );
            }
            (_, Canceled) => {
                let planned = self.memory[j].planned;
                let restarts = self.memory[j].adaptive_restart;
                self.end(
                    j,
                    ms,
                    if planned {
                        Outcome::Rescaled
                    } else if restarts {
                        Outcome::Failed
                    } else {
                        Outcome::Canceled
                    },
                );
            }
            (_, Finished) => self.end(j, ms, Outcome::Finished),
            (_, Suspended) => self.end(j, ms, Outcome::Suspended),
            _ => {}
        }
        // The adaptive scheduler cancels the old graph to restart; that is no end of the job.
        let restarting = self.memory[j].planned || self.memory[j].adaptive_restart;
        self.jobs[j].state = Some(if restarting && matches!(to, Cancelling | Canceled) { Restarting } else { to });
        self.jobs[j].state_entry = Some(at);
    }

    fn begin(&mut self, j: usize, at: EntryRef, ms: Option<i64>, begun_by: &'static str) {
        let number = self.jobs[j].attempts.len() as u32 + 1;
        let memory = &mut self.memory[j];
        let attempt = Attempt {
            number,
            start: ms,
            running: None,
            end: None,
            outcome: Outcome::Unknown,
            begun_by,
            restored: memory.restored.take(),
            failures: std::mem::take(&mut memory.pending),
            failures_omitted: 0,
            tasks_restarted: memory.tasks_to_restart.take(),
            triggered: 0,
            completed: 0,
            failed: 0,
            last_completed: None,
            begin_entry: Some(at),
        };
        let attempts = &mut self.jobs[j].attempts;
        push_one(attempts, attempt);
        self.open.insert(j);
    }

    fn end(&mut self, j: usize, ms: Option<i64>, outcome: Outcome) {
        if let Some(attempt) = self.jobs[j].attempts.last_mut()
            && attempt.end.is_none()
        {
            attempt.end = ms;
            attempt.outcome = outcome;
            self.memory[j].failed_at = ms;
            if ms.is_some() {
                self.open.remove(&j);
            }
        }
    }

    /// The process that ran the job is gone.
    fn lose(&mut self, j: usize, ms: Option<i64>) {
        let last = self.jobs[j].state_entry.and_then(|e| self.last_time_of(e.source));
        let last = last.filter(|l| ms.is_none_or(|now| *l <= now)).or(self.jobs[j].last).or(ms);
        let open = self.jobs[j].attempts.last().is_some_and(|a| a.end.is_none());
        if open {
            self.end(j, last, Outcome::Lost);
            self.jobs[j].process_lost = true;
        }
    }

    fn last_time_of(&self, source: usize) -> Option<i64> {
        self.story.utc(source, self.story.sources[source].digest.last.map(|s| s.ms))
    }

    /// The job that records without one are about. A piece of a log may name its only job by checkpoints alone.
    fn current(&self) -> Option<usize> {
        self.current.or_else(|| (self.single && self.jobs.len() == 1).then_some(0))
    }

    /// Notes an entry that tells of the current attempt's failing.
    fn fail(&mut self, j: usize, at: EntryRef) {
        let Some(attempt) = self.jobs[j].attempts.last_mut() else {
            if self.memory[j].pending.len() < MAX_FAILURES {
                self.memory[j].pending.push(at);
            }
            return;
        };
        if attempt.failures.len() < MAX_FAILURES {
            push_one(&mut attempt.failures, at);
        } else {
            attempt.failures_omitted += 1;
        }
    }

    fn task_failed(&mut self, job: Option<JobId>, failure: &TaskFailure, at: EntryRef, ms: Option<i64>, role: &str) {
        let TaskFailure { task, location, on_task_manager } = failure;
        // Of a process that is both (tests, IDEs), or in a mixed paste, the JobManager's words may be missing.
        if role == "taskmanager" || *on_task_manager && self.told {
            return;
        }
        let j = match job {
            Some(id) => self.job(id, at, ms),
            None => self.current(),
        };
        let Some(j) = j else { return };
        self.fail(j, at);
        let task_entry = self.jobs[j].tasks.entry(task.vertex.clone()).or_insert((task.parallelism, 0, None));
        task_entry.1 += 1;
        if let Some(location) = location {
            task_entry.2 = Some(location.clone());
        }
    }

    fn tasks(&mut self, job: Option<JobId>, run: &TaskRun, at: EntryRef, role: &str) {
        if role == "taskmanager" {
            return;
        }
        let j = match job {
            Some(id) => self.index.get(&id).copied(),
            None => self.current(),
        };
        let Some(j) = j else { return };
        let utc = self.story.utc(at.source, run.last_running_ms);
        if let Some(attempt) = self.jobs[j].attempts.last_mut()
            && attempt.end.is_none()
            && run.running > 0
            && attempt.completed == 0
        {
            attempt.running = utc.or(attempt.running);
        }
        let finished = self.story.utc(at.source, run.last_finished_ms);
        self.jobs[j].last = finished.max(self.jobs[j].last);
    }

    fn checkpoints(&mut self, id: JobId, run: &CheckpointRun, at: EntryRef, ms: Option<i64>) {
        let Some(j) = self.job(id, at, ms) else { return };
        let story = self.story;
        let utc = |ms: Option<i64>| story.utc(at.source, ms);
        let job = &mut self.jobs[j];
        job.last = utc(run.last_ms).max(job.last);
        let sum = &mut job.checkpoints;
        sum.triggered += run.triggered;
        sum.completed += run.completed;
        sum.failed += run.failed;
        sum.savepoints += run.savepoints;
        for (reason, count) in &run.by_reason {
            *sum.by_reason.entry(*reason).or_default() += count;
        }
        if let Some(figures) = self.figures.remove(&(at.source, id)) {
            sum.figures.merge(figures);
        }
        sum.longest_gap_ms = sum.longest_gap_ms.max(run.longest_gap_ms);
        if let (Some(before), Some(first)) = (self.memory[j].previous_last_completed, run.first_completed.and_then(|c| utc(c.ms))) {
            sum.longest_gap_ms = sum.longest_gap_ms.max(first - before);
        }
        if let Some(last) = run.last_completed {
            sum.last_completed = Some((at.source, last));
            self.memory[j].previous_last_completed = utc(last.ms);
        }
        let room = 2_000usize.saturating_sub(sum.failures.len());
        sum.failures.extend(run.failures.iter().take(room).map(|f| (at.source, f.clone())));
        sum.failures_omitted += run.failures_omitted + run.failures.len().saturating_sub(room) as u64;
        if job.attempts.is_empty() {
            // The log begins in the middle of an attempt.
            self.begin(j, at, ms, "unknown");
            self.jobs[j].state.get_or_insert(JobState::Running);
            self.jobs[j].state_entry.get_or_insert(at);
        }
        let job = &mut self.jobs[j];
        if let Some(attempt) = job.attempts.last_mut() {
            attempt.triggered += run.triggered;
            attempt.completed += run.completed;
            attempt.failed += run.failed;
            if let Some(last) = run.last_completed {
                attempt.last_completed = Some((last, utc(last.ms)));
            }
            if attempt.running.is_none() && run.completed > 0 {
                attempt.running = attempt.start;
            }
        }
    }

    fn finish(mut self) -> Vec<Job> {
        // Checkpoints under way at the end of each source, less those that a later source ends.
        let trackers = || self.story.sources.iter().flat_map(|source| &source.digest.trackers);
        let mut ended_elsewhere: FxHashMap<JobId, BTreeSet<u64>> = FxHashMap::default();
        for (id, tracker) in trackers().filter(|(_, tracker)| !tracker.orphans.is_empty()) {
            ended_elsewhere.entry(*id).or_default().extend(&tracker.orphans);
        }
        for source in &self.story.sources {
            for (id, tracker) in &source.digest.trackers {
                let Some(j) = self.index.get(id).copied() else { continue };
                let ended = |pending: &u64| ended_elsewhere.get(id).is_some_and(|ids| ids.contains(pending));
                self.jobs[j].checkpoints.in_progress += tracker.pending().filter(|p| !ended(p)).count() as u64;
            }
        }
        for (id, part) in &self.story.folded.parts {
            let Some(j) = self.index.get(id).copied() else { continue };
            let job = &mut self.jobs[j];
            job.restarts += u64::from(part.restarts);
            if let (true, Some(state)) = (part.over && part.last_ms > job.last, part.state) {
                // Its end was folded, in another file than what went wrong before.
                job.state = Some(state);
                job.last = part.last_ms;
                if let Some(attempt) = job.attempts.last_mut().filter(|attempt| attempt.end.is_none()) {
                    (attempt.end, attempt.outcome) = (part.last_ms, outcome_of(state));
                }
            }
            let checkpoints = &mut job.checkpoints;
            checkpoints.triggered += u64::from(part.triggered);
            checkpoints.completed += u64::from(part.completed);
            checkpoints.failed += u64::from(part.failed);
        }
        for (job, memory) in self.jobs.iter_mut().zip(&self.memory) {
            // The time since the last one counts too: a job may go on for hours without any.
            if let (Some(completed), Some(last)) = (memory.previous_last_completed, job.last) {
                job.checkpoints.longest_gap_ms = job.checkpoints.longest_gap_ms.max(last - completed);
            }
            let lost_or_done = job.state.is_some_and(JobState::is_globally_terminal);
            if lost_or_done && job.checkpoints.in_progress > 0 {
                // One pending when the job ends counts as failed.
                job.checkpoints.failed += job.checkpoints.in_progress;
                *job.checkpoints.by_reason.entry(CheckpointReason::JobFailure).or_default() += job.checkpoints.in_progress;
                job.checkpoints.in_progress = 0;
            }
            if let Some(attempt) = job.attempts.last_mut()
                && attempt.end.is_none()
            {
                attempt.outcome = match job.state {
                    Some(JobState::Running | JobState::Created | JobState::Initializing) => Outcome::Running,
                    _ => Outcome::Unknown,
                };
            }
        }
        // Deployments tell vertices that never failed.
        for source in &self.story.sources {
            for deployed in &source.digest.deployments {
                let Some(j) = deployed.job.and_then(|id| self.index.get(&id).copied()) else { continue };
                let task = self.jobs[j].tasks.entry(deployed.task.vertex.clone()).or_insert((deployed.task.parallelism, 0, None));
                if task.2.is_none() && !deployed.location.is_empty() {
                    task.2 = Some(deployed.location.clone());
                }
            }
        }
        self.jobs
    }
}

fn outcome_of(state: JobState) -> Outcome {
    match state {
        JobState::Finished => Outcome::Finished,
        JobState::Failed => Outcome::Failed,
        JobState::Canceled => Outcome::Canceled,
        JobState::Suspended => Outcome::Suspended,
        _ => Outcome::Unknown,
    }
}
