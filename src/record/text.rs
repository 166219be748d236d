//! What a line of text without a head may be.

/// Does the line begin like `java.lang.X: …` or `org.acme.XException`?
pub fn names_a_throwable(line: &[u8]) -> bool {
    let end = line.iter().take(300).position(|b| !(b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$'))).unwrap_or(line.len().min(300));
    let name = &line[..end];
    let ends = name.ends_with(b"Exception") || name.ends_with(b"Error") || name.ends_with(b"Throwable") || memchr::memmem::find(name, b"Exception$").is_some();
    ends && name.contains(&b'.') && matches!(line.get(end), None | Some(b':' | b'\r'))
}
