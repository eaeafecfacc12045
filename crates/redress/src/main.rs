//! The program. Everything is decided elsewhere: the command line in `cli`, what each command does
//! in `commands`.

mod archive;
mod cli;
mod clock;
mod commands;
mod counting;
mod demo;
mod directory;
mod progress;
mod seal_file;
mod server;
mod settings;
mod telemetry;
mod wiring;

use std::process::ExitCode;

use clap::Parser;

/// A report is some hundred small pieces of memory, made by one thread and let go of by another;
/// the system's allocator spends a tenth more of the processor on it.
#[global_allocator]
static MEMORY: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    commands::run(cli::Cli::parse())
}
