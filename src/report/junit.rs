//! JUnit XML: a suite per job, and one for what belongs to no job. The first case of a suite is the verdict; each finding is a further case, failed where
//! its severity is `error` or `critical`.

use std::io::{self, Write};

use super::escape::{attribute, markup};
use super::figures;
use super::model::{Finding, Report};
use super::time::parse;
use super::view::{View, words};

/// A case: its name, class, whether it failed, and what is to be said.
struct Case<'r> {
    name: String,
    class: String,
    place: Option<(&'r str, u64)>,
    failure: Option<(String, String)>,
    skipped: Option<String>,
    output: String,
}

struct Suite<'r> {
    name: String,
    start: Option<&'r str>,
    seconds: f64,
    cases: Vec<Case<'r>>,
}

pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let view = View::new(report);
    let suites = suites(report, &view);
    let total = |of: fn(&Case) -> bool| suites.iter().flat_map(|suite| &suite.cases).filter(|case| of(case)).count();
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
    let (all, failed, skipped) = (total(|_| true), total(|case| case.failure.is_some()), total(|case| case.skipped.is_some()));
    writeln!(out, "<testsuites name=\"flinklog\" tests=\"{all}\" failures=\"{failed}\" errors=\"0\" skipped=\"{skipped}\">")?;
    for suite in &suites {
        write_suite(out, suite)?;
    }
    writeln!(out, "</testsuites>")
}

fn suites<'r>(report: &'r Report, view: &View<'r>) -> Vec<Suite<'r>> {
    let cluster: Vec<&Finding> = report.findings.iter().filter(|finding| !report.jobs.iter().any(|job| finding.jobs.contains(&job.id))).collect();
    let mut suites = vec![Suite {
        name: "cluster".to_owned(),
        start: report.coverage.first_time.as_deref(),
        seconds: seconds(&report.coverage.first_time, &report.coverage.last_time),
        cases: cases(view, "cluster", &report.summary.verdict, &report.summary.headline, &cluster),
    }];
    for job in &report.jobs {
        let name = job.name.as_deref().unwrap_or(&job.id);
        let findings: Vec<&Finding> = report.findings.iter().filter(|finding| finding.jobs.contains(&job.id)).collect();
        let root = job.root_causes.iter().find_map(|id| view.finding(id)).map_or("", |finding| finding.title.as_str());
        let said = format!("job {name} is {}: {root}", job.state);
        suites.push(Suite {
            name: format!("job {name}"),
            start: job.first_time.as_deref(),
            seconds: seconds(&job.first_time, &job.last_time),
            cases: cases(view, name, &job.verdict, said.trim_end_matches([' ', ':']), &findings),
        });
    }
    suites
}

fn cases<'r>(view: &View<'r>, class: &str, verdict: &str, said: &str, findings: &[&'r Finding]) -> Vec<Case<'r>> {
    let mut cases = vec![Case {
        name: "verdict".to_owned(),
        class: class.to_owned(),
        place: None,
        failure: matches!(verdict, "failed" | "degraded").then(|| (said.to_owned(), verdict.to_owned())),
        skipped: (verdict == "not-assessed").then(|| said.to_owned()),
        output: format!("{}: {said}", words::verdict(verdict)),
    }];
    cases.extend(findings.iter().map(|finding| {
        let place = finding.evidence.first().map(|evidence| (view.path(evidence.source), evidence.line.unwrap_or(0)));
        Case {
            name: format!("{} ({})", finding.title, finding.id),
            class: format!("{class}.{}", finding.slug()),
            place,
            failure: matches!(finding.severity.as_str(), "critical" | "error").then(|| (finding.title.clone(), finding.role.clone())),
            skipped: None,
            output: details(view, finding),
        }
    }));
    cases
}

/// What a reader of a test report needs: how sure, where, what to do.
fn details(view: &View, finding: &Finding) -> String {
    let mut lines = vec![format!("{}, {}, seen {}", words::role(&finding.role), finding.certainty, figures::plural(finding.count, "time"))];
    lines.extend((!finding.explanation.is_empty()).then(|| finding.explanation.clone()));
    for evidence in &finding.evidence {
        let path = view.path(evidence.source);
        let place = evidence.line.map_or_else(|| path.to_owned(), |line| format!("{path}:{line}"));
        lines.push(format!("{place}: {}", evidence.text.trim_end()));
    }
    lines.extend(finding.remedy.iter().map(|remedy| format!("- {remedy}")));
    lines.join("\n")
}

fn write_suite(out: &mut dyn Write, suite: &Suite) -> io::Result<()> {
    let failed = suite.cases.iter().filter(|case| case.failure.is_some()).count();
    let skipped = suite.cases.iter().filter(|case| case.skipped.is_some()).count();
    let start = suite.start.map(|time| format!(" timestamp=\"{}\"", attribute(time))).unwrap_or_default();
    writeln!(
        out,
        "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{failed}\" errors=\"0\" skipped=\"{skipped}\" time=\"{:.3}\"{start}>",
        attribute(&suite.name),
        suite.cases.len(),
        suite.seconds
    )?;
    for case in &suite.cases {
        let place = match case.place {
            Some((path, line)) if line > 0 => format!(" file=\"{}\" line=\"{line}\"", attribute(path)),
            Some((path, _)) => format!(" file=\"{}\"", attribute(path)),
            None => String::new(),
        };
        writeln!(out, "    <testcase name=\"{}\" classname=\"{}\" time=\"0\"{place}>", attribute(&case.name), attribute(&case.class))?;
        if let Some((message, kind)) = &case.failure {
            writeln!(out, "      <failure message=\"{}\" type=\"{}\">{}</failure>", attribute(message), attribute(kind), markup(&case.output))?;
        } else if let Some(message) = &case.skipped {
            writeln!(out, "      <skipped message=\"{}\"/>", attribute(message))?;
        } else {
            writeln!(out, "      <system-out>{}</system-out>", markup(&case.output))?;
        }
        writeln!(out, "    </testcase>")?;
    }
    writeln!(out, "  </testsuite>")
}

fn seconds(from: &Option<String>, to: &Option<String>) -> f64 {
    let span = from.as_deref().and_then(parse).zip(to.as_deref().and_then(parse));
    span.map_or(0.0, |(from, to)| to.saturating_sub(from).max(0) as f64 / 1000.0)
}
