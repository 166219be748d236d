//! Diagnosis: the story in, findings out: what failed first, why, what followed, how sure that is.
//!
//! Every failed attempt is traced to the deepest cause that evidence reaches (`cause`), attempts that failed for the same reason are one incident
//! (`incidents`), conditions of the whole cluster are looked at beside (`conditions`), and the answer is summed up (`verdict`). A symptom is never made a cause.

pub mod cause;
mod chain;
mod checkpoint;
mod collector;
pub mod conditions;
pub mod configuration;
pub mod figures;
pub mod finding;
pub mod incidents;
mod jvm;
mod leader;
mod losses;
pub mod verdict;
mod worker;

use std::collections::BTreeMap;

use crate::correlate::Story;
use crate::rules::Rules;

pub use finding::{Certainty, Evidence, Finding, Missing, Role, Severity};

/// Thresholds of `flinklog.toml`; see `config`.
pub use crate::thresholds::Thresholds;

/// What diagnosis says.
#[derive(Debug, Default)]
pub struct Diagnosis {
    /// Ranked: root causes first, then severity, certainty, time.
    pub findings: Vec<Finding>,
    pub verdict: &'static str,
    pub headline: String,
    /// Index of the first root cause.
    pub root: Option<usize>,
    pub certainty: Option<Certainty>,
    pub still_failing: Option<bool>,
    pub first_fault: Option<verdict::FirstFault>,
    pub last_healthy: Option<(Option<i64>, Option<u64>, usize)>,
    pub missing: Vec<Missing>,
    /// By index of the story's jobs.
    pub job_verdicts: Vec<&'static str>,
    /// Finding of each failed attempt: (job, attempt index) → finding.
    pub attempt_findings: BTreeMap<(usize, usize), usize>,
    /// How TaskManager lives ended where their own logs tell more than the JobManager: (worker, life) → loss.
    pub losses: BTreeMap<(usize, usize), crate::correlate::Loss>,
}

/// Settings of a diagnosis.
#[derive(Debug, Clone, Default)]
pub struct Options {
    pub thresholds: Thresholds,
    /// UTC bounds of what is judged.
    pub since: Option<i64>,
    pub until: Option<i64>,
    /// `--job`: lists of the report have room for what is about it, whatever else there is.
    pub job: Option<String>,
    /// Slugs that are never reported.
    pub muted: Vec<String>,
}

impl Options {
    /// Is the time inside the bounds? Unknown times are.
    pub fn judges(&self, ms: Option<i64>) -> bool {
        ms.is_none_or(|ms| self.since.is_none_or(|since| ms >= since) && self.until.is_none_or(|until| ms <= until))
    }
}

/// Finds out what happened.
pub fn diagnose(story: &Story, rules: &Rules, options: &Options) -> Diagnosis {
    let mut work = incidents::Work::new(story, rules, options);
    work.jobs();
    conditions::look(&mut work);
    figures::look(&mut work);
    collector::look(&mut work);
    jvm::look(&mut work);
    configuration::look(&mut work);
    verdict::sum_up(work)
}
