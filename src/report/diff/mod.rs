//! What is new, gone or worse between two reports.
//!
//! In: two reports. Out: one [`Diff`], shown as text, JSON or markdown. Findings are paired by pattern and exception, jobs by name, logs by the role of
//! their process: ids of jobs and containers differ in every run.

mod show;

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::model::{Finding, Job, Report};

pub use show::render;

/// Value of [`Diff::schema`].
pub const SCHEMA: &str = "flinklog.diff/1";

/// The comparison of two reports; lists hold only what differs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Diff {
    pub schema: String,
    pub before: Side,
    pub after: Side,
    /// Whether the later run is worse: its verdict is, or something new or more frequent is at least an error.
    pub worse: bool,
    pub findings: Changes<FindingChange>,
    pub exceptions: Changes<ExceptionChange>,
    pub jobs: Vec<JobChange>,
    pub gc: Vec<GcChange>,
    pub configuration: Vec<ValueChange>,
    /// Versions of Flink and Java by role.
    pub versions: Vec<ValueChange>,
}

/// One of the two runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Side {
    pub verdict: String,
    pub headline: String,
    pub first_time: Option<String>,
    pub last_time: Option<String>,
}

/// What only one side has, and what both have but not equally often or not equally severe.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Changes<T> {
    pub new: Vec<T>,
    pub gone: Vec<T>,
    pub changed: Vec<T>,
    pub unchanged: u64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FindingChange {
    pub pattern: String,
    pub title: String,
    pub role: String,
    pub exception: Option<String>,
    pub severity_before: Option<String>,
    pub severity_after: Option<String>,
    pub count_before: u64,
    pub count_after: u64,
    pub worse: bool,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ExceptionChange {
    pub fingerprint: String,
    pub class: String,
    pub message: String,
    pub frame: Option<String>,
    pub count_before: u64,
    pub count_after: u64,
}

/// Figures of a job; `null` on the side that does not have it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JobChange {
    pub name: String,
    pub before: Option<JobFigures>,
    pub after: Option<JobFigures>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JobFigures {
    pub state: String,
    pub verdict: String,
    pub attempts: u64,
    pub restarts: u64,
    pub downtime_ms: u64,
    pub checkpoints_completed: u64,
    pub checkpoints_failed: u64,
    pub checkpoint_p50_ms: Option<u64>,
    pub checkpoint_p95_ms: Option<u64>,
    pub checkpoint_max_ms: Option<u64>,
    pub checkpoint_max_bytes: Option<u64>,
}

/// Garbage collection of all processes of a role together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GcChange {
    pub role: String,
    pub before: Option<GcFigures>,
    pub after: Option<GcFigures>,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GcFigures {
    pub pauses: u64,
    pub total_ms: f64,
    pub max_ms: f64,
    pub full_gcs: u64,
    /// The lowest of the role.
    pub throughput: Option<f64>,
    pub peak_heap_bytes: Option<u64>,
}

#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct ValueChange {
    pub role: String,
    pub key: String,
    pub before: Option<String>,
    pub after: Option<String>,
}

/// Compares two reports.
pub fn diff(before: &Report, after: &Report) -> Diff {
    let findings = findings(before, after);
    let grave = |change: &FindingChange| change.severity_after.as_deref().is_some_and(|severity| severity_rank(severity) >= 2);
    let worse = verdict_rank(&after.summary.verdict) > verdict_rank(&before.summary.verdict)
        || findings.new.iter().any(grave)
        || findings.changed.iter().any(|change| change.worse && grave(change));
    Diff {
        schema: SCHEMA.to_owned(),
        before: side(before),
        after: side(after),
        worse,
        findings,
        exceptions: exceptions(before, after),
        jobs: pairs(jobs(before), jobs(after)).into_iter().map(|(name, before, after)| JobChange { name, before, after }).collect(),
        gc: pairs(gc(before), gc(after)).into_iter().map(|(role, before, after)| GcChange { role, before, after }).collect(),
        configuration: values(configuration(before), configuration(after)),
        versions: values(versions(before), versions(after)),
    }
}

fn side(report: &Report) -> Side {
    Side {
        verdict: report.summary.verdict.clone(),
        headline: report.summary.headline.clone(),
        first_time: report.coverage.first_time.clone(),
        last_time: report.coverage.last_time.clone(),
    }
}

fn verdict_rank(verdict: &str) -> u8 {
    match verdict {
        "failed" => 3,
        "degraded" => 2,
        "not-assessed" => 1,
        _ => 0,
    }
}

fn severity_rank(severity: &str) -> u8 {
    match severity {
        "critical" => 3,
        "error" => 2,
        "warning" => 1,
        _ => 0,
    }
}

/// Equal findings of one report taken together: the first one, their number, the worst severity.
fn grouped(report: &Report) -> BTreeMap<(&str, &str), (&Finding, u64, &str)> {
    let mut groups: BTreeMap<(&str, &str), (&Finding, u64, &str)> = BTreeMap::new();
    for finding in &report.findings {
        let key = (finding.slug(), finding.exception.as_deref().unwrap_or(""));
        let group = groups.entry(key).or_insert((finding, 0, &finding.severity));
        group.1 = group.1.saturating_add(finding.count);
        if severity_rank(&finding.severity) > severity_rank(group.2) {
            group.2 = &finding.severity;
        }
    }
    groups
}

fn findings(before: &Report, after: &Report) -> Changes<FindingChange> {
    let (old, new) = (grouped(before), grouped(after));
    let mut changes = Changes::default();
    for key in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
        let (then, now) = (old.get(key), new.get(key));
        let Some((finding, _, _)) = now.or(then) else { continue };
        let (count_before, count_after) = (then.map_or(0, |group| group.1), now.map_or(0, |group| group.1));
        let (severity_before, severity_after) = (then.map(|group| group.2.to_owned()), now.map(|group| group.2.to_owned()));
        let rank = |severity: &Option<String>| severity.as_deref().map_or(0, severity_rank);
        let change = FindingChange {
            pattern: finding.slug().to_owned(),
            title: finding.title.clone(),
            role: finding.role.clone(),
            exception: finding.exception.clone(),
            worse: count_after > count_before || rank(&severity_after) > rank(&severity_before),
            severity_before,
            severity_after,
            count_before,
            count_after,
        };
        match (then, now) {
            (None, _) => changes.new.push(change),
            (_, None) => changes.gone.push(change),
            _ if change.count_before != change.count_after || change.severity_before != change.severity_after => changes.changed.push(change),
            _ => changes.unchanged += 1,
        }
    }
    let rank = |change: &FindingChange| {
        std::cmp::Reverse((
            severity_rank(change.severity_after.as_deref().or(change.severity_before.as_deref()).unwrap_or("")),
            change.count_after.max(change.count_before),
        ))
    };
    for list in [&mut changes.new, &mut changes.gone, &mut changes.changed] {
        list.sort_by_key(rank);
    }
    changes
}

fn exceptions(before: &Report, after: &Report) -> Changes<ExceptionChange> {
    let by_fingerprint = |report: &'_ Report| -> BTreeMap<String, super::model::Exception> {
        report.exceptions.iter().map(|exception| (exception.fingerprint.clone(), exception.clone())).collect()
    };
    let mut changes = Changes::default();
    for (_, then, now) in pairs_of(by_fingerprint(before), by_fingerprint(after)) {
        let Some(exception) = now.as_ref().or(then.as_ref()) else { continue };
        let root = &exception.root;
        let change = ExceptionChange {
            fingerprint: exception.fingerprint.clone(),
            class: if root.class.is_empty() { exception.class.clone() } else { root.class.clone() },
            message: if root.class.is_empty() { exception.message.clone() } else { root.message.clone() },
            frame: exception.user_frame.clone().or_else(|| root.frame.clone()),
            count_before: then.as_ref().map_or(0, |exception| exception.count),
            count_after: now.as_ref().map_or(0, |exception| exception.count),
        };
        match (&then, &now) {
            (None, _) => changes.new.push(change),
            (_, None) => changes.gone.push(change),
            _ if change.count_before != change.count_after => changes.changed.push(change),
            _ => changes.unchanged += 1,
        }
    }
    for list in [&mut changes.new, &mut changes.gone, &mut changes.changed] {
        list.sort_by_key(|change| std::cmp::Reverse(change.count_after.max(change.count_before)));
    }
    changes
}

fn jobs(report: &Report) -> BTreeMap<String, JobFigures> {
    let mut jobs: BTreeMap<String, JobFigures> = BTreeMap::new();
    for job in &report.jobs {
        let figures = job_figures(job);
        let name = job.name.clone().unwrap_or_else(|| job.id.clone());
        jobs.entry(name).and_modify(|sum| add(sum, &figures)).or_insert(figures);
    }
    jobs
}

fn job_figures(job: &Job) -> JobFigures {
    let c = &job.checkpoints;
    JobFigures {
        state: job.state.clone(),
        verdict: job.verdict.clone(),
        attempts: job.attempts.len() as u64 + job.attempts_omitted,
        restarts: job.restarts,
        downtime_ms: job.attempts.iter().filter_map(|attempt| attempt.downtime_ms).fold(0, u64::saturating_add),
        checkpoints_completed: c.completed,
        checkpoints_failed: c.failed,
        checkpoint_p50_ms: c.duration_ms.as_ref().map(|spread| spread.p50),
        checkpoint_p95_ms: c.duration_ms.as_ref().map(|spread| spread.p95),
        checkpoint_max_ms: c.duration_ms.as_ref().map(|spread| spread.max),
        checkpoint_max_bytes: c.size_bytes.as_ref().map(|sizes| sizes.max),
    }
}

/// A job that was submitted several times: sums, and of the spreads the greatest, as they cannot be joined.
fn add(sum: &mut JobFigures, more: &JobFigures) {
    if verdict_rank(&more.verdict) >= verdict_rank(&sum.verdict) {
        sum.state.clone_from(&more.state);
        sum.verdict.clone_from(&more.verdict);
    }
    let counts = [
        (&mut sum.attempts, more.attempts),
        (&mut sum.restarts, more.restarts),
        (&mut sum.downtime_ms, more.downtime_ms),
        (&mut sum.checkpoints_completed, more.checkpoints_completed),
        (&mut sum.checkpoints_failed, more.checkpoints_failed),
    ];
    for (sum, more) in counts {
        *sum = sum.saturating_add(more);
    }
    sum.checkpoint_p50_ms = sum.checkpoint_p50_ms.max(more.checkpoint_p50_ms);
    sum.checkpoint_p95_ms = sum.checkpoint_p95_ms.max(more.checkpoint_p95_ms);
    sum.checkpoint_max_ms = sum.checkpoint_max_ms.max(more.checkpoint_max_ms);
    sum.checkpoint_max_bytes = sum.checkpoint_max_bytes.max(more.checkpoint_max_bytes);
}

fn gc(report: &Report) -> BTreeMap<String, GcFigures> {
    let mut roles: BTreeMap<String, GcFigures> = BTreeMap::new();
    for gc in &report.gc {
        let Some(pauses) = &gc.pauses else { continue };
        let process = gc.process.and_then(|id| report.processes.iter().find(|process| process.id == id));
        let figures = roles.entry(process.map_or("unknown", |process| &process.role).to_owned()).or_default();
        figures.pauses = figures.pauses.saturating_add(pauses.count);
        figures.total_ms += pauses.total_ms;
        figures.max_ms = figures.max_ms.max(pauses.max_ms);
        figures.full_gcs = figures.full_gcs.saturating_add(gc.full_gcs.unwrap_or(0));
        figures.throughput = [figures.throughput, gc.throughput].into_iter().flatten().reduce(f64::min);
        figures.peak_heap_bytes = figures.peak_heap_bytes.max(gc.peak_heap_bytes);
    }
    roles
}

/// Keys that differ in every run and say nothing: what Flink, YARN and Kubernetes make up at start.
fn is_of_one_run(key: &str) -> bool {
    key.starts_with("$internal")
        || key.starts_with("internal.")
        || ["resource-id", "cluster-id", "application-id", "blob.server.port", "query.server.port"].iter().any(|word| key.contains(word))
}

fn configuration(report: &Report) -> BTreeMap<(String, String), String> {
    let all =
        report.processes.iter().flat_map(|process| process.configuration.iter().map(move |(key, value)| ((process.role.clone(), key.clone()), value.clone())));
    all.filter(|((_, key), _)| !is_of_one_run(key)).collect()
}

fn versions(report: &Report) -> BTreeMap<(String, String), String> {
    let mut found: BTreeMap<(String, String), BTreeSet<&str>> = BTreeMap::new();
    for process in &report.processes {
        for (key, value) in [("flink", &process.flink_version), ("jvm", &process.jvm), ("deployment", &process.deployment)] {
            if let Some(value) = value {
                found.entry((process.role.clone(), key.to_owned())).or_default().insert(value);
            }
        }
    }
    found.into_iter().map(|(key, values)| (key, values.into_iter().collect::<Vec<_>>().join(", "))).collect()
}

fn values(before: BTreeMap<(String, String), String>, after: BTreeMap<(String, String), String>) -> Vec<ValueChange> {
    let all = pairs_of(before, after).into_iter();
    all.filter(|(_, before, after)| before != after).map(|((role, key), before, after)| ValueChange { role, key, before, after }).collect()
}

/// Both sides of every key that differs.
fn pairs<V: Clone + PartialEq>(before: BTreeMap<String, V>, after: BTreeMap<String, V>) -> Vec<(String, Option<V>, Option<V>)> {
    pairs_of(before, after).into_iter().filter(|(_, before, after)| before != after).collect()
}

fn pairs_of<K: Ord + Clone, V>(mut before: BTreeMap<K, V>, mut after: BTreeMap<K, V>) -> Vec<(K, Option<V>, Option<V>)> {
    let keys: BTreeSet<K> = before.keys().chain(after.keys()).cloned().collect();
    keys.into_iter().map(|key| (key.clone(), before.remove(&key), after.remove(&key))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn a_report_does_not_differ_from_itself() {
        let report = sample::disaster();
        let same = diff(&report, &report);
        assert!(!same.worse);
        assert!(same.findings.new.is_empty() && same.findings.gone.is_empty() && same.findings.changed.is_empty());
        assert_eq!(same.findings.unchanged, 6);
        assert!(same.jobs.is_empty() && same.gc.is_empty() && same.configuration.is_empty() && same.versions.is_empty());
    }

    #[test]
    fn new_gone_and_worse() {
        let (good, bad) = (sample::healthy(), sample::disaster());
        let fall = diff(&good, &bad);
        assert!(fall.worse);
        assert_eq!((fall.findings.new.len(), fall.findings.gone.len()), (6, 0));
        assert_eq!(fall.exceptions.new.len(), 2);
        let rise = diff(&bad, &good);
        assert!(!rise.worse);
        assert_eq!((rise.findings.new.len(), rise.findings.gone.len()), (0, 6));
    }

    #[test]
    fn counts_settings_and_versions() {
        let before = sample::disaster();
        let mut after = before.clone();
        after.findings[0].count = 500;
        after.processes[0].configuration.insert("parallelism.default".to_owned(), "8".to_owned());
        after.processes[0].configuration.insert("$internal.application.main".to_owned(), "x".to_owned());
        after.processes[0].flink_version = Some("2.2.1".to_owned());
        after.gc[0].pauses = None;
        let diff = diff(&before, &after);
        assert_eq!(diff.findings.changed.len(), 1);
        assert!(diff.worse && diff.findings.changed[0].worse);
        let change = |role: &str, key: &str, before: Option<&str>, after: &str| ValueChange {
            role: role.to_owned(),
            key: key.to_owned(),
            before: before.map(str::to_owned),
            after: Some(after.to_owned()),
        };
        assert_eq!(diff.configuration, [change("jobmanager", "parallelism.default", None, "8")]);
        assert_eq!(diff.versions, [change("jobmanager", "flink", Some("1.20.5"), "2.2.1")]);
        assert_eq!(diff.gc.len(), 1);
        assert!(diff.gc[0].before.is_some() && diff.gc[0].after.is_none());
    }
}
