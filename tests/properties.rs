//! What must not matter: threads, chunk sizes, how the bytes arrive, codecs, line ends, how a log is cut into files.

mod common;

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use common::{How, OneByte, Random, assert_sound, fixture, fixtures, gzip, inputs, jobs_told, json, log, roots, write_at_rest};
use flinklog::report::model::Report;

/// A folder at rest with a fixture's logs, decompressed, so that they are mapped.
fn plain_copy(name: &str) -> (tempfile::TempDir, Vec<PathBuf>) {
    let folder = tempfile::tempdir().unwrap();
    for path in inputs(&fixture(name)) {
        let to = folder.path().join(path.file_name().unwrap().to_str().unwrap().trim_end_matches(".gz"));
        write_at_rest(&to, &common::decoded(&path));
    }
    let paths = inputs(folder.path());
    (folder, paths)
}

/// The first line in which two texts differ.
fn first_difference(a: &str, b: &str) -> String {
    let at = a.lines().zip(b.lines()).position(|(x, y)| x != y).unwrap_or_else(|| a.lines().count().min(b.lines().count()));
    format!("line {}: {:?} and {:?}", at + 1, a.lines().nth(at), b.lines().nth(at))
}

#[track_caller]
fn same(a: &str, b: &str, what: &str) {
    assert!(a == b, "{what}: {}", first_difference(a, b));
}

#[test]
fn threads_and_mapping_change_nothing() {
    for (name, folder, _) in fixtures() {
        let paths = inputs(&folder);
        let want = json(&common::scan(&paths, How { threads: 1, ..How::default() }));
        for threads in 2..=8 {
            let got = json(&common::scan(&paths, How { threads, chunk_size: 64 << 10, mmap: threads % 2 == 0 }));
            same(&got, &want, &format!("{name} with {threads} threads"));
        }
    }
    for name in ["1.20.5-npe", "1.20.5-nested", "1.20.5-restart-loop-rotated"] {
        let (_folder, paths) = plain_copy(name);
        let mapped = json(&common::scan(&paths, How::default()));
        let read = json(&common::scan(&paths, How { mmap: false, ..How::default() }));
        same(&read, &mapped, name);
    }
}

#[test]
fn chunk_sizes_change_nothing() {
    for name in [
        "1.20.5-npe",
        "1.20.5-nested",
        "1.9.3-npe",
        "1.20.5-npe-json",
        "1.20.5-npe-logback",
        "2.2.1-npe-logstash",
        "gc-g1-17",
        "gc-cms-11",
        "yarn-3.3.4-tfile-none-tricky",
    ] {
        let (_folder, paths) = plain_copy_or_fixture(name);
        let want = json(&common::scan(&paths, How::default()));
        let mut random = Random::new(7);
        let mut sizes = vec![1, 2, 3, 17, 100, 255, 4096, 65_537];
        sizes.extend((0..4).map(|_| 1 + random.below(20_000)));
        for chunk_size in sizes {
            for mmap in [true, false] {
                let got = json(&common::scan(&paths, How { threads: 2, chunk_size, mmap }));
                same(&got, &want, &format!("{name} in chunks of {chunk_size}, mapped: {mmap}"));
            }
        }
    }
}

fn plain_copy_or_fixture(name: &str) -> (Option<tempfile::TempDir>, Vec<PathBuf>) {
    if name.starts_with("yarn") {
        return (None, vec![fixture(name).join("yarn-logs.txt.gz")]);
    }
    let (folder, paths) = plain_copy(name);
    (Some(folder), paths)
}

#[test]
fn the_slowest_pipe_gives_what_a_fast_one_gives() {
    let streams = [
        log("1.20.5-npe", "flink-flink-standalonesession-0-vm.log"),
        log("1.20.5-npe-json", "flink-flink-standalonesession-0-vm.log"),
        log("gc-g1-17", "gc.log"),
        fs::read(fixture("1.20.5-npe-logback").join("flink-flink-standalonesession-0-vm.log.gz")).unwrap(),
        common::decoded(&fixture("yarn-3.3.4-tfile-none-tricky").join("yarn-logs.txt.gz")),
        fs::read(fixture("yarn-3.3.4-tfile-none-tricky").join("yarn-logs.txt.gz")).unwrap(),
    ];
    for (number, bytes) in streams.iter().enumerate() {
        let want = json(&common::stream(&bytes[..], How::default()));
        let slow = json(&common::stream(OneByte(&bytes[..]), How::default()));
        same(&slow, &want, &format!("stream {number}"));
        let small = json(&common::stream(&bytes[..], How { threads: 1, chunk_size: 1, mmap: true }));
        same(&small, &want, &format!("stream {number} in chunks of one byte"));
    }
}

/// A report of one log, less what only its file's name and packing can tell.
fn unpacked(mut report: Report) -> String {
    assert_eq!(report.sources.len(), 1, "one source");
    for source in &mut report.sources {
        source.path = String::new();
        source.codec = String::new();
        source.stream_byte = None;
    }
    // Ids of findings and fingerprints come from contents alone and must stay.
    json(&report)
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut out = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut out = liblzma::write::XzEncoder::new(Vec::new(), 1);
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn lz4(bytes: &[u8]) -> Vec<u8> {
    let mut out = lz4_flex::frame::FrameEncoder::new(Vec::new());
    out.write_all(bytes).unwrap();
    out.finish().unwrap()
}

fn zstd(bytes: &[u8]) -> Vec<u8> {
    zstd::encode_all(bytes, 1).unwrap()
}

fn tar(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(bytes.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    out.append_data(&mut header, name, bytes).unwrap();
    out.into_inner().unwrap()
}

fn zip(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    out.start_file(name, zip::write::SimpleFileOptions::default().compression_method(zip::CompressionMethod::Stored)).unwrap();
    out.write_all(bytes).unwrap();
    out.finish().unwrap().into_inner()
}

#[test]
fn codecs_and_archives_change_nothing_but_the_name() {
    let name = "flink-flink-standalonesession-0-vm.log";
    for case in ["1.20.5-nested", "1.20.5-checkpoint-timeout", "1.20.5-npe-json"] {
        let bytes = log(case, name);
        let (half, rest) = bytes.split_at(bytes.len() / 2);
        let two_members = [gzip(half), gzip(rest)].concat();
        let folder = tempfile::tempdir().unwrap();
        let forms: Vec<(&str, &str, Vec<u8>)> = vec![
            ("", "none", bytes.clone()),
            (".gz", "gzip", gzip(&bytes)),
            (".members.gz", "gzip", two_members),
            (".zst", "zstd", zstd(&bytes)),
            (".bz2", "bzip2", bzip2(&bytes)),
            (".xz", "xz", xz(&bytes)),
            (".lz4", "lz4", lz4(&bytes)),
            (".gz.zst", "zstd+gzip", zstd(&gzip(&bytes))),
            (".tar", "tar", tar(name, &bytes)),
            (".tar.gz", "tar+gzip", gzip(&tar(name, &bytes))),
            (".zip", "zip", zip(name, &bytes)),
            // Recognised by content: a name may say anything.
            (".misnamed.txt", "gzip", gzip(&bytes)),
        ];
        let want = unpacked(common::stream(&bytes[..], How::default()));
        for (ending, codec, packed) in forms {
            let path = folder.path().join(format!("{name}{ending}"));
            write_at_rest(&path, &packed);
            for mmap in [true, false] {
                let report = common::scan(&[path.clone()], How { mmap, ..How::default() });
                assert_sound(&report, ending);
                assert_eq!(report.sources.iter().map(|s| s.codec.as_str()).collect::<Vec<_>>(), [codec], "{case}{ending}");
                assert_eq!(report.sources[0].bytes, bytes.len() as u64, "{case}{ending}");
                same(&unpacked(report), &want, &format!("{case}{ending}, mapped: {mmap}"));
            }
            let report = common::stream(&packed[..], How::default());
            same(&unpacked(report), &want, &format!("{case}{ending} through a pipe"));
        }
    }
}

/// Everything that lengths and places of lines cannot touch.
fn without_lengths(report: &Report) -> String {
    let mut value = serde_json::to_value(report).unwrap();
    strip(&mut value, &["bytes", "byte", "sha256", "id", "caused_by", "root_cause", "root_causes", "finding", "stream_byte"]);
    serde_json::to_string_pretty(&value).unwrap()
}

fn strip(value: &mut serde_json::Value, keys: &[&str]) {
    match value {
        serde_json::Value::Object(map) => {
            map.retain(|key, _| !keys.contains(&key.as_str()));
            map.values_mut().for_each(|v| strip(v, keys));
        }
        serde_json::Value::Array(all) => all.iter_mut().for_each(|v| strip(v, keys)),
        _ => {}
    }
}

fn with_cr(bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + bytes.len() / 50);
    for byte in bytes {
        if *byte == b'\n' {
            out.push(b'\r');
        }
        out.push(*byte);
    }
    out
}

/// log4j's JsonLayout ends its lines with CR LF everywhere.
fn without_cr(bytes: &[u8]) -> Vec<u8> {
    String::from_utf8_lossy(bytes).replace("\r\n", "\n").into_bytes()
}

#[test]
fn line_ends_of_windows_change_lengths_only() {
    for name in [
        "1.20.5-npe",
        "1.20.5-nested",
        "1.9.3-npe",
        "1.20.5-npe-json",
        "1.20.5-npe-logback",
        "2.2.1-npe-logstash",
        "gc-g1-17",
        "gc-cms-11",
        "gc-g1-stdout",
        "gc-shenandoah-21",
    ] {
        let (folder, paths) = plain_copy(name);
        for path in &paths {
            write_at_rest(path, &without_cr(&fs::read(path).unwrap()));
        }
        let want = common::scan(&paths, How::default());
        for path in &paths {
            write_at_rest(path, &with_cr(&fs::read(path).unwrap()));
        }
        let got = common::scan(&inputs(folder.path()), How::default());
        same(&without_lengths(&got), &without_lengths(&want), name);
    }
}

#[test]
fn two_logs_in_one_file_keep_both_stories() {
    let name = "flink-flink-standalonesession-0-vm.log";
    let cases = ["1.20.5-npe", "1.20.5-nested", "1.20.5-linkage-class", "1.20.5-healthy", "1.9.3-npe"];
    for first in cases {
        for second in cases.iter().filter(|c| **c != first) {
            let (a, b) = (log(first, name), log(second, name));
            let alone: Vec<_> = [&a, &b].into_iter().flat_map(|bytes| jobs_told(&common::stream(&bytes[..], How::default()))).collect();
            let both = common::stream(&[&a[..], &b[..]].concat()[..], How::default());
            let mut got = jobs_told(&both);
            let mut want = alone;
            got.sort();
            want.sort();
            assert_eq!(got, want, "{first} and then {second}");
            assert_sound(&both, first);
        }
    }
}

/// Cuts a log at line ends into `parts` files `x.log.N` … `x.log`, the newest without a number.
fn rotate(bytes: &[u8], parts: usize, at_heads: bool, folder: &Path, name: &str) {
    let mut cuts = vec![0];
    for part in 1..parts {
        let mut at = bytes.len() * part / parts;
        loop {
            at += bytes[at..].iter().position(|b| *b == b'\n').unwrap() + 1;
            // Appenders rotate between records.
            if !at_heads || bytes[at..].starts_with(b"2026-") {
                break;
            }
        }
        cuts.push(at);
    }
    cuts.push(bytes.len());
    for (number, range) in cuts.windows(2).enumerate() {
        let age = parts - 1 - number;
        let path = folder.join(if age == 0 { name.to_owned() } else { format!("{name}.{age}") });
        write_at_rest(&path, &bytes[range[0]..range[1]]);
    }
}

#[test]
fn rotation_changes_no_job() {
    let name = "flink-flink-standalonesession-0-vm.log";
    for case in ["1.20.5-npe", "1.20.5-nested", "1.20.5-checkpoint-timeout", "1.13.6-tm-kill", "1.9.3-npe", "2.2.1-region-failover"] {
        let bytes = log(case, name);
        let want = common::stream(&bytes[..], How::default());
        for parts in [2, 3, 7, 12] {
            let folder = tempfile::tempdir().unwrap();
            rotate(&bytes, parts, true, folder.path(), name);
            let got = common::scan_path(folder.path());
            assert_eq!(got.sources.len(), parts);
            assert_eq!(got.sources.iter().filter(|s| s.rotation_of.is_some()).count(), parts - 1, "{case} in {parts}");
            assert_eq!(jobs_told(&got), jobs_told(&want), "{case} in {parts} files");
            assert_eq!(roots(&got), roots(&want), "{case} in {parts} files");
            assert_sound(&got, case);
        }
    }
}

#[test]
fn the_order_of_paths_does_not_matter() {
    for name in ["1.20.5-npe", "1.20.5-restart-loop-rotated", "1.20.5-jm-kill-ha"] {
        let mut paths = inputs(&fixture(name));
        let want = json(&common::scan(&paths, How::default()));
        paths.reverse();
        same(&json(&common::scan(&paths, How::default())), &want, name);
        // Given twice counts once.
        paths.extend(paths.clone());
        same(&json(&common::scan(&paths, How::default())), &want, name);
    }
}

#[test]
fn without_some_of_the_files_no_job_is_made_up() {
    for (name, folder, expected) in fixtures() {
        let paths = inputs(&folder);
        let Some(jobs) = expected["jobs"].as_array() else { continue };
        let known: Vec<&str> = jobs.iter().map(|j| j["id"].as_str().unwrap()).collect();
        for without in &paths {
            let rest: Vec<PathBuf> = paths.iter().filter(|p| *p != without).cloned().collect();
            let report = common::scan(&rest, How::default());
            let what = format!("{name} without {}", without.display());
            assert!(common::job_ids(&report).iter().all(|id| known.contains(id)), "{what}: {:?}", common::job_ids(&report));
            assert_sound(&report, &what);
        }
        for only in &paths {
            let report = common::scan(std::slice::from_ref(only), How::default());
            assert!(common::job_ids(&report).iter().all(|id| known.contains(id)), "{name}: {}: {:?}", only.display(), common::job_ids(&report));
            assert_sound(&report, &name);
        }
        let mut gone = paths.clone();
        gone.push(folder.join("no-such-file.log"));
        let report = common::scan(&gone, How::default());
        assert!(report.warnings.iter().any(|w| w.code == "not-found" && w.message.contains("no-such-file.log")), "{name}: {:?}", report.warnings);
    }
}

#[test]
fn a_failure_is_never_blamed_on_a_log_that_is_not_there() {
    // Only the client's log: nothing was seen of the cluster.
    let (_folder, paths) = plain_copy("1.20.5-healthy");
    let client: Vec<PathBuf> = paths.into_iter().filter(|p| p.to_string_lossy().contains("client")).collect();
    let report = common::scan(&client, How::default());
    assert!(["not-assessed", "healthy"].contains(&report.summary.verdict.as_str()), "{}", report.summary.headline);
    assert!(roots(&report).is_empty());
}
