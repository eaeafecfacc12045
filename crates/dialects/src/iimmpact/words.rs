//! Every "no" of the dialect, with its status and its words. The lists are closed and the matches
//! have no wildcard: a new refusal does not compile until it has its words here. Nothing tells the
//! outside what is broken inside.

use std::borrow::Cow;

use axum::body::Body;
use axum::response::Response;
use desk::Failure;
use domain::ids::CaseId;
use domain::{Millis, Refusal};
use http::header::{CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderName, HeaderValue, StatusCode};
use serde::Serialize;

use super::messages::Messages;
use super::wire::{CheckStatus, Checked, Data, Flat, Invalid, Message, OneField};
use crate::body::BodyError;
use crate::layers::RequestId;
use crate::signature::Unsigned;
use crate::signed::NotSigned;

/// Where an answer names the case; the body has no place for it.
pub(super) const CASE_ID: HeaderName = HeaderName::from_static("redress-case-id");

/// The original's words for any wrong field.
const INVALID: &str = "The given data was invalid.";

/// The original's words for a payment that is not there.
const REFERENCE_UNKNOWN: &str = "Invalid transaction ID or reference ID";

/// Why a request is not done.
#[derive(Debug)]
pub(super) enum No {
    /// Neither a signature nor a token.
    WithoutCredentials,
    /// The signature is none.
    Unsigned(Unsigned),
    /// No such key, here.
    KeyUnknown,
    /// The token is none of ours, or not for this.
    TokenInvalid,
    /// The token has had its hour.
    TokenExpired,
    /// The name or the password is wrong.
    LoginWrong,
    /// The refresh token is unknown, was used, or has ended.
    RefreshInvalid,
    /// Too many failed tries to log in.
    TooManyTries {
        /// Until the next one.
        wait: Millis,
    },
    /// The body cannot be read.
    Body(BodyError),
    /// A field cannot be used.
    Field {
        /// Which.
        name: &'static str,
        /// Why.
        why: Cow<'static, str>,
    },
    /// No payment can have this reference.
    ReferenceUnknown,
    /// The `Idempotency-Key` cannot be used.
    IdempotencyKey,
    /// The desk said no, or something is broken.
    Failure(Failure),
    /// A task of ours came to no end.
    BrokenOff,
}

impl No {
    /// A field cannot be used.
    pub(super) fn field(name: &'static str, why: impl Into<Cow<'static, str>>) -> Self {
        Self::Field { name, why: why.into() }
    }

    /// The answer.
    pub(super) fn answer(self, messages: &Messages) -> Response {
        match self {
            Self::WithoutCredentials => unauthorized("missing_credentials", NO_CREDENTIALS),
            Self::Unsigned(why) => unauthorized(why.code(), unsigned(why)),
            Self::KeyUnknown => unauthorized("invalid_api_key", "API key not found"),
            Self::TokenInvalid => unauthorized("invalid_token", "The ID token is not valid"),
            Self::TokenExpired => {
                unauthorized("token_expired", "The ID token has expired; ask for a new one")
            }
            Self::LoginWrong => {
                unauthorized("invalid_credentials", "The username or the password is wrong")
            }
            Self::RefreshInvalid => unauthorized(
                "invalid_refresh_token",
                "The refresh token is unknown, was used or has expired; log in again",
            ),
            Self::TooManyTries { wait } => too_many_tries(wait),
            Self::Body(error) => body(&error),
            Self::Field { name, why } => field(name, &why),
            Self::ReferenceUnknown => reference_unknown(),
            Self::IdempotencyKey => flat(
                StatusCode::BAD_REQUEST,
                "invalid_idempotency_key",
                "Idempotency-Key must be one value of 1 to 255 visible ASCII characters",
            ),
            Self::Failure(Failure::Refused(refusal)) => refused(&refusal, messages),
            Self::Failure(Failure::Broken(fault)) => {
                let request = RequestId::current();
                tracing::error!(%request, fault = fault.chain(), "a request of IIMMPACT failed");
                fault_answer(&fault)
            }
            Self::BrokenOff => broken(),
        }
    }
}

impl From<Failure> for No {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl From<BodyError> for No {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

impl From<NotSigned> for No {
    fn from(why: NotSigned) -> Self {
        match why {
            NotSigned::Unsigned(why) => Self::Unsigned(why),
            NotSigned::KeyUnknown => Self::KeyUnknown,
            NotSigned::Failed(failure) => Self::Failure(failure),
        }
    }
}

const NO_CREDENTIALS: &str = "Send X-Api-Key, X-Timestamp, X-Nonce and X-Signature, or an ID token \
                              in Authorization";

const fn unsigned(why: Unsigned) -> &'static str {
    match why {
        Unsigned::MissingHeader { name } => match name.as_bytes() {
            b"x-api-key" => "X-Api-Key is missing",
            b"x-timestamp" => "X-Timestamp is missing",
            b"x-nonce" => "X-Nonce is missing",
            _ => "X-Signature is missing",
        },
        Unsigned::RepeatedHeader { name } => match name.as_bytes() {
            b"x-api-key" => "X-Api-Key was sent more than once",
            b"x-timestamp" => "X-Timestamp was sent more than once",
            b"x-nonce" => "X-Nonce was sent more than once",
            _ => "X-Signature was sent more than once",
        },
        // The original's words; a key that cannot be one is not told apart from an unknown one.
        Unsigned::InvalidApiKey => "API key not found",
        Unsigned::InvalidTimestamp => "X-Timestamp must be Unix time in whole seconds",
        Unsigned::TimestampOutOfWindow => {
            "X-Timestamp is more than five minutes away from our clock"
        }
        Unsigned::InvalidNonce => {
            "X-Nonce must have 16 to 128 visible ASCII characters and no colon"
        }
        Unsigned::InvalidSignatureFormat => {
            "X-Signature must be v1= and the padded standard Base64 of an HMAC-SHA256"
        }
        Unsigned::InvalidSignature => {
            "The signature does not match: sign v1:timestamp:nonce:METHOD:sorted query:body hash \
             with the Base64-decoded secret"
        }
    }
}

/// A refusal of the rules; `docs/case.md` has the same table.
fn refused(refusal: &Refusal, messages: &Messages) -> Response {
    match refusal {
        Refusal::PaymentUnknown => reference_unknown(),
        Refusal::AlreadyReported { refid, case } => {
            let answer = failed(refid, messages.already_reported());
            about_case(answer, case)
        }
        Refusal::PaymentFailed { refid } => failed(refid, messages.payment_failed()),
        Refusal::PaymentRefunded { refid } => failed(refid, messages.payment_refunded()),
        Refusal::PaymentPending { refid } => failed(refid, messages.payment_pending()),
        Refusal::NonceSpent => unauthorized("nonce_reused", "X-Nonce was used before"),
        Refusal::KeyReusedForOther => flat(
            StatusCode::CONFLICT,
            "idempotency_key_reused",
            "This Idempotency-Key came before with another request",
        ),
        Refusal::Busy => {
            let words = "Too much is going on at this moment; nothing was changed, try again";
            later(flat(StatusCode::SERVICE_UNAVAILABLE, "busy", words), 1)
        }
        Refusal::NotAllowed { .. } => message(StatusCode::FORBIDDEN, "Forbidden"),
        // About acts on cases and on the account, which this dialect has none of.
        Refusal::CaseUnknown
        | Refusal::EvidenceUnknown
        | Refusal::EvidenceHeld
        | Refusal::EvidenceInfected
        | Refusal::NoPreview
        | Refusal::WrongStage { .. }
        | Refusal::Stale { .. }
        | Refusal::NotResolved
        | Refusal::NothingProposed
        | Refusal::AlreadyProposed
        | Refusal::SamePerson
        | Refusal::ThingUnknown { .. }
        | Refusal::NameTaken { .. }
        | Refusal::AlreadySo { .. }
        | Refusal::Disabled { .. }
        | Refusal::Retired { .. }
        | Refusal::GrantsTooMuch
        | Refusal::EndpointBarred { .. }
        | Refusal::AlwaysThere { .. }
        | Refusal::SameCase
        | Refusal::AlreadyLinked
        | Refusal::TooManyAbove
        | Refusal::NotLinked
        | Refusal::LinkedOtherwise { .. }
        | Refusal::Merged { .. }
        | Refusal::OtherCaseUnknown
        | Refusal::OtherCaseClosed { .. }
        | Refusal::CaseEmpty
        | Refusal::LastAdministrator
        | Refusal::QueueEmpty
        | Refusal::ReceiptTime
        | Refusal::JobTooLarge
        | Refusal::JobUnknown => {
            flat(StatusCode::CONFLICT, "conflict", "This cannot be done as things stand")
        }
    }
}

fn failed(refid: &str, message: &str) -> Response {
    let data = Checked { refid, status: CheckStatus::Failed, message };
    json(StatusCode::OK, &Data { data })
}

fn reference_unknown() -> Response {
    field("trxid", REFERENCE_UNKNOWN)
}

fn field(name: &'static str, why: &str) -> Response {
    let errors = OneField { name, why };
    json(StatusCode::BAD_REQUEST, &Invalid { message: INVALID, errors })
}

fn body(error: &BodyError) -> Response {
    let message: Cow<'static, str> = match error {
        BodyError::TooLarge { max } => format!("The body has more than {max} bytes").into(),
        BodyError::TooSlow => "The body did not arrive in time".into(),
        BodyError::BrokenOff => "The body ended early".into(),
        BodyError::Encoded => "Send the body without Content-Encoding".into(),
        BodyError::UnsupportedType => "Send JSON or a form, and one Content-Type".into(),
        BodyError::UnsupportedCharset => "Send the body in UTF-8".into(),
        BodyError::NotUtf8 => "The body is not UTF-8".into(),
        BodyError::BadJson { line, column } => {
            format!("The body is not JSON: see line {line}, column {column}").into()
        }
        BodyError::ArrayBody => "Send one object per request, not an array".into(),
        BodyError::NotAnObject => "The body must be a JSON object".into(),
        BodyError::DuplicateKey { .. } => "A name stands in the body twice".into(),
        BodyError::TooDeep => "The body is nested too deeply".into(),
        BodyError::NulCharacter => "A NUL character cannot be part of a text".into(),
        BodyError::TooManyFields => "The body has too many values".into(),
        BodyError::NameTooLong => "The name of a field is too long".into(),
        BodyError::BadMultipart => "The body is not multipart/form-data as announced".into(),
        BodyError::FilePart { .. } => "Files cannot be sent here".into(),
    };
    flat(error.status(), error.code(), &message)
}

fn too_many_tries(wait: Millis) -> Response {
    let seconds = wait.0.max(1).unsigned_abs().div_ceil(1_000);
    let words = "Too many failed tries to log in; wait before the next one";
    later(flat(StatusCode::TOO_MANY_REQUESTS, "too_many_attempts", words), seconds)
}

const BROKEN: &str = "Something went wrong on our side";

const UNCERTAIN: &str = "Something went wrong and it is not known whether your request was carried \
                         out. Ask again with the same Idempotency-Key";

const LATER: &str = "The service cannot be used at the moment. Nothing was changed, try again";

const NO_ROOM: &str = "There is no room to keep your request. Nothing was changed, try again later";

fn fault_answer(fault: &desk::Fault) -> Response {
    if fault.full_disk() {
        return later(faulty(StatusCode::SERVICE_UNAVAILABLE, NO_ROOM), 30);
    }
    if fault.uncertain() {
        return faulty(StatusCode::INTERNAL_SERVER_ERROR, UNCERTAIN);
    }
    if fault.retryable() {
        return later(faulty(StatusCode::SERVICE_UNAVAILABLE, LATER), 5);
    }
    broken()
}

fn faulty(status: StatusCode, message: &str) -> Response {
    json(status, &Message { message, request_id: Some(RequestId::current().to_string()) })
}

/// Something is broken that has been logged.
pub(crate) fn broken() -> Response {
    faulty(StatusCode::INTERNAL_SERVER_ERROR, BROKEN)
}

/// The answer took too long: what the original's gateway says after 29 seconds.
pub(crate) fn too_slow() -> Response {
    message(StatusCode::GATEWAY_TIMEOUT, "Endpoint request timed out")
}

/// Nothing has this path; also said where no dialect has it.
pub(crate) fn no_such_path() -> Response {
    flat(StatusCode::NOT_FOUND, "not_found", "There is nothing at this path")
}

/// Something has this path, for other methods; `Allow` names them.
pub(super) fn method_not_allowed() -> Response {
    let words = "This path takes other methods: see Allow";
    flat(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", words)
}

/// Names the case.
pub(super) fn about_case(mut answer: Response, case: &CaseId) -> Response {
    if let Ok(id) = HeaderValue::from_str(case.as_str()) {
        answer.headers_mut().insert(CASE_ID, id);
    }
    answer
}

fn later(mut answer: Response, seconds: u64) -> Response {
    answer.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
    answer
}

fn unauthorized(error: &str, message: &str) -> Response {
    let mut answer = flat(StatusCode::UNAUTHORIZED, error, message);
    let scheme = HeaderValue::from_static("Bearer realm=\"redress\"");
    answer.headers_mut().insert(WWW_AUTHENTICATE, scheme);
    answer
}

fn flat(status: StatusCode, error: &str, message: &str) -> Response {
    json(status, &Flat { error, message })
}

fn message(status: StatusCode, message: &str) -> Response {
    json(status, &Message { message, request_id: None })
}

/// An answer.
pub(super) fn json(status: StatusCode, shape: &impl Serialize) -> Response {
    // Texts and numbers only: this cannot fail, and an empty body would still be an answer.
    let body = serde_json::to_vec(shape).unwrap_or_default();
    let mut answer = Response::new(Body::from(body));
    *answer.status_mut() = status;
    answer.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    answer
}

#[cfg(test)]
mod tests;
