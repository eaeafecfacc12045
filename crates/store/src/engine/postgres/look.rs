//! Lookups of many callers at once: those that wait are asked together, with one statement for each
//! text, in one snapshot. A caller gets what he would have got alone. When that does not work, each
//! is asked by itself, which says what is wrong.

use super::link::{self, Link, Unprepared, Work, in_order};
use super::{Readers, many};
use crate::engine::{Query, Row, Rows, SqlKey, Value};
use crate::fault::Fault;
use tokio::sync::{mpsc, oneshot};

/// Lookups that may wait; past this a caller waits for room.
pub(super) const LOOKS_WAITING_MAX: usize = 1_024;

/// Lookups asked together at most.
const LOOKS_AT_ONCE_MAX: usize = 256;

/// Lookups that are worth asking together.
const LOOKS_AT_ONCE_MIN: usize = 3;

/// One caller's questions.
pub(super) struct Look {
    pub(super) queries: Vec<Query>,
    pub(super) reply: oneshot::Sender<Result<Rows, Fault>>,
}

/// Answers lookups until all who could ask are gone.
pub(super) async fn run(readers: Readers, mut waiting: mpsc::Receiver<Look>) {
    let mut looks = Vec::new();
    while waiting.recv_many(&mut looks, LOOKS_AT_ONCE_MAX).await > 0 {
        let together = match looks.len() < LOOKS_AT_ONCE_MIN {
            true => None,
            false => together(&readers, &looks).await,
        };
        match together {
            Some(answers) => {
                for (look, rows) in looks.drain(..).zip(answers) {
                    look.reply.send(Ok(rows)).ok();
                }
            }
            None => {
                for look in looks.drain(..) {
                    let readers = readers.clone();
                    tokio::spawn(async move {
                        look.reply.send(readers.read(&look.queries).await).ok();
                    });
                }
            }
        }
    }
}

/// One text with the sets of values that it is asked for: whose, and which of his questions.
struct Part<'l> {
    key: SqlKey,
    sql: &'static str,
    sets: Vec<&'l [Value]>,
    whose: Vec<(usize, usize)>,
}

/// The answers to all, or nothing when they cannot be asked together.
async fn together(readers: &Readers, looks: &[Look]) -> Option<Vec<Rows>> {
    let mut parts: Vec<Part<'_>> = Vec::new();
    for (who, look) in looks.iter().enumerate() {
        for (which, query) in look.queries.iter().enumerate() {
            let (key, set) = (SqlKey::of(query.sql), query.values.as_slice());
            match parts.iter_mut().find(|part| part.key == key) {
                Some(part) => {
                    part.sets.push(set);
                    part.whose.push((who, which));
                }
                None => parts.push(Part {
                    key,
                    sql: query.sql,
                    sets: vec![set],
                    whose: vec![(who, which)],
                }),
            }
        }
    }
    let link = readers.link().await.ok()?;
    let mut work = vec![Work::Control("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")];
    for part in &parts {
        work.push(asked(&link, part).await?);
    }
    work.push(Work::Control("COMMIT"));
    let mut answers = in_order(&link, &work).await.into_iter();
    answers.next()?.ok()?;
    let empty = |look: &Look| vec![Vec::new(); look.queries.len()];
    let mut found: Vec<Rows> = looks.iter().map(empty).collect();
    for (part, answer) in parts.iter().zip(answers) {
        for row in answer.ok()?.rows {
            let (set, row) = row.split_first()?;
            let Value::Int(set) = set else { return None };
            let (who, which) = *part.whose.get(usize::try_from(set).ok()?.checked_sub(1)?)?;
            found[who][which].push(row);
        }
    }
    Some(found)
}

async fn asked<'l>(link: &Link, part: &Part<'l>) -> Option<Work<'l>> {
    let first: &[Value] = part.sets.first()?;
    match link.prepared(part.sql, first).await {
        Ok(_) => {}
        Err(Unprepared::Wrong(_) | Unprepared::Server(_)) => return None,
    }
    let many: link::Many = link.for_many(part.sql, many::selects).await.ok()??;
    let all = part.sets.iter().all(|set| many.fits(set));
    all.then(|| Work::Many(many.statement.clone(), many::columns(&part.sets)))
}

impl Row {
    /// The first value, and the row without it.
    fn split_first(self) -> Option<(Value, Self)> {
        let mut values = self.into_values();
        (!values.is_empty()).then(|| (values.remove(0), Self::new(values)))
    }
}
