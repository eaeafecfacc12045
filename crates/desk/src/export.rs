//! What leaves for another system, change by change: payments, cases and events, each behind a
//! cursor. Whatever is committed gets its place in the order only afterwards, by a sweep under a
//! guard (payments and events) or by the seal that covers it (cases). So nothing appears before
//! the cursor of a reader, however late its commit ended and on whichever node.

use domain::actor::{Actor, Right};
use domain::admin::ReadView;
use domain::case::{Case, Channel, Facts, Tie};
use domain::chain::Note;
use domain::changes::{Change, FeedNumbers};
use domain::ids::CaseId;
use domain::message::Telling;
use domain::{Instant, Millis, Scope};
use store::read::feed::{self, CasePlace, EventChange, PaymentChange};

use crate::nonces::NOBODY;
use crate::views::inside;
use crate::{Desk, Failure};

/// Rows on one page at most.
pub const ROWS_MAX: usize = 10_000;

/// Commits with payments that get their numbers at once.
const COMMITS_AT_ONCE: i64 = 500;

/// Events of one seal that get their numbers at once. A seal covers at most 500 histories.
const EVENTS_AT_ONCE: i64 = 2_000;

/// What can be followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feed {
    /// Payments: a row when one is new and each time its status moves.
    Transactions,
    /// Cases: a row for everything that was done in one.
    Cases,
    /// Events, as webhooks are told them.
    Events,
}

impl Feed {
    /// All, in order.
    pub const ALL: [Self; 3] = [Self::Transactions, Self::Cases, Self::Events];

    /// The word in paths and on command lines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Transactions => "transactions",
            Self::Cases => "cases",
            Self::Events => "events",
        }
    }

    /// Reads [`Feed::word`] back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|feed| feed.word() == word)
    }

    /// The names of a row's cells, in order. New ones are added at the end.
    pub const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Transactions => &[
                "change",
                "refid",
                "trxid",
                "product",
                "account",
                "amount_minor",
                "currency",
                "status",
                "status_at",
                "created_at",
                "provider",
                "payer_ref",
            ],
            Self::Cases => &[
                "case",
                "seq",
                "at",
                "act",
                "fact",
                "actor",
                "version",
                "stage",
                "stage_fact",
                "stage_at",
                "opened_at",
                "refid",
                "queue",
                "assignee",
                "through",
                "given_queue",
                "given_person",
                "channel",
                "received_at",
                "language",
                "relation",
                "other_case",
                "source",
                "external_id",
            ],
            Self::Events => {
                &["id", "type", "at", "case", "version", "refid", "trxid", "stage", "fact"]
            }
        }
    }

    /// What a cursor of it is sealed for; another form of cursor gets another mark.
    const fn mark(self) -> &'static str {
        match self {
            Self::Transactions => "t1",
            Self::Cases => "c1",
            Self::Events => "e1",
        }
    }
}

/// A value in a row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    None,
    /// A text.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A time.
    Time(Instant),
}

impl Cell {
    fn text(text: &str) -> Self {
        if text.is_empty() { Self::None } else { Self::Text(text.to_owned()) }
    }
}

/// A page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The rows, each with a cell for every column.
    pub rows: Vec<Vec<Cell>>,
    /// The cursor behind them: what is asked for next, now or later.
    pub next: String,
    /// Whether there is more already.
    pub more: bool,
}

/// Why nothing is exported.
#[derive(Debug)]
pub enum NoExport {
    /// The cursor is none of this account's, or of another feed.
    BadCursor,
    /// Refused, or broken.
    Failed(Failure),
}

impl<T: Into<Failure>> From<T> for NoExport {
    fn from(why: T) -> Self {
        Self::Failed(why.into())
    }
}

impl Desk {
    /// What changed behind the cursor, oldest first; from the beginning without one.
    ///
    /// # Errors
    /// A cursor that is not of this account, environment and feed;
    /// [`domain::Refusal::NotAllowed`]; a fault.
    pub async fn export(
        &self,
        by: &Actor,
        feed: Feed,
        cursor: Option<&str>,
        limit: usize,
    ) -> Result<Exported, NoExport> {
        by.must(Right::Export)?;
        let limit = limit.clamp(1, ROWS_MAX);
        let at = match cursor {
            Some(cursor) => self.place_of(feed, by.scope, cursor).ok_or(NoExport::BadCursor)?,
            None => CasePlace { seal: 0, case: String::new(), note: 0 },
        };
        self.note_read(by, ReadView::Export, feed.word()).await?;
        match feed {
            Feed::Transactions => self.export_payments(by, at, limit).await,
            Feed::Cases => self.export_cases(by, at, limit).await,
            Feed::Events => self.export_events(by.scope, at, limit).await,
        }
    }

    async fn export_payments(
        &self,
        by: &Actor,
        at: CasePlace,
        limit: usize,
    ) -> Result<Exported, NoExport> {
        let after = (at.seal, usize::try_from(at.note).unwrap_or(0));
        let changes = feed::payment_changes(self.db(), by.scope, after, limit).await?;
        let (seq, line) = changes.last().map_or(after, |last| (last.seq, last.line));
        let line = i64::try_from(line).unwrap_or(i64::MAX);
        let to = CasePlace { seal: seq, case: String::new(), note: line };
        let next = self.cursor(Feed::Transactions, by.scope, &to);
        let more = changes.len() == limit;
        let rows = changes.into_iter().map(|change| payment_row(by, change)).collect();
        Ok(Exported { rows, next, more })
    }

    async fn export_cases(
        &self,
        by: &Actor,
        at: CasePlace,
        limit: usize,
    ) -> Result<Exported, NoExport> {
        let scope = by.scope;
        let (changes, to) = feed::case_changes(self.db(), scope, &at, limit).await?;
        let (next, more) = (self.cursor(Feed::Cases, scope, &to), to != at);
        let seen = changes.into_iter().filter_map(|(_, note, case)| {
            Some((inside::note_seen_by(by, note)?, inside::seen_by(by, case)))
        });
        let rows = seen.map(|(note, case)| case_row(note, &case)).collect();
        Ok(Exported { rows, next, more })
    }

    async fn export_events(
        &self,
        scope: Scope,
        at: CasePlace,
        limit: usize,
    ) -> Result<Exported, NoExport> {
        let events = feed::events(self.db(), scope, at.seal, limit).await?;
        let last = events.last().map_or(at.seal, |event| event.seq);
        let to = CasePlace { seal: last, case: String::new(), note: 0 };
        let (next, more) = (self.cursor(Feed::Events, scope, &to), events.len() == limit);
        Ok(Exported { rows: events.into_iter().filter_map(event_row).collect(), next, more })
    }

    /// The cursor of a place. The numbers in it count over all accounts, so it is sealed: whoever
    /// compares those of two days must not learn how much others had between them.
    fn cursor(&self, feed: Feed, scope: Scope, to: &CasePlace) -> String {
        let mut plain = [to.seal, to.note].map(i64::to_be_bytes).concat();
        plain.extend(to.case.as_bytes());
        self.keyring().seal_place(&purpose(feed, scope), &plain)
    }

    fn place_of(&self, feed: Feed, scope: Scope, cursor: &str) -> Option<CasePlace> {
        let plain = self.keyring().unseal_place(&purpose(feed, scope), cursor)?;
        let number = |at: usize| Some(i64::from_be_bytes(plain.get(at..at + 8)?.try_into().ok()?));
        let case = String::from_utf8(plain.get(16..)?.to_vec()).ok()?;
        Some(CasePlace { seal: number(0)?, note: number(8)?, case })
    }

    /// Gives numbers to what was committed; how many. Any number of nodes may do it at once: the
    /// numbers are given under a guard, to one of them.
    ///
    /// # Errors
    /// A fault.
    pub async fn number_feed_once(&self) -> Result<usize, Failure> {
        let was: FeedNumbers = feed::numbers(self.db()).await?;
        let payments = feed::waiting(self.db(), COMMITS_AT_ONCE).await?;
        let (mut events, mut sealed) = (Vec::new(), was.sealed);
        let last = self.last_seal().await?.map_or(0, |signed| signed.seal.seq);
        if sealed < last {
            let next = feed::events_of_seal(self.db(), sealed + 1, EVENTS_AT_ONCE).await?;
            // A seal with more events than are taken at once is looked at again.
            sealed += i64::from(next.1);
            events = next.0;
        }
        let many = payments.len() + events.len() + usize::from(sealed > was.sealed);
        if many == 0 {
            return Ok(0);
        }
        let change = Change::FeedNumbered { was, payments, events, sealed };
        let numbered = self.write(NOBODY, change).await?;
        Ok(if numbered { many } else { 0 })
    }

    /// How long the oldest change waits for its number.
    ///
    /// # Errors
    /// A fault.
    pub async fn feed_lag(&self) -> Result<Millis, Failure> {
        let since = feed::waiting_since(self.db()).await?;
        let now = self.now().millis();
        Ok(Millis(since.map_or(0, |since| (now - since.millis()).max(0))))
    }
}

/// What a cursor is sealed for: one of another account or feed does not open.
fn purpose(feed: Feed, scope: Scope) -> String {
    format!("cursor {} {}", feed.mark(), scope.number())
}

fn payment_row(by: &Actor, change: PaymentChange) -> Vec<Cell> {
    let payment = inside::payment_seen_by(by, change.payment);
    vec![
        Cell::text(if change.new { "new" } else { "moved" }),
        Cell::text(&payment.refid),
        Cell::text(&payment.trxid),
        Cell::text(&payment.product),
        Cell::text(&payment.account),
        Cell::Int(payment.amount_minor),
        Cell::text(&payment.currency),
        Cell::text(change.status.word()),
        Cell::Time(change.status_at),
        Cell::Time(payment.created_at),
        Cell::text(&payment.provider),
        Cell::text(&payment.payer_ref),
    ]
}

fn case_row(note: Note, case: &Case) -> Vec<Cell> {
    let facts = Facts::read(&note.act, &note.fact);
    let maybe = |text: Option<&str>| text.map_or(Cell::None, Cell::text);
    vec![
        Cell::text(note.case.as_str()),
        Cell::Int(note.seq),
        Cell::Time(note.at),
        Cell::text(&note.act),
        Cell::text(&facts.word),
        Cell::text(&note.actor),
        Cell::Int(case.version),
        Cell::text(case.stage.name().word()),
        Cell::text(case.stage.fact()),
        Cell::Time(case.stage_at),
        Cell::Time(case.opened_at),
        Cell::text(&case.refid),
        Cell::text(&case.queue),
        Cell::text(&case.assignee),
        Cell::text(&case.through),
        maybe(facts.queue.as_deref()),
        maybe(facts.person.as_deref()),
        maybe(facts.channel.map(Channel::word)),
        facts.received_at.map_or(Cell::None, Cell::Time),
        maybe(facts.language.as_deref()),
        maybe(facts.relation.map(Tie::word)),
        maybe(facts.case.as_ref().map(CaseId::as_str)),
        maybe(facts.source.as_deref()),
        maybe(facts.external_id.as_deref()),
    ]
}

fn event_row(change: EventChange) -> Option<Vec<Cell>> {
    let Telling::Event(event) = change.telling else { return None };
    Some(vec![
        Cell::text(&change.id),
        Cell::text(event.kind.word()),
        Cell::Time(change.at),
        Cell::text(&change.case),
        Cell::Int(event.version),
        Cell::text(&event.refid),
        Cell::text(&event.trxid),
        Cell::text(event.stage.name().word()),
        Cell::text(event.stage.fact()),
    ])
}
