use super::super::testkit::{Dice, Got, IndexedLog, cid, ifile, read_all};
use super::*;

fn cycles() -> Vec<Vec<IndexedLog<'static>>> {
    vec![
        vec![(cid(1), "jobmanager.log", b"one\n", 1_795_252_726_000), (cid(1), "jobmanager.err", b"", 1_795_252_726_000)],
        vec![(cid(1), "jobmanager.log", b"two\n", 1_795_256_326_123), (cid(2), "taskmanager.log", b"three", 1_795_256_326_123)],
    ]
}

fn read(bytes: &[u8], checksum: Option<(&str, u64)>) -> io::Result<(Vec<Got>, Vec<Notice>)> {
    read_all(&mut IFile::open(bytes, "worker-1_45454", checksum)?, 3)
}

fn briefs(got: &[Got]) -> Vec<(String, String, String)> {
    got.iter().map(Got::brief).collect()
}

fn all() -> Vec<(String, String, String)> {
    [("000001", "jobmanager.log", "one\n"), ("000001", "jobmanager.err", ""), ("000001", "jobmanager.log", "two\n"), ("000002", "taskmanager.log", "three")]
        .map(|(c, n, b)| (c.to_string(), n.to_string(), b.to_string()))
        .to_vec()
}

#[test]
fn rolling_cycles_of_both_codecs() {
    for gz in [false, true] {
        let (got, notices) = read(&ifile(&cycles(), gz), None).unwrap();
        assert_eq!(briefs(&got), all());
        assert!(got.iter().all(|g| g.end.complete && g.head.node.as_deref() == Some("worker-1:45454")));
        assert_eq!(got.iter().map(|g| g.head.uploaded).collect::<Vec<_>>(), [Some(1000), Some(1000), Some(1001), Some(1001)]);
        assert_eq!(got[2].head.modified.as_deref(), Some("2026-11-21T10:18:46.123Z"));
        assert_eq!(notices, []);
    }
    let bytes = ifile(&cycles(), true);
    assert_eq!(IFile::open(&bytes[..], "x", None).unwrap().user(), Some("flink"));
}

#[test]
fn a_crashed_cycle_leaves_the_earlier_ones() {
    let first = ifile(&cycles()[..1], true);
    let both = ifile(&cycles(), true);
    assert_eq!(first, both[..first.len()]);
    for cut in [first.len() + 3, both.len() - 1] {
        let (got, notices) = read(&both[..cut], None).unwrap();
        assert_eq!(briefs(&got), all()[..2]);
        assert_eq!(notices.len(), 1);
        let (got, _) = read(&both[..cut], Some(("worker-1_45454", first.len() as u64))).unwrap();
        assert_eq!(briefs(&got), all()[..2]);
    }
    assert!(read(&both[..both.len() - 1], Some(("worker-1_45454", 0))).is_err(), "nothing was readable before the cycle");
    assert_eq!(read(&both[..both.len() - 1], Some(("other_1", 0))).unwrap().0.len(), 2, "of another file");
    assert!(read(&first[..first.len() - 1], None).is_err());
}

#[test]
fn a_log_that_changed_or_is_damaged() {
    let mut bytes = ifile(&cycles(), false);
    // The stated size of the first log (4) is made 9: its packed size stays.
    let at = memchr::memmem::find_iter(&bytes, &[0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 4]).nth(1).unwrap();
    bytes[at + 15] = 9;
    let (got, _) = read(&bytes, None).unwrap();
    assert_eq!((&got[0].body[..], got[0].end.problem.as_ref().unwrap().kind), (&b"one\n"[..], ProblemKind::LengthMismatch));
    let mut bytes = ifile(&cycles(), true);
    bytes[36] ^= 0xff;
    let (got, _) = read(&bytes, None).unwrap();
    assert_eq!(got[0].end.problem.as_ref().unwrap().kind, ProblemKind::DamagedBlock);
    assert_eq!(briefs(&got)[1..], all()[1..]);
}

#[test]
fn checksum_files_and_application_ids() {
    let bytes = [&[0, 0, 0, 3][..], b"w_1", &300u64.to_be_bytes()].concat();
    assert_eq!(parse_checksum(&bytes), Some(("w_1".to_string(), 300)));
    for cut in 0..bytes.len() {
        assert_eq!(parse_checksum(&bytes[..cut]), None);
    }
    assert_eq!(parse_checksum(&[0xff; 20]), None);
    let head = Sha256::digest(b"application_1_0001");
    assert!(is_of_application(&head, "application_1_0001") && !is_of_application(&head, "application_1_0002") && !is_of_application(&head[..9], "x"));
}

#[test]
fn cut_or_damaged_anywhere_it_does_not_panic() {
    for gz in [false, true] {
        let whole = ifile(&cycles(), gz);
        for cut in 0..whole.len() {
            let _ = read(&whole[..cut], None);
        }
        let mut dice = Dice(0x1234_5678_9abc_def1);
        for _ in 0..2000 {
            let mut bad = whole.clone();
            for _ in 0..1 + dice.roll(4) {
                let at = 32 + dice.roll(bad.len() - 32);
                bad[at] = dice.roll(256) as u8;
            }
            if let Ok((got, _)) = read(&bad, None) {
                assert!(got.len() < 100);
            }
        }
    }
}
