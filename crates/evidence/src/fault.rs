//! What of ours can be broken about files: a full disk, a storage that does not answer, sealed
//! bytes that do not open. Never what is wrong with a file: that is a judgement.

use std::io;
use std::path::Path;

/// Something of ours is broken. Its sentence says what was attempted, and on what.
#[derive(Debug, thiserror::Error)]
#[error("{what}")]
pub struct Fault {
    what: String,
    #[source]
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl Fault {
    /// What was attempted and failed.
    pub fn new(what: impl Into<String>) -> Self {
        Self { what: what.into(), source: None }
    }

    /// The same, with what another said about it.
    pub fn because(
        what: impl Into<String>,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> Self {
        Self { what: what.into(), source: Some(source.into()) }
    }

    /// What was done to a file or folder.
    pub(crate) fn io(doing: &str, path: &Path, source: io::Error) -> Self {
        Self::because(format!("{doing} {}", path.display()), source)
    }

    /// The whole story, for the log.
    pub fn chain(&self) -> String {
        let mut text = self.what.clone();
        let mut source = std::error::Error::source(self);
        while let Some(inner) = source {
            text.push_str(": ");
            text.push_str(&inner.to_string());
            source = inner.source();
        }
        text
    }
}

/// Does what waits for the disk on a thread that may wait.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Fault> + Send + 'static,
) -> Result<T, Fault> {
    match tokio::task::spawn_blocking(work).await {
        Ok(done) => done,
        Err(why) => Err(Fault::because("a task that works on files broke", why)),
    }
}
