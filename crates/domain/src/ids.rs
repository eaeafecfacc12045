//! Typed ids. Each is a prefix and 26 characters of Crockford's base 32 over 128 bits: 48 bits of
//! milliseconds, 80 random ones. They sort by creation, so new rows stand together on disk; they
//! tell when they were made, so they are never used as secrets.

use std::fmt;

use crate::dice::Dice;
use crate::time::Instant;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Characters after the prefix.
const LETTERS: usize = 26;

fn fresh(prefix: &str, at: Instant, dice: &mut dyn Dice) -> String {
    let mut random = [0_u8; 10];
    dice.fill(&mut random);
    let mut bits = u128::from(at.millis().unsigned_abs() & 0xffff_ffff_ffff) << 80;
    for (place, byte) in random.into_iter().enumerate() {
        bits |= u128::from(byte) << (8 * place);
    }
    let mut text = String::with_capacity(prefix.len() + LETTERS);
    text.push_str(prefix);
    for place in (0..LETTERS).rev() {
        let letter = (bits >> (5 * place)) & 31;
        text.push(char::from(ALPHABET[usize::try_from(letter).unwrap_or(0)]));
    }
    text
}

fn well_formed(prefix: &str, text: &str) -> bool {
    text.strip_prefix(prefix)
        .is_some_and(|rest| rest.len() == LETTERS && rest.bytes().all(|b| ALPHABET.contains(&b)))
}

macro_rules! id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// A new one: its first part is the time, the rest comes from the dice.
            pub fn new(at: Instant, dice: &mut dyn Dice) -> Self {
                Self(fresh($prefix, at, dice))
            }

            /// Reads one, or nothing when the text cannot be one.
            pub fn parse(text: &str) -> Option<Self> {
                well_formed($prefix, text).then(|| Self(text.to_owned()))
            }

            /// The text as stored and shown.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

id!(
    /// One case.
    CaseId,
    "cs_"
);
id!(
    /// One message to the outside: a mail, an event, a webhook delivery.
    MessageId,
    "msg_"
);
id!(
    /// One webhook endpoint.
    EndpointId,
    "ep_"
);
id!(
    /// One person of an account.
    MemberId,
    "mb_"
);
id!(
    /// One row of the log of reads.
    ReadId,
    "rd_"
);
id!(
    /// One file that belongs to a case.
    EvidenceId,
    "ev_"
);

impl CaseId {
    /// Stands where a message is about no case.
    pub fn nobodys() -> Self {
        Self(format!("cs_{}", "0".repeat(LETTERS)))
    }
}

id!(
    /// One job: an act on many cases.
    JobId,
    "job_"
);

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);

    impl Dice for Fixed {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn ids_sort_by_time_and_read_back() {
        let early = CaseId::new(Instant::from_millis(1_000), &mut Fixed(255));
        let late = CaseId::new(Instant::from_millis(1_001), &mut Fixed(0));
        assert!(early < late);
        assert_eq!(CaseId::parse(early.as_str()), Some(early.clone()));
        assert_eq!(early.as_str().len(), 29);
        assert_eq!(MessageId::parse(early.as_str()), None, "another kind's prefix");
        for bad in ["", "cs_", "cs_ilouILOU00000000000000000", "cs_'; DROP TABLE cases; --  "] {
            assert_eq!(CaseId::parse(bad), None, "{bad}");
        }
    }
}
