//! Colour codes: removed before a line is looked at. Never changes the bytes that evidence points to.

use std::borrow::Cow;

/// `line` without ANSI escape sequences (CSI and OSC); borrowed where it has none.
pub fn strip(line: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = memchr::memchr(0x1b, line) else { return Cow::Borrowed(line) };
    let mut out = Vec::with_capacity(line.len());
    out.extend_from_slice(&line[..first]);
    let mut at = first;
    while at < line.len() {
        if line[at] != 0x1b {
            out.push(line[at]);
            at += 1;
            continue;
        }
        at += 1;
        match line.get(at) {
            // CSI: parameters, then one final byte.
            Some(b'[') => {
                at += 1;
                while line.get(at).is_some_and(|b| (0x20..0x40).contains(b)) {
                    at += 1;
                }
                at += 1;
            }
            // OSC: up to BEL or ST.
            Some(b']') => {
                while line.get(at).is_some_and(|b| *b != 0x07 && *b != 0x1b) {
                    at += 1;
                }
                at += if line.get(at) == Some(&0x1b) { 2 } else { 1 };
            }
            _ => at += 1,
        }
    }
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::strip;

    #[test]
    fn removes_colours_and_keeps_the_rest() {
        assert_eq!(&*strip(b"\x1b[32mINFO\x1b[0;39m x\x1b[m"), b"INFO x");
        assert_eq!(&*strip(b"\x1b]8;;http://x\x07link\x1b]8;;\x1b\\ y"), b"link y");
        assert_eq!(&*strip(b"plain"), b"plain");
        assert_eq!(&*strip(b"cut\x1b["), b"cut");
    }
}
