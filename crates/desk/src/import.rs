//! Payments come in, from files and over HTTP, by one road: each row is weighed against what is
//! known, and written or refused on its own. A long import does not ask what is known as long as
//! nothing is: it weighs as if, and the write itself refuses the chunk when that was wrong.

use std::collections::HashMap;

use domain::actor::{Actor, Right};
use domain::changes::{Change, Changes, Outcome};
use domain::payment::{Payment, RowEffect, RowRefusal, weigh_row};
use domain::{Instant, Refusal, Scope};
use store::engine::CommitError;

use crate::once::Once;
use crate::{Desk, Failure};

/// Rows of one request: such a body is read whole.
pub const ROWS_PER_REQUEST_MAX: usize = 1_000;

/// Rows written by one durable commit: some megabytes, so that the wait for the disk is small
/// beside the writing. The figures of `docs/import.md` are with this many.
pub const ROWS_AT_ONCE_MAX: usize = 20_000;

/// Times a batch is weighed again when another import wrote the same payments meanwhile.
const ATTEMPTS_MAX: usize = 5;

/// What became of one row.
pub type RowResult = Result<RowEffect, RowRefusal>;

/// The stored payments and who owns which `trxid`, as far as rows need them.
type Stored = (Vec<Payment>, Vec<(String, String)>);

impl Desk {
    /// Brings rows in: one result per row, in order, durable when this answers.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`]; [`Refusal::Busy`] when others import the same payments; a fault.
    pub async fn import(&self, by: &Actor, rows: &[Payment]) -> Result<Vec<RowResult>, Failure> {
        let mut importer = self.importer(by)?;
        let mut results = Vec::with_capacity(rows.len());
        for chunk in rows.chunks(ROWS_AT_ONCE_MAX) {
            results.extend(importer.take(chunk).await?);
        }
        Ok(results)
    }

    /// As [`Desk::import`] for at most [`ROWS_PER_REQUEST_MAX`] rows, which are one commit, once
    /// for each key; and whether the results are those of an earlier request.
    ///
    /// # Errors
    /// As for [`Desk::import`]; [`Refusal::KeyReusedForOther`]; [`Refusal::Busy`] for more rows.
    pub async fn import_once(
        &self,
        by: &Actor,
        rows: &[Payment],
        once: Option<&Once>,
    ) -> Result<(Vec<RowResult>, bool), Failure> {
        let mut importer = self.importer(by)?;
        if rows.len() > ROWS_PER_REQUEST_MAX {
            return Err(Refusal::Busy.into());
        }
        importer.take_once(rows, once).await
    }

    /// A long import, chunk by chunk.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`].
    pub fn importer(&self, by: &Actor) -> Result<Importer, Failure> {
        by.must(Right::ImportPayments)?;
        Ok(Importer { desk: self.clone(), by: by.clone(), looks: Looks::First })
    }
}

/// An import that goes on.
pub struct Importer {
    desk: Desk,
    by: Actor,
    looks: Looks,
}

/// Whether what is known is read before a chunk is weighed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Looks {
    /// It is.
    First,
    /// It is not: the chunk before was all unknown. The write finds out when this one is not.
    Afterwards,
}

impl Importer {
    /// Brings at most [`ROWS_AT_ONCE_MAX`] rows in: one result per row, in order, durable when
    /// this answers. Chunks are taken one after another, since a later row may speak of an earlier
    /// one's payment.
    ///
    /// # Errors
    /// [`Refusal::Busy`] when others import the same payments; a fault.
    pub async fn take(&mut self, rows: &[Payment]) -> Result<Vec<RowResult>, Failure> {
        Ok(self.take_once(rows, None).await?.0)
    }

    async fn take_once(
        &mut self,
        rows: &[Payment],
        once: Option<&Once>,
    ) -> Result<(Vec<RowResult>, bool), Failure> {
        let (desk, by) = (self.desk.clone(), self.by.clone());
        for _ in 0..ATTEMPTS_MAX {
            if let Some(once) = once
                && let Some(outcome) = desk.remembered(&by, once).await?
            {
                // A key that remembers another kind of outcome was used for another command.
                let Outcome::Imported { rows } = outcome else {
                    return Err(Refusal::KeyReusedForOther.into());
                };
                return Ok((rows, true));
            }
            let stored = match self.looks {
                Looks::First => store::bulk::known(desk.db(), by.scope, rows).await?,
                Looks::Afterwards => Stored::default(),
            };
            let nothing_known = stored.0.is_empty() && stored.1.is_empty();
            let (mut changes, results) = weigh(by.scope, desk.now(), rows, stored);
            if self.looks == Looks::Afterwards && results.iter().any(Result::is_err) {
                // A refused row is not written, so no write proves its reason.
                self.looks = Looks::First;
                continue;
            }
            changes.saved =
                once.map(|once| once.saved(&by, Outcome::Imported { rows: results.clone() }));
            let nothing = changes.list.is_empty() && changes.saved.is_none();
            if nothing && self.looks == Looks::First {
                return Ok((results, false));
            }
            match store::bulk::commit(desk.db(), changes).await {
                Ok(()) => {
                    self.looks = if nothing_known { Looks::Afterwards } else { Looks::First };
                    return Ok((results, false));
                }
                // Something was known, or was written by another meanwhile: look, weigh again.
                Err(CommitError::Missed { .. }) => self.looks = Looks::First,
                Err(error) => return Err(crate::failure::must(error).into()),
            }
        }
        Err(Refusal::Busy.into())
    }
}

/// Weighs rows in order; a later row sees what an earlier one did.
fn weigh(scope: Scope, at: Instant, rows: &[Payment], stored: Stored) -> (Changes, Vec<RowResult>) {
    let (payments, stored_owners) = stored;
    let mut known: HashMap<&str, &Payment> = HashMap::with_capacity(rows.len() + payments.len());
    known.extend(payments.iter().map(|one| (one.refid.as_str(), one)));
    let mut owners: HashMap<&str, &str> = HashMap::with_capacity(rows.len() + stored_owners.len());
    owners.extend(stored_owners.iter().map(|(trxid, refid)| (trxid.as_str(), refid.as_str())));
    let mut changes = Changes::none(scope, at);
    let mut results = Vec::with_capacity(rows.len());
    for row in rows {
        let owner = owners.get(row.trxid.as_str()).copied();
        let result = weigh_row(row, known.get(row.refid.as_str()).copied(), owner, at);
        match &result {
            Ok(RowEffect::New) => changes.list.push(Change::PaymentNew(Box::new(row.clone()))),
            Ok(RowEffect::Moved { from_status_at }) => changes.list.push(Change::PaymentMoved {
                refid: row.refid.clone(),
                from_status_at: *from_status_at,
                status: row.status,
                status_at: row.status_at,
            }),
            Ok(RowEffect::Unchanged) | Err(_) => {}
        }
        if matches!(result, Ok(RowEffect::New | RowEffect::Moved { .. })) {
            known.insert(&row.refid, row);
            if !row.trxid.is_empty() {
                owners.insert(&row.trxid, &row.refid);
            }
        }
        results.push(result);
    }
    (changes, results)
}
