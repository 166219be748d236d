//! Decoders, chosen by magic bytes and never by name. A truncated or damaged stream yields what was read before, then an error.

use std::io::{self, BufReader, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// Codecs of single streams.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Codec {
    None,
    Gzip,
    Zstd,
    Bzip2,
    Xz,
    Lz4,
}

/// Largest decoder window: 128 MiB, zstd's own default limit and that of `xz -9`.
pub const MAX_WINDOW_LOG: u32 = 27;
/// Memory that an xz decoder may take.
const XZ_MEMORY: u64 = 256 << 20;
/// Decoded size from which the ratio is watched, and the ratio above which decoding stops: logs stay far below it.
const BOMB_BYTES: u64 = 512 << 20;
const BOMB_RATIO: u64 = 300;

impl Codec {
    /// The codec that `head` (at least 6 bytes where there are) begins with.
    pub fn sniff(head: &[u8]) -> Codec {
        match head {
            [0x1f, 0x8b, 8, ..] => Codec::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Codec::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Codec::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Codec::Xz,
            [0x04, 0x22, 0x4d, 0x18, ..] => Codec::Lz4,
            // zstd skippable frames.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Codec::Zstd,
            _ => Codec::None,
        }
    }

    /// Its name in the report.
    pub fn name(self) -> &'static str {
        match self {
            Codec::None => "none",
            Codec::Gzip => "gzip",
            Codec::Zstd => "zstd",
            Codec::Bzip2 => "bzip2",
            Codec::Xz => "xz",
            Codec::Lz4 => "lz4",
        }
    }

    /// A reader of the decoded bytes.
    pub fn reader<'a>(self, input: impl Read + Send + 'a) -> io::Result<Box<dyn Read + Send + 'a>> {
        let consumed = Arc::new(AtomicU64::new(0));
        let counted = BufReader::with_capacity(1 << 16, Counted { inner: input, count: consumed.clone() });
        let decoder: Box<dyn Read + Send + 'a> = match self {
            Codec::None => return Ok(Box::new(counted.into_inner().inner)),
            Codec::Gzip => Box::new(flate2::bufread::MultiGzDecoder::new(counted)),
            Codec::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(counted)?;
                decoder.window_log_max(MAX_WINDOW_LOG)?;
                Box::new(decoder)
            }
            Codec::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(counted)),
            Codec::Xz => {
                let stream = liblzma::stream::Stream::new_stream_decoder(XZ_MEMORY, liblzma::stream::CONCATENATED).map_err(io::Error::other)?;
                Box::new(liblzma::bufread::XzDecoder::new_stream(counted, stream))
            }
            Codec::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(counted)),
        };
        Ok(Box::new(Bounded { inner: decoder, produced: 0, consumed, codec: self }))
    }
}

struct Counted<R> {
    inner: R,
    count: Arc<AtomicU64>,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        self.count.fetch_add(n as u64, Ordering::Relaxed);
        Ok(n)
    }
}

/// Stops a decompression bomb, and says in plain words what a decoder's error means.
struct Bounded<R> {
    inner: R,
    produced: u64,
    consumed: Arc<AtomicU64>,
    codec: Codec,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf).map_err(|e| self.explain(e))?;
        self.produced += n as u64;
        let consumed = self.consumed.load(Ordering::Relaxed);
        if self.produced > BOMB_BYTES && self.produced / BOMB_RATIO > consumed {
            let message = format!("decompresses to more than {BOMB_RATIO} times its size; stopped after {} MiB", self.produced >> 20);
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        Ok(n)
    }
}

impl<R> Bounded<R> {
    fn explain(&self, e: io::Error) -> io::Error {
        let name = self.codec.name();
        let text = e.to_string();
        let message = if e.kind() == io::ErrorKind::UnexpectedEof || text.contains("incomplete frame") || text.contains("unexpected end") {
            format!("{name} stream ends early (truncated file?)")
        } else if text.contains("memory") || text.contains("Memory") || text.contains("window") {
            format!("{name} stream needs a decoder window above {} MiB; decompress it first (`zstd -d --long=31`)", 1u32 << (MAX_WINDOW_LOG - 20))
        } else {
            format!("{name} stream is damaged: {text}")
        };
        io::Error::new(e.kind(), message)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn several_members_and_truncation() {
        let mut two = gzip(b"one ");
        two.extend(gzip(b"two"));
        let mut text = String::new();
        Codec::sniff(&two).reader(&two[..]).unwrap().read_to_string(&mut text).unwrap();
        assert_eq!(text, "one two");
        let cut = &gzip(&vec![b'x'; 100_000])[..60];
        let mut out = Vec::new();
        let error = Codec::sniff(cut).reader(cut).unwrap().read_to_end(&mut out).unwrap_err();
        assert!(error.to_string().contains("ends early"), "{error}");
        assert!(!out.is_empty() || cut.len() < 100);
    }

    #[test]
    fn a_bomb_is_stopped() {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(&vec![0; 4 << 20]).unwrap();
        let zeros = encoder.finish().unwrap();
        let bomb: Vec<u8> = zeros.repeat(400);
        let error = io::copy(&mut Codec::Gzip.reader(&bomb[..]).unwrap(), &mut io::sink()).unwrap_err();
        assert!(error.to_string().contains("times its size"), "{error}");
    }
}
