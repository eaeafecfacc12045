//! Everything that is stored, as rows of plain values: out of one engine in one snapshot, and into
//! an empty database of either. What only one engine has (a search index) is not among it: its step
//! makes it anew. Nothing here is for the running server, and no row is ever changed here.

use crate::engine::{Db, STATEMENTS_PER_BATCH_MAX, Stmt, Value};
use crate::fault::Fault;

/// Rows handed over at a time: enough to hide the way between two threads.
pub const ROWS_PER_PORTION: usize = 1_000;

/// Portions that may wait to be taken, so that memory does not grow with a slow disk.
pub const PORTIONS_WAITING_MAX: usize = 4;

/// How the names of tables begin that are derived from others, a search index above all. They are
/// not copied: in the new database they stand as their steps make them, and are filled by the sweep
/// that fills them after an update.
const DERIVED: [&str; 1] = ["search_"];

/// Whether a table is derived from others.
pub(crate) fn is_derived(table: &str) -> bool {
    DERIVED.iter().any(|beginning| table.starts_with(beginning))
}

/// A table as both engines have it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name.
    pub name: String,
    /// Its columns, in their order.
    pub columns: Vec<String>,
}

impl Table {
    /// Reads every row. The names come from the steps of this program, never from outside.
    pub(crate) fn all_rows(&self) -> String {
        format!("SELECT {} FROM {}", self.columns.join(", "), self.name)
    }

    fn insertion(&self) -> String {
        let places: Vec<_> = (1..=self.columns.len()).map(|place| format!("?{place}")).collect();
        let (columns, places) = (self.columns.join(", "), places.join(", "));
        format!("INSERT INTO {} ({columns}) VALUES ({places})", self.name)
    }

    fn clearing(&self) -> String {
        format!("DELETE FROM {}", self.name)
    }

    fn count(&self) -> String {
        format!("SELECT CAST(COUNT(1) AS BIGINT) FROM {}", self.name)
    }
}

/// What comes out of a snapshot, in this order: the beginning once, then rows, table after table.
#[derive(Debug)]
pub enum Portion {
    /// How many steps the schema has, and its tables: those that are referred to come first.
    Begun {
        /// The newest step.
        newest: u32,
        /// The tables.
        tables: Vec<Table>,
    },
    /// Some rows of one table.
    Rows {
        /// Which table, by its place in the list.
        table: usize,
        /// The rows, each with a value for every column.
        rows: Vec<Vec<Value>>,
    },
}

/// A way into one table of a database that nobody else uses yet.
pub struct Filler<'d> {
    db: &'d Db,
    insertion: &'static str,
    count: &'static str,
    clearing: &'static str,
}

impl<'d> Filler<'d> {
    /// The way into `table`. The three texts it makes stay for the life of the program, as all
    /// texts of statements do; a program fills each table once.
    pub fn new(db: &'d Db, table: &Table) -> Self {
        let keep = |text: String| -> &'static str { Box::leak(text.into_boxed_str()) };
        let (insertion, count) = (keep(table.insertion()), keep(table.count()));
        Self { db, insertion, count, clearing: keep(table.clearing()) }
    }

    /// Takes out what the steps put in. Tables that refer to others are cleared before those.
    ///
    /// # Errors
    /// A fault when the engine refuses.
    pub async fn clear(&self) -> Result<(), Fault> {
        self.send(vec![Stmt::any(self.clearing, vec![])]).await
    }

    /// Puts these rows in, durably.
    ///
    /// # Errors
    /// A fault when the engine refuses a row: it is there already, or is of another shape.
    pub async fn put(&self, rows: Vec<Vec<Value>>) -> Result<(), Fault> {
        let mut batch = Vec::with_capacity(rows.len().min(STATEMENTS_PER_BATCH_MAX));
        for row in rows {
            batch.push(Stmt::any(self.insertion, row));
            if batch.len() == STATEMENTS_PER_BATCH_MAX {
                self.send(std::mem::take(&mut batch)).await?;
            }
        }
        if batch.is_empty() { Ok(()) } else { self.send(batch).await }
    }

    async fn send(&self, batch: Vec<Stmt>) -> Result<(), Fault> {
        use crate::engine::CommitError::{Broken, Limit, Missed};
        self.db.bulk(None, batch).await.map(drop).map_err(|why| match why {
            Broken(fault) => fault,
            Limit { name } => Fault::new(format!("a row breaks the rule {name:?} of its table")),
            Missed { tag } => Fault::new(format!("a row missed {tag:?}")),
        })
    }

    /// How many rows the table has.
    ///
    /// # Errors
    /// A fault when the engine is broken.
    pub async fn rows(&self) -> Result<u64, Fault> {
        let row = self.db.one(self.count, vec![]).await?;
        let count = row.ok_or_else(|| Fault::new("counting gave no row"))?.int(0)?;
        Ok(u64::try_from(count).unwrap_or(0))
    }
}
