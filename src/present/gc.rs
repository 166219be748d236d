//! The chapter of each GC log: figures over its JVM lives.

use std::collections::BTreeMap;

use super::Scene;
use crate::gc::{JvmLife, MaxHeapFrom, NoteKind, PauseSummary, Tally};
use crate::report::model as m;

/// Pauses and stretches that a chapter lists.
const LONGEST: usize = 10;

/// One chapter per source with GC lines.
pub fn gc(scene: &Scene) -> Vec<m::Gc> {
    let story = scene.story;
    let mut out = Vec::new();
    for (i, source) in story.sources.iter().enumerate() {
        let Some(log) = &source.digest.gc else { continue };
        if log.lives.is_empty() {
            continue;
        }
        let lives = &log.lives;
        let sum = |f: fn(&JvmLife) -> u64| lives.iter().map(f).sum::<u64>();
        let most = |f: fn(&JvmLife) -> Option<u64>| lives.iter().filter_map(f).max();
        let last = &lives[lives.len() - 1];
        let most_heap = lives.iter().filter(|l| l.max_heap_bytes.is_some()).max_by_key(|l| l.max_heap_bytes);
        let mut causes = BTreeMap::new();
        for (cause, tally) in lives.iter().flat_map(|l| &l.by_cause) {
            if causes.len() < 60 || causes.contains_key(&cause.to_string()) {
                *causes.entry(cause.to_string()).or_default() += tally.count;
            }
        }
        let mut longest: Vec<_> = lives.iter().flat_map(|l| &l.longest).collect();
        longest.sort_by(|a, b| b.ms.total_cmp(&a.ms).then(a.place.line.cmp(&b.place.line)));
        let stalls = lives.iter().fold(Tally::default(), |a, l| Tally {
            count: a.count + l.allocation_stalls.count,
            total_ms: a.total_ms + l.allocation_stalls.total_ms,
            max_ms: a.max_ms.max(l.allocation_stalls.max_ms),
        });
        let safepoints = lives.iter().filter_map(|l| l.safepoints.as_ref()).fold(Tally::default(), |a, s| Tally {
            count: a.count + s.all.count,
            total_ms: a.total_ms + s.all.total_ms,
            max_ms: a.max_ms.max(s.all.max_ms),
        });
        let stopped: f64 = lives.iter().filter_map(|l| l.pauses.map(|p| p.total_ms)).sum();
        let observed: f64 = lives.iter().filter_map(|l| l.span.map(|s| s.length_ms())).sum();
        let leak = lives.iter().any(|l| matches!(l.leak.signal, crate::gc::LeakSignal::Leak));
        let (first_time, last_time) = bounds(scene, i, lives);
        let mut histogram: BTreeMap<u64, u64> = BTreeMap::new();
        for (bound, count) in lives.iter().flat_map(|l| &l.histogram) {
            // Beyond the last bound the longest pause is one; JSON knows no infinity.
            let bound = if bound.is_finite() { *bound } else { longest.first().map_or(f64::MAX, |p| p.ms.ceil()) };
            *histogram.entry(bound.to_bits()).or_default() += count;
        }
        out.push(m::Gc {
            source: i as u32,
            process: story.gc_links[i].map(|p| p as u32),
            collector: lives.iter().map(|l| l.collector.slug()).find(|s| *s != "unknown").unwrap_or("unknown").to_owned(),
            pauses: log.pauses.map(pauses),
            full_gcs: log.pauses.map(|_| sum(|l| l.full_gcs)),
            throughput: log.pauses.filter(|_| observed > 0.0).map(|_| round(1.0 - stopped / observed, 5)),
            peak_heap_bytes: most(|l| l.peak_heap_bytes),
            max_heap_bytes: most(|l| l.max_heap_bytes),
            longest: longest
                .iter()
                .take(LONGEST)
                .map(|p| m::Pause {
                    time: scene.time(i, p.epoch_ms),
                    uptime_ms: p.uptime_ms.map(|u| round(u, 3)),
                    ms: round(p.ms, 3),
                    cause: cause_of(p),
                    line: p.place.line,
                })
                .collect(),
            first_time,
            last_time,
            clock: last.anchor.map(|a| a.from.slug().to_owned()),
            allocation_rate_bytes_per_s: last.allocation_bytes_per_s.map(|b| b as u64),
            promotion_rate_bytes_per_s: last.promotion_bytes_per_s.map(|b| b as u64),
            heap_after_full_bytes: thin(lives.iter().flat_map(|l| l.after_full.iter().map(|p| p.after_bytes)).collect(), 60),
            heap_trend: lives.iter().map(|l| l.leak.signal.slug()).next_back().unwrap_or("unknown").to_owned(),
            leak_suspected: leak,
            heap_floor_bytes: lives.iter().rev().find(|l| l.leak.last_floor_bytes > 0).map(|l| (l.leak.first_floor_bytes, l.leak.last_floor_bytes)),
            causes,
            kinds: kinds(lives),
            jvms: lives.len() as u64,
            concurrent_cycles: sum(|l| l.concurrent_cycles),
            hidden_full_gcs: sum(|l| l.hidden_full_gcs),
            promotion_failures: sum(|l| l.promotion_failures),
            max_heap_from: most_heap.and_then(|l| l.max_heap_from).map(|from| {
                let from = match from {
                    MaxHeapFrom::Configured => "configured",
                    MaxHeapFrom::LargestCommitted => "largest-committed",
                };
                from.to_owned()
            }),
            clock_error_ms: last.anchor.map(|a| a.error_ms.unsigned_abs()),
            worst_minute: worst_minute(scene, i, lives),
            thrashing: thrashing(scene, i, lives),
            peak_metaspace_bytes: most(|l| l.peak_metaspace_bytes),
            over_time: over_time(scene, i, lives),
            humongous: sum(|l| l.humongous_pauses),
            evacuation_failures: sum(|l| l.evacuation_failures),
            concurrent_mode_failures: sum(|l| l.concurrent_mode_failures),
            system_gc_calls: sum(|l| l.system_gcs),
            allocation_stalls: tally(stalls),
            safepoints: tally(safepoints),
            longest_time_to_safepoint_ms: lives
                .iter()
                .filter_map(|l| l.safepoints.as_ref().map(|s| s.max_reach_ms))
                .max_by(f64::total_cmp)
                .map(|ms| round(ms, 3)),
            histogram: histogram.into_iter().map(|(bits, count)| (f64::from_bits(bits), count)).collect(),
            notes: log.notes.iter().take(20).map(|n| format!("line {}: {}", n.line, note_text(&n.kind))).collect(),
        });
    }
    out
}

/// Uptime of a point on a life's clock, where that is one.
fn uptime(life: &JvmLife, at: f64) -> Option<f64> {
    life.span.is_some_and(|span| !span.wall_clock).then(|| round(at, 3))
}

fn kinds(lives: &[JvmLife]) -> BTreeMap<String, m::Tally> {
    let mut kinds: BTreeMap<String, m::Tally> = BTreeMap::new();
    for (kind, tally) in lives.iter().flat_map(|l| &l.by_kind) {
        let known = kinds.entry(kind.slug().to_owned()).or_default();
        known.count += tally.count;
        known.total_ms = round(known.total_ms + tally.total_ms, 3);
        known.max_ms = known.max_ms.max(round(tally.max_ms, 3));
    }
    kinds
}

fn worst_minute(scene: &Scene, source: usize, lives: &[JvmLife]) -> Option<m::WorstMinute> {
    // A shorter life has no minute to speak of.
    let whole = lives.iter().filter(|l| l.span.is_some_and(|span| span.length_ms() >= 60_000.0));
    let (life, (at, throughput)) = whole.filter_map(|l| Some((l, l.worst_minute?))).min_by(|a, b| a.1.1.total_cmp(&b.1.1))?;
    Some(m::WorstMinute { time: scene.time(source, life.epoch_ms(at)), uptime_ms: uptime(life, at), throughput: round(throughput, 5) })
}

fn thrashing(scene: &Scene, source: usize, lives: &[JvmLife]) -> Vec<m::Thrashing> {
    let mut all: Vec<_> = lives.iter().flat_map(|l| l.thrash.iter().map(move |t| (l, t))).collect();
    all.sort_by(|a, b| b.1.full_ms.total_cmp(&a.1.full_ms));
    let shown = |(life, t): &(&JvmLife, &crate::gc::Thrash)| m::Thrashing {
        from: scene.time(source, life.epoch_ms(t.from_ms)),
        to: scene.time(source, life.epoch_ms(t.to_ms)),
        duration_ms: round(t.to_ms - t.from_ms, 3),
        full_ms: round(t.full_ms, 3),
        full_gcs: t.full_gcs,
        freed_share: t.freed_share.map(|share| round(share, 4)),
    };
    all.iter().take(LONGEST).map(shown).collect()
}

/// Of the JVM life that was observed longest.
fn over_time(scene: &Scene, source: usize, lives: &[JvmLife]) -> Option<m::GcOverTime> {
    let length = |l: &JvmLife| l.span.map_or(0.0, |span| span.length_ms());
    let life = lives.iter().filter(|l| l.over_time.is_some()).max_by(|a, b| length(a).total_cmp(&length(b)))?;
    let known = life.over_time.as_ref()?;
    Some(m::GcOverTime {
        from: scene.time(source, life.epoch_ms(known.from_ms)),
        from_uptime_ms: uptime(life, known.from_ms),
        slice_ms: known.slice_ms,
        longest_ms: known.slices.iter().map(|slice| round(slice.longest_ms, 3)).collect(),
        stopped_ms: known.slices.iter().map(|slice| round(slice.stopped_ms, 3)).collect(),
        heap_after_bytes: known.slices.iter().map(|slice| slice.heap_after_bytes).collect(),
    })
}

fn cause_of(pause: &crate::gc::Pause) -> String {
    if pause.cause.is_empty() { pause.kind.slug().to_owned() } else { pause.cause.to_string() }
}

fn bounds(scene: &Scene, source: usize, lives: &[JvmLife]) -> (Option<m::Time>, Option<m::Time>) {
    let at = |life: &JvmLife, last: bool| {
        let span = life.span?;
        let ms = if last { span.last_ms } else { span.first_ms };
        if span.wall_clock {
            return Some(ms as i64);
        }
        Some(life.anchor?.start_epoch_ms + ms as i64)
    };
    let first = lives.first().and_then(|l| at(l, false));
    let last = lives.last().and_then(|l| at(l, true));
    (scene.time(source, first), scene.time(source, last))
}

fn thin(values: Vec<u64>, most: usize) -> Vec<u64> {
    let step = values.len().div_ceil(most).max(1);
    values.into_iter().step_by(step).collect()
}

fn pauses(p: PauseSummary) -> m::Pauses {
    m::Pauses {
        count: p.count,
        total_ms: round(p.total_ms, 3),
        max_ms: round(p.max_ms, 3),
        p50_ms: round(p.p50_ms, 3),
        p95_ms: round(p.p95_ms, 3),
        p99_ms: round(p.p99_ms, 3),
    }
}

fn tally(t: Tally) -> Option<m::Pauses> {
    (t.count > 0).then(|| m::Pauses { count: t.count, total_ms: round(t.total_ms, 3), max_ms: round(t.max_ms, 3), ..m::Pauses::default() })
}

fn round(value: f64, digits: i32) -> f64 {
    let scale = 10f64.powi(digits);
    (value * scale).round() / scale
}

fn note_text(kind: &NoteKind) -> String {
    match kind {
        NoteKind::Interleaved => "stamps and collection numbers jump: two JVMs in one stream, or reordered lines".to_owned(),
        NoteKind::StampsRunBackwards { by_ms } => format!("stamps run backwards by {by_ms:.0} ms"),
        NoteKind::WallClockStepped { by_ms } => format!("the wall clock moved by {by_ms} ms against the uptime"),
        NoteKind::BeginsAt { gc_id } => format!("begins at collection {gc_id}: older parts are missing, figures are from here on"),
        NoteKind::RecordAbandoned => "a record never closed".to_owned(),
        NoteKind::TooManyLives => "more JVM lives than are kept apart".to_owned(),
    }
}
