//! Correlation: digests of single sources in, one story out: clocks, processes, jobs with their attempts, TaskManagers.
//!
//! Only joins and orders what the sources say; which of it is a cause is decided by `diagnose`.

pub mod clock;
pub mod folded;
pub mod jobs;
pub mod jvms;
pub mod processes;
pub mod rotation;
pub mod workers;

use rayon::prelude::*;

use crate::digest::{Entry, Quote};
use crate::scan::ScannedSource;
use crate::when::Zone;

pub use clock::{Clock, ZoneFrom};
pub use folded::FoldedJobs;
pub use jobs::{Attempt, Job, Outcome};
pub use processes::Process;
pub use workers::{Loss, Worker, WorkerLife};

/// An entry of a source's digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryRef {
    pub source: usize,
    pub entry: usize,
}

/// An entry in the merged order. Entries without a time take that of the entry before them in their source.
#[derive(Debug, Clone, Copy)]
pub struct Placed {
    pub at: EntryRef,
    /// UTC.
    pub ms: Option<i64>,
}

/// Everything that the sources tell together.
#[derive(Debug)]
pub struct Story {
    pub sources: Vec<ScannedSource>,
    pub clocks: Vec<Clock>,
    /// Rotation set of each source, and the source that is its newest member.
    pub rotation: Vec<Option<usize>>,
    /// All entries in time order.
    pub order: Vec<Placed>,
    pub processes: Vec<Process>,
    pub jobs: Vec<Job>,
    /// Jobs that are only counted.
    pub folded: FoldedJobs,
    pub workers: Vec<Worker>,
    /// Process of each source that has GC lines or is a process's `.out`.
    pub gc_links: Vec<Option<usize>>,
}

impl Story {
    /// The entry of a reference.
    pub fn entry(&self, at: EntryRef) -> &Entry {
        &self.sources[at.source].digest.entries[at.entry]
    }

    /// The words of an entry.
    pub fn quote(&self, at: EntryRef) -> Option<Quote> {
        self.sources[at.source].digest.quote(self.entry(at))
    }

    /// UTC of a time shown in a source.
    pub fn utc(&self, source: usize, shown: Option<i64>) -> Option<i64> {
        shown.map(|ms| self.clocks[source].utc(ms))
    }

    /// UTC of an entry.
    pub fn time(&self, at: EntryRef) -> Option<i64> {
        self.utc(at.source, self.entry(at).ms)
    }
}

/// Settings.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// `--tz`: zone of sources that state none.
    pub zone: Option<Zone>,
}

/// Joins the sources.
pub fn correlate(mut sources: Vec<ScannedSource>, options: Options) -> Story {
    let clocks = clock::settle(&sources, options.zone);
    let rotation = rotation::sets(&sources);
    let folded = folded::join(&mut sources, &clocks);
    let order = merge(&sources, &clocks, &rotation);
    let processes = processes::join(&mut sources, &clocks, &rotation);
    let gc_links = jvms::link(&mut sources, &processes);
    let figures = jobs::figures(&mut sources);
    let rotation = rotation.iter().map(|set| set.newest).collect();
    let mut story = Story { sources, clocks, rotation, order, processes, jobs: Vec::new(), folded, workers: Vec::new(), gc_links };
    (story.workers, story.jobs) = rayon::join(|| workers::follow(&story), || jobs::follow(&story, figures));
    // One that came again was not folded with all that is told of it.
    for worker in &story.workers {
        story.folded.workers.remove(&worker.id);
    }
    // Jobs hold all that trackers told.
    story.sources.iter_mut().for_each(|source| source.digest.trackers = Vec::new());
    story
}

/// Merges the entries of all sources by time; inside one rotation set file order comes first, so that a clock that goes back moves nothing.
fn merge(sources: &[ScannedSource], clocks: &[Clock], rotation: &[rotation::Member]) -> Vec<Placed> {
    let mut order: Vec<usize> = (0..sources.len()).collect();
    order.sort_by_key(|s| (rotation[*s].set, rotation[*s].rank));
    let mut all: Vec<Placed> = Vec::with_capacity(sources.iter().map(|source| source.digest.entries.len()).sum());
    // Each set is one lane whose times never go back.
    let (mut last_set, mut last) = (usize::MAX, None);
    for source in order {
        if rotation[source].set != last_set {
            (last_set, last) = (rotation[source].set, None);
        }
        for (entry, found) in sources[source].digest.entries.iter().enumerate() {
            last = found.ms.map(|ms| clocks[source].utc(ms)).max(last);
            all.push(Placed { at: EntryRef { source, entry }, ms: last });
        }
    }
    // Stable: ties stay in lane order. Entries before any time of their source come first.
    all.par_sort_by_key(|p| p.ms.unwrap_or(i64::MIN));
    all
}
