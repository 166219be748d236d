//! GC logs and what JVMs say of themselves: what must not change a pause, when pauses happened, what is a finding and what is none.

mod common;

use std::fmt::Write as _;
use std::path::PathBuf;

use common::{How, Random, fixture, inputs, log, roots, write_at_rest};
use flinklog::gc::{Machine, Pause, Place, is_candidate};
use flinklog::report::model::{Finding, Report};

const LOGS: [(&str, &str); 8] = [
    ("gc-g1-17", "gc.log"),
    ("gc-cms-11", "gc.log"),
    ("gc-parallel-11", "gc.log"),
    ("gc-serial-11", "gc.log"),
    ("gc-shenandoah-21", "gc.log"),
    ("gc-shenandoah-generational-25", "gc.log"),
    ("gc-zgc-21", "gc.log"),
    ("gc-g1-stdout", "taskmanager.out"),
];

/// Lines that one collection may take: a pause this far from a cut is whole.
const EXTENT: usize = 60;

/// A pause: line, length in microseconds, kind and cause.
type Shown = (u64, u64, &'static str, String);

/// Lines with their number in the whole log.
type Numbered<'a> = Vec<(usize, &'a str)>;

/// Every pause of the lines: place in the whole log, microseconds, kind, cause. The reader keeps the longest only, so it reads piece by piece.
fn pauses(lines: &Numbered) -> Vec<Shown> {
    let mut machine = Machine::new();
    for (number, line) in lines.iter().filter(|(_, line)| is_candidate(line.as_bytes())) {
        machine.line(Place { line: *number as u64, byte: 0 }, line.as_bytes(), None);
    }
    let found = machine.finish();
    let told = |p: &Pause| (p.place.line, (p.ms * 1000.0).round() as u64, p.kind.slug(), p.cause.to_string());
    let mut all: Vec<_> = found.lives.iter().flat_map(|life| life.longest.iter().map(told)).collect();
    let count: u64 = found.lives.iter().filter_map(|life| life.pauses).map(|p| p.count).sum();
    assert_eq!(count, all.len() as u64, "few enough pauses to see them all");
    all.sort();
    all
}

/// Parts of a log with at most twenty pauses each, as many as the reader lists.
fn pieces(text: &str) -> Vec<Numbered<'_>> {
    let lines: Numbered = text.lines().enumerate().map(|(i, line)| (i + 1, line)).collect();
    let mut pieces = vec![Numbered::new()];
    let mut said = 0;
    for line in lines {
        // Lines that may end a pause; some of them do not.
        let may_be = line.1.contains("Pause ") && line.1.ends_with("ms");
        said += usize::from(may_be);
        if said > 18 {
            pieces.push(Numbered::new());
            said = 1;
        }
        pieces.last_mut().unwrap().push(line);
    }
    pieces.retain(|piece| piece.len() > 3 * EXTENT);
    pieces.truncate(6);
    pieces
}

fn read(name: &str, file: &str) -> String {
    String::from_utf8_lossy(&log(name, file)).into_owned()
}

#[test]
fn cutting_a_log_changes_no_whole_pause() {
    let mut random = Random::new(11);
    let mut compared = 0;
    for (name, file) in LOGS {
        let text = read(name, file);
        for piece in pieces(&text) {
            let whole = pauses(&piece);
            for _ in 0..12 {
                let from = random.below(piece.len() - EXTENT);
                let to = from + 1 + random.below(piece.len() - from);
                let mut part = piece[from..to.min(piece.len())].to_vec();
                // The last line is cut in the middle, where a character ends.
                let last = part.last_mut().unwrap();
                let end = (0..=random.below(last.1.len() + 1)).rev().find(|at| last.1.is_char_boundary(*at)).unwrap_or(0);
                last.1 = &last.1[..end];
                let got = pauses(&part);
                let (low, high) = (part[0].0 + EXTENT, part[part.len() - 1].0.saturating_sub(EXTENT));
                let inside = |p: &&Shown| (low..high).contains(&(p.0 as usize));
                let want: Vec<_> = whole.iter().filter(inside).collect();
                // Concurrent collectors name the cause when a cycle begins: before the cut nobody can read it.
                let seen: Vec<_> = got.iter().filter(inside).collect();
                let same = |(a, b): (&&Shown, &&Shown)| (a.0, a.1, a.2) == (b.0, b.1, b.2) && (a.3 == b.3 || a.3.is_empty());
                let all_same = seen.len() == want.len() && seen.iter().zip(&want).all(same);
                assert!(all_same, "{name}, lines {} to {}: {seen:?} and {want:?}", part[0].0, part[part.len() - 1].0);
                compared += want.len();
            }
        }
    }
    assert!(compared > 300, "{compared} pauses were compared");
}

#[test]
fn application_lines_between_change_no_pause() {
    let strange = [
        "2026-11-21 09:17:33,284 INFO  org.apache.flink.runtime.taskexecutor.TaskExecutor [] - Received task Source: x (1/1)#0",
        "plain words of the program, 12.5ms later",
        "\tat com.acme.Map.map(Map.java:12)",
        "java.lang.IllegalStateException: Pause Young is not the JVM's",
        "",
    ];
    let mut random = Random::new(12);
    for (name, file) in LOGS {
        let text = read(name, file);
        for piece in pieces(&text) {
            let want = pauses(&piece);
            let mut mixed = Numbered::new();
            for line in &piece {
                mixed.push(*line);
                // A line of the program has no place in the whole log.
                mixed.extend((0..random.below(3)).map(|_| (0, strange[random.below(strange.len())])));
            }
            assert_eq!(pauses(&mixed), want, "{name}");
        }
    }
}

/// Pauses, their total and their longest over all logs of a report.
fn totals(report: &Report) -> (u64, f64, f64) {
    let all = report.gc.iter().filter_map(|gc| gc.pauses.as_ref());
    all.fold((0, 0.0, 0.0), |(n, total, max), p| (n + p.count, total + p.total_ms, f64::max(max, p.max_ms)))
}

#[test]
fn rotations_and_a_console_keep_every_pause() {
    for (name, file) in LOGS {
        let text = read(name, file);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gc.log");
        write_at_rest(&path, text.as_bytes());
        let (count, total, longest) = totals(&common::scan(&[path], How::default()));
        assert!(count > 0, "{name}");

        // Rotated between records, as the JVM does it.
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let starts = |at: usize| lines[at].contains("Pause ") && !lines[at].trim_end().ends_with("ms");
        let single = !(0..lines.len()).any(starts);
        let mut cuts = vec![0];
        for part in 1..4 {
            let from = lines.len() * part / 4;
            let cut = (from..lines.len()).find(|at| if single { lines[*at].contains("Pause ") } else { starts(*at) && lines[at - 1].contains("User=") });
            cuts.extend(cut);
        }
        cuts.push(lines.len());
        let rotated = tempfile::tempdir().unwrap();
        for (number, cut) in cuts.windows(2).enumerate() {
            let name = if number + 2 == cuts.len() { "gc.log".to_owned() } else { format!("gc.log.{number}") };
            write_at_rest(&rotated.path().join(name), lines[cut[0]..cut[1]].concat().as_bytes());
        }
        let (n, sum, max) = totals(&common::scan(&inputs(rotated.path()), How::default()));
        assert_eq!((n, max), (count, longest), "{name} in {} parts", cuts.len() - 1);
        assert!((sum - total).abs() < 0.01, "{name}: {sum} and {total}");

        // On a console, a record of the program after every third line.
        let mut console = String::new();
        for (number, line) in lines.iter().enumerate() {
            console.push_str(line);
            if number % 3 == 0 && line.ends_with('\n') {
                let _ = writeln!(console, "2026-11-21 09:17:{:02},000 INFO  com.acme.Orders [] - record {number}", number / 3 % 60);
            }
        }
        let out = folder.path().join("flink-u-taskexecutor-0-h.out");
        write_at_rest(&out, console.as_bytes());
        let (n, sum, max) = totals(&common::scan(&[out], How::default()));
        assert_eq!((n, max), (count, longest), "{name} on a console");
        assert!((sum - total).abs() < 0.01, "{name}: {sum} and {total}");
    }
}

#[test]
fn uptimes_get_the_wall_clock_of_the_process() {
    let report = common::scan(&inputs(&fixture("1.20.5-npe")), How::default());
    assert_eq!(report.gc.len(), 2);
    for gc in &report.gc {
        assert_eq!(gc.clock.as_deref(), Some("start-banner"));
        assert_eq!(gc.clock_error_ms, Some(850));
        let start = report.processes[gc.process.unwrap() as usize].start.clone().unwrap();
        // The JVM starts before the first line of its process.
        assert!(gc.first_time.as_ref().is_some_and(|first| *first < start), "{:?} and {start}", gc.first_time);
        assert!(gc.longest.iter().all(|pause| pause.time.is_some() && pause.uptime_ms.is_some()));
    }
    // Alone, nothing ties its uptimes to a clock: none is made up.
    let alone = fixture("1.20.5-npe").join("gc-taskmanager-32139.log");
    let gc = &common::scan(&[alone], How::default()).gc[0];
    assert!(gc.clock.is_none() && gc.clock_error_ms.is_none() && gc.first_time.is_none());
    assert!(gc.longest.iter().all(|pause| pause.time.is_none() && pause.uptime_ms.is_some()));
}

fn of<'r>(report: &'r Report, slug: &str) -> Option<&'r Finding> {
    report.findings.iter().find(|finding| finding.pattern == slug)
}

/// A log of unified logging with `-Xmx442m`, whose collections `line` tells from a second's number.
fn made(seconds: u64, line: impl Fn(u64) -> String) -> Report {
    let mut text = String::from("[0.010s][info][gc] Using G1\n[0.012s][info][gc,init] Heap Max Capacity: 442M\n");
    for second in 1..seconds {
        let _ = writeln!(text, "[{second}.900s]{}", line(second));
    }
    common::stream(text.as_bytes(), How::default())
}

#[test]
fn ordinary_collections_are_no_finding() {
    let steady = made(1_000, |i| format!("[info][gc] GC({i}) Pause Young (Normal) (G1 Evacuation Pause) {}M->60M(442M) 14.000ms", 100 + i % 90));
    assert!(steady.findings.is_empty(), "{:?}", steady.findings);
    assert_eq!(steady.summary.verdict, "healthy");
    for name in ["1.20.5-healthy", "1.20.5-healthy-noise"] {
        let report = common::scan(&inputs(&fixture(name)), How::default());
        assert_eq!(report.summary.verdict, "healthy");
        assert!(report.findings.iter().all(|finding| !finding.pattern.starts_with("gc-") && !finding.pattern.starts_with("heap-")), "{name}");
    }
}

#[test]
fn conditions_of_the_heap_are_told() {
    let full = |i: u64| format!("[info][gc] GC({i}) Pause Full (G1 Compaction Pause) 441M->440M(442M) 850.000ms");
    let report = made(90, full);
    let thrash = of(&report, "gc-thrash").expect("thrashing");
    assert_eq!((thrash.role.as_str(), thrash.severity.as_str()), ("observation", "warning"));
    assert!(of(&report, "heap-too-small").is_some());
    assert_eq!(report.summary.verdict, "degraded");
    assert!(!report.gc[0].thrashing.is_empty());

    let leak = made(400, |i| format!("[info][gc] GC({i}) Pause Full (G1 Compaction Pause) {}M->{}M(442M) 50.000ms", 50 + i, 30 + i));
    assert_eq!(of(&leak, "heap-leak-suspected").map(|f| (f.severity.as_str(), f.certainty.as_str())), Some(("warning", "likely")));

    let humongous = made(100, |i| format!("[info][gc] GC({i}) Pause Young (Concurrent Start) (G1 Humongous Allocation) 200M->60M(442M) 4.000ms"));
    assert_eq!(of(&humongous, "gc-humongous").map(|f| f.severity.as_str()), Some("info"));
    assert_eq!(humongous.summary.verdict, "healthy");

    let explicit = made(20, |i| format!("[info][gc] GC({i}) Pause Full (System.gc()) 200M->60M(442M) 80.000ms"));
    assert_eq!(of(&explicit, "gc-explicit").map(|f| f.severity.as_str()), Some("info"));

    let classes = made(3_000, |i| {
        if i % 30 > 0 {
            return format!("[info][gc] GC({i}) Pause Young (Normal) (G1 Evacuation Pause) 100M->60M(442M) 4.000ms");
        }
        let kib = 40_000 + i * 40;
        format!("[info][gc,metaspace] GC({i}) Metaspace: {kib}K({kib}K)->{kib}K({kib}K) NonClass: 1K(1K)->1K(1K) Class: 1K(1K)->1K(1K)")
    });
    assert_eq!(of(&classes, "metaspace-growth").map(|f| f.certainty.as_str()), Some("possible"), "{:?}", classes.findings);
}

#[test]
fn a_crash_report_and_a_thread_dump_are_chapters() {
    let report = common::scan(&[fixture("jvm/hs_err_pid9240.log")], How::default());
    assert_eq!(report.sources[0].role, "hs-err");
    let crash = &report.jvm[0].crashes[0];
    assert_eq!(crash.detail.as_deref(), Some("fatal error: OutOfMemory encountered: Java heap space"));
    assert!(crash.heap[0].starts_with("garbage-first heap") && crash.memory.is_some());

    let report = common::scan(&[fixture("jvm/jstack-17.txt")], How::default());
    assert_eq!(report.sources[0].role, "thread-dump");
    assert_eq!(roots(&report), ["thread-deadlock"]);
    assert!(of(&report, "task-threads-blocked").is_some());
    let dump = &report.jvm[0].thread_dumps[0];
    assert_eq!((dump.deadlocks.len(), dump.tasks.len(), dump.blocked_threads.len()), (1, 3, 4));

    // In a `.out` between other lines, in chunks of any size.
    let dump = std::fs::read_to_string(fixture("jvm/jstack-17.txt")).unwrap();
    let out = format!("starting\n{dump}\ngoing on\n{dump}\nend\n");
    let want = common::stream(out.as_bytes(), How::default()).jvm;
    assert_eq!(want[0].thread_dumps.len(), 2);
    for chunk_size in [1, 50, 1_000] {
        assert_eq!(common::stream(out.as_bytes(), How { chunk_size, ..How::default() }).jvm, want);
    }
}

#[test]
fn pauses_that_monitors_saw() {
    let second = |i: u64| format!("2026-11-21 09:{:02}:{:02},000", 10 + i / 60, i % 60);
    let mut text = String::new();
    for i in 0..60 {
        let _ = writeln!(text, "{} INFO  org.apache.hadoop.hdfs.Reader: block {i}", second(i));
    }
    let _ = writeln!(
        text,
        "{} WARN  org.apache.hadoop.util.JvmPauseMonitor: Detected pause in JVM or host machine (eg GC): pause of approximately 13420ms\nNo GCs detected",
        second(80)
    );
    let report = common::stream(text.as_bytes(), How::default());
    let found = of(&report, "host-pause").expect("a long stop");
    assert_eq!((found.role.as_str(), found.severity.as_str()), ("observation", "warning"));
    let short = text.replace("13420ms", "1342ms");
    assert!(of(&common::stream(short.as_bytes(), How::default()), "host-pause").is_none());
}

#[test]
fn damage_to_jvm_text_does_no_harm() {
    let mut random = Random::new(13);
    let files: [PathBuf; 2] = [fixture("jvm/hs_err_pid9240.log"), fixture("jvm/jstack-17.txt")];
    for file in files {
        let bytes = std::fs::read(file).unwrap();
        for _ in 0..40 {
            let mut damaged = bytes.clone();
            for _ in 0..1 + random.below(20) {
                let at = random.below(damaged.len());
                damaged[at] = random.next() as u8;
            }
            damaged.truncate(1 + random.below(bytes.len()));
            common::assert_sound(&common::stream(&damaged[..], How::default()), "damaged JVM text");
        }
    }
}
