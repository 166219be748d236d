//! A diagnosed report in every format that people and programs read.
//!
//! In: a [`model::Report`]. Out: bytes of one [`Format`]. Nothing here reads logs, asks the clock or the environment, or decides what a log means: the
//! same report and options always give the same bytes.

pub mod csv;
pub mod diff;
pub mod escape;
pub mod figures;
pub mod github;
pub mod gitlab;
pub mod html;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod model;
pub mod ndjson;
mod options;
pub mod prometheus;
pub mod redact;
#[cfg(test)]
pub(crate) mod sample;
pub mod sarif;
pub mod schema;
mod select;
#[cfg(test)]
mod tests;
pub mod text;
mod time;
pub mod trace;
mod view;

use std::io;

pub use options::{Chapter, Format, Options, UnknownFormat};

use model::Report;

/// Writes `report` to `out` in `format`, restricted to [`Options::job`] and [`Options::attempt`] where these are given.
///
/// # Errors
/// Those of `out` alone.
pub fn render(report: &Report, format: Format, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let report = &*select::select(report, options);
    match format {
        Format::Text => text::write(report, options, out),
        Format::Json => json::write(report, out),
        Format::Ndjson => ndjson::write(report, out),
        Format::Markdown => markdown::write(report, options, out),
        Format::Html => html::write(report, out),
        Format::Junit => junit::write(report, out),
        Format::Sarif => sarif::write(report, out),
        Format::Github => github::write(report, out),
        Format::Gitlab => gitlab::write(report, out),
        Format::Trace => trace::write(report, out),
        Format::Prometheus => prometheus::write(report, out),
        Format::Csv if options.chapter == Chapter::Checkpoints => csv::checkpoints(report, out),
        Format::Csv | Format::CsvAttempts => csv::attempts(report, out),
        Format::CsvCheckpoints => csv::checkpoints(report, out),
    }
}
