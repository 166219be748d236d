//! Where reports go. Files are written under a temporary name beside their own and renamed when they are whole; an interrupt leaves no half file.

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tempfile::NamedTempFile;

use crate::error::{Error, Result};
use crate::report::Format;

/// Temporary files that an interrupt has to remove.
static UNFINISHED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Where one report goes; opened before the work starts, so that a wrong path costs no scan.
#[derive(Debug)]
pub enum Target {
    Stdout,
    /// Replaces the path when it is whole.
    File(NamedTempFile, PathBuf),
    /// A device or FIFO.
    Direct(File, PathBuf),
}

impl Target {
    /// Standard output for no path and for `-`.
    pub fn open(path: Option<&Path>) -> Result<Target> {
        let Some(path) = path.filter(|path| *path != Path::new("-")) else { return Ok(Target::Stdout) };
        if let Ok(meta) = fs::metadata(path) {
            if meta.is_dir() {
                return Err(Error::usage(format!("{}: is a folder; name a file to write to", path.display())));
            }
            if !meta.is_file() {
                let file = File::options().write(true).open(path).map_err(|e| Error::file(path, e))?;
                return Ok(Target::Direct(file, path.to_owned()));
            }
        }
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let mut builder = tempfile::Builder::new();
        builder.prefix(".flinklog-");
        #[cfg(unix)]
        {
            // As any other file: the umask decides.
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(0o666));
        }
        let file = builder.tempfile_in(folder).map_err(|e| Error::file(path, e))?;
        if let Ok(mut unfinished) = UNFINISHED.lock() {
            unfinished.push(file.path().to_owned());
        }
        Ok(Target::File(file, path.to_owned()))
    }

    /// Does it end on a terminal?
    pub fn is_terminal(&self) -> bool {
        matches!(self, Target::Stdout) && io::stdout().is_terminal()
    }

    /// Writes all of it.
    pub fn write(self, body: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        match self {
            Target::Stdout => {
                let mut out = BufWriter::with_capacity(1 << 16, io::stdout().lock());
                body(&mut out)?;
                out.flush()?;
            }
            Target::Direct(file, path) => {
                let mut out = BufWriter::new(file);
                body(&mut out).and_then(|()| out.flush()).map_err(|e| Error::file(&path, e))?;
            }
            Target::File(file, path) => {
                let mut out = BufWriter::with_capacity(1 << 16, file.as_file());
                body(&mut out).and_then(|()| out.flush()).map_err(|e| Error::file(&path, e))?;
                drop(out);
                let temporary = file.path().to_owned();
                file.persist(&path).map_err(|e| Error::file(&path, e.error))?;
                if let Ok(mut unfinished) = UNFINISHED.lock() {
                    unfinished.retain(|known| *known != temporary);
                }
            }
        }
        Ok(())
    }
}

/// Ends with 130 at an interrupt, without half files.
pub fn clean_up_at_interrupt() {
    // An error means that a handler exists already: then that one decides.
    let _ = ctrlc::set_handler(|| {
        if let Ok(unfinished) = UNFINISHED.lock() {
            for file in unfinished.iter() {
                let _ = fs::remove_file(file);
            }
        }
        std::process::exit(130);
    });
}

/// The format that a file's name suggests.
pub fn format_of(path: &Path) -> Option<Format> {
    Some(match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
        "json" => Format::Json,
        "ndjson" | "jsonl" => Format::Ndjson,
        "md" | "markdown" => Format::Markdown,
        "html" | "htm" => Format::Html,
        "xml" => Format::Junit,
        "sarif" => Format::Sarif,
        "prom" => Format::Prometheus,
        "csv" => Format::Csv,
        _ => return None,
    })
}

/// `FORMAT=FILE` of `--report`.
pub fn format_and_file(text: &str) -> Result<(Format, PathBuf)> {
    let (format, file) = match text.split_once('=') {
        Some((format, file)) => (format.parse().map_err(|e: crate::report::UnknownFormat| Error::usage(format!("--report {text}: {e}")))?, file),
        // `--report report.html` is clear enough.
        None => match format_of(Path::new(text)) {
            Some(format) => (format, text),
            None => return Err(Error::usage(format!("--report {text}: write FORMAT=FILE, for example --report html=report.html"))),
        },
    };
    if file.is_empty() {
        return Err(Error::usage(format!("--report {text}: the name of the file is missing")));
    }
    Ok((format, PathBuf::from(file)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_there_only_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("r.json");
        fs::write(&path, "old").unwrap();
        let target = Target::open(Some(&path)).unwrap();
        assert!(target.write(|_| Err(io::Error::other("half"))).is_err());
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        Target::open(Some(&path)).unwrap().write(|out| out.write_all(b"new")).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn formats_of_names() {
        assert_eq!(format_and_file("html=a=b.htm").unwrap(), (Format::Html, PathBuf::from("a=b.htm")));
        assert_eq!(format_and_file("x.sarif").unwrap().0, Format::Sarif);
        for wrong in ["html=", "htlm=x", "x"] {
            assert!(format_and_file(wrong).is_err(), "{wrong}");
        }
    }
}
