//! Reports for the tests of the renderers: a disaster with hostile names, a healthy run, one that cannot be judged.

mod lists;

use std::collections::BTreeMap;

use super::model::*;
pub use lists::jvm;
use lists::{attempts, checkpoints, exceptions, gc, pauses, timeline};

const JOB: &str = "94b51fddf21fa15850ea3210693b041a";
const OTHER_JOB: &str = "0c1d2e3f405162738495a6b7c8d9eaf0";
const NPE: &str = "5f2c9e0b7a14d386";
const OOM: &str = "a1b2c3d4e5f60718";
const RESTARTS: u32 = 120;

/// Names that a renderer must not let through.
pub const HOSTILE: &str = "evil\u{1b}[31m|<script>alert(1)</script>\u{202e}gpj`*\n=cmd()|'/C calc'!A0 @team #1";

fn text(value: &str) -> String {
    value.to_owned()
}

fn some(value: &str) -> Option<String> {
    Some(value.to_owned())
}

/// `09:30:00Z` plus so many milliseconds.
fn at(ms: u64) -> Option<Time> {
    let ms = ms + (9 * 3600 + 30 * 60) * 1000;
    Some(format!("2026-11-21T{:02}:{:02}:{:02}.{:03}Z", ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60, ms % 1000))
}

fn source(id: u32, path: &str, role: &str, lines: u64) -> Source {
    Source {
        id,
        path: text(path),
        role: text(role),
        layout: some(if role == "gc" { "gc-unified" } else { "log4j" }),
        codec: text("none"),
        bytes: lines * 143,
        lines,
        records: lines * 9 / 10,
        first_time: at(0),
        last_time: at(4_900_000),
        time_zone: TimeZone { offset: text("+08:00"), from: text("log") },
        complete: true,
        ..Source::default()
    }
}

fn process(id: u32, role: &str, sources: &[u32]) -> Process {
    Process {
        id,
        role: text(role),
        sources: sources.to_vec(),
        start: at(0),
        flink_version: some("1.20.5"),
        commit: some("0a1b2c3"),
        jvm: some("OpenJDK 64-Bit Server VM - Eclipse Adoptium - 17/17.0.9+9"),
        host: some("vm-12.prod.example.com"),
        deployment: some("yarn-application"),
        configuration: BTreeMap::from([
            (text("state.checkpoints.dir"), text("hdfs://namenode.prod.example.com:8020/user/alice/checkpoints")),
            (text("restart-strategy.fixed-delay.attempts"), text("119")),
            (text("s3.secret-key"), text("******")),
            (text("taskmanager.memory.process.size"), text("1728m")),
        ]),
        ..Process::default()
    }
}

fn quote(source: u32, line: u64, ms: u64, quoted: &str) -> Evidence {
    Evidence {
        source,
        line: Some(line),
        lines: Some(1),
        byte: Some(line * 143),
        bytes: Some(quoted.len() as u64),
        sha256: some("9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"),
        time: at(ms),
        searched: None,
        text: text(quoted),
    }
}

fn finding(id: &str, pattern: &str, role: &str, title: &str, ms: u64, caused_by: &[&str]) -> Finding {
    Finding {
        id: text(id),
        pattern: text(pattern),
        title: text(title),
        role: text(role),
        severity: text("error"),
        certainty: text("confirmed"),
        owner: text("unknown"),
        jobs: vec![text(JOB)],
        first: at(ms),
        last: at(ms),
        count: 1,
        caused_by: caused_by.iter().map(|id| text(id)).collect(),
        ..Finding::default()
    }
}

fn findings() -> Vec<Finding> {
    let npe =
        "java.lang.NullPointerException: Cannot invoke \"java.lang.Double.doubleValue()\" because the return value of \"java.util.Map.get(Object)\" is null";
    vec![
        Finding {
            severity: text("critical"),
            owner: text("user-code"),
            restart_helps: Some(false),
            attempts: (1..=RESTARTS).collect(),
            task_manager: some("container_1700000000000_0007_01_000002"),
            last: at(4_800_000),
            count: 240,
            explanation: text(
                "EnrichOrder.discount looks up a price that is not in the map and unboxes null. The same record comes again after every restart.",
            ),
            remedy: vec![
                text("Handle the missing price in `EnrichOrder.discount` (OrderEnrichmentJob.java:56): skip the record or send it to a side output"),
                text("Until then start from the last checkpoint with the bad record skipped at the source"),
            ],
            exception: some(NPE),
            docs: some("https://nightlies.apache.org/flink/flink-docs-stable/docs/dev/datastream/side_output/"),
            evidence: vec![
                quote(0, 312, 124_123, npe),
                quote(0, 313, 124_123, "\tat com.acme.orders.OrderEnrichmentJob$EnrichOrder.discount(OrderEnrichmentJob.java:56) ~[?:?]"),
            ],
            ..finding("f-npe", "user-code-exception", "root-cause", "The job's own code throws NullPointerException", 124_123, &[])
        },
        Finding {
            count: 240,
            last: at(4_800_000),
            evidence: vec![quote(
                0,
                310,
                124_125,
                &format!(
                    "Source: {HOSTILE} -> enrich-orders (1/2) (7985b45212f6bf30) switched from RUNNING to FAILED on container_1700000000000_0007_01_000002 @ vm-12.prod.example.com (dataPort=40123)."
                ),
            )],
            ..finding("f-task", "task-failed", "trigger", "Task `Source: orders -> enrich-orders (1/2)` fails", 124_125, &["f-npe"])
        },
        Finding {
            count: u64::from(RESTARTS) - 1,
            last: at(4_790_000),
            evidence: vec![quote(0, 340, 126_000, "Job order-enrichment (94b51fddf21fa15850ea3210693b041a) switched from state RUNNING to RESTARTING.")],
            ..finding("f-loop", "restart-loop", "symptom", "The job restarts in a loop", 126_000, &["f-task"])
        },
        Finding {
            severity: text("critical"),
            evidence: vec![quote(
                0,
                20_553,
                4_803_082,
                "org.apache.flink.runtime.JobException: Recovery is suppressed by FixedDelayRestartBackoffTimeStrategy(maxNumberRestartAttempts=119, backoffTimeMS=10000)",
            )],
            ..finding("f-exhausted", "restart-exhausted", "symptom", "The restart strategy gives up and the job ends FAILED", 4_803_082, &["f-loop"])
        },
        Finding {
            owner: text("configuration"),
            restart_helps: Some(false),
            certainty: text("likely"),
            task_manager: some("container_1700000000000_0007_01_000003"),
            jobs: vec![],
            explanation: text("YARN ended the container since the process used more memory than it was given."),
            remedy: vec![text("Raise `taskmanager.memory.process.size` or give `taskmanager.memory.jvm-overhead.fraction` more room")],
            evidence: vec![quote(
                0,
                9_001,
                2_400_000,
                "Worker container_1700000000000_0007_01_000003 is terminated. Diagnostics: Container killed on request. Exit code is 143 [pmem] 1.8 GB of 1.7 GB physical memory used",
            )],
            ..finding(
                "f-oom",
                "container-killed-pmem",
                "root-cause",
                "YARN killed the TaskManager for using more memory than its container has",
                2_400_000,
                &[],
            )
        },
        Finding {
            severity: text("warning"),
            certainty: text("possible"),
            owner: text("flink"),
            evidence: vec![Evidence {
                source: 1,
                searched: Some(Searched { from: at(2_000_000), to: at(2_400_000) }),
                text: text("no completed checkpoint"),
                ..Evidence::default()
            }],
            ..finding("f-gap", "checkpoint-gap", "observation", "No checkpoint completed for 6 min 40 s", 2_000_000, &[])
        },
    ]
}

/// A job that loops 120 times over a NullPointerException and gives up, beside a job with a hostile name; one TaskManager killed for its memory.
pub fn disaster() -> Report {
    let job = Job {
        id: text(JOB),
        name: some("order-enrichment"),
        state: text("FAILED"),
        verdict: text("failed"),
        root_causes: vec![text("f-npe")],
        restarts: u64::from(RESTARTS) - 1,
        first_time: at(9_000),
        last_time: at(4_803_082),
        strategy: some("fixed-delay (119 attempts, 10 s)"),
        scheduler: some("default"),
        attempts: attempts(),
        tasks: vec![
            Task {
                vertex: text("Source: orders -> enrich-orders"),
                parallelism: Some(2),
                failures: 240,
                last_task_manager: some("container_1700000000000_0007_01_000002"),
            },
            Task {
                vertex: text("region-total -> Sink: warehouse-sink"),
                parallelism: Some(2),
                failures: 0,
                last_task_manager: some("container_1700000000000_0007_01_000002"),
            },
        ],
        checkpoints: checkpoints(),
        deployments: vec![Deployment {
            task: text("Source: orders -> enrich-orders (1/2)"),
            attempt: Some(119),
            execution: some("7985b45212f6bf30"),
            task_manager: some("container_1700000000000_0007_01_000002"),
            host: some("vm-12.prod.example.com"),
        }],
        ..Job::default()
    };
    let hostile = Job {
        id: text(OTHER_JOB),
        name: some(HOSTILE),
        state: text("RUNNING"),
        verdict: text("healthy"),
        first_time: at(50_000),
        last_time: at(4_900_000),
        attempts: vec![Attempt {
            number: 1,
            start: at(50_000),
            running: at(51_000),
            outcome: text("running"),
            begun_by: text("submission"),
            ..Attempt::default()
        }],
        ..Job::default()
    };
    let life = |registered: u64, lost: Option<u64>, loss: Option<&str>, exit_code: Option<i64>| Life {
        registered: at(registered),
        lost: lost.and_then(at),
        loss: loss.map(text),
        exit_code,
    };
    let mut third = source(2, "application_1700000000000_0007/container_1700000000000_0007_01_000003/taskmanager.log", "taskmanager", 9_400);
    third.complete = false;
    third.unparsed_lines = 37;
    third.last_time = at(2_399_900);
    Report {
        schema: text(SCHEMA),
        tool: Tool {
            name: text("flinklog"),
            version: text("0.1.0"),
            fingerprint_version: 1,
            pattern_packs: vec![PatternPack { name: text("flink"), version: text("1"), patterns: 212 }],
        },
        sources: vec![
            source(0, "application_1700000000000_0007/container_1700000000000_0007_01_000001/jobmanager.log", "jobmanager", 20_600),
            source(1, "application_1700000000000_0007/container_1700000000000_0007_01_000002/taskmanager.log", "taskmanager", 31_250),
            third,
            source(3, "application_1700000000000_0007/container_1700000000000_0007_01_000003/gc.log", "gc", 8_990),
            source(4, "application_1700000000000_0007/container_1700000000000_0007_01_000001/gc.log", "gc", 700),
            source(5, "application_1700000000000_0007/container_1700000000000_0007_01_000002/gc.log", "gc", 12),
        ],
        processes: vec![process(0, "jobmanager", &[0, 4]), process(1, "taskmanager", &[2, 3]), process(2, "taskmanager", &[1, 5])],
        warnings: vec![Warning { source: Some(2), line: Some(9_400), code: text("truncated"), message: text("the file ends inside a line") }],
        warnings_omitted: 0,
        summary: Summary {
            verdict: text("failed"),
            headline: text(
                "Job order-enrichment failed for good at 17:50:03 after 120 attempts: NullPointerException in EnrichOrder.discount (OrderEnrichmentJob.java:56)",
            ),
            root_cause: some("f-npe"),
            certainty: some("confirmed"),
            still_failing: Some(true),
            first_fault: Some(FirstFault {
                time: at(124_123),
                job: some(JOB),
                attempt: Some(1),
                task: some("Source: orders -> enrich-orders (1/2)"),
                task_manager: some("container_1700000000000_0007_01_000002"),
                source: 0,
                line: 312,
            }),
            last_healthy: Some(LastHealthy { time: at(121_400), checkpoint: Some(5) }),
            missing: vec![Missing {
                code: text("nodemanager-log"),
                subject: some("container_1700000000000_0007_01_000003"),
                text: text("the NodeManager's log would say whether physical or virtual memory was exceeded"),
            }],
        },
        jobs: vec![job, hostile],
        task_managers: vec![
            TaskManager {
                id: text("container_1700000000000_0007_01_000002"),
                container: some("container_1700000000000_0007_01_000002"),
                host: some("vm-12.prod.example.com"),
                sources: vec![1],
                slots: Some(2),
                lives: vec![life(4_000, None, None, None)],
                lives_omitted: 0,
            },
            TaskManager {
                id: text("container_1700000000000_0007_01_000003"),
                container: some("container_1700000000000_0007_01_000003"),
                host: some("10.20.30.41"),
                sources: vec![2],
                slots: Some(2),
                lives: vec![life(5_000, Some(2_400_000), Some("killed-memory"), Some(143))],
                lives_omitted: 0,
            },
        ],
        gc: gc(),
        exceptions: exceptions(),
        exceptions_omitted: 3,
        findings: findings(),
        benign: vec![Benign { pattern: text("ask-timeout-at-shutdown"), count: 41, sample: LineOf { source: 0, line: 77 } }],
        unclassified: vec![Unclassified {
            template: text("Slow poll of <n> ms"),
            level: text("WARN"),
            logger: text("com.acme.orders.OrderSource"),
            count: 12,
            first: at(30_000),
            last: at(90_000),
            sample: UnclassifiedSample { source: 1, line: 400, text: format!("Slow poll of 812 ms by alice@example.com {HOSTILE}") },
        }],
        timeline: timeline(),
        coverage: Coverage {
            sources: 6,
            bytes: 10_146_136,
            lines: 70_952,
            records: 63_856,
            unparsed_lines: 37,
            capped_lines: 1,
            skipped: 2,
            incomplete: 1,
            benign: 41,
            unclassified: 12,
            first_time: at(0),
            last_time: at(4_900_000),
        },
        ..Report::default()
    }
}

/// A job that ran without a fault.
pub fn healthy() -> Report {
    let job = Job {
        id: text(JOB),
        name: some("order-enrichment"),
        state: text("RUNNING"),
        verdict: text("healthy"),
        first_time: at(9_000),
        last_time: at(4_900_000),
        strategy: some("exponential-delay"),
        scheduler: some("default"),
        attempts: vec![Attempt {
            number: 1,
            start: at(10_000),
            running: at(11_000),
            outcome: text("running"),
            begun_by: text("submission"),
            checkpoints: AttemptCheckpoints { triggered: 480, completed: 480, failed: 0 },
            ..Attempt::default()
        }],
        checkpoints: Checkpoints {
            triggered: 480,
            completed: 480,
            duration_ms: Some(Spread { min: 200, p50: 310, p95: 420, p99: 500, max: 610 }),
            size_bytes: Some(Sizes { min: 9_000_000, p50: 11_000_000, p95: 12_000_000, max: 12_900_000 }),
            last_completed: Some(LastCompleted { id: 480, time: at(4_890_000), duration_ms: Some(320), size_bytes: Some(12_000_000) }),
            duration_trend_ms: (0..60).map(|n| 280 + n * 7 % 90).collect(),
            ..Checkpoints::default()
        },
        ..Job::default()
    };
    Report {
        schema: text(SCHEMA),
        tool: disaster().tool,
        sources: vec![
            source(0, "log/jobmanager.log", "jobmanager", 5_200),
            source(1, "log/taskmanager.log", "taskmanager", 2_100),
            source(2, "log/gc-taskmanager.log", "gc", 4_000),
        ],
        processes: vec![process(0, "jobmanager", &[0]), process(1, "taskmanager", &[1, 2])],
        summary: Summary {
            verdict: text("healthy"),
            headline: text("Job order-enrichment ran for 1 h 21 min without a failure"),
            still_failing: Some(false),
            last_healthy: Some(LastHealthy { time: at(4_890_000), checkpoint: Some(480) }),
            ..Summary::default()
        },
        jobs: vec![job],
        task_managers: vec![TaskManager {
            id: text("vm-12:40123-a8c5f2"),
            host: some("vm-12"),
            sources: vec![1],
            slots: Some(2),
            lives: vec![Life { registered: at(4_000), ..Life::default() }],
            ..TaskManager::default()
        }],
        gc: vec![Gc {
            source: 2,
            process: Some(1),
            collector: text("g1"),
            pauses: Some(pauses(412, 38.0)),
            full_gcs: Some(0),
            throughput: Some(0.9988),
            heap_trend: text("steady"),
            ..Gc::default()
        }],
        benign: disaster().benign,
        timeline: vec![TimelineRow {
            first: at(10_000),
            last: at(10_000),
            count: 1,
            kind: text("attempt.start"),
            job: some(JOB),
            attempt: Some(1),
            source: 0,
            line: 200,
            text: text("order-enrichment is deployed"),
            ..TimelineRow::default()
        }],
        coverage: Coverage {
            sources: 3,
            bytes: 1_615_900,
            lines: 11_300,
            records: 10_170,
            benign: 41,
            first_time: at(0),
            last_time: at(4_900_000),
            ..Coverage::default()
        },
        ..Report::default()
    }
}

/// One pasted trace without times: too little to judge.
pub fn not_assessed() -> Report {
    let pasted = Source {
        first_time: None,
        last_time: None,
        layout: None,
        time_zone: TimeZone { offset: text("Z"), from: text("assumed") },
        ..source(0, "-", "unknown", 9)
    };
    Report {
        schema: text(SCHEMA),
        tool: disaster().tool,
        sources: vec![pasted],
        warnings: vec![Warning { source: Some(0), line: None, code: text("no-records"), message: text("no line begins like a log record") }],
        summary: Summary {
            verdict: text("not-assessed"),
            headline: text("Too little was read to say what happened"),
            certainty: some("insufficient"),
            missing: vec![Missing { code: text("jobmanager-log"), subject: None, text: text("the JobManager's log") }],
            ..Summary::default()
        },
        exceptions: vec![Exception {
            first: None,
            last: None,
            count: 1,
            sources: vec![0],
            jobs: vec![],
            sample: LineRange { source: 0, line: 1, lines: 5 },
            ..exceptions().swap_remove(0)
        }],
        coverage: Coverage { sources: 1, bytes: 1_287, lines: 9, records: 0, unparsed_lines: 9, ..Coverage::default() },
        ..Report::default()
    }
}

/// Writes the samples as saved reports into `$FLINKLOG_SAMPLES`, to be rendered and looked at.
#[test]
fn save_samples() {
    let Some(folder) = std::env::var_os("FLINKLOG_SAMPLES").map(std::path::PathBuf::from) else { return };
    std::fs::create_dir_all(&folder).unwrap();
    for (name, report) in [("disaster", disaster()), ("healthy", healthy()), ("not-assessed", not_assessed())] {
        let mut text = Vec::new();
        super::json::write(&report, &mut text).unwrap();
        std::fs::write(folder.join(format!("{name}.json")), text).unwrap();
    }
}

/// The disaster with its long lists cut, for expected outputs that people can read.
pub fn short() -> Report {
    let mut report = disaster();
    let job = &mut report.jobs[0];
    job.attempts.drain(2..job.attempts.len() - 1);
    job.attempts_omitted = u64::from(RESTARTS) - 3;
    job.checkpoints.failures.truncate(3);
    job.checkpoints.failures_omitted = 119;
    for finding in &mut report.findings {
        finding.attempts.truncate(3);
    }
    report.timeline.truncate(10);
    report.timeline_omitted = 237;
    report
}
