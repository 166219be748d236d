//! Which of many literals occur in a text.
//!
//! In: the literals of all patterns of one kind, then texts. Out: numbers of the literals that occur. Each literal is known by four bytes of its own,
//! those that the fewest others share. A bit table says of four bytes of a text whether they are any literal's; only then it is compared. Unlike an
//! automaton the tables cost next to nothing to build, which is most of a short scan, and the bits fit into the fastest cache.

use std::sync::{Arc, LazyLock, OnceLock};

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use memchr::memmem;
use rustc_hash::FxHashMap;

use crate::memo::Memo;

/// Lines whose literals are known at a time.
const REMEMBERED_LINES: usize = 8_192;
/// Literals that a vectorised search takes at once.
const MOST_AT_THE_GATE: usize = 64;
/// Bytes of all literals together; far above what a pack needs.
const MOST: usize = 64 << 20;
/// Places of a literal that are weighed for its four bytes.
const WEIGHED: usize = 24;
/// log2 of the bits of the table.
const BITS: u32 = 17;

/// The texts that alternatives need or forbid, and what is known of where they occur. The tables are built when the first text comes.
#[derive(Debug)]
pub struct Literals {
    texts: Vec<String>,
    table: OnceLock<Table>,
    /// Says of a text whether any literal of a few is in it: vectorised, unlike a search for all.
    gate: OnceLock<Option<AhoCorasick>>,
    /// No literal reaches over a line end.
    apart: bool,
    /// Only where they are `apart`.
    known: OnceLock<Known>,
}

/// Literals of lines and of the frames of traces.
#[derive(Debug)]
struct Known {
    lines: Memo<Arc<[u32]>>,
    blocks: Memo<Arc<[u32]>>,
}

static FRAMES: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("\n\tat "));

impl Literals {
    /// Takes the literals. Fails only on too many.
    pub fn new(texts: Vec<String>) -> Result<Literals, String> {
        if texts.iter().map(String::len).sum::<usize>() > MOST {
            return Err(format!("more than {MOST} bytes of literals"));
        }
        let apart = !texts.iter().any(|text| text.contains('\n'));
        Ok(Literals { texts, table: OnceLock::new(), gate: OnceLock::new(), apart, known: OnceLock::new() })
    }

    /// Are the literals of a text those of its lines?
    pub fn apart(&self) -> bool {
        self.apart
    }

    /// May any occur? Never says no where one does.
    pub fn occur(&self, text: &[u8]) -> bool {
        // The vectorised search stands before the automaton, which is hardly used: the one that is built soonest will do.
        let build = || AhoCorasick::builder().kind(Some(AhoCorasickKind::NoncontiguousNFA)).match_kind(MatchKind::LeftmostFirst).build(&self.texts).ok();
        self.texts.len() > MOST_AT_THE_GATE || self.gate.get_or_init(build).as_ref().is_none_or(|gate| gate.is_match(text))
    }

    /// The literals that occur, by number, sorted.
    pub fn search(&self, text: &[u8]) -> Vec<u32> {
        self.table.get_or_init(|| Table::new(&self.texts)).search(&self.texts, text)
    }

    /// The same, with a memory of lines and of blocks of frames: logs repeat themselves.
    pub fn remembered(&self, text: &[u8]) -> Vec<u32> {
        let Some(known) = self.known() else { return self.search(text) };
        // A message or an id differs from trace to trace, the frames are the same again and again: they are known as one block.
        let frames = FRAMES.find(text).unwrap_or(text.len());
        let (message, frames) = text.split_at(frames);
        let mut all = self.search_lines(message, known);
        if !frames.is_empty() {
            all.extend_from_slice(&known.blocks.get(frames, b"", || self.search_lines(frames, known).into()));
        }
        all.sort_unstable();
        all.dedup();
        all
    }

    fn known(&self) -> Option<&Known> {
        let new = || Known { lines: Memo::with_slots(REMEMBERED_LINES), blocks: Memo::default() };
        self.apart.then(|| self.known.get_or_init(new))
    }

    fn search_lines(&self, text: &[u8], known: &Known) -> Vec<u32> {
        let mut all: Vec<u32> = Vec::new();
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', text).chain(std::iter::once(text.len())) {
            let line = &text[start..end];
            start = end + 1;
            if line.is_empty() {
                continue;
            }
            all.extend_from_slice(&known.lines.get(line, b"", || self.search(line).into()));
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
    /// One bit per hash of four bytes: any literal's?
    bits: Box<[u64]>,
    /// Four bytes → literals that have them, and where in the literal they end.
    literals: FxHashMap<u32, Vec<(u32, u32)>>,
    /// Too short to be known by four bytes.
    short: Vec<(u32, memmem::Finder<'static>)>,
}

fn hash(four: u32) -> usize {
    (four.wrapping_mul(0x9e37_79b1) >> (32 - BITS)) as usize
}

/// The four-byte stretches of a text, each with where it ends.
fn stretches(text: &[u8]) -> impl Iterator<Item = (usize, u32)> {
    let mut four = 0u32;
    let step = move |(at, byte): (usize, &u8)| {
        four = four >> 8 | u32::from(*byte) << 24;
        (at + 1, four)
    };
    text.iter().enumerate().map(step).skip(3)
}

impl Table {
    fn new(texts: &[String]) -> Table {
        let mut shared = vec![0u16; 1 << BITS];
        for (_, four) in texts.iter().flat_map(|text| stretches(text.as_bytes()).take(WEIGHED)) {
            let count = &mut shared[hash(four)];
            *count = count.saturating_add(1);
        }
        let mut table = Table { bits: vec![0; 1 << (BITS - 6)].into(), literals: FxHashMap::default(), short: Vec::new() };
        for (literal, text) in texts.iter().enumerate() {
            let text = text.as_bytes();
            match stretches(text).take(WEIGHED).min_by_key(|(_, four)| shared[hash(*four)]) {
                Some((end, four)) => {
                    table.bits[hash(four) >> 6] |= 1 << (hash(four) & 63);
                    table.literals.entry(four).or_default().push((literal as u32, end as u32));
                }
                None => table.short.push((literal as u32, memmem::Finder::new(text).into_owned())),
            }
        }
        table
    }

    fn search(&self, texts: &[String], text: &[u8]) -> Vec<u32> {
        let mut found: Vec<u32> = Vec::new();
        for (end, four) in stretches(text) {
            let hash = hash(four);
            if self.bits[hash >> 6] >> (hash & 63) & 1 == 0 {
                continue;
            }
            for &(literal, inside) in self.literals.get(&four).into_iter().flatten() {
                let start = end.checked_sub(inside as usize);
                let occurs = start.and_then(|start| text.get(start..)).is_some_and(|rest| rest.starts_with(texts[literal as usize].as_bytes()));
                if occurs && found.last() != Some(&literal) {
                    found.push(literal);
                }
            }
            // A hostile text repeats literals for ever.
            if found.len() > 4 * texts.len() {
                found.sort_unstable();
                found.dedup();
            }
        }
        found.extend(self.short.iter().filter(|(_, finder)| finder.find(text).is_some()).map(|(literal, _)| *literal));
        found.sort_unstable();
        found.dedup();
        found
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn literals(texts: &[&str]) -> Literals {
        Literals::new(texts.iter().map(|t| (*t).to_owned()).collect()).expect("few")
    }

    #[test]
    fn literals_of_every_length_and_place_are_found() {
        let all = literals(&["", "a", ": ", "abc", "abcd", "bcde", "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz", "Pulsar 系"]);
        assert_eq!(all.search(b""), [0]);
        assert_eq!(all.search(b"abcde"), [0, 1, 3, 4, 5]);
        assert_eq!(all.search(b"x: abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz"), [0, 1, 2, 3, 4, 5, 6]);
        assert_eq!(all.search("der Pulsar 系".as_bytes()), [0, 1, 7]);
        assert_eq!(all.search(b"bcd"), [0]);
    }

    #[test]
    fn a_text_that_repeats_literals_is_searched() {
        let all = literals(&["aaaa", "aaaaa"]);
        assert_eq!(all.search("a".repeat(1 << 20).as_bytes()), [0, 1]);
        assert_eq!(all.remembered(&b"aaaaa\n".repeat(10_000)), [0, 1]);
    }

    proptest! {
        /// What a plain search finds is found.
        #[test]
        fn every_literal_is_found(texts in proptest::collection::vec("[ab:]{0,7}", 0..40), text in "[ab:\n]{0,60}") {
            let all = Literals::new(texts.clone()).expect("few");
            let plain: Vec<u32> = (0..texts.len() as u32).filter(|i| text.contains(texts[*i as usize].as_str())).collect();
            prop_assert_eq!(all.search(text.as_bytes()), plain.clone());
            if !texts.iter().any(String::is_empty) {
                prop_assert_eq!(all.remembered(text.as_bytes()), plain);
            }
            prop_assert!(all.occur(text.as_bytes()) || all.search(text.as_bytes()).is_empty());
        }
    }
}
