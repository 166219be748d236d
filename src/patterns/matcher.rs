//! Finds the patterns that fit a subject.
//!
//! In: the alternatives of all patterns, then subjects. Out: indexes of the patterns that fit. One pass over the text finds which literals occur
//! ([`super::literals`]); only alternatives that a literal, the class or the logger makes a candidate are checked, their regex last. Nothing is ranked here.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::ops::ControlFlow;
use std::sync::{LazyLock, OnceLock};

use memchr::memmem::{self, Finder};
use regex::bytes::{Regex, RegexBuilder};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

use super::literals::{Literals, Numbers};
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
    /// Literal → alternative that needs any of its kind; [`NONE`] where it needs all of them or none.
    wanted_by: Vec<u32>,
    /// Last part of a class (after `.` or `$`) → alternatives without `any`.
    by_class: FxHashMap<&'static [u8], Vec<u32>>,
    /// Alternatives without `any` and with a `*Suffix` class.
    by_class_end: Vec<u32>,
    /// Simple logger → alternatives without `any`.
    by_logger: FxHashMap<&'static [u8], Vec<u32>>,
    alternatives: Vec<Alternative>,
}

/// No alternative.
const NONE: u32 = u32::MAX;

#[derive(Debug)]
struct Alternative {
    /// Index of its pattern.
    pattern: u32,
    /// Number of the first of its literals, which follow one another: `any`, `all`, `none`.
    literals: u32,
    conditions: &'static Match,
    // Of hundreds a scan needs a handful.
    regex: OnceLock<Option<Box<Regex>>>,
    frames: OnceLock<Box<[Vec<Finder<'static>>; 2]>>,
}

/// Frames that check for their caller, who is to be looked at instead.
static CHECKS: LazyLock<[Finder<'static>; 4]> = LazyLock::new(|| {
    let calls = ["org.apache.flink.util.Preconditions.", ".common.base.Preconditions.", "java.util.Objects.require", "java.util.Objects.checkIndex"];
    calls.map(|call| Finder::new(call.as_bytes()))
});

/// `test`: a whole name, a suffix that begins after `.` or `$`, or `*` and any suffix.
fn class_fits(test: &str, class: &str) -> bool {
    match test.strip_prefix('*') {
        Some(end) => class.ends_with(end),
        None => class.strip_suffix(test).is_some_and(|front| front.is_empty() || front.ends_with(['.', '$'])),
    }
}

impl Matcher {
    /// Collects the matches on `kind`, each with the index of its pattern, in the order in which they are to be tried.
    pub fn new(kind: On, matches: impl Iterator<Item = (u32, &'static Match)>) -> Matcher {
        let matches: Vec<_> = matches.filter(|(_, m)| m.on.contains(&kind)).collect();
        let mut matcher = Matcher {
            literals: Literals::default(),
            wanted_by: Vec::new(),
            by_class: FxHashMap::default(),
            by_class_end: Vec::new(),
            by_logger: FxHashMap::default(),
            alternatives: Vec::with_capacity(matches.len()),
        };
        let mut literals = Vec::with_capacity(matches.iter().map(|(_, m)| m.any.len() + m.all.len() + m.none.len()).sum());
        for (pattern, m) in matches {
            matcher.add(kind, pattern, m, &mut literals);
        }
        matcher.literals = Literals::new(literals);
        matcher
    }

    fn add(&mut self, kind: On, pattern: u32, m: &'static Match, literals: &mut Vec<&'static str>) {
        let me = self.alternatives.len() as u32;
        let alternative = Alternative { pattern, literals: literals.len() as u32, conditions: m, regex: OnceLock::new(), frames: OnceLock::new() };
        self.alternatives.push(alternative);
        // A few literals stand in several alternatives: they are searched for several times, which costs less than to find that out at each start.
        for (list, wanted_by) in [(&m.any, me), (&m.all, NONE), (&m.none, NONE)] {
            literals.extend(list);
            self.wanted_by.resize(literals.len(), wanted_by);
        }
        if !m.any.is_empty() {
            return;
        }
        match kind {
            On::Exception => {
                for class in &m.class {
                    if class.starts_with('*') {
                        self.by_class_end.push(me);
                    } else {
                        let simple = class.rsplit(['.', '$']).next().unwrap_or(class);
                        self.by_class.entry(simple.as_bytes()).or_default().push(me);
                    }
                }
            }
            On::Record => {
                for logger in &m.loggers {
                    self.by_logger.entry(logger.as_bytes()).or_default().push(me);
                }
            }
            On::Text => {}
        }
    }

    /// The literals that occur in `text`, by number, sorted.
    pub fn literals_in(&self, text: &[u8]) -> Numbers {
        self.literals.remembered(text)
    }

    /// Gives back what is remembered of texts.
    pub fn forget(&self) {
        self.literals.forget();
    }

    /// Is what [`Matcher::literals_in`] finds in a text the sum of what it finds in the text's lines?
    pub fn line_by_line(&self) -> bool {
        self.literals.apart()
    }

    /// Calls `found` with the index of each pattern that fits, in the order in which they were given; the same pattern may come twice.
    pub fn each(&self, subject: &Subject, found: &mut dyn FnMut(u32) -> ControlFlow<()>) {
        let text = subject.text();
        let literals = self.literals_in(&text);
        let Some(unwrapped) = subject.unwrapped(&text) else { return self.each_with(subject, &[&literals], found) };
        let more = self.literals_in(&unwrapped);
        match subject.unbroken(&text) {
            None => self.each_of(subject, &[&text, &unwrapped], &[&literals, &more], found),
            Some(unbroken) => {
                let most = self.literals_in(&unbroken);
                self.each_of(subject, &[&text, &unwrapped, &unbroken], &[&literals, &more, &most], found);
            }
        }
    }

    /// The same without a memory of texts: where texts hardly come twice.
    pub fn each_at_once(&self, subject: &Subject, found: &mut dyn FnMut(u32) -> ControlFlow<()>) {
        let text = subject.text();
        let literals = self.literals.first(&text).map_or_else(Numbers::new, |at| self.literals.search(&text[at..]));
        self.each_of(subject, &[&text], &[&literals], found);
    }

    /// The same where the literals of the subject's text are known, by parts of it.
    pub fn each_with(&self, subject: &Subject, literals: &[&[u32]], found: &mut dyn FnMut(u32) -> ControlFlow<()>) {
        self.each_of(subject, &[], literals, found);
    }

    /// `texts`: what regexes see, any one of which may fit; the subject's text where there are none.
    fn each_of(&self, subject: &Subject, texts: &[&[u8]], literals: &[&[u32]], found: &mut dyn FnMut(u32) -> ControlFlow<()>) {
        let mut candidates: SmallVec<[u32; 32]> = self.without_literal(subject).copied().collect();
        for literal in literals.iter().copied().flatten() {
            candidates.extend(self.wanted_by.get(*literal as usize).copied().filter(|alternative| *alternative != NONE));
        }
        if candidates.is_empty() {
            return;
        }
        candidates.sort_unstable();
        candidates.dedup();
        let occurs = |literal: u32| literals.iter().any(|part| part.binary_search(&literal).is_ok());
        let own = if texts.is_empty() { subject.text() } else { Cow::Borrowed(&b""[..]) };
        let texts = if texts.is_empty() { &[own.as_ref()][..] } else { texts };
        let asked = Asked { subject, class: subject.class(), callers: OnceCell::new() };
        for alternative in candidates.iter().filter_map(|i| self.alternatives.get(*i as usize)) {
            if alternative.fits(&asked, &occurs, texts) && found(alternative.pattern).is_break() {
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

/// A subject, with what several alternatives ask of it.
struct Asked<'a> {
    subject: &'a Subject<'a>,
    class: &'a str,
    callers: OnceCell<&'a [&'a str]>,
}

impl<'a> Asked<'a> {
    /// Frames from the first on that does not only check for its caller; all where there is none.
    fn callers(&self) -> &'a [&'a str] {
        let Subject::Exception { frames, .. } = *self.subject else { return &[] };
        self.callers.get_or_init(|| {
            let checks = frames.iter().take_while(|frame| CHECKS.iter().any(|check| check.find(frame.as_bytes()).is_some())).count();
            frames.get(checks..).filter(|callers| !callers.is_empty()).unwrap_or(frames)
        })
    }
}

impl Alternative {
    fn fits(&self, asked: &Asked, occurs: &dyn Fn(u32) -> bool, texts: &[&[u8]]) -> bool {
        let m = self.conditions;
        let all = self.literals + m.any.len() as u32;
        let none = all + m.all.len() as u32;
        (all..none).all(occurs)
            && !(none..none + m.none.len() as u32).any(occurs)
            && self.process_fits(asked.subject.process())
            && match asked.subject {
                Subject::Exception { .. } => self.class_fits(asked.class) && self.frames_fit(|| asked.callers()),
                Subject::Record { logger, level, .. } => self.record_fits(last_part(logger), *level),
                Subject::Text { .. } => true,
            }
            && m.between_equals.is_none_or(|between| texts.iter().any(|text| is_between_equals(between, text)))
            && m.regex.is_none_or(|regex| self.regex_fits(regex, texts))
    }

    /// Loading has checked the syntax: of a pattern of the user's each time, of a built-in one in a test.
    fn regex_fits(&self, regex: &str, texts: &[&[u8]]) -> bool {
        let regex = self.regex.get_or_init(|| compile_regex(regex).ok().map(Box::new));
        regex.as_ref().is_some_and(|regex| texts.iter().any(|text| regex.is_match(text)))
    }

    fn process_fits(&self, process: Option<&str>) -> bool {
        let wanted = &self.conditions.process;
        process.is_none_or(|process| wanted.is_empty() || wanted.contains(&process))
    }

    fn class_fits(&self, class: &str) -> bool {
        let wanted = &self.conditions.class;
        wanted.is_empty() || class == UNTOLD_CLASS || wanted.iter().any(|test| class_fits(test, class))
    }

    fn frames_fit<'f>(&self, callers: impl FnOnce() -> &'f [&'f str]) -> bool {
        let m = self.conditions;
        if m.frames.is_empty() && m.no_frames.is_empty() {
            return true;
        }
        let callers = callers();
        let top = callers.get(..m.depth).unwrap_or(callers);
        let finders = |parts: &[&'static str]| parts.iter().map(|part| Finder::new(part.as_bytes())).collect();
        let [wanted, unwanted] = &**self.frames.get_or_init(|| Box::new([finders(&m.frames), finders(&m.no_frames)]));
        let occurs = |part: &Finder| top.iter().any(|frame| part.find(frame.as_bytes()).is_some());
        (wanted.is_empty() || wanted.iter().any(occurs)) && !unwanted.iter().any(occurs)
    }

    fn record_fits(&self, logger: &[u8], level: Level) -> bool {
        let Match { loggers, levels, .. } = self.conditions;
        let outer = outer_part(logger);
        let named = |l: &[u8]| l == logger || l == outer;
        let logger_fits = loggers.is_empty() || loggers.iter().any(|l| named(l.as_bytes()));
        let level_fits = match level {
            Level::Unknown => true,
            _ if !levels.is_empty() => levels.contains(&level),
            Level::Info => !loggers.is_empty(),
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
