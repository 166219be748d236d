//! Silence: stretches in which a source has no record. A frozen process shows so, and only so.

/// Shortest silence that is noted, in milliseconds.
pub const MIN_GAP_MS: i64 = 5_000;

/// How long after a silence records count as its burst, in milliseconds.
const BURST_MS: i64 = 2_000;

/// A silence between two neighbouring records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Times of the record before and of the one after.
    pub from: i64,
    pub to: i64,
    /// Line of the record after, 0-based, and its first byte.
    pub line: u64,
    pub byte: usize,
    /// Records within two seconds after it.
    pub burst: u32,
}

/// Finds gaps while records go by.
#[derive(Debug, Clone, Default)]
pub struct GapFinder {
    last: Option<i64>,
    found: Vec<Gap>,
}

impl GapFinder {
    /// A record at `ms`.
    #[inline]
    pub fn record(&mut self, ms: i64, line: u64, byte: usize) {
        let Some(last) = self.last else {
            // The chunk's own first record: the caller joins chunks by it.
            self.found.push(Gap { from: ms, to: ms, line, byte, burst: 1 });
            self.last = Some(ms);
            return;
        };
        if ms - last >= MIN_GAP_MS {
            self.found.push(Gap { from: last, to: ms, line, byte, burst: 1 });
        } else if let Some(gap) = self.found.last_mut()
            && ms - gap.to <= BURST_MS
        {
            gap.burst += 1;
        }
        self.last = Some(ms);
    }

    /// The gaps; the first entry is the chunk's first record with `from == to`.
    pub fn finish(self) -> Vec<Gap> {
        self.found
    }
}
