//! Framing: a chunk of a source in, records and typed events out. A record is a head line and the lines that go on it.
//!
//! Stateless over chunks, so that chunks are framed in parallel: a chunk begins at a record and ends before one (see `input::chunk`). An ordinary record
//! costs a search for the line end, a look at fixed columns and one table look-up; text is searched only where a record can matter.

pub mod found;
pub mod gaps;
pub mod text;

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use crate::classify::text::{LastJob, Message};
use crate::classify::{self, Group};
use crate::layout::time::{Date, DayClock, Stamp};
use crate::layout::{self, Head, Lacks, Layout, Level, Naming, ansi, json};
use crate::rules::Rules;

pub use found::{ChunkResult, Found, FoundStep, Logger, Routine, Span};
use gaps::GapFinder;
use text::is_printed;
pub use text::names_a_throwable;

/// From this length on the rest of a line or record is passed over and counted.
pub const MAX_RECORD: usize = 1 << 20;

/// About what a line about a checkpoint takes.
const BYTES_PER_STEP: usize = 230;

/// How the lines of a source are to be read; decided once from its beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mode {
    /// Records begin with heads; other lines go on the record before. Otherwise each line stands for itself, stack frames aside.
    pub headed: bool,
    /// What heads may lack.
    pub lacks: Lacks,
    pub gc: GcLines,
    /// Role of the process that writes here, as the report names it, where the beginning shows it.
    pub process: Option<&'static str>,
}

/// Where GC lines may stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GcLines {
    /// A GC log of its own.
    Only,
    /// Among other lines (`.out`, console output).
    Mixed,
    No,
}

/// Does this line go on the text record before it: stack frames, causes, indented text?
pub fn continues(line: &[u8]) -> bool {
    match line.first() {
        None => true,
        Some(b'\t' | b' ' | b')' | b'}') => true,
        Some(b'C') => line.starts_with(b"Caused by: "),
        Some(b'S') => line.starts_with(b"Suppressed: "),
        Some(b'.') => line.starts_with(b"... "),
        Some(b'a') if line.starts_with(b"at ") => true,
        Some(b'N') => line.trim_ascii_end() == b"NestedThrowables:",
        Some(b'0'..=b'9' | b'[') => layout::trace_behind_head(line).is_some(),
        Some(b'\r') => line.len() == 1,
        // A mail program broke the line behind `at`, or before the name of the jar.
        Some(b'~') => line.starts_with(b"~["),
        Some(b'a'..=b'z') => crate::exception::is_bare_frame(line),
        _ => false,
    }
}

/// The line of a throwable or of its cause: a message may go on below it.
fn throws(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    starts_text(line) || line.strip_prefix(b"Caused by: ").is_some_and(names_a_throwable)
}

/// A frame or what stands for several: the message above it has ended.
fn ends_a_message(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    line.starts_with(b"at ") || line.starts_with(b"... ")
}

/// Is the line no part of a message whatever stands above it: a throwable, or what the JVM itself says?
fn stands_alone(line: &[u8]) -> bool {
    const OF_THE_JVM: [&[u8]; 6] = [b"Terminating due to ", b"Aborting due to ", b"There is insufficient memory", b"OpenJDK ", b"Java HotSpot", b"#"];
    starts_text(line) || OF_THE_JVM.iter().any(|begin| line.starts_with(begin))
}

/// Can a record begin at this line?
pub fn begins(line: &[u8], mode: Mode) -> bool {
    match mode.gc {
        GcLines::Only => !matches!(line.first(), Some(b' ' | b'\t') | None),
        _ if mode.headed => is_head(line, mode.lacks) || (mode.gc == GcLines::Mixed && is_gc_line(line)),
        _ => !continues(line),
    }
}

/// Is it a line of the collector's own, not one that only mentions it?
fn is_gc_line(line: &[u8]) -> bool {
    matches!(line.first(), Some(b'[' | b'0'..=b'9')) && crate::gc::is_candidate(line)
}

/// Lines that the message of a throwable may take in text without heads (JDBC drivers, load errors of OLAP stores).
pub const MESSAGE_LINES: u64 = 12;

/// Does a line of text begin a throwable of its own?
pub fn starts_text(line: &[u8]) -> bool {
    names_a_throwable(line) || line.starts_with(b"Exception in thread ")
}

/// Does the line at byte `at` name what nests in the exception above it? JDO's exceptions and those of Flink's REST client have that in their own text.
fn nests(bytes: &[u8], at: usize) -> bool {
    let before = bytes[..at].strip_suffix(b"\n").map(|line| line.strip_suffix(b"\r").unwrap_or(line));
    before.is_some_and(|before| before.ends_with(b"\nNestedThrowables:") || before.ends_with(b"<Exception on server side:"))
}

/// Can a chunk begin at byte `at` of `bytes`, which begins at a record itself?
pub fn may_cut(bytes: &[u8], at: usize, mode: Mode) -> bool {
    let rest = &bytes[at..];
    let line = &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())];
    if !begins(line, mode) {
        return false;
    }
    if mode.headed || mode.gc == GcLines::Only {
        return true;
    }
    if nests(bytes, at) {
        return false;
    }
    if stands_alone(line) {
        return true;
    }
    // Not inside the message of a throwable.
    let mut end = at;
    for _ in 0..=MESSAGE_LINES {
        if end == 0 {
            break;
        }
        let start = memchr::memrchr(b'\n', &bytes[..end - 1]).map_or(0, |newline| newline + 1);
        let before = &bytes[start..end - 1];
        if throws(before) {
            return false;
        }
        if ends_a_message(before) {
            return true;
        }
        end = start;
    }
    true
}

/// Does `line` parse as the head of a record?
pub fn is_head(line: &[u8], lacks: Lacks) -> bool {
    if line.first() == Some(&b'{') {
        return json::parse(line).is_some();
    }
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if !layout::may_be_head(line) {
        return false;
    }
    let mut clock = DayClock::default();
    if layout::shipped(line, &mut clock).is_some() {
        return true;
    }
    layout::general(&ansi::strip(&line[..line.len().min(layout::HEAD_BYTES)]), lacks).is_some()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Interest {
    /// Counted only.
    None,
    /// A classifier of this group looks at it; `patterns`: patterns may name its logger too.
    Group { group: Group, patterns: bool },
    /// Patterns name its logger.
    Patterns,
}

/// The record that is being read.
struct Open {
    start: usize,
    /// Where its first line ends.
    head_end: usize,
    line: u64,
    stamp: Option<Stamp>,
    level: Level,
    layout: Layout,
    /// Ranges of the chunk; meaningless for JSON and coloured heads, which are parsed again when the record ends.
    logger: (usize, usize),
    message: usize,
    interest: Interest,
    /// A continuation line looks like a part of a stack trace.
    traced: bool,
    /// The head has to be parsed again from a copy (colours, JSON).
    copied: bool,
    capped: bool,
    /// A line of it ends with CR LF.
    returns: bool,
    /// Headless: the line of a throwable whose message may go on over lines that look like any others.
    thrown_at: Option<u64>,
}

impl Open {
    /// Its place, if it ends before byte `end` and line `number`.
    #[inline]
    fn span(&self, end: usize, number: u64) -> Span {
        let bytes = (end - self.start).min(MAX_RECORD);
        Span { line: self.line, lines: (number - self.line).max(1), byte: self.start, bytes }
    }
}

/// Reads one chunk. Lines and bytes in the result count from the chunk's beginning.
pub fn scan(chunk: &[u8], mode: Mode, rules: &Rules) -> ChunkResult {
    scan_into(ChunkResult::default(), chunk, mode, rules)
}

/// The same into the room of an [emptied](ChunkResult::emptied) result.
pub fn scan_into(out: ChunkResult, chunk: &[u8], mode: Mode, rules: &Rules) -> ChunkResult {
    Scanner {
        chunk,
        mode,
        rules,
        out,
        loggers: FxHashMap::default(),
        recent: Recent::default(),
        clock: DayClock::default(),
        gaps: GapFinder::default(),
        last_job: LastJob::default(),
        open: None,
    }
    .run()
}

/// Loggers that wrote last, with the columns up to the message: most records are of a few loggers, and comparing is cheaper than reading and hashing.
#[derive(Default)]
struct Recent<'c> {
    heads: [Option<Known<'c>>; 8],
    last: usize,
    oldest: usize,
}

#[derive(Clone, Copy)]
struct Known<'c> {
    /// Eight of its bytes: names of Flink's own begin alike.
    telling: Option<u64>,
    text: &'c [u8],
    naming: Naming,
    interest: Interest,
}

/// Those eight bytes, behind `org.apache.flink.runtime.`.
fn telling(text: &[u8]) -> Option<u64> {
    const AT: usize = 25;
    text.get(AT..AT + 8)?.try_into().map(u64::from_le_bytes).ok()
}

impl<'c> Recent<'c> {
    #[inline]
    fn find(&mut self, rest: &[u8]) -> Option<(Naming, Interest)> {
        let tells = telling(rest);
        let fits = |head: &Known| (head.telling.is_none() || head.telling == tells) && rest.starts_with(head.text);
        let known = match self.heads[self.last].filter(fits) {
            Some(known) => known,
            None => {
                self.last = self.heads.iter().position(|head| head.as_ref().is_some_and(fits))?;
                self.heads[self.last]?
            }
        };
        Some((known.naming, known.interest))
    }

    fn add(&mut self, rest: &'c [u8], naming: Naming, interest: Interest) {
        let text = &rest[..naming.message];
        // `-` at the end of a line separates only there.
        if text.ends_with(b"- ") {
            self.heads[self.oldest] = Some(Known { telling: telling(text), text, naming, interest });
            self.last = self.oldest;
            self.oldest = (self.oldest + 1) % self.heads.len();
        }
    }
}

/// Line ends of a chunk, a window at a time: memory that is read in one go comes faster than line by line between other work.
struct LineEnds<'c> {
    chunk: &'c [u8],
    at: usize,
    ends: Vec<usize>,
}

/// Fits the fastest caches beside what lines are compared with.
const WINDOW: usize = 32 << 10;

impl<'c> LineEnds<'c> {
    fn new(chunk: &'c [u8]) -> Self {
        LineEnds { chunk, at: 0, ends: Vec::with_capacity(512) }
    }

    /// The next line ends; a last line without one ends with the chunk.
    fn next_window(&mut self) -> Option<&[usize]> {
        self.ends.clear();
        while self.ends.is_empty() {
            if self.at >= self.chunk.len() {
                return None;
            }
            let end = (self.at + WINDOW).min(self.chunk.len());
            let at = self.at;
            self.ends.extend(memchr::memchr_iter(b'\n', &self.chunk[at..end]).map(|n| at + n));
            self.at = end;
            if end == self.chunk.len() && self.chunk.last() != Some(&b'\n') {
                self.ends.push(end);
            }
        }
        Some(&self.ends)
    }
}

struct Scanner<'c, 'r> {
    chunk: &'c [u8],
    mode: Mode,
    rules: &'r Rules,
    out: ChunkResult,
    loggers: FxHashMap<&'c [u8], Interest>,
    recent: Recent<'c>,
    clock: DayClock,
    gaps: GapFinder,
    last_job: LastJob,
    open: Option<Open>,
}

impl<'c> Scanner<'c, '_> {
    fn run(mut self) -> ChunkResult {
        if self.mode.gc == GcLines::Only {
            return self.gc_only();
        }
        let chunk = self.chunk;
        let mut start = 0;
        let mut line_number = 0;
        let mut ends = LineEnds::new(chunk);
        while let Some(window) = ends.next_window() {
            for &end in window {
                self.line(start, end, line_number);
                line_number += 1;
                start = end + 1;
            }
        }
        if let Some(open) = &self.open {
            self.out.last_record = Some((open.line, open.start));
        }
        self.close(chunk.len(), line_number);
        self.out.lines = line_number;
        self.out.gaps = self.gaps.finish();
        self.out
    }

    fn gc_only(mut self) -> ChunkResult {
        let mut start = 0;
        let chunk = self.chunk;
        let mut line_number = 0;
        for end in memchr::memchr_iter(b'\n', chunk).chain((chunk.last() != Some(&b'\n') && !chunk.is_empty()).then_some(chunk.len())) {
            if let Some(reading) = crate::gc::read(&chunk[start..end]) {
                self.out.gc.push((Span { line: line_number, lines: 1, byte: start, bytes: end - start }, reading));
            }
            self.jvm_begins(start, end, line_number);
            line_number += 1;
            start = end + 1;
        }
        self.out.lines = line_number;
        self.out.records = line_number;
        self.out
    }

    #[inline]
    fn line(&mut self, start: usize, end: usize, number: u64) {
        let chunk = self.chunk;
        let line = &chunk[start..end];
        let first = line.first().copied().unwrap_or(0);
        if first.is_ascii_digit() && self.shipped(start, line, number) {
            if self.mode.gc == GcLines::Mixed {
                self.gc_inside(start, end, number);
            }
        } else if !self.is_further_frame(line, end) {
            self.other_line(start, end, number, first);
        }
        if line.last() == Some(&b'\r')
            && let Some(open) = &mut self.open
        {
            open.returns = true;
        }
    }

    /// A stack frame of a record that is known to have some: no line is more frequent among those without a head, and there is nothing to note of it.
    #[inline]
    fn is_further_frame(&self, line: &[u8], end: usize) -> bool {
        line.starts_with(b"\tat ")
            && self.mode.gc == GcLines::No
            && self
                .open
                .as_ref()
                .is_some_and(|open| open.traced && open.thrown_at.is_none() && !open.capped && end - open.start <= MAX_RECORD && !is_text(open))
    }

    /// Begins a record if the line is a head in the shipped pattern.
    #[inline]
    fn shipped(&mut self, start: usize, line: &'c [u8], number: u64) -> bool {
        let Some((ms, level)) = layout::shipped_columns(line, &mut self.clock) else { return false };
        let rest = &line[layout::SHIPPED_LOGGER..];
        let (naming, interest) = match self.recent.find(rest) {
            Some(known) => known,
            None => {
                let Some(naming) = layout::naming(rest) else { return false };
                let interest = self.interest(&rest[..naming.name]);
                self.recent.add(rest, naming, interest);
                (naming, interest)
            }
        };
        let logger = start + layout::SHIPPED_LOGGER;
        self.push(Open {
            start,
            head_end: start + line.len(),
            line: number,
            stamp: Some(Stamp { ms, offset_minutes: None, date: Date::Full }),
            level,
            layout: naming.layout,
            logger: (logger, logger + naming.name),
            message: logger + naming.message,
            interest: if level <= Level::Info { interest } else { Interest::Patterns },
            traced: false,
            copied: false,
            capped: false,
            returns: false,
            thrown_at: None,
        });
        true
    }

    #[inline(never)]
    fn other_line(&mut self, start: usize, end: usize, number: u64, first: u8) {
        let line = &self.chunk[start..end];
        self.jvm_begins(start, end, number);
        if first == b'{' {
            if let Some(record) = json::parse(line) {
                let interest = self.interest_of_copy(record.level, record.logger.as_bytes());
                let open = Open {
                    start,
                    head_end: end,
                    line: number,
                    stamp: record.stamp,
                    level: record.level,
                    layout: record.layout,
                    logger: (0, 0),
                    message: start,
                    interest,
                    traced: memchr::memchr(b'\n', record.text.as_bytes()).is_some(),
                    copied: true,
                    capped: false,
                    returns: false,
                    thrown_at: None,
                };
                self.push(open);
                return;
            }
        } else if layout::may_be_head(line) {
            let bare = line.strip_suffix(b"\r").unwrap_or(line);
            if memchr::memchr(0x1b, &bare[..bare.len().min(256)]).is_some() {
                let stripped = ansi::strip(bare);
                let mut clock = DayClock::default();
                let head = layout::shipped(&stripped, &mut clock).or_else(|| layout::general(&stripped, self.mode.lacks));
                if let Some(head) = head {
                    let interest = self.interest_of_copy(head.level, head.logger);
                    let open = Open {
                        start,
                        head_end: end,
                        line: number,
                        stamp: head.stamp,
                        level: head.level,
                        layout: head.layout,
                        logger: (0, 0),
                        message: start,
                        interest,
                        traced: false,
                        copied: true,
                        capped: false,
                        returns: false,
                        thrown_at: None,
                    };
                    self.push(open);
                    return;
                }
            } else if let Some(head) = layout::general(bare, self.mode.lacks) {
                self.begin(start, end, number, head);
                if self.mode.gc == GcLines::Mixed {
                    self.gc_inside(start, end, number);
                }
                return;
            }
        }
        if self.mode.gc == GcLines::Mixed
            && let Some(reading) = crate::gc::read(line)
        {
            self.out.gc.push((Span { line: number, lines: 1, byte: start, bytes: end - start }, reading));
            // A line of the collector's own ends the record before it; one that only mentions it is read on.
            if is_gc_line(line) {
                self.close(start, number);
                self.out.records += 1;
                return;
            }
        }
        self.continuation(start, end, number);
    }

    /// Whatever else a line is, something of the JVM's own may begin with it.
    fn jvm_begins(&mut self, start: usize, end: usize, number: u64) {
        if crate::jvm::begins(&self.chunk[start..end]) {
            self.out.jvm.push((number, start));
        }
    }

    fn gc_inside(&mut self, start: usize, end: usize, number: u64) {
        if let Some(reading) = crate::gc::read(&self.chunk[start..end]) {
            self.out.gc.push((Span { line: number, lines: 1, byte: start, bytes: end - start }, reading));
        }
    }

    fn continuation(&mut self, start: usize, end: usize, number: u64) {
        let line = &self.chunk[start..end];
        let message_goes_on = self.open.as_ref().is_some_and(|open| open.thrown_at.is_some_and(|at| number - at <= MESSAGE_LINES)) && !stands_alone(line)
            || nests(self.chunk, start);
        // A paste may begin in the middle of a trace: what stands before the first head is text.
        let text = if self.mode.headed { self.open.as_ref().map_or(number == 0, is_text) } else { true };
        // Code in a text stands to the right of it.
        let anew = self.open.as_ref().is_some_and(|open| open.thrown_at.is_none() && !open.traced) && starts_text(line.trim_ascii_start());
        let printed = !text && (is_printed(line) || self.tells_in_python(line)) && self.stands_beside(start);
        if printed || text && (self.open.is_none() || anew || !continues(line) && !message_goes_on) {
            self.close(start, number);
            self.open = Some(Open {
                start,
                head_end: end,
                line: number,
                stamp: None,
                level: Level::Unknown,
                layout: Layout::Custom,
                logger: (start, start),
                message: start,
                interest: Interest::None,
                traced: false,
                copied: false,
                capped: false,
                returns: false,
                thrown_at: throws(line).then_some(number),
            });
            return;
        }
        let Some(open) = &mut self.open else {
            // Nothing to go on: the source begins in the middle, or is text of another kind.
            self.out.unparsed_lines += 1;
            return;
        };
        if end - open.start > MAX_RECORD && !open.capped {
            open.capped = true;
        }
        if open.capped {
            self.out.capped_lines += 1;
        }
        if ends_a_message(line) {
            open.thrown_at = None;
        } else if text && throws(line) {
            open.thrown_at = Some(number);
        }
        if !open.traced {
            open.traced = match line.first() {
                Some(b'\t' | b' ') => {
                    memchr::memmem::find(&line[..line.len().min(400)], b"at ").is_some()
                        || memchr::memmem::find(&line[..line.len().min(200)], b"Caused by: ").is_some()
                }
                Some(b'C') => line.starts_with(b"Caused by: "),
                Some(b'a') => line.starts_with(b"at "),
                Some(b'T') => line.starts_with(b"Traceback (most recent call last)"),
                Some(b'0'..=b'9' | b'[') => layout::trace_behind_head(line).is_some(),
                Some(b'a'..=b'z') => text::names_a_throwable(line) || text::holds_a_trace(line),
                _ => false,
            };
        }
    }

    /// Can a line at `at` be none of the open record's? A record that quotes what another program printed announces it with a colon, or has said more already.
    fn stands_beside(&self, at: usize) -> bool {
        let Some(open) = &self.open else { return false };
        let mut lines = self.chunk[open.start..at].split(|byte| *byte == b'\n');
        let head = lines.next().unwrap_or_default().trim_ascii_end();
        !head.ends_with(b":") && lines.all(|line| line.trim_ascii().iter().all(|byte| *byte == b'-'))
    }

    /// Does a Python program's traceback begin behind a record that told of nothing wrong?
    fn tells_in_python(&self, line: &[u8]) -> bool {
        line.starts_with(b"Traceback (most recent call last):") && self.open.as_ref().is_some_and(|open| open.level <= Level::Info)
    }

    #[inline]
    fn begin(&mut self, start: usize, end: usize, number: u64, head: Head<'c>) {
        let interest = match head.level {
            Level::Info | Level::Debug | Level::Trace => self.interest(head.logger),
            _ => Interest::Patterns,
        };
        let base = self.chunk.as_ptr() as usize;
        // Without a logger the slice lies elsewhere and the place is not used.
        let logger_at = (head.logger.as_ptr() as usize).wrapping_sub(base);
        let message = (head.message.as_ptr() as usize).wrapping_sub(base).min(self.chunk.len());
        let open = Open {
            start,
            head_end: end,
            line: number,
            stamp: head.stamp,
            level: head.level,
            layout: head.layout,
            logger: if head.logger.is_empty() { (0, 0) } else { (logger_at, logger_at + head.logger.len()) },
            message,
            interest,
            traced: false,
            copied: false,
            capped: false,
            returns: false,
            thrown_at: None,
        };
        self.push(open);
    }

    #[inline]
    fn push(&mut self, open: Open) {
        self.close(open.start, open.line);
        if let Some(stamp) = open.stamp {
            self.out.see_time(stamp);
            if stamp.date == Date::Full {
                self.gaps.record(stamp.ms, open.line, open.start);
            }
        }
        self.out.layouts[open.layout as usize] += 1;
        self.open = Some(open);
    }

    #[inline]
    fn interest(&mut self, logger: &'c [u8]) -> Interest {
        if let Some(known) = self.loggers.get(logger) {
            return *known;
        }
        let found = self.interest_of_copy(Level::Info, logger);
        // Hostile inputs name a new logger on every line.
        if self.loggers.len() < 4096 {
            self.loggers.insert(logger, found);
        }
        found
    }

    fn interest_of_copy(&self, level: Level, logger: &[u8]) -> Interest {
        if level >= Level::Warn || level == Level::Unknown {
            return Interest::Patterns;
        }
        let patterns = self.rules.may_fit_info(layout::simple_name(logger));
        match classify::group_of(logger) {
            Some(group) => Interest::Group { group, patterns },
            None if logger.is_empty() || patterns => Interest::Patterns,
            None => Interest::None,
        }
    }

    /// Ends the open record before byte `end` and line `number`.
    #[inline]
    fn close(&mut self, end: usize, number: u64) {
        let Some(open) = &self.open else { return };
        self.out.records += 1;
        if end - open.start > MAX_RECORD && !open.capped {
            self.out.capped_lines += 1;
        }
        match open.interest {
            Interest::None if !open.traced && self.mode.headed && !is_text(open) => {}
            Interest::Group { group, .. } if !open.traced && !open.copied => {
                let message = self.chunk.get(open.message..open.head_end.min(open.start + MAX_RECORD)).unwrap_or_default();
                match classify::routine(group, message.trim_ascii_end(), &mut self.last_job) {
                    Some(step) => {
                        let Open { stamp, level, logger, message, .. } = *open;
                        let span = open.span(end, number);
                        if self.out.steps.capacity() == 0 {
                            // Where there is one there are many: a list that grows is copied again and again.
                            self.out.steps.reserve((self.chunk.len() - open.start) / BYTES_PER_STEP);
                        }
                        self.out.steps.push(FoundStep { span, stamp, level, logger, message, step });
                    }
                    None => self.look_at(end, number),
                }
            }
            _ => self.look_at(end, number),
        }
        self.open = None;
    }

    #[inline(never)]
    fn look_at(&mut self, end: usize, number: u64) {
        let Some(open) = self.open.take() else { return };
        let chunk = self.chunk;
        let span = open.span(end, number);
        let whole = open.start + span.bytes;
        let raw = &chunk[open.start..whole];
        if is_text(&open) {
            return self.text_record(&open, span, raw);
        }
        if open.copied {
            return self.copied_record(&open, span, raw);
        }
        let from = open.message.min(whole);
        let message = &chunk[from..whole];
        let (logger, named) = (&chunk[open.logger.0..open.logger.1], Logger::At(open.logger.0..open.logger.1));
        if open.returns {
            return self.record(&open, span, logger, Message::new(without_cr(message).trim_ascii_end()), named);
        }
        self.record(&open, span, logger, Message::with_line(message, open.head_end.saturating_sub(from)), named);
    }

    fn copied_record(&mut self, open: &Open, span: Span, raw: &[u8]) {
        let first = classify::text::first_line(raw);
        if raw.first() == Some(&b'{') {
            let Some(record) = json::parse(first) else { return };
            let mut text = record.text.into_bytes();
            if raw.len() > first.len() + 1 {
                text.extend_from_slice(&raw[first.len()..]);
            }
            let logger = record.logger.as_bytes();
            return self.record(open, span, logger, Message::new(text.trim_ascii_end()), Logger::Copied(logger.into()));
        }
        let stripped = ansi::strip(raw);
        let text = without_cr(&stripped);
        let line = classify::text::first_line(&text);
        let mut clock = DayClock::default();
        let Some(head) = layout::shipped(line, &mut clock).or_else(|| layout::general(line, self.mode.lacks)) else { return };
        let at = text.len() - (text.len() - line.len()) - head.message.len();
        self.record(open, span, head.logger, Message::new(text[at..].trim_ascii_end()), Logger::Copied(head.logger.into()));
    }

    fn record(&mut self, open: &Open, span: Span, logger: &[u8], message: Message, named: Logger) {
        let group = match open.interest {
            Interest::Group { group, .. } => Some(group),
            _ => classify::group_of(logger),
        };
        let kind = classify::classify(group, open.level, logger, behind_line_break(message));
        // No event, no pattern of its logger, no trace: there is nothing to look for.
        if kind.is_none() && !open.traced && matches!(open.interest, Interest::Group { patterns: false, .. }) {
            return;
        }
        let unindented = if open.traced { unindented(message) } else { Cow::Borrowed(message.text()) };
        let message = message.above(&unindented);
        let text = self.rules.look(&kind, open.level, logger, message, open.traced, self.mode.process);
        if kind.is_none() && text.is_none() && open.level < Level::Warn {
            return;
        }
        self.out.found.push(Found { span, stamp: open.stamp, level: open.level, logger: named, kind, matter: text });
    }

    /// A line of `.out`, `.err` or of another text without heads, with its stack frames.
    fn text_record(&mut self, open: &Open, span: Span, raw: &[u8]) {
        let text = without_cr(raw);
        let Some(matter) = self.rules.look_at_any_text(&text, open.traced, self.mode.process) else {
            if self.mode.headed {
                self.out.unparsed_lines += span.lines;
                self.out.records -= 1;
            }
            return;
        };
        self.out.found.push(Found { span, stamp: None, level: Level::Unknown, logger: Logger::At(0..0), kind: None, matter: Some(matter) });
    }
}

/// A message that somebody's editor put on the line below its head: `…ExecutionGraph`, then `[] - Job orders (…) switched …`.
fn behind_line_break(message: Message) -> Message {
    if !message.line().trim_ascii().is_empty() {
        return message;
    }
    let below = message.rest().trim_ascii_start();
    below.strip_prefix(b"[] - ").or_else(|| below.strip_prefix(b"- ")).map_or(message, Message::new)
}

/// A message whose further lines were all moved to the right by a tab, as schedulers do that log what they ran. Frames have one of their own behind it.
fn unindented(message: Message<'_>) -> Cow<'_, [u8]> {
    let (line, rest) = (message.line(), message.rest());
    let moved = rest.starts_with(b"\n\t") && !rest.starts_with(b"\n\tat ") && !rest.starts_with(b"\n\t...");
    if !moved || memchr::memchr_iter(b'\n', rest).any(|newline| !matches!(rest.get(newline + 1), Some(b'\t' | b'\n') | None)) {
        return Cow::Borrowed(message.text());
    }
    let mut out = Vec::with_capacity(line.len() + rest.len());
    out.extend_from_slice(line);
    for line in rest[1..].split(|byte| *byte == b'\n') {
        out.push(b'\n');
        out.extend_from_slice(line.strip_prefix(b"\t").unwrap_or(line));
    }
    Cow::Owned(out)
}

/// Lines without a head: all of a text, or what stands before the first head of a log.
fn is_text(open: &Open) -> bool {
    open.level == Level::Unknown && open.stamp.is_none() && !open.copied
}

/// `text` with CR LF made LF; borrowed where there is none.
fn without_cr(text: &[u8]) -> Cow<'_, [u8]> {
    if memchr::memchr(b'\r', text).is_none() {
        return Cow::Borrowed(text);
    }
    if memchr::memmem::find(text, b"\r\n").is_none() {
        return Cow::Borrowed(text.strip_suffix(b"\r").unwrap_or(text));
    }
    let mut out = Vec::with_capacity(text.len());
    for (i, byte) in text.iter().enumerate() {
        if *byte != b'\r' || text.get(i + 1) != Some(&b'\n') {
            out.push(*byte);
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::patterns::Packs;

    const HEADED: Mode = Mode { headed: true, lacks: Lacks::Nothing, gc: GcLines::No, process: None };

    fn read(text: &str) -> ChunkResult {
        scan(text.as_bytes(), HEADED, &Rules::new(Packs::shipped().clone()))
    }

    #[test]
    fn the_end_of_a_trace_before_the_first_head_is_read() {
        let text = "\tat com.acme.Orders.open(Orders.java:12)\nCaused by: java.lang.NoSuchMethodError: 'void com.acme.Util.x()'\n\t... 3 more\n\
                    2026-11-21 10:00:00,000 INFO  org.apache.flink.runtime.taskmanager.Task [] - next\n";
        let read = read(text);
        let thrown = read.found[0].matter.as_ref().and_then(|m| m.thrown.as_ref()).expect("a throwable");
        assert_eq!(thrown.trace.root_link().map(|l| l.class.as_str()), Some("java.lang.NoSuchMethodError"));
        assert_eq!((read.records, read.unparsed_lines), (2, 0));
    }

    #[test]
    fn below_a_head_that_was_broken_the_exception_keeps_its_line() {
        let text = "2026-11-21 10:00:00,000 INFO  org.apache.flink.runtime.executiongraph.ExecutionGraph      \n\
                    \t[] - Sink: a (1/1) (bc761fd6563887dbdd72a2f6d4edecb7) switched from RUNNING to FAILED on a @ h (dataPort=1).\n\
                    java.lang.IllegalStateException: no seat\n\tat com.acme.A.b(A.java:1)\n";
        let read = read(text);
        assert!(matches!(read.found[0].kind, Some(crate::event::Kind::TaskState { to: crate::event::TaskState::Failed, .. })), "{:?}", read.found);
        let thrown = read.found[0].matter.as_ref().and_then(|m| m.thrown.as_ref()).expect("a throwable");
        assert_eq!((read.found[0].span.line, thrown.trace.first_line), (0, 2));
    }

    #[test]
    fn lines_of_the_jvm_are_told_with_their_places() {
        let next = "2026-11-21 10:00:00,000 INFO  org.apache.flink.runtime.taskmanager.Task [] - next\n";
        let text =
            format!("{next}java.lang.OutOfMemoryError: Metaspace\n\tat a.B.c(B.java:1)\n{next}#\nTerminating due to java.lang.OutOfMemoryError: Metaspace\n");
        let found = read(&text);
        let lines: Vec<&str> = found.jvm.iter().map(|(_, byte)| text[*byte..].lines().next().unwrap_or_default()).collect();
        assert_eq!(lines, ["java.lang.OutOfMemoryError: Metaspace", "Terminating due to java.lang.OutOfMemoryError: Metaspace"]);
        assert!(found.jvm.iter().all(|(line, byte)| text[..*byte].matches('\n').count() as u64 == *line));
    }

    #[test]
    fn lines_of_the_jvm_are_told_whatever_else_they_are() {
        let rules = Rules::new(Packs::shipped().clone());
        let places = |text: &str, mode| scan(text.as_bytes(), mode, &rules).jvm.iter().map(|(line, _)| *line).collect::<Vec<_>>();
        // The words on a heap dump could be the collector's.
        let dump = "0.100: [GC (Allocation Failure) 1K->1K(2K), 0.1 secs]\nDumping heap to /a.hprof ...\nHeap dump file created [1024 bytes in 0.5 secs]\n";
        for gc in [GcLines::Only, GcLines::Mixed] {
            assert_eq!(places(dump, Mode { headed: false, gc, ..HEADED }), [1, 2]);
        }
        // A time alone is a head where heads may lack a level.
        let threads = "2026-11-21 09:18:01\nFull thread dump OpenJDK 64-Bit Server VM (17.0.9+9 mixed mode):\n\n";
        assert_eq!(places(threads, Mode { lacks: Lacks::Level, ..HEADED }), [0, 1]);
    }

    #[test]
    fn a_pattern_of_info_records_of_any_logger_sees_all_of_them() {
        let pack = "[[pattern]]\nid = 'mine'\ntitle = 'x'\nnature = 'cause'\ncause = 'y'\n[pattern.match]\non = ['record']\nany = ['magic words']\nlevels = ['INFO']\n";
        let packs = Packs::from_texts([("my.toml", pack, false)].into_iter()).expect("a pack");
        let line = |logger| format!("2026-11-21 10:00:00,000 INFO  {logger} [] - the magic words\n");
        let text = [line("com.acme.Job"), line("org.apache.flink.runtime.taskmanager.Task")].concat();
        let read = scan(text.as_bytes(), HEADED, &Rules::new(packs.into()));
        assert_eq!(read.found.iter().filter(|found| found.matter.as_ref().is_some_and(|m| m.pattern.is_some())).count(), 2);
    }

    #[test]
    fn code_to_the_right_of_prose_is_read() {
        let mode = Mode { headed: false, ..HEADED };
        let rules = Rules::new(Packs::shipped().clone());
        let text = "our job fails:\n\n    java.lang.NoSuchMethodError: 'void com.acme.Util.x()'\n\nwhat can we do?\n";
        let read = scan(text.as_bytes(), mode, &rules);
        let thrown = read.found[0].matter.as_ref().and_then(|m| m.thrown.as_ref()).expect("a throwable");
        assert_eq!((thrown.trace.root_link().map(|l| l.class.as_str()), read.found[0].span.line), (Some("java.lang.NoSuchMethodError"), 2));
    }

    #[test]
    fn what_the_jvm_says_is_no_message_and_prose_is_no_cause() {
        let rules = Rules::new(Packs::shipped().clone());
        let mode = Mode { headed: false, ..HEADED };
        let end = "Terminating due to java.lang.OutOfMemoryError: Java heap space";
        for text in [
            format!("java.lang.IllegalStateException: x\n\tat a.B.c(B.java:1)\nCaused by: com.acme.LedgerException: user code\n{end}\n"),
            format!("hello\nCaused by: the weather\nmore\n{end}\n"),
        ] {
            let found = scan(text.as_bytes(), mode, &rules).found;
            let last = found.last().expect("the JVM's line");
            assert_eq!(last.span.line as usize, text.lines().count() - 1, "{text}");
        }
    }

    #[test]
    fn a_message_that_holds_json_tells_more_than_the_json() {
        let rules = Rules::new(Packs::shipped().clone());
        let text = "Exception in thread \"main\" java.lang.RuntimeException: bulk failed {\"type\":\"x\",\"reason\":\"java.lang.IllegalStateException: shard is closed\"}\n\
                    \tat com.acme.Sink.flush(Sink.java:12)\nCaused by: java.lang.OutOfMemoryError: Metaspace\n\tat java.lang.ClassLoader.defineClass1(Native Method)\n";
        let found = scan(text.as_bytes(), Mode { headed: false, ..HEADED }, &rules).found;
        let thrown = found[0].matter.as_ref().and_then(|m| m.thrown.as_ref()).expect("a throwable");
        assert_eq!(thrown.trace.root_link().map(|l| l.class.as_str()), Some("java.lang.OutOfMemoryError"));
    }

    #[test]
    fn other_text_before_the_first_head_stays_unparsed() {
        let read = read("this is what we see\nin the log\n2026-11-21 10:00:00,000 INFO  org.apache.flink.runtime.taskmanager.Task [] - next\n");
        assert_eq!((read.records, read.unparsed_lines, read.found.len()), (1, 2, 0));
    }
}
