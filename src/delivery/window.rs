//! A view ahead into a stream that can only be read once.
//!
//! In: any [`Read`]. Out: the bytes ahead, first those in memory, then those that had to go to a temporary file.
//! Never holds more than [`MEMORY`] bytes in memory, never more than the spool limit on disk.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};

/// Bytes held in memory before a look ahead goes to disk.
pub(super) const MEMORY: usize = 4 << 20;
/// Bytes of one read: from little for little streams to much for large ones.
const CHUNKS: [usize; 2] = [8 << 10, 256 << 10];

/// Outcome of a look ahead.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Ahead {
    Yes,
    /// The stream ends before.
    End,
    /// The look ahead would cost more than allowed, or the temporary file fails.
    Full,
}

pub(super) struct Window<R> {
    source: R,
    /// `buf[start..end]` is ahead and in memory.
    buf: Vec<u8>,
    start: usize,
    end: usize,
    /// What follows the memory part, where a look ahead went further.
    spool: Option<Spool>,
    spool_limit: u64,
    memory: usize,
    chunk: usize,
    ended: bool,
    error: Option<io::Error>,
    /// Position of the window in the stream: byte, and line breaks before it.
    byte: u64,
    breaks: u64,
}

struct Spool {
    file: File,
    read: u64,
    write: u64,
}

impl<R: Read> Window<R> {
    pub fn new(source: R, spool_limit: u64) -> Self {
        Self {
            source,
            buf: Vec::new(),
            start: 0,
            end: 0,
            spool: None,
            spool_limit,
            memory: MEMORY,
            chunk: CHUNKS[0],
            ended: false,
            error: None,
            byte: 0,
            breaks: 0,
        }
    }

    #[cfg(test)]
    pub fn with_memory(source: R, spool_limit: u64, memory: usize) -> Self {
        Self { memory, ..Self::new(source, spool_limit) }
    }

    /// 0-based place in the stream.
    pub fn byte(&self) -> u64 {
        self.byte
    }

    /// 1-based line of the window's first byte.
    pub fn line(&self) -> u64 {
        self.breaks + 1
    }

    /// The bytes ahead that are in memory.
    pub fn memory(&self) -> &[u8] {
        &self.buf[self.start..self.end]
    }

    /// Bytes known ahead.
    pub fn known(&self) -> u64 {
        (self.end - self.start) as u64 + self.spooled()
    }

    /// Nothing comes beyond the known bytes.
    pub fn ended(&self) -> bool {
        self.ended
    }

    /// The error that ended the source, once.
    pub fn take_error(&mut self) -> Option<io::Error> {
        self.error.take()
    }

    pub fn has_error(&self) -> bool {
        self.error.is_some()
    }

    fn spooled(&self) -> u64 {
        self.spool.as_ref().map_or(0, |s| s.write - s.read)
    }

    /// Brings at least one further byte into memory; false if there is none or the memory part is full.
    pub fn fill(&mut self) -> bool {
        if self.spooled() > 0 {
            return self.refill();
        }
        if self.ended || !self.make_room() {
            return false;
        }
        let n = self.read_source_into_memory();
        n > 0
    }

    /// Makes `want` bytes known, on disk where they are too many for memory.
    pub fn look(&mut self, want: u64) -> Ahead {
        while self.known() < want {
            if self.ended {
                return Ahead::End;
            }
            let read = if self.spooled() == 0 && self.make_room() { self.read_source_into_memory() } else { self.read_source_into_spool() };
            if read == 0 && !self.ended {
                return Ahead::Full;
            }
        }
        Ahead::Yes
    }

    /// Copies up to `len` known bytes from `offset` on to `out`, which is cleared first.
    pub fn peek(&mut self, offset: u64, len: usize, out: &mut Vec<u8>) {
        out.clear();
        let memory = self.end - self.start;
        if let Ok(from) = usize::try_from(offset)
            && from < memory
        {
            let to = memory.min(from.saturating_add(len));
            out.extend_from_slice(&self.buf[self.start + from..self.start + to]);
        }
        let missing = len - out.len();
        let at = (offset + out.len() as u64).saturating_sub(memory as u64);
        let Some(spool) = self.spool.as_mut().filter(|s| missing > 0 && s.read + at < s.write) else { return };
        let from = spool.read + at;
        let n = missing.min(usize::try_from(spool.write - from).unwrap_or(usize::MAX));
        let kept = out.len();
        out.resize(kept + n, 0);
        if let Err(e) = spool.file.seek(SeekFrom::Start(from)).and_then(|_| spool.file.read_exact(&mut out[kept..])) {
            out.truncate(kept);
            self.fail(e);
        }
    }

    /// Drops `n` bytes, at most those in memory, and counts their lines.
    pub fn consume(&mut self, n: usize) {
        let n = n.min(self.end - self.start);
        let gone = &self.buf[self.start..self.start + n];
        self.breaks += memchr::memchr_iter(b'\n', gone).count() as u64;
        self.byte += n as u64;
        self.start += n;
    }

    fn fail(&mut self, error: io::Error) {
        self.ended = true;
        self.spool = None;
        self.error.get_or_insert(error);
    }

    /// Room for one read at the end of the memory part.
    fn make_room(&mut self) -> bool {
        let used = self.end - self.start;
        if used >= self.memory {
            return false;
        }
        if self.start > 0 && (used == 0 || self.buf.len() - self.end < self.chunk) {
            self.buf.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, used);
        }
        if self.buf.len() - self.end < self.chunk {
            self.buf.resize((self.end + self.chunk).max(2 * self.chunk), 0);
        }
        true
    }

    fn read_source_into_memory(&mut self) -> usize {
        let room = (self.end + self.chunk).min(self.buf.len());
        match read_some(&mut self.source, &mut self.buf[self.end..room]) {
            Ok(0) => self.ended = true,
            Ok(n) => {
                self.end += n;
                if n == self.chunk {
                    self.chunk = (2 * self.chunk).min(CHUNKS[1]);
                }
                return n;
            }
            Err(e) => self.fail_source(e),
        }
        0
    }

    fn fail_source(&mut self, error: io::Error) {
        // What was read before the error is good.
        self.ended = true;
        self.error.get_or_insert(error);
    }

    /// 0 with `ended` unset means that the disk part is full or fails.
    fn read_source_into_spool(&mut self) -> usize {
        if self.spooled() >= self.spool_limit {
            return 0;
        }
        let mut chunk = vec![0; CHUNKS[1]];
        let n = match read_some(&mut self.source, &mut chunk) {
            Ok(0) => {
                self.ended = true;
                return 0;
            }
            Ok(n) => n,
            Err(e) => {
                self.fail_source(e);
                return 0;
            }
        };
        match self.append(&chunk[..n]) {
            Ok(()) => n,
            Err(_) => {
                // No disk for it: memory takes this one chunk beyond its bound, so that no byte is lost.
                if self.spooled() == 0 {
                    self.buf.truncate(self.end);
                    self.buf.extend_from_slice(&chunk[..n]);
                    self.end += n;
                    self.spool_limit = 0;
                } else {
                    self.fail(io::Error::other("the temporary file for looking ahead cannot be written"));
                }
                0
            }
        }
    }

    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        let spool = match &mut self.spool {
            Some(spool) => spool,
            None => self.spool.insert(Spool { file: tempfile::tempfile()?, read: 0, write: 0 }),
        };
        spool.file.seek(SeekFrom::Start(spool.write))?;
        spool.file.write_all(bytes)?;
        spool.write += bytes.len() as u64;
        Ok(())
    }

    /// Moves bytes from disk to memory.
    fn refill(&mut self) -> bool {
        if !self.make_room() {
            return false;
        }
        let Some(spool) = self.spool.as_mut() else { return false };
        let room = (self.end + self.chunk).min(self.buf.len());
        let n = (room - self.end).min(usize::try_from(spool.write - spool.read).unwrap_or(usize::MAX));
        let read = spool.file.seek(SeekFrom::Start(spool.read)).and_then(|_| spool.file.read_exact(&mut self.buf[self.end..self.end + n]));
        if let Err(e) = read {
            self.fail(e);
            return false;
        }
        spool.read += n as u64;
        self.end += n;
        if spool.read == spool.write {
            // Empty: let the disk go.
            self.spool = None;
        }
        n > 0
    }
}

fn read_some<R: Read>(source: &mut R, buf: &mut [u8]) -> io::Result<usize> {
    loop {
        match source.read(buf) {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(n: usize) -> Vec<u8> {
        (0..n).flat_map(|i| format!("{i:09}\n").into_bytes()).collect()
    }

    #[test]
    fn looks_ahead_over_the_disk_and_gives_all_bytes_in_order() {
        let data = numbers(200_000);
        let mut w = Window::with_memory(&data[..], u64::MAX, 64 << 10);
        assert_eq!(w.look(1_500_000), Ahead::Yes);
        assert!(w.memory().len() < 700_000, "memory holds {}", w.memory().len());
        let mut piece = Vec::new();
        w.peek(1_000_000, 20, &mut piece);
        assert_eq!(piece, b"000100000\n000100001\n");
        let edge = w.memory().len() as u64;
        w.peek(edge - 5, 10, &mut piece);
        assert_eq!(piece, &data[edge as usize - 5..edge as usize + 5]);
        let mut out = Vec::new();
        loop {
            let n = w.memory().len().min(7777);
            if n == 0 && !w.fill() {
                break;
            }
            out.extend_from_slice(&w.memory()[..n]);
            w.consume(n);
        }
        assert_eq!(out, data);
        assert_eq!((w.byte(), w.line()), (2_000_000, 200_001));
        assert_eq!(w.look(1), Ahead::End);
    }

    #[test]
    fn a_bounded_disk_ends_the_look_but_loses_nothing() {
        let data = numbers(200_000);
        let mut w = Window::with_memory(&data[..], 300_000, 64 << 10);
        assert_eq!(w.look(1_900_000), Ahead::Full);
        let mut out = Vec::new();
        while !w.memory().is_empty() || w.fill() {
            out.extend_from_slice(w.memory());
            let n = w.memory().len();
            w.consume(n);
        }
        assert_eq!(out, data);
    }

    #[test]
    fn an_error_of_the_source_comes_after_the_bytes_before_it() {
        struct Breaks(bool);
        impl Read for Breaks {
            fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
                if std::mem::replace(&mut self.0, true) {
                    return Err(io::Error::other("cut"));
                }
                buf[..3].copy_from_slice(b"abc");
                Ok(3)
            }
        }
        let mut w = Window::new(Breaks(false), 0);
        assert_eq!(w.look(10), Ahead::End);
        assert_eq!(w.memory(), b"abc");
        assert_eq!(w.take_error().unwrap().to_string(), "cut");
        assert!(w.take_error().is_none());
    }
}
