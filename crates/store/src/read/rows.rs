//! The rows of administration as an examiner compares them: of every scope, as texts, whatever
//! stands in them. A row that nothing else here could read is read too: it is one to be shown.

use std::collections::BTreeMap;

use domain::Scope;
use domain::account::token_id;
use domain::admin::retell::{Columns, NO_RIGHTS, columns, fingerprint};
use domain::admin::{AdminEntry, Kind};
use domain::hex;

use super::admin::entry;
use crate::engine::{Db, Row, Value};
use crate::fault::Fault;

// Each has the row's id, then the columns that are compared, in their order.
const MEMBERS: &str = "SELECT id, email, name, role, version, created_at, disabled_at, password
 FROM members WHERE scope = ?1 AND id > ?2 ORDER BY id LIMIT 1000";

const KEYS: &str = "SELECT id, label, rights, created_at, revoked_at, expires_at
 FROM api_keys WHERE scope = ?1 AND id > ?2 ORDER BY id LIMIT 1000";

const TOKENS: &str = "SELECT digest, digest, role, label, rights, installation, member, created_at,
 expires_at, revoked_at FROM tokens WHERE scope = ?1 AND digest > ?2 ORDER BY digest LIMIT 1000";

const LOGINS: &str = "SELECT username, password, created_at, changed_at
 FROM logins WHERE scope = ?1 AND username > ?2 ORDER BY username LIMIT 1000";

const ENDPOINTS: &str = "SELECT id, url, created_at, disabled_at, before_until
 FROM webhook_endpoints WHERE scope = ?1 AND id > ?2 ORDER BY id LIMIT 1000";

const QUEUES: &str = "SELECT name, label, team, version, created_at, retired_at
 FROM queues WHERE scope = ?1 AND name > ?2 ORDER BY name LIMIT 1000";

// The people of a team follow from a table of their own.
const TEAMS: &str = "SELECT name, label, NULL, version, created_at, retired_at
 FROM teams WHERE scope = ?1 AND name > ?2 ORDER BY name LIMIT 1000";

const TEAM_MEMBERS: &str = "SELECT team, member FROM team_members
 WHERE scope = ?1 AND team >= ?2 AND team <= ?3 ORDER BY team, member";

const SETTINGS: &str = "SELECT key, value, version, at, actor
 FROM settings WHERE scope = ?1 AND key > ?2 ORDER BY key LIMIT 1000";

const CATALOGUE: &str = "SELECT key, value, version, at, actor
 FROM catalogue WHERE scope = ?1 AND key > ?2 ORDER BY key LIMIT 1000";

const TENANTS: &str = "SELECT slug, id, name, email, seal_narratives, version, created_at
 FROM tenants WHERE slug > ?1 ORDER BY slug LIMIT 1000";

const SCOPES: &str = "SELECT scope FROM admin_history UNION SELECT scope FROM members
 UNION SELECT scope FROM api_keys UNION SELECT scope FROM tokens UNION SELECT scope FROM logins
 UNION SELECT scope FROM webhook_endpoints UNION SELECT scope FROM queues
 UNION SELECT scope FROM teams UNION SELECT scope FROM team_members
 UNION SELECT scope FROM settings UNION SELECT scope FROM catalogue ORDER BY scope";

const ENTRIES: &str = "SELECT scope, seq, at, actor, credential, act, subject, changes, previous
 FROM admin_history WHERE scope = ?1 AND seq > ?2 ORDER BY seq LIMIT 1000";

const ENTRIES_OF_ACCOUNTS: &str =
    "SELECT scope, seq, at, actor, credential, act, subject, changes, previous
 FROM admin_history WHERE act IN ('tenant-add', 'tenant-change', 'found')
 AND ((scope = ?1 AND seq > ?2) OR scope > ?1) ORDER BY scope, seq LIMIT 1000";

const STOCK_TAKEN: &str =
    "SELECT seq FROM admin_history WHERE scope = ?1 AND act = 'stock-taken' LIMIT 1";

/// A row with its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeptRow {
    /// What it is called in histories.
    pub id: String,
    /// By what it is sorted.
    pub place: Value,
    /// What it says.
    pub columns: Columns,
}

/// Before the first row of a kind.
pub fn beginning(kind: Kind) -> Value {
    if kind == Kind::Token { Value::Bytes(Vec::new()) } else { Value::Text(String::new()) }
}

/// Rows of one kind and scope after a place, a page at a time. Accounts are in no scope, and those
/// of all are given.
pub async fn rows(db: &Db, kind: Kind, scope: Scope, after: &Value) -> Result<Vec<KeptRow>, Fault> {
    let of = |sql| (sql, vec![scope.number().into(), after.clone()]);
    let (sql, values) = match kind {
        Kind::Tenant => (TENANTS, vec![after.clone()]),
        Kind::Member => of(MEMBERS),
        Kind::Key => of(KEYS),
        Kind::Token => of(TOKENS),
        Kind::Login => of(LOGINS),
        Kind::Endpoint => of(ENDPOINTS),
        Kind::Queue => of(QUEUES),
        Kind::Team => of(TEAMS),
        Kind::Setting => of(SETTINGS),
        Kind::Message => of(CATALOGUE),
        Kind::Case | Kind::Delivery => return Ok(Vec::new()),
    };
    let found = db.rows(sql, values).await?;
    let mut rows = found.iter().map(|row| kept(kind, row)).collect::<Result<Vec<_>, _>>()?;
    if kind == Kind::Team {
        with_people(db, scope, &mut rows).await?;
    }
    Ok(rows)
}

fn kept(kind: Kind, row: &Row) -> Result<KeptRow, Fault> {
    let place = row.value(0)?.clone();
    let id = match &place {
        Value::Bytes(digest) => token_id(digest),
        other => text(other),
    };
    let mut said = Columns::new();
    for (number, name) in columns(kind).iter().enumerate() {
        let value = row.value(number + 1)?;
        let words = match (*name, value) {
            ("rights", Value::Text(words)) if words.is_empty() => NO_RIGHTS.to_owned(),
            ("password", Value::Text(hash)) => fingerprint(hash),
            _ => text(value),
        };
        said.insert(name, words);
    }
    Ok(KeptRow { id, place, columns: said })
}

fn text(value: &Value) -> String {
    match value {
        Value::Int(number) => number.to_string(),
        Value::Text(text) => text.clone(),
        Value::Bytes(bytes) => hex(bytes),
        Value::Null => String::new(),
    }
}

async fn with_people(db: &Db, scope: Scope, teams: &mut [KeptRow]) -> Result<(), Fault> {
    let (Some(first), Some(last)) = (teams.first(), teams.last()) else { return Ok(()) };
    let values = vec![scope.number().into(), first.place.clone(), last.place.clone()];
    let mut people: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in db.rows(TEAM_MEMBERS, values).await? {
        people.entry(row.text(0)?.to_owned()).or_default().push(row.text(1)?.to_owned());
    }
    for team in teams {
        let ids = people.remove(&team.id).unwrap_or_default();
        team.columns.insert("members", ids.join(" "));
    }
    Ok(())
}

/// Every scope that has a history of administration or rows of it, in order.
pub async fn scopes(db: &Db) -> Result<Vec<Scope>, Fault> {
    let rows = db.rows(SCOPES, Vec::new()).await?;
    rows.iter().map(|row| Ok(Scope::from_number(row.int(0)?))).collect()
}

/// Entries of a scope's history after number `seq`, oldest first, a page at a time.
pub async fn entries(db: &Db, scope: Scope, seq: i64) -> Result<Vec<AdminEntry>, Fault> {
    let values = vec![scope.number().into(), seq.into()];
    db.rows(ENTRIES, values).await?.iter().map(entry).collect()
}

/// Entries that tell of accounts after `seq` of the scope with this number, in every history, a
/// page at a time.
pub async fn entries_of_accounts(db: &Db, scope: i64, seq: i64) -> Result<Vec<AdminEntry>, Fault> {
    db.rows(ENTRIES_OF_ACCOUNTS, vec![scope.into(), seq.into()]).await?.iter().map(entry).collect()
}

/// Whether rows from before the histories were written down in the history of `scope`.
pub async fn stock_taken(db: &Db, scope: Scope) -> Result<bool, Fault> {
    Ok(db.one(STOCK_TAKEN, vec![scope.number().into()]).await?.is_some())
}
