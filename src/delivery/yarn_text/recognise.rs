//! Is a stream the text of `yarn logs`? In: its first bytes; out: yes or no. In doubt no: a log is then read as it is.

use super::wrap::{self, Between};

/// Recognises the text of `yarn logs` by its beginning, some 64 KB: a whole header, before which only client logging, blank
/// lines, marks of empty logs and a few lines of a terminal may stand; or an answer of known sentences only.
/// A log that merely quotes such lines begins with its own records and is not taken for one.
pub fn looks_like_yarn_text(head: &[u8]) -> bool {
    const STRANGE: usize = 40;
    let (mut at, mut strange, mut said, mut introduced) = (0, 0, false, false);
    while let Some((text, next)) = wrap::line(head, at) {
        let rest = &head[at..];
        if let Some(intro) = wrap::intro(rest) {
            introduced = true;
            at += intro.len;
            continue;
        }
        if text.starts_with(wrap::LOG_TYPE)
            && let Some(block) = wrap::block(rest)
        {
            return introduced || strange == 0 && !block.starred;
        }
        if let Some((_, len)) = wrap::orphan(rest) {
            said = true;
            at += len;
            continue;
        }
        match wrap::between(text) {
            Between::Nothing | Between::Noise => {}
            // Warnings of some Hadoop client: a log like that may be anything.
            Between::Said(_) if wrap::client_log(text).is_some() => {}
            Between::Said(_) => said = true,
            Between::Other if starts_with_time(text) => return false,
            Between::Other => strange += 1,
        }
        if strange > STRANGE && !introduced {
            return false;
        }
        at = next;
    }
    introduced || said && strange == 0
}

/// A record head of some log: a date or a clock first, perhaps in brackets.
fn starts_with_time(line: &[u8]) -> bool {
    let line = line.strip_prefix(b"[").unwrap_or(line);
    let shape = |pattern: &[u8]| line.len() >= pattern.len() && pattern.iter().zip(line).all(|(p, b)| if *p == b'0' { b.is_ascii_digit() } else { p == b });
    [&b"0000-00-00"[..], b"00:00:00", b"00/00/00", b"0000/00/00"].into_iter().any(shape)
}
