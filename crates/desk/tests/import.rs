//! Long imports on both engines: what becomes of each row is the same whether what is known was
//! read first or found out by the write, and nothing is written twice or by halves.

use desk::Failure;
use desk::import::{ROWS_AT_ONCE_MAX, RowResult};
use domain::payment::{Payment, PaymentStatus, RowEffect, weigh_row};
use domain::{Instant, Millis, Refusal, Role};
use std::collections::HashMap;
use teststand::engines::BOTH;
use teststand::world::{BEGINNING, World, payment};

/// When the payments were made; what came of them later has happened by the time of the world.
const THEN: Instant = BEGINNING.plus(Millis::days(-1));

fn numbered(numbers: std::ops::Range<usize>) -> Vec<Payment> {
    let one = |n: usize| payment(&format!("R-{n}"), PaymentStatus::Accepted, THEN);
    numbers.map(one).collect()
}

fn later(row: &Payment, status: PaymentStatus, hours: i64) -> Payment {
    Payment { status, status_at: row.status_at.plus(Millis(hours * 3_600_000)), ..row.clone() }
}

/// The rules row by row over a memory of their own: what every import must say.
#[derive(Default)]
struct Plain {
    known: HashMap<String, Payment>,
    owners: HashMap<String, String>,
}

impl Plain {
    fn take(&mut self, rows: &[Payment]) -> Vec<RowResult> {
        let mut results = Vec::new();
        for row in rows {
            let owner = self.owners.get(&row.trxid).map(String::as_str);
            let result = weigh_row(row, self.known.get(&row.refid), owner, BEGINNING);
            if let Ok(RowEffect::New | RowEffect::Moved { .. }) = result {
                self.known.insert(row.refid.clone(), row.clone());
                if !row.trxid.is_empty() {
                    self.owners.insert(row.trxid.clone(), row.refid.clone());
                }
            }
            results.push(result);
        }
        results
    }
}

/// Chunks that change the importer's mind in every way: all new, all new without a look, one known
/// among new ones, moves of stored and of new rows, refusals of each kind, all known.
fn chunks() -> Vec<Vec<Payment>> {
    use PaymentStatus::{Failed, Processing, Refunded, Successful};
    let known_among_new = [numbered(60..70), numbered(5..6), numbered(70..80)].concat();
    let mut moves = numbered(80..90);
    moves.push(later(&numbered(0..1)[0], Processing, 1));
    moves.push(later(&numbered(0..1)[0], Successful, 2));
    moves.push(later(&numbered(85..86)[0], Failed, 1));
    moves.push(later(&numbered(1..2)[0], Successful, 1));
    let mut refused = numbered(90..95);
    refused.push(later(&numbered(2..3)[0], Refunded, 1));
    refused.push(Payment { trxid: "T-R-3".into(), ..numbered(96..97).remove(0) });
    refused.push(Payment { amount_minor: 7, ..numbered(4..5).remove(0) });
    refused.push(Payment { status: Failed, ..numbered(7..8).remove(0) });
    refused.push(later(&numbered(8..9)[0], Processing, 48));
    refused.push(later(&numbered(97..98)[0], Processing, 48));
    let own_trxid_twice = vec![
        Payment { trxid: "T-same".into(), ..numbered(100..101).remove(0) },
        Payment { trxid: "T-same".into(), ..numbered(101..102).remove(0) },
        Payment { trxid: String::new(), ..numbered(102..103).remove(0) },
        Payment { trxid: String::new(), ..numbered(103..104).remove(0) },
    ];
    // Refused for the stored owner of the `trxid`, though the row before it differs too.
    let two_reasons = vec![
        numbered(130..131).remove(0),
        Payment { trxid: "T-R-40".into(), ..numbered(130..131).remove(0) },
    ];
    let taken_trxid = vec![Payment { trxid: "T-R-40".into(), ..numbered(110..111).remove(0) }];
    vec![
        numbered(0..30),
        numbered(30..60),
        known_among_new,
        moves,
        numbered(200..210),
        refused,
        numbered(210..220),
        own_trxid_twice,
        numbered(220..230),
        taken_trxid,
        numbered(230..240),
        two_reasons,
        [numbered(0..120), numbered(0..3)].concat(),
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn each_row_is_told_as_if_it_came_alone() {
    for kind in BOTH {
        let world = World::new(kind, 41).await;
        let by = world.actor(Role::Developer, "import");
        let mut importer = world.desk.importer(&by).expect("a developer may");
        let mut plain = Plain::default();
        for (number, chunk) in chunks().into_iter().enumerate() {
            let results = importer.take(&chunk).await.expect("an import");
            assert_eq!(results, plain.take(&chunk), "chunk {number} on {kind:?}");
        }
        let all: Vec<Payment> = plain.known.values().cloned().collect();
        let known = store::bulk::known(&world.db, world.scope, &all).await.expect("they read");
        let mut stored = known.0;
        let mut wanted = all;
        stored.sort_by(|one, other| one.refid.cmp(&other.refid));
        wanted.sort_by(|one, other| one.refid.cmp(&other.refid));
        assert_eq!(stored, wanted, "{kind:?}");
        let again = world.desk.import(&by, &wanted).await.expect("an import");
        assert!(again.iter().all(|one| *one == Ok(RowEffect::Unchanged)), "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_imports_of_the_same_rows_make_each_once() {
    for kind in BOTH {
        let world = World::new(kind, 42).await;
        let by = world.actor(Role::Developer, "import");
        let rows = numbered(0..2_000);
        let tasks: Vec<_> = (0..3)
            .map(|turn| {
                let (desk, by, mut rows) = (world.desk.clone(), by.clone(), rows.clone());
                rows.rotate_left(turn * 700);
                tokio::spawn(async move {
                    let mut importer = desk.importer(&by).expect("a developer may");
                    let mut new = 0;
                    for chunk in rows.chunks(100) {
                        let results = importer.take(chunk).await.expect("an import");
                        let is_new = |one: &&RowResult| **one == Ok(RowEffect::New);
                        assert!(results.iter().all(Result::is_ok), "{results:?}");
                        new += results.iter().filter(is_new).count();
                    }
                    new
                })
            })
            .collect();
        let mut new = 0;
        for task in tasks {
            new += task.await.expect("it ends");
        }
        assert_eq!(new, rows.len(), "{kind:?}: each row is new to one of them");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_whole_chunk_moves_on_at_once() {
    for kind in BOTH {
        let world = World::new(kind, 43).await;
        let by = world.actor(Role::Developer, "import");
        let rows = numbered(0..ROWS_AT_ONCE_MAX);
        world.desk.import(&by, &rows).await.expect("an import");
        let moved: Vec<_> =
            rows.iter().map(|row| later(row, PaymentStatus::Successful, 1)).collect();
        let results = world.desk.import(&by, &moved).await.expect("an import");
        let wanted = RowEffect::Moved { from_status_at: THEN };
        assert!(results.iter().all(|one| *one == Ok(wanted.clone())), "{kind:?}");
        let agent = world.actor(Role::Agent, "ann");
        let refused = world.desk.importer(&agent).err();
        assert!(matches!(refused, Some(Failure::Refused(Refusal::NotAllowed { .. }))), "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_breaks_a_guard_leaves_nothing_of_its_chunk() {
    for kind in BOTH {
        let world = World::new(kind, 44).await;
        let by = world.actor(Role::Developer, "import");
        world.desk.import(&by, &numbered(50..51)).await.expect("an import");
        let changes = |rows: Vec<Payment>| {
            let mut changes = domain::changes::Changes::none(world.scope, world.desk.now());
            let new = |row| domain::changes::Change::PaymentNew(Box::new(row));
            changes.list = rows.into_iter().map(new).collect();
            changes
        };
        // Row 50 is known, in the midst; then a `trxid` is taken; then a row comes twice.
        let trxid = Payment { trxid: "T-R-50".into(), ..numbered(300..301).remove(0) };
        let twice = [numbered(0..90), numbered(3..4)].concat();
        for rows in [numbered(0..100), vec![trxid], twice] {
            let kept = store::bulk::commit(&world.db, changes(rows)).await;
            let missed = matches!(kept, Err(store::engine::CommitError::Missed { tag: "payment" }));
            assert!(missed, "{kind:?}: {kept:?}");
        }
        let all = numbered(0..400);
        let known = store::bulk::known(&world.db, world.scope, &all).await.expect("they read");
        assert_eq!(known.0.len(), 1, "{kind:?}: only the first");
    }
}
