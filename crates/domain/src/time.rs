//! Points in time and lengths of time, as integers. Nothing here asks what time it is: `at` is an
//! argument everywhere.

pub mod written;

/// A point in time: milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant(i64);

/// A length of time in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Millis(pub i64);

/// How far another's clock may be from ours: the contract's only witness says five minutes, and a
/// clock that nobody sets runs away by less in a month.
pub const CLOCK_SKEW_MAX: Millis = Millis::minutes(5);

impl Millis {
    /// A whole number of seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds * 1_000)
    }

    /// A whole number of minutes.
    pub const fn minutes(minutes: i64) -> Self {
        Self::seconds(minutes * 60)
    }

    /// A whole number of hours.
    pub const fn hours(hours: i64) -> Self {
        Self::minutes(hours * 60)
    }

    /// A whole number of 24-hour days.
    pub const fn days(days: i64) -> Self {
        Self::hours(days * 24)
    }
}

impl Instant {
    /// The instant `millis` milliseconds after 1970 began.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// The instant `seconds` seconds after 1970 began.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1_000))
    }

    /// Milliseconds since 1970 began.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970 began, rounded down.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1_000)
    }

    /// Whole minutes since 1970 began, rounded down.
    pub const fn minute(self) -> i64 {
        self.0.div_euclid(60_000)
    }

    /// This instant moved by `by`, held at the ends of what 64 bits can say.
    pub const fn plus(self, by: Millis) -> Self {
        Self(self.0.saturating_add(by.0))
    }

    /// Whether this is later than `now` by more than clocks differ.
    pub const fn is_to_come(self, now: Self) -> bool {
        self.0 > now.plus(CLOCK_SKEW_MAX).0
    }

    /// How long after `earlier` this is (negative when it is before).
    pub const fn since(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_and_seconds_round_down_on_both_sides_of_1970() {
        assert_eq!(Instant::from_millis(59_999).minute(), 0);
        assert_eq!(Instant::from_millis(-1).minute(), -1);
        assert_eq!(Instant::from_millis(-1).seconds(), -1);
        assert_eq!(Instant::from_seconds(3).plus(Millis::minutes(1)).millis(), 63_000);
    }
}
