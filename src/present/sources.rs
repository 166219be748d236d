//! Sources, processes, warnings and coverage.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use super::{Rest, Scene, offset_text};
use crate::correlate::FoldedJobs;
use crate::digest::starts::FoldedStarts;
use crate::event::JobState;
use crate::layout::Layout;
use crate::report::figures;
use crate::report::model as m;
use crate::scan::ScannedSource;

/// Processes that the report lists, the first ones and the last ones; each comes with its configuration.
const MAX_PROCESSES: usize = 500;

/// Does the report list this process?
fn is_listed(process: usize, of: usize) -> bool {
    of <= MAX_PROCESSES || process < MAX_PROCESSES / 2 || process >= of - MAX_PROCESSES / 2
}

/// All sources, in their order.
pub fn sources(scene: &Scene) -> Vec<m::Source> {
    let story = scene.story;
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
                first_time: scene.shown(i, digest.first.filter(|s| s.date == crate::layout::time::Date::Full).map(|s| s.ms)),
                last_time: scene.shown(i, digest.last.filter(|s| s.date == crate::layout::time::Date::Full).map(|s| s.ms)),
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
pub fn processes(scene: &Scene) -> (Vec<m::Process>, u64) {
    let story = scene.story;
    let known = story.processes.len();
    // The same keys come with every start of a process.
    let mut secret: FxHashMap<&str, bool> = FxHashMap::default();
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
            let meaning = exit_code.and_then(|c| i32::try_from(c).ok()).and_then(|c| scene.rules.packs.exit_code(space, c)).map(|known| known.meaning.into());
            let text = |s: &Option<crate::event::Str>| s.as_deref().map(str::to_owned);
            m::Process {
                id: i as u32,
                role: process.role.to_owned(),
                sources: process.sources.iter().map(|s| *s as u32).collect(),
                start: scene.time(source, process.start),
                end: scene.time(source, process.end),
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
                jvm_options: life.settings.jvm_options.iter().map(|o| mask(o)).collect(),
                program_arguments: arguments(&life.settings.arguments),
                max_heap_bytes: life.max_heap.as_deref().and_then(|h| h.split(' ').next()?.parse::<u64>().ok()).map(|mib| mib << 20),
                configuration: process
                    .configuration()
                    .iter()
                    .map(|(k, v)| (k.to_string(), if *secret.entry(k).or_insert_with(|| is_secret(k)) { "******".to_owned() } else { mask(v) }))
                    .collect(),
            }
        })
        .collect::<Vec<_>>();
    let folded = story.sources.iter().map(|source| source.digest.folded_starts.lives()).sum::<u64>();
    let omitted = (known - listed.len()) as u64 + folded;
    (listed, omitted)
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
pub fn warnings(scene: &Scene, rest: &Rest) -> Vec<m::Warning> {
    let mut out = Vec::new();
    let by_path: BTreeMap<&str, usize> = scene.story.sources.iter().enumerate().rev().map(|(i, s)| (s.path.as_str(), i)).collect();
    for (path, problem) in rest.unreadable {
        out.push(m::Warning { source: None, line: problem.line, code: problem.code.to_owned(), message: format!("{path}: {}", problem.message) });
    }
    for (path, problem) in rest.notices {
        let source = by_path.get(path.as_str()).map(|i| *i as u32);
        out.push(m::Warning { source, line: problem.line, code: problem.code.to_owned(), message: format!("{path}: {}", problem.message) });
    }
    if scene.story.folded.jobs > 0 {
        out.push(m::Warning { source: None, line: None, code: "folded".to_owned(), message: folded_jobs(&scene.story.folded) });
    }
    for (i, source) in scene.story.sources.iter().enumerate() {
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
        if digest.folded_starts.lives() > 0 {
            add("folded", format!("{}: {}", shown_path(source), folded_starts(&digest.folded_starts)));
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

/// What is left of the jobs of the middle, in words.
fn folded_jobs(folded: &FoldedJobs) -> String {
    let states = folded.by_state.iter().map(|(state, count)| format!("{} {}", figures::count(*count), state.map_or("UNKNOWN", JobState::name)));
    format!(
        "{} of the middle are only counted ({}; {}, {}, {} of them failed); --job, --since and --until look at them one by one",
        figures::plural(folded.jobs, "job"),
        states.collect::<Vec<_>>().join(", "),
        figures::plural(folded.restarts, "restart"),
        figures::plural(folded.triggered, "checkpoint"),
        figures::count(folded.failed)
    )
}

/// What is left of starts of the middle, in words.
fn folded_starts(folded: &FoldedStarts) -> String {
    let ended = [(folded.orderly, "orderly"), (folded.silent, "without a word"), (folded.fatal, "by a fatal error")];
    let ended: Vec<_> = ended.iter().filter(|(count, _)| *count > 0).map(|(count, how)| format!("{} ended {how}", figures::count(*count))).collect();
    format!(
        "{} of processes of the middle are only counted ({}), with {} that went with them; --since and --until look at them one by one",
        figures::plural(folded.lives(), "start"),
        ended.join(", "),
        figures::plural(folded.entries, "event")
    )
}

/// Path, and container and log where it stands in a delivery.
pub fn shown_path(source: &ScannedSource) -> String {
    match (&source.named.container, &source.named.log_type) {
        (Some(container), Some(log)) => format!("{} {container}/{log}", source.path),
        _ => source.path.clone(),
    }
}

/// What was read and what was not.
pub fn coverage(scene: &Scene, rest: &Rest, report: &m::Report) -> m::Coverage {
    let sum = |f: fn(&ScannedSource) -> u64| scene.story.sources.iter().map(f).sum::<u64>();
    let all: Vec<(i64, i64)> = (0..scene.story.sources.len())
        .filter_map(|i| {
            let (low, high) = scene.story.sources[i].digest.span_ms?;
            Some((scene.story.clocks[i].utc(low), scene.story.clocks[i].utc(high)))
        })
        .collect();
    let clock = scene.story.sources.iter().position(|s| s.digest.span_ms.is_some()).unwrap_or(0);
    m::Coverage {
        sources: scene.story.sources.len() as u64,
        bytes: sum(|s| s.digest.bytes),
        lines: sum(|s| s.digest.lines),
        records: sum(|s| s.digest.records),
        unparsed_lines: sum(|s| s.digest.unparsed_lines),
        capped_lines: sum(|s| s.digest.capped_lines),
        skipped: rest.skipped.len() as u64,
        incomplete: scene.story.sources.iter().filter(|s| !s.complete).count() as u64 + rest.unreadable.len() as u64,
        benign: report.benign.iter().map(|b| b.count).sum(),
        unclassified: report.unclassified.iter().map(|u| u.count).sum(),
        first_time: scene.time(clock, all.iter().map(|b| b.0).min()),
        last_time: scene.time(clock, all.iter().map(|b| b.1).max()),
    }
}
