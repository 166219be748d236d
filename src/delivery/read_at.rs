//! Random access to a file or a slice. In: offset and buffer; out: bytes. Never moves a shared file position on Unix.

use std::io::{self, Read};
use std::sync::Arc;

/// Bytes that can be read at any place, from several threads.
pub trait ReadAt: Send + Sync {
    /// Length in bytes; what lies beyond is not read.
    fn len(&self) -> u64;
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Reads some bytes from `offset`; 0 at the end. Fewer than asked for is no error.
    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize>;
}

impl ReadAt for &[u8] {
    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|at| self.get(at..)).unwrap_or(&[]);
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }
}

impl ReadAt for Vec<u8> {
    fn len(&self) -> u64 {
        self.as_slice().len() as u64
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        self.as_slice().read_at(offset, buf)
    }
}

/// The length is asked of the system at every call; a growing file is read as far as it went then.
impl ReadAt for std::fs::File {
    fn len(&self) -> u64 {
        self.metadata().map(|m| m.len()).unwrap_or(0)
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            #[cfg(unix)]
            let read = std::os::unix::fs::FileExt::read_at(self, buf, offset);
            #[cfg(windows)]
            let read = std::os::windows::fs::FileExt::seek_read(self, buf, offset);
            match read {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }
}

impl<T: ReadAt + ?Sized> ReadAt for Arc<T> {
    fn len(&self) -> u64 {
        (**self).len()
    }

    fn read_at(&self, offset: u64, buf: &mut [u8]) -> io::Result<usize> {
        (**self).read_at(offset, buf)
    }
}

/// A range of a [`ReadAt`] as [`Read`].
pub struct Range<R> {
    source: Arc<R>,
    at: u64,
    end: u64,
}

impl<R: ReadAt> Range<R> {
    /// `end` beyond the source is cut to it.
    pub fn new(source: Arc<R>, start: u64, end: u64) -> Self {
        let end = end.min(source.len());
        Range { source, at: start.min(end), end }
    }
}

impl<R: ReadAt> Read for Range<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.end - self.at).unwrap_or(usize::MAX).min(buf.len());
        let n = self.source.read_at(self.at, &mut buf[..most])?.min(most);
        self.at += n as u64;
        Ok(n)
    }
}

/// Reads exactly `len` bytes at `offset`; `None` where the source has fewer. Callers bound `len`: it is allocated.
pub(crate) fn bytes_at<R: ReadAt + ?Sized>(source: &R, offset: u64, len: usize) -> io::Result<Option<Vec<u8>>> {
    if offset.checked_add(len as u64).is_none_or(|end| end > source.len()) {
        return Ok(None);
    }
    let mut out = vec![0; len];
    let mut done = 0;
    while done < len {
        match source.read_at(offset + done as u64, &mut out[done..])? {
            0 => return Ok(None),
            n => done += n,
        }
    }
    Ok(Some(out))
}
