//! Growing logs: files, folders and a stream, read on as they are written to. Out: digests so far, and single events where an onlooker keeps them.
//!
//! A file is known by what it is, not by its name: one that is renamed (`app.log` → `app.log.1`) is read to its end, the new one under the old name from its
//! beginning; one that is cut (copytruncate) begins again. What cannot grow (compressed, archives, `yarn logs` text) is read once, at the start.
//! Nothing is ever written, and the last record of a file waits until the next one begins or the file is quiet.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver, TryRecvError};
use std::time::{Duration, Instant};

use crate::delivery::{self, ReadAt};
use crate::digest::SourceDigest;
use crate::fold::{Event, Fold, Onlooker};
use crate::input::archive;
use crate::input::chunk::SliceChunks;
use crate::input::decode::Codec;
use crate::input::discover::{self, FileToRead};
use crate::input::prefixed::Splitter;
use crate::input::sniff::{self, Content, SNIFF, Sniffed};
use crate::record::{self, GcLines};
use crate::rules::Rules;
use crate::scan::{self, Place, Scanned, ScannedSource};

/// Bytes that tell files apart: a log begins with its time.
const HEAD: usize = 256;
/// Bytes that are read at once.
const PIECE: usize = 1 << 20;
/// Bytes that may wait for the next record to begin.
const MAX_PENDING: usize = 4 << 20;
/// A file without news for so long has written its last record whole.
const QUIET: Duration = Duration::from_millis(400);
/// Lines that tell what a stream is; fewer do where nothing comes for a while.
const FIRST_LINES: usize = 5;
/// Most files that are held open.
const MAX_FILES: usize = 4_096;
/// Rotated files that stay in memory per name; older ones have been told.
const MAX_ROTATED: usize = 8;

/// What makes a file this file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Identity(u64, u64);

#[cfg(unix)]
fn identity(meta: &Metadata) -> Identity {
    use std::os::unix::fs::MetadataExt;
    Identity(meta.dev(), meta.ino())
}

/// Elsewhere the time of creation has to do.
#[cfg(not(unix))]
fn identity(meta: &Metadata) -> Identity {
    let created = meta.created().ok().and_then(|t| t.duration_since(std::time::UNIX_EPOCH).ok()).map_or(0, |d| d.as_nanos() as u64);
    Identity(created, 0)
}

enum Origin {
    File {
        file: File,
        identity: Identity,
        at: u64,
    },
    Stream(Receiver<io::Result<Vec<u8>>>),
    /// Read to its end, never to grow again.
    Ended,
}

/// One growing log.
struct Live<'o> {
    path: String,
    origin: Origin,
    /// Its name belongs to a newer file now.
    rotated: bool,
    /// What the file begins with: tells a copy of it, and that it was cut and written anew.
    head: Vec<u8>,
    pending: Vec<u8>,
    last_news: Instant,
    sniffed: Option<Sniffed>,
    fold: Fold<'o>,
    /// The containers whose lines are mixed in it, with how many bytes of each wait and since when.
    mixed: Option<(Splitter<'o>, Vec<(usize, Instant)>)>,
}

/// Follows paths.
pub struct Follower<'o> {
    paths: Vec<PathBuf>,
    rules: &'o Rules,
    onlooker: Option<&'o dyn Onlooker>,
    live: Vec<Live<'o>>,
    /// What cannot grow.
    still: Scanned,
    /// Files that are passed over: no logs, or rotated and compressed while we looked on.
    passed: Vec<Identity>,
    started: bool,
    /// Remarks since the last call of [`Follower::remarks`].
    remarks: Vec<String>,
}

impl<'o> Follower<'o> {
    /// Begins to follow; nothing is read before [`Follower::poll`].
    pub fn new(paths: &[PathBuf], rules: &'o Rules, onlooker: Option<&'o dyn Onlooker>) -> Self {
        let mut live = Vec::new();
        if paths.iter().any(|path| path == Path::new("-")) {
            live.push(Live::new("-".to_owned(), Origin::Stream(standard_input()), rules_fold(onlooker, "-")));
        }
        let paths = paths.iter().filter(|path| *path != Path::new("-")).cloned().collect();
        Follower { paths, rules, onlooker, live, still: Scanned::default(), passed: Vec::new(), started: false, remarks: Vec::new() }
    }

    /// Reads what is new. True where something was.
    pub fn poll(&mut self) -> bool {
        self.look_for_files();
        self.started = true;
        let mut news = false;
        for live in &mut self.live {
            news |= live.read_on(self.rules, self.onlooker, &mut self.remarks);
        }
        self.forget_old();
        news
    }

    /// All sources so far, as a scan would give them.
    pub fn sources(&self) -> Vec<ScannedSource> {
        self.still.sources.iter().cloned().chain(self.live.iter().flat_map(Live::sources)).collect()
    }

    /// The events since the last call, by index of [`Follower::sources`].
    pub fn events(&mut self) -> Vec<(usize, Vec<Event>)> {
        let still = self.still.sources.iter_mut().map(|source| std::mem::take(&mut source.events));
        let live = self.live.iter_mut().flat_map(Live::take);
        still.chain(live).enumerate().filter(|(_, events)| !events.is_empty()).collect()
    }

    /// How many files are followed.
    pub fn files(&self) -> usize {
        self.live.len() + self.still.sources.len()
    }

    /// Nothing can come any more: only a stream was followed, and it has ended.
    pub fn ended(&self) -> bool {
        self.paths.is_empty() && self.live.iter().all(|live| matches!(live.origin, Origin::Ended))
    }

    /// What could not be read, and other remarks, since the last call.
    pub fn remarks(&mut self) -> Vec<String> {
        std::mem::take(&mut self.remarks)
    }

    fn look_for_files(&mut self) {
        let found = discover::discover(&self.paths);
        if !self.started {
            self.remarks.extend(found.missing.iter().map(|missing| format!("{}: {} (it is followed once it is there)", missing.path, missing.why)));
        }
        for file in found.files {
            let Ok(meta) = std::fs::metadata(&file.path) else { continue };
            if !meta.is_file() {
                continue;
            }
            let identity = identity(&meta);
            if self.passed.contains(&identity) {
                continue;
            }
            let shown = file.path.display().to_string();
            let known = self.live.iter().position(|live| matches!(&live.origin, Origin::File { identity: known, .. } if *known == identity));
            match known {
                // Renamed.
                Some(at) if self.live[at].path != shown => {
                    self.live[at].path = shown;
                    self.live[at].rotated = true;
                }
                Some(_) => {}
                None if self.started && self.takes_copy(&file.path, identity) => {}
                None => self.begin(&file, identity, shown),
            }
        }
    }

    /// A copy of a followed file, made before that is cut (copytruncate): what was not read of the original yet is read from the copy, and the original from
    /// its beginning. A copy whose original goes on is left alone.
    fn takes_copy(&mut self, path: &Path, identity: Identity) -> bool {
        let shown = path.display().to_string();
        let Ok(copy) = File::open(path) else { return false };
        let of = self
            .live
            .iter()
            .position(|live| !live.head.is_empty() && shown.len() > live.path.len() && shown.starts_with(&live.path) && begins_with(&copy, &live.head));
        let Some(of) = of else { return false };
        let live = &mut self.live[of];
        let Origin::File { file, identity: original, at } = &mut live.origin else { return false };
        let cut = file.metadata().is_ok_and(|meta| meta.len() < *at) || !begins_with(file, &live.head);
        if !cut {
            return true;
        }
        let original = (std::mem::replace(file, copy), std::mem::replace(original, identity));
        let name = std::mem::replace(&mut live.path, shown);
        live.rotated = true;
        let fold = rules_fold(self.onlooker, &name);
        self.live.push(Live::new(name, Origin::File { file: original.0, identity: original.1, at: 0 }, fold));
        true
    }

    /// A file that was not there before.
    fn begin(&mut self, file: &FileToRead, identity: Identity, shown: String) {
        let base = file.path.file_name().and_then(|name| name.to_str()).unwrap_or("");
        if !file.named && delivery::is_side_file(base) {
            return self.pass(identity);
        }
        let Ok(open) = File::open(&file.path) else {
            self.remarks.push(format!("{shown}: cannot be opened"));
            return self.pass(identity);
        };
        let mut head = vec![0; SNIFF];
        let length = ReadAt::read_at(&open, 0, &mut head).unwrap_or(0);
        head.truncate(length);
        if !head.is_empty() {
            let packed = Codec::sniff(&head) != Codec::None || archive::looks_like_tar(&head) || archive::needs_random_access(&head);
            match sniff::sniff(&head, &shown, file.named).content {
                _ if packed => return self.read_once(file, identity),
                Content::Yarn | Content::Kubernetes(_) => return self.read_once(file, identity),
                Content::NoLog => return self.pass(identity),
                Content::Log | Content::Gc | Content::Launcher | Content::Prefixed(_) => {}
            }
        }
        if self.live.len() >= MAX_FILES {
            self.remarks.push(format!("{shown}: more than {MAX_FILES} files; it is not followed"));
            return self.pass(identity);
        }
        // The name belonged to another file until now.
        for live in &mut self.live {
            if live.path == shown {
                live.path = format!("{shown}.1");
                live.rotated = true;
            }
        }
        let fold = rules_fold(self.onlooker, &shown);
        self.live.push(Live::new(shown, Origin::File { file: open, identity, at: 0 }, fold));
    }

    /// What is packed does not grow. One that comes while we look on is a rotated log that was read already.
    fn read_once(&mut self, file: &FileToRead, identity: Identity) {
        if !self.started {
            let found = discover::Found { files: vec![file.clone()], missing: Vec::new() };
            let options = scan::Options { rules: self.rules, chunk_size: PIECE, mmap: false, all_jobs: false, progress: &|_| {}, onlooker: self.onlooker };
            let scanned = scan::files(&found, &options);
            self.remarks.extend(scanned.unreadable.iter().map(|(path, problem)| format!("{path}: {}", problem.message)));
            self.still.join(scanned);
        }
        self.pass(identity);
    }

    fn pass(&mut self, identity: Identity) {
        if self.passed.len() < 100_000 {
            self.passed.push(identity);
        }
    }

    /// Rotated files without news are closed; of each name only the newest stay.
    fn forget_old(&mut self) {
        for live in self.live.iter_mut().filter(|live| live.rotated) {
            if live.last_news.elapsed() > Duration::from_secs(60)
                && let Origin::File { identity, .. } = live.origin
            {
                // Still known, so that it is not read again under its new name.
                self.passed.push(identity);
                live.origin = Origin::Ended;
            }
        }
        let stem = |path: &str| path.rsplit_once(".log").map_or(path.to_owned(), |(stem, _)| stem.to_owned());
        let mut seen: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
        let kept: Vec<bool> = self
            .live
            .iter()
            .rev()
            .map(|live| {
                let count = seen.entry(stem(&live.path)).or_default();
                *count += 1;
                *count <= MAX_ROTATED || !live.rotated || !matches!(live.origin, Origin::Ended)
            })
            .collect();
        let mut kept = kept.into_iter().rev();
        self.live.retain(|_| kept.next().unwrap_or(true));
    }
}

fn rules_fold<'o>(onlooker: Option<&'o dyn Onlooker>, path: &str) -> Fold<'o> {
    Fold::following(onlooker.and_then(|o| o.source(path, &Place::default())))
}

impl<'o> Live<'o> {
    fn new(path: String, origin: Origin, fold: Fold<'o>) -> Self {
        Live { path, origin, rotated: false, head: Vec::new(), pending: Vec::new(), last_news: Instant::now(), sniffed: None, fold, mixed: None }
    }

    /// Reads to the present end. True where records were added to the digest.
    fn read_on(&mut self, rules: &'o Rules, onlooker: Option<&'o dyn Onlooker>, remarks: &mut Vec<String>) -> bool {
        let mut added = false;
        loop {
            match self.piece(remarks) {
                Some(piece) if piece.is_empty() => break,
                Some(piece) => {
                    self.last_news = Instant::now();
                    self.pending.extend_from_slice(&piece);
                    added |= self.flush(rules, onlooker, false);
                }
                None => {
                    self.origin = Origin::Ended;
                    added |= self.flush(rules, onlooker, true);
                    break;
                }
            }
        }
        if !self.pending.is_empty() && self.last_news.elapsed() >= QUIET {
            added |= self.flush(rules, onlooker, true);
        }
        added | self.flush_parts(rules)
    }

    /// Hands over what the containers of a mixed stream wait with: up to the last record, or all of a container that is quiet.
    fn flush_parts(&mut self, rules: &Rules) -> bool {
        let Some((splitter, waiting)) = &mut self.mixed else { return false };
        let mut added = false;
        if matches!(self.origin, Origin::Ended) {
            added = splitter.parts.iter().any(|part| part.waiting() > 0);
            splitter.end();
        }
        waiting.resize(splitter.parts.len(), (0, Instant::now()));
        for (part, (known, since)) in splitter.parts.iter_mut().zip(waiting) {
            if part.waiting() != *known {
                added |= part.flush(rules, false);
                (*known, *since) = (part.waiting(), Instant::now());
            } else if *known > 0 && since.elapsed() >= QUIET {
                added |= part.flush(rules, true);
                *known = part.waiting();
            }
        }
        added
    }

    /// The next bytes; empty where there are none yet, `None` at an end for ever.
    fn piece(&mut self, remarks: &mut Vec<String>) -> Option<Vec<u8>> {
        match &mut self.origin {
            Origin::Ended => Some(Vec::new()),
            Origin::Stream(receiver) => match receiver.try_recv() {
                Ok(Ok(piece)) => Some(piece),
                Ok(Err(e)) => {
                    remarks.push(format!("{}: {e}", self.path));
                    None
                }
                Err(TryRecvError::Empty) => Some(Vec::new()),
                Err(TryRecvError::Disconnected) => None,
            },
            Origin::File { file, at, .. } => {
                let length = file.metadata().map_or(*at, |meta| meta.len());
                if length < *at || length > *at && !begins_with(file, &self.head) {
                    // Cut: what is there now was written after.
                    remarks.push(format!("{}: was cut after {at} bytes; it is read from its beginning", self.path));
                    *at = 0;
                    self.head.clear();
                    self.pending.clear();
                }
                if self.head.len() < HEAD && length > self.head.len() as u64 {
                    self.head.resize(HEAD, 0);
                    let read = ReadAt::read_at(&*file, 0, &mut self.head).unwrap_or(0);
                    self.head.truncate(read);
                }
                let wanted = usize::try_from(length - *at).unwrap_or(PIECE).min(PIECE);
                let mut piece = vec![0; wanted];
                let read = if wanted == 0 { 0 } else { ReadAt::read_at(&*file, *at, &mut piece).unwrap_or(0) };
                piece.truncate(read);
                *at += read as u64;
                Some(piece)
            }
        }
    }

    /// Hands whole records to the digest; all that is there where `whole` is set.
    fn flush(&mut self, rules: &'o Rules, onlooker: Option<&'o dyn Onlooker>, whole: bool) -> bool {
        let lines_end = memchr::memrchr(b'\n', &self.pending).map_or(0, |at| at + 1);
        if lines_end == 0 && !(whole && matches!(self.origin, Origin::Ended)) && self.pending.len() < MAX_PENDING {
            return false;
        }
        let path = &self.path;
        let pending = &self.pending;
        // The first line alone does not tell whether others write here too.
        if self.sniffed.is_none() && path == "-" && !whole && memchr::memchr_iter(b'\n', pending).take(FIRST_LINES).count() < FIRST_LINES {
            return false;
        }
        let mixed = &mut self.mixed;
        let sniffed = *self.sniffed.get_or_insert_with(|| {
            let mut sniffed = sniff::sniff(&pending[..pending.len().min(SNIFF)], path, true);
            if let Content::Prefixed(kind) = sniffed.content {
                *mixed = Some((Splitter::new(kind, rules, onlooker, path, &Place::default()).following(), Vec::new()));
            }
            if !matches!(sniffed.content, Content::Log | Content::Gc | Content::Launcher) {
                sniffed.content = Content::Log;
            }
            if sniffed.mode.gc == GcLines::No && path == "-" {
                sniffed.mode.gc = GcLines::Mixed;
            }
            sniffed
        });
        let mut take = if matches!(self.origin, Origin::Ended) { self.pending.len() } else { lines_end };
        if let Some((splitter, _)) = &mut self.mixed {
            // What waits for its next record waits in its own part.
            take = if take == 0 { self.pending.len() } else { take };
            let rest = self.pending.split_off(take);
            let lines = std::mem::replace(&mut self.pending, rest);
            lines.strip_suffix(b"\n").unwrap_or(&lines).split(|byte| *byte == b'\n').for_each(|line| splitter.line(line));
            return false;
        }
        if !whole {
            // Up to the last record that begins here.
            let mut end = lines_end;
            take = loop {
                let Some(newline) = memchr::memrchr(b'\n', &self.pending[..end.saturating_sub(1)]) else { break 0 };
                if record::may_cut(&self.pending, newline + 1, sniffed.mode) {
                    break newline + 1;
                }
                end = newline + 1;
            };
        }
        if take == 0 && self.pending.len() >= MAX_PENDING {
            take = self.pending.len();
        }
        if take == 0 {
            return false;
        }
        let rest = self.pending.split_off(take);
        let data = std::mem::replace(&mut self.pending, rest);
        for chunk in SliceChunks::new(&data, usize::MAX, sniffed.mode) {
            let result = record::scan(chunk.bytes(), sniffed.mode, rules);
            self.fold.absorb(chunk.bytes(), result);
            let (bytes, lines) = chunk.passed();
            if bytes > 0 {
                self.fold.pass_over(bytes, lines);
            }
        }
        true
    }

    /// What was read so far: one source, or one per container of a mixed stream.
    fn sources(&self) -> Vec<ScannedSource> {
        let source = |named: Place, (sniffed, digest): (Sniffed, SourceDigest)| ScannedSource {
            path: self.path.clone(),
            named,
            sniffed,
            codec: "none".to_owned(),
            complete: true,
            problems: Vec::new(),
            digest,
            facts: Vec::new(),
            events: Vec::new(),
        };
        match (&self.mixed, self.sniffed) {
            (Some((splitter, _)), _) => {
                splitter.parts.iter().map(|part| source(Place { container: part.key.clone(), ..Place::default() }, part.so_far())).collect()
            }
            (None, Some(sniffed)) => vec![source(Place::default(), (sniffed, self.fold.so_far()))],
            (None, None) => Vec::new(),
        }
    }

    /// The events since the last call, by index of [`Live::sources`].
    fn take(&mut self) -> Vec<Vec<Event>> {
        match &mut self.mixed {
            Some((splitter, _)) => splitter.parts.iter_mut().map(|part| part.take()).collect(),
            None if self.sniffed.is_some() => vec![self.fold.take()],
            None => Vec::new(),
        }
    }
}

/// Does a file begin so?
fn begins_with(file: &File, head: &[u8]) -> bool {
    let mut found = [0; HEAD];
    let found = &mut found[..head.len().min(HEAD)];
    ReadAt::read_at(file, 0, found).is_ok_and(|read| found[..read] == *head)
}

/// Reads standard input in a thread of its own: a pipe cannot be asked whether it has something.
fn standard_input() -> Receiver<io::Result<Vec<u8>>> {
    let (sender, receiver) = mpsc::sync_channel(16);
    std::thread::spawn(move || {
        let mut input = io::stdin().lock();
        let mut buffer = vec![0; PIECE / 16];
        loop {
            let message = match input.read(&mut buffer) {
                Ok(0) => return,
                Ok(n) => Ok(buffer[..n].to_vec()),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => continue,
                Err(e) => Err(e),
            };
            let last = message.is_err();
            if sender.send(message).is_err() || last {
                return;
            }
        }
    });
    receiver
}

#[cfg(test)]
mod tests;
