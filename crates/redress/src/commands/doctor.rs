//! `doctor`: looks at everything an installation stands on, and says of what is wrong how to mend
//! it. It changes nothing but what every command does at the start, bringing the schema up to date.

mod checks;
mod files;

use std::fmt::Write as _;

use super::{Outcome, say};
use crate::wiring::{self, House, Wanted, Way};

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Finding {
    /// As it should be, and how it is.
    Good(String),
    /// Works, but somebody should know.
    Note(String),
    /// Does not work: what is wrong, and how to mend it.
    Wrong(String),
}

/// Runs every check that can be run.
///
/// # Errors
/// Never by what is wrong with the installation: that is told, and the exit code is 3.
pub async fn run(way: &Way) -> anyhow::Result<Outcome> {
    let findings = look(way).await;
    let mut text = String::new();
    let mut wrong = 0;
    for (what, finding) in findings {
        let (word, said) = match finding {
            Finding::Good(said) => ("ok", said),
            Finding::Note(said) => ("note", said),
            Finding::Wrong(said) => {
                wrong += 1;
                ("WRONG", said)
            }
        };
        let _ = writeln!(text, "{word:<6} {what}: {said}");
    }
    say(text.trim_end());
    match wrong {
        0 => Ok(Outcome::Done),
        _ => {
            say(&format!("\n{wrong} to mend"));
            Ok(Outcome::Refused)
        }
    }
}

async fn look(way: &Way) -> Vec<(&'static str, Finding)> {
    let mut settings = match way.settings(&[]) {
        Ok(settings) => settings,
        Err(why) => return vec![("settings", wrong(&why))],
    };
    let mut found = vec![("settings", Finding::Good("they can be read".to_owned()))];
    let directory = match way.directory(Wanted::Existing) {
        Ok(directory) => directory,
        Err(why) => {
            found.push(("directory", wrong(&why)));
            return found;
        }
    };
    wiring::suit(&directory, &mut settings);
    found.push(("directory", checks::directory(&directory)));
    found.push(("disk", checks::disk(&directory)));
    found.push(("keys", checks::keys(&directory, &settings)));
    found.push(("letters", checks::letters(&settings)));
    found.push(("mail", checks::mail(&directory, &settings).await));
    found.push(("webhooks", checks::webhooks(&settings)));
    found.push(("listening", checks::listening(&directory, &settings)));
    found.push(("tls", checks::tls(&settings)));
    match House::open(directory, settings).await {
        Ok(house) => {
            found.push(("schema", checks::schema(&house)));
            found.push(("durability", checks::durability(&house).await));
            found.push(("secrets", checks::secrets(&house).await));
            found.push(("clock", checks::clock(&house).await));
            found.push(("last seal", checks::last_seal(&house).await));
            found.push(("outbox", checks::outbox(&house).await));
            found.extend(files::look(&house).await);
        }
        Err(why) => found.push(("database", wrong(&why))),
    }
    found
}

/// An error's own sentence: each says what to do.
fn wrong(why: &anyhow::Error) -> Finding {
    Finding::Wrong(super::chain(why))
}
