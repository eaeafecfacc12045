//! The demo's payments: some four thousand for each environment, the same each time save that they
//! end a day before the directory was made. They are made up; numbers and names belong to nobody.

use domain::payment::{Payment, PaymentStatus};
use domain::{Env, Instant, Millis};

use super::products::{AccountKind, Amounts, PRODUCTS, Product};
use super::seeded::Seeded;

/// How many payments of each status. Most succeed; the rare ones are still enough to try things
/// on: `demo.json` promises at least fifty of each that it lists.
const SHARES: [(PaymentStatus, usize); 5] = [
    (PaymentStatus::Successful, 3_560),
    (PaymentStatus::Failed, 240),
    (PaymentStatus::Refunded, 100),
    (PaymentStatus::Processing, 80),
    (PaymentStatus::Accepted, 20),
];

/// How many payers there are; each pays some six times.
const PAYERS: u64 = 640;

/// How far back the first payment lies.
const SPAN: Millis = Millis::days(120);
/// How long before the directory was made the last thing happened.
const LAST_BEFORE: Millis = Millis::days(2);
/// Within which a refund follows a success.
const REFUND_WITHIN: Millis = Millis::days(3);

/// The seeds; any two numbers would do, but never others, or the data would change.
const SEED_PRODUCTION: u64 = 0x005e_ed01;
const SEED_STAGING: u64 = 0x005e_ed02;

/// The accounts on which staging plays failures (IIMMPACT contract, 4.3) all begin so; payments
/// that succeeded on them would puzzle people.
const TRIGGERS: &str = "0123450";

/// All payments of one environment, oldest first.
pub fn payments(env: Env, made_at: Instant) -> Vec<Payment> {
    let (seed, letter, trxid_first) = match env {
        Env::Production => (SEED_PRODUCTION, 'P', 7_000_000_000_u64),
        Env::Staging => (SEED_STAGING, 'S', 3_000_000_000_u64),
    };
    let mut dice = Seeded::new(seed);
    let mut statuses: Vec<PaymentStatus> =
        SHARES.into_iter().flat_map(|(status, count)| std::iter::repeat_n(status, count)).collect();
    dice.shuffle(&mut statuses);
    let mut times: Vec<i64> = statuses.iter().map(|_| dice.between(1, SPAN.0)).collect();
    times.sort_unstable_by(|one, other| other.cmp(one));
    let last = made_at.plus(Millis(-LAST_BEFORE.0 - REFUND_WITHIN.0));
    let mut trxid = trxid_first;
    let mut payments = Vec::with_capacity(statuses.len());
    for (number, (status, before)) in (1..).zip(statuses.into_iter().zip(times)) {
        let created_at = last.plus(Millis(-before));
        let product = product(&mut dice);
        let payer = dice.below(PAYERS);
        trxid += 1 + dice.below(900);
        payments.push(Payment {
            refid: format!("DEMO-{letter}-{number:05}"),
            trxid: trxid.to_string(),
            product: product.code.to_owned(),
            account: account(product, seed, payer),
            amount_minor: amount(&mut dice, product.amounts),
            currency: "MYR".to_owned(),
            status,
            status_at: created_at.plus(took(&mut dice, status)),
            created_at,
            provider: product.provider.to_owned(),
            payer_ref: format!("payer-{payer:04}"),
        });
    }
    payments
}

fn product(dice: &mut Seeded) -> &'static Product {
    let total = PRODUCTS.iter().map(|product| product.weight).sum();
    let mut left = dice.below(total);
    for product in &PRODUCTS {
        match left.checked_sub(product.weight) {
            Some(rest) => left = rest,
            None => return product,
        }
    }
    &PRODUCTS[0]
}

/// A payer pays the same account for a product each time, so it follows from both.
fn account(product: &Product, seed: u64, payer: u64) -> String {
    let name = product
        .provider
        .bytes()
        .fold(seed, |sum, byte| sum.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let mut dice = Seeded::new(name.wrapping_add(payer.wrapping_mul(0x0100_0000_01b3)));
    match product.account {
        AccountKind::Digits(count) => format!("{}{}", dice.between(1, 9), dice.digits(count - 1)),
        AccountKind::Reference => format!("{}-{}", dice.between(1_000, 99_999), dice.digits(10)),
        AccountKind::Mobile => loop {
            let number = format!("01{}", dice.digits(8));
            if !number.starts_with(TRIGGERS) {
                return number;
            }
        },
    }
}

fn amount(dice: &mut Seeded, amounts: Amounts) -> i64 {
    match amounts {
        Amounts::Fixed(amounts) => *dice.pick(amounts),
        // Bills of older meters are rounded to five sen.
        Amounts::Bill(least, most) => dice.between(least / 5, most / 5) * 5,
    }
}

/// How long after its making a payment reached its status.
fn took(dice: &mut Seeded, status: PaymentStatus) -> Millis {
    match status {
        PaymentStatus::Accepted => Millis(0),
        PaymentStatus::Processing => Millis(dice.between(40, 900)),
        PaymentStatus::Successful => Millis(dice.between(900, 45_000)),
        PaymentStatus::Failed => Millis(dice.between(700, 300_000)),
        PaymentStatus::Refunded => Millis(dice.between(Millis::hours(1).0, REFUND_WITHIN.0)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;

    const MADE_AT: Instant = Instant::from_millis(1_780_000_000_000);

    fn count(payments: &[Payment], status: PaymentStatus) -> usize {
        payments.iter().filter(|payment| payment.status == status).count()
    }

    #[test]
    fn the_same_each_time_save_for_the_time() {
        for env in Env::ALL {
            let first = payments(env, MADE_AT);
            assert_eq!(first, payments(env, MADE_AT));
            let mut later = payments(env, MADE_AT.plus(Millis::days(9)));
            for payment in &mut later {
                payment.created_at = payment.created_at.plus(Millis::days(-9));
                payment.status_at = payment.status_at.plus(Millis::days(-9));
            }
            assert_eq!(first, later);
        }
    }

    #[test]
    fn the_first_ones_are_as_they_always_were() {
        let short = |env| {
            let all = payments(env, MADE_AT);
            let payment = &all[6];
            format!(
                "{} {} {} {} {} {}",
                payment.refid,
                payment.trxid,
                payment.product,
                payment.account,
                payment.amount_minor,
                payment.status.word()
            )
        };
        assert_eq!(short(Env::Production), "DEMO-P-00007 7000002363 D 0149890063 5000 successful");
        assert_eq!(short(Env::Staging), "DEMO-S-00007 3000003195 SAJ 9855021165 1940 successful");
    }

    #[test]
    fn enough_of_each_and_mostly_successful() {
        for env in Env::ALL {
            let all = payments(env, MADE_AT);
            assert_eq!(all.len(), 4_000);
            for status in PaymentStatus::ALL {
                assert_eq!(
                    count(&all, status),
                    SHARES.iter().find(|(is, _)| *is == status).map_or(0, |(_, count)| *count)
                );
            }
            for status in ["successful", "failed", "refunded", "processing"] {
                let status = PaymentStatus::parse(status).expect("a word");
                assert!(count(&all, status) >= 50, "{status:?}");
            }
            let mut products: BTreeMap<&str, usize> = BTreeMap::new();
            for payment in &all {
                *products.entry(&payment.product).or_default() += 1;
            }
            assert_eq!(products.len(), PRODUCTS.len(), "{products:?}");
        }
    }

    #[test]
    fn all_older_than_a_day_in_order_and_within_the_rules_of_files() {
        for env in Env::ALL {
            let mut last = Instant::from_millis(0);
            for payment in payments(env, MADE_AT) {
                assert!(payment.created_at >= last && payment.status_at >= payment.created_at);
                assert!(payment.status_at < MADE_AT.plus(Millis::days(-1)), "{payment:?}");
                assert!(payment.amount_minor > 0 && !payment.account.starts_with(TRIGGERS));
                last = payment.created_at;
            }
        }
    }

    #[test]
    fn no_reference_is_there_twice_in_either_environment() {
        let mut seen = BTreeSet::new();
        for payment in Env::ALL.into_iter().flat_map(|env| payments(env, MADE_AT)) {
            assert!(seen.insert(payment.refid.clone()), "{}", payment.refid);
            assert!(seen.insert(payment.trxid.clone()), "{}", payment.trxid);
        }
    }

    #[test]
    fn a_payer_pays_the_same_account_each_time() {
        let mut accounts: BTreeMap<(String, String), String> = BTreeMap::new();
        for payment in payments(Env::Production, MADE_AT) {
            let whose = (payment.payer_ref, payment.product);
            let before = accounts.entry(whose).or_insert_with(|| payment.account.clone());
            assert_eq!(*before, payment.account);
        }
    }
}
