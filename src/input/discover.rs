//! Finding input: paths, folders, globs and the defaults. Out: files in sorted order. Opens nothing.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

/// A file to read.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileToRead {
    pub path: PathBuf,
    /// The user gave this very file, not a folder or a glob.
    pub named: bool,
}

/// Something that could not be found or listed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    pub path: String,
    pub why: String,
}

/// What was found.
#[derive(Debug, Clone, Default)]
pub struct Found {
    pub files: Vec<FileToRead>,
    pub missing: Vec<Missing>,
}

/// Files and folders deeper than this are not followed.
const MAX_DEPTH: usize = 64;

/// The folders that are looked at when no path is given: `./log`, `$FLINK_LOG_DIR`, `$FLINK_HOME/log`.
pub fn defaults() -> Vec<PathBuf> {
    let mut folders = vec![PathBuf::from("log")];
    folders.extend(env::var_os("FLINK_LOG_DIR").map(PathBuf::from));
    folders.extend(env::var_os("FLINK_HOME").map(|home| Path::new(&home).join("log")));
    folders
}

/// Finds every file below `paths`, each once, in sorted path order.
pub fn discover(paths: &[PathBuf]) -> Found {
    let mut found = Found::default();
    for path in paths {
        if path.is_dir() {
            walk(path, &mut found);
        } else if path.exists() || fs::symlink_metadata(path).is_ok() {
            found.files.push(FileToRead { path: path.clone(), named: true });
        } else {
            glob(path, &mut found);
        }
    }
    // The same file given twice counts once.
    found.files.sort_by(|a, b| a.path.cmp(&b.path).then(b.named.cmp(&a.named)));
    found.files.dedup_by(|a, b| a.path == b.path);
    found.missing.sort();
    found
}

fn walk(folder: &Path, found: &mut Found) {
    // Links are followed; the walker reports loops.
    for entry in WalkDir::new(folder).follow_links(true).max_depth(MAX_DEPTH).sort_by_file_name() {
        match entry {
            Ok(entry) if entry.file_type().is_file() => found.files.push(FileToRead { path: entry.into_path(), named: false }),
            Ok(_) => {}
            Err(e) => {
                let path = e.path().unwrap_or(folder).display().to_string();
                let why = if e.loop_ancestor().is_some() {
                    "a link back to a folder above it".to_owned()
                } else {
                    e.io_error().map_or_else(|| e.to_string(), |io| io.to_string())
                };
                found.missing.push(Missing { path, why });
            }
        }
    }
}

/// Expands `*`, `?`, `[…]`, `{…}` and `**`, for shells that do not.
fn glob(pattern: &Path, found: &mut Found) {
    let text = pattern.to_string_lossy();
    let missing = |why: &str| Missing { path: text.to_string(), why: why.to_owned() };
    if !text.contains(['*', '?', '[', '{']) {
        return found.missing.push(missing("no such file or folder"));
    }
    let matcher = match globset::GlobBuilder::new(&text).literal_separator(true).build() {
        Ok(glob) => glob.compile_matcher(),
        Err(e) => return found.missing.push(missing(&format!("not a valid glob: {}", e.kind()))),
    };
    // Walk from the last folder that has no wildcard.
    let base: PathBuf = pattern.components().take_while(|c| !c.as_os_str().to_string_lossy().contains(['*', '?', '[', '{'])).collect();
    let base = if base.as_os_str().is_empty() { PathBuf::from(".") } else { base };
    let before = found.files.len();
    for entry in WalkDir::new(&base).follow_links(true).max_depth(MAX_DEPTH).sort_by_file_name().into_iter().flatten() {
        let path = entry.path();
        let shown = path.strip_prefix(".").unwrap_or(path);
        if matcher.is_match(shown) || matcher.is_match(path) {
            if entry.file_type().is_dir() {
                walk(path, found);
            } else {
                found.files.push(FileToRead { path: shown.to_owned(), named: true });
            }
        }
    }
    if found.files.len() == before {
        found.missing.push(missing("matches no file"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_globs_and_missing_paths() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["b.log", "a.log", "sub/c.log"] {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        let names = |found: &Found| found.files.iter().map(|f| f.path.file_name().unwrap().to_string_lossy().into_owned()).collect::<Vec<_>>();
        let all = discover(&[folder.path().to_owned()]);
        assert_eq!(names(&all), ["a.log", "b.log", "c.log"]);
        let some = discover(&[folder.path().join("*.log"), folder.path().join("a.log")]);
        assert_eq!(names(&some), ["a.log", "b.log"]);
        let none = discover(&[folder.path().join("z.log"), folder.path().join("z*.log")]);
        assert_eq!((none.files.len(), none.missing.len()), (0, 2));
    }
}
