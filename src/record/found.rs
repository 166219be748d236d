//! What framing a chunk yields.

use std::borrow::Cow;
use std::ops::Range;

use crate::classify::checkpoint::Step;
use crate::event::Kind;
use crate::layout::time::{Date, Stamp};
use crate::layout::{Layout, Level};
use crate::record::gaps::Gap;
use crate::rules::Matter;

/// A place in a chunk (later in a source): lines and bytes from its beginning, 0-based.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Span {
    pub line: u64,
    pub lines: u64,
    pub byte: usize,
    pub bytes: usize,
}

/// A record that says something.
#[derive(Debug, Clone)]
pub struct Found {
    pub span: Span,
    pub stamp: Option<Stamp>,
    pub level: Level,
    pub logger: Logger,
    pub kind: Option<Kind>,
    /// Exceptions and patterns in its text.
    pub matter: Option<Matter>,
}

/// The name of a record's logger: mostly a piece of the chunk.
#[derive(Debug, Clone)]
pub enum Logger {
    At(Range<usize>),
    Copied(Box<[u8]>),
}

impl Logger {
    /// The name; `chunk` is that in which the record was found.
    pub fn name<'a>(&'a self, chunk: &'a [u8]) -> &'a [u8] {
        match self {
            Logger::At(range) => chunk.get(range.clone()).unwrap_or_default(),
            Logger::Copied(name) => name,
        }
    }
}

/// A checkpoint's ordinary line: all that a [`Found`] could say of it, in little room.
#[derive(Debug, Clone, Copy)]
pub struct FoundStep {
    pub span: Span,
    pub stamp: Option<Stamp>,
    pub level: Level,
    /// Range of the chunk.
    pub logger: (usize, usize),
    pub step: Step,
}

impl From<FoundStep> for Found {
    fn from(found: FoundStep) -> Found {
        let FoundStep { span, stamp, level, logger, step } = found;
        Found { span, stamp, level, logger: Logger::At(logger.0..logger.1), kind: Some(step.into()), matter: None }
    }
}

/// All of one chunk.
#[derive(Debug, Clone, Default)]
pub struct ChunkResult {
    pub lines: u64,
    pub records: u64,
    pub unparsed_lines: u64,
    pub capped_lines: u64,
    /// First and last stamp with a full date.
    pub first: Option<Stamp>,
    pub last: Option<Stamp>,
    /// Smallest and largest time seen, where stamps have a full date.
    pub span_ms: Option<(i64, i64)>,
    pub layouts: [u64; Layout::COUNT],
    /// In order of place, as are `steps`.
    pub found: Vec<Found>,
    pub steps: Vec<FoundStep>,
    /// Lines for the GC reader.
    pub gc: Vec<Span>,
    pub gaps: Vec<Gap>,
    /// Something that the JVM itself prints begins in it: a thread dump, a crash report, a heap dump, text of an OutOfMemoryError.
    pub jvm: bool,
    /// Line and first byte of the last record.
    pub last_record: Option<(u64, usize)>,
}

impl ChunkResult {
    /// Everything that was found, steps among the rest, in order of place.
    pub fn all_found(&self) -> impl Iterator<Item = Cow<'_, Found>> {
        let (mut found, mut steps) = (self.found.iter().peekable(), self.steps.iter().peekable());
        std::iter::from_fn(move || match (found.peek(), steps.peek()) {
            (Some(other), Some(step)) if other.span.byte < step.span.byte => found.next().map(Cow::Borrowed),
            (_, Some(_)) => steps.next().map(|step| Cow::Owned(Found::from(*step))),
            _ => found.next().map(Cow::Borrowed),
        })
    }

    /// Notes the time of a record.
    #[inline]
    pub fn see_time(&mut self, stamp: Stamp) {
        if self.first.is_none() {
            self.first = Some(stamp);
        }
        self.last = Some(stamp);
        if stamp.date == Date::Full {
            let (low, high) = self.span_ms.get_or_insert((stamp.ms, stamp.ms));
            *low = (*low).min(stamp.ms);
            *high = (*high).max(stamp.ms);
        }
    }
}
