//! The words of a source's entries and of the starts of its processes, kept small: any of them may be cited, few are.
//!
//! In: the bytes of records. Out: an id per record, and for an id the words with their place and hash. Words wait compressed (log lines repeat each other), so
//! that the bytes cited are those that were read, from a pipe as from a file that has gone since.

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex};

use sha2::{Digest as _, Sha256};

use super::{Place, Quote};
use crate::classify::text::shown;

/// Bytes of one quote.
const QUOTE_BYTES: usize = 700;
/// Lines of one quote.
const QUOTE_LINES: usize = 6;
/// Bytes that are compressed together.
const BLOCK: usize = 16 << 10;
/// Compressed bytes that one source may keep; later records are not quoted.
const MAX_BYTES: usize = 8 << 20;

/// Blocks that are remembered when they were unpacked.
const LATELY: usize = 8;

/// Names the words of one record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct QuoteId(NonZeroU32);

/// A block and its number.
type Unpacked = (usize, Arc<[u8]>);

/// All of one source.
#[derive(Debug, Default)]
pub struct Quotes {
    /// Where each begins in its block.
    starts: Vec<u16>,
    /// The first quote of each block.
    firsts: Vec<u32>,
    sealed: Vec<Box<[u8]>>,
    sealed_bytes: usize,
    /// The last block, not yet compressed.
    open: Vec<u8>,
    /// Sealed blocks that were asked for lately, by number: threads go through different parts. Of most sources none is.
    lately: Mutex<Box<[Option<Unpacked>]>>,
}

impl Clone for Quotes {
    fn clone(&self) -> Self {
        let Quotes { starts, firsts, sealed, sealed_bytes, open, .. } = self;
        let (starts, firsts, sealed, open) = (starts.clone(), firsts.clone(), sealed.clone(), open.clone());
        Quotes { starts, firsts, sealed, sealed_bytes: *sealed_bytes, open, lately: Mutex::default() }
    }
}

impl Quotes {
    /// Keeps the words of a record; nothing once there is no more room.
    pub fn keep(&mut self, record: &[u8]) -> Option<QuoteId> {
        if self.sealed_bytes > MAX_BYTES {
            return None;
        }
        let (words, _) = words_of(record);
        if self.open.len() + words.len() > BLOCK {
            let block: Box<[u8]> = lz4_flex::block::compress_prepend_size(&self.open).into();
            self.sealed_bytes += block.len();
            self.sealed.push(block);
            self.open.clear();
        }
        if self.open.is_empty() {
            self.firsts.push(u32::try_from(self.starts.len()).ok()?);
        }
        self.starts.push(self.open.len() as u16);
        self.open.extend_from_slice(words);
        // An empty record leaves the block empty: the next one must not begin it again.
        if self.open.is_empty() {
            self.open.push(b'\n');
        }
        NonZeroU32::new(u32::try_from(self.starts.len()).ok()?).map(QuoteId)
    }

    /// Keeps the words of these ids only, which get new ones.
    pub fn keep_only<'a>(&mut self, ids: impl Iterator<Item = &'a mut Option<QuoteId>>) {
        let old = std::mem::take(self);
        let mut kept: Vec<_> = ids.filter(|id| id.is_some()).collect();
        // Block by block.
        kept.sort_by_key(|id| **id);
        for id in kept {
            *id = id.and_then(|known| old.words(known, |words| self.keep(words)).flatten());
        }
    }

    /// Drops the blocks in which none of these ids lies; ids stay as they are. True where most of what is left is not asked for either, and
    /// [`Quotes::keep_only`] is worth its time.
    pub fn drop_blocks_without(&mut self, ids: impl Iterator<Item = QuoteId>) -> bool {
        let mut needed = vec![0_usize; self.sealed.len()];
        for id in ids {
            if let Some(needed) = self.block_of(id).and_then(|block| needed.get_mut(block)) {
                *needed += 1;
            }
        }
        let mut held = 0;
        for (at, (block, needed)) in self.sealed.iter_mut().zip(&needed).enumerate() {
            if *needed == 0 {
                self.sealed_bytes -= block.len();
                *block = Box::default();
            } else {
                let next = self.firsts.get(at + 1).map_or(self.starts.len(), |first| *first as usize);
                held += next - self.firsts[at] as usize;
            }
        }
        self.lately = Mutex::default();
        needed.iter().sum::<usize>() < held / 2
    }

    fn block_of(&self, id: QuoteId) -> Option<usize> {
        self.firsts.partition_point(|first| *first < id.0.get()).checked_sub(1)
    }

    /// The words of the record at `place`, which [`Quotes::keep`] gave this id.
    pub fn get(&self, id: QuoteId, place: Place) -> Option<Quote> {
        self.words(id, |words| quote(words, place))
    }

    fn words<T>(&self, id: QuoteId, read: impl FnOnce(&[u8]) -> T) -> Option<T> {
        let block = self.block_of(id)?;
        let id = id.0.get() as usize - 1;
        let start = usize::from(*self.starts.get(id)?);
        let next_block = self.firsts.get(block + 1).map_or(self.starts.len(), |first| *first as usize);
        let end = (id + 1 < next_block).then(|| usize::from(self.starts[id + 1]));
        if block == self.sealed.len() {
            return Some(read(self.open.get(start..end.unwrap_or(self.open.len()))?));
        }
        let text = self.block(block)?;
        Some(read(text.get(start..end.unwrap_or(text.len()))?))
    }

    /// A sealed block, unpacked.
    fn block(&self, block: usize) -> Option<Arc<[u8]>> {
        if let Some(Some((known, text))) = self.lately.lock().ok()?.get(block % LATELY)
            && *known == block
        {
            return Some(text.clone());
        }
        let text: Arc<[u8]> = lz4_flex::block::decompress_size_prepended(self.sealed.get(block)?).ok()?.into();
        let mut lately = self.lately.lock().ok()?;
        if lately.is_empty() {
            *lately = vec![None; LATELY].into();
        }
        lately[block % LATELY] = Some((block, text.clone()));
        Some(text)
    }
}

/// The words of a record, as evidence cites them.
pub fn quote_of(record: &[u8], place: Place) -> Quote {
    quote(words_of(record).0, place)
}

fn quote(words: &[u8], place: Place) -> Quote {
    let (words, lines) = words_of(words);
    Quote { place: Place { lines, bytes: words.len() as u32, ..place }, sha256: Sha256::digest(words).into(), text: shown(words).as_ref().into() }
}

/// The beginning of a record that is quoted, and how many lines that is.
fn words_of(raw: &[u8]) -> (&[u8], u32) {
    let raw = raw.trim_ascii_end();
    let (mut end, mut lines, mut returns) = (0, 0, 0);
    for at in memchr::memchr_iter(b'\n', raw).chain(std::iter::once(raw.len())) {
        // Line ends of Windows count as one byte, so that the same lines are quoted.
        returns += usize::from(at > 0 && raw.get(at - 1) == Some(&b'\r'));
        let length = at - returns;
        if lines > 0 && (lines >= QUOTE_LINES || length > QUOTE_BYTES) {
            break;
        }
        end = if lines == 0 { at.min(QUOTE_BYTES) } else { at };
        lines += 1;
        if length >= QUOTE_BYTES {
            break;
        }
    }
    (raw[..end].strip_suffix(b"\r").unwrap_or(&raw[..end]), lines.max(1) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_given_back() {
        let mut quotes = Quotes::default();
        let record = |i: usize| match i % 50 {
            0 => String::new(),
            7 => format!("{i} {}\nmore", "x".repeat(900)),
            9 => format!("first {i}\r\n\tat a.b.C.d(C.java:{i})\r\n\tat e\r\n\tat f\n\tat g\n\tat h\n\tat i\n"),
            _ => format!("2026-11-21 17:32:01,217 INFO  a.b.C [] - message {i}\n"),
        };
        let ids: Vec<_> = (0..5_000).map(|i| quotes.keep(record(i).as_bytes()).expect("room")).collect();
        for (i, id) in ids.iter().enumerate() {
            let place = Place { line: i as u64, byte: 7, ..Place::default() };
            let (kept, direct) = (quotes.get(*id, place).expect("kept"), quote_of(record(i).as_bytes(), place));
            assert_eq!(kept, direct, "{i}");
        }
        assert!(quotes.sealed.len() > 3 && quotes.sealed_bytes < 5_000 * 40);
    }

    #[test]
    fn what_is_not_kept_makes_room() {
        let mut quotes = Quotes::default();
        let mut ids: Vec<_> = (0..5_000).map(|i| quotes.keep(format!("record {i}").as_bytes())).collect();
        let mut some: Vec<_> = ids.iter_mut().step_by(7).collect();
        // In whatever order.
        some.reverse();
        quotes.keep_only(some.into_iter());
        for (i, id) in ids.iter().enumerate().step_by(7) {
            assert_eq!(&*quotes.get(id.expect("kept"), Place::default()).expect("words").text, format!("record {i}"));
        }
        assert!(quotes.starts.len() < 720 && quotes.sealed.len() < 3);
        let next = quotes.keep(b"one more").expect("room");
        assert_eq!(&*quotes.get(next, Place::default()).expect("words").text, "one more");
    }

    #[test]
    fn blocks_that_nobody_needs_go() {
        let mut quotes = Quotes::default();
        let ids: Vec<_> = (0..5_000).map(|i| quotes.keep(format!("record {i}").as_bytes()).expect("room")).collect();
        let bytes = quotes.sealed_bytes;
        assert!(quotes.drop_blocks_without([ids[0], ids[4_999]].into_iter()), "of its block one is needed");
        assert!(quotes.sealed_bytes < bytes / 2 && quotes.sealed.iter().map(|block| block.len()).sum::<usize>() == quotes.sealed_bytes);
        let text = |id| quotes.get(id, Place::default()).map(|quote| quote.text.to_string());
        assert_eq!((text(ids[0]).as_deref(), text(ids[4_999]).as_deref(), text(ids[2_500])), (Some("record 0"), Some("record 4999"), None));
    }

    #[test]
    fn room_is_bounded() {
        let mut quotes = Quotes::default();
        let mut seed = 1u64;
        let mut noise = || {
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (seed >> 33) as u8
        };
        let kept = (0..40_000).filter(|_| quotes.keep(&(0..600).map(|_| noise()).collect::<Vec<u8>>()).is_some()).count();
        assert!(kept < 20_000 && quotes.sealed_bytes < MAX_BYTES + 2 * BLOCK);
    }
}
