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

use domain::changes::Changes;
use engine::{CommitError, Db};

/// Writes `changes` wholly or not at all. When it answers `Ok`, they are durable.
pub async fn commit(db: &Db, changes: &Changes) -> Result<(), CommitError> {
    db.commit(write::statements(changes)).await.map(|_| ())
}
