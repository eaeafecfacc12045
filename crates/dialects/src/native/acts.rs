//! Acts on cases over the native API: one route and one body for each act of `docs/case.md`. What
//! an act leads to is decided by the domain; here is only what must be said with it.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use desk::execute::Order;
use domain::case::{ActOrder, Ask, CloseReason, Command, Outcome, Party, Remedy};
use domain::{Right, changes};
use http::header::ETAG;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use super::asked::{Asked, Named, Sent, replayed};
use super::cases::case_id;
use super::problem::Problem;
use super::shapes::some;
use super::{Route, route};
use crate::App;

/// Longest text that goes with an act, in characters: ten pages.
const SAYS_CHARS_MAX: usize = 20_000;

/// Longest name of a queue or person, in characters: an address has at most 254.
const NAME_CHARS_MAX: usize = 254;

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

plain_acts!(Start, Resume, Reopen, Approve, Decline);

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

        impl Worded for $kind {
            fn all() -> &'static [Self] {
                Self::ALL
            }

            fn say(self) -> &'static str {
                self.word()
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

/// A closed list of words.
trait Worded: Copy + 'static {
    fn all() -> &'static [Self];
    fn say(self) -> &'static str;
}

fn word<'de, D: Deserializer<'de>, W: Worded>(from: D) -> Result<W, D::Error> {
    let text = String::deserialize(from)?;
    W::all().iter().copied().find(|one| one.say() == text).ok_or_else(|| {
        let words: Vec<&str> = W::all().iter().map(|one| one.say()).collect();
        D::Error::custom(format!("it must be one of {}", words.join(", ")))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Comment {
    says: String,
    #[serde(default)]
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

fn name(field: &str, text: Option<String>) -> Result<String, Problem> {
    let Some(text) = text else { return Ok(String::new()) };
    let chars = text.chars().count();
    let good = (1..=NAME_CHARS_MAX).contains(&chars)
        && text.trim() == text
        && !text.chars().any(char::is_control);
    if good {
        return Ok(text);
    }
    let rule = format!(
        "it must have 1 to {NAME_CHARS_MAX} characters, no control characters, and no space at \
         either end"
    );
    Err(Problem::field(field, rule))
}

fn checked(says: Option<String>) -> Result<String, Problem> {
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
}

/// `POST /api/v1/cases/{id}/{act}`
pub(super) async fn act<B: ActBody>(
    State(app): State<App>,
    Named(id): Named,
    asked: Asked<B>,
) -> Result<Response, Problem> {
    let case = case_id(&id)?;
    let (ask, says) = asked.body.ask()?;
    let act = ActOrder { case, ask, says: checked(says)?, version: asked.version };
    let order = Order {
        by: asked.by,
        command: Command::Act(act),
        key: asked.once.map(|once| once.key),
        nonce: None,
    };
    let done = app.desk.execute(&order).await?;
    let (case, version, stage) = match done.outcome {
        changes::Outcome::Acted { case, version, stage } => (case, version, stage),
        // A key that remembers anything else was used for another command: the desk refuses that.
        changes::Outcome::Reported { .. }
        | changes::Outcome::Imported { .. }
        | changes::Outcome::Managed { .. } => {
            return Err(domain::Refusal::KeyReusedForOther.into());
        }
    };
    let answer = ActAnswer {
        id: case.as_str().to_owned(),
        version,
        stage: stage.name().word(),
        fact: some(stage.fact()),
    };
    let mut response = Json(answer).into_response();
    let headers = response.headers_mut();
    if let Some(tag) = super::etag(version) {
        headers.insert(ETAG, tag);
    }
    Ok(replayed(done.repeated, response))
}
