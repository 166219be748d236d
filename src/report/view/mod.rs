//! What every format for people needs to know about a report: where a source is, which finding led to which, which attempts look alike.
//!
//! In: a report. Out: borrowed look-ups; nothing is decided or reworded beyond plain words for closed sets.

mod chain;
mod fold;
pub mod words;

use std::collections::BTreeMap;

pub use chain::chain;
pub use fold::{Attempts, fold};

use super::model::{Exception, Finding, Job, Report, Source, TimelineRow};
use super::time::{Clock, parse};

/// Look-ups over one report.
pub struct View<'r> {
    pub report: &'r Report,
    pub clock: Clock,
    /// Folder that all sources share, with a slash at its end; empty where there is none.
    pub folder: &'r str,
    /// What all YARN container ids of the report begin with, `container_1700000000000_0007_`; empty where they differ.
    pub application: &'r str,
    sources: BTreeMap<u32, &'r Source>,
    findings: BTreeMap<&'r str, &'r Finding>,
    exceptions: BTreeMap<&'r str, &'r Exception>,
    jobs: BTreeMap<&'r str, &'r Job>,
}

impl<'r> View<'r> {
    pub fn new(report: &'r Report) -> View<'r> {
        View {
            report,
            clock: Clock::of(report),
            folder: common_folder(report),
            application: application(report),
            sources: report.sources.iter().map(|source| (source.id, source)).collect(),
            findings: report.findings.iter().map(|finding| (finding.id.as_str(), finding)).collect(),
            exceptions: report.exceptions.iter().map(|exception| (exception.fingerprint.as_str(), exception)).collect(),
            jobs: report.jobs.iter().map(|job| (job.id.as_str(), job)).collect(),
        }
    }

    pub fn source(&self, id: u32) -> Option<&'r Source> {
        self.sources.get(&id).copied()
    }

    /// Whole path of a source; `?` where the report does not list it.
    pub fn path(&self, id: u32) -> &'r str {
        self.source(id).map_or("?", |source| source.path.as_str())
    }

    /// Path below the shared folder.
    pub fn short_path(&self, id: u32) -> &'r str {
        match self.path(id) {
            "-" => "stdin",
            path => path.strip_prefix(self.folder).filter(|rest| !rest.is_empty()).unwrap_or(path),
        }
    }

    /// What a source is called: its container and log inside a delivery (its lines are counted there), else its path below the shared folder.
    pub fn name(&self, id: u32) -> String {
        match self.source(id).map(|source| (&source.container, &source.log_type)) {
            Some((Some(container), Some(log))) => format!("{container}/{log}"),
            Some((Some(container), None)) => container.clone(),
            _ => self.short_path(id).to_owned(),
        }
    }

    /// `text` with the application's number left out of its container ids: all of them have it, and it fills half a line.
    pub fn brief(&self, text: &str, ellipsis: &str) -> String {
        match self.application {
            "" => text.to_owned(),
            shared => text.replace(shared, &format!("container_{ellipsis}_")),
        }
    }

    /// `path:line` below the shared folder; line 0 stands for the source as a whole.
    pub fn place(&self, id: u32, line: u64) -> String {
        match line {
            0 => self.name(id),
            _ => format!("{}:{line}", self.name(id)),
        }
    }

    pub fn finding(&self, id: &str) -> Option<&'r Finding> {
        self.findings.get(id).copied()
    }

    pub fn exception(&self, fingerprint: &str) -> Option<&'r Exception> {
        self.exceptions.get(fingerprint).copied()
    }

    pub fn job(&self, id: &str) -> Option<&'r Job> {
        self.jobs.get(id).copied()
    }

    /// Rows of the time line by the job they belong to.
    pub fn rows_by_job(&self) -> BTreeMap<&'r str, Vec<&'r TimelineRow>> {
        let mut rows: BTreeMap<&str, Vec<&TimelineRow>> = BTreeMap::new();
        for row in &self.report.timeline {
            if let Some(job) = &row.job {
                rows.entry(job).or_default().push(row);
            }
        }
        rows
    }

    /// Name of a job, else the beginning of its id.
    pub fn job_name<'a>(&'a self, id: &'a str) -> &'a str {
        match self.jobs.get(id).and_then(|job| job.name.as_deref()) {
            Some(name) => name,
            None => short_id(id),
        }
    }

    /// Milliseconds of the first and last time that the sources show.
    pub fn span(&self) -> Option<(i64, i64)> {
        let times = self.report.sources.iter().flat_map(|source| [&source.first_time, &source.last_time]);
        let mut times = times.flatten().filter_map(|time| parse(time));
        let first = times.next()?;
        Some(times.fold((first, first), |(from, to), ms| (from.min(ms), to.max(ms))))
    }

    /// The root causes, the one of the summary first.
    pub fn root_causes(&self) -> Vec<&'r Finding> {
        let main = self.report.summary.root_cause.as_deref();
        let mut roots: Vec<&Finding> =
            self.report.findings.iter().filter(|finding| finding.role == "root-cause" || Some(finding.id.as_str()) == main).collect();
        roots.sort_by_key(|finding| Some(finding.id.as_str()) != main);
        roots
    }
}

/// A log line without time, level and logger, which stand above it and fill half a line.
pub fn message(line: &str) -> &str {
    const HEAD: usize = 160;
    let headed = line.starts_with(|c: char| c.is_ascii_digit() || c == '[');
    match line.find(" - ").filter(|at| headed && *at <= HEAD) {
        Some(at) => line[at + 3..].trim_start(),
        None => line,
    }
}

/// First eight digits of a job id.
pub fn short_id(id: &str) -> &str {
    id.get(..8).unwrap_or(id)
}

/// Simple name of a class: `org.apache.flink.A$B` gives `A$B`.
pub fn simple_class(class: &str) -> &str {
    class.rsplit('.').next().filter(|name| !name.is_empty()).unwrap_or(class)
}

/// A frame without its package: `com.acme.Job$Map.map(Job.java:56)` gives `Job$Map.map(Job.java:56)`.
pub fn simple_frame(frame: &str) -> &str {
    let end = frame.find('(').unwrap_or(frame.len());
    let mut dots = frame[..end].rmatch_indices('.').map(|(at, _)| at);
    dots.next();
    match dots.next() {
        Some(at) => &frame[at + 1..],
        None => frame,
    }
}

fn common_folder(report: &Report) -> &str {
    let mut paths = report.sources.iter().map(|source| source.path.as_str());
    let Some(first) = paths.next() else { return "" };
    let mut shared = first.rfind('/').map_or(0, |at| at + 1);
    for path in paths {
        while !path.starts_with(&first[..shared]) {
            shared = first[..shared.saturating_sub(1)].rfind('/').map_or(0, |at| at + 1);
        }
    }
    &first[..shared]
}

/// The part of a YARN container id (Hadoop's `ContainerId.toString`) that names the application: `container_`, an epoch `e17_`, the cluster's start, the
/// application's number.
fn application_of(text: &str) -> Option<&str> {
    let text = &text[text.find("container_")?..];
    let mut end = "container_".len();
    if let Some(epoch) = text[end..].strip_prefix('e') {
        end += 2 + epoch.find('_')?;
    }
    for _ in 0..2 {
        let digits = text[end..].bytes().take_while(u8::is_ascii_digit).count();
        if digits == 0 || text.as_bytes().get(end + digits) != Some(&b'_') {
            return None;
        }
        end += digits + 1;
    }
    Some(&text[..end])
}

fn application(report: &Report) -> &str {
    let sources = report.sources.iter().flat_map(|source| source.container.as_deref().or(Some(&source.path)));
    let mut found = sources.chain(report.task_managers.iter().map(|tm| tm.id.as_str())).filter_map(application_of);
    match found.next() {
        Some(first) if found.all(|other| other == first) => first,
        _ => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with_paths(paths: &[&str]) -> Report {
        let sources = (0..).zip(paths).map(|(id, path)| Source { id, path: (*path).to_owned(), ..Source::default() }).collect();
        Report { sources, ..Report::default() }
    }

    #[test]
    fn the_shared_folder_is_cut_at_slashes() {
        assert_eq!(View::new(&with_paths(&["log/jm.log", "log/tm.log"])).folder, "log/");
        assert_eq!(View::new(&with_paths(&["log/a/x", "log/ab/x"])).folder, "log/");
        assert_eq!(View::new(&with_paths(&["a.log", "b/a.log"])).folder, "");
        assert_eq!(View::new(&with_paths(&["/x", "/y"])).folder, "/");
        let report = with_paths(&["log/jm.log"]);
        assert_eq!(View::new(&report).place(0, 12), "jm.log:12");
        assert_eq!(View::new(&report).place(9, 12), "?:12");
    }

    #[test]
    fn containers_of_one_application_are_shortened() {
        let report = with_paths(&["a/container_1700000000000_0007_01_000001/jm.log", "a/container_1700000000000_0007_01_000002/tm.log"]);
        assert_eq!(View::new(&report).brief("container_1700000000000_0007_01_000002", "…"), "container_…_01_000002");
        let report = with_paths(&["container_e17_1700000000000_0007_01_000001", "container_e17_1700000000000_0008_01_000001"]);
        assert_eq!(View::new(&report).brief("container_e17_1700000000000_0007_01_000002", "…"), "container_e17_1700000000000_0007_01_000002");
        assert_eq!(application_of("container_e17_1700000000000_0007_01_000002"), Some("container_e17_1700000000000_0007_"));
        for odd in ["container_", "container_e", "container_x_1_2", "container_1_x", "container_e17_1_"] {
            assert_eq!(application_of(odd), None, "{odd}");
        }
    }

    #[test]
    fn short_names() {
        assert_eq!(simple_class("java.lang.NullPointerException"), "NullPointerException");
        assert_eq!(simple_class("odd."), "odd.");
        assert_eq!(simple_frame("com.acme.Job$Map.map(Job.java:56)"), "Job$Map.map(Job.java:56)");
        assert_eq!(simple_frame("main(A.java:1)"), "main(A.java:1)");
        assert_eq!(message("2026-11-21 09:20:37,689 INFO  o.a.f.X [] - a - b"), "a - b");
        assert_eq!(message("java.lang.Error: a - b"), "java.lang.Error: a - b");
        assert_eq!(message("[2.1s] GC(3) Pause"), "[2.1s] GC(3) Pause");
    }
}
