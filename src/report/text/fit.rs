//! Makes text fit into columns: its width, cut in the middle or at the end, wrapped at blanks.

use unicode_width::UnicodeWidthChar;

/// Columns that `text` takes in a terminal.
pub fn width(text: &str) -> usize {
    text.chars().map(columns).sum()
}

fn columns(c: char) -> usize {
    c.width().unwrap_or(0)
}

/// The longest beginning of `text` that takes at most `max` columns.
pub fn head(text: &str, max: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices() {
        used += columns(c);
        if used > max {
            return &text[..at];
        }
    }
    text
}

fn tail(text: &str, max: usize) -> &str {
    let mut used = 0;
    for (at, c) in text.char_indices().rev() {
        used += columns(c);
        if used > max {
            return &text[at + c.len_utf8()..];
        }
    }
    text
}

/// `text` in at most `max` columns with its end cut off.
pub fn cut(text: &str, max: usize, ellipsis: &str) -> String {
    if width(text) <= max {
        return text.to_owned();
    }
    let room = max.saturating_sub(width(ellipsis));
    format!("{}{}", head(text, room).trim_end(), head(ellipsis, max))
}

/// `text` in at most `max` columns with its middle cut out. The end gets the larger part: names differ there, and `:line` stands there.
pub fn elide(text: &str, max: usize, ellipsis: &str) -> String {
    if width(text) <= max {
        return text.to_owned();
    }
    let Some(room) = max.checked_sub(width(ellipsis)) else {
        return head(text, max).to_owned();
    };
    let front = room * 2 / 5;
    format!("{}{ellipsis}{}", head(text, front).trim_end(), tail(text, room - front).trim_start())
}

/// `text` in lines of at most `max` columns, broken at blanks; a longer word is broken where the line ends. No more than `lines` lines: what is left is
/// cut with the ellipsis.
pub fn wrap(text: &str, max: usize, lines: usize, ellipsis: &str) -> Vec<String> {
    let max = max.max(1);
    let mut done: Vec<String> = Vec::new();
    let mut line = String::new();
    let mut used = 0;
    let mut cut_off = false;
    'words: for word in text.split_whitespace() {
        let mut word = word;
        loop {
            let gap = usize::from(used > 0);
            let need = width(word);
            if used + gap + need <= max {
                if gap == 1 {
                    line.push(' ');
                }
                line.push_str(word);
                used += gap + need;
                break;
            }
            if done.len() + 1 == lines {
                cut_off = true;
                break 'words;
            }
            if used > 0 {
                done.push(std::mem::take(&mut line));
                used = 0;
                continue;
            }
            let piece = head(word, max);
            // A character wider than the line would not get smaller for ever.
            let piece = if piece.is_empty() { &word[..word.chars().next().map_or(0, char::len_utf8)] } else { piece };
            done.push(piece.to_owned());
            word = &word[piece.len()..];
            if word.is_empty() {
                break;
            }
        }
    }
    if cut_off {
        let room = max.saturating_sub(width(ellipsis));
        let kept = head(&line, room).trim_end().len();
        line.truncate(kept);
        line.push_str(ellipsis);
    }
    if !line.is_empty() {
        done.push(line);
    }
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elides_in_the_middle_and_keeps_the_line_number() {
        let short = elide("container_1700000000000_0007_01_000003/taskmanager.log:312", 24, "…");
        assert_eq!(width(&short), 24);
        assert!(short.ends_with("anager.log:312"), "{short}");
        assert_eq!(elide("short", 24, "…"), "short");
        assert_eq!(elide("abcdef", 2, "..."), "ab");
    }

    #[test]
    fn wide_characters_count_two() {
        assert_eq!(width("订单"), 4);
        assert!(width(&elide("订单订单订单订单", 7, "…")) <= 7);
        assert_eq!(cut("订单订单", 5, "…"), "订单…");
    }

    #[test]
    fn wraps_at_blanks_and_inside_long_words() {
        assert_eq!(wrap("one two three", 7, 9, "…"), ["one two", "three"]);
        assert_eq!(wrap("abcdefghij k", 4, 9, "…"), ["abcd", "efgh", "ij k"]);
        assert_eq!(wrap("one two three four", 7, 2, "…"), ["one two", "three…"]);
        assert_eq!(wrap("订", 1, 3, "…"), ["订"]);
        assert!(wrap("  ", 7, 2, "…").is_empty());
    }

    #[test]
    fn no_line_is_wider_than_asked() {
        for max in 3..20 {
            for line in wrap("the quick brown fox jumpsoveralazydogwithoutanyblank and 订单订单订单", max, 6, "…") {
                assert!(width(&line) <= max, "{max}: {line}");
            }
        }
    }
}
