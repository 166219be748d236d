//! Session clusters that ran more jobs, or started more often, than anybody reads one by one: what is kept whole, and what is counted.

mod common;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::process::Command;

use common::{How, OneByte, assert_sound, json, stream, write_at_rest};
use flinklog::report::model::{Job, Report};

const ALWAYS_ON: &str = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";

const START: &str = " Starting StandaloneSessionClusterEntrypoint (Version: 1.20.5, Scala: 2.12, Rev:0980485, Date:2026-06-08T09:21:06+02:00)";

/// The log of a JobManager that runs one job all the time and `jobs` short ones, each on a TaskManager of its own.
struct Session {
    jobs: usize,
    /// Which of the short ones fail.
    fails: fn(usize) -> bool,
    text: String,
    ms: u64,
}

impl Session {
    fn new(jobs: usize, fails: fn(usize) -> bool) -> Session {
        let mut session = Session { jobs, fails, text: String::new(), ms: 0 };
        session.start();
        session.begin("always-on", ALWAYS_ON);
        session
    }

    fn say(&mut self, logger: &str, message: &str) {
        self.ms += 700;
        let (day, ms) = (1 + self.ms / 86_400_000, self.ms % 86_400_000);
        let (hours, minutes, seconds) = (ms / 3_600_000, ms / 60_000 % 60, ms / 1000 % 60);
        writeln!(self.text, "2026-11-{day:02} {hours:02}:{minutes:02}:{seconds:02},{:03} INFO  org.apache.flink.runtime.{logger} [] - {message}", ms % 1000)
            .unwrap();
    }

    fn start(&mut self) {
        self.say("entrypoint.ClusterEntrypoint", START);
    }

    fn stop(&mut self) {
        self.say("entrypoint.ClusterEntrypoint", "RECEIVED SIGNAL 15: SIGTERM. Shutting down as requested.");
    }

    fn die(&mut self, lacks: &str) {
        self.say("entrypoint.ClusterEntrypoint", "Fatal error occurred in the cluster entrypoint.");
        let line = self.text.trim_end().rfind('\n').map_or(0, |at| at + 1);
        self.text.replace_range(line.., &self.text[line..].replacen("INFO ", "ERROR", 1));
        writeln!(self.text, "java.lang.OutOfMemoryError: {lacks}").unwrap();
    }

    fn register(&mut self, manager: &str) {
        let address = "pekko.tcp://flink@localhost:40307/user/rpc/taskmanager_0";
        self.say("resourcemanager.StandaloneResourceManager", &format!("Registering TaskManager with ResourceID {manager} ({address}) at ResourceManager"));
    }

    fn part_with(&mut self, manager: &str) {
        let why = "The TaskExecutor is shutting down.";
        self.say("resourcemanager.StandaloneResourceManager", &format!("Closing TaskExecutor connection {manager} because: {why}"));
    }

    fn begin(&mut self, name: &str, id: &str) {
        self.say("dispatcher.StandaloneDispatcher", &format!("Submitting job '{name}' ({id})."));
        self.say("jobmaster.JobMaster", &format!("Starting execution of job '{name}' ({id}) under job master id 00000000000000000000000000000000."));
        self.state(name, id, "CREATED to RUNNING");
    }

    fn state(&mut self, name: &str, id: &str, change: &str) {
        self.say("executiongraph.ExecutionGraph", &format!("Job {name} ({id}) switched from state {change}."));
    }

    fn checkpoint(&mut self, id: &str, number: usize) {
        let logger = "checkpoint.CheckpointCoordinator";
        let epoch = 1_793_491_200_000 + self.ms;
        self.say(logger, &format!("Triggering checkpoint {number} (type=CHECKPOINT) @ {epoch} for job {id}."));
        self.say(logger, &format!("Completed checkpoint {number} for job {id} (5428 bytes, checkpointDuration=168 ms, finalizationTime=1 ms)."));
    }

    fn restart(&mut self, name: &str, id: &str, task: &str) {
        let task = format!("Source: orders (1/1) (0000000000000000000000000000cafe_bc4197a480c92c793190a9f8c0afc54c_0_{task})");
        self.say("executiongraph.ExecutionGraph", &format!("{task} switched from RUNNING to FAILED on localhost:42881-902e20 @ localhost (dataPort=39907)."));
        self.text.push_str("java.lang.NullPointerException: null\n\tat com.acme.orders.Enrich.map(Enrich.java:56) ~[?:?]\n");
        self.state(name, id, "RUNNING to RESTARTING");
        self.state(name, id, "RESTARTING to RUNNING");
    }

    fn written(mut self) -> String {
        for number in 0..self.jobs {
            let (id, manager) = (id_of(number), format!("localhost:40307-{number:06x}"));
            self.register(&manager);
            self.begin("short", &id);
            self.checkpoint(&id, 1);
            self.checkpoint(ALWAYS_ON, number + 1);
            if (self.fails)(number) {
                self.restart("short", &id, "0");
                self.state("short", &id, "RUNNING to FAILING");
                self.state("short", &id, "FAILING to FAILED");
            } else {
                self.state("short", &id, "RUNNING to FINISHED");
            }
            self.part_with(&manager);
        }
        self.text
    }
}

fn id_of(number: usize) -> String {
    format!("{:032x}", 0xb0b_0000 + number)
}

fn find<'r>(report: &'r Report, id: &str) -> Option<&'r Job> {
    report.jobs.iter().find(|job| job.id == id)
}

#[test]
fn where_it_began_and_how_it_stands_is_kept_and_the_rest_is_counted() {
    // The first that fails lies far from the beginning.
    let fails = |number: usize| number >= 900 && number.is_multiple_of(3);
    let jobs = 3_500;
    let report = stream(Session::new(jobs, fails).written().as_bytes(), How::default());
    assert_sound(&report, "a session");
    let folded = report.jobs_folded.as_ref().expect("some are folded");
    assert!(report.jobs.len() < 1_600 && folded.jobs == report.jobs_omitted, "{} jobs, {} omitted", report.jobs.len(), report.jobs_omitted);
    assert_eq!(report.jobs.len() as u64 + folded.jobs, jobs as u64 + 1);
    // Nothing is lost of what can be added up.
    let listed = |count: fn(&Job) -> u64| report.jobs.iter().map(count).sum::<u64>();
    let failing = (0..jobs).filter(|number| fails(*number)).count() as u64;
    assert_eq!(listed(|job| job.restarts) + folded.restarts, failing);
    assert_eq!(listed(|job| job.checkpoints.triggered) + folded.checkpoints.triggered, 2 * jobs as u64);
    assert_eq!(listed(|job| job.checkpoints.completed) + folded.checkpoints.completed, 2 * jobs as u64);
    let mut states: BTreeMap<String, u64> = folded.states.clone();
    report.jobs.iter().for_each(|job| *states.entry(job.state.clone()).or_default() += 1);
    assert_eq!(states, BTreeMap::from([("FAILED".into(), failing), ("FINISHED".into(), jobs as u64 - failing), ("RUNNING".into(), 1)]));
    assert_eq!(listed(|job| u64::from(job.state == "FAILED")) + folded.failing, failing);
    // The first and the last of either kind, and the one that goes on, with all that it did.
    assert_eq!(report.summary.verdict, "failed");
    assert_eq!(report.summary.first_fault.as_ref().and_then(|fault| fault.job.clone()), Some(id_of(900)));
    for number in [0, 1, 149, 900, 903, 1_200, jobs - 3, jobs - 2, jobs - 1] {
        assert!(find(&report, &id_of(number)).is_some(), "{number}");
    }
    let always_on = find(&report, ALWAYS_ON).expect("it goes on");
    assert_eq!((always_on.checkpoints.completed, &*always_on.state, always_on.attempts.len()), (jobs as u64, "RUNNING", 1));
    assert_eq!(always_on.checkpoints.last_completed.as_ref().map(|last| last.id), Some(jobs as u64));
    // No record tells whose the graph of their tasks is: that of the job of the moment, which is not the one before.
    for number in [900, 903, 1_200] {
        let job = find(&report, &id_of(number)).unwrap();
        assert_eq!((job.tasks.len(), job.tasks[0].failures), (1, 1), "{number}");
        assert!(job.attempts[0].failure.as_ref().is_some_and(|failure| failure.exception.is_some()));
    }
    // TaskManagers go with the jobs for which they came.
    assert_eq!(report.task_managers.len() as u64 + report.task_managers_omitted, jobs as u64);
    assert!(report.task_managers.len() < 1_600 && report.task_managers.iter().all(|worker| worker.lives.iter().all(|life| life.lost.is_some())));
    assert!(report.warnings.iter().any(|warning| warning.code == "folded" && warning.message.contains("are only counted")), "{:?}", report.warnings);
    // What is cited is there.
    let uncited = report.findings.iter().filter(|finding| finding.evidence.iter().any(|evidence| evidence.text.is_empty())).count();
    assert!(!report.findings.is_empty() && uncited == 0);
}

#[test]
fn a_rotated_log_tells_what_it_told_before() {
    let fails = |number: usize| number % 4 == 1;
    let jobs = 3_300;
    let text = Session::new(jobs, fails).written();
    let folder = tempfile::tempdir().unwrap();
    // The cut goes through a job that fails: it begins in one file and ends in the other.
    let cut = text.find(&format!("{}) switched from state RUNNING to RESTARTING", id_of(1_653))).unwrap();
    let cut = text[..cut].rfind('\n').unwrap() + 1;
    let name = "flink-flink-standalonesession-0-vm.log";
    write_at_rest(&folder.path().join(format!("{name}.1")), &text.as_bytes()[..cut]);
    write_at_rest(&folder.path().join(name), &text.as_bytes()[cut..]);
    let report = common::scan_path(folder.path());
    let folded = report.jobs_folded.as_ref().expect("some are folded");
    assert_eq!(report.jobs.len() as u64 + report.jobs_omitted, jobs as u64 + 1);
    let listed = |count: fn(&Job) -> u64| report.jobs.iter().map(count).sum::<u64>();
    let failing = (0..jobs).filter(|number| fails(*number)).count() as u64;
    assert_eq!(listed(|job| job.restarts) + folded.restarts, failing);
    assert_eq!(listed(|job| job.checkpoints.triggered) + folded.checkpoints.triggered, 2 * jobs as u64);
    assert_eq!(listed(|job| u64::from(job.state == "FAILED")) + folded.states["FAILED"], failing);
    let always_on = find(&report, ALWAYS_ON).expect("it goes on");
    assert_eq!((always_on.checkpoints.completed, &*always_on.state, always_on.attempts.len()), (jobs as u64, "RUNNING", 1));
    assert_eq!(report.task_managers.len() as u64 + report.task_managers_omitted, jobs as u64);
}

/// Two files of a rotated log, written at rest.
fn rotated(older: &str, newer: &str) -> Report {
    rotated_files(&[older, newer])
}

/// The same of any number, oldest first.
fn rotated_files(files: &[&str]) -> Report {
    let folder = tempfile::tempdir().unwrap();
    for (newer, text) in files.iter().rev().enumerate() {
        let suffix = if newer == 0 { String::new() } else { format!(".{newer}") };
        write_at_rest(&folder.path().join(format!("flink-flink-standalonesession-0-vm.log{suffix}")), text.as_bytes());
    }
    common::scan_path(folder.path())
}

/// A text cut at records into so many pieces of much the same length.
fn pieces(text: &str, count: usize) -> Vec<&str> {
    let mut rest = text;
    let mut out = Vec::new();
    for left in (1..=count).rev() {
        let cut = if left == 1 { rest.len() } else { rest[rest.len() / left..].find("\n2026-").map_or(rest.len(), |at| rest.len() / left + at + 1) };
        out.push(&rest[..cut]);
        rest = &rest[cut..];
    }
    out
}

/// `yarn logs` of one container whose log was rotated, newest first.
fn as_yarn_prints(files: &[&str]) -> String {
    let mut out = String::new();
    for (newer, text) in files.iter().rev().enumerate() {
        let name = if newer == 0 { "jobmanager.log".to_owned() } else { format!("jobmanager.log.{newer}") };
        let head = "Container: container_1764000000000_0001_01_000001 on node-1_45454";
        let (rule, stars) = ("=".repeat(head.len()), "*".repeat(name.len() + 65));
        write!(
            out,
            "{head}\nLogAggregationType: AGGREGATED\n{rule}\nLogType:{name}\nLogLastModifiedTime:Mon Nov 23 10:00:00 +0000 2026\nLogLength:{}\n\
             LogContents:\n{text}\nEnd of LogType:{name}\n{stars}\n\n",
            text.len(),
        )
        .unwrap();
    }
    out
}

#[test]
fn files_of_a_rotated_log_share_what_is_kept() {
    let fails = |number: usize| number % 4 == 1;
    // Few enough that all that is not folded is listed.
    let jobs = 3_300;
    let text = Session::new(jobs, fails).written();
    let files = pieces(&text, 6);
    // A delivery does not say how many files come: the later ones keep less.
    for (report, least) in [(rotated_files(&files), 2_000), (stream(as_yarn_prints(&files).as_bytes(), How::default()), 1_000)] {
        assert_eq!(report.sources.len(), 6);
        let folded = report.jobs_folded.as_ref().expect("each file alone has few");
        assert!(folded.jobs >= least, "{} jobs", folded.jobs);
        assert_eq!(report.jobs.len() as u64 + report.jobs_omitted, jobs as u64 + 1);
        assert_eq!(folded.jobs, report.jobs_omitted);
        let restarts = report.jobs.iter().map(|job| job.restarts).sum::<u64>();
        assert_eq!(restarts + folded.restarts, (0..jobs).filter(|number| fails(*number)).count() as u64);
        for number in [0, 1, jobs - 2, jobs - 1] {
            assert!(find(&report, &id_of(number)).is_some(), "{number}");
        }
        let always_on = find(&report, ALWAYS_ON).expect("it goes on");
        assert_eq!((always_on.checkpoints.completed, &*always_on.state, always_on.attempts.len()), (jobs as u64, "RUNNING", 1));
    }
}

#[test]
fn a_job_manager_without_memory_is_told_however_long_a_job_failed() {
    let heap = "Java heap space\n\tat java.util.Arrays.copyOf(Arrays.java:3236) ~[?:?]";
    let metaspace = "Metaspace\n\tat java.lang.ClassLoader.defineClass1(Native Method) ~[?:?]";
    for (jobs, lacks, pattern) in [(40, metaspace, "metaspace-oom"), (2_400, metaspace, "metaspace-oom"), (40, heap, "heap-oom-jm")] {
        let mut session = Session::new(0, |_| false);
        for number in 0..jobs {
            session.begin("short", &id_of(number));
            session.restart("short", &id_of(number), &number.to_string());
            session.state("short", &id_of(number), "RUNNING to FINISHED");
            if number == jobs / 2 {
                session.die(lacks);
                session.start();
            }
        }
        let text = session.text;
        let report = stream(text.as_bytes(), How::default());
        let causes: Vec<&str> = report.findings.iter().filter(|finding| finding.role == "root-cause").map(|finding| &*finding.pattern).collect();
        assert!(causes.len() == 2 && causes.contains(&pattern) && causes.contains(&"user-code-exception"), "{causes:?}");
        assert_eq!(report.jobs_folded.is_some(), jobs > 1_500);
    }
}

#[test]
fn the_only_failure_is_told_though_its_job_ends_in_the_middle_of_the_next_file() {
    let id = "cccccccccccccccccccccccccccccccc";
    let mut session = Session::new(0, |_| false);
    session.begin("span", id);
    session.restart("span", id, "0");
    session.checkpoint(id, 1);
    let cut = session.text.len();
    for number in 0..2_000 {
        session.begin("short", &id_of(number));
        session.state("short", &id_of(number), "RUNNING to FINISHED");
        if number == 400 {
            session.state("span", id, "RUNNING to FINISHED");
        }
    }
    let text = session.written();
    let report = rotated(&text[..cut], &text[cut..]);
    let job = find(&report, id).expect("what went wrong is kept");
    assert_eq!((&*job.state, job.restarts, job.attempts.len()), ("FINISHED", 1, 2));
    assert_eq!((&*job.attempts[1].outcome, report.jobs_folded.is_some()), ("finished", true));
    assert!(report.summary.headline.starts_with("span: NullPointerException"), "{}", report.summary.headline);
    assert_eq!(report.jobs.len() as u64 + report.jobs_omitted, 2_002);
}

#[test]
fn of_a_job_that_two_files_folded_the_later_end_counts() {
    for (first, second) in [("FINISHED", "FAILED"), ("FAILED", "FINISHED")] {
        let mut session = Session::new(0, |_| false);
        let mut cut = 0;
        for (file, end) in [first, second].into_iter().enumerate() {
            for number in 0..1_700 {
                // Enough of either kind come before and after.
                let (id, end) = if number / 100 == 8 {
                    (format!("{number:032x}"), end)
                } else {
                    (id_of(file * 1_700 + number), if number % 2 == 0 { "FAILED" } else { "FINISHED" })
                };
                session.begin("short", &id);
                session.state("short", &id, &format!("RUNNING to {end}"));
            }
            cut = if file == 0 { session.text.len() } else { cut };
        }
        let text = session.written();
        let report = rotated(&text[..cut], &text[cut..]);
        let folded = report.jobs_folded.as_ref().expect("some are folded");
        let failed = folded.states["FAILED"] + report.jobs.iter().filter(|job| job.state == "FAILED").count() as u64;
        let of_twice = if second == "FAILED" { 100 } else { 0 };
        assert_eq!(failed, 2 * 800 + of_twice, "{first}, then {second}");
        assert_eq!(folded.restarts, 0, "to be submitted again is no restart");
    }
}

#[test]
fn a_job_that_comes_again_is_kept() {
    let again = "cccccccccccccccccccccccccccccccc";
    let mut session = Session::new(0, |_| false);
    for number in 0..3_200 {
        if number == 400 {
            session.begin("nightly", again);
            session.checkpoint(again, 1);
            session.state("nightly", again, "RUNNING to FINISHED");
        }
        session.begin("short", &id_of(number));
        session.state("short", &id_of(number), "RUNNING to FINISHED");
    }
    session.begin("nightly", again);
    session.checkpoint(again, 2);
    let report = stream(session.written().as_bytes(), How::default());
    let job = find(&report, again).expect("it runs");
    assert_eq!((&*job.state, job.restarts, job.checkpoints.completed), ("RUNNING", 0, 2));
    assert_eq!(report.jobs.len() as u64 + report.jobs_omitted, 3_202);
    assert_eq!(report.summary.verdict, "healthy", "{:?}", report.findings);
    assert!(report.jobs_folded.is_some());
}

#[test]
fn folding_depends_on_the_log_alone() {
    let text = Session::new(2_600, |number| number % 5 == 1).written();
    let want = json(&stream(text.as_bytes(), How::default()));
    assert!(want.contains("\"jobs_folded\": {"));
    for how in [How { threads: 1, chunk_size: 10_000, mmap: false }, How { threads: 3, chunk_size: 77_777, mmap: true }] {
        assert!(json(&stream(text.as_bytes(), how)) == want, "{how:?}");
    }
    assert!(json(&stream(OneByte(text.as_bytes()), How::default())) == want, "byte by byte");
}

#[test]
fn a_cluster_without_a_failure_is_healthy_folded_or_not() {
    for jobs in [300, 2_600] {
        let report = stream(Session::new(jobs, |_| false).written().as_bytes(), How::default());
        assert_eq!(report.jobs_folded.is_some(), jobs > 1_500);
        assert_eq!(report.summary.verdict, "healthy", "{}", report.summary.headline);
        assert!(report.findings.iter().all(|finding| finding.severity == "info"), "{:?}", report.findings);
        assert_eq!(report.summary.headline, format!("{} jobs, no failure", jobs + 1));
    }
}

#[test]
fn jobs_that_never_end_stay_however_many_they_are() {
    let mut session = Session::new(0, |_| false);
    for number in 0..2_500 {
        session.begin("long", &id_of(number));
        session.checkpoint(&id_of(number), 1);
    }
    let report = stream(session.written().as_bytes(), How::default());
    assert!(report.jobs_folded.is_none() && report.jobs.len() as u64 + report.jobs_omitted == 2_501);
    // The last are listed as the first are.
    assert!(find(&report, &id_of(0)).is_some() && find(&report, &id_of(2_499)).is_some());
}

#[test]
fn who_asks_for_a_job_or_a_time_gets_what_lies_in_the_middle() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("flink-flink-standalonesession-0-vm.log");
    write_at_rest(&log, Session::new(2_600, |number| number % 2 == 1).written().as_bytes());
    let scan = |more: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_flinklog"));
        let out = command.args(["scan", "-f", "json", "--no-progress"]).args(more).arg(&log).output().unwrap();
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        serde_json::from_slice::<Report>(&out.stdout).unwrap()
    };
    let whole = scan(&[]);
    let middle = id_of(1_301);
    assert!(whole.jobs_folded.is_some() && find(&whole, &middle).is_none());
    let one = scan(&["--job", &middle]);
    let job = find(&one, &middle).expect("it was asked for");
    assert_eq!((one.jobs.len(), &*job.state, job.restarts, one.jobs_folded.is_none()), (1, "FAILED", 1, true));
    assert!(one.findings.iter().any(|finding| finding.jobs.contains(&middle) && finding.role == "root-cause"), "{:?}", one.findings);
    let (from, to) = (job.first_time.clone().unwrap(), job.last_time.clone().unwrap());
    let then = scan(&["--since", &from, "--until", &to]);
    assert!(find(&then, &middle).is_some() && then.jobs.len() < 10, "{} jobs", then.jobs.len());
}

const METASPACE: &str = "Metaspace\n\tat java.lang.ClassLoader.defineClass1(Native Method) ~[?:?]";

/// A JobManager that starts so many times. Its TaskManagers come with each start: one that draws its id anew, one whose id is set, and one that outlives it.
fn started(times: usize, meanwhile: impl Fn(&mut Session, usize)) -> String {
    let mut session = Session { jobs: 0, fails: |_| false, text: String::new(), ms: 0 };
    for number in 0..times {
        session.start();
        let drawn = format!("localhost:40307-{number:06x}");
        for manager in [&*drawn, "tm-set", "tm-outlives"] {
            session.register(manager);
        }
        meanwhile(&mut session, number);
        session.part_with(&drawn);
        session.part_with("tm-set");
        if number % 100 == 7 {
            session.die(METASPACE);
        } else if number % 100 != 8 {
            session.stop();
        }
    }
    session.text
}

const STARTS: usize = 6_000;

fn with_a_job_in_the_middle() -> String {
    started(STARTS, |session, number| {
        if number == STARTS / 2 {
            session.begin("once", &id_of(1));
            session.restart("once", &id_of(1), "0");
        }
    })
}

/// How many of this were folded, as the warnings say.
fn warned(report: &Report, words: &str) -> u64 {
    let number = |message: &str| {
        let before = message[..message.find(words)?].trim_end().replace(',', "");
        before.rsplit(|c: char| !c.is_ascii_digit()).next()?.parse::<u64>().ok()
    };
    report.warnings.iter().filter(|warning| warning.code == "folded").filter_map(|warning| number(&warning.message)).sum()
}

#[test]
fn starts_of_the_middle_are_counted_and_the_job_among_them_is_told() {
    let text = with_a_job_in_the_middle();
    let report = stream(text.as_bytes(), How::default());
    assert_sound(&report, "many starts");
    let folded = warned(&report, "starts of processes of the middle are only counted");
    assert!(folded > 3_000, "{folded} in {:?}", report.warnings);
    assert_eq!(report.processes.len() as u64 + report.processes_omitted, STARTS as u64);
    // So few ended in these ways that each is kept.
    assert_eq!((warned(&report, "ended orderly"), warned(&report, "ended by"), warned(&report, "ended without")), (folded, 0, 0));
    // The first and the last are listed as ever.
    let ids: Vec<u32> = report.processes.iter().map(|process| process.id).collect();
    assert!(ids.windows(2).filter(|pair| pair[0] + 1 != pair[1]).count() == 1 && ids.len() == 500 && ids[0] == 0, "{ids:?}");
    assert!(report.processes.iter().all(|process| process.flink_version.as_deref() == Some("1.20.5")));
    // The job's attempts end where they end in a piece of that log.
    let starts: Vec<usize> = text.match_indices(START).map(|(at, _)| text[..at].rfind('\n').map_or(0, |at| at + 1)).collect();
    let piece = stream(&text.as_bytes()[starts[STARTS / 2 - 5]..starts[STARTS / 2 + 5]], How::default());
    let told = |report: &Report| {
        let job = find(report, &id_of(1)).expect("it is told");
        assert_eq!((job.attempts.len(), &*job.attempts[1].outcome), (2, "lost"));
        job.attempts.iter().map(|attempt| (attempt.start.clone(), attempt.end.clone())).collect::<Vec<_>>()
    };
    assert_eq!(told(&report), told(&piece));
    let causes: Vec<&str> = report.findings.iter().filter(|finding| finding.role == "root-cause").map(|finding| &*finding.pattern).collect();
    assert!(causes.contains(&"user-code-exception") && causes.contains(&"metaspace-oom"), "{causes:?}");
    // All TaskManagers are there or counted, and all their lives.
    assert_eq!(report.task_managers.len() as u64 + report.task_managers_omitted, STARTS as u64 + 2);
    let known = |id: &str| report.task_managers.iter().find(|worker| worker.id == id).unwrap_or_else(|| panic!("{id}"));
    let set = known("tm-set");
    assert_eq!(set.lives.len() as u64 + set.lives_omitted, STARTS as u64);
    let outlives = known("tm-outlives");
    assert_eq!((outlives.lives.len(), outlives.lives_omitted, outlives.lives[0].lost.clone()), (1, 0, None));
}

#[test]
fn starts_that_ended_alike_are_folded_whatever_their_end() {
    let mut session = Session { jobs: 0, fails: |_| false, text: String::new(), ms: 0 };
    for number in 0..STARTS {
        session.start();
        match number % 3 {
            0 => session.stop(),
            1 => session.die(METASPACE),
            _ => session.register("tm-silent"),
        }
    }
    let report = stream(session.text.as_bytes(), How::default());
    let ended = ["ended orderly", "ended by", "ended without"].map(|how| warned(&report, how));
    assert!(ended.iter().all(|count| *count > 500), "{:?}", report.warnings);
    assert_eq!(ended.iter().sum::<u64>(), warned(&report, "starts of processes"));
    assert_eq!(report.processes.len() as u64 + report.processes_omitted, STARTS as u64);
    assert!(report.findings.iter().any(|finding| finding.pattern == "metaspace-oom" && finding.role == "root-cause"), "{:?}", report.findings);
}

#[test]
fn starts_that_cannot_be_folded_are_counted_from_ten_thousand_on() {
    // A job that never ends in each.
    let text = started(10_300, |session, number| session.begin("short", &id_of(number)));
    let report = stream(text.as_bytes(), How::default());
    assert_eq!(report.processes.len() as u64 + report.processes_omitted, 10_300);
    assert_eq!(warned(&report, "starts of processes"), 300);
    // The last one is listed.
    let line = text[..text.rfind(START).unwrap()].rfind('\n').unwrap() + 1;
    let last = report.processes.last().and_then(|process| process.start.clone()).unwrap();
    assert!(last.starts_with(&text[line..line + 23].replace(' ', "T").replace(',', ".")), "{last}");
}

#[test]
fn folding_of_starts_depends_on_the_log_alone() {
    let text = with_a_job_in_the_middle();
    let want = json(&stream(text.as_bytes(), How::default()));
    for how in [How { threads: 1, chunk_size: 10_000, mmap: false }, How { threads: 3, chunk_size: 77_777, mmap: true }] {
        assert!(json(&stream(text.as_bytes(), how)) == want, "{how:?}");
    }
    assert!(json(&stream(OneByte(text.as_bytes()), How::default())) == want, "byte by byte");
}

#[test]
fn files_of_a_rotated_log_share_the_starts_that_are_kept() {
    let text = with_a_job_in_the_middle();
    let report = rotated_files(&pieces(&text, 6));
    assert_eq!(report.processes.len() as u64 + report.processes_omitted, STARTS as u64);
    assert!(warned(&report, "starts of processes") > 4_000, "{:?}", report.warnings);
    let job = find(&report, &id_of(1)).expect("it is told");
    assert_eq!((job.attempts.len(), &*job.attempts[1].outcome), (2, "lost"));
    let set = report.task_managers.iter().find(|worker| worker.id == "tm-set").unwrap();
    assert_eq!(set.lives.len() as u64 + set.lives_omitted, STARTS as u64);
}

#[test]
fn task_managers_that_were_folded_are_counted_once_though_their_own_logs_are_there() {
    let folder = tempfile::tempdir().unwrap();
    write_at_rest(&folder.path().join("flink-flink-standalonesession-0-vm.log"), started(STARTS, |_, _| {}).as_bytes());
    let mut own = Session { jobs: 0, fails: |_| false, text: String::new(), ms: 0 };
    for number in 0..STARTS {
        let logger = "taskexecutor.TaskManagerRunner";
        own.say(logger, " Starting TaskManager (Version: 1.20.5, Scala: 2.12, Rev:0980485, Date:2026-06-08T09:21:06+02:00)");
        own.say(logger, &format!("Starting TaskManager with ResourceID: localhost:40307-{number:06x}"));
    }
    write_at_rest(&folder.path().join("flink-flink-taskexecutor-0-vm.log"), own.text.as_bytes());
    let report = common::scan_path(folder.path());
    assert_eq!(report.processes.len() as u64 + report.processes_omitted, 2 * STARTS as u64);
    assert_eq!(report.task_managers.len() as u64 + report.task_managers_omitted, STARTS as u64 + 2);
}
