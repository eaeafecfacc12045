//! Everything in one snapshot, out of each engine and into either: exactly what was committed
//! before it began, whatever is written while it is read.

use super::support::{AT, Stand, TABLES, on_both, postgres, sqlite};
use store::copy::{Filler, PORTIONS_WAITING_MAX, Portion, ROWS_PER_PORTION, Table};
use store::engine::{Stmt, Value, copy_out, tables, vacant};
use store::migrate::Migration;
use tokio::sync::mpsc::{Receiver, channel};

const ADD_ACCOUNT: &str = "INSERT INTO accounts (id, version, balance) VALUES (?1, ?2, ?3)";

const ADD_NOTE: &str =
    "INSERT INTO notes (id, account, number, words, picture) VALUES (?1, ?2, ?3, ?4, ?5)";

/// Rows that fill every portion that may wait, and more.
const MANY: usize = (PORTIONS_WAITING_MAX + 3) * ROWS_PER_PORTION;

type Rows = Vec<Vec<Value>>;

fn account(number: usize) -> Vec<Value> {
    vec![Value::Text(format!("a{number:06}")), Value::Int(1), Value::Int(number as i64)]
}

/// Every kind of value at its edges, in the order of the columns.
fn notes() -> Rows {
    let text = |text: &str| Value::Text(text.to_owned());
    vec![
        vec![Value::Int(1), Value::Null, Value::Null, Value::Null, Value::Null],
        vec![
            Value::Int(i64::MAX),
            text("a000001"),
            Value::Int(i64::MIN),
            text(""),
            Value::Bytes(Vec::new()),
        ],
        vec![
            Value::Int(-1),
            text("a000002"),
            Value::Int(0),
            text("zażółć 'quoted' \"twice\"\n\u{1f4b8}\u{1}"),
            Value::Bytes((0..=255).collect()),
        ],
    ]
}

async fn filled(stand: &Stand) {
    let accounts: Vec<_> = (0..MANY).map(|n| Stmt::any(ADD_ACCOUNT, account(n))).collect();
    stand.db.bulk(None, accounts).await.unwrap();
    stand
        .db
        .bulk(None, notes().into_iter().map(|n| Stmt::any(ADD_NOTE, n)).collect())
        .await
        .unwrap();
}

/// All that comes out from now on, by table, sorted.
async fn drained(portions: &mut Receiver<Portion>, tables: usize) -> Vec<Rows> {
    let mut all = vec![Rows::new(); tables];
    while let Some(portion) = portions.recv().await {
        match portion {
            Portion::Rows { table, rows } => all[table].extend(rows),
            Portion::Begun { .. } => panic!("it begins once"),
        }
    }
    for rows in &mut all {
        rows.sort_by_key(|row| format!("{:?}", key(row)));
    }
    all
}

fn key(row: &[Value]) -> (i64, String) {
    match &row[0] {
        Value::Int(int) => (*int, String::new()),
        Value::Text(text) => (0, text.clone()),
        other => panic!("{other:?}"),
    }
}

async fn begun(portions: &mut Receiver<Portion>) -> Vec<Table> {
    match portions.recv().await {
        Some(Portion::Begun { newest: 1, tables }) => tables,
        other => panic!("{other:?}"),
    }
}

/// Reads everything while more is written, and returns it.
async fn taken(stand: &Stand) -> (Vec<Table>, Vec<Rows>) {
    let (out, mut portions) = channel(PORTIONS_WAITING_MAX);
    let place = stand.place.clone();
    let copying = tokio::spawn(async move { copy_out(&place, TABLES, out).await });
    let tables = begun(&mut portions).await;
    // The first table is longer than what may wait, so the second was not read yet.
    for number in 0..3 {
        let note =
            vec![Value::Int(100 + number), Value::Null, Value::Null, Value::Null, Value::Null];
        stand.db.commit(vec![Stmt::any(ADD_NOTE, note)]).await.unwrap();
    }
    let all = drained(&mut portions, tables.len()).await;
    copying.await.unwrap().unwrap();
    (tables, all)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_goes_from_each_engine_into_either() {
    for from in [sqlite().await, postgres("copy_from").await] {
        from.db.migrate(TABLES, AT).await.unwrap();
        filled(&from).await;
        let (tables, rows) = taken(&from).await;
        let names: Vec<_> = tables.iter().map(|table| table.name.as_str()).collect();
        assert_eq!(names, ["accounts", "notes"], "{}", from.name);
        assert_eq!(rows[0].len(), MANY, "{}", from.name);
        let mut expected = notes();
        expected.sort_by_key(|row| format!("{:?}", key(row)));
        assert!(rows[1] == expected, "{}: what was written meanwhile is not in it", from.name);

        for onto in [sqlite().await, postgres("copy_onto").await] {
            // A file that was opened is there; a schema without tables is empty.
            assert_eq!(vacant(&onto.place).await.unwrap(), onto.server.is_some());
            onto.db.migrate(TABLES, AT).await.unwrap();
            for (table, rows) in tables.iter().zip(&rows) {
                let filler = Filler::new(&onto.db, table);
                filler.put(rows.clone()).await.unwrap();
                assert_eq!(filler.rows().await.unwrap(), rows.len() as u64);
                assert!(filler.put(rows[..1].to_vec()).await.is_err(), "rows are there once");
            }
            let (out, mut portions) = channel(PORTIONS_WAITING_MAX);
            let place = onto.place.clone();
            let copying = tokio::spawn(async move { copy_out(&place, TABLES, out).await });
            let again = begun(&mut portions).await;
            let there = drained(&mut portions, again.len()).await;
            copying.await.unwrap().unwrap();
            assert!(there == rows, "{} into {}", from.name, onto.name);
            assert!(!vacant(&onto.place).await.unwrap());
            onto.clear().await;
        }
        from.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_steps_put_in_gives_way() {
    const SEEDED: &[Migration] = &[Migration::new(
        1,
        "seeded",
        "CREATE TABLE parents (id INTEGER PRIMARY KEY, number INTEGER NOT NULL) STRICT;
         CREATE TABLE children (parent INTEGER NOT NULL REFERENCES parents (id)) STRICT;
         INSERT INTO parents (id, number) VALUES (1, 0);
         INSERT INTO children (parent) VALUES (1);",
    )];
    for stand in [sqlite().await, postgres("copy_seeded").await] {
        stand.db.migrate(SEEDED, AT).await.unwrap();
        let tables = tables(SEEDED).unwrap();
        for table in tables.iter().rev() {
            Filler::new(&stand.db, table).clear().await.unwrap();
        }
        let filler = Filler::new(&stand.db, &tables[0]);
        filler.put(vec![vec![Value::Int(1), Value::Int(7)]]).await.unwrap();
        assert_eq!(filler.rows().await.unwrap(), 1, "{}", stand.name);
        stand.clear().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_receiver_that_goes_away_ends_it() {
    on_both("copy_gone", async |stand| {
        filled(stand).await;
        let (out, mut portions) = channel(1);
        let place = stand.place.clone();
        let copying = tokio::spawn(async move { copy_out(&place, TABLES, out).await });
        begun(&mut portions).await;
        drop(portions);
        let why = copying.await.unwrap().unwrap_err().chain();
        assert!(why.contains("nobody takes the rows"), "{}: {why}", stand.name);
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_is_newer_or_not_ours_is_refused() {
    const NONE: &[Migration] = &[];
    for stand in [sqlite().await, postgres("copy_newer").await] {
        let (out, _portions) = channel(1);
        let why = copy_out(&stand.place, TABLES, out).await.unwrap_err().chain();
        assert!(why.contains("no tables of ours"), "{}: {why}", stand.name);
        stand.db.migrate(TABLES, AT).await.unwrap();
        let (out, _portions) = channel(1);
        assert!(copy_out(&stand.place, NONE, out).await.is_err(), "{}", stand.name);
        stand.clear().await;
    }
    assert!(tables(NONE).unwrap().is_empty());
}
