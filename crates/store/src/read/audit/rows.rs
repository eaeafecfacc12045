//! The rows that an examiner holds against histories: of cases, of their files, and of what was
//! told of them. Read in ranges of cases, as they stand; a row that says nonsense is no fault
//! here.

use std::collections::BTreeMap;

use domain::ids::CaseId;
use domain::message::Telling;
use domain::{Instant, Scope};

use crate::codec;
use crate::engine::{Db, Row};
use crate::fault::Fault;

const CASE_ROWS: &str = "SELECT cases.id, cases.stage, cases.stage_fact, cases.addresses,
 cases.queue, cases.stage_at, cases.opened_at, cases.received_at, cases.channel, cases.language,
 cases.outcome, cases.assignee, cases.proposal, cases.proposed_by, cases.scope, cases.version,
 cases.slot, cases.through, cases.taken_by, cases.customer, cases.refid,
 CASE WHEN cases.refid = '' OR payments.refid IS NOT NULL THEN 1 ELSE 0 END,
 CASE WHEN cases.earlier IS NULL OR (earlier.scope = cases.scope AND earlier.refid = cases.refid
  AND earlier.id <> cases.id AND cases.refid <> '') THEN 1 ELSE 0 END
 FROM cases LEFT JOIN payments ON payments.scope = cases.scope AND payments.refid = cases.refid
 LEFT JOIN cases earlier ON earlier.id = cases.earlier
 WHERE cases.id >= ?1 AND cases.id <= ?2 ORDER BY cases.id";

/// What a case's row says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseRow {
    /// The case.
    pub case: CaseId,
    /// The stage's name.
    pub stage: String,
    /// The stage's fact.
    pub fact: String,
    /// Whom to tell, in order.
    pub addresses: Vec<String>,
    /// Its queue.
    pub queue: String,
    /// Since when it is at its stage.
    pub stage_at: Instant,
    /// When it was opened.
    pub opened_at: Instant,
    /// When it was received.
    pub received_at: Instant,
    /// How it came.
    pub channel: String,
    /// The customer's language, empty when unknown.
    pub language: String,
    /// The outcome, empty when there is none.
    pub outcome: String,
    /// Who works it, empty for nobody.
    pub assignee: String,
    /// The remedy that waits for a second person, and who proposed it; empty for none.
    pub proposal: [String; 2],
    /// Whose it is.
    pub scope: Scope,
    /// Its version.
    pub version: i64,
    /// Which of its payment's slots it takes.
    pub slot: i64,
    /// The credential it came through.
    pub through: String,
    /// Who took it, empty for an app's report.
    pub taken_by: String,
    /// The institution's reference of the customer.
    pub customer: String,
    /// The payment's reference, empty for none.
    pub refid: String,
    /// Whether its account has that payment; also when it names none.
    pub payment_there: bool,
    /// Whether the case it names as the earlier one is another one about the same payment; also
    /// when it names none.
    pub earlier_fits: bool,
}

/// The rows of the cases from `first` to `last`.
pub async fn case_rows(db: &Db, first: &str, last: &str) -> Result<Vec<CaseRow>, Fault> {
    let rows = db.rows(CASE_ROWS, vec![first.into(), last.into()]).await?;
    let read = |row: &Row| {
        Ok(CaseRow {
            case: codec::case_id(row.text(0)?)?,
            stage: row.text(1)?.to_owned(),
            fact: row.text(2)?.to_owned(),
            addresses: codec::read_addresses(row.text(3)?),
            queue: row.text(4)?.to_owned(),
            stage_at: Instant::from_millis(row.int(5)?),
            opened_at: Instant::from_millis(row.int(6)?),
            received_at: Instant::from_millis(row.int(7)?),
            channel: row.text(8)?.to_owned(),
            language: row.text(9)?.to_owned(),
            outcome: row.text(10)?.to_owned(),
            assignee: row.text(11)?.to_owned(),
            scope: Scope::from_number(row.int(14)?),
            version: row.int(15)?,
            slot: row.int(16)?,
            through: row.text(17)?.to_owned(),
            taken_by: row.text(18)?.to_owned(),
            customer: row.text(19)?.to_owned(),
            refid: row.text(20)?.to_owned(),
            payment_there: row.int(21)? == 1,
            earlier_fits: row.int(22)? == 1,
            proposal: [12, 13].map(|place| row.opt_text(place).ok().flatten().unwrap_or("").into()),
        })
    };
    rows.iter().map(read).collect()
}

const FILES: &str = "SELECT id, case_id, scope, name, kind, size, sha256, state, state_at, finding,
 uploaded_by, created_at FROM evidence WHERE case_id >= ?1 AND case_id <= ?2 ORDER BY case_id, id";

/// What a file's row says of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileRow {
    /// The file.
    pub id: String,
    /// Whose it is.
    pub scope: Scope,
    /// Its name, kind, size and digest, in the words of its note.
    pub content: String,
    /// How far it was looked at.
    pub state: String,
    /// Since when.
    pub state_at: Instant,
    /// What a scanner called what it found, empty for nothing.
    pub finding: String,
    /// Who brought it.
    pub uploaded_by: String,
    /// When it came.
    pub created_at: Instant,
}

/// The rows of the files of the cases from `first` to `last`, by case.
pub async fn files(
    db: &Db,
    first: &str,
    last: &str,
) -> Result<BTreeMap<String, Vec<FileRow>>, Fault> {
    let mut files: BTreeMap<String, Vec<FileRow>> = BTreeMap::new();
    for row in db.rows(FILES, vec![first.into(), last.into()]).await? {
        let (name, kind, sha256) = (row.text(3)?, row.text(4)?, row.bytes(6)?);
        let file = FileRow {
            id: row.text(0)?.to_owned(),
            scope: Scope::from_number(row.int(2)?),
            content: domain::evidence::content_of(name, kind, row.int(5)?, sha256),
            state: row.text(7)?.to_owned(),
            state_at: Instant::from_millis(row.int(8)?),
            finding: row.text(9)?.to_owned(),
            uploaded_by: row.text(10)?.to_owned(),
            created_at: Instant::from_millis(row.int(11)?),
        };
        files.entry(row.text(1)?.to_owned()).or_default().push(file);
    }
    Ok(files)
}

// Only what seems to differ leaves the database: of millions of messages nearly none. JSON may
// write a reference in another way, so what comes back is read before it is believed.
const TOLD_ELSEWISE: &str = "SELECT cases.id, cases.scope, cases.refid, outbox.scope, outbox.shape,
 outbox.body FROM cases JOIN outbox ON outbox.case_id = cases.id
 WHERE cases.id >= ?1 AND cases.id <= ?2 AND (outbox.scope <> cases.scope
 OR (outbox.shape = 'event-1' AND REPLACE(outbox.body,
  '\"refid\":\"' || cases.refid || '\",', '') = outbox.body))";

/// Cases from `first` to `last` of which a message was told to another account, or about another
/// payment, and which of both.
pub async fn told_elsewise(
    db: &Db,
    first: &str,
    last: &str,
) -> Result<BTreeMap<String, &'static str>, Fault> {
    let mut found = BTreeMap::new();
    for row in db.rows(TOLD_ELSEWISE, vec![first.into(), last.into()]).await? {
        let case = row.text(0)?.to_owned();
        if row.int(1)? != row.int(3)? {
            found.insert(case, "account");
            continue;
        }
        let names_it = match codec::read_telling(row.text(4)?, row.text(5)?) {
            Ok(Telling::Event(event)) => event.refid == row.text(2)?,
            // An unreadable message says nothing of the case.
            _ => true,
        };
        if !names_it {
            found.entry(case).or_insert("payment");
        }
    }
    Ok(found)
}
