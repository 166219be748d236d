//! One self-contained HTML file: the report as data, and the page that draws it.
//!
//! Nothing of the report is put into markup: it stands as JSON in a data block with `<` escaped, and the page's script builds every element through
//! `textContent`. The policy in the head lets nothing run but that script and nothing load at all, so the file can be kept and passed on.

#[cfg(all(test, unix))]
mod browser;

use std::io;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use sha2::{Digest, Sha256};

use super::escape;
use super::model::Report;
use super::text::{outlook, platform, replay};
use super::view::{View, chain};

const PAGE: &str = include_str!("assets/report.html");
const STYLE: &str = include_str!("assets/report.css");
const SCRIPTS: [&str; 4] = [include_str!("assets/dom.js"), include_str!("assets/lanes.js"), include_str!("assets/jvm.js"), include_str!("assets/report.js")];

/// What the page needs beside the report itself: that which the other formats derive too, so that all tell the same.
#[derive(Serialize)]
struct Data<'r> {
    report: &'r Report,
    offset_minutes: i64,
    zone: String,
    platform: String,
    folder: &'r str,
    application: &'r str,
    chains: Vec<Vec<Step<'r>>>,
    outlooks: Vec<(&'r str, String)>,
    replay: Option<String>,
}

#[derive(Serialize)]
struct Step<'r> {
    id: &'r str,
    depth: usize,
}

pub fn write(report: &Report, out: &mut dyn io::Write) -> io::Result<()> {
    let view = View::new(report);
    let chains =
        view.root_causes().into_iter().map(|root| chain(report, root).into_iter().map(|step| Step { id: &step.finding.id, depth: step.depth }).collect());
    let data = Data {
        report,
        offset_minutes: view.clock.offset_minutes(),
        zone: view.clock.zone(),
        platform: platform(&view),
        folder: view.folder,
        application: view.application,
        chains: chains.collect(),
        outlooks: report.findings.iter().map(|finding| (finding.id.as_str(), outlook(finding))).collect(),
        replay: replay(&view),
    };
    let data = escape::script_json(&serde_json::to_string(&data).map_err(io::Error::from)?);
    let script = SCRIPTS.concat();
    let title = format!("{}: {}", report.summary.verdict, report.summary.headline);
    let policy = format!("default-src 'none'; script-src '{}'; style-src '{}'; base-uri 'none'; form-action 'none'", hash(&script), hash(STYLE));
    for piece in Pieces(PAGE) {
        let value = match piece {
            Piece::Text(text) => text,
            Piece::Slot("title") => &escape::markup(&title),
            Piece::Slot("policy") => &policy,
            Piece::Slot("style") => STYLE,
            Piece::Slot("script") => &script,
            Piece::Slot("data") => &data,
            Piece::Slot(_) => "",
        };
        out.write_all(value.as_bytes())?;
    }
    Ok(())
}

/// Source expression of Content Security Policy level 2 for an inline element with this content.
fn hash(content: &str) -> String {
    format!("sha256-{}", STANDARD.encode(Sha256::digest(content)))
}

enum Piece<'t> {
    Text(&'t str),
    Slot(&'t str),
}

/// The template cut at `{{slot}}`; what is put into a slot is not looked at again.
struct Pieces<'t>(&'t str);

impl<'t> Iterator for Pieces<'t> {
    type Item = Piece<'t>;

    fn next(&mut self) -> Option<Piece<'t>> {
        if self.0.is_empty() {
            return None;
        }
        if let Some(rest) = self.0.strip_prefix("{{")
            && let Some((slot, rest)) = rest.split_once("}}")
        {
            self.0 = rest;
            return Some(Piece::Slot(slot));
        }
        let end = self.0.get(1..).and_then(|rest| rest.find("{{")).map_or(self.0.len(), |at| at + 1);
        let (text, rest) = self.0.split_at(end);
        self.0 = rest;
        Some(Piece::Text(text))
    }
}

#[cfg(test)]
mod tests {
    use super::super::sample;
    use super::*;

    fn page(report: &Report) -> String {
        let mut out = Vec::new();
        write(report, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn between<'t>(text: &'t str, from: &str, to: &str) -> &'t str {
        text.split_once(from).unwrap().1.split_once(to).unwrap().0
    }

    #[test]
    fn the_policy_allows_exactly_what_stands_in_the_page() {
        let page = page(&sample::disaster());
        let policy = between(&page, "http-equiv=\"Content-Security-Policy\" content=\"", "\"");
        assert!(policy.starts_with("default-src 'none';"));
        assert!(policy.contains(&hash(between(&page, "<style>", "</style>"))));
        assert!(policy.contains(&hash(between(&page, "<script>", "</script>"))));
        assert!(!policy.contains("unsafe"));
    }

    #[test]
    fn the_data_block_reads_back_and_brings_no_element() {
        let report = sample::disaster();
        let page = page(&report);
        let data = between(&page, "<script type=\"application/json\" id=\"data\">", "</script>");
        let value: serde_json::Value = serde_json::from_str(data).unwrap();
        assert_eq!(serde_json::from_value::<Report>(value["report"].clone()).unwrap(), report);
        assert_eq!(page.matches("<script").count(), 2);
        assert_eq!(page.matches("</script").count(), 2);
        assert!(!page.contains("alert(1)</"));
    }

    #[test]
    fn nothing_is_fetched_and_no_markup_is_parsed() {
        let page = page(&Report::default()).replace("const SVG = \"http://www.w3.org/2000/svg\";", "");
        for word in
            ["http://", "https://", "src=", "@import", "url(", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function"]
        {
            assert!(!page.contains(word), "{word}");
        }
        for attribute in [" style=", " onclick=", " onload="] {
            assert!(!page.contains(attribute), "{attribute}");
        }
    }
}
