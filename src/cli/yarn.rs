//! `yarn APP`: the logs of an application by the user's own `yarn`.

use std::process::ExitCode;

use super::args::YarnArgs;
use super::fetch::{self, Fetch};
use super::scan::{self, Outputs};
use super::settings::Settings;
use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::report::Chapter;

/// Fetches, scans, reports.
pub fn run(args: YarnArgs) -> Result<ExitCode> {
    let application = args.application.trim();
    if !application.starts_with("application_") {
        return Err(Error::usage(format!(
            "`{application}` is no id of an application; these look like application_1700000000000_0042 (`yarn application -list -appStates ALL` lists them)"
        )));
    }
    let outputs = Outputs::open(&args.scan.output, &args.scan.report, Chapter::Full)?;
    let settings = Settings::new(&args.scan.read, &args.scan.time, args.scan.report.fail_on, None)?;
    let progress = Progress::new(settings.progress, None);
    let mut arguments = vec!["logs".to_owned(), "-applicationId".to_owned(), application.to_owned()];
    arguments.extend(args.more.iter().cloned());
    let fetch = Fetch { tool: "yarn", arguments, name: format!("yarn:{application}"), optional: false };
    let scanned = fetch::scan(&fetch, &settings, &progress, None)?;
    drop(progress);
    scan::fetched(scanned, &settings, &args.scan, outputs)
}
