//! TaskManagers that were lost without any job failing by it.
//!
//! There may be as many losses as attempts, and as many findings: what is asked of all findings and all attempts per loss is looked up.

use std::collections::BTreeSet;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::cause::Cause;
use super::finding::{Finding, Role};
use super::incidents::Work;
use crate::correlate::Loss;
use crate::event::Str;

/// Losses of TaskManagers whose causes are held at a time.
const LOSSES_AT_ONCE: usize = 256;

/// Notes causes of losses that no attempt and no incident explains, and how each TaskManager really went.
pub fn look(work: &mut Work) {
    let lost: Vec<(usize, usize, i64)> = {
        let lives = work.story.workers.iter().enumerate().flat_map(|(w, worker)| worker.lives.iter().enumerate().map(move |(l, life)| (w, l, life)));
        let lost = lives.filter(|(.., life)| life.loss.is_some_and(Loss::is_loss)).filter_map(|(w, l, life)| Some((w, l, life.lost?)));
        lost.filter(|(.., lost)| work.judged(Some(*lost)) && !work.story.folded.failed_at(Some(*lost))).collect()
    };
    let (mut explained, attempts) =
        (Explained::by(&work.out.findings), Attempts::of(work.story.jobs.iter().flat_map(|job| &job.attempts).map(|attempt| (attempt.start, attempt.end))));
    // As with attempts: found on all threads, noted in order.
    for some in lost.chunks(LOSSES_AT_ONCE) {
        let causes: Vec<Cause> = some.par_iter().map(|(w, l, lost)| work.worker_cause(*w, *l, Some(*lost))).collect();
        for ((w, l, lost), cause) in some.iter().copied().zip(causes) {
            let slug = &*cause.slug;
            let better = if slug.contains("oom") || slug == "gc-overhead" {
                Some(Loss::Oom)
            } else if slug == "tm-process-killed" {
                Some(Loss::Killed)
            } else if slug.starts_with("container-killed") || slug == "k8s-oomkilled" {
                Some(Loss::KilledMemory)
            } else if slug.starts_with("jvm-crash") {
                Some(Loss::Crashed)
            } else {
                None
            };
            if let Some(better) = better {
                work.out.losses.insert((w, l), better);
            }
            // By an attempt that it ended, or as a part of the same incident.
            if !explained.is(&work.story.workers[w].id, lost) && !work.story.jobs.is_empty() && attempts.one_at(lost) {
                let noted = work.note_alone(cause, None, Role::RootCause);
                explained.see(&work.out.findings, noted);
            }
        }
    }
}

/// What findings explain of losses.
#[derive(Default)]
struct Explained {
    /// TaskManagers of findings.
    workers: FxHashSet<Str>,
    /// When each finding began that is a root cause, and all of these in order.
    begins: Vec<Option<i64>>,
    in_order: BTreeSet<(i64, usize)>,
}

impl Explained {
    fn by(findings: &[Finding]) -> Explained {
        let mut explained = Explained::default();
        explained.see(findings, 0);
        explained
    }

    /// Takes in findings that are new, and one that changed.
    fn see(&mut self, findings: &[Finding], changed: usize) {
        let new = self.begins.len();
        self.begins.resize(findings.len(), None);
        for at in (new..findings.len()).chain((changed < new).then_some(changed)) {
            let finding = &findings[at];
            self.workers.extend(finding.task_manager.clone());
            let begins = finding.first.filter(|_| finding.role == Role::RootCause);
            let before = std::mem::replace(&mut self.begins[at], begins);
            if before != begins {
                before.map(|ms| self.in_order.remove(&(ms, at)));
                self.in_order.extend(begins.map(|ms| (ms, at)));
            }
        }
    }

    /// Does a finding name the TaskManager, or did a root cause begin within two minutes of its loss?
    fn is(&self, worker: &Str, lost: i64) -> bool {
        const NEAR_MS: i64 = 120_000;
        self.workers.contains(worker) || self.in_order.range((lost - NEAR_MS + 1, 0)..(lost + NEAR_MS, 0)).next().is_some()
    }
}

/// Stretches of time in which attempts ran, by their beginnings.
struct Attempts {
    begins: Vec<i64>,
    /// The latest end of each and of those before it.
    ends: Vec<i64>,
}

impl Attempts {
    /// Takes beginnings and ends; what is not known has no bound.
    fn of(attempts: impl Iterator<Item = (Option<i64>, Option<i64>)>) -> Attempts {
        let mut stretches: Vec<(i64, i64)> = attempts.map(|(start, end)| (start.unwrap_or(i64::MIN), end.unwrap_or(i64::MAX))).collect();
        stretches.sort_unstable();
        let latest = |latest: &mut i64, (_, end): &(i64, i64)| {
            *latest = (*latest).max(*end);
            Some(*latest)
        };
        let ends = stretches.iter().scan(i64::MIN, latest).collect();
        Attempts { begins: stretches.into_iter().map(|(begin, _)| begin).collect(), ends }
    }

    /// Did one run at `ms`, or end not long before?
    fn one_at(&self, ms: i64) -> bool {
        let begun = self.begins.partition_point(|begin| *begin <= ms);
        begun.checked_sub(1).is_some_and(|last| self.ends[last].saturating_add(5_000) >= ms)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diagnose::Certainty;

    fn finding(role: Role, first: i64, worker: Option<&str>) -> Finding {
        Finding { first: Some(first), task_manager: worker.map(Str::from), ..Finding::new("x", None, role, Certainty::Likely) }
    }

    #[test]
    fn a_loss_is_explained_by_its_name_or_by_what_began_near() {
        let mut findings = vec![finding(Role::RootCause, 1_000_000, Some("tm-1")), finding(Role::Symptom, 9_000_000, None)];
        let mut explained = Explained::by(&findings);
        let is = |explained: &Explained, worker: &str, lost| explained.is(&worker.into(), lost);
        assert!(is(&explained, "tm-1", 5_000_000) && !is(&explained, "tm-2", 5_000_000));
        assert!(is(&explained, "tm-2", 1_119_999) && is(&explained, "tm-2", 880_001));
        assert!(!is(&explained, "tm-2", 1_120_000) && !is(&explained, "tm-2", 880_000));
        // A symptom explains nothing by its time.
        assert!(!is(&explained, "tm-2", 9_000_000));
        // One that is new, and one that began sooner than was known.
        findings.push(finding(Role::RootCause, 3_000_000, Some("tm-3")));
        findings[0].at(Some(500_000));
        explained.see(&findings, 0);
        assert!(is(&explained, "tm-3", 0) && is(&explained, "tm-2", 3_000_001) && is(&explained, "tm-2", 500_000));
        assert!(!is(&explained, "tm-2", 1_000_000));
    }

    #[test]
    fn an_attempt_is_found_by_any_moment_of_it() {
        let stretches = [(Some(100_000), Some(900_000)), (Some(200_000), Some(300_000)), (Some(2_000_000), Some(2_000_000))];
        let attempts = Attempts::of(stretches.into_iter());
        for (ms, there) in [(99_999, false), (100_000, true), (600_000, true), (905_000, true), (905_001, false), (1_999_999, false), (2_005_000, true)] {
            assert_eq!(attempts.one_at(ms), there, "{ms}");
        }
        assert!(!Attempts::of(std::iter::empty()).one_at(0));
        assert!(Attempts::of([(None, Some(5_000))].into_iter()).one_at(i64::MIN + 1) && Attempts::of([(Some(0), None)].into_iter()).one_at(i64::MAX));
    }
}
