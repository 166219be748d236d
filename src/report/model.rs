//! The wire types of `flinklog.report/1`.
//!
//! In: what diagnosis found. Out: one tree that every renderer reads and that `-f json` prints as it stands; a saved report is read back into it.
//! Keys stand in the order of the fields. Times are RFC 3339 with milliseconds and offset, durations `…_ms`, sizes `…_bytes`; what is not known is
//! `null`. These types only carry data: nothing here decides anything.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Value of [`Report::schema`].
pub const SCHEMA: &str = "flinklog.report/1";

/// RFC 3339 with milliseconds and offset: `2026-11-21T09:20:37.689Z`.
pub type Time = String;

/// The whole report.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Report {
    /// Always [`SCHEMA`].
    pub schema: String,
    pub tool: Tool,
    /// Every file or section that was read, in path order (`yarn logs`: in order of appearance).
    pub sources: Vec<Source>,
    pub processes: Vec<Process>,
    pub processes_omitted: u64,
    pub warnings: Vec<Warning>,
    pub warnings_omitted: u64,
    pub summary: Summary,
    pub jobs: Vec<Job>,
    pub jobs_omitted: u64,
    /// Those among the omitted ones that were only counted, where there were very many.
    pub jobs_folded: Option<JobsFolded>,
    pub task_managers: Vec<TaskManager>,
    pub task_managers_omitted: u64,
    pub gc: Vec<Gc>,
    /// What JVMs printed of themselves: crash reports, thread dumps, heap dumps, memory that ran out.
    pub jvm: Vec<Jvm>,
    pub exceptions: Vec<Exception>,
    pub exceptions_omitted: u64,
    /// Ranked: root causes first, then severity, certainty, time.
    pub findings: Vec<Finding>,
    pub findings_omitted: u64,
    pub benign: Vec<Benign>,
    pub unclassified: Vec<Unclassified>,
    pub unclassified_omitted: u64,
    pub timeline: Vec<TimelineRow>,
    pub timeline_omitted: u64,
    /// What was read and what was not.
    pub coverage: Coverage,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Tool {
    pub name: String,
    pub version: String,
    pub fingerprint_version: u32,
    pub pattern_packs: Vec<PatternPack>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct PatternPack {
    pub name: String,
    pub version: String,
    pub patterns: u64,
}

/// One file, or one log inside a delivery (`yarn logs`, archive, prefixed stream).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Source {
    pub id: u32,
    pub path: String,
    pub container: Option<String>,
    pub log_type: Option<String>,
    pub node: Option<String>,
    /// Closed set: jobmanager taskmanager client historyserver sqlgateway operator zookeeper gc stdout hs-err thread-dump container launcher nodemanager
    /// resourcemanager k8s-events unknown.
    pub role: String,
    /// Name of the layout of most of its records, for example `log4j`, `logback`, `json-logstash`, `gc-unified`.
    pub layout: Option<String>,
    /// `none`, `gzip`, `zstd`, `bzip2`, `xz`, `lz4`, `zip`, `tfile`, `ifile` …
    pub codec: String,
    /// Size after decoding.
    pub bytes: u64,
    pub lines: u64,
    pub records: u64,
    /// Lines that neither begin a record nor go on one.
    pub unparsed_lines: u64,
    pub capped_lines: u64,
    pub first_time: Option<Time>,
    pub last_time: Option<Time>,
    pub time_zone: TimeZone,
    /// Id of the newest sibling of the rotation set that this one belongs to.
    pub rotation_of: Option<u32>,
    /// False where the source ended early (truncated, unreadable, changed while being read).
    pub complete: bool,
    pub processes: Vec<u32>,
    /// Position in the enclosing stream, for logs inside a delivery.
    pub stream_line: Option<u64>,
    pub stream_byte: Option<u64>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TimeZone {
    /// `+08:00`, `Z`.
    pub offset: String,
    /// option | log | inferred | paired | assumed
    pub from: String,
}

/// One life of one JVM (or shell launcher).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Process {
    pub id: u32,
    pub role: String,
    pub sources: Vec<u32>,
    pub start: Option<Time>,
    pub end: Option<Time>,
    /// shutdown, fatal-error, signal, exit, log-stops, log-ends …; `null` while unknown.
    pub ended_by: Option<String>,
    pub exit_code: Option<i64>,
    /// The exit code in words.
    pub exit_meaning: Option<String>,
    pub flink_version: Option<String>,
    pub commit: Option<String>,
    pub jvm: Option<String>,
    pub resource_id: Option<String>,
    pub container: Option<String>,
    pub host: Option<String>,
    /// standalone-session, standalone-application, yarn-application, kubernetes-session …
    pub deployment: Option<String>,
    pub jvm_options: Vec<String>,
    pub program_arguments: Vec<String>,
    pub max_heap_bytes: Option<u64>,
    /// Effective configuration as the log shows it; secrets are masked.
    pub configuration: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Warning {
    pub source: Option<u32>,
    pub line: Option<u64>,
    pub code: String,
    pub message: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Summary {
    /// failed | degraded | healthy | not-assessed
    pub verdict: String,
    pub headline: String,
    pub root_cause: Option<String>,
    pub certainty: Option<String>,
    pub still_failing: Option<bool>,
    pub first_fault: Option<FirstFault>,
    pub last_healthy: Option<LastHealthy>,
    pub missing: Vec<Missing>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct FirstFault {
    pub time: Option<Time>,
    pub job: Option<String>,
    pub attempt: Option<u32>,
    pub task: Option<String>,
    pub task_manager: Option<String>,
    pub source: u32,
    pub line: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LastHealthy {
    pub time: Option<Time>,
    pub checkpoint: Option<u64>,
}

/// What would have to be given for more certainty.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Missing {
    pub code: String,
    pub subject: Option<String>,
    pub text: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Job {
    /// 32 hexadecimal digits.
    pub id: String,
    pub name: Option<String>,
    /// Flink's JobStatus name, or `UNKNOWN`.
    pub state: String,
    pub verdict: String,
    pub root_causes: Vec<String>,
    /// Redeployments, full or of regions, that really began.
    pub restarts: u64,
    pub first_time: Option<Time>,
    pub last_time: Option<Time>,
    /// Restart strategy in words, for example `fixed-delay (3 attempts, 2 s)`.
    pub strategy: Option<String>,
    /// default | adaptive | legacy
    pub scheduler: Option<String>,
    pub attempts: Vec<Attempt>,
    pub attempts_omitted: u64,
    pub tasks: Vec<Task>,
    pub tasks_omitted: u64,
    pub checkpoints: Checkpoints,
    /// Vertices of the newest attempt's tasks and the TaskManager each was deployed to, capped.
    pub deployments: Vec<Deployment>,
    pub deployments_omitted: u64,
}

/// One run of the job between (re)deployments; number 1 is the first.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Attempt {
    pub number: u32,
    pub start: Option<Time>,
    pub running: Option<Time>,
    pub end: Option<Time>,
    /// finished failed canceled suspended rescaled lost running unknown
    pub outcome: String,
    /// What began it: submission, restart, region-failover, rescale, jobmanager-failover.
    pub begun_by: String,
    pub restored_from: Option<RestoredFrom>,
    pub failure: Option<AttemptFailure>,
    pub tasks_restarted: Option<u64>,
    pub checkpoints: AttemptCheckpoints,
    /// From the failure that ended the attempt before to RUNNING of this one.
    pub downtime_ms: Option<u64>,
    /// Work redone: from the restored checkpoint's trigger to the failure before.
    pub replayed_ms: Option<u64>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct RestoredFrom {
    pub checkpoint: Option<u64>,
    /// checkpoint | savepoint
    pub kind: String,
    pub path: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AttemptFailure {
    pub time: Option<Time>,
    pub task: Option<String>,
    pub task_manager: Option<String>,
    /// Fingerprint of the exception.
    pub exception: Option<String>,
    pub finding: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct AttemptCheckpoints {
    pub triggered: u64,
    pub completed: u64,
    pub failed: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Task {
    pub vertex: String,
    pub parallelism: Option<u32>,
    pub failures: u64,
    pub last_task_manager: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Deployment {
    pub task: String,
    pub attempt: Option<u32>,
    pub execution: Option<String>,
    pub task_manager: Option<String>,
    pub host: Option<String>,
}

/// Jobs of the middle of long logs that were over: their causes were not looked for.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct JobsFolded {
    pub jobs: u64,
    /// How many ended in which state; `UNKNOWN`: the logs do not say.
    pub states: BTreeMap<String, u64>,
    /// Those that failed, for good or until they restarted.
    pub failing: u64,
    /// Those of which only checkpoints failed, or something else was logged as a warning.
    pub warned: u64,
    pub restarts: u64,
    pub checkpoints: AttemptCheckpoints,
    /// Events that went with them.
    pub events: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Checkpoints {
    pub triggered: u64,
    pub completed: u64,
    pub failed: u64,
    pub in_progress: u64,
    /// Completed savepoints.
    pub savepoints: u64,
    pub failed_by_reason: BTreeMap<String, u64>,
    pub duration_ms: Option<Spread>,
    pub size_bytes: Option<Sizes>,
    pub last_completed: Option<LastCompleted>,
    /// The longest time without a completed checkpoint while the job lived.
    pub longest_gap_ms: Option<u64>,
    /// Durations of the completed ones in time order, at most 120 values, each the longest of its slice.
    pub duration_trend_ms: Vec<u64>,
    pub storage: Option<String>,
    pub failures: Vec<CheckpointFailure>,
    pub failures_omitted: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Spread {
    pub min: u64,
    pub p50: u64,
    pub p95: u64,
    pub p99: u64,
    pub max: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Sizes {
    pub min: u64,
    pub p50: u64,
    pub p95: u64,
    pub max: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LastCompleted {
    pub id: u64,
    pub time: Option<Time>,
    pub duration_ms: Option<u64>,
    pub size_bytes: Option<u64>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct CheckpointFailure {
    pub id: Option<u64>,
    pub time: Option<Time>,
    /// expired declined async sync finalization not-triggerable io task-failure job-failure cancelled superseded other
    pub reason: String,
    pub message: String,
    pub task: Option<String>,
    pub source: u32,
    pub line: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TaskManager {
    pub id: String,
    pub container: Option<String>,
    pub host: Option<String>,
    pub sources: Vec<u32>,
    pub slots: Option<u32>,
    pub lives: Vec<Life>,
    pub lives_omitted: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Life {
    pub registered: Option<Time>,
    pub lost: Option<Time>,
    /// killed-memory killed preempted node-lost heartbeat-timeout disconnected oom crashed released stopped unknown
    pub loss: Option<String>,
    pub exit_code: Option<i64>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Gc {
    pub source: u32,
    pub process: Option<u32>,
    /// serial parallel cms g1 zgc zgc-generational shenandoah shenandoah-generational unknown
    pub collector: String,
    /// `null` where the log cannot show pauses.
    pub pauses: Option<Pauses>,
    pub full_gcs: Option<u64>,
    /// Share of time outside pauses, 0 to 1.
    pub throughput: Option<f64>,
    pub peak_heap_bytes: Option<u64>,
    pub max_heap_bytes: Option<u64>,
    pub longest: Vec<Pause>,
    pub first_time: Option<Time>,
    pub last_time: Option<Time>,
    /// Where wall-clock times come from: log, process-start, container …, or `null` where only uptimes are known.
    pub clock: Option<String>,
    pub allocation_rate_bytes_per_s: Option<u64>,
    pub promotion_rate_bytes_per_s: Option<u64>,
    /// Heap after full collections, oldest first, at most 60 values.
    pub heap_after_full_bytes: Vec<u64>,
    /// Heap that stays in use after collections: none (it returns to its floor), rising, leak (rising until the heap is full), full, or insufficient
    /// (too few collections to say).
    pub heap_trend: String,
    pub leak_suspected: bool,
    /// Least heap in use after collections in the first and the last tenth of the run.
    pub heap_floor_bytes: Option<(u64, u64)>,
    pub causes: BTreeMap<String, u64>,
    /// By kind: young mixed full degenerated remark cleanup …
    pub kinds: BTreeMap<String, Tally>,
    /// JVMs that wrote this log one after the other, or into one another.
    pub jvms: u64,
    /// Concurrent cycles of the collector.
    pub concurrent_cycles: u64,
    /// JDK 8: full collections that the log prints as young ones (concurrent mode failure, promotion failure).
    pub hidden_full_gcs: u64,
    pub promotion_failures: u64,
    /// configured (`-Xmx`) or largest-committed, where no option tells.
    pub max_heap_from: Option<String>,
    /// The times on the wall clock are true within ± this.
    pub clock_error_ms: Option<u64>,
    /// The minute with the least time outside pauses.
    pub worst_minute: Option<WorstMinute>,
    /// Stretches in which full collections took more than 30 % of the time, longest first.
    pub thrashing: Vec<Thrashing>,
    pub peak_metaspace_bytes: Option<u64>,
    /// The longest JVM life of this log in equal slices of time.
    pub over_time: Option<GcOverTime>,
    pub humongous: u64,
    pub evacuation_failures: u64,
    pub concurrent_mode_failures: u64,
    pub system_gc_calls: u64,
    pub allocation_stalls: Option<Pauses>,
    /// All stops of the VM, where the log prints safepoints.
    pub safepoints: Option<Pauses>,
    pub longest_time_to_safepoint_ms: Option<f64>,
    /// Pauses per class: `[upper bound in ms, count]`.
    pub histogram: Vec<(f64, u64)>,
    pub notes: Vec<String>,
}

/// What a JVM printed of itself into one source.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Jvm {
    pub source: u32,
    pub process: Option<u32>,
    pub crashes: Vec<JvmCrash>,
    pub thread_dumps: Vec<ThreadDump>,
    pub thread_dumps_omitted: u64,
    pub heap_dumps: Vec<HeapDump>,
    /// Lines of text that name an OutOfMemoryError, by its detail message.
    pub out_of_memory: Vec<OutOfMemory>,
}

/// The header of a crash report and, in an `hs_err` file, what it says of thread and memory.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct JvmCrash {
    pub line: u64,
    pub signal: Option<String>,
    pub detail: Option<String>,
    pub problematic_frame: Option<String>,
    pub library: Option<String>,
    /// In a sentence.
    pub meaning: String,
    pub thread: Option<String>,
    /// First Java frame of user code, else the first of all.
    pub java_frame: Option<String>,
    pub pid: Option<u64>,
    pub jvm: Option<String>,
    pub uptime_ms: Option<f64>,
    pub insufficient_memory: bool,
    pub allocation: Option<String>,
    /// The heap when it crashed, as the report words it.
    pub heap: Vec<String>,
    /// Memory of the host when it crashed, as the report words it.
    pub memory: Option<String>,
    pub report_path: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ThreadDump {
    pub line: u64,
    /// As the line above it says; null where there is none.
    pub time: Option<Time>,
    pub vm: String,
    pub threads: u64,
    pub runnable: u64,
    pub blocked: u64,
    pub waiting: u64,
    /// Names of the threads of each cycle.
    pub deadlocks: Vec<Deadlock>,
    pub blocked_threads: Vec<BlockedThread>,
    pub blocked_threads_omitted: u64,
    /// Threads that run Flink's tasks.
    pub tasks: Vec<TaskThread>,
    pub tasks_omitted: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Deadlock {
    pub line: u64,
    pub threads: Vec<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct BlockedThread {
    pub line: u64,
    pub name: String,
    pub frame: String,
    pub lock_class: String,
    pub held_by: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TaskThread {
    pub line: u64,
    pub name: String,
    pub state: String,
    pub frame: String,
    /// First frame that is neither the JDK's nor Flink's.
    pub user_frame: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct HeapDump {
    pub line: u64,
    pub path: Option<String>,
    /// `null`: the log does not say that it was finished.
    pub bytes: Option<u64>,
    pub duration_ms: Option<u64>,
    pub failed: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct OutOfMemory {
    pub line: u64,
    pub detail: String,
    pub count: u64,
    /// An option ended the JVM because of it.
    pub ended_the_jvm: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Tally {
    pub count: u64,
    pub total_ms: f64,
    pub max_ms: f64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct WorstMinute {
    pub time: Option<Time>,
    pub uptime_ms: Option<f64>,
    pub throughput: f64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Thrashing {
    pub from: Option<Time>,
    pub to: Option<Time>,
    pub duration_ms: f64,
    pub full_ms: f64,
    pub full_gcs: u64,
    /// Mean share of the heap that a full collection freed.
    pub freed_share: Option<f64>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct GcOverTime {
    pub from: Option<Time>,
    pub from_uptime_ms: Option<f64>,
    pub slice_ms: f64,
    pub longest_ms: Vec<f64>,
    pub stopped_ms: Vec<f64>,
    /// After the last collection of the slice.
    pub heap_after_bytes: Vec<Option<u64>>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Pauses {
    pub count: u64,
    pub total_ms: f64,
    pub max_ms: f64,
    pub p50_ms: f64,
    pub p95_ms: f64,
    pub p99_ms: f64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Pause {
    pub time: Option<Time>,
    pub uptime_ms: Option<f64>,
    pub ms: f64,
    pub cause: String,
    pub line: u64,
}

/// A group of equal exceptions.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Exception {
    /// 16 hexadecimal digits.
    pub fingerprint: String,
    pub class: String,
    pub message: String,
    /// The deepest link that is no wrapper.
    pub root: ExceptionRoot,
    /// First frame in the user's code: `com.acme.Job$Map.map(Job.java:56)`.
    pub user_frame: Option<String>,
    /// Classes, outermost first.
    pub chain: Vec<String>,
    /// Capped text.
    pub trace: String,
    pub count: u64,
    pub first: Option<Time>,
    pub last: Option<Time>,
    pub jobs: Vec<String>,
    pub sources: Vec<u32>,
    pub sample: LineRange,
    /// Slug of the pattern that explains it.
    pub pattern: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct ExceptionRoot {
    pub class: String,
    pub message: String,
    pub frame: Option<String>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LineRange {
    pub source: u32,
    pub line: u64,
    pub lines: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Finding {
    /// From its content, stable between runs.
    pub id: String,
    /// Slug.
    pub pattern: String,
    /// Slug of the narrower pattern that matched, where `pattern` is the wider one that it is reported as.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub variant: Option<String>,
    pub title: String,
    /// root-cause trigger symptom contributing sustainer observation
    pub role: String,
    /// critical error warning info
    pub severity: String,
    /// confirmed likely possible insufficient
    pub certainty: String,
    pub owner: String,
    /// `null` where nobody knows.
    pub restart_helps: Option<bool>,
    pub jobs: Vec<String>,
    pub attempts: Vec<u32>,
    pub task_manager: Option<String>,
    pub first: Option<Time>,
    pub last: Option<Time>,
    pub count: u64,
    pub explanation: String,
    pub remedy: Vec<String>,
    /// Ids of the findings that brought this one about.
    pub caused_by: Vec<String>,
    /// Fingerprint of the exception behind it.
    pub exception: Option<String>,
    pub docs: Option<String>,
    pub evidence: Vec<Evidence>,
}

impl Finding {
    /// The narrowest slug, whose words the finding speaks: what `explain` takes.
    pub fn slug(&self) -> &str {
        self.variant.as_deref().unwrap_or(&self.pattern)
    }
}

/// A quoted place, or (with `searched`) a stretch of a source in which something that should be there is not.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    pub source: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub line: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lines: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byte: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bytes: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<Time>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub searched: Option<Searched>,
    pub text: String,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Searched {
    pub from: Option<Time>,
    pub to: Option<Time>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Benign {
    pub pattern: String,
    pub count: u64,
    pub sample: LineOf,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct LineOf {
    pub source: u32,
    pub line: u64,
}

/// WARN and ERROR records that no pattern knows, by template.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Unclassified {
    pub template: String,
    pub level: String,
    pub logger: String,
    pub count: u64,
    pub first: Option<Time>,
    pub last: Option<Time>,
    pub sample: UnclassifiedSample,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct UnclassifiedSample {
    pub source: u32,
    pub line: u64,
    pub text: String,
}

/// One row of the merged time line; equal neighbours are folded (`count` > 1, `first` to `last`).
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct TimelineRow {
    pub first: Option<Time>,
    pub last: Option<Time>,
    pub count: u64,
    /// Dotted: `job.state`, `task.failed`, `attempt.start`, `checkpoint.completed`, `tm.lost`, `gc.pause` …
    pub kind: String,
    pub job: Option<String>,
    pub attempt: Option<u32>,
    pub task_manager: Option<String>,
    pub source: u32,
    pub line: u64,
    pub text: String,
}

/// What was read, what was not, what did not parse.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default)]
pub struct Coverage {
    pub sources: u64,
    pub bytes: u64,
    pub lines: u64,
    pub records: u64,
    pub unparsed_lines: u64,
    pub capped_lines: u64,
    /// Files that hold no log at all.
    pub skipped: u64,
    /// Files or sections that could not be read to their end.
    pub incomplete: u64,
    pub benign: u64,
    /// WARN and ERROR records that no pattern knows.
    pub unclassified: u64,
    pub first_time: Option<Time>,
    pub last_time: Option<Time>,
}
