//! The text of a trace as lines, each with its kind.
//!
//! In: text as it was logged, pasted or escaped. Out: lines with `\n`, `\r\n`, escaped and flattened breaks undone, indentation measured, and what
//! each line is by itself. Never relates one line to another (but for reversed exports, which it turns round).

use std::borrow::Cow;

use rustc_hash::FxHashSet;

use super::frame::{RawFrame, bare_frame, frame, is_packaging, number};
use super::head::{announced, head};
use crate::layout::trace_behind_head;

/// Lines read of one text; what stands behind them is cut off. A hundred thousand causes fit in.
const MAX_LINES: usize = 1 << 18;

/// Stands for a line break that is no line feed of the source, so that line numbers stay those of the source.
pub const SOFT_LINE_END: &str = "\x0b";
const SOFT: u8 = SOFT_LINE_END.as_bytes()[0];

#[derive(Clone, Copy, Debug)]
pub(super) struct Line<'a> {
    /// Without indentation, quoting marks and the like where the line is part of a trace; else as it stands.
    pub text: &'a [u8],
    /// Columns of white space in front (a tab counts as one).
    pub indent: usize,
    /// Line of the source, from 0.
    pub number: usize,
    pub kind: Kind<'a>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Kind<'a> {
    Blank,
    /// Behind the frame's bracket and jar may stand more of a flattened trace: such lines were split before.
    Frame(RawFrame<'a>),
    /// `at org.apache.flink.` of a mail-wrapped frame, without its end.
    FrameStart,
    /// `... 14 more`
    More(u32),
    /// `Caused by: …`; the text behind it.
    Caused(&'a [u8]),
    Suppressed(&'a [u8]),
    /// Root cause first (logback `%rEx`): this throwable wraps the one before.
    WrappedBy(&'a [u8]),
    Circular,
    /// A jar that was wrapped off its frame.
    Packaging,
    /// `End of exception on server side>]`
    RemoteEnd,
    Traceback,
    /// `[truncated]` and the like.
    Truncated,
    Text,
}

/// Undoes escapes when the text is the value of a JSON string or went through syslog, up to three layers; borrowed when there are none.
pub(super) fn unescaped(text: &[u8]) -> Cow<'_, [u8]> {
    let mut out = Cow::Borrowed(text);
    for _ in 0..3 {
        if !is_escaped(&out) {
            break;
        }
        out = Cow::Owned(unescape(&out));
    }
    out
}

fn is_escaped(text: &[u8]) -> bool {
    let has = |needle: &[u8]| memchr::memmem::find(text, needle).is_some();
    (memchr::memchr(b'\\', text).is_some() && (has(b"\\tat ") || has(b"\\nat ") || has(b"\\n    at ") || has(b"\\nCaused by: ") || has(b"\\n  File \\\"")))
        || (memchr::memchr(b'#', text).is_some() && has(b"#011at "))
}

fn unescape(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = memchr::memchr2(b'\\', b'#', rest) {
        let (before, tail) = rest.split_at(at);
        out.extend_from_slice(before);
        let (byte, used) = match tail {
            [b'\\', b'n', ..] => (SOFT, 2),
            [b'\\', b'r', ..] => (b' ', 2),
            [b'\\', b't', ..] => (b'\t', 2),
            [b'\\', c @ (b'"' | b'\\' | b'/'), ..] => (*c, 2),
            [b'\\', b'u', b'0', b'0', a, b, ..] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit() => match hex(*a) << 4 | hex(*b) {
                b'\n' => (SOFT, 6),
                c => (c, 6),
            },
            [b'#', b'0', b'1', b'2', ..] => (SOFT, 4),
            [b'#', b'0', b'1', b'1', ..] => (b'\t', 4),
            [c, ..] => (*c, 1),
            [] => break,
        };
        out.push(byte);
        rest = tail.get(used..).unwrap_or(b"");
    }
    out.extend_from_slice(rest);
    out
}

fn hex(b: u8) -> u8 {
    match b {
        b'0'..=b'9' => b - b'0',
        _ => (b | 0x20).wrapping_sub(b'a').wrapping_add(10),
    }
}

/// All lines of the text, in the order of a trace.
pub(super) fn lines(text: &[u8]) -> Vec<Line<'_>> {
    // A frame is some 80 bytes long.
    let mut out: Vec<Line<'_>> = Vec::with_capacity((text.len() / 80 + 4).min(1 << 16));
    let mut number = 0;
    let mut rest = text;
    loop {
        let end = memchr::memchr2(b'\n', SOFT, rest);
        let line = rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        // Of many blank lines two are enough.
        if !line.is_empty() || !matches!(out.as_slice(), [.., a, b] if a.kind == Kind::Blank && b.kind == Kind::Blank) {
            match frame_alone(line) {
                Some(frame) => out.push(Line { text: &line[1..], indent: 1, number, kind: Kind::Frame(frame) }),
                None => split_flattened(line, number, &mut out),
            }
        }
        let Some(end) = end else { break };
        if out.len() >= MAX_LINES {
            out.push(Line { text: b"", indent: 0, number, kind: Kind::Truncated });
            break;
        }
        number += usize::from(rest.get(end) == Some(&b'\n'));
        rest = rest.get(end + 1..).unwrap_or(b"");
        if rest.is_empty() {
            break;
        }
    }
    if is_reversed(&out) {
        out.reverse();
    }
    leave_out_nested(&mut out);
    out
}

/// JDO's exceptions (the Hive metastore's) name in their own text what nests in them; where the same stands below as a cause it is left out.
fn leave_out_nested(lines: &mut Vec<Line<'_>>) {
    const MARK: &[u8] = b"NestedThrowables:";
    if !lines.iter().any(|line| line.text == MARK) {
        return;
    }
    let told = |line: &Line<'_>| if let Kind::Caused(text) = line.kind { Some(text.to_vec()) } else { None };
    let causes: FxHashSet<Vec<u8>> = lines.iter().filter_map(told).collect();
    let mut kept = 0;
    for at in 0..lines.len() {
        let line = lines[at];
        if matches!(line.kind, Kind::Frame(_)) && kept >= 2 && lines[kept - 2].text == MARK && causes.contains(lines[kept - 1].text) {
            kept -= 2;
        }
        lines[kept] = line;
        kept += 1;
    }
    lines.truncate(kept);
}

/// A trace on one line: cuts before each ` at ` that starts a frame, and before `Caused by:`, `Suppressed:` and `... n more` once a frame was seen.
fn split_flattened<'a>(line: &'a [u8], number: usize, out: &mut Vec<Line<'a>>) {
    let line = match line.first() {
        Some(b'0'..=b'9' | b'[') => trace_behind_head(line).unwrap_or(line),
        _ => line,
    };
    let mut start = 0;
    let mut from = 0;
    let mut frames = line.starts_with(b"at ");
    while let Some(at) = line.get(from..).and_then(|rest| memchr::memchr2(b' ', b'\t', rest)).map(|at| at + from) {
        from = at + 1;
        let rest = line.get(from..).unwrap_or(b"");
        // `…cannot be cast to OrderRowat com.acme.Job.map(Job.java:7)at com.acme…`: the line breaks were lost.
        if let Some(joined) = joined_at(line, at)
            && joined > start
            && out.len() < MAX_LINES
        {
            frames = true;
            out.push(line_of(line.get(start..joined).unwrap_or(b""), number));
            start = joined;
            continue;
        }
        let cut = match rest.first() {
            Some(b'a') => {
                // `(Map at main(Job.java:80))`: operators of the DataSet API are named by their call.
                let begins = rest.strip_prefix(b"at ").is_some_and(|name| frame(name).is_some_and(|(_, end)| name.get(end) != Some(&b')')));
                // The line may begin with a frame, and go on.
                frames |= begins;
                begins && at > start && !undecorated(line.get(start..at).unwrap_or(b"")).trim_ascii().is_empty()
            }
            Some(b'C') => frames && rest.starts_with(b"Caused by: "),
            Some(b'S') => frames && rest.starts_with(b"Suppressed: "),
            Some(b'.') => frames && more(rest).is_some(),
            _ => false,
        };
        if cut && out.len() < MAX_LINES {
            frames = true;
            out.push(line_of(line.get(start..at).unwrap_or(b""), number));
            start = from;
        }
    }
    out.push(line_of(line.get(start..).unwrap_or(b""), number));
}

/// A frame as the JVM prints it, behind a tab and with nothing but its jar behind: what nearly all lines of a trace are. They need no look at each blank.
fn frame_alone(line: &[u8]) -> Option<RawFrame<'_>> {
    let name = line.strip_prefix(b"\tat ")?;
    let (frame, end) = frame(name)?;
    let (text, rest) = name.split_at(end);
    let one_word = |text: &[u8]| memchr::memchr2(b' ', b'\t', text).is_none();
    let place = &text[memchr::memchr(b'(', text)?..];
    let placed = one_word(place) || place == b"(Unknown Source)" || place == b"(Native Method)";
    let jar = rest.is_empty() || rest.strip_prefix(b" ").is_some_and(|jar| jar.ends_with(b"]") && matches!(jar[0], b'~' | b'[') && one_word(jar));
    (placed && jar).then_some(frame)
}

/// Where a frame begins whose `at ` (before the blank at `blank`) sticks to what stands before it: to another frame, or to a name in a message if the next
/// frame sticks to this one.
fn joined_at(line: &[u8], blank: usize) -> Option<usize> {
    let before = line.get(..blank)?.strip_suffix(b"at")?;
    if before.last()?.is_ascii_whitespace() {
        return None;
    }
    let rest = line.get(blank + 1..)?;
    let (frame, end) = frame(rest)?;
    // `…format com.acme.X`: a word that ends so. A class's name has capitals.
    let word = before.rsplit(|byte| byte.is_ascii_whitespace() || *byte == b'.').next()?;
    let sure = before.ends_with(b")") || before.ends_with(b"]") || (word.iter().any(u8::is_ascii_uppercase) && rest.get(end..)?.starts_with(b"at "));
    (frame.line.is_some() && sure).then_some(before.len())
}

fn line_of(raw: &[u8], number: usize) -> Line<'_> {
    // What a table of an issue tracker leaves behind each line.
    let raw = raw.trim_ascii_end().strip_suffix(b" | |").unwrap_or(raw);
    let text = raw.trim_ascii_start();
    let indent = raw.len() - text.len();
    let mut line = Line { text: raw, indent, number, kind: kind(text) };
    match line.kind {
        Kind::Text => {
            if text.iter().all(|b| matches!(b, b'>' | b'|' | b' ')) {
                line.kind = Kind::Blank;
            } else {
                let bare = undecorated(raw);
                let inner = bare.trim_ascii_start();
                if inner.is_empty() || bare.len() == raw.len() {
                    return line;
                }
                let inner_kind = kind(inner);
                if inner_kind != Kind::Text || (head(inner).is_some_and(|h| h.qualified && h.named) && head(text).is_none()) {
                    line = Line { text: inner, indent: bare.len() - inner.len(), number, kind: inner_kind };
                }
            }
        }
        _ => line.text = text,
    }
    line
}

fn kind(text: &[u8]) -> Kind<'_> {
    let after = |prefix: &[u8]| text.strip_prefix(prefix).map(<[u8]>::trim_ascii);
    match text.first() {
        None => Kind::Blank,
        Some(b'a') if text.starts_with(b"at ") => {
            let name = text.get(3..).unwrap_or(b"").trim_ascii_start();
            match frame(name) {
                Some((frame, _)) => Kind::Frame(frame),
                None if is_frame_start(name) => Kind::FrameStart,
                None => Kind::Text,
            }
        }
        Some(b'.') => match more(text) {
            Some(n) => Kind::More(n),
            None if text.trim_ascii_end() == b"..." => Kind::Truncated,
            None => Kind::Text,
        },
        Some(b'C') if text.starts_with(b"Caused by:") => caused(after(b"Caused by:").unwrap_or(b"")),
        Some(b'S') if text.starts_with(b"Suppressed:") => Kind::Suppressed(after(b"Suppressed:").unwrap_or(b"")),
        Some(b'W') if text.starts_with(b"Wrapped by:") => Kind::WrappedBy(after(b"Wrapped by:").unwrap_or(b"")),
        Some(b'T') if text.starts_with(b"Traceback (most recent call last)") => Kind::Traceback,
        Some(b'E') if text.starts_with(b"End of exception on server side>") => Kind::RemoteEnd,
        // Py4J puts the Java side's text behind `: ` at the start of a line.
        Some(b':') if after(b": ").and_then(head).is_some_and(|h| h.qualified && h.named) => Kind::Caused(after(b": ").unwrap_or(b"")),
        Some(b'[') if text.starts_with(b"[CIRCULAR REFERENCE") => Kind::Circular,
        Some(b'[') if text.starts_with(b"[wrapped] ") => Kind::WrappedBy(after(b"[wrapped] ").unwrap_or(b"")),
        Some(b'[' | b'<' | b'(') if is_truncation(text) => Kind::Truncated,
        Some(b'~' | b'[') if is_packaging(text) => Kind::Packaging,
        Some(_) if text.starts_with("…".as_bytes()) && text.len() <= 4 => Kind::Truncated,
        Some(b) if b.is_ascii_alphabetic() || *b == b'_' => bare_frame(text).map_or(Kind::Text, Kind::Frame),
        Some(_) => Kind::Text,
    }
}

/// `Caused by: [CIRCULAR REFERENCE: …]` is what JDK 17 prints.
fn caused(rest: &[u8]) -> Kind<'_> {
    if rest.starts_with(b"[CIRCULAR REFERENCE") { Kind::Circular } else { Kind::Caused(rest) }
}

/// `... 14 more` of the JVM, `... 14 common frames omitted` of logback.
fn more(text: &[u8]) -> Option<u32> {
    let rest = text.strip_prefix(b"... ")?;
    let space = memchr::memchr(b' ', rest.get(..12.min(rest.len()))?)?;
    let n = number(rest.get(..space)?)?;
    let what = rest.get(space + 1..)?;
    (what.starts_with(b"more") || what.starts_with(b"common frames omitted") || what.starts_with(b"frames truncated") || what.starts_with(b"frames excluded"))
        .then_some(n)
}

fn is_frame_start(name: &[u8]) -> bool {
    let name = name.trim_ascii_end();
    memchr::memchr(b'.', name).is_some()
        && name.len() < 1024
        && name.iter().all(|&b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$' | b'/' | b'<' | b'>' | b'(' | b':' | b'-' | b'@') || b >= 0x80)
}

fn is_truncation(text: &[u8]) -> bool {
    text.len() < 60 && memchr::memmem::find(text, b"truncated").is_some()
}

/// The line without what a mail, a pager or a container put around it: `> `, `12: `, `taskmanager_1  | `, an RFC 3339 time.
fn undecorated(raw: &[u8]) -> &[u8] {
    let mut text = raw;
    for _ in 0..6 {
        let trimmed = text.trim_ascii_start();
        let next = match trimmed.first() {
            Some(b'>') => trimmed.get(1..).map(|t| t.strip_prefix(b" ").unwrap_or(t)),
            Some(b'|') => trimmed.get(1..).map(|t| t.strip_prefix(b" ").unwrap_or(t)),
            // Code and bold marks of the page that the trace was copied from.
            Some(b'`' | b'*') => trimmed.get(1..),
            Some(b) if b.is_ascii_digit() => behind_number(trimmed).or_else(|| behind_service(trimmed)),
            _ => behind_service(trimmed),
        };
        match next {
            Some(next) => text = next,
            None => break,
        }
    }
    text
}

/// Behind `12 `, `12: `, `12| `, `12) ` or behind `2026-11-21T10:49:48.317123456Z `.
fn behind_number(text: &[u8]) -> Option<&[u8]> {
    let digits = text.iter().take(7).take_while(|b| b.is_ascii_digit()).count();
    let rest = text.get(digits..)?;
    match rest.first()? {
        b':' | b'|' | b')' | b'.' if digits < 7 => {
            rest.get(1..).filter(|r| r.first().is_none_or(|b| matches!(b, b' ' | b'\t'))).map(|r| r.strip_prefix(b" ").unwrap_or(r))
        }
        b' ' | b'\t' if digits < 7 => rest.get(1..),
        b'-' if digits == 4 => {
            let space = memchr::memchr(b' ', rest.get(..40.min(rest.len()))?)?;
            (memchr::memchr(b'T', rest.get(..space)?).is_some() && rest.get(space - 1) == Some(&b'Z')).then(|| rest.get(space + 1..))?
        }
        _ => None,
    }
}

/// Behind `taskmanager_1  | `.
fn behind_service(text: &[u8]) -> Option<&[u8]> {
    let name = text.iter().take(64).take_while(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')).count();
    let rest = text.get(name..)?.trim_ascii_start();
    (name > 0).then(|| rest.strip_prefix(b"| "))?
}

/// Whether the export has its newest line first: it begins with frames and ends with a head that nothing causes.
fn is_reversed(lines: &[Line<'_>]) -> bool {
    let mut parts = lines.iter().filter(|l| !matches!(l.kind, Kind::Blank | Kind::Packaging));
    let starts = parts.clone().find(|l| l.kind != Kind::Text || is_head_line(l.text)).is_some_and(|l| matches!(l.kind, Kind::Frame(_) | Kind::More(_)));
    if !starts {
        return false;
    }
    // The log's own head line may follow as the very last.
    let Some(last) = parts.next_back() else { return false };
    let head_last = |l: &Line<'_>| l.kind == Kind::Text && is_head_line(l.text);
    head_last(last) || (last.kind == Kind::Text && parts.next_back().is_some_and(head_last))
}

fn is_head_line(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    head(announced(text, false).unwrap_or(text)).is_some_and(|h| h.qualified && h.named)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pieces() -> impl Strategy<Value = String> {
        let pieces = [
            "\tat ",
            "at ",
            "a.b.C.d",
            "java.base/x.Y.z",
            "(E.java:1)",
            "(Unknown Source)",
            "(Native Method)",
            "(x",
            ")",
            " ",
            "~[x.jar:1]",
            "[?:?]",
            "[",
            "]",
            "... 3 more",
            "Caused by: ",
            "Suppressed: ",
            "\t",
            "\r",
            " | |",
            "é",
            "\u{a0}",
        ];
        proptest::collection::vec(proptest::sample::select(pieces.to_vec()), 0..7).prop_map(|pieces| pieces.concat())
    }

    proptest! {
        /// A line that is taken for a frame alone is one wherever it is looked at.
        #[test]
        fn a_frame_alone_is_not_cut(
            begin in proptest::sample::select(vec!["", "\tat a.b.C.d", "\tat a.b.C.d(E.java:1)"]),
            jar in proptest::sample::select(vec!["", " ~[x", " [", " "]),
            rest in pieces(),
            close in proptest::sample::select(vec!["", "]"]),
        ) {
            let line = [begin, jar, &rest, close].concat();
            if let Some(frame) = frame_alone(line.as_bytes()) {
                let mut cut = Vec::new();
                split_flattened(line.as_bytes(), 0, &mut cut);
                let alone = Line { text: &line.as_bytes()[1..], indent: 1, number: 0, kind: Kind::Frame(frame) };
                prop_assert_eq!(format!("{cut:?}"), format!("{:?}", [alone]));
            }
        }
    }

    #[test]
    fn usual_frames_stand_alone() {
        for line in [
            "\tat java.lang.Thread.run(Unknown Source) ~[?:?]",
            "\tat a.b.C.d(E.java:1) ~[a.jar:1]",
            "\tat a.b.C$$Lambda$1/0x1.d(E.java)",
            "\tat java.base/a.B.c(Native Method)",
            "\tat a.b.C.d(E.java:1) [classes/:?]",
        ] {
            assert!(frame_alone(line.as_bytes()).is_some(), "{line}");
        }
        for line in [
            "\tat a.b.C.d(E.java:1) at f.G.h(I.java:2)",
            "at a.b.C.d(E.java:1)",
            "\tat a.b.C.d(x at f.G.h(Unknown Source)",
            "\tat a.b.C.d(E.java:1) [a",
            "\tat a.b.C.d(E.java:1) ~[x] Caused by: q.W: e]",
            "\tat a.b.C.d(E.java:1) ~[x]\tat f.G.h(I.java:2) [y]",
            "\tat a.b.C.d(E.java:1)  ~[x]",
            "\tat a.b.C.d(E.java:1) [a at f.G.h(I.java:2) b]",
            "\tat a.b.C.d(E.java:1) ",
        ] {
            assert!(frame_alone(line.as_bytes()).is_none(), "{line}");
        }
    }
}
