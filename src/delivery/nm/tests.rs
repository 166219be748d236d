use super::*;

const ID: &str = "container_e17_1795241000456_0012_01_000002";

fn fact(logger: &str, message: &str) -> Option<NmFact> {
    nm_fact(logger, message.replace("<id>", ID).as_bytes())
}

#[test]
fn life_of_a_container() {
    let container = ID.to_string();
    let cases = [
        (
            "ContainerImpl",
            "Container <id> transitioned from RUNNING to KILLING",
            NmFact::Transition { container: container.clone(), from: "RUNNING".into(), to: "KILLING".into() },
        ),
        (
            "org.apache.hadoop.yarn.server.resourcemanager.rmcontainer.RMContainerImpl",
            "<id> Container Transitioned from ACQUIRED to RUNNING",
            NmFact::Transition { container: container.clone(), from: "ACQUIRED".into(), to: "RUNNING".into() },
        ),
        ("DefaultContainerExecutor", "Exit code from container <id> is : 143", NmFact::Exit { container: container.clone(), code: 143 }),
        (
            "ContainerLaunch",
            "Exception from container-launch with container ID: <id> and exit code: -1000\nExitCodeException exitCode=1: \n",
            NmFact::Exit { container: container.clone(), code: -1000 },
        ),
        ("ContainerManagerImpl", "Start request for <id> by user flink", NmFact::Started { container: container.clone(), user: "flink".into() }),
        ("ContainerManagerImpl", "Stopping container with container Id: <id>", NmFact::StopRequested { container: container.clone() }),
        ("FiCaSchedulerApp", "Preempting container <id> of queue default", NmFact::Preempted { container: container.clone() }),
        ("RMNodeImpl", "Deactivating Node worker-1:45454 as it is now LOST", NmFact::NodeDeactivated { node: "worker-1:45454".into(), state: "LOST".into() }),
        (
            "RMAppAttemptImpl",
            "Updating application attempt appattempt_1_0012_000001 with final state: FAILED, and exit status: -100",
            NmFact::AttemptEnded { attempt: "appattempt_1_0012_000001".into(), state: "FAILED".into(), exit_status: -100 },
        ),
        ("AppLogAggregatorImpl", "Aggregated logs truncated by approximately 1024 bytes.", NmFact::LogsTruncated { bytes: 1024 }),
    ];
    for (logger, message, want) in cases {
        assert_eq!(fact(logger, message), Some(want), "{message}");
    }
}

#[test]
fn memory_limits_of_old_and_new_versions() {
    let usage = "Current usage: 2.0 GB of 2 GB physical memory used; 3.9 GB of 4.2 GB virtual memory used. Killing container.\n\
                 Dump of the process-tree for <id> :\n\t|- PID PPID PGRPID SESSID CMD_NAME\n\t|- 812 810 810 810 (java) 1 2 java\n\t|- 810 1 810 810 (bash) 0 0 bash\n";
    let old = format!("Container [pid=810,containerID=<id>] is running beyond physical memory limits. {usage}");
    let new = format!("Container [pid=810,containerID=<id>] is running 183201B beyond the 'VIRTUAL' memory limit. {usage}");
    let want = |virtual_memory, over_bytes| NmFact::MemoryExceeded {
        container: ID.to_string(),
        pid: Some(810),
        virtual_memory,
        over_bytes,
        physical: Some("2.0 GB of 2 GB".into()),
        virtual_: Some("3.9 GB of 4.2 GB".into()),
        processes: 2,
    };
    assert_eq!(fact("ContainersMonitorImpl", &old), Some(want(false, None)));
    assert_eq!(fact("ContainersMonitorImpl", &new), Some(want(true, Some(183_201))));
    assert_eq!(
        fact("ContainersMonitorImpl", "Dump of the process-tree for <id> :\n\t|- 1 2 3"),
        Some(NmFact::ProcessTree { container: ID.to_string(), processes: 1 })
    );
}

#[test]
fn other_messages_and_other_programs() {
    let near = [
        ("ActiveResourceManager", "Container <id> transitioned from RUNNING to KILLING"),
        ("ContainerImpl", "Container <id> transitioned into nothing"),
        ("ContainerImpl", "Container container_1_2 transitioned from A to B"),
        ("ContainerLaunch", "Exit code from container <id> is : none"),
        ("ContainersMonitorImpl", "Container [pid=810,containerID=<id>] is running within limits"),
        ("ContainersMonitorImpl", "Container [pid=810,containerID=<id>] is running beyond"),
        ("ContainersMonitorImpl", "Container [pid="),
        ("RMNodeImpl", "Deactivating Node worker-1:45454"),
        ("CapacityScheduler", "Assigned container <id>"),
        ("ContainerImpl", ""),
    ];
    for (logger, message) in near {
        assert_eq!(fact(logger, message), None, "{message}");
    }
}
