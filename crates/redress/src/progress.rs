//! How far an import is: a bar with rate and time left for a person, a plain line now and then
//! for a log. It only shows; nothing depends on it.

use std::io::{self, IsTerminal};
use std::time::Duration;

use indicatif::{HumanBytes, HumanCount, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::clock::Stopwatch;

/// Between two plain lines: often enough to see that it lives, seldom enough for a log.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// What a person sees; `{pos}` and `{len}` are bytes, since rows to come cannot be counted.
const BAR: &str = "{bar:30} {percent:>3} %  {msg}  {bytes_per_sec}  {eta} left";
/// The same when the length is not known.
const SPINNER: &str = "{spinner} {bytes} read  {msg}  {bytes_per_sec}";

/// A progress display, on standard error.
#[derive(Debug)]
pub struct Progress {
    bar: Option<ProgressBar>,
    bytes_total: Option<u64>,
    since: Stopwatch,
    lines_shown: u32,
}

impl Progress {
    /// One for so many bytes, or for an unknown number.
    pub fn start(bytes_total: Option<u64>) -> Self {
        let bar = io::stderr().is_terminal().then(|| {
            let target = ProgressDrawTarget::stderr();
            let bar = ProgressBar::with_draw_target(bytes_total, target);
            let template = if bytes_total.is_some() { BAR } else { SPINNER };
            match ProgressStyle::with_template(template) {
                Ok(style) => bar.with_style(style),
                Err(_) => bar,
            }
        });
        Self { bar, bytes_total, since: Stopwatch::start(), lines_shown: 0 }
    }

    /// Says how far it is.
    pub fn show(&mut self, bytes: u64, rows: u64, rejected: u64) {
        let elapsed = self.since.elapsed();
        if let Some(bar) = &self.bar {
            bar.set_position(bytes);
            bar.set_message(rows_words(rows, rejected, elapsed));
        } else if elapsed >= LINE_EVERY * (self.lines_shown + 1) {
            self.lines_shown = u32::try_from(elapsed.as_secs() / LINE_EVERY.as_secs()).unwrap_or(0);
            eprintln!("{}", line(bytes, self.bytes_total, rows, rejected, elapsed));
        }
    }

    /// Takes the display away.
    pub fn finish(self) {
        if let Some(bar) = self.bar {
            bar.finish_and_clear();
        }
    }

    /// The time since it began.
    pub fn elapsed(&self) -> Duration {
        self.since.elapsed()
    }
}

fn rows_words(rows: u64, rejected: u64, elapsed: Duration) -> String {
    let rate = rows as f64 / elapsed.as_secs_f64().max(0.001);
    let rejected = match rejected {
        0 => String::new(),
        count => format!(", {} rejected", HumanCount(count)),
    };
    format!("{} rows{rejected}, {} rows/s", HumanCount(rows), HumanCount(rate as u64))
}

fn line(bytes: u64, total: Option<u64>, rows: u64, rejected: u64, elapsed: Duration) -> String {
    let rows = rows_words(rows, rejected, elapsed);
    match total.filter(|total| *total > 0 && bytes > 0) {
        Some(total) => {
            let left = total.saturating_sub(bytes) as f64 / bytes as f64 * elapsed.as_secs_f64();
            let percent = bytes.min(total) * 100 / total;
            format!("{percent} %: {rows}, about {:.0} s left", left.ceil())
        }
        None => format!("{} read: {rows}", HumanBytes(bytes)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_says_share_rate_and_time_left() {
        let ten = Duration::from_secs(10);
        assert_eq!(
            line(250, Some(1_000), 20_000, 3, ten),
            "25 %: 20,000 rows, 3 rejected, 2,000 rows/s, about 30 s left"
        );
        assert_eq!(line(2_048, None, 10, 0, ten), "2.00 KiB read: 10 rows, 1 rows/s");
        assert_eq!(line(0, Some(0), 0, 0, Duration::ZERO), "0 B read: 0 rows, 0 rows/s");
    }

    #[test]
    fn the_templates_are_sound() {
        for template in [BAR, SPINNER] {
            assert!(ProgressStyle::with_template(template).is_ok(), "{template}");
        }
    }
}
