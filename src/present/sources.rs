//! Sources, processes, warnings, GC chapters and coverage.

use std::collections::BTreeMap;

use super::{Rest, View, offset_text};
use crate::gc::{JvmLife, NoteKind, PauseSummary, Tally};
use crate::layout::Layout;
use crate::report::model as m;
use crate::scan::ScannedSource;

/// Pauses that a chapter lists.
const LONGEST: usize = 10;

/// Processes that the report lists, the first ones and the last ones; each comes with its configuration.
const MAX_PROCESSES: usize = 500;

/// Does the report list this process?
fn is_listed(process: usize, of: usize) -> bool {
    of <= MAX_PROCESSES || process < MAX_PROCESSES / 2 || process >= of - MAX_PROCESSES / 2
}

/// All sources, in their order.
pub fn sources(view: &View) -> Vec<m::Source> {
    let story = view.story;
    let mut processes: Vec<Vec<u32>> = vec![Vec::new(); story.sources.len()];
    let known = story.processes.len();
    for (p, process) in story.processes.iter().enumerate().filter(|(p, _)| is_listed(*p, known)) {
        for source in &process.sources {
            processes[*source].push(p as u32);
        }
    }
    for (source, link) in story.gc_links.iter().enumerate() {
        if let Some(p) = link
            && is_listed(*p, known)
            && !processes[source].contains(&(*p as u32))
        {
            processes[source].push(*p as u32);
        }
    }
    story
        .sources
        .iter()
        .enumerate()
        .map(|(i, source)| {
            let digest = &source.digest;
            let clock = story.clocks[i];
            m::Source {
                id: i as u32,
                path: source.path.clone(),
                container: source.named.container.clone(),
                log_type: source.named.log_type.clone(),
                node: source.named.node.clone(),
                role: source.sniffed.role.to_owned(),
                layout: layout(source),
                codec: source.codec.clone(),
                bytes: digest.bytes,
                lines: digest.lines,
                records: digest.records,
                unparsed_lines: digest.unparsed_lines,
                capped_lines: digest.capped_lines,
                first_time: view.shown(i, digest.first.filter(|s| s.date == crate::layout::time::Date::Full).map(|s| s.ms)),
                last_time: view.shown(i, digest.last.filter(|s| s.date == crate::layout::time::Date::Full).map(|s| s.ms)),
                time_zone: m::TimeZone { offset: offset_text(clock.shown_minutes), from: clock.from.name().to_owned() },
                // The newest is the one that the others are rotations of.
                rotation_of: story.rotation[i].filter(|newest| *newest != i).map(|r| r as u32),
                complete: source.complete,
                processes: std::mem::take(&mut processes[i]),
                stream_line: source.named.stream_line,
                stream_byte: source.named.stream_byte,
            }
        })
        .collect()
}

fn layout(source: &ScannedSource) -> Option<String> {
    if source.sniffed.content == crate::input::sniff::Content::Gc {
        return Some("gc".to_owned());
    }
    let (layout, count) = Layout::all().into_iter().zip(source.digest.layouts).max_by_key(|(_, count)| *count)?;
    if count > 0 {
        return Some(layout.name().to_owned());
    }
    (source.digest.lines > 0).then(|| "text".to_owned())
}

/// The processes, and how many are left out.
pub fn processes(view: &View) -> (Vec<m::Process>, u64) {
    let story = view.story;
    let known = story.processes.len();
    let listed = story
        .processes
        .iter()
        .enumerate()
        .filter(|(i, _)| is_listed(*i, known))
        .map(|(i, process)| {
            let source = process.last_source;
            let life = &process.life;
            let worker = story.workers.iter().find(|w| w.process == Some(i));
            let last = worker.and_then(|w| w.lives.last());
            let exit_code = life.exit_code.map(|(code, _)| code).or_else(|| last.and_then(|l| l.exit_code));
            let space = if exit_code.is_some_and(|c| c < -99) { crate::patterns::Space::Yarn } else { crate::patterns::Space::Process };
            let meaning = exit_code.and_then(|c| i32::try_from(c).ok()).and_then(|c| view.rules.packs.exit_code(space, c)).map(|known| known.meaning.clone());
            let text = |s: &Option<crate::event::Str>| s.as_deref().map(str::to_owned);
            m::Process {
                id: i as u32,
                role: process.role.to_owned(),
                sources: process.sources.iter().map(|s| *s as u32).collect(),
                start: view.time(source, process.start),
                end: view.time(source, process.end),
                ended_by: process.ended_by.map(str::to_owned),
                exit_code,
                exit_meaning: meaning,
                flink_version: text(&life.version),
                commit: text(&life.commit),
                jvm: text(&life.jvm),
                resource_id: text(&life.resource_id),
                container: process.container.clone().or_else(|| worker.and_then(|w| w.container.clone())),
                host: worker.and_then(|w| w.host.as_deref()).map(str::to_owned),
                deployment: life.component.as_deref().and_then(deployment).map(str::to_owned),
                jvm_options: life.jvm_options.iter().map(|o| mask(o)).collect(),
                program_arguments: arguments(&life.arguments),
                max_heap_bytes: life.max_heap.as_deref().and_then(|h| h.split(' ').next()?.parse::<u64>().ok()).map(|mib| mib << 20),
                configuration: process.configuration.iter().map(|(k, v)| (k.to_string(), if is_secret(k) { "******".to_owned() } else { mask(v) })).collect(),
            }
        })
        .collect::<Vec<_>>();
    let omitted = known - listed.len();
    (listed, omitted as u64)
}

/// Deployment by the component that the banner names.
fn deployment(component: &str) -> Option<&'static str> {
    let has = |needle: &str| component.to_ascii_lowercase().contains(needle);
    Some(match () {
        () if has("kubernetesapplication") => "kubernetes-application",
        () if has("kubernetes") => "kubernetes-session",
        () if has("yarnapplication") => "yarn-application",
        () if has("yarnjob") => "yarn-per-job",
        () if has("yarn") => "yarn-session",
        () if has("standaloneapplication") || has("standalonejob") => "standalone-application",
        () if has("standalonesession") => "standalone-session",
        () => return None,
    })
}

/// Keys whose values Flink itself hides (`GlobalConfiguration.SENSITIVE_KEYS`) and some more.
fn is_secret(key: &str) -> bool {
    let key = key.to_ascii_lowercase();
    [
        "password",
        "secret",
        "fs.azure.account.key",
        "apikey",
        "api-key",
        "auth-params",
        "service-key",
        "token",
        "basic-auth",
        "jaas.config",
        "http-headers",
        "private-key",
        "access-key",
        "access.key",
    ]
    .iter()
    .any(|word| key.contains(word))
        && !key.ends_with(".enabled")
        && !key.contains("delegation.token")
        && !key.contains("delegation-token")
}

/// Secrets inside a value: `-Dx.password=…`, `user:password@`.
fn mask(value: &str) -> String {
    if let Some((key, _)) = value.split_once('=')
        && is_secret(key)
        && !key.contains(' ')
    {
        return format!("{key}=******");
    }
    if let (Some(scheme), Some(at)) = (value.find("://"), value.find('@'))
        && scheme < at
        && value[scheme + 3..at].contains(':')
    {
        return format!("{}******{}", &value[..scheme + 3], &value[at..]);
    }
    value.to_owned()
}

/// Program arguments; the value that follows a secret's name is hidden.
fn arguments(arguments: &[crate::event::Str]) -> Vec<String> {
    let mut hide = false;
    arguments
        .iter()
        .map(|argument| {
            if std::mem::replace(&mut hide, argument.starts_with("--") && is_secret(argument) && !argument.contains('=')) {
                return "******".to_owned();
            }
            mask(argument)
        })
        .collect()
}

/// What could not be read, and what is doubtful about the rest.
pub fn warnings(view: &View, rest: &Rest) -> Vec<m::Warning> {
    let mut out = Vec::new();
    let by_path: BTreeMap<&str, usize> = view.story.sources.iter().enumerate().rev().map(|(i, s)| (s.path.as_str(), i)).collect();
    for (path, problem) in rest.unreadable {
        out.push(m::Warning { source: None, line: problem.line, code: problem.code.to_owned(), message: format!("{path}: {}", problem.message) });
    }
    for (path, problem) in rest.notices {
        let source = by_path.get(path.as_str()).map(|i| *i as u32);
        out.push(m::Warning { source, line: problem.line, code: problem.code.to_owned(), message: format!("{path}: {}", problem.message) });
    }
    for (i, source) in view.story.sources.iter().enumerate() {
        for problem in &source.problems {
            out.push(m::Warning {
                source: Some(i as u32),
                line: problem.line,
                code: problem.code.to_owned(),
                message: format!("{}: {}", shown_path(source), problem.message),
            });
        }
        let digest = &source.digest;
        let mut add = |code: &str, message: String| out.push(m::Warning { source: Some(i as u32), line: None, code: code.to_owned(), message });
        if digest.capped_lines > 0 {
            add("capped", format!("{}: {} lines beyond 1 MiB of a record were passed over", shown_path(source), digest.capped_lines));
        }
        if digest.entries_omitted > 0 {
            add("folded", format!("{}: {} events of the middle were folded away", shown_path(source), digest.entries_omitted));
        }
        let matters = &digest.matters;
        if matters.exceptions_omitted + matters.templates_omitted > 0 {
            add(
                "folded",
                format!(
                    "{}: {} more exceptions and {} more messages were counted, not kept",
                    shown_path(source),
                    matters.exceptions_omitted,
                    matters.templates_omitted
                ),
            );
        }
    }
    out
}

/// Path, and container and log where it stands in a delivery.
pub fn shown_path(source: &ScannedSource) -> String {
    match (&source.named.container, &source.named.log_type) {
        (Some(container), Some(log)) => format!("{} {container}/{log}", source.path),
        _ => source.path.clone(),
    }
}

/// One chapter per source with GC lines.
pub fn gc(view: &View) -> Vec<m::Gc> {
    let story = view.story;
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
        let (first_time, last_time) = bounds(view, i, lives);
        let mut histogram: BTreeMap<u64, u64> = BTreeMap::new();
        for (bound, count) in lives.iter().flat_map(|l| &l.histogram) {
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
                    time: view.time(i, p.epoch_ms),
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
            causes,
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

fn cause_of(pause: &crate::gc::Pause) -> String {
    if pause.cause.is_empty() { pause.kind.slug().to_owned() } else { pause.cause.to_string() }
}

fn bounds(view: &View, source: usize, lives: &[JvmLife]) -> (Option<m::Time>, Option<m::Time>) {
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
    (view.time(source, first), view.time(source, last))
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

/// What was read and what was not.
pub fn coverage(view: &View, rest: &Rest, report: &m::Report) -> m::Coverage {
    let sum = |f: fn(&ScannedSource) -> u64| view.story.sources.iter().map(f).sum::<u64>();
    let all: Vec<(i64, i64)> = (0..view.story.sources.len())
        .filter_map(|i| {
            let (low, high) = view.story.sources[i].digest.span_ms?;
            Some((view.story.clocks[i].utc(low), view.story.clocks[i].utc(high)))
        })
        .collect();
    let clock = view.story.sources.iter().position(|s| s.digest.span_ms.is_some()).unwrap_or(0);
    m::Coverage {
        sources: view.story.sources.len() as u64,
        bytes: sum(|s| s.digest.bytes),
        lines: sum(|s| s.digest.lines),
        records: sum(|s| s.digest.records),
        unparsed_lines: sum(|s| s.digest.unparsed_lines),
        capped_lines: sum(|s| s.digest.capped_lines),
        skipped: rest.skipped.len() as u64,
        incomplete: view.story.sources.iter().filter(|s| !s.complete).count() as u64 + rest.unreadable.len() as u64,
        benign: report.benign.iter().map(|b| b.count).sum(),
        unclassified: report.unclassified.iter().map(|u| u.count).sum(),
        first_time: view.time(clock, all.iter().map(|b| b.0).min()),
        last_time: view.time(clock, all.iter().map(|b| b.1).max()),
    }
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
