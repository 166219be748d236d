//! Markdown for step summaries, tickets and pull requests: GitHub's flavour, plain enough for others.
//!
//! Text of logs is literal: no markup, no mention, no link comes out of it. The result never exceeds [`Options::max_bytes`]; chapters that do not fit are
//! named at the end.

mod chapters;

use std::io;

use super::escape::markdown;
use super::model::Report;
use super::options::{Chapter, Options};
use super::text::platform;
use super::view::{View, words};

/// Kept for the note about what was left out.
const RESERVE: usize = 400;

/// A page that takes whole chapters while they fit.
struct Sheet {
    out: String,
    max: usize,
    left_out: Vec<&'static str>,
}

impl Sheet {
    fn chapter(&mut self, title: &'static str, body: String) {
        if body.is_empty() {
            return;
        }
        let chapter = format!("\n## {title}\n\n{body}");
        if self.out.len() + chapter.len() + RESERVE <= self.max {
            self.out.push_str(&chapter);
        } else {
            self.left_out.push(title);
        }
    }
}

pub fn write(report: &Report, options: &Options, out: &mut dyn io::Write) -> io::Result<()> {
    let view = View::new(report);
    let mut sheet = Sheet { out: head(&view), max: options.max_bytes, left_out: Vec::new() };
    match options.chapter {
        Chapter::Full => {
            sheet.chapter("What happened", chapters::what_happened(&view));
            sheet.chapter("What to do", chapters::what_to_do(&view));
            sheet.chapter("Attempts", chapters::attempts(&view));
            sheet.chapter("Checkpoints", chapters::checkpoints(&view, false));
            sheet.chapter("Garbage collection", chapters::gc(&view));
            sheet.chapter("JVM", chapters::jvm(&view));
            sheet.chapter("TaskManagers", chapters::task_managers(&view));
            sheet.chapter("Exceptions", chapters::exceptions(&view, 10));
            sheet.chapter("What was read", chapters::coverage(&view, options.all));
        }
        Chapter::Timeline => sheet.chapter("Time line", chapters::timeline(&view, options.max_bytes)),
        Chapter::Exceptions => sheet.chapter("Exceptions", chapters::exceptions(&view, usize::MAX)),
        Chapter::Checkpoints => sheet.chapter("Checkpoints", chapters::checkpoints(&view, true)),
        Chapter::Gc => {
            sheet.chapter("Garbage collection", chapters::gc(&view));
            sheet.chapter("JVM", chapters::jvm(&view));
        }
    }
    if !sheet.left_out.is_empty() {
        sheet.out.push_str(&format!("\n_Left out for the size of this page: {}._\n", sheet.left_out.join(", ").to_lowercase()));
    }
    out.write_all(cap(&sheet.out, options.max_bytes).as_bytes())
}

fn head(view: &View) -> String {
    let summary = &view.report.summary;
    let mark = match summary.verdict.as_str() {
        "failed" => "🔴 ",
        "degraded" => "🟠 ",
        "healthy" => "🟢 ",
        _ => "⚪ ",
    };
    let mut head = format!("# {mark}{}\n\n", markdown(&words::verdict(&summary.verdict)));
    head.push_str(&format!("**{}**\n\n", markdown(&chapters::clipped(&summary.headline, 1000))));
    let span = view.span().map(|(from, to)| format!("{} to {}, {}", view.clock.full(from), view.clock.full(to), view.clock.zone()));
    let folder = (view.folder.len() > 1).then(|| format!("files below {}", view.folder));
    let parts: Vec<String> = [Some(platform(view)).filter(|text| !text.is_empty()), span, folder].into_iter().flatten().collect();
    head.push_str(&markdown(&parts.join("; ")));
    head.push('\n');
    head
}

/// The longest beginning in whole characters; only a head larger than the bound comes to this.
fn cap(text: &str, max: usize) -> &str {
    let mut end = text.len().min(max);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    &text[..end]
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn page(report: &Report, options: &Options) -> String {
        let mut out = Vec::new();
        write(report, options, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn stays_below_its_bound_and_says_what_is_missing() {
        let report = sample::disaster();
        for max_bytes in [0, 100, 1000, 3000, 6000] {
            let page = page(&report, &Options { max_bytes, ..Options::default() });
            assert!(page.len() <= max_bytes, "{max_bytes}");
            assert!(max_bytes < 1000 || page.contains("Left out for the size"), "{max_bytes}");
        }
        assert!(!page(&report, &Options::default()).contains("Left out for the size"));
    }

    #[test]
    fn a_hostile_name_stays_text() {
        let mut report = sample::disaster();
        report.summary.headline = sample::HOSTILE.to_owned();
        for chapter in [Chapter::Full, Chapter::Timeline, Chapter::Exceptions, Chapter::Checkpoints, Chapter::Gc] {
            let page = page(&report, &Options { chapter, all: true, ..Options::default() });
            assert!(!page.contains(['\u{1b}', '\u{202e}']));
            // An independent parser sees no element but our own, and no link.
            let options = pulldown_cmark::Options::ENABLE_TABLES;
            for event in pulldown_cmark::Parser::new_ext(&page, options) {
                match event {
                    pulldown_cmark::Event::Html(html) | pulldown_cmark::Event::InlineHtml(html) => {
                        let rest = html.replace("<details>", "").replace("</details>", "").replace("<summary>", "").replace("</summary>", "");
                        assert!(!rest.contains('<'), "{html}");
                    }
                    pulldown_cmark::Event::Start(pulldown_cmark::Tag::Link { dest_url, .. }) => panic!("{dest_url}"),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn every_table_has_the_same_cells_in_all_rows() {
        let page = page(&sample::disaster(), &Options { all: true, ..Options::default() });
        let cells = |line: &str| line.replace("\\|", "").matches('|').count();
        let lines: Vec<&str> = page.lines().collect();
        for pair in lines.windows(2) {
            if pair[0].starts_with('|') && pair[1].starts_with('|') {
                assert_eq!(cells(pair[0]), cells(pair[1]), "{}\n{}", pair[0], pair[1]);
            }
        }
    }
}
