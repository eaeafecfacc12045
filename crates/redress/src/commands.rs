//! What each command does: one file a command. They read words, call the crates below, and print;
//! a rule that one of them would need belongs further down the ladder.

pub mod account;
pub mod audit;
pub mod backup;
pub mod demo;
pub mod doctor;
pub mod export;
pub mod import;
pub mod import_cases;
pub mod keys;
pub mod letters;
pub mod migrate;
pub mod operate;
pub mod report;
pub mod restore;
pub mod running;
mod search;
pub mod serve;
pub mod webhook;

use std::io::Write as _;
use std::process::ExitCode;

use anyhow::{Context, bail};
use desk::Desk;
use domain::{Env, Scope};

use crate::cli::{AuditCommand, Cli, Command, ImportCommand, KeysCommand, LettersCommand};
use crate::wiring::{Way, explained};

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
    let way = Way { dir: cli.dir, config: cli.config };
    runtime.block_on(dispatch(&way, cli.command))
}

async fn dispatch(way: &Way, command: Command) -> anyhow::Result<Outcome> {
    match command {
        Command::Demo(args) => demo::run(way, &args).await,
        Command::Serve(args) => serve::run(way, &args).await,
        Command::Report(args) => {
            let mut out = String::new();
            let variable = |name: &str| std::env::var(name).ok();
            let ended = report::run(&way.dir, &args, variable, &mut out).await;
            say(out.trim_end());
            ended
        }
        Command::Import(ImportCommand::Transactions(args)) => import::run(way, &args).await,
        Command::Export(args) => export::run(way, &args).await,
        Command::Search(command) => search::run(way, command).await,
        Command::Import(ImportCommand::Cases(args)) => import_cases::run(way, &args).await,
        Command::Tenant(command) => account::tenant(way, command).await,
        Command::Environment(command) => account::environment(way, command).await,
        Command::Key(command) => account::key(way, command).await,
        Command::Token(command) => account::token(way, command).await,
        Command::Login(command) => account::login(way, command).await,
        Command::Webhook(command) => webhook::run(way, command).await,
        Command::Member(command) => running::member(way, command).await,
        Command::Queue(command) => running::queue(way, command).await,
        Command::Team(command) => running::team(way, command).await,
        Command::Setting(command) => running::setting(way, command).await,
        Command::Message(command) => running::message(way, command).await,
        Command::History(args) => running::history(way, &args).await,
        Command::Reads(args) => running::reads(way, args).await,
        Command::Doctor => doctor::run(way).await,
        Command::Audit(AuditCommand::Verify { seal }) => audit::verify(way, seal).await,
        Command::Audit(AuditCommand::ExportSeal { file }) => audit::export(way, &file).await,
        Command::Keys(KeysCommand::Rotate { which }) => keys::rotate(way, which).await,
        Command::Letters(LettersCommand::Check) => letters::check(way),
        Command::Migrate => migrate::run(way).await,
        Command::Backup(args) => backup::run(way, args).await,
        Command::Restore(args) => restore::run(way, args).await,
    }
}

/// An error with its causes, on one line, for standard error.
pub fn chain(error: &anyhow::Error) -> String {
    error.chain().map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

/// Prints a line. Whoever reads may stop reading, as `head` does.
pub fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    drop(writeln!(out, "{text}").and_then(|()| out.flush()));
}

/// The tenant with this short name, in this environment.
///
/// # Errors
/// There is none.
pub async fn scope(desk: &Desk, slug: &str, env: Env) -> anyhow::Result<Scope> {
    match desk.scope_of_slug(slug, env).await.map_err(explained)? {
        Some(scope) => Ok(scope),
        None => bail!(
            "there is no tenant `{slug}`; `redress tenant list` names those there are, `redress \
             tenant add` makes one"
        ),
    }
}
