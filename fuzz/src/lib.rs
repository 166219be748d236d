//! What each fuzz target does with its bytes, as plain functions: the fuzzer runs them for hours, `tests/fuzz_smoke.rs` for seconds on stable.
//!
//! A target may not panic, hang or take memory beyond bounds, and what it asserts must hold for any input.

use std::io::Read;

use flinklog::delivery::{IFile, Limits, Sections, TFile, Tar, YarnText, Zip, k8s, nm, prefix};
use flinklog::input::chunk::{SliceChunks, StreamChunks};
use flinklog::input::decode::Codec;
use flinklog::input::sniff;
use flinklog::layout::{self, Lacks, ansi, json, time};
use flinklog::patterns::Packs;
use flinklog::record::{self, GcLines, Mode};
use flinklog::rules::Rules;
use flinklog::{exception, gc, jvm};

/// A target by name.
pub type Target = (&'static str, fn(&[u8]));

/// All targets.
pub const TARGETS: [Target; 12] = [
    ("framing", framing),
    ("layouts", layouts),
    ("time", time_stamps),
    ("traces", traces),
    ("json_layouts", json_layouts),
    ("gc_lines", gc_lines),
    ("yarn_text", yarn_text),
    ("tfile", tfile),
    ("ifile", ifile),
    ("archives", archives),
    ("patterns", patterns),
    ("configuration", configuration),
];

const LACKS: [Lacks; 3] = [Lacks::Nothing, Lacks::Level, Lacks::Time];

fn rules() -> &'static Rules {
    static RULES: std::sync::OnceLock<Rules> = std::sync::OnceLock::new();
    RULES.get_or_init(|| Rules::new(Packs::shipped().clone()))
}

/// The first bytes choose chunk size and mode; the rest is a log. Chunks join to the whole, and what is counted does not depend on them.
pub fn framing(data: &[u8]) {
    let Some((choice, text)) = data.split_at_checked(2) else { return };
    let size = 1 + usize::from(choice[0]) * 3;
    let gc = [GcLines::No, GcLines::Mixed, GcLines::Only][usize::from(choice[1] >> 2) % 3];
    let mode = Mode { headed: choice[1] & 1 == 0, lacks: LACKS[usize::from(choice[1] >> 1 & 1) * (1 + usize::from(choice[1] >> 7))], gc, process: None };
    let whole = record::scan(text, mode, rules());
    let of = |r: &record::ChunkResult| (r.lines, r.records, r.unparsed_lines, r.layouts, r.found.len(), r.gc.len());
    assert_eq!(whole.lines, text.iter().filter(|b| **b == b'\n').count() as u64 + u64::from(text.last().is_some_and(|b| *b != b'\n')));
    assert!(whole.records <= whole.lines && whole.unparsed_lines <= whole.lines);

    let mut joined = Vec::new();
    let mut sum = record::ChunkResult::default();
    for chunk in SliceChunks::new(text, size, mode) {
        add(&mut sum, record::scan(chunk.bytes(), mode, rules()));
        joined.extend_from_slice(chunk.bytes());
    }
    assert_eq!(joined, text, "chunks of a slice join to the whole");
    assert_eq!(of(&sum), of(&whole), "chunks of {size} of a slice");

    let mut joined = Vec::new();
    let mut sum = record::ChunkResult::default();
    let mut chunks = StreamChunks::new(Small(text), size, mode);
    while let (Some(chunk), _) = chunks.next_chunk() {
        assert_eq!(chunk.passed(), (0, 0), "nothing is passed over in a small log");
        add(&mut sum, record::scan(chunk.bytes(), mode, rules()));
        joined.extend_from_slice(chunk.bytes());
    }
    assert_eq!(joined, text, "chunks of a stream join to the whole");
    assert_eq!(of(&sum), of(&whole), "chunks of {size} of a stream");
}

fn add(sum: &mut record::ChunkResult, chunk: record::ChunkResult) {
    sum.lines += chunk.lines;
    sum.records += chunk.records;
    sum.unparsed_lines += chunk.unparsed_lines;
    sum.layouts.iter_mut().zip(chunk.layouts).for_each(|(a, b)| *a += b);
    sum.found.extend(chunk.found);
    sum.gc.extend(chunk.gc);
}

/// A reader that gives up to seven bytes at a time.
struct Small<'a>(&'a [u8]);

impl Read for Small<'_> {
    fn read(&mut self, buf: &mut [u8]) -> std::io::Result<usize> {
        let most = buf.len().min(7);
        self.0.read(&mut buf[..most])
    }
}

/// Lines as heads of every layout, and as what the beginning of a source is judged by.
pub fn layouts(data: &[u8]) {
    let mut clock = time::DayClock::default();
    for line in data.split(|b| *b == b'\n') {
        for lacks in LACKS {
            if let Some(head) = layout::general(line, lacks) {
                assert!(line.ends_with(head.message) || head.message.len() < line.len());
            }
            record::is_head(line, lacks);
        }
        let fast = layout::shipped(line, &mut clock);
        if let Some(head) = fast {
            // A cached clock reads what a new one reads.
            let fresh = layout::shipped(line, &mut time::DayClock::default()).expect("the clock decides nothing");
            assert_eq!((head.stamp.map(|s| s.ms), head.logger, head.message), (fresh.stamp.map(|s| s.ms), fresh.logger, fresh.message));
        }
        let stripped = ansi::strip(line);
        assert!(stripped.len() <= line.len());
        layout::simple_name(line);
        layout::Level::at_start(line);
        nm::nm_fact("a.b.ContainerImpl", line);
    }
    let sniffed = sniff::sniff(data, "flink-x-taskexecutor-0-h.log", true);
    assert_eq!(sniffed.mode, sniff::sniff(data, "flink-x-taskexecutor-0-h.log", true).mode);
    if let Some(kind) = prefix::detect(data) {
        let stripper = prefix::Stripper { kind };
        for line in data.split(|b| *b == b'\n') {
            let _ = stripper.strip(line);
        }
    }
    if let Some(kind) = k8s::looks_like_k8s(data) {
        k8s::read_k8s(kind, data);
    }
}

/// A text as a time at its beginning.
pub fn time_stamps(data: &[u8]) {
    if let Some((stamp, length)) = time::parse(data) {
        assert!(length <= data.len() && length > 0);
        // What stands behind a blank does not change the time.
        let (again, _) = time::parse(&data[..length]).expect("the same time alone");
        assert_eq!(stamp.ms, again.ms);
    }
    let mut clock = time::DayClock::default();
    for line in data.split(|b| *b == b'\n') {
        assert_eq!(clock.read(line), time::DayClock::default().read(line));
    }
}

/// A text as a stack trace. What is kept of it is bounded, whatever it holds.
pub fn traces(data: &[u8]) {
    if let Some(trace) = exception::parse(data) {
        assert!(!trace.links.is_empty() && trace.root < trace.links.len());
        for link in &trace.links {
            assert!(link.frames.len() <= exception::MAX_FRAMES && link.message.len() <= exception::MAX_MESSAGE + 4);
        }
        assert_eq!(exception::parse(data).map(|t| t.fingerprint), Some(trace.fingerprint));
    }
    let mut template = String::new();
    exception::template(data, &mut template);
    rules().look_at_text(data, true, None);
}

/// A line as a JSON object.
pub fn json_layouts(data: &[u8]) {
    for line in data.split(|b| *b == b'\n') {
        if let Some(record) = json::parse(line) {
            assert!(record.text.len() <= line.len() * 3 + 16, "no more text than the line holds");
        }
    }
}

/// Lines as a GC log, as thread dumps and as the JVM's other words.
pub fn gc_lines(data: &[u8]) {
    let mut machine = gc::Machine::new();
    let mut dumps = jvm::thread_dump::ThreadDumpReader::default();
    let mut crashes = jvm::crash::CrashReader::default();
    let mut byte = 0;
    for (number, line) in data.split(|b| *b == b'\n').enumerate() {
        let place = gc::Place { line: number as u64 + 1, byte };
        byte += line.len() as u64 + 1;
        gc::is_candidate(line);
        jvm::notes::recognise(line);
        jvm::notes::memory_line(line);
        machine.line(place, line, None);
        dumps.line(place, line);
        crashes.line(place, line);
    }
    gc::looks_like_gc_log(data);
    for life in machine.finish().lives {
        let pauses = life.pauses;
        assert!(pauses.is_none_or(|p| p.total_ms >= 0.0 && p.max_ms <= p.total_ms + 0.001), "pauses add up");
    }
    dumps.finish();
    crashes.finish();
}

/// Reads everything of a delivery, within bounds.
fn drain(sections: &mut dyn Sections) -> u64 {
    let mut read = 0u64;
    let mut buf = [0u8; 4096];
    let mut count = 0;
    while let Ok(Some(head)) = sections.next() {
        assert!(head.path.as_deref().is_none_or(|p| p.len() < 1 << 20));
        while let Ok(n @ 1..) = sections.read(&mut buf) {
            read += n as u64;
            if read > 64 << 20 {
                return read;
            }
        }
        sections.end();
        count += 1;
        if count > 10_000 {
            break;
        }
    }
    sections.notices();
    read
}

/// The text of `yarn logs`: no section yields more than the text holds, and the pace of reading changes nothing.
pub fn yarn_text(data: &[u8]) {
    let read = drain(&mut YarnText::new(data));
    assert!(read <= data.len() as u64);
    assert_eq!(drain(&mut YarnText::new(Small(data))), read);
}

/// An aggregated file of the older format.
pub fn tfile(data: &[u8]) {
    if let Ok(mut file) = TFile::open(data.to_vec(), "worker-1_45454") {
        drain(&mut file);
    }
}

/// An aggregated file of the indexed format.
pub fn ifile(data: &[u8]) {
    if let Ok(mut file) = IFile::open(data.to_vec(), "worker-1_8041", None) {
        drain(&mut file);
    }
}

/// tar, zip and every codec.
pub fn archives(data: &[u8]) {
    drain(&mut Tar::new(data, Limits::default()));
    if let Ok(mut zip) = Zip::open(data.to_vec(), Limits::default()) {
        drain(&mut zip);
    }
    let codec = Codec::sniff(data);
    if let Ok(reader) = codec.reader(data) {
        let mut out = Vec::new();
        let _ = reader.take(8 << 20).read_to_end(&mut out);
    }
}

/// A file of a user's patterns: an error, or patterns that can be asked.
pub fn patterns(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Packs::from_texts(std::iter::once(("user.toml", text, false))) {
        Ok(packs) => {
            let subject = flinklog::patterns::Subject::Text { line: data, process: None };
            packs.best(&subject);
        }
        Err(errors) => assert!(!errors.is_empty() && errors.iter().all(|e| !e.message.is_empty())),
    }
}

/// Settings.
pub fn configuration(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = toml::from_str::<flinklog::thresholds::Thresholds>(text);
}
