//! Lines that something put a prefix before: kubectl, stern, docker, container runtimes, journald, CI servers, quoting, indentation.
//!
//! In: lines. Out: who wrote each line, when it was written, and the line itself. Never changes the line but for the escapes of
//! docker's JSON. Prefixes in two layers are taken off one by one: [`detect()`] again on what the first gave.

mod detect;
mod parse;

use std::borrow::Cow;

pub use detect::detect;

/// Kinds of prefix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrefixKind {
    /// `kubectl logs --prefix`: `[pod/<pod>/<container>] text`; with `--timestamps` an RFC 3339 time follows.
    Kubectl { timestamps: bool },
    /// stern's default: `<pod> <container> text`, perhaps coloured; with `-t` a time follows.
    Stern { timestamps: bool },
    /// docker compose: `<service>-1  | text`, perhaps coloured; with `-t` a time follows.
    Compose { timestamps: bool },
    /// `kubectl logs --timestamps`, `docker logs -t`, GitHub Actions: RFC 3339 time and a blank.
    Time,
    /// CRI file on a node: `<rfc3339nano> stdout|stderr F|P text`.
    Cri,
    /// docker's json-file: `{"log":"text\n","stream":"stdout","time":"…Z"}`.
    DockerJson,
    /// journald `short`, also syslog: `Nov 21 09:20:37 host unit[pid]: text`.
    JournalShort,
    /// journald `short-iso`: `2026-11-21T09:20:37+0000 host unit[pid]: text`.
    JournalIso,
    /// `gh run view --log`: `<job> TAB <step> TAB <rfc3339> text`.
    GitHubJob,
    /// GitLab CI: `<rfc3339> 00O text`.
    GitLab,
    /// Mail and forum quotes: `> text`.
    Quote,
    /// All lines as far to the right, as in a code block or in a block of YAML.
    Indent { columns: u8 },
}

/// Where a line went when it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stream {
    Out,
    Err,
}

/// A line without its prefix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stripped<'a> {
    /// `pod/container`, service, unit or job: tells the sources in one stream apart. Absent where the kind has none.
    pub key: Option<&'a [u8]>,
    /// When the line was written, epoch milliseconds UTC; `None` where the prefix has no zone or no year.
    pub time: Option<i64>,
    pub stream: Option<Stream>,
    pub text: Cow<'a, [u8]>,
    /// A piece of a line: the rest comes in the next lines of the same key and stream (see [`Joiner`]).
    pub partial: bool,
}

/// Takes prefixes of one kind off, line by line, without memory.
#[derive(Debug, Clone, Copy)]
pub struct Stripper {
    pub kind: PrefixKind,
}

impl Stripper {
    /// `line` without its line end. `None` for a line without the prefix: it belongs to the key of the line before.
    pub fn strip<'a>(&self, line: &'a [u8]) -> Option<Stripped<'a>> {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        match self.kind {
            PrefixKind::Kubectl { timestamps } => parse::timed(parse::kubectl(line)?, timestamps),
            PrefixKind::Stern { timestamps } => parse::timed(parse::stern(line)?, timestamps),
            PrefixKind::Compose { timestamps } => parse::timed(parse::compose(line)?, timestamps),
            PrefixKind::Time => parse::time(line),
            PrefixKind::Cri => parse::cri(line),
            PrefixKind::DockerJson => parse::docker_json(line),
            PrefixKind::JournalShort => parse::journal_short(line),
            PrefixKind::JournalIso => parse::journal_iso(line),
            PrefixKind::GitHubJob => parse::github_job(line),
            PrefixKind::GitLab => parse::gitlab(line),
            PrefixKind::Quote => parse::quote(line),
            PrefixKind::Indent { columns } => parse::indent(line, columns.into()),
        }
    }
}

/// Joins pieces of long lines (container runtimes cut at 16 KB), each key and stream by itself, in bounded memory.
#[derive(Debug, Default)]
pub struct Joiner {
    open: Vec<Unfinished>,
}

/// A line put together so far.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unfinished {
    pub key: Option<Vec<u8>>,
    pub stream: Option<Stream>,
    pub text: Vec<u8>,
}

impl Joiner {
    /// Longest line put together; what goes beyond comes as a further line.
    pub const LONGEST: usize = 4 << 20;
    const MOST: usize = 32;

    /// Gives the line when its last piece is in. The key and time are those of the last piece.
    pub fn push<'a>(&mut self, piece: Stripped<'a>) -> Option<Stripped<'a>> {
        let at = self.open.iter().position(|o| o.stream == piece.stream && o.key.as_deref() == piece.key);
        if !piece.partial {
            return Some(match at {
                Some(at) => {
                    let mut text = self.open.swap_remove(at).text;
                    text.extend_from_slice(&piece.text);
                    Stripped { text: Cow::Owned(text), ..piece }
                }
                None => piece,
            });
        }
        let open = match at {
            Some(at) => &mut self.open[at],
            None if self.open.len() < Self::MOST => {
                self.open.push(Unfinished { key: piece.key.map(<[u8]>::to_vec), stream: piece.stream, text: Vec::new() });
                self.open.last_mut()?
            }
            // More streams at once than any runtime has: pieces go as they are.
            None => return Some(Stripped { partial: false, ..piece }),
        };
        open.text.extend_from_slice(&piece.text);
        if open.text.len() < Self::LONGEST {
            return None;
        }
        let text = std::mem::take(&mut open.text);
        Some(Stripped { text: Cow::Owned(text), partial: false, ..piece })
    }

    /// Lines whose last piece never came.
    pub fn rest(&mut self) -> Vec<Unfinished> {
        std::mem::take(&mut self.open)
    }
}

#[cfg(test)]
mod tests;
