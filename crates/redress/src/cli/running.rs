//! What can be typed about the running of an account: people, queues, teams, settings, messages.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use domain::admin::ReadView;
use domain::{Env, Role};

use super::{parse_env, parse_role};

/// An account in one environment.
#[derive(Args, Debug)]
pub struct Where {
    /// Which account
    #[arg(long)]
    pub tenant: String,
    /// In which environment
    #[arg(long, value_parser = parse_env)]
    pub env: Env,
    /// Print JSON instead of words: an object for each thing
    #[arg(long)]
    pub json: bool,
}

/// An account, in whichever environment a thing of it is.
#[derive(Args, Debug)]
pub struct Of {
    /// Which account
    #[arg(long)]
    pub tenant: String,
    /// In which environment [default: in either]
    #[arg(long, value_parser = parse_env)]
    pub env: Option<Env>,
    /// Print JSON instead of words: an object for each thing
    #[arg(long)]
    pub json: bool,
}

/// Rows of a history that are shown at most: more are for `redress export`.
const ROWS_MAX: i64 = 1_000_000;

/// Flags of what comes newest first.
#[derive(Args, Debug)]
pub struct PageArgs {
    /// In which account and environment
    #[command(flatten)]
    pub at: Where,
    /// How many rows
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(i64).range(1..=ROWS_MAX))]
    pub limit: i64,
}

/// Flags of `reads`.
#[derive(Args, Debug)]
pub struct ReadsArgs {
    /// Of which account, and how many
    #[command(flatten)]
    pub page: PageArgs,
    /// Only what this reader saw, as a row names him
    #[arg(long, value_name = "READER", value_parser = parse_wanted)]
    pub by: Option<String>,
    /// Only what was seen in this way
    #[arg(long, value_parser = parse_view)]
    pub view: Option<ReadView>,
    /// Only what was seen of this thing, as a row names it
    #[arg(long, value_name = "THING", value_parser = parse_wanted)]
    pub subject: Option<String>,
}

fn parse_wanted(text: &str) -> Result<String, String> {
    match text.is_empty() {
        true => Err("it is empty; leave the flag out to see all".to_owned()),
        false => Ok(text.to_owned()),
    }
}

fn parse_view(word: &str) -> Result<ReadView, String> {
    let words: Vec<&str> = ReadView::ALL.iter().map(|view| view.word()).collect();
    ReadView::parse(word).ok_or_else(|| format!("one of {}", words.join(", ")))
}

/// `environment …`
#[derive(Debug, Subcommand)]
pub enum EnvironmentCommand {
    /// List the environments of an account and the host names that lead to each
    #[command(after_help = "Which host names lead where is set in the settings file: \
        docs/operating.md.\n\nExample:\n  redress environment list --tenant acme")]
    List {
        /// Which account
        #[arg(long)]
        tenant: String,
        /// Print JSON instead of words: an object for each thing
        #[arg(long)]
        json: bool,
    },
}

/// `member …`
#[derive(Debug, Subcommand)]
pub enum MemberCommand {
    /// Add a person
    #[command(
        after_help = "Example:\n  redress member add ann@acme.example --name Ann --role agent \
        --tenant acme --env production"
    )]
    Add {
        /// The address, which is the name in every history
        email: String,
        /// The name for people
        #[arg(long)]
        name: String,
        /// What the person may do
        #[arg(long, value_parser = parse_role)]
        role: Role,
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
    /// List the people
    #[command(after_help = "Example:\n  redress member list --tenant acme --env production")]
    List {
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
    /// Call a person otherwise, or change what he may do
    #[command(after_help = "Example:\n  redress member change ann@acme.example --role supervisor \
        --tenant acme --env production")]
    Change {
        /// The id or the address
        member: String,
        /// The new name for people
        #[arg(long, required_unless_present = "role")]
        name: Option<String>,
        /// The new role
        #[arg(long, value_parser = parse_role)]
        role: Option<Role>,
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
    /// Let nothing of a person work any more, at once
    #[command(after_help = "Example:\n  redress member disable ann@acme.example \
        --tenant acme --env production")]
    Disable {
        /// The id or the address
        member: String,
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
    /// Let a person in again
    #[command(after_help = "Example:\n  redress member enable ann@acme.example \
        --tenant acme --env production")]
    Enable {
        /// The id or the address
        member: String,
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
    /// Set a person's password; a new one is shown once unless a file gives one
    #[command(after_help = "Example:\n  redress member password ann@acme.example \
        --tenant acme --env production")]
    Password {
        /// The id or the address
        member: String,
        /// A file that holds the password
        #[arg(long, value_name = "FILE")]
        password_file: Option<PathBuf>,
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
    /// Make a word that lets a person set the password himself, once, within three days
    #[command(after_help = "Example:\n  redress member invite ann@acme.example \
        --tenant acme --env production")]
    Invite {
        /// The id or the address
        member: String,
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
}

/// `queue …`
#[derive(Debug, Subcommand)]
pub enum QueueCommand {
    /// Add a queue
    #[command(after_help = "Example:\n  redress queue add vouchers --team front-desk \
        --tenant acme --env production")]
    Add {
        /// The short name
        slug: String,
        /// The name for people [default: the short one]
        #[arg(long, alias = "label")]
        name: Option<String>,
        /// The team that works it
        #[arg(long)]
        team: Option<String>,
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
    /// List the queues
    #[command(after_help = "Example:\n  redress queue list --tenant acme --env production")]
    List {
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
    /// Change a queue
    #[command(after_help = "Example:\n  redress queue change vouchers --name 'Vouchers and PINs' \
        --tenant acme --env production")]
    Change {
        /// The short name
        slug: String,
        /// The new name for people
        #[arg(long, alias = "label", required_unless_present = "team")]
        name: Option<String>,
        /// The team that works it; an empty one for none
        #[arg(long)]
        team: Option<String>,
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
    /// Let nothing more into a queue
    #[command(
        after_help = "Example:\n  redress queue retire vouchers --tenant acme --env production"
    )]
    Retire {
        /// The short name
        slug: String,
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
    /// Use a retired queue again
    #[command(
        after_help = "Example:\n  redress queue reopen vouchers --tenant acme --env production"
    )]
    Reopen {
        /// The short name
        slug: String,
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
}

/// `team …`
#[derive(Debug, Subcommand)]
pub enum TeamCommand {
    /// Add a team
    #[command(
        after_help = "Example:\n  redress team add front-desk --tenant acme --env production"
    )]
    Add {
        /// The short name
        slug: String,
        /// The name for people [default: the short one]
        #[arg(long, alias = "label")]
        name: Option<String>,
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
    /// List the teams with their people
    #[command(after_help = "Example:\n  redress team list --tenant acme --env production")]
    List {
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
    /// Call a team otherwise
    #[command(after_help = "Example:\n  redress team change front-desk --name 'Front desk' \
        --tenant acme --env production")]
    Change {
        /// The short name
        slug: String,
        /// The new name for people
        #[arg(long, alias = "label")]
        name: String,
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
    /// Put a person into a team
    #[command(after_help = "Example:\n  redress team join front-desk ann@acme.example \
        --tenant acme --env production")]
    Join {
        /// The short name
        slug: String,
        /// The id or the address
        member: String,
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
    /// Take a person out of a team
    #[command(after_help = "Example:\n  redress team leave front-desk ann@acme.example \
        --tenant acme --env production")]
    Leave {
        /// The short name
        slug: String,
        /// The id or the address
        member: String,
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
    /// Let a team be no more
    #[command(
        after_help = "Example:\n  redress team retire front-desk --tenant acme --env production"
    )]
    Retire {
        /// The short name
        slug: String,
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
}

/// `setting …`
#[derive(Debug, Subcommand)]
pub enum SettingCommand {
    /// List every setting, what it takes, and what the account made of it
    #[command(after_help = "Example:\n  redress setting list --tenant acme --env production")]
    List {
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
    /// Set a setting
    #[command(after_help = "Example:\n  redress setting set sender-name 'Acme Pay' \
        --tenant acme --env production")]
    Set {
        /// Its key, as the list shows it
        key: String,
        /// The value
        value: String,
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
    /// Set a setting back to what the installation has
    #[command(
        after_help = "Example:\n  redress setting reset sender-name --tenant acme --env production"
    )]
    Reset {
        /// Its key, as the list shows it
        key: String,
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
}

/// `message …`
#[derive(Debug, Subcommand)]
pub enum MessageCommand {
    /// List every message and the account's own wording
    #[command(after_help = "Example:\n  redress message list --tenant acme --env production")]
    List {
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
    /// Word a message anew
    #[command(
        after_help = "Example:\n  redress message set iimmpact.received 'Write to {contact}.' \
        --tenant acme --env production"
    )]
    Set {
        /// Its key, as the list shows it
        key: String,
        /// One line; {contact} stands for the support address
        text: String,
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
    /// Word a message as the installation does
    #[command(after_help = "Example:\n  redress message reset iimmpact.received \
        --tenant acme --env production")]
    Reset {
        /// Its key, as the list shows it
        key: String,
        /// In which account and environment
        #[command(flatten)]
        at: Where,
    },
}
