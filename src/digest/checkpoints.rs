//! Checkpoints of one job in one source, folded while records go by. Counts mean what that Flink version's REST API means by them.

use std::collections::VecDeque;

use super::quantiles::Quantiles;
use super::quotes::QuoteId;
use super::{Place, push_one};
use crate::event::{CheckpointReason, Str};

/// Longest list of single failures that is kept.
const MAX_FAILURES: usize = 500;

/// Stretches of ids that were done lately; a second line about one of them counts no more.
const REMEMBERED: usize = 256;

/// One checkpoint that did not complete.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    pub id: Option<u64>,
    pub ms: Option<i64>,
    pub reason: CheckpointReason,
    pub words: FailureWords,
    pub task: Option<Str>,
    pub place: Place,
}

/// What is said of a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FailureWords {
    /// Words of the log, where there was room for them.
    Told(Option<QuoteId>),
    /// Nothing: the job left RUNNING.
    Aborted,
}

impl FailureWords {
    /// The words, where there may be some.
    pub fn quote_mut(&mut self) -> Option<&mut Option<QuoteId>> {
        match self {
            FailureWords::Told(quote) => Some(quote),
            FailureWords::Aborted => None,
        }
    }
}

/// The newest completed checkpoint.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Completed {
    pub id: u64,
    pub ms: Option<i64>,
    pub duration_ms: u64,
    pub bytes: u64,
    pub place: Place,
}

/// A stretch of checkpoints of one job between two other events of that job.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CheckpointRun {
    pub triggered: u64,
    pub completed: u64,
    pub failed: u64,
    pub savepoints: u64,
    pub by_reason: Vec<(CheckpointReason, u64)>,
    pub first_completed: Option<Completed>,
    pub last_completed: Option<Completed>,
    /// Longest time between two neighbouring completions inside the run.
    pub longest_gap_ms: i64,
    pub failures: Vec<Failure>,
    pub failures_omitted: u64,
    pub last_ms: Option<i64>,
}

/// How long completed checkpoints of a job took and how large they were.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    pub durations: Quantiles,
    pub sizes: Quantiles,
    pub trend: Trend,
}

impl Figures {
    /// Adds those of a later source.
    pub fn merge(&mut self, later: Figures) {
        if self.durations.count() == 0 {
            *self = later;
            return;
        }
        self.durations.merge(&later.durations);
        self.sizes.merge(&later.sizes);
        self.trend.merge(&later.trend);
    }
}

/// Ids as stretches without a hole: checkpoints are numbered one after another.
#[derive(Debug, Clone, Default, PartialEq)]
struct Ids {
    /// First and last of each; the youngest stretch at the end.
    stretches: VecDeque<(u64, u64)>,
}

impl Ids {
    fn contains(&self, id: u64) -> bool {
        self.stretches.iter().rev().any(|(first, last)| (*first..=*last).contains(&id))
    }

    fn insert(&mut self, id: u64) {
        if self.contains(id) {
            return;
        }
        match self.stretches.back_mut() {
            Some((_, last)) if last.checked_add(1) == Some(id) => *last = id,
            _ => self.stretches.push_back((id, id)),
        }
        if self.stretches.len() > REMEMBERED {
            self.stretches.pop_front();
        }
    }

    fn remove(&mut self, id: u64) {
        let Some(at) = self.stretches.iter().rposition(|(first, last)| (*first..=*last).contains(&id)) else { return };
        let (first, last) = self.stretches[at];
        self.stretches.remove(at);
        if id < last {
            self.stretches.insert(at, (id + 1, last));
        }
        if first < id {
            self.stretches.insert(at, (first, id - 1));
        }
    }
}

/// Durations in time order, thinned to at most 120 slices of which each keeps its longest.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trend {
    pub slices: Vec<u32>,
    per_slice: u64,
    in_last: u64,
}

impl Trend {
    const SLICES: usize = 120;

    /// Adds the next duration.
    pub fn add(&mut self, value: u64) {
        let value = u32::try_from(value).unwrap_or(u32::MAX);
        self.per_slice = self.per_slice.max(1);
        match self.slices.last_mut() {
            Some(last) if self.in_last < self.per_slice => {
                *last = (*last).max(value);
                self.in_last += 1;
                return;
            }
            _ => {}
        }
        if self.slices.len() == Trend::SLICES {
            for at in 0..Trend::SLICES / 2 {
                self.slices[at] = self.slices[2 * at].max(self.slices[2 * at + 1]);
            }
            self.slices.truncate(Trend::SLICES / 2);
            self.per_slice *= 2;
        }
        self.slices.push(value);
        self.in_last = 1;
    }

    /// Adds the slices of a later stretch.
    pub fn merge(&mut self, later: &Trend) {
        for value in &later.slices {
            self.add(u64::from(*value));
        }
    }
}

impl CheckpointRun {
    fn count(&mut self, reason: CheckpointReason) {
        self.failed += 1;
        match self.by_reason.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => self.by_reason.push((reason, 1)),
        }
    }

    fn note(&mut self, failure: Failure) {
        if self.failures.len() < MAX_FAILURES {
            push_one(&mut self.failures, failure);
        } else {
            self.failures_omitted += 1;
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq)]
struct Pending {
    id: u64,
    savepoint: bool,
    ms: Option<i64>,
    place: Place,
}

/// What has to be remembered between runs: which checkpoints are under way.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct CheckpointTracker {
    pending: Vec<Pending>,
    done: Ids,
    pub figures: Figures,
    /// About where the last of its records stands.
    pub last_line: u64,
    /// Completed or failed here, triggered in a source before.
    pub orphans: Vec<u64>,
    /// Completed savepoints.
    savepoints: Vec<u64>,
    /// Under way when the job left RUNNING: one that was being finalised may still complete.
    aborting: Vec<(Pending, Option<i64>, CheckpointReason, Place)>,
}

impl CheckpointTracker {
    /// Ids under way at the end.
    pub fn pending(&self) -> impl Iterator<Item = u64> + '_ {
        self.pending.iter().chain(self.aborting.iter().map(|(p, ..)| p)).map(|p| p.id)
    }

    fn take(&mut self, id: u64) -> Option<Pending> {
        if let Some(at) = self.pending.iter().position(|p| p.id == id) {
            return Some(self.pending.remove(at));
        }
        let at = self.aborting.iter().position(|(p, ..)| p.id == id)?;
        Some(self.aborting.remove(at).0)
    }

    /// A checkpoint begins. Ids start again after a restore from a path: an id that was done may come again.
    pub fn triggered(&mut self, run: &mut CheckpointRun, id: u64, savepoint: bool, ms: Option<i64>, place: Place) {
        self.settle(run);
        run.triggered += 1;
        self.done.remove(id);
        // Real jobs have a few at a time; a log that never ends one must not grow this list.
        if self.pending.len() >= 1000 {
            self.pending.remove(0);
        }
        push_one(&mut self.pending, Pending { id, savepoint, ms, place });
    }

    /// A checkpoint completes.
    pub fn completed(&mut self, run: &mut CheckpointRun, done: Completed) {
        let pending = self.take(done.id);
        if pending.is_none() && !self.done.contains(done.id) && self.orphans.len() < 1000 {
            self.orphans.push(done.id);
        }
        self.done.insert(done.id);
        run.completed += 1;
        if pending.is_some_and(|p| p.savepoint) {
            run.savepoints += 1;
            if self.savepoints.len() < 1000 {
                self.savepoints.push(done.id);
            }
        }
        self.figures.durations.add(done.duration_ms);
        self.figures.trend.add(done.duration_ms);
        self.figures.sizes.add(done.bytes);
        if let (Some(last), Some(now)) = (run.last_completed.and_then(|c| c.ms), done.ms) {
            run.longest_gap_ms = run.longest_gap_ms.max(now - last);
        }
        run.first_completed.get_or_insert(done);
        run.last_completed = Some(done);
    }

    /// The store says that a completed checkpoint is a savepoint, where its trigger did not.
    pub fn savepoint_kept(&mut self, run: &mut CheckpointRun, id: u64) {
        if self.done.contains(id) && !self.savepoints.contains(&id) && self.savepoints.len() < 1000 {
            self.savepoints.push(id);
            run.savepoints += 1;
        }
    }

    /// A checkpoint fails. Lines that tell of the same failure again refine its reason and count no more.
    pub fn failed(&mut self, run: &mut CheckpointRun, failure: Failure) {
        let Some(id) = failure.id else {
            run.triggered += 1;
            run.count(failure.reason);
            run.note(failure);
            return;
        };
        if self.take(id).is_some() {
            self.done.insert(id);
            run.count(failure.reason);
            run.note(failure);
        } else if self.done.contains(id) {
            refine(run, &failure);
        } else {
            if self.orphans.len() < 1000 {
                self.orphans.push(id);
            }
            self.done.insert(id);
            run.count(failure.reason);
            run.note(failure);
        }
    }

    /// The job left RUNNING: what was under way is aborted.
    pub fn abort(&mut self, ms: Option<i64>, reason: CheckpointReason, place: Place) {
        self.aborting.extend(std::mem::take(&mut self.pending).into_iter().map(|p| (p, ms, reason, place)));
    }

    /// Is there anything to settle?
    pub fn is_aborting(&self) -> bool {
        !self.aborting.is_empty()
    }

    /// The job runs again or is at its end: what was aborted did fail.
    pub fn settle(&mut self, run: &mut CheckpointRun) {
        for (pending, ms, reason, place) in std::mem::take(&mut self.aborting) {
            self.done.insert(pending.id);
            run.count(reason);
            run.note(Failure { id: Some(pending.id), ms, reason, words: FailureWords::Aborted, task: None, place });
        }
    }
}

/// A later, more exact line about a failure that was counted.
fn refine(run: &mut CheckpointRun, failure: &Failure) {
    let Some(known) = run.failures.iter_mut().rev().find(|f| f.id == failure.id) else { return };
    let vague = matches!(known.reason, CheckpointReason::Other | CheckpointReason::JobFailure | CheckpointReason::TaskFailure | CheckpointReason::Declined);
    let exact = !matches!(
        failure.reason,
        CheckpointReason::Other | CheckpointReason::JobFailure | CheckpointReason::TaskFailure | CheckpointReason::Declined | CheckpointReason::Cancelled
    );
    if vague && exact {
        let old = known.reason;
        known.reason = failure.reason;
        if let Some((_, count)) = run.by_reason.iter_mut().find(|(reason, _)| *reason == old) {
            *count -= 1;
        }
        match run.by_reason.iter_mut().find(|(reason, _)| *reason == failure.reason) {
            Some((_, count)) => *count += 1,
            None => run.by_reason.push((failure.reason, 1)),
        }
        run.by_reason.retain(|(_, count)| *count > 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(id: u64, reason: CheckpointReason) -> Failure {
        Failure { id: Some(id), ms: Some(1), reason, words: FailureWords::Told(None), task: None, place: Place::default() }
    }

    #[test]
    fn a_failure_told_twice_counts_once() {
        let (mut tracker, mut run) = (CheckpointTracker::default(), CheckpointRun::default());
        tracker.triggered(&mut run, 1, false, None, Place::default());
        tracker.failed(&mut run, fail(1, CheckpointReason::Declined));
        tracker.failed(&mut run, fail(1, CheckpointReason::Async));
        assert_eq!((run.triggered, run.failed, run.by_reason.as_slice()), (1, 1, &[(CheckpointReason::Async, 1)][..]));
    }

    #[test]
    fn pending_ones_fail_with_the_job() {
        let (mut tracker, mut run) = (CheckpointTracker::default(), CheckpointRun::default());
        tracker.triggered(&mut run, 1, false, None, Place::default());
        tracker.abort(None, CheckpointReason::JobFailure, Place::default());
        tracker.failed(&mut run, fail(1, CheckpointReason::TaskFailure));
        assert_eq!((run.triggered, run.completed, run.failed), (1, 0, 1));
    }

    #[test]
    fn one_that_completes_while_the_job_restarts_did_not_fail() {
        let (mut tracker, mut run) = (CheckpointTracker::default(), CheckpointRun::default());
        tracker.triggered(&mut run, 1, false, None, Place::default());
        tracker.triggered(&mut run, 2, false, None, Place::default());
        tracker.abort(None, CheckpointReason::JobFailure, Place::default());
        tracker.completed(&mut run, Completed { id: 1, ms: None, duration_ms: 5, bytes: 1, place: Place::default() });
        tracker.settle(&mut run);
        assert_eq!((run.triggered, run.completed, run.failed), (2, 1, 1));
    }

    #[test]
    fn ids_are_known_while_they_are_done() {
        let mut ids = Ids::default();
        for id in [1, 2, 3, 7, 8, 3] {
            ids.insert(id);
        }
        assert_eq!(ids.stretches, [(1, 3), (7, 8)]);
        ids.remove(2);
        assert!(ids.contains(1) && !ids.contains(2) && ids.contains(3) && ids.contains(8));
        for id in (100..2_000).step_by(2) {
            ids.insert(id);
        }
        assert!(ids.contains(1_998) && !ids.contains(1) && ids.stretches.len() == REMEMBERED);
    }

    #[test]
    fn the_trend_stays_short_and_keeps_the_longest() {
        let mut trend = Trend::default();
        for i in 0..10_000 {
            trend.add(if i == 5_000 { 77 } else { 1 });
        }
        assert!(trend.slices.len() <= 120 && trend.slices.contains(&77));
    }
}
