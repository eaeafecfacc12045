//! The columns as files have them. The rules are the domain's, the same for every way in; here is
//! only what a file's header may not say, and how a person at a command line is told so.

use domain::payment::Payment;
use domain::payment::columns::{self, names_a_scope, shown};
pub use domain::payment::columns::{COLUMNS, Cell, Cells, OPTIONAL};

/// Where a column stands in [`COLUMNS`].
///
/// # Errors
/// A sentence saying why there is no such column.
pub fn place_of(name: &str) -> Result<usize, String> {
    if let Some(place) = columns::place_of(name) {
        return Ok(place);
    }
    let shown = shown(name);
    if names_a_scope(name) {
        return Err(format!(
            "the column `{shown}` is not taken from a file: say --tenant and --env on the command \
             line"
        ));
    }
    Err(format!("the column `{shown}` is unknown; the columns are {}", COLUMNS.join(", ")))
}

/// Makes a row of its cells.
///
/// # Errors
/// The first column that does not read, and why, in a sentence.
pub fn payment(cells: &Cells<'_>) -> Result<Payment, String> {
    columns::payment(cells).map_err(|bad| bad.to_string())
}
