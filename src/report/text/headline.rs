//! The verdict, and under which circumstances it was reached: versions, deployment, time, clock.

use std::collections::BTreeSet;

use super::super::view::{View, words};
use super::page::{Ink, Line, Page};

/// What happened to which job, in one sentence.
pub fn verdict(page: &mut Page, view: &View) {
    let summary = &view.report.summary;
    let word = words::verdict(&summary.verdict);
    let first = Line::new().ink(Ink::of_verdict(&summary.verdict), word).put("  ");
    if summary.headline.trim().is_empty() {
        page.push(first);
    } else {
        page.wrapped(first, Ink::Strong, &summary.headline, 3);
    }
}

/// Versions and deployment, then the stretch of time, the clock and the folder of the files.
pub fn circumstances(page: &mut Page, view: &View) {
    let about = [platform(view), time(view)];
    for line in about.into_iter().filter(|line| !line.is_empty()) {
        page.wrapped(Line::new(), Ink::Dim, &line, 2);
    }
}

/// `Flink 1.20.5, Java 17.0.9+9, yarn-application`.
pub fn platform(view: &View) -> String {
    let distinct = |values: Vec<Option<&str>>| values.into_iter().flatten().map(str::to_owned).collect::<BTreeSet<String>>();
    let processes = &view.report.processes;
    let flink = distinct(processes.iter().map(|process| process.flink_version.as_deref()).collect());
    let java = distinct(processes.iter().map(|process| process.jvm.as_deref().and_then(java_version)).collect());
    let deployment = distinct(processes.iter().map(|process| process.deployment.as_deref()).collect());
    let join = |label: &str, values: BTreeSet<String>| {
        let values: Vec<String> = values.into_iter().take(4).collect();
        (!values.is_empty()).then(|| format!("{label}{}", values.join(" and ")))
    };
    let parts = [join("Flink ", flink), join("Java ", java), join("", deployment)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn time(view: &View) -> String {
    let mut parts = Vec::new();
    if let Some((from, to)) = view.span() {
        let clock = &view.clock;
        let end = if clock.day(from) == clock.day(to) { clock.full(to)[11..].to_owned() } else { clock.full(to) };
        parts.push(format!("{} to {end}, {}.", clock.full(from), clock.zone()));
    }
    if view.folder.len() > 1 {
        parts.push(format!("Files below {}", view.folder));
    }
    parts.join(" ")
}

/// The version in a banner's JVM line, `OpenJDK 64-Bit Server VM - Eclipse Adoptium - 17/17.0.9+9`: what follows the last slash, else the last part.
fn java_version(jvm: &str) -> Option<&str> {
    let last = jvm.rsplit([' ', '/']).next()?;
    last.starts_with(|c: char| c.is_ascii_digit()).then_some(last)
}

#[cfg(test)]
mod tests {
    use super::java_version;

    #[test]
    fn java_versions_of_banners() {
        assert_eq!(java_version("OpenJDK 64-Bit Server VM - Eclipse Adoptium - 17/17.0.9+9"), Some("17.0.9+9"));
        assert_eq!(java_version("Java HotSpot(TM) 64-Bit Server VM - Oracle Corporation - 1.8/25.202-b08"), Some("25.202-b08"));
        assert_eq!(java_version("a VM"), None);
    }
}
