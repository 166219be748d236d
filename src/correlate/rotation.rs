//! Rotation sets: files that one appender wrote one after another. Grouped by name, ordered by time: numbering runs either way.

use std::collections::BTreeMap;

use crate::scan::ScannedSource;

/// A source's place in its set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    pub set: usize,
    /// Position in time order.
    pub rank: usize,
    /// The newest member, where the set has several.
    pub newest: Option<usize>,
}

/// Finds the sets.
pub fn sets(sources: &[ScannedSource]) -> Vec<Member> {
    let mut groups: BTreeMap<(String, Option<&str>, String, &str), Vec<usize>> = BTreeMap::new();
    for (i, source) in sources.iter().enumerate() {
        let name = source.named.log_type.as_deref().unwrap_or(&source.path);
        let (stem, _) = stem(name);
        // Logs of one container may lie on several nodes' lists, but a name without container is one file per folder.
        let owner = if source.named.log_type.is_some() { source.path.clone() } else { String::new() };
        groups.entry((owner, source.named.container.as_deref(), stem, source.sniffed.role)).or_default().push(i);
    }
    let mut out = vec![Member { set: 0, rank: 0, newest: None }; sources.len()];
    for (set, (_, mut members)) in groups.into_iter().enumerate() {
        members.sort_by_key(|i| {
            let source = &sources[*i];
            let digest = &source.digest;
            let (_, number) = stem(source.named.log_type.as_deref().unwrap_or(&source.path));
            // Without times the usual numbering decides: the higher the older, none the newest.
            (digest.first.is_some(), digest.first.map(|s| s.ms), digest.last.map(|s| s.ms), std::cmp::Reverse(number), *i)
        });
        let newest = (members.len() > 1).then(|| members[members.len() - 1]);
        for (rank, i) in members.into_iter().enumerate() {
            out[i] = Member { set, rank, newest };
        }
    }
    out
}

/// A file's name without rotation and compression suffixes, and its number (0 where it has none).
fn stem(name: &str) -> (String, u64) {
    let mut rest = name;
    for suffix in [".gz", ".zst", ".bz2", ".xz", ".lz4", ".current"] {
        rest = rest.strip_suffix(suffix).unwrap_or(rest);
    }
    let Some((head, tail)) = rest.rsplit_once('.') else { return (rest.to_owned(), 0) };
    let numbered = !tail.is_empty() && tail.len() <= 6 && tail.bytes().all(|b| b.is_ascii_digit());
    if numbered {
        return (head.strip_suffix(".current").unwrap_or(head).to_owned(), tail.parse().unwrap_or(0));
    }
    // `.log.2026-11-21`, `.log.2026-11-21-07`, `.log.2026-11-21.3`
    let dated = tail.len() >= 8 && tail.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'-' | b'_')) && tail.starts_with("20");
    if dated {
        return (head.to_owned(), 0);
    }
    (rest.to_owned(), 0)
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
            ("gc.log.0.current", "gc.log"),
            ("a-1.2.log", "a-1.2.log"),
        ] {
            assert_eq!(stem(name).0, want, "{name}");
        }
    }
}
