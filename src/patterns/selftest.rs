//! Runs the samples and near misses of the packs against the packs themselves.
//!
//! In: a user's folder, or nothing for the built-in packs. Out: every text that did not do what its pattern says, with file and line.

use std::path::Path;

use super::model::{On, PackError, Pattern, Sample};
use super::packs::Packs;
use super::subject::Subject;

/// A sample that is not matched best by its own pattern, a near miss that is matched, or a pattern with too few of them (line of the pattern, empty text).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SampleFailure {
    pub file: String,
    /// 1-based.
    pub line: usize,
    /// Slug of the pattern.
    pub id: String,
    pub text: String,
    pub why: String,
}

/// What a run counted and found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TestRun {
    pub patterns: usize,
    pub samples: usize,
    pub near_misses: usize,
    pub failures: Vec<SampleFailure>,
}

/// Tests the patterns of a folder together with the built-in ones, or the built-in ones alone.
pub fn test(dir: Option<&Path>) -> Result<TestRun, Vec<PackError>> {
    let packs = match dir {
        Some(dir) => Packs::with_user(dir)?,
        None => Packs::shipped_whole()?,
    };
    Ok(run(&packs, dir.is_none()))
}

/// Tests the built-in patterns of `packs`, or the others.
pub(super) fn run(packs: &Packs, shipped: bool) -> TestRun {
    let mut run = TestRun::default();
    for pattern in packs.iter().filter(|p| p.shipped == shipped) {
        run.patterns += 1;
        run.samples += pattern.samples.len();
        run.near_misses += pattern.near_misses.len();
        if !pattern.matches.is_empty() && (pattern.samples.len() < 2 || pattern.near_misses.is_empty()) {
            let why = format!("{} samples (at least 2) and {} near misses (at least 1)", pattern.samples.len(), pattern.near_misses.len());
            run.failures.push(failure(pattern, pattern.line, "", why));
        }
        for sample in &pattern.samples {
            if let Some(why) = sample_fails(packs, pattern, sample) {
                run.failures.push(failure(pattern, sample.line, sample.text, why));
            }
        }
        for miss in &pattern.near_misses {
            if let Some(why) = near_miss_fails(packs, pattern, miss) {
                run.failures.push(failure(pattern, miss.line, miss.text, why));
            }
        }
    }
    run
}

fn sample_fails(packs: &Packs, pattern: &Pattern, sample: &Sample) -> Option<String> {
    if pattern.matches.is_empty() {
        return None;
    }
    if sample.on == On::Exception && has_cause(sample.text) {
        return Some("an exception sample is one link: it has no `Caused by:`".into());
    }
    with_subject(sample, |subject| match packs.best(subject) {
        None => Some("nothing matches it".into()),
        Some(best) if best.id == pattern.id => None,
        Some(best) => {
            let own = packs.all(subject).iter().any(|p| p.id == pattern.id);
            let also = if own { "wins" } else { "alone matches" };
            Some(format!("`{}` (rank {}) {also}", best.id, best.rank))
        }
    })
}

fn near_miss_fails(packs: &Packs, pattern: &Pattern, miss: &Sample) -> Option<String> {
    let matched = with_subject(miss, |s| packs.all(s).iter().any(|p| p.id == pattern.id));
    matched.then(|| "the pattern matches its near miss".into())
}

fn failure(pattern: &Pattern, line: usize, text: &str, why: String) -> SampleFailure {
    SampleFailure { file: pattern.file.into(), line, id: pattern.id.into(), text: text.to_string(), why }
}

fn has_cause(text: &str) -> bool {
    text.lines().any(|l| l.trim_start().starts_with("Caused by: "))
}

/// Splits a sample's text as the readers of logs would and hands the subject on.
pub(super) fn with_subject<R>(sample: &Sample, with: impl FnOnce(&Subject) -> R) -> R {
    let process = sample.process;
    match sample.on {
        On::Exception => {
            let is_frame = |l: &&str| l.trim_start().starts_with("at ");
            let head: Vec<&str> = sample.text.lines().take_while(|l| !is_frame(l)).collect();
            let frames: Vec<&str> =
                sample.text.lines().filter(is_frame).filter_map(|l| l.trim_start().strip_prefix("at ")).map(|f| f.split('(').next().unwrap_or(f)).collect();
            let head = head.join("\n");
            let (class, message) = head.split_once(": ").unwrap_or((head.trim_end(), ""));
            with(&Subject::Exception { class, message, frames: &frames, process })
        }
        On::Record => with(&Subject::Record { logger: sample.logger.as_bytes(), level: sample.level, message: sample.text.as_bytes(), process }),
        On::Text => with(&Subject::Text { line: sample.text.as_bytes(), process }),
    }
}
