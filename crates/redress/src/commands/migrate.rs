//! `migrate`: the schema up to date, and nothing else. Every other command does the same first;
//! this one is for those who want it done at a time of their own.

use super::{Outcome, say};
use crate::wiring::{Wanted, Way};

/// Runs the command.
///
/// # Errors
/// The database cannot be opened, or was made by a newer program.
pub async fn run(way: &Way) -> anyhow::Result<Outcome> {
    let house = way.open(Wanted::Any).await?;
    let newest = house.migrated.newest;
    match house.migrated.applied.len() {
        0 => say(&format!("the database is at step {newest} already")),
        count => say(&format!("{count} steps applied; the database is at step {newest}")),
    }
    Ok(Outcome::Done)
}
