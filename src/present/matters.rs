//! Exception groups, benign noise and templates over all sources.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::Scene;
use crate::digest::What;
use crate::digest::matters::Seen;
use crate::exception::{Frame, Trace};
use crate::report::model as m;

/// Groups that the report lists.
const MAX_EXCEPTIONS: usize = 500;
const MAX_TEMPLATES: usize = 300;
/// Bytes of a trace.
const MAX_TRACE: usize = 6_000;

/// Groups of equal exceptions; the first of all sources, by time.
pub fn exceptions(scene: &Scene) -> (Vec<m::Exception>, u64) {
    let story = scene.story;
    // Jobs by fingerprint, from the entries.
    let mut jobs: BTreeMap<u64, BTreeSet<String>> = BTreeMap::new();
    for job in &story.jobs {
        for attempt in &job.attempts {
            for at in &attempt.failures {
                if let Some(fingerprint) = story.entry(*at).exception {
                    jobs.entry(fingerprint).or_default().insert(job.id.to_string());
                }
            }
        }
    }
    for source in &story.sources {
        for entry in &source.digest.entries {
            if let (What::TaskFailed { job: Some(job), .. }, Some(fingerprint)) = (&entry.what, entry.exception) {
                jobs.entry(fingerprint).or_default().insert(job.to_string());
            }
        }
    }
    let mut groups: BTreeMap<u64, m::Exception> = BTreeMap::new();
    let mut firsts: BTreeMap<u64, (i64, usize, u64)> = BTreeMap::new();
    let mut lasts: BTreeMap<u64, (i64, usize)> = BTreeMap::new();
    let mut omitted = 0;
    for (i, source) in story.sources.iter().enumerate() {
        omitted += source.digest.matters.exceptions_omitted;
        for group in &source.digest.matters.exceptions {
            let first = story.utc(i, group.seen.first_ms).unwrap_or(i64::MAX);
            let last = story.utc(i, group.seen.last_ms).unwrap_or(i64::MIN);
            let entry = groups.entry(group.fingerprint).or_insert_with(|| new(group.fingerprint, &group.thrown.trace));
            entry.count += group.seen.count;
            if !entry.sources.contains(&(i as u32)) {
                entry.sources.push(i as u32);
            }
            let place = (first, i, group.place.line);
            let known = firsts.entry(group.fingerprint).or_insert((i64::MAX, usize::MAX, 0));
            if place < *known {
                *known = place;
                entry.sample =
                    m::LineRange { source: i as u32, line: group.place.line + group.thrown.trace.first_line as u64, lines: group.thrown.trace.lines as u64 };
                entry.trace = trace(&group.thrown.trace);
                entry.message = outer(&group.thrown.trace).1;
                entry.class = outer(&group.thrown.trace).0;
                entry.pattern = group.thrown.pattern.map(|(p, _)| scene.rules.id(p).to_string());
            }
            let known = lasts.entry(group.fingerprint).or_insert((i64::MIN, i));
            *known = (*known).max((last, i));
        }
    }
    let mut out: Vec<(i64, m::Exception)> = groups
        .into_iter()
        .filter(|(fingerprint, _)| {
            let (first, last) = (firsts[fingerprint].0, lasts[fingerprint].0);
            scene.within(Some(first).filter(|f| *f != i64::MAX), Some(last).filter(|l| *l != i64::MIN))
        })
        .map(|(fingerprint, mut group)| {
            let (first, source, _) = firsts[&fingerprint];
            let (last, last_source) = lasts[&fingerprint];
            group.first = scene.time(source, Some(first).filter(|f| *f != i64::MAX));
            group.last = scene.time(last_source, Some(last).filter(|l| *l != i64::MIN));
            group.jobs = jobs.remove(&fingerprint).unwrap_or_default().into_iter().collect();
            (first, group)
        })
        .collect();
    out.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.fingerprint.cmp(&b.1.fingerprint)));
    omitted += out.len().saturating_sub(MAX_EXCEPTIONS) as u64;
    (out.into_iter().map(|(_, group)| group).take(MAX_EXCEPTIONS).collect(), omitted)
}

fn outer(trace: &Trace) -> (String, String) {
    trace.links.first().map_or_else(Default::default, |l| (l.class.clone(), capped(&l.message)))
}

fn new(fingerprint: u64, trace: &Trace) -> m::Exception {
    let root = trace.root_link();
    m::Exception {
        fingerprint: format!("{fingerprint:016x}"),
        root: m::ExceptionRoot {
            class: root.map(|l| l.class.clone()).unwrap_or_default(),
            message: root.map(|l| capped(&l.message)).unwrap_or_default(),
            frame: root.and_then(|l| l.frames.first()).map(|f| frame(f)),
        },
        user_frame: trace.user_frame.as_ref().map(|f| frame(f)),
        chain: trace.links.iter().map(|l| l.class.clone()).collect(),
        ..m::Exception::default()
    }
}

fn capped(text: &str) -> String {
    text.chars().take(600).collect()
}

/// `com.acme.Job$Map.map(Job.java:56)`.
pub fn frame(frame: &Frame) -> String {
    let mut text = format!("{}.{}", frame.class, frame.method);
    match (&frame.file, frame.line) {
        (Some(file), Some(line)) => _ = write!(text, "({file}:{line})"),
        (Some(file), None) => _ = write!(text, "({file})"),
        _ => {}
    }
    text
}

/// The trace as Java prints it, capped.
fn trace(trace: &Trace) -> String {
    let mut text = String::new();
    for (i, link) in trace.links.iter().enumerate() {
        if text.len() > MAX_TRACE {
            text.push_str("…\n");
            break;
        }
        if i > 0 {
            text.push_str("Caused by: ");
        }
        text.push_str(&link.class);
        if !link.message.is_empty() {
            let _ = write!(text, ": {}", capped(&link.message));
        }
        text.push('\n');
        for known in &link.frames {
            if text.len() > MAX_TRACE {
                break;
            }
            let _ = writeln!(text, "\tat {}", frame(known));
        }
        let more = u64::from(link.frames_total).saturating_sub(link.frames.len() as u64) + u64::from(link.common);
        if more > 0 {
            let _ = writeln!(text, "\t... {more} more");
        }
    }
    text.truncate(text.trim_end().len());
    text
}

/// Noise that was recognised.
pub fn benign(scene: &Scene) -> Vec<m::Benign> {
    let mut sums: BTreeMap<String, m::Benign> = BTreeMap::new();
    for (i, source) in scene.story.sources.iter().enumerate() {
        for hits in &source.digest.matters.benign {
            let pattern = scene.rules.id(hits.pattern).to_string();
            let sum =
                sums.entry(pattern.clone()).or_insert_with(|| m::Benign { pattern, count: 0, sample: m::LineOf { source: i as u32, line: hits.place.line } });
            sum.count += hits.seen.count;
        }
    }
    sums.into_values().collect()
}

/// WARN and ERROR records that no pattern knows.
pub fn unclassified(scene: &Scene) -> (Vec<m::Unclassified>, u64) {
    let story = scene.story;
    let mut sums: BTreeMap<(String, String, String), m::Unclassified> = BTreeMap::new();
    let mut omitted = 0;
    for (i, source) in story.sources.iter().enumerate() {
        omitted += source.digest.matters.templates_omitted;
        let shown = |seen: &Seen| scene.within(story.utc(i, seen.first_ms), story.utc(i, seen.last_ms));
        for group in source.digest.matters.templates.iter().filter(|group| shown(&group.seen)) {
            let key = (group.template.to_string(), group.level.name().to_owned(), group.logger.to_string());
            let sum = sums.entry(key.clone()).or_insert_with(|| m::Unclassified {
                template: key.0,
                level: key.1,
                logger: key.2,
                first: scene.shown(i, group.seen.first_ms),
                sample: m::UnclassifiedSample {
                    source: i as u32,
                    line: group.place.line,
                    text: group.quote.as_ref().map(|q| q.text.lines().next().unwrap_or("").to_owned()).unwrap_or_default(),
                },
                ..m::Unclassified::default()
            });
            sum.count += group.seen.count;
            sum.last = scene.shown(i, group.seen.last_ms);
        }
    }
    let mut out: Vec<m::Unclassified> = sums.into_values().collect();
    out.sort_by(|a, b| b.count.cmp(&a.count).then(a.template.cmp(&b.template)).then(a.logger.cmp(&b.logger)).then(a.level.cmp(&b.level)));
    omitted += out.len().saturating_sub(MAX_TEMPLATES) as u64;
    out.truncate(MAX_TEMPLATES);
    (out, omitted)
}
