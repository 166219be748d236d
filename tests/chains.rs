//! Chains are data: a symptom is followed to the cause that other records show, in window and scope and along what the packs say, and to no other.

use std::path::Path;

use flinklog::correlate::correlate;
use flinklog::diagnose::{Certainty, Diagnosis, Evidence, Role, diagnose};
use flinklog::input::discover::discover;
use flinklog::patterns::Packs;
use flinklog::rules::Rules;
use flinklog::scan::{self, Options};

const JOB: &str = "5ffa501f777a0eb1d3e6ba0f3b7fe1c2";
const OTHER: &str = "c4cbd62b8b0bc5b6d9348a6979ed8da6";
const RM: &str = "org.apache.flink.runtime.resourcemanager.StandaloneResourceManager [] -";
const GRAPH: &str = "org.apache.flink.runtime.executiongraph.ExecutionGraph       [] -";
const TM: &str = "org.apache.flink.runtime.taskexecutor.TaskExecutor           [] -";
const COORDINATOR: &str = "org.apache.flink.runtime.checkpoint.CheckpointCoordinator    [] -";

fn diagnosed_with(packs: std::sync::Arc<Packs>, files: &[(&str, String)]) -> Diagnosis {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let rules = Rules::new(packs);
    let options = Options { rules: &rules, chunk_size: 1 << 20, mmap: false, all_jobs: false, progress: &|_| {}, onlooker: None };
    let scanned = scan::files(&discover(&[folder.path().to_owned()]), &options);
    let story = correlate(scanned.sources, Default::default());
    diagnose(&story, &rules, &Default::default())
}

fn diagnosed(files: &[(&str, String)]) -> Diagnosis {
    diagnosed_with(Packs::shipped().clone(), files)
}

fn roots(found: &Diagnosis) -> Vec<(&str, Certainty)> {
    found.findings.iter().filter(|f| f.role == Role::RootCause).map(|f| (&*f.pattern, f.certainty)).collect()
}

/// Slugs of the symptoms that follow from the first root cause.
fn effects(found: &Diagnosis) -> Vec<&str> {
    found.findings.iter().filter(|f| f.role == Role::Symptom && f.caused_by.first() == found.root.as_ref()).map(|f| &*f.pattern).collect()
}

fn banner(time: &str, what: &str) -> String {
    format!(
        "2026-11-21 {time} INFO  org.apache.flink.runtime.entrypoint.ClusterEntrypoint        [] -  Starting {what} (Version: 1.20.0, Scala: 2.12, Rev:abc, Date:2026)\n"
    )
}

/// A JobManager of whose job no task ever got a slot.
fn without_slots(registering: &str) -> String {
    format!(
        "{}{registering}2026-11-21 10:00:20,000 INFO  {GRAPH} Job orders ({JOB}) switched from state CREATED to RUNNING.
2026-11-21 10:05:20,000 INFO  {GRAPH} Map (1/1) (aa01_bb_0_0) switched from SCHEDULED to FAILED on [unassigned resource].
org.apache.flink.runtime.jobmanager.scheduler.NoResourceAvailableException: Could not acquire the minimum required resources.
2026-11-21 10:05:20,100 INFO  {GRAPH} Job orders ({JOB}) switched from state RUNNING to FAILING.
2026-11-21 10:05:20,200 INFO  {GRAPH} Job orders ({JOB}) switched from state FAILING to FAILED.
",
        banner("10:00:00,000", "StandaloneSessionClusterEntrypoint")
    )
}

/// A job whose checkpoint expires until it fails.
fn expired() -> String {
    format!(
        "{}2026-11-21 10:00:01,000 INFO  {RM} Registering TaskManager with ResourceID tm-1 (pekko.tcp://flink@10.0.0.7:6122/user/rpc/taskmanager_0) at ResourceManager
2026-11-21 10:00:20,000 INFO  {GRAPH} Job orders ({JOB}) switched from state CREATED to RUNNING.
2026-11-21 10:01:00,000 INFO  {COORDINATOR} Triggering checkpoint 1 (type=CheckpointType{{name='Checkpoint', sharingFilesStrategy=FORWARD_BACKWARD}}) @ 1795255260000 for job {JOB}.
2026-11-21 10:11:00,000 INFO  {COORDINATOR} Checkpoint 1 of job {JOB} expired before completing.
2026-11-21 10:11:00,010 INFO  org.apache.flink.runtime.jobmaster.JobMaster                 [] - Trying to recover from a global failure.
org.apache.flink.util.FlinkRuntimeException: Exceeded checkpoint tolerable failure threshold. The latest checkpoint failed due to Checkpoint expired before completing, view the Checkpoint History tab or the Job Manager log to find out why continuous checkpoints failed.
\tat org.apache.flink.runtime.checkpoint.CheckpointFailureManager.checkFailureAgainstCounter(CheckpointFailureManager.java:212)
2026-11-21 10:11:00,100 INFO  {GRAPH} Job orders ({JOB}) switched from state RUNNING to RESTARTING.
2026-11-21 10:11:10,000 INFO  {GRAPH} Job orders ({JOB}) switched from state RESTARTING to RUNNING.
",
        banner("10:00:00,000", "StandaloneSessionClusterEntrypoint")
    )
}

fn task_manager(lines: &str) -> String {
    format!(
        "2026-11-21 10:00:00,500 INFO  org.apache.flink.runtime.taskexecutor.TaskManagerRunner      [] -  Starting TaskManager (Version: 1.20.0, Scala: 2.12, Rev:abc, Date:2026)
2026-11-21 10:00:00,600 INFO  org.apache.flink.runtime.taskexecutor.TaskManagerRunner      [] - Starting TaskManager with ResourceID: tm-1
{lines}"
    )
}

const JM_LOG: &str = "flink-flink-standalonesession-0-node.log";
const TM_LOG: &str = "flink-flink-taskexecutor-0-node.log";

#[test]
fn a_start_is_cited_from_the_file_that_it_stands_in() {
    let log = without_slots("");
    let (start, rest) = log.split_once('\n').unwrap();
    let found = diagnosed(&[(&format!("{JM_LOG}.1"), format!("{start}\n")), (JM_LOG, rest.to_owned())]);
    let finding = found.findings.iter().find(|f| &*f.pattern == "tm-not-started").unwrap();
    let [begun, failed] = finding.evidence.as_slice() else { panic!("{:?}", finding.evidence) };
    assert!(matches!(begun, Evidence::Absence { quote: Some(quote), .. } if *quote.text == *start), "{begun:?}");
    assert_ne!(begun.source(), failed.source());
}

#[test]
fn nobody_started_a_task_manager() {
    let found = diagnosed(&[(JM_LOG, without_slots(""))]);
    assert_eq!(roots(&found), [("tm-not-started", Certainty::Likely)]);
    assert_eq!(effects(&found), ["no-resource-available"]);
    // With one that registered there are too few slots, and no more is known.
    let registered = format!(
        "2026-11-21 10:00:01,000 INFO  {RM} Registering TaskManager with ResourceID tm-1 (pekko.tcp://flink@10.0.0.7:6122/user/rpc/taskmanager_0) at ResourceManager\n"
    );
    let found = diagnosed(&[(JM_LOG, without_slots(&registered))]);
    assert_eq!(roots(&found), [("no-resource-available", Certainty::Possible)]);
    // How many there are is said where it is known.
    let fewer = without_slots(&registered).replace("Map (1/1)", "Map (1/5)");
    let slots = "2026-11-21 10:00:00,400 INFO  org.apache.flink.configuration.GlobalConfiguration           [] - Loading configuration property: taskmanager.numberOfTaskSlots, 2\n";
    let found = diagnosed(&[(JM_LOG, fewer), (TM_LOG, task_manager(slots))]);
    assert_eq!(roots(&found), [("no-resource-available", Certainty::Possible)]);
    let told = "Map has 5 subtasks, and the TaskManagers that were registered, 1, offered 2 slots; ";
    assert!(found.missing.iter().any(|missing| missing.text.starts_with(told)), "{:?}", found.missing);
}

#[test]
fn a_task_manager_that_never_gets_through_cannot_register() {
    let retry = "Could not resolve ResourceManager address pekko.tcp://flink@jobmanager:6123/user/rpc/resourcemanager_*, retrying in 10000 ms: Could not connect to rpc endpoint under address pekko.tcp://flink@jobmanager:6123/user/rpc/resourcemanager_*.";
    let retries = |n: usize| task_manager(&(0..n).map(|i| format!("2026-11-21 10:0{i}:30,000 INFO  {TM} {retry}\n")).collect::<String>());
    let found = diagnosed(&[(JM_LOG, without_slots("")), (TM_LOG, retries(5))]);
    assert_eq!(roots(&found), [("tm-cannot-register", Certainty::Likely)]);
    // One retry is a late start.
    let found = diagnosed(&[(JM_LOG, without_slots("")), (TM_LOG, retries(1))]);
    assert_eq!(roots(&found), [("no-resource-available", Certainty::Possible)]);
}

#[test]
fn a_checkpoint_that_expires_is_followed_to_what_held_it_up() {
    let found = diagnosed(&[(JM_LOG, expired()), (TM_LOG, task_manager(""))]);
    assert_eq!(roots(&found), [("cp-expired", Certainty::Possible)]);

    let slow = "2026-11-21 10:07:00,000 WARN  org.apache.hadoop.hdfs.DataStreamer                          [] - Slow waitForAckedSeqno took 61231ms (threshold=30000ms). File being written: /flink/chk-1/a\n";
    let found = diagnosed(&[(JM_LOG, expired()), (TM_LOG, task_manager(slow))]);
    assert_eq!(roots(&found), [("slow-checkpoint-storage", Certainty::Possible)]);
    assert!(found.findings.iter().any(|f| &*f.pattern == "cp-expired" && f.role == Role::Symptom));

    let lock = "2026-11-21 10:00:31,000 INFO  com.ververica.cdc.debezium.internal.DebeziumChangeFetcher      [] - Database snapshot phase can't perform checkpoint, acquired Checkpoint lock.\n";
    let found = diagnosed(&[(JM_LOG, expired()), (TM_LOG, task_manager(lock))]);
    assert_eq!(roots(&found), [("cdc-snapshot-phase", Certainty::Possible)]);
    // Where the lock was given back, and where the line is older than the checkpoint's time, it was something else.
    let released = format!(
        "{lock}2026-11-21 10:00:45,000 INFO  com.ververica.cdc.debezium.internal.DebeziumChangeFetcher      [] - Received record from streaming binlog phase, released checkpoint lock.\n"
    );
    let found = diagnosed(&[(JM_LOG, expired()), (TM_LOG, task_manager(&released))]);
    assert_eq!(roots(&found), [("cp-expired", Certainty::Possible)]);
    let early = slow.replace("10:07:00", "09:20:00");
    let found = diagnosed(&[(JM_LOG, expired()), (TM_LOG, format!("{early}{}", task_manager("")))]);
    assert_eq!(roots(&found), [("cp-expired", Certainty::Possible)]);
    // What is harmless by itself stays so where no checkpoint expires.
    let healthy: String = expired().lines().take_while(|line| !line.contains("expired")).map(|line| format!("{line}\n")).collect();
    let found = diagnosed(&[(JM_LOG, healthy), (TM_LOG, task_manager(&format!("{slow}{lock}")))]);
    assert_eq!((roots(&found), found.verdict), (vec![], "healthy"));
}

#[test]
fn processes_that_miss_each_other_and_go_on_were_cut_apart() {
    let jm = format!(
        "{}2026-11-21 10:00:01,000 INFO  {RM} Registering TaskManager with ResourceID tm-1 (pekko.tcp://flink@10.0.0.7:6122/user/rpc/taskmanager_0) at ResourceManager
2026-11-21 10:00:20,000 INFO  {GRAPH} Job orders ({JOB}) switched from state CREATED to RUNNING.
2026-11-21 10:05:00,000 INFO  {RM} The heartbeat of TaskManager with id tm-1 timed out.
2026-11-21 10:05:00,100 INFO  {GRAPH} Map (1/1) (aa01_bb_0_0) switched from RUNNING to FAILED on tm-1 @ 10.0.0.7 (dataPort=1).
java.util.concurrent.TimeoutException: The heartbeat of TaskManager with id tm-1 timed out.
\tat org.apache.flink.runtime.jobmaster.JobMaster$TaskManagerHeartbeatListener.notifyHeartbeatTimeout(JobMaster.java:1420)
2026-11-21 10:05:00,200 INFO  {GRAPH} Job orders ({JOB}) switched from state RUNNING to RESTARTING.
2026-11-21 10:05:10,000 INFO  {GRAPH} Job orders ({JOB}) switched from state RESTARTING to RUNNING.
",
        banner("10:00:00,000", "StandaloneSessionClusterEntrypoint")
    );
    let busy = |from: u32, to: u32| -> String {
        (from..to)
            .map(|s| {
                format!("2026-11-21 10:{:02}:{:02},000 INFO  com.acme.orders.Progress                                     [] - at offset {s}\n", s / 60, s % 60)
            })
            .collect()
    };
    let missed = format!("2026-11-21 10:05:03,000 WARN  {TM} The heartbeat of JobManager with id 0af3 timed out.\n");
    let found = diagnosed(&[(JM_LOG, jm.clone()), (TM_LOG, task_manager(&format!("{}{missed}{}", busy(180, 303), busy(303, 400))))]);
    // Of the only TaskManager nobody can tell: the JobManager may have stood still.
    assert_eq!(roots(&found), [("network-cut", Certainty::Possible)]);
    // A TaskManager that says nothing of the JobManager may only have been slow.
    let found = diagnosed(&[(JM_LOG, jm), (TM_LOG, task_manager(&busy(180, 400)))]);
    assert_eq!(roots(&found), [("heartbeat-tm-timeout", Certainty::Possible)]);
}

#[test]
fn an_id_that_begins_like_another_is_another() {
    let rm = "org.apache.flink.runtime.resourcemanager.active.ActiveResourceManager [] -";
    let jm = |ended: &str| {
        format!(
            "{}2026-11-21 10:00:20,000 INFO  {GRAPH} Job orders ({JOB}) switched from state CREATED to RUNNING.
2026-11-21 10:10:00,100 INFO  {GRAPH} Map (1/1) (aa01_bb_0_0) switched from RUNNING to FAILED on orders-taskmanager-1-1 @ 10.0.0.7 (dataPort=1).
java.util.concurrent.TimeoutException: The heartbeat of TaskManager with id orders-taskmanager-1-1 timed out.
\tat org.apache.flink.runtime.jobmaster.JobMaster$TaskManagerHeartbeatListener.notifyHeartbeatTimeout(JobMaster.java:1420)
2026-11-21 10:10:00,200 INFO  {GRAPH} Job orders ({JOB}) switched from state RUNNING to RESTARTING.
2026-11-21 10:10:45,000 WARN  {rm} Worker {ended} is terminated. Diagnostics: Pod terminated, container termination statuses: [flink-main-container(exitCode=137, reason=OOMKilled, message=null)], pod status: Failed(reason=null, message=null)
",
            banner("10:00:00,000", "KubernetesApplicationClusterEntrypoint")
        )
    };
    let found = diagnosed(&[(JM_LOG, jm("orders-taskmanager-1-10"))]);
    assert_eq!(roots(&found).first(), Some(&("heartbeat-tm-timeout", Certainty::Possible)));
    let found = diagnosed(&[(JM_LOG, jm("orders-taskmanager-1-1"))]);
    assert_eq!(roots(&found).first().map(|(slug, _)| *slug), Some("k8s-oomkilled"));
}

/// A pack whose symptom and cause stand in records of any process.
const PACK: &str = r#"
[[pattern]]
id = "acme-ledger-stalled"
title = "The ledger does not answer"
nature = "symptom"
cause = "The ledger was asked and did not answer."

[[pattern.match]]
on = ["exception"]
class = ["com.acme.LedgerStalledException"]

[[pattern.sample]]
text = "com.acme.LedgerStalledException: no answer"

[[pattern.sample]]
text = "com.acme.LedgerStalledException: no answer in time"

[[pattern.near_miss]]
text = "com.acme.LedgerException: no answer"

[[pattern]]
id = "acme-quota"
title = "The ledger's quota is used up"
nature = "cause"
cause = "The ledger refuses more than it sold."

[[pattern.match]]
on = ["record"]
any = ["ledger quota used up"]

[[pattern.sample]]
on = "record"
level = "WARN"
text = "ledger quota used up"

[[pattern.sample]]
on = "record"
level = "WARN"
text = "the ledger quota used up again"

[[pattern.near_miss]]
on = "record"
level = "WARN"
text = "ledger quota nearly used"

[[chain]]
symptom = "acme-ledger-stalled"
cause = "acme-quota"
window_ms = 60000
scope = "any-task-manager"
look_at = "the quota's warnings"
needs = "taskmanager"
"#;

fn with_pack() -> std::sync::Arc<Packs> {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(Path::new(folder.path()).join("acme.toml"), PACK).unwrap();
    std::sync::Arc::new(Packs::with_user(folder.path()).expect("a valid pack"))
}

/// A job that fails with the symptom of the pack, and another job that failed before it.
fn stalled() -> String {
    format!(
        "{}2026-11-21 10:00:01,000 INFO  {RM} Registering TaskManager with ResourceID tm-1 (pekko.tcp://flink@10.0.0.7:6122/user/rpc/taskmanager_0) at ResourceManager
2026-11-21 10:00:20,000 INFO  {GRAPH} Job orders ({JOB}) switched from state CREATED to RUNNING.
2026-11-21 10:05:00,100 INFO  {GRAPH} Map (1/1) (aa01_bb_0_0) switched from RUNNING to FAILED on tm-1 @ 10.0.0.7 (dataPort=1).
com.acme.LedgerStalledException: no answer
2026-11-21 10:05:00,200 INFO  {GRAPH} Job orders ({JOB}) switched from state RUNNING to RESTARTING.
2026-11-21 10:05:10,000 INFO  {GRAPH} Job orders ({JOB}) switched from state RESTARTING to RUNNING.
",
        banner("10:00:00,000", "StandaloneSessionClusterEntrypoint")
    )
}

fn warning(time: &str) -> String {
    task_manager(&format!("2026-11-21 {time},000 WARN  com.acme.Ledger                                              [] - ledger quota used up\n"))
}

#[test]
fn a_chain_of_a_users_pack_is_walked() {
    let packs = with_pack();
    let ask = |files: &[(&str, String)]| {
        let found = diagnosed_with(packs.clone(), files);
        let root = roots(&found).first().map(|(slug, certainty)| ((*slug).to_owned(), *certainty));
        (root, effects(&found).first().map(|slug| (*slug).to_owned()), found.missing.iter().any(|m| m.code == "no-task-manager-logs"))
    };
    let symptom = (Some(("acme-ledger-stalled".to_owned(), Certainty::Possible)), None);
    let quota = (Some(("acme-quota".to_owned(), Certainty::Possible)), Some("acme-ledger-stalled".to_owned()), false);
    assert_eq!(ask(&[(JM_LOG, stalled()), (TM_LOG, warning("10:04:30"))]), quota);
    // Too early, and after it.
    assert_eq!(ask(&[(JM_LOG, stalled()), (TM_LOG, warning("10:03:30"))]), (symptom.0.clone(), symptom.1.clone(), false));
    assert_eq!(ask(&[(JM_LOG, stalled()), (TM_LOG, warning("10:05:30"))]), (symptom.0.clone(), symptom.1.clone(), false));
    // Out of scope, and without the log that decides: that is said.
    let warned = warning("10:04:30")
        .replace("TaskManagerRunner      [] -  Starting TaskManager", "ClusterEntrypoint        [] -  Starting StandaloneSessionClusterEntrypoint");
    let warned = warned.replace("[] - Starting TaskManager with ResourceID: tm-1", "[] - Loading");
    assert_eq!(ask(&[(JM_LOG, stalled()), ("flink-flink-standalonesession-1-node.log", warned)]), (symptom.0, symptom.1, true));
}

#[test]
fn another_jobs_failure_is_no_cause() {
    // The same two, told by a failed task instead of a warning.
    let pack = PACK.replace("on = [\"record\"]\nany = [\"ledger quota used up\"]", "on = [\"exception\"]\nany = [\"ledger quota used up\"]");
    let pack = pack.replace("on = \"record\"\nlevel = \"WARN\"\ntext = \"", "text = \"com.acme.QuotaException: ").replace("any-task-manager", "any-process");
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("acme.toml"), pack).unwrap();
    let packs = std::sync::Arc::new(Packs::with_user(folder.path()).expect("a valid pack"));
    let failed = |job: &str, name: &str| {
        format!(
            "2026-11-21 10:00:21,000 INFO  {GRAPH} Job {name} ({job}) switched from state CREATED to RUNNING.
2026-11-21 10:04:30,100 INFO  {GRAPH} Sink (1/1) (cc01_dd_0_0) switched from RUNNING to FAILED on tm-1 @ 10.0.0.7 (dataPort=1).
com.acme.QuotaException: ledger quota used up
2026-11-21 10:04:30,200 INFO  {GRAPH} Job {name} ({job}) switched from state RUNNING to FAILED.
"
        )
    };
    let found = diagnosed_with(packs, &[(JM_LOG, stalled()), ("flink-flink-standalonesession-1-node.log", failed(OTHER, "bills"))]);
    let mut roots: Vec<&str> = roots(&found).into_iter().map(|(slug, _)| slug).collect();
    roots.sort_unstable();
    assert_eq!(roots, ["acme-ledger-stalled", "acme-quota"], "each job has its own");
    let of = |slug: &str| found.findings.iter().find(|f| &*f.pattern == slug).map(|f| f.jobs.len());
    assert_eq!((of("acme-ledger-stalled"), of("acme-quota")), (Some(1), Some(1)));
}

#[test]
fn a_quiet_job_manager_is_not_dead() {
    let jm = format!(
        "{}2026-11-21 10:00:01,000 INFO  {RM} Registering TaskManager with ResourceID tm-1 (pekko.tcp://flink@10.0.0.7:6122/user/rpc/taskmanager_0) at ResourceManager
2026-11-21 10:00:20,000 INFO  {GRAPH} Job orders ({JOB}) switched from state CREATED to RUNNING.
",
        banner("10:00:00,000", "StandaloneSessionClusterEntrypoint")
    );
    let warnings: String = (1..50)
        .map(|m| format!("2026-11-21 10:{m:02}:00,000 WARN  com.acme.orders.Parser                                       [] - bad record {m}\n"))
        .collect();
    let found = diagnosed(&[(JM_LOG, jm.clone()), (TM_LOG, task_manager(&warnings))]);
    assert_eq!((roots(&found), found.verdict), (vec![], "healthy"));
    // Its TaskManagers notice when it went.
    let missed = |time: &str| task_manager(&format!("2026-11-21 {time},000 INFO  {TM} The heartbeat of JobManager with id 0af3 timed out.\n{warnings}"));
    let found = diagnosed(&[(JM_LOG, jm.clone()), (TM_LOG, missed("10:01:10"))]);
    assert_eq!(roots(&found), [("jm-process-killed", Certainty::Likely)]);
    // The same where tasks fail by it, soon and hours later.
    let failed = |time: &str| {
        task_manager(&format!(
            "{warnings}2026-11-21 {time},000 WARN  org.apache.flink.runtime.taskmanager.Task                    [] - Map (1/1)#0 (aa01_bb_0_0) switched from RUNNING to FAILED with failure cause:
org.apache.flink.util.FlinkException: Disconnect from JobManager responsible for {JOB}.
\tat org.apache.flink.runtime.taskexecutor.TaskExecutor.disconnectJobManagerConnection(TaskExecutor.java:1670)
Caused by: java.util.concurrent.TimeoutException: The heartbeat of JobManager with id 0af3 timed out.
\tat org.apache.flink.runtime.taskexecutor.TaskExecutor$JobManagerHeartbeatListener.notifyHeartbeatTimeout(TaskExecutor.java:2372)
"
        ))
    };
    let killed = |time: &str| roots(&diagnosed(&[(JM_LOG, jm.clone()), (TM_LOG, failed(time))])).iter().any(|(slug, _)| *slug == "jm-process-killed");
    assert!(killed("10:01:10"));
    assert!(!killed("17:00:00"));
    // What runs out half an hour after a log was fetched says nothing of its end.
    let found = diagnosed(&[(JM_LOG, jm.clone()), (TM_LOG, missed("10:31:10"))]);
    assert!(!roots(&found).iter().any(|(slug, _)| *slug == "jm-process-killed"), "{:?}", roots(&found));
}
