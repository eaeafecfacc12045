//! Acts on cases over the native API: one route and one body for each act of `docs/case.md`. What
//! an act leads to is decided by the domain; here is only what must be said with it.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use desk::execute::{Done, Order};
use domain::case::{Act, ActOrder, Ask, CloseReason, Command, Outcome, Party, Remedy, Tie};
use domain::ids::CaseId;
use domain::{Right, changes};
use http::header::ETAG;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};
use serde_json::Value;

use super::asked::{Asked, Named, Sent, replayed};
use super::blame::about;
use super::cases::case_id;
use super::problem::Problem;
use super::shapes::some;
use super::values::Worded;
use super::{Route, json, route, values};
use crate::App;

/// Longest text that goes with an act, in characters: ten pages.
const SAYS_CHARS_MAX: usize = 20_000;

/// One route for each act.
pub(super) const ROUTES: &[Route] = &[
    route("POST", "/api/v1/cases/{id}/start", Right::WorkCases, || post(act::<Start>)),
    route("POST", "/api/v1/cases/{id}/wait", Right::WorkCases, || post(act::<Wait>)),
    route("POST", "/api/v1/cases/{id}/resume", Right::WorkCases, || post(act::<Resume>)),
    route("POST", "/api/v1/cases/{id}/comment", Right::WorkCases, || post(act::<Comment>)),
    route("POST", "/api/v1/cases/{id}/assign", Right::WorkCases, || post(act::<Assign>)),
    route("POST", "/api/v1/cases/{id}/resolve", Right::WorkCases, || post(act::<Resolve>)),
    route("POST", "/api/v1/cases/{id}/close", Right::WorkCases, || post(act::<Close>)),
    route("POST", "/api/v1/cases/{id}/reopen", Right::WorkCases, || post(act::<Reopen>)),
    route("POST", "/api/v1/cases/{id}/propose", Right::WorkCases, || post(act::<Propose>)),
    route("POST", "/api/v1/cases/{id}/approve", Right::ApproveActs, || post(act::<Approve>)),
    route("POST", "/api/v1/cases/{id}/decline", Right::ApproveActs, || post(act::<Decline>)),
    route("POST", "/api/v1/cases/{id}/take", Right::WorkCases, || post(act::<Take>)),
    route("POST", "/api/v1/cases/{id}/link", Right::WorkCases, || post(act::<Tied<true>>)),
    route("POST", "/api/v1/cases/{id}/unlink", Right::WorkCases, || post(act::<Tied<false>>)),
    route("POST", "/api/v1/cases/{id}/merge", Right::WorkCases, || post(act::<Merge>)),
    route("POST", "/api/v1/cases/{id}/split", Right::WorkCases, || post(act::<Split>)),
];

/// What comes with an act.
pub(super) trait ActBody: Sent {
    /// The act, and what was said with it.
    fn ask(self) -> Result<(Ask, Option<String>), Problem>;
}

/// A body of `says` and nothing else.
macro_rules! plain_acts {
    ($($name:ident),+) => {$(
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name {
            says: Option<String>,
        }

        impl Sent for $name {}

        impl ActBody for $name {
            fn ask(self) -> Result<(Ask, Option<String>), Problem> {
                Ok((Ask::$name, self.says))
            }
        }
    )+};
}

plain_acts!(Start, Resume, Reopen, Approve, Decline, Take);

/// A body of one word from a closed list, and `says`.
macro_rules! worded_acts {
    ($($name:ident { $field:ident: $kind:ident }),+ $(,)?) => {$(
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(super) struct $name {
            #[serde(deserialize_with = "word")]
            $field: $kind,
            says: Option<String>,
        }

        impl Sent for $name {}

        impl ActBody for $name {
            fn ask(self) -> Result<(Ask, Option<String>), Problem> {
                Ok((Ask::$name { $field: self.$field }, self.says))
            }
        }
    )+};
}

worded_acts!(
    Wait { on: Party },
    Resolve { outcome: Outcome },
    Close { reason: CloseReason },
    Propose { remedy: Remedy },
);

fn word<'de, D: Deserializer<'de>, W: Worded>(from: D) -> Result<W, D::Error> {
    let text = String::deserialize(from)?;
    values::one_of(&text).map_err(D::Error::custom)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Comment {
    says: String,
    #[serde(default, deserialize_with = "super::json::or_default")]
    to_customer: bool,
}

impl Sent for Comment {}

impl ActBody for Comment {
    fn ask(self) -> Result<(Ask, Option<String>), Problem> {
        if self.says.trim().is_empty() {
            return Err(Problem::field("says", "a comment must say something"));
        }
        Ok((Ask::Comment { to_customer: self.to_customer }, Some(self.says)))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Assign {
    queue: Option<String>,
    person: Option<String>,
    says: Option<String>,
}

impl Sent for Assign {}

impl ActBody for Assign {
    fn ask(self) -> Result<(Ask, Option<String>), Problem> {
        if self.queue.is_none() && self.person.is_none() {
            return Err(Problem::field("queue", "give a queue, a person, or both"));
        }
        let queue = name("queue", self.queue)?;
        let person = name("person", self.person)?;
        Ok((Ask::Assign { queue, person }, self.says))
    }
}

/// A name; an empty one clears what there is.
fn name(field: &str, text: Option<String>) -> Result<Option<String>, Problem> {
    if text.as_deref() == Some("") {
        return Ok(text);
    }
    values::name(field, text)
}

/// Two cases tied, or untied.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Tied<const LINK: bool> {
    /// What the other case is to this one.
    #[serde(deserialize_with = "word")]
    kind: Tie,
    case: String,
    says: Option<String>,
}

impl<const LINK: bool> Sent for Tied<LINK> {}

impl<const LINK: bool> ActBody for Tied<LINK> {
    fn ask(self) -> Result<(Ask, Option<String>), Problem> {
        let (tie, other) = (self.kind, other("case", &self.case)?);
        let ask = if LINK { Ask::Link { tie, other } } else { Ask::Unlink { tie, other } };
        Ok((ask, self.says))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Merge {
    into: String,
    #[serde(default, deserialize_with = "super::json::or_default")]
    carry_addresses: bool,
    says: Option<String>,
}

impl Sent for Merge {}

impl ActBody for Merge {
    fn ask(self) -> Result<(Ask, Option<String>), Problem> {
        let (into, carry_addresses) = (other("into", &self.into)?, self.carry_addresses);
        Ok((Ask::Merge { into, carry_addresses }, self.says))
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Split {
    /// What the new case is about, in words.
    says: String,
    refid: Option<String>,
    trxid: Option<String>,
    category: Option<String>,
}

impl Sent for Split {}

impl ActBody for Split {
    fn ask(self) -> Result<(Ask, Option<String>), Problem> {
        if self.says.trim().is_empty() {
            return Err(Problem::field("says", "the new case must say what it is about"));
        }
        let payment = values::payment(self.refid, self.trxid)?;
        let category = super::opening::category(self.category)?;
        Ok((Ask::Split { payment, category }, Some(self.says)))
    }
}

/// The other case that an act names.
fn other(field: &str, text: &str) -> Result<CaseId, Problem> {
    CaseId::parse(text).ok_or_else(|| Problem::field(field, "this is no id of a case"))
}

/// Reads what an act is asked with, where it is one field of a larger body.
pub(super) fn read_ask(act: Act, with: Option<Value>) -> Result<(Ask, Option<String>), Problem> {
    fn read<B: ActBody>(with: Option<Value>) -> Result<(Ask, Option<String>), Problem> {
        let with = with.unwrap_or_else(|| Value::Object(serde_json::Map::new()));
        json::field::<B>("with", with)?.ask().map_err(|problem| problem.within("with"))
    }
    match act {
        Act::Start => read::<Start>(with),
        Act::Wait => read::<Wait>(with),
        Act::Resume => read::<Resume>(with),
        Act::Comment => read::<Comment>(with),
        Act::Assign => read::<Assign>(with),
        Act::Resolve => read::<Resolve>(with),
        Act::Close => read::<Close>(with),
        Act::Reopen => read::<Reopen>(with),
        Act::Propose => read::<Propose>(with),
        Act::Approve => read::<Approve>(with),
        Act::Decline => read::<Decline>(with),
        Act::Take => read::<Take>(with),
        Act::Link => read::<Tied<true>>(with),
        Act::Unlink => read::<Tied<false>>(with),
        Act::Merge => read::<Merge>(with),
        Act::Split => read::<Split>(with),
    }
}

/// What was said with an act, or an empty text.
pub(super) fn says(says: Option<String>) -> Result<String, Problem> {
    let says = says.unwrap_or_default();
    if says.chars().count() > SAYS_CHARS_MAX {
        return Err(Problem::field("says", format!("at most {SAYS_CHARS_MAX} characters")));
    }
    if says.contains('\0') {
        return Err(Problem::field("says", "the character U+0000 cannot be kept"));
    }
    Ok(says)
}

#[derive(Serialize)]
struct ActAnswer {
    id: String,
    version: i64,
    stage: &'static str,
    fact: Option<String>,
    /// The new case, for a split.
    #[serde(skip_serializing_if = "Option::is_none")]
    part: Option<String>,
}

/// `POST /api/v1/cases/{id}/{act}`
pub(super) async fn act<B: ActBody>(
    State(app): State<App>,
    Named(id): Named,
    asked: Asked<B>,
) -> Result<Response, Problem> {
    let case = case_id(&id)?;
    let (ask, said) = asked.body.ask()?;
    let act = ActOrder { case, ask, says: self::says(said)?, version: asked.version };
    let order = Order {
        by: asked.by,
        command: Command::Act(act),
        key: asked.once.map(|once| once.key),
        nonce: None,
    };
    acted(app.desk.execute(&order).await.map_err(|why| about(&order.command, why))?)
}

/// The answer to an act that was done.
pub(super) fn acted(done: Done) -> Result<Response, Problem> {
    let (case, version, stage, part) = match done.outcome {
        changes::Outcome::Acted { case, version, stage } => (case, version, stage, None),
        changes::Outcome::Split { case, version, stage, part } => {
            (case, version, stage, Some(part))
        }
        // A key that remembers anything else was used for another command: the desk refuses that.
        changes::Outcome::Reported { .. }
        | changes::Outcome::Imported { .. }
        | changes::Outcome::Managed { .. }
        | changes::Outcome::Job { .. } => {
            return Err(domain::Refusal::KeyReusedForOther.into());
        }
    };
    let answer = ActAnswer {
        id: case.as_str().to_owned(),
        version,
        stage: stage.name().word(),
        fact: some(stage.fact()),
        part: part.map(|part| part.as_str().to_owned()),
    };
    let mut response = Json(answer).into_response();
    let headers = response.headers_mut();
    if let Some(tag) = super::etag(version) {
        headers.insert(ETAG, tag);
    }
    Ok(replayed(done.repeated, response))
}
