//! What each command does: one file a command. They read words, call the crates below, and print;
//! a rule that one of them would need belongs further down the ladder.

pub mod report;

use std::process::ExitCode;

use anyhow::{Context, bail};

use crate::cli::{Cli, Command};

/// How a command ended when it did not fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All of it was done.
    Done,
    /// It went through, and something was refused: a row, a report, a check.
    Refused,
}

impl Outcome {
    /// What the shell sees. 1 is a failure and 2 wrong usage.
    pub fn exit_code(self) -> ExitCode {
        match self {
            Self::Done => ExitCode::SUCCESS,
            Self::Refused => ExitCode::from(3),
        }
    }
}

/// Runs the command and says on standard error why it failed.
pub fn run(cli: Cli) -> ExitCode {
    match carry_out(cli) {
        Ok(outcome) => outcome.exit_code(),
        Err(why) => {
            eprintln!("redress: {}", chain(&why));
            ExitCode::FAILURE
        }
    }
}

fn carry_out(cli: Cli) -> anyhow::Result<Outcome> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .context("starting the runtime")?;
    match cli.command {
        Command::Report(args) => {
            let mut out = String::new();
            let variable = |name: &str| std::env::var(name).ok();
            let ended = runtime.block_on(report::run(&cli.dir, &args, variable, &mut out));
            print!("{out}");
            ended
        }
        other => bail!("this build cannot do that yet: {other:?}"),
    }
}

/// An error with its causes, on one line, for standard error.
pub fn chain(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ")
}
