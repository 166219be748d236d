//! Advice over the effective configuration: rules of `patterns/advice.toml` held against what the JobManager states and what was observed.

use rustc_hash::FxHashMap;

use super::finding::{Certainty, Evidence, Finding, Role, Severity};
use super::incidents::Work;
use crate::correlate::{Loss, Outcome, Process};
use crate::event::{CheckpointReason, JobState, Str};
use crate::patterns::{Facts, JVM_OPTIONS};

/// Adds what the rules find: observations, of severity info unless something went wrong, never above a real cause.
pub fn look(work: &mut Work) {
    let cluster = Cluster::new(work);
    let packs = work.rules.packs.clone();
    for job in 0..work.story.jobs.len() {
        let Some(process) = job_manager_of(work, job) else { continue };
        // A healthy job needs no advice.
        let Some(wrong) = cluster.jobs.get(&job).copied() else { continue };
        let facts = JobFacts::new(work, &cluster, job, process);
        for advice in packs.advice().iter().filter(|advice| advice.holds(&facts)) {
            // One cluster's configuration is one finding, whatever the number of its jobs.
            if let Some(known) = work.out.findings.iter_mut().find(|f| *f.pattern == *advice.id) {
                // Jobs come in order.
                if known.jobs.last() != Some(&job) {
                    known.jobs.push(job);
                    known.count += 1;
                }
                continue;
            }
            let mut finding = Finding::new(&advice.id, None, Role::Observation, Certainty::Likely);
            finding.title = advice.title.clone();
            finding.explanation = advice.text.clone();
            finding.remedy = advice.remedy.clone();
            finding.owner = "configuration";
            let weighty =
                wrong && matches!(advice.severity, crate::patterns::Severity::Warning | crate::patterns::Severity::Error | crate::patterns::Severity::Critical);
            finding.severity = if weighty { Severity::Warning } else { Severity::Info };
            finding.count = 1;
            finding.jobs.push(job);
            let known = &work.story.processes[process];
            let source = known.sources.first().copied().unwrap_or(0);
            let quote = advice.keys.iter().find_map(|key| known.life.quotes.get(key.as_str())).or(known.life.banner.as_ref());
            finding.cite(quote.map(|quote| Evidence::Quote { source, quote: quote.clone(), ms: known.start }));
            if !finding.evidence.is_empty() {
                work.out.findings.push(finding);
            }
        }
    }
}

/// The JobManager process that ran the job last.
fn job_manager_of(work: &Work, job: usize) -> Option<usize> {
    let source = work.story.jobs[job].state_entry?.source;
    work.story.processes.iter().rposition(|p| p.role == "jobmanager" && p.sources.contains(&source) && !p.configuration.is_empty())
}

/// What holds for all jobs.
struct Cluster {
    /// Jobs of findings, and whether one of these is a root cause.
    jobs: FxHashMap<usize, bool>,
    /// How often each pattern was found.
    found: FxHashMap<Str, u64>,
    observed: FxHashMap<&'static str, f64>,
}

impl Cluster {
    fn new(work: &Work) -> Cluster {
        let (story, findings) = (work.story, &work.out.findings);
        let (mut jobs, mut found) = (FxHashMap::default(), FxHashMap::default());
        for finding in findings {
            *found.entry(finding.pattern.clone()).or_default() += finding.count;
            for job in &finding.jobs {
                *jobs.entry(*job).or_default() |= finding.role == Role::RootCause;
            }
        }
        let mut cluster = Cluster { jobs, found, observed: FxHashMap::default() };
        let longest = story
            .sources
            .iter()
            .filter_map(|s| s.digest.gc.as_ref())
            .flat_map(|g| &g.lives)
            .flat_map(|l| &l.longest)
            .map(|p| p.ms)
            .fold(None, |a: Option<f64>, b| Some(a.map_or(b, |a| a.max(b))));
        if let Some(longest) = longest {
            cluster.observed.insert("gc-pause-max-ms", longest);
        }
        // A dead process times out too: only pauses count.
        let paused = |f: &&Finding| {
            matches!(&*f.pattern, "heartbeat-tm-timeout" | "heartbeat-jm-timeout")
                && (f.role == Role::RootCause || f.caused_by.iter().any(|c| matches!(&*findings[*c].pattern, "gc-long-pause" | "tm-frozen")))
        };
        let timeouts = findings.iter().filter(paused).map(|f| f.count).sum::<u64>();
        let lost = story.workers.iter().flat_map(|w| &w.lives).filter(|l| l.loss.is_some_and(Loss::is_loss)).count();
        let starts = story.processes.iter().filter(|p| p.role == "jobmanager" && p.life.component.is_some()).count();
        let observed = [
            (
                "checkpoint-storage-errors",
                cluster.count(&["cp-dir-create-failed", "cp-trigger-io-failure", "s3-http-failure", "hdfs-no-datanode", "disk-full", "fs-permission-denied"]),
            ),
            ("backpressure", cluster.count(&["backpressure"]).min(1.0)),
            ("heap-exhausted", cluster.count(&["heap-oom-tm", "heap-oom-jm", "gc-overhead"]).min(1.0)),
            ("metaspace-exhausted", cluster.count(&["metaspace-oom"]).min(1.0)),
            ("container-memory-kills", cluster.count(&["container-killed-pmem", "container-killed-vmem", "k8s-oomkilled"])),
            ("heartbeat-timeouts", timeouts as f64),
            ("task-managers-lost", lost as f64),
            ("jobmanager-starts", starts as f64),
        ];
        cluster.observed.extend(observed);
        cluster
    }

    /// How often any of these was found.
    fn count(&self, slugs: &[&str]) -> f64 {
        slugs.iter().filter_map(|slug| self.found.get(*slug)).sum::<u64>() as f64
    }
}

struct JobFacts<'s> {
    process: &'s Process,
    jvm_options: String,
    observed: FxHashMap<&'static str, f64>,
    version: Option<(u32, u32)>,
}

impl<'s> JobFacts<'s> {
    fn new(work: &Work<'s>, cluster: &Cluster, job: usize, process: usize) -> JobFacts<'s> {
        let story = work.story;
        let known = &story.jobs[job];
        let process = &story.processes[process];
        let mut observed = cluster.observed.clone();
        let failures = known.attempts.iter().filter(|a| matches!(a.outcome, Outcome::Failed)).count();
        let sum = &known.checkpoints;
        observed.insert("job-failures", failures as f64);
        observed.insert("job-ended-failed", f64::from(u8::from(known.state == Some(JobState::Failed))));
        observed.insert("restarts", known.restarts as f64);
        observed.insert("streaming", f64::from(u8::from(sum.triggered > 0)));
        observed.insert("checkpoints-triggered", sum.triggered as f64);
        observed.insert("checkpoints-completed", sum.completed as f64);
        observed.insert("checkpoints-failed", sum.failed as f64);
        observed.insert("checkpoints-expired", sum.by_reason.get(&CheckpointReason::Expired).copied().unwrap_or(0) as f64);
        // A job that set its own tolerance in code fails only after several failed checkpoints.
        let at_once = known.attempts.iter().any(|a| a.outcome == Outcome::Failed && a.failed <= 1);
        observed.insert("checkpoint-tolerance-exceeded", if at_once { cluster.count(&["cp-tolerable-exceeded"]) } else { 0.0 });
        if let Some(p95) = sum.figures.durations.at(&[0.95]) {
            observed.insert("checkpoint-duration-p95-ms", p95[0] as f64);
        }
        if let Some((_, largest)) = sum.figures.sizes.bounds() {
            observed.insert("state-bytes", largest as f64);
        }
        let component = process.life.component.as_deref().unwrap_or("").to_ascii_lowercase();
        observed.insert("yarn", f64::from(u8::from(component.contains("yarn"))));
        observed.insert("kubernetes", f64::from(u8::from(component.contains("kubernetes"))));
        if let Some(java) = process.life.jvm.as_deref().and_then(java_release) {
            observed.insert("java-version", java);
        }
        let jvm_options = process.life.jvm_options.iter().map(|o| o.to_string()).collect::<Vec<_>>().join(" ");
        let version = process.life.version.as_deref().and_then(|v| {
            let mut parts = v.split('.');
            Some((parts.next()?.parse().ok()?, parts.next()?.split('-').next()?.parse().ok()?))
        });
        JobFacts { process, jvm_options, observed, version }
    }
}

/// 17 of `OpenJDK 64-Bit Server VM - Eclipse Adoptium - 17/17.0.9+9`, 8 of `… - 1.8/25.292-b10`.
fn java_release(jvm: &str) -> Option<f64> {
    let version = jvm.rsplit(" - ").next()?.split('/').next()?;
    version.strip_prefix("1.").unwrap_or(version).parse().ok()
}

impl Facts for JobFacts<'_> {
    fn config(&self, key: &str) -> Option<&str> {
        if key == JVM_OPTIONS {
            return Some(&self.jvm_options);
        }
        self.process.configuration.get(key).map(|value| &**value)
    }

    fn observed(&self, name: &str) -> Option<f64> {
        self.observed.get(name).copied()
    }

    fn flink_version(&self) -> Option<(u32, u32)> {
        self.version
    }
}
