//! Real runs whose truth is known: the report must say what happened, and cite the bytes that show it.

mod common;

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::OnceLock;

use common::{assert_sound, decoded, fixtures, inputs, roots};
use flinklog::report::model::{Evidence, Report, Source};
use serde_json::Value;
use sha2::{Digest, Sha256};

struct Case {
    name: String,
    folder: PathBuf,
    expected: Value,
    report: Report,
}

/// Every fixture, scanned once.
fn cases() -> &'static [Case] {
    static CASES: OnceLock<Vec<Case>> = OnceLock::new();
    CASES.get_or_init(|| {
        fixtures()
            .into_iter()
            .map(|(name, folder, expected)| {
                // The two forms of a `yarn logs` delivery hold the same logs: one at a time.
                let paths = if expected.get("sections").is_some() { vec![folder.join("yarn-logs.txt.gz")] } else { inputs(&folder) };
                let report = common::scan(&paths, common::How::default());
                Case { name, folder, expected, report }
            })
            .collect()
    })
}

/// Collects what differs over all cases, so that one run shows everything.
#[derive(Default)]
struct Differences(Vec<String>, usize);

impl Differences {
    fn equal<T: PartialEq + std::fmt::Debug>(&mut self, case: &str, what: &str, got: T, want: T) {
        self.that(got == want, || format!("{case}: {what} is {got:?}, was {want:?}"));
    }

    fn that(&mut self, ok: bool, say: impl FnOnce() -> String) {
        self.1 += 1;
        if !ok {
            self.0.push(say());
        }
    }

    fn none(self) {
        assert!(self.1 > 0, "something was compared");
        assert!(self.0.is_empty(), "{} of {} differ:\n{}", self.0.len(), self.1, self.0.join("\n"));
    }
}

fn number(value: &Value, key: &str) -> u64 {
    value[key].as_u64().unwrap_or_else(|| panic!("{key} in {value}"))
}

fn list<'v>(value: &'v Value, key: &str) -> &'v [Value] {
    value[key].as_array().map_or(&[], Vec::as_slice)
}

#[test]
fn jobs_restarts_and_checkpoints_are_those_of_the_run() {
    let mut differences = Differences::default();
    for case in cases() {
        let Some(jobs) = case.expected["jobs"].as_array() else { continue };
        let mut known: Vec<_> = jobs.iter().map(|j| j["id"].as_str().unwrap()).collect();
        let mut found = common::job_ids(&case.report);
        known.sort_unstable();
        found.sort_unstable();
        differences.equal(&case.name, "jobs", found, known);
        for want in jobs {
            let Some(job) = case.report.jobs.iter().find(|j| j.id == want["id"].as_str().unwrap()) else { continue };
            let name = &case.name;
            differences.equal(name, "job name", job.name.as_deref(), want["name"].as_str());
            differences.equal(name, "state", Some(job.state.as_str()), want["state"].as_str());
            differences.equal(name, "restarts", job.restarts, number(want, "restarts"));
            differences.equal(name, "attempts", job.attempts.len() as u64, number(want, "attempts"));
            let (got, want) = (&job.checkpoints, &want["checkpoints"]);
            differences.equal(name, "checkpoints completed", got.completed, number(want, "completed"));
            differences.equal(name, "checkpoints failed", got.failed, number(want, "failed"));
            differences.equal(name, "checkpoints in all", got.completed + got.failed + got.in_progress, number(want, "total"));
            differences.equal(name, "savepoints", got.savepoints, number(want, "savepoints"));
        }
    }
    differences.none();
}

#[test]
fn the_root_cause_and_the_verdict_are_right() {
    let mut differences = Differences::default();
    for case in cases() {
        let Some(verdict) = case.expected["verdict"].as_str() else { continue };
        differences.equal(&case.name, "verdict", case.report.summary.verdict.as_str(), verdict);
        let accepted: Vec<&str> = list(&case.expected, "root_causes").iter().filter_map(Value::as_str).collect();
        let named = roots(&case.report);
        differences.that(named.iter().all(|n| accepted.contains(n)), || format!("{}: root causes are {named:?}, accepted {accepted:?}", case.name));
        differences.that(accepted.is_empty() == named.is_empty(), || format!("{}: root causes are {named:?}, accepted {accepted:?}", case.name));
        let first = case.report.summary.root_cause.as_ref().and_then(|id| case.report.findings.iter().find(|f| f.id == *id)).map(|f| f.pattern.as_str());
        differences.that(first.map_or(accepted.is_empty(), |f| accepted.contains(&f)), || {
            format!("{}: the first root cause is {first:?}, accepted {accepted:?}", case.name)
        });
    }
    differences.none();
}

#[test]
fn the_exception_that_began_it_is_found_with_its_root() {
    let mut differences = Differences::default();
    for case in cases() {
        let Some(class) = case.expected["root_exception"].as_str() else { continue };
        let seen: Vec<&str> = case.report.exceptions.iter().map(|e| e.root.class.as_str()).collect();
        differences.that(seen.contains(&class), || format!("{}: {class} is no root among {seen:?}", case.name));
    }
    differences.none();
}

#[test]
fn lost_task_managers_are_counted() {
    let mut differences = Differences::default();
    for case in cases() {
        let Some(want) = case.expected["task_managers_lost"].as_u64() else { continue };
        let lives = case.report.task_managers.iter().flat_map(|t| &t.lives);
        let lost = lives.filter(|life| life.lost.is_some() && !matches!(life.loss.as_deref(), Some("released" | "stopped"))).count();
        differences.equal(&case.name, "TaskManagers lost", lost as u64, want);
    }
    differences.none();
}

fn near(got: f64, want: f64, absolute: f64) -> bool {
    (got - want).abs() <= (want * 0.01).max(absolute)
}

#[test]
fn gc_pauses_are_those_that_the_log_shows() {
    let mut differences = Differences::default();
    for case in cases() {
        let chapters = &case.report.gc;
        for want in list(&case.expected, "gc") {
            let file = want["file"].as_str().unwrap();
            let source = case.report.sources.iter().find(|s| s.path.ends_with(file)).map(|s| s.id);
            let got = chapters.iter().find(|g| Some(g.source) == source);
            let pauses = got.and_then(|g| g.pauses.as_ref());
            differences.equal(&case.name, &format!("{file} pauses"), pauses.map_or(0, |p| p.count), number(want, "pauses"));
            differences.equal(&case.name, &format!("{file} full"), got.and_then(|g| g.full_gcs).unwrap_or(0), number(want, "full"));
            let (longest, total) = pauses.map_or((0.0, 0.0), |p| (p.max_ms, p.total_ms));
            let right = near(longest, want["longest_ms"].as_f64().unwrap(), 0.5) && near(total, want["total_ms"].as_f64().unwrap(), 1.0);
            differences.that(right, || format!("{}: {file}: longest {longest}, total {total}, log {want}", case.name));
        }
        let Some(want) = case.expected.get("gc_total") else { continue };
        differences.that(!chapters.is_empty(), || format!("{}: no GC chapter", case.name));
        let Some(count) = want["pauses"].as_u64() else {
            differences.that(chapters.iter().all(|g| g.pauses.is_none()), || format!("{}: pauses made up", case.name));
            continue;
        };
        let pauses: Vec<_> = chapters.iter().filter_map(|g| g.pauses.as_ref()).collect();
        differences.equal(&case.name, "pauses", pauses.iter().map(|p| p.count).sum::<u64>(), count);
        differences.equal(&case.name, "full", Some(chapters.iter().filter_map(|g| g.full_gcs).sum::<u64>()), want["full"].as_u64());
        let total: f64 = pauses.iter().map(|p| p.total_ms).sum();
        let longest = pauses.iter().map(|p| p.max_ms).fold(0.0, f64::max);
        let peak = chapters.iter().filter_map(|g| g.peak_heap_bytes).max().unwrap_or(0) as f64 / f64::from(1 << 20);
        for (what, got, want, absolute) in
            [("total", total, &want["total_ms"], 1.0), ("longest", longest, &want["longest_ms"], 0.1), ("peak heap", peak, &want["peak_heap_mib"], 1.0)]
        {
            differences.that(near(got, want.as_f64().unwrap(), absolute), || format!("{}: {what} is {got}, log {want}", case.name));
        }
    }
    differences.none();
}

/// Decoded bytes of a source: a file's, or a section's inside `yarn logs` text.
fn bytes_of(case: &Case, source: &Source, cache: &mut BTreeMap<PathBuf, Vec<u8>>) -> Vec<u8> {
    let path = PathBuf::from(&source.path);
    assert!(path.starts_with(&case.folder), "{}: {}", case.name, source.path);
    let whole = cache.entry(path.clone()).or_insert_with(|| decoded(&path));
    match source.stream_byte {
        Some(start) => whole[start as usize..start as usize + source.bytes as usize].to_vec(),
        None => whole.clone(),
    }
}

#[test]
fn evidence_reads_back_to_its_bytes_line_and_sha256() {
    let mut differences = Differences::default();
    for case in cases() {
        let mut cache = BTreeMap::new();
        let sources: BTreeMap<u32, Vec<u8>> = case.report.sources.iter().map(|s| (s.id, bytes_of(case, s, &mut cache))).collect();
        for source in &case.report.sources {
            let data = &sources[&source.id];
            differences.equal(&case.name, "bytes of a source", source.bytes, data.len() as u64);
            let lines = data.iter().filter(|b| **b == b'\n').count() as u64 + u64::from(data.last().is_some_and(|b| *b != b'\n'));
            differences.equal(&case.name, &format!("lines of {}", source.path), source.lines, lines);
        }
        for finding in &case.report.findings {
            differences.that(!finding.evidence.is_empty(), || format!("{}: {} has no evidence", case.name, finding.pattern));
            for evidence in &finding.evidence {
                let wrong = misquoted(evidence, &sources[&evidence.source]);
                differences.that(wrong.is_none(), || format!("{}: {}: {wrong:?}: {evidence:?}", case.name, finding.pattern));
            }
        }
        assert_sound(&case.report, &case.name);
    }
    differences.none();
}

/// What is wrong with a quotation, if something is.
fn misquoted(evidence: &Evidence, data: &[u8]) -> Option<&'static str> {
    if evidence.searched.is_some() && evidence.byte.is_none() {
        return None;
    }
    let (Some(byte), Some(length), Some(line)) = (evidence.byte, evidence.bytes, evidence.line) else { return Some("no place") };
    let Some(piece) = data.get(byte as usize..(byte + length) as usize) else { return Some("outside of the source") };
    let before = data[..byte as usize].iter().filter(|b| **b == b'\n').count() as u64;
    if before + 1 != line {
        return Some("another line");
    }
    let lines = piece.iter().filter(|b| **b == b'\n').count() as u64 + 1;
    if evidence.lines != Some(lines) || piece.ends_with(b"\n") || piece.ends_with(b"\r") {
        return Some("another number of lines");
    }
    let hash: String = Sha256::digest(piece).iter().map(|b| format!("{b:02x}")).collect();
    if evidence.sha256.as_deref() != Some(hash.as_str()) {
        return Some("another sha256");
    }
    if evidence.searched.is_some() {
        // The text says what is not there; the place is where it would be.
        return None;
    }
    let quoted = String::from_utf8_lossy(piece);
    let first: String = evidence.text.lines().next().unwrap_or("").chars().take(40).collect();
    (!quoted.contains(first.trim())).then_some("another text")
}

#[test]
fn every_log_of_a_yarn_delivery_is_found_whole() {
    let mut differences = Differences::default();
    for case in cases() {
        let sections = list(&case.expected, "sections");
        if sections.is_empty() {
            continue;
        }
        let want: BTreeMap<(&str, &str), u64> =
            sections.iter().map(|s| ((s["container"].as_str().unwrap(), s["log_type"].as_str().unwrap()), number(s, "bytes"))).collect();
        let aggregated = common::scan(&[case.folder.join("remote-app-logs")], common::How::default());
        let text = common::gunzip(&std::fs::read(case.folder.join("yarn-logs.txt.gz")).unwrap());
        let piped = common::stream(&text[..], common::How::default());
        for (form, report) in [("text", &case.report), ("pipe", &piped), ("aggregated", &aggregated)] {
            let got: BTreeMap<(&str, &str), u64> =
                report.sources.iter().filter_map(|s| Some(((s.container.as_deref()?, s.log_type.as_deref()?), s.bytes))).collect();
            for (log, length) in &want {
                // Hadoop prints nothing of empty logs in some versions.
                differences
                    .that(*length == 0 || got.get(log) == Some(length), || format!("{} ({form}): {log:?} is {:?}, was {length}", case.name, got.get(log)));
            }
            for log in got.keys() {
                differences.that(want.contains_key(log), || format!("{} ({form}): {log:?} was never delivered", case.name));
            }
        }
        differences.equal(&case.name, "jobs from the aggregated files", common::jobs_told(&aggregated), common::jobs_told(&case.report));
        differences.equal(&case.name, "jobs from a pipe", common::jobs_told(&piped), common::jobs_told(&case.report));
        differences.that(!case.report.jobs.is_empty(), || format!("{}: no job", case.name));
        for source in &case.report.sources {
            let Some(start) = source.stream_byte else { continue };
            let before = text.get(..start as usize).unwrap_or(b"");
            differences.that(before.ends_with(b"LogContents:\n"), || format!("{}: byte {start} is not where {:?} begins", case.name, source.log_type));
        }
    }
    differences.none();
}

#[test]
fn the_time_after_the_last_checkpoint_is_a_gap_too() {
    let line = |time: &str, logger: &str, text: &str| format!("2026-03-01 {time},000 INFO  org.apache.flink.runtime.{logger} [] - {text}\n");
    let job = "0000000000000000000000000000000a";
    let log = [
        line("10:00:00", "executiongraph.ExecutionGraph", &format!("Job quiet ({job}) switched from state CREATED to RUNNING.")),
        line("10:00:10", "checkpoint.CheckpointCoordinator", &format!("Triggering checkpoint 1 (type=CHECKPOINT) @ 1772359210000 for job {job}.")),
        line(
            "10:00:11",
            "checkpoint.CheckpointCoordinator",
            &format!("Completed checkpoint 1 for job {job} (512 bytes, checkpointDuration=4 ms, finalizationTime=1 ms)."),
        ),
        line("10:10:11", "executiongraph.ExecutionGraph", &format!("Job quiet ({job}) switched from state RUNNING to CANCELLING.")),
    ];
    let report = common::stream(log.concat().as_bytes(), common::How::default());
    assert_eq!(report.jobs[0].checkpoints.longest_gap_ms, Some(600_000));
}
