//! The prefixes one by one. In: a line; out: its parts, or `None` for another line. Never looks at neighbouring lines.

use std::borrow::Cow;

use super::{Stream, Stripped};
use crate::delivery::time::{digits, month, rfc3339};

fn stripped<'a>(key: Option<&'a [u8]>, text: &'a [u8]) -> Stripped<'a> {
    Stripped { key, time: None, stream: None, text: Cow::Borrowed(text), partial: false }
}

/// Skips one escape sequence (colour) at the start.
pub(super) fn skip_colour(mut line: &[u8]) -> &[u8] {
    while let Some(rest) = line.strip_prefix(b"\x1b[") {
        match rest.iter().position(|b| (0x40..=0x7e).contains(b)) {
            Some(end) if end < 16 => line = &rest[end + 1..],
            _ => break,
        }
    }
    line
}

/// A time in front of the text, where the prefix kind says that there is one.
pub(super) fn timed(mut line: Stripped<'_>, timestamps: bool) -> Option<Stripped<'_>> {
    if timestamps
        && let Cow::Borrowed(text) = line.text
        && let Some(stamp) = rfc3339(text)
    {
        line.time = Some(stamp.millis);
        line.text = Cow::Borrowed(after_blank(&text[stamp.len..])?);
    }
    Some(line)
}

/// One blank ends a prefix; an empty text may have lost it.
fn after_blank(rest: &[u8]) -> Option<&[u8]> {
    match rest {
        [] => Some(rest),
        [b' ', text @ ..] => Some(text),
        _ => None,
    }
}

pub(super) fn kubectl(line: &[u8]) -> Option<Stripped<'_>> {
    let rest = skip_colour(line).strip_prefix(b"[pod/")?;
    let end = memchr::memchr(b']', &rest[..rest.len().min(600)])?;
    let key = &rest[..end];
    let (pod, container) = key.split_at(key.iter().position(|b| *b == b'/')?);
    if !is_name(pod) || !is_name(&container[1..]) {
        return None;
    }
    Some(stripped(Some(key), after_blank(&rest[end + 1..])?))
}

pub(super) fn stern(line: &[u8]) -> Option<Stripped<'_>> {
    let line = skip_colour(line.strip_prefix(b"+ ").or_else(|| line.strip_prefix(b"- ")).unwrap_or(line));
    let (pod, rest) = word(line)?;
    let rest = skip_colour(skip_colour(rest).strip_prefix(b" ")?);
    let (container, rest) = word(rest)?;
    // Pods have generated parts, so dashes; words of a sentence hardly do.
    if !is_name(pod) || !is_name(container) || !pod.contains(&b'-') {
        return None;
    }
    let text = after_blank(skip_colour(rest))?;
    // One key for both words where they are neighbours in the line; between colours, the pod alone.
    let joined = pod.len() + 1 + container.len();
    let key = if line.get(pod.len()) == Some(&b' ') { line.get(..joined)? } else { pod };
    Some(stripped(Some(key), text))
}

/// A word up to a blank or an escape.
fn word(line: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = line.iter().take(254).position(|b| matches!(b, b' ' | 0x1b)).unwrap_or(line.len().min(254));
    (end > 0).then(|| line.split_at(end))
}

/// A Kubernetes name.
fn is_name(name: &[u8]) -> bool {
    let inner = name.iter().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'.'));
    inner && name.first().is_some_and(u8::is_ascii_alphanumeric) && name.len() <= 253 && name.iter().any(u8::is_ascii_lowercase)
}

pub(super) fn compose(line: &[u8]) -> Option<Stripped<'_>> {
    let line = skip_colour(line);
    let end = line.iter().take(128).position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.')))?;
    let (key, rest) = line.split_at(end);
    // A level or a clock before a bar is a layout of the log itself.
    let level = matches!(key, b"TRACE" | b"DEBUG" | b"INFO" | b"WARN" | b"WARNING" | b"ERROR" | b"FATAL");
    if level || !key.iter().any(u8::is_ascii_alphabetic) || !key[0].is_ascii_alphanumeric() {
        return None;
    }
    let blanks = rest.iter().take(128).take_while(|b| **b == b' ').count();
    let rest = skip_colour(&rest[blanks..]).strip_prefix(b"|")?;
    Some(stripped(Some(key), after_blank(skip_colour(rest))?))
}

pub(super) fn time(line: &[u8]) -> Option<Stripped<'_>> {
    // GitHub puts a byte order mark before its first line.
    let line = line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line);
    let stamp = rfc3339(line)?;
    let text = after_blank(&line[stamp.len..])?;
    Some(Stripped { time: Some(stamp.millis), ..stripped(None, text) })
}

pub(super) fn cri(line: &[u8]) -> Option<Stripped<'_>> {
    let stamp = rfc3339(line)?;
    let rest = line[stamp.len..].strip_prefix(b" ")?;
    let (stream, rest) = match rest.strip_prefix(b"stdout ") {
        Some(rest) => (Stream::Out, rest),
        None => (Stream::Err, rest.strip_prefix(b"stderr ")?),
    };
    // Tags may follow the flag, joined by colons.
    let tags = rest.iter().take(64).position(|b| *b == b' ').unwrap_or(rest.len().min(64));
    let partial = match rest[..tags].split(|b| *b == b':').next()? {
        b"F" => false,
        b"P" => true,
        _ => return None,
    };
    Some(Stripped { time: Some(stamp.millis), stream: Some(stream), partial, ..stripped(None, after_blank(&rest[tags..])?) })
}

pub(super) fn docker_json(line: &[u8]) -> Option<Stripped<'_>> {
    let rest = line.strip_prefix(b"{\"log\":\"")?;
    let end = closing_quote(rest)?;
    let tail = &rest[end + 1..];
    let stream = match value(tail, b"\"stream\":\"")? {
        b"stdout" => Stream::Out,
        b"stderr" => Stream::Err,
        _ => return None,
    };
    let time = rfc3339(value(tail, b"\"time\":\"")?).map(|s| s.millis);
    let mut text = unescape(&rest[..end]);
    // Without its line end it is a piece: docker cuts at 16 KB.
    let partial = !text.ends_with(b"\n");
    for end in [b'\n', b'\r'] {
        if text.last() == Some(&end) {
            match &mut text {
                Cow::Borrowed(t) => *t = &t[..t.len() - 1],
                Cow::Owned(t) => {
                    t.pop();
                }
            }
        }
    }
    Some(Stripped { key: None, time, stream: Some(stream), text, partial })
}

fn closing_quote(text: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

fn value<'a>(json: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    let at = memchr::memmem::find(json, name)? + name.len();
    let rest = &json[at..];
    Some(&rest[..memchr::memchr(b'"', rest)?])
}

fn unescape(text: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memchr(b'\\', text) else { return Cow::Borrowed(text) };
    let mut out = Vec::with_capacity(text.len());
    out.extend_from_slice(&text[..first]);
    let mut at = first;
    while let Some(&byte) = text.get(at) {
        if byte != b'\\' {
            let end = memchr::memchr(b'\\', &text[at..]).map_or(text.len(), |n| at + n);
            out.extend_from_slice(&text[at..end]);
            at = end;
            continue;
        }
        let unit = |at: usize| {
            let hex = text.get(at..at + 6).filter(|h| h.starts_with(b"\\u"))?;
            u32::from_str_radix(std::str::from_utf8(&hex[2..]).ok()?, 16).ok()
        };
        if let Some(high) = unit(at) {
            at += 6;
            let pair = unit(at).filter(|low| (0xd800..0xdc00).contains(&high) && (0xdc00..0xe000).contains(low));
            let code = match pair {
                Some(low) => {
                    at += 6;
                    0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00)
                }
                None => high,
            };
            let mut utf8 = [0; 4];
            out.extend_from_slice(char::from_u32(code).unwrap_or('\u{fffd}').encode_utf8(&mut utf8).as_bytes());
            continue;
        }
        match text.get(at + 1) {
            Some(b'n') => out.push(b'\n'),
            Some(b't') => out.push(b'\t'),
            Some(b'r') => out.push(b'\r'),
            Some(b'b') => out.push(8),
            Some(b'f') => out.push(12),
            Some(other) => out.push(*other),
            None => {}
        }
        at += 2;
    }
    Cow::Owned(out)
}

pub(super) fn journal_short(line: &[u8]) -> Option<Stripped<'_>> {
    month(line.get(..3)?)?;
    let day = line.get(3..6)?;
    let day_ok = day[0] == b' ' && digits(day[1..].trim_ascii_start()).is_some_and(|d| (1..=31).contains(&d));
    let clock = line.get(6..15)?;
    if !day_ok || clock[0] != b' ' || clock[3] != b':' || clock[6] != b':' || digits(&clock[1..3]).is_none() || digits(&clock[7..9]).is_none() {
        return None;
    }
    // `short-precise` has a fraction.
    let rest = &line[15..];
    let fraction = rest.iter().take(10).take_while(|b| matches!(b, b'.' | b'0'..=b'9')).count();
    unit(rest[fraction..].strip_prefix(b" ")?)
}

pub(super) fn journal_iso(line: &[u8]) -> Option<Stripped<'_>> {
    let stamp = rfc3339(line)?;
    let text = unit(line[stamp.len..].strip_prefix(b" ")?)?;
    Some(Stripped { time: Some(stamp.millis), ..text })
}

/// `host unit[pid]: text`, the pid being optional.
fn unit(rest: &[u8]) -> Option<Stripped<'_>> {
    let (host, rest) = word(rest)?;
    let (unit, rest) = word(rest.strip_prefix(b" ")?)?;
    let unit = unit.strip_suffix(b":")?;
    let name = match unit.strip_suffix(b"]") {
        Some(inside) => {
            let open = inside.iter().position(|b| *b == b'[')?;
            digits(&inside[open + 1..])?;
            &inside[..open]
        }
        None => unit,
    };
    let plain = |n: &[u8]| !n.is_empty() && n.iter().all(|b| b.is_ascii_graphic() && !matches!(b, b'[' | b']' | b'(' | b')' | b'='));
    // A logger class after a level looks similar: hosts are no levels.
    let level = matches!(host, b"TRACE" | b"DEBUG" | b"INFO" | b"WARN" | b"WARNING" | b"ERROR" | b"FATAL");
    (plain(host) && plain(name) && !level).then_some(())?;
    Some(stripped(Some(name), after_blank(rest)?))
}

pub(super) fn github_job(line: &[u8]) -> Option<Stripped<'_>> {
    let head = &line[..line.len().min(512)];
    let first = memchr::memchr(b'\t', head)?;
    let second = first + 1 + memchr::memchr(b'\t', &head[first + 1..])?;
    let text = time(&line[second + 1..])?;
    Some(Stripped { key: Some(&line[..first]), ..text })
}

pub(super) fn gitlab(line: &[u8]) -> Option<Stripped<'_>> {
    let stamp = rfc3339(line)?;
    let rest = line[stamp.len..].strip_prefix(b" ")?;
    let flag = rest.get(..3)?;
    let stream = match flag[2] {
        b'O' => Stream::Out,
        b'E' => Stream::Err,
        _ => return None,
    };
    digits(&flag[..2])?;
    // `+` says that the line goes on from the one before.
    let text = match rest.get(3) {
        None => &rest[3..],
        Some(b' ' | b'+') => &rest[4..],
        Some(_) => return None,
    };
    Some(Stripped { time: Some(stamp.millis), stream: Some(stream), ..stripped(None, text) })
}

pub(super) fn indent(line: &[u8], columns: usize) -> Option<Stripped<'_>> {
    let (blank, text) = line.split_at_checked(columns).unwrap_or((line, b""));
    blank.iter().all(|b| matches!(b, b' ' | b'\t')).then(|| stripped(None, text))
}

pub(super) fn quote(line: &[u8]) -> Option<Stripped<'_>> {
    let rest = line.strip_prefix(b">")?;
    Some(stripped(None, rest.strip_prefix(b" ").unwrap_or(rest)))
}
