//! The summing up: ranks, verdicts, the headline.

use rustc_hash::FxHashSet;

use super::cause::Told;
use super::conditions::fragment;
use super::finding::{Certainty, Evidence, Finding, Role, Severity};
use super::incidents::Work;
use super::{Diagnosis, Missing};
use crate::correlate::{Outcome, Placed};
use crate::digest::What;
use crate::event::{JobState, Str};

/// Where it began.
#[derive(Debug, Clone)]
pub struct FirstFault {
    pub ms: Option<i64>,
    pub job: Option<usize>,
    pub attempt: Option<u32>,
    pub task: Option<String>,
    pub task_manager: Option<Str>,
    pub source: usize,
    pub line: u64,
}

/// Ends the diagnosis.
pub fn sum_up(mut work: Work) -> Diagnosis {
    let muted = work.options.muted.clone();
    rank(&mut work.out, &muted);
    let story = work.story;
    let root = work.out.findings.iter().position(|f| f.role == Role::RootCause);
    let found = |f: &&Finding| f.severity <= Severity::Warning;
    let concerned: FxHashSet<usize> = work.out.findings.iter().filter(found).flat_map(|f| f.jobs.iter().copied()).collect();
    for job in 0..story.jobs.len() {
        work.out.job_verdicts[job] = job_verdict(&work, job, concerned.contains(&job));
    }
    let any = |verdict: &str| work.out.job_verdicts.contains(&verdict);
    let warned = work.out.findings.iter().any(|f| f.severity <= Severity::Warning);
    let records: u64 = story.sources.iter().map(|s| s.digest.records).sum();
    let read_something = story.sources.iter().any(|s| !matches!(s.sniffed.role, "launcher" | "container") && s.digest.records > 0);
    let process_died = work.out.findings.iter().any(|f| f.role == Role::RootCause && &*f.pattern == "jm-process-killed")
        && story.jobs.iter().any(|j| j.attempts.last().is_some_and(|a| a.outcome == Outcome::Lost || a.outcome == Outcome::Running) && j.process_lost);
    let folded = &story.folded;
    let folded_failed = folded.by_state.contains_key(&Some(JobState::Failed));
    work.out.verdict = if !read_something || records == 0 || nothing_judged(&work) {
        "not-assessed"
    } else if any("failed") || process_died || folded_failed {
        "failed"
    } else if root.is_some_and(|r| &*work.out.findings[r].pattern != "thread-deadlock") && !story.jobs.iter().any(|j| !j.attempts.is_empty()) {
        // No job ran here: what was asked for failed.
        "failed"
    } else if any("degraded") || warned || folded.failing > 0 {
        "degraded"
    } else if !story.jobs.is_empty() && work.out.job_verdicts.iter().all(|v| *v == "not-assessed") {
        "not-assessed"
    } else if any("healthy") || !carried_only(&work) && any_process(&work) {
        "healthy"
    } else {
        "not-assessed"
    };
    work.out.root = root;
    work.out.certainty = root.map(|r| work.out.findings[r].certainty);
    work.out.missing = missing(&work, root);
    work.out.first_fault = first_fault(&work, root);
    work.out.last_healthy = last_healthy(&work);
    work.out.still_failing = still_failing(&work);
    work.out.headline = headline(&work, root);
    work.out
}

/// Is there a process, or its garbage collector, of which something is known?
fn any_process(work: &Work) -> bool {
    let sources = &work.story.sources;
    !work.story.processes.is_empty() && sources.iter().any(|s| s.digest.first.is_some())
        || sources.iter().any(|s| s.digest.gc.as_ref().is_some_and(|log| !log.lives.is_empty()))
}

/// Did no job run in these logs, and does a piece of a log tell of an exception of which only what carries the cause is left?
fn carried_only(work: &Work) -> bool {
    let story = work.story;
    if story.jobs.iter().any(|j| !j.attempts.is_empty()) {
        return false;
    }
    story.order.iter().filter(|p| fragment(work, p.at.source)).any(|placed| {
        let told = story.entry(placed.at).exception.map(|f| work.told(f));
        told.is_some_and(|(told, slug)| told == Told::Nothing && slug == "wrapper-generic")
    })
}

/// Do the bounds leave out all that the logs cover?
fn nothing_judged(work: &Work) -> bool {
    let story = work.story;
    let ends =
        |shown: fn(&crate::digest::SourceDigest) -> Option<i64>| story.sources.iter().enumerate().filter_map(move |(i, s)| story.utc(i, shown(&s.digest)));
    let (first, last) = (ends(|d| d.first.map(|s| s.ms)).min(), ends(|d| d.last.map(|s| s.ms)).max());
    let after = matches!((work.options.since, last), (Some(since), Some(last)) if last < since);
    let before = matches!((work.options.until, first), (Some(until), Some(first)) if first > until);
    after || before
}

/// Orders findings and keeps references right.
fn rank(out: &mut Diagnosis, muted: &[String]) {
    // A finding that is another's effect is no root.
    let mut order: Vec<usize> = (0..out.findings.len()).filter(|i| !muted.iter().any(|m| *m == *out.findings[*i].pattern)).collect();
    order.sort_by(|a, b| {
        let key = |i: &usize| {
            let f = &out.findings[*i];
            (f.role != Role::RootCause, f.severity, f.certainty, f.role, f.first.unwrap_or(i64::MAX))
        };
        key(a).cmp(&key(b)).then(a.cmp(b))
    });
    // Root causes by time: the first fault is the answer.
    let roots = order.iter().take_while(|i| out.findings[**i].role == Role::RootCause).count();
    order[..roots].sort_by_key(|i| {
        let f = &out.findings[*i];
        (f.severity.max(Severity::Error), f.certainty == Certainty::Insufficient, f.first.unwrap_or(i64::MAX), *i)
    });
    let mut place = vec![usize::MAX; out.findings.len()];
    for (new, old) in order.iter().enumerate() {
        place[*old] = new;
    }
    let mut findings: Vec<_> = order.iter().map(|i| out.findings[*i].clone()).collect();
    for finding in &mut findings {
        finding.caused_by = finding.caused_by.iter().map(|i| place[*i]).filter(|i| *i != usize::MAX).collect();
    }
    out.findings = findings;
    out.attempt_findings =
        std::mem::take(&mut out.attempt_findings).into_iter().filter_map(|(k, i)| (place[i] != usize::MAX).then_some((k, place[i]))).collect();
}

/// `found`: is there a finding about the job that is worth a warning?
fn job_verdict(work: &Work, job: usize, found: bool) -> &'static str {
    let known = &work.story.jobs[job];
    let after = matches!((work.options.since, known.last), (Some(since), Some(last)) if last < since);
    let before = matches!((work.options.until, known.first), (Some(until), Some(first)) if first > until);
    if after || before || known.attempts.is_empty() && known.state.is_none() {
        return "not-assessed";
    }
    if known.state == Some(JobState::Failed) && work.judged(known.last) {
        return "failed";
    }
    if known.process_lost && known.attempts.last().is_some_and(|a| a.outcome == Outcome::Lost) {
        return "failed";
    }
    let failed = known.attempts.iter().any(|a| matches!(a.outcome, Outcome::Failed | Outcome::Lost) && work.judged(a.end));
    if failed || found { "degraded" } else { "healthy" }
}

fn missing(work: &Work, root: Option<usize>) -> Vec<Missing> {
    let mut missing: Vec<Missing> =
        work.out.findings.iter().enumerate().filter(|(i, f)| Some(*i) == root || f.role == Role::RootCause).flat_map(|(_, f)| f.missing.clone()).collect();
    // TaskManagers that the JobManager names and whose own logs are not here, where something went wrong with them.
    if root.is_some() {
        for worker in &work.story.workers {
            let lost = worker.lives.iter().any(|l| l.loss.is_some_and(crate::correlate::Loss::is_loss));
            if lost && worker.sources.is_empty() {
                missing.push(Missing { code: "no-log", subject: Some(worker.id.to_string()), text: format!("no log of TaskManager {}", worker.id) });
            }
        }
        let failed = work.story.jobs.iter().any(|j| j.attempts.iter().any(|a| a.outcome == Outcome::Failed));
        // One process may be both, and say so in one log.
        let told = |p: &Placed| matches!(&work.story.entry(p.at).what, What::TaskFailed { failure, .. } if failure.on_task_manager);
        if failed && !work.story.sources.iter().any(|s| s.sniffed.role == "taskmanager") && !work.story.order.iter().any(told) {
            missing.push(Missing { code: "no-task-manager-logs", subject: None, text: "no log of any TaskManager".to_owned() });
        }
    }
    missing.sort();
    missing.dedup();
    missing
}

fn first_fault(work: &Work, root: Option<usize>) -> Option<FirstFault> {
    let root = root?;
    first_failed_task(work, root).or_else(|| first_evidence(work, root))
}

/// Where no task failed first: a process that went, a checkpoint, a start that failed.
fn first_evidence(work: &Work, root: usize) -> Option<FirstFault> {
    let finding = &work.out.findings[root];
    let (source, line) = finding.evidence.iter().find_map(|evidence| match evidence {
        Evidence::Entry { at, place, .. } => Some((at.source, place.line)),
        Evidence::Quote { source, quote, .. } => Some((*source, quote.place.line)),
        Evidence::Absence { source, quote, .. } => quote.as_ref().map(|quote| (*source, quote.place.line)),
    })?;
    let job = finding.jobs.first().copied();
    let attempt = job.and_then(|j| work.story.jobs[j].attempts.iter().rev().find(|a| a.start <= finding.first)).map(|a| a.number);
    Some(FirstFault { ms: finding.first, job, attempt, task: None, task_manager: finding.task_manager.clone(), source, line })
}

fn first_failed_task(work: &Work, root: usize) -> Option<FirstFault> {
    let ((job, attempt), _) = work
        .out
        .attempt_findings
        .iter()
        .filter(|(_, finding)| **finding == root)
        .min_by_key(|((job, attempt), _)| (work.story.jobs[*job].attempts[*attempt].end, *job, *attempt))?;
    let known = &work.story.jobs[*job].attempts[*attempt];
    let at = *known.failures.first()?;
    let (task, location) = match &work.story.entry(at).what {
        What::TaskFailed { failure, .. } => (Some(failure.task.to_string()), failure.location.clone()),
        _ => (None, None),
    };
    let id = location.as_deref().map(|l| crate::classify::text::resource_id(l.as_bytes()));
    let task_manager = id.map(|id| String::from_utf8_lossy(id).as_ref().into()).or_else(|| work.out.findings[root].task_manager.clone());
    Some(FirstFault {
        ms: work.story.time(at),
        job: Some(*job),
        attempt: Some(known.number),
        task,
        task_manager,
        source: at.source,
        line: work.story.entry(at).place.line,
    })
}

/// The last checkpoint that completed before the first fault.
fn last_healthy(work: &Work) -> Option<(Option<i64>, Option<u64>, usize)> {
    let fault = work.out.first_fault.as_ref()?;
    let job = fault.job?;
    fault.ms?;
    let attempts = &work.story.jobs[job].attempts;
    let (done, ms) = attempts
        .iter()
        .filter(|a| fault.attempt.is_none_or(|n| a.number <= n))
        .filter_map(|a| a.last_completed)
        .rfind(|(_, ms)| ms.is_none() || *ms <= fault.ms)?;
    Some((ms, Some(done.id), fault.source))
}

fn still_failing(work: &Work) -> Option<bool> {
    let root = &work.out.findings[work.out.root?];
    // What has no time, and an end that is not judged, say nothing of the end.
    root.first?;
    if !work.judged(work.story.jobs.iter().filter_map(|job| job.last).max()) {
        return None;
    }
    if work.story.folded.by_state.contains_key(&Some(JobState::Failed)) {
        return Some(true);
    }
    let mut states = work.story.jobs.iter().filter(|j| !j.attempts.is_empty()).peekable();
    states.peek()?;
    Some(states.any(|j| match j.state {
        Some(JobState::Failed | JobState::Failing | JobState::Restarting) => true,
        Some(JobState::Running) => {
            j.attempts.last().is_some_and(|a| {
                let stuck = a.number > 1 && a.completed == 0 && a.triggered > 0 && a.failed > 0;
                // A piece of a log that ends before the job's state changes.
                let failed = a.failures.last().and_then(|at| work.story.time(*at));
                let broken = failed.is_some_and(|failed| a.last_completed.and_then(|(_, ms)| ms).is_none_or(|done| done < failed));
                a.outcome == Outcome::Running && (stuck || broken)
            })
        }
        _ => false,
    }))
}

fn headline(work: &Work, root: Option<usize>) -> String {
    let story = work.story;
    let jobs = story.jobs.iter().filter(|j| !j.attempts.is_empty()).count() as u64 + story.folded.jobs;
    let Some(root) = root else {
        return match (work.out.verdict, jobs) {
            ("not-assessed", _) if nothing_judged(work) => "The logs end before or begin after the time that was asked for".to_owned(),
            ("not-assessed", _) => "Too little was read to say anything".to_owned(),
            _ if story.folded.failing > 0 => format!("{} of {jobs} jobs failed, all of them among those that were only counted", story.folded.failing),
            ("degraded", _) => "No failure, but figures beyond their thresholds".to_owned(),
            (_, 0) => "No job in these logs, and no failure".to_owned(),
            (_, 1) => {
                let job = story.jobs.iter().find(|j| !j.attempts.is_empty());
                let name = job.and_then(|j| j.name.as_deref()).unwrap_or("the job");
                let state = job.and_then(|j| j.state).map_or("UNKNOWN", JobState::name);
                format!("{name}: no failure ({state})")
            }
            (_, n) => format!("{n} jobs, no failure"),
        };
    };
    let finding = &work.out.findings[root];
    let name = finding.jobs.first().and_then(|j| story.jobs[*j].name.as_deref());
    let mut text = match name {
        Some(name) => format!("{name}: {}", finding.title),
        None => finding.title.clone(),
    };
    let restarts: u64 = finding.jobs.iter().map(|j| story.jobs[*j].restarts).sum();
    let state = finding.jobs.first().filter(|j| work.judged(story.jobs[**j].last)).and_then(|j| story.jobs[*j].state);
    match state {
        Some(JobState::Failed) if restarts > 0 => text.push_str(&format!("; FAILED after {}", restart_count(restarts))),
        Some(JobState::Failed) => text.push_str("; FAILED"),
        _ if restarts > 0 => text.push_str(&format!("; {}", restart_count(restarts))),
        _ => {}
    }
    let roots = work.out.findings.iter().filter(|f| f.role == Role::RootCause).count();
    if roots > 1 {
        // Those of jobs that were only counted are not known.
        let least = if story.folded.failing > 0 { "at least " } else { "" };
        text.push_str(&format!("; and {least}{} further independent cause{}", roots - 1, if roots > 2 { "s" } else { "" }));
    }
    text
}

fn restart_count(n: u64) -> String {
    if n == 1 { "1 restart".to_owned() } else { format!("{n} restarts") }
}

/// Evidence is sorted by time within a finding when the report is built.
pub fn evidence_time(evidence: &Evidence) -> Option<i64> {
    match evidence {
        Evidence::Entry { ms, .. } | Evidence::Quote { ms, .. } => *ms,
        Evidence::Absence { from, .. } => *from,
    }
}
