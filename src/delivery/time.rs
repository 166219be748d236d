//! RFC 3339 to epoch milliseconds and back. In: bytes; out: numbers. Knows no zone but the offset that is written.

/// Days since 1970-01-01 of a civil date (proleptic Gregorian).
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let y = if month <= 2 { year - 1 } else { year };
    let era = y.div_euclid(400);
    let yoe = y.rem_euclid(400);
    let doy = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + yoe * 365 + yoe / 4 - yoe / 100 + doy - 719_468
}

pub(crate) fn digits(bytes: &[u8]) -> Option<i64> {
    if bytes.is_empty() || bytes.len() > 18 {
        return None;
    }
    bytes.iter().try_fold(0i64, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
}

/// A parsed time at the start of a text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp {
    /// Epoch milliseconds, UTC.
    pub millis: i64,
    /// Bytes that the time takes.
    pub len: usize,
    /// Digits of the fraction of a second.
    pub fraction: usize,
}

/// `2026-11-21T09:20:37[.fraction](Z|±hh:mm|±hhmm)` at the start of `text`.
pub(crate) fn rfc3339(text: &[u8]) -> Option<Stamp> {
    let part = |from: usize, to: usize| text.get(from..to).and_then(digits);
    let (year, month, day) = (part(0, 4)?, part(5, 7)?, part(8, 10)?);
    let (hour, minute, second) = (part(11, 13)?, part(14, 16)?, part(17, 19)?);
    if text[4] != b'-' || text[7] != b'-' || !matches!(text[10], b'T' | b't') || text[13] != b':' || text[16] != b':' {
        return None;
    }
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut at = 19;
    let (mut fraction, mut millis) = (0, 0);
    if matches!(text.get(at), Some(b'.' | b',')) {
        at += 1;
        while let Some(b) = text.get(at).filter(|b| b.is_ascii_digit()) {
            if fraction < 3 {
                millis = millis * 10 + i64::from(b - b'0');
            }
            fraction += 1;
            at += 1;
            if fraction > 12 {
                return None;
            }
        }
        if fraction == 0 {
            return None;
        }
        for _ in fraction..3 {
            millis *= 10;
        }
    }
    let offset = match text.get(at)? {
        b'Z' | b'z' => {
            at += 1;
            0
        }
        sign @ (b'+' | b'-') => {
            let hours = part(at + 1, at + 3)?;
            let colon = usize::from(text.get(at + 3) == Some(&b':'));
            let minutes = part(at + 3 + colon, at + 5 + colon)?;
            at += 5 + colon;
            (hours * 60 + minutes) * if *sign == b'-' { -1 } else { 1 }
        }
        _ => return None,
    };
    let seconds = days_from_civil(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second - offset * 60;
    Some(Stamp { millis: seconds * 1000 + millis, len: at, fraction })
}

/// Epoch milliseconds of a civil time at an offset of minutes east of UTC.
pub(crate) fn millis_of(date: (i64, i64, i64), clock: (i64, i64, i64), offset_minutes: i64) -> i64 {
    let seconds = days_from_civil(date.0, date.1, date.2) * 86_400 + clock.0 * 3600 + clock.1 * 60 + clock.2;
    (seconds - offset_minutes * 60) * 1000
}

/// `Jan` … `Dec` to 1 … 12.
pub(crate) fn month(name: &[u8]) -> Option<i64> {
    const NAMES: &[u8; 36] = b"JanFebMarAprMayJunJulAugSepOctNovDec";
    NAMES.chunks(3).position(|m| m == name).map(|m| m as i64 + 1)
}

/// Epoch milliseconds as `2026-11-21T09:20:37.689Z`; `None` outside the years 0 to 9999.
pub(crate) fn format_utc(millis: i64) -> Option<String> {
    let (days, rest) = (millis.div_euclid(86_400_000), millis.rem_euclid(86_400_000));
    let z = days + 719_468;
    let (era, doe) = (z.div_euclid(146_097), z.rem_euclid(146_097));
    let yoe = (doe - doe / 1460 + doe / 36_524 - doe / 146_096) / 365;
    let doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    let mp = (5 * doy + 2) / 153;
    let (day, month) = (doy - (153 * mp + 2) / 5 + 1, if mp < 10 { mp + 3 } else { mp - 9 });
    let year = yoe + era * 400 + i64::from(month <= 2);
    if !(0..=9999).contains(&year) {
        return None;
    }
    let (s, ms) = (rest / 1000, rest % 1000);
    Some(format!("{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{ms:03}Z", s / 3600, s / 60 % 60, s % 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_go_both_ways() {
        for text in ["2026-11-21T09:20:37.689Z", "1970-01-01T00:00:00.000Z", "2000-02-29T23:59:59.001Z", "1969-12-31T23:59:59.999Z"] {
            let stamp = rfc3339(text.as_bytes()).unwrap();
            assert_eq!(format_utc(stamp.millis).unwrap(), text);
            assert_eq!(stamp.len, text.len());
        }
        assert_eq!(rfc3339(b"1970-01-01T08:00:00+08:00").unwrap().millis, 0);
        assert_eq!(rfc3339(b"1969-12-31T23:30:00.5-0030 x").unwrap(), Stamp { millis: 500, len: 26, fraction: 1 });
    }

    #[test]
    fn what_is_no_time() {
        for text in ["", "2026-11-21T09:20:37", "2026-11-21 09:20:37Z", "2026-13-21T09:20:37Z", "2026-11-21T09:20:37.Z", "2026-11-21T09:20:37+08"] {
            assert_eq!(rfc3339(text.as_bytes()), None, "{text}");
        }
        assert_eq!(format_utc(i64::MAX), None);
        assert_eq!(format_utc(i64::MIN), None);
    }
}
