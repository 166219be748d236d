//! Messages about tasks: ExecutionGraph and Execution on the JobManager, Task on TaskManagers.

use super::text::{Needle, execution, is_task, keep, location, number, split_last, task, task_with_execution};
use crate::event::{ExecutionId, GraphId, Kind, TaskState};

/// `TASK (ID) switched from A to B[ on LOCATION].` and `Deploying TASK …`.
pub fn on_job_manager(line: &[u8]) -> Option<Kind> {
    if line.starts_with(b"Deploying ") { deployment(line) } else { transition(line, false) }
}

/// `Deploying TASK …`.
pub fn deployment(line: &[u8]) -> Option<Kind> {
    deploying(line.strip_prefix(b"Deploying ")?)
}

/// The same transition as the TaskManager tells it, 1.13 on with the failure cause behind.
pub fn on_task_manager(line: &[u8]) -> Option<Kind> {
    transition(line, true)
}

/// A transition that only counts, of a task whose execution graph the line names (1.16 on).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Move {
    pub graph: GraphId,
    pub to: TaskState,
    pub on_task_manager: bool,
}

/// Reads `NAME (i/n)[#k] (EXECUTION) switched from A to B.` without allocation, from the right; nothing for what fails or says more.
pub fn routine(line: &[u8], on_task_manager: bool) -> Option<Move> {
    let rest = line.strip_suffix(b".")?;
    let (rest, to) = last_word(rest)?;
    let (rest, from) = last_word(rest.strip_suffix(b" to")?)?;
    let (to, _) = (TaskState::parse(to).filter(|to| *to != TaskState::Failed)?, TaskState::parse(from)?);
    let head = rest.strip_suffix(b" switched from")?.strip_suffix(b")")?;
    let (name, id) = last_word(head)?;
    let ExecutionId::Composite { graph, .. } = execution(id.strip_prefix(b"(")?)? else { return None };
    is_task(name).then_some(Move { graph, to, on_task_manager })
}

fn last_word(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memrchr(b' ', text)?;
    Some((&text[..at], &text[at + 1..]))
}

static SWITCHED: Needle = Needle::new(" switched from ");

fn transition(line: &[u8], on_task_manager: bool) -> Option<Kind> {
    let (head, tail) = SWITCHED.split(line)?;
    let task = task_with_execution(head)?;
    let from_end = memchr::memchr(b' ', tail)?;
    let from = TaskState::parse(&tail[..from_end])?;
    let rest = tail[from_end..].strip_prefix(b" to ")?;
    let to_end = rest.iter().position(|b| !b.is_ascii_uppercase()).unwrap_or(rest.len());
    let to = TaskState::parse(&rest[..to_end])?;
    let rest = &rest[to_end..];
    let place = rest.strip_prefix(b" on ").and_then(location);
    // TaskManagers alone say why; the JobManager alone says where.
    let told_by_task_manager = on_task_manager && place.is_none();
    Some(Kind::TaskState { task, from, to, location: place, on_task_manager: told_by_task_manager })
}

static ATTEMPT_ID: Needle = Needle::new("with attempt id ");
static TO: Needle = Needle::new(" to ");
static ALLOCATION_ID: Needle = Needle::new(" with allocation id");

/// `NAME (i/n) (attempt #k)[ with attempt id A[ and vertex id V]] to LOCATION[ with allocation id S]`.
fn deploying(rest: &[u8]) -> Option<Kind> {
    let (name, tail) = split_last(rest, b" (attempt #")?;
    let mut task = task(name)?;
    let (attempt, tail) = number(tail)?;
    task.attempt = u32::try_from(attempt).ok();
    if let Some((_, after)) = ATTEMPT_ID.split(tail) {
        task.execution = execution(after).map(Box::new);
    }
    let (_, place) = TO.split(tail)?;
    let place = ALLOCATION_ID.split(place).map_or(place, |(head, _)| head);
    Some(Kind::TaskDeployed { task, location: location(place).unwrap_or_else(|| keep(b"")) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_routine_is_a_transition() {
        let id = "d9a6542fbdcd14b2bccfd9c4507ff731_bc4197a480c92c793190a9f8c0afc54c_2_7";
        for (name, is) in [("Map (1/2)", true), ("a (b) -> c (12/34)#5", true), ("Map (1/2)#x", false), ("Map", false), ("Map (1/2) ", true)] {
            for (rest, says) in
                [("DEPLOYING to RUNNING.", true), ("RUNNING to FAILED.", false), ("RUNNING to CANCELED on a @ b.", false), ("X to RUNNING.", false)]
            {
                let line = format!("{name} ({id}) switched from {rest}");
                let (routine, whole) = (routine(line.as_bytes(), true), on_task_manager(line.as_bytes()));
                assert_eq!(routine.is_some(), is && says, "{line}");
                if let Some(routine) = routine {
                    let Some(Kind::TaskState { task, to, on_task_manager, .. }) = whole else { panic!("{line}") };
                    let Some(ExecutionId::Composite { graph, .. }) = task.execution.as_deref() else { panic!("{line}") };
                    assert_eq!(routine, Move { graph: *graph, to, on_task_manager });
                }
            }
        }
    }

    #[test]
    fn transitions_of_every_version() {
        let id = "d9a6542fbdcd14b2bccfd9c4507ff731";
        let jm = format!("Map (1/2) ({id}) switched from RUNNING to FAILED on container_1_0001_01_000002 @ h (dataPort=1).");
        let Some(Kind::TaskState { task, to, location, on_task_manager, .. }) = on_job_manager(jm.as_bytes()) else { panic!("{jm}") };
        assert_eq!(
            (task.subtask, to, location.as_deref(), on_task_manager),
            (1, TaskState::Failed, Some("container_1_0001_01_000002 @ h (dataPort=1)"), false)
        );
        for tail in [".", " with failure cause:", " with failure cause: java.lang.X: y to z on w", " due to CancelTaskException."] {
            let tm = format!("Map (1/2)#3 ({id}) switched from RUNNING to FAILED{tail}");
            let Some(Kind::TaskState { task, location, on_task_manager, .. }) = on_task_manager_line(&tm) else { panic!("{tm}") };
            assert_eq!((task.attempt, location, on_task_manager), (Some(3), None, true));
        }
        let deploy = format!("Deploying Map (1/2) (attempt #4) with attempt id {id} and vertex id {id} to h:1-ab @ h (dataPort=2) with allocation id {id}");
        let Some(Kind::TaskDeployed { task, location }) = on_job_manager(deploy.as_bytes()) else { panic!("{deploy}") };
        assert_eq!((task.attempt, &*location), (Some(4), "h:1-ab @ h (dataPort=2)"));
    }

    fn on_task_manager_line(text: &str) -> Option<Kind> {
        on_task_manager(text.as_bytes())
    }
}
