//! One stack frame: `[at ][module/]class.method(location)`, after which anything may follow.
//!
//! In: a line without its indentation. Out: borrowed parts. Never looks at other lines and never judges whose code it is.

/// A frame as it stands in the text.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct RawFrame<'a> {
    /// All of it, without the module.
    pub text: &'a [u8],
    pub class: &'a [u8],
    pub method: &'a [u8],
    pub file: Option<&'a [u8]>,
    pub line: Option<u32>,
}

/// Longest class and method that is believed.
const MAX_NAME: usize = 1024;
const MAX_LOCATION: usize = 512;

/// Reads `class.method(location)` at the start of `text`; also gives the offset behind the closing bracket.
pub(super) fn frame(text: &[u8]) -> Option<(RawFrame<'_>, usize)> {
    let window = text.get(..MAX_NAME.min(text.len())).unwrap_or(text);
    let open = window.iter().position(|&b| ENDS_NAME[usize::from(b)])?;
    if window.get(open) != Some(&b'(') {
        return None;
    }
    let name = without_module(text.get(..open)?);
    let dot = memchr::memrchr(b'.', name)?;
    let (class, method) = (name.get(..dot)?, name.get(dot + 1..)?);
    if class.is_empty() || method.is_empty() || !starts_name(class[0]) || !(starts_name(method[0]) || matches!(method[0], b'<' | b'-')) {
        return None;
    }
    let rest = text.get(open + 1..)?;
    let close = memchr::memchr2(b')', b'\n', rest.get(..MAX_LOCATION.min(rest.len()))?)?;
    if rest.get(close) != Some(&b')') {
        return None;
    }
    let (file, line) = location(rest.get(..close)?);
    let whole = text.get(open - name.len()..open + 1 + close + 1)?;
    Some((RawFrame { text: whole, class, method, file, line }, open + 1 + close + 1))
}

/// A frame of which only the name was copied, `com.acme.Job.map`: at least one package and a class with a capital letter.
pub(super) fn frame_without_location(text: &[u8]) -> Option<RawFrame<'_>> {
    let name = without_module(text.trim_ascii());
    if name.len() > MAX_NAME || name.iter().any(|&b| ENDS_NAME[usize::from(b)]) {
        return None;
    }
    let dot = memchr::memrchr(b'.', name)?;
    let (class, method) = (name.get(..dot)?, name.get(dot + 1..)?);
    let simple = class.get(memchr::memrchr(b'.', class)? + 1..)?;
    let sure = starts_name(class[0]) && simple.first()?.is_ascii_uppercase() && (starts_name(*method.first()?) || method.starts_with(b"<"));
    sure.then_some(RawFrame { text: name, class, method, file: None, line: None })
}

/// A frame that lost its `at `: the location must leave no doubt and nothing but the jar may follow.
pub(super) fn bare_frame(text: &[u8]) -> Option<RawFrame<'_>> {
    let (frame, end) = frame(text)?;
    let rest = text.get(end..)?.trim_ascii();
    let sure = frame.line.is_some() || has_fixed_location(text.get(..end)?);
    (sure && (rest.is_empty() || is_packaging(rest))).then_some(frame)
}

/// `~[flink-dist-1.20.5.jar:1.20.5]`, `[?:?]`, `[classes/:?]`: what log4j 2 and logback append to a frame.
pub(super) fn is_packaging(text: &[u8]) -> bool {
    let inner = text.strip_prefix(b"~").unwrap_or(text);
    inner.first() == Some(&b'[')
        && memchr::memchr(b':', inner).is_some()
        && memchr::memchr(b' ', inner.trim_ascii_end()).is_none()
        && inner.trim_ascii_end().ends_with(b"]")
}

fn has_fixed_location(frame: &[u8]) -> bool {
    [&b"(Native Method)"[..], b"(Unknown Source)", b"(<generated>)"].iter().any(|l| frame.ends_with(l))
}

/// Bytes that no class or method name holds, the opening bracket among them.
const ENDS_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut b = 0;
    while b < 128 {
        let c = b as u8;
        table[b] = c <= b' ' || matches!(c, b'(' | b')' | b'"' | b'\'' | b',' | b';' | b':' | b'[' | b']' | b'{' | b'}' | b'=' | b'|' | b'\\' | 0x7f);
        b += 1;
    }
    table
};

fn starts_name(b: u8) -> bool {
    b.is_ascii_alphabetic() || matches!(b, b'_' | b'$') || b >= 0x80
}

/// Cuts `java.base/`, `app//`, `loader/module@17/` (JDK 9+). A slash behind a `$` belongs to a hidden class: `Job$$Lambda$391/0x0001`.
fn without_module(mut name: &[u8]) -> &[u8] {
    while let Some(slash) = memchr::memchr(b'/', name) {
        let (before, after) = (name.get(..slash).unwrap_or(name), name.get(slash + 1..).unwrap_or(b""));
        if memchr::memchr(b'$', before).is_some() {
            break;
        }
        name = after;
    }
    name
}

fn location(text: &[u8]) -> (Option<&[u8]>, Option<u32>) {
    if matches!(text, b"Native Method" | b"Unknown Source" | b"<generated>" | b"") {
        return (None, None);
    }
    match memchr::memrchr(b':', text) {
        Some(colon) => {
            let line = number(text.get(colon + 1..).unwrap_or(b""));
            let file = if line.is_some() { text.get(..colon) } else { Some(text) };
            (file.filter(|f| !f.is_empty() && *f != b"Unknown Source"), line)
        }
        None => (Some(text), None),
    }
}

/// A decimal number that fills the text.
pub(super) fn number(text: &[u8]) -> Option<u32> {
    if text.is_empty() || text.len() > 9 {
        return None;
    }
    text.iter().try_fold(0u32, |n, b| b.is_ascii_digit().then(|| n * 10 + u32::from(b - b'0')))
}
