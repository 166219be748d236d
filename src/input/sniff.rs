//! What a source is: decided from its first 64 KiB, from its name only where the content does not tell.

use crate::delivery;
use crate::layout::{self, Lacks, ansi, json, time::DayClock};
use crate::record::{GcLines, Mode, continues};

/// Bytes that are looked at.
pub const SNIFF: usize = 64 * 1024;

/// The role of a source, as the report names it.
pub type Role = &'static str;

/// What a source's beginning says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sniffed {
    pub content: Content,
    pub role: Role,
    pub mode: Mode,
}

/// Kinds of content.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Content {
    /// Log records or text to be framed.
    Log,
    /// A GC log of its own.
    Gc,
    /// Text of `yarn logs`.
    Yarn,
    /// Lines with container prefixes.
    Prefixed(delivery::prefix::PrefixKind),
    /// `kubectl describe pod`, `kubectl get events`.
    Kubernetes(delivery::k8s::K8sKind),
    /// Start scripts and lists that YARN keeps beside the logs: read, never judged.
    Launcher,
    /// Nothing to read.
    NoLog,
}

/// Looks at the beginning of a decoded source. `named` tells that the user gave this very file (or the stream): then text without any sign of a log is read too.
pub fn sniff(head: &[u8], name: &str, named: bool) -> Sniffed {
    let base = name.rsplit('/').next().unwrap_or(name);
    let by_name = role_by_name(base);
    let text_mode = Mode { headed: false, lacks: Lacks::Nothing, gc: GcLines::Mixed, process: None };
    let is = |content, role, mode| Sniffed { content, role, mode };
    if matches!(base, "launch_container.sh" | "directory.info" | "prelaunch.out" | "container_tokens" | "default_container_executor.sh") {
        return is(Content::Launcher, "launcher", text_mode);
    }
    if head.is_empty() {
        let content = if by_name == "unknown" && !named { Content::NoLog } else { Content::Log };
        return is(content, by_name, text_mode);
    }
    let window = &head[..head.len().min(SNIFF)];
    if looks_binary(window) || is_saved_report(window) || (!named && is_json_document(window)) {
        return is(Content::NoLog, "unknown", text_mode);
    }
    if delivery::looks_like_yarn_text(window) {
        return is(Content::Yarn, "container", text_mode);
    }
    if crate::gc::looks_like_gc_log(window) {
        return is(Content::Gc, "gc", Mode { headed: false, lacks: Lacks::Nothing, gc: GcLines::Only, process: None });
    }
    if let Some(kind) = delivery::prefix::detect(window) {
        return is(Content::Prefixed(kind), "container", text_mode);
    }
    if let Some(kind) = delivery::k8s::looks_like_k8s(window) {
        return is(Content::Kubernetes(kind), "k8s-events", text_mode);
    }
    let says = |needle: &str| memchr::memmem::find(window, needle.as_bytes()).is_some();
    if window.starts_with(b"#\n# A fatal error has been detected")
        || window.starts_with(b"#\n# There is insufficient memory")
        || (base.starts_with("hs_err") && says("# "))
    {
        return is(Content::Log, "hs-err", Mode { gc: GcLines::No, ..text_mode });
    }
    // A `.out` with a dump among the program's own lines stays one.
    if !is_stdout(by_name) && (crate::jvm::thread_dump::looks_like_thread_dump(window) || says("Full thread dump ") && count_heads(window).heads == 0) {
        return is(Content::Log, "thread-dump", Mode { gc: GcLines::No, ..text_mode });
    }
    let Heads { heads, levelless, timeless, lines } = count_heads(window);
    let role = role_by_content(window).unwrap_or(by_name);
    // What a daemon prints belongs to the process that its name tells.
    let process_of = |role: Role| process_of(role).or_else(|| process_by_name(base));
    // What a program prints to `.out` may look like such heads, and the JVM writes there too.
    if timeless > heads && timeless * 5 >= lines && !is_stdout(by_name) {
        return is(Content::Log, role, Mode { headed: true, lacks: Lacks::Time, gc: GcLines::No, process: process_of(role) });
    }
    if heads > 0 {
        let gc = if is_stdout(by_name) || says("][gc") || says("[GC ") || says("[Full GC") { GcLines::Mixed } else { GcLines::No };
        return is(Content::Log, role, Mode { headed: true, lacks: Lacks::Nothing, gc, process: process_of(role) });
    }
    if levelless > 0 && levelless * 50 >= lines.min(50) && has_trace(window) {
        return is(Content::Log, role, Mode { headed: true, lacks: Lacks::Level, gc: GcLines::No, process: process_of(role) });
    }
    // What a program prints may be JSON, and what the JVM says comes last.
    let telling = is_stdout(by_name) || has_trace(window) || named && quotes_failures(window);
    if window.first() == Some(&b'{') && !telling || (!named && by_name == "unknown" && !has_trace(window) && !has_signs(window)) {
        return is(Content::NoLog, "unknown", text_mode);
    }
    is(Content::Log, role, Mode { process: process_of(role), ..text_mode })
}

fn is_stdout(role: Role) -> bool {
    role == "stdout"
}

fn process_by_name(base: &str) -> Option<&'static str> {
    let without = base.split(".out").next()?.split(".err").next()?;
    process_of(role_by_name(without))
}

/// The process roles that patterns may ask for.
fn process_of(role: Role) -> Option<&'static str> {
    matches!(role, "jobmanager" | "taskmanager" | "client" | "sqlgateway" | "operator" | "historyserver" | "zookeeper").then_some(role)
}

/// A JSON document over many lines: not a log, whatever it quotes. JSON layouts have one object a line.
fn is_json_document(window: &[u8]) -> bool {
    let first = window.split(|b| *b == b'\n').next().unwrap_or_default().trim_ascii();
    matches!(first, b"{" | b"[" | b"[{")
}

/// A report of ours quotes logs and is none.
fn is_saved_report(window: &[u8]) -> bool {
    window.starts_with(b"{\"schema\":\"flinklog.")
}

/// Could a JSON document be an answer of Flink's REST API, a resource with an error in its status, a refused load (Doris, StarRocks) or an operator's log?
fn quotes_failures(window: &[u8]) -> bool {
    ["xception", "\"errors\"", "org.apache.flink", "\"Status\": \"Fail", "\"Status\":\"Fail", "\"level\":\"error\""]
        .iter()
        .any(|needle| memchr::memmem::find(window, needle.as_bytes()).is_some())
}

/// Text with NUL bytes or many control characters is none; leading NULs (copytruncate) are passed over first.
fn looks_binary(window: &[u8]) -> bool {
    let zeros = window.iter().take_while(|b| **b == 0).count();
    let rest = &window[zeros..];
    if rest.is_empty() {
        return false;
    }
    let sample = &rest[..rest.len().min(8192)];
    let control = sample.iter().filter(|b| **b < 0x20 && !matches!(b, b'\n' | b'\r' | b'\t' | 0x1b | 0x0c | 0x08)).count();
    control * 20 > sample.len()
}

/// Heads of the first lines by what they lack, and lines that are not blank.
struct Heads {
    heads: usize,
    levelless: usize,
    timeless: usize,
    lines: usize,
}

fn count_heads(window: &[u8]) -> Heads {
    let mut clock = DayClock::default();
    let (mut heads, mut levelless, mut timeless, mut lines) = (0, 0, 0, 0);
    for line in window.split(|b| *b == b'\n').take(2000) {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        if line.trim_ascii().is_empty() {
            continue;
        }
        lines += 1;
        let line = &line[..line.len().min(4096)];
        if layout::shipped(line, &mut clock).is_some() || (line[0] == b'{' && json::parse(line).is_some()) {
            heads += 1;
            continue;
        }
        if !layout::may_be_head(line) {
            continue;
        }
        let bare = ansi::strip(line);
        if layout::general(&bare, Lacks::Nothing).is_some() {
            heads += 1;
        } else if layout::general(&bare, Lacks::Level).is_some() {
            levelless += 1;
        } else if layout::general(&bare, Lacks::Time).is_some() {
            timeless += 1;
        }
    }
    // A JSON line that the window cuts is still one.
    if heads == 0 && lines <= 1 && window.first() == Some(&b'{') && window.len() >= SNIFF && memchr::memmem::find(window, b"\"message\":").is_some() {
        heads = 1;
    }
    Heads { heads, levelless, timeless, lines }
}

fn has_trace(window: &[u8]) -> bool {
    let says = |needle: &str| memchr::memmem::find(window, needle.as_bytes()).is_some();
    (says("\tat ") || says("\n   at ") || says("\n    at ") || says("\\tat ") || says("\nat ") || says("  at ")) && (says("Exception") || says("Error"))
        || says("Caused by: ")
        || window.split(|b| *b == b'\n').take(200).any(|line| {
            let line = line.strip_prefix(b"Exception in thread ").unwrap_or(line);
            !continues(line) && crate::record::names_a_throwable(line)
        })
}

/// Other signs of Flink's or of the JVM's words.
fn has_signs(window: &[u8]) -> bool {
    ["org.apache.flink", "Java HotSpot", "OpenJDK", "# A fatal error", "OutOfMemoryError", "Unrecognized VM option", "SLF4J:"]
        .iter()
        .any(|needle| memchr::memmem::find(window, needle.as_bytes()).is_some())
}

/// Content before name: the banner, else loggers that only one role has.
fn role_by_content(window: &[u8]) -> Option<Role> {
    let says = |needle: &str| memchr::memmem::find(window, needle.as_bytes()).is_some();
    const BANNERS: &[(&str, Role)] = &[
        ("Starting TaskManager (Version", "taskmanager"),
        ("Starting YARN TaskExecutor runner (Version", "taskmanager"),
        ("Starting Kubernetes TaskExecutor runner (Version", "taskmanager"),
        ("TaskExecutor runner (Version", "taskmanager"),
        ("Starting HistoryServer (Version", "historyserver"),
        ("Starting Command Line Client (Version", "client"),
        ("ClusterEntrypoint (Version", "jobmanager"),
        ("ClusterEntryPoint (Version", "jobmanager"),
        ("Starting TaskManager with ResourceID", "taskmanager"),
        ("flink.table.gateway.SqlGateway", "sqlgateway"),
        ("FlinkZooKeeperQuorumPeer", "zookeeper"),
        ("org.apache.zookeeper.server.quorum.QuorumPeer", "zookeeper"),
        ("org.apache.flink.kubernetes.operator", "operator"),
        (" o.a.f.k.o.", "operator"),
        // What CliFrontend prints; the trace below names classes of the JobManager.
        (" The program finished with the following exception:", "client"),
    ];
    const LOGGERS: &[(&str, Role)] = &[
        ("nodemanager.containermanager", "nodemanager"),
        ("server.nodemanager.", "nodemanager"),
        ("server.resourcemanager.", "resourcemanager"),
        ("runtime.executiongraph.ExecutionGraph", "jobmanager"),
        ("checkpoint.CheckpointCoordinator", "jobmanager"),
        ("runtime.jobmaster.JobMaster", "jobmanager"),
        ("o.a.f.r.e.ExecutionGraph", "jobmanager"),
        ("o.a.f.r.c.CheckpointCoordinator", "jobmanager"),
        ("runtime.entrypoint.ClusterEntrypoint", "jobmanager"),
        ("StandaloneResourceManager", "jobmanager"),
        ("runtime.taskmanager.Task ", "taskmanager"),
        ("runtime.taskmanager.Task\"", "taskmanager"),
        ("o.a.f.r.t.Task", "taskmanager"),
        ("runtime.taskexecutor.", "taskmanager"),
        ("client.cli.CliFrontend", "client"),
        ("client.program.", "client"),
    ];
    let banner = BANNERS.iter().find(|(needle, _)| says(needle));
    banner.or_else(|| LOGGERS.iter().find(|(needle, _)| names_logger(window, needle))).map(|(_, role)| *role)
}

/// Does a logger's name stand in the window? A TaskManager's traces name classes of the JobManager, in frames.
fn names_logger(window: &[u8], name: &str) -> bool {
    memchr::memmem::find_iter(window, name.as_bytes()).any(|at| {
        let line = &window[memchr::memrchr(b'\n', &window[..at]).map_or(0, |end| end + 1)..at];
        !line.trim_ascii_start().starts_with(b"at ")
    })
}

/// The role that a file's name suggests.
pub fn role_by_name(base: &str) -> Role {
    let lower = base.to_ascii_lowercase();
    let has = |needle: &str| lower.contains(needle);
    // Rotation and compression suffixes follow the kind: `.out.1`, `.log.gz`.
    let part = |wanted: &str| lower.split(['.', '-', '_']).any(|piece| piece == wanted);
    if has("hs_err") {
        "hs-err"
    } else if lower.starts_with("gc") && (part("gc") || has("gc-") || has("gc_")) || has(".gc.") || lower.ends_with(".gc") || has("gc.log") {
        "gc"
    } else if part("out") || part("err") || lower == "stdout" || lower == "stderr" {
        if lower.starts_with("prelaunch") { "launcher" } else { "stdout" }
    } else if has("standalonesession")
        || has("standalonejob")
        || has("jobmanager")
        || has("yarn-session-jm")
        || has("kubernetes-session")
        || has("kubernetes-application")
    {
        "jobmanager"
    } else if has("taskexecutor") || has("taskmanager") {
        "taskmanager"
    } else if has("zookeeper") {
        "zookeeper"
    } else if has("historyserver") {
        "historyserver"
    } else if has("sql-gateway") || has("sqlgateway") {
        "sqlgateway"
    } else if has("client") {
        "client"
    } else if has("nodemanager") {
        "nodemanager"
    } else if has("resourcemanager") {
        "resourcemanager"
    } else {
        "unknown"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_a_log_where_a_program_prints_it() {
        let json = b"{\"id\":1,\"note\":\"delivered\"}\n";
        assert_eq!(sniff(json, "flink-u-taskexecutor-0-h.out", false).content, Content::Log);
        assert_eq!(sniff(json, "plan.json", true).content, Content::NoLog);
    }

    #[test]
    fn names_tell_roles() {
        for (name, role) in [
            ("flink-u-standalonesession-0-h.log", "jobmanager"),
            ("flink-u-taskexecutor-3-h.log.12", "taskmanager"),
            ("flink-u-taskexecutor-3-h.out", "stdout"),
            ("gc-taskmanager-1234.log", "gc"),
            ("gc.log.3.current", "gc"),
            ("hs_err_pid1.log", "hs-err"),
            ("notes.txt", "unknown"),
            ("taskmanager.log.gz", "taskmanager"),
            ("prelaunch.err", "launcher"),
        ] {
            assert_eq!(role_by_name(name), role, "{name}");
        }
    }
}
