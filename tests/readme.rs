//! What README.md shows is what the tool prints.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn run(arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_flinklog"));
    command.args(arguments).current_dir(root());
    for name in ["XDG_CONFIG_HOME", "APPDATA", "COLUMNS", "NO_COLOR", "LC_ALL", "LC_CTYPE"] {
        command.env_remove(name);
    }
    command.env("HOME", "/nonexistent").env("LANG", "C.UTF-8").output().unwrap()
}

/// The first fenced block of this language after `mark`.
fn block<'r>(readme: &'r str, mark: &str, language: &str) -> &'r str {
    let after = readme.split_once(mark).unwrap_or_else(|| panic!("README.md lacks {mark}")).1;
    let fence = format!("```{language}\n");
    after.split_once(&fence).unwrap().1.split_once("```").unwrap().0
}

#[test]
fn the_demo_is_the_output() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    for (mark, folder) in
        [("cargo run --release -- scan fixtures/1.20.5-npe", "fixtures/1.20.5-npe"), ("(`flinklog fixtures/1.20.5-healthy`)", "fixtures/1.20.5-healthy")]
    {
        let output = run(&["scan", folder]);
        assert!(output.status.success());
        // The first block after a command is its output.
        pretty(block(&readme, mark, "text"), &String::from_utf8(output.stdout).unwrap());
    }
}

#[track_caller]
fn pretty(shown: &str, printed: &str) {
    assert!(shown == printed, "README.md shows:\n{shown}\nprinted is:\n{printed}");
}

fn file(folder: &Path, name: &str, text: &str) -> PathBuf {
    let file = folder.join(name);
    fs::write(&file, text).unwrap();
    file
}

#[test]
fn the_examples_of_settings_and_patterns_are_valid() {
    let readme = fs::read_to_string(root().join("README.md")).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let config = file(folder.path(), "flinklog.toml", block(&readme, "## Configuration", "toml"));
    let output = run(&["fixtures/1.20.5-healthy", "--config", config.to_str().unwrap()]);
    assert!(output.status.success() && output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
    let own = tempfile::tempdir().unwrap();
    file(own.path(), "own.toml", block(&readme, "## Writing patterns", "toml"));
    let output = run(&["patterns", "test", own.path().to_str().unwrap()]);
    assert!(output.status.success(), "{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
}
