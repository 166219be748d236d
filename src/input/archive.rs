//! Which reader a packed or aggregated file needs.

use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;

use crate::delivery::{Aggregated, IFile, Limits, ProblemKind, ReadAt, Sections, TFile, Zip, ifile, sniff_aggregated};

/// The present log of a delivery as a plain reader.
pub struct Member<'a>(pub &'a mut (dyn Sections + Send));

impl Read for Member<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

/// A tar archive, by the magic of its first header.
pub fn looks_like_tar(head: &[u8]) -> bool {
    head.get(257..262) == Some(b"ustar")
}

/// Formats that cannot be read as a stream: zip and YARN's TFile.
pub fn needs_random_access(head: &[u8]) -> bool {
    is_zip(head) || head.get(..16).is_some_and(|h| sniff_aggregated(h, &[]) == Some(Aggregated::TFile))
}

fn is_zip(head: &[u8]) -> bool {
    head.starts_with(b"PK\x03\x04") || head.starts_with(b"PK\x05\x06")
}

/// Slug of a problem for warnings.
pub fn code_of(kind: ProblemKind) -> &'static str {
    match kind {
        ProblemKind::Truncated => "truncated",
        ProblemKind::LengthMismatch => "length-mismatch",
        ProblemKind::DamagedBlock => "damaged",
        ProblemKind::Unsupported => "unsupported",
        ProblemKind::LimitReached => "limit-reached",
    }
}

/// A reader and the name of its format.
pub type Opened = (Box<dyn Sections + Send>, &'static str);

/// Opens a file that needs random access; `None` where it is none.
pub fn open(path: &Path, file: &File, head: &[u8], name: &str) -> Option<io::Result<Opened>> {
    let boxed = |sections: io::Result<Box<dyn Sections + Send>>, kind| Some(sections.map(|s| (s, kind)));
    let again = || file.try_clone();
    if is_zip(head) {
        return boxed(again().and_then(|f| Ok(Box::new(Zip::open(f, Limits::default())?) as Box<dyn Sections + Send>)), "zip");
    }
    let mut tail = [0u8; 32];
    let length = ReadAt::len(file);
    let tail = if length >= 32 && ReadAt::read_at(file, length - 32, &mut tail).ok() == Some(32) { &tail[..] } else { &[] };
    let application = path.parent().and_then(|p| p.file_name()).and_then(|n| n.to_str()).unwrap_or("");
    let kind =
        sniff_aggregated(head.get(..32)?, tail).or_else(|| head.get(..32).filter(|h| ifile::is_of_application(h, application)).map(|_| Aggregated::IFile))?;
    match kind {
        Aggregated::TFile => boxed(again().and_then(|f| Ok(Box::new(TFile::open(f, name)?) as Box<dyn Sections + Send>)), "tfile"),
        Aggregated::IFile => {
            // While a cycle is in progress the length before it stands in a file beside.
            let checksum = fs::read(path.with_file_name(format!("{name}-checksum"))).ok().filter(|b| b.len() < 65_536).and_then(|b| ifile::parse_checksum(&b));
            let checksum = checksum.as_ref().map(|(name, length)| (name.as_str(), *length));
            boxed(again().and_then(|f| Ok(Box::new(IFile::open(f, name, checksum)?) as Box<dyn Sections + Send>)), "ifile")
        }
    }
}
