//! Deliveries: one byte stream or file that holds many logs.
//!
//! In: the text of `yarn logs`, aggregated YARN files, archives, lines with container prefixes, `kubectl` reports.
//! Out: the logs inside, byte for byte, with what the wrapper says of each.
//! Never: reads a log's own text, writes below a path that the input names, or trusts a length of the input.

pub mod archive;
pub mod id;
pub mod ifile;
mod java;
pub mod k8s;
pub mod nm;
pub mod prefix;
pub mod read_at;
pub mod tfile;
mod time;
mod window;
mod yarn_line;
pub mod yarn_text;

#[cfg(test)]
mod testkit;

use std::fmt;
use std::io;

pub use archive::{Limits, Tar, Zip};
pub use id::{ContainerId, is_side_file, node_of_file_name};
pub use ifile::IFile;
pub use read_at::ReadAt;
pub use tfile::TFile;
pub use yarn_text::{YarnText, looks_like_yarn_text};

/// What is known of one log inside a delivery.
///
/// Positions are of the enclosing decoded stream: line 1-based, byte 0-based of the first content byte. In a wrapper that is
/// no text (TFile, IFile, zip) `stream_line` is 0 and `stream_byte` the place in the file where the log's data, or the
/// compressed block with it, begins.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SectionHead {
    /// YARN container id as written; `None` where the wrapper does not say.
    pub container: Option<String>,
    /// NodeManager as `host:port`, or what the wrapper calls the node.
    pub node: Option<String>,
    /// File name of the log in its container, e.g. `taskmanager.log`.
    pub log_type: Option<String>,
    /// Member name in an archive, as stored: not to be used as a path to write to.
    pub path: Option<String>,
    /// Length in bytes that the wrapper states; the content may differ (see [`SectionEnd`]).
    pub declared_len: Option<u64>,
    /// Last change or upload, as the wrapper writes it; binary wrappers: RFC 3339 in UTC.
    pub modified: Option<String>,
    /// Epoch milliseconds of the aggregation cycle, to put pieces of one log in order (rolling aggregation).
    pub uploaded: Option<i64>,
    pub stream_line: u64,
    pub stream_byte: u64,
    /// The log was fetched from a NodeManager, not from the aggregated files: its container may still write to it.
    pub running: bool,
}

/// How a log ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SectionEnd {
    /// All bytes that the wrapper promised were there.
    pub complete: bool,
    /// The wrapper says that the log was still being written.
    pub growing: bool,
    pub problem: Option<Problem>,
}

/// Something wrong with one log or with its wrapper.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub kind: ProblemKind,
    pub message: String,
}

impl Problem {
    pub(crate) fn new(kind: ProblemKind, message: impl Into<String>) -> Self {
        Problem { kind, message: message.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemKind {
    /// The delivery ends inside the log.
    Truncated,
    /// The log ends properly, but not where the stated length says.
    LengthMismatch,
    /// Compressed or framed data cannot be read on.
    DamagedBlock,
    /// A format or codec that is recognised and not read.
    Unsupported,
    /// A limit of the reader was reached.
    LimitReached,
}

/// A remark on the delivery itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Line of the enclosing stream, 0 where it has none.
    pub stream_line: u64,
    pub code: NoticeCode,
    pub text: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NoticeCode {
    /// The client says that there are no logs, or none for what was asked.
    NoLogs,
    /// One log could not be had from its NodeManager.
    LogNotServed,
    /// A warning or an error of the client.
    ClientError,
    /// How many lines of client logging lay between the logs.
    ClientNoise,
    /// Output of a listing option: names of logs, no logs.
    Listing,
    /// Lines between the logs that belong to none.
    Unrecognised,
    /// A part of the delivery that cannot be read.
    Damaged,
    /// A member that is no log to read: link, device, encrypted or of an unknown codec.
    Skipped,
    /// A limit of the reader ended the reading.
    LimitReached,
}

impl NoticeCode {
    /// Stable slug for warnings.
    pub fn as_str(self) -> &'static str {
        match self {
            NoticeCode::NoLogs => "no-logs",
            NoticeCode::LogNotServed => "log-not-served",
            NoticeCode::ClientError => "client-error",
            NoticeCode::ClientNoise => "client-noise",
            NoticeCode::Listing => "listing",
            NoticeCode::Unrecognised => "unrecognised",
            NoticeCode::Damaged => "damaged",
            NoticeCode::Skipped => "skipped",
            NoticeCode::LimitReached => "limit-reached",
        }
    }
}

/// Pull reader of a delivery: sections one after another; the body by [`read`](Sections::read) until it gives 0, then
/// [`end`](Sections::end). [`next`](Sections::next) skips what was not read. An error of `next` or `read` concerns the whole delivery.
pub trait Sections {
    /// The next log, or `None` at the end.
    #[allow(clippy::should_implement_trait)]
    fn next(&mut self) -> io::Result<Option<SectionHead>>;
    /// The next bytes of the present log; 0 at its end.
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize>;
    /// How the present log ended; what is left of it is skipped.
    fn end(&mut self) -> SectionEnd;
    /// The remarks since the last call.
    fn notices(&mut self) -> Vec<Notice>;
}

/// The two file formats of YARN log aggregation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Aggregated {
    TFile,
    IFile,
}

/// Recognises an aggregated file by its first 32 bytes (16 are enough for a TFile) and its last 32 (fewer are no match).
///
/// An IFile whose last cycle crashed has no id at its end: see [`ifile::is_of_application`].
pub fn sniff_aggregated(head: &[u8], tail: &[u8]) -> Option<Aggregated> {
    if head.get(..16)? == tfile::MAGIC {
        return Some(Aggregated::TFile);
    }
    // 32 equal bytes (zeros of a sparse file) or plain text (a log whose first and last lines begin alike) are no SHA-256.
    let id = head.get(..32)?;
    let tail = tail.len().checked_sub(32).and_then(|at| tail.get(at..))?;
    (tail == id && id.iter().any(|b| *b != id[0]) && !id.is_ascii()).then_some(Aggregated::IFile)
}

/// Remarks kept until asked for; the number is bounded because hostile input could make any number of them.
#[derive(Debug, Default)]
pub(crate) struct Notices {
    kept: Vec<Notice>,
    left_out: u64,
}

impl Notices {
    const MOST: usize = 200;

    pub(crate) fn add(&mut self, stream_line: u64, code: NoticeCode, text: impl Into<String>) {
        if self.kept.len() < Self::MOST {
            self.kept.push(Notice { stream_line, code, text: text.into() });
        } else {
            self.left_out += 1;
        }
    }

    pub(crate) fn take(&mut self) -> Vec<Notice> {
        if self.left_out > 0 {
            let text = format!("{} further remarks were left out", self.left_out);
            self.kept.push(Notice { stream_line: 0, code: NoticeCode::LimitReached, text });
            self.left_out = 0;
        }
        std::mem::take(&mut self.kept)
    }
}

#[cfg(test)]
mod tests;
