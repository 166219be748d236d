use super::super::testkit::{Got, OneByte, read_all};
use super::*;
use std::io::Write;

fn member(header: &mut tar::Header, data: &[u8]) -> Vec<u8> {
    header.set_size(data.len() as u64);
    header.set_cksum();
    [header.as_bytes().to_vec(), data.to_vec(), vec![0; padding(data.len() as u64) as usize]].concat()
}

fn file(name: &str, data: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..name.len()].copy_from_slice(name.as_bytes());
    header.set_entry_type(tar::EntryType::Regular);
    header.set_mtime(1_795_252_726);
    member(&mut header, data)
}

fn of_kind(kind: tar::EntryType, data: &[u8]) -> Vec<u8> {
    let mut header = tar::Header::new_gnu();
    header.as_old_mut().name[..4].copy_from_slice(b"some");
    header.set_entry_type(kind);
    member(&mut header, data)
}

fn tar_sample() -> Vec<u8> {
    let long = "deep/".repeat(40) + "taskmanager.log";
    let pax = |key: &str, value: &str| {
        let rest = format!(" {key}={value}\n");
        let len = (0..).find(|n: &usize| n.to_string().len() + rest.len() == *n).unwrap();
        format!("{len}{rest}")
    };
    [
        of_kind(tar::EntryType::Directory, b""),
        file("../../etc/jobmanager.log", b"one\n"),
        of_kind(tar::EntryType::GNULongName, format!("{long}\0").as_bytes()),
        file("short", &vec![b'x'; 1000]),
        of_kind(tar::EntryType::Symlink, b""),
        of_kind(tar::EntryType::XHeader, pax("path", "\u{4e2d}.log").as_bytes()),
        file("pax", b"two\n"),
        of_kind(tar::EntryType::Fifo, b""),
        file("empty.err", b""),
        vec![0; 1024],
    ]
    .concat()
}

fn brief(got: &[Got]) -> Vec<(String, usize, bool)> {
    got.iter().map(|g| (g.head.path.clone().unwrap(), g.body.len(), g.end.complete)).collect()
}

#[test]
fn tar_members() {
    let tar = tar_sample();
    let (got, notices) = read_all(&mut Tar::new(&tar[..], Limits::default()), 100).unwrap();
    let long = "deep/".repeat(40) + "taskmanager.log";
    assert_eq!(
        brief(&got),
        [("../../etc/jobmanager.log".to_string(), 4, true), (long, 1000, true), ("\u{4e2d}.log".to_string(), 4, true), ("empty.err".to_string(), 0, true)]
    );
    assert_eq!(got[0].head.modified.as_deref(), Some("2026-11-21T09:18:46.000Z"));
    assert_eq!(&tar[got[2].head.stream_byte as usize..][..4], b"two\n");
    assert_eq!(notices.iter().map(|n| n.code).collect::<Vec<_>>(), [NoticeCode::Skipped]);
    assert_eq!(read_all(&mut Tar::new(OneByte(&tar[..]), Limits::default()), 1).unwrap().0, got);
}

#[test]
fn tar_limits_and_cuts() {
    let tar = tar_sample();
    let limits = Limits { bytes: 500, ..Limits::default() };
    let (got, _) = read_all(&mut Tar::new(&tar[..], limits), 100).unwrap();
    assert_eq!((got.len(), got[1].body.len(), got[1].end.problem.as_ref().unwrap().kind), (2, 496, ProblemKind::LimitReached));
    let (got, notices) = read_all(&mut Tar::new(&tar[..], Limits { members: 2, ..Limits::default() }), 100).unwrap();
    assert_eq!((got.len(), notices[0].code), (1, NoticeCode::LimitReached));
    for cut in (0..tar.len()).step_by(37) {
        let (got, _) = read_all(&mut Tar::new(&tar[..cut], Limits::default()), 512).unwrap();
        assert!(got.iter().filter(|g| !g.end.complete).count() <= 1);
    }
    for at in 0..600 {
        let mut bad = tar.clone();
        bad[at] ^= 0x55;
        read_all(&mut Tar::new(&bad[..], Limits::default()), 512).unwrap();
    }
}

/// A zip by hand: local headers, directory, end.
fn zip(members: &[(&str, &[u8], u16)]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, data, method) in members {
        let packed = if *method == 8 {
            let mut z = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::default());
            z.write_all(data).unwrap();
            z.finish().unwrap()
        } else {
            data.to_vec()
        };
        let mut sum = flate2::Crc::new();
        sum.update(data);
        let common = [
            &20u16.to_le_bytes()[..],
            &[0, 0],
            &method.to_le_bytes(),
            &[0, 0],
            &[0x75, 0x5d],
            &sum.sum().to_le_bytes(),
            &(packed.len() as u32).to_le_bytes(),
            &(data.len() as u32).to_le_bytes(),
            &(name.len() as u16).to_le_bytes(),
            &[0, 0],
        ]
        .concat();
        directory.extend([b"PK\x01\x02\x14\x03", &common[..], &[0; 6], &[0; 2], &[0xa4, 0x81], &(out.len() as u32).to_le_bytes(), name.as_bytes()].concat());
        out.extend([b"PK\x03\x04", &common[..], name.as_bytes(), &packed].concat());
    }
    let at = out.len() as u32;
    let count = (members.len() as u16).to_le_bytes();
    out.extend_from_slice(&directory);
    out.extend([b"PK\x05\x06", &[0; 4][..], &count, &count, &(directory.len() as u32).to_le_bytes(), &at.to_le_bytes(), &[0, 0]].concat());
    out
}

fn zip_sample() -> Vec<u8> {
    let long = "2026-11-21 09:20:37,689 INFO  org.apache.flink\n".repeat(400);
    zip(&[("logs/", b"", 0), ("logs/jobmanager.log", long.as_bytes(), 8), ("../b.out", b"stored\n", 0), ("c.xz", b"??", 95), ("d.err", b"", 0)])
}

#[test]
fn zip_members() {
    let (got, notices) = read_all(&mut Zip::open(zip_sample(), Limits::default()).unwrap(), 1000).unwrap();
    assert_eq!(brief(&got), [("logs/jobmanager.log".to_string(), 18_800, true), ("../b.out".to_string(), 7, true), ("d.err".to_string(), 0, true)]);
    assert_eq!(got[1].body, b"stored\n");
    assert_eq!(got[0].head.declared_len, Some(18_800));
    assert_eq!(notices.iter().map(|n| (n.code, n.text.contains("c.xz"))).collect::<Vec<_>>(), [(NoticeCode::Skipped, true)]);
    assert!(Zip::open(&b"no zip at all"[..], Limits::default()).is_err());
}

#[test]
fn zip_damage_and_limits() {
    let mut bad = zip_sample();
    let at = memchr::memmem::find(&bad, b"stored").unwrap();
    bad[at] = b'S';
    let (got, _) = read_all(&mut Zip::open(bad, Limits::default()).unwrap(), 1000).unwrap();
    assert_eq!(got[1].end.problem.as_ref().unwrap().kind, ProblemKind::DamagedBlock);
    assert!(got[0].end.complete && got[2].end.complete);
    let limits = Limits { bytes: 10_000, ..Limits::default() };
    let (got, notices) = read_all(&mut Zip::open(zip_sample(), limits).unwrap(), 1000).unwrap();
    assert_eq!((got.len(), got[0].body.len(), got[0].end.problem.as_ref().unwrap().kind), (1, 10_000, ProblemKind::LimitReached));
    assert!(notices.iter().any(|n| n.code == NoticeCode::LimitReached));
    let bomb = zip(&[("bomb", &vec![0; 18 << 20], 8), ("next.log", b"x", 0)]);
    let (got, _) = read_all(&mut Zip::open(bomb, Limits { ratio: 200, ..Limits::default() }).unwrap(), 64 << 10).unwrap();
    assert_eq!((got[0].end.problem.as_ref().unwrap().kind, got[0].body.len() < 17 << 20, got[1].end.complete), (ProblemKind::LimitReached, true, true));
    let whole = zip_sample();
    for at in (0..whole.len()).step_by(3) {
        let mut bad = whole.clone();
        bad[at] ^= 0x55;
        for bytes in [&bad[..], &whole[..at]] {
            if let Ok(mut zip) = Zip::open(bytes, Limits::default()) {
                let (got, _) = read_all(&mut zip, 4096).unwrap();
                assert!(got.len() <= 5);
            }
        }
    }
}
