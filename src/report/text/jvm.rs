//! What JVMs printed of themselves: crashes, memory that ran out, heap dumps, thread dumps.

use std::collections::BTreeMap;

use super::super::escape;
use super::super::figures;
use super::super::model::{Jvm, JvmCrash, ThreadDump};
use super::super::view::{View, simple_frame};
use super::page::{Ink, Line, Page};

/// Sources, thread dumps of each, and threads of each dump in the full report.
const SOURCES: usize = 4;
const DUMPS: usize = 1;
const THREADS: usize = 5;

/// The chapter in the full report.
pub fn summary(page: &mut Page, view: &View) {
    chapter(page, view, page.few(SOURCES), DUMPS, page.few(THREADS));
}

/// All of it.
pub fn all(page: &mut Page, view: &View) {
    chapter(page, view, usize::MAX, usize::MAX, usize::MAX);
}

fn chapter(page: &mut Page, view: &View, sources: usize, dumps: usize, threads: usize) {
    let all = &view.report.jvm;
    if all.is_empty() {
        return;
    }
    page.heading("JVM", "");
    for jvm in all.iter().take(sources) {
        for crash in jvm.crashes.iter().filter(|crash| !told_better(view, crash)) {
            self::crash(page, view, jvm.source, crash);
        }
        memory(page, view, jvm);
        for dump in jvm.thread_dumps.iter().take(dumps) {
            thread_dump(page, view, jvm.source, dump, threads);
        }
        let hidden = (jvm.thread_dumps.len().saturating_sub(dumps)) as u64 + jvm.thread_dumps_omitted;
        if hidden > 0 {
            page.push(Line::indent(2).ink(Ink::Dim, format!("and {}", figures::plural(hidden, "more thread dump"))));
        }
    }
    if all.len() > sources {
        page.push(Line::indent(2).ink(Ink::Dim, format!("and what {} say (flinklog gc)", figures::plural((all.len() - sources) as u64, "more log"))));
    }
}

/// `.out` repeats the head of the report file; the file tells more.
fn told_better(view: &View, crash: &JvmCrash) -> bool {
    let whole = |other: &JvmCrash| other.pid.is_some() && other.pid == crash.pid && other.uptime_ms.is_some();
    crash.uptime_ms.is_none() && view.report.jvm.iter().flat_map(|jvm| &jvm.crashes).any(whole)
}

fn label(text: &str) -> Line {
    Line::indent(4).ink(Ink::Dim, text).pad_to(16)
}

/// A title with its place at the end of the line or, where there is no room, below it.
fn title(page: &mut Page, view: &View, source: u32, line: u64, ink: Ink, text: &str) {
    let head = Line::indent(2).ink(ink, text).put("  ");
    let room = page.width.saturating_sub(head.width());
    if room >= 16 {
        let place = page.place(view, source, line, room);
        page.push(head.append(place));
    } else {
        page.wrapped(Line::indent(2), ink, text, 2);
        let place = page.place(view, source, line, page.width.saturating_sub(4));
        page.push(Line::indent(4).append(place));
    }
}

fn crash(page: &mut Page, view: &View, source: u32, crash: &JvmCrash) {
    let what = match (&crash.signal, crash.insufficient_memory) {
        (_, true) => "the JVM got no memory".to_owned(),
        (Some(signal), _) => format!("the JVM crashed: {signal}"),
        (None, _) => "the JVM crashed".to_owned(),
    };
    title(page, view, source, crash.line, Ink::Bad, &what);
    page.wrapped(label("means"), Ink::Plain, &crash.meaning, 4);
    let rows = [("detail", &crash.detail), ("in", &crash.problematic_frame), ("allocation", &crash.allocation), ("thread", &crash.thread)];
    for (name, text) in rows.into_iter().filter_map(|(name, text)| Some((name, text.as_ref()?))) {
        page.wrapped(label(name), Ink::Plain, text, 2);
    }
    if let Some(frame) = &crash.java_frame {
        page.wrapped(label("Java frame"), Ink::Plain, frame, 2);
    }
    for (at, heap) in crash.heap.iter().enumerate() {
        page.wrapped(label(if at == 0 { "heap then" } else { "" }), Ink::Plain, &heap.split_whitespace().collect::<Vec<_>>().join(" "), 2);
    }
    if let Some(memory) = &crash.memory {
        page.wrapped(label("host then"), Ink::Plain, memory, 2);
    }
    let ran = crash.uptime_ms.map(|ms| format!("after {}", figures::duration(ms as u64)));
    let pid = crash.pid.map(|pid| format!("process {pid}"));
    let words: Vec<String> = [ran, pid, crash.jvm.clone()].into_iter().flatten().collect();
    if !words.is_empty() {
        page.wrapped(label("JVM"), Ink::Plain, &words.join(", "), 2);
    }
    if let Some(path) = &crash.report_path {
        page.wrapped(label("report"), Ink::Plain, path, 2);
    }
}

fn memory(page: &mut Page, view: &View, jvm: &Jvm) {
    for lines in &jvm.out_of_memory {
        let detail = if lines.detail.is_empty() { "OutOfMemoryError" } else { &lines.detail };
        let ended = if lines.ended_the_jvm { "; the JVM was ended for it" } else { "" };
        title(page, view, jvm.source, lines.line, Ink::Bad, &format!("out of memory: {detail}, {}{ended}", figures::plural(lines.count, "line")));
    }
    for dump in &jvm.heap_dumps {
        let path = dump.path.as_deref().unwrap_or("a file");
        let text = match (&dump.failed, dump.bytes) {
            (Some(why), _) => format!("heap dump to {path} failed: {why}"),
            (None, Some(bytes)) => {
                let took = dump.duration_ms.map(|ms| format!(", the JVM stood still for {}", figures::duration(ms))).unwrap_or_default();
                format!("heap dump to {path}: {}{took}", figures::bytes(bytes))
            }
            (None, None) => format!("heap dump to {path}, not finished as far as the log says"),
        };
        title(page, view, jvm.source, dump.line, Ink::Plain, &text);
    }
}

fn thread_dump(page: &mut Page, view: &View, source: u32, dump: &ThreadDump, threads: usize) {
    let counts = format!(
        "thread dump: {}, {} blocked, {} running, {} waiting",
        figures::plural(dump.threads, "thread"),
        figures::count(dump.blocked),
        figures::count(dump.runnable),
        figures::count(dump.waiting)
    );
    title(page, view, source, dump.line, Ink::Plain, &counts);
    for deadlock in &dump.deadlocks {
        let names: Vec<String> = deadlock.threads.iter().map(|name| format!("\"{}\"", escape::terminal(name))).collect();
        let text = format!("{}, each waiting for the next", names.join(", "));
        page.wrapped(Line::indent(4).ink(Ink::Bad, "deadlock").pad_to(16), Ink::Plain, &text, 4);
    }
    // Who holds a lock that others wait for, most waiters first.
    let mut held: BTreeMap<(&str, &str), Vec<&super::super::model::BlockedThread>> = BTreeMap::new();
    for thread in &dump.blocked_threads {
        held.entry((thread.held_by.as_deref().unwrap_or(""), &thread.lock_class)).or_default().push(thread);
    }
    let mut held: Vec<_> = held.into_iter().collect();
    held.sort_by_key(|(_, waiting)| std::cmp::Reverse(waiting.len()));
    for (at, ((holder, class), waiting)) in held.iter().take(threads).enumerate() {
        let holder = if holder.is_empty() { "a thread that the dump does not name".to_owned() } else { format!("\"{holder}\"") };
        let names = some(waiting.iter().map(|thread| thread.name.as_str()), 3);
        let text = format!("{names} at {}; {holder} holds the lock ({class})", simple_frame(&waiting[0].frame));
        page.wrapped(label(if at == 0 { "blocked" } else { "" }), Ink::Warn, &text, 3);
    }
    // What tasks do: those at the same place together.
    let mut doing: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    for task in &dump.tasks {
        doing.entry((task.user_frame.as_deref().unwrap_or(&task.frame), &task.state)).or_default().push(&task.name);
    }
    let mut doing: Vec<_> = doing.into_iter().collect();
    doing.sort_by_key(|(_, names)| std::cmp::Reverse(names.len()));
    for (at, ((frame, state), names)) in doing.iter().take(threads).enumerate() {
        let text = format!("{} at {} ({})", some(names.iter().copied(), 2), simple_frame(frame), state.to_lowercase().replace('_', " "));
        page.wrapped(label(if at == 0 { "tasks" } else { "" }), Ink::Plain, &text, 3);
    }
    let hidden = held.len().saturating_sub(threads) + doing.len().saturating_sub(threads);
    if hidden > 0 {
        page.push(Line::indent(4).ink(Ink::Dim, "and others (flinklog gc)"));
    }
}

/// The first few names and how many more.
fn some<'a>(names: impl ExactSizeIterator<Item = &'a str>, most: usize) -> String {
    let hidden = names.len().saturating_sub(most);
    let shown: Vec<&str> = names.take(most).collect();
    let more = if hidden > 0 { format!(" and {hidden} more") } else { String::new() };
    format!("{}{more}", shown.join(", "))
}
