//! GitLab's code quality report: a subset of the Code Climate format, one issue per finding.

use std::io;

use serde::Serialize;

use super::model::Report;
use super::view::View;

#[derive(Serialize)]
struct Issue<'r> {
    #[serde(rename = "type")]
    kind: &'static str,
    check_name: &'r str,
    description: String,
    categories: [&'static str; 1],
    fingerprint: &'r str,
    severity: &'static str,
    location: Location<'r>,
}

#[derive(Serialize)]
struct Location<'r> {
    path: &'r str,
    lines: Lines,
}

#[derive(Serialize)]
struct Lines {
    begin: u64,
}

pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let view = View::new(report);
    let issues: Vec<Issue> = report
        .findings
        .iter()
        .map(|finding| {
            let evidence = finding.evidence.first();
            let path = evidence.map_or("", |evidence| view.path(evidence.source));
            Issue {
                kind: "issue",
                check_name: finding.slug(),
                description: match finding.explanation.as_str() {
                    "" => finding.title.clone(),
                    explanation => format!("{}. {explanation}", finding.title),
                },
                categories: ["Bug Risk"],
                fingerprint: &finding.id,
                severity: match finding.severity.as_str() {
                    "critical" => "blocker",
                    "error" => "critical",
                    "warning" => "minor",
                    _ => "info",
                },
                // GitLab drops issues without a line, and paths that begin with `./`.
                location: Location { path: path.trim_start_matches("./"), lines: Lines { begin: evidence.and_then(|evidence| evidence.line).unwrap_or(1) } },
            }
        })
        .collect();
    serde_json::to_writer_pretty(&mut *out, &issues).map_err(io::Error::from)?;
    out.write_all(b"\n")
}
