//! `cargo xtask`: chores of the house. Those that look print what they found, one finding a line,
//! with exit code 1 when there is any, and never mend; those that make write what a test holds.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "Chores of the house")]
struct Arguments {
    #[command(subcommand)]
    chore: Chore,
}

#[derive(Subcommand)]
enum Chore {
    /// Hold the laws that neither rustc nor clippy can see (STYLE.md lists them)
    Tidy {
        /// The checkout to read [default: the one this program was built from]
        #[arg(long)]
        root: Option<PathBuf>,
    },
    /// Make a client of the native API from its document [rust: into clients/rust]
    Client {
        /// In which language; the TypeScript client is made by clients/typescript/make.sh
        #[arg(value_parser = ["rust"])]
        language: String,
    },
    /// Make the Postman collection of the native API from its document
    Postman,
    /// Look for crates and features that deny.toml bans in the resolved dependency tree
    Bans,
    /// Build everything in release, and measure signed reports per second against programs that do
    /// less; the arguments are those of `measure run`
    Bench {
        /// Passed on, as in `cargo xtask bench --smoke`
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        arguments: Vec<String>,
    },
    /// Look for inputs that break the laws of the fuzz targets, as in `cargo xtask fuzz json`
    Fuzz(xtask::fuzz::Arguments),
}

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let findings: Vec<String> = match arguments.chore {
        Chore::Tidy { root } => {
            let found = xtask::tidy::tidy(&root.unwrap_or_else(checkout))?;
            found.iter().map(ToString::to_string).collect()
        }
        Chore::Client { language: _ } => {
            xtask::outside::write(&checkout(), &xtask::outside::rust_client(&checkout())?)?;
            Vec::new()
        }
        Chore::Postman => {
            xtask::outside::write(&checkout(), &xtask::outside::postman_collection(&checkout())?)?;
            Vec::new()
        }
        Chore::Bans => xtask::bans::bans(&checkout())?,
        Chore::Fuzz(arguments) => return xtask::fuzz::fuzz(&checkout(), &arguments),
        Chore::Bench { arguments } => return xtask::bench::bench(&checkout(), &arguments),
    };
    for finding in &findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => Ok(ExitCode::SUCCESS),
        many => {
            println!("{many} to mend");
            Ok(ExitCode::FAILURE)
        }
    }
}

fn checkout() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
