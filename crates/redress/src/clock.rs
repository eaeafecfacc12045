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

/// Bytes asked of the kernel at once: enough for the ids and salts of some hundred commands.
const POOL_BYTES: usize = 4_096;

/// [`OsDice`] that asks the kernel for many bytes at once, since a command needs a few small ones
/// and each question costs more than the bytes. What was given out is wiped here.
pub struct PooledDice {
    bytes: Box<[u8; POOL_BYTES]>,
    used: usize,
}

impl Default for PooledDice {
    fn default() -> Self {
        Self { bytes: Box::new([0; POOL_BYTES]), used: POOL_BYTES }
    }
}

impl Dice for PooledDice {
    /// # Panics
    /// As [`OsDice`].
    fn fill(&mut self, bytes: &mut [u8]) {
        if bytes.len() > POOL_BYTES {
            return OsDice.fill(bytes);
        }
        if bytes.len() > POOL_BYTES - self.used {
            OsDice.fill(&mut self.bytes[..]);
            self.used = 0;
        }
        let given = &mut self.bytes[self.used..self.used + bytes.len()];
        bytes.copy_from_slice(given);
        given.fill(0);
        self.used += bytes.len();
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
    fn pooled_dice_give_no_byte_twice_and_fill_what_is_larger_than_the_pool() {
        let mut dice = PooledDice::default();
        let mut seen = std::collections::HashSet::new();
        for _ in 0..3 * POOL_BYTES / 16 {
            let mut sixteen = [0; 16];
            dice.fill(&mut sixteen);
            assert!(seen.insert(sixteen), "the same sixteen bytes twice");
        }
        let mut large = vec![0; 2 * POOL_BYTES];
        dice.fill(&mut large);
        assert!(large.chunks(100).all(|part| part.iter().any(|byte| *byte != 0)));
        let given = &dice.bytes[..dice.used];
        assert!(given.iter().all(|byte| *byte == 0), "what was given out stays readable");
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
