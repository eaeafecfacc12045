//! When to try again: tables of waits, spread by dice so that a receiver that comes back is not
//! met by everybody at once. Pure; it knows neither the clock nor what is sent.

use domain::Dice;
use domain::time::{Instant, Millis};

/// Waits between tries. After the last one fails there is no other try, and a person is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// The wait after the first failure, after the second …
    waits: &'static [Millis],
    /// Each wait is moved by at most so many hundredths of itself, either way.
    spread_percent: i64,
}

/// Webhooks by Standard Webhooks: fast at first, since most receivers fail for seconds, then
/// slower, over three days: a long weekend without anybody at the other end.
pub const WEBHOOK: Schedule = Schedule {
    waits: &[
        Millis::seconds(5),
        Millis::seconds(30),
        Millis::minutes(2),
        Millis::minutes(10),
        Millis::minutes(30),
        Millis::hours(1),
        Millis::hours(2),
        Millis::hours(4),
        Millis::hours(8),
        Millis::hours(12),
        Millis::hours(12),
        Millis::hours(12),
        Millis::hours(12),
        Millis::hours(8),
    ],
    spread_percent: 10,
};

/// Mail: a relay that says "later" means minutes (grey-listing counts in five), and mail servers
/// give up after some days as well (RFC 5321, 4.5.4.1).
pub const MAIL: Schedule = Schedule {
    waits: &[
        Millis::minutes(1),
        Millis::minutes(5),
        Millis::minutes(15),
        Millis::minutes(30),
        Millis::hours(1),
        Millis::hours(2),
        Millis::hours(4),
        Millis::hours(8),
        Millis::hours(8),
        Millis::hours(8),
        Millis::hours(8),
        Millis::hours(8),
        Millis::hours(8),
        Millis::hours(8),
        Millis::hours(8),
    ],
    spread_percent: 10,
};

/// A receiver may ask for a longer wait than the table's, but not for more than this.
pub const ASKED_WAIT_MAX: Millis = Millis::hours(12);

impl Schedule {
    /// How often a message is tried in all.
    #[must_use]
    pub fn tries_max(&self) -> u32 {
        u32::try_from(self.waits.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// When to try again after `tries` tries, the last of which failed at `at`; nothing when that
    /// was the last. `asked` is the wait the receiver asked for: it lengthens, never shortens.
    pub fn next(
        &self,
        tries: u32,
        at: Instant,
        asked: Option<Millis>,
        dice: &mut dyn Dice,
    ) -> Option<Instant> {
        let place = usize::try_from(tries.max(1)).ok()? - 1;
        let wait = self.waits.get(place)?;
        let wait = spread(*wait, self.spread_percent, dice);
        let asked = asked.unwrap_or(Millis(0)).min(ASKED_WAIT_MAX);
        Some(at.plus(wait.max(asked)))
    }
}

fn spread(wait: Millis, percent: i64, dice: &mut dyn Dice) -> Millis {
    let reach = wait.0 * percent / 100;
    let mut bytes = [0_u8; 8];
    dice.fill(&mut bytes);
    let thrown = i64::from_le_bytes(bytes).rem_euclid(2 * reach + 1);
    Millis(wait.0 - reach + thrown)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Seeded;

    const START: Instant = Instant::from_seconds(1_760_000_000);

    #[test]
    fn both_tables_reach_over_three_days_and_then_stop() {
        for schedule in [WEBHOOK, MAIL] {
            for seed in 0..200 {
                let mut dice = Seeded(seed);
                let (mut at, mut tries) = (START, 0);
                while let Some(next) = schedule.next(tries + 1, at, None, &mut dice) {
                    assert!(next > at);
                    (at, tries) = (next, tries + 1);
                }
                assert_eq!(tries + 1, schedule.tries_max());
                let lasted = at.since(START);
                assert!(lasted > Millis::hours(64) && lasted < Millis::hours(80), "{lasted:?}");
            }
        }
    }

    #[test]
    fn waits_stay_near_the_table_and_differ() {
        let mut dice = Seeded(7);
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..100 {
            let next = WEBHOOK.next(6, START, None, &mut dice).expect("a sixth wait");
            let wait = next.since(START);
            assert!(wait >= Millis::minutes(54) && wait <= Millis::minutes(66), "{wait:?}");
            seen.insert(wait);
        }
        assert!(seen.len() > 90, "{}", seen.len());
    }

    #[test]
    fn a_receiver_may_ask_for_more_time_within_reason() {
        for (asked, at_least, at_most) in [
            (None, 4_500, 5_500),
            (Some(0), 4_500, 5_500),
            (Some(-5), 4_500, 5_500),
            (Some(1_000), 4_500, 5_500),
            (Some(60_000), 60_000, 60_000),
            (Some(i64::MAX), ASKED_WAIT_MAX.0, ASKED_WAIT_MAX.0),
        ] {
            let asked = asked.map(Millis);
            let next = WEBHOOK.next(1, START, asked, &mut Seeded(1)).expect("a wait");
            let wait = next.since(START).0;
            assert!((at_least..=at_most).contains(&wait), "{asked:?}: {wait}");
        }
    }

    #[test]
    fn the_same_dice_give_the_same_times() {
        let once = WEBHOOK.next(3, START, None, &mut Seeded(9));
        assert_eq!(once, WEBHOOK.next(3, START, None, &mut Seeded(9)));
        assert_eq!(WEBHOOK.next(15, START, None, &mut Seeded(9)), None);
        assert_eq!(WEBHOOK.next(u32::MAX, START, None, &mut Seeded(9)), None);
    }
}
