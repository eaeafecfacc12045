//! What can be typed: every command, its flags, and an example in each help text. It reads words
//! into values and does nothing with them. Secrets never come as flags, since other users of a
//! machine see those; they come from files and the environment.

mod accounts;
mod running;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use desk::export::Feed;
use domain::{Env, Right, Rights, Role};

pub use accounts::{KeyCommand, LoginCommand, TenantCommand, TokenCommand, WebhookCommand};
pub use running::{
    EnvironmentCommand, MemberCommand, MessageCommand, Of, PageArgs, QueueCommand, ReadsArgs,
    SettingCommand, TeamCommand, Where,
};

pub use backup::{BackupArgs, RestoreArgs};

mod backup;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "redress",
    version,
    about = "Takes complaints about payments, opens cases, tells everyone, and loses none.",
    after_help = "Exit codes: 0 done; 1 failed; 2 wrong usage; 3 done, but something was refused \
                  (rejected rows, or what `doctor` and `audit verify` found).\n\n\
                  Example:\n  redress demo",
    arg_required_else_help = true,
    propagate_version = true
)]
pub struct Cli {
    /// The data directory
    #[arg(long, global = true, env = "REDRESS_DIR", default_value = "redress-data")]
    pub dir: PathBuf,
    /// The settings file [default: DIR/redress.toml when it is there]
    #[arg(long, global = true, env = "REDRESS_CONFIG", value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Every command.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Start a whole instance with demo data, on this machine only
    #[command(after_help = "Example:\n  redress demo --dir redress-data --listen 127.0.0.1:0")]
    Demo(DemoArgs),
    /// Start the server
    #[command(after_help = "Example:\n  redress serve --dir /var/lib/redress")]
    Serve(ServeArgs),
    /// Report an issue on a payment over HTTP, as any client does, and show the case
    #[command(after_help = "The secret may also come from REDRESS_API_SECRET and the token from \
        REDRESS_TOKEN; what is missing is read from DIR/demo.json.\n\nExit codes: 0 the answer's \
        status is Success; 1 no answer, or an error; 2 wrong usage; 3 the server answered with the \
        status Failed: it takes no report on this payment now, for the reason in its \
        message.\n\nExample:\n  \
        redress report --refid DEMO-P-00007 --email ann@example.com --says 'Not credited'")]
    Report(ReportArgs),
    /// Bring data in
    #[command(
        subcommand,
        after_help = "Example:\n  \
                      redress import transactions --tenant acme --env production payments.csv"
    )]
    Import(ImportCommand),
    /// Take out what changed behind a cursor, for an ERP or a warehouse
    #[command(after_help = "Rows go to standard output, the cursor for the next time to standard \
        error. docs/export.md tells more.\n\nExample:\n  redress export transactions --tenant acme \
        --env production --format csv")]
    Export(ExportArgs),
    /// The search index
    #[command(subcommand, after_help = "Example:\n  redress search status")]
    Search(SearchCommand),
    /// The accounts of an installation
    #[command(
        subcommand,
        after_help = "Example:\n  redress tenant add acme --email ops@acme.example"
    )]
    Tenant(TenantCommand),
    /// The environments of an account
    #[command(subcommand, after_help = "Example:\n  redress environment list --tenant acme")]
    Environment(EnvironmentCommand),
    /// API keys with their HMAC secrets
    #[command(
        subcommand,
        after_help = "Example:\n  redress key add --tenant acme --env production"
    )]
    Key(KeyCommand),
    /// Tokens of people and programs for our own API
    #[command(subcommand, after_help = "Example:\n  redress token list --tenant acme")]
    Token(TokenCommand),
    /// User names and passwords of the deprecated ID-token login
    #[command(subcommand, after_help = "Example:\n  redress login list --tenant acme")]
    Login(LoginCommand),
    /// Where events are sent
    #[command(subcommand, after_help = "Example:\n  redress webhook list --tenant acme")]
    Webhook(WebhookCommand),
    /// The people of an account
    #[command(
        subcommand,
        after_help = "Example:\n  redress member list --tenant acme --env production"
    )]
    Member(MemberCommand),
    /// Where cases wait
    #[command(
        subcommand,
        after_help = "Example:\n  redress queue list --tenant acme --env production"
    )]
    Queue(QueueCommand),
    /// People who work together
    #[command(
        subcommand,
        after_help = "Example:\n  redress team list --tenant acme --env production"
    )]
    Team(TeamCommand),
    /// What an account sets for itself while the server runs
    #[command(
        subcommand,
        after_help = "Example:\n  redress setting list --tenant acme --env production"
    )]
    Setting(SettingCommand),
    /// The messages that callers of an account read
    #[command(
        subcommand,
        after_help = "Example:\n  redress message list --tenant acme --env production"
    )]
    Message(MessageCommand),
    /// What was changed in an account, and by whom
    #[command(after_help = "Example:\n  redress history --tenant acme --env production")]
    History(PageArgs),
    /// Who read whose data
    #[command(after_help = "Example:\n  redress reads --tenant acme --env production \
        --view case --by ann@acme.example")]
    Reads(ReadsArgs),
    /// Say what is wrong with an installation and how to mend it
    #[command(after_help = "Example:\n  redress doctor --dir /var/lib/redress")]
    Doctor,
    /// The sealed history of all cases
    #[command(subcommand, after_help = "Example:\n  redress audit verify")]
    Audit(AuditCommand),
    /// The keys outside the database
    #[command(subcommand, after_help = "Example:\n  redress keys rotate sealing")]
    Keys(KeysCommand),
    /// The mails and messages
    #[command(subcommand, after_help = "Example:\n  redress letters check")]
    Letters(LettersCommand),
    /// Bring the database to the shape this program needs
    #[command(after_help = "Example:\n  redress migrate --dir /var/lib/redress")]
    Migrate,
    /// Write everything into one file, also while a server runs
    #[command(after_help = backup::BACKUP_HELP)]
    Backup(BackupArgs),
    /// Make an installation of a backup, on either engine, and check its histories
    #[command(after_help = backup::RESTORE_HELP)]
    Restore(RestoreArgs),
}

/// Flags of `demo`.
#[derive(Args, Debug)]
pub struct DemoArgs {
    /// Address and port; port 0 takes a free one [default: the setting server.listen]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Let others than this machine reach the demo, whose passwords stand in a file
    #[arg(long)]
    pub allow_public: bool,
    /// Also send the demo account's events there, signed with the secret in demo.json
    #[arg(long, value_name = "URL")]
    pub webhook_url: Option<String>,
    /// Serve a database that lacks the last seal in DIR: one set back or replaced on purpose
    #[arg(long)]
    pub accept_database: bool,
}

/// Flags of `serve`.
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// Address and port; port 0 takes a free one [default: the setting server.listen]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
    /// Serve a database that lacks the last seal in DIR: one set back or replaced on purpose
    #[arg(long)]
    pub accept_database: bool,
}

/// Flags of `report`.
#[derive(Args, Debug)]
pub struct ReportArgs {
    /// Your reference of the payment
    #[arg(long, required_unless_present = "trxid")]
    pub refid: Option<String>,
    /// The system's reference of the payment; wins over --refid
    #[arg(long)]
    pub trxid: Option<String>,
    /// Who is told; may be repeated, the first is To and the rest are Cc
    #[arg(long, value_name = "ADDRESS")]
    pub email: Vec<String>,
    /// What the payer says
    #[arg(long, value_name = "TEXT")]
    pub says: Option<String>,
    /// What kind of issue it is
    #[arg(long)]
    pub category: Option<String>,
    /// Report in the staging environment
    #[arg(long)]
    pub staging: bool,
    /// Where the server is [default: from DIR/demo.json]
    #[arg(long, env = "REDRESS_URL")]
    pub url: Option<String>,
    /// The API key, which is no secret
    #[arg(long, env = "REDRESS_API_KEY", value_name = "KEY")]
    pub api_key: Option<String>,
    /// A file that holds the Base64 secret of the API key
    #[arg(long, value_name = "FILE")]
    pub secret_file: Option<PathBuf>,
    /// A file that holds a token of our own API, to show the timeline with
    #[arg(long, value_name = "FILE")]
    pub token_file: Option<PathBuf>,
    /// Say the same again safely: a repeated key gets the first answer [default: a new one]
    #[arg(long, value_name = "KEY")]
    pub idempotency_key: Option<String>,
}

/// `import …`
#[derive(Debug, Subcommand)]
pub enum ImportCommand {
    /// Bring payments in from a CSV or JSON Lines file
    #[command(after_help = "The columns are described in docs/import.md.\n\nExample:\n  \
        redress import transactions docs/samples/transactions.csv --tenant acme --env production")]
    Transactions(ImportArgs),
    /// Take cases over from another system, by a mapping file that says what is what
    #[command(after_help = "Mapping files are described in docs/import.md.\n\nExample:\n  \
        redress import cases docs/samples/import/zammad.json \
        --mapping docs/samples/import/zammad.toml --tenant acme --env production --dry-run")]
    Cases(ImportCasesArgs),
}

/// Flags of `import cases`.
#[derive(Args, Debug)]
pub struct ImportCasesArgs {
    /// The other system's file: CSV, TSV or JSON
    pub file: PathBuf,
    /// The mapping file
    #[arg(long, value_name = "FILE")]
    pub mapping: PathBuf,
    /// Whose cases they are; never taken from the file
    #[arg(long)]
    pub tenant: String,
    /// In which environment; never taken from the file
    #[arg(long, value_parser = parse_env)]
    pub env: Env,
    /// Where rejected rows go [default: FILE.rejects.csv]
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// Only say what would become of each row
    #[arg(long)]
    pub dry_run: bool,
}

/// Flags of `import transactions`.
#[derive(Args, Debug)]
pub struct ImportArgs {
    /// The file; `-` reads standard input
    pub file: PathBuf,
    /// Whose payments they are; never taken from the file
    #[arg(long)]
    pub tenant: String,
    /// In which environment they were made; never taken from the file
    #[arg(long, value_parser = parse_env)]
    pub env: Env,
    /// Where rejected rows go [default: FILE.rejects.csv]
    #[arg(long, value_name = "FILE")]
    pub rejects: Option<PathBuf>,
    /// `csv` or `jsonl` [default: by the file's ending]
    #[arg(long, value_parser = importers::transactions::Format::parse)]
    pub format: Option<importers::transactions::Format>,
}

/// Flags of `export`.
#[derive(Args, Debug)]
pub struct ExportArgs {
    /// `transactions`, `cases` or `events`
    #[arg(value_parser = parse_feed)]
    pub feed: Feed,
    /// Whose they are
    #[arg(long)]
    pub tenant: String,
    /// Of which environment
    #[arg(long, value_parser = parse_env)]
    pub env: Env,
    /// The cursor that an earlier export said [default: from the beginning]
    #[arg(long, value_name = "CURSOR")]
    pub since: Option<String>,
    /// `jsonl` or `csv`
    #[arg(long, value_enum, default_value = "jsonl")]
    pub format: ExportFormat,
}

/// How exported rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum ExportFormat {
    /// One JSON object a line.
    Jsonl,
    /// Comma-separated, with the names of the columns first.
    Csv,
}

fn parse_feed(word: &str) -> Result<Feed, String> {
    let words: Vec<&str> = Feed::ALL.iter().map(|feed| feed.word()).collect();
    Feed::parse(word).ok_or_else(|| format!("one of {}", words.join(", ")))
}

/// `search …`
#[derive(Debug, Subcommand)]
pub enum SearchCommand {
    /// Say how far the index is
    #[command(after_help = "Example:\n  redress search status --dir /var/lib/redress")]
    Status,
    /// Build the index anew; the old one answers until the new one is there
    #[command(after_help = "Example:\n  redress search rebuild --dir /var/lib/redress")]
    Rebuild,
}

/// `audit …`
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Check every history against its chain and the seals, and the rows against the histories
    #[command(after_help = "Example:\n  redress audit verify --seal last-seal.json")]
    Verify {
        /// A seal exported earlier: shows a restored old copy and a history cut behind it
        /// [default: DIR/last-seal.json, which the server writes]
        #[arg(long, value_name = "FILE")]
        seal: Option<PathBuf>,
    },
    /// Write the last seal into a file, to be kept elsewhere
    #[command(after_help = "Example:\n  redress audit export-seal last-seal.json")]
    ExportSeal {
        /// The file to write; `-` is standard output
        file: PathBuf,
    },
}

/// `keys …`
#[derive(Debug, Subcommand)]
pub enum KeysCommand {
    /// Make a new key; with a new sealing key everything is sealed anew
    #[command(after_help = "Old keys stay, since they still read what they made.\n\nExample:\n  \
        redress keys rotate --dir /var/lib/redress")]
    Rotate {
        /// Which: sealing (secrets at rest), audit (seals over histories), jwt (ID tokens)
        #[arg(value_enum, default_value_t = KeysToRotate::Sealing)]
        which: KeysToRotate,
    },
}

/// Which keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum KeysToRotate {
    /// What secrets at rest are sealed with.
    Sealing,
    /// What seals over histories are signed with.
    Audit,
    /// What ID tokens are signed with.
    Jwt,
    /// All three.
    All,
}

/// `letters …`
#[derive(Debug, Subcommand)]
pub enum LettersCommand {
    /// Write every letter with its samples, and say what does not read
    #[command(after_help = "Example:\n  redress letters check")]
    Check,
}

fn parse_env(word: &str) -> Result<Env, String> {
    Env::parse(word).ok_or_else(|| "it is `production` or `staging`".to_owned())
}

fn parse_role(word: &str) -> Result<Role, String> {
    let words: Vec<_> = Role::ALL.into_iter().map(Role::word).collect();
    Role::parse(word).ok_or_else(|| format!("the roles are {}", words.join(", ")))
}

fn parse_rights(words: &str) -> Result<Rights, String> {
    let all: Vec<_> = Right::ALL.into_iter().map(Right::word).collect();
    Rights::parse(words)
        .map_err(|word| format!("`{word}` is no right; there are {}", all.join(", ")))
}

/// The rights that are left of a signing key.
fn parse_key_rights(words: &str) -> Result<Rights, String> {
    let all = Role::Client.rights();
    let refused = |word: &str| {
        let all = all.words().replace(' ', ", ");
        format!("`{word}` is no right of a key; there are {all}")
    };
    let rights = Rights::parse(words).map_err(|word| refused(&word))?;
    match rights.list().find(|right| !all.has(*right)) {
        Some(right) => Err(refused(right.word())),
        None => Ok(rights),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use clap::CommandFactory;

    use super::*;

    /// The commands that do something, with their words.
    fn leaves(command: &clap::Command, words: &str, into: &mut Vec<(String, clap::Command)>) {
        for inner in command.get_subcommands().filter(|inner| inner.get_name() != "help") {
            let words = format!("{words} {}", inner.get_name());
            match inner.has_subcommands() {
                true => leaves(inner, &words, into),
                false => into.push((words, inner.clone())),
            }
        }
    }

    /// The commands that have others below them, with their words.
    fn groups(command: &clap::Command, words: &str, into: &mut Vec<(String, clap::Command)>) {
        for inner in command.get_subcommands().filter(|inner| inner.has_subcommands()) {
            let words = format!("{words} {}", inner.get_name());
            groups(inner, &words, into);
            into.push((words, inner.clone()));
        }
    }

    /// As a shell splits them: at spaces, with quotes held together.
    fn split(line: &str) -> Vec<String> {
        line.split('\'')
            .enumerate()
            .flat_map(|(place, part)| match place % 2 {
                0 => part.split_whitespace().map(str::to_owned).collect(),
                _ => vec![part.to_owned()],
            })
            .collect()
    }

    #[test]
    fn the_tree_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn every_command_has_an_example_that_reads_as_that_command() {
        let mut all = Vec::new();
        leaves(&Cli::command(), "redress", &mut all);
        assert!(all.len() >= 23, "{}", all.len());
        groups(&Cli::command(), "redress", &mut all);
        for (words, command) in all {
            let help = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let (_, examples) = help.split_once("Example:\n").unwrap_or_else(|| {
                panic!("{words} has no example");
            });
            for example in examples.lines().map(str::trim) {
                assert!(example.starts_with(&words), "{words}: {example}");
                if let Err(why) = Cli::try_parse_from(split(example)) {
                    panic!("{example}: {why}");
                }
            }
        }
    }

    /// What works upon an account says which, where and how to print it in the same way, and a
    /// flag of one name takes the same thing everywhere.
    #[test]
    fn flags_are_the_same_everywhere() {
        const GROUPS: [&str; 11] = [
            "key", "token", "login", "webhook", "member", "queue", "team", "setting", "message",
            "history", "reads",
        ];
        let mut all = Vec::new();
        leaves(&Cli::command(), "redress", &mut all);
        let mut seen: BTreeMap<String, (String, String)> = BTreeMap::new();
        for (words, command) in all {
            let group = words.split(' ').nth(1).unwrap_or_default();
            let of_account = GROUPS.contains(&group);
            let longs: Vec<&str> =
                command.get_arguments().filter_map(clap::Arg::get_long).collect();
            for flag in ["tenant", "env", "json"].iter().filter(|_| of_account) {
                assert!(longs.contains(flag), "{words} has no --{flag}");
            }
            assert!(group != "tenant" || longs.contains(&"json"), "{words} has no --json");
            for argument in command.get_arguments().filter(|one| !one.is_global_set()) {
                let Some(flag) = argument.get_long() else { continue };
                assert_ne!(flag, "label", "{words}: what people call it is --name");
                let value = argument.get_action().takes_values();
                let shape = format!("{value} {:?}", argument.get_value_names());
                let (first, known) =
                    seen.entry(flag.to_owned()).or_insert_with(|| (words.clone(), shape.clone()));
                assert_eq!(shape, *known, "--{flag} of {words} and of {first}");
            }
        }
    }

    #[test]
    fn no_flag_takes_a_secret() {
        let mut all = Vec::new();
        leaves(&Cli::command(), "redress", &mut all);
        for (words, command) in all {
            for flag in command.get_arguments().filter_map(clap::Arg::get_long) {
                let secret = ["secret", "password", "token"].contains(&flag);
                assert!(!secret, "{words} --{flag} would show a secret to other users");
            }
        }
    }
}
