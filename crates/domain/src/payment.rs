//! Payments as they are known here: what was paid, and how far it came. Payments move forward
//! along one table; a row that says otherwise is refused with the reason.

pub mod columns;

use crate::time::{CLOCK_SKEW_MAX, Instant};

/// How far a payment came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PaymentStatus {
    /// Taken, not yet begun.
    Accepted,
    /// With the provider, outcome unknown.
    Processing,
    /// Done.
    Successful,
    /// Failed for good; the amount went back by itself.
    Failed,
    /// Given back on request after it had been done.
    Refunded,
}

impl PaymentStatus {
    /// All, in order.
    pub const ALL: [Self; 5] =
        [Self::Accepted, Self::Processing, Self::Successful, Self::Failed, Self::Refunded];

    /// The word used in files and answers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Processing => "processing",
            Self::Successful => "successful",
            Self::Failed => "failed",
            Self::Refunded => "refunded",
        }
    }

    /// Reads [`PaymentStatus::word`] back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.word() == word)
    }

    /// The number that is stored.
    pub const fn number(self) -> i64 {
        match self {
            Self::Accepted => 0,
            Self::Processing => 1,
            Self::Successful => 2,
            Self::Failed => 3,
            Self::Refunded => 4,
        }
    }

    /// Reads [`PaymentStatus::number`] back.
    pub fn from_number(number: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.number() == number)
    }

    /// Whether a payment may move from here to `next`.
    pub const fn may_become(self, next: Self) -> bool {
        match self {
            Self::Accepted => matches!(next, Self::Processing | Self::Successful | Self::Failed),
            Self::Processing => matches!(next, Self::Successful | Self::Failed),
            Self::Successful => matches!(next, Self::Refunded),
            Self::Failed | Self::Refunded => false,
        }
    }
}

/// One payment, as imported or made here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// The caller's reference; unique in its scope. 1 to 64 visible characters.
    pub refid: String,
    /// The system's own reference; unique in its scope, empty when unknown.
    pub trxid: String,
    /// Product code.
    pub product: String,
    /// The account that was paid.
    pub account: String,
    /// Amount in minor units of `currency`.
    pub amount_minor: i64,
    /// ISO 4217 code.
    pub currency: String,
    /// How far it came.
    pub status: PaymentStatus,
    /// Since when it has that status.
    pub status_at: Instant,
    /// When it was made.
    pub created_at: Instant,
    /// Who carried it out, empty when unknown.
    pub provider: String,
    /// The payer's reference, empty when unknown.
    pub payer_ref: String,
}

/// Which payments; what is not given does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaymentFilter {
    /// Of this account.
    pub account: Option<String>,
    /// Of this product.
    pub product: Option<String>,
    /// That came this far.
    pub status: Option<PaymentStatus>,
    /// Carried out by this provider.
    pub provider: Option<String>,
    /// Made then.
    pub created: crate::case::Span,
}

impl PaymentFilter {
    /// What it asks for, in words: for the list of who read what. Times are left out.
    pub fn words(&self) -> String {
        let text = |name: &str, text: Option<&str>| text.map(|text| format!("{name}={text}"));
        let all = [
            text("account", self.account.as_deref()),
            text("product", self.product.as_deref()),
            text("status", self.status.map(PaymentStatus::word)),
            text("provider", self.provider.as_deref()),
        ];
        let said: Vec<String> = all.into_iter().flatten().collect();
        if said.is_empty() { "all".to_owned() } else { said.join(" ") }
    }
}

/// What a row about a payment does to what is known of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowEffect {
    /// The payment was unknown: it is written.
    New,
    /// It says what is known, or something older: nothing changes.
    Unchanged,
    /// The status moves forward.
    Moved {
        /// What the stored row must still say when the move is written.
        from_status_at: Instant,
    },
}

/// Why a row about a known payment was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowRefusal {
    /// A column that never changes differs.
    Differs {
        /// Its name.
        column: &'static str,
    },
    /// The status cannot move that way.
    NoSuchMove {
        /// What it is.
        from: PaymentStatus,
        /// What the row says.
        to: PaymentStatus,
    },
    /// Two statuses at one instant.
    TwoStatusesAtOnce,
    /// The `trxid` belongs to another payment.
    TrxidTaken,
    /// A time that has not come yet, by more than clocks differ.
    ToCome {
        /// The column's name.
        column: &'static str,
    },
}

impl RowRefusal {
    /// A sentence for the side file of refused rows.
    pub fn sentence(self) -> String {
        match self {
            Self::Differs { column } => {
                format!("{column}: differs from the stored payment with this refid")
            }
            Self::NoSuchMove { from, to } => {
                format!("status: a payment that is {} cannot become {}", from.word(), to.word())
            }
            Self::TwoStatusesAtOnce => {
                "status: differs from the stored payment although status_at is the same".to_owned()
            }
            Self::TrxidTaken => "trxid: belongs to another payment".to_owned(),
            Self::ToCome { column } => {
                let minutes = CLOCK_SKEW_MAX.0 / 60_000;
                format!("{column}: lies in the future, by more than {minutes} minutes")
            }
        }
    }
}

/// Decides what `row` does at `now`, given the stored payment with its `refid` and the `refid` that
/// owns its `trxid`. A status of times to come would stand against every true one until then.
pub fn weigh_row(
    row: &Payment,
    stored: Option<&Payment>,
    trxid_owner: Option<&str>,
    now: Instant,
) -> Result<RowEffect, RowRefusal> {
    for (column, time) in [("created_at", row.created_at), ("status_at", row.status_at)] {
        if time.is_to_come(now) {
            return Err(RowRefusal::ToCome { column });
        }
    }
    if !row.trxid.is_empty() && trxid_owner.is_some_and(|owner| owner != row.refid) {
        return Err(RowRefusal::TrxidTaken);
    }
    let Some(stored) = stored else { return Ok(RowEffect::New) };
    if let Some(column) = first_difference(row, stored) {
        return Err(RowRefusal::Differs { column });
    }
    if row.status_at < stored.status_at || row.status == stored.status {
        return Ok(RowEffect::Unchanged);
    }
    if row.status_at == stored.status_at {
        return Err(RowRefusal::TwoStatusesAtOnce);
    }
    if !stored.status.may_become(row.status) {
        return Err(RowRefusal::NoSuchMove { from: stored.status, to: row.status });
    }
    Ok(RowEffect::Moved { from_status_at: stored.status_at })
}

fn first_difference(row: &Payment, stored: &Payment) -> Option<&'static str> {
    [
        ("trxid", row.trxid != stored.trxid),
        ("product", row.product != stored.product),
        ("account", row.account != stored.account),
        ("amount_minor", row.amount_minor != stored.amount_minor),
        ("currency", row.currency != stored.currency),
    ]
    .into_iter()
    .find_map(|(column, differs)| differs.then_some(column))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Millis;

    const NOW: Instant = Instant::from_millis(1_000);

    fn payment(status: PaymentStatus, at: i64) -> Payment {
        Payment {
            refid: "A-1".into(),
            trxid: "T-1".into(),
            product: "TNB".into(),
            account: "220001234513".into(),
            amount_minor: 12_345,
            currency: "MYR".into(),
            status,
            status_at: Instant::from_millis(at),
            created_at: Instant::from_millis(1),
            provider: String::new(),
            payer_ref: String::new(),
        }
    }

    #[test]
    fn statuses_move_along_the_table_and_never_back() {
        use PaymentStatus::{Accepted, Failed, Processing, Refunded, Successful};
        let moves = [
            (Accepted, vec![Processing, Successful, Failed]),
            (Processing, vec![Successful, Failed]),
            (Successful, vec![Refunded]),
            (Failed, vec![]),
            (Refunded, vec![]),
        ];
        for (from, allowed) in moves {
            for to in PaymentStatus::ALL {
                assert_eq!(from.may_become(to), allowed.contains(&to), "{from:?} to {to:?}");
            }
        }
    }

    #[test]
    fn a_row_is_new_equal_older_later_or_refused() {
        let stored = payment(PaymentStatus::Processing, 10);
        let weigh = |row: &Payment| weigh_row(row, Some(&stored), Some("A-1"), NOW);
        assert_eq!(weigh_row(&stored, None, None, NOW), Ok(RowEffect::New));
        assert_eq!(weigh(&stored), Ok(RowEffect::Unchanged));
        assert_eq!(weigh(&payment(PaymentStatus::Accepted, 9)), Ok(RowEffect::Unchanged));
        let from_status_at = Instant::from_millis(10);
        let later = payment(PaymentStatus::Successful, 11);
        assert_eq!(weigh(&later), Ok(RowEffect::Moved { from_status_at }));
        let at_once = payment(PaymentStatus::Successful, 10);
        assert_eq!(weigh(&at_once), Err(RowRefusal::TwoStatusesAtOnce));
        let (from, to) = (PaymentStatus::Processing, PaymentStatus::Refunded);
        assert_eq!(weigh(&payment(to, 12)), Err(RowRefusal::NoSuchMove { from, to }));
        let other = Payment { amount_minor: 1, ..stored.clone() };
        assert_eq!(weigh(&other), Err(RowRefusal::Differs { column: "amount_minor" }));
        assert_eq!(weigh_row(&stored, None, Some("B-2"), NOW), Err(RowRefusal::TrxidTaken));
    }

    #[test]
    fn a_row_of_times_to_come_is_refused_by_its_column() {
        let allowed = NOW.plus(CLOCK_SKEW_MAX);
        let late = allowed.plus(Millis(1));
        let row = |created_at, status_at| {
            let row = Payment { created_at, status_at, ..payment(PaymentStatus::Accepted, 1) };
            weigh_row(&row, None, None, NOW)
        };
        assert_eq!(row(allowed, allowed), Ok(RowEffect::New));
        let refused = |column| Err(RowRefusal::ToCome { column });
        assert_eq!(row(late, late), refused("created_at"));
        assert_eq!(row(NOW, late), refused("status_at"));
        let said = RowRefusal::ToCome { column: "created_at" }.sentence();
        assert_eq!(said, "created_at: lies in the future, by more than 5 minutes");
    }
}
