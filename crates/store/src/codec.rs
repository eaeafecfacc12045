//! The shapes that are stored as JSON, each with a number in its name. A shape that was ever
//! written keeps its reader; nothing here knows a wire.

use domain::Instant;
use domain::admin::Kind;
use domain::case::{Ask, Channel, Outcome as Verdict, Stage};
use domain::changes::Outcome;
use domain::ids::{CaseId, EndpointId, JobId};
use domain::job::JobState;
use domain::message::{Event, EventKind, Telling};
use domain::payment::columns::COLUMNS;
use domain::payment::{PaymentStatus, RowEffect, RowRefusal};
use serde::{Deserialize, Serialize};

use crate::fault::Fault;

const REPORTED: &str = "reported-1";
const ACTED: &str = "acted-1";
const IMPORTED: &str = "imported-1";
const MANAGED: &str = "managed-1";
const SPLIT: &str = "split-1";
const JOB: &str = "job-outcome-1";

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
struct JobOutcomeV1 {
    job: String,
    total: i64,
    state: i64,
}

#[derive(Serialize, Deserialize)]
struct SplitV1 {
    case: String,
    version: i64,
    stage: String,
    fact: String,
    part: String,
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
        Outcome::Job { job, total, state } => {
            let (job, state) = (job.as_str().to_owned(), state.number());
            (JOB, json(&JobOutcomeV1 { job, total: *total, state }))
        }
        Outcome::Split { case, version, stage, part } => {
            let split = SplitV1 {
                case: case.as_str().to_owned(),
                version: *version,
                stage: stage.name().word().to_owned(),
                fact: stage.fact().to_owned(),
                part: part.as_str().to_owned(),
            };
            (SPLIT, json(&split))
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
        JOB => {
            let v1: JobOutcomeV1 = read(shape, text)?;
            let unknown = || Fault::new(format!("{shape}: {text} is no job"));
            let job = JobId::parse(&v1.job).ok_or_else(unknown)?;
            let state = JobState::from_number(v1.state).ok_or_else(unknown)?;
            Ok(Outcome::Job { job, total: v1.total, state })
        }
        SPLIT => {
            let v1: SplitV1 = read(shape, text)?;
            let (case, part) = (case_id(&v1.case)?, case_id(&v1.part)?);
            let stage = stage(&v1.stage, &v1.fact)?;
            Ok(Outcome::Split { case, version: v1.version, stage, part })
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
        Err(RowRefusal::ToCome { column }) => format!("to-come:{column}"),
    }
}

fn column(name: &str) -> Option<&'static str> {
    COLUMNS.into_iter().find(|column| *column == name)
}

fn row_result(text: &str) -> Option<Result<RowEffect, RowRefusal>> {
    let words: Vec<&str> = text.split(':').collect();
    Some(match words.as_slice() {
        ["new"] => Ok(RowEffect::New),
        ["unchanged"] => Ok(RowEffect::Unchanged),
        ["moved", at] => {
            Ok(RowEffect::Moved { from_status_at: Instant::from_millis(at.parse().ok()?) })
        }
        ["differs", name] => Err(RowRefusal::Differs { column: column(name)? }),
        ["to-come", name] => Err(RowRefusal::ToCome { column: column(name)? }),
        ["no-such-move", from, to] => Err(RowRefusal::NoSuchMove {
            from: PaymentStatus::parse(from)?,
            to: PaymentStatus::parse(to)?,
        }),
        ["two-statuses"] => Err(RowRefusal::TwoStatusesAtOnce),
        ["trxid-taken"] => Err(RowRefusal::TrxidTaken),
        _ => return None,
    })
}

#[derive(Serialize, Deserialize)]
struct JobV1 {
    act: String,
    fact: String,
    queue: Option<String>,
    person: Option<String>,
    carry_addresses: bool,
    says: String,
}

/// The text of what a job asks of each of its cases. A split is asked of no job.
pub fn write_job(ask: &Ask, says: &str) -> String {
    let (queue, person) = match ask {
        Ask::Assign { queue, person } => (queue.clone(), person.clone()),
        _ => (None, None),
    };
    json(&JobV1 {
        act: ask.act().word().to_owned(),
        fact: ask.fact(),
        queue,
        person,
        carry_addresses: matches!(ask, Ask::Merge { carry_addresses: true, .. }),
        says: says.to_owned(),
    })
}

/// Reads what a job asks, and what is said with it.
pub fn read_job(text: &str) -> Result<(Ask, String), Fault> {
    let v1: JobV1 = read("job-1", text)?;
    let ask = match Ask::read(&v1.act, &v1.fact) {
        Some(Ask::Assign { .. }) => Ask::Assign { queue: v1.queue, person: v1.person },
        Some(Ask::Merge { into, .. }) => Ask::Merge { into, carry_addresses: v1.carry_addresses },
        Some(ask) => ask,
        None => return Err(Fault::new(format!("no job asks for {}", v1.act))),
    };
    Ok((ask, v1.says))
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

/// Words of closed lists as one text. None of them holds a space.
pub fn write_words(words: &[&str]) -> String {
    words.join(" ")
}

/// Reads words back.
pub fn read_words(text: &str) -> Vec<&str> {
    text.split_ascii_whitespace().collect()
}

/// Reads a stored case id.
pub fn case_id(text: &str) -> Result<CaseId, Fault> {
    CaseId::parse(text).ok_or_else(|| Fault::new("a case id is not one".to_owned()))
}

/// Reads a stored channel.
pub fn channel(word: &str) -> Result<Channel, Fault> {
    Channel::parse(word).ok_or_else(|| Fault::new(format!("unknown channel {word}")))
}

/// Reads the outcome of a case, which has none while it is empty.
pub fn outcome_of_case(word: &str) -> Result<Option<Verdict>, Fault> {
    if word.is_empty() {
        return Ok(None);
    }
    let known = Verdict::parse(word);
    known.map(Some).ok_or_else(|| Fault::new(format!("unknown outcome {word}")))
}

/// Reads a stored stage.
pub fn stage(name: &str, fact: &str) -> Result<Stage, Fault> {
    Stage::parse(name, fact)
        .ok_or_else(|| Fault::new(format!("unknown stage {name} with {fact:?}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const CASE: &str = "cs_01j00000000000000000000000";

    #[test]
    fn shapes_of_jobs_and_splits_are_read_forever() {
        let case = CaseId::parse(CASE).expect("a case id");
        let old = [
            (
                "job-outcome-1",
                r#"{"job":"job_01j00000000000000000000000","total":3,"state":0}"#,
                Outcome::Job {
                    job: JobId::parse("job_01j00000000000000000000000").expect("a job id"),
                    total: 3,
                    state: JobState::Running,
                },
            ),
            (
                "split-1",
                concat!(
                    r#"{"case":"cs_01j00000000000000000000000","version":2,"stage":"open","#,
                    r#""fact":"","part":"cs_01j00000000000000000000000"}"#
                ),
                Outcome::Split { case: case.clone(), version: 2, stage: Stage::Open, part: case },
            ),
        ];
        for (shape, text, outcome) in old {
            assert_eq!(read_outcome(shape, text).expect(shape), outcome);
            assert_eq!(write_outcome(&outcome), (shape, text.to_owned()));
        }
    }

    #[test]
    fn what_a_job_asks_comes_back() {
        let case = CaseId::parse(CASE).expect("a case id");
        for ask in [
            Ask::Take,
            Ask::Comment { to_customer: true },
            Ask::Assign { queue: None, person: Some(String::new()) },
            Ask::Assign { queue: Some(String::new()), person: None },
            Ask::Resolve { outcome: Verdict::Rejected },
            Ask::Merge { into: case.clone(), carry_addresses: true },
            Ask::Link { tie: domain::case::Tie::Child, other: case },
        ] {
            let (back, says) = read_job(&write_job(&ask, "it \"was\" said")).expect("a job");
            assert_eq!((back, says.as_str()), (ask, "it \"was\" said"));
        }
    }

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
                    case: case.clone(),
                    version: 2,
                    stage: Stage::Resolved { outcome: Verdict::Upheld },
                },
            ),
            (
                "imported-1",
                concat!(
                    r#"["new","unchanged","moved:7","differs:currency","#,
                    r#""no-such-move:failed:accepted","two-statuses","trxid-taken","#,
                    r#""to-come:created_at"]"#
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
                        Err(RowRefusal::ToCome { column: "created_at" }),
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
