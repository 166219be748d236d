//! `diff`: two runs, each a path or a saved report.

use std::path::Path;
use std::process::ExitCode;

use super::args::{DiffArgs, OutputArgs, Severity, TimeArgs};
use super::assess;
use super::inputs::{self, Input};
use super::output::{self, Target};
use super::settings::{self, Settings};
use crate::error::{Error, Result};
use crate::report::model::Report;
use crate::report::redact;
use crate::report::{Format, diff};

/// Compares and reports.
pub fn run(args: DiffArgs) -> Result<ExitCode> {
    let format = format(&args.output)?;
    let target = Target::open(args.output.output.as_deref())?;
    let look = settings::look(args.output.color, target.is_terminal());
    let settings = Settings::new(&args.read, &TimeArgs::default(), args.fail_on, Some(&args.before))?;
    if args.before == args.after && args.before == Path::new("-") {
        return Err(Error::usage("only one side can come from standard input"));
    }
    let (mut before, early_gaps) = side(&args.before, &settings)?;
    let (mut after, late_gaps) = side(&args.after, &settings)?;
    if args.output.redact {
        redact::together([&mut before, &mut after]);
    }
    let found = diff::diff(&before, &after);
    // What is as grave as before, be it more often, was there before.
    let severity = |word: &Option<String>| word.as_deref().map(Severity::of);
    let graver = found.findings.changed.iter().filter(|finding| severity(&finding.severity_after) > severity(&finding.severity_before));
    let failing = settings.fail_on.is_some_and(|least| found.findings.new.iter().chain(graver).any(|finding| severity(&finding.severity_after) >= Some(least)));
    target.write(|out| diff::render(&found, format, &look, out))?;
    Ok(match (failing, early_gaps || late_gaps) {
        (true, _) => ExitCode::from(1),
        (false, true) => ExitCode::from(3),
        (false, false) => ExitCode::SUCCESS,
    })
}

fn format(output: &OutputArgs) -> Result<Format> {
    let format = output.format.or_else(|| output::format_of(output.output.as_deref()?)).unwrap_or(Format::Text);
    match format {
        Format::Text | Format::Json | Format::Markdown => Ok(format),
        other => Err(Error::usage(format!("a comparison cannot be written as {other}; -f text, json or markdown can"))),
    }
}

fn side(path: &Path, settings: &Settings) -> Result<(Report, bool)> {
    match inputs::read(&[path.to_owned()], settings, None)? {
        Input::Report(report) => Ok((*report, false)),
        Input::Logs(scanned) => {
            let gaps = inputs::has_gaps(&scanned);
            let report = assess::report(*scanned, settings);
            report.warnings.iter().take(20).for_each(|warning| settings.warn(&warning.message));
            Ok((report, gaps))
        }
    }
}
