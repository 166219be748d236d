//! Templates of messages: what varies between two tellings is masked, the rest stays.
//!
//! In: a message, or the head line of any record. Out: text with `<n>`, `<id>`, `<host>` … in it. Never looks at levels, loggers or frames.
//! A hand-written scanner: one pass, each recogniser looks at most [`REACH`] bytes ahead of a token's start.

use serde::Deserialize;

use super::Rules;

/// Longest quoted value, path tail, host name or id that is recognised as a whole.
const REACH: usize = 256;

/// The switches of `patterns/masks.toml`.
#[derive(Debug, Deserialize)]
pub(super) struct Masks {
    mask: MaskTable,
    keep_number_after: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct MaskTable {
    number: Mask,
    id: Mask,
    container: Mask,
    host: Mask,
    path: Mask,
    time: Mask,
    quoted: Mask,
    lambda: Mask,
}

#[derive(Debug, Deserialize)]
struct Mask {
    on: bool,
    to: String,
}

/// Appends the template of a message to `out`: numbers, ids, hosts, paths with ids, times, container ids and quoted values are masked.
pub fn template(message: &[u8], out: &mut String) {
    template_with(&Rules::shipped().masks, message, out);
}

/// [`template`] with the masks of the given rules.
pub(super) fn template_with(masks: &Masks, message: &[u8], out: &mut String) {
    let mut at = 0;
    // Where the text that stays begins.
    let mut kept = 0;
    // `(1/2)` is no path: only what stands behind a second slash may be a varying component.
    let mut in_path = false;
    while let Some(&byte) = message.get(at) {
        let begins = at == 0 || message.get(at - 1).is_none_or(|b| !is_word(*b));
        if begins && let Some(length) = plain_word(message.get(at..).unwrap_or(b"")) {
            at += length;
            continue;
        }
        let hit = if begins || matches!(byte, b'0'..=b'9' | b'$' | b'@' | b'/') { masked(masks, message, at, begins, in_path) } else { None };
        in_path = byte == b'/' || (in_path && !matches!(byte, b' ' | b'\t' | b'\n' | b'\'' | b'"' | b'(' | b'[' | b'<' | b',' | b'='));
        match hit {
            Some((mask, end)) => {
                push(out, message.get(kept..at).unwrap_or(b""));
                out.push_str(mask);
                at = end.max(at + 1);
                kept = at;
            }
            None => {
                at += 1;
                // Inside a word nothing begins but a number.
                if is_letter(byte) {
                    at += message.get(at..).unwrap_or(b"").iter().take_while(|b| is_letter(**b)).count();
                } else if byte.is_ascii_digit() {
                    // A number that stays, stays whole.
                    at += number(message.get(at - 1..).unwrap_or(b"0")).saturating_sub(1);
                }
            }
        }
    }
    push(out, message.get(kept..).unwrap_or(b""));
}

/// The length of a word of which nothing is masked: letters alone, and nothing behind them with which an id, a name or an address goes on. Most words are.
fn plain_word(text: &[u8]) -> Option<usize> {
    let length = text.iter().take_while(|b| b.is_ascii_alphabetic()).count();
    let goes_on = text.get(length).is_some_and(|b| is_word(*b) || matches!(b, b'.' | b'-' | b'_' | b'/' | b':'));
    (length > 0 && !goes_on).then_some(length)
}

fn push(out: &mut String, bytes: &[u8]) {
    match str::from_utf8(bytes) {
        Ok(valid) => out.push_str(valid),
        Err(_) => out.push_str(&String::from_utf8_lossy(bytes)),
    }
}

fn is_letter(b: u8) -> bool {
    b.is_ascii_alphabetic() || b >= 0x80
}

fn is_word(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b >= 0x80
}

/// What begins at `at`, as its mask and its end. `begins`: no letter or digit stands in front; `in_path`: a slash does, in the same token.
fn masked<'m>(masks: &'m Masks, text: &[u8], at: usize, begins: bool, in_path: bool) -> Option<(&'m str, usize)> {
    let rest = text.get(at..)?;
    let reach = rest.get(..REACH.min(rest.len()))?;
    let byte = *rest.first()?;
    let mask = |m: &'m Mask, len: Option<usize>| len.filter(|_| m.on).map(|len| (m.to.as_str(), at + len));
    let table = &masks.mask;
    if byte == b'$' {
        return mask(&table.lambda, lambda(reach));
    }
    if begins {
        let found = match byte {
            b'\'' | b'"' => mask(&table.quoted, quoted(reach)),
            b'/' => mask(&table.host, host(reach)),
            _ if is_word(byte) => mask(&table.time, time(reach))
                .or_else(|| mask(&table.container, container(reach)))
                .or_else(|| mask(&table.id, id(reach)))
                .or_else(|| mask(&table.host, if inside_name(text, at) { address(reach) } else { host(reach) })),
            _ => None,
        };
        if found.is_some() {
            return found;
        }
    }
    if byte == b'/' {
        // Behind `//` stands a host.
        let component = in_path && at.checked_sub(1).and_then(|i| text.get(i)) != Some(&b'/');
        return if component { mask(&table.path, path(reach)) } else { None };
    }
    if byte == b'@' {
        // Object.toString: the digits alone would not tell `@decade` from a word.
        let len = reach.iter().skip(1).take_while(|b| b.is_ascii_hexdigit()).count();
        let ended = reach.get(1 + len).is_none_or(|b| !is_word(*b));
        return if (4..=16).contains(&len) && ended { mask(&table.id, Some(1 + len)) } else { None };
    }
    if byte.is_ascii_digit() && !(at > 0 && text.get(at - 1).is_some_and(u8::is_ascii_digit)) && !keeps_number(masks, text, at) {
        return mask(&table.number, Some(number(rest)));
    }
    None
}

/// `/component…` up to a blank, quote or bracket, if its first component holds a digit: the rest of a path from there on.
fn path(text: &[u8]) -> Option<usize> {
    let ends = |b: u8| b <= b' ' || matches!(b, b'\'' | b'"' | b'(' | b')' | b'[' | b']' | b'<' | b'>' | b',' | b';' | b'{' | b'}' | b'=' | b'|');
    let first = text.get(1..)?;
    let component = first.get(..first.iter().position(|&b| b == b'/' || ends(b)).unwrap_or(first.len()))?;
    if !component.iter().any(u8::is_ascii_digit) {
        return None;
    }
    let body = text.get(..text.iter().position(|&b| ends(b)).unwrap_or(text.len()))?;
    // A sentence's end is no part of the path.
    Some(body.strip_suffix(b".").or_else(|| body.strip_suffix(b":")).unwrap_or(body).len())
}

/// `'value'`, `"value"` on one line; a Java name or signature stays, as it says what is missing or wrong.
fn quoted(text: &[u8]) -> Option<usize> {
    let quote = *text.first()?;
    let inner = text.get(1..)?;
    let end = inner.iter().position(|&b| b == quote || b == b'\n')?;
    if inner.get(end) != Some(&quote) || inner.get(end + 1).is_some_and(|b| is_word(*b)) || end == 0 {
        return None;
    }
    (!is_java_name(inner.get(..end)?)).then_some(end + 2)
}

/// `com.acme.Order`, `java.lang.String com.acme.Geo.locate(java.lang.String, int)`: letters around dots, and no number by itself.
fn is_java_name(text: &[u8]) -> bool {
    text.windows(3).any(|w| matches!(w, [a, b'.', c] if a.is_ascii_alphanumeric() && c.is_ascii_alphabetic()))
        && text.iter().all(|&b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'$' | b'(' | b')' | b',' | b' ' | b'<' | b'>' | b'[' | b']' | b'-'))
        && text.first().is_some_and(u8::is_ascii_alphabetic)
        && !text.split(|b| matches!(b, b'.' | b' ' | b'-' | b'_')).any(|part| part.first().is_some_and(u8::is_ascii_digit))
}

/// `2026-11-21[ T]10:49:48[.,317][Z|+0000]`, `10:49:48[.,317]`.
fn time(text: &[u8]) -> Option<usize> {
    if !text.first().is_some_and(u8::is_ascii_digit) {
        return None;
    }
    let shape =
        |text: &[u8], shape: &[u8]| text.len() >= shape.len() && shape.iter().zip(text).all(|(s, b)| if *s == b'0' { b.is_ascii_digit() } else { s == b });
    let mut len = 0;
    let date = shape(text, b"0000-00-00") || shape(text, b"0000/00/00");
    if date {
        len = 10;
        if !matches!(text.get(len), Some(b' ' | b'T')) || !shape(text.get(len + 1..)?, b"00:00:00") {
            return (!text.get(len).is_some_and(|b| is_word(*b))).then_some(len);
        }
        len += 1;
    }
    if !shape(text.get(len..)?, b"00:00:00") {
        return None;
    }
    len += 8;
    if matches!(text.get(len), Some(b'.' | b',')) {
        let digits = text.get(len + 1..)?.iter().take_while(|b| b.is_ascii_digit()).count();
        len += if digits > 0 { 1 + digits } else { 0 };
    }
    match text.get(len) {
        Some(b'Z') => len += 1,
        Some(b'+' | b'-') if shape(text.get(len + 1..)?, b"00:00") => len += 6,
        Some(b'+' | b'-') if shape(text.get(len + 1..)?, b"0000") => len += 5,
        _ => {}
    }
    text.get(len).is_none_or(|b| !is_word(*b) && *b != b':').then_some(len)
}

/// YARN's ids: a known word, then groups of digits behind underscores (`e17` is the epoch of a container id).
fn container(text: &[u8]) -> Option<usize> {
    if !matches!(text.first(), Some(b'a' | b'c' | b'j' | b't')) {
        return None;
    }
    const WORDS: [&[u8]; 6] = [b"container", b"application", b"appattempt", b"attempt", b"job", b"task"];
    let word = WORDS.iter().find(|w| text.starts_with(w) && text.get(w.len()) == Some(&b'_'))?;
    let mut len = word.len();
    let mut groups = 0;
    while text.get(len) == Some(&b'_') {
        let group = text.get(len + 1..)?;
        let epoch = usize::from(group.first() == Some(&b'e') && groups == 0);
        let digits = group.get(epoch..)?.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits == 0 {
            break;
        }
        groups += 1;
        len += 1 + epoch + digits;
    }
    (groups >= 2 && text.get(len).is_none_or(|b| !is_word(*b))).then_some(len)
}

/// A uuid, `0x…`, a hex run with digits and letters (from 6 characters on) or of 16 and more, `hex_hex_0_1` (execution attempt, 1.16+),
/// and the two hashes of a Kubernetes pod.
fn id(text: &[u8]) -> Option<usize> {
    if let Some(rest) = text.strip_prefix(b"0x") {
        let len = rest.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        return (len > 0 && rest.get(len).is_none_or(|b| !is_word(*b))).then_some(2 + len);
    }
    if let Some(len) = uuid(text) {
        return Some(len);
    }
    let run = text.iter().take_while(|b| b.is_ascii_hexdigit()).count();
    let body = text.get(..run)?;
    let (digits, ended) = (body.iter().filter(|b| b.is_ascii_digit()).count(), text.get(run).is_none_or(|b| !is_word(*b)));
    if ended && digits > 0 && ((run >= 6 && digits < run && !is_exponent(body)) || run >= 16) {
        let mut len = run;
        while run >= 32 && text.get(len) == Some(&b'_') {
            let part = text.get(len + 1..)?.iter().take_while(|b| b.is_ascii_hexdigit()).count();
            if part == 0 || text.get(len + 1 + part).is_some_and(|b| is_word(*b)) {
                break;
            }
            len += 1 + part;
        }
        return Some(pod_suffix(text, len));
    }
    // The hash of a ReplicaSet is no hex: `6d4xz5b7c9-xk2lp`.
    let run = text.iter().take_while(|b| is_pod_letter(**b)).count();
    let has_digit = text.get(..run)?.iter().any(u8::is_ascii_digit);
    let len = pod_suffix(text, run);
    ((7..=10).contains(&run) && has_digit && len > run).then_some(len)
}

/// `12345e6` is a number.
fn is_exponent(body: &[u8]) -> bool {
    body.iter().filter(|b| !b.is_ascii_digit()).all(|b| matches!(b, b'e' | b'E')) && body.iter().filter(|b| b.is_ascii_alphabetic()).count() == 1
}

/// Kubernetes' alphabet for generated names.
fn is_pod_letter(b: u8) -> bool {
    b.is_ascii_digit() || (b.is_ascii_lowercase() && !matches!(b, b'a' | b'e' | b'i' | b'o' | b'u'))
}

fn pod_suffix(text: &[u8], len: usize) -> usize {
    match text.get(len..) {
        Some([b'-', tail @ ..])
            if (7..=10).contains(&len) && tail.iter().take(6).take_while(|b| is_pod_letter(**b)).count() == 5 && tail.get(5).is_none_or(|b| !is_word(*b)) =>
        {
            len + 6
        }
        _ => len,
    }
}

fn uuid(text: &[u8]) -> Option<usize> {
    const SHAPE: [usize; 5] = [8, 4, 4, 4, 12];
    let mut len = 0;
    for (i, group) in SHAPE.iter().enumerate() {
        if i > 0 {
            if text.get(len) != Some(&b'-') {
                return None;
            }
            len += 1;
        }
        if !text.get(len..len + group)?.iter().all(u8::is_ascii_hexdigit) {
            return None;
        }
        len += group;
    }
    text.get(len).is_none_or(|b| !is_word(*b)).then_some(len)
}

/// `[name]/10.0.0.7[:6122]`, `10.0.0.7[:6122]`, `name:6122[-0f2724]`, and IPv6 addresses without brackets.
fn host(text: &[u8]) -> Option<usize> {
    let name = text.iter().take(128).take_while(|&&b| is_word(b) || matches!(b, b'.' | b'-' | b'_')).count();
    let at_ip = if text.get(name) == Some(&b'/') { name + 1 } else { 0 };
    if let Some(len) = text.get(at_ip..).and_then(address) {
        return Some(at_ip + len);
    }
    let word = text.get(..name)?;
    let has_letter = word.iter().any(u8::is_ascii_alphabetic);
    if name < 2 || !has_letter || is_source_file(word) || text.first().is_some_and(u8::is_ascii_punctuation) {
        return None;
    }
    port(text.get(name..)?).map(|p| name + p)
}

/// `:6122`, also with the suffix of a TaskManager's resource id, `:6122-0f2724` (1.12+). Ports have two to five digits.
fn port(text: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix(b":")?;
    let digits = rest.iter().take_while(|b| b.is_ascii_digit()).count();
    if !(2..=5).contains(&digits) || rest.get(digits).is_some_and(|b| is_word(*b)) {
        return None;
    }
    let mut len = 1 + digits;
    if let Some(tail) = rest.get(digits..)?.strip_prefix(b"-") {
        let hex = tail.iter().take_while(|b| b.is_ascii_hexdigit()).count();
        if hex == 6 && tail.get(hex).is_none_or(|b| !is_word(*b)) {
            len += 7;
        }
    }
    Some(len)
}

/// Whether the word at `at` goes on with a name that was looked at from its start.
fn inside_name(text: &[u8], at: usize) -> bool {
    at.checked_sub(1).and_then(|i| text.get(i)).is_some_and(|b| matches!(b, b'.' | b'-' | b'_'))
}

/// An IP address with or without port.
fn address(text: &[u8]) -> Option<usize> {
    let len = ipv4(text).or_else(|| ipv6(text))?;
    Some(len + port(text.get(len..)?).unwrap_or(0))
}

fn ipv4(text: &[u8]) -> Option<usize> {
    let mut len = 0;
    for i in 0..4 {
        if i > 0 {
            if text.get(len) != Some(&b'.') {
                return None;
            }
            len += 1;
        }
        let digits = text.get(len..)?.iter().take_while(|b| b.is_ascii_digit()).count();
        if !(1..=3).contains(&digits) {
            return None;
        }
        len += digits;
    }
    let further = text.get(len) == Some(&b'.') && text.get(len + 1).is_some_and(u8::is_ascii_digit);
    (!further && text.get(len).is_none_or(|b| !is_word(*b))).then_some(len)
}

/// At least three colons between groups of up to four hex digits; the port of Java's `addr:port` looks like a last group.
fn ipv6(text: &[u8]) -> Option<usize> {
    let len = text.iter().take(60).take_while(|b| b.is_ascii_hexdigit() || **b == b':').count();
    let body = text.get(..len)?;
    let body = body.strip_suffix(b":").unwrap_or(body);
    let colons = body.iter().filter(|&&b| b == b':').count();
    let groups = body.split(|&b| b == b':').all(|g| g.len() <= 5);
    (colons >= 3 && groups && text.get(body.len()).is_none_or(|b| !is_word(*b))).then_some(body.len())
}

fn is_source_file(name: &[u8]) -> bool {
    [&b".java"[..], b".scala", b".kt", b".py", b".groovy", b".clj", b".xml", b".sql", b".yaml", b".yml"].iter().any(|e| name.ends_with(e))
}

/// `$$Lambda$391/0x0000…`, `$$Lambda/0x…` (JDK 21), `$$Lambda$391/1354351184`.
fn lambda(text: &[u8]) -> Option<usize> {
    let rest = text.strip_prefix(b"$$Lambda")?;
    let mut len = 8;
    if let Some(tail) = rest.strip_prefix(b"$") {
        len += 1 + tail.iter().take_while(|b| b.is_ascii_digit()).count();
    }
    if let Some(tail) = text.get(len..)?.strip_prefix(b"/") {
        len += 1 + tail.iter().take_while(|b| b.is_ascii_hexdigit() || **b == b'x').count();
    }
    Some(len)
}

/// Length of a number: digits, groups, a fraction, an exponent.
fn number(text: &[u8]) -> usize {
    let digits = |from: usize| text.get(from..).unwrap_or(b"").iter().take_while(|b| b.is_ascii_digit()).count();
    let mut len = digits(0);
    while matches!(text.get(len), Some(b'.' | b',')) && digits(len + 1) > 0 {
        len += 1 + digits(len + 1);
    }
    if matches!(text.get(len), Some(b'e' | b'E')) {
        let sign = usize::from(matches!(text.get(len + 1), Some(b'-' | b'+')));
        let exponent = digits(len + 1 + sign);
        if exponent > 0 && text.get(len + 1 + sign + exponent).is_none_or(|b| !is_word(*b)) {
            len += 1 + sign + exponent;
        }
    }
    len
}

fn keeps_number(masks: &Masks, text: &[u8], at: usize) -> bool {
    let before = text.get(at.saturating_sub(24)..at).unwrap_or(b"");
    masks.keep_number_after.iter().any(|k| {
        let tail = before.len().checked_sub(k.len()).and_then(|from| before.get(from..));
        tail.is_some_and(|t| t.eq_ignore_ascii_case(k.as_bytes()))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A word, perhaps the beginning of what is masked, and what such things go on with.
    fn word_and_more() -> impl Strategy<Value = String> {
        let word = "localhost|job|task|attempt|container|application|deadbeef|cafe|node|x|http|s|tmp|inputs";
        let more = ":6123|/10\\.0\\.0\\.7|_1_0001|_1764000000000_0001|-1764000000000_0001|\\.acme\\.com:80|-7:123|://a/b|0x7f|#0|@1b2c3d4e|\\$\\$Lambda\\$5/0x1f|:fe80::1|0f27c1a90f27c1a9|7:80";
        let end = "|[ ./:_$@'(),=é#-]|[a-f0-9]{1,8}| x";
        (word, more, end).prop_map(|(word, more, end)| word + &more + &end)
    }

    proptest! {
        #[test]
        fn nothing_is_masked_of_a_plain_word(text in prop_oneof![word_and_more(), "[a-fjct0x]{1,12}[ ./:_$@'(),=é#-]?[a-z0-9:]{0,6}"]) {
            if plain_word(text.as_bytes()).is_some() {
                let masked = |in_path| masked(&Rules::shipped().masks, text.as_bytes(), 0, true, in_path);
                prop_assert!(masked(false).is_none() && masked(true).is_none(), "{}", text);
            }
        }
    }
}
