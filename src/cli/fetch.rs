//! Runs the user's own tools (`yarn`, `kubectl`) and scans what they print. Arguments are handed over as they are, never through a shell.

use std::io::{self, Read};
use std::process::{Child, Command, Stdio};

use super::settings::Settings;
use crate::error::{Error, Result};
use crate::fold::Onlooker;
use crate::progress::Progress;
use crate::scan::{self, Problem, Scanned};

/// Most text of a command that is kept as a list (names of pods).
const MAX_LIST: u64 = 16 << 20;

/// A command line, for errors.
fn shown(tool: &str, arguments: &[String]) -> String {
    std::iter::once(tool).chain(arguments.iter().map(String::as_str)).collect::<Vec<_>>().join(" ")
}

/// Starts `tool`; its errors go to standard error as they come.
fn start(tool: &str, arguments: &[String], errors: Stdio) -> Result<Child> {
    Command::new(tool).args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(errors).spawn().map_err(|e| match e.kind() {
        io::ErrorKind::NotFound => Error::usage(format!(
            "`{tool}` was not found on PATH. Run `{}` where it is installed, and give flinklog what it prints: `flinklog FILE`, or by a pipe",
            shown(tool, arguments)
        )),
        _ => Error::usage(format!("`{tool}` cannot be started: {e}")),
    })
}

/// What `tool` prints, whole; its errors are part of ours.
pub fn text(tool: &str, arguments: &[String]) -> Result<String> {
    let mut child = start(tool, arguments, Stdio::inherit())?;
    let mut text = Vec::new();
    if let Some(out) = child.stdout.take() {
        out.take(MAX_LIST).read_to_end(&mut text).map_err(|e| Error::usage(format!("`{}`: {e}", shown(tool, arguments))))?;
    }
    let status = child.wait().map_err(|e| Error::usage(format!("`{tool}`: {e}")))?;
    if !status.success() {
        return Err(Error::usage(format!("`{}` failed ({status}); what it said stands above", shown(tool, arguments))));
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// How a stream is fetched.
pub struct Fetch<'f> {
    pub tool: &'f str,
    pub arguments: Vec<String>,
    /// Path of the source in the report.
    pub name: String,
    /// It is normal that there is nothing (logs of a container before, which there may not be).
    pub optional: bool,
}

/// Scans what `tool` prints. A failure after some output is a notice of the report; before any, it is an error of its own.
pub fn scan(fetch: &Fetch, settings: &Settings, progress: &Progress, onlooker: Option<&dyn Onlooker>) -> Result<Scanned> {
    settings.tell(format!("running {}", shown(fetch.tool, &fetch.arguments)));
    let errors = if fetch.optional { Stdio::null() } else { Stdio::inherit() };
    let mut child = start(fetch.tool, &fetch.arguments, errors)?;
    let Some(out) = child.stdout.take() else { return Err(Error::usage(format!("`{}` has no output", fetch.tool))) };
    let add = |bytes| progress.add(bytes);
    let options =
        scan::Options { rules: &settings.rules, chunk_size: settings.chunk_size, mmap: settings.mmap, all_jobs: settings.narrows(), progress: &add, onlooker };
    let mut scanned = scan::stream(&fetch.name, Patient::new(out), &options);
    let status = child.wait().map_err(|e| Error::usage(format!("`{}`: {e}", fetch.tool)))?;
    // An empty stream is no source.
    scanned.sources.retain(|source| source.digest.bytes > 0 || source.named.container.is_some());
    if !status.success() && !fetch.optional {
        let message = format!("`{}` failed ({status})", shown(fetch.tool, &fetch.arguments));
        if scanned.sources.is_empty() {
            return Err(Error::NothingRead(format!("{message}; what it said stands above")));
        }
        scanned.notices.push((fetch.name.clone(), Problem { line: None, code: "truncated", message: format!("{message}; its output may not be whole") }));
    }
    Ok(scanned)
}

/// Retries reads that a signal interrupted.
struct Patient<R>(R);

impl<R> Patient<R> {
    fn new(inner: R) -> Self {
        Patient(inner)
    }
}

impl<R: Read> Read for Patient<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buf) {
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                other => return other,
            }
        }
    }
}
