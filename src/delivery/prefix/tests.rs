use super::*;

const LOG: [&str; 6] = [
    "2026-11-21 09:20:37,689 INFO  org.apache.flink.runtime.jobmaster.JobMaster [] - Starting",
    "2026-11-21 09:20:38,001 WARN  org.apache.flink.runtime.taskmanager.Task [] - Source (1/1)#0 switched from RUNNING to FAILED",
    "java.lang.NullPointerException: null",
    "\tat com.example.Job.map(Job.java:12) ~[job.jar:?]",
    "Caused by: java.io.IOException: x",
    "2026-11-21 09:20:39,001 INFO  org.apache.flink.runtime.taskmanager.Task [] - done",
];

/// Puts `prefix` before every line.
fn with(prefix: impl Fn(usize) -> String) -> String {
    LOG.iter().enumerate().map(|(i, l)| format!("{}{l}\n", prefix(i))).collect()
}

/// Detects, strips, and gives key, first time and whether the lines are those of the log.
fn check(text: &str) -> (Option<PrefixKind>, Option<String>, Option<i64>, bool) {
    let Some(kind) = detect(text.as_bytes()) else { return (None, None, None, false) };
    let stripper = Stripper { kind };
    let lines: Vec<_> = text.lines().map(|l| stripper.strip(l.as_bytes()).expect(l)).collect();
    let same = lines.iter().zip(LOG).all(|(s, l)| *s.text == *l.as_bytes());
    (Some(kind), lines[0].key.map(|k| String::from_utf8_lossy(k).into_owned()), lines[0].time, same)
}

const T: i64 = 1_795_252_837_123;

#[test]
fn every_kind_is_found_and_taken_off() {
    let key = |k: &str| Some(k.to_string());
    let stamp = |i: usize| format!("2026-11-21T09:20:37.12345678{i}Z");
    let cases = [
        (
            with(|_| "[pod/flink-jm-abc/flink-main-container] ".into()),
            PrefixKind::Kubectl { timestamps: false },
            key("flink-jm-abc/flink-main-container"),
            None,
        ),
        (with(|i| format!("[pod/flink-jm-abc/main] {} ", stamp(i))), PrefixKind::Kubectl { timestamps: true }, key("flink-jm-abc/main"), Some(T)),
        (with(|_| "flink-tm-1-1 flink-main-container ".into()), PrefixKind::Stern { timestamps: false }, key("flink-tm-1-1 flink-main-container"), None),
        (with(|_| "\x1b[32mflink-tm-1-1\x1b[0m \x1b[36mmain\x1b[0m ".into()), PrefixKind::Stern { timestamps: false }, key("flink-tm-1-1"), None),
        (with(|i| format!("flink-tm-1-1 main {} ", stamp(i))), PrefixKind::Stern { timestamps: true }, key("flink-tm-1-1 main"), Some(T)),
        (with(|_| "taskmanager-1  | ".into()), PrefixKind::Compose { timestamps: false }, key("taskmanager-1"), None),
        (with(|_| "\x1b[33mjobmanager_1   |\x1b[0m ".into()), PrefixKind::Compose { timestamps: false }, key("jobmanager_1"), None),
        (with(|i| format!("jobmanager-1  | {} ", stamp(i))), PrefixKind::Compose { timestamps: true }, key("jobmanager-1"), Some(T)),
        (with(|i| format!("{} ", stamp(i))), PrefixKind::Time, None, Some(T)),
        (with(|i| format!("2026-11-21T09:20:37.123456{i}Z ")), PrefixKind::Time, None, Some(T)),
        (with(|i| format!("{} stdout F ", stamp(i))), PrefixKind::Cri, None, Some(T)),
        (with(|_| "Nov 21 09:20:37 worker-1 flink[812]: ".into()), PrefixKind::JournalShort, key("flink"), None),
        (with(|_| "Nov  1 09:20:37.123456 worker-1 kernel: ".into()), PrefixKind::JournalShort, key("kernel"), None),
        (with(|_| "2026-11-21T17:20:37+0800 worker-1 flink@jm.service[812]: ".into()), PrefixKind::JournalIso, key("flink@jm.service"), Some(T - 123)),
        (with(|i| format!("e2e tests\tRun it\t2026-11-21T09:20:37.123456{i}Z ")), PrefixKind::GitHubJob, key("e2e tests"), Some(T)),
        (with(|_| "2026-11-21T09:20:37.123456Z 01O ".into()), PrefixKind::GitLab, None, Some(T)),
        (with(|_| "> ".into()), PrefixKind::Quote, None, None),
        (with(|_| "      ".into()), PrefixKind::Indent { columns: 6 }, None, None),
    ];
    for (text, kind, key, time) in cases {
        assert_eq!(check(&text), (Some(kind), key, time, true), "{text}");
    }
}

#[test]
fn plain_logs_have_no_prefix() {
    let iso = |sep: &str| with(|_| String::new()).replace("2026-11-21 09", &format!("2026-11-21{sep}09"));
    let logs = [
        with(|_| String::new()),
        iso("T"),
        // Own layouts that begin with an ISO time; frames have none.
        "2026-11-21T15:29:36.391+05:30 INFO  [main] o.a.f.r.e.ClusterEntrypoint - x\n".repeat(30) + "java.lang.NullPointerException\n\tat a.b(C.java:1)\n",
        "2026-11-21T15:29:36.391123456Z INFO  [main] o.a.f.r.e.ClusterEntrypoint - x\n".repeat(30),
        "2026-11-21T15:29:36.391Z [main] INFO o.a.f.r.e.ClusterEntrypoint - x\n".repeat(30),
        "[main] INFO org.apache.flink - x\n".repeat(30),
        "[2026-11-21T09:13:16.953+0000][0.004s][info][gc] Using G1\n".repeat(30),
        "2026-11-21T09:13:16.953+0000: 0.004: [GC (Allocation Failure) 64M->41M(92M), 0.0008 secs]\n".repeat(30),
        "[0.004s][info][gc] Using G1\n".repeat(30),
        "INFO | 2026-11-21 09:20:37,689 | org.apache.flink | x\n".repeat(30),
        "2026-11-21 09:20:37 | INFO | org.apache.flink | x\n".repeat(30),
        "{\"@timestamp\":\"2026-11-21T09:20:37.689Z\",\"log\":\"x\"}\n".repeat(30),
        "word-count finished 12 records\nword-count finished 13 records\n".repeat(10),
        "| id | name |\n| 1 | x |\n".repeat(10),
        "Nov 21, 2026 9:20:37 AM org.apache.flink.Task run\nINFO: x\n".repeat(10),
        String::new(),
        "\n\n".to_string(),
    ];
    for log in logs {
        assert_eq!(detect(log.as_bytes()), None, "{}", &log[..log.len().min(200)]);
    }
}

#[test]
fn docker_json_with_escapes_and_pieces() {
    let line = |text: &str| format!("{{\"log\":\"{text}\",\"stream\":\"stderr\",\"attrs\":{{\"tag\":\"x\"}},\"time\":\"2026-11-21T09:20:37.123456789Z\"}}");
    let text = [line("\\tat a.b(C.java:1)\\r\\n"), line("a \\\"b\\\" \\u003cinit\\u003e \\\\ \\ud83d\\ude00\\u4e2d\\n"), line("piece ")].join("\n");
    assert_eq!(detect(text.as_bytes()), Some(PrefixKind::DockerJson));
    let stripper = Stripper { kind: PrefixKind::DockerJson };
    let got: Vec<_> = text.lines().map(|l| stripper.strip(l.as_bytes()).unwrap()).collect();
    assert_eq!(*got[0].text, *b"\tat a.b(C.java:1)");
    assert_eq!(String::from_utf8_lossy(&got[1].text), "a \"b\" <init> \\ \u{1f600}\u{4e2d}");
    assert_eq!((got[1].stream, got[1].time, got[1].partial), (Some(Stream::Err), Some(T), false));
    assert!(got[2].partial);
    for bad in [
        "{\"log\":\"x",
        "{\"log\":\"x\\",
        "{\"log\":\"x\"}",
        "{\"log\":\"x\",\"stream\":\"other\",\"time\":\"\"}",
        "{\"log\":\"\\ud83d\\u12\",\"stream\":\"stdout\"",
    ] {
        assert_eq!(stripper.strip(bad.as_bytes()), None, "{bad}");
    }
    assert!(matches!(stripper.strip(line("plain").as_bytes()).unwrap().text, Cow::Borrowed(_)));
}

#[test]
fn pieces_are_joined_by_stream() {
    let lines = ["stdout P one ", "stderr F other", "stdout P:x two ", "stdout F three", "stdout F", "stderr P lost"];
    let stripper = Stripper { kind: PrefixKind::Cri };
    let mut joiner = Joiner::default();
    let mut got = Vec::new();
    for line in lines {
        let line = format!("2026-11-21T09:20:37.1Z {line}");
        if let Some(whole) = joiner.push(stripper.strip(line.as_bytes()).unwrap()) {
            assert!(!whole.partial);
            got.push(String::from_utf8(whole.text.into_owned()).unwrap());
        }
    }
    assert_eq!(got, ["other", "one two three", ""]);
    assert_eq!(joiner.rest(), [Unfinished { key: None, stream: Some(Stream::Err), text: b"lost".to_vec() }]);
    // A line without end does not grow without end.
    let piece = "x".repeat(16 << 10);
    let line = format!("2026-11-21T09:20:37.1Z stdout P {piece}");
    let longest = (0..1000).filter_map(|_| joiner.push(stripper.strip(line.as_bytes()).unwrap())).map(|w| w.text.len()).max();
    assert_eq!(longest, Some(Joiner::LONGEST));
}

#[test]
fn lines_without_the_prefix_and_empty_lines() {
    let strip = |kind, line: &'static str| Stripper { kind }.strip(line.as_bytes()).map(|s| s.text.into_owned());
    let kubectl = PrefixKind::Kubectl { timestamps: true };
    assert_eq!(strip(kubectl, "\tat a.b(C.java:1)"), None);
    assert_eq!(strip(kubectl, "[pod/a-b/c]"), Some(vec![]));
    assert_eq!(strip(kubectl, "[pod/a-b/c] no time"), Some(b"no time".to_vec()));
    assert_eq!(strip(PrefixKind::Compose { timestamps: false }, "tm-1  | "), Some(vec![]));
    assert_eq!(strip(PrefixKind::Time, "2026-11-21T09:20:37Z"), Some(vec![]));
    assert_eq!(strip(PrefixKind::Time, "2026-11-21T09:20:37Z: x"), None);
    assert_eq!(strip(PrefixKind::Quote, "> \r"), Some(vec![]));
    assert_eq!(strip(PrefixKind::Indent { columns: 4 }, "      at a"), Some(b"  at a".to_vec()));
    assert_eq!(strip(PrefixKind::Indent { columns: 4 }, "  "), Some(vec![]));
    assert_eq!(strip(PrefixKind::Indent { columns: 4 }, "  at a"), None);
}

#[test]
fn two_layers_come_off_one_by_one() {
    let text = with(|_| "> [pod/a-b/main] ".into());
    assert_eq!(detect(text.as_bytes()), Some(PrefixKind::Quote));
    let inner: String = text.lines().map(|l| format!("{}\n", &l[2..])).collect();
    assert_eq!(detect(inner.as_bytes()), Some(PrefixKind::Kubectl { timestamps: false }));
}

#[test]
fn any_bytes_are_safe() {
    let mut dice = crate::delivery::testkit::Dice(42);
    let seeds = [
        with(|_| "[pod/a-b/main] 2026-11-21T09:20:37.1Z ".into()),
        with(|_| "\x1b[3m2026-11-21T09:20:37.1+08:00 stdout P ".into()),
        "{\"log\":\"\\u00e9\\\\\",\"stream\":\"stdout\",\"time\":\"x\"}\n".repeat(5),
        with(|_| "Nov 21 09:20:37 h u[1]: ".into()),
    ];
    for round in 0..4000 {
        let mut bytes = seeds[round % seeds.len()].clone().into_bytes();
        for _ in 0..1 + dice.roll(8) {
            let at = dice.roll(bytes.len());
            bytes[at] = dice.roll(256) as u8;
        }
        bytes.truncate(dice.roll(bytes.len() + 1));
        detect(&bytes);
        for kind in [
            PrefixKind::Kubectl { timestamps: true },
            PrefixKind::Stern { timestamps: true },
            PrefixKind::Compose { timestamps: true },
            PrefixKind::Time,
            PrefixKind::Cri,
            PrefixKind::DockerJson,
            PrefixKind::JournalShort,
            PrefixKind::JournalIso,
            PrefixKind::GitHubJob,
            PrefixKind::GitLab,
            PrefixKind::Quote,
            PrefixKind::Indent { columns: 3 },
        ] {
            for line in bytes.split(|b| *b == b'\n') {
                Stripper { kind }.strip(line);
            }
        }
    }
}
