//! What JVMs and monitors inside them say beside failures: deadlocks and contended locks in thread dumps, stops that a pause monitor saw.

use super::cause::Cause;
use super::finding::{Certainty, Evidence, Finding, Missing, Role, Severity};
use super::incidents::{Work, entries_of};
use crate::correlate::EntryRef;
use crate::digest::What;
use crate::event::{Kind, Str};
use crate::jvm::thread_dump::ThreadDump;

/// Thread dumps that are looked at.
const DUMPS: usize = 256;

/// Looks at thread dumps and pause monitors.
pub fn look(work: &mut Work) {
    deadlocks(work);
    blocked_tasks(work);
    monitored_pauses(work);
}

/// Threads that wait for one another never go on: a cause, where no other is known.
fn deadlocks(work: &mut Work) {
    let found: Vec<_> = dumps(work).into_iter().flat_map(|(source, dump)| dump.deadlocks.iter().map(move |deadlock| (source, dump, deadlock))).collect();
    let Some(&(source, dump, first)) = found.first() else { return };
    let mut cause = Cause::new("thread-deadlock", Certainty::Confirmed, work.story.utc(source, dump.shown_ms));
    cause.note = Some(first.threads.iter().map(|name| format!("\"{name}\"")).collect::<Vec<_>>().join(", "));
    for (source, dump, deadlock) in found.iter().take(4) {
        cause.evidence.extend(quoted(work, *source, dump, deadlock.place.line));
    }
    let explained = work.out.findings.iter().any(|f| f.role == Role::RootCause);
    let at = work.note_alone(cause, None, if explained { Role::Contributing } else { Role::RootCause });
    let worker = worker_of(work, source);
    work.out.findings[at].task_manager = worker;
}

/// The first thread dumps of the logs whose time is not outside of the bounds, each with its source.
fn dumps<'s>(work: &Work<'s>) -> Vec<(usize, &'s ThreadDump)> {
    let story = work.story;
    let all = story.sources.iter().enumerate().flat_map(|(i, source)| source.digest.jvm.dumps.iter().map(move |dump| (i, dump)));
    all.filter(|(source, dump)| work.judged(story.utc(*source, dump.shown_ms))).take(DUMPS).collect()
}

/// The TaskManager that wrote a source.
fn worker_of(work: &Work, source: usize) -> Option<Str> {
    work.story.workers.iter().find(|worker| worker.sources.contains(&source)).map(|worker| worker.id.clone())
}

/// A line of a thread dump; of very many dumps the last one that is kept.
fn quoted(work: &Work, source: usize, dump: &ThreadDump, line: u64) -> Option<Evidence> {
    let quotes = &work.story.sources[source].digest.jvm_quotes;
    let quote = quotes.iter().find(|quote| quote.place.line == line).or(quotes.last())?.clone();
    Some(Evidence::Quote { source, quote, ms: work.story.utc(source, dump.shown_ms) })
}

/// Several tasks that wait for a lock which one thread holds.
fn blocked_tasks(work: &mut Work) {
    let mut worst: Option<(usize, usize, &ThreadDump, String)> = None;
    for (source, dump) in dumps(work) {
        let is_task = |name: &str| dump.task_threads.iter().any(|task| task.name == name);
        for waiting in dump.blocked_threads.iter().filter(|thread| thread.held_by.is_some()) {
            let same = dump.blocked_threads.iter().filter(|thread| thread.lock == waiting.lock && is_task(&thread.name)).count();
            if same >= 2 && worst.as_ref().is_none_or(|(most, ..)| same > *most) {
                let holder = waiting.held_by.as_deref().unwrap_or("");
                let text = format!("{same} task threads wait for a lock ({}) that \"{holder}\" holds, at {}.", waiting.lock_class, waiting.top_frame);
                worst = Some((same, source, dump, text));
            }
        }
    }
    let Some((_, source, dump, text)) = worst else { return };
    let mut finding = Finding::new("task-threads-blocked", work.rules.packs.get("task-threads-blocked"), Role::Observation, Certainty::Possible);
    finding.explanation = format!("{} {text}", finding.explanation);
    finding.count = 1;
    finding.task_manager = worker_of(work, source);
    finding.at(work.story.utc(source, dump.shown_ms));
    finding.cite(quoted(work, source, dump, dump.place.line));
    work.out.findings.push(finding);
}

/// Long stops that `JvmPauseMonitor` saw.
fn monitored_pauses(work: &mut Work) {
    let limit = work.options.thresholds.gc_pause_s * 1000.0;
    let mut long: Vec<(u64, Option<u64>, EntryRef)> = Vec::new();
    for placed in &work.story.order {
        if let What::Event(Kind::HostPause { ms, collected_ms }) = &work.story.entry(placed.at).what
            && *ms as f64 > limit
            && work.judged(placed.ms)
            && long.len() < 10_000
        {
            long.push((*ms, *collected_ms, placed.at));
        }
    }
    long.sort_by_key(|(ms, _, at)| (std::cmp::Reverse(*ms), at.source, at.entry));
    let Some((ms, collected, at)) = long.first().copied() else { return };
    let mut finding = Finding::new("host-pause", work.rules.packs.get("host-pause"), Role::Observation, Certainty::Confirmed);
    finding.severity = Severity::Warning;
    finding.count = long.len() as u64;
    let by =
        collected.map_or_else(|| "no collection was seen: the host or its container stood still".to_owned(), |ms| format!("{ms} ms of it were collections"));
    finding.explanation = format!("{} The longest took {:.1} s; {by}.", finding.explanation, ms as f64 / 1000.0);
    for (_, _, at) in long.iter().take(4) {
        finding.at(work.story.time(*at));
        finding.cite(Evidence::of(work.story, *at));
    }
    finding.at(work.story.time(at));
    work.out.findings.push(finding);
}

impl Work<'_> {
    /// Collections or a standing host before a loss, as Flink's memory logger or a pause monitor saw them: weaker than a GC log.
    pub(super) fn monitored(&self, worker: usize, own: &[usize], lost: Option<i64>) -> Option<Cause> {
        let lost = lost?;
        let timeout = self.heartbeat_timeout();
        let window = lost - 2 * timeout..=lost + 1_000;
        let id = self.story.workers[worker].id.to_string();
        for source in own {
            let utc = |ms: i64| self.story.clocks[*source].utc(ms);
            let log = &self.story.sources[*source].digest.memory_log;
            let near: Vec<_> = log.busiest.iter().filter(|c| utc(c.from) <= *window.end() && utc(c.to) >= *window.start()).collect();
            let stopped: u64 = near.iter().map(|c| c.ms).sum();
            let Some(most) = near.iter().max_by_key(|c| c.ms).filter(|_| 2 * stopped as i64 >= timeout) else { continue };
            let mut cause = Cause::new("gc-long-pause", Certainty::Possible, Some(utc(most.from)));
            cause.note = Some(format!(
                "the memory logger counts {:.1} s of collections before the loss, {:.1} s of them within {:.1} s; heartbeat.timeout is {} s",
                stopped as f64 / 1000.0,
                most.ms as f64 / 1000.0,
                (most.to - most.from) as f64 / 1000.0,
                timeout as f64 / 1000.0
            ));
            cause.evidence.extend(most.quote.clone().map(|quote| Evidence::Quote { source: *source, quote, ms: Some(utc(most.to)) }));
            cause.missing.push(Missing {
                code: "no-gc-log",
                subject: Some(id.clone()),
                text: format!("no GC log of TaskManager {id}: how long each pause was"),
            });
            return Some(cause);
        }
        let stop = self.stops_near(worker, own, lost).into_iter().find(|(ms, ..)| 2 * *ms as i64 >= timeout)?;
        let (ms, collected, at) = stop;
        let by_collector = collected.is_some_and(|collected| 2 * collected >= ms);
        let mut cause = Cause::new(if by_collector { "gc-long-pause" } else { "tm-frozen" }, Certainty::Possible, self.story.time(at).map(|at| at - ms as i64));
        cause.note = Some(format!("a pause monitor saw a stop of {:.1} s; heartbeat.timeout is {} s", ms as f64 / 1000.0, timeout as f64 / 1000.0));
        cause.evidence.extend(Evidence::of(self.story, at));
        Some(cause)
    }

    /// Stops that monitors in the worker's own logs, or in the log of its NodeManager, saw before a loss: length, time in collections, record.
    pub(super) fn stops_near(&self, worker: usize, own: &[usize], lost: i64) -> Vec<(u64, Option<u64>, EntryRef)> {
        let timeout = self.heartbeat_timeout();
        let host = self.story.workers[worker].host.as_deref();
        let of_host = |source: usize| {
            let scanned = &self.story.sources[source];
            let node = scanned.named.node.as_deref().unwrap_or(&scanned.path);
            scanned.sniffed.role == "nodemanager" && host.is_some_and(|host| !host.is_empty() && node.contains(host))
        };
        let stops = self.index.stops.get_or_init(|| entries_of(self.story, |entry| matches!(&entry.what, What::Event(Kind::HostPause { .. }))));
        let mut found = Vec::new();
        for (source, stops) in stops.iter().enumerate() {
            if stops.is_empty() || !own.contains(&source) && !of_host(source) {
                continue;
            }
            for &entry in stops {
                let at = EntryRef { source, entry };
                let What::Event(Kind::HostPause { ms, collected_ms }) = &self.story.entry(at).what else { continue };
                // The monitor writes when the stop is over.
                let overlaps = self.story.time(at).is_some_and(|end| end >= lost - 2 * timeout && end - *ms as i64 <= lost + 1_000);
                if overlaps && found.len() < 16 {
                    found.push((*ms, *collected_ms, at));
                }
            }
        }
        found.sort_by_key(|(ms, _, at)| (std::cmp::Reverse(*ms), at.source, at.entry));
        found
    }
}
