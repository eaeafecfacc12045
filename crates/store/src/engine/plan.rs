//! A batch that looks before it writes: its statements follow from what is found, inside the
//! transaction that keeps them where the engine can. The deciding is the caller's; here it is only
//! carried to the data instead of the data to it. It must never wait for anything.

use super::{Query, Rows, Stmt, checked};
use crate::fault::Fault;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// What follows from what is found. Shareable only because a group of batches is looked at from
/// tasks that move between threads; nobody shares it.
type Then = Box<dyn FnOnce(Rows) -> Vec<Stmt> + Send + Sync>;

/// Questions, and what follows from their answers.
pub(super) struct Plan {
    pub(super) queries: Vec<Query>,
    then: Then,
}

impl Plan {
    pub(super) fn new(
        queries: Vec<Query>,
        then: impl FnOnce(Rows) -> Vec<Stmt> + Send + Sync + 'static,
    ) -> Self {
        Self { queries, then: Box::new(then) }
    }

    /// The batch. One that breaks off must not take a thread of the engine with it.
    pub(super) fn follow(self, found: Rows) -> Result<Vec<Stmt>, Fault> {
        let then = AssertUnwindSafe(|| (self.then)(found));
        let batch = catch_unwind(then)
            .map_err(|_| Fault::new("deciding what to write broke off; the log says where"))?;
        checked(&batch)?;
        Ok(batch)
    }
}
