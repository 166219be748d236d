//! Finds the patterns that fit a subject.
//!
//! In: the alternatives of all patterns, then subjects. Out: indexes of the patterns that fit. One pass over the text finds which literals occur
//! ([`super::literals`]); only alternatives that a literal, the class or the logger makes a candidate are checked, their regex last. Nothing is ranked here.

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::sync::OnceLock;

use memchr::memmem::{self, Finder};
use regex::bytes::{Regex, RegexBuilder};
use rustc_hash::FxHashMap;

use super::literals::Literals;
use super::model::{Level, Match, On};
use super::subject::{Subject, UNTOLD_CLASS, last_part, outer_part};

/// Compiles a regex of a pattern within the size that one may take. Classes are those of ASCII where the regex allows it: of Unicode one costs milliseconds.
pub fn compile_regex(regex: &str) -> Result<Regex, String> {
    let build = |unicode| RegexBuilder::new(regex).unicode(unicode).size_limit(1 << 20).dfa_size_limit(1 << 20).nest_limit(50).build();
    build(false).or_else(|_| build(true)).map_err(|e| e.to_string())
}

/// The alternatives for one kind of subject.
#[derive(Debug)]
pub struct Matcher {
    literals: Literals,
    /// Literal → alternatives that need any of its kind.
    wanted_by: Vec<Vec<u32>>,
    /// Last part of a class (after `.` or `$`) → alternatives without `any`.
    by_class: FxHashMap<Box<[u8]>, Vec<u32>>,
    /// Alternatives without `any` and with a `*Suffix` class.
    by_class_end: Vec<u32>,
    /// Simple logger → alternatives without `any`.
    by_logger: FxHashMap<Box<[u8]>, Vec<u32>>,
    alternatives: Vec<Alternative>,
}

#[derive(Debug)]
struct Alternative {
    /// Index of its pattern.
    pattern: u32,
    all: Vec<u32>,
    none: Vec<u32>,
    regex: Option<LazyRegex>,
    between_equals: Option<String>,
    class: Vec<ClassTest>,
    frames: Vec<Finder<'static>>,
    no_frames: Vec<Finder<'static>>,
    depth: usize,
    loggers: Vec<Box<[u8]>>,
    levels: Vec<Level>,
    process: Vec<String>,
}

#[derive(Debug)]
enum ClassTest {
    /// Whole name, or a suffix that begins after `.` or `$`.
    Named(String),
    /// Any suffix.
    EndsWith(String),
}

impl ClassTest {
    fn new(class: &str) -> ClassTest {
        match class.strip_prefix('*') {
            Some(end) => ClassTest::EndsWith(end.to_string()),
            None => ClassTest::Named(class.to_string()),
        }
    }

    fn fits(&self, class: &str) -> bool {
        match self {
            ClassTest::EndsWith(end) => class.ends_with(end.as_str()),
            ClassTest::Named(name) => class.strip_suffix(name.as_str()).is_some_and(|front| front.is_empty() || front.ends_with(['.', '$'])),
        }
    }
}

/// A regex that is compiled when a text first comes to it: of hundreds a scan needs a handful.
#[derive(Debug)]
struct LazyRegex {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl LazyRegex {
    /// Loading has checked the syntax: of a pattern of the user's each time, of a built-in one in a test.
    fn is_match(&self, text: &[u8]) -> bool {
        self.compiled.get_or_init(|| compile_regex(&self.text).ok()).as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

impl Matcher {
    /// Collects the matches on `kind`, each with the index of its pattern. Fails only on too many literals.
    pub fn new<'a>(kind: On, matches: impl Iterator<Item = (u32, &'a Match)>) -> Result<Matcher, String> {
        let mut builder = Builder::default();
        for (pattern, m) in matches.filter(|(_, m)| m.on.contains(&kind)) {
            builder.add(kind, pattern, m);
        }
        Ok(Matcher {
            literals: Literals::new(builder.texts)?,
            wanted_by: builder.wanted_by,
            by_class: builder.by_class,
            by_class_end: builder.by_class_end,
            by_logger: builder.by_logger,
            alternatives: builder.alternatives,
        })
    }

    /// The literals that occur in `text`, by number, sorted.
    pub fn literals_in(&self, text: &[u8]) -> Vec<u32> {
        self.literals.remembered(text)
    }

    /// Is what [`Matcher::literals_in`] finds in a text the sum of what it finds in the text's lines?
    pub fn line_by_line(&self) -> bool {
        self.literals.apart()
    }

    /// Calls `found` with the index of each pattern that fits; the same pattern may come twice.
    pub fn each(&self, subject: &Subject, found: &mut dyn FnMut(u32) -> ControlFlow<()>) {
        let text = subject.text();
        let literals = self.literals_in(&text);
        let Some(unwrapped) = subject.unwrapped(&text) else { return self.each_with(subject, &[&literals], found) };
        let more = self.literals_in(&unwrapped);
        self.each_of(subject, &[&text, &unwrapped], &[&literals, &more], found);
    }

    /// The same without a memory of texts: where texts hardly come twice.
    pub fn each_at_once(&self, subject: &Subject, found: &mut dyn FnMut(u32) -> ControlFlow<()>) {
        let text = subject.text();
        let literals = if self.literals.occur(&text) { self.literals.search(&text) } else { Vec::new() };
        self.each_with(subject, &[&literals], found);
    }

    /// The same where the literals of the subject's text are known, by parts of it.
    pub fn each_with(&self, subject: &Subject, literals: &[&[u32]], found: &mut dyn FnMut(u32) -> ControlFlow<()>) {
        self.each_of(subject, &[], literals, found);
    }

    /// `texts`: what regexes see, any one of which may fit; the subject's text where there are none.
    fn each_of(&self, subject: &Subject, texts: &[&[u8]], literals: &[&[u32]], found: &mut dyn FnMut(u32) -> ControlFlow<()>) {
        let mut candidates: Vec<u32> = self.without_literal(subject).copied().collect();
        for literal in literals.iter().copied().flatten() {
            candidates.extend(self.wanted_by.get(*literal as usize).into_iter().flatten());
        }
        if candidates.is_empty() {
            return;
        }
        candidates.sort_unstable();
        candidates.dedup();
        let occurs = |literal: u32| literals.iter().any(|part| part.binary_search(&literal).is_ok());
        let own = if texts.is_empty() { subject.text() } else { Cow::Borrowed(&b""[..]) };
        let texts = if texts.is_empty() { &[own.as_ref()][..] } else { texts };
        for alternative in candidates.iter().filter_map(|i| self.alternatives.get(*i as usize)) {
            if alternative.fits(subject, &occurs, texts) && found(alternative.pattern).is_break() {
                return;
            }
        }
    }

    fn without_literal<'s>(&'s self, subject: &Subject) -> impl Iterator<Item = &'s u32> {
        let mut lists: [&[u32]; 3] = [&[], &[], &[]];
        match subject {
            Subject::Exception { .. } => {
                if !self.by_class.is_empty() {
                    let class = subject.class().as_bytes();
                    let start = class.iter().rposition(|&b| b == b'.' || b == b'$').map_or(0, |i| i + 1);
                    let simple = class.get(start..).unwrap_or_default();
                    lists[0] = self.by_class.get(simple).map_or(&[], Vec::as_slice);
                }
                lists[1] = &self.by_class_end;
            }
            Subject::Record { logger, .. } if !self.by_logger.is_empty() => {
                let simple = last_part(logger);
                lists[0] = self.by_logger.get(simple).map_or(&[], Vec::as_slice);
                let outer = outer_part(simple);
                if outer.len() != simple.len() {
                    lists[2] = self.by_logger.get(outer).map_or(&[], Vec::as_slice);
                }
            }
            _ => {}
        }
        lists.into_iter().flatten()
    }
}

impl Alternative {
    fn fits(&self, subject: &Subject, occurs: &dyn Fn(u32) -> bool, texts: &[&[u8]]) -> bool {
        self.all.iter().all(|&l| occurs(l))
            && !self.none.iter().any(|&l| occurs(l))
            && self.process_fits(subject.process())
            && match subject {
                Subject::Exception { frames, .. } => self.exception_fits(subject.class(), frames),
                Subject::Record { logger, level, .. } => self.record_fits(last_part(logger), *level),
                Subject::Text { .. } => true,
            }
            && self.between_equals.as_ref().is_none_or(|between| texts.iter().any(|text| is_between_equals(between, text)))
            && self.regex.as_ref().is_none_or(|r| texts.iter().any(|text| r.is_match(text)))
    }

    fn process_fits(&self, process: Option<&str>) -> bool {
        match process {
            Some(process) => self.process.is_empty() || self.process.iter().any(|p| p == process),
            None => true,
        }
    }

    fn exception_fits(&self, class: &str, frames: &[&str]) -> bool {
        let top = frames.get(..self.depth).unwrap_or(frames);
        let occurs = |part: &Finder| top.iter().any(|frame| part.find(frame.as_bytes()).is_some());
        (self.class.is_empty() || class == UNTOLD_CLASS || self.class.iter().any(|c| c.fits(class)))
            && (self.frames.is_empty() || self.frames.iter().any(occurs))
            && !self.no_frames.iter().any(occurs)
    }

    fn record_fits(&self, logger: &[u8], level: Level) -> bool {
        let outer = outer_part(logger);
        let named = |l: &[u8]| l == logger || l == outer;
        let logger_fits = self.loggers.is_empty() || self.loggers.iter().any(|l| named(l));
        let level_fits = match level {
            Level::Unknown => true,
            _ if !self.levels.is_empty() => self.levels.contains(&level),
            Level::Info => !self.loggers.is_empty(),
            _ => level >= Level::Warn,
        };
        logger_fits && level_fits
    }
}

/// Does the first `between` of a text stand between two equal class names?
fn is_between_equals(between: &str, text: &[u8]) -> bool {
    let Some(at) = memmem::find(text, between.as_bytes()) else { return false };
    let name = |b: &u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$');
    let before = text.get(..at).unwrap_or_default();
    let before = before.get(before.iter().rposition(|b| !name(b)).map_or(0, |i| i + 1)..).unwrap_or_default();
    let after = text.get(at + between.len()..).unwrap_or_default();
    let after = after.strip_prefix(b"class ").unwrap_or(after);
    let after = after.get(..after.iter().position(|b| !name(b)).unwrap_or(after.len())).unwrap_or_default();
    !before.is_empty() && before == after.strip_suffix(b".").unwrap_or(after)
}

#[derive(Default)]
struct Builder {
    ids: FxHashMap<String, u32>,
    texts: Vec<String>,
    wanted_by: Vec<Vec<u32>>,
    by_class: FxHashMap<Box<[u8]>, Vec<u32>>,
    by_class_end: Vec<u32>,
    by_logger: FxHashMap<Box<[u8]>, Vec<u32>>,
    alternatives: Vec<Alternative>,
}

impl Builder {
    fn literal(&mut self, text: &str) -> u32 {
        if let Some(&id) = self.ids.get(text) {
            return id;
        }
        let id = self.texts.len() as u32;
        self.ids.insert(text.to_string(), id);
        self.texts.push(text.to_string());
        self.wanted_by.push(Vec::new());
        id
    }

    fn add<'a>(&mut self, kind: On, pattern: u32, m: &'a Match) {
        let me = self.alternatives.len() as u32;
        for text in &m.any {
            let literal = self.literal(text) as usize;
            if let Some(list) = self.wanted_by.get_mut(literal) {
                list.push(me);
            }
        }
        let exception = kind == On::Exception;
        let record = kind == On::Record;
        if m.any.is_empty() && exception {
            for class in &m.class {
                if class.starts_with('*') {
                    self.by_class_end.push(me);
                } else {
                    let simple = class.rsplit(['.', '$']).next().unwrap_or(class);
                    let key: Box<[u8]> = simple.as_bytes().into();
                    self.by_class.entry(key).or_default().push(me);
                }
            }
        }
        if m.any.is_empty() && record {
            for logger in &m.loggers {
                let key: Box<[u8]> = logger.as_bytes().into();
                self.by_logger.entry(key).or_default().push(me);
            }
        }
        let only = |on: bool, list: &'a [String]| if on { list } else { &[] };
        let parts = |list: &'a [String]| only(exception, list).iter().map(|part| Finder::new(part.as_bytes()).into_owned()).collect();
        let alternative = Alternative {
            pattern,
            all: m.all.iter().map(|t| self.literal(t)).collect(),
            none: m.none.iter().map(|t| self.literal(t)).collect(),
            between_equals: m.between_equals.clone(),
            regex: m.regex.clone().map(|text| LazyRegex { text, compiled: OnceLock::new() }),
            class: only(exception, &m.class).iter().map(|c| ClassTest::new(c)).collect(),
            frames: parts(&m.frames),
            no_frames: parts(&m.no_frames),
            depth: m.depth,
            loggers: only(record, &m.loggers).iter().map(|l| l.as_bytes().into()).collect(),
            levels: if record { m.levels.clone() } else { Vec::new() },
            process: m.process.clone(),
        };
        self.alternatives.push(alternative);
    }
}
