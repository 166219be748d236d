//! Archives as deliveries: tar from a stream, zip from a file.
//!
//! In: the archive, unpacked from any outer compression. Out: its regular files. Nothing is ever written: a member's name is
//! only told. Compression inside members, archives among them, is the caller's matter. Limits end the reading, not the program.

use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::Arc;

use flate2::bufread::DeflateDecoder;

use super::read_at::{Range, ReadAt};
use super::time::format_utc;
use super::{Notice, NoticeCode, Notices, Problem, ProblemKind, SectionEnd, SectionHead, Sections};

/// What an archive may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Members, of any kind.
    pub members: u64,
    /// Decoded bytes of all members.
    pub bytes: u64,
    /// Decoded by packed bytes of one member, once 16 MB were decoded: logs reach some hundred.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { members: 100_000, bytes: 1 << 40, ratio: 2_000 }
    }
}

const RATIO_FLOOR: u64 = 16 << 20;
const BLOCK: u64 = 512;
/// Long names and attributes of a member in a tar.
const NAME_LIMIT: u64 = 1 << 20;

/// Reader of a tar stream (ustar, GNU and pax names); see the module.
pub struct Tar<R> {
    source: R,
    limits: Limits,
    members: u64,
    bytes: u64,
    at: u64,
    /// Of the present member: content and padding not yet read.
    left: u64,
    padding: u64,
    in_member: bool,
    finished: bool,
    end: SectionEnd,
    notices: Notices,
}

impl<R: Read> Tar<R> {
    pub fn new(source: R, limits: Limits) -> Self {
        Tar {
            source,
            limits,
            members: 0,
            bytes: 0,
            at: 0,
            left: 0,
            padding: 0,
            in_member: false,
            finished: false,
            end: SectionEnd::default(),
            notices: Notices::default(),
        }
    }

    /// Fills `buf` as far as the stream goes.
    fn fill(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let mut done = 0;
        while done < buf.len() {
            match self.source.read(&mut buf[done..]) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        self.at += done as u64;
        Ok(done)
    }

    fn skip(&mut self, mut n: u64) -> io::Result<bool> {
        let mut sink = [0; 16 << 10];
        while n > 0 {
            let most = usize::try_from(n).unwrap_or(usize::MAX).min(sink.len());
            match self.fill(&mut sink[..most])? {
                0 => return Ok(false),
                got => n -= got as u64,
            }
        }
        Ok(true)
    }

    /// The header of the next member; `None` at the end.
    fn header(&mut self) -> io::Result<Option<tar::Header>> {
        let mut header = tar::Header::new_old();
        match self.fill(header.as_mut_bytes())? {
            0 => return Ok(None),
            512 => {}
            _ => {
                self.notices.add(0, NoticeCode::Damaged, format!("the archive is cut off at byte {}", self.at));
                return Ok(None);
            }
        }
        if header.as_bytes().iter().all(|b| *b == 0) {
            return Ok(None);
        }
        // The sum of all bytes, those of the sum itself as blanks.
        let sum: u32 = header.as_bytes().iter().enumerate().map(|(i, b)| if (148..156).contains(&i) { 32 } else { u32::from(*b) }).sum();
        if header.cksum().ok() != Some(sum) {
            self.notices.add(0, NoticeCode::Damaged, format!("the archive is damaged at byte {}: no member header", self.at - BLOCK));
            return Ok(None);
        }
        Ok(Some(header))
    }

    fn name_block(&mut self, size: u64) -> io::Result<Option<Vec<u8>>> {
        if size > NAME_LIMIT {
            self.notices.add(0, NoticeCode::Damaged, "a member's name is too long");
            return Ok(None);
        }
        let mut name = vec![0; size as usize];
        let whole = self.fill(&mut name)? == name.len() && self.skip(padding(size))?;
        Ok(whole.then_some(name))
    }
}

fn padding(size: u64) -> u64 {
    (BLOCK - size % BLOCK) % BLOCK
}

impl<R: Read> Sections for Tar<R> {
    fn next(&mut self) -> io::Result<Option<SectionHead>> {
        if self.in_member {
            self.end();
        }
        let (mut long_name, mut pax_size) = (None, None);
        while !self.finished {
            let Some(header) = self.header()? else { break };
            self.members += 1;
            if self.members > self.limits.members {
                self.notices.add(0, NoticeCode::LimitReached, format!("more than {} members: the rest of the archive is not read", self.limits.members));
                break;
            }
            let kind = header.entry_type();
            let Ok(size) = header.entry_size() else {
                self.notices.add(0, NoticeCode::Damaged, format!("the archive is damaged at byte {}: a member without a size", self.at - BLOCK));
                break;
            };
            if kind.is_gnu_longname() || kind.is_gnu_longlink() || kind.is_pax_local_extensions() {
                let Some(data) = self.name_block(size)? else { break };
                if kind.is_gnu_longname() {
                    long_name = Some(data.strip_suffix(b"\0").unwrap_or(&data).to_vec());
                } else if kind.is_pax_local_extensions() {
                    for pair in tar::PaxExtensions::new(&data).flatten() {
                        match pair.key_bytes() {
                            b"path" => long_name = Some(pair.value_bytes().to_vec()),
                            b"size" => pax_size = std::str::from_utf8(pair.value_bytes()).ok().and_then(|v| v.parse().ok()),
                            _ => {}
                        }
                    }
                }
                continue;
            }
            let size = pax_size.take().unwrap_or(size);
            let name = long_name.take().unwrap_or_else(|| header.path_bytes().into_owned());
            let name = String::from_utf8_lossy(&name).into_owned();
            if !(kind.is_file() || kind.is_contiguous()) {
                if !(kind.is_dir() || kind.is_pax_global_extensions() || kind.is_symlink() || kind.is_hard_link()) {
                    self.notices.add(0, NoticeCode::Skipped, format!("{name}: not a plain file"));
                }
                // Links and directories have no content even where a size is written.
                let content = if kind.is_symlink() || kind.is_hard_link() || kind.is_dir() { 0 } else { size };
                if !self.skip(content.saturating_add(padding(content)))? {
                    break;
                }
                continue;
            }
            (self.left, self.padding, self.in_member) = (size, padding(size), true);
            return Ok(Some(SectionHead {
                path: Some(name),
                declared_len: Some(size),
                modified: header.mtime().ok().and_then(|s| i64::try_from(s).ok()?.checked_mul(1000)).and_then(format_utc),
                stream_byte: self.at,
                ..SectionHead::default()
            }));
        }
        self.finished = true;
        Ok(None)
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if !self.in_member || buf.is_empty() {
            return Ok(0);
        }
        if self.left == 0 {
            self.in_member = false;
            // A cut in the padding loses nothing of this member.
            self.finished |= !self.skip(self.padding)?;
            self.end = SectionEnd { complete: true, ..SectionEnd::default() };
            return Ok(0);
        }
        let most = buf.len().min(usize::try_from(self.left).unwrap_or(usize::MAX));
        let allowed = usize::try_from(self.limits.bytes - self.bytes).unwrap_or(usize::MAX).min(most);
        if allowed == 0 {
            let text = format!("the archive holds more than {} bytes: the rest is not read", self.limits.bytes);
            return Ok(self.stop(ProblemKind::LimitReached, text));
        }
        let got = loop {
            match self.source.read(&mut buf[..allowed]) {
                Ok(n) => break n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => {
                    self.stop(ProblemKind::Truncated, format!("reading the archive failed: {e}"));
                    return Ok(0);
                }
            }
        };
        if got == 0 {
            let text = format!("the archive ends {} bytes before the member does", self.left);
            return Ok(self.stop(ProblemKind::Truncated, text));
        }
        self.at += got as u64;
        self.left -= got as u64;
        self.bytes += got as u64;
        Ok(got)
    }

    fn end(&mut self) -> SectionEnd {
        drain(self, |s| s.in_member);
        self.in_member = false;
        std::mem::take(&mut self.end)
    }

    fn notices(&mut self) -> Vec<Notice> {
        self.notices.take()
    }
}

impl<R: Read> Tar<R> {
    fn stop(&mut self, kind: ProblemKind, text: String) -> usize {
        (self.in_member, self.finished) = (false, true);
        self.end = SectionEnd { complete: false, growing: false, problem: Some(Problem::new(kind, text)) };
        0
    }
}

fn drain<S: Sections>(sections: &mut S, inside: impl Fn(&S) -> bool) {
    let mut sink = [0; 16 << 10];
    while inside(sections) {
        if !matches!(sections.read(&mut sink), Ok(n) if n > 0) {
            break;
        }
    }
}

/// Reader of a zip file; members stored or deflated. See the module.
pub struct Zip<R> {
    source: Arc<R>,
    limits: Limits,
    members: std::vec::IntoIter<Member>,
    bytes: u64,
    present: Option<Inflating<R>>,
    end: SectionEnd,
    notices: Notices,
}

struct Member {
    head: SectionHead,
    packed: u64,
    deflated: bool,
    sum: u32,
}

struct Inflating<R> {
    data: Data<R>,
    sum: flate2::Crc,
    got: u64,
    member: Member,
}

enum Data<R> {
    Stored(Range<R>),
    Deflated(Box<DeflateDecoder<BufReader<Range<R>>>>),
}

impl<R: ReadAt> Zip<R> {
    /// Reads the directory; fails if there is none.
    pub fn open(source: R, limits: Limits) -> io::Result<Self> {
        let source = Arc::new(source);
        let mut notices = Notices::default();
        let input = BufReader::new(Seeking { source: source.clone(), at: 0 });
        let mut zip = zip::ZipArchive::new(input).map_err(|e| io::Error::new(io::ErrorKind::InvalidData, format!("zip: {e}")))?;
        let mut members = Vec::new();
        for i in 0..zip.len() {
            if i as u64 >= limits.members {
                notices.add(0, NoticeCode::LimitReached, format!("more than {} members: the rest of the archive is not read", limits.members));
                break;
            }
            let entry = match zip.by_index_raw(i) {
                Ok(entry) => entry,
                Err(e) => {
                    notices.add(0, NoticeCode::Damaged, format!("member {i} of the archive cannot be found: {e}"));
                    continue;
                }
            };
            if entry.is_dir() || entry.is_symlink() {
                continue;
            }
            let name = String::from_utf8_lossy(entry.name_raw()).into_owned();
            let deflated = match entry.compression() {
                _ if entry.encrypted() => {
                    notices.add(0, NoticeCode::Skipped, format!("{name}: encrypted"));
                    continue;
                }
                zip::CompressionMethod::Stored => false,
                zip::CompressionMethod::DEFLATE => true,
                other => {
                    notices.add(0, NoticeCode::Skipped, format!("{name}: compression {other} is not read"));
                    continue;
                }
            };
            let Some(start) = entry.data_start() else {
                notices.add(0, NoticeCode::Damaged, format!("{name}: its data cannot be found"));
                continue;
            };
            // A zip's time has no zone.
            let modified =
                entry.last_modified().map(|t| format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", t.year(), t.month(), t.day(), t.hour(), t.minute(), t.second()));
            let head = SectionHead { path: Some(name), declared_len: Some(entry.size()), modified, stream_byte: start, ..SectionHead::default() };
            members.push(Member { head, packed: entry.compressed_size(), deflated, sum: entry.crc32() });
        }
        Ok(Zip { source, limits, members: members.into_iter(), bytes: 0, present: None, end: SectionEnd::default(), notices })
    }

    fn stop(&mut self, kind: ProblemKind, text: String) -> usize {
        self.present = None;
        self.end = SectionEnd { complete: false, growing: false, problem: Some(Problem::new(kind, text)) };
        0
    }
}

impl<R: ReadAt> Sections for Zip<R> {
    fn next(&mut self) -> io::Result<Option<SectionHead>> {
        if self.bytes >= self.limits.bytes && self.members.len() > 0 {
            let text = format!("the archive holds more than {} bytes: {} members are not read", self.limits.bytes, self.members.len());
            self.notices.add(0, NoticeCode::LimitReached, text);
            self.members = Vec::new().into_iter();
        }
        let Some(member) = self.members.next() else {
            self.present = None;
            return Ok(None);
        };
        let start = member.head.stream_byte;
        let range = Range::new(self.source.clone(), start, start.saturating_add(member.packed));
        let data = if member.deflated { Data::Deflated(Box::new(DeflateDecoder::new(BufReader::with_capacity(64 << 10, range)))) } else { Data::Stored(range) };
        let head = member.head.clone();
        self.present = Some(Inflating { data, sum: flate2::Crc::new(), got: 0, member });
        Ok(Some(head))
    }

    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let Some(present) = self.present.as_mut().filter(|_| !buf.is_empty()) else { return Ok(0) };
        let got = present.got;
        let most = usize::try_from(self.limits.bytes - self.bytes).unwrap_or(usize::MAX).min(buf.len());
        if most == 0 {
            let text = format!("the archive holds more than {} bytes: the rest is not read", self.limits.bytes);
            return Ok(self.stop(ProblemKind::LimitReached, text));
        }
        let read = match &mut present.data {
            Data::Stored(r) => r.read(&mut buf[..most]),
            Data::Deflated(r) => r.read(&mut buf[..most]),
        };
        match read {
            Ok(0) => {
                let (sum, want) = (present.sum.sum(), present.member.sum);
                let size = present.member.head.declared_len.unwrap_or(0);
                self.present = None;
                if got != size {
                    return Ok(self.stop(ProblemKind::LengthMismatch, format!("the member has {got} bytes where {size} are stated")));
                }
                if sum != want {
                    return Ok(self.stop(ProblemKind::DamagedBlock, "the member's checksum does not fit its content".to_string()));
                }
                self.end = SectionEnd { complete: true, ..SectionEnd::default() };
                Ok(0)
            }
            Ok(n) => {
                present.sum.update(&buf[..n]);
                present.got += n as u64;
                self.bytes += n as u64;
                if let Data::Deflated(z) = &present.data
                    && z.total_out() > RATIO_FLOOR
                    && z.total_out() / z.total_in().max(1) > self.limits.ratio
                {
                    let text = format!("the member unpacks to more than {} times its size: the rest is not read", self.limits.ratio);
                    self.stop(ProblemKind::LimitReached, text);
                }
                Ok(n)
            }
            Err(e) => Ok(self.stop(ProblemKind::DamagedBlock, format!("the member cannot be read beyond {got} bytes: {e}"))),
        }
    }

    fn end(&mut self) -> SectionEnd {
        drain(self, |s| s.present.is_some());
        self.present = None;
        std::mem::take(&mut self.end)
    }

    fn notices(&mut self) -> Vec<Notice> {
        self.notices.take()
    }
}

/// A [`ReadAt`] with a position, for the directory reader.
struct Seeking<R> {
    source: Arc<R>,
    at: u64,
}

impl<R: ReadAt> Read for Seeking<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.source.read_at(self.at, buf)?;
        self.at += n as u64;
        Ok(n)
    }
}

impl<R: ReadAt> Seek for Seeking<R> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let at = match to {
            SeekFrom::Start(n) => Some(n),
            SeekFrom::End(n) => self.source.len().checked_add_signed(n),
            SeekFrom::Current(n) => self.at.checked_add_signed(n),
        };
        self.at = at.ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))?;
        Ok(self.at)
    }
}

#[cfg(test)]
mod tests;
