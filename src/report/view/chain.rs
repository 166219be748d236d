//! The way from a root cause to what it brought about.

use std::collections::{BTreeMap, BTreeSet};

use super::super::model::{Finding, Report};

/// One link: a finding and how far it is from the root cause (0).
pub struct Step<'r> {
    pub finding: &'r Finding,
    pub depth: usize,
}

/// The findings that `root` led to, `root` first, causes before effects, earlier ones first at equal depth. Each stands once, so circular
/// `caused_by` of a damaged report ends too.
pub fn chain<'r>(report: &'r Report, root: &'r Finding) -> Vec<Step<'r>> {
    let mut effects: BTreeMap<&str, Vec<&Finding>> = BTreeMap::new();
    for finding in &report.findings {
        for cause in &finding.caused_by {
            effects.entry(cause).or_default().push(finding);
        }
    }
    for list in effects.values_mut() {
        list.sort_by(|a, b| (&a.first, &a.id).cmp(&(&b.first, &b.id)));
    }
    let mut seen = BTreeSet::from([root.id.as_str()]);
    let mut steps = vec![Step { finding: root, depth: 0 }];
    let mut at = 0;
    while let Some(step) = steps.get(at) {
        let (id, depth) = (step.finding.id.as_str(), step.depth + 1);
        at += 1;
        for finding in effects.get(id).into_iter().flatten() {
            if seen.insert(finding.id.as_str()) {
                steps.push(Step { finding, depth });
            }
        }
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    fn finding(id: &str, first: &str, caused_by: &[&str]) -> Finding {
        Finding { id: id.to_owned(), first: Some(first.to_owned()), caused_by: caused_by.iter().map(|id| (*id).to_owned()).collect(), ..Finding::default() }
    }

    #[test]
    fn causes_before_effects_and_circles_end() {
        let findings = vec![
            finding("effect", "3", &["middle"]),
            finding("middle", "2", &["root", "effect"]),
            finding("root", "1", &["effect"]),
            finding("else", "0", &[]),
        ];
        let report = Report { findings, ..Report::default() };
        let steps = chain(&report, &report.findings[2]);
        let ids: Vec<(&str, usize)> = steps.iter().map(|step| (step.finding.id.as_str(), step.depth)).collect();
        assert_eq!(ids, [("root", 0), ("middle", 1), ("effect", 2)].map(|(id, depth)| (id, depth)));
    }
}
