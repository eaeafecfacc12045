//! The bodies of webhook events, as receivers see them. A body is made once, when the event is
//! spread over the endpoints, and kept: every try posts the same bytes. Shapes only grow; a field
//! never changes its meaning. Nothing personal stands in them.

use domain::Instant;
use domain::ids::{CaseId, EndpointId};
use domain::message::Event;
use domain::scope::Scope;
use serde::Serialize;

/// The outer part, as Standard Webhooks recommends it.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    environment: &'static str,
    case: &'a str,
    /// Counts the case's changes: a receiver orders by it and drops what is older.
    version: i64,
    stage: &'static str,
    /// What the stage waits for, came to, or ended by; null where a stage has no such word.
    detail: Option<&'static str>,
    /// The payment by its two references; null in a case about none, as in every answer of the API.
    refid: Option<&'a str>,
    trxid: Option<&'a str>,
}

/// The JSON body of one event, caused at `at`.
#[must_use]
pub fn body(event: &Event, scope: Scope, case: &CaseId, at: Instant) -> String {
    let data = Data {
        environment: scope.env().word(),
        case: case.as_str(),
        version: event.version,
        stage: event.stage.name().word(),
        detail: some(event.stage.fact()),
        refid: some(&event.refid),
        trxid: some(&event.trxid),
    };
    let body = Body { kind: event.kind.word(), timestamp: rfc3339(at), data };
    // Texts and numbers always make JSON.
    serde_json::to_string(&body).unwrap_or_default()
}

#[derive(Serialize)]
struct PingBody<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    timestamp: String,
    data: PingData<'a>,
}

#[derive(Serialize)]
struct PingData<'a> {
    environment: &'static str,
    endpoint: &'a str,
}

/// The JSON body of an event that tries an endpoint.
#[must_use]
pub fn ping(scope: Scope, endpoint: &EndpointId, at: Instant) -> String {
    let data = PingData { environment: scope.env().word(), endpoint: endpoint.as_str() };
    let body = PingBody { kind: "ping", timestamp: rfc3339(at), data };
    // Texts always make JSON.
    serde_json::to_string(&body).unwrap_or_default()
}

fn some(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}

fn rfc3339(at: Instant) -> String {
    let time = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
    format!("{time:.3}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::case::{Outcome, Stage};
    use domain::message::EventKind;
    use domain::{Env, TenantId};

    /// These are promises: receivers were built on them.
    #[test]
    fn bodies_are_as_promised() {
        let case = CaseId::parse("cs_01jd3v5k8h0000000000000000").expect("an id");
        let at = Instant::from_millis(1_772_359_200_007);
        let opened = Event {
            kind: EventKind::CaseOpened,
            refid: "A \"1\"".into(),
            trxid: String::new(),
            stage: Stage::Received,
            version: 1,
        };
        let scope = Scope::new(TenantId(1), Env::Production);
        assert_eq!(
            body(&opened, scope, &case, at),
            "{\"type\":\"case.opened\",\"timestamp\":\"2026-03-01T10:00:00.007Z\",\"data\":{\
             \"environment\":\"production\",\"case\":\"cs_01jd3v5k8h0000000000000000\",\
             \"version\":1,\"stage\":\"received\",\"detail\":null,\"refid\":\"A \\\"1\\\"\",\
             \"trxid\":null}}"
        );
        let about_none = Event { refid: String::new(), ..opened.clone() };
        let told = body(&about_none, scope, &case, at);
        assert!(told.ends_with("\"detail\":null,\"refid\":null,\"trxid\":null}}"), "{told}");
        let resolved = Event {
            kind: EventKind::CaseResolved,
            trxid: "T-1".into(),
            stage: Stage::Resolved { outcome: Outcome::PartlyUpheld },
            version: 4,
            ..opened
        };
        let scope = Scope::new(TenantId(1), Env::Staging);
        let at = Instant::from_seconds(1_772_359_200);
        assert_eq!(
            body(&resolved, scope, &case, at),
            "{\"type\":\"case.resolved\",\"timestamp\":\"2026-03-01T10:00:00.000Z\",\"data\":{\
             \"environment\":\"staging\",\"case\":\"cs_01jd3v5k8h0000000000000000\",\
             \"version\":4,\"stage\":\"resolved\",\"detail\":\"partly-upheld\",\
             \"refid\":\"A \\\"1\\\"\",\"trxid\":\"T-1\"}}"
        );
    }
}
