//! Records of JDK 5–8 in the shapes that real logs have.

use super::*;

/// (kind, ms, heap after in KiB, uptime ms, hidden full)
type Seen = (PauseKind, f64, Option<u64>, Option<f64>, bool);

fn stops(text: &str) -> Vec<Seen> {
    let mut scanner = Scanner::default();
    let mut found = Vec::new();
    for (number, line) in text.lines().enumerate() {
        scanner.line(Place { line: number as u64 + 1, byte: 0 }, line.as_bytes(), &mut |event| {
            if let Event::Pause(_, stamp, stop) = event {
                let ms = (stop.ms * 1e4).round() / 1e4;
                found.push((stop.kind, ms, stop.heap.map(|heap| heap.after >> 10), stamp.uptime, stop.hidden_full));
            }
        });
    }
    found
}

#[test]
fn single_lines_of_every_collector() {
    use PauseKind::*;
    let text = "\
1.807: [GC (Allocation Failure)  65536K->17546K(251392K), 0.0263911 secs]
2.178: [GC (Allocation Failure) 2.178: [DefNew: 9766K->1056K(9792K), 0.0057621 secs] 16728K->16694K(31680K), 0.0073601 secs] [Times: user=0.01 sys=0.00, real=0.01 secs]
3.000: [GC (Allocation Failure) 3.000: [DefNew: 9766K->9766K(9792K), 0.0000100 secs]3.001: [Tenured: 24314K->24378K(24384K), 0.0036336 secs] 34080K->25370K(34176K), [Metaspace: 2712K->2712K(1056768K)], 0.0134215 secs]
4.0: [Full GC (Ergonomics) [PSYoungGen: 98289K->0K(8257536K)] [ParOldGen: 32K->98112K(1048576K)] 98321K->98112K(9306112K), [Metaspace: 19966K->19962K(1067008K)], 0.6492397 secs] [Times: user=2.00 sys=0.10, real=0.65 secs]
5.0: [GC (CMS Initial Mark) [1 CMS-initial-mark: 15645K(21888K)] 18533K(31680K), 0.0010369 secs]
5.1: [CMS-concurrent-mark-start]
5.2: [CMS-concurrent-mark: 0.005/0.013 secs] [Times: user=0.01 sys=0.01, real=0.02 secs]
6.0: #9: [GC cleanup 75M->25M(103M), 0.0004412 secs]
6.1: [GC remark 6.1: [GC ref-proc, 0.0000700 secs], 0.0010462 secs]
6.2: [GC concurrent-mark-end, 0.0126670 secs]
";
    assert_eq!(
        stops(text),
        [
            (Young, 26.3911, Some(17546), Some(1807.0), false),
            (Young, 7.3601, Some(16694), Some(2178.0), false),
            (Young, 13.4215, Some(25370), Some(3000.0), true),
            (Full, 649.2397, Some(98112), Some(4000.0), false),
            (InitialMark, 1.0369, Some(18533), Some(5000.0), false),
            (Cleanup, 0.4412, Some(25 << 10), Some(6000.0), false),
            (Remark, 1.0462, None, Some(6100.0), false),
        ]
    );
}

#[test]
fn a_stop_over_many_lines_is_one() {
    let text = "\
{Heap before GC invocations=22 (full 13):
 par new generation   total 47936K, used 10451K [0x00000000f6400000, 0x00000000f9800000, 0x00000000f9800000)
1.157: [GC (CMS Final Remark) [YG occupancy: 10451 K (47936 K)]{Heap before GC invocations=22 (full 13):
 par new generation   total 47936K, used 10451K [0x00000000f6400000, 0x00000000f9800000, 0x00000000f9800000)
  eden space 42624K,  12% used [0x00000000f6400000,0x00000000f690c520,0x00000000f8da0000)
1.158: [GC (CMS Final Remark) 1.158: [ParNew: 10451K->10451K(47936K), 0.0000303 secs] 111291K->111291K(154432K), 0.0000778 secs] [Times: user=0.00 sys=0.00, real=0.00 secs]
}
1.158: [Rescan (parallel) , 0.0002732 secs]1.158: [weak refs processing, 0.0000176 secs][1 CMS-remark: 100839K(106496K)] 111290K(154432K), 0.0019970 secs] [Times: user=0.00 sys=0.00, real=0.00 secs]
";
    assert_eq!(stops(text), [(PauseKind::Remark, 1.997, Some(111_290), Some(1157.0), false)]);
}

#[test]
fn torn_concurrent_lines_and_decimal_commas() {
    let text = "\
16578,506: [GC pause (G1 Evacuation Pause) (young)
Desired survivor size 8912896 bytes, new threshold 15 (max 15)
 16578,506: [G1Ergonomics (CSet Construction) start choosing CSet, predicted base time: 16,71 ms]
, 0,0282200 secs]
   [Parallel Time: 24,5 ms, GC Workers: 4]
  [GC Worker Start (ms): Min: 16578506,5, Avg: 16578506,6]
   [Eden: 124,0M(124,0M)->0,0B(126,0M) Survivors: 12,0M->11,0M Heap: 214,9M(256,0M)->90,4M(256,0M)]
16579.230: [GC pause (young)16579.235:  (initial-mark), 0.0043 secs]
[GC concurrent-mark-start]
16580.388: [GC pause (young) (initial-mark) 10080K->10081K(16M)16580.390: [GC concurrent-mark-start]
, 0.0013065 secs]
";
    assert_eq!(
        stops(text),
        [
            (PauseKind::Young, 28.22, None, Some(16_578_506.0), false),
            (PauseKind::ConcurrentStart, 4.3, None, Some(16_579_230.0), false),
            (PauseKind::ConcurrentStart, 1.3065, Some(10081), Some(16_580_388.0), false),
        ]
    );
}

#[test]
fn failures_inside_a_young_record() {
    let text = "\
9.0: [GC9.0: [ParNew (promotion failed)
- age   1:  187860912 bytes,  187860912 total
: 6906246K->6819243K(6932288K), 2.7300470 secs]11.0: [CMS12.0: [CMS-concurrent-sweep: 16.244/20.725 secs] [Times: user=100.59 sys=4.74, real=20.72 secs]
 (concurrent mode failure): 23591969K->23342845K(25165824K), 127.2159440 secs] 30431568K->23342845K(32098112K), [CMS Perm : 137329K->97298K(262912K)], 129.9468220 secs] [Times: user=131.28 sys=0.07, real=129.93 secs]
";
    assert_eq!(stops(text), [(PauseKind::Young, 129_946.822, Some(23_342_845), Some(9000.0), true)]);
}

#[test]
fn a_record_torn_off_does_not_swallow_the_next() {
    let text = "\
1.0: [GC (Allocation Failure) 1.0: [ParNew: 9766K->1056K(9792K), 0.00
2.0: [GC (Allocation Failure)  65536K->17546K(251392K), 0.0263911 secs]
";
    assert_eq!(stops(text).len(), 1);
}

#[test]
fn prefixes() {
    let full = prefix(b"2015-07-22T14:53:42.655-0100: 1.807: #3: ");
    assert_eq!((full.uptime, full.wall, full.offset), (Some(1807.0), Some(1_437_580_422_655), Some(-60)));
    assert_eq!(prefix(b"2015-07-22T14:53:42.655-0100: ").uptime, None);
    assert_eq!(prefix(b"2026-01-01 00:00:01,123 INFO x [] - "), Stamp::default());
}

#[test]
fn header_and_flags() {
    let line = b"OpenJDK 64-Bit Server VM (25.342-b07) for linux-amd64 JRE (1.8.0_342-b07), built on Jul 16 2022";
    assert_eq!(header(line), Some(&b"25.342-b07"[..]));
    let line = b"CommandLine flags: -XX:InitialHeapSize=1 -XX:MaxHeapSize=536870912 -XX:+UseConcMarkSweepGC -XX:+UseParNewGC";
    assert_eq!(flags(line), Some((Collector::Cms, Some(536_870_912))));
}
