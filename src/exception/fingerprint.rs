//! Fingerprints of failures, and a cheap key of raw text.
//!
//! In: the root link and the user's frame, or raw text. Out: 64 bits. A fingerprint is stable between runs, machines and platforms.
//!
//! Hashed are the root's class, its message as a template, and one place: the first user frame, else the first frame of Flink, a connector or a
//! library. The place is looked for in the root and, where `... n more` says that it shares frames with its encloser, in that one too. Copies of
//! a failure differ in what else is around the root (TaskManager, JobManager, dispatcher, client) and in how many of its frames they show
//! (a class loader's only the first time), but that place is in all of them.

use std::sync::Arc;

use super::{Frame, FrameCategory, Link, Rules};

/// Bytes of a templated message that count: copies are cut at different lengths.
const MESSAGE_HEAD: usize = 200;
/// Bytes of a message that are looked at for them.
const MESSAGE_READ: usize = 1024;
/// Errors that strike wherever the process happens to be: their place means nothing.
const ANYWHERE: [&str; 3] = ["OutOfMemoryError", "StackOverflowError", "ThreadDeath"];

/// `links`: a chain up to its root; `users`: the first user frame of each.
pub(super) fn fingerprint(rules: &Rules, links: &[Link], users: &[Option<Arc<Frame>>]) -> u64 {
    let Some(root) = links.last() else { return 0 };
    let sharing = links.iter().rev().skip(1).zip(links.iter().rev()).take_while(|(_, inner)| inner.common > 0).count();
    let from = links.len() - 1 - sharing;
    let (links, users) = (links.get(from..).unwrap_or(links), users.get(from..).unwrap_or(users));
    let mut hash = Hash::new();
    hash.part(&super::FINGERPRINT_VERSION.to_le_bytes());
    hash.name(&root.class);

    let mut text = String::new();
    let essence = essence(root).as_bytes();
    super::template::template_with(&rules.masks, essence.get(..MESSAGE_READ).unwrap_or(essence), &mut text);
    let mut end = text.len().min(MESSAGE_HEAD);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    hash.part(text.get(..end).unwrap_or("").as_bytes());

    let simple = root.class.rsplit('.').next().unwrap_or("");
    if !ANYWHERE.contains(&simple)
        && let Some(frame) = users.iter().rev().flatten().next().map(Arc::as_ref).or_else(|| links.iter().rev().find_map(place))
    {
        hash.name(&frame.class);
        hash.name(method_name(&frame.method));
    }
    hash.0
}

/// What all copies of a message have in common.
fn essence(root: &Link) -> &str {
    let line = root.message.lines().map(str::trim).find(|l| !l.is_empty()).unwrap_or("");
    let simple = root.class.rsplit('.').next().unwrap_or("");
    match simple {
        // JEP 358: the JVM computes the helpful text on demand, and it is gone on the process that the exception was sent to.
        "NullPointerException" if is_helpful(line) => "",
        // Flink (1.11+) replaces the JVM's text: `Metaspace. The metaspace out-of-memory error has occurred. …`
        "OutOfMemoryError" => line.split(". ").next().unwrap_or(line),
        _ => undoubled(line),
    }
}

fn is_helpful(line: &str) -> bool {
    line.starts_with("Cannot ")
        && ["invoke \"", "read ", "load from ", "store to ", "assign field ", "throw exception", "enter synchronized "]
            .iter()
            .any(|w| line.get(7..).is_some_and(|l| l.starts_with(w)))
}

/// `Connection refused (Connection refused)` of JDK 11 and before is `Connection refused` of later ones.
fn undoubled(line: &str) -> &str {
    line.split_once(" (").and_then(|(a, b)| (b.strip_suffix(')') == Some(a)).then_some(a)).unwrap_or(line)
}

/// Where a link was thrown if no user code did it: neither in the JDK, nor in a class made at run time, nor in a class loader.
fn place(link: &Link) -> Option<&Frame> {
    link.frames
        .iter()
        .map(Arc::as_ref)
        .find(|f| matches!(f.category, FrameCategory::Flink | FrameCategory::Connector | FrameCategory::Library) && !f.class.ends_with("ClassLoader"))
}

/// `lambda$map$3` is `lambda$map`: the compiler counts lambdas.
fn method_name(method: &str) -> &str {
    if method.starts_with("lambda$") { method.trim_end_matches(|c: char| c.is_ascii_digit()).trim_end_matches('$') } else { method }
}

/// FNV-1a with a final mix; parts are separated.
struct Hash(u64);

impl Hash {
    fn new() -> Self {
        Hash(0xcbf2_9ce4_8422_2325)
    }

    fn byte(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }

    fn part(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.byte(b);
        }
        self.byte(0xff);
    }

    /// A class or method: numbers behind `$` (anonymous and generated classes) do not count.
    fn name(&mut self, name: &str) {
        let mut numbering = false;
        for b in name.bytes() {
            if numbering && b.is_ascii_digit() {
                continue;
            }
            numbering = b == b'$';
            self.byte(b);
        }
        self.byte(0xff);
    }
}

const LOW: u64 = 0x0101_0101_0101_0101;
const HIGH: u64 = 0x8080_8080_8080_8080;

/// Key of a raw text for caching repeated traces of a restart loop: equal for texts that differ only in numbers and hex ids (of four digits and
/// more, at least one of them decimal). One pass without allocation. Other texts get the same key only by chance.
pub fn quick_key(text: &[u8]) -> u64 {
    let mut key = 0x9e37_79b9_7f4a_7c15u64;
    let mut start = 0;
    while let Some(digit) = next_digit(text, start) {
        let (from, to) = masked(text, start, digit);
        key = mix(key, text.get(start..from).unwrap_or(b""));
        start = to;
    }
    mix(key, text.get(start..).unwrap_or(b""))
}

const DIGIT: u8 = 1;
/// `a` to `f` of either case.
const HEX: u8 = 2;
const OTHER: u8 = 4;
/// What each byte is in an id; 0 for what no id holds.
const KIND: [u8; 256] = {
    let mut table = [0; 256];
    let mut b = 0;
    while b < 128 {
        let c = b as u8;
        table[b] = match c {
            b'0'..=b'9' => DIGIT,
            b'a'..=b'f' | b'A'..=b'F' => HEX,
            _ if c.is_ascii_alphanumeric() => OTHER,
            _ => 0,
        };
        b += 1;
    }
    table
};

fn kind(text: &[u8], at: usize) -> u8 {
    text.get(at).map_or(0, |b| KIND[usize::from(*b)])
}

/// Longest hex id: 64 digits. Looking further would cost quadratic time.
const MAX_ID: usize = 64;

/// The run to leave out around a digit: a hex id from its first letter on, else the digits.
fn masked(text: &[u8], start: usize, digit: usize) -> (usize, usize) {
    let mut digits = digit + 1;
    while kind(text, digits) == DIGIT {
        digits += 1;
    }
    let mut from = digit;
    while from > start && digit - from < MAX_ID && kind(text, from - 1) == HEX {
        from -= 1;
    }
    let mut end = digits;
    while end < digits + MAX_ID && kind(text, end) & (DIGIT | HEX) != 0 {
        end += 1;
    }
    // Digits only, or letters that make no id of them.
    if (from == digit && end == digits) || end - from < 4 || kind(text, end) != 0 {
        return (digit, digits);
    }
    // Behind a masked run (`start`) nothing stands that belongs to this token, but the `x` of `0x`.
    let bounded = from.checked_sub(1).is_none_or(|before| kind(text, before) == 0 || (text.get(before) == Some(&b'x') && from == start + 1));
    if bounded { (from, end) } else { (digit, digits) }
}

/// Position of the next decimal digit, eight bytes at a time.
fn next_digit(text: &[u8], from: usize) -> Option<usize> {
    let rest = text.get(from..)?;
    let mut words = rest.chunks_exact(8);
    let mut at = from;
    for word in words.by_ref() {
        let x = word.try_into().map_or(0, u64::from_le_bytes);
        // High bit set exactly where the byte is '0'..='9': below 0x80, at least 0x30 and at most 0x39.
        let low7 = x & !HIGH;
        let at_least = low7 + LOW * (0x80 - 0x30);
        let above = low7 + LOW * (0x80 - 0x3a);
        let hit = at_least & !above & !x & HIGH;
        if hit != 0 {
            return Some(at + (hit.trailing_zeros() / 8) as usize);
        }
        at += 8;
    }
    words.remainder().iter().position(u8::is_ascii_digit).map(|i| at + i)
}

/// Folds a piece into the key; the pieces' borders count, the lengths of what was left out do not.
fn mix(mut key: u64, piece: &[u8]) -> u64 {
    let word = |at: usize| piece.get(at..at + 8).and_then(|w| w.try_into().ok()).map_or(0, u64::from_le_bytes);
    let half = |at: usize| piece.get(at..at + 4).and_then(|w| w.try_into().ok()).map_or(0, u32::from_le_bytes);
    key ^= piece.len() as u64;
    let mut at = 0;
    while at + 8 < piece.len() {
        key = fold(key, word(at));
        at += 8;
    }
    // The last bytes, overlapping what was read before where the piece is long enough.
    let last = match piece.len() {
        8.. => word(piece.len() - 8),
        4.. => u64::from(half(0)) | u64::from(half(piece.len() - 4)) << 32,
        _ => piece.iter().fold(0, |w, b| w << 8 | u64::from(*b)),
    };
    fold(key, last)
}

fn fold(key: u64, word: u64) -> u64 {
    let product = u128::from(key ^ word) * 0x9fb2_1c65_1e98_df25_u128;
    (product as u64) ^ ((product >> 64) as u64) ^ word.rotate_left(29)
}
