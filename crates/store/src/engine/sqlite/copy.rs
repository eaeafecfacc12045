//! One snapshot of a file, row by row, on a connection of its own: beside a server that writes, and
//! without making it wait. And the tables that both engines have, asked of an empty database that
//! was made of the steps. It must never write.

use super::{BUSY_WAIT, fault, open_file, taken};
use crate::copy::{Portion, ROWS_PER_PORTION, Table, is_derived};
use crate::engine::Value;
use crate::fault::Fault;
use crate::migrate::{self, Migration};
use rusqlite::{Connection, OpenFlags, OptionalExtension};
use std::path::Path;
use tokio::sync::mpsc::Sender;

/// Memory for pages; every page is read once.
const SETTINGS: &str = "PRAGMA query_only = ON; PRAGMA cache_size = -8192;";

/// Tables in the order in which they were made.
const TABLES: &str = "SELECT name FROM sqlite_schema
 WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid";

const COLUMNS: &str = "SELECT name FROM pragma_table_info(?1) ORDER BY cid";

const REFERRED_TO: &str = "SELECT DISTINCT \"table\" FROM pragma_foreign_key_list(?1)";

const HAS_STEPS: &str = "SELECT name FROM sqlite_schema WHERE name = 'schema_steps'";

/// The tables after these steps, derived ones aside, those that are referred to first. Only the
/// texts that both engines share are run.
pub(in crate::engine) fn tables(steps: &[Migration]) -> Result<Vec<Table>, Fault> {
    let trouble = |why| fault("making the tables of the steps in memory", why);
    let connection = Connection::open_in_memory().map_err(trouble)?;
    for step in steps {
        connection.execute_batch(step.sql).map_err(trouble)?;
    }
    let names = texts(&connection, TABLES, None).map_err(trouble)?;
    let mut waiting = Vec::with_capacity(names.len());
    for name in names.into_iter().filter(|name| !is_derived(name)) {
        let columns = texts(&connection, COLUMNS, Some(&name)).map_err(trouble)?;
        let needs = texts(&connection, REFERRED_TO, Some(&name)).map_err(trouble)?;
        waiting.push((Table { name, columns }, needs));
    }
    in_order(waiting)
}

fn in_order(mut waiting: Vec<(Table, Vec<String>)>) -> Result<Vec<Table>, Fault> {
    let mut done: Vec<Table> = Vec::with_capacity(waiting.len());
    while !waiting.is_empty() {
        let there = |name: &String| done.iter().any(|table| table.name == *name);
        let Some(next) = waiting.iter().position(|(_, needs)| needs.iter().all(there)) else {
            return Err(Fault::new("the tables refer to each other in a circle"));
        };
        done.push(waiting.remove(next).0);
    }
    Ok(done)
}

fn texts(connection: &Connection, sql: &str, value: Option<&str>) -> rusqlite::Result<Vec<String>> {
    let mut statement = connection.prepare(sql)?;
    let rows = statement.query_map(rusqlite::params_from_iter(value), |row| row.get(0))?;
    rows.collect()
}

/// Sends the rows of all tables, in one snapshot. Blocks: it is called on a thread of its own.
pub(in crate::engine) fn all(
    path: &Path,
    steps: &'static [Migration],
    out: &Sender<Portion>,
) -> Result<(), Fault> {
    if !path.is_file() {
        return Err(Fault::new(format!("there is no database at {}", path.display())));
    }
    // Writable only so that a log left by a crash can be read; the settings forbid writing.
    let connection = open_file(path, OpenFlags::SQLITE_OPEN_READ_WRITE, SETTINGS)?;
    let trouble = |why| fault("reading the database", why);
    connection.busy_timeout(BUSY_WAIT).map_err(trouble)?;
    connection.execute_batch("BEGIN").map_err(trouble)?;
    let ours: Option<String> =
        connection.query_row(HAS_STEPS, [], |row| row.get(0)).optional().map_err(trouble)?;
    if ours.is_none() {
        return Err(Fault::new("the database holds no tables of ours yet"));
    }
    let applied = super::applied(&connection).map_err(trouble)?;
    let oldest = connection.query_row(migrate::OLDEST, [], |row| row.get(0)).optional();
    let steps = migrate::known(steps, &applied, oldest.map_err(trouble)?)?;
    let tables = tables(steps)?;
    let begun = Portion::Begun { newest: migrate::newest(steps), tables: tables.clone() };
    send(out, begun)?;
    for (place, table) in tables.iter().enumerate() {
        rows(&connection, place, table, out)?;
    }
    connection.execute_batch("COMMIT").map_err(trouble)
}

fn rows(
    connection: &Connection,
    place: usize,
    table: &Table,
    out: &Sender<Portion>,
) -> Result<(), Fault> {
    let trouble = |why| fault(&format!("reading the table {}", table.name), why);
    let mut statement = connection.prepare(&table.all_rows()).map_err(trouble)?;
    let mut cursor = statement.query([]).map_err(trouble)?;
    let mut rows = Vec::with_capacity(ROWS_PER_PORTION);
    while let Some(row) = cursor.next().map_err(trouble)? {
        let values: rusqlite::Result<Vec<Value>> =
            (0..table.columns.len()).map(|i| taken(i, row.get_ref(i)?)).collect();
        rows.push(values.map_err(trouble)?);
        if rows.len() == ROWS_PER_PORTION {
            let full = std::mem::replace(&mut rows, Vec::with_capacity(ROWS_PER_PORTION));
            send(out, Portion::Rows { table: place, rows: full })?;
        }
    }
    if rows.is_empty() { Ok(()) } else { send(out, Portion::Rows { table: place, rows }) }
}

fn send(out: &Sender<Portion>, portion: Portion) -> Result<(), Fault> {
    out.blocking_send(portion).map_err(|_| Fault::new("nobody takes the rows any more"))
}

#[cfg(test)]
mod tests {
    use super::tables;
    use crate::migrate::{MIGRATIONS, Migration};

    #[test]
    fn referred_tables_come_first_and_own_ones_of_an_engine_not_at_all() {
        let steps = [
            Migration::new(1, "one", "CREATE TABLE a (x INTEGER, y TEXT);"),
            Migration {
                sqlite: "CREATE TABLE only_here (x INTEGER);",
                ..Migration::new(
                    2,
                    "two",
                    "CREATE TABLE c (id INTEGER PRIMARY KEY);
                     CREATE INDEX by_y ON a (y);
                     CREATE TABLE search_state (x INTEGER);
                     ALTER TABLE a ADD COLUMN z INTEGER REFERENCES c (id);",
                )
            },
        ];
        let found = tables(&steps).expect("tables");
        let shown: Vec<_> = found.iter().map(|t| (t.name.as_str(), t.columns.join(" "))).collect();
        assert_eq!(shown, [("c", "id".to_owned()), ("a", "x y z".to_owned())]);
        let circle = "CREATE TABLE a (x INTEGER REFERENCES b (x));
                      CREATE TABLE b (x INTEGER REFERENCES a (x));";
        assert!(tables(&[Migration::new(1, "one", circle)]).is_err());
    }

    #[test]
    fn the_tables_of_this_program_can_be_brought_into_an_order() {
        let found = tables(MIGRATIONS).expect("tables");
        let place = |name: &str| found.iter().position(|table| table.name == name).expect(name);
        assert!(place("seals") < place("seal_heads"));
        assert!(place("logins") < place("refresh_tokens"));
    }
}
