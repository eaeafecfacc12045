//! What was changed by whom, as a chain: each entry of an account holds the digest of the one
//! before, so that none can be taken out or altered unseen. Secrets never stand in it.

use crate::chain::{Digest, digest_of};
use crate::scope::Scope;
use crate::time::Instant;

/// One field before and after.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldChange {
    /// Its name.
    pub field: String,
    /// The value before; empty for none.
    pub before: String,
    /// The value after; empty for none.
    pub after: String,
}

impl FieldChange {
    /// One field.
    pub fn new(field: &str, before: impl Into<String>, after: impl Into<String>) -> Self {
        Self { field: field.to_owned(), before: before.into(), after: after.into() }
    }
}

/// One thing that was done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminEntry {
    /// Of which account, in which environment.
    pub scope: Scope,
    /// From 1, without gaps.
    pub seq: i64,
    /// When.
    pub at: Instant,
    /// Who.
    pub actor: String,
    /// With which credential; empty on the command line.
    pub credential: String,
    /// What was done, as `member-add`.
    pub act: String,
    /// To what, by its id or name.
    pub subject: String,
    /// What changed.
    pub changes: Vec<FieldChange>,
    /// Digest of the entry before; zeros before the first.
    pub previous: Digest,
}

impl AdminEntry {
    /// The entry's own digest: over every field, each with its length before it.
    pub fn digest(&self) -> Digest {
        let changes = self.written();
        digest_of(&[
            b"redress-admin-1",
            &self.scope.number().to_be_bytes(),
            &self.seq.to_be_bytes(),
            &self.at.millis().to_be_bytes(),
            self.actor.as_bytes(),
            self.credential.as_bytes(),
            self.act.as_bytes(),
            self.subject.as_bytes(),
            changes.as_bytes(),
            &self.previous,
        ])
    }

    /// The changes as one text: a line for each field, with tabs between its parts.
    pub fn written(&self) -> String {
        let line = |one: &FieldChange| {
            [&one.field, &one.before, &one.after].map(|text| escaped(text)).join("\t")
        };
        self.changes.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Reads [`AdminEntry::written`] back; what does not read is left out.
    pub fn read(text: &str) -> Vec<FieldChange> {
        let parts = |line: &str| {
            let mut parts = line.split('\t').map(unescaped);
            Some(FieldChange { field: parts.next()?, before: parts.next()?, after: parts.next()? })
        };
        text.lines().filter_map(parts).collect()
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('\t', "\\t").replace('\n', "\\n").replace('\r', "\\r")
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut letters = text.chars();
    while let Some(letter) = letters.next() {
        match (letter, if letter == '\\' { letters.next() } else { None }) {
            ('\\', Some('t')) => out.push('\t'),
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('r')) => out.push('\r'),
            ('\\', Some(other)) => out.push(other),
            (letter, _) => out.push(letter),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::{Env, TenantId};

    #[test]
    fn changes_read_back_and_every_field_counts() {
        let entry = AdminEntry {
            scope: Scope::new(TenantId(1), Env::Production),
            seq: 1,
            at: Instant::from_millis(5),
            actor: "ann".into(),
            credential: "tk_1".into(),
            act: "setting-set".into(),
            subject: "language".into(),
            changes: vec![
                FieldChange::new("value", "a\tb\\n", "c\nd\re"),
                FieldChange::new("name", "", "é"),
            ],
            previous: [0; 32],
        };
        assert_eq!(AdminEntry::read(&entry.written()), entry.changes);
        let digest = entry.digest();
        let others = [
            AdminEntry { seq: 2, ..entry.clone() },
            AdminEntry { actor: "bob".into(), ..entry.clone() },
            AdminEntry { credential: String::new(), ..entry.clone() },
            AdminEntry { subject: "sender-name".into(), ..entry.clone() },
            AdminEntry { changes: Vec::new(), ..entry.clone() },
            AdminEntry { previous: [1; 32], ..entry.clone() },
            AdminEntry { scope: Scope::new(TenantId(2), Env::Production), ..entry },
        ];
        assert!(others.iter().all(|other| other.digest() != digest));
    }
}
