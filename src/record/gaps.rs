//! Silence: stretches in which a source has no record. A frozen process shows so, and only so.

/// Shortest silence that is noted, in milliseconds.
pub const MIN_GAP_MS: i64 = 5_000;

/// How long after a silence records count as its burst, in milliseconds.
const BURST_MS: i64 = 2_000;

/// Records from which on a burst is not counted further.
const MAX_BURST: u32 = 100;

/// A silence between two neighbouring records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// Times of the record before and of the one after.
    pub from: i64,
    pub to: i64,
    /// Line of the record after, 0-based, and its first byte.
    pub line: u64,
    pub byte: usize,
    /// Records within two seconds after it, at most 100.
    pub burst: u32,
}

/// What a chunk shows of silences.
#[derive(Debug, Clone, Default)]
pub struct Gaps {
    /// The first entry is the chunk's first record with `from == to`: whether a gap lies before it shows in the chunk before.
    pub found: Vec<Gap>,
    /// Does the burst of the last one go on beyond the chunk?
    pub open: bool,
    /// Times from the chunk's beginning on that may belong to a burst of the chunk before.
    pub lead: Vec<i64>,
}

/// Bounds of a burst: the first record outside of them ends it.
fn within(to: i64, ms: i64) -> bool {
    (to..=to + BURST_MS).contains(&ms)
}

impl Gaps {
    /// Adds to a burst of the chunk before what this chunk begins with. Does it go on?
    pub fn go_on(&self, gap: &mut Gap) -> bool {
        for ms in &self.lead {
            if !within(gap.to, *ms) {
                return false;
            }
            gap.burst = (gap.burst + 1).min(MAX_BURST);
        }
        self.found.len() < 2
    }
}

/// Finds gaps while records go by.
#[derive(Debug, Clone, Default)]
pub struct GapFinder {
    last: Option<i64>,
    gaps: Gaps,
    leads: bool,
}

impl GapFinder {
    /// A record at `ms`.
    #[inline]
    pub fn record(&mut self, ms: i64, line: u64, byte: usize) {
        let Some(last) = self.last.replace(ms) else {
            self.gaps.found.push(Gap { from: ms, to: ms, line, byte, burst: 1 });
            self.gaps.lead.push(ms);
            (self.gaps.open, self.leads) = (true, true);
            return;
        };
        if self.leads {
            self.lead(ms);
        }
        if ms - last >= MIN_GAP_MS {
            self.gaps.found.push(Gap { from: last, to: ms, line, byte, burst: 1 });
            self.gaps.open = true;
        } else if self.gaps.open
            && let Some(gap) = self.gaps.found.last_mut()
        {
            self.gaps.open = within(gap.to, ms);
            gap.burst = (gap.burst + u32::from(self.gaps.open)).min(MAX_BURST);
        }
    }

    #[inline(never)]
    fn lead(&mut self, ms: i64) {
        self.gaps.lead.push(ms);
        // Whatever gap lies before, its burst ends with one that is later than this, or is as long as can be.
        let late = self.gaps.lead.first().is_some_and(|first| ms > first + BURST_MS);
        self.leads = !late && self.gaps.lead.len() <= MAX_BURST as usize;
    }

    /// The chunk's gaps.
    pub fn finish(self) -> Gaps {
        self.gaps
    }
}
