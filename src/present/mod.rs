//! Presentation: story and diagnosis in, the wire types of the report out. Orders, caps and counts what is left out; decides nothing.

mod gc;
mod jobs;
mod jvm;
mod matters;
mod sources;
mod timeline;

use rayon::prelude::*;

use crate::correlate::Story;
use crate::diagnose::{Diagnosis, Evidence, Finding, Options};
use crate::digest::Quote;
use crate::exception;
use crate::report::model as m;
use crate::rules::Rules;
use crate::scan::Problem;

/// What else the report needs.
#[derive(Default)]
pub struct Rest<'a> {
    pub unreadable: &'a [(String, Problem)],
    pub notices: &'a [(String, Problem)],
    pub skipped: &'a [String],
}

/// Most findings, warnings, rows and groups of each list; more are counted.
const MAX_ROWS: usize = 2_000;

/// All of the report that asks nothing of the diagnosis: it can be made beside it.
pub fn undiagnosed(scene: Scene, rest: &Rest) -> m::Report {
    let scene = &scene;
    let mut report = m::Report { schema: m::SCHEMA.to_owned(), tool: tool(scene.rules), ..m::Report::default() };
    (report.timeline, report.timeline_omitted) = timeline::rows(scene);
    report.sources = sources::sources(scene);
    (report.processes, report.processes_omitted) = sources::processes(scene);
    report.warnings = sources::warnings(scene, rest);
    report.warnings_omitted = cap(&mut report.warnings, MAX_ROWS);
    report.gc = gc::gc(scene);
    report.jvm = jvm::jvm(scene);
    (report.exceptions, report.exceptions_omitted) = matters::exceptions(scene);
    report.benign = matters::benign(scene);
    (report.unclassified, report.unclassified_omitted) = matters::unclassified(scene);
    report.coverage = sources::coverage(scene, rest, &report);
    report
}

/// The whole report: what [`undiagnosed`] made, and what the diagnosis adds to it.
pub fn present(scene: Scene, diagnosis: &Diagnosis, undiagnosed: m::Report) -> m::Report {
    let called = |wanted: &String| scene.story.jobs.iter().map(|job| job.is_called(wanted)).collect::<Vec<_>>();
    // A name that no job has is for the command line to refuse.
    let wanted = scene.options.job.as_ref().map(called).filter(|wanted| wanted.contains(&true));
    let view = View { scene, diagnosis, ids: finding_ids(scene.story, diagnosis), wanted };
    let mut report = undiagnosed;
    (report.jobs, report.jobs_omitted) = jobs::jobs(&view, MAX_ROWS);
    report.jobs_folded = jobs::folded(&view);
    report.task_managers = jobs::task_managers(&view);
    report.task_managers_omitted = cap(&mut report.task_managers, MAX_ROWS) + scene.story.folded.workers.len() as u64;
    (report.findings, report.findings_omitted) = findings(&view);
    report.summary = summary(&view);
    report
}

/// A quotation as it is shown: line ends of Windows are line ends. Its bytes and hash stay those of the file.
fn shown_text(text: &str) -> String {
    text.replace("\r\n", "\n")
}

fn cap<T>(list: &mut Vec<T>, most: usize) -> u64 {
    let omitted = list.len().saturating_sub(most);
    list.truncate(most);
    omitted as u64
}

/// The story, and within which bounds it is told: all that is needed where no finding is asked for.
#[derive(Clone, Copy)]
pub struct Scene<'a> {
    pub story: &'a Story,
    pub rules: &'a Rules,
    pub options: &'a Options,
}

/// What jobs, TaskManagers, findings and the summary look at.
pub struct View<'a> {
    scene: Scene<'a>,
    pub diagnosis: &'a Diagnosis,
    pub ids: Vec<String>,
    /// By job: was it asked for? `None`: all are.
    wanted: Option<Vec<bool>>,
}

impl View<'_> {
    /// Was this job asked for?
    pub fn is_wanted(&self, job: usize) -> bool {
        self.wanted.as_ref().is_none_or(|wanted| wanted[job])
    }
}

impl<'a> std::ops::Deref for View<'a> {
    type Target = Scene<'a>;

    fn deref(&self) -> &Scene<'a> {
        &self.scene
    }
}

impl Scene<'_> {
    /// RFC 3339 of a UTC time, with the offset of a source's clock.
    pub fn time(&self, source: usize, utc: Option<i64>) -> Option<m::Time> {
        let clock = self.story.clocks.get(source);
        utc.map(|ms| rfc3339(ms, clock.map_or(0, |clock| clock.minutes_at(ms))))
    }

    /// RFC 3339 of a time as a source shows it.
    pub fn shown(&self, source: usize, shown: Option<i64>) -> Option<m::Time> {
        self.time(source, self.story.utc(source, shown))
    }

    /// Does a stretch of UTC time lie, at least in part, within the bounds that were asked for? What is not known is no bound.
    pub fn within(&self, first: Option<i64>, last: Option<i64>) -> bool {
        let early = self.options.since.zip(last).is_some_and(|(since, last)| last < since);
        let late = self.options.until.zip(first).is_some_and(|(until, first)| first > until);
        !early && !late
    }

    /// A source whose clock fits times that belong to a job.
    pub fn job_source(&self, job: usize) -> usize {
        let known = &self.story.jobs[job];
        known.state_entry.map(|e| e.source).or_else(|| known.sources.first().copied()).unwrap_or(0)
    }
}

/// `2026-11-21T17:32:01.217+08:00`; `Z` for UTC. Years beyond four digits are not shown.
pub fn rfc3339(utc_ms: i64, offset_minutes: i32) -> m::Time {
    use chrono::{DateTime, FixedOffset};
    let offset = FixedOffset::east_opt(offset_minutes * 60).or_else(|| FixedOffset::east_opt(0));
    match (DateTime::from_timestamp_millis(utc_ms), offset) {
        (Some(time), Some(offset)) => time.with_timezone(&offset).to_rfc3339_opts(chrono::SecondsFormat::Millis, true),
        _ => "1970-01-01T00:00:00.000Z".to_owned(),
    }
}

/// `+08:00`, `Z`.
pub fn offset_text(minutes: i32) -> String {
    if minutes == 0 {
        return "Z".to_owned();
    }
    let sign = if minutes < 0 { '-' } else { '+' };
    format!("{sign}{:02}:{:02}", minutes.abs() / 60, minutes.abs() % 60)
}

fn tool(rules: &Rules) -> m::Tool {
    m::Tool {
        name: env!("CARGO_PKG_NAME").to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        fingerprint_version: exception::FINGERPRINT_VERSION,
        pattern_packs: rules
            .packs
            .packs()
            .iter()
            .map(|p| m::PatternPack { name: p.name.clone(), version: env!("CARGO_PKG_VERSION").to_owned(), patterns: p.patterns as u64 })
            .collect(),
    }
}

/// Ids from what findings say, not from where they stand in the list.
fn finding_ids(story: &Story, diagnosis: &Diagnosis) -> Vec<String> {
    let mut seen: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
    diagnosis
        .findings
        .iter()
        .map(|finding| {
            let jobs: Vec<String> = finding.jobs.iter().map(|j| story.jobs[*j].id.to_string()).collect();
            let text = format!("{}|{}|{}|{:?}|{:?}", finding.pattern, finding.title, jobs.join(","), finding.task_manager, finding.exception);
            let id = format!("{:016x}", stable_hash(text.as_bytes()));
            let count = seen.entry(id.clone()).or_default();
            *count += 1;
            if *count == 1 { id } else { format!("{id}-{count}") }
        })
        .collect()
}

/// FNV-1a: small, stable between releases.
fn stable_hash(text: &[u8]) -> u64 {
    text.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

/// The first [`MAX_ROWS`], and how many more there are.
fn findings(view: &View) -> (Vec<m::Finding>, u64) {
    let wanted = |(finding, _): &(&Finding, &String)| finding.jobs.is_empty() || finding.jobs.iter().any(|job| view.is_wanted(*job));
    let mut listed: Vec<_> = view.diagnosis.findings.iter().zip(&view.ids).filter(wanted).collect();
    let omitted = cap(&mut listed, MAX_ROWS);
    (listed.into_par_iter().map(|(finding, id)| self::finding(view, finding, id)).collect(), omitted)
}

fn finding(view: &View, finding: &Finding, id: &str) -> m::Finding {
    let source = finding.evidence.first().map_or(0, Evidence::source);
    let wider = view.rules.packs.get(&finding.pattern).and_then(|pattern| pattern.reported_as);
    m::Finding {
        id: id.to_owned(),
        pattern: wider.unwrap_or(&finding.pattern).to_string(),
        variant: wider.map(|_| finding.pattern.to_string()),
        title: finding.title.clone(),
        role: finding.role.name().to_owned(),
        severity: finding.severity.name().to_owned(),
        certainty: finding.certainty.name().to_owned(),
        owner: finding.owner.to_owned(),
        restart_helps: finding.restart_helps,
        jobs: finding.jobs.iter().map(|j| view.story.jobs[*j].id.to_string()).collect(),
        attempts: finding.attempts.iter().copied().take(100).collect(),
        task_manager: finding.task_manager.as_deref().map(str::to_owned),
        first: view.time(source, finding.first),
        last: view.time(source, finding.last.or(finding.first)),
        count: finding.count.max(1),
        explanation: finding.explanation.trim().to_owned(),
        remedy: finding.remedy.clone(),
        caused_by: finding.caused_by.iter().filter_map(|i| view.ids.get(*i).cloned()).collect(),
        exception: finding.exception.map(|f| format!("{f:016x}")),
        docs: finding.docs.clone(),
        evidence: finding.evidence.iter().map(|e| evidence(view, e)).collect(),
    }
}

fn evidence(view: &View, evidence: &Evidence) -> m::Evidence {
    match evidence {
        Evidence::Entry { at, place, ms } => match view.story.quote(*at) {
            Some(quote) => quoted(view, at.source, &quote, *ms),
            // A block of words that cannot be unpacked: the place is known all the same.
            None => m::Evidence { source: at.source as u32, line: Some(place.line), time: view.time(at.source, *ms), ..m::Evidence::default() },
        },
        Evidence::Quote { source, quote, ms } => quoted(view, *source, quote, *ms),
        Evidence::Absence { source, from, to, text, quote } => m::Evidence {
            source: *source as u32,
            line: quote.as_ref().map(|q| q.place.line),
            lines: quote.as_ref().map(|q| q.place.lines.into()),
            byte: quote.as_ref().map(|q| q.place.byte),
            bytes: quote.as_ref().map(|q| q.place.bytes.into()),
            sha256: quote.as_ref().map(|q| hex(&q.sha256)),
            searched: Some(m::Searched { from: view.time(*source, *from), to: view.time(*source, *to) }),
            text: text.clone(),
            ..m::Evidence::default()
        },
    }
}

fn quoted(view: &View, source: usize, quote: &Quote, ms: Option<i64>) -> m::Evidence {
    m::Evidence {
        source: source as u32,
        line: Some(quote.place.line),
        lines: Some(quote.place.lines.into()),
        byte: Some(quote.place.byte),
        bytes: Some(quote.place.bytes.into()),
        sha256: Some(hex(&quote.sha256)),
        time: view.time(source, ms),
        searched: None,
        text: shown_text(&quote.text),
    }
}

fn hex(bytes: &[u8]) -> String {
    let digits = |b: &u8| [b >> 4, b & 15].map(|d| char::from_digit(u32::from(d), 16).unwrap_or('0'));
    bytes.iter().flat_map(digits).collect()
}

fn summary(view: &View) -> m::Summary {
    let diagnosis = view.diagnosis;
    m::Summary {
        verdict: diagnosis.verdict.to_owned(),
        headline: diagnosis.headline.clone(),
        root_cause: diagnosis.root.map(|r| view.ids[r].clone()),
        certainty: diagnosis.certainty.map(|c| c.name().to_owned()),
        still_failing: diagnosis.still_failing,
        first_fault: diagnosis.first_fault.as_ref().map(|fault| m::FirstFault {
            time: view.time(fault.source, fault.ms),
            job: fault.job.map(|j| view.story.jobs[j].id.to_string()),
            attempt: fault.attempt,
            task: fault.task.clone(),
            task_manager: fault.task_manager.as_deref().map(str::to_owned),
            source: fault.source as u32,
            line: fault.line,
        }),
        last_healthy: diagnosis.last_healthy.map(|(ms, checkpoint, source)| m::LastHealthy { time: view.time(source, ms), checkpoint }),
        missing: diagnosis.missing.iter().map(|x| m::Missing { code: x.code.to_owned(), subject: x.subject.clone(), text: x.text.clone() }).collect(),
    }
}
