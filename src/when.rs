//! Times as users give them: `--since`, `--until`, `--tz`. In: text. Out: a time that is settled once the zone of the logs is known.
//!
//! Follows `journalctl`: relative times count back from now, dates without a zone are in the zone of the logs. A bare time of day means the last such time
//! before the logs end, so that it also works on logs of last week; `end-2h` counts back from the last line.

use std::str::FromStr;

use chrono::{DateTime, FixedOffset, Local, NaiveDate, NaiveDateTime, NaiveTime, Offset, TimeZone, Utc};
use jiff::tz::{AmbiguousOffset, TimeZoneDatabase};

/// A point in time, not settled yet.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum When {
    /// Epoch milliseconds.
    Instant(i64),
    /// Milliseconds of a wall clock in the zone of the logs.
    Wall(i64),
    /// Before now.
    Ago(i64),
    /// Midnight so many days before today.
    Midnight(i64),
    /// Milliseconds since midnight.
    TimeOfDay(i64),
    /// Before the last line.
    BeforeEnd(i64),
}

/// What a [`When`] is settled with.
#[derive(Debug, Clone, Copy)]
pub struct Reference {
    /// Epoch milliseconds.
    pub now: i64,
    /// The last time of the logs, epoch milliseconds.
    pub end: Option<i64>,
    /// Zone of the logs.
    pub zone: Zone,
}

const DAY: i64 = 86_400_000;

impl When {
    /// Epoch milliseconds.
    pub fn settle(self, reference: Reference) -> i64 {
        let Reference { now, end, zone } = reference;
        let end = end.unwrap_or(now);
        match self {
            When::Instant(ms) => ms,
            When::Wall(ms) => zone.to_utc(ms),
            When::Ago(ms) => now.saturating_sub(ms),
            When::Midnight(days) => zone.to_utc((zone.to_wall(now).div_euclid(DAY) - days) * DAY),
            When::TimeOfDay(ms) => {
                let last = zone.to_wall(end).div_euclid(DAY) * DAY + ms;
                let utc = zone.to_utc(last);
                if utc > end { zone.to_utc(last - DAY) } else { utc }
            }
            When::BeforeEnd(ms) => end.saturating_sub(ms),
        }
    }
}

impl FromStr for When {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let text = text.trim();
        let lower = text.to_ascii_lowercase();
        match lower.as_str() {
            "now" => return Ok(When::Ago(0)),
            "today" => return Ok(When::Midnight(0)),
            "yesterday" => return Ok(When::Midnight(1)),
            "tomorrow" => return Ok(When::Midnight(-1)),
            "end" => return Ok(When::BeforeEnd(0)),
            _ => {}
        }
        if let Some(back) = lower.strip_prefix("end-").and_then(duration) {
            return Ok(When::BeforeEnd(back));
        }
        if let Some(epoch) = lower.strip_prefix('@').and_then(|n| n.parse::<i64>().ok()) {
            // Seconds as `journalctl` and `date` have them; 13 digits are milliseconds.
            return Ok(When::Instant(if epoch.abs() >= 100_000_000_000 { epoch } else { epoch * 1000 }));
        }
        if let Some(ahead) = lower.strip_prefix('+').and_then(duration) {
            return Ok(When::Ago(-ahead));
        }
        let back = lower.strip_prefix('-').unwrap_or(&lower);
        if let Some(ms) = duration(back.strip_suffix("ago").unwrap_or(back).trim()) {
            return Ok(When::Ago(ms));
        }
        absolute(text).ok_or_else(|| {
            format!("`{text}` is no time; write `2026-11-21T09:20:37Z`, `2026-11-21 09:20`, `09:20`, `2h` or `-30m` (before now), `end-10m` (before the last line), `yesterday`")
        })
    }
}

fn absolute(text: &str) -> Option<When> {
    if let Ok(time) = DateTime::parse_from_rfc3339(text).or_else(|_| DateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f%:z")) {
        return Some(When::Instant(time.timestamp_millis()));
    }
    // Log4j writes a comma before the milliseconds.
    let plain = text.replace(',', ".").replacen('T', " ", 1);
    if let Some(utc) = plain.strip_suffix('Z').and_then(naive) {
        return Some(When::Instant(utc.and_utc().timestamp_millis()));
    }
    if let Some(wall) = naive(&plain) {
        return Some(When::Wall(wall.and_utc().timestamp_millis()));
    }
    let time = ["%H:%M:%S%.f", "%H:%M"].iter().find_map(|format| NaiveTime::parse_from_str(&plain, format).ok())?;
    Some(When::TimeOfDay((time - NaiveTime::MIN).num_milliseconds()))
}

fn naive(text: &str) -> Option<NaiveDateTime> {
    let formats = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M:%S%.f"];
    formats
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))
}

/// `90s`, `2h`, `1h30m`, `1.5h`, `3 days`: milliseconds.
pub fn duration(text: &str) -> Option<i64> {
    let mut rest = text.trim();
    if rest.is_empty() {
        return None;
    }
    let mut total = 0.0f64;
    while !rest.is_empty() {
        let number = rest.find(|c: char| !c.is_ascii_digit() && c != '.').filter(|n| *n > 0)?;
        let value: f64 = rest[..number].parse().ok()?;
        rest = rest[number..].trim_start();
        let unit = rest.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(rest.len());
        let factor = match &rest[..unit] {
            "ms" => 1.0,
            "s" | "sec" | "secs" | "second" | "seconds" => 1_000.0,
            "m" | "min" | "mins" | "minute" | "minutes" => 60_000.0,
            "h" | "hr" | "hour" | "hours" => 3_600_000.0,
            "d" | "day" | "days" => DAY as f64,
            "w" | "week" | "weeks" => 7.0 * DAY as f64,
            _ => return None,
        };
        total += value * factor;
        rest = rest[unit..].trim_start();
    }
    // A hundred thousand years are more than any log spans.
    (total.is_finite() && total < 3e15).then_some(total as i64)
}

/// A time zone for logs that state none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Zone {
    Fixed(FixedOffset),
    Local,
    /// Made once per `--tz`.
    Named(&'static jiff::tz::TimeZone),
}

impl Zone {
    /// The zone that is always `minutes` east of UTC.
    pub fn of_minutes(minutes: i32) -> Zone {
        Zone::Fixed(FixedOffset::east_opt(minutes.saturating_mul(60)).unwrap_or_else(|| Utc.fix()))
    }

    /// Its offset in minutes at a wall clock time of the logs (epoch milliseconds as if it were UTC). In the hour that comes twice when clocks go back, the
    /// first is meant; in the hour that they skip, the offset after it.
    pub fn minutes_at_wall(self, wall_ms: i64) -> i32 {
        let Some(wall) = DateTime::from_timestamp_millis(wall_ms).map(|time| time.naive_utc()) else { return 0 };
        let later = wall + chrono::TimeDelta::hours(1);
        let seconds = match self {
            Zone::Fixed(offset) => offset.local_minus_utc(),
            Zone::Local => offset_of(&Local, &wall).or_else(|| offset_of(&Local, &later)).unwrap_or(0),
            Zone::Named(zone) => {
                let Ok(shown) = jiff::Timestamp::from_millisecond(wall_ms) else { return 0 };
                match zone.to_ambiguous_timestamp(jiff::tz::Offset::UTC.to_datetime(shown)).offset() {
                    AmbiguousOffset::Unambiguous { offset } | AmbiguousOffset::Fold { before: offset, .. } | AmbiguousOffset::Gap { after: offset, .. } => {
                        offset.seconds()
                    }
                }
            }
        };
        seconds / 60
    }

    /// Its offset in minutes at a time (epoch milliseconds).
    pub fn minutes_at(self, utc_ms: i64) -> i32 {
        let Some(time) = DateTime::from_timestamp_millis(utc_ms).map(|time| time.naive_utc()) else { return 0 };
        let seconds = match self {
            Zone::Fixed(offset) => offset.local_minus_utc(),
            Zone::Local => Local.offset_from_utc_datetime(&time).fix().local_minus_utc(),
            Zone::Named(zone) => jiff::Timestamp::from_millisecond(utc_ms).map_or(0, |time| zone.to_offset(time).seconds()),
        };
        seconds / 60
    }

    /// Epoch milliseconds of a wall clock time.
    pub fn to_utc(self, wall_ms: i64) -> i64 {
        wall_ms.saturating_sub(i64::from(self.minutes_at_wall(wall_ms)) * 60_000)
    }

    fn to_wall(self, utc_ms: i64) -> i64 {
        utc_ms.saturating_add(i64::from(self.minutes_at(utc_ms)) * 60_000)
    }
}

fn offset_of(zone: &impl TimeZone, wall: &NaiveDateTime) -> Option<i32> {
    zone.offset_from_local_datetime(wall).earliest().map(|offset| offset.fix().local_minus_utc())
}

impl FromStr for Zone {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let lower = text.trim().to_ascii_lowercase();
        if lower == "local" {
            return Ok(Zone::Local);
        }
        if matches!(lower.as_str(), "utc" | "z" | "gmt") {
            return Ok(Zone::Fixed(Utc.fix()));
        }
        if let Some(offset) = offset(lower.strip_prefix("utc").or_else(|| lower.strip_prefix("gmt")).unwrap_or(&lower)) {
            return Ok(Zone::Fixed(offset));
        }
        let known = TimeZoneDatabase::bundled();
        known.get(text.trim()).map(|zone| Zone::Named(Box::leak(Box::new(zone)))).map_err(|_| {
            let names: Vec<String> = known.available().map(|name| name.as_str().to_owned()).collect();
            let near = crate::suggest::nearest(text, names.iter().map(String::as_str));
            format!("`{text}` is no time zone; write an offset (`+08:00`), `UTC`, `local` or a name (`Europe/Berlin`){}", crate::suggest::hint(near))
        })
    }
}

/// `+08:00`, `+0800`, `-3`.
fn offset(text: &str) -> Option<FixedOffset> {
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = text[1..].chars().filter(|c| *c != ':').collect();
    if digits.is_empty() || !digits.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (hours, minutes): (i32, i32) = match digits.len() {
        1 | 2 => (digits.parse().ok()?, 0),
        4 => (digits[..2].parse().ok()?, digits[2..].parse().ok()?),
        _ => return None,
    };
    if hours > 18 || minutes > 59 {
        return None;
    }
    FixedOffset::east_opt(sign * (hours * 3600 + minutes * 60))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settled(text: &str) -> String {
        // 2026-11-21 12:00 UTC, logs of +08:00 that end at 10:30 UTC (18:30 there).
        let reference = Reference { now: 1_795_262_400_000, end: Some(1_795_257_000_000), zone: "Asia/Shanghai".parse().expect("a zone") };
        let ms = text.parse::<When>().unwrap_or_else(|e| panic!("{e}")).settle(reference);
        DateTime::from_timestamp_millis(ms).unwrap().to_rfc3339_opts(chrono::SecondsFormat::Millis, true)
    }

    #[test]
    fn absolute_times_are_in_the_zone_of_the_logs_unless_they_state_one() {
        for (text, want) in [
            ("2026-11-21T09:20:37.689Z", "2026-11-21T09:20:37.689Z"),
            ("2026-11-21T09:20:37+08:00", "2026-11-21T01:20:37.000Z"),
            ("2026-11-21 09:20:37,689", "2026-11-21T01:20:37.689Z"),
            ("2026-11-21 09:20", "2026-11-21T01:20:00.000Z"),
            ("2026-11-21", "2026-11-20T16:00:00.000Z"),
            ("@1795262400", "2026-11-21T12:00:00.000Z"),
        ] {
            assert_eq!(settled(text), want, "{text}");
        }
    }

    #[test]
    fn relative_times() {
        for (text, want) in [
            ("2h", "2026-11-21T10:00:00.000Z"),
            ("-30m", "2026-11-21T11:30:00.000Z"),
            ("1h30m ago", "2026-11-21T10:30:00.000Z"),
            ("+1h", "2026-11-21T13:00:00.000Z"),
            ("now", "2026-11-21T12:00:00.000Z"),
            ("today", "2026-11-20T16:00:00.000Z"),
            ("yesterday", "2026-11-19T16:00:00.000Z"),
            ("end-30m", "2026-11-21T10:00:00.000Z"),
        ] {
            assert_eq!(settled(text), want, "{text}");
        }
    }

    #[test]
    fn a_time_of_day_is_the_last_one_before_the_logs_end() {
        assert_eq!(settled("18:00"), "2026-11-21T10:00:00.000Z");
        assert_eq!(settled("19:00"), "2026-11-20T11:00:00.000Z");
    }

    #[test]
    fn nonsense_is_refused_with_examples() {
        for text in ["", "soon", "25:00", "2h3x", "12", "9999999999999999999d", "2026-13-01"] {
            assert!(text.parse::<When>().is_err(), "{text}");
        }
        assert!("soon".parse::<When>().unwrap_err().contains("end-10m"));
    }

    #[test]
    fn zones() {
        let minutes = |text: &str| text.parse::<Zone>().map(|zone| zone.minutes_at(1_795_262_400_000));
        for (text, want) in [("+08:00", 480), ("-0330", -210), ("utc", 0), ("UTC+2", 120), ("Asia/Shanghai", 480), ("europe/berlin", 60)] {
            assert_eq!(minutes(text), Ok(want), "{text}");
        }
        assert!(minutes("Europe/Berlim").unwrap_err().contains("Europe/Berlin"));
        assert!(minutes("+25:00").is_err());
    }

    #[test]
    fn a_named_zone_changes_its_offset_with_the_season() {
        let berlin: Zone = "Europe/Berlin".parse().unwrap();
        let wall = |text: &str| naive(text).unwrap().and_utc().timestamp_millis();
        // Clocks go back on 2026-10-25 at 03:00 and forward on 2026-03-29 at 02:00.
        for (shown, minutes) in
            [("2026-10-25 01:59", 120), ("2026-10-25 02:30", 120), ("2026-10-25 03:00", 60), ("2026-03-29 01:59", 60), ("2026-03-29 02:30", 120)]
        {
            assert_eq!(berlin.minutes_at_wall(wall(shown)), minutes, "{shown}");
        }
        for shown in ["2026-10-24 12:00", "2026-10-26 12:00", "2026-03-29 12:00"] {
            assert_eq!(berlin.to_wall(berlin.to_utc(wall(shown))), wall(shown), "{shown}");
        }
        // Midnight before the change, asked for after it.
        let now = wall("2026-10-25 12:00");
        let midnight = When::Midnight(0).settle(Reference { now, end: None, zone: berlin });
        assert_eq!(midnight, wall("2026-10-24 22:00"));
    }
}
