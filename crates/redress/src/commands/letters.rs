//! `letters check`: every letter with every sample, and the messages to callers, the operator's own
//! included. It sends nothing and opens no database.

use super::{Outcome, say};
use crate::server;
use crate::settings::Settings;
use crate::wiring::Way;

/// Runs the command.
///
/// # Errors
/// The settings cannot be read, or a built-in letter is broken.
pub fn check(way: &Way) -> anyhow::Result<Outcome> {
    let settings = way.settings(&[])?;
    let problems = problems(&settings)?;
    for problem in &problems {
        say(problem);
    }
    match problems.len() {
        0 => say("all letters and messages can be written"),
        count => say(&format!("{count} to mend; the built-in ones are used in their place")),
    }
    Ok(if problems.is_empty() { Outcome::Done } else { Outcome::Refused })
}

/// What is wrong with the letters and messages, each with its file.
///
/// # Errors
/// A built-in one is broken.
pub fn problems(settings: &Settings) -> anyhow::Result<Vec<String>> {
    let (letters, refused) = server::letters(&settings.letters)?;
    let found = refused.into_iter().chain(letters.check());
    let mut problems: Vec<String> = found.map(|problem| problem.to_string()).collect();
    let (_, refused) = server::messages(settings)?;
    problems.extend(refused.map(|why| super::chain(&why.into())));
    Ok(problems)
}
