//! The head of a throwable: `package.Class: message`, alone on a line or behind other text.
//!
//! In: one line. Out: class and message, borrowed. Never looks at other lines; whether a doubtful head counts is the assembler's to say.

/// A class name with what follows it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Head<'a> {
    pub class: &'a [u8],
    pub message: &'a [u8],
    /// `Class{cause}`: the message is the text of the cause and ends in a brace (AsynchronousException, TimerException).
    pub braced: bool,
    pub qualified: bool,
    /// The name says that it is a throwable.
    pub named: bool,
}

const MAX_CLASS: usize = 400;
/// How names of throwables end.
const ENDINGS: [&[u8]; 7] = [b"Exception", b"Error", b"Throwable", b"Failure", b"Fault", b"ThreadDeath", b"Interrupted"];
/// Qualified names with a colon that are no throwables though frames follow them.
const NO_THROWABLES: [&[u8]; 1] = [b"java.lang.Thread.State"];

/// Reads a head at the very start of `text`.
pub(super) fn head(text: &[u8]) -> Option<Head<'_>> {
    let window = text.get(..MAX_CLASS.min(text.len())).unwrap_or(text);
    let len = window.iter().position(|&b| !is_class_byte(b)).unwrap_or(window.len());
    let class = text.get(..len)?;
    let rest = text.get(len..)?;
    // Hadoop's RPC names the server's exception in parentheses: that one is meant.
    if class.ends_with(b"RemoteException")
        && let Some(inner) = rest.strip_prefix(b"(")
        && let Some(close) = memchr::memchr(b')', inner.get(..MAX_CLASS.min(inner.len()))?)
        && let Some(message) = inner.get(close + 1..)?.strip_prefix(b": ")
    {
        let class = inner.get(..close)?;
        let bare = class.iter().all(|&b| is_class_byte(b)) && !class.is_empty();
        return bare.then(|| Head { class, message: message.trim_ascii(), braced: false, qualified: true, named: true });
    }
    // Thrift's exceptions write themselves, as `MetaException(message:Could not connect …)`: known by just these words.
    if rest.starts_with(b"(message:") && names_a_throwable(class) {
        return Some(Head { class, message: text.trim_ascii_end(), braced: false, qualified: true, named: true });
    }
    let (message, braced) = match rest.first() {
        None => (rest, false),
        Some(b':') => match rest.get(1) {
            None | Some(b' ' | b'\t' | b'\r') => (rest.get(1..)?.trim_ascii(), false),
            // Retyped by hand: the blank is gone. A digit would be a line number.
            Some(b) if b.is_ascii_alphabetic() && names_a_throwable(class) => (rest.get(1..)?.trim_ascii(), false),
            _ => return None,
        },
        Some(b'{' | b'[') => (rest, rest[0] == b'{'),
        Some(_) if rest.trim_ascii().is_empty() => (&rest[..0], false),
        Some(_) => return None,
    };
    let dot = memchr::memrchr(b'.', class);
    let simple = class.get(dot.map_or(0, |d| d + 1)..)?;
    // `HttpClientErrorException$NotFound` too.
    let named = simple.split(|b| *b == b'$').any(|part| ENDINGS.iter().any(|e| part.ends_with(e)));
    if matches!(rest.first(), Some(b'{' | b'[')) && !named {
        return None;
    }
    if !is_type_name(simple) || NO_THROWABLES.contains(&class) || !class.get(..dot.unwrap_or(0))?.split(|&b| b == b'.').all(is_segment_or(dot)) {
        return None;
    }
    let message = if braced { message.get(1..)? } else { message };
    Some(Head { class, message, braced, qualified: dot.is_some(), named })
}

/// The first head inside a line that stands behind a word boundary and cannot be mistaken: a package, a throwable's name, a message.
/// `frames_follow` also accepts a bare class at the line's end. Gives the offset too.
pub(super) fn head_within(line: &[u8], frames_follow: bool) -> Option<(usize, Head<'_>)> {
    let mut at = 0;
    while at < line.len() {
        let boundary = at == 0
            || line
                .get(at - 1)
                .is_some_and(|&b| matches!(b, b' ' | b'\t' | b'(' | b'[' | b'<' | b'"' | b'\'' | b'=' | b',' | b'{' | b'|') || b == b':' && frames_follow);
        if boundary
            && let Some(rest) = line.get(at..)
            && let Some(mut head) = head(rest)
            && head.qualified
            && head.named
            && (!head.message.is_empty() || frames_follow)
        {
            if let Some(opened) = at.checked_sub(1).and_then(|i| line.get(i)) {
                head.message = up_to_closing(head.message, *opened);
            }
            return Some((at, head));
        }
        // On to the next word: every byte is looked at a bounded number of times.
        let step = line.get(at..)?.iter().position(|&b| !is_class_byte(b)).unwrap_or(line.len() - at);
        at += step + 1;
    }
    None
}

/// `Reason: [a.b.XException: msg] …`: a head in brackets ends with its bracket.
fn up_to_closing(message: &[u8], opened: u8) -> &[u8] {
    let closing = match opened {
        b'[' => b']',
        b'(' => b')',
        b'{' => b'}',
        b'<' => b'>',
        b'"' | b'\'' => opened,
        _ => return message,
    };
    let mut depth = 0usize;
    for (i, &b) in message.iter().enumerate() {
        if b == closing {
            match depth.checked_sub(1) {
                Some(outer) => depth = outer,
                None => return message.get(..i).unwrap_or(message),
            }
        } else if b == opened {
            depth += 1;
        }
    }
    message
}

/// The text behind an announcement that a throwable follows at once: TM lines of 1.13 to 1.16, the JVM's uncaught handler, shells.
pub(super) fn announced(line: &[u8], first: bool) -> Option<&[u8]> {
    if let Some(rest) = line.strip_prefix(b"Exception in thread \"") {
        let quote = memchr::memmem::find(rest, b"\" ")?;
        let rest = rest.get(quote + 2..)?;
        return Some(rest.strip_prefix(b"Exception: ").unwrap_or(rest));
    }
    for level in [&b"[ERROR] "[..], b"[WARN] ", b"[FATAL] ", b"ERROR: ", b"Error: "] {
        if let Some(rest) = line.strip_prefix(level) {
            return Some(rest.trim_ascii_start());
        }
    }
    const CAUSE: &[u8] = b" with failure cause: ";
    let at = if first { memchr::memmem::find(line, CAUSE)? } else { return None };
    line.get(at + CAUSE.len()..)
}

/// `NoSuchMethodError`, not `Error`.
fn names_a_throwable(class: &[u8]) -> bool {
    ENDINGS.iter().any(|e| class.len() > e.len() + 2 && class.ends_with(e))
}

fn is_class_byte(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$') || b >= 0x80
}

fn is_type_name(simple: &[u8]) -> bool {
    simple.first().is_some_and(|b| b.is_ascii_uppercase() || *b >= 0x80)
}

/// Segments of the package: none may be empty or start with a digit. Without a package there is nothing to check.
fn is_segment_or(dot: Option<usize>) -> impl Fn(&[u8]) -> bool {
    move |segment| dot.is_none() || segment.first().is_some_and(|b| !b.is_ascii_digit())
}
