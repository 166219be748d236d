//! Checkpoints of one job in one source, folded while records go by. Counts mean what that Flink version's REST API means by them.

use std::collections::VecDeque;

use rustc_hash::FxHashSet;

use super::Place;
use super::quantiles::Quantiles;
use crate::event::{CheckpointReason, Str};

/// Longest list of single failures that is kept.
const MAX_FAILURES: usize = 500;

/// Ids that were done lately; a second line about one of them counts no more.
const REMEMBERED: usize = 256;

/// One checkpoint that did not complete.
#[derive(Debug, Clone, PartialEq)]
pub struct Failure {
    pub id: Option<u64>,
    pub ms: Option<i64>,
    pub reason: CheckpointReason,
    pub message: Str,
    pub task: Option<Str>,
    pub place: Place,
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
    pub durations: Quantiles,
    pub sizes: Quantiles,
    pub first_completed: Option<Completed>,
    pub last_completed: Option<Completed>,
    /// Longest time between two neighbouring completions inside the run.
    pub longest_gap_ms: i64,
    pub failures: Vec<Failure>,
    pub failures_omitted: u64,
    pub trend: Trend,
    pub last_ms: Option<i64>,
}

/// Durations in time order, thinned to at most 120 slices of which each keeps its longest.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Trend {
    pub slices: Vec<u64>,
    per_slice: u64,
    in_last: u64,
}

impl Trend {
    const SLICES: usize = 120;

    /// Adds the next duration.
    pub fn add(&mut self, value: u64) {
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
            self.slices = self.slices.chunks(2).map(|pair| pair.iter().copied().max().unwrap_or(0)).collect();
            self.per_slice *= 2;
        }
        self.slices.push(value);
        self.in_last = 1;
    }

    /// Adds the slices of a later stretch.
    pub fn merge(&mut self, later: &Trend) {
        for value in &later.slices {
            self.add(*value);
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
            self.failures.push(failure);
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
    done: VecDeque<u64>,
    done_set: FxHashSet<u64>,
    /// Completed or failed here, triggered in a source before.
    pub orphans: Vec<u64>,
    /// Completed savepoints.
    savepoints: Vec<u64>,
}

impl CheckpointTracker {
    /// Ids under way at the end.
    pub fn pending(&self) -> impl Iterator<Item = u64> + '_ {
        self.pending.iter().map(|p| p.id)
    }

    fn finish(&mut self, id: u64) {
        self.done.push_back(id);
        self.done_set.insert(id);
        if self.done.len() > REMEMBERED
            && let Some(old) = self.done.pop_front()
        {
            self.done_set.remove(&old);
        }
    }

    fn take(&mut self, id: u64) -> Option<Pending> {
        let at = self.pending.iter().position(|p| p.id == id)?;
        Some(self.pending.remove(at))
    }

    /// A checkpoint begins. Ids start again after a restore from a path: an id that was done may come again.
    pub fn triggered(&mut self, run: &mut CheckpointRun, id: u64, savepoint: bool, ms: Option<i64>, place: Place) {
        run.triggered += 1;
        self.done_set.remove(&id);
        // Real jobs have a few at a time; a log that never ends one must not grow this list.
        if self.pending.len() >= 1000 {
            self.pending.remove(0);
        }
        self.pending.push(Pending { id, savepoint, ms, place });
    }

    /// A checkpoint completes.
    pub fn completed(&mut self, run: &mut CheckpointRun, done: Completed) {
        let pending = self.take(done.id);
        if pending.is_none() && !self.done_set.contains(&done.id) && self.orphans.len() < 1000 {
            self.orphans.push(done.id);
        }
        self.finish(done.id);
        run.completed += 1;
        if pending.is_some_and(|p| p.savepoint) {
            run.savepoints += 1;
            if self.savepoints.len() < 1000 {
                self.savepoints.push(done.id);
            }
        }
        run.durations.add(done.duration_ms);
        run.trend.add(done.duration_ms);
        run.sizes.add(done.bytes);
        if let (Some(last), Some(now)) = (run.last_completed.and_then(|c| c.ms), done.ms) {
            run.longest_gap_ms = run.longest_gap_ms.max(now - last);
        }
        run.first_completed.get_or_insert(done);
        run.last_completed = Some(done);
    }

    /// The store says that a completed checkpoint is a savepoint, where its trigger did not.
    pub fn savepoint_kept(&mut self, run: &mut CheckpointRun, id: u64) {
        if self.done_set.contains(&id) && !self.savepoints.contains(&id) && self.savepoints.len() < 1000 {
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
            self.finish(id);
            run.count(failure.reason);
            run.note(failure);
        } else if self.done_set.contains(&id) {
            refine(run, &failure);
        } else {
            if self.orphans.len() < 1000 {
                self.orphans.push(id);
            }
            self.finish(id);
            run.count(failure.reason);
            run.note(failure);
        }
    }

    /// The job left RUNNING: what was under way is aborted.
    pub fn abort(&mut self, run: &mut CheckpointRun, ms: Option<i64>, reason: CheckpointReason, place: Place) {
        for pending in std::mem::take(&mut self.pending) {
            self.finish(pending.id);
            run.count(reason);
            run.note(Failure { id: Some(pending.id), ms, reason, message: "aborted: the job left RUNNING".into(), task: None, place });
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
        Failure { id: Some(id), ms: Some(1), reason, message: "".into(), task: None, place: Place::default() }
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
        tracker.abort(&mut run, None, CheckpointReason::JobFailure, Place::default());
        tracker.failed(&mut run, fail(1, CheckpointReason::TaskFailure));
        assert_eq!((run.triggered, run.completed, run.failed), (1, 0, 1));
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
