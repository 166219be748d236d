//! Opening: a file at rest is mapped, one that may change is read with positional reads, the length fixed at opening in both cases; other things (FIFOs) are
//! streams.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;
use std::time::Duration;

use crate::delivery::ReadAt;
use crate::input::map::Map;

/// A file that was written to this lately is not at rest.
const AT_REST: Duration = Duration::from_secs(60);
/// Smaller files are read: mapping costs more than it saves.
const MIN_MAP: u64 = 64 * 1024;
/// Most bytes that are spooled to a temporary file for formats that need random access.
pub const MAX_SPOOL: u64 = 64 << 30;

/// An open file.
pub enum Opened {
    Map(Map, File),
    Positional(PositionalReader),
    Stream(File),
}

/// Opens `path`.
pub fn open(path: &Path, mmap: bool) -> io::Result<Opened> {
    let file = File::open(path)?;
    let meta = file.metadata()?;
    if meta.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "is a folder"));
    }
    if !meta.is_file() {
        return Ok(Opened::Stream(file));
    }
    let at_rest = meta.modified().ok().and_then(|t| t.elapsed().ok()).is_some_and(|age| age > AT_REST);
    if mmap
        && at_rest
        && meta.len() >= MIN_MAP
        && let Ok(map) = Map::open(&file)
    {
        return Ok(Opened::Map(map, file));
    }
    Ok(Opened::Positional(PositionalReader { length: meta.len(), file, at: 0 }))
}

/// Reads a file up to the length that it had when opened, without moving a shared position.
pub struct PositionalReader {
    file: File,
    at: u64,
    length: u64,
}

impl PositionalReader {
    /// The first bytes, not consumed.
    pub fn head(&self, most: usize) -> Vec<u8> {
        let mut head = vec![0; most.min(self.length as usize)];
        let n = ReadAt::read_at(&self.file, 0, &mut head).unwrap_or(0);
        head.truncate(n);
        head
    }

    /// The same file again.
    pub fn try_clone_file(&self) -> io::Result<File> {
        self.file.try_clone()
    }
}

impl Read for PositionalReader {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.length.saturating_sub(self.at);
        let most = buf.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        if most == 0 {
            return Ok(0);
        }
        let n = ReadAt::read_at(&self.file, self.at, &mut buf[..most])?;
        if n == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, format!("the file was cut from {} to {} bytes while it was read", self.length, self.at)));
        }
        self.at += n as u64;
        Ok(n)
    }
}

/// A stream whose beginning was looked at.
pub struct Peeked<'a> {
    head: Vec<u8>,
    at: usize,
    inner: Box<dyn Read + Send + 'a>,
    fails: Option<io::Error>,
}

impl<'a> Peeked<'a> {
    /// Reads up to `most` bytes ahead. On an error gives what was read before it.
    pub fn new(mut inner: Box<dyn Read + Send + 'a>, most: usize) -> Result<Self, (Self, io::Error)> {
        let mut head = vec![0; most];
        let mut length = 0;
        let mut problem = None;
        while length < most {
            match inner.read(&mut head[length..]) {
                Ok(0) => break,
                Ok(n) => length += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    problem = Some(e);
                    break;
                }
            }
        }
        head.truncate(length);
        let peeked = Peeked { head, at: 0, inner, fails: None };
        match problem {
            Some(e) => Err((peeked, e)),
            None => Ok(peeked),
        }
    }

    /// The same, failing with `e` after its head.
    pub fn failing(mut self, e: io::Error) -> Self {
        self.fails = Some(e);
        self
    }

    /// The bytes read ahead.
    pub fn head(&self) -> &[u8] {
        &self.head
    }
}

impl Read for Peeked<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.at < self.head.len() {
            let n = buf.len().min(self.head.len() - self.at);
            buf[..n].copy_from_slice(&self.head[self.at..self.at + n]);
            self.at += n;
            return Ok(n);
        }
        if let Some(e) = self.fails.take() {
            return Err(e);
        }
        self.inner.read(buf)
    }
}
