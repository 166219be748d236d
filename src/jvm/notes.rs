//! Single lines in which the JVM, Hadoop or Flink's memory logger speak of memory and pauses; found in `.out`, `.err`,
//! `hs_err` files and ordinary logs.
//!
//! In: one line. Out: a small typed value, or none. Stateless. Never decides what caused what.

use crate::gc::numbers::{decimal, trim, uint};
use memchr::memmem;

/// Longest text copied from a line.
const TEXT: usize = 400;

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(TEXT)]).trim().to_owned()
}

pub(super) fn after<'a>(line: &'a [u8], mark: &str) -> Option<&'a [u8]> {
    memmem::find(line, mark.as_bytes()).map(|at| &line[at + mark.len()..])
}

/// What one line says.
#[derive(Clone, Debug, PartialEq)]
pub enum JvmNote {
    OutOfMemory(OutOfMemory),
    HeapDump(HeapDump),
    /// `-XX:+ExitOnOutOfMemoryError`/`CrashOnOutOfMemoryError`: `Terminating due to java.lang.OutOfMemoryError: …`.
    Terminating(OutOfMemory),
    HostPause(HostPause),
    Memory(MemoryLine),
    /// `Unrecognized VM option 'PrintGCDateStamps'`, `Error: Could not create the Java Virtual Machine.` and the like: the
    /// process never started.
    BadOption(String),
}

/// Any of the recognisers of this file (crash headers apart, see [`super::crash`]).
pub fn recognise(line: &[u8]) -> Option<JvmNote> {
    if let Some(found) = memory_line(line) {
        return Some(JvmNote::Memory(found));
    }
    if let Some(found) = host_pause(line) {
        return Some(JvmNote::HostPause(found));
    }
    if let Some(found) = heap_dump(line) {
        return Some(JvmNote::HeapDump(found));
    }
    if let Some(rest) = after(line, "Terminating due to ") {
        return out_of_memory(rest).map(JvmNote::Terminating);
    }
    out_of_memory(line).map(JvmNote::OutOfMemory).or_else(|| bad_option(line).map(JvmNote::BadOption))
}

/// `java.lang.OutOfMemoryError: Java heap space`: the detail message, empty when there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutOfMemory {
    pub detail: String,
}

/// The class name must end there; traces, uncaught exceptions and the JVM's own texts alike.
pub fn out_of_memory(line: &[u8]) -> Option<OutOfMemory> {
    let rest = after(line, "java.lang.OutOfMemoryError")?;
    match rest.first() {
        None => Some(OutOfMemory { detail: String::new() }),
        Some(b':') => Some(OutOfMemory { detail: text(&rest[1..]) }),
        Some(b'\r' | b'\n' | b' ' | b'"' | b')') => Some(OutOfMemory { detail: String::new() }),
        Some(_) => None,
    }
}

/// `-XX:+HeapDumpOnOutOfMemoryError`: `Dumping heap to /tmp/java_pid1.hprof ...`, then
/// `Heap dump file created [119283478 bytes in 0.512 secs]`. The VM stands still in between.
#[derive(Clone, Debug, PartialEq)]
pub enum HeapDump {
    Started {
        path: String,
    },
    Written {
        bytes: u64,
        seconds: f64,
    },
    /// `Unable to create … File exists`, `Dump file is incomplete: …`.
    Failed {
        text: String,
    },
}

pub fn heap_dump(line: &[u8]) -> Option<HeapDump> {
    let line = trim(line);
    if let Some(rest) = line.strip_prefix(b"Dumping heap to ") {
        let path = rest.strip_suffix(b"...").unwrap_or(rest);
        return Some(HeapDump::Started { path: text(path) });
    }
    if let Some(rest) = line.strip_prefix(b"Heap dump file created [") {
        let (bytes, _) = uint(rest)?;
        let (seconds, _) = decimal(after(rest, " bytes in ")?)?;
        return Some(HeapDump::Written { bytes, seconds });
    }
    let failed = line.starts_with(b"Dump file is incomplete") || line.starts_with(b"Unable to create ") && memmem::find(line, b".hprof").is_some();
    failed.then(|| HeapDump::Failed { text: text(line) })
}

/// Hadoop and HBase `JvmPauseMonitor`: a thread slept longer than it asked for. Without GC the host itself stood still.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPause {
    /// `Detected pause in JVM or host machine (eg GC): pause of approximately 1342ms`.
    Detected { ms: u64 },
    /// `GC pool 'ParNew' had collection(s): count=1 time=1300ms`.
    Collected { pool: String, count: u64, ms: u64 },
    /// `No GCs detected`.
    NoGc,
}

/// Nothing stands still for longer and goes on: thirty days, in milliseconds.
const MAX_PAUSE_MS: u64 = 30 * 86_400_000;

pub fn host_pause(line: &[u8]) -> Option<HostPause> {
    if let Some(rest) = after(line, "Detected pause in JVM or host machine") {
        let (ms, _) = uint(after(rest, "pause of approximately ")?)?;
        return (ms <= MAX_PAUSE_MS).then_some(HostPause::Detected { ms });
    }
    if let Some(rest) = after(line, "GC pool '") {
        let end = memchr::memchr(b'\'', rest)?;
        let (count, _) = uint(after(rest, "count=")?)?;
        let (ms, _) = uint(after(rest, "time=")?)?;
        if ms > MAX_PAUSE_MS {
            return None;
        }
        return Some(HostPause::Collected { pool: text(&rest[..end]), count, ms });
    }
    (trim(line) == b"No GCs detected").then_some(HostPause::NoGc)
}

fn bad_option(line: &[u8]) -> Option<String> {
    const STARTS: [&str; 5] = [
        "Unrecognized VM option",
        "Error: Could not create the Java Virtual Machine",
        "Error occurred during initialization of",
        "Conflicting collector combinations in option list",
        "Invalid -Xlog option",
    ];
    STARTS.iter().find_map(|start| memmem::find(line, start.as_bytes()).map(|at| text(&line[at..])))
}

/// Used, committed and maximum bytes; maximum none = unlimited (`-1`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Usage {
    pub used: u64,
    pub committed: u64,
    pub max: Option<u64>,
}

/// A line of Flink's `MemoryLogger` (`taskmanager.debug.memory.log: true`, every 5 s). GC figures are cumulative since the
/// JVM start: a drop is a new JVM.
#[derive(Clone, Debug, PartialEq)]
pub enum MemoryLine {
    Started,
    Heap { heap: Usage, non_heap: Usage },
    Direct { count: u64, capacity: u64, used: u64 },
    Pools(Vec<(String, Usage)>),
    Collectors(Vec<GcBean>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GcBean {
    pub name: String,
    pub time_ms: u64,
    pub count: u64,
}

/// What the time of a garbage-collector bean means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BeanMeaning {
    Young,
    Full,
    /// CMS: whole cycles and full collections together.
    OldCycles,
    /// Stop-the-world time of a concurrent collector.
    Pauses,
    /// Concurrent time: no pause.
    Cycles,
    Unknown,
}

impl GcBean {
    pub fn meaning(&self) -> BeanMeaning {
        match self.name.as_str() {
            "Copy" | "PS Scavenge" | "ParNew" | "G1 Young Generation" => BeanMeaning::Young,
            "MarkSweepCompact" | "PS MarkSweep" | "G1 Old Generation" => BeanMeaning::Full,
            "ConcurrentMarkSweep" => BeanMeaning::OldCycles,
            // Its time is that of remark and cleanup.
            "G1 Concurrent GC" => BeanMeaning::Pauses,
            "ZGC" => BeanMeaning::Cycles,
            name if name.ends_with(" Pauses") => BeanMeaning::Pauses,
            name if name.ends_with(" Cycles") => BeanMeaning::Cycles,
            _ => BeanMeaning::Unknown,
        }
    }
}

const ENTRIES: usize = 16;

pub fn memory_line(line: &[u8]) -> Option<MemoryLine> {
    let at = memmem::find(line, b" stats: ").or_else(|| memmem::find(line, b"Starting periodic memory usage logger"))?;
    let head = &line[..at];
    let rest = &line[at..];
    if rest.starts_with(b"Starting periodic") {
        return Some(MemoryLine::Started);
    }
    let rest = &rest[8..];
    if head.ends_with(b"Memory usage") {
        let heap = usage(after(rest, "[HEAP: ")?, 20)?;
        let non_heap = usage(after(rest, "NON HEAP: ")?, 20)?;
        return Some(MemoryLine::Heap { heap, non_heap });
    }
    if head.ends_with(b"Direct memory") {
        let field = |name| uint(after(rest, name)?).map(|(value, _)| value);
        return Some(MemoryLine::Direct { count: field("Count: ")?, capacity: field("Total Capacity: ")?, used: field("Used Memory: ")? });
    }
    let entries = rest.split(|b| *b == b'[').skip(1).take(ENTRIES).filter_map(|entry| {
        let end = memchr::memchr(b']', entry)?;
        Some(&entry[..end])
    });
    if head.ends_with(b"Off-heap pool") {
        let pools = entries.filter_map(|entry| {
            let colon = memmem::find(entry, b": ")?;
            Some((text(&entry[..colon]), usage(&entry[colon + 2..], 20)?))
        });
        return Some(MemoryLine::Pools(pools.collect()));
    }
    if head.ends_with(b"Garbage collector") {
        let beans = entries.filter_map(|entry| {
            let name = &entry[..memmem::find(entry, b", GC TIME (ms): ")?];
            let (time_ms, _) = uint(after(entry, "GC TIME (ms): ")?)?;
            let (count, _) = uint(after(entry, "GC COUNT: ")?)?;
            Some(GcBean { name: text(name), time_ms, count })
        });
        return Some(MemoryLine::Collectors(beans.collect()));
    }
    None
}

/// `123/456/789 MB`, in units of 2^`shift` bytes.
fn usage(field: &[u8], shift: u32) -> Option<Usage> {
    let (used, length) = uint(field)?;
    let field = field[length..].strip_prefix(b"/")?;
    let (committed, length) = uint(field)?;
    let field = field[length..].strip_prefix(b"/")?;
    let max = uint(field).map(|(max, _)| max);
    let bytes = |value: u64| value.saturating_mul(1 << shift);
    Some(Usage { used: bytes(used), committed: bytes(committed), max: max.map(bytes) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn out_of_memory_and_its_dump() {
        assert_eq!(recognise(b"java.lang.OutOfMemoryError: Java heap space\r\n"), Some(JvmNote::OutOfMemory(OutOfMemory { detail: "Java heap space".into() })));
        assert_eq!(out_of_memory(b"java.lang.OutOfMemoryErrors: x"), None);
        assert_eq!(
            recognise(b"Dumping heap to /tmp/java_pid12.hprof ..."),
            Some(JvmNote::HeapDump(HeapDump::Started { path: "/tmp/java_pid12.hprof".into() }))
        );
        assert_eq!(heap_dump(b"Heap dump file created [119283478 bytes in 0.512 secs]"), Some(HeapDump::Written { bytes: 119_283_478, seconds: 0.512 }));
        assert_eq!(
            recognise(b"Terminating due to java.lang.OutOfMemoryError: Metaspace"),
            Some(JvmNote::Terminating(OutOfMemory { detail: "Metaspace".into() }))
        );
        assert_eq!(recognise(b"2026-11-21 09:18:01,293 INFO  o.a.f.T [] - all is well"), None);
    }

    #[test]
    fn hosts_that_stood_still() {
        let line = b"2026-11-21 09:18:01,293 WARN  org.apache.hadoop.util.JvmPauseMonitor: Detected pause in JVM or host machine (eg GC): pause of approximately 13420ms";
        assert_eq!(host_pause(line), Some(HostPause::Detected { ms: 13420 }));
        assert_eq!(
            host_pause(b"GC pool 'ParNew' had collection(s): count=1 time=1300ms"),
            Some(HostPause::Collected { pool: "ParNew".into(), count: 1, ms: 1300 })
        );
        assert_eq!(host_pause(b"No GCs detected\n"), Some(HostPause::NoGc));
    }

    #[test]
    fn memory_logger_lines() {
        let heap = memory_line(b"x INFO T [] - Memory usage stats: [HEAP: 123/456/789 MB, NON HEAP: 60/62/-1 MB (used/committed/max)]").unwrap();
        let mega = |used: u64, committed: u64, max: Option<u64>| Usage { used: used << 20, committed: committed << 20, max: max.map(|max| max << 20) };
        assert_eq!(heap, MemoryLine::Heap { heap: mega(123, 456, Some(789)), non_heap: mega(60, 62, None) });
        let direct = memory_line(b"Direct memory stats: Count: 12, Total Capacity: 345, Used Memory: 346").unwrap();
        assert_eq!(direct, MemoryLine::Direct { count: 12, capacity: 345, used: 346 });
        let beans =
            memory_line(b"Garbage collector stats: [G1 Young Generation, GC TIME (ms): 1234, GC COUNT: 56], [G1 Old Generation, GC TIME (ms): 0, GC COUNT: 0]")
                .unwrap();
        let MemoryLine::Collectors(beans) = beans else { panic!("{beans:?}") };
        assert_eq!(beans[0], GcBean { name: "G1 Young Generation".into(), time_ms: 1234, count: 56 });
        assert_eq!((beans.len(), beans[1].meaning()), (2, BeanMeaning::Full));
        let pools =
            memory_line(b"Off-heap pool stats: [Metaspace: 40/41/256 MB (used/committed/max)], [Compressed Class Space: 5/6/248 MB (used/committed/max)]")
                .unwrap();
        let MemoryLine::Pools(pools) = pools else { panic!("{pools:?}") };
        assert_eq!(pools[1].0, "Compressed Class Space");
        assert_eq!(memory_line(b"Direct memory stats: unavailable"), None);
    }
}
