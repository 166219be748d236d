//! Tables that give way: natural column widths, and where the page is too narrow the yielding columns shrink and their texts lose their middle.

use super::super::escape;
use super::fit;
use super::page::{Ink, Line, Page};

/// One column.
pub struct Column {
    pub title: &'static str,
    pub right: bool,
    /// Columns that it may shrink to; `None` never shrinks.
    pub least: Option<usize>,
    /// Loses its end instead of its middle.
    pub cut: bool,
}

impl Column {
    pub fn left(title: &'static str) -> Column {
        Column { title, right: false, least: None, cut: false }
    }

    pub fn right(title: &'static str) -> Column {
        Column { title, right: true, least: None, cut: false }
    }

    /// A column of names that may be elided down to `least` columns.
    pub fn yielding(title: &'static str, least: usize) -> Column {
        Column { title, right: false, least: Some(least), cut: false }
    }

    /// A column of sentences that may be cut down to `least` columns.
    pub fn cutting(title: &'static str, least: usize) -> Column {
        Column { cut: true, ..Column::yielding(title, least) }
    }
}

/// One cell: a text with a meaning and a link, or a ready-made picture.
#[derive(Clone, Default)]
pub struct Cell {
    text: String,
    ink: Ink,
    link: Option<String>,
    picture: Option<Line>,
}

impl Cell {
    pub fn new(text: impl AsRef<str>) -> Cell {
        Cell::ink(Ink::Plain, text)
    }

    pub fn ink(ink: Ink, text: impl AsRef<str>) -> Cell {
        Cell { text: escape::terminal(text.as_ref()).into_owned(), ink, ..Cell::default() }
    }

    pub fn linked(text: impl AsRef<str>, link: Option<String>) -> Cell {
        Cell { link, ..Cell::ink(Ink::Accent, text) }
    }

    pub fn picture(line: Line) -> Cell {
        Cell { picture: Some(line), ..Cell::default() }
    }

    fn width(&self) -> usize {
        self.picture.as_ref().map_or_else(|| fit::width(&self.text), Line::width)
    }
}

/// Rows under a dim head, indented by two columns.
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

const INDENT: usize = 2;
const GAP: usize = 2;

impl Table {
    pub fn new(columns: Vec<Column>) -> Table {
        Table { columns, rows: Vec::new() }
    }

    pub fn row(&mut self, cells: Vec<Cell>) {
        self.rows.push(cells);
    }

    /// Draws the table; columns without any text are left out.
    pub fn draw(self, page: &mut Page) {
        if self.rows.is_empty() {
            return;
        }
        let natural: Vec<usize> =
            (0..self.columns.len()).map(|at| self.rows.iter().filter_map(|row| row.get(at)).map(Cell::width).max().unwrap_or(0)).collect();
        let shown: Vec<usize> = (0..self.columns.len()).filter(|at| natural[*at] > 0).collect();
        let mut widths: Vec<usize> = shown.iter().map(|at| natural[*at].max(fit::width(self.columns[*at].title)).min(page.width)).collect();
        let mut total = INDENT + widths.iter().sum::<usize>() + GAP * widths.len().saturating_sub(1);
        // The widest column that may still shrink gives one column at a time, so that several end up equally wide.
        while total > page.width {
            let widest = (0..widths.len()).filter(|at| self.columns[shown[*at]].least.is_some_and(|least| widths[*at] > least)).max_by_key(|at| widths[*at]);
            let Some(widest) = widest else { break };
            widths[widest] -= 1;
            total -= 1;
        }
        if shown.iter().any(|at| !self.columns[*at].title.is_empty()) {
            let cells = shown.iter().map(|at| Cell::ink(Ink::Dim, self.columns[*at].title));
            page.push(self.line(&shown, &widths, cells, page));
        }
        for row in &self.rows {
            let cells = shown.iter().map(|at| row.get(*at).cloned().unwrap_or_default());
            page.push(self.line(&shown, &widths, cells, page));
        }
    }

    fn line(&self, shown: &[usize], widths: &[usize], cells: impl Iterator<Item = Cell>, page: &Page) -> Line {
        let mut line = Line::indent(INDENT);
        let mut column = INDENT;
        for ((at, width), cell) in shown.iter().zip(widths).zip(cells) {
            line = line.pad_to(column);
            column += width + GAP;
            line = match cell.picture {
                Some(picture) => line.append(picture),
                None => {
                    let shorten = if self.columns[*at].cut { fit::cut } else { fit::elide };
                    let text = shorten(&cell.text, *width, page.glyphs.ellipsis);
                    let pad = if self.columns[*at].right { width.saturating_sub(fit::width(&text)) } else { 0 };
                    line.put(" ".repeat(pad)).link(cell.ink, text, cell.link)
                }
            };
        }
        line
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::options::Options;
    use super::*;

    fn drawn(width: usize, rows: &[[&str; 3]]) -> Vec<String> {
        let options = Options { width, ..Options::default() };
        let mut page = Page::new(&options);
        let mut table = Table::new(vec![Column::yielding("name", 8), Column::right("n"), Column::left("empty")]);
        for row in rows {
            table.row(row.iter().map(Cell::new).collect());
        }
        table.draw(&mut page);
        let mut out = Vec::new();
        page.write_to(&mut out).unwrap();
        String::from_utf8(out).unwrap().lines().map(str::to_owned).collect()
    }

    #[test]
    fn empty_columns_go_and_numbers_stand_right() {
        assert_eq!(drawn(80, &[["a", "1", ""], ["bbb", "22", ""]]), ["  name   n", "  a      1", "  bbb   22"]);
    }

    #[test]
    fn long_names_lose_their_middle() {
        let lines = drawn(40, &[["a-name-that-is-far-too-long-for-a-narrow-page-and-ends-here", "1", ""]]);
        assert_eq!(fit::width(&lines[1]), 40);
        assert!(lines[1].contains('…') && lines[1].contains("ends-here"));
    }
}
