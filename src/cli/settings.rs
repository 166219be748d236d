//! From what was typed to what is used: configuration files read, patterns loaded, threads started. Nothing deeper sees the command line.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::{ReadArgs, Severity, TimeArgs};
use crate::config::{self, Loaded};
use crate::error::{Error, Result};
use crate::patterns::Packs;
use crate::report;
use crate::rules::Rules;
use crate::suggest;
use crate::when::{When, Zone};

/// Bytes per chunk: larger ones are no quicker and take more memory, most of all where several streams are decompressed.
const CHUNK: usize = 512 << 10;

/// Everything that reading and judging needs.
pub struct Settings {
    pub rules: Rules,
    pub thresholds: crate::thresholds::Thresholds,
    pub muted: Vec<String>,
    pub zone: Option<Zone>,
    pub since: Option<When>,
    pub until: Option<When>,
    pub job: Option<String>,
    pub fail_on: Option<Severity>,
    pub chunk_size: usize,
    pub mmap: bool,
    pub progress: bool,
    pub voice: Voice,
}

/// How much is said on standard error.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Voice {
    Quiet,
    Warnings,
    Verbose,
}

impl Settings {
    /// Settles what was typed. `start`: where the search for `flinklog.toml` begins.
    pub fn new(read: &ReadArgs, time: &TimeArgs, fail_on: Option<Severity>, start: Option<&Path>) -> Result<Settings> {
        let voice = match (read.quiet, read.verbose) {
            (true, _) => Voice::Quiet,
            (_, 0) => Voice::Warnings,
            _ => Voice::Verbose,
        };
        let Loaded { config, files } = config::load(read.config.as_deref(), start.unwrap_or(Path::new(".")))?;
        if voice == Voice::Verbose {
            files.iter().for_each(|file| eprintln!("flinklog: settings of {}", file.display()));
        }
        if let Some(threads) = read.threads {
            // A second call in one process (tests) keeps the first pool: any number of threads gives the same report.
            let _ = rayon::ThreadPoolBuilder::new().num_threads(usize::from(threads)).build_global();
        }
        let packs = packs(&read.patterns, &config.patterns)?;
        let known = || packs.iter().map(|pattern| pattern.id).chain(packs.advice().iter().map(|advice| advice.id));
        for slug in config.mute.iter().filter(|slug| !known().any(|id| id == slug.as_str())) {
            let near = suggest::nearest(slug, known());
            if voice > Voice::Quiet && near.is_some() {
                eprintln!("flinklog: warning: muted is `{slug}`, which no pattern has{}", suggest::hint(near));
            }
        }
        // A muted name mutes what is reported under it.
        let mut muted = config.mute;
        let variants = packs.iter().filter(|pattern| pattern.reported_as.is_some_and(|wider| muted.iter().any(|slug| slug == wider)));
        let variants: Vec<String> = variants.map(|pattern| pattern.id.to_owned()).collect();
        muted.extend(variants);
        // Both were checked when the file was read.
        let of_file = config.fail_on.as_deref().map(Severity::of);
        let zone = read.tz.or_else(|| config.tz.as_deref()?.parse().ok());
        Ok(Settings {
            rules: Rules::with_packages(packs, &config.own_packages),
            thresholds: config.thresholds,
            muted,
            zone,
            since: time.since,
            until: time.until,
            job: time.job.clone(),
            fail_on: fail_on.or(of_file),
            chunk_size: read.chunk_size.map_or(CHUNK, |bytes| bytes as usize),
            mmap: !read.no_mmap,
            progress: !read.no_progress && voice > Voice::Quiet,
            voice,
        })
    }

    /// Was a part of the logs asked for?
    pub fn narrows(&self) -> bool {
        self.job.is_some() || self.since.is_some() || self.until.is_some()
    }

    /// Says something that the user should know.
    pub fn warn(&self, text: impl std::fmt::Display) {
        if self.voice > Voice::Quiet {
            eprintln!("flinklog: warning: {text}");
        }
    }

    /// Says something for those who asked for more.
    pub fn tell(&self, text: impl std::fmt::Display) {
        if self.voice == Voice::Verbose {
            eprintln!("flinklog: {text}");
        }
    }
}

/// The built-in packs, and those of the given folders: `--patterns` before `flinklog.toml`.
pub fn packs(given: &[PathBuf], configured: &[PathBuf]) -> Result<Arc<Packs>> {
    let folders: Vec<&PathBuf> = given.iter().chain(configured).collect();
    if folders.is_empty() {
        return Ok(Packs::shipped().clone());
    }
    Packs::with_users(&folders).map(Arc::new).map_err(|errors| {
        let lines: Vec<String> = errors.iter().map(|e| e.to_string()).collect();
        Error::Patterns(lines.join("\n"))
    })
}

/// How a report is shown on this terminal.
pub fn look(color: super::args::Color, to_terminal: bool) -> report::Options {
    let terminal = super::terminal::Terminal::look(color, to_terminal);
    report::Options {
        width: terminal.width,
        color: terminal.color,
        unicode: terminal.unicode,
        hyperlinks: terminal.hyperlinks,
        base: std::env::current_dir().ok(),
        ..report::Options::default()
    }
}
