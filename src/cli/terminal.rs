//! What the terminal can: width, colour, Unicode, links. In: the environment. Nothing else of the program looks at it.

use std::env;

use super::args::Color;

/// Widest page: longer lines are hard to read.
const MAX_WIDTH: usize = 200;
/// Without a terminal.
const DEFAULT_WIDTH: usize = 80;

/// Abilities of standard output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Terminal {
    pub width: usize,
    pub color: bool,
    pub unicode: bool,
    pub hyperlinks: bool,
}

impl Terminal {
    /// `to_terminal`: the report goes to a terminal.
    pub fn look(color: Color, to_terminal: bool) -> Terminal {
        let set = |name: &str| env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = env::var_os("TERM").is_some_and(|term| term == "dumb");
        let color = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => to_terminal && !dumb && !set("NO_COLOR"),
        };
        let width = env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok()).filter(|columns| *columns > 0);
        let measured = || to_terminal.then(terminal_size::terminal_size).flatten().map(|(width, _)| usize::from(width.0));
        Terminal {
            width: width.or_else(measured).unwrap_or(DEFAULT_WIDTH).min(MAX_WIDTH),
            color,
            unicode: speaks_unicode(),
            hyperlinks: to_terminal && color && links(&set),
        }
    }
}

/// The locale by the rules of POSIX: the first of these that is set decides.
fn speaks_unicode() -> bool {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].iter().find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()));
    match locale {
        Some(locale) => {
            let locale = locale.to_ascii_lowercase();
            locale.contains("utf-8") || locale.contains("utf8")
        }
        None => cfg!(windows) || cfg!(target_os = "macos"),
    }
}

/// Terminals that are known to show OSC 8 links; others print rubbish.
fn links(set: &dyn Fn(&str) -> bool) -> bool {
    let program = env::var("TERM_PROGRAM").unwrap_or_default();
    let vte = env::var("VTE_VERSION").ok().and_then(|version| version.parse::<u32>().ok());
    matches!(program.as_str(), "iTerm.app" | "WezTerm" | "vscode" | "ghostty" | "Hyper")
        || vte.is_some_and(|version| version >= 5000)
        || ["KITTY_WINDOW_ID", "WT_SESSION", "KONSOLE_VERSION", "DOMTERM"].iter().any(|name| set(name))
}

/// Puts colours on words, or not.
#[derive(Debug, Clone, Copy)]
pub struct Paint(pub bool);

impl Paint {
    /// `text` in the colours of `code` (ANSI SGR numbers; none for plain text).
    pub fn ink(self, code: &str, text: &str) -> String {
        if self.0 && !code.is_empty() { format!("\x1b[{code}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// The colours of a severity.
    pub fn severity(self, severity: &str, text: &str) -> String {
        let code = match severity {
            "critical" | "error" => "1;31",
            "warning" => "33",
            _ => "2",
        };
        self.ink(code, text)
    }
}
