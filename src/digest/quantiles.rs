//! Percentiles in bounded memory: exact while there are few values, then in logarithmic classes of less than 1 % width.
//!
//! There is one of these per job and figure, so that exact values are kept as bytes of seven bits each: durations take two.

/// Up to this many values are kept as they are.
const EXACT: u64 = 16_384;

/// Classes per doubling.
const PER_OCTAVE: f64 = 128.0;

/// A set of values of which percentiles are asked.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Quantiles {
    exact: Vec<u8>,
    classes: Vec<u64>,
    count: u64,
    min: u64,
    max: u64,
}

fn class_of(value: u64) -> usize {
    if value == 0 { 0 } else { 1 + ((value as f64).log2() * PER_OCTAVE) as usize }
}

fn value_of(class: usize) -> u64 {
    if class == 0 { 0 } else { ((class as f64 - 0.5) / PER_OCTAVE).exp2().round() as u64 }
}

fn push(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn values(bytes: &[u8]) -> impl Iterator<Item = u64> + '_ {
    bytes.split_inclusive(|byte| *byte < 0x80).map(|value| value.iter().rev().fold(0, |sum, byte| sum << 7 | u64::from(byte & 0x7f)))
}

impl Quantiles {
    /// Adds one value.
    pub fn add(&mut self, value: u64) {
        self.min = if self.count == 0 { value } else { self.min.min(value) };
        self.max = self.max.max(value);
        self.count += 1;
        if self.classes.is_empty() {
            push(&mut self.exact, value);
            if self.count > EXACT {
                for value in values(&std::mem::take(&mut self.exact)) {
                    self.add_to_class(value, 1);
                }
            }
        } else {
            self.add_to_class(value, 1);
        }
    }

    fn add_to_class(&mut self, value: u64, count: u64) {
        let class = class_of(value);
        if self.classes.len() <= class {
            self.classes.resize(class + 1, 0);
        }
        self.classes[class] += count;
    }

    /// Adds all values of `other`.
    pub fn merge(&mut self, other: &Quantiles) {
        for value in values(&other.exact) {
            self.add(value);
        }
        if other.classes.is_empty() {
            return;
        }
        for value in values(&std::mem::take(&mut self.exact)) {
            self.add_to_class(value, 1);
        }
        for (class, count) in other.classes.iter().enumerate() {
            if *count > 0 {
                self.add_to_class(value_of(class).max(u64::from(class > 0)), *count);
            }
        }
        self.min = if self.count == 0 { other.min } else { self.min.min(other.min) };
        self.max = self.max.max(other.max);
        self.count += other.count;
    }

    /// How many values.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Smallest and largest.
    pub fn bounds(&self) -> Option<(u64, u64)> {
        (self.count > 0).then_some((self.min, self.max))
    }

    /// Values at the given shares (0 to 1) by nearest rank; `None` without values.
    pub fn at(&self, shares: &[f64]) -> Option<Vec<u64>> {
        if self.count == 0 {
            return None;
        }
        let rank = |share: f64| ((share * self.count as f64).ceil() as u64).clamp(1, self.count);
        if self.classes.is_empty() {
            let mut sorted = Vec::with_capacity(self.count as usize);
            sorted.extend(values(&self.exact));
            sorted.sort_unstable();
            return Some(shares.iter().map(|share| sorted[rank(*share) as usize - 1]).collect());
        }
        let find = |share: f64| {
            let wanted = rank(share);
            let mut seen = 0;
            for (class, count) in self.classes.iter().enumerate() {
                seen += count;
                if seen >= wanted {
                    return value_of(class).clamp(self.min, self.max);
                }
            }
            self.max
        };
        Some(shares.iter().map(|share| find(*share)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_are_exact_and_many_are_close() {
        let mut few = Quantiles::default();
        for value in [5, 1, 9] {
            few.add(value);
        }
        assert_eq!(few.at(&[0.0, 0.5, 1.0]), Some(vec![1, 5, 9]));
        let mut long = Quantiles::default();
        for value in [u64::MAX, 0, 127, 128, 300] {
            long.add(value);
        }
        assert_eq!(long.at(&[0.2, 0.4, 0.6, 0.8, 1.0]), Some(vec![0, 127, 128, 300, u64::MAX]));
        let mut many = Quantiles::default();
        for value in 1..=100_000u64 {
            many.add(value);
        }
        for (share, want) in [(0.5, 50_000.0), (0.95, 95_000.0), (0.99, 99_000.0)] {
            let got = many.at(&[share]).unwrap()[0] as f64;
            assert!((got - want).abs() / want < 0.01, "{share}: {got}");
        }
        let mut merged = few.clone();
        merged.merge(&many);
        assert_eq!((merged.count(), merged.bounds()), (100_003, Some((1, 100_000))));
    }
}
