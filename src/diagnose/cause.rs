//! From a failure to its cause: the deepest link of the trace that is specific, and where that is only a symptom, what made it happen.

use super::chain::Seen;
use super::finding::{Certainty, Evidence, Missing};
use super::incidents::Work;
use crate::correlate::EntryRef;
use crate::digest::What;
use crate::event::Str;
use crate::exception::{FrameCategory, Trace};
use crate::patterns::{Nature, Subject};
use crate::rules;

/// Symptoms behind which a TaskManager's end stands.
const WORKER_SYMPTOMS: &[&str] = &[
    "heartbeat-tm-timeout",
    "tm-unreachable",
    "remote-tm-lost",
    "netty-connect-failed",
    "netty-local-transport",
    "partition-not-found",
    "slot-removed",
    "rpc-ask-timeout",
    "rpc-recipient-unreachable",
    "task-cancel-watchdog",
    "rpc-association-gated",
];
/// Symptoms behind which failed checkpoints stand.
pub(super) const CHECKPOINT_SYMPTOMS: &[&str] =
    &["cp-tolerable-exceeded", "cp-expired", "cp-declined-task-not-ready", "cp-coordinator-suspend", "savepoint-failed"];
/// Symptoms behind which the JobManager's end stands.
const LEADER_SYMPTOMS: &[&str] = &["heartbeat-jm-timeout", "job-leader-lost", "k8s-leader-lost"];
/// How long after a symptom the platform's death notice may come, in milliseconds.
pub(super) const AFTER_MS: i64 = 60_000;

/// What made an attempt fail.
#[derive(Debug, Clone)]
pub struct Cause {
    pub slug: Str,
    /// Tells causes of one slug apart: class and frame of an exception, id of a TaskManager.
    pub detail: String,
    pub certainty: Certainty,
    pub exception: Option<u64>,
    pub worker: Option<usize>,
    pub evidence: Vec<Evidence>,
    /// From the cause to what was seen first: slug and its words.
    pub symptoms: Vec<(Str, Vec<Evidence>)>,
    pub missing: Vec<Missing>,
    pub ms: Option<i64>,
    /// Only effects are known.
    pub is_symptom: bool,
    pub note: Option<String>,
}

impl Cause {
    pub(super) fn new(slug: &str, certainty: Certainty, ms: Option<i64>) -> Cause {
        Cause {
            slug: slug.into(),
            detail: String::new(),
            certainty,
            exception: None,
            worker: None,
            evidence: Vec::new(),
            symptoms: Vec::new(),
            missing: Vec::new(),
            ms,
            is_symptom: false,
            note: None,
        }
    }

    pub(super) fn with_symptom(mut self, slug: &str, evidence: Option<Evidence>) -> Cause {
        if *self.slug != *slug && !self.symptoms.iter().any(|(known, _)| **known == *slug) {
            self.symptoms.push((slug.into(), evidence.into_iter().collect()));
        }
        self
    }
}

/// What an exception is, as far as its own text tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Told {
    /// A cause that a pattern names.
    Cause,
    /// An exception of the user's code, or one that no pattern knows.
    Unnamed,
    Symptom,
    /// Cancellation, wrappers without a cause, noise.
    Nothing,
}

impl Work<'_> {
    /// What the exception of a fingerprint tells, and the slug for it.
    pub fn told(&self, fingerprint: u64) -> (Told, &'static str) {
        let fingerprint = self.in_full(fingerprint);
        let Some(thrown) = self.thrown.get(&fingerprint).map(|t| &t.group.thrown) else { return (Told::Nothing, "") };
        let trace = &thrown.trace;
        if let Some((index, depth)) = thrown.pattern
            && let Some(pattern) = self.rules.pattern(index)
        {
            let slug = self.rules.id(index);
            match pattern.nature {
                // What may be an effect gives way to the user's own exception below it.
                Nature::Either | Nature::Symptom if depth < trace.root && !trace.root_is_wrapper && thrown_by_user(trace) && !was_cancelled(trace) => {
                    return (Told::Unnamed, "user-code-exception");
                }
                Nature::Cause | Nature::Either => return (Told::Cause, slug),
                Nature::Symptom => return (Told::Symptom, slug),
                Nature::Benign | Nature::Recovery => return (Told::Nothing, slug),
                // The last link that is known is one that always has a cause: the trace is cut.
                Nature::Wrapper if depth == trace.root && !trace.root_is_wrapper && slug != "wrapper-generic" => return (Told::Unnamed, slug),
                Nature::Wrapper if depth == trace.root && self.says_more(trace) => return (Told::Unnamed, slug),
                Nature::Wrapper => {}
            }
        }
        if was_cancelled(trace) {
            return (Told::Nothing, "");
        }
        if trace.user_frame.is_some() && !trace.root_is_wrapper && !only_called(trace) {
            return (Told::Unnamed, "user-code-exception");
        }
        if trace.root_is_wrapper {
            return (Told::Nothing, "wrapper-generic");
        }
        (Told::Unnamed, "unclassified-exception")
    }

    /// Does the client tell, behind its own words, what the program said when it failed?
    fn says_more(&self, trace: &Trace) -> bool {
        let told = trace.root_link().and_then(|link| link.message.strip_prefix("The main method caused an error: "));
        let carries = |message| {
            let subject = Subject::Exception { class: "", message, frames: &[], process: None };
            self.rules.packs.best(&subject).is_some_and(|pattern| pattern.nature == Nature::Wrapper)
        };
        let nothing = |message: &str| {
            let a_name = !message.contains(' ') && message.contains('.');
            matches!(message, "" | "null") || a_name || message.starts_with("Job was cancelled") || message.starts_with("Job failed (JobID")
        };
        told.is_some_and(|message| !nothing(message.trim()) && !carries(message))
    }

    /// HotSpot leaves the frames of hot exceptions out: the full trace of the same class stands earlier in the logs.
    fn in_full(&self, fingerprint: u64) -> u64 {
        let Some(known) = self.thrown.get(&fingerprint).filter(|t| t.group.thrown.trace.is_fast_throw()) else { return fingerprint };
        let class = known.group.thrown.trace.root_link().map(|l| &l.class);
        let full = |f: &&u64| {
            let trace = &self.thrown[*f].group.thrown.trace;
            trace.user_frame.is_some() && trace.root_link().map(|l| &l.class) == class
        };
        self.thrown.keys().filter(full).min().copied().unwrap_or(fingerprint)
    }

    /// Did a task throw one of the exceptions whose trace HotSpot leaves out? Code that runs for every record is nearly always the user's.
    fn thrown_by_hot_code(&self, fingerprint: u64, at: EntryRef) -> bool {
        let of_a_task = matches!(self.story.entry(at).what, What::TaskFailed { .. });
        of_a_task && self.thrown.get(&fingerprint).is_some_and(|t| t.group.thrown.trace.is_fast_throw())
    }

    /// The cause that an exception itself states.
    pub fn stated(&self, fingerprint: u64, at: EntryRef) -> Cause {
        let fingerprint = self.in_full(fingerprint);
        let (told, mut slug) = self.told(fingerprint);
        let ms = self.story.time(at);
        let hot = slug == "unclassified-exception" && self.thrown_by_hot_code(fingerprint, at);
        if hot {
            slug = "user-code-exception";
        }
        let mut cause = Cause::new(slug, Certainty::Confirmed, ms);
        cause.exception = Some(fingerprint);
        cause.evidence.extend(Evidence::of(self.story, at));
        if let Some(known) = self.thrown.get(&fingerprint) {
            let trace = &known.group.thrown.trace;
            let root = trace.root_link();
            let frame = trace.user_frame.as_ref().map(|f| f.call.clone()).unwrap_or_default();
            cause.detail = match slug {
                "user-code-exception" => format!("{} {frame}", root.map_or("", |l| l.class.as_str())).trim_end().to_owned(),
                "unclassified-exception" => root.map_or(String::new(), |l| l.class.clone()),
                _ => String::new(),
            };
            if trace.cut {
                // Of a wrapper's own words alone nobody can tell the cause.
                cause.certainty = if trace.root_is_wrapper { Certainty::Possible } else { Certainty::Likely };
                cause.missing.push(Missing { code: "trace-cut", subject: None, text: "the stack trace is cut before its deepest cause".into() });
            }
            // The TaskManager's own record of the same failure is the first-hand one.
            for other in &known.first_hand {
                if *other != at && cause.evidence.len() < 3 {
                    cause.evidence.extend(Evidence::of(self.story, *other));
                }
            }
        }
        if slug == "unclassified-exception" || hot {
            cause.certainty = Certainty::Possible;
        }
        if hot {
            let text = "the stack trace is missing: where hot code throws again and again the JVM leaves it out, and `-XX:-OmitStackTraceInFastThrow` keeps it"
                .to_owned();
            cause.missing.push(Missing { code: "trace-omitted", subject: None, text });
        }
        let pattern = self.rules.packs.get(slug);
        // Where it failed is sure, what happened there is not.
        if pattern.is_some_and(|p| p.nature == Nature::Either && !rules::is_specific(p)) {
            cause.certainty = cause.certainty.max(Certainty::Likely);
        }
        if pattern.is_some_and(|p| p.nature == Nature::Wrapper) {
            cause.certainty = Certainty::Insufficient;
            if cause.missing.is_empty() {
                cause.missing.push(Missing { code: "trace-cut", subject: None, text: "the exception that it carries is not told".into() });
            }
        }
        // What may be an effect of an exception below it that no pattern calls a cause.
        let below = self.thrown.get(&fingerprint).map(|t| &t.group.thrown).is_some_and(|thrown| {
            let trace = &thrown.trace;
            let either = |(index, depth): (u16, usize)| depth < trace.root && self.rules.pattern(index).is_some_and(|p| p.nature == Nature::Either);
            !trace.root_is_wrapper && thrown.pattern.is_some_and(either)
        });
        if told == Told::Cause && below {
            cause.certainty = cause.certainty.max(Certainty::Likely);
        }
        if told == Told::Symptom {
            cause.is_symptom = true;
            cause.certainty = Certainty::Possible;
        }
        cause
    }

    /// The cause of a failure that these entries tell of, in time order.
    pub fn cause_of(&self, job: Option<usize>, attempt: Option<usize>, failures: &[EntryRef]) -> Option<Cause> {
        let first = *failures.first()?;
        let first_ms = self.story.time(first);
        let mut symptom: Option<(EntryRef, &str, u64)> = None;
        let mut unnamed: Option<(EntryRef, u64)> = None;
        for at in failures {
            let Some(fingerprint) = self.story.entry(*at).exception else { continue };
            match self.told(fingerprint) {
                (Told::Cause, slug) => {
                    // A later cause counts if only symptoms came before it, and soon.
                    let soon = match (self.story.time(*at), first_ms) {
                        (Some(now), Some(first)) => now - first <= 5_000,
                        _ => true,
                    };
                    if symptom.is_none() && unnamed.is_none() || soon && unnamed.is_none() {
                        let cause = self.stated(fingerprint, *at);
                        return Some(self.deepen(cause, slug, *at));
                    }
                }
                (Told::Unnamed, _) if unnamed.is_none() => unnamed = Some((*at, fingerprint)),
                (Told::Symptom, slug) if symptom.is_none() => symptom = Some((*at, slug, fingerprint)),
                _ => {}
            }
        }
        // An exception that no pattern names is nearer to the cause than a symptom, if it came first or has a frame of the user's.
        if let Some((at, fingerprint)) = unnamed {
            let (_, slug) = self.told(fingerprint);
            // Flink's own words on a TaskManager that was just lost.
            if slug == "unclassified-exception"
                && self.is_flinks_own(fingerprint)
                && let Some(worker) = self.worker_named(fingerprint, at)
                && let Some(life) = self.life_lost_near(worker, self.story.time(at))
            {
                return Some(self.worker_cause(worker, life, self.story.time(at)).with_symptom("slot-removed", Evidence::of(self.story, at)));
            }
            let before = symptom.as_ref().is_none_or(|(s, ..)| self.story.time(at) <= self.story.time(*s));
            if before || slug == "user-code-exception" || self.thrown_by_hot_code(fingerprint, at) {
                return Some(self.stated(fingerprint, at));
            }
        }
        if let Some((at, slug, fingerprint)) = symptom {
            return Some(self.follow(slug, at, fingerprint, job, attempt));
        }
        // No exception at all: something was lost.
        let ms = first_ms;
        let worker = self.worker_lost_near(ms);
        if let Some((worker, life)) = worker {
            return Some(self.worker_cause(worker, life, ms).with_symptom("slot-removed", Evidence::of(self.story, first)));
        }
        unnamed.map(|(at, fingerprint)| self.stated(fingerprint, at))
    }

    /// A task that has more subtasks than all TaskManagers of that time have slots, where the slots of all are known.
    fn too_few_slots(&self, at: EntryRef) -> Option<String> {
        let What::TaskFailed { failure, .. } = &self.story.entry(at).what else { return None };
        let ms = self.story.time(at)?;
        let there = self.story.workers.iter().filter(|worker| worker.lives.iter().any(|life| life.is_there(ms)));
        let slots = there.map(|worker| worker.slots.map(u64::from)).collect::<Option<Vec<_>>>()?;
        let (needed, offered) = (u64::from(failure.task.parallelism), slots.iter().sum::<u64>());
        (needed > offered && !slots.is_empty()).then(|| {
            format!("{} has {needed} subtasks, and the TaskManagers that were registered, {}, offered {offered} slots", failure.task.vertex, slots.len())
        })
    }

    fn is_flinks_own(&self, fingerprint: u64) -> bool {
        self.thrown.get(&fingerprint).and_then(|t| t.group.thrown.trace.root_link()).is_some_and(|link| link.class.starts_with("org.apache.flink."))
    }

    /// Causes that may be effects of something that other logs show.
    fn deepen(&self, cause: Cause, slug: &str, at: EntryRef) -> Cause {
        // A service that refuses may be a TaskManager or the JobManager itself.
        if slug == "external-connection"
            && let Some((worker, life)) = self.worker_lost_near(self.story.time(at))
            && let Some(known) = cause.exception.and_then(|f| self.thrown.get(&f))
            && known.group.thrown.trace.links.iter().any(|l| l.class.ends_with("RemoteTransportException") || l.class.contains("LocalTransportException"))
        {
            return self.worker_cause(worker, life, cause.ms).with_symptom("remote-tm-lost", Evidence::of(self.story, at));
        }
        cause
    }

    /// Behind a symptom: what made it happen, or itself with what is missing.
    pub(super) fn follow(&self, slug: &str, at: EntryRef, fingerprint: u64, job: Option<usize>, attempt: Option<usize>) -> Cause {
        let ms = self.story.time(at);
        let seen = Evidence::of(self.story, at);
        if WORKER_SYMPTOMS.contains(&slug) {
            let named = self.worker_named(fingerprint, at);
            let lost = named.and_then(|w| Some((w, self.life_lost_near(w, ms)?))).or_else(|| self.worker_lost_near(ms));
            if let Some((worker, life)) = lost {
                return self.worker_cause(worker, life, ms).with_symptom(slug, seen);
            }
            // A task that its own TaskManager's end stopped.
            if matches!(&self.story.entry(at).what, What::TaskFailed { failure, .. } if failure.on_task_manager)
                && let Some(cause) = self.own_words(&[at.source], ms)
                && cause.ms.zip(ms).is_some_and(|(before, failed)| (0..=AFTER_MS).contains(&(failed - before)))
            {
                return cause.with_symptom(slug, seen);
            }
            if let Some(cause) = self.led_to(slug, Seen { at, job, worker: named }) {
                return cause.with_symptom(slug, seen);
            }
            let mut cause = self.stated(fingerprint, at);
            if let Some(worker) = named {
                cause.worker = Some(worker);
            }
            cause.missing.push(Missing { code: "no-loss", subject: None, text: "the logs do not show which TaskManager went, or why".into() });
            return cause;
        }
        if CHECKPOINT_SYMPTOMS.contains(&slug)
            && let Some(job) = job
            && let Some(cause) = self.checkpoint_cause(job, attempt, ms)
        {
            return cause.with_symptom(slug, seen);
        }
        if slug == "no-resource-available" {
            if let Some((worker, life)) = self.worker_lost_near(ms.map(|m| m - 10_000)) {
                return self.worker_cause(worker, life, ms).with_symptom(slug, seen);
            }
            if let Some(cause) = self.led_to(slug, Seen { at, job, worker: None }) {
                return cause.with_symptom(slug, seen);
            }
            let mut cause = self.stated(fingerprint, at);
            let text = match self.too_few_slots(at) {
                Some(known) => format!("{known}; why no further TaskManager came is not in these logs"),
                None => "how many slots the job needs, and why no further TaskManager came, is not in these logs".to_owned(),
            };
            cause.missing.push(Missing { code: "slots", subject: None, text });
            return cause;
        }
        if LEADER_SYMPTOMS.contains(&slug)
            && let Some(cause) = self.leader_stood_still(ms).or_else(|| self.leader_ended_near(ms, self.noticed_within())).or_else(|| self.stood_still(at))
        {
            return cause.with_symptom(slug, seen);
        }
        let worker = self.worker_named(fingerprint, at);
        if let Some(cause) = self.led_to(slug, Seen { at, job, worker }) {
            return cause.with_symptom(slug, seen);
        }
        let mut cause = self.stated(fingerprint, at);
        cause.missing.extend(self.undecided(slug));
        cause
    }
}

/// Was the root thrown in the user's code, JDK frames aside?
fn thrown_by_user(trace: &Trace) -> bool {
    thrown_in(trace) == Some(FrameCategory::User)
}

/// Whose code threw the root, JDK frames aside.
fn thrown_in(trace: &Trace) -> Option<FrameCategory> {
    let frames = trace.root_link().map(|l| l.frames.as_slice()).unwrap_or_default();
    frames.iter().map(|f| f.category).find(|c| !matches!(c, FrameCategory::Jdk | FrameCategory::Reflection))
}

/// Did Flink or a connector throw, in a call that the program's main method made? That is no fault of the program's own code yet.
fn only_called(trace: &Trace) -> bool {
    let main = trace.user_frame.as_ref().is_some_and(|f| f.method == "main" || f.method.starts_with("delayedEndpoint$"));
    main && matches!(thrown_in(trace), Some(FrameCategory::Flink | FrameCategory::Connector))
}

/// Is the root what cancellation throws?
fn was_cancelled(trace: &Trace) -> bool {
    is_cancellation(trace.root_link().map_or("", |l| l.class.as_str()))
}

/// Exceptions that cancellation throws.
fn is_cancellation(class: &str) -> bool {
    let simple = class.rsplit('.').next().unwrap_or(class);
    matches!(
        simple,
        "CancelTaskException"
            | "InterruptedException"
            | "CancellationException"
            | "ClosedByInterruptException"
            | "ClosedException"
            | "WakeupException"
            | "FlinkExpectedException"
    )
}
