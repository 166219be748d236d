//! Takes out of a report what must not leave the house: hosts, addresses, users, paths, e-mail, secrets, data of records.
//!
//! In: a report. Out: the same report with placeholders (`host-1`, `ip-3`, `user-1`, `path-2`, `mail-1`, `value-4`, `******`), the same one for the same value
//! all over, numbered in order of appearance. Ids of jobs and containers, class names, frames and configuration keys stay, or the report would be of no use.
//! Hashes of quoted lines go: a short line can be guessed from its hash. Data that a message brings without quotes or brackets cannot be told from other words
//! and stays.

mod data;
mod names;
mod scan;

use std::collections::BTreeMap;

use super::model::{Evidence, Report};
use names::Names;

/// What stands for a secret.
pub const SECRET: &str = "******";

/// Redacts `report` in place. Doing it twice changes nothing more.
pub fn redact(report: &mut Report) {
    let mut names = Names::default();
    learn(report, &mut names);
    for source in &mut report.sources {
        source.path = scan::path(&source.path, &mut names);
        each(&mut source.node, |node| scan::host(node, &mut names));
    }
    for process in &mut report.processes {
        each(&mut process.host, |host| scan::host(host, &mut names));
        each(&mut process.resource_id, |id| scan::text(id, &mut names));
        for text in process.jvm_options.iter_mut().chain(&mut process.program_arguments) {
            *text = scan::text(text, &mut names);
        }
        process.configuration = std::mem::take(&mut process.configuration).into_iter().map(|(key, value)| configuration(key, &value, &mut names)).collect();
    }
    for warning in &mut report.warnings {
        warning.message = scan::own(&warning.message, &mut names);
    }
    summary_and_jobs(report, &mut names);
    for tm in &mut report.task_managers {
        tm.id = scan::text(&tm.id, &mut names);
        each(&mut tm.host, |host| scan::host(host, &mut names));
    }
    for text in report.gc.iter_mut().flat_map(|gc| &mut gc.notes) {
        *text = scan::text(text, &mut names);
    }
    for jvm in &mut report.jvm {
        for crash in &mut jvm.crashes {
            let texts = [&mut crash.detail, &mut crash.allocation, &mut crash.report_path, &mut crash.thread, &mut crash.memory];
            for text in texts.into_iter().flatten() {
                *text = scan::text(text, &mut names);
            }
        }
        for dump in &mut jvm.heap_dumps {
            each(&mut dump.path, |path| scan::text(path, &mut names));
            each(&mut dump.failed, |text| scan::text(text, &mut names));
        }
        for dump in &mut jvm.thread_dumps {
            let names_of = dump.deadlocks.iter_mut().flat_map(|deadlock| &mut deadlock.threads);
            let blocked = dump.blocked_threads.iter_mut().flat_map(|thread| std::iter::once(&mut thread.name).chain(&mut thread.held_by));
            for text in names_of.chain(blocked).chain(dump.tasks.iter_mut().map(|task| &mut task.name)) {
                *text = scan::text(text, &mut names);
            }
        }
    }
    for exception in &mut report.exceptions {
        for text in [&mut exception.message, &mut exception.root.message, &mut exception.trace] {
            *text = scan::text(text, &mut names);
        }
    }
    for finding in &mut report.findings {
        for text in [&mut finding.title, &mut finding.explanation] {
            *text = scan::text(text, &mut names);
        }
        for text in &mut finding.remedy {
            *text = scan::own(text, &mut names);
        }
        each(&mut finding.task_manager, |id| scan::text(id, &mut names));
        for evidence in &mut finding.evidence {
            quoted(evidence, &mut names);
        }
    }
    for row in &mut report.unclassified {
        row.template = scan::text(&row.template, &mut names);
        row.sample.text = scan::text(&row.sample.text, &mut names);
    }
    for row in &mut report.timeline {
        row.text = scan::text(&row.text, &mut names);
        each(&mut row.task_manager, |id| scan::text(id, &mut names));
    }
}

fn summary_and_jobs(report: &mut Report, names: &mut Names) {
    let summary = &mut report.summary;
    summary.headline = scan::text(&summary.headline, names);
    if let Some(fault) = &mut summary.first_fault {
        each(&mut fault.task, |task| scan::text(task, names));
        each(&mut fault.task_manager, |id| scan::text(id, names));
    }
    for missing in &mut summary.missing {
        missing.text = scan::own(&missing.text, names);
        each(&mut missing.subject, |subject| scan::text(subject, names));
    }
    for job in &mut report.jobs {
        each(&mut job.name, |name| scan::text(name, names));
        for attempt in &mut job.attempts {
            if let Some(restored) = &mut attempt.restored_from {
                each(&mut restored.path, |path| scan::text(path, names));
            }
            if let Some(failure) = &mut attempt.failure {
                each(&mut failure.task, |task| scan::text(task, names));
                each(&mut failure.task_manager, |id| scan::text(id, names));
            }
        }
        for task in &mut job.tasks {
            task.vertex = scan::text(&task.vertex, names);
            each(&mut task.last_task_manager, |id| scan::text(id, names));
        }
        for deployment in &mut job.deployments {
            deployment.task = scan::text(&deployment.task, names);
            each(&mut deployment.task_manager, |id| scan::text(id, names));
            each(&mut deployment.host, |host| scan::host(host, names));
        }
        each(&mut job.checkpoints.storage, |storage| scan::text(storage, names));
        for failure in &mut job.checkpoints.failures {
            failure.message = scan::text(&failure.message, names);
            each(&mut failure.task, |task| scan::text(task, names));
        }
    }
}

/// Names that structured fields give away are known everywhere, however they are spelled there.
fn learn(report: &Report, names: &mut Names) {
    let hosts = report
        .processes
        .iter()
        .map(|process| &process.host)
        .chain(report.sources.iter().map(|source| &source.node))
        .chain(report.task_managers.iter().map(|tm| &tm.host));
    let deployed = report.jobs.iter().flat_map(|job| &job.deployments).map(|deployment| &deployment.host);
    for host in hosts.chain(deployed).flatten() {
        names.know_host(host);
    }
    let failures = report.jobs.iter().flat_map(|job| &job.attempts).filter_map(|attempt| attempt.failure.as_ref()?.task_manager.as_ref());
    let fault = report.summary.first_fault.iter().filter_map(|fault| fault.task_manager.as_ref());
    for id in report.task_managers.iter().map(|tm| &tm.id).chain(failures).chain(fault) {
        // `host:port-suffix` of standalone TaskManagers; ids of containers have no port.
        if let Some((host, _)) = id.split_once(':') {
            names.know_host(host);
        }
    }
    for source in &report.sources {
        if let Some((user, host)) = source.path.rsplit(['/', '\\']).next().and_then(names::flink_file) {
            names.know_user(user);
            names.know_host(host);
        }
        names.know_home(&source.path);
    }
    for (key, value) in report.processes.iter().flat_map(|process| &process.configuration) {
        if names::is_host_key(key) {
            names.know_host(value);
        }
        if names::is_user_key(key) {
            names.know_user(value);
        }
        names.know_home(value);
    }
}

fn configuration(key: String, value: &str, names: &mut Names) -> (String, String) {
    let value = if names::is_secret_key(&key) { SECRET.to_owned() } else { scan::text(value, names) };
    (key, value)
}

fn quoted(evidence: &mut Evidence, names: &mut Names) {
    evidence.text = scan::text(&evidence.text, names);
    evidence.sha256 = None;
}

fn each(value: &mut Option<String>, mut change: impl FnMut(&str) -> String) {
    if let Some(text) = value {
        *text = change(text);
    }
}

/// What a caller that has the texts of configuration keys alone may ask.
pub fn is_secret_key(key: &str) -> bool {
    names::is_secret_key(key)
}

/// Redacts single texts consistently, for output that is no report (`events`, `watch`).
#[derive(Default)]
pub struct Redactor {
    names: Names,
}

impl Redactor {
    /// Learns the hosts and users that `report` names.
    pub fn learn(&mut self, report: &Report) {
        learn(report, &mut self.names);
    }

    pub fn text(&mut self, text: &str) -> String {
        scan::text(text, &mut self.names)
    }

    pub fn path(&mut self, path: &str) -> String {
        scan::path(path, &mut self.names)
    }

    /// Placeholders so far by what they stand for: for the user's own eyes.
    pub fn key(&self) -> BTreeMap<String, String> {
        self.names.key()
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    #[test]
    fn nothing_of_the_house_is_left_in_any_field() {
        let mut report = sample::disaster();
        redact(&mut report);
        let text = serde_json::to_string(&report).unwrap();
        for word in ["example.com", "vm-12", "alice", "10.20.30.41", "namenode", "sha256", "/user/", "hdfs://namenode"] {
            assert!(!text.contains(word), "{word}");
        }
        for word in [
            "container_1700000000000_0007_01_000002",
            "94b51fddf21fa15850ea3210693b041a",
            "OrderEnrichmentJob.java:56",
            "com.acme.orders.OrderEnrichmentJob$EnrichOrder.discount",
            "StreamMap.java:38",
            "taskmanager.memory.process.size",
            "jobmanager.log",
            "(1/2)",
            "host-1",
            "ip-1",
        ] {
            assert!(text.contains(word), "{word}");
        }
    }

    #[test]
    fn twice_is_once() {
        let mut once = sample::disaster();
        redact(&mut once);
        let mut twice = once.clone();
        redact(&mut twice);
        assert!(once == twice);
    }
}
