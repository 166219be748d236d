//! What each record does to the life it belongs to.
//!
//! In: a record and its moment. Out: changes of the [`Life`]. Knows collectors, not streams.

use super::clock::Moment;
use super::legacy::{self, Event};
use super::life::{Life, Part, Shared, Stopped, stamped_pause};
use super::model::*;
use super::safepoint;
use super::unified::{self, Record, Topic};
use std::sync::Arc;

/// Facts of a life that only the next lines need.
#[derive(Clone, Debug, Default)]
pub(super) struct Tracks {
    /// Cause of the concurrent cycles at hand, by number.
    causes: [Option<(u64, Arc<str>)>; 4],
    next_cause: usize,
    /// Shenandoah says why it collects in a line before, without a number.
    trigger: Option<Arc<str>>,
    cycle: Option<u64>,
    /// CMS cycle begun and not yet reset.
    cms: Option<u64>,
    cms_failed: Option<u64>,
    evacuation_failed: Option<u64>,
    /// Start of a ZGC cycle on the life's clock.
    cycle_start: Option<(u64, f64)>,
}

pub(super) fn unified(life: &mut Life, shared: &mut Shared, at: Place, record: &Record<'_>, moment: Moment) {
    let text = record.text;
    if !matches!(record.topic, Topic::Safepoint | Topic::StoppedTime | Topic::EnterSafepoint) {
        life.counters.gc_lines += 1;
    }
    match record.topic {
        Topic::Pause => pause(life, shared, at, record, moment),
        Topic::Concurrent => concurrent(life, record, moment),
        Topic::Cycle => cycle(life, shared, record, moment),
        Topic::ToSpaceExhausted => {
            if life.tracks.evacuation_failed != record.id || record.id.is_none() {
                life.counters.evacuation_failures += 1;
            }
            life.tracks.evacuation_failed = record.id;
        }
        Topic::PromotionFailed => life.counters.promotion_failures += 1,
        Topic::Metaspace => {
            if let Some(change) = unified::space(text) {
                life.metaspace(&change);
            }
        }
        Topic::OldSpace => {
            life.infer(match text.first() {
                Some(b'T') => Collector::Serial,
                Some(b'C') => Collector::Cms,
                _ => Collector::Parallel,
            });
            if let (Some(id), Some(change)) = (record.id, unified::space(text)) {
                life.old_growth = Some((id, change.after.saturating_sub(change.before)));
            }
        }
        Topic::OldRegions => {
            life.infer(Collector::G1);
            if let (Some(id), Some((before, after)), Some(region)) = (record.id, unified::regions(text), life.region) {
                life.old_growth = Some((id, after.saturating_sub(before).saturating_mul(region)));
            }
        }
        Topic::HumongousRegions => {
            life.infer(Collector::G1);
            if let Some((before, after)) = unified::regions(text) {
                life.counters.peak_humongous_regions = life.counters.peak_humongous_regions.max(before).max(after);
            }
        }
        Topic::Cpu => {
            if life.pending_id() == record.id
                && let Some(pause) = life.pending()
                && pause.cpu.is_none()
            {
                pause.cpu = unified::cpu(text);
            }
        }
        Topic::Header(collector) => {
            life.header = true;
            if life.collector == Collector::Unknown {
                life.collector = collector;
            }
        }
        Topic::Generational => life.generational_mode = true,
        Topic::MaxHeap => life.max_heap = unified::max_heap(text).or(life.max_heap),
        Topic::RegionSize => {
            let value = memchr::memchr(b':', text).and_then(|colon| super::numbers::size(text.get(colon + 2..)?));
            life.region = value.map(|(bytes, _)| bytes).or(life.region);
        }
        Topic::Version => {
            let version = text.strip_prefix(b"Version: ").unwrap_or(text);
            let version = version.split(|b| *b == b' ').next().unwrap_or(version);
            life.version = Some(String::from_utf8_lossy(&version[..version.len().min(60)]).into_owned());
        }
        Topic::HeapExit => life.orderly_exit = true,
        Topic::Safepoint => {
            if let Some(stop) = safepoint::stop(text) {
                life.stops.add(at, &stop);
            }
        }
        Topic::StoppedTime => {
            if let Some(stop) = safepoint::stopped(text) {
                life.stops.add(at, &stop);
            }
        }
        Topic::EnterSafepoint => life.stops.enter(text),
        Topic::AllocationStall | Topic::RelocationStall => {
            life.infer(Collector::Zgc);
            let ms = text.strip_suffix(b"ms").map(super::numbers::trailing).and_then(super::numbers::decimal);
            if let Some((ms, _)) = ms {
                let counters = &mut life.counters;
                let tally = if record.topic == Topic::AllocationStall { &mut counters.allocation_stalls } else { &mut counters.relocation_stalls };
                tally.add(ms);
            }
        }
        Topic::OutOfMemory => life.counters.out_of_memory += 1,
        Topic::Trigger => {
            if let Some(cause) = unified::trigger(text) {
                life.tracks.trigger = Some(shared.cause(cause));
            }
        }
        Topic::Promoted => {
            if let Some(bytes) = unified::largest(text) {
                life.promoted_concurrently(bytes);
            }
        }
    }
    if record.generational {
        life.infer(Collector::Zgc);
        life.generational();
    }
    if life.generational_mode {
        life.generational();
    }
}

fn pause(life: &mut Life, shared: &mut Shared, at: Place, record: &Record<'_>, moment: Moment) {
    let Some(line) = unified::pause(record.text) else {
        return;
    };
    life.infer(line.collector);
    if line.generational {
        life.generational();
    }
    let cause =
        if !line.cause.is_empty() { shared.cause(line.cause) } else { life.tracks.cause_of(record.id, life.collector).unwrap_or_else(|| shared.cause(b"")) };
    let Some(ms) = line.ms else {
        let epoch_ms = moment.wall.map(|wall| wall as i64);
        let open = OpenPause { gc_id: record.id, kind: line.kind, cause, uptime_ms: moment.uptime, epoch_ms, place: at };
        life.begins(record.id, open);
        return;
    };
    if line.evacuation_failed && life.tracks.evacuation_failed != record.id {
        life.counters.evacuation_failures += 1;
        life.tracks.evacuation_failed = record.id;
    }
    match line.kind {
        PauseKind::InitialMark => life.tracks.cms = record.id,
        PauseKind::Full => {
            // "Concurrent mode failure" is printed at debug only. A requested full collection merely interrupts the cycle.
            let requested = cause.starts_with("System.gc()") || cause.starts_with("Heap ");
            if let Some(id) = life.tracks.cms.take().filter(|_| !requested) {
                life.counters.concurrent_mode_failures += 1;
                life.tracks.cms_failed = Some(id);
            }
        }
        _ => {}
    }
    let begin = moment.minus(ms);
    let start = life.clock.at(&begin);
    let pause = stamped_pause(line.kind, cause, ms, line.heap, at, begin);
    life.pause(Stopped { pause, id: record.id, start, hidden_full: false, promoted: None }, shared);
}

fn concurrent(life: &mut Life, record: &Record<'_>, moment: Moment) {
    let text = record.text.strip_prefix(b"Concurrent ").unwrap_or(record.text);
    let is = |prefix: &[u8]| text.starts_with(prefix);
    if is(b"Abortable Preclean") || is(b"Sweep") || is(b"Reset") {
        life.infer(Collector::Cms);
    }
    let begins = match life.collector {
        Collector::Cms => is(b"Mark"),
        Collector::Shenandoah | Collector::ShenandoahGenerational => is(b"reset"),
        _ => is(b"Cycle") || is(b"Mark Cycle") || is(b"Undo Cycle"),
    };
    if begins && life.tracks.cycle != record.id {
        life.counters.cycles += 1;
        life.tracks.cycle = record.id;
    }
    if is(b"Reset") && text.ends_with(b"ms") && life.collector == Collector::Cms {
        if life.tracks.cms == record.id {
            life.tracks.cms = None;
        } else if record.id.is_some() && life.tracks.cms_failed == record.id {
            // The cycle reached its end after all.
            life.counters.concurrent_mode_failures = life.counters.concurrent_mode_failures.saturating_sub(1);
            life.tracks.cms_failed = None;
        }
    }
    if is(b"cleanup") {
        life.infer(Collector::Shenandoah);
        if let Some(change) = unified::space(text) {
            let ms = text.strip_suffix(b"ms").map(super::numbers::trailing).and_then(super::numbers::decimal);
            let begin = moment.minus(ms.map_or(0.0, |(ms, _)| ms));
            let part = if text.starts_with(b"cleanup (Young)") { Part::Young } else { Part::Old };
            life.heap(life.clock.at(&begin), life.clock.at(&moment), change, part);
        }
    }
}

fn cycle(life: &mut Life, shared: &mut Shared, record: &Record<'_>, moment: Moment) {
    life.infer(Collector::Zgc);
    if !record.text.starts_with(b"Garbage") {
        life.generational();
    }
    let (Some(id), Some((cause, heap))) = (record.id, unified::cycle(record.text)) else {
        return;
    };
    let cause = shared.cause(cause);
    let known = life.tracks.causes.iter().flatten().any(|(of, _)| *of == id);
    if !known {
        let slot = life.tracks.next_cause % life.tracks.causes.len();
        life.tracks.causes[slot] = Some((id, cause.clone()));
        life.tracks.next_cause = slot + 1;
    }
    let now = life.clock.at(&moment);
    let Some(change) = heap else {
        life.tracks.cycle_start = now.map(|now| (id, now));
        return;
    };
    let start = life.tracks.cycle_start.filter(|(of, _)| *of == id).map(|(_, start)| start);
    let part = if record.text.starts_with(b"Minor") { Part::Young } else { Part::Old };
    life.heap(start, start.and(now), change, part);
    life.counters.cycles += 1;
    life.counters.system_cycles += u64::from(&*cause == "System.gc()");
}

impl Tracks {
    fn cause_of(&mut self, id: Option<u64>, collector: Collector) -> Option<Arc<str>> {
        match collector {
            Collector::Shenandoah | Collector::ShenandoahGenerational => self.trigger.clone(),
            Collector::Zgc | Collector::ZgcGenerational => self.causes.iter().flatten().find(|(of, _)| Some(*of) == id).map(|(_, cause)| cause.clone()),
            _ => None,
        }
    }
}

pub(super) fn legacy(life: &mut Life, shared: &mut Shared, event: Event<'_>, moment: Moment, at: Place) {
    match event {
        Event::Pause(place, _, stop) => {
            life.counters.gc_lines += 1;
            legacy_pause(life, shared, place, &stop, moment);
        }
        Event::Open(place, _, kind) => {
            let epoch_ms = moment.wall.map(|wall| wall as i64);
            let open = OpenPause { gc_id: None, kind, cause: shared.cause(b""), uptime_ms: moment.uptime, epoch_ms, place };
            life.begins(None, open);
        }
        Event::Heap(change) => {
            if let Some(pause) = life.pending()
                && pause.after_bytes.is_none()
            {
                pause.before_bytes = Some(change.before);
                pause.after_bytes = Some(change.after);
                pause.committed_bytes = change.total;
            }
        }
        Event::Cpu(cpu) => {
            if let Some(pause) = life.pending() {
                pause.cpu.get_or_insert(cpu);
            }
        }
        Event::Concurrent(_, change, ms) => {
            life.infer(Collector::Shenandoah);
            life.counters.gc_lines += 1;
            life.counters.cycles += 1;
            life.heap(life.clock.at(&moment.minus(ms)), life.clock.at(&moment), change, Part::Old);
        }
        Event::CycleStart => life.counters.cycles += 1,
        Event::Stopped(_, text) => {
            if let Some(stop) = safepoint::stopped(text) {
                life.stops.add(at, &stop);
            }
        }
    }
}

fn legacy_pause(life: &mut Life, shared: &mut Shared, at: Place, stop: &legacy::Stop<'_>, moment: Moment) {
    // Generation names outweigh flags, which may be those of another run.
    if stop.collector != Collector::Unknown && matches!(life.collector, Collector::Unknown | Collector::Serial | Collector::Parallel) {
        life.collector = stop.collector;
    }
    let counters = &mut life.counters;
    counters.evacuation_failures += u64::from(stop.evacuation_failed);
    counters.promotion_failures += u64::from(stop.promotion_failed);
    counters.concurrent_mode_failures += u64::from(stop.concurrent_mode_failure);
    if let Some(change) = stop.metaspace {
        life.metaspace(&change);
    }
    let promoted = stop.young.zip(stop.heap).map(|(young, heap)| {
        let left_young = young.before.saturating_sub(young.after);
        left_young.saturating_sub(heap.before.saturating_sub(heap.after))
    });
    let begin = if stop.stamp_at_end { moment.minus(stop.ms) } else { moment };
    let start = life.clock.at(&begin);
    let cause = shared.cause(stop.cause);
    let pause = stamped_pause(stop.kind, cause, stop.ms, stop.heap, at, begin);
    life.pause(Stopped { pause, id: None, start, hidden_full: stop.hidden_full, promoted }, shared);
}
