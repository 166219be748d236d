//! The loaded packs and their look-ups.
//!
//! In: the shipped files, optionally a folder of the user's own. Out: [`Packs`], which is immutable and shared between threads.

use std::any::Any;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::{Arc, LazyLock, Mutex, OnceLock};

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use super::advice::Advice;
use super::compact::{self, File};
use super::literals::Numbers;
use super::load::{self, Loaded, MAX_FILE_BYTES};
use super::matcher::{Matcher, compile_regex};
use super::model::*;
use super::shipped;
use super::subject::{Subject, last_part, outer_part};

/// Most files that are read from a user's folder.
const MAX_USER_FILES: usize = 200;
/// Bytes of all literals together; far above what a pack needs.
const MAX_LITERALS: usize = 64 << 20;

/// What packs borrow from. They live as long as the program, so nothing is given back; what stands here is reachable, not lost.
static KEPT: Mutex<Vec<&'static (dyn Any + Send + Sync)>> = Mutex::new(Vec::new());

fn keep<T: Any + Send + Sync>(value: T) -> &'static T {
    let value: &'static T = Box::leak(Box::new(value));
    if let Ok(mut kept) = KEPT.lock() {
        kept.push(value);
    }
    value
}

/// All pattern packs, compiled.
#[derive(Debug)]
pub struct Packs {
    patterns: &'static [Pattern],
    by_id: FxHashMap<&'static str, usize>,
    /// Sorted by symptom, stable.
    chains: Vec<Chain>,
    exit_codes: Vec<ExitCode>,
    advice: Vec<Advice>,
    deprecated: Vec<DeprecatedKey>,
    infos: Vec<PackInfo>,
    exceptions: Matcher,
    records: Matcher,
    texts: Matcher,
    /// What of `records` can fit INFO records, by the logger that it names: few each, so that a search for them is quick.
    info_records: FxHashMap<&'static [u8], OfLogger>,
    info_loggers: FxHashSet<&'static [u8]>,
    /// A record pattern takes INFO records of any logger.
    info_of_all: bool,
}

/// Matches on records of one logger, with the index of their pattern. A scan meets few of the loggers.
#[derive(Debug, Default)]
struct OfLogger {
    matches: Vec<(u32, &'static Match)>,
    matcher: OnceLock<Matcher>,
}

impl OfLogger {
    fn matcher(&self) -> &Matcher {
        self.matcher.get_or_init(|| Matcher::new(On::Record, self.matches.iter().copied()))
    }
}

impl Packs {
    /// The built-in packs, without their samples.
    pub fn shipped() -> &'static Arc<Packs> {
        static SHIPPED: LazyLock<Arc<Packs>> = LazyLock::new(|| match prepared().and_then(Packs::from_files) {
            Ok(packs) => Arc::new(packs),
            // A build with broken packs fails its tests; reaching this means that they were not run.
            Err(errors) => panic!("built-in packs: {}", list(&errors)),
        });
        &SHIPPED
    }

    /// The built-in packs as their files state them, with the samples; slower to load.
    pub fn shipped_whole() -> Result<Packs, Vec<PackError>> {
        Packs::from_texts(shipped::FILES.iter().map(|&(name, text)| (name, text, true)))
    }

    /// The built-in packs, without their samples, and the `*.toml` of a folder (not of its subfolders), which add patterns or replace those of the same id.
    /// Errors name file and line.
    pub fn with_user(dir: &Path) -> Result<Packs, Vec<PackError>> {
        Packs::with_users(&[dir])
    }

    /// The same with several folders; an id may stand in one of them only.
    pub fn with_users(dirs: &[impl AsRef<Path>]) -> Result<Packs, Vec<PackError>> {
        let mut user = Vec::new();
        for dir in dirs {
            user.extend(read_folder(dir.as_ref())?);
        }
        let mut files = parsed(user.iter().map(|(name, text)| (name.as_str(), text.as_str(), false)))?;
        files.extend(prepared()?);
        Packs::from_files(files)
    }

    /// Compiles files given as name, text, and whether they are built in. Earlier ones win: among equal ids of user and built-in files, and among equal ranks.
    pub fn from_texts<'a>(files: impl Iterator<Item = (&'a str, &'a str, bool)>) -> Result<Packs, Vec<PackError>> {
        Packs::from_files(parsed(files)?)
    }

    /// Compiles files, each with whether it is built in.
    fn from_files(files: Vec<(File, bool)>) -> Result<Packs, Vec<PackError>> {
        let patterns = files.iter().map(|((_, content), _)| content.patterns.len()).sum();
        let mut all = Loaded { patterns: Vec::with_capacity(patterns), ..Loaded::default() };
        let mut by_id = FxHashMap::with_capacity_and_hasher(patterns, FxBuildHasher);
        let mut infos = Vec::new();
        let mut errors = Vec::new();
        for ((name, content), shipped) in files {
            let before = all.patterns.len();
            merge(&mut all, &mut by_id, content, shipped, &mut errors);
            infos.push(PackInfo { name: name.strip_suffix(".toml").unwrap_or(name).to_string(), patterns: all.patterns.len() - before, shipped });
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        check_references(&all, &by_id, &mut errors);
        if !errors.is_empty() {
            return Err(errors);
        }
        let literals = all.patterns.iter().flat_map(|p| &p.matches).flat_map(|m| [&m.any, &m.all, &m.none]).flatten();
        if literals.map(|literal| literal.len()).sum::<usize>() > MAX_LITERALS {
            return Err(whole(format!("more than {MAX_LITERALS} bytes of literals")));
        }
        Ok(compile(all, by_id, infos))
    }

    /// The pattern of a slug.
    pub fn get(&self, id: &str) -> Option<&Pattern> {
        self.patterns.get(self.index_of(id)?)
    }

    /// Where the pattern of a slug stands in [`Packs::iter`].
    pub fn index_of(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// The pattern that stands there.
    pub fn at(&self, index: usize) -> Option<&'static Pattern> {
        self.patterns.get(index)
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
        let start = self.chains.partition_point(|chain| chain.symptom < symptom_id);
        let end = self.chains.partition_point(|chain| chain.symptom <= symptom_id);
        self.chains.get(start..end).unwrap_or_default()
    }

    /// All chains, by symptom.
    pub fn chains(&self) -> &[Chain] {
        &self.chains
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
        self.pattern(first(|found| self.matcher(subject).each(subject, found)))
    }

    /// [`Packs::best`] of a record whose literals are known by parts of its text; see [`Packs::record_literals`].
    pub fn best_record(&self, subject: &Subject, literals: &[&[u32]]) -> Option<&Pattern> {
        self.pattern(first(|found| self.records.each_with(subject, literals, found)))
    }

    /// [`Packs::best`] of a record of level INFO.
    pub fn best_info(&self, subject: &Subject) -> Option<&Pattern> {
        let Subject::Record { logger, .. } = subject else { return self.best(subject) };
        if self.info_of_all || logger.is_empty() {
            return self.best(subject);
        }
        let simple = last_part(logger);
        let outer = Some(outer_part(simple)).filter(|outer| outer.len() != simple.len());
        let of_loggers = [Some(simple), outer].into_iter().flatten().filter_map(|name| self.info_records.get(name));
        let found = of_loggers.filter_map(|of_logger| first(|found| of_logger.matcher().each_at_once(subject, found)));
        self.pattern(found.min_by_key(|i| best_first(self.patterns, *i)))
    }

    fn pattern(&self, index: Option<u32>) -> Option<&'static Pattern> {
        self.patterns.get(index? as usize)
    }

    /// The literals of record patterns in a part of a record's text. Parts may be cut at line ends where [`Packs::record_lines_apart`] holds.
    pub fn record_literals(&self, text: &[u8]) -> Numbers {
        self.records.literals_in(text)
    }

    /// Gives back what is remembered of texts.
    pub fn forget(&self) {
        [&self.exceptions, &self.records, &self.texts].into_iter().for_each(Matcher::forget);
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
    pub(super) fn wants_info(&self, logger_simple: &[u8]) -> bool {
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

/// An error of no file alone.
fn whole(message: String) -> Vec<PackError> {
    vec![PackError { file: String::new(), line: 0, message }]
}

/// The built-in files.
fn prepared() -> Result<Vec<(File, bool)>, Vec<PackError>> {
    let files = compact::read(shipped::PREPARED).map_err(whole)?;
    Ok(files.into_iter().map(|file| (file, true)).collect())
}

/// Reads files given as name, text, and whether they are built in.
fn parsed<'a>(files: impl Iterator<Item = (&'a str, &'a str, bool)>) -> Result<Vec<(File, bool)>, Vec<PackError>> {
    let mut parsed = Vec::new();
    let mut built_in = Vec::new();
    let mut errors = Vec::new();
    for (name, text, shipped) in files {
        // Compiling takes long: for built-in patterns a test does it.
        let regex: load::CheckRegex = if shipped { |_| Ok(()) } else { |regex| compile_regex(regex).map(drop) };
        match load::parse(name, text, regex) {
            Ok(content) => parsed.push((name.to_string(), content)),
            Err(more) => errors.extend(more),
        }
        built_in.push(shipped);
    }
    if !errors.is_empty() {
        return Err(errors);
    }
    let bytes = compact::write(&parsed).map_err(whole)?;
    let files = compact::read(keep(bytes)).map_err(whole)?;
    Ok(files.into_iter().zip(built_in).collect())
}

/// By this patterns are sorted before they are tried: the first that fits is the best.
fn best_first(patterns: &[Pattern], index: u32) -> (std::cmp::Reverse<Option<i32>>, u32) {
    (std::cmp::Reverse(patterns.get(index as usize).map(|p| p.rank)), index)
}

/// The first that `search` finds; it is told to stop there.
fn first(search: impl FnOnce(&mut dyn FnMut(u32) -> ControlFlow<()>)) -> Option<u32> {
    let mut first = None;
    search(&mut |i| {
        first = Some(i);
        ControlFlow::Break(())
    });
    first
}

fn compile(all: Loaded, by_id: FxHashMap<&'static str, usize>, infos: Vec<PackInfo>) -> Packs {
    let patterns: &'static [Pattern] = keep(all.patterns);
    let mut order: Vec<u32> = (0..patterns.len() as u32).collect();
    order.sort_by_key(|i| best_first(patterns, *i));
    let matches = || order.iter().flat_map(|&i| patterns[i as usize].matches.iter().map(move |m| (i, m)));
    let mut info_records: FxHashMap<&[u8], OfLogger> = FxHashMap::default();
    let mut info_loggers = FxHashSet::default();
    let mut info_of_all = false;
    for (pattern, m) in matches().filter(|(_, m)| m.on.contains(&On::Record)) {
        let below_warn = m.levels.iter().any(|&level| level <= Level::Info);
        info_of_all |= below_warn && m.loggers.is_empty();
        for logger in m.loggers.iter().filter(|_| below_warn || m.levels.is_empty()) {
            info_loggers.insert(logger.as_bytes());
            if m.levels.is_empty() || m.levels.contains(&Level::Info) {
                info_records.entry(logger.as_bytes()).or_default().matches.push((pattern, m));
            }
        }
    }
    let mut chains = all.chains;
    chains.sort_by_key(|chain| chain.symptom);
    Packs {
        by_id,
        chains,
        exit_codes: all.exit_codes,
        advice: all.advice,
        deprecated: all.deprecated,
        infos,
        exceptions: Matcher::new(On::Exception, matches()),
        records: Matcher::new(On::Record, matches()),
        texts: Matcher::new(On::Text, matches()),
        info_records,
        info_loggers,
        info_of_all,
        patterns,
    }
}

/// Adds a file. A built-in pattern gives way to the user's of the same id; else an id stands once. `known`: where patterns of an id stand in `all`.
fn merge(all: &mut Loaded, known: &mut FxHashMap<&'static str, usize>, more: Loaded, shipped: bool, errors: &mut Vec<PackError>) {
    for p in more.patterns {
        match known.get(p.id).and_then(|&i| all.patterns.get(i)) {
            None => {
                known.insert(p.id, all.patterns.len());
                all.patterns.push(Pattern { shipped, ..p });
            }
            Some(other) if other.shipped == shipped => {
                let message = format!("`{}` already stands in {}:{}", p.id, other.file, other.line);
                errors.push(PackError { file: p.file.to_string(), line: p.line, message })
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
fn check_references(all: &Loaded, known: &FxHashMap<&str, usize>, errors: &mut Vec<PackError>) {
    let mut check = |id: &str, place: &dyn Fn() -> String| {
        if !known.contains_key(id) {
            errors.push(PackError { file: String::new(), line: 0, message: format!("{}: no pattern has the id `{id}`", place()) });
        }
    };
    for chain in &all.chains {
        for id in [chain.symptom, chain.cause].into_iter().chain(chain.shown_by) {
            check(id, &|| format!("chain {} -> {}", chain.symptom, chain.cause));
        }
    }
    for code in all.exit_codes.iter().filter(|c| !c.pattern.is_empty()) {
        check(code.pattern, &|| format!("exit code {}", code.code));
    }
    for pattern in &all.patterns {
        let mut error = |message| errors.push(PackError { file: pattern.file.to_string(), line: pattern.line, message });
        for (key, list, recoveries) in [("covers", &pattern.covers, false), ("over_with", &pattern.over_with, true)] {
            for id in list {
                match known.get(id).and_then(|at| all.patterns.get(*at)) {
                    None => error(format!("`{}`: {key}: no pattern has the id `{id}`", pattern.id)),
                    Some(other) if (other.nature == Nature::Recovery) != recoveries => {
                        error(format!("`{}`: {key}: `{id}` is {} recovery", pattern.id, if recoveries { "no" } else { "a" }));
                    }
                    Some(_) => {}
                }
            }
        }
        if let Some(wider) = pattern.reported_as {
            match known.get(wider).and_then(|at| all.patterns.get(*at)) {
                None => error(format!("`{}`: reported_as: no pattern has the id `{wider}`", pattern.id)),
                Some(other) if other.reported_as.is_some() => error(format!("`{}`: reported_as: `{wider}` is itself reported as another", pattern.id)),
                Some(other)
                    if matches!(
                        (other.nature, pattern.nature),
                        (Nature::Symptom, Nature::Cause | Nature::Either)
                            | (Nature::Cause, Nature::Symptom)
                            | (Nature::Cause | Nature::Either | Nature::Symptom, Nature::Wrapper)
                    ) =>
                {
                    error(format!("`{}`: reported_as: `{wider}` is of another nature", pattern.id));
                }
                Some(_) => {}
            }
        }
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
