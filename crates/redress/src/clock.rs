//! The real clock and the real dice. This is the only file of the program that asks the machine
//! what time it is or for random bytes; everywhere else both are arguments.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use domain::{Dice, Instant};
use rustix::rand::{GetRandomFlags, getrandom};

/// What time it is. A machine set before 1970 is read as 1970.
#[expect(clippy::disallowed_methods, reason = "this is the one place that asks the machine")]
pub fn now() -> Instant {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Instant::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// The machine's clock, for the desk.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsClock;

impl desk::Clock for OsClock {
    fn now(&self) -> Instant {
        now()
    }
}

/// Random bytes from the kernel's generator, fit for secrets.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsDice;

impl Dice for OsDice {
    /// # Panics
    /// When the kernel gives none: a program that makes secrets must not go on without them.
    fn fill(&mut self, bytes: &mut [u8]) {
        let mut filled = 0;
        while filled < bytes.len() {
            match getrandom(&mut bytes[filled..], GetRandomFlags::empty()) {
                Ok(count) => filled += count,
                Err(rustix::io::Errno::INTR) => {}
                Err(why) => panic!("the system gives no random bytes: {why}"),
            }
        }
    }
}

/// How long something has taken. For progress lines only: nothing is decided by it.
#[derive(Clone, Copy, Debug)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// One that runs from now.
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// The time since it was started.
    pub fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_stands_after_2025_and_does_not_run_backwards_here() {
        let first = now();
        assert!(first.millis() > 1_735_689_600_000, "{first:?}");
        assert!(now() >= first);
    }

    #[test]
    fn the_dice_fill_wholly_and_never_twice_alike() {
        let (mut one, mut other) = ([0_u8; 1_000], [0_u8; 1_000]);
        OsDice.fill(&mut one);
        OsDice.fill(&mut other);
        assert_ne!(one, other);
        assert!(one.chunks(100).all(|part| part.iter().any(|byte| *byte != 0)));
        OsDice.fill(&mut []);
    }
}
