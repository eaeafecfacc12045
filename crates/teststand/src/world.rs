//! A small world around the desk: an engine, a clock that is set by hand, seeded dice, one tenant.
//! It can be stopped as by a crash and opened again over the same data.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use desk::accounts::TenantDraft;
use desk::{Clock, Desk};
use domain::payment::{Payment, PaymentStatus};
use domain::{Actor, Env, Instant, Millis, Role, Scope};
use evidence::place::{Folder, Place as Shelf};
use evidence::scan::Scanner;
use evidence::{Cabinet, OnScannerDown, Rules, Settings};
use store::engine::{Db, EngineKind, Place};
use store::migrate::MIGRATIONS;
use tempfile::TempDir;
use vault::keyring::Keyring;

use crate::dice::Seeded;
use crate::engines;

/// When every world begins: 2026-03-01T10:00:00Z.
pub const BEGINNING: Instant = Instant::from_seconds(1_772_359_200);

/// A clock that stands still until it is moved.
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// Moves it: forward, or back by less than nothing.
    pub fn tick(&self, by: Millis) {
        self.0.fetch_add(by.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Instant {
        Instant::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// The clock as one node has it. Whoever works for the node holds it.
struct NodeClock(Arc<ManualClock>);

impl Clock for NodeClock {
    fn now(&self) -> Instant {
        self.0.now()
    }
}

/// A program over the data of a world: what it holds in memory is its own.
pub struct Node {
    /// Its desk.
    pub desk: Desk,
    /// Its database.
    pub db: Db,
    /// What it is called by a server that lists its connections.
    pub name: String,
    clock: Arc<NodeClock>,
}

impl Node {
    /// Ends it as by a crash, and waits until nothing of it is left: no task, and nothing that its
    /// database was given and has not yet kept or refused.
    pub async fn end(self) {
        let Self { desk, db, clock, .. } = self;
        drop(desk);
        while Arc::strong_count(&clock) > 1 {
            tokio::task::yield_now().await;
        }
        // Answered in its turn, so behind all else; how does not matter.
        drop(db.commit(Vec::new()).await);
    }
}

/// The world.
pub struct World {
    /// The desk over it.
    pub desk: Desk,
    /// The database under it, for looking behind the desk.
    pub db: Db,
    /// Its clock.
    pub clock: Arc<ManualClock>,
    /// The tenant's production.
    pub scope: Scope,
    place: Place,
    dir: TempDir,
    restarts: u64,
    seed: u64,
}

impl World {
    /// A new world on this engine.
    pub async fn new(kind: EngineKind, seed: u64) -> Self {
        let dir = tempfile::tempdir().expect("a directory for the test");
        let place = engines::fresh(kind, dir.path()).await;
        Self::over(place, dir, seed).await
    }

    /// A new world over this database, which is empty or has its tables and nothing else. Its
    /// files are in `dir`.
    pub async fn over(place: Place, dir: TempDir, seed: u64) -> Self {
        let mut dice = Seeded::new(seed);
        Keyring::create(&dir.path().join("keys"), &mut dice).expect("new keys");
        let clock = Arc::new(ManualClock(AtomicI64::new(BEGINNING.millis())));
        let (db, desk) = open(&place, &dir, clock.clone(), seed).await;
        db.migrate(MIGRATIONS, clock.now()).await.expect("the schema is built");
        desk.take_stock().await.expect("what is there is written down");
        let draft = TenantDraft {
            slug: "example".into(),
            name: "Example".into(),
            email: "desk@example.test".into(),
            seal_narratives: false,
        };
        let tenant = desk.add_tenant(draft).await.expect("a tenant").expect("the first one");
        let scope = Scope::new(tenant.id, Env::Production);
        Self { desk, db, clock, scope, place, dir, restarts: 0, seed }
    }

    /// Another program over the same data. `life` tells its dice from those of all others.
    pub async fn node(&self, life: u64) -> Node {
        let seed = self.seed ^ (life << 48);
        let name = engines::new_name();
        let place = match &self.place {
            Place::Postgres { url, .. } => {
                engines::narrow(format!("{url} application_name={name}"))
            }
            file @ Place::Sqlite { .. } => file.clone(),
        };
        let clock = Arc::new(NodeClock(Arc::clone(&self.clock)));
        let (db, desk) = open(&place, &self.dir, clock.clone(), seed).await;
        Node { desk, db, name, clock }
    }

    /// Everything in memory is lost, as by a crash; the data stay.
    pub async fn restart(&mut self) {
        self.restarts += 1;
        let seed = self.seed ^ (self.restarts << 40);
        let (db, desk) = open(&self.place, &self.dir, self.clock.clone(), seed).await;
        (self.db, self.desk) = (db, desk);
    }

    /// Where its files are.
    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// Somebody with this role and name in the tenant's production.
    pub fn actor(&self, role: Role, name: &str) -> Actor {
        Actor::new(self.scope, role, name)
    }

    /// Writes a queue down, if nobody did.
    ///
    /// # Panics
    /// When the database fails.
    pub async fn queue(&self, name: &str) {
        use domain::admin::AdminAct;
        let (name, label) = (name.to_owned(), name.to_owned());
        let act = AdminAct::QueueAdd { name, label, team: None };
        let order = desk::admin::AdminOrder::new(Actor::operator(self.scope), act);
        match self.desk.administer(&order).await {
            Ok(_) | Err(desk::Failure::Refused(domain::Refusal::NameTaken { .. })) => {}
            Err(why) => panic!("a queue: {why:?}"),
        }
    }

    /// Brings one payment in.
    pub async fn pay(&self, scope: Scope, refid: &str, status: PaymentStatus) {
        self.pay_all(scope, &[refid], status).await;
    }

    /// Brings payments in, all at once.
    pub async fn pay_all(&self, scope: Scope, refids: &[&str], status: PaymentStatus) {
        let row = |refid: &&str| payment(refid, status, self.clock.now());
        let rows: Vec<Payment> = refids.iter().map(row).collect();
        let by = Actor::new(scope, Role::Developer, "import");
        let result = self.desk.import(&by, &rows).await.expect("an import");
        assert!(result.iter().all(Result::is_ok), "{result:?}");
    }
}

async fn open(place: &Place, dir: &TempDir, clock: Arc<dyn Clock>, seed: u64) -> (Db, Desk) {
    let db = Db::open(place).await.expect("the database opens");
    let keys = Arc::new(Keyring::open(&dir.path().join("keys")).expect("the keys open"));
    let desk = Desk::new(db.clone(), Arc::clone(&keys), clock, Box::new(Seeded::new(seed)));
    assert!(desk.furnish(cabinet(dir.path(), keys, Scanner::Off).await));
    (db, desk)
}

/// A cabinet in a folder, with this scanner; what it cannot look at is held.
pub async fn cabinet(dir: &Path, keys: Arc<Keyring>, scanner: Scanner) -> Cabinet {
    let root = dir.join("evidence");
    let settings = Settings {
        spool: root.join("spool"),
        place: Shelf::Folder(Folder::open(&root).expect("a folder for files")),
        scanner,
        on_scanner_down: OnScannerDown::Quarantine,
        rules: Rules::default(),
    };
    Cabinet::open(keys, settings).await.expect("a cabinet")
}

/// A payment of 12.00 made a day before `status_at`.
pub fn payment(refid: &str, status: PaymentStatus, status_at: Instant) -> Payment {
    Payment {
        refid: refid.into(),
        trxid: format!("T-{refid}"),
        product: "TNB".into(),
        account: "220001234513".into(),
        amount_minor: 1_200,
        currency: "MYR".into(),
        status,
        status_at,
        created_at: status_at.plus(Millis::days(-1)),
        provider: "tnb".into(),
        payer_ref: String::new(),
    }
}
