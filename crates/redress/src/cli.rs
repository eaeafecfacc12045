//! What can be typed: every command, its flags, and an example in each help text. It reads words
//! into values and does nothing with them. Secrets never come as flags, since other users of a
//! machine see those; they come from files and the environment.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};
use domain::{Env, Role};

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
    #[command(subcommand)]
    Import(ImportCommand),
    /// The accounts of an installation
    #[command(subcommand)]
    Tenant(TenantCommand),
    /// API keys with their HMAC secrets
    #[command(subcommand)]
    Key(KeyCommand),
    /// Tokens of people and programs for our own API
    #[command(subcommand)]
    Token(TokenCommand),
    /// User names and passwords of the deprecated ID-token login
    #[command(subcommand)]
    Login(LoginCommand),
    /// Where events are sent
    #[command(subcommand)]
    Webhook(WebhookCommand),
    /// Say what is wrong with an installation and how to mend it
    #[command(after_help = "Example:\n  redress doctor --dir /var/lib/redress")]
    Doctor,
    /// The sealed history of all cases
    #[command(subcommand)]
    Audit(AuditCommand),
    /// The keys outside the database
    #[command(subcommand)]
    Keys(KeysCommand),
    /// The mails and messages
    #[command(subcommand)]
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
}

/// Flags of `serve`.
#[derive(Args, Debug)]
pub struct ServeArgs {
    /// Address and port; port 0 takes a free one [default: the setting server.listen]
    #[arg(long, value_name = "ADDRESS:PORT")]
    pub listen: Option<SocketAddr>,
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
    #[arg(long, value_parser = crate::transactions_file::Format::parse)]
    pub format: Option<crate::transactions_file::Format>,
}

/// `tenant …`
#[derive(Debug, Subcommand)]
pub enum TenantCommand {
    /// Add an account
    #[command(after_help = "Example:\n  redress tenant add acme --email ops@acme.example")]
    Add {
        /// A short name, unique in the installation: lower case letters, digits, hyphens
        slug: String,
        /// The account's registered address; it is copied on every mail
        #[arg(long, value_name = "ADDRESS")]
        email: String,
        /// The name for people [default: the short one]
        #[arg(long)]
        name: Option<String>,
        /// Seal what payers write with the key outside the database; it cannot be searched then
        #[arg(long)]
        seal_narratives: bool,
    },
    /// List the accounts
    #[command(after_help = "Example:\n  redress tenant list")]
    List,
}

/// `key …`
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make an API key; the secret is shown once
    #[command(after_help = "Example:\n  redress key add --tenant acme --env production")]
    Add {
        /// Whose key
        #[arg(long)]
        tenant: String,
        /// For which environment
        #[arg(long, value_parser = parse_env)]
        env: Env,
        /// What it is for, for people
        #[arg(long, default_value = "")]
        label: String,
        /// Print key and secret as JSON
        #[arg(long)]
        json: bool,
    },
    /// List the API keys of an account, without secrets
    #[command(after_help = "Example:\n  redress key list --tenant acme")]
    List {
        /// Whose keys
        #[arg(long)]
        tenant: String,
    },
    /// Make an API key useless from now on
    #[command(after_help = "Example:\n  redress key revoke iimm_prod_k7f3 --tenant acme")]
    Revoke {
        /// The key, without its secret
        key: String,
        /// Whose key
        #[arg(long)]
        tenant: String,
    },
}

/// `token …`
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token for our own API; it is shown once
    #[command(after_help = "Example:\n  \
        redress token add --tenant acme --env production --role agent --name ann@acme.example")]
    Add {
        /// Whose token
        #[arg(long)]
        tenant: String,
        /// For which environment
        #[arg(long, value_parser = parse_env)]
        env: Env,
        /// What it may do
        #[arg(long, value_parser = parse_role)]
        role: Role,
        /// Who holds it, as the history will say
        #[arg(long)]
        name: String,
        /// How many days it works
        #[arg(long, value_name = "DAYS", default_value_t = 365,
              value_parser = clap::value_parser!(u16).range(1..=3650))]
        days: u16,
        /// Print the token as JSON
        #[arg(long)]
        json: bool,
    },
    /// List the tokens of an account by their ids, without the tokens
    #[command(after_help = "Example:\n  redress token list --tenant acme")]
    List {
        /// Whose tokens
        #[arg(long)]
        tenant: String,
    },
    /// Make a token useless at once
    #[command(after_help = "Example:\n  redress token revoke 1f3a5c7e --tenant acme")]
    Revoke {
        /// Its id, as `token list` shows it
        id: String,
        /// Whose token
        #[arg(long)]
        tenant: String,
    },
}

/// `login …`
#[derive(Debug, Subcommand)]
pub enum LoginCommand {
    /// Add a user name for POST /v2/token; a new password is shown once unless a file gives one
    #[command(after_help = "Example:\n  \
        redress login add --tenant acme --env staging --username acme-staging")]
    Add {
        /// Whose login
        #[arg(long)]
        tenant: String,
        /// For which environment
        #[arg(long, value_parser = parse_env)]
        env: Env,
        /// The user name
        #[arg(long)]
        username: String,
        /// A file that holds the password
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// Print name and password as JSON
        #[arg(long)]
        json: bool,
    },
    /// List the logins of an account, without passwords
    #[command(after_help = "Example:\n  redress login list --tenant acme")]
    List {
        /// Whose logins
        #[arg(long)]
        tenant: String,
    },
    /// Set a login's password anew; its refresh tokens end, ID tokens run out within their hour
    #[command(after_help = "A new password is shown once unless a file gives one.\n\nExample:\n  \
        redress login password --tenant acme --env staging --username acme-staging")]
    Password {
        /// Whose login
        #[arg(long)]
        tenant: String,
        /// In which environment
        #[arg(long, value_parser = parse_env)]
        env: Env,
        /// The user name
        #[arg(long)]
        username: String,
        /// A file that holds the password
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// Print name and password as JSON
        #[arg(long)]
        json: bool,
    },
}

/// `webhook …`
#[derive(Debug, Subcommand)]
pub enum WebhookCommand {
    /// Send the account's events to an address; the signing secret is shown once
    #[command(
        after_help = "In the directory of a demo the secret is the one in demo.json, unless \
        --secret-file or --new-secret says otherwise.\n\nExample:\n  \
        redress webhook add --tenant acme --env production --url https://acme.example/hooks"
    )]
    Add {
        /// Whose events
        #[arg(long)]
        tenant: String,
        /// Of which environment
        #[arg(long, value_parser = parse_env)]
        env: Env,
        /// Where they go
        #[arg(long)]
        url: String,
        /// A file that holds the signing secret: whsec_ and Base64 [default: a new one]
        #[arg(long, value_name = "FILE", conflicts_with = "new_secret")]
        secret_file: Option<PathBuf>,
        /// Make a new secret also in the directory of a demo
        #[arg(long)]
        new_secret: bool,
        /// Print id and secret as JSON
        #[arg(long)]
        json: bool,
    },
    /// List the addresses that an account's events go to, without secrets
    #[command(after_help = "Example:\n  redress webhook list --tenant acme")]
    List {
        /// Whose events
        #[arg(long)]
        tenant: String,
    },
    /// Send an account's events there no more
    #[command(after_help = "Example:\n  \
        redress webhook remove ep_01jb8k2m3n4p5q6r7s8t9v0w1x --tenant acme")]
    Remove {
        /// Its id, as `webhook list` shows it
        id: String,
        /// Whose events
        #[arg(long)]
        tenant: String,
    },
}

/// `audit …`
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Check every case's history against its chain and the seals
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

#[cfg(test)]
mod tests {
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
