//! One mail, from typed parts to the bytes on the wire. Addresses, subjects and message ids are
//! checked types by the time they come here, so nothing a caller sent can become a header; the
//! envelope is made of the same list as the headers, so nobody is told in secret.

use std::fmt;
use std::time::{Duration, SystemTime};

use domain::address::{Address, AddressError, Recipients};
use domain::ids::MessageId;
use domain::time::Instant;
use lettre::message::header::{self, HeaderName, HeaderValue};
use lettre::message::{Mailboxes, MultiPart, SinglePart};

use crate::letter::{Language, Rendered};

pub mod folder;
pub mod smtp;

pub use self::folder::Folder;
pub use self::smtp::{Smtp, SmtpSettings, TlsPolicy};

/// Addresses on one mail. A report names ten at most, the account's own comes on top.
pub const RECIPIENTS_MAX: usize = 20;
/// References in one header: enough for any mail program to find the thread by.
const REFERENCES_MAX: usize = 20;
/// Longest name beside an address, in characters.
const NAME_CHARS_MAX: usize = 100;

/// An address with a name for people, as in `Redress <redress@a.example>`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mailbox {
    name: Option<String>,
    address: Address,
}

impl Mailbox {
    /// Reads `address` or `name <address>`; the name may stand in double quotes.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(text: &str) -> Result<Self, MailboxError> {
        let text = text.trim();
        let (name, address) = match text.split_once('<') {
            Some((name, rest)) => (name, rest.strip_suffix('>').ok_or(MailboxError::Bracket)?),
            None => ("", text),
        };
        let name = name.trim();
        let name = name.strip_prefix('"').and_then(|n| n.strip_suffix('"')).unwrap_or(name);
        if name.chars().any(char::is_control) || name.contains(['"', '\\', '<', '>']) {
            return Err(MailboxError::Name);
        }
        if name.chars().count() > NAME_CHARS_MAX {
            return Err(MailboxError::Name);
        }
        let name = (!name.is_empty()).then(|| name.to_owned());
        Ok(Self { name, address: Address::parse(address)? })
    }

    /// The address without the name.
    #[must_use]
    pub const fn address(&self) -> &Address {
        &self.address
    }

    fn for_header(&self) -> lettre::message::Mailbox {
        lettre::message::Mailbox::new(self.name.clone(), for_lettre(&self.address))
    }
}

/// Why a text is no mailbox.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MailboxError {
    /// The bracket is not closed at the end.
    #[error("write it as address or as name <address>")]
    Bracket,
    /// The name holds what a header cannot carry.
    #[error("the name before the address is too long or holds a quote, a bracket or a control")]
    Name,
    /// The address is none.
    #[error(transparent)]
    Address(#[from] AddressError),
}

/// Who writes.
#[derive(Clone, Debug)]
pub struct Sender {
    /// `From`, and the envelope's sender: bounces go there.
    pub from: Mailbox,
    /// `Reply-To`, when answers go elsewhere.
    pub reply_to: Option<Mailbox>,
}

impl Sender {
    /// The same sender with an account's own name, and its own address for answers. What cannot be
    /// a mailbox changes nothing.
    #[must_use]
    pub fn of_account(&self, name: Option<&str>, answers_to: Option<&str>) -> Self {
        let mut sender = self.clone();
        if let Some(name) = name {
            let named = Mailbox::parse(&format!("{name} <{}>", self.from.address.as_str()));
            sender.from = named.unwrap_or(sender.from);
        }
        if let Some(Ok(mailbox)) = answers_to.map(Mailbox::parse) {
            sender.reply_to = Some(mailbox);
        }
        sender
    }

    /// The id that the mail of a message has in every try: its thread is found by it, and a mail
    /// that comes twice is known by it.
    #[must_use]
    pub fn mail_id(&self, id: &MessageId) -> MailId {
        MailId(format!("<{}@{}>", id.as_str(), self.from.address.host().to_ascii_lowercase()))
    }
}

/// The `Message-ID` of a mail, ours or another's, with its angle brackets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailId(String);

impl MailId {
    /// Longest id taken, in bytes; RFC 5322 lets a line have 998.
    const BYTES_MAX: usize = 500;

    /// Reads one that came from outside: brackets, one at sign, visible ASCII.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let inside = text.trim().strip_prefix('<')?.strip_suffix('>')?;
        let (left, right) = inside.split_once('@')?;
        let plain = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|b| b.is_ascii_graphic() && !b"<>@\"(),:;\\".contains(&b))
        };
        let fits = inside.len() <= Self::BYTES_MAX && plain(left) && plain(right);
        fits.then(|| Self(format!("<{inside}>")))
    }

    /// With its brackets.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What one mail is made of.
#[derive(Clone, Debug)]
pub struct Mail<'a> {
    /// The message it carries.
    pub id: &'a MessageId,
    /// When the message was caused: its `Date` in every try.
    pub at: Instant,
    /// Who gets it.
    pub recipients: &'a Recipients,
    /// What it says.
    pub letter: &'a Rendered,
    /// In which language.
    pub language: Language,
    /// The mail it answers.
    pub in_reply_to: Option<&'a MailId>,
    /// The thread so far, oldest first.
    pub references: &'a [MailId],
}

/// A mail as bytes, with its envelope.
#[derive(Clone, PartialEq, Eq)]
pub struct Composed {
    /// The message it carries.
    pub id: MessageId,
    /// The envelope's sender.
    pub from: Address,
    /// The envelope's recipients: those of `To` and `Cc`, or some of them in a later try.
    pub to: Vec<Address>,
    /// The mail, lines ended by CRLF, ASCII only.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Composed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (id, to, bytes) = (&self.id, self.to.len(), self.bytes.len());
        write!(f, "Composed({id}, {to} recipients, {bytes} bytes)")
    }
}

/// Why a mail could not be made of its parts. Each would be an error of ours.
#[derive(Debug, thiserror::Error)]
pub enum ComposeError {
    /// More than [`RECIPIENTS_MAX`].
    #[error("a mail to {0} addresses is not sent; {RECIPIENTS_MAX} are the most")]
    TooMany(usize),
    /// A control character in the subject.
    #[error("the subject is not one line")]
    Subject,
    /// The time is before 1970.
    #[error("the mail's date is before 1970")]
    Date,
    /// The mail library refuses.
    #[error("composing a mail")]
    Library(#[from] lettre::error::Error),
}

/// Makes the mail.
///
/// # Errors
/// When a part breaks a rule that its type does not hold already.
pub fn compose(sender: &Sender, mail: &Mail<'_>) -> Result<Composed, ComposeError> {
    let recipients = mail.recipients;
    let to: Vec<Address> = recipients.all().cloned().collect();
    if to.len() > RECIPIENTS_MAX {
        return Err(ComposeError::TooMany(to.len()));
    }
    if mail.letter.subject.chars().any(char::is_control) {
        return Err(ComposeError::Subject);
    }
    let since_1970 = u64::try_from(mail.at.seconds()).map_err(|_| ComposeError::Date)?;
    let envelope = lettre::address::Envelope::new(
        Some(for_lettre(&sender.from.address)),
        to.iter().map(for_lettre).collect(),
    )?;
    let mut builder = lettre::Message::builder()
        .envelope(envelope)
        .header(header::From::from(Mailboxes::from(sender.from.for_header())))
        .header(header::To::from(mailboxes([&recipients.to])))
        .date(SystemTime::UNIX_EPOCH + Duration::from_secs(since_1970))
        .subject(&mail.letter.subject)
        .message_id(Some(sender.mail_id(mail.id).0))
        .raw_header(plain_header("Auto-Submitted", "auto-generated"))
        .raw_header(plain_header("X-Auto-Response-Suppress", "All"))
        .raw_header(plain_header("Content-Language", mail.language.code()));
    if !recipients.cc.is_empty() {
        builder = builder.header(header::Cc::from(mailboxes(&recipients.cc)));
    }
    if let Some(reply_to) = &sender.reply_to {
        let reply_to = Mailboxes::from(reply_to.for_header());
        builder = builder.header(header::ReplyTo::from(reply_to));
    }
    if let Some(answered) = mail.in_reply_to {
        builder = builder.in_reply_to(answered.0.clone());
    }
    if !mail.references.is_empty() {
        let from = mail.references.len().saturating_sub(REFERENCES_MAX);
        let ids: Vec<&str> = mail.references[from..].iter().map(MailId::as_str).collect();
        builder = builder.references(ids.join(" "));
    }
    let message = builder.multipart(
        // The same boundary in every try, so that a mail is the same bytes; nobody can write it
        // into a text beforehand, since the id did not exist then.
        MultiPart::alternative()
            .boundary(format!("=_{}", mail.id.as_str()))
            .singlepart(SinglePart::plain(mail.letter.text.clone()))
            .singlepart(SinglePart::html(mail.letter.html.clone())),
    )?;
    let (id, from) = (mail.id.clone(), sender.from.address.clone());
    Ok(Composed { id, from, to, bytes: message.formatted() })
}

fn mailboxes<'a>(addresses: impl IntoIterator<Item = &'a Address>) -> Mailboxes {
    let mailbox = |address| lettre::message::Mailbox::new(None, for_lettre(address));
    addresses.into_iter().map(mailbox).collect()
}

/// Our address is checked more strictly than the library would, so it is not asked again.
fn for_lettre(address: &Address) -> lettre::Address {
    lettre::Address::new_dangerous(address.local(), address.host())
}

fn plain_header(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

/// Where mail goes.
#[derive(Debug)]
pub enum Transport {
    /// To a server.
    Smtp(Box<Smtp>),
    /// Into files.
    Folder(Folder),
    /// Nowhere: each mail is given up with a note.
    Off,
}

/// How sending one mail ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// Some have it, or all.
    Taken(Taken),
    /// Nobody has it and trying again can help.
    NotNow {
        /// One line.
        why: String,
    },
    /// Nobody has it and nobody ever will.
    Never {
        /// One line.
        why: String,
    },
}

/// A mail that was taken for at least one recipient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Taken {
    /// What the server said.
    pub said: String,
    /// Whom the server will never take mail for, and why.
    pub refused: Vec<(Address, String)>,
    /// Whom it would not take it for now, and why.
    pub later: Vec<(Address, String)>,
}

impl Transport {
    /// Its name in the log.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Smtp(_) => "smtp",
            Self::Folder(_) => "folder",
            Self::Off => "off",
        }
    }

    /// Sends one mail.
    pub async fn send(&self, mail: &Composed) -> Sent {
        match self {
            Self::Smtp(smtp) => smtp.send(mail).await,
            Self::Folder(folder) => match folder.keep(mail).await {
                Ok(()) => Sent::Taken(Taken { said: "written".to_owned(), ..Taken::default() }),
                Err(why) => Sent::NotNow { why: format!("writing the mail: {why}") },
            },
            Self::Off => Sent::Never { why: "mail is switched off".to_owned() },
        }
    }
}

#[cfg(test)]
mod tests;
