//! The page in a real browser: headless Chromium, where it is installed, driven through the DevTools protocol over a pair of named pipes.

use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::{Value, json};

use super::super::model::Report;
use super::super::sample;
use super::write;

/// Longest time for one answer of the browser, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(60);
/// From here on a reader feels that a page lags. Measured are some tens of milliseconds; builds that run beside the test take their share.
const RESPONSIVE_MS: f64 = 400.0;

fn chromium() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names = ["chromium", "chromium-browser", "google-chrome"];
    std::env::split_paths(&path).flat_map(|folder| names.map(|name| folder.join(name))).find(|file| file.is_file())
}

/// One browser with one page.
struct Browser {
    child: Child,
    commands: File,
    messages: Receiver<Value>,
    session: Option<String>,
    count: u64,
    /// What the page complained about.
    complaints: Vec<String>,
    folder: tempfile::TempDir,
}

impl Browser {
    /// `None`, with a word on standard error, where no Chromium is installed.
    fn start() -> Option<Browser> {
        let Some(program) = chromium() else {
            eprintln!("no Chromium here: the page is not tried");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        let (into, out) = (folder.path().join("in"), folder.path().join("out"));
        assert!(Command::new("mkfifo").args([&into, &out]).status().unwrap().success());
        let switches = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update \
                        --disable-sync --window-size=1280,900 --remote-debugging-pipe";
        let child = Command::new("sh")
            .args(["-c", "exec \"$@\" 3<\"$0/in\" 4>\"$0/out\""])
            .arg(folder.path())
            .arg(program)
            .args(switches.split_whitespace())
            .arg(format!("--user-data-dir={}", folder.path().join("profile").display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let commands = File::options().write(true).open(&into).unwrap();
        let (sender, messages) = channel();
        let answers = File::open(&out).unwrap();
        std::thread::spawn(move || {
            for message in BufReader::new(answers).split(0).map_while(Result::ok) {
                if sender.send(serde_json::from_slice(&message).unwrap_or_default()).is_err() {
                    return;
                }
            }
        });
        let mut browser = Browser { child, commands, messages, session: None, count: 0, complaints: Vec::new(), folder };
        let target = browser.ask("Target.createTarget", json!({"url": "about:blank"}))["targetId"].clone();
        browser.session = Some(browser.ask("Target.attachToTarget", json!({"targetId": target, "flatten": true}))["sessionId"].as_str().unwrap().to_owned());
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            browser.ask(domain, json!({}));
        }
        Some(browser)
    }

    fn ask(&mut self, method: &str, params: Value) -> Value {
        self.count += 1;
        let mut message = json!({"id": self.count, "method": method, "params": params});
        if let Some(session) = &self.session {
            message["sessionId"] = session.as_str().into();
        }
        self.commands.write_all(format!("{message}\0").as_bytes()).unwrap();
        loop {
            let mut answer = self.messages.recv_timeout(PATIENCE).unwrap_or_else(|e| panic!("{method}: {e}"));
            match answer["method"].as_str() {
                Some("Runtime.exceptionThrown" | "Log.entryAdded") => self.complaints.push(answer["params"].to_string()),
                _ if answer["id"] == self.count => {
                    assert!(answer["error"].is_null(), "{method}: {answer}");
                    return answer["result"].take();
                }
                _ => {}
            }
        }
    }

    /// Opens the page of a report and waits until it is drawn.
    fn open(&mut self, report: &Report) {
        let page = self.folder.path().join("report.html");
        let mut text = Vec::new();
        write(report, &mut text).unwrap();
        std::fs::write(&page, text).unwrap();
        self.ask("Page.navigate", json!({"url": format!("file://{}", page.display())}));
        while self.run("document.readyState + document.querySelectorAll('main > section').length.toString()") == json!("loading0") {}
        self.run("new Promise(done => document.readyState === 'complete' ? done() : addEventListener('load', done))");
    }

    /// The value of an expression in the page.
    fn run(&mut self, expression: &str) -> Value {
        let mut answer = self.ask("Runtime.evaluate", json!({"expression": expression, "awaitPromise": true, "returnByValue": true}));
        assert!(answer["exceptionDetails"].is_null(), "{expression}: {answer}");
        answer["result"]["value"].take()
    }

    fn text(&mut self, expression: &str) -> String {
        self.run(expression).as_str().unwrap_or_default().to_owned()
    }

    /// Presses and releases a key, as a hand would.
    fn press(&mut self, key: &str) {
        let code = match key {
            "Enter" => 13,
            "Escape" => 27,
            "ArrowRight" => 39,
            _ => 0,
        };
        let mut down = json!({"type": "keyDown", "key": key, "windowsVirtualKeyCode": code});
        if key.len() == 1 || key == "Enter" {
            down["text"] = if key == "Enter" { "\r" } else { key }.into();
        }
        self.ask("Input.dispatchKeyEvent", down);
        self.ask("Input.dispatchKeyEvent", json!({"type": "keyUp", "key": key, "windowsVirtualKeyCode": code}));
    }

    fn emulate(&mut self, media: &str, scheme: &str) {
        self.ask("Emulation.setEmulatedMedia", json!({"media": media, "features": [{"name": "prefers-color-scheme", "value": scheme}]}));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The events of the disaster over and over, one a second.
fn long(events: usize) -> Report {
    let mut report = sample::disaster();
    let rows = report.timeline.iter().cycle().take(events).cloned().enumerate();
    report.timeline = rows
        .map(|(at, mut row)| {
            let time = format!("2026-11-21T{:02}:{:02}:{:02}.{:03}Z", 9 + at / 3600, at / 60 % 60, at % 60, at % 1000);
            (row.first, row.last) = (Some(time.clone()), Some(time));
            row.text = format!("{} no. {at}", row.text);
            row
        })
        .collect();
    report
}

#[test]
fn the_page_is_built_without_complaint_and_data_stays_text() {
    let Some(mut browser) = Browser::start() else { return };
    for (name, report, verdict) in [
        ("disaster", sample::disaster(), "FAILED"),
        ("healthy", sample::healthy(), "HEALTHY"),
        ("blank", sample::not_assessed(), "NOT ASSESSED"),
        ("long", long(10_000), "FAILED"),
    ] {
        browser.open(&report);
        assert_eq!(browser.text("document.querySelector('#verdict').textContent"), verdict, "{name}");
        assert_eq!(browser.run("document.querySelectorAll('script').length"), 2, "{name}");
        // Everything that the script built; the data block stands behind it.
        let main = browser.text("document.querySelector('main').innerHTML");
        assert!(!main.contains(['\u{1b}', '\u{202e}']));
        assert_eq!(main.contains("&lt;script&gt;alert(1)&lt;/script&gt;"), verdict == "FAILED", "{name}");
        assert_eq!(main.contains("<canvas"), verdict != "NOT ASSESSED", "{name}");
        assert!(main.matches("class=\"row mono\"").count() < 100, "{name}: only rows in sight are drawn");
        assert!(browser.complaints.is_empty(), "{name}: {:?}", browser.complaints);
    }
}

/// What a reader sees of the report that the other formats have their expected outputs of.
#[test]
fn the_page_shows_what_is_expected() {
    let Some(mut browser) = Browser::start() else { return };
    browser.open(&sample::short());
    browser.run("document.querySelectorAll('details').forEach((node) => { node.open = true; })");
    let seen = browser.text("document.body.innerText");
    let lines: Vec<&str> = seen.lines().map(str::trim_end).collect();
    super::super::tests::expect("html-drawn", &lines.join("\n"));
}

#[test]
fn what_jvms_said_stands_in_the_page() {
    let Some(mut browser) = Browser::start() else { return };
    browser.open(&Report { jvm: sample::jvm(), ..sample::disaster() });
    let chapter = browser.text("document.getElementById('jvm').innerText");
    for word in
        ["The JVM crashed: SIGSEGV", "RocksDB's native code", "Out of memory: Java heap space, 3 lines", "475 MiB", "deadlock", "holds the lock", "112 threads"]
    {
        assert!(chapter.contains(word), "{word}: {chapter}");
    }
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}

/// The page says a figure as every other format does.
#[test]
fn figures_read_as_elsewhere() {
    use super::super::figures;
    let Some(mut browser) = Browser::start() else { return };
    browser.open(&sample::healthy());
    for ms in [0, 9, 850, 999, 5_990, 15_720, 59_999, 245_000, 4_680_000, 273_600_000] {
        assert_eq!(browser.text(&format!("duration({ms})")), figures::duration(ms));
    }
    for ms in [0.02, 0.51, 3.26, 9.97, 12.6, 1_999.6] {
        assert_eq!(browser.text(&format!("duration({ms})")), figures::duration_f(ms));
    }
    for bytes in [0, 999, 1_000, 1_023, 1_024, 12_900_000, 1_048_575, 1 << 40] {
        assert_eq!(browser.text(&format!("size({bytes})")), figures::bytes(bytes));
    }
    for share in [0.0, 0.0001, 0.42, 0.9999, 1.0] {
        assert_eq!(browser.text(&format!("percent({share})")), figures::percent(share));
    }
}

#[test]
fn ten_thousand_events_stay_responsive() {
    let Some(mut browser) = Browser::start() else { return };
    browser.open(&long(10_000));
    assert!(browser.text("document.querySelector('#timeline').textContent").contains("10,000 events of 10,000"));
    // Up to the frame in which the change is seen. The best of three: other processes take their share of the machine.
    const TIMED: &str = "const seen = () => new Promise(done => requestAnimationFrame(() => setTimeout(done)));
        const timed = async (act) => { let best = Infinity; for (let n = 0; n < 3; n++) { await seen(); const from = performance.now(); act(n); await seen(); best = Math.min(best, performance.now() - from); } return best; };";
    let filter = format!("(async () => {{ {TIMED} return await timed((n) => FILTERED.forEach((filter) => filter(['no. 77', 'checkpoint', ''][n]))); }})()");
    let zoom = format!(
        "(async () => {{ {TIMED} const canvas = document.querySelector('canvas'); return await timed(() => canvas.dispatchEvent(new KeyboardEvent('keydown', {{ key: '+' }}))); }})()"
    );
    let scroll = format!(
        "(async () => {{ {TIMED} const rows = document.querySelector('.rows'); return await timed((n) => {{ rows.scrollTop = 50000 * (n + 1); }}); }})()"
    );
    for (what, script) in [("filter", filter), ("zoom", zoom), ("scroll", scroll)] {
        let ms = browser.run(&script).as_f64().unwrap();
        eprintln!("{what}: {ms:.0} ms");
        assert!(ms < RESPONSIVE_MS, "{what} takes {ms:.0} ms");
    }
    let built = browser.run("performance.getEntriesByType('navigation')[0].domComplete").as_f64().unwrap();
    eprintln!("built: {built:.0} ms");
    assert!(built < 10.0 * RESPONSIVE_MS, "the page takes {built:.0} ms to come up");
}

#[test]
fn filter_zoom_sort_light_dark_and_print_work_by_keyboard() {
    let Some(mut browser) = Browser::start() else { return };
    browser.open(&sample::disaster());
    let waited = "new Promise(done => setTimeout(done, 400))";
    // The filter box.
    let before = browser.text("document.querySelector('#timeline > .count').textContent");
    browser.press("/");
    for key in "expired".split("").filter(|key| !key.is_empty()) {
        browser.press(key);
    }
    assert_eq!(browser.text("document.activeElement.id + document.activeElement.value"), "filterexpired");
    browser.run(waited);
    let left = browser.text("document.querySelector('#timeline > .count').textContent");
    assert_ne!(left, before);
    assert_eq!(browser.run("[...document.querySelectorAll('.rows .row')].every((row) => row.textContent.toLowerCase().includes('expired'))"), true);
    browser.press("Escape");
    browser.run(waited);
    assert_eq!(browser.text("document.querySelector('#timeline > .count').textContent"), before);
    // The time line.
    let range = "document.querySelector('.bar .dim').textContent";
    let whole = browser.text(range);
    browser.run("document.querySelector('canvas').focus()");
    browser.press("+");
    browser.run(waited);
    let near = browser.text(range);
    browser.press("ArrowRight");
    browser.run(waited);
    let moved = browser.text(range);
    assert!(whole != near && near != moved);
    browser.press("0");
    browser.run(waited);
    assert_eq!(browser.text(range), whole);
    // Sorting.
    browser.run("document.querySelector('th button').focus()");
    browser.press("Enter");
    assert_eq!(browser.text("document.querySelector('th').getAttribute('aria-sort')"), "ascending");
    browser.press("Enter");
    assert_eq!(browser.text("document.querySelector('th').getAttribute('aria-sort')"), "descending");
    // Everything that can be worked can be reached.
    assert_eq!(browser.run("[...document.querySelectorAll('button, input, summary, canvas, .rows, .wide')].every((node) => node.tabIndex === 0)"), true);
    // Light, dark, paper.
    let paper = "getComputedStyle(document.body).backgroundColor";
    browser.emulate("", "light");
    let light = browser.text(paper);
    browser.emulate("", "dark");
    assert_ne!(browser.text(paper), light);
    browser.run("document.getElementById('theme').click()");
    assert_eq!(browser.text(paper), light);
    browser.emulate("print", "dark");
    assert_eq!(browser.text("getComputedStyle(document.querySelector('nav')).display"), "none");
    assert_eq!(browser.text(paper), "rgb(255, 255, 255)");
    assert!(browser.complaints.is_empty(), "{:?}", browser.complaints);
}
