//! NodeManager and ResourceManager log messages that tell what became of a container or a node.
//!
//! In: a record's logger (simple class name) and message, which can have several lines. Out: a fact, if it is one of them.
//! Sources: Hadoop `ContainerImpl`, `ContainerLaunch`, `ContainersMonitorImpl`, `ContainerExecutor`, `AppLogAggregatorImpl`,
//! `RMNodeImpl`, `RMAppAttemptImpl`, the schedulers.

use super::yarn_line::text;

/// What a message says. Ids are as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NmFact {
    /// `Container <id> transitioned from X to Y`.
    Transition { container: String, from: String, to: String },
    /// `Exit code from container <id> is : N`, or the launch exception's words.
    Exit { container: String, code: i64 },
    /// `Start request for <id> by user <user>`.
    Started { container: String, user: String },
    /// `Stopping container with container Id: <id>`: asked for by the application.
    StopRequested { container: String },
    /// `Container [pid=…,containerID=<id>] is running … beyond …`.
    MemoryExceeded {
        container: String,
        pid: Option<u64>,
        virtual_memory: bool,
        /// Bytes beyond the limit (3.0 and later).
        over_bytes: Option<u64>,
        /// `2.0 GB of 2 GB`, as written: physical, virtual.
        physical: Option<String>,
        virtual_: Option<String>,
        /// Rows of the process tree's dump.
        processes: u64,
    },
    /// `Deactivating Node <node> as it is now <state>`.
    NodeDeactivated { node: String, state: String },
    /// A container that a scheduler takes back.
    Preempted { container: String },
    /// `Updating application attempt <id> with final state: S, and exit status: N`.
    AttemptEnded { attempt: String, state: String, exit_status: i64 },
    /// `Aggregated logs truncated by approximately N bytes`.
    LogsTruncated { bytes: u64 },
    /// `Dump of the process-tree for <id>`, where it is a record of its own.
    ProcessTree { container: String, processes: u64 },
}

/// Reads one record. `logger` may be a simple or a full class name; it only keeps other programs' messages out.
pub fn nm_fact(logger: &str, message: &[u8]) -> Option<NmFact> {
    let logger = logger.rsplit('.').next().unwrap_or(logger);
    let message = &message[..message.len().min(256 << 10)];
    // Flink repeats the NodeManager's diagnostics in its own messages; those are not the NodeManager's.
    match logger {
        l if l.starts_with("Container") || l == "NodeStatusUpdaterImpl" || l.ends_with("ContainerExecutor") => container_fact(message),
        l if l.starts_with("AppLogAggregator") => logs_truncated(message),
        "RMNodeImpl" => deactivated(message),
        "RMAppAttemptImpl" => attempt_ended(message),
        l if l.ends_with("Scheduler") || l.contains("Preempt") || l == "RMContainerImpl" || l == "FiCaSchedulerApp" || l == "FSAppAttempt" => {
            preempted(message).or_else(|| transition(message))
        }
        _ => None,
    }
}

fn container_fact(message: &[u8]) -> Option<NmFact> {
    transition(message).or_else(|| exit(message)).or_else(|| memory(message)).or_else(|| requested(message)).or_else(|| process_tree(message))
}

fn transition(message: &[u8]) -> Option<NmFact> {
    // `Container <id> transitioned from`; the ResourceManager: `<id> Container Transitioned from`.
    let mut words = words(message);
    let mut id = words.next()?;
    if id == b"Container" {
        id = words.next()?;
    }
    let id = container(id)?;
    let rest = after(first_line(message), b"ransitioned from ")?;
    let mut words = self::words(rest);
    let (from, to_word, to) = (words.next()?, words.next()?, words.next()?);
    (to_word == b"to").then(|| NmFact::Transition { container: id, from: text(from), to: text(to) })
}

fn exit(message: &[u8]) -> Option<NmFact> {
    if let Some(rest) = message.strip_prefix(b"Exit code from container ") {
        let id = container(words(rest).next()?)?;
        return Some(NmFact::Exit { container: id, code: number(after(rest, b" is : ")?)? });
    }
    // Only the first line: shell output may follow.
    let line = first_line(message);
    let rest = after(line, b"container-launch with container ID: ")?;
    let id = container(words(rest).next()?)?;
    Some(NmFact::Exit { container: id, code: number(after(rest, b"exit code: ")?)? })
}

fn memory(message: &[u8]) -> Option<NmFact> {
    let at = memchr::memmem::find(message, b"Container [pid=")?;
    let line = first_line(&message[at..]);
    let inner = &line[b"Container [pid=".len()..];
    let close = inner.iter().position(|b| *b == b']')?;
    let container = container(after(&inner[..close], b"containerID=")?)?;
    let pid = digits_at(inner).and_then(|n| u64::try_from(n).ok());
    let rest = inner[close + 1..].strip_prefix(b" is running ")?;
    let beyond = memchr::memmem::find(rest, b"beyond ")?;
    let over_bytes = digits_at(rest).and_then(|n| u64::try_from(n).ok());
    let limit = &rest[beyond + b"beyond ".len()..];
    let limit = limit.strip_prefix(b"the ").unwrap_or(limit);
    let limit = limit.strip_prefix(b"'").unwrap_or(limit);
    let virtual_memory = limit.get(..7)?.eq_ignore_ascii_case(b"virtual");
    if !virtual_memory && !limit.get(..8)?.eq_ignore_ascii_case(b"physical") {
        return None;
    }
    let usage = after(line, b"Current usage: ");
    let part = |end: &[u8]| {
        let usage = usage?;
        let upto = &usage[..memchr::memmem::find(usage, end)?];
        let from = memchr::memmem::rfind(upto, b"; ").map_or(0, |at| at + 2);
        Some(text(&upto[from..]))
    };
    Some(NmFact::MemoryExceeded {
        container,
        pid,
        virtual_memory,
        over_bytes,
        physical: part(b" physical memory used"),
        virtual_: part(b" virtual memory used"),
        processes: rows(message),
    })
}

fn process_tree(message: &[u8]) -> Option<NmFact> {
    let rest = message.strip_prefix(b"Dump of the process-tree for ")?;
    Some(NmFact::ProcessTree { container: container(words(rest).next()?)?, processes: rows(message) })
}

/// Rows of a process table, its header left out.
fn rows(message: &[u8]) -> u64 {
    message.split(|b| *b == b'\n').filter(|l| l.trim_ascii_start().strip_prefix(b"|- ").is_some_and(|r| r.first().is_some_and(u8::is_ascii_digit))).count()
        as u64
}

fn requested(message: &[u8]) -> Option<NmFact> {
    if let Some(rest) = message.strip_prefix(b"Start request for ") {
        let user = words(after(rest, b" by user ")?).next()?;
        return Some(NmFact::Started { container: container(words(rest).next()?)?, user: text(user) });
    }
    let rest = message.strip_prefix(b"Stopping container with container Id: ")?;
    Some(NmFact::StopRequested { container: container(words(rest).next()?)? })
}

fn deactivated(message: &[u8]) -> Option<NmFact> {
    let rest = message.strip_prefix(b"Deactivating Node ")?;
    let state = words(after(rest, b" as it is now ")?).next()?;
    Some(NmFact::NodeDeactivated { node: text(words(rest).next()?), state: text(state) })
}

fn preempted(message: &[u8]) -> Option<NmFact> {
    let line = first_line(message);
    let lower = line.to_ascii_lowercase();
    memchr::memmem::find(&lower, b"preempt")?;
    let at = memchr::memmem::find(line, b"container_")?;
    Some(NmFact::Preempted { container: container(&line[at..])? })
}

fn attempt_ended(message: &[u8]) -> Option<NmFact> {
    let rest = message.strip_prefix(b"Updating application attempt ")?;
    let state = after(rest, b"final state: ")?;
    Some(NmFact::AttemptEnded {
        attempt: text(words(rest).next()?),
        state: text(state.split(|b| matches!(b, b',' | b' ')).next()?),
        exit_status: number(after(rest, b"exit status: ")?)?,
    })
}

fn logs_truncated(message: &[u8]) -> Option<NmFact> {
    let bytes = number(after(message, b"logs truncated by approximately ")?)?;
    Some(NmFact::LogsTruncated { bytes: u64::try_from(bytes).ok()? })
}

fn words(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|b| b.is_ascii_whitespace()).filter(|w| !w.is_empty())
}

fn first_line(text: &[u8]) -> &[u8] {
    &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())]
}

fn after<'a>(text: &'a [u8], what: &[u8]) -> Option<&'a [u8]> {
    Some(&text[memchr::memmem::find(text, what)? + what.len()..])
}

/// The container id at the start, without what punctuation follows.
fn container(text: &[u8]) -> Option<String> {
    let len = text.iter().take(100).take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    let id = std::str::from_utf8(&text[..len]).ok()?;
    super::ContainerId::parse(id).map(|_| id.to_string())
}

fn digits_at(text: &[u8]) -> Option<i64> {
    let len = text.iter().take_while(|b| b.is_ascii_digit()).count();
    super::time::digits(&text[..len])
}

fn number(text: &[u8]) -> Option<i64> {
    match text.strip_prefix(b"-") {
        Some(rest) => digits_at(rest).map(|n| -n),
        None => digits_at(text),
    }
}

#[cfg(test)]
mod tests;
