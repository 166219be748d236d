//! What shells and other programs need: schemas, completions, man pages.

use std::io;
use std::process::ExitCode;

use clap::CommandFactory;

use super::args::{Cli, SchemaOf};
use super::output::Target;
use crate::error::{Error, Result};
use crate::{config, report, suggest};

/// Prints a JSON Schema.
pub fn schema(of: SchemaOf) -> Result<ExitCode> {
    let text = match of {
        SchemaOf::Report => report::schema::text(),
        SchemaOf::Diff => format!("{:#}\n", schemars::schema_for!(report::diff::Diff).to_value()),
        SchemaOf::Config => format!("{:#}\n", config::schema()),
    };
    print(text.as_bytes())
}

/// Prints completions.
pub fn completions(shell: clap_complete::Shell) -> Result<ExitCode> {
    let mut text = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "flinklog", &mut text);
    print(&text)
}

/// Prints the man page of the program or of one of its commands.
pub fn man(command: Option<&str>) -> Result<ExitCode> {
    let mut all = Cli::command();
    all.build();
    let page = match command {
        None => all,
        Some(name) => match all.find_subcommand(name) {
            Some(found) => found.clone(),
            None => {
                let near = suggest::nearest(name, all.get_subcommands().map(|c| c.get_name()));
                return Err(Error::usage(format!("there is no command `{name}`{}", suggest::hint(near))));
            }
        },
    };
    let mut text = Vec::new();
    let title = page.get_bin_name().unwrap_or("flinklog").replace(' ', "-");
    clap_mangen::Man::new(page).title(title).source(concat!("flinklog ", env!("CARGO_PKG_VERSION"))).render(&mut text).map_err(Error::Output)?;
    print(&text)
}

fn print(text: &[u8]) -> Result<ExitCode> {
    Target::Stdout.write(|out: &mut dyn io::Write| out.write_all(text))?;
    Ok(ExitCode::SUCCESS)
}
