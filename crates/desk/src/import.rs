//! Payments come in, from files and over HTTP, by one road: each row is weighed against what is
//! known, and written or refused on its own.

use std::collections::HashMap;

use domain::actor::{Actor, Right};
use domain::changes::{Change, Changes, Outcome};
use domain::payment::{Payment, RowEffect, RowRefusal, weigh_row};
use domain::{Instant, Refusal, Scope};
use store::engine::CommitError;

use crate::once::Once;
use crate::{Desk, Failure};

/// Rows taken at once: large enough that one durable write serves many, small enough that a
/// retry is cheap.
pub const ROWS_AT_ONCE_MAX: usize = 1_000;

/// Times a batch is weighed again when another import wrote the same payments meanwhile.
const ATTEMPTS_MAX: usize = 5;

/// What became of one row.
pub type RowResult = Result<RowEffect, RowRefusal>;

impl Desk {
    /// Brings rows in: one result per row, in order, durable when this answers.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`]; [`Refusal::Busy`] when others import the same payments; a fault.
    pub async fn import(&self, by: &Actor, rows: &[Payment]) -> Result<Vec<RowResult>, Failure> {
        if !by.may(Right::ImportPayments) {
            return Err(Refusal::NotAllowed.into());
        }
        let mut results = Vec::with_capacity(rows.len());
        for chunk in rows.chunks(ROWS_AT_ONCE_MAX) {
            results.extend(self.import_chunk(by, chunk, None).await?.0);
        }
        Ok(results)
    }

    /// As [`Desk::import`] for at most [`ROWS_AT_ONCE_MAX`] rows, which are one commit, once for
    /// each key; and whether the results are those of an earlier request.
    ///
    /// # Errors
    /// As for [`Desk::import`]; [`Refusal::KeyReusedForOther`]; [`Refusal::Busy`] for more rows.
    pub async fn import_once(
        &self,
        by: &Actor,
        rows: &[Payment],
        once: Option<&Once>,
    ) -> Result<(Vec<RowResult>, bool), Failure> {
        if !by.may(Right::ImportPayments) {
            return Err(Refusal::NotAllowed.into());
        }
        if rows.len() > ROWS_AT_ONCE_MAX {
            return Err(Refusal::Busy.into());
        }
        self.import_chunk(by, rows, once).await
    }

    async fn import_chunk(
        &self,
        by: &Actor,
        rows: &[Payment],
        once: Option<&Once>,
    ) -> Result<(Vec<RowResult>, bool), Failure> {
        for _ in 0..ATTEMPTS_MAX {
            if let Some(once) = once
                && let Some(outcome) = self.remembered(by, once).await?
            {
                // A key that remembers another kind of outcome was used for another command.
                let Outcome::Imported { rows } = outcome else {
                    return Err(Refusal::KeyReusedForOther.into());
                };
                return Ok((rows, true));
            }
            let scope = by.scope;
            let (payments, owners) = store::read::cases::for_import(self.db(), scope, rows).await?;
            let (mut changes, results) = weigh(scope, self.now(), rows, payments, owners);
            changes.saved =
                once.map(|once| once.saved(by, Outcome::Imported { rows: results.clone() }));
            if changes.list.is_empty() && changes.saved.is_none() {
                return Ok((results, false));
            }
            match store::commit_bulk(self.db(), &changes).await {
                Ok(()) => return Ok((results, false)),
                Err(CommitError::Missed { .. }) => {} // written by another meanwhile: weigh again
                Err(error) => return Err(crate::failure::must(error).into()),
            }
        }
        Err(Refusal::Busy.into())
    }
}

/// Weighs rows in order; a later row sees what an earlier one did.
fn weigh(
    scope: Scope,
    at: Instant,
    rows: &[Payment],
    payments: Vec<Payment>,
    owners: Vec<(String, String)>,
) -> (Changes, Vec<RowResult>) {
    let mut known: HashMap<String, Payment> =
        payments.into_iter().map(|one| (one.refid.clone(), one)).collect();
    let mut owners: HashMap<String, String> = owners.into_iter().collect();
    let mut changes = Changes::none(scope, at);
    let mut results = Vec::with_capacity(rows.len());
    for row in rows {
        let owner = owners.get(&row.trxid).map(String::as_str);
        let result = weigh_row(row, known.get(&row.refid), owner);
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
            known.insert(row.refid.clone(), row.clone());
            if !row.trxid.is_empty() {
                owners.insert(row.trxid.clone(), row.refid.clone());
            }
        }
        results.push(result);
    }
    (changes, results)
}
