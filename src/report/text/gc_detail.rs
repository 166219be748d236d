//! One GC log in full: its figures, a picture of pauses and heap over time, causes, lengths, the longest pauses.

use super::super::figures;
use super::super::model::{Gc, GcOverTime};
use super::super::view::{View, words};
use super::bar;
use super::page::{Ink, Line, Page};

/// Columns of the picture.
const PICTURE: usize = 60;

pub fn detail(page: &mut Page, view: &View, gc: &Gc) {
    page.heading(&page.brief(view, &view.name(gc.source)), words::collector(&gc.collector));
    for note in &gc.notes {
        page.wrapped(Line::indent(2).ink(Ink::Warn, page.glyphs.bullet).put(" "), Ink::Plain, note, 3);
    }
    pauses(page, gc);
    observed(page, view, gc);
    heap(page, gc);
    if let Some(over_time) = &gc.over_time {
        picture(page, view, over_time);
    }
    incidents(page, view, gc);
    let mut causes: Vec<(&String, &u64)> = gc.causes.iter().collect();
    causes.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (at, (cause, count)) in causes.into_iter().enumerate() {
        page.push(label(if at == 0 { "causes" } else { "" }).put(format!("{:>8}  {cause}", figures::count(*count))));
    }
    lengths(page, gc);
    for (at, pause) in gc.longest.iter().enumerate() {
        let time =
            view.clock.short_of(&pause.time).or_else(|| pause.uptime_ms.map(|ms| format!("{} after start", figures::duration_f(ms)))).unwrap_or_default();
        let line = label(if at == 0 { "longest" } else { "" }).put(format!("{:>10}  {time}  {}  ", figures::duration_f(pause.ms), pause.cause));
        let room = page.width.saturating_sub(line.width()).max(12);
        page.push(line.append(page.place(view, gc.source, pause.line, room)));
    }
}

fn label(text: &str) -> Line {
    Line::indent(2).ink(Ink::Dim, text).pad_to(14)
}

fn pauses(page: &mut Page, gc: &Gc) {
    let Some(pauses) = &gc.pauses else {
        page.wrapped(label("pauses"), Ink::Warn, "unknown: this log does not show them (its level or tags leave them out)", 2);
        return;
    };
    let d = figures::duration_f;
    if pauses.count == 0 {
        page.push(label("pauses").put("none"));
        return;
    }
    let text = format!("{}, {} in all{}", figures::count(pauses.count), d(pauses.total_ms), by_kind(gc));
    page.wrapped(label("pauses"), Ink::Plain, &text, 3);
    let text = format!("half within {}, 95 % within {}, 99 % within {}, longest {}", d(pauses.p50_ms), d(pauses.p95_ms), d(pauses.p99_ms), d(pauses.max_ms));
    page.wrapped(label(""), Ink::Plain, &text, 2);
}

/// `; 42 young, 3 mixed, 2 full (81 ms)`: the time of those that hurt.
fn by_kind(gc: &Gc) -> String {
    let mut kinds: Vec<_> = gc.kinds.iter().collect();
    kinds.sort_by(|a, b| b.1.count.cmp(&a.1.count).then(a.0.cmp(b.0)));
    let mut words: Vec<String> = kinds
        .into_iter()
        .map(|(kind, tally)| match kind.as_str() {
            "full" | "degenerated" => format!("{} {kind} ({})", figures::count(tally.count), figures::duration_f(tally.total_ms)),
            _ => format!("{} {}", figures::count(tally.count), kind.replace('-', " ")),
        })
        .collect();
    if gc.hidden_full_gcs > 0 {
        words.push(format!("{} of them full in all but name", figures::count(gc.hidden_full_gcs)));
    }
    if words.is_empty() { String::new() } else { format!("; {}", words.join(", ")) }
}

/// Throughput, the time that was seen, and how its clock is known.
fn observed(page: &mut Page, view: &View, gc: &Gc) {
    if let Some(throughput) = gc.throughput {
        let mut text = format!("{} of the time outside pauses", figures::percent(throughput));
        if let Some(worst) = &gc.worst_minute {
            let at = view.clock.short_of(&worst.time).or_else(|| worst.uptime_ms.map(after_start)).unwrap_or_default();
            text.push_str(&format!("; in the worst minute {} (from {at})", figures::percent(worst.throughput)));
        }
        page.wrapped(label("running"), Ink::Plain, &text, 2);
    }
    let clock = match (gc.clock.as_deref(), gc.clock_error_ms) {
        (None, _) => "only uptimes: nothing ties them to the wall clock".to_owned(),
        (Some("time" | "time-and-uptime"), _) => return jvms(page, gc),
        (Some("wrapper"), error) => format!("from the container's stamps{}", within(error)),
        (Some("start-banner"), error) => format!("from the first line of the process's own log{}", within(error)),
        (Some(other), error) => format!("{other}{}", within(error)),
    };
    page.wrapped(label("clock"), Ink::Plain, &clock, 2);
    jvms(page, gc);
}

fn jvms(page: &mut Page, gc: &Gc) {
    if gc.jvms > 1 {
        page.push(label("processes").put(format!("{} JVMs wrote this log", gc.jvms)));
    }
}

fn within(error: Option<u64>) -> String {
    error.map_or_else(String::new, |ms| format!(", true within {}", figures::duration(ms)))
}

fn after_start(ms: f64) -> String {
    format!("{} after start", figures::duration_f(ms))
}

fn heap(page: &mut Page, gc: &Gc) {
    let b = figures::bytes;
    if let Some(peak) = gc.peak_heap_bytes {
        let of = match (gc.max_heap_bytes, gc.max_heap_from.as_deref()) {
            (Some(max), Some("configured")) => format!(" of {} at most", b(max)),
            (Some(max), _) => format!(" of {} committed", b(max)),
            (None, _) => String::new(),
        };
        page.push(label("heap").put(format!("peak {}{of}", b(peak))));
    }
    let trend = match gc.heap_trend.as_str() {
        "none" => "returns to its floor",
        "rising" => "the floor rises",
        "leak" => "the floor rises until the heap is full: a leak is likely",
        "full" => "full to the end: too small, or a leak seen late",
        _ => "too few collections to tell a trend",
    };
    let floor = gc.heap_floor_bytes.map(|(first, last)| format!("{} at the beginning, {} at the end; ", b(first), b(last))).unwrap_or_default();
    if gc.heap_floor_bytes.is_some() {
        let ink = if matches!(gc.heap_trend.as_str(), "rising" | "leak" | "full") { Ink::Warn } else { Ink::Plain };
        page.wrapped(label("floor"), ink, &format!("{floor}{trend}"), 2);
    }
    if gc.heap_after_full_bytes.len() > 1 {
        let last = gc.heap_after_full_bytes.last().copied().unwrap_or(0);
        let line = label("after full").ink(Ink::Accent, bar::spark(&gc.heap_after_full_bytes, 40, page.glyphs));
        page.push(line.put(format!("  last {}", b(last))));
    }
    let rates = [("allocated", gc.allocation_rate_bytes_per_s), ("promoted", gc.promotion_rate_bytes_per_s)];
    for (name, rate) in rates {
        if let Some(rate) = rate {
            page.push(label(name).put(format!("{} a second", b(rate))));
        }
    }
    if let Some(peak) = gc.peak_metaspace_bytes {
        page.push(label("metaspace").put(format!("peak {}", b(peak))));
    }
}

/// Two rows of bars over the same time: heap after collections, longest pauses.
fn picture(page: &mut Page, view: &View, over_time: &GcOverTime) {
    let cells = PICTURE.min(page.width.saturating_sub(42)).min(over_time.longest_ms.len());
    // One slice is no course of time.
    if cells < 4 {
        return;
    }
    let b = figures::bytes;
    let heap = over_time.heap_after_bytes.iter().flatten().copied().max();
    if let Some(heap) = heap {
        let line = label("over time").ink(Ink::Accent, bar::spark_sparse(&over_time.heap_after_bytes, cells, page.glyphs));
        page.push(line.pad_to(14 + cells).put(format!("  heap left, up to {}", b(heap))));
    }
    // Microseconds, so that the short pauses of concurrent collectors show.
    let micros: Vec<Option<u64>> = over_time.longest_ms.iter().map(|ms| (*ms > 0.0).then_some((ms * 1000.0).ceil() as u64)).collect();
    let longest = over_time.longest_ms.iter().copied().fold(0.0, f64::max);
    let from = view.clock.short_of(&over_time.from).or_else(|| over_time.from_uptime_ms.map(after_start)).unwrap_or_default();
    let whole = over_time.slice_ms * over_time.longest_ms.len() as f64;
    let line = label(if heap.is_some() { "" } else { "over time" }).ink(Ink::Warn, bar::spark_sparse(&micros, cells, page.glyphs));
    if longest > 0.0 {
        page.push(line.pad_to(14 + cells).put(format!("  pauses, up to {}", figures::duration_f(longest))));
    }
    page.push(label("").ink(Ink::Dim, format!("from {from}, for {}", figures::duration(whole as u64))));
}

/// What a healthy log has none or little of.
fn incidents(page: &mut Page, view: &View, gc: &Gc) {
    let counts = [
        (gc.humongous, "humongous allocation"),
        (gc.evacuation_failures, "evacuation failure"),
        (gc.promotion_failures, "promotion failure"),
        (gc.concurrent_mode_failures, "concurrent mode failure"),
        (gc.system_gc_calls, "call of System.gc()"),
    ];
    let plural = |(count, what): &(u64, &str)| match what.split_once(' ') {
        Some(("call", rest)) => format!("{} {rest}", figures::plural(*count, "call")),
        _ => figures::plural(*count, what),
    };
    let mut words: Vec<String> = counts.iter().filter(|(count, _)| *count > 0).map(plural).collect();
    if let Some(stalls) = &gc.allocation_stalls {
        words.push(format!("{}, longest {}", figures::plural(stalls.count, "allocation stall"), figures::duration_f(stalls.max_ms)));
    }
    if gc.concurrent_cycles > 0 {
        words.push(figures::plural(gc.concurrent_cycles, "concurrent cycle"));
    }
    if !words.is_empty() {
        page.wrapped(label("events"), Ink::Plain, &words.join(", "), 3);
    }
    for (at, stretch) in gc.thrashing.iter().take(3).enumerate() {
        let time = view.clock.short_of(&stretch.from).map(|from| format!(" from {from}")).unwrap_or_default();
        let freed = stretch.freed_share.map(|share| format!(", each freed {}", figures::percent(share))).unwrap_or_default();
        let text = format!(
            "{} of full collections in {}{time}: {}{freed}",
            figures::duration_f(stretch.full_ms),
            figures::duration_f(stretch.duration_ms),
            figures::count(stretch.full_gcs)
        );
        page.wrapped(label(if at == 0 { "thrashing" } else { "" }), Ink::Bad, &text, 2);
    }
    if let Some(stops) = &gc.safepoints {
        let reach = gc.longest_time_to_safepoint_ms.map(|ms| format!(", longest way to one {}", figures::duration_f(ms))).unwrap_or_default();
        let text = format!("{}, {} in all{reach}", figures::count(stops.count), figures::duration_f(stops.total_ms));
        page.push(label("safepoints").put(text));
    }
}

fn lengths(page: &mut Page, gc: &Gc) {
    let total = gc.histogram.iter().map(|(_, count)| *count).fold(0, u64::saturating_add).max(1);
    for (at, (upper, count)) in gc.histogram.iter().enumerate() {
        let share = *count as f64 / total as f64;
        let cells = (share * 30.0).ceil() as usize;
        let bar = page.glyphs.shades[3].to_string().repeat(cells.min(30));
        let range = format!("up to {}", figures::duration_f(*upper));
        page.push(label(if at == 0 { "lengths" } else { "" }).put(format!("{range:>14} {:>8}  ", figures::count(*count))).ink(Ink::Accent, bar));
    }
}
