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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_of_the_page_do_not_hide_a_throwable() {
        assert!(names_a_throwable(b"org.acme.LoadException: refused:"));
        assert!(names_a_throwable(b"`org.acme.LoadException: refused:"));
        assert!(names_a_throwable(b"**Caused by: org.acme.LoadException: refused**"));
        assert!(!names_a_throwable(b"`flink run` throws org.acme.LoadException"));
        assert!(!names_a_throwable(b"Caused by: org.acme.LoadException: goes on the trace before it"));
    }
}
