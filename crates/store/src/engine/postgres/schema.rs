//! Growing the tables on PostgreSQL, and reading the settings durability rests on. Steps run on a
//! connection of their own, under an advisory lock, so that nodes that start together wait for
//! each other instead of racing.

use super::link::{Door, Plain, fault};
use crate::engine::{EngineKind, Setting};
use crate::fault::Fault;
use crate::migrate::{self, Applied, Migrated, Migration};
use domain::Instant;
use tokio_postgres::Transaction;

/// Which lock: "redress" as a number, so that other programs on the server hold others.
const LOCK: &str = "SELECT pg_advisory_xact_lock(32195222121771891)";

/// Steps may rewrite large tables, and wait long for another node's steps; both without a limit
/// here, since giving up half-way would only begin again.
const PATIENCE: &str = "SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0";

/// The oldest major version that is still mended by its makers.
const SERVER_OLDEST: u32 = 14;

/// Applies what is left of the steps, all in one transaction.
pub(super) async fn migrate(
    door: &Door,
    steps: &'static [Migration],
    at: Instant,
) -> Result<Migrated, Fault> {
    let trouble = |why| fault("bringing the tables up to date", why);
    let mut link = door.connect().await?;
    let transaction = link.client_mut().transaction().await.map_err(trouble)?;
    transaction.batch_execute(PATIENCE).await.map_err(trouble)?;
    transaction.batch_execute(LOCK).await.map_err(trouble)?;
    let own = migrate::for_postgres(migrate::OWN_TABLES);
    transaction.batch_execute(&own).await.map_err(trouble)?;
    let applied = applied(&transaction).await.map_err(trouble)?;
    let oldest = transaction.query_opt(migrate::OLDEST, &[]).await.map_err(trouble)?;
    let oldest = oldest.map(|row| row.try_get(0)).transpose().map_err(trouble)?;
    let left = migrate::plan(steps, &applied, oldest)?;
    for step in left {
        apply(&transaction, step, at).await.map_err(|why| {
            let say = format!("applying step {} {:?}", step.number, step.name);
            Fault::new(say).because(Plain::of(&why))
        })?;
    }
    transaction.commit().await.map_err(trouble)?;
    Ok(Migrated::after(&applied, left))
}

async fn applied(transaction: &Transaction<'_>) -> Result<Vec<Applied>, tokio_postgres::Error> {
    let rows = transaction.query(migrate::APPLIED, &[]).await?;
    let read = |row: &tokio_postgres::Row| {
        Ok(Applied { number: row.try_get(0)?, name: row.try_get(1)?, digest: row.try_get(2)? })
    };
    rows.iter().map(read).collect()
}

async fn apply(
    transaction: &Transaction<'_>,
    step: &Migration,
    at: Instant,
) -> Result<(), tokio_postgres::Error> {
    transaction.batch_execute(&step.text(EngineKind::Postgres)).await?;
    let (number, name, digest, at) = migrate::note(step, at);
    let note = super::link::numbered(migrate::NOTE_STEP).0;
    transaction.execute(&note, &[&number, &name, &digest, &at]).await?;
    let note = super::link::numbered(migrate::NOTE_OLDEST).0;
    transaction.execute(&note, &[&i64::from(step.oldest)]).await?;
    Ok(())
}

/// What durability rests on, as a connection that is set up like a writing one reports it.
pub(super) async fn settings(door: &Door) -> Result<Vec<Setting>, Fault> {
    let trouble = |why| fault("reading the settings of the database", why);
    let link = door.connect().await?;
    let mut settings = Vec::new();
    for name in ["server_version", "synchronous_commit", "fsync", "full_page_writes"] {
        let sql = "SELECT current_setting($1)";
        let row = link.client().query_one(sql, &[&name]).await.map_err(trouble)?;
        let value: String = row.try_get(0).map_err(trouble)?;
        let sound = match name {
            "server_version" => major(&value) >= SERVER_OLDEST,
            "synchronous_commit" => value != "off",
            _ => value == "on",
        };
        settings.push(Setting { name, value, sound });
    }
    Ok(settings)
}

fn major(version: &str) -> u32 {
    version.split(|c: char| !c.is_ascii_digit()).next().and_then(|n| n.parse().ok()).unwrap_or(0)
}
