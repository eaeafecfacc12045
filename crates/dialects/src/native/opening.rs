//! Cases that people open by hand, and the next case of a queue. What may be opened is decided by
//! the domain; here is only how it is said.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use desk::execute::Order;
use domain::address::Address;
use domain::admin::Kind;
use domain::case::{ByHand, Channel, Command};
use domain::{Refusal, Right, changes};
use http::header::{ETAG, LOCATION};
use http::{HeaderValue, StatusCode};
use serde::{Deserialize, Serialize};

use super::acts::{acted, says};
use super::asked::{Asked, Named, Sent, replayed};
use super::blame::about;
use super::problem::Problem;
use super::shapes::some;
use super::{Route, cases, etag, route, values};
use crate::App;

/// Whom one case tells at most: a complainant, and those who help.
const ADDRESSES_MAX: usize = 10;

/// Characters in a category at most, on one line.
const CATEGORY_CHARS_MAX: usize = 64;

/// Cases opened and taken.
pub(super) const ROUTES: &[Route] = &[
    route("POST", "/api/v1/cases", Right::WorkCases, || post(open)),
    route("POST", "/api/v1/queues/{name}/take", Right::WorkCases, || post(take)),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Open {
    channel: String,
    received_at: Option<String>,
    taken_by: Option<String>,
    customer: Option<String>,
    language: Option<String>,
    refid: Option<String>,
    trxid: Option<String>,
    #[serde(default, deserialize_with = "super::json::or_default")]
    addresses: Vec<String>,
    says: Option<String>,
    category: Option<String>,
    acknowledge: Option<bool>,
}

impl Sent for Open {}

impl Open {
    fn read(self) -> Result<ByHand, Problem> {
        let channel = values::one_of::<Channel>(&self.channel).ok();
        let channel = channel.filter(|channel| Channel::BY_HAND.contains(channel));
        let channel = channel.ok_or_else(|| {
            let words: Vec<&str> = Channel::BY_HAND.iter().map(|one| one.word()).collect();
            Problem::field("channel", format!("it must be one of {}", words.join(", ")))
        })?;
        let customer = self.customer.map(|text| cases::customer("customer", text)).transpose()?;
        let language = self.language.map(|text| cases::language("language", &text)).transpose()?;
        Ok(ByHand {
            channel,
            received_at: values::instant("received_at", self.received_at.as_deref())?,
            taken_by: values::name("taken_by", self.taken_by)?.unwrap_or_default(),
            customer: customer.unwrap_or_default(),
            language: language.unwrap_or_default(),
            payment: values::payment(self.refid, self.trxid)?,
            addresses: addresses(self.addresses)?,
            says: says(self.says)?,
            category: category(self.category)?,
            acknowledge: self.acknowledge.unwrap_or(true),
        })
    }
}

/// Each mailbox once, in the order given. All that were sent are counted, as the document says it.
fn addresses(sent: Vec<String>) -> Result<Vec<String>, Problem> {
    if sent.len() > ADDRESSES_MAX {
        return Err(Problem::field("addresses", format!("at most {ADDRESSES_MAX}")));
    }
    let mut list: Vec<String> = Vec::new();
    for (place, text) in sent.into_iter().enumerate() {
        if let Err(why) = Address::parse(&text) {
            return Err(Problem::field(format!("addresses[{place}]"), why.to_string()));
        }
        if !list.iter().any(|known| known.eq_ignore_ascii_case(&text)) {
            list.push(text);
        }
    }
    Ok(list)
}

/// A word for what is wrong; empty when none was sent.
pub(super) fn category(text: Option<String>) -> Result<String, Problem> {
    let Some(text) = text else { return Ok(String::new()) };
    values::line("category", &text, CATEGORY_CHARS_MAX).map(|()| text)
}

#[derive(Serialize)]
pub(super) struct OpenedAnswer {
    id: String,
    version: i64,
    stage: &'static str,
    refid: Option<String>,
}

/// `POST /api/v1/cases`
pub(super) async fn open(State(app): State<App>, asked: Asked<Open>) -> Result<Response, Problem> {
    let by_hand = asked.body.read()?;
    let command = Command::Open(by_hand);
    let key = asked.once.map(|once| once.key);
    let order = Order { by: asked.by, command, key, nonce: None };
    let done = app.desk.execute(&order).await.map_err(|why| about(&order.command, why))?;
    let changes::Outcome::Reported { case, refid } = done.outcome else {
        return Err(Refusal::KeyReusedForOther.into());
    };
    let (version, stage) = (1, "received");
    let answer = OpenedAnswer { id: case.as_str().to_owned(), version, stage, refid: some(&refid) };
    let mut response = (StatusCode::CREATED, Json(answer)).into_response();
    let headers = response.headers_mut();
    if let Ok(place) = HeaderValue::from_str(&format!("/api/v1/cases/{case}")) {
        headers.insert(LOCATION, place);
    }
    if let Some(tag) = etag(version) {
        headers.insert(ETAG, tag);
    }
    Ok(replayed(done.repeated, response))
}

/// Nothing is said with it.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Take {}

impl Sent for Take {}

/// `POST /api/v1/queues/{name}/take`
pub(super) async fn take(
    State(app): State<App>,
    Named(name): Named,
    asked: Asked<Take>,
) -> Result<Response, Problem> {
    // By the rule of filters; but in a path, what can be nobody's name is unknown and not wrong.
    let queue = values::name("queue", Some(name)).ok().flatten();
    let queue = queue.ok_or(Refusal::ThingUnknown { kind: Kind::Queue })?;
    let command = Command::TakeNext { queue };
    let key = asked.once.map(|once| once.key);
    let order = Order { by: asked.by, command, key, nonce: None };
    acted(app.desk.execute(&order).await.map_err(|why| about(&order.command, why))?)
}
