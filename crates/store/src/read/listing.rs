//! Lists of cases and of payments, page by page. Each filter has a statement that walks its own
//! index from the place where the last page ended; what else is asked for is looked at row by row.
//! Which statement is chosen here, not by the engine, so that a page costs the same on both.

use domain::case::{Behind, Case, CaseFilter, Channel, INTAKE, Sort, Span, StageName};
use domain::ids::CaseId;
use domain::payment::{Payment, PaymentFilter};
use domain::{Instant, Scope};

use super::cases::{case, case_columns, payment, payment_columns};
use crate::codec;
use crate::engine::{Db, Value};
use crate::fault::Fault;

/// Rows of payments that one page looks at. A filter without an index, as the status, may find
/// little among them; then the page is short, and the next one goes on.
const LOOKED_AT_MAX: i64 = 5_000;

/// Hours with payments in which one page looks for an account's: three months of a busy system.
const HOURS_LOOKED_AT_MAX: i64 = 2_000;

/// What a statement asks beside its own filter, in places 3 to 11.
macro_rules! other_filters_columns {
    () => {
        " AND (?3 = '' OR stage = ?3) AND (?4 = '' OR queue = ?4)
 AND (?5 = 0 OR assignee = ?6) AND (?7 = '' OR channel = ?7) AND (?8 = '' OR customer = ?8)
 AND (?9 = '' OR language = ?9) AND (?10 = '' OR (stage = 'waiting' AND stage_fact = ?10))
 AND (?11 = '' OR outcome = ?11)"
    };
}

// The start of the list is folded into the place it begins behind. Without rows that it counted,
// SQLite takes an index of the time alone for as good as one of a filter and the time; so the list
// without a filter asks for the time as the sum that `cases_opened` is made of, and whatever shall
// not be walked by hides behind a difference.
macro_rules! all_newest_columns {
    () => {
        " AND opened_at + 0 >= ?12 AND (opened_at + 0, id) < (?15, ?16)
 AND received_at - 0 >= ?13 AND received_at - 0 < ?14
 ORDER BY opened_at + 0 DESC, id DESC LIMIT ?2"
    };
}

macro_rules! all_oldest_columns {
    () => {
        " AND opened_at + 0 < ?12 AND (opened_at + 0, id) > (?15, ?16)
 AND received_at - 0 >= ?13 AND received_at - 0 < ?14
 ORDER BY opened_at + 0, id LIMIT ?2"
    };
}

macro_rules! opened_newest_columns {
    () => {
        " AND opened_at >= ?12 AND (opened_at, id) < (?15, ?16)
 AND received_at - 0 >= ?13 AND received_at - 0 < ?14
 ORDER BY opened_at DESC, id DESC LIMIT ?2"
    };
}

macro_rules! opened_oldest_columns {
    () => {
        " AND opened_at < ?12 AND (opened_at, id) > (?15, ?16)
 AND received_at - 0 >= ?13 AND received_at - 0 < ?14
 ORDER BY opened_at, id LIMIT ?2"
    };
}

macro_rules! received_newest_columns {
    () => {
        " AND received_at >= ?12 AND (received_at, id) < (?15, ?16)
 AND opened_at - 0 >= ?13 AND opened_at - 0 < ?14
 ORDER BY received_at DESC, id DESC LIMIT ?2"
    };
}

macro_rules! received_oldest_columns {
    () => {
        " AND received_at < ?12 AND (received_at, id) > (?15, ?16)
 AND opened_at - 0 >= ?13 AND opened_at - 0 < ?14
 ORDER BY received_at, id LIMIT ?2"
    };
}

macro_rules! sorted_newest_columns {
    () => {
        " AND received_at - 0 >= ?12 AND (received_at - 0, id) < (?15, ?16)
 AND opened_at - 0 >= ?13 AND opened_at - 0 < ?14
 ORDER BY received_at - 0 DESC, id DESC LIMIT ?2"
    };
}

macro_rules! sorted_oldest_columns {
    () => {
        " AND received_at - 0 < ?12 AND (received_at - 0, id) > (?15, ?16)
 AND opened_at - 0 >= ?13 AND opened_at - 0 < ?14
 ORDER BY received_at - 0, id LIMIT ?2"
    };
}

const ALL_NEWEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1",
    other_filters_columns!(),
    all_newest_columns!()
);

const ALL_OLDEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1",
    other_filters_columns!(),
    all_oldest_columns!()
);

const OPEN_NEWEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND slot = 0",
    other_filters_columns!(),
    all_newest_columns!()
);

const OPEN_OLDEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND slot = 0",
    other_filters_columns!(),
    all_oldest_columns!()
);

const STAGE_NEWEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND stage = ?3 AND stage IN ('open', 'waiting', 'resolved')",
    other_filters_columns!(),
    opened_newest_columns!()
);

const STAGE_OLDEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND stage = ?3 AND stage IN ('open', 'waiting', 'resolved')",
    other_filters_columns!(),
    opened_oldest_columns!()
);

const WAITING_NEWEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND stage = 'waiting' AND stage_fact = ?10",
    other_filters_columns!(),
    opened_newest_columns!()
);

const WAITING_OLDEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND stage = 'waiting' AND stage_fact = ?10",
    other_filters_columns!(),
    opened_oldest_columns!()
);

const OUTCOME_NEWEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND outcome = ?11 AND outcome <> ''",
    other_filters_columns!(),
    opened_newest_columns!()
);

const OUTCOME_OLDEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND outcome = ?11 AND outcome <> ''",
    other_filters_columns!(),
    opened_oldest_columns!()
);

const QUEUE_NEWEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND queue = ?4 AND queue <> 'intake'",
    other_filters_columns!(),
    opened_newest_columns!()
);

const QUEUE_OLDEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND queue = ?4 AND queue <> 'intake'",
    other_filters_columns!(),
    opened_oldest_columns!()
);

const QUEUE_OPEN_NEWEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND queue = ?4 AND slot = 0",
    other_filters_columns!(),
    opened_newest_columns!()
);

const QUEUE_OPEN_OLDEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND queue = ?4 AND slot = 0",
    other_filters_columns!(),
    opened_oldest_columns!()
);

const ASSIGNEE_NEWEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND assignee = ?6 AND assignee <> ''",
    other_filters_columns!(),
    opened_newest_columns!()
);

const ASSIGNEE_OLDEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND assignee = ?6 AND assignee <> ''",
    other_filters_columns!(),
    opened_oldest_columns!()
);

const ASSIGNEE_OPEN_NEWEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND assignee = ?6 AND assignee <> '' AND slot = 0",
    other_filters_columns!(),
    opened_newest_columns!()
);

const ASSIGNEE_OPEN_OLDEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND assignee = ?6 AND assignee <> '' AND slot = 0",
    other_filters_columns!(),
    opened_oldest_columns!()
);

const CHANNEL_NEWEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND channel = ?7 AND channel <> 'app'",
    other_filters_columns!(),
    opened_newest_columns!()
);

const CHANNEL_OLDEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND channel = ?7 AND channel <> 'app'",
    other_filters_columns!(),
    opened_oldest_columns!()
);

const CUSTOMER_NEWEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND customer = ?8 AND customer <> ''",
    other_filters_columns!(),
    opened_newest_columns!()
);

const CUSTOMER_OLDEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND customer = ?8 AND customer <> ''",
    other_filters_columns!(),
    opened_oldest_columns!()
);

const LANGUAGE_NEWEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND language = ?9 AND language <> ''",
    other_filters_columns!(),
    opened_newest_columns!()
);

const LANGUAGE_OLDEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND language = ?9 AND language <> ''",
    other_filters_columns!(),
    opened_oldest_columns!()
);

const RECEIVED_NEWEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1",
    other_filters_columns!(),
    received_newest_columns!()
);

const RECEIVED_OLDEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1",
    other_filters_columns!(),
    received_oldest_columns!()
);

const CUSTOMER_RECEIVED_NEWEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND customer = ?8 AND customer <> ''",
    other_filters_columns!(),
    sorted_newest_columns!()
);

const CUSTOMER_RECEIVED_OLDEST: &str = concat!(
    "SELECT ",
    case_columns!(),
    " FROM cases WHERE scope = ?1 AND customer = ?8 AND customer <> ''",
    other_filters_columns!(),
    sorted_oldest_columns!()
);

/// The statement whose index fits the filter best, for each direction. A value that every report
/// of an app has is in no index of its filter: those lists walk all cases, or all open ones.
fn statement(filter: &CaseFilter, sort: Sort) -> &'static str {
    let open = filter.only_open();
    let all = if open { [OPEN_NEWEST, OPEN_OLDEST] } else { [ALL_NEWEST, ALL_OLDEST] };
    let person = filter.assignee.as_deref().filter(|person| !person.is_empty());
    let [newest, oldest] = match filter {
        CaseFilter { customer: Some(_), .. } if filter.by_receipt() => {
            [CUSTOMER_RECEIVED_NEWEST, CUSTOMER_RECEIVED_OLDEST]
        }
        _ if filter.by_receipt() => [RECEIVED_NEWEST, RECEIVED_OLDEST],
        CaseFilter { customer: Some(_), .. } => [CUSTOMER_NEWEST, CUSTOMER_OLDEST],
        _ if person.is_some() && open => [ASSIGNEE_OPEN_NEWEST, ASSIGNEE_OPEN_OLDEST],
        _ if person.is_some() => [ASSIGNEE_NEWEST, ASSIGNEE_OLDEST],
        CaseFilter { queue: Some(_), .. } if open => [QUEUE_OPEN_NEWEST, QUEUE_OPEN_OLDEST],
        CaseFilter { queue: Some(queue), .. } if queue != INTAKE => [QUEUE_NEWEST, QUEUE_OLDEST],
        CaseFilter { waiting_on: Some(_), .. } => [WAITING_NEWEST, WAITING_OLDEST],
        CaseFilter {
            stage: Some(StageName::Open | StageName::Waiting | StageName::Resolved),
            ..
        } => [STAGE_NEWEST, STAGE_OLDEST],
        CaseFilter { outcome: Some(_), .. } => [OUTCOME_NEWEST, OUTCOME_OLDEST],
        CaseFilter { language: Some(_), .. } => [LANGUAGE_NEWEST, LANGUAGE_OLDEST],
        CaseFilter { channel: Some(channel), .. } if *channel != Channel::App => {
            [CHANNEL_NEWEST, CHANNEL_OLDEST]
        }
        _ => all,
    };
    match sort {
        Sort::Newest => newest,
        Sort::Oldest => oldest,
    }
}

fn values(
    scope: Scope,
    filter: &CaseFilter,
    sort: Sort,
    behind: Option<&Behind>,
    limit: i64,
) -> Vec<Value> {
    let text = |text: &Option<String>| Value::from(text.as_deref().unwrap_or(""));
    let mut values: Vec<Value> = vec![
        scope.number().into(),
        limit.into(),
        filter.stage.map_or("", |stage| stage.word()).into(),
        text(&filter.queue),
        filter.assignee.is_some().into(),
        text(&filter.assignee),
        filter.channel.map_or("", |channel| channel.word()).into(),
        text(&filter.customer),
        text(&filter.language),
        filter.waiting_on.map_or("", |party| party.word()).into(),
        filter.outcome.map_or("", |outcome| outcome.word()).into(),
    ];
    let (ordered, other) = match filter.by_receipt() {
        true => (filter.received, filter.opened),
        false => (filter.opened, filter.received),
    };
    let [from, to] = bounds(ordered);
    let (start, end) = match sort {
        Sort::Newest => (to, from),
        Sort::Oldest => (from, to),
    };
    values.push(end.into());
    values.extend(bounds(other).map(Value::from));
    values.extend(match behind {
        Some(behind) => [behind.at.millis().into(), behind.case.as_str().into()],
        // Before every id of that instant.
        None => [start.into(), "".into()],
    });
    values
}

fn bounds(span: Span) -> [i64; 2] {
    [span.from.map_or(i64::MIN, Instant::millis), span.to.map_or(i64::MAX, Instant::millis)]
}

/// Up to `limit` cases in order, behind the place that is given.
pub async fn cases(
    db: &Db,
    scope: Scope,
    filter: &CaseFilter,
    sort: Sort,
    behind: Option<&Behind>,
    limit: i64,
) -> Result<Vec<Case>, Fault> {
    let values = values(scope, filter, sort, behind, limit);
    db.rows(statement(filter, sort), values).await?.iter().map(case).collect()
}

/// The text and the values of a page of [`cases`], for looking at how an engine walks it.
pub fn question(
    scope: Scope,
    filter: &CaseFilter,
    sort: Sort,
    limit: i64,
) -> (&'static str, Vec<Value>) {
    (statement(filter, sort), values(scope, filter, sort, None, limit))
}

macro_rules! payments_before_columns {
    () => {
        " AND (payments.created_at, payments.refid) < (?4, ?5)"
    };
}

macro_rules! looked_at_columns {
    () => {
        " AND payments.created_at >= ?3
 ORDER BY payments.created_at DESC, payments.refid DESC LIMIT 1 OFFSET ?2"
    };
}

const PAYMENTS_LOOKED_AT: &str = concat!(
    "SELECT payments.created_at, payments.refid FROM payments WHERE payments.scope = ?1",
    payments_before_columns!(),
    looked_at_columns!()
);

macro_rules! payments_page_columns {
    () => {
        " AND (payments.created_at, payments.refid) >= (?3, ?7)
 AND (?8 = '' OR payments.product = ?8) AND (?9 < 0 OR payments.status = ?9)
 AND (?10 = '' OR payments.provider = ?10)
 ORDER BY payments.created_at DESC, payments.refid DESC LIMIT ?2"
    };
}

macro_rules! open_case_columns {
    () => {
        ", open.id FROM payments LEFT JOIN cases open ON open.scope = payments.scope
 AND open.refid = payments.refid AND open.refid <> '' AND open.slot = 0
 WHERE payments.scope = ?1"
    };
}

const PAYMENTS_PAGE: &str = concat!(
    "SELECT ",
    payment_columns!(),
    open_case_columns!(),
    " AND (?6 = '' OR payments.account = ?6)",
    payments_before_columns!(),
    payments_page_columns!()
);

// The index of accounts begins with the hour, so that payments that come in by time are written
// where the last ones were; one by account alone would write a page for each row. So an account's
// payments are asked for hour by hour, of the hours that have any: `payments_created` finds them.
macro_rules! hours_columns {
    ($most:literal) => {
        concat!(
            "WITH RECURSIVE hours (n, hour) AS (
  SELECT 1, (SELECT late.created_at / 3600000 FROM payments late
   WHERE late.scope = ?1 AND late.created_at <= ?4 AND late.created_at >= ?3
   ORDER BY late.created_at DESC LIMIT 1)
  UNION ALL
  SELECT hours.n + 1, (SELECT early.created_at / 3600000 FROM payments early
   WHERE early.scope = ?1 AND early.created_at < hours.hour * 3600000
   AND early.created_at >= ?3 ORDER BY early.created_at DESC LIMIT 1)
  FROM hours WHERE hours.hour IS NOT NULL AND hours.n < ",
            $most,
            ")"
        )
    };
}

const HOURS_LOOKED_AT: &str = concat!(
    hours_columns!("?2"),
    " SELECT hour * 3600000, '' FROM hours WHERE n = ?2 AND hour > 0"
);

const ACCOUNT_PAGE: &str = concat!(
    hours_columns!("?11"),
    " SELECT ",
    payment_columns!(),
    ", open.id FROM hours CROSS JOIN payments LEFT JOIN cases open ON open.scope = payments.scope
 AND open.refid = payments.refid AND open.refid <> '' AND open.slot = 0
 WHERE payments.scope = ?1 AND payments.created_at / 3600000 = hours.hour
 AND payments.account = ?6",
    payments_before_columns!(),
    payments_page_columns!()
);

/// A place in a list of payments, the newest first: behind this one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BehindPayment {
    /// When it was made.
    pub at: Instant,
    /// Its reference.
    pub refid: String,
}

/// A page of payments.
#[derive(Clone, Debug)]
pub struct PaymentPage {
    /// Each with the case about it that is not closed.
    pub payments: Vec<(Payment, Option<CaseId>)>,
    /// Where the next page begins, when there may be one.
    pub next: Option<BehindPayment>,
}

/// Up to `limit` payments, the newest first. A page may be short, or empty, and still have a next
/// one: no page looks at more than a few thousand rows.
pub async fn payments(
    db: &Db,
    scope: Scope,
    filter: &PaymentFilter,
    behind: Option<&BehindPayment>,
    limit: i64,
) -> Result<PaymentPage, Fault> {
    let account = filter.account.as_deref().unwrap_or("");
    let page = if filter.account.is_some() { ACCOUNT_PAGE } else { PAYMENTS_PAGE };
    let [from, to] = bounds(filter.created);
    let begin = |limit: i64, from: i64| {
        let (at, refid) = match behind {
            Some(behind) => (behind.at.millis(), behind.refid.as_str()),
            None => (to, ""),
        };
        vec![scope.number().into(), limit.into(), from.into(), at.into(), refid.into()]
    };
    let far = match filter.account {
        Some(_) => {
            let mut values = begin(HOURS_LOOKED_AT_MAX, from);
            values.pop();
            db.one(HOURS_LOOKED_AT, values).await?
        }
        None => db.one(PAYMENTS_LOOKED_AT, begin(LOOKED_AT_MAX - 1, from)).await?,
    };
    let last = match far {
        Some(row) => Some(behind_payment(row.int(0)?, row.text(1)?)),
        None => None,
    };
    let mut values = begin(limit + 1, last.as_ref().map_or(from, |last| last.at.millis()));
    values.extend([
        account.into(),
        last.as_ref().map_or("", |last| last.refid.as_str()).into(),
        filter.product.as_deref().unwrap_or("").into(),
        filter.status.map_or(-1, |status| status.number()).into(),
        filter.provider.as_deref().unwrap_or("").into(),
    ]);
    if filter.account.is_some() {
        values.push(HOURS_LOOKED_AT_MAX.into());
    }
    let mut found = Vec::new();
    for row in db.rows(page, values).await? {
        let open = row.opt_text(11)?.map(codec::case_id).transpose()?;
        found.push((payment(&row)?, open));
    }
    let size = usize::try_from(limit).unwrap_or(usize::MAX);
    let more = found.len() > size;
    found.truncate(size);
    let shown = found.last().map(|(one, _)| behind_payment(one.created_at.millis(), &one.refid));
    Ok(PaymentPage { payments: found, next: if more { shown } else { last } })
}

fn behind_payment(at: i64, refid: &str) -> BehindPayment {
    BehindPayment { at: Instant::from_millis(at), refid: refid.to_owned() }
}
