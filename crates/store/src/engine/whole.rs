//! A database as a whole, before it is opened for work: what is in it, and whether anything is.
//! Each engine answers in its own words. It must never change anything.

use super::{Place, postgres, sqlite};
use crate::copy::{Portion, Table};
use crate::fault::Fault;
use crate::migrate::Migration;

/// Reads everything that is stored in one snapshot and sends it off, beside a server that writes.
/// Waits while nobody takes it.
///
/// # Errors
/// A fault when there is no database of ours, when it has steps that `steps` lacks, when the engine
/// is broken, or when the receiver is gone.
pub async fn copy_out(
    place: &Place,
    steps: &'static [Migration],
    out: tokio::sync::mpsc::Sender<Portion>,
) -> Result<(), Fault> {
    match place {
        Place::Sqlite { path, .. } => {
            let path = path.clone();
            let task = tokio::task::spawn_blocking(move || sqlite::copy::all(&path, steps, &out));
            task.await.map_err(|why| Fault::new("reading the database").because(why))?
        }
        Place::Postgres { url, ca_file, .. } => {
            let door = postgres::Door::new(url, ca_file.as_deref())?;
            postgres::copy::all(&door, steps, &out).await
        }
    }
}

/// The tables that both engines have after these steps and that are no index of others, those that
/// are referred to first.
///
/// # Errors
/// A fault when the steps do not make tables.
pub fn tables(steps: &[Migration]) -> Result<Vec<Table>, Fault> {
    sqlite::copy::tables(steps)
}

/// Whether there is no database at `place` yet, or an empty one.
///
/// # Errors
/// A fault when the server does not answer.
pub async fn vacant(place: &Place) -> Result<bool, Fault> {
    match place {
        Place::Sqlite { path, .. } => Ok(!path.exists()),
        Place::Postgres { url, ca_file, .. } => {
            postgres::copy::vacant(&postgres::Door::new(url, ca_file.as_deref())?).await
        }
    }
}
