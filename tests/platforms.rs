//! What YARN and Kubernetes say of the end of a TaskManager decides over what its peers noticed.

use flinklog::correlate::correlate;
use flinklog::diagnose::{Diagnosis, Role, diagnose};
use flinklog::input::discover::discover;
use flinklog::patterns::Packs;
use flinklog::rules::Rules;
use flinklog::scan::{self, Options};

const JOB: &str = "5ffa501f777a0eb1d3e6ba0f3b7fe1c2";

/// A JobManager that loses the TaskManager `id`.
fn job_manager(id: &str, extra: &str) -> String {
    let e = "org.apache.flink.runtime.executiongraph.ExecutionGraph       [] -";
    let rm = "org.apache.flink.runtime.resourcemanager.active.ActiveResourceManager [] -";
    format!(
        "2026-11-21 10:00:00,000 INFO  org.apache.flink.runtime.entrypoint.ClusterEntrypoint        [] -  Starting KubernetesApplicationClusterEntrypoint (Version: 1.20.0, Scala: 2.12, Rev:abc, Date:2026)
2026-11-21 10:00:01,000 INFO  {rm} Registering TaskManager with ResourceID {id} (pekko.tcp://flink@10.0.0.7:6122/user/rpc/taskmanager_0) at ResourceManager
2026-11-21 10:00:02,000 INFO  {e} Job orders ({JOB}) switched from state CREATED to RUNNING.
2026-11-21 10:05:00,000 INFO  {rm} TaskManager with id {id} is no longer reachable.
{extra}2026-11-21 10:05:00,100 INFO  {e} Map (1/1) (aa01_bb_0_0) switched from RUNNING to FAILED on {id} @ 10.0.0.7 (dataPort=1).
org.apache.flink.runtime.jobmaster.JobMasterException: TaskManager with id {id} is no longer reachable.
\tat org.apache.flink.runtime.jobmaster.JobMaster$TaskManagerHeartbeatListener.notifyTargetUnreachable(JobMaster.java:1522) ~[flink-dist-1.20.0.jar:1.20.0]
2026-11-21 10:05:00,200 INFO  {e} Job orders ({JOB}) switched from state RUNNING to RESTARTING.
2026-11-21 10:05:10,000 INFO  {e} Job orders ({JOB}) switched from state RESTARTING to RUNNING.
"
    )
}

fn diagnosed(files: &[(&str, String)]) -> Diagnosis {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let rules = Rules::new(Packs::shipped().clone());
    let options = Options { rules: &rules, chunk_size: 1 << 20, mmap: false, all_jobs: false, progress: &|_| {}, onlooker: None };
    let scanned = scan::files(&discover(&[folder.path().to_owned()]), &options);
    let story = correlate(scanned.sources, Default::default());
    diagnose(&story, &rules, &Default::default())
}

fn roots(found: &Diagnosis) -> Vec<&str> {
    found.findings.iter().filter(|f| f.role == Role::RootCause).map(|f| &*f.pattern).collect()
}

#[test]
fn kubectl_tells_of_the_memory_kill() {
    let pod = "orders-taskmanager-1-1";
    let describe = format!(
        "Name:             {pod}
Namespace:        flink
Status:           Running
Containers:
  flink-main-container:
    Container ID:  containerd://0123
    State:          Running
      Started:      Sat, 21 Nov 2026 10:05:03 +0000
    Last State:     Terminated
      Reason:       OOMKilled
      Exit Code:    137
      Started:      Sat, 21 Nov 2026 10:00:00 +0000
      Finished:     Sat, 21 Nov 2026 10:04:59 +0000
    Restart Count:  1
Events:            <none>
"
    );
    let found = diagnosed(&[("jobmanager.log", job_manager(pod, "")), ("describe.txt", describe)]);
    assert_eq!(roots(&found), ["k8s-oomkilled"]);
    assert!(found.findings.iter().any(|f| &*f.pattern == "tm-unreachable" && f.role == Role::Symptom));
}

#[test]
fn diagnostics_of_yarn_tell_of_the_memory_kill() {
    let id = "container_1795241000123_0007_01_000002";
    let worker = format!(
        "2026-11-21 10:05:00,050 INFO  org.apache.flink.runtime.resourcemanager.active.ActiveResourceManager [] - Worker {id}(h:8041) is terminated. Diagnostics: Container {id} marked as failed.
 Exit code:-104.
 Diagnostics:[2026-11-21 10:04:59.123]Container [pid=9018,containerID={id}] is running 120000512B beyond the 'PHYSICAL' memory limit. Current usage: 2.1 GB of 2 GB physical memory used; 4.3 GB of 4.2 GB virtual memory used. Killing container.
Dump of the process-tree for {id} :
"
    );
    assert_eq!(roots(&diagnosed(&[("jobmanager.log", job_manager(id, &worker))])), ["container-killed-pmem"]);
}

#[test]
fn the_node_managers_log_tells_of_the_virtual_memory_kill() {
    let id = "container_1795241000123_0007_01_000002";
    let node = format!(
        "2026-11-21 10:04:59,000 WARN  org.apache.hadoop.yarn.server.nodemanager.containermanager.monitor.ContainersMonitorImpl: Container [pid=9018,containerID={id}] is running beyond virtual memory limits. Current usage: 1.1 GB of 2 GB physical memory used; 4.3 GB of 4.2 GB virtual memory used. Killing container.
"
    );
    let found = diagnosed(&[("jobmanager.log", job_manager(id, "")), ("nodemanager.log", node)]);
    assert_eq!(roots(&found), ["container-killed-vmem"]);
}

#[test]
fn without_any_word_of_the_platform_it_stays_a_symptom_and_names_what_is_missing() {
    let found = diagnosed(&[("jobmanager.log", job_manager("orders-taskmanager-1-1", ""))]);
    assert_eq!(roots(&found), ["tm-unreachable"]);
    let root = &found.findings[0];
    assert_eq!(root.certainty.name(), "possible");
    assert!(found.missing.iter().any(|m| m.text.contains("no log of TaskManager orders-taskmanager-1-1")), "{:?}", found.missing);
}
