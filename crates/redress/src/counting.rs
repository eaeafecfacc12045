//! Counts what has no known end, for the person who waits: a line that moves on a terminal, nothing
//! elsewhere. It only shows; nothing depends on it.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressStyle};

/// What the line looks like.
const LINE: &str = "{spinner} {human_pos} {msg}, {per_sec}";

/// A counter, on standard error.
#[derive(Debug)]
pub struct Counting(Option<ProgressBar>);

impl Counting {
    /// One that counts `what`.
    pub fn start(what: &'static str) -> Self {
        Self(io::stderr().is_terminal().then(|| {
            let bar = ProgressBar::new_spinner().with_message(what);
            match ProgressStyle::with_template(LINE) {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            }
        }))
    }

    /// Says how many so far.
    pub fn show(&mut self, count: u64) {
        if let Some(bar) = &self.0 {
            bar.set_position(count);
        }
    }

    /// Takes the line away.
    pub fn finish(self) {
        if let Some(bar) = self.0 {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_is_sound() {
        assert!(ProgressStyle::with_template(LINE).is_ok());
    }
}
