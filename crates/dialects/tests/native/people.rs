//! Who is who: nobody is called like another, to whom a case may be given, who goes on when two
//! cases become one, who comes in by an invitation, and that somebody can always administer the
//! account.

use domain::admin::AdminAct;
use domain::admin::acts::NewToken;
use domain::payment::PaymentStatus;
use domain::{Actor, Millis, Refusal, Role};
use http::StatusCode;
use serde_json::{Value, json};
use store::engine::EngineKind;
use teststand::engines::BOTH;
use tokio::task::JoinSet;

use crate::support::{Answer, House};

/// A house with an administrator.
struct Desk {
    house: House,
    root: String,
}

impl Desk {
    async fn new(kind: EngineKind) -> Self {
        let house = House::new(kind).await;
        let root = house.token(house.world.scope, Role::Administrator, "root").await;
        Self { house, root }
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        let path = format!("/api/v1/{path}");
        self.house.ask(&self.root, "POST", &path, &[], Some(&body.to_string())).await
    }

    async fn done(&self, path: &str, body: Value) -> Value {
        let answer = self.post(path, body).await;
        assert!(answer.status.is_success(), "{path}: {answer:?}");
        answer.json()
    }

    async fn get(&self, path: &str) -> Answer {
        self.house.ask(&self.root, "GET", &format!("/api/v1/{path}"), &[], None).await
    }

    async fn case(&self, refid: &str) -> String {
        let scope = self.house.world.scope;
        self.house.world.pay(scope, refid, PaymentStatus::Successful).await;
        self.house.report(scope, refid, "gone").await.to_string()
    }

    async fn member(&self, email: &str, role: &str) -> String {
        let body = json!({ "email": email, "name": "Somebody", "role": role });
        text(&self.done("admin/members", body).await["id"])
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

fn fields(answer: &Answer) -> Vec<String> {
    let json = answer.json();
    let errors = json["errors"].as_array().cloned().unwrap_or_default();
    errors.iter().map(|one| text(&one["field"])).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_given_only_to_what_somebody_wrote_down() {
    for kind in BOTH {
        let desk = Desk::new(kind).await;
        let case = desk.case("A-1").await;
        let assign = format!("cases/{case}/assign");
        desk.member("Ann@Shop.example", "agent").await;
        desk.done("admin/queues", json!({ "name": "vouchers" })).await;
        for (body, field) in [
            (json!({ "queue": "nobodys" }), "queue"),
            (json!({ "queue": "Voucher" }), "queue"),
            (json!({ "person": "eve@shop.example" }), "person"),
            (json!({ "queue": "vouchers", "person": "nobody" }), "person"),
        ] {
            let answer = desk.post(&assign, body.clone()).await;
            assert_eq!(answer.code(), "thing-unknown", "{kind:?} {body}");
            assert_eq!(fields(&answer), [field], "{answer:?}");
            let detail = text(&answer.json()["detail"]);
            assert!(detail.contains("POST /api/v1/admin/"), "{detail}");
        }
        desk.done(&assign, json!({ "queue": "Vouchers", "person": "ann@shop.EXAMPLE" })).await;
        let seen = desk.get(&format!("cases/{case}")).await.json();
        assert_eq!(seen["assignee"], "Ann@Shop.example", "as it is written here");
        desk.done(&assign, json!({ "person": "ROOT" })).await;
        desk.done(&assign, json!({ "person": "", "queue": "" })).await;
        let told = desk.get(&format!("cases/{case}/timeline")).await.json();
        let given: Vec<(Value, Value)> = told["entries"]
            .as_array()
            .expect("entries")
            .iter()
            .filter(|one| one["act"] == "assign")
            .map(|one| (one["queue"].clone(), one["person"].clone()))
            .collect();
        let wanted = [
            (json!("vouchers"), json!("Ann@Shop.example")),
            (Value::Null, json!("root")),
            (json!("intake"), json!("")),
        ];
        assert_eq!(given, wanted, "{kind:?}");
        let answer = desk.post("queues/nobodys/take", json!({})).await;
        assert_eq!(
            (answer.code(), fields(&answer)),
            ("thing-unknown".into(), vec!["queue".into()])
        );
        assert_eq!(desk.post("queues/vouchers/take", json!({})).await.code(), "queue-empty");
        while desk.house.world.desk.seal_once().await.expect("a seal").is_some() {}
        let walked = desk.house.world.desk.verify_audit(None, &mut |_| {}).await;
        assert!(walked.expect("walked").clean());
        let forge = "UPDATE cases SET assignee = 'mallory'";
        let forge = vec![store::engine::Stmt::any(forge, Vec::new())];
        desk.house.world.db.commit(forge).await.expect("forged");
        let walked = desk.house.world.desk.verify_audit(None, &mut |_| {}).await.expect("walked");
        assert!(walked.listed[0].contains("person who works it"), "{walked:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_opened_and_tied_is_told_part_by_part() {
    let desk = Desk::new(EngineKind::Sqlite).await;
    let body = json!({ "channel": "phone", "says": "It never came.", "language": "ms",
        "received_at": "2026-03-01T09:00:00Z" });
    let one = text(&desk.done("cases", body).await["id"]);
    let two = desk.case("A-2").await;
    desk.done(&format!("cases/{one}/link"), json!({ "kind": "parent", "case": two })).await;
    let told = desk.get(&format!("cases/{one}/timeline")).await.json();
    let note = |act: &str| {
        let entries = told["entries"].as_array().expect("entries");
        entries.iter().find(|one| one["act"] == act).expect("the act").clone()
    };
    let opened = note("open");
    assert_eq!((&opened["fact"], &opened["channel"]), (&json!("phone"), &json!("phone")));
    assert_eq!(opened["received_at"], "2026-03-01T09:00:00.000Z");
    assert_eq!(opened["language"], "ms");
    let link = note("link");
    assert_eq!((&link["relation"], &link["case"]), (&json!("parent"), &json!(two)));
    while desk.house.world.desk.seal_once().await.expect("a seal").is_some() {}
    let rows = desk.get("export/cases").await.json();
    let rows = rows["rows"].as_array().expect("rows").clone();
    let opened = rows.iter().find(|row| row["act"] == "open").expect("the opening");
    assert_eq!((&opened["channel"], &opened["language"]), (&json!("phone"), &json!("ms")));
    let link = rows.iter().find(|row| row["act"] == "link" && row["case"] == json!(one));
    let link = link.expect("the link");
    assert_eq!((&link["relation"], &link["other_case"]), (&json!("parent"), &json!(two)));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_called_like_another() {
    for kind in BOTH {
        let desk = Desk::new(kind).await;
        desk.member("ann@shop.example", "supervisor").await;
        let token = |name: &str| json!({ "name": name, "role": "agent", "days": 1 });
        desk.done("admin/tokens", token("erp")).await;
        let key = text(&desk.done("admin/keys", json!({ "label": "Shop" })).await["id"]);
        let person = |email: &str| json!({ "email": email, "name": "A", "role": "agent" });
        for (path, body) in [
            ("members", person("ANN@shop.example")),
            ("tokens", token("ann@SHOP.example")),
            ("tokens", token("ERP")),
            ("tokens", token("Root")),
            ("tokens", token("shop")),
            ("keys", json!({ "label": "erp" })),
            ("keys", json!({ "label": "SHOP" })),
            ("logins", json!({ "username": "Erp" })),
        ] {
            let answer = desk.post(&format!("admin/{path}"), body.clone()).await;
            assert_eq!(answer.code(), "name-taken", "{kind:?} {path} {body}");
        }
        for name in ["import", "Command line", "staff", "tk_1", "a\u{202e}b", "er\u{200b}p"] {
            assert_eq!(
                desk.post("admin/tokens", token(name)).await.code(),
                "wrong-field",
                "{name}"
            );
        }
        let hidden = json!({ "email": "b@shop.example", "name": "B\u{2066}", "role": "agent" });
        assert_eq!(fields(&desk.post("admin/members", hidden).await), ["name"]);
        for place in ["admin/queues", "admin/teams"] {
            let hidden = json!({ "name": "q", "label": "Q\u{feff}" });
            assert_eq!(fields(&desk.post(place, hidden).await), ["label"], "{place}");
        }
        // A key that takes another's place has its name; when both have ended, it is free.
        let next = desk.done(&format!("admin/keys/{key}/rotate"), json!({ "hours": 0 })).await;
        assert_eq!(desk.post("admin/tokens", token("shop")).await.code(), "name-taken");
        desk.done(&format!("admin/keys/{}/revoke", text(&next["id"])), json!({})).await;
        let id = text(&desk.done("admin/tokens", token("shop")).await["id"]);
        desk.done(&format!("admin/tokens/{id}/revoke"), json!({})).await;
        desk.done("admin/tokens", token("SHOP")).await;
        desk.house.world.clock.tick(Millis::days(1));
        let root = desk.house.token(desk.house.world.scope, Role::Administrator, "r2").await;
        let desk = Desk { root, ..desk };
        desk.done("admin/tokens", token("Shop")).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_that_many_want_at_once_is_one_ones() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let scope = house.world.scope;
        let mut asked = JoinSet::new();
        for name in ["erp", "ERP", "Erp", "eRP"] {
            let desk = house.world.desk.clone();
            let (name, role) = (name.to_owned(), Role::Agent);
            let token =
                NewToken { name, role, rights: None, days: 1, member: None, installation: false };
            asked.spawn(async move {
                let act = AdminAct::TokenAdd { token };
                let order = desk::admin::AdminOrder::new(Actor::operator(scope), act);
                desk.administer(&order).await
            });
        }
        let all = asked.join_all().await;
        assert_eq!(all.iter().filter(|one| one.is_ok()).count(), 1, "{kind:?}");
        let taken =
            |one: &desk::Failure| matches!(one, desk::Failure::Refused(Refusal::NameTaken { .. }));
        assert!(all.iter().filter_map(|one| one.as_ref().err()).all(taken), "{kind:?}");
    }
}

/// Names of before the rule may differ in capitals alone: they count as one person.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_approves_his_own_proposal_in_capitals() {
    for kind in BOTH {
        let desk = Desk::new(kind).await;
        let scope = desk.house.world.scope;
        let case = desk.case("A-1").await;
        let small = desk.house.token(scope, Role::Supervisor, "ann").await;
        let large = desk.house.token(scope, Role::Supervisor, "ANN").await;
        let path = |act: &str| format!("/api/v1/cases/{case}/{act}");
        let remedy = Some(r#"{"remedy":"refund"}"#);
        let proposed = desk.house.ask(&small, "POST", &path("propose"), &[], remedy).await;
        assert_eq!(proposed.status, StatusCode::OK, "{proposed:?}");
        let own = desk.house.ask(&large, "POST", &path("approve"), &[], None).await;
        assert_eq!(own.code(), "same-person", "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_merged_case_names_the_one_that_goes_on() {
    for kind in BOTH {
        let desk = Desk::new(kind).await;
        let [a, b, c] = [desk.case("A-1").await, desk.case("A-2").await, desk.case("A-3").await];
        let merge = async |from: &str, into: &str| {
            desk.post(&format!("cases/{from}/merge"), json!({ "into": into })).await
        };
        assert_eq!(merge(&a, &b).await.status, StatusCode::OK);
        assert_eq!(merge(&b, &c).await.status, StatusCode::OK);
        for path in [format!("status?id={a}"), "status?refid=A-1".into(), format!("cases/{a}")] {
            let seen = desk.get(&path).await.json();
            assert_eq!(seen["merged_into"], json!(c), "{kind:?} {path}: the last of them");
        }
        let seen = desk.get("status?trxid=T-A-3").await.json();
        assert_eq!(seen["merged_into"], Value::Null);
        let refused = merge(&c, &b).await;
        assert_eq!(
            (refused.code(), fields(&refused)),
            ("other-case-closed".into(), vec!["into".into()])
        );
        assert_eq!(refused.json()["case"], json!(b), "the closed one is to blame");
        desk.done(&format!("cases/{a}/reopen"), json!({})).await;
        assert_eq!(desk.get(&format!("status?id={a}")).await.json()["merged_into"], Value::Null);
        desk.done(&format!("cases/{a}/close"), json!({ "reason": "duplicate" })).await;
        assert_eq!(desk.get(&format!("status?id={a}")).await.json()["merged_into"], Value::Null);
        let scope = desk.house.world.scope;
        desk.house.world.pay(scope, "A-9", PaymentStatus::Successful).await;
        let none = desk.get("status?refid=A-9").await;
        assert_eq!(none.code(), "case-unknown");
        let detail = text(&none.json()["detail"]);
        assert!(detail.contains("with this refid") && !detail.contains("this id"), "{detail}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_by_hand_says_something() {
    for kind in BOTH {
        let desk = Desk::new(kind).await;
        for body in [json!({ "channel": "phone" }), json!({ "channel": "phone", "says": " \n" })] {
            let answer = desk.post("cases", body).await;
            assert_eq!(
                (answer.code(), fields(&answer)),
                ("case-empty".into(), vec!["says".into()])
            );
        }
        for body in [
            json!({ "channel": "phone", "says": "It never came." }),
            json!({ "channel": "phone", "customer": "C-7" }),
            json!({ "channel": "phone", "category": "voucher" }),
            json!({ "channel": "phone", "addresses": ["a@b.example"] }),
        ] {
            desk.done("cases", body).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn somebody_can_always_administer_the_account() {
    for kind in BOTH {
        let desk = Desk::new(kind).await;
        let one = desk.member("one@shop.example", "administrator").await;
        let demoted = json!({ "role": "agent" });
        for (path, body) in [
            (format!("admin/members/{one}/disable"), json!({})),
            (format!("admin/members/{one}"), demoted.clone()),
        ] {
            assert_eq!(desk.post(&path, body).await.code(), "last-administrator", "{kind:?}");
        }
        desk.done(&format!("admin/members/{one}"), json!({ "name": "One" })).await;
        let own = json!({ "member": one, "role": "administrator" });
        let own = text(&desk.done("admin/tokens", own).await["secret"]);
        let path = format!("/api/v1/admin/members/{one}/disable");
        let himself = desk.house.ask(&own, "POST", &path, &[], Some("{}")).await;
        assert_eq!(himself.code(), "last-administrator");
        let two = desk.member("two@shop.example", "administrator").await;
        // Each shuts the other out at the same moment.
        let at = [format!("admin/members/{two}/disable"), format!("admin/members/{one}")];
        let (first, second) =
            tokio::join!(desk.post(&at[0], json!({})), desk.post(&at[1], demoted));
        let mut ends = [first.status, second.status];
        ends.sort_unstable();
        assert_eq!(ends, [StatusCode::OK, StatusCode::CONFLICT], "{first:?} {second:?}");
        let by = Actor::operator(desk.house.world.scope);
        let members = desk.house.world.desk.see_members(&by).await.expect("members");
        let runs = members
            .iter()
            .filter(|one| one.role == Role::Administrator && one.disabled_at.is_none())
            .count();
        assert_eq!(runs, 1, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_is_invited_comes_in_once() {
    for kind in BOTH {
        let desk = Desk::new(kind).await;
        let world = &desk.house.world;
        let id = desk.member("ann@shop.example", "agent").await;
        let invite = async || {
            text(&desk.done(&format!("admin/members/{id}/invite"), json!({})).await["secret"])
        };
        let accept_under = async |headers: &[(&str, &str)], token: &str, password: &str| {
            let body = json!({ "token": token, "password": password }).to_string();
            let path = "/api/v1/invitations/accept";
            desk.house.ask("", "POST", path, headers, Some(&body)).await
        };
        let accept = async |token: &str, password: &str| accept_under(&[], token, password).await;
        let word = invite().await;
        let long = "correct horse battery";
        assert_eq!(fields(&accept(&word, "short").await), ["password"], "nothing is used up");
        let (one, two) = tokio::join!(accept(&word, long), accept(&word, long));
        let mut ends = [one.status, two.status];
        ends.sort_unstable();
        assert_eq!(ends, [StatusCode::OK, StatusCode::NOT_FOUND], "{one:?} {two:?}");
        let good = if one.status == StatusCode::OK { one } else { two };
        assert_eq!(good.json(), json!({ "member": id, "email": "ann@shop.example" }));
        let secret = vault::secret::Secret::new(long.to_owned());
        let found = world.desk.check_member(world.scope, "ANN@shop.example", secret).await;
        assert!(found.expect("checked").is_some(), "{kind:?}");
        let history = desk.get("admin/history?limit=1").await.json();
        assert_eq!(history["history"][0]["act"], "invite-accept");
        assert_eq!(history["history"][0]["by"], "ann@shop.example");
        // Whoever got no answer asks again, under the same key.
        let (word, key) = (invite().await, [("idempotency-key", "k-1")]);
        let first = accept_under(&key, &word, "staple battery horse").await;
        let again = accept_under(&key, &word, "staple battery horse").await;
        assert_eq!((first.status, &first.bytes), (StatusCode::OK, &again.bytes), "{kind:?}");
        assert_eq!(again.header("idempotent-replayed"), "true");
        let other = accept_under(&key, &word, "another battery horse").await;
        assert_eq!(other.code(), "key-reused-for-other");
        assert_eq!(accept(&word, "staple battery horse").await.code(), "invitation-not-valid");
        let late = invite().await;
        world.clock.tick(Millis::days(3));
        let member = domain::ids::MemberId::parse(&id).expect("an id");
        let act = AdminAct::MemberInvite { id: member.clone() };
        let order = |act| desk::admin::AdminOrder::new(Actor::operator(world.scope), act);
        let left = world.desk.administer(&order(act)).await.ok().and_then(|done| done.secret);
        let left = left.expect("a word").reveal().to_owned();
        assert_eq!(accept(&late, long).await.code(), "invitation-not-valid");
        let gone = world.desk.administer(&order(AdminAct::MemberDisable { id: member })).await;
        gone.map(drop).expect("disabled");
        let unknown = accept("inv_nobodys", long).await.json();
        assert_eq!(accept(&left, long).await.json(), unknown, "nothing tells who there is");
        let mut last = StatusCode::OK;
        for _ in 0..30 {
            last = accept("inv_nobodys", long).await.status;
        }
        assert_eq!(last, StatusCode::TOO_MANY_REQUESTS, "{kind:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn many_passwords_at_once_starve_nobody() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let scope = house.world.scope;
        let mut asked = JoinSet::new();
        for number in 0..12 {
            let desk = house.world.desk.clone();
            asked.spawn(async move {
                let act = AdminAct::LoginAdd { username: format!("shop-{number}") };
                let order = desk::admin::AdminOrder::new(Actor::operator(scope), act);
                desk.administer(&order).await.map(|done| done.secret.is_some())
            });
        }
        let all = asked.join_all().await;
        assert!(all.iter().all(|one| matches!(one, Ok(true))), "{kind:?}");
        let logins = house.world.desk.logins_of(scope).await.expect("logins");
        assert_eq!(logins.len(), 12, "{kind:?}");
    }
}
