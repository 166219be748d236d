//! Decorations of unified logging (JEP 158): `[2026-11-21T09:10:18.878+0000][0.799s][info][gc,start ] message`.
//!
//! In: a line that begins with `[`. Out: its stamps and where the message begins. Never guesses what a lone number is,
//! never takes brackets of other programs (`[main]`, `[pod/name]`) for decorations.

use super::numbers::{decimal, trim, uint};

/// What the decorations say of time and process.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Stamp {
    /// Wall clock, epoch milliseconds.
    pub wall: Option<i64>,
    /// Offset of the log's own zone, minutes east of UTC.
    pub offset: Option<i16>,
    /// Milliseconds since the JVM start.
    pub uptime: Option<f64>,
    pub pid: Option<u64>,
}

/// A decorated line, taken apart.
#[derive(Clone, Copy, Debug)]
pub(super) struct Decorated<'a> {
    pub stamp: Stamp,
    /// Tags begin with `gc` or are `safepoint`.
    pub gc: bool,
    /// Tag set `gc,heap,exit`: printed when the JVM ends in an orderly way.
    pub exit: bool,
    pub message: &'a [u8],
}

/// More groups than the JVM has decorations are another program's text.
const MAX_GROUPS: usize = 16;
/// No decoration is longer, host names aside.
const MAX_GROUP: usize = 100;
/// Epoch milliseconds have 13 digits until the year 2286; an uptime of 31 years has not been seen.
const EPOCH_MILLIS: u64 = 1_000_000_000_000;

/// Takes the decorations off a line; `None` when it has none that the JVM writes.
pub(super) fn parse(line: &[u8]) -> Option<Decorated<'_>> {
    let mut stamp = Stamp::default();
    let (mut gc, mut exit, mut level) = (false, false, false);
    let mut numbers = [0u64; 2];
    let (mut lone, mut nanos, mut last_nanos) = (0, 0, 0u64);
    let mut at = 0;
    for _ in 0..MAX_GROUPS {
        if line.get(at) != Some(&b'[') {
            break;
        }
        let rest = &line[at + 1..];
        let Some(end) = memchr::memchr(b']', &rest[..rest.len().min(MAX_GROUP)]) else {
            break;
        };
        let inner = trim(&rest[..end]);
        match (inner.first(), inner.last()) {
            (Some(b'0'..=b'9'), Some(b's')) => match inner {
                [number @ .., b'm', b's'] => {
                    let (value, length) = uint(number)?;
                    if length != number.len() {
                        break;
                    }
                    if value >= EPOCH_MILLIS {
                        stamp.wall = stamp.wall.or(i64::try_from(value).ok());
                    } else {
                        stamp.uptime = stamp.uptime.or(Some(value as f64));
                    }
                }
                [number @ .., b'n', b's'] => {
                    let (value, length) = uint(number)?;
                    if length != number.len() {
                        break;
                    }
                    nanos += 1;
                    last_nanos = value;
                }
                [number @ .., _] => {
                    let (value, length) = decimal(number)?;
                    if length != number.len() {
                        break;
                    }
                    stamp.uptime = Some(value * 1000.0);
                }
                [] => break,
            },
            (Some(b'0'..=b'9'), _) if inner.len() == 28 => {
                let Some((wall, offset)) = time(inner) else {
                    break;
                };
                // Two in a row are local and UTC, in this order; both name the same instant.
                stamp.wall = Some(wall);
                stamp.offset = stamp.offset.or(Some(offset));
            }
            (Some(b'0'..=b'9'), _) => match uint(inner) {
                Some((value, length)) if length == inner.len() => {
                    if lone < 2 {
                        numbers[lone] = value;
                    }
                    lone += 1;
                }
                _ if hostname(inner) => {}
                _ => break,
            },
            (Some(b'a'..=b'z' | b'A'..=b'Z'), _) if hostname(inner) => {
                if inner.starts_with(b"gc") && matches!(inner.get(2), None | Some(b',')) || inner.starts_with(b"safepoint") {
                    gc = true;
                    exit |= inner.ends_with(b",exit");
                } else {
                    level |= matches!(inner, b"info" | b"debug" | b"trace" | b"warning" | b"error");
                }
            }
            _ => break,
        }
        at += end + 2;
    }
    if nanos > 0 && stamp.uptime.is_none() {
        // `timenanos` counts from an arbitrary zero: good for gaps, and with two of them the second is the uptime.
        stamp.uptime = Some(last_nanos as f64 / 1e6);
    }
    if lone == 2 {
        stamp.pid = Some(numbers[0]);
    }
    let ours = gc || stamp.uptime.is_some() || stamp.wall.is_some() || (level && lone > 0);
    if !ours {
        return None;
    }
    let message = &line[at..];
    Some(Decorated { stamp, gc, exit, message: message.strip_prefix(b" ").unwrap_or(message) })
}

/// Length of the group whose text begins here. Groups are short: a plain loop is faster than a search with a set-up.
pub(super) fn group_end(rest: &[u8]) -> Option<usize> {
    if rest.len() > 28 && rest[28] == b']' && rest[10] == b'T' {
        return Some(28);
    }
    rest.iter().take(MAX_GROUP).position(|b| *b == b']')
}

/// Host names and tag sets; a blank or slash inside marks text of other programs.
fn hostname(inner: &[u8]) -> bool {
    inner.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b',' | b'+'))
}

/// `2026-11-21T09:10:18.878+0000`: epoch milliseconds and offset in minutes.
pub(super) fn time(text: &[u8]) -> Option<(i64, i16)> {
    if text.len() < 28 || text[4] != b'-' || text[10] != b'T' || text[13] != b':' || !matches!(text[19], b'.' | b',') {
        return None;
    }
    let two = |at: usize| -> Option<i64> {
        let (high, low) = (text[at].wrapping_sub(b'0'), text[at + 1].wrapping_sub(b'0'));
        (high < 10 && low < 10).then(|| i64::from(high) * 10 + i64::from(low))
    };
    let year = two(0)? * 100 + two(2)?;
    let (month, day) = (two(5)?, two(8)?);
    let seconds = two(11)? * 3600 + two(14)? * 60 + two(17)?;
    let millis = two(20)? * 10 + i64::from(text[22].wrapping_sub(b'0'));
    let minutes = two(24)? * 60 + two(26)?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !text[22].is_ascii_digit() {
        return None;
    }
    let offset = match text[23] {
        b'+' => minutes,
        b'-' => -minutes,
        _ => return None,
    };
    let local = days(year, month, day) * 86_400 + seconds;
    Some(((local - offset * 60) * 1000 + millis, i16::try_from(offset).ok()?))
}

/// Days since 1970-01-01 in the Gregorian calendar (years from March on, so that the leap day comes last).
fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let shifted = if month > 2 { month - 3 } else { month + 9 };
    let day_of_year = (153 * shifted + 2) / 5 + day - 1;
    365 * year + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_decoration_at_once() {
        let line = b"[2026-11-21T09:20:07.455+0000][2026-11-21T09:20:07.455+0000][0.545s][1795252807455ms][544ms][1555040663958ns][544988798ns][vm][24503][24511][info][gc] GC(0) Pause";
        let found = parse(line).unwrap();
        assert_eq!(found.message, b"GC(0) Pause");
        assert_eq!(found.stamp, Stamp { wall: Some(1_795_252_807_455), offset: Some(0), uptime: Some(545.0), pid: Some(24503) });
    }

    #[test]
    fn zones_and_lone_numbers() {
        let india = parse(b"[2026-11-21T14:49:46.439+0530] Using G1").unwrap();
        assert_eq!(india.stamp.wall, Some(1_795_252_786_439));
        assert_eq!(india.stamp.offset, Some(330));
        assert_eq!(time(b"2021-03-04T05:06:07.089-0100"), Some((1_614_837_967_089, -60)));
        let lone = parse(b"[0,799s][16644] GC(0) Pause").unwrap();
        assert_eq!((lone.stamp.uptime, lone.stamp.pid), (Some(799.0), None));
        assert_eq!(parse(b"[960ms][16641][16644] x").unwrap().stamp.pid, Some(16641));
        assert_eq!(parse(b"[7ns][9000000ns] x").unwrap().stamp.uptime, Some(9.0));
    }

    #[test]
    fn text_of_others_is_no_decoration() {
        for line in [&b"[main] INFO x"[..], b"[pod/a/main-container] 2026", b"[", b"[]", b"[1.2.3s] x", b"[unclosed 1s"] {
            assert!(parse(line).is_none(), "{}", String::from_utf8_lossy(line));
        }
    }
}
