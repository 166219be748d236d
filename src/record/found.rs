//! What framing a chunk yields.

use std::ops::Range;

use crate::classify::checkpoint::Step;
use crate::classify::task::{self, Move};
use crate::classify::text::first_line;
use crate::event::Kind;
use crate::layout::time::{Date, Stamp};
use crate::layout::{Layout, Level};
use crate::record::gaps::Gaps;
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

/// An ordinary line about a checkpoint or a task: all that a [`Found`] could say of it, in little room.
#[derive(Debug, Clone, Copy)]
pub struct FoundStep {
    pub span: Span,
    pub stamp: Option<Stamp>,
    pub level: Level,
    /// Range of the chunk.
    pub logger: (usize, usize),
    /// Where the message begins in the chunk.
    pub message: usize,
    pub step: Routine,
}

/// What it says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Routine {
    Checkpoint(Step),
    Task(Move),
}

impl FoundStep {
    /// The same with all that the line says; `chunk` is that in which it was found.
    pub fn found(&self, chunk: &[u8]) -> Found {
        let FoundStep { span, stamp, level, logger, message, step } = *self;
        let kind = match step {
            Routine::Checkpoint(step) => Some(step.into()),
            Routine::Task(step) => {
                let line = first_line(chunk.get(message..span.byte + span.bytes).unwrap_or_default()).trim_ascii_end();
                if step.on_task_manager { task::on_task_manager(line) } else { task::on_job_manager(line) }
            }
        };
        Found { span, stamp, level, logger: Logger::At(logger.0..logger.1), kind, matter: None }
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
    /// Lines for the GC reader, and what they say by themselves.
    pub gc: Vec<(Span, crate::gc::Reading)>,
    pub gaps: Gaps,
    /// Lines where something begins that the JVM itself prints (a thread dump, a crash report, a heap dump, text of an OutOfMemoryError), each with its first
    /// byte.
    pub jvm: Vec<(u64, usize)>,
    /// Line and first byte of the last record.
    pub last_record: Option<(u64, usize)>,
}

impl ChunkResult {
    /// Nothing, with the room that its lists took: fresh memory for each chunk costs more than what is written to it.
    pub fn emptied(self) -> ChunkResult {
        let ChunkResult { mut found, mut steps, mut gc, .. } = self;
        found.clear();
        steps.clear();
        gc.clear();
        ChunkResult { found, steps, gc, ..ChunkResult::default() }
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
