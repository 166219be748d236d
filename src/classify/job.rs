//! Messages about jobs: ExecutionGraph, JobMaster, Dispatcher, AdaptiveScheduler and the fail-over strategies.

use super::text::{between, job, job_after, keep, name_and_job, number, split, split_last};
use crate::event::{GraphId, JobState, Kind};

/// Reads a job message.
pub fn classify(line: &[u8]) -> Option<Kind> {
    match line.first()? {
        b'J' => job_line(line),
        b'R' => restart_line(line),
        b'S' => submission(line),
        b'U' => strategy(line),
        b'C' => created(line),
        b'T' => trying(line),
        b'N' if line.starts_with(b"New resources are available. Restarting") => Some(Kind::AdaptiveRestart { planned: true }),
        b'F' if line.starts_with(b"Finally restart ") => Some(Kind::LegacyRegionRestart { count: number(&line[16..])?.0 }),
        b'0'..=b'9' => tasks_to_restart(line),
        _ => None,
    }
}

fn job_line(line: &[u8]) -> Option<Kind> {
    let rest = line.strip_prefix(b"Job ")?;
    // `Job NAME (ID) switched from state A to B.`: the name may hold anything, so from the right.
    if let Some((head, tail)) = split_last(rest, b" switched from state ") {
        let (name, id) = name_and_job(head)?;
        let (from, to) = split(tail, b" to ")?;
        let to = to.strip_suffix(b".").unwrap_or(to);
        return Some(Kind::JobState { job: id, name, from: JobState::parse(from)?, to: JobState::parse(to)? });
    }
    let id = job(rest)?;
    let rest = &rest[32..];
    if let Some((_, state)) = split(rest, b" terminal state ").filter(|(head, _)| head.starts_with(b" reached")) {
        let end = state.iter().position(|b| !b.is_ascii_uppercase()).unwrap_or(state.len());
        return Some(Kind::JobTerminal { job: id, state: JobState::parse(&state[..end])? });
    }
    None
}

fn restart_line(line: &[u8]) -> Option<Kind> {
    if let Some(rest) = line.strip_prefix(b"Received Job").or_else(|| line.strip_prefix(b"Received job")) {
        let (_, rest) = split(rest, b"submission ")?;
        let (name, id) = name_and_job(rest)?;
        return Some(Kind::JobSubmitted { job: id, name });
    }
    if line.starts_with(b"Recovered JobGraph(jobId: ") {
        return Some(Kind::JobRecovering { job: job_after(line, b"jobId: ")? });
    }
    // Adaptive scheduler.
    if line == b"Restarting job." {
        return Some(Kind::AdaptiveRestart { planned: false });
    }
    None
}

fn submission(line: &[u8]) -> Option<Kind> {
    if let Some(rest) = line.strip_prefix(b"Submitting job ") {
        let rest = split(rest, b" with associated application").map_or(rest, |(head, _)| head);
        let (name, id) = name_and_job(rest)?;
        return Some(Kind::JobSubmitted { job: id, name });
    }
    if let Some(rest) = line.strip_prefix(b"Starting execution of job ") {
        let (head, _) = split_last(rest, b" under job master id")?;
        let (name, id) = name_and_job(head)?;
        return Some(Kind::JobStarted { job: id, name });
    }
    None
}

fn strategy(line: &[u8]) -> Option<Kind> {
    let rest = line.strip_prefix(b"Using restart back off time strategy ").or_else(|| line.strip_prefix(b"Using restart strategy "))?;
    let (head, tail) = split_last(rest, b" for ")?;
    let id = name_and_job(tail).map(|(_, id)| id);
    Some(Kind::RestartStrategy { job: id, text: keep(head) })
}

fn created(line: &[u8]) -> Option<Kind> {
    if let Some(rest) = line.strip_prefix(b"Created execution graph ") {
        let graph = super::text::hex32(rest)?;
        return Some(Kind::GraphCreated { graph: GraphId(graph), job: job_after(rest, b" for job ")? });
    }
    if line.starts_with(b"Can change the parallelism of ") {
        return Some(Kind::AdaptiveRestart { planned: true });
    }
    if line.starts_with(b"Could not start the JobMaster") {
        return Some(Kind::JobNotRunning { job: None });
    }
    None
}

fn trying(line: &[u8]) -> Option<Kind> {
    if line.starts_with(b"Trying to recover from a global failure") {
        return Some(Kind::GlobalFailure);
    }
    if let Some(rest) = line.strip_prefix(b"Trying to recover job with job id ") {
        return Some(Kind::JobRecovering { job: job(rest)? });
    }
    // 2.0 on: `Transitioning from P to Q, job …` of the state transition manager.
    if line.starts_with(b"Transitioning from ") && between(line, b" to ", b",").is_some_and(|state| state.ends_with(b"Transitioning")) {
        return Some(Kind::AdaptiveRestart { planned: true });
    }
    None
}

fn tasks_to_restart(line: &[u8]) -> Option<Kind> {
    let (count, rest) = number(line)?;
    let rest = rest.strip_prefix(b" tasks ")?;
    let rest = rest.strip_prefix(b"will be restarted to recover ").or_else(|| rest.strip_prefix(b"should be restarted to recover "))?;
    Some(Kind::TasksToRestart { count, global: rest.starts_with(b"from a global failure") })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::JobId;

    const ID: &str = "94b51fddf21fa15850ea3210693b041a";

    fn read(text: &str) -> Option<Kind> {
        classify(text.replace("ID", ID).as_bytes())
    }

    #[test]
    fn reads_every_version_of_the_messages() {
        let job = JobId(u128::from_str_radix(ID, 16).unwrap());
        let state = read("Job a (b) c (ID) switched from state RUNNING to RESTARTING.");
        assert_eq!(state, Some(Kind::JobState { job, name: "a (b) c".into(), from: JobState::Running, to: JobState::Restarting }));
        assert_eq!(read("Job ID reached globally terminal state FAILED."), Some(Kind::JobTerminal { job, state: JobState::Failed }));
        assert_eq!(read("Job ID reached terminal state FINISHED."), Some(Kind::JobTerminal { job, state: JobState::Finished }));
        for text in
            ["Received JobGraph submission ID (n).", "Received JobGraph submission 'n' (ID).", "Received job submission 'n' (ID).", "Submitting job 'n' (ID)."]
        {
            assert_eq!(read(text), Some(Kind::JobSubmitted { job, name: "n".into() }), "{text}");
        }
        assert_eq!(read("Starting execution of job 'n' (ID) under job master id 00."), Some(Kind::JobStarted { job, name: "n".into() }));
        assert_eq!(read("3 tasks should be restarted to recover the failed task x_1. "), Some(Kind::TasksToRestart { count: 3, global: false }));
        assert_eq!(read("14 tasks will be restarted to recover from a global failure."), Some(Kind::TasksToRestart { count: 14, global: true }));
        assert_eq!(read("Job failed because of x"), None);
    }
}
