//! Properties of the whole reader: what cutting, wrapping, mixing and hostile bytes may and may not change.

use super::*;

fn read_with(text: &[u8], wrapper: Option<i64>, filter: bool) -> GcLog {
    let mut machine = Machine::new();
    let mut byte = 0;
    for (number, line) in text.split_inclusive(|b| *b == b'\n').enumerate() {
        if !filter || is_candidate(line) {
            machine.line(Place { line: number as u64 + 1, byte }, line, wrapper);
        }
        byte += line.len() as u64;
    }
    machine.finish()
}

/// Reads through the filter, and checks that the filter changes nothing.
fn read(text: &[u8]) -> GcLog {
    for line in text.split(|b| *b == b'\n') {
        let (line, _) = candidate::strip(line);
        let dropped = unified::record(line).is_some() && !is_candidate(line);
        assert!(!dropped, "dropped: {}", String::from_utf8_lossy(line));
    }
    let found = read_with(text, None, true);
    assert_eq!(found, read_with(text, None, false), "the filter dropped a line that matters");
    found
}

fn count(log: &GcLog) -> u64 {
    log.pauses.map_or(0, |pauses| pauses.count)
}

fn total(log: &GcLog) -> f64 {
    log.pauses.map_or(0.0, |pauses| pauses.total_ms)
}

fn near(got: f64, want: f64) -> bool {
    (got - want).abs() < 1e-6
}

const G1: &str = "\
[2026-11-21T09:13:16.953+0000][0.004s][info][gc] Using G1
[2026-11-21T09:13:16.972+0000][0.023s][info][gc,init] Version: 17.0.9+9 (release)
[2026-11-21T09:13:16.972+0000][0.023s][info][gc,init] Heap Region Size: 1M
[2026-11-21T09:13:16.972+0000][0.023s][info][gc,init] Heap Max Capacity: 128M
[2026-11-21T09:13:18.000+0000][1.051s][info][gc,start    ] GC(0) Pause Young (Normal) (G1 Evacuation Pause)
[2026-11-21T09:13:18.010+0000][1.061s][info][gc,phases   ] GC(0)   Evacuate Collection Set: 8.2ms
[2026-11-21T09:13:18.010+0000][1.061s][info][gc,heap     ] GC(0) Old regions: 0->3
[2026-11-21T09:13:18.010+0000][1.061s][info][gc,heap     ] GC(0) Humongous regions: 2->1
[2026-11-21T09:13:18.010+0000][1.061s][info][gc,metaspace] GC(0) Metaspace: 9224K(9300K)->9224K(9300K) NonClass: 8000K(8100K)->8000K(8100K) Class: 1224K(1200K)->1224K(1200K)
[2026-11-21T09:13:18.010+0000][1.061s][info][gc          ] GC(0) Pause Young (Normal) (G1 Evacuation Pause) 31M->3M(128M) 10.500ms
[2026-11-21T09:13:18.010+0000][1.061s][info][gc,cpu      ] GC(0) User=0.01s Sys=0.00s Real=0.01s
[2026-11-21T09:13:19.000+0000][2.051s][info][gc,start    ] GC(1) Pause Young (Concurrent Start) (G1 Humongous Allocation)
[2026-11-21T09:13:19.004+0000][2.055s][info][gc          ] GC(1) To-space exhausted
[2026-11-21T09:13:19.005+0000][2.056s][info][gc          ] GC(1) Pause Young (Concurrent Start) (G1 Humongous Allocation) 53M->13M(128M) 4.250ms
[2026-11-21T09:13:19.005+0000][2.056s][info][gc          ] GC(2) Concurrent Mark Cycle
[2026-11-21T09:13:19.010+0000][2.061s][info][gc,start    ] GC(2) Pause Remark
[2026-11-21T09:13:19.011+0000][2.062s][info][gc          ] GC(2) Pause Remark 14M->14M(128M) 1.000ms
[2026-11-21T09:13:20.000+0000][3.051s][info][gc,start    ] GC(3) Pause Full (System.gc())
[2026-11-21T09:13:20.000+0000][3.051s][info][gc,phases,start] GC(3) Phase 1: Mark live objects
[2026-11-21T09:13:20.250+0000][3.301s][info][gc          ] GC(3) Pause Full (System.gc()) 40M->8M(128M) 250.000ms
[2026-11-21T09:13:20.250+0000][3.301s][info][gc,cpu      ] GC(3) User=0.02s Sys=0.01s Real=0.25s
[2026-11-21T09:13:20.260+0000][3.311s][info][gc          ] GC(2) Concurrent Mark Cycle 1255.000ms
[2026-11-21T09:13:21.949+0000][5.000s][info][gc,heap,exit ] Heap
[2026-11-21T09:13:21.949+0000][5.000s][info][gc,heap,exit ]  garbage-first heap   total 131072K, used 9000K [0x00000000f8000000, 0x0000000100000000)
";

const OLD: &str = "\
OpenJDK 64-Bit Server VM (25.999-b01) for linux-amd64 JRE (1.8.0_999-b01), built on Jan 1 2021
Memory: 4k page, physical 7000000k(5000000k free), swap 0k(0k free)
CommandLine flags: -XX:InitialHeapSize=20971520 -XX:MaxHeapSize=268435456 -XX:+PrintGC -XX:+UseConcMarkSweepGC
2026-11-21T09:13:17.000+0100: 1.000: [GC (Allocation Failure) 1.001: [ParNew
Desired survivor size 1111111 bytes, new threshold 2 (max 5)
- age   1:     222222 bytes,     222222 total
: 7007K->1001K(8000K), 0.0066000 secs] 7007K->6006K(30000K), 0.0077000 secs] [Times: user=0.02 sys=0.00, real=0.01 secs]
2026-11-21T09:13:18.000+0100: 2.000: [GC (CMS Initial Mark) [1 CMS-initial-mark: 5100K(20100K)] 8300K(30100K), 0.0021500 secs] [Times: user=0.00 sys=0.00, real=0.00 secs]
2026-11-21T09:13:18.001+0100: 2.001: [CMS-concurrent-mark-start]
{Heap before GC invocations=7 (full 2):
 par new generation   total 30000K, used 7700K [0x00000000a1000000, 0x00000000a3000000, 0x00000000a3000000)
2026-11-21T09:13:19.000+0100: 3.000: [Full GC (Allocation Failure) 3.000: [CMS3.100: [CMS-concurrent-mark: 0.6/1.1 secs] [Times: user=0.6 sys=0.1, real=1.1 secs]
 (concurrent mode failure): 11001K->1900K(12000K), 0.2 secs] 19003K->1900K(30100K), [Metaspace: 3001K->3001K(1100000K)], 0.2186000 secs] [Times: user=0.20 sys=0.01, real=0.22 secs]
}
2026-11-21T09:13:19.219+0100: 3.219: Total time for which application threads were stopped: 0.2190000 seconds, Stopping threads took: 0.0001000 seconds
Heap
 par new generation   total 8000K, used 7000K [0x00000000a1000000, 0x00000000a3000000, 0x00000000a3000000)
";

#[test]
fn figures_of_a_unified_log() {
    let log = read(G1.as_bytes());
    assert_eq!(log.lives.len(), 1);
    let life = &log.lives[0];
    let pauses = life.pauses.unwrap();
    assert_eq!((pauses.count, pauses.max_ms, pauses.p50_ms), (4, 250.0, 4.25));
    assert!(near(pauses.total_ms, 265.75));
    assert_eq!((life.collector, life.version.as_deref()), (Collector::G1, Some("17.0.9+9")));
    assert_eq!((life.full_gcs, life.young_gcs, life.system_gcs, life.concurrent_cycles), (1, 2, 1, 1));
    assert_eq!((life.evacuation_failures, life.humongous_pauses, life.peak_humongous_regions), (1, 1, 2));
    assert_eq!((life.peak_heap_bytes, life.max_heap_bytes), (Some(53 << 20), Some(128 << 20)));
    assert_eq!(life.max_heap_from, Some(MaxHeapFrom::Configured));
    assert_eq!(life.peak_metaspace_bytes, Some(9224 << 10));
    assert!(life.orderly_exit && life.open_pauses.is_empty() && log.notes.is_empty());
    assert!(near(life.throughput.unwrap(), 1.0 - 265.75 / 5000.0));
    let longest = &life.longest[0];
    assert_eq!((longest.ms, &*longest.cause, longest.place.line), (250.0, "System.gc()", 20));
    assert_eq!((longest.uptime_ms, longest.epoch_ms), (Some(3051.0), Some(1_795_252_400_000)));
    assert_eq!(longest.cpu, Some(Cpu { user_s: 0.02, sys_s: 0.01, real_s: 0.25 }));
    assert_eq!(life.noteworthy.len(), 1);
    assert_eq!(life.after_full.len(), 1);
    let anchor = life.anchor.unwrap();
    assert_eq!((anchor.start_epoch_ms, anchor.from, anchor.offset_minutes), (1_795_252_396_949, AnchorFrom::TimeAndUptime, Some(0)));
    // Allocated between the pauses: 53−3, 14−13, 40−14 MiB in 2.05175−1.061 + 2.061−2.056 + 3.051−2.062 s.
    let seconds = (2.056 - 0.00425 - 1.061) + (2.061 - 2.056) + (3.051 - 2.062);
    let rate = 77.0 * 1_048_576.0 / seconds;
    assert!((life.allocation_bytes_per_s.unwrap() / rate - 1.0).abs() < 1e-6);
    assert!(near(life.promotion_bytes_per_s.unwrap(), 3.0 * 1_048_576.0 / 5.0));
}

#[test]
fn figures_of_a_jdk_8_log() {
    let log = read(OLD.as_bytes());
    assert_eq!(log.lives.len(), 1);
    let life = &log.lives[0];
    assert_eq!((life.collector, life.version.as_deref(), life.max_heap_bytes), (Collector::Cms, Some("25.999-b01"), Some(256 << 20)));
    let kinds: Vec<_> = life.by_kind.iter().map(|(kind, tally)| (*kind, tally.count)).collect();
    assert_eq!(kinds, [(PauseKind::Young, 1), (PauseKind::Full, 1), (PauseKind::InitialMark, 1)]);
    assert!(near(total(&log), 7.7 + 2.15 + 218.6));
    assert_eq!((life.full_gcs, life.hidden_full_gcs, life.concurrent_mode_failures), (1, 0, 1));
    let longest = &life.longest[0];
    // The stamp of JDK 8 is the start; the zone is the log's own.
    assert_eq!((longest.uptime_ms, longest.epoch_ms), (Some(3000.0), Some(1_795_248_799_000)));
    assert_eq!(life.anchor.unwrap().offset_minutes, Some(60));
    let stops = life.safepoints.as_ref().unwrap();
    assert_eq!((stops.all.count, stops.max_reach_ms), (1, 0.1));
    assert!(life.orderly_exit);
}

#[test]
fn line_ends_nul_bytes_and_wrappers_change_nothing() {
    for text in [G1, OLD] {
        let plain = read(text.as_bytes());
        let crlf = read(text.replace('\n', "\r\n").as_bytes());
        assert_eq!(crlf.pauses, plain.pauses);
        assert_eq!(crlf.lives[0].by_cause, plain.lives[0].by_cause);
        let nul = read(&[&[0; 8192][..], text.as_bytes()].concat());
        assert_eq!(nul.pauses, plain.pauses);
        let cri: String = text.lines().map(|line| format!("2026-11-21T09:30:00.000001237Z stdout F {line}\n")).collect();
        assert_eq!(read(cri.as_bytes()).pauses, plain.pauses);
    }
}

#[test]
fn a_decimal_comma_reads_like_a_point() {
    let comma: String = G1
        .lines()
        .map(|line| {
            let (stamp, rest) = line.split_at(30);
            let bytes: Vec<char> = rest.chars().collect();
            let swap = |at: usize| at > 0 && bytes[at] == '.' && bytes[at - 1].is_ascii_digit() && bytes.get(at + 1).is_some_and(char::is_ascii_digit);
            let rest: String = (0..bytes.len()).map(|at| if swap(at) { ',' } else { bytes[at] }).collect();
            format!("{stamp}{rest}\n")
        })
        .collect();
    assert!(comma.contains("10,500ms") && comma.contains("[1,061s]"));
    let (comma, point) = (read(comma.as_bytes()), read(G1.as_bytes()));
    assert_eq!(comma.pauses, point.pauses);
    assert_eq!(comma.lives[0].longest, point.lives[0].longest);
}

#[test]
fn without_decorations_the_pauses_are_the_same() {
    let bare: String = G1.lines().map(|line| format!("{}\n", line.rsplit_once("] ").map_or(line, |(_, message)| message))).collect();
    let bare = read(bare.as_bytes());
    assert_eq!(bare.pauses, read(G1.as_bytes()).pauses);
    assert_eq!(bare.lives.len(), 1);
    assert!(bare.lives[0].span.is_none() && bare.lives[0].anchor.is_none());
}

/// Cut anywhere at the head: what is left of complete lines is counted, nothing else.
#[test]
fn a_cut_head_loses_only_its_own_lines() {
    for cut in 0..G1.len() {
        let rest = &G1[cut..];
        let whole_lines: u64 = rest.lines().filter(|line| line.contains(" Pause ") && line.ends_with("ms") && line.contains("GC(")).count() as u64;
        assert_eq!(count(&read_with(rest.as_bytes(), None, true)), whole_lines, "cut at {cut}: {:?}", &rest[..rest.len().min(60)]);
    }
}

/// Cut anywhere at the tail: a pause counts only when its line is whole; one begun is reported as open.
#[test]
fn a_cut_tail_never_invents_a_pause() {
    for (text, ends) in [(G1, "ms"), (OLD, "secs]")] {
        for cut in 0..text.len() {
            let log = read_with(&text.as_bytes()[..cut], None, true);
            let most = count(&read_with(text.as_bytes(), None, true));
            assert!(count(&log) <= most);
            if ends == "ms" {
                let whole = text[..cut].lines().filter(|line| line.contains("] GC(") && line.contains(" Pause ") && line.ends_with("ms"));
                assert_eq!(count(&log), whole.count() as u64, "cut at {cut}");
            }
        }
    }
    let open_at = G1.find("GC(3) Pause Full (System.gc()) 40M").unwrap();
    let log = read(&G1.as_bytes()[..open_at + 40]);
    let open = &log.lives[0].open_pauses;
    assert_eq!((open.len(), open[0].kind, &*open[0].cause, open[0].place.line), (1, PauseKind::Full, "System.gc()", 18));
    let log = read(&OLD.as_bytes()[..OLD.find("(concurrent mode failure)").unwrap()]);
    assert_eq!(log.lives[0].open_pauses.len(), 1);
    assert_eq!(log.lives[0].open_pauses[0].kind, PauseKind::Full);
}

#[test]
fn application_lines_between_and_before_records_change_nothing() {
    let app = "2026-11-21 09:18:01,293 INFO  org.apache.flink.runtime.taskexecutor.TaskExecutor [] - Pause of 12ms (not ours) [x";
    let between: String = G1.lines().map(|line| format!("{line}\n{app}\nTriggering checkpoint\n\tat a.B.c(D.java:1) ~[x.jar:1]\n")).collect();
    let torn: String = G1.lines().map(|line| format!("{app} - {line}\n")).collect();
    let plain = read(G1.as_bytes());
    let found = read(between.as_bytes());
    assert_eq!((found.pauses, &found.lives[0].by_cause), (plain.pauses, &plain.lives[0].by_cause));
    let found = read(torn.as_bytes());
    assert_eq!((found.pauses, &found.lives[0].by_cause), (plain.pauses, &plain.lives[0].by_cause));
    assert_eq!(found.lives[0].collector, Collector::G1);
}

#[test]
fn a_full_pause_inside_a_young_one_is_one_stop() {
    let text = "\
[0.009s][info][gc] Using Serial
[1.000s][info][gc] GC(0) Pause Young (Allocation Failure) 25M->23M(92M) 10.000ms
[1.803s][info][gc] GC(2) Pause Full (Allocation Failure) 85M->59M(92M) 19.243ms
[1.803s][info][gc] GC(1) Pause Young (Allocation Failure) 85M->59M(92M) 19.301ms
[2.000s][info][gc] GC(3) Pause Young (Allocation Failure) 85M->85M(92M) 0.057ms
[2.020s][info][gc] GC(4) Pause Full (Allocation Failure) 85M->60M(92M) 19.000ms
";
    let log = read(text.as_bytes());
    assert_eq!((count(&log), log.lives[0].full_gcs), (4, 2));
    assert!(near(total(&log), 10.0 + 19.301 + 0.057 + 19.0));
    let outer = &log.lives[0].longest[0];
    assert_eq!((outer.ms, outer.kind, outer.place.line), (19.301, PauseKind::Full, 3));
    // A restart looks alike by number alone.
    let restart = text.replace("GC(1)", "GC(7)").replace("GC(2)", "GC(8)");
    assert_eq!(count(&read(restart.as_bytes())), 4);
}

#[test]
fn zgc_cycles_alone_show_no_pauses() {
    let text = "\
[0.077s][info][gc] Using The Z Garbage Collector
[1.105s][info][gc] GC(0) Major Collection (Warmup)
[1.191s][info][gc] GC(0) Major Collection (Warmup) 26M(10%)->76M(30%) 0.087s
[1.300s][info][gc] Allocation Stall (main) 18.500ms
[1.400s][info][gc] GC(1) y: Relocation Stall (ZWorkerYoung#0) 0.700ms
";
    let log = read(text.as_bytes());
    assert_eq!(log.pauses, None);
    let life = &log.lives[0];
    assert_eq!((life.collector, life.peak_heap_bytes, life.throughput), (Collector::ZgcGenerational, Some(76 << 20), None));
    assert_eq!((life.allocation_stalls.max_ms, life.relocation_stalls.count), (18.5, 1));
}

#[test]
fn zgc_pauses_take_the_cause_of_their_cycle() {
    let text = "\
[0.1s][info][gc,init] Initializing The Z Garbage Collector
[0.1s][info][gc,init] Max Capacity: 256M
[0.2s][info][gc     ] Using The Z Garbage Collector
[1.0s][info][gc,start ] GC(0) Garbage Collection (Warmup)
[1.1s][info][gc,phases] GC(0) Pause Mark Start 0.010ms
[1.2s][info][gc,phases] GC(0) Concurrent Mark 5.000ms
[1.3s][info][gc,phases] GC(0) Pause Mark End 0.020ms
[1.4s][info][gc       ] GC(0) Garbage Collection (Warmup) 26M(10%)->30M(12%)
";
    let log = read(text.as_bytes());
    assert_eq!((count(&log), log.lives.len()), (2, 1));
    let life = &log.lives[0];
    assert_eq!((&*life.by_cause[0].0, life.by_cause[0].1.count, life.collector), ("Warmup", 2, Collector::Zgc));
    assert_eq!(life.max_heap_bytes, Some(256 << 20));
}

#[test]
fn safepoint_lines_alone_are_no_pauses() {
    let text = "[0.4s][info][safepoint] Safepoint \"ParallelGCFailedAllocation\", Time since last: 1 ns, Reaching safepoint: 2954000 ns, Cleanup: 1 ns, At safepoint: 4 ns, Total: 4548368 ns\n\
[0.5s][info][safepoint] Safepoint \"ThreadDump\", Time since last: 1 ns, Reaching safepoint: 1 ns, Cleanup: 1 ns, At safepoint: 4 ns, Total: 9000000 ns\n";
    let log = read(text.as_bytes());
    assert_eq!(log.pauses, None);
    let life = &log.lives[0];
    let stops = life.safepoints.as_ref().unwrap();
    assert_eq!((stops.all.count, stops.gc.count, stops.max_reach_ms), (2, 1, 2.954));
    assert_eq!(stops.longest_other.as_ref().map(|other| (&*other.operation, other.ms)), Some(("ThreadDump", 9.0)));
    assert_eq!(life.collector, Collector::Parallel);
}

#[test]
fn two_lives_in_one_stream_are_kept_apart() {
    let twice = format!("{G1}{G1}");
    let log = read(twice.as_bytes());
    assert_eq!((log.lives.len(), count(&log)), (2, 8));
    assert_eq!(log.lives[0].pauses, log.lives[1].pauses);
    // The header may be lost: then uptime and number tell.
    let headless: String = G1.lines().skip(4).map(|line| format!("{line}\n")).collect();
    assert_eq!(read(format!("{G1}{headless}").as_bytes()).lives.len(), 2);
    let twice = format!("{OLD}{OLD}");
    let log = read(twice.as_bytes());
    assert_eq!((log.lives.len(), count(&log)), (2, 6));
}

#[test]
fn a_rotated_part_goes_on_with_the_same_life() {
    let part = "2026-11-21 09:13:20 GC log file created logs/gc.log.1\n".to_owned()
        + &OLD.lines().take(3).map(|line| format!("{line}\n")).collect::<String>()
        + "2026-11-21T09:13:27.000+0100: 11.000: [GC (Allocation Failure) 11.001: [ParNew: 7007K->1001K(8000K), 0.0066000 secs] 7007K->6006K(30000K), 0.0077000 secs]\n";
    let log = read(format!("{OLD}{part}").as_bytes());
    assert_eq!((log.lives.len(), count(&log)), (1, 4));
}

#[test]
fn two_jvms_at_a_time_are_told_by_pid_or_noted() {
    let line = |pid: &str, at: u32, n: u32| {
        format!("[{}.{:03}s]{pid} GC({n}) Pause Young (Normal) (G1 Evacuation Pause) 31M->3M(128M) 1.000ms\n", at / 1000, at % 1000)
    };
    let (mut with, mut without) = (String::new(), String::new());
    for i in 0..20 {
        with += &line("[11][12]", 100_000 + i * 100, 500 + i);
        with += &line("[21][22]", 2_000 + i * 100, 3 + i);
        without += &line("", 100_000 + i * 100, 500 + i);
        without += &line("", 2_000 + i * 100, 3 + i);
    }
    let log = read(with.as_bytes());
    assert_eq!(log.lives.iter().map(|life| (life.pid, life.pauses.unwrap().count)).collect::<Vec<_>>(), [(Some(11), 20), (Some(21), 20)]);
    assert!(!log.notes.iter().any(|note| note.kind == NoteKind::Interleaved));
    let log = read(without.as_bytes());
    assert_eq!(count(&log), 40);
    assert!(log.notes.iter().any(|note| note.kind == NoteKind::Interleaved));
}

#[test]
fn uptime_alone_is_anchored_from_outside() {
    let uptime: String = G1.lines().map(|line| format!("{}\n", &line[30..])).collect();
    let mut log = read(uptime.as_bytes());
    assert_eq!((log.lives[0].anchor, log.lives[0].longest[0].epoch_ms), (None, None));
    assert!(log.note_process_start(1_795_252_398_100));
    assert_eq!(log.lives[0].longest[0].epoch_ms, Some(1_795_252_398_100 - 1150 + 3051));
    assert!(!log.note_process_start(1_795_252_398_100), "each banner serves one life");
    let wrapped = read_with(uptime.as_bytes(), Some(1_795_252_410_000), true);
    let anchor = wrapped.lives[0].anchor.unwrap();
    assert_eq!((anchor.from, anchor.start_epoch_ms), (AnchorFrom::Wrapper, 1_795_252_405_000));
}

#[test]
fn the_wall_clock_alone_places_pauses() {
    let wall: String = G1.lines().map(|line| format!("{} {}\n", &line[..30], line.rsplit_once("] ").unwrap().1)).collect();
    let log = read(wall.as_bytes());
    let life = &log.lives[0];
    assert_eq!(life.longest[0].epoch_ms, Some(1_795_252_400_000));
    assert_eq!((life.anchor.unwrap().from, life.span.unwrap().wall_clock), (AnchorFrom::Time, true));
}

#[test]
fn clock_steps_and_lost_parts_are_noted() {
    let stepped = G1.replace("2026-11-21T09:13:20", "2026-11-21T10:13:20");
    let log = read(stepped.as_bytes());
    assert!(log.notes.iter().any(|note| note.kind == NoteKind::WallClockStepped { by_ms: 3_600_000 }));
    let log = read(b"[9.0s][info][gc] GC(41) Pause Young (Normal) (G1 Evacuation Pause) 31M->3M(128M) 1.000ms\n");
    assert_eq!(log.notes, [Note { line: 1, count: 1, kind: NoteKind::BeginsAt { gc_id: 41 } }]);
    assert!(!log.lives[0].span.unwrap().from_start);
}

#[test]
fn thrashing_is_seen_with_what_it_freed() {
    let mut text = String::from("[0.0s][info][gc] Using Parallel\n[0.0s][info][gc,init] Heap Max Capacity: 100M\n");
    for i in 0..120u32 {
        text += &format!("[{}.900s][info][gc] GC({i}) Pause Full (Ergonomics) 99M->98M(100M) 800.000ms\n", i + 1);
    }
    let log = read(text.as_bytes());
    let life = &log.lives[0];
    assert_eq!(life.thrash.len(), 1);
    assert!(life.thrash[0].to_ms - life.thrash[0].from_ms >= 110_000.0);
    assert!((life.thrash[0].freed_share.unwrap() - 0.01).abs() < 1e-9);
    assert!((life.worst_minute.unwrap().1 - 0.2).abs() < 0.05);
    assert_eq!((life.noteworthy.len(), life.noteworthy_omitted, life.longest.len()), (120, 0, 20));
}

/// A small deterministic generator: the tests must not differ from run to run.
struct Random(u64);

impl Random {
    fn next(&mut self, below: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % below.max(1)
    }
}

#[test]
fn damaged_bytes_never_panic_and_the_filter_stays_true() {
    let mut random = Random(7);
    for text in [G1, OLD] {
        for _ in 0..300 {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..random.next(40) + 1 {
                if bytes.len() < 2 {
                    break;
                }
                let at = random.next(bytes.len());
                match random.next(4) {
                    0 => bytes[at] = random.next(256) as u8,
                    1 => drop(bytes.remove(at)),
                    2 => bytes.insert(at, b"[]()->.,:#0\n\0G"[random.next(14)]),
                    _ => bytes.truncate(at.max(1)),
                }
            }
            looks_like_gc_log(&bytes);
            read(&bytes);
        }
    }
    for _ in 0..200 {
        let bytes: Vec<u8> = (0..random.next(4000)).map(|_| random.next(256) as u8).collect();
        read(&bytes);
    }
}

#[test]
fn hostile_lines_are_read_in_linear_time_and_little_memory() {
    let many = |piece: &str, bytes: usize| piece.repeat(bytes / piece.len());
    let size = 1 << 18;
    for line in [
        many("[", 4 * size),
        format!("1.0: [GC (Allocation Failure) {}", many("x", 40 * size)),
        many("[GC (", size),
        many("GC(", size),
        many("][gc", size),
        many("[GC ->", size),
        many("1.0: [GC (a), 0.1 secs] ", size),
        many("[0.1s][info][gc] GC(1) Pause Young (", size),
        format!("[0.1s][info][gc] GC(1) Pause Young {}", many("(", size)),
        format!("[0.1s][info][gc] GC(1) Pause Young (x) 1M->1M(1M) {}ms", many("9", size)),
        many("\0", size),
        many("Safepoint \",", size),
    ] {
        let mut machine = Machine::new();
        assert!(line.len() > size / 2);
        if is_candidate(line.as_bytes()) {
            machine.line(Place { line: 1, byte: 0 }, line.as_bytes(), None);
        }
        machine.line(Place { line: 2, byte: 0 }, line.as_bytes(), None);
        machine.line(Place { line: 3, byte: 0 }, G1.lines().nth(9).unwrap_or_default().as_bytes(), None);
        machine.finish();
    }
    // A million open brackets over many lines: given up, the next record is read.
    let mut text = String::from("1.0: [GC (Allocation Failure) 1.0: [ParNew\n");
    text += &"[x [y [z\n".repeat(350_000);
    text += "2.0: [GC (Allocation Failure)  50000K->12000K(200000K), 0.0111000 secs]\n";
    assert_eq!(count(&read_with(text.as_bytes(), None, true)), 1);
}

#[test]
fn many_lives_and_pids_stay_bounded() {
    let mut machine = Machine::new();
    for n in 0..20_000u64 {
        let text = format!("[0.1s][{}][7] Using G1\n", n % 5000);
        machine.line(Place { line: n + 1, byte: 0 }, text.as_bytes(), None);
        let text = format!("[0.2s][{}][7] GC(0) Pause Young (Normal) (cause {n}) 3M->1M(9M) 150.0ms\n", n % 5000);
        machine.line(Place { line: n + 1, byte: 0 }, text.as_bytes(), None);
    }
    let log = machine.finish();
    assert_eq!(count(&log), 20_000);
    assert!(log.lives.len() <= 4200, "{}", log.lives.len());
    assert!(log.lives.iter().all(|life| life.by_cause.len() <= 65));
    assert!(log.lives.iter().map(|life| life.noteworthy.len()).sum::<usize>() <= 60_000);
}

#[test]
fn numbers_beyond_any_collection_do_not_overflow() {
    let first = "[0.005s][info][gc] Using G1\n[1.500s][info][gc] GC(18446744073709551615) Pause Young (Normal) 24M->3M(256M) 3.1ms\n";
    let text = format!(
        "{first}[0.500s][info][gc] GC(99999999999999999999) Pause Young (Normal) 24M->3M(256M) 3.1ms\n[9.500s][info][gc] GC(2) Pause Full 18446744073709551615T->1M(2M) 3.1ms\n"
    );
    assert_eq!(count(&read(text.as_bytes())), 3);
}

#[test]
fn times_that_no_clock_shows_overflow_nothing() {
    let line = |uptime: &str| format!("[2026-11-21T10:00:00.000+0000][{uptime}s] GC(0) Pause Young (Normal) (G1 Evacuation Pause) 1M->1M(2M) 1.000ms\n");
    let log = read([line("0.001"), line("99999999999999999999999999.000")].concat().as_bytes());
    let anchor = log.lives[0].anchor.expect("a start");
    assert!(anchor.error_ms > 1_000_000_000, "{}", anchor.error_ms);
}
