//! Figures in the Prometheus text exposition format 0.0.4, for node_exporter's textfile collector.
//!
//! Base units (seconds, bytes), no time stamps: the collector takes the time of the file.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io;

use super::escape::prometheus_label;
use super::model::{Job, Report};
use super::time::parse;
use super::view::View;

#[derive(Default)]
struct Metrics {
    text: String,
}

impl Metrics {
    /// One family; nothing is written where it has no sample.
    fn family(&mut self, name: &str, kind: &str, help: &str, samples: Vec<(Vec<(&str, &str)>, f64)>) {
        if samples.is_empty() {
            return;
        }
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} {kind}");
        for (labels, value) in samples {
            let labels: Vec<String> = labels.iter().map(|(key, value)| format!("{key}=\"{}\"", prometheus_label(value))).collect();
            let braces = if labels.is_empty() { String::new() } else { format!("{{{}}}", labels.join(",")) };
            let _ = writeln!(self.text, "{name}{braces} {value}");
        }
    }
}

const VERDICTS: [&str; 4] = ["failed", "degraded", "healthy", "not-assessed"];

pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let view = View::new(report);
    let mut metrics = Metrics::default();
    let state = |verdict: &str, now: &str| if verdict == now { 1.0 } else { 0.0 };
    metrics.family("flinklog_info", "gauge", "Version of the program.", vec![(vec![("version", &report.tool.version)], 1.0)]);
    metrics.family(
        "flinklog_verdict",
        "gauge",
        "1 for the verdict over all jobs.",
        VERDICTS.iter().map(|verdict| (vec![("verdict", *verdict)], state(verdict, &report.summary.verdict))).collect(),
    );
    jobs(&mut metrics, report);
    let mut findings: BTreeMap<[&str; 4], u64> = BTreeMap::new();
    for finding in &report.findings {
        *findings.entry([finding.slug(), &finding.role, &finding.severity, &finding.certainty]).or_default() += 1;
    }
    let samples = findings.iter().map(|(key, count)| (vec![("pattern", key[0]), ("role", key[1]), ("severity", key[2]), ("certainty", key[3])], *count as f64));
    metrics.family("flinklog_findings", "gauge", "Findings by pattern.", samples.collect());
    let exceptions = report
        .exceptions
        .iter()
        .map(|exception| (vec![("fingerprint", exception.fingerprint.as_str()), ("class", &exception.root.class)], exception.count as f64));
    metrics.family("flinklog_exceptions", "gauge", "Occurrences of each group of equal exceptions.", exceptions.collect());
    let mut losses: BTreeMap<&str, u64> = BTreeMap::new();
    for loss in report.task_managers.iter().flat_map(|tm| &tm.lives).filter_map(|life| life.loss.as_deref()) {
        *losses.entry(loss).or_default() += 1;
    }
    metrics.family(
        "flinklog_task_managers_lost",
        "gauge",
        "Lives of TaskManagers that ended, by the way they did.",
        losses.iter().map(|(loss, count)| (vec![("loss", *loss)], *count as f64)).collect(),
    );
    gc(&mut metrics, report, &view);
    let coverage = &report.coverage;
    let figures = [
        ("flinklog_sources", "Logs read.", coverage.sources),
        ("flinklog_sources_incomplete", "Logs that could not be read to their end.", coverage.incomplete),
        ("flinklog_lines", "Lines read.", coverage.lines),
        ("flinklog_unparsed_lines", "Lines that were not understood.", coverage.unparsed_lines),
        ("flinklog_read_bytes", "Bytes read, decoded.", coverage.bytes),
        ("flinklog_benign_lines", "Lines known to be harmless.", coverage.benign),
        ("flinklog_unclassified_lines", "Warnings and errors that no pattern knows.", coverage.unclassified),
    ];
    for (name, help, value) in figures {
        metrics.family(name, "gauge", help, vec![(vec![], value as f64)]);
    }
    out.write_all(metrics.text.as_bytes())
}

/// A value with the label that it has beside those of its job.
type Labelled = (Option<(&'static str, &'static str)>, f64);

fn jobs(metrics: &mut Metrics, report: &Report) {
    let of = |job: &'_ Job, extra: Option<(&'static str, &'static str)>| -> Vec<(&'static str, String)> {
        let mut labels = vec![("job_id", job.id.clone()), ("job_name", job.name.clone().unwrap_or_default())];
        labels.extend(extra.map(|(key, value)| (key, value.to_owned())));
        labels
    };
    let mut family = |name: &str, help: &str, sample: &dyn Fn(&Job) -> Vec<Labelled>| {
        let samples: Vec<(Vec<(&str, String)>, f64)> =
            report.jobs.iter().flat_map(|job| sample(job).into_iter().map(move |(extra, value)| (of(job, extra), value))).collect();
        metrics.family(
            name,
            "gauge",
            help,
            samples.iter().map(|(labels, value)| (labels.iter().map(|(key, value)| (*key, value.as_str())).collect(), *value)).collect(),
        );
    };
    let one = |value: u64| vec![(None, value as f64)];
    family("flinklog_job_verdict", "1 for the verdict on the job.", &|job| {
        VERDICTS.iter().map(|verdict| (Some(("verdict", *verdict)), f64::from(u8::from(job.verdict == *verdict)))).collect()
    });
    family("flinklog_job_restarts", "Redeployments of the job that really began.", &|job| one(job.restarts));
    family("flinklog_job_attempts", "Runs of the job.", &|job| one(job.attempts.len() as u64 + job.attempts_omitted));
    family("flinklog_job_downtime_seconds", "Time from failures to the job running again.", &|job| {
        vec![(None, job.attempts.iter().filter_map(|attempt| attempt.downtime_ms).fold(0u64, u64::saturating_add) as f64 / 1000.0)]
    });
    family("flinklog_job_checkpoints", "Checkpoints of the job by what became of them.", &|job| {
        let c = &job.checkpoints;
        [("completed", c.completed), ("failed", c.failed), ("in_progress", c.in_progress)].map(|(state, n)| (Some(("state", state)), n as f64)).to_vec()
    });
    family("flinklog_job_savepoints", "Completed savepoints of the job.", &|job| one(job.checkpoints.savepoints));
    family("flinklog_job_checkpoint_duration_seconds", "Duration of completed checkpoints by quantile.", &|job| {
        let spread = job.checkpoints.duration_ms.clone();
        let quantiles = spread.map(|d| [("0", d.min), ("0.5", d.p50), ("0.95", d.p95), ("0.99", d.p99), ("1", d.max)]);
        quantiles.into_iter().flatten().map(|(quantile, ms)| (Some(("quantile", quantile)), ms as f64 / 1000.0)).collect()
    });
    family("flinklog_job_last_checkpoint_size_bytes", "Size of the last completed checkpoint.", &|job| {
        let size = job.checkpoints.last_completed.as_ref().and_then(|last| last.size_bytes);
        size.map(|size| (None, size as f64)).into_iter().collect()
    });
    family("flinklog_job_last_checkpoint_timestamp_seconds", "When the last checkpoint completed, since 1970.", &|job| {
        let time = job.checkpoints.last_completed.as_ref().and_then(|last| last.time.as_deref()).and_then(parse);
        time.map(|ms| (None, ms as f64 / 1000.0)).into_iter().collect()
    });
}

fn gc(metrics: &mut Metrics, report: &Report, view: &View) {
    let mut family = |name: &str, help: &str, value: &dyn Fn(&super::model::Gc) -> Option<f64>| {
        let samples = report.gc.iter().filter_map(|gc| Some((vec![("path", view.path(gc.source)), ("collector", gc.collector.as_str())], value(gc)?)));
        metrics.family(name, "gauge", help, samples.collect());
    };
    family("flinklog_gc_pauses", "Pauses in the log.", &|gc| gc.pauses.as_ref().map(|pauses| pauses.count as f64));
    family("flinklog_gc_pause_seconds_sum", "Time in pauses.", &|gc| gc.pauses.as_ref().map(|pauses| pauses.total_ms / 1000.0));
    family("flinklog_gc_pause_seconds_max", "Longest pause.", &|gc| gc.pauses.as_ref().map(|pauses| pauses.max_ms / 1000.0));
    family("flinklog_gc_full_collections", "Full collections.", &|gc| gc.full_gcs.map(|count| count as f64));
    family("flinklog_gc_throughput_ratio", "Share of time outside pauses.", &|gc| gc.throughput);
    family("flinklog_gc_heap_peak_bytes", "Greatest heap in use.", &|gc| gc.peak_heap_bytes.map(|bytes| bytes as f64));
}
