//! May remember. SQL stands here once for two engines: `engine` runs it, `migrate` builds the
//! tables, `write` is the one door for every change, `read` holds each SELECT beside its row. It
//! must never judge: what follows from what is decided in `domain`.

pub mod bulk;
mod bulk_postgres;
pub mod codec;
pub mod copy;
pub mod engine;
pub mod fault;
pub mod migrate;
pub mod read;
pub mod search;
pub mod write;

pub use fault::Fault;

use std::sync::{Arc, Mutex, PoisonError};

use domain::Scope;
use domain::case::{Known, PaymentRef};
use domain::changes::{Changes, Saved};
use engine::{CommitError, Db};

/// Writes `changes` wholly or not at all. When it answers `Ok`, they are durable.
pub async fn commit(db: &Db, changes: &Changes) -> Result<(), CommitError> {
    let statements = write::statements(changes);
    if statements.is_empty() {
        return Ok(());
    }
    db.commit(statements).await.map(|_| ())
}

/// Looks a payment, its cases and a key up, and writes what `decide` makes of them, in one go: what
/// a report needs. When it answers `Ok` with the other half of the decision, it is durable.
/// `decide` is called once at most and must not wait: on SQLite every other write stands behind it.
pub async fn commit_found<T: Send + 'static>(
    db: &Db,
    scope: Scope,
    payment: Option<&PaymentRef>,
    key: Option<&str>,
    decide: impl FnOnce(Known, Option<Saved>) -> (Changes, T) + Send + Sync + 'static,
) -> Result<T, CommitError> {
    let look = read::cases::Look::new(scope, payment, key);
    let queries = look.queries();
    let decided = Arc::new(Mutex::new(None));
    let place = Arc::clone(&decided);
    let then = move |found: engine::Rows| {
        let (statements, end) = match look.found(&found) {
            Ok((known, saved)) => {
                let (changes, end) = decide(known, saved);
                (write::statements(&changes), Ok(end))
            }
            Err(fault) => (Vec::new(), Err(fault)),
        };
        *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(end);
        statements
    };
    db.commit_found(queries, then).await?;
    let end = decided.lock().unwrap_or_else(PoisonError::into_inner).take();
    Ok(end.ok_or_else(|| Fault::new("a decision was lost on its way"))??)
}
