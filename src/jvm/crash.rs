//! Crash reports of HotSpot: the comment block that it prints to stdout, and `hs_err_pid*.log`, which begins with it.
//!
//! In: lines in order. Out: [`Crash`]es: signal, frame, thread, heap and memory as the report states them, and what they mean. The dumps of code, maps and
//! events in between are passed over.

use super::notes::{after, text};
use crate::gc::Place;
use crate::gc::numbers::{decimal, trim, uint};
use memchr::memmem;

const CRASHES: usize = 16;
/// Heap lines that are kept of one report.
const HEAP_LINES: usize = 4;

/// The JVM's last words: a fatal error, or native memory that it could not get.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Crash {
    pub place: Place,
    /// `SIGSEGV (0xb)`, `Internal Error (…)`, `Out of Memory Error (…)`.
    pub signal: Option<String>,
    /// `fatal error: OutOfMemory encountered: Java heap space`: the line after the signal.
    pub detail: Option<String>,
    /// `C  [librocksdbjni.so+0x2b0f30]`: the library where it happened.
    pub frame: Option<String>,
    /// `There is insufficient memory for the Java Runtime Environment to continue.`
    pub insufficient_memory: bool,
    /// `Native memory allocation (mmap) failed to map 12288 bytes …`.
    pub allocation: Option<String>,
    pub pid: Option<u64>,
    pub report_path: Option<String>,
    /// `17.0.9+9`.
    pub version: Option<String>,
    /// Another process sent the signal (`kill -SEGV`); its id where the report tells.
    pub sent_by: Option<Option<u64>>,
    /// Name of the thread in which it happened.
    pub thread: Option<String>,
    /// First Java frame that is neither the JDK's nor Flink's, else the first of all.
    pub java_frame: Option<String>,
    java_frame_is_users: bool,
    pub uptime_ms: Option<f64>,
    /// `garbage-first heap   total 452608K, used 401242K`.
    pub heap: Vec<String>,
    /// `4k page, physical 24684096k(17440272k free), swap 0k(0k free)`.
    pub memory: Option<String>,
}

impl Crash {
    /// `C  [librocksdbjni.so+0x2b0f30]` gives `librocksdbjni.so`.
    pub fn library(&self) -> Option<&str> {
        let frame = self.frame.as_deref()?;
        let inside = frame.split_once('[')?.1;
        inside.split(['+', ']']).next()
    }

    /// What such a crash means, in a sentence.
    pub fn meaning(&self) -> String {
        let signal = self.signal.as_deref().unwrap_or("");
        let says = |text: &str| signal.contains(text) || self.detail.as_deref().is_some_and(|detail| detail.contains(text));
        if self.insufficient_memory || signal.starts_with("Out of Memory Error") {
            return "the operating system refused memory to the JVM: the host, its cgroup or a limit (ulimit -v, overcommit) has none left".into();
        }
        if says("OutOfMemory encountered") {
            return "no defect: an OutOfMemoryError was thrown and -XX:+CrashOnOutOfMemoryError ends the JVM then; look at what filled the memory".into();
        }
        if let Some(by) = self.sent_by {
            let by = by.map_or_else(|| "another process".to_owned(), |pid| format!("process {pid}"));
            return format!("no defect of the JVM: {by} sent the signal with kill");
        }
        let frame = self.frame.as_deref().unwrap_or("");
        let library = self.library().unwrap_or("");
        if signal.starts_with("SIGBUS") {
            return "a memory-mapped file could not be read: it was cut while in use, or its disk is full or broken".into();
        }
        if library.contains("rocksdb") {
            return "RocksDB's native code crashed, mostly because an iterator, snapshot or options object was used after the backend was closed".into();
        }
        if library.starts_with("libjvm") || library.starts_with("jvm.dll") || frame.starts_with('V') {
            return "the JVM's own code failed: a defect of this version, or memory that native code overwrote before; try the newest release of it".into();
        }
        if frame.starts_with('C') && !library.is_empty() {
            return format!("native code in {library} crashed, not Java code");
        }
        if frame.starts_with('J') || frame.starts_with('j') {
            return "it happened in Java code: a defect of the JIT compiler, or unsafe access to memory that was freed".into();
        }
        if signal.starts_with("Internal Error") {
            return "a check inside the JVM failed: a defect of this version, or memory that native code overwrote before".into();
        }
        "the process died in native code".into()
    }
}

/// Does a crash report begin with this line?
pub fn begins(line: &[u8]) -> bool {
    let Some(rest) = line.strip_prefix(b"#") else { return false };
    let rest = trim(rest);
    rest.starts_with(b"A fatal error has been detected by the Java Runtime Environment")
        || rest.starts_with(b"There is insufficient memory for the Java Runtime Environment")
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Part {
    #[default]
    Outside,
    /// The comment block.
    Head,
    /// After it: a body follows only in the report file. How many lines were seen of what may come between.
    Between(u8),
    Body,
    JavaFrames,
    Heap,
}

/// Reads crash reports out of any text.
#[derive(Clone, Debug, Default)]
pub struct CrashReader {
    crashes: Vec<Crash>,
    part: Part,
    frame_next: bool,
    detail_next: bool,
}

impl CrashReader {
    /// Is it inside a report?
    pub fn reading(&self) -> bool {
        self.part != Part::Outside
    }

    pub fn line(&mut self, at: Place, line: &[u8]) {
        if begins(line) {
            let starved = memmem::find(line, b"insufficient memory").is_some();
            self.part = Part::Outside;
            if self.crashes.len() < CRASHES {
                self.crashes.push(Crash { place: at, insufficient_memory: starved, ..Crash::default() });
                self.part = Part::Head;
            }
            (self.frame_next, self.detail_next) = (false, false);
            return;
        }
        if self.part == Part::Outside {
            return;
        }
        let Some(crash) = self.crashes.last_mut() else { return };
        match (self.part, line.strip_prefix(b"#")) {
            (Part::Head, Some(rest)) => {
                let rest = trim(rest);
                if std::mem::take(&mut self.frame_next) && !rest.is_empty() {
                    crash.frame = Some(text(rest));
                } else if std::mem::take(&mut self.detail_next) && !rest.is_empty() && !rest.starts_with(b"JRE version") {
                    crash.detail = Some(text(rest));
                } else {
                    (self.frame_next, self.detail_next) = head(crash, rest);
                }
            }
            (Part::Head, None) => self.part = Part::Between(0),
            (Part::Between(_), _) if line.starts_with(b"---------------") => self.part = Part::Body,
            (Part::Between(seen), _) => self.part = if seen < 3 && trim(line).is_empty() { Part::Between(seen + 1) } else { Part::Outside },
            (Part::JavaFrames, _) if !trim(line).is_empty() => java_frame(crash, trim(line)),
            (Part::Heap, _) if !trim(line).is_empty() => {
                if crash.heap.len() < HEAP_LINES && memmem::find(line, b"used ").is_some() {
                    let end = memmem::find(line, b" [0x").unwrap_or(line.len());
                    crash.heap.push(text(&line[..end]));
                }
            }
            (Part::Body | Part::JavaFrames | Part::Heap, _) => self.part = body(crash, line),
            (Part::Outside, _) => {}
        }
    }

    pub fn finish(self) -> Vec<Crash> {
        self.crashes
    }
}

/// A line of the comment block; the results: the next one is the frame, the next one is the detail.
fn head(crash: &mut Crash, rest: &[u8]) -> (bool, bool) {
    if rest.starts_with(b"Problematic frame:") {
        return (true, false);
    }
    if memmem::find(rest, b", pid=").is_some() && crash.signal.is_none() {
        crash.pid = after(rest, "pid=").and_then(uint).map(|(pid, _)| pid);
        let end = memmem::find(rest, b" at pc=").or_else(|| memmem::find(rest, b", pid=")).unwrap_or(rest.len());
        crash.signal = Some(text(&rest[..end]));
        if memmem::find(rest, b"(sent by kill)").is_some() {
            crash.sent_by = Some(None);
        }
        return (false, true);
    }
    if rest.starts_with(b"Native memory allocation") {
        crash.allocation = Some(text(rest));
    } else if let Some(version) = rest.strip_prefix(b"JRE version: ") {
        let build = after(version, "(build ").unwrap_or(version);
        crash.version = Some(text(build.strip_suffix(b")").unwrap_or(build)));
    } else if memmem::find(rest, b"hs_err").is_some() && crash.report_path.is_none() {
        crash.report_path = Some(text(rest));
    }
    (false, false)
}

/// A line between the sections; the result: what the next lines are.
fn body(crash: &mut Crash, line: &[u8]) -> Part {
    if line == b"END." || line == b"END.\r" {
        return Part::Outside;
    }
    if line.starts_with(b"Java frames:") {
        return Part::JavaFrames;
    }
    // Later blocks of that name are the history of earlier collections.
    if trim(line) == b"Heap:" && crash.heap.is_empty() {
        return Part::Heap;
    }
    if let Some(thread) = line.strip_prefix(b"Current thread ") {
        let name = after(thread, "Thread \"").map(|rest| &rest[..memmem::find(rest, b"\" [").or_else(|| memchr::memrchr(b'"', rest)).unwrap_or(rest.len())]);
        crash.thread = name.map(text).or_else(|| crash.thread.take());
    } else if let Some(sender) = line.strip_prefix(b"siginfo: ").filter(|rest| memmem::find(rest, b"SI_USER").is_some()) {
        crash.sent_by = Some(after(sender, "si_pid: ").and_then(uint).map(|(pid, _)| pid));
    } else if let Some(seconds) = after(line, "elapsed time: ").filter(|_| crash.uptime_ms.is_none()) {
        crash.uptime_ms = decimal(seconds).map(|(seconds, _)| seconds * 1000.0);
    } else if let Some(memory) = line.strip_prefix(b"Memory: ").filter(|rest| memmem::find(rest, b"physical ").is_some()) {
        crash.memory = Some(text(memory));
    }
    Part::Body
}

/// `J 4499 c1 com.acme.Map.map(Lcom/acme/Order;)Ljava/lang/String; (205 bytes) @ …`, `j  java.lang.Thread.run()V+11 java.base@17.0.9`.
fn java_frame(crash: &mut Crash, line: &[u8]) {
    if crash.java_frame_is_users || !matches!(line.first(), Some(b'J' | b'j')) {
        return;
    }
    let Some(word) = line.split(|b| *b == b' ').skip(1).find(|word| memchr::memchr(b'(', word).is_some()) else { return };
    let end = memchr::memchr(b'(', word).unwrap_or(word.len());
    let users = !super::thread_dump::is_of_platform(&word[..end]);
    if users || crash.java_frame.is_none() {
        crash.java_frame = Some(text(&word[..end]));
        crash.java_frame_is_users = users;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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

    const REPORT: &str = include_str!("../../fixtures/jvm/hs_err_pid9240.log");

    fn read(text: &str) -> Vec<Crash> {
        let mut reader = CrashReader::default();
        for (number, line) in text.split('\n').enumerate() {
            reader.line(Place { line: number as u64 + 1, byte: 0 }, line.as_bytes());
        }
        assert!(!reader.reading() || !text.contains("END."));
        reader.finish()
    }

    #[test]
    fn a_report_file_tells_thread_frame_and_memory() {
        for text in [REPORT.to_owned(), REPORT.replace('\n', "\r\n")] {
            let found = read(&text);
            assert_eq!(found.len(), 1);
            let crash = &found[0];
            assert_eq!(crash.thread.as_deref(), Some("profile-cache -> Filter -> Sink: profile-print (1/2)#0"));
            assert_eq!(crash.java_frame.as_deref(), Some("com.acme.profile.ProfileCacheJob$Profile.<init>"));
            assert_eq!(crash.heap[0], "garbage-first heap   total 452608K, used 401242K");
            assert_eq!(crash.uptime_ms.map(f64::round), Some(36_354.0));
            assert_eq!(crash.memory.as_deref(), Some("4k page, physical 24684096k(17440272k free), swap 0k(0k free)"));
            assert_eq!(crash.version.as_deref(), Some("17.0.9+9"));
            assert!(crash.meaning().contains("CrashOnOutOfMemoryError"));
        }
    }

    #[test]
    fn a_signal_that_was_sent_is_no_defect() {
        let crash = &read(
            "#\n# A fatal error has been detected by the Java Runtime Environment:\n#\n#  SIGSEGV (0xb) at pc=0x00007f51700d6f14 (sent by kill), pid=578, tid=578\n#\n# Problematic frame:\n# C  [libc.so.6+0x85f14]\n\nnext line of the program\n",
        )[0];
        assert!(crash.meaning().contains("kill"));
        assert_eq!((crash.pid, crash.frame.as_deref()), (Some(578), Some("C  [libc.so.6+0x85f14]")));
        let body = "#\n# A fatal error has been detected by the Java Runtime Environment:\n#\n#  SIGSEGV (0xb) at pc=0x0, pid=5, tid=8\n#\n\n---------------  S U M M A R Y ------------\nsiginfo: si_signo: 11 (SIGSEGV), si_code: 0 (SI_USER), si_pid: 675, si_uid: 0\nEND.\n";
        assert!(read(body)[0].meaning().contains("process 675"));
    }

    #[test]
    fn cut_reports_do_no_harm() {
        for cut in (0..REPORT.len()).step_by(97).filter(|at| REPORT.is_char_boundary(*at)) {
            read(&REPORT[..cut]);
        }
    }
}
