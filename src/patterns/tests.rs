use std::collections::BTreeSet;
use std::path::Path;

use super::*;

/// Slugs that other parts and users rely on: section 2 of the failure taxonomy and the report's own.
const SLUGS: &[&str] = &[
    // user code, serialization, class loading
    "linkage-missing-class",
    "linkage-missing-method",
    "user-code-exception",
    "closed-classloader",
    "deser-record-failure",
    "classloading-duplicate-class",
    "linkage-kafka-connect",
    "linkage-shaded-guava",
    "serializer-type-mismatch",
    "serialized-lambda-cce",
    "client-cluster-version-skew",
    "deser-null-record",
    "user-main-exception",
    "user-no-execute",
    "not-serializable-function",
    "user-fn-instantiate",
    "python-udf-failure",
    // SQL
    "sql-factory-not-found",
    "sql-validation",
    "cdc-table-discovery-failed",
    "sql-not-null-violation",
    "sql-codegen-too-large",
    // queues
    "kafka-metadata-timeout",
    "kafka-producer-fenced",
    "kafka-auth",
    "kafka-txn-timeout-config",
    "kafka-txn-expired-on-restore",
    "kafka-jaas-missing",
    "kafka-consumer-wrapper",
    "kafka-writer-wrapper",
    "kafka-unknown-topic",
    "kafka-record-too-large",
    "kafka-offset-out-of-range",
    "source-throttled",
    "es-bulk-failure",
    "sink-connector-failure",
    "pulsar-wrapper",
    // JDBC and CDC
    "cdc-binlog-purged",
    "jdbc-connection-lost",
    "jdbc-idle-timeout",
    "cdc-oracle-log-missing",
    "cdc-fetcher-wrapper",
    "cdc-schema-out-of-sync",
    "cdc-server-id-conflict",
    "cdc-pg-slot-active",
    "cdc-pg-slot-exists",
    "cdc-schema-unknown",
    "cdc-oracle-undo-expired",
    "cdc-oracle-privilege",
    "cdc-mongo-resume-lost",
    "cdc-privilege",
    "jdbc-batch-failed",
    // lake formats, sinks, object stores
    "fs-scheme-unsupported",
    "olap-streamload-rejected",
    "iceberg-commit-state-unknown",
    "iceberg-commit-failed",
    "iceberg-metadata-missing",
    "hms-thrift-timeout",
    "hudi-instant-heartbeat-expired",
    "hudi-coordinator-commit-failed",
    "hudi-timeline-unreadable",
    "paimon-commit-conflict",
    "paimon-snapshot-expired",
    "s3-http-failure",
    "s3-pool-exhausted",
    "s3-fs-plugin-conflict",
    "s3-access-denied",
    "hdfs-no-datanode",
    "hdfs-safemode-standby",
    "hdfs-file-missing",
    "fs-permission-denied",
    "olap-streamload-empty",
    "olap-txn-commit-failed",
    // checkpoints, restore
    "cp-expired",
    "cp-tolerable-exceeded",
    "restore-unmapped-state",
    "restore-state-incompatible",
    "cp-sync-failure",
    "cp-async-failure",
    "cp-declined-task-not-ready",
    "cp-unknown-task",
    "cp-coordinator-suspend",
    "cp-trigger-io-failure",
    "cp-dir-create-failed",
    "cp-state-too-large-for-jm",
    "savepoint-failed",
    "restore-keyed-backend-failed",
    "restore-file-missing",
    "restore-max-parallelism",
    // memory, JVM
    "heap-oom-tm",
    "metaspace-oom",
    "direct-oom",
    "container-killed-pmem",
    "network-buffers-insufficient",
    "gc-long-pause",
    "gc-overhead",
    "heap-oom-jm",
    "jvm-crash-native",
    "k8s-oomkilled",
    "jvm-native-alloc-failed",
    "network-pool-alloc-failed",
    "container-killed-vmem",
    "memory-config-invalid",
    "rocksdb-exception",
    "unable-create-native-thread",
    "managed-memory-exhausted",
    "rocksdb-native-load",
    // RPC, network
    "heartbeat-tm-timeout",
    "rpc-association-gated",
    "remote-tm-lost",
    "rpc-ask-timeout",
    "rpc-address-mismatch",
    "dns-unresolved",
    "tm-registration-timeout",
    "heartbeat-jm-timeout",
    "tm-unreachable",
    "partition-not-found",
    "task-cancel-stuck",
    "task-cancel-watchdog",
    "netty-connect-failed",
    "netty-local-transport",
    "rpc-frame-oversize",
    "port-in-use",
    "ssl-failure",
    // resources, YARN, Kubernetes, high availability
    "no-resource-available",
    "kerberos-no-tgt",
    "delegation-token-expired",
    "yarn-am-failed",
    "k8s-rbac-forbidden",
    "zk-connection-loss",
    "k8s-leader-lost",
    "jm-long-pause",
    "jm-fatal-entrypoint",
    "ha-job-recovery-failed",
    "k8s-watch-failed",
    "yarn-node-or-preempt",
    "k8s-pod-terminated",
    "yarn-client-deploy-timeout",
    "slot-removed",
    "k8s-quota",
    "disk-full",
    "fd-exhausted",
    "blob-missing",
    "job-leader-lost",
    "region-unsupported-recovery",
    // the report's own
    "external-connection",
    "tm-process-killed",
    "jm-process-killed",
    "tm-frozen",
    "backpressure",
    "wrapper-generic",
    "gc-thrash",
    "config-unrecognized-vm-option",
];

#[test]
fn every_sample_finds_its_pattern_and_no_near_miss_does() {
    let run = test(None).expect("built-in packs load");
    let failures: Vec<String> = run.failures.iter().map(|f| format!("{}:{} {}: {}\n    {}", f.file, f.line, f.id, f.why, f.text)).collect();
    assert!(failures.is_empty(), "{} failures\n{}", failures.len(), failures.join("\n"));
    assert!(run.patterns > SLUGS.len() && run.samples > 2 * SLUGS.len());
}

#[test]
fn every_promised_slug_exists() {
    let packs = Packs::shipped();
    let missing: Vec<&&str> = SLUGS.iter().filter(|s| packs.get(s).is_none()).collect();
    assert!(missing.is_empty(), "{missing:?}");
}

#[test]
fn every_file_of_the_folder_is_built_in() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("patterns");
    let in_folder: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".toml") && !matches!(name.as_str(), "frames.toml" | "masks.toml" | "wrappers.toml"))
        .collect();
    let built_in: BTreeSet<String> = shipped::FILES.iter().map(|(n, _)| n.to_string()).collect();
    assert_eq!(in_folder, built_in);
}

#[test]
fn patterns_keep_the_rules_of_their_nature() {
    for p in Packs::shipped().iter() {
        assert!(p.title.len() > 8 && !p.title.ends_with('.'), "{}: title", p.id);
        assert!(p.cause.len() > 20, "{}: cause", p.id);
        if matches!(p.nature, Nature::Benign | Nature::Recovery) {
            assert_eq!(p.severity, Severity::Info, "{}", p.id);
        } else {
            assert!(!p.remedy.is_empty(), "{}: remedy", p.id);
        }
        for m in &p.matches {
            for process in &m.process {
                let known = ["jobmanager", "taskmanager", "client", "historyserver", "sqlgateway", "operator"];
                assert!(known.contains(process), "{}: {process}", p.id);
            }
        }
    }
}

fn one(text: &str) -> Result<Packs, Vec<PackError>> {
    Packs::from_texts(std::iter::once(("my.toml", text, false)))
}

const GOOD: &str = "[[pattern]]\nid = 'mine'\ntitle = 'x'\nnature = 'cause'\ncause = 'y'\n[pattern.match]\non = ['text']\nany = ['frobnicated']\n";

#[test]
fn errors_name_file_and_line() {
    let cases = [
        (GOOD.replace("any =", "anny ="), 8, "anny"),
        (GOOD.replace("'cause'", "'reason'"), 4, "reason"),
        (GOOD.replace("cause = 'y'", "couse = 'y'"), 5, "couse"),
        (GOOD.replace("'mine'", "'My Pattern'"), 1, "slug"),
        (GOOD.replace("any = ['frobnicated']", ""), 1, "needs"),
        (format!("{GOOD}regex = '('"), 1, "regex"),
        (format!("{GOOD}\n{GOOD}"), 10, "already stands"),
        ("[[pattern]]\nid = ".to_string(), 2, ""),
    ];
    for (text, line, part) in cases {
        let errors = one(&text).expect_err(part);
        assert_eq!((errors[0].file.as_str(), errors[0].line), ("my.toml", line), "{errors:?}");
        assert!(errors[0].message.contains(part), "{errors:?}");
    }
    assert!(one(GOOD).is_ok());
    let huge = format!("{GOOD}regex = '(\\w{{500}}){{500}}'");
    assert!(one(&huge).is_err());
}

#[test]
fn a_users_folder_adds_and_overrides() {
    let dir = tempfile::tempdir().unwrap();
    let over = GOOD.replace("mine", "disk-full");
    std::fs::write(dir.path().join("a.toml"), format!("{GOOD}\n{over}")).unwrap();
    std::fs::write(dir.path().join("notes.txt"), "no pack").unwrap();
    let packs = Packs::with_user(dir.path()).unwrap();
    assert_eq!(packs.get("disk-full").unwrap().title, "x");
    assert!(!packs.get("disk-full").unwrap().shipped);
    assert_eq!(packs.iter().filter(|p| p.id == "disk-full").count(), 1);
    let line = Subject::Text { line: b"it frobnicated", process: None };
    assert_eq!(packs.best(&line).unwrap().id, "mine");
    let run = test(Some(dir.path())).unwrap();
    assert_eq!((run.patterns, run.failures.len()), (2, 2));
    std::fs::write(dir.path().join("b.toml"), vec![b'#'; load::MAX_FILE_BYTES as usize + 1]).unwrap();
    assert!(Packs::with_user(dir.path()).is_err());
    assert!(Packs::with_user(&dir.path().join("absent")).is_err());
}

fn record<'a>(logger: &'a str, level: Level, message: &'a str) -> Subject<'a> {
    Subject::Record { logger: logger.as_bytes(), level, message: message.as_bytes(), process: None }
}

#[test]
fn info_records_count_only_where_the_logger_is_named() {
    let named = one(&GOOD.replace("'text'", "'record'").replace("any =", "loggers = ['JobMaster']\nany =")).unwrap();
    let unnamed = one(&GOOD.replace("'text'", "'record'")).unwrap();
    let text = "it frobnicated";
    assert!(named.wants_info(b"JobMaster") && named.wants_info(b"JobMaster$Inner"));
    assert!(!named.wants_info(b"Task") && !unnamed.wants_info(b"JobMaster"));
    for logger in ["o.a.f.r.j.JobMaster", "JobMaster", "org.apache.flink.runtime.jobmaster.JobMaster$Inner"] {
        assert!(named.best(&record(logger, Level::Info, text)).is_some(), "{logger}");
    }
    assert!(named.best(&record("x.MyJobMaster", Level::Error, text)).is_none());
    assert!(unnamed.best(&record("x.Y", Level::Info, text)).is_none());
    assert!(unnamed.best(&record("x.Y", Level::Warn, text)).is_some());
    assert!(unnamed.best(&record("x.Y", Level::Unknown, text)).is_some());
}

fn exception<'a>(class: &'a str, message: &'a str, frames: &'a [&'a str]) -> Subject<'a> {
    Subject::Exception { class, message, frames, process: Some("taskmanager") }
}

#[test]
fn a_class_is_a_simple_name_a_suffix_at_a_boundary_or_a_starred_end() {
    let with = |class: &str| one(&GOOD.replace("'text'", "'exception'").replace("any = ['frobnicated']", &format!("class = ['{class}']"))).unwrap();
    let fits = |class: &str, full: &str| with(class).best(&exception(full, "", &[])).is_some();
    assert!(fits("TimeoutException", "java.util.concurrent.TimeoutException"));
    assert!(!fits("TimeoutException", "akka.pattern.AskTimeoutException"));
    assert!(fits("errors.TimeoutException", "shaded.org.apache.kafka.common.errors.TimeoutException"));
    assert!(fits("ClosedException", "a.b.Handover$ClosedException"));
    assert!(fits("Handover$ClosedException", "a.b.Handover$ClosedException"));
    assert!(fits("*SinkException", "com.acme.AcmeSinkException"));
    assert!(!fits("*SinkException", "com.acme.SinkExceptionHandler"));
}

#[test]
fn a_serialized_throwable_is_seen_as_what_it_stands_for() {
    let packs = one(&GOOD.replace("'text'", "'exception'").replace("any = ['frobnicated']", "class = ['IOException']")).unwrap();
    let serialized = "org.apache.flink.util.SerializedThrowable";
    for message in ["java.io.IOException: no", "java.io.IOException"] {
        assert!(packs.best(&exception(serialized, message, &[])).is_some(), "{message}");
    }
    for message in ["", "no class here", "see java.io.IOException: no", "a.b.: x", "."] {
        assert!(packs.best(&exception(serialized, message, &[])).is_none(), "{message}");
    }
}

#[test]
fn every_condition_of_a_match_holds() {
    let more =
        "all = ['one', 'two']\nnone = ['not this']\nframes = ['acme.A']\nno_frames = ['netty']\ndepth = 2\nprocess = ['taskmanager']\nregex = 'one.*two'\n";
    let packs = one(&format!("{}{more}", GOOD.replace("'text'", "'exception'"))).unwrap();
    let good = "frobnicated one two";
    assert!(packs.best(&exception("x.Y", good, &["com.acme.A.f"])).is_some());
    for (message, frames) in [
        ("frobnicated one", &["com.acme.A.f"][..]),
        ("frobnicated two one", &["com.acme.A.f"]),
        ("frobnicated one two not this", &["com.acme.A.f"]),
        (good, &["com.acme.B.f"]),
        (good, &["b", "b", "com.acme.A.f"]),
        (good, &["com.acme.A.f", "netty.x"]),
        (good, &[]),
    ] {
        assert!(packs.best(&exception("x.Y", message, frames)).is_none(), "{message} {frames:?}");
    }
    let elsewhere = Subject::Exception { class: "x.Y", message: good, frames: &["com.acme.A.f"], process: Some("client") };
    assert!(packs.best(&elsewhere).is_none());
}

#[test]
fn the_words_around_a_literal_can_have_to_be_equal() {
    let packs =
        one(&format!("{}between_equals = ' becomes '\n", GOOD.replace("'text'", "'exception'").replace("any = ['frobnicated']", "any = [' becomes ']")))
            .unwrap();
    let fits = |message: &str| packs.best(&exception("x.Y", message, &[])).is_some();
    for message in ["a.B$C becomes a.B$C", "class a.B becomes class a.B (loader x)", "so a.B becomes a.B."] {
        assert!(fits(message), "{message}");
    }
    for message in ["a.B becomes a.Bc", "a.B becomes b.B", "[] becomes []", " becomes ", "a.B becomes"] {
        assert!(!fits(message), "{message}");
    }
}

#[test]
fn the_higher_rank_wins_then_the_earlier() {
    let second = GOOD.replace("mine", "second");
    let line = Subject::Text { line: b"it frobnicated", process: None };
    let packs = one(&format!("{GOOD}\n{second}")).unwrap();
    assert_eq!(packs.best(&line).unwrap().id, "mine");
    let second = second.replace("id =", "rank = 51\nid =");
    let packs = one(&format!("{GOOD}\n{second}")).unwrap();
    assert_eq!(packs.best(&line).unwrap().id, "second");
    let all: Vec<&str> = packs.all(&line).iter().map(|p| p.id).collect();
    assert_eq!(all, ["second", "mine"]);
}

#[test]
fn of_a_logger_and_its_outer_class_the_better_pattern_wins() {
    let of = |id: &str, logger: &str, rank: i32| {
        let on = GOOD.replace("'text'", "'record'").replace("any = ['frobnicated']", &format!("any = ['frobnicated']\nloggers = ['{logger}']"));
        on.replace("mine", id).replace("id =", &format!("rank = {rank}\nid ="))
    };
    for (outer, inner, best) in [(60, 50, "outer"), (50, 60, "inner"), (50, 50, "outer")] {
        let packs = one(&format!("{}\n{}", of("outer", "Job", outer), of("inner", "Job$Task", inner))).unwrap();
        for level in [Level::Info, Level::Warn] {
            let line = record("com.acme.Job$Task", level, "it frobnicated");
            assert_eq!(packs.best(&line).map(|p| p.id), Some(best), "{outer} {inner} {level:?}");
            assert_eq!(packs.best_info(&line).map(|p| p.id), Some(best), "{outer} {inner} {level:?}");
        }
    }
}

#[test]
fn hostile_texts_cost_little_and_break_nothing() {
    let packs = Packs::shipped();
    let long = "Caused by: ".repeat(200_000);
    let frames: Vec<&str> = vec!["a.b"; 50_000];
    for text in [long.as_str(), "", "\u{0}", "é: ", ": : :"] {
        packs.best(&exception(text, text, &frames));
        packs.best(&exception("org.apache.flink.util.SerializedThrowable", text, &[]));
        packs.all(&record(text, Level::Error, text));
        packs.all(&Subject::Text { line: text.as_bytes(), process: None });
    }
    packs.all(&Subject::Text { line: &[0xff, 0xfe, b':'], process: None });
    assert!(packs.wants_info(b"ActiveResourceManager"));
    assert!(!packs.wants_info(b"$") && !packs.wants_info(b""));
}

#[test]
fn chains_codes_and_advice_are_found() {
    let packs = Packs::shipped();
    let chains = packs.chains_from("heartbeat-tm-timeout");
    assert!(chains.iter().any(|c| c.cause == "container-killed-pmem"));
    assert!(chains.iter().all(|c| c.symptom == "heartbeat-tm-timeout"));
    assert!(packs.chains_from("no-such").is_empty());
    assert_eq!(packs.exit_code(Space::Yarn, -104).unwrap().pattern, "container-killed-pmem");
    assert!(packs.exit_code(Space::Process, -104).is_none());
    assert_eq!(packs.deprecated_key("state.backend").unwrap().new, "state.backend.type");
    let ids: BTreeSet<&str> = packs.advice().iter().map(|a| a.id).collect();
    assert_eq!(ids.len(), packs.advice().len());
    assert!(ids.contains("no-restart-strategy"));
}

#[test]
fn a_chain_to_an_unknown_slug_is_an_error() {
    let chain = "[[chain]]\nsymptom = 'mine'\ncause = 'nobody'\nwindow_ms = 1\nscope = 'any-process'\nlook_at = 'x'\n";
    let errors = one(&format!("{GOOD}\n{chain}")).unwrap_err();
    assert!(errors[0].message.contains("nobody"));
}

#[test]
fn every_built_in_regex_compiles() {
    let mut seen = 0;
    for pattern in Packs::shipped().iter() {
        for regex in pattern.matches.iter().filter_map(|m| m.regex) {
            if let Err(e) = super::matcher::compile_regex(regex) {
                panic!("`{}`: {e}", pattern.id);
            }
            seen += 1;
        }
    }
    assert!(seen > 10);
}

#[test]
fn the_prepared_packs_are_those_of_the_files() {
    let whole = Packs::shipped_whole().unwrap();
    let prepared = Packs::shipped();
    let plain = |packs: &Packs| -> Vec<String> {
        let patterns = packs.iter().map(|p| {
            let mut p = p.clone();
            p.samples.clear();
            p.near_misses.clear();
            format!("{p:?}")
        });
        let rest = [format!("{:?} {:?} {:?} {:?}", packs.packs(), packs.exit_codes(), packs.advice(), packs.deprecated_keys())];
        patterns.chain(rest).collect()
    };
    assert_eq!(plain(&whole), plain(prepared));
    assert!(whole.iter().any(|p| !p.samples.is_empty()));
}
