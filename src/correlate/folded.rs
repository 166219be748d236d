//! Jobs that were folded while their logs were read: gone from all sources, and what is left to say of them together.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Clock;
use crate::digest::folded::{FoldedJob, Trouble, begins, summed};
use crate::event::{JobId, JobState, Str};
use crate::scan::ScannedSource;

/// What is left of folded jobs.
#[derive(Debug, Clone, Default)]
pub struct FoldedJobs {
    pub jobs: u64,
    /// How they ended; `None`: the logs do not say.
    pub by_state: BTreeMap<Option<JobState>, u64>,
    /// Those that failed, for good or until they restarted.
    pub failing: u64,
    /// Those with other trouble: checkpoints that failed, warnings.
    pub troubled: u64,
    pub restarts: u64,
    pub triggered: u64,
    pub completed: u64,
    pub failed: u64,
    /// Entries that went with them.
    pub entries: u64,
    /// TaskManagers that came and went with them.
    pub workers: FxHashSet<Str>,
    /// Stretches of time, UTC, in which some of them failed.
    pub failing_ms: Vec<(i64, i64)>,
    ids: FxHashSet<JobId>,
    /// What was folded of jobs that go on.
    pub parts: FxHashMap<JobId, FoldedJob>,
}

impl FoldedJobs {
    /// Is it one of them?
    pub fn has(&self, job: JobId) -> bool {
        self.ids.contains(&job)
    }

    /// Did some of them fail about then? What else happened is not to be judged without them.
    pub fn failed_at(&self, ms: Option<i64>) -> bool {
        !self.failing_ms.is_empty() && ms.is_none_or(|ms| self.failing_ms.iter().any(|(from, to)| (*from..=*to).contains(&ms)))
    }

    fn add(&mut self, known: &FoldedJob) {
        self.jobs += 1;
        *self.by_state.entry(known.state).or_default() += 1;
        match known.trouble {
            Trouble::None => {}
            Trouble::Some => self.troubled += 1,
            Trouble::Failed => self.failing += 1,
        }
        self.restarts += u64::from(known.restarts);
        self.triggered += u64::from(known.triggered);
        self.completed += u64::from(known.completed);
        self.failed += u64::from(known.failed);
    }
}

/// Joins what the sources folded, and takes what is left of these jobs out of the logs of JobManagers.
pub fn join(sources: &mut [ScannedSource], clocks: &[Clock]) -> FoldedJobs {
    let mut all = FoldedJobs::default();
    if sources.iter().all(|source| source.digest.folded.is_empty()) {
        return all;
    }
    let told = sources.iter().any(tells_of_jobs);
    let mut known: FxHashMap<JobId, FoldedJob> = FxHashMap::default();
    for (source, clock) in sources.iter_mut().zip(clocks) {
        let in_passing = told && !tells_of_jobs(source);
        for (job, mut found) in std::mem::take(&mut source.digest.folded.jobs) {
            // Whose task failed, a JobManager knows better.
            found.trouble = if in_passing { Trouble::None } else { found.trouble };
            found.last_ms = found.last_ms.map(|ms| clock.utc(ms));
            known.entry(job).and_modify(|known| merge(known, found)).or_insert(found);
        }
    }
    // One goes on that another JobManager's log tells, or that came again after it was over.
    for (source, clock) in sources.iter().zip(clocks).filter(|(source, _)| tells_of_jobs(source)) {
        for entry in &source.digest.entries {
            let Some(job) = entry.what.job() else { continue };
            let later = |known: &FoldedJob| begins(&entry.what) && entry.ms.map(|ms| clock.utc(ms)) > known.last_ms;
            if known.get(&job).is_some_and(|known| !known.over || later(known))
                && let Some(part) = known.remove(&job)
            {
                all.parts.insert(job, part);
            }
        }
    }
    // What other files of a rotated log tell of those that are gone goes too, unless it is what went wrong with them.
    for (source, clock) in sources.iter().zip(clocks).filter(|(source, _)| tells_of_jobs(source)) {
        for (job, mut rest) in summed(&source.digest.entries) {
            let Some(part) = known.get_mut(&job) else { continue };
            rest.last_ms = rest.last_ms.map(|ms| clock.utc(ms));
            if rest.trouble > part.trouble {
                all.parts.extend(known.remove(&job).map(|part| (job, part)));
            } else {
                merge(part, rest);
            }
        }
    }
    all.ids = known.keys().copied().collect();
    known.values().for_each(|job| all.add(job));
    for (source, clock) in sources.iter_mut().zip(clocks) {
        if tells_of_jobs(source) {
            source.digest.forget_jobs(&all.ids);
        }
        let folded = &mut source.digest.folded;
        all.entries += folded.entries;
        all.workers.extend(std::mem::take(&mut folded.workers));
        all.jobs += folded.more;
        all.failing_ms.extend(folded.failing_ms.map(|(from, to)| (clock.utc(from), clock.utc(to))));
    }
    all
}

/// TaskManagers' logs name jobs in passing.
fn tells_of_jobs(source: &ScannedSource) -> bool {
    source.sniffed.role != "taskmanager"
}

fn merge(known: &mut FoldedJob, other: FoldedJob) {
    let earlier = *known;
    // Files come in the order of their names.
    if earlier.state.is_none() || other.state.is_some() && other.last_ms > earlier.last_ms {
        (known.state, known.over) = (other.state, other.over);
    }
    known.last_ms = earlier.last_ms.max(other.last_ms);
    known.trouble = earlier.trouble.max(other.trouble);
    let sum = |a: u32, b: u32| a.saturating_add(b);
    known.restarts = sum(earlier.restarts, other.restarts);
    known.triggered = sum(earlier.triggered, other.triggered);
    known.completed = sum(earlier.completed, other.completed);
    known.failed = sum(earlier.failed, other.failed);
}
