//! Jobs that were folded while their logs were read: gone from all sources, and what is left to say of them together.

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use super::Clock;
use crate::digest::folded::{FoldedJob, Trouble};
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
    /// Checkpoints of jobs that go on in another source than the one that folded them.
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
    if sources.iter().all(|source| source.digest.folded.jobs.is_empty()) {
        return all;
    }
    let mut known: FxHashMap<JobId, FoldedJob> = FxHashMap::default();
    for (job, found) in sources.iter_mut().flat_map(|source| std::mem::take(&mut source.digest.folded.jobs)) {
        known.entry(job).and_modify(|known| merge(known, found)).or_insert(found);
    }
    // A job that another JobManager's log tells whole goes on there.
    let told = sources.iter().filter(|source| tells_of_jobs(source)).flat_map(|source| &source.digest.entries).filter_map(|entry| entry.what.job());
    for job in told {
        if known.get(&job).is_some_and(|known| !known.over)
            && let Some(part) = known.remove(&job)
        {
            all.parts.insert(job, part);
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
    if other.over || !earlier.over && other.state.is_some() {
        known.state = other.state;
    }
    known.over |= other.over;
    known.trouble = earlier.trouble.max(other.trouble);
    let sum = |a: u32, b: u32| a.saturating_add(b);
    known.restarts = sum(earlier.restarts, other.restarts);
    known.triggered = sum(earlier.triggered, other.triggered);
    known.completed = sum(earlier.completed, other.completed);
    known.failed = sum(earlier.failed, other.failed);
}
