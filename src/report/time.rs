//! Times of the report: RFC 3339 in, the log's own wall clock out.
//!
//! One report is shown on one clock: that of its JobManager, else that of the source with the most records.

use super::model::Report;

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// Milliseconds since 1970 of an RFC 3339 time; `None` where the text is none.
pub fn parse(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let separators = [(4, b'-'), (7, b'-'), (13, b':'), (16, b':')];
    if bytes.len() < 20 || separators.iter().any(|&(at, mark)| bytes[at] != mark) || !matches!(bytes[10], b'T' | b't' | b' ') {
        return None;
    }
    let number = |from: usize, to: usize| -> Option<i64> {
        bytes.get(from..to)?.iter().try_fold(0i64, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let mut at = 19;
    let mut millis = 0;
    if matches!(bytes[at], b'.' | b',') {
        at += 1;
        let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        for place in 0..3 {
            let digit = if place < digits { i64::from(bytes[at + place] - b'0') } else { 0 };
            millis = millis * 10 + digit;
        }
        at += digits;
    }
    let offset = offset_minutes(text.get(at..)?)?;
    let days = days_from_civil(year, month, day);
    Some(days * DAY + (hour * 60 + minute - offset) * MINUTE + second * 1000 + millis)
}

/// Minutes east of UTC of `Z`, `+08:00`, `+0800` or `-05`.
pub fn offset_minutes(text: &str) -> Option<i64> {
    let bytes = text.as_bytes();
    let sign = match bytes.first()? {
        b'Z' | b'z' => return (bytes.len() == 1).then_some(0),
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: Vec<i64> = bytes[1..].iter().filter(|byte| **byte != b':').map(|byte| i64::from(*byte) - 48).collect();
    if digits.iter().any(|digit| !(0..=9).contains(digit)) {
        return None;
    }
    match digits[..] {
        [a, b] => Some(sign * (a * 10 + b) * 60),
        [a, b, c, d] => Some(sign * ((a * 10 + b) * 60 + c * 10 + d)),
        _ => None,
    }
}

/// The wall clock that a report is shown on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Clock {
    minutes: i64,
    offset: String,
    from: String,
    /// Whether everything that is shown falls on one day, so that tables need no date.
    one_day: bool,
}

impl Clock {
    /// The clock of `report`.
    pub fn of(report: &Report) -> Clock {
        let zone = report
            .sources
            .iter()
            .filter(|source| source.first_time.is_some())
            .max_by_key(|source| (source.role == "jobmanager", source.records, std::cmp::Reverse(source.id)))
            .map(|source| &source.time_zone);
        let minutes = zone.and_then(|zone| offset_minutes(&zone.offset)).unwrap_or(0);
        let mut clock = Clock {
            minutes,
            offset: match zone {
                Some(zone) if minutes != 0 => zone.offset.clone(),
                _ => String::new(),
            },
            from: zone.map(|zone| zone.from.clone()).unwrap_or_default(),
            one_day: false,
        };
        let spans = report.sources.iter().flat_map(|source| [&source.first_time, &source.last_time]);
        let mut days = spans.flatten().filter_map(|time| parse(time)).map(|ms| clock.local(ms).div_euclid(DAY));
        if let Some(first) = days.next() {
            clock.one_day = days.all(|day| day == first);
        }
        clock
    }

    /// Minutes east of UTC.
    pub fn offset_minutes(&self) -> i64 {
        self.minutes
    }

    fn local(&self, ms: i64) -> i64 {
        ms.saturating_add(self.minutes * MINUTE)
    }

    /// `UTC+08:00, as in the log`.
    pub fn zone(&self) -> String {
        let from = match self.from.as_str() {
            "option" => "as asked for",
            "assumed" => "assumed: the log names no zone",
            "" => "",
            _ => "as the log shows",
        };
        let comma = if from.is_empty() { "" } else { ", " };
        format!("UTC{}{comma}{from}", self.offset)
    }

    /// `2026-11-21 17:32:04`.
    pub fn full(&self, ms: i64) -> String {
        let local = self.local(ms);
        let (year, month, day) = civil_from_days(local.div_euclid(DAY));
        format!("{year:04}-{month:02}-{day:02} {}", clock_time(local))
    }

    /// The day alone: `2026-11-21`.
    pub fn day(&self, ms: i64) -> String {
        let (year, month, day) = civil_from_days(self.local(ms).div_euclid(DAY));
        format!("{year:04}-{month:02}-{day:02}")
    }

    /// For tables: `17:32:04` where the report covers one day, else `11-21 17:32:04`.
    pub fn short(&self, ms: i64) -> String {
        let local = self.local(ms);
        if self.one_day {
            return clock_time(local);
        }
        let (_, month, day) = civil_from_days(local.div_euclid(DAY));
        format!("{month:02}-{day:02} {}", clock_time(local))
    }

    /// [`Clock::short`] with milliseconds.
    pub fn precise(&self, ms: i64) -> String {
        format!("{}.{:03}", self.short(ms), self.local(ms).rem_euclid(1000))
    }

    /// [`Clock::full`] of a time of the report; `None` for no time or none that can be read.
    pub fn full_of(&self, time: &Option<String>) -> Option<String> {
        time.as_deref().and_then(parse).map(|ms| self.full(ms))
    }

    /// [`Clock::short`] of a time of the report.
    pub fn short_of(&self, time: &Option<String>) -> Option<String> {
        time.as_deref().and_then(parse).map(|ms| self.short(ms))
    }
}

fn clock_time(local: i64) -> String {
    let seconds = local.rem_euclid(DAY) / 1000;
    format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}

/// Days since 1970-01-01 in the proleptic Gregorian calendar, counted from a March-based year so that the leap day comes last.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year - era * 400;
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year - 719_468
}

fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted + 2) / 5 + 1;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock(minutes: i64) -> Clock {
        Clock { minutes, offset: String::new(), from: String::new(), one_day: false }
    }

    #[test]
    fn reads_rfc3339() {
        assert_eq!(parse("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse("2026-11-21T09:32:04.123Z"), Some(1_795_253_524_123));
        assert_eq!(parse("2026-11-21T17:32:04.123+08:00"), Some(1_795_253_524_123));
        assert_eq!(parse("2026-11-21T09:32:04.1234567Z"), Some(1_795_253_524_123));
        assert_eq!(parse("2026-11-21T09:32:04.1Z"), Some(1_795_253_524_100));
    }

    #[test]
    fn refuses_what_is_no_time() {
        for text in
            ["", "2026-11-21", "2026-13-21T09:32:04Z", "2026-11-21T09:32:04", "2026-11-21T09:32:04+8:00x", "aaaa-bb-ccTdd:ee:ffZZZ", "２０２６-11-21T09:32:04Z"]
        {
            assert_eq!(parse(text), None, "{text}");
        }
    }

    #[test]
    fn shows_the_local_clock_over_the_day_border() {
        let ms = parse("2026-12-31T20:00:00.000Z").unwrap();
        assert_eq!(clock(480).full(ms), "2027-01-01 04:00:00");
        assert_eq!(clock(0).full(ms), "2026-12-31 20:00:00");
        assert_eq!(clock(-300).short(ms), "12-31 15:00:00");
    }

    #[test]
    fn leap_days_survive_the_round_trip() {
        for text in ["2024-02-29T23:59:59.000Z", "2000-02-29T00:00:00.000Z", "1969-12-31T23:59:59.000Z", "2100-03-01T12:00:00.000Z"] {
            let ms = parse(text).unwrap();
            assert_eq!(clock(0).full(ms), text[..19].replace('T', " "));
        }
    }
}
