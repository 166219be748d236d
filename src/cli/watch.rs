//! `watch`: findings as they arise in growing logs. Every finding is printed once, and again after a cool-down if it goes on.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::process::{Child, Command, ExitCode, Stdio};
use std::time::{Duration, Instant};

use super::args::{LineFormat, Severity, WatchArgs};
use super::settings::Settings;
use super::terminal::{Paint, Terminal};
use super::{assess, inputs, narrow};
use crate::error::{Error, Result};
use crate::follow::Follower;
use crate::report::escape;
use crate::report::model::{Finding, Report};
use crate::report::redact;
use crate::scan::Scanned;

/// Longest time that a command of `--exec` may take.
const MAX_EXEC: Duration = Duration::from_secs(60);
/// Bytes of one environment variable.
const MAX_VARIABLE: usize = 8 * 1024;
/// Findings that are remembered.
const MAX_SEEN: usize = 100_000;
/// Judging may take up to this share of the time.
const SHARE: u32 = 5;

/// Follows until it is interrupted, the stream ends, or a finding ends it.
pub fn run(args: WatchArgs) -> Result<ExitCode> {
    let settings = Settings::new(&args.read, &args.time, None, inputs::start_of(&args.paths))?;
    let paint = Paint(Terminal::look(args.color, io::stdout().is_terminal()).color);
    let interval = Duration::from_millis(args.interval.clamp(10, 3_600_000) as u64);
    let mut follower = Follower::new(&args.paths, &settings.rules, None);
    let mut seen = Seen::new(Duration::from_millis(args.cool_down.max(0) as u64));
    let mut first = true;
    let end = args.r#for.and_then(|ms| Instant::now().checked_add(Duration::from_millis(ms.max(0) as u64)));
    loop {
        let news = follower.poll();
        follower.remarks().iter().for_each(|remark| settings.warn(remark));
        let mut took = Duration::ZERO;
        if news || first {
            let begun = Instant::now();
            if first {
                settings.tell(format!("following {} logs", follower.files()));
            }
            let report = judge(&follower, &settings, &args)?;
            let arisen = seen.arisen(&report, args.severity, first && args.new);
            if !arisen.is_empty() {
                let mut out = io::stdout().lock();
                tell(&arisen, &report, args.format, paint, &mut out)?;
                out.flush()?;
                drop(out);
                for (finding, _) in &arisen {
                    if let Some(command) = &args.exec {
                        exec(command, finding, &report, &settings);
                    }
                }
                if args.until_finding {
                    return Ok(ExitCode::from(1));
                }
            }
            first = false;
            took = begun.elapsed();
        }
        if follower.ended() || end.is_some_and(|end| Instant::now() >= end) {
            return Ok(ExitCode::SUCCESS);
        }
        let pause = interval.max(took * SHARE);
        std::thread::sleep(end.map_or(pause, |end| pause.min(end.saturating_duration_since(Instant::now()))));
    }
}

fn judge(follower: &Follower, settings: &Settings, args: &WatchArgs) -> Result<Report> {
    let story = assess::join(follower.sources(), settings);
    let options = assess::options(&story, settings);
    let mut report = assess::present_story(&story, &options, settings, &Scanned::default());
    if let Some(wanted) = &settings.job {
        // The job may come later.
        if !report.jobs.iter().any(|job| narrow::means(job, wanted)) {
            return Ok(Report::default());
        }
        narrow::narrow(&mut report, Some(wanted), &super::args::SelectArgs::default())?;
    }
    if args.redact {
        redact::redact(&mut report);
    }
    Ok(report)
}

/// What was printed, and when. A finding is known by what it is about, not by its words: these may hold counts.
struct Seen {
    cool_down: Duration,
    known: BTreeMap<Key, Printed>,
}

type Key = (String, Option<String>, Option<String>, Vec<String>);

struct Printed {
    at: Instant,
    count: u64,
    last: Option<String>,
}

impl Seen {
    fn new(cool_down: Duration) -> Self {
        Seen { cool_down, known: BTreeMap::new() }
    }

    /// The findings to print; the flag tells that one was printed before. `silently`: only remember them.
    fn arisen<'r>(&mut self, report: &'r Report, least: Severity, silently: bool) -> Vec<(&'r Finding, bool)> {
        let mut out = Vec::new();
        for finding in report.findings.iter().filter(|finding| Severity::of(&finding.severity) >= least) {
            let key = (finding.slug().to_owned(), finding.exception.clone(), finding.task_manager.clone(), finding.jobs.clone());
            let now = Printed { at: Instant::now(), count: finding.count, last: finding.last.clone() };
            match self.known.get(&key) {
                Some(known) if known.count >= now.count && known.last >= now.last => continue,
                Some(known) if known.at.elapsed() < self.cool_down => continue,
                known => {
                    if !silently {
                        out.push((finding, known.is_some()));
                    }
                }
            }
            if self.known.len() < MAX_SEEN || self.known.contains_key(&key) {
                self.known.insert(key, now);
            }
        }
        out
    }
}

fn tell(arisen: &[(&Finding, bool)], report: &Report, format: LineFormat, paint: Paint, out: &mut dyn Write) -> Result<()> {
    for (finding, again) in arisen {
        match format {
            LineFormat::Ndjson => {
                serde_json::to_writer(&mut *out, &Line { schema: "flinklog.finding/1", again: *again, finding, place: place(finding, report) })
                    .map_err(|e| Error::Output(e.into()))?;
                out.write_all(b"\n")?;
            }
            LineFormat::Text => text(finding, *again, report, paint, out)?,
        }
    }
    Ok(())
}

#[derive(serde::Serialize)]
struct Line<'r> {
    schema: &'static str,
    /// It was told before and goes on.
    again: bool,
    #[serde(flatten)]
    finding: &'r Finding,
    /// `path:line` of the first evidence, `container/log:line` where several write to one stream.
    place: Option<String>,
}

fn text(finding: &Finding, again: bool, report: &Report, paint: Paint, out: &mut dyn Write) -> io::Result<()> {
    let time = finding.last.as_deref().or(finding.first.as_deref()).unwrap_or("-");
    let again = if again { format!(" (again, {} times by now)", finding.count) } else { String::new() };
    writeln!(
        out,
        "{} {} {} {}{again}",
        paint.ink("2", time),
        paint.severity(&finding.severity, &finding.severity.to_uppercase()),
        paint.ink("36", finding.slug()),
        paint.ink("1", &escape::terminal(&finding.title)),
    )?;
    writeln!(out, "    {}, {}{}", finding.role, finding.certainty, job_names(finding, report).map(|names| format!(", job {names}")).unwrap_or_default())?;
    if let (Some(place), Some(evidence)) = (place(finding, report), finding.evidence.first()) {
        writeln!(out, "    {} {}", paint.ink("2", &escape::terminal(&place)), escape::terminal(evidence.text.lines().next().unwrap_or("")))?;
    }
    if let Some(remedy) = finding.remedy.first() {
        writeln!(out, "    do: {}", escape::terminal(remedy))?;
    }
    Ok(())
}

fn job_names(finding: &Finding, report: &Report) -> Option<String> {
    let name = |id: &String| report.jobs.iter().find(|job| job.id == *id).and_then(|job| job.name.clone()).unwrap_or_else(|| id.clone());
    let names: Vec<String> = finding.jobs.iter().take(3).map(name).collect();
    (!names.is_empty()).then(|| escape::terminal(&names.join(", ")).into_owned())
}

fn place(finding: &Finding, report: &Report) -> Option<String> {
    let evidence = finding.evidence.first()?;
    let source = report.sources.iter().find(|source| source.id == evidence.source)?;
    let name = match (&source.container, &source.log_type) {
        (Some(container), Some(log)) => format!("{container}/{log}"),
        (Some(container), None) => container.clone(),
        _ => source.path.clone(),
    };
    Some(match evidence.line {
        Some(line) => format!("{name}:{line}"),
        None => name,
    })
}

/// Runs the user's command. Words of the logs reach it by environment and standard input only, never as a part of the command.
fn exec(command: &str, finding: &Finding, report: &Report, settings: &Settings) {
    let mut shell = if cfg!(windows) { Command::new("cmd") } else { Command::new("sh") };
    shell.arg(if cfg!(windows) { "/C" } else { "-c" }).arg(command).stdin(Stdio::piped());
    let evidence = finding.evidence.first();
    let source = evidence.and_then(|e| report.sources.iter().find(|source| source.id == e.source)).map(|source| source.path.clone());
    let variables = [
        ("ID", Some(finding.id.clone())),
        ("PATTERN", Some(finding.slug().to_owned())),
        ("TITLE", Some(finding.title.clone())),
        ("ROLE", Some(finding.role.clone())),
        ("SEVERITY", Some(finding.severity.clone())),
        ("CERTAINTY", Some(finding.certainty.clone())),
        ("JOBS", Some(finding.jobs.join(","))),
        ("TIME", finding.last.clone().or_else(|| finding.first.clone())),
        ("COUNT", Some(finding.count.to_string())),
        ("SOURCE", source),
        ("LINE", evidence.and_then(|e| e.line).map(|line| line.to_string())),
        ("TEXT", evidence.map(|e| e.text.clone())),
    ];
    for (name, value) in variables {
        shell.env(format!("FLINKLOG_{name}"), variable(&value.unwrap_or_default()));
    }
    let body = serde_json::to_vec(finding).unwrap_or_default();
    match shell.spawn() {
        Ok(child) => {
            if let Some(problem) = attend(child, body) {
                settings.warn(format!("--exec: {problem}"));
            }
        }
        Err(e) => settings.warn(format!("--exec: the shell cannot be started: {e}")),
    }
}

/// No NUL, which no environment can hold, and no more than a process may be given.
fn variable(value: &str) -> String {
    let mut end = value.len().min(MAX_VARIABLE);
    while !value.is_char_boundary(end) {
        end -= 1;
    }
    value[..end].replace('\0', "\u{fffd}")
}

/// Hands over the finding and waits, not for ever.
fn attend(mut child: Child, body: Vec<u8>) -> Option<String> {
    let stdin = child.stdin.take();
    // The command may not read it: then writing must not hold us up.
    let writer = std::thread::spawn(move || stdin.map(|mut stdin| stdin.write_all(&body)));
    let begun = Instant::now();
    let problem = loop {
        match child.try_wait() {
            Ok(Some(status)) if status.success() => break None,
            Ok(Some(status)) => break Some(format!("the command ended with {status}")),
            Ok(None) if begun.elapsed() > MAX_EXEC => {
                let _ = child.kill();
                let _ = child.wait();
                break Some(format!("the command took more than {} s and was ended", MAX_EXEC.as_secs()));
            }
            Ok(None) => std::thread::sleep(Duration::from_millis(20)),
            Err(e) => break Some(e.to_string()),
        }
    };
    drop(writer);
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(count: u64, last: &str) -> Report {
        let finding = |pattern: &str, severity: &str| Finding {
            pattern: pattern.into(),
            severity: severity.into(),
            count,
            last: Some(last.into()),
            ..Finding::default()
        };
        Report { findings: vec![finding("npe", "error"), finding("advice", "info")], ..Report::default() }
    }

    #[test]
    fn once_then_again_after_the_cool_down() {
        let mut seen = Seen::new(Duration::from_secs(3600));
        assert_eq!(seen.arisen(&report(1, "a"), Severity::Warning, false).len(), 1);
        assert_eq!(seen.arisen(&report(1, "a"), Severity::Warning, false).len(), 0);
        assert_eq!(seen.arisen(&report(9, "b"), Severity::Warning, false).len(), 0);
        seen.cool_down = Duration::ZERO;
        let later = report(9, "b");
        let arisen = seen.arisen(&later, Severity::Warning, false);
        assert!(arisen.len() == 1 && arisen[0].1);
        // It did not go on since.
        assert_eq!(seen.arisen(&report(9, "b"), Severity::Warning, false).len(), 0);
    }

    #[test]
    fn what_was_there_before_can_stay_silent() {
        let mut seen = Seen::new(Duration::from_secs(3600));
        assert!(seen.arisen(&report(1, "a"), Severity::Info, true).is_empty());
        assert!(seen.arisen(&report(1, "a"), Severity::Info, false).is_empty());
    }

    #[test]
    fn findings_as_they_are_printed() {
        let report = crate::report::sample::short();
        let arisen: Vec<(&Finding, bool)> = report.findings.iter().enumerate().map(|(at, finding)| (finding, at == 1)).collect();
        let mut settings = insta::Settings::clone_current();
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        for (name, format, paint) in
            [("watch-text", LineFormat::Text, Paint(false)), ("watch-color", LineFormat::Text, Paint(true)), ("watch-ndjson", LineFormat::Ndjson, Paint(false))]
        {
            let mut out = Vec::new();
            tell(&arisen, &report, format, paint, &mut out).unwrap();
            settings.bind(|| insta::assert_snapshot!(name, String::from_utf8(out).unwrap()));
        }
    }

    #[test]
    fn variables_hold_any_text() {
        assert_eq!(variable("a\0b"), "a\u{fffd}b");
        assert!(variable(&"ä".repeat(MAX_VARIABLE)).len() <= MAX_VARIABLE);
    }
}
