//! Figures of one JVM life, gathered pause by pause.
//!
//! In: stamped events of one JVM in file order. Out: a [`JvmLife`]. A pause is held back until the next one, as later lines
//! may still belong to it: its CPU times, its heap (JDK 8 G1), or the young pause that wraps a full one (JDK 11 Serial, CMS).

use super::clock::{Clock, Moment};
use super::events::Tracks;
use super::load::Load;
use super::model::*;
use super::numbers::Change;
use super::safepoint::{self, Stops};
use super::slices::Slices;
use super::stats::{Durations, Greatest, Histogram};
use super::trend::{Floor, Series};
use std::collections::BTreeMap;
use std::sync::Arc;

const LONGEST: usize = 20;
/// Pauses from here on may explain a lost heartbeat, alone or together.
const NOTEWORTHY_MS: f64 = 100.0;
const CAUSES: usize = 64;
const OPEN: usize = 16;
/// Stamps have a resolution of 1 ms and are taken after the duration.
const STAMP_SLACK_MS: f64 = 2.0;

/// What all lives of a source share.
#[derive(Clone, Debug, Default)]
pub(super) struct Shared {
    pub durations: Durations,
    causes: Vec<Arc<str>>,
    /// Every pause since the last call of [`super::Machine::take_pauses`], where someone asks for them.
    pub told: Option<Vec<Pause>>,
}

impl Shared {
    /// One copy of each cause; the log repeats them on every line.
    pub fn cause(&mut self, text: &[u8]) -> Arc<str> {
        if let Some(known) = self.causes.iter().find(|known| known.as_bytes() == text) {
            return known.clone();
        }
        if self.causes.len() >= CAUSES {
            return Arc::from("(other)");
        }
        let new: Arc<str> = Arc::from(&*String::from_utf8_lossy(text));
        self.causes.push(new.clone());
        new
    }
}

/// How much of the heap a collection worked on.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Part {
    Young,
    /// The old part too: what is left is about what is live.
    Old,
    /// All of it, in a stop.
    Full,
}

/// A pause as its end line tells it.
#[derive(Clone, Debug)]
pub(super) struct Stopped {
    pub pause: Pause,
    pub id: Option<u64>,
    /// Start on the life's clock.
    pub start: Option<f64>,
    pub hidden_full: bool,
    /// What moved from the young to the old generation, bytes.
    pub promoted: Option<u64>,
}

/// Counters that are set where the lines are read.
#[derive(Clone, Debug, Default)]
pub(super) struct Counters {
    pub cycles: u64,
    pub evacuation_failures: u64,
    pub promotion_failures: u64,
    pub concurrent_mode_failures: u64,
    pub allocation_stalls: Tally,
    pub relocation_stalls: Tally,
    pub out_of_memory: u64,
    pub overhead_warnings: u64,
    pub peak_humongous_regions: u64,
    /// System.gc() calls answered by a concurrent cycle.
    pub system_cycles: u64,
    /// Lines that only a GC log of this JVM has (not safepoint lines).
    pub gc_lines: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Life {
    pub collector: Collector,
    pub version: Option<String>,
    pub pid: Option<u64>,
    pub first: Place,
    pub header: bool,
    pub clock: Clock,
    pub first_id: Option<u64>,
    pub max_id: Option<u64>,
    pub orderly_exit: bool,
    pub max_heap: Option<u64>,
    pub region: Option<u64>,
    pub counters: Counters,
    pub stops: Stops,
    pub tracks: Tracks,
    /// Header says `Mode: Generational`.
    pub generational_mode: bool,
    /// Growth of the old generation that the detail lines of a collection showed: number, bytes.
    pub old_growth: Option<(u64, u64)>,
    pending: Option<Stopped>,
    durations: Durations,
    histogram: Histogram,
    kinds: [Tally; PauseKind::ALL.len()],
    causes: BTreeMap<Arc<str>, Tally>,
    full: u64,
    hidden_full: u64,
    system: u64,
    humongous: u64,
    peak_heap: Option<u64>,
    committed: Option<u64>,
    /// End and heap after the last collection.
    last_heap: Option<(f64, u64)>,
    allocated: (u64, f64),
    promoted: Option<u64>,
    after_full: Series,
    metaspace: Series,
    peak_metaspace: Option<u64>,
    slices: Slices,
    floor: Floor,
    collections: u64,
    longest: Greatest<Pause>,
    noteworthy: Greatest<Pause>,
    load: Load,
    open: Vec<(Option<u64>, OpenPause)>,
    last_end_line: u64,
}

impl Life {
    /// `noteworthy`: how many pauses of 100 ms and more may be kept.
    pub fn new(first: Place, pid: Option<u64>, noteworthy: usize) -> Self {
        Self {
            collector: Collector::Unknown,
            version: None,
            pid,
            first,
            header: false,
            clock: Clock::default(),
            first_id: None,
            max_id: None,
            orderly_exit: false,
            max_heap: None,
            region: None,
            counters: Counters::default(),
            stops: Stops::default(),
            tracks: Tracks::default(),
            generational_mode: false,
            old_growth: None,
            pending: None,
            durations: Durations::default(),
            histogram: Histogram::default(),
            kinds: [Tally::default(); PauseKind::ALL.len()],
            causes: BTreeMap::new(),
            full: 0,
            hidden_full: 0,
            system: 0,
            humongous: 0,
            peak_heap: None,
            committed: None,
            last_heap: None,
            allocated: (0, 0.0),
            promoted: None,
            after_full: Series::default(),
            metaspace: Series::default(),
            peak_metaspace: None,
            slices: Slices::new(),
            floor: Floor::new(),
            collections: 0,
            longest: Greatest::new(LONGEST),
            noteworthy: Greatest::new(noteworthy),
            load: Load::new(),
            open: Vec::new(),
            last_end_line: 0,
        }
    }

    /// Words that only one collector prints, where the header is missing.
    pub fn infer(&mut self, collector: Collector) {
        if self.collector == Collector::Unknown {
            self.collector = collector;
        }
    }

    pub fn generational(&mut self) {
        self.collector = match self.collector {
            Collector::Zgc => Collector::ZgcGenerational,
            Collector::Shenandoah => Collector::ShenandoahGenerational,
            other => other,
        };
    }

    pub fn saw_id(&mut self, id: u64) {
        self.first_id.get_or_insert(id);
        self.max_id = Some(self.max_id.map_or(id, |max| max.max(id)));
    }

    pub fn noteworthy_kept(&self) -> usize {
        self.noteworthy.len()
    }

    /// A start line; its end line takes it away again.
    pub fn begins(&mut self, id: Option<u64>, open: OpenPause) {
        if self.open.len() >= OPEN {
            self.open.remove(0);
        }
        self.open.push((id, open));
    }

    pub fn pending_id(&self) -> Option<u64> {
        self.pending.as_ref().and_then(|stopped| stopped.id)
    }

    pub fn pending(&mut self) -> Option<&mut Pause> {
        self.pending.as_mut().map(|stopped| &mut stopped.pause)
    }

    /// Generational ZGC reports in its tables what it promoted.
    pub fn promoted_concurrently(&mut self, bytes: u64) {
        self.promoted = Some(self.promoted.unwrap_or(0).saturating_add(bytes));
    }

    /// Takes an end line.
    pub fn pause(&mut self, stopped: Stopped, shared: &mut Shared) {
        self.open.retain(|(id, open)| *id != stopped.id || (id.is_none() && open.kind != stopped.pause.kind));
        self.last_end_line = stopped.pause.place.line;
        if self.wraps(&stopped) {
            // One stop: the outer duration, the inner kind, cause and heap.
            if let Some(inner) = &mut self.pending {
                inner.pause.ms = stopped.pause.ms;
                inner.start = stopped.start.or(inner.start);
                inner.pause.uptime_ms = stopped.pause.uptime_ms.or(inner.pause.uptime_ms);
                inner.pause.epoch_ms = stopped.pause.epoch_ms.or(inner.pause.epoch_ms);
            }
            return;
        }
        self.commit(shared);
        self.pending = Some(stopped);
    }

    /// JDK 9–11 Serial and CMS print a full collection inside the young one that gave up: number n+1 before n.
    fn wraps(&self, outer: &Stopped) -> bool {
        let Some(inner) = &self.pending else {
            return false;
        };
        let (Some(outer_id), Some(inner_id)) = (outer.id, inner.id) else {
            return false;
        };
        if !outer.pause.kind.is_young() || outer_id >= inner_id || outer.pause.ms < inner.pause.ms {
            return false;
        }
        match (outer.start, inner.start) {
            (Some(start), Some(inner_start)) => {
                let (end, inner_end) = (start + outer.pause.ms, inner_start + inner.pause.ms);
                start <= inner_start + STAMP_SLACK_MS && end + STAMP_SLACK_MS >= inner_end
            }
            _ => outer_id.checked_add(1) == Some(inner_id),
        }
    }

    /// Counts the pause held back.
    pub fn commit(&mut self, shared: &mut Shared) {
        let Some(Stopped { pause, id, start, hidden_full, promoted }) = self.pending.take() else {
            return;
        };
        let full = pause.kind == PauseKind::Full;
        self.durations.add(pause.ms);
        shared.durations.add(pause.ms);
        self.histogram.add(pause.ms);
        if let Some(at) = PauseKind::ALL.iter().position(|kind| *kind == pause.kind) {
            self.kinds[at].add(pause.ms);
        }
        if !pause.cause.is_empty() {
            self.causes.entry(pause.cause.clone()).or_default().add(pause.ms);
        }
        self.full += u64::from(full);
        self.hidden_full += u64::from(hidden_full);
        // Parallel answers System.gc() with a young and then a full collection: one call.
        self.system += u64::from(&*pause.cause == "System.gc()" && (full || pause.kind == PauseKind::ConcurrentStart));
        self.humongous += u64::from(&*pause.cause == "G1 Humongous Allocation");
        let mut freed_share = None;
        if let (Some(before), Some(after)) = (pause.before_bytes, pause.after_bytes) {
            let part = match pause.kind {
                _ if full || hidden_full => Part::Full,
                PauseKind::Mixed | PauseKind::Degenerated => Part::Old,
                _ => Part::Young,
            };
            let change = Change { before, after, total: pause.committed_bytes };
            self.heap(start, start.map(|start| start + pause.ms), change, part);
            let size = self.max_heap.or(self.committed).unwrap_or(0);
            freed_share = (size > 0).then(|| before.saturating_sub(after) as f64 / size as f64);
        }
        if pause.kind.is_young() && !hidden_full {
            let growth = promoted.or_else(|| self.old_growth.filter(|(of, _)| Some(*of) == id).map(|(_, bytes)| bytes));
            if let Some(growth) = growth {
                self.promoted = Some(self.promoted.unwrap_or(0).saturating_add(growth));
            }
        }
        if let Some(start) = start {
            let counts = full || hidden_full || pause.kind == PauseKind::Degenerated;
            self.load.pause(start.max(0.0), pause.ms, counts, freed_share);
            self.slices.pause(start, pause.ms);
        }
        self.longest.add(pause.ms, || pause.clone());
        if let Some(told) = &mut shared.told {
            told.push(pause.clone());
        }
        if pause.ms >= NOTEWORTHY_MS {
            self.noteworthy.add(pause.ms, || pause);
        }
    }

    /// Metaspace around a collection.
    pub fn metaspace(&mut self, change: &Change) {
        let peak = change.before.max(change.after);
        self.peak_metaspace = Some(self.peak_metaspace.map_or(peak, |known| known.max(peak)));
        let at = self.clock.latest().unwrap_or(self.collections as f64);
        self.metaspace.add(HeapPoint { at, before_bytes: change.before, after_bytes: change.after });
    }

    /// Heap around a collection, in a pause or concurrent.
    pub fn heap(&mut self, start: Option<f64>, end: Option<f64>, change: Change, part: Part) {
        let peak = change.before.max(change.after);
        self.peak_heap = Some(self.peak_heap.map_or(peak, |known| known.max(peak)));
        if let Some(total) = change.total {
            self.committed = Some(self.committed.map_or(total, |known| known.max(total)));
        }
        if let (Some(start), Some(end)) = (start, end) {
            // Memory that a concurrent phase freed in between would make it negative: such gaps tell nothing.
            if let Some((last, after)) = self.last_heap
                && change.before >= after
                && start > last
            {
                self.allocated.0 = self.allocated.0.saturating_add(change.before - after);
                self.allocated.1 += start - last;
            }
            self.last_heap = Some((end, change.after));
        }
        if let Some(end) = end {
            self.slices.heap(end, change.after);
        }
        self.collections += 1;
        let at = end.unwrap_or(self.collections as f64);
        self.floor.add(at, change.after, part != Part::Young);
        if part == Part::Full {
            self.floor.full(change.before.saturating_sub(change.after));
            self.after_full.add(HeapPoint { at, before_bytes: change.before, after_bytes: change.after });
        }
    }

    pub fn finish(mut self, shared: &mut Shared) -> JvmLife {
        self.commit(shared);
        let anchor = self.clock.anchor();
        let span = self.clock.span(self.header || self.first_id == Some(0));
        let observed = span.map(|span| span.length_ms()).filter(|length| *length > 0.0);
        let seconds = observed.map(|length| length / 1000.0);
        let total = self.durations.total_ms();
        let summary = self.durations.summary();
        let counters = self.counters;
        let concurrent = matches!(self.collector, Collector::Zgc | Collector::ZgcGenerational | Collector::Unknown);
        let shows_pauses = summary.count > 0 || (!concurrent && counters.gc_lines > 0);
        let of_kind = |kind: PauseKind| PauseKind::ALL.iter().position(|each| *each == kind).map_or(0, |at| self.kinds[at].count);
        let young = of_kind(PauseKind::Young) + of_kind(PauseKind::ConcurrentStart) + of_kind(PauseKind::PrepareMixed);
        let by_kind = PauseKind::ALL.into_iter().zip(self.kinds).filter(|(_, tally)| tally.count > 0).collect();
        let mut by_cause: Vec<_> = self.causes.into_iter().collect();
        by_cause.sort_by(|a, b| b.1.total_ms.total_cmp(&a.1.total_ms).then(a.0.cmp(&b.0)));
        let (max_heap, max_from) = match (self.max_heap, self.committed) {
            (Some(max), _) => (Some(max), Some(MaxHeapFrom::Configured)),
            (None, Some(committed)) => (Some(committed), Some(MaxHeapFrom::LargestCommitted)),
            (None, None) => (None, None),
        };
        let last_end_line = self.last_end_line;
        let open = self.open.into_iter().map(|(_, open)| open).filter(|open| open.place.line > last_end_line);
        let safepoints = self.stops.finish();
        if self.collector == Collector::Unknown {
            let operations = safepoints.iter().flat_map(|stops| &stops.by_operation);
            let told = operations.map(|(name, _)| safepoint::collector(name.as_bytes()));
            self.collector = told.into_iter().find(|collector| *collector != Collector::Unknown).unwrap_or_default();
        }
        let mut life = JvmLife {
            collector: self.collector,
            version: self.version,
            pid: self.pid,
            first_line: self.first,
            anchor: None,
            span,
            first_gc_id: self.first_id,
            orderly_exit: self.orderly_exit,
            pauses: shows_pauses.then_some(summary),
            full_gcs: self.full,
            hidden_full_gcs: self.hidden_full,
            young_gcs: young,
            mixed_gcs: of_kind(PauseKind::Mixed),
            degenerated_gcs: of_kind(PauseKind::Degenerated),
            concurrent_cycles: counters.cycles,
            by_kind,
            by_cause,
            throughput: observed.filter(|_| shows_pauses).map(|length| (1.0 - total / length).clamp(0.0, 1.0)),
            worst_minute: None,
            allocation_bytes_per_s: (self.allocated.1 > 0.0).then(|| self.allocated.0 as f64 / self.allocated.1 * 1000.0),
            promotion_bytes_per_s: self.promoted.zip(seconds).map(|(bytes, seconds)| bytes as f64 / seconds),
            peak_heap_bytes: self.peak_heap,
            max_heap_bytes: max_heap,
            max_heap_from: max_from,
            after_full: self.after_full.points(),
            leak: self.floor.trend(max_heap, span.is_some()),
            humongous_pauses: self.humongous,
            peak_humongous_regions: counters.peak_humongous_regions,
            evacuation_failures: counters.evacuation_failures,
            promotion_failures: counters.promotion_failures,
            concurrent_mode_failures: counters.concurrent_mode_failures,
            allocation_stalls: counters.allocation_stalls,
            relocation_stalls: counters.relocation_stalls,
            out_of_memory: counters.out_of_memory,
            safepoints,
            peak_metaspace_bytes: self.peak_metaspace.filter(|peak| *peak > 0),
            metaspace: self.metaspace.points(),
            over_time: self.slices.finish(),
            system_gcs: self.system + counters.system_cycles,
            overhead_limit_warnings: counters.overhead_warnings,
            histogram: self.histogram.buckets(),
            noteworthy_omitted: self.noteworthy.omitted(),
            longest: self.longest.by_weight(),
            noteworthy: self.noteworthy.by_order(),
            busiest: Vec::new(),
            thrash: Vec::new(),
            open_pauses: open.collect(),
        };
        (life.busiest, life.thrash, life.worst_minute) = self.load.finish();
        if let Some(anchor) = anchor {
            life.set_anchor(anchor);
        }
        life
    }
}

/// A pause of `ms` that began at `start`.
pub(super) fn stamped_pause(kind: PauseKind, cause: Arc<str>, ms: f64, heap: Option<Change>, at: Place, start: Moment) -> Pause {
    Pause {
        uptime_ms: start.uptime,
        epoch_ms: start.wall.map(|wall| wall.round() as i64),
        own_time: start.wall.is_some() && !start.borrowed,
        ms,
        kind,
        cause,
        before_bytes: heap.map(|heap| heap.before),
        after_bytes: heap.map(|heap| heap.after),
        committed_bytes: heap.and_then(|heap| heap.total),
        cpu: None,
        place: at,
    }
}
