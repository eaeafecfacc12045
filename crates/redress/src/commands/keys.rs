//! `keys rotate`: a new key beside the old ones, and everything that was sealed with an old one
//! sealed anew. Works beside a running server, and can be stopped and repeated. Nothing is deleted.

use std::time::Duration;

use vault::keyring::KeyringError;

use super::{Outcome, say};
use crate::cli::KeysToRotate;
use crate::clock::OsDice;
use crate::directory::DirectoryError;
use crate::settings::EngineSetting;
use crate::wiring::{House, Wanted, Way, explained};

/// How long running servers get to read a new key before anything is sealed with it: more than the
/// two seconds between their looks at the directory.
const LEARNING_TIME: Duration = Duration::from_secs(5);

/// Runs the command.
///
/// # Errors
/// The keys cannot be read or written; something does not open with any of them.
pub async fn rotate(way: &Way, which: KeysToRotate) -> anyhow::Result<Outcome> {
    let house = way.open(Wanted::Existing).await?;
    let keys = house.desk.keyring();
    let all = which == KeysToRotate::All;
    if all || which == KeysToRotate::Audit {
        told("audit", keys.rotate_audit(&mut OsDice))?;
    }
    if all || which == KeysToRotate::Jwt {
        told("jwt", keys.rotate_jwt(&mut OsDice))?;
    }
    if all || which == KeysToRotate::Sealing {
        told("sealing", keys.rotate_sealing(&mut OsDice))?;
        if a_server_may_run(&house) {
            say("waiting 5 s, so that running servers know the new key");
            tokio::time::sleep(LEARNING_TIME).await;
        }
        let anew = house.desk.reseal_all().await.map_err(explained)?;
        let (keys, endpoints, notes) = (anew.keys, anew.endpoints, anew.notes);
        say(&format!(
            "sealed anew: {keys} secrets of API keys, {endpoints} of webhooks, {notes} notes"
        ));
    }
    say(&format!(
        "back up {} now, apart from the database; nodes with a copy of their own need it too",
        keys.dir().display()
    ));
    Ok(Outcome::Done)
}

fn told(kind: &str, rotated: Result<u32, KeyringError>) -> anyhow::Result<()> {
    let version = rotated?;
    say(&format!("new {kind} key: version {version}"));
    Ok(())
}

/// On PostgreSQL servers may run elsewhere, which nobody here can see.
fn a_server_may_run(house: &House) -> bool {
    house.settings.storage.engine == EngineSetting::Postgres
        || matches!(house.directory.lock(), Err(DirectoryError::Locked { .. }))
}
