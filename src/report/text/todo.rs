//! What to do: actions, whether a restart can help, whether data was lost or doubled.

use super::super::figures;
use super::super::model::Finding;
use super::super::view::{View, words};
use super::page::{Ink, Line, Page};

/// Causes whose remedies are shown, and remedies per cause.
const CAUSES: usize = 3;
const REMEDIES: usize = 4;

pub fn what_to_do(page: &mut Page, view: &View) {
    let mut causes = view.root_causes();
    if causes.is_empty() {
        causes = view.report.findings.iter().filter(|finding| finding.severity != "info").collect();
    }
    causes.retain(|finding| !finding.remedy.is_empty() || finding.restart_helps.is_some());
    causes.truncate(CAUSES);
    let replay = replay(view);
    if causes.is_empty() && replay.is_none() {
        return;
    }
    page.heading("WHAT TO DO", "");
    let several = causes.len() > 1;
    for finding in causes {
        if several {
            page.wrapped(Line::indent(2), Ink::Dim, &finding.title, 1);
        }
        for remedy in finding.remedy.iter().take(page.few(REMEDIES).max(2)) {
            page.wrapped(Line::indent(2).ink(Ink::Accent, page.glyphs.bullet).put(" "), Ink::Plain, remedy, 3);
        }
        page.wrapped(Line::indent(4), Ink::Plain, &outlook(finding), 2);
        // Half an address is of no use.
        if let Some(docs) = finding.docs.as_ref().filter(|docs| docs.len() + 4 <= page.width) {
            page.push(Line::indent(4).link(Ink::Dim, docs, web(docs)));
        }
    }
    if let Some(text) = replay {
        page.wrapped(Line::indent(2).ink(Ink::Warn, page.glyphs.bullet).put(" "), Ink::Plain, &text, 3);
    }
}

/// Who has to act, and what a restart would do.
pub fn outlook(finding: &Finding) -> String {
    let owner = match finding.owner.as_str() {
        "unknown" | "" => String::new(),
        owner => format!("It lies in {}. ", words::owner(owner)),
    };
    let restart = match finding.restart_helps {
        Some(true) => "A restart can help.",
        Some(false) => "A restart alone will not help.",
        None => "",
    };
    format!("{owner}{restart}").trim_end().to_owned()
}

/// What the restarts cost, and what that means for the data.
pub fn replay(view: &View) -> Option<String> {
    let attempts = || view.report.jobs.iter().flat_map(|job| &job.attempts);
    let sum = |of: fn(&super::super::model::Attempt) -> Option<u64>| attempts().filter_map(of).fold(0u64, u64::saturating_add);
    let (replayed, down) = (sum(|attempt| attempt.replayed_ms), sum(|attempt| attempt.downtime_ms));
    if replayed == 0 || view.report.summary.verdict == "not-assessed" {
        return None;
    }
    let least = if view.report.jobs.iter().any(|job| job.attempts_omitted > 0) { "at least " } else { "" };
    Some(format!(
        "The restarts cost {least}{} of downtime, and {} of work was done again; a sink that is not transactional has written that part more than once.",
        figures::duration(down),
        figures::duration(replayed)
    ))
}

fn web(url: &str) -> Option<String> {
    let plain = url.starts_with("https://") && url.bytes().all(|byte| byte.is_ascii_graphic());
    plain.then(|| url.to_owned())
}
