//! `letters check`: every letter with every sample, the operator's own included.

use super::{Outcome, say};
use crate::server;
use crate::wiring::Way;

/// Runs the command.
///
/// # Errors
/// The settings cannot be read, or a built-in letter is broken.
pub fn check(way: &Way) -> anyhow::Result<Outcome> {
    let settings = way.settings(&[])?;
    let (letters, mut problems) = server::letters(&settings.letters)?;
    problems.extend(letters.check());
    for problem in &problems {
        say(&problem.to_string());
    }
    match problems.len() {
        0 => say("all letters can be written"),
        count => say(&format!("{count} to mend; the built-in letters are used in their place")),
    }
    Ok(if problems.is_empty() { Outcome::Done } else { Outcome::Refused })
}
