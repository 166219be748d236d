use super::super::testkit::{Dice, Got, cid, logs, read_all, record, tfile, utf, vint};
use super::index::Bytes;
use super::*;

fn container(number: u32, list: &[(&str, &[u8])], chunk: usize) -> Vec<u8> {
    record(&cid(number), &logs(list), chunk)
}

fn system() -> Vec<u8> {
    [
        record("VERSION", &[0, 0, 0, 1], 10),
        record("APPLICATION_ACL", &[utf("VIEW_APP"), utf("flink ")].concat(), 10),
        record("APPLICATION_OWNER", &utf("flink"), 10),
    ]
    .concat()
}

fn sample() -> Vec<Vec<u8>> {
    let long = "0123456789".repeat(3000);
    vec![
        [system(), container(1, &[("jobmanager.err", b""), ("jobmanager.log", long.as_bytes())], 700)].concat(),
        [container(2, &[("taskmanager.log", b"one\ntwo")], 26), container(3, &[("\u{4e2d}.log", b"x"), ("b.out", b"y\n")], 1000)].concat(),
    ]
}

fn read(bytes: &[u8]) -> (Vec<Got>, Vec<Notice>) {
    read_all(&mut TFile::open(bytes, "worker-1_45454_1795253651222").unwrap(), 333).unwrap()
}

fn names(got: &[Got]) -> Vec<(String, String, usize)> {
    got.iter().map(|g| (g.brief().0, g.brief().1, g.body.len())).collect()
}

fn all() -> Vec<(String, String, usize)> {
    [
        ("000001", "jobmanager.err", 0),
        ("000001", "jobmanager.log", 30_000),
        ("000002", "taskmanager.log", 7),
        ("000003", "\u{4e2d}.log", 1),
        ("000003", "b.out", 2),
    ]
    .map(|(c, n, l)| (c.to_string(), n.to_string(), l))
    .to_vec()
}

#[test]
fn numbers_of_every_length() {
    let read = |bytes: &[u8]| Bytes(bytes).vlong().unwrap();
    for n in [0, 1, 127, -32, 128, 255, 256, 8191, 8192, 65535, 65536, 1_000_000, i64::from(i32::MAX)] {
        assert_eq!(read(&vint(n)), n);
    }
    // By the format: two bytes for -8192..., three, four, eight.
    assert_eq!(read(&[(-52i8) as u8, 0x80]), 0x80);
    assert_eq!(read(&[(-52i8 - 1) as u8, 0xff]), -1);
    assert_eq!(read(&[(-88i8) as u8, 0x12, 0x34]), 0x1234);
    assert_eq!(read(&[(-112i8) as u8, 1, 2, 3]), 0x01_02_03);
    assert_eq!(read(&[(8i16 - 129) as u8, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe]), -2);
    assert!(Bytes(&[0x80]).vlong().is_err());
}

#[test]
fn both_codecs_and_several_blocks() {
    for algorithm in ["none", "gz"] {
        let (got, notices) = read(&tfile(&sample(), algorithm));
        assert_eq!(names(&got), all(), "{algorithm}");
        assert_eq!(got[1].body, "0123456789".repeat(3000).into_bytes());
        assert!(got.iter().all(|g| g.end.complete && g.head.node.as_deref() == Some("worker-1:45454") && g.head.uploaded == Some(1_795_253_651_222)));
        assert_eq!(notices, []);
    }
}

#[test]
fn lzo_is_refused_by_name() {
    let error = TFile::open(&tfile(&[], "lzo")[..], "w_1").err().unwrap();
    assert!(error.kind() == io::ErrorKind::Unsupported && error.to_string().contains("lzo"), "{error}");
    assert!(TFile::open(&b"2026-11-21 09:20:37"[..], "w_1").is_err());
}

#[test]
fn a_file_without_its_tail_is_walked() {
    for algorithm in ["none", "gz"] {
        let whole = tfile(&sample(), algorithm);
        let (got, notices) = read(&whole[..whole.len() - 5]);
        assert_eq!(names(&got), all(), "{algorithm}");
        assert_eq!(notices.len(), 1, "{notices:?}");
    }
    // Cut inside a log.
    let whole = tfile(&sample(), "none");
    let at = memchr::memmem::find(&whole, b"one").unwrap();
    let (got, _) = read(&whole[..at + 2]);
    assert_eq!(names(&got)[..2], all()[..2]);
    assert_eq!((&got[2].body[..], got[2].end.problem.as_ref().unwrap().kind), (&b"on"[..], ProblemKind::Truncated));
}

#[test]
fn a_damaged_block_costs_that_block() {
    let mut bytes = tfile(&sample(), "gz");
    for byte in &mut bytes[20..60] {
        *byte ^= 0x5a;
    }
    let (got, notices) = read(&bytes);
    assert_eq!(names(&got).last_chunk::<3>(), all().last_chunk::<3>());
    assert!(notices.iter().any(|n| n.code == NoticeCode::Damaged));
}

#[test]
fn a_log_that_the_nodemanager_failed_to_copy_ends_its_container() {
    let broken = [utf("a.log"), utf("100"), b"half".to_vec(), b"Error aggregating log file. Log file : /x/a.log. gone".to_vec()].concat();
    let garbled = [utf("a.log"), utf("2"), b"okError aggregating log file".to_vec()].concat();
    let blocks = [[record(&cid(1), &broken, 20), record(&cid(2), &garbled, 1000), container(3, &[("b.log", b"x")], 10)].concat()];
    let (got, notices) = read(&tfile(&blocks, "none"));
    assert_eq!(names(&got).iter().map(|n| n.1.as_str()).collect::<Vec<_>>(), ["a.log", "a.log", "b.log"]);
    assert_eq!(got[0].end.problem.as_ref().unwrap().kind, ProblemKind::LengthMismatch);
    assert!(got[1].end.complete && got[2].end.complete);
    assert_eq!(notices.len(), 1);
}

#[test]
fn cut_or_damaged_anywhere_it_does_not_panic() {
    for algorithm in ["none", "gz"] {
        let small = [[system(), container(1, &[("a.log", b"hello hello hello"), ("b.log", b"")], 5)].concat(), container(2, &[("c.log", b"text")], 9)];
        let whole = tfile(&small, algorithm);
        for cut in 0..whole.len() {
            if let Ok(mut reader) = TFile::open(&whole[..cut], "w_1") {
                read_all(&mut reader, 5).unwrap();
            }
        }
        let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
        for _ in 0..2000 {
            let mut bad = whole.clone();
            for _ in 0..1 + dice.roll(4) {
                let at = 16 + dice.roll(bad.len() - 16);
                bad[at] = dice.roll(256) as u8;
            }
            if let Ok(mut reader) = TFile::open(&bad[..], "w_1") {
                let (got, _) = read_all(&mut reader, 64).unwrap();
                assert!(got.len() < 100);
            }
        }
    }
}
