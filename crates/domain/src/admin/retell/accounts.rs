//! The rows of accounts as the histories tell them. An account may be changed from more than one
//! history, which are in no order together: what counts is that each value that a change took away
//! was there, so that one is left.

use std::collections::{BTreeMap, BTreeSet};

use super::{Columns, FOUND, Judged, after, agrees, flag, found_columns, millis, put};
use crate::admin::Kind;
use crate::admin::history::{AdminEntry, FieldChange};
use crate::time::Instant;

/// All accounts of an installation.
#[derive(Clone, Debug, Default)]
pub struct Accounts {
    told: BTreeMap<String, Account>,
}

#[derive(Clone, Debug, Default)]
struct Account {
    /// How it was when it was made, or found.
    made: Option<(Instant, Columns)>,
    changes: Vec<(Instant, Vec<FieldChange>)>,
}

impl Accounts {
    /// The acts of entries that tell of accounts.
    pub const ACTS: [&'static str; 3] = ["tenant-add", "tenant-change", FOUND];

    /// Takes an entry of any history in.
    pub fn tell(&mut self, entry: &AdminEntry) {
        let (slug, at) = (entry.subject.as_str(), entry.at);
        match entry.act.as_str() {
            "tenant-add" => {
                let mut row = Columns::new();
                for name in ["id", "name", "email"] {
                    if let Some(value) = after(entry, name) {
                        put(&mut row, name, value);
                    }
                }
                put(&mut row, "seal_narratives", flag(after(entry, "seal_narratives")));
                put(&mut row, "version", "1");
                put(&mut row, "created_at", millis(at));
                self.told.entry(slug.to_owned()).or_default().made = Some((at, row));
            }
            "tenant-change" => {
                let account = self.told.entry(slug.to_owned()).or_default();
                account.changes.push((at, entry.changes.clone()));
            }
            FOUND if after(entry, "kind") == Some(Kind::Tenant.word()) => {
                let row = found_columns(Kind::Tenant, entry);
                self.told.entry(slug.to_owned()).or_default().made = Some((at, row));
            }
            _ => {}
        }
    }

    /// Holds the row of an account against what was told.
    pub fn judge(&self, slug: &str, row: &Columns) -> Judged {
        let Some(Account { made: Some((since, made)), changes }) = self.told.get(slug) else {
            return Judged::Untold;
        };
        let changes: Vec<_> =
            changes.iter().filter(|(at, _)| at > since || made["version"] == "1").collect();
        let differs = |(name, first): (&&'static str, &String)| {
            let kept = row.get(name).map_or("", String::as_str);
            let fits = match *name {
                "version" => {
                    let first = first.parse::<i64>().unwrap_or(0);
                    let count = i64::try_from(changes.len()).unwrap_or(i64::MAX);
                    kept == first.saturating_add(count).to_string()
                }
                "name" | "email" => {
                    let mut left = BTreeMap::from([(first.as_str(), 1_i64)]);
                    let of = changes.iter().flat_map(|(_, fields)| fields);
                    for field in of.filter(|field| field.field == *name) {
                        *left.entry(&field.before).or_default() -= 1;
                        *left.entry(&field.after).or_default() += 1;
                    }
                    left.get(kept) == Some(&1)
                }
                name => agrees(name, first, kept),
            };
            (!fits).then_some(*name)
        };
        let columns: Vec<_> = made.iter().filter_map(differs).collect();
        if columns.is_empty() { Judged::Fits } else { Judged::Differs(columns) }
    }

    /// Accounts that are told of and were not `met`.
    pub fn missing<'a>(&'a self, met: &'a BTreeSet<String>) -> impl Iterator<Item = &'a str> {
        self.told.keys().filter(|slug| !met.contains(*slug)).map(String::as_str)
    }
}
