//! The native API's words for every "no": refusals of the rules, bodies that do not read, and what
//! is broken here. The first `match` has no wildcard, so a new refusal does not compile until it
//! has its words; `docs/case.md` shows the statuses and a test compares them.

use desk::Failure;
use domain::admin::Kind;
use domain::{Refusal, Right, Role};
use http::header::{ETAG, RETRY_AFTER};
use http::{HeaderValue, StatusCode};

use super::problem::Problem;
use crate::body::BodyError;
use crate::layers::RequestId;

const BROKEN_TITLE: &str = "Something is broken here";

/// The status of a refusal.
pub(super) const fn status(refusal: &Refusal) -> StatusCode {
    match refusal {
        Refusal::PaymentUnknown
        | Refusal::CaseUnknown
        | Refusal::OtherCaseUnknown
        | Refusal::EvidenceUnknown
        | Refusal::NoPreview
        | Refusal::ThingUnknown { .. }
        | Refusal::QueueEmpty
        | Refusal::JobUnknown => StatusCode::NOT_FOUND,
        Refusal::CaseEmpty
        | Refusal::ReceiptTime
        | Refusal::JobTooLarge
        | Refusal::EndpointBarred { .. } => StatusCode::BAD_REQUEST,
        Refusal::NotAllowed { .. }
        | Refusal::SamePerson
        | Refusal::EvidenceInfected
        | Refusal::GrantsTooMuch => StatusCode::FORBIDDEN,
        Refusal::Stale { .. } => StatusCode::PRECONDITION_FAILED,
        Refusal::KeyReusedForOther => StatusCode::UNPROCESSABLE_ENTITY,
        Refusal::Busy => StatusCode::SERVICE_UNAVAILABLE,
        Refusal::PaymentPending { .. }
        | Refusal::PaymentFailed { .. }
        | Refusal::PaymentRefunded { .. }
        | Refusal::AlreadyReported { .. }
        | Refusal::EvidenceHeld
        | Refusal::WrongStage { .. }
        | Refusal::NotResolved
        | Refusal::NothingProposed
        | Refusal::AlreadyProposed
        | Refusal::NameTaken { .. }
        | Refusal::AlreadySo { .. }
        | Refusal::Disabled { .. }
        | Refusal::Retired { .. }
        | Refusal::AlwaysThere { .. }
        | Refusal::SameCase
        | Refusal::AlreadyLinked
        | Refusal::TooManyAbove
        | Refusal::NotLinked
        | Refusal::LinkedOtherwise { .. }
        | Refusal::Merged { .. }
        | Refusal::OtherCaseClosed { .. }
        | Refusal::LastAdministrator => StatusCode::CONFLICT,
        Refusal::NonceSpent => StatusCode::UNAUTHORIZED,
    }
}

/// What the refusal means, and what to do about it.
fn title_and_detail(refusal: &Refusal) -> (&'static str, String) {
    let (title, detail) = match refusal {
        Refusal::PaymentUnknown => (
            "No such transaction",
            "your account has no transaction with this reference in this environment",
        ),
        Refusal::PaymentPending { .. } => (
            "The transaction is still under way",
            "it can be reported once it has ended; try again later",
        ),
        Refusal::PaymentFailed { .. } => {
            ("The transaction failed", "its amount went back by itself; there is nothing to report")
        }
        Refusal::PaymentRefunded { .. } => by_page(refusal),
        Refusal::AlreadyReported { .. } => (
            "Another case is open",
            "a case about the same transaction is not closed; act on that one",
        ),
        Refusal::CaseUnknown => by_page(refusal),
        Refusal::WrongStage { .. }
        | Refusal::Stale { .. }
        | Refusal::ThingUnknown { .. }
        | Refusal::NameTaken { .. }
        | Refusal::AlreadySo { .. }
        | Refusal::Disabled { .. }
        | Refusal::Retired { .. }
        | Refusal::LinkedOtherwise { .. }
        | Refusal::Merged { .. }
        | Refusal::EndpointBarred { .. }
        | Refusal::AlwaysThere { .. } => return with_facts(refusal),
        Refusal::NotResolved => (
            "The case has no outcome",
            "resolve it first, or close it for a reason other than `settled`",
        ),
        Refusal::NothingProposed => ("Nothing was proposed", "there is nothing to answer"),
        Refusal::SamePerson => {
            ("A second person is needed", "whoever proposed a remedy cannot approve or decline it")
        }
        Refusal::GrantsTooMuch => (
            "More than you have",
            "nobody can hand out, change or end what has more rights than he has himself",
        ),
        Refusal::SameCase
        | Refusal::AlreadyProposed
        | Refusal::AlreadyLinked
        | Refusal::TooManyAbove
        | Refusal::NotLinked
        | Refusal::OtherCaseUnknown
        | Refusal::OtherCaseClosed { .. }
        | Refusal::CaseEmpty
        | Refusal::LastAdministrator
        | Refusal::QueueEmpty
        | Refusal::ReceiptTime
        | Refusal::JobTooLarge
        | Refusal::JobUnknown
        | Refusal::EvidenceUnknown
        | Refusal::EvidenceHeld
        | Refusal::EvidenceInfected
        | Refusal::NoPreview => by_page(refusal),
        Refusal::KeyReusedForOther => (
            "The idempotency key was used for something else",
            "use a new key for a new request, and the same key only to repeat one",
        ),
        Refusal::NonceSpent => ("The nonce was used before", "sign again with a new one"),
        Refusal::NotAllowed { right, role } => return ("Not allowed", lacks(*right, *role)),
        Refusal::Busy => ("Too busy", "others changed the same thing at the same time; try again"),
    };
    (title, detail.to_owned())
}

/// The same for those whose words say what they are about.
fn with_facts(refusal: &Refusal) -> (&'static str, String) {
    match refusal {
        Refusal::WrongStage { .. } => ("Not at this stage", refusal.to_string()),
        Refusal::Stale { version } => {
            let detail = format!("it is at version {version} now; read it again and decide anew");
            ("It moved on", detail)
        }
        Refusal::ThingUnknown { kind } => {
            let (word, whose) = match kind {
                Kind::Tenant => (kind.word(), "this installation has no"),
                _ => (kind.word(), "your account has no"),
            };
            let place = if matches!(kind, Kind::Tenant) { "" } else { " in this environment" };
            ("No such thing", format!("{whose} {word} with this name or id{place}"))
        }
        Refusal::NameTaken { kind: Kind::Endpoint } => {
            ("Events go there already", refusal.to_string())
        }
        Refusal::NameTaken { kind: Kind::Login } => ("The name is taken", refusal.to_string()),
        Refusal::NameTaken { .. } => ("The name is taken", format!("{refusal}; choose another")),
        Refusal::Disabled { .. } => ("It is disabled", refusal.to_string()),
        Refusal::Retired { .. } => ("It is retired", refusal.to_string()),
        Refusal::AlreadySo { .. } => ("Nothing to change", format!("{refusal}; read it again")),
        Refusal::EndpointBarred { why } => ("Nothing could be sent there", why.clone()),
        Refusal::LinkedOtherwise { .. } => ("Linked the other way round", refusal.to_string()),
        Refusal::Merged { .. } => ("A merge stands", refusal.to_string()),
        Refusal::AlwaysThere { .. } => ("It is always there", refusal.to_string()),
        _ => {
            let (title, detail) = by_page(refusal);
            (title, detail.to_owned())
        }
    }
}

/// Which right it takes, and who took it.
fn lacks(right: Right, role: Role) -> String {
    let (word, of) = (right.word(), role.word());
    if right == Right::ManageTenants {
        return format!("it takes the right `{word}`, which only a token of the installation has");
    }
    match role.may(right) {
        true => format!(
            "it takes the right `{word}`: the role `{of}` has it, and this credential was \
             narrowed to fewer"
        ),
        false => format!("it takes the right `{word}`, which the role `{of}` does not have"),
    }
}

/// The words of a refusal's own page, where they say all there is to say.
fn by_page(refusal: &Refusal) -> (&'static str, &'static str) {
    by_code(refusal.code())
}

/// The words of a code's own page.
fn by_code(code: &'static str) -> (&'static str, &'static str) {
    let page = super::problems::told(code);
    page.map_or((code, ""), |(_, title, advice)| (title, advice))
}

/// What the refusal means, for people, as a sentence that stands by itself: pages say it so, and
/// details begin small behind the name of a field.
pub(super) fn sentence(refusal: &Refusal) -> String {
    let detail = title_and_detail(refusal).1;
    let mut letters = detail.trim_end_matches('.').chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).chain(std::iter::once('.')).collect()
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let (title, detail) = title_and_detail(&refusal);
        let problem = Self::new(status(&refusal), refusal.code(), title, detail);
        match &refusal {
            Refusal::AlreadyReported { case, .. } => problem.about_case(case.as_str()),
            Refusal::Merged { into, .. } => problem.about_case(into.as_str()),
            Refusal::OtherCaseClosed { case } => {
                problem.about_case(case.as_str()).about_field("into")
            }
            Refusal::CaseEmpty => problem.about_field("says"),
            Refusal::ReceiptTime => problem.about_field("received_at"),
            Refusal::EndpointBarred { .. } => problem.about_field("url"),
            Refusal::Stale { version } => match super::etag(*version) {
                Some(tag) => problem.header(ETAG, tag),
                None => problem,
            },
            Refusal::Busy => problem.header(RETRY_AFTER, HeaderValue::from_static("1")),
            _ => problem,
        }
    }
}

impl From<Failure> for Problem {
    fn from(failure: Failure) -> Self {
        let fault = match failure {
            Failure::Refused(refusal) => return refusal.into(),
            Failure::Broken(fault) => fault,
        };
        let request = RequestId::current();
        tracing::error!(%request, fault = fault.chain(), "a request came to nothing");
        if fault.full_disk() {
            let (title, detail) = by_code("disk-full");
            return Self::new(StatusCode::SERVICE_UNAVAILABLE, "disk-full", title, detail)
                .header(RETRY_AFTER, HeaderValue::from_static("30"));
        }
        let title = BROKEN_TITLE;
        if fault.uncertain() {
            let detail = "whether it was done is not known; ask again with the same \
                          Idempotency-Key, or look before you repeat it";
            return Self::new(StatusCode::INTERNAL_SERVER_ERROR, "broken", title, detail);
        }
        if fault.retryable() {
            let detail = "nothing was changed; try again in a moment";
            return Self::new(StatusCode::SERVICE_UNAVAILABLE, "broken", title, detail)
                .header(RETRY_AFTER, HeaderValue::from_static("5"));
        }
        let detail = "nothing was changed; our log says what must be mended";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "broken", title, detail)
    }
}

/// A handler broke in the middle.
pub(super) fn broken() -> Problem {
    let detail = "our log says what must be mended; Redress-Request-Id names this request";
    Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "broken", BROKEN_TITLE, detail)
}

/// A handler was given up.
pub(super) fn too_slow() -> Problem {
    let detail = "whether it was done is not known; ask again with the same Idempotency-Key, or \
                  look before you repeat it";
    Problem::new(StatusCode::GATEWAY_TIMEOUT, "too-slow", "It took too long", detail)
}

impl From<BodyError> for Problem {
    fn from(error: BodyError) -> Self {
        let detail = match &error {
            BodyError::TooLarge { max } => format!("at most {max} bytes are taken here"),
            BodyError::TooSlow => "the body did not arrive in time".to_owned(),
            BodyError::BrokenOff => "the body ended early".to_owned(),
            BodyError::Encoded => "send the body without Content-Encoding".to_owned(),
            BodyError::UnsupportedType | BodyError::UnsupportedCharset => {
                "send JSON in UTF-8, with Content-Type: application/json".to_owned()
            }
            BodyError::NotUtf8 => "the body is not UTF-8".to_owned(),
            BodyError::BadJson { line, column } => {
                format!("the body is no JSON: see line {line}, column {column}")
            }
            BodyError::ArrayBody | BodyError::NotAnObject => {
                "the body must be one JSON object".to_owned()
            }
            BodyError::DuplicateKey { .. }
            | BodyError::TooDeep
            | BodyError::NulCharacter
            | BodyError::TooManyFields
            | BodyError::NameTooLong
            | BodyError::BadMultipart
            | BodyError::FilePart { .. } => "the body is not what is taken here".to_owned(),
        };
        let code = error.code().replace('_', "-");
        Self::new(error.status(), code, "The body cannot be taken", detail)
    }
}

/// A bearer token and a signature on one request.
pub(super) fn two_credentials() -> Problem {
    let (title, detail) = by_code("two-credentials");
    Problem::new(StatusCode::BAD_REQUEST, "two-credentials", title, detail)
}

/// Nothing is here.
pub(super) fn no_such_path() -> Problem {
    let detail = "there is nothing at this path; GET /api/v1/openapi.json lists what there is";
    Problem::new(StatusCode::NOT_FOUND, "no-such-path", "Nothing is here", detail)
}

/// Something is here, for other methods.
pub(super) fn method_not_allowed() -> Problem {
    let detail = "the Allow header says which methods this path takes";
    let title = "Not this method";
    Problem::new(StatusCode::METHOD_NOT_ALLOWED, "method-not-allowed", title, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_page_has_every_refusal_with_its_status() {
        let page = include_str!("../../../../docs/case.md");
        let section = page.split("### Native: `/api/v1`").nth(1).expect("the section");
        let table = section.split("\n#").next().expect("its text");
        let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("| `")).collect();
        let ours: Vec<String> = Refusal::samples()
            .iter()
            .map(|refusal| format!("| `{}` | {} |", refusal.code(), status(refusal).as_u16()))
            .collect();
        assert_eq!(rows, ours);
    }

    #[test]
    fn why_a_payment_cannot_be_reported_is_a_sentence() {
        let payments = ["payment-", "already-reported"];
        let mut met = 0;
        for refusal in Refusal::samples() {
            if !payments.iter().any(|start| refusal.code().starts_with(start)) {
                continue;
            }
            let said = sentence(&refusal);
            assert!(said.starts_with(char::is_uppercase), "{said}");
            assert!(said.ends_with('.') && !said.ends_with(".."), "{said}");
            met += 1;
        }
        assert_eq!(met, 5);
    }

    #[test]
    fn every_refusal_says_something_to_do_or_to_know() {
        for refusal in Refusal::samples() {
            let (title, detail) = title_and_detail(&refusal);
            assert!(!title.is_empty() && !detail.is_empty(), "{refusal:?}");
        }
    }
}
