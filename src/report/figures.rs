//! Numbers in words: durations, sizes, counts. Pure functions, no locale.

/// `850 ms`, `5.2 s`, `40 s`, `4 min 5 s`, `1 h 18 min`, `3 d 4 h`.
pub fn duration(ms: u64) -> String {
    let (seconds, minutes) = (ms / 1000, ms / 60_000);
    let pair = |big: u64, unit: &str, small: u64, small_unit: &str| match small {
        0 => format!("{big} {unit}"),
        _ => format!("{big} {unit} {small} {small_unit}"),
    };
    match ms {
        0..1000 => format!("{ms} ms"),
        1000..10_000 => match ms % 1000 / 100 {
            0 => format!("{seconds} s"),
            tenth => format!("{seconds}.{tenth} s"),
        },
        10_000..60_000 => format!("{seconds} s"),
        60_000..3_600_000 => pair(minutes, "min", seconds % 60, "s"),
        3_600_000..86_400_000 => pair(minutes / 60, "h", minutes % 60, "min"),
        _ => pair(minutes / 1440, "d", minutes / 60 % 24, "h"),
    }
}

/// [`duration`] of a fractional number of milliseconds; below 10 ms with one digit, below 1 ms with as many as it takes.
pub fn duration_f(ms: f64) -> String {
    if !ms.is_finite() || ms < 0.0 {
        return "?".to_owned();
    }
    if ms > 0.0 && ms < 0.95 {
        return if ms < 0.095 { format!("{ms:.3} ms") } else { format!("{ms:.2} ms") };
    }
    if ms < 10.0 && ms.fract() > 0.049 { format!("{ms:.1} ms") } else { duration(ms.round() as u64) }
}

/// `12.3 MiB`.
pub fn bytes(n: u64) -> String {
    const UNITS: [&str; 5] = ["KiB", "MiB", "GiB", "TiB", "PiB"];
    if n < 1024 {
        return format!("{n} B");
    }
    let mut value = n as f64 / 1024.0;
    let mut unit = 0;
    while value >= 999.5 && unit + 1 < UNITS.len() {
        value /= 1024.0;
        unit += 1;
    }
    if value < 9.95 { format!("{value:.1} {}", UNITS[unit]) } else { format!("{value:.0} {}", UNITS[unit]) }
}

/// `12,345`.
pub fn count(n: u64) -> String {
    let digits = n.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `1 attempt`, `2 attempts`.
pub fn plural(n: u64, one: &str) -> String {
    let number = count(n);
    match n {
        1 => format!("{number} {one}"),
        _ if one.ends_with('y') => format!("{number} {}ies", &one[..one.len() - 1]),
        _ => format!("{number} {one}s"),
    }
}

/// A share from 0 to 1 as `99.8 %`; never rounds up to 100 or down to 0.
pub fn percent(share: f64) -> String {
    if !share.is_finite() {
        return "?".to_owned();
    }
    let share = share * 100.0;
    if share > 99.9 && share < 100.0 {
        "99.9 %".to_owned()
    } else if share < 0.1 && share > 0.0 {
        "< 0.1 %".to_owned()
    } else {
        format!("{share:.1} %")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_keep_two_units() {
        let cases = [
            (0, "0 ms"),
            (999, "999 ms"),
            (5_230, "5.2 s"),
            (40_000, "40 s"),
            (245_000, "4 min 5 s"),
            (240_000, "4 min"),
            (4_680_000, "1 h 18 min"),
            (273_600_000, "3 d 4 h"),
        ];
        for (ms, text) in cases {
            assert_eq!(duration(ms), text);
        }
        assert_eq!(duration_f(3.25), "3.2 ms");
        assert_eq!((duration_f(0.5), duration_f(0.02), duration_f(0.0)), ("0.50 ms".to_owned(), "0.020 ms".to_owned(), "0 ms".to_owned()));
        assert_eq!(duration_f(f64::NAN), "?");
    }

    #[test]
    fn sizes_and_counts() {
        assert_eq!(bytes(1023), "1023 B");
        assert_eq!(bytes(12_900_000), "12 MiB");
        assert_eq!(bytes(1_048_575), "1.0 MiB");
        assert_eq!(bytes(u64::MAX), "16384 PiB");
        assert_eq!(count(1_234_567), "1,234,567");
        assert_eq!(count(12), "12");
        assert_eq!(plural(1, "entry"), "1 entry");
        assert_eq!(plural(3, "entry"), "3 entries");
    }

    #[test]
    fn shares_do_not_lie_at_the_ends() {
        assert_eq!(percent(0.9999), "99.9 %");
        assert_eq!(percent(1.0), "100.0 %");
        assert_eq!(percent(0.0001), "< 0.1 %");
    }
}
