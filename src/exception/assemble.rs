//! Lines to links: from where the throwable begins, follows causes, suppressed exceptions, remote traces and Python tracebacks.
//!
//! In: classified lines. Out: draft links in the order of the text, and how much was read. Never judges which link is the root.
//! One forward pass with a bounded look-ahead: hostile input costs linear time and, by the caps below, bounded memory.

use std::sync::Arc;

use super::frame::{RawFrame, frame, frame_without_location};
use super::head::{Head, head, head_within};
use super::lines::{Kind, Line};
use super::python;
use super::start::{Begin, find_start, frames_follow, is_traceback_tail, link_head, next_is_python, own_head};
use super::{Frame, FrameCategory, Link, MAX_FRAMES, MAX_MESSAGE, Rules};

/// Links kept of one chain: the first ones and the last ones.
const KEEP_FIRST: usize = 48;
const KEEP_LAST: usize = 16;
const MAX_SUPPRESSED: usize = 16;
/// How many lines of other text may stand between the frames of one throwable.
const MAX_NOISE: usize = 8;
const REMOTE: &[u8] = b"<Exception on server side:";

/// A link while it grows.
#[derive(Debug)]
pub(super) struct Draft {
    pub link: Link,
    pub braced: bool,
    /// The first frame of user code, also behind the frames that are kept.
    pub user: Option<Arc<Frame>>,
    /// Text lines still belong to the message: no frame was seen.
    open: bool,
}

#[derive(Debug, Default)]
pub(super) struct Chain {
    pub links: Vec<Draft>,
    pub omitted: u32,
}

impl Chain {
    fn push(&mut self, draft: Draft) -> usize {
        if self.links.len() >= KEEP_FIRST + KEEP_LAST {
            self.links.remove(KEEP_FIRST);
            self.omitted = self.omitted.saturating_add(1);
        }
        self.links.push(draft);
        self.links.len() - 1
    }
}

/// What was read from the text.
#[derive(Debug)]
pub(super) struct Assembled {
    pub main: Chain,
    pub suppressed: Vec<Chain>,
    pub suppressed_omitted: u32,
    pub cut: bool,
    pub first_line: usize,
    pub last_line: usize,
}

/// Where the frames and message lines that come next belong.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Slot {
    Main(usize),
    Suppressed(usize, usize),
    Discarded,
}

/// Reads the first throwable of the text.
pub(super) fn assemble(rules: &Rules, lines: &[Line<'_>]) -> Option<Assembled> {
    let start = find_start(lines)?;
    let first = lines.get(start.at)?;
    let mut reader = Reader {
        rules,
        lines,
        main: Chain::default(),
        suppressed: Vec::new(),
        suppressed_omitted: 0,
        open: Vec::new(),
        slot: Slot::Discarded,
        frames_to: None,
        remote: Vec::new(),
        expect_remote: false,
        root_first: false,
        python: None,
        cut: false,
        base: first.indent,
    };
    let next = match start.begin {
        Begin::Head(head) => {
            reader.push_main(&head, start.at);
            reader.tail(start.at, start.at + 1)
        }
        Begin::Cause(head) => {
            reader.cut = true;
            reader.push_main(&head, start.at);
            reader.tail(start.at, start.at + 1)
        }
        Begin::Traceback => reader.traceback(start.at),
    };
    let end = if start.one_line { start.at + 1 } else { reader.read(next) };
    let last = lines.get(end.saturating_sub(1)).unwrap_or(first);
    if reader.main.links.is_empty() {
        return None;
    }
    if reader.root_first {
        reader.main.links.reverse();
    }
    Some(Assembled {
        main: reader.main,
        suppressed: reader.suppressed,
        suppressed_omitted: reader.suppressed_omitted,
        cut: reader.cut,
        first_line: first.number.min(last.number),
        last_line: first.number.max(last.number),
    })
}

struct Reader<'r, 'a> {
    rules: &'r Rules,
    lines: &'r [Line<'a>],
    main: Chain,
    suppressed: Vec<Chain>,
    suppressed_omitted: u32,
    /// Suppressed blocks around the current line, outermost first, with their indentation; a block that is not kept has no index.
    open: Vec<(usize, Option<usize>)>,
    slot: Slot,
    /// Frames belong to another link than text: behind a remote trace or a Python traceback inside a message.
    frames_to: Option<usize>,
    remote: Vec<usize>,
    expect_remote: bool,
    root_first: bool,
    /// Index of the last Python link, while the traceback of its consequence may follow.
    python: Option<usize>,
    cut: bool,
    base: usize,
}

impl<'a> Reader<'_, 'a> {
    /// Reads on from a line; gives the index behind the last line that belongs to the throwable.
    fn read(&mut self, from: usize) -> usize {
        let mut at = from;
        let mut end = from;
        let traced = self.lines.get(from..).is_some_and(|rest| rest.iter().any(|l| !matches!(l.kind, Kind::Text | Kind::Blank | Kind::Packaging)));
        while let Some(line) = self.lines.get(at) {
            let mut next = at + 1;
            match line.kind {
                Kind::Blank => {
                    if !traced {
                        break;
                    }
                    self.message_line(b"");
                    at = next;
                    continue;
                }
                Kind::Frame(raw) => self.frame(&raw),
                Kind::FrameStart => next = self.wrapped_frame(at),
                Kind::More(n) => self.common(n),
                Kind::Caused(rest) => match self.head_at(at, rest) {
                    Some((head, used)) => {
                        self.cause(&head, at);
                        next = self.tail(at, used);
                    }
                    None => self.message_line(line.text),
                },
                Kind::Suppressed(rest) => match self.head_at(at, rest) {
                    Some((head, used)) => {
                        self.suppressed(&head, at);
                        next = self.tail(at, used);
                    }
                    None => self.message_line(line.text),
                },
                Kind::WrappedBy(rest) => match self.head_at(at, rest) {
                    Some((head, used)) => {
                        next = used;
                        self.root_first = true;
                        self.push_main(&head, at);
                    }
                    None => self.message_line(line.text),
                },
                Kind::Circular => self.close(),
                Kind::Packaging => {}
                Kind::RemoteEnd => {
                    self.frames_to = self.remote.pop();
                    self.expect_remote = false;
                }
                Kind::Traceback => next = self.traceback(at),
                Kind::Truncated => self.cut = true,
                Kind::Text => match self.text(at) {
                    Some(used) => next = used,
                    None => break,
                },
            }
            at = next.max(at + 1);
            end = at;
        }
        end
    }

    /// The line to go on with behind a head; a Python traceback may begin at its end.
    fn tail(&mut self, at: usize, next: usize) -> usize {
        let starts = next == at + 1 && self.lines.get(at).is_some_and(|l| is_traceback_tail(l.text)) && next_is_python(self.lines, at);
        if starts { self.traceback(at) } else { next }
    }

    /// One line of text; none where the throwable has ended.
    fn text(&mut self, at: usize) -> Option<usize> {
        let line = self.lines.get(at)?;
        if self.expect_remote
            && let Some(head) = own_head(self.lines, at)
        {
            self.expect_remote = false;
            self.push_main(&head, at);
            return Some(at + 1);
        }
        if is_traceback_tail(line.text) && next_is_python(self.lines, at) {
            self.message_line(line.text);
            return Some(self.traceback(at));
        }
        let open = self.current().is_some_and(|d| d.open);
        if open {
            if line.text.starts_with(b"Exception in thread \"") {
                return None;
            }
            if let Some(head) = self.pasted_below(at) {
                self.push_main(&head, at);
                return Some(at + 1);
            }
        } else if !self.continues(at) {
            return None;
        }
        self.message_line(line.text);
        Some(at + 1)
    }

    /// A throwable with frames of its own, set apart by a blank line from one that has none: what the server said, pasted below what the client said.
    fn pasted_below(&self, at: usize) -> Option<Head<'a>> {
        let above = self.lines.get(at.saturating_sub(3)..at)?;
        if !above.iter().any(|line| line.kind == Kind::Blank) || !frames_follow(self.lines, at) {
            return None;
        }
        own_head(self.lines, at).filter(|head| head.qualified && head.named)
    }

    /// Whether frames or causes of the same throwable come back soon.
    fn continues(&self, at: usize) -> bool {
        for i in at..at.saturating_add(MAX_NOISE) {
            let Some(line) = self.lines.get(i) else { return false };
            match line.kind {
                Kind::Frame(_) | Kind::More(_) | Kind::Caused(_) | Kind::Suppressed(_) | Kind::WrappedBy(_) | Kind::RemoteEnd => return true,
                Kind::Text if own_head(self.lines, i).is_some() || (frames_follow(self.lines, i) && head_within(line.text, true).is_some()) => return false,
                _ => {}
            }
        }
        false
    }

    /// The head behind `Caused by:`, or on the next line where a mail broke it there; also the line to go on with.
    fn head_at(&self, at: usize, rest: &'a [u8]) -> Option<(Head<'a>, usize)> {
        if !rest.is_empty() {
            return link_head(self.lines, at, rest).map(|h| (h, at + 1));
        }
        let next = self.lines.get(at + 1)?;
        head(next.text.trim_ascii_start()).filter(|h| h.named).map(|h| (h, at + 2))
    }

    fn current(&mut self) -> Option<&mut Draft> {
        match self.slot {
            Slot::Main(i) => self.main.links.get_mut(i),
            Slot::Suppressed(s, i) => self.suppressed.get_mut(s)?.links.get_mut(i),
            Slot::Discarded => None,
        }
    }

    /// The link that frames belong to.
    fn framed(&mut self) -> Option<&mut Draft> {
        match self.frames_to {
            Some(i) => self.main.links.get_mut(i),
            None => self.current(),
        }
    }

    fn draft(&self, head: &Head<'_>, at: usize) -> Draft {
        let mut link = Link { class: lossy(head.class), line: self.lines.get(at).map_or(0, |l| l.number), ..Link::default() };
        append(&mut link, head.message);
        Draft { link, braced: head.braced, user: None, open: true }
    }

    fn push_main(&mut self, head: &Head<'_>, at: usize) {
        let draft = self.draft(head, at);
        let index = self.main.push(draft);
        self.slot = Slot::Main(index);
        self.frames_to = None;
        self.python = None;
        self.remote_mark(head.message, at);
    }

    fn cause(&mut self, head: &Head<'_>, at: usize) {
        let indent = self.lines.get(at).map_or(0, |l| l.indent.saturating_sub(self.base));
        // A cause stands as deep as its `Suppressed:`; where the indentation was lost it is the main chain's.
        while self.open.last().is_some_and(|(i, _)| *i == 0 || indent < *i) {
            self.open.pop();
        }
        match self.open.last() {
            None => self.push_main(head, at),
            Some((_, block)) => {
                let block = *block;
                self.push_suppressed(block, head, at);
            }
        }
    }

    fn suppressed(&mut self, head: &Head<'_>, at: usize) {
        let indent = self.lines.get(at).map_or(0, |l| l.indent.saturating_sub(self.base));
        while self.open.last().is_some_and(|(i, _)| indent <= *i) {
            self.open.pop();
        }
        let block = if self.suppressed.len() < MAX_SUPPRESSED {
            self.suppressed.push(Chain::default());
            Some(self.suppressed.len() - 1)
        } else {
            self.suppressed_omitted = self.suppressed_omitted.saturating_add(1);
            None
        };
        // Depth is the text's to choose: keep the stack short.
        if self.open.len() < 64 {
            self.open.push((indent, block));
        }
        self.push_suppressed(block, head, at);
    }

    fn push_suppressed(&mut self, block: Option<usize>, head: &Head<'_>, at: usize) {
        self.frames_to = None;
        self.python = None;
        let draft = self.draft(head, at);
        self.slot = match block.and_then(|b| Some((b, self.suppressed.get_mut(b)?))) {
            Some((b, chain)) => Slot::Suppressed(b, chain.push(draft)),
            None => Slot::Discarded,
        };
    }

    fn frame(&mut self, raw: &RawFrame<'_>) {
        let rules = self.rules;
        if let Some(draft) = self.framed() {
            let user_known = draft.user.is_some();
            let keep = draft.link.frames.len() < MAX_FRAMES;
            draft.link.frames_total = draft.link.frames_total.saturating_add(1);
            if keep || !user_known {
                let frame = rules.frame(raw);
                if !user_known && frame.category == FrameCategory::User {
                    draft.user = Some(frame.clone());
                }
                if keep {
                    draft.link.frames.push(frame);
                }
            }
        }
        self.close();
    }

    fn common(&mut self, n: u32) {
        if let Some(draft) = self.framed() {
            draft.link.common = n;
        }
        self.close();
    }

    fn close(&mut self) {
        self.python = None;
        if let Some(draft) = self.current() {
            draft.open = false;
        }
        if let Some(draft) = self.framed() {
            draft.open = false;
        }
    }

    /// A frame that a mail broke in two; where the next line does not complete it, the trace is cut.
    fn wrapped_frame(&mut self, at: usize) -> usize {
        let Some(line) = self.lines.get(at) else { return at + 1 };
        let without_location = frame_without_location(line.text.get(3..).unwrap_or(b""));
        let Some(next) = self.lines.get(at + 1) else {
            self.cut = true;
            match without_location {
                Some(raw) => self.frame(&raw),
                None => self.close(),
            }
            return at + 1;
        };
        let tail = next.text.trim_ascii();
        if matches!(next.kind, Kind::Text | Kind::Frame(_)) && !tail.starts_with(b"at ") && tail.len() < 1024 {
            let mut whole = line.text.get(3..).unwrap_or(b"").trim_ascii().to_vec();
            whole.extend_from_slice(tail);
            if let Some((raw, _)) = frame(&whole) {
                self.frame(&raw);
                return at + 2;
            }
        }
        match without_location {
            Some(raw) => self.frame(&raw),
            None => self.close(),
        }
        at + 1
    }

    fn message_line(&mut self, text: &[u8]) {
        let at = self.slot_line();
        if let Some(draft) = self.current()
            && (draft.open || !text.is_empty())
        {
            append_line(&mut draft.link, text);
        }
        self.remote_mark(text, at);
    }

    fn slot_line(&mut self) -> usize {
        self.current().map_or(0, |d| d.link.line)
    }

    /// A REST client's message holds the server's trace: what follows is the cause, what stands behind its end belongs to the client's link.
    fn remote_mark(&mut self, text: &[u8], at: usize) {
        let Slot::Main(index) = self.slot else { return };
        let Some(mark) = memchr::memmem::rfind(text, REMOTE) else { return };
        // Links behind the cap may move: they take no frames back.
        if index < KEEP_FIRST && self.remote.len() < KEEP_FIRST {
            self.remote.push(index);
        }
        match head(text.get(mark + REMOTE.len()..).unwrap_or(b"").trim_ascii_start()) {
            Some(inner) if inner.named => self.push_main(&inner, at),
            _ => self.expect_remote = true,
        }
    }

    /// A Python traceback becomes the cause of the current link, which keeps the Java frames behind it.
    fn traceback(&mut self, from: usize) -> usize {
        let (link, next) = python::traceback(self.rules, self.lines, from);
        let Some(link) = link else {
            self.cut = true;
            return next;
        };
        let user = link.frames.iter().find(|f| f.category == FrameCategory::User).cloned();
        let draft = Draft { link, braced: false, user, open: true };
        let outer = match (self.frames_to, self.slot) {
            (Some(i), _) => Some(i),
            (None, Slot::Main(i)) if self.python.is_none() && i < KEEP_FIRST => Some(i),
            _ => None,
        };
        // `During handling of …`, `… was the direct cause of …`: the later traceback is the consequence of the earlier one.
        let index = match self.python {
            Some(earlier) if self.main.links.len() < KEEP_FIRST => {
                self.main.links.insert(earlier, draft);
                earlier
            }
            _ => self.main.push(draft),
        };
        self.slot = Slot::Main(index);
        self.frames_to = outer;
        self.python = Some(index);
        next
    }
}

pub(super) fn lossy(text: &[u8]) -> String {
    // Nearly always valid, and then this is much faster than the lossy way.
    std::str::from_utf8(text).map_or_else(|_| String::from_utf8_lossy(text).into_owned(), str::to_owned)
}

fn append_line(link: &mut Link, text: &[u8]) {
    append(link, b"\n");
    append(link, text);
}

/// Adds to the message up to the cap.
pub(super) fn append(link: &mut Link, text: &[u8]) {
    let room = MAX_MESSAGE.saturating_sub(link.message.len());
    if room == 0 {
        link.message_capped |= !text.is_empty();
        return;
    }
    let piece = text.get(..room).unwrap_or(text);
    link.message_capped |= piece.len() < text.len();
    let piece = String::from_utf8_lossy(piece);
    // Replacement characters are longer than what they replace.
    let mut end = piece.len().min(room);
    while !piece.is_char_boundary(end) {
        end -= 1;
    }
    link.message_capped |= end < piece.len();
    link.message.push_str(piece.get(..end).unwrap_or(""));
}
