//! What stands on the wire: requests as they are read out of a body, answers as they are written.
//! Names and fixed texts are the original's. It decides nothing but whether a field can be read.

use domain::address::Address;
use domain::case::{PaymentRef, Report};
use domain::payment::columns::is_reference;
use serde::{Serialize, Serializer};
use vault::secret::Secret;

use super::Settings;
use super::words::No;
use crate::body::{FieldError, FieldFault, Fields};

/// Characters in a category at most, on one line.
const CATEGORY_CHARS_MAX: usize = 64;

/// What `POST /v2/transactions/check` is sent, checked.
pub(super) fn report(fields: &Fields, settings: &Settings) -> Result<Report, No> {
    Ok(Report {
        payment: payment(fields)?,
        addresses: addresses(fields, settings.addresses_max)?,
        says: description(fields, settings.description_chars_max)?,
        category: category(fields)?,
    })
}

/// `trxid` wins over `refid`, also where it names nothing. One that no payment can have is simply
/// unknown.
fn payment(fields: &Fields) -> Result<PaymentRef, No> {
    let unknown = |_| No::ReferenceUnknown;
    let (text, name): (_, fn(String) -> PaymentRef) = match fields.text("trxid").map_err(unknown)? {
        Some(trxid) => (trxid, PaymentRef::Trxid),
        None => match fields.text("refid").map_err(unknown)? {
            Some(refid) => (refid, PaymentRef::Refid),
            None => return Err(No::ReferenceUnknown),
        },
    };
    if !is_reference(&text) {
        return Err(No::ReferenceUnknown);
    }
    Ok(name(text))
}

/// Each mailbox once, in the order given.
fn addresses(fields: &Fields, max: usize) -> Result<Vec<String>, No> {
    const NAME: &str = "user_email";
    let mut list: Vec<String> = Vec::new();
    for (place, text) in fields.texts(NAME)?.into_iter().enumerate() {
        if let Err(why) = Address::parse(&text) {
            return Err(No::field(NAME, format!("address {}: {why}", place + 1)));
        }
        if list.iter().any(|known| known.eq_ignore_ascii_case(&text)) {
            continue;
        }
        if list.len() == max {
            return Err(No::field(NAME, format!("at most {max} addresses can be named")));
        }
        list.push(text);
    }
    Ok(list)
}

/// A person's own words, kept as they are.
fn description(fields: &Fields, max: usize) -> Result<String, No> {
    const NAME: &str = "description";
    let text = fields.verbatim(NAME)?.unwrap_or_default();
    // No text has more characters than bytes, and most are far from the limit.
    if text.len() > max && text.chars().count() > max {
        return Err(No::field(NAME, format!("it can have at most {max} characters")));
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\t' | '\n' | '\r')) {
        return Err(No::field(NAME, "it cannot have control characters"));
    }
    Ok(text)
}

fn category(fields: &Fields) -> Result<String, No> {
    const NAME: &str = "category";
    let text = fields.text(NAME)?.unwrap_or_default();
    if text.chars().count() > CATEGORY_CHARS_MAX {
        return Err(No::field(
            NAME,
            format!("it can have at most {CATEGORY_CHARS_MAX} characters"),
        ));
    }
    let breaks = |c: char| c.is_control() || domain::names::is_unseen(c);
    if text.chars().any(breaks) {
        let rule = "it must be one line without control characters and without what is not seen";
        return Err(No::field(NAME, rule));
    }
    Ok(text)
}

/// What `POST /v2/token` is sent.
pub(super) struct SignIn {
    pub(super) username: String,
    pub(super) password: Secret,
}

impl SignIn {
    pub(super) fn read(fields: &Fields) -> Result<Self, No> {
        let username = fields.text("username")?.ok_or(No::field("username", "it is missing"))?;
        let password = fields.verbatim("password")?.map(Secret::new);
        let password = password.ok_or(No::field("password", "it is missing"))?;
        Ok(Self { username, password })
    }
}

/// What `POST /v2/token/refresh` is sent.
pub(super) fn refresh_token(fields: &Fields) -> Result<Secret, No> {
    let token = fields.text("refresh_token")?.map(Secret::new);
    token.ok_or(No::field("refresh_token", "it is missing"))
}

impl From<FieldError> for No {
    fn from(error: FieldError) -> Self {
        let why = match error.fault {
            FieldFault::NotText => "it must be a text",
            FieldFault::Repeated => "it was sent more than once",
        };
        Self::field(error.name, why)
    }
}

/// `{"data":{…}}`.
#[derive(Serialize)]
pub(super) struct Data<T> {
    pub(super) data: T,
}

/// The two words of a check's answer, which are not those of a payment.
#[derive(Clone, Copy, Serialize)]
pub(super) enum CheckStatus {
    Success,
    Failed,
}

/// What a check answers.
#[derive(Serialize)]
pub(super) struct Checked<'a> {
    pub(super) refid: &'a str,
    pub(super) status: CheckStatus,
    pub(super) message: &'a str,
}

/// `{"AuthenticationResult":{…}}`.
#[derive(Serialize)]
pub(super) struct Authenticated<'a> {
    #[serde(rename = "AuthenticationResult")]
    pub(super) result: Tokens<'a>,
}

/// The tokens, in the words of the original's identity service.
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Tokens<'a> {
    pub(super) access_token: &'a str,
    /// Seconds.
    pub(super) expires_in: i64,
    pub(super) token_type: &'static str,
    pub(super) refresh_token: &'a str,
    pub(super) id_token: &'a str,
}

/// `{"error","message"}`: who are you, and everything HTTP has a status for.
#[derive(Serialize)]
pub(super) struct Flat<'a> {
    pub(super) error: &'a str,
    pub(super) message: &'a str,
}

/// `{"message"}` alone; with the request's name where something of ours is broken.
#[derive(Serialize)]
pub(super) struct Message<'a> {
    pub(super) message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) request_id: Option<String>,
}

/// `{"message","errors":{field:[why]}}`.
#[derive(Serialize)]
pub(super) struct Invalid<'a> {
    pub(super) message: &'static str,
    pub(super) errors: OneField<'a>,
}

/// One field and why.
pub(super) struct OneField<'a> {
    pub(super) name: &'static str,
    pub(super) why: &'a str,
}

impl Serialize for OneField<'_> {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.collect_map([(self.name, [self.why])])
    }
}
