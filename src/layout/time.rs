//! Time stamps of log lines: bytes in, milliseconds out. Never looks at a clock and never guesses a zone.

/// A parsed time stamp.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Milliseconds since the epoch if the wall clock shown were UTC, or the true instant where `offset_minutes` is known.
    /// Without a date: milliseconds since midnight.
    pub ms: i64,
    /// The offset that the text itself states.
    pub offset_minutes: Option<i16>,
    pub date: Date,
}

/// How much of the date a stamp states.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Date {
    Full,
    /// Month and day, no year (syslog, journald).
    NoYear,
    /// Time of day only (console layouts).
    None,
}

/// Days since 1970-01-01 of a proleptic Gregorian date.
pub fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    let doe = yoe * 365 + yoe / 4 - yoe / 100 + doy;
    era * 146_097 + doe - 719_468
}

fn digit(text: &[u8], at: usize) -> Option<i64> {
    let value = text.get(at)?.wrapping_sub(b'0');
    (value < 10).then_some(i64::from(value))
}

fn two(text: &[u8], at: usize) -> Option<i64> {
    Some(digit(text, at)? * 10 + digit(text, at + 1)?)
}

fn four(text: &[u8], at: usize) -> Option<i64> {
    Some(two(text, at)? * 100 + two(text, at + 2)?)
}

fn month_of(name: &[u8]) -> Option<i64> {
    const MONTHS: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    MONTHS.chunks_exact(3).position(|m| m == name).map(|i| i as i64 + 1)
}

/// Parses the time stamp at the start of `text`; gives it and the number of bytes that it takes.
///
/// Shapes: `yyyy-MM-dd HH:mm:ss`, `yyyy-MM-ddTHH:mm:ss`, `yyyy/MM/dd HH:mm:ss`, `yy/MM/dd HH:mm:ss` (Hadoop clients), `MMM dd HH:mm:ss` (journald),
/// `HH:mm:ss`, each with a fraction of 1 to 9 digits after `,`, `.` or `:` and a zone (`Z`, `+0800`, `+08:00`, ` +0800`).
pub fn parse(text: &[u8]) -> Option<(Stamp, usize)> {
    let first = *text.first()?;
    if first.is_ascii_alphabetic() {
        return month_first(text);
    }
    if !first.is_ascii_digit() {
        return None;
    }
    if text.get(2) == Some(&b':') {
        let (of_day, end) = time_of_day(text, 0)?;
        return Some((Stamp { ms: of_day, offset_minutes: None, date: Date::None }, end));
    }
    let (year, month, day, at) = match (text.get(4), text.get(2)) {
        (Some(b'-'), _) if text.get(7) == Some(&b'-') => (four(text, 0)?, two(text, 5)?, two(text, 8)?, 10),
        (Some(b'/'), _) if text.get(7) == Some(&b'/') => (four(text, 0)?, two(text, 5)?, two(text, 8)?, 10),
        (_, Some(b'/')) if text.get(5) == Some(&b'/') => (2000 + two(text, 0)?, two(text, 3)?, two(text, 6)?, 8),
        _ => return None,
    };
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !matches!(text.get(at), Some(b' ' | b'T' | b'_')) {
        return None;
    }
    let (of_day, end) = time_of_day(text, at + 1)?;
    let local = days_from_civil(year, month, day) * 86_400_000 + of_day;
    let (offset, end) = zone(text, end);
    let ms = local - offset.map_or(0, |minutes| i64::from(minutes) * 60_000);
    Some((Stamp { ms, offset_minutes: offset, date: Date::Full }, end))
}

fn month_first(text: &[u8]) -> Option<(Stamp, usize)> {
    let month = month_of(text.get(..3)?)?;
    if text.get(3) != Some(&b' ') {
        return None;
    }
    let day = match text.get(4)? {
        b' ' => digit(text, 5)?,
        _ => two(text, 4)?,
    };
    if !(1..=31).contains(&day) || text.get(6) != Some(&b' ') {
        return None;
    }
    let (of_day, end) = time_of_day(text, 7)?;
    // 1972 is a leap year, so that 29 February survives; the year is set later, where another source tells it.
    let ms = days_from_civil(1972, month, day) * 86_400_000 + of_day;
    Some((Stamp { ms, offset_minutes: None, date: Date::NoYear }, end))
}

fn time_of_day(text: &[u8], at: usize) -> Option<(i64, usize)> {
    let (h, m, s) = (two(text, at)?, two(text, at + 3)?, two(text, at + 6)?);
    if h > 23 || m > 59 || s > 60 || text.get(at + 2) != Some(&b':') || text.get(at + 5) != Some(&b':') {
        return None;
    }
    let mut ms = ((h * 60 + m) * 60 + s) * 1000;
    let mut end = at + 8;
    if matches!(text.get(end), Some(b',' | b'.' | b':')) && digit(text, end + 1).is_some() {
        let mut scale = 100;
        let mut i = end + 1;
        while let Some(d) = digit(text, i) {
            ms += d * scale;
            scale /= 10;
            i += 1;
            if i - end > 10 {
                return None;
            }
        }
        end = i;
    }
    Some((ms, end))
}

fn zone(text: &[u8], at: usize) -> (Option<i16>, usize) {
    let (sign_at, sign) = match (text.get(at), text.get(at + 1)) {
        (Some(b'Z'), _) => return (Some(0), at + 1),
        (Some(b'+'), _) => (at, 1),
        (Some(b'-'), _) => (at, -1),
        (Some(b' '), Some(b'+')) => (at + 1, 1),
        (Some(b' '), Some(b'-')) => (at + 1, -1),
        _ => return (None, at),
    };
    let parsed = (|| {
        let hours = two(text, sign_at + 1)?;
        let colon = usize::from(text.get(sign_at + 3) == Some(&b':'));
        let minutes = two(text, sign_at + 3 + colon)?;
        let end = sign_at + 5 + colon;
        let ends = !text.get(end).is_some_and(|b| b.is_ascii_alphanumeric());
        (hours <= 18 && minutes < 60 && ends).then(|| (Some((sign * (hours * 60 + minutes)) as i16), end))
    })();
    parsed.unwrap_or((None, at))
}

/// Reads `yyyy-MM-dd HH:mm:ss,SSS` lines fast: while the day stays the same only the time of day is read.
#[derive(Debug, Clone, Default)]
pub struct DayClock {
    day: Option<[u8; 11]>,
    base: i64,
}

impl DayClock {
    /// The stamp in `line[..23]`, or `None` where the shape is another one.
    #[inline]
    pub fn read(&mut self, line: &[u8]) -> Option<i64> {
        let stamp: &[u8; 23] = line.first_chunk()?;
        let (hours, minutes, seconds) = clock_time(stamp[11..19].try_into().ok()?)?;
        let millis = millis(stamp[19..].try_into().ok()?)?;
        if hours > 23 || minutes > 59 || seconds > 60 {
            return None;
        }
        let of_day = i64::from(((hours * 60 + minutes) * 60 + seconds) * 1000 + millis);
        let day = stamp.first_chunk::<11>()?;
        if self.day.as_ref() != Some(day) {
            if stamp[4] != b'-' || stamp[7] != b'-' || stamp[10] != b' ' {
                return None;
            }
            let (parsed, used) = parse(stamp)?;
            if used != 23 {
                return None;
            }
            self.day = Some(*day);
            // A leap second belongs to the day that it is written with.
            self.base = parsed.ms - of_day;
        }
        Some(self.base + of_day)
    }
}

/// Hours, minutes and seconds of `HH:mm:ss`, read as one number of eight bytes.
#[inline]
fn clock_time(text: &[u8; 8]) -> Option<(u32, u32, u32)> {
    const ZERO: u64 = u64::from_le_bytes(*b"00:00:00");
    const SIX: u64 = u64::from_le_bytes([6, 6, 0, 6, 6, 0, 6, 6]);
    // What is too much: for a digit its upper half, also with six added; for a colon anything.
    const BAD: u64 = u64::from_le_bytes([0xf0, 0xf0, 0xff, 0xf0, 0xf0, 0xff, 0xf0, 0xf0]);
    let digits = u64::from_le_bytes(*text) ^ ZERO;
    if (digits | digits.wrapping_add(SIX)) & BAD != 0 {
        return None;
    }
    let pairs = digits * 10 + (digits >> 8);
    Some((pairs as u32 & 0xff, (pairs >> 24) as u32 & 0xff, (pairs >> 48) as u32 & 0xff))
}

/// The number of `,SSS` or `.SSS`.
#[inline]
fn millis(text: &[u8; 4]) -> Option<u32> {
    let digits = u32::from_le_bytes(*text) >> 8 ^ 0x30_3030;
    if !matches!(text[0], b',' | b'.') || (digits | (digits + 0x06_0606)) & 0xf0_f0f0 != 0 {
        return None;
    }
    Some((digits & 0xff) * 100 + (digits >> 8 & 0xff) * 10 + (digits >> 16))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(text: &str) -> i64 {
        parse(text.as_bytes()).unwrap().0.ms
    }

    #[test]
    fn reads_the_shapes_of_the_field() {
        let want = 1_795_253_521_212;
        assert_eq!(ms("2026-11-21 09:32:01,212 INFO"), want);
        assert_eq!(ms("2026-11-21T09:32:01.212Z"), want);
        assert_eq!(ms("2026-11-21T17:32:01.212+08:00"), want);
        assert_eq!(ms("2026-11-21 17:32:01,212 +0800 INFO"), want);
        assert_eq!(ms("2026-11-21T09:32:01.212345678Z stdout F"), want);
        assert_eq!(ms("2026/11/21 09:32:01.212"), want);
        assert_eq!(ms("26/11/21 09:32:01 INFO"), want - 212);
        let (stamp, used) = parse(b"17:31:59,618 INFO").unwrap();
        assert_eq!((stamp.ms, stamp.date, used), (63_119_618, Date::None, 12));
        assert_eq!(parse(b"Nov 21 09:32:01 host").unwrap().0.date, Date::NoYear);
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in ["2026-13-21 09:32:01", "2026-11-21", "99:99:99", "1.807: [GC", "2026-11-21 9:32:01", "", "Novel 21", "12:34"] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn the_day_clock_agrees_with_the_parser() {
        let mut clock = DayClock::default();
        for text in ["2026-11-21 09:32:01,212 x", "2026-11-21 09:32:59.999 x", "2026-11-21 09:33:00,000 x", "2024-02-29 23:59:59,001 x"] {
            assert_eq!(clock.read(text.as_bytes()), Some(ms(text)), "{text}");
        }
        assert_eq!(clock.read(b"2024-02-29 23:59:5x,001 x"), None);
        // What it remembers changes nothing, also of times that no clock shows.
        for text in ["2016-12-31 23:59:60,500 x", "2016-12-31 23:59:68,500 x", "2016-12-31 23:59:01,500 x"] {
            assert_eq!(clock.read(text.as_bytes()), parse(text.as_bytes()).map(|(stamp, _)| stamp.ms), "{text}");
            assert_eq!(clock.read(text.as_bytes()), DayClock::default().read(text.as_bytes()), "{text}");
        }
        for text in
            ["2024-02-29 23:59:61,001 x", "2024-02-29 24:00:00,000 x", "2024-02-29 10:60:00,000 x", "2024-02-30 10:00:00,000", "2024-13-01 10:00:00,000"]
        {
            assert_eq!(clock.read(text.as_bytes()), parse(text.as_bytes()).map(|(stamp, _)| stamp.ms), "{text}");
        }
        assert_eq!(clock.read(b"2026-11-21T09:32:01.212Z padding"), None);
        // Whatever stands in place of any byte.
        let mut text = *b"2024-02-29 23:59:59,001";
        for at in 0..text.len() {
            for byte in 0..=255 {
                let before = std::mem::replace(&mut text[at], byte);
                let shaped = text[10] == b' ' && text[4] == b'-' && text[19] != b':' && text[20..].iter().all(u8::is_ascii_digit);
                let whole = parse(&text).filter(|(_, used)| *used == text.len() && shaped);
                assert_eq!(clock.read(&text), whole.map(|(stamp, _)| stamp.ms), "{}", String::from_utf8_lossy(&text));
                text[at] = before;
            }
        }
    }
}
