//! Running an account from outside: what works at once, what works no more, what nobody can take
//! for himself, and what is remembered of all of it.

use domain::{Millis, Role};
use http::StatusCode;
use serde_json::{Value, json};
use store::engine::EngineKind;
use teststand::engines::BOTH;

use crate::support::{Answer, House};

/// A house, and somebody in it with a token.
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

    async fn post(&self, token: &str, path: &str, body: Value) -> Answer {
        let path = format!("/api/v1/admin/{path}");
        self.house.ask(token, "POST", &path, &[], Some(&body.to_string())).await
    }

    /// What the administrator does must work.
    async fn done(&self, path: &str, body: Value) -> Value {
        let answer = self.post(&self.root, path, body).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {answer:?}");
        answer.json()
    }

    async fn get(&self, token: &str, path: &str) -> Answer {
        self.house.ask(token, "GET", &format!("/api/v1/{path}"), &[], None).await
    }

    /// A member with a token of his own: id and token.
    async fn member(&self, email: &str, role: &str) -> (String, String) {
        let body = json!({ "email": email, "name": "Somebody", "role": role });
        let id = text(&self.done("members", body).await["id"]);
        let token = self.done("tokens", json!({ "member": email, "role": role })).await;
        (id, text(&token["secret"]))
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_members_tokens_end_with_him_and_follow_his_role() {
    for kind in BOTH {
        let desk = Desk::new(kind).await;
        let (id, token) = desk.member("ann@example.test", "supervisor").await;
        let me = desk.get(&token, "me").await.json();
        assert_eq!((&me["name"], &me["role"]), (&json!("ann@example.test"), &json!("supervisor")));
        assert!(me["rights"].as_array().expect("rights").contains(&json!("approve-acts")));
        desk.done(&format!("members/{id}"), json!({ "role": "agent" })).await;
        let me = desk.get(&token, "me").await.json();
        assert!(!me["rights"].as_array().expect("rights").contains(&json!("approve-acts")), "{me}");
        assert_eq!(me["role"], "agent", "as what he acts by now");
        let path = "/api/v1/cases/cs_01jd3v5k8h0000000000000000/approve";
        let refused = desk.house.ask(&token, "POST", path, &[], None).await;
        assert_eq!(refused.code(), "not-allowed");
        let said = refused.json()["detail"].to_string();
        assert!(said.contains("`approve-acts`, which the role `agent` does not have"), "{said}");
        desk.done(&format!("members/{id}/disable"), json!({})).await;
        assert_eq!(desk.get(&token, "me").await.code(), "token-not-valid");
        let again = desk.post(&desk.root, &format!("members/{id}/disable"), json!({})).await;
        assert_eq!(again.code(), "already-so");
        let more = json!({ "member": id, "role": "agent" });
        assert_eq!(desk.post(&desk.root, "tokens", more).await.code(), "disabled");
        for act in ["invite", "password"] {
            let path = format!("members/{id}/{act}");
            assert_eq!(desk.post(&desk.root, &path, json!({})).await.code(), "disabled", "{act}");
        }
        desk.done(&format!("members/{id}/enable"), json!({})).await;
        assert_eq!(desk.get(&token, "me").await.status, StatusCode::OK);
    }
}

/// Each way in which somebody could get more than he has.
#[tokio::test(flavor = "multi_thread")]
async fn nobody_takes_more_than_he_has() {
    for kind in BOTH {
        let desk = Desk::new(kind).await;
        let scope = desk.house.world.scope;
        let (boss, _) = desk.member("boss@example.test", "administrator").await;
        let (_, dev) = desk.member("dev@example.test", "developer").await;
        let admins = desk.done("tokens", json!({ "name": "a", "role": "administrator" })).await;
        let admins = text(&admins["id"]);
        let keeper = json!({
            "name": "keeper", "role": "administrator", "rights": ["manage-tokens", "read-admin"],
        });
        let keeper = text(&desk.done("tokens", keeper).await["secret"]);
        let ann = json!({ "email": "ann@example.test", "name": "Ann", "role": "agent" });
        let ann = text(&desk.done("members", ann).await["id"]);
        let installer = desk.house.installation_token(scope).await;
        let token = |role: &str| json!({ "name": "x", "role": role });
        let narrow = json!({ "name": "x", "role": "administrator", "rights": ["read-cases"] });
        let whole = json!({ "name": "x", "role": "administrator", "installation": true });
        let whole_of = json!({ "member": boss, "role": "administrator", "installation": true });
        let as_boss = json!({ "member": boss, "role": "client" });
        let borrowed = json!({ "name": "boss@example.test", "role": "client" });
        let higher = json!({ "member": ann, "role": "supervisor" });
        let wider = json!({ "name": "x", "role": "agent", "rights": ["manage-members"] });
        let mate = json!({ "email": "m@example.test", "name": "M", "role": "agent" });
        let tenants_token = json!({ "env": "production", "token": token("administrator") });
        for (who, path, body, code) in [
            (&dev, "tokens".to_owned(), token("administrator"), "grants-too-much"),
            (&dev, "tokens".to_owned(), token("supervisor"), "grants-too-much"),
            (&dev, "tokens".to_owned(), token("merchant"), "grants-too-much"),
            (&dev, "tokens".to_owned(), narrow, "grants-too-much"),
            (&dev, "tokens".to_owned(), whole.clone(), "grants-too-much"),
            (&desk.root, "tokens".to_owned(), whole, "grants-too-much"),
            (&installer, "tokens".to_owned(), whole_of, "grants-too-much"),
            (&dev, "tokens".to_owned(), as_boss, "grants-too-much"),
            (&desk.root, "tokens".to_owned(), borrowed, "name-taken"),
            (&desk.root, "tokens".to_owned(), higher, "grants-too-much"),
            (&desk.root, "tokens".to_owned(), wider, "wrong-field"),
            (&dev, format!("tokens/{admins}/revoke"), json!({}), "grants-too-much"),
            (&dev, "members".to_owned(), mate.clone(), "not-allowed"),
            (&dev, format!("members/{boss}/password"), json!({}), "not-allowed"),
            (&dev, format!("members/{boss}/invite"), json!({}), "not-allowed"),
            (&dev, "settings/sender-name".to_owned(), json!({ "value": "x" }), "not-allowed"),
            (&keeper, "tokens".to_owned(), token("administrator"), "grants-too-much"),
            (&keeper, "tokens".to_owned(), token("client"), "grants-too-much"),
            (&keeper, "members".to_owned(), mate, "not-allowed"),
            (&keeper, "keys".to_owned(), json!({}), "not-allowed"),
            (
                &desk.root,
                "tenants".to_owned(),
                json!({ "slug": "a", "email": "a@b.example" }),
                "not-allowed",
            ),
            (&desk.root, "tenants/other/tokens".to_owned(), tenants_token.clone(), "not-allowed"),
        ] {
            let answer = desk.post(who, &path, body.clone()).await;
            assert_eq!(answer.code(), code, "{path} {body}");
        }
        let own = json!({ "name": "less", "role": "administrator", "rights": ["manage-tokens"] });
        assert_eq!(desk.post(&keeper, "tokens", own).await.status, StatusCode::OK);
        let answer = desk.post(&installer, "tenants/other/tokens", tenants_token).await;
        let first = text(&answer.json()["secret"]);
        assert_eq!(desk.get(&first, "me").await.json()["account"], "other");
        let told = desk.get(&first, "admin/history").await.json();
        assert_eq!(told["history"][0]["act"], "tenant-token", "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rotated_key_and_the_new_one_work_together_for_a_while() {
    for kind in BOTH {
        let desk = Desk::new(kind).await;
        let made = desk.done("keys", json!({ "label": "shop", "rights": ["read-status"] })).await;
        let old = text(&made["id"]);
        let made = desk.done(&format!("keys/{old}/rotate"), json!({ "hours": 2 })).await;
        let new = text(&made["id"]);
        let works = async |id: &str| {
            desk.house.world.desk.open_key(id).await.expect("looked up").map(|open| open.key.may())
        };
        let little = domain::Rights::NONE.with(domain::Right::ReadStatus);
        assert_eq!((works(&old).await, works(&new).await), (Some(little), Some(little)));
        let twice = desk.post(&desk.root, &format!("keys/{old}/rotate"), json!({})).await;
        assert_eq!(twice.code(), "already-so");
        desk.house.world.clock.tick(Millis::hours(2));
        assert_eq!((works(&old).await, works(&new).await), (None, Some(little)));
        desk.done(&format!("keys/{new}/revoke"), json!({})).await;
        assert_eq!(works(&new).await, None, "at once where it was revoked");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_signs_with_both_secrets_while_it_is_rotated() {
    for kind in BOTH {
        let desk = Desk::new(kind).await;
        let url = json!({ "url": "https://acme.example/hooks" });
        let made = desk.done("endpoints", url).await;
        let (id, old) = (text(&made["id"]), text(&made["secret"]));
        let made = desk.done(&format!("endpoints/{id}/rotate"), json!({ "hours": 1 })).await;
        let new = text(&made["secret"]);
        let secrets = async || {
            let open = desk.house.world.desk.open_endpoints(desk.house.world.scope).await;
            let open = open.expect("they open").pop().expect("one");
            (open.secret.reveal().to_owned(), open.before.map(|one| one.reveal().to_owned()))
        };
        assert_eq!(secrets().await, (new.clone(), Some(old)));
        desk.house.world.clock.tick(Millis::hours(1));
        assert_eq!(secrets().await, (new, None));
        let bad = json!({ "url": "https://acme.example/", "secret": "whsec_short" });
        assert_eq!(desk.post(&desk.root, "endpoints", bad).await.code(), "wrong-field");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_administrators_do_not_undo_each_other() {
    for kind in BOTH {
        let desk = Desk::new(kind).await;
        let set = async |value: &str, version: &str| {
            let path = "/api/v1/admin/settings/sender-name";
            let body = json!({ "value": value }).to_string();
            let headers = [("if-match", version)];
            desk.house.ask(&desk.root, "POST", path, &headers, Some(&body)).await
        };
        assert_eq!(set("Acme", "\"0\"").await.header("etag"), "\"1\"");
        let stale = set("Other", "\"0\"").await;
        assert_eq!((stale.code(), stale.header("etag")), ("stale".to_owned(), "\"1\""));
        assert_eq!(set("Other", "\"1\"").await.status, StatusCode::OK);
        let reset = desk.done("settings/sender-name/reset", json!({})).await;
        assert_eq!(reset["version"], 3, "setting back goes on counting");
        let listed = desk.get(&desk.root, "admin/settings").await.json();
        let all = listed["settings"].as_array().expect("a list").clone();
        let one = all.iter().find(|one| one["key"] == "sender-name").expect("it is there");
        assert_eq!((&one["value"], &one["version"]), (&Value::Null, &json!(3)));
        for (path, body) in [
            ("settings/acknowledgement", json!({ "value": "maybe" })),
            ("settings/support-address", json!({ "value": "nobody" })),
            ("settings/sender-name", json!({ "value": "a\r\nBcc: b@c.example" })),
        ] {
            assert_eq!(desk.post(&desk.root, path, body).await.code(), "wrong-field", "{path}");
        }
        let words = |text: &str| json!({ "text": text });
        for text in ["", "{name}", "two\nlines"] {
            let answer = desk.post(&desk.root, "messages/iimmpact.received", words(text)).await;
            assert_eq!(answer.code(), "wrong-field", "{text:?}");
        }
        let unknown = desk.post(&desk.root, "messages/iimmpact.nothing", words("a")).await;
        assert_eq!(unknown.code(), "thing-unknown");
    }
}

/// Every act stands in the history, in a chain, and no secret does.
#[tokio::test(flavor = "multi_thread")]
async fn what_was_done_is_remembered_without_secrets() {
    for kind in BOTH {
        let desk = Desk::new(kind).await;
        let mut secrets = Vec::new();
        for (path, body) in [
            ("keys", json!({})),
            ("tokens", json!({ "name": "a", "role": "agent" })),
            ("logins", json!({ "username": "acme-1" })),
            ("endpoints", json!({ "url": "https://acme.example/" })),
        ] {
            secrets.push(text(&desk.done(path, body).await["secret"]));
        }
        let password = "correct horse battery";
        let login = json!({ "username": "acme-2", "password": password });
        assert_eq!(desk.done("logins", login).await["secret"], Value::Null);
        secrets.push(password.to_owned());
        let page = desk.get(&desk.root, "admin/history?limit=3").await.json();
        let next = text(&page["next"]);
        let path = format!("admin/history?limit=3&cursor={next}");
        let rest = desk.get(&desk.root, &path).await.json();
        let numbers = |page: &Value| -> Vec<i64> {
            let list = page["history"].as_array().expect("a list").iter();
            list.map(|one| one["number"].as_i64().expect("a number")).collect()
        };
        assert_eq!((numbers(&page), numbers(&rest)), (vec![6, 5, 4], vec![3, 2, 1]));
        assert_eq!(rest["next"], Value::Null);
        let told = format!("{page}{rest}");
        assert!(secrets.iter().all(|secret| !told.contains(secret.as_str())), "{told}");
        let walk = || desk.house.world.desk.verify_admin_history();
        // With the token of who asks, two accounts, and the stock that was taken before.
        assert_eq!(walk().await.expect("walked"), (9, Vec::new()));
        let spoil = "UPDATE admin_history SET actor = 'mallory' WHERE seq = 2 AND scope = 3";
        let spoil = vec![store::engine::Stmt::any(spoil, Vec::new())];
        desk.house.world.db.commit(spoil).await.expect("spoilt");
        assert_eq!(walk().await.expect("walked").1.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn reads_of_personal_data_leave_a_row_a_minute() {
    for kind in BOTH {
        let desk = Desk::new(kind).await;
        let scope = desk.house.world.scope;
        let paid = domain::payment::PaymentStatus::Successful;
        desk.house.world.pay(scope, "A-1", paid).await;
        let case = desk.house.report(scope, "A-1", "gone").await;
        let (_, ann) = desk.member("ann@example.test", "agent").await;
        for _ in 0..3 {
            desk.get(&ann, &format!("cases/{case}")).await;
        }
        desk.get(&ann, &format!("cases/{case}/timeline")).await;
        desk.get(&ann, "transactions/A-1").await;
        desk.get(&ann, "cases?refid=A-1").await;
        desk.get(&ann, "cases/cs_00000000000000000000000000").await;
        desk.house.world.clock.tick(Millis::minutes(1));
        desk.get(&ann, &format!("cases/{case}")).await;
        let reads = async |filter: &str| {
            let answer = desk.get(&desk.root, &format!("admin/reads{filter}")).await;
            let json = answer.json();
            let list = json["reads"].as_array().unwrap_or_else(|| panic!("{answer:?}")).clone();
            let mut views: Vec<String> = list.iter().map(|one| text(&one["view"])).collect();
            views.sort_unstable(); // within a millisecond their order is chance
            views
        };
        assert_eq!(reads("").await, ["case", "case", "cases", "payment", "timeline"]);
        assert_eq!(reads("?view=case").await.len(), 2);
        assert_eq!(reads(&format!("?subject={case}&view=timeline")).await.len(), 1);
        assert_eq!(reads("?by=nobody").await.len(), 0);
        assert_eq!(reads("?by=ann%40example.test").await.len(), 5);
        let bad = desk.get(&desk.root, "admin/reads?view=everything").await;
        assert_eq!(bad.code(), "wrong-field");
        assert_eq!(desk.get(&ann, "admin/reads").await.code(), "not-allowed");
        desk.house.world.desk.log_reads_before_answers(true);
        desk.get(&ann, "transactions/A-1").await;
        assert_eq!(desk.house.world.desk.write_reads_behind().await.expect("written"), 0);
        assert_eq!(reads("?view=payment").await.len(), 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_member_sets_his_password_once() {
    for kind in BOTH {
        let desk = Desk::new(kind).await;
        let house = &desk.house.world;
        let (id, _) = desk.member("ann@example.test", "agent").await;
        let invite = format!("members/{id}/invite");
        let first = text(&desk.done(&invite, json!({})).await["secret"]);
        let word = text(&desk.done(&invite, json!({})).await["secret"]);
        let secret = |text: &str| vault::secret::Secret::new(text.to_owned());
        let accept = async |word: &str| {
            let accepted = house.desk.accept_invite(word, secret("correct horse"), None).await;
            accepted.expect("asked").is_some()
        };
        assert!(!accept(&first).await, "a newer word ends it");
        assert!(accept(&word).await && !accept(&word).await);
        let check = async |password: &str| {
            let found = house.desk.check_member(house.scope, "ann@example.test", secret(password));
            found.await.expect("checked").map(|member| member.id.as_str().to_owned())
        };
        assert_eq!(check("correct horse").await, Some(id.clone()));
        assert_eq!(check("wrong horse").await, None);
        let late = text(&desk.done(&invite, json!({})).await["secret"]);
        house.clock.tick(Millis::days(3));
        assert!(!accept(&late).await);
        let root = desk.house.token(house.scope, Role::Administrator, "root-2").await;
        let off = desk.post(&root, &format!("members/{id}/disable"), json!({})).await;
        assert_eq!(off.status, StatusCode::OK);
        assert_eq!(check("correct horse").await, None, "a disabled member is nobody");
    }
}
