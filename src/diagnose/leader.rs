//! Why the JobManager went: its log stops without a word while others go on.

use super::cause::Cause;
use super::finding::{Certainty, Evidence, Missing};
use super::incidents::Work;
use crate::correlate::WorkerLife;
use crate::digest::What;
use crate::event::Kind;

impl Work<'_> {
    /// Why the JobManager went.
    pub fn leader_cause(&self, ms: Option<i64>) -> Option<Cause> {
        let process = self.silent_job_manager(ms)?;
        let known = &self.story.processes[process];
        // The platform may say why: the container or pod of the JobManager itself.
        let told = self.story.order.iter().find_map(|p| match &self.story.entry(p.at).what {
            What::Event(Kind::PlatformEnd { id, exit_code, text }) if known.container.as_deref() == Some(&**id) => Some((p.at, *exit_code, text.clone())),
            _ => None,
        });
        if let Some((at, exit_code, text)) = told {
            let ended = WorkerLife { registered: None, lost: known.end, loss: None, exit_code, told_by: vec![at], text: Some(text) };
            let told: Vec<Evidence> = Evidence::of(self.story, at).into_iter().collect();
            if let Some(cause) = self.platform_cause(&ended, &told, known.end) {
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

    /// A JobManager whose log stops without a word while others go on.
    pub fn silent_job_manager(&self, before: Option<i64>) -> Option<usize> {
        let latest = self.story.processes.iter().filter_map(|p| p.end).max()?;
        self.story.processes.iter().position(|p| {
            p.role == "jobmanager" && p.ended_by.is_none() && p.end.is_some_and(|end| end + 3_000 < latest && before.is_none_or(|b| end <= b + 1_000))
        })
    }
}
