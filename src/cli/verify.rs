//! `verify`: is the evidence of a saved report still what it was? The sources are read again as a scan reads them, also inside archives and deliveries.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use serde::Serialize;
use sha2::{Digest, Sha256};

use super::args::{TextOrJson, VerifyArgs};
use super::output::Target;
use super::saved;
use crate::digest::Place;
use crate::error::{Error, Result};
use crate::fold::{Key, Witness};
use crate::input::discover::{FileToRead, Found, discover};
use crate::patterns::Packs;
use crate::report::escape;
use crate::report::model::{Evidence, Report, Source};
use crate::rules::Rules;
use crate::scan::{self, Scanned};

/// What became of one piece of evidence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "UPPERCASE")]
enum Fate {
    /// The same bytes stand there.
    Verified,
    /// Other bytes stand there, or fewer.
    Changed,
    /// The source cannot be read.
    Missing,
    /// Redacted: the report has no hash.
    Unhashed,
}

impl Fate {
    fn word(self) -> &'static str {
        match self {
            Fate::Verified => "VERIFIED",
            Fate::Changed => "CHANGED",
            Fate::Missing => "MISSING",
            Fate::Unhashed => "UNHASHED",
        }
    }
}

#[derive(Debug, Serialize)]
struct Row<'r> {
    status: Fate,
    finding: &'r str,
    pattern: &'r str,
    path: &'r str,
    line: Option<u64>,
    sha256: Option<&'r str>,
    text: &'r str,
}

/// Verifies a report.
pub fn run(args: VerifyArgs) -> Result<ExitCode> {
    let report = match args.report.as_path() {
        path if path == Path::new("-") => saved::read(std::io::stdin(), "standard input")?,
        path => {
            std::fs::metadata(path).map_err(|e| Error::file(path, e))?;
            saved::open(path)?.ok_or_else(|| {
                Error::usage(format!("{}: is no JSON report of flinklog; make one with `flinklog -f json -o report.json log/`", path.display()))
            })?
        }
    };
    if quotes(&report).next().is_some() && quotes(&report).all(|(_, evidence)| evidence.sha256.is_none()) {
        return Err(Error::usage(format!(
            "{}: is redacted and holds no hashes, as a short line could be guessed from its hash; verify the report that was made without --redact",
            args.report.display()
        )));
    }
    let seen = read_again(&report, &args)?;
    let rows = rows(&report, &seen);
    let count = |fate: Fate| rows.iter().filter(|row| row.status == fate).count();
    let sums = [Fate::Verified, Fate::Changed, Fate::Missing, Fate::Unhashed].map(|fate| (fate, count(fate)));
    Target::Stdout.write(|out| match args.format {
        TextOrJson::Json => {
            let value = serde_json::json!({ "schema": "flinklog.verify/1", "verified": sums[0].1, "changed": sums[1].1, "missing": sums[2].1, "unhashed": sums[3].1, "evidence": rows });
            writeln!(out, "{value:#}")
        }
        TextOrJson::Text => {
            for row in rows.iter().filter(|row| !args.quiet || row.status != Fate::Verified) {
                let line = row.line.map(|line| format!(":{line}")).unwrap_or_default();
                let words = row.text.lines().next().unwrap_or("");
                let words: String = words.chars().take(100).collect();
                writeln!(out, "{:<8}  {}  {}{line}  {}", row.status.word(), row.pattern, escape::terminal(row.path), escape::terminal(&words))?;
            }
            let said: Vec<String> = sums.iter().filter(|(fate, n)| *n > 0 || *fate == Fate::Verified).map(|(fate, n)| format!("{n} {}", fate.word().to_lowercase())).collect();
            writeln!(out, "{}", said.join(", "))
        }
    })?;
    if rows.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    Ok(if count(Fate::Verified) == rows.len() { ExitCode::SUCCESS } else { ExitCode::from(1) })
}

/// Bytes found at each wanted place, by source.
type Seen = BTreeMap<Key, Vec<Vec<Vec<u8>>>>;

fn key(source: &Source) -> Key {
    (source.path.clone(), source.container.clone(), source.log_type.clone())
}

fn quotes(report: &Report) -> impl Iterator<Item = (&crate::report::model::Finding, &Evidence)> {
    report
        .findings
        .iter()
        .flat_map(|finding| finding.evidence.iter().map(move |evidence| (finding, evidence)))
        .filter(|(_, evidence)| evidence.byte.is_some() && evidence.bytes.is_some())
}

fn source_of<'r>(report: &'r Report, evidence: &Evidence) -> Option<&'r Source> {
    report.sources.iter().find(|source| source.id == evidence.source)
}

fn place(evidence: &Evidence) -> Place {
    Place { byte: evidence.byte.unwrap_or(0), bytes: evidence.bytes.unwrap_or(0).min(1 << 20) as u32, ..Place::default() }
}

fn read_again(report: &Report, args: &VerifyArgs) -> Result<Seen> {
    let mut wanted: BTreeMap<Key, Vec<Place>> = BTreeMap::new();
    for (_, evidence) in quotes(report) {
        if let Some(source) = source_of(report, evidence) {
            wanted.entry(key(source)).or_default().push(place(evidence));
        }
    }
    // What the report calls a source may lie elsewhere now: the name under which it is read there.
    let mut moved: BTreeMap<Key, Key> = BTreeMap::new();
    let mut files = Vec::new();
    let elsewhere = args.path.as_ref().filter(|path| *path != Path::new("-")).map(|path| discover(std::slice::from_ref(path)));
    for known in wanted.keys() {
        let (file, member) = split(&known.0);
        let path = match &elsewhere {
            Some(found) => alike(found, file),
            None => near(file, &args.report),
        };
        let Some(path) = path else { continue };
        let shown = format!("{}{member}", path.display());
        moved.insert((shown, known.1.clone(), known.2.clone()), known.clone());
        files.push(FileToRead { path, named: true });
    }
    files.sort();
    files.dedup();
    let from_stream = args.path.as_deref() == Some(Path::new("-"));
    if from_stream {
        moved = wanted.keys().map(|known| (("-".to_owned(), known.1.clone(), known.2.clone()), known.clone())).collect();
        files.clear();
    }
    let places = moved.iter().map(|(here, known)| (here.clone(), wanted[known].clone())).collect();
    let witness = Witness::new(places);
    // Patterns are not needed, but framing decides where chunks end.
    let rules = Rules::new(Packs::shipped().clone());
    let options = scan::Options { rules: &rules, chunk_size: 2 << 20, mmap: !args.no_mmap, all_jobs: false, progress: &|_| {}, onlooker: Some(&witness) };
    let _: Scanned = match from_stream {
        true => scan::stream("-", std::io::stdin(), &options),
        false => scan::files(&Found { files, missing: Vec::new() }, &options),
    };
    let mut seen: Seen = BTreeMap::new();
    for (here, texts) in witness.into_seen() {
        if let Some(known) = moved.get(&here) {
            seen.entry(known.clone()).or_default().push(texts);
        }
    }
    Ok(seen)
}

/// File and member of an archive: `logs.zip!jm.log`.
fn split(path: &str) -> (&str, &str) {
    if Path::new(path).exists() {
        return (path, "");
    }
    path.find('!').map_or((path, ""), |at| path.split_at(at))
}

/// As the report says, else beside the report.
fn near(file: &str, report: &Path) -> Option<PathBuf> {
    let path = PathBuf::from(file);
    if path.is_file() {
        return Some(path);
    }
    let folder = report.parent()?;
    let beside = folder.join(&path);
    if path.is_relative() && beside.is_file() {
        return Some(beside);
    }
    None
}

/// The file below another folder whose path ends most like `file`.
fn alike(found: &Found, file: &str) -> Option<PathBuf> {
    let common = |path: &Path| path.components().rev().zip(Path::new(file).components().rev()).take_while(|(a, b)| a == b).count();
    let best = found.files.iter().max_by_key(|candidate| common(&candidate.path))?;
    (common(&best.path) > 0 || found.files.len() == 1).then(|| best.path.clone())
}

fn rows<'r>(report: &'r Report, seen: &Seen) -> Vec<Row<'r>> {
    let mut next: BTreeMap<Key, usize> = BTreeMap::new();
    quotes(report)
        .map(|(finding, evidence)| {
            let source = source_of(report, evidence);
            let status = match source {
                None => Fate::Missing,
                Some(source) => {
                    // Places were asked for in this order.
                    let at = next.entry(key(source)).or_default();
                    let index = *at;
                    *at += 1;
                    fate(evidence, seen.get(&key(source)), index)
                }
            };
            Row {
                status,
                finding: &finding.id,
                pattern: finding.slug(),
                path: source.map_or("?", |source| source.path.as_str()),
                line: evidence.line,
                sha256: evidence.sha256.as_deref(),
                text: &evidence.text,
            }
        })
        .collect()
}

/// Several logs of one name (a container's pieces) verify what any of them holds.
fn fate(evidence: &Evidence, seen: Option<&Vec<Vec<Vec<u8>>>>, index: usize) -> Fate {
    let Some(wanted) = &evidence.sha256 else { return Fate::Unhashed };
    let Some(seen) = seen else { return Fate::Missing };
    let holds = |text: &Vec<u8>| {
        let hash: String = Sha256::digest(text).iter().map(|byte| format!("{byte:02x}")).collect();
        hash.eq_ignore_ascii_case(wanted)
    };
    if seen.iter().filter_map(|texts| texts.get(index)).any(holds) { Fate::Verified } else { Fate::Changed }
}
