//! What is broken, as opposed to refused: a disk that is full, a server that is gone, a row that
//! cannot be read. A fault is logged once, where it is answered, and says nothing to the outside.
//! It must never carry values from a statement: those are people's words and secrets.

use std::borrow::Cow;
use std::error::Error;
use std::sync::Arc;

/// Something of ours is broken. `Display` says what was being done and never repeats the cause,
/// which stands in `source()`. Cheap to clone: one failed commit answers everyone in its group.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{doing}")]
pub struct Fault {
    doing: Cow<'static, str>,
    after: After,
    #[source]
    why: Option<Arc<dyn Error + Send + Sync>>,
}

/// What is known about the work after the fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum After {
    /// Nothing is kept, and the same call will fail again until someone mends something.
    Broken,
    /// Nothing is kept, and the same call may succeed later.
    Later,
    /// The same, since a disk is full: later means when somebody made room.
    Full,
    /// Whether it is kept cannot be known from here: the link ended during the commit.
    Unknown,
}

impl Fault {
    /// A fault that stays until someone mends it. `doing` is the sentence around the cause.
    pub fn new(doing: impl Into<Cow<'static, str>>) -> Self {
        Self { doing: doing.into(), after: After::Broken, why: None }
    }

    /// A fault that may be gone at the next try: a busy or absent database.
    pub fn later(doing: impl Into<Cow<'static, str>>) -> Self {
        Self { after: After::Later, ..Self::new(doing) }
    }

    /// A fault that is gone when there is room again. `doing` says on which disk.
    pub fn full(doing: impl Into<Cow<'static, str>>) -> Self {
        Self { after: After::Full, ..Self::new(doing) }
    }

    /// A fault after which nobody here knows whether the work is kept.
    pub fn unknown(doing: impl Into<Cow<'static, str>>) -> Self {
        Self { after: After::Unknown, ..Self::new(doing) }
    }

    /// The same fault with its cause.
    #[must_use]
    pub fn because(self, why: impl Error + Send + Sync + 'static) -> Self {
        Self { why: Some(Arc::new(why)), ..self }
    }

    /// Whether nothing was kept and the same call may succeed later.
    pub fn retryable(&self) -> bool {
        matches!(self.after, After::Later | After::Full)
    }

    /// Whether nothing was kept because a disk is full.
    pub fn full_disk(&self) -> bool {
        self.after == After::Full
    }

    /// Whether the work may have been kept although it is answered with a fault. Look before doing
    /// it again, or do it again under the same key.
    pub fn uncertain(&self) -> bool {
        self.after == After::Unknown
    }

    /// The sentence and all its causes on one line, for a log.
    pub fn chain(&self) -> String {
        let mut text = self.doing.to_string();
        let mut cause = self.source();
        while let Some(why) = cause {
            text.push_str(": ");
            text.push_str(&why.to_string());
            cause = why.source();
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::Fault;
    use std::error::Error;

    #[test]
    fn display_leaves_the_cause_to_source() {
        let fault = Fault::later("writing the case").because(std::io::Error::other("no space"));
        assert_eq!(fault.to_string(), "writing the case");
        assert_eq!(fault.source().map(ToString::to_string), Some("no space".into()));
        assert_eq!(fault.chain(), "writing the case: no space");
        assert!(fault.retryable() && !fault.uncertain());
        assert!(Fault::full("x").full_disk() && Fault::full("x").retryable());
        assert!(!fault.full_disk());
        assert!(Fault::unknown("x").uncertain() && !Fault::unknown("x").retryable());
    }
}
