//! What is kept secret in the database, and what a change of keys does.

use desk::Failure;
use desk::accounts::TenantDraft;
use desk::execute::Order;
use domain::case::{Command, PaymentRef, Report};
use domain::changes::Outcome;
use domain::payment::PaymentStatus;
use domain::{Actor, Env, Role, Scope};
use store::engine::{Db, EngineKind};
use teststand::dice::Seeded;
use teststand::engines::BOTH;
use teststand::world::World;

const SAID: &str = "The voucher 1234-5678 does not work";

/// A tenant whose narratives are sealed, with a key, an endpoint and one reported case.
async fn sealing_tenant(world: &World) -> (Scope, String, domain::ids::CaseId) {
    let draft = TenantDraft {
        slug: "sealing".into(),
        name: "Sealing".into(),
        email: "sealing@example.test".into(),
        seal_narratives: true,
    };
    let tenant = world.desk.add_tenant(draft).await.expect("a tenant").expect("a new one");
    let scope = Scope::new(tenant.id, Env::Production);
    let (key, _) = world.desk.add_key(scope, "app").await.expect("a key");
    let url = "https://hooks.example.test/";
    world.desk.add_endpoint(scope, url, None).await.expect("an endpoint");
    world.pay(scope, "Z-1", PaymentStatus::Successful).await;
    let report = Report {
        payment: PaymentRef::Refid("Z-1".into()),
        addresses: vec![],
        says: SAID.into(),
        category: String::new(),
    };
    let by = Actor::new(scope, Role::Client, key.as_str());
    let order = Order { by, command: Command::Report(report), key: None, nonce: None };
    let done = world.desk.execute(&order).await.expect("a case");
    let Outcome::Reported { case, .. } = done.outcome else { panic!("{done:?}") };
    (scope, key, case)
}

async fn stored_bytes(db: &Db) -> Vec<u8> {
    let mut all = Vec::new();
    for sql in [
        "SELECT content FROM notes WHERE content IS NOT NULL",
        "SELECT secret FROM api_keys",
        "SELECT secret FROM webhook_endpoints",
    ] {
        for row in db.rows(sql, vec![]).await.expect("rows") {
            all.extend_from_slice(row.bytes(0).expect("bytes"));
        }
    }
    all
}

fn holds(all: &[u8], piece: &[u8]) -> bool {
    all.windows(piece.len()).any(|window| window == piece)
}

async fn said(world: &World, scope: Scope, case: &domain::ids::CaseId) -> Option<String> {
    let by = Actor::new(scope, Role::Agent, "ann");
    let timeline = world.desk.timeline(&by, case).await.expect("a timeline");
    timeline.happenings[0].says.clone()
}

async fn check_rotation(kind: EngineKind) {
    let mut world = World::new(kind, 5).await;
    let (scope, key, case) = sealing_tenant(&world).await;
    assert!(!holds(&stored_bytes(&world.db).await, b"voucher"), "sealed at rest");
    assert_eq!(said(&world, scope, &case).await.as_deref(), Some(SAID), "open to the desk");
    let before = world.desk.open_key(&key).await.expect("opens").expect("known").secret.clone();

    world.desk.keyring().rotate_sealing(&mut Seeded::new(99)).expect("a new key");
    let old = stored_bytes(&world.db).await;
    let resealed = world.desk.reseal_all().await.expect("all is sealed anew");
    assert_eq!((resealed.keys, resealed.endpoints, resealed.notes), (1, 1, 1));
    assert_ne!(old, stored_bytes(&world.db).await);
    let again = world.desk.reseal_all().await.expect("nothing is left");
    assert_eq!((again.keys, again.endpoints, again.notes), (0, 0, 0));

    world.restart().await;
    let after = world.desk.open_key(&key).await.expect("opens").expect("known").secret.clone();
    assert_eq!(before, after);
    assert_eq!(said(&world, scope, &case).await.as_deref(), Some(SAID));
    assert_eq!(world.desk.open_endpoints(scope).await.expect("they open").len(), 1);
    while world.desk.seal_once().await.expect("a seal").is_some() {}
    let found = world.desk.verify_audit(None, &mut |_| ()).await.expect("an audit");
    assert!(found.clean(), "{:?}", found.listed);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_outlive_a_change_of_keys() {
    for kind in BOTH {
        check_rotation(kind).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_secret_moved_to_another_row_does_not_open() {
    for kind in BOTH {
        let world = World::new(kind, 6).await;
        let (scope, key, _) = sealing_tenant(&world).await;
        let (other, _) = world.desk.add_key(scope, "other").await.expect("a key");
        let sql = "UPDATE api_keys SET secret = (SELECT secret FROM api_keys WHERE id = ?1)
 WHERE id = ?2";
        let values = vec![key.as_str().into(), other.as_str().into()];
        let moved = store::engine::Stmt::one(sql, values, "moved");
        world.db.commit(vec![moved]).await.expect("moved behind the desk");
        assert!(matches!(world.desk.open_key(&other).await, Err(Failure::Broken(_))));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_away_ends_at_once_and_in_its_scope_only() {
    for kind in BOTH {
        let world = World::new(kind, 7).await;
        let (scope, key, _) = sealing_tenant(&world).await;
        let (desk, other) = (&world.desk, Scope::new(scope.tenant(), Env::Staging));
        let life = domain::Millis::days(1);
        let token = desk.add_token(scope, Role::Agent, "ann", life).await.expect("a token");
        let listed = desk.tokens_of(scope).await.expect("a list");
        assert_eq!((listed.len(), listed[0].label.as_str()), (1, "ann"));
        assert!(!desk.revoke_token(other, listed[0].digest).await.expect("no fault"));
        assert!(desk.actor_of_token(token.reveal()).await.expect("no fault").is_some());
        assert!(desk.revoke_token(scope, listed[0].digest).await.expect("no fault"));
        assert!(desk.actor_of_token(token.reveal()).await.expect("no fault").is_none());

        assert_eq!(desk.open_all_secrets().await.expect("they open"), 2);
        let endpoint = desk.endpoints().await.expect("a list").remove(0);
        assert!(!desk.disable_endpoint(other, endpoint.id.clone()).await.expect("no fault"));
        assert!(desk.disable_endpoint(scope, endpoint.id).await.expect("no fault"));
        assert!(desk.open_endpoints(scope).await.expect("a list").is_empty());
        assert!(desk.revoke_key(scope, &key).await.expect("no fault"));
        assert_eq!(desk.open_all_secrets().await.expect("nothing to open"), 0);

        let secret = |text: &str| vault::secret::Secret::new(text.to_owned());
        assert!(desk.add_login(scope, "acme", secret("the first one")).await.expect("made"));
        assert_eq!(desk.logins_of(scope).await.expect("a list").len(), 1);
        let set = desk.set_password(other, "acme", secret("another one")).await;
        assert!(!set.expect("no fault"));
        let set = desk.set_password(scope, "acme", secret("another one")).await;
        assert!(set.expect("no fault"));
        for (password, right) in [("the first one", false), ("another one", true)] {
            let login = desk.check_login("acme", secret(password)).await.expect("no fault");
            assert_eq!(login.is_some(), right, "{password}");
        }
        assert_eq!(desk.failed_tries().await.expect("counts"), Default::default());
    }
}
