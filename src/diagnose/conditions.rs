//! Conditions beside failed attempts: checkpoints that fail while the job goes on, processes that end, pasted traces without a job, thresholds.

use super::cause::{Cause, Told};
use super::chain::Seen;
use super::finding::{Certainty, Evidence, Finding, Role};
use super::incidents::{self, Work};
use super::losses;
use super::worker::ends_the_process;
use crate::correlate::{Attempt, EntryRef, Job, Outcome};
use crate::digest::What;
use crate::digest::matters::subject_of;
use crate::event::{CheckpointReason, JobState, Kind};
use crate::layout::Level;
use crate::patterns::{Nature, Pattern, Severity};

/// Looks at everything that is no failed attempt.
pub fn look(work: &mut Work) {
    let told = savepoints_told_to_clients(work);
    for job in 0..work.story.jobs.len() {
        checkpoints(work, job, &told);
        never_ran(work, job);
    }
    lost_job_managers(work);
    losses::look(work);
    fatal_processes(work);
    pasted(work);
}

/// Checkpoints and savepoints that failed by themselves, not because the job was failing anyway.
fn checkpoints(work: &mut Work, job: usize, told: &[(EntryRef, u64)]) {
    let story = work.story;
    let mut seen = 0;
    for placed in work.index.failed_checkpoints.remove(&story.jobs[job].id).unwrap_or_default() {
        let entry = story.entry(placed.at);
        let What::Event(Kind::CheckpointFailed { reason, .. }) = &entry.what else { continue };
        if !work.judged(placed.ms) || seen > 2_000 {
            continue;
        }
        let by_itself = matches!(
            reason,
            CheckpointReason::Expired
                | CheckpointReason::Async
                | CheckpointReason::Sync
                | CheckpointReason::Declined
                | CheckpointReason::Finalization
                | CheckpointReason::Io
                | CheckpointReason::Other
        );
        // A decline says why in the lines that follow it.
        let told = entry.exception.map(|f| work.told(f));
        let explained = matches!(told, Some((Told::Cause | Told::Unnamed, _)));
        if !explained && (!by_itself || *reason == CheckpointReason::Declined) {
            continue;
        }
        seen += 1;
        // Failures around a failed attempt have their cause there.
        if during_failure(work, job, placed.ms) {
            continue;
        }
        if let Some(fingerprint) = entry.exception.filter(|_| explained) {
            let cause = work.stated(fingerprint, placed.at);
            if &*cause.slug != "unclassified-exception" {
                let cause = as_savepoint(work, job, placed.at, cause);
                work.note_alone(cause, Some(job), Role::RootCause);
            }
            continue;
        }
        if *reason == CheckpointReason::Expired
            && !work.has("cp-expired")
            && let Some(cause) = work.checkpoint_cause(job, None, placed.ms)
        {
            work.note_alone(cause, Some(job), Role::RootCause);
        }
    }
    if !failed_savepoints(work, job) {
        told_by_client(work, job, told);
    }
}

/// Is there a savepoint request shortly before, that this failure answers?
fn as_savepoint(work: &Work, job: usize, at: EntryRef, mut cause: Cause) -> Cause {
    let ms = work.story.time(at);
    let asked = work.story.jobs[job].savepoint_requests.iter().rev().find(|(request, _)| match (work.story.time(*request), ms) {
        (Some(asked), Some(now)) => asked <= now && now - asked < 600_000,
        _ => false,
    });
    if let Some((request, _)) = asked
        && matches!(&*cause.slug, "cp-dir-create-failed" | "cp-trigger-io-failure")
    {
        cause.symptoms.push(("savepoint-failed".into(), Evidence::of(work.story, *request).into_iter().collect()));
    }
    cause
}

fn during_failure(work: &Work, job: usize, ms: Option<i64>) -> bool {
    let Some(ms) = ms else { return false };
    work.story.jobs[job].attempts.iter().any(|a| {
        let failed = matches!(a.outcome, Outcome::Failed | Outcome::Lost);
        let explained = a.end.is_some_and(|end| end - 15_000 <= ms && ms <= end + 15_000);
        failed && explained
    })
}

/// A savepoint that was asked for and neither completed nor was explained. Out: was one found?
fn failed_savepoints(work: &mut Work, job: usize) -> bool {
    let story = work.story;
    for (request, _) in &story.jobs[job].savepoint_requests {
        let asked = story.time(*request);
        if !work.judged(asked) {
            continue;
        }
        // The answer: a record of the JobManager or its REST endpoint with an exception, soon after.
        let Some(asked) = asked else { continue };
        let answers: Vec<_> =
            incidents::since(&work.index.with_exception, Some(asked)).iter().take_while(|p| p.ms.is_some_and(|ms| ms - asked < 60_000)).copied().collect();
        for placed in answers {
            let entry = story.entry(placed.at);
            let Some(fingerprint) = entry.exception else { continue };
            let Some(known) = work.thrown.get(&fingerprint) else { continue };
            // A savepoint that completes does away with the checkpoints before it.
            if matches!(entry.what, What::Event(Kind::CheckpointFailed { reason: CheckpointReason::Superseded, .. })) {
                continue;
            }
            let about = known.group.thrown.trace.links.iter().any(|l| {
                l.message.contains("avepoint")
                    || l.message.contains("triggering the checkpoint")
                    || l.message.contains("Trigger checkpoint failure")
                    || l.class.ends_with("CheckpointException")
            });
            if !about || during_failure(work, job, placed.ms) {
                continue;
            }
            let (told, slug) = work.told(fingerprint);
            let mut cause = work.stated(fingerprint, placed.at);
            if told != Told::Cause || slug == "external-connection" {
                cause.slug = "savepoint-failed".into();
                cause.detail.clear();
                cause.certainty = Certainty::Possible;
            }
            let same = work
                .out
                .findings
                .iter()
                .any(|f| f.role == Role::RootCause && f.first.is_some_and(|t| placed.ms.is_some_and(|m| (t - m).abs() < 60_000)) && f.jobs.contains(&job));
            if !same {
                cause.evidence.extend(Evidence::of(story, *request));
                work.note_alone(cause, Some(job), Role::RootCause);
            }
            return true;
        }
    }
    false
}

/// Exceptions of clients that speak of a savepoint.
fn savepoints_told_to_clients(work: &Work) -> Vec<(EntryRef, u64)> {
    let story = work.story;
    let untimed = work.index.with_exception.iter().filter(|p| matches!(story.sources[p.at.source].sniffed.role, "client" | "stdout"));
    let told = untimed.filter_map(|p| Some((p.at, story.entry(p.at).exception?)));
    let speaks = |fingerprint: &u64| work.thrown.get(fingerprint).is_some_and(|k| k.group.thrown.trace.links.iter().any(|l| l.message.contains("avepoint")));
    told.filter(|(_, fingerprint)| speaks(fingerprint)).collect()
}

/// A savepoint whose failure only the client was told: its output has no times, but names the job.
fn told_by_client(work: &mut Work, job: usize, told: &[(EntryRef, u64)]) {
    let story = work.story;
    let id = story.jobs[job].id.to_string();
    for &(at, fingerprint) in told {
        let Some(known) = work.thrown.get(&fingerprint) else { continue };
        let links = &known.group.thrown.trace.links;
        if !links.iter().any(|l| l.message.contains("avepoint") && l.message.contains(&id)) || !work.judged(story.time(at)) {
            continue;
        }
        let (told, slug) = work.told(fingerprint);
        // The cluster may have told the reason already.
        let known = |p: &str| p == slug || p == "savepoint-failed" || told != Told::Cause && p.starts_with("cp-");
        if work.out.findings.iter().any(|f| f.role == Role::RootCause && f.jobs.contains(&job) && known(&f.pattern)) {
            continue;
        }
        let mut cause = work.stated(fingerprint, at);
        if told != Told::Cause {
            cause.slug = "savepoint-failed".into();
            cause.detail.clear();
            cause.certainty = Certainty::Likely;
        }
        let request = story.jobs[job].savepoint_requests.first().and_then(|(request, _)| Evidence::of(story, *request));
        cause.evidence.extend(request);
        work.note_alone(cause, Some(job), Role::RootCause);
    }
}

/// A job that failed before any attempt ran: its initialisation says why.
fn never_ran(work: &mut Work, job: usize) {
    let known = &work.story.jobs[job];
    if known.state != Some(JobState::Failed) || !work.judged(known.last) {
        return;
    }
    if work.explained.contains(&job) {
        return;
    }
    let near: Vec<EntryRef> = work.index.with_exception.iter().filter(|p| known.sources.contains(&p.at.source)).map(|p| p.at).take(64).collect();
    if let Some(cause) = work.cause_of(Some(job), None, &near) {
        work.note_alone(cause, Some(job), Role::RootCause);
    }
}

/// JobManagers whose log stops without a word while others go on.
fn lost_job_managers(work: &mut Work) {
    if work.has("jm-process-killed") {
        return;
    }
    let Some(process) = work.silent_job_manager(None) else { return };
    let known = &work.story.processes[process];
    // It matters if it had jobs that ran, or TaskManagers notice.
    let had_jobs = work.story.jobs.iter().position(|j| {
        j.attempts.last().is_some_and(|a| a.outcome == Outcome::Running || a.outcome == Outcome::Unknown || a.outcome == Outcome::Lost)
            && j.state_entry.is_some_and(|e| known.sources.contains(&e.source))
    });
    // A time-out is noticed when it has passed; one that runs out sooner began before the log ends, and one much later is about something else.
    let timeout = work.heartbeat_timeout_set();
    let (least, most) = (timeout.map_or(2_000, |timeout| timeout / 2), work.noticed_within());
    let noticed = work.story.order.iter().find_map(|p| {
        let silence = p.ms.zip(known.end).map(|(ms, end)| ms - end).filter(|silence| (1..=most).contains(silence))?;
        let id = work.story.entry(p.at).pattern.and_then(|i| work.rules.pattern(i))?.id;
        let tells = match id {
            "heartbeat-jm-timeout" => silence >= least,
            _ => matches!(id, "jm-connection-closed" | "job-leader-lost"),
        };
        (tells && work.story.sources[p.at.source].sniffed.role == "taskmanager").then_some((p.at, id))
    });
    // A JobManager at peace says nothing either, and logs are not all fetched at one time: TaskManagers that go on notice its end.
    if had_jobs.is_some()
        && let Some((at, noticed)) = noticed
        && work.judged(known.end)
        && let Some(mut cause) = work.collected_long(at).or_else(|| work.leader_cause(known.end.map(|e| e + 60_000)))
    {
        cause.symptoms.push((noticed.into(), Evidence::of(work.story, at).into_iter().collect()));
        work.note_alone(cause, had_jobs, Role::RootCause);
    }
}

/// Processes that ended by a fatal error which no attempt explains.
fn fatal_processes(work: &mut Work) {
    for placed in &work.story.order {
        let entry = work.story.entry(placed.at);
        let What::Event(Kind::Fatal { .. }) = &entry.what else { continue };
        let role = work.story.sources[placed.at.source].sniffed.role;
        let near = |f: &&Finding| {
            f.role == Role::RootCause
                && (f.first.is_none() || f.first.is_some_and(|t| placed.ms.is_some_and(|m| m + 120_000 >= t && m - 600_000 <= f.last.unwrap_or(t))))
        };
        // One of a TaskManager may have to do with a job that is not looked at.
        let of_folded = role == "taskmanager" && work.story.folded.failed_at(placed.ms);
        if of_folded || !work.judged(placed.ms) || after_stop(work, placed.at) {
            continue;
        }
        let Some(mut cause) = work.cause_of(None, None, &[placed.at]) else { continue };
        // Equal errors of other processes may have another name.
        let stated = entry.exception.is_some_and(|fingerprint| work.told(fingerprint).1 == &*cause.slug);
        let named = entry.pattern.and_then(|index| work.rules.pattern(index)).filter(|named| named.nature == Nature::Cause);
        if let Some(named) = named.filter(|_| stated) {
            cause.slug = named.id.into();
        }
        // No failure of a job explains that a JobManager has no memory left.
        let by_itself = role == "jobmanager" && ends_the_process(&cause.slug);
        let explains = |f: &Finding| !by_itself || f.task_manager.is_none() && ends_the_process(&f.pattern);
        if !work.out.findings.iter().filter(near).any(explains) {
            work.note_alone(cause, None, Role::RootCause);
        }
    }
}

/// Did the process get a signal before this?
fn after_stop(work: &Work, at: EntryRef) -> bool {
    work.story.sources[at.source].digest.entries[..at.entry]
        .iter()
        .rev()
        .take(200)
        .any(|e| matches!(&e.what, What::Event(Kind::Signal { .. } | Kind::ShuttingDown { .. })))
}

/// No job in the logs: a pasted trace, a client's log, a start that failed. The first cause that is told is all there is.
fn pasted(work: &mut Work) {
    if work.out.findings.iter().any(|f| f.role == Role::RootCause) {
        return;
    }
    let story = work.story;
    let attempts = || story.jobs.iter().flat_map(|j| &j.attempts);
    let ran_once = |j: &Job| matches!(j.state, Some(JobState::Running));
    // Of a job that a piece of a log only mentions, by its checkpoints or as it begins, nobody knows how it went on.
    let not_seen_running =
        |a: &Attempt| matches!(a.outcome, Outcome::Running | Outcome::Unknown) && a.running.is_none() && a.failures.is_empty() && a.triggered == 0;
    let in_passing =
        |j: &Job, a: &Attempt| (a.begun_by == "unknown" || not_seen_running(a) && !ran_once(j)) && a.begin_entry.is_some_and(|at| fragment(work, at.source));
    if !story.jobs.iter().all(|j| j.attempts.iter().all(|a| in_passing(j, a))) {
        return;
    }
    let ran = attempts().next().is_some();
    let ended = jobs_ended_well(work);
    let told_by = |role: &str| !matches!(role, "gc" | "zookeeper" | "launcher" | "historyserver");
    let mut failures: Vec<EntryRef> = Vec::new();
    let mut hits: Vec<(EntryRef, u16)> = Vec::new();
    for placed in &story.order {
        let entry = story.entry(placed.at);
        let role = story.sources[placed.at.source].sniffed.role;
        let quiet = entry.level < Level::Unknown && role != "unknown" && !fragment(work, placed.at.source);
        if !told_by(role) || quiet || !work.judged(placed.ms) {
            continue;
        }
        let benign = entry.pattern.and_then(|i| work.rules.pattern(i)).is_some_and(|p| p.nature == Nature::Benign);
        if benign || is_over(work, placed.at) || is_after(work, placed.at, ended) {
            continue;
        }
        if entry.exception.is_some() && failures.len() < 500 {
            failures.push(placed.at);
        } else if let Some(pattern) = entry.pattern.filter(|_| hits.len() < 500) {
            hits.push((placed.at, pattern));
        }
    }
    // What a job outlived was no end of it.
    let done = attempts().filter_map(|a| a.last_completed.and_then(|(_, ms)| ms)).max();
    failures.retain(|at| done.is_none() || story.time(*at) >= done);
    let told: Vec<(EntryRef, Told)> = failures.iter().filter_map(|at| Some((*at, work.told(story.entry(*at).exception?).0))).collect();
    // Where a job goes on, only what no process survives and what was logged as an error can have ended it.
    let ends_all =
        |at: EntryRef| story.entry(at).exception.and_then(|f| work.rules.packs.get(work.told(f).1)).is_some_and(|p| p.severity == Severity::Critical);
    let fatal = told.iter().find(|(at, t)| ran && *t == Told::Cause && ends_all(*at));
    let told: Vec<_> = told.iter().filter(|(at, _)| !ran || story.entry(*at).level >= Level::Error).copied().collect();
    let first_cause = fatal.or_else(|| told.iter().find(|(_, t)| *t == Told::Cause)).or_else(|| told.iter().find(|(_, t)| *t == Told::Unnamed));
    hits.retain(|_| !ran);
    let hit = hits.iter().find(|(_, i)| work.rules.pattern(*i).is_some_and(|p| matches!(p.nature, Nature::Cause | Nature::Either)));
    // A process that says why it ended, or a trace that somebody pasted, is a cause; a WARN of a living process is none.
    let decisive = |at: EntryRef| {
        let role = story.sources[at.source].sniffed.role;
        let level = story.entry(at).level;
        matches!(role, "unknown" | "stdout" | "client" | "container" | "hs-err")
            || level >= Level::Error
            || level == Level::Unknown
            || fragment(work, at.source)
    };
    if let Some((at, told)) = first_cause.filter(|(at, _)| decisive(*at)) {
        if let Some(fingerprint) = story.entry(*at).exception {
            let mut cause = work.stated(fingerprint, *at);
            if &*cause.slug == "unclassified-exception" {
                cause.certainty = Certainty::Insufficient;
            }
            // Whether a job that began went on, lines that are not here tell.
            if attempts().any(|a| a.begun_by != "unknown") {
                cause.certainty = cause.certainty.max(Certainty::Likely);
            }
            // Code that warns of an exception has caught it; what became of the job, lines that are not here tell.
            let entry = story.entry(*at);
            if *told == Told::Unnamed && entry.level == Level::Warn && matches!(entry.what, What::Problem { .. }) {
                cause.certainty = cause.certainty.max(Certainty::Possible);
            }
            work.note_alone(cause, None, Role::RootCause);
        }
        return;
    }
    if let Some((at, index)) = hit.filter(|(at, _)| decisive(*at)) {
        let slug = work.rules.id(*index);
        // What may be an effect of something else is not sure to be the cause.
        let sure = work.rules.pattern(*index).is_some_and(|p| p.nature == Nature::Cause);
        let cause = alone(work, slug, *at, if sure { Certainty::Confirmed } else { Certainty::Likely }, false);
        work.note_alone(cause, None, Role::RootCause);
        return;
    }
    // Only symptoms: reported as such, at most possible.
    let symptom = told.iter().find(|(_, t)| *t == Told::Symptom).map(|(at, _)| *at);
    // What is told at INFO and is of no weight is told by every job that starts.
    let routine = |at: EntryRef, p: &Pattern| story.entry(at).level == Level::Info && p.severity == Severity::Info;
    let is_symptom = |at: EntryRef, p: &Pattern| p.nature == Nature::Symptom && !routine(at, p);
    let symptom_hit = hits.iter().find(|(at, i)| work.rules.pattern(*i).is_some_and(|p| is_symptom(*at, p))).copied();
    if let Some(at) = symptom.filter(|at| decisive(*at))
        && let Some(fingerprint) = story.entry(at).exception
    {
        let cause = work.cause_of(None, None, &[at]).unwrap_or_else(|| work.stated(fingerprint, at));
        work.note_alone(cause, None, Role::RootCause);
    } else if let Some((at, index)) = symptom_hit.filter(|(at, _)| decisive(*at)) {
        let slug = work.rules.id(index);
        let seen = Seen { at, job: None, worker: None };
        let cause = match work.led_to(slug, seen) {
            Some(cause) => cause.with_symptom(slug, Evidence::of(story, at)),
            None => alone(work, slug, at, Certainty::Possible, true),
        };
        work.note_alone(cause, None, Role::RootCause);
    }
}

/// When the last job ended, if all that are known ended well: finished or cancelled.
fn jobs_ended_well(work: &Work) -> Option<i64> {
    let well = |job: &Job| matches!(job.state, Some(JobState::Finished | JobState::Canceled));
    let ends = work.story.jobs.iter().map(|job| job.last.filter(|_| well(job)));
    ends.collect::<Option<Vec<_>>>()?.into_iter().max()
}

/// Is it an effect of processes that go after the last job ended?
fn is_after(work: &Work, at: EntryRef, ended: Option<i64>) -> bool {
    let entry = work.story.entry(at);
    let symptom = pattern_of(work, at).is_some_and(|p| p.nature == Nature::Symptom);
    symptom && entry.level == Level::Warn && ended.is_some() && work.story.time(at) >= ended
}

/// Does the log that warns of some trouble say further down that it is over? What was an error, or ended a task or a process, is not undone by it.
pub(super) fn is_over(work: &Work, at: EntryRef) -> bool {
    let entry = work.story.entry(at);
    let survivable = matches!(entry.what, What::Problem { .. } | What::Event(Kind::ConnectionToZooKeeper { .. }));
    if !survivable || matches!(entry.level, Level::Error | Level::Fatal | Level::Unknown) {
        return false;
    }
    let Some(known) = pattern_of(work, at).filter(|known| !known.over_with.is_empty()) else { return false };
    let quote = work.story.quote(at);
    let subject = quote.as_ref().and_then(|quote| subject_of(&quote.text));
    work.story.sources[at.source].digest.matters.recoveries.iter().any(|recovery| {
        let is_its = known.over_with.iter().any(|id| work.rules.packs.index_of(id) == Some(usize::from(recovery.pattern)));
        is_its && recovery.line > entry.place.line && recovery.subject.as_deref() == subject
    })
}

/// The pattern that names what an entry tells.
fn pattern_of<'w>(work: &'w Work, at: EntryRef) -> Option<&'w Pattern> {
    let entry = work.story.entry(at);
    match entry.exception {
        Some(fingerprint) => work.rules.packs.get(work.told(fingerprint).1),
        None => entry.pattern.and_then(|i| work.rules.pattern(i)),
    }
}

/// A piece of a log without a start banner: somebody picked these lines.
pub(super) fn fragment(work: &Work, source: usize) -> bool {
    let digest = &work.story.sources[source].digest;
    digest.records < 500 && !digest.has_banner
}

pub(super) fn alone(work: &Work, slug: &str, at: EntryRef, certainty: Certainty, is_symptom: bool) -> Cause {
    Cause {
        slug: slug.into(),
        detail: String::new(),
        certainty,
        exception: None,
        worker: None,
        evidence: Evidence::of(work.story, at).into_iter().collect(),
        symptoms: Vec::new(),
        missing: if is_symptom { work.undecided(slug) } else { Vec::new() },
        ms: work.story.time(at),
        is_symptom,
        note: None,
    }
}
