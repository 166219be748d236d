//! A memory of what was found out about texts that a log repeats: the stack traces of a restart loop, the same warning for ever.
//!
//! In: a text and how to find out. Out: what finding out gives, always: a text is known again only if it is the same byte for byte, so nothing depends on
//! which thread came first. Bounded in entries and bytes; a newer text takes the place of one that came once.

use std::hash::Hasher;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock};

use rustc_hash::FxHasher;

/// Texts that are known at a time, unless said otherwise.
const TEXTS: usize = 2_048;
/// Slots that are made together: a short scan needs few of all.
const TOGETHER: usize = 16;
/// Bytes of all texts that are kept.
const MAX_BYTES: usize = 8 << 20;
/// Bytes of one text that is kept.
const MAX_TEXT: usize = 64 << 10;

/// Two texts of a kind of hash: the usual one, and the newest, which takes its place when it is asked for again. So texts that come once drive out none that
/// come again and again.
type Slot<V> = Mutex<[Option<(Text, V)>; 2]>;
type Slots<V> = Box<[Slot<V>; TOGETHER]>;

/// What is known, by text. A text comes in two parts, since its first line is often of another kind than the rest.
#[derive(Debug)]
pub struct Memo<V> {
    slots: Box<[OnceLock<Slots<V>>]>,
    bytes: AtomicUsize,
}

#[derive(Debug)]
struct Text {
    both: Box<[u8]>,
    first: usize,
}

impl Text {
    fn is(&self, first: &[u8], rest: &[u8]) -> bool {
        self.first == first.len() && self.both.len() == first.len() + rest.len() && self.both[self.first..] == *rest && self.both[..self.first] == *first
    }
}

impl<V> Default for Memo<V> {
    fn default() -> Self {
        Memo::with_room(TEXTS)
    }
}

impl<V> Memo<V> {
    /// Room for `texts` texts or a few more.
    pub fn with_room(texts: usize) -> Self {
        Memo { slots: (0..texts.div_ceil(2 * TOGETHER).max(1)).map(|_| OnceLock::new()).collect(), bytes: AtomicUsize::new(0) }
    }

    fn slot(&self, hash: usize) -> &Slot<V> {
        let together = &self.slots[hash / TOGETHER % self.slots.len()];
        &together.get_or_init(|| Box::new(std::array::from_fn(|_| Slot::default())))[hash % TOGETHER]
    }
}

impl<V> Memo<V> {
    /// Gives the memory back. Texts that come later are remembered again.
    pub fn forget(&self) {
        for slot in self.slots.iter().filter_map(OnceLock::get).flat_map(|slots| slots.iter()) {
            if let Ok(mut known) = slot.lock() {
                let texts = known.iter().flatten().map(|(text, _)| text.both.len()).sum();
                *known = [None, None];
                self.bytes.fetch_sub(texts, Ordering::Relaxed);
            }
        }
    }
}

impl<V: Clone> Memo<V> {
    /// What `find_out` gives for the text, from memory where it is known.
    pub fn get(&self, first: &[u8], rest: &[u8], find_out: impl FnOnce() -> V) -> V {
        let mut hasher = FxHasher::default();
        hasher.write(first);
        hasher.write(rest);
        let slot = self.slot(hasher.finish() as usize);
        if let Ok(mut known) = slot.lock() {
            let [usual, newest] = &mut *known;
            if let Some((text, value)) = usual
                && text.is(first, rest)
            {
                return value.clone();
            }
            if let Some((text, value)) = newest
                && text.is(first, rest)
            {
                let value = value.clone();
                known.swap(0, 1);
                return value;
            }
        }
        let value = find_out();
        let length = first.len() + rest.len();
        if length <= MAX_TEXT
            && let Ok(mut known) = slot.lock()
        {
            let [usual, newest] = &mut *known;
            // Another thread may have found it out meanwhile.
            if [&*usual, &*newest].into_iter().flatten().any(|(text, _)| text.is(first, rest)) {
                return value;
            }
            let place = if usual.is_none() { usual } else { newest };
            let before = place.as_ref().map_or(0, |(text, _)| text.both.len());
            if self.bytes.load(Ordering::Relaxed) + length <= MAX_BYTES + before {
                self.bytes.fetch_add(length, Ordering::Relaxed);
                self.bytes.fetch_sub(before, Ordering::Relaxed);
                *place = Some((Text { both: [first, rest].concat().into(), first: first.len() }, value.clone()));
            }
        }
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_texts_are_found_out_once() {
        let memo = Memo::default();
        assert_eq!(memo.get(b"a", b"b", || 1), 1);
        assert_eq!(memo.get(b"a", b"b", || 2), 1);
        // The same bytes cut at another place are another text.
        assert_eq!(memo.get(b"", b"ab", || 3), 3);
        assert_eq!(memo.get(b"ab", b"", || 4), 4);
    }

    #[test]
    fn what_is_forgotten_is_found_out_again() {
        let memo = Memo::default();
        assert_eq!(memo.get(b"a", b"b", || 1), 1);
        memo.forget();
        assert_eq!(memo.bytes.load(Ordering::Relaxed), 0);
        assert_eq!((memo.get(b"a", b"b", || 2), memo.get(b"a", b"b", || 3)), (2, 2));
    }

    #[test]
    fn texts_that_come_once_drive_out_none_that_come_again() {
        let memo = Memo::with_room(1);
        let calls = |text: &[u8]| {
            let mut called = false;
            memo.get(text, b"", || called = true);
            called
        };
        // Every place has its first.
        for first in 1_000_000..1_000_500u32 {
            calls(&first.to_le_bytes());
        }
        assert!(calls(b"again") && !calls(b"again"));
        for once in 0..1_000u32 {
            calls(&once.to_le_bytes());
        }
        assert!(!calls(b"again"));
    }

    #[test]
    fn memory_is_bounded() {
        let memo = Memo::default();
        let text = vec![b'x'; MAX_TEXT - 8];
        for i in 0..1_000u64 {
            memo.get(&i.to_le_bytes(), &text, || i);
            assert!(memo.bytes.load(Ordering::Relaxed) <= MAX_BYTES);
        }
        let long = vec![b'y'; MAX_TEXT + 1];
        assert_eq!((memo.get(b"", &long, || 1), memo.get(b"", &long, || 2)), (1, 2));
    }
}
