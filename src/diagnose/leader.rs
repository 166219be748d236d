//! Why the JobManager went or did not answer: its log stops without a word while others go on, or it stood still.

use std::sync::Arc;

use super::cause::Cause;
use super::finding::{Certainty, Evidence, Missing};
use super::incidents::Work;
use crate::correlate::{Placed, WorkerLife};
use crate::digest::What;
use crate::event::Kind;
use crate::patterns::Nature;

/// A silence of a JobManager's source, by its place in the digest, in UTC milliseconds.
#[derive(Debug)]
pub struct Frozen {
    source: usize,
    gap: usize,
    from: i64,
    to: i64,
}

impl Work<'_> {
    /// Why the JobManager went.
    pub fn leader_cause(&self, ms: Option<i64>) -> Option<Cause> {
        let process = self.silent_job_manager(ms)?;
        let known = &self.story.processes[process];
        // The platform may say why: the container or pod of the JobManager itself.
        let told = self.index.platform_ends.iter().find_map(|p| match &self.story.entry(p.at).what {
            What::Event(Kind::PlatformEnd { id, exit_code, text }) if known.container.as_deref() == Some(&**id) => Some((p.at, *exit_code, text.clone())),
            _ => None,
        });
        if let Some((at, exit_code, text)) = told {
            let ended = WorkerLife { registered: None, lost: known.end, loss: None, exit_code, told_by: vec![at], text: Some(text) };
            let told: Vec<Evidence> = Evidence::of(self.story, at).into_iter().collect();
            let says_why = |cause: &Cause| self.rules.packs.get(&cause.slug).is_none_or(|p| p.nature != Nature::Wrapper);
            if let Some(cause) = self.platform_cause(&ended, &told, known.end).filter(says_why) {
                return Some(cause.with_symptom("jm-process-killed", None));
            }
        }
        let source = known.last_source;
        let mut cause = Cause::new("jm-process-killed", Certainty::Likely, known.end);
        cause.detail = format!("{source}");
        cause.evidence.push(Evidence::Absence {
            source,
            from: known.end,
            to: ms,
            text: "the log of the JobManager stops here without a word of shutting down".into(),
            quote: self.story.sources[source].digest.last_quote.clone(),
        });
        cause.missing.push(Missing {
            code: "who-killed",
            subject: None,
            text: "who ended the JobManager: kernel log (`dmesg`), container or pod status, NodeManager log".into(),
        });
        Some(cause)
    }

    /// The same, of one whose log ends not long before: logs are not all fetched at one time, and what peers miss hours later is something else.
    pub(super) fn leader_ended_near(&self, ms: Option<i64>, within: i64) -> Option<Cause> {
        self.leader_cause(ms).filter(|cause| cause.ms.zip(ms).is_none_or(|(ended, ms)| ms - ended <= within))
    }

    /// How long after a JobManager's last line its end is noticed at the latest, in milliseconds.
    pub(super) fn noticed_within(&self) -> i64 {
        2 * self.heartbeat_timeout() + 10_000
    }

    /// A JobManager that stood still around `ms` and went on: pauses of its GC log, or a silence after which it misses itself. Silence alone is no
    /// sign: while a checkpoint waits for a TaskManager that is gone, a JobManager has nothing to say.
    pub(super) fn leader_stood_still(&self, ms: Option<i64>) -> Option<Cause> {
        let around = ms?;
        let story = self.story;
        let with_gc = self.index.leaders_with_gc.get_or_init(|| self.leaders_with_gc());
        if let Some(mut cause) = with_gc.iter().find_map(|process| self.pauses_of(Some(*process), ms)) {
            cause.slug = "jm-long-pause".into();
            return Some(cause);
        }
        let least = self.heartbeat_timeout() * 6 / 10;
        let frozen = self.index.frozen_leaders.get_or_init(|| self.frozen_leaders());
        let frozen = frozen.iter().find(|f| f.from <= around + 1_000 && around <= f.to + 2_000 && f.to - f.from >= least)?;
        let silence = story.sources[frozen.source].digest.gaps.get(frozen.gap)?;
        let (from, to) = (Some(frozen.from), Some(frozen.to));
        let mut cause = Cause::new("jm-long-pause", Certainty::Likely, from);
        let text = format!("no line of any thread for {:.1} s, then {} lines at once", (frozen.to - frozen.from) as f64 / 1000.0, silence.gap.burst);
        let quote = story.sources[frozen.source].digest.line_after(silence).map(Arc::new);
        cause.evidence.push(Evidence::Absence { source: frozen.source, from, to, text, quote });
        cause.missing.push(Missing {
            code: "why-frozen",
            subject: None,
            text: "what stopped the JobManager: host load, swap, a paused container or VM, or a pause that no GC log here shows".into(),
        });
        Some(cause)
    }

    /// JobManagers that have a GC log, in their order.
    fn leaders_with_gc(&self) -> Vec<usize> {
        let links = self.story.gc_links.iter().zip(&self.story.sources).filter(|(_, source)| source.digest.gc.is_some());
        let mut leaders: Vec<usize> = links.filter_map(|(link, _)| *link).filter(|process| self.story.processes[*process].role == "jobmanager").collect();
        leaders.sort_unstable();
        leaders.dedup();
        leaders
    }

    /// Silences after which a JobManager says much at once and misses itself. There are few, and many incidents ask for them.
    fn frozen_leaders(&self) -> Vec<Frozen> {
        let mut frozen: Vec<Frozen> = Vec::new();
        for &source in self.story.processes.iter().filter(|p| p.role == "jobmanager").flat_map(|p| &p.sources) {
            let clock = &self.story.clocks[source];
            let gaps = self.story.sources[source].digest.gaps.iter().enumerate();
            let bursts = gaps.filter(|(_, silence)| silence.gap.burst >= 3);
            frozen.extend(bursts.map(|(gap, silence)| Frozen { source, gap, from: clock.utc(silence.gap.from), to: clock.utc(silence.gap.to) }));
        }
        let mut by_end: Vec<usize> = (0..frozen.len()).collect();
        by_end.sort_by_key(|i| frozen[*i].to);
        let mut missed = vec![false; frozen.len()];
        for placed in &self.story.order {
            let Some(ms) = placed.ms else { continue };
            let near = &by_end[by_end.partition_point(|i| frozen[*i].to < ms - 2_000)..];
            let near = &near[..near.partition_point(|i| frozen[*i].to <= ms)];
            let own = || near.iter().filter(|i| frozen[**i].source == placed.at.source);
            if own().next().is_some() && self.misses_a_leader(placed) {
                own().for_each(|i| missed[*i] = true);
            }
        }
        let mut missed = missed.into_iter();
        frozen.retain(|_| missed.next() == Some(true));
        frozen
    }

    /// Does the ResourceManager say that it misses a JobMaster?
    fn misses_a_leader(&self, placed: &Placed) -> bool {
        let entry = self.story.entry(placed.at);
        let id = entry.pattern.and_then(|i| self.rules.pattern(i)).map(|p| p.id);
        let tells = entry.exception.is_some() || matches!(entry.what, What::Problem { .. });
        id == Some("heartbeat-jm-timeout") || tells && self.story.quote(placed.at).is_some_and(|q| q.text.contains("heartbeat of JobManager with id"))
    }

    /// A JobManager whose log stops without a word while others go on.
    pub fn silent_job_manager(&self, before: Option<i64>) -> Option<usize> {
        let silent = self.index.silent_leaders.get_or_init(|| self.silent_leaders());
        let first = silent.partition_point(|(_, earliest)| before.is_some_and(|before| *earliest > before + 1_000));
        silent.get(first).map(|(process, _)| *process)
    }

    /// JobManagers whose logs stop while others go on, in their order, each with the earliest end of these so far.
    fn silent_leaders(&self) -> Vec<(usize, i64)> {
        let Some(latest) = self.story.processes.iter().filter_map(|p| p.end).max() else { return Vec::new() };
        let leaders = self.story.processes.iter().enumerate().filter(|(_, p)| p.role == "jobmanager" && p.ended_by.is_none());
        let silent = leaders.filter_map(|(i, p)| Some((i, p.end.filter(|end| end + 3_000 < latest)?)));
        let mut earliest = i64::MAX;
        silent
            .map(|(i, end)| {
                earliest = earliest.min(end);
                (i, earliest)
            })
            .collect()
    }
}
