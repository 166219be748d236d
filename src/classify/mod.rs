//! Classifiers: one record in, at most one typed event out. Stateless; a logger decides which classifier looks at a record, so that ordinary lines cost a
//! table look-up. Templates are those of the Flink classes 1.9 to 2.3 named beside each classifier.

pub mod checkpoint;
pub mod job;
pub mod jvm;
pub mod metrics;
pub mod node;
pub mod process;
pub mod task;
pub mod text;
pub mod worker;

use std::sync::LazyLock;

use rustc_hash::FxHashMap;

use crate::event::Kind;
use crate::layout::{Level, simple_name};
use crate::record::Routine;
use text::{LastJob, Message};

/// A group of loggers that write the same kind of messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Group {
    Job,
    Task,
    Checkpoint,
    Worker,
    Process,
    Config,
    /// Start banner: the main class of a process.
    Banner,
    Metrics,
    /// NodeManager and ResourceManager.
    Node,
    /// Pauses of the JVM and its memory, as monitors inside it see them.
    Pause,
}

const GROUPS: &[(Group, &[&str])] = &[
    (
        Group::Job,
        &[
            "ExecutionGraph",
            "DefaultExecutionGraph",
            "JobMaster",
            "StandaloneDispatcher",
            "MiniDispatcher",
            "Dispatcher",
            "AdaptiveScheduler",
            "DefaultStateTransitionManager",
            "SessionDispatcherLeaderProcess",
            "JobDispatcherLeaderProcess",
            "RestartPipelinedRegionStrategy",
            "RestartPipelinedRegionFailoverStrategy",
            "AdaptedRestartPipelinedRegionStrategyNG",
            "RestartIndividualStrategy",
            "DefaultScheduler",
            "SchedulerBase",
            "AdaptiveBatchSchedulerFactory",
            "JobManagerRunner",
            "JobManagerRunnerImpl",
            "JobMasterServiceLeadershipRunner",
        ],
    ),
    (Group::Task, &["Execution", "Task", "TaskExecutor"]),
    (
        Group::Checkpoint,
        &[
            "CheckpointCoordinator",
            "CheckpointFailureManager",
            "CompletedCheckpoint",
            "AsyncCheckpointRunnable",
            "ExecutionTrackingCheckpointCoordinatorDeActivator",
            "StateBackendLoader",
            "CheckpointStorageLoader",
            "StreamTask",
        ],
    ),
    (
        Group::Worker,
        &[
            "StandaloneResourceManager",
            "ActiveResourceManager",
            "YarnResourceManager",
            "YarnResourceManagerDriver",
            "KubernetesResourceManager",
            "KubernetesResourceManagerDriver",
            "ResourceManagerServiceImpl",
            "MesosResourceManager",
        ],
    ),
    (
        Group::Process,
        &[
            "DefaultDispatcherRunner",
            "DefaultLeaderElectionService",
            "ZooKeeperLeaderElectionService",
            "FatalExitExceptionHandler",
            "ConnectionStateManager",
            "FlinkSecurityManager",
            "ClientCnxn",
        ],
    ),
    (
        Group::Banner,
        &[
            "ClusterEntrypoint",
            "TaskManagerRunner",
            "YarnTaskExecutorRunner",
            "KubernetesTaskExecutorRunner",
            "StandaloneSessionClusterEntrypoint",
            "StandaloneApplicationClusterEntryPoint",
            "CliFrontend",
            "HistoryServer",
            "SqlGateway",
            "FlinkZooKeeperQuorumPeer",
            "EnvironmentInformation",
        ],
    ),
    (Group::Config, &["GlobalConfiguration"]),
    (
        Group::Node,
        &[
            "ContainersMonitorImpl",
            "ContainerLaunch",
            "ContainerExecutor",
            "DefaultContainerExecutor",
            "LinuxContainerExecutor",
            "NodeStatusUpdaterImpl",
            "RMNodeImpl",
            "RMContainerImpl",
            "CapacityScheduler",
            "FairScheduler",
            "FiCaSchedulerApp",
        ],
    ),
    (Group::Metrics, &["Slf4jReporter"]),
    (Group::Pause, &["JvmPauseMonitor", "MemoryLogger"]),
];

static TABLE: LazyLock<FxHashMap<&'static [u8], Group>> =
    LazyLock::new(|| GROUPS.iter().flat_map(|(group, names)| names.iter().map(move |name| (name.as_bytes(), *group))).collect());

/// The group of a logger, by its simple name.
#[inline]
pub fn group_of(logger: &[u8]) -> Option<Group> {
    TABLE.get(simple_name(logger)).copied()
}

/// What an ordinary record of one line says, where that only counts; the same that [`classify`] would say.
#[inline]
pub fn routine(group: Group, line: &[u8], last: &mut LastJob) -> Option<Routine> {
    match group {
        Group::Checkpoint => checkpoint::step(line, last).map(Routine::Checkpoint),
        Group::Task => task::routine(line, true).map(Routine::Task),
        Group::Job => task::routine(line, false).filter(|_| job::classify(line).is_none()).map(Routine::Task),
        _ => None,
    }
}

/// What the record says.
pub fn classify(group: Option<Group>, level: Level, logger: &[u8], message: Message) -> Option<Kind> {
    let (line, message) = (message.line().trim_ascii_end(), message.text());
    match group {
        Some(Group::Job) => job::classify(line)
            .or_else(|| task::on_job_manager(line))
            .or_else(|| checkpoint::classify(line, message))
            .or_else(|| worker::disconnect(line, message))
            .or_else(|| process::leader(line)),
        Some(Group::Task) => {
            task::on_task_manager(line).or_else(|| task::deployment(line)).or_else(|| worker::on_task_manager(line)).or_else(|| process::fatal(line, level))
        }
        Some(Group::Checkpoint) => checkpoint::classify(line, message),
        Some(Group::Worker) => worker::classify(line, message).or_else(|| process::leader(line)).or_else(|| process::fatal(line, level)),
        Some(Group::Process) => process::leader(line).or_else(|| process::zookeeper(line)).or_else(|| process::fatal(line, level)),
        Some(Group::Banner) => {
            process::banner(line).or_else(|| process::end(line, level)).or_else(|| worker::on_task_manager(line)).or_else(|| jvm::memory(line))
        }
        Some(Group::Config) => process::config(line),
        Some(Group::Node) => node::classify(logger, message),
        Some(Group::Pause) => jvm::pause(line, message).or_else(|| jvm::memory(line)),
        Some(Group::Metrics) => metrics::classify(message),
        // Layouts without a logger: every classifier that has a distinct shape may try.
        None if logger.is_empty() => job::classify(line)
            .or_else(|| task::on_job_manager(line))
            .or_else(|| checkpoint::classify(line, message))
            .or_else(|| worker::classify(line, message))
            .or_else(|| process::banner(line))
            .or_else(|| process::end(line, level)),
        None if level >= Level::Warn => process::fatal(line, level).or_else(|| process::end(line, level)),
        None => None,
    }
}
