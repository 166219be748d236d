//! What a line of text without a head may be.

/// Does the line begin like `java.lang.X: …` or `org.acme.XException`?
pub fn names_a_throwable(line: &[u8]) -> bool {
    // Marks of the page that it was copied from, and the tail of a longer trace.
    let marks = line.iter().take(8).take_while(|b| matches!(b, b'`' | b'*')).count();
    let line = &line[marks..];
    let line = if marks > 0 { line.strip_prefix(b"Caused by: ").unwrap_or(line) } else { line };
    let end = line.iter().take(300).position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$'))).unwrap_or(line.len().min(300));
    let name = &line[..end];
    let ends = name.ends_with(b"Exception") || name.ends_with(b"Error") || name.ends_with(b"Throwable") || memchr::memmem::find(name, b"Exception$").is_some();
    ends && name.contains(&b'.') && matches!(line.get(end), None | Some(b':' | b'\r'))
}

/// `org.acme.Load.run(Load.java:7)`, with the jar behind it or not.
pub fn is_bare_frame(line: &[u8]) -> bool {
    let window = &line[..line.len().min(1024)];
    let name = window.iter().position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$' | b'/' | b'<' | b'>' | b'-' | b'@'))).unwrap_or(0);
    let Some(place) = window[name..].strip_prefix(b"(") else { return false };
    let Some(close) = memchr::memchr(b')', place) else { return false };
    let (place, rest) = place.split_at(close);
    let rest = rest[1..].trim_ascii();
    let known = memchr::memmem::find(place, b".java").is_some()
        || memchr::memmem::find(place, b".scala").is_some()
        || matches!(place, b"Native Method" | b"Unknown Source");
    name > 0 && window[..name].contains(&b'.') && known && (rest.is_empty() || rest.starts_with(b"~[") || rest.starts_with(b"["))
}

/// Does the line hold frames of a trace whose line ends were lost?
pub fn holds_a_trace(line: &[u8]) -> bool {
    let line = &line[..line.len().min(4096)];
    let has = |what: &[u8]| memchr::memmem::find(line, what).is_some();
    has(b" at ") && (has(b".java:") || has(b".scala:"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_trace_without_line_ends() {
        assert!(holds_a_trace(
            b"switched from RUNNING to FAILED. java.lang.RuntimeException: no     at Map.map(Words.scala:42)     at Map.map(Words.scala:39)"
        ));
        assert!(!holds_a_trace(b"switched at 10:00 from RUNNING to FAILED."));
    }

    #[test]
    fn frames_without_at() {
        assert!(is_bare_frame(b"org.acme.Load$1.run(Load.java:7) ~[load.jar:1]"));
        assert!(is_bare_frame(b"java.base/java.lang.Thread.run(Unknown Source)"));
        assert!(!is_bare_frame(b"org.acme.Load.run(Load.java:7) was called"));
        assert!(!is_bare_frame(b"load(orders)"));
    }

    #[test]
    fn marks_of_the_page_do_not_hide_a_throwable() {
        assert!(names_a_throwable(b"org.acme.LoadException: refused:"));
        assert!(names_a_throwable(b"`org.acme.LoadException: refused:"));
        assert!(names_a_throwable(b"**Caused by: org.acme.LoadException: refused**"));
        assert!(!names_a_throwable(b"`flink run` throws org.acme.LoadException"));
        assert!(!names_a_throwable(b"Caused by: org.acme.LoadException: goes on the trace before it"));
    }
}
