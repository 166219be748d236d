//! TFile aggregated logs: what one NodeManager uploaded for one application (Hadoop `AggregatedLogFormat`, `TFile`, `BCFile`).
//!
//! In: the file and its name. Out: its logs. A damaged block costs the logs in it; a file whose tail is cut off is walked from
//! its first block. Never inflates more than it hands out, never believes an offset or a length before it was checked.

mod index;

use std::io::{self, BufRead, BufReader, Read};
use std::sync::Arc;

use flate2::bufread::ZlibDecoder;

use super::read_at::{Range, ReadAt, bytes_at};
use super::yarn_line::text;
use super::{Notice, NoticeCode, Notices, Problem, ProblemKind, SectionEnd, SectionHead, Sections, node_of_file_name};
use index::{index, is_gz, vlong};

/// First and last 16 bytes of a TFile.
pub const MAGIC: [u8; 16] = [0xd1, 0x11, 0xd3, 0x68, 0x91, 0xb5, 0xd7, 0xb6, 0x39, 0xdf, 0x41, 0x40, 0x92, 0xba, 0xe1, 0x50];

/// Largest index that is read into memory, and largest key, file name and number in a record.
const INDEX_LIMIT: usize = 64 << 20;
const KEY_LIMIT: i64 = 64 << 10;
const NAME_LIMIT: usize = 4096;

/// Reader of a TFile; see the module.
pub struct TFile<R> {
    source: Arc<R>,
    node: String,
    uploaded: Option<i64>,
    gz: bool,
    /// Blocks still to read, in reverse: offset, compressed size.
    blocks: Vec<(u64, u64)>,
    /// The file has no usable index: blocks follow one another until something else comes.
    walking: bool,
    block: Option<Block<R>>,
    container: Option<String>,
    value: Value,
    /// Bytes of the present log not yet read.
    left: u64,
    in_log: bool,
    end: SectionEnd,
    notices: Notices,
}

struct Block<R> {
    start: u64,
    data: Data<R>,
}

enum Data<R> {
    Raw(BufReader<Range<R>>),
    Zlib(Box<ZlibDecoder<BufReader<Range<R>>>>),
}

/// A value is a chain of chunks.
#[derive(Default)]
struct Value {
    left: u64,
    last: bool,
}

impl<R: ReadAt> TFile<R> {
    /// `file_name` is the name that the NodeManager gave the file; the node is read from it.
    ///
    /// Fails if this is no TFile, or if it is compressed with a codec that is not read (lzo).
    pub fn open(source: R, file_name: &str) -> io::Result<Self> {
        let source = Arc::new(source);
        if bytes_at(&*source, 0, 16)?.as_deref() != Some(&MAGIC) {
            return Err(invalid("not a TFile: the magic number is missing"));
        }
        let (node, uploaded) = node_of_file_name(file_name);
        let mut notices = Notices::default();
        let mut walking = false;
        let (gz, mut blocks) = match index(&*source) {
            Ok((algorithm, blocks)) => (is_gz(&algorithm)?, blocks),
            Err(problem) if problem.kind() == io::ErrorKind::Unsupported => return Err(problem),
            Err(problem) => {
                let text = format!("the index of this aggregated file cannot be read ({problem}), as when its upload was cut off; it is read from its start");
                notices.add(0, NoticeCode::Damaged, text);
                walking = true;
                (walk_algorithm(&*source)?, vec![(16, source.len().saturating_sub(16))])
            }
        };
        blocks.reverse();
        Ok(TFile {
            source,
            node,
            uploaded,
            gz,
            blocks,
            walking,
            block: None,
            container: None,
            value: Value::default(),
            left: 0,
            in_log: false,
            end: SectionEnd::default(),
            notices,
        })
    }

    fn open_block(&mut self) -> bool {
        let Some((start, len)) = self.blocks.pop() else { return false };
        let range = Range::new(self.source.clone(), start, start.saturating_add(len));
        let input = BufReader::with_capacity(64 << 10, range);
        let data = if self.gz { Data::Zlib(Box::new(ZlibDecoder::new(input))) } else { Data::Raw(input) };
        self.block = Some(Block { start, data });
        true
    }

    /// Without an index, the next compressed block begins where the last one ended.
    fn close_block(&mut self) {
        if let Some(Block { start, data: Data::Zlib(z) }) = self.block.take()
            && self.walking
            && z.total_in() > 0
        {
            let next = start.saturating_add(z.total_in());
            if bytes_at(&*self.source, next, 2).is_ok_and(|b| b.is_some_and(|b| is_zlib(&b))) {
                self.blocks.push((next, self.source.len() - next));
            }
        }
    }

    /// The block cannot be read on.
    fn lose_block(&mut self, problem: &io::Error) {
        let start = self.block.take().map_or(0, |b| b.start);
        self.container = None;
        if self.walking && !self.gz && problem.kind() != io::ErrorKind::UnexpectedEof {
            // Behind the last record come the indexes, if they were written at all.
            return;
        }
        self.notices.add(0, NoticeCode::Damaged, format!("the block at byte {start} cannot be read to its end: {}", describe(problem)));
    }

    /// The next log of the present container, or the next container; `None` at the end of the file.
    fn next_log(&mut self) -> Option<SectionHead> {
        loop {
            let Some(block) = self.block.as_mut() else {
                if !self.open_block() {
                    return None;
                }
                continue;
            };
            let step = match &self.container {
                Some(container) => log_head(block, &mut self.value).map(|head| match head {
                    Head::Log(name, length) => Step::Log(container.clone(), name, length),
                    Head::End => Step::ContainerEnd,
                    Head::Garbled(what) => Step::Garbled(what),
                }),
                None => record_key(block, &mut self.value).map(|key| match key {
                    Some(key) if key.starts_with("container_") => Step::Container(key),
                    Some(key) if matches!(key.as_str(), "VERSION" | "APPLICATION_ACL" | "APPLICATION_OWNER") => Step::Skip,
                    Some(_) if self.walking => Step::BlockEnd,
                    Some(_) => Step::Skip,
                    None => Step::BlockEnd,
                }),
            };
            match step {
                Ok(Step::Log(container, log_type, length)) => {
                    self.left = length;
                    self.in_log = true;
                    return Some(SectionHead {
                        container: Some(container),
                        node: Some(self.node.clone()),
                        log_type: Some(log_type),
                        declared_len: Some(length),
                        uploaded: self.uploaded,
                        stream_byte: block.start,
                        ..SectionHead::default()
                    });
                }
                Ok(Step::Container(key)) => self.container = Some(key),
                Ok(Step::ContainerEnd) => self.container = None,
                Ok(Step::BlockEnd) => {
                    self.container = None;
                    self.close_block();
                }
                Ok(Step::Garbled(what)) => {
                    let container = self.container.take().unwrap_or_default();
                    self.notices.add(0, NoticeCode::Damaged, format!("the logs of {container} cannot be told apart from here on: {what}"));
                    if let Err(e) = skip_value(block, &mut self.value) {
                        self.lose_block(&e);
                    }
                }
                Ok(Step::Skip) => {
                    if let Err(e) = skip_value(block, &mut self.value) {
                        self.lose_block(&e);
                    }
                }
                Err(e) => self.lose_block(&e),
            }
        }
    }
}

enum Step {
    Log(String, String, u64),
    Container(String),
    ContainerEnd,
    BlockEnd,
    Garbled(&'static str),
    Skip,
}

enum Head {
    Log(String, u64),
    End,
    /// The lengths ran wrong: the NodeManager failed while it copied a log, and wrote a sentence in its place.
    Garbled(&'static str),
}

impl<R: ReadAt> Block<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match &mut self.data {
            Data::Raw(r) => r.read(buf),
            Data::Zlib(r) => r.read(buf),
        }
    }

    fn exact(&mut self, buf: &mut [u8]) -> io::Result<()> {
        match &mut self.data {
            Data::Raw(r) => r.read_exact(buf),
            Data::Zlib(r) => r.read_exact(buf),
        }
    }

    fn byte(&mut self) -> io::Result<u8> {
        let mut byte = [0];
        self.exact(&mut byte)?;
        Ok(byte[0])
    }

    /// The first byte of the next item, or `None` where the block ends.
    fn first_byte(&mut self) -> io::Result<Option<u8>> {
        if let Data::Raw(r) = &mut self.data {
            let first = r.fill_buf()?.first().copied();
            r.consume(usize::from(first.is_some()));
            return Ok(first);
        }
        let mut byte = [0];
        Ok((self.read(&mut byte)? == 1).then_some(byte[0]))
    }

    fn vlong(&mut self) -> io::Result<i64> {
        let first = self.byte()?;
        vlong(first, || self.byte())
    }
}

impl Value {
    fn read<R: ReadAt>(&mut self, block: &mut Block<R>, buf: &mut [u8]) -> io::Result<usize> {
        while self.left == 0 && !self.last {
            let len = block.vlong()?;
            self.last = len >= 0;
            self.left = len.unsigned_abs();
        }
        let n = buf.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if n == 0 {
            return Ok(0);
        }
        match block.read(&mut buf[..n])? {
            0 => Err(io::ErrorKind::UnexpectedEof.into()),
            n => {
                self.left -= n as u64;
                Ok(n)
            }
        }
    }

    /// Fills `buf`; false if the value ends before.
    fn exact<R: ReadAt>(&mut self, block: &mut Block<R>, buf: &mut [u8]) -> io::Result<bool> {
        let mut done = 0;
        while done < buf.len() {
            match self.read(block, &mut buf[done..])? {
                0 => return Ok(false),
                n => done += n,
            }
        }
        Ok(true)
    }
}

fn skip_value<R: ReadAt>(block: &mut Block<R>, value: &mut Value) -> io::Result<()> {
    let mut sink = [0; 16 << 10];
    while value.read(block, &mut sink)? > 0 {}
    Ok(())
}

/// Key of the next record, its value ready to be read; `None` at the end of the block.
fn record_key<R: ReadAt>(block: &mut Block<R>, value: &mut Value) -> io::Result<Option<String>> {
    let Some(first) = block.first_byte()? else { return Ok(None) };
    let len = vlong(first, || block.byte())?;
    if !(2..=KEY_LIMIT).contains(&len) {
        return Err(invalid("a record's key has no possible length"));
    }
    let mut key = vec![0; len as usize];
    block.exact(&mut key)?;
    *value = Value::default();
    // The key is a Java UTF string: its own length in two bytes first.
    Ok(Some(text(&key[2..])))
}

/// `writeUTF` name and `writeUTF` decimal length before each log of a container.
fn log_head<R: ReadAt>(block: &mut Block<R>, value: &mut Value) -> io::Result<Head> {
    let mut size = [0; 2];
    if value.read(block, &mut size[..1])? == 0 {
        return Ok(Head::End);
    }
    if !value.exact(block, &mut size[1..])? {
        return Ok(Head::Garbled("the record ends inside a name"));
    }
    let mut name = vec![0; usize::from(u16::from_be_bytes(size))];
    if name.is_empty() || name.len() > NAME_LIMIT {
        return Ok(Head::Garbled("a log's name has no possible length"));
    }
    let mut digits = [0; 20];
    if !value.exact(block, &mut name)? || !value.exact(block, &mut size)? {
        return Ok(Head::Garbled("the record ends inside a name"));
    }
    let Some(digits) = digits.get_mut(..usize::from(u16::from_be_bytes(size))) else {
        return Ok(Head::Garbled("a log's length is no number"));
    };
    if !value.exact(block, digits)? {
        return Ok(Head::Garbled("the record ends inside a length"));
    }
    match std::str::from_utf8(digits).ok().filter(|d| d.bytes().all(|b| b.is_ascii_digit())).and_then(|d| d.parse().ok()) {
        Some(length) => Ok(Head::Log(java_text(&name), length)),
        None => Ok(Head::Garbled("a log's length is no number")),
    }
}

/// Java's modified UTF-8 differs for NUL and astral characters only, which file names hardly have.
fn java_text(bytes: &[u8]) -> String {
    super::java::modified_utf8(bytes)
}

impl<R: ReadAt> Sections for TFile<R> {
    fn next(&mut self) -> io::Result<Option<SectionHead>> {
        if self.in_log {
            self.end();
        }
        Ok(self.next_log())
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if !self.in_log || buf.is_empty() {
            return Ok(0);
        }
        let most = buf.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        if most == 0 {
            self.in_log = false;
            self.end = SectionEnd { complete: true, ..SectionEnd::default() };
            return Ok(0);
        }
        let Some(block) = self.block.as_mut() else {
            self.in_log = false;
            return Ok(0);
        };
        let problem = match self.value.read(block, &mut buf[..most]) {
            Ok(0) => {
                let text = format!("the container's record ends {} bytes before the log's stated length", self.left);
                Problem::new(ProblemKind::LengthMismatch, text)
            }
            Ok(n) => {
                self.left -= n as u64;
                return Ok(n);
            }
            Err(e) => {
                let kind = if e.kind() == io::ErrorKind::UnexpectedEof { ProblemKind::Truncated } else { ProblemKind::DamagedBlock };
                self.lose_block(&e);
                Problem::new(kind, format!("the log stops {} bytes before its stated length: {}", self.left, describe(&e)))
            }
        };
        self.in_log = false;
        self.end = SectionEnd { complete: false, growing: false, problem: Some(problem) };
        Ok(0)
    }

    fn end(&mut self) -> SectionEnd {
        let mut sink = [0; 16 << 10];
        while self.in_log {
            if !matches!(self.read(&mut sink), Ok(n) if n > 0) {
                self.in_log = false;
            }
        }
        std::mem::take(&mut self.end)
    }

    fn notices(&mut self) -> Vec<Notice> {
        self.notices.take()
    }
}

/// Codec of a file without indexes, by its first record, which is always the VERSION.
fn walk_algorithm<R: ReadAt>(source: &R) -> io::Result<bool> {
    match bytes_at(source, 16, 2)?.as_deref() {
        Some([9, 0]) => Ok(false),
        Some(first) if is_zlib(first) => Ok(true),
        None => Ok(false),
        Some(_) => Err(io::Error::new(io::ErrorKind::Unsupported, "this aggregated file is cut off and its compression is not known")),
    }
}

fn is_zlib(head: &[u8]) -> bool {
    matches!(head, [a, b, ..] if a & 0x0f == 8 && a >> 4 <= 7 && (u16::from(*a) << 8 | u16::from(*b)) % 31 == 0)
}

fn describe(problem: &io::Error) -> String {
    if problem.kind() == io::ErrorKind::UnexpectedEof { "the data ends there".to_string() } else { problem.to_string() }
}

fn invalid(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, text)
}

#[cfg(test)]
mod tests;
