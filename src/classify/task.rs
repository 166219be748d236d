//! Messages about tasks: ExecutionGraph and Execution on the JobManager, Task on TaskManagers.

use super::text::{Needle, execution, keep, location, number, split, split_last, task, task_with_execution};
use crate::event::{Kind, TaskState};

/// `TASK (ID) switched from A to B[ on LOCATION].` and `Deploying TASK …`.
pub fn on_job_manager(line: &[u8]) -> Option<Kind> {
    if let Some(rest) = line.strip_prefix(b"Deploying ") {
        return deploying(rest);
    }
    transition(line, false)
}

/// The same transition as the TaskManager tells it, 1.13 on with the failure cause behind.
pub fn on_task_manager(line: &[u8]) -> Option<Kind> {
    transition(line, true)
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

/// `NAME (i/n) (attempt #k)[ with attempt id A[ and vertex id V]] to LOCATION[ with allocation id S]`.
fn deploying(rest: &[u8]) -> Option<Kind> {
    let (name, tail) = split_last(rest, b" (attempt #")?;
    let mut task = task(name)?;
    let (attempt, tail) = number(tail)?;
    task.attempt = u32::try_from(attempt).ok();
    if let Some((_, after)) = split(tail, b"with attempt id ") {
        task.execution = execution(after);
    }
    let (_, place) = split(tail, b" to ")?;
    let place = split(place, b" with allocation id").map_or(place, |(head, _)| head);
    Some(Kind::TaskDeployed { task, location: location(place).unwrap_or_else(|| keep(b"")) })
}

#[cfg(test)]
mod tests {
    use super::*;

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
