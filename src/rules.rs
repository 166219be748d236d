//! What the pattern packs and the trace parser say of one record. Stateless; called while chunks are framed, in parallel.

use std::borrow::Cow;
use std::sync::{Arc, LazyLock, OnceLock};

use memchr::memmem::Finder;

use crate::classify::text::Message;
use crate::event::{Kind, Str, TaskState};
use crate::exception::known::{self, Parts};
use crate::exception::packaging::without_blobs;
use crate::exception::{self, FrameCategory, Trace, quoted};
use crate::layout::{Level, simple_name};
use crate::memo::Memo;
use crate::patterns::{self, Literals, Nature, Packs, Pattern, Subject};

/// Longest text of a record that is searched for exceptions and patterns.
const MAX_TEXT: usize = 256 * 1024;
/// Longest line that may be an exception's message alone.
const MAX_MESSAGE_ALONE: usize = 2_048;
/// Patterns of this rank or more say what happened, not only where.
const SPECIFIC: i32 = 45;
/// How well a pattern explains a trace: nature, is it specific, depth if so, rank, depth.
type Weight = (u8, bool, usize, i32, usize);
/// Literals of this length or more cannot be mistaken.
const TELLING: usize = 24;
/// The same where the class that the pattern asks for is not told.
const TELLING_OF_A_CLASS: usize = 30;

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
    /// A pattern of a recovery that fits.
    pub recovery: Option<u16>,
    /// The masked head message of a record of level WARN or above that no pattern knows.
    pub template: Option<Str>,
}

impl Matter {
    fn name(&mut self, pattern: &Pattern, index: Option<u16>) {
        match pattern.nature {
            Nature::Benign => self.benign = index,
            Nature::Recovery => self.recovery = index,
            _ => self.pattern = index,
        }
    }

    /// Does a pattern fit the line?
    fn is_known(&self) -> bool {
        self.pattern.is_some() || self.benign.is_some() || self.recovery.is_some()
    }

    /// Itself, if it holds anything.
    fn kept(self) -> Option<Matter> {
        let any = self.thrown.is_some() || self.is_known() || self.template.is_some();
        any.then_some(self)
    }
}

/// Patterns and trace rules, ready to be asked from many threads.
pub struct Rules {
    pub packs: Arc<Packs>,
    /// The user's own packages; `None` where nothing was added to the shipped rules.
    traces: Option<exception::Rules>,
    /// What is known of the lines after a record's first, and of that line where the throwable stands in it.
    bodies: Memo<Arc<Body>>,
    /// Traces by class and frames, whatever their message.
    skeletons: Memo<Arc<OnceLock<Option<Trace>>>>,
    lines_apart: bool,
}

/// The part of a record that a restart loop repeats.
#[derive(Debug, Default)]
struct Body {
    thrown: OnceLock<Option<Arc<Thrown>>>,
    /// Literals of record patterns in the lines after the first.
    literals: OnceLock<patterns::Numbers>,
}

impl Rules {
    /// Rules over the given packs.
    pub fn new(packs: Arc<Packs>) -> Self {
        Rules::with_packages(packs, &[])
    }

    /// Rules over the given packs, with packages (`com.acme`) that are the user's own code.
    pub fn with_packages(packs: Arc<Packs>, packages: &[String]) -> Self {
        let traces = (!packages.is_empty()).then(|| exception::Rules::with_user_packages(packages));
        let lines_apart = packs.record_lines_apart();
        Rules { packs, traces, bodies: Memo::default(), skeletons: Memo::default(), lines_apart }
    }

    /// Gives back what was remembered of the texts of a scan.
    pub fn forget(&self) {
        self.bodies.forget();
        self.skeletons.forget();
        self.packs.forget();
    }

    /// The slug of a pattern.
    pub fn id(&self, pattern: u16) -> &'static str {
        self.pattern(pattern).map_or("", |pattern| pattern.id)
    }

    /// The pattern of an index.
    pub fn pattern(&self, index: u16) -> Option<&'static Pattern> {
        self.packs.at(usize::from(index))
    }

    /// May patterns fit INFO records of this logger?
    pub fn may_fit_info(&self, simple_name: &[u8]) -> bool {
        self.packs.may_fit(patterns::Level::Info, simple_name)
    }

    fn index(&self, pattern: &Pattern) -> Option<u16> {
        self.packs.index_of(pattern.id)?.try_into().ok()
    }

    /// Looks at a record with a head. `traced`: a continuation line looks like part of a stack trace.
    pub fn look(&self, kind: &Option<Kind>, level: Level, logger: &[u8], message: Message, traced: bool, process: Option<&str>) -> Option<Matter> {
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
        let text = message.text();
        let text = &alike(&text[..text.len().min(MAX_TEXT)], traced);
        // No jar's name stands in the first line.
        let message = message.above(text);
        let (line, rest) = (message.line(), message.rest());
        let mut matter = Matter::default();
        let severe = level >= Level::Warn || level == Level::Unknown;
        let may_throw = traced || (severe || kind.is_some()) && mentions_throwable(text);
        let pattern_level = pattern_level(level);
        // Lines of INFO name jobs and slots: hardly one is like another.
        let told_once = pattern_level == patterns::Level::Info && !traced;
        let body = (may_throw || !rest.is_empty() && !told_once).then(|| self.body(line, rest, process));
        if let Some(body) = body.as_ref().filter(|_| may_throw) {
            matter.thrown = self.thrown(body, line, text, process);
        }
        // Routine transitions are no subject of patterns: a task's name may say anything.
        let routine = matches!(kind, Some(Kind::JobState { .. } | Kind::TaskState { .. } | Kind::ProcessStart { .. }));
        if !routine && self.packs.may_fit(pattern_level, simple_name(logger)) {
            let subject = Subject::Record { logger, level: pattern_level, message: text, process };
            let best = if told_once { self.packs.best_info(&subject) } else { self.best_record(&subject, line, rest, body.as_deref()) };
            if let Some(pattern) = best {
                matter.name(pattern, self.index(pattern));
            }
        }
        if matches!(kind, Some(Kind::Fatal { .. })) {
            self.narrow(&mut matter);
        }
        // A symptom's or a harmless line that only mentions a throwable says what it is itself.
        let mentions = matter.thrown.as_ref().is_some_and(|t| t.trace.first_line == 0 && t.trace.links.iter().all(|l| l.frames.is_empty()));
        let symptom = matter.pattern.and_then(|p| self.pattern(p)).is_some_and(|p| p.nature == Nature::Symptom);
        if mentions && (symptom || matter.benign.is_some()) {
            matter.thrown = None;
        }
        if level >= Level::Error && kind.is_none() && process.is_none() && matter.thrown.is_none() && !matter.is_known() {
            matter.pattern = self.message_alone(line);
        }
        let known = kind.is_some() || matter.is_known();
        if severe && !known {
            let mut template = String::new();
            exception::template(&line[..line.len().min(600)], &mut template);
            matter.template = Some(template.into());
        }
        matter.kept()
    }

    /// What ends a process is named by the whole record where that is the narrower cause: whose memory is gone stands above the error, not in it.
    fn narrow(&self, matter: &mut Matter) {
        let cause = |index| self.pattern(index).filter(|pattern| pattern.nature == Nature::Cause);
        if let (Some(own), Some(thrown)) = (matter.pattern, &matter.thrown)
            && let Some((other, depth)) = thrown.pattern
            && let (Some(narrow), Some(wide)) = (cause(own), cause(other))
            && narrow.rank > wide.rank
        {
            matter.thrown = Some(Arc::new(Thrown { trace: thrown.trace.clone(), pattern: Some((own, depth)) }));
        }
    }

    /// Looks at a line of text without a head, with the stack frames that follow it.
    pub fn look_at_text(&self, text: &[u8], traced: bool, process: Option<&str>) -> Option<Matter> {
        let text = &text[..text.len().min(MAX_TEXT)];
        let text = &alike(text, traced);
        let line = crate::classify::text::first_line(text);
        let mut matter = Matter::default();
        if traced || mentions_throwable(line) {
            matter.thrown = self.thrown(&self.body(line, &text[line.len()..], process), line, text, process);
        }
        if let Some(pattern) = self.packs.best(&Subject::Text { line: text, process }) {
            matter.name(pattern, self.index(pattern));
        }
        // The command-line client prints the message without its class.
        let bare = process.is_none_or(|process| process == "client");
        if matter.thrown.is_none() && !matter.is_known() && bare {
            matter.pattern = self.message_alone(line);
        }
        // A line that names the cause outweighs a symptom pasted below it.
        let nature = |index: Option<u16>| index.and_then(|i| self.pattern(i)).map(|p| p.nature);
        let symptom = matter.thrown.as_ref().is_some_and(|t| nature(t.pattern.map(|(i, _)| i)) == Some(Nature::Symptom));
        if symptom && nature(matter.pattern) == Some(Nature::Cause) {
            matter.thrown = None;
        }
        matter.kept()
    }

    /// Looks at a text that may be JSON or have some in it: at the text itself and at the strings.
    pub fn look_at_any_text(&self, text: &[u8], traced: bool, process: Option<&str>) -> Option<Matter> {
        let own = || self.look_at_text(text, traced, process);
        let Some(quoted) = self.look_at_quoted(text, process) else { return own() };
        // A message that holds some JSON tells more than the JSON.
        let json = matches!(text.trim_ascii_start().first(), Some(b'{' | b'[' | b'"'));
        if json { Some(quoted) } else { own().filter(|own| telling(own) >= telling(&quoted)).or(Some(quoted)) }
    }

    /// Looks at the strings of a text that is JSON: of several that matter the most telling, then the first.
    pub fn look_at_quoted(&self, text: &[u8], process: Option<&str>) -> Option<Matter> {
        let texts = quoted::texts(text);
        let looked = texts.iter().filter_map(|text| self.look_at_text(text.as_bytes(), true, process));
        looked.reduce(|best, other| if telling(&other) > telling(&best) { other } else { best })
    }

    /// The pattern of an exception of which only the message is told, as people copy it from a web page. Only texts that cannot be mistaken count.
    fn message_alone(&self, line: &[u8]) -> Option<u16> {
        let message = std::str::from_utf8(line.get(..line.len().min(MAX_MESSAGE_ALONE))?).ok()?;
        let subject = Subject::Exception { class: patterns::UNTOLD_CLASS, message, frames: &[], process: None };
        let said = |literal: &&str| message.contains(literal);
        let telling = |m: &patterns::Match| {
            // Words that stand for a class must be many.
            let (length, blanks) = if m.class.is_empty() { (TELLING, 1) } else { (TELLING_OF_A_CLASS, 3) };
            let sure = |literal: &&&str| literal.len() >= length && literal.matches(' ').count() >= blanks;
            let rest = (m.class.is_empty() || m.regex.is_none() && m.between_equals.is_none()) && m.all.iter().all(said) && !m.none.iter().any(said);
            m.on.contains(&patterns::On::Exception) && m.frames.is_empty() && rest && m.any.iter().filter(sure).any(said)
        };
        let root = |nature| matches!(nature, Nature::Cause | Nature::Either | Nature::Symptom);
        let best = self.packs.all(&subject).into_iter().find(|pattern| pattern.matches.iter().any(telling))?;
        if root(best.nature) { self.index(best) } else { None }
    }

    /// The pattern of an exception whose message another one's ends with.
    fn repeated(&self, message: &str, process: Option<&str>) -> Option<u16> {
        let first = message.lines().next()?;
        let ends = first.match_indices(": ").take(3).map(|(at, colon)| &first[at + colon.len()..]);
        ends.filter_map(|end| {
            let said = self.packs.best(&Subject::Text { line: end.as_bytes(), process });
            let said = said.filter(|pattern| matches!(pattern.nature, Nature::Cause | Nature::Either | Nature::Symptom));
            said.and_then(|pattern| self.index(pattern)).or_else(|| self.message_alone(end.as_bytes()))
        })
        .next()
    }

    /// What is known of a record's further lines.
    fn body(&self, line: &[u8], rest: &[u8], process: Option<&str>) -> Arc<Body> {
        let told = if rest.is_empty() { line } else { told_by(line) };
        let process = process.unwrap_or("").as_bytes();
        let known = |first: &[u8]| self.bodies.get(first, rest, Arc::default);
        if told.is_empty() { known(process) } else { known(&[process, b"\n", told].concat()) }
    }

    fn thrown(&self, body: &Body, line: &[u8], text: &[u8], process: Option<&str>) -> Option<Arc<Thrown>> {
        let parse = || {
            let trace = self.trace(line, text)?;
            let pattern = self.explain(&trace, process);
            Some(Arc::new(Thrown { trace, pattern }))
        };
        body.thrown.get_or_init(parse).clone()
    }

    /// The trace of a record, read again only where more than its message is new.
    fn trace(&self, line: &[u8], text: &[u8]) -> Option<Trace> {
        let rules = self.traces.as_ref().unwrap_or_else(|| exception::Rules::shipped());
        let Some(parts) = Parts::of(&text[line.len()..]).filter(|_| told_by(line).is_empty()) else {
            return exception::parse_with(rules, text);
        };
        let skeleton = self.skeletons.get(parts.class, parts.frames, Arc::default);
        if let Some(Some(known)) = skeleton.get() {
            return Some(known::with_message(rules, known, parts.message));
        }
        let trace = exception::parse_with(rules, text)?;
        skeleton.get_or_init(|| known::stands_for_others(&trace, &parts).then(|| trace.clone()));
        Some(trace)
    }

    /// The best pattern for a record, of whose text parts may be known.
    fn best_record(&self, subject: &Subject, line: &[u8], rest: &[u8], body: Option<&Body>) -> Option<&Pattern> {
        if line.len() + rest.len() > patterns::MAX_TEXT_BYTES || !self.lines_apart {
            return self.packs.best(subject);
        }
        let head = self.packs.record_literals(line);
        let further: &[u32] = match body {
            Some(body) if !rest.is_empty() => body.literals.get_or_init(|| self.packs.record_literals(rest)),
            _ => &[],
        };
        self.packs.best_record(subject, &[&head, further])
    }

    /// The pattern that explains a trace: causes before symptoms, specific before general; of specific causes the deepest, else the higher rank.
    fn explain(&self, trace: &Trace, process: Option<&str>) -> Option<(u16, usize)> {
        let mut best: Option<(Weight, u16)> = None;
        let mut covering: Vec<(&Pattern, usize)> = Vec::new();
        for (depth, link) in trace.links.iter().enumerate() {
            let frames: Vec<&str> = link.frames.iter().map(|f| f.call.as_str()).collect();
            let subject = Subject::Exception { class: &link.class, message: &link.message, frames: &frames, process };
            let Some(pattern) = self.packs.best(&subject) else { continue };
            // Flink's own netty connects Flink's own processes: what refuses there is no outer service.
            let own = depth.checked_sub(1).is_some_and(|above| trace.links[above].class.starts_with("org.apache.flink.shaded.netty"));
            if own && pattern.nature == Nature::Cause && pattern.rank < SPECIFIC {
                continue;
            }
            if !pattern.covers.is_empty() {
                covering.push((pattern, depth));
            }
            let weight = match pattern.nature {
                Nature::Cause => 4,
                // A root only if nothing below it says more.
                Nature::Either => 3,
                Nature::Symptom => 2,
                Nature::Benign | Nature::Recovery => 1,
                Nature::Wrapper => 0,
            };
            // Of two that are specific the deeper one is nearer to the cause.
            let specific = pattern.nature == Nature::Cause && is_specific(pattern);
            let rank = (weight, specific, if specific { depth } else { 0 }, pattern.rank, depth);
            if let Some(index) = self.index(pattern)
                && best.is_none_or(|(known, _)| rank > known)
            {
                best = Some((rank, index));
            }
        }
        let ((.., depth), index) = best?;
        let found = self.pattern(index)?;
        // All that is left of the cause may be what a wrapper repeats of its message: `The main method caused an error: Detected an UNBOUNDED source …`.
        let own = |link: &exception::Link| link.frames.iter().any(|frame| frame.category == FrameCategory::User);
        if found.nature == Nature::Wrapper
            && let Some(link) = trace.links.get(depth).filter(|link| depth + 1 == trace.links.len() && !own(link))
            && let Some(told) = self.repeated(&link.message, process)
        {
            return Some((told, depth));
        }
        // It says no more than its name, which stands above already.
        let named = |above: usize| trace.links[above].message.contains(&trace.links[depth].message);
        let cover = covering.into_iter().find(|(pattern, above)| *above < depth && pattern.covers.contains(&found.id) && named(*above));
        cover.and_then(|(pattern, above)| Some((self.index(pattern)?, above))).or(Some((index, depth)))
    }
}

/// Orders what was found in several texts: a throwable that a pattern knows, any throwable, a pattern.
fn telling(matter: &Matter) -> (Option<bool>, bool) {
    (matter.thrown.as_ref().map(|t| t.pattern.is_some()), matter.pattern.is_some())
}

/// Does the pattern say what happened, not only where?
pub fn is_specific(pattern: &Pattern) -> bool {
    pattern.rank >= SPECIFIC
}

static THROWABLES: LazyLock<Literals> = LazyLock::new(|| Literals::new(vec!["Exception", "Error", "Throwable", "Traceback (most"]));

/// Could the text hold a throwable at all? Looks for the usual endings.
fn mentions_throwable(text: &[u8]) -> bool {
    let text = &text[..text.len().min(16 * 1024)];
    THROWABLES.occur(text)
}

/// The text with the jars of each submission named alike. What is so long that patterns see a part of it only stays as it is.
fn alike(text: &[u8], traced: bool) -> Cow<'_, [u8]> {
    if traced && text.len() <= patterns::MAX_TEXT_BYTES { without_blobs(text) } else { Cow::Borrowed(text) }
}

/// What a record's first line has to do with the throwable in the lines after it. It tells tasks and attempts apart; it matters only where the throwable stands
/// in it, or where it changes how the lines after it are read.
fn told_by(line: &[u8]) -> &[u8] {
    static CAUSE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("failure cause: "));
    match CAUSE.find(line) {
        Some(at) => &line[at..],
        None if may_belong_to_a_trace(line) => line,
        None => b"",
    }
}

/// May the line be the head of a throwable, one of its frames, or written with escapes? Says yes too often rather than no wrongly.
fn may_belong_to_a_trace(line: &[u8]) -> bool {
    static NAMES: LazyLock<Literals> = LazyLock::new(|| {
        Literals::new(vec!["Exception", "Error", "Throwable", "Failure", "Fault", "ThreadDeath", "Interrupted", "Traceback (most", "Caused by"])
    });
    let begins = line.trim_ascii_start();
    begins.starts_with(b"at ")
        || begins.starts_with(b"...")
        || memchr::memchr2(b'\\', b'\t', line).is_some()
        // syslog's `#011` and `#012`. Names of tasks have a `#` too: `Map (1/2)#0`.
        || memchr::memchr_iter(b'#', line).any(|at| line[at + 1..].starts_with(b"01"))
        || NAMES.occur(&line[..line.len().min(16 * 1024)])
        || exception::is_bare_frame(begins)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_line_names_makes_no_trace_another() {
        for line in ["Map -> Sink: out (1/2)#0 (a1_b2_0_0) switched from RUNNING to FAILED with failure cause:", "Points of C-1 are wrong", "a #1 of 12"] {
            assert_eq!(told_by(line.as_bytes()), b"", "{line}");
        }
        for line in ["a.b.CException: c", "at a.B.c(D.java:1)", "x #011at a.B.c(D.java:1)#012y", "#012", "a\\tb", "a.B.c(D.java:1)", "Caused by: x"] {
            assert_eq!(told_by(line.as_bytes()), line.as_bytes(), "{line}");
        }
        assert_eq!(told_by(b"Map (1/2) (a1) switched to FAILED with failure cause: a.b.CException: d"), b"failure cause: a.b.CException: d");
    }

    #[test]
    fn a_cause_in_a_line_outweighs_a_symptom_below_it() {
        let rules = Rules::new(Packs::shipped().clone());
        let symptom = "Caused by: java.util.concurrent.TimeoutException: Heartbeat of TaskManager with id tm-1 timed out.";
        let cause = "dropping message [class a.B] for non-local recipient [Actor[akka.tcp://flink@a:6123/]] arriving at [akka.tcp://flink@a:6123] inbound addresses are [akka.tcp://flink@b:6123]";
        let both = rules.look_at_text(format!("{cause}\n\n{symptom}").as_bytes(), true, None).expect("something");
        assert!(both.thrown.is_none());
        assert_eq!(both.pattern.map(|i| rules.id(i).to_string()).as_deref(), Some("rpc-address-mismatch"));
        let alone = rules.look_at_text(symptom.as_bytes(), true, None).expect("something");
        assert!(alone.thrown.is_some());
    }
}
