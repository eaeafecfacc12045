//! Whom and what a case can be given to: what was retired or has left takes nothing more; and no
//! case becomes its parent's parent.

use domain::Role;
use domain::payment::PaymentStatus;
use http::StatusCode;
use teststand::engines::BOTH;

use crate::support::House;

async fn two_cases(house: &House) -> [String; 2] {
    let scope = house.world.scope;
    let mut cases = Vec::new();
    for refid in ["A-1", "A-2"] {
        house.world.pay(scope, refid, PaymentStatus::Successful).await;
        cases.push(house.report(scope, refid, "gone").await.to_string());
    }
    cases.try_into().expect("two cases")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_retired_or_disabled_is_given_nothing() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let root = house.token(house.world.scope, Role::Administrator, "root").await;
        let [case, _] = two_cases(&house).await;
        let post =
            async |path: &str, body: &str| house.ask(&root, "POST", path, &[], Some(body)).await;
        let add = "/api/v1/admin/queues";
        assert_eq!(post(add, r#"{"name":"vouchers"}"#).await.status, StatusCode::OK);
        let add = "/api/v1/admin/members";
        let ann = r#"{"email":"ann@example.test","name":"Ann","role":"agent"}"#;
        let shop = r#"{"email":"shop@example.test","name":"Shop","role":"merchant"}"#;
        let ann = post(add, ann).await.json()["id"].as_str().expect("an id").to_owned();
        assert_eq!(post(add, shop).await.status, StatusCode::OK);
        let assign = format!("/api/v1/cases/{case}/assign");
        let to_queue = r#"{"queue":"vouchers"}"#;
        let to_ann = r#"{"person":"ann@example.test"}"#;
        for body in [to_queue, to_ann] {
            assert_eq!(post(&assign, body).await.status, StatusCode::OK, "{kind:?} {body}");
        }
        let retired = post("/api/v1/admin/queues/vouchers/retire", "{}").await;
        assert_eq!(retired.status, StatusCode::OK, "{retired:?}");
        let left = post(&format!("/api/v1/admin/members/{ann}/disable"), "{}").await;
        assert_eq!(left.status, StatusCode::OK, "{left:?}");
        for body in [to_queue, to_ann, r#"{"person":"shop@example.test"}"#] {
            let answer = post(&assign, body).await;
            assert_eq!(answer.code(), "thing-unknown", "{kind:?} {body}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_case_is_not_its_parents_parent() {
    for kind in BOTH {
        let house = House::new(kind).await;
        let agent = house.token(house.world.scope, Role::Agent, "ann").await;
        let [one, two] = two_cases(&house).await;
        let link = async |case: &str, other: &str, kind: &str| {
            let body = format!(r#"{{"kind":"{kind}","case":"{other}"}}"#);
            let path = format!("/api/v1/cases/{case}/link");
            house.ask(&agent, "POST", &path, &[], Some(&body)).await
        };
        assert_eq!(link(&one, &two, "parent").await.status, StatusCode::OK, "{kind:?}");
        assert_eq!(link(&two, &one, "parent").await.code(), "linked-otherwise", "{kind:?}");
        assert_eq!(link(&two, &one, "related").await.status, StatusCode::OK, "{kind:?}");
        assert_eq!(link(&one, &two, "related").await.code(), "already-linked", "{kind:?}");
    }
}
