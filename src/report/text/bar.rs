//! Pictures in one line: when something ran, and how a figure went.

use super::glyphs::Glyphs;
use super::page::{Ink, Line};

/// When the given stretches of time (milliseconds, from, to) lay between `from` and `to`: each of `cells` characters is the darker the more of its share
/// of time was covered. `faults` mark single moments.
pub fn stretches(spans: &[(i64, i64)], faults: &[i64], (from, to): (i64, i64), cells: usize, ink: Ink, glyphs: &Glyphs) -> Line {
    let total = (to.saturating_sub(from)).max(1) as f64;
    let cell_of = |ms: i64| (ms.saturating_sub(from) as f64 / total * cells as f64).clamp(0.0, cells as f64);
    let mut covered = vec![0.0f64; cells];
    for &(start, end) in spans {
        let (start, end) = (cell_of(start), cell_of(end.max(start)));
        let mut at = (start as usize).min(cells.saturating_sub(1));
        let first = at;
        // However short it was, it shows.
        while at < cells && (at == first || (at as f64) < end) {
            covered[at] += (end.min(at as f64 + 1.0) - start.max(at as f64)).max(1e-6);
            at += 1;
        }
    }
    let mut marks = vec![false; cells];
    for &fault in faults {
        if let Some(mark) = marks.get_mut((cell_of(fault) as usize).min(cells.saturating_sub(1))) {
            *mark = true;
        }
    }
    let mut line = Line::new();
    let last = (0..cells).rev().find(|at| marks[*at] || covered[*at] > 0.0).map_or(0, |at| at + 1);
    for at in 0..last {
        line = if marks[at] { line.ink(Ink::Bad, glyphs.fault.to_string()) } else { line.ink(ink, shade(covered[at], glyphs).to_string()) };
    }
    line.pad_to(cells)
}

fn shade(covered: f64, glyphs: &Glyphs) -> char {
    match covered {
        share if share <= 0.0 => ' ',
        share if share < 0.3 => glyphs.shades[0],
        share if share < 0.6 => glyphs.shades[1],
        share if share < 0.9 => glyphs.shades[2],
        _ => glyphs.shades[3],
    }
}

/// A row of small bars from 0 to the greatest value, at most `cells` of them, each the greatest of its slice.
pub fn spark(values: &[u64], cells: usize, glyphs: &Glyphs) -> String {
    let greatest = values.iter().copied().max().unwrap_or(0);
    let cells = cells.min(values.len());
    let slice = |at: usize| values[at * values.len() / cells..((at + 1) * values.len() / cells).max(1)].iter().copied().max().unwrap_or(0);
    (0..cells)
        .map(|at| {
            let level = (slice(at) as f64 / greatest.max(1) as f64 * 7.0).round() as usize;
            glyphs.sparks[level.min(7)]
        })
        .collect()
}

/// As [`spark`], where there may be nothing to show in a slice.
pub fn spark_sparse(values: &[Option<u64>], cells: usize, glyphs: &Glyphs) -> String {
    let greatest = values.iter().flatten().copied().max().unwrap_or(0);
    let cells = cells.min(values.len());
    let slice = |at: usize| values[at * values.len() / cells..((at + 1) * values.len() / cells).max(1)].iter().flatten().copied().max();
    let level = |value: u64| (value as f64 / greatest.max(1) as f64 * 7.0).round() as usize;
    (0..cells).map(|at| slice(at).map_or(' ', |value| glyphs.sparks[level(value).min(7)])).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::options::Options;
    use super::super::glyphs::{ASCII, UNICODE};
    use super::super::page::Page;
    use super::*;

    fn drawn(spans: &[(i64, i64)], faults: &[i64], cells: usize) -> String {
        let options = Options { unicode: false, ..Options::default() };
        let mut page = Page::new(&options);
        page.push(stretches(spans, faults, (0, 100), cells, Ink::Plain, &ASCII).put("|"));
        let mut out = Vec::new();
        page.write_to(&mut out).unwrap();
        String::from_utf8(out).unwrap().trim_end().to_owned()
    }

    #[test]
    fn time_is_drawn_to_scale() {
        assert_eq!(drawn(&[(0, 50)], &[], 10), "#####     |");
        assert_eq!(drawn(&[(0, 49)], &[49], 10), "####X     |");
        assert_eq!(drawn(&[(55, 56)], &[], 10), "     .    |");
        assert_eq!(drawn(&[(90, 100)], &[100], 10), "         X|");
        assert_eq!(drawn(&[(-1000, 1000)], &[], 4), "####|");
        assert_eq!(drawn(&[(0, 25), (26, 50), (51, 75)], &[], 2), "#-|");
    }

    #[test]
    fn sparks_show_the_peaks_of_their_slices() {
        assert_eq!(spark(&[0, 7, 3], 10, &UNICODE), "▁█▄");
        assert_eq!(spark(&[1, 9, 1, 1], 2, &ASCII), "#.");
        assert_eq!(spark(&[], 5, &ASCII), "");
        assert_eq!(spark(&[0, 0], 5, &ASCII), "__");
        assert_eq!(spark_sparse(&[None, Some(7), None, None, Some(0), None], 3, &ASCII), "# _");
    }
}
