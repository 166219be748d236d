//! Figures over pauses with bounded memory: percentiles, a display histogram, the n greatest.

use super::model::{PauseSummary, Tally};
use std::cmp::Ordering;
use std::collections::BinaryHeap;

/// Durations kept one by one before the fine histogram takes over.
const EXACT: usize = 65_536;
/// Ratio of two bucket bounds of the fine histogram: half of it is the error.
const RATIO: f64 = 1.01;
/// Lower bound of the fine histogram, 100 ns: GC logs print no less.
const LEAST: f64 = 1e-4;
/// Up to 11 days in one pause.
const BUCKETS: usize = 3000;
/// Stated relative error of percentiles from the histogram.
const ERROR: f64 = 0.005;

/// Durations in milliseconds: count, total, greatest, percentiles by nearest rank.
#[derive(Clone, Debug, Default)]
pub(super) struct Durations {
    tally: Tally,
    exact: Vec<f64>,
    buckets: Vec<u64>,
}

impl Durations {
    pub fn add(&mut self, ms: f64) {
        self.tally.add(ms);
        if !self.buckets.is_empty() {
            self.buckets[bucket(ms)] += 1;
        } else if self.exact.len() < EXACT {
            self.exact.push(ms);
        } else {
            self.buckets = vec![0; BUCKETS];
            for &ms in &self.exact {
                self.buckets[bucket(ms)] += 1;
            }
            self.buckets[bucket(ms)] += 1;
            self.exact = Vec::new();
        }
    }

    pub fn total_ms(&self) -> f64 {
        self.tally.total_ms
    }

    pub fn summary(mut self) -> PauseSummary {
        self.exact.sort_by(f64::total_cmp);
        let error = if self.buckets.is_empty() { 0.0 } else { ERROR };
        PauseSummary {
            count: self.tally.count,
            total_ms: self.tally.total_ms,
            max_ms: self.tally.max_ms,
            p50_ms: self.rank(0.50),
            p95_ms: self.rank(0.95),
            p99_ms: self.rank(0.99),
            percentile_error: error,
        }
    }

    fn rank(&self, share: f64) -> f64 {
        let rank = ((share * self.tally.count as f64).ceil() as u64).max(1);
        if self.buckets.is_empty() {
            return self.exact.get(rank as usize - 1).copied().unwrap_or(0.0);
        }
        let mut seen = 0;
        for (at, count) in self.buckets.iter().enumerate() {
            seen += count;
            if seen >= rank {
                return (LEAST * RATIO.powf(at as f64 + 0.5)).min(self.tally.max_ms);
            }
        }
        self.tally.max_ms
    }
}

fn bucket(ms: f64) -> usize {
    let at = (ms.max(LEAST) / LEAST).ln() / RATIO.ln();
    (at as usize).min(BUCKETS - 1)
}

/// Bounds for people: 1-2-5 steps from 10 µs to 1000 s.
const BOUNDS: [f64; 25] =
    [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0, 1e3, 2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5, 5e5, 1e6];

#[derive(Clone, Debug, Default)]
pub(super) struct Histogram {
    counts: [u64; BOUNDS.len() + 1],
}

impl Histogram {
    pub fn add(&mut self, ms: f64) {
        self.counts[BOUNDS.partition_point(|bound| *bound < ms)] += 1;
    }

    pub fn buckets(&self) -> Vec<(f64, u64)> {
        let bounds = BOUNDS.iter().copied().chain([f64::INFINITY]);
        bounds.zip(self.counts).filter(|(_, count)| *count > 0).collect()
    }
}

/// The `cap` items with the greatest weight; of equal ones the first.
#[derive(Clone, Debug)]
pub(super) struct Greatest<T> {
    heap: BinaryHeap<Ranked<T>>,
    cap: usize,
    seen: u64,
}

#[derive(Clone, Debug)]
struct Ranked<T> {
    weight: f64,
    order: u64,
    item: T,
}

impl<T> Ord for Ranked<T> {
    /// The heap's top is the one to give up next: the lightest, of equal ones the latest.
    fn cmp(&self, other: &Self) -> Ordering {
        other.weight.total_cmp(&self.weight).then(self.order.cmp(&other.order))
    }
}

impl<T> PartialOrd for Ranked<T> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl<T> PartialEq for Ranked<T> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl<T> Eq for Ranked<T> {}

impl<T> Greatest<T> {
    pub fn new(cap: usize) -> Self {
        Self { heap: BinaryHeap::new(), cap, seen: 0 }
    }

    /// `item` is made only when it is kept.
    pub fn add(&mut self, weight: f64, item: impl FnOnce() -> T) {
        self.seen += 1;
        let order = self.seen;
        if self.heap.len() < self.cap {
            return self.heap.push(Ranked { weight, order, item: item() });
        }
        if let Some(mut least) = self.heap.peek_mut()
            && least.weight < weight
        {
            *least = Ranked { weight, order, item: item() };
        }
    }

    pub fn omitted(&self) -> u64 {
        self.seen - self.heap.len() as u64
    }

    pub fn len(&self) -> usize {
        self.heap.len()
    }

    pub fn by_weight(self) -> Vec<T> {
        self.heap.into_sorted_vec().into_iter().map(|ranked| ranked.item).collect()
    }

    pub fn by_order(self) -> Vec<T> {
        let mut all = self.heap.into_vec();
        all.sort_unstable_by_key(|ranked| ranked.order);
        all.into_iter().map(|ranked| ranked.item).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_rank_is_exact_for_few() {
        let mut all = Durations::default();
        for ms in (1..=100).rev() {
            all.add(f64::from(ms));
        }
        let found = all.summary();
        assert_eq!((found.p50_ms, found.p95_ms, found.p99_ms, found.max_ms), (50.0, 95.0, 99.0, 100.0));
        assert_eq!(found.percentile_error, 0.0);
    }

    #[test]
    fn many_stay_within_the_stated_error() {
        let (mut all, mut exact) = (Durations::default(), Vec::new());
        for i in 0..200_000u64 {
            let ms = 0.01 + ((i * 7919) % 200_003) as f64 / 17.0;
            all.add(ms);
            exact.push(ms);
        }
        exact.sort_by(f64::total_cmp);
        let found = all.summary();
        for (share, value) in [(0.5, found.p50_ms), (0.95, found.p95_ms), (0.99, found.p99_ms)] {
            let want = exact[(share * 200_000f64).ceil() as usize - 1];
            assert!((value / want - 1.0).abs() <= found.percentile_error, "{share}: {value} {want}");
        }
        assert!(found.percentile_error < 0.01);
    }

    #[test]
    fn greatest_keeps_the_first_of_equals() {
        let mut top = Greatest::new(2);
        for (name, weight) in [("a", 1.0), ("b", 3.0), ("c", 3.0), ("d", 3.0)] {
            top.add(weight, || name);
        }
        assert_eq!(top.omitted(), 2);
        assert_eq!(top.by_weight(), ["b", "c"]);
    }

    #[test]
    fn histogram_bounds_are_inclusive() {
        let mut found = Histogram::default();
        for ms in [0.0, 1.0, 1.5, 2.0, 1e9] {
            found.add(ms);
        }
        assert_eq!(found.buckets(), [(0.01, 1), (1.0, 1), (2.0, 2), (f64::INFINITY, 1)]);
    }
}
