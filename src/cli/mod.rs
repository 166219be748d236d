//! The command line: arguments in, exit code out. One file per command; the library below knows nothing of it.

pub mod args;
mod assess;
mod diff;
mod events;
mod explain;
mod fetch;
mod inputs;
mod k8s;
mod narrow;
mod output;
mod patterns;
mod saved;
mod scan;
mod settings;
mod shell;
mod terminal;
mod verify;
mod watch;
mod yarn;

use std::ffi::OsString;
use std::process::ExitCode;

use clap::error::ErrorKind;
use clap::{CommandFactory, Parser};

use crate::error::{Error, Result};
use crate::report::Chapter;
use args::{Cli, Command};

/// Runs one command. A broken pipe on standard output is success.
pub fn main(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    output::clean_up_at_interrupt();
    let cli = match parse(arguments.collect()) {
        Ok(cli) => cli,
        Err(e) => {
            // Help goes to standard output with 0, errors to standard error with 2.
            let _ = e.print();
            return ExitCode::from(if e.use_stderr() { 2 } else { 0 });
        }
    };
    match dispatch(cli) {
        Ok(code) => code,
        Err(e) if e.is_broken_pipe() => ExitCode::SUCCESS,
        Err(e) => {
            match &e {
                Error::Patterns(lines) => lines.lines().for_each(|line| eprintln!("flinklog: error: {line}")),
                e => eprintln!("flinklog: error: {e}"),
            }
            ExitCode::from(2)
        }
    }
}

/// Options may also stand before the command: `flinklog -f json scan log/`.
fn parse(arguments: Vec<OsString>) -> std::result::Result<Cli, clap::Error> {
    let first = Cli::try_parse_from(&arguments);
    let command = Cli::command();
    let is_command = |word: &OsString| word.to_str().is_some_and(|word| command.find_subcommand(word).is_some());
    // Only where nothing but options stands before it: else the word is one of several paths.
    let doubtful = match &first {
        Ok(cli) => cli.command.is_none() && cli.scan.input.paths.first().is_some_and(|path| is_command(&path.clone().into_os_string())),
        Err(e) => matches!(e.kind(), ErrorKind::ArgumentConflict | ErrorKind::UnknownArgument),
    };
    let at = arguments.iter().skip(1).take_while(|word| *word != "--").position(is_command);
    let Some(at) = at.map(|at| at + 1).filter(|at| doubtful && *at > 1) else { return first };
    let mut moved = arguments;
    let name = moved.remove(at);
    moved.insert(1, name);
    Cli::try_parse_from(moved)
}

fn dispatch(cli: Cli) -> Result<ExitCode> {
    match cli.command {
        None => scan::run(cli.scan, Chapter::Full),
        Some(Command::Scan(args)) => scan::run(args, Chapter::Full),
        Some(Command::Timeline(args)) => scan::run(args, Chapter::Timeline),
        Some(Command::Exceptions(args)) => scan::run(args, Chapter::Exceptions),
        Some(Command::Checkpoints(args)) => scan::run(args, Chapter::Checkpoints),
        Some(Command::Gc(args)) => scan::run(args, Chapter::Gc),
        Some(Command::Events(args)) => events::run(args),
        Some(Command::Watch(args)) => watch::run(args),
        Some(Command::Diff(args)) => diff::run(args),
        Some(Command::Explain(args)) => explain::run(args),
        Some(Command::Patterns(args)) => patterns::run(args),
        Some(Command::Verify(args)) => verify::run(args),
        Some(Command::Yarn(args)) => yarn::run(args),
        Some(Command::K8s(args)) => k8s::run(args),
        Some(Command::Schema(args)) => shell::schema(args.of),
        Some(Command::Completions(args)) => shell::completions(args.shell),
        Some(Command::Man(args)) => shell::man(args.command.as_deref()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Cli {
        parse(std::iter::once("flinklog").chain(words.iter().copied()).map(Into::into).collect()).unwrap_or_else(|e| panic!("{e}"))
    }

    #[test]
    fn the_definition_holds() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_path_without_a_command_is_scanned() {
        let cli = parsed(&["log/", "-f", "json"]);
        assert!(cli.command.is_none() && cli.scan.input.paths.len() == 1);
    }

    #[test]
    fn options_may_stand_before_the_command() {
        for words in [["-f", "json", "scan", "log/"], ["scan", "-f", "json", "log/"], ["-f", "json", "log/", "scan"]] {
            if words[3] == "scan" {
                // A path among others.
                assert!(parsed(&words).command.is_none());
                continue;
            }
            let Some(Command::Scan(args)) = parsed(&words).command else { panic!() };
            assert_eq!(args.output.format, Some(crate::report::Format::Json));
        }
    }

    #[test]
    fn times_that_begin_with_a_dash() {
        let Some(Command::Events(args)) = parsed(&["events", "--since", "-30m", "x"]).command else { panic!() };
        assert_eq!(args.time.since, Some(crate::when::When::Ago(1_800_000)));
    }
}
