//! `events`: every classified event in time order, as text or NDJSON; with `--follow` also those to come.

use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use rustc_hash::FxHashMap;
use serde::Serialize;

use super::args::{EventsArgs, LevelArg, LineFormat};
use super::inputs::{self, Input};
use super::output::Target;
use super::settings::Settings;
use super::terminal::{Paint, Terminal};
use super::{assess, narrow};
use crate::correlate::Story;
use crate::delivery::k8s::K8sFact;
use crate::error::{Error, Result};
use crate::event::JobId;
use crate::fold::{Event, KINDS, PauseTime, Wanted};
use crate::follow::Follower;
use crate::layout::Level;
use crate::present::rfc3339;
use crate::report::escape;
use crate::report::model::Job;
use crate::report::ndjson::SCHEMA;
use crate::report::redact::Redactor;
use crate::scan::{Scanned, ScannedSource};
use crate::suggest;

/// Lists events.
pub fn run(args: EventsArgs) -> Result<ExitCode> {
    if args.kind.iter().any(|kind| kind == "help") {
        return kinds();
    }
    for kind in &args.kind {
        check_kind(kind)?;
    }
    let paths = inputs::or_defaults(&args.input.paths)?;
    let settings = Settings::new(&args.read, &args.time, None, inputs::start_of(&paths))?;
    let wanted = Wanted::new(args.kind.clone(), args.level.map(level), args.max_events);
    if args.follow {
        return follow(&args, &paths, &settings, &wanted);
    }
    let target = Target::open(args.output.as_deref())?;
    let terminal = Terminal::look(args.color, target.is_terminal());
    let mut scanned = match inputs::read(&paths, &settings, Some(&wanted))? {
        Input::Logs(scanned) => *scanned,
        Input::Report(_) => return Err(Error::usage("a saved report does not hold every event; `flinklog timeline REPORT` shows those that it holds")),
    };
    let gaps = inputs::has_gaps(&scanned);
    for (path, problem) in scanned.unreadable.iter().chain(&scanned.notices).take(20) {
        settings.warn(format!("{path}: {}", problem.message));
    }
    if wanted.omitted() > 0 {
        settings.warn(format!(
            "more than {} events: {} were left out. Choose fewer with --kind or --level, or scan less at once",
            args.max_events,
            wanted.omitted()
        ));
    }
    let mut story = assess::story(&mut scanned, &settings);
    let events: Vec<(usize, Vec<Event>)> = story.sources.iter_mut().enumerate().map(|(i, source)| (i, std::mem::take(&mut source.events))).collect();
    let filter = Filter::new(&story, &settings, &args)?;
    let mut rows = filter.rows(events, &wanted);
    filter.also(&mut rows, &wanted);
    rows.sort_by_key(|row| (row.utc.unwrap_or(i64::MIN), row.source, row.event.line));
    let from = args.lines.map_or(0, |last| rows.len().saturating_sub(last));
    let mut printer = Printer::new(&args, &settings, terminal.color);
    printer.learn(&story, &settings);
    target.write(|out| rows[from..].iter().try_for_each(|row| printer.row(&story, row, out)))?;
    Ok(if gaps { ExitCode::from(3) } else { ExitCode::SUCCESS })
}

/// Prints what is there, then what comes.
fn follow(args: &EventsArgs, paths: &[PathBuf], settings: &Settings, wanted: &Wanted) -> Result<ExitCode> {
    if args.output.is_some() {
        return Err(Error::usage("--follow never ends and cannot write to --output; redirect standard output instead"));
    }
    let terminal = Terminal::look(args.color, io::stdout().is_terminal());
    let mut printer = Printer::new(args, settings, terminal.color);
    let mut follower = Follower::new(paths, &settings.rules, Some(wanted));
    let mut story: Option<Story> = None;
    let mut first = true;
    loop {
        let news = follower.poll();
        follower.remarks().iter().for_each(|remark| settings.warn(remark));
        if news || first {
            let events = follower.events();
            // Clocks and jobs are settled over all that is known by now.
            let sources = follower.sources();
            let known = story.insert(assess::join(sources, settings));
            printer.learn(known, settings);
            let filter = match Filter::new(known, settings, args) {
                // The job may come later.
                Err(_) if args.time.job.is_some() => None,
                other => Some(other?),
            };
            if let Some(filter) = filter {
                let mut rows = filter.rows(events, wanted);
                rows.sort_by_key(|row| (row.utc.unwrap_or(i64::MIN), row.source, row.event.line));
                let from = args.lines.filter(|_| first).map_or(0, |last| rows.len().saturating_sub(last));
                let mut out = io::stdout().lock();
                rows[from..].iter().try_for_each(|row| printer.row(known, row, &mut out))?;
                out.flush()?;
            }
            first = false;
        }
        if follower.ended() {
            return Ok(ExitCode::SUCCESS);
        }
        std::thread::sleep(Duration::from_millis(250));
    }
}

fn kinds() -> Result<ExitCode> {
    Target::Stdout.write(|out| KINDS.iter().try_for_each(|kind| writeln!(out, "{kind}")))?;
    Ok(ExitCode::SUCCESS)
}

fn check_kind(wanted: &str) -> Result<()> {
    let fits = |kind: &str| kind.strip_prefix(wanted).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'));
    if KINDS.iter().any(|kind| fits(kind)) {
        return Ok(());
    }
    let groups = KINDS.iter().map(|kind| kind.split('.').next().unwrap_or(kind));
    let near = suggest::nearest(wanted, KINDS.iter().copied().chain(groups));
    Err(Error::usage(format!("--kind {wanted}: there is no such kind{}; `--kind help` lists all", suggest::hint(near))))
}

fn level(level: LevelArg) -> Level {
    match level {
        LevelArg::Trace => Level::Trace,
        LevelArg::Debug => Level::Debug,
        LevelArg::Info => Level::Info,
        LevelArg::Warn => Level::Warn,
        LevelArg::Error => Level::Error,
        LevelArg::Fatal => Level::Fatal,
    }
}

/// An event in its place.
struct Row {
    utc: Option<i64>,
    source: usize,
    event: Event,
}

/// What of the events is asked for.
struct Filter<'s> {
    story: &'s Story,
    since: Option<i64>,
    until: Option<i64>,
    jobs: Option<Vec<JobId>>,
    attempt: Option<i64>,
    index: FxHashMap<JobId, usize>,
    sources: Vec<bool>,
}

impl<'s> Filter<'s> {
    fn new(story: &'s Story, settings: &Settings, args: &EventsArgs) -> Result<Filter<'s>> {
        let options = assess::options(story, settings);
        let jobs = match &settings.job {
            None => None,
            Some(wanted) => {
                let means = |job: &&crate::correlate::Job| {
                    let shown = Job { id: job.id.to_string(), name: job.name.as_deref().map(str::to_owned), ..Job::default() };
                    narrow::means(&shown, wanted)
                };
                let found: Vec<JobId> = story.jobs.iter().filter(means).map(|job| job.id).collect();
                if found.is_empty() {
                    let known: Vec<String> =
                        story.jobs.iter().take(10).map(|job| format!("  {}  {}", job.id, job.name.as_deref().unwrap_or("(no name)"))).collect();
                    return Err(Error::usage(format!("--job {wanted}: no job of this name, and none whose id begins so; there are:\n{}", known.join("\n"))));
                }
                Some(found)
            }
        };
        let about = |source: &ScannedSource| {
            let named = &source.named;
            let names = [Some(source.path.as_str()), named.container.as_deref(), named.log_type.as_deref(), Some(source.sniffed.role)];
            args.source.is_empty() || names.iter().flatten().any(|name| args.source.iter().any(|wanted| name.contains(wanted.as_str())))
        };
        let sources = story.sources.iter().map(about).collect();
        Ok(Filter { story, since: options.since, until: options.until, jobs, attempt: args.attempt, index: index_of(story), sources })
    }

    fn wants(&self, source: usize, utc: Option<i64>, job: Option<JobId>) -> bool {
        let bounded = self.since.is_some() || self.until.is_some();
        self.sources.get(source).copied().unwrap_or(true)
            && self.jobs.as_ref().is_none_or(|jobs| job.is_some_and(|job| jobs.contains(&job)))
            && self.attempt.is_none_or(|wanted| job.is_some_and(|job| self.is_attempt(job, utc, wanted)))
            && match utc {
                Some(ms) => self.since.is_none_or(|since| ms >= since) && self.until.is_none_or(|until| ms <= until),
                None => !bounded,
            }
    }

    /// Does the attempt of a job that runs at a time have this number, counted from the first or, below 0, from the last?
    fn is_attempt(&self, job: JobId, utc: Option<i64>, wanted: i64) -> bool {
        let Some(job) = self.index.get(&job).map(|j| &self.story.jobs[*j]) else { return false };
        let last = job.attempts.last().map_or(0, |attempt| i64::from(attempt.number));
        let wanted = if wanted < 0 { last + 1 + wanted } else { wanted };
        job.attempt_at(utc).is_some_and(|at| i64::from(job.attempts[at].number) == wanted)
    }

    /// Rows of listed events. An event without a time takes that of the one before it.
    fn rows(&self, events: Vec<(usize, Vec<Event>)>, wanted: &Wanted) -> Vec<Row> {
        let mut rows = Vec::new();
        for (source, events) in events {
            let mut last = None;
            for mut event in events {
                event.job = event.job.or_else(|| wanted.job_of_graph(event.graph?));
                let utc = match &event.pause {
                    Some(pause) => self.pause_time(source, event.line, pause).or(last),
                    None => {
                        last = self.story.utc(source, event.ms).or(last);
                        last
                    }
                };
                if self.wants(source, utc, event.job) {
                    rows.push(Row { utc, source, event });
                }
            }
        }
        rows
    }

    /// UTC of a pause: printed beside it, or counted from the start of its JVM where that is known.
    fn pause_time(&self, source: usize, line: u64, pause: &PauseTime) -> Option<i64> {
        pause.epoch_ms.or_else(|| {
            let lives = &self.story.sources.get(source)?.digest.gc.as_ref()?.lives;
            lives.iter().rev().find(|life| life.first_line.line <= line)?.epoch_ms(pause.uptime_ms?)
        })
    }

    /// What is no record: facts of `kubectl` reports.
    fn also(&self, rows: &mut Vec<Row>, wanted: &Wanted) {
        for (source, scanned) in self.story.sources.iter().enumerate() {
            for fact in scanned.facts.iter().filter(|_| wanted.wants("k8s", Level::Info)) {
                let utc = [&fact.last, &fact.finished, &fact.first, &fact.started].into_iter().flatten().find_map(|time| time.millis);
                if self.wants(source, utc, None) {
                    rows.push(Row { utc, source, event: Event::plain("k8s", fact.line, words(fact).into()) });
                }
            }
        }
    }
}

/// Place of each job.
fn index_of(story: &Story) -> FxHashMap<JobId, usize> {
    story.jobs.iter().enumerate().map(|(i, job)| (job.id, i)).collect()
}

fn words(fact: &K8sFact) -> String {
    let exit = fact.exit_code.map(|code| format!("exit code {code}"));
    let parts = [fact.object.as_deref(), fact.container.as_deref(), fact.reason.as_deref(), exit.as_deref(), fact.message.as_deref()];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" ")
}

/// One NDJSON line: the time line's fields, and those that only single records have.
#[derive(Serialize)]
struct Line<'r> {
    schema: &'static str,
    first: Option<&'r str>,
    last: Option<&'r str>,
    count: u64,
    kind: &'r str,
    level: Option<&'r str>,
    job: Option<String>,
    job_name: Option<String>,
    attempt: Option<u32>,
    task_manager: Option<String>,
    source: usize,
    path: String,
    container: Option<String>,
    log_type: Option<String>,
    line: u64,
    logger: Option<&'r str>,
    pattern: Option<&'r str>,
    exception: Option<String>,
    text: String,
}

struct Printer<'r> {
    rules: &'r crate::rules::Rules,
    format: LineFormat,
    paint: Paint,
    redactor: Option<Redactor>,
    jobs: FxHashMap<JobId, usize>,
}

impl<'r> Printer<'r> {
    fn new(args: &EventsArgs, settings: &'r Settings, color: bool) -> Printer<'r> {
        let redactor = args.redact.then(Redactor::default);
        Printer { rules: &settings.rules, format: args.format, paint: Paint(color), redactor, jobs: FxHashMap::default() }
    }

    /// Takes in the jobs, and hosts and users that only other lines name.
    fn learn(&mut self, story: &Story, settings: &Settings) {
        self.jobs = index_of(story);
        if let Some(redactor) = &mut self.redactor {
            redactor.learn(&assess::present_story(story, &assess::options(story, settings), settings, &Scanned::default()));
        }
    }

    fn row(&mut self, story: &Story, row: &Row, out: &mut dyn Write) -> io::Result<()> {
        let clock = story.clocks.get(row.source);
        let time = row.utc.map(|ms| rfc3339(ms, clock.map_or(0, |clock| clock.minutes_at(ms))));
        let text = self.shown(&row.event.text);
        match self.format {
            LineFormat::Text => self.text(story, row, time.as_deref(), &text, out),
            LineFormat::Ndjson => self.json(story, row, time.as_deref(), text, out),
        }
    }

    fn shown(&mut self, text: &str) -> String {
        match &mut self.redactor {
            Some(redactor) => redactor.text(text),
            None => text.to_owned(),
        }
    }

    fn path(&mut self, path: &str) -> String {
        match &mut self.redactor {
            Some(redactor) => redactor.path(path),
            None => path.to_owned(),
        }
    }

    fn text(&mut self, story: &Story, row: &Row, time: Option<&str>, text: &str, out: &mut dyn Write) -> io::Result<()> {
        let event = &row.event;
        let source = story.sources.get(row.source);
        let label = source.map_or_else(String::new, |source| match (&source.named.container, &source.named.log_type) {
            (Some(container), Some(log)) => self.shown(&format!("{container}/{log}")),
            (Some(container), None) => self.shown(container),
            _ => self.path(source.path.rsplit('/').next().unwrap_or(&source.path)),
        });
        let paint = self.paint;
        let code = match event.level {
            Level::Error | Level::Fatal => "1;31",
            Level::Warn => "33",
            _ => "",
        };
        writeln!(
            out,
            "{} {} {} {} {}",
            paint.ink("2", time.unwrap_or("-                       ")),
            paint.ink(code, &format!("{:<5}", event.level.name())),
            paint.ink("36", &format!("{:<22}", event.kind)),
            paint.ink("2", &escape::terminal(&format!("{label}:{}", event.line))),
            paint.ink(code, &escape::terminal(text)),
        )
    }

    fn json(&mut self, story: &Story, row: &Row, time: Option<&str>, text: String, out: &mut dyn Write) -> io::Result<()> {
        let event = &row.event;
        let job = event.job.and_then(|id| story.jobs.get(*self.jobs.get(&id)?));
        let source = story.sources.get(row.source);
        let path = source.map(|source| source.path.clone()).unwrap_or_default();
        let job_name = job.and_then(|job| job.name.as_deref()).map(|name| self.shown(name));
        let task_manager = event.task_manager.as_deref().map(|id| self.shown(id));
        let line = Line {
            schema: SCHEMA,
            first: time,
            last: time,
            count: 1,
            kind: event.kind,
            level: Some(event.level.name()).filter(|name| !name.is_empty()),
            job: event.job.map(|job| job.to_string()),
            job_name,
            attempt: job.and_then(|job| Some(job.attempts[job.attempt_at(row.utc)?].number)),
            task_manager,
            source: row.source,
            path: self.path(&path),
            container: source.and_then(|source| source.named.container.as_deref()).map(|name| self.shown(name)),
            log_type: source.and_then(|source| source.named.log_type.as_deref()).map(|name| self.shown(name)),
            line: event.line,
            logger: Some(&*event.logger).filter(|logger| !logger.is_empty()),
            pattern: event.pattern.map(|pattern| self.rules.id(pattern)),
            exception: event.exception.map(|fingerprint| format!("{fingerprint:016x}")),
            text,
        };
        serde_json::to_writer(&mut *out, &line).map_err(io::Error::from)?;
        out.write_all(b"\n")
    }
}
