//! What leaves by export, on both engines: a reader that follows while others write and number
//! meets every change once, in the order of each thing; a cursor opens nothing of another account.

use std::collections::HashMap;
use std::sync::Arc;

use desk::export::{Cell, Feed, NoExport};
use domain::payment::PaymentStatus;
use domain::{Actor, Env, Instant, Millis, Role, Scope};
use teststand::engines::BOTH;
use teststand::world::{World, payment};

/// Nodes that write at once, and how often each.
const WRITERS: usize = 4;
const ROUNDS: usize = 12;

fn developer(world: &World) -> Actor {
    world.actor(Role::Developer, "erp")
}

async fn writes(world: Arc<World>, writer: usize) {
    let by = developer(&world);
    for round in 0..ROUNDS {
        let later = |more: i64| Instant::from_millis(world.desk.now().millis() + more);
        let row =
            |number: usize, status, at| payment(&format!("W{writer}-{round}-{number}"), status, at);
        let new: Vec<_> = (0..5).map(|n| row(n, PaymentStatus::Processing, later(0))).collect();
        world.desk.import(&by, &new).await.expect("an import");
        let moved: Vec<_> = (0..3).map(|n| row(n, PaymentStatus::Successful, later(5))).collect();
        world.desk.import(&by, &moved).await.expect("an import");
        tokio::task::yield_now().await;
    }
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::None => String::new(),
        Cell::Text(text) => text.clone(),
        Cell::Int(number) => number.to_string(),
        Cell::Time(at) => at.millis().to_string(),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reader_meets_every_change_once() {
    for kind in BOTH {
        let world = Arc::new(World::new(kind, 3).await);
        let writers: Vec<_> =
            (0..WRITERS).map(|n| tokio::spawn(writes(Arc::clone(&world), n))).collect();
        let (stop, stopped) = tokio::sync::watch::channel(false);
        // Two nodes number at once; one of them gives each number.
        let sweeps: Vec<_> = (0..2)
            .map(|_| {
                let (world, stopped) = (Arc::clone(&world), stopped.clone());
                tokio::spawn(async move {
                    while !*stopped.borrow() {
                        world.desk.number_feed_once().await.expect("a step");
                        tokio::task::yield_now().await;
                    }
                })
            })
            .collect();
        let expected = WRITERS * ROUNDS * 8;
        let (mut rows, mut cursor): (Vec<Vec<Cell>>, Option<String>) = (Vec::new(), None);
        let mut quiet = 0;
        // Long after the last writer ended, what has not come does not come.
        while rows.len() < expected && quiet < 5_000 {
            let page = world
                .desk
                .export(&developer(&world), Feed::Transactions, cursor.as_deref(), 7)
                .await
                .expect("a page");
            let over = writers.iter().all(tokio::task::JoinHandle::is_finished);
            quiet = if page.rows.is_empty() && over { quiet + 1 } else { 0 };
            rows.extend(page.rows);
            cursor = Some(page.next);
            tokio::task::yield_now().await;
        }
        for writer in writers {
            writer.await.expect("a writer");
        }
        stop.send(true).expect("sweeps listen");
        for sweep in sweeps {
            sweep.await.expect("a sweep");
        }
        assert_eq!(rows.len(), expected, "{kind:?}");
        let mut seen: HashMap<String, Vec<String>> = HashMap::new();
        for row in &rows {
            let status = text(&row[7]);
            seen.entry(text(&row[1])).or_default().push(format!("{} {status}", text(&row[0])));
        }
        assert_eq!(seen.len(), WRITERS * ROUNDS * 5);
        for (refid, changes) in seen {
            let moves = !refid.ends_with("-3") && !refid.ends_with("-4");
            let all = ["new processing", "moved successful"];
            assert_eq!(changes, all[..1 + usize::from(moves)], "{refid} on {kind:?}");
        }
        let by = developer(&world);
        let last = world.desk.export(&by, Feed::Transactions, cursor.as_deref(), 7);
        let last = last.await.expect("a page");
        assert!(last.rows.is_empty() && Some(last.next) == cursor && !last.more);
        assert_eq!(world.desk.feed_lag().await.expect("a lag"), Millis(0));
    }
}

/// All pages of a feed, a few rows at a time, each row as its first cells.
async fn all(world: &World, feed: Feed, from: &mut Option<String>, cells: &[usize]) -> Vec<String> {
    let mut rows = Vec::new();
    loop {
        let page = world.desk.export(&developer(world), feed, from.as_deref(), 2).await;
        let page = page.expect("a page");
        for row in page.rows {
            assert_eq!(row.len(), feed.columns().len(), "{feed:?}");
            let texts: Vec<String> = cells.iter().map(|cell| text(&row[*cell])).collect();
            rows.push(texts.join(" "));
        }
        *from = Some(page.next);
        if !page.more {
            return rows;
        }
    }
}

const FIRST: &str = "report app A-1
act agent ann 1 start
tick 1s
report app A-2
act agent ann 1 comment
act agent ann 1 resolve upheld
";

#[tokio::test(flavor = "multi_thread")]
async fn cases_and_events_follow_their_seals() {
    for kind in BOTH {
        let mut world = World::new(kind, 4).await;
        for refid in ["A-1", "A-2", "A-3"] {
            world.pay(world.scope, refid, PaymentStatus::Successful).await;
        }
        teststand::story::tell(&mut world, FIRST).await;
        let (mut cases, mut events) = (None, None);
        assert!(all(&world, Feed::Cases, &mut cases, &[3]).await.is_empty(), "nothing is sealed");
        world.clock.tick(Millis::seconds(9));
        let settle = |world: &World| {
            let desk = world.desk.clone();
            async move {
                while desk.seal_once().await.expect("a seal").is_some() {}
                while desk.number_feed_once().await.expect("a step") > 0 {}
            }
        };
        settle(&world).await;
        assert_eq!(
            all(&world, Feed::Cases, &mut cases, &[11, 1, 3, 7]).await,
            [
                "A-1 1 report resolved",
                "A-1 2 start resolved",
                "A-1 3 comment resolved",
                "A-1 4 resolve resolved",
                "A-2 1 report received"
            ],
            "{kind:?}"
        );
        let mut told = all(&world, Feed::Events, &mut events, &[1, 5, 4]).await;
        told.sort();
        let expected =
            ["case.moved A-1 2", "case.opened A-1 1", "case.opened A-2 1", "case.resolved A-1 4"];
        assert_eq!(told, expected, "{kind:?}");
        teststand::story::tell(&mut world, "report app A-3\n").await;
        assert!(all(&world, Feed::Cases, &mut cases, &[11]).await.is_empty(), "not sealed");
        settle(&world).await;
        assert_eq!(all(&world, Feed::Cases, &mut cases, &[11, 3]).await, ["A-3 report"]);
        assert_eq!(all(&world, Feed::Events, &mut events, &[5]).await, ["A-3"]);
        assert!(all(&world, Feed::Cases, &mut cases, &[11]).await.is_empty(), "read already");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cursor_is_good_for_its_own_account_and_feed() {
    for kind in BOTH {
        let mut world = World::new(kind, 4).await;
        world.pay(world.scope, "A-1", PaymentStatus::Successful).await;
        teststand::story::tell(&mut world, "report app A-1\n").await;
        while world.desk.seal_once().await.expect("a seal").is_some() {}
        while world.desk.number_feed_once().await.expect("a step") > 0 {}
        let staging = Scope::new(world.scope.tenant(), Env::Staging);
        let stranger = Actor { scope: staging, ..developer(&world) };
        for feed in Feed::ALL {
            let page = world.desk.export(&developer(&world), feed, None, 10).await.expect("one");
            assert_eq!(page.rows.len(), 1, "{feed:?} on {kind:?}");
            let theirs = world.desk.export(&stranger, feed, Some(&page.next), 10).await;
            assert!(matches!(theirs, Err(NoExport::BadCursor)), "{feed:?}");
            let none = world.desk.export(&stranger, feed, None, 10).await.expect("nothing");
            assert!(none.rows.is_empty(), "{feed:?} on {kind:?}");
            let again = world.desk.export(&stranger, feed, None, 10).await.expect("nothing");
            assert_eq!(none.next, again.next, "a place has one cursor");
            for other in Feed::ALL.into_iter().filter(|other| *other != feed) {
                let by = developer(&world);
                let wrong = world.desk.export(&by, other, Some(&page.next), 10);
                assert!(matches!(wrong.await, Err(NoExport::BadCursor)), "{feed:?} {other:?}");
            }
            let altered = page.next.replacen(|c| c != 'A', "A", 1);
            for bad in ["", "x", "t1-3-1-0", &altered, &page.next[1..]] {
                let wrong = world.desk.export(&developer(&world), feed, Some(bad), 10).await;
                assert!(matches!(wrong, Err(NoExport::BadCursor)), "{bad} of {feed:?}");
            }
            let agent = world.actor(Role::Agent, "ann");
            assert!(world.desk.export(&agent, feed, None, 10).await.is_err(), "agents may not");
        }
    }
}

/// What colleagues do among themselves leaves for nobody who may not read it in the case.
#[tokio::test(flavor = "multi_thread")]
async fn a_merchant_follows_what_was_told_outward() {
    for kind in BOTH {
        let mut world = World::new(kind, 8).await;
        world.pay(world.scope, "A-1", PaymentStatus::Successful).await;
        let story = "report app A-1\nact agent ann 1 start\nact agent ann 1 assign vouchers\n\
                     act agent ann 1 comment\nact agent ann 1 resolve upheld\n";
        teststand::story::tell(&mut world, story).await;
        while world.desk.seal_once().await.expect("a seal").is_some() {}
        let rows = async |by: &Actor| {
            let page = world.desk.export(by, Feed::Cases, None, 100).await.expect("a page");
            let cell = |row: &Vec<Cell>, name: &str| {
                let place = Feed::Cases.columns().iter().position(|column| *column == name);
                text(&row[place.expect("a column")])
            };
            let said = |row: &Vec<Cell>| {
                format!("{} {} {}", cell(row, "act"), cell(row, "actor"), cell(row, "assignee"))
            };
            page.rows.iter().map(said).collect::<Vec<_>>()
        };
        let merchant = rows(&world.actor(Role::Merchant, "shop")).await;
        assert_eq!(merchant, ["report app ", "start staff ", "resolve staff "], "{kind:?}");
        let staff = rows(&world.actor(Role::Compliance, "eve")).await;
        assert_eq!(staff.len(), 5, "{staff:?}");
    }
}
