//! Every format over the same reports: expected outputs, and readers that are not ours.
//!
//! Expected outputs lie in `snapshots/` without the crate's name, so that the folder can move. `INSTA_UPDATE=always` writes them anew.

use std::collections::{BTreeMap, BTreeSet};

use super::model::Report;
use super::sample;
use super::text::fit;
use super::{Chapter, Format, Options, diff, redact, render, schema};

fn shown(report: &Report, format: Format, options: &Options) -> String {
    let mut out = Vec::new();
    render(report, format, options, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn plain(report: &Report, format: Format) -> String {
    shown(report, format, &Options::default())
}

pub fn expect(name: &str, text: &str) {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true, snapshot_path => "snapshots" }, {
        insta::assert_snapshot!(name, text);
    });
}

#[test]
fn logs_that_are_missing_are_named_or_counted() {
    let mut report = sample::short();
    let missing = |tm: usize| super::model::Missing { code: "no-log".into(), subject: None, text: format!("no log of TaskManager tm-{tm}") };
    for (count, text, markdown) in [(3, None, None), (9, Some("and 6 more (-f json)"), Some("- **missing:** and 4 more\n"))] {
        report.summary.missing = (0..count).map(missing).collect();
        for (format, more) in [(Format::Text, text), (Format::Markdown, markdown)] {
            let out = shown(&report, format, &Options { all: true, ..Options::default() });
            assert!(out.contains("tm-2") && more.map_or(!out.contains("**missing:** and") && !out.contains("(-f json)"), |more| out.contains(more)), "{out}");
        }
    }
}

/// What is written of the same report in every format, and how text looks at its widest span of reports and options: name of the expected output and text.
fn outputs() -> BTreeMap<String, String> {
    let shared = sample::short();
    let mut out = BTreeMap::new();
    for format in Format::ALL {
        match format {
            Format::Text => {
                for width in [80, 140] {
                    let look = Options { width, ..Options::default() };
                    out.insert(format!("text-{width}"), shown(&shared, format, &look));
                    out.insert(format!("text-ascii-{width}"), shown(&shared, format, &Options { unicode: false, ..look.clone() }));
                    out.insert(
                        format!("text-color-{width}"),
                        shown(&shared, format, &Options { color: true, hyperlinks: true, base: Some("/var/log".into()), ..look }),
                    );
                }
            }
            Format::Html => {
                out.insert("html".to_owned(), bare(&plain(&shared, format)));
            }
            _ => {
                out.insert(format.name().to_owned(), plain(&shared, format));
            }
        }
    }
    for (name, report) in [("disaster", sample::disaster()), ("healthy", sample::healthy()), ("not-assessed", sample::not_assessed())] {
        for width in [80, 140] {
            out.insert(format!("text-{name}-{width}"), shown(&report, Format::Text, &Options { width, ..Options::default() }));
        }
    }
    out.insert("text-all-ascii".to_owned(), shown(&sample::disaster(), Format::Text, &Options { unicode: false, all: true, ..Options::default() }));
    for (name, chapter) in [("timeline", Chapter::Timeline), ("exceptions", Chapter::Exceptions), ("checkpoints", Chapter::Checkpoints), ("gc", Chapter::Gc)] {
        out.insert(format!("text-{name}"), shown(&shared, Format::Text, &Options { width: 110, chapter, ..Options::default() }));
    }
    let with_jvm = Report { gc: Vec::new(), jvm: sample::jvm(), ..sample::disaster() };
    out.insert("text-jvm".to_owned(), shown(&with_jvm, Format::Text, &Options { chapter: Chapter::Gc, ..Options::default() }));
    out.insert("schema".to_owned(), schema::text());
    let mut redacted = shared.clone();
    redact::redact(&mut redacted);
    out.insert("redacted".to_owned(), plain(&redacted, Format::Markdown));
    let fall = diff::diff(&sample::healthy(), &shared);
    for format in Format::ALL {
        let mut text = Vec::new();
        if diff::render(&fall, format, &Options::default(), &mut text).is_ok() {
            out.insert(format!("diff-{format}"), String::from_utf8(text).unwrap());
        }
    }
    out
}

/// The page without its style and script, which are files of their own, and without their hashes; its data with a line for each value.
fn bare(page: &str) -> String {
    let mut page = page.to_owned();
    for (from, to) in [("<style>", "</style>"), ("<script>", "</script>"), ("script-src '", "'"), ("style-src '", "'")] {
        let start = page.find(from).unwrap() + from.len();
        let end = start + page[start..].find(to).unwrap();
        page.replace_range(start..end, "…");
    }
    page.replace(",\"", ",\n\"")
}

/// A format that is added without an expected output fails, as does an expected output that nothing makes any more.
#[test]
fn every_format_has_its_expected_output() {
    let outputs = outputs();
    for (name, text) in &outputs {
        expect(name, text);
    }
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/src/report/snapshots");
    let kept: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .filter_map(|entry| entry.unwrap().file_name().to_str()?.strip_suffix(".snap").map(str::to_owned))
        // What a browser shows is compared where there is one.
        .filter(|name| name != "html-drawn")
        .collect();
    assert_eq!(kept, outputs.into_keys().collect());
}

/// Whatever the width: no line is wider, none ends in a blank, nothing but our own colours steers the terminal.
#[test]
fn the_terminal_is_never_overrun() {
    let chapters = [Chapter::Full, Chapter::Timeline, Chapter::Exceptions, Chapter::Checkpoints, Chapter::Gc];
    for report in [sample::disaster(), sample::healthy(), sample::not_assessed(), Report::default()] {
        for width in [40, 60, 80, 100, 140, 200] {
            for chapter in chapters {
                for unicode in [true, false] {
                    let options = Options { width, chapter, unicode, all: width % 40 == 0, ..Options::default() };
                    for line in shown(&report, Format::Text, &options).lines() {
                        assert!(fit::width(line) <= width, "{width}: {line}");
                        assert_eq!(line.trim_end(), line);
                        assert!(!line.contains(|c: char| c.is_control() || ('\u{202a}'..='\u{202e}').contains(&c)), "{line:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn colour_changes_no_character() {
    let coloured = shown(&sample::disaster(), Format::Text, &Options { color: true, ..Options::default() });
    let mut bare = String::new();
    for (at, piece) in coloured.split("\x1b[").enumerate() {
        bare.push_str(if at == 0 { piece } else { piece.split_once('m').unwrap().1 });
    }
    assert_eq!(bare, plain(&sample::disaster(), Format::Text));
    assert!(coloured.len() > bare.len());
}

#[test]
fn a_healthy_log_takes_few_lines_and_a_disaster_two_screens() {
    assert!(plain(&sample::healthy(), Format::Text).lines().count() <= 10);
    assert!(plain(&sample::disaster(), Format::Text).lines().count() <= 100);
    assert!(shown(&sample::disaster(), Format::Text, &Options { width: 140, ..Options::default() }).lines().count() <= 90);
}

/// However much went wrong: lists get shorter, and say what they leave out.
#[test]
fn many_disasters_at_once_take_two_screens_too() {
    let mut report = sample::disaster();
    let many = |at: usize| format!("-{at}");
    let job = report.jobs[0].clone();
    report.jobs.extend((0..8).map(|at| super::model::Job {
        id: format!("{at}{}", &job.id[1..]),
        name: job.name.clone().map(|name| name + &many(at)),
        ..job.clone()
    }));
    report.task_managers = report.task_managers.iter().cycle().take(40).cloned().collect();
    report.exceptions = report.exceptions.iter().cycle().take(40).cloned().collect();
    report.gc = report.gc.iter().cycle().take(20).cloned().collect();
    for width in [80, 140] {
        let text = shown(&report, Format::Text, &Options { width, ..Options::default() });
        assert!(text.lines().count() <= 100, "{text}");
        assert!(text.contains("more jobs (flinklog checkpoints)") && text.contains("more groups (flinklog exceptions)"), "{text}");
        assert!(shown(&report, Format::Text, &Options { width, all: true, ..Options::default() }).lines().count() > 150);
    }
}

#[test]
fn what_a_jvm_said_is_a_chapter() {
    let report = Report { gc: Vec::new(), jvm: sample::jvm(), ..sample::disaster() };
    let full = plain(&report, Format::Text);
    assert!(full.contains("\nJVM\n") && full.contains("deadlock"));
    assert!(plain(&report, Format::Markdown).contains("RocksDB"));
    let mut redacted = report;
    redact::redact(&mut redacted);
    assert!(!redacted.jvm.iter().any(|jvm| jvm.heap_dumps.iter().any(|dump| dump.path.as_deref().is_some_and(|path| path.contains("alice")))));
}

/// A report that says nothing is written in every format without a fault.
#[test]
fn an_empty_report_has_every_format() {
    for format in Format::ALL {
        for chapter in [Chapter::Full, Chapter::Timeline, Chapter::Exceptions, Chapter::Checkpoints, Chapter::Gc] {
            shown(&Report::default(), format, &Options { chapter, all: true, ..Options::default() });
        }
    }
}

#[test]
fn formats_have_names_of_their_own() {
    let names: BTreeSet<&str> = Format::ALL.iter().map(|format| format.name()).collect();
    assert_eq!(names.len(), Format::ALL.len());
    for format in Format::ALL {
        assert_eq!(format.name().parse(), Ok(format));
    }
    assert!("yaml".parse::<Format>().unwrap_err().to_string().contains("ndjson"));
}

/// The published schema comes with the `serde-sarif` crate.
fn sarif_schema() -> serde_json::Value {
    let run = |program: std::ffi::OsString, args: &[&str]| {
        std::process::Command::new(program).args(args).current_dir(env!("CARGO_MANIFEST_DIR")).output().unwrap().stdout
    };
    let version = String::from_utf8(run(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()), &["-vV"])).unwrap();
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).unwrap();
    // Only what was built is there without a network.
    let metadata =
        run(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()), &["metadata", "--format-version", "1", "--offline", "--filter-platform", host]);
    let metadata: serde_json::Value = serde_json::from_slice(&metadata).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    let manifest = packages.iter().find(|package| package["name"] == "serde-sarif").unwrap()["manifest_path"].as_str().unwrap();
    let path = std::path::Path::new(manifest).with_file_name("src").join("schema.json");
    let mut schema: serde_json::Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    // The published pattern has a stray bracket that strict readers of regular expressions refuse.
    for kind in ["run", "toolComponent"] {
        let language = schema.pointer_mut(&format!("/definitions/{kind}/properties/language")).unwrap();
        language.as_object_mut().unwrap().remove("pattern");
    }
    schema
}

#[test]
fn sarif_fulfils_the_published_schema() {
    let validator = jsonschema::validator_for(&sarif_schema()).unwrap();
    for report in [sample::disaster(), sample::healthy(), sample::not_assessed(), Report::default()] {
        let text = plain(&report, Format::Sarif);
        let value: serde_json::Value = serde_json::from_str(&text).unwrap();
        let errors: Vec<String> = validator.iter_errors(&value).map(|error| format!("{error} at {}", error.instance_path())).collect();
        assert!(errors.is_empty(), "{errors:#?}");
        let typed: serde_sarif::sarif::Sarif = serde_json::from_str(&text).unwrap();
        assert_eq!(typed.runs[0].results.as_ref().unwrap().len(), report.findings.len());
    }
}

#[test]
fn junit_reads_back() {
    let text = plain(&sample::disaster(), Format::Junit);
    let suites = junit_parser::from_reader(text.as_bytes()).unwrap();
    assert_eq!(suites.suites.iter().map(|suite| suite.name.as_str()).take(2).collect::<Vec<_>>(), ["cluster", "job order-enrichment"]);
    assert_eq!(suites.suites.iter().map(|suite| suite.cases.len() as u64).sum::<u64>(), suites.tests);
    let failed = suites.suites.iter().flat_map(|suite| &suite.cases).filter(|case| case.status.is_failure()).count() as u64;
    assert_eq!((failed, suites.failures), (7, 7));
    let mut reader = quick_xml::Reader::from_str(&text);
    reader.config_mut().check_end_names = true;
    while !matches!(reader.read_event().unwrap(), quick_xml::events::Event::Eof) {}
    let healthy = junit_parser::from_reader(plain(&sample::healthy(), Format::Junit).as_bytes()).unwrap();
    assert_eq!((healthy.failures, healthy.skipped), (0, 0));
    let blank = junit_parser::from_reader(plain(&sample::not_assessed(), Format::Junit).as_bytes()).unwrap();
    assert_eq!((blank.failures, blank.skipped), (0, 1));
}

#[test]
fn prometheus_reads_back_without_doubles() {
    let text = plain(&sample::disaster(), Format::Prometheus);
    let scrape = prometheus_parse::Scrape::parse(text.lines().map(|line| Ok(line.to_owned()))).unwrap();
    let series: BTreeSet<String> = scrape
        .samples
        .iter()
        .map(|sample| {
            format!("{}{:?}", sample.metric, {
                let mut labels: Vec<_> = sample.labels.iter().collect();
                labels.sort();
                labels
            })
        })
        .collect();
    assert_eq!(series.len(), text.lines().filter(|line| !line.starts_with('#')).count());
    let value = |name: &str| {
        scrape
            .samples
            .iter()
            .find(|sample| sample.metric == name && sample.labels.values().any(|label| label == "order-enrichment"))
            .map(|sample| sample.value.clone())
    };
    assert!(matches!(value("flinklog_job_restarts"), Some(prometheus_parse::Value::Gauge(restarts)) if restarts == 119.0));
    assert!(text.lines().all(|line| !line.contains('\u{1b}')));
}

#[test]
fn csv_reads_back_and_runs_nothing() {
    for (format, rows) in [(Format::CsvAttempts, 121), (Format::CsvCheckpoints, 42)] {
        let text = plain(&sample::disaster(), format);
        let mut reader = ::csv::Reader::from_reader(text.as_bytes());
        let records: Vec<::csv::StringRecord> = reader.records().map(Result::unwrap).collect();
        assert_eq!(records.len(), rows);
        assert!(records.iter().flatten().all(|field| !field.starts_with(['=', '+', '@', '\t']) && (!field.starts_with('-') || field.parse::<f64>().is_ok())));
    }
    let both = |chapter| shown(&sample::disaster(), Format::Csv, &Options { chapter, ..Options::default() });
    assert_eq!(both(Chapter::Full), plain(&sample::disaster(), Format::CsvAttempts));
    assert_eq!(both(Chapter::Checkpoints), plain(&sample::disaster(), Format::CsvCheckpoints));
}

#[test]
fn traces_have_what_viewers_ask_for() {
    let trace: serde_json::Value = serde_json::from_str(&plain(&sample::disaster(), Format::Trace)).unwrap();
    let events = trace["traceEvents"].as_array().unwrap();
    let mut kinds = BTreeSet::new();
    for event in events {
        let kind = event["ph"].as_str().unwrap();
        kinds.insert(kind);
        assert!(event["pid"].is_u64() && event["tid"].is_u64() && event["name"].is_string());
        match kind {
            "M" => assert!(event["args"]["name"].is_string()),
            "X" => assert!(event["ts"].as_f64().unwrap() >= 0.0 && event["dur"].as_f64().unwrap() >= 0.0),
            "i" => assert!(event["ts"].as_f64().unwrap() >= 0.0 && event["s"] == "t"),
            other => panic!("{other}"),
        }
    }
    assert_eq!(kinds, BTreeSet::from(["M", "X", "i"]));
    let typed: typescript_tsbuildinfo::TraceJson = serde_json::from_value(trace["traceEvents"].clone()).unwrap();
    assert_eq!(typed.len(), events.len());
    for (event, ours) in typed.iter().zip(events) {
        assert_eq!((Some(event.name.as_str()), event.dur), (ours["name"].as_str(), ours["dur"].as_f64()));
        assert_eq!(event.ph == typescript_tsbuildinfo::TraceEventType::Complete, ours["ph"] == "X");
    }
    assert_eq!(events.iter().filter(|event| event["name"] == "running").count(), 121);
}

#[test]
fn events_are_one_object_a_line() {
    let report = sample::disaster();
    let text = plain(&report, Format::Ndjson);
    assert_eq!(text.lines().count(), report.timeline.len());
    for line in text.lines() {
        let event: serde_json::Value = serde_json::from_str(line).unwrap();
        assert_eq!(event["schema"], super::ndjson::SCHEMA);
        assert!(event["path"].is_string());
    }
}

#[test]
fn annotations_are_capped_and_on_one_line_each() {
    let mut report = sample::disaster();
    let finding = report.findings[0].clone();
    report.findings.extend(std::iter::repeat_n(finding, 30));
    let text = plain(&report, Format::Github);
    let count = |kind: &str| text.lines().filter(|line| line.starts_with(&format!("::{kind} "))).count();
    assert_eq!(count("error"), super::github::CAP);
    assert_eq!(count("warning"), 1);
    assert!(text.lines().all(|line| line.starts_with("::") || line.ends_with("are not annotated.")));
    // Nothing that a log says ends a property or begins a command of its own.
    assert_eq!(text.matches("::error ").count(), count("error"));
}

#[test]
fn gitlab_issues_have_what_gitlab_asks_for() {
    let issues: Vec<serde_json::Value> = serde_json::from_str(&plain(&sample::disaster(), Format::Gitlab)).unwrap();
    let prints: BTreeSet<&str> = issues.iter().map(|issue| issue["fingerprint"].as_str().unwrap()).collect();
    assert_eq!(prints.len(), issues.len());
    for issue in &issues {
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&issue["severity"].as_str().unwrap()));
        assert!(issue["location"]["lines"]["begin"].is_u64() && issue["location"]["path"].is_string() && issue["description"].is_string());
    }
}
