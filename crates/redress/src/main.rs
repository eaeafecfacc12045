//! The program. Everything is decided elsewhere: the command line in `cli`, what each command does
//! in `commands`.

mod cli;
mod clock;
mod directory;
mod settings;
mod telemetry;
mod transactions_file;

fn main() {}
