//! A first draft of a pattern for a line that none fits (`flinklog patterns new FILE:LINE`).
//!
//! In: the parts of a record or of an exception link. Out: TOML that loads once its texts are written; its literal is the longest part of the message that
//! does not vary. It never guesses what a line means.

use std::fmt::Write;

use super::model::{Level, On};

/// What the draft is made of.
#[derive(Debug, Clone, Copy)]
pub struct NewPattern<'a> {
    pub on: On,
    /// Full name; empty where there is none.
    pub logger: &'a str,
    pub level: Level,
    /// Exception only.
    pub class: &'a str,
    /// Without the class.
    pub message: &'a str,
    /// The message with variable parts replaced by `<name>`; the message itself will do.
    pub masked: &'a str,
    /// Exception only: `pkg.Class.method`.
    pub frames: &'a [&'a str],
    pub process: Option<&'a str>,
}

/// Writes the draft.
pub fn new_from_record(new: &NewPattern) -> String {
    let exception = new.on == On::Exception;
    let on = match new.on {
        On::Exception => "exception",
        On::Record => "record",
        On::Text => "text",
    };
    let simple_class = simple(new.class);
    let literal = literal(new.masked).or_else(|| literal(new.message));
    let words = match literal {
        Some(literal) => literal,
        None if exception => simple_class,
        None => "",
    };
    let mut out = String::new();
    let mut line = |text: String| {
        let _ = writeln!(out, "{text}");
    };
    line("[[pattern]]".into());
    line(format!("id = {}", quoted(&slug(words))));
    line("title = \"TODO: one plain clause\"".into());
    line("nature = \"either\"                    # cause symptom either wrapper benign".into());
    line("owner = \"unknown\"                    # user-code dependency configuration connector external platform data flink unknown".into());
    let severity = match new.level {
        Level::Trace | Level::Debug | Level::Info => "info",
        Level::Warn => "warning",
        _ => "error",
    };
    line(format!("severity = \"{severity}\"                   # critical error warning info"));
    line("restart_helps = \"maybe\"              # yes no maybe".into());
    line("cause = \"TODO: what it means and why it happens.\"".into());
    line("remedy = [\"TODO\"]".into());
    line(String::new());
    line("[pattern.match]".into());
    line(format!("on = [\"{on}\"]"));
    if exception && !simple_class.is_empty() {
        line(format!("class = [{}]", quoted(simple_class)));
    }
    if let Some(literal) = literal {
        line(format!("any = [{}]", quoted(literal)));
    } else if new.on == On::Text {
        line("any = [\"TODO\"]".into());
    }
    if new.on == On::Record && !new.logger.is_empty() {
        line(format!("loggers = [{}]", quoted(simple(new.logger))));
    }
    let mut text = new.message.to_string();
    if exception {
        text = match new.message {
            "" => new.class.to_string(),
            message => format!("{}: {message}", new.class),
        };
        for frame in new.frames.iter().take(5) {
            let _ = write!(text, "\n\tat {frame}(Unknown Source)");
        }
    }
    line(String::new());
    line("[[pattern.sample]]                   # a second one is wanted: another host, another version".into());
    if new.on == On::Record {
        line(format!("logger = {}", quoted(new.logger)));
        if let Some(level) = level_name(new.level) {
            line(format!("level = \"{level}\""));
        }
    }
    if let Some(process) = new.process {
        line(format!("process = {}", quoted(process)));
    }
    line(format!("text = {}", quoted(&text)));
    line(String::new());
    line("[[pattern.near_miss]]                # a text that a careless reader would take for it".into());
    line("text = \"TODO\"".into());
    out
}

/// A TOML string of any text.
fn quoted(text: &str) -> String {
    toml::Value::String(text.to_string()).to_string()
}

fn simple(name: &str) -> &str {
    name.rsplit('.').next().unwrap_or(name)
}

fn level_name(level: Level) -> Option<&'static str> {
    Some(match level {
        Level::Trace => "TRACE",
        Level::Debug => "DEBUG",
        Level::Info => "INFO",
        Level::Warn => "WARN",
        Level::Error => "ERROR",
        Level::Fatal => "FATAL",
        Level::Unknown => return None,
    })
}

/// The longest part that does not vary: no masks, digits, quotes, brackets, paths or line ends in it, and long enough to mean something.
fn literal(masked: &str) -> Option<&str> {
    let mut best = "";
    let mut start = 0;
    let mut in_mask = false;
    let ends = masked.char_indices().chain(std::iter::once((masked.len(), '\n')));
    for (i, c) in ends.take(4096) {
        let varies = in_mask
            || c.is_ascii_digit()
            || matches!(c, '<' | '\n' | '\r' | '\t' | '\'' | '"' | '`' | '[' | ']' | '{' | '}')
            || matches!(c, '/' | '\\' | '@' | '=');
        in_mask = c == '<' || (in_mask && c != '>');
        if !varies {
            continue;
        }
        let piece = trimmed(masked.get(start..i).unwrap_or_default());
        if piece.len() > best.len() {
            best = piece;
        }
        start = i + c.len_utf8();
    }
    let good = best.len() >= 8 && best.bytes().any(|b| b.is_ascii_alphabetic());
    good.then_some(best)
}

/// Without blanks and punctuation at the ends.
fn trimmed(piece: &str) -> &str {
    piece.trim().trim_matches(['(', ')', ',', ':', ';', '-', '.']).trim()
}

fn slug(words: &str) -> String {
    let mut slug = String::new();
    for word in words.split(|c: char| !c.is_ascii_alphanumeric()).filter(|w| !w.is_empty()).take(5) {
        if !slug.is_empty() {
            slug.push('-');
        }
        slug.push_str(&word.to_ascii_lowercase());
    }
    if slug.is_empty() {
        slug.push_str("my-pattern");
    }
    slug
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(message: &str) -> NewPattern<'_> {
        NewPattern {
            on: On::Record,
            logger: "com.acme.sink.LedgerSink",
            level: Level::Warn,
            class: "",
            message,
            masked: message,
            frames: &[],
            process: Some("taskmanager"),
        }
    }

    #[test]
    fn the_literal_is_the_longest_part_that_does_not_vary() {
        assert_eq!(literal("Ledger <host>:8080 answered 503; rows are kept for later"), Some("rows are kept for later"));
        assert_eq!(literal("42 <n> 17"), None);
        assert_eq!(literal(""), None);
    }

    #[test]
    fn the_draft_loads_and_matches_its_own_line() {
        for message in ["Ledger l-17 answered 503; rows are kept for later", "quotes \" ' ''' \\ and\nlines of Umlaut ä stay"] {
            let draft = new_from_record(&record(message));
            let packs = super::super::Packs::from_texts(std::iter::once(("draft.toml", draft.as_str(), false))).unwrap_or_else(|e| panic!("{e:?}\n{draft}"));
            let pattern = packs.iter().next().unwrap();
            assert_eq!(pattern.samples[0].text, message);
            let best = super::super::selftest::with_subject(&pattern.samples[0], |s| packs.best(s).map(|p| p.id));
            assert_eq!(best, Some(pattern.id));
        }
    }
}
