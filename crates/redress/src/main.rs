//! The program. Everything is decided elsewhere: the command line in `cli`, what each command does
//! in `commands`.

mod cli;
mod clock;
mod commands;
mod demo;
mod directory;
mod settings;
mod telemetry;
mod transactions_file;

use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    commands::run(cli::Cli::parse())
}
