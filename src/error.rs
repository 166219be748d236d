//! What ends a command: every error says what to do. Out: one line (or a few) for standard error, and exit code 2.

use std::io;
use std::path::{Path, PathBuf};

/// Why a command could not do its work.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The command line, or what it points to, makes no sense.
    #[error("{0}")]
    Usage(String),
    /// Nothing of what was given could be read.
    #[error("{0}")]
    NothingRead(String),
    /// A configuration file: file, line and what is wrong there.
    #[error("{}:{line}: {message}", file.display())]
    Config { file: PathBuf, line: usize, message: String },
    /// Errors of pattern files, one a line.
    #[error("{0}")]
    Patterns(String),
    /// A file that cannot be read or written.
    #[error("{}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    /// Writing to standard output failed; a broken pipe is no error to the user.
    #[error("standard output: {0}")]
    Output(#[from] io::Error),
}

impl Error {
    /// A usage error.
    pub fn usage(message: impl Into<String>) -> Error {
        Error::Usage(message.into())
    }

    /// An error of `path`.
    pub fn file(path: &Path, source: io::Error) -> Error {
        Error::File { path: path.to_owned(), source }
    }

    /// The reader of standard output went away: success.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Error::Output(e) if e.kind() == io::ErrorKind::BrokenPipe)
    }
}

/// Result of a command.
pub type Result<T> = std::result::Result<T, Error>;
