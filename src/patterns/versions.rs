//! Ranges of Flink versions as packs write them: `1.9+`, `1.9-1.13`, `1.14`.
//!
//! In: such a text. Out: whether a version lies in it.

use serde::{Deserialize, Serialize};

/// From a version on, perhaps up to one; both inclusive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionRange {
    pub from: (u32, u32),
    pub to: Option<(u32, u32)>,
}

impl VersionRange {
    /// Reads a range; the error says what is wrong.
    pub fn parse(text: &str) -> Result<VersionRange, String> {
        let bad = || format!("`{text}` is no range of versions");
        let one = |t: &str| {
            let (major, minor) = t.trim().split_once('.')?;
            Some((major.parse().ok()?, minor.parse().ok()?))
        };
        if let Some(from) = text.strip_suffix('+') {
            let from = one(from).ok_or_else(bad)?;
            return Ok(VersionRange { from, to: None });
        }
        let (from, to) = text.split_once(['-', '–']).unwrap_or((text, text));
        let from = one(from).ok_or_else(bad)?;
        let to = one(to).ok_or_else(bad)?;
        Ok(VersionRange { from, to: Some(to) })
    }

    /// Whether a major and minor version lies in it.
    pub fn contains(&self, version: (u32, u32)) -> bool {
        self.from <= version && self.to.is_none_or(|to| version <= to)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_ends_are_inside() {
        let range = VersionRange::parse("1.9-1.13").unwrap();
        assert!(range.contains((1, 9)) && range.contains((1, 13)));
        assert!(!range.contains((1, 14)) && !range.contains((1, 8)) && !range.contains((2, 0)));
        assert!(VersionRange::parse("1.18+").unwrap().contains((2, 3)));
        assert!(!VersionRange::parse("1.18").unwrap().contains((1, 19)));
    }

    #[test]
    fn nonsense_is_an_error() {
        for text in ["", "+", "1", "1.x+", "1.9-"] {
            assert!(VersionRange::parse(text).is_err(), "{text}");
        }
    }
}
