//! What is to be read: paths, standard input, the defaults. In: what was typed. Out: digests of all sources, or a saved report.

use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use super::args::Cli;
use super::saved::{self, Content};
use super::settings::Settings;
use crate::error::{Error, Result};
use crate::fold::Onlooker;
use crate::input::discover;
use crate::progress::Progress;
use crate::report::model::Report;
use crate::scan::{self, Scanned};
use crate::suggest;

/// What the paths hold.
pub enum Input {
    Logs(Box<Scanned>),
    Report(Box<Report>),
}

/// The paths that are meant where none is given: standard input where it is piped, else the first default folder that exists.
pub fn or_defaults(paths: &[PathBuf]) -> Result<Vec<PathBuf>> {
    if !paths.is_empty() {
        return Ok(paths.to_vec());
    }
    if is_piped() {
        return Ok(vec![PathBuf::from("-")]);
    }
    let folders = discover::defaults();
    if let Some(folder) = folders.iter().find(|folder| folder.is_dir()) {
        return Ok(vec![folder.clone()]);
    }
    Err(Error::usage(
        "no logs given: name a file or folder (`flinklog log/`), or pipe one in (`yarn logs -applicationId X | flinklog`).\n\
         Looked for: ./log, $FLINK_LOG_DIR, $FLINK_HOME/log; none of these is there. See `flinklog --help`.",
    ))
}

/// Where the search for `flinklog.toml` begins.
pub fn start_of(paths: &[PathBuf]) -> Option<&Path> {
    paths.iter().map(PathBuf::as_path).find(|path| *path != Path::new("-"))
}

/// Is standard input a pipe, a file or a socket? Cron and service managers give `/dev/null`, which is none of these.
fn is_piped() -> bool {
    if std::io::stdin().is_terminal() {
        return false;
    }
    #[cfg(unix)]
    {
        use std::os::fd::AsFd;
        use std::os::unix::fs::FileTypeExt;
        let Ok(stdin) = std::io::stdin().as_fd().try_clone_to_owned() else { return false };
        let Ok(meta) = std::fs::File::from(stdin).metadata() else { return false };
        let kind = meta.file_type();
        kind.is_file() || kind.is_fifo() || kind.is_socket()
    }
    #[cfg(not(unix))]
    true
}

/// A pipe holds 64 KiB: more of it costs fewer turns between its two sides. Where the system refuses, it stays as it is.
fn widen_pipe() {
    #[cfg(target_os = "linux")]
    let _ = rustix::pipe::fcntl_setpipe_size(std::io::stdin(), 1 << 20);
}

/// Reads everything. A saved report must stand alone.
pub fn read(paths: &[PathBuf], settings: &Settings, onlooker: Option<&dyn Onlooker>) -> Result<Input> {
    // Whoever mistypes a command before a path that is there must not get another command's output.
    if let [first, _, ..] = paths
        && let Some(near) = command_like(first)
    {
        return Err(Error::usage(format!("{}: no such file or folder; did you mean the command `flinklog {near}`?", first.display())));
    }
    let (streams, files): (Vec<&PathBuf>, Vec<&PathBuf>) = paths.iter().partition(|path| path.as_path() == Path::new("-"));
    for path in &files {
        if let Some(report) = saved::open(path)? {
            return alone(report, paths, path);
        }
    }
    let files: Vec<PathBuf> = files.into_iter().cloned().collect();
    let found = discover::discover(&files);
    let total = streams.is_empty().then(|| found.files.iter().filter_map(|file| std::fs::metadata(&file.path).ok()).map(|meta| meta.len()).sum());
    let progress = Progress::new(settings.progress, total);
    let add = |bytes| progress.add(bytes);
    let options =
        scan::Options { rules: &settings.rules, chunk_size: settings.chunk_size, mmap: settings.mmap, all_jobs: settings.narrows(), progress: &add, onlooker };
    let mut scanned = scan::files(&found, &options);
    if !streams.is_empty() {
        widen_pipe();
        match saved::recognise(Box::new(std::io::stdin())).map_err(|e| Error::file(Path::new("-"), e))? {
            Content::Report(reader) => return alone(saved::read(reader, "standard input")?, paths, Path::new("-")),
            Content::Other(reader) => scanned.join(scan::stream("-", reader, &options)),
        }
    }
    drop(progress);
    settings.rules.forget();
    let empty_pipe = !streams.is_empty() && files.is_empty() && scanned.sources.iter().all(|source| source.digest.bytes == 0);
    // A delivery that only says why it holds no log is worth a report.
    if (scanned.sources.is_empty() || empty_pipe) && scanned.notices.is_empty() {
        return Err(Error::NothingRead(nothing(paths, &scanned)));
    }
    Ok(Input::Logs(Box::new(scanned)))
}

fn alone(report: Report, paths: &[PathBuf], path: &Path) -> Result<Input> {
    if paths.len() > 1 {
        return Err(Error::usage(format!(
            "{}: is a saved report and cannot be read together with other paths; compare two with `flinklog diff`",
            path.display()
        )));
    }
    Ok(Input::Report(Box::new(report)))
}

/// The command that a path without a file may be meant for; `gc.log` is meant for none.
fn command_like(path: &Path) -> Option<String> {
    let a_word = |name: &str| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    let name = path.to_str().filter(|name| a_word(name) && !path.exists())?;
    let command = <Cli as clap::CommandFactory>::command();
    suggest::nearest(name, command.get_subcommands().map(|c| c.get_name())).map(str::to_owned)
}

/// What lies where a missing path was looked for and has a name like it.
fn beside(path: &Path) -> Option<PathBuf> {
    const MOST: usize = 10_000;
    let name = path.file_name().and_then(|name| name.to_str()).filter(|_| !path.exists())?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut names: Vec<String> = std::fs::read_dir(folder).ok()?.take(MOST).filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    Some(path.with_file_name(suggest::nearest(name, names.iter().map(String::as_str))?))
}

/// Why nothing could be read.
fn nothing(paths: &[PathBuf], scanned: &Scanned) -> String {
    let mut lines: Vec<String> = scanned.unreadable.iter().map(|(path, problem)| format!("{path}: {}", problem.message)).collect();
    lines.truncate(20);
    if let Some(near) = paths.first().and_then(|first| command_like(first)) {
        lines.push(format!("did you mean the command `flinklog {near}`?"));
    } else if let Some(near) = paths.iter().find_map(|path| beside(path)) {
        lines.push(format!("did you mean {}?", near.display()));
    }
    if lines.is_empty() {
        lines.push(match (paths, scanned.skipped.len()) {
            ([only], 0) if only == Path::new("-") => "standard input is empty: did the command before the pipe fail?".to_owned(),
            ([only], _) if only == Path::new("-") => "standard input holds no log".to_owned(),
            (_, 0) => "no files there".to_owned(),
            (_, 1) => format!("{}: holds no log", scanned.skipped[0]),
            (_, n) => format!("none of the {n} files holds a log"),
        });
    }
    lines.join("\n")
}

/// Part of the input could not be read: exit code 3.
pub fn has_gaps(scanned: &Scanned) -> bool {
    let lost = |code: &str| {
        matches!(code, "truncated" | "damaged" | "unsupported" | "unreadable" | "shrunk" | "limit-reached" | "log-not-served" | "nested-too-deep" | "not-found")
    };
    !scanned.unreadable.is_empty()
        || scanned.notices.iter().any(|(_, problem)| lost(problem.code))
        || scanned.sources.iter().any(|source| !source.complete || source.problems.iter().any(|problem| lost(problem.code)))
}
