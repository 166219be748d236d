//! `patterns`: list, show, test, and begin new ones.

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde_json::json;

use super::args::{PatternsArgs, PatternsCommand, TextOrJson};
use super::explain;
use super::output::Target;
use super::settings;
use crate::config;
use crate::error::{Error, Result};
use crate::exception;
use crate::fold::RecordAt;
use crate::input::discover::{FileToRead, Found};
use crate::layout::time::DayClock;
use crate::layout::{self, Lacks, ansi, json as json_layout};
use crate::patterns::{self, Level, NewPattern, On, Packs, Pattern};
use crate::rules::Rules;
use crate::scan;

/// Does what was asked for.
pub fn run(args: PatternsArgs) -> Result<ExitCode> {
    let loaded = || {
        let loaded = config::load(args.config.as_deref(), Path::new("."))?;
        settings::packs(&args.patterns, &loaded.config.patterns)
    };
    match &args.what {
        PatternsCommand::List { format } => print(&list(&*loaded()?, *format)),
        PatternsCommand::Show { slug } => {
            let packs = loaded()?;
            let slug = slug.trim().to_ascii_lowercase();
            let pattern = packs.get(&slug).ok_or_else(|| explain::unknown(&packs, &slug))?;
            print(&definition(pattern)?)
        }
        PatternsCommand::Test { dir } => {
            let dir = dir.as_deref().or_else(|| args.patterns.first().map(PathBuf::as_path));
            test(dir)
        }
        PatternsCommand::New { place } => print(&draft(place)?),
    }
}

fn print(text: &str) -> Result<ExitCode> {
    Target::Stdout.write(|out| out.write_all(text.as_bytes()))?;
    Ok(ExitCode::SUCCESS)
}

fn list(packs: &Packs, format: TextOrJson) -> String {
    if format == TextOrJson::Json {
        let all: Vec<_> = packs
            .iter()
            .map(|p| {
                json!({
                    "id": p.id, "title": p.title, "nature": format!("{:?}", p.nature).to_lowercase(), "severity": p.severity.as_str(),
                    "owner": p.owner.as_str(), "pack": p.pack, "file": p.file, "line": p.line, "built_in": p.shipped,
                })
            })
            .collect();
        return format!("{:#}\n", serde_json::Value::Array(all));
    }
    let mut out = String::new();
    for info in packs.packs().iter().filter(|info| info.patterns > 0) {
        let whose = if info.shipped { "" } else { " (your own)" };
        let _ = writeln!(out, "{}{whose}: {} patterns", info.name, info.patterns);
        let stem = |p: &&Pattern| p.shipped == info.shipped && p.file.strip_suffix(".toml").unwrap_or(p.file) == info.name;
        for pattern in packs.iter().filter(stem) {
            let nature = format!("{:?}", pattern.nature).to_lowercase();
            let _ = writeln!(out, "  {:<34} {:<8} {:<8} {}", pattern.id, pattern.severity.as_str(), nature, pattern.title);
        }
    }
    out
}

/// The TOML of a pattern as it stands in its file, to be copied and changed.
fn definition(pattern: &Pattern) -> Result<String> {
    let text = if pattern.shipped {
        patterns::SHIPPED_FILES.iter().find(|(name, _)| *name == pattern.file).map(|(_, text)| (*text).to_owned()).unwrap_or_default()
    } else {
        let file = Path::new(&pattern.file);
        std::fs::read_to_string(file).map_err(|e| Error::file(file, e))?
    };
    let mut out = format!("# {}:{}\n", pattern.file, pattern.line);
    for (i, line) in text.lines().skip(pattern.line.saturating_sub(1)).enumerate() {
        let begins_another = line.starts_with("[[") && !line.starts_with("[[pattern.");
        if i > 0 && begins_another {
            break;
        }
        out.push_str(line);
        out.push('\n');
    }
    // What stands above the next one is about that.
    while let Some(rest) = out.trim_end().rsplit_once('\n').filter(|(_, last)| last.starts_with('#')) {
        out = rest.0.to_owned();
    }
    Ok(format!("{}\n", out.trim_end()))
}

fn test(dir: Option<&Path>) -> Result<ExitCode> {
    let run = patterns::test(dir).map_err(|errors| Error::Patterns(errors.iter().map(|e| e.to_string()).collect::<Vec<_>>().join("\n")))?;
    let mut out = String::new();
    for failure in &run.failures {
        let _ = writeln!(out, "{}:{}: {}: {}", failure.file, failure.line, failure.id, failure.why);
        if let Some(line) = failure.text.lines().next() {
            let _ = writeln!(out, "    {line}");
        }
    }
    let _ = writeln!(out, "{} patterns, {} samples, {} near misses: {} failed", run.patterns, run.samples, run.near_misses, run.failures.len());
    print(&out)?;
    Ok(if run.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

fn draft(place: &str) -> Result<String> {
    let parsed = place.rsplit_once(':').and_then(|(file, line)| Some((file, line.parse::<u64>().ok().filter(|line| *line > 0)?)));
    let Some((file, line)) = parsed else {
        return Err(Error::usage(format!("`{place}`: write FILE:LINE, the line counted from 1, for example log/jobmanager.log:1234")));
    };
    let path = PathBuf::from(file);
    let seeker = RecordAt::new(line);
    let rules = Rules::new(Packs::shipped().clone());
    let options = scan::Options { rules: &rules, chunk_size: 1 << 20, mmap: false, all_jobs: false, progress: &|_| {}, onlooker: Some(&seeker) };
    let found = Found { files: vec![FileToRead { path: path.clone(), named: true }], missing: Vec::new() };
    let scanned = scan::files(&found, &options);
    if let Some((_, problem)) = scanned.unreadable.first() {
        return Err(Error::usage(format!("{file}: {}", problem.message)));
    }
    let lines = scanned.sources.iter().map(|source| source.digest.lines).max().unwrap_or(0);
    let process = scanned.sources.first().and_then(|source| source.sniffed.mode.process);
    let text = seeker.into_text().ok_or_else(|| Error::usage(format!("{file} has {lines} lines; there is no line {line}")))?;
    Ok(draft_of(&text, process))
}

/// A draft for a record: for the root of its exception where it has one, else for its message.
fn draft_of(record: &[u8], process: Option<&str>) -> String {
    let (level, logger, text) = parts(record);
    let text = text.trim_end();
    let first = text.lines().next().unwrap_or("");
    let mut masked = String::new();
    if let Some(trace) = exception::parse(text.as_bytes())
        && let Some(root) = trace.root_link()
    {
        exception::template(root.message.as_bytes(), &mut masked);
        let frames: Vec<String> = root.frames.iter().map(|frame| format!("{}.{}", frame.class, frame.method)).collect();
        let frames: Vec<&str> = frames.iter().map(String::as_str).collect();
        let new =
            NewPattern { on: On::Exception, logger: &logger, level, class: &root.class, message: &root.message, masked: &masked, frames: &frames, process };
        return patterns::new_from_record(&new);
    }
    exception::template(first.as_bytes(), &mut masked);
    let on = if logger.is_empty() { On::Text } else { On::Record };
    patterns::new_from_record(&NewPattern { on, logger: &logger, level, class: "", message: first, masked: &masked, frames: &[], process })
}

/// Level, logger and message with the lines that go on it.
fn parts(record: &[u8]) -> (Level, String, String) {
    let line = crate::classify::text::first_line(record);
    let rest = String::from_utf8_lossy(record.get(line.len()..).unwrap_or_default()).into_owned();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if let Some(found) = json_layout::parse(line) {
        return (level(found.level), found.logger, format!("{}{rest}", found.text));
    }
    let bare = ansi::strip(line);
    let mut clock = DayClock::default();
    match layout::shipped(&bare, &mut clock).or_else(|| layout::general(&bare, Lacks::Nothing)).or_else(|| layout::general(&bare, Lacks::Time)) {
        Some(head) => (level(head.level), String::from_utf8_lossy(head.logger).into_owned(), format!("{}{rest}", String::from_utf8_lossy(head.message))),
        None => (Level::Unknown, String::new(), format!("{}{rest}", String::from_utf8_lossy(&bare))),
    }
}

fn level(level: layout::Level) -> Level {
    match level {
        layout::Level::Trace => Level::Trace,
        layout::Level::Debug => Level::Debug,
        layout::Level::Info => Level::Info,
        layout::Level::Unknown => Level::Unknown,
        layout::Level::Warn => Level::Warn,
        layout::Level::Error => Level::Error,
        layout::Level::Fatal => Level::Fatal,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drafts_of_a_record_and_of_its_exception() {
        let record = draft_of(b"2026-11-21 09:20:37,689 WARN  com.acme.Sink [] - batch 17 refused by the ledger\n", None);
        assert!(record.contains("loggers = [\"Sink\"]") && record.contains("refused by the ledger"), "{record}");
        let thrown = draft_of(
            b"2026-11-21 09:20:37,689 ERROR com.acme.Sink [] - oh\ncom.acme.LedgerException: ledger 7 is closed\n\tat com.acme.Sink.invoke(Sink.java:7)\n",
            None,
        );
        assert!(thrown.contains("on = [\"exception\"]") && thrown.contains("LedgerException"), "{thrown}");
    }

    #[test]
    fn a_definition_ends_before_the_next_one() {
        let packs = Packs::shipped();
        for pattern in packs.iter() {
            let text = definition(pattern).unwrap();
            assert_eq!(text.matches("[[pattern]]").count(), 1, "{}", pattern.id);
            assert!(text.contains(&format!("\"{}\"", pattern.id)), "{}", pattern.id);
        }
    }
}
