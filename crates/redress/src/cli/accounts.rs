//! What can be typed about accounts and their credentials. Secrets never come as flags.

use std::path::PathBuf;

use clap::Subcommand;
use domain::{Rights, Role};

use super::running::{Of, Where};
use super::{parse_key_rights, parse_rights, parse_role};

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
        /// Print JSON instead of words: an object for each thing
        #[arg(long)]
        json: bool,
    },
    /// Call an account otherwise, or move its registered address
    #[command(after_help = "Example:\n  redress tenant change acme --name 'Acme Pay'")]
    Change {
        /// Its short name, which stays
        slug: String,
        /// The new name for people
        #[arg(long, required_unless_present = "email")]
        name: Option<String>,
        /// The new registered address
        #[arg(long, value_name = "ADDRESS")]
        email: Option<String>,
        /// Print JSON instead of words: an object for each thing
        #[arg(long)]
        json: bool,
    },
    /// List the accounts
    #[command(after_help = "Example:\n  redress tenant list")]
    List {
        /// Print JSON instead of words: an object for each thing
        #[arg(long)]
        json: bool,
    },
}

/// `key …`
#[derive(Debug, Subcommand)]
pub enum KeyCommand {
    /// Make an API key; the secret is shown once
    #[command(after_help = "Example:\n  redress key add --tenant acme --env production")]
    Add {
        /// In which account and environment
        #[command(flatten)]
        at: Where,
        /// What it is for, for people
        #[arg(long, alias = "label", default_value = "")]
        name: String,
        /// What is left of a client's rights, as in `read-status read-payments` [default: all]
        #[arg(long, value_parser = parse_key_rights)]
        rights: Option<Rights>,
    },
    /// List the API keys of an account, without secrets
    #[command(after_help = "Example:\n  redress key list --tenant acme")]
    List {
        /// In which account, and environment if it matters
        #[command(flatten)]
        at: Of,
    },
    /// Make a new API key in the place of another, which works for some hours yet
    #[command(after_help = "Example:\n  redress key rotate iimm_prod_k7f3 --tenant acme")]
    Rotate {
        /// The key that ends
        key: String,
        /// In which account, and environment if it matters
        #[command(flatten)]
        at: Of,
        /// For how many hours both work
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(i64).range(0..=720))]
        hours: i64,
    },
    /// Make an API key useless from now on
    #[command(after_help = "Example:\n  redress key revoke iimm_prod_k7f3 --tenant acme")]
    Revoke {
        /// The key, without its secret
        key: String,
        /// In which account, and environment if it matters
        #[command(flatten)]
        at: Of,
    },
}

/// `token …`
#[derive(Debug, Subcommand)]
pub enum TokenCommand {
    /// Make a token for our own API; it is shown once
    #[command(after_help = "Example:\n  \
        redress token add --tenant acme --env production --role agent \
        --member ann@acme.example")]
    Add {
        /// In which account and environment
        #[command(flatten)]
        at: Where,
        /// What it may do
        #[arg(long, value_parser = parse_role)]
        role: Role,
        /// The name of who holds it, as the history will say
        #[arg(long, required_unless_present = "member")]
        name: Option<String>,
        /// The member whose token it is, by id or address: it ends with him
        #[arg(long, conflicts_with = "name")]
        member: Option<String>,
        /// What is left of the role's rights, as in `read-cases read-status` [default: all]
        #[arg(long, value_parser = parse_rights)]
        rights: Option<Rights>,
        /// Let it manage accounts too: it is then of the whole installation
        #[arg(long)]
        installation: bool,
        /// How many days it works
        #[arg(long, value_name = "DAYS", default_value_t = 365,
              value_parser = clap::value_parser!(u16).range(1..=3650))]
        days: u16,
    },
    /// List the tokens of an account by their ids, without the tokens
    #[command(after_help = "Example:\n  redress token list --tenant acme")]
    List {
        /// In which account, and environment if it matters
        #[command(flatten)]
        at: Of,
    },
    /// Make a token useless at once
    #[command(after_help = "Example:\n  redress token revoke tk_1f3a5c7e90b2d4f6 --tenant acme")]
    Revoke {
        /// Its id, as `token list` shows it
        id: String,
        /// In which account, and environment if it matters
        #[command(flatten)]
        at: Of,
    },
}

/// `login …`
#[derive(Debug, Subcommand)]
pub enum LoginCommand {
    /// Add a user name for POST /v2/token; a new password is shown once unless a file gives one
    #[command(after_help = "Example:\n  \
        redress login add --tenant acme --env staging --username acme-staging")]
    Add {
        /// In which account and environment
        #[command(flatten)]
        at: Where,
        /// The user name
        #[arg(long)]
        username: String,
        /// A file that holds the password
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
    },
    /// List the logins of an account, without passwords
    #[command(after_help = "Example:\n  redress login list --tenant acme")]
    List {
        /// In which account, and environment if it matters
        #[command(flatten)]
        at: Of,
    },
    /// Set a login's password anew; its refresh tokens end, ID tokens run out within their hour
    #[command(after_help = "A new password is shown once unless a file gives one.\n\nExample:\n  \
        redress login password --tenant acme --env staging --username acme-staging")]
    Password {
        /// In which account and environment
        #[command(flatten)]
        at: Where,
        /// The user name
        #[arg(long)]
        username: String,
        /// A file that holds the password
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
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
        /// In which account and environment
        #[command(flatten)]
        at: Where,
        /// Where they go
        #[arg(long)]
        url: String,
        /// A file that holds the signing secret: whsec_ and Base64 [default: a new one]
        #[arg(long, value_name = "FILE", conflicts_with = "new_secret")]
        secret_file: Option<PathBuf>,
        /// Make a new secret also in the directory of a demo
        #[arg(long)]
        new_secret: bool,
    },
    /// List the addresses that an account's events go to, without secrets
    #[command(after_help = "Example:\n  redress webhook list --tenant acme")]
    List {
        /// In which account, and environment if it matters
        #[command(flatten)]
        at: Of,
    },
    /// Send an account's events there no more
    #[command(after_help = "Example:\n  \
        redress webhook remove ep_01jb8k2m3n4p5q6r7s8t9v0w1x --tenant acme")]
    Remove {
        /// Its id, as `webhook list` shows it
        id: String,
        /// In which account, and environment if it matters
        #[command(flatten)]
        at: Of,
    },
    /// Send an account's events there again
    #[command(after_help = "Example:\n  \
        redress webhook enable ep_01jb8k2m3n4p5q6r7s8t9v0w1x --tenant acme")]
    Enable {
        /// Its id, as `webhook list` shows it
        id: String,
        /// In which account, and environment if it matters
        #[command(flatten)]
        at: Of,
    },
    /// Give an address a new signing secret; the old one signs beside it for some hours
    #[command(after_help = "Example:\n  \
        redress webhook rotate ep_01jb8k2m3n4p5q6r7s8t9v0w1x --tenant acme --hours 48")]
    Rotate {
        /// Its id, as `webhook list` shows it
        id: String,
        /// In which account, and environment if it matters
        #[command(flatten)]
        at: Of,
        /// For how many hours both sign
        #[arg(long, default_value_t = 24, value_parser = clap::value_parser!(i64).range(0..=720))]
        hours: i64,
    },
    /// Send an event there that is about nothing, to see whether it arrives
    #[command(after_help = "Example:\n  \
        redress webhook test ep_01jb8k2m3n4p5q6r7s8t9v0w1x --tenant acme")]
    Test {
        /// Its id, as `webhook list` shows it
        id: String,
        /// In which account, and environment if it matters
        #[command(flatten)]
        at: Of,
    },
    /// Show what went there lately, and how each try ended
    #[command(after_help = "Example:\n  \
        redress webhook deliveries ep_01jb8k2m3n4p5q6r7s8t9v0w1x --tenant acme")]
    Deliveries {
        /// Its id, as `webhook list` shows it
        id: String,
        /// In which account, and environment if it matters
        #[command(flatten)]
        at: Of,
    },
    /// Try a message once more that was given up
    #[command(after_help = "Example:\n  \
        redress webhook replay msg_01jb8k2m3n4p5q6r7s8t9v0w1x --tenant acme")]
    Replay {
        /// Its id, as `webhook deliveries` shows it
        id: String,
        /// In which account, and environment if it matters
        #[command(flatten)]
        at: Of,
    },
}
