//! The `flinklog` command; all of it is in the library.

fn main() -> std::process::ExitCode {
    flinklog::cli::main(std::env::args_os())
}
