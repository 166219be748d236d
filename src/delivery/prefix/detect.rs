//! Which prefix a log's lines have, if any. In: the first bytes of a log; out: a kind. In doubt the log has none: a prefix
//! missed costs less than a log's own time or thread torn off.

use super::parse;
use super::{PrefixKind, Stripped, Stripper};
use crate::delivery::time::rfc3339;

/// Lines looked at.
const LINES: usize = 200;
/// Text that stands further to the right is a table's, not a block's.
const MOST_COLUMNS: usize = 40;

/// What speaks for a kind, over all lines.
#[derive(Default, Clone, Copy)]
struct Votes {
    lines: usize,
    /// Lines with the prefix.
    fit: usize,
    /// Fitting lines whose text is empty or looks like part of a Java log.
    log: usize,
    /// Fitting lines whose text begins with a time of its own.
    heads: usize,
    /// Frames, causes, dots: they have no time of their own, so a time before them is a prefix.
    frames: usize,
    /// Fitting lines whose text begins with a level or a bracketed word, as after the date of a layout.
    levels: usize,
    /// Fitting lines with a time that only machines write: 7 or 9 digits.
    fine: usize,
    /// Fitting lines with a further time behind the prefix.
    timed: usize,
    keys: usize,
}

/// Recognises the prefix that nearly all of the first lines have. `head` may end inside a line.
pub fn detect(head: &[u8]) -> Option<PrefixKind> {
    // The most telling first: a later kind may fit lines of an earlier one.
    const KINDS: [PrefixKind; 11] = [
        PrefixKind::DockerJson,
        PrefixKind::Kubectl { timestamps: false },
        PrefixKind::Cri,
        PrefixKind::GitLab,
        PrefixKind::GitHubJob,
        PrefixKind::JournalShort,
        PrefixKind::JournalIso,
        PrefixKind::Time,
        PrefixKind::Compose { timestamps: false },
        PrefixKind::Quote,
        PrefixKind::Stern { timestamps: false },
    ];
    let whole = match memchr::memrchr(b'\n', head) {
        Some(end) => &head[..end],
        None => head,
    };
    let voted = KINDS.into_iter().find_map(|kind| {
        let votes = count(whole, kind);
        decide(kind, &votes).then(|| with_time(kind, &votes))
    });
    voted.or_else(|| indentation(whole))
}

/// The blanks that all of several lines begin with.
fn indentation(head: &[u8]) -> Option<PrefixKind> {
    let blanks = |line: &[u8]| line.iter().take_while(|b| matches!(b, b' ' | b'\t')).count();
    let mut lines = head.split(|b| *b == b'\n').filter(|line| !line.trim_ascii().is_empty());
    let first = lines.next().filter(|line| blanks(line) > 0)?;
    let mut columns = blanks(first).min(MOST_COLUMNS);
    let mut others = 0;
    for line in lines.take(LINES) {
        columns = columns.min(first.iter().zip(line).take_while(|(a, b)| a == b).count());
        others += 1;
    }
    (others > 0 && columns > 0).then_some(PrefixKind::Indent { columns: columns as u8 })
}

fn count(head: &[u8], kind: PrefixKind) -> Votes {
    let stripper = Stripper { kind };
    let mut votes = Votes::default();
    let mut keys: Vec<&[u8]> = Vec::new();
    for line in head.split(|b| *b == b'\n').filter(|l| !l.trim_ascii().is_empty()).take(LINES) {
        votes.lines += 1;
        // A kind that fits hardly any line needs no full count.
        if votes.lines > 20 && votes.fit * 2 < votes.lines {
            break;
        }
        let Some(stripped) = stripper.strip(line) else { continue };
        votes.fit += 1;
        if let Some(key) = stripped.key
            && !keys.contains(&key)
            && keys.len() < LINES
        {
            keys.push(key);
        }
        votes.look_at(&stripped, line);
    }
    votes.keys = keys.len();
    votes
}

impl Votes {
    fn look_at(&mut self, stripped: &Stripped<'_>, line: &[u8]) {
        let text = &stripped.text[..];
        let machine = |t: &[u8]| rfc3339(t).is_some_and(|s| s.fraction == 9 || s.fraction == 7);
        self.fine += usize::from(machine(line));
        let inner = rfc3339(text).filter(|s| matches!(text.get(s.len), None | Some(b' ')));
        if let Some(stamp) = inner {
            self.timed += usize::from(stamp.fraction > 3 || begins_log(&text[(stamp.len + 1).min(text.len())..]));
        }
        let text = parse::skip_colour(text);
        if is_frame(text) {
            self.frames += 1;
        } else if begins_with_time(text) {
            self.heads += 1;
        } else if begins_with_level(text) {
            self.levels += 1;
        } else if !text.trim_ascii().is_empty() {
            return;
        }
        self.log += 1;
    }
}

fn decide(kind: PrefixKind, v: &Votes) -> bool {
    let nearly_all = v.fit > 0 && v.fit * 10 >= v.lines * 9;
    let few_keys = v.keys <= 8 + v.fit / 10;
    match kind {
        // No log has these by itself.
        PrefixKind::DockerJson | PrefixKind::Cri | PrefixKind::GitLab | PrefixKind::GitHubJob | PrefixKind::Kubectl { .. } => {
            v.fit * 10 >= v.lines * 7 && v.fit > 0
        }
        PrefixKind::JournalShort | PrefixKind::JournalIso => v.fit * 10 >= v.lines * 7 && v.fit >= 2,
        // A date of ISO form can be the log's own: only what follows tells. Frames and second times never follow a log's own.
        PrefixKind::Time => {
            let told = v.heads + v.frames;
            let all = v.fit * 50 >= v.lines * 49 && v.fit > 0;
            let foreign = told * 2 >= v.fit || v.frames >= 2 && v.heads > 0;
            let machine = v.fine * 10 >= v.fit * 9 && v.levels * 2 < v.fit && v.fit >= 3;
            all && (foreign || machine)
        }
        PrefixKind::Compose { .. } | PrefixKind::Stern { .. } => nearly_all && few_keys && v.fit >= 2 && (v.heads + v.frames + v.levels) * 2 >= v.fit,
        PrefixKind::Quote => nearly_all && v.fit >= 2 && v.log * 2 >= v.fit && v.heads + v.frames + v.levels > 0,
        // Told by its width, not by votes.
        PrefixKind::Indent { .. } => false,
    }
}

fn with_time(kind: PrefixKind, v: &Votes) -> PrefixKind {
    let timestamps = v.timed * 10 >= v.fit * 9;
    match kind {
        PrefixKind::Kubectl { .. } => PrefixKind::Kubectl { timestamps },
        PrefixKind::Stern { .. } => PrefixKind::Stern { timestamps },
        PrefixKind::Compose { .. } => PrefixKind::Compose { timestamps },
        other => other,
    }
}

/// After a time: something that begins a log line of its own, so that the time is a prefix.
fn begins_log(text: &[u8]) -> bool {
    text.is_empty() || is_frame(text) || begins_with_time(text)
}

/// A stack frame, a cause, a folded rest.
fn is_frame(text: &[u8]) -> bool {
    let inner = text.trim_ascii_start();
    let indented = inner.len() < text.len();
    indented && (inner.starts_with(b"at ") || inner.starts_with(b"... ") || inner.starts_with(b"Suppressed: ")) || inner.starts_with(b"Caused by: ")
}

/// A date or a clock, perhaps in brackets, or the first field of a JSON record.
fn begins_with_time(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"[").unwrap_or(text);
    let shape = |pattern: &[u8]| text.len() >= pattern.len() && pattern.iter().zip(text).all(|(p, b)| if *p == b'0' { b.is_ascii_digit() } else { p == b });
    let dated = [&b"0000-00-00"[..], b"0000/00/00", b"00:00:00", b"00/00/00 00:00"].into_iter().any(shape);
    dated || is_uptime(text) || text.starts_with(b"{\"") && text.len() > 2
}

/// Seconds since the JVM began, as GC logs have them: `12.345s]`, `12.345: [`.
fn is_uptime(text: &[u8]) -> bool {
    let whole = text.iter().take(9).take_while(|b| b.is_ascii_digit()).count();
    let rest = &text[whole..];
    whole > 0 && rest.first() == Some(&b'.') && rest.get(1..4).is_some_and(|f| f.iter().all(u8::is_ascii_digit)) && matches!(rest.get(4), Some(b's' | b':'))
}

/// A level first, bare or in brackets, or a thread in brackets: what stands after the date of a layout.
fn begins_with_level(text: &[u8]) -> bool {
    let text = text.trim_ascii_start();
    let bare = text.strip_prefix(b"[").unwrap_or(text);
    [&b"TRACE"[..], b"DEBUG", b"INFO", b"WARN", b"ERROR", b"FATAL"].into_iter().any(|l| bare.starts_with(l)) || bare.len() < text.len() && bare.contains(&b']')
}
