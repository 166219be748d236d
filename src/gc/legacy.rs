//! GC logs of JDK 5–8: records in brackets, spread over several lines and torn by other output.
//!
//! In: lines in file order. Out: [`Event`]s. One stop is the outermost bracket that opens with `[GC` or `[Full GC`; its last
//! `, x secs]` is the duration, inner ones are parts. Concurrent phases are no stops. Holds no text, only counters.

use super::decorations::{self, Stamp};
use super::model::{Collector, Cpu, PauseKind, Place};
use super::numbers::{Change, change, decimal, size, trailing, trim, trim_end};
use super::{candidate, unified};
use memchr::memmem;

/// A record longer than this was never closed (free-list statistics make hundreds of lines, not more).
const MAX_BYTES: usize = 8 << 20;

#[derive(Clone, Debug)]
pub(super) enum Event<'a> {
    /// A stop. The stamp is its start, but for Shenandoah its end.
    Pause(Place, Stamp, Stop<'a>),
    /// A record began and a new one stands in its place; or a start line of Shenandoah.
    Open(Place, Stamp, PauseKind),
    Heap(Change),
    Cpu(Cpu),
    /// Heap after concurrent work, end stamp and duration (Shenandoah).
    Concurrent(Stamp, Change, f64),
    CycleStart,
    Stopped(Stamp, &'a [u8]),
}

#[derive(Clone, Debug)]
pub(super) struct Stop<'a> {
    pub kind: PauseKind,
    pub cause: &'a [u8],
    pub ms: f64,
    pub heap: Option<Change>,
    pub young: Option<Change>,
    pub metaspace: Option<Change>,
    pub collector: Collector,
    pub hidden_full: bool,
    pub evacuation_failed: bool,
    pub promotion_failed: bool,
    pub concurrent_mode_failure: bool,
    /// The stamp is the end of the pause.
    pub stamp_at_end: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Space {
    Heap,
    Young,
    Metaspace,
    Other,
}

/// Causes are short; the longest known has 31 letters.
const CAUSE: usize = 48;

#[derive(Clone, Debug)]
struct Open {
    at: Place,
    stamp: Stamp,
    depth: u32,
    space: Space,
    kind: PauseKind,
    cause: [u8; CAUSE],
    cause_length: usize,
    heap: Option<Change>,
    young: Option<Change>,
    metaspace: Option<Change>,
    collector: Collector,
    /// A remark may contain a young collection on a line of its own (`CMSScavengeBeforeRemark`).
    remark: bool,
    hidden_full: bool,
    evacuation_failed: bool,
    promotion_failed: bool,
    concurrent_mode_failure: bool,
    bytes: usize,
}

#[derive(Clone, Debug, Default)]
pub(super) struct Scanner {
    open: Option<Box<Open>>,
}

impl Scanner {
    /// Place, stamp and kind of the record that never closed.
    pub fn finish(self) -> Option<(Place, Stamp, PauseKind)> {
        self.open.map(|open| (open.at, open.stamp, open.kind))
    }

    pub fn line(&mut self, at: Place, line: &[u8], sink: &mut impl FnMut(Event<'_>)) {
        let mut from = 0;
        if self.open.as_ref().is_some_and(|open| !open.remark && open.bytes > 0)
            && opener(line).is_some_and(|bracket| line[..bracket].len() < 64 && stamped(&line[..bracket]))
        {
            // A new stamped record while one is open: the old one was torn off.
            self.abandon(sink);
        }
        if self.open.is_none() && candidate::mentions_stop(line) {
            let text = memmem::find(line, b"Total time").unwrap_or(0);
            sink(Event::Stopped(prefix(&line[..text]), &line[text..]));
            return;
        }
        loop {
            if self.open.is_none() {
                let Some(bracket) = opener(&line[from..]).map(|bracket| bracket + from) else {
                    break;
                };
                from = bracket + 1;
                if line[bracket..].starts_with(b"[Pause ") || line[bracket..].starts_with(b"[Concurrent ") {
                    shenandoah(at, line, bracket, sink);
                } else {
                    self.open = Some(Box::new(Open::new(at, line, bracket)));
                }
                continue;
            }
            match self.inside(line, &mut from, sink) {
                true => {}
                false => break,
            }
        }
        self.details(&line[from.min(line.len())..], line, sink);
    }

    /// Lines that belong to the record just closed, and signs of concurrent cycles.
    fn details(&mut self, rest: &[u8], line: &[u8], sink: &mut impl FnMut(Event<'_>)) {
        if trim_end(line).ends_with(b"concurrent-mark-start]") {
            sink(Event::CycleStart);
        }
        if self.open.is_some() {
            return;
        }
        for at in memchr::memchr_iter(b'[', rest) {
            let bracket = &rest[at + 1..];
            if bracket.starts_with(b"Eden: ") {
                let heap = memmem::find(bracket, b" Heap: ").and_then(|at| change(&bracket[at + 7..]));
                if let Some((change, _)) = heap {
                    sink(Event::Heap(change));
                }
            } else if let Some(cpu) = bracket.strip_prefix(b"Times: ").and_then(times) {
                sink(Event::Cpu(cpu));
            }
        }
    }

    fn abandon(&mut self, sink: &mut impl FnMut(Event<'_>)) {
        if let Some(open) = self.open.take() {
            sink(Event::Open(open.at, open.stamp, open.kind));
        }
    }

    /// Reads on inside the open record; true when it closed in this line.
    fn inside(&mut self, line: &[u8], from: &mut usize, sink: &mut impl FnMut(Event<'_>)) -> bool {
        let Some(open) = &mut self.open else {
            return false;
        };
        let mut last_close = *from;
        let mut at = *from;
        while at < line.len() {
            match line[at] {
                b'[' => {
                    if let Some(rest) = line.get(at + 1..).filter(|rest| rest.starts_with(b"0x")) {
                        // Address ranges of PrintHeapAtGC: `[0x…, 0x…, 0x…)` are never closed by a square bracket.
                        let range = rest.iter().take(80).take_while(|b| b.is_ascii_hexdigit() || matches!(b, b'x' | b',' | b' '));
                        let length = range.count();
                        at += length + if matches!(rest.get(length), Some(b')' | b']')) { 2 } else { 1 };
                        continue;
                    }
                    open.depth = open.depth.saturating_add(1);
                    open.enter(&line[at + 1..]);
                }
                b']' => {
                    open.depth -= 1;
                    if open.depth == 0 {
                        let body = &line[last_close..at];
                        let whole = &line[*from..at];
                        *from = at + 1;
                        self.close(body, whole, sink);
                        return true;
                    }
                    last_close = at + 1;
                    open.space = if open.depth == 1 { Space::Heap } else { Space::Other };
                }
                b'-' => match line.get(at + 1) {
                    Some(b'>') => open.change(line, at),
                    Some(b'-') if at > 0 && line[at - 1] == b')' => open.evacuation_failed = true,
                    _ => {}
                },
                b'(' => open.flag(&line[at + 1..]),
                _ => {}
            }
            at += 1;
        }
        open.bytes += line.len() - (*from).min(line.len()) + 1;
        *from = line.len();
        if open.bytes > MAX_BYTES {
            self.abandon(sink);
        }
        false
    }

    /// `body`: text since the last inner bracket. `whole`: this line's part of the record.
    fn close(&mut self, body: &[u8], whole: &[u8], sink: &mut impl FnMut(Event<'_>)) {
        let Some(mut open) = self.open.take() else {
            return;
        };
        let Some(seconds) = whole.strip_suffix(b" secs").map(trailing).and_then(decimal) else {
            return;
        };
        if open.heap.is_none() && matches!(open.kind, PauseKind::InitialMark | PauseKind::Remark) {
            // `[1 CMS-remark: 80301K(90000K)] 88002K(120000K), 0.0031100 secs]`: use and size, nothing freed.
            let body = trim(body);
            if let Some((used, length)) = size(body) {
                let total = body[length..].strip_prefix(b"(").and_then(size).map(|(total, _)| total);
                open.heap = Some(Change { before: used, after: used, total });
            }
        }
        let stop = Stop {
            kind: open.kind,
            cause: &open.cause[..open.cause_length],
            // Seven decimals of a second are printed.
            ms: (seconds.0 * 1e7).round() / 1e4,
            heap: open.heap,
            young: open.young,
            metaspace: open.metaspace,
            collector: open.collector,
            hidden_full: open.hidden_full && open.kind != PauseKind::Full,
            evacuation_failed: open.evacuation_failed,
            promotion_failed: open.promotion_failed,
            concurrent_mode_failure: open.concurrent_mode_failure,
            stamp_at_end: false,
        };
        sink(Event::Pause(open.at, open.stamp, stop));
    }
}

impl Open {
    fn new(at: Place, line: &[u8], bracket: usize) -> Self {
        let mut open = Self {
            at: Place { line: at.line, byte: at.byte },
            stamp: prefix(&line[..bracket]),
            depth: 1,
            space: Space::Heap,
            kind: PauseKind::Young,
            cause: [0; CAUSE],
            cause_length: 0,
            heap: None,
            young: None,
            metaspace: None,
            collector: Collector::Unknown,
            remark: false,
            hidden_full: false,
            evacuation_failed: false,
            promotion_failed: false,
            concurrent_mode_failure: false,
            bytes: 0,
        };
        let head = &line[bracket + 1..];
        let rest = match head {
            [b'F', b'u', b'l', b'l', b' ', b'G', b'C', rest @ ..] => {
                open.kind = PauseKind::Full;
                rest
            }
            [b'G', b'C', rest @ ..] => rest,
            _ => head,
        };
        open.promotion_failed = rest.starts_with(b"--");
        let rest = if let Some(rest) = rest.strip_prefix(b" pause") {
            open.collector = Collector::G1;
            rest
        } else if let Some(rest) = rest.strip_prefix(b" remark") {
            (open.kind, open.collector, open.remark) = (PauseKind::Remark, Collector::G1, true);
            rest
        } else if let Some(rest) = rest.strip_prefix(b" cleanup") {
            (open.kind, open.collector) = (PauseKind::Cleanup, Collector::G1);
            rest
        } else {
            rest
        };
        open.read_cause(rest);
        open
    }

    /// `(Allocation Failure)`, `(G1 Evacuation Pause) (young)`, `(System.gc())`.
    fn read_cause(&mut self, rest: &[u8]) {
        let Some(rest) = trim(&rest[..rest.len().min(80)]).strip_prefix(b"(") else {
            return;
        };
        let end = if rest.starts_with(b"System.gc()") { 11 } else { memchr::memchr(b')', rest).unwrap_or(0) };
        let cause = &rest[..end.min(CAUSE)];
        match cause {
            b"young" | b"mixed" | b"partial" | b"initial-mark" => return,
            b"CMS Initial Mark" => self.kind = PauseKind::InitialMark,
            b"CMS Final Remark" => (self.kind, self.remark) = (PauseKind::Remark, true),
            _ => {}
        }
        self.cause[..cause.len()].copy_from_slice(cause);
        self.cause_length = cause.len();
    }

    /// An inner bracket opens.
    fn enter(&mut self, name: &[u8]) {
        let is = |prefix: &[u8]| name.starts_with(prefix);
        let known = |this: &mut Self, collector: Collector| {
            if this.collector == Collector::Unknown {
                this.collector = collector;
            }
        };
        let mut space = Space::Other;
        if is(b"PSYoungGen") {
            known(self, Collector::Parallel);
            space = Space::Young;
        } else if is(b"ParNew") {
            known(self, Collector::Cms);
            space = Space::Young;
        } else if is(b"DefNew") {
            space = Space::Young;
        } else if is(b"ParOldGen") || is(b"PSOldGen") {
            known(self, Collector::Parallel);
            self.hidden_full = true;
        } else if is(b"Tenured") {
            known(self, Collector::Serial);
            self.hidden_full = true;
        } else if is(b"Metaspace") || is(b"CMS Perm") || is(b"PSPermGen") || is(b"Perm") {
            space = Space::Metaspace;
        } else if is(b"CMS-concurrent") || is(b"1 CMS-initial-mark") || is(b"1 CMS-remark") {
            known(self, Collector::Cms);
            if is(b"1 CMS-initial") && self.kind == PauseKind::Young {
                self.kind = PauseKind::InitialMark;
            }
        } else if is(b"CMS") {
            // `[CMS: …` or `[CMS2014-…: …`: the old generation collected in the stop.
            self.collector = Collector::Cms;
            self.hidden_full = true;
        } else if is(b"YG occupancy") && self.depth == 2 && self.kind == PauseKind::Young {
            (self.kind, self.remark) = (PauseKind::Remark, true);
            self.collector = Collector::Cms;
        } else if is(b"GC (CMS") || is(b"GC") {
            space = Space::Other;
        }
        self.space = if self.depth == 2 { space } else { Space::Other };
    }

    /// `a->b(c)` with its arrow at `at`.
    fn change(&mut self, line: &[u8], at: usize) {
        let before = &line[..at];
        let Some((_, number)) = before.split_last() else {
            return;
        };
        let start = number.len() - trailing(number).len();
        let Some((change, _)) = change(&line[start..]) else {
            return;
        };
        match self.space {
            Space::Heap => self.heap = Some(change),
            Space::Young => self.young = Some(change),
            Space::Metaspace => self.metaspace = Some(change),
            Space::Other => {}
        }
    }

    /// A round bracket opens.
    fn flag(&mut self, text: &[u8]) {
        let is = |word: &[u8]| text.starts_with(word);
        if is(b"initial-mark)") && self.kind == PauseKind::Young {
            self.kind = PauseKind::ConcurrentStart;
        } else if (is(b"mixed)") || is(b"partial)")) && self.kind == PauseKind::Young {
            self.kind = PauseKind::Mixed;
        } else if is(b"to-space ") {
            self.evacuation_failed = true;
        } else if is(b"promotion failed)") {
            self.promotion_failed = true;
        } else if is(b"concurrent mode failure)") {
            self.concurrent_mode_failure = true;
        }
    }
}

/// First bracket of `line` that opens a record: `[GC`, `[Full GC`, or one of Shenandoah's.
fn opener(line: &[u8]) -> Option<usize> {
    memchr::memchr_iter(b'[', line).find(|at| match &line[at + 1..] {
        rest @ [b'G', b'C', ..] => !rest.starts_with(b"GC Worker") && !rest.starts_with(b"GC concurrent"),
        rest => rest.starts_with(b"Full GC") || rest.starts_with(b"Pause ") || rest.starts_with(b"Concurrent cleanup"),
    })
}

/// Does a record begin in this line, or a concurrent phase of CMS?
pub(super) fn looks_like_record(line: &[u8]) -> bool {
    let bracket = opener(line).or_else(|| memmem::find(line, b"[CMS-concurrent-")).or_else(|| memmem::find(line, b"[GC concurrent-"));
    bracket.is_some_and(|bracket| trim(&line[..bracket]).is_empty() || stamped(&line[..bracket]))
}

/// The text before a record consists of a stamp.
fn stamped(before: &[u8]) -> bool {
    let before = trim(before);
    before.ends_with(b":") && before.first().is_some_and(u8::is_ascii_digit) && prefix(before) != Stamp::default()
}

/// `2015-07-22T14:53:42.655-0100: 1.807: #3: `, each part optional, at the end of the text.
fn prefix(before: &[u8]) -> Stamp {
    let mut stamp = Stamp::default();
    let mut rest = trim_end(before);
    for _ in 0..3 {
        let Some(token) = rest.strip_suffix(b":") else {
            break;
        };
        let number = trailing(token);
        let left = &token[..token.len() - number.len()];
        if let Some(left) = left.strip_suffix(b"#") {
            rest = trim_end(left);
        } else if let Some((wall, offset)) = token.len().checked_sub(28).and_then(|at| decorations::time(&token[at..])) {
            (stamp.wall, stamp.offset) = (Some(wall), Some(offset));
            break;
        } else if number.len() >= 3 && stamp.uptime.is_none() {
            let Some((seconds, length)) = decimal(number) else {
                break;
            };
            if length != number.len() {
                break;
            }
            stamp.uptime = Some((seconds * 1e6).round() / 1e3);
            rest = trim_end(left);
        } else {
            break;
        }
    }
    stamp
}

/// JDK 8 Shenandoah: `2.472: [Pause Init Mark (process weakrefs), 3.341 ms]`, start lines end in `, start]`.
fn shenandoah(at: Place, line: &[u8], bracket: usize, sink: &mut impl FnMut(Event<'_>)) {
    let Some(end) = memchr::memchr(b']', &line[bracket..]) else {
        return;
    };
    let text = &line[bracket + 1..bracket + end];
    let Some(comma) = memmem::rfind(text, b", ") else {
        return;
    };
    let (body, tail) = (&text[..comma], &text[comma + 2..]);
    let stamp = prefix(&line[..bracket]);
    let ms = tail.strip_suffix(b" ms").and_then(decimal).map(|(ms, _)| ms);
    if let Some(body) = body.strip_prefix(b"Pause ") {
        let Some(pause) = unified::parts(body, ms) else {
            return;
        };
        let Some(ms) = ms else {
            if tail == b"start" {
                sink(Event::Open(at, stamp, pause.kind));
            }
            return;
        };
        let stop = Stop {
            kind: pause.kind,
            cause: b"",
            ms,
            heap: pause.heap,
            young: None,
            metaspace: None,
            collector: Collector::Shenandoah,
            hidden_full: false,
            evacuation_failed: false,
            promotion_failed: false,
            concurrent_mode_failure: false,
            stamp_at_end: true,
        };
        sink(Event::Pause(at, stamp, stop));
    } else if let (Some(ms), Some(change)) = (ms, unified::space(body)) {
        sink(Event::Concurrent(stamp, change, ms));
    }
}

/// `user=1.13 sys=0.10, real=0.21 secs]`.
fn times(text: &[u8]) -> Option<Cpu> {
    let (user_s, length) = decimal(text.strip_prefix(b"user=")?)?;
    let text = &text[5 + length..];
    let (sys_s, length) = decimal(text.strip_prefix(b" sys=")?)?;
    let (real_s, _) = decimal(text[5 + length..].strip_prefix(b", real=")?)?;
    Some(Cpu { user_s, sys_s, real_s })
}

/// JVM header: `Java HotSpot(TM) 64-Bit Server VM (25.999-b01) for linux-amd64 JRE (1.8.0_999-b01), built on …`; gives `25.999-b01`.
pub(super) fn header(line: &[u8]) -> Option<&[u8]> {
    if !matches!(line.first(), Some(b'J' | b'O')) {
        return None;
    }
    memmem::find(line, b" JRE (")?;
    let rest = &line[memmem::find(line, b" VM (")? + 5..];
    Some(&rest[..memchr::memchr(b')', rest)?])
}

/// `CommandLine flags: -XX:MaxHeapSize=700000000 … -XX:+UseG1GC`: collector and maximum heap.
pub(super) fn flags(line: &[u8]) -> Option<(Collector, Option<u64>)> {
    let flags = line.strip_prefix(b"CommandLine flags: ")?;
    let has = |flag: &[u8]| flags.split(|b| *b == b' ').any(|word| word == flag);
    let collector = match () {
        () if has(b"-XX:+UseG1GC") => Collector::G1,
        () if has(b"-XX:+UseConcMarkSweepGC") => Collector::Cms,
        () if has(b"-XX:+UseParallelGC") || has(b"-XX:+UseParallelOldGC") => Collector::Parallel,
        () if has(b"-XX:+UseSerialGC") => Collector::Serial,
        () if has(b"-XX:+UseShenandoahGC") => Collector::Shenandoah,
        () => Collector::Unknown,
    };
    let max = memmem::find(flags, b"-XX:MaxHeapSize=").and_then(|at| super::numbers::uint(&flags[at + 16..]));
    Some((collector, max.map(|(bytes, _)| bytes)))
}

#[cfg(test)]
mod tests;
