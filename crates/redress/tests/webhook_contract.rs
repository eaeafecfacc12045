//! The webhooks of the API's document are the courier's: each event at each stage, made by the code
//! that posts it, held to the schema and the words that outsiders read.

use std::collections::BTreeSet;

use domain::case::{CloseReason, Outcome, Party, Stage};
use domain::ids::{CaseId, EndpointId};
use domain::message::{Event, EventKind};
use domain::{Env, Instant, Scope, TenantId};
use serde_json::Value;

fn stages() -> Vec<Stage> {
    let mut stages = vec![Stage::Received, Stage::Open];
    stages.extend(Party::ALL.iter().map(|on| Stage::Waiting { on: *on }));
    stages.extend(Outcome::ALL.iter().map(|outcome| Stage::Resolved { outcome: *outcome }));
    stages.extend(CloseReason::ALL.iter().map(|reason| Stage::Closed { reason: *reason }));
    stages
}

#[test]
fn every_event_is_as_documented() {
    let document: Value =
        serde_json::from_str(dialects::native::document()).expect("the document is JSON");
    let hooks = document["webhooks"].as_object().expect("webhooks");
    let words: BTreeSet<&str> = hooks.keys().map(String::as_str).collect();
    let kinds = EventKind::ALL.iter().map(|kind| kind.word());
    assert_eq!(words, kinds.chain(["ping"]).collect());
    let case = CaseId::parse("cs_01jd3v5k8h0000000000000000").expect("an id");
    let at = Instant::from_seconds(1_772_359_200);
    for kind in EventKind::ALL {
        let operation = &hooks[kind.word()]["post"];
        let content = &operation["requestBody"]["content"]["application/json"];
        let check = |body: &Value| {
            let complaints = teststand::schema::complaints(&document, &content["schema"], body);
            assert!(complaints.is_empty(), "{complaints:?} {body}");
        };
        check(&content["example"]);
        assert_eq!(content["example"]["type"], kind.word());
        for (number, stage) in stages().into_iter().enumerate() {
            // The first is about no payment.
            let named = |text: &str| if number == 0 { String::new() } else { text.to_owned() };
            let (refid, trxid) = (named("A-1"), named("T-1"));
            let event = Event { kind, refid, trxid, stage, version: 1 };
            for env in Env::ALL {
                let scope = Scope::new(TenantId(1), env);
                let body = courier::event::body(&event, scope, &case, at);
                let body: Value = serde_json::from_str(&body).expect("JSON");
                check(&body);
                assert_eq!(body["data"]["refid"].is_null(), number == 0, "{body}");
                // No field is sent that the document does not name.
                let named = document["components"]["schemas"]["CaseEvent"]["properties"].clone();
                let sent = body["data"].as_object().expect("data").keys();
                assert!(sent.clone().all(|name| named["data"]["properties"][name].is_object()));
            }
        }
    }
}

/// The event that tries an endpoint is documented too, word for word.
#[test]
fn a_ping_is_as_documented() {
    let document: Value =
        serde_json::from_str(dialects::native::document()).expect("the document is JSON");
    let content =
        &document["webhooks"]["ping"]["post"]["requestBody"]["content"]["application/json"];
    let endpoint = EndpointId::parse("ep_01jd3v5k8h0000000000000000").expect("an id");
    let at = Instant::from_millis(1_772_359_200_007);
    for env in Env::ALL {
        let body = courier::event::ping(Scope::new(TenantId(1), env), &endpoint, at);
        let body: Value = serde_json::from_str(&body).expect("JSON");
        let complaints = teststand::schema::complaints(&document, &content["schema"], &body);
        assert!(complaints.is_empty(), "{complaints:?} {body}");
        if env == Env::Production {
            assert_eq!(content["example"], body);
        }
    }
}
