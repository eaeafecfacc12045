//! Payments over the native API: brought in by the thousand, read one by one. What a row may say is
//! the domain's rule, the same as for files; a body that is not of the documented shape is refused
//! whole, before anything is written.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use desk::Failure;
use desk::import::ROWS_PER_REQUEST_MAX;
use desk::views::BehindPayment;
use domain::case::PaymentRef;
use domain::payment::columns::{self, Cell};
use domain::payment::{Payment, PaymentFilter, RowEffect};
use domain::{Refusal, Right};
use http::Uri;
use serde::{Deserialize, Serialize};

use super::asked::{Asked, Caller, Named, Sent, replayed};
use super::problem::Problem;
use super::shapes::TransactionShape;
use super::{Route, Settings, cursor, json, query, route, values};
use crate::App;
use crate::body::BodyLimits;

/// A thousand of the longest rows have 2.4 MiB of text in JSON, a thousand usual ones 0.3. Their
/// time is within that of a whole request, so that a slow client is told why.
pub(super) const IMPORT_LIMITS: BodyLimits = BodyLimits {
    bytes_max: 4 * 1024 * 1024,
    discarded_bytes_max: 4 * 1024 * 1024,
    time: Duration::from_secs(20),
};

/// Payments, brought in and read.
pub(super) const ROUTES: &[Route] = &[
    route("POST", "/api/v1/transactions", Right::ImportPayments, || post(import)),
    route("GET", "/api/v1/transactions", Right::ReadPayments, || get(list)),
    route("GET", "/api/v1/transactions/{refid}", Right::ReadPayments, || get(one)),
];

/// `{"transactions": [..]}`
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Import {
    transactions: Vec<Row>,
}

/// The columns of `docs/import.md`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    refid: String,
    trxid: Option<String>,
    product: String,
    account: String,
    #[serde(deserialize_with = "json::whole")]
    amount_minor: i64,
    currency: String,
    status: String,
    status_at: String,
    created_at: String,
    provider: Option<String>,
    payer_ref: Option<String>,
}

impl Sent for Import {
    fn limits(settings: &Settings) -> BodyLimits {
        settings.import_body
    }
}

impl Row {
    fn payment(&self) -> Result<Payment, String> {
        let maybe = |text: &'_ Option<String>| text.clone().unwrap_or_default();
        let (trxid, provider) = (maybe(&self.trxid), maybe(&self.provider));
        let (payer_ref, amount_minor) = (maybe(&self.payer_ref), self.amount_minor.to_string());
        let cells = [
            Cell::Text(&self.refid),
            Cell::Text(&trxid),
            Cell::Text(&self.product),
            Cell::Text(&self.account),
            Cell::Number(&amount_minor),
            Cell::Text(&self.currency),
            Cell::Text(&self.status),
            Cell::Text(&self.status_at),
            Cell::Text(&self.created_at),
            Cell::Text(&provider),
            Cell::Text(&payer_ref),
        ];
        columns::payment(&cells).map_err(|bad| bad.to_string())
    }
}

#[derive(Serialize)]
struct RowAnswer {
    refid: String,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

/// What came of each row, in order, and how many of each kind.
#[derive(Default, Serialize)]
pub(super) struct ImportAnswer {
    results: Vec<RowAnswer>,
    new: usize,
    unchanged: usize,
    moved: usize,
    rejected: usize,
}

impl ImportAnswer {
    fn add(&mut self, refid: String, result: Result<RowEffect, String>) {
        let (count, result, reason) = match result {
            Ok(RowEffect::New) => (&mut self.new, "new", None),
            Ok(RowEffect::Unchanged) => (&mut self.unchanged, "unchanged", None),
            Ok(RowEffect::Moved { .. }) => (&mut self.moved, "moved", None),
            Err(reason) => (&mut self.rejected, "rejected", Some(reason)),
        };
        *count += 1;
        self.results.push(RowAnswer { refid, result, reason });
    }
}

/// `POST /api/v1/transactions`
pub(super) async fn import(
    State(app): State<App>,
    asked: Asked<Import>,
) -> Result<Response, Problem> {
    let rows = asked.body.transactions;
    if !(1..=ROWS_PER_REQUEST_MAX).contains(&rows.len()) {
        let rule = format!("it has {} rows; send 1 to {ROWS_PER_REQUEST_MAX}", rows.len());
        return Err(Problem::field("transactions", rule));
    }
    let read: Vec<Result<Payment, String>> = rows.iter().map(Row::payment).collect();
    let good: Vec<Payment> = read.iter().filter_map(|row| row.as_ref().ok().cloned()).collect();
    // Also with no good row: whether the caller may import at all is answered there.
    let (effects, again) = app.desk.import_once(&asked.by, &good, asked.once.as_ref()).await?;
    let mut effects = effects.into_iter();
    let mut answer = ImportAnswer::default();
    for (row, read) in rows.into_iter().zip(read) {
        let result = match read {
            Err(reason) => Err(reason),
            Ok(_) => match effects.next() {
                Some(effect) => effect.map_err(|refusal| refusal.sentence()),
                None => return Err(Refusal::Busy.into()),
            },
        };
        answer.add(row.refid, result);
    }
    Ok(replayed(again, Json(answer).into_response()))
}

#[derive(Serialize)]
pub(super) struct TransactionsAnswer {
    transactions: Vec<TransactionShape>,
    /// The cursor of the next page, when there may be one.
    next: Option<String>,
}

/// What a list can be asked for: a reference, or a filter; then how the page shall be.
const NAMES: [&str; 9] = [
    "trxid",
    "account",
    "product",
    "status",
    "provider",
    "created_from",
    "created_to",
    "limit",
    "cursor",
];

/// `GET /api/v1/transactions`
pub(super) async fn list(
    State(app): State<App>,
    Caller(by): Caller,
    uri: Uri,
) -> Result<Json<TransactionsAnswer>, Problem> {
    let sent = query::read(&uri, NAMES)?;
    let list = cursor::filter("transactions", &sent[..NAMES.len() - 2]);
    let others = NAMES.iter().zip(&sent).skip(1).filter(|(_, value)| value.is_some());
    let others: Vec<&str> = others.map(|(name, _)| *name).collect();
    let [trxid, account, product, status, provider, from, to, limit, behind] = sent;
    if let Some(trxid) = trxid {
        let rule = "a trxid names one transaction; send nothing else";
        if let Some(other) = others.first() {
            return Err(Problem::field(*other, rule));
        }
        let payment = PaymentRef::Trxid(values::reference("trxid", trxid)?);
        let transactions = match app.desk.payment(&by, &payment).await {
            Ok(view) => vec![TransactionShape::of(&view)],
            Err(Failure::Refused(Refusal::PaymentUnknown)) => Vec::new(),
            Err(failure) => return Err(failure.into()),
        };
        return Ok(Json(TransactionsAnswer { transactions, next: None }));
    }
    let filter = PaymentFilter {
        account: values::name("account", account)?,
        product: values::name("product", product)?,
        status: values::word("status", status.as_deref())?,
        provider: values::name("provider", provider)?,
        created: values::span(("created_from", from.as_deref()), ("created_to", to.as_deref()))?,
    };
    let limit = values::page(limit.as_deref())?;
    let behind = behind.map(|text| cursor::read(&list, &text)).transpose()?;
    let behind = behind.map(|(at, refid)| BehindPayment { at, refid });
    let page = app.desk.list_payments(&by, &filter, behind.as_ref(), limit).await?;
    Ok(Json(TransactionsAnswer {
        transactions: page.payments.iter().map(TransactionShape::of).collect(),
        next: page.next.map(|next| cursor::write(&list, next.at, &next.refid)),
    }))
}

/// `GET /api/v1/transactions/{refid}`
pub(super) async fn one(
    State(app): State<App>,
    Caller(by): Caller,
    Named(refid): Named,
) -> Result<Json<TransactionShape>, Problem> {
    // What cannot be a reference is never asked of the database.
    if !columns::is_reference(&refid) {
        return Err(Refusal::PaymentUnknown.into());
    }
    let view = app.desk.payment(&by, &PaymentRef::Refid(refid)).await?;
    Ok(Json(TransactionShape::of(&view)))
}
