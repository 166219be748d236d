//! Which of many literals occur in a text.
//!
//! In: the literals of all patterns of one kind, then texts. Out: numbers of the literals that occur. Each literal is known by four bytes of its own,
//! those that the fewest others share. A bit table says of four bytes of a text whether they are any literal's; only then it is compared. Unlike an
//! automaton the tables cost next to nothing to build, which is most of a short scan, and the bits fit into the fastest cache.

use std::sync::{Arc, LazyLock, OnceLock};

use aho_corasick::packed;
use memchr::memmem;
use smallvec::SmallVec;

use crate::memo::Memo;

/// Lines whose literals are known at a time.
const REMEMBERED_LINES: usize = 8_192;
/// Literals that a vectorised search takes at once.
const MOST_AT_THE_GATE: usize = 64;
/// First bytes of a literal that are weighed for its four.
const WEIGHED: usize = 27;
/// log2 of the most bits of a table: they fit into the fastest cache.
const MOST_BITS: u32 = 17;
/// log2 of the bits of a table for each literal.
const BITS_EACH: u32 = 6;
/// log2 of the bits that share one list of literals.
const BITS_SHARED: u32 = 5;

/// The texts that alternatives need or forbid, and what is known of where they occur. The tables are built when the first text comes.
#[derive(Debug, Default)]
pub struct Literals {
    texts: Vec<&'static str>,
    table: OnceLock<Table>,
    /// Says of a text whether any literal of a few is in it: vectorised, unlike a search for all.
    gate: OnceLock<Option<packed::Searcher>>,
    /// No literal reaches over a line end.
    apart: bool,
    /// Only where they are `apart`.
    known: OnceLock<Known>,
}

/// Numbers of literals, sorted. Most texts hold a few.
pub type Numbers = SmallVec<[u32; 16]>;

/// Literals of lines and of the frames of traces.
#[derive(Debug)]
struct Known {
    lines: Memo<Arc<[u32]>>,
    blocks: Memo<Arc<[u32]>>,
}

static FRAMES: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("\n\tat "));

impl Literals {
    /// Takes the literals.
    pub fn new(texts: Vec<&'static str>) -> Literals {
        let apart = !texts.iter().any(|text| text.contains('\n'));
        Literals { texts, apart, ..Literals::default() }
    }

    /// Are the literals of a text those of its lines?
    pub fn apart(&self) -> bool {
        self.apart
    }

    /// Where any may occur first: nothing begins before it, and where this is nothing there is none.
    pub fn first(&self, text: &[u8]) -> Option<usize> {
        let Some(gate) = self.gate() else { return Some(0) };
        gate.find(text).map(|found| found.start())
    }

    /// Does any occur?
    pub fn occur(&self, text: &[u8]) -> bool {
        self.gate().map_or_else(|| !self.search(text).is_empty(), |gate| gate.find(text).is_some())
    }

    /// A vectorised search for the first of them, where they are few.
    fn gate(&self) -> Option<&packed::Searcher> {
        (self.texts.len() <= MOST_AT_THE_GATE).then(|| self.gate.get_or_init(|| packed::Searcher::new(&self.texts)).as_ref())?
    }

    /// The literals that occur, by number, sorted.
    pub fn search(&self, text: &[u8]) -> Numbers {
        self.table.get_or_init(|| Table::new(&self.texts)).search(&self.texts, text)
    }

    /// The same, with a memory of lines and of blocks of frames: logs repeat themselves.
    pub fn remembered(&self, text: &[u8]) -> Numbers {
        let Some(known) = self.known() else { return self.search(text) };
        // A message or an id differs from trace to trace, the frames are the same again and again: they are known as one block.
        let frames = FRAMES.find(text).unwrap_or(text.len());
        let (message, frames) = text.split_at(frames);
        let mut all = self.search_lines(message, known);
        if !frames.is_empty() {
            all.extend_from_slice(&known.blocks.get(frames, b"", || self.search_lines(frames, known).as_slice().into()));
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    /// Gives back what is remembered.
    pub fn forget(&self) {
        if let Some(known) = self.known.get() {
            known.lines.forget();
            known.blocks.forget();
        }
    }

    fn known(&self) -> Option<&Known> {
        let new = || Known { lines: Memo::with_room(REMEMBERED_LINES), blocks: Memo::default() };
        self.apart.then(|| self.known.get_or_init(new))
    }

    fn search_lines(&self, text: &[u8], known: &Known) -> Numbers {
        let mut all = Numbers::new();
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', text).chain(std::iter::once(text.len())) {
            let line = &text[start..end];
            start = end + 1;
            if line.is_empty() {
                continue;
            }
            all.extend_from_slice(&known.lines.get(line, b"", || self.search(line).as_slice().into()));
            // A hostile text repeats literals for ever.
            if all.len() > 4 * self.texts.len() {
                all.sort_unstable();
                all.dedup();
            }
        }
        all
    }
}

/// Literals by four of their bytes.
#[derive(Debug)]
struct Table {
    /// What of a hash is not looked at.
    shift: u32,
    /// One bit per hash of four bytes: any literal's?
    bits: Box<[u64]>,
    /// Where the literals of some neighbouring hashes begin, and where the last end.
    starts: Box<[u32]>,
    literals: Box<[Place]>,
    /// Too short to be known by four bytes, with their numbers.
    short: Vec<(memmem::Finder<'static>, Vec<u32>)>,
}

/// Four bytes of a literal.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    four: u32,
    literal: u32,
    /// Where in the literal they end.
    end: u32,
}

/// The upper bits are the best.
fn hash(four: u32) -> u32 {
    four.wrapping_mul(0x9e37_79b1)
}

/// The four-byte stretches of a text, each with where it ends.
fn stretches(text: &[u8]) -> impl Iterator<Item = (usize, u32)> {
    (4..).zip(text.array_windows().map(|four| u32::from_le_bytes(*four)))
}

impl Table {
    fn new(texts: &[&'static str]) -> Table {
        let bits = (texts.len().next_power_of_two().ilog2() + BITS_EACH).min(MOST_BITS);
        let shift = 32 - bits;
        let mut table = Table {
            shift,
            bits: vec![0; 1 << (bits - 6)].into(),
            starts: vec![0; (1 << (bits - BITS_SHARED)) + 1].into(),
            literals: Box::default(),
            short: Vec::new(),
        };
        let places = places(texts, bits);
        // Sorted by counting.
        for place in &places {
            let hash = hash(place.four) >> shift;
            table.bits[hash as usize >> 6] |= 1 << (hash & 63);
            table.starts[(hash >> BITS_SHARED) as usize] += 1;
        }
        let mut end = 0;
        for start in &mut table.starts {
            end += *start;
            *start = end;
        }
        table.literals = vec![Place::default(); places.len()].into();
        for place in places.iter().rev() {
            let start = &mut table.starts[(hash(place.four) >> shift >> BITS_SHARED) as usize];
            *start -= 1;
            table.literals[*start as usize] = *place;
        }
        let mut short: Vec<(&str, u32)> = (0..).zip(texts).filter(|(_, text)| text.len() < 4).map(|(literal, text)| (*text, literal)).collect();
        short.sort_unstable();
        let same = short.chunk_by(|a, b| a.0 == b.0).filter_map(|same| Some((same.first()?.0, same)));
        table.short = same.map(|(text, same)| (memmem::Finder::new(text), same.iter().map(|(_, literal)| *literal).collect())).collect();
        table
    }

    fn search(&self, texts: &[&'static str], text: &[u8]) -> Numbers {
        let mut found = Numbers::new();
        for (end, four) in stretches(text) {
            let hash = hash(four) >> self.shift;
            if self.bits[hash as usize >> 6] >> (hash & 63) & 1 == 0 {
                continue;
            }
            let list = (hash >> BITS_SHARED) as usize;
            for place in &self.literals[self.starts[list] as usize..self.starts[list + 1] as usize] {
                let start = end.checked_sub(place.end as usize).filter(|_| place.four == four);
                let occurs = start.and_then(|start| text.get(start..)).is_some_and(|rest| rest.starts_with(texts[place.literal as usize].as_bytes()));
                if occurs && found.last() != Some(&place.literal) {
                    found.push(place.literal);
                }
            }
            // A hostile text repeats literals for ever.
            if found.len() > 4 * texts.len() {
                found.sort_unstable();
                found.dedup();
            }
        }
        found.extend(self.short.iter().filter(|(finder, _)| finder.find(text).is_some()).flat_map(|(_, literals)| literals.iter().copied()));
        found.sort_unstable();
        found.dedup();
        found
    }
}

/// For each literal the four of its first bytes that the fewest others have. They are counted roughly: a bad choice costs time, never a result.
fn places(texts: &[&'static str], bits: u32) -> Vec<Place> {
    let (bits, shift) = (bits - 2, 32 - (bits - 2));
    let mut counts = vec![0u8; 1 << bits];
    let weighed = |text: &'static str| stretches(text.as_bytes().get(..WEIGHED).unwrap_or(text.as_bytes()));
    for text in texts {
        for (_, four) in weighed(text) {
            let count = &mut counts[(hash(four) >> shift) as usize];
            *count = count.saturating_add(1);
        }
    }
    let mut places = Vec::with_capacity(texts.len());
    for (literal, text) in (0..).zip(texts) {
        let mut best: Option<(u8, Place)> = None;
        for (end, four) in weighed(text) {
            let count = counts[(hash(four) >> shift) as usize];
            if best.is_none_or(|(least, _)| count < least) {
                best = Some((count, Place { four, literal, end: end as u32 }));
            }
            if count == 1 {
                break;
            }
        }
        places.extend(best.map(|(_, place)| place));
    }
    places
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn literals(texts: &[&'static str]) -> Literals {
        Literals::new(texts.to_vec())
    }

    #[test]
    fn literals_of_every_length_and_place_are_found() {
        let all = literals(&["", "a", ": ", "abc", "abcd", "bcde", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", "Pulsar 系"]);
        assert_eq!(all.search(b"")[..], [0]);
        assert_eq!(all.search(b"abcde")[..], [0, 1, 3, 4, 5]);
        assert_eq!(all.search(b"x: abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz")[..], [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(all.search("der Pulsar 系".as_bytes())[..], [0, 1, 7]);
        assert_eq!(all.search(b"bcd")[..], [0]);
    }

    #[test]
    fn a_text_that_repeats_literals_is_searched() {
        let all = literals(&["aaaa", "aaaaa"]);
        assert_eq!(all.search("a".repeat(1 << 20).as_bytes())[..], [0, 1]);
        assert_eq!(all.remembered(&b"aaaaa\n".repeat(10_000))[..], [0, 1]);
    }

    proptest! {
        /// What a plain search finds is found.
        #[test]
        fn every_literal_is_found(texts in proptest::collection::vec("[ab:]{0,7}", 0..40), text in "[ab:\n]{0,60}") {
            let texts: Vec<&'static str> = texts.into_iter().map(|text| &*text.leak()).collect();
            let all = literals(&texts);
            let plain: Vec<u32> = (0..texts.len() as u32).filter(|i| text.contains(texts[*i as usize])).collect();
            prop_assert_eq!(&all.search(text.as_bytes())[..], &plain[..]);
            if !texts.contains(&"") {
                prop_assert_eq!(&all.remembered(text.as_bytes())[..], &plain[..]);
            }
            prop_assert_eq!(all.occur(text.as_bytes()), !plain.is_empty());
            match all.first(text.as_bytes()) {
                Some(at) => prop_assert_eq!(&all.search(&text.as_bytes()[at..])[..], &plain[..]),
                None => prop_assert!(plain.is_empty()),
            }
        }
    }
}
