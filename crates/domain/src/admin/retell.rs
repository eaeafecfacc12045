//! Tells from the history of administration what the rows of an account must be, so that an
//! examiner can hold those against it. It computes from entries alone and never looks at a row to
//! find out what was done; what a history does not tell of a row, it leaves open.

mod accounts;

use std::collections::BTreeSet;
use std::collections::btree_map::{BTreeMap, Entry};

pub use accounts::Accounts;

use super::Kind;
use super::history::{AdminEntry, FieldChange};
use crate::chain::digest_of;
use crate::hex;
use crate::time::{Instant, Millis};

/// How far a time in a row may be from the time of its entry, or from one computed of it: an act
/// reads the clock more than once.
const CLOCK_SLACK: Millis = Millis::minutes(1);

/// The word for a member who set his password by an invitation.
pub const INVITE_ACCEPTED: &str = "invite-accept";

/// The word for a row that stood there before histories told of it.
pub const FOUND: &str = "found";

/// The word for the one time at which such rows were written down.
pub const STOCK_TAKEN: &str = "stock-taken";

/// The field of an entry that holds the [`fingerprint`] of a password's hash.
pub const PASSWORD_DIGEST: &str = "password_digest";

/// What is told of rights that were narrowed to none at all: an empty text is all of a role's.
pub const NO_RIGHTS: &str = "none";

/// What a row says, column by column: times as milliseconds since 1970, flags as 0 and 1, bytes in
/// hexadecimal, null as nothing. Instead of a password's hash stands its [`fingerprint`].
pub type Columns = BTreeMap<&'static str, String>;

/// Kinds that have rows in one environment of an account.
pub const KINDS: [Kind; 9] = [
    Kind::Member,
    Kind::Key,
    Kind::Token,
    Kind::Login,
    Kind::Endpoint,
    Kind::Queue,
    Kind::Team,
    Kind::Setting,
    Kind::Message,
];

/// The columns of a kind that are compared. Sealed secrets are not: they open for what they were
/// made for and nothing else.
pub const fn columns(kind: Kind) -> &'static [&'static str] {
    match kind {
        Kind::Tenant => &["id", "name", "email", "seal_narratives", "version", "created_at"],
        Kind::Member => {
            &["email", "name", "role", "version", "created_at", "disabled_at", "password"]
        }
        Kind::Key => &["label", "rights", "created_at", "revoked_at", "expires_at"],
        Kind::Token => &[
            "digest",
            "role",
            "label",
            "rights",
            "installation",
            "member",
            "created_at",
            "expires_at",
            "revoked_at",
        ],
        Kind::Login => &["password", "created_at", "changed_at"],
        Kind::Endpoint => &["url", "created_at", "disabled_at", "before_until"],
        Kind::Queue => &["label", "team", "version", "created_at", "retired_at"],
        Kind::Team => &["label", "members", "version", "created_at", "retired_at"],
        Kind::Setting | Kind::Message => &["value", "version", "at", "actor"],
        Kind::Case | Kind::Delivery => &[],
    }
}

/// A digest of a password's hash in hexadecimal; nothing where no password was set. The hash holds
/// a salt that stands nowhere else, so nobody guesses passwords by this.
pub fn fingerprint(hash: &str) -> String {
    if hash.is_empty() {
        return String::new();
    }
    hex(&digest_of(&[b"redress-password-1", hash.as_bytes()]))
}

/// How a row stands to what is told of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Judged {
    /// It is as it was told.
    Fits,
    /// Nothing tells how it was made.
    Untold,
    /// These columns are other than they were told.
    Differs(Vec<&'static str>),
}

/// One thing as it is told.
#[derive(Clone, Debug, Default)]
struct Thing {
    /// Whether it is told how it was made.
    made: bool,
    /// Whether its row must be here: an old entry does not say in which account a token was made.
    here: bool,
    /// What is known of its row.
    columns: Columns,
}

/// One environment of an account as its history tells it.
#[derive(Clone, Debug, Default)]
pub struct Administration {
    account: String,
    things: BTreeMap<(Kind, String), Thing>,
}

impl Administration {
    /// One that nothing was told of, called as in entries: `acme/production`.
    pub fn of(account: impl Into<String>) -> Self {
        Self { account: account.into(), things: BTreeMap::new() }
    }

    /// Goes on by the next entry of its history.
    pub fn tell(&mut self, entry: &AdminEntry) {
        match entry.act.as_str() {
            FOUND => self.found(entry),
            act if act.starts_with("member-") || act == INVITE_ACCEPTED => self.member(entry),
            act if act.starts_with("key-") => self.key(entry),
            "token-add" | "tenant-token" | "token-revoke" => self.token(entry),
            act if act.starts_with("login-") => self.login(entry),
            act if act.starts_with("endpoint-") => self.endpoint(entry),
            act if act.starts_with("queue-") => self.place(Kind::Queue, entry),
            act if act.starts_with("team-") => self.place(Kind::Team, entry),
            "setting-set" | "setting-reset" => self.value(Kind::Setting, entry),
            "message-set" | "message-reset" => self.value(Kind::Message, entry),
            _ => {} // of accounts, of deliveries, and what changes no row
        }
    }

    /// Holds a row against what was told.
    pub fn judge(&self, kind: Kind, id: &str, row: &Columns) -> Judged {
        match self.things.get(&(kind, id.to_owned())) {
            Some(thing) if thing.made => judged(&thing.columns, row),
            _ => Judged::Untold,
        }
    }

    /// What is told of and was not `met`.
    pub fn missing<'a>(
        &'a self,
        met: &'a BTreeSet<(Kind, String)>,
    ) -> impl Iterator<Item = (Kind, &'a str)> {
        let gone = |(key, thing): &(&(Kind, String), &Thing)| thing.here && !met.contains(*key);
        self.things.iter().filter(gone).map(|((kind, id), _)| (*kind, id.as_str()))
    }

    fn make(&mut self, kind: Kind, id: &str, at: Instant) -> &mut Columns {
        let mut made = blank(kind);
        if made.contains_key("version") {
            made.insert("version", "1".to_owned());
        }
        if made.contains_key("created_at") {
            made.insert("created_at", millis(at));
        }
        let thing = Thing { made: true, here: true, columns: made };
        let key = (kind, id.to_owned());
        let place = match self.things.entry(key) {
            Entry::Vacant(place) => place.insert(thing),
            Entry::Occupied(place) => {
                let there = place.into_mut();
                *there = thing;
                there
            }
        };
        &mut place.columns
    }

    /// What is known of a thing; of one that was made before histories told, what was done since.
    fn known(&mut self, kind: Kind, id: &str) -> &mut Columns {
        let key = (kind, id.to_owned());
        let unmade = Thing { here: true, ..Thing::default() };
        &mut self.things.entry(key).or_insert(unmade).columns
    }

    fn found(&mut self, entry: &AdminEntry) {
        let kind = after(entry, "kind").and_then(Kind::parse);
        let Some(kind) = kind.filter(|kind| KINDS.contains(kind)) else { return };
        let row = found_columns(kind, entry);
        *self.make(kind, &entry.subject, entry.at) = row;
    }

    fn member(&mut self, entry: &AdminEntry) {
        let (id, at) = (entry.subject.as_str(), entry.at);
        match entry.act.as_str() {
            "member-add" => {
                copy(self.make(Kind::Member, id, at), entry, &["email", "name", "role"])
            }
            "member-change" | "member-disable" | "member-enable" => {
                let known = self.known(Kind::Member, id);
                copy(known, entry, &["name", "role"]);
                state(known, entry, "disabled_at");
                grow(known);
            }
            "member-password" | INVITE_ACCEPTED => password(self.known(Kind::Member, id), entry),
            _ => {}
        }
    }

    fn key(&mut self, entry: &AdminEntry) {
        let (id, at) = (entry.subject.as_str(), entry.at);
        match entry.act.as_str() {
            "key-add" => copy(self.make(Kind::Key, id, at), entry, &["label", "rights"]),
            "key-rotate" => {
                let ends = ended_after(entry, "hours_of_both", Millis::hours(1));
                let old = self.known(Kind::Key, after(entry, "in_place_of").unwrap_or_default());
                put(old, "expires_at", ends);
                let kept = ["label", "rights"].map(|name| (name, old.get(name).cloned()));
                let new = self.make(Kind::Key, id, at);
                for (name, value) in kept {
                    match value {
                        Some(value) => put(new, name, value),
                        None => new.remove(name).map_or((), drop),
                    }
                }
            }
            "key-revoke" => put(self.known(Kind::Key, id), "revoked_at", millis(at)),
            _ => {}
        }
    }

    fn token(&mut self, entry: &AdminEntry) {
        let (id, at) = (entry.subject.as_str(), entry.at);
        if entry.act == "token-revoke" {
            return put(self.known(Kind::Token, id), "revoked_at", millis(at));
        }
        let account = after(entry, "account");
        if account.is_some_and(|account| account != self.account) {
            return; // the history of another account, where it is, tells the same
        }
        let here = entry.act == "token-add" || account.is_some();
        let made = self.make(Kind::Token, id, at);
        copy(made, entry, &["digest", "role", "rights", "member"]);
        if after(entry, "digest").is_none() {
            made.remove("digest"); // as entries were written once
            made.remove("member");
        }
        put(made, "label", after(entry, "name").unwrap_or_default());
        put(made, "installation", flag(after(entry, "installation")));
        let ends = ended_after(entry, "days", Millis::days(1));
        put(made, "expires_at", after(entry, "expires_at").map_or(ends, str::to_owned));
        if let Some(thing) = self.things.get_mut(&(Kind::Token, id.to_owned())) {
            thing.here = here;
        }
    }

    fn login(&mut self, entry: &AdminEntry) {
        let (id, at) = (entry.subject.as_str(), entry.at);
        let row = match entry.act.as_str() {
            "login-add" => self.make(Kind::Login, id, at),
            "login-password" => self.known(Kind::Login, id),
            _ => return,
        };
        put(row, "changed_at", millis(at));
        password(row, entry);
    }

    fn endpoint(&mut self, entry: &AdminEntry) {
        let (id, at) = (entry.subject.as_str(), entry.at);
        match entry.act.as_str() {
            "endpoint-add" => copy(self.make(Kind::Endpoint, id, at), entry, &["url"]),
            "endpoint-rotate" => {
                let none = matches!(after(entry, "hours_of_both"), None | Some("0"));
                let until = ended_after(entry, "hours_of_both", Millis::hours(1));
                let until = if none { String::new() } else { until };
                put(self.known(Kind::Endpoint, id), "before_until", until);
            }
            "endpoint-disable" | "endpoint-enable" => {
                state(self.known(Kind::Endpoint, id), entry, "disabled_at");
            }
            _ => {}
        }
    }

    fn place(&mut self, kind: Kind, entry: &AdminEntry) {
        let (id, at) = (entry.subject.as_str(), entry.at);
        let row = if entry.act.ends_with("-add") {
            self.make(kind, id, at)
        } else {
            let known = self.known(kind, id);
            grow(known);
            known
        };
        copy(row, entry, &["label", if kind == Kind::Queue { "team" } else { "members" }]);
        state(row, entry, "retired_at");
    }

    fn value(&mut self, kind: Kind, entry: &AdminEntry) {
        let (id, at) = (entry.subject.as_str(), entry.at);
        let made = self.things.get(&(kind, id.to_owned())).is_some_and(|thing| thing.made);
        let row = if made {
            let known = self.known(kind, id);
            grow(known);
            known
        } else {
            self.make(kind, id, at)
        };
        copy(row, entry, &["value"]);
        put(row, "at", millis(at));
        put(row, "actor", entry.actor.as_str());
    }
}

/// A row with nothing in it.
fn blank(kind: Kind) -> Columns {
    columns(kind).iter().map(|name| (*name, String::new())).collect()
}

/// The whole row that an entry of what was found tells.
fn found_columns(kind: Kind, entry: &AdminEntry) -> Columns {
    let mut row = blank(kind);
    for (name, value) in &mut row {
        after(entry, field_of(name)).unwrap_or_default().clone_into(value);
    }
    row
}

/// What an entry tells of a row that stands there already.
pub fn found_fields(kind: Kind, row: &Columns) -> Vec<FieldChange> {
    let told = row.iter().filter(|(_, value)| !value.is_empty());
    let told = told.map(|(name, value)| FieldChange::new(field_of(name), "", value.as_str()));
    std::iter::once(FieldChange::new("kind", "", kind.word())).chain(told).collect()
}

fn field_of(column: &'static str) -> &'static str {
    if column == "password" { PASSWORD_DIGEST } else { column }
}

/// The value of a field after an entry; nothing when the field is not in it.
fn after<'a>(entry: &'a AdminEntry, name: &str) -> Option<&'a str> {
    entry.changes.iter().find(|one| one.field == name).map(|one| one.after.as_str())
}

fn put(row: &mut Columns, column: &'static str, value: impl Into<String>) {
    row.insert(column, value.into());
}

/// Takes the fields over that an entry has.
fn copy(row: &mut Columns, entry: &AdminEntry, names: &[&'static str]) {
    for name in names {
        if let Some(value) = after(entry, name) {
            put(row, name, value);
        }
    }
}

/// A state that is kept as the time since when.
fn state(row: &mut Columns, entry: &AdminEntry, column: &'static str) {
    match after(entry, "state") {
        None => {}
        Some("") => put(row, column, ""),
        Some(_) => put(row, column, millis(entry.at)),
    }
}

fn password(row: &mut Columns, entry: &AdminEntry) {
    match after(entry, PASSWORD_DIGEST) {
        Some(digest) => put(row, "password", digest),
        None => row.remove("password").map_or((), drop), // as entries were written once
    }
}

/// One version more, where it is known which it had.
fn grow(row: &mut Columns) {
    if let Some(version) = row.get_mut("version")
        && let Ok(number) = version.parse::<i64>()
    {
        *version = number.saturating_add(1).to_string();
    }
}

fn flag(word: Option<&str>) -> &'static str {
    if word == Some("yes") { "1" } else { "0" }
}

fn millis(at: Instant) -> String {
    at.millis().to_string()
}

/// When what an entry counts in units from its own time ends; nothing when it counts none.
fn ended_after(entry: &AdminEntry, name: &str, unit: Millis) -> String {
    let count = after(entry, name).and_then(|text| text.parse::<i64>().ok());
    count.map_or_else(String::new, |count| {
        entry.at.millis().saturating_add(count.saturating_mul(unit.0)).to_string()
    })
}

fn judged(told: &Columns, row: &Columns) -> Judged {
    let differs = |(name, told): (&&'static str, &String)| {
        let kept = row.get(name).map_or("", String::as_str);
        (!agrees(name, told, kept)).then_some(*name)
    };
    let columns: Vec<_> = told.iter().filter_map(differs).collect();
    if columns.is_empty() { Judged::Fits } else { Judged::Differs(columns) }
}

fn agrees(column: &str, told: &str, kept: &str) -> bool {
    let time = column == "at" || column == "before_until" || column.ends_with("_at");
    match (time, told.parse::<i64>(), kept.parse::<i64>()) {
        (true, Ok(told), Ok(kept)) => told.abs_diff(kept) <= CLOCK_SLACK.0.unsigned_abs(),
        // As entries were written once; whoever has no right can do nothing with more words.
        _ if column == "rights" && told.is_empty() => matches!(kept, "" | NO_RIGHTS),
        _ => told == kept,
    }
}

#[cfg(test)]
mod tests;
