//! Heap use after collections: series of bounded length and the leak signal.
//!
//! In: heap after each collection, in order. Out: thinned points, the floor's growth, and whether it looks like a leak.
//! A sawtooth that returns to its floor is none.

use super::model::{HeapPoint, LeakSignal, LeakTrend};

const POINTS: usize = 256;
/// Young collections per floor point: the least of them is what was live, the rest had garbage left.
const GROUP: u64 = 5;
/// Points below which no statement is made: half a dozen whole collections, or twenty-five young ones.
const FEWEST_WHOLE: usize = 6;
const FEWEST_YOUNG: usize = 5;
/// The floor must fill this share of the heap to be called a leak.
const FULL_SHARE: f64 = 0.8;

/// A floor this high leaves nothing to work with, however it came about.
const BRIM_SHARE: f64 = 0.9;

/// Points in order; when full, every second one goes and from then on only every second comes in.
#[derive(Clone, Debug, Default)]
pub(super) struct Series {
    points: Vec<HeapPoint>,
    stride: u64,
    seen: u64,
}

impl Series {
    pub fn add(&mut self, point: HeapPoint) {
        if self.seen.is_multiple_of(self.stride.max(1)) {
            if self.points.len() == POINTS {
                let mut keep = false;
                self.points.retain(|_| {
                    keep = !keep;
                    keep
                });
                self.stride = self.stride.max(1) * 2;
                if !self.seen.is_multiple_of(self.stride) {
                    self.seen += 1;
                    return;
                }
            }
            self.points.push(point);
        }
        self.seen += 1;
    }

    pub fn points(self) -> Vec<HeapPoint> {
        self.points
    }
}

/// Heap use after collections, the least of each group; groups grow with the log.
#[derive(Clone, Debug)]
struct Lows {
    points: Vec<(f64, u64)>,
    group: u64,
    filled: u64,
    current: (f64, u64),
}

impl Lows {
    fn new(group: u64) -> Self {
        Self { points: Vec::new(), group, filled: 0, current: (0.0, u64::MAX) }
    }

    fn add(&mut self, at: f64, after: u64) {
        if after < self.current.1 {
            self.current = (at, after);
        }
        self.filled += 1;
        if self.filled < self.group {
            return;
        }
        self.points.push(self.current);
        self.current = (0.0, u64::MAX);
        self.filled = 0;
        if self.points.len() >= POINTS {
            let pairs = self.points.chunks(2);
            self.points = pairs.filter_map(|pair| pair.iter().min_by_key(|point| point.1).copied()).collect();
            self.group *= 2;
        }
    }

    /// The level to which the heap never returns again (least of all later points) climbs through the quarters of the time, from
    /// `start` on by a fifth of the heap.
    fn rise(&self, start: u64, max: u64) -> bool {
        let points = &self.points;
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            return false;
        };
        let later = |eighth: f64| {
            // Towards its end a filling heap is collected more and more often: by time, not by number.
            let from = points.partition_point(|point| point.0 < first.0 + (last.0 - first.0) * eighth / 8.0);
            points[from.min(points.len() - 1)..].iter().map(|point| point.1).min().unwrap_or(0)
        };
        // Of the last eighth there are too few points to take the least of less.
        let levels = [later(0.0), later(2.0), later(4.0), later(6.0), later(7.0)];
        let step = max / 100;
        let climbs = levels.windows(2).filter(|pair| pair[1] > pair[0].saturating_add(step)).count();
        climbs >= 3 && levels[4].saturating_sub(start) > max / 5
    }
}

/// The live set over a run.
#[derive(Clone, Debug)]
pub(super) struct Floor {
    /// After collections of the whole heap or its old part: close to what is live.
    whole: Lows,
    /// After any collection: old garbage may be in it.
    any: Lows,
    /// Heap freed by the first and by the latest full collections, bytes: eight each.
    freed_first: (u64, u64),
    freed_last: [u64; 8],
    fulls: u64,
}

impl Floor {
    pub fn new() -> Self {
        Self { whole: Lows::new(1), any: Lows::new(GROUP), freed_first: (0, 0), freed_last: [0; 8], fulls: 0 }
    }

    /// `at` on the life's clock; `whole`: the old generation was collected too.
    pub fn add(&mut self, at: f64, after: u64, whole: bool) {
        self.any.add(at, after);
        if whole {
            self.whole.add(at, after);
        }
    }

    pub fn full(&mut self, freed: u64) {
        if self.fulls < 8 {
            self.freed_first = (self.freed_first.0.saturating_add(freed), self.freed_first.1 + 1);
        }
        self.freed_last[(self.fulls % 8) as usize] = freed;
        self.fulls += 1;
    }

    pub fn trend(&self, max_heap: Option<u64>, clock: bool) -> LeakTrend {
        let whole = self.whole.points.len() >= FEWEST_WHOLE;
        let lows = if whole { &self.whole } else { &self.any };
        let points = &lows.points;
        let (Some(&first), Some(&last)) = (points.first(), points.last()) else {
            return LeakTrend { signal: LeakSignal::Insufficient, first_floor_bytes: 0, last_floor_bytes: 0, bytes_per_hour: None };
        };
        let tenth = points.len().div_ceil(10);
        let least = |part: &[(f64, u64)]| part.iter().map(|point| point.1).min().unwrap_or(0);
        let (low, high) = (least(&points[..tenth]), least(&points[points.len() - tenth..]));
        let hours = (last.0 - first.0) / 3_600_000.0;
        let growth = (clock && hours > 0.0).then(|| (high as f64 - low as f64) / hours);
        let start = self.any.points.first().map_or(low, |point| point.1.min(low));
        let signal = match max_heap {
            None | Some(0) => LeakSignal::Insufficient,
            _ if !whole && points.len() < FEWEST_YOUNG => LeakSignal::Insufficient,
            Some(max) if lows.rise(start, max) => {
                let fills = high as f64 > FULL_SHARE * max as f64;
                match fills && self.frees_less() {
                    true => LeakSignal::Leak,
                    false if whole => LeakSignal::Rising,
                    // The old generation may just not have been collected yet.
                    false => LeakSignal::Insufficient,
                }
            }
            Some(max) if whole && high as f64 > BRIM_SHARE * max as f64 => LeakSignal::Full,
            Some(_) => LeakSignal::None,
        };
        LeakTrend { signal, first_floor_bytes: low, last_floor_bytes: high, bytes_per_hour: growth }
    }

    fn frees_less(&self) -> bool {
        if self.fulls < 16 {
            return true;
        }
        let first = self.freed_first.0 / self.freed_first.1.max(1);
        let last = self.freed_last.iter().map(|freed| freed / 8).sum::<u64>();
        last <= first.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floor(after: impl Fn(u64) -> u64) -> LeakSignal {
        let mut floor = Floor::new();
        for i in 0..2_000 {
            floor.add(i as f64 * 1000.0, after(i), true);
        }
        floor.trend(Some(1_000), true).signal
    }

    #[test]
    fn sawtooth_is_no_leak() {
        assert_eq!(floor(|i| 100 + i % 700), LeakSignal::None);
        assert_eq!(floor(|i| 500 + i % 3), LeakSignal::None);
    }

    #[test]
    fn climbing_floor_is_one() {
        assert_eq!(floor(|i| i * 45 / 100 + i % 50), LeakSignal::Leak);
        assert_eq!(floor(|i| i * 30 / 100), LeakSignal::Rising);
    }

    #[test]
    fn a_step_up_is_none() {
        assert_eq!(floor(|i| if i < 300 { 100 } else { 900 }), LeakSignal::None);
    }

    #[test]
    fn a_heap_full_from_the_start_is_named() {
        assert_eq!(floor(|i| 960 + i % 20), LeakSignal::Full);
    }

    #[test]
    fn few_collections_say_nothing() {
        let mut few = Floor::new();
        for i in 0..5 {
            few.add(f64::from(i), 200 * i as u64, true);
        }
        assert_eq!(few.trend(Some(1_000), true).signal, LeakSignal::Insufficient);
    }

    #[test]
    fn young_collections_alone_prove_no_leak_before_the_heap_is_full() {
        let signal = |to: u64| {
            let mut floor = Floor::new();
            for i in 0..200u64 {
                floor.add(i as f64, i * to / 200, false);
            }
            floor.trend(Some(1_000), true).signal
        };
        assert_eq!(signal(600), LeakSignal::Insufficient);
        assert_eq!(signal(950), LeakSignal::Leak);
    }

    #[test]
    fn a_series_stays_bounded_and_in_order() {
        let mut series = Series::default();
        for i in 0..100_000u64 {
            series.add(HeapPoint { at: i as f64, before_bytes: 0, after_bytes: i });
        }
        let points = series.points();
        assert!(points.len() <= POINTS && points.len() > POINTS / 4);
        assert!(points.windows(2).all(|pair| pair[0].at < pair[1].at));
        assert!(points.last().unwrap().at > 90_000.0);
    }
}
