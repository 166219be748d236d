//! What a line of text without a head may be.

use crate::layout::ansi;

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

/// Does the line hold frames of a trace whose line ends were lost?
pub fn holds_a_trace(line: &[u8]) -> bool {
    let line = &line[..line.len().min(4096)];
    let has = |what: &[u8]| memchr::memmem::find(line, what).is_some();
    has(b" at ") && (has(b".java:") || has(b".scala:"))
}

/// Does the line begin what a program prints beside its log: the JVM's word on an uncaught exception or a main class (`sun.launcher.LauncherHelper`),
/// Flink's client on a program that failed (`CliFrontend.handleError`), the SQL client on a statement (`CliStrings`)? In a console it stands behind
/// log records and is no part of them.
pub fn is_printed(line: &[u8]) -> bool {
    let line = if line.first() == Some(&0x1b) { &*ansi::strip(line) } else { line };
    const PRINTED: [&[u8]; 8] = [
        b"Exception in thread \"",
        b" The program finished with the following exception:",
        b"[ERROR] Could not execute SQL statement",
        b"Error: Could not find or load main class ",
        b"Error: Main method not found in class ",
        b"Error: Unable to initialize main class ",
        b"Error: A JNI error has occurred",
        b"Error: LinkageError occurred while loading main class ",
    ];
    matches!(line.first(), Some(b'E' | b' ' | b'[')) && PRINTED.iter().any(|begin| line.starts_with(begin))
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
    fn marks_of_the_page_do_not_hide_a_throwable() {
        assert!(names_a_throwable(b"org.acme.LoadException: refused:"));
        assert!(names_a_throwable(b"`org.acme.LoadException: refused:"));
        assert!(names_a_throwable(b"**Caused by: org.acme.LoadException: refused**"));
        assert!(!names_a_throwable(b"`flink run` throws org.acme.LoadException"));
        assert!(!names_a_throwable(b"Caused by: org.acme.LoadException: goes on the trace before it"));
    }
}
