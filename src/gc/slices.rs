//! A JVM's life in a bounded number of equal slices of time, for a picture: longest pause, time in pauses, heap after collections.
//!
//! In: pauses and heap sizes by time. Out: slices from the first stamp on. When time runs beyond the last slice, neighbours are joined.

use super::model::{OverTime, Slice};

const SLICES: usize = 120;
const FIRST_MS: f64 = 10.0;
/// Stamps this far (about 30 years) from the first are broken; they would leave nothing to see.
const FARTHEST_MS: f64 = 1e12;

#[derive(Clone, Debug)]
pub(super) struct Slices {
    origin: Option<f64>,
    width: f64,
    slices: Vec<Slice>,
}

impl Slices {
    pub fn new() -> Self {
        Self { origin: None, width: FIRST_MS, slices: Vec::new() }
    }

    pub fn pause(&mut self, start: f64, ms: f64) {
        if let Some(slice) = self.at(start) {
            slice.longest_ms = slice.longest_ms.max(ms);
            slice.stopped_ms += ms;
        }
    }

    pub fn heap(&mut self, end: f64, after: u64) {
        if let Some(slice) = self.at(end) {
            slice.heap_after_bytes = Some(after);
        }
    }

    fn at(&mut self, ms: f64) -> Option<&mut Slice> {
        if !ms.is_finite() {
            return None;
        }
        let offset = (ms - *self.origin.get_or_insert(ms)).max(0.0);
        if offset > FARTHEST_MS {
            return None;
        }
        while offset >= self.width * SLICES as f64 {
            self.halve();
        }
        let at = (offset / self.width) as usize;
        if self.slices.len() <= at {
            self.slices.resize(at + 1, Slice::default());
        }
        self.slices.get_mut(at)
    }

    fn halve(&mut self) {
        let join = |pair: &[Slice]| {
            pair.iter().fold(Slice::default(), |a, b| Slice {
                longest_ms: a.longest_ms.max(b.longest_ms),
                stopped_ms: a.stopped_ms + b.stopped_ms,
                heap_after_bytes: b.heap_after_bytes.or(a.heap_after_bytes),
            })
        };
        self.slices = self.slices.chunks(2).map(join).collect();
        self.width *= 2.0;
    }

    pub fn finish(self) -> Option<OverTime> {
        let from_ms = self.origin?;
        Some(OverTime { from_ms, slice_ms: self.width, slices: self.slices })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_life_keeps_its_peaks_in_bounded_slices() {
        let mut slices = Slices::new();
        for i in 0..100_000u64 {
            slices.pause(5_000.0 + i as f64 * 100.0, if i == 70_000 { 900.0 } else { 1.0 });
            slices.heap(5_000.0 + i as f64 * 100.0, i);
        }
        let found = slices.finish().unwrap();
        assert!(found.slices.len() <= SLICES && found.slices.len() > SLICES / 2 - 1);
        assert_eq!(found.from_ms, 5_000.0);
        let at = found.slices.iter().position(|slice| slice.longest_ms == 900.0).unwrap();
        assert_eq!(at, (7_000_000.0 / found.slice_ms) as usize);
        let total: f64 = found.slices.iter().map(|slice| slice.stopped_ms).sum();
        assert!((total - 100_899.0).abs() < 1e-6);
        assert_eq!(found.slices.last().unwrap().heap_after_bytes, Some(99_999));
    }

    #[test]
    fn broken_stamps_do_no_harm() {
        let mut slices = Slices::new();
        for at in [f64::NAN, 1e300, 3.0, -1e300, 1e15] {
            slices.pause(at, 1.0);
        }
        assert!(slices.finish().unwrap().slices.len() <= SLICES);
    }
}
