//! From digests to a report, with the settings of the command line.

use std::mem::ManuallyDrop;
use std::time::{SystemTime, UNIX_EPOCH};

use super::settings::Settings;
use crate::correlate::{self, Story};
use crate::diagnose;
use crate::present;
use crate::report::model::Report;
use crate::scan::Scanned;
use crate::when::{Reference, Zone};

/// Joins the sources, with the zone of `--tz`.
pub fn story(scanned: &mut Scanned, settings: &Settings) -> Story {
    join(std::mem::take(&mut scanned.sources), settings)
}

/// The same over sources alone.
pub fn join(sources: Vec<crate::scan::ScannedSource>, settings: &Settings) -> Story {
    correlate::correlate(sources, correlate::Options { zone: settings.zone })
}

/// What relative times refer to.
pub fn reference(story: &Story) -> Reference {
    let timed: Vec<usize> = (0..story.sources.len()).filter(|i| story.sources[*i].digest.span_ms.is_some()).collect();
    let end = timed.iter().filter_map(|i| story.utc(*i, story.sources[*i].digest.span_ms.map(|(_, last)| last))).max();
    let zone = timed.first().map_or_else(|| Zone::of_minutes(0), |i| story.clocks[*i].zone());
    Reference { now: now(), end, zone }
}

/// Epoch milliseconds.
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_millis() as i64)
}

/// Settings of the diagnosis.
pub fn options(story: &Story, settings: &Settings) -> diagnose::Options {
    let reference = reference(story);
    diagnose::Options {
        thresholds: settings.thresholds.clone(),
        since: settings.since.map(|when| when.settle(reference)),
        until: settings.until.map(|when| when.settle(reference)),
        job: settings.job.clone(),
        muted: settings.muted.clone(),
    }
}

/// Diagnoses and presents. Says so when the range of time leaves nothing.
pub fn report(mut scanned: Scanned, settings: &Settings) -> Report {
    // One or two are made before the program ends: to free a large one piece by piece takes longer than many a scan.
    let story = ManuallyDrop::new(story(&mut scanned, settings));
    let options = options(&story, settings);
    let report = present_story(&story, &options, settings, &scanned);
    check_range(&report, &story, &options, settings);
    report
}

/// Diagnoses and presents a story.
pub fn present_story(story: &Story, options: &diagnose::Options, settings: &Settings, rest: &Scanned) -> Report {
    let scene = present::Scene { story, rules: &settings.rules, options };
    let rest = present::Rest { unreadable: &rest.unreadable, notices: &rest.notices, skipped: &rest.skipped };
    // Much of the diagnosis goes step by step, on one thread.
    let (diagnosis, undiagnosed) = rayon::join(|| diagnose::diagnose(story, &settings.rules, options), || present::undiagnosed(scene, &rest));
    present::present(scene, &diagnosis, undiagnosed)
}

fn check_range(report: &Report, story: &Story, options: &diagnose::Options, settings: &Settings) {
    let spans: Vec<(i64, i64)> = (0..story.sources.len())
        .filter_map(|i| story.sources[i].digest.span_ms.map(|(from, to)| (story.clocks[i].utc(from), story.clocks[i].utc(to))))
        .collect();
    let (Some(first), Some(last)) = (spans.iter().map(|s| s.0).min(), spans.iter().map(|s| s.1).max()) else { return };
    let outside = options.since.is_some_and(|since| since > last) || options.until.is_some_and(|until| until < first);
    let empty = options.since.zip(options.until).is_some_and(|(since, until)| since > until);
    if empty {
        settings.warn("--since is after --until: nothing is left");
    } else if outside {
        let (first, last) = (report.coverage.first_time.as_deref().unwrap_or("?"), report.coverage.last_time.as_deref().unwrap_or("?"));
        settings.warn(format!("the logs cover {first} to {last}, all of it outside --since and --until; `--since end-1h` counts back from the last line"));
    }
}
