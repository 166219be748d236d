//! IFile (indexed) aggregated logs (Hadoop `LogAggregationIndexedFileController`, 3.0 and later).
//!
//! In: the file, its name, and the checksum file beside it if there is one. Out: its logs, cycle after cycle in the order of
//! the index. Only the last index counts; after a crashed upload the last one that can be found.

use std::io::{self, BufReader, Read};
use std::sync::Arc;

use flate2::bufread::ZlibDecoder;
use sha2::{Digest, Sha256};

use super::java::{self, Arena, Id};
use super::read_at::{Range, ReadAt, bytes_at};
use super::time::format_utc;
use super::{Notice, NoticeCode, Notices, Problem, ProblemKind, SectionEnd, SectionHead, Sections, node_of_file_name};

/// Largest index that is read into memory; one takes some 200 bytes per log.
const INDEX_LIMIT: u64 = 64 << 20;
const LOGS_LIMIT: usize = 200_000;
/// Footers that are tried when the file's end is none.
const TRIES: usize = 32;

/// Reader of an IFile; see the module.
pub struct IFile<R> {
    source: Arc<R>,
    gz: bool,
    logs: std::vec::IntoIter<Log>,
    user: Option<String>,
    present: Option<Present<R>>,
    end: SectionEnd,
    notices: Notices,
}

struct Log {
    head: SectionHead,
    start: u64,
    packed: u64,
}

struct Present<R> {
    data: Data<R>,
    declared: u64,
    got: u64,
}

enum Data<R> {
    Raw(Range<R>),
    Zlib(Box<ZlibDecoder<BufReader<Range<R>>>>),
}

impl<R: ReadAt> IFile<R> {
    /// `checksum` is what [`parse_checksum`] read from the file's `-checksum` sibling: a cycle was in progress.
    ///
    /// Fails if no index can be found, or if the logs are compressed with a codec that is not read (lzo).
    pub fn open(source: R, file_name: &str, checksum: Option<(&str, u64)>) -> io::Result<Self> {
        let source = Arc::new(source);
        let mut notices = Notices::default();
        let id = bytes_at(&*source, 0, 32)?.ok_or_else(|| invalid("not an indexed aggregated file: too short"))?;
        let index = match footer(&*source, &id, source.len())? {
            Some(index) => index,
            None => {
                let text = "the last upload to this aggregated file did not end; the logs of earlier cycles are read";
                notices.add(0, NoticeCode::Damaged, text);
                let said = match checksum.filter(|(name, _)| *name == file_name) {
                    Some((_, 0)) => return Err(invalid("the first upload to this aggregated file did not end: it has no index")),
                    Some((_, len)) => footer(&*source, &id, len)?,
                    None => None,
                };
                match said {
                    Some(index) => index,
                    None => last_footer(&*source, &id)?.ok_or_else(|| invalid("this aggregated file has no index"))?,
                }
            }
        };
        let root = index.root;
        let text_of = |name| index.child(root, name).and_then(|n| index.text(n));
        let gz = match text_of("compressName") {
            Some("none") | None => false,
            Some("gz") => true,
            Some(other) => {
                let text = format!("this aggregated file is compressed with {other}, which is not read; fetch it with `yarn logs`");
                return Err(io::Error::new(io::ErrorKind::Unsupported, text));
            }
        };
        let node = text_of("nodeId").map_or_else(|| node_of_file_name(file_name).0, str::to_string);
        let user = text_of("user").map(str::to_string);
        let logs = logs(&index, &node, source.len(), &mut notices);
        Ok(IFile { source, gz, logs: logs.into_iter(), user, present: None, end: SectionEnd::default(), notices })
    }

    /// Owner of the application.
    pub fn user(&self) -> Option<&str> {
        self.user.as_deref()
    }
}

/// Contents of a `-checksum` file: name of the aggregated file, its length before the cycle in progress.
pub fn parse_checksum(bytes: &[u8]) -> Option<(String, u64)> {
    let len = usize::try_from(bytes.first_chunk::<4>().map(|b| u32::from_be_bytes(*b))?).ok()?;
    let (name, rest) = bytes[4..].split_at_checked(len)?;
    Some((String::from_utf8_lossy(name).into_owned(), u64::from_be_bytes(*rest.first_chunk::<8>()?)))
}

/// An IFile begins with the SHA-256 of its application's id: recognises one whose end is damaged.
pub fn is_of_application(head32: &[u8], application_id: &str) -> bool {
    head32.len() >= 32 && Sha256::digest(application_id.as_bytes())[..] == head32[..32]
}

/// The index whose footer ends at `end`: serialized index, its length, the id.
fn footer<R: ReadAt>(source: &R, id: &[u8], end: u64) -> io::Result<Option<Arena>> {
    let Some(tail_at) = end.checked_sub(36).filter(|at| *at >= 32) else { return Ok(None) };
    let Some(tail) = bytes_at(source, tail_at, 36)? else { return Ok(None) };
    if tail[4..] != *id {
        return Ok(None);
    }
    let len = u64::from(u32::from_be_bytes([tail[0], tail[1], tail[2], tail[3]]));
    let Some(at) = tail_at.checked_sub(len).filter(|at| *at >= 32 && len <= INDEX_LIMIT) else { return Ok(None) };
    let Some(bytes) = bytes_at(source, at, len as usize)? else { return Ok(None) };
    Ok(java::parse(&bytes).ok().filter(|a| a.is(a.root, "IndexedLogsMeta")))
}

/// Searches backwards for a footer.
fn last_footer<R: ReadAt>(source: &R, id: &[u8]) -> io::Result<Option<Arena>> {
    const STEP: u64 = 256 << 10;
    let mut end = source.len();
    let mut tries = 0;
    while end > 32 {
        let start = end.saturating_sub(STEP);
        let Some(piece) = bytes_at(source, start, (end - start) as usize)? else { return Ok(None) };
        let mut upto = piece.len();
        while let Some(at) = memchr::memmem::rfind(&piece[..upto], id) {
            tries += 1;
            if tries > TRIES {
                return Ok(None);
            }
            if let Some(index) = footer(source, id, start + at as u64 + 32)? {
                return Ok(Some(index));
            }
            upto = at + 31;
        }
        if start == 0 {
            break;
        }
        // The id may straddle two pieces.
        end = start + 31;
    }
    Ok(None)
}

fn logs(index: &Arena, node: &str, file_len: u64, notices: &mut Notices) -> Vec<Log> {
    let mut logs = Vec::new();
    let cycles = index.child(index.root, "logMetas").map_or(&[][..], |list| index.items(list));
    for &cycle in cycles {
        let uploaded = index.number(cycle, "uploadTimeStamp");
        let containers = index.child(cycle, "logMetas").map_or(&[][..], |map| index.items(map));
        // Keys and values take turns. One list can be referred to many times; a file of a real NodeManager never does that,
        // and the number of logs stays bounded by the number of items read.
        for pair in containers.chunks_exact(2) {
            let container = index.text(pair[0]);
            for &meta in index.items(pair[1]) {
                if logs.len() >= LOGS_LIMIT {
                    notices.add(0, NoticeCode::LimitReached, "the index names too many logs");
                    return logs;
                }
                logs.extend(log(index, meta, container, node, uploaded, file_len, notices));
            }
        }
    }
    logs
}

fn log(index: &Arena, meta: Id, container: Option<&str>, node: &str, uploaded: Option<i64>, file_len: u64, notices: &mut Notices) -> Option<Log> {
    let text_of = |name| index.child(meta, name).and_then(|n| index.text(n));
    let size_of = |name| index.number(meta, name).and_then(|n| u64::try_from(n).ok());
    let log_type = text_of("fileName")?;
    let container = text_of("containerId").or(container)?;
    let (Some(start), Some(packed)) = (size_of("startIndex"), size_of("fileCompressedSize")) else {
        notices.add(0, NoticeCode::Damaged, format!("the index has no place for {log_type} of {container}"));
        return None;
    };
    if start.checked_add(packed).is_none_or(|end| end > file_len) {
        notices.add(0, NoticeCode::Damaged, format!("{log_type} of {container} lies beyond the end of the file"));
    }
    let head = SectionHead {
        container: Some(container.to_string()),
        node: Some(node.to_string()),
        log_type: Some(log_type.to_string()),
        declared_len: size_of("fileSize"),
        modified: index.number(meta, "lastModifiedTime").and_then(format_utc),
        uploaded,
        stream_byte: start,
        ..SectionHead::default()
    };
    Some(Log { head, start, packed })
}

impl<R: ReadAt> Sections for IFile<R> {
    fn next(&mut self) -> io::Result<Option<SectionHead>> {
        let Some(log) = self.logs.next() else {
            self.present = None;
            return Ok(None);
        };
        let range = Range::new(self.source.clone(), log.start, log.start.saturating_add(log.packed));
        let data = if self.gz { Data::Zlib(Box::new(ZlibDecoder::new(BufReader::with_capacity(64 << 10, range)))) } else { Data::Raw(range) };
        // A log without a stated size is as long as it is.
        let declared = log.head.declared_len.unwrap_or(u64::MAX);
        self.present = Some(Present { data, declared, got: 0 });
        Ok(Some(log.head))
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(present) = self.present.as_mut().filter(|_| !buf.is_empty()) else { return Ok(0) };
        let read = match &mut present.data {
            Data::Raw(r) => r.read(buf),
            Data::Zlib(r) => r.read(buf),
        };
        let (got, declared) = (present.got, present.declared);
        let (kind, text) = match read {
            Ok(n) if n > 0 => {
                present.got += n as u64;
                return Ok(n);
            }
            Ok(_) if got == declared || declared == u64::MAX => {
                self.present = None;
                self.end = SectionEnd { complete: true, ..SectionEnd::default() };
                return Ok(0);
            }
            Ok(_) => (ProblemKind::LengthMismatch, format!("the log has {got} bytes where {declared} are stated: it changed while it was uploaded")),
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => (ProblemKind::Truncated, format!("the log's data ends after {got} of {declared} bytes")),
            Err(e) => (ProblemKind::DamagedBlock, format!("the log cannot be read beyond {got} of {declared} bytes: {e}")),
        };
        let complete = kind == ProblemKind::LengthMismatch && got > declared;
        self.present = None;
        self.end = SectionEnd { complete, growing: false, problem: Some(Problem::new(kind, text)) };
        Ok(0)
    }

    fn end(&mut self) -> SectionEnd {
        let mut sink = [0; 16 << 10];
        while self.present.is_some() {
            if !matches!(self.read(&mut sink), Ok(n) if n > 0) {
                self.present = None;
            }
        }
        std::mem::take(&mut self.end)
    }

    fn notices(&mut self) -> Vec<Notice> {
        self.notices.take()
    }
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests;
