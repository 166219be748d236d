//! The scan: files or a stream in, one digest per source out.
//!
//! Sources are read side by side; a large one is cut into chunks that are framed in parallel and folded in file order while the next ones are framed. Memory
//! holds a few chunks per thread, whatever the input's size.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;
use std::sync::Mutex;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use crate::delivery::{self, SectionHead, Sections};
use crate::digest::SourceDigest;
use crate::fold::{Event, Fold, Onlooker};
use crate::input::archive::{self, Member};
use crate::input::chunk::{Chunk, SliceChunks, StreamChunks};
use crate::input::decode::Codec;
use crate::input::discover::{FileToRead, Found};
use crate::input::map::Map;
use crate::input::open::{self, Opened, Peeked};
use crate::input::rotation;
use crate::input::sniff::{self, Content, SNIFF, Sniffed};
use crate::layout::Level;
use crate::pipeline;
use crate::record::{self, ChunkResult, Mode};
use crate::rules::Rules;

/// How deep a compressed or packed file may hold others.
const MAX_NESTING: usize = 4;

/// Settings of a scan.
pub struct Options<'a> {
    pub rules: &'a Rules,
    /// Bytes per chunk; any value gives the same result.
    pub chunk_size: usize,
    pub mmap: bool,
    /// Keeps every job, however many there are, instead of folding those of the middle.
    pub all_jobs: bool,
    pub progress: &'a (dyn Fn(u64) + Sync),
    /// Who sees every chunk and all that was found in it; `None` costs nothing.
    pub onlooker: Option<&'a dyn Onlooker>,
}

/// A source and what it says.
#[derive(Debug, Clone)]
pub struct ScannedSource {
    pub path: String,
    pub named: Place,
    pub sniffed: Sniffed,
    pub codec: String,
    pub complete: bool,
    pub problems: Vec<Problem>,
    pub digest: SourceDigest,
    /// Facts of `kubectl` reports.
    pub facts: Vec<delivery::k8s::K8sFact>,
    /// Single events, where an onlooker keeps them.
    pub events: Vec<Event>,
}

/// What a delivery says of a source.
#[derive(Debug, Clone, Default)]
pub struct Place {
    pub container: Option<String>,
    pub node: Option<String>,
    pub log_type: Option<String>,
    pub stream_line: Option<u64>,
    pub stream_byte: Option<u64>,
    pub running: bool,
}

/// Something that went wrong with a source; the scan went on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub line: Option<u64>,
    pub code: &'static str,
    pub message: String,
}

/// Everything that was read.
#[derive(Debug, Default)]
pub struct Scanned {
    pub sources: Vec<ScannedSource>,
    /// Path and problem of what could not be read at all.
    pub unreadable: Vec<(String, Problem)>,
    /// Remarks about a delivery as a whole.
    pub notices: Vec<(String, Problem)>,
    /// Files that hold no log.
    pub skipped: Vec<String>,
}

impl Scanned {
    /// Adds what another scan gave.
    pub fn join(&mut self, other: Scanned) {
        self.sources.extend(other.sources);
        self.unreadable.extend(other.unreadable);
        self.notices.extend(other.notices);
        self.skipped.extend(other.skipped);
    }
}

/// Reads all files of `found`.
pub fn files(found: &Found, options: &Options) -> Scanned {
    let mut files_of: FxHashMap<String, usize> = FxHashMap::default();
    for file in &found.files {
        *files_of.entry(appender_of(&file.path)).or_default() += 1;
    }
    let one_file = |file: &FileToRead| one_file(file, files_of.get(&appender_of(&file.path)).copied().unwrap_or(1), options);
    let parts: Vec<Scanned> = found.files.par_iter().with_max_len(1).map(one_file).collect();
    let mut all = Scanned::default();
    for part in parts {
        all.join(part);
    }
    for missing in &found.missing {
        all.unreadable.push((missing.path.clone(), Problem { line: None, code: "not-found", message: missing.why.clone() }));
    }
    all
}

/// Reads a stream whose length is not known: standard input.
pub fn stream(name: &str, input: impl Read + Send, options: &Options) -> Scanned {
    let mut scan = Scan::new(options, name.to_owned(), true);
    let counted = Progressing { inner: input, progress: options.progress };
    scan.reader(Box::new(counted), Place::default(), "none", 0);
    scan.out
}

/// What the files of one rotation set have in common.
fn appender_of(path: &Path) -> String {
    rotation::stem(&path.display().to_string()).0.to_owned()
}

/// Reads one of `files` that one appender wrote.
fn one_file(file: &FileToRead, files: usize, options: &Options) -> Scanned {
    let path = file.path.display().to_string();
    let mut scan = Scan { files, ..Scan::new(options, path.clone(), file.named) };
    if !file.named && delivery::is_side_file(file.path.file_name().and_then(|n| n.to_str()).unwrap_or("")) {
        scan.out.skipped.push(path);
        return scan.out;
    }
    match open::open(&file.path, options.mmap) {
        Ok(opened) => scan.opened(&file.path, opened),
        Err(e) => scan.out.unreadable.push((path, Problem { line: None, code: "unreadable", message: e.to_string() })),
    }
    scan.out
}

struct Scan<'a> {
    options: &'a Options<'a>,
    path: String,
    named: bool,
    /// Files that its appender wrote, as far as is known before they are read.
    files: usize,
    /// The same of each appender's logs in a delivery, as they come: those that come last, mostly the oldest, share with the most.
    met: FxHashMap<(Option<String>, String), usize>,
    out: Scanned,
}

impl<'a> Scan<'a> {
    fn new(options: &'a Options<'a>, path: String, named: bool) -> Self {
        Scan { options, path, named, files: 1, met: FxHashMap::default(), out: Scanned::default() }
    }

    fn opened(&mut self, path: &Path, opened: Opened) {
        match opened {
            Opened::Map(map, file) => {
                let head = &map[..map.len().min(SNIFF)];
                if self.random_access(path, &file, head) {
                    return;
                }
                let codec = Codec::sniff(head);
                if codec == Codec::None && !archive::looks_like_tar(head) {
                    let sniffed = sniff::sniff(head, &self.path, self.named);
                    if matches!(sniffed.content, Content::Log | Content::Gc | Content::Launcher) {
                        return self.mapped(&map, &file, sniffed);
                    }
                }
                let reader = Progressing { inner: Cursor::new(&map[..]), progress: self.options.progress };
                self.reader(Box::new(reader), Place::default(), "none", 0);
                self.after_map(&map, &file);
            }
            Opened::Positional(reader) => {
                let head = reader.head(SNIFF);
                let file = match reader.try_clone_file() {
                    Ok(file) => file,
                    Err(e) => return self.out.unreadable.push((self.path.clone(), Problem { line: None, code: "unreadable", message: e.to_string() })),
                };
                if self.random_access(path, &file, &head) {
                    return;
                }
                let reader = Progressing { inner: reader, progress: self.options.progress };
                self.reader(Box::new(reader), Place::default(), "none", 0);
            }
            Opened::Stream(file) => self.reader(Box::new(Progressing { inner: file, progress: self.options.progress }), Place::default(), "none", 0),
        }
    }

    /// Formats that need random access: aggregated YARN files and zip archives.
    fn random_access(&mut self, path: &Path, file: &File, head: &[u8]) -> bool {
        let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        match archive::open(path, file, head, &name) {
            Some(Ok((mut sections, codec))) => {
                self.sections(&mut *sections, codec, 0);
                true
            }
            Some(Err(e)) => {
                self.out.unreadable.push((self.path.clone(), Problem { line: None, code: "unreadable", message: e.to_string() }));
                true
            }
            None => false,
        }
    }

    fn mapped(&mut self, map: &Map, file: &File, sniffed: Sniffed) {
        let mut digest = self.fold(&Place::default());
        let mut chunks = SliceChunks::new(map, self.options.chunk_size, sniffed.mode);
        let mut problems = Vec::new();
        self.chunks(sniffed.mode, &mut digest, &mut || chunks.next(), true);
        let mut complete = true;
        if let Some(problem) = changed(map, file) {
            complete = problem.code != "shrunk";
            problems.push(problem);
        }
        self.push(sniffed, "none", Place::default(), digest.finish(), complete, problems);
    }

    fn after_map(&mut self, map: &Map, file: &File) {
        if let Some(problem) = changed(map, file) {
            self.out.notices.push((self.path.clone(), problem));
        }
    }

    /// Frames chunks in parallel and folds them in order.
    fn chunks<'m>(&self, mode: Mode, digest: &mut Fold, next: &mut (dyn FnMut() -> Option<Chunk<'m>> + Send), mapped: bool) {
        let (rules, progress) = (self.options.rules, self.options.progress);
        let mut fetch = || {
            let chunk = next()?;
            if mapped {
                progress(chunk.bytes().len() as u64);
            }
            Some(chunk)
        };
        let spare: Mutex<Vec<ChunkResult>> = Mutex::default();
        let frame = |chunk: Chunk<'m>| {
            let room = spare.lock().ok().and_then(|mut spare| spare.pop()).unwrap_or_default();
            let result = record::scan_into(room, chunk.bytes(), mode, rules);
            (chunk, result)
        };
        let mut fold = |(chunk, result): (Chunk<'m>, ChunkResult)| {
            let room = digest.absorb(chunk.bytes(), result);
            if let Ok(mut spare) = spare.lock() {
                spare.push(room);
            }
            let (bytes, lines) = chunk.passed();
            if bytes > 0 {
                digest.pass_over(bytes, lines);
            }
        };
        pipeline::run(&mut fetch, &frame, &mut fold);
    }

    /// Reads a stream of unknown content.
    fn reader(&mut self, input: Box<dyn Read + Send + '_>, place: Place, codec: &str, depth: usize) {
        let mut input = match Peeked::new(input, SNIFF) {
            Ok(input) => input,
            Err((input, e)) => {
                if input.head().is_empty() {
                    let problem = Problem { line: None, code: "unreadable", message: e.to_string() };
                    return self.out.unreadable.push((self.shown(&place), problem));
                }
                input.failing(e)
            }
        };
        let inner = Codec::sniff(input.head());
        if inner != Codec::None {
            if depth >= MAX_NESTING {
                let problem = Problem { line: None, code: "nested-too-deep", message: format!("more than {MAX_NESTING} layers of compression") };
                return self.out.unreadable.push((self.shown(&place), problem));
            }
            let name = if codec == "none" { inner.name().to_owned() } else { format!("{codec}+{}", inner.name()) };
            return match inner.reader(input) {
                Ok(decoded) => self.reader(decoded, place, &name, depth + 1),
                Err(e) => self.out.unreadable.push((self.shown(&place), Problem { line: None, code: "unreadable", message: e.to_string() })),
            };
        }
        if depth < MAX_NESTING && archive::looks_like_tar(input.head()) {
            let mut tar = delivery::Tar::new(input, delivery::Limits::default());
            let name = if codec == "none" { "tar".to_owned() } else { format!("tar+{codec}") };
            return self.sections(&mut tar, &name, depth + 1);
        }
        if depth < MAX_NESTING && archive::needs_random_access(input.head()) {
            return self.spooled(&mut input, codec, depth);
        }
        let name = place.log_type.clone().unwrap_or_else(|| self.path.clone());
        let sniffed = sniff::sniff(input.head(), &name, self.named && depth == 0 || place.log_type.is_some());
        match sniffed.content {
            Content::NoLog => {
                let shown = self.shown(&place);
                self.out.skipped.push(shown);
                // A pipe must be drained, or its writer dies of SIGPIPE.
                let _ = io::copy(&mut input, &mut io::sink());
            }
            Content::Yarn if depth < MAX_NESTING => {
                let mut sections = delivery::YarnText::new(io::BufReader::with_capacity(1 << 18, input));
                self.sections(&mut sections, codec, depth + 1);
            }
            Content::Prefixed(kind) => self.prefixed(&mut input, kind, &place, codec),
            _ => self.plain(input, sniffed, place, codec),
        }
    }

    fn plain(&mut self, input: Peeked<'_>, sniffed: Sniffed, place: Place, codec: &str) {
        if let Content::Kubernetes(kind) = sniffed.content {
            return self.kubernetes(input, kind, sniffed, place, codec);
        }
        let mut digest = self.fold(&place);
        let mut problems = Vec::new();
        let size = self.options.chunk_size.min(1 << 20);
        let mut chunks = StreamChunks::new(input, size, sniffed.mode);
        let mut failed = None;
        self.chunks(
            sniffed.mode,
            &mut digest,
            &mut || {
                let (chunk, problem) = chunks.next_chunk();
                failed = failed.take().or(problem);
                chunk
            },
            false,
        );
        let complete = failed.is_none();
        if let Some(e) = failed {
            problems.push(Problem { line: None, code: "truncated", message: e.to_string() });
        }
        self.push(sniffed, codec, place, digest.finish(), complete, problems);
    }

    fn kubernetes(&mut self, mut input: Peeked<'_>, kind: delivery::k8s::K8sKind, sniffed: Sniffed, place: Place, codec: &str) {
        // Reports of kubectl are small; what is longer is cut.
        let mut text = Vec::new();
        let outcome = input.by_ref().take(64 << 20).read_to_end(&mut text);
        let facts = delivery::k8s::read_k8s(kind, &text);
        let mut digest = self.fold(&place);
        let lines = memchr::memchr_iter(b'\n', &text).count() as u64 + u64::from(text.last().is_some_and(|b| *b != b'\n'));
        let mut found = facts_as_records(&text, &facts, self.options.rules);
        found.extend(status_errors(&text, self.options.rules));
        found.sort_by_key(|found| found.span.line);
        digest.absorb(
            &text,
            record::ChunkResult {
                lines,
                records: facts.len() as u64,
                first: found.iter().find_map(|f| f.stamp),
                last: found.iter().rev().find_map(|f| f.stamp),
                found,
                ..Default::default()
            },
        );
        let problems = outcome.err().map(|e| Problem { line: None, code: "truncated", message: e.to_string() });
        let complete = problems.is_none();
        self.push(sniffed, codec, place, digest.finish(), complete, problems.into_iter().collect());
        if let Some(source) = self.out.sources.last_mut() {
            source.facts = facts;
        }
    }

    /// Reads the logs of a delivery, one after another.
    fn sections(&mut self, sections: &mut (dyn Sections + Send), codec: &str, depth: usize) {
        loop {
            let head = match sections.next() {
                Ok(Some(head)) => head,
                Ok(None) => break,
                Err(e) => {
                    self.out.notices.push((self.path.clone(), Problem { line: None, code: "truncated", message: e.to_string() }));
                    break;
                }
            };
            let place = place_of(&head);
            let before = self.out.sources.len();
            let skipped_before = self.out.skipped.len();
            {
                let body = Member(&mut *sections);
                self.member(body, &head, place, codec, depth);
            }
            let end = sections.end();
            if let Some(problem) = end.problem {
                let problem = Problem { line: None, code: archive::code_of(problem.kind), message: problem.message };
                match self.out.sources[before..].last_mut() {
                    Some(source) => {
                        source.complete &= end.complete;
                        source.problems.push(problem);
                    }
                    None => self.out.notices.push((self.path.clone(), problem)),
                }
            } else if !end.complete
                && let Some(source) = self.out.sources[before..].last_mut()
            {
                source.complete = false;
            }
            // A log of a container is a source even if it holds nothing.
            if self.out.sources.len() == before && self.out.skipped.len() > skipped_before && head.container.is_some() {
                self.out.skipped.truncate(skipped_before);
                let sniffed = sniff::sniff(b"", "x.out", true);
                let nothing = self.fold(&place_of(&head)).finish();
                self.push(sniffed, codec, place_of(&head), nothing, true, Vec::new());
            }
        }
        for notice in sections.notices() {
            self.out
                .notices
                .push((self.path.clone(), Problem { line: Some(notice.stream_line).filter(|l| *l > 0), code: notice.code.as_str(), message: notice.text }));
        }
    }

    fn member(&mut self, body: Member<'_>, head: &SectionHead, place: Place, codec: &str, depth: usize) {
        let saved = self.path.clone();
        if let Some(member) = &head.path {
            self.path = format!("{saved}!{member}");
        }
        self.reader(Box::new(body), place, codec, depth);
        self.path = saved;
    }

    fn spooled(&mut self, input: &mut dyn Read, codec: &str, depth: usize) {
        let spooled = tempfile::tempfile().and_then(|mut file| {
            io::copy(&mut input.take(open::MAX_SPOOL), &mut file)?;
            Ok(file)
        });
        let outcome = spooled.and_then(|file| {
            let mut head = vec![0; SNIFF];
            let n = delivery::ReadAt::read_at(&file, 0, &mut head)?;
            match archive::open(Path::new(&self.path), &file, &head[..n], &self.path) {
                Some(sections) => {
                    let (mut sections, inner) = sections?;
                    let name = if codec == "none" { inner.to_owned() } else { format!("{codec}+{inner}") };
                    self.sections(&mut *sections, &name, depth + 1);
                    Ok(())
                }
                None => Err(io::Error::other("is no archive after all")),
            }
        });
        if let Err(e) = outcome {
            self.out.unreadable.push((self.path.clone(), Problem { line: None, code: "unreadable", message: e.to_string() }));
        }
    }

    fn prefixed(&mut self, input: &mut dyn Read, kind: delivery::prefix::PrefixKind, place: &Place, codec: &str) {
        let outcome = crate::input::prefixed::split(input, kind, self.options, &self.path, place);
        for mut part in outcome.parts {
            let place = Place { container: place.container.clone().or(part.key.take()), ..place.clone() };
            let (sniffed, folded) = part.finish();
            self.push(sniffed, codec, place, folded, outcome.problem.is_none(), Vec::new());
        }
        if let Some(e) = outcome.problem {
            self.out.notices.push((self.path.clone(), Problem { line: None, code: "truncated", message: e.to_string() }));
        }
    }

    fn fold(&mut self, place: &Place) -> Fold<'a> {
        let look = self.options.onlooker.and_then(|o| o.source(&self.path, place));
        if self.options.all_jobs {
            return Fold::with_all_jobs(look);
        }
        let name = rotation::stem(place.log_type.as_deref().unwrap_or(&self.path)).0.to_owned();
        let met = self.met.entry((place.container.clone(), name)).or_default();
        *met += 1;
        Fold::one_of(self.files.max(*met), look)
    }

    fn push(&mut self, sniffed: Sniffed, codec: &str, named: Place, (digest, events): (SourceDigest, Vec<Event>), complete: bool, problems: Vec<Problem>) {
        let source = ScannedSource { path: self.path.clone(), named, sniffed, codec: codec.to_owned(), complete, problems, digest, facts: Vec::new(), events };
        self.out.sources.push(source);
    }

    fn shown(&self, place: &Place) -> String {
        match (&place.container, &place.log_type) {
            (Some(container), Some(log)) => format!("{}!{container}/{log}", self.path),
            _ => self.path.clone(),
        }
    }
}

/// Ends of pods and what patterns know among the facts of a `kubectl` report, as records of its lines.
fn facts_as_records(text: &[u8], facts: &[delivery::k8s::K8sFact], rules: &Rules) -> Vec<record::Found> {
    use crate::event::Kind;
    use crate::layout::time;
    let starts: Vec<usize> = std::iter::once(0).chain(memchr::memchr_iter(b'\n', text).map(|n| n + 1)).collect();
    let mut out = Vec::new();
    for fact in facts {
        let Some(start) = usize::try_from(fact.line).ok().and_then(|l| starts.get(l.checked_sub(1)?)).copied() else { continue };
        let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |n| start + n);
        let reason = fact.reason.as_deref().unwrap_or("");
        let said = format!(
            "{} reason={reason} exitCode={} {}",
            fact.object.as_deref().unwrap_or(""),
            fact.exit_code.map_or_else(String::new, |c| c.to_string()),
            fact.message.as_deref().unwrap_or("")
        );
        let ended = matches!(reason, "OOMKilled" | "Evicted" | "Error" | "ContainerCannotRun" | "Preempted" | "Preempting" | "OOMKilling")
            || fact.exit_code.is_some_and(|c| c != 0);
        let kind = fact.object.as_deref().filter(|_| ended).map(|object| Kind::PlatformEnd {
            id: object.into(),
            exit_code: fact.exit_code,
            text: said.as_str().into(),
        });
        let matter = rules.look_at_text(said.as_bytes(), false, None).or_else(|| rules.look_at_text(&text[start..end], false, None));
        let at = fact.finished.as_ref().or(fact.last.as_ref()).or(fact.first.as_ref()).and_then(|t| t.millis);
        let stamp = at.map(|ms| time::Stamp { ms, offset_minutes: Some(0), date: time::Date::Full });
        if kind.is_some() || matter.is_some() {
            let span = record::Span { line: fact.line - 1, lines: 1, byte: start, bytes: end - start };
            out.push(record::Found { span, stamp, level: Level::Unknown, logger: record::Logger::At(0..0), kind, matter });
        }
    }
    out
}

/// What the Flink operator writes into a resource's status, `throwableList` and all.
fn status_errors(text: &[u8], rules: &Rules) -> Vec<record::Found> {
    let mut out = Vec::new();
    let mut start = 0;
    for (number, line) in text.split(|b| *b == b'\n').enumerate() {
        let byte = start;
        start += line.len() + 1;
        if memchr::memmem::find(line, b"throwableList").is_none() {
            continue;
        }
        if let Some(matter) = rules.look_at_quoted(line, None) {
            let span = record::Span { line: number as u64, lines: 1, byte, bytes: line.len() };
            out.push(record::Found { span, stamp: None, level: Level::Unknown, logger: record::Logger::At(0..0), kind: None, matter: Some(matter) });
        }
    }
    out
}

fn place_of(head: &SectionHead) -> Place {
    Place {
        container: head.container.clone(),
        node: head.node.clone(),
        log_type: head.log_type.as_deref().map(undo_double_encoding),
        stream_line: Some(head.stream_line).filter(|line| *line > 0),
        stream_byte: Some(head.stream_byte),
        running: head.running,
    }
}

/// A name that an editor or terminal took for Latin-1 and encoded once more.
fn undo_double_encoding(name: &str) -> String {
    let bytes: Option<Vec<u8>> = name.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect();
    let ascii = name.is_ascii();
    bytes.filter(|_| !ascii).and_then(|bytes| String::from_utf8(bytes).ok()).unwrap_or_else(|| name.to_owned())
}

/// Did the file change while it was read?
fn changed(map: &Map, file: &File) -> Option<Problem> {
    let now = file.metadata().map(|m| m.len()).unwrap_or(0);
    let length = map.len() as u64;
    if map.lost_pages() || now < length {
        return Some(Problem { line: None, code: "shrunk", message: format!("the file was cut from {length} to {now} bytes while it was read") });
    }
    (now > length).then(|| Problem {
        line: None,
        code: "grew",
        message: format!("the file grew from {length} to {now} bytes while it was read; what was added is not in the report"),
    })
}

struct Progressing<'p, R> {
    inner: R,
    progress: &'p (dyn Fn(u64) + Sync),
}

impl<R: Read> Read for Progressing<'_, R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buf)?;
        (self.progress)(n as u64);
        Ok(n)
    }
}
