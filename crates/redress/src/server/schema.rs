//! The watch over the schema: a node that serves while another brings in a step which older
//! programs cannot work beside stops by itself. It must never stop for a database that is away.

use std::time::Duration;

use store::engine::Db;
use tokio::time::sleep;

/// How often the schema is looked at: for so long an outgrown program may go on writing.
const LOOKED_AT_EVERY: Duration = Duration::from_secs(2);

/// Ends when the schema needs a program that knows more steps than this one, which knows `known`.
pub(super) async fn outgrown(db: &Db, known: usize) {
    loop {
        sleep(LOOKED_AT_EVERY).await;
        // Whoever cannot be asked has not changed; everything else says that it is away.
        let Ok(oldest) = db.oldest_program().await else { continue };
        if usize::try_from(oldest).is_ok_and(|oldest| oldest > known) {
            tracing::error!(
                oldest,
                known,
                "another node brought the schema to a step that this program does not know and \
                 cannot work beside: start the newer version here"
            );
            return;
        }
    }
}
