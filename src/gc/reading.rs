//! What a line says by itself, whatever stands before it: read on any thread, taken in order by [`super::Machine`].

use super::candidate::{is_candidate, strip};
use super::decorations::Stamp;
use super::unified::{self, Record, Topic};

/// A line that may matter. Its text is not kept: the machine is given it again.
#[derive(Clone, Copy, Debug)]
pub struct Reading {
    /// None of unified logging: text of JDK 8, whose meaning depends on the lines before it.
    record: Option<Unified>,
}

/// A [`Record`] whose text is a place in the line.
#[derive(Clone, Copy, Debug)]
struct Unified {
    stamp: Stamp,
    id: Option<u64>,
    generational: bool,
    topic: Topic,
    from: usize,
    to: usize,
}

/// Reads a line, with its line end or without; `None` where it cannot matter.
pub fn read(line: &[u8]) -> Option<Reading> {
    is_candidate(line).then(|| Reading::of(strip(line).0))
}

impl Reading {
    /// Reads a line that `strip` went over.
    pub(super) fn of(line: &[u8]) -> Reading {
        let record = unified::record(line).map(|Record { stamp, id, generational, topic, text }| {
            let from = (text.as_ptr() as usize).saturating_sub(line.as_ptr() as usize);
            Unified { stamp, id, generational, topic, from, to: from + text.len() }
        });
        Reading { record }
    }

    /// The record in the line that was read.
    pub(super) fn record<'a>(&self, line: &'a [u8]) -> Option<Record<'a>> {
        let Unified { stamp, id, generational, topic, from, to } = self.record?;
        Some(Record { stamp, id, generational, topic, text: line.get(from..to).unwrap_or_default() })
    }
}
