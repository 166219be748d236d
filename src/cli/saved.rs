//! Saved JSON reports: recognised by their beginning, read back whole.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::error::{Error, Result};
use crate::input::decode::Codec;
use crate::input::open::Peeked;
use crate::report::model::{self, Report};

/// Bytes that are looked at.
const HEAD: usize = 4096;
/// Larger files are no reports; the worst log's stays below 20 MB.
const MAX_BYTES: u64 = 512 << 20;

/// The report in `path`, or `None` where it holds something else or cannot be read (the scan then says why).
pub fn open(path: &Path) -> Result<Option<Report>> {
    if !path.is_file() {
        return Ok(None);
    }
    let Ok(file) = File::open(path) else { return Ok(None) };
    match recognise(Box::new(file)) {
        Ok(Content::Report(reader)) => read(reader, &path.display().to_string()).map(Some),
        _ => Ok(None),
    }
}

/// What a stream holds, none of it consumed.
pub enum Content<'a> {
    /// A report, decoded.
    Report(Peeked<'a>),
    /// Something else, as it came.
    Other(Peeked<'a>),
}

/// Looks at the beginning of a stream.
pub fn recognise<'a>(input: Box<dyn Read + Send + 'a>) -> io::Result<Content<'a>> {
    let raw = peeked(input);
    let codec = Codec::sniff(raw.head());
    if codec == Codec::None {
        return Ok(if looks_like_report(raw.head()) { Content::Report(raw) } else { Content::Other(raw) });
    }
    // A glance at the decoded beginning, over a copy of the bytes at hand.
    let head = raw.head().to_vec();
    let mut decoded = vec![0; HEAD];
    let mut length = 0;
    if let Ok(mut reader) = codec.reader(io::Cursor::new(head)) {
        while let Ok(n @ 1..) = reader.read(&mut decoded[length..]) {
            length += n;
        }
    }
    if !looks_like_report(&decoded[..length]) {
        return Ok(Content::Other(raw));
    }
    Ok(Content::Report(peeked(codec.reader(raw)?)))
}

fn peeked<'a>(input: Box<dyn Read + Send + 'a>) -> Peeked<'a> {
    match Peeked::new(input, HEAD) {
        Ok(peeked) => peeked,
        Err((peeked, e)) => peeked.failing(e),
    }
}

fn looks_like_report(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    head.first() == Some(&b'{') && {
        let start = String::from_utf8_lossy(&head[..head.len().min(200)]).split_whitespace().collect::<String>();
        start.starts_with("{\"schema\":\"flinklog.report/")
    }
}

/// Reads a report; `name` stands in errors.
pub fn read(input: impl Read, name: &str) -> Result<Report> {
    let mut text = Vec::new();
    input.take(MAX_BYTES).read_to_end(&mut text).map_err(|e| Error::file(Path::new(name), e))?;
    let report: Report =
        serde_json::from_slice(text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&text)).map_err(|e| Error::usage(format!("{name}: no whole JSON report: {e}")))?;
    if report.schema != model::SCHEMA {
        return Err(Error::usage(format!("{name}: is a `{}`; this version reads `{}`", report.schema, model::SCHEMA)));
    }
    Ok(report)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reports_are_told_from_other_json() {
        assert!(looks_like_report(b"{\"schema\":\"flinklog.report/1\",\"tool\":{}}"));
        assert!(looks_like_report(b"\n{\n  \"schema\" : \"flinklog.report/1\""));
        assert!(!looks_like_report(b"{\"schema\":\"other\",\"x\":\"flinklog.report/1\"}"));
        assert!(!looks_like_report(b"2026-11-21 INFO {\"schema\":\"flinklog.report/1\"}"));
    }

    #[test]
    fn what_is_no_report_comes_back_whole() {
        let text = "x".repeat(10_000);
        let Ok(Content::Other(mut reader)) = recognise(Box::new(text.as_bytes())) else { panic!() };
        let mut back = String::new();
        reader.read_to_string(&mut back).unwrap();
        assert_eq!(back, text);
    }
}
