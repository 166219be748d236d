//! Did you mean …? The nearest of known names.

/// The name that is most like `wanted`, if any is like it at all.
pub fn nearest<'n>(wanted: &str, names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let wanted = wanted.to_ascii_lowercase();
    let like = |name: &str| {
        let name = name.to_ascii_lowercase();
        let part = wanted.len() >= 3 && name.contains(&wanted);
        strsim::jaro_winkler(&wanted, &name).max(strsim::normalized_damerau_levenshtein(&wanted, &name)).max(if part { 0.9 } else { 0.0 })
    };
    let best = names.map(|name| (like(name), name)).fold(None, |best: Option<(f64, &str)>, next| match best {
        Some(known) if known.0 >= next.0 => Some(known),
        _ => Some(next),
    });
    best.filter(|(score, _)| *score >= 0.8).map(|(_, name)| name)
}

/// ` (did you mean `x`?)`
pub fn hint(near: Option<&str>) -> String {
    near.map(|name| format!(" (did you mean `{name}`?)")).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn near_and_far() {
        let names = ["checkpoint-expired", "npe", "heap-oom"];
        assert_eq!(nearest("checkpoint-expird", names.into_iter()), Some("checkpoint-expired"));
        assert_eq!(nearest("expired", names.into_iter()), Some("checkpoint-expired"));
        assert_eq!(nearest("zebra", names.into_iter()), None);
    }
}
