//! Data of records inside messages: rows, JSON objects, quoted values. Their placeholder is `value-1`; the words around them stay.
//!
//! What stands between quotes in a message is mostly a value ("For input string: …"), so all of it goes but what is known to be none: names of threads, keys of the
//! configuration, classes, and fields and variables in the JVM's own words on a null.

use super::names::{Kind, Names, is_placeholder};

/// Longest value that is looked at; a longer one is replaced up to there.
const LONGEST: usize = 16 << 10;

/// `text` with its data replaced. Linear in the text.
pub fn masked(text: &str, names: &mut Names) -> String {
    let bytes = text.as_bytes();
    let mut out = String::with_capacity(text.len());
    let (mut from, mut at) = (0, 0);
    while at < bytes.len() {
        match value(text, at) {
            Some(Quoted::Data(start, end)) => {
                out.push_str(&text[from..start]);
                out.push_str(&names.of(Kind::Value, &text[start..end]));
                from = end;
                // Past the closing quote, which opens nothing.
                at = end + 1;
            }
            Some(Quoted::Name(end)) => at = end + 1,
            None => at += 1,
        }
    }
    out.push_str(&text[from..]);
    out
}

/// What stands between quotes or brackets.
enum Quoted {
    /// From, to.
    Data(usize, usize),
    /// No data; it ends here.
    Name(usize),
}

/// The value whose opening stands at byte `at`.
fn value(text: &str, at: usize) -> Option<Quoted> {
    let bytes = text.as_bytes();
    let rest = &bytes[at..];
    match rest[0] {
        // Flink's RowData and Row: +I[1, bob], -U[…].
        b'+' | b'-' if matches!(rest.get(1), Some(b'I' | b'U' | b'D')) && rest.get(2) == Some(&b'[') => inside(text, at + 2, b'[', b']'),
        // A JSON object.
        b'{' if rest.get(1) == Some(&b'"') => inside(text, at, b'{', b'}'),
        // `Key (email)=(bob@example.com) already exists`.
        b'=' if rest.get(1) == Some(&b'(') => inside(text, at + 1, b'(', b')'),
        quote @ (b'"' | b'\'') => quoted(text, at, quote),
        _ => None,
    }
}

/// What stands between a bracket at byte `open` and the one that closes it.
fn inside(text: &str, open: usize, opening: u8, closing: u8) -> Option<Quoted> {
    let bytes = text.as_bytes();
    let mut depth = 0usize;
    let most = (open + LONGEST).min(bytes.len());
    let mut end = most;
    for (at, byte) in bytes[open..most].iter().enumerate() {
        if *byte == opening {
            depth += 1;
        } else if *byte == closing {
            depth -= 1;
            if depth == 0 {
                end = open + at;
                break;
            }
        } else if *byte == b'\n' {
            end = open + at;
            break;
        }
    }
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let found = text[open + 1..end].trim();
    (!found.is_empty() && !is_placeholder(found)).then_some(Quoted::Data(open + 1, end))
}

fn quoted(text: &str, at: usize, quote: u8) -> Option<Quoted> {
    let bytes = text.as_bytes();
    // An apostrophe stands inside a word.
    if at > 0 && bytes[at - 1].is_ascii_alphanumeric() {
        return None;
    }
    let most = (at + 1 + LONGEST).min(bytes.len());
    let length = bytes[at + 1..most].iter().position(|byte| *byte == quote || *byte == b'\n').filter(|length| bytes[at + 1 + length] == quote)?;
    let (start, end) = (at + 1, at + 1 + length);
    let inner = text.get(start..end)?;
    let before = text[..at].trim_end();
    let stays = inner.trim().is_empty()
        || is_placeholder(inner)
        || inner == super::SECRET
        || is_key_or_class(inner)
        || ["thread", "because", "field", "local"].iter().any(|word| before.ends_with(word))
        || text[end + 1..].starts_with(" is null") && before.ends_with("because");
    Some(if stays { Quoted::Name(end) } else { Quoted::Data(start, end) })
}

/// `state.backend.type`, `com.acme.Job$Map`, `java.util.Map.get(Object)`: several words with dots between, of letters alone.
fn is_key_or_class(text: &str) -> bool {
    let name = text.split('(').next().unwrap_or(text);
    let mut parts = 0;
    let fits =
        |part: &str| part.starts_with(|c: char| c.is_ascii_alphabetic()) && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'$'));
    for part in name.split('.') {
        if !fits(part) {
            return false;
        }
        parts += 1;
    }
    parts >= 3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_of_records_goes() {
        for (input, output) in [
            ("For input string: \"n/a-399\"", "For input string: \"value-1\""),
            ("Duplicate entry 'bob' for key 'PRIMARY'", "Duplicate entry 'value-1' for key 'value-2'"),
            ("row +I[1, bob, [2]] and -U[1, bob, [2]]", "row +I[value-1] and -U[value-1]"),
            ("cannot parse {\"name\":\"bob\",\"a\":{\"b\":1}} here", "cannot parse {value-1} here"),
            ("Key (email)=(bob) already exists", "Key (email)=(value-1) already exists"),
            ("'bob' twice: 'bob'", "'value-1' twice: 'value-1'"),
            ("bad {\"a\": 1", "bad {value-1"),
        ] {
            assert_eq!(masked(input, &mut Names::default()), output, "{input}");
        }
    }

    #[test]
    fn names_stay() {
        for text in [
            "Cannot read field \"tier\" because \"c\" is null",
            "Cannot invoke \"java.lang.Double.doubleValue()\" because the return value of \"java.util.Map.get(Object)\" is null",
            "Exception in thread \"main\" x",
            "'state.backend.type' is set, the task's value isn't",
            "'com.acme.Job$Map' not found",
            "it's the user's \"\"",
            "say 'nothing",
            "{value-1} +I[value-2] 'value-3' =(value-4)",
        ] {
            assert_eq!(masked(text, &mut Names::default()), text);
        }
    }
}
