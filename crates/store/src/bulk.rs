//! Many payments at once: what is known of them, and writing them. PostgreSQL is told all of them
//! in one statement, since a way there and back for each row costs more than the row; SQLite lives
//! in this process and takes them one by one. What they mean is weighed above.

use domain::changes::{Change, Changes};
use domain::payment::Payment;
use domain::{Instant, Scope};

use crate::bulk_postgres as at_once;
use crate::engine::{CommitError, Db, EngineKind, Expect, Load, Query, Stmt, Value};
use crate::fault::Fault;
use crate::read::cases as one_by_one;
use crate::write::{self, tag};

/// The stored payments with these `refid`s, and who owns these `trxid`s, in one snapshot.
///
/// # Errors
/// A fault when the database is broken.
pub async fn known(
    db: &Db,
    scope: Scope,
    rows: &[Payment],
) -> Result<(Vec<Payment>, Vec<(String, String)>), Fault> {
    if db.kind() == EngineKind::Sqlite {
        return one_by_one::for_import(db, scope, rows).await;
    }
    let named = |list: String| vec![scope.number().into(), list.into()];
    let refids = joined(rows.iter().map(|row| row.refid.as_str()));
    let trxids = joined(rows.iter().map(|row| row.trxid.as_str()).filter(|one| !one.is_empty()));
    let found = db
        .read(vec![
            Query::new(at_once::PAYMENTS_BY_REFIDS, named(refids)),
            Query::new(at_once::OWNERS_BY_TRXIDS, named(trxids)),
        ])
        .await?;
    let mut found = found.iter();
    let payments = found.next().into_iter().flatten().map(one_by_one::payment);
    let payments = payments.collect::<Result<_, _>>()?;
    let owners = found.next().into_iter().flatten();
    let owners = owners.map(|row| Ok((row.text(0)?.to_owned(), row.text(1)?.to_owned())));
    Ok((payments, owners.collect::<Result<_, Fault>>()?))
}

/// References one after another: they hold no space, which `domain::payment::columns` sees to.
fn joined<'a>(references: impl Iterator<Item = &'a str>) -> String {
    let mut list = String::new();
    for reference in references {
        if !list.is_empty() {
            list.push(' ');
        }
        list.push_str(reference);
    }
    list
}

/// Writes `changes` wholly or not at all, in a transaction of its own. New payments go first, and
/// in the order of their references.
///
/// # Errors
/// As for [`Db::commit`].
pub async fn commit(db: &Db, mut changes: Changes) -> Result<(), CommitError> {
    let scope = changes.scope;
    let left = write::leaves(&changes);
    let (mut new, mut moved) = (Vec::new(), Vec::new());
    let mut others = Vec::new();
    for change in std::mem::take(&mut changes.list) {
        match change {
            Change::PaymentNew(payment) => new.push(payment),
            Change::PaymentMoved { refid, from_status_at, status, status_at } => {
                moved.push(Moved { refid, from_status_at, status: status.number(), status_at });
            }
            other => others.push(other),
        }
    }
    changes.list = others;
    new.sort_unstable_by(|one, other| one.refid.cmp(&other.refid));
    moved.sort_by(|one, other| one.refid.cmp(&other.refid)); // stable: one payment's stay in turn
    let load = (!new.is_empty()).then(|| write::load(scope, new.into_iter().map(|one| *one)));
    let mut batch = match db.kind() {
        EngineKind::Sqlite => moved.iter().map(|one| one.alone(scope)).collect(),
        EngineKind::Postgres => together(scope, &moved),
    };
    batch.extend(write::statements(&changes));
    batch.extend(left);
    db.bulk(load, batch).await.map(|_| ())
}

/// A payment whose status moves.
struct Moved {
    refid: String,
    from_status_at: Instant,
    status: i64,
    status_at: Instant,
}

impl Moved {
    fn alone(&self, scope: Scope) -> Stmt {
        write::payment_status(scope, &self.refid, self.from_status_at, self.status, self.status_at)
    }
}

/// One statement for runs of moves in which no payment comes twice: it would see only one of them.
fn together(scope: Scope, moved: &[Moved]) -> Vec<Stmt> {
    let mut runs: Vec<Vec<&Moved>> = Vec::new();
    let mut again = 0;
    for (place, one) in moved.iter().enumerate() {
        let before = place.checked_sub(1).and_then(|place| moved.get(place));
        again = if before.is_some_and(|before| before.refid == one.refid) { again + 1 } else { 0 };
        match runs.get_mut(again) {
            Some(run) => run.push(one),
            None => runs.push(vec![one]),
        }
    }
    let numbers = |run: &[&Moved], number: fn(&Moved) -> i64| -> Value {
        let texts: Vec<String> = run.iter().map(|one| number(one).to_string()).collect();
        joined(texts.iter().map(String::as_str)).into()
    };
    let statement = |run: &Vec<&Moved>| Stmt {
        sql: at_once::MOVE_PAYMENTS,
        values: vec![
            scope.number().into(),
            joined(run.iter().map(|one| one.refid.as_str())).into(),
            numbers(run, |one| one.from_status_at.millis()),
            numbers(run, |one| one.status),
            numbers(run, |one| one.status_at.millis()),
        ],
        expect: Expect::Rows(run.len()),
        tag: tag::PAYMENT,
    };
    runs.iter().map(statement).collect()
}

/// The load of new payments.
pub(crate) fn load(each: &'static str, width: usize, values: Vec<Value>) -> Load {
    Load { each, into: at_once::PAYMENTS, width, values, tag: tag::PAYMENT }
}
