//! A trace that is known but for its message: code that warns with a stack trace for every bad input says another value each time.
//!
//! In: a text, and the trace of another text that differs from it in nothing but the message of its only throwable. Out: what [`super::parse_with`] gives for the
//! text. Only where the message can have no part in how a trace is read.

use super::{Rules, Trace, fingerprint};

/// The parts of a trace that begins on the line after a record's first: class, message, and all that follows from the first frame on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Parts<'t> {
    pub class: &'t [u8],
    pub message: &'t str,
    pub frames: &'t [u8],
}

/// Longest message that is told apart.
const MAX_MESSAGE: usize = 300;

impl<'t> Parts<'t> {
    /// Takes `"\nClass: message\n\tat …"` apart; nothing where the message could be more than a message, or where there is more than one throwable.
    pub fn of(text: &'t [u8]) -> Option<Parts<'t>> {
        let text = text.strip_prefix(b"\n")?;
        let end = memchr::memchr(b'\n', text)?;
        let (line, frames) = text.split_at(end);
        if !frames.starts_with(b"\n\tat ") {
            return None;
        }
        let at = memchr::memmem::find(line, b": ")?;
        let (class, message) = (&line[..at], std::str::from_utf8(&line[at + 2..]).ok()?);
        (is_class(class) && is_plain(message)).then_some(Parts { class, message, frames })
    }
}

fn is_class(class: &[u8]) -> bool {
    class.contains(&b'.') && !class.starts_with(b".") && class.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'$' | b'_'))
}

/// Words, numbers, addresses and quoting marks: no class, no frame, no mark of a trace, nothing to trim.
fn is_plain(message: &str) -> bool {
    let bytes = message.as_bytes();
    let plain = |(i, b): (usize, &u8)| match b {
        // Ends a sentence or stands between numbers: no name goes on behind it.
        b'.' => !message.starts_with('.') && !bytes.get(i + 1).is_some_and(|next| !next.is_ascii_digit() && *next != b' '),
        b' ' | b'-' | b'_' | b',' | b'"' | b'\'' | b'/' | b'=' | b':' | b'[' | b']' => true,
        _ => b.is_ascii_alphanumeric(),
    };
    !message.is_empty() && message.len() <= MAX_MESSAGE && message != "null" && bytes.iter().enumerate().all(plain) && message.trim() == message
}

/// Can the trace of a text with these parts stand for others? It has one throwable and says just this.
pub fn stands_for_others(trace: &Trace, parts: &Parts) -> bool {
    let [link] = trace.links.as_slice() else { return false };
    trace.suppressed.is_empty() && trace.links_omitted == 0 && link.class.as_bytes() == parts.class && link.message == parts.message
}

/// The known trace with another message.
pub fn with_message(rules: &Rules, known: &Trace, message: &str) -> Trace {
    let mut trace = known.clone();
    if let Some(link) = trace.links.first_mut() {
        message.clone_into(&mut link.message);
        link.wrapper = rules.is_wrapper(&link.class, message, false);
        trace.root_is_wrapper = link.wrapper;
    }
    trace.fingerprint = fingerprint::fingerprint(rules, &trace.links, std::slice::from_ref(&trace.user_frame));
    trace
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::exception::parse;

    const FRAMES: &str = "\n\tat java.base/java.lang.Integer.parseInt(Unknown Source) ~[?:?]\n\tat com.acme.Job$Map.map(Job.java:74) ~[a.jar:?]\n\t\
                          at org.apache.flink.streaming.api.operators.StreamMap.processElement(StreamMap.java:38) ~[flink-dist-1.20.5.jar:1.20.5]";

    #[test]
    fn another_message_gives_what_reading_gives() {
        let taken = [
            "For input string: \"n/a-399\"",
            "17 of 20",
            "a",
            "Error: at d",
            "for reason: e",
            "Caused by: f",
            "C: g",
            "'h', =i",
            "Heartbeat of TaskManager with id localhost:40021-113331 timed out.",
            "Connection closed by 'localhost/127.0.0.1:34861 [ localhost:41673-003aa4 ] '. This might indicate that it was lost.",
            "a. b.1: c",
            "a.1",
            "d [CIRCULAR REFERENCE: e]",
        ];
        let read_anew = ["null", " b", "x.y.Z: c", "... 3 more", "a.1.B: c", "[?:?]", "b [flink-dist.jar]", "task#011at node 5", "a\\tat b"];
        let classes =
            ["java.lang.NumberFormatException", "java.lang.RuntimeException", "org.apache.flink.util.SerializedThrowable", "java.lang.OutOfMemoryError"];
        let text = |class: &str, message: &str| format!("Points of C-1 are wrong\n{class}: {message}{FRAMES}");
        let body = |text: &str| text[text.find('\n').unwrap_or(0)..].to_owned();
        for class in classes {
            for (first, message) in taken.iter().flat_map(|first| taken.iter().map(move |message| (first, message))) {
                let (first, other) = (text(class, first), text(class, message));
                let known = parse(first.as_bytes()).expect("a trace");
                let (first, rest) = (body(&first), body(&other));
                let (first, parts) = (Parts::of(first.as_bytes()).expect("plain"), Parts::of(rest.as_bytes()).expect("plain"));
                if stands_for_others(&known, &first) {
                    assert_eq!(Some(with_message(Rules::shipped(), &known, parts.message)), parse(other.as_bytes()), "{other}");
                }
            }
        }
        let stands = |message: &&&str| {
            let (text, class) = (text(classes[1], message), classes[1]);
            let rest = body(&text);
            Parts::of(rest.as_bytes())
                .is_some_and(|parts| parts.class == class.as_bytes() && stands_for_others(&parse(text.as_bytes()).expect("a trace"), &parts))
        };
        assert!(taken.iter().filter(stands).count() > 10);
        assert_eq!(read_anew.iter().filter(stands).count(), 0);
    }

    #[test]
    fn what_may_be_more_is_not_taken_apart() {
        for text in [
            "\na.B: c\nmore\n\tat d.e(F.java:1)",
            "\na.B: x.y.Z\n\tat d.e(F.java:1)",
            "\na.B\n\tat d.e(F.java:1)",
            "a.B: c\n\tat d.e(F.java:1)",
            "\na b.C: d\n\tat x",
        ] {
            assert_eq!(Parts::of(text.as_bytes()), None, "{text}");
        }
    }
}
