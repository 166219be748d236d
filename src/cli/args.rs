//! The command line as it is typed. Validation beyond single values is in `settings`; nothing deeper sees these types.

use std::path::PathBuf;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum, ValueHint};

use crate::report::Format;
use crate::when::{When, Zone};

/// What failed first in a Flink job, why, what followed, what to do.
#[derive(Debug, Parser)]
#[command(
    name = "flinklog",
    version,
    about = "Reads Apache Flink logs and says what failed first, why, what followed and what to do",
    long_about = "Reads Apache Flink logs and says what failed first, why, what followed and what to do.\n\n\
        Give it files, folders, archives or a pipe: JobManager and TaskManager logs, `.out` and GC logs, the text of `yarn logs` and `kubectl logs`, \
        one pasted stack trace. Compressed files are read as they are. Logs are only read, and nothing leaves this machine.",
    after_long_help = "Examples:\n  \
        flinklog log/                                   what happened in this cluster\n  \
        yarn logs -applicationId application_1_0001 | flinklog\n  \
        kubectl logs -l app=my-job --prefix --tail=-1 | flinklog\n  \
        flinklog -f html -o report.html log/ incident.tar.gz\n  \
        flinklog --since 09:00 --until 09:30 log/       only half an hour\n  \
        flinklog --fail-on error log/ && deploy         a gate in CI: exit code 1 at errors\n  \
        flinklog events --kind checkpoint --since end-1h log/\n  \
        flinklog explain cp-expired\n\n\
        Without a path: standard input where it is piped, else ./log, $FLINK_LOG_DIR or $FLINK_HOME/log, the first that exists.\n\n\
        Exit codes: 0 scanned; 1 findings at or above --fail-on; 2 usage error, or nothing could be read; 3 part of the input could not be read.\n\
        Settings: flinklog.toml beside or above the logs, or in ~/.config/flinklog; see `flinklog schema config`.",
    args_conflicts_with_subcommands = true,
    max_term_width = 120,
    disable_help_subcommand = false
)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Option<Command>,
    #[command(flatten)]
    pub scan: ScanArgs,
}

/// What to do; without a command: `scan`.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Scan logs and report what happened (the default)
    Scan(ScanArgs),
    /// List every classified event in time order
    Events(EventsArgs),
    /// Every row of the time line
    Timeline(ScanArgs),
    /// Every group of exceptions with its trace
    Exceptions(ScanArgs),
    /// Every figure and failure of the checkpoints
    Checkpoints(ScanArgs),
    /// Every figure of the garbage collection logs
    Gc(ScanArgs),
    /// Follow growing logs and print findings as they arise
    Watch(WatchArgs),
    /// Compare two runs: what is new, gone or worse
    Diff(DiffArgs),
    /// Explain a finding: what it means, what causes it, what to do
    Explain(ExplainArgs),
    /// The patterns that findings are recognised by, built in and your own
    Patterns(PatternsArgs),
    /// Read the evidence of a saved JSON report again
    Verify(VerifyArgs),
    /// Fetch an application's logs with your own `yarn` and scan them
    Yarn(YarnArgs),
    /// Fetch the logs of pods with your own `kubectl` and scan them
    K8s(K8sArgs),
    /// Print the JSON Schema of the report, of a comparison or of flinklog.toml
    Schema(SchemaArgs),
    /// Print completions for a shell
    Completions(CompletionsArgs),
    /// Print the man page
    Man(ManArgs),
}

/// Where logs are.
#[derive(Debug, Clone, Default, Args)]
pub struct PathArgs {
    /// Files, folders, globs, archives, `-` for standard input, or a saved JSON report
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
}

/// How logs are read.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Reading")]
pub struct ReadArgs {
    /// Time zone of logs that state none: `+08:00`, `UTC`, `local`, `Europe/Berlin` (with its seasons) [default: what the logs themselves tell, else UTC]
    #[arg(long, value_name = "ZONE", allow_hyphen_values = true)]
    pub tz: Option<Zone>,
    /// Threads that read [default: one per core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    pub threads: Option<u16>,
    /// Folder of your own pattern files, which add to or replace the built-in ones; repeatable
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub patterns: Vec<PathBuf>,
    /// Settings from this file instead of flinklog.toml above the logs and in the user's configuration folder
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
    /// Never map files into memory
    #[arg(long)]
    pub no_mmap: bool,
    /// Bytes per chunk; any value gives the same report
    #[arg(long, value_name = "BYTES", hide = true, value_parser = clap::value_parser!(u64).range(1..=1 << 30))]
    pub chunk_size: Option<u64>,
    /// No progress bar (there is one only on a terminal)
    #[arg(long)]
    pub no_progress: bool,
    /// No warnings on standard error
    #[arg(short, long)]
    pub quiet: bool,
    /// Say on standard error what is done; twice for more
    #[arg(short, long, action = ArgAction::Count, conflicts_with = "quiet")]
    pub verbose: u8,
}

/// Which part of the logs.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Choosing")]
pub struct TimeArgs {
    /// Nothing before: `2026-11-21 09:20`, `09:20`, `2h` (before now), `end-2h` (before the last line), `yesterday`. Totals of a job stay those of all logs
    #[arg(short = 'S', long, value_name = "TIME", allow_hyphen_values = true)]
    pub since: Option<When>,
    /// Nothing after; same forms as --since
    #[arg(short = 'U', long, value_name = "TIME", allow_hyphen_values = true)]
    pub until: Option<When>,
    /// Only this job: its name, or the beginning of its id
    #[arg(long, value_name = "JOB")]
    pub job: Option<String>,
}

/// Which part of the report.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Choosing")]
pub struct SelectArgs {
    /// Only this attempt of each job: 1 is the first, -1 the last
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub attempt: Option<i64>,
    /// Only findings of this severity or above
    #[arg(long, value_name = "SEVERITY")]
    pub severity: Option<Severity>,
    /// Benign and unclassified lines too
    #[arg(short, long)]
    pub all: bool,
}

/// How a report looks and where it goes.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct OutputArgs {
    /// Format of the report [default: by the name of --output, else text]
    #[arg(short, long, value_name = "FORMAT", value_parser = format_parser())]
    pub format: Option<Format>,
    /// Write to this file instead of standard output; it is replaced only when the report is whole
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Replace hosts, addresses, users, paths, e-mail, secrets and quoted data by placeholders
    #[arg(long)]
    pub redact: bool,
    /// Colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub color: Color,
}

/// What a scan adds to these.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Output")]
pub struct ReportArgs {
    /// A further report of the same scan; repeatable: --report html=report.html --report junit=flink.xml
    #[arg(long, value_name = "FORMAT=FILE")]
    pub report: Vec<String>,
    /// Exit with 1 at findings of this severity or above
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<Severity>,
}

/// `scan` and the chapters.
#[derive(Debug, Clone, Default, Args)]
pub struct ScanArgs {
    #[command(flatten)]
    pub input: PathArgs,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub report: ReportArgs,
    #[command(flatten)]
    pub time: TimeArgs,
    #[command(flatten)]
    pub select: SelectArgs,
    #[command(flatten)]
    pub read: ReadArgs,
}

/// `events`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = "Examples:\n  \
    flinklog events log/ | less\n  \
    flinklog events --kind job,task.failed,restart log/\n  \
    flinklog events --level warn --since 09:20 --until 09:25 log/\n  \
    flinklog events -f ndjson --kind checkpoint.completed log/ | jq .text\n  \
    flinklog events --follow --kind checkpoint log/\n\n\
    `--kind checkpoint` means every kind that begins so. Kinds: see `flinklog events --kind help`.")]
pub struct EventsArgs {
    #[command(flatten)]
    pub input: PathArgs,
    /// `text`, or `ndjson`: one JSON object a line
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = LineFormat::Text)]
    pub format: LineFormat,
    /// Write to this file instead of standard output
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub output: Option<PathBuf>,
    /// Only these kinds, separated by commas; `checkpoint` means all of checkpoint.*
    #[arg(short, long, value_name = "KIND", value_delimiter = ',')]
    pub kind: Vec<String>,
    /// Only records of this level or above
    #[arg(short, long, value_name = "LEVEL", value_enum, ignore_case = true)]
    pub level: Option<LevelArg>,
    /// Only sources whose path, container, log or role contains this; repeatable
    #[arg(long, value_name = "TEXT")]
    pub source: Vec<String>,
    /// Only this attempt of each job: 1 is the first, -1 the last
    #[arg(long, value_name = "N", allow_hyphen_values = true)]
    pub attempt: Option<i64>,
    /// Go on with what is written to the files
    #[arg(short = 'F', long)]
    pub follow: bool,
    /// Only the last N
    #[arg(short = 'n', long, value_name = "N")]
    pub lines: Option<usize>,
    /// Replace hosts, addresses, users, paths, e-mail, secrets and quoted data by placeholders
    #[arg(long)]
    pub redact: bool,
    /// Colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    /// Most events that are kept to be sorted
    #[arg(long, value_name = "N", hide = true, default_value_t = 5_000_000)]
    pub max_events: u64,
    #[command(flatten)]
    pub time: TimeArgs,
    #[command(flatten)]
    pub read: ReadArgs,
}

/// `watch`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = "Examples:\n  \
    flinklog watch log/\n  \
    flinklog watch --new --exec 'mail -s \"$FLINKLOG_TITLE\" ops@example.com' log/\n  \
    flinklog watch --new --until-finding --for 10m log/ || rollback\n  \
    kubectl logs -f deploy/my-job | flinklog watch -\n\n\
    Findings that the logs already hold are printed first, unless --new is given. --exec runs CMD in a shell, with the finding as JSON on its standard input and \
    in the environment FLINKLOG_ID, FLINKLOG_PATTERN, FLINKLOG_TITLE, FLINKLOG_ROLE, FLINKLOG_SEVERITY, FLINKLOG_CERTAINTY, FLINKLOG_JOBS, FLINKLOG_TIME, \
    FLINKLOG_COUNT, FLINKLOG_SOURCE, FLINKLOG_LINE, FLINKLOG_TEXT. Text of the logs is never put into the command itself.")]
pub struct WatchArgs {
    /// Files, folders or `-`
    #[arg(value_name = "PATH", required = true, value_hint = ValueHint::AnyPath)]
    pub paths: Vec<PathBuf>,
    /// `text`, or `ndjson`: one finding a line
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = LineFormat::Text)]
    pub format: LineFormat,
    /// Run this command for every finding that is printed
    #[arg(long, value_name = "CMD", value_hint = ValueHint::CommandString)]
    pub exec: Option<String>,
    /// End with exit code 1 at the first finding
    #[arg(long)]
    pub until_finding: bool,
    /// Only what arises from now on
    #[arg(long)]
    pub new: bool,
    /// End after this time, with exit code 0 [default: never, or when the stream ends]
    #[arg(long, value_name = "TIME", value_parser = parse_duration)]
    pub r#for: Option<i64>,
    /// Least severity of a finding
    #[arg(long, value_name = "SEVERITY", value_enum, default_value_t = Severity::Warning)]
    pub severity: Severity,
    /// A finding that goes on is printed again after this time at the earliest
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = parse_duration)]
    pub cool_down: i64,
    /// How often files are looked at
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = parse_duration)]
    pub interval: i64,
    /// Replace hosts, addresses, users, paths, e-mail, secrets and quoted data by placeholders
    #[arg(long)]
    pub redact: bool,
    /// Colours
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = Color::Auto)]
    pub color: Color,
    #[command(flatten)]
    pub time: TimeArgs,
    #[command(flatten)]
    pub read: ReadArgs,
}

/// `diff`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = "Examples:\n  \
    flinklog diff yesterday/log today/log\n  \
    flinklog diff before.json after.json -f markdown\n  \
    flinklog diff baseline.json log/ --fail-on error      exit code 1 at new errors\n\n\
    New are findings whose pattern and exception the earlier run does not have; one that only comes more often fails no gate.")]
pub struct DiffArgs {
    /// The earlier run: a path, or a saved JSON report
    #[arg(value_hint = ValueHint::AnyPath)]
    pub before: PathBuf,
    /// The later run
    #[arg(value_hint = ValueHint::AnyPath)]
    pub after: PathBuf,
    /// Exit with 1 at findings of this severity or above that only the later run has, or that were less severe before
    #[arg(long, value_name = "SEVERITY")]
    pub fail_on: Option<Severity>,
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub read: ReadArgs,
}

/// `explain`.
#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// Slug of a finding (`cp-expired`), or an exit code (`137`)
    pub slug: String,
    /// `text` or `json`
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = TextOrJson::Text)]
    pub format: TextOrJson,
    /// Folder of your own pattern files; repeatable
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub patterns: Vec<PathBuf>,
    /// Settings from this file
    #[arg(long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
}

/// `patterns`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = "Examples:\n  \
    flinklog patterns list                         every slug\n  \
    flinklog patterns show cp-expired              its definition, to copy and change\n  \
    flinklog patterns new log/jm.log:1234 > my/patterns/own.toml\n  \
    flinklog patterns test my/patterns             do all samples match?\n  \
    flinklog --patterns my/patterns log/")]
pub struct PatternsArgs {
    #[command(subcommand)]
    pub what: PatternsCommand,
    /// Folder of your own pattern files; repeatable
    #[arg(long, global = true, value_name = "DIR", value_hint = ValueHint::DirPath)]
    pub patterns: Vec<PathBuf>,
    /// Settings from this file
    #[arg(long, global = true, value_name = "FILE", value_hint = ValueHint::FilePath)]
    pub config: Option<PathBuf>,
}

/// What to do with patterns.
#[derive(Debug, Clone, Subcommand)]
pub enum PatternsCommand {
    /// List all patterns
    List {
        /// `text` or `json`
        #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = TextOrJson::Text)]
        format: TextOrJson,
    },
    /// Show the definition of a pattern
    Show { slug: String },
    /// Hold all samples and near misses against the patterns; without a folder those of the built-in ones
    Test {
        #[arg(value_hint = ValueHint::DirPath)]
        dir: Option<PathBuf>,
    },
    /// Begin a pattern from a line of a log
    New {
        /// `FILE:LINE`, the line counted from 1
        #[arg(value_name = "FILE:LINE", value_hint = ValueHint::FilePath)]
        place: String,
    },
}

/// `verify`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = "Every piece of evidence is VERIFIED (the same bytes stand there), CHANGED or MISSING (the source cannot be read).\n\
    Exit codes: 0 all verified; 1 something is changed or missing; 2 the report cannot be read.\n\n\
    Examples:\n  \
    flinklog verify report.json\n  \
    yarn logs -applicationId application_1_0001 | flinklog verify report.json -")]
pub struct VerifyArgs {
    /// A saved JSON report
    #[arg(value_hint = ValueHint::FilePath)]
    pub report: PathBuf,
    /// Where the logs are now, if not where the report says; `-` for standard input
    #[arg(value_name = "PATH", value_hint = ValueHint::AnyPath)]
    pub path: Option<PathBuf>,
    /// `text` or `json`
    #[arg(short, long, value_name = "FORMAT", value_enum, default_value_t = TextOrJson::Text)]
    pub format: TextOrJson,
    /// Only the sum, and what is not verified
    #[arg(short, long)]
    pub quiet: bool,
    /// Never map files into memory
    #[arg(long)]
    pub no_mmap: bool,
}

/// `yarn`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = "Runs `yarn logs -applicationId APP`, with what stands after `--`, and scans what it prints.\n\n\
    Examples:\n  \
    flinklog yarn application_1700000000000_0042\n  \
    flinklog yarn application_1700000000000_0042 -f html -o report.html -- -appOwner flink")]
pub struct YarnArgs {
    /// Id of the application
    #[arg(value_name = "APP")]
    pub application: String,
    /// Further arguments of `yarn logs`
    #[arg(last = true, value_name = "ARGS")]
    pub more: Vec<String>,
    #[command(flatten)]
    pub scan: FetchArgs,
}

/// `k8s`.
#[derive(Debug, Clone, Args)]
#[command(
    after_long_help = "Finds the pods with the label app=NAME, else those whose names begin with NAME, and scans their logs, also of the containers before, \
    with `kubectl get events` and `kubectl describe pod`.\n\n\
    Examples:\n  \
    flinklog k8s my-job\n  \
    flinklog k8s my-job -N flink --context production"
)]
pub struct K8sArgs {
    /// Cluster id of the Flink deployment, or the beginning of the pods' names
    pub name: String,
    /// Namespace
    #[arg(short = 'N', long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    /// Context of kubectl's configuration
    #[arg(long, value_name = "CONTEXT")]
    pub context: Option<String>,
    #[command(flatten)]
    pub scan: FetchArgs,
}

/// A scan of what a command prints.
#[derive(Debug, Clone, Default, Args)]
pub struct FetchArgs {
    #[command(flatten)]
    pub output: OutputArgs,
    #[command(flatten)]
    pub report: ReportArgs,
    #[command(flatten)]
    pub time: TimeArgs,
    #[command(flatten)]
    pub select: SelectArgs,
    #[command(flatten)]
    pub read: ReadArgs,
}

/// `schema`.
#[derive(Debug, Clone, Args)]
pub struct SchemaArgs {
    /// Of what
    #[arg(value_enum, default_value_t = SchemaOf::Report)]
    pub of: SchemaOf,
}

/// `completions`.
#[derive(Debug, Clone, Args)]
#[command(after_long_help = "Examples:\n  \
    flinklog completions bash > /etc/bash_completion.d/flinklog\n  \
    flinklog completions zsh > ~/.zfunc/_flinklog\n  \
    flinklog completions fish > ~/.config/fish/completions/flinklog.fish")]
pub struct CompletionsArgs {
    /// Shell
    #[arg(value_enum)]
    pub shell: clap_complete::Shell,
}

/// `man`.
#[derive(Debug, Clone, Args)]
pub struct ManArgs {
    /// Page of this command instead of the main one
    pub command: Option<String>,
}

/// Severities, the lightest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Severity {
    Info,
    Warning,
    Error,
    Critical,
}

impl Severity {
    /// The severity of a finding; a word that this version does not know counts as an error.
    pub fn of(word: &str) -> Severity {
        Severity::from_str(word, true).unwrap_or(Severity::Error)
    }
}

/// When to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    Always,
    Never,
}

/// Formats of lists that may go on for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LineFormat {
    Text,
    #[value(alias = "json", alias = "jsonl")]
    Ndjson,
}

/// Formats of short answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum TextOrJson {
    Text,
    Json,
}

/// What has a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    Report,
    Diff,
    Config,
}

/// Levels of records.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LevelArg {
    Trace,
    Debug,
    Info,
    #[value(alias = "warning")]
    Warn,
    Error,
    Fatal,
}

fn format_parser() -> impl TypedValueParser<Value = Format> {
    let names: Vec<clap::builder::PossibleValue> = Format::ALL
        .iter()
        .map(|format| {
            let value = clap::builder::PossibleValue::new(format.name());
            if *format == Format::Markdown { value.alias("md") } else { value }
        })
        .collect();
    PossibleValuesParser::new(names).try_map(|name| name.parse::<Format>())
}

fn parse_duration(text: &str) -> Result<i64, String> {
    crate::when::duration(text).ok_or_else(|| format!("`{text}` is no duration; write `30s`, `10m` or `1h30m`"))
}
