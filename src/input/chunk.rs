//! Chunks: bytes of a source cut where a record begins, so that each chunk can be framed alone.
//!
//! The cut is invisible: whatever the chunk size, the same records come out. A record longer than the limit is cut short and the rest of it passed over and
//! counted, so that memory stays flat on a stream without line ends.

use std::io::{self, Read};
use std::ops::Deref;
use std::sync::{Arc, Mutex};

use crate::record::{self, MAX_RECORD, Mode};

/// Bytes that a stream keeps of one record before it passes over the rest: more than framing looks at.
const KEEP: usize = MAX_RECORD + 4096;

/// Buffers that are read into again: fresh memory costs as much as the reading.
type Pool = Arc<Mutex<Vec<Vec<u8>>>>;

/// Bytes of the first read of a stream.
const FIRST_READ: usize = 64 << 10;

/// Buffers that a pool keeps.
const MAX_POOLED: usize = 32;

/// Bytes read from a stream; the memory goes back to the stream's pool.
#[derive(Debug)]
pub struct Buffer {
    memory: Vec<u8>,
    length: usize,
    pool: Pool,
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.memory.get(..self.length).unwrap_or_default()
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        if let Ok(mut pool) = self.pool.lock()
            && pool.len() < MAX_POOLED
        {
            pool.push(std::mem::take(&mut self.memory));
        }
    }
}

/// A piece of a source.
#[derive(Debug)]
pub enum Chunk<'m> {
    /// Of a map or of memory.
    Slice(&'m [u8]),
    /// Read from a stream. `passed` are bytes and further lines that were passed over behind it.
    Buffer { data: Buffer, passed_bytes: u64, passed_lines: u64 },
}

impl Chunk<'_> {
    /// Its bytes.
    pub fn bytes(&self) -> &[u8] {
        match self {
            Chunk::Slice(slice) => slice,
            Chunk::Buffer { data, .. } => data,
        }
    }

    /// Bytes and lines passed over behind it.
    pub fn passed(&self) -> (u64, u64) {
        match self {
            Chunk::Slice(_) => (0, 0),
            Chunk::Buffer { passed_bytes, passed_lines, .. } => (*passed_bytes, *passed_lines),
        }
    }
}

/// Cuts a slice.
pub struct SliceChunks<'m> {
    rest: &'m [u8],
    size: usize,
    mode: Mode,
}

impl<'m> SliceChunks<'m> {
    /// Chunks of about `size` bytes.
    pub fn new(bytes: &'m [u8], size: usize, mode: Mode) -> Self {
        SliceChunks { rest: bytes, size: size.max(1), mode }
    }
}

impl<'m> Iterator for SliceChunks<'m> {
    type Item = Chunk<'m>;

    fn next(&mut self) -> Option<Chunk<'m>> {
        if self.rest.is_empty() {
            return None;
        }
        let cut = if self.rest.len() <= self.size { self.rest.len() } else { cut_after(self.rest, self.size, self.mode) };
        let (chunk, rest) = self.rest.split_at(cut);
        self.rest = rest;
        Some(Chunk::Slice(chunk))
    }
}

/// The first byte at or after `from` where a record begins; the end if none does.
fn cut_after(bytes: &[u8], from: usize, mode: Mode) -> usize {
    let mut at = from;
    while let Some(newline) = memchr::memchr(b'\n', &bytes[at - 1..]) {
        at = at - 1 + newline + 1;
        if at >= bytes.len() {
            break;
        }
        if record::may_cut(bytes, at, mode) {
            return at;
        }
        at += 1;
    }
    bytes.len()
}

/// The last byte in `bytes` (not its first) where a record begins.
fn cut_before_end(bytes: &[u8], mode: Mode) -> Option<usize> {
    let mut end = bytes.len();
    while let Some(newline) = memchr::memrchr(b'\n', &bytes[..end]) {
        let at = newline + 1;
        // A line whose end has not come yet may look like a head and be none: only whole lines decide.
        if at > 0 && at < bytes.len() && memchr::memchr(b'\n', &bytes[at..]).is_some() && record::may_cut(bytes, at, mode) {
            return Some(at);
        }
        end = newline;
    }
    None
}

/// Cuts a stream.
pub struct StreamChunks<R> {
    stream: R,
    /// What was read and not yet given out is its first `filled` bytes.
    pending: Vec<u8>,
    filled: usize,
    pool: Pool,
    size: usize,
    mode: Mode,
    ended: bool,
}

impl<R: Read> StreamChunks<R> {
    /// Chunks of about `size` bytes.
    pub fn new(stream: R, size: usize, mode: Mode) -> Self {
        StreamChunks { stream, pending: Vec::new(), filled: 0, pool: Pool::default(), size: size.max(1), mode, ended: false }
    }

    /// The next chunk. After an error the bytes read before it come first, then the error, then the end.
    pub fn next_chunk(&mut self) -> (Option<Chunk<'static>>, Option<io::Error>) {
        let mut want = self.size;
        loop {
            let problem = self.fill(want);
            if self.ended {
                let memory = std::mem::take(&mut self.pending);
                let chunk = (self.filled > 0).then(|| self.chunk(memory, self.filled));
                self.filled = 0;
                return (chunk, problem);
            }
            if let Some(cut) = cut_before_end(&self.pending[..self.filled], self.mode) {
                let mut next = self.pool.lock().ok().and_then(|mut pool| pool.pop()).unwrap_or_default();
                let rest = &self.pending[cut..self.filled];
                if next.len() < rest.len() {
                    next.resize(rest.len(), 0);
                }
                next[..rest.len()].copy_from_slice(rest);
                self.filled = rest.len();
                let memory = std::mem::replace(&mut self.pending, next);
                return (Some(self.chunk(memory, cut)), None);
            }
            if self.filled >= KEEP {
                return self.pass_over();
            }
            want = (self.filled * 2).max(self.size).min(KEEP);
        }
    }

    fn chunk(&self, memory: Vec<u8>, length: usize) -> Chunk<'static> {
        Chunk::Buffer { data: Buffer { memory, length, pool: self.pool.clone() }, passed_bytes: 0, passed_lines: 0 }
    }

    /// Reads until `want` bytes are pending, or the end.
    fn fill(&mut self, want: usize) -> Option<io::Error> {
        while !self.ended && self.filled < want {
            // Memory that is never read into need not be there: most files are small.
            if self.filled == self.pending.len() {
                self.pending.resize((2 * self.filled).clamp(FIRST_READ.min(want), want), 0);
            }
            match self.stream.read(&mut self.pending[self.filled..]) {
                Ok(0) => self.ended = true,
                Ok(n) => self.filled += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    self.ended = true;
                    return Some(e);
                }
            }
        }
        None
    }

    /// All that is pending.
    fn take(&mut self) -> Vec<u8> {
        let mut pending = std::mem::take(&mut self.pending);
        pending.truncate(self.filled);
        self.filled = 0;
        pending
    }

    fn put_back(&mut self, bytes: Vec<u8>) {
        self.filled = bytes.len();
        self.pending = bytes;
    }

    /// `pending` is the beginning of one overlong record: passes over the stream up to where the next begins.
    fn pass_over(&mut self) -> (Option<Chunk<'static>>, Option<io::Error>) {
        let mut data = self.take();
        let mut tail = data.split_off(KEEP);
        let mut passed_bytes = 0u64;
        let mut line_ends = 0u64;
        let mut problem = None;
        // Is `tail` the beginning of a line? Not where the record was cut inside one.
        let mut at_line = data.last() == Some(&b'\n');
        loop {
            let mut at = 0;
            let mut found = None;
            loop {
                let line_end = memchr::memchr(b'\n', &tail[at..]).map(|n| at + n);
                let decided = line_end.is_some() || self.ended || tail.len() - at > 65_536;
                if at_line && decided && at < tail.len() && record::begins(&tail[at..line_end.unwrap_or(tail.len())], self.mode) {
                    found = Some(at);
                    break;
                }
                let Some(end) = line_end else { break };
                line_ends += 1;
                at = end + 1;
                at_line = true;
            }
            if let Some(at) = found {
                passed_bytes += at as u64;
                self.put_back(tail.split_off(at));
                break;
            }
            // Nothing begins in whole lines; keep the unfinished one if it may yet be a head.
            let keep_from = if at_line && tail.len() - at <= 65_536 { at } else { tail.len() };
            if keep_from == tail.len() && at < tail.len() {
                at_line = false;
            }
            passed_bytes += keep_from as u64;
            self.put_back(tail.split_off(keep_from));
            if self.ended {
                passed_bytes += self.filled as u64;
                if self.filled > 0 && at_line {
                    line_ends += 1;
                }
                self.filled = 0;
                break;
            }
            problem = self.fill(self.filled + 65_536);
            tail = self.take();
        }
        // The line in which the record was cut is counted with the record.
        let cut_inside = data.last() != Some(&b'\n');
        let passed_lines = line_ends.saturating_sub(u64::from(cut_inside && line_ends > 0));
        let data = Buffer { length: data.len(), memory: data, pool: self.pool.clone() };
        (Some(Chunk::Buffer { data, passed_bytes, passed_lines }), problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::GcLines;

    const HEADED: Mode = Mode { headed: true, lacks: crate::layout::Lacks::Nothing, gc: GcLines::No, process: None };

    fn sample() -> Vec<u8> {
        let mut text = Vec::new();
        for i in 0..50 {
            text.extend_from_slice(format!("2026-11-21 17:32:01,2{:02} INFO  a.b.C [] - message {i}\n", i).as_bytes());
            if i % 7 == 0 {
                text.extend_from_slice(b"java.lang.X: y\n\tat a.b.C.d(C.java:1)\n");
            }
        }
        text
    }

    #[test]
    fn chunks_join_to_the_whole_and_begin_at_heads() {
        let text = sample();
        for size in [1, 7, 100, 1000, 100_000] {
            let slices: Vec<_> = SliceChunks::new(&text, size, HEADED).collect();
            let joined: Vec<u8> = slices.iter().flat_map(|c| c.bytes().to_vec()).collect();
            assert_eq!(joined, text);
            assert!(slices.iter().all(|c| c.bytes().starts_with(b"2026")), "{size}");
            let mut stream = StreamChunks::new(&text[..], size, HEADED);
            let mut joined = Vec::new();
            while let (Some(chunk), None) = stream.next_chunk() {
                assert!(chunk.bytes().starts_with(b"2026"));
                joined.extend_from_slice(chunk.bytes());
            }
            assert_eq!(joined, text, "{size}");
        }
    }

    #[test]
    fn text_of_many_short_traces_is_cut_between_them() {
        let mode = Mode { headed: false, ..HEADED };
        let trace = "job failed, see below\nCaused by: java.lang.IllegalStateException: no\n\tat a.b.C.d(C.java:1)\n\t... 3 more\n";
        let text = trace.repeat((3 << 20) / trace.len());
        let mut stream = StreamChunks::new(text.as_bytes(), 1 << 20, mode);
        let mut joined = 0;
        while let (Some(chunk), None) = stream.next_chunk() {
            assert!(chunk.bytes().starts_with(b"job failed"));
            assert_eq!(chunk.passed(), (0, 0));
            joined += chunk.bytes().len();
        }
        assert_eq!(joined, text.len());
    }

    #[test]
    fn an_endless_line_is_passed_over_and_counted() {
        let mut text = b"2026-11-21 17:32:01,200 INFO  a.b.C [] - ".to_vec();
        text.extend(std::iter::repeat_n(b'x', 5 << 20));
        text.extend_from_slice(b"\nmore\n2026-11-21 17:32:02,200 INFO  a.b.C [] - next\n");
        let mut stream = StreamChunks::new(&text[..], 1000, HEADED);
        let (Some(first), None) = stream.next_chunk() else { panic!() };
        let (bytes, lines) = first.passed();
        assert_eq!(lines, 1);
        let (Some(second), None) = stream.next_chunk() else { panic!() };
        assert!(second.bytes().ends_with(b"next\n"));
        assert_eq!(first.bytes().len() + bytes as usize + second.bytes().len(), text.len());
    }
}
