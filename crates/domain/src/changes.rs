//! What a decision changes, as a value: it prints, compares, and is written by one door.

use crate::account::{ApiKey, Endpoint, Login, RefreshToken, Tenant, Token};
use crate::admin::{AdminChange, Kind};
use crate::audit::{Heads, SignedSeal};
use crate::case::{Case, Link, Stage};
use crate::chain::{Content, Digest, Head, Note, SALT_BYTES};
use crate::evidence::{Evidence, ScanState};
use crate::ids::{CaseId, EndpointId, EvidenceId, JobId, MessageId};
use crate::job::{JobChange, JobState};
use crate::message::Message;
use crate::payment::{Payment, PaymentStatus, RowEffect, RowRefusal};
use crate::scope::Scope;
use crate::time::Instant;

/// One change.
#[derive(Clone, PartialEq, Eq)]
pub enum Change {
    /// A new case; refused when the payment has an open one by then.
    CaseOpened(Box<Case>),
    /// A case in its new state; `version` is one more than the stored one.
    CaseMoved(Box<Case>),
    /// A case that stays; refused when it is not at this version any more.
    CaseHeld {
        /// The case.
        case: CaseId,
        /// The version at which it was looked at.
        version: i64,
    },
    /// Two cases are tied.
    Linked(Link),
    /// Two cases are tied no longer.
    Unlinked(Link),
    /// A case was made of another system's; refused when that was done before.
    CaseImported {
        /// The other system.
        source: String,
        /// The case's id there.
        external_id: String,
        /// The case here.
        case: CaseId,
    },
    /// A note in a case's history.
    Noted {
        /// The note.
        note: Note,
        /// What stands beside it.
        content: Option<KeptContent>,
    },
    /// A case's history grew by a note that changes nothing else of it: its version stays.
    CaseNoted {
        /// The case.
        case: CaseId,
        /// The last link before.
        was: Head,
        /// The last link now.
        is: Head,
    },
    /// A file was kept. Its bytes are durable in the storage already.
    EvidenceKept(Box<Evidence>),
    /// A file that belonged to no case now belongs to one.
    EvidenceAttached {
        /// The file.
        id: EvidenceId,
        /// The case.
        case: CaseId,
    },
    /// A scanner looked at a file that was held.
    EvidenceScanned {
        /// The file.
        id: EvidenceId,
        /// What came of it.
        state: ScanState,
        /// What was found; empty when nothing.
        finding: String,
    },
    /// A message to the outside.
    Queued(Message),
    /// A message that calls nobody: it is kept as ended, and no sweep has to look at it.
    QueuedEnded {
        /// The message.
        message: Message,
        /// Why a mail is not sent; nothing for an event that nobody listens for.
        why: Option<&'static str>,
    },
    /// A payment that was unknown.
    PaymentNew(Box<Payment>),
    /// A payment's status moves.
    PaymentMoved {
        /// Which.
        refid: String,
        /// What the stored row must still say.
        from_status_at: Instant,
        /// The new status.
        status: PaymentStatus,
        /// Since when.
        status_at: Instant,
    },
    /// A new tenant.
    TenantNew(Tenant),
    /// A new signing key.
    KeyNew(ApiKey),
    /// A signing key ends.
    KeyRevoked {
        /// Which.
        id: String,
    },
    /// A new bearer token.
    TokenNew(Token),
    /// A bearer token ends.
    TokenRevoked {
        /// Its digest.
        digest: Digest,
    },
    /// A new login.
    LoginNew(Login),
    /// A password was set anew: its refresh tokens end with the old one.
    PasswordSet {
        /// Whose.
        username: String,
        /// The hash of the new password.
        password: String,
    },
    /// A new refresh token.
    RefreshNew(RefreshToken),
    /// A refresh token was used up.
    RefreshUsed {
        /// Its digest.
        digest: Digest,
    },
    /// A new webhook endpoint.
    EndpointNew(Endpoint),
    /// A webhook endpoint is switched off.
    EndpointDisabled {
        /// Which.
        id: EndpointId,
    },
    /// A key outside the database was changed: a secret is sealed with the new one.
    Resealed {
        /// Where the secret stands.
        place: SecretPlace,
        /// The sealed bytes that stood there.
        was: Vec<u8>,
        /// The sealed bytes that stand there now.
        is: Vec<u8>,
    },
    /// Something of an account's administration.
    Admin(Box<AdminChange>),
    /// A job began, went on, or ended.
    Job(JobChange),
    /// A message was sent, was put off, or was given up.
    Tried(Try),
    /// A claimed message was not tried after all and may be claimed again from then on.
    Released {
        /// The message.
        message: MessageId,
        /// The lease it was claimed with.
        leased_until: Instant,
        /// When.
        due: Instant,
    },
    /// An event became one delivery for each endpoint.
    Spread {
        /// The event's message.
        parent: MessageId,
        /// The lease it was claimed with.
        leased_until: Instant,
        /// The deliveries.
        deliveries: Vec<Delivery>,
    },
    /// A subject used one of what it may send until `ends_at`.
    QuotaUsed {
        /// Digest of an address or key.
        subject: Digest,
        /// End of the window.
        ends_at: Instant,
        /// How many it may send in it.
        most: i64,
    },
    /// Heads of histories were sealed.
    Sealed {
        /// The seal.
        seal: SignedSeal,
        /// What it covers.
        heads: Heads,
    },
    /// What was committed got numbers, in whose order it leaves by export.
    FeedNumbered {
        /// The last numbers before.
        was: FeedNumbers,
        /// Rows of committed payments, in the order of their numbers.
        payments: Vec<String>,
        /// Events, in the order of their numbers.
        events: Vec<(Scope, MessageId)>,
        /// The last seal that was followed wholly.
        sealed: i64,
    },
    /// A case leaves the search index until it changes again: for erasing what it holds.
    SearchForgotten {
        /// Which.
        case: CaseId,
    },
    /// Nonces of signed reads, written after they were spent.
    NoncesSpent(Vec<Nonce>),
    /// Whole minutes of nonces end.
    NoncesDropped {
        /// The first minute that is kept.
        before_minute: i64,
    },
    /// What was kept for repeated requests, and quota windows, end.
    MemoryDropped {
        /// Everything older than this.
        before: Instant,
    },
}

/// The last numbers given to what leaves by export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeedNumbers {
    /// Of commits with payments.
    pub payments: i64,
    /// Of events.
    pub events: i64,
    /// The last seal followed for events.
    pub sealed: i64,
}

/// Where a sealed secret stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretPlace {
    /// A signing key.
    Key(String),
    /// A webhook endpoint.
    Endpoint(EndpointId),
    /// The secret that a webhook endpoint had before.
    EndpointBefore(EndpointId),
    /// The content of a note.
    Note {
        /// The case.
        case: CaseId,
        /// The note's number.
        seq: i64,
    },
}

/// One try at sending a message, under a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Try {
    /// The message.
    pub message: MessageId,
    /// The lease it was claimed with: another one's lease is not ours to end.
    pub leased_until: Instant,
    /// Number of the try, from 1.
    pub number: i64,
    /// How it ended.
    pub end: TryEnd,
    /// What the receiver said, shortened; nothing secret.
    pub detail: String,
}

/// How a try ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TryEnd {
    /// The receiver has it.
    Done,
    /// It did not work; the next try is due then.
    Again {
        /// When.
        due: Instant,
    },
    /// It will not work.
    GivenUp,
}

/// One delivery of an event to one endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Its own id in the outbox; the receiver sees the event's.
    pub id: MessageId,
    /// Whose.
    pub scope: Scope,
    /// The case.
    pub case: CaseId,
    /// The endpoint.
    pub endpoint: EndpointId,
    /// The exact body, the same through every try.
    pub body: String,
}

/// Content as it is kept: plain, or sealed with the key outside the database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeptContent {
    /// Readable in the database.
    Plain(Content),
    /// Readable with the key only.
    Sealed {
        /// The salt of its digest.
        salt: [u8; SALT_BYTES],
        /// The sealed text.
        bytes: Vec<u8>,
    },
}

/// A nonce as it is kept: by the minute of its signed time, and as a digest over key and nonce.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Nonce {
    /// Whole minutes since 1970.
    pub minute: i64,
    /// First half of the SHA-256 of key and nonce.
    pub digest: [u8; 16],
}

/// What an idempotency key remembers: the outcome, which any dialect can say in its own words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Saved {
    /// The key, with the credential that used it before it.
    pub key: String,
    /// Digest of the command it was used for.
    pub digest: Digest,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A case was opened.
    Reported {
        /// The case.
        case: CaseId,
        /// The payment's reference by the caller.
        refid: String,
    },
    /// A case was acted on.
    Acted {
        /// The case.
        case: CaseId,
        /// Its version now.
        version: i64,
        /// Where it stands now.
        stage: Stage,
    },
    /// Payments were brought in.
    Imported {
        /// What came of each row, in order.
        rows: Vec<Result<RowEffect, RowRefusal>>,
    },
    /// Something was made or changed by an administrator.
    Managed {
        /// What.
        kind: Kind,
        /// Its id or name.
        id: String,
        /// Its version now, where it has one.
        version: Option<i64>,
    },
    /// A job was asked for, or stopped.
    Job {
        /// The job.
        job: JobId,
        /// How many cases it has.
        total: i64,
        /// How far it was then.
        state: JobState,
    },
    /// A case was split.
    Split {
        /// The case.
        case: CaseId,
        /// Its version now.
        version: i64,
        /// Where it stands now.
        stage: Stage,
        /// The new case.
        part: CaseId,
    },
}

/// Everything one command changes: written wholly or not at all.
#[derive(Clone, PartialEq, Eq)]
pub struct Changes {
    /// Whose data.
    pub scope: Scope,
    /// When.
    pub at: Instant,
    /// What.
    pub list: Vec<Change>,
    /// The nonce that is spent with it.
    pub nonce: Option<Nonce>,
    /// The idempotency key that is used with it.
    pub saved: Option<Saved>,
}

impl Changes {
    /// No change yet.
    pub const fn none(scope: Scope, at: Instant) -> Self {
        Self { scope, at, list: Vec::new(), nonce: None, saved: None }
    }
}
