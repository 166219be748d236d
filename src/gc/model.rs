//! What a GC log says: the results of [`super::Machine`]. Data only; times in milliseconds, sizes in bytes.

use std::sync::Arc;

/// Where a line stands in its decoded source: line 1-based, byte 0-based.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Place {
    pub line: u64,
    pub byte: u64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Collector {
    Serial,
    Parallel,
    Cms,
    G1,
    Zgc,
    ZgcGenerational,
    Shenandoah,
    ShenandoahGenerational,
    #[default]
    Unknown,
}

impl Collector {
    pub fn slug(self) -> &'static str {
        match self {
            Self::Serial => "serial",
            Self::Parallel => "parallel",
            Self::Cms => "cms",
            Self::G1 => "g1",
            Self::Zgc => "zgc",
            Self::ZgcGenerational => "zgc-generational",
            Self::Shenandoah => "shenandoah",
            Self::ShenandoahGenerational => "shenandoah-generational",
            Self::Unknown => "unknown",
        }
    }
}

/// Kinds of stop-the-world pauses, over all collectors.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PauseKind {
    Young,
    /// G1: a young pause that begins a marking cycle (JDK 8–10 `initial-mark`).
    ConcurrentStart,
    PrepareMixed,
    Mixed,
    Full,
    /// Shenandoah: the concurrent cycle lost the race and was finished in a stop.
    Degenerated,
    InitialMark,
    Remark,
    Cleanup,
    InitMark,
    FinalMark,
    InitUpdateRefs,
    FinalUpdateRefs,
    FinalRoots,
    MarkStart,
    MarkEnd,
    RelocateStart,
    Other,
}

impl PauseKind {
    pub const ALL: [Self; 18] = [
        Self::Young,
        Self::ConcurrentStart,
        Self::PrepareMixed,
        Self::Mixed,
        Self::Full,
        Self::Degenerated,
        Self::InitialMark,
        Self::Remark,
        Self::Cleanup,
        Self::InitMark,
        Self::FinalMark,
        Self::InitUpdateRefs,
        Self::FinalUpdateRefs,
        Self::FinalRoots,
        Self::MarkStart,
        Self::MarkEnd,
        Self::RelocateStart,
        Self::Other,
    ];

    pub fn slug(self) -> &'static str {
        match self {
            Self::Young => "young",
            Self::ConcurrentStart => "concurrent-start",
            Self::PrepareMixed => "prepare-mixed",
            Self::Mixed => "mixed",
            Self::Full => "full",
            Self::Degenerated => "degenerated",
            Self::InitialMark => "initial-mark",
            Self::Remark => "remark",
            Self::Cleanup => "cleanup",
            Self::InitMark => "init-mark",
            Self::FinalMark => "final-mark",
            Self::InitUpdateRefs => "init-update-refs",
            Self::FinalUpdateRefs => "final-update-refs",
            Self::FinalRoots => "final-roots",
            Self::MarkStart => "mark-start",
            Self::MarkEnd => "mark-end",
            Self::RelocateStart => "relocate-start",
            Self::Other => "other",
        }
    }

    /// A collection of the young generation (mixed ones too): these move objects to the old one.
    pub(super) fn is_young(self) -> bool {
        matches!(self, Self::Young | Self::ConcurrentStart | Self::PrepareMixed | Self::Mixed)
    }
}

/// Percentiles by nearest rank; `percentile_error` is 0 while exact, else the relative error.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct PauseSummary {
    pub count: u64,
    pub total_ms: f64,
    pub max_ms: f64,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
    pub percentile_error: f64,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Tally {
    pub count: u64,
    pub total_ms: f64,
    pub max_ms: f64,
}

impl Tally {
    pub(super) fn add(&mut self, ms: f64) {
        self.count += 1;
        self.total_ms += ms;
        self.max_ms = self.max_ms.max(ms);
    }
}

/// CPU and wall seconds of one collection. Real far above user + sys: the process was throttled, swapped out or the log
/// disk was slow; that is not the collector's work.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Cpu {
    pub user_s: f64,
    pub sys_s: f64,
    pub real_s: f64,
}

/// One stop-the-world pause of the collector.
#[derive(Clone, Debug, PartialEq)]
pub struct Pause {
    /// Start, milliseconds since the JVM start.
    pub uptime_ms: Option<f64>,
    /// Start, epoch milliseconds; the line's own time where it has one, else by the life's anchor.
    pub epoch_ms: Option<i64>,
    /// `epoch_ms` was printed by the JVM on this line.
    pub own_time: bool,
    pub ms: f64,
    pub kind: PauseKind,
    /// `G1 Evacuation Pause`, …; empty where the log names none.
    pub cause: Arc<str>,
    pub before_bytes: Option<u64>,
    pub after_bytes: Option<u64>,
    pub committed_bytes: Option<u64>,
    pub cpu: Option<Cpu>,
    pub place: Place,
}

/// How the start of the JVM on the wall clock is known, best first (see [`Anchor`]).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnchorFrom {
    /// Lines with both a wall clock and an uptime.
    TimeAndUptime,
    /// Lines with a wall clock only: pauses are placed, the JVM start is not known.
    Time,
    /// Container or shipper stamps before the lines: the least (stamp − uptime).
    Wrapper,
    /// First line of the process's own Flink log, 0.3–2 s after the JVM start.
    StartBanner,
}

impl AnchorFrom {
    pub fn slug(self) -> &'static str {
        match self {
            Self::TimeAndUptime => "time-and-uptime",
            Self::Time => "time",
            Self::Wrapper => "wrapper",
            Self::StartBanner => "start-banner",
        }
    }
}

/// Ties uptime to the wall clock.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Anchor {
    /// JVM start, epoch milliseconds; for [`AnchorFrom::Time`] the first stamp of the log.
    pub start_epoch_ms: i64,
    pub from: AnchorFrom,
    /// The true value lies within ± this.
    pub error_ms: i64,
    /// Offset of the log's own zone, minutes east of UTC, when it printed one.
    pub offset_minutes: Option<i16>,
}

/// First and last stamp of a JVM life. `from_start`: the log shows the JVM from its start on, so T counts from uptime 0.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Span {
    pub first_ms: f64,
    pub last_ms: f64,
    pub from_start: bool,
    /// The two are epoch milliseconds, not uptime (the log prints no uptime).
    pub wall_clock: bool,
}

impl Span {
    pub fn length_ms(&self) -> f64 {
        if self.from_start && !self.wall_clock { self.last_ms } else { self.last_ms - self.first_ms }
    }
}

/// Where the maximum heap size comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MaxHeapFrom {
    /// `-Xmx` or what the JVM made of it, printed in the header.
    Configured,
    /// The largest committed size seen: the heap may be allowed to grow beyond.
    LargestCommitted,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct HeapPoint {
    /// Milliseconds on the clock of [`Span`]; pause number when the log has no clock.
    pub at: f64,
    pub before_bytes: u64,
    pub after_bytes: u64,
}

/// What happened in one slice of [`OverTime`].
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Slice {
    pub longest_ms: f64,
    pub stopped_ms: f64,
    /// After the last collection in it.
    pub heap_after_bytes: Option<u64>,
}

/// A life in at most 120 equal slices of time.
#[derive(Clone, Debug, PartialEq)]
pub struct OverTime {
    /// Begin of the first slice on the clock of [`Span`].
    pub from_ms: f64,
    pub slice_ms: f64,
    pub slices: Vec<Slice>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeakSignal {
    /// Too few collections to say.
    Insufficient,
    /// The live set returns to the same floor.
    None,
    /// The floor rises through the run but leaves room.
    Rising,
    /// The floor rises through the run and fills the heap.
    Leak,
    /// Live objects fill the heap to the end, without a climb that shows how they came: too small a heap, or a leak seen late.
    Full,
}

impl LeakSignal {
    pub fn slug(self) -> &'static str {
        match self {
            Self::Insufficient => "insufficient",
            Self::None => "none",
            Self::Rising => "rising",
            Self::Leak => "leak",
            Self::Full => "full",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LeakTrend {
    pub signal: LeakSignal,
    /// Lowest heap use after a collection in the first and last tenth of the run.
    pub first_floor_bytes: u64,
    pub last_floor_bytes: u64,
    /// Growth of the floor, bytes per hour; none without a clock.
    pub bytes_per_hour: Option<f64>,
}

/// Stops reported by safepoint lines: every stop of the VM, collections included, with the time to reach it. Never add
/// these to pauses.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Safepoints {
    pub all: Tally,
    /// Those whose operation is a collection.
    pub gc: Tally,
    /// Longest time to bring all threads to the safepoint: that is not collection work.
    pub max_reach_ms: f64,
    pub max_reach_at: Option<Place>,
    pub longest_other: Option<OtherStop>,
    /// By operation, most total time first; at most 32, the rest under `(other)`. JDK 8 names none.
    pub by_operation: Vec<(Arc<str>, Tally)>,
}

/// A stop for another reason than a collection (`HeapDumper`, `ThreadDump`, `RevokeBias`).
#[derive(Clone, Debug, PartialEq)]
pub struct OtherStop {
    pub operation: Arc<str>,
    pub ms: f64,
    pub place: Place,
}

/// GC share of one 10-second window.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BusyWindow {
    /// Begin on the clock of [`Span`].
    pub at_ms: f64,
    pub gc_ms: f64,
    pub full_ms: f64,
}

/// A stretch in which full collections (degenerated ones too) took more than 30 % of the time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thrash {
    pub from_ms: f64,
    pub to_ms: f64,
    pub full_ms: f64,
    pub full_gcs: u64,
    /// Mean share of the heap that a full collection freed; below 5 % it is a death spiral. None without heap sizes.
    pub freed_share: Option<f64>,
}

/// A pause whose end is missing: cut file, or the JVM was killed inside it.
#[derive(Clone, Debug, PartialEq)]
pub struct OpenPause {
    pub gc_id: Option<u64>,
    pub kind: PauseKind,
    pub cause: Arc<str>,
    pub uptime_ms: Option<f64>,
    pub epoch_ms: Option<i64>,
    pub place: Place,
}

/// One JVM from start to end, as far as the source shows it.
#[derive(Clone, Debug, PartialEq)]
pub struct JvmLife {
    pub collector: Collector,
    /// JVM version as its header prints it (`17.0.9+9`, `25.45-b02`).
    pub version: Option<String>,
    pub pid: Option<u64>,
    pub first_line: Place,
    pub anchor: Option<Anchor>,
    pub span: Option<Span>,
    /// First collection number in the source; above 0 the older part was lost. JDK 8 has none.
    pub first_gc_id: Option<u64>,
    /// The JVM printed its heap at exit: an orderly end.
    pub orderly_exit: bool,
    /// None where the log cannot show pauses.
    pub pauses: Option<PauseSummary>,
    /// Records that say `Full`.
    pub full_gcs: u64,
    /// JDK 8: records that say `GC` but in which the old generation was collected in the stop (concurrent mode failure,
    /// Serial overflow): full collections in all but name.
    pub hidden_full_gcs: u64,
    pub young_gcs: u64,
    pub mixed_gcs: u64,
    pub degenerated_gcs: u64,
    /// Concurrent cycles begun (G1, CMS) or ended (ZGC, Shenandoah).
    pub concurrent_cycles: u64,
    pub by_kind: Vec<(PauseKind, Tally)>,
    /// Most total time first; at most 64 causes, the rest under `(other)`.
    pub by_cause: Vec<(Arc<str>, Tally)>,
    /// 1 − pauses / observed time.
    pub throughput: Option<f64>,
    /// Lowest throughput of any minute, with the minute's begin on the clock of [`Span`].
    pub worst_minute: Option<(f64, f64)>,
    pub allocation_bytes_per_s: Option<f64>,
    pub promotion_bytes_per_s: Option<f64>,
    pub peak_heap_bytes: Option<u64>,
    pub max_heap_bytes: Option<u64>,
    pub max_heap_from: Option<MaxHeapFrom>,
    /// Heap around full (or, without such, old-generation) collections, thinned to 256 points.
    pub after_full: Vec<HeapPoint>,
    pub leak: LeakTrend,
    /// Pauses caused by humongous allocations, and the most humongous regions seen.
    pub humongous_pauses: u64,
    pub peak_humongous_regions: u64,
    pub evacuation_failures: u64,
    pub promotion_failures: u64,
    pub concurrent_mode_failures: u64,
    /// ZGC: threads that had to wait for memory; the VM was not stopped.
    pub allocation_stalls: Tally,
    pub relocation_stalls: Tally,
    /// ZGC: threads that got an OutOfMemoryError.
    pub out_of_memory: u64,
    pub safepoints: Option<Safepoints>,
    pub peak_metaspace_bytes: Option<u64>,
    /// Metaspace in use around collections, thinned to 256 points.
    pub metaspace: Vec<HeapPoint>,
    pub over_time: Option<OverTime>,
    pub system_gcs: u64,
    /// `GC time would exceed GCTimeLimit` (JDK 8).
    pub overhead_limit_warnings: u64,
    /// Upper bound of the bucket in ms, pauses in it; empty buckets left out.
    pub histogram: Vec<(f64, u64)>,
    /// The 20 longest pauses, longest first.
    pub longest: Vec<Pause>,
    /// Pauses of 100 ms and more in time order, and how many were left out beyond the cap.
    pub noteworthy: Vec<Pause>,
    pub noteworthy_omitted: u64,
    /// The 30 busiest 10-second windows, in time order.
    pub busiest: Vec<BusyWindow>,
    /// Longest first, at most 16.
    pub thrash: Vec<Thrash>,
    pub open_pauses: Vec<OpenPause>,
}

/// What the reader could not settle.
#[derive(Clone, Debug, PartialEq)]
pub enum NoteKind {
    /// Collection numbers and stamps jump back and forth: two JVMs in one stream without pid, or reordered lines.
    Interleaved,
    /// Stamps run backwards within one JVM.
    StampsRunBackwards { by_ms: f64 },
    /// The wall clock moved against the uptime.
    WallClockStepped { by_ms: i64 },
    /// The first collection is not number 0: older parts are lost, figures are from here on.
    BeginsAt { gc_id: u64 },
    /// A record never closed; what it said is lost.
    RecordAbandoned,
    /// More JVM lives than are kept apart; the further ones are counted in the last.
    TooManyLives,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Note {
    pub line: u64,
    /// How often it was seen; `line` is the first.
    pub count: u64,
    pub kind: NoteKind,
}

/// Everything one source says, JVM by JVM.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GcLog {
    pub lives: Vec<JvmLife>,
    /// Over all lives; None where no life can show pauses.
    pub pauses: Option<PauseSummary>,
    pub notes: Vec<Note>,
}
