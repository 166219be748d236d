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
    together([report]);
}

/// Redacts reports that are shown beside each other: a value has one placeholder in all of them.
pub fn together<const N: usize>(reports: [&mut Report; N]) {
    let mut names = Names::default();
    for report in &reports {
        learn(report, &mut names);
    }
    for report in reports {
        replace(report, &mut names);
    }
}

fn replace(report: &mut Report, names: &mut Names) {
    for source in &mut report.sources {
        source.path = scan::path(&source.path, names);
        each(&mut source.node, |node| scan::host(node, names));
        for name in [&mut source.container, &mut source.log_type] {
            each(name, |name| scan::text(name, names));
        }
    }
    for process in &mut report.processes {
        each(&mut process.host, |host| scan::host(host, names));
        for id in [&mut process.resource_id, &mut process.container] {
            each(id, |id| scan::text(id, names));
        }
        for text in process.jvm_options.iter_mut().chain(&mut process.program_arguments) {
            *text = scan::text(text, names);
        }
        process.configuration = std::mem::take(&mut process.configuration).into_iter().map(|(key, value)| configuration(key, &value, names)).collect();
    }
    for warning in &mut report.warnings {
        warning.message = scan::own(&warning.message, names);
    }
    summary_and_jobs(report, names);
    for tm in &mut report.task_managers {
        tm.id = scan::text(&tm.id, names);
        each(&mut tm.container, |id| scan::text(id, names));
        each(&mut tm.host, |host| scan::host(host, names));
    }
    for text in report.gc.iter_mut().flat_map(|gc| &mut gc.notes) {
        *text = scan::text(text, names);
    }
    for jvm in &mut report.jvm {
        for crash in &mut jvm.crashes {
            let texts = [&mut crash.detail, &mut crash.allocation, &mut crash.report_path, &mut crash.thread, &mut crash.memory, &mut crash.library];
            for text in texts.into_iter().flatten().chain(&mut crash.heap) {
                *text = scan::text(text, names);
            }
            // Brackets hold a library and an offset here, no data.
            each(&mut crash.problematic_frame, |frame| scan::own(frame, names));
        }
        for memory in &mut jvm.out_of_memory {
            memory.detail = scan::text(&memory.detail, names);
        }
        for dump in &mut jvm.heap_dumps {
            each(&mut dump.path, |path| scan::text(path, names));
            each(&mut dump.failed, |text| scan::text(text, names));
        }
        for dump in &mut jvm.thread_dumps {
            let names_of = dump.deadlocks.iter_mut().flat_map(|deadlock| &mut deadlock.threads);
            let blocked = dump.blocked_threads.iter_mut().flat_map(|thread| std::iter::once(&mut thread.name).chain(&mut thread.held_by));
            for text in names_of.chain(blocked).chain(dump.tasks.iter_mut().map(|task| &mut task.name)) {
                *text = scan::text(text, names);
            }
        }
    }
    for exception in &mut report.exceptions {
        for text in [&mut exception.message, &mut exception.root.message, &mut exception.trace] {
            *text = scan::text(text, names);
        }
    }
    for finding in &mut report.findings {
        for text in [&mut finding.title, &mut finding.explanation] {
            *text = scan::text(text, names);
        }
        for text in &mut finding.remedy {
            *text = scan::own(text, names);
        }
        each(&mut finding.task_manager, |id| scan::text(id, names));
        for evidence in &mut finding.evidence {
            quoted(evidence, names);
        }
    }
    for row in &mut report.unclassified {
        row.template = scan::text(&row.template, names);
        row.sample.text = scan::text(&row.sample.text, names);
    }
    for row in &mut report.timeline {
        row.text = scan::text(&row.text, names);
        each(&mut row.task_manager, |id| scan::text(id, names));
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
        each(&mut job.strategy, |strategy| scan::own(strategy, names));
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
    use std::collections::BTreeSet;

    use serde_json::{Value, json};

    use super::super::model::Source;
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

    /// A value of every field that the schema knows, each text being `word`.
    fn filled(schema: &Value, root: &Value, word: &str) -> Value {
        if let Some(place) = schema["$ref"].as_str() {
            return filled(root.pointer(&place[1..]).unwrap(), root, word);
        }
        if let Some(either) = schema["anyOf"].as_array() {
            return filled(&either[0], root, word);
        }
        let kind = schema["type"].as_str().unwrap_or_else(|| schema["type"][0].as_str().unwrap_or("const"));
        match kind {
            "object" => {
                let named = schema["properties"].as_object().into_iter().flatten();
                let mut fields: serde_json::Map<String, Value> = named.map(|(key, of)| (key.clone(), filled(of, root, word))).collect();
                if schema["additionalProperties"].is_object() {
                    fields.insert("key".to_owned(), filled(&schema["additionalProperties"], root, word));
                }
                Value::Object(fields)
            }
            "array" => match schema["prefixItems"].as_array() {
                Some(items) => items.iter().map(|of| filled(of, root, word)).collect(),
                None => Value::Array(vec![filled(&schema["items"], root, word)]),
            },
            "string" => json!(word),
            "integer" | "number" => json!(1),
            "boolean" => json!(true),
            "const" => schema["const"].clone(),
            other => panic!("{other}"),
        }
    }

    /// The fields below `value` whose text holds `word`.
    fn holding(value: &Value, word: &str, field: &str, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(key, value)| holding(value, word, &format!("{field}.{key}"), found)),
            Value::Array(items) => items.iter().for_each(|value| holding(value, word, field, found)),
            Value::String(text) if text.contains(word) => drop(found.insert(field[1..].to_owned())),
            _ => {}
        }
    }

    /// Whoever adds a field that holds text says here why it may stay as it is, or has it redacted.
    #[test]
    fn every_field_is_redacted_or_holds_no_words_of_a_log() {
        let schema = super::super::schema::schema();
        for (word, rest) in
            [("10.77.3.9", "10.77."), ("carlotta@acme.example", "carlotta"), ("/home/carlotta/plan.xlsx", "carlotta"), ("tm-7.corp.acme.internal:6122", "corp")]
        {
            let mut report: Report = serde_json::from_value(filled(&schema, &schema, word)).unwrap();
            redact(&mut report);
            let mut found = BTreeSet::new();
            holding(&serde_json::to_value(&report).unwrap(), rest, "", &mut found);
            let kept: BTreeSet<String> = KEPT.split_whitespace().map(str::to_owned).collect();
            assert_eq!(found.difference(&kept).collect::<Vec<_>>(), Vec::<&String>::new(), "of {word}");
        }
    }

    /// Ids and hashes, times, versions, words of closed sets, what the JVM and our own patterns say, names of classes and their frames.
    const KEPT: &str = "
        benign.pattern coverage.first_time coverage.last_time exceptions.chain exceptions.class exceptions.fingerprint exceptions.first exceptions.jobs
        exceptions.last exceptions.pattern exceptions.root.class exceptions.root.frame exceptions.user_frame findings.caused_by findings.certainty
        findings.docs findings.evidence.searched.from findings.evidence.searched.to findings.evidence.time findings.exception findings.first findings.id
        findings.jobs findings.last findings.owner findings.pattern findings.role findings.severity findings.variant gc.clock gc.collector gc.first_time gc.heap_trend
        gc.last_time gc.longest.cause gc.longest.time gc.max_heap_from gc.over_time.from gc.thrashing.from gc.thrashing.to gc.worst_minute.time
        jobs.attempts.begun_by jobs.attempts.end jobs.attempts.failure.exception jobs.attempts.failure.finding jobs.attempts.failure.time
        jobs.attempts.outcome jobs.attempts.restored_from.kind jobs.attempts.running jobs.attempts.start jobs.checkpoints.failures.reason
        jobs.checkpoints.failures.time jobs.checkpoints.last_completed.time jobs.deployments.execution jobs.first_time jobs.id jobs.last_time
        jobs.root_causes jobs.scheduler jobs.state jobs.verdict jvm.crashes.java_frame jvm.crashes.jvm jvm.crashes.meaning jvm.crashes.signal
        jvm.thread_dumps.blocked_threads.frame jvm.thread_dumps.blocked_threads.lock_class jvm.thread_dumps.tasks.frame jvm.thread_dumps.tasks.state
        jvm.thread_dumps.tasks.user_frame jvm.thread_dumps.time jvm.thread_dumps.vm processes.commit processes.deployment processes.end
        processes.ended_by processes.exit_meaning processes.flink_version processes.jvm processes.role processes.start sources.codec sources.first_time
        sources.last_time sources.layout sources.role sources.time_zone.from sources.time_zone.offset summary.certainty summary.first_fault.job
        summary.first_fault.time summary.last_healthy.time summary.missing.code summary.root_cause summary.verdict task_managers.lives.loss
        task_managers.lives.lost task_managers.lives.registered timeline.first timeline.job timeline.kind timeline.last tool.name
        tool.pattern_packs.name tool.pattern_packs.version tool.version unclassified.first unclassified.last unclassified.level unclassified.logger
        warnings.code";

    #[test]
    fn reports_beside_each_other_share_placeholders() {
        let (mut one, mut other) = (sample::healthy(), sample::disaster());
        other.sources.insert(0, Source { path: "/srv/bob/flink-jobmanager.log".into(), node: Some("first-1.example.com".into()), ..Source::default() });
        together([&mut one, &mut other]);
        let host = |report: &Report| report.processes[0].host.clone();
        assert!(host(&one).is_some() && host(&one) == host(&other));
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
