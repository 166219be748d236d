//! Monitors inside a JVM: `org.apache.hadoop.util.JvmPauseMonitor` (HBase's alike) and `org.apache.flink.runtime.taskmanager.MemoryLogger`, which writes
//! with the logger of the TaskManager's main class.

use crate::event::Kind;
use crate::jvm::notes::{self, BeanMeaning, HostPause, MemoryLine};

/// `Detected pause in JVM or host machine (eg GC): pause of approximately 1342ms`, and the collections in the lines after it.
pub fn pause(line: &[u8], message: &[u8]) -> Option<Kind> {
    let Some(HostPause::Detected { ms }) = notes::host_pause(line) else { return None };
    let collected = message.split(|b| *b == b'\n').skip(1).take(16).filter_map(|line| match notes::host_pause(line) {
        Some(HostPause::Collected { ms, .. }) => Some(ms),
        _ => None,
    });
    Some(Kind::HostPause { ms, collected_ms: collected.reduce(u64::saturating_add) })
}

/// A line of the memory logger.
pub fn memory(line: &[u8]) -> Option<Kind> {
    if !matches!(line.first(), Some(b'M' | b'G')) {
        return None;
    }
    match notes::memory_line(line)? {
        MemoryLine::Heap { heap, .. } => Some(Kind::HeapUsage { used: heap.used, max: heap.max }),
        MemoryLine::Collectors(beans) => {
            // Beans of cycles count concurrent time.
            let stopping = beans.iter().filter(|bean| !matches!(bean.meaning(), BeanMeaning::Cycles | BeanMeaning::Unknown));
            let (time_ms, count) = stopping.fold((0u64, 0u64), |(ms, n), bean| (ms.saturating_add(bean.time_ms), n.saturating_add(bean.count)));
            Some(Kind::Collectors { time_ms, count })
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_with_and_without_collections() {
        let line = b"Detected pause in JVM or host machine (eg GC): pause of approximately 13420ms";
        let with = |rest: &str| pause(line, [line, rest.as_bytes()].concat().as_slice());
        assert_eq!(with("\nNo GCs detected"), Some(Kind::HostPause { ms: 13_420, collected_ms: None }));
        let pools = "\nGC pool 'ParNew' had collection(s): count=1 time=1300ms\nGC pool 'ConcurrentMarkSweep' had collection(s): count=1 time=11000ms";
        assert_eq!(with(pools), Some(Kind::HostPause { ms: 13_420, collected_ms: Some(12_300) }));
        assert_eq!(pause(b"Starting JVM pause monitor", b"Starting JVM pause monitor"), None);
    }

    #[test]
    fn concurrent_time_is_not_counted() {
        let line = b"Garbage collector stats: [ZGC Cycles, GC TIME (ms): 9000, GC COUNT: 3], [ZGC Pauses, GC TIME (ms): 2, GC COUNT: 9]";
        assert_eq!(memory(line), Some(Kind::Collectors { time_ms: 2, count: 9 }));
        assert_eq!(memory(b"Successful registration at resource manager"), None);
    }
}
