//! What GC logs show beside failures: long pauses, thrashing, a full or leaking heap, Metaspace, collections that nobody needs. Ordinary collections are no
//! finding.
//!
//! In: the JVM lives of all GC logs. Out: one observation per condition; the log that shows it most is quoted and the others are counted.

use super::finding::{Certainty, Evidence, Finding, Role, Severity};
use super::incidents::Work;
use crate::gc::{HeapPoint, JvmLife, LeakSignal, MaxHeapFrom, Pause, Tally};
use crate::patterns::{Unit, quantity};

/// Shortest GC log of which the share of pauses means anything, in milliseconds.
const MIN_SPAN_MS: f64 = 60_000.0;
/// Shortest stretch of full collections that is thrashing, in milliseconds, and what each of them may free.
const THRASH_MS: f64 = 30_000.0;
const THRASH_FREED: f64 = 0.1;
/// A stop that users of the job notice, in milliseconds.
const FELT_MS: f64 = 1_000.0;
/// Logs that one finding quotes.
const QUOTED: usize = 4;

/// What one life shows of one condition.
struct Sign {
    slug: &'static str,
    /// Orders signs of one slug.
    weight: f64,
    severity: Severity,
    certainty: Certainty,
    text: String,
    /// The pause that shows it; without one the whole log does.
    line: Option<u64>,
    ms: Option<i64>,
}

impl Sign {
    fn new(slug: &'static str, weight: f64, severity: Severity, text: String) -> Sign {
        Sign { slug, weight, severity, certainty: Certainty::Confirmed, text, line: None, ms: None }
    }

    fn shown_by(mut self, pause: Option<&Pause>) -> Sign {
        if let Some(pause) = pause {
            (self.line, self.ms) = (Some(pause.place.line), pause.epoch_ms);
        }
        self
    }

    fn unsure(self, certainty: Certainty) -> Sign {
        Sign { certainty, ..self }
    }
}

/// Looks at every GC log.
pub fn look(work: &mut Work) {
    let mut signs: Vec<(usize, Sign)> = Vec::new();
    for source in 0..work.story.sources.len() {
        let Some(log) = &work.story.sources[source].digest.gc else { continue };
        for life in &log.lives {
            if overlaps(work, life) {
                signs.extend(of_life(work, source, life).into_iter().map(|sign| (source, sign)));
            }
        }
    }
    // By condition, the clearest log first.
    signs.sort_by(|(a, x), (b, y)| x.slug.cmp(y.slug).then(y.weight.total_cmp(&x.weight)).then(a.cmp(b)));
    for same in signs.chunk_by(|(_, x), (_, y)| x.slug == y.slug) {
        let finding = finding(work, same);
        if work.out.findings.len() < 10_000 {
            work.out.findings.push(finding);
        }
    }
}

/// Did the JVM run within the bounds? One of which no time is known counts.
fn overlaps(work: &Work, life: &JvmLife) -> bool {
    let ends = life.span.map(|span| (life.epoch_ms(if span.from_start && !span.wall_clock { 0.0 } else { span.first_ms }), life.epoch_ms(span.last_ms)));
    let Some((Some(first), Some(last))) = ends else { return true };
    work.options.since.is_none_or(|since| last >= since) && work.options.until.is_none_or(|until| first <= until)
}

fn finding(work: &Work, same: &[(usize, Sign)]) -> Finding {
    let (source, clearest) = &same[0];
    let pattern = work.rules.packs.get(clearest.slug);
    let mut finding = Finding::new(clearest.slug, pattern, Role::Observation, clearest.certainty);
    finding.severity = same.iter().map(|(_, sign)| sign.severity).min().unwrap_or(Severity::Info);
    finding.count = same.len() as u64;
    let others = match same.len() - 1 {
        0 => String::new(),
        1 => " Another log shows it too.".to_owned(),
        n => format!(" {n} other logs show it too."),
    };
    finding.explanation = format!("{} {}{others}", finding.explanation, clearest.text);
    let process = work.story.gc_links[*source];
    finding.task_manager = work.story.workers.iter().find(|worker| process.is_some() && worker.process == process).map(|worker| worker.id.clone());
    for (source, sign) in same.iter().take(QUOTED) {
        finding.at(sign.ms);
        finding.cite(evidence(work, *source, sign));
    }
    // What fills the heap comes before the collections that find it full.
    let root = |slug: &str| slug.starts_with("heap-oom") || slug == "gc-overhead";
    if matches!(clearest.slug, "gc-thrash" | "heap-too-small")
        && let Some(cause) = work.out.findings.iter().position(|f| f.role == Role::RootCause && root(&f.pattern))
    {
        finding.role = Role::Symptom;
        finding.caused_by.push(cause);
    }
    finding
}

/// The line of the pause, else one that shows the condition, else the log from its first line on.
fn evidence(work: &Work, source: usize, sign: &Sign) -> Option<Evidence> {
    // A record of JDK 8 begins on one line and tells its length on a later one.
    const RECORD: u64 = 60;
    let quotes = &work.story.sources[source].digest.gc_quotes;
    let words: &[&str] = match sign.slug {
        "gc-fell-behind" => &["Degenerated", "Stall", "xhausted", "Failure)", "mode failure", "ation failed"],
        "gc-humongous" => &["Humongous"],
        "gc-explicit" => &["System.gc()"],
        "metaspace-growth" => &["Metadata GC"],
        "heap-too-small" | "heap-leak-suspected" | "gc-thrash" => &["Full "],
        _ => &[],
    };
    let of_pause = sign.line.and_then(|line| quotes.get(quotes.partition_point(|q| q.place.line < line)).filter(|q| q.place.line - line < RECORD));
    let told = || quotes.iter().find(|q| words.iter().any(|word| q.text.contains(word)));
    Some(match of_pause.or_else(told) {
        Some(quote) => Evidence::Quote { source, quote: quote.clone(), ms: sign.ms },
        None => Evidence::Absence { source, from: sign.ms, to: sign.ms, text: sign.text.clone(), quote: quotes.first().cloned() },
    })
}

fn of_life(work: &Work, source: usize, life: &JvmLife) -> Vec<Sign> {
    let known = |slug: &str| work.out.findings.iter().any(|f| f.role == Role::RootCause && f.pattern.starts_with(slug));
    let mut signs: Vec<Sign> = Vec::new();
    let thrash = (!known("gc-thrash")).then(|| thrash(life)).flatten();
    match thrash {
        Some(sign) => signs.push(sign),
        // A cause that the report names already.
        None if known("gc-long-pause") => {}
        None => signs.extend(pauses(work, life)),
    }
    signs.extend(heap(life));
    if !known("metaspace-oom") {
        signs.extend(metaspace(work, source, life));
    }
    signs.extend(humongous(life));
    signs.extend(explicit(life));
    signs.extend(fell_behind(life));
    signs.extend(safepoint(life));
    signs
}

fn seconds(ms: f64) -> String {
    format!("{:.1} s", ms / 1000.0)
}

fn mib(bytes: u64) -> String {
    format!("{} MiB", bytes >> 20)
}

/// Stops beyond the thresholds of `flinklog.toml`.
fn pauses(work: &Work, life: &JvmLife) -> Option<Sign> {
    let limits = &work.options.thresholds;
    let longest = life.longest.iter().find(|pause| work.judged(pause.epoch_ms))?;
    let cause = if longest.cause.is_empty() { longest.kind.slug() } else { &longest.cause };
    if longest.ms > limits.gc_pause_s * 1000.0 {
        let text = format!("The longest pause took {} ({cause}); the threshold is {} s{}", seconds(longest.ms), limits.gc_pause_s, not_the_collector(longest));
        return Some(Sign::new("gc-pause-long", longest.ms, Severity::Warning, text).shown_by(Some(longest)));
    }
    let long_enough = life.span.is_some_and(|span| span.length_ms() >= MIN_SPAN_MS);
    let share = life.throughput.filter(|_| long_enough).map(|throughput| 1.0 - throughput).filter(|share| *share > limits.gc_time_share)?;
    let text = format!("{:.0} % of the time went into pauses; the threshold is {:.0} %.", share * 100.0, limits.gc_time_share * 100.0);
    Some(Sign::new("gc-time-share", share, Severity::Warning, text).shown_by(Some(longest)))
}

/// Far more wall time than CPU time: the process did not run.
pub(super) fn not_the_collector(pause: &Pause) -> String {
    match pause.cpu {
        Some(cpu) if cpu.real_s >= 1.0 && cpu.real_s > 2.0 * (cpu.user_s + cpu.sys_s) => format!(
            ". Of {:.1} s it had the CPU for only {:.1} s: the process was throttled or swapped out, or the disk of the log was slow.",
            cpu.real_s,
            cpu.user_s + cpu.sys_s
        ),
        Some(cpu) if cpu.real_s >= 1.0 && cpu.sys_s > cpu.user_s => {
            format!(". Most of its CPU time was the kernel's ({:.1} s of {:.1} s): page faults or swapping.", cpu.sys_s, cpu.sys_s + cpu.user_s)
        }
        _ => String::new(),
    }
}

fn thrash(life: &JvmLife) -> Option<Sign> {
    let hopeless = |t: &&crate::gc::Thrash| t.to_ms - t.from_ms >= THRASH_MS && t.full_gcs >= 3 && t.freed_share.is_none_or(|freed| freed < THRASH_FREED);
    let worst = life.thrash.iter().filter(hopeless).max_by(|a, b| a.full_ms.total_cmp(&b.full_ms))?;
    let freed = worst.freed_share.map(|share| format!(", each freed {:.1} % of the heap", share * 100.0)).unwrap_or_default();
    let text = format!("{} full collections took {} of {}{freed}.", worst.full_gcs, seconds(worst.full_ms), seconds(worst.to_ms - worst.from_ms));
    let within = life.longest.iter().find(|pause| {
        let at = if life.span.is_some_and(|span| span.wall_clock) { pause.epoch_ms.map(|ms| ms as f64) } else { pause.uptime_ms };
        at.is_some_and(|at| worst.from_ms <= at && at < worst.to_ms)
    });
    let mut sign = Sign::new("gc-thrash", worst.full_ms, Severity::Warning, text).shown_by(within);
    sign.ms = life.epoch_ms(worst.from_ms).or(sign.ms);
    Some(sign)
}

fn heap(life: &JvmLife) -> Option<Sign> {
    let max = life.max_heap_bytes.filter(|max| *max > 0 && life.max_heap_from == Some(MaxHeapFrom::Configured))?;
    let (first, last) = (life.leak.first_floor_bytes, life.leak.last_floor_bytes);
    let share = last as f64 / max as f64;
    let shown = life.longest.iter().find(|pause| pause.kind == crate::gc::PauseKind::Full);
    let from_to = format!("after collections {} stayed in use at the beginning and {} at the end, of {}.", mib(first), mib(last), mib(max));
    let slow = life.throughput.is_some_and(|throughput| throughput < 0.9);
    Some(
        match life.leak.signal {
            LeakSignal::Leak => Sign::new("heap-leak-suspected", share, Severity::Warning, format!("Of the heap, {from_to}")).unsure(Certainty::Likely),
            // State that grows looks alike, and leaves room.
            LeakSignal::Rising if share >= 0.6 => {
                Sign::new("heap-leak-suspected", share, Severity::Info, format!("Of the heap, {from_to}")).unsure(Certainty::Possible)
            }
            LeakSignal::Full if slow => Sign::new("heap-too-small", share, Severity::Warning, format!("Of the heap, {from_to}")).unsure(Certainty::Likely),
            _ => return None,
        }
        .shown_by(shown),
    )
}

fn metaspace(work: &Work, source: usize, life: &JvmLife) -> Option<Sign> {
    let peak = life.peak_metaspace_bytes?;
    let last_resort = tally(life, "Metadata GC Clear Soft References").count;
    if last_resort >= 3 {
        let text = format!("{last_resort} full collections tried to free Metaspace as a last resort; {} were in use.", mib(peak));
        let shown = life.longest.iter().find(|pause| pause.cause.starts_with("Metadata GC"));
        return Some(Sign::new("metaspace-growth", last_resort as f64, Severity::Warning, text).shown_by(shown));
    }
    let limit = work.story.gc_links[source].and_then(|p| max_metaspace(work.story.processes[p].life.settings.jvm_options.iter().map(|option| &**option)));
    if let Some(limit) = limit.filter(|limit| peak as f64 >= 0.95 * *limit) {
        let text = format!("{} of at most {} MiB of Metaspace were in use.", mib(peak), (limit / 1_048_576.0) as u64);
        return Some(Sign::new("metaspace-growth", peak as f64 / limit, Severity::Warning, text));
    }
    let (middle, end) = grows(&life.metaspace)?;
    let text = format!("Metaspace in use grew from {} in the first half of the run to {} at its end.", mib(middle), mib(end));
    Some(Sign::new("metaspace-growth", 0.0, Severity::Info, text).unsure(Certainty::Possible))
}

fn max_metaspace<'a>(options: impl Iterator<Item = &'a str>) -> Option<f64> {
    options.filter_map(|option| option.strip_prefix("-XX:MaxMetaspaceSize=")).filter_map(|size| quantity(size, Unit::Bytes)).last()
}

/// Classes are loaded while a job starts; growth that goes on after the first half of the run, and to its end, is another thing. What was in use in the
/// middle and at the end.
fn grows(points: &[HeapPoint]) -> Option<(u64, u64)> {
    const FEWEST: usize = 12;
    const LEAST: u64 = 32 << 20;
    const LEAST_MS: f64 = 600_000.0;
    let (Some(begin), Some(end)) = (points.get(points.len() / 4), points.last()) else { return None };
    if points.len() < FEWEST || end.at - begin.at < LEAST_MS {
        return None;
    }
    let least = |part: &[HeapPoint]| part.iter().map(|point| point.after_bytes).min().unwrap_or(0);
    let quarter = points.len() / 4;
    let (second, third, fourth) = (least(&points[quarter..2 * quarter]), least(&points[2 * quarter..3 * quarter]), least(&points[3 * quarter..]));
    let last = least(&points[points.len() - 2..]);
    (third > second + LEAST / 4 && fourth > third + LEAST / 4 && last >= fourth && last > second + LEAST && last > second + second / 4)
        .then_some((second, last))
}

fn tally(life: &JvmLife, cause: &str) -> Tally {
    life.by_cause.iter().find(|(known, _)| &**known == cause).map_or_else(Tally::default, |(_, tally)| *tally)
}

fn humongous(life: &JvmLife) -> Option<Sign> {
    let (count, all) = (life.humongous_pauses, life.pauses?.count);
    if count < 10 || count * 10 < all {
        return None;
    }
    let stopped = tally(life, "G1 Humongous Allocation");
    let text = format!("{count} of {all} pauses were for objects of half a region or more, the longest {}.", seconds(stopped.max_ms));
    let shown = life.longest.iter().find(|pause| &*pause.cause == "G1 Humongous Allocation");
    Some(Sign::new("gc-humongous", count as f64, Severity::Info, text).shown_by(shown))
}

fn explicit(life: &JvmLife) -> Option<Sign> {
    let stopped = tally(life, "System.gc()");
    // Libraries do it now and then, once when they start.
    if life.system_gcs < 10 && stopped.max_ms < FELT_MS / 2.0 || life.system_gcs == 0 {
        return None;
    }
    let text = format!("System.gc() was called {} times, the longest pause for it took {}.", life.system_gcs, seconds(stopped.max_ms));
    let shown = life.longest.iter().find(|pause| &*pause.cause == "System.gc()");
    Some(Sign::new("gc-explicit", stopped.total_ms, Severity::Info, text).shown_by(shown))
}

/// The collector lost against allocation and had to stop the world, or single threads.
fn fell_behind(life: &JvmLife) -> Option<Sign> {
    let counts = [
        (life.concurrent_mode_failures, "concurrent mode failures"),
        (life.promotion_failures, "promotion failures"),
        (life.evacuation_failures, "evacuation failures"),
        (life.degenerated_gcs, "degenerated collections"),
        (life.allocation_stalls.count, "allocation stalls"),
    ];
    let all: u64 = counts.iter().map(|(count, _)| count).sum();
    if all < 3 {
        return None;
    }
    let words: Vec<String> = counts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
    let stopped = life.by_kind.iter().filter(|(kind, _)| matches!(kind, crate::gc::PauseKind::Full | crate::gc::PauseKind::Degenerated));
    let longest = stopped.map(|(_, tally)| tally.max_ms).fold(life.allocation_stalls.max_ms, f64::max);
    // Stops that nobody notices are the collector's own business.
    if longest < FELT_MS / 10.0 {
        return None;
    }
    let severity = if longest >= FELT_MS { Severity::Warning } else { Severity::Info };
    let text = format!("{}; the longest stop for them took {}.", words.join(", "), seconds(longest));
    let shown = life.longest.iter().find(|pause| matches!(pause.kind, crate::gc::PauseKind::Full | crate::gc::PauseKind::Degenerated));
    Some(Sign::new("gc-fell-behind", longest, severity, text).shown_by(shown))
}

fn safepoint(life: &JvmLife) -> Option<Sign> {
    let stops = life.safepoints.as_ref().filter(|stops| stops.max_reach_ms >= FELT_MS)?;
    let text = format!("It took {} until all threads had stopped.", seconds(stops.max_reach_ms));
    let mut sign = Sign::new("safepoint-slow", stops.max_reach_ms, Severity::Info, text);
    sign.line = stops.max_reach_at.map(|place| place.line);
    Some(sign)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(at: impl Fn(u64) -> u64) -> Vec<HeapPoint> {
        (0..40).map(|i| HeapPoint { at: i as f64 * 60_000.0, before_bytes: 0, after_bytes: at(i) << 20 }).collect()
    }

    #[test]
    fn classes_loaded_at_the_start_are_no_growth() {
        assert_eq!(grows(&points(|i| 20 + (i * 10).min(80))), None);
        assert_eq!(grows(&points(|i| 60 + i % 9 * 10)), None);
        assert_eq!(grows(&points(|i| 60 + i * 3)), Some((90 << 20, 174 << 20)));
    }

    #[test]
    fn sizes_of_options() {
        let options = ["-Xmx1g", "-XX:MaxMetaspaceSize=256m", "-XX:MaxMetaspaceSize=167772160"];
        assert_eq!(max_metaspace(options[..2].iter().copied()), Some(268_435_456.0));
        assert_eq!(max_metaspace(options.into_iter()), Some(167_772_160.0));
        assert_eq!(max_metaspace([].into_iter()), None);
    }

    #[test]
    fn a_pause_that_waited_for_the_cpu_is_told_apart() {
        let mut pause = crate::gc::Pause {
            uptime_ms: None,
            epoch_ms: None,
            own_time: false,
            ms: 9_000.0,
            kind: crate::gc::PauseKind::Full,
            cause: "".into(),
            before_bytes: None,
            after_bytes: None,
            committed_bytes: None,
            cpu: Some(crate::gc::Cpu { user_s: 0.4, sys_s: 0.2, real_s: 9.0 }),
            place: crate::gc::Place::default(),
        };
        assert!(not_the_collector(&pause).contains("throttled"));
        pause.cpu = Some(crate::gc::Cpu { user_s: 8.0, sys_s: 0.2, real_s: 9.0 });
        assert_eq!(not_the_collector(&pause), "");
    }
}
