//! The types of the pattern packs, as `patterns/*.toml` state them.
//!
//! In: nothing. Out: plain data with public fields. Nothing here reads files or matches. `T` is a text: owned where TOML is read, else borrowed from the
//! compact form of the packs ([`super::compact`]). `build.rs` includes this file.

use serde::{Deserialize, Serialize};

/// What a match says about the failure: taxonomy roles root, symptom, both, wrapper, and benign noise.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Nature {
    /// It can be the root of a chain.
    Cause,
    /// An effect by nature; something else made it happen.
    Symptom,
    /// A root unless evidence shows what made it happen.
    Either,
    /// Only carries another exception; never the root.
    Wrapper,
    /// Looks like a failure and is none.
    Benign,
    /// Shows that trouble is over; never a finding.
    Recovery,
}

/// Who has to act.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    UserCode,
    Dependency,
    Configuration,
    Connector,
    External,
    Platform,
    Data,
    Flink,
    Unknown,
}

impl Owner {
    /// The word of the report's closed set.
    pub fn as_str(self) -> &'static str {
        match self {
            Owner::UserCode => "user-code",
            Owner::Dependency => "dependency",
            Owner::Configuration => "configuration",
            Owner::Connector => "connector",
            Owner::External => "external",
            Owner::Platform => "platform",
            Owner::Data => "data",
            Owner::Flink => "flink",
            Owner::Unknown => "unknown",
        }
    }
}

/// Weight of a finding. Orders from the lightest to the heaviest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    Info,
    Warning,
    Error,
    Critical,
}

impl Severity {
    /// The word of the report's closed set.
    pub fn as_str(self) -> &'static str {
        match self {
            Severity::Info => "info",
            Severity::Warning => "warning",
            Severity::Error => "error",
            Severity::Critical => "critical",
        }
    }
}

/// Whether restarting the job as it is can get rid of the fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RestartHelps {
    Yes,
    No,
    Maybe,
}

impl RestartHelps {
    /// The word of the report's closed set.
    pub fn as_str(self) -> &'static str {
        match self {
            RestartHelps::Yes => "yes",
            RestartHelps::No => "no",
            RestartHelps::Maybe => "maybe",
        }
    }
}

/// The kinds of text that a pattern can be held against.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum On {
    /// One link of a stack trace's cause chain.
    Exception,
    /// The head message of a log record.
    Record,
    /// A line of `.out`/`.err`, of YARN or Kubernetes diagnostics, `hs_err`, events.
    Text,
}

/// Level of a log record; orders from the least to the most severe. `Unknown` hides nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Level {
    Trace,
    Debug,
    Info,
    Warn,
    Error,
    Fatal,
    Unknown,
}

/// One known kind of line or exception.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pattern<T = &'static str> {
    /// Stable slug, never reused.
    pub id: T,
    /// One plain clause.
    pub title: T,
    pub nature: Nature,
    pub owner: Owner,
    pub severity: Severity,
    pub restart_helps: RestartHelps,
    /// Among patterns that fit the same subject the highest wins; 50 = ordinary, 80 = narrower, 20 = fall-back.
    pub rank: i32,
    /// What it means and why it happens.
    pub cause: T,
    /// Concrete actions, Flink keys in backticks.
    pub remedy: Vec<T>,
    /// Flink versions, as written.
    pub versions: Option<T>,
    pub docs: Option<T>,
    /// The class that writes the line.
    pub written_by: Option<T>,
    /// No line of its own: the correlator infers it.
    pub inferred: bool,
    /// Causes that, further down the same trace, only repeat what this one's message names.
    pub covers: Vec<T>,
    /// The wider pattern under whose slug a report names it; its own is then the finding's variant.
    pub reported_as: Option<T>,
    /// Recoveries after which it is over, in the log that told of it.
    pub over_with: Vec<T>,
    /// Alternatives; one is enough.
    pub matches: Vec<Match<T>>,
    pub samples: Vec<Sample<T>>,
    pub near_misses: Vec<Sample<T>>,
    /// File stem of the pack that holds it.
    #[serde(skip)]
    pub pack: T,
    /// File and 1-based line of its definition.
    #[serde(skip)]
    pub file: T,
    pub line: usize,
    /// False for a pattern of the user's own folder.
    #[serde(skip)]
    pub shipped: bool,
}

/// One alternative of a pattern: all of its conditions must hold.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Match<T = &'static str> {
    pub on: Box<[On]>,
    /// Literals, at least one of which occurs.
    #[serde(default)]
    pub any: Box<[T]>,
    /// Literals that all occur.
    #[serde(default)]
    pub all: Box<[T]>,
    /// Literals none of which occurs.
    #[serde(default)]
    pub none: Box<[T]>,
    /// Bytes regex, tried last.
    #[serde(default)]
    pub regex: Option<T>,
    /// A literal that stands between two equal words (`class ` before the second aside); a regex cannot say so.
    #[serde(default)]
    pub between_equals: Option<T>,
    /// Exception only: simple class name, suffix of the full name, or `*Suffix`.
    #[serde(default)]
    pub class: Box<[T]>,
    /// Exception only: at least one occurs in the first `depth` frames.
    #[serde(default)]
    pub frames: Box<[T]>,
    /// Exception only: none occurs in the first `depth` frames.
    #[serde(default)]
    pub no_frames: Box<[T]>,
    /// How many frames are looked at.
    #[serde(default = "default_depth")]
    pub depth: usize,
    /// Record only: simple logger names.
    #[serde(default)]
    pub loggers: Box<[T]>,
    /// Record only; empty = WARN and above (INFO too where loggers are named).
    #[serde(default)]
    pub levels: Box<[Level]>,
    /// Process roles; empty = any.
    #[serde(default)]
    pub process: Box<[T]>,
}

fn default_depth() -> usize {
    8
}

/// A text that must match, or must not.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Sample<T = &'static str> {
    pub on: On,
    pub text: T,
    pub logger: T,
    pub level: Level,
    pub process: Option<T>,
    /// 1-based line in the pattern's file.
    pub line: usize,
}

/// Which processes a chain's cause is looked for in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Scope {
    SameTaskManager,
    SameJob,
    SameProcess,
    AnyTaskManager,
    /// One that is not registered when the symptom is seen.
    AbsentTaskManager,
    AnyProcess,
}

/// Logs that decide whether a chain's cause is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Needs {
    Jobmanager,
    Taskmanager,
    Gc,
}

/// A symptom and one of the causes that it can have.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chain<T = &'static str> {
    /// Slug of the symptom.
    pub symptom: T,
    /// Slug of the candidate cause.
    pub cause: T,
    /// Slug of the pattern whose records show it, where that is not the cause's own; it may be a harmless one.
    #[serde(default)]
    pub shown_by: Option<T>,
    /// How far back from the symptom, in milliseconds.
    pub window_ms: u64,
    pub scope: Scope,
    /// The decisive evidence and the file that holds it.
    pub look_at: T,
    /// What is named as missing if it was not given and no cause was found.
    #[serde(default)]
    pub needs: Option<Needs>,
}

/// Whose numbers an exit code belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Space {
    /// Exit code of a process, as a shell or Kubernetes shows it.
    Process,
    /// Container exit status of YARN (`ContainerExitStatus`).
    Yarn,
}

/// What an exit code means.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExitCode<T = &'static str> {
    pub code: i32,
    pub space: Space,
    /// Name of the constant or signal.
    pub name: T,
    pub meaning: T,
    /// Slug that it is evidence for; empty = none.
    #[serde(default)]
    pub pattern: T,
}

/// A configuration key that Flink renamed.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DeprecatedKey<T = &'static str> {
    pub old: T,
    pub new: T,
    /// Flink version that brought the new key.
    pub since: T,
    /// First Flink version that no longer reads the old key; empty = still read.
    #[serde(default)]
    pub removed: T,
}

/// One loaded file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackInfo {
    /// File stem.
    pub name: String,
    /// Patterns in it.
    pub patterns: usize,
    pub shipped: bool,
}

/// An error of a pattern file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackError {
    pub file: String,
    /// 1-based; 0 = the file as a whole.
    pub line: usize,
    pub message: String,
}

impl std::fmt::Display for PackError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.file, self.line, self.message)
    }
}

impl std::error::Error for PackError {}
