//! What is held against the patterns.
//!
//! In: an exception link, a record or a line. Out: the one text that literals and regexes look at. It interprets nothing.

use std::borrow::Cow;

use super::model::{Level, On};

/// Longer texts are cut: what a pattern looks for stands near the beginning, and one record must not cost without bound.
pub const MAX_TEXT_BYTES: usize = 64 << 10;

/// The class of an exception of which only the message is told: any class may be meant.
pub const UNTOLD_CLASS: &str = "?";

/// Something that a pattern may fit.
#[derive(Debug, Clone, Copy)]
pub enum Subject<'a> {
    /// One link of a cause chain.
    Exception {
        /// Full class name.
        class: &'a str,
        /// May have several lines; empty if there is none.
        message: &'a str,
        /// `pkg.Class.method`, from the top.
        frames: &'a [&'a str],
        /// Role of the process, as the report names it.
        process: Option<&'a str>,
    },
    /// The head message of a log record.
    Record {
        /// May be abbreviated (`o.a.f.X`): only the last part counts.
        logger: &'a [u8],
        level: Level,
        message: &'a [u8],
        process: Option<&'a str>,
    },
    /// A line without a record head.
    Text { line: &'a [u8], process: Option<&'a str> },
}

impl<'a> Subject<'a> {
    pub(super) fn on(&self) -> On {
        match self {
            Subject::Exception { .. } => On::Exception,
            Subject::Record { .. } => On::Record,
            Subject::Text { .. } => On::Text,
        }
    }

    pub(super) fn process(&self) -> Option<&'a str> {
        match *self {
            Subject::Exception { process, .. } | Subject::Record { process, .. } | Subject::Text { process, .. } => process,
        }
    }

    /// Class of an exception, behind `SerializedThrowable`, which from Flink 1.16 begins its message with the class that it stands for.
    pub(super) fn class(&self) -> &'a str {
        match *self {
            Subject::Exception { class, message, .. } => unwrap_serialized(class, message).0,
            _ => "",
        }
    }

    /// The text that literals and regexes see.
    pub(super) fn text(&self) -> Cow<'a, [u8]> {
        match *self {
            Subject::Exception { class, message, .. } => {
                let (class, message) = unwrap_serialized(class, message);
                let message = cut(message.as_bytes());
                if message.is_empty() {
                    return Cow::Borrowed(cut(class.as_bytes()));
                }
                // Only the message is known.
                if class.is_empty() || class == UNTOLD_CLASS {
                    return Cow::Borrowed(message);
                }
                let mut text = Vec::with_capacity(class.len() + 2 + message.len());
                text.extend_from_slice(cut(class.as_bytes()));
                text.extend_from_slice(b": ");
                text.extend_from_slice(message);
                Cow::Owned(text)
            }
            Subject::Record { message, .. } => Cow::Borrowed(cut(message)),
            Subject::Text { line, .. } => Cow::Borrowed(cut(line)),
        }
    }

    /// The text of an exception whose message has several lines as one line: mail programs and chats break it between words.
    pub(super) fn unwrapped(&self, text: &[u8]) -> Option<Vec<u8>> {
        let several = matches!(self, Subject::Exception { .. }) && memchr::memchr(b'\n', text).is_some();
        several.then(|| text.iter().map(|b| if *b == b'\n' { b' ' } else { *b }).collect())
    }

    /// The same of a text that a terminal may have broken, which does so inside words.
    pub(super) fn unbroken(&self, text: &[u8]) -> Option<Vec<u8>> {
        let broken = matches!(self, Subject::Exception { .. }) && fills_a_width(text);
        broken.then(|| text.iter().copied().filter(|b| *b != b'\n').collect())
    }
}

/// Are all lines but the last as long as the first, and that as long as a terminal's?
fn fills_a_width(text: &[u8]) -> bool {
    let Some(width) = memchr::memchr(b'\n', text) else { return false };
    let mut lines = text.split(|b| *b == b'\n').rev();
    let last = lines.next().map_or(0, <[u8]>::len);
    (60..=250).contains(&width) && last <= width && lines.all(|line| line.len() == width)
}

fn cut(bytes: &[u8]) -> &[u8] {
    bytes.get(..MAX_TEXT_BYTES).unwrap_or(bytes)
}

fn unwrap_serialized<'a>(class: &'a str, message: &'a str) -> (&'a str, &'a str) {
    if last_part(class.as_bytes()) != b"SerializedThrowable" {
        return (class, message);
    }
    let end = message.bytes().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$'))).unwrap_or(message.len());
    let (inner, rest) = message.split_at(end);
    let names_class = inner.contains('.') && !inner.ends_with('.');
    match rest.strip_prefix(": ") {
        Some(text) if names_class => (inner, text),
        None if names_class && rest.is_empty() => (inner, ""),
        _ => (class, message),
    }
}

/// What follows the last `.`.
pub(super) fn last_part(name: &[u8]) -> &[u8] {
    match memchr::memrchr(b'.', name) {
        Some(dot) => name.get(dot + 1..).unwrap_or_default(),
        None => name,
    }
}

/// `Outer$Inner` → `Outer`.
pub(super) fn outer_part(simple: &[u8]) -> &[u8] {
    match memchr::memchr(b'$', simple) {
        Some(dollar) if dollar > 0 => simple.get(..dollar).unwrap_or_default(),
        _ => simple,
    }
}
