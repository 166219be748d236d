//! Incidents: every failed attempt gets its cause; attempts with the same cause are one incident, and in a loop the first decides.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use aho_corasick::AhoCorasick;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::cause::Cause;
use super::chain::BySlug;
use super::checkpoint::is_checkpoint_logger;
use super::finding::{Certainty, Evidence, Finding, Role, Severity};
use super::leader::Frozen;
use super::worker::DurationKey;
use super::{Diagnosis, Options};
use crate::correlate::{Attempt, EntryRef, Loss, Outcome, Placed, Story};
use crate::digest::matters::ExceptionGroup;
use crate::digest::{Entry, What};
use crate::event::{JobId, Kind, Str};
use crate::rules::Rules;

/// An exception group and where its first-hand records are.
pub struct KnownException<'s> {
    pub group: &'s ExceptionGroup,
    /// Records on TaskManagers, nearer to the fault than the JobManager's copy.
    pub first_hand: Vec<EntryRef>,
}

/// Diagnosis under way.
pub struct Work<'s> {
    pub story: &'s Story,
    pub rules: &'s Rules,
    pub options: &'s Options,
    pub thrown: FxHashMap<u64, KnownException<'s>>,
    pub out: Diagnosis,
    /// Parts of the story's order that are asked for per job or attempt: going through all of it each time would cost jobs times entries.
    pub index: Index,
    /// Finding of each cause: slug and detail.
    by_cause: BTreeMap<(Str, String), usize>,
    /// Findings and the jobs that they name: looking through a finding's jobs for each job would cost jobs times jobs.
    concerned: FxHashSet<(usize, usize)>,
    /// Jobs that have a root cause, by [`Work::note_alone`] or an attempt of theirs.
    pub explained: FxHashSet<usize>,
    /// Failed attempts in judged time, in order: (job, attempt).
    pub failed: Vec<(usize, usize)>,
}

/// Entries of some kinds, in time order.
#[derive(Debug, Default)]
pub struct Index {
    /// Checkpoints that failed, by job.
    pub failed_checkpoints: FxHashMap<JobId, Vec<Placed>>,
    /// The same of all jobs, and what TaskManagers say of checkpoints.
    pub about_checkpoints: Vec<Placed>,
    pub with_exception: Vec<Placed>,
    pub metrics: Vec<Placed>,
    /// Ends of containers and pods, as the platform tells them.
    pub platform_ends: Vec<Placed>,
    /// The last entry of each job's checkpoints.
    pub last_checkpoints: FxHashMap<JobId, EntryRef>,
    /// Lives of TaskManagers that ended in a loss: when, which TaskManager, which life.
    pub losses: Vec<(i64, usize, usize)>,
    /// Finds the ids of TaskManagers in a text.
    worker_ids: OnceLock<Option<AhoCorasick>>,
    /// Silences that may be a JobManager standing still.
    pub frozen_leaders: OnceLock<Vec<Frozen>>,
    /// See `chain`.
    pub by_slug: OnceLock<BySlug>,
    pub task_ran: OnceLock<bool>,
    /// By source, see `worker`.
    pub last_words: OnceLock<Vec<Vec<usize>>>,
    /// Entries by source that miss the JobManager, see `worker`.
    pub leader_missed: OnceLock<Vec<Vec<usize>>>,
    /// Entries by source of monitors that saw the process stand still, see `jvm`.
    pub stops: OnceLock<Vec<Vec<usize>>>,
    /// JobManagers of which there is a GC log, see `leader`.
    pub leaders_with_gc: OnceLock<Vec<usize>>,
    /// Durations that any process sets, by key, in milliseconds.
    pub durations: [OnceLock<Option<i64>>; DurationKey::COUNT],
    /// JobManagers whose logs stop without a word, see `leader`.
    pub silent_leaders: OnceLock<Vec<(usize, i64)>>,
}

impl Index {
    fn new(story: &Story) -> Index {
        let lives = story.workers.iter().enumerate().flat_map(|(w, worker)| worker.lives.iter().enumerate().map(move |(l, life)| (w, l, life)));
        let mut losses: Vec<_> = lives.filter(|(.., life)| life.loss.is_some_and(Loss::is_loss)).filter_map(|(w, l, life)| Some((life.lost?, w, l))).collect();
        losses.sort_unstable();
        Index { losses, ..Index::default() }
    }

    /// The first TaskManager whose id ends a word of the text.
    pub fn workers_named(&self, story: &Story, text: &str) -> Option<usize> {
        let ids = self.worker_ids.get_or_init(|| AhoCorasick::new(story.workers.iter().map(|w| w.id.as_bytes())).ok()).as_ref()?;
        let ends_word = |end: usize| !text.as_bytes().get(end).is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
        ids.find_overlapping_iter(text).filter(|found| ends_word(found.end())).map(|found| found.pattern().as_usize()).min()
    }

    fn add(&mut self, placed: Placed, entry: &Entry) {
        match &entry.what {
            What::Event(Kind::CheckpointFailed { job, .. }) => {
                self.failed_checkpoints.entry(*job).or_default().push(placed);
                self.about_checkpoints.push(placed);
            }
            What::Problem { logger } if is_checkpoint_logger(logger) => self.about_checkpoints.push(placed),
            What::Event(Kind::Metrics(_)) => self.metrics.push(placed),
            What::Event(Kind::PlatformEnd { .. }) => self.platform_ends.push(placed),
            What::Checkpoints { job, .. } => drop(self.last_checkpoints.insert(*job, placed.at)),
            _ => {}
        }
        if entry.exception.is_some() {
            self.with_exception.push(placed);
        }
    }
}

/// The entries of each source of which `tells` is true, in order.
pub fn entries_of(story: &Story, tells: impl Fn(&Entry) -> bool) -> Vec<Vec<usize>> {
    let of_source = |entries: &[Entry]| entries.iter().enumerate().filter(|(_, entry)| tells(entry)).map(|(at, _)| at).collect();
    story.sources.iter().map(|source| of_source(&source.digest.entries)).collect()
}

/// The part of `order` that begins at `ms`.
pub fn since(order: &[Placed], ms: Option<i64>) -> &[Placed] {
    &order[order.partition_point(|placed| placed.ms < ms)..]
}

/// Attempts that are traced one by one per job; of longer loops the first and the last ones.
const MAX_TRACED: usize = 400;

/// Jobs whose causes are held at a time.
const JOBS_AT_ONCE: usize = 256;

/// A job whose failed attempts were traced.
struct Traced {
    job: usize,
    /// By attempt, in order.
    causes: Vec<(usize, Option<Cause>)>,
    /// Failed attempts of the middle that were not traced.
    skipped: usize,
}

/// A job that runs this long is healthy again, in milliseconds.
const HEALTHY_MS: i64 = 60_000;

impl<'s> Work<'s> {
    /// Collects what is asked for again and again.
    pub fn new(story: &'s Story, rules: &'s Rules, options: &'s Options) -> Work<'s> {
        let mut thrown: FxHashMap<u64, KnownException> = FxHashMap::default();
        for source in &story.sources {
            for group in &source.digest.matters.exceptions {
                thrown.entry(group.fingerprint).or_insert(KnownException { group, first_hand: Vec::new() });
            }
        }
        let mut index = Index::new(story);
        for placed in &story.order {
            let entry = story.entry(placed.at);
            index.add(*placed, entry);
            let on_worker = story.sources[placed.at.source].sniffed.role == "taskmanager";
            if let (true, Some(fingerprint)) = (on_worker, entry.exception)
                && let Some(known) = thrown.get_mut(&fingerprint)
                && known.first_hand.len() < 4
                && options.judges(placed.ms)
            {
                known.first_hand.push(placed.at);
            }
        }
        let out = Diagnosis { job_verdicts: vec!["healthy"; story.jobs.len()], ..Diagnosis::default() };
        Work {
            story,
            rules,
            options,
            thrown,
            out,
            index,
            by_cause: BTreeMap::new(),
            concerned: FxHashSet::default(),
            explained: FxHashSet::default(),
            failed: Vec::new(),
        }
    }

    /// Is the time inside the bounds that are judged? Unknown times are.
    pub fn judged(&self, ms: Option<i64>) -> bool {
        self.options.judges(ms)
    }

    /// Traces every failed attempt of every job.
    pub fn jobs(&mut self) {
        let jobs: Vec<usize> = (0..self.story.jobs.len()).collect();
        // Causes are looked for on all threads, those of some jobs at a time, and noted in order.
        for some in jobs.chunks(JOBS_AT_ONCE) {
            let traced: Vec<Traced> = some.par_iter().map(|job| self.trace(*job)).collect();
            for traced in traced {
                self.job(traced);
            }
        }
        if self.story.jobs.iter().all(|j| j.attempts.is_empty()) || self.only_task_managers() {
            self.task_managers_alone();
        }
    }

    fn only_task_managers(&self) -> bool {
        !self.story.sources.iter().any(|s| s.sniffed.role == "jobmanager")
    }

    /// Finds the causes of a job's failed attempts.
    fn trace(&self, job: usize) -> Traced {
        let attempts = &self.story.jobs[job].attempts;
        let failed: Vec<usize> = (0..attempts.len())
            .filter(|a| {
                attempts[*a].outcome == Outcome::Failed
                    || attempts[*a].outcome == Outcome::Lost
                    || (!attempts[*a].failures.is_empty() && attempts[*a].outcome != Outcome::Rescaled)
            })
            .filter(|a| self.judged(attempts[*a].end.or(attempts[*a].start)))
            .collect();
        let skipped = failed.len().saturating_sub(MAX_TRACED);
        let middle = MAX_TRACED / 2..MAX_TRACED / 2 + skipped;
        let traced = failed.into_par_iter().enumerate().filter(|(i, _)| !middle.contains(i));
        Traced { job, causes: traced.map(|(_, attempt)| (attempt, self.attempt_cause(job, attempt))).collect(), skipped }
    }

    fn job(&mut self, traced: Traced) {
        let Traced { job, causes, skipped } = traced;
        // The root of the incident that goes on.
        let mut open: Option<(usize, usize)> = None;
        for (attempt, cause) in causes {
            self.failed.push((job, attempt));
            let Some(cause) = cause else { continue };
            let known = &self.story.jobs[job].attempts[attempt];
            let goes_on = open.filter(|(_, last)| !self.healthy_between(job, *last, attempt)).map(|(root, _)| root);
            let root = self.note(job, known, cause, goes_on);
            self.out.attempt_findings.insert((job, attempt), root);
            let incident_root = goes_on.unwrap_or(root);
            open = Some((incident_root, attempt));
        }
        if skipped > 0
            && let Some((root, _)) = open
        {
            self.out.findings[root].count += skipped as u64;
        }
    }

    /// Was the job well between the failures of two attempts?
    fn healthy_between(&self, job: usize, before: usize, after: usize) -> bool {
        let attempts = &self.story.jobs[job].attempts;
        attempts[before + 1..=after].iter().any(|a| {
            let ran = match (a.running.or(a.start), a.end) {
                (Some(start), Some(end)) => end - start,
                _ => 0,
            };
            a.completed > 0 || ran >= HEALTHY_MS && a.failed == 0
        })
    }

    fn attempt_cause(&self, job: usize, attempt: usize) -> Option<Cause> {
        let known = &self.story.jobs[job].attempts[attempt];
        if known.outcome == Outcome::Lost {
            let next = self.story.jobs[job].attempts.get(attempt + 1).and_then(|a| a.start);
            return self.leader_cause(next.or(known.end));
        }
        self.cause_of(Some(job), Some(attempt), &known.failures)
    }

    /// Adds a cause: to the finding that it is already, or as a new one. Returns the finding of the cause.
    fn note(&mut self, job: usize, attempt: &Attempt, cause: Cause, incident: Option<usize>) -> usize {
        let first_failure = attempt.failures.first().copied();
        let ms = cause.ms.or(attempt.end);
        let end = attempt.end;
        let number = attempt.number;
        let index = self.finding_of(&cause, incident);
        let finding = &mut self.out.findings[index];
        finding.count += 1;
        finding.at(ms);
        finding.at(end.filter(|e| ms.is_none_or(|m| *e >= m)));
        if finding.attempts.len() < 1_000 {
            finding.attempts.push(number);
        }
        for evidence in cause.evidence {
            if finding.evidence.len() < 4 {
                finding.cite(Some(evidence));
            }
        }
        if finding.evidence.is_empty()
            && let Some(at) = first_failure
        {
            finding.cite(Evidence::of(self.story, at));
        }
        self.concern(index, job);
        // What was seen of it: a chain of symptoms, each an effect of the one before.
        let mut before = index;
        for (slug, evidence) in cause.symptoms {
            let key = (slug.clone(), format!("of {index}"));
            let symptom = match self.by_cause.get(&key) {
                Some(known) => *known,
                None => {
                    let pattern = self.rules.packs.get(&slug);
                    self.out.findings.push(Finding::new(&slug, pattern, Role::Symptom, Certainty::Confirmed));
                    self.by_cause.insert(key, self.out.findings.len() - 1);
                    self.out.findings.len() - 1
                }
            };
            let finding = &mut self.out.findings[symptom];
            finding.count += 1;
            finding.at(end.or(ms));
            if finding.attempts.len() < 1_000 {
                finding.attempts.push(number);
            }
            for evidence in evidence {
                finding.cite(Some(evidence));
            }
            if symptom != before && !finding.caused_by.contains(&before) {
                finding.caused_by = vec![before];
            }
            self.concern(symptom, job);
            before = symptom;
        }
        index
    }

    /// Notes that a finding is about a job.
    fn concern(&mut self, finding: usize, job: usize) {
        if self.concerned.insert((finding, job)) {
            let finding = &mut self.out.findings[finding];
            finding.jobs.push(job);
            if finding.role == Role::RootCause {
                self.explained.insert(job);
            }
        }
    }

    fn finding_of(&mut self, cause: &Cause, incident: Option<usize>) -> usize {
        let key = (cause.slug.clone(), cause.detail.clone());
        if let Some(known) = self.by_cause.get(&key) {
            let finding = &mut self.out.findings[*known];
            finding.certainty = finding.certainty.min(cause.certainty);
            return *known;
        }
        let pattern = self.rules.packs.get(&cause.slug);
        // In a loop later attempts often fail for other reasons: the first decides.
        let role = match incident {
            Some(root) if cause.is_symptom && self.out.findings[root].role == Role::RootCause => Role::Symptom,
            Some(root) if self.out.findings[root].role == Role::RootCause => Role::Sustainer,
            _ => Role::RootCause,
        };
        let mut finding = Finding::new(&cause.slug, pattern, role, cause.certainty);
        finding.exception = cause.exception;
        finding.missing = cause.missing.clone();
        finding.task_manager = cause.worker.map(|w| self.story.workers[w].id.clone());
        if let Some(fingerprint) = cause.exception
            && let Some(known) = self.thrown.get(&fingerprint)
        {
            let trace = &known.group.thrown.trace;
            if let Some(root) = trace.root_link() {
                let class = root.class.rsplit('.').next().unwrap_or(&root.class);
                let message = root.message.lines().next().unwrap_or("");
                let what = if message.is_empty() { class.to_owned() } else { format!("{class}: {message}") };
                match (&*cause.slug, &trace.user_frame) {
                    ("user-code-exception", Some(frame)) => {
                        finding.title = format!("{class} in {}.{}{}", short_class(&frame.class), frame.method, place_of(frame));
                        finding.explanation = format!("The user's code threw {what}. {}", finding.explanation);
                    }
                    ("unclassified-exception", _) => {
                        finding.title = what.clone();
                        finding.explanation = format!("No pattern knows this exception: {}.", what.trim_end_matches('.'));
                    }
                    _ => finding.explanation = format!("{} The log says: {what}", finding.explanation),
                }
            }
        }
        if let Some(note) = &cause.note {
            finding.explanation = format!("{} ({note})", finding.explanation.trim_end());
        }
        if let Some(root) = incident.filter(|_| role != Role::RootCause) {
            finding.caused_by.push(root);
        }
        self.out.findings.push(finding);
        self.by_cause.insert(key, self.out.findings.len() - 1);
        self.out.findings.len() - 1
    }

    /// Adds a cause that ended no attempt.
    pub fn note_alone(&mut self, cause: Cause, job: Option<usize>, role: Role) -> usize {
        let known = self.by_cause.contains_key(&(cause.slug.clone(), cause.detail.clone()));
        let index = self.finding_of(&cause, None);
        let finding = &mut self.out.findings[index];
        if !known {
            finding.role = role;
            // All that is told of a failure weighs something.
            if role == Role::RootCause {
                finding.severity = finding.severity.min(Severity::Warning);
            }
        }
        finding.count += 1;
        finding.at(cause.ms);
        for evidence in cause.evidence {
            finding.cite(Some(evidence));
        }
        if let Some(job) = job {
            self.concern(index, job);
        }
        let mut before = index;
        for (slug, evidence) in cause.symptoms {
            let mut symptom = Finding::new(&slug, self.rules.packs.get(&slug), Role::Symptom, Certainty::Confirmed);
            symptom.caused_by = vec![before];
            symptom.at(cause.ms);
            symptom.count = 1;
            symptom.jobs.extend(job);
            evidence.into_iter().for_each(|e| symptom.cite(Some(e)));
            self.out.findings.push(symptom);
            before = self.out.findings.len() - 1;
        }
        index
    }

    /// Is there a finding of this slug?
    pub fn has(&self, slug: &str) -> bool {
        self.out.findings.iter().any(|f| &*f.pattern == slug)
    }

    /// Logs of TaskManagers without that of a JobManager: their failed tasks are all there is.
    fn task_managers_alone(&mut self) {
        let mut failures: Vec<EntryRef> = Vec::new();
        for placed in &self.story.order {
            let entry = self.story.entry(placed.at);
            if matches!(entry.what, What::TaskFailed { .. }) && self.judged(placed.ms) && failures.len() < 5_000 {
                failures.push(placed.at);
            }
        }
        // Tasks that fail within ten seconds of one another fail together.
        let mut group: Vec<EntryRef> = Vec::new();
        let mut last: Option<i64> = None;
        for at in failures.into_iter().map(Some).chain(std::iter::once(None)) {
            let ms = at.and_then(|at| self.story.time(at));
            let apart = matches!((last, ms), (Some(last), Some(ms)) if ms - last > 10_000);
            if (at.is_none() || apart) && !group.is_empty() {
                if let Some(cause) = self.cause_of(None, None, &group) {
                    self.note_alone(cause, None, Role::RootCause);
                }
                group.clear();
            }
            group.extend(at);
            last = ms.or(last);
        }
    }
}

fn short_class(class: &str) -> &str {
    class.rsplit('.').next().unwrap_or(class)
}

fn place_of(frame: &crate::exception::Frame) -> String {
    match (&frame.file, frame.line) {
        (Some(file), Some(line)) => format!(" ({file}:{line})"),
        _ => String::new(),
    }
}
