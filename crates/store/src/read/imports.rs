//! Which cases of other systems were taken over.

use domain::Scope;
use domain::ids::CaseId;

use crate::codec;
use crate::engine::Db;
use crate::fault::Fault;

const IMPORTED_CASE: &str = "SELECT case_id FROM imported_cases
 WHERE scope = ?1 AND source = ?2 AND external_id = ?3";

/// The case that was made of another system's.
///
/// # Errors
/// A fault when the database is broken.
pub async fn case_of(
    db: &Db,
    scope: Scope,
    source: &str,
    external_id: &str,
) -> Result<Option<CaseId>, Fault> {
    let values = vec![scope.number().into(), source.into(), external_id.into()];
    db.one(IMPORTED_CASE, values).await?.map(|row| codec::case_id(row.text(0)?)).transpose()
}
