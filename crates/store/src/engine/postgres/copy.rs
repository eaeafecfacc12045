//! One snapshot of a PostgreSQL database, row by row, on a connection of its own. It takes no lock
//! that a write would wait for, and must never write.

use super::link::{Door, fault};
use crate::copy::{Portion, ROWS_PER_PORTION, Table};
use crate::engine::Value;
use crate::fault::Fault;
use crate::migrate::{self, Applied, Migration};
use futures_util::TryStreamExt;
use tokio::sync::mpsc::Sender;
use tokio_postgres::Client;

/// A snapshot lasts as long as the disk that takes it, so nothing here has a limit of time.
const BEGIN: &str = "
SET statement_timeout = 0;
SET idle_in_transaction_session_timeout = 0;
BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// How many tables stand where ours would be made.
const TABLES_HERE: &str = "SELECT COUNT(1) FROM information_schema.tables
 WHERE table_schema = current_schema()";

const HAS_STEPS: &str = "SELECT COUNT(1) FROM information_schema.tables
 WHERE table_schema = current_schema() AND table_name = 'schema_steps'";

/// Whether the database holds nothing.
pub(in crate::engine) async fn vacant(door: &Door) -> Result<bool, Fault> {
    let link = door.connect().await?;
    Ok(count(link.client(), TABLES_HERE).await? == 0)
}

async fn count(client: &Client, sql: &str) -> Result<i64, Fault> {
    let trouble = |why| fault("looking which tables there are", why);
    client.query_one(sql, &[]).await.map_err(trouble)?.try_get(0).map_err(trouble)
}

/// Sends the rows of all tables, in one snapshot.
pub(in crate::engine) async fn all(
    door: &Door,
    steps: &'static [Migration],
    out: &Sender<Portion>,
) -> Result<(), Fault> {
    let trouble = |why| fault("reading the database", why);
    let link = door.connect().await?;
    let client = link.client();
    client.batch_execute(BEGIN).await.map_err(trouble)?;
    if count(client, HAS_STEPS).await? == 0 {
        return Err(Fault::new("the database holds no tables of ours yet"));
    }
    let steps = known(client, steps).await?;
    let tables = crate::engine::sqlite::copy::tables(steps)?;
    let begun = Portion::Begun { newest: migrate::newest(steps), tables: tables.clone() };
    send(out, begun).await?;
    for (place, table) in tables.iter().enumerate() {
        rows(client, place, table, out).await?;
    }
    client.batch_execute("COMMIT").await.map_err(trouble)
}

async fn known(
    client: &Client,
    steps: &'static [Migration],
) -> Result<&'static [Migration], Fault> {
    let trouble = |why| fault("reading which steps the schema has", why);
    let rows = client.query(migrate::APPLIED, &[]).await.map_err(trouble)?;
    let read = |row: &tokio_postgres::Row| {
        Ok(Applied { number: row.try_get(0)?, name: row.try_get(1)?, digest: row.try_get(2)? })
    };
    let applied: Result<Vec<_>, _> = rows.iter().map(read).collect();
    let oldest = client.query_opt(migrate::OLDEST, &[]).await.map_err(trouble)?;
    let oldest = oldest.map(|row| row.try_get(0)).transpose().map_err(trouble)?;
    migrate::known(steps, &applied.map_err(trouble)?, oldest)
}

async fn rows(
    client: &Client,
    place: usize,
    table: &Table,
    out: &Sender<Portion>,
) -> Result<(), Fault> {
    let trouble = |why| fault("reading a table", why);
    let none = std::iter::empty::<Value>();
    let stream = client.query_raw(&table.all_rows(), none).await.map_err(trouble)?;
    let mut stream = std::pin::pin!(stream);
    let mut rows = Vec::with_capacity(ROWS_PER_PORTION);
    while let Some(row) = stream.try_next().await.map_err(trouble)? {
        let values: Result<Vec<Value>, _> =
            (0..table.columns.len()).map(|i| row.try_get(i)).collect();
        rows.push(values.map_err(trouble)?);
        if rows.len() == ROWS_PER_PORTION {
            let full = std::mem::replace(&mut rows, Vec::with_capacity(ROWS_PER_PORTION));
            send(out, Portion::Rows { table: place, rows: full }).await?;
        }
    }
    if rows.is_empty() { Ok(()) } else { send(out, Portion::Rows { table: place, rows }).await }
}

async fn send(out: &Sender<Portion>, portion: Portion) -> Result<(), Fault> {
    out.send(portion).await.map_err(|_| Fault::new("nobody takes the rows any more"))
}
