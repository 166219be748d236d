//! Cheap stateless tests: may this line matter, does this file look like a GC log.
//!
//! In: bytes of one line, or the beginning of a file. Says yes too often rather than no wrongly. Never allocates.

use super::{legacy, unified};
use memchr::{memchr, memchr_iter, memchr2, memchr2_iter, memmem};
use std::sync::LazyLock;

static STOPPED: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("threads were stopped"));

static LIMIT: LazyLock<memmem::Finder<'static>> = LazyLock::new(|| memmem::Finder::new("would exceed GCTimeLimit"));

/// `Total time for which application threads were stopped: …`.
pub(super) fn mentions_stop(line: &[u8]) -> bool {
    STOPPED.find(line).is_some()
}

/// Can this line matter to [`super::Machine`]? Stateless and cheap enough for every line of a log.
pub fn is_candidate(line: &[u8]) -> bool {
    let (line, _) = strip(line);
    match line {
        [] => false,
        [b'[', b'0'..=b'9' | b'a'..=b'z', ..] => match decorated(line) {
            Some(matters) => matters,
            None => torn(line) || bracketed(line) || mentions_stop(line),
        },
        // Application lines and stack frames; JDK 8 indents with blanks.
        [b'\t', ..] => torn(line),
        _ if log4j(line) => torn(line),
        _ => unified::undecorated(line) || torn(line) || bracketed(line) || plain(line) || mentions_stop(line),
    }
}

/// Takes leading NUL bytes (copytruncate) and the line end off; the second value is how many bytes were skipped.
pub(super) fn strip(line: &[u8]) -> (&[u8], u64) {
    let mut text = line;
    while let [0, ..] = text {
        let zeros = text.iter().position(|b| *b != 0).unwrap_or(text.len());
        text = &text[zeros..];
    }
    let skipped = (line.len() - text.len()) as u64;
    while let [rest @ .., b'\n' | b'\r'] = text {
        text = rest;
    }
    (text, skipped)
}

/// A line of decorations and message; `None` when the brackets are not all decorations.
fn decorated(line: &[u8]) -> Option<bool> {
    let mut at = 0;
    while line.get(at) == Some(&b'[') {
        at += super::decorations::group_end(&line[at + 1..])? + 2;
    }
    let message = &line[at..];
    let message = message.strip_prefix(b" ").unwrap_or(message);
    if unified::matters(message) {
        return Some(true);
    }
    if memchr(b'(', &line[..at]).is_some() {
        // Not all of it was decorations.
        return None;
    }
    // Another record may have been torn into this one.
    let rest = message.strip_prefix(b"GC(").unwrap_or(message);
    Some(torn(rest))
}

/// `2026-11-21 09:18:01,293 INFO …`: the usual head of an application line; JDK 8 has a `T` in its date.
fn log4j(line: &[u8]) -> bool {
    line.len() > 20 && line[4] == b'-' && line[10] == b' ' && line[13] == b':'
}

/// A record inside other text: `GC(3)`, `[GC`, `Full GC`, or its tags behind other decorations. One pass.
fn torn(line: &[u8]) -> bool {
    memchr2_iter(b'G', b'[', line).any(|at| match &line[at..] {
        [b'G', b'C', ..] => true,
        [b'[', tags @ ..] => at > 0 && line[at - 1] == b']' && (tags.starts_with(b"gc") || tags.starts_with(b"safepoint")),
        _ => false,
    })
}

/// JDK 8 text with brackets: durations, spaces, or brackets that do not balance and so change the depth.
fn bracketed(line: &[u8]) -> bool {
    let Some(first) = memchr2(b'[', b']', line) else {
        return false;
    };
    let (mut depth, mut least) = (0i64, 0i64);
    for byte in &line[first..] {
        match byte {
            b'[' => depth += 1,
            b']' => {
                depth -= 1;
                least = least.min(depth);
            }
            _ => {}
        }
    }
    if depth != 0 || least < 0 {
        return true;
    }
    // What stands in brackets of JDK 8: `[Times: … secs]`, `[Pause …]`, `[Concurrent cleanup …]`, `[Eden: …]`, `…-mark-start]`.
    let rest = &line[first..];
    memchr_iter(b'[', rest).any(|at| matches!(&rest[at + 1..], [b'P', b'a', ..] | [b'C', b'o' | b'M', ..] | [b'E', b'd', ..] | [b'T', b'i', ..]))
        || memchr_iter(b']', rest).any(|at| rest[..at].ends_with(b"secs"))
}

/// Lines without brackets: headers of JDK 8 and marks.
fn plain(line: &[u8]) -> bool {
    match line.first() {
        Some(b'J' | b'O') => memmem::find(line, b" JRE (").is_some(),
        Some(b'C') => line.starts_with(b"CommandLine flags: "),
        Some(b'H') => line == b"Heap",
        _ => is_rotation(line) || mentions_limit(line),
    }
}

/// `2016-04-14 22:37:22 GC log file created logs/gc.log.1`: a further file of the same JVM.
pub(super) fn is_rotation(line: &[u8]) -> bool {
    line.get(19..).is_some_and(|rest| rest.starts_with(b" GC log file created "))
}

/// `GC time would exceed GCTimeLimit of 98%`.
pub(super) fn mentions_limit(line: &[u8]) -> bool {
    LIMIT.find(line).is_some()
}

/// Share of lines that must be GC lines for a file to be a GC log of its own.
const SHARE: usize = 2;

/// Does this beginning of a file (about 64 KiB) look like a GC log of its own? Not so for a Flink log, nor for an `.out` file
/// that has GC lines between others.
pub fn looks_like_gc_log(head: &[u8]) -> bool {
    let (head, _) = strip(head);
    let (mut gc, mut foreign, mut sure) = (0usize, 0usize, false);
    let mut inside = false;
    let lines = head.split(|b| *b == b'\n').map(|line| strip(line).0).filter(|line| !line.is_empty());
    for (number, line) in lines.take(2000).enumerate() {
        if number < 3 && (legacy::header(line).is_some() || line.starts_with(b"CommandLine flags: ")) {
            // JDK 8 heads its log files so, but not what it prints to stdout.
            return true;
        }
        let (ours, certain) = judge(line, &mut inside);
        sure |= certain;
        if ours == Some(true) {
            gc += 1;
        } else if ours.is_none() {
            continue;
        } else if !matches!(line.first(), Some(b' ' | b'\t' | b':' | b',' | b'-' | b'}' | b'{')) {
            foreign += 1;
        }
    }
    sure && gc > foreign * SHARE
}

/// (Is this a line of a GC log, none: it may be one; it proves one.)
fn judge(line: &[u8], inside: &mut bool) -> (Option<bool>, bool) {
    if log4j(line) {
        return (Some(false), false);
    }
    if let [b'[', b'0'..=b'9' | b'a'..=b'z', ..] = line
        && let Some(found) = super::decorations::parse(line)
    {
        // Without tags, details cannot be told from lines of other log topics.
        let known = unified::matters(found.message);
        return ((found.gc || known || found.message.starts_with(b"GC(")).then_some(true), known);
    }
    if line.starts_with(b"GC(") || unified::undecorated(line) {
        return (Some(true), unified::undecorated(line));
    }
    let stop = legacy::looks_like_record(line);
    *inside |= stop;
    let detail = *inside && (memchr2(b'[', b']', line).is_some() || memmem::find(line, b"AdaptiveSize").is_some());
    (Some(stop || detail || plain(line) || mentions_stop(line)), stop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ordinary_lines_are_refused() {
        for line in [
            &b"2026-11-21 09:18:01,293 INFO  org.apache.flink.runtime.taskexecutor.TaskExecutor [] - Triggering checkpoint 1"[..],
            b"\tat org.apache.flink.runtime.taskmanager.Task.run(Task.java:562) ~[flink-dist-1.20.5.jar:1.20.5]",
            b"java.lang.RuntimeException: x",
            b"Triggering checkpoint 1",
            b"[1.307s][info][gc,phases    ] GC(1)   Evacuate Collection Set: 3.2ms",
            b"[1.307s][info][gc,task      ] GC(1) Using 2 workers of 2 for evacuation",
            b"",
            b"\0\0\0",
        ] {
            assert!(!is_candidate(line), "{}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn gc_lines_pass() {
        for line in [
            &b"[1.307s][info][gc           ] GC(1) Pause Young (Normal) (G1 Evacuation Pause) 31M->3M(128M) 3.447ms\r\n"[..],
            b"GC(1) Pause Remark 2M->2M(4M) 0.1ms",
            b"Using G1",
            b"x [] - [2.0s][info][gc] Allocation Stall (main) 18.549ms",
            b", 0.0345000 secs]",
            b"[GC concurrent-mark-start]",
            b"   [Eden: 77.0M(77.0M)->0.0B(79.0M) Survivors: 8.0M->7.0M Heap: 155.5M(200.0M)->66.3M(200.0M)]",
            b"{Heap before [unclosed",
            b"\0\0[0.1s][info][gc] Using Serial",
            b"2021-03-04T05:06:07.089+0100: 420,607: Total time for which application threads were stopped: 0,0005500 seconds",
        ] {
            assert!(is_candidate(line), "{}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn gc_logs_are_told_from_other_files() {
        let unified = b"[0.005s][info][gc] Using G1\n[1.0s][info][gc] GC(0) Pause Young (Normal) (G1 Evacuation Pause) 3M->1M(9M) 1.5ms\n";
        assert!(looks_like_gc_log(unified));
        let bare = b"Using G1\nVersion: 21\nGC(0) Pause Young (Normal) (G1 Evacuation Pause) 3M->1M(9M) 1.5ms\nGC(0) User=0.0s Sys=0.0s Real=0.0s\n";
        assert!(looks_like_gc_log(bare));
        let old =
            b"2.0: [GC (Allocation Failure)  50000K->12000K(200000K), 0.0111000 secs]\n3.0: [Full GC (Ergonomics)  50000K->12000K(200000K), 0.0111000 secs]\n";
        assert!(looks_like_gc_log(old));
        let out = [&b"2026-11-21 09:18:01,293 INFO  o.a.f.T [] - churn\nTriggering checkpoint\n"[..], unified].concat();
        assert!(!looks_like_gc_log(&out));
        assert!(!looks_like_gc_log(b"2026-11-21 09:18:01,293 INFO  o.a.f.T [] - Using G1\n"));
        assert!(!looks_like_gc_log(b"[main] INFO x\n[main] INFO y\n"));
        assert!(!looks_like_gc_log(b""));
    }
}
