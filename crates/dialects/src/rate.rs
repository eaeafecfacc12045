//! How often one caller may ask: a bucket of tokens per key in bounded memory. The key is an API
//! key before an address, since an address may stand for many callers. It never asks the clock.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::{Mutex, PoisonError};

use domain::time::{Instant, Millis};

/// Locks the keys are spread over, so that requests on different cores seldom meet.
const SHARDS: usize = 16;

const MICROS_PER_MINUTE: i64 = 60_000_000;

/// How much is granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Tokens that come back in a minute, evenly. At least 1 is used.
    pub per_minute: u32,
    /// Tokens a rested caller may take at once. At least 1 is used.
    pub burst: u32,
}

/// The answer to one request for a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// Go ahead.
    Granted,
    /// Come back after this long, at least a millisecond.
    Wait(Millis),
}

/// What a caller has left after a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Left {
    /// Tokens he may take now.
    pub tokens: u32,
    /// Until his bucket is full again.
    pub full_in: Millis,
}

/// Buckets for one rate. For each key it remembers one number: when the bucket will be full again
/// (the generic cell rate algorithm). A full bucket need not be remembered at all.
///
/// Keys are kept as 64-bit hashes under a seed of this process, so two keys share a bucket by
/// accident once in 2^64 and never by intent.
#[derive(Debug)]
pub struct Limiter {
    step_micros: i64,
    depth_micros: i64,
    keys_per_shard_max: usize,
    hasher: RandomState,
    shards: [Mutex<HashMap<u64, i64>>; SHARDS],
}

impl Limiter {
    /// Buckets for at most about `keys_max` callers at a time, 32 bytes each. When more come at
    /// once, the one nearest to a full bucket is forgotten: he gains at most a burst by it.
    pub fn new(rate: Rate, keys_max: usize) -> Self {
        let step_micros = MICROS_PER_MINUTE / i64::from(rate.per_minute.max(1));
        Self {
            step_micros,
            depth_micros: step_micros * i64::from(rate.burst.max(1) - 1),
            keys_per_shard_max: (keys_max / SHARDS).max(1),
            hasher: RandomState::new(),
            shards: std::array::from_fn(|_| Mutex::default()),
        }
    }

    /// Takes a token for `key`, or says how long to wait. A refused request costs nothing.
    pub fn take(&self, key: impl Hash, at: Instant) -> Turn {
        self.take_and_count(key, at).0
    }

    /// The same, and what is left.
    pub fn take_and_count(&self, key: impl Hash, at: Instant) -> (Turn, Left) {
        let hash = self.hasher.hash_one(key);
        let shard = usize::try_from(hash % SHARDS as u64).unwrap_or(0);
        let now = at.millis().saturating_mul(1_000);
        let mut full_at = self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        // A bucket is never emptier than this; more means that the clock was set back.
        let latest = now.saturating_add(self.depth_micros).saturating_add(self.step_micros);
        let due = full_at.get(&hash).copied().unwrap_or(now).clamp(now, latest);
        let early = due.saturating_sub(now).saturating_sub(self.depth_micros);
        if early > 0 {
            return (Turn::Wait(Millis(early.div_euclid(1_000) + 1)), self.left(due - now));
        }
        if full_at.len() >= self.keys_per_shard_max && !full_at.contains_key(&hash) {
            make_room(&mut full_at, self.keys_per_shard_max, now);
        }
        let due = due.saturating_add(self.step_micros);
        full_at.insert(hash, due);
        (Turn::Granted, self.left(due.saturating_sub(now)))
    }

    /// What is left in a bucket that will be full after so long.
    fn left(&self, until_full_micros: i64) -> Left {
        let room = self.depth_micros.saturating_add(self.step_micros) - until_full_micros;
        let tokens = room.div_euclid(self.step_micros.max(1)).max(0);
        Left {
            tokens: u32::try_from(tokens).unwrap_or(u32::MAX),
            full_in: Millis(until_full_micros.div_euclid(1_000)),
        }
    }

    /// Gives back a token that was taken for `key`, when what it was taken for should not count.
    pub fn give_back(&self, key: impl Hash) {
        let hash = self.hasher.hash_one(key);
        let shard = usize::try_from(hash % SHARDS as u64).unwrap_or(0);
        let mut full_at = self.shards[shard].lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(due) = full_at.get_mut(&hash) {
            *due = due.saturating_sub(self.step_micros);
        }
    }

    /// Callers remembered now, for metrics.
    pub fn keys(&self) -> usize {
        self.shards
            .iter()
            .map(|shard| shard.lock().unwrap_or_else(PoisonError::into_inner).len())
            .sum()
    }
}

fn make_room(full_at: &mut HashMap<u64, i64>, max: usize, now: i64) {
    full_at.retain(|_, due| *due > now);
    if full_at.len() < max {
        return;
    }
    if let Some(nearest) = full_at.iter().min_by_key(|(_, due)| **due).map(|(hash, _)| *hash) {
        full_at.remove(&nearest);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Instant {
        Instant::from_millis(1_760_000_000_000 + millis)
    }

    #[test]
    fn a_burst_then_an_even_flow() {
        let limiter = Limiter::new(Rate { per_minute: 60, burst: 3 }, 1_000);
        for _ in 0..3 {
            assert_eq!(limiter.take("k", at(0)), Turn::Granted);
        }
        assert_eq!(limiter.take("k", at(0)), Turn::Wait(Millis(1_001)));
        assert_eq!(limiter.take("k", at(500)), Turn::Wait(Millis(501)));
        assert_eq!(limiter.take("k", at(1_000)), Turn::Granted);
        assert_eq!(limiter.take("k", at(1_000)), Turn::Wait(Millis(1_001)));
        assert_eq!(limiter.take("other", at(1_000)), Turn::Granted);
        for _ in 0..3 {
            assert_eq!(limiter.take("k", at(60_000)), Turn::Granted, "rested");
        }
    }

    #[test]
    fn a_clock_that_steps_back_grants_no_more_and_locks_nobody_out_for_long() {
        let limiter = Limiter::new(Rate { per_minute: 60, burst: 1 }, 1_000);
        assert_eq!(limiter.take("k", at(5_000)), Turn::Granted);
        assert_eq!(limiter.take("k", at(0)), Turn::Wait(Millis(1_001)));
    }

    #[test]
    fn what_is_given_back_can_be_taken_again_and_no_more() {
        let limiter = Limiter::new(Rate { per_minute: 60, burst: 2 }, 1_000);
        for _ in 0..10 {
            assert_eq!(limiter.take("k", at(0)), Turn::Granted);
            limiter.give_back("k");
        }
        limiter.give_back("k");
        limiter.give_back("stranger");
        assert_eq!(limiter.take("k", at(0)), Turn::Granted);
        assert_eq!(limiter.take("k", at(0)), Turn::Granted);
        assert_eq!(limiter.take("k", at(0)), Turn::Wait(Millis(1_001)));
    }

    #[test]
    fn what_is_left_is_what_can_be_taken() {
        let limiter = Limiter::new(Rate { per_minute: 60, burst: 3 }, 1_000);
        for (millis, tokens, full_in) in
            [(0, 2, 1_000), (0, 1, 2_000), (0, 0, 3_000), (1_000, 0, 3_000), (3_000, 1, 2_000)]
        {
            let (turn, left) = limiter.take_and_count("k", at(millis));
            assert_eq!(turn, Turn::Granted);
            assert_eq!(left, Left { tokens, full_in: Millis(full_in) }, "{millis}");
        }
        let (turn, left) = limiter.take_and_count("k", at(3_000));
        assert_eq!((turn, left.tokens), (Turn::Granted, 0));
        let (turn, left) = limiter.take_and_count("k", at(3_000));
        assert_eq!((turn, left.tokens), (Turn::Wait(Millis(1_001)), 0));
    }

    #[test]
    fn odd_rates_do_not_break() {
        let none = Limiter::new(Rate { per_minute: 0, burst: 0 }, 0);
        assert_eq!(none.take("k", at(0)), Turn::Granted);
        assert_eq!(none.take("k", at(0)), Turn::Wait(Millis(60_001)));
        let most = Limiter::new(Rate { per_minute: u32::MAX, burst: u32::MAX }, 10);
        for millis in [i64::MAX, i64::MIN, 0, -1] {
            assert_eq!(most.take("k", Instant::from_millis(millis)), Turn::Granted);
        }
    }

    #[test]
    fn memory_stays_bounded_and_the_busy_are_remembered() {
        let limiter = Limiter::new(Rate { per_minute: 60, burst: 2 }, 160);
        while limiter.take("busy", at(0)) == Turn::Granted {}
        for stranger in 0..10_000 {
            limiter.take(stranger, at(0));
        }
        assert!(limiter.keys() <= 160, "{}", limiter.keys());
        assert!(matches!(limiter.take("busy", at(0)), Turn::Wait(_)));
    }
}
