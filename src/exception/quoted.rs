//! Exceptions that JSON quotes: answers of Flink's REST API (`ErrorResponseBody`, `JobExceptionsInfo`), errors that the Kubernetes operator keeps in a resource's
//! status (`FlinkResourceException`: class, message and a list of causes without frames).
//!
//! In: a text without a head. Out: the texts of its strings as they were before they were quoted. Line ends become soft ones: what is cited is the line of
//! the JSON.

use serde_json::{Map, Value};

use super::SOFT_LINE_END;
use super::head::head;

/// Longest text that is read as JSON.
const MAX_DOCUMENT: usize = 1 << 20;
/// Strings in strings: an operator's error in a resource that was printed as JSON.
const MAX_NESTING: usize = 3;
/// One of these is in every text that is looked at.
const FAILURES: [&[u8]; 3] = [b"xception", b"rror", b"Traceback"];
/// Most strings of one text.
const MAX_STRINGS: usize = 200;
/// A shorter string is a name.
const MIN_LENGTH: usize = 16;
/// How what is looked for begins behind other text: an operator's error in a line of YAML, an answer of the REST API in a client's message.
const BEGINNINGS: [&[u8]; 2] = [b"{\"type\":\"", b"{\"errors\":["];

/// The quoted texts that may tell of a failure, in their order; empty where the text is no JSON.
pub fn texts(text: &[u8]) -> Vec<String> {
    let bare = text.trim_ascii();
    // Programs print their records as JSON, a million a minute.
    if bare.len() > MAX_DOCUMENT || !FAILURES.iter().any(|word| memchr::memmem::find(bare, word).is_some()) {
        return Vec::new();
    }
    let mut found = Vec::new();
    match bare.first() {
        Some(b'{' | b'[') => match serde_json::from_slice::<Value>(bare) {
            Ok(value) => walk(&value, 0, &mut found),
            // Cut, or followed by something else.
            Err(_) => strings(bare, &mut found),
        },
        Some(b'"') => strings(bare, &mut found),
        _ => {
            let find = |what: &[u8]| memchr::memmem::find(bare, what);
            let an_operator_s = || find(b"\"throwableList\":").and_then(|_| find(b"{\""));
            let Some(at) = BEGINNINGS.iter().find_map(|beginning| find(beginning)).or_else(an_operator_s) else { return found };
            let json = |text: &[u8]| serde_json::Deserializer::from_slice(text).into_iter::<Value>().next().and_then(Result::ok);
            match json(&bare[at..]).or_else(|| json(&unfolded(&bare[at..]))) {
                Some(value) => walk(&value, 0, &mut found),
                None => strings(&bare[at..], &mut found),
            }
        }
    }
    found
}

/// A quoted scalar of YAML as it was before it was folded: line ends with their indentation are blanks, two quotation marks are one.
fn unfolded(text: &[u8]) -> Vec<u8> {
    let lines: Vec<&[u8]> = text.split(|b| *b == b'\n').map(<[u8]>::trim_ascii).collect();
    let joined = lines.join(&b' ');
    let mut out = Vec::with_capacity(joined.len());
    let mut rest = &joined[..];
    while let Some((first, more)) = rest.split_first() {
        out.push(*first);
        rest = if *first == b'\'' { more.strip_prefix(b"'").unwrap_or(more) } else { more };
    }
    out
}

fn walk(value: &Value, nesting: usize, found: &mut Vec<String>) {
    if found.len() >= MAX_STRINGS {
        return;
    }
    match value {
        Value::String(text) => keep(text, nesting, found),
        Value::Array(values) => values.iter().for_each(|value| walk(value, nesting, found)),
        Value::Object(object) => match chain(object) {
            Some(text) => found.push(text),
            None => object.values().for_each(|value| walk(value, nesting, found)),
        },
        _ => {}
    }
}

/// An operator's error as Java would print it: each throwable of the list is the cause of the one before.
fn chain(object: &Map<String, Value>) -> Option<String> {
    let head = throwable(object)?;
    let causes = object.get("throwableList").and_then(Value::as_array).into_iter().flatten();
    let causes = causes.filter_map(|cause| throwable(cause.as_object()?)).map(|cause| format!("\nCaused by: {cause}"));
    Some(softened(&causes.fold(head, |text, cause| text + &cause)))
}

fn throwable(object: &Map<String, Value>) -> Option<String> {
    let class = object.get("type")?.as_str().filter(|class| class.contains('.') && !class.contains(' '))?;
    let message = object.get("message")?.as_str()?;
    Some(format!("{class}: {message}"))
}

fn keep(text: &str, nesting: usize, found: &mut Vec<String>) {
    let text = text.trim();
    if text.starts_with(['{', '['])
        && nesting < MAX_NESTING
        && text.len() <= MAX_DOCUMENT
        && let Ok(value) = serde_json::from_str::<Value>(text)
    {
        return walk(&value, nesting + 1, found);
    }
    if text.len() >= MIN_LENGTH && (text.contains(' ') || head(text.as_bytes()).is_some_and(|h| h.named)) && found.len() < MAX_STRINGS {
        found.push(softened(text));
    }
}

fn softened(text: &str) -> String {
    text.replace('\n', SOFT_LINE_END)
}

/// The strings of a piece of JSON, its keys aside.
fn strings(text: &[u8], found: &mut Vec<String>) {
    let mut rest = text;
    while let Some(open) = memchr::memchr(b'"', rest) {
        let Some(length) = quoted_length(&rest[open..]) else { return };
        let token = &rest[open..open + length];
        rest = &rest[open + length..];
        let is_key = rest.trim_ascii_start().first() == Some(&b':');
        if !is_key && let Ok(text) = serde_json::from_slice::<String>(token) {
            keep(&text, 0, found);
        }
    }
}

/// Length of the string that begins here, with its quotation marks.
fn quoted_length(text: &[u8]) -> Option<usize> {
    let mut at = 1;
    loop {
        at += memchr::memchr2(b'"', b'\\', text.get(at..)?)?;
        if text[at] == b'"' {
            return Some(at + 1);
        }
        at += 2;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_of_the_rest_api() {
        let answer = br#"{"errors":["Internal server error.","<Exception on server side:\norg.acme.LoadException: no \"x\"\n\tat org.acme.Load.run(Load.java:7)\n\nEnd of exception on server side>"]}"#;
        let found = texts(answer);
        assert_eq!(found.len(), 2);
        assert_eq!(found[1].split(SOFT_LINE_END).nth(1), Some("org.acme.LoadException: no \"x\""));
        let behind = [b"400 Client Error: Bad Request for url: http://jm:8081/v1/sessions ", &answer[..]].concat();
        assert_eq!(texts(&behind), found);
        // Printed over several lines, and cut.
        let pretty = b"{\n  \"errors\" : [\n    \"org.acme.LoadException: no\\n\\tat org.acme.Load.run(Load.java:7)\" ],\n  \"timest";
        assert_eq!(texts(pretty).len(), 1);
    }

    #[test]
    fn an_error_of_the_operator() {
        let error =
            r#"{"type":"org.acme.ReconciliationException","message":"refused","throwableList":[{"type":"org.acme.LoadException","message":"no such file"}]}"#;
        let expected = format!("org.acme.ReconciliationException: refused{SOFT_LINE_END}Caused by: org.acme.LoadException: no such file");
        for form in [error.to_owned(), format!("  error: '{error}'"), format!("  Error:  {error}")] {
            assert_eq!(texts(form.as_bytes()), std::slice::from_ref(&expected));
        }
        let resource = serde_json::json!({"status": {"error": error}}).to_string();
        assert_eq!(texts(resource.as_bytes()), [expected]);
    }

    #[test]
    fn no_json() {
        for text in ["", "{\"note\":\"delivered to the front door\"}", "{", "\"", "\"a", "[", "\\", "{\"type\":\"", "java.lang.X: {\"a\":1}", "\"\\"] {
            assert!(texts(text.as_bytes()).is_empty(), "{text}");
        }
        let deep = "[".repeat(100_000);
        assert!(texts(deep.as_bytes()).is_empty());
    }
}
