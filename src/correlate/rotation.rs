//! Rotation sets: files that one appender wrote one after another. Grouped by name, ordered by time: numbering runs either way.

use std::collections::BTreeMap;

use crate::input::rotation::stem;
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
    let mut groups: BTreeMap<(String, Option<&str>, &str, &str), Vec<usize>> = BTreeMap::new();
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
