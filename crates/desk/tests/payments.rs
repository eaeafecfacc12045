//! Pages of payments by account: the same as going over all payments, in whatever days they were
//! made, on both engines.

use domain::case::Span;
use domain::payment::{Payment, PaymentFilter, PaymentStatus};
use domain::{Actor, Instant, Millis, Role};
use store::read::listing::BehindPayment;
use teststand::engines::BOTH;
use teststand::world::{BEGINNING, World, payment};

/// Payments of three accounts over forty days, some days without any, two at one instant.
fn rows() -> Vec<Payment> {
    let made = |number: i64| {
        let day = (number * 7) % 40;
        BEGINNING.plus(Millis::days(-day)).plus(Millis::hours(-(number % 3) * 5))
    };
    (0..120)
        .map(|number| Payment {
            account: format!("ACC-{}", number % 3),
            created_at: made(number / 2),
            ..payment(&format!("P-{number:03}"), PaymentStatus::Successful, BEGINNING)
        })
        .collect()
}

async fn pages(world: &World, by: &Actor, filter: &PaymentFilter, limit: i64) -> Vec<String> {
    let (mut found, mut behind): (_, Option<BehindPayment>) = (Vec::new(), None);
    loop {
        let page = world.desk.list_payments(by, filter, behind.as_ref(), limit).await;
        let page = page.expect("a page");
        found.extend(page.payments.into_iter().map(|view| view.payment.refid));
        behind = page.next;
        if behind.is_none() {
            return found;
        }
    }
}

fn plain(rows: &[Payment], filter: &PaymentFilter) -> Vec<String> {
    let within = |at: Instant| {
        filter.created.from.is_none_or(|from| at >= from)
            && filter.created.to.is_none_or(|to| at < to)
    };
    let mut fits: Vec<&Payment> = rows
        .iter()
        .filter(|row| filter.account.as_ref().is_none_or(|account| *account == row.account))
        .filter(|row| within(row.created_at))
        .collect();
    fits.sort_by_key(|row| std::cmp::Reverse((row.created_at, row.refid.clone())));
    fits.into_iter().map(|row| row.refid.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_of_an_account_are_what_a_plain_look_finds() {
    for kind in BOTH {
        let world = World::new(kind, 31).await;
        let rows = rows();
        let importer = world.actor(Role::Developer, "import");
        world.desk.import(&importer, &rows).await.expect("an import");
        let by = world.actor(Role::Auditor, "aud");
        let day = |days: i64| Some(BEGINNING.plus(Millis::days(-days)));
        for account in [None, Some("ACC-1"), Some("ACC-2"), Some("ACC-9")] {
            for (from, to) in [(None, None), (day(12), None), (None, day(12)), (day(30), day(3))] {
                let filter = PaymentFilter {
                    account: account.map(str::to_owned),
                    created: Span { from, to },
                    ..PaymentFilter::default()
                };
                for limit in [1, 7, 100] {
                    let found = pages(&world, &by, &filter, limit).await;
                    assert_eq!(found, plain(&rows, &filter), "{kind:?} {filter:?} {limit}");
                }
            }
        }
    }
}

/// One page looks at some months only; the one after it goes on, though nothing was found.
#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_paid_long_ago_is_found_on_a_later_page() {
    for kind in BOTH {
        let world = World::new(kind, 32).await;
        let row = |number: i64, account: &str| Payment {
            account: account.to_owned(),
            created_at: BEGINNING.plus(Millis::hours(-number)),
            ..payment(&format!("H-{number:04}"), PaymentStatus::Successful, BEGINNING)
        };
        let mut rows: Vec<Payment> = (0..2_100).map(|number| row(number, "BUSY")).collect();
        rows.push(row(2_100, "QUIET"));
        let importer = world.actor(Role::Developer, "import");
        world.desk.import(&importer, &rows).await.expect("an import");
        let by = world.actor(Role::Auditor, "aud");
        let of = |account: &str| PaymentFilter {
            account: Some(account.to_owned()),
            ..PaymentFilter::default()
        };
        let first = world.desk.list_payments(&by, &of("QUIET"), None, 50).await.expect("a page");
        assert!(first.payments.is_empty() && first.next.is_some(), "{kind:?}");
        assert_eq!(pages(&world, &by, &of("QUIET"), 50).await, ["H-2100"], "{kind:?}");
        assert_eq!(pages(&world, &by, &of("BUSY"), 200).await.len(), 2_100, "{kind:?}");
    }
}
