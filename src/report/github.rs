//! GitHub workflow commands: one annotation per finding, the most important first, at most [`CAP`] of each kind since GitHub shows no more per step.

use std::io::{self, Write};

use super::escape;
use super::model::{Finding, Report};
use super::view::View;

/// Annotations of one kind.
pub const CAP: usize = 10;

pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let view = View::new(report);
    let mut said = [0usize; 3];
    let mut left_out = 0;
    let kind = match report.summary.verdict.as_str() {
        "failed" => 0,
        "degraded" | "not-assessed" => 1,
        _ => 2,
    };
    said[kind] += 1;
    let title = format!("Flink: {}", report.summary.verdict);
    writeln!(out, "::{} title={}::{}", KINDS[kind], escape::github_property(&title), escape::github_data(&report.summary.headline))?;
    for finding in &report.findings {
        let kind = kind_of(finding);
        if said[kind] == CAP {
            left_out += 1;
            continue;
        }
        said[kind] += 1;
        annotation(out, &view, finding, KINDS[kind])?;
    }
    if left_out > 0 {
        // No annotation: plain lines of a step's log are not counted.
        writeln!(out, "{left_out} further findings are not annotated.")?;
    }
    Ok(())
}

const KINDS: [&str; 3] = ["error", "warning", "notice"];

fn kind_of(finding: &Finding) -> usize {
    match finding.severity.as_str() {
        "critical" | "error" => 0,
        "warning" => 1,
        _ => 2,
    }
}

fn annotation(out: &mut dyn Write, view: &View, finding: &Finding, kind: &str) -> io::Result<()> {
    let mut properties = Vec::new();
    if let Some(evidence) = finding.evidence.first() {
        properties.push(format!("file={}", escape::github_property(view.path(evidence.source))));
        if let Some(line) = evidence.line {
            properties.push(format!("line={line}"));
            properties.push(format!("endLine={}", line.saturating_add(evidence.lines.unwrap_or(1).saturating_sub(1))));
        }
    }
    properties.push(format!("title={}", escape::github_property(&finding.title)));
    let mut message = Vec::new();
    if !finding.explanation.is_empty() {
        message.push(finding.explanation.clone());
    }
    message.extend(finding.evidence.first().map(|evidence| evidence.text.trim().to_owned()));
    message.extend(finding.remedy.iter().map(|remedy| format!("- {remedy}")));
    if message.is_empty() {
        message.push(finding.title.clone());
    }
    writeln!(out, "::{kind} {}::{}", properties.join(","), escape::github_data(&message.join("\n")))
}
