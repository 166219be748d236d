//! Jobs with their attempts and checkpoints, and TaskManagers.

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::View;
use crate::classify::text::resource_id;
use crate::correlate::{Attempt, Job};
use crate::digest::checkpoints::{Failure, FailureWords};
use crate::digest::{DeployedTo, What};
use crate::event::{JobId, JobState, Str};
use crate::report::model as m;

/// Attempts of one job that the report lists: the first and the last ones.
const MAX_ATTEMPTS: usize = 1_000;
/// Attempts of all jobs together, each of which has room for a few.
const ALL_ATTEMPTS: usize = 10_000;
const FEW_ATTEMPTS: usize = 20;
/// Checkpoint failures of one job that the report lists.
const MAX_FAILURES: usize = 200;
/// Vertices and deployments of one job that the report lists.
const MAX_TASKS: usize = 300;

/// The first and the last jobs by first time, `most` in all, and how many more there are.
pub fn jobs(view: &View, most: usize) -> (Vec<m::Job>, u64) {
    let shown = |j: &usize| view.within(view.story.jobs[*j].first, view.story.jobs[*j].last) && view.is_wanted(*j);
    let mut order: Vec<usize> = (0..view.story.jobs.len()).filter(shown).collect();
    order.sort_by_key(|j| (view.story.jobs[*j].first, view.story.jobs[*j].id));
    let index = Index::new(view);
    let omitted = order.len().saturating_sub(most);
    let from = order.len().min(most / 2);
    order.drain(from..from + omitted);
    (order.into_par_iter().map(|j| job(view, &index, j)).collect(), omitted as u64 + view.story.folded.jobs)
}

/// What is left of the jobs that were folded, if there are any.
pub fn folded(view: &View) -> Option<m::JobsFolded> {
    let folded = &view.story.folded;
    let states = folded.by_state.iter().map(|(state, count)| (state.map_or("UNKNOWN", JobState::name).to_owned(), *count)).collect();
    (folded.jobs > 0).then_some(m::JobsFolded {
        jobs: folded.jobs,
        states,
        failing: folded.failing,
        warned: folded.troubled,
        restarts: folded.restarts,
        checkpoints: m::AttemptCheckpoints { triggered: folded.triggered, completed: folded.completed, failed: folded.failed },
        events: folded.entries,
    })
}

/// What is asked for per job.
struct Index<'v> {
    /// Ids of the root causes of each job.
    root_causes: FxHashMap<usize, Vec<&'v String>>,
    deployments: FxHashMap<JobId, Vec<&'v DeployedTo>>,
}

impl<'v> Index<'v> {
    fn new(view: &'v View) -> Self {
        let mut index = Index { root_causes: FxHashMap::default(), deployments: FxHashMap::default() };
        for (finding, id) in view.diagnosis.findings.iter().zip(&view.ids).filter(|(f, _)| f.role == crate::diagnose::Role::RootCause) {
            for job in &finding.jobs {
                let known = index.root_causes.entry(*job).or_default();
                if known.last() != Some(&id) {
                    known.push(id);
                }
            }
        }
        for deployed in view.story.sources.iter().flat_map(|s| &s.digest.deployments) {
            if let Some(job) = deployed.job {
                index.deployments.entry(job).or_default().push(deployed);
            }
        }
        index
    }
}

fn job(view: &View, index: &Index, j: usize) -> m::Job {
    let job = &view.story.jobs[j];
    let source = view.job_source(j);
    let root_causes = index.root_causes.get(&j).into_iter().flatten().map(|id| (*id).clone()).collect();
    let attempts: Vec<usize> = (0..job.attempts.len()).filter(|a| view.within(job.attempts[*a].start, job.attempts[*a].end.or(job.last))).collect();
    let most = (ALL_ATTEMPTS / view.story.jobs.len().max(1)).clamp(FEW_ATTEMPTS, MAX_ATTEMPTS);
    let omitted = attempts.len().saturating_sub(most);
    let kept = attempts.iter().enumerate().filter(|(i, _)| omitted == 0 || *i < most / 2 || *i >= most / 2 + omitted).map(|(_, a)| *a);
    let tasks: Vec<m::Task> = job
        .tasks
        .iter()
        .take(MAX_TASKS)
        .map(|(vertex, (parallelism, failures, last))| m::Task {
            vertex: vertex.to_string(),
            parallelism: Some(*parallelism),
            failures: *failures,
            last_task_manager: last.as_deref().map(id_of),
        })
        .collect();
    let all_deployments = index.deployments.get(&job.id).map_or(&[][..], Vec::as_slice);
    let deployments: Vec<m::Deployment> = all_deployments
        .iter()
        .take(MAX_TASKS)
        .map(|d| m::Deployment {
            task: d.task.to_string(),
            attempt: d.task.attempt,
            execution: d.task.execution.as_ref().map(|e| e.to_string()),
            task_manager: (!d.location.is_empty()).then(|| id_of(&d.location)),
            host: host_of(&d.location),
        })
        .collect();
    m::Job {
        id: job.id.to_string(),
        name: job.name.as_deref().map(str::to_owned),
        state: job.state.map_or("UNKNOWN", |s| s.name()).to_owned(),
        verdict: view.diagnosis.job_verdicts[j].to_owned(),
        root_causes,
        restarts: job.restarts,
        first_time: view.time(source, job.first),
        last_time: view.time(source, job.last),
        strategy: job.strategy.as_deref().map(strategy),
        scheduler: Some(
            if job.adaptive {
                "adaptive"
            } else if job.legacy {
                "legacy"
            } else {
                "default"
            }
            .to_owned(),
        )
        .filter(|_| job.strategy.is_some() || job.adaptive),
        attempts: kept.map(|a| attempt(view, j, a, source)).collect(),
        attempts_omitted: omitted as u64,
        tasks_omitted: job.tasks.len().saturating_sub(MAX_TASKS) as u64,
        tasks,
        checkpoints: checkpoints(view, job),
        deployments_omitted: all_deployments.len().saturating_sub(MAX_TASKS) as u64,
        deployments,
    }
}

fn attempt(view: &View, j: usize, a: usize, source: usize) -> m::Attempt {
    let job = &view.story.jobs[j];
    let attempt = &job.attempts[a];
    let before = a.checked_sub(1).map(|b| &job.attempts[b]);
    let failed_at = before.and_then(|b| first_failure_ms(view, b).or(b.end));
    let downtime_ms = match (failed_at, attempt.running.or(attempt.start)) {
        (Some(failed), Some(running)) if running >= failed => Some((running - failed) as u64),
        _ => None,
    };
    let replayed_ms = match (failed_at, attempt.restored.as_ref().and_then(|r| r.at_ms)) {
        (Some(failed), Some(at)) if failed >= at && before.is_some() => Some((failed - at) as u64),
        _ => None,
    };
    m::Attempt {
        number: attempt.number,
        start: view.time(source, attempt.start),
        running: view.time(source, attempt.running),
        end: view.time(source, attempt.end),
        outcome: attempt.outcome.name().to_owned(),
        begun_by: attempt.begun_by.to_owned(),
        restored_from: attempt.restored.as_ref().map(|r| m::RestoredFrom {
            checkpoint: r.checkpoint,
            kind: if r.savepoint { "savepoint" } else { "checkpoint" }.to_owned(),
            path: r.path.as_deref().map(str::to_owned),
        }),
        failure: failure(view, j, a),
        tasks_restarted: attempt.tasks_restarted,
        checkpoints: m::AttemptCheckpoints { triggered: attempt.triggered, completed: attempt.completed, failed: attempt.failed },
        downtime_ms,
        replayed_ms,
    }
}

fn first_failure_ms(view: &View, attempt: &Attempt) -> Option<i64> {
    attempt.failures.first().and_then(|at| view.story.time(*at))
}

fn failure(view: &View, j: usize, a: usize) -> Option<m::AttemptFailure> {
    let attempt = &view.story.jobs[j].attempts[a];
    let first = *attempt.failures.first()?;
    let finding = view.diagnosis.attempt_findings.get(&(j, a)).map(|f| view.ids[*f].clone());
    let (task, location) = match &view.story.entry(first).what {
        What::TaskFailed { failure, .. } => (Some(failure.task.to_string()), failure.location.as_deref().map(id_of)),
        _ => (None, None),
    };
    let exception = attempt.failures.iter().find_map(|at| view.story.entry(*at).exception).map(|f| format!("{f:016x}"));
    Some(m::AttemptFailure { time: view.time(first.source, view.story.time(first)), task, task_manager: location, exception, finding })
}

/// The restart strategy in short words.
fn strategy(text: &str) -> String {
    let number = |key: &str| -> Option<u64> {
        let (_, rest) = text.split_once(&format!("{key}="))?;
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        rest[..end].parse().ok()
    };
    let seconds = |ms: Option<u64>| ms.map_or("?".to_owned(), |ms| if ms % 1000 == 0 { format!("{} s", ms / 1000) } else { format!("{ms} ms") });
    if text.starts_with("NoRestart") {
        "none".to_owned()
    } else if text.starts_with("FixedDelay") {
        let attempts = number("maxNumberRestartAttempts");
        let attempts = attempts.map_or("?".to_owned(), |n| if n >= 2_147_483_647 { "unlimited".to_owned() } else { n.to_string() });
        format!("fixed-delay ({attempts} attempts, {})", seconds(number("backoffTimeMS").or_else(|| number("delayBetweenRestartAttempts"))))
    } else if text.starts_with("FailureRate") {
        let most = number("maxFailuresPerInterval").map_or("?".to_owned(), |n| n.to_string());
        format!("failure-rate ({most} per {}, {})", seconds(number("failuresIntervalMS")), seconds(number("backoffTimeMS")))
    } else if text.starts_with("ExponentialDelay") {
        format!("exponential-delay ({} to {})", seconds(number("initialBackoffMS")), seconds(number("maxBackoffMS")))
    } else {
        text.to_owned()
    }
}

fn id_of(location: &str) -> String {
    String::from_utf8_lossy(resource_id(location.as_bytes())).into_owned()
}

fn host_of(location: &Str) -> Option<String> {
    let (_, rest) = location.split_once(" @ ")?;
    Some(rest.split(' ').next().unwrap_or(rest).to_owned())
}

fn checkpoints(view: &View, job: &Job) -> m::Checkpoints {
    let sum = &job.checkpoints;
    let spread = sum.figures.durations.at(&[0.0, 0.5, 0.95, 0.99, 1.0]);
    let sizes = sum.figures.sizes.at(&[0.0, 0.5, 0.95, 1.0]);
    let failures: Vec<&(usize, Failure)> = sum.failures.iter().filter(|(at, f)| view.within(view.story.utc(*at, f.ms), view.story.utc(*at, f.ms))).collect();
    let kept = failures.len().min(MAX_FAILURES);
    m::Checkpoints {
        triggered: sum.triggered.max(sum.completed + sum.failed + sum.in_progress),
        completed: sum.completed,
        failed: sum.failed,
        in_progress: sum.in_progress,
        savepoints: sum.savepoints,
        failed_by_reason: sum.by_reason.iter().filter(|(_, n)| **n > 0).map(|(reason, n)| (reason.slug().to_owned(), *n)).collect(),
        duration_ms: spread.map(|v| m::Spread { min: v[0], p50: v[1], p95: v[2], p99: v[3], max: sum.figures.durations.bounds().map_or(v[4], |b| b.1) }),
        size_bytes: sizes.map(|v| m::Sizes { min: v[0], p50: v[1], p95: v[2], max: sum.figures.sizes.bounds().map_or(v[3], |b| b.1) }),
        last_completed: sum.last_completed.map(|(at, c)| m::LastCompleted {
            id: c.id,
            time: view.shown(at, c.ms),
            duration_ms: Some(c.duration_ms),
            size_bytes: Some(c.bytes),
        }),
        longest_gap_ms: (sum.longest_gap_ms > 0).then_some(sum.longest_gap_ms as u64),
        duration_trend_ms: sum.figures.trend.slices.iter().copied().map(u64::from).collect(),
        storage: sum.storage.as_deref().map(str::to_owned),
        failures: failures[..kept]
            .iter()
            .map(|(at, f)| m::CheckpointFailure {
                id: f.id,
                time: view.shown(*at, f.ms),
                reason: f.reason.slug().to_owned(),
                message: words_of(view, *at, f),
                task: f.task.as_deref().map(str::to_owned),
                source: *at as u32,
                line: f.place.line,
            })
            .collect(),
        failures_omitted: sum.failures_omitted + (failures.len() - kept) as u64,
    }
}

/// What the log says of a failure, without the columns before it.
fn words_of(view: &View, source: usize, failure: &Failure) -> String {
    match failure.words {
        FailureWords::Aborted => "aborted: the job left RUNNING".to_owned(),
        FailureWords::Told(quote) => {
            let quote = quote.and_then(|id| view.story.sources[source].digest.quotes.get(id, failure.place));
            quote.map(|quote| message_of(quote.text.lines().next().unwrap_or(""))).unwrap_or_default()
        }
    }
}

/// The message part of a quoted head line.
fn message_of(line: &str) -> String {
    line.split_once(" - ").map_or(line, |(_, message)| message).chars().take(300).collect()
}

/// All TaskManagers, by first registration.
pub fn task_managers(view: &View) -> Vec<m::TaskManager> {
    let story = view.story;
    let clock =
        |w: &crate::correlate::Worker| w.lives.iter().flat_map(|l| &l.told_by).map(|e| e.source).next().or_else(|| w.sources.first().copied()).unwrap_or(0);
    let jm = story.sources.iter().position(|s| s.sniffed.role == "jobmanager").unwrap_or(0);
    let mut out: Vec<m::TaskManager> = story
        .workers
        .iter()
        .enumerate()
        .map(|(w, worker)| {
            let source = if worker.lives.iter().any(|l| !l.told_by.is_empty()) { clock(worker) } else { jm };
            m::TaskManager {
                id: worker.id.to_string(),
                container: worker.container.clone(),
                host: worker.host.as_deref().map(str::to_owned),
                sources: worker.sources.iter().map(|s| *s as u32).collect(),
                slots: worker.slots,
                lives: worker
                    .lives
                    .iter()
                    .enumerate()
                    .map(|(l, life)| m::Life {
                        registered: view.time(source, life.registered),
                        lost: view.time(source, life.lost),
                        loss: view.diagnosis.losses.get(&(w, l)).copied().or(life.loss).map(|l| l.name().to_owned()),
                        exit_code: life.exit_code,
                    })
                    .take(200)
                    .collect(),
                lives_omitted: worker.lives.len().saturating_sub(200) as u64 + worker.lives_folded,
            }
        })
        .collect();
    // TaskManagers that only their own logs tell of.
    let mut known: FxHashSet<String> = out.iter().map(|t| t.id.clone()).collect();
    for process in story.processes.iter().filter(|p| p.role == "taskmanager") {
        // Those that were folded are counted.
        let Some(id) = process.life.resource_id.as_ref().filter(|id| !story.folded.workers.contains(*id)) else { continue };
        if known.insert(id.to_string()) {
            out.push(m::TaskManager {
                id: id.to_string(),
                container: process.container.clone(),
                sources: process.sources.iter().map(|s| *s as u32).collect(),
                ..m::TaskManager::default()
            });
        }
    }
    out
}
