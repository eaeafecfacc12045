//! The shapes that are stored as JSON, each with a number in its name. A shape that was ever
//! written keeps its reader; nothing here knows a wire.

use domain::Instant;
use domain::admin::Kind;
use domain::case::Stage;
use domain::changes::Outcome;
use domain::ids::{CaseId, EndpointId};
use domain::message::{Event, EventKind, Telling};
use domain::payment::columns::COLUMNS;
use domain::payment::{PaymentStatus, RowEffect, RowRefusal};
use serde::{Deserialize, Serialize};

use crate::fault::Fault;

const REPORTED: &str = "reported-1";
const ACTED: &str = "acted-1";
const IMPORTED: &str = "imported-1";
const MANAGED: &str = "managed-1";

#[derive(Serialize, Deserialize)]
struct ReportedV1 {
    case: String,
    refid: String,
}

#[derive(Serialize, Deserialize)]
struct ActedV1 {
    case: String,
    version: i64,
    stage: String,
    fact: String,
}

#[derive(Serialize, Deserialize)]
struct ManagedV1 {
    kind: String,
    id: String,
    version: Option<i64>,
}

#[derive(Serialize, Deserialize)]
struct PingV1 {
    endpoint: String,
}

#[derive(Serialize, Deserialize)]
struct EventV1 {
    kind: String,
    refid: String,
    trxid: String,
    stage: String,
    fact: String,
    version: i64,
}

/// JSON of a value that cannot fail to be written: strings and numbers only.
fn json<T: Serialize>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

fn read<'a, T: Deserialize<'a>>(shape: &str, text: &'a str) -> Result<T, Fault> {
    serde_json::from_str(text).map_err(|why| Fault::new(format!("{shape}: {why}")))
}

/// The shape's name and text of an outcome.
pub fn write_outcome(outcome: &Outcome) -> (&'static str, String) {
    match outcome {
        Outcome::Reported { case, refid } => {
            let case = case.as_str().to_owned();
            (REPORTED, json(&ReportedV1 { case, refid: refid.clone() }))
        }
        Outcome::Acted { case, version, stage } => {
            let acted = ActedV1 {
                case: case.as_str().to_owned(),
                version: *version,
                stage: stage.name().word().to_owned(),
                fact: stage.fact().to_owned(),
            };
            (ACTED, json(&acted))
        }
        Outcome::Imported { rows } => {
            let rows: Vec<String> = rows.iter().map(row_text).collect();
            (IMPORTED, json(&rows))
        }
        Outcome::Managed { kind, id, version } => {
            let (kind, id) = (kind.word().to_owned(), id.clone());
            (MANAGED, json(&ManagedV1 { kind, id, version: *version }))
        }
    }
}

/// Reads an outcome back.
pub fn read_outcome(shape: &str, text: &str) -> Result<Outcome, Fault> {
    match shape {
        REPORTED => {
            let v1: ReportedV1 = read(shape, text)?;
            Ok(Outcome::Reported { case: case_id(&v1.case)?, refid: v1.refid })
        }
        ACTED => {
            let v1: ActedV1 = read(shape, text)?;
            let stage = stage(&v1.stage, &v1.fact)?;
            Ok(Outcome::Acted { case: case_id(&v1.case)?, version: v1.version, stage })
        }
        IMPORTED => {
            let v1: Vec<String> = read(shape, text)?;
            let rows = v1.iter().map(|row| row_result(row)).collect::<Option<Vec<_>>>();
            let rows = rows.ok_or_else(|| Fault::new(format!("{shape}: a row is none")))?;
            Ok(Outcome::Imported { rows })
        }
        MANAGED => {
            let v1: ManagedV1 = read(shape, text)?;
            let kind = Kind::parse(&v1.kind)
                .ok_or_else(|| Fault::new(format!("unknown kind {}", v1.kind)))?;
            Ok(Outcome::Managed { kind, id: v1.id, version: v1.version })
        }
        other => Err(Fault::new(format!("no reader for the stored shape {other}"))),
    }
}

/// What came of a row, in words parted by colons.
fn row_text(row: &Result<RowEffect, RowRefusal>) -> String {
    match row {
        Ok(RowEffect::New) => "new".to_owned(),
        Ok(RowEffect::Unchanged) => "unchanged".to_owned(),
        Ok(RowEffect::Moved { from_status_at }) => format!("moved:{}", from_status_at.millis()),
        Err(RowRefusal::Differs { column }) => format!("differs:{column}"),
        Err(RowRefusal::NoSuchMove { from, to }) => {
            format!("no-such-move:{}:{}", from.word(), to.word())
        }
        Err(RowRefusal::TwoStatusesAtOnce) => "two-statuses".to_owned(),
        Err(RowRefusal::TrxidTaken) => "trxid-taken".to_owned(),
    }
}

fn row_result(text: &str) -> Option<Result<RowEffect, RowRefusal>> {
    let words: Vec<&str> = text.split(':').collect();
    Some(match words.as_slice() {
        ["new"] => Ok(RowEffect::New),
        ["unchanged"] => Ok(RowEffect::Unchanged),
        ["moved", at] => {
            Ok(RowEffect::Moved { from_status_at: Instant::from_millis(at.parse().ok()?) })
        }
        ["differs", name] => {
            let column = COLUMNS.iter().find(|column| *column == name)?;
            Err(RowRefusal::Differs { column })
        }
        ["no-such-move", from, to] => Err(RowRefusal::NoSuchMove {
            from: PaymentStatus::parse(from)?,
            to: PaymentStatus::parse(to)?,
        }),
        ["two-statuses"] => Err(RowRefusal::TwoStatusesAtOnce),
        ["trxid-taken"] => Err(RowRefusal::TrxidTaken),
        _ => return None,
    })
}

/// The text of what a message tells.
pub fn write_telling(telling: &Telling) -> String {
    match telling {
        Telling::Acknowledge => "{}".to_owned(),
        Telling::Ping(endpoint) => json(&PingV1 { endpoint: endpoint.as_str().to_owned() }),
        Telling::Event(event) => json(&EventV1 {
            kind: event.kind.word().to_owned(),
            refid: event.refid.clone(),
            trxid: event.trxid.clone(),
            stage: event.stage.name().word().to_owned(),
            fact: event.stage.fact().to_owned(),
            version: event.version,
        }),
    }
}

/// Reads what a message tells.
pub fn read_telling(shape: &str, text: &str) -> Result<Telling, Fault> {
    match shape {
        "acknowledge-1" => Ok(Telling::Acknowledge),
        "ping-1" => {
            let v1: PingV1 = read(shape, text)?;
            let endpoint = EndpointId::parse(&v1.endpoint);
            let endpoint = endpoint.ok_or_else(|| Fault::new("an endpoint's id is not one"))?;
            Ok(Telling::Ping(endpoint))
        }
        "event-1" => {
            let v1: EventV1 = read(shape, text)?;
            let kind = EventKind::parse(&v1.kind)
                .ok_or_else(|| Fault::new(format!("unknown event {}", v1.kind)))?;
            Ok(Telling::Event(Event {
                kind,
                refid: v1.refid,
                trxid: v1.trxid,
                stage: stage(&v1.stage, &v1.fact)?,
                version: v1.version,
            }))
        }
        other => Err(Fault::new(format!("no reader for the stored shape {other}"))),
    }
}

/// Addresses as one text. None of them can hold a line break.
pub fn write_addresses(addresses: &[String]) -> String {
    addresses.join("\n")
}

/// Reads addresses back.
pub fn read_addresses(text: &str) -> Vec<String> {
    text.split('\n').filter(|one| !one.is_empty()).map(str::to_owned).collect()
}

/// Reads a stored case id.
pub fn case_id(text: &str) -> Result<CaseId, Fault> {
    CaseId::parse(text).ok_or_else(|| Fault::new("a case id is not one".to_owned()))
}

/// Reads a stored stage.
pub fn stage(name: &str, fact: &str) -> Result<Stage, Fault> {
    Stage::parse(name, fact)
        .ok_or_else(|| Fault::new(format!("unknown stage {name} with {fact:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::case::Outcome as Verdict;

    const CASE: &str = "cs_01j00000000000000000000000";

    #[test]
    fn shapes_written_by_the_first_release_are_read_forever() {
        let case = CaseId::parse(CASE).expect("a case id");
        let old = [
            (
                "reported-1",
                r#"{"case":"cs_01j00000000000000000000000","refid":"A-1"}"#,
                Outcome::Reported { case: case.clone(), refid: "A-1".into() },
            ),
            (
                "acted-1",
                concat!(
                    r#"{"case":"cs_01j00000000000000000000000","version":2,"#,
                    r#""stage":"resolved","fact":"upheld"}"#
                ),
                Outcome::Acted {
                    case,
                    version: 2,
                    stage: Stage::Resolved { outcome: Verdict::Upheld },
                },
            ),
            (
                "imported-1",
                concat!(
                    r#"["new","unchanged","moved:7","differs:currency","#,
                    r#""no-such-move:failed:accepted","two-statuses","trxid-taken"]"#
                ),
                Outcome::Imported {
                    rows: vec![
                        Ok(RowEffect::New),
                        Ok(RowEffect::Unchanged),
                        Ok(RowEffect::Moved { from_status_at: Instant::from_millis(7) }),
                        Err(RowRefusal::Differs { column: "currency" }),
                        Err(RowRefusal::NoSuchMove {
                            from: PaymentStatus::Failed,
                            to: PaymentStatus::Accepted,
                        }),
                        Err(RowRefusal::TwoStatusesAtOnce),
                        Err(RowRefusal::TrxidTaken),
                    ],
                },
            ),
            (
                "managed-1",
                r#"{"kind":"member","id":"mb_1","version":2}"#,
                Outcome::Managed { kind: Kind::Member, id: "mb_1".into(), version: Some(2) },
            ),
        ];
        for (shape, text, outcome) in old {
            assert_eq!(read_outcome(shape, text).expect(shape), outcome);
            assert_eq!(write_outcome(&outcome), (shape, text.to_owned()));
        }
        let text = concat!(
            r#"{"kind":"case.opened","refid":"A-1","trxid":"T","#,
            r#""stage":"received","fact":"","version":1}"#
        );
        let telling = read_telling("event-1", text).expect("event-1");
        assert_eq!(write_telling(&telling), text);
        assert!(read_telling("event-9", text).is_err());
    }
}
