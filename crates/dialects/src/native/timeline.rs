//! A case's timeline over the native API: what was done, and what was told to whom with what
//! success, as one list in time order.

use axum::Json;
use axum::extract::State;
use desk::views::{Happening, Told};
use domain::Instant;
use domain::case::{Channel, Tie};
use http::Uri;
use serde::Serialize;

use super::asked::{Caller, Named};
use super::cases::case_id;
use super::problem::Problem;
use super::query;
use super::shapes::{some, time};
use crate::App;

#[derive(Serialize)]
pub(super) struct TimelineAnswer {
    case: String,
    entries: Vec<Entry>,
}

/// One entry; its kind is among its fields.
#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Entry {
    Note(NoteEntry),
    Mail(ToldEntry),
    Event(ToldEntry),
    Webhook(ToldEntry),
}

impl Entry {
    /// Whether only machines are told: nobody who works a case needs it.
    const fn is_system(&self) -> bool {
        matches!(self, Self::Event(_) | Self::Webhook(_))
    }

    /// Place among entries of one instant; those of one kind stay as they came.
    const fn rank(&self) -> u8 {
        match self {
            Self::Note(_) => 0,
            Self::Mail(_) => 1,
            Self::Event(_) => 2,
            Self::Webhook(_) => 3,
        }
    }
}

/// Something that was done.
#[derive(Serialize)]
struct NoteEntry {
    at: String,
    actor: String,
    act: String,
    /// The fact's word; its parts have fields of their own below.
    fact: Option<String>,
    queue: Option<String>,
    /// To whom it was given; empty for nobody.
    person: Option<String>,
    channel: Option<&'static str>,
    received_at: Option<String>,
    language: Option<String>,
    /// What `case` is to this one.
    relation: Option<&'static str>,
    case: Option<String>,
    source: Option<String>,
    external_id: Option<String>,
    says: Option<String>,
    category: Option<String>,
    seq: i64,
    sealed: bool,
}

/// Something that was told, or is to be.
#[derive(Serialize)]
struct ToldEntry {
    at: String,
    id: String,
    /// Whether only machines are told.
    system: bool,
    shape: String,
    state: &'static str,
    attempts: i64,
    /// When the next try is due, while it waits.
    due: Option<String>,
    /// How the last try ended: `done`, `again` or `given-up`.
    last_result: Option<String>,
    last_at: Option<String>,
    /// What the receiver said to it.
    last_detail: Option<String>,
    /// The endpoint, for a webhook.
    endpoint: Option<String>,
    /// The event, for a webhook: the id its receiver sees.
    event: Option<String>,
}

/// `GET /api/v1/cases/{id}/timeline`
pub(super) async fn timeline(
    State(app): State<App>,
    Caller(by): Caller,
    Named(id): Named,
    uri: Uri,
) -> Result<Json<TimelineAnswer>, Problem> {
    let [system] = query::read(&uri, ["system"])?;
    let system = match system.as_deref() {
        None | Some("true") => true,
        Some("false") => false,
        Some(_) => return Err(Problem::field("system", "it must be true or false")),
    };
    let id = case_id(&id)?;
    let timeline = app.desk.timeline(&by, &id).await?;
    let notes = timeline.happenings.into_iter().map(|one| (one.at, note(one)));
    let told = timeline.told.into_iter().map(|one| (one.at, told(one)));
    let mut entries: Vec<(Instant, Entry)> = notes.chain(told).collect();
    // Of one instant, what was done stands before what was told of it.
    entries.sort_by_key(|(at, entry)| (*at, entry.rank()));
    let entries = entries.into_iter().map(|(_, entry)| entry);
    let entries = entries.filter(|entry| system || !entry.is_system()).collect();
    Ok(Json(TimelineAnswer { case: id.as_str().to_owned(), entries }))
}

fn note(one: Happening) -> Entry {
    let facts = one.facts;
    Entry::Note(NoteEntry {
        at: time(one.at),
        actor: one.actor,
        act: one.act,
        fact: some(&facts.word),
        queue: facts.queue,
        person: facts.person,
        channel: facts.channel.map(Channel::word),
        received_at: facts.received_at.map(time),
        language: facts.language,
        relation: facts.relation.map(Tie::word),
        case: facts.case.map(|case| case.as_str().to_owned()),
        source: facts.source,
        external_id: facts.external_id,
        says: one.says,
        category: one.category,
        seq: one.seq,
        sealed: one.sealed,
    })
}

fn told(one: Told) -> Entry {
    let waits = one.state == 0;
    let last = one.tries.last();
    let entry = ToldEntry {
        at: time(one.at),
        id: one.id,
        system: one.channel != "mail",
        shape: one.shape,
        state: match one.state {
            0 => "waiting",
            1 => "done",
            _ => "given-up",
        },
        attempts: one.attempts,
        due: waits.then(|| time(one.due)),
        last_result: last.map(|last| last.result.clone()),
        last_at: last.map(|last| time(last.at)),
        last_detail: last.and_then(|last| some(&last.detail)),
        endpoint: one.endpoint,
        event: one.event,
    };
    match one.channel.as_str() {
        "mail" => Entry::Mail(entry),
        "webhook" => Entry::Webhook(entry),
        _ => Entry::Event(entry),
    }
}
