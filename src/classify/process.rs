//! Messages about the process itself: start banner, configuration, leadership, signals, fatal errors and exit.

use super::text::{Needle, between, keep, keep_name, signed, split};
use crate::event::{BannerKey, Kind};
use crate::layout::Level;

/// The banner that `EnvironmentInformation.logEnvironmentInfo` writes, line by line.
pub fn banner(line: &[u8]) -> Option<Kind> {
    if let Some(rest) = line.strip_prefix(b" Starting ") {
        let (component, tail) = split(rest, b" (Version: ")?;
        let version = tail.split(|b| *b == b',').next().filter(|v| !v.is_empty()).map(keep_name);
        let commit = between(tail, b"Rev:", b",").map(keep_name);
        return Some(Kind::ProcessStart { component: keep_name(component), version, commit });
    }
    let item = |key, value: &[u8]| Some(Kind::Banner { key, value: keep_name(value) });
    if let Some(jvm) = line.strip_prefix(b" JVM: ") {
        return item(BannerKey::Jvm, jvm);
    }
    if let Some(heap) = line.strip_prefix(b" Maximum heap size: ") {
        return item(BannerKey::MaxHeap, heap);
    }
    if let Some(user) = line.strip_prefix(b" OS current user: ") {
        return item(BannerKey::User, user);
    }
    // Options and arguments stand one a line, four spaces in; options begin with a dash.
    let value = line.strip_prefix(b"    ")?;
    let is_jvm_option =
        value.starts_with(b"-X") || value.starts_with(b"--add-") || (value.starts_with(b"-D") && value.len() > 2) || value.starts_with(b"-javaagent");
    item(if is_jvm_option { BannerKey::JvmOption } else { BannerKey::ProgramArgument }, value)
}

/// `Loading configuration property: key, value` of GlobalConfiguration.
pub fn config(line: &[u8]) -> Option<Kind> {
    let rest = line.strip_prefix(b"Loading configuration property: ").or_else(|| line.strip_prefix(b"Loading dynamic configuration property: "))?;
    let (key, value) = split(rest, b", ").or_else(|| rest.strip_suffix(b",").map(|key| (key, &b""[..])))?;
    Some(Kind::Config { key: keep_name(key), value: keep_name(value) })
}

/// How a process ends.
pub fn end(line: &[u8], level: Level) -> Option<Kind> {
    if let Some(rest) = line.strip_prefix(b"RECEIVED SIGNAL ") {
        let name = between(rest, b": ", b".").unwrap_or(rest);
        return Some(Kind::Signal { name: keep_name(name) });
    }
    if line.starts_with(b"Terminating ")
        && let Some((_, rest)) = split(line, b" with exit code ")
    {
        return Some(Kind::ExitCode { code: signed(rest)? });
    }
    if line.starts_with(b"Shutting ") && memchr::memmem::find(line, b" down with application status ").is_some() {
        return Some(Kind::ShuttingDown { text: keep_name(line) });
    }
    fatal(line, level)
}

/// Errors after which the process ends.
pub fn fatal(line: &[u8], level: Level) -> Option<Kind> {
    if level < Level::Error {
        return None;
    }
    let starts: [&[u8]; 8] = [
        b"FATAL - exception in ",
        b"Fatal error occurred",
        b"FATAL: Thread '",
        b"Could not start cluster entrypoint",
        b"TaskManager initialization failed",
        b"YARN TaskManager initialization failed",
        b"Encountered fatal error",
        b"Could not start the JobMaster",
    ];
    starts.iter().any(|start| line.starts_with(start)).then(|| Kind::Fatal { text: keep(line) })
}

static LEADERSHIP: Needle = Needle::new("leadership");
static GRANTED: Needle = Needle::new("granted leadership");
static IGNORED: Needle = Needle::new("Ignore granting");

/// Leadership of Dispatcher, ResourceManager and JobMasters.
pub fn leader(line: &[u8]) -> Option<Kind> {
    // Most lines have nothing to do with it.
    if !LEADERSHIP.is_in(line) {
        return None;
    }
    if GRANTED.is_in(line) && !IGNORED.is_in(line) {
        return Some(Kind::LeaderGranted);
    }
    let says = |needle: &[u8]| memchr::memmem::find(line, needle).is_some();
    (says(b"revoked leadership") || says(b"revoked the leadership") || says(b"lost leadership")).then_some(Kind::LeaderRevoked)
}

/// The session with ZooKeeper, as Curator and the client tell it.
pub fn zookeeper(line: &[u8]) -> Option<Kind> {
    let says = |needle: &[u8]| memchr::memmem::find(line, needle).is_some();
    let bad = says(b"State change: SUSPENDED") || says(b"State change: LOST") || says(b"Client session timed out") || says(b"Unable to reconnect to ZooKeeper");
    bad.then(|| Kind::ConnectionToZooKeeper { text: keep(line) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn banner_lines() {
        let start = banner(b" Starting StandaloneSessionClusterEntrypoint (Version: 1.20.5, Scala: 2.12, Rev:0123abc, Date:2026-01-01T00:00:00+01:00)");
        assert_eq!(
            start,
            Some(Kind::ProcessStart { component: "StandaloneSessionClusterEntrypoint".into(), version: Some("1.20.5".into()), commit: Some("0123abc".into()) })
        );
        assert_eq!(banner(b"    -Xmx1024"), Some(Kind::Banner { key: BannerKey::JvmOption, value: "-Xmx1024".into() }));
        assert_eq!(banner(b"    -D"), Some(Kind::Banner { key: BannerKey::ProgramArgument, value: "-D".into() }));
        assert_eq!(config(b"Loading configuration property: a.b, c, d"), Some(Kind::Config { key: "a.b".into(), value: "c, d".into() }));
        assert_eq!(end(b"RECEIVED SIGNAL 15: SIGTERM. Shutting down as requested.", Level::Info), Some(Kind::Signal { name: "SIGTERM".into() }));
        assert_eq!(end(b"Terminating cluster entrypoint process X with exit code 1443.", Level::Info), Some(Kind::ExitCode { code: 1443 }));
    }
}
