//! Exceptions, pattern hits, benign noise and templates of one source, folded: each group is kept once with its count.

use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::{Place, Quote};
use crate::classify::text::shown;
use crate::event::Str;
use crate::layout::Level;
use crate::rules::{Matter, Thrown};

/// Groups of each kind that one source keeps; more are counted.
const MAX_GROUPS: usize = 20_000;
/// Bytes of trace text that one source keeps.
const MAX_TRACE_TEXT: usize = 4 << 20;
/// Bytes of one trace.
const MAX_TRACE: usize = 8 << 10;
/// From this count on a group's further members make no entries of their own.
const MAX_ENTRIES_PER_GROUP: u64 = 1_000;

/// Names of loggers that are shared, and how long one may be; real logs have some hundred short ones.
const MAX_LOGGERS: usize = 2_000;
const MAX_LOGGER: usize = 256;

/// How often, when first and last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Seen {
    pub count: u64,
    pub first_ms: Option<i64>,
    pub last_ms: Option<i64>,
}

impl Seen {
    fn add(&mut self, ms: Option<i64>) {
        self.count += 1;
        self.first_ms = self.first_ms.or(ms);
        self.last_ms = ms.or(self.last_ms);
    }
}

/// Equal exceptions.
#[derive(Debug, Clone)]
pub struct ExceptionGroup {
    pub fingerprint: u64,
    pub thrown: Arc<Thrown>,
    pub seen: Seen,
    /// The first record that had it.
    pub place: Place,
    pub quote: Option<Arc<Quote>>,
    pub logger: Str,
    pub level: Level,
}

/// Records that a pattern fits.
#[derive(Debug, Clone)]
pub struct PatternHits {
    pub pattern: u16,
    pub seen: Seen,
    pub place: Place,
    pub quote: Option<Arc<Quote>>,
}

/// The last record that shows that some trouble is over.
#[derive(Debug, Clone)]
pub struct Recovery {
    pub pattern: u16,
    /// See [`subject_of`].
    pub subject: Option<Str>,
    pub line: u64,
}

/// Recoveries that one source keeps.
const MAX_RECOVERIES: usize = 500;

/// What a record is about where its layout says so in brackets behind the level, as that of Flink's Kubernetes operator does: `[INFO ][namespace/name] `.
pub fn subject_of(record: &str) -> Option<&str> {
    let line = record.lines().next()?;
    Some(line.split_once("][")?.1.split_once(']')?.0)
}

/// Records that no pattern knows, by template.
#[derive(Debug, Clone)]
pub struct TemplateGroup {
    pub template: Str,
    pub level: Level,
    pub logger: Str,
    pub seen: Seen,
    pub place: Place,
    pub quote: Option<Arc<Quote>>,
}

/// All of one source.
#[derive(Clone, Debug, Default)]
pub struct Matters {
    pub exceptions: Vec<ExceptionGroup>,
    pub exceptions_omitted: u64,
    pub hits: Vec<PatternHits>,
    pub benign: Vec<PatternHits>,
    pub recoveries: Vec<Recovery>,
    pub templates: Vec<TemplateGroup>,
    pub templates_omitted: u64,
    loggers: FxHashMap<Box<[u8]>, Str>,
    by_fingerprint: FxHashMap<u64, usize>,
    by_template: FxHashMap<(Str, Str, Level), usize>,
    trace_text: usize,
}

/// What became of one record's matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct Noted {
    pub exception: Option<u64>,
    pub pattern: Option<u16>,
    /// Worth an entry of its own.
    pub decisive: bool,
}

impl Matters {
    /// Takes in what matters in one record.
    pub fn note(&mut self, matter: &Matter, level: Level, logger: &[u8], ms: Option<i64>, place: Place, quote: impl FnOnce() -> Option<Arc<Quote>>) -> Noted {
        let mut quote = Lazy { make: Some(quote), made: None };
        let mut noted = Noted::default();
        let logger = self.logger(logger);
        if let Some(thrown) = &matter.thrown {
            noted.exception = Some(thrown.trace.fingerprint);
            noted.pattern = thrown.pattern.map(|(pattern, _)| pattern);
            noted.decisive = self.exception(thrown, level, &logger, ms, place, &mut quote);
        }
        if let Some(pattern) = matter.benign {
            hit(&mut self.benign, pattern, ms, place, &mut quote);
            noted.decisive = false;
            noted.pattern = Some(pattern);
        }
        if let Some(pattern) = matter.recovery {
            let subject = quote.get().and_then(|quote| subject_of(&quote.text).map(Str::from));
            let room = self.recoveries.len() < MAX_RECOVERIES;
            match self.recoveries.iter_mut().find(|known| known.pattern == pattern && known.subject == subject) {
                Some(known) => known.line = place.line,
                None if room => self.recoveries.push(Recovery { pattern, subject, line: place.line }),
                None => {}
            }
        }
        if let Some(pattern) = matter.pattern {
            let count = hit(&mut self.hits, pattern, ms, place, &mut quote);
            noted.pattern = noted.pattern.filter(|_| noted.exception.is_some()).or(Some(pattern));
            noted.decisive |= count <= MAX_ENTRIES_PER_GROUP;
        }
        if let Some(template) = &matter.template {
            self.template(template, level, &logger, ms, place, &mut quote);
        }
        noted
    }

    /// The name of a logger, shared.
    pub fn logger(&mut self, name: &[u8]) -> Str {
        if let Some(known) = self.loggers.get(name) {
            return known.clone();
        }
        let known: Str = shown(name).as_ref().into();
        if self.loggers.len() < MAX_LOGGERS && name.len() <= MAX_LOGGER {
            self.loggers.insert(name.into(), known.clone());
        }
        known
    }

    fn exception(
        &mut self,
        thrown: &Arc<Thrown>,
        level: Level,
        logger: &Str,
        ms: Option<i64>,
        place: Place,
        quote: &mut Lazy<impl FnOnce() -> Option<Arc<Quote>>>,
    ) -> bool {
        let fingerprint = thrown.trace.fingerprint;
        if let Some(at) = self.by_fingerprint.get(&fingerprint) {
            let group = &mut self.exceptions[*at];
            group.seen.add(ms);
            return group.seen.count <= MAX_ENTRIES_PER_GROUP;
        }
        if self.exceptions.len() >= MAX_GROUPS || self.trace_text > MAX_TRACE_TEXT {
            self.exceptions_omitted += 1;
            return false;
        }
        self.trace_text += thrown.trace.links.iter().map(|l| l.message.len() + 100 * l.frames.len()).sum::<usize>().min(MAX_TRACE);
        self.by_fingerprint.insert(fingerprint, self.exceptions.len());
        let mut seen = Seen::default();
        seen.add(ms);
        self.exceptions.push(ExceptionGroup { fingerprint, thrown: thrown.clone(), seen, place, quote: quote.get(), logger: logger.clone(), level });
        true
    }

    fn template(&mut self, template: &Str, level: Level, logger: &Str, ms: Option<i64>, place: Place, quote: &mut Lazy<impl FnOnce() -> Option<Arc<Quote>>>) {
        let key = (template.clone(), logger.clone(), level);
        if let Some(at) = self.by_template.get(&key) {
            return self.templates[*at].seen.add(ms);
        }
        if self.templates.len() >= MAX_GROUPS / 4 {
            self.templates_omitted += 1;
            return;
        }
        self.by_template.insert(key, self.templates.len());
        let mut seen = Seen::default();
        seen.add(ms);
        self.templates.push(TemplateGroup { template: template.clone(), level, logger: logger.clone(), seen, place, quote: quote.get() });
    }

    /// Gives up what was only needed while reading.
    pub fn finish(&mut self) {
        self.loggers = FxHashMap::default();
        self.by_fingerprint = FxHashMap::default();
        self.by_template = FxHashMap::default();
    }
}

fn hit(hits: &mut Vec<PatternHits>, pattern: u16, ms: Option<i64>, place: Place, quote: &mut Lazy<impl FnOnce() -> Option<Arc<Quote>>>) -> u64 {
    if let Some(known) = hits.iter_mut().find(|h| h.pattern == pattern) {
        known.seen.add(ms);
        return known.seen.count;
    }
    let mut seen = Seen::default();
    seen.add(ms);
    hits.push(PatternHits { pattern, seen, place, quote: quote.get() });
    1
}

/// Makes the quote once, and only if asked.
struct Lazy<F> {
    make: Option<F>,
    made: Option<Arc<Quote>>,
}

impl<F: FnOnce() -> Option<Arc<Quote>>> Lazy<F> {
    fn get(&mut self) -> Option<Arc<Quote>> {
        if let Some(make) = self.make.take() {
            self.made = make();
        }
        self.made.clone()
    }
}
