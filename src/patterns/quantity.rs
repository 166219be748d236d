//! Values of Flink options: durations, memory sizes, plain numbers.
//!
//! In: the text of a value (`org.apache.flink.util.TimeUtils`, `org.apache.flink.configuration.MemorySize`). Out: milliseconds, bytes or the number.

use serde::{Deserialize, Serialize};

/// What kind of value a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    /// Milliseconds; a bare number already is.
    Duration,
    /// Bytes; a bare number already is.
    Bytes,
    Number,
}

/// Reads a value; `None` where it is not of that kind.
pub fn quantity(text: &str, unit: Unit) -> Option<f64> {
    let text = text.trim();
    let end = text.bytes().position(|b| !(b.is_ascii_digit() || b == b'.')).unwrap_or(text.len());
    let (number, label) = text.split_at_checked(end)?;
    let number: f64 = number.parse().ok()?;
    let label = label.trim().to_ascii_lowercase();
    let factor = match unit {
        Unit::Number if label.is_empty() => 1.0,
        Unit::Number => return None,
        Unit::Duration => match label.as_str() {
            "" | "ms" | "milli" | "millis" | "millisecond" | "milliseconds" => 1.0,
            "ns" | "nano" | "nanos" | "nanosecond" | "nanoseconds" => 1e-6,
            "µs" | "us" | "micro" | "micros" | "microsecond" | "microseconds" => 1e-3,
            "s" | "sec" | "secs" | "second" | "seconds" => 1e3,
            "m" | "min" | "minute" | "minutes" => 60e3,
            "h" | "hour" | "hours" => 3_600e3,
            "d" | "day" | "days" => 86_400e3,
            _ => return None,
        },
        Unit::Bytes => match label.as_str() {
            "" | "b" | "bytes" => 1.0,
            "k" | "kb" | "kibibytes" => 1024.0,
            "m" | "mb" | "mebibytes" => 1048576.0,
            "g" | "gb" | "gibibytes" => 1073741824.0,
            "t" | "tb" | "tebibytes" => 1099511627776.0,
            _ => return None,
        },
    };
    Some(number * factor)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_flink_reads() {
        assert_eq!(quantity("10 min", Unit::Duration), Some(600_000.0));
        assert_eq!(quantity("50000", Unit::Duration), Some(50_000.0));
        assert_eq!(quantity("1h", Unit::Duration), Some(3_600_000.0));
        assert_eq!(quantity("512m", Unit::Bytes), Some(536_870_912.0));
        assert_eq!(quantity("1 gb", Unit::Bytes), Some(1_073_741_824.0));
        assert_eq!(quantity("0", Unit::Number), Some(0.0));
    }

    #[test]
    fn refuses_what_is_none() {
        for text in ["", "min", "10 apples", "1.2.3 s", "é", "-1"] {
            assert_eq!(quantity(text, Unit::Duration), None, "{text}");
        }
        assert_eq!(quantity("10 s", Unit::Number), None);
    }
}
