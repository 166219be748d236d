//! Single lines in which the JVM, Hadoop or Flink's memory logger speak of memory, crashes and pauses; found in `.out`, `.err`,
//! `hs_err` files and ordinary logs.
//!
//! In: one line. Out: a small typed value, or none. Stateless but for [`CrashReader`], whose text spans lines. Never decides
//! what caused what.

use super::model::Place;
use super::numbers::{decimal, trim, uint};
use memchr::memmem;

/// Longest text copied from a line.
const TEXT: usize = 400;

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(TEXT)]).trim().to_owned()
}

fn after<'a>(line: &'a [u8], mark: &str) -> Option<&'a [u8]> {
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

/// Any of the recognisers of this file (crash headers apart, see [`CrashReader`]).
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

pub fn host_pause(line: &[u8]) -> Option<HostPause> {
    if let Some(rest) = after(line, "Detected pause in JVM or host machine") {
        return uint(after(rest, "pause of approximately ")?).map(|(ms, _)| HostPause::Detected { ms });
    }
    if let Some(rest) = after(line, "GC pool '") {
        let end = memchr::memchr(b'\'', rest)?;
        let (count, _) = uint(after(rest, "count=")?)?;
        let (ms, _) = uint(after(rest, "time=")?)?;
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

/// The JVM's last words: a fatal error, or native memory that it could not get. Printed to stdout and heading `hs_err_pid*.log`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Crash {
    pub place: Place,
    /// `SIGSEGV (0xb)`, `Internal Error (…)`, `Out of Memory Error (…)`.
    pub signal: Option<String>,
    /// `C  [librocksdbjni.so+0x2b0f30]`: the library where it happened.
    pub frame: Option<String>,
    /// `There is insufficient memory for the Java Runtime Environment to continue.`
    pub insufficient_memory: bool,
    /// `Native memory allocation (mmap) failed to map 12288 bytes …`.
    pub allocation: Option<String>,
    pub pid: Option<u64>,
    pub report_path: Option<String>,
}

impl Crash {
    /// `C  [librocksdbjni.so+0x2b0f30]` gives `librocksdbjni.so`.
    pub fn library(&self) -> Option<&str> {
        let frame = self.frame.as_deref()?;
        let inside = frame.split_once('[')?.1;
        inside.split(['+', ']']).next()
    }
}

/// Reads crash blocks; feed it every line that begins with `#`.
#[derive(Debug, Default)]
pub struct CrashReader {
    crashes: Vec<Crash>,
    open: bool,
    frame_next: bool,
}

const CRASHES: usize = 16;

impl CrashReader {
    /// Cheap test: crash text is a comment block.
    pub fn is_candidate(line: &[u8]) -> bool {
        line.first() == Some(&b'#')
    }

    pub fn line(&mut self, at: Place, line: &[u8]) {
        let Some(rest) = line.strip_prefix(b"#") else {
            self.open = false;
            return;
        };
        let rest = trim(rest);
        let begins = rest.starts_with(b"A fatal error has been detected by the Java Runtime Environment");
        let starved = rest.starts_with(b"There is insufficient memory for the Java Runtime Environment");
        if begins || starved {
            if self.crashes.len() >= CRASHES {
                self.open = false;
                return;
            }
            self.crashes.push(Crash { place: at, insufficient_memory: starved, ..Crash::default() });
            (self.open, self.frame_next) = (true, false);
            return;
        }
        let Some(crash) = self.crashes.last_mut().filter(|_| self.open) else {
            return;
        };
        if std::mem::take(&mut self.frame_next) && !rest.is_empty() {
            crash.frame = Some(text(rest));
        } else if rest.starts_with(b"Problematic frame:") {
            self.frame_next = true;
        } else if memmem::find(rest, b", pid=").is_some() && crash.signal.is_none() {
            crash.pid = after(rest, "pid=").and_then(uint).map(|(pid, _)| pid);
            let end = memmem::find(rest, b" at pc=").or_else(|| memmem::find(rest, b", pid=")).unwrap_or(rest.len());
            crash.signal = Some(text(&rest[..end]));
        } else if rest.starts_with(b"Native memory allocation") {
            crash.allocation = Some(text(rest));
        } else if memmem::find(rest, b"hs_err").is_some() && crash.report_path.is_none() {
            crash.report_path = Some(text(rest));
        }
    }

    pub fn finish(self) -> Vec<Crash> {
        self.crashes
    }
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

    #[test]
    fn crashes() {
        let text = "\
#
# A fatal error has been detected by the Java Runtime Environment:
#
#  SIGSEGV (0xb) at pc=0x00007f0a3c2b0f30, pid=4711, tid=4722
#
# JRE version: OpenJDK Runtime Environment (11.0.13+8) (build 11.0.13+8)
# Problematic frame:
# C  [librocksdbjni-linux64.so+0x2b0f30]
#
# An error report file with more information is saved as:
# /opt/flink/hs_err_pid4711.log
#
x
# There is insufficient memory for the Java Runtime Environment to continue.
# Native memory allocation (mmap) failed to map 12288 bytes for committing reserved memory.
# An error report file with more information is saved as:
# /tmp/hs_err_pid12.log
";
        let mut reader = CrashReader::default();
        for (number, line) in text.lines().enumerate() {
            reader.line(Place { line: number as u64 + 1, byte: 0 }, line.as_bytes());
        }
        let found = reader.finish();
        assert_eq!(found.len(), 2);
        assert_eq!((found[0].signal.as_deref(), found[0].pid, found[0].library()), (Some("SIGSEGV (0xb)"), Some(4711), Some("librocksdbjni-linux64.so")));
        assert_eq!(found[0].report_path.as_deref(), Some("/opt/flink/hs_err_pid4711.log"));
        assert!(found[1].insufficient_memory && found[1].allocation.as_deref().is_some_and(|text| text.contains("12288")));
    }
}
