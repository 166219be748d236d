//! The indexes at the end of a TFile, and the numbers in it. In: the file; out: codec and places of its blocks.

use std::io::{self, Read};

use flate2::bufread::ZlibDecoder;

use super::{INDEX_LIMIT, MAGIC, invalid};
use crate::delivery::read_at::{ReadAt, bytes_at};
use crate::delivery::yarn_line::text;

/// Hadoop's own variable-length number (`Utils.readVLong` of TFile, not that of `WritableUtils`).
pub(super) fn vlong(first: u8, mut byte: impl FnMut() -> io::Result<u8>) -> io::Result<i64> {
    let first = i64::from(first as i8);
    if first >= -32 {
        return Ok(first);
    }
    let mut next = |n: i64| (0..n).try_fold(0i64, |v, _| Ok::<_, io::Error>(v << 8 | i64::from(byte()?)));
    match (first + 128) / 8 {
        7.. => Ok((first + 52) << 8 | next(1)?),
        3..=6 => Ok((first + 88) << 16 | next(2)?),
        1 | 2 => Ok((first + 112) << 24 | next(3)?),
        _ => {
            let n = first + 129;
            if n < 4 {
                return Err(invalid("a number has no possible length"));
            }
            let shift = 64 - 8 * n;
            Ok(next(n)? << shift >> shift)
        }
    }
}

/// A slice that is read from its start.
pub(super) struct Bytes<'a>(pub &'a [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> io::Result<u8> {
        let (first, rest) = self.0.split_first().ok_or_else(|| invalid("an index ends early"))?;
        self.0 = rest;
        Ok(*first)
    }

    pub fn vlong(&mut self) -> io::Result<i64> {
        let first = self.byte()?;
        vlong(first, || self.byte())
    }

    fn size(&mut self) -> io::Result<u64> {
        u64::try_from(self.vlong()?).map_err(|_| invalid("an index holds a negative number"))
    }

    fn string(&mut self) -> io::Result<String> {
        let len = usize::try_from(self.size()?).unwrap_or(usize::MAX);
        let (head, rest) = self.0.split_at_checked(len).ok_or_else(|| invalid("an index ends early"))?;
        self.0 = rest;
        Ok(text(head))
    }
}

/// Codec and places of the data blocks, by the indexes at the file's end.
pub(super) fn index<R: ReadAt>(source: &R) -> io::Result<(String, Vec<(u64, u64)>)> {
    let len = source.len();
    let tail = len.checked_sub(28).map(|at| bytes_at(source, at, 28)).transpose()?.flatten();
    let tail = tail.ok_or_else(|| invalid("the file is too short"))?;
    if tail[12..] != MAGIC {
        return Err(invalid("the file does not end with the magic number"));
    }
    let at = tail[..8].iter().fold(0u64, |n, b| n << 8 | u64::from(*b));
    let meta_len = (len - 28).checked_sub(at).and_then(|n| usize::try_from(n).ok()).filter(|n| *n <= INDEX_LIMIT);
    let meta = bytes_at(source, at, meta_len.ok_or_else(|| invalid("the index lies outside of the file"))?)?;
    let meta = meta.ok_or_else(|| invalid("the index lies outside of the file"))?;
    let mut meta = Bytes(&meta);
    for _ in 0..meta.size()? {
        let (name, algorithm) = (meta.string()?, meta.string()?);
        let (offset, size, raw_size) = (meta.size()?, meta.size()?, meta.size()?);
        if name == "data:BCFile.index" {
            let size = usize::try_from(size).ok().filter(|n| *n <= INDEX_LIMIT).ok_or_else(|| invalid("the block index is too large"))?;
            let packed = bytes_at(source, offset, size)?.ok_or_else(|| invalid("the block index lies outside of the file"))?;
            return block_index(&packed, is_gz(&algorithm)?, raw_size, len);
        }
    }
    Err(invalid("there is no block index"))
}

fn block_index(packed: &[u8], gz: bool, raw_size: u64, file_len: u64) -> io::Result<(String, Vec<(u64, u64)>)> {
    let mut raw = Vec::new();
    if gz {
        ZlibDecoder::new(packed).take(raw_size.min(INDEX_LIMIT as u64)).read_to_end(&mut raw)?;
    } else {
        raw.extend_from_slice(packed);
    }
    let mut data = Bytes(&raw);
    let algorithm = data.string()?;
    let count = data.size()?;
    let mut blocks = Vec::new();
    for _ in 0..count {
        let (offset, size, _raw) = (data.size()?, data.size()?, data.size()?);
        if offset.checked_add(size).is_none_or(|end| end > file_len) {
            return Err(invalid("a block lies outside of the file"));
        }
        blocks.push((offset, size));
    }
    Ok((algorithm, blocks))
}

pub(super) fn is_gz(algorithm: &str) -> io::Result<bool> {
    match algorithm {
        "none" => Ok(false),
        // "gz" is a zlib stream here.
        "gz" => Ok(true),
        other => {
            let text = format!("this aggregated file is compressed with {other}, which is not read; fetch it with `yarn logs`");
            Err(io::Error::new(io::ErrorKind::Unsupported, text))
        }
    }
}
