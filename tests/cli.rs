//! The command as users and scripts see it: output, exit codes, files, pipes.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

const NPE: &str = "fixtures/1.20.5-npe";
const HEALTHY: &str = "fixtures/1.20.5-healthy";
const JM: &str = "fixtures/1.20.5-npe/flink-flink-standalonesession-0-vm.log";
const TM: &str = "fixtures/1.20.5-npe/flink-flink-taskexecutor-0-vm.log";

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flinklog"));
    command.args(arguments).current_dir(env!("CARGO_MANIFEST_DIR")).stdin(Stdio::null());
    // Nothing of the machine shall matter.
    for name in ["XDG_CONFIG_HOME", "APPDATA", "FLINK_LOG_DIR", "FLINK_HOME", "COLUMNS", "NO_COLOR", "LC_ALL", "LC_CTYPE"] {
        command.env_remove(name);
    }
    command.env("HOME", "/nonexistent").env("LANG", "C.UTF-8");
    command
}

fn run(arguments: &[&str]) -> Output {
    command(arguments).output().unwrap()
}

fn piped(arguments: &[&str], input: &[u8]) -> Output {
    let mut child = command(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    output
}

fn out(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn err(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[track_caller]
fn code(output: &Output, wanted: i32) {
    assert_eq!(output.status.code(), Some(wanted), "stdout: {}\nstderr: {}", out(output), err(output));
}

fn json(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|e| panic!("{e}: {}{}", out(output), err(output)))
}

/// A folder with a copy of some fixtures.
fn copy(of: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(of)).unwrap() {
        let path = entry.unwrap().path();
        fs::copy(&path, folder.path().join(path.file_name().unwrap())).unwrap();
    }
    folder
}

fn text_of(path: &Path) -> &str {
    path.to_str().unwrap()
}

#[test]
fn a_scan_names_the_cause_and_a_healthy_log_has_none() {
    let failed = run(&[NPE]);
    code(&failed, 0);
    assert!(out(&failed).starts_with("FAILED") && out(&failed).contains("OrderEnrichmentJob.java:56"), "{}", out(&failed));
    assert!(err(&failed).is_empty(), "{}", err(&failed));
    let healthy = run(&["scan", HEALTHY, "-f", "json", "--no-progress"]);
    code(&healthy, 0);
    assert_eq!(json(&healthy)["summary"]["verdict"], "healthy");
    assert_eq!(json(&healthy)["summary"]["root_cause"], Value::Null);
}

#[test]
fn options_may_stand_anywhere() {
    let one = run(&["-f", "json", "scan", NPE]);
    let two = run(&["scan", NPE, "-f", "json"]);
    let three = run(&[NPE, "--format=json"]);
    code(&one, 0);
    assert!(one.stdout == two.stdout && two.stdout == three.stdout);
}

#[test]
fn threads_chunks_and_maps_do_not_change_a_byte() {
    let plain = run(&[NPE, "-f", "json"]);
    for more in [&["--threads", "1", "--chunk-size", "777"][..], &["--threads", "7", "--no-mmap"], &["--chunk-size", "1"]] {
        let other = run(&[&[NPE, "-f", "json"], more].concat());
        assert!(plain.stdout == other.stdout, "{more:?}");
    }
}

#[test]
fn from_a_pipe() {
    let text = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(JM)).unwrap();
    for arguments in [&["-f", "json"][..], &["-", "-f", "json"], &["scan", "-f", "json"]] {
        let output = piped(arguments, &text);
        code(&output, 0);
        assert_eq!(json(&output)["summary"]["verdict"], "failed");
    }
    let trace = b"java.lang.NullPointerException: null\n\tat com.acme.Job.map(Job.java:5)\n";
    assert!(out(&piped(&[], trace)).contains("Job.java:5"));
    let empty = piped(&[], b"");
    code(&empty, 2);
    assert!(err(&empty).contains("empty"), "{}", err(&empty));
}

#[test]
fn without_a_path_the_usual_folders_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    let bare = command(&[]).current_dir(folder.path()).output().unwrap();
    code(&bare, 2);
    for word in ["./log", "FLINK_LOG_DIR", "FLINK_HOME", "--help"] {
        assert!(err(&bare).contains(word), "{}", err(&bare));
    }
    let npe = Path::new(env!("CARGO_MANIFEST_DIR")).join(NPE);
    let by_variable = command(&["-f", "json"]).current_dir(folder.path()).env("FLINK_LOG_DIR", &npe).output().unwrap();
    assert_eq!(json(&by_variable)["summary"]["verdict"], "failed");
    fs::create_dir(folder.path().join("log")).unwrap();
    fs::copy(npe.join("client-0.out"), folder.path().join("log/client-0.out")).unwrap();
    let by_folder = command(&["-f", "json"]).current_dir(folder.path()).env("FLINK_LOG_DIR", &npe).output().unwrap();
    assert_eq!(json(&by_folder)["sources"].as_array().unwrap().len(), 1);
}

#[test]
fn exit_codes() {
    code(&run(&[NPE, "--fail-on", "error"]), 1);
    code(&run(&[HEALTHY, "--fail-on", "warning"]), 0);
    code(&run(&["/nonexistent"]), 2);
    code(&run(&["--no-such-option"]), 2);
    let partly = run(&[NPE, "/nonexistent"]);
    code(&partly, 3);
    assert!(err(&partly).contains("/nonexistent"));
    let json_partly = run(&[NPE, "/nonexistent", "-f", "json"]);
    assert!(json(&json_partly)["warnings"].to_string().contains("/nonexistent"));
    // Findings weigh more than gaps.
    code(&run(&[NPE, "/nonexistent", "--fail-on", "error"]), 1);
    assert!(err(&run(&[NPE, "/nonexistent", "-q"])).is_empty());
}

#[test]
fn a_truncated_file_is_a_gap() {
    let folder = tempfile::tempdir().unwrap();
    let whole = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/1.9.3-npe/flink-flink-standalonesession-0-vm.log.gz")).unwrap();
    let cut = folder.path().join("jm.log.gz");
    fs::write(&cut, &whole[..whole.len() / 2]).unwrap();
    code(&run(&[text_of(&cut)]), 3);
}

#[test]
fn a_closed_standard_output_is_success() {
    for arguments in [&["events", NPE][..], &[NPE, "-f", "json"], &["patterns", "list"], &["schema"]] {
        let mut child = command(arguments).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        drop(child.stdout.take());
        let output = child.wait_with_output().unwrap();
        code(&output, 0);
        assert!(err(&output).is_empty(), "{}", err(&output));
    }
}

#[test]
fn output_files_are_whole_or_absent() {
    let folder = tempfile::tempdir().unwrap();
    let html = folder.path().join("r.html");
    let more = folder.path().join("r.json");
    let output = run(&[NPE, "-o", text_of(&html), "--report", &format!("json={}", more.display())]);
    code(&output, 0);
    assert!(out(&output).is_empty());
    // The format follows from the name.
    assert!(fs::read_to_string(&html).unwrap().to_lowercase().starts_with("<!doctype html"));
    assert_eq!(serde_json::from_slice::<Value>(&fs::read(&more).unwrap()).unwrap()["schema"], "flinklog.report/1");
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 2);
    let both = run(&[NPE, "--report", &format!("junit={}", folder.path().join("x.xml").display()), "-f", "json"]);
    assert_eq!(json(&both)["schema"], "flinklog.report/1");
    assert!(folder.path().join("x.xml").exists());
    // Nothing is scanned, and nothing replaced, where a target is wrong.
    fs::write(&html, "old").unwrap();
    code(&run(&["/nonexistent", "-o", text_of(&html)]), 2);
    assert_eq!(fs::read_to_string(&html).unwrap(), "old");
    code(&run(&[NPE, "-o", "/nonexistent/x.json"]), 2);
    code(&run(&[NPE, "--report", "nonsense=x"]), 2);
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 3);
}

/// A disk without room, as Linux has one for tests.
#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_is_told() {
    for arguments in [&["scan", NPE, "-f", "json"][..], &["events", NPE], &["scan", NPE, "-f", "html"]] {
        let output = command(arguments).stdout(File::options().write(true).open("/dev/full").unwrap()).stderr(Stdio::piped()).output().unwrap();
        code(&output, 2);
        assert!(err(&output).contains("No space left on device"), "{}", err(&output));
    }
}

#[test]
fn saved_reports_are_shown_again() {
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("r.json");
    code(&run(&[NPE, "-o", text_of(&saved)]), 0);
    let direct = run(&[NPE, "-f", "markdown"]);
    assert_eq!(out(&run(&[text_of(&saved), "-f", "markdown"])), out(&direct));
    assert_eq!(out(&piped(&["-f", "markdown"], &fs::read(&saved).unwrap())), out(&direct));
    code(&run(&[text_of(&saved), "--fail-on", "error"]), 1);
    code(&run(&[text_of(&saved), NPE]), 2);
    // Beside logs it is no log.
    fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join(JM), folder.path().join("jm.log")).unwrap();
    fs::write(folder.path().join("truth.json"), "{\n \"case\": \"x\", \"what\": \"java.lang.NullPointerException\"\n}\n").unwrap();
    assert_eq!(json(&run(&[text_of(folder.path()), "-f", "json"]))["sources"].as_array().unwrap().len(), 1);
    fs::write(&saved, "{\"schema\":\"flinklog.report/1\", oh").unwrap();
    code(&run(&[text_of(&saved)]), 2);
    fs::write(&saved, "{\"schema\":\"flinklog.report/9\"}").unwrap();
    assert!(err(&run(&[text_of(&saved)])).contains("flinklog.report/9"));
}

fn formats() -> impl Iterator<Item = &'static str> {
    flinklog::report::Format::ALL.into_iter().map(flinklog::report::Format::name)
}

#[test]
fn every_format_is_written_from_the_logs_and_from_a_saved_report_alike() {
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("r.json");
    code(&run(&["fixtures/1.20.5-jm-kill-ha", "-o", text_of(&saved)]), 0);
    for format in formats() {
        let output = run(&["fixtures/1.20.5-jm-kill-ha", "-f", format]);
        code(&output, 0);
        assert!(!output.stdout.is_empty(), "{format}");
        assert!(run(&[text_of(&saved), "-f", format]).stdout == output.stdout, "{format}");
    }
}

#[test]
fn chapters() {
    for (chapter, word) in [("timeline", "RESTARTING"), ("exceptions", "NullPointerException"), ("checkpoints", "triggered"), ("gc", "G1")] {
        let output = run(&[chapter, NPE]);
        code(&output, 0);
        assert!(out(&output).contains(word), "{chapter}: {}", out(&output));
    }
}

#[test]
fn colour_only_where_it_is_wanted() {
    assert!(!out(&run(&[NPE])).contains('\x1b'));
    assert!(out(&run(&[NPE, "--color", "always"])).contains('\x1b'));
    let ascii = command(&[NPE]).env("LANG", "C").output().unwrap();
    let frame: String = out(&ascii).chars().filter(|c| !c.is_ascii()).collect();
    assert!(frame.is_empty(), "{frame}");
    let narrow = command(&[NPE]).env("COLUMNS", "60").output().unwrap();
    assert!(out(&narrow).lines().all(|line| line.chars().count() <= 60));
}

#[test]
fn choosing_jobs_attempts_and_severities() {
    let attempts = |more: &[&str]| {
        let report = json(&run(&[&[NPE, "-f", "json"], more].concat()));
        report["jobs"][0]["attempts"].as_array().unwrap().iter().map(|attempt| attempt["number"].as_u64().unwrap()).collect::<Vec<_>>()
    };
    let all = attempts(&[]);
    assert!(all.len() > 1);
    assert_eq!(attempts(&["--attempt", "-1"]), all[all.len() - 1..]);
    assert_eq!(attempts(&["--attempt=1", "--job", "order-enrichment"]), [1]);
    // Bounds leave out what lies outside of them.
    assert_eq!(attempts(&["--since", "17:32:15"]), [3, 4]);
    assert_eq!(attempts(&["--until", "17:32:05"]), [1]);
    let late = json(&run(&[NPE, "-f", "json", "--since", "17:32:15"]));
    let failures = late["jobs"][0]["checkpoints"]["failures"].as_array().unwrap();
    assert!(failures.iter().all(|failure| failure["time"].as_str().unwrap() >= "2026-11-21T17:32:15"));
    let cited: Vec<&str> = late["findings"][0]["evidence"].as_array().unwrap().iter().filter_map(|e| e["time"].as_str()).collect();
    assert!(cited.len() > 1 && cited.iter().all(|time| *time >= "2026-11-21T17:32:15"), "{cited:?}");
    assert!(late["timeline"].as_array().unwrap().iter().all(|row| row["first"].as_str().unwrap() >= "2026-11-21T17:32:15"));
    assert!(json(&run(&[NPE, "-f", "json", "--until", "17:32:00"]))["exceptions"].as_array().unwrap().is_empty());
    let wrong = run(&[NPE, "--job", "zzz"]);
    code(&wrong, 2);
    assert!(err(&wrong).contains("order-enrichment"));
    let heavy = json(&run(&[NPE, "-f", "json", "--severity", "critical"]));
    let root = &heavy["summary"]["root_cause"];
    assert!(heavy["findings"].as_array().unwrap().iter().all(|finding| finding["severity"] == "critical" || finding["id"] == *root));
}

#[test]
fn redaction() {
    let output = run(&[NPE, "-f", "json", "--redact"]);
    assert!(!out(&output).contains("-vm.log") && out(&output).contains("host-1"));
    let events = run(&["events", NPE, "--redact", "--kind", "process"]);
    code(&events, 0);
    assert!(!out(&events).contains("-vm.log"), "{}", out(&events));
}

/// Everything that a redacted report must not hold, in one log.
const HOSTILE: &str = "\
2026-11-21 09:20:30,000 INFO  org.apache.flink.runtime.entrypoint.ClusterEntrypoint        [] -  Starting StandaloneSessionClusterEntrypoint (Version: 1.20.5, Scala: 2.12, Rev:0980485, Date:2026-06-08T09:21:06+02:00)
2026-11-21 09:20:30,001 INFO  org.apache.flink.runtime.entrypoint.ClusterEntrypoint        [] -  OS current user: carlotta
2026-11-21 09:20:30,002 INFO  org.apache.flink.configuration.GlobalConfiguration           [] - Loading configuration property: jobmanager.rpc.address, jm-secretbox.corp.acme.internal
2026-11-21 09:20:30,002 INFO  org.apache.flink.configuration.GlobalConfiguration           [] - Loading configuration property: s3.access-key, AKIAIOSFODNN7EXAMPLE
2026-11-21 09:20:30,002 INFO  org.apache.flink.configuration.GlobalConfiguration           [] - Loading configuration property: my.api.token, tok-zzz999
2026-11-21 09:20:30,002 INFO  org.apache.flink.configuration.GlobalConfiguration           [] - Loading configuration property: state.checkpoints.dir, hdfs://nn.corp.acme.internal:8020/user/carlotta/ckpt
2026-11-21 09:20:36,000 INFO  org.apache.flink.runtime.executiongraph.ExecutionGraph       [] - Job salary-of-carlotta (94b51fddf21fa15850ea3210693b041a) switched from state CREATED to RUNNING.
2026-11-21 09:20:37,689 INFO  org.apache.flink.runtime.executiongraph.ExecutionGraph       [] - Source: orders -> enrich (1/2) (d9a6542fbdcd14b2bccfd9c4507ff731_bc4197a480c92c793190a9f8c0afc54c_0_0) switched from RUNNING to FAILED on tm-secretbox.corp.acme.internal:42881-902e20 @ tm-secretbox.corp.acme.internal (dataPort=39907).
java.sql.SQLException: Duplicate entry 'carlotta.mueller@acme.de' for key 'customer.email'; row +I[4711, Carlotta, 99000.50]; payload {\"iban\":\"DE89370400440532013000\",\"name\":\"Carlotta\"}; Key (ssn)=(123-45-6789) exists; url jdbc:mysql://svc_pay:hunter2@db-9.corp.acme.internal:3306/pay?user=svc_pay&password=hunter2; from 10.77.3.9:5543 [fe80::1ff:fe23:4567:890a]; Authorization: Bearer eyJhbGciOi.eyJzdWIi.SflKxw file /home/carlotta/plans/plan.xlsx
\tat com.acme.pay.Sink.write(Sink.java:77)
\tat org.apache.flink.streaming.api.operators.StreamSink.processElement(StreamSink.java:54)
2026-11-21 09:20:37,700 INFO  org.apache.flink.runtime.executiongraph.ExecutionGraph       [] - Job salary-of-carlotta (94b51fddf21fa15850ea3210693b041a) switched from state RUNNING to FAILED.
2026-11-21 09:20:37,800 WARN  com.acme.Odd       [] - login of carlotta from host tm-secretbox with password=hunter2 for \"Carlotta Mueller\" failed
";

#[test]
fn nothing_of_a_hostile_log_is_left_in_any_format() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("flink-jobmanager.log");
    fs::write(&log, HOSTILE).unwrap();
    let plain = folder.path().join("plain.json");
    code(&run(&[text_of(&log), "-o", text_of(&plain)]), 0);
    let secrets = [
        "carlotta",
        "secretbox",
        "acme.internal",
        "corp",
        "akia",
        "tok-zzz",
        "hunter2",
        "svc_pay",
        "mueller",
        "4711",
        "99000",
        "de8937",
        "123-45",
        "10.77.3",
        "fe80",
        "eyj",
        "plan.xlsx",
        "db-9",
        "nn.",
        "3306/pay",
        "customer.email",
    ];
    let bare = |what: &str, text: &str| {
        let text = text.to_lowercase();
        // The names of the formats' own schemas are none of the log.
        for secret in secrets {
            assert!(!text.contains(secret), "{what} holds {secret}");
        }
    };
    for format in formats() {
        let direct = run(&[text_of(&log), "--redact", "--all", "-f", format]);
        bare(format, &out(&direct));
        // A saved report is redacted as the logs are.
        assert_eq!(out(&run(&[text_of(&plain), "--redact", "--all", "-f", format])), out(&direct), "{format}");
    }
    for arguments in [
        &["events", "--redact", text_of(&log)][..],
        &["events", "--redact", "-f", "ndjson", text_of(&log)],
        &["exceptions", "--redact", text_of(&log)],
        &["diff", "--redact", HEALTHY, text_of(&log)],
        &["diff", "--redact", "-f", "json", HEALTHY, text_of(&log)],
    ] {
        bare(arguments[0], &out(&run(arguments)));
    }
    bare("watch", &out(&piped(&["watch", "--redact", "--interval", "20ms", "-"], HOSTILE.as_bytes())));
    // No hash that a short line could be guessed from, hence nothing to verify.
    let redacted = folder.path().join("redacted.json");
    code(&run(&[text_of(&log), "--redact", "-o", text_of(&redacted)]), 0);
    let verified = run(&["verify", text_of(&redacted)]);
    code(&verified, 2);
    assert!(err(&verified).contains("without --redact"), "{}", err(&verified));
    // Secret settings are masked without being asked.
    let unasked = out(&run(&[text_of(&log), "-f", "json"])) + &out(&run(&["events", "--kind", "process.config", text_of(&log)]));
    assert!(!unasked.contains("AKIAIOSFODNN7EXAMPLE") && !unasked.contains("tok-zzz999"));
}

#[test]
fn mistakes_get_an_answer() {
    for (arguments, word) in [
        (&["scna"][..], "scan"),
        (&["evnts", "nowhere"], "events"),
        (&["explain", "user-code-excepton"], "user-code-exception"),
        (&["events", "--kind", "chekpoint", NPE], "checkpoint"),
        (&["-f", "jsn", NPE], "json"),
        (&[NPE, "--since", "soon"], "yesterday"),
        (&[NPE, "--tz", "Europe/Berlim"], "Europe/Berlin"),
        (&["patterns", "show", "user-code-excepton"], "user-code-exception"),
        (&["man", "wach"], "watch"),
        (&["yarn", "app"], "application_"),
        // The command is meant, though there are logs to scan.
        (&["evnts", NPE], "flinklog events"),
        (&["fixtures/1.20.5-nep"], "fixtures/1.20.5-npe"),
    ] {
        let output = run(arguments);
        code(&output, 2);
        assert!(err(&output).contains(word), "{arguments:?}: {}", err(&output));
    }
}

#[test]
fn help_teaches() {
    let output = run(&["--help"]);
    code(&output, 0);
    for word in ["yarn logs -applicationId", "Exit codes", "flinklog.toml"] {
        assert!(out(&output).contains(word), "{word}");
    }
    code(&run(&["--version"]), 0);
}

#[test]
fn events_in_time_order_and_filtered() {
    let lines = |more: &[&str]| {
        let output = run(&[&["events", NPE, "-f", "ndjson"], more].concat());
        code(&output, 0);
        out(&output).lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>()
    };
    let all = lines(&[]);
    let times: Vec<&str> = all.iter().filter_map(|event| event["first"].as_str()).collect();
    assert!(times.windows(2).all(|pair| pair[0] <= pair[1]) && times.len() > 400);
    // Every checkpoint is there, not only runs of them.
    let report = json(&run(&[NPE, "-f", "json"]));
    let completed = lines(&["--kind", "checkpoint.completed"]);
    assert_eq!(completed.len() as u64, report["jobs"][0]["checkpoints"]["completed"].as_u64().unwrap());
    assert!(completed.iter().all(|event| event["kind"] == "checkpoint.completed" && event["job_name"] == "order-enrichment" && event["attempt"].is_u64()));
    // Tasks on TaskManagers name only the execution graph; the JobManager's log tells the job.
    let failed = lines(&["--kind", "task.failed"]);
    assert!(failed.len() > 4 && failed.iter().all(|event| event["job_name"] == "order-enrichment"));
    assert!(lines(&["--level", "error"]).iter().all(|event| event["level"] == "ERROR"));
    assert!(lines(&["--source", "taskexecutor"]).iter().all(|event| event["path"].as_str().unwrap().contains("taskexecutor")));
    assert_eq!(lines(&["-n", "3"]).len(), 3);
    let last = lines(&["--attempt=-1", "--kind", "checkpoint"]);
    assert!(last.len() > 4 && last.iter().all(|event| event["attempt"] == 4));
    assert_eq!(lines(&["--attempt", "4", "--kind", "checkpoint"]), last);
    // Absolute, of the day, before the end: the same range.
    let absolute = lines(&["--since", "2026-11-21T17:32:20+08:00", "--until", "2026-11-21 17:32:21"]);
    assert!(!absolute.is_empty() && absolute.len() < 40);
    assert_eq!(lines(&["--since", "17:32:20", "--until", "17:32:21"]), absolute);
    assert!(lines(&["--since", "end-5s"]).iter().all(|event| event["first"].as_str().unwrap() >= "2026-11-21T17:32:20"));
    assert!(lines(&["--since", "+1h"]).is_empty());
    code(&run(&["events", NPE, "--kind", "help"]), 0);
    // Every pause, not only the longest.
    let pauses: u64 = report["gc"].as_array().unwrap().iter().map(|gc| gc["pauses"]["count"].as_u64().unwrap()).sum();
    assert_eq!(lines(&["--kind", "gc"]).len() as u64, pauses);
    let of_gc_log = run(&["events", "--kind", "gc.pause", "fixtures/gc-cms-11"]);
    assert_eq!(out(&of_gc_log).lines().count(), 146);
    let few = run(&["events", NPE, "--max-events", "10"]);
    assert!(out(&few).lines().count() <= 40 && err(&few).contains("more than 10 events"), "{}", err(&few));
}

#[test]
fn events_as_they_are_printed() {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    for (name, more) in [("events-text", &[][..]), ("events-color", &["--color", "always"]), ("events-ndjson", &["-f", "ndjson", "-n", "4"])] {
        let output = run(&[&["events", NPE, "--kind", "job,task.failed,tm", "--level", "info"], more].concat());
        code(&output, 0);
        settings.bind(|| insta::assert_snapshot!(name, out(&output).replace("\\\\", "/")));
    }
}

#[test]
fn the_zone_of_the_logs_can_be_given() {
    // A GC-less TaskManager log alone tells no zone.
    let zone = |tz: &str| json(&run(&["fixtures/1.9.3-npe/flink-flink-client-vm.log", "-f", "json", "--tz", tz]))["sources"][0]["time_zone"].clone();
    for tz in ["+08:00", "Asia/Shanghai"] {
        assert_eq!(zone(tz)["offset"], "+08:00");
        assert_eq!(zone(tz)["from"], "option");
    }
    // Clocks went back between the second and the third line.
    let state = |time: &str, from: &str, to: &str| {
        format!(
            "2026-10-25 {time},000 INFO  org.apache.flink.runtime.executiongraph.ExecutionGraph [] - Job j (94b51fddf21fa15850ea3210693b041a) switched from state {from} to {to}.\n"
        )
    };
    let log = state("00:30:00", "CREATED", "RUNNING") + &state("01:30:00", "RUNNING", "RESTARTING") + &state("03:30:00", "RESTARTING", "RUNNING");
    let shown = |more: &[&str]| {
        let output = piped(&[&["events", "--tz", "Europe/Berlin", "-"], more].concat(), log.as_bytes());
        out(&output).lines().map(|line| line[..29].to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(shown(&[]), ["2026-10-25T00:30:00.000+02:00", "2026-10-25T01:30:00.000+02:00", "2026-10-25T03:30:00.000+01:00"]);
    assert_eq!(shown(&["--since", "2026-10-25 03:00"]).len(), 1);
    let report = json(&piped(&["--tz", "Europe/Berlin", "-f", "json"], log.as_bytes()));
    // Two hours by the clock on the wall, three in truth.
    assert_eq!(report["jobs"][0]["attempts"][1]["downtime_ms"], 3 * 3_600_000);
}

#[test]
fn two_runs_are_compared() {
    let output = run(&["diff", HEALTHY, NPE, "-f", "json"]);
    code(&output, 0);
    assert_eq!(json(&output)["worse"], true);
    code(&run(&["diff", HEALTHY, NPE, "--fail-on", "error"]), 1);
    code(&run(&["diff", NPE, HEALTHY, "--fail-on", "error"]), 0);
    let folder = tempfile::tempdir().unwrap();
    let saved = folder.path().join("before.json");
    run(&[HEALTHY, "-o", text_of(&saved)]);
    assert_eq!(out(&run(&["diff", text_of(&saved), NPE, "-f", "json"])), out(&output));
    code(&run(&["diff", HEALTHY, NPE, "-f", "html"]), 2);
    code(&run(&["diff", HEALTHY, "/nonexistent"]), 2);
}

#[test]
fn slugs_and_exit_codes_are_explained() {
    let output = run(&["explain", "user-code-exception"]);
    code(&output, 0);
    for word in ["MEANING", "WHAT TO DO", "HOW IT IS RECOGNISED"] {
        assert!(out(&output).contains(word), "{word}");
    }
    assert!(out(&run(&["explain", "137"])).contains("SIGKILL"));
    assert_eq!(json(&run(&["explain", "user-code-exception", "-f", "json"]))["id"], "user-code-exception");
}

#[test]
fn every_finding_of_a_report_can_be_explained() {
    let report = json(&run(&[NPE, "-f", "json"]));
    for finding in report["findings"].as_array().unwrap() {
        let slug = finding["pattern"].as_str().unwrap();
        // What no pattern knows has no explanation.
        if slug != "unclassified-exception" {
            code(&run(&["explain", slug]), 0);
        }
    }
}

#[test]
fn own_patterns() {
    let folder = tempfile::tempdir().unwrap();
    let draft = run(&["patterns", "new", &format!("{JM}:313")]);
    code(&draft, 0);
    assert!(out(&draft).contains("NullPointerException"));
    code(&run(&["patterns", "new", &format!("{JM}:999999")]), 2);
    code(&run(&["patterns", "new", JM]), 2);
    let own = r#"
[[pattern]]
id = "ledger-closed"
title = "The ledger is closed"
nature = "cause"
owner = "external"
severity = "error"
restart_helps = "no"
cause = "The ledger was closed."
remedy = ["open the ledger"]

[pattern.match]
on = ["exception"]
class = ["LedgerException"]

[[pattern.sample]]
text = "com.acme.LedgerException: ledger 7 is closed"

[[pattern.sample]]
text = "com.acme.LedgerException: ledger 8 is closed"

[[pattern.near_miss]]
text = "com.acme.OtherException: ledger 8 is closed"
"#;
    let file = folder.path().join("own.toml");
    fs::write(&file, own).unwrap();
    let dir = text_of(folder.path());
    let tested = run(&["patterns", "test", dir]);
    code(&tested, 0);
    assert!(out(&tested).contains("1 patterns, 2 samples"), "{}", out(&tested));
    assert!(out(&run(&["patterns", "list", "--patterns", dir])).contains("ledger-closed"));
    assert!(out(&run(&["patterns", "show", "ledger-closed", "--patterns", dir])).contains("open the ledger"));
    let trace = b"com.acme.LedgerException: ledger 9 is closed\n\tat com.acme.Job.map(Job.java:5)\n";
    let report = piped(&["-f", "json", "--patterns", dir], trace);
    assert!(out(&report).contains("ledger-closed"), "{}", out(&report));
    // A sample that does not match, and a file that is none.
    fs::write(&file, own.replace("LedgerException: ledger 8", "Exception: ledger 8")).unwrap();
    let failing = run(&["patterns", "test", dir]);
    code(&failing, 1);
    assert!(out(&failing).contains("own.toml:18") || out(&failing).contains("own.toml:1"), "{}", out(&failing));
    fs::write(&file, own.replace("nature = \"cause\"", "nature = \"wrong\"")).unwrap();
    let broken = run(&[NPE, "--patterns", dir]);
    code(&broken, 2);
    assert!(err(&broken).contains("own.toml:"), "{}", err(&broken));
    code(&run(&["patterns", "test"]), 0);
}

#[test]
fn settings_are_found_above_the_logs() {
    let folder = copy(NPE);
    let toml = folder.path().join("flinklog.toml");
    let log = folder.path().join("flink-flink-standalonesession-0-vm.log");
    fs::write(&toml, "fail-on = \"error\"\n").unwrap();
    code(&run(&[text_of(&log)]), 1);
    // Own packages decide whose code a frame is.
    fs::write(&toml, "own-packages = [\"org.apache.flink.streaming.runtime\"]\n").unwrap();
    let frame = |report: &Value| report["exceptions"][0]["user_frame"].as_str().unwrap_or("").to_owned();
    assert!(frame(&json(&run(&[text_of(&log), "-f", "json"]))).contains("OrderEnrichmentJob"));
    fs::write(&toml, "tz = 3\nfail-on = \"error\"\n").unwrap();
    let wrong = run(&[text_of(&log)]);
    code(&wrong, 2);
    assert!(err(&wrong).contains("flinklog.toml:1:"), "{}", err(&wrong));
    let unknown = folder.path().join("x.toml");
    fs::write(&unknown, "\ncolour = 1\n").unwrap();
    let wrong = run(&[text_of(&log), "--config", text_of(&unknown)]);
    assert!(err(&wrong).contains("x.toml:2:"), "{}", err(&wrong));
    code(&run(&[text_of(&log), "--config", "/nonexistent.toml"]), 2);
    fs::write(&unknown, "mute = [\"user-code-exception\"]\n").unwrap();
    let muted = json(&run(&[text_of(&log), "--config", text_of(&unknown), "-f", "json"]));
    assert!(muted["findings"].as_array().unwrap().iter().all(|finding| finding["pattern"] != "user-code-exception"));
}

#[test]
fn a_variant_is_reported_under_the_common_name() {
    let text = b"ElasticsearchException[Elasticsearch exception [type=mapper_parsing_exception, reason=failed to parse field [amount] of type [long]]]\n";
    let report = json(&piped(&["-f", "json"], text));
    let finding = &report["findings"][0];
    assert_eq!((&finding["pattern"], &finding["variant"]), (&Value::from("es-bulk-failure"), &Value::from("es-mapping-conflict")), "{report:#}");
    // The words are the variant's, and both names are explained.
    assert!(finding["title"].as_str().unwrap().contains("mapping"), "{finding}");
    assert!(out(&run(&["explain", "es-mapping-conflict"])).contains("reported as `es-bulk-failure`"));
    assert!(out(&run(&["explain", "es-bulk-failure"])).contains("es-mapping-conflict"));
    // Either name mutes it.
    let folder = tempfile::tempdir().unwrap();
    let settings = folder.path().join("x.toml");
    for name in ["es-bulk-failure", "es-mapping-conflict"] {
        fs::write(&settings, format!("mute = [\"{name}\"]\n")).unwrap();
        assert_eq!(json(&piped(&["-f", "json", "--config", text_of(&settings)], text))["findings"], Value::from(Vec::<Value>::new()), "{name}");
    }
    // A cause is no symptom's variant, and a name has to exist.
    for (wider, complaint) in
        [("heartbeat-tm-timeout", "is of another nature"), ("no-such-name", "no pattern has the id"), ("es-mapping-conflict", "is itself reported as")]
    {
        let pack = format!(
            "[[pattern]]\nid = \"own\"\ntitle = \"Own\"\nnature = \"cause\"\nreported_as = \"{wider}\"\ncause = \"x\"\n\
            [pattern.match]\non = [\"exception\"]\nany = [\"own failure\"]\n[[pattern.sample]]\ntext = \"a.B: own failure\"\n\
            [[pattern.sample]]\ntext = \"a.C: own failure\"\n[[pattern.near_miss]]\ntext = \"a.B: other\"\n"
        );
        let packs = tempfile::tempdir().unwrap();
        fs::write(packs.path().join("own.toml"), pack).unwrap();
        let refused = piped(&["--patterns", text_of(packs.path())], text);
        code(&refused, 2);
        assert!(err(&refused).contains(complaint), "{wider}: {}", err(&refused));
    }
}

#[test]
fn the_user_has_a_file_of_his_own() {
    let home = tempfile::tempdir().unwrap();
    let folder = home.path().join("flinklog");
    fs::create_dir(&folder).unwrap();
    fs::write(folder.join("flinklog.toml"), "fail-on = \"error\"\n").unwrap();
    code(&command(&[NPE]).env("XDG_CONFIG_HOME", home.path()).output().unwrap(), 1);
}

#[test]
fn evidence_is_verified() {
    let folder = copy(NPE);
    let report = folder.path().join("report.json");
    code(&run(&[text_of(folder.path()), "-o", text_of(&report)]), 0);
    let whole = run(&["verify", text_of(&report)]);
    code(&whole, 0);
    assert!(out(&whole).contains("VERIFIED") && !out(&whole).contains("CHANGED"));
    // A changed byte, at the same length.
    let log = folder.path().join("flink-flink-standalonesession-0-vm.log");
    let text = fs::read_to_string(&log).unwrap();
    fs::write(&log, text.replace("switched from RUNNING to FAILED", "switched from RUNNING to FINISH")).unwrap();
    let changed = run(&["verify", text_of(&report)]);
    code(&changed, 1);
    assert!(out(&changed).contains("CHANGED") && out(&changed).contains("VERIFIED"));
    fs::remove_file(&log).unwrap();
    let missing = run(&["verify", text_of(&report), "-f", "json"]);
    code(&missing, 1);
    assert!(json(&missing)["missing"].as_u64().unwrap() > 0 && json(&missing)["verified"].as_u64().unwrap() > 0);
    // The logs lie elsewhere now.
    code(&run(&["verify", text_of(&report), NPE]), 0);
    code(&run(&["verify", "/nonexistent.json"]), 2);
    code(&run(&["verify", JM]), 2);
}

#[test]
fn evidence_in_compressed_files_and_streams_is_verified() {
    let folder = tempfile::tempdir().unwrap();
    let text = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(JM)).unwrap();
    let packed = folder.path().join("jm.log.gz");
    let mut encoder = flate2::write::GzEncoder::new(File::create(&packed).unwrap(), flate2::Compression::fast());
    encoder.write_all(&text).unwrap();
    encoder.finish().unwrap();
    let report = folder.path().join("report.json");
    run(&[text_of(&packed), "-o", text_of(&report)]);
    let verified = run(&["verify", text_of(&report)]);
    code(&verified, 0);
    assert!(!out(&verified).starts_with("0 verified"));
    fs::write(&report, piped(&["-f", "json"], &text).stdout).unwrap();
    code(&run(&["verify", text_of(&report)]), 1);
    code(&piped(&["verify", text_of(&report), "-"], &text), 0);
}

#[test]
fn schemas_completions_and_man_pages() {
    for of in ["report", "diff", "config"] {
        let output = run(&["schema", of]);
        code(&output, 0);
        assert!(json(&output)["properties"].is_object(), "{of}");
    }
    let schema = json(&run(&["schema"]));
    let validator = jsonschema::validator_for(&schema).unwrap();
    for logs in [NPE, HEALTHY] {
        let report = json(&run(&[logs, "-f", "json"]));
        let wrong: Vec<String> = validator.iter_errors(&report).map(|e| e.to_string()).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        assert!(out(&run(&["completions", shell])).contains("flinklog"), "{shell}");
    }
    assert!(out(&run(&["man"])).contains(".TH flinklog"));
    assert!(out(&run(&["man", "watch"])).contains("until"));
}

#[test]
fn the_documented_settings_hold() {
    let page = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/configuration.md")).unwrap();
    let example = page.split("```toml\n").nth(1).unwrap().split("```").next().unwrap();
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("patterns")).unwrap();
    let file = folder.path().join("flinklog.toml");
    fs::write(&file, example).unwrap();
    let output = run(&[HEALTHY, "--config", text_of(&file)]);
    code(&output, 0);
    let schema = json(&run(&["schema", "config"]));
    let value: Value = serde_json::to_value(example.parse::<toml::Table>().unwrap()).unwrap();
    assert!(jsonschema::validator_for(&schema).unwrap().is_valid(&value));
    // Every key is documented.
    for key in schema["properties"].as_object().unwrap().keys().chain(schema["$defs"]["Thresholds"]["properties"].as_object().unwrap().keys()) {
        assert!(example.contains(key.as_str()), "{key}");
    }
}

/// Waits for a child, not for ever.
fn wait(child: &mut std::process::Child, most: Duration) -> Option<i32> {
    let begun = Instant::now();
    while begun.elapsed() < most {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let _ = child.kill();
    None
}

/// The JobManager's log up to the failure, and the rest.
fn halves() -> (String, String) {
    let text = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(JM)).unwrap();
    let at = text.lines().take(305).map(|line| line.len() + 1).sum();
    (text[..at].to_owned(), text[at..].to_owned())
}

#[test]
fn watch_tells_a_finding_as_it_arises() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("flink-jobmanager.log");
    let (before, after) = halves();
    fs::write(&log, before).unwrap();
    let told = folder.path().join("told");
    let exec = format!("cat > '{0}.json'; printf '%s' \"$FLINKLOG_PATTERN $FLINKLOG_LINE\" > '{0}'", told.display());
    let mut child = command(&["watch", text_of(&log), "--until-finding", "--interval", "50ms", "--exec", &exec]).stdout(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    assert!(child.try_wait().unwrap().is_none(), "a finding where none is");
    File::options().append(true).open(&log).unwrap().write_all(after.as_bytes()).unwrap();
    assert_eq!(wait(&mut child, Duration::from_secs(30)), Some(1));
    let mut printed = String::new();
    child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    assert!(printed.contains("user-code-exception"), "{printed}");
    assert!(fs::read_to_string(&told).unwrap().contains(' '));
    let finding: Value = serde_json::from_slice(&fs::read(format!("{}.json", told.display())).unwrap()).unwrap();
    assert!(finding["pattern"].is_string());
}

#[test]
fn watch_goes_on_over_a_rotation_and_may_leave_out_what_was() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("flink-jobmanager.log");
    let (before, after) = halves();
    // The first half is rotated away before the failure comes.
    fs::write(&log, before).unwrap();
    let mut child =
        command(&["watch", text_of(folder.path()), "--until-finding", "--new", "--interval", "50ms", "-f", "ndjson"]).stdout(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    fs::rename(&log, folder.path().join("flink-jobmanager.log.1")).unwrap();
    fs::write(&log, after).unwrap();
    assert_eq!(wait(&mut child, Duration::from_secs(30)), Some(1));
    let mut printed = String::new();
    child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    let line: Value = serde_json::from_str(printed.lines().next().unwrap()).unwrap();
    assert!(line["jobs"].to_string().contains("94b51fdd"), "{line}");
}

#[test]
fn watch_of_a_stream_ends_with_it() {
    let text = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(JM)).unwrap();
    code(&piped(&["watch", "-", "--until-finding", "--interval", "20ms"], &text), 1);
    let all = piped(&["watch", "-", "--interval", "20ms"], &text);
    code(&all, 0);
    assert!(out(&all).contains("user-code-exception"));
    code(&run(&["watch"]), 2);
}

#[test]
fn containers_of_one_stream_are_watched_apart() {
    let read = |path: &str| fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(path)).unwrap();
    let (jm, tm) = (read(JM), read(TM));
    // As `kubectl logs -f --prefix` mixes them.
    let mut mixed = String::new();
    for (a, b) in jm.lines().zip(tm.lines().chain(std::iter::repeat(""))) {
        mixed.push_str(&format!("[pod/jm-0/jobmanager] {a}\n[pod/tm-1/taskmanager] {b}\n"));
    }
    let told = piped(&["watch", "-", "--interval", "20ms"], mixed.as_bytes());
    code(&told, 0);
    assert!(out(&told).contains("user-code-exception") && out(&told).contains("jm-0/jobmanager:311 "), "{}", out(&told));
    let followed = piped(&["events", "--follow", "--kind", "task.failed", "-"], mixed.as_bytes());
    // Who follows does not wait: what comes late from one container comes later.
    let lines = |text: String| text.lines().map(str::to_owned).collect::<std::collections::BTreeSet<_>>();
    assert_eq!(lines(out(&followed)), lines(out(&piped(&["events", "--kind", "task.failed", "-"], mixed.as_bytes()))));
    assert!(out(&followed).contains("tm-1/taskmanager:340 "), "{}", out(&followed));
}

#[test]
fn words_of_the_log_never_become_a_command() {
    let folder = tempfile::tempdir().unwrap();
    let mark = folder.path().join("mark");
    let trace = format!("com.acme.Bad$(touch {0})Exception: `touch {0}`; touch {0}\n\tat com.acme.Job.map(Job.java:5)\n", mark.display());
    let output = piped(
        &["watch", "-", "--interval", "20ms", "--severity", "info", "--exec", "cat > /dev/null; echo \"$FLINKLOG_TITLE $FLINKLOG_TEXT\" > /dev/null"],
        trace.as_bytes(),
    );
    code(&output, 0);
    assert!(!mark.exists());
}

#[test]
fn events_are_followed() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("flink-jobmanager.log");
    let (before, after) = halves();
    fs::write(&log, before).unwrap();
    let mut child = command(&["events", "--follow", "--kind", "job.state", text_of(&log)]).stdout(Stdio::piped()).spawn().unwrap();
    std::thread::sleep(Duration::from_millis(1500));
    File::options().append(true).open(&log).unwrap().write_all(after.as_bytes()).unwrap();
    std::thread::sleep(Duration::from_millis(2500));
    child.kill().unwrap();
    let mut printed = String::new();
    child.stdout.take().unwrap().read_to_string(&mut printed).unwrap();
    child.wait().unwrap();
    assert!(printed.contains("from state CREATED to RUNNING") && printed.contains("FAILED"), "{printed}");
    let times: Vec<&str> = printed.lines().map(|line| &line[..23]).collect();
    assert!(times.windows(2).all(|pair| pair[0] <= pair[1]));
}

#[cfg(unix)]
mod unix {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// A folder with executables of these names and scripts.
    fn tools(scripts: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, script) in scripts {
            let file = folder.path().join(name);
            fs::write(&file, format!("#!/bin/sh\n{script}")).unwrap();
            fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        }
        folder
    }

    fn with_tools(arguments: &[&str], tools: &tempfile::TempDir) -> Output {
        let path = format!("{}:/usr/bin:/bin", tools.path().display());
        command(arguments).env("PATH", path).output().unwrap()
    }

    fn manifest(path: &str) -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
    }

    #[test]
    fn yarn_is_run_and_scanned() {
        let script = format!(
            "[ \"$1 $2 $3\" = 'logs -applicationId application_1700000000000_0042' ] || exit 9\nexec gzip -dc {}\n",
            manifest("fixtures/yarn-3.3.4-tfile-gz/yarn-logs.txt.gz").display()
        );
        let tools = tools(&[("yarn", &script)]);
        let output = with_tools(&["yarn", "application_1700000000000_0042", "-f", "json"], &tools);
        code(&output, 0);
        let report = json(&output);
        let sources = report["sources"].as_array().unwrap();
        assert!(sources.len() > 2 && sources[0]["container"].as_str().unwrap().starts_with("container_"));
        assert_eq!(sources[0]["path"], "yarn:application_1700000000000_0042");
        // It fails and says nothing.
        let failing = with_tools(&["yarn", "application_1700000000000_0043"], &tools);
        code(&failing, 2);
        assert!(err(&failing).contains("failed"), "{}", err(&failing));
    }

    #[test]
    fn a_tool_that_is_not_there() {
        let none = tools(&[]);
        let path = none.path().display().to_string();
        for arguments in [&["yarn", "application_1_0001"][..], &["k8s", "my-job"]] {
            let output = command(arguments).env("PATH", &path).output().unwrap();
            code(&output, 2);
            assert!(err(&output).contains("not found on PATH"), "{}", err(&output));
        }
    }

    #[test]
    fn yarn_that_breaks_off_leaves_a_gap() {
        let tools = tools(&[("yarn", &format!("cat {}\necho oh >&2\nexit 1\n", manifest(JM).display()))]);
        let output = with_tools(&["yarn", "application_1_0001", "-f", "json"], &tools);
        code(&output, 3);
        assert!(json(&output)["warnings"].to_string().contains("may not be whole"));
    }

    #[test]
    fn pods_are_found_and_scanned() {
        let script = format!(
            "case \"$*\" in\n\
             *selector=app=my-job*) echo pod/my-job-jm-0; echo pod/my-job-tm-0;;\n\
             *selector=*) ;;\n\
             'get pods'*) echo pod/other-jm-0; echo pod/unrelated;;\n\
             *--previous*) exit 1;;\n\
             'logs my-job-jm-0'*|'logs other-jm-0'*) sed 's/^/[pod\\/jm-0\\/main] 2026-11-21T09:32:00.000000000Z /' {};;\n\
             'logs my-job-tm-0'*) sed 's/^/[pod\\/tm-0\\/main] 2026-11-21T09:32:00.000000000Z /' {};;\n\
             'get events'*) printf 'LAST SEEN   TYPE      REASON      OBJECT              MESSAGE\\n5m          Warning   BackOff     pod/my-job-tm-0     Back-off restarting failed container\\n';;\n\
             'describe pod'*) printf 'Name:         my-job-tm-0\\nNamespace:    flink\\nStatus:       Running\\n';;\n\
             esac\n",
            manifest(JM).display(),
            manifest(TM).display()
        );
        let tools = tools(&[("kubectl", &script)]);
        let output = with_tools(&["k8s", "my-job", "-f", "json"], &tools);
        code(&output, 0);
        let report = json(&output);
        assert_eq!(report["summary"]["verdict"], "failed", "{}", err(&output));
        let roles: Vec<&str> = report["sources"].as_array().unwrap().iter().map(|source| source["role"].as_str().unwrap()).collect();
        for role in ["jobmanager", "taskmanager", "k8s-events"] {
            assert!(roles.contains(&role), "{roles:?}");
        }
        // By the beginning of the name.
        let by_name = with_tools(&["k8s", "other", "-f", "json", "-N", "flink"], &tools);
        code(&by_name, 0);
        let none = with_tools(&["k8s", "unrelatd"], &tools);
        code(&none, 2);
        assert!(err(&none).contains("unrelated"), "{}", err(&none));
    }

    #[test]
    fn an_interrupt_leaves_no_half_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("r.json");
        // A pipe that stays open keeps the scan waiting.
        let mut child = command(&["-o", text_of(&file)]).stdin(Stdio::piped()).spawn().unwrap();
        let begun = Instant::now();
        while fs::read_dir(folder.path()).unwrap().count() == 0 && begun.elapsed() < Duration::from_secs(10) {
            std::thread::sleep(Duration::from_millis(20));
        }
        Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        assert_eq!(wait(&mut child, Duration::from_secs(10)), Some(130));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn output_files_are_as_readable_as_any() {
        let folder = tempfile::tempdir().unwrap();
        let (report, other) = (folder.path().join("r.json"), folder.path().join("x"));
        run(&[HEALTHY, "-o", text_of(&report)]);
        fs::write(&other, "").unwrap();
        let mode = |file: &Path| fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode(&report), mode(&other));
    }
}
