use super::*;

const DESCRIBE: &str = "\
Name:             flink-taskmanager-1-1
Namespace:        jobs
Priority:         0
Node:             worker-1/10.0.0.1
Start Time:       Sat, 21 Nov 2026 09:18:00 +0000
Labels:           app=flink
                  component=taskmanager
Status:           Failed
Reason:           Evicted
Message:          The node was low on resource: memory.
IP:               10.1.2.3
Containers:
  flink-main-container:
    Container ID:  containerd://abc
    Image:         flink:1.20
    Port:          6122/TCP
    State:          Waiting
      Reason:       CrashLoopBackOff
    Last State:     Terminated
      Reason:       OOMKilled
      Exit Code:    137
      Signal:       9
      Message:      first
                    second
      Started:      Sat, 21 Nov 2026 17:20:00 +0800
      Finished:     Sat, 21 Nov 2026 09:25:30 +0000
    Ready:          False
    Restart Count:  3
    Limits:
      memory:  2Gi
Conditions:
  Type              Status
  Ready             False
Events:
  Type     Reason     Age                 From               Message
  ----     ------     ----                ----               -------
  Normal   Scheduled  5m                  default-scheduler  Successfully assigned jobs/flink-taskmanager-1-1 to worker-1
  Warning  BackOff    2m3s (x5 over 10m)  kubelet            Back-off restarting failed  container

Name:         second-pod
Namespace:    jobs
Status:       Running
Containers:
  main:
    State:          Running
      Started:      Sat, 21 Nov 2026 09:20:00 +0000
    Ready:          True
    Restart Count:  0
Events:           <none>
";

#[test]
fn describe_of_pods() {
    assert_eq!(looks_like_k8s(DESCRIBE.as_bytes()), Some(K8sKind::Describe));
    let facts = read_k8s(K8sKind::Describe, DESCRIBE.as_bytes());
    let brief: Vec<_> = facts.iter().map(|f| (f.kind, f.object.as_deref().unwrap(), f.reason.as_deref().unwrap(), f.line)).collect();
    assert_eq!(
        brief,
        [
            (FactKind::Pod, "flink-taskmanager-1-1", "Evicted", 9),
            (FactKind::State, "flink-taskmanager-1-1", "CrashLoopBackOff", 18),
            (FactKind::LastState, "flink-taskmanager-1-1", "OOMKilled", 20),
            (FactKind::Event, "flink-taskmanager-1-1", "Scheduled", 37),
            (FactKind::Event, "flink-taskmanager-1-1", "BackOff", 38),
            (FactKind::State, "second-pod", "Running", 45),
        ]
    );
    let killed = &facts[2];
    assert_eq!(
        (killed.exit_code, killed.signal, killed.container.as_deref(), killed.message.as_deref()),
        (Some(137), Some(9), Some("flink-main-container"), Some("first\nsecond"))
    );
    assert_eq!(killed.started.as_ref().unwrap().millis, Some(1_795_252_800_000));
    assert_eq!(killed.finished.as_ref().unwrap().millis, Some(1_795_253_130_000));
    assert_eq!((facts[1].restarts, facts[5].restarts), (Some(3), Some(0)));
    let back_off = &facts[4];
    assert_eq!((back_off.count, back_off.last.as_ref().unwrap().age_ms, back_off.first.as_ref().unwrap().age_ms), (Some(5), Some(123_000), Some(600_000)));
    assert_eq!((back_off.severity.as_deref(), back_off.message.as_deref()), (Some("Warning"), Some("Back-off restarting failed  container")));
    assert_eq!(facts[0].message.as_deref(), Some("The node was low on resource: memory."));
}

const EVENTS: &str = "\
LAST SEEN   TYPE      REASON             OBJECT                      MESSAGE
5m12s       Warning   FailedScheduling   pod/flink-taskmanager-1-2   0/3 nodes are available: 3 Insufficient memory.
3m          Normal    Killing            pod/flink-taskmanager-1-1   Stopping container flink-main-container
<unknown>   Warning   Evicted            pod/flink-taskmanager-1-1   The node was low on resource
";

const WIDE: &str = "\
NAMESPACE   LAST SEEN             TYPE      REASON    OBJECT      SUBOBJECT                 SOURCE          MESSAGE             FIRST SEEN   COUNT   NAME
jobs        2m (x7 over 9m)       Warning   BackOff   pod/tm-1    spec.containers{main}     kubelet, w-1    Back-off  pulling   9m           7       tm-1.17
jobs        1d2h                  Normal    Synced    flinkdeployment/app                   operator        ok                  1d2h         1       app.18
";

#[test]
fn event_tables() {
    assert_eq!(looks_like_k8s(EVENTS.as_bytes()), Some(K8sKind::Events));
    let facts = read_k8s(K8sKind::Events, EVENTS.as_bytes());
    let brief: Vec<_> =
        facts.iter().map(|f| (f.object.as_deref().unwrap(), f.reason.as_deref().unwrap(), f.last.as_ref().and_then(|t| t.age_ms), f.line)).collect();
    assert_eq!(
        brief,
        [
            ("flink-taskmanager-1-2", "FailedScheduling", Some(312_000), 2),
            ("flink-taskmanager-1-1", "Killing", Some(180_000), 3),
            ("flink-taskmanager-1-1", "Evicted", None, 4)
        ]
    );
    assert_eq!(facts[0].message.as_deref(), Some("0/3 nodes are available: 3 Insufficient memory."));
    assert_eq!(facts[0].object_kind.as_deref(), Some("Pod"));
    assert_eq!(looks_like_k8s(WIDE.as_bytes()), Some(K8sKind::Events));
    let facts = read_k8s(K8sKind::Events, WIDE.as_bytes());
    assert_eq!((facts[0].namespace.as_deref(), facts[0].container.as_deref(), facts[0].count), (Some("jobs"), Some("main"), Some(7)));
    assert_eq!((facts[0].message.as_deref(), facts[0].first.as_ref().unwrap().age_ms), (Some("Back-off  pulling"), Some(540_000)));
    assert_eq!((facts[1].reason.as_deref(), facts[1].last.as_ref().unwrap().age_ms), (Some("Synced"), Some(93_600_000)));
}

const JSON: &str = r#"{
  "apiVersion": "v1",
  "items": [
    {
      "kind": "Event",
      "involvedObject": {"kind": "Pod", "name": "tm-1", "namespace": "jobs", "fieldPath": "spec.containers{main}"},
      "metadata": {"name": "tm-1.17", "uid": "u-1"},
      "reason": "BackOff", "type": "Warning", "message": "m", "count": 4,
      "firstTimestamp": "2026-11-21T09:20:00Z", "lastTimestamp": null, "eventTime": null
    },
    {
      "kind": "Pod",
      "metadata": {"name": "tm-2", "namespace": "jobs", "uid": "u-2"},
      "status": {"phase": "Running", "containerStatuses": [{"name": "main", "restartCount": 2,
        "state": {"running": {"startedAt": "2026-11-21T09:20:00Z"}},
        "lastState": {"terminated": {"exitCode": 137, "signal": 9, "reason": "OOMKilled", "finishedAt": "2026-11-21T09:19:59Z"}}}]}
    }
  ],
  "kind": "List"
}"#;

#[test]
fn json_lists() {
    assert_eq!(looks_like_k8s(JSON.as_bytes()), Some(K8sKind::Json));
    let facts = read_k8s(K8sKind::Json, JSON.as_bytes());
    let brief: Vec<_> = facts.iter().map(|f| (f.kind, f.object.as_deref().unwrap(), f.reason.as_deref().unwrap(), f.line)).collect();
    assert_eq!(brief, [(FactKind::Event, "tm-1", "BackOff", 7), (FactKind::State, "tm-2", "Running", 13), (FactKind::LastState, "tm-2", "OOMKilled", 13)]);
    assert_eq!((facts[0].container.as_deref(), facts[0].count, facts[0].last.as_ref().unwrap().millis), (Some("main"), Some(4), Some(1_795_252_800_000)));
    assert_eq!((facts[1].restarts, facts[2].exit_code, facts[2].finished.as_ref().unwrap().millis), (Some(2), Some(137), Some(1_795_252_799_000)));
}

#[test]
fn other_text_is_no_report() {
    for text in [
        "",
        "Name: x\nStatus: y\n",
        "2026-11-21 09:20:37,689 INFO x\n",
        "{\"@timestamp\":\"x\",\"message\":\"items\"}\n",
        "TYPE REASON\n",
        "REASON   TYPE   MESSAGE   OTHER\n",
    ] {
        assert_eq!(looks_like_k8s(text.as_bytes()), None, "{text}");
    }
    assert_eq!(age(b"5x"), None);
    assert_eq!(age(b"99999999999999999d"), None);
    assert_eq!(rfc1123(b"Sat, 21 Nov 2026 09:20:37"), None);
}

#[test]
fn cut_or_damaged_anywhere_it_does_not_panic() {
    let mut dice = crate::delivery::testkit::Dice(7);
    for report in [DESCRIBE, EVENTS, WIDE, JSON] {
        for _ in 0..1500 {
            let mut bytes = report.as_bytes().to_vec();
            for _ in 0..dice.roll(5) {
                let at = dice.roll(bytes.len());
                bytes[at] = dice.roll(256) as u8;
            }
            bytes.truncate(dice.roll(bytes.len() + 1));
            looks_like_k8s(&bytes);
            for kind in [K8sKind::Describe, K8sKind::Events, K8sKind::Json] {
                assert!(read_k8s(kind, &bytes).len() < 50);
            }
        }
    }
}
