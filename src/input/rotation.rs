//! Names of rotated files: which ones one appender wrote one after another.

/// A file's name without rotation and compression suffixes, and its number (0 where it has none).
pub fn stem(name: &str) -> (&str, u64) {
    let mut rest = name;
    for suffix in [".gz", ".zst", ".bz2", ".xz", ".lz4", ".current"] {
        rest = rest.strip_suffix(suffix).unwrap_or(rest);
    }
    let Some((head, tail)) = rest.rsplit_once('.') else { return (rest, 0) };
    let numbered = !tail.is_empty() && tail.len() <= 6 && tail.bytes().all(|b| b.is_ascii_digit());
    if numbered {
        let head = head.strip_suffix(".current").unwrap_or(head);
        let bare = without_date(head);
        // With minutes it is when a JVM began (`gc.log.%t`), which numbers its own files.
        let begun = head.len() - bare.len() > ".2026-11-21-07".len();
        return (if begun { head } else { bare }, tail.parse().unwrap_or(0));
    }
    (without_date(rest), 0)
}

/// A name without a date behind its last dot: `.log.2026-11-21`, `.log.2026-11-21-07`, and what is left of `.log.2026-11-21.3`.
fn without_date(name: &str) -> &str {
    let dated = |tail: &str| tail.len() >= 8 && tail.starts_with("20") && tail.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'_'));
    name.rsplit_once('.').filter(|(_, tail)| dated(tail)).map_or(name, |(head, _)| head)
}

#[cfg(test)]
mod tests {
    use super::stem;

    #[test]
    fn suffixes_of_rotation() {
        for (name, want) in [
            ("a.log", "a.log"),
            ("a.log.1", "a.log"),
            ("a.log.12.gz", "a.log"),
            ("a.log.2026-11-21", "a.log"),
            ("a.log.2026-11-21-07", "a.log"),
            ("a.log.2026-11-21.3.gz", "a.log"),
            ("gc.log.0.current", "gc.log"),
            ("gc.log.2026-11-21_10-49-48.0", "gc.log.2026-11-21_10-49-48"),
            ("a-1.2.log", "a-1.2.log"),
        ] {
            assert_eq!(stem(name).0, want, "{name}");
        }
    }
}
