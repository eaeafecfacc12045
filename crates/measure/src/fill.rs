//! Fills an installation: payments by the road of an import, cases by the road of a report. Both
//! are the desk's own, so what stands there afterwards is what the program itself would have
//! written.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use anyhow::{anyhow, ensure};
use desk::execute::Order;
use domain::case::{Command, PaymentRef, Report};
use domain::payment::{Payment, PaymentStatus};
use domain::{Actor, Dice as _, Instant, Millis, Role};
use tokio::task::JoinSet;

use crate::caller::{millis_now, reference};
use crate::house::House;
use crate::programs::{Mixed, scope};

/// Payments brought in at once.
const IMPORTED_AT_ONCE: u32 = 20_000;

/// Imports under way at once.
const IMPORTS: usize = 4;

/// Reports under way at once: larger groups than a server would see.
const REPORTS: usize = 512;

/// The newest payments, as a hundredth of all.
pub const NEWEST: u32 = 100;

fn actor(role: Role, name: &str) -> Actor {
    Actor::new(scope(), role, name)
}

fn payment(number: u32, at: Instant) -> Payment {
    Payment {
        refid: reference(number),
        trxid: format!("T-{number:09}"),
        product: "TNB".to_owned(),
        account: format!("2200{number:08}"),
        amount_minor: 1_000 + i64::from(number % 9_000),
        currency: "MYR".to_owned(),
        status: PaymentStatus::Successful,
        status_at: at,
        created_at: at.plus(Millis::seconds(-2)),
        provider: "tnb".to_owned(),
        payer_ref: String::new(),
    }
}

/// Brings in the payments of these numbers.
///
/// # Errors
/// A row is refused.
pub async fn payments(house: &House, numbers: Range<u32>) -> anyhow::Result<()> {
    let desk = house.desk().await?;
    let at = Instant::from_millis(millis_now()).plus(Millis::days(-1));
    let mut tasks = JoinSet::new();
    let Range { start: mut from, end } = numbers;
    while from < end || !tasks.is_empty() {
        if from < end && tasks.len() < IMPORTS {
            let until = (from + IMPORTED_AT_ONCE).min(end);
            let rows: Vec<Payment> = (from..until).map(|number| payment(number, at)).collect();
            let desk = desk.clone();
            tasks.spawn(async move {
                let by = actor(Role::Developer, "measure");
                let results = desk.import(&by, &rows).await.map_err(|why| anyhow!("{why:?}"))?;
                ensure!(results.iter().all(Result::is_ok), "a payment is refused");
                Ok(())
            });
            from = until;
            continue;
        }
        if let Some(ended) = tasks.join_next().await {
            ended??;
        }
    }
    Ok(())
}

/// Opens a case about each of these payments, and leaves nothing to be sent or sealed.
///
/// # Errors
/// A report is refused.
pub async fn cases(house: &House, numbers: Vec<u32>) -> anyhow::Result<()> {
    let desk = house.desk().await?;
    let (numbers, next) = (Arc::new(numbers), Arc::new(AtomicUsize::new(0)));
    let mut tasks = JoinSet::new();
    for _ in 0..REPORTS {
        let (desk, numbers, next) = (desk.clone(), Arc::clone(&numbers), Arc::clone(&next));
        tasks.spawn(async move {
            while let Some(number) = numbers.get(next.fetch_add(1, Ordering::Relaxed)) {
                let report = Report {
                    payment: PaymentRef::Refid(reference(*number)),
                    addresses: vec![format!("buyer{number}@example.test")],
                    says: format!("The bill {number} is paid and still shows as unpaid."),
                    category: String::new(),
                };
                let by = actor(Role::Client, "measure");
                let command = Command::Report(report);
                let order = Order { by, command, key: None, nonce: None };
                desk.execute(&order).await.map_err(|why| anyhow!("{why:?}"))?;
            }
            anyhow::Ok(())
        });
    }
    while let Some(ended) = tasks.join_next().await {
        ended??;
    }
    house.set_messages_aside().await?;
    while desk.seal_once().await.map_err(|why| anyhow!("{why:?}"))?.is_some() {}
    Ok(())
}

/// The numbers from `from` to `until` in an order that chance gave.
pub fn shuffled(from: u32, until: u32) -> Vec<u32> {
    let mut dice = Mixed::new();
    let mut numbers: Vec<u32> = (from..until).collect();
    for place in (1..numbers.len()).rev() {
        numbers.swap(place, below(&mut dice, place + 1));
    }
    numbers
}

/// A number below `end`, which must not be zero.
pub fn below(dice: &mut Mixed, end: usize) -> usize {
    let mut bytes = [0; 8];
    dice.fill(&mut bytes);
    usize::try_from(u64::from_le_bytes(bytes) % end as u64).unwrap_or(0)
}

/// Nine of ten from the newest hundredth, the others from all before it: none twice.
pub fn newest_first(newest: Vec<u32>, others: Vec<u32>) -> Vec<u32> {
    let (mut newest, mut others) = (newest.into_iter(), others.into_iter());
    let mut dice = Mixed::new();
    let mut drawn = Vec::new();
    loop {
        let next = if below(&mut dice, 10) < 9 { newest.next() } else { others.next() };
        match next {
            Some(number) => drawn.push(number),
            None => return drawn,
        }
    }
}
