//! Messages of unified logging (JDK 9+): which lines matter, and what they say.
//!
//! In: a line. Out: the record inside it (stamps and a typed [`Topic`]) or nothing. Recognises by message, as tags may be
//! switched off. Keeps no state.

use super::decorations::{self, Stamp};
use super::model::{Collector, PauseKind};
use super::numbers::{self, Change, change, decimal, size, trailing, trim, trim_end, uint};
use memchr::memmem;

/// A record of the GC log found in a line.
#[derive(Clone, Copy, Debug)]
pub(super) struct Record<'a> {
    pub stamp: Stamp,
    /// Number of the collection, `GC(n)`.
    pub id: Option<u64>,
    /// Generational ZGC marks lines `y:`, `Y:` or `O:`.
    pub generational: bool,
    pub topic: Topic,
    /// Message after `GC(n) ` and the generation, blanks trimmed at the end.
    pub text: &'a [u8],
}

/// What a message is about; recognised by its first word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Topic {
    Pause,
    Concurrent,
    /// A whole ZGC cycle: `Garbage|Minor|Major Collection (cause)`.
    Cycle,
    ToSpaceExhausted,
    Metaspace,
    OldSpace,
    OldRegions,
    HumongousRegions,
    Cpu,
    Header(Collector),
    MaxHeap,
    RegionSize,
    Version,
    HeapExit,
    Safepoint,
    StoppedTime,
    EnterSafepoint,
    AllocationStall,
    RelocationStall,
    OutOfMemory,
    Trigger,
    PromotionFailed,
    Promoted,
    Generational,
}

/// Finds the record, wherever it stands in the line; application text may precede it when the program had flushed half a line.
pub(super) fn record(line: &[u8]) -> Option<Record<'_>> {
    if line.first() == Some(&b'[') {
        if let Some(found) = decorations::parse(line) {
            let (id, generational, text) = head(found.message);
            let topic = if found.exit { (text == b"Heap").then_some(Topic::HeapExit) } else { topic(id.is_some(), found.gc, text) };
            if let Some(topic) = topic {
                return Some(Record { stamp: found.stamp, id, generational, topic, text });
            }
            // `[0.1s][info][gc] text [1.2s][info][gc] GC(3) …`: a record torn into another one.
            return embedded(line, 1);
        }
    } else if let Some(first @ (b'A'..=b'Z' | b' ')) = line.first() {
        // Undecorated (`-Xlog:gc*:file=…:none`).
        let (id, generational, text) = head(line);
        if (id.is_some() || *first != b' ')
            && let Some(topic) = topic(id.is_some(), id.is_some(), text)
        {
            return Some(Record { stamp: Stamp::default(), id, generational, topic, text });
        }
    }
    embedded(line, 0)
}

/// A record behind other text, at `from` or later.
fn embedded(line: &[u8], from: usize) -> Option<Record<'_>> {
    let rest = line.get(from..)?;
    // The last one: what precedes it never got its line end.
    if let Some(at) = memmem::rfind(rest, b"GC(").map(|at| at + from)
        && let (Some(id), generational, text) = head(&line[at..])
        && at.checked_sub(1).is_none_or(|before| !line[before].is_ascii_alphanumeric())
        && let Some(topic) = topic(true, true, text)
    {
        let stamp = match line[..at].strip_suffix(b" ").filter(|before| before.ends_with(b"]")) {
            Some(before) => decorations::parse(&line[chain_start(before)..]).map(|found| found.stamp),
            None => None,
        };
        return Some(Record { stamp: stamp.unwrap_or_default(), id: Some(id), generational, topic, text });
    }
    let tags = [memmem::rfind(rest, b"][gc"), memmem::rfind(rest, b"][safepoint")];
    let at = tags.into_iter().flatten().max()? + from;
    let found = decorations::parse(&line[chain_start(&line[..=at])..])?;
    let (id, generational, text) = head(found.message);
    let topic = topic(id.is_some(), found.gc, text)?;
    Some(Record { stamp: found.stamp, id, generational, topic, text })
}

/// Start of the `[…][…]` groups that end at the end of `before`.
fn chain_start(before: &[u8]) -> usize {
    let mut end = before.len();
    for _ in 0..16 {
        if end == 0 || before[end - 1] != b']' {
            break;
        }
        match memchr::memrchr(b'[', &before[end.saturating_sub(100)..end]) {
            Some(at) => end = end.saturating_sub(100) + at,
            None => break,
        }
    }
    end
}

/// Takes `GC(n) ` and the generation of generational ZGC off a message.
fn head(message: &[u8]) -> (Option<u64>, bool, &[u8]) {
    let Some(rest) = message.strip_prefix(b"GC(") else {
        return (None, false, trim_end(message));
    };
    let Some((id, length)) = uint(rest) else {
        return (None, false, trim_end(message));
    };
    let Some(rest) = rest[length..].strip_prefix(b") ") else {
        return (None, false, trim_end(message));
    };
    match rest {
        [b'y' | b'Y' | b'O' | b'o', b':', b' ', rest @ ..] => (Some(id), true, trim_end(rest)),
        _ => (Some(id), false, trim_end(rest)),
    }
}

/// Does a message behind decorations matter?
pub(super) fn matters(message: &[u8]) -> bool {
    let (id, _, text) = head(message);
    topic(id.is_some(), true, text).is_some() || text == b"Heap"
}

/// Is this an undecorated line (`-Xlog:…:none`) that matters?
pub(super) fn undecorated(line: &[u8]) -> bool {
    let (id, _, text) = head(line);
    matches!(line.first(), Some(b'A'..=b'Z')) && topic(id.is_some(), id.is_some(), text).is_some()
}

/// The topic of a message. `ours`: it has a GC or safepoint tag, or a `GC(n)`.
fn topic(id: bool, ours: bool, text: &[u8]) -> Option<Topic> {
    let is = |prefix: &[u8]| text.starts_with(prefix);
    let found = match *text.first()? {
        b'P' if id && is(b"Pause ") => Topic::Pause,
        b'P' if !id && is(b"Promotion failed") => Topic::PromotionFailed,
        b'P' if ours && (is(b"PSOldGen: ") || is(b"ParOldGen: ")) => Topic::OldSpace,
        b'C' if id && is(b"Concurrent ") && counted(&text[11..]) => Topic::Concurrent,
        b'C' if is(b"Cancelling GC: ") => Topic::Trigger,
        b'C' if id && is(b"CMS: ") => Topic::OldSpace,
        b'T' if is(b"To-space exhausted") => Topic::ToSpaceExhausted,
        b'T' if is(b"Total time for which application threads were stopped: ") => Topic::StoppedTime,
        b'T' if is(b"Trigger: ") || is(b"Trigger (") => Topic::Trigger,
        b'T' if id && is(b"Tenured: ") => Topic::OldSpace,
        b'G' if id && is(b"Garbage Collection (") => Topic::Cycle,
        b'M' if id && (is(b"Minor Collection (") || is(b"Major Collection (")) => Topic::Cycle,
        b'M' if ours && is(b"Metaspace: ") => Topic::Metaspace,
        b'M' if is(b"Max Capacity: ") => Topic::MaxHeap,
        b'M' if ours && is(b"Minimum heap ") => Topic::MaxHeap,
        b'M' if ours && is(b"Mode: Generational") => Topic::Generational,
        b'S' if is(b"Shenandoah GC mode: Generational") => Topic::Generational,
        b'S' if is(b"Safepoint \"") => Topic::Safepoint,
        b'H' if id && is(b"Humongous regions: ") && !text.ends_with(b": 0->0") => Topic::HumongousRegions,
        b'H' if is(b"Heap Max Capacity: ") || is(b"Heap address: ") => Topic::MaxHeap,
        b'H' if is(b"Heap Region Size: ") || is(b"Heap region size: ") => Topic::RegionSize,
        b'O' if id && is(b"Old regions: ") => Topic::OldRegions,
        b'O' if ours && is(b"Out Of Memory (") => Topic::OutOfMemory,
        // Only for pauses worth a note; hundredths of a second are all that is printed.
        b'U' if id && is(b"User=") && !matches!(text, [.., b'=', b'0', b'.' | b',', b'0', _, b's']) => Topic::Cpu,
        b'U' if !id && is(b"Using ") => Topic::Header(using(text)?),
        b'I' if is(b"Initializing The Z Garbage Collector") => Topic::Header(Collector::Zgc),
        b'I' if is(b"Initialize Shenandoah heap: ") => Topic::MaxHeap,
        b'V' if ours && is(b"Version: ") => Topic::Version,
        b'A' if is(b"Allocation Stall (") => Topic::AllocationStall,
        b'R' if is(b"Relocation Stall (") => Topic::RelocationStall,
        b'E' if is(b"Entering safepoint region: ") => Topic::EnterSafepoint,
        b' ' if id => match trim(text) {
            rest if rest.starts_with(b"Promoted: ") => Topic::Promoted,
            _ => return None,
        },
        _ => return None,
    };
    Some(found)
}

/// Concurrent phases that are counted or have a heap size; the steps of a cycle do not matter.
fn counted(phase: &[u8]) -> bool {
    let is = |prefix: &[u8]| phase.starts_with(prefix);
    match phase.first() {
        Some(b'M') => phase == b"Mark" || is(b"Mark Cycle") || is(b"Mark ") && phase.get(5).is_some_and(u8::is_ascii_digit),
        Some(b'C') => is(b"Cycle"),
        Some(b'U') => is(b"Undo Cycle"),
        Some(b'R') => phase == b"Reset" || is(b"Reset ") && phase.get(6).is_some_and(u8::is_ascii_digit),
        Some(b'r') => is(b"reset"),
        Some(b'c') => is(b"cleanup"),
        Some(b'A') => is(b"Abortable Preclean"),
        Some(b'S') => is(b"Sweep"),
        _ => false,
    }
}

/// `Using G1`: the whole line, as other programs use things too.
fn using(text: &[u8]) -> Option<Collector> {
    Some(match text {
        b"Using G1" => Collector::G1,
        b"Using Serial" => Collector::Serial,
        b"Using Parallel" => Collector::Parallel,
        b"Using Concurrent Mark Sweep" => Collector::Cms,
        b"Using The Z Garbage Collector" => Collector::Zgc,
        b"Using Shenandoah" => Collector::Shenandoah,
        _ => return None,
    })
}

/// A pause line. `ms` is none on the start line.
#[derive(Debug, PartialEq)]
pub(super) struct PauseLine<'a> {
    pub kind: PauseKind,
    pub cause: &'a [u8],
    pub heap: Option<Change>,
    pub ms: Option<f64>,
    pub evacuation_failed: bool,
    /// `(Young)`, `(Old)`, `(Global)` of generational Shenandoah.
    pub generational: bool,
    /// What the words say of the collector.
    pub collector: Collector,
}

/// `Pause Young (Normal) (G1 Evacuation Pause) 31M->3M(128M) 3.447ms`.
pub(super) fn pause(text: &[u8]) -> Option<PauseLine<'_>> {
    let text = text.strip_prefix(b"Pause ")?;
    // Shippers join records: `… 880.722ms User=2.03s …`.
    let text = if text.ends_with(b"ms") { text } else { memmem::find(text, b"ms User=").map_or(text, |at| &text[..at + 2]) };
    let (body, ms) = match text.strip_suffix(b"ms") {
        Some(body) => {
            let number = trailing(body);
            let (ms, length) = decimal(number)?;
            if length != number.len() {
                return None;
            }
            (trim_end(&body[..body.len() - number.len()]), Some(ms))
        }
        // A line cut inside its numbers is neither start nor end.
        None if text.last().is_some_and(u8::is_ascii_digit) || text.windows(2).any(|pair| pair == b"->") => {
            return None;
        }
        None => (text, None),
    };
    parts(body, ms)
}

/// A pause without `Pause ` and duration: `Young (Normal) (G1 Evacuation Pause) 31M->3M(128M)`.
pub(super) fn parts(body: &[u8], ms: Option<f64>) -> Option<PauseLine<'_>> {
    let words = body.iter().position(|b| *b == b'(' || b.is_ascii_digit()).unwrap_or(body.len());
    let name = trim_end(&body[..words]);
    let mut found =
        PauseLine { kind: PauseKind::Other, cause: b"", heap: None, ms, evacuation_failed: false, generational: false, collector: Collector::Unknown };
    use Collector::{Cms, G1, Shenandoah, Unknown, Zgc};
    (found.kind, found.collector) = match name {
        b"Young" => (PauseKind::Young, Unknown),
        b"Full" => (PauseKind::Full, Unknown),
        b"Mixed" => (PauseKind::Mixed, G1),
        b"Remark" => (PauseKind::Remark, Unknown),
        b"Cleanup" => (PauseKind::Cleanup, G1),
        // JDK 9 and 10 G1 give a cause, CMS does not.
        b"Initial Mark" if body.get(words) == Some(&b'(') => (PauseKind::ConcurrentStart, G1),
        b"Initial Mark" => (PauseKind::InitialMark, Cms),
        b"Mark Start" => (PauseKind::MarkStart, Zgc),
        b"Mark End" => (PauseKind::MarkEnd, Zgc),
        b"Relocate Start" => (PauseKind::RelocateStart, Zgc),
        b"Init Mark" => (PauseKind::InitMark, Shenandoah),
        b"Final Mark" => (PauseKind::FinalMark, Shenandoah),
        b"Init Update Refs" => (PauseKind::InitUpdateRefs, Shenandoah),
        b"Final Update Refs" => (PauseKind::FinalUpdateRefs, Shenandoah),
        b"Final Roots" => (PauseKind::FinalRoots, Shenandoah),
        b"Degenerated GC" => (PauseKind::Degenerated, Shenandoah),
        _ => (PauseKind::Other, Unknown),
    };
    let mut rest = &body[words..];
    while rest.first() == Some(&b'(') {
        let (group, after) = parentheses(rest)?;
        match group {
            b"Normal" => found.collector = G1,
            b"Concurrent Start" => (found.kind, found.collector) = (PauseKind::ConcurrentStart, G1),
            b"Prepare Mixed" => (found.kind, found.collector) = (PauseKind::PrepareMixed, G1),
            b"Mixed" => (found.kind, found.collector) = (PauseKind::Mixed, G1),
            b"Young" | b"Old" | b"Global" if found.collector == Shenandoah || found.kind == PauseKind::Full => found.generational = true,
            b"Major" if found.collector == Zgc => found.generational = true,
            _ if group.starts_with(b"Evacuation Failure") => found.evacuation_failed = true,
            _ if matches!(found.collector, Shenandoah | Zgc) => {}
            _ if found.cause.is_empty() => found.cause = group,
            _ => {}
        }
        rest = trim(after);
    }
    if found.cause.starts_with(b"G1 ") {
        found.collector = G1;
    } else if found.cause == b"Ergonomics" {
        found.collector = Collector::Parallel;
    }
    found.heap = change(rest).map(|(change, _)| change);
    Some(found)
}

/// Content of the round brackets at the start of `text`, which may nest (`(System.gc())`), and what follows.
fn parentheses(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut depth = 0;
    for (at, byte) in text.iter().enumerate().take(200) {
        match byte {
            b'(' => depth += 1,
            b')' => {
                depth -= 1;
                if depth == 0 {
                    return Some((&text[1..at], &text[at + 1..]));
                }
            }
            _ => {}
        }
    }
    None
}

/// `Garbage Collection (Warmup) 26M(10%)->30M(12%)`, from JDK 21 with seconds: cause, and the heap when it is the end line.
pub(super) fn cycle(text: &[u8]) -> Option<(&[u8], Option<Change>)> {
    let (cause, rest) = parentheses(&text[memchr::memchr(b'(', text)?..])?;
    Some((cause, change(trim(rest)).map(|(change, _)| change)))
}

/// The change in `Metaspace: 9224K->9224K(…)`, `Concurrent cleanup 104M->8M(128M) …`, `Tenured: …`; ZGC's `17M used` counts for both.
pub(super) fn space(text: &[u8]) -> Option<Change> {
    let from = text.iter().position(u8::is_ascii_digit)?;
    let text = &text[from..];
    if let Some((change, _)) = change(text) {
        return Some(change);
    }
    let (used, length) = size(text)?;
    text[length..].starts_with(b" used").then_some(Change { before: used, after: used, total: None })
}

/// `Old regions: 3->11`.
pub(super) fn regions(text: &[u8]) -> Option<(u64, u64)> {
    let text = &text[memchr::memchr(b':', text)? + 1..];
    let text = trim(text);
    let (before, length) = uint(text)?;
    let (after, _) = uint(text[length..].strip_prefix(b"->")?)?;
    Some((before, after))
}

/// Largest size of a table row, `Live: - 12M (5%) 12M (5%) …`.
pub(super) fn largest(text: &[u8]) -> Option<u64> {
    let fields = text.split(|b| *b == b' ').filter_map(size).map(|(value, _)| value);
    fields.max()
}

/// `User=0.01s Sys=0.00s Real=0.01s`.
pub(super) fn cpu(text: &[u8]) -> Option<super::model::Cpu> {
    let field = |name: &[u8]| -> Option<f64> {
        let at = memmem::find(text, name)? + name.len();
        decimal(&text[at..]).map(|(value, _)| value)
    };
    Some(super::model::Cpu { user_s: field(b"User=")?, sys_s: field(b"Sys=")?, real_s: field(b"Real=")? })
}

/// The maximum heap size that a header line states, bytes.
pub(super) fn max_heap(text: &[u8]) -> Option<u64> {
    if let Some(at) = memmem::find(text, b"Max Capacity: ") {
        return size(&text[at + 14..]).map(|(value, _)| value);
    }
    if text.starts_with(b"Heap address: ") {
        // JDK 11: the reserved range is the maximum heap.
        let at = memmem::find(text, b"size: ")? + 6;
        let (value, length) = uint(&text[at..])?;
        return text[at + length..].starts_with(b" MB").then_some(value.saturating_mul(1 << 20));
    }
    if text.starts_with(b"Initialize Shenandoah heap: ") {
        let before = text.strip_suffix(b" max")?;
        let at = memchr::memrchr(b' ', before)? + 1;
        return size(&before[at..]).map(|(value, _)| value);
    }
    let at = memmem::find(text, b"Maximum heap ")? + 13;
    numbers::uint(&text[at..]).map(|(value, _)| value)
}

/// Why Shenandoah collects, without the figures that differ from line to line.
pub(super) fn trigger(text: &[u8]) -> Option<&'static [u8]> {
    let has = |needle: &[u8]| memmem::find(text, needle).is_some();
    Some(match () {
        () if has(b"Stopping VM") => return None,
        () if has(b"System.gc()") => b"System.gc()",
        () if has(b"Metadata GC") => b"Metadata GC Threshold",
        () if has(b"Allocation Failure") => b"Allocation Failure",
        () if has(b"Upgrade To Full") => b"Upgrade To Full GC",
        () if has(b"Learning") => b"Learning",
        () if has(b"Average GC time") || has(b"allocation rate") => b"Allocation Rate",
        () if has(b"Free (") => b"Free Below Threshold",
        () if has(b"Time since last GC") => b"Periodic",
        () if has(b"Old has overgrown") || has(b"fragment") => b"Old Generation",
        () => b"Other Trigger",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_of_every_collector() {
        let g1 = pause(b"Pause Young (Concurrent Start) (G1 Humongous Allocation) (Evacuation Failure: Allocation) 117M->118M(128M) 3,447ms").unwrap();
        assert_eq!((g1.kind, g1.cause, g1.ms), (PauseKind::ConcurrentStart, &b"G1 Humongous Allocation"[..], Some(3.447)));
        assert!(g1.evacuation_failed && g1.heap.unwrap().after == 118 << 20);
        let full = pause(b"Pause Full (System.gc()) 120M->97M(128M) 1.0ms").unwrap();
        assert_eq!((full.kind, full.cause), (PauseKind::Full, &b"System.gc()"[..]));
        let zgc = pause(b"Pause Mark Start (Major) 0.012ms").unwrap();
        assert_eq!((zgc.kind, zgc.collector, zgc.generational, zgc.heap), (PauseKind::MarkStart, Collector::Zgc, true, None));
        let degenerated = pause(b"Pause Degenerated GC (Young) (Outside of Cycle) 114M->112M(128M) 18.3ms").unwrap();
        assert_eq!((degenerated.kind, degenerated.generational, degenerated.cause), (PauseKind::Degenerated, true, &b""[..]));
        assert_eq!(pause(b"Pause Initial Mark 47M->47M(92M) 0.732ms").unwrap().kind, PauseKind::InitialMark);
        assert_eq!(pause(b"Pause Initial Mark (G1 Evacuation Pause) 47M->47M(92M) 0.732ms").unwrap().kind, PauseKind::ConcurrentStart);
    }

    #[test]
    fn start_lines_and_cut_lines() {
        assert_eq!(pause(b"Pause Young (Normal) (G1 Evacuation Pause)").unwrap().ms, None);
        assert!(pause(b"Pause Remark 82M->82M(128M) 1.0").is_none());
        assert!(pause(b"Pause Remark 82M->8").is_none());
        assert!(pause(b"Pause Mark End 0.0").is_none());
    }

    #[test]
    fn joined_records_keep_their_duration() {
        let line = b"Pause Full (System.gc()) 828M->742M(1024M) 880.722ms User=2.03s Sys=0.01s Real=0.88s";
        assert_eq!(pause(line).unwrap().ms, Some(880.722));
    }

    #[test]
    fn records_are_found_inside_application_lines() {
        let line = b"2026-11-21 09:18:01,293 INFO  o.a.f.T [] - [1.076s][info][gc] GC(0) Pause Young (Allocation Failure) 25M->2M(92M) 15.046ms";
        let found = record(line).unwrap();
        assert_eq!((found.id, found.topic, found.stamp.uptime), (Some(0), Topic::Pause, Some(1076.0)));
        let bare = record(b"tick GC(7) Pause Remark 2M->2M(92M) 1.5ms").unwrap();
        assert_eq!((bare.id, bare.stamp), (Some(7), Stamp::default()));
        let stall = record(b"x [] - [2.0s][info][gc] Allocation Stall (main) 18.549ms").unwrap();
        assert_eq!((stall.topic, stall.stamp.uptime), (Topic::AllocationStall, Some(2000.0)));
        assert!(record(b"2026-11-21 09:18:01,293 INFO  o.a.f.T [] - Using G1 today").is_none());
    }

    #[test]
    fn statistics_are_no_events() {
        for line in [
            &b"[1.0s][info][gc,stats    ] Pause Init Mark (G)                  93 us"[..],
            b"[1.0s][info][gc,stats    ] Pause Init Mark (G) = 0.012 s (a = 93 us) (n = 41)",
            b"[1.0s][info][gc,phases,start] GC(4) Marking Phase",
            b"[1.0s][info][gc,phases] GC(4) Phase 1: Mark live objects 4.721ms",
            b"[1.0s][info][gc,alloc] GC(4) Allocation Stalls: 0 0 0 0",
        ] {
            assert!(record(line).is_none(), "{}", String::from_utf8_lossy(line));
        }
    }

    #[test]
    fn header_sizes() {
        assert_eq!(max_heap(b"Heap Max Capacity: 128M"), Some(128 << 20));
        assert_eq!(max_heap(b"Heap address: 0x00000000f8000000, size: 128 MB, Compressed Oops mode: 32-bit"), Some(128 << 20));
        assert_eq!(max_heap(b"Initialize Shenandoah heap: 250M initial, 7168K min, 3991M max"), Some(3991 << 20));
        assert_eq!(max_heap(b"Minimum heap 1  Initial heap 2  Maximum heap 134217728"), Some(134_217_728));
    }
}
