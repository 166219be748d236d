//! SARIF 2.1.0 (OASIS): one run, a rule per pattern, a result per finding, the chain from cause to effect as code flow.

use std::collections::BTreeMap;
use std::io;

use serde_json::{Value, json};

use super::escape;
use super::model::{Evidence, Finding, Report};
use super::view::{View, chain};

pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let view = View::new(report);
    let mut rules: BTreeMap<&str, &Finding> = BTreeMap::new();
    for finding in &report.findings {
        rules.entry(finding.slug()).or_insert(finding);
    }
    let index: BTreeMap<&str, usize> = rules.keys().enumerate().map(|(at, pattern)| (*pattern, at)).collect();
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": if report.tool.name.is_empty() { "flinklog" } else { &report.tool.name },
                "version": report.tool.version,
                "rules": rules.values().map(|finding| rule(finding)).collect::<Vec<_>>(),
            }},
            "invocations": [{
                "executionSuccessful": report.coverage.incomplete == 0 && report.summary.verdict != "not-assessed",
                "toolExecutionNotifications": report.warnings.iter().map(|warning| notification(&view, warning)).collect::<Vec<_>>(),
            }],
            "artifacts": report.sources.iter().map(|source| json!({
                "location": { "uri": escape::uri(&source.path) },
                "length": source.bytes,
                "roles": ["analysisTarget"],
            })).collect::<Vec<_>>(),
            "results": report.findings.iter().map(|finding| result(&view, finding, index.get(finding.slug()).copied())).collect::<Vec<_>>(),
            "columnKind": "unicodeCodePoints",
            "properties": { "verdict": report.summary.verdict, "headline": report.summary.headline },
        }],
    });
    serde_json::to_writer_pretty(&mut *out, &log).map_err(io::Error::from)?;
    out.write_all(b"\n")
}

fn level(finding: &Finding) -> &'static str {
    match finding.severity.as_str() {
        "critical" | "error" => "error",
        "warning" => "warning",
        _ => "note",
    }
}

fn rule(finding: &Finding) -> Value {
    let mut rule = json!({
        "id": finding.slug(),
        "shortDescription": { "text": finding.title },
        "defaultConfiguration": { "level": level(finding) },
        "properties": { "owner": finding.owner },
    });
    if !finding.explanation.is_empty() {
        rule["fullDescription"] = json!({ "text": finding.explanation });
    }
    if !finding.remedy.is_empty() {
        rule["help"] = json!({ "text": finding.remedy.join("\n") });
    }
    if let Some(docs) = finding.docs.as_deref().filter(|docs| docs.starts_with("https://") && docs.bytes().all(|byte| byte.is_ascii_graphic())) {
        rule["helpUri"] = json!(docs);
    }
    rule
}

fn result(view: &View, finding: &Finding, rule: Option<usize>) -> Value {
    let message = match finding.explanation.as_str() {
        "" => finding.title.clone(),
        explanation => format!("{}. {explanation}", finding.title),
    };
    let mut result = json!({
        "ruleId": finding.slug(),
        "level": level(finding),
        "message": { "text": message },
        "locations": finding.evidence.iter().take(1).map(|evidence| location(view, evidence)).collect::<Vec<_>>(),
        "partialFingerprints": { "flinklogFinding/v1": finding.id },
        "occurrenceCount": finding.count.max(1),
        "properties": {
            "role": finding.role,
            "severity": finding.severity,
            "certainty": finding.certainty,
            "owner": finding.owner,
            "restartHelps": finding.restart_helps,
            "jobs": finding.jobs,
        },
    });
    if let Some(rule) = rule {
        result["ruleIndex"] = json!(rule);
    }
    if finding.evidence.len() > 1 {
        result["relatedLocations"] = finding.evidence[1..].iter().map(|evidence| location(view, evidence)).collect();
    }
    if finding.role == "root-cause" {
        let steps: Vec<Value> = chain(view.report, finding)
            .iter()
            .filter_map(|step| {
                let mut location = location(view, step.finding.evidence.first()?);
                location["message"] = json!({ "text": step.finding.title });
                Some(json!({ "location": location, "nestingLevel": step.depth }))
            })
            .collect();
        if steps.len() > 1 {
            result["codeFlows"] = json!([{ "threadFlows": [{ "locations": steps }] }]);
        }
    }
    result
}

fn location(view: &View, evidence: &Evidence) -> Value {
    let mut physical = json!({ "artifactLocation": { "uri": escape::uri(view.path(evidence.source)) } });
    if let Some(line) = evidence.line.filter(|line| *line > 0) {
        let mut region = json!({ "startLine": line, "snippet": { "text": evidence.text } });
        if let Some(lines) = evidence.lines.filter(|lines| *lines > 1) {
            region["endLine"] = json!(line.saturating_add(lines - 1));
        }
        if let (Some(byte), Some(bytes)) = (evidence.byte, evidence.bytes) {
            region["byteOffset"] = json!(byte);
            region["byteLength"] = json!(bytes);
        }
        physical["region"] = region;
    }
    json!({ "physicalLocation": physical })
}

fn notification(view: &View, warning: &super::model::Warning) -> Value {
    let mut notification = json!({ "level": "warning", "message": { "text": warning.message }, "descriptor": { "id": warning.code } });
    if let Some(source) = warning.source {
        notification["locations"] = json!([location(view, &Evidence { source, line: warning.line, ..Evidence::default() })]);
    }
    notification
}
