//! Thread dumps of the JVM (`jstack`, `kill -3`, `Full thread dump …` in `.out`): who is blocked, on what, and deadlocks.
//!
//! In: lines in order. Out: [`ThreadDump`]s with bounded lists; counts are of all threads. Keeps of a stack the top frame and the first one that is neither the
//! JDK's nor Flink's, of threads that are blocked and of those that run Flink's tasks.

use crate::gc::Place;
use crate::gc::numbers::{trim, trim_end, uint};
use crate::layout::time::{self, Date};
use memchr::memmem;

const DUMPS: usize = 64;
const BLOCKED: usize = 64;
const DEADLOCKS: usize = 8;
const DEADLOCKED: usize = 16;
const TASKS: usize = 256;
const TEXT: usize = 200;

/// How a dump begins.
pub const BEGINS: &[u8] = b"Full thread dump ";

#[derive(Clone, Debug, Default, PartialEq)]
pub struct ThreadDump {
    pub place: Place,
    /// The time in the line above it, in milliseconds of the source's clock. `jstack` and the JVM print one.
    pub shown_ms: Option<i64>,
    /// `OpenJDK 64-Bit Server VM (17.0.9+9 mixed mode, sharing)`.
    pub vm: String,
    pub threads: u64,
    /// Threads by `java.lang.Thread.State`.
    pub runnable: u64,
    pub blocked: u64,
    pub waiting: u64,
    pub blocked_threads: Vec<BlockedThread>,
    /// Threads that run tasks (`Source: orders (1/4)#0`), and how many there are.
    pub task_threads: Vec<TaskThread>,
    pub tasks: u64,
    pub deadlocks: Vec<Deadlock>,
    /// As the JVM counts them at the end; may exceed those listed.
    pub deadlocks_found: u64,
}

#[derive(Clone, Debug, Default, PartialEq)]
pub struct BlockedThread {
    pub name: String,
    pub top_frame: String,
    /// Class of the lock it waits for, and its address.
    pub lock_class: String,
    pub lock: String,
    /// Name of the thread that holds the lock, where the dump shows it.
    pub held_by: Option<String>,
    pub place: Place,
}

/// A thread that runs a task: its name is the subtask's.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct TaskThread {
    pub name: String,
    /// `RUNNABLE`, `WAITING`, …
    pub state: String,
    pub top_frame: String,
    /// First frame that is neither the JDK's nor Flink's.
    pub user_frame: Option<String>,
    pub place: Place,
}

/// Threads of one cycle, each waiting for the next.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Deadlock {
    pub threads: Vec<String>,
    pub place: Place,
}

/// Reads dumps out of any text.
#[derive(Clone, Debug, Default)]
pub struct ThreadDumpReader {
    dumps: Vec<ThreadDump>,
    /// The last line that is a time and nothing else.
    time: Option<(u64, i64)>,
    part: Part,
    name: String,
    blocked: bool,
    /// The thread at hand runs a task.
    task: bool,
    /// Locks held by threads of this dump: address and index of the owner's name; bounded.
    owners: Vec<(String, String)>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
enum Part {
    #[default]
    Outside,
    Threads,
    /// After the last thread: deadlocks may follow.
    After,
    Deadlocks,
}

const OWNERS: usize = 4096;

impl ThreadDumpReader {
    /// Is it inside a dump?
    pub fn reading(&self) -> bool {
        self.part != Part::Outside
    }

    pub fn line(&mut self, at: Place, line: &[u8]) {
        let line = trim_end(line);
        if let Some(rest) = line.strip_prefix(BEGINS) {
            self.close();
            if self.dumps.len() < DUMPS {
                let vm = text(rest).trim_end_matches(':').to_owned();
                let shown_ms = self.time.take().filter(|(line, _)| line + 1 == at.line).map(|(_, ms)| ms);
                self.dumps.push(ThreadDump { place: at, shown_ms, vm, ..ThreadDump::default() });
                self.part = Part::Threads;
            }
            return;
        }
        if let Some(ms) = time_alone(line) {
            self.time = Some((at.line, ms));
        }
        if self.part == Part::Outside {
            return;
        }
        let Some(dump) = self.dumps.last_mut() else {
            return;
        };
        let trimmed = trim(line);
        if line.starts_with(b"JNI global ref") {
            self.part = Part::After;
            return;
        }
        if self.part == Part::After && !trimmed.is_empty() && !line.starts_with(b"Found ") || self.part == Part::Threads && !of_a_dump(line) {
            self.close();
            return;
        }
        if line.starts_with(b"Found one Java-level deadlock") {
            self.part = Part::Deadlocks;
            if dump.deadlocks.len() < DEADLOCKS {
                dump.deadlocks.push(Deadlock { threads: Vec::new(), place: at });
            }
        } else if let Some(rest) = line.strip_prefix(b"Found ").filter(|rest| rest.ends_with(b" deadlock.") || rest.ends_with(b" deadlocks.")) {
            dump.deadlocks_found = uint(rest).map_or(1, |(count, _)| count);
            self.close();
        } else if self.part == Part::Deadlocks {
            if let Some(name) = quoted(line).filter(|_| line.ends_with(b":"))
                && let Some(deadlock) = dump.deadlocks.last_mut()
                && deadlock.threads.len() < DEADLOCKED
                && !deadlock.threads.contains(&name)
            {
                deadlock.threads.push(name);
            }
        } else if line.first() == Some(&b'"') {
            dump.threads += 1;
            self.name = quoted(line).unwrap_or_default();
            self.blocked = false;
            self.task = false;
            if runs_a_task(&self.name) {
                dump.tasks += 1;
                self.task = dump.task_threads.len() < TASKS;
                if self.task {
                    dump.task_threads.push(TaskThread { name: self.name.clone(), place: at, ..TaskThread::default() });
                }
            }
        } else if let Some(state) = trimmed.strip_prefix(b"java.lang.Thread.State: ") {
            if let Some(task) = dump.task_threads.last_mut().filter(|_| self.task) {
                task.state = text(state.split(|b| *b == b' ').next().unwrap_or_default());
            }
            match state {
                _ if state.starts_with(b"RUNNABLE") => dump.runnable += 1,
                _ if state.starts_with(b"BLOCKED") => {
                    dump.blocked += 1;
                    self.blocked = dump.blocked_threads.len() < BLOCKED;
                    if self.blocked {
                        dump.blocked_threads.push(BlockedThread { name: self.name.clone(), place: at, ..BlockedThread::default() });
                    }
                }
                _ if state.starts_with(b"WAITING") || state.starts_with(b"TIMED_WAITING") => dump.waiting += 1,
                _ => {}
            }
        } else if let Some(frame) = trimmed.strip_prefix(b"at ") {
            if let Some(thread) = dump.blocked_threads.last_mut().filter(|thread| self.blocked && thread.top_frame.is_empty()) {
                thread.top_frame = text(frame);
            }
            if let Some(task) = dump.task_threads.last_mut().filter(|_| self.task) {
                if task.top_frame.is_empty() {
                    task.top_frame = text(frame);
                }
                if task.user_frame.is_none() && !is_of_platform(frame) {
                    task.user_frame = Some(text(frame));
                }
            }
        } else if let Some(rest) = trimmed.strip_prefix(b"- waiting to lock <") {
            if let Some(thread) = dump.blocked_threads.last_mut().filter(|thread| self.blocked && thread.lock.is_empty()) {
                (thread.lock, thread.lock_class) = lock(rest);
            }
        } else if let Some(rest) = trimmed.strip_prefix(b"- locked <")
            && self.owners.len() < OWNERS
        {
            self.owners.push((lock(rest).0, self.name.clone()));
        }
    }

    /// Ends the dump at hand: names the holders of the locks.
    fn close(&mut self) {
        if self.part != Part::Outside
            && let Some(dump) = self.dumps.last_mut()
        {
            for thread in dump.blocked_threads.iter_mut().filter(|thread| !thread.lock.is_empty()) {
                let owner = self.owners.iter().find(|(address, name)| *address == thread.lock && *name != thread.name);
                thread.held_by = owner.map(|(_, name)| name.clone());
            }
            dump.deadlocks_found = dump.deadlocks_found.max(dump.deadlocks.len() as u64);
        }
        self.owners.clear();
        self.part = Part::Outside;
        (self.blocked, self.task) = (false, false);
    }

    pub fn finish(mut self) -> Vec<ThreadDump> {
        self.close();
        self.dumps
    }
}

/// May this line stand among the threads of a dump? They are headed by names in quotes, all else is indented, but for the list of thread addresses.
fn of_a_dump(line: &[u8]) -> bool {
    match line.first() {
        None | Some(b'"' | b' ' | b'\t' | b'}') => true,
        Some(b'0') => line.starts_with(b"0x"),
        Some(b'_') => line.starts_with(b"_java_thread_list"),
        Some(b'T') => line.starts_with(b"Threads class SMR info"),
        Some(b'F') => line.starts_with(b"Found "),
        _ => false,
    }
}

/// Flink names a task's thread after its subtask: `Map -> Sink: out (2/4)#0`, before 1.10 without the attempt.
fn runs_a_task(name: &str) -> bool {
    let body = match name.rsplit_once('#') {
        Some((body, attempt)) if !attempt.is_empty() && attempt.bytes().all(|b| b.is_ascii_digit()) => body,
        _ => name,
    };
    let numbers = body.strip_suffix(')').and_then(|body| body.rsplit_once(" (")).and_then(|(_, numbers)| numbers.split_once('/'));
    numbers.is_some_and(|(n, of)| [n, of].iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit())))
}

/// Is a frame (`pkg.Class.method(…)`, with or without its module) the JDK's, Flink's or of a library that Flink runs on?
pub(super) fn is_of_platform(frame: &[u8]) -> bool {
    const PLATFORM: [&str; 12] = [
        "java.",
        "javax.",
        "jdk.",
        "sun.",
        "com.sun.",
        "org.apache.flink.",
        "org.rocksdb.",
        "org.apache.pekko.",
        "akka.",
        "scala.",
        "org.apache.logging.",
        "io.netty.",
    ];
    let name = &frame[..memchr::memchr(b'(', frame).unwrap_or(frame.len())];
    // `app//com.acme.Map.map`, `java.base@17.0.15/java.lang.Thread.run`; the slash of a hidden class comes after a `$`.
    let begin = memchr::memrchr(b'/', &name[..memchr::memchr(b'$', name).unwrap_or(name.len())]).map_or(0, |slash| slash + 1);
    PLATFORM.iter().any(|prefix| name[begin..].starts_with(prefix.as_bytes()))
}

/// `2026-11-21 09:18:01`, as it stands above a thread dump, in milliseconds.
pub fn time_alone(line: &[u8]) -> Option<i64> {
    const LENGTH: usize = "2026-11-21 09:18:01".len();
    let line = trim_end(line);
    let (stamp, length) = (line.len() == LENGTH && line.first()?.is_ascii_digit()).then(|| time::parse(line)).flatten()?;
    (length == LENGTH && stamp.date == Date::Full).then_some(stamp.ms)
}

/// Lines that evidence about a dump quotes.
pub fn may_be_cited(line: &[u8]) -> bool {
    line.first() == Some(&b'F') && (line.starts_with(BEGINS) || line.starts_with(b"Found one Java-level deadlock"))
}

/// Does the beginning of a file look like a thread dump of its own (`jstack > file`)?
pub fn looks_like_thread_dump(head: &[u8]) -> bool {
    let mut lines = head.split(|b| *b == b'\n').map(trim).filter(|line| !line.is_empty()).take(4);
    lines.any(|line| line.starts_with(b"Full thread dump "))
}

/// `0x00000000f8a1b2c3> (a java.lang.Object)`.
fn lock(rest: &[u8]) -> (String, String) {
    let end = memchr::memchr(b'>', rest).unwrap_or(rest.len());
    let class = memmem::find(rest, b"(a ").map_or(&b""[..], |at| rest[at + 3..].strip_suffix(b")").unwrap_or(&rest[at + 3..]));
    (text(&rest[..end]), text(class))
}

/// The thread name in quotes; names may hold quotes themselves, so the last one ends it.
fn quoted(line: &[u8]) -> Option<String> {
    let rest = line.strip_prefix(b"\"")?;
    let head = &rest[..rest.len().min(4 * TEXT)];
    let end = memmem::find(head, b"\" #").or_else(|| memmem::find(head, b"\" ")).or_else(|| memchr::memrchr(b'"', head))?;
    Some(text(&rest[..end]))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(&bytes[..bytes.len().min(TEXT)]).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_above_a_dump_tells_its_time() {
        let read = |text: &str| {
            let mut reader = ThreadDumpReader::default();
            text.lines().enumerate().for_each(|(i, line)| reader.line(Place { line: i as u64 + 1, byte: 0 }, line.as_bytes()));
            reader.finish()[0].shown_ms
        };
        let time = time_alone(b"2026-11-21 09:18:01\r");
        assert_eq!(time, Some(1_795_252_681_000));
        assert_eq!(read("2026-11-21 09:18:01\nFull thread dump X:\n"), time);
        assert_eq!(read("2026-11-21 09:18:01\nother\nFull thread dump X:\n"), None);
        assert_eq!(read("Full thread dump X:\n"), None);
        for other in ["2026-11-21 09:18:01,217", "2026-11-21 09:18:01 x", "2026-99-21 09:18:01", "17:32:01"] {
            assert_eq!(time_alone(other.as_bytes()), None, "{other}");
        }
    }

    const DUMP: &str = "\
2026-11-21 09:18:01
Full thread dump OpenJDK 64-Bit Server VM (17.0.9+9 mixed mode, sharing):

\"Source: gen (1/2)#0\" #61 prio=5 os_prio=0 cpu=12.3ms elapsed=10.1s tid=0x00007f nid=0x1 waiting for monitor entry  [0x00007f]
   java.lang.Thread.State: BLOCKED (on object monitor)
\tat com.example.Sink.invoke(Sink.java:42)
\t- waiting to lock <0x00000000f8a1b2c3> (a java.lang.Object)
\tat org.apache.flink.streaming.api.operators.StreamSink.processElement(StreamSink.java:54)

\"legacy-thread\" #62 daemon prio=5 tid=0x00007f nid=0x2 runnable  [0x00007f]
   java.lang.Thread.State: RUNNABLE
\tat com.example.Sink.flush(Sink.java:60)
\t- locked <0x00000000f8a1b2c3> (a java.lang.Object)

\"VM Thread\" os_prio=0 cpu=1.2ms tid=0x00007f nid=0x3 runnable

JNI global refs: 15, weak refs: 0

Found one Java-level deadlock:
=============================
\"Thread-1\":
  waiting to lock monitor 0x00007f (object 0x00000000f8a1b2c3, a java.lang.Object),
  which is held by \"Thread-0\"

\"Thread-0\":
  waiting to lock monitor 0x00007e (object 0x00000000f8a1b2c4, a java.lang.Object),
  which is held by \"Thread-1\"

Java stack information for the threads listed above:
===================================================
\"Thread-1\":
\tat com.example.A.run(A.java:1)

Found 1 deadlock.
";

    fn read(text: &str) -> Vec<ThreadDump> {
        let mut reader = ThreadDumpReader::default();
        for (number, line) in text.lines().enumerate() {
            reader.line(Place { line: number as u64 + 1, byte: 0 }, line.as_bytes());
        }
        reader.finish()
    }

    #[test]
    fn blocked_threads_and_deadlocks() {
        let found = read(DUMP);
        assert_eq!(found.len(), 1);
        let dump = &found[0];
        assert_eq!((dump.threads, dump.blocked, dump.runnable, dump.place.line), (3, 1, 1, 2));
        let blocked = &dump.blocked_threads[0];
        assert_eq!((blocked.name.as_str(), blocked.top_frame.as_str()), ("Source: gen (1/2)#0", "com.example.Sink.invoke(Sink.java:42)"));
        assert_eq!((blocked.held_by.as_deref(), blocked.lock_class.as_str()), (Some("legacy-thread"), "java.lang.Object"));
        assert_eq!(dump.deadlocks[0].threads, ["Thread-1", "Thread-0"]);
        assert_eq!(dump.deadlocks_found, 1);
        assert!(looks_like_thread_dump(DUMP.as_bytes()));
    }

    #[test]
    fn a_cut_dump_and_many_threads_stay_bounded() {
        let mut many = String::from("Full thread dump X:\n");
        for i in 0..10_000 {
            many += &format!(
                "\"t{i}\" #1 prio=5\n   java.lang.Thread.State: BLOCKED (on object monitor)\n\tat a.B.c(D.java:1)\n\t- waiting to lock <0x1> (a X)\n\t- locked <0x{i}> (a X)\n"
            );
        }
        let found = read(&many);
        assert_eq!((found[0].threads, found[0].blocked, found[0].blocked_threads.len()), (10_000, 10_000, BLOCKED));
        for cut in [0, 30, 100, 400, 900] {
            read(&DUMP[..cut]);
        }
    }

    #[test]
    fn frames_of_other_text_are_not_taken() {
        assert!(read("java.lang.RuntimeException\n\tat a.B.c(D.java:1)\n\"x\" #1\n").is_empty());
    }

    #[test]
    fn real_output_of_jstack() {
        let dumps = read(include_str!("../../fixtures/jvm/jstack-17.txt"));
        assert_eq!(dumps.len(), 1);
        let dump = &dumps[0];
        assert_eq!((dump.threads, dump.deadlocks_found, dump.tasks), (25, 1, 3));
        assert_eq!(dump.deadlocks[0].threads, ["orders-cache-writer", "orders-cache-reader"]);
        let waiting = dump.blocked_threads.iter().find(|thread| thread.name.starts_with("Sink: orders")).unwrap();
        assert!(waiting.held_by.as_deref().is_some_and(|name| name.starts_with("Sink: orders")));
        assert!(dump.task_threads.iter().all(|task| task.user_frame.as_deref() == Some("Dead$Sink.invoke(Dead.java:5)")));
    }

    #[test]
    fn the_text_after_a_dump_is_not_part_of_it() {
        let text = format!("{DUMP}\nJNI global refs: 4, weak refs: 0\n\nHeap\n garbage-first heap   total 1K, used 1K\n\"x\" #1\n");
        let mut reader = ThreadDumpReader::default();
        for (number, line) in text.lines().enumerate() {
            reader.line(Place { line: number as u64 + 1, byte: 0 }, line.as_bytes());
        }
        assert!(!reader.reading());
    }

    #[test]
    fn threads_of_tasks_are_told_by_their_names() {
        for name in ["Source: orders (1/4)#0", "Map -> Sink: out (12/128)", "Window(Tumbling(5)) (1/1)#13"] {
            assert!(runs_a_task(name), "{name}");
        }
        for name in ["main", "flink-akka.actor.default-dispatcher-3", "OutputFlusher for Source: x", "pool (a/b)", "GC Thread#0"] {
            assert!(!runs_a_task(name), "{name}");
        }
    }
}
