//! What the caller may choose: the format, and how a report for people looks.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

/// The part of the report that is asked for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Chapter {
    /// All chapters, each shortened to what matters.
    #[default]
    Full,
    /// Every row of the time line.
    Timeline,
    /// Every exception group with its trace.
    Exceptions,
    /// Every figure and failure of the checkpoints.
    Checkpoints,
    /// Every figure of the garbage collection logs.
    Gc,
}

/// How a report is shown.
#[derive(Debug, Clone)]
pub struct Options {
    /// Columns of the terminal; below [`Options::MIN_WIDTH`] that is taken.
    pub width: usize,
    /// ANSI colours.
    pub color: bool,
    /// Block and box characters; without them ASCII.
    pub unicode: bool,
    /// OSC 8 links on `file:line`.
    pub hyperlinks: bool,
    /// Benign and unclassified lines too.
    pub all: bool,
    pub chapter: Chapter,
    /// Only this attempt of each job.
    pub attempt: Option<i64>,
    /// Only the jobs of this name or of an id that begins so.
    pub job: Option<String>,
    /// Folder that relative paths of hyperlinks start from.
    pub base: Option<PathBuf>,
    /// Upper bound of a markdown report in bytes.
    pub max_bytes: usize,
}

impl Options {
    /// Narrower pages are laid out as if they had this many columns.
    pub const MIN_WIDTH: usize = 40;
    /// What GitHub takes for one step summary (1 MiB), less a reserve for what the caller puts around it.
    pub const STEP_SUMMARY_BYTES: usize = 1024 * 1024 - 1024;
}

impl Default for Options {
    fn default() -> Self {
        Options {
            width: 80,
            color: false,
            unicode: true,
            hyperlinks: false,
            all: false,
            chapter: Chapter::Full,
            attempt: None,
            job: None,
            base: None,
            max_bytes: Self::STEP_SUMMARY_BYTES,
        }
    }
}

/// An output format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Format {
    Text,
    Json,
    Ndjson,
    Markdown,
    Html,
    Junit,
    Sarif,
    Github,
    Gitlab,
    Trace,
    Prometheus,
    /// The table of the chapter: checkpoints, else attempts.
    Csv,
    CsvAttempts,
    CsvCheckpoints,
}

impl Format {
    /// All formats, in the order in which help lists them.
    pub const ALL: [Format; 14] = [
        Format::Text,
        Format::Json,
        Format::Ndjson,
        Format::Markdown,
        Format::Html,
        Format::Junit,
        Format::Sarif,
        Format::Github,
        Format::Gitlab,
        Format::Trace,
        Format::Prometheus,
        Format::Csv,
        Format::CsvAttempts,
        Format::CsvCheckpoints,
    ];

    /// Name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Format::Text => "text",
            Format::Json => "json",
            Format::Ndjson => "ndjson",
            Format::Markdown => "markdown",
            Format::Html => "html",
            Format::Junit => "junit",
            Format::Sarif => "sarif",
            Format::Github => "github",
            Format::Gitlab => "gitlab",
            Format::Trace => "trace",
            Format::Prometheus => "prometheus",
            Format::Csv => "csv",
            Format::CsvAttempts => "csv-attempts",
            Format::CsvCheckpoints => "csv-checkpoints",
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A format name that does not exist.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownFormat(pub String);

impl fmt::Display for UnknownFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names: Vec<&str> = Format::ALL.iter().map(|format| format.name()).collect();
        write!(f, "unknown format `{}`; known are {}", self.0, names.join(", "))
    }
}

impl std::error::Error for UnknownFormat {}

impl FromStr for Format {
    type Err = UnknownFormat;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        match name {
            "md" => Ok(Format::Markdown),
            _ => Format::ALL.into_iter().find(|format| format.name() == name).ok_or_else(|| UnknownFormat(name.to_owned())),
        }
    }
}
