//! Chains: from a symptom to the cause that the logs show, along the candidates that the packs name (`patterns/chains.toml`).
//!
//! A candidate is looked for in its window and its scope: in records that its pattern fits, in what a harmless line shows (`shown_by`), or, where a cause
//! has no line of its own, by what concludes it (a pause, a silence, a log that stops). The first candidate that is no symptom itself is the cause; what
//! one log says of another's failure is never more than likely.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::cause::{AFTER_MS, Cause, Told};
use super::conditions;
use super::finding::{Certainty, Evidence, Missing};
use super::incidents::{self, Work};
use super::worker::DurationKey;
use crate::correlate::{EntryRef, Placed};
use crate::digest::What;
use crate::event::{JobId, Kind};
use crate::layout::Level;
use crate::patterns::{Chain, Nature, Needs, Scope};

/// Links that are walked from a symptom.
const MAX_LINKS: usize = 4;
/// TaskManagers whose pauses are looked at for one symptom.
const MAX_PAUSED: usize = 64;
/// Retries of a TaskManager from which on it is no late start of its peer.
const MANY_RETRIES: u64 = 3;

/// How long a JobManager waits for TaskManagers before it is likely that nobody starts them, in milliseconds.
const LEAST_WAIT_MS: i64 = 30_000;

/// Where a symptom was seen.
#[derive(Debug, Clone, Copy)]
pub(super) struct Seen {
    pub at: EntryRef,
    pub job: Option<usize>,
    /// The TaskManager that it is about.
    pub worker: Option<usize>,
}

/// Records by the slug that they tell, in time order; only slugs that chains name.
pub(super) type BySlug = FxHashMap<&'static str, Vec<Placed>>;

impl Work<'_> {
    /// What brought a symptom about, if the logs show it.
    pub(super) fn led_to(&self, symptom: &str, seen: Seen) -> Option<Cause> {
        self.walk(symptom, seen, MAX_LINKS)
    }

    fn walk(&self, symptom: &str, seen: Seen, links: usize) -> Option<Cause> {
        let mut effect = None;
        for chain in self.rules.packs.chains_from(symptom) {
            match self.candidate(chain, seen, links) {
                Some(cause) if !cause.is_symptom => return Some(cause),
                found => effect = effect.or(found),
            }
        }
        effect
    }

    fn candidate(&self, chain: &Chain, seen: Seen, links: usize) -> Option<Cause> {
        if let Some(shown_by) = chain.shown_by {
            return self.shown(chain, shown_by, seen);
        }
        let pattern = self.rules.packs.get(chain.cause)?;
        if pattern.inferred
            && let Some(cause) = self.concluded(chain, seen)
        {
            return Some(cause);
        }
        let at = self.record_of(chain.cause, chain, seen)?;
        let mut cause = match self.story.entry(at).exception.filter(|f| self.told(*f).1 == chain.cause) {
            Some(fingerprint) => self.stated(fingerprint, at),
            None => conditions::alone(self, chain.cause, at, Certainty::Likely, pattern.nature == Nature::Symptom),
        };
        // What only warned was survived, and of a record that tells no job nobody knows whose trouble it was.
        let entry = self.story.entry(at);
        let survived = matches!(entry.what, What::Problem { .. }) && matches!(entry.level, Level::Warn | Level::Info | Level::Debug | Level::Trace);
        let sure = if survived || self.is_unsure(at, seen) { Certainty::Possible } else { Certainty::Likely };
        cause.certainty = cause.certainty.max(sure);
        cause.worker = seen.worker.filter(|_| chain.scope == Scope::SameTaskManager);
        if pattern.nature != Nature::Cause {
            let before = links.checked_sub(1).and_then(|links| self.walk(chain.cause, Seen { at, ..seen }, links));
            if let Some(deeper) = before.filter(|deeper| !deeper.is_symptom) {
                return Some(deeper.with_symptom(chain.cause, Evidence::of(self.story, at)));
            }
        }
        if pattern.nature == Nature::Symptom {
            cause.is_symptom = true;
            cause.certainty = Certainty::Possible;
        }
        Some(cause)
    }

    /// The record nearest before the symptom, in window and scope, that tells a slug; else what the platform says of it later.
    fn record_of(&self, slug: &str, chain: &Chain, seen: Seen) -> Option<EntryRef> {
        let records = self.index.by_slug.get_or_init(|| self.by_slug()).get(slug)?;
        let fits = |placed: &&Placed| placed.at != seen.at && self.in_scope(chain.scope, placed.at, seen);
        let Some(ms) = self.story.time(seen.at) else {
            // Without times only what stands above in the same text came before.
            let above = |p: &&Placed| p.ms.is_none() && p.at.source == seen.at.source && p.at.entry < seen.at.entry;
            return records.iter().rev().filter(above).find(fits).map(|p| p.at);
        };
        let near = incidents::since(records, Some(ms.saturating_sub(self.window(chain))));
        let (before, after) = near.split_at(near.partition_point(|p| p.ms <= Some(ms)));
        // The platform's notices of a death come late; what fails later is no cause.
        let notice = |p: &&Placed| matches!(self.story.entry(p.at).what, What::Event(Kind::PlatformEnd { .. } | Kind::WorkerTerminated { .. }));
        let mut notices = after.iter().take_while(|p| p.ms <= Some(ms + AFTER_MS)).filter(notice);
        before.iter().rev().find(fits).or_else(|| notices.find(fits)).map(|p| p.at)
    }

    /// How far back a chain goes, in milliseconds; from a checkpoint that expired no further than to its trigger (10 minutes by default).
    fn window(&self, chain: &Chain) -> i64 {
        let window = i64::try_from(chain.window_ms).unwrap_or(i64::MAX);
        if chain.symptom == "cp-expired" { window.min(self.duration_set(DurationKey::CheckpointTimeout).unwrap_or(600_000)) } else { window }
    }

    fn by_slug(&self) -> BySlug {
        let named: FxHashMap<&str, &'static str> = self.rules.packs.chains().iter().map(|chain| (chain.cause, chain.cause)).collect();
        let mut told: FxHashMap<u64, Option<&'static str>> = FxHashMap::default();
        let mut by_slug = BySlug::default();
        for placed in &self.story.order {
            let entry = self.story.entry(placed.at);
            let by_exception = entry.exception.and_then(|fingerprint| {
                *told.entry(fingerprint).or_insert_with(|| match self.told(fingerprint) {
                    (Told::Nothing, _) => None,
                    (_, slug) => named.get(slug).copied(),
                })
            });
            let by_line = || entry.pattern.and_then(|i| self.rules.pattern(i)).filter(|p| p.nature != Nature::Benign).and_then(|p| named.get(p.id).copied());
            if let Some(slug) = by_exception.or_else(by_line)
                && !conditions::is_over(self, placed.at)
            {
                by_slug.entry(slug).or_default().push(*placed);
            }
        }
        by_slug
    }

    fn in_scope(&self, scope: Scope, at: EntryRef, seen: Seen) -> bool {
        let entry = self.story.entry(at);
        let own = seen.job.and_then(|job| self.story.jobs.get(job)).map(|job| job.id);
        // Another job's failure is its own business; of a failed task whose job is not told nobody knows.
        let other = matches!((own, job_of(&entry.what)), (Some(own), Some(of)) if own != of);
        let unsure = self.is_unsure(at, seen);
        if other || unsure && matches!(entry.what, What::TaskFailed { .. }) {
            return false;
        }
        match scope {
            Scope::SameTaskManager => seen
                .worker
                .and_then(|w| self.story.workers.get(w))
                .is_some_and(|worker| worker.sources.contains(&at.source) || self.story.quote(at).is_some_and(|quote| names(&quote.text, &worker.id))),
            Scope::SameJob => !unsure,
            Scope::SameProcess => at.source == seen.at.source || self.process_of(at.source).is_some_and(|p| self.process_of(seen.at.source) == Some(p)),
            Scope::AnyTaskManager => self.story.sources[at.source].sniffed.role == "taskmanager",
            Scope::AbsentTaskManager => self.story.sources[at.source].sniffed.role == "taskmanager" && !self.is_there(at.source, self.story.time(seen.at)),
            Scope::AnyProcess => true,
        }
    }

    /// Are there several jobs, and is it not told whose record it is?
    fn is_unsure(&self, at: EntryRef, seen: Seen) -> bool {
        seen.job.is_some() && self.story.jobs.len() > 1 && job_of(&self.story.entry(at).what).is_none()
    }

    /// Is the TaskManager of a source registered at a time?
    fn is_there(&self, source: usize, ms: Option<i64>) -> bool {
        let Some(ms) = ms else { return false };
        self.story.workers.iter().any(|worker| worker.sources.contains(&source) && worker.lives.iter().any(|life| life.is_there(ms)))
    }

    fn process_of(&self, source: usize) -> Option<usize> {
        self.story.processes.iter().position(|p| p.sources.contains(&source))
    }

    /// A cause that harmless lines show when a symptom follows.
    fn shown(&self, chain: &Chain, shown_by: &str, seen: Seen) -> Option<Cause> {
        let story = self.story;
        let index = u16::try_from(self.rules.packs.index_of(shown_by)?).ok()?;
        let ms = story.time(seen.at)?;
        let over_with = self.rules.packs.get(shown_by).map_or(&[][..], |pattern| &pattern.over_with);
        let ends = |pattern: u16| over_with.iter().any(|id| self.rules.packs.index_of(id) == Some(usize::from(pattern)));
        story.sources.iter().enumerate().find_map(|(source, scanned)| {
            let process = |scope| match scope {
                Scope::AnyTaskManager => scanned.sniffed.role == "taskmanager",
                Scope::SameProcess => self.process_of(source).is_some_and(|p| self.process_of(seen.at.source) == Some(p)),
                _ => true,
            };
            let matters = &scanned.digest.matters;
            let hits = matters.benign.iter().chain(&matters.hits).find(|hits| hits.pattern == index && process(chain.scope))?;
            let first = story.utc(source, hits.seen.first_ms)?;
            let over = matters.recoveries.iter().any(|recovery| ends(recovery.pattern) && recovery.line > hits.place.line);
            // A state that some line ends goes on until then.
            let window = if over_with.is_empty() { self.window(chain) } else { i64::try_from(chain.window_ms).unwrap_or(i64::MAX) };
            if over || !(ms.saturating_sub(window)..=ms).contains(&first) {
                return None;
            }
            let mut cause = Cause::new(chain.cause, Certainty::Possible, Some(first));
            cause.evidence.extend(hits.quote.clone().map(|quote| Evidence::Quote { source, quote, ms: Some(first) }));
            Some(cause)
        })
    }

    /// Causes that have no line of their own.
    fn concluded(&self, chain: &Chain, seen: Seen) -> Option<Cause> {
        let ms = self.story.time(seen.at);
        let cause = match chain.cause {
            "gc-long-pause" | "gc-thrash" | "tm-frozen" => self.paused(chain, seen)?,
            "jm-long-pause" => self.leader_stood_still(ms)?,
            "jm-process-killed" => self.leader_ended_near(ms, self.window(chain))?,
            "backpressure" => self.pressed(ms)?,
            "tm-not-started" => self.nobody_started(seen)?,
            "tm-cannot-register" => self.cannot_register(chain, seen)?,
            _ => return None,
        };
        let source = cause.evidence.first().map(Evidence::source);
        let elsewhere = chain.scope == Scope::SameProcess && source.is_none_or(|s| self.process_of(s) != self.process_of(seen.at.source));
        let mut cause = Some(cause).filter(|cause| *cause.slug == *chain.cause && !elsewhere)?;
        cause.certainty = cause.certainty.max(Certainty::Likely);
        Some(cause)
    }

    /// A TaskManager in scope that stood still just before.
    fn paused(&self, chain: &Chain, seen: Seen) -> Option<Cause> {
        let ms = self.story.time(seen.at);
        let process = self.process_of(seen.at.source);
        let in_scope = |worker: &usize| match chain.scope {
            Scope::SameTaskManager => seen.worker == Some(*worker),
            Scope::SameProcess => process.is_some() && self.story.workers[*worker].process == process,
            _ => true,
        };
        (0..self.story.workers.len()).filter(in_scope).take(MAX_PAUSED).find_map(|worker| {
            let who = &self.story.workers[worker];
            let mut cause = match chain.cause {
                "tm-frozen" => self.frozen(worker, &who.sources, ms),
                _ => self.pauses_of(who.process, ms),
            }?;
            cause.worker = Some(worker);
            cause.detail = who.id.to_string();
            Some(cause)
        })
    }

    /// A standalone JobManager whose whole log has no TaskManager.
    fn nobody_started(&self, seen: Seen) -> Option<Cause> {
        let process = &self.story.processes[self.process_of(seen.at.source)?];
        let standalone = process.life.component.as_deref().is_some_and(|component| component.contains("Standalone"));
        let known = self.story.workers.iter().any(|worker| !worker.lives.is_empty() || !worker.sources.is_empty());
        let others = self.story.sources.iter().any(|source| source.sniffed.role == "taskmanager");
        if process.role != "jobmanager"
            || !standalone
            || known
            || others
            || !self.story.folded.workers.is_empty()
            || *self.index.task_ran.get_or_init(|| self.task_ran())
        {
            return None;
        }
        let to = self.story.time(seen.at);
        // Who starts a cluster may start the TaskManagers last.
        let waited = to.zip(process.start).is_some_and(|(to, from)| to - from >= LEAST_WAIT_MS);
        let mut cause = Cause::new("tm-not-started", if waited { Certainty::Likely } else { Certainty::Possible }, process.start);
        let text = "from the JobManager's start on no line tells of a TaskManager that registers".to_owned();
        // Of a rotated log the first file has the start.
        let source = process.sources.first().copied().unwrap_or(seen.at.source);
        let quote = process.life.banner.as_ref().and_then(|banner| self.story.sources[source].digest.line(banner)).map(Arc::new);
        cause.evidence.push(Evidence::Absence { source, from: process.start, to, text, quote });
        cause.evidence.extend(Evidence::of(self.story, seen.at));
        Some(cause)
    }

    /// Was any task deployed?
    fn task_ran(&self) -> bool {
        let ran = |what: &What| match what {
            What::Tasks { run, .. } => run.running > 0,
            What::TaskFailed { failure, .. } => failure.on_task_manager || failure.location.as_deref().is_some_and(|at| !at.contains("unassigned")),
            _ => false,
        };
        self.story.sources.iter().any(|source| !source.digest.deployments.is_empty() || source.digest.entries.iter().any(|entry| ran(&entry.what)))
    }

    /// A TaskManager that looks for the ResourceManager again and again, which never hears of it.
    fn cannot_register(&self, chain: &Chain, seen: Seen) -> Option<Cause> {
        let story = self.story;
        let ms = story.time(seen.at)?;
        let retries = u16::try_from(self.rules.packs.index_of("rpc-retrying")?).ok()?;
        // A JobManager whose log begins later may have known it, and one that is known without a log of its own may be this one.
        let begun = story.processes.iter().filter(|p| p.role == "jobmanager" && p.life.banner.is_some()).filter_map(|p| p.start).min()?;
        if !story.folded.workers.is_empty() || story.workers.iter().any(|worker| worker.sources.is_empty()) {
            return None;
        }
        let registered = |source: usize| story.workers.iter().any(|w| w.sources.contains(&source) && w.lives.iter().any(|life| life.registered.is_some()));
        story.sources.iter().enumerate().find_map(|(source, scanned)| {
            let hits = scanned.digest.matters.benign.iter().find(|hits| hits.pattern == retries && hits.seen.count >= MANY_RETRIES)?;
            let (first, last) = (story.utc(source, hits.seen.first_ms)?, story.utc(source, hits.seen.last_ms)?);
            let lately = begun <= first && (ms.saturating_sub(self.window(chain))..=ms + AFTER_MS).contains(&last);
            let worked = scanned.digest.entries.iter().any(|entry| matches!(entry.what, What::Tasks { .. } | What::TaskFailed { .. }));
            if scanned.sniffed.role != "taskmanager" || registered(source) || worked || !lately {
                return None;
            }
            let mut cause = Cause::new("tm-cannot-register", Certainty::Likely, story.utc(source, hits.seen.first_ms));
            cause.evidence.extend(hits.quote.clone().map(|quote| Evidence::Quote { source, quote, ms: cause.ms }));
            cause.note = Some(format!("{} attempts, and the JobManager never heard of it", hits.seen.count));
            Some(cause)
        })
    }

    /// What would decide on a symptom: where to look, and which logs were not given.
    pub(super) fn undecided(&self, symptom: &str) -> Vec<Missing> {
        let chains = self.rules.packs.chains_from(symptom);
        let look = chains.first().map(|chain| Missing {
            code: "symptom-only",
            subject: Some(symptom.to_owned()),
            text: format!("what decides is not in these logs: {}", chain.look_at),
        });
        let given = |needs: Needs| {
            self.story.sources.iter().any(|source| match needs {
                Needs::Jobmanager => source.sniffed.role == "jobmanager",
                Needs::Taskmanager => source.sniffed.role == "taskmanager",
                Needs::Gc => source.digest.gc.is_some(),
            })
        };
        let lacking = |needs: Needs| {
            let (code, text) = match needs {
                Needs::Jobmanager => ("no-job-manager-log", "no log of the JobManager"),
                Needs::Taskmanager => ("no-task-manager-logs", "no log of any TaskManager"),
                Needs::Gc => ("no-gc-log", "no GC log"),
            };
            Missing { code, subject: None, text: text.to_owned() }
        };
        let needed = [Needs::Jobmanager, Needs::Taskmanager, Needs::Gc].into_iter().filter(|needs| chains.iter().any(|chain| chain.needs == Some(*needs)));
        look.into_iter().chain(needed.filter(|needs| !given(*needs)).map(lacking)).collect()
    }
}

/// Does a text hold the id, not as a part of a longer one?
fn names(text: &str, id: &str) -> bool {
    let part = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_');
    let bytes = text.as_bytes();
    !id.is_empty() && text.match_indices(id).any(|(at, _)| !part(at.checked_sub(1).and_then(|before| bytes.get(before))) && !part(bytes.get(at + id.len())))
}

/// The job that a record says it is about.
fn job_of(what: &What) -> Option<JobId> {
    match what {
        What::TaskFailed { job, .. } | What::Tasks { job, .. } => *job,
        What::Checkpoints { job, .. } | What::Event(Kind::CheckpointFailed { job, .. } | Kind::JobState { job, .. }) => Some(*job),
        _ => None,
    }
}
