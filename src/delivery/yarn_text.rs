//! The text that `yarn logs` prints, as logs.
//!
//! In: a stream, e.g. a pipe. Out: its logs in order of appearance, bytes untouched, and remarks on the lines between them.
//! Works in bounded memory: a log passes through as it comes, unless a line in it could be its end although the stated length
//! says otherwise; then the reader looks ahead, on disk if need be, until it is clear.
//!
//! A log ends where its stated length says, if an end can be seen there. Otherwise (`-size`, re-encoded or CR LF text, client
//! logging in between, a cut stream) it ends at the first end marker of its own form, or else before the next header.

mod body;
mod recognise;

use std::io::{self, Read};

pub use recognise::looks_like_yarn_text;

use super::window::{Ahead, Window};
use super::yarn_line::{self as wrap, Between, Block, Intro, Marker};
use super::{Notice, NoticeCode, Notices, ProblemKind, SectionEnd, SectionHead, Sections, node_of_file_name};
use body::{Body, Find, How, Ways, find, is_cut_mark, is_strong, sum_up};

/// Enough for a marker with its rule or a whole header; file names are at most a few hundred bytes.
const LOOK: usize = 8 << 10;
/// Bytes kept back while a log passes, so that a header or line end before a find can still be taken from it.
const BACK: u64 = 4 << 10;
/// Disk that a look ahead may take.
const SPOOL_LIMIT: u64 = 16 << 30;

/// Reader of `yarn logs` text; see the module.
pub struct YarnText<R> {
    window: Window<R>,
    scratch: Vec<u8>,
    intro: Option<Intro>,
    /// Names already seen in the present container.
    seen: Vec<Vec<u8>>,
    ways: Ways,
    body: Option<Body>,
    last_end: SectionEnd,
    notices: Notices,
    noise: u64,
    other: u64,
    other_first: Option<(u64, String)>,
    listing: bool,
    /// The rest of an overlong line between logs is to be dropped.
    in_line: bool,
    finished: bool,
}

impl<R: Read> YarnText<R> {
    /// Reads from `source` in large pieces; no buffering before it is needed.
    pub fn new(source: R) -> Self {
        Self::with_window(Window::new(source, SPOOL_LIMIT))
    }

    /// As [`new`](Self::new), with the most bytes that a look ahead may put on disk.
    pub fn with_spool_limit(source: R, bytes: u64) -> Self {
        Self::with_window(Window::new(source, bytes))
    }

    fn with_window(window: Window<R>) -> Self {
        Self {
            window,
            scratch: Vec::new(),
            intro: None,
            seen: Vec::new(),
            ways: Ways::default(),
            body: None,
            last_end: SectionEnd::default(),
            notices: Notices::default(),
            noise: 0,
            other: 0,
            other_first: None,
            listing: false,
            in_line: false,
            finished: false,
        }
    }

    /// Takes one wrapper line, header or other line from the front; the head of a log if one begins.
    fn step(&mut self) -> Option<SectionHead> {
        let ahead = &self.window.memory()[..self.window.memory().len().min(LOOK)];
        if self.in_line {
            let n = memchr::memchr(b'\n', ahead).map_or(ahead.len(), |end| end + 1);
            self.in_line = !ahead[..n].ends_with(b"\n");
            self.window.consume(n);
            return None;
        }
        if let Some(intro) = wrap::intro(ahead) {
            let len = intro.len;
            if self.intro.as_ref().is_none_or(|old| old.container != intro.container || old.node != intro.node) {
                self.seen.clear();
            }
            self.intro = Some(intro);
            self.window.consume(len);
            return None;
        }
        if ahead.starts_with(wrap::LOG_TYPE)
            && let Some(block) = wrap::block(ahead)
        {
            return Some(self.begin(block));
        }
        if let Some((name, len)) = wrap::orphan(ahead) {
            return self.begin_orphan(name, len);
        }
        let (text, len) = match wrap::line(ahead, 0) {
            Some((text, next)) => (text, next),
            None => return None,
        };
        self.in_line = !ahead[..len].ends_with(b"\n");
        let line = self.window.line();
        match wrap::between(text) {
            Between::Nothing => {}
            Between::Noise => self.noise += 1,
            Between::Said(code) => {
                self.listing |= code == NoticeCode::Listing;
                self.notices.add(line, code, excerpt(text));
            }
            // The table of a listing has its cells apart by tabs.
            Between::Other if self.listing && text.contains(&b'\t') => {}
            Between::Other => {
                self.other += 1;
                self.other_first.get_or_insert_with(|| (line, excerpt(text)));
            }
        }
        self.window.consume(len);
        None
    }

    fn begin(&mut self, block: Block) -> SectionHead {
        self.window.consume(block.len);
        let head = self.head_of(&block.name, block.modified, block.declared);
        let local = self.intro.as_ref().is_some_and(|i| i.local);
        self.remember(&block.name);
        self.body = Some(Body {
            name: block.name,
            starred: block.starred,
            local,
            declared: block.declared,
            refuted: block.declared.is_none(),
            emitted: 0,
            scan: 0,
            safe: 0,
            weak: None,
            end: None,
        });
        head
    }

    /// An empty log without a header belongs to the container in progress, unless its name says otherwise.
    fn begin_orphan(&mut self, name: String, len: usize) -> Option<SectionHead> {
        let known = self.seen.iter().any(|n| n == name.as_bytes());
        let mut head = self.head_of(name.as_bytes(), None, Some(0));
        if known || self.is_of_other_process(name.as_bytes()) {
            (head.container, head.node, head.uploaded) = (None, None, None);
        } else {
            self.remember(name.as_bytes());
        }
        self.window.consume(len);
        self.body = Some(Body {
            name: name.into_bytes(),
            starred: true,
            local: false,
            declared: Some(0),
            refuted: false,
            emitted: 0,
            scan: 0,
            safe: 0,
            weak: None,
            end: Some((0, How::Declared)),
        });
        Some(head)
    }

    /// One container holds `jobmanager.*` or `taskmanager.*`, never both.
    fn is_of_other_process(&self, name: &[u8]) -> bool {
        let process = |n: &[u8]| [&b"jobmanager."[..], b"taskmanager."].into_iter().find(|p| n.starts_with(p));
        let own = process(name);
        own.is_some() && self.seen.iter().filter_map(|n| process(n)).any(|p| Some(p) != own)
    }

    fn remember(&mut self, name: &[u8]) {
        if self.seen.len() < 4096 {
            self.seen.push(name.to_vec());
        }
    }

    fn head_of(&self, name: &[u8], modified: Option<String>, declared: Option<u64>) -> SectionHead {
        let intro = self.intro.as_ref();
        let (node, uploaded) = match intro.and_then(|i| i.node.as_deref()).map(node_of_file_name) {
            Some((node, uploaded)) => (Some(node), uploaded),
            None => (None, None),
        };
        SectionHead {
            container: intro.map(|i| i.container.clone()),
            node,
            log_type: Some(wrap::text(name)),
            path: None,
            declared_len: declared,
            modified,
            uploaded,
            stream_line: self.window.line(),
            stream_byte: self.window.byte(),
            running: intro.is_some_and(|i| i.local) || declared.is_none(),
        }
    }

    /// Brings further content bytes to light or finds the end of the log.
    fn advance(&mut self) {
        while let Some(body) = self.body.as_mut().filter(|b| b.end.is_none() && b.safe <= b.emitted) {
            if let Some(declared) = body.declared.filter(|n| !body.refuted && body.scan >= *n) {
                self.check_declared(declared);
                continue;
            }
            match find(&mut self.window, &mut self.scratch, body) {
                Find::Hit(at) => self.judge(at),
                Find::Clear(upto) => {
                    body.scan = body.scan.max(upto);
                    body.settle();
                    if body.safe <= body.emitted {
                        // A weak mark must be judged before anything after it is let go: what follows may have to wait on disk.
                        let more = match self.window.look(self.window.known() + 1) {
                            Ahead::Yes => true,
                            Ahead::End => false,
                            Ahead::Full => {
                                body.weak = None;
                                body.settle();
                                continue;
                            }
                        };
                        if !more {
                            self.end_of_stream();
                        }
                    }
                }
            }
        }
    }

    /// Is there an end of the log at its declared length?
    fn check_declared(&mut self, declared: u64) {
        let Some(body) = self.body.as_mut() else { return };
        let offset = declared - body.emitted;
        let seen = self.window.look(offset.saturating_add(LOOK as u64));
        if self.window.known() < offset {
            match seen {
                Ahead::Full => body.end = Some((declared, How::Trusted)),
                _ => body.refuted = true,
            }
            return;
        }
        self.window.peek(offset, LOOK, &mut self.scratch);
        let ended = self.window.ended() && self.window.known() - offset <= LOOK as u64;
        if self.ways.accept_end(body, &self.scratch, ended) {
            body.end = Some((declared, How::Declared));
        } else {
            body.refuted = true;
        }
    }

    /// A line with `LogType:` at `at`: the log's end, the next log's header, or content.
    fn judge(&mut self, at: u64) {
        let Some(body) = self.body.as_mut() else { return };
        let offset = at - body.emitted;
        self.window.look(offset.saturating_add(LOOK as u64));
        let back = offset.min(BACK);
        let mut around = std::mem::take(&mut self.scratch);
        self.window.peek(offset - back, back as usize + LOOK, &mut around);
        let (before, ahead) = around.split_at((back as usize).min(around.len()));
        let find = match before.strip_suffix(b"End of ") {
            Some(before) => {
                let mark_at = before.len();
                wrap::marker(&around[mark_at..], &body.name).map(|m| Found::Mark(m, at - 7, before))
            }
            None => {
                let at_line = before.is_empty() || before.ends_with(b"\n");
                let block = if at_line { wrap::block(ahead) } else { None };
                block.and_then(|b| self.ways.header_start(&b, body, before)).map(|before| Found::Header(at - (back - before)))
            }
        };
        let declared = body.declared.filter(|_| !body.refuted);
        match (find, declared) {
            (None, _) => {
                body.scan = at + 1;
                // Lets go of what was read: looking on from find to find would hold everything.
                body.settle();
            }
            // The stated length goes first, however much this looks like an end.
            (Some(_), Some(declared)) => self.check_declared(declared),
            (Some(Found::Mark(mark, start, before)), None) => {
                let added = match (body.starred, body.local) {
                    (true, local) => !local,
                    (false, _) => self.ways.line_before_mark == Some(true),
                };
                let end = start - if added { wrap::line_end_before(before) as u64 } else { 0 };
                let end = end.max(body.emitted);
                if is_strong(&mark, body.starred, added, start, before) {
                    body.end = Some((end, How::Mark));
                } else {
                    if mark.stars > 0 || !body.starred {
                        body.weak = Some((end, start + mark.len as u64));
                    }
                    body.scan = at + 1;
                }
            }
            (Some(Found::Header(start)), None) => {
                body.end = Some(match body.weak {
                    Some((end, _)) => (end, How::Mark),
                    None => (start.max(body.emitted), How::Header),
                });
            }
        }
        self.scratch = around;
    }

    fn end_of_stream(&mut self) {
        let Some(body) = self.body.as_mut() else { return };
        let known = self.window.known();
        let total = body.emitted + known;
        if let Some(declared) = body.declared.filter(|_| !body.refuted) {
            // Only possible where the stream ends at or shortly after the declared length, or before it.
            body.scan = body.scan.max(declared.min(total));
            if total >= declared {
                return self.check_declared(declared);
            }
            body.refuted = true;
        }
        if let Some((end, after)) = body.weak {
            self.window.peek(after.min(total) - body.emitted, 17, &mut self.scratch);
            if self.scratch.len() < 17 && self.scratch.iter().all(|b| matches!(b, b'\r' | b'\n')) {
                body.end = Some((end, How::Mark));
                return;
            }
        }
        let tail = known.min(2);
        self.window.peek(known - tail, 2, &mut self.scratch);
        // 2.6 and earlier add a line end and nothing else; a cut stream keeps what it has.
        let added = !body.starred && body.declared.is_some_and(|n| n < total) && self.ways.marks_end != Some(true);
        let end = total - if added { wrap::line_end_before(&self.scratch) as u64 } else { 0 };
        body.end = Some((end, How::StreamEnd));
    }

    /// All content is gone: takes the mark, if one stands here, and sums up.
    fn finish_body(&mut self) {
        let Some(body) = self.body.take() else { return };
        let (got, how) = body.end.unwrap_or((body.emitted, How::StreamEnd));
        self.window.look(LOOK as u64);
        self.window.peek(0, LOOK, &mut self.scratch);
        let lead = wrap::line_end(&self.scratch);
        let mut growing = false;
        let mut marked = how == How::Declared;
        match wrap::marker(&self.scratch, &body.name).map(|m| (0, m)).or_else(|| Some((lead, wrap::marker(&self.scratch[lead..], &body.name)?))) {
            Some((lead, mark)) => {
                growing = mark.growing;
                marked = true;
                self.drop_bytes(lead + mark.len);
            }
            None if !body.starred && how != How::StreamEnd => self.drop_bytes(lead),
            None if how == How::Declared && self.window.ended() && self.window.known() <= LOOK as u64 && is_cut_mark(&self.scratch, &body.name) => {
                let all = self.scratch.len();
                self.drop_bytes(all);
            }
            None => {}
        }
        self.last_end = sum_up(&body, got, how, growing, marked);
    }

    fn drop_bytes(&mut self, mut n: usize) {
        while n > 0 {
            let now = n.min(self.window.memory().len());
            if now == 0 && !self.window.fill() {
                return;
            }
            self.window.consume(now);
            n -= now;
        }
    }

    fn finish(&mut self) {
        if std::mem::replace(&mut self.finished, true) {
            return;
        }
        if self.noise > 0 {
            let text = format!("{} lines of client logging between the logs", self.noise);
            self.notices.add(0, NoticeCode::ClientNoise, text);
        }
        if let Some((line, first)) = self.other_first.take() {
            let text = format!("{} lines that belong to no log, the first: {first}", self.other);
            self.notices.add(line, NoticeCode::Unrecognised, text);
        }
    }
}

enum Found<'a> {
    /// Mark, its start, what stands before it.
    Mark(Marker, u64, &'a [u8]),
    /// Where the content before the header ends.
    Header(u64),
}

impl<R: Read> Sections for YarnText<R> {
    fn next(&mut self) -> io::Result<Option<SectionHead>> {
        if self.body.is_some() {
            self.end();
        }
        loop {
            self.window.look(LOOK as u64);
            while self.window.memory().len() < LOOK && self.window.fill() {}
            if self.window.memory().is_empty() {
                self.finish();
                return match self.window.take_error() {
                    Some(e) => Err(e),
                    None => Ok(None),
                };
            }
            if let Some(head) = self.step() {
                return Ok(Some(head));
            }
        }
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if buf.is_empty() {
            return Ok(0);
        }
        loop {
            self.advance();
            let Some(body) = self.body.as_mut() else { return Ok(0) };
            let upto = body.end.map_or(body.safe, |(end, _)| end);
            let left = usize::try_from(upto.saturating_sub(body.emitted)).unwrap_or(usize::MAX);
            if left == 0 {
                if body.end.is_some() {
                    self.finish_body();
                    return Ok(0);
                }
                continue;
            }
            let ahead = self.window.memory();
            if ahead.is_empty() {
                if !self.window.fill() {
                    // The known bytes are fewer than believed: only after a failed temporary file or a trusted length.
                    body.end = Some((body.emitted, How::StreamEnd));
                }
                continue;
            }
            let n = left.min(buf.len()).min(ahead.len());
            buf[..n].copy_from_slice(&ahead[..n]);
            self.window.consume(n);
            body.emitted += n as u64;
            return Ok(n);
        }
    }

    fn end(&mut self) -> SectionEnd {
        let mut sink = [0; 16 << 10];
        while self.body.is_some() {
            match self.read(&mut sink) {
                Ok(n) if n > 0 => {}
                _ => self.finish_body(),
            }
        }
        let mut end = std::mem::take(&mut self.last_end);
        if let Some(problem) = end.problem.as_mut().filter(|p| p.kind == ProblemKind::Truncated && self.window.has_error()) {
            problem.message.push_str("; reading failed there");
        }
        end
    }

    fn notices(&mut self) -> Vec<Notice> {
        self.notices.take()
    }
}

fn excerpt(line: &[u8]) -> String {
    wrap::text(&line[..line.len().min(500)])
}

#[cfg(test)]
mod tests;
