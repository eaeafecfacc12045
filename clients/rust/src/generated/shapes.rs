//! The shapes of the API. Made from contracts/native/openapi.json by `cargo xtask client rust`: edit nothing here.

use serde::{Deserialize, Serialize};

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AcceptInvitation {
    /// The password.
    pub password: String,
    /// The `secret` of the invitation.
    pub token: String,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AcceptedInvitation {
    /// The address, which is the member's name in every history.
    pub email: String,
    /// The member's id.
    pub member: String,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ActedStage {
    /// `received`
    #[serde(rename = "received")]
    Received,
    /// `open`
    #[serde(rename = "open")]
    Open,
    /// `waiting`
    #[serde(rename = "waiting")]
    Waiting,
    /// `resolved`
    #[serde(rename = "resolved")]
    Resolved,
    /// `closed`
    #[serde(rename = "closed")]
    Closed,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// Where the case stands after the act.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Acted {
    /// As its name says.
    pub fact: Option<String>,
    /// As its name says.
    pub id: String,
    /// The new case, for a split.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<String>,
    /// As its name says.
    pub stage: ActedStage,
    /// As its name says.
    pub version: i64,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum AskJobAct {
    /// `start`
    #[serde(rename = "start")]
    Start,
    /// `wait`
    #[serde(rename = "wait")]
    Wait,
    /// `resume`
    #[serde(rename = "resume")]
    Resume,
    /// `comment`
    #[serde(rename = "comment")]
    Comment,
    /// `assign`
    #[serde(rename = "assign")]
    Assign,
    /// `resolve`
    #[serde(rename = "resolve")]
    Resolve,
    /// `close`
    #[serde(rename = "close")]
    Close,
    /// `reopen`
    #[serde(rename = "reopen")]
    Reopen,
    /// `propose`
    #[serde(rename = "propose")]
    Propose,
    /// `approve`
    #[serde(rename = "approve")]
    Approve,
    /// `decline`
    #[serde(rename = "decline")]
    Decline,
    /// `take`
    #[serde(rename = "take")]
    Take,
    /// `link`
    #[serde(rename = "link")]
    Link,
    /// `unlink`
    #[serde(rename = "unlink")]
    Unlink,
    /// `merge`
    #[serde(rename = "merge")]
    Merge,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// Cases or a filter, and not both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AskJob {
    /// As its name says.
    pub act: AskJobAct,
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cases: Option<Vec<String>>,
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub filter: Option<CaseFilter>,
    /// What the act's own route takes as its body.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub with: Option<serde_json::Value>,
}

/// A queue, a person, or both.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Assign {
    /// Empty takes it from whoever has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<String>,
    /// Empty puts it back into intake.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// What was written with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
}

/// What giving files to a case came to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Attached {
    /// The case.
    pub case: String,
    /// The files that were taken, in their order.
    pub evidence: Vec<Evidence>,
    /// The case's version now.
    pub version: i64,
}

/// How it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CaseChannel {
    /// `app`
    #[serde(rename = "app")]
    App,
    /// `web`
    #[serde(rename = "web")]
    Web,
    /// `phone`
    #[serde(rename = "phone")]
    Phone,
    /// `walk-in`
    #[serde(rename = "walk-in")]
    WalkIn,
    /// `letter`
    #[serde(rename = "letter")]
    Letter,
    /// `email`
    #[serde(rename = "email")]
    Email,
    /// `social`
    #[serde(rename = "social")]
    Social,
    /// `network`
    #[serde(rename = "network")]
    Network,
    /// `regulator`
    #[serde(rename = "regulator")]
    Regulator,
    /// `import`
    #[serde(rename = "import")]
    Import,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// The outcome; it stays when the case is closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CaseOutcome {
    /// `upheld`
    #[serde(rename = "upheld")]
    Upheld,
    /// `partly-upheld`
    #[serde(rename = "partly-upheld")]
    PartlyUpheld,
    /// `rejected`
    #[serde(rename = "rejected")]
    Rejected,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CaseProposalRemedy {
    /// `refund`
    #[serde(rename = "refund")]
    Refund,
    /// `resend`
    #[serde(rename = "resend")]
    Resend,
    /// `compensation`
    #[serde(rename = "compensation")]
    Compensation,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseProposal {
    /// As its name says.
    pub by: String,
    /// As its name says.
    pub remedy: CaseProposalRemedy,
}

/// Where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CaseStage {
    /// `received`
    #[serde(rename = "received")]
    Received,
    /// `open`
    #[serde(rename = "open")]
    Open,
    /// `waiting`
    #[serde(rename = "waiting")]
    Waiting,
    /// `resolved`
    #[serde(rename = "resolved")]
    Resolved,
    /// `closed`
    #[serde(rename = "closed")]
    Closed,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// A case, asked for by itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Case {
    /// Whom to tell: the first is To, the rest Cc. Empty without `read-personal`.
    pub addresses: Vec<String>,
    /// Who has it.
    pub assignee: Option<String>,
    /// How it came.
    pub channel: CaseChannel,
    /// Your own reference of the customer. Null without `read-personal`.
    pub customer: Option<String>,
    /// The earlier, closed case about the same transaction.
    pub earlier: Option<String>,
    /// Of a waiting case for whom, of a resolved one how, of a closed one why.
    pub fact: Option<String>,
    /// Its id.
    pub id: String,
    /// The language the customer wants, a BCP 47 tag.
    pub language: Option<String>,
    /// The case that goes on, when this one was merged.
    pub merged_into: Option<String>,
    /// When it was opened.
    pub opened_at: String,
    /// The outcome; it stays when the case is closed.
    pub outcome: Option<CaseOutcome>,
    /// What waits for a second person.
    pub proposal: Option<CaseProposal>,
    /// Where it waits for somebody.
    pub queue: String,
    /// When it was received: what the law's clocks count from.
    pub received_at: String,
    /// The transaction it is about; null for none.
    pub refid: Option<String>,
    /// Where it stands.
    pub stage: CaseStage,
    /// Since when.
    pub stage_at: String,
    /// Who took it from the customer; null for an app's report.
    pub taken_by: Option<String>,
    /// The credential it came through.
    pub through: String,
    /// The transaction it is about; null also for whoever may not read transactions.
    pub transaction: Option<Transaction>,
    /// Counts the changes; the ETag in quotes.
    pub version: i64,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CaseEventDataEnvironment {
    /// `production`
    #[serde(rename = "production")]
    Production,
    /// `staging`
    #[serde(rename = "staging")]
    Staging,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// Where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CaseEventDataStage {
    /// `received`
    #[serde(rename = "received")]
    Received,
    /// `open`
    #[serde(rename = "open")]
    Open,
    /// `waiting`
    #[serde(rename = "waiting")]
    Waiting,
    /// `resolved`
    #[serde(rename = "resolved")]
    Resolved,
    /// `closed`
    #[serde(rename = "closed")]
    Closed,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseEventData {
    /// The case.
    pub case: String,
    /// What the stage waits for, came to, or ended by.
    pub detail: Option<String>,
    /// As its name says.
    pub environment: CaseEventDataEnvironment,
    /// The payment's reference by you; null in a case about no payment.
    pub refid: Option<String>,
    /// Where it stands.
    pub stage: CaseEventDataStage,
    /// The payment's reference by the payment system; null where there is none.
    pub trxid: Option<String>,
    /// Counts the case's changes.
    pub version: i64,
}

/// What happened.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CaseEventType {
    /// `case.opened`
    #[serde(rename = "case.opened")]
    CaseOpened,
    /// `case.moved`
    #[serde(rename = "case.moved")]
    CaseMoved,
    /// `case.resolved`
    #[serde(rename = "case.resolved")]
    CaseResolved,
    /// `case.closed`
    #[serde(rename = "case.closed")]
    CaseClosed,
    /// `case.reopened`
    #[serde(rename = "case.reopened")]
    CaseReopened,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// An event of a case. Nothing personal stands in it. New fields may come; a field never changes
/// its meaning.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseEvent {
    /// As its name says.
    pub data: CaseEventData,
    /// When it was caused.
    pub timestamp: String,
    /// What happened.
    pub r#type: CaseEventType,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CaseFilterChannel {
    /// `app`
    #[serde(rename = "app")]
    App,
    /// `web`
    #[serde(rename = "web")]
    Web,
    /// `phone`
    #[serde(rename = "phone")]
    Phone,
    /// `walk-in`
    #[serde(rename = "walk-in")]
    WalkIn,
    /// `letter`
    #[serde(rename = "letter")]
    Letter,
    /// `email`
    #[serde(rename = "email")]
    Email,
    /// `social`
    #[serde(rename = "social")]
    Social,
    /// `network`
    #[serde(rename = "network")]
    Network,
    /// `regulator`
    #[serde(rename = "regulator")]
    Regulator,
    /// `import`
    #[serde(rename = "import")]
    Import,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CaseFilterOutcome {
    /// `upheld`
    #[serde(rename = "upheld")]
    Upheld,
    /// `partly-upheld`
    #[serde(rename = "partly-upheld")]
    PartlyUpheld,
    /// `rejected`
    #[serde(rename = "rejected")]
    Rejected,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CaseFilterStage {
    /// `received`
    #[serde(rename = "received")]
    Received,
    /// `open`
    #[serde(rename = "open")]
    Open,
    /// `waiting`
    #[serde(rename = "waiting")]
    Waiting,
    /// `resolved`
    #[serde(rename = "resolved")]
    Resolved,
    /// `closed`
    #[serde(rename = "closed")]
    Closed,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CaseFilterWaitingOn {
    /// `customer`
    #[serde(rename = "customer")]
    Customer,
    /// `provider`
    #[serde(rename = "provider")]
    Provider,
    /// `network`
    #[serde(rename = "network")]
    Network,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As the list of cases has it. An empty one is refused.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct CaseFilter {
    /// `me` for whoever asks, `none` for nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub assignee: Option<String>,
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<CaseFilterChannel>,
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_from: Option<String>,
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_to: Option<String>,
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<CaseFilterOutcome>,
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queue: Option<String>,
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_from: Option<String>,
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_to: Option<String>,
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stage: Option<CaseFilterStage>,
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_on: Option<CaseFilterWaitingOn>,
}

/// What the other case is to this one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CaseLinkKind {
    /// `related`
    #[serde(rename = "related")]
    Related,
    /// `duplicate-of`
    #[serde(rename = "duplicate-of")]
    DuplicateOf,
    /// `has-duplicate`
    #[serde(rename = "has-duplicate")]
    HasDuplicate,
    /// `split-from`
    #[serde(rename = "split-from")]
    SplitFrom,
    /// `split-into`
    #[serde(rename = "split-into")]
    SplitInto,
    /// `parent`
    #[serde(rename = "parent")]
    Parent,
    /// `child`
    #[serde(rename = "child")]
    Child,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct CaseLink {
    /// As its name says.
    pub at: String,
    /// As its name says.
    pub case: String,
    /// What the other case is to this one.
    pub kind: CaseLinkKind,
}

/// A page of cases.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Cases {
    /// As its name says.
    pub cases: Vec<ListedCase>,
    /// The cursor of the next page, when there is one.
    pub next: Option<String>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum CloseReason {
    /// `settled`
    #[serde(rename = "settled")]
    Settled,
    /// `withdrawn`
    #[serde(rename = "withdrawn")]
    Withdrawn,
    /// `duplicate`
    #[serde(rename = "duplicate")]
    Duplicate,
    /// `opened-in-error`
    #[serde(rename = "opened-in-error")]
    OpenedInError,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// What an act needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Close {
    /// As its name says.
    pub reason: CloseReason,
    /// What was written with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
}

/// What an act needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Comment {
    /// What was written with it.
    pub says: String,
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to_customer: Option<bool>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Deliveries {
    /// As its name says.
    pub deliveries: Vec<Delivery>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DeliveryState {
    /// `waits`
    #[serde(rename = "waits")]
    Waits,
    /// `done`
    #[serde(rename = "done")]
    Done,
    /// `given-up`
    #[serde(rename = "given-up")]
    GivenUp,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DeliveryTrieResult {
    /// `done`
    #[serde(rename = "done")]
    Done,
    /// `again`
    #[serde(rename = "again")]
    Again,
    /// `given-up`
    #[serde(rename = "given-up")]
    GivenUp,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct DeliveryTrie {
    /// As its name says.
    pub at: String,
    /// As its name says.
    pub detail: String,
    /// As its name says.
    pub number: i64,
    /// As its name says.
    pub result: DeliveryTrieResult,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// As its name says.
    pub at: String,
    /// As its name says.
    pub event: Option<String>,
    /// As its name says.
    pub id: String,
    /// As its name says.
    pub next_try_at: Option<String>,
    /// As its name says.
    pub state: DeliveryState,
    /// As its name says.
    pub tries: Vec<DeliveryTrie>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Until then the secret before signs too.
    pub both_secrets_until: Option<String>,
    /// As its name says.
    pub created_at: String,
    /// As its name says.
    pub disabled_at: Option<String>,
    /// As its name says.
    pub id: String,
    /// As its name says.
    pub url: String,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EndpointAdd {
    /// `whsec_` and the Base64 of 24 to 64 bytes. Leave it out for a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
    /// As its name says.
    pub url: String,
}

/// As its name says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct EndpointRotate {
    /// How long both work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<i64>,
    /// `whsec_` and the Base64 of 24 to 64 bytes. Leave it out for a new one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret: Option<String>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Endpoints {
    /// As its name says.
    pub endpoints: Vec<Endpoint>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EnvironmentName {
    /// `staging`
    #[serde(rename = "staging")]
    Staging,
    /// `production`
    #[serde(rename = "production")]
    Production,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Environment {
    /// Where its credentials work; null when they work under any name.
    pub hosts: Option<Vec<String>>,
    /// As its name says.
    pub name: EnvironmentName,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Environments {
    /// As its name says.
    pub environments: Vec<Environment>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EvidenceFlag {
    /// `javascript`
    #[serde(rename = "javascript")]
    Javascript,
    /// `launch`
    #[serde(rename = "launch")]
    Launch,
    /// `embedded-file`
    #[serde(rename = "embedded-file")]
    EmbeddedFile,
    /// `open-action`
    #[serde(rename = "open-action")]
    OpenAction,
    /// `active-content`
    #[serde(rename = "active-content")]
    ActiveContent,
    /// `encrypted`
    #[serde(rename = "encrypted")]
    Encrypted,
    /// `compressed-parts-not-inspected`
    #[serde(rename = "compressed-parts-not-inspected")]
    CompressedPartsNotInspected,
    /// `cut-off`
    #[serde(rename = "cut-off")]
    CutOff,
    /// `more-after-the-end`
    #[serde(rename = "more-after-the-end")]
    MoreAfterTheEnd,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// What it is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EvidenceKind {
    /// `png`
    #[serde(rename = "png")]
    Png,
    /// `jpeg`
    #[serde(rename = "jpeg")]
    Jpeg,
    /// `pdf`
    #[serde(rename = "pdf")]
    Pdf,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// How far a scanner looked at it; held and infected files are given to nobody.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum EvidenceState {
    /// `unscanned`
    #[serde(rename = "unscanned")]
    Unscanned,
    /// `clean`
    #[serde(rename = "clean")]
    Clean,
    /// `held`
    #[serde(rename = "held")]
    Held,
    /// `infected`
    #[serde(rename = "infected")]
    Infected,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// A file, without its bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Evidence {
    /// The case; null for a file that belongs to none.
    pub case: Option<String>,
    /// When it came.
    pub created_at: String,
    /// What the scanner calls what it found.
    pub finding: Option<String>,
    /// What to know before opening it. Compressed parts of a PDF are not looked into.
    pub flags: Vec<EvidenceFlag>,
    /// Its id.
    pub id: String,
    /// What it is.
    pub kind: EvidenceKind,
    /// The type it is served with.
    pub media_type: String,
    /// The sender's name, cleaned; at most 255 bytes.
    pub name: String,
    /// Of its bytes, in hexadecimal.
    pub sha256: String,
    /// Bytes.
    pub size: i64,
    /// How far a scanner looked at it; held and infected files are given to nobody.
    pub state: EvidenceState,
    /// Who brought it; null without the right `read-internal`.
    pub uploaded_by: Option<String>,
}

/// The files of a case.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EvidenceList {
    /// The case.
    pub case: String,
    /// Oldest first.
    pub evidence: Vec<Evidence>,
}

/// A page of rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExportCases {
    /// Whether there is more already.
    pub more: bool,
    /// The cursor behind the rows: ask with it again, now or later.
    pub next: String,
    /// As its name says.
    pub rows: Vec<ExportedCase>,
}

/// A page of rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExportEvents {
    /// Whether there is more already.
    pub more: bool,
    /// The cursor behind the rows: ask with it again, now or later.
    pub next: String,
    /// As its name says.
    pub rows: Vec<ExportedEvent>,
}

/// A page of rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExportTransactions {
    /// Whether there is more already.
    pub more: bool,
    /// The cursor behind the rows: ask with it again, now or later.
    pub next: String,
    /// As its name says.
    pub rows: Vec<ExportedTransaction>,
}

/// One thing that was done in a case, with the case as it is now.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExportedCase {
    /// As its name says.
    pub act: String,
    /// As its name says.
    pub actor: String,
    /// As its name says.
    pub assignee: Option<String>,
    /// As its name says.
    pub at: String,
    /// As its name says.
    pub case: String,
    /// Of `open`: how it came.
    pub channel: Option<String>,
    /// Of `import`: its id there.
    pub external_id: Option<String>,
    /// One word; what else the act says stands in the last fields.
    pub fact: Option<String>,
    /// Of `assign`: to whom it was given; null also where it was taken from whoever had it.
    pub given_person: Option<String>,
    /// Of `assign`: the queue it was given to.
    pub given_queue: Option<String>,
    /// Of `open`: the customer's language, where it is known.
    pub language: Option<String>,
    /// As its name says.
    pub opened_at: String,
    /// The other case.
    pub other_case: Option<String>,
    /// As its name says.
    pub queue: String,
    /// Of `open`: when it was received.
    pub received_at: Option<String>,
    /// Null where the case is about no transaction.
    pub refid: Option<String>,
    /// Of `link`, `unlink`, `merge`, `absorb` and `split`: what `other_case` is to this one.
    pub relation: Option<String>,
    /// Its number in the case's history.
    pub seq: i64,
    /// Of `import`: the system it was taken over from.
    pub source: Option<String>,
    /// As its name says.
    pub stage: String,
    /// As its name says.
    pub stage_at: String,
    /// As its name says.
    pub stage_fact: Option<String>,
    /// As its name says.
    pub through: String,
    /// As its name says.
    pub version: i64,
}

/// One event, as webhooks are told it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExportedEvent {
    /// As its name says.
    pub at: String,
    /// As its name says.
    pub case: String,
    /// As its name says.
    pub fact: Option<String>,
    /// As its name says.
    pub id: String,
    /// Null where the case is about no transaction.
    pub refid: Option<String>,
    /// As its name says.
    pub stage: String,
    /// The same by the payment system, where it is known.
    pub trxid: Option<String>,
    /// As its name says.
    pub r#type: String,
    /// As its name says.
    pub version: i64,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ExportedTransactionChange {
    /// `new`
    #[serde(rename = "new")]
    New,
    /// `moved`
    #[serde(rename = "moved")]
    Moved,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// One change of a payment: it was new, or its status moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ExportedTransaction {
    /// The account or number that was paid. Null without `read-personal`.
    pub account: Option<String>,
    /// As its name says.
    pub amount_minor: i64,
    /// As its name says.
    pub change: ExportedTransactionChange,
    /// As its name says.
    pub created_at: String,
    /// As its name says.
    pub currency: String,
    /// Your reference of the payer. Null without `read-personal`.
    pub payer_ref: Option<String>,
    /// As its name says.
    pub product: String,
    /// As its name says.
    pub provider: Option<String>,
    /// As its name says.
    pub refid: String,
    /// The status it got with this change.
    pub status: String,
    /// As its name says.
    pub status_at: String,
    /// As its name says.
    pub trxid: Option<String>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct History {
    /// As its name says.
    pub history: Vec<HistoryEntry>,
    /// The cursor of the next page.
    pub next: Option<String>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntryChange {
    /// As its name says.
    pub after: Option<String>,
    /// As its name says.
    pub before: Option<String>,
    /// As its name says.
    pub field: String,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HistoryEntry {
    /// As its name says.
    pub act: String,
    /// As its name says.
    pub at: String,
    /// As its name says.
    pub by: String,
    /// As its name says.
    pub changes: Vec<HistoryEntryChange>,
    /// As its name says.
    pub credential: Option<String>,
    /// As its name says.
    pub number: i64,
    /// As its name says.
    pub subject: String,
}

/// 1 to 1,000 rows.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Import {
    /// As its name says.
    pub transactions: Vec<TransactionRow>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ImportResultResultResult {
    /// `new`
    #[serde(rename = "new")]
    New,
    /// `unchanged`
    #[serde(rename = "unchanged")]
    Unchanged,
    /// `moved`
    #[serde(rename = "moved")]
    Moved,
    /// `rejected`
    #[serde(rename = "rejected")]
    Rejected,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportResultResult {
    /// Why it was rejected, with the column to blame first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// As its name says.
    pub refid: String,
    /// As its name says.
    pub result: ImportResultResultResult,
}

/// What came of each row, and how many of each kind.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ImportResult {
    /// As its name says.
    pub moved: i64,
    /// As its name says.
    pub new: i64,
    /// As its name says.
    pub rejected: i64,
    /// One for each row, in order.
    pub results: Vec<ImportResultResult>,
    /// As its name says.
    pub unchanged: i64,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum JobAct {
    /// `start`
    #[serde(rename = "start")]
    Start,
    /// `wait`
    #[serde(rename = "wait")]
    Wait,
    /// `resume`
    #[serde(rename = "resume")]
    Resume,
    /// `comment`
    #[serde(rename = "comment")]
    Comment,
    /// `assign`
    #[serde(rename = "assign")]
    Assign,
    /// `resolve`
    #[serde(rename = "resolve")]
    Resolve,
    /// `close`
    #[serde(rename = "close")]
    Close,
    /// `reopen`
    #[serde(rename = "reopen")]
    Reopen,
    /// `propose`
    #[serde(rename = "propose")]
    Propose,
    /// `approve`
    #[serde(rename = "approve")]
    Approve,
    /// `decline`
    #[serde(rename = "decline")]
    Decline,
    /// `take`
    #[serde(rename = "take")]
    Take,
    /// `link`
    #[serde(rename = "link")]
    Link,
    /// `unlink`
    #[serde(rename = "unlink")]
    Unlink,
    /// `merge`
    #[serde(rename = "merge")]
    Merge,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum JobState {
    /// `running`
    #[serde(rename = "running")]
    Running,
    /// `done`
    #[serde(rename = "done")]
    Done,
    /// `cancelled`
    #[serde(rename = "cancelled")]
    Cancelled,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// As its name says.
    pub act: JobAct,
    /// As its name says.
    pub by: String,
    /// Who stopped it; null for one that was not stopped, and for one that was stopped before
    /// this was kept.
    pub cancelled_by: Option<String>,
    /// As its name says.
    pub created_at: String,
    /// As its name says.
    pub done: i64,
    /// As its name says.
    pub ended_at: Option<String>,
    /// As its name says.
    pub id: String,
    /// As its name says.
    pub refused: i64,
    /// As its name says.
    pub state: JobState,
    /// As its name says.
    pub total: i64,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum JobAskedState {
    /// `running`
    #[serde(rename = "running")]
    Running,
    /// `done`
    #[serde(rename = "done")]
    Done,
    /// `cancelled`
    #[serde(rename = "cancelled")]
    Cancelled,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobAsked {
    /// As its name says.
    pub id: String,
    /// As its name says.
    pub state: JobAskedState,
    /// As its name says.
    pub total: i64,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum JobRowState {
    /// `waiting`
    #[serde(rename = "waiting")]
    Waiting,
    /// `done`
    #[serde(rename = "done")]
    Done,
    /// `refused`
    #[serde(rename = "refused")]
    Refused,
    /// `cancelled`
    #[serde(rename = "cancelled")]
    Cancelled,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobRow {
    /// As its name says.
    pub case: String,
    /// The code of the refusal.
    pub code: Option<String>,
    /// What the code means, for people.
    pub detail: Option<String>,
    /// As its name says.
    pub number: i64,
    /// As its name says.
    pub state: JobRowState,
    /// The case's version after it was done.
    pub version: Option<i64>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct JobRows {
    /// As its name says.
    pub job: Job,
    /// The cursor of the next page, when there is one.
    pub next: Option<String>,
    /// As its name says.
    pub rows: Vec<JobRow>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Jobs {
    /// As its name says.
    pub jobs: Vec<Job>,
    /// The cursor of the next page, when there is one.
    pub next: Option<String>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Key {
    /// As its name says.
    pub created_at: String,
    /// When another key took its place.
    pub expires_at: Option<String>,
    /// As its name says.
    pub id: String,
    /// As its name says.
    pub label: Option<String>,
    /// As its name says.
    pub revoked_at: Option<String>,
    /// As its name says.
    pub rights: Vec<Right>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum KeyAddRight {
    /// `report`
    #[serde(rename = "report")]
    Report,
    /// `read-status`
    #[serde(rename = "read-status")]
    ReadStatus,
    /// `read-payments`
    #[serde(rename = "read-payments")]
    ReadPayments,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KeyAdd {
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// What is left of a client's rights; all when it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rights: Option<Vec<KeyAddRight>>,
}

/// As its name says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct KeyRotate {
    /// How long both work.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<i64>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Keys {
    /// As its name says.
    pub keys: Vec<Key>,
}

/// What the other case is to this one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum LinkKind {
    /// `related`
    #[serde(rename = "related")]
    Related,
    /// `duplicate-of`
    #[serde(rename = "duplicate-of")]
    DuplicateOf,
    /// `has-duplicate`
    #[serde(rename = "has-duplicate")]
    HasDuplicate,
    /// `split-from`
    #[serde(rename = "split-from")]
    SplitFrom,
    /// `split-into`
    #[serde(rename = "split-into")]
    SplitInto,
    /// `parent`
    #[serde(rename = "parent")]
    Parent,
    /// `child`
    #[serde(rename = "child")]
    Child,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// The other case, and what it is to this one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Link {
    /// As its name says.
    pub case: String,
    /// What the other case is to this one.
    pub kind: LinkKind,
    /// What was written with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Links {
    /// Oldest first.
    pub links: Vec<CaseLink>,
}

/// How it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ListedCaseChannel {
    /// `app`
    #[serde(rename = "app")]
    App,
    /// `web`
    #[serde(rename = "web")]
    Web,
    /// `phone`
    #[serde(rename = "phone")]
    Phone,
    /// `walk-in`
    #[serde(rename = "walk-in")]
    WalkIn,
    /// `letter`
    #[serde(rename = "letter")]
    Letter,
    /// `email`
    #[serde(rename = "email")]
    Email,
    /// `social`
    #[serde(rename = "social")]
    Social,
    /// `network`
    #[serde(rename = "network")]
    Network,
    /// `regulator`
    #[serde(rename = "regulator")]
    Regulator,
    /// `import`
    #[serde(rename = "import")]
    Import,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// The outcome; it stays when the case is closed.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ListedCaseOutcome {
    /// `upheld`
    #[serde(rename = "upheld")]
    Upheld,
    /// `partly-upheld`
    #[serde(rename = "partly-upheld")]
    PartlyUpheld,
    /// `rejected`
    #[serde(rename = "rejected")]
    Rejected,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ListedCaseProposalRemedy {
    /// `refund`
    #[serde(rename = "refund")]
    Refund,
    /// `resend`
    #[serde(rename = "resend")]
    Resend,
    /// `compensation`
    #[serde(rename = "compensation")]
    Compensation,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListedCaseProposal {
    /// As its name says.
    pub by: String,
    /// As its name says.
    pub remedy: ListedCaseProposalRemedy,
}

/// Where it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ListedCaseStage {
    /// `received`
    #[serde(rename = "received")]
    Received,
    /// `open`
    #[serde(rename = "open")]
    Open,
    /// `waiting`
    #[serde(rename = "waiting")]
    Waiting,
    /// `resolved`
    #[serde(rename = "resolved")]
    Resolved,
    /// `closed`
    #[serde(rename = "closed")]
    Closed,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// A case as lists and searches say it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ListedCase {
    /// Whom to tell: the first is To, the rest Cc. Empty without `read-personal`.
    pub addresses: Vec<String>,
    /// Who has it.
    pub assignee: Option<String>,
    /// How it came.
    pub channel: ListedCaseChannel,
    /// Your own reference of the customer. Null without `read-personal`.
    pub customer: Option<String>,
    /// The earlier, closed case about the same transaction.
    pub earlier: Option<String>,
    /// Of a waiting case for whom, of a resolved one how, of a closed one why.
    pub fact: Option<String>,
    /// Its id.
    pub id: String,
    /// The language the customer wants, a BCP 47 tag.
    pub language: Option<String>,
    /// When it was opened.
    pub opened_at: String,
    /// The outcome; it stays when the case is closed.
    pub outcome: Option<ListedCaseOutcome>,
    /// What waits for a second person.
    pub proposal: Option<ListedCaseProposal>,
    /// Where it waits for somebody.
    pub queue: String,
    /// When it was received: what the law's clocks count from.
    pub received_at: String,
    /// The transaction it is about; null for none.
    pub refid: Option<String>,
    /// Where it stands.
    pub stage: ListedCaseStage,
    /// Since when.
    pub stage_at: String,
    /// Who took it from the customer; null for an app's report.
    pub taken_by: Option<String>,
    /// The credential it came through.
    pub through: String,
    /// Counts the changes; the ETag in quotes.
    pub version: i64,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Login {
    /// As its name says.
    pub changed_at: String,
    /// As its name says.
    pub created_at: String,
    /// As its name says.
    pub username: String,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LoginAdd {
    /// Leave it out, and a good one is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// As its name says.
    pub username: String,
}

/// As its name says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LoginPassword {
    /// Leave it out, and a good one is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Logins {
    /// As its name says.
    pub logins: Vec<Login>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ManagedKind {
    /// `tenant`
    #[serde(rename = "tenant")]
    Tenant,
    /// `member`
    #[serde(rename = "member")]
    Member,
    /// `key`
    #[serde(rename = "key")]
    Key,
    /// `token`
    #[serde(rename = "token")]
    Token,
    /// `login`
    #[serde(rename = "login")]
    Login,
    /// `endpoint`
    #[serde(rename = "endpoint")]
    Endpoint,
    /// `delivery`
    #[serde(rename = "delivery")]
    Delivery,
    /// `queue`
    #[serde(rename = "queue")]
    Queue,
    /// `team`
    #[serde(rename = "team")]
    Team,
    /// `setting`
    #[serde(rename = "setting")]
    Setting,
    /// `message`
    #[serde(rename = "message")]
    Message,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Managed {
    /// Its id or name.
    pub id: String,
    /// As its name says.
    pub kind: ManagedKind,
    /// Shown once, here. Nothing in the answer to a repeated request.
    pub secret: Option<String>,
    /// For If-Match, where it has one.
    pub version: Option<i64>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum MeEnvironment {
    /// `staging`
    #[serde(rename = "staging")]
    Staging,
    /// `production`
    #[serde(rename = "production")]
    Production,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Me {
    /// As its name says.
    pub account: Option<String>,
    /// The id of the token or key.
    pub credential: Option<String>,
    /// As its name says.
    pub environment: MeEnvironment,
    /// In every history.
    pub name: String,
    /// As its name says.
    pub rights: Vec<Right>,
    /// As its name says.
    pub role: Role,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Member {
    /// As its name says.
    pub created_at: String,
    /// As its name says.
    pub disabled_at: Option<String>,
    /// As its name says.
    pub email: String,
    /// As its name says.
    pub has_password: bool,
    /// As its name says.
    pub id: String,
    /// As its name says.
    pub name: String,
    /// As its name says.
    pub role: Role,
    /// As its name says.
    pub version: i64,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MemberAdd {
    /// As its name says.
    pub email: String,
    /// As its name says.
    pub name: String,
    /// As its name says.
    pub role: Role,
}

/// As its name says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemberChange {
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<Role>,
}

/// As its name says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct MemberPassword {
    /// Leave it out, and a good one is made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Members {
    /// As its name says.
    pub members: Vec<Member>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Merge {
    /// Tell this case's addresses about the other one from now on. That tells one person of
    /// another's case, unless both are the same person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carry_addresses: Option<bool>,
    /// The case that goes on.
    pub into: String,
    /// What was written with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct MessageSet {
    /// One line. {contact} stands for the support address; no other name in braces is known.
    pub text: String,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Messages {
    /// As its name says.
    pub messages: Vec<Value>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Money {
    /// Minor units: 1250 for RM 12.50.
    pub amount_minor: i64,
    /// ISO 4217.
    pub currency: String,
}

/// Of `open`: how it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum NoteEntryChannel {
    /// `app`
    #[serde(rename = "app")]
    App,
    /// `web`
    #[serde(rename = "web")]
    Web,
    /// `phone`
    #[serde(rename = "phone")]
    Phone,
    /// `walk-in`
    #[serde(rename = "walk-in")]
    WalkIn,
    /// `letter`
    #[serde(rename = "letter")]
    Letter,
    /// `email`
    #[serde(rename = "email")]
    Email,
    /// `social`
    #[serde(rename = "social")]
    Social,
    /// `network`
    #[serde(rename = "network")]
    Network,
    /// `regulator`
    #[serde(rename = "regulator")]
    Regulator,
    /// `import`
    #[serde(rename = "import")]
    Import,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum NoteEntryKind {
    /// `note`
    #[serde(rename = "note")]
    Note,
}

/// Of `link`, `unlink`, `merge`, `absorb` and `split`: what `case` is to this one.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum NoteEntryRelation {
    /// `related`
    #[serde(rename = "related")]
    Related,
    /// `duplicate-of`
    #[serde(rename = "duplicate-of")]
    DuplicateOf,
    /// `has-duplicate`
    #[serde(rename = "has-duplicate")]
    HasDuplicate,
    /// `split-from`
    #[serde(rename = "split-from")]
    SplitFrom,
    /// `split-into`
    #[serde(rename = "split-into")]
    SplitInto,
    /// `parent`
    #[serde(rename = "parent")]
    Parent,
    /// `child`
    #[serde(rename = "child")]
    Child,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// Something that was done.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct NoteEntry {
    /// An act of docs/case.md, or report, open, absorb, lapse or import.
    pub act: String,
    /// Who did it; `staff` for readers who may not know whom.
    pub actor: String,
    /// As its name says.
    pub at: String,
    /// The other case.
    pub case: Option<String>,
    /// As its name says.
    pub category: Option<String>,
    /// Of `open`: how it came.
    pub channel: Option<NoteEntryChannel>,
    /// Of `import`: its id there.
    pub external_id: Option<String>,
    /// Of a wait for whom, of a resolution how, of a closing why, and so on; one word. What else
    /// the act says stands in the fields below.
    pub fact: Option<String>,
    /// As its name says.
    pub kind: NoteEntryKind,
    /// Of `open`: the customer's language, where it is known.
    pub language: Option<String>,
    /// Of `assign`: to whom it was given; empty for nobody. Null where none was named, and where
    /// an older release did not write it.
    pub person: Option<String>,
    /// Of `assign`: the queue it was given to.
    pub queue: Option<String>,
    /// Of `open`: when it was received.
    pub received_at: Option<String>,
    /// Of `link`, `unlink`, `merge`, `absorb` and `split`: what `case` is to this one.
    pub relation: Option<NoteEntryRelation>,
    /// What was said with it; nothing where nothing was said or it was erased, and without
    /// `read-personal`.
    pub says: Option<String>,
    /// Whether a signed seal covers it.
    pub sealed: bool,
    /// Number in the history.
    pub seq: i64,
    /// Of `import`: the system it was taken over from.
    pub source: Option<String>,
}

/// As its name says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Nothing {
}

/// How it came.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum OpenCaseChannel {
    /// `web`
    #[serde(rename = "web")]
    Web,
    /// `phone`
    #[serde(rename = "phone")]
    Phone,
    /// `walk-in`
    #[serde(rename = "walk-in")]
    WalkIn,
    /// `letter`
    #[serde(rename = "letter")]
    Letter,
    /// `email`
    #[serde(rename = "email")]
    Email,
    /// `social`
    #[serde(rename = "social")]
    Social,
    /// `network`
    #[serde(rename = "network")]
    Network,
    /// `regulator`
    #[serde(rename = "regulator")]
    Regulator,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenCase {
    /// Whether a mail acknowledges it, when there are addresses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub acknowledge: Option<bool>,
    /// Whom to tell: the first is To, the rest Cc.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub addresses: Option<Vec<String>>,
    /// A word for what is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// How it came.
    pub channel: OpenCaseChannel,
    /// Your own reference of the customer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<String>,
    /// A language tag (BCP 47) in whatever capitals; it is kept in those that RFC 5646
    /// recommends, as `en-MY`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// When it was received, at most 366 days ago; now when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub received_at: Option<String>,
    /// The transaction it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refid: Option<String>,
    /// What the customer said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
    /// Who took it; whoever opens it when it is not said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub taken_by: Option<String>,
    /// The same by the payment system's reference; not together with refid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trxid: Option<String>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum OpenedCaseStage {
    /// `received`
    #[serde(rename = "received")]
    Received,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OpenedCase {
    /// As its name says.
    pub id: String,
    /// As its name says.
    pub refid: Option<String>,
    /// As its name says.
    pub stage: OpenedCaseStage,
    /// As its name says.
    pub version: i64,
}

/// Where the endpoint stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PingEventDataEnvironment {
    /// `production`
    #[serde(rename = "production")]
    Production,
    /// `staging`
    #[serde(rename = "staging")]
    Staging,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PingEventData {
    /// The endpoint that is tried.
    pub endpoint: String,
    /// Where the endpoint stands.
    pub environment: PingEventDataEnvironment,
}

/// That it is a trial.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum PingEventType {
    /// `ping`
    #[serde(rename = "ping")]
    Ping,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// An event that tries an endpoint.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct PingEvent {
    /// As its name says.
    pub data: PingEventData,
    /// When it was asked for.
    pub timestamp: String,
    /// That it is a trial.
    pub r#type: PingEventType,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProblemError {
    /// As its name says.
    pub field: String,
    /// As its name says.
    pub message: String,
}

/// RFC 9457.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Problem {
    /// The case that stands in the way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub case: Option<String>,
    /// Never changes its meaning.
    pub code: String,
    /// For people: this time.
    pub detail: String,
    /// What is wrong, field by field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub errors: Option<Vec<ProblemError>>,
    /// The HTTP status.
    pub status: i64,
    /// For people, the same for each code.
    pub title: String,
    /// /problems/ and the code.
    pub r#type: String,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ProposeRemedy {
    /// `refund`
    #[serde(rename = "refund")]
    Refund,
    /// `resend`
    #[serde(rename = "resend")]
    Resend,
    /// `compensation`
    #[serde(rename = "compensation")]
    Compensation,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// What an act needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Propose {
    /// As its name says.
    pub remedy: ProposeRemedy,
    /// What was written with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Queue {
    /// As its name says.
    pub created_at: Option<String>,
    /// As its name says.
    pub label: String,
    /// As its name says.
    pub name: String,
    /// As its name says.
    pub retired_at: Option<String>,
    /// As its name says.
    pub team: Option<String>,
    /// Nothing for `intake`, which is always there.
    pub version: Option<i64>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct QueueAdd {
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// As its name says.
    pub name: String,
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
}

/// As its name says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct QueueChange {
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// Empty for none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub team: Option<String>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Queues {
    /// As its name says.
    pub queues: Vec<Queue>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ReadEntryView {
    /// `case`
    #[serde(rename = "case")]
    Case,
    /// `timeline`
    #[serde(rename = "timeline")]
    Timeline,
    /// `cases`
    #[serde(rename = "cases")]
    Cases,
    /// `payment`
    #[serde(rename = "payment")]
    Payment,
    /// `payments`
    #[serde(rename = "payments")]
    Payments,
    /// `evidence`
    #[serde(rename = "evidence")]
    Evidence,
    /// `search`
    #[serde(rename = "search")]
    Search,
    /// `export`
    #[serde(rename = "export")]
    Export,
    /// `members`
    #[serde(rename = "members")]
    Members,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ReadEntry {
    /// As its name says.
    pub at: String,
    /// As its name says.
    pub by: String,
    /// As its name says.
    pub credential: Option<String>,
    /// As its name says.
    pub id: String,
    /// The case, the reference, or the filter.
    pub subject: String,
    /// As its name says.
    pub view: ReadEntryView,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reads {
    /// The cursor of the next page.
    pub next: Option<String>,
    /// As its name says.
    pub reads: Vec<ReadEntry>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ResolveOutcome {
    /// `upheld`
    #[serde(rename = "upheld")]
    Upheld,
    /// `partly-upheld`
    #[serde(rename = "partly-upheld")]
    PartlyUpheld,
    /// `rejected`
    #[serde(rename = "rejected")]
    Rejected,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// What an act needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Resolve {
    /// As its name says.
    pub outcome: ResolveOutcome,
    /// What was written with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
}

/// As docs/rights.md has them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Right {
    /// `report`
    #[serde(rename = "report")]
    Report,
    /// `read-status`
    #[serde(rename = "read-status")]
    ReadStatus,
    /// `read-cases`
    #[serde(rename = "read-cases")]
    ReadCases,
    /// `work-cases`
    #[serde(rename = "work-cases")]
    WorkCases,
    /// `approve-acts`
    #[serde(rename = "approve-acts")]
    ApproveActs,
    /// `read-payments`
    #[serde(rename = "read-payments")]
    ReadPayments,
    /// `import-payments`
    #[serde(rename = "import-payments")]
    ImportPayments,
    /// `read-personal`
    #[serde(rename = "read-personal")]
    ReadPersonal,
    /// `read-internal`
    #[serde(rename = "read-internal")]
    ReadInternal,
    /// `read-evidence`
    #[serde(rename = "read-evidence")]
    ReadEvidence,
    /// `export`
    #[serde(rename = "export")]
    Export,
    /// `read-audit`
    #[serde(rename = "read-audit")]
    ReadAudit,
    /// `read-admin`
    #[serde(rename = "read-admin")]
    ReadAdmin,
    /// `manage-members`
    #[serde(rename = "manage-members")]
    ManageMembers,
    /// `manage-keys`
    #[serde(rename = "manage-keys")]
    ManageKeys,
    /// `manage-tokens`
    #[serde(rename = "manage-tokens")]
    ManageTokens,
    /// `manage-endpoints`
    #[serde(rename = "manage-endpoints")]
    ManageEndpoints,
    /// `manage-queues`
    #[serde(rename = "manage-queues")]
    ManageQueues,
    /// `manage-messages`
    #[serde(rename = "manage-messages")]
    ManageMessages,
    /// `manage-settings`
    #[serde(rename = "manage-settings")]
    ManageSettings,
    /// `manage-tenants`
    #[serde(rename = "manage-tenants")]
    ManageTenants,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As docs/rights.md has them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Role {
    /// `client`
    #[serde(rename = "client")]
    Client,
    /// `agent`
    #[serde(rename = "agent")]
    Agent,
    /// `supervisor`
    #[serde(rename = "supervisor")]
    Supervisor,
    /// `compliance`
    #[serde(rename = "compliance")]
    Compliance,
    /// `auditor`
    #[serde(rename = "auditor")]
    Auditor,
    /// `merchant`
    #[serde(rename = "merchant")]
    Merchant,
    /// `developer`
    #[serde(rename = "developer")]
    Developer,
    /// `administrator`
    #[serde(rename = "administrator")]
    Administrator,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// What an act needs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Says {
    /// What was written with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
}

/// How many answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchCounts {
    /// At most 2000.
    pub count: i64,
    /// As its name says.
    pub facets: Vec<SearchFacet>,
    /// Whether there are more; the counts are of the newest 2000 then.
    pub more: bool,
}

/// Where a case answers.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchExcerpt {
    /// What was done with it, for a text.
    pub act: Option<String>,
    /// A piece of it, cut at what was asked for.
    pub parts: Vec<SearchPart>,
    /// text, or the name of a reference: id, refid, trxid, address, account, customer.
    pub place: String,
    /// The number in the timeline, for a text.
    pub seq: Option<i64>,
}

/// A property and its values.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchFacet {
    /// stage, outcome, queue, channel, provider or product.
    pub name: String,
    /// The most frequent first.
    pub values: Vec<SearchValue>,
}

/// A case that was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchFound {
    /// As its name says.
    pub case: ListedCase,
    /// At most three; none when only properties were asked for.
    pub excerpts: Vec<SearchExcerpt>,
}

/// The search index.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchIndex {
    /// Whether it is being built anew.
    pub building: bool,
    /// Whether only what changed meanwhile is missing.
    pub catching_up: bool,
    /// Counts how often it was built, from 1 to 35 and again.
    pub generation: i64,
    /// How old the oldest change is that cannot be found yet, in milliseconds.
    pub lag_ms: i64,
    /// Seals of histories that it has not followed. Of all accounts, so it is null without
    /// manage-tenants.
    pub seals_behind: Option<i64>,
    /// When the building began.
    pub started_at: Option<String>,
    /// Cases that were walked for it. Of all accounts, so it is null without manage-tenants.
    pub walked: Option<i64>,
}

/// A part of an excerpt.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchPart {
    /// Whether it was asked for.
    pub hit: bool,
    /// As its name says.
    pub text: String,
}

/// Nothing is said with it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct SearchRebuild {
}

/// What is being built.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchRebuildBegun {
    /// As its name says.
    pub generation: i64,
}

/// Results.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchResult {
    /// As its name says.
    pub counts: Option<SearchCounts>,
    /// As its name says.
    pub found: Vec<SearchFound>,
    /// The cursor of the next page, when there is one.
    pub next: Option<String>,
}

/// A value and how many have it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SearchValue {
    /// As its name says.
    pub count: i64,
    /// As its name says.
    pub value: String,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SettingSet {
    /// As `about` of the setting says.
    pub value: String,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Settings {
    /// As its name says.
    pub settings: Vec<Value>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Split {
    /// A word for what is wrong.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub category: Option<String>,
    /// The transaction that the new case is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refid: Option<String>,
    /// What the new case is about.
    pub says: String,
    /// The same by the payment system's reference; not together with refid.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trxid: Option<String>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StatusOutcome {
    /// `upheld`
    #[serde(rename = "upheld")]
    Upheld,
    /// `partly-upheld`
    #[serde(rename = "partly-upheld")]
    PartlyUpheld,
    /// `rejected`
    #[serde(rename = "rejected")]
    Rejected,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum StatusStage {
    /// `received`
    #[serde(rename = "received")]
    Received,
    /// `open`
    #[serde(rename = "open")]
    Open,
    /// `waiting`
    #[serde(rename = "waiting")]
    Waiting,
    /// `resolved`
    #[serde(rename = "resolved")]
    Resolved,
    /// `closed`
    #[serde(rename = "closed")]
    Closed,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Status {
    /// As its name says.
    pub case: String,
    /// Of a waiting case for whom, of a resolved one how, of a closed one why.
    pub fact: Option<String>,
    /// The case that goes on, when this one was merged: ask for that one.
    pub merged_into: Option<String>,
    /// As its name says.
    pub opened_at: String,
    /// As its name says.
    pub outcome: Option<StatusOutcome>,
    /// As its name says.
    pub refid: Option<String>,
    /// Since when it is at this stage.
    pub since: String,
    /// As its name says.
    pub stage: StatusStage,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Team {
    /// As its name says.
    pub created_at: String,
    /// As its name says.
    pub label: String,
    /// As its name says.
    pub members: Vec<String>,
    /// As its name says.
    pub name: String,
    /// As its name says.
    pub retired_at: Option<String>,
    /// As its name says.
    pub version: i64,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TeamAdd {
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// As its name says.
    pub name: String,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TeamChange {
    /// As its name says.
    pub label: String,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TeamJoin {
    /// The id or the address.
    pub member: String,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TeamLeave {
    /// The id or the address.
    pub member: String,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Teams {
    /// As its name says.
    pub teams: Vec<Team>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tenant {
    /// As its name says.
    pub created_at: String,
    /// As its name says.
    pub email: String,
    /// As its name says.
    pub name: String,
    /// What payers write is sealed, and cannot be searched.
    pub seal_narratives: bool,
    /// As its name says.
    pub slug: String,
    /// As its name says.
    pub version: i64,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TenantAdd {
    /// As its name says.
    pub email: String,
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seal_narratives: Option<bool>,
    /// As its name says.
    pub slug: String,
}

/// As its name says.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TenantChange {
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TenantTokenEnv {
    /// `staging`
    #[serde(rename = "staging")]
    Staging,
    /// `production`
    #[serde(rename = "production")]
    Production,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TenantToken {
    /// As its name says.
    pub env: TenantTokenEnv,
    /// As its name says.
    pub token: TokenAdd,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tenants {
    /// As its name says.
    pub tenants: Vec<Tenant>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum TimelineEntrie {
    /// One of them.
    NoteEntry(NoteEntry),
    /// One of them.
    ToldEntry(ToldEntry),
}

/// What happened, oldest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Timeline {
    /// As its name says.
    pub case: String,
    /// Oldest first.
    pub entries: Vec<TimelineEntrie>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Token {
    /// As its name says.
    pub created_at: String,
    /// As its name says.
    pub expires_at: String,
    /// As its name says.
    pub id: String,
    /// As its name says.
    pub installation: bool,
    /// As its name says.
    pub member: Option<String>,
    /// As its name says.
    pub name: String,
    /// As its name says.
    pub revoked_at: Option<String>,
    /// As its name says.
    pub rights: Vec<Right>,
    /// As its name says.
    pub role: Role,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TokenAdd {
    /// As its name says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub days: Option<i64>,
    /// It may manage accounts too; only such a token makes one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub installation: Option<bool>,
    /// The id or address of the member whose token it is: it has at most what he may, and ends
    /// with him.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// Who holds it, as histories will say; not needed with `member`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// What is left of the role's rights; all when it is not there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rights: Option<Vec<Right>>,
    /// As its name says.
    pub role: Role,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Tokens {
    /// As its name says.
    pub tokens: Vec<Token>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ToldEntryKind {
    /// `mail`
    #[serde(rename = "mail")]
    Mail,
    /// `event`
    #[serde(rename = "event")]
    Event,
    /// `webhook`
    #[serde(rename = "webhook")]
    Webhook,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// How it stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum ToldEntryState {
    /// `waiting`
    #[serde(rename = "waiting")]
    Waiting,
    /// `done`
    #[serde(rename = "done")]
    Done,
    /// `given-up`
    #[serde(rename = "given-up")]
    GivenUp,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// Something that was told, or is to be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ToldEntry {
    /// As its name says.
    pub at: String,
    /// As its name says.
    pub attempts: i64,
    /// As its name says.
    pub due: Option<String>,
    /// As its name says.
    pub endpoint: Option<String>,
    /// The id the receiver of a webhook sees.
    pub event: Option<String>,
    /// As its name says.
    pub id: String,
    /// As its name says.
    pub kind: ToldEntryKind,
    /// As its name says.
    pub last_at: Option<String>,
    /// What the receiver said. Null without `read-personal` or `read-internal`.
    pub last_detail: Option<String>,
    /// done, again or given-up.
    pub last_result: Option<String>,
    /// What was told.
    pub shape: String,
    /// How it stands.
    pub state: ToldEntryState,
    /// Whether only machines are told: an event, or a delivery of a webhook.
    pub system: bool,
}

/// Why it is not reportable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TransactionReason {
    /// `payment-pending`
    #[serde(rename = "payment-pending")]
    PaymentPending,
    /// `payment-failed`
    #[serde(rename = "payment-failed")]
    PaymentFailed,
    /// `payment-refunded`
    #[serde(rename = "payment-refunded")]
    PaymentRefunded,
    /// `already-reported`
    #[serde(rename = "already-reported")]
    AlreadyReported,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum TransactionStatus {
    /// `accepted`
    #[serde(rename = "accepted")]
    Accepted,
    /// `processing`
    #[serde(rename = "processing")]
    Processing,
    /// `successful`
    #[serde(rename = "successful")]
    Successful,
    /// `failed`
    #[serde(rename = "failed")]
    Failed,
    /// `refunded`
    #[serde(rename = "refunded")]
    Refunded,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// A payment. `reason`, `reason_text` and `open_case` are null while it is reportable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transaction {
    /// The account or number that was paid. Null without `read-personal`.
    pub account: Option<String>,
    /// As its name says.
    pub amount: Money,
    /// As its name says.
    pub created_at: String,
    /// The case about it that is not closed.
    pub open_case: Option<String>,
    /// Your reference of the payer. Null without `read-personal`.
    pub payer_ref: Option<String>,
    /// As its name says.
    pub product: String,
    /// As its name says.
    pub provider: Option<String>,
    /// Why it is not reportable.
    pub reason: Option<TransactionReason>,
    /// The same in words for people.
    pub reason_text: Option<String>,
    /// As its name says.
    pub refid: String,
    /// Whether a report about it would open a case now.
    pub reportable: bool,
    /// As its name says.
    pub status: TransactionStatus,
    /// As its name says.
    pub status_at: String,
    /// As its name says.
    pub trxid: Option<String>,
}

/// The columns of docs/import.md. A row whose values break a rule is rejected by itself; a row
/// of another shape refuses the whole request.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TransactionRow {
    /// The account or number that was paid, at most 128 characters.
    pub account: String,
    /// Minor units, 1 or more: 1250 for RM 12.50.
    pub amount_minor: i64,
    /// When the payment was made: RFC 3339 with a zone.
    pub created_at: String,
    /// Three capitals.
    pub currency: String,
    /// Your reference of the payer, at most 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer_ref: Option<String>,
    /// The product's code, at most 32 characters.
    pub product: String,
    /// Who carried it out, at most 128 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provider: Option<String>,
    /// Your reference: 1 to 64 visible ASCII characters without spaces.
    pub refid: String,
    /// accepted, processing, successful, failed or refunded.
    pub status: String,
    /// Since when: RFC 3339 with a zone.
    pub status_at: String,
    /// The payment system's reference; the same rule.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trxid: Option<String>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transactions {
    /// The cursor of the next page, when there may be one.
    pub next: Option<String>,
    /// As its name says.
    pub transactions: Vec<Transaction>,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Value {
    /// As its name says.
    pub about: String,
    /// As its name says.
    pub changed_at: Option<String>,
    /// As its name says.
    pub changed_by: Option<String>,
    /// What the installation has, where it can be told.
    pub installed: Option<String>,
    /// As its name says.
    pub key: String,
    /// Nothing where the installation's own holds.
    pub value: Option<String>,
    /// For If-Match; 0 before it was ever set.
    pub version: i64,
}

/// As its name says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum WaitOn {
    /// `customer`
    #[serde(rename = "customer")]
    Customer,
    /// `provider`
    #[serde(rename = "provider")]
    Provider,
    /// `network`
    #[serde(rename = "network")]
    Network,
    /// A word that came later.
    #[serde(untagged)]
    Other(String),
}

/// What an act needs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Wait {
    /// As its name says.
    pub on: WaitOn,
    /// What was written with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub says: Option<String>,
}
