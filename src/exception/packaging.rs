//! Names of jars in frames. A cluster names the jars of each submission anew, `~[blob_p-<SHA-1>-<32 digits>:?]` (Flink's `BlobKey`), so that the traces of one
//! program look different from job to job.
//!
//! In: the text of a record. Out: the same with such names shortened to `[blob:`. Nothing is read from them; what follows from a trace follows from its frames.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;

/// Bytes of a name behind `[blob_`: kind, hyphen, SHA-1, hyphen, id.
const NAME: usize = 1 + 1 + 40 + 1 + 32;

static BLOB: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("[blob_"));

/// The text with the names of submitted jars shortened where they stand behind a frame.
pub fn without_blobs(text: &[u8]) -> Cow<'_, [u8]> {
    let mut out: Vec<u8> = Vec::new();
    let mut copied = 0;
    for at in BLOB.find_iter(text) {
        let name = at + b"[blob_".len();
        let end = name + NAME;
        // The look back comes last: of many names in one line only the last stands at its end.
        if !text.get(name..=end).is_some_and(is_name) || !ends_the_line(&text[end..]) || !is_frame(&text[copied..at]) {
            continue;
        }
        if out.is_empty() {
            out.reserve(text.len());
        }
        out.extend_from_slice(&text[copied..at]);
        out.extend_from_slice(b"[blob");
        copied = end;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.extend_from_slice(&text[copied..]);
    Cow::Owned(out)
}

/// `:<version>]` and the end of the line.
fn ends_the_line(rest: &[u8]) -> bool {
    const LONGEST: usize = 64;
    let near = &rest[..rest.len().min(LONGEST)];
    let line = match memchr::memchr(b'\n', near) {
        Some(end) => &near[..end],
        None if near.len() == rest.len() => near,
        None => return false,
    };
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    line.strip_suffix(b"]").is_some_and(|version| !version.iter().any(|b| matches!(b, b'[' | b']' | b' ')))
}

/// Does the text end with a line that is a frame alone, `at class.method(place)`, with ` ` or ` ~` behind?
fn is_frame(text: &[u8]) -> bool {
    let text = text.strip_suffix(b"~").unwrap_or(text);
    let Some(text) = text.strip_suffix(b") ") else { return false };
    let Some(line) = memchr::memrchr(b'\n', text).and_then(|start| text[start..].strip_prefix(b"\n\tat ")) else { return false };
    let Some(open) = memchr::memchr(b'(', line) else { return false };
    let (name, place) = line.split_at(open);
    memchr::memchr(b' ', name).is_none() && memchr::memchr2(b')', b'[', place).is_none() && !place.array_windows().any(|two| two == b": ")
}

/// `p-<SHA-1>-<32 digits>:`
fn is_name(name: &[u8]) -> bool {
    let [b'p' | b't', b'-', rest @ .., b':'] = name else { return false };
    // Without an early end, so that many bytes are compared at once.
    let hex = |text: &[u8]| text.iter().fold(true, |so_far, b| so_far & matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    rest.len() == 73 && rest[40] == b'-' && hex(&rest[..40]) && hex(&rest[41..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jars_of_two_submissions_look_alike() {
        let sha = "5f014e9518b44a8514dcfbbf4a4c070ed7593a78";
        let trace = |id: &str| {
            format!(
                "Failed to process [blob_p-{sha}-{id}:?]\njava.lang.NullPointerException\n\tat com.acme.A.b(A.java:1) ~[blob_p-{sha}-{id}:?]\n\t\
                 at com.acme.A$1.c(A.java:2) [blob_p-{sha}-{id}:?]\n\tat java.lang.Thread.run(Thread.java:829) [?:?]\n"
            )
        };
        let (one, other) = (trace("059d702b35515cada6a84523e570333c"), trace("0245bfa73a9865cf05b29298e2e6a4ab"));
        let [short, other_short] = [&one, &other].map(|text| without_blobs(text.as_bytes()).into_owned());
        // What a message says stays.
        let (head, frames) = short.split_at(one.find('\n').unwrap());
        assert_eq!(head, &one.as_bytes()[..head.len()]);
        assert_eq!(frames, &other_short[head.len()..]);
        assert!(frames.ends_with(b"A.java:1) ~[blob:?]\n\tat com.acme.A$1.c(A.java:2) [blob:?]\n\tat java.lang.Thread.run(Thread.java:829) [?:?]\n"));
        assert_eq!(crate::exception::parse(one.as_bytes()), crate::exception::parse(&short));
    }

    #[test]
    fn other_names_stay() {
        let id = "0123456789abcdef0123456789abcdef";
        for text in [
            String::new(),
            "\n\tat a.B.c(B.java:1) ~[flink-dist-1.20.5.jar:1.20.5]".to_owned(),
            format!("\n\tat a.B.c(B.java:1) ~[blob_p-{id}:?]"),
            format!("\n\tat a.B.c(B.java:1) ~[blob_p-{id}01234567-{id}"),
            format!("\n\tat a.B.c(B.java:1) ~[blob_x-{id}01234567-{id}:?]"),
            "\n\tat a [blob_[blob_p-".to_owned(),
            format!("in [blob_p-{id}01234567-{id}:?] at x"),
            format!("\n\tat a.B.c(B.java:1) Caused by: d.E: jar [blob_p-{id}01234567-{id}:?] is broken"),
            format!("\n\tat a.B.c(B.java:1) Caused by: d.E: jar (x) [blob_p-{id}01234567-{id}:?]"),
            format!("\n\tat first the jar (x) [blob_p-{id}01234567-{id}:?]"),
            format!("\n\tat a.B.c(B.java:1) ~[blob_p-{id}01234567-{id}:?] ~[x]"),
        ] {
            assert!(matches!(without_blobs(text.as_bytes()), Cow::Borrowed(_)), "{text}");
        }
    }
}
