//! Why a TaskManager went: what the platform says, what it says itself, its pauses, its silence; peers only notice.

use std::sync::Arc;

use super::cause::{AFTER_MS, Cause, Told};
use super::finding::{Certainty, Evidence, Missing};
use super::incidents::{Work, entries_of, since};
use crate::correlate::{EntryRef, Loss, WorkerLife};
use crate::digest::What;
use crate::event::Kind;
use crate::patterns::{Nature, Space, Subject};

/// Is it out of memory, or a crash of the JVM?
pub(super) fn ends_the_process(slug: &str) -> bool {
    slug.contains("oom") || slug.starts_with("jvm-") || slug.contains("gc-overhead") || slug.contains("native-thread")
}

/// Durations of the configuration that causes are weighed with.
#[derive(Debug, Clone, Copy)]
pub enum DurationKey {
    HeartbeatTimeout,
    HeartbeatInterval,
    CheckpointTimeout,
}

impl DurationKey {
    /// How many there are.
    pub const COUNT: usize = 3;

    fn key(self) -> &'static str {
        match self {
            DurationKey::HeartbeatTimeout => "heartbeat.timeout",
            DurationKey::HeartbeatInterval => "heartbeat.interval",
            DurationKey::CheckpointTimeout => "execution.checkpointing.timeout",
        }
    }
}

impl Work<'_> {
    /// The TaskManager that an exception's text or its entry names.
    pub(super) fn worker_named(&self, fingerprint: u64, at: EntryRef) -> Option<usize> {
        let text: String = self.story.quote(at).map(|q| q.text.to_string()).unwrap_or_default();
        let links = self
            .thrown
            .get(&fingerprint)
            .map(|t| t.group.thrown.trace.links.iter().map(|l| l.message.clone()).collect::<Vec<_>>().join("\n"))
            .unwrap_or_default();
        // The head line's location is the victim's place; in heartbeat texts the id stands in the message.
        let body = text.split_once('\n').map_or("", |(_, body)| body);
        let by_id = |text: &str| self.index.workers_named(self.story, text);
        by_id(body).or_else(|| by_id(&links)).or_else(|| by_id(&text))
    }

    pub(super) fn life_lost_near(&self, worker: usize, ms: Option<i64>) -> Option<usize> {
        let lives = &self.story.workers[worker].lives;
        let Some(ms) = ms else { return lives.iter().rposition(|l| l.lost.is_some()) };
        let near = |l: &WorkerLife| l.lost.filter(|lost| lost - AFTER_MS <= ms && ms <= lost + 4 * AFTER_MS).map(|lost| (lost - ms).abs());
        let wanted = |l: &WorkerLife| !l.loss.is_some_and(Loss::is_loss);
        (0..lives.len()).filter(|l| near(&lives[*l]).is_some()).min_by_key(|l| (wanted(&lives[*l]), near(&lives[*l])))
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
        // How it was noticed. What the platform says of a container's end is the cause, not how others noticed it.
        let noted = || ended.told_by.iter().filter_map(|at| self.rules.pattern(story.entry(*at).pattern?)).find(|p| p.nature == Nature::Symptom);
        let noticed: Option<&str> = match ended.loss {
            Some(Loss::HeartbeatTimeout) => Some("heartbeat-tm-timeout"),
            Some(Loss::Disconnected) => Some(noted().map_or("tm-unreachable", |pattern| pattern.id)),
            _ => noted().map(|pattern| pattern.id),
        };
        let finish = |mut cause: Cause| {
            if &*cause.slug != "jm-long-pause" {
                cause.worker = Some(worker);
            }
            if cause.detail.is_empty()
                && matches!(&*cause.slug, "tm-process-killed" | "tm-frozen" | "heartbeat-tm-timeout" | "tm-unreachable" | "gc-long-pause" | "gc-thrash")
            {
                cause.detail = who.id.to_string();
            }
            if let Some(noticed) = noticed.filter(|noticed| *cause.slug != **noticed && !told.is_empty()) {
                cause.symptoms.insert(0, (noticed.into(), told.iter().take(2).cloned().collect()));
            }
            cause
        };
        // 1. What the platform says of the end of its container.
        let platform = self.platform_cause(ended, &told, lost);
        let carried = |cause: &Cause| self.rules.packs.get(&cause.slug).is_some_and(|p| p.nature == Nature::Wrapper);
        let own: Vec<usize> = self.own_sources(worker);
        match platform {
            Some(cause) if !carried(&cause) => return finish(cause),
            // An exit code that says only that some exception ended it: its own words say which, or its tasks' that the JobManager heard.
            Some(mut cause) => {
                if let Some(said) = self.own_words(&own, lost).or_else(|| self.ended_by_task(worker, lost)) {
                    return finish(said.with_symptom(&cause.slug, told.first().cloned()));
                }
                cause.slug = noticed.unwrap_or("tm-unreachable").into();
                cause.certainty = Certainty::Insufficient;
                cause.is_symptom = true;
                let text = format!("no log of TaskManager {}", who.id);
                cause.missing.extend(own.is_empty().then(|| Missing { code: "no-log", subject: Some(who.id.to_string()), text }));
                return finish(cause);
            }
            None => {}
        }
        // 2. What it says itself before it goes: out of memory, a crash, a fatal error.
        if let Some(cause) = self.own_words(&own, lost) {
            return finish(cause);
        }
        // 3. Long pauses.
        if let Some(cause) = self.pauses(worker, lost).or_else(|| self.monitored(worker, &own, lost)) {
            return finish(cause);
        }
        // 4. It may be the JobManager that stood still and then counted its own pause.
        if ended.loss == Some(Loss::HeartbeatTimeout)
            && let Some(cause) = self.leader_stood_still(lost)
        {
            return finish(cause);
        }
        if own.is_empty() {
            let slug = noticed.unwrap_or("tm-unreachable");
            let mut cause = Cause::new(slug, Certainty::Possible, lost);
            cause.is_symptom = true;
            cause.evidence = told.clone();
            cause.missing.push(Missing { code: "no-log", subject: Some(who.id.to_string()), text: format!("no log of TaskManager {}", who.id) });
            return finish(cause);
        }
        let process = who.process.map(|p| &story.processes[p]);
        let log = process.map_or(own[0], |p| p.last_source);
        let last = process.and_then(|p| p.end).or_else(|| story.utc(log, story.sources[log].digest.last.map(|s| s.ms)));
        // 5. Its log goes on: it stood still, or the network was cut.
        // The same process registers again by the id that it drew when it started.
        let back = is_drawn(&who.id) && who.lives[life + 1..].iter().any(|later| later.registered.is_some());
        let ends_before = matches!((last, lost), (Some(last), Some(lost)) if last <= lost + 3_000);
        let goes_on = back || matches!((last, lost), (Some(last), Some(lost)) if last > lost + 3_000);
        if goes_on {
            if let Some(cause) = self.frozen(worker, &own, lost) {
                return finish(cause);
            }
            if let Some(at) = self.missed_in_turn(&own, lost) {
                // A JobManager whose main thread is blocked misses all of them, and all miss it.
                let kept = |other: &usize| {
                    let lives = &story.workers[*other].lives;
                    *other != worker
                        && lives.iter().any(|l| l.registered <= lost && l.lost.is_none_or(|gone| lost.is_some_and(|lost| (gone - lost).abs() > AFTER_MS)))
                };
                let alone = (0..story.workers.len()).any(|other| kept(&other));
                let mut cause = Cause::new("network-cut", if alone { Certainty::Likely } else { Certainty::Possible }, lost);
                cause.detail = who.id.to_string();
                cause.evidence.extend(Evidence::of(story, at));
                cause.evidence.extend(told.iter().take(2).cloned());
                if !alone {
                    let text = "whether the JobManager stood still, or its main thread: its GC log, or a thread dump of it".to_owned();
                    cause.missing.push(Missing { code: "no-gc-log", subject: None, text });
                }
                return finish(cause);
            }
            let mut cause = Cause::new("heartbeat-tm-timeout", Certainty::Possible, lost);
            cause.is_symptom = true;
            cause.evidence = told.clone();
            let text = if ends_before {
                format!("TaskManager {} registers again by the same id, so it went on; its log given here ends before", who.id)
            } else {
                "both sides go on logging: network, CPU shortage or a pause that no GC log shows".to_owned()
            };
            cause.missing.push(Missing { code: "no-gc-log", subject: Some(who.id.to_string()), text });
            return finish(cause);
        }
        // 6. It was told to stop.
        let told_to_stop = process.and_then(|p| p.life.signal.clone()).filter(|(_, place)| {
            let told = self.entry_at(log, place.line).and_then(|at| story.time(at));
            !matches!((told, lost), (Some(told), Some(lost)) if told > lost + 3_000)
        });
        if let Some((signal, place)) = told_to_stop {
            let mut cause = Cause::new("tm-process-killed", Certainty::Confirmed, lost);
            cause.evidence.push(Evidence::line(log, place, &format!("RECEIVED SIGNAL {signal}"), last));
            cause.evidence.clear();
            cause.evidence.extend(self.entry_at(log, place.line).and_then(|at| Evidence::of(story, at)));
            cause.evidence.extend(told.clone());
            cause.note = Some(format!("the process received {signal}"));
            return finish(cause);
        }
        // 7. Its log stops without a word.
        let mut cause = Cause::new("tm-process-killed", Certainty::Likely, lost);
        cause.evidence.push(Evidence::Absence {
            source: log,
            from: last,
            to: lost,
            text: "the log of the TaskManager stops here without a word of shutting down".into(),
            quote: story.sources[log].digest.last_quote.clone(),
        });
        cause.evidence.extend(told.iter().take(2).cloned());
        cause.missing.push(Missing {
            code: "who-killed",
            subject: Some(who.id.to_string()),
            text: format!("who ended TaskManager {}: kernel log (`dmesg`), container or pod status, NodeManager log", who.id),
        });
        finish(cause)
    }

    /// Diagnostics and exit codes of YARN and Kubernetes.
    pub(super) fn platform_cause(&self, ended: &WorkerLife, told: &[Evidence], lost: Option<i64>) -> Option<Cause> {
        let text = ended.text.as_deref().unwrap_or("");
        let pattern =
            self.rules.packs.best(&Subject::Text { line: text.as_bytes(), process: None }).filter(|p| matches!(p.nature, Nature::Cause | Nature::Either));
        let by_code = || {
            let code = i32::try_from(ended.exit_code?).ok()?;
            let space = if code < 0 { Space::Yarn } else { Space::Process };
            let known = self.rules.packs.exit_code(space, code)?;
            (!known.pattern.is_empty()).then_some(known.pattern)
        };
        let slug = pattern.map(|p| p.id).or_else(by_code)?;
        let mut cause = Cause::new(slug, Certainty::Confirmed, lost);
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
    pub(super) fn own_words(&self, own: &[usize], lost: Option<i64>) -> Option<Cause> {
        let is_near = |ms: Option<i64>| match (ms, lost) {
            (Some(ms), Some(lost)) => lost - ms <= 4 * AFTER_MS && ms - lost <= AFTER_MS / 2,
            // Without a time: `.out` and hs_err belong to the end of the process.
            _ => true,
        };
        let last_words = self.index.last_words.get_or_init(|| self.last_words());
        let own: Vec<EntryRef> = own.iter().flat_map(|source| last_words[*source].iter().map(|entry| EntryRef { source: *source, entry: *entry })).collect();
        let near = || own.iter().map(|at| (*at, self.story.time(*at))).filter(|(_, ms)| is_near(*ms));
        let mut best: Option<(i32, Cause)> = None;
        for (at, ms) in near() {
            let found = self.story.entry(at);
            let Some(pattern) = found.pattern.and_then(|index| self.rules.pattern(index)) else { continue };
            let memory = ends_the_process(pattern.id);
            let fatal = matches!(&found.what, What::Event(Kind::Fatal { .. }));
            if pattern.nature != Nature::Cause || !memory && !fatal {
                continue;
            }
            let weight = i32::from(memory) * 2 - i32::from(pattern.id.starts_with("jvm-crash"));
            if best.as_ref().is_none_or(|(known, _)| weight > *known) {
                let mut cause = Cause::new(pattern.id, Certainty::Confirmed, ms.or(lost));
                cause.exception = found.exception;
                cause.evidence.extend(Evidence::of(self.story, at));
                best = Some((weight, cause));
            }
        }
        if let Some((_, cause)) = best {
            return Some(cause);
        }
        // A fatal error whose exception says why.
        for (at, _) in near() {
            if let (What::Event(Kind::Fatal { .. }), Some(fingerprint)) = (&self.story.entry(at).what, self.story.entry(at).exception)
                && matches!(self.told(fingerprint).0, Told::Cause | Told::Unnamed)
            {
                return Some(self.stated(fingerprint, at));
            }
        }
        None
    }

    /// Entries of each source that may say why a process ends: fatal errors, and causes that end one.
    fn last_words(&self) -> Vec<Vec<usize>> {
        let ends = |pattern: u16| self.rules.pattern(pattern).is_some_and(|pattern| pattern.nature == Nature::Cause && ends_the_process(pattern.id));
        entries_of(self.story, |entry| matches!(&entry.what, What::Event(Kind::Fatal { .. })) || entry.pattern.is_some_and(ends))
    }

    /// An error that no JVM outlives, of which one of the TaskManager's tasks failed not long before it went.
    fn ended_by_task(&self, worker: usize, lost: Option<i64>) -> Option<Cause> {
        let lost = lost?;
        let before = since(&self.index.with_exception, Some(lost - AFTER_MS)).iter().take_while(|p| p.ms.is_some_and(|ms| ms <= lost));
        for placed in before {
            let Some(fingerprint) = self.story.entry(placed.at).exception else { continue };
            let (told, slug) = self.told(fingerprint);
            let on_it = || {
                let quote = self.story.quote(placed.at)?;
                self.index.workers_named(self.story, quote.text.lines().take(2).collect::<Vec<_>>().join("\n").as_str())
            };
            if told == Told::Cause && ends_the_process(slug) && on_it() == Some(worker) {
                return Some(self.stated(fingerprint, placed.at));
            }
        }
        None
    }

    /// GC pauses that cover most of the heartbeat time-out before the loss.
    fn pauses(&self, worker: usize, lost: Option<i64>) -> Option<Cause> {
        self.pauses_of(self.story.workers[worker].process, lost)
    }

    /// The same for any process.
    pub(super) fn pauses_of(&self, process: Option<usize>, lost: Option<i64>) -> Option<Cause> {
        let lost = lost?;
        let timeout = self.heartbeat_timeout();
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
                // Many pauses, none of them long, one after the other: the process crawled.
                let fulls = within.iter().filter(|(_, p)| p.kind == crate::gc::PauseKind::Full).count();
                let crawled = fulls >= 5 && fulls * 2 > within.len() && longest.ms < 0.2 * timeout as f64;
                let mut cause = Cause::new(if crawled { "gc-thrash" } else { "gc-long-pause" }, certainty, Some(*start));
                let text = format!(
                    "stop-the-world pauses of {:.1} s before the loss, the longest {:.1} s ({}); heartbeat.timeout is {} s{}",
                    stopped / 1000.0,
                    longest.ms / 1000.0,
                    longest.cause,
                    timeout as f64 / 1000.0,
                    super::collector::not_the_collector(longest).trim_end_matches('.')
                );
                cause.note = Some(text.clone());
                cause.evidence.push(self.line_evidence(source, longest.place.line, &text, Some(*start)));
                return Some(cause);
            }
        }
        None
    }

    /// Quotes a GC line where its words were kept, else says what it shows.
    pub fn line_evidence(&self, source: usize, line: u64, text: &str, ms: Option<i64>) -> Evidence {
        let quotes = &self.story.sources[source].digest.gc_quotes;
        // A record of JDK 8 begins on one line and tells its length on a later one.
        let at = quotes.partition_point(|q| q.place.line < line);
        match quotes.get(at).filter(|q| q.place.line - line < 1_000) {
            Some(quote) => Evidence::Quote { source, quote: quote.clone(), ms },
            None => Evidence::Absence { source, from: ms, to: ms, text: format!("line {line}: {text}"), quote: None },
        }
    }

    /// Where a TaskManager that never fell silent says that it missed the JobManager, when that missed it.
    fn missed_in_turn(&self, own: &[usize], lost: Option<i64>) -> Option<EntryRef> {
        let lost = lost?;
        // Of a shorter time-out no log shows whether it was kept.
        let timeout = Some(self.heartbeat_timeout()).filter(|timeout| *timeout >= 2 * crate::record::gaps::MIN_GAP_MS)?;
        let silent = own.iter().any(|source| {
            let utc = |ms| self.story.clocks[*source].utc(ms);
            let gaps = self.story.sources[*source].digest.gaps.iter().map(|silence| (utc(silence.gap.from), utc(silence.gap.to)));
            gaps.into_iter().any(|(from, to)| to - from >= timeout / 2 && from <= lost && to >= lost - timeout)
        });
        if silent {
            return None;
        }
        let tells = |i| self.rules.pattern(i).is_some_and(|p| p.id == "heartbeat-jm-timeout");
        let missed = self.index.leader_missed.get_or_init(|| entries_of(self.story, |entry| entry.pattern.is_some_and(tells)));
        let mut entries = own.iter().flat_map(|source| missed[*source].iter().map(|entry| EntryRef { source: *source, entry: *entry }));
        entries.find(|at| self.story.time(*at).is_some_and(|ms| (ms - lost).abs() <= timeout))
    }

    /// Silence of a process that then goes on with a burst.
    pub(super) fn frozen(&self, worker: usize, own: &[usize], lost: Option<i64>) -> Option<Cause> {
        let lost = lost?;
        let timeout = self.heartbeat_timeout();
        for source in own {
            for silence in &self.story.sources[*source].digest.gaps {
                let gap = silence.gap;
                let (from, to) = (self.story.clocks[*source].utc(gap.from), self.story.clocks[*source].utc(gap.to));
                let covers = from <= lost + 1_000 && to >= lost - 1_000 && to - from >= timeout * 6 / 10;
                if covers && gap.burst >= 3 {
                    // One that is only cut off from the network notices that itself, about when its peers do.
                    let outlasts = to - lost > self.duration_set(DurationKey::HeartbeatInterval).unwrap_or(10_000) + 1_000;
                    let certainty = if outlasts { Certainty::Likely } else { Certainty::Possible };
                    let process = self.story.workers[worker].process;
                    let has_gc_log = process.is_some()
                        && self.story.gc_links.iter().zip(&self.story.sources).any(|(link, source)| *link == process && source.digest.gc.is_some());
                    let by_collector = if has_gc_log { " (no GC pause explains it)" } else { ", or a garbage collection, of which no log was given" };
                    let mut cause = Cause::new("tm-frozen", certainty, Some(from));
                    let text = format!("no line of any thread for {:.1} s, then {} lines at once", (to - from) as f64 / 1000.0, gap.burst);
                    let quote = self.story.sources[*source].digest.line_after(silence).map(Arc::new);
                    cause.evidence.push(Evidence::Absence { source: *source, from: Some(from), to: Some(to), text, quote });
                    if let Some((_, _, at)) = self.stops_near(worker, own, lost).first() {
                        cause.evidence.extend(Evidence::of(self.story, *at));
                    }
                    cause.missing.push(Missing {
                        code: "why-frozen",
                        subject: Some(self.story.workers[worker].id.to_string()),
                        text: format!("what stopped the process: host load, swap, a paused container or VM{by_collector}"),
                    });
                    return Some(cause);
                }
            }
        }
        None
    }

    /// Was it the process that tells of a loss which stood still itself?
    pub(super) fn stood_still(&self, at: EntryRef) -> Option<Cause> {
        if let Some(cause) = self.collected_long(at) {
            return Some(cause);
        }
        let worker = self.story.workers.iter().position(|w| w.sources.contains(&at.source))?;
        let ms = self.story.time(at);
        let cause = self.frozen(worker, &[at.source], ms)?;
        // A TaskManager at peace is silent too: only a JobManager that is seen to go on shows which of both stood still.
        let others_go_on = self.story.processes.iter().any(|p| p.role == "jobmanager" && p.start < ms && p.end >= ms && ms.is_some());
        others_go_on.then(|| self.of_worker(cause, worker))
    }

    /// Did its garbage collection stop the TaskManager that tells of a loss?
    pub(super) fn collected_long(&self, at: EntryRef) -> Option<Cause> {
        let worker = self.story.workers.iter().position(|w| w.sources.contains(&at.source))?;
        Some(self.of_worker(self.pauses(worker, self.story.time(at))?, worker))
    }

    fn of_worker(&self, mut cause: Cause, worker: usize) -> Cause {
        cause.worker = Some(worker);
        cause.detail = self.story.workers[worker].id.to_string();
        cause
    }

    fn entry_at(&self, source: usize, line: u64) -> Option<EntryRef> {
        let entries = &self.story.sources[source].digest.entries;
        let entry = entries.partition_point(|entry| entry.place.line < line);
        entries.get(entry).filter(|entry| entry.place.line == line)?;
        Some(EntryRef { source, entry })
    }

    /// `heartbeat.timeout` of the configuration, in milliseconds; Flink's default is 50 s.
    pub fn heartbeat_timeout(&self) -> i64 {
        self.heartbeat_timeout_set().unwrap_or(50_000)
    }

    /// The same where the logs show what is set.
    pub(super) fn heartbeat_timeout_set(&self) -> Option<i64> {
        self.duration_set(DurationKey::HeartbeatTimeout).filter(|timeout| *timeout > 0)
    }

    /// A duration that a process's configuration sets, in milliseconds.
    pub(super) fn duration_set(&self, which: DurationKey) -> Option<i64> {
        let find = || {
            let set = self.story.processes.iter().find_map(|p| p.configuration().get(which.key()))?;
            crate::patterns::quantity(set, crate::patterns::Unit::Duration).map(|ms| ms as i64)
        };
        *self.index.durations[which as usize].get_or_init(find)
    }
}

/// Is it an id that Flink draws at a start: `host:port-a1b2c3`, before 1.13 32 hex digits? One that is set, and a container's, can come back with another process.
fn is_drawn(id: &str) -> bool {
    let hex = |text: &str, length: usize| text.len() == length && text.bytes().all(|b| b.is_ascii_hexdigit());
    let drawn = |(address, suffix): (&str, &str)| hex(suffix, 6) && address.rsplit_once(':').is_some_and(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    hex(id, 32) || id.rsplit_once('-').is_some_and(drawn)
}
