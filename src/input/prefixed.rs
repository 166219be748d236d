//! Streams in which the lines of several containers are mixed, each with a prefix: split into one source per container, read side by side.

use std::io::{self, BufRead, BufReader, Read};

use rustc_hash::FxHashMap;

use super::sniff::{self, SNIFF, Sniffed};
use crate::delivery::prefix::{Joiner, PrefixKind, Stripper};
use crate::digest::SourceDigest;
use crate::fold::{Event, Fold, Look, Onlooker};
use crate::input::chunk::SliceChunks;
use crate::record;
use crate::rules::Rules;
use crate::scan::{Options, Place};

/// Containers that are told apart; lines of further ones go to the last.
const MAX_PARTS: usize = 4_096;
/// Bytes that one container's part may hold before it is framed.
const FLUSH: usize = 1 << 20;
/// Bytes of one line that are kept.
const MAX_LINE: u64 = 8 << 20;

/// One container's lines.
pub struct Part<'o> {
    pub key: Option<String>,
    pending: Vec<u8>,
    /// So many bytes must wait before the next search for a record's beginning: the last one found none, or nothing waits.
    enough: usize,
    sniffed: Option<Sniffed>,
    fold: Fold<'o>,
    path: String,
}

/// What a split gave.
pub struct Split<'o> {
    pub parts: Vec<Part<'o>>,
    pub problem: Option<io::Error>,
}

impl Part<'_> {
    /// Hands whole records to the digest; all that is there where `whole` is set. True where there were some.
    pub fn flush(&mut self, rules: &Rules, whole: bool) -> bool {
        if self.pending.is_empty() {
            return false;
        }
        let path = &self.path;
        let sniffed = *self.sniffed.get_or_insert_with(|| {
            let mut sniffed = sniff::sniff(&self.pending[..self.pending.len().min(SNIFF)], path, true);
            if !matches!(sniffed.content, sniff::Content::Log | sniff::Content::Gc | sniff::Content::Launcher) {
                sniffed.content = sniff::Content::Log;
            }
            // Console output mixes everything.
            if sniffed.mode.gc == record::GcLines::No {
                sniffed.mode.gc = record::GcLines::Mixed;
            }
            sniffed
        });
        let mut take = self.pending.len();
        if !whole {
            // Up to the last record that begins here.
            let mut end = self.pending.len();
            take = loop {
                let Some(newline) = memchr::memrchr(b'\n', &self.pending[..end.saturating_sub(1)]) else { break 0 };
                if record::may_cut(&self.pending, newline + 1, sniffed.mode) {
                    break newline + 1;
                }
                end = newline + 1;
            };
            if take == 0 && self.pending.len() > 4 * FLUSH {
                take = self.pending.len();
            }
        }
        if take == 0 {
            self.enough = 2 * self.pending.len();
            return false;
        }
        self.enough = FLUSH;
        let rest = self.pending.split_off(take);
        let data = std::mem::replace(&mut self.pending, rest);
        for chunk in SliceChunks::new(&data, usize::MAX, sniffed.mode) {
            let result = record::scan(chunk.bytes(), sniffed.mode, rules);
            self.fold.absorb(chunk.bytes(), result);
        }
        true
    }

    /// Bytes that wait for the next record to begin.
    pub fn waiting(&self) -> usize {
        self.pending.len()
    }

    /// What the part is, and its digest as it would be if it ended here.
    pub fn so_far(&self) -> (Sniffed, SourceDigest) {
        (self.sniffed.unwrap_or_else(|| sniff::sniff(b"", &self.path, true)), self.fold.so_far())
    }

    /// The events kept since the last call.
    pub fn take(&mut self) -> Vec<Event> {
        self.fold.take()
    }

    /// What the part is, and its digest.
    pub fn finish(self) -> (Sniffed, (SourceDigest, Vec<Event>)) {
        let sniffed = self.sniffed.unwrap_or_else(|| sniff::sniff(b"", &self.path, true));
        (sniffed, self.fold.finish())
    }
}

/// Splits lines by their prefixes, one after another.
pub struct Splitter<'o> {
    pub parts: Vec<Part<'o>>,
    stripper: Stripper,
    joiner: Joiner,
    by_key: FxHashMap<Vec<u8>, usize>,
    /// Where the last line went.
    current: Option<usize>,
    rules: &'o Rules,
    onlooker: Option<&'o dyn Onlooker>,
    path: String,
    place: Place,
    /// How much the digests of the parts keep.
    fold: fn(Option<Box<dyn Look + 'o>>) -> Fold<'o>,
}

impl<'o> Splitter<'o> {
    /// One for lines with prefixes of `kind`; `path` and `place` are those of the whole stream.
    pub fn new(kind: PrefixKind, rules: &'o Rules, onlooker: Option<&'o dyn Onlooker>, path: &str, place: &Place) -> Self {
        let (path, place) = (path.to_owned(), place.clone());
        let stripper = Stripper { kind };
        Splitter {
            parts: Vec::new(),
            stripper,
            joiner: Joiner::default(),
            by_key: FxHashMap::default(),
            current: None,
            rules,
            onlooker,
            path,
            place,
            fold: Fold::new,
        }
    }

    /// One for a stream that never ends.
    pub fn following(self) -> Self {
        Splitter { fold: Fold::following, ..self }
    }

    /// One that keeps every job.
    pub fn with_all_jobs(self) -> Self {
        Splitter { fold: Fold::with_all_jobs, ..self }
    }

    /// Takes the next line, without its line end.
    pub fn line(&mut self, line: &[u8]) {
        let (at, text) = match self.stripper.strip(line) {
            Some(piece) => {
                // Runtimes cut long lines: the pieces come joined, with the last.
                let Some(whole) = self.joiner.push(piece) else { return };
                (self.part(whole.key.unwrap_or_default()), whole.text)
            }
            // A line without prefix goes on the line before it.
            None => (self.current.unwrap_or_else(|| self.part(b"")), std::borrow::Cow::Borrowed(line)),
        };
        self.current = Some(at);
        self.add(at, &text);
    }

    /// Hands over what waits in every part, also pieces of lines whose end never came.
    pub fn end(&mut self) {
        for rest in self.joiner.rest() {
            if let Some(at) = self.by_key.get(rest.key.as_deref().unwrap_or_default()).copied().or(self.current) {
                self.add(at, &rest.text);
            }
        }
        for part in &mut self.parts {
            part.flush(self.rules, true);
        }
    }

    fn add(&mut self, at: usize, text: &[u8]) {
        let Some(part) = self.parts.get_mut(at) else { return };
        part.pending.extend_from_slice(text);
        part.pending.push(b'\n');
        if part.pending.len() >= part.enough {
            part.flush(self.rules, false);
        }
    }

    fn part(&mut self, key: &[u8]) -> usize {
        if let Some(known) = self.by_key.get(key) {
            return *known;
        }
        if self.parts.len() >= MAX_PARTS {
            return self.parts.len() - 1;
        }
        let name = (!key.is_empty()).then(|| String::from_utf8_lossy(key).into_owned());
        let place = Place { container: self.place.container.clone().or_else(|| name.clone()), ..self.place.clone() };
        let look = self.onlooker.and_then(|o| o.source(&self.path, &place));
        let fold = (self.fold)(look);
        self.parts.push(Part { key: name, pending: Vec::new(), enough: FLUSH, sniffed: None, fold, path: self.path.clone() });
        self.by_key.insert(key.to_vec(), self.parts.len() - 1);
        self.parts.len() - 1
    }
}

/// Splits a stream by the prefixes of its lines.
pub fn split<'o>(input: &mut dyn Read, kind: PrefixKind, options: &Options<'o>, path: &str, place: &Place) -> Split<'o> {
    let mut reader = BufReader::with_capacity(1 << 18, input);
    let splitter = Splitter::new(kind, options.rules, options.onlooker, path, place);
    let mut splitter = if options.all_jobs { splitter.with_all_jobs() } else { splitter };
    let mut line = Vec::new();
    let problem = loop {
        line.clear();
        match (&mut reader).take(MAX_LINE).read_until(b'\n', &mut line) {
            Ok(0) => break None,
            Ok(_) => splitter.line(line.strip_suffix(b"\n").unwrap_or(&line)),
            Err(e) => break Some(e),
        }
    };
    splitter.end();
    Split { parts: splitter.parts, problem }
}
