//! What the pattern packs and the trace parser say of one record. Stateless; called while chunks are framed, in parallel.

use std::hash::{Hash, Hasher};
use std::sync::{Arc, Mutex};

use rustc_hash::{FxHashMap, FxHasher};

use crate::event::{Kind, Str, TaskState};
use crate::exception::{self, Trace};
use crate::layout::Level;
use crate::patterns::{self, Nature, Packs, Pattern, Subject};

/// Longest text of a record that is searched for exceptions and patterns.
const MAX_TEXT: usize = 256 * 1024;

/// Traces whose parse is remembered: a restart loop prints the same ones for ever.
const MAX_CACHED: usize = 4_096;

/// An exception of a record and what the patterns make of it.
#[derive(Debug)]
pub struct Thrown {
    pub trace: Trace,
    /// The pattern that explains it best, and the link that it fits.
    pub pattern: Option<(u16, usize)>,
}

/// What matters in a record's text.
#[derive(Debug, Clone, Default)]
pub struct Matter {
    pub thrown: Option<Arc<Thrown>>,
    /// A pattern (not a benign one) that fits the head message or the text line.
    pub pattern: Option<u16>,
    /// A benign pattern that fits.
    pub benign: Option<u16>,
    /// The masked head message of a record of level WARN or above that no pattern knows.
    pub template: Option<Str>,
}

/// Patterns and trace rules, ready to be asked from many threads.
pub struct Rules {
    pub packs: Arc<Packs>,
    /// The user's own packages; `None` where nothing was added to the shipped rules.
    traces: Option<exception::Rules>,
    ids: Vec<Str>,
    index: FxHashMap<String, u16>,
    /// Parsed traces by exact text. Only a cache: what it holds equals what parsing gives.
    cache: Mutex<FxHashMap<u64, Arc<Thrown>>>,
}

impl Rules {
    /// Rules over the given packs.
    pub fn new(packs: Arc<Packs>) -> Self {
        Rules::with_packages(packs, &[])
    }

    /// Rules over the given packs, with packages (`com.acme`) that are the user's own code.
    pub fn with_packages(packs: Arc<Packs>, packages: &[String]) -> Self {
        let ids: Vec<Str> = packs.iter().map(|p| p.id.as_str().into()).collect();
        let index = packs.iter().enumerate().map(|(i, p)| (p.id.clone(), i as u16)).collect();
        let traces = (!packages.is_empty()).then(|| exception::Rules::with_user_packages(packages));
        Rules { packs, traces, ids, index, cache: Mutex::default() }
    }

    /// The slug of a pattern.
    pub fn id(&self, pattern: u16) -> &Str {
        &self.ids[usize::from(pattern)]
    }

    /// The pattern of an index.
    pub fn pattern(&self, index: u16) -> Option<&Pattern> {
        self.packs.get(self.ids.get(usize::from(index))?)
    }

    /// The index of a slug.
    pub fn index_of(&self, id: &str) -> Option<u16> {
        self.index.get(id).copied()
    }

    /// Do patterns look at INFO records of this logger?
    pub fn wants_info(&self, simple_name: &[u8]) -> bool {
        self.packs.wants_info(simple_name)
    }

    fn index(&self, pattern: &Pattern) -> Option<u16> {
        self.index_of(&pattern.id)
    }

    /// Looks at a record with a head. `traced`: a continuation line looks like part of a stack trace.
    pub fn look(&self, kind: &Option<Kind>, level: Level, logger: &[u8], message: &[u8], traced: bool, process: Option<&str>) -> Option<Matter> {
        // Routine events cost nothing more.
        let routine = matches!(
            kind,
            Some(
                Kind::CheckpointTriggered { .. }
                    | Kind::CheckpointCompleted { .. }
                    | Kind::Banner { .. }
                    | Kind::Config { .. }
                    | Kind::TaskDeployed { .. }
                    | Kind::Metrics(_)
            )
        ) || matches!(kind, Some(Kind::TaskState { to, .. }) if *to != TaskState::Failed);
        if routine && !traced {
            return None;
        }
        let text = &message[..message.len().min(MAX_TEXT)];
        let line = crate::classify::text::first_line(text);
        let mut matter = Matter::default();
        let severe = level >= Level::Warn || level == Level::Unknown;
        let may_throw = traced || (severe || kind.is_some()) && mentions_throwable(text);
        if may_throw {
            matter.thrown = self.thrown(text, process);
        }
        // Routine transitions are no subject of patterns: a task's name may say anything.
        if !matches!(kind, Some(Kind::JobState { .. } | Kind::TaskState { .. } | Kind::ProcessStart { .. })) {
            let subject = Subject::Record { logger, level: pattern_level(level), message: text, process };
            if let Some(pattern) = self.packs.best(&subject) {
                let index = self.index(pattern);
                if pattern.nature == Nature::Benign {
                    matter.benign = index;
                } else {
                    matter.pattern = index;
                }
            }
        }
        // A symptom's or a harmless line that only mentions a throwable says what it is itself.
        let mentions = matter.thrown.as_ref().is_some_and(|t| t.trace.first_line == 0 && t.trace.links.iter().all(|l| l.frames.is_empty()));
        let symptom = matter.pattern.and_then(|p| self.pattern(p)).is_some_and(|p| p.nature == Nature::Symptom);
        if mentions && (symptom || matter.benign.is_some()) {
            matter.thrown = None;
        }
        let known = kind.is_some() || matter.pattern.is_some() || matter.benign.is_some();
        if severe && !known {
            let mut template = String::new();
            exception::template(&line[..line.len().min(600)], &mut template);
            matter.template = Some(template.into());
        }
        let empty = matter.thrown.is_none() && matter.pattern.is_none() && matter.benign.is_none() && matter.template.is_none();
        (!empty).then_some(matter)
    }

    /// Looks at a line of text without a head, with the stack frames that follow it.
    pub fn look_at_text(&self, text: &[u8], traced: bool, process: Option<&str>) -> Option<Matter> {
        let text = &text[..text.len().min(MAX_TEXT)];
        let line = crate::classify::text::first_line(text);
        let mut matter = Matter::default();
        if traced || mentions_throwable(line) {
            matter.thrown = self.thrown(text, process);
        }
        if let Some(pattern) = self.packs.best(&Subject::Text { line: text, process }) {
            let index = self.index(pattern);
            if pattern.nature == Nature::Benign {
                matter.benign = index;
            } else {
                matter.pattern = index;
            }
        }
        let empty = matter.thrown.is_none() && matter.pattern.is_none() && matter.benign.is_none();
        (!empty).then_some(matter)
    }

    fn thrown(&self, text: &[u8], process: Option<&str>) -> Option<Arc<Thrown>> {
        let key = trace_key(text, process);
        if let Some(known) = self.cache.lock().ok().and_then(|cache| cache.get(&key).cloned()) {
            return Some(known);
        }
        let trace = exception::parse_with(self.traces.as_ref().unwrap_or_else(|| exception::Rules::shipped()), text)?;
        let pattern = self.explain(&trace, process);
        let thrown = Arc::new(Thrown { trace, pattern });
        if let Ok(mut cache) = self.cache.lock()
            && cache.len() < MAX_CACHED
        {
            cache.insert(key, thrown.clone());
        }
        Some(thrown)
    }

    /// The pattern that explains a trace: causes before symptoms, narrower before broader, then the deepest link.
    fn explain(&self, trace: &Trace, process: Option<&str>) -> Option<(u16, usize)> {
        let mut best: Option<((u8, i32, usize), u16)> = None;
        for (depth, link) in trace.links.iter().enumerate() {
            let frames: Vec<String> = link.frames.iter().take(8).map(|f| format!("{}.{}", f.class, f.method)).collect();
            let frames: Vec<&str> = frames.iter().map(String::as_str).collect();
            let subject = Subject::Exception { class: &link.class, message: &link.message, frames: &frames, process };
            let Some(pattern) = self.packs.best(&subject) else { continue };
            let weight = match pattern.nature {
                Nature::Cause => 4,
                // A root only if nothing below it says more.
                Nature::Either => 3,
                Nature::Symptom => 2,
                Nature::Benign => 1,
                Nature::Wrapper => 0,
            };
            let rank = (weight, pattern.rank, depth);
            if let Some(index) = self.index(pattern)
                && best.is_none_or(|(known, _)| rank > known)
            {
                best = Some((rank, index));
            }
        }
        best.map(|((_, _, depth), index)| (index, depth))
    }
}

/// Could the text hold a throwable at all? One search per ending.
fn mentions_throwable(text: &[u8]) -> bool {
    let text = &text[..text.len().min(16 * 1024)];
    ["Exception", "Error", "Throwable", "Traceback (most"].iter().any(|needle| memchr::memmem::find(text, needle.as_bytes()).is_some())
}

/// Key of a trace: everything but the digits of the head line, which tell tasks and attempts apart.
fn trace_key(text: &[u8], process: Option<&str>) -> u64 {
    let head = crate::classify::text::first_line(text);
    let mut hasher = FxHasher::default();
    process.hash(&mut hasher);
    // The head line matters only where the throwable stands in it.
    let tail = memchr::memmem::find(head, b"failure cause: ").map_or(&b""[..], |at| &head[at..]);
    if head.len() == text.len() {
        head.hash(&mut hasher);
    } else {
        let throwable_in_head = mentions_throwable(head) && tail.is_empty();
        if throwable_in_head { head.hash(&mut hasher) } else { tail.hash(&mut hasher) }
    }
    text[head.len()..].hash(&mut hasher);
    hasher.finish()
}

fn pattern_level(level: Level) -> patterns::Level {
    match level {
        Level::Trace => patterns::Level::Trace,
        Level::Debug => patterns::Level::Debug,
        Level::Info => patterns::Level::Info,
        Level::Unknown => patterns::Level::Unknown,
        Level::Warn => patterns::Level::Warn,
        Level::Error => patterns::Level::Error,
        Level::Fatal => patterns::Level::Fatal,
    }
}
