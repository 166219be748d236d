//! Leaves out of a report what the reader did not ask for: jobs, attempts, lighter findings. In: a report. Out: the same, smaller.

use std::collections::{BTreeMap, BTreeSet};

use super::args::{SelectArgs, Severity};
use crate::error::{Error, Result};
use crate::report::model::{Job, Report};

/// Restricts `report` to `job`, to `--attempt` and to `--severity`.
pub fn narrow(report: &mut Report, job: Option<&str>, select: &SelectArgs) -> Result<()> {
    if let Some(wanted) = job {
        only_job(report, wanted)?;
    }
    if let Some(number) = select.attempt {
        only_attempt(report, number)?;
    }
    if let Some(least) = select.severity {
        let root = report.summary.root_cause.clone();
        report.findings.retain(|finding| Severity::of(&finding.severity) >= least || root.as_deref() == Some(finding.id.as_str()));
    }
    Ok(())
}

/// Whether `job` is meant: its name, or the beginning of its id.
pub fn means(job: &Job, wanted: &str) -> bool {
    job.name.as_deref() == Some(wanted) || (!wanted.is_empty() && job.id.starts_with(&wanted.to_ascii_lowercase()))
}

fn only_job(report: &mut Report, wanted: &str) -> Result<()> {
    if !report.jobs.iter().any(|job| means(job, wanted)) {
        return Err(no_job(wanted, report));
    }
    report.jobs.retain(|job| means(job, wanted));
    let kept: BTreeSet<&str> = report.jobs.iter().map(|job| job.id.as_str()).collect();
    let about = |jobs: &[String]| jobs.is_empty() || jobs.iter().any(|job| kept.contains(job.as_str()));
    report.findings.retain(|finding| about(&finding.jobs));
    report.exceptions.retain(|exception| about(&exception.jobs));
    report.timeline.retain(|row| row.job.as_deref().is_none_or(|job| kept.contains(job)));
    Ok(())
}

fn no_job(wanted: &str, report: &Report) -> Error {
    let known: Vec<String> = report.jobs.iter().take(10).map(|job| format!("  {}  {}", job.id, job.name.as_deref().unwrap_or("(no name)"))).collect();
    if known.is_empty() {
        return Error::usage(format!("--job {wanted}: these logs name no job"));
    }
    Error::usage(format!("--job {wanted}: no job of this name, and none whose id begins so; there are:\n{}", known.join("\n")))
}

/// Attempt numbers may differ from job to job when counted from the end.
fn only_attempt(report: &mut Report, wanted: i64) -> Result<()> {
    let mut kept: BTreeMap<String, u32> = BTreeMap::new();
    for job in &mut report.jobs {
        let last = job.attempts.iter().map(|attempt| attempt.number).max().unwrap_or(0);
        let number = if wanted < 0 { i64::from(last) + 1 + wanted } else { wanted };
        job.attempts.retain(|attempt| i64::from(attempt.number) == number);
        if let Some(attempt) = job.attempts.first() {
            kept.insert(job.id.clone(), attempt.number);
        }
    }
    if kept.is_empty() {
        return Err(Error::usage(format!("--attempt {wanted}: no job has it; 1 is the first attempt, -1 the last")));
    }
    let is = |job: &str, numbers: &[u32]| kept.get(job).is_some_and(|number| numbers.contains(number));
    report.findings.retain(|finding| finding.attempts.is_empty() || finding.jobs.is_empty() || finding.jobs.iter().any(|job| is(job, &finding.attempts)));
    report.timeline.retain(|row| match (&row.job, row.attempt) {
        (Some(job), Some(number)) => is(job, &[number]),
        _ => true,
    });
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::model::{Attempt, Finding};

    fn report() -> Report {
        let attempt = |number| Attempt { number, ..Attempt::default() };
        let finding = |id: &str, severity: &str, attempts: &[u32]| Finding {
            id: id.into(),
            severity: severity.into(),
            jobs: vec!["ab".into()],
            attempts: attempts.to_vec(),
            ..Finding::default()
        };
        Report {
            jobs: vec![
                Job { id: "ab".into(), name: Some("orders".into()), attempts: vec![attempt(1), attempt(2), attempt(3)], ..Job::default() },
                Job { id: "cd".into(), attempts: vec![attempt(1)], ..Job::default() },
            ],
            findings: vec![finding("x", "error", &[1, 3]), finding("y", "info", &[2])],
            ..Report::default()
        }
    }

    #[test]
    fn the_last_attempt_of_each_job() {
        let mut report = report();
        narrow(&mut report, None, &SelectArgs { attempt: Some(-1), ..SelectArgs::default() }).unwrap();
        assert_eq!(report.jobs.iter().map(|job| job.attempts[0].number).collect::<Vec<_>>(), [3, 1]);
        assert_eq!(report.findings.len(), 1);
        assert!(narrow(&mut report, None, &SelectArgs { attempt: Some(9), ..SelectArgs::default() }).is_err());
    }

    #[test]
    fn jobs_and_severities() {
        let mut orders = report();
        narrow(&mut orders, Some("orders"), &SelectArgs { severity: Some(Severity::Error), ..SelectArgs::default() }).unwrap();
        assert_eq!((orders.jobs.len(), orders.findings.len()), (1, 1));
        let error = narrow(&mut report(), Some("zz"), &SelectArgs::default()).unwrap_err().to_string();
        assert!(error.contains("orders") && error.contains("cd"), "{error}");
    }
}
