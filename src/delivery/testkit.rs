//! Builders of small deliveries, and a reader of whole ones.

use std::io::{self, Read, Write};

use super::tfile::MAGIC;
use super::{Notice, SectionEnd, SectionHead, Sections};

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Got {
    pub head: SectionHead,
    pub body: Vec<u8>,
    pub end: SectionEnd,
}

impl Got {
    /// Container number (last part of the id), name, text.
    pub fn brief(&self) -> (String, String, String) {
        let container = self.head.container.as_deref().unwrap_or("-");
        let number = container.rsplit('_').next().unwrap_or("").to_string();
        (number, self.head.log_type.clone().unwrap_or_default(), String::from_utf8_lossy(&self.body).into_owned())
    }
}

/// Reads all sections with a buffer of `size` bytes.
pub fn read_all(sections: &mut dyn Sections, size: usize) -> io::Result<(Vec<Got>, Vec<Notice>)> {
    let mut all = Vec::new();
    let mut buf = vec![0; size];
    while let Some(head) = sections.next()? {
        let mut body = Vec::new();
        loop {
            let n = sections.read(&mut buf)?;
            if n == 0 {
                break;
            }
            body.extend_from_slice(&buf[..n]);
        }
        assert_eq!(sections.read(&mut buf)?, 0, "a log that ended stays ended");
        all.push(Got { head, body, end: sections.end() });
    }
    assert!(sections.next()?.is_none());
    Ok((all, sections.notices()))
}

/// Gives one byte at a time.
pub struct OneByte<R>(pub R);

impl<R: Read> Read for OneByte<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = buf.len().min(1);
        self.0.read(&mut buf[..most])
    }
}

/// A small generator of numbers; the same at every run.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, below: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % below.max(1) as u64) as usize
    }
}

pub const DATE: &str = "Sat Nov 21 17:20:01 +0800 2026";

pub fn cid(number: u32) -> String {
    format!("container_e17_1795241000456_0012_01_{number:06}")
}

/// One log as Hadoop 3.3 prints it.
pub fn d5(number: u32, name: &str, body: &[u8], declared: usize) -> Vec<u8> {
    let head = format!("Container: {} on worker-1_45454", cid(number));
    let rule = "=".repeat(head.len());
    let stars = "*".repeat(name.chars().count() + 65);
    let mut out = format!("{head}\nLogAggregationType: AGGREGATED\n{rule}\nLogType:{name}\nLogLastModifiedTime:{DATE}\nLogLength:{declared}\nLogContents:\n")
        .into_bytes();
    out.extend_from_slice(body);
    out.extend_from_slice(format!("\nEnd of LogType:{name}\n{stars}\n\n").as_bytes());
    out
}

/// As [`d5`], fetched from a NodeManager of a running application.
pub fn d5_running(number: u32, name: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("Container: {} on worker-1:45454", cid(number));
    let rule = "=".repeat(head.len());
    let stars = "*".repeat(name.len() + 65);
    let mut out =
        format!("{head}\nLogAggregationType: LOCAL\n{rule}\nLogType:{name}\nLogLastModifiedTime:{DATE}\nLogLength:{}\nLogContents:\n", body.len()).into_bytes();
    out.extend_from_slice(body);
    let note = format!("This log file belongs to a running container ({}) and so may not be complete.", cid(number));
    out.extend_from_slice(format!("End of LogType:{name}.{note}\n{stars}\n\n\n").as_bytes());
    out
}

/// A container with logs as an older Hadoop prints it.
pub fn old(dialect: u8, number: u32, logs: &[(&str, &[u8])]) -> Vec<u8> {
    let head = format!("Container: {} on worker-1_45454", cid(number));
    let (lead, rule) = if dialect == 4 { ("", head.len()) } else { ("\n\n", head.len() + 2) };
    let mut out = format!("{lead}{head}\n{}\n", "=".repeat(rule)).into_bytes();
    for (name, body) in logs {
        let blank = if dialect == 1 { " " } else { "" };
        out.extend_from_slice(format!("LogType:{blank}{name}\n").as_bytes());
        if dialect > 1 {
            out.extend_from_slice(format!("Log Upload Time:{DATE}\n").as_bytes());
        }
        out.extend_from_slice(format!("LogLength:{blank}{}\nLog Contents:\n", body.len()).as_bytes());
        out.extend_from_slice(body);
        match dialect {
            1 | 2 => out.push(b'\n'),
            3 => out.extend_from_slice(format!("End of LogType:{name}\n\n").as_bytes()),
            _ => out.extend_from_slice(format!("\nEnd of LogType:{name}\n\n").as_bytes()),
        }
    }
    out
}

pub fn vint(n: i64) -> Vec<u8> {
    match n {
        -32..=127 => vec![n as u8],
        128..=0x13ff => vec![((n >> 8) - 52) as u8, n as u8],
        _ => [vec![(4 - 129) as u8], (n as i32).to_be_bytes().to_vec()].concat(),
    }
}

pub fn utf(text: &str) -> Vec<u8> {
    [(text.len() as u16).to_be_bytes().to_vec(), text.as_bytes().to_vec()].concat()
}

/// A record whose value comes in chunks of `chunk` bytes.
pub fn record(key: &str, value: &[u8], chunk: usize) -> Vec<u8> {
    let key = utf(key);
    let mut out = [vint(key.len() as i64), key].concat();
    let mut rest = value;
    while rest.len() > chunk {
        out.extend(vint(-(chunk as i64)));
        out.extend_from_slice(&rest[..chunk]);
        rest = &rest[chunk..];
    }
    out.extend(vint(rest.len() as i64));
    out.extend_from_slice(rest);
    out
}

/// Value of a container: its logs.
pub fn logs(logs: &[(&str, &[u8])]) -> Vec<u8> {
    logs.iter().flat_map(|(name, body)| [utf(name), utf(&body.len().to_string()), body.to_vec()].concat()).collect()
}

pub fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut z = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    z.write_all(bytes).unwrap();
    z.finish().unwrap()
}

/// A TFile of blocks (each a run of records).
pub fn tfile(blocks: &[Vec<u8>], algorithm: &str) -> Vec<u8> {
    let pack = |b: &[u8]| if algorithm == "gz" { zlib(b) } else { b.to_vec() };
    let string = |s: &str| [vint(s.len() as i64), s.as_bytes().to_vec()].concat();
    let mut out = MAGIC.to_vec();
    let mut index = [string(algorithm), vint(blocks.len() as i64)].concat();
    for block in blocks {
        let packed = pack(block);
        index.extend([vint(out.len() as i64), vint(packed.len() as i64), vint(block.len() as i64)].concat());
        out.extend(packed);
    }
    let at = out.len();
    let packed = pack(&index);
    out.extend_from_slice(&packed);
    let meta_at = out.len();
    out.extend([vint(1), string("data:BCFile.index"), string(algorithm), vint(at as i64), vint(packed.len() as i64), vint(index.len() as i64)].concat());
    out.extend((meta_at as u64).to_be_bytes());
    out.extend([0, 1, 0, 0]);
    out.extend(MAGIC);
    out
}

/// One log of an IFile: container, name, bytes, modified.
pub type IndexedLog<'a> = (String, &'a str, &'a [u8], i64);

/// Writes Java objects as the NodeManager does.
#[derive(Default)]
struct Java {
    out: Vec<u8>,
    handles: u32,
    classes: Vec<(String, u32)>,
}

impl Java {
    fn text(&mut self, text: &str) {
        self.out.push(0x74);
        self.out.extend(utf(text));
        self.handles += 1;
    }

    fn class(&mut self, name: &str, flags: u8, fields: &[(u8, &str, &str)]) {
        if let Some((_, handle)) = self.classes.iter().find(|(n, _)| n == name) {
            self.out.push(0x71);
            self.out.extend((0x7e_0000 + handle).to_be_bytes());
            return;
        }
        self.out.push(0x72);
        self.out.extend(utf(name));
        self.out.extend([7; 8]);
        self.classes.push((name.to_string(), self.handles));
        self.handles += 1;
        self.out.push(flags);
        self.out.extend((fields.len() as u16).to_be_bytes());
        for (kind, name, class) in fields {
            self.out.push(*kind);
            self.out.extend(utf(name));
            if *kind == b'L' {
                self.text(class);
            }
        }
        self.out.extend([0x78, 0x70]);
    }

    fn object(&mut self, name: &str, flags: u8, fields: &[(u8, &str, &str)]) {
        self.out.push(0x73);
        self.class(name, flags, fields);
        self.handles += 1;
    }

    fn long(&mut self, n: i64) {
        self.out.extend(n.to_be_bytes());
    }

    fn list(&mut self, len: usize) {
        self.object("java.util.ArrayList", 3, &[(b'I', "size", "")]);
        self.out.extend((len as u32).to_be_bytes());
        self.out.extend([0x77, 4]);
        self.out.extend((len as u32).to_be_bytes());
    }

    fn map(&mut self, len: usize) {
        self.object("java.util.HashMap", 3, &[(b'F', "loadFactor", ""), (b'I', "threshold", "")]);
        self.out.extend([0x3f, 0x40, 0, 0, 0, 0, 0, 12, 0x77, 8, 0, 0, 0, 16]);
        self.out.extend((len as u32).to_be_bytes());
    }

    fn end(&mut self) {
        self.out.push(0x78);
    }
}

/// An IFile of cycles; every cycle appends its logs and a footer over all so far.
pub fn ifile(cycles: &[Vec<IndexedLog<'_>>], gz: bool) -> Vec<u8> {
    let outer = "org.apache.hadoop.yarn.logaggregation.filecontroller.ifile.LogAggregationIndexedFileController$";
    let id: Vec<u8> = (0..32).map(|i| i * 7 + 3).collect();
    let mut out = id.clone();
    let mut places: Vec<Vec<(u64, u64)>> = Vec::new();
    for cycle in cycles {
        out.push(b'\n');
        let mut spots = Vec::new();
        for (_, _, body, _) in cycle {
            let packed = if gz { zlib(body) } else { body.to_vec() };
            spots.push((out.len() as u64, packed.len() as u64));
            out.extend(packed);
        }
        places.push(spots);
        let mut java = Java { out: vec![0xac, 0xed, 0, 5], ..Java::default() };
        let text = "Ljava/lang/String;";
        let fields = [
            (b'I', "version", ""),
            (b'L', "acls", "Ljava/util/Map;"),
            (b'L', "compressName", text),
            (b'L', "logMetas", "Ljava/util/List;"),
            (b'L', "nodeId", text),
            (b'L', "user", text),
        ];
        java.object(&format!("{outer}IndexedLogsMeta"), 2, &fields);
        java.out.extend([0, 0, 0, 1, 0x70]);
        java.text(if gz { "gz" } else { "none" });
        java.list(places.len());
        for (at, spots) in places.iter().enumerate() {
            java.object(
                &format!("{outer}IndexedPerAggregationLogMeta"),
                2,
                &[(b'J', "uploadTimeStamp", ""), (b'L', "logMetas", "Ljava/util/Map;"), (b'L', "remoteNodeLogFileName", text)],
            );
            java.long(1000 + at as i64);
            java.map(spots.len());
            for ((container, name, body, modified), (start, packed)) in cycles[at].iter().zip(spots) {
                java.text(container);
                java.list(1);
                let fields = [
                    (b'J', "fileCompressedSize", ""),
                    (b'J', "fileSize", ""),
                    (b'J', "lastModifiedTime", ""),
                    (b'J', "startIndex", ""),
                    (b'L', "containerId", text),
                    (b'L', "fileName", text),
                ];
                java.object(&format!("{outer}IndexedFileLogMeta"), 2, &fields);
                for n in [*packed as i64, body.len() as i64, *modified, *start as i64] {
                    java.long(n);
                }
                java.text(container);
                java.text(name);
                java.end();
            }
            java.end();
            java.text("worker-1_45454");
        }
        java.end();
        java.text("worker-1:45454");
        java.text("flink");
        let meta = java.out;
        out.extend_from_slice(&meta);
        out.extend((meta.len() as u32).to_be_bytes());
        out.extend_from_slice(&id);
    }
    out
}
