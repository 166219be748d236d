//! Inputs that no one should have to read: every one of them must end in a report that is true, without a panic, a hang or memory that grows with it.

mod common;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use common::{How, OneByte, Random, assert_sound, fixture, fixtures, gzip, inputs, log, write_at_rest};
use flinklog::report::model::Report;

const JOBMANAGER: &str = "flink-flink-standalonesession-0-vm.log";

/// Peak resident memory of this process in bytes, where the system tells.
fn peak_resident() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    Some(line.split_ascii_whitespace().nth(1)?.parse::<u64>().ok()? * 1024)
}

fn no_story(report: &Report, what: &str) {
    assert!(report.jobs.is_empty(), "{what}: {:?}", common::job_ids(report));
    assert_sound(report, what);
}

#[test]
fn next_to_nothing() {
    for (what, bytes) in [
        ("empty", &b""[..]),
        ("one byte", b"x"),
        ("a line end", b"\n"),
        ("NUL", b"\0"),
        ("a brace", b"{"),
        ("a byte order mark", b"\xef\xbb\xbf"),
        ("CR", b"\r"),
    ] {
        no_story(&common::stream(bytes, How::default()), what);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("flink-taskexecutor.log");
        write_at_rest(&path, bytes);
        let report = common::scan_path(&path);
        no_story(&report, what);
        assert_eq!(report.summary.verdict, "not-assessed", "{what}");
    }
}

/// A head, then `x` without an end, then another record.
struct Endless {
    at: u64,
    length: u64,
}

static FILLER: [u8; 65_536] = [b'x'; 65_536];
const HEAD: &[u8] = b"2026-11-21 17:32:01,200 INFO  org.apache.flink.runtime.taskexecutor.TaskExecutor [] - ";
const TAIL: &[u8] = b"\n2026-11-21 17:32:02,200 INFO  org.apache.flink.runtime.taskexecutor.TaskExecutor [] - next\n";

impl Read for Endless {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let (head, body) = (HEAD.len() as u64, HEAD.len() as u64 + self.length);
        let (piece, most): (&[u8], u64) = if self.at < head {
            (&HEAD[self.at as usize..], u64::MAX)
        } else if self.at < body {
            (&FILLER[..], body - self.at)
        } else {
            (TAIL.get((self.at - body) as usize..).unwrap_or(b""), u64::MAX)
        };
        let n = piece.len().min(buf.len()).min(usize::try_from(most).unwrap_or(usize::MAX));
        buf[..n].copy_from_slice(&piece[..n]);
        self.at += n as u64;
        Ok(n)
    }
}

#[test]
fn fifty_megabytes_without_a_line_end_are_passed_over() {
    let length = 50 << 20;
    let whole = HEAD.len() as u64 + length + TAIL.len() as u64;
    let before = peak_resident();
    let started = Instant::now();
    let report = common::stream(Endless { at: 0, length }, How::default());
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
    if let (Some(before), Some(after)) = (before, peak_resident()) {
        // Other tests run in this process at the same time: only a gross excess shows.
        assert!(after.saturating_sub(before) < 300 << 20, "{} MB", after >> 20);
    }
    assert_sound(&report, "one long line");
    assert_eq!((report.sources[0].bytes, report.sources[0].lines, report.sources[0].records), (whole, 2, 2));
    assert_eq!(report.sources[0].capped_lines, 1);

    // The same from a file, mapped and read, and with nothing but the line.
    let mut bytes = Vec::new();
    Endless { at: 0, length }.read_to_end(&mut bytes).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("long.log");
    write_at_rest(&path, &bytes);
    for mmap in [true, false] {
        let report = common::scan(std::slice::from_ref(&path), How { mmap, ..How::default() });
        assert_eq!((report.sources[0].bytes, report.sources[0].lines, report.sources[0].records), (whole, 2, 2), "mapped: {mmap}");
        assert_eq!(report.sources[0].capped_lines, 1);
    }
    no_story(&common::stream(io::repeat(b'x').take(length), How::default()), "only x");
    no_story(&common::stream(io::repeat(b'{').take(length), How::default()), "only braces");
    no_story(&common::stream(io::repeat(0).take(length), How::default()), "only NUL");
    assert!(started.elapsed() < Duration::from_secs(90), "{:?}", started.elapsed());
}

#[test]
fn random_bytes_tell_nothing() {
    let mut random = Random::new(1);
    for round in 0..60 {
        let length = random.below(40_000);
        let mut bytes = random.bytes(length);
        if round % 2 == 0 {
            // Printable, with line ends and what heads are made of.
            const ALPHABET: &[u8] = b"0123456789-:,. \t\n\n[]{}\"INFOWARNERRORatjava.lang.Exception: Caused by";
            bytes.iter_mut().for_each(|b| *b = ALPHABET[usize::from(*b) % ALPHABET.len()]);
        }
        no_story(&common::stream(&bytes[..], How::default()), &format!("round {round}"));
    }
}

#[test]
fn magic_bytes_with_nothing_behind_them() {
    let mut random = Random::new(2);
    let magics: [&[u8]; 12] = [
        b"\x1f\x8b\x08",
        b"\x28\xb5\x2f\xfd",
        b"BZh9",
        b"\xfd7zXZ\0",
        b"\x04\x22\x4d\x18",
        b"PK\x03\x04",
        b"PK\x05\x06",
        b"\xd1\x11\xd3\x68\x91\xb5\xd7\xb6",
        b"\x7fELF",
        b"Container: ",
        b"\n\nContainer: container_1_2_3_4 on h_1\n===\nLogType:x\nLogLength:9999999999999999999\nLog Contents:\n",
        b"{\"instant\":",
    ];
    for magic in magics {
        for length in [0, 1, 10, 1000] {
            let bytes = [magic, &random.bytes(length)].concat();
            let what = format!("{} and {length} bytes", magic.escape_ascii());
            no_story(&common::stream(&bytes[..], How::default()), &what);
            let folder = tempfile::tempdir().unwrap();
            let path = folder.path().join("x.log");
            write_at_rest(&path, &bytes);
            no_story(&common::scan_path(&path), &what);
        }
    }
}

#[test]
fn a_truncated_gzip_is_read_to_where_it_ends() {
    let whole = log("1.20.5-npe", JOBMANAGER);
    let packed = gzip(&whole);
    let all = common::stream(&packed[..], How::default());
    for keep in [packed.len() / 4, packed.len() / 2, packed.len() - 4, packed.len() - 9] {
        let report = common::stream(&packed[..keep], How::default());
        assert_sound(&report, "truncated gzip");
        assert_eq!(report.sources.len(), 1);
        assert!(!report.sources[0].complete);
        assert!(report.sources[0].records > 10 && report.sources[0].bytes <= whole.len() as u64);
        assert!(report.warnings.iter().any(|w| w.code == "truncated" && w.source == Some(report.sources[0].id)), "{:?}", report.warnings);
        assert!(common::job_ids(&report).iter().all(|id| common::job_ids(&all).contains(id)));
        assert_eq!(report.coverage.incomplete, 1);
    }
}

#[test]
fn a_gzip_bomb_takes_little_memory_and_ends() {
    // 1 GB of NUL, a thousand times smaller packed; and one inside another.
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    io::copy(&mut io::repeat(0).take(1 << 30), &mut encoder).unwrap();
    let bomb = encoder.finish().unwrap();
    let nested = (0..8).fold(bomb.clone(), |inner, _| gzip(&inner));
    let before = peak_resident();
    let started = Instant::now();
    let report = common::stream(&bomb[..], How::default());
    no_story(&report, "bomb");
    let report = common::stream(&nested[..], How::default());
    no_story(&report, "nested bomb");
    assert!(report.warnings.iter().any(|w| w.code == "nested-too-deep"), "{:?}", report.warnings);
    assert!(started.elapsed() < Duration::from_secs(120), "{:?}", started.elapsed());
    if let (Some(before), Some(after)) = (before, peak_resident()) {
        assert!(after.saturating_sub(before) < 300 << 20, "{} MB", after >> 20);
    }
}

#[test]
#[cfg(unix)]
fn links_folders_and_files_that_cannot_be_read() {
    use std::os::unix::fs::{PermissionsExt, symlink};
    let folder = tempfile::tempdir().unwrap();
    let good = folder.path().join("good.log");
    write_at_rest(&good, &log("1.20.5-npe", JOBMANAGER));
    fs::create_dir(folder.path().join("sub")).unwrap();
    symlink(folder.path(), folder.path().join("sub/up")).unwrap();
    symlink("itself.log", folder.path().join("itself.log")).unwrap();
    symlink("nowhere", folder.path().join("dangling.log")).unwrap();
    fs::create_dir(folder.path().join("folder.log")).unwrap();
    let closed = folder.path().join("closed.log");
    write_at_rest(&closed, b"x");
    fs::set_permissions(&closed, fs::Permissions::from_mode(0o000)).unwrap();
    let report = common::scan_path(folder.path());
    assert_eq!(report.jobs.len(), 1);
    assert_sound(&report, "links");
    for name in ["sub/up", "itself.log", "dangling.log"] {
        assert!(report.warnings.iter().any(|w| w.message.contains(name)), "{name} is named: {:?}", report.warnings);
    }
    // Root reads everything.
    if fs::File::open(&closed).is_err() {
        assert!(report.warnings.iter().any(|w| w.message.contains("closed.log")), "{:?}", report.warnings);
    }
    // A folder where a file was given, a file where a folder was given.
    let report = common::scan(&[folder.path().join("folder.log"), good.join("x.log")], How::default());
    no_story(&report, "wrong kinds");
    assert!(report.warnings.iter().any(|w| w.message.contains("x.log")), "{:?}", report.warnings);
}

#[test]
fn a_file_that_goes_away_before_it_is_opened() {
    let folder = tempfile::tempdir().unwrap();
    let (stays, goes) = (folder.path().join("a.log"), folder.path().join("b.log"));
    write_at_rest(&stays, &log("1.20.5-npe", JOBMANAGER));
    write_at_rest(&goes, b"x");
    let found = flinklog::input::discover::discover(&[folder.path().to_owned()]);
    fs::remove_file(&goes).unwrap();
    let rules = flinklog::rules::Rules::new(flinklog::patterns::Packs::shipped().clone());
    let options = flinklog::scan::Options { rules: &rules, chunk_size: 1 << 20, mmap: true, all_jobs: false, progress: &|_| {}, onlooker: None };
    let scanned = flinklog::scan::files(&found, &options);
    assert_eq!(scanned.sources.len(), 1);
    assert_eq!(scanned.unreadable.len(), 1);
    assert!(scanned.unreadable[0].0.ends_with("b.log"));
}

/// Scans `path` while another thread does things to it, again and again.
fn while_changing(path: &Path, mmap: bool, change: impl Fn(u64) + Sync) -> Vec<Report> {
    let over = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut round = 0;
            while !over.load(Ordering::Relaxed) {
                change(round);
                round += 1;
            }
        });
        let reports = (0..12).map(|_| common::scan(&[path.to_owned()], How { chunk_size: 4096, mmap, threads: 2 })).collect();
        over.store(true, Ordering::Relaxed);
        reports
    })
}

#[test]
#[cfg(unix)]
fn truncated_grown_and_removed_while_it_is_scanned() {
    let record = log("1.20.5-npe", JOBMANAGER);
    let known = common::stream(&record[..], How::default());
    let bytes = record.repeat(20);
    for mmap in [true, false] {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jobmanager.log");
        write_at_rest(&path, &bytes);
        let long_ago = std::time::SystemTime::now() - Duration::from_secs(3600);
        let reports = while_changing(&path, mmap, |round| {
            let Ok(file) = fs::File::options().write(true).create(true).truncate(false).open(&path) else { return };
            let _ = match round % 4 {
                0 => file.set_len(bytes.len() as u64 / 3),
                1 => fs::write(&path, &bytes),
                2 => fs::remove_file(&path),
                _ => file.set_len(bytes.len() as u64 * 2),
            };
            let _ = file.set_modified(long_ago);
        });
        for report in &reports {
            assert_sound(report, "changing");
            // Half of a line may be there, but an id is whole or it is none.
            assert!(common::job_ids(report).iter().all(|id| common::job_ids(&known).contains(id)), "{:?}", common::job_ids(report));
        }
    }
}

#[test]
fn a_reader_that_fails_in_the_middle() {
    struct Failing<R>(R, usize);
    impl<R: Read> Read for Failing<R> {
        fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
            if self.1 == 0 {
                return Err(io::Error::other("the disk is gone"));
            }
            let most = buf.len().min(self.1);
            let n = self.0.read(&mut buf[..most])?;
            self.1 -= n;
            Ok(n)
        }
    }
    let bytes = log("1.20.5-npe", JOBMANAGER);
    for after in [0, 1, 5_000, 40_000, 100_000] {
        let report = common::stream(Failing(&bytes[..], after), How::default());
        assert_sound(&report, "failing");
        assert!(report.warnings.iter().any(|w| w.message.contains("the disk is gone")), "after {after}: {:?}", report.warnings);
        assert!(report.sources.iter().all(|s| !s.complete), "after {after}");
    }
}

/// Logs of the fixtures that are damaged below.
fn victims() -> Vec<(&'static str, Vec<u8>)> {
    [
        ("1.20.5-npe", JOBMANAGER),
        ("1.20.5-npe", "flink-flink-taskexecutor-0-vm.log"),
        ("1.20.5-nested", JOBMANAGER),
        ("1.9.3-npe", JOBMANAGER),
        ("1.20.5-npe-json", JOBMANAGER),
        ("1.20.5-npe-logback", JOBMANAGER),
        ("2.2.1-npe-logstash", JOBMANAGER),
        ("gc-g1-17", "gc.log"),
        ("gc-cms-11", "gc.log"),
        ("gc-zgc-21", "gc.log"),
        ("yarn-3.3.4-tfile-gz", "yarn-logs.txt"),
        ("yarn-3.3.4-tfile-none-tricky", "yarn-logs.txt"),
    ]
    .into_iter()
    .map(|(case, file)| (case, log(case, file)))
    .collect()
}

fn ids(report: &Report) -> Vec<String> {
    report.jobs.iter().map(|j| j.id.clone()).collect()
}

#[test]
fn cut_at_every_kind_of_place() {
    for (case, bytes) in victims() {
        let known = ids(&common::stream(&bytes[..], How::default()));
        let mut random = Random::new(3);
        let mut places: Vec<usize> = (0..20).map(|_| random.below(bytes.len())).collect();
        // Around line ends, in UTF-8 sequences, between digits of times, in ids.
        let line_ends: Vec<usize> = bytes.iter().enumerate().filter(|(_, b)| **b == b'\n').map(|(at, _)| at).collect();
        for _ in 0..6 {
            let end = line_ends[random.below(line_ends.len())];
            places.extend([end, (end + 1).min(bytes.len()), end.saturating_sub(1), (end + 12).min(bytes.len())]);
        }
        if let Some(at) = bytes.windows(13).position(|w| w == b"switched from") {
            places.extend(at.saturating_sub(40)..at);
        }
        places.extend([0, 1, bytes.len() - 1]);
        for at in places {
            for (what, piece) in [("before", &bytes[at..]), ("after", &bytes[..at])] {
                let report = common::stream(piece, How::default());
                let what = format!("{case} cut {what} byte {at}");
                assert_sound(&report, &what);
                let invented: Vec<_> = ids(&report).into_iter().filter(|id| !known.contains(id)).collect();
                assert!(invented.is_empty(), "{what}: {invented:?}");
                if !case.starts_with("yarn") && !report.sources.is_empty() {
                    assert_eq!(report.coverage.bytes, piece.len() as u64, "{what}");
                }
            }
        }
    }
}

#[test]
fn flipped_dropped_and_doubled_bytes() {
    for (case, bytes) in victims() {
        let mut random = Random::new(4);
        for round in 0..14 {
            let mut damaged = bytes.clone();
            for _ in 0..1 + random.below(200) {
                let at = random.below(damaged.len());
                match random.below(5) {
                    0 => damaged[at] ^= 1 << random.below(8),
                    1 => damaged[at] = random.bytes(1)[0],
                    2 => {
                        let end = (at + random.below(300)).min(damaged.len());
                        damaged.drain(at..end);
                    }
                    3 => {
                        let end = (at + random.below(300)).min(damaged.len());
                        let piece = damaged[at..end].to_vec();
                        let to = random.below(damaged.len());
                        damaged.splice(to..to, piece);
                    }
                    _ => {
                        let end = (at + random.below(200)).min(damaged.len());
                        damaged[at..end].fill(0);
                    }
                }
                if damaged.is_empty() {
                    break;
                }
            }
            let report = common::stream(&damaged[..], How::default());
            assert_sound(&report, &format!("{case} damaged, round {round}"));
            // A flipped digit may make another id, never one that is not 32 hexadecimal digits.
            for id in ids(&report) {
                assert!(id.len() == 32 && id.bytes().all(|b| b.is_ascii_hexdigit()), "{case}, round {round}: {id}");
            }
        }
    }
}

#[test]
fn lines_shuffled_doubled_and_dropped() {
    for (case, bytes) in victims() {
        let known = ids(&common::stream(&bytes[..], How::default()));
        let lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
        let mut random = Random::new(5);
        for round in 0..4 {
            let mut mixed = lines.clone();
            for at in (1..mixed.len()).rev() {
                match round {
                    0 => mixed.swap(at, random.below(at + 1)),
                    1 => mixed[at] = mixed[random.below(at + 1)],
                    2 if at % 3 == 0 => {
                        mixed.remove(at);
                    }
                    _ => {}
                }
            }
            if round == 3 {
                mixed.reverse();
            }
            let report = common::stream(&mixed.concat()[..], How::default());
            let what = format!("{case} mixed, round {round}");
            assert_sound(&report, &what);
            assert!(ids(&report).iter().all(|id| known.contains(id)), "{what}: {:?}", ids(&report));
        }
    }
}

/// Two logs written to one file, a few lines of each in turn.
#[test]
fn lines_of_two_logs_interleaved() {
    let all = victims();
    for (number, (case, one)) in all.iter().enumerate() {
        let (other_case, other) = &all[(number + 1) % all.len()];
        let known: Vec<String> = [one, other].iter().flat_map(|bytes| ids(&common::stream(&bytes[..], How::default()))).collect();
        let mut random = Random::new(9);
        let mut mixed = Vec::new();
        let mut rest = [one, other].map(|bytes| bytes.split_inclusive(|b| *b == b'\n').peekable());
        while rest.iter_mut().any(|lines| lines.peek().is_some()) {
            let lines = &mut rest[random.below(2)];
            (0..1 + random.below(9)).filter_map(|_| lines.next()).for_each(|line| mixed.extend_from_slice(line));
        }
        let report = common::stream(&mixed[..], How::default());
        assert_sound(&report, case);
        let made_up: Vec<_> = ids(&report).into_iter().filter(|id| !known.contains(id)).collect();
        assert!(made_up.is_empty(), "{case} and {other_case}: {made_up:?}");
    }
}

#[test]
fn files_dropped_doubled_and_renamed() {
    let mut random = Random::new(6);
    for (name, folder, _) in fixtures() {
        let paths = inputs(&folder);
        let known = ids(&common::scan(&paths, How::default()));
        for round in 0..4 {
            let target = tempfile::tempdir().unwrap();
            let mut count = 0;
            for path in paths.iter().filter(|p| p.is_file()) {
                for copy in 0..random.below(3) {
                    // Rotations out of order, copies under other names, logs under each other's names.
                    let other: &PathBuf = &paths[random.below(paths.len())];
                    let mut to = target.path().join(other.file_name().unwrap());
                    if copy > 0 || to.exists() {
                        to = target.path().join(format!("{count}-{}.{}", other.file_name().unwrap().to_string_lossy(), random.below(4)));
                    }
                    write_at_rest(&to, &fs::read(path).unwrap());
                    count += 1;
                }
            }
            let report = common::scan_path(target.path());
            let what = format!("{name} with its files mixed, round {round}");
            assert_sound(&report, &what);
            assert!(ids(&report).iter().all(|id| known.contains(id)), "{what}: {:?}", ids(&report));
        }
    }
}

#[test]
fn packed_files_with_flipped_bytes() {
    let folder = fixture("yarn-3.3.4-tfile-none-tricky").join("remote-app-logs");
    let mut originals: Vec<Vec<u8>> = walk(&folder).iter().map(|p| fs::read(p).unwrap()).collect();
    originals.extend(walk(&fixture("yarn-3.3.4-tfile-gz").join("remote-app-logs")).iter().map(|p| fs::read(p).unwrap()));
    originals.push(fs::read(fixture("1.20.5-npe-json").join(format!("{JOBMANAGER}.gz"))).unwrap());
    let mut random = Random::new(8);
    for (number, original) in originals.iter().enumerate() {
        for round in 0..30 {
            let mut bytes = original.clone();
            for _ in 0..1 + random.below(20) {
                let at = random.below(bytes.len());
                bytes[at] = random.bytes(1)[0];
            }
            if round % 3 == 0 {
                bytes.truncate(random.below(bytes.len()));
            }
            let target = tempfile::tempdir().unwrap();
            let path = target.path().join("worker-1_45454");
            write_at_rest(&path, &bytes);
            let what = format!("packed file {number}, round {round}");
            assert_sound(&common::scan_path(&path), &what);
            assert_sound(&common::stream(&bytes[..], How::default()), &what);
        }
    }
}

fn walk(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(walk(&path)) } else { all.push(path) }
    }
    all.sort();
    all
}

#[test]
fn archives_with_evil_names() {
    let bytes = log("1.20.5-npe", JOBMANAGER);
    let folder = tempfile::tempdir().unwrap();
    let outside = folder.path().join("outside.log");
    for name in ["../outside.log", "/outside.log", "..\\outside.log", "a/../../outside.log", "\u{1b}[31mred.log", "x\ny.log", "\u{202e}gol.x"] {
        let mut zip = zip::ZipWriter::new(io::Cursor::new(Vec::new()));
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        io::Write::write_all(&mut zip, &bytes).unwrap();
        let packed = zip.finish().unwrap().into_inner();
        let inside = folder.path().join("in");
        let path = inside.join("logs.zip");
        write_at_rest(&path, &packed);
        let report = common::scan_path(&path);
        assert_sound(&report, name);
        assert!(!outside.exists(), "{name} was written");
        assert_eq!(fs::read_dir(&inside).unwrap().count(), 1, "{name}: nothing is unpacked beside the archive");
    }
}

#[test]
fn json_that_nests_without_end() {
    for (open, close) in [("{\"a\":", "}"), ("[", "]")] {
        let deep = format!("{}1{}\n", open.repeat(100_000), close.repeat(100_000));
        no_story(&common::stream(deep.as_bytes(), How::default()), open);
        let inside = format!(
            "{{\"level\":\"INFO\",\"message\":\"x\",\"timestamp\":\"2026-11-21T09:20:37.689Z\",\"extra\":{}1{}}}\n",
            open.repeat(50_000),
            close.repeat(50_000)
        );
        no_story(&common::stream(inside.repeat(3).as_bytes(), How::default()), open);
    }
}

#[test]
fn causes_without_end() {
    let head = "2026-11-21 17:32:01,200 ERROR com.acme.Job [] - failed\njava.lang.RuntimeException: x\n";
    let chain = "Caused by: java.lang.IllegalStateException: y\n\tat com.acme.A.b(A.java:1)\n".repeat(20_000);
    let started = Instant::now();
    for text in
        [format!("{head}{chain}"), format!("{head}{}", "\tSuppressed: a.b.CException: z\n".repeat(30_000)), format!("{head}{}", "Caused by: ".repeat(60_000))]
    {
        let report = common::stream(text.as_bytes(), How::default());
        no_story(&report, "causes");
        assert!(common::json(&report).len() < 2 << 20);
    }
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn twenty_thousand_names_keep_the_report_small() {
    // New jobs, tasks, loggers, exceptions and templates on every line.
    let mut text = String::new();
    for i in 0..20_000u32 {
        text.push_str(&format!(
            "2026-11-21 17:32:01,200 WARN  com.acme.Logger{i} [] - new words {i:x}z nr{i}\n2026-11-21 17:32:01,201 INFO  org.apache.flink.runtime.executiongraph.ExecutionGraph [] - Job job{i} ({i:032x}) switched from state CREATED to RUNNING.\n2026-11-21 17:32:01,202 ERROR com.acme.X{i} [] - y\ncom.acme.E{i}Exception: {i}\n\tat com.acme.C{i}.m(C.java:1)\n"
        ));
    }
    let started = Instant::now();
    let report = common::stream(text.as_bytes(), How::default());
    assert_sound(&report, "many names");
    let length = common::json(&report).len();
    assert!(length < 20 << 20, "{length} bytes");
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn one_byte_at_a_time_through_every_layer() {
    let bytes = fs::read(fixture("1.20.5-npe-json").join(format!("{JOBMANAGER}.gz"))).unwrap();
    let report = common::stream(OneByte(&bytes[..]), How::default());
    assert_eq!(report.jobs.len(), 1);
    assert_sound(&report, "one byte at a time");
}

#[test]
fn sixty_thousand_restarts_and_their_checkpoints_are_all_counted() {
    let job = "0000000000000000000000000000000a";
    let mut log = String::new();
    let mut ms = 0u64;
    let mut line = |logger: &str, text: &str| {
        ms += 10;
        let (s, day) = (ms / 1000 % 86_400, 1 + ms / 86_400_000);
        log.push_str(&format!(
            "2026-03-{day:02} {:02}:{:02}:{:02},{:03} INFO  org.apache.flink.runtime.{logger} [] - {text}\n",
            s / 3600,
            s / 60 % 60,
            s % 60,
            ms % 1000
        ));
    };
    let attempts = 60_000;
    for attempt in 0..attempts {
        let before = if attempt == 0 { "CREATED" } else { "RESTARTING" };
        line("executiongraph.ExecutionGraph", &format!("Job loop ({job}) switched from state {before} to RUNNING."));
        line("checkpoint.CheckpointCoordinator", &format!("Triggering checkpoint {} (type=CHECKPOINT) @ 1772323200000 for job {job}.", attempt + 1));
        line(
            "checkpoint.CheckpointCoordinator",
            &format!("Completed checkpoint {} for job {job} (512 bytes, checkpointDuration=4 ms, finalizationTime=1 ms).", attempt + 1),
        );
        line(
            "executiongraph.ExecutionGraph",
            "Map (1/1) (00000000000000000000000000000001_0000000000000000000000000000000a_0_0) switched from RUNNING to FAILED on tm-1 @ tm-1 (dataPort=1).\n\
             java.lang.IllegalStateException: no seat\n\tat com.acme.Seats.take(Seats.java:42)",
        );
        line("executiongraph.ExecutionGraph", &format!("Job loop ({job}) switched from state RUNNING to RESTARTING."));
    }
    let report = common::stream(log.as_bytes(), How::default());
    let found = &report.jobs[0];
    assert_eq!((found.restarts, found.checkpoints.triggered, found.checkpoints.completed), (attempts - 1, attempts, attempts));
    assert_eq!(found.attempts.len() as u64 + found.attempts_omitted, attempts);
    assert!(report.warnings.iter().any(|warning| warning.code == "folded"), "what was given up is told");
}
