//! The time line as one JSON object per line, for `jq` and log pipelines.

use std::io;

use serde::Serialize;

use super::model::{Report, TimelineRow};
use super::view::View;

/// One event. Everything of the timeline row stands beside what it refers to, so that a line can be read alone.
#[derive(Serialize)]
struct Event<'r> {
    schema: &'static str,
    #[serde(flatten)]
    row: &'r TimelineRow,
    job_name: Option<&'r str>,
    path: Option<&'r str>,
}

/// Value of `schema` in every line.
pub const SCHEMA: &str = "flinklog.event/1";

pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let view = View::new(report);
    for row in &report.timeline {
        let job = row.job.as_deref().and_then(|id| view.job(id));
        let event =
            Event { schema: SCHEMA, row, job_name: job.and_then(|job| job.name.as_deref()), path: view.source(row.source).map(|source| source.path.as_str()) };
        serde_json::to_writer(&mut *out, &event).map_err(io::Error::from)?;
        out.write_all(b"\n")?;
    }
    Ok(())
}
