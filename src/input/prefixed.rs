//! Streams in which the lines of several containers are mixed, each with a prefix: split into one source per container, read side by side.

use std::io::{self, BufRead, BufReader, Read};

use rustc_hash::FxHashMap;

use super::sniff::{self, SNIFF, Sniffed};
use crate::delivery::prefix::{Joiner, PrefixKind, Stripper};
use crate::digest::SourceDigest;
use crate::fold::{Event, Fold};
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
    fn flush(&mut self, rules: &Rules, whole: bool) {
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
        let rest = self.pending.split_off(take);
        let data = std::mem::replace(&mut self.pending, rest);
        for chunk in SliceChunks::new(&data, usize::MAX, sniffed.mode) {
            let result = record::scan(chunk.bytes(), sniffed.mode, rules);
            self.fold.absorb(chunk.bytes(), result);
        }
    }

    /// What the part is, and its digest.
    pub fn finish(self) -> (Sniffed, (SourceDigest, Vec<Event>)) {
        let sniffed = self.sniffed.unwrap_or_else(|| sniff::sniff(b"", &self.path, true));
        (sniffed, self.fold.finish())
    }
}

/// Splits a stream by the prefixes of its lines.
pub fn split<'o>(input: &mut dyn Read, kind: PrefixKind, options: &Options<'o>, path: &str, place: &Place) -> Split<'o> {
    let part = |key: Option<String>| {
        let place = Place { container: place.container.clone().or_else(|| key.clone()), ..place.clone() };
        let fold = Fold::new(options.onlooker.and_then(|o| o.source(path, &place)));
        Part { key, pending: Vec::new(), sniffed: None, fold, path: path.to_owned() }
    };
    let mut reader = BufReader::with_capacity(1 << 18, input);
    let stripper = Stripper { kind };
    let mut joiner = Joiner::default();
    let mut parts: Vec<Part<'o>> = Vec::new();
    let mut by_key: FxHashMap<Vec<u8>, usize> = FxHashMap::default();
    let mut current = None;
    let mut line = Vec::new();
    let mut problem = None;
    loop {
        line.clear();
        match (&mut reader).take(MAX_LINE).read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) => {}
            Err(e) => {
                problem = Some(e);
                break;
            }
        }
        let ended = line.last() == Some(&b'\n');
        let bare = if ended { &line[..line.len() - 1] } else { &line[..] };
        let (at, text) = match stripper.strip(bare) {
            Some(piece) => {
                // Runtimes cut long lines: the pieces come joined, with the last.
                let Some(whole) = joiner.push(piece) else { continue };
                let key = whole.key.unwrap_or_default();
                let known = by_key.get(key).copied();
                let at = known.unwrap_or_else(|| {
                    if parts.len() >= MAX_PARTS {
                        return parts.len() - 1;
                    }
                    let name = (!key.is_empty()).then(|| String::from_utf8_lossy(key).into_owned());
                    parts.push(part(name));
                    by_key.insert(key.to_vec(), parts.len() - 1);
                    parts.len() - 1
                });
                (at, whole.text)
            }
            // A line without prefix goes on the line before it.
            None => {
                let at = current.unwrap_or_else(|| {
                    if parts.is_empty() {
                        parts.push(part(None));
                        by_key.insert(Vec::new(), 0);
                    }
                    0
                });
                (at, std::borrow::Cow::Borrowed(bare))
            }
        };
        current = Some(at);
        let part = &mut parts[at];
        part.pending.extend_from_slice(&text);
        part.pending.push(b'\n');
        if part.pending.len() >= FLUSH {
            part.flush(options.rules, false);
        }
    }
    for rest in joiner.rest() {
        let at = by_key.get(rest.key.as_deref().unwrap_or_default()).copied().or(current);
        if let Some(part) = at.and_then(|at| parts.get_mut(at)) {
            part.pending.extend_from_slice(&rest.text);
            part.pending.push(b'\n');
        }
    }
    for part in &mut parts {
        part.flush(options.rules, true);
    }
    Split { parts, problem }
}
