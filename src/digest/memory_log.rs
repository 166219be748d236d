//! What Flink's memory logger shows (`taskmanager.debug.memory.log`): stretches in which collections took much of the time, the greatest heap in use.
//!
//! In: cumulated collection time and heap sizes, every few seconds. Out: the busiest stretches. How long single pauses were it does not tell.

use std::sync::Arc;

use super::Quote;

/// Stretches that are kept; the least busy go first.
const STRETCHES: usize = 64;
/// From this share of its time in collections on a stretch is kept.
const SHARE: f64 = 0.3;
/// Collections of a shorter stretch say nothing.
const LEAST_MS: i64 = 1_000;

/// Collections between two reports.
#[derive(Debug, Clone, PartialEq)]
pub struct Collected {
    /// As the log shows them.
    pub from: i64,
    pub to: i64,
    pub ms: u64,
    pub count: u64,
    pub quote: Option<Arc<Quote>>,
}

/// The memory logger of one source.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct MemoryLog {
    pub reports: u64,
    /// By time in collections, most first.
    pub busiest: Vec<Collected>,
    pub peak_heap: u64,
    pub max_heap: Option<u64>,
    last: Option<(i64, u64, u64)>,
}

impl MemoryLog {
    /// `time_ms` and `count` since the start of the JVM; less than before is a new JVM.
    pub fn collectors(&mut self, ms: Option<i64>, time_ms: u64, count: u64, quote: impl FnOnce() -> Option<Arc<Quote>>) {
        self.reports += 1;
        let Some(to) = ms else { return };
        let Some((from, time_before, count_before)) = self.last.replace((to, time_ms, count)) else { return };
        let (Some(spent), Some(count)) = (time_ms.checked_sub(time_before), count.checked_sub(count_before)) else { return };
        if to - from < LEAST_MS || (spent as f64) < SHARE * (to - from) as f64 {
            return;
        }
        let at = self.busiest.partition_point(|known| known.ms >= spent);
        if at < STRETCHES {
            self.busiest.insert(at, Collected { from, to, ms: spent, count, quote: quote() });
            self.busiest.truncate(STRETCHES);
        }
    }

    pub fn heap(&mut self, used: u64, max: Option<u64>) {
        self.peak_heap = self.peak_heap.max(used);
        self.max_heap = self.max_heap.max(max);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_stretches_are_kept_and_restarts_are_none() {
        let mut log = MemoryLog::default();
        for (ms, time) in [(0, 100), (5_000, 150), (10_000, 4_150), (15_000, 4_200), (20_000, 90), (25_000, 1_700)] {
            log.collectors(Some(ms), time, time / 50, || None);
        }
        let found: Vec<_> = log.busiest.iter().map(|c| (c.from, c.to, c.ms)).collect();
        assert_eq!(found, [(5_000, 10_000, 4_000), (20_000, 25_000, 1_610)]);
        for i in 0..10_000i64 {
            log.collectors(Some(30_000 + i * 2_000), 10_000 + i as u64 * 1_900, 1, || None);
        }
        assert_eq!(log.busiest.len(), STRETCHES);
    }
}
