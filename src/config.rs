//! `flinklog.toml`: what holds for a project or a user. In: files. Out: one [`Config`]; errors name file and line.
//!
//! The user's own file (`$XDG_CONFIG_HOME/flinklog/flinklog.toml`) is read first, then the one nearest to the logs, found upward from the first path.
//! Single values of the second replace those of the first, lists add up.

use std::fs;
use std::path::{Path, PathBuf};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::thresholds::Thresholds;

/// Name of the file.
pub const FILE: &str = "flinklog.toml";

/// Severities of findings, the heaviest first.
pub const SEVERITIES: [&str; 4] = ["critical", "error", "warning", "info"];

/// Larger files are no configuration.
const MAX_BYTES: u64 = 1 << 20;

/// Everything that `flinklog.toml` may say.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Config {
    /// Slugs of findings that are never reported.
    pub mute: Vec<String>,
    /// Packages that are your own code, such as `com.acme`: stack frames in them are shown as the place to look at.
    pub own_packages: Vec<String>,
    /// Folders of pattern files that add to the built-in ones; relative to this file.
    pub patterns: Vec<PathBuf>,
    /// Time zone of logs that state none: `+08:00`, `UTC`, `local`, or a name, which follows its seasons: `Europe/Berlin`.
    pub tz: Option<String>,
    /// Exit with 1 at findings of this severity or above: critical, error, warning, info.
    pub fail_on: Option<String>,
    /// From which figure on a condition is worth a remark.
    pub thresholds: Thresholds,
}

/// A configuration and the files that it came from.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Loaded {
    pub config: Config,
    pub files: Vec<PathBuf>,
}

/// Reads `explicit` alone where it is given; else the user's file and the one that is nearest to `start`.
pub fn load(explicit: Option<&Path>, start: &Path) -> Result<Loaded> {
    if let Some(file) = explicit {
        return read_all(vec![file.to_owned()]);
    }
    let nearest = upward(start);
    let mut files: Vec<PathBuf> = user_file().into_iter().filter(|file| file.is_file()).collect();
    files.extend(nearest.filter(|near| !files.contains(near)));
    read_all(files)
}

/// The JSON Schema of the file.
pub fn schema() -> serde_json::Value {
    let mut schema = schemars::schema_for!(Config).to_value();
    schema["title"] = "flinklog.toml".into();
    schema
}

fn user_file() -> Option<PathBuf> {
    let home = || std::env::var_os("HOME").filter(|h| !h.is_empty()).map(|home| Path::new(&home).join(".config"));
    let folder = std::env::var_os("XDG_CONFIG_HOME").filter(|d| !d.is_empty()).map(PathBuf::from);
    let folder = folder.or_else(|| std::env::var_os("APPDATA").map(PathBuf::from)).or_else(home)?;
    Some(folder.join("flinklog").join(FILE))
}

fn upward(start: &Path) -> Option<PathBuf> {
    let start = std::path::absolute(start).ok()?;
    start.ancestors().map(|folder| folder.join(FILE)).find(|file| file.is_file())
}

fn read_all(files: Vec<PathBuf>) -> Result<Loaded> {
    let mut table = toml::Table::new();
    for file in &files {
        let text = read(file)?;
        let mut config: Config = toml::from_str(&text).map_err(|e| at(file, &text, &e))?;
        check(file, &text, &config)?;
        let folder = file.parent().unwrap_or(Path::new("."));
        for patterns in &mut config.patterns {
            *patterns = folder.join(&*patterns);
        }
        let mut own: toml::Table = toml::from_str(&text).map_err(|e| at(file, &text, &e))?;
        if own.contains_key("patterns") {
            own.insert("patterns".into(), config.patterns.iter().map(|p| p.display().to_string()).collect::<Vec<_>>().into());
        }
        join(&mut table, own);
    }
    // Every file was valid alone, and so is their sum.
    let config = toml::Value::Table(table).try_into().map_err(|e: toml::de::Error| Error::usage(e.to_string()))?;
    Ok(Loaded { config, files })
}

fn read(file: &Path) -> Result<String> {
    let meta = fs::metadata(file).map_err(|e| Error::file(file, e))?;
    if meta.len() > MAX_BYTES {
        return Err(Error::usage(format!("{}: larger than {MAX_BYTES} bytes: this is no configuration", file.display())));
    }
    fs::read_to_string(file).map_err(|e| Error::file(file, e))
}

/// Adds `more`: tables are joined, lists added up, other values replaced.
fn join(all: &mut toml::Table, more: toml::Table) {
    for (key, value) in more {
        match (all.get_mut(&key), value) {
            (Some(toml::Value::Table(known)), toml::Value::Table(more)) => join(known, more),
            (Some(toml::Value::Array(known)), toml::Value::Array(more)) => known.extend(more),
            (_, value) => drop(all.insert(key, value)),
        }
    }
}

fn at(file: &Path, text: &str, error: &toml::de::Error) -> Error {
    let byte = error.span().map_or(0, |span| span.start);
    Error::Config { file: file.to_owned(), line: line_of(text, byte), message: error.message().to_owned() }
}

fn line_of(text: &str, byte: usize) -> usize {
    text.as_bytes().iter().take(byte).filter(|b| **b == b'\n').count() + 1
}

/// What types cannot say: ranges and closed sets.
fn check(file: &Path, text: &str, config: &Config) -> Result<()> {
    let wrong = |key: &str, message: String| {
        let line = text.lines().position(|line| line.trim_start().starts_with(key)).map_or(1, |at| at + 1);
        Err(Error::Config { file: file.to_owned(), line, message: format!("{key}: {message}") })
    };
    let t = &config.thresholds;
    for (key, share) in [
        ("checkpoint-failure-rate", t.checkpoint_failure_rate),
        ("gc-time-share", t.gc_time_share),
        ("back-pressure", t.back_pressure),
        ("slot-use", t.slot_use.unwrap_or(0.0)),
    ] {
        if !(0.0..=1.0).contains(&share) {
            return wrong(key, format!("{share} is no share; it goes from 0 to 1"));
        }
    }
    for (key, figure) in [
        ("checkpoint-duration-s", t.checkpoint_duration_s),
        ("restarts-per-hour", t.restarts_per_hour),
        ("gc-pause-s", t.gc_pause_s),
        ("back-pressure-s", t.back_pressure_s),
        ("latency-s", t.latency_s),
    ] {
        if !(figure.is_finite() && figure >= 0.0) {
            return wrong(key, format!("{figure} is out of range; it is 0 or more"));
        }
    }
    if let Some(zone) = &config.tz
        && let Err(e) = zone.parse::<crate::when::Zone>()
    {
        return wrong("tz", e);
    }
    if let Some(severity) = &config.fail_on
        && !SEVERITIES.contains(&severity.as_str())
    {
        return wrong("fail-on", format!("`{severity}` is no severity; it is one of {}", SEVERITIES.join(", ")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(folder: &Path, text: &str) -> PathBuf {
        let file = folder.join(FILE);
        fs::write(&file, text).unwrap();
        file
    }

    #[test]
    fn found_upward_from_the_logs() {
        let folder = tempfile::tempdir().unwrap();
        let logs = folder.path().join("a/b");
        fs::create_dir_all(&logs).unwrap();
        let known = file(folder.path(), "mute = [\"npe\"]\npatterns = [\"own\"]\n[thresholds]\ngc-pause-s = 3\n");
        assert_eq!(upward(&logs.join("x.log")), Some(std::path::absolute(known).unwrap()));
        let loaded = read_all(vec![upward(&logs).unwrap()]).unwrap();
        assert_eq!(loaded.config.thresholds.gc_pause_s, 3.0);
        assert_eq!(loaded.config.thresholds.gc_time_share, Thresholds::default().gc_time_share);
        assert_eq!(loaded.config.patterns, [folder.path().join("own")]);
    }

    #[test]
    fn the_nearer_file_replaces_values_and_adds_to_lists() {
        let (user, near) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let user = file(user.path(), "tz = \"UTC\"\nmute = [\"a\"]\n[thresholds]\ngc-pause-s = 1\nrestarts-per-hour = 9\n");
        let near = file(near.path(), "tz = \"+08:00\"\nmute = [\"b\"]\n[thresholds]\ngc-pause-s = 2\n");
        let config = read_all(vec![user, near]).unwrap().config;
        assert_eq!((config.tz.as_deref(), config.mute.join(",")), (Some("+08:00"), "a,b".to_owned()));
        assert_eq!((config.thresholds.gc_pause_s, config.thresholds.restarts_per_hour), (2.0, 9.0));
    }

    #[test]
    fn errors_name_file_and_line() {
        let folder = tempfile::tempdir().unwrap();
        for (text, line, word) in [
            ("mute = []\ncolour = 1\n", 2, "colour"),
            ("[thresholds]\n\ngc-time-share = 7\n", 3, "gc-time-share"),
            ("tz = \"Moon/Crater\"\n", 1, "Moon/Crater"),
            ("mute = [\n", 1, ""),
            ("\nfail-on = \"bad\"\n", 2, "bad"),
        ] {
            match read_all(vec![file(folder.path(), text)]) {
                Err(Error::Config { line: found, message, .. }) => {
                    assert_eq!(found, line, "{text}");
                    assert!(message.contains(word), "{message}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }
}
