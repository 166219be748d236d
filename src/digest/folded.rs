//! Jobs that are only counted: a cluster may run thousands, and those of the middle that are over tell no more than the first and the last ones.
//!
//! In: the entries of one source, in file order. Out: which jobs are given up, and what is left to say of each. Where it began and how it stands is kept: the
//! first and the last jobs that failed, those with some other trouble, and those without any; and every job that may still go on.

use rustc_hash::{FxHashMap, FxHashSet};

use super::checkpoints::CheckpointTracker;
use super::{Entry, What, push_one};
use crate::event::{CheckpointReason, JobId, JobState, Kind, Str};

/// Jobs that one log keeps whole; when there are more, those of the middle are folded.
pub const MOST_JOBS: usize = 1_500;
/// And however many files a rotated log has, each keeps as many as this.
const LEAST_JOBS: usize = 100;
/// Folded jobs and TaskManagers of one source whose ids are kept; more jobs are counted together.
pub const MAX_FOLDED: usize = 200_000;

/// What went wrong with a job, as far as its entries show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trouble {
    #[default]
    None,
    /// Checkpoints that failed by themselves, warnings.
    Some,
    /// It restarted, or FAILED.
    Failed,
}

/// A job of which nothing is left but this.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct FoldedJob {
    /// The last one that the source shows.
    pub state: Option<JobState>,
    /// It reached a terminal state here.
    pub over: bool,
    pub trouble: Trouble,
    /// Its last sign, as the log shows it.
    pub last_ms: Option<i64>,
    /// Redeployments.
    pub restarts: u32,
    pub triggered: u32,
    pub completed: u32,
    pub failed: u32,
}

/// What one source folded.
#[derive(Debug, Clone, Default)]
pub struct Folded {
    pub jobs: Vec<(JobId, FoldedJob)>,
    /// Jobs beyond [`MAX_FOLDED`].
    pub more: u64,
    /// Entries that went with them.
    pub entries: u64,
    /// TaskManagers that came and went with them, at most [`MAX_FOLDED`].
    pub workers: FxHashSet<Str>,
    /// Lives that are gone of other TaskManagers, at most of [`MAX_FOLDED`].
    pub worker_lives: FxHashMap<Str, u64>,
    /// First and last time, as the log shows it, of those that failed.
    pub failing_ms: Option<(i64, i64)>,
}

/// The job that each entry is about, in file order: the one that it names, else the one that was named before it.
#[derive(Debug, Default)]
pub struct Owners {
    /// By a record to which `correlate` attributes what names no job.
    current: Option<JobId>,
    /// By any record.
    named: Option<JobId>,
}

impl Owners {
    /// The owner of the next entry.
    pub fn of(&mut self, what: &What) -> Option<JobId> {
        let job = what.job();
        if matches!(what, What::Event(Kind::JobSubmitted { .. } | Kind::JobStarted { .. } | Kind::JobState { .. })) {
            self.current = job;
        }
        self.named = job.or(self.named);
        job.or(self.current).or(self.named)
    }
}

/// Is an entry about its job alone? What processes and TaskManagers go through is told of them.
pub fn is_of_job(what: &What) -> bool {
    use Kind::{AdaptiveRestart, CheckpointStorage, GlobalFailure, LeaderGranted, LegacyRegionRestart, RestoredNothing, TasksToRestart, TmLost};
    match what {
        What::Event(TmLost { .. }) => is_farewell(what),
        What::Event(kind) => {
            let unnamed = matches!(
                kind,
                AdaptiveRestart { .. }
                    | CheckpointStorage { .. }
                    | GlobalFailure
                    | LeaderGranted
                    | LegacyRegionRestart { .. }
                    | RestoredNothing
                    | TasksToRestart { .. }
                    | Kind::JobNotRunning { .. }
                    | Kind::RestartStrategy { .. }
            );
            unnamed || kind.job().is_some()
        }
        What::TaskFailed { .. } | What::Checkpoints { .. } | What::Tasks { .. } | What::Problem { .. } => true,
    }
}

/// A JobMaster that stops takes leave of its TaskManagers.
fn is_farewell(what: &What) -> bool {
    matches!(what, What::Event(Kind::TmLost { why: crate::event::TmLoss::Released, text, .. }) if text.contains("Stopping JobMaster"))
}

/// A job as the entries of a source show it.
#[derive(Debug, Default)]
struct Seen {
    known: FoldedJob,
    /// Something but its checkpoints and tasks was told: when it ends will be told too.
    followed: bool,
    /// Lines: the first that names it, the first of its trouble, the last.
    first: u64,
    troubled: u64,
    last: u64,
    first_ms: Option<i64>,
    runs: u32,
}

impl Seen {
    fn trouble(&mut self, trouble: Trouble, line: u64) {
        if trouble > self.known.trouble {
            self.known.trouble = trouble;
            self.troubled = line;
        }
    }

    fn at(&mut self, ms: Option<i64>) {
        let Some(ms) = ms else { return };
        self.first_ms = Some(self.first_ms.map_or(ms, |first| first.min(ms)));
        self.known.last_ms = self.known.last_ms.max(Some(ms));
    }

    fn take(&mut self, entry: &Entry) {
        let line = entry.place.line;
        self.at(entry.ms);
        if entry.exception.is_some() {
            self.trouble(Trouble::Some, line);
        }
        match &entry.what {
            What::TaskFailed { .. } => self.trouble(Trouble::Failed, line),
            What::Problem { .. } => self.trouble(Trouble::Some, line),
            What::Tasks { .. } => {}
            What::Checkpoints { run, .. } => {
                let add = |sum: &mut u32, count: u64| *sum = sum.saturating_add(u32::try_from(count).unwrap_or(u32::MAX));
                add(&mut self.known.triggered, run.triggered);
                add(&mut self.known.completed, run.completed);
                add(&mut self.known.failed, run.failed);
                self.at(run.last_ms);
            }
            What::Event(kind) => self.event(kind, line),
        }
    }

    fn event(&mut self, kind: &Kind, line: u64) {
        let state = match kind {
            Kind::JobState { to, .. } => *to,
            Kind::JobTerminal { state, .. } => *state,
            Kind::JobSubmitted { .. } | Kind::JobStarted { .. } | Kind::JobRecovering { .. } => {
                // It comes again, which is no restart.
                self.known.over = false;
                self.followed = true;
                self.runs = 0;
                return;
            }
            Kind::LegacyRegionRestart { .. } => {
                self.known.restarts += 1;
                return self.trouble(Trouble::Failed, line);
            }
            Kind::GlobalFailure | Kind::AdaptiveRestart { planned: false } | Kind::JobNotRunning { .. } => return self.trouble(Trouble::Failed, line),
            Kind::CheckpointFailed { reason, .. } => {
                use CheckpointReason::{Cancelled, JobFailure, NotTriggerable, Superseded, TaskFailure};
                if !matches!(reason, Cancelled | JobFailure | NotTriggerable | Superseded | TaskFailure) {
                    self.trouble(Trouble::Some, line);
                }
                return;
            }
            Kind::GraphCreated { .. } | Kind::RestoreFromSavepoint { .. } | Kind::SavepointRequested { .. } | Kind::RestartStrategy { .. } => {
                self.followed = true;
                return;
            }
            _ => return,
        };
        self.followed = true;
        self.known.state = Some(state);
        self.known.over = state.is_globally_terminal();
        match state {
            JobState::Failing | JobState::Failed | JobState::Restarting => self.trouble(Trouble::Failed, line),
            JobState::Running => {
                // Of a rotated log the file before may show the first run.
                let restarts = matches!(kind, Kind::JobState { from: JobState::Restarting, .. });
                self.known.restarts += u32::from(restarts || self.runs > 0);
                self.runs += 1;
            }
            _ => {}
        }
    }

    /// Can nothing more be expected of it, once others came after it? A piece of a log may show no more of a job than its checkpoints.
    fn may_go(&self) -> bool {
        self.known.over || !self.followed
    }
}

fn jobs_of(entries: &[Entry]) -> FxHashMap<JobId, Seen> {
    let mut jobs: FxHashMap<JobId, Seen> = FxHashMap::default();
    let mut owners = Owners::default();
    for entry in entries {
        let named = entry.what.job();
        let Some(owner) = owners.of(&entry.what).filter(|_| is_of_job(&entry.what)) else { continue };
        let line = entry.place.line;
        let seen = jobs.entry(owner).or_insert_with(|| Seen { first: line, ..Seen::default() });
        if named.is_some() {
            seen.last = seen.last.max(line);
        }
        seen.take(entry);
    }
    jobs
}

/// What entries tell of each job, as it would be if the job were folded.
pub fn summed(entries: &[Entry]) -> impl Iterator<Item = (JobId, FoldedJob)> {
    jobs_of(entries).into_iter().map(|(job, seen)| (job, seen.known))
}

/// Does a job begin with this, or come again?
pub fn begins(what: &What) -> bool {
    use JobState::{Created, Initializing, Running};
    matches!(
        what,
        What::Event(
            Kind::JobSubmitted { .. } | Kind::JobStarted { .. } | Kind::JobRecovering { .. } | Kind::JobState { to: Created | Initializing | Running, .. }
        )
    )
}

/// Jobs that each of `files` keeps whole which one appender wrote.
pub fn most_jobs(files: usize) -> usize {
    (MOST_JOBS / files.max(1)).max(LEAST_JOBS)
}

impl Folded {
    /// Was nothing folded?
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty() && self.workers.is_empty()
    }

    /// Chooses jobs to be given up and notes what is left of them: all but the first and the last `kept` of each [`Trouble`]. Out: their ids, none where all
    /// are needed.
    pub fn choose(&mut self, entries: &[Entry], trackers: &[(JobId, CheckpointTracker)], kept: usize) -> FxHashSet<JobId> {
        let mut jobs = jobs_of(entries);
        for (job, tracker) in trackers {
            if let Some(seen) = jobs.get_mut(job) {
                seen.last = seen.last.max(tracker.last_line);
            }
        }
        let mut gone = Vec::new();
        for trouble in [Trouble::None, Trouble::Some, Trouble::Failed] {
            let mut alike: Vec<(&JobId, &Seen)> = jobs.iter().filter(|(_, seen)| seen.known.trouble == trouble && seen.may_go()).collect();
            alike.sort_by_key(|(job, seen)| (if trouble == Trouble::None { seen.first } else { seen.troubled }, **job));
            let mut later = alike.split_off(alike.len().min(kept));
            later.sort_by_key(|(job, seen)| (seen.last, **job));
            later.truncate(later.len().saturating_sub(kept));
            gone.extend(later);
        }
        gone.sort_by_key(|(job, seen)| (seen.first, **job));
        for (job, seen) in &gone {
            if let (Trouble::Failed, Some((first, last))) = (seen.known.trouble, seen.first_ms.zip(seen.known.last_ms)) {
                let (from, to) = self.failing_ms.get_or_insert((first, last));
                (*from, *to) = ((*from).min(first), (*to).max(last));
            }
            if self.jobs.len() < MAX_FOLDED {
                push_one(&mut self.jobs, (**job, seen.known));
            } else {
                self.more += 1;
            }
        }
        gone.into_iter().map(|(job, _)| *job).collect()
    }
}

/// The TaskManager whose coming or going is told.
pub(super) fn worker_of(what: &What) -> Option<&Str> {
    match what {
        What::Event(Kind::TmRegistering { id, .. } | Kind::TmLost { id, .. } | Kind::WorkerTerminated { id, .. } | Kind::WorkerStopping { id }) => Some(id),
        _ => None,
    }
}

/// TaskManagers that came and went while jobs ran that are gone.
fn workers_gone<'e>(entries: &'e [Entry], gone: &FxHashSet<JobId>) -> FxHashSet<&'e Str> {
    let mut owners = Owners::default();
    // Whether all is told during such jobs, and whether it is there at the end.
    let mut known: FxHashMap<&Str, (bool, bool)> = FxHashMap::default();
    for entry in entries {
        let during = owners.of(&entry.what).is_some_and(|job| gone.contains(&job));
        if let Some(id) = worker_of(&entry.what).filter(|_| !is_farewell(&entry.what)) {
            let (only_then, there) = known.entry(id).or_insert((true, true));
            *only_then &= during;
            *there = matches!(entry.what, What::Event(Kind::TmRegistering { .. }));
        }
    }
    known.into_iter().filter(|(_, (only_then, there))| *only_then && !there).map(|(id, _)| id).collect()
}

impl Folded {
    /// Drops the entries that are about jobs that are gone, and about TaskManagers that were there for them alone.
    pub fn drop_entries(&mut self, entries: &mut Vec<Entry>, gone: &FxHashSet<JobId>) {
        let workers: FxHashSet<Str> = workers_gone(entries, gone).into_iter().cloned().collect();
        let Folded { entries: dropped, workers: known, .. } = self;
        let before = entries.len();
        let mut owners = Owners::default();
        entries.retain(|entry| {
            let of_gone = owners.of(&entry.what).is_some_and(|job| gone.contains(&job));
            let with_it = is_of_job(&entry.what) || worker_of(&entry.what).is_some_and(|id| workers.contains(id));
            !(of_gone && with_it)
        });
        *dropped += (before - entries.len()) as u64;
        known.extend(workers.into_iter().take(MAX_FOLDED.saturating_sub(known.len())));
    }

    /// Notes lives of a TaskManager that are gone, and whether these are all.
    pub fn add_worker(&mut self, id: Str, lives: u64, all: bool) {
        if all && self.workers.len() < MAX_FOLDED {
            self.workers.insert(id);
        } else if !all && (self.worker_lives.len() < MAX_FOLDED || self.worker_lives.contains_key(&id)) {
            *self.worker_lives.entry(id).or_default() += lives;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::checkpoints::CheckpointRun;
    use crate::digest::{Place, TaskRun};
    use crate::event::TmLoss;
    use crate::layout::Level;

    fn entries(all: Vec<What>) -> Vec<Entry> {
        let at = |i: usize| Place { line: i as u64 + 1, ..Place::default() };
        let entry = |(i, what)| Entry { ms: Some(i as i64), place: at(i), level: Level::Info, quote: None, exception: None, pattern: None, what };
        all.into_iter().enumerate().map(entry).collect()
    }

    fn state(job: JobId, from: JobState, to: JobState) -> What {
        What::Event(Kind::JobState { job, name: "j".into(), from, to })
    }

    fn checkpoints(job: JobId) -> What {
        What::Checkpoints { job, run: Box::new(CheckpointRun { triggered: 2, completed: 1, failed: 1, ..CheckpointRun::default() }) }
    }

    const KEPT: usize = 150;

    fn gone_of(all: Vec<What>) -> (Folded, FxHashSet<JobId>) {
        let mut folded = Folded::default();
        let gone = folded.choose(&entries(all), &[], KEPT);
        (folded, gone)
    }

    #[test]
    fn the_first_and_the_last_of_each_kind_stay() {
        use JobState::{Created, Failing, Finished, Running};
        let jobs = 4 * KEPT as u128;
        let all = (0..jobs).flat_map(|i| {
            let id = JobId(i);
            let end = if i % 2 == 0 { vec![state(id, Running, Finished)] } else { vec![state(id, Running, Failing), state(id, Failing, JobState::Failed)] };
            std::iter::once(state(id, Created, Running)).chain(end)
        });
        let (folded, gone) = gone_of(all.collect());
        assert!(gone.is_empty() && folded.jobs.is_empty(), "two times {KEPT} of either kind are few");
        // Two more of one kind in between.
        let more = (0..jobs + 4).flat_map(|i| {
            let id = JobId(i);
            let end = if i % 2 == 0 { Finished } else { JobState::Failed };
            [state(id, Created, Running), state(id, Running, end)]
        });
        let (folded, gone) = gone_of(more.collect());
        let middle = 2 * KEPT as u128;
        assert_eq!(gone, (middle..middle + 4).map(JobId).collect());
        assert_eq!(folded.jobs.iter().map(|(id, job)| ({ id.0 }, job.state, job.trouble == Trouble::Failed)).collect::<Vec<_>>(), {
            (middle..middle + 4).map(|i| if i % 2 == 0 { (i, Some(Finished), false) } else { (i, Some(JobState::Failed), true) }).collect::<Vec<_>>()
        });
        assert_eq!(folded.failing_ms, Some((2 * (middle as i64 + 1), 2 * (middle as i64 + 3) + 1)));
    }

    #[test]
    fn a_job_that_may_go_on_stays() {
        use JobState::{Created, Finished, Running};
        let first = |i: u128| JobId(1_000_000 + i);
        let mut all: Vec<What> = (0..KEPT as u128).flat_map(|i| [state(first(i), Created, Running), state(first(i), Running, Finished)]).collect();
        let [running, again, piece, over] = [1, 2, 3, 4].map(JobId);
        all.push(state(running, Created, Running));
        all.extend([state(again, Running, Finished), What::Event(Kind::JobSubmitted { job: again, name: "j".into() })]);
        // Of this one the log shows nothing but checkpoints.
        all.push(checkpoints(piece));
        all.extend([state(over, Created, Running), checkpoints(over), state(over, Running, Finished)]);
        let last = |i: u128| JobId(2_000_000 + i);
        all.extend((0..KEPT as u128).flat_map(|i| [state(last(i), Created, Running), state(last(i), Running, Finished)]));
        let (folded, gone) = gone_of(all);
        assert_eq!(gone, FxHashSet::from_iter([piece, over]));
        let sums = |job: &FoldedJob| (job.over, job.state, job.triggered, job.completed, job.failed);
        assert_eq!(
            folded.jobs.iter().map(|(id, job)| (*id, sums(job))).collect::<Vec<_>>(),
            [(piece, (false, None, 2, 1, 1)), (over, (true, Some(Finished), 2, 1, 1))]
        );
    }

    #[test]
    fn what_names_no_job_goes_with_the_one_before_it() {
        use JobState::{Created, Running};
        let (gone, stays) = (JobId(1), JobId(2));
        let registering = |id: &str| What::Event(Kind::TmRegistering { id: id.into(), address: "".into() });
        let lost = |id: &str, text: &str| What::Event(Kind::TmLost { id: id.into(), why: TmLoss::Released, text: text.into() });
        let tasks = || What::Tasks { job: None, run: TaskRun::default() };
        let mut all = entries(vec![
            registering("before"),
            state(gone, Created, Running),
            What::Event(Kind::GlobalFailure),
            tasks(),
            registering("with it"),
            registering("stays"),
            lost("before", "gone"),
            lost("with it", "gone"),
            lost("stays", "Stopping JobMaster for job"),
            What::Event(Kind::Signal { name: "TERM".into() }),
            state(stays, Created, Running),
            What::Event(Kind::GlobalFailure),
            tasks(),
        ]);
        let mut folded = Folded::default();
        folded.drop_entries(&mut all, &FxHashSet::from_iter([gone]));
        let lines: Vec<u64> = all.iter().map(|entry| entry.place.line).collect();
        assert_eq!(lines, [1, 6, 7, 10, 11, 12, 13]);
        assert_eq!((folded.entries, folded.workers), (6, FxHashSet::from_iter(["with it".into()])));
    }
}
