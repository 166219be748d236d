//! Numbers of GC logs: decimals with point or comma, sizes, `before->after(total)`.
//!
//! In: bytes that begin with the number. Out: the value and how many bytes it took. Never allocates, never panics.

const POWERS: [f64; 10] = [1.0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];

/// Unsigned integer at the start of `text`; more than 19 digits saturate.
pub(crate) fn uint(text: &[u8]) -> Option<(u64, usize)> {
    let mut value = 0u64;
    let mut length = 0;
    for byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        // 19 digits fit; what is longer is no number of a log.
        value = if length < 19 { value * 10 + u64::from(digit) } else { u64::MAX };
        length += 1;
    }
    (length > 0).then_some((value, length))
}

/// Decimal at the start of `text`, `3.447` or, in a comma locale, `3,447`; an integer is accepted too.
pub(crate) fn decimal(text: &[u8]) -> Option<(f64, usize)> {
    let (whole, length) = uint(text)?;
    if !matches!(text.get(length), Some(b'.' | b',')) {
        return Some((whole as f64, length));
    }
    let rest = &text[length + 1..];
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if digits == 0 {
        return Some((whole as f64, length));
    }
    let kept = digits.min(POWERS.len() - 1);
    let fraction = rest[..kept].iter().fold(0u64, |sum, b| sum * 10 + u64::from(b - b'0'));
    Some((whole as f64 + fraction as f64 / POWERS[kept], length + 1 + digits))
}

/// Size with its unit, in bytes: `31M`, `8944.0M`, `0.0B`, `12,1G`. K, M and G are 1024-based in every JDK.
pub(super) fn size(text: &[u8]) -> Option<(u64, usize)> {
    let (value, length) = decimal(text)?;
    let factor = match text.get(length)? {
        b'B' => 1.0,
        b'K' => 1024.0,
        b'M' => 1_048_576.0,
        b'G' => 1_073_741_824.0,
        b'T' => 1_099_511_627_776.0,
        _ => return None,
    };
    Some(((value * factor) as u64, length + 1))
}

/// Heap or space before and after a collection, bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Change {
    pub before: u64,
    pub after: u64,
    pub total: Option<u64>,
}

/// `31M->3M(128M)`, or `29503K(29504K)->0K(29504K)` of JDK 17+, `26M(10%)->30M(12%)` of ZGC (no total).
pub(super) fn change(text: &[u8]) -> Option<(Change, usize)> {
    let (before, mut at) = size(text)?;
    at += parenthesis(&text[at..]).map_or(0, |(_, length)| length);
    if text.get(at..at + 2) != Some(b"->") {
        return None;
    }
    at += 2;
    let (after, length) = size(&text[at..])?;
    at += length;
    let mut total = None;
    if let Some((value, length)) = parenthesis(&text[at..]) {
        total = value;
        at += length;
    }
    Some((Change { before, after, total }, at))
}

/// `(128M)` gives the size, `(10%)` none.
fn parenthesis(text: &[u8]) -> Option<(Option<u64>, usize)> {
    if text.first() != Some(&b'(') {
        return None;
    }
    let end = memchr::memchr(b')', &text[..text.len().min(40)])?;
    Some((size(&text[1..end]).map(|(value, _)| value), end + 1))
}

/// The number that ends at the end of `text`, as a slice.
pub(super) fn trailing(text: &[u8]) -> &[u8] {
    let digits = text.iter().rev().take(40).take_while(|b| b.is_ascii_digit() || matches!(b, b'.' | b',')).count();
    let mut number = &text[text.len() - digits..];
    while let [b'.' | b',', rest @ ..] = number {
        number = rest;
    }
    number
}

pub(crate) fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t' | b'\r' | b'\n', rest @ ..] = text {
        text = rest;
    }
    trim_end(text)
}

pub(crate) fn trim_end(mut text: &[u8]) -> &[u8] {
    while let [rest @ .., b' ' | b'\t' | b'\r' | b'\n'] = text {
        text = rest;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_comma_separates_fields_or_decimals() {
        assert_eq!(decimal(b"0,071s"), Some((0.071, 5)));
        assert_eq!(decimal(b"2ms/70"), Some((2.0, 1)));
        assert_eq!(decimal(b"7, 8"), Some((7.0, 1)));
        assert_eq!(decimal(b",5"), None);
        assert_eq!(decimal(b"1.00000000000000000000001s").map(|d| d.1), Some(25));
    }

    #[test]
    fn changes_of_every_jdk() {
        let mega = |n: u64| n << 20;
        let plain = change(b"31M->3M(128M) 3.447ms").unwrap();
        assert_eq!(plain, (Change { before: mega(31), after: mega(3), total: Some(mega(128)) }, 13));
        let wide = change(b"29503K(29504K)->0K(29504K) Eden").unwrap().0;
        assert_eq!((wide.before, wide.after, wide.total), (29503 << 10, 0, Some(29504 << 10)));
        let zgc = change(b"26M(10%)->68M(27%) 0.132s").unwrap().0;
        assert_eq!((zgc.before, zgc.after, zgc.total), (mega(26), mega(68), None));
        assert_eq!(change(b"31M-3M"), None);
        assert_eq!(change(b"29->0(57)"), None);
    }

    #[test]
    fn hostile_numbers_do_not_panic() {
        assert_eq!(uint(&[b'9'; 50]).map(|d| d.0), Some(u64::MAX));
        assert!(size(&[&[b'9'; 50][..], b"G"].concat()).is_some());
        assert_eq!(trailing(b"...."), b"");
        assert_eq!(trailing(b"x, 0.0111000"), b"0.0111000");
    }
}
