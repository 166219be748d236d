//! The page in a real browser: headless Chromium, where it is installed.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::super::model::Report;
use super::super::sample;
use super::write;

fn browser() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name))).find(|file| file.is_file())
}

/// The document as the browser has built it, and what it complained about.
fn built(browser: &Path, name: &str, report: &Report) -> (String, String) {
    let folder = std::env::temp_dir().join(format!("flinklog-browser-{}-{name}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let page = folder.join("report.html");
    let mut text = Vec::new();
    write(report, &mut text).unwrap();
    std::fs::write(&page, text).unwrap();
    let profile = format!("--user-data-dir={}", folder.join("profile").display());
    let switches = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync \
                    --window-size=1280,900 --virtual-time-budget=4000 --enable-logging=stderr --dump-dom";
    let output = Command::new(browser).args(switches.split_whitespace()).arg(profile).arg(format!("file://{}", page.display())).output().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    (String::from_utf8_lossy(&output.stdout).into_owned(), String::from_utf8_lossy(&output.stderr).into_owned())
}

#[test]
fn the_page_is_built_without_complaint_and_data_stays_text() {
    let Some(browser) = browser() else {
        eprintln!("no Chromium here: the page is not tried");
        return;
    };
    let mut long = sample::disaster();
    long.timeline = long.timeline.iter().cycle().take(10_000).cloned().collect();
    for (name, report, verdict) in [
        ("disaster", sample::disaster(), "FAILED"),
        ("healthy", sample::healthy(), "HEALTHY"),
        ("blank", sample::not_assessed(), "NOT ASSESSED"),
        ("long", long, "FAILED"),
    ] {
        let (document, complaints) = built(&browser, name, &report);
        for word in ["Uncaught", "Content Security Policy", "Refused"] {
            assert!(!complaints.contains(word), "{name}: {complaints}");
        }
        assert!(document.contains(&format!(">{verdict}</span>")), "{name}");
        assert_eq!(document.matches("<script").count(), 2, "{name}");
        // Everything that the script built; the data block stands behind it.
        let main = document.split_once("<main").unwrap().1.split_once("</main>").unwrap().0;
        assert!(!main.contains(['\u{1b}', '\u{202e}']));
        assert_eq!(main.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), verdict == "FAILED", "{name}");
        assert_eq!(main.contains("<canvas"), verdict != "NOT ASSESSED", "{name}");
        assert!(main.matches("class=\"row mono\"").count() < 100, "{name}: only rows in sight are drawn");
    }
}
