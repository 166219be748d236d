//! The long lists of the disaster.

use super::super::model::*;
use super::{HOSTILE, JOB, NPE, OOM, OTHER_JOB, RESTARTS, at, some, text};
use std::collections::BTreeMap;

pub fn attempts() -> Vec<Attempt> {
    let attempt = |number: u32| {
        let start = if number == 1 { 10_000 } else { 90_000 + u64::from(number) * 39_300 };
        let end = if number == 1 { 124_123 } else { start + 29_000 };
        Attempt {
            number,
            start: at(start),
            running: at(start + 800),
            end: at(end),
            outcome: text("failed"),
            begun_by: text(if number == 1 { "submission" } else { "restart" }),
            restored_from: (number > 1).then(|| RestoredFrom {
                checkpoint: Some(5),
                kind: text("checkpoint"),
                path: some("hdfs://namenode.prod.example.com:8020/user/alice/checkpoints/chk-5"),
            }),
            failure: Some(AttemptFailure {
                time: at(end),
                task: some("Source: orders -> enrich-orders (1/2)"),
                task_manager: some("container_1700000000000_0007_01_000002"),
                exception: some(NPE),
                finding: some("f-npe"),
            }),
            tasks_restarted: Some(4),
            checkpoints: AttemptCheckpoints { triggered: 6, completed: u64::from(number == 1) * 5, failed: 1 },
            downtime_ms: (number > 1).then_some(10_800),
            replayed_ms: (number > 1).then_some(29_000),
        }
    };
    (1..=RESTARTS).map(attempt).collect()
}

pub fn checkpoints() -> Checkpoints {
    let failure = |n: u64| CheckpointFailure {
        id: Some(5 + n),
        time: at(124_125 + n * 39_300),
        reason: text(if n % 7 == 3 { "expired" } else { "task-failure" }),
        message: text(if n % 7 == 3 { "Checkpoint expired before completing." } else { "Task has failed." }),
        task: some("region-total -> Sink: warehouse-sink (2/2)"),
        source: 0,
        line: 330 + n * 160,
    };
    Checkpoints {
        triggered: 127,
        completed: 5,
        failed: 122,
        in_progress: 0,
        savepoints: 1,
        failed_by_reason: BTreeMap::from([(text("task-failure"), 119), (text("expired"), 3)]),
        duration_ms: Some(Spread { min: 320, p50: 410, p95: 2_900, p99: 3_000, max: 3_000 }),
        size_bytes: Some(Sizes { min: 9_000_000, p50: 11_000_000, p95: 12_900_000, max: 12_900_000 }),
        last_completed: Some(LastCompleted { id: 5, time: at(121_400), duration_ms: Some(3_000), size_bytes: Some(12_900_000) }),
        longest_gap_ms: Some(4_680_000),
        duration_trend_ms: vec![320, 410, 400, 1_200, 3_000],
        storage: some("hdfs://namenode.prod.example.com:8020/user/alice/checkpoints"),
        failures: (1..=40).map(failure).collect(),
        failures_omitted: 82,
    }
}

pub fn pauses(count: u64, max_ms: f64) -> Pauses {
    Pauses { count, total_ms: count as f64 * 11.5, max_ms, p50_ms: 8.4, p95_ms: 31.0, p99_ms: max_ms * 0.7 }
}

pub fn gc() -> Vec<Gc> {
    let pause = |ms: f64, offset: u64, line: u64, cause: &str| Pause { time: at(offset), uptime_ms: Some(offset as f64), ms, cause: text(cause), line };
    vec![
        Gc {
            source: 3,
            process: Some(1),
            collector: text("g1"),
            pauses: Some(pauses(4_211, 6_420.0)),
            full_gcs: Some(14),
            throughput: Some(0.9712),
            peak_heap_bytes: Some(510_000_000),
            max_heap_bytes: Some(536_870_912),
            longest: vec![
                pause(6_420.0, 2_300_000, 8_812, "G1 Compaction Pause"),
                pause(4_100.5, 2_340_000, 8_990, "G1 Compaction Pause"),
                pause(88.0, 900_000, 2_100, "G1 Evacuation Pause"),
            ],
            first_time: at(1_000),
            last_time: at(2_399_000),
            clock: some("log"),
            allocation_rate_bytes_per_s: Some(220_000_000),
            promotion_rate_bytes_per_s: Some(12_000_000),
            heap_after_full_bytes: vec![210_000_000, 260_000_000, 330_000_000, 390_000_000, 440_000_000, 470_000_000, 498_000_000],
            heap_trend: text("rising"),
            leak_suspected: true,
            causes: BTreeMap::from([(text("G1 Evacuation Pause"), 4_190), (text("G1 Compaction Pause"), 14), (text("Metadata GC Threshold"), 7)]),
            heap_floor_bytes: Some((204_000_000, 496_000_000)),
            kinds: BTreeMap::from([
                (text("young"), Tally { count: 4_190, total_ms: 21_000.0, max_ms: 88.0 }),
                (text("full"), Tally { count: 14, total_ms: 27_400.0, max_ms: 6_420.0 }),
                (text("remark"), Tally { count: 7, total_ms: 31.0, max_ms: 9.2 }),
            ]),
            jvms: 1,
            concurrent_cycles: 7,
            evacuation_failures: 9,
            humongous: 3,
            max_heap_from: some("configured"),
            clock_error_ms: Some(1),
            worst_minute: Some(WorstMinute { time: at(2_290_000), uptime_ms: Some(2_290_000.0), throughput: 0.61 }),
            thrashing: vec![Thrashing {
                from: at(2_290_000),
                to: at(2_350_000),
                duration_ms: 60_000.0,
                full_ms: 22_000.0,
                full_gcs: 12,
                freed_share: Some(0.02),
            }],
            peak_metaspace_bytes: Some(61_000_000),
            over_time: Some(GcOverTime {
                from: at(1_000),
                from_uptime_ms: Some(1_000.0),
                slice_ms: 200_000.0,
                longest_ms: vec![40.0, 22.0, 0.0, 31.0, 88.0, 35.0, 41.0, 52.0, 60.0, 71.0, 6_420.0, 4_100.5],
                stopped_ms: vec![900.0, 700.0, 0.0, 800.0, 1_100.0, 900.0, 1_000.0, 1_100.0, 1_200.0, 1_300.0, 15_000.0, 9_000.0],
                heap_after_bytes: [210u64, 222, 0, 260, 301, 330, 360, 390, 420, 440, 470, 498].map(|mb| (mb > 0).then_some(mb * 1_000_000)).to_vec(),
            }),
            histogram: vec![(10.0, 3_000), (100.0, 1_190), (1_000.0, 7), (10_000.0, 14)],
            notes: vec![text("Heap after full collections rises: a leak is likely")],
            ..Gc::default()
        },
        Gc {
            source: 4,
            process: Some(0),
            collector: text("g1"),
            pauses: Some(pauses(310, 41.0)),
            full_gcs: Some(0),
            throughput: Some(0.9991),
            heap_trend: text("none"),
            clock: some("log"),
            first_time: at(500),
            last_time: at(4_900_000),
            peak_heap_bytes: Some(120_000_000),
            max_heap_bytes: Some(1_073_741_824),
            ..Gc::default()
        },
        Gc { source: 5, collector: text("zgc"), pauses: None, heap_trend: text("insufficient"), ..Gc::default() },
    ]
}

pub fn jvm() -> Vec<Jvm> {
    let sink = "Sink: orders-to-warehouse (2/4)#1";
    vec![Jvm {
        source: 2,
        process: Some(1),
        crashes: vec![JvmCrash {
            line: 40,
            signal: some("SIGSEGV (0xb)"),
            problematic_frame: some("C  [librocksdbjni-linux64.so+0x2b0f30]"),
            library: some("librocksdbjni-linux64.so"),
            meaning: text("RocksDB's native code crashed, mostly because an iterator, snapshot or options object was used after the backend was closed"),
            thread: some(sink),
            pid: Some(4_711),
            jvm: some("17.0.9+9"),
            report_path: some("/data/alice/hs_err_pid4711.log"),
            ..JvmCrash::default()
        }],
        thread_dumps: vec![ThreadDump {
            line: 4,
            time: None,
            vm: text("OpenJDK 64-Bit Server VM (17.0.9+9 mixed mode, sharing)"),
            threads: 112,
            runnable: 20,
            blocked: 2,
            waiting: 85,
            deadlocks: vec![Deadlock { line: 90, threads: vec![text("orders-cache-writer"), text("orders-cache-reader")] }],
            blocked_threads: vec![BlockedThread {
                line: 60,
                name: text(sink),
                frame: text("com.acme.orders.WarehouseSink.invoke(WarehouseSink.java:31)"),
                lock_class: text("com.acme.orders.Client"),
                held_by: some("orders-cache-writer"),
            }],
            tasks: vec![TaskThread {
                line: 60,
                name: text(sink),
                state: text("BLOCKED"),
                frame: text("com.acme.orders.WarehouseSink.invoke(WarehouseSink.java:31)"),
                user_frame: some("com.acme.orders.WarehouseSink.invoke(WarehouseSink.java:31)"),
            }],
            ..ThreadDump::default()
        }],
        heap_dumps: vec![HeapDump { line: 20, path: some("/data/alice/java_pid4711.hprof"), bytes: Some(498_000_000), duration_ms: Some(4_200), failed: None }],
        out_of_memory: vec![OutOfMemory { line: 18, detail: text("Java heap space"), count: 3, ended_the_jvm: false }],
        ..Jvm::default()
    }]
}

pub fn exceptions() -> Vec<Exception> {
    let npe_trace = "java.lang.NullPointerException: Cannot invoke \"java.lang.Double.doubleValue()\" because the return value of \"java.util.Map.get(Object)\" is null\n\tat com.acme.orders.OrderEnrichmentJob$EnrichOrder.discount(OrderEnrichmentJob.java:56) ~[?:?]\n\tat com.acme.orders.OrderEnrichmentJob$EnrichOrder.map(OrderEnrichmentJob.java:98) ~[?:?]\n\tat org.apache.flink.streaming.api.operators.StreamMap.processElement(StreamMap.java:38) ~[flink-dist-1.20.5.jar:1.20.5]\n\tat org.apache.flink.streaming.runtime.tasks.StreamTask.processInput(StreamTask.java:638)\n";
    vec![
        Exception {
            fingerprint: text(NPE),
            class: text("java.lang.NullPointerException"),
            message: text("Cannot invoke \"java.lang.Double.doubleValue()\" because the return value of \"java.util.Map.get(Object)\" is null"),
            root: ExceptionRoot {
                class: text("java.lang.NullPointerException"),
                message: text("Cannot invoke \"java.lang.Double.doubleValue()\" because the return value of \"java.util.Map.get(Object)\" is null"),
                frame: some("com.acme.orders.OrderEnrichmentJob$EnrichOrder.discount(OrderEnrichmentJob.java:56)"),
            },
            user_frame: some("com.acme.orders.OrderEnrichmentJob$EnrichOrder.discount(OrderEnrichmentJob.java:56)"),
            chain: vec![text("java.lang.NullPointerException")],
            trace: text(npe_trace),
            count: 480,
            first: at(124_123),
            last: at(4_800_000),
            jobs: vec![text(JOB)],
            sources: vec![0, 1],
            sample: LineRange { source: 0, line: 312, lines: 18 },
            pattern: some("user-code-exception"),
        },
        Exception {
            fingerprint: text(OOM),
            class: text("org.apache.flink.runtime.JobException"),
            message: text("Recovery is suppressed by FixedDelayRestartBackoffTimeStrategy"),
            root: ExceptionRoot {
                class: text("java.io.IOException"),
                message: text(HOSTILE),
                frame: some("org.apache.flink.runtime.io.network.Peer.read(Peer.java:120)"),
            },
            user_frame: None,
            chain: vec![text("org.apache.flink.runtime.JobException"), text("java.io.IOException")],
            trace: format!(
                "org.apache.flink.runtime.JobException: Recovery is suppressed\nCaused by: java.io.IOException: {HOSTILE}\n```\n</script>\n\t... 12 more"
            ),
            count: 1,
            first: at(4_803_082),
            last: at(4_803_082),
            jobs: vec![text(JOB)],
            sources: vec![0],
            sample: LineRange { source: 0, line: 20_553, lines: 30 },
            pattern: some("restart-exhausted"),
        },
    ]
}

pub fn timeline() -> Vec<TimelineRow> {
    let row = |ms: u64, kind: &str, attempt: Option<u32>, line: u64, what: &str| TimelineRow {
        first: at(ms),
        last: at(ms),
        count: 1,
        kind: text(kind),
        job: some(JOB),
        attempt,
        task_manager: None,
        source: 0,
        line,
        text: text(what),
    };
    let mut rows = vec![
        TimelineRow { job: None, ..row(0, "process.start", None, 1, "JobManager starts: Flink 1.20.5, Java 17.0.9") },
        TimelineRow {
            job: None,
            task_manager: some("container_1700000000000_0007_01_000002"),
            ..row(4_000, "tm.registered", None, 120, "TaskManager registers")
        },
        row(10_000, "attempt.start", Some(1), 200, "order-enrichment is deployed"),
        TimelineRow { count: 5, last: at(121_400), ..row(22_000, "checkpoint.completed", Some(1), 240, "Completed checkpoint 1 … 5") },
        TimelineRow { job: some(OTHER_JOB), ..row(60_000, "job.state", Some(1), 260, HOSTILE) },
        row(124_123, "task.failed", Some(1), 312, "Source: orders -> enrich-orders (1/2) fails: NullPointerException"),
    ];
    for number in 2..=RESTARTS {
        let start = 90_000 + u64::from(number) * 39_300;
        let line = 300 + u64::from(number) * 160;
        rows.push(row(start, "attempt.start", Some(number), line, "restored from checkpoint 5"));
        rows.push(row(start + 29_000, "task.failed", Some(number), line + 90, "Source: orders -> enrich-orders (1/2) fails: NullPointerException"));
    }
    rows.push(TimelineRow {
        job: None,
        task_manager: some("container_1700000000000_0007_01_000003"),
        ..row(2_400_000, "tm.lost", None, 9_001, "TaskManager is killed: pmem")
    });
    rows.push(TimelineRow { job: None, source: 3, ..row(2_300_000, "gc.pause", None, 8_812, "6420 ms G1 Compaction Pause") });
    rows.push(row(4_803_082, "job.state", Some(RESTARTS), 20_553, "FAILING to FAILED"));
    rows.sort_by(|a, b| a.first.cmp(&b.first));
    rows
}
