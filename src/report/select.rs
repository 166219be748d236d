//! Restricts a report to the job and the attempt that the reader asked for.
//!
//! In: a report and options. Out: the same report where nothing is restricted, else a copy that holds only what belongs to the choice and what belongs to
//! no job at all (processes, TaskManagers, garbage collection).

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::model::{Job, Report};
use super::options::Options;
use super::time::parse;

/// Whether `job` is meant by `wanted`: its name, or the beginning of its id.
pub fn means(job: &Job, wanted: &str) -> bool {
    job.name.as_deref() == Some(wanted) || (!wanted.is_empty() && job.id.starts_with(&wanted.to_ascii_lowercase()))
}

/// The part of `report` that `options` ask for.
pub fn select<'r>(report: &'r Report, options: &Options) -> Cow<'r, Report> {
    if options.job.is_none() && options.attempt.is_none() {
        return Cow::Borrowed(report);
    }
    let mut report = report.clone();
    if let Some(wanted) = &options.job {
        report.jobs.retain(|job| means(job, wanted));
        let kept: BTreeSet<String> = report.jobs.iter().map(|job| job.id.clone()).collect();
        let about = |jobs: &[String]| jobs.is_empty() || jobs.iter().any(|job| kept.contains(job));
        report.findings.retain(|finding| about(&finding.jobs));
        report.exceptions.retain(|exception| about(&exception.jobs));
        report.timeline.retain(|row| row.job.as_ref().is_none_or(|job| kept.contains(job)));
    }
    if let Some(wanted) = options.attempt {
        let is = |number: u32| i64::from(number) == wanted;
        for job in &mut report.jobs {
            job.attempts.retain(|attempt| is(attempt.number));
        }
        report.findings.retain(|finding| finding.attempts.is_empty() || finding.attempts.iter().any(|number| is(*number)));
        // What belongs to no attempt is told if it happened while one of them ran.
        let ms = |time: &Option<String>| time.as_deref().and_then(parse);
        let ran: Vec<_> = report.jobs.iter().flat_map(|job| &job.attempts).map(|a| (ms(&a.start), ms(&a.end))).collect();
        let meanwhile = |at: i64| ran.iter().any(|(start, end)| start.is_none_or(|s| s <= at) && end.is_none_or(|e| at <= e));
        report.timeline.retain(|row| row.attempt.map_or_else(|| ms(&row.first).is_none_or(meanwhile), is));
    }
    Cow::Owned(report)
}

#[cfg(test)]
mod tests {
    use super::super::model::TimelineRow;
    use super::super::sample;
    use super::*;

    #[test]
    fn nothing_asked_nothing_copied() {
        assert!(matches!(select(&sample::disaster(), &Options::default()), Cow::Borrowed(_)));
    }

    #[test]
    fn one_job_by_name_or_id() {
        let report = sample::disaster();
        for wanted in ["order-enrichment", "94b51f"] {
            let options = Options { job: Some(wanted.to_owned()), ..Options::default() };
            let part = select(&report, &options);
            assert_eq!(part.jobs.len(), 1, "{wanted}");
            assert!(part.timeline.len() < report.timeline.len());
            assert!(part.timeline.iter().all(|row| row.job.as_ref().is_none_or(|job| *job == part.jobs[0].id)));
        }
    }

    #[test]
    fn one_attempt() {
        let options = Options { attempt: Some(1), ..Options::default() };
        let part = select(&sample::disaster(), &options).into_owned();
        assert!(part.jobs.iter().all(|job| job.attempts.len() == 1));
        assert!(part.timeline.iter().all(|row| row.attempt.is_none_or(|number| number == 1)));

        // A line of no attempt stays only if that attempt ran meanwhile.
        let mut report = sample::disaster();
        let attempt = report.jobs[0].attempts[0].clone();
        let row = |time: &Option<String>| TimelineRow { first: time.clone(), ..TimelineRow::default() };
        report.timeline = vec![row(&attempt.start), row(&Some("1999-01-01T00:00:00.000Z".to_owned())), row(&None)];
        let part = select(&report, &options);
        assert_eq!(part.timeline.iter().map(|row| &row.first).collect::<Vec<_>>(), [&attempt.start, &None]);
    }
}
