//! Figures beyond the thresholds of `flinklog.toml`: observations of severity warning, never above a real cause.

use super::finding::{Certainty, Evidence, Finding, Role, Severity};
use super::incidents::Work;
use crate::correlate::EntryRef;
use crate::digest::What;
use crate::event::{CheckpointReason, Kind};

/// Checkpoints that must have ended before a share of failures means anything.
const MIN_CHECKPOINTS: u64 = 10;

/// Looks at every figure.
pub fn look(work: &mut Work) {
    for job in 0..work.story.jobs.len() {
        slow_checkpoints(work, job);
        failing_checkpoints(work, job);
        restarts(work, job);
    }
    load(work);
}

/// An observation of a pattern; `figure` says what was measured.
fn observation(work: &Work, slug: &str, figure: String) -> Finding {
    let mut finding = Finding::new(slug, work.rules.packs.get(slug), Role::Observation, Certainty::Confirmed);
    finding.explanation = format!("{figure} {}", finding.explanation).trim_end().to_owned();
    finding.severity = Severity::Warning;
    finding.restart_helps = None;
    finding.count = 1;
    finding
}

fn push(work: &mut Work, finding: Finding) {
    if !finding.evidence.is_empty() && work.out.findings.len() < 10_000 {
        work.out.findings.push(finding);
    }
}

/// An entry that shows the job's checkpoints.
fn checkpoint_entry(work: &Work, job: usize) -> Option<EntryRef> {
    work.index.last_checkpoints.get(&work.story.jobs[job].id).copied()
}

fn slow_checkpoints(work: &mut Work, job: usize) {
    let limit = work.options.thresholds.checkpoint_duration_s;
    let checkpoints = &work.story.jobs[job].checkpoints;
    let (Some((_, longest)), Some((source, last))) = (checkpoints.figures.durations.bounds(), checkpoints.last_completed) else { return };
    if longest as f64 <= limit * 1000.0 {
        return;
    }
    let text = format!("The longest completed checkpoint took {:.1} s; the threshold is {limit} s.", longest as f64 / 1000.0);
    let mut finding = observation(work, "checkpoint-slow", text);
    finding.jobs.push(job);
    finding.at(work.story.utc(source, last.ms));
    finding.cite(checkpoint_entry(work, job).and_then(|at| Evidence::of(work.story, at)));
    push(work, finding);
}

/// The share of checkpoints that failed by themselves; those that a failing job took along do not count.
fn failing_checkpoints(work: &mut Work, job: usize) {
    let limit = work.options.thresholds.checkpoint_failure_rate;
    let checkpoints = &work.story.jobs[job].checkpoints;
    let own = |reason: &CheckpointReason| {
        !matches!(
            reason,
            CheckpointReason::NotTriggerable
                | CheckpointReason::JobFailure
                | CheckpointReason::TaskFailure
                | CheckpointReason::Cancelled
                | CheckpointReason::Superseded
        )
    };
    let failed: u64 = checkpoints.by_reason.iter().filter(|(reason, _)| own(reason)).map(|(_, n)| n).sum();
    let ended = checkpoints.completed + failed;
    if ended < MIN_CHECKPOINTS || (failed as f64) <= limit * ended as f64 {
        return;
    }
    let text = format!("{failed} of {ended} checkpoints failed; the threshold is {:.0} %.", limit * 100.0);
    let mut finding = observation(work, "checkpoint-failure-rate", text);
    finding.jobs.push(job);
    finding.cite(checkpoint_entry(work, job).and_then(|at| Evidence::of(work.story, at)));
    push(work, finding);
}

fn restarts(work: &mut Work, job: usize) {
    let limit = work.options.thresholds.restarts_per_hour;
    let known = &work.story.jobs[job];
    let times: Vec<(i64, EntryRef)> =
        known.attempts.iter().filter(|a| matches!(a.begun_by, "restart" | "region-failover")).filter_map(|a| Some((a.start?, a.begin_entry?))).collect();
    // The busiest hour.
    let (mut most, mut begin) = (0, 0);
    for end in 0..times.len() {
        while times[end].0 - times[begin].0 > 3_600_000 {
            begin += 1;
        }
        most = most.max(end - begin + 1);
    }
    if (most as f64) <= limit {
        return;
    }
    let text = format!("{most} restarts within one hour; the threshold is {limit}.");
    let mut finding = observation(work, "restarts-per-hour", text);
    finding.jobs.push(job);
    finding.count = most as u64;
    if let (Some(first), Some(last)) = (times.first(), times.last()) {
        finding.at(Some(first.0));
        finding.at(Some(last.0));
        finding.cite(Evidence::of(work.story, first.1));
    }
    push(work, finding);
}

/// Back pressure and slots, as metrics reports in the logs show them.
fn load(work: &mut Work) {
    let limits = work.options.thresholds.clone();
    let mut since: Option<(EntryRef, i64)> = None;
    let mut longest: Option<(i64, EntryRef, String)> = None;
    let mut full: Option<(EntryRef, f64)> = None;
    let mut slow: Option<(EntryRef, f64, String)> = None;
    for placed in &work.story.order {
        let What::Event(Kind::Metrics(report)) = &work.story.entry(placed.at).what else { continue };
        let Some(ms) = placed.ms.filter(|ms| work.judged(Some(*ms))) else { continue };
        match &report.back_pressure {
            Some((share, task)) if *share > limits.back_pressure => {
                let (at, begun) = *since.get_or_insert((placed.at, ms));
                if longest.as_ref().is_none_or(|(known, ..)| ms - begun > *known) {
                    longest = Some((ms - begun, at, task.to_string()));
                }
            }
            Some(_) => since = None,
            // Another process's report, without tasks.
            None => {}
        }
        if let Some((seconds, place)) = &report.latency
            && *seconds > limits.latency_s
            && slow.as_ref().is_none_or(|(_, most, _)| seconds > most)
        {
            slow = Some((placed.at, *seconds, place.to_string()));
        }
        if let (Some(limit), Some(total), Some(free)) = (limits.slot_use, report.slots_total.filter(|t| *t > 0), report.slots_available) {
            let used = 1.0 - free as f64 / total as f64;
            if used > limit && full.is_none() {
                full = Some((placed.at, used));
            }
        }
    }
    if let Some((ms, at, task)) = longest.filter(|(ms, ..)| *ms as f64 >= limits.back_pressure_s * 1000.0) {
        let text = format!("{task} was back pressured more than {:.0} % of the time for {} s.", limits.back_pressure * 100.0, ms / 1000);
        let mut finding = observation(work, "backpressure", text);
        finding.cite(Evidence::of(work.story, at));
        finding.at(work.story.time(at));
        if !work.has("backpressure") {
            push(work, finding);
        }
    }
    if let Some((at, seconds, place)) = slow {
        let text = format!("99 % of the latency markers of {place} took up to {seconds:.1} s; the threshold is {} s.", limits.latency_s);
        let mut finding = observation(work, "latency-high", text);
        finding.cite(Evidence::of(work.story, at));
        finding.at(work.story.time(at));
        push(work, finding);
    }
    if let Some((at, used)) = full {
        let mut finding = observation(work, "slots-full", format!("{:.0} % of the slots are in use.", used * 100.0));
        finding.cite(Evidence::of(work.story, at));
        push(work, finding);
    }
}
