//! Where one log ends. In: the window and what is known of the log; out: verdicts on single places. Reads nothing by itself
//! but the bytes that it is pointed at.

use std::io::Read;

use super::{BACK, wrap};
use crate::delivery::window::Window;
use crate::delivery::{Problem, ProblemKind, SectionEnd};
use wrap::{Between, Block, Marker};

/// What the stream has shown of its dialect so far (only for headers without stars, 2.8 and earlier).
#[derive(Default)]
pub(super) struct Ways {
    pub marks_end: Option<bool>,
    pub line_before_mark: Option<bool>,
}

impl Ways {
    /// `after` is what follows the declared length; `all` of the stream if `ended`.
    pub fn accept_end(&mut self, body: &Body, after: &[u8], ended: bool) -> bool {
        if after.is_empty() || ended && is_cut_mark(after, &body.name) {
            return true;
        }
        let lead = wrap::line_end(after);
        let mark = wrap::marker(after, &body.name).map(|m| (0, m)).or_else(|| Some((lead, wrap::marker(&after[lead..], &body.name)?)));
        if let Some((lead, mark)) = mark {
            let cut = ended && lead + mark.len == after.len();
            if body.starred && mark.stars == 0 && !cut {
                return false;
            }
            if !body.starred {
                self.marks_end = Some(true);
                self.line_before_mark.get_or_insert(lead > 0);
            }
            return true;
        }
        if body.starred || self.marks_end == Some(true) || lead == 0 {
            return false;
        }
        let mut rest = &after[lead..];
        let holds = loop {
            if rest.is_empty() || wrap::block(rest).is_some() || wrap::intro(rest).is_some() {
                break true;
            }
            match wrap::line(rest, 0) {
                Some((text, next)) if wrap::between(text) != Between::Other => rest = &rest[next..],
                _ => break false,
            }
        };
        if holds && (!rest.is_empty() || ended) {
            self.marks_end.get_or_insert(false);
        }
        holds
    }

    /// If the block is the next log's header: how many bytes of `before` are content of the present one.
    pub fn header_start(&self, block: &Block, body: &Body, before: &[u8]) -> Option<u64> {
        if block.starred != body.starred {
            return None;
        }
        let mut at = before.len();
        let mut intro_at = None;
        if let Some(start) = memchr::memmem::rfind(before, wrap::CONTAINER)
            && (start == 0 || before[start - 1] == b'\n')
            && let Some(intro) = wrap::intro(&before[start..])
            && start + intro.len == before.len()
            && intro.typed == block.starred
        {
            intro_at = Some(start);
        }
        match intro_at {
            Some(start) => at = start,
            // From 2.9 on every header has its container lines; where logs have end marks, one would have been found.
            None if block.starred || self.marks_end == Some(true) => return None,
            None => {}
        }
        // The line end that the client adds, and two more before the container lines up to 2.8.
        let added = if block.starred { 0 } else { 1 + if intro_at.is_some() { 2 } else { 0 } };
        for _ in 0..added {
            at -= wrap::line_end_before(&before[..at]);
        }
        Some(at as u64)
    }
}

/// The log that is being read. Offsets are from its first byte.
pub(super) struct Body {
    pub name: Vec<u8>,
    pub starred: bool,
    pub local: bool,
    pub declared: Option<u64>,
    /// No end was found at the declared length.
    pub refuted: bool,
    pub emitted: u64,
    /// Searched up to here.
    pub scan: u64,
    /// Content for certain up to here.
    pub safe: u64,
    /// A mark that does not have the right form: content end, end of the mark.
    pub weak: Option<(u64, u64)>,
    pub end: Option<(u64, How)>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum How {
    Declared,
    /// The declared length was taken unseen: looking that far would cost too much.
    Trusted,
    Mark,
    Header,
    StreamEnd,
}

impl Body {
    pub fn settle(&mut self) {
        let weak = self.weak.map_or(u64::MAX, |(end, _)| end);
        self.safe = self.safe.max(self.scan.saturating_sub(BACK).min(weak));
    }
}

/// A mark in the form that this dialect gives it.
pub(super) fn is_strong(mark: &Marker, starred: bool, added_line: bool, start: u64, before: &[u8]) -> bool {
    let at_line = start == 0 || before.ends_with(b"\n");
    mark.closed && (!starred || mark.exact) && (!added_line || at_line)
}

/// The stream was cut inside the mark.
pub(super) fn is_cut_mark(after: &[u8], name: &[u8]) -> bool {
    let rest = &after[wrap::line_end(after)..];
    let (head, tail) = rest.split_at(rest.len().min(wrap::END.len()));
    wrap::END.starts_with(head) && name.starts_with(tail)
}

pub(super) fn sum_up(body: &Body, got: u64, how: How, growing: bool, marked: bool) -> SectionEnd {
    let Some(declared) = body.declared else {
        let complete = matches!(how, How::Mark | How::Header);
        let problem = (!complete).then(|| Problem::new(ProblemKind::Truncated, "the delivery ends before the log does"));
        return SectionEnd { complete, growing, problem };
    };
    let problem = match how {
        How::Declared => None,
        How::Trusted if marked => None,
        How::Trusted => Some(Problem::new(ProblemKind::LengthMismatch, format!("no end of the log was seen after the stated {declared} bytes"))),
        _ if got < declared && how == How::StreamEnd => {
            Some(Problem::new(ProblemKind::Truncated, format!("the delivery ends after {got} of {declared} bytes of the log")))
        }
        _ if got < declared => {
            let text = format!("{got} of {declared} bytes of the log are here, as after `yarn logs -size`, or its text was changed on the way");
            Some(Problem::new(ProblemKind::LengthMismatch, text))
        }
        _ if got > declared => {
            let text = format!("the log has {got} bytes where {declared} are stated: its text was changed on the way, or client logging stands in it");
            Some(Problem::new(ProblemKind::LengthMismatch, text))
        }
        _ => None,
    };
    let complete = match how {
        How::Declared => true,
        How::Trusted => marked,
        How::Mark | How::Header => got >= declared,
        How::StreamEnd => got >= declared && !body.starred,
    };
    SectionEnd { complete, growing, problem }
}

pub(super) enum Find {
    /// `LogType:` stands here.
    Hit(u64),
    /// None up to here.
    Clear(u64),
}

/// Searches the known bytes from `scan` on, before the declared length if that is still believed.
pub(super) fn find<R: Read>(window: &mut Window<R>, scratch: &mut Vec<u8>, body: &Body) -> Find {
    const STEP: usize = 256 << 10;
    let limit = body.declared.filter(|_| !body.refuted).unwrap_or(u64::MAX);
    let from = body.scan - body.emitted;
    let memory = window.memory();
    let piece = match usize::try_from(from) {
        Ok(from) if from < memory.len() => {
            let piece = &memory[from..];
            // A name may straddle memory and disk.
            if piece.len() < 2 * wrap::LOG_TYPE.len() && window.known() > memory.len() as u64 { None } else { Some(piece) }
        }
        _ => None,
    };
    let piece = match piece {
        Some(piece) => piece,
        None => {
            window.peek(from, STEP, scratch);
            scratch
        }
    };
    for at in memchr::memmem::find_iter(piece, wrap::LOG_TYPE) {
        // At the declared length a mark is expected; it is checked there, not here.
        if body.scan + at as u64 >= limit.saturating_add(7) {
            return Find::Clear(limit);
        }
        // Cheap look before the full one; near the start of the piece the bytes before are not at hand.
        if at < 7 || piece[at - 1] == b'\n' || piece[..at].ends_with(b"End of ") {
            return Find::Hit(body.scan + at as u64);
        }
    }
    let clear = body.scan + (piece.len() as u64).saturating_sub(wrap::LOG_TYPE.len() as u64 - 1);
    Find::Clear(if body.scan + piece.len() as u64 >= limit { limit } else { clear })
}
