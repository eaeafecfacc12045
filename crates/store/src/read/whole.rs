//! A case with everything that hangs on it, whoever's it is: what the search index is made of. It
//! asks nothing itself, so that many cases are one question.

use domain::case::Case;
use domain::ids::CaseId;
use domain::payment::Payment;

use super::cases::{
    KeptNote, case, case_columns, first, kept_note, note_columns, payment, payment_columns, rows,
};
use crate::engine::{Query, Row};
use crate::fault::Fault;

const CASE: &str = concat!("SELECT ", case_columns!(), " FROM cases WHERE id = ?1");

const PAYMENT: &str = concat!(
    "SELECT ",
    payment_columns!(),
    " FROM cases JOIN payments ON payments.scope = cases.scope AND payments.refid = cases.refid
 WHERE cases.id = ?1"
);

const NOTES: &str =
    concat!("SELECT ", note_columns!(), " FROM notes WHERE case_id = ?1 ORDER BY seq LIMIT 10000");

/// A case with its payment and its history.
pub(crate) type Whole = (Case, Option<Payment>, Vec<KeptNote>);

/// The case as questions of a snapshot.
pub(crate) fn ask(id: &CaseId) -> [Query; 3] {
    [CASE, PAYMENT, NOTES].map(|sql| Query::new(sql, vec![id.as_str().into()]))
}

/// Reads what [`ask`] asked for; nothing when there is no such case.
pub(crate) fn read(found: &[Vec<Row>]) -> Result<Option<Whole>, Fault> {
    let Some(case) = first(found, 0).map(case).transpose()? else { return Ok(None) };
    let payment = first(found, 1).map(payment).transpose()?;
    let notes = rows(found, 2).iter().map(kept_note).collect::<Result<_, _>>()?;
    Ok(Some((case, payment, notes)))
}
