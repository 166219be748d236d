//! The lines that `yarn logs` puts around logs (Hadoop `LogCLIHelpers`, `AggregatedLogFormat`, `LogToolUtils`, `NMWebServices`).
//!
//! In: bytes that begin at a line. Out: the parsed wrapper lines with their lengths. Never decides whether a line is wrapper
//! or content: that needs the whole stream.

use super::NoticeCode;

/// One line from `at` on: text without its line end, start of the next line. `None` if no byte is left.
pub(super) fn line(bytes: &[u8], at: usize) -> Option<(&[u8], usize)> {
    let rest = bytes.get(at..).filter(|r| !r.is_empty())?;
    let (text, next) = match memchr::memchr(b'\n', rest) {
        Some(end) => (&rest[..end], at + end + 1),
        None => (rest, bytes.len()),
    };
    Some((text.strip_suffix(b"\r").unwrap_or(text), next))
}

/// Length of a line end at the start: 0, 1 or 2.
pub(super) fn line_end(bytes: &[u8]) -> usize {
    match bytes {
        [b'\n', ..] => 1,
        [b'\r', b'\n', ..] => 2,
        _ => 0,
    }
}

/// Length of a line end at the end: 0, 1 or 2.
pub(super) fn line_end_before(bytes: &[u8]) -> usize {
    match bytes {
        [.., b'\r', b'\n'] => 2,
        [.., b'\n'] => 1,
        _ => 0,
    }
}

pub(super) const CONTAINER: &[u8] = b"Container: ";
pub(super) const LOG_TYPE: &[u8] = b"LogType:";
pub(super) const END: &[u8] = b"End of LogType:";

/// `Container: <id>[ on <node>]`, `LogAggregationType: …` (2.9 and later), `====`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Intro {
    pub container: String,
    pub node: Option<String>,
    /// Of the aggregation type line: fetched from the NodeManager.
    pub local: bool,
    /// Has the aggregation type line.
    pub typed: bool,
    pub len: usize,
}

/// The rule of `=` must have the length of the header, as Java counts it: that is how a header differs from one that a user
/// printed. Up to 2.8 the two empty lines before the header count too.
pub(super) fn intro(bytes: &[u8]) -> Option<Intro> {
    let (head, mut at) = line(bytes, 0)?;
    let rest = head.strip_prefix(CONTAINER)?;
    if !rest.starts_with(b"container_") {
        return None;
    }
    let (id, node) = match memchr::memmem::find(rest, b" on ") {
        Some(on) => (&rest[..on], Some(text(&rest[on + 4..]))),
        None => (rest, None),
    };
    if id.is_empty() || id.contains(&b' ') {
        return None;
    }
    let (mut next, mut after) = line(bytes, at)?;
    let kind = next.strip_prefix(b"LogAggregationType:");
    let (typed, local) = (kind.is_some(), kind.is_some_and(|k| k.trim_ascii() == b"LOCAL"));
    if typed {
        at = after;
        (next, after) = line(bytes, at)?;
    }
    let rule = next.len();
    let header = utf16_len(head);
    let exact = rule == header || rule == header + 2;
    (exact && next.iter().all(|b| *b == b'=')).then(|| Intro { container: text(id), node, local, typed, len: after })
}

/// The block from `LogType:` to `Log Contents:`.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub name: Vec<u8>,
    pub modified: Option<String>,
    pub declared: Option<u64>,
    /// `LogContents:`, written by 2.9 and later, where a rule of stars ends a log.
    pub starred: bool,
    pub len: usize,
}

/// The whole block must be there. The date is in the client's language and is not read. Without `LogLength` (2.8, running
/// application) the upload time must be there. Client logging may stand between the lines where both streams went to one file.
pub(super) fn block(bytes: &[u8]) -> Option<Block> {
    let (head, mut at) = line(bytes, 0)?;
    let name = head.strip_prefix(LOG_TYPE)?;
    let name = name.strip_prefix(b" ").unwrap_or(name);
    if name.is_empty() {
        return None;
    }
    let (mut modified, mut declared) = (None, None);
    let mut noise = 0;
    loop {
        let (next, after) = line(bytes, at)?;
        at = after;
        if matches!(next, b"LogContents:" | b"Log Contents:") {
            let ended = bytes[..at].ends_with(b"\n");
            let whole = ended && (declared.is_some() || modified.is_some());
            return whole.then(|| Block { name: name.to_vec(), modified, declared, starred: next == b"LogContents:", len: at });
        } else if let Some(time) = next.strip_prefix(b"LogLastModifiedTime:").or_else(|| next.strip_prefix(b"Log Upload Time:"))
            && modified.is_none()
            && declared.is_none()
        {
            modified = Some(text(time));
        } else if let Some(length) = next.strip_prefix(b"LogLength:")
            && declared.is_none()
        {
            declared = Some(length_of(length.strip_prefix(b" ").unwrap_or(length))?);
        } else if client_log(next).is_some() && noise < 16 {
            noise += 1;
        } else {
            return None;
        }
    }
}

fn length_of(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // A length beyond any file is a wish, not a length; it then simply never holds.
    Some(digits.iter().fold(0u64, |n, d| n.saturating_mul(10).saturating_add(u64::from(d - b'0'))))
}

/// `End of LogType:<name>` and what belongs to it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Marker {
    pub growing: bool,
    /// Stars in the rule below.
    pub stars: usize,
    /// The rule has the length that Hadoop gives it.
    pub exact: bool,
    /// An empty line or the end of the stream follows.
    pub closed: bool,
    /// Bytes up to and with the rule, or the marker line where there is none.
    pub len: usize,
}

/// `bytes` begin at `End of LogType:`; `name` is the log's name as its header wrote it.
pub(super) fn marker(bytes: &[u8], name: &[u8]) -> Option<Marker> {
    let (head, mut at) = line(bytes, 0)?;
    let rest = head.strip_prefix(END)?.strip_prefix(name)?;
    // The NodeManager glues a sentence, or just its full stop, to the name.
    let growing = rest.starts_with(b".This log file belongs to a running container (");
    if !(rest.is_empty() || rest == b"." || growing) {
        return None;
    }
    let stars = stars(bytes, at, &mut at);
    let exact = stars == utf16_len(name) + END.len() + 50;
    let closed = line(bytes, at).is_none_or(|(next, _)| next.is_empty());
    Some(Marker { growing, stars, exact, closed, len: at })
}

fn stars(bytes: &[u8], at: usize, after: &mut usize) -> usize {
    match line(bytes, at) {
        // A stream can be cut inside the rule.
        Some((rule, next)) if (rule.len() >= 50 || next == bytes.len()) && !rule.is_empty() && rule.iter().all(|b| *b == b'*') => {
            *after = next;
            rule.len()
        }
        _ => 0,
    }
}

/// The end of a log whose header was not printed: 3.0 to 3.2 print an empty log so. Gives its name.
pub(super) fn orphan(bytes: &[u8]) -> Option<(String, usize)> {
    let (head, at) = line(bytes, 0)?;
    let name = head.strip_prefix(END).filter(|n| !n.is_empty())?;
    let marker = marker(bytes, name)?;
    (marker.exact && marker.len > at).then(|| (text(name), marker.len))
}

/// `yy/MM/dd HH:mm:ss LEVEL class: message` (2.x) or `yyyy-MM-dd HH:mm:ss,SSS LEVEL class: message` (3.x): the client's own
/// console logging. Gives the level. A class of Flink is no client's.
pub(super) fn client_log(line: &[u8]) -> Option<&[u8]> {
    let shape = |pattern: &[u8]| line.len() > pattern.len() && pattern.iter().zip(line).all(|(p, b)| if *p == b'0' { b.is_ascii_digit() } else { p == b });
    let stamp = [&b"00/00/00 00:00:00 "[..], b"0000-00-00 00:00:00,000 "].into_iter().find(|p| shape(p))?.len();
    let rest = &line[stamp..];
    let level = rest.split(|b| *b == b' ').next()?;
    if !matches!(level, b"TRACE" | b"DEBUG" | b"INFO" | b"WARN" | b"ERROR" | b"FATAL") {
        return None;
    }
    let class = rest[level.len()..].strip_prefix(b" ")?.split(|b| *b == b' ').next()?.strip_suffix(b":")?;
    let named = !class.is_empty() && class.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'$' | b'_'));
    (named && memchr::memmem::find(class, b"flink").is_none()).then_some(level)
}

/// What a line between the logs is.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Between {
    Nothing,
    /// Client logging worth no word.
    Noise,
    Said(NoticeCode),
    /// None of the client's known lines.
    Other,
}

pub(super) fn between(line: &[u8]) -> Between {
    let line = line.trim_ascii();
    if line.is_empty() {
        return Between::Nothing;
    }
    if let Some(level) = client_log(line) {
        let serious = matches!(level, b"WARN" | b"ERROR" | b"FATAL") && !has(line, b"NativeCodeLoader");
        return if serious { Between::Said(NoticeCode::ClientError) } else { Between::Noise };
    }
    if line.starts_with(b"SLF4J: ") || line.starts_with(b"WARNING: ") || line.iter().all(|b| matches!(b, b'*' | b'=')) {
        return Between::Noise;
    }
    let starts = |list: &[&[u8]]| list.iter().any(|s| line.starts_with(s));
    let holds = |list: &[&[u8]]| list.iter().any(|s| has(line, s));
    if starts(&[b"Can not get any logs for the log file:", b"Response from the NodeManager:"]) {
        return Between::Said(NoticeCode::LogNotServed);
    }
    let missing = line.ends_with(b" does not exist.") || line.ends_with(b" does not exist") || line.ends_with(b" does not have any log files.");
    if missing && has(line, b"application_")
        || starts(&[
            b"Log aggregation has not completed or is not enabled.",
            b"Logs are not avaiable right now.",
            b"Logs are not available right now.",
            b"Can not find any log file matching the pattern:",
            b"Can not find the logs for the application:",
            b"Could not locate application logs for",
        ])
        || holds(&[b" are not present in this log-file"])
    {
        return Between::Said(NoticeCode::NoLogs);
    }
    if starts(&[
        b"Unable to get ApplicationState.",
        b"Can not find the appOwner.",
        b"Invalid ApplicationId specified",
        b"Invalid ContainerId specified",
        b"Guessed logs' owner is ",
        b"Error aggregating log file.",
    ]) {
        return Between::Said(NoticeCode::ClientError);
    }
    if starts(&[b"Specified ALL for -am option.", b"Application State: "]) || line.starts_with(CONTAINER) && has(line, b" on ") || starts(&[b"LogFile\t"]) {
        return Between::Said(NoticeCode::Listing);
    }
    Between::Other
}

fn has(line: &[u8], what: &[u8]) -> bool {
    memchr::memmem::find(line, what).is_some()
}

pub(super) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Length as Java's `String.length` counts it.
fn utf16_len(bytes: &[u8]) -> usize {
    if bytes.is_ascii() { bytes.len() } else { String::from_utf8_lossy(bytes).encode_utf16().count() }
}
