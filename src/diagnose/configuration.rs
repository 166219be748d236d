//! Advice over the effective configuration: rules of `patterns/advice.toml` held against what the JobManager states and what was observed.

use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::finding::{Certainty, Evidence, Finding, Role, Severity};
use super::incidents::Work;
use crate::correlate::{Attempt, Job, Loss, Outcome, Process};
use crate::event::{CheckpointReason, JobState, Str};
use crate::patterns::{Advice, Facts, JVM_OPTIONS};

/// Adds what the rules find: observations, of severity info unless something went wrong, never above a real cause.
pub fn look(work: &mut Work) {
    let cluster = Cluster::new(work);
    let packs = work.rules.packs.clone();
    // The finding of each piece of advice, or that it has none.
    let mut given: FxHashMap<&str, Option<usize>> = FxHashMap::default();
    for ToJob { job, wrong, process, advice } in to_jobs(work, &cluster, packs.advice()) {
        for advice in advice {
            // One cluster's configuration is one finding, whatever the number of its jobs.
            let given = given.entry(advice.id).or_insert_with(|| work.out.findings.iter().position(|f| *f.pattern == *advice.id));
            if let Some(known) = given.and_then(|at| work.out.findings.get_mut(at)) {
                // Jobs come in order.
                if known.jobs.last() != Some(&job) {
                    known.jobs.push(job);
                    known.count += 1;
                }
                continue;
            }
            let mut finding = Finding::new(advice.id, None, Role::Observation, Certainty::Likely);
            finding.title = advice.title.into();
            finding.explanation = advice.text.into();
            finding.remedy = advice.remedy.iter().map(ToString::to_string).collect();
            finding.owner = "configuration";
            let weighty =
                wrong && matches!(advice.severity, crate::patterns::Severity::Warning | crate::patterns::Severity::Error | crate::patterns::Severity::Critical);
            finding.severity = if weighty { Severity::Warning } else { Severity::Info };
            finding.count = 1;
            finding.jobs.push(job);
            let known = &work.story.processes[process];
            let source = known.sources.first().copied().unwrap_or(0);
            let cited = advice.keys.iter().filter_map(|key| known.life.cited.get(*key)).chain(&known.life.banner);
            let quote = work.story.sources.get(source).and_then(|source| cited.into_iter().find_map(|cited| source.digest.line(cited)));
            finding.cite(quote.map(|quote| Evidence::Quote { source, quote: Arc::new(quote), ms: known.start }));
            if !finding.evidence.is_empty() {
                *given = Some(work.out.findings.len());
                work.out.findings.push(finding);
            }
        }
    }
}

/// Advice that holds for a job.
struct ToJob<'a> {
    job: usize,
    /// The job has a root cause.
    wrong: bool,
    /// The JobManager that it ran on.
    process: usize,
    advice: Vec<&'a Advice>,
}

/// Holds the rules against every job, in order, on all threads.
fn to_jobs<'a>(work: &Work, cluster: &Cluster, advice: &'a [Advice]) -> Vec<ToJob<'a>> {
    let to_job = |job: usize| {
        // A healthy job needs no advice.
        let wrong = cluster.jobs.get(&job).copied()?;
        let known = &work.story.jobs[job];
        let process = cluster.job_managers.get(&known.state_entry?.source).copied()?;
        let facts = JobFacts { cluster, job: known, process, known: &work.story.processes[process] };
        let advice: Vec<&Advice> = advice.iter().filter(|advice| advice.holds(&facts)).collect();
        (!advice.is_empty()).then_some(ToJob { job, wrong, process, advice })
    };
    (0..work.story.jobs.len()).into_par_iter().filter_map(to_job).collect()
}

/// What holds for all jobs.
struct Cluster {
    /// Jobs of findings, and whether one of these is a root cause.
    jobs: FxHashMap<usize, bool>,
    /// How often each pattern was found.
    found: FxHashMap<Str, u64>,
    observed: FxHashMap<&'static str, f64>,
    /// The last JobManager process of each source that states its configuration.
    job_managers: FxHashMap<usize, usize>,
    /// The JVM options of each of these, joined by blanks.
    jvm_options: FxHashMap<usize, String>,
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
        let stating = story.processes.iter().enumerate().filter(|(_, p)| p.role == "jobmanager" && !p.configuration().is_empty());
        let job_managers: FxHashMap<usize, usize> = stating.flat_map(|(i, p)| p.sources.iter().map(move |source| (*source, i))).collect();
        let options = |process: &usize| story.processes[*process].life.settings.jvm_options.iter().map(|o| o.to_string()).collect::<Vec<_>>().join(" ");
        let jvm_options = job_managers.values().map(|process| (*process, options(process))).collect();
        let mut cluster = Cluster { jobs, found, observed: FxHashMap::default(), job_managers, jvm_options };
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
        let known = story.processes.iter().filter(|p| p.role == "jobmanager" && p.life.component.is_some()).count() as u64;
        let folded = story.sources.iter().filter(|s| s.sniffed.role == "jobmanager").map(|s| s.digest.folded_starts.lives()).sum::<u64>();
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
            ("jobmanager-starts", (known + folded) as f64),
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
    cluster: &'s Cluster,
    job: &'s Job,
    process: usize,
    known: &'s Process,
}

impl JobFacts<'_> {
    fn flag(holds: bool) -> Option<f64> {
        Some(f64::from(u8::from(holds)))
    }

    fn component_is(&self, platform: &str) -> Option<f64> {
        JobFacts::flag(self.known.life.component.as_deref().unwrap_or("").to_ascii_lowercase().contains(platform))
    }

    fn failed_attempts(&self) -> impl Iterator<Item = &Attempt> {
        self.job.attempts.iter().filter(|a| a.outcome == Outcome::Failed)
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
            return self.cluster.jvm_options.get(&self.process).map(String::as_str);
        }
        self.known.configuration().get(key).map(|value| &**value)
    }

    /// Found out only when asked: most terms before it do not hold.
    fn observed(&self, name: &str) -> Option<f64> {
        let sum = &self.job.checkpoints;
        match name {
            "job-failures" => Some(self.failed_attempts().count() as f64),
            "job-ended-failed" => JobFacts::flag(self.job.state == Some(JobState::Failed)),
            "restarts" => Some(self.job.restarts as f64),
            "streaming" => JobFacts::flag(sum.triggered > 0),
            "checkpoints-triggered" => Some(sum.triggered as f64),
            "checkpoints-completed" => Some(sum.completed as f64),
            "checkpoints-failed" => Some(sum.failed as f64),
            "checkpoints-expired" => Some(sum.by_reason.get(&CheckpointReason::Expired).copied().unwrap_or(0) as f64),
            // A job that set its own tolerance in code fails only after several failed checkpoints.
            "checkpoint-tolerance-exceeded" if self.failed_attempts().any(|a| a.failed <= 1) => Some(self.cluster.count(&["cp-tolerable-exceeded"])),
            "checkpoint-tolerance-exceeded" => Some(0.0),
            "checkpoint-duration-p95-ms" => sum.figures.durations.at(&[0.95]).map(|p95| p95[0] as f64),
            "state-bytes" => sum.figures.sizes.bounds().map(|(_, largest)| largest as f64),
            "yarn" | "kubernetes" => self.component_is(name),
            "java-version" => self.known.life.jvm.as_deref().and_then(java_release),
            _ => self.cluster.observed.get(name).copied(),
        }
    }

    fn flink_version(&self) -> Option<(u32, u32)> {
        let mut parts = self.known.life.version.as_deref()?.split('.');
        Some((parts.next()?.parse().ok()?, parts.next()?.split('-').next()?.parse().ok()?))
    }
}
