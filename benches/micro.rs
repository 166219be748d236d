//! Micro-benchmarks of the parts of a scan: `cargo bench --bench micro`.
//!
//! In: the small real logs of `fixtures/perf`. Each part has input of its own kind, so that a change shows where it was made.

use std::io::Read;
use std::path::Path;
use std::sync::LazyLock;

use divan::counter::{BytesCount, ItemsCount};
use divan::{Bencher, black_box};
use flinklog::classify::text::Message;
use flinklog::layout::time::DayClock;
use flinklog::patterns::{Level, Packs, Subject};
use flinklog::record::{GcLines, Mode};
use flinklog::rules::Rules;
use flinklog::{classify, correlate, exception, gc, input, layout, record, scan};

static RULES: LazyLock<Rules> = LazyLock::new(|| Rules::new(Packs::shipped().clone()));
static JOB_MANAGER: LazyLock<Vec<u8>> = LazyLock::new(|| fixture("1.20.5-checkpoint-timeout-jobmanager.log.gz"));
static TASK_MANAGER: LazyLock<Vec<u8>> = LazyLock::new(|| fixture("1.20.5-npe-taskmanager.log.gz"));
static GC: LazyLock<Vec<u8>> = LazyLock::new(|| fixture("gc.log.gz"));

const LOG: Mode = Mode { headed: true, lacks: flinklog::layout::Lacks::Nothing, gc: GcLines::No, process: None };

fn main() {
    LazyLock::force(&RULES);
    divan::main();
}

fn fixture(name: &str) -> Vec<u8> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/perf").join(name);
    let mut text = Vec::new();
    let file = std::fs::File::open(path).expect("a fixture");
    flate2::read::GzDecoder::new(file).read_to_end(&mut text).expect("a whole fixture");
    text
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split(|b| *b == b'\n').collect()
}

/// The bodies of records with a stack trace.
fn traces(text: &[u8]) -> Vec<Vec<u8>> {
    let mut found: Vec<Vec<u8>> = Vec::new();
    let mut inside = false;
    for line in lines(text) {
        let head = line.first().is_some_and(u8::is_ascii_digit);
        match (head, inside) {
            (true, _) => inside = false,
            (false, false) => {
                found.push(line.to_vec());
                inside = true;
            }
            (false, true) => {
                if let Some(last) = found.last_mut() {
                    last.push(b'\n');
                    last.extend_from_slice(line);
                }
            }
        }
    }
    found.retain(|body| memchr::memmem::find(body, b"\tat ").is_some());
    found
}

#[divan::bench]
fn framing_job_manager(bencher: Bencher) {
    let text = &*JOB_MANAGER;
    bencher.counter(BytesCount::of_slice(text)).bench(|| record::scan(black_box(text), LOG, &RULES));
}

#[divan::bench]
fn framing_task_manager(bencher: Bencher) {
    let text = &*TASK_MANAGER;
    bencher.counter(BytesCount::of_slice(text)).bench(|| record::scan(black_box(text), LOG, &RULES));
}

#[divan::bench]
fn time_stamps(bencher: Bencher) {
    let lines = lines(&JOB_MANAGER);
    bencher.counter(ItemsCount::new(lines.len())).bench(|| {
        let mut clock = DayClock::default();
        lines.iter().filter_map(|line| clock.read(black_box(line))).sum::<i64>()
    });
}

#[divan::bench]
fn dispatch(bencher: Bencher) {
    let mut clock = DayClock::default();
    let heads: Vec<_> = lines(&JOB_MANAGER).into_iter().filter_map(|line| layout::shipped(line, &mut clock)).collect();
    bencher.counter(ItemsCount::new(heads.len())).bench(|| {
        heads
            .iter()
            .filter(|head| classify::classify(classify::group_of(black_box(head.logger)), head.level, head.logger, Message::new(head.message)).is_some())
            .count()
    });
}

#[divan::bench]
fn literal_search(bencher: Bencher) {
    let bodies = traces(&TASK_MANAGER);
    let bytes: usize = bodies.iter().map(Vec::len).sum();
    bencher.counter(BytesCount::new(bytes)).bench(|| {
        let subject = |message| Subject::Record { logger: b"Task", level: Level::Warn, message, process: None };
        bodies.iter().filter(|body| RULES.packs.best(&subject(black_box(body))).is_some()).count()
    });
}

#[divan::bench]
fn trace_parsing(bencher: Bencher) {
    let bodies = traces(&TASK_MANAGER);
    bencher.counter(ItemsCount::new(bodies.len())).bench(|| bodies.iter().filter_map(|body| exception::parse(black_box(body))).count());
}

#[divan::bench]
fn gc_lines(bencher: Bencher) {
    let lines = lines(&GC);
    bencher.counter(ItemsCount::new(lines.len())).bench(|| {
        let mut machine = gc::Machine::new();
        for (number, line) in lines.iter().enumerate() {
            if gc::is_candidate(black_box(line)) {
                machine.line(gc::Place { line: number as u64 + 1, byte: 0 }, line, None);
            }
        }
        machine.finish()
    });
}

#[divan::bench]
fn correlation(bencher: Bencher) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/perf");
    let found = input::discover::discover(&[folder]);
    let options = scan::Options { rules: &RULES, chunk_size: 2 << 20, mmap: true, all_jobs: false, progress: &|_| {}, onlooker: None };
    bencher.with_inputs(|| scan::files(&found, &options).sources).bench_values(|sources| correlate::correlate(sources, Default::default()));
}
