//! What the audit walk finds when somebody who holds the database changes a row of administration,
//! and that it finds nothing where everything was done by the desk.

use desk::Failure;
use desk::admin::{AdminDone, AdminOrder};
use desk::audit::Findings;
use domain::actor::{Right, Rights};
use domain::admin::acts::NewToken;
use domain::admin::{AdminAct, MessageKey, SettingKey};
use domain::ids::{EndpointId, MemberId};
use domain::{Actor, Env, Millis, Refusal, Role, Scope};
use store::engine::{EngineKind, Stmt};
use teststand::engines::BOTH;
use teststand::world::World;

async fn walk(world: &World) -> Findings {
    world.desk.verify_audit(None, &mut |_| ()).await.expect("the walk ends")
}

async fn asked(world: &World, scope: Scope, act: AdminAct) -> Result<AdminDone, Failure> {
    world.clock.tick(Millis::hours(1));
    world.desk.administer(&AdminOrder::new(Actor::operator(scope), act)).await
}

/// What the operator does must work; the id of what it was done to.
async fn done(world: &World, act: AdminAct) -> String {
    let word = act.word();
    match asked(world, world.scope, act).await {
        Ok(done) => done.id,
        Err(why) => panic!("{word}: {why:?}"),
    }
}

async fn change(world: &World, sql: &'static str) {
    world.db.commit(vec![Stmt::any(sql, vec![])]).await.expect("changed behind the desk");
}

fn token(name: &str, member: Option<&str>) -> NewToken {
    NewToken {
        name: name.into(),
        role: Role::Agent,
        rights: None,
        days: 30,
        member: member.map(str::to_owned),
        installation: false,
    }
}

fn text(text: &str) -> String {
    text.to_owned()
}

/// A world in which every act of administration was done at least once.
async fn administered(kind: EngineKind) -> World {
    let world = World::new(kind, 21).await;
    let env = Env::Production;
    let (slug, email) = (text("acme"), text("ops@acme.example"));
    let add = AdminAct::TenantAdd { slug, name: text("Acme"), email, seal_narratives: true };
    done(&world, add).await;
    for name in ["Acme Pay", "Acme", "Acme Pay"] {
        let (slug, name) = (text("acme"), Some(text(name)));
        done(&world, AdminAct::TenantChange { slug, name, email: None }).await;
    }
    let first = token("first@acme.example", None);
    done(&world, AdminAct::TenantToken { slug: text("acme"), env, token: first }).await;
    let own = token("own@example.test", None);
    done(&world, AdminAct::TenantToken { slug: text("example"), env, token: own }).await;
    people(&world).await;
    credentials(&world).await;
    endpoints(&world).await;
    places(&world).await;
    for value in ["Acme", "Other"] {
        let key = SettingKey::SenderName;
        done(&world, AdminAct::SettingSet { key, value: text(value) }).await;
    }
    done(&world, AdminAct::SettingReset { key: SettingKey::SenderName }).await;
    let key = SettingKey::Acknowledgement;
    done(&world, AdminAct::SettingSet { key, value: text("off") }).await;
    let key = MessageKey::Received;
    done(&world, AdminAct::MessageSet { key, text: text("we have it") }).await;
    let key = MessageKey::PaymentFailed;
    done(&world, AdminAct::MessageSet { key, text: text("it failed\\ twice") }).await;
    done(&world, AdminAct::MessageReset { key }).await;
    world
}

async fn people(world: &World) {
    for (email, role) in [("ann@example.test", Role::Agent), ("bob@example.test", Role::Auditor)] {
        let (email, name) = (text(email), text("Somebody"));
        let id = done(world, AdminAct::MemberAdd { email: email.clone(), name, role }).await;
        let id = MemberId::parse(&id).expect("an id");
        let (name, role) = (Some(text("Some One")), Some(Role::Supervisor));
        done(world, AdminAct::MemberChange { id: id.clone(), name, role }).await;
        done(world, AdminAct::MemberDisable { id: id.clone() }).await;
        done(world, AdminAct::MemberEnable { id: id.clone() }).await;
        done(world, AdminAct::MemberPassword { id: id.clone() }).await;
        done(world, AdminAct::TokenAdd { token: token("", Some(&email)) }).await;
        let invite = AdminAct::MemberInvite { id };
        let invited = asked(world, world.scope, invite).await.expect("invited");
        let word = invited.secret.expect("a word");
        let password = vault::secret::Secret::new(text("correct horse battery"));
        let member = world.desk.accept_invite(word.reveal(), password, None).await.expect("asked");
        assert!(member.is_some());
    }
    let (email, name, role) = (text("cyd@example.test"), text("Cyd"), Role::Agent);
    let id = done(world, AdminAct::MemberAdd { email, name, role }).await;
    done(world, AdminAct::MemberDisable { id: MemberId::parse(&id).expect("an id") }).await;
}

async fn credentials(world: &World) {
    let some = Some(Rights::NONE.with(Right::ReadStatus));
    for (label, rights) in [("shop", some), ("till", None), ("none", Some(Rights::NONE))] {
        let id = done(world, AdminAct::KeyAdd { label: text(label), rights }).await;
        let new = done(world, AdminAct::KeyRotate { id, hours: 5 }).await;
        if label == "shop" {
            done(world, AdminAct::KeyRevoke { id: new }).await;
        }
    }
    let username = text("acme");
    done(world, AdminAct::LoginAdd { username: username.clone() }).await;
    done(world, AdminAct::LoginPassword { username }).await;
    done(world, AdminAct::LoginAdd { username: text("other") }).await;
    let narrow = NewToken {
        role: Role::Administrator,
        rights: Some(Rights::NONE.with(Right::ManageTenants)),
        installation: true,
        ..token("keeper", None)
    };
    done(world, AdminAct::TokenAdd { token: narrow }).await;
    let id = done(world, AdminAct::TokenAdd { token: token("gone", None) }).await;
    done(world, AdminAct::TokenRevoke { id }).await;
    // What is made outside the road of acts is told, too.
    let scope = world.scope;
    world.desk.add_key(scope, "direct").await.expect("a key");
    let life = Millis::minutes(90);
    world.desk.add_token(scope, Role::Agent, "direct", life).await.expect("a token");
    let password = || vault::secret::Secret::new(text("correct horse battery"));
    assert!(world.desk.add_login(scope, "direct", password()).await.expect("made"));
    assert!(!world.desk.add_login(scope, "direct", password()).await.expect("not made twice"));
    assert!(world.desk.set_password(scope, "direct", password()).await.expect("set"));
}

async fn endpoints(world: &World) {
    for (name, hours) in [("one", 3), ("two", 0), ("three", 1)] {
        let url = format!("https://acme.example/{name}");
        let id = done(world, AdminAct::EndpointAdd { url }).await;
        let id = EndpointId::parse(&id).expect("an id");
        done(world, AdminAct::EndpointRotate { id: id.clone(), hours }).await;
        done(world, AdminAct::EndpointTest { id: id.clone() }).await;
        done(world, AdminAct::EndpointDisable { id: id.clone() }).await;
        if name != "three" {
            done(world, AdminAct::EndpointEnable { id }).await;
        }
    }
}

async fn places(world: &World) {
    for name in ["front", "back"] {
        let (name, label) = (text(name), text("People"));
        done(world, AdminAct::TeamAdd { name: name.clone(), label }).await;
        for member in ["bob@example.test", "ann@example.test", "cyd@example.test"] {
            let (name, member) = (name.clone(), text(member));
            done(world, AdminAct::TeamJoin { name, member }).await;
        }
        let (team, member) = (name.clone(), text("bob@example.test"));
        done(world, AdminAct::TeamLeave { name: team, member }).await;
        let (team, label) = (name.clone(), text("The people"));
        done(world, AdminAct::TeamChange { name: team, label }).await;
        let (queue, label) = (format!("of-{name}"), text("Cases"));
        let team = Some(name.clone());
        done(world, AdminAct::QueueAdd { name: queue.clone(), label, team }).await;
        let (name, label, team) = (queue.clone(), Some(text("Work")), Some(String::new()));
        done(world, AdminAct::QueueChange { name, label, team }).await;
        done(world, AdminAct::QueueRetire { name: queue.clone() }).await;
        done(world, AdminAct::QueueReopen { name: queue }).await;
    }
    done(world, AdminAct::TeamRetire { name: text("back") }).await;
    done(world, AdminAct::QueueRetire { name: text("of-back") }).await;
}

/// What is done behind the desk's back, one upon the other, and what the walk must say of it.
const FORGERIES: &[(&str, &str)] = &[
    (
        "INSERT INTO tokens (digest, scope, role, label, created_at, expires_at, installation)
         SELECT password_digest, 3, 'administrator', 'eve', 0, 9999999999999, 1 FROM (
         SELECT digest AS password_digest FROM admin_history WHERE scope = 3 AND seq = 2) forged",
        "of example/production: no entry tells how it came to be there",
    ),
    (
        "UPDATE tokens SET expires_at = expires_at + 99999999 WHERE label = 'gone'",
        "its expires_at is",
    ),
    ("UPDATE tokens SET revoked_at = NULL WHERE label = 'gone'", "its revoked_at is"),
    ("UPDATE tokens SET role = 'root' WHERE label = 'keeper'", "its role is"),
    ("UPDATE tokens SET rights = NULL WHERE label = 'keeper'", "its rights is"),
    ("UPDATE tokens SET installation = 1 WHERE label = 'direct'", "its installation is"),
    (
        "UPDATE tokens SET member = (SELECT id FROM members WHERE email = 'bob@example.test')
         WHERE label = 'direct'",
        "its member is",
    ),
    (
        "DELETE FROM tokens WHERE label = 'own@example.test'",
        "its history tells of it, and it is not",
    ),
    ("UPDATE members SET role = 'administrator' WHERE email = 'ann@example.test'", "its role is"),
    (
        "UPDATE members SET email = 'eve@example.test' WHERE email = 'ann@example.test'",
        "its email is",
    ),
    (
        "UPDATE members SET disabled_at = NULL WHERE email = 'cyd@example.test'",
        "its disabled_at is",
    ),
    (
        "UPDATE members SET password = (SELECT password FROM logins WHERE username = 'acme')
         WHERE email = 'bob@example.test'",
        "its password is",
    ),
    ("UPDATE api_keys SET revoked_at = NULL WHERE label = 'shop'", "its revoked_at is"),
    ("UPDATE api_keys SET expires_at = NULL WHERE label = 'till'", "its expires_at is"),
    ("UPDATE api_keys SET rights = NULL WHERE label = 'none'", "its rights is"),
    ("UPDATE api_keys SET label = 'eve' WHERE label = 'direct'", "its label is"),
    (
        "UPDATE logins SET password = (SELECT password FROM logins WHERE username = 'other')
         WHERE username = 'acme'",
        "login acme of example/production: its password is",
    ),
    (
        "UPDATE logins SET scope = 2 WHERE username = 'direct'",
        "login direct of example/staging: no",
    ),
    (
        "UPDATE webhook_endpoints SET url = 'https://eve.example/' WHERE url LIKE '%/one'",
        "its url is",
    ),
    (
        "UPDATE webhook_endpoints SET disabled_at = NULL WHERE url LIKE '%/three'",
        "its disabled_at is",
    ),
    (
        "UPDATE webhook_endpoints SET before_until = 9999999999999 WHERE url LIKE '%/two'",
        "its before_",
    ),
    (
        "UPDATE queues SET retired_at = NULL WHERE name = 'of-back'",
        "queue of-back of example/production: its retired_at is not what its history says",
    ),
    ("UPDATE queues SET team = 'front' WHERE name = 'of-front'", "its team is"),
    (
        "DELETE FROM team_members WHERE team = 'front'",
        "team front of example/production: its members",
    ),
    ("UPDATE teams SET retired_at = NULL WHERE name = 'back'", "its retired_at is"),
    (
        "UPDATE settings SET value = 'on' WHERE key = 'acknowledgement'",
        "acknowledgement of example/pro",
    ),
    ("UPDATE settings SET actor = 'eve' WHERE key = 'sender-name'", "its actor is"),
    (
        "INSERT INTO settings (scope, key, value, version, at, actor)
         VALUES (3, 'support-address', 'eve@example.test', 1, 0, 'root')",
        "setting support-address of example/production: no entry tells",
    ),
    ("UPDATE catalogue SET value = 'pay eve' WHERE key = 'iimmpact.received'", "its value is"),
    (
        "DELETE FROM catalogue WHERE key = 'iimmpact.payment-failed'",
        "message iimmpact.payment-failed",
    ),
    (
        "UPDATE tenants SET email = 'eve@example.test' WHERE slug = 'acme'",
        "acme of the installation: its e",
    ),
    (
        "UPDATE tenants SET name = 'Acme' WHERE slug = 'acme'",
        "acme of the installation: its name is",
    ),
    ("UPDATE tenants SET seal_narratives = 0 WHERE slug = 'acme'", "its seal_narratives is"),
    (
        "INSERT INTO tenants (id, slug, name, email, seal_narratives, created_at)
         VALUES (9, 'eve', 'Eve', 'eve@example.test', 0, 0)",
        "tenant eve of the installation: no entry tells",
    ),
    (
        "INSERT INTO teams (scope, name, label, version, created_at) VALUES (99, 'x', 'x', 1, 0)",
        "of scope 99, which is no account's: no entry tells",
    ),
    (
        "DELETE FROM members WHERE email = 'bob@example.test'",
        "its history tells of it, and it is not",
    ),
];

#[tokio::test(flavor = "multi_thread")]
async fn every_forged_row_is_named_with_its_column() {
    for kind in BOTH {
        let world = administered(kind).await;
        let clean = walk(&world).await;
        assert_eq!(clean.listed, [""; 0], "all was done by the desk, on {kind:?}");
        assert_eq!(world.scope.number(), 3, "as the forgeries say");
        let mut before = clean.listed;
        for (sql, word) in FORGERIES {
            change(&world, sql).await;
            let found = walk(&world).await.listed;
            let new: Vec<_> = found.iter().filter(|flaw| !before.contains(flaw)).collect();
            let said = new.iter().any(|flaw| flaw.contains(word));
            assert!(said, "{sql} on {kind:?}: {new:?} says nothing of {word:?}");
            before = found;
        }
    }
}

/// A row of an earlier program, which kept no histories, is written down as it stands, once.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_there_before_histories_is_found_once() {
    for kind in BOTH {
        let world = administered(kind).await;
        change(&world, "DELETE FROM admin_history").await;
        assert!(!walk(&world).await.clean(), "nothing tells of anything");
        let found = world.desk.take_stock().await.expect("written down");
        assert!(found > 20, "{found} rows");
        assert_eq!(walk(&world).await.listed, [""; 0], "{kind:?}");
        let (_, flaws) = world.desk.verify_admin_history().await.expect("walked");
        assert_eq!(flaws, [""; 0], "its chain is whole");
        // It goes on from there, and what is put there later is not taken for old.
        let queue = |label| AdminAct::QueueChange {
            name: text("of-front"),
            label: Some(text(label)),
            team: None,
        };
        done(&world, queue("Anew")).await;
        let (slug, email) = (text("acme"), Some(text("new@acme.example")));
        done(&world, AdminAct::TenantChange { slug, name: None, email }).await;
        assert_eq!(walk(&world).await.listed, [""; 0], "{kind:?}");
        change(&world, "UPDATE members SET role = 'administrator' WHERE email LIKE 'ann@%'").await;
        change(
            &world,
            "INSERT INTO teams (scope, name, label, version, created_at)
             VALUES (3, 'x', 'x', 1, 0)",
        )
        .await;
        assert_eq!(world.desk.take_stock().await.expect("asked"), 0);
        assert_eq!(walk(&world).await.flaws, 2, "{kind:?}");
    }
}

/// Acts that are done while the walk goes by are no flaws.
#[tokio::test(flavor = "multi_thread")]
async fn a_walk_beside_a_running_server_finds_nothing() {
    for kind in BOTH {
        let world = administered(kind).await;
        let acts = async {
            for number in 0..40 {
                let name = format!("queue-{number}");
                let (label, team) = (text("Cases"), None);
                done(&world, AdminAct::QueueAdd { name: name.clone(), label, team }).await;
                done(&world, AdminAct::QueueRetire { name }).await;
                let (slug, name) = (text("acme"), Some(format!("Acme {number}")));
                done(&world, AdminAct::TenantChange { slug, name, email: None }).await;
            }
        };
        let walks = async {
            for _ in 0..8 {
                assert_eq!(walk(&world).await.listed, [""; 0], "{kind:?}");
            }
        };
        tokio::join!(acts, walks);
    }
}

/// Whoever asks for what is so already hears that, and no entry is written.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_so_already_is_not_done_again() {
    for kind in BOTH {
        let world = administered(kind).await;
        let member = |email: &'static str| {
            let world = &world;
            async move {
                let found = world.desk.member_called(world.scope, email).await;
                found.expect("a member").id
            }
        };
        let (ann, cyd) = (member("ann@example.test").await, member("cyd@example.test").await);
        let keys = world.desk.keys_of(world.scope).await.expect("the keys");
        let key = |label: &str, rotated: bool| {
            let is = |key: &&domain::account::ApiKey| {
                key.label == label && key.expires_at.is_some() == rotated
            };
            keys.iter().find(is).expect("a key").id.clone()
        };
        let tokens = world.desk.tokens_of(world.scope).await.expect("the tokens");
        let gone = tokens.iter().find(|one| one.label == "gone").expect("a token").id();
        let endpoints = world.desk.endpoints().await.expect("the endpoints");
        let endpoint = |name: &str| {
            endpoints.iter().find(|one| one.url.ends_with(name)).expect("one").id.clone()
        };
        let (name, back) = (text("of-front"), text("of-back"));
        let team = |name: &str| text(name);
        let before = store::read::admin::history_head(&world.db, world.scope).await.expect("read");
        for act in [
            AdminAct::TenantChange {
                slug: text("acme"),
                name: Some(text("Acme Pay")),
                email: None,
            },
            AdminAct::MemberChange { id: ann.clone(), name: None, role: Some(Role::Supervisor) },
            AdminAct::MemberChange { id: ann.clone(), name: Some(text("Some One")), role: None },
            AdminAct::MemberEnable { id: ann },
            AdminAct::MemberDisable { id: cyd },
            AdminAct::KeyRotate { id: key("till", true), hours: 1 },
            AdminAct::KeyRevoke { id: key("shop", false) },
            AdminAct::TokenRevoke { id: gone },
            AdminAct::EndpointEnable { id: endpoint("/one") },
            AdminAct::EndpointDisable { id: endpoint("/three") },
            AdminAct::QueueChange { name: name.clone(), label: Some(text("Work")), team: None },
            AdminAct::QueueReopen { name },
            AdminAct::QueueRetire { name: back },
            AdminAct::TeamChange { name: team("front"), label: text("The people") },
            AdminAct::TeamJoin { name: team("front"), member: text("ann@example.test") },
            AdminAct::TeamLeave { name: team("front"), member: text("bob@example.test") },
            AdminAct::TeamRetire { name: team("back") },
            AdminAct::SettingSet { key: SettingKey::Acknowledgement, value: text("off") },
            AdminAct::SettingReset { key: SettingKey::SenderName },
            AdminAct::SettingReset { key: SettingKey::Language },
            AdminAct::MessageSet { key: MessageKey::Received, text: text("we have it") },
            AdminAct::MessageReset { key: MessageKey::PaymentFailed },
        ] {
            let (word, kind_of) = (act.word(), act.kind());
            match asked(&world, world.scope, act).await {
                Err(Failure::Refused(Refusal::AlreadySo { kind })) => assert_eq!(kind, kind_of),
                Err(other) => panic!("{word} on {kind:?}: {other:?}"),
                Ok(_) => panic!("{word} was done again on {kind:?}"),
            }
        }
        let after = store::read::admin::history_head(&world.db, world.scope).await.expect("read");
        assert_eq!(before, after, "{kind:?}");
    }
}
