//! The fuzz targets on stable: every target on every seed, and on mutations of the seeds, with a fixed seed and a bounded number of executions.
//!
//! `FLINKLOG_FUZZ_EXECUTIONS` sets another number per target; `FLINKLOG_FUZZ_SEEDS=DIR` writes the seeds to `DIR/TARGET/`, where the fuzzers of `fuzz/` begin.

mod common;
#[path = "../fuzz/src/lib.rs"]
mod targets;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

use common::{Random, fixture, fixtures, inputs};

/// Executions per target in an ordinary test run.
const EXECUTIONS: usize = 1_500;

/// Longest input: what a target does must not depend on length, so short ones find more per second.
const MOST: usize = 6_000;

fn executions() -> usize {
    std::env::var("FLINKLOG_FUZZ_EXECUTIONS").ok().and_then(|v| v.parse().ok()).unwrap_or(EXECUTIONS)
}

/// Pieces of the fixtures: the whole of small files, windows of larger ones.
fn seeds(of: &str) -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = vec![Vec::new(), b"\n".to_vec()];
    let mut random = Random::new(11);
    let mut take = |path: &Path, packed: bool| {
        let bytes = if packed { fs::read(path).unwrap() } else { common::decoded(path) };
        if bytes.len() <= MOST || packed {
            seeds.push(bytes);
            return;
        }
        for _ in 0..6 {
            let start = random.below(bytes.len() - MOST);
            let start = bytes[..start].iter().rposition(|b| *b == b'\n').map_or(0, |at| at + 1);
            seeds.push(bytes[start..start + MOST].to_vec());
        }
        seeds.push(bytes[..MOST].to_vec());
    };
    match of {
        "tfile" => walk(&fixture("yarn-3.3.4-tfile-gz").join("remote-app-logs"), &mut |p| take(p, true)),
        "ifile" => walk(&fixture("yarn-3.3.4-ifile-gz").join("remote-app-logs"), &mut |p| take(p, true)),
        "yarn_text" => fixtures().iter().filter(|(n, ..)| n.starts_with("yarn")).for_each(|(_, folder, _)| take(&folder.join("yarn-logs.txt.gz"), false)),
        "archives" => {
            let log = common::log("gc-g1-11-rotated", "gc.log");
            seeds.push(common::gzip(&log));
            seeds.push(zstd::encode_all(&log[..], 1).unwrap());
            let mut tar = tar::Builder::new(Vec::new());
            let mut header = tar::Header::new_ustar();
            header.set_size(log.len() as u64);
            header.set_cksum();
            tar.append_data(&mut header, "gc.log", &log[..]).unwrap();
            seeds.push(tar.into_inner().unwrap());
            let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
            zip.start_file("gc.log", zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored)).unwrap();
            std::io::Write::write_all(&mut zip, &log).unwrap();
            seeds.push(zip.finish().unwrap().into_inner());
        }
        "patterns" | "configuration" => {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("patterns");
            walk(&folder, &mut |p| {
                if p.extension().is_some_and(|e| e == "toml") {
                    take(p, false);
                }
            });
            seeds.push(b"[[pattern]]\nid = \"x-y\"\ntitle = \"X\"\nnature = \"cause\"\nowner = \"unknown\"\nseverity = \"error\"\nrestart_helps = \"no\"\nrank = 50\ncause = \"c\"\nremedy = [\"r\"]\n[pattern.match]\non = [\"text\"]\nany = [\"q\"]\nregex = '(a|b)*c'\n".to_vec());
            seeds.push(b"checkpoint-duration-s = 60\ngc-pause-s = 5.5\nslot-use = 0.9\n".to_vec());
        }
        "time" => {
            let times = [
                "2026-11-21 17:32:01,217",
                "2026-11-21T09:20:37.689Z",
                "2026-11-21T17:20:37.689123456+0800",
                "26/11/21 17:32:01",
                "17:32:01,217",
                "Nov 21, 2026 5:32:01 PM",
                "1795253519757",
                "2026-11-21T09:20:37Z",
            ];
            seeds.extend(times.iter().map(|t| t.as_bytes().to_vec()));
        }
        "gc_lines" => fixtures().iter().filter(|(n, ..)| n.starts_with("gc-")).for_each(|(_, folder, _)| inputs(folder).iter().for_each(|p| take(p, false))),
        "json_layouts" => ["1.20.5-npe-json", "2.2.1-npe-logstash"].iter().for_each(|n| inputs(&fixture(n)).iter().for_each(|p| take(p, false))),
        _ => ["1.20.5-npe", "1.20.5-nested", "1.9.3-npe", "1.20.5-npe-json", "1.20.5-npe-logback", "gc-g1-stdout"]
            .iter()
            .for_each(|n| inputs(&fixture(n)).iter().for_each(|p| take(p, false))),
    }
    seeds
}

fn walk(folder: &Path, found: &mut impl FnMut(&Path)) {
    let mut paths: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() { walk(&path, found) } else { found(&path) }
    }
}

/// Words that decide something somewhere.
const WORDS: [&[u8]; 24] = [
    b"\n",
    b"\r\n",
    b"\0",
    b"\t",
    b"Caused by: ",
    b"Suppressed: ",
    b"\tat a.B.c(D.java:1)",
    b"... 3 more",
    b"LogType:",
    b"LogLength:",
    b"Log Contents:\n",
    b"Container: ",
    b"End of LogType:",
    b"[gc]",
    b"GC(1) Pause Young",
    b"[[pattern]]",
    b"regex = '",
    b"2026-11-21 17:32:01,217 INFO  ",
    b"{\"level\":\"",
    b"\\u0000",
    b"\xff\xfe",
    b"\x1b[31m",
    b"99999999999999999999",
    b"-1",
];

fn mutate(seeds: &[Vec<u8>], random: &mut Random) -> Vec<u8> {
    let mut data = seeds[random.below(seeds.len())].clone();
    for _ in 0..1 + random.below(8) {
        if data.is_empty() {
            data = random.bytes(8);
        }
        let at = random.below(data.len());
        let end = (at + 1 + random.below(200)).min(data.len());
        match random.below(9) {
            0 => data[at] ^= 1 << random.below(8),
            1 => data[at] = random.bytes(1)[0],
            2 => drop(data.drain(at..end)),
            3 => {
                let piece = data[at..end].to_vec();
                data.splice(at..at, piece);
            }
            4 => {
                let other = &seeds[random.below(seeds.len())];
                if !other.is_empty() {
                    let from = random.below(other.len());
                    let to = (from + random.below(400)).min(other.len());
                    data.splice(at..at, other[from..to].iter().copied());
                }
            }
            5 | 6 => {
                let word = WORDS[random.below(WORDS.len())];
                data.splice(at..at, word.iter().copied());
            }
            7 => data.truncate(at),
            _ => data[at..end].fill(b"0 \xff{"[random.below(4)]),
        }
    }
    data
}

/// Runs one target; on a panic the input is written where it can be looked at.
fn run(name: &str) {
    let target = targets::TARGETS.iter().find(|(n, _)| *n == name).unwrap_or_else(|| panic!("no target {name}")).1;
    let seeds = seeds(name);
    assert!(seeds.len() > 3, "{name} has seeds");
    if let Some(folder) = std::env::var_os("FLINKLOG_FUZZ_SEEDS") {
        let folder = PathBuf::from(folder).join(name);
        fs::create_dir_all(&folder).unwrap();
        seeds.iter().enumerate().for_each(|(i, seed)| fs::write(folder.join(format!("seed-{i:03}")), seed).unwrap());
    }
    let mut random = Random::new(12);
    let mut slowest = std::time::Duration::ZERO;
    for number in 0..seeds.len() + executions() {
        let data = if number < seeds.len() { seeds[number].clone() } else { mutate(&seeds, &mut random) };
        let started = Instant::now();
        if std::panic::catch_unwind(|| target(&data)).is_err() {
            let path = std::env::temp_dir().join(format!("flinklog-fuzz-{name}-{number}"));
            fs::write(&path, &data).unwrap();
            panic!("{name}: input {number} is in {}", path.display());
        }
        slowest = slowest.max(started.elapsed());
    }
    assert!(slowest.as_secs() < 20, "{name}: one input took {slowest:?}");
}

macro_rules! targets {
    ($($name:ident),*) => {
        $(#[test] fn $name() { run(stringify!($name)); })*

        #[test]
        fn every_target_runs_here() {
            let here = [$(stringify!($name)),*];
            assert_eq!(targets::TARGETS.map(|(name, _)| name), here);
        }

        #[test]
        fn every_target_has_a_fuzzer() {
            $(assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/fuzz_targets").join(concat!(stringify!($name), ".rs")).exists());)*
        }
    };
}

targets!(framing, layouts, time, traces, json_layouts, gc_lines, yarn_text, tfile, ifile, archives, patterns, configuration);
