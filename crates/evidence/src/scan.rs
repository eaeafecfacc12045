//! Who looks at files before anybody else does: nobody, clamd over its socket, or a command of the
//! operator's. A file that could not be looked at is never called clean: not when the scanner is
//! down, not when it says that the file is too large for it, not when its answer makes no sense.

pub mod clamd;
pub mod command;
#[cfg(test)]
mod tests;

use crate::place::Plain;

pub use clamd::Clamd;
pub use command::Program;

/// Characters of what a scanner calls a finding that are kept.
const FINDING_CHARS_MAX: usize = 200;

/// One of the three.
pub enum Scanner {
    /// Nobody looks.
    Off,
    /// clamd.
    Clamd(Clamd),
    /// A command.
    Program(Program),
}

/// What a scanner says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It looked and found nothing.
    Clean,
    /// It found something, and calls it so.
    Infected(String),
    /// It did not look, and why not.
    NotLooked(String),
}

/// What a look at the scanner itself found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Checked {
    /// There is none.
    Off,
    /// It answers, and looks at files as large as those that are taken.
    Good(String),
    /// It answers; whether it looks at the largest files could not be proven.
    Unproven(String),
    /// It answers, and would pass the largest files by without a look.
    TooSmall(String),
    /// It does not answer.
    Down(String),
}

impl Scanner {
    /// Looks at one file.
    pub async fn look(&self, plain: &mut Plain, file_bytes_max: u64) -> Answer {
        match self {
            Self::Off => Answer::NotLooked("no scanner is set up".to_owned()),
            Self::Clamd(clamd) => clamd.look(plain, file_bytes_max).await,
            Self::Program(program) => program.look(plain).await,
        }
    }

    /// Looks at the scanner itself.
    pub async fn check(&self, file_bytes_max: u64) -> Checked {
        match self {
            Self::Off => Checked::Off,
            Self::Clamd(clamd) => clamd.check(file_bytes_max).await,
            Self::Program(program) => program.check().await,
        }
    }
}

/// What a scanner said, fit for a log and a page: short, one line.
fn shown(text: &str) -> String {
    let line = text.trim().chars().map(|c| if c.is_control() { ' ' } else { c });
    line.take(FINDING_CHARS_MAX).collect()
}
