//! Messages about TaskManagers and their containers or pods: the resource managers of each deployment, and the TaskManager's own identity.

use super::text::{Needle, keep, number, resource_id, signed, split};
use crate::event::{Kind, Str, TmLoss};

/// Reads a resource manager's message; `whole` includes diagnostics on further lines.
pub fn classify(line: &[u8], whole: &[u8]) -> Option<Kind> {
    match line.first()? {
        b'R' => registering(line).or_else(|| received(line)).or_else(|| requesting(line)),
        b'T' | b't' | b'H' => gone(line),
        b'C' => closing(line, whole).or_else(|| creating(line)),
        b'D' => disconnect(line, whole),
        b'W' => worker(line, whole),
        b'S' => stopping(line),
        _ => None,
    }
}

fn id(text: &[u8]) -> Str {
    keep(resource_id(text))
}

fn registering(line: &[u8]) -> Option<Kind> {
    let rest = line.strip_prefix(b"Registering TaskManager ")?;
    let rest = rest.strip_prefix(b"with ResourceID ").unwrap_or(rest);
    // Metadata may stand glued to the id: `container_1(host:port) (akka.tcp://…)`.
    let address = memchr::memmem::find(rest, b"://").map_or(&b""[..], |at| {
        let start = memchr::memrchr(b'(', &rest[..at]).map_or(at, |open| open + 1);
        let end = memchr::memchr(b')', &rest[start..]).map_or(rest.len(), |n| start + n);
        &rest[start..end]
    });
    Some(Kind::TmRegistering { id: id(rest), address: keep(address) })
}

fn received(line: &[u8]) -> Option<Kind> {
    if let Some(rest) = line.strip_prefix(b"Received ") {
        if let Some((count, tail)) = number(rest) {
            return (tail.starts_with(b" containers") || tail.starts_with(b" new TaskManager pods")).then_some(Kind::ContainersReceived { count });
        }
        if rest.starts_with(b"new TaskManager pod: ") || rest.starts_with(b"new container: ") {
            return Some(Kind::ContainersReceived { count: 1 });
        }
    }
    None
}

fn requesting(line: &[u8]) -> Option<Kind> {
    let asked = line.starts_with(b"Requesting new worker")
        || line.starts_with(b"Requesting new TaskExecutor container")
        || line.starts_with(b"Requesting new TaskManager pod");
    asked.then_some(Kind::WorkersRequested { count: 1 })
}

fn creating(line: &[u8]) -> Option<Kind> {
    let rest = line.strip_prefix(b"Creating new TaskManager pod with name ")?;
    Some(Kind::ContainerStarted { id: id(rest) })
}

/// `TaskManager with id X is no longer reachable.` (1.14 on), `The heartbeat of TaskManager with id X timed out.`, `TaskExecutor X will be started on …`.
fn gone(line: &[u8]) -> Option<Kind> {
    let lower = line.strip_prefix(b"The h").or_else(|| line.strip_prefix(b"H"));
    if let Some(rest) = lower.and_then(|rest| rest.strip_prefix(b"eartbeat of TaskManager with id ")) {
        return memchr::memmem::find(rest, b"timed out").map(|_| Kind::TmLost { id: id(rest), why: TmLoss::HeartbeatTimeout, text: keep(line) });
    }
    if let Some(rest) = line.strip_prefix(b"TaskManager with id ") {
        return memchr::memmem::find(rest, b"no longer reachable").map(|_| Kind::TmLost { id: id(rest), why: TmLoss::Unreachable, text: keep(line) });
    }
    let rest = line.strip_prefix(b"TaskExecutor ")?;
    memchr::memmem::find(rest, b" will be started ").map(|_| Kind::ContainerStarted { id: id(rest) })
}

fn closing(line: &[u8], whole: &[u8]) -> Option<Kind> {
    let rest = line.strip_prefix(b"Closing TaskExecutor connection ")?;
    Some(lost(rest, whole))
}

/// The JobMaster's side of the same loss.
pub fn disconnect(line: &[u8], whole: &[u8]) -> Option<Kind> {
    let rest = line.strip_prefix(b"Disconnect TaskExecutor ")?;
    Some(lost(rest, whole))
}

static TIMED_OUT: Needle = Needle::new("timed out");
static UNREACHABLE: Needle = Needle::new("no longer reachable");
static BECAUSE: Needle = Needle::new(" because: ");
/// Orderly ends.
static RELEASED: [Needle; 9] = [
    Needle::new("The TaskExecutor is shutting down"),
    Needle::new("exceeded the idle timeout"),
    Needle::new("Stopping JobMaster"),
    Needle::new("is no longer needed"),
    Needle::new("JobManager is shutting down"),
    Needle::new("ResourceManager leader changed"),
    Needle::new("has no more allocated slots"),
    Needle::new("TaskExecutor is released"),
    Needle::new("removed because"),
];

fn lost(rest: &[u8], whole: &[u8]) -> Kind {
    let id = id(rest);
    let why = if TIMED_OUT.is_in(rest) {
        TmLoss::HeartbeatTimeout
    } else if UNREACHABLE.is_in(rest) {
        TmLoss::Unreachable
    } else if RELEASED.iter().any(|text| text.is_in(rest)) {
        TmLoss::Released
    } else {
        TmLoss::Closed
    };
    let because = BECAUSE.split(whole).map_or(whole, |(_, tail)| tail);
    Kind::TmLost { id, why, text: keep(because) }
}

fn worker(line: &[u8], whole: &[u8]) -> Option<Kind> {
    let rest = line.strip_prefix(b"Worker ")?;
    split(rest, b" is terminated.")?;
    let text = split(whole, b"Diagnostics: ").map_or(whole, |(_, tail)| tail);
    Some(Kind::WorkerTerminated { id: id(rest), exit_code: exit_code(whole), text: keep(text) })
}

/// The exit code that diagnostics state: YARN's `Exit code:N`, `exitCode=N` of a pod, `exit code 143`, or the status that Flink spells out.
pub fn exit_code(text: &[u8]) -> Option<i64> {
    let text = &text[..text.len().min(64 * 1024)];
    for marker in [&b"Exit code:"[..], b"exitCode=", b"exitCode: ", b"Exit code is ", b"exit code "] {
        let mut rest = text;
        while let Some((_, tail)) = split(rest, marker) {
            if let Some(code) = signed(tail.trim_ascii_start()) {
                return Some(code);
            }
            rest = tail;
        }
    }
    let says = |needle: &[u8]| memchr::memmem::find(text, needle).is_some();
    if says(b"was preempted by yarn") || says(b"Container preempted by scheduler") {
        return Some(-102);
    }
    if says(b"exited normally") {
        return Some(0);
    }
    if says(b"Container released on a *lost* node") || says(b"or being 'lost' due to node failures") {
        return Some(-100);
    }
    None
}

fn stopping(line: &[u8]) -> Option<Kind> {
    for prefix in [&b"Stopping container "[..], b"Stopping worker ", b"Stopping Worker ", b"Stopping TaskManager pod "] {
        if let Some(rest) = line.strip_prefix(prefix) {
            return Some(Kind::WorkerStopping { id: id(rest) });
        }
    }
    None
}

/// A TaskManager's own log: who it is, and for which jobs it works.
pub fn on_task_manager(line: &[u8]) -> Option<Kind> {
    if let Some(rest) = line.strip_prefix(b"Establish JobManager connection for job ") {
        return super::text::job(rest).map(|job| Kind::JobSeen { job });
    }
    let rest = line.strip_prefix(b"Starting TaskManager with ResourceID: ").or_else(|| line.strip_prefix(b"YARN TaskExecutor runner with ResourceID: "))?;
    Some(Kind::TmIdentity { id: id(rest) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Kind {
        classify(super::super::text::first_line(text.as_bytes()), text.as_bytes()).unwrap_or_else(|| panic!("{text}"))
    }

    #[test]
    fn registrations_and_losses() {
        let registered = read("Registering TaskManager with ResourceID localhost:1-ab (pekko.tcp://flink@h:1/user/rpc/taskmanager_0) at ResourceManager");
        assert_eq!(registered, Kind::TmRegistering { id: "localhost:1-ab".into(), address: "pekko.tcp://flink@h:1/user/rpc/taskmanager_0".into() });
        let yarn = read(
            "Registering TaskManager with ResourceID container_1_0001_01_000002(h:45454) (akka.tcp://flink@h:1/user/rpc/taskmanager_0) at ResourceManager",
        );
        assert!(matches!(yarn, Kind::TmRegistering { id, .. } if &*id == "container_1_0001_01_000002"));
        assert!(matches!(read("TaskManager with id a-1 is no longer reachable."), Kind::TmLost { why: TmLoss::Unreachable, .. }));
        assert!(matches!(read("The heartbeat of TaskManager with id a-1 timed out."), Kind::TmLost { why: TmLoss::HeartbeatTimeout, .. }));
        assert!(matches!(read("Closing TaskExecutor connection a-1 because: The TaskExecutor is shutting down."), Kind::TmLost { why: TmLoss::Released, .. }));
    }

    #[test]
    fn diagnostics_give_exit_codes() {
        let text = "Worker container_1_0001_01_000002(h:8041) is terminated. Diagnostics: Container container_1_0001_01_000002 marked as failed.\n Exit code:-104.\n Diagnostics:[2026-11-21 17:20:01.123]Container [pid=1,containerID=c] is running 1B beyond the 'PHYSICAL' memory limit.";
        assert!(matches!(read(text), Kind::WorkerTerminated { exit_code: Some(-104), .. }));
        let pod = "Worker a-taskmanager-1-2 is terminated. Diagnostics: Pod terminated, container termination statuses: [flink-main-container(exitCode=137, reason=OOMKilled, message=null)], pod status: Failed(reason=null, message=null)";
        assert!(matches!(read(pod), Kind::WorkerTerminated { exit_code: Some(137), .. }));
        assert_eq!(exit_code(b"Container was preempted by yarn. Diagnostics: Container preempted by scheduler"), Some(-102));
    }
}
