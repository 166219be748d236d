//! Makes text that came out of a log safe for the place it is written to.
//!
//! Logs hold whatever users and attackers put into names and records: escape sequences, markup, formulas, text that runs backwards. Each function takes
//! such text and gives text that its target shows literally. What cannot be shown is spelled out, as in `\u{202e}`, never dropped.

use std::borrow::Cow;
use std::fmt::Write;

/// Characters that change how their neighbours look: controls, bidirectional marks and overrides, invisible and zero-width ones.
fn deceives(c: char) -> bool {
    matches!(c,
        '\0'..='\x1f' | '\x7f'..='\u{9f}' | '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn spell(out: &mut String, c: char) {
    let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
}

/// One line for a terminal: controls and deceiving characters spelled out, a line break as `\n`, a tab as one blank.
pub fn terminal(text: &str) -> Cow<'_, str> {
    if !text.chars().any(deceives) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\t' => out.push(' '),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            c if deceives(c) => spell(&mut out, c),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Several lines: as [`terminal`], but line breaks and tabs stay.
pub fn block(text: &str) -> Cow<'_, str> {
    if !text.chars().any(|c| deceives(c) && c != '\n' && c != '\t') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\n' | '\t' => out.push(c),
            '\r' if chars.peek() == Some(&'\n') => {}
            c if deceives(c) => spell(&mut out, c),
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Text or an attribute value of HTML and XML. Characters that XML 1.0 forbids are spelled out.
pub fn markup(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            '\n' | '\t' => out.push(c),
            '\u{fffe}' | '\u{ffff}' => spell(&mut out, c),
            c if deceives(c) => spell(&mut out, c),
            c => out.push(c),
        }
    }
    out
}

/// As [`markup`], for attributes, where parsers fold line breaks to blanks.
pub fn attribute(text: &str) -> String {
    markup(text).replace('\n', "&#10;").replace('\t', "&#9;")
}

/// JSON that stands inside a `<script>` element: no byte of it can end the element or, as script, a string.
pub fn script_json(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + json.len() / 16);
    for c in json.chars() {
        match c {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            '\u{2028}' => out.push_str("\\u2028"),
            '\u{2029}' => out.push_str("\\u2029"),
            c => out.push(c),
        }
    }
    out
}

/// One line of markdown prose, also good in a table cell: markup is literal, nobody is mentioned, nothing is linked.
pub fn markdown(text: &str) -> String {
    let shown = terminal(text);
    let mut out = String::with_capacity(shown.len() + 16);
    for (at, c) in shown.char_indices() {
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '~' | '$' | '!' => {
                out.push('\\');
                out.push(c);
            }
            // A word joiner keeps what follows from being read as a mention, a reference or an address.
            '@' => out.push_str("@\u{2060}"),
            '#' if at == 0 || shown[at + 1..].starts_with(|next: char| next.is_ascii_digit()) => out.push_str("#\u{2060}"),
            ':' if shown[at..].starts_with("://") => out.push_str(":\u{2060}"),
            '-' | '+' | '=' if at == 0 => {
                out.push('\\');
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// A code span of markdown, also good in a table cell. Empty text gives nothing.
pub fn markdown_code(text: &str) -> String {
    let shown = terminal(text);
    if shown.trim().is_empty() {
        return String::new();
    }
    let fence = "`".repeat(longest_run(&shown, '`') + 1);
    let pad = if shown.starts_with(['`', ' ']) || shown.ends_with(['`', ' ']) { " " } else { "" };
    // In a table GFM cuts cells before it looks for code, and takes the backslash away again.
    format!("{fence}{pad}{}{pad}{fence}", shown.replace('|', "\\|"))
}

/// A fenced block of markdown with a fence that the text cannot close.
pub fn markdown_block(text: &str) -> String {
    let shown = block(text);
    let fence = "`".repeat(longest_run(&shown, '`').max(2) + 1);
    format!("{fence}text\n{}\n{fence}\n", shown.trim_end())
}

fn longest_run(text: &str, mark: char) -> usize {
    let (mut longest, mut run) = (0, 0);
    for c in text.chars() {
        run = if c == mark { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest
}

/// The message of a GitHub workflow command.
pub fn github_data(text: &str) -> String {
    block(text).replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// A property of a GitHub workflow command.
pub fn github_property(text: &str) -> String {
    github_data(&terminal(text)).replace(':', "%3A").replace(',', "%2C")
}

/// One field of a CSV row (RFC 4180). Text that a spreadsheet would run as a formula gets an apostrophe in front.
pub fn csv(text: &str) -> String {
    let shown = block(text);
    let first = shown.trim_start_matches([' ', '\t', '\n']).chars().next();
    let formula = matches!(first, Some('=' | '+' | '-' | '@' | '＝' | '＋' | '－' | '＠')) || shown.starts_with(['\t', '\n']);
    let guard = if formula { "'" } else { "" };
    if shown.contains(['"', ',', ';', '\n', '\t']) || shown.starts_with(' ') || shown.ends_with(' ') {
        format!("\"{guard}{}\"", shown.replace('"', "\"\""))
    } else {
        format!("{guard}{shown}")
    }
}

/// A label value of the Prometheus text format.
pub fn prometheus_label(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            // No braces: simple readers take the first one for the end of the labels.
            c if deceives(c) => {
                let _ = write!(out, "\\\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

/// A path as a relative or `file:` URI reference: everything but unreserved characters and `/` percent-encoded.
pub fn uri(path: &str) -> String {
    let path = path.replace('\\', "/");
    let bytes = path.as_bytes();
    let drive = bytes.len() > 2 && bytes[0].is_ascii_alphabetic() && bytes[1] == b':' && bytes[2] == b'/';
    let mut out = String::with_capacity(path.len() + 8);
    if drive {
        out.push_str("file:///");
    } else if path.starts_with('/') {
        out.push_str("file://");
    }
    for byte in path.trim_start_matches("./").bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => out.push(char::from(byte)),
            byte => {
                let _ = write!(out, "%{byte:02X}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_terminal_sees_no_control_and_no_backward_text() {
        assert_eq!(terminal("a\x1b[31mred\x07"), "a\\u{1b}[31mred\\u{7}");
        assert_eq!(terminal("job\u{202e}gpj.exe"), "job\\u{202e}gpj.exe");
        assert_eq!(terminal("one\ntwo\tthree\r"), "one\\ntwo three\\r");
        assert_eq!(terminal("订单 é"), "订单 é");
        assert_eq!(terminal("\u{9b}31m"), "\\u{9b}31m");
        assert!(matches!(terminal("plain"), Cow::Borrowed(_)));
    }

    #[test]
    fn a_block_keeps_its_lines() {
        assert_eq!(block("a\r\n\tb\x1b"), "a\n\tb\\u{1b}");
    }

    #[test]
    fn markup_is_literal_and_legal_xml() {
        assert_eq!(markup("<a href='x'>&\0"), "&lt;a href=&#39;x&#39;&gt;&amp;\\u{0}");
        assert_eq!(attribute("a\nb"), "a&#10;b");
    }

    #[test]
    fn script_json_cannot_end_its_element_and_reads_back() {
        let json = serde_json::to_string("</script><!--\u{2028}&").unwrap();
        let safe = script_json(&json);
        assert!(!safe.contains(['<', '>', '&', '\u{2028}']));
        assert_eq!(serde_json::from_str::<String>(&safe).unwrap(), "</script><!--\u{2028}&");
    }

    #[test]
    fn markdown_stays_in_its_cell() {
        assert_eq!(markdown("a|b<script>*x*"), "a\\|b&lt;script&gt;\\*x\\*");
        assert_eq!(markdown("@admin see #12"), "@\u{2060}admin see #\u{2060}12");
        assert_eq!(markdown("- item"), "\\- item");
        assert_eq!(markdown_code("a`b|c"), "``a`b\\|c``");
        assert_eq!(markdown_code("`x`"), "`` `x` ``");
        assert!(markdown_block("```\nx").starts_with("````text\n"));
    }

    #[test]
    fn github_commands_are_not_injected() {
        assert_eq!(github_data("100%\n::error::x"), "100%25%0A::error::x");
        assert_eq!(github_property("a,b:c\nd"), "a%2Cb%3Ac\\nd");
    }

    #[test]
    fn csv_runs_no_formula() {
        assert_eq!(csv("=cmd()|' /C calc'!A0"), "'=cmd()|' /C calc'!A0");
        assert_eq!(csv("\t=1"), "\"'\t=1\"");
        assert_eq!(csv("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(csv("plain"), "plain");
        assert_eq!(csv("-1"), "'-1");
    }

    #[test]
    fn labels_and_uris() {
        assert_eq!(prometheus_label("a\"b\\c\nd\x1b"), "a\\\"b\\\\c\\nd\\\\u001b");
        assert_eq!(uri("log/a b#1.log"), "log/a%20b%231.log");
        assert_eq!(uri("/var/log/ü.log"), "file:///var/log/%C3%BC.log");
        assert_eq!(uri("C:\\logs\\a.log"), "file:///C%3A/logs/a.log");
    }
}
