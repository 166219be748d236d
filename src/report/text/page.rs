//! Lines of coloured, linked text, and the page that keeps them within its width.
//!
//! The only place that writes escape sequences. Every text passes [`escape::terminal`] on its way in.

use std::io;

use super::super::escape;
use super::super::model::Source;
use super::super::options::Options;
use super::super::view::View;
use super::fit;
use super::glyphs::{ASCII, Glyphs, UNICODE};

/// What a text means; colours follow from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Ink {
    #[default]
    Plain,
    /// Failed, lost, critical.
    Bad,
    /// Degraded, doubtful.
    Warn,
    /// Healthy, completed.
    Good,
    /// Of less weight.
    Dim,
    /// Headings.
    Strong,
    /// Places and names to act on.
    Accent,
}

impl Ink {
    fn code(self) -> &'static str {
        match self {
            Ink::Plain => "",
            Ink::Bad => "1;31",
            Ink::Warn => "33",
            Ink::Good => "32",
            Ink::Dim => "2",
            Ink::Strong => "1",
            Ink::Accent => "36",
        }
    }

    pub fn of_verdict(verdict: &str) -> Ink {
        match verdict {
            "failed" => Ink::Bad,
            "degraded" => Ink::Warn,
            "healthy" => Ink::Good,
            _ => Ink::Accent,
        }
    }

    pub fn of_severity(severity: &str) -> Ink {
        match severity {
            "critical" | "error" => Ink::Bad,
            "warning" => Ink::Warn,
            _ => Ink::Dim,
        }
    }

    pub fn of_outcome(outcome: &str) -> Ink {
        match outcome {
            "failed" | "lost" => Ink::Bad,
            "finished" | "running" => Ink::Good,
            "rescaled" | "canceled" | "suspended" => Ink::Dim,
            _ => Ink::Plain,
        }
    }
}

#[derive(Debug, Clone, Default)]
struct Span {
    text: String,
    ink: Ink,
    link: Option<String>,
}

/// One line while it is put together.
#[derive(Debug, Clone, Default)]
pub struct Line {
    spans: Vec<Span>,
}

impl Line {
    pub fn new() -> Line {
        Line::default()
    }

    /// A line that begins with so many blanks.
    pub fn indent(columns: usize) -> Line {
        Line::new().put(" ".repeat(columns))
    }

    pub fn put(self, text: impl AsRef<str>) -> Line {
        self.ink(Ink::Plain, text)
    }

    pub fn ink(self, ink: Ink, text: impl AsRef<str>) -> Line {
        self.link(ink, text, None)
    }

    pub fn link(mut self, ink: Ink, text: impl AsRef<str>, link: Option<String>) -> Line {
        let text = escape::terminal(text.as_ref()).into_owned();
        if !text.is_empty() {
            self.spans.push(Span { text, ink, link });
        }
        self
    }

    pub fn append(mut self, other: Line) -> Line {
        self.spans.extend(other.spans);
        self
    }

    pub fn width(&self) -> usize {
        self.spans.iter().map(|span| fit::width(&span.text)).sum()
    }

    /// Blanks up to column `column`.
    pub fn pad_to(self, column: usize) -> Line {
        let missing = column.saturating_sub(self.width());
        self.put(" ".repeat(missing))
    }
}

/// A page of fixed width.
pub struct Page<'o> {
    pub width: usize,
    pub glyphs: &'static Glyphs,
    pub options: &'o Options,
    /// How often lists are halved so that the report fits.
    brevity: u32,
    text: String,
}

impl<'o> Page<'o> {
    pub fn new(options: &'o Options) -> Page<'o> {
        let glyphs = if options.unicode { &UNICODE } else { &ASCII };
        Page { width: options.width.max(Options::MIN_WIDTH), glyphs, options, brevity: 0, text: String::new() }
    }

    /// An empty page whose lists are halved so often.
    pub fn brief_by(options: &'o Options, brevity: u32) -> Page<'o> {
        Page { brevity, ..Page::new(options) }
    }

    /// Rows of a list that usually shows so many: never none.
    pub fn few(&self, usual: usize) -> usize {
        (usual >> self.brevity).max(1)
    }

    /// Lines so far.
    pub fn lines(&self) -> usize {
        self.text.bytes().filter(|byte| *byte == b'\n').count()
    }

    pub fn write_to(self, out: &mut dyn io::Write) -> io::Result<()> {
        out.write_all(self.text.as_bytes())
    }

    /// An empty line and a heading with a remark.
    pub fn heading(&mut self, title: &str, remark: &str) {
        self.blank();
        let line = Line::new().ink(Ink::Strong, title);
        let room = self.width.saturating_sub(line.width() + 2);
        let remark = fit::elide(&escape::terminal(remark), room, self.glyphs.ellipsis);
        self.push(if remark.is_empty() { line } else { line.put("  ").ink(Ink::Dim, remark) });
    }

    pub fn blank(&mut self) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
    }

    /// A text of several words, wrapped below `first`, at most `lines` lines.
    pub fn wrapped(&mut self, first: Line, ink: Ink, text: &str, lines: usize) {
        let column = first.width();
        let text = escape::terminal(text);
        let mut start = Some(first);
        for piece in fit::wrap(&text, self.width.saturating_sub(column), lines, self.glyphs.ellipsis) {
            let line = start.take().unwrap_or_else(|| Line::indent(column));
            self.push(line.ink(ink, piece));
        }
    }

    /// Adds one line, cut where it is too wide.
    pub fn push(&mut self, line: Line) {
        let mut spans = line.spans;
        let total: usize = spans.iter().map(|span| fit::width(&span.text)).sum();
        if total > self.width {
            let ellipsis = self.glyphs.ellipsis;
            let mut room = self.width - fit::width(ellipsis);
            for span in &mut spans {
                let kept = fit::head(&span.text, room).len();
                span.text.truncate(kept);
                room -= fit::width(&span.text);
                if kept == 0 {
                    room = 0;
                }
            }
            spans.retain(|span| !span.text.is_empty());
            if let Some(last) = spans.last_mut() {
                last.text.truncate(last.text.trim_end().len());
                last.text.push_str(ellipsis);
            }
        }
        while let Some(last) = spans.last_mut() {
            last.text.truncate(last.text.trim_end().len());
            if !last.text.is_empty() {
                break;
            }
            spans.pop();
        }
        for span in &spans {
            self.emit(span);
        }
        self.text.push('\n');
    }

    fn emit(&mut self, span: &Span) {
        let code = if self.options.color { span.ink.code() } else { "" };
        let link = span.link.as_deref().filter(|_| self.options.hyperlinks);
        if let Some(target) = link {
            self.text.push_str("\x1b]8;;");
            self.text.push_str(target);
            self.text.push_str("\x1b\\");
        }
        if code.is_empty() {
            self.text.push_str(&span.text);
        } else {
            self.text.push_str("\x1b[");
            self.text.push_str(code);
            self.text.push('m');
            self.text.push_str(&span.text);
            self.text.push_str("\x1b[0m");
        }
        if link.is_some() {
            self.text.push_str("\x1b]8;;\x1b\\");
        }
    }

    /// `file:` URI of a line, in the form that terminals hand to editors; `None` where the source is no file of its own.
    pub fn target(&self, view: &View, id: u32, line: u64) -> Option<String> {
        let source = view.source(id).filter(|_| self.options.hyperlinks)?;
        let path = file_of(source)?;
        let path = match &self.options.base {
            Some(base) => base.join(path).to_string_lossy().into_owned(),
            None => path.to_owned(),
        };
        let uri = escape::uri(&path);
        uri.starts_with("file://").then(|| format!("{uri}#{line}"))
    }

    /// A name or place on one line, container ids without the application's number.
    pub fn brief(&self, view: &View, text: &str) -> String {
        escape::terminal(&view.brief(text, self.glyphs.ellipsis)).into_owned()
    }

    /// A place as a linked text of at most `max` columns.
    pub fn place(&self, view: &View, id: u32, line: u64, max: usize) -> Line {
        let text = self.brief(view, &view.place(id, line));
        Line::new().link(Ink::Accent, fit::elide(&text, max, self.glyphs.ellipsis), self.target(view, id, line))
    }
}

fn file_of(source: &Source) -> Option<&str> {
    (source.path != "-" && source.stream_line.is_none()).then_some(source.path.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(options: &Options, line: Line) -> String {
        let mut page = Page::new(options);
        page.push(line);
        page.text
    }

    #[test]
    fn lines_are_cut_and_bare_of_trailing_blanks() {
        let options = Options { width: 40, ..Options::default() };
        assert_eq!(shown(&options, Line::new().put("a").put("   ")), "a\n");
        let cut = shown(&options, Line::new().put("x".repeat(30)).put(" ").put("y".repeat(30)));
        assert_eq!(fit::width(cut.trim_end()), 40);
        assert!(cut.ends_with("…\n"));
    }

    #[test]
    fn colours_and_links_only_when_asked() {
        let line = || Line::new().link(Ink::Bad, "a:1", Some("file:///a#1".to_owned()));
        assert_eq!(shown(&Options::default(), line()), "a:1\n");
        let both = Options { color: true, hyperlinks: true, ..Options::default() };
        assert_eq!(shown(&both, line()), "\x1b]8;;file:///a#1\x1b\\\x1b[1;31ma:1\x1b[0m\x1b]8;;\x1b\\\n");
    }

    #[test]
    fn log_text_brings_no_escape_sequence() {
        assert_eq!(shown(&Options::default(), Line::new().put("\x1b[2J\u{202e}x")), "\\u{1b}[2J\\u{202e}x\n");
    }
}
