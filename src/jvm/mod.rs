//! What the JVM itself says outside its GC log: crash reports, thread dumps, memory that ran out, heap dumps.
//!
//! In: lines of one source in order, of `.out`, `hs_err_pid*.log`, `jstack` output or console logs. Out: [`JvmText`], with bounded lists. Lines with a head
//! (`JvmPauseMonitor`, Flink's memory logger) are classified as records; [`notes`] reads their words. Never reads files, never judges.

pub mod crash;
pub mod notes;
pub mod thread_dump;

use crate::gc::Place;
use crash::{Crash, CrashReader};
use notes::HeapDump;
use thread_dump::{ThreadDump, ThreadDumpReader};

const DETAILS: usize = 32;
const HEAP_DUMPS: usize = 32;

/// All of one source.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JvmText {
    pub crashes: Vec<Crash>,
    pub dumps: Vec<ThreadDump>,
    /// Lines of text (no log records) that name an OutOfMemoryError, by its detail message; in order of appearance.
    pub out_of_memory: Vec<OutOfMemoryLines>,
    pub heap_dumps: Vec<HeapDumpFile>,
}

impl JvmText {
    /// Nothing was found.
    pub fn is_empty(&self) -> bool {
        self.crashes.is_empty() && self.dumps.is_empty() && self.out_of_memory.is_empty() && self.heap_dumps.is_empty()
    }
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct OutOfMemoryLines {
    /// `Java heap space`, `Metaspace`; empty where the line gives none.
    pub detail: String,
    pub count: u64,
    /// The first of them.
    pub place: Place,
    /// An option ended the JVM because of it (`Terminating due to …`).
    pub ended_the_jvm: bool,
}

/// `-XX:+HeapDumpOnOutOfMemoryError`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct HeapDumpFile {
    pub path: Option<String>,
    /// None: the log does not say that it was finished.
    pub bytes: Option<u64>,
    /// The VM stood still for it.
    pub seconds: Option<f64>,
    /// Why it was not written.
    pub failed: Option<String>,
    pub place: Place,
}

/// Does something begin here that [`Reader`] reads? Stateless and cheap: asked of every line without a head.
pub fn begins(line: &[u8]) -> bool {
    match line.first() {
        Some(b'F') => line.starts_with(thread_dump::BEGINS),
        Some(b'0'..=b'9') => thread_dump::time_alone(line).is_some(),
        Some(b'#') => crash::begins(line),
        Some(b'E' | b'j' | b'T') => {
            (line.starts_with(b"Exception") || line.starts_with(b"java.lang.OutOf") || line.starts_with(b"Terminating due to "))
                && notes::out_of_memory(line).is_some()
        }
        Some(b'D' | b'H' | b'U') => notes::heap_dump(line).is_some(),
        _ => false,
    }
}

/// Reads one source.
#[derive(Clone, Debug, Default)]
pub struct Reader {
    crashes: CrashReader,
    dumps: ThreadDumpReader,
    found: JvmText,
}

impl Reader {
    /// Is it in the middle of something, so that it wants the next lines too?
    pub fn reading(&self) -> bool {
        self.crashes.reading() || self.dumps.reading()
    }

    /// Takes a line; those that say nothing are passed over.
    pub fn line(&mut self, at: Place, line: &[u8]) {
        self.crashes.line(at, line);
        self.dumps.line(at, line);
        if !begins(line) {
            return;
        }
        if let Some(found) = notes::out_of_memory(line) {
            self.out_of_memory(at, found.detail, line.starts_with(b"Terminating"));
        } else if let Some(found) = notes::heap_dump(line) {
            self.heap_dump(at, found);
        }
    }

    fn out_of_memory(&mut self, at: Place, detail: String, ended_the_jvm: bool) {
        let all = &mut self.found.out_of_memory;
        if let Some(known) = all.iter_mut().find(|known| known.detail == detail) {
            known.count += 1;
            known.ended_the_jvm |= ended_the_jvm;
        } else if all.len() < DETAILS {
            all.push(OutOfMemoryLines { detail, count: 1, place: at, ended_the_jvm });
        }
    }

    fn heap_dump(&mut self, at: Place, found: HeapDump) {
        let all = &mut self.found.heap_dumps;
        let full = all.len() >= HEAP_DUMPS;
        let open = all.last_mut().filter(|dump| dump.bytes.is_none() && dump.failed.is_none());
        match (found, open) {
            (HeapDump::Written { bytes, seconds }, Some(dump)) => (dump.bytes, dump.seconds) = (Some(bytes), Some(seconds)),
            (HeapDump::Failed { text }, Some(dump)) => dump.failed = Some(text),
            _ if full => {}
            (HeapDump::Started { path }, _) => all.push(HeapDumpFile { path: Some(path), place: at, ..HeapDumpFile::default() }),
            (HeapDump::Written { bytes, seconds }, None) => {
                all.push(HeapDumpFile { bytes: Some(bytes), seconds: Some(seconds), place: at, ..HeapDumpFile::default() });
            }
            (HeapDump::Failed { text }, None) => all.push(HeapDumpFile { failed: Some(text), place: at, ..HeapDumpFile::default() }),
        }
    }

    pub fn finish(mut self) -> JvmText {
        self.found.crashes = self.crashes.finish();
        self.found.dumps = self.dumps.finish();
        self.found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_out_file_with_a_heap_dump() {
        let text = "java.lang.OutOfMemoryError: Java heap space\nDumping heap to /tmp/java_pid9.hprof ...\nHeap dump file created [1024 bytes in 0.5 secs]\nExhausted\nException: java.lang.OutOfMemoryError thrown from the UncaughtExceptionHandler in thread \"main\"\nTerminating due to java.lang.OutOfMemoryError: Java heap space\nHello\n";
        let mut reader = Reader::default();
        for (number, line) in text.lines().enumerate() {
            reader.line(Place { line: number as u64 + 1, byte: 0 }, line.as_bytes());
        }
        assert!(!reader.reading());
        let found = reader.finish();
        assert_eq!(found.out_of_memory.len(), 2);
        assert_eq!((found.out_of_memory[0].count, found.out_of_memory[0].ended_the_jvm), (2, true));
        let dump = &found.heap_dumps[0];
        assert_eq!((dump.path.as_deref(), dump.bytes, dump.seconds, dump.place.line), (Some("/tmp/java_pid9.hprof"), Some(1024), Some(0.5), 2));
    }
}
