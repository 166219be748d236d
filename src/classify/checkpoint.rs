//! Messages about checkpoints: CheckpointCoordinator, CheckpointFailureManager (1.14 on) and the restore lines.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::text::{LastJob, Needle, job, job_after, keep, keep_name, number, number_after, resource_id, signed, split, split_last};
use crate::event::{CheckpointReason, JobId, Kind, Str};

/// Texts of `CheckpointFailureReason` and what they are folded into; `true` marks reasons raised before the checkpoint starts.
const REASONS: &[(&[u8], CheckpointReason, bool)] = &[
    (b"expired before completing", CheckpointReason::Expired, false),
    (b"Asynchronous task checkpoint failed", CheckpointReason::Async, false),
    (b"Failure to finalize checkpoint", CheckpointReason::Finalization, false),
    (b"IO-problem detected", CheckpointReason::Io, true),
    (b"An Exception occurred while triggering the checkpoint", CheckpointReason::Io, true),
    (b"Trigger checkpoint failure", CheckpointReason::Io, false),
    (b"Not all required tasks are currently running", CheckpointReason::NotTriggerable, true),
    (b"is not being executed at the moment", CheckpointReason::NotTriggerable, true),
    (b"Periodic checkpoint scheduler is shut down", CheckpointReason::NotTriggerable, true),
    (b"minimum time between checkpoints", CheckpointReason::NotTriggerable, true),
    (b"maximum number of concurrent checkpoints", CheckpointReason::NotTriggerable, true),
    (b"maximum number of queued checkpoint requests", CheckpointReason::NotTriggerable, true),
    (b"Another checkpoint request has already been queued", CheckpointReason::NotTriggerable, true),
    (b"Blocking output edge exists", CheckpointReason::NotTriggerable, true),
    (b"has been subsumed", CheckpointReason::Superseded, false),
    (b"barrier from newer checkpoint", CheckpointReason::Superseded, false),
    (b"Task has failed", CheckpointReason::TaskFailure, false),
    (b"FailoverRegion is restarting", CheckpointReason::JobFailure, false),
    (b"The job has failed", CheckpointReason::JobFailure, false),
    (b"Coordinator is suspending", CheckpointReason::Cancelled, false),
    (b"CheckpointCoordinator shutdown", CheckpointReason::Cancelled, false),
    (b"received cancellation from one of its inputs", CheckpointReason::Cancelled, false),
    (b"Task local checkpoint failure", CheckpointReason::Sync, false),
    (b"was declined", CheckpointReason::Declined, false),
    (b"is shutting down", CheckpointReason::Cancelled, false),
];

/// The folded reason that `text` names, and whether it was raised before the checkpoint began.
pub fn reason(text: &[u8]) -> (CheckpointReason, bool) {
    static FINDERS: LazyLock<Vec<Finder<'static>>> = LazyLock::new(|| REASONS.iter().map(|(needle, ..)| Finder::new(needle)).collect());
    let found = FINDERS.iter().zip(REASONS).find(|(finder, _)| finder.find(text).is_some()).map(|(_, reason)| reason);
    found.map_or((CheckpointReason::Other, false), |(_, reason, pre)| (*reason, *pre))
}

/// Reads a checkpoint message; `whole` includes the stack trace that follows.
pub fn classify(line: &[u8], whole: &[u8]) -> Option<Kind> {
    match line.first()? {
        b'T' => step(line, &mut LastJob::default()).map(Kind::from).or_else(|| triggering(line)),
        b'C' => step(line, &mut LastJob::default()).map(Kind::from).or_else(|| expired(line)).or_else(|| kept(line)),
        b'D' => declined(line, whole),
        b'F' => failed(line, whole),
        b'R' => restored(line),
        b'N' if line.starts_with(b"No checkpoint found during restore") => Some(Kind::RestoredNothing),
        b'S' => from_savepoint(line),
        b'U' | b'L' | b'O' | b'P' => storage(line),
        _ => None,
    }
}

/// A step in the ordinary life of a checkpoint. These lines make up most of a JobManager's log, so they are read without allocation and without search.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Step {
    pub job: JobId,
    pub id: u64,
    pub what: StepKind,
}

/// Which step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StepKind {
    Triggered { at_ms: i64, savepoint: bool },
    Completed { bytes: u64, duration_ms: u64 },
}

impl From<Step> for Kind {
    fn from(step: Step) -> Kind {
        let Step { job, id, what } = step;
        match what {
            StepKind::Triggered { at_ms, savepoint } => Kind::CheckpointTriggered { job, id, at_ms, savepoint },
            StepKind::Completed { bytes, duration_ms } => Kind::CheckpointCompleted { job, id, bytes, duration_ms },
        }
    }
}

/// Reads `Triggering checkpoint …` and `Completed checkpoint …`.
#[inline]
pub fn step(line: &[u8], last: &mut LastJob) -> Option<Step> {
    match line.first()? {
        b'T' => triggered(line.strip_prefix(b"Triggering checkpoint ")?, last),
        b'C' => completed(line.strip_prefix(b"Completed checkpoint ")?, last),
        _ => None,
    }
}

/// `N[ (type=…)] @ MS for job J.`
fn triggered(rest: &[u8], last: &mut LastJob) -> Option<Step> {
    let (id, rest) = number(rest)?;
    let (savepoint, tail) = match USUAL_TYPES.iter().find_map(|usual| rest.strip_prefix(*usual)) {
        Some(tail) => (false, tail),
        None => {
            let at = memchr::memchr_iter(b'@', rest).find(|at| *at > 0 && rest[at - 1] == b' ' && rest.get(at + 1) == Some(&b' '))?;
            let (kind, tail) = (&rest[..at - 1], &rest[at + 2..]);
            (SAVEPOINT.is_in(kind) || SAVEPOINT_TYPE.is_in(kind), tail)
        }
    };
    let (at_ms, tail) = number(tail)?;
    let job = match tail.strip_prefix(b" for job ") {
        Some(tail) => last.read(tail)?,
        None => job_after(tail, b" for job ")?,
    };
    Some(Step { job, id, what: StepKind::Triggered { at_ms: i64::try_from(at_ms).ok()?, savepoint } })
}

/// How periodic checkpoints are named: by `SnapshotType` (1.15 on), by `CheckpointType` before it, and not at all (up to 1.10).
const USUAL_TYPES: [&[u8]; 3] = [b" (type=CheckpointType{name='Checkpoint', sharingFilesStrategy=FORWARD_BACKWARD}) @ ", b" (type=CHECKPOINT) @ ", b" @ "];

static SAVEPOINT: Needle = Needle::new("avepoint");
static SAVEPOINT_TYPE: Needle = Needle::new("SAVEPOINT");

/// `N for job J (B bytes in D ms).` or `N for job J (B bytes, checkpointDuration=D ms, finalizationTime=F ms).`
fn completed(rest: &[u8], last: &mut LastJob) -> Option<Step> {
    let (id, rest) = number(rest)?;
    let rest = rest.strip_prefix(b" for job ")?;
    let job = last.read(rest)?;
    let (bytes, rest) = number(rest[32..].strip_prefix(b" (")?)?;
    let duration_ms = match usual_duration(rest) {
        Some(duration) => duration,
        None => match number_after(rest, b" in ") {
            Some(duration) => duration,
            None => number_after(rest, b"checkpointDuration=")?.checked_add(number_after(rest, b"finalizationTime=").unwrap_or(0))?,
        },
    };
    Some(Step { job, id, what: StepKind::Completed { bytes, duration_ms } })
}

/// The duration where the text is just as Flink 1.14 and later write it.
fn usual_duration(rest: &[u8]) -> Option<u64> {
    let (duration, rest) = number(rest.strip_prefix(b" bytes, checkpointDuration=")?)?;
    let (finalization, rest) = number(rest.strip_prefix(b" ms, finalizationTime=")?)?;
    (rest == b" ms).").then(|| duration.checked_add(finalization))?
}

fn triggering(line: &[u8]) -> Option<Kind> {
    let stop = line.starts_with(b"Triggering stop-with-savepoint for job ") || line.starts_with(b"Triggering cancel-with-savepoint for job ");
    if stop || line.starts_with(b"Triggering savepoint for job ") {
        return Some(Kind::SavepointRequested { job: job_after(line, b" for job ")?, stop });
    }
    None
}

fn expired(line: &[u8]) -> Option<Kind> {
    let (id, rest) = number(line.strip_prefix(b"Checkpoint ")?)?;
    let rest = rest.strip_prefix(b" of job ")?;
    let job = job(rest)?;
    rest[32..].starts_with(b" expired before completing").then_some(Kind::CheckpointExpired { job, id })
}

/// `Checkpoint with ID N at 'P' not discarded.` of CompletedCheckpoint, where P is a savepoint's folder.
fn kept(line: &[u8]) -> Option<Kind> {
    let (id, rest) = number(line.strip_prefix(b"Checkpoint with ID ")?)?;
    memchr::memmem::find(rest, b"/savepoint-").map(|_| Kind::SavepointKept { id })
}

fn declined(line: &[u8], whole: &[u8]) -> Option<Kind> {
    if let Some(rest) = line.strip_prefix(b"Decline checkpoint ") {
        let (id, rest) = number(rest)?;
        let rest = rest.strip_prefix(b" by task ")?;
        let (task, tail) = split(rest, b" of job ")?;
        let place = split(tail, b" at ").and_then(|(_, place)| super::text::location(place));
        return Some(Kind::CheckpointDeclined { job: job(tail)?, id, task: keep(task), location: place });
    }
    if let Some(rest) = line.strip_prefix(b"Discarding checkpoint ") {
        let (id, rest) = number(rest)?;
        let job = job_after(rest, b" of job ")?;
        return Some(Kind::CheckpointFailed { job, id: Some(id), reason: reason(cause_text(whole)).0, counted: false });
    }
    None
}

fn failed(line: &[u8], whole: &[u8]) -> Option<Kind> {
    let rest = line.strip_prefix(b"Failed to trigger ")?;
    let complete = rest.starts_with(b"or complete ");
    let rest = rest.strip_prefix(b"or complete ").unwrap_or(rest).strip_prefix(b"checkpoint ")?;
    if let Some(tail) = rest.strip_prefix(b"for job ") {
        let id = job(tail)?;
        // 1.9, 1.10: `… (k consecutive failed attempts so far)` and the stack trace: the coordinator tried and failed.
        if memchr::memmem::find(tail, b" consecutive failed attempts so far)").is_some() {
            return Some(Kind::CheckpointFailed { job: id, id: None, reason: reason(cause_text(whole)).0, counted: false });
        }
        let why = if tail.len() > 38 { tail } else { whole };
        let (why, pre) = reason(why);
        return Some(Kind::CheckpointNotTriggered { job: id, reason: why, pre });
    }
    let (number_text, tail) = split(rest, b" for job ")?;
    let (why, _) = reason(cause_text(whole));
    let id = number(number_text).map(|(id, _)| id);
    Some(Kind::CheckpointFailed { job: job(tail)?, id, reason: why, counted: complete || id.is_some() })
}

/// The lines after the head: the reason is the message of the CheckpointException.
fn cause_text(whole: &[u8]) -> &[u8] {
    let start = memchr::memchr(b'\n', whole).map_or(0, |at| at + 1);
    let end = (start + 4096).min(whole.len());
    &whole[start..end]
}

fn restored(line: &[u8]) -> Option<Kind> {
    let rest = line.strip_prefix(b"Restoring job ")?;
    let id = job(rest)?;
    let rest = &rest[32..];
    let rest = rest.strip_prefix(b" from latest valid checkpoint: ").or_else(|| rest.strip_prefix(b" from "))?;
    let (kind, tail) = split(rest, b" @ ")?;
    let (kind, number_text) = split_last(kind, b" ")?;
    let (checkpoint, _) = number(number_text)?;
    let path = split(tail, b" located at ").map(|(_, path)| path.strip_suffix(b".").unwrap_or(path));
    let path = path.filter(|path| !path.starts_with(b"<")).map(keep);
    let savepoint = memchr::memmem::find(kind, b"avepoint").is_some() || path.as_ref().is_some_and(|p: &Str| p.contains("savepoint-"));
    Some(Kind::Restored { job: id, id: checkpoint, savepoint, path, at_ms: signed(tail)? })
}

fn from_savepoint(line: &[u8]) -> Option<Kind> {
    let rest = line.strip_prefix(b"Starting job ")?;
    let id: JobId = job(rest)?;
    let path = rest[32..].strip_prefix(b" from savepoint ")?;
    Some(Kind::RestoreFromSavepoint { job: id, path: keep(resource_id(path)) })
}

static STORAGE: [Needle; 4] = [
    Needle::new("checkpoint storage"),
    Needle::new("heckpoint storage is set to"),
    Needle::new("tate backend is set to"),
    Needle::new("tate backend has been configured"),
];

fn storage(line: &[u8]) -> Option<Kind> {
    if STORAGE.iter().any(|says| says.is_in(line)) {
        return Some(Kind::CheckpointStorage { text: keep_name(line) });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "94b51fddf21fa15850ea3210693b041a";

    fn read(text: &str) -> Kind {
        let text = text.replace("ID", ID);
        let line = super::super::text::first_line(text.as_bytes());
        classify(line, text.as_bytes()).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn reads_old_and_new_shapes() {
        assert!(matches!(read("Triggering checkpoint 5 @ 1795253521212 for job ID."), Kind::CheckpointTriggered { id: 5, savepoint: false, .. }));
        let new = "Triggering checkpoint 5 (type=SavepointType{name='Savepoint', postCheckpointAction=NONE, formatType=CANONICAL}) @ 1795253521212 for job ID.";
        assert!(matches!(read(new), Kind::CheckpointTriggered { savepoint: true, at_ms: 1795253521212, .. }));
        assert!(matches!(read("Completed checkpoint 5 for job ID (5428 bytes in 12 ms)."), Kind::CheckpointCompleted { bytes: 5428, duration_ms: 12, .. }));
        let new = "Completed checkpoint 5 for job ID (5428 bytes, checkpointDuration=168 ms, finalizationTime=2 ms).";
        assert!(matches!(read(new), Kind::CheckpointCompleted { duration_ms: 170, .. }));
        assert!(matches!(read("Checkpoint 7 of job ID expired before completing."), Kind::CheckpointExpired { id: 7, .. }));
        let failed = "Failed to trigger or complete checkpoint 7 for job ID. (1 consecutive failed attempts so far)\norg.apache.flink.runtime.checkpoint.CheckpointException: Checkpoint expired before completing.";
        assert!(matches!(read(failed), Kind::CheckpointFailed { id: Some(7), reason: CheckpointReason::Expired, .. }));
        let not = "Failed to trigger checkpoint for job ID since Checkpoint triggering task A (1/2) of job ID is not being executed at the moment. Aborting checkpoint. Failure reason: Not all required tasks are currently running..";
        assert!(matches!(read(not), Kind::CheckpointNotTriggered { reason: CheckpointReason::NotTriggerable, pre: true, .. }));
        let restored = "Restoring job ID from Checkpoint 4 @ 1795253524213 for ID located at file:/c/chk-4.";
        let Kind::Restored { id: 4, path, savepoint: false, .. } = read(restored) else { panic!() };
        assert_eq!(path.as_deref(), Some("file:/c/chk-4"));
    }
}
