//! Events: what single records say, typed. Made by `classify`, folded by `digest`, read by `correlate`. Carries no decision.

use std::fmt;
use std::sync::Arc;

/// Shared immutable text.
pub type Str = Arc<str>;

/// Flink's `JobID`, 128 bits, printed as 32 hexadecimal digits. Packed, as events are many.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(Rust, packed(8))]
pub struct JobId(pub u128);

/// 128 bits that name an execution graph or a vertex.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(Rust, packed(8))]
pub struct GraphId(pub u128);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", { self.0 })
    }
}

impl fmt::Debug for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Names of Flink's `JobStatus`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobState {
    Initializing,
    Created,
    Running,
    Failing,
    Failed,
    Cancelling,
    Canceled,
    Finished,
    Restarting,
    Suspended,
    Reconciling,
}

impl JobState {
    /// Flink's spelling.
    pub fn name(self) -> &'static str {
        use JobState::*;
        match self {
            Initializing => "INITIALIZING",
            Created => "CREATED",
            Running => "RUNNING",
            Failing => "FAILING",
            Failed => "FAILED",
            Cancelling => "CANCELLING",
            Canceled => "CANCELED",
            Finished => "FINISHED",
            Restarting => "RESTARTING",
            Suspended => "SUSPENDED",
            Reconciling => "RECONCILING",
        }
    }

    /// Reads Flink's spelling.
    pub fn parse(name: &[u8]) -> Option<JobState> {
        use JobState::*;
        let all = [Initializing, Created, Running, Failing, Failed, Cancelling, Canceled, Finished, Restarting, Suspended, Reconciling];
        all.into_iter().find(|state| state.name().as_bytes() == name)
    }

    /// FAILED, CANCELED, FINISHED: the job never comes back.
    pub fn is_globally_terminal(self) -> bool {
        matches!(self, JobState::Failed | JobState::Canceled | JobState::Finished)
    }
}

/// Names of Flink's `ExecutionState`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TaskState {
    Created,
    Scheduled,
    Deploying,
    Initializing,
    Running,
    Finished,
    Canceling,
    Canceled,
    Failed,
    Reconciling,
}

impl TaskState {
    /// Reads Flink's spelling.
    pub fn parse(name: &[u8]) -> Option<TaskState> {
        Some(match name {
            b"CREATED" => TaskState::Created,
            b"SCHEDULED" => TaskState::Scheduled,
            b"DEPLOYING" => TaskState::Deploying,
            b"INITIALIZING" => TaskState::Initializing,
            b"RUNNING" => TaskState::Running,
            b"FINISHED" => TaskState::Finished,
            b"CANCELING" => TaskState::Canceling,
            b"CANCELED" => TaskState::Canceled,
            b"FAILED" => TaskState::Failed,
            b"RECONCILING" => TaskState::Reconciling,
            _ => return None,
        })
    }
}

/// Flink's `ExecutionAttemptID`: one value to 1.15, graph, vertex, subtask and attempt from 1.16 on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExecutionId {
    Plain(GraphId),
    Composite { graph: GraphId, vertex: GraphId, subtask: u32, attempt: u32 },
}

impl fmt::Display for ExecutionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExecutionId::Plain(id) => write!(f, "{:032x}", { id.0 }),
            ExecutionId::Composite { graph, vertex, subtask, attempt } => write!(f, "{:032x}_{:032x}_{subtask}_{attempt}", { graph.0 }, { vertex.0 }),
        }
    }
}

/// A subtask as the log names it: `NAME (i/n)`, on TaskManagers from 1.12 with `#attempt`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Task {
    /// Name of the vertex.
    pub vertex: Str,
    /// 1-based.
    pub subtask: u32,
    pub parallelism: u32,
    pub attempt: Option<u32>,
    /// Boxed: few events keep it.
    pub execution: Option<Box<ExecutionId>>,
}

impl fmt::Display for Task {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}/{})", self.vertex, self.subtask, self.parallelism)
    }
}

/// Why a checkpoint failed, folded from Flink's `CheckpointFailureReason` and the lines that lack it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckpointReason {
    Expired,
    Declined,
    Async,
    Sync,
    Finalization,
    NotTriggerable,
    Io,
    TaskFailure,
    JobFailure,
    Cancelled,
    Superseded,
    Other,
}

impl CheckpointReason {
    /// Slug in the report.
    pub fn slug(self) -> &'static str {
        match self {
            CheckpointReason::Expired => "expired",
            CheckpointReason::Declined => "declined",
            CheckpointReason::Async => "async",
            CheckpointReason::Sync => "sync",
            CheckpointReason::Finalization => "finalization",
            CheckpointReason::NotTriggerable => "not-triggerable",
            CheckpointReason::Io => "io",
            CheckpointReason::TaskFailure => "task-failure",
            CheckpointReason::JobFailure => "job-failure",
            CheckpointReason::Cancelled => "cancelled",
            CheckpointReason::Superseded => "superseded",
            CheckpointReason::Other => "other",
        }
    }
}

/// What one record says.
#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    JobState {
        job: JobId,
        name: Str,
        from: JobState,
        to: JobState,
    },
    /// Dispatcher: received, submitting.
    JobSubmitted {
        job: JobId,
        name: Str,
    },
    /// JobMaster: starting execution under a new JobMaster id.
    JobStarted {
        job: JobId,
        name: Str,
    },
    /// Dispatcher, adaptive scheduler: reached a terminal state.
    JobTerminal {
        job: JobId,
        state: JobState,
    },
    /// A JobManager process takes the job over from the HA store.
    JobRecovering {
        job: JobId,
    },
    /// A TaskManager connects to the job's JobMaster.
    JobSeen {
        job: JobId,
    },
    /// The Dispatcher could not run it (initialisation failed).
    JobNotRunning {
        job: Option<JobId>,
    },
    RestartStrategy {
        job: Option<JobId>,
        text: Str,
    },
    GraphCreated {
        graph: GraphId,
        job: JobId,
    },
    TasksToRestart {
        count: u64,
        global: bool,
    },
    GlobalFailure,
    /// Adaptive scheduler: restarts after a failure, or (`planned`) because resources changed.
    AdaptiveRestart {
        planned: bool,
    },
    /// Legacy region fail-over of 1.9: no job state change goes with it.
    LegacyRegionRestart {
        count: u64,
    },

    TaskState {
        task: Task,
        from: TaskState,
        to: TaskState,
        location: Option<Str>,
        on_task_manager: bool,
    },
    TaskDeployed {
        task: Task,
        location: Str,
    },

    CheckpointTriggered {
        job: JobId,
        id: u64,
        at_ms: i64,
        savepoint: bool,
    },
    CheckpointCompleted {
        job: JobId,
        id: u64,
        bytes: u64,
        duration_ms: u64,
    },
    CheckpointExpired {
        job: JobId,
        id: u64,
    },
    CheckpointDeclined {
        job: JobId,
        id: u64,
        task: Str,
        location: Option<Str>,
    },
    /// A failure line with id: `Failed to trigger or complete checkpoint N …`, `Discarding checkpoint N …`.
    CheckpointFailed {
        job: JobId,
        id: Option<u64>,
        reason: CheckpointReason,
        counted: bool,
    },
    /// Not even triggered: `Failed to trigger checkpoint for job J since REASON`.
    CheckpointNotTriggered {
        job: JobId,
        reason: CheckpointReason,
        pre: bool,
    },
    Restored {
        job: JobId,
        id: u64,
        savepoint: bool,
        path: Option<Str>,
        at_ms: i64,
    },
    RestoredNothing,
    RestoreFromSavepoint {
        job: JobId,
        path: Str,
    },
    SavepointRequested {
        job: JobId,
        stop: bool,
    },
    /// 1.9 and 1.10 name no type at the trigger: the store says at its end which checkpoint was a savepoint.
    SavepointKept {
        id: u64,
    },
    CheckpointStorage {
        text: Str,
    },

    /// JobManager side: a TaskManager registers at the ResourceManager.
    TmRegistering {
        id: Str,
        address: Str,
    },
    /// JobManager side: its connection is closed or it is given up.
    TmLost {
        id: Str,
        why: TmLoss,
        text: Str,
    },
    /// The worker's process ended, as the platform told the JobManager.
    WorkerTerminated {
        id: Str,
        exit_code: Option<i64>,
        text: Str,
    },
    /// The same from the platform's own logs (NodeManager, ResourceManager, `kubectl`): `id` is a container or a pod.
    PlatformEnd {
        id: Str,
        exit_code: Option<i64>,
        text: Str,
    },
    /// A node is gone or unhealthy.
    NodeDown {
        node: Str,
        state: Str,
    },
    /// The JobManager itself stops or releases a worker.
    WorkerStopping {
        id: Str,
    },
    WorkersRequested {
        count: u64,
    },
    ContainersReceived {
        count: u64,
    },
    ContainerStarted {
        id: Str,
    },
    /// TaskManager side: `Starting TaskManager with ResourceID`.
    TmIdentity {
        id: Str,
    },

    ProcessStart {
        component: Str,
        version: Option<Str>,
        commit: Option<Str>,
    },
    Banner {
        key: BannerKey,
        value: Str,
    },
    Config {
        key: Str,
        value: Str,
    },
    Signal {
        name: Str,
    },
    ExitCode {
        code: i64,
    },
    ShuttingDown {
        text: Str,
    },
    Fatal {
        text: Str,
    },
    LeaderGranted,
    LeaderRevoked,
    ConnectionToZooKeeper {
        text: Str,
    },
    /// Hadoop's and HBase's `JvmPauseMonitor`: a thread slept longer than it asked for; none of `collected_ms`: no collection was seen.
    HostPause {
        ms: u64,
        collected_ms: Option<u64>,
    },
    /// Flink's memory logger: all stop-the-world collection time and collections since the JVM's start.
    Collectors {
        time_ms: u64,
        count: u64,
    },
    /// Flink's memory logger; bytes.
    HeapUsage {
        used: u64,
        max: Option<u64>,
    },
    /// One report of the Slf4j metrics reporter.
    Metrics(Box<MetricsReport>),
}

impl Kind {
    /// The job that it names.
    pub fn job(&self) -> Option<JobId> {
        use Kind::*;
        match self {
            JobState { job, .. } | JobSubmitted { job, .. } | JobStarted { job, .. } | JobTerminal { job, .. } | JobRecovering { job } | JobSeen { job } => {
                Some(*job)
            }
            GraphCreated { job, .. } | Restored { job, .. } | RestoreFromSavepoint { job, .. } | SavepointRequested { job, .. } => Some(*job),
            CheckpointTriggered { job, .. } | CheckpointCompleted { job, .. } | CheckpointExpired { job, .. } | CheckpointDeclined { job, .. } => Some(*job),
            CheckpointFailed { job, .. } | CheckpointNotTriggered { job, .. } => Some(*job),
            JobNotRunning { job } | RestartStrategy { job, .. } => *job,
            _ => None,
        }
    }
}

/// What one block of the Slf4j reporter says of load. Shares are 0 to 1.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MetricsReport {
    /// Largest share of time in which a subtask was back pressured, and which.
    pub back_pressure: Option<(f64, Str)>,
    /// Largest share of time in which a subtask was busy, and which.
    pub busy: Option<(f64, Str)>,
    /// Largest 99th percentile of latency markers in seconds, and from where to where.
    pub latency: Option<(f64, Str)>,
    pub slots_total: Option<u64>,
    pub slots_available: Option<u64>,
    /// Milliseconds.
    pub last_checkpoint_duration: Option<u64>,
}

/// Items of the start banner (Flink's `EnvironmentInformation.logEnvironmentInfo`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BannerKey {
    Jvm,
    MaxHeap,
    JvmOption,
    ProgramArgument,
    User,
}

/// How the JobManager's log explains that a TaskManager is gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TmLoss {
    HeartbeatTimeout,
    Unreachable,
    /// Connection closed with a text of its own.
    Closed,
    /// Idle workers and orderly ends.
    Released,
}
