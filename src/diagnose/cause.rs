//! From a failure to its cause: the deepest link of the trace that is specific, and where that is only a symptom, what made it happen.

use super::finding::{Certainty, Evidence, Missing};
use super::incidents::{self, Work};
use crate::correlate::{EntryRef, Loss};
use crate::digest::What;
use crate::event::{CheckpointReason, Kind, Str};
use crate::exception::FrameCategory;
use crate::patterns::{Nature, Space, Subject};

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
    "task-cancel-watchdog",
    "rpc-association-gated",
];
/// Symptoms behind which failed checkpoints stand.
const CHECKPOINT_SYMPTOMS: &[&str] = &["cp-tolerable-exceeded", "cp-expired", "cp-declined-task-not-ready", "cp-coordinator-suspend", "savepoint-failed"];
/// Symptoms behind which the JobManager's end stands.
const LEADER_SYMPTOMS: &[&str] = &["heartbeat-jm-timeout", "job-leader-lost", "k8s-leader-lost"];
/// How long after a symptom the platform's death notice may come, in milliseconds.
const AFTER_MS: i64 = 60_000;

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
    fn new(slug: &str, certainty: Certainty, ms: Option<i64>) -> Cause {
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

    fn with_symptom(mut self, slug: &str, evidence: Option<Evidence>) -> Cause {
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
    pub fn told(&self, fingerprint: u64) -> (Told, Str) {
        let Some(thrown) = self.thrown.get(&fingerprint).map(|t| &t.group.thrown) else { return (Told::Nothing, "".into()) };
        let trace = &thrown.trace;
        if let Some((index, _)) = thrown.pattern
            && let Some(pattern) = self.rules.pattern(index)
        {
            let slug = self.rules.id(index).clone();
            match pattern.nature {
                Nature::Cause | Nature::Either => return (Told::Cause, slug),
                Nature::Symptom => return (Told::Symptom, slug),
                Nature::Benign => return (Told::Nothing, slug),
                Nature::Wrapper => {}
            }
        }
        if is_cancellation(trace.root_link().map_or("", |l| l.class.as_str())) {
            return (Told::Nothing, "".into());
        }
        if trace.user_frame.is_some() && !trace.root_is_wrapper {
            return (Told::Unnamed, "user-code-exception".into());
        }
        if trace.root_is_wrapper {
            return (Told::Nothing, "wrapper-generic".into());
        }
        (Told::Unnamed, "unclassified-exception".into())
    }

    /// The cause that an exception itself states.
    pub fn stated(&self, fingerprint: u64, at: EntryRef) -> Cause {
        let (told, slug) = self.told(fingerprint);
        let ms = self.story.time(at);
        let mut cause = Cause::new(&slug, Certainty::Confirmed, ms);
        cause.exception = Some(fingerprint);
        cause.evidence.extend(Evidence::of(self.story, at));
        if let Some(known) = self.thrown.get(&fingerprint) {
            let trace = &known.group.thrown.trace;
            let root = trace.root_link();
            let frame = trace.user_frame.as_ref().map(|f| format!("{}.{}", f.class, f.method)).unwrap_or_default();
            cause.detail = match &*slug {
                "user-code-exception" => format!("{} {frame}", root.map_or("", |l| l.class.as_str())),
                "unclassified-exception" => root.map_or(String::new(), |l| l.class.clone()),
                _ => String::new(),
            };
            if trace.cut {
                cause.certainty = Certainty::Likely;
                cause.missing.push(Missing { code: "trace-cut", subject: None, text: "the stack trace is cut before its deepest cause".into() });
            }
            // The TaskManager's own record of the same failure is the first-hand one.
            for other in &known.first_hand {
                if *other != at && cause.evidence.len() < 3 {
                    cause.evidence.extend(Evidence::of(self.story, *other));
                }
            }
        }
        if &*slug == "unclassified-exception" {
            cause.certainty = Certainty::Possible;
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
        let mut symptom: Option<(EntryRef, Str, u64)> = None;
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
                        return Some(self.deepen(cause, &slug, job, attempt, *at));
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
            let before = symptom.as_ref().is_none_or(|(s, ..)| self.story.time(at) <= self.story.time(*s));
            if before || &*slug == "user-code-exception" {
                return Some(self.stated(fingerprint, at));
            }
        }
        if let Some((at, slug, fingerprint)) = symptom {
            return Some(self.follow(&slug, at, fingerprint, job, attempt));
        }
        // No exception at all: something was lost.
        let ms = first_ms;
        let worker = self.worker_lost_near(ms);
        if let Some((worker, life)) = worker {
            return Some(self.worker_cause(worker, life, ms).with_symptom("slot-removed", Evidence::of(self.story, first)));
        }
        unnamed.map(|(at, fingerprint)| self.stated(fingerprint, at))
    }

    /// Causes that may be effects of something that other logs show.
    fn deepen(&self, cause: Cause, slug: &str, job: Option<usize>, attempt: Option<usize>, at: EntryRef) -> Cause {
        let _ = (job, attempt);
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

    fn follow(&self, slug: &str, at: EntryRef, fingerprint: u64, job: Option<usize>, attempt: Option<usize>) -> Cause {
        let ms = self.story.time(at);
        let seen = Evidence::of(self.story, at);
        if WORKER_SYMPTOMS.contains(&slug) {
            let named = self.worker_named(fingerprint, at);
            let lost = named.and_then(|w| Some((w, self.life_lost_near(w, ms)?))).or_else(|| self.worker_lost_near(ms));
            if let Some((worker, life)) = lost {
                return self.worker_cause(worker, life, ms).with_symptom(slug, seen);
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
        {
            if let Some(cause) = self.checkpoint_cause(job, attempt, ms) {
                return cause.with_symptom(slug, seen);
            }
        }
        if slug == "no-resource-available" {
            if let Some((worker, life)) = self.worker_lost_near(ms.map(|m| m - 10_000)) {
                return self.worker_cause(worker, life, ms).with_symptom(slug, seen);
            }
            let mut cause = self.stated(fingerprint, at);
            let slots = "how many slots the job needs, and why no further TaskManager came, is not in these logs".to_owned();
            cause.missing.push(Missing { code: "slots", subject: None, text: slots });
            return cause;
        }
        if LEADER_SYMPTOMS.contains(&slug)
            && let Some(cause) = self.leader_cause(ms)
        {
            return cause.with_symptom(slug, seen);
        }
        let mut cause = self.stated(fingerprint, at);
        let look = self.rules.packs.chains_from(slug).first().map(|chain| chain.look_at.clone());
        if let Some(look) = look {
            cause.missing.push(Missing { code: "symptom-only", subject: Some(slug.to_owned()), text: format!("what decides is not in these logs: {look}") });
        }
        cause
    }

    /// The TaskManager that an exception's text or its entry names.
    fn worker_named(&self, fingerprint: u64, at: EntryRef) -> Option<usize> {
        let text: String = self
            .story
            .entry(at)
            .quote
            .as_ref()
            .map(|q| q.text.to_string())
            .unwrap_or_default();
        let links = self.thrown.get(&fingerprint).map(|t| t.group.thrown.trace.links.iter().map(|l| l.message.clone()).collect::<Vec<_>>().join("\n")).unwrap_or_default();
        // The head line's location is the victim's place; in heartbeat texts the id stands in the message.
        let body = text.split_once('\n').map_or("", |(_, body)| body);
        let by_id = |text: &str| self.index.workers_named(self.story, text);
        by_id(body).or_else(|| by_id(&links)).or_else(|| by_id(&text))
    }

    fn life_lost_near(&self, worker: usize, ms: Option<i64>) -> Option<usize> {
        let lives = &self.story.workers[worker].lives;
        let Some(ms) = ms else { return lives.iter().rposition(|l| l.lost.is_some()) };
        let near = |l: &crate::correlate::WorkerLife| l.lost.is_some_and(|lost| lost - AFTER_MS <= ms && ms <= lost + 4 * AFTER_MS);
        lives.iter().rposition(near)
    }

    /// A TaskManager that was lost, unwanted, about this time.
    pub fn worker_lost_near(&self, ms: Option<i64>) -> Option<(usize, usize)> {
        let ms = ms?;
        let losses = &self.index.losses;
        let from = losses.partition_point(|(lost, ..)| *lost < ms - AFTER_MS * 3 / 2);
        let near = losses[from..].iter().take_while(|(lost, ..)| *lost <= ms + AFTER_MS / 2);
        near.map(|(lost, w, l)| ((lost - ms).abs(), *w, *l)).min().map(|(_, w, l)| (w, l))
    }

    /// Why a TaskManager went.
    pub fn worker_cause(&self, worker: usize, life: usize, seen: Option<i64>) -> Cause {
        let story = self.story;
        let who = &story.workers[worker];
        let ended = &who.lives[life];
        let lost = ended.lost.or(seen);
        let told: Vec<Evidence> = ended.told_by.iter().filter_map(|at| Evidence::of(story, *at)).collect();
        let finish = |mut cause: Cause| {
            cause.worker = Some(worker);
            if cause.detail.is_empty() && matches!(&*cause.slug, "tm-process-killed" | "tm-frozen" | "heartbeat-tm-timeout" | "tm-unreachable" | "gc-long-pause") {
                cause.detail = who.id.to_string();
            }
            let noticed = match ended.loss {
                Some(Loss::HeartbeatTimeout) => "heartbeat-tm-timeout",
                _ => "tm-unreachable",
            };
            if *cause.slug != *noticed && !told.is_empty() {
                cause.symptoms.insert(0, (noticed.into(), told.iter().take(2).cloned().collect()));
            }
            cause
        };
        // 1. What the platform says of the end of its container.
        if let Some(cause) = self.platform_cause(ended, &told, lost) {
            return finish(cause);
        }
        let own: Vec<usize> = self.own_sources(worker);
        if own.is_empty() {
            let mut cause = Cause::new(if ended.loss == Some(Loss::HeartbeatTimeout) { "heartbeat-tm-timeout" } else { "tm-unreachable" }, Certainty::Possible, lost);
            cause.is_symptom = true;
            cause.evidence = told.clone();
            cause.missing.push(Missing { code: "no-log", subject: Some(who.id.to_string()), text: format!("no log of TaskManager {}", who.id) });
            return finish(cause);
        }
        // 2. What it says itself before it goes: out of memory, a crash, a fatal error.
        if let Some(cause) = self.own_words(&own, lost) {
            return finish(cause);
        }
        // 3. Long pauses.
        if let Some(cause) = self.pauses(worker, lost) {
            return finish(cause);
        }
        let process = who.process.map(|p| &story.processes[p]);
        let log = process.map_or(own[0], |p| p.last_source);
        let last = process.and_then(|p| p.end).or_else(|| story.utc(log, story.sources[log].digest.last.map(|s| s.ms)));
        // 4. Its log goes on: it stood still, or the network was cut.
        let goes_on = matches!((last, lost), (Some(last), Some(lost)) if last > lost + 3_000);
        if goes_on {
            if let Some(cause) = self.frozen(worker, &own, lost) {
                return finish(cause);
            }
            let mut cause = Cause::new("heartbeat-tm-timeout", Certainty::Possible, lost);
            cause.is_symptom = true;
            cause.evidence = told.clone();
            let text = "both sides go on logging: network, CPU shortage or a pause that no GC log shows".to_owned();
            cause.missing.push(Missing { code: "no-gc-log", subject: Some(who.id.to_string()), text });
            return finish(cause);
        }
        // 5. It was told to stop.
        if let Some((signal, place)) = process.and_then(|p| p.life.signal.clone()) {
            let mut cause = Cause::new("tm-process-killed", Certainty::Confirmed, lost);
            cause.evidence.push(Evidence::line(log, place, &format!("RECEIVED SIGNAL {signal}"), last));
            cause.evidence.clear();
            cause.evidence.extend(self.entry_at(log, place.line).and_then(|at| Evidence::of(story, at)));
            cause.evidence.extend(told.clone());
            cause.note = Some(format!("the process received {signal}"));
            return finish(cause);
        }
        // 6. Its log stops without a word.
        let mut cause = Cause::new("tm-process-killed", Certainty::Likely, lost);
        cause.evidence.push(Evidence::Absence { source: log, from: last, to: lost, text: "the log of the TaskManager stops here without a word of shutting down".into() });
        cause.evidence.extend(told.iter().take(2).cloned());
        cause.missing.push(Missing {
            code: "who-killed",
            subject: Some(who.id.to_string()),
            text: format!("who ended TaskManager {}: kernel log (`dmesg`), container or pod status, NodeManager log", who.id),
        });
        finish(cause)
    }

    /// Diagnostics and exit codes of YARN and Kubernetes.
    fn platform_cause(&self, ended: &crate::correlate::WorkerLife, told: &[Evidence], lost: Option<i64>) -> Option<Cause> {
        let text = ended.text.as_deref().unwrap_or("");
        let pattern = self.rules.packs.best(&Subject::Text { line: text.as_bytes(), process: None }).filter(|p| matches!(p.nature, Nature::Cause | Nature::Either));
        let by_code = || {
            let code = i32::try_from(ended.exit_code?).ok()?;
            let space = if code < 0 { Space::Yarn } else { Space::Process };
            let known = self.rules.packs.exit_code(space, code)?;
            (!known.pattern.is_empty()).then(|| known.pattern.clone())
        };
        let slug = pattern.map(|p| p.id.clone()).or_else(by_code)?;
        let mut cause = Cause::new(&slug, Certainty::Confirmed, lost);
        cause.evidence = told.to_vec();
        if let Some(code) = ended.exit_code {
            cause.note = Some(format!("exit code {code}"));
        }
        Some(cause)
    }

    /// The TaskManager's logs, its `.out`, and what else its process wrote.
    fn own_sources(&self, worker: usize) -> Vec<usize> {
        let who = &self.story.workers[worker];
        let mut own = who.sources.clone();
        for (source, process) in self.story.gc_links.iter().enumerate() {
            if process.is_some() && *process == who.process && self.story.sources[source].sniffed.role != "gc" {
                own.push(source);
            }
        }
        // An hs_err file beside the logs of a single TaskManager that did not end orderly is its own.
        let mut stopped = (0..self.story.workers.len()).filter(|w| self.story.workers[*w].lives.iter().any(|l| l.loss.is_some_and(Loss::is_loss)));
        if (stopped.next(), stopped.next()) == (Some(worker), None) {
            own.extend(self.story.sources.iter().enumerate().filter(|(_, s)| s.sniffed.role == "hs-err").map(|(i, _)| i));
        }
        own.sort_unstable();
        own.dedup();
        own
    }

    /// A fatal cause in the process's own words, not long before it went.
    fn own_words(&self, own: &[usize], lost: Option<i64>) -> Option<Cause> {
        const DEADLY: &[&str] = &["memory", "general", "resources"];
        let mut best: Option<(i32, Cause)> = None;
        for source in own {
            for (entry, found) in self.story.sources[*source].digest.entries.iter().enumerate() {
                let at = EntryRef { source: *source, entry };
                let ms = self.story.time(at);
                let near = match (ms, lost) {
                    (Some(ms), Some(lost)) => lost - ms <= 4 * AFTER_MS && ms - lost <= AFTER_MS / 2,
                    // Without a time: `.out` and hs_err belong to the end of the process.
                    _ => true,
                };
                let fatal = matches!(&found.what, What::Event(Kind::Fatal { .. }));
                let Some(index) = found.pattern.filter(|_| near) else { continue };
                let Some(pattern) = self.rules.pattern(index) else { continue };
                if !matches!(pattern.nature, Nature::Cause) {
                    continue;
                }
                let memory = pattern.id.contains("oom") || pattern.id.starts_with("jvm-") || pattern.id.contains("gc-overhead") || pattern.id.contains("native-thread");
                if !memory && !fatal {
                    continue;
                }
                let weight = i32::from(pattern.id.starts_with("jvm-crash")) * -1 + i32::from(memory) * 2;
                if best.as_ref().is_none_or(|(known, _)| weight > *known) {
                    let mut cause = Cause::new(&pattern.id, Certainty::Confirmed, ms.or(lost));
                    cause.exception = found.exception;
                    cause.evidence.extend(Evidence::of(self.story, at));
                    best = Some((weight, cause));
                }
            }
        }
        let _ = DEADLY;
        if let Some((_, cause)) = best {
            return Some(cause);
        }
        // A fatal error whose exception says why.
        for source in own {
            for (entry, found) in self.story.sources[*source].digest.entries.iter().enumerate() {
                if let (What::Event(Kind::Fatal { .. }), Some(fingerprint)) = (&found.what, found.exception)
                    && matches!(self.told(fingerprint).0, Told::Cause | Told::Unnamed)
                {
                    return Some(self.stated(fingerprint, EntryRef { source: *source, entry }));
                }
            }
        }
        None
    }

    /// GC pauses that cover most of the heartbeat time-out before the loss.
    fn pauses(&self, worker: usize, lost: Option<i64>) -> Option<Cause> {
        let lost = lost?;
        let timeout = self.heartbeat_timeout();
        let process = self.story.workers[worker].process;
        for (source, link) in self.story.gc_links.iter().enumerate() {
            if link.is_none() || *link != process {
                continue;
            }
            let Some(log) = &self.story.sources[source].digest.gc else { continue };
            for life in &log.lives {
                let from = lost - 2 * timeout;
                let within: Vec<_> = life
                    .noteworthy
                    .iter()
                    .filter_map(|p| Some((p.epoch_ms?, p)))
                    .filter(|(start, p)| *start <= lost + 1_000 && start + p.ms as i64 >= from)
                    .collect();
                let stopped: f64 = within.iter().map(|(_, p)| p.ms).sum();
                let Some((start, longest)) = within.iter().max_by(|a, b| a.1.ms.total_cmp(&b.1.ms)) else { continue };
                if stopped < 0.5 * timeout as f64 {
                    continue;
                }
                let certainty = if stopped >= 0.8 * timeout as f64 { Certainty::Confirmed } else { Certainty::Likely };
                let mut cause = Cause::new("gc-long-pause", certainty, Some(*start));
                let text = format!("stop-the-world pauses of {:.1} s before the loss, the longest {:.1} s ({}); heartbeat.timeout is {} s", stopped / 1000.0, longest.ms / 1000.0, longest.cause, timeout as f64 / 1000.0);
                cause.note = Some(text.clone());
                cause.evidence.push(self.line_evidence(source, longest.place.line, longest.place.byte, &text, Some(*start)));
                return Some(cause);
            }
        }
        None
    }

    /// Quotes a GC line where its words were kept, else says what it shows.
    fn line_evidence(&self, source: usize, line: u64, byte: u64, text: &str, ms: Option<i64>) -> Evidence {
        let _ = byte;
        Evidence::Absence { source, from: ms, to: ms, text: format!("line {line}: {text}") }
    }

    /// Silence of a process that then goes on with a burst.
    fn frozen(&self, worker: usize, own: &[usize], lost: Option<i64>) -> Option<Cause> {
        let lost = lost?;
        let timeout = self.heartbeat_timeout();
        for source in own {
            for gap in &self.story.sources[*source].digest.gaps {
                let (from, to) = (self.story.clocks[*source].utc(gap.from), self.story.clocks[*source].utc(gap.to));
                let covers = from <= lost + 1_000 && to >= lost - 1_000 && to - from >= timeout * 6 / 10;
                if covers && gap.burst >= 3 {
                    let mut cause = Cause::new("tm-frozen", Certainty::Likely, Some(from));
                    let text = format!("no line of any thread for {:.1} s, then {} lines at once", (to - from) as f64 / 1000.0, gap.burst);
                    cause.evidence.push(Evidence::Absence { source: *source, from: Some(from), to: Some(to), text });
                    cause.missing.push(Missing {
                        code: "why-frozen",
                        subject: Some(self.story.workers[worker].id.to_string()),
                        text: "what stopped the process: host load, swap, a paused container or VM (no GC pause explains it)".into(),
                    });
                    return Some(cause);
                }
            }
        }
        None
    }

    /// Why checkpoints failed before this time.
    pub fn checkpoint_cause(&self, job: usize, attempt: Option<usize>, ms: Option<i64>) -> Option<Cause> {
        let story = self.story;
        let since = attempt.and_then(|a| story.jobs[job].attempts[a].start);
        let mut expired: Option<Cause> = None;
        let mut other: Option<Cause> = None;
        for placed in incidents::since(&self.index.about_checkpoints, since) {
            if ms.is_some() && placed.ms > ms.map(|m| m + 2_000) {
                break;
            }
            let entry = story.entry(placed.at);
            let about_checkpoints = match &entry.what {
                What::Event(Kind::CheckpointFailed { job: id, reason, .. }) => (*id == story.jobs[job].id).then_some(*reason),
                // The TaskManager's side of the same failure.
                What::Problem { logger } if is_checkpoint_logger(logger) => Some(CheckpointReason::Async),
                _ => None,
            };
            let Some(reason) = about_checkpoints else { continue };
            if let Some(fingerprint) = entry.exception
                && let (Told::Cause | Told::Unnamed, _) = self.told(fingerprint)
            {
                let (_, slug) = self.told(fingerprint);
                if &*slug != "unclassified-exception" || other.is_none() {
                    let cause = self.stated(fingerprint, placed.at);
                    if &*slug == "unclassified-exception" {
                        other = Some(cause);
                        continue;
                    }
                    let seen = matches!(reason, CheckpointReason::Declined | CheckpointReason::Async | CheckpointReason::Other).then_some("cp-async-failure");
                    let _ = seen;
                    return Some(cause);
                }
            }
            if reason == CheckpointReason::Expired && expired.is_none() {
                let mut cause = Cause::new("cp-expired", Certainty::Possible, placed.ms);
                cause.is_symptom = true;
                cause.evidence.extend(Evidence::of(story, placed.at));
                let text = "which subtask did not acknowledge and why: back pressure figures, a thread dump of the TaskManager, or its DEBUG log of the checkpoint".to_owned();
                cause.missing.push(Missing { code: "why-expired", subject: None, text });
                expired = Some(cause);
            }
        }
        expired.or(other)
    }

    /// Why the JobManager went.
    pub fn leader_cause(&self, ms: Option<i64>) -> Option<Cause> {
        let process = self.silent_job_manager(ms)?;
        let known = &self.story.processes[process];
        let source = known.last_source;
        let mut cause = Cause::new("jm-process-killed", Certainty::Likely, known.end);
        cause.detail = format!("{source}");
        cause.evidence.push(Evidence::Absence { source, from: known.end, to: ms, text: "the log of the JobManager stops here without a word of shutting down".into() });
        cause.missing.push(Missing { code: "who-killed", subject: None, text: "who ended the JobManager: kernel log (`dmesg`), container or pod status, NodeManager log".into() });
        Some(cause)
    }

    /// A JobManager whose log stops without a word while others go on.
    pub fn silent_job_manager(&self, before: Option<i64>) -> Option<usize> {
        let latest = self.story.processes.iter().filter_map(|p| p.end).max()?;
        self.story.processes.iter().position(|p| {
            p.role == "jobmanager" && p.ended_by.is_none() && p.end.is_some_and(|end| end + 3_000 < latest && before.is_none_or(|b| end <= b + 1_000))
        })
    }

    fn entry_at(&self, source: usize, line: u64) -> Option<EntryRef> {
        let entry = self.story.sources[source].digest.entries.iter().position(|e| e.place.line == line)?;
        Some(EntryRef { source, entry })
    }

    /// `heartbeat.timeout` of the configuration, in milliseconds; Flink's default is 50 s.
    pub fn heartbeat_timeout(&self) -> i64 {
        let set = self.story.processes.iter().find_map(|p| p.configuration.get("heartbeat.timeout"));
        set.and_then(|text| crate::patterns::quantity(text, crate::patterns::Unit::Duration)).map_or(50_000, |ms| ms as i64)
    }
}

pub(super) fn is_checkpoint_logger(logger: &str) -> bool {
    let simple = logger.rsplit('.').next().unwrap_or(logger);
    matches!(simple, "AsyncCheckpointRunnable" | "StreamTask" | "SubtaskCheckpointCoordinatorImpl" | "AbstractStreamOperator" | "StreamOperatorStateHandler")
}

/// Exceptions that cancellation throws.
fn is_cancellation(class: &str) -> bool {
    let simple = class.rsplit('.').next().unwrap_or(class);
    matches!(
        simple,
        "CancelTaskException" | "InterruptedException" | "CancellationException" | "ClosedByInterruptException" | "ClosedException" | "WakeupException" | "FlinkExpectedException"
    )
}

/// Does a frame stand in the user's code?
pub fn is_user_frame(category: FrameCategory) -> bool {
    category == FrameCategory::User
}
