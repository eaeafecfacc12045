//! Rows held against entries that are written out here: new ones, and those of earlier programs.

use super::*;
use crate::scope::{Env, Scope, TenantId};

/// What the tests count times from.
const BEGAN: i64 = 1_000_000_000;

fn entry(second: i64, act: &str, subject: &str, fields: &[(&str, &str)]) -> AdminEntry {
    AdminEntry {
        scope: Scope::new(TenantId(1), Env::Production),
        seq: second,
        at: Instant::from_millis(BEGAN + second * 1_000),
        actor: "root".into(),
        credential: String::new(),
        act: act.into(),
        subject: subject.into(),
        changes: fields.iter().map(|(name, after)| FieldChange::new(name, "", *after)).collect(),
        previous: [0; 32],
    }
}

fn told(entries: &[AdminEntry]) -> Administration {
    let mut told = Administration::of("acme/production");
    entries.iter().for_each(|entry| told.tell(entry));
    told
}

fn row(kind: Kind, said: &[(&'static str, &str)]) -> Columns {
    let mut row = blank(kind);
    row.extend(said.iter().map(|(name, value)| (*name, (*value).to_owned())));
    row
}

fn time(second: i64) -> String {
    (BEGAN + second * 1_000).to_string()
}

#[test]
fn a_member_is_what_was_done_to_him() {
    let told = told(&[
        entry(1, "member-add", "mb_1", &[("email", "a@b"), ("name", "A"), ("role", "agent")]),
        entry(2, "member-change", "mb_1", &[("role", "supervisor")]),
        entry(3, "member-disable", "mb_1", &[("state", "disabled")]),
        entry(4, "member-password", "mb_1", &[(PASSWORD_DIGEST, "12")]),
    ]);
    let (made, off) = (time(1), time(3));
    let kept = row(
        Kind::Member,
        &[
            ("email", "a@b"),
            ("name", "A"),
            ("role", "supervisor"),
            ("version", "3"),
            ("created_at", &made),
            ("disabled_at", &off),
            ("password", "12"),
        ],
    );
    assert_eq!(told.judge(Kind::Member, "mb_1", &kept), Judged::Fits);
    for name in columns(Kind::Member) {
        let mut other = kept.clone();
        other.insert(name, "999999999999".into());
        let judged = told.judge(Kind::Member, "mb_1", &other);
        assert_eq!(judged, Judged::Differs(vec![name]), "{name}");
    }
    let mut on = kept.clone();
    on.insert("disabled_at", String::new());
    assert_eq!(told.judge(Kind::Member, "mb_1", &on), Judged::Differs(vec!["disabled_at"]));
    assert_eq!(told.judge(Kind::Member, "mb_2", &kept), Judged::Untold);
    assert_eq!(told.judge(Kind::Key, "mb_1", &kept), Judged::Untold);
    let none = BTreeSet::new();
    assert_eq!(told.missing(&none).collect::<Vec<_>>(), [(Kind::Member, "mb_1")]);
    let met = BTreeSet::from([(Kind::Member, "mb_1".to_owned())]);
    assert_eq!(told.missing(&met).count(), 0);
}

/// Entries of earlier programs tell less: what they do not tell is left open, and no more.
#[test]
fn old_entries_leave_open_what_they_do_not_tell() {
    let fields = [("name", "ann"), ("role", "agent"), ("days", "2")];
    let new = [&fields[..], &[("digest", "ab")]].concat();
    let (old, new) = (entry(1, "token-add", "tk_1", &fields), entry(1, "token-add", "tk_1", &new));
    let (made, ends) = (time(1), time(1 + 2 * 86_400));
    let kept = |digest, member| {
        let said = [
            ("digest", digest),
            ("role", "agent"),
            ("label", "ann"),
            ("installation", "0"),
            ("member", member),
            ("created_at", &made),
            ("expires_at", &ends),
        ];
        row(Kind::Token, &said)
    };
    let judged = |entry: &AdminEntry, digest, member| {
        told(std::slice::from_ref(entry)).judge(Kind::Token, "tk_1", &kept(digest, member))
    };
    assert_eq!(judged(&new, "ab", ""), Judged::Fits);
    assert_eq!(judged(&old, "cd", "mb_1"), Judged::Fits);
    assert_eq!(judged(&new, "cd", "mb_1"), Judged::Differs(vec!["digest", "member"]));
    let login = told(&[entry(1, "login-add", "acme", &[])]);
    let said = [("password", "12"), ("created_at", made.as_str()), ("changed_at", &made)];
    assert_eq!(login.judge(Kind::Login, "acme", &row(Kind::Login, &said)), Judged::Fits);
}

/// A token that one account makes for another stands in both histories, and is in one.
#[test]
fn a_token_is_in_the_account_that_its_entry_names() {
    let fields = |account| [("name", "a"), ("digest", "ab"), ("account", account)];
    for (account, missing) in [("acme/production", 1), ("other/production", 0)] {
        let told = told(&[entry(1, "tenant-token", "tk_1", &fields(account))]);
        assert_eq!(told.missing(&BTreeSet::new()).count(), missing, "{account}");
    }
    let old = told(&[entry(1, "tenant-token", "tk_1", &[("name", "a")])]);
    assert_eq!(old.missing(&BTreeSet::new()).count(), 0, "it does not say where");
}

#[test]
fn what_is_found_is_told_whole() {
    let kept = row(Kind::Key, &[("label", "app"), ("created_at", "5"), ("revoked_at", "7")]);
    let mut found = entry(9, FOUND, "key_1", &[]);
    found.changes = found_fields(Kind::Key, &kept);
    let revoked = entry(8, "key-revoke", "key_1", &[("state", "revoked")]);
    let before = told(std::slice::from_ref(&revoked));
    assert_eq!(before.judge(Kind::Key, "key_1", &kept), Judged::Untold);
    let told = told(&[revoked, found]);
    assert_eq!(told.judge(Kind::Key, "key_1", &kept), Judged::Fits);
    let back = row(Kind::Key, &[("label", "app"), ("created_at", "5")]);
    assert_eq!(told.judge(Kind::Key, "key_1", &back), Judged::Differs(vec!["revoked_at"]));
}

#[test]
fn rights_and_times_are_compared_as_what_they_mean() {
    for (column, told, kept, fits) in [
        ("expires_at", "100000", "160000", true),
        ("expires_at", "100000", "160001", false),
        ("expires_at", "100000", "", false),
        ("revoked_at", "", "100000", false),
        ("version", "1", "2", false),
        ("rights", "", NO_RIGHTS, true),
        ("rights", NO_RIGHTS, "", false),
        ("rights", "report", "", false),
        ("name", "100000", "100001", false),
    ] {
        assert_eq!(agrees(column, told, kept), fits, "{column} {told:?} {kept:?}");
    }
}

/// Changes of an account come from several histories, in no order.
#[test]
fn an_account_is_what_is_left_of_all_its_changes() {
    let change = |second, before: &str, after: &str| {
        let mut entry = entry(second, "tenant-change", "acme", &[]);
        entry.changes = vec![FieldChange::new("name", before, after)];
        entry
    };
    let add = [("id", "1"), ("name", "A"), ("email", "a@b"), ("seal_narratives", "yes")];
    let entries = [change(3, "B", "A"), entry(1, "tenant-add", "acme", &add), change(2, "A", "B")];
    let mut accounts = Accounts::default();
    entries.iter().for_each(|entry| accounts.tell(entry));
    let made = time(1);
    let kept = |name, version| {
        let said = [
            ("id", "1"),
            ("name", name),
            ("email", "a@b"),
            ("seal_narratives", "1"),
            ("version", version),
            ("created_at", &made),
        ];
        row(Kind::Tenant, &said)
    };
    assert_eq!(accounts.judge("acme", &kept("A", "3")), Judged::Fits);
    assert_eq!(accounts.judge("acme", &kept("B", "3")), Judged::Differs(vec!["name"]));
    assert_eq!(accounts.judge("acme", &kept("A", "4")), Judged::Differs(vec!["version"]));
    assert_eq!(accounts.judge("other", &kept("A", "3")), Judged::Untold);
    assert_eq!(accounts.missing(&BTreeSet::new()).collect::<Vec<_>>(), ["acme"]);
}
