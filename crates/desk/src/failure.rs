//! Refused is not broken: two kinds of "no" that are never one type. A refusal is an answer. A
//! fault is ours; it is logged once, where it is answered, and says nothing to the outside.

use domain::Refusal;
use store::Fault;
use store::engine::CommitError;

/// Why something was not done.
#[derive(Debug)]
pub enum Failure {
    /// The rules say no.
    Refused(Refusal),
    /// Something of ours is broken.
    Broken(Fault),
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Self {
        Self::Broken(fault)
    }
}

/// A commit whose guards cannot miss unless something is broken.
pub(crate) fn must(error: CommitError) -> Fault {
    match error {
        CommitError::Broken(fault) => fault,
        other => Fault::new(format!("a write was refused that should not be: {other}")),
    }
}
