//! Why checkpoints failed: the exceptions of those who declined, the storage, or only that they took too long.

use super::cause::{AFTER_MS, CHECKPOINT_SYMPTOMS, Cause, Told};
use super::chain::Seen;
use super::finding::{Certainty, Evidence, Missing};
use super::incidents::{self, Work};
use crate::correlate::EntryRef;
use crate::digest::What;
use crate::event::{CheckpointReason, Kind, Str};

impl Work<'_> {
    /// Why checkpoints failed before this time.
    pub fn checkpoint_cause(&self, job: usize, attempt: Option<usize>, ms: Option<i64>) -> Option<Cause> {
        let story = self.story;
        let since = attempt.and_then(|a| story.jobs[job].attempts[a].start);
        let mut effect: Option<Cause> = None;
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
                if slug != "unclassified-exception" || other.is_none() {
                    let cause = self.stated(fingerprint, placed.at);
                    if slug == "unclassified-exception" {
                        other = Some(cause);
                        continue;
                    }
                    return Some(cause);
                }
            }
            // An effect that is none of the checkpoint's own, such as a broker that went.
            if let Some(fingerprint) = entry.exception
                && effect.is_none()
                && let (Told::Symptom, slug) = self.told(fingerprint)
                && !slug.starts_with("cp-")
                && !CHECKPOINT_SYMPTOMS.contains(&slug)
            {
                effect = Some(self.follow(slug, placed.at, fingerprint, Some(job), attempt));
            }
            if reason == CheckpointReason::Expired && effect.is_none() {
                let mut cause = Cause::new("cp-expired", Certainty::Possible, placed.ms);
                cause.is_symptom = true;
                cause.evidence.extend(Evidence::of(story, placed.at));
                let text =
                    "which subtask did not acknowledge and why: back pressure figures, a thread dump of the TaskManager, or its DEBUG log of the checkpoint"
                        .to_owned();
                cause.missing.push(Missing { code: "why-expired", subject: None, text });
                let seen = Seen { at: placed.at, job: Some(job), worker: None };
                effect = Some(match self.led_to("cp-expired", seen) {
                    Some(found) => found.with_symptom("cp-expired", cause.evidence.pop()),
                    None => cause,
                });
            }
        }
        effect.or(other)
    }

    /// Back pressure before a time: barriers do not get through.
    pub(super) fn pressed(&self, ms: Option<i64>) -> Option<Cause> {
        let (at, share, task) = self.pressed_before(ms)?;
        let mut pressed = Cause::new("backpressure", Certainty::Likely, self.story.time(at));
        pressed.note = Some(format!("{task} was back pressured {:.0} % of the time", share * 100.0));
        pressed.evidence.extend(Evidence::of(self.story, at));
        Some(pressed)
    }

    /// A metrics report that shows back pressure within ten minutes before a time.
    fn pressed_before(&self, ms: Option<i64>) -> Option<(EntryRef, f64, Str)> {
        let ms = ms?;
        self.index.metrics.iter().rev().filter(|p| p.ms.is_some_and(|t| t <= ms && ms - t < 10 * AFTER_MS)).find_map(|p| match &self.story.entry(p.at).what {
            What::Event(Kind::Metrics(report)) => {
                let (share, task) = report.back_pressure.clone()?;
                (share >= self.options.thresholds.back_pressure).then_some((p.at, share, task))
            }
            _ => None,
        })
    }
}

/// Loggers of the TaskManager's side of a checkpoint.
pub(super) fn is_checkpoint_logger(logger: &str) -> bool {
    let simple = logger.rsplit('.').next().unwrap_or(logger);
    matches!(simple, "AsyncCheckpointRunnable" | "StreamTask" | "SubtaskCheckpointCoordinatorImpl" | "AbstractStreamOperator" | "StreamOperatorStateHandler")
}
