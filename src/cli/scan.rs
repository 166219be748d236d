//! `scan`, the chapters, and the end of `yarn` and `k8s`: a report in every format that was asked for, and the exit code.

use std::mem::ManuallyDrop;
use std::process::ExitCode;

use super::args::{FetchArgs, OutputArgs, ReportArgs, ScanArgs, SelectArgs, Severity};
use super::inputs::{self, Input};
use super::output::{self, Target};
use super::settings::{self, Settings};
use super::{assess, narrow};
use crate::error::{Error, Result};
use crate::report::model::Report;
use crate::report::redact;
use crate::report::{self, Chapter, Format};
use crate::scan::Scanned;

/// Warnings that are shown on standard error; the report has them all.
const SHOWN_WARNINGS: usize = 5;

/// Scans and reports.
pub fn run(args: ScanArgs, chapter: Chapter) -> Result<ExitCode> {
    let outputs = Outputs::open(&args.output, &args.report, chapter)?;
    let paths = inputs::or_defaults(&args.input.paths)?;
    let settings = Settings::new(&args.read, &args.time, args.report.fail_on, inputs::start_of(&paths))?;
    match inputs::read(&paths, &settings, None)? {
        Input::Logs(scanned) => finish(*scanned, &settings, &args.select, outputs),
        Input::Report(saved) => {
            if settings.since.is_some() || settings.until.is_some() {
                settings.warn("--since and --until do nothing to a saved report: it was judged when it was made");
            }
            deliver(*saved, false, &settings, &args.select, outputs)
        }
    }
}

/// The same for logs that a command printed.
pub fn fetched(scanned: Scanned, settings: &Settings, args: &FetchArgs, outputs: Outputs) -> Result<ExitCode> {
    if scanned.sources.is_empty() {
        let why: Vec<String> = scanned.unreadable.iter().chain(&scanned.notices).map(|(path, problem)| format!("{path}: {}", problem.message)).collect();
        return Err(Error::NothingRead(if why.is_empty() { "the command printed no log".to_owned() } else { why.join("\n") }));
    }
    finish(scanned, settings, &args.select, outputs)
}

fn finish(scanned: Scanned, settings: &Settings, select: &SelectArgs, outputs: Outputs) -> Result<ExitCode> {
    let gaps = inputs::has_gaps(&scanned);
    for path in &scanned.skipped {
        settings.tell(format!("{path}: holds no log, skipped"));
    }
    let report = assess::report(scanned, settings);
    for warning in report.warnings.iter().take(SHOWN_WARNINGS) {
        settings.warn(&warning.message);
    }
    let more = (report.warnings.len() as u64).saturating_sub(SHOWN_WARNINGS as u64) + report.warnings_omitted;
    if more > 0 {
        settings.warn(format!("{more} more warnings stand in the report"));
    }
    deliver(report, gaps, settings, select, outputs)
}

fn deliver(mut report: Report, gaps: bool, settings: &Settings, select: &SelectArgs, outputs: Outputs) -> Result<ExitCode> {
    narrow::narrow(&mut report, settings.job.as_deref(), select)?;
    let failing = settings.fail_on.is_some_and(|least| report.findings.iter().any(|finding| Severity::of(&finding.severity) >= least));
    outputs.write(report, select.all)?;
    Ok(match (failing, gaps) {
        (true, _) => ExitCode::from(1),
        (false, true) => ExitCode::from(3),
        (false, false) => ExitCode::SUCCESS,
    })
}

/// Every report that was asked for.
pub struct Outputs {
    main: (Format, Target),
    more: Vec<(Format, Target)>,
    redact: bool,
    look: report::Options,
}

impl Outputs {
    /// Opens all targets before the work begins.
    pub fn open(output: &OutputArgs, report: &ReportArgs, chapter: Chapter) -> Result<Outputs> {
        let format = output.format.or_else(|| output::format_of(output.output.as_deref()?)).unwrap_or(Format::Text);
        let main = Target::open(output.output.as_deref())?;
        let look = report::Options { chapter, ..settings::look(output.color, main.is_terminal()) };
        let more = report.report.iter().map(|text| output::format_and_file(text).and_then(|(format, file)| Ok((format, Target::open(Some(&file))?))));
        Ok(Outputs { main: (format, main), more: more.collect::<Result<_>>()?, redact: output.redact, look })
    }

    /// Files first: whoever closes standard output early shall have them all the same. The report is never freed.
    fn write(mut self, report: Report, all: bool) -> Result<()> {
        // The program ends behind it: to free a large one piece by piece takes longer than many a scan.
        let mut report = ManuallyDrop::new(report);
        if self.redact {
            redact::redact(&mut report);
        }
        self.look.all = all;
        let plain = report::Options { color: false, hyperlinks: false, ..self.look.clone() };
        for (format, target) in self.more {
            target.write(|out| report::render(&report, format, &plain, out))?;
        }
        let (format, target) = self.main;
        target.write(|out| report::render(&report, format, &self.look, out))
    }
}
