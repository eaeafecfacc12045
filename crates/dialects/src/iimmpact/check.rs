//! `POST /v2/transactions/check`: somebody reports an issue on a payment (contract, section 9.1).
//! Whatever comes of a verified signature, its nonce is spent in the same commit.

use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::response::Response;
use desk::Failure;
use desk::execute::{Done, Order};
use domain::Scope;
use domain::case::Command;
use domain::changes::Outcome;
use http::request::Parts;
use http::{HeaderMap, StatusCode};

use super::caller::{Caller, caller};
use super::messages::Messages;
use super::wire::{self, CheckStatus, Checked, Data};
use super::words::{self, No};
use crate::App;
use crate::body::{self, BodyError};
use crate::layers::RequestId;

/// Characters in an idempotency key at most.
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;

pub(super) async fn check(State(app): State<App>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let taken = body::take(&parts.headers, body, &app.settings.iimmpact.body).await;
    let mut scope = None;
    let done = checked(&app, &parts, taken, &mut scope).await;
    let own = own_messages(&app, scope).await;
    let messages = own.as_ref().unwrap_or(&app.settings.iimmpact.messages);
    match done {
        Ok(done) => answer(messages, &done),
        Err(no) => no.answer(messages),
    }
}

/// The messages of an account that words them for itself. When that cannot be read, the
/// installation's will do: what was done is done.
async fn own_messages(app: &App, scope: Option<Scope>) -> Option<Messages> {
    let sets = app.desk.sets(scope?).await.ok()?;
    (!sets.words_as_installed()).then(|| app.settings.iimmpact.messages.with(&sets))
}

async fn checked(
    app: &App,
    parts: &Parts,
    taken: Result<Bytes, BodyError>,
    scope: &mut Option<Scope>,
) -> Result<Done, No> {
    let body = taken?;
    let caller = caller(app, parts, &body).await?;
    *scope = Some(caller.by.scope);
    let asked = asked(app, &parts.headers, &body);
    let app = app.clone();
    to_its_end(async move {
        match asked {
            Ok((command, key)) => {
                let order = Order { by: caller.by, command, key, nonce: caller.nonce };
                Ok(app.desk.execute(&order).await?)
            }
            Err(no) => {
                spend(&app, caller).await?;
                Err(no)
            }
        }
    })
    .await
}

fn asked(app: &App, headers: &HeaderMap, body: &Bytes) -> Result<(Command, Option<String>), No> {
    let fields = body::read(headers, body)?;
    let report = wire::report(&fields, &app.settings.iimmpact)?;
    Ok((Command::Report(report), idempotency_key(headers)?))
}

/// A verified write that is refused before it is a command spends its nonce all the same.
async fn spend(app: &App, caller: Caller) -> Result<(), Failure> {
    match caller.nonce {
        Some(nonce) => app.desk.spend_on_refused_write(caller.by.scope, nonce).await,
        None => Ok(()),
    }
}

/// Does something that must not stop half-way. A handler is dropped when its client leaves or its
/// time is over. The engine would still finish a commit that has begun, but a nonce spent in
/// memory might never be written, and nobody would be told of messages that were queued.
async fn to_its_end<T: Send + 'static>(
    work: impl Future<Output = Result<T, No>> + Send + 'static,
) -> Result<T, No> {
    match tokio::spawn(work).await {
        Ok(done) => done,
        Err(why) => {
            let request = RequestId::current();
            tracing::error!(%request, %why, "carrying out a report came to no end");
            Err(No::BrokenOff)
        }
    }
}

fn answer(messages: &Messages, done: &Done) -> Response {
    let (case, refid) = match &done.outcome {
        Outcome::Reported { case, refid } => (case, refid.as_str()),
        // A report has no other outcome.
        Outcome::Acted { case, .. } | Outcome::Split { case, .. } => (case, ""),
        Outcome::Imported { .. } | Outcome::Managed { .. } | Outcome::Job { .. } => {
            return words::broken();
        }
    };
    let message = messages.received();
    let data = Checked { refid, status: CheckStatus::Success, message };
    words::about_case(words::json(StatusCode::OK, &Data { data }), case)
}

fn idempotency_key(headers: &HeaderMap) -> Result<Option<String>, No> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    let bytes = value.as_bytes();
    let good = values.next().is_none()
        && (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&bytes.len())
        && bytes.iter().all(u8::is_ascii_graphic);
    match value.to_str() {
        Ok(key) if good => Ok(Some(key.to_owned())),
        _ => Err(No::IdempotencyKey),
    }
}
