//! Layouts: is this line the head of a record, and what does it state?
//!
//! In: one line. Out: time, level, logger and where the message begins. One tokenizer serves every text layout (shipped log4j and logback patterns, console
//! layouts, thread first, MDC …), with a fast path for the shipped log4j pattern, so that a layout may change from one line to the next. Stateless but for
//! the clock cache; never looks at a second line.

pub mod ansi;
pub mod json;
pub mod time;

use time::{Date, DayClock, Stamp};

/// Level of a record. `Unknown` for heads that state none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    Trace,
    Debug,
    Info,
    Unknown,
    Warn,
    Error,
    Fatal,
}

impl Level {
    /// Its name in capitals.
    pub fn name(self) -> &'static str {
        match self {
            Level::Trace => "TRACE",
            Level::Debug => "DEBUG",
            Level::Info => "INFO",
            Level::Unknown => "",
            Level::Warn => "WARN",
            Level::Error => "ERROR",
            Level::Fatal => "FATAL",
        }
    }

    /// The level at the start of `text` and its length, if a level word stands there alone.
    pub fn at_start(text: &[u8]) -> Option<(Level, usize)> {
        const WORDS: [(&[u8], Level); 12] = [
            (b"INFO", Level::Info),
            (b"WARNING", Level::Warn),
            (b"WARN", Level::Warn),
            (b"ERROR", Level::Error),
            (b"DEBUG", Level::Debug),
            (b"TRACE", Level::Trace),
            (b"FATAL", Level::Fatal),
            (b"SEVERE", Level::Error),
            (b"CRITICAL", Level::Fatal),
            (b"info", Level::Info),
            (b"warn", Level::Warn),
            (b"error", Level::Error),
        ];
        let (word, level) = WORDS.iter().find(|(word, _)| text.starts_with(word))?;
        let alone = !text.get(word.len()).is_some_and(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'$'));
        alone.then_some((*level, word.len()))
    }

    /// The level that a JSON field names.
    pub fn from_name(name: &str) -> Level {
        Level::at_start(name.to_ascii_uppercase().as_bytes()).map_or(Level::Unknown, |(level, _)| level)
    }
}

/// The layout that a head was written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layout {
    /// Flink's log4j 2 pattern (1.11 on): `… LEVEL logger [ndc] - message`.
    Log4j,
    /// The same pattern printed by log4j 1.2 (1.9, 1.10): nothing for an empty context.
    Log4j1,
    /// Flink's logback pattern: `time [thread] LEVEL logger - message`.
    Logback,
    /// Time of day only.
    Console,
    /// Hadoop clients: `yy/MM/dd HH:mm:ss LEVEL logger: message`.
    HadoopClient,
    /// A full date, another order or other separators.
    Custom,
    /// log4j JsonLayout.
    JsonLog4j,
    /// JsonTemplateLayout with the ECS template.
    JsonEcs,
    /// logstash encoder.
    JsonLogstash,
    /// Objects of a managed service.
    JsonManaged,
    /// Other JSON objects with a level and a message.
    Json,
}

impl Layout {
    /// How many there are; for counting by layout.
    pub const COUNT: usize = 11;

    /// Its name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Layout::Log4j => "log4j",
            Layout::Log4j1 => "log4j1",
            Layout::Logback => "logback",
            Layout::Console => "console",
            Layout::HadoopClient => "hadoop-client",
            Layout::Custom => "custom",
            Layout::JsonLog4j => "json-log4j",
            Layout::JsonEcs => "json-ecs",
            Layout::JsonLogstash => "json-logstash",
            Layout::JsonManaged => "json-managed",
            Layout::Json => "json",
        }
    }

    /// All, in the order of their declaration.
    pub fn all() -> [Layout; Layout::COUNT] {
        use Layout::*;
        [Log4j, Log4j1, Logback, Console, HadoopClient, Custom, JsonLog4j, JsonEcs, JsonLogstash, JsonManaged, Json]
    }
}

/// What the head line of a record states.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head<'a> {
    pub stamp: Option<Stamp>,
    pub level: Level,
    /// Full or abbreviated name; empty where the layout has none.
    pub logger: &'a [u8],
    pub message: &'a [u8],
    pub layout: Layout,
}

/// What the heads of a source may lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lacks {
    Nothing,
    /// `2026-11-21 10:00:00 message`: pasted console exports.
    Level,
    /// `INFO  org.apache.flink.runtime.taskmanager.Task  - message`: layouts of log collectors and consoles that have their own clock.
    Time,
}

/// Bytes of a line that are looked at to say whether it is a head.
pub const HEAD_BYTES: usize = 2048;

/// Could `line` begin a record of a text layout? Looks at a few bytes only.
#[inline]
pub fn may_be_head(line: &[u8]) -> bool {
    match line {
        [b'0'..=b'9', ..] => true,
        [b'[', b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z', ..] | [b' ', b'0'..=b'9', ..] => true,
        [b' ', b' ', ..] => indented(line),
        [b'A'..=b'Z' | b'a'..=b'z', ..] => Level::at_start(line).is_some() || (line.len() > 15 && line[3] == b' ' && line[9] == b':'),
        [0x1b, ..] => true,
        _ => false,
    }
}

/// A log that was pasted as an indented block: only a full date counts.
fn indented(line: &[u8]) -> bool {
    const DEEPEST: usize = 8;
    let text = &line[line.iter().take(DEEPEST).take_while(|b| **b == b' ').count()..];
    matches!(text, [b'1' | b'2', b'0'..=b'9', b'0'..=b'9', b'0'..=b'9', b'-', _, _, b'-', ..])
}

/// Parses the head in the shipped log4j pattern; the message begins after `[] - ` (log4j 2) or `  - ` (log4j 1.2).
#[inline]
pub fn shipped<'a>(line: &'a [u8], clock: &mut DayClock) -> Option<Head<'a>> {
    let (ms, level) = shipped_columns(line, clock)?;
    let rest = &line[SHIPPED_LOGGER..];
    let Naming { name, message, layout } = naming(rest)?;
    let stamp = Some(Stamp { ms, offset_minutes: None, date: Date::Full });
    Some(Head { stamp, level, logger: &rest[..name], message: &rest[message..], layout })
}

/// Column of the logger in the shipped pattern.
pub const SHIPPED_LOGGER: usize = 30;

/// The fixed columns of the shipped pattern: `yyyy-MM-dd HH:mm:ss,SSS LEVEL ` with the level padded to five.
#[inline]
pub fn shipped_columns(line: &[u8], clock: &mut DayClock) -> Option<(i64, Level)> {
    let columns: &[u8; SHIPPED_LOGGER] = line.first_chunk()?;
    if columns[19] != b',' || columns[23] != b' ' || columns[29] != b' ' || line.len() == SHIPPED_LOGGER {
        return None;
    }
    let level = match &columns[24..29] {
        b"INFO " => Level::Info,
        b"WARN " => Level::Warn,
        b"ERROR" => Level::Error,
        b"DEBUG" => Level::Debug,
        b"TRACE" => Level::Trace,
        b"FATAL" => Level::Fatal,
        _ => return None,
    };
    Some((clock.read(line)?, level))
}

/// What stands between the level and the message of the shipped pattern; lengths count from the logger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Naming {
    pub name: usize,
    pub message: usize,
    pub layout: Layout,
}

/// Reads logger, context and separator at the start of `rest`.
#[inline]
pub fn naming(rest: &[u8]) -> Option<Naming> {
    let name = logger_length(rest);
    // A bracket first is a thread's name or a context: the general reader tells.
    if name == 0 || rest.first() == Some(&b'[') {
        return None;
    }
    let (message, layout) = separator(rest, name)?;
    Some(Naming { name, message, layout })
}

#[inline]
fn logger_length(text: &[u8]) -> usize {
    memchr::memchr(b' ', &text[..text.len().min(300)]).unwrap_or(0)
}

/// After the padded logger: `[context] - ` or ` - `; gives where the message begins.
#[inline]
fn separator(text: &[u8], name: usize) -> Option<(usize, Layout)> {
    let mut at = name;
    while text.get(at) == Some(&b' ') {
        at += 1;
    }
    let mut layout = Layout::Log4j1;
    if text.get(at) == Some(&b'[') {
        layout = Layout::Log4j;
        at += 1 + memchr::memchr(b']', &text[at..text.len().min(at + 300)])?;
    } else if text.get(at) != Some(&b'-') {
        // An exception or a line of its trace, not a logger.
        if matches!(&text[..name], b"at" | b"Caused" | b"Suppressed" | b"...") || text[..name].ends_with(b":") {
            return None;
        }
        // A diagnostic context without brackets (log4j 1.2 prints it bare).
        at += memchr::memmem::find(&text[at..text.len().min(at + 200)], b" - ")?;
    }
    while text.get(at) == Some(&b' ') {
        at += 1;
    }
    match (text.get(at), text.get(at + 1)) {
        (Some(b'-'), Some(b' ')) => Some((at + 2, layout)),
        (Some(b'-'), None) => Some((at + 1, layout)),
        _ => None,
    }
}

/// Parses a head in any text layout: a time within the first tokens, a level, then a logger and a separator where there are any.
/// `lacks`: also take lines without a level or a time, where the caller knows that the source has no others.
pub fn general(line: &[u8], lacks: Lacks) -> Option<Head<'_>> {
    read(line, lacks).filter(|head| !goes_on_in_a_trace(line, head))
}

/// What stands behind the time and level of a line of a stack trace that bears them; such a line is no head of its own.
pub fn trace_behind_head(line: &[u8]) -> Option<&[u8]> {
    read(line, Lacks::Nothing).filter(|head| goes_on_in_a_trace(line, head)).map(|head| head.message)
}

fn read(line: &[u8], lacks: Lacks) -> Option<Head<'_>> {
    if !may_be_head(line) {
        return None;
    }
    let mut stamp = None;
    let mut level = None;
    let mut thread_seen = false;
    let mut first_logger = None;
    let mut at = 0;
    for _ in 0..7 {
        while matches!(line.get(at), Some(b' ' | b'\t' | b'|')) {
            at += 1;
        }
        let rest = &line[at.min(line.len())..];
        let inner = rest.strip_prefix(b"[").unwrap_or(rest);
        let bracketed = usize::from(inner.len() != rest.len());
        if stamp.is_none()
            && let Some((parsed, used)) = time::parse(inner)
        {
            let end = at + bracketed + used;
            let closed = bracketed == 1 && line.get(end) == Some(&b']');
            if bracketed == 0 || closed {
                stamp = Some(parsed);
                at = end + usize::from(closed);
                continue;
            }
        }
        if level.is_none()
            && let Some((found, used)) = Level::at_start(inner)
        {
            let mut end = at + bracketed + used;
            if bracketed == 1 {
                while line.get(end) == Some(&b' ') {
                    end += 1;
                }
                end += usize::from(line.get(end) == Some(&b']'));
            }
            level = Some(found);
            at = end + usize::from(line.get(end) == Some(&b':'));
            continue;
        }
        if stamp.is_some() && level.is_some() {
            break;
        }
        // Between time and level: the thread or a context, in brackets.
        if rest.first() == Some(&b'[')
            && let Some(close) = closing_bracket(rest)
        {
            thread_seen = true;
            at += close + 1;
            continue;
        }
        if stamp.is_some()
            && first_logger.is_none()
            && let Some(logger) = logger_before_level(rest)
        {
            first_logger = Some(logger);
            at += logger.len();
            continue;
        }
        break;
    }
    let Some(stamp) = stamp else {
        // Nothing but its form tells such a line from text: a level, a logger with dots, a dash.
        let (logger, message, dashed) = logger_and_message(&line[at.min(line.len())..]);
        let level = level.filter(|_| lacks == Lacks::Time && dashed && !thread_seen && logger.contains(&b'.'))?;
        return Some(Head { stamp: None, level, logger, message, layout: Layout::Custom });
    };
    if stamp.date == Date::NoYear && level.is_none() && lacks != Lacks::Level {
        return None;
    }
    let rest = &line[at.min(line.len())..];
    let Some(level) = level else {
        if lacks != Lacks::Level || stamp.date == Date::None {
            return None;
        }
        // `[2026-11-21 10:00:00.123]Container exited …`: the NodeManager's stamp inside YARN's diagnostics.
        if line.get(at.wrapping_sub(1)) == Some(&b']') && rest.first().is_some_and(u8::is_ascii_alphabetic) {
            return None;
        }
        let message = rest.trim_ascii_start();
        return Some(Head { stamp: Some(stamp), level: Level::Unknown, logger: b"", message, layout: Layout::Custom });
    };
    if let Some(logger) = first_logger {
        return Some(Head { stamp: Some(stamp), level, logger, message: rest.trim_ascii_start(), layout: Layout::Custom });
    }
    let (logger, message, dashed) = logger_and_message(rest);
    let shown_as_hadoop = line.get(2) == Some(&b'/');
    let layout = match (stamp.date, dashed) {
        _ if shown_as_hadoop => Layout::HadoopClient,
        (Date::None, _) => Layout::Console,
        (Date::Full, true) if thread_seen && !logger.is_empty() => Layout::Logback,
        _ => Layout::Custom,
    };
    Some(Head { stamp: Some(stamp), level, logger, message, layout })
}

/// A logger that stands before the level, as Flink's Kubernetes operator has it: `o.a.f.k.o.l.AuditUtils [INFO ]`.
fn logger_before_level(text: &[u8]) -> Option<&[u8]> {
    let (name, rest) = text.split_at(memchr::memchr(b' ', &text[..text.len().min(200)])?);
    let level = rest.trim_ascii_start().strip_prefix(b"[")?;
    let (_, length) = Level::at_start(level)?;
    (name.contains(&b'.') && is_logger(name) && level[length..].trim_ascii_start().first() == Some(&b']')).then_some(name)
}

/// Is it a line of a stack trace? Platforms that log a client's output give each of its lines a time and a level of their own. Looks only at what
/// [`HEAD_BYTES`] show of the line, so that a cut of it says the same.
fn goes_on_in_a_trace(line: &[u8], head: &Head<'_>) -> bool {
    // Only these are undone where the trace is read.
    if !head.logger.is_empty() || head.level == Level::Unknown || !matches!(line.first(), Some(b'0'..=b'9' | b'[')) {
        return false;
    }
    let at = line.len() - head.message.len();
    let Some(message) = line.get(at..line.len().min(HEAD_BYTES)) else { return false };
    match message.first() {
        // `at pkg.Class.method(`
        Some(b'a') => message.strip_prefix(b"at ").is_some_and(|name| {
            let open = memchr::memchr(b'(', name).unwrap_or(0);
            name[..open].contains(&b'.') && !name[..open].contains(&b' ')
        }),
        Some(b'C') => message.starts_with(b"Caused by: "),
        Some(b'S') => message.starts_with(b"Suppressed: "),
        Some(b'.') => message.strip_prefix(b"... ").is_some_and(|rest| {
            let digits = rest.iter().take(9).take_while(|b| b.is_ascii_digit()).count();
            digits > 0 && (rest[digits..].starts_with(b" more") || rest[digits..].starts_with(b" common frames omitted"))
        }),
        _ => false,
    }
}

fn closing_bracket(text: &[u8]) -> Option<usize> {
    let mut depth = 0usize;
    for (i, byte) in text.iter().take(300).enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => {
                depth -= 1;
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => {}
        }
    }
    None
}

/// Splits what follows the level into logger and message; the flag tells that a ` - ` stood between them.
fn logger_and_message(text: &[u8]) -> (&[u8], &[u8], bool) {
    let rest = text.trim_ascii_start();
    let mut rest = behind_process_id(rest).unwrap_or(rest);
    let mut at_bracket = 0;
    // Contexts or the thread may stand before the logger: `[main] o.a.f.X - `, `[] - `.
    while rest.first() == Some(&b'[') && at_bracket < 3 {
        let Some(close) = closing_bracket(rest) else { break };
        let inner = &rest[1..close];
        let after = rest[close + 1..].trim_ascii_start();
        if is_logger(inner) && (after.first() == Some(&b'-') || after.first() == Some(&b':')) {
            return (inner, after[1..].trim_ascii_start(), after[0] == b'-');
        }
        rest = after;
        at_bracket += 1;
    }
    let name = rest.iter().position(|b| matches!(b, b' ' | b'[')).unwrap_or(rest.len());
    let (word, after) = rest.split_at(name);
    let bare = word.strip_suffix(b":").unwrap_or(word);
    // `ERROR: java.lang.Error: x`: the message is an exception, and no logger stands before it.
    if !is_logger(bare) || is_throwable(bare) || word == b"Suppressed:" {
        let message = rest.strip_prefix(b"- ").or_else(|| rest.strip_prefix(b": ")).unwrap_or(rest);
        return (b"", message, rest.starts_with(b"- "));
    }
    if bare.len() != word.len() {
        return (bare, after.trim_ascii_start(), false);
    }
    let mut tail = after.trim_ascii_start();
    for _ in 0..2 {
        if tail.first() == Some(&b'[')
            && let Some(close) = closing_bracket(tail)
        {
            let next = tail[close + 1..].trim_ascii_start();
            if next.first() == Some(&b'-') || next.first() == Some(&b':') || next.first() == Some(&b'[') {
                tail = next;
                continue;
            }
        }
        break;
    }
    if let Some(message) = tail.strip_prefix(b"- ").or_else(|| tail.strip_prefix(b": ")) {
        return (bare, message, tail[0] == b'-');
    }
    if tail == b"-" {
        return (bare, b"", true);
    }
    if bare.contains(&b'.') {
        return (bare, tail, false);
    }
    (b"", rest, false)
}

/// Behind `19180 --- `, which Spring Boot puts between the level and the thread.
fn behind_process_id(text: &[u8]) -> Option<&[u8]> {
    let digits = text.iter().take(10).take_while(|b| b.is_ascii_digit()).count();
    (digits > 0).then(|| text.get(digits..)?.strip_prefix(b" --- "))?.map(<[u8]>::trim_ascii_start)
}

/// Is it the qualified name of an exception's class?
fn is_throwable(name: &[u8]) -> bool {
    name.contains(&b'.') && (name.ends_with(b"Exception") || name.ends_with(b"Error") || name.ends_with(b"Throwable"))
}

/// Does `text` look like a logger's name: identifiers with dots, slashes or dollars?
fn is_logger(text: &[u8]) -> bool {
    let named = text.first().is_some_and(|b| b.is_ascii_alphabetic() || *b == b'_');
    named && text.len() < 300 && text.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$' | b'-' | b'/'))
}

/// The last part of a logger's name: `ExecutionGraph` of `org.apache.flink…ExecutionGraph` or of `o.a.f.r.e.ExecutionGraph`.
#[inline]
pub fn simple_name(logger: &[u8]) -> &[u8] {
    memchr::memrchr(b'.', logger).map_or(logger, |dot| &logger[dot + 1..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, level: Level, logger: &str, message: &str, layout: Layout) {
        let mut clock = DayClock::default();
        let head = shipped(line.as_bytes(), &mut clock).or_else(|| general(line.as_bytes(), Lacks::Nothing)).unwrap_or_else(|| panic!("no head: {line}"));
        assert_eq!(head.level, level, "{line}");
        assert_eq!(String::from_utf8_lossy(head.logger), logger, "{line}");
        assert_eq!(String::from_utf8_lossy(head.message), message, "{line}");
        assert_eq!(head.layout, layout, "{line}");
    }

    #[test]
    fn stamps_inside_yarn_diagnostics_are_no_heads() {
        assert!(general(b"[2026-11-21 10:00:00.123]Container exited with a non-zero exit code 1. Error file: prelaunch.err.", Lacks::Level).is_none());
        assert!(general(b"[2026-11-21 10:00:00.123] Container exited", Lacks::Level).is_some());
    }

    #[test]
    fn reads_shipped_patterns() {
        check("2026-11-21 17:32:01,217 INFO  org.apache.flink.runtime.X      [] - Job a", Level::Info, "org.apache.flink.runtime.X", "Job a", Layout::Log4j);
        check("2026-11-21 17:32:01,217 WARN  org.apache.flink.runtime.X       - Job a", Level::Warn, "org.apache.flink.runtime.X", "Job a", Layout::Log4j1);
        check("2026-11-21 17:32:01,217 INFO  org.apache.flink.X  [] - ", Level::Info, "org.apache.flink.X", "", Layout::Log4j);
        check("2026-11-21 17:32:01,217 INFO  org.apache.flink.X [job=0123] - a [] - b", Level::Info, "org.apache.flink.X", "a [] - b", Layout::Log4j);
        check(
            "2026-11-21 17:32:01.217 [main] INFO  o.a.f.r.e.ClusterEntrypoint  - a - b",
            Level::Info,
            "o.a.f.r.e.ClusterEntrypoint",
            "a - b",
            Layout::Logback,
        );
        check("2026-11-21 17:32:01 ERROR o.a.f.X  - a", Level::Error, "o.a.f.X", "a", Layout::Custom);
    }

    #[test]
    fn reads_other_patterns() {
        check("17:32:01,217 INFO  org.apache.flink.X [] - a", Level::Info, "org.apache.flink.X", "a", Layout::Console);
        check("17:32:01.217 [main] INFO org.apache.flink.X - a", Level::Info, "org.apache.flink.X", "a", Layout::Console);
        check("26/11/21 17:26:57 INFO client.RMProxy: Connecting", Level::Info, "client.RMProxy", "Connecting", Layout::HadoopClient);
        check("2026-11-21T17:32:01.217+08:00 INFO  org.apache.flink.X [] - a", Level::Info, "org.apache.flink.X", "a", Layout::Custom);
        check("[2026-11-21 17:32:01,217] WARN (kafka.Server): a", Level::Warn, "", "(kafka.Server): a", Layout::Custom);
        check("[main] 2026-11-21 17:32:01,217 INFO  org.apache.flink.X [] - a", Level::Info, "org.apache.flink.X", "a", Layout::Logback);
        check("INFO 2026-11-21 17:32:01,217 org.apache.flink.X - a", Level::Info, "org.apache.flink.X", "a", Layout::Custom);
        let operator = "2026-11-21 17:32:01,217 o.a.f.k.o.l.AuditUtils         [INFO ][payments/ledger] >>> Event";
        check(operator, Level::Info, "o.a.f.k.o.l.AuditUtils", "[payments/ledger] >>> Event", Layout::Custom);
        assert!(general(b"2026-11-21 17:32:01,217 db1.prod.example [ERROR: relation orders] does not exist", Lacks::Nothing).is_none());
        check("2026-11-21 17:32:01,217 o.a.f.k.o.FlinkOperator [WARN ] a", Level::Warn, "o.a.f.k.o.FlinkOperator", "a", Layout::Custom);
        let spring = "2026-11-21 17:32:01.217  WARN 19180 --- [Unnamed (1/1)#0] o.a.d.f.t.DorisStreamLoad    : load failed";
        check(spring, Level::Warn, "o.a.d.f.t.DorisStreamLoad", "load failed", Layout::Custom);
        check("2026-11-21 17:32:01.217  WARN 19180 rows left", Level::Warn, "", "19180 rows left", Layout::Custom);
        check("2026-11-21 17:32:01,217 INFO  Something happened", Level::Info, "", "Something happened", Layout::Custom);
        check("2026-11-21 17:32:01,217 INFO  [flink-pekko.actor-3] o.a.f.X [] - a", Level::Info, "o.a.f.X", "a", Layout::Custom);
    }

    #[test]
    fn heads_without_a_time_need_a_logger_and_a_dash() {
        let line = b"INFO  org.apache.flink.mesos.runtime.clusterframework.MesosFlinkResourceManager  - Mesos task taskmanager-01513 failed";
        let head = general(line, Lacks::Time).unwrap();
        assert_eq!((head.stamp, head.level), (None, Level::Info));
        assert_eq!((simple_name(head.logger), head.message), (&b"MesosFlinkResourceManager"[..], &b"Mesos task taskmanager-01513 failed"[..]));
        assert_eq!(general(line, Lacks::Nothing), None);
        for line in
            ["INFO  [] - Loading configuration property: rest.port, 8081", "ERROR: relation orders does not exist", "WARN orders - late", "INFO a.b late"]
        {
            assert_eq!(general(line.as_bytes(), Lacks::Time), None, "{line}");
        }
    }

    #[test]
    fn continuation_lines_are_no_heads() {
        let mut clock = DayClock::default();
        for line in [
            "\tat a.b.C.d(C.java:1)",
            "Caused by: java.lang.X: 12",
            "",
            "[2026-11-21 17:20:01.123]Container killed on request.",
            "INFO  [] - Loading",
            "1> record",
        ] {
            assert_eq!(shipped(line.as_bytes(), &mut clock), None, "{line}");
            assert_eq!(general(line.as_bytes(), Lacks::Nothing), None, "{line}");
        }
    }
}
