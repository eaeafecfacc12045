//! What goes wrong by plan in the world test: a closed list, drawn from the seed; an act that can
//! be left standing in its midst; and a disk that is full. The program under test knows nothing of
//! it: it is stopped, held up and refused from outside, never by a branch of its own.

use std::future::poll_fn;
use std::pin::Pin;
use std::task::Poll;
use std::time::Duration;

use domain::Millis;
use store::engine::{Db, EngineKind, Stmt};

use crate::dice::Seeded;

/// The most waits for the database before a planned stop. An act has three to five; a step of a
/// job has more.
const WAITS_MAX: usize = 6;

/// How long a full disk and a deaf receiver last, in steps.
const STEPS_MAX: usize = 12;

/// Between two places in a transaction at which a line may be cut, and how many there are.
const CUT_LATER: Duration = Duration::from_micros(500);
const CUT_LATER_MAX: usize = 12;

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The node ends while it waits for its database this time. What the database was given by
    /// then it carries out; nobody hears of it.
    Crash {
        /// Counted from 1.
        wait: usize,
    },
    /// Every answer of the database takes so long.
    SlowDisk {
        /// By the clock.
        by: Millis,
    },
    /// The node stands still while it waits this time, for so long; meanwhile another acts.
    Pause {
        /// Counted from 1.
        wait: usize,
        /// By the clock.
        by: Millis,
    },
    /// PostgreSQL throws the node's connections out while it waits this time, or a little later.
    LineCut {
        /// Counted from 1.
        wait: usize,
        /// By the real clock: in the midst of the statements, or of the commit.
        later: Duration,
    },
    /// No disk has room.
    FullDisk {
        /// Where it is noticed first, of [`places`].
        place: usize,
        /// For so many steps.
        steps: usize,
    },
    /// Whoever is told hears nothing.
    Deaf {
        /// For so many steps.
        steps: usize,
    },
    /// The clock is set, ahead or back.
    ClockJump {
        /// By so much.
        by: Millis,
    },
}

impl Fault {
    /// One of them.
    pub fn draw(dice: &mut Seeded, kind: EngineKind) -> Self {
        let wait = 1 + dice.below(WAITS_MAX);
        let steps = 1 + dice.below(STEPS_MAX);
        let later = CUT_LATER * u32::try_from(dice.below(CUT_LATER_MAX)).unwrap_or(0);
        let mut number = |end| i64::try_from(dice.below(end)).unwrap_or(0) + 1;
        let (seconds, minutes) = (Millis::seconds(number(90)), Millis::minutes(number(60)));
        let jumps =
            [Millis(-minutes.0), minutes, Millis::hours(number(48)), Millis::days(number(9))];
        match dice.below(11) {
            0..=2 => Self::Crash { wait },
            3 => Self::SlowDisk { by: seconds },
            4 => Self::SlowDisk { by: Millis(minutes.0 / 6) },
            5 => Self::Pause { wait, by: Millis(minutes.0 / 4) },
            6 => Self::Pause { wait, by: Millis(0) },
            7 if kind == EngineKind::Postgres => Self::LineCut { wait, later },
            7 | 8 => Self::FullDisk { place: dice.below(places(kind)), steps },
            9 => Self::Deaf { steps },
            _ => Self::ClockJump { by: jumps[dice.below(jumps.len())] },
        }
    }
}

/// An act that is under way, and can be left standing where it waits.
pub struct UnderWay<T> {
    act: Pin<Box<dyn Future<Output = T> + Send>>,
}

impl<T> UnderWay<T> {
    /// An act that has not begun.
    pub fn new(act: impl Future<Output = T> + Send + 'static) -> Self {
        Self { act: Box::pin(act) }
    }

    /// Goes on until the act ended, or until it waits for the `waits`th time from here: then there
    /// is nothing, and it stands there. `at_each` is called at each wait.
    pub async fn go(&mut self, waits: usize, mut at_each: impl FnMut()) -> Option<T> {
        let mut left = waits;
        poll_fn(|context| {
            if let Poll::Ready(done) = self.act.as_mut().poll(context) {
                return Poll::Ready(Some(done));
            }
            at_each();
            left = left.saturating_sub(1);
            if left == 0 { Poll::Ready(None) } else { Poll::Pending }
        })
        .await
    }

    /// Goes on to the end.
    pub async fn end(self) -> T {
        self.act.await
    }
}

/// SQLite may not make its file longer than it is; what fits into it is still taken, as on a real
/// disk. It holds for the connection that writes, and as long as that is open.
const SQLITE_FULL: &str = "PRAGMA max_page_count = 1";
const SQLITE_ROOM: &str = "PRAGMA max_page_count = 4294967294";

/// PostgreSQL says what it says when a table cannot be made longer.
const POSTGRES_SAYS: &str = "CREATE OR REPLACE FUNCTION no_room() RETURNS trigger
 LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION USING ERRCODE = ''53100'',
 MESSAGE = ''could not extend file: No space left on device''; END'";

/// What makes PostgreSQL say it when something is written to a table, or only at the end of the
/// transaction; and what ends that.
macro_rules! postgres_full {
    ($($table:literal),+) => {
        &[$(
            (
                concat!("CREATE TRIGGER no_room BEFORE INSERT OR UPDATE ON ", $table,
                    " FOR EACH ROW EXECUTE FUNCTION no_room()"),
                concat!("DROP TRIGGER no_room ON ", $table),
            ),
            (
                concat!("CREATE CONSTRAINT TRIGGER no_room AFTER INSERT OR UPDATE ON ", $table,
                    " DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION no_room()"),
                concat!("DROP TRIGGER no_room ON ", $table),
            ),
        )+]
    };
}

const POSTGRES_FULL: &[(&str, &str)] = postgres_full!(
    "cases",
    "notes",
    "outbox",
    "nonces",
    "saved_keys",
    "attempts",
    "jobs",
    "job_rows",
    "seals",
    "search_docs",
    "feed_events"
);

/// In how many places a full disk can be noticed first.
pub const fn places(kind: EngineKind) -> usize {
    match kind {
        EngineKind::Sqlite => 1,
        EngineKind::Postgres => POSTGRES_FULL.len(),
    }
}

/// From now on there is no room: on SQLite for who writes through `db`, on PostgreSQL for all.
///
/// # Panics
/// When the engine does not do it.
pub async fn fill(db: &Db, place: usize) {
    let texts = match db.kind() {
        EngineKind::Sqlite => vec![SQLITE_FULL],
        EngineKind::Postgres => vec![POSTGRES_SAYS, POSTGRES_FULL[place].0],
    };
    run(db, texts).await;
}

/// There is room again.
///
/// # Panics
/// When the engine does not do it.
pub async fn make_room(db: &Db, place: usize) {
    let text = match db.kind() {
        EngineKind::Sqlite => SQLITE_ROOM,
        EngineKind::Postgres => POSTGRES_FULL[place].1,
    };
    run(db, vec![text]).await;
}

/// Throws out every connection of the node of this name; how many there were. Nothing on SQLite.
///
/// # Panics
/// When the server does not do it.
pub async fn cut(db: &Db, name: &str) -> usize {
    const CUT: &str = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
 WHERE application_name = ?1";
    match db.kind() {
        EngineKind::Sqlite => 0,
        EngineKind::Postgres => db.rows(CUT, vec![name.into()]).await.expect("they go").len(),
    }
}

async fn run(db: &Db, texts: Vec<&'static str>) {
    let batch = texts.into_iter().map(|text| Stmt::any(text, vec![])).collect();
    db.commit(batch).await.expect("the engine lets itself be filled");
}
