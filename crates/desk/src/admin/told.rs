//! Rows of administration beside the history that tells of them: what is made outside the road of
//! acts is told too, what was there before histories is written down once, and an examiner's walk
//! holds every row against what its history says. It mends nothing.

use std::collections::{BTreeMap, BTreeSet};

use domain::account::{ApiKey, Endpoint, Login, Tenant, Token};
use domain::actor::Actor;
use domain::admin::retell::{
    Accounts, Administration, FOUND, Judged, KINDS, NO_RIGHTS, PASSWORD_DIGEST, STOCK_TAKEN,
    fingerprint, found_fields,
};
use domain::admin::{AdminChange, AdminEntry, FieldChange, Kind};
use domain::changes::{Change, Changes};
use domain::{Millis, Refusal, Rights, Scope, hex};
use store::engine::CommitError;
use store::read::rows as read;

use super::{ATTEMPTS_MAX, Decision};
use crate::nonces::NOBODY;
use crate::{Desk, Failure};

/// Times an account is compared because its history grew meanwhile. Acts of administration are
/// rare; what was wrong at each of so many is wrong.
const PASSES_MAX: usize = 16;

/// What is in no account.
const INSTALLATION: &str = "the installation";

/// What is told of rights: those that are left, when they were narrowed.
pub(super) fn rights_told(rights: Option<Rights>) -> String {
    match rights.map(Rights::words) {
        None => String::new(),
        Some(words) if words.is_empty() => NO_RIGHTS.to_owned(),
        Some(words) => words,
    }
}

/// A new account, and what is told of it.
pub(crate) fn tenant_made(tenant: Tenant) -> Decision {
    Decision::new(tenant.slug.as_str())
        .version(tenant.version)
        .field("name", "", tenant.name.as_str())
        .field("email", "", tenant.email.as_str())
        .field("seal_narratives", "", if tenant.seal_narratives { "yes" } else { "" })
        .field("id", "", tenant.id.0.to_string())
        .change(Change::TenantNew(tenant))
}

/// A new key, and what is told of it.
pub(crate) fn key_made(key: ApiKey) -> Decision {
    Decision::new(key.id.as_str())
        .field("label", "", key.label.as_str())
        .field("rights", "", rights_told(key.rights))
        .change(Change::KeyNew(key))
}

/// A new token, and what is told of it.
pub(crate) fn token_made(token: Token) -> Decision {
    let life = token.expires_at.since(token.created_at);
    let day = Millis::days(1).0;
    let decision = Decision::new(token.id())
        .field("name", "", token.label.as_str())
        .field("role", "", token.role.word())
        .field("rights", "", rights_told(token.rights))
        .field("days", "", (life.0 / day).to_string());
    let decision = match life.0 % day {
        0 => decision,
        _ => decision.field("expires_at", "", token.expires_at.millis().to_string()),
    };
    decision
        .field("installation", "", if token.installation { "yes" } else { "" })
        .field("member", "", token.member.as_ref().map_or("", |member| member.as_str()))
        .field("digest", "", hex(&token.digest))
        .change(Change::TokenNew(token))
}

/// A new login, and what is told of it.
pub(crate) fn login_made(login: Login) -> Decision {
    Decision::new(login.username.as_str())
        .field(PASSWORD_DIGEST, "", fingerprint(&login.password))
        .change(Change::LoginNew(login))
}

/// A login's new password, and what is told of it.
pub(crate) fn password_set(username: &str, password: String) -> Decision {
    let decision = Decision::new(username).field(PASSWORD_DIGEST, "", fingerprint(&password));
    decision.change(Change::PasswordSet { username: username.to_owned(), password })
}

/// A new endpoint, and what is told of it.
pub(crate) fn endpoint_made(endpoint: Endpoint) -> Decision {
    Decision::new(endpoint.id.as_str())
        .field("url", "", endpoint.url.as_str())
        .change(Change::EndpointNew(endpoint))
}

/// The end of a credential, or of what an endpoint gets.
pub(crate) fn ended(id: &str, state: &str, change: Change) -> Decision {
    Decision::new(id).field("state", "", state).change(change)
}

/// What an environment of an account is called in histories.
pub(super) fn account_called(slug: &str, scope: Scope) -> String {
    format!("{slug}/{}", scope.env())
}

impl Desk {
    /// Writes what the operator did and tells of it; false when a guard missed.
    ///
    /// # Errors
    /// [`Refusal::Busy`], or a fault.
    pub(crate) async fn write_told(
        &self,
        scope: Scope,
        act: &str,
        done: Decision,
    ) -> Result<bool, Failure> {
        let operator = Actor::operator(scope).name;
        for _ in 0..ATTEMPTS_MAX {
            let mut entry = self.entry_by(scope, &operator, act).await?;
            let before = entry.seq - 1;
            entry.subject.clone_from(&done.id);
            entry.changes.clone_from(&done.fields);
            let mut changes = Changes::none(scope, self.now());
            changes.list.clone_from(&done.changes);
            changes.list.push(recorded(entry));
            match store::commit(self.db(), &changes).await {
                Ok(()) => return Ok(true),
                Err(CommitError::Missed { .. }) => {
                    let head = store::read::admin::history_head(self.db(), scope).await?;
                    if head.seq == before {
                        return Ok(false);
                    }
                }
                Err(error) => return Err(crate::failure::must(error).into()),
            }
        }
        Err(Refusal::Busy.into())
    }

    /// Writes down, once for a database, what stands in it without an entry that tells how it was
    /// made: earlier programs kept no histories. From then on such a row is a flaw. Gives how many
    /// there were.
    ///
    /// # Errors
    /// [`Refusal::Busy`], or a fault.
    pub async fn take_stock(&self) -> Result<usize, Failure> {
        for _ in 0..ATTEMPTS_MAX {
            if read::stock_taken(self.db(), NOBODY).await? {
                return Ok(0);
            }
            let list = self.stock().await?;
            let found = list.len() - 1;
            let mut changes = Changes::none(NOBODY, self.now());
            changes.list.extend(list.into_iter().map(recorded));
            match store::commit(self.db(), &changes).await {
                Ok(()) => return Ok(found),
                Err(CommitError::Missed { .. }) => {} // another node took it, or somebody acted
                Err(error) => return Err(crate::failure::must(error).into()),
            }
        }
        Err(Refusal::Busy.into())
    }

    /// An entry for each row that none tells of, and one that says that this was done.
    async fn stock(&self) -> Result<Vec<AdminEntry>, Failure> {
        let mut entries = Vec::new();
        let names = self.account_names().await?;
        let mut ours = self.stock_entry(NOBODY).await?;
        let (accounts, _) = self.tell_accounts().await?;
        self.each_row(Kind::Tenant, NOBODY, &mut |row| {
            if accounts.judge(&row.id, &row.columns) == Judged::Untold {
                entries.push(next(
                    &mut ours,
                    FOUND,
                    &row.id,
                    found_fields(Kind::Tenant, &row.columns),
                ));
            }
        })
        .await?;
        for scope in read::scopes(self.db()).await?.into_iter().filter(|scope| *scope != NOBODY) {
            let mut theirs = self.stock_entry(scope).await?;
            let mut told = Administration::of(called(&names, scope));
            self.tell(scope, 0, &mut told).await?;
            for kind in KINDS {
                self.each_row(kind, scope, &mut |row| {
                    if told.judge(kind, &row.id, &row.columns) == Judged::Untold {
                        let fields = found_fields(kind, &row.columns);
                        entries.push(next(&mut theirs, FOUND, &row.id, fields));
                    }
                })
                .await?;
            }
        }
        entries.push(next(&mut ours, STOCK_TAKEN, "", Vec::new()));
        Ok(entries)
    }

    async fn stock_entry(&self, scope: Scope) -> Result<AdminEntry, Failure> {
        self.entry_by(scope, &Actor::operator(scope).name, FOUND).await
    }

    /// Holds every row of administration against what the histories tell, and gives what does not
    /// fit, in words.
    ///
    /// # Errors
    /// A fault; flaws are not errors but findings.
    pub(crate) async fn judge_administration(
        &self,
        flaw: &mut (dyn FnMut(String) + Send),
    ) -> Result<(), Failure> {
        let names = self.account_names().await?;
        for scope in read::scopes(self.db()).await? {
            self.judge_account(scope, &called(&names, scope))
                .await?
                .into_iter()
                .for_each(&mut *flaw);
        }
        self.judge_accounts().await?.into_iter().for_each(flaw);
        Ok(())
    }

    /// One environment of an account. An act that is done while the walk goes by is in the history
    /// as it then is: it is gone on with, and all is compared again. What is wrong stays wrong.
    async fn judge_account(&self, scope: Scope, name: &str) -> Result<Vec<String>, Failure> {
        let mut told = Administration::of(name);
        let (mut seq, mut wrong) = (0, None);
        for _ in 0..PASSES_MAX {
            seq = self.tell(scope, seq, &mut told).await?;
            let mut flaws = BTreeSet::new();
            let mut met = BTreeSet::new();
            for kind in KINDS {
                self.each_row(kind, scope, &mut |row| {
                    let judged = told.judge(kind, &row.id, &row.columns);
                    flaws.extend(in_words(kind, &row.id, name, judged));
                    met.insert((kind, row.id));
                })
                .await?;
            }
            flaws.extend(told.missing(&met).map(|(kind, id)| gone(kind, id, name)));
            let head = store::read::admin::history_head(self.db(), scope).await?;
            if still(&mut wrong, flaws) || head.seq == seq {
                break;
            }
        }
        Ok(wrong.unwrap_or_default().into_iter().collect())
    }

    /// The rows of accounts themselves, which several histories tell of; as above.
    async fn judge_accounts(&self) -> Result<Vec<String>, Failure> {
        let (mut told, mut count) = self.tell_accounts().await?;
        let mut wrong = None;
        for _ in 0..PASSES_MAX {
            let mut flaws = BTreeSet::new();
            let mut met = BTreeSet::new();
            self.each_row(Kind::Tenant, NOBODY, &mut |row| {
                let judged = told.judge(&row.id, &row.columns);
                flaws.extend(in_words(Kind::Tenant, &row.id, INSTALLATION, judged));
                met.insert(row.id);
            })
            .await?;
            flaws.extend(told.missing(&met).map(|slug| gone(Kind::Tenant, slug, INSTALLATION)));
            if still(&mut wrong, flaws) {
                break;
            }
            let (now, grown) = self.tell_accounts().await?;
            if grown == count {
                break;
            }
            (told, count) = (now, grown);
        }
        Ok(wrong.unwrap_or_default().into_iter().collect())
    }

    /// Tells the entries after number `seq` on; the number of the last.
    async fn tell(
        &self,
        scope: Scope,
        mut seq: i64,
        told: &mut Administration,
    ) -> Result<i64, Failure> {
        loop {
            let page = read::entries(self.db(), scope, seq).await?;
            let Some(last) = page.last() else { return Ok(seq) };
            seq = last.seq;
            page.iter().for_each(|entry| told.tell(entry));
        }
    }

    /// Accounts as all histories tell them, and how many entries do.
    async fn tell_accounts(&self) -> Result<(Accounts, usize), Failure> {
        let (mut told, mut count) = (Accounts::default(), 0);
        let (mut scope, mut seq) = (i64::MIN, 0);
        loop {
            let page = read::entries_of_accounts(self.db(), scope, seq).await?;
            let Some(last) = page.last() else { return Ok((told, count)) };
            (scope, seq) = (last.scope.number(), last.seq);
            count += page.len();
            page.iter().for_each(|entry| told.tell(entry));
        }
    }

    async fn each_row(
        &self,
        kind: Kind,
        scope: Scope,
        meet: &mut (dyn FnMut(read::KeptRow) + Send),
    ) -> Result<(), Failure> {
        let mut after = read::beginning(kind);
        loop {
            let page = read::rows(self.db(), kind, scope, &after).await?;
            let Some(last) = page.last() else { return Ok(()) };
            after = last.place.clone();
            page.into_iter().for_each(&mut *meet);
        }
    }

    async fn account_names(&self) -> Result<BTreeMap<i64, String>, Failure> {
        let all = self.tenants().await?;
        Ok(all.into_iter().map(|tenant| (tenant.id.0, tenant.slug)).collect())
    }
}

/// Leaves of what was `wrong` what is still; whether nothing is.
fn still(wrong: &mut Option<BTreeSet<String>>, mut now: BTreeSet<String>) -> bool {
    if let Some(before) = wrong {
        now.retain(|flaw| before.contains(flaw));
    }
    wrong.insert(now).is_empty()
}

fn called(names: &BTreeMap<i64, String>, scope: Scope) -> String {
    match names.get(&scope.tenant().0) {
        Some(slug) => account_called(slug, scope),
        None if scope == NOBODY => INSTALLATION.to_owned(),
        None => format!("scope {}, which is no account's", scope.number()),
    }
}

fn recorded(entry: AdminEntry) -> Change {
    Change::Admin(Box::new(AdminChange::Recorded(entry)))
}

/// The entry that `open` is the place of, written; `open` is the place after it then.
fn next(open: &mut AdminEntry, act: &str, subject: &str, changes: Vec<FieldChange>) -> AdminEntry {
    let (act, subject) = (act.to_owned(), subject.to_owned());
    let entry = AdminEntry { act, subject, changes, ..open.clone() };
    (open.seq, open.previous) = (entry.seq + 1, entry.digest());
    entry
}

fn in_words(kind: Kind, id: &str, account: &str, judged: Judged) -> Vec<String> {
    let what = format!("{} {id} of {account}", kind.word());
    match judged {
        Judged::Fits => Vec::new(),
        Judged::Untold => vec![format!("{what}: no entry tells how it came to be there")],
        Judged::Differs(columns) => {
            let words = |column| format!("{what}: its {column} is not what its history says");
            columns.into_iter().map(words).collect()
        }
    }
}

fn gone(kind: Kind, id: &str, account: &str) -> String {
    format!("{} {id} of {account}: its history tells of it, and it is not there", kind.word())
}
