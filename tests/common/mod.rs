//! What the integration tests share: scanning through the library, fixtures, a small generator of repeatable random numbers.

#![allow(dead_code)]

use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};

use flinklog::report::model::Report;
use flinklog::rules::Rules;
use flinklog::scan::{self, Options, Scanned};
use flinklog::{correlate, diagnose, input, patterns, present};

/// How to scan.
#[derive(Debug, Clone, Copy)]
pub struct How {
    pub threads: usize,
    pub chunk_size: usize,
    pub mmap: bool,
}

impl Default for How {
    fn default() -> Self {
        How { threads: 2, chunk_size: 2 << 20, mmap: true }
    }
}

/// Scans files and folders.
pub fn scan(paths: &[PathBuf], how: How) -> Report {
    report(how, |options| scan::files(&input::discover::discover(paths), options))
}

/// Scans one path with the defaults.
pub fn scan_path(path: &Path) -> Report {
    scan(&[path.to_owned()], How::default())
}

/// Scans a stream, as standard input is.
pub fn stream(input: impl Read + Send, how: How) -> Report {
    report(how, |options| scan::stream("-", input, options))
}

fn report(how: How, read: impl FnOnce(&Options) -> Scanned + Send) -> Report {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(how.threads).build().unwrap();
    pool.install(|| {
        // Rules of its own: what one scan cached must not show in another.
        let rules = Rules::new(patterns::Packs::shipped().clone());
        let options = Options { rules: &rules, chunk_size: how.chunk_size, mmap: how.mmap, all_jobs: false, progress: &|_| {}, onlooker: None };
        let mut scanned = read(&options);
        let story = correlate::correlate(std::mem::take(&mut scanned.sources), correlate::Options::default());
        let settings = diagnose::Options::default();
        let diagnosis = diagnose::diagnose(&story, &rules, &settings);
        let rest = present::Rest { unreadable: &scanned.unreadable, notices: &scanned.notices, skipped: &scanned.skipped };
        let scene = present::Scene { story: &story, rules: &rules, options: &settings };
        present::present(scene, &diagnosis, present::undiagnosed(scene, &rest))
    })
}

/// A report as it is printed.
pub fn json(report: &Report) -> String {
    serde_json::to_string_pretty(report).unwrap()
}

/// The folder of a fixture.
pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures").join(name)
}

/// All fixtures with what is expected of them, in name order.
pub fn fixtures() -> Vec<(String, PathBuf, serde_json::Value)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(fixture("")).unwrap() {
        let path = entry.unwrap().path();
        if let Ok(text) = fs::read_to_string(path.join("expected.json")) {
            all.push((path.file_name().unwrap().to_string_lossy().into_owned(), path, serde_json::from_str(&text).unwrap()));
        }
    }
    all.sort_by(|a, b| a.0.cmp(&b.0));
    assert!(all.len() > 20, "the fixtures are there");
    all
}

/// What a user would pass of a fixture: everything but what is expected of it.
pub fn inputs(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).filter(|p| !p.ends_with("expected.json")).collect();
    paths.sort();
    paths
}

/// A file's bytes, decompressed if its name says gzip.
pub fn decoded(path: &Path) -> Vec<u8> {
    let bytes = fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    if path.extension().is_some_and(|e| e == "gz") { gunzip(&bytes) } else { bytes }
}

pub fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::MultiGzDecoder::new(bytes).read_to_end(&mut out).unwrap();
    out
}

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

/// A decoded log of a fixture, whether it is stored gzipped or not.
pub fn log(fixture_name: &str, file: &str) -> Vec<u8> {
    let plain = fixture(fixture_name).join(file);
    if plain.exists() { decoded(&plain) } else { decoded(&fixture(fixture_name).join(format!("{file}.gz"))) }
}

/// Writes a file whose time of change lies back far enough that it counts as at rest.
pub fn write_at_rest(path: &Path, bytes: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, bytes).unwrap();
    let long_ago = std::time::SystemTime::now() - std::time::Duration::from_secs(3600);
    fs::File::options().write(true).open(path).unwrap().set_modified(long_ago).unwrap();
}

/// Job ids of a report.
pub fn job_ids(report: &Report) -> Vec<&str> {
    report.jobs.iter().map(|j| j.id.as_str()).collect()
}

/// What is told of the jobs, without where it was found.
pub fn jobs_told(report: &Report) -> Vec<(String, String, u64, usize, u64, u64)> {
    report.jobs.iter().map(|j| (j.id.clone(), j.state.clone(), j.restarts, j.attempts.len(), j.checkpoints.completed, j.checkpoints.failed)).collect()
}

/// Patterns of the root causes.
pub fn roots(report: &Report) -> Vec<&str> {
    report.findings.iter().filter(|f| f.role == "root-cause").map(|f| f.pattern.as_str()).collect()
}

/// A reader that gives one byte at a time, as the slowest pipe does.
pub struct OneByte<R>(pub R);

impl<R: Read> Read for OneByte<R> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let most = buf.len().min(1);
        self.0.read(&mut buf[..most])
    }
}

/// Repeatable random numbers (xorshift64*).
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Below `end`, which is not zero.
    pub fn below(&mut self, end: usize) -> usize {
        (self.next() >> 11) as usize % end
    }

    pub fn bytes(&mut self, length: usize) -> Vec<u8> {
        (0..length).map(|_| (self.next() >> 32) as u8).collect()
    }
}

/// Does what a report says of itself add up? Holds for every input, whatever its state.
pub fn assert_sound(report: &Report, what: &str) {
    let coverage = &report.coverage;
    assert_eq!(coverage.sources, report.sources.len() as u64, "{what}: sources counted");
    assert_eq!(coverage.bytes, report.sources.iter().map(|s| s.bytes).sum::<u64>(), "{what}: bytes counted");
    assert_eq!(coverage.lines, report.sources.iter().map(|s| s.lines).sum::<u64>(), "{what}: lines counted");
    for source in &report.sources {
        assert!(source.unparsed_lines <= source.lines, "{what}: {} lines unparsed of {}", source.unparsed_lines, source.lines);
        assert!(source.records <= source.lines, "{what}: {} records on {} lines of {}", source.records, source.lines, source.path);
    }
    let known = |source: u32| report.sources.iter().any(|s| s.id == source);
    for finding in &report.findings {
        assert!(!finding.evidence.is_empty(), "{what}: finding {} without evidence", finding.pattern);
        for evidence in &finding.evidence {
            assert!(known(evidence.source), "{what}: evidence in a source that is none");
            if let (Some(byte), Some(bytes), Some(line)) = (evidence.byte, evidence.bytes, evidence.line) {
                let source = report.sources.iter().find(|s| s.id == evidence.source).unwrap();
                assert!(
                    byte + bytes <= source.bytes && line >= 1 && line <= source.lines.max(1),
                    "{what}: evidence of {} outside of {}",
                    finding.pattern,
                    source.path
                );
            }
        }
    }
    for row in &report.timeline {
        assert!(known(row.source), "{what}: timeline row in a source that is none");
    }
    for job in &report.jobs {
        assert!(
            job.restarts as usize <= job.attempts.len() + job.attempts_omitted as usize,
            "{what}: {} restarts in {} attempts",
            job.restarts,
            job.attempts.len()
        );
    }
    assert!(["failed", "degraded", "healthy", "not-assessed"].contains(&report.summary.verdict.as_str()), "{what}: verdict {}", report.summary.verdict);
}
