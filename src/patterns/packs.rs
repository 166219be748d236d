//! The loaded packs and their look-ups.
//!
//! In: the shipped files, optionally a folder of the user's own. Out: [`Packs`], which is immutable and shared between threads.

use std::ops::{ControlFlow, Range};
use std::path::Path;
use std::sync::{Arc, LazyLock};

use rustc_hash::{FxHashMap, FxHashSet};

use super::advice::Advice;
use super::load::{self, Loaded, MAX_FILE_BYTES};
use super::matcher::Matcher;
use super::model::*;
use super::shipped;
use super::subject::{Subject, last_part, outer_part};

/// Most files that are read from a user's folder.
const MAX_USER_FILES: usize = 200;

/// All pattern packs, compiled.
#[derive(Debug)]
pub struct Packs {
    patterns: Vec<Pattern>,
    by_id: FxHashMap<String, usize>,
    /// Sorted by symptom, stable.
    chains: Vec<Chain>,
    chains_from: FxHashMap<String, Range<usize>>,
    exit_codes: Vec<ExitCode>,
    advice: Vec<Advice>,
    deprecated: Vec<DeprecatedKey>,
    infos: Vec<PackInfo>,
    exceptions: Matcher,
    records: Matcher,
    texts: Matcher,
    /// What of `records` can fit INFO records, by the logger that it names: few each, so that a search for them is quick.
    info_records: FxHashMap<Box<[u8]>, Matcher>,
    info_loggers: FxHashSet<Box<[u8]>>,
    /// A record pattern takes INFO records of any logger.
    info_of_all: bool,
}

impl Packs {
    /// The built-in packs, without their samples.
    pub fn shipped() -> &'static Arc<Packs> {
        static SHIPPED: LazyLock<Arc<Packs>> = LazyLock::new(|| {
            match load::prepared(shipped::PREPARED).and_then(|files| Packs::from_loaded(files.into_iter().map(|(name, loaded)| (name, true, loaded)))) {
                Ok(packs) => Arc::new(packs),
                // A build with broken packs fails its tests; reaching this means that they were not run.
                Err(errors) => panic!("built-in packs: {}", list(&errors)),
            }
        });
        &SHIPPED
    }

    /// The built-in packs as their files state them, with the samples; slower to load.
    pub fn shipped_whole() -> Result<Packs, Vec<PackError>> {
        Packs::from_texts(shipped::FILES.iter().map(|&(name, text)| (name, text, true)))
    }

    /// The built-in packs and the `*.toml` of a folder (not of its subfolders), which add patterns or replace those of the same id. Errors name file and line.
    pub fn with_user(dir: &Path) -> Result<Packs, Vec<PackError>> {
        Packs::with_users(&[dir])
    }

    /// The same with several folders; an id may stand in one of them only.
    pub fn with_users(dirs: &[impl AsRef<Path>]) -> Result<Packs, Vec<PackError>> {
        let mut user = Vec::new();
        for dir in dirs {
            user.extend(read_folder(dir.as_ref())?);
        }
        let user = user.iter().map(|(name, text)| (name.as_str(), text.as_str(), false));
        let built_in = shipped::FILES.iter().map(|&(name, text)| (name, text, true));
        Packs::from_texts(user.chain(built_in))
    }

    /// Compiles files given as name, text, and whether they are built in. Earlier ones win: among equal ids of user and built-in files, and among equal ranks.
    pub fn from_texts<'a>(files: impl Iterator<Item = (&'a str, &'a str, bool)>) -> Result<Packs, Vec<PackError>> {
        let mut loaded = Vec::new();
        let mut errors = Vec::new();
        for (name, text, is_shipped) in files {
            match load::parse(name, text, is_shipped) {
                Ok(file) => loaded.push((name.to_string(), is_shipped, file)),
                Err(more) => errors.extend(more),
            }
        }
        if errors.is_empty() { Packs::from_loaded(loaded.into_iter()) } else { Err(errors) }
    }

    fn from_loaded(files: impl Iterator<Item = (String, bool, Loaded)>) -> Result<Packs, Vec<PackError>> {
        let mut all = Loaded::default();
        let mut by_id = FxHashMap::default();
        let mut infos = Vec::new();
        let mut errors = Vec::new();
        for (name, is_shipped, loaded) in files {
            infos.push((name, is_shipped));
            merge(&mut all, &mut by_id, loaded, &mut errors);
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        check_references(&all, &by_id, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        compile(all, by_id, infos).map_err(|message| vec![PackError { file: String::new(), line: 0, message }])
    }

    /// The pattern of a slug.
    pub fn get(&self, id: &str) -> Option<&Pattern> {
        self.by_id.get(id).and_then(|&i| self.patterns.get(i))
    }

    /// All patterns: the user's own, then the built-in ones in file order.
    pub fn iter(&self) -> impl Iterator<Item = &Pattern> {
        self.patterns.iter()
    }

    /// The files that were loaded.
    pub fn packs(&self) -> &[PackInfo] {
        &self.infos
    }

    /// Candidate causes of a symptom, in the order in which they should be tried.
    pub fn chains_from(&self, symptom_id: &str) -> &[Chain] {
        self.chains_from.get(symptom_id).and_then(|range| self.chains.get(range.clone())).unwrap_or_default()
    }

    /// What an exit code means.
    pub fn exit_code(&self, space: Space, code: i32) -> Option<&ExitCode> {
        self.exit_codes.iter().find(|e| e.space == space && e.code == code)
    }

    /// All known exit codes.
    pub fn exit_codes(&self) -> &[ExitCode] {
        &self.exit_codes
    }

    /// Configuration rules.
    pub fn advice(&self) -> &[Advice] {
        &self.advice
    }

    /// The key that replaces an old one.
    pub fn deprecated_key(&self, old: &str) -> Option<&DeprecatedKey> {
        self.deprecated.iter().find(|d| d.old == old)
    }

    /// All renamed keys.
    pub fn deprecated_keys(&self) -> &[DeprecatedKey] {
        &self.deprecated
    }

    /// The best match: highest rank, then the user's own before the built-in ones, then file order.
    pub fn best(&self, subject: &Subject) -> Option<&Pattern> {
        let mut best: Option<(i32, std::cmp::Reverse<u32>)> = None;
        self.matcher(subject).each(subject, &mut |i| {
            if let Some(p) = self.patterns.get(i as usize) {
                best = best.max(Some((p.rank, std::cmp::Reverse(i))));
            }
            ControlFlow::Continue(())
        });
        best.and_then(|(_, i)| self.patterns.get(i.0 as usize))
    }

    /// [`Packs::best`] of a record whose literals are known by parts of its text; see [`Packs::record_literals`].
    pub fn best_record(&self, subject: &Subject, literals: &[&[u32]]) -> Option<&Pattern> {
        let mut best: Option<(i32, std::cmp::Reverse<u32>)> = None;
        self.records.each_with(subject, literals, &mut |i| {
            if let Some(p) = self.patterns.get(i as usize) {
                best = best.max(Some((p.rank, std::cmp::Reverse(i))));
            }
            ControlFlow::Continue(())
        });
        best.and_then(|(_, i)| self.patterns.get(i.0 as usize))
    }

    /// [`Packs::best`] of a record of level INFO.
    pub fn best_info(&self, subject: &Subject) -> Option<&Pattern> {
        let Subject::Record { logger, .. } = subject else { return self.best(subject) };
        if self.info_of_all || logger.is_empty() {
            return self.best(subject);
        }
        let simple = last_part(logger);
        let outer = Some(outer_part(simple)).filter(|outer| outer.len() != simple.len());
        let mut best: Option<(i32, std::cmp::Reverse<u32>)> = None;
        for matcher in [Some(simple), outer].into_iter().flatten().filter_map(|name| self.info_records.get(name)) {
            matcher.each_at_once(subject, &mut |i| {
                if let Some(p) = self.patterns.get(i as usize) {
                    best = best.max(Some((p.rank, std::cmp::Reverse(i))));
                }
                ControlFlow::Continue(())
            });
        }
        best.and_then(|(_, i)| self.patterns.get(i.0 as usize))
    }

    /// The literals of record patterns in a part of a record's text. Parts may be cut at line ends where [`Packs::record_lines_apart`] holds.
    pub fn record_literals(&self, text: &[u8]) -> Vec<u32> {
        self.records.literals_in(text)
    }

    /// Does no literal of a record pattern reach over a line end?
    pub fn record_lines_apart(&self) -> bool {
        self.records.line_by_line()
    }

    /// Every match, the best first.
    pub fn all(&self, subject: &Subject) -> Vec<&Pattern> {
        let mut found: Vec<u32> = Vec::new();
        self.matcher(subject).each(subject, &mut |i| {
            found.push(i);
            ControlFlow::Continue(())
        });
        found.sort_unstable();
        found.dedup();
        let mut found: Vec<&Pattern> = found.iter().filter_map(|&i| self.patterns.get(i as usize)).collect();
        found.sort_by_key(|p| std::cmp::Reverse(p.rank));
        found
    }

    /// True when INFO records of that logger, given by the last part of its name, have to be shown to [`Packs::best`].
    pub fn wants_info(&self, logger_simple: &[u8]) -> bool {
        self.info_loggers.contains(logger_simple) || self.info_loggers.contains(outer_part(logger_simple))
    }

    /// Can any record pattern fit a record of this level and logger, given by the last part of its name? Says yes too often rather than no wrongly.
    pub fn may_fit(&self, level: Level, logger_simple: &[u8]) -> bool {
        level >= Level::Warn || self.info_of_all || logger_simple.is_empty() || self.wants_info(logger_simple)
    }

    fn matcher(&self, subject: &Subject) -> &Matcher {
        match subject.on() {
            On::Exception => &self.exceptions,
            On::Record => &self.records,
            On::Text => &self.texts,
        }
    }
}

fn list(errors: &[PackError]) -> String {
    let lines: Vec<String> = errors.iter().map(PackError::to_string).collect();
    lines.join("; ")
}

fn compile(all: Loaded, by_id: FxHashMap<String, usize>, files: Vec<(String, bool)>) -> Result<Packs, String> {
    let patterns = all.patterns;
    let matches = || patterns.iter().enumerate().flat_map(|(i, p)| p.matches.iter().map(move |m| (i as u32, m)));
    let exceptions = Matcher::new(On::Exception, matches())?;
    let records = Matcher::new(On::Record, matches())?;
    let texts = Matcher::new(On::Text, matches())?;
    let of_info = |m: &Match| m.on.contains(&On::Record) && (m.levels.is_empty() || m.levels.contains(&Level::Info));
    let mut by_logger: FxHashMap<&str, Vec<(u32, &Match)>> = FxHashMap::default();
    for (pattern, m) in matches().filter(|(_, m)| of_info(m)) {
        for logger in &m.loggers {
            by_logger.entry(logger).or_default().push((pattern, m));
        }
    }
    let named = |(logger, list): (&str, Vec<(u32, &Match)>)| Ok((logger.as_bytes().into(), Matcher::new(On::Record, list.into_iter())?));
    let info_records = by_logger.into_iter().map(named).collect::<Result<_, String>>()?;
    let info_loggers = matches()
        .filter(|(_, m)| m.on.contains(&On::Record))
        .filter(|(_, m)| m.levels.is_empty() || m.levels.iter().any(|&l| l <= Level::Info))
        .flat_map(|(_, m)| &m.loggers)
        .map(|l| l.as_bytes().into())
        .collect();
    let info_of_all = matches().filter(|(_, m)| m.on.contains(&On::Record) && m.loggers.is_empty()).any(|(_, m)| m.levels.iter().any(|&l| l <= Level::Info));
    let infos = files
        .into_iter()
        .map(|(file, shipped)| PackInfo {
            patterns: patterns.iter().filter(|p| p.file == file && p.shipped == shipped).count(),
            name: file.strip_suffix(".toml").unwrap_or(&file).to_string(),
            shipped,
        })
        .collect();
    let mut chains = all.chains;
    chains.sort_by(|a, b| a.symptom.cmp(&b.symptom));
    let mut chains_from: FxHashMap<String, Range<usize>> = FxHashMap::default();
    for (i, chain) in chains.iter().enumerate() {
        let range = chains_from.entry(chain.symptom.clone()).or_insert(i..i);
        range.end = i + 1;
    }
    Ok(Packs {
        by_id,
        chains,
        chains_from,
        exit_codes: all.exit_codes,
        advice: all.advice,
        deprecated: all.deprecated,
        infos,
        exceptions,
        records,
        texts,
        info_records,
        info_loggers,
        info_of_all,
        patterns,
    })
}

/// Adds a file. A built-in pattern gives way to the user's of the same id; else an id stands once. `known`: where patterns of an id stand in `all`.
fn merge(all: &mut Loaded, known: &mut FxHashMap<String, usize>, more: Loaded, errors: &mut Vec<PackError>) {
    for p in more.patterns {
        match known.get(&p.id).and_then(|&i| all.patterns.get(i)) {
            None => {
                known.insert(p.id.clone(), all.patterns.len());
                all.patterns.push(p);
            }
            Some(other) if other.shipped == p.shipped => {
                errors.push(PackError { message: format!("`{}` already stands in {}:{}", p.id, other.file, other.line), file: p.file, line: p.line })
            }
            Some(_) => {}
        }
    }
    for a in more.advice {
        if !all.advice.iter().any(|other| other.id == a.id) {
            all.advice.push(a);
        }
    }
    all.chains.extend(more.chains);
    all.exit_codes.extend(more.exit_codes);
    all.deprecated.extend(more.deprecated);
}

/// Chains and exit codes name patterns that exist.
fn check_references(all: &Loaded, known: &FxHashMap<String, usize>, errors: &mut Vec<PackError>) {
    let mut check = |id: &str, place: &dyn Fn() -> String| {
        if !known.contains_key(id) {
            errors.push(PackError { file: String::new(), line: 0, message: format!("{}: no pattern has the id `{id}`", place()) });
        }
    };
    for chain in &all.chains {
        for id in [&chain.symptom, &chain.cause] {
            check(id, &|| format!("chain {} -> {}", chain.symptom, chain.cause));
        }
    }
    for pattern in &all.patterns {
        for id in pattern.over_with.iter().chain(&pattern.covers) {
            check(id, &|| format!("covers or over_with of {}", pattern.id));
        }
    }
    for code in all.exit_codes.iter().filter(|c| !c.pattern.is_empty()) {
        check(&code.pattern, &|| format!("exit code {}", code.code));
    }
}

/// Name and text of every `*.toml` of a folder, in the order of the names.
fn read_folder(dir: &Path) -> Result<Vec<(String, String)>, Vec<PackError>> {
    let error = |path: &Path, message: String| PackError { file: path.display().to_string(), line: 0, message };
    let entries = std::fs::read_dir(dir).map_err(|e| vec![error(dir, e.to_string())])?;
    let mut paths: Vec<_> =
        entries.filter_map(|entry| entry.ok().map(|e| e.path())).filter(|path| path.extension().is_some_and(|e| e == "toml") && path.is_file()).collect();
    paths.sort();
    if paths.len() > MAX_USER_FILES {
        return Err(vec![error(dir, format!("more than {MAX_USER_FILES} files"))]);
    }
    let mut files = Vec::new();
    let mut errors = Vec::new();
    for path in paths {
        let size = std::fs::metadata(&path).map_or(0, |m| m.len());
        if size > MAX_FILE_BYTES {
            errors.push(error(&path, format!("larger than {MAX_FILE_BYTES} bytes")));
            continue;
        }
        match std::fs::read_to_string(&path) {
            Ok(text) => files.push((path.display().to_string(), text)),
            Err(e) => errors.push(error(&path, e.to_string())),
        }
    }
    if errors.is_empty() { Ok(files) } else { Err(errors) }
}
