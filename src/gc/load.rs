//! GC share of time in 10-second windows: the busiest ones, the worst minute, stretches of thrashing.
//!
//! In: pauses in about ascending order. Memory does not grow with the log.

use super::model::{BusyWindow, Thrash};
use super::stats::Greatest;

const WINDOW_MS: f64 = 10_000.0;
/// A day of one pause is a broken stamp; it is cut there.
const MAX_WINDOWS: u64 = 8_640;
const BUSIEST: usize = 30;
const STRETCHES: usize = 16;
/// Share of full collections from which a window counts as thrashing.
const THRASH_SHARE: f64 = 0.3;

#[derive(Clone, Copy, Debug, Default)]
struct Window {
    index: u64,
    gc_ms: f64,
    full_ms: f64,
    full_gcs: u64,
    freed: f64,
    freed_of: u64,
}

#[derive(Clone, Debug)]
pub(super) struct Load {
    current: Option<Window>,
    /// The last six closed windows, for the worst minute.
    minute: [(u64, f64); 6],
    worst: Option<(f64, f64)>,
    busiest: Greatest<BusyWindow>,
    stretch: Option<Thrash>,
    stretch_freed: (f64, u64),
    stretches: Greatest<Thrash>,
}

impl Load {
    pub fn new() -> Self {
        Self {
            current: None,
            minute: [(u64::MAX, 0.0); 6],
            worst: None,
            busiest: Greatest::new(BUSIEST),
            stretch: None,
            stretch_freed: (0.0, 0),
            stretches: Greatest::new(STRETCHES),
        }
    }

    /// `start` on the life's clock; `freed`: share of the heap a full collection freed.
    pub fn pause(&mut self, start: f64, ms: f64, full: bool, freed: Option<f64>) {
        if !(start >= 0.0 && ms >= 0.0 && start.is_finite() && ms.is_finite()) {
            return;
        }
        let first = (start / WINDOW_MS) as u64;
        let last = (((start + ms) / WINDOW_MS) as u64).min(first.saturating_add(MAX_WINDOWS));
        for index in first..=last {
            let begin = index as f64 * WINDOW_MS;
            let part = (start + ms).min(begin + WINDOW_MS) - start.max(begin);
            if self.current.is_none_or(|window| index > window.index) {
                self.close();
                self.current = Some(Window { index, ..Window::default() });
            }
            // A late line falls into the window at hand: an earlier one is closed.
            let Some(window) = &mut self.current else {
                return;
            };
            window.gc_ms += part;
            if full {
                window.full_ms += part;
                if index == first {
                    window.full_gcs += 1;
                    window.freed += freed.unwrap_or(0.0);
                    window.freed_of += u64::from(freed.is_some());
                }
            }
        }
    }

    fn close(&mut self) {
        let Some(window) = self.current.take() else {
            return;
        };
        let at_ms = window.index as f64 * WINDOW_MS;
        let Window { gc_ms, full_ms, .. } = window;
        self.busiest.add(gc_ms, || BusyWindow { at_ms, gc_ms, full_ms });
        self.minute.rotate_left(1);
        self.minute[5] = (window.index, gc_ms);
        let since = window.index.saturating_sub(5);
        let recent = self.minute.iter().filter(|(index, _)| (since..=window.index).contains(index));
        let share = recent.map(|(_, ms)| ms).sum::<f64>() / (6.0 * WINDOW_MS);
        if self.worst.is_none_or(|(_, worst)| share > worst) {
            self.worst = Some((since as f64 * WINDOW_MS, share));
        }
        if full_ms > THRASH_SHARE * WINDOW_MS {
            if self.stretch.as_ref().is_some_and(|stretch| at_ms > stretch.to_ms) {
                self.end_stretch();
            }
            let stretch = self.stretch.get_or_insert(Thrash { from_ms: at_ms, to_ms: at_ms, full_ms: 0.0, full_gcs: 0, freed_share: None });
            stretch.to_ms = at_ms + WINDOW_MS;
            stretch.full_ms += full_ms;
            stretch.full_gcs += window.full_gcs;
            self.stretch_freed.0 += window.freed;
            self.stretch_freed.1 += window.freed_of;
        } else {
            self.end_stretch();
        }
    }

    fn end_stretch(&mut self) {
        let (freed, of) = std::mem::take(&mut self.stretch_freed);
        if let Some(mut stretch) = self.stretch.take() {
            stretch.freed_share = (of > 0).then(|| freed / of as f64);
            self.stretches.add(stretch.to_ms - stretch.from_ms, || stretch);
        }
    }

    /// Busiest windows in time order, thrashing longest first, the worst minute as (begin, throughput).
    pub fn finish(mut self) -> (Vec<BusyWindow>, Vec<Thrash>, Option<(f64, f64)>) {
        self.close();
        self.end_stretch();
        let worst = self.worst.map(|(at, share)| (at, (1.0 - share).max(0.0)));
        (self.busiest.by_order(), self.stretches.by_weight(), worst)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_spread_over_the_windows_it_covers() {
        let mut load = Load::new();
        load.pause(9_000.0, 12_000.0, true, Some(0.01));
        load.pause(100_000.0, 10.0, false, None);
        let (busiest, thrash, worst) = load.finish();
        let shares: Vec<_> = busiest.iter().map(|w| (w.at_ms, w.gc_ms)).collect();
        assert_eq!(shares, [(0.0, 1_000.0), (10_000.0, 10_000.0), (20_000.0, 1_000.0), (100_000.0, 10.0)]);
        assert_eq!(thrash.len(), 1);
        assert_eq!((thrash[0].from_ms, thrash[0].to_ms), (10_000.0, 20_000.0));
        assert!((worst.unwrap().1 - 0.8).abs() < 1e-9);
    }

    #[test]
    fn absurd_stamps_do_not_loop() {
        let mut load = Load::new();
        load.pause(0.0, 1e300, true, None);
        load.pause(1e300, 1.0, true, None);
        load.pause(f64::NAN, 1.0, true, None);
        load.pause(5.0, -1.0, true, None);
        assert!(load.finish().0.len() <= BUSIEST);
    }
}
