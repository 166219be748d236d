use super::super::testkit::{Dice, Got, OneByte, cid, d5, d5_running, old, read_all};
use super::*;

fn read(text: &[u8]) -> (Vec<Got>, Vec<Notice>) {
    read_all(&mut YarnText::new(text), 1000).unwrap()
}

fn briefs(text: &[u8]) -> Vec<(String, String, String)> {
    read(text).0.iter().map(Got::brief).collect()
}

fn brief(number: &str, name: &str, body: &str) -> (String, String, String) {
    (number.to_string(), name.to_string(), body.to_string())
}

/// Content that imitates the wrapper, in the middle and at its own end.
fn imitation(name: &str) -> String {
    let fake = "Container: container_1795000000001_0099_02_000007 on fake_8041";
    format!(
        "user job started\n{fake}\nLogAggregationType: AGGREGATED\n{}\nLogType:taskmanager.log\nLogLastModifiedTime:x\nLogLength:17\nLogContents:\nhello\n\
         \nEnd of LogType:{name}\n{}\n\nLogType:stderr\nLog Upload Time:x\nLogLength:12\nLog Contents:\nhello world\nEnd of LogType:stderr\n\n\nno newline",
        "=".repeat(80),
        "*".repeat(name.len() + 66),
    )
}

#[test]
fn all_dialects() {
    let logs: &[(&str, &[u8])] = &[("jobmanager.err", b""), ("jobmanager.log", b"one\ntwo\n"), ("jobmanager.out", b"no newline"), ("gc.log", b"\n\n")];
    let want = [
        brief("000001", "jobmanager.err", ""),
        brief("000001", "jobmanager.log", "one\ntwo\n"),
        brief("000001", "jobmanager.out", "no newline"),
        brief("000001", "gc.log", "\n\n"),
    ];
    for dialect in 1..=4 {
        let text = [old(dialect, 1, logs), old(dialect, 2, &logs[1..2])].concat();
        let (got, notices) = read(&text);
        assert_eq!(got[..4].iter().map(Got::brief).collect::<Vec<_>>(), want, "dialect {dialect}");
        assert_eq!(got[4].brief(), brief("000002", "jobmanager.log", "one\ntwo\n"));
        assert!(got.iter().all(|g| g.end.complete && g.end.problem.is_none()), "dialect {dialect}: {got:?}");
        assert_eq!(notices, []);
        assert!(looks_like_yarn_text(&text));
    }
    let text: Vec<u8> = logs.iter().flat_map(|(n, b)| d5(1, n, b, b.len())).collect();
    assert_eq!(briefs(&text), want);
    assert!(looks_like_yarn_text(&text));
}

#[test]
fn heads_and_positions() {
    let text = [d5(3, "a.log", b"1\n2\n", 4), d5(4, "b.log", b"x", 1)].concat();
    let (got, _) = read(&text);
    let head = &got[1].head;
    assert_eq!((head.container.as_deref(), head.node.as_deref()), (Some(&*cid(4)), Some("worker-1:45454")));
    assert_eq!((head.declared_len, head.modified.as_deref(), head.running), (Some(1), Some(super::super::testkit::DATE), false));
    for one in &got {
        let at = one.head.stream_byte as usize;
        assert_eq!(&text[at..at + one.body.len()], one.body);
        assert_eq!(one.head.stream_line as usize, text[..at].iter().filter(|b| **b == b'\n').count() + 1);
    }
}

#[test]
fn a_log_that_imitates_the_wrapper_is_one_log() {
    let fake = imitation("taskmanager.out");
    let d5s = [d5(1, "taskmanager.out", fake.as_bytes(), fake.len()), d5(2, "b.log", b"x\n", 2)].concat();
    assert_eq!(briefs(&d5s), [brief("000001", "taskmanager.out", &fake), brief("000002", "b.log", "x\n")]);
    for dialect in 1..=4 {
        let text = old(dialect, 1, &[("taskmanager.out", fake.as_bytes()), ("b.log", b"x\n")]);
        assert_eq!(briefs(&text), [brief("000001", "taskmanager.out", &fake), brief("000001", "b.log", "x\n")], "dialect {dialect}");
    }
    // The imitation even has the right form, and only the length tells.
    let exact = String::from_utf8(d5(7, "taskmanager.out", b"inner\n", 6)).unwrap() + "more\n";
    let text = [d5(1, "taskmanager.out", exact.as_bytes(), exact.len()), d5(2, "b.log", b"x\n", 2)].concat();
    assert_eq!(briefs(&text), [brief("000001", "taskmanager.out", &exact), brief("000002", "b.log", "x\n")]);
}

#[test]
fn parts_of_logs_by_size() {
    let text = [d5(1, "a.log", b"first\n", 50_000), d5(1, "b.log", b"no newline", 700), d5(1, "c.log", b"whole\n", 6)].concat();
    let (got, _) = read(&text);
    assert_eq!(
        got.iter().map(Got::brief).collect::<Vec<_>>(),
        [brief("000001", "a.log", "first\n"), brief("000001", "b.log", "no newline"), brief("000001", "c.log", "whole\n")]
    );
    assert_eq!(got.iter().map(|g| g.end.complete).collect::<Vec<_>>(), [false, false, true]);
    assert_eq!(got[0].end.problem.as_ref().unwrap().kind, ProblemKind::LengthMismatch);
    // A part whose text imitates an end.
    let fake = imitation("a.log");
    let text = [d5(1, "a.log", fake.as_bytes(), fake.len() + 900), d5(2, "b.log", b"x\n", 2)].concat();
    assert_eq!(briefs(&text), [brief("000001", "a.log", &fake), brief("000002", "b.log", "x\n")]);
}

#[test]
fn changed_line_ends_and_bytes() {
    let fake = imitation("a.log");
    let lf = [d5(1, "a.log", fake.as_bytes(), fake.len()), d5(2, "b.log", b"x\ny\n", 4)].concat();
    let crlf = String::from_utf8(lf).unwrap().replace('\n', "\r\n");
    assert_eq!(briefs(crlf.as_bytes()), [brief("000001", "a.log", &fake.replace('\n', "\r\n")), brief("000002", "b.log", "x\r\ny\r\n")]);
    for dialect in 1..=4 {
        let lf = [old(dialect, 1, &[("a.log", b"one\ntwo\n"), ("b.log", b"x\ny\n")]), old(dialect, 2, &[("a.log", b"three\nfour\nfive\n")])].concat();
        let crlf = String::from_utf8(lf).unwrap().replace('\n', "\r\n");
        let got = briefs(crlf.as_bytes());
        let trimmed: Vec<_> = got.iter().map(|(c, n, b)| brief(c, n, b.trim_end())).collect();
        assert_eq!(
            trimmed,
            [brief("000001", "a.log", "one\r\ntwo"), brief("000001", "b.log", "x\r\ny"), brief("000002", "a.log", "three\r\nfour\r\nfive")],
            "dialect {dialect}"
        );
    }
    // Text that became longer, and shorter.
    for declared in [3, 4000] {
        let text = [d5(1, "a.log", "caf\u{c3}\u{a9}\n".as_bytes(), declared), d5(2, "b.log", b"x\n", 2)].concat();
        assert_eq!(briefs(&text), [brief("000001", "a.log", "caf\u{c3}\u{a9}\n"), brief("000002", "b.log", "x\n")]);
    }
}

#[test]
fn a_wrong_length_without_end_marks_stops_at_the_next_header() {
    let text = String::from_utf8([old(2, 1, &[("a.log", b"one\ntwo\n"), ("b.log", b"three\n")]), old(2, 2, &[("a.log", b"four\n")])].concat()).unwrap();
    for (from, to) in [("LogLength:8", "LogLength:5"), ("LogLength:8", "LogLength:88"), ("LogLength:6", "LogLength:60")] {
        let text = text.replace(from, to);
        assert_eq!(
            briefs(text.as_bytes()),
            [brief("000001", "a.log", "one\ntwo\n"), brief("000001", "b.log", "three\n"), brief("000002", "a.log", "four\n")],
            "{to}"
        );
    }
}

#[test]
fn running_containers() {
    let text = [d5_running(1, "a.log", b"no newline"), d5_running(1, "b.log", b""), d5_running(2, "c.log", b"x\n")].concat();
    let (got, notices) = read(&text);
    assert_eq!(
        got.iter().map(Got::brief).collect::<Vec<_>>(),
        [brief("000001", "a.log", "no newline"), brief("000001", "b.log", ""), brief("000002", "c.log", "x\n")]
    );
    assert!(got.iter().all(|g| g.head.running && g.end.growing && g.end.complete));
    assert_eq!(notices, []);
    // 2.8 tells no length.
    let text = format!(
        "Container: {}\n{}\nLogType:a.log\nLog Upload Time:x\nLog Contents:\none\nEnd of LogType:a.log\n\nLogType:b.log\nLog Upload Time:x\nLog Contents:\ntwoEnd of LogType:b.log\n\n",
        cid(1),
        "=".repeat(11 + cid(1).len())
    );
    let (got, _) = read(text.as_bytes());
    assert_eq!(got.iter().map(Got::brief).collect::<Vec<_>>(), [brief("000001", "a.log", "one\n"), brief("000001", "b.log", "two")]);
    assert!(got.iter().all(|g| g.head.running && g.head.declared_len.is_none() && g.end.complete));
}

#[test]
fn ends_without_headers_are_empty_logs() {
    let orphan = |name: &str| format!("\nEnd of LogType:{name}\n{}\n\n", "*".repeat(name.len() + 65)).into_bytes();
    let text =
        [orphan("prelaunch.err"), d5(1, "jobmanager.log", b"x\n", 2), orphan("jobmanager.err"), orphan("taskmanager.err"), orphan("jobmanager.log")].concat();
    assert_eq!(
        briefs(&text),
        [
            brief("-", "prelaunch.err", ""),
            brief("000001", "jobmanager.log", "x\n"),
            brief("000001", "jobmanager.err", ""),
            brief("-", "taskmanager.err", ""),
            brief("-", "jobmanager.log", "")
        ]
    );
    assert!(looks_like_yarn_text(&text));
}

#[test]
fn client_logging_before_between_and_inside() {
    let noise = b"2026-11-21 17:28:45,685 INFO client.RMProxy: Connecting to ResourceManager at rm/10.0.0.1:8032\n";
    let old_noise = b"26/11/21 17:26:57 WARN util.NativeCodeLoader: Unable to load native-hadoop library for your platform\n";
    let a = d5(1, "a.log", b"one\ntwo\n", 8);
    let inside = String::from_utf8(d5(2, "b.log", b"one\ntwo\n", 8)).unwrap().replace("one\n", &format!("one\n{}", String::from_utf8_lossy(noise)));
    let text = [&noise[..], old_noise, &a, noise, inside.as_bytes(), &a].concat();
    let (got, notices) = read(&text);
    assert_eq!(got.len(), 3);
    assert_eq!(got[1].body.len(), 8 + noise.len());
    assert_eq!(got[1].end.problem.as_ref().unwrap().kind, ProblemKind::LengthMismatch);
    assert_eq!(notices.iter().map(|n| (n.code, &n.text[..7])).collect::<Vec<_>>(), [(NoticeCode::ClientNoise, "3 lines")]);
    assert!(looks_like_yarn_text(&text));
    // In the header itself.
    let split = String::from_utf8(a).unwrap().replace("LogLength:", &format!("{}LogLength:", String::from_utf8_lossy(noise)));
    assert_eq!(briefs(split.as_bytes()), [brief("000001", "a.log", "one\ntwo\n")]);
}

#[test]
fn answers_without_logs() {
    let said = "hdfs:/tmp/logs/u/logs/application_1795241000456_0012 does not exist.\nLog aggregation has not completed or is not enabled.\n";
    let (got, notices) = read(said.as_bytes());
    assert!(got.is_empty());
    assert_eq!(notices.iter().map(|n| (n.stream_line, n.code)).collect::<Vec<_>>(), [(1, NoticeCode::NoLogs), (2, NoticeCode::NoLogs)]);
    assert!(looks_like_yarn_text(said.as_bytes()));
    let missing = "Can not get any logs for the log file: a.log\nResponse from the NodeManager:w:8042 WebService is not successful, HTTP error code: 404, Server response:\nnot found\n";
    let text = [missing.as_bytes(), &d5(1, "b.log", b"x\n", 2)].concat();
    let (got, notices) = read(&text);
    assert_eq!(got.len(), 1);
    assert_eq!(notices.iter().map(|n| n.code).collect::<Vec<_>>(), [NoticeCode::LogNotServed, NoticeCode::LogNotServed, NoticeCode::Unrecognised]);
}

#[test]
fn cut_streams_keep_what_came() {
    let text = [d5(1, "a.log", b"one\n", 4), d5(1, "b.log", b"0123456789", 10)].concat();
    let at = memchr::memmem::find(&text, b"0123").unwrap();
    let (got, _) = read(&text[..at + 4]);
    assert_eq!(got[1].brief(), brief("000001", "b.log", "0123"));
    assert_eq!((got[1].end.complete, got[1].end.problem.as_ref().unwrap().kind), (false, ProblemKind::Truncated));
    for cut in at + 10..text.len() {
        let (got, notices) = read(&text[..cut]);
        assert_eq!((got.len(), &got[1].body[..], got[1].end.complete), (2, &b"0123456789"[..], true), "cut at {cut}");
        assert_eq!(notices, [], "cut at {cut}");
    }
}

/// Everything a stream can hold, in one.
fn mixture() -> Vec<u8> {
    let fake = imitation("taskmanager.out");
    [
        d5(1, "a.log", b"one\ntwo\n", 8),
        d5(1, "taskmanager.out", fake.as_bytes(), fake.len()),
        b"2026-11-21 17:28:45,685 INFO client.RMProxy: Connecting\n".to_vec(),
        d5(1, "part.log", b"first\n", 5000),
        d5_running(2, "c.log", b"no newline"),
        old(3, 3, &[("x.log", b"text\n"), ("y.log", fake.as_bytes())]),
        d5(4, "\u{4e2d} (1).log", b"\xff\x00\r\n", 4),
    ]
    .concat()
}

#[test]
fn pieces_and_buffers_make_no_difference() {
    let text = mixture();
    let want = read(&text);
    assert_eq!(want.0.len(), 7, "{:?}", want.0.iter().map(Got::brief).collect::<Vec<_>>());
    assert_eq!(read_all(&mut YarnText::new(OneByte(&text[..])), 1).unwrap(), want);
    for memory in [1, 10_000] {
        let mut reader = YarnText::with_window(Window::with_memory(OneByte(&text[..]), u64::MAX, memory.max(LOOK)));
        assert_eq!(read_all(&mut reader, 7).unwrap(), want, "memory {memory}");
    }
}

#[test]
fn skipping_gives_the_same_heads() {
    let text = mixture();
    let want: Vec<_> = read(&text).0.into_iter().map(|g| (g.head, g.end)).collect();
    let mut reader = YarnText::new(&text[..]);
    let mut got = Vec::new();
    while let Some(head) = reader.next().unwrap() {
        got.push((head, reader.end()));
    }
    assert_eq!(got, want);
}

#[test]
fn cut_or_damaged_anywhere_it_neither_panics_nor_hangs() {
    let text = mixture();
    for cut in 0..text.len() {
        let (got, _) = read(&text[..cut]);
        assert!(got.iter().map(|g| g.body.len()).sum::<usize>() <= cut);
    }
    let mut dice = Dice(88_172_645_463_325_252);
    for _ in 0..400 {
        let mut bad = text.clone();
        for _ in 0..1 + dice.roll(6) {
            let at = dice.roll(bad.len());
            match dice.roll(3) {
                0 => bad[at] = dice.roll(256) as u8,
                1 => {
                    bad.remove(at);
                }
                _ => {
                    let from = dice.roll(bad.len());
                    let piece = bad[from..(from + dice.roll(400)).min(bad.len())].to_vec();
                    bad.splice(at..at, piece);
                }
            }
        }
        let (got, _) = read(&bad);
        assert!(got.iter().map(|g| g.body.len()).sum::<usize>() <= bad.len());
        assert_eq!(read_all(&mut YarnText::new(OneByte(&bad[..])), 50).unwrap().0, got);
        looks_like_yarn_text(&bad);
    }
}

#[test]
fn a_large_log_with_an_imitated_end_goes_over_the_disk() {
    let mut body = b"start\n".to_vec();
    body.extend_from_slice(&d5(7, "a.log", b"inner\n", 6));
    for i in 0..900_000 {
        body.extend_from_slice(format!("line {i}\n").as_bytes());
    }
    let text = [d5(1, "a.log", &body, body.len()), d5(2, "b.log", b"x\n", 2)].concat();
    assert!(body.len() > 2 * super::super::window::MEMORY);
    let (got, _) = read(&text);
    assert!(got.len() == 2 && got[0].body == body && got[0].end.complete && got[1].body == b"x\n");
    // Without disk the stated length is taken unseen.
    let (got, _) = read_all(&mut YarnText::with_spool_limit(&text[..], 0), 1000).unwrap();
    assert!(got.len() == 2 && got[0].body == body && got[0].end.complete);
}

#[test]
fn logs_that_quote_a_delivery_are_none() {
    let delivery = String::from_utf8(d5(1, "a.log", b"x\n", 2)).unwrap();
    let flink = format!("2026-11-21 09:20:37,689 INFO  org.apache.flink.yarn.YarnClusterDescriptor [] - see\n{delivery}");
    assert!(!looks_like_yarn_text(flink.as_bytes()));
    let gc = format!("[2026-11-21T09:13:16.953+0000][0.004s][info][gc] Using G1\n{delivery}");
    assert!(!looks_like_yarn_text(gc.as_bytes()));
    let out = format!("user job started\n{}", imitation("a.log"));
    assert!(!looks_like_yarn_text(out.as_bytes()));
    for text in ["", "\n\n", "LogType:a\n", "End of LogType:a.log\n", "26/11/21 17:26:57 WARN hdfs.DFSClient: Slow\n", "Container: container_1_2_3_4\n====\n"] {
        assert!(!looks_like_yarn_text(text.as_bytes()), "{text:?}");
    }
    let shell = format!("$ yarn logs -applicationId application_1795241000456_0012\n{delivery}");
    assert!(looks_like_yarn_text(shell.as_bytes()));
}

#[test]
fn an_error_of_the_source_is_told_after_the_logs() {
    struct Breaks<'a>(&'a [u8]);
    impl Read for Breaks<'_> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Err(io::Error::other("deflate stream is cut"));
            }
            self.0.read(buf)
        }
    }
    let text = d5(1, "a.log", b"0123456789", 10);
    let at = memchr::memmem::find(&text, b"0123").unwrap();
    let mut reader = YarnText::new(Breaks(&text[..at + 5]));
    assert!(reader.next().unwrap().is_some());
    let mut buf = [0; 100];
    assert_eq!(reader.read(&mut buf).unwrap(), 5);
    assert_eq!(reader.read(&mut buf).unwrap(), 0);
    assert_eq!(reader.end().problem.unwrap().kind, ProblemKind::Truncated);
    assert_eq!(reader.next().unwrap_err().to_string(), "deflate stream is cut");
    assert!(reader.next().unwrap().is_none());
}

#[test]
fn lines_that_only_begin_like_a_header_hold_nothing_back() {
    let body = "LogType:b\n".repeat(300_000);
    let text = d5(1, "a.log", body.as_bytes(), body.len());
    let mut reader = YarnText::new(&text[..]);
    assert!(reader.next().unwrap().is_some());
    let (mut buf, mut got) = ([0; 1000], 0);
    loop {
        let n = reader.read(&mut buf).unwrap();
        assert!(reader.window.known() < 1 << 20, "{} bytes held", reader.window.known());
        got += n;
        if n == 0 {
            break;
        }
    }
    assert_eq!(got, body.len());
    assert!(reader.end().complete);
}
