//! Records of JDK 5–8: the shapes that logs have, with values made up here.

use super::*;

/// (kind, ms, heap after in KiB, uptime ms, hidden full)
type Seen = (PauseKind, f64, Option<u64>, Option<f64>, bool);

fn stops(text: &str) -> Vec<Seen> {
    let mut scanner = Scanner::default();
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        scanner.line(Place { line: number as u64 + 1, byte: 0 }, line.as_bytes(), &mut |event| {
            if let Event::Pause(_, stamp, stop) = event {
                found.push((stop.kind, stop.ms, stop.heap.map(|heap| heap.after >> 10), stamp.uptime, stop.hidden_full));
            }
        });
    }
    found
}

#[test]
fn single_lines_of_every_collector() {
    use PauseKind::*;
    let text = "\
1.500: [GC (Allocation Failure)  50000K->12000K(200000K), 0.0111000 secs]
2.100: [GC (Allocation Failure) 2.100: [DefNew: 7000K->900K(7200K), 0.0031000 secs] 14000K->13000K(28000K), 0.0042000 secs] [Times: user=0.01 sys=0.00, real=0.01 secs]
3.000: [GC (Allocation Failure) 3.000: [DefNew: 7001K->7001K(7200K), 0.0000110 secs]3.001: [Tenured: 20001K->20100K(20200K), 0.0021000 secs] 27002K->21002K(28003K), [Metaspace: 3001K->3001K(1100000K)], 0.0082000 secs]
4.0: [Full GC (Ergonomics) [PSYoungGen: 40001K->0K(60000K)] [ParOldGen: 51K->40030K(90000K)] 40052K->40030K(150000K), [Metaspace: 9002K->9001K(1100000K)], 0.3330000 secs] [Times: user=1.10 sys=0.20, real=0.33 secs]
5.0: [GC (CMS Initial Mark) [1 CMS-initial-mark: 5100K(20100K)] 8300K(30100K), 0.0021500 secs]
5.1: [CMS-concurrent-mark-start]
5.2: [CMS-concurrent-mark: 0.011/0.012 secs] [Times: user=0.03 sys=0.01, real=0.01 secs]
6.0: #9: [GC cleanup 65M->15M(93M), 0.0005100 secs]
6.1: [GC remark 6.1: [GC ref-proc, 0.0000810 secs], 0.0013300 secs]
6.2: [GC concurrent-mark-end, 0.0222000 secs]
";
    assert_eq!(
        stops(text),
        [
            (Young, 11.1, Some(12_000), Some(1500.0), false),
            (Young, 4.2, Some(13_000), Some(2100.0), false),
            (Young, 8.2, Some(21_002), Some(3000.0), true),
            (Full, 333.0, Some(40_030), Some(4000.0), false),
            (InitialMark, 2.15, Some(8_300), Some(5000.0), false),
            (Cleanup, 0.51, Some(15 << 10), Some(6000.0), false),
            (Remark, 1.33, None, Some(6100.0), false),
        ]
    );
}

#[test]
fn a_stop_over_many_lines_is_one() {
    let text = "\
{Heap before GC invocations=7 (full 2):
 par new generation   total 30000K, used 7700K [0x00000000a1000000, 0x00000000a3000000, 0x00000000a3000000)
7.001: [GC (CMS Final Remark) [YG occupancy: 7700 K (30000 K)]{Heap before GC invocations=7 (full 2):
 par new generation   total 30000K, used 7700K [0x00000000a1000000, 0x00000000a3000000, 0x00000000a3000000)
  eden space 25000K,  31% used [0x00000000a1000000,0x00000000a1200000,0x00000000a2800000)
7.002: [GC (CMS Final Remark) 7.002: [ParNew: 7700K->7700K(30000K), 0.0000410 secs] 88001K->88001K(120000K), 0.0000990 secs] [Times: user=0.00 sys=0.00, real=0.00 secs]
}
7.002: [Rescan (parallel) , 0.0004300 secs]7.003: [weak refs processing, 0.0000210 secs][1 CMS-remark: 80301K(90000K)] 88002K(120000K), 0.0031100 secs] [Times: user=0.01 sys=0.00, real=0.00 secs]
";
    assert_eq!(stops(text), [(PauseKind::Remark, 3.11, Some(88_002), Some(7001.0), false)]);
}

#[test]
fn torn_concurrent_lines_and_decimal_commas() {
    let text = "\
420,100: [GC pause (G1 Evacuation Pause) (young)
Desired survivor size 5555555 bytes, new threshold 9 (max 9)
 420,100: [G1Ergonomics (CSet Construction) start choosing CSet, predicted base time: 11,21 ms]
, 0,0345000 secs]
   [Parallel Time: 31,2 ms, GC Workers: 3]
      [GC Worker Start (ms): Min: 420100,5, Avg: 420100,6]
   [Eden: 77,0M(77,0M)->0,0B(79,0M) Survivors: 8,0M->7,0M Heap: 155,5M(200,0M)->66,3M(200,0M)]
421.230: [GC pause (young)421.235:  (initial-mark), 0.0054000 secs]
[GC concurrent-root-region-scan-start]
422.388: [GC pause (young) (initial-mark) 9001K->9002K(20M)422.390: [GC concurrent-mark-start]
, 0.0017700 secs]
";
    assert_eq!(
        stops(text),
        [
            (PauseKind::Young, 34.5, None, Some(420_100.0), false),
            (PauseKind::ConcurrentStart, 5.4, None, Some(421_230.0), false),
            (PauseKind::ConcurrentStart, 1.77, Some(9_002), Some(422_388.0), false),
        ]
    );
}

#[test]
fn failures_inside_a_young_record() {
    let text = "\
9.0: [GC9.0: [ParNew (promotion failed)
- age   1:     777777 bytes,     777777 total
: 50005K->49004K(60000K), 1.1000000 secs]10.1: [CMS11.2: [CMS-concurrent-sweep: 3.100/4.200 secs] [Times: user=8.80 sys=0.30, real=4.20 secs]
 (concurrent mode failure): 300001K->250002K(400000K), 12.3000000 secs] 350006K->250002K(460000K), [CMS Perm : 7001K->6001K(9000K)], 13.4567000 secs] [Times: user=14.10 sys=0.10, real=13.46 secs]
";
    assert_eq!(stops(text), [(PauseKind::Young, 13_456.7, Some(250_002), Some(9000.0), true)]);
}

#[test]
fn a_record_torn_off_does_not_swallow_the_next() {
    let text = "\
1.0: [GC (Allocation Failure) 1.0: [ParNew: 7000K->900K(7200K), 0.00
2.0: [GC (Allocation Failure)  50000K->12000K(200000K), 0.0111000 secs]
";
    assert_eq!(stops(text).len(), 1);
}

#[test]
fn prefixes() {
    let full = prefix(b"2021-03-04T05:06:07.089-0100: 1.807: #3: ");
    assert_eq!((full.uptime, full.wall, full.offset), (Some(1807.0), Some(1_614_837_967_089), Some(-60)));
    assert_eq!(prefix(b"2021-03-04T05:06:07.089-0100: ").uptime, None);
    assert_eq!(prefix(b"2026-01-01 00:00:01,123 INFO x [] - "), Stamp::default());
}

#[test]
fn header_and_flags() {
    let line = b"OpenJDK 64-Bit Server VM (25.999-b01) for linux-amd64 JRE (1.8.0_999-b01), built on Jan 1 2021";
    assert_eq!(header(line), Some(&b"25.999-b01"[..]));
    let line = b"CommandLine flags: -XX:InitialHeapSize=1 -XX:MaxHeapSize=700000000 -XX:+UseConcMarkSweepGC -XX:+UseParNewGC";
    assert_eq!(flags(line), Some((Collector::Cms, Some(700_000_000))));
}
