//! Small readers of message parts, shared by the classifiers. No allocation but where text is kept.

use std::borrow::Cow;
use std::cell::RefCell;
use std::hash::{Hash, Hasher};
use std::sync::OnceLock;

use memchr::memmem::Finder;
use rustc_hash::FxHasher;

use crate::event::{ExecutionId, GraphId, JobId, Str, Task};

/// Longest text that an event keeps of a message.
const KEPT: usize = 600;

/// Kept copy of `text`, shown safely (invalid UTF-8 replaced) and capped.
pub fn keep(text: &[u8]) -> Str {
    shown(&text[..text.len().min(KEPT)]).trim_end().into()
}

/// The text with what is no UTF-8 replaced. Nearly all is valid, which a check alone finds several times quicker than a replacement.
pub fn shown(text: &[u8]) -> Cow<'_, str> {
    str::from_utf8(text).map_or_else(|_| String::from_utf8_lossy(text), Cow::Borrowed)
}

/// Names that each thread remembers: those of tasks and places, and the lines of a start.
const NAMES: usize = 512;

thread_local! {
    static KNOWN: RefCell<[Option<Str>; NAMES]> = const { RefCell::new([const { None }; NAMES]) };
}

/// [`keep`] for what a log says again and again, names of tasks and places, settings of a start: equal texts share one copy while a
/// thread remembers it.
pub fn keep_name(text: &[u8]) -> Str {
    // Cut first: what is kept of invalid text is longer, and may be another text.
    let text = &text[..text.len().min(KEPT)];
    let mut hasher = FxHasher::default();
    text.hash(&mut hasher);
    let slot = hasher.finish() as usize % NAMES;
    KNOWN.with_borrow_mut(|known| match &known[slot] {
        Some(name) if name.as_bytes() == text => name.clone(),
        _ => known[slot].insert(keep(text)).clone(),
    })
}

/// A text that is searched for in many records; what the search needs is prepared once.
pub struct Needle {
    text: &'static str,
    finder: OnceLock<Finder<'static>>,
}

impl Needle {
    /// A search for `text`.
    pub const fn new(text: &'static str) -> Needle {
        Needle { text, finder: OnceLock::new() }
    }

    /// Where it stands first.
    #[inline]
    pub fn find(&self, text: &[u8]) -> Option<usize> {
        self.finder.get_or_init(|| Finder::new(self.text)).find(text)
    }

    /// Does `text` hold it?
    #[inline]
    pub fn is_in(&self, text: &[u8]) -> bool {
        self.find(text).is_some()
    }

    /// What stands before and after its first place.
    #[inline]
    pub fn split<'a>(&self, text: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let at = self.find(text)?;
        Some((&text[..at], &text[at + self.text.len()..]))
    }
}

/// What a record says, LF separated, and where its first line ends: who framed it knows.
#[derive(Debug, Clone, Copy)]
pub struct Message<'a> {
    text: &'a [u8],
    line: usize,
}

impl<'a> Message<'a> {
    /// Looks for the end of the first line.
    pub fn new(text: &'a [u8]) -> Self {
        Message { text, line: first_line(text).len() }
    }

    /// Without what is blank at its end; its first line ends at byte `line`, if the text is that long.
    pub fn with_line(text: &'a [u8], line: usize) -> Self {
        let text = text.trim_ascii_end();
        Message { text, line: line.min(text.len()) }.checked()
    }

    /// The same first line with other lines below it; `text` is all of them.
    pub fn above<'b>(self, text: &'b [u8]) -> Message<'b> {
        Message { text, line: self.line.min(text.len()) }.checked()
    }

    fn checked(self) -> Self {
        debug_assert_eq!(self.line, first_line(self.text).len());
        self
    }

    /// All of it.
    pub fn text(self) -> &'a [u8] {
        self.text
    }

    /// Its first line.
    pub fn line(self) -> &'a [u8] {
        &self.text[..self.line]
    }

    /// What follows its first line, from the line end on.
    pub fn rest(self) -> &'a [u8] {
        &self.text[self.line..]
    }
}

/// The first line of a message.
pub fn first_line(text: &[u8]) -> &[u8] {
    &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())]
}

/// What stands before and after the first `marker`.
pub fn split<'a>(text: &'a [u8], marker: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memchr::memmem::find(text, marker)?;
    Some((&text[..at], &text[at + marker.len()..]))
}

/// What stands before and after the last `marker`, of one byte or more. Most lines are short: to prepare a search takes longer than to compare.
pub fn split_last<'a>(text: &'a [u8], marker: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    let at = memchr::memrchr_iter(*marker.first()?, text).find(|at| text[*at..].starts_with(marker))?;
    Some((&text[..at], &text[at + marker.len()..]))
}

/// What stands after `prefix` up to `end`.
pub fn between<'a>(text: &'a [u8], prefix: &[u8], end: &[u8]) -> Option<&'a [u8]> {
    let (_, rest) = split(text, prefix)?;
    split(rest, end).map(|(value, _)| value)
}

/// 32 hexadecimal digits at the start of `text`.
#[inline]
pub fn hex32(text: &[u8]) -> Option<u128> {
    let digits = text.first_chunk::<32>()?;
    if text.get(32).is_some_and(u8::is_ascii_hexdigit) {
        return None;
    }
    // Eight bytes at a time, as numbers side by side.
    let (mut value, mut bad) = (0u128, 0u64);
    for eight in digits.as_chunks::<8>().0 {
        let bytes = u64::from_be_bytes(*eight);
        // 0x30 to 0x39 are digits, 0x61 to 0x66 letters: taken from 0x30 or 0x60 a digit is at most 9, a letter 1 to 6.
        let letter = bytes >> 6 & EACH;
        let nibble = bytes ^ (0x30 * EACH) ^ (0x50 * letter);
        let above = nibble.wrapping_add(6 * EACH + 3 * letter) & (0x10 * EACH);
        let zero = !(nibble.wrapping_add(0xf * EACH) >> 4) & letter;
        bad |= nibble & (0xf0 * EACH) | above | zero;
        let halves = nibble.wrapping_add(9 * letter);
        let pairs = (halves | halves >> 4) & 0x00ff_00ff_00ff_00ff;
        let fours = (pairs | pairs >> 8) & 0x0000_ffff_0000_ffff;
        value = value << 32 | u128::from((fours | fours >> 16) as u32);
    }
    (bad == 0).then_some(value)
}

/// One in each of eight bytes.
const EACH: u64 = 0x0101_0101_0101_0101;

/// The job id at the start of `text`.
pub fn job(text: &[u8]) -> Option<JobId> {
    hex32(text).map(JobId)
}

/// The job that was read last, as its digits: lines about the checkpoints of one job follow one another, and comparing is cheaper than reading.
#[derive(Debug, Default)]
pub struct LastJob(Option<([u8; 32], JobId)>);

impl LastJob {
    /// [`job`].
    #[inline]
    pub fn read(&mut self, text: &[u8]) -> Option<JobId> {
        let digits = text.first_chunk::<32>()?;
        if let Some((known, job)) = &self.0
            && known == digits
            && !text.get(32).is_some_and(u8::is_ascii_hexdigit)
        {
            return Some(*job);
        }
        let job = job(text)?;
        self.0 = Some((*digits, job));
        Some(job)
    }
}

/// The job id that follows the first `marker`.
pub fn job_after(text: &[u8], marker: &[u8]) -> Option<JobId> {
    job(split(text, marker)?.1)
}

/// Decimal digits at the start of `text`, and what follows them; nothing for what is too large for 64 bits.
#[inline]
pub fn number(text: &[u8]) -> Option<(u64, &[u8])> {
    if let Some(eight) = text.first_chunk() {
        let (value, digits) = up_to_eight_digits(*eight);
        if digits < 8 {
            return (digits > 0).then(|| (value, &text[digits..]));
        }
    }
    long_number(text)
}

/// The same for numbers of eight digits and more, and for those at the end of `text`.
fn long_number(text: &[u8]) -> Option<(u64, &[u8])> {
    let (mut value, mut length) = (0u64, 0);
    // Times take thirteen digits. Sixteen always fit.
    while length < 16
        && let Some(eight) = text[length..].first_chunk()
    {
        let (more, digits) = up_to_eight_digits(*eight);
        value = value * TENS[digits] + more;
        length += digits;
        if digits < 8 {
            return (length > 0).then(|| (value, &text[length..]));
        }
    }
    for byte in &text[length..] {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        value = value.checked_mul(10)?.checked_add(u64::from(digit))?;
        length += 1;
    }
    (length > 0).then_some((value, &text[length..]))
}

/// Powers of ten.
const TENS: [u64; 9] = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];

/// The value of the decimal digits that eight bytes begin with, and how many they are.
#[inline]
fn up_to_eight_digits(text: [u8; 8]) -> (u64, usize) {
    let bytes = u64::from_le_bytes(text) ^ (0x30 * EACH);
    // The upper half of a digit is empty, also with six added. What is carried changes only bytes behind one that is none.
    let bad = (bytes | bytes.wrapping_add(6 * EACH)) & (0xf0 * EACH);
    let digits = (bad.trailing_zeros() / 8) as usize;
    if digits == 0 {
        return (0, 0);
    }
    // Zeros in front.
    let ones = bytes << (64 - 8 * digits);
    let pairs = (ones * 10 + (ones >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs * 100 + (pairs >> 16)) & 0x0000_ffff_0000_ffff;
    ((fours * 10_000 + (fours >> 32)) & 0xffff_ffff, digits)
}

/// A possibly negative number at the start of `text`.
pub fn signed(text: &[u8]) -> Option<i64> {
    match text.strip_prefix(b"-") {
        Some(rest) => i64::try_from(number(rest)?.0).ok().map(|n| -n),
        None => i64::try_from(number(text)?.0).ok(),
    }
}

/// The number that follows the first `marker`.
pub fn number_after(text: &[u8], marker: &[u8]) -> Option<u64> {
    number(split(text, marker)?.1).map(|(value, _)| value)
}

/// `NAME (ID)` or `'NAME' (ID)` (1.14 on) or `ID (NAME)` (submission lines up to 1.13).
pub fn name_and_job(text: &[u8]) -> Option<(Str, JobId)> {
    if let Some(id) = job(text) {
        let name = text[32..].trim_ascii().strip_prefix(b"(")?;
        let name = &name[..memchr::memrchr(b')', name)?];
        return Some((keep(name), id));
    }
    let mut end = text.len();
    while let Some(open) = memchr::memrchr(b'(', &text[..end]) {
        if let Some(id) = job(&text[open + 1..]) {
            let name = text[..open].trim_ascii_end();
            let bare = name.strip_prefix(b"'").and_then(|n| n.strip_suffix(b"'")).unwrap_or(name);
            return Some((keep(bare), id));
        }
        end = open;
    }
    None
}

/// An execution attempt id alone: 32 digits, or graph_vertex_subtask_attempt.
pub fn execution(text: &[u8]) -> Option<ExecutionId> {
    let first = hex32(text)?;
    let Some(rest) = text[32..].strip_prefix(b"_") else {
        return Some(ExecutionId::Plain(GraphId(first)));
    };
    let vertex = hex32(rest)?;
    let (subtask, rest) = number(rest[32..].strip_prefix(b"_")?)?;
    let (attempt, _) = number(rest.strip_prefix(b"_")?)?;
    Some(ExecutionId::Composite {
        graph: GraphId(first),
        vertex: GraphId(vertex),
        subtask: u32::try_from(subtask).ok()?,
        attempt: u32::try_from(attempt).ok()?,
    })
}

/// `NAME (i/n)`, then perhaps `#attempt`, at the end of `text`.
pub fn task(text: &[u8]) -> Option<Task> {
    let mut text = text.trim_ascii_end();
    let mut attempt = None;
    if let Some(hash) = memchr::memrchr(b'#', text)
        && text[..hash].ends_with(b")")
        && let Some((value, rest)) = number(&text[hash + 1..])
        && rest.is_empty()
    {
        attempt = u32::try_from(value).ok();
        text = &text[..hash];
    }
    let inner = text.strip_suffix(b")")?;
    let open = last_parenthesis(inner)?;
    let (subtask, rest) = number(&inner[open + 2..])?;
    let (parallelism, rest) = number(rest.strip_prefix(b"/")?)?;
    if !rest.is_empty() {
        return None;
    }
    Some(Task {
        vertex: keep_name(&inner[..open]),
        subtask: u32::try_from(subtask).ok()?,
        parallelism: u32::try_from(parallelism).ok()?,
        attempt,
        execution: None,
    })
}

/// Does [`task`] read it?
pub fn is_task(text: &[u8]) -> bool {
    let text = text.trim_ascii_end();
    let inner = match memchr::memrchr(b'#', text) {
        Some(hash) if text[..hash].ends_with(b")") && number(&text[hash + 1..]).is_some_and(|(_, rest)| rest.is_empty()) => &text[..hash],
        _ => text,
    };
    let Some(inner) = inner.strip_suffix(b")") else { return false };
    let numbers = last_parenthesis(inner).and_then(|open| {
        let (subtask, rest) = number(&inner[open + 2..])?;
        let (parallelism, rest) = number(rest.strip_prefix(b"/")?)?;
        (rest.is_empty() && u32::try_from(subtask).is_ok() && u32::try_from(parallelism).is_ok()).then_some(())
    });
    numbers.is_some()
}

/// Where the last ` (` stands.
fn last_parenthesis(text: &[u8]) -> Option<usize> {
    memchr::memrchr_iter(b'(', text).find(|at| *at > 0 && text[at - 1] == b' ').map(|at| at - 1)
}

/// `NAME (i/n)[#k] (EXECUTION)`.
pub fn task_with_execution(text: &[u8]) -> Option<Task> {
    let inner = text.trim_ascii_end().strip_suffix(b")")?;
    let open = last_parenthesis(inner)?;
    let id = execution(&inner[open + 2..]);
    // Ids that people masked (`xxx`) are kept as unknown.
    let mut found = task(&inner[..open])?;
    if let Some(ExecutionId::Composite { attempt, .. }) = id {
        found.attempt = found.attempt.or(Some(attempt));
    }
    found.execution = id.map(Box::new);
    Some(found)
}

/// Resource id and host of a location: `<id> @ <host> (dataPort=n)`, `<id>(host:port) @ …`; nothing for `[unassigned resource]`.
pub fn location(text: &[u8]) -> Option<Str> {
    let text = text.trim_ascii();
    let text = text.strip_suffix(b".").unwrap_or(text);
    if text.is_empty() || text.starts_with(b"[unassigned") || text.starts_with(b"SingleLogicalSlot") {
        return None;
    }
    Some(keep_name(text))
}

/// The resource id of a location or of a message part: up to the first blank or metadata parenthesis.
pub fn resource_id(text: &[u8]) -> &[u8] {
    let end = text.iter().position(|b| matches!(b, b' ' | b'(' | b',')).unwrap_or(text.len());
    let id = &text[..end];
    id.strip_suffix(b".").unwrap_or(id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_is_what_is_kept() {
        let names: Vec<Vec<u8>> = (0..2_000)
            .flat_map(|i| [b"\xff".repeat(500), "\u{fffd}".repeat(500).into_bytes(), b"a \n".to_vec()].map(|rest| [format!("p{i}").as_bytes(), &rest].concat()))
            .collect();
        for name in &names {
            assert_eq!(keep_name(name), keep(name));
        }
    }

    #[test]
    fn tasks_are_read_from_the_right() {
        let text = b"Source: orders (v2) -> Map (3/12)#7 (d9a6542fbdcd14b2bccfd9c4507ff731_bc4197a480c92c793190a9f8c0afc54c_2_7)";
        let task = task_with_execution(text).unwrap();
        assert_eq!((&*task.vertex, task.subtask, task.parallelism, task.attempt), ("Source: orders (v2) -> Map", 3, 12, Some(7)));
        assert!(matches!(task.execution.as_deref(), Some(ExecutionId::Composite { subtask: 2, attempt: 7, .. })));
        let old = task_with_execution(b"Map (1/1) (d9a6542fbdcd14b2bccfd9c4507ff731)").unwrap();
        assert!(matches!(old.execution.as_deref(), Some(ExecutionId::Plain(_))));
        let masked = task_with_execution(b"Map (1/1)#0 (xxx_yyy)").unwrap();
        assert_eq!(masked.execution, None);
    }

    #[test]
    fn ids_are_32_small_digits() {
        let id = "0123456789abcdef9876543210fedcba";
        let value = 0x0123_4567_89ab_cdef_9876_5432_10fe_dcba;
        assert_eq!((hex32(id.as_bytes()), hex32(format!("{id} x").as_bytes())), (Some(value), Some(value)));
        assert_eq!((hex32(format!("{id}0").as_bytes()), hex32(format!("{id}A").as_bytes()), hex32(&id.as_bytes()[1..])), (None, None, None));
        for at in 0..32 {
            for byte in 0..=255u8 {
                let mut text = id.as_bytes().to_vec();
                text[at] = byte;
                assert_eq!(hex32(&text).is_some(), matches!(byte, b'0'..=b'9' | b'a'..=b'f'), "{at} {byte}");
            }
        }
    }

    #[test]
    fn jobs_in_both_orders() {
        let id = "94b51fddf21fa15850ea3210693b041a";
        for text in [format!("'a (b)' ({id})."), format!("a (b) ({id})"), format!("{id} (a (b)).")] {
            let (name, job) = name_and_job(text.as_bytes()).unwrap();
            assert_eq!((&*name, job.to_string().as_str()), ("a (b)", id), "{text}");
        }
    }

    #[test]
    fn the_job_read_last_changes_nothing() {
        let mut last = LastJob::default();
        let (one, other) = ("dfa7dd0776e6d2715948837ad4c6cc2c", "00000000000000000000000000000001");
        for text in [one, one, &format!("{one}."), &format!("{one}a"), &one[..31], other, &one.to_uppercase(), one, &format!("{one} {other}")] {
            assert_eq!(last.read(text.as_bytes()), job(text.as_bytes()), "{text}");
        }
    }

    #[test]
    fn digits_are_read_one_by_one_or_eight_at_once() {
        let slowly = |text: &[u8]| {
            let digits: Vec<u8> = text.iter().copied().take_while(u8::is_ascii_digit).collect();
            std::str::from_utf8(&digits).ok().and_then(|digits| digits.parse::<u64>().ok())
        };
        let mut text = *b"1767584371892 ms";
        for at in 0..text.len() {
            for byte in 0..=255 {
                let before = std::mem::replace(&mut text[at], byte);
                let (read, want) = (number(&text).map(|(value, _)| value), slowly(&text));
                assert_eq!(read, want, "{:?}", String::from_utf8_lossy(&text));
                text[at] = before;
            }
        }
    }

    #[test]
    fn numbers_of_every_length_are_read() {
        let digits = "12345678901234567890";
        for length in 1..20 {
            for rest in ["", " ", " ms, and more", "x", ")."] {
                let text = format!("{}{rest}", &digits[..length]);
                assert_eq!(number(text.as_bytes()), Some((digits[..length].parse().unwrap(), rest.as_bytes())), "{text}");
            }
        }
    }

    #[test]
    fn numbers_do_not_overflow() {
        assert_eq!((number(b"99999999999999999999"), number(b"100000000000000000000 ms")), (None, None));
        assert_eq!(number(b"18446744073709551615."), Some((u64::MAX, &b"."[..])));
        assert_eq!(number(b"9999999999999999999x"), Some((9_999_999_999_999_999_999, &b"x"[..])));
        assert_eq!((number(b""), number(b"x1"), number(b"007 ")), (None, None, Some((7, &b" "[..]))));
        assert_eq!(signed(b"-104."), Some(-104));
    }
}
