//! Who may be called what, and who is meant by a name. Names are compared without regard to
//! capitals and in one form of Unicode; in an account's environment no two have the same one.

use domain::account::{Member, Queue, Token};
use domain::admin::{AdminChange, Kind};
use domain::case::INTAKE;
use domain::names::{Name, folded, same};
use domain::{Instant, Refusal, Right, Role, Scope};
use store::read::admin as read;

use crate::{Desk, Failure};

/// A token's name, taken for as long as the token lives.
pub(super) fn of_token(token: &Token) -> AdminChange {
    AdminChange::NameTaken(Name {
        scope: token.scope,
        name: token.label.clone(),
        kind: Kind::Token,
        holder: token.id(),
        until: Some(token.expires_at),
    })
}

/// The name of a member or key, taken until it is freed.
pub(super) fn of(kind: Kind, scope: Scope, name: &str, holder: &str) -> AdminChange {
    let (name, holder) = (name.to_owned(), holder.to_owned());
    AdminChange::NameTaken(Name { scope, name, kind, holder, until: None })
}

/// Whether the queue is the one that is always there.
pub(crate) fn is_intake(name: &str) -> bool {
    folded(name) == INTAKE
}

impl Desk {
    /// Refuses a name that somebody else of the scope has, however it is written. What an older
    /// program wrote is looked at too: it took no names.
    pub(super) async fn name_free(
        &self,
        scope: Scope,
        name: &str,
        kind: Kind,
    ) -> Result<(), Failure> {
        let now = self.now();
        let wanted = folded(name);
        let is = |name: &str| folded(name) == wanted;
        let taken = |kind: Kind| Err(Refusal::NameTaken { kind }.into());
        if let Some((_, word)) = read::name_of(self.db(), scope, name, now).await?
            && !(kind == Kind::Login && word == Kind::Key.word())
        {
            return taken(Kind::parse(&word).unwrap_or(Kind::Member));
        }
        let mut after = String::new();
        loop {
            let page = read::members(self.db(), scope, &after).await?;
            let Some(last) = page.last() else { break };
            last.id.as_str().clone_into(&mut after);
            if page.iter().any(|member| is(&member.email)) {
                return taken(Kind::Member);
            }
        }
        let lives =
            |one: &Token| one.member.is_none() && one.revoked_at.is_none() && one.expires_at > now;
        if self.tokens_of(scope).await?.iter().any(|one| lives(one) && is(&one.label)) {
            return taken(Kind::Token);
        }
        // A key acts under its id, and a login only reports: these two may be called alike.
        if kind != Kind::Login
            && self.keys_of(scope).await?.iter().any(|key| key.works(now) && is(&key.label))
        {
            return taken(Kind::Key);
        }
        if kind != Kind::Key && self.logins_of(scope).await?.iter().any(|login| is(&login.username))
        {
            return taken(Kind::Login);
        }
        Ok(())
    }

    /// The queue of a scope with this name, however it is written. There are few, so all are looked
    /// at when none has exactly this name.
    pub(crate) async fn queue_called(
        &self,
        scope: Scope,
        name: &str,
    ) -> Result<Option<Queue>, Failure> {
        if let Some(queue) = read::find_queue(self.db(), scope, name).await? {
            return Ok(Some(queue));
        }
        let wanted = folded(name);
        let mut after = String::new();
        loop {
            let page = read::queues(self.db(), scope, &after).await?;
            let Some(last) = page.last() else { return Ok(None) };
            last.name.clone_into(&mut after);
            if let Some(found) = page.into_iter().find(|one| folded(&one.name) == wanted) {
                return Ok(Some(found));
            }
        }
    }

    /// What a queue is called here exactly; as it was typed when nobody wrote it down.
    pub(crate) async fn queue_name(&self, scope: Scope, name: &str) -> Result<String, Failure> {
        if is_intake(name) {
            return Ok(INTAKE.to_owned());
        }
        let found = self.queue_called(scope, name).await?;
        Ok(found.map_or_else(|| name.to_owned(), |queue| queue.name))
    }

    /// The member of a scope with this address, however it is written.
    pub(crate) async fn member_by_address(
        &self,
        scope: Scope,
        email: &str,
    ) -> Result<Option<Member>, Failure> {
        let found = read::member_by_email(self.db(), scope, email).await?;
        if found.is_some() {
            return Ok(found);
        }
        match self.exactly(scope, email).await? {
            Some((name, kind)) if kind == Kind::Member.word() => {
                Ok(read::member_by_email(self.db(), scope, &name).await?)
            }
            _ => Ok(None),
        }
    }

    async fn exactly(&self, scope: Scope, name: &str) -> Result<Option<(String, String)>, Failure> {
        Ok(read::name_of(self.db(), scope, name, self.now()).await?)
    }

    /// What a person is called here exactly who may work cases, and whom `name` means: a member who
    /// has not left, or whoever holds a token that is good. Nothing when that is nobody.
    pub(crate) async fn worker_called(
        &self,
        scope: Scope,
        name: &str,
    ) -> Result<Option<String>, Failure> {
        if let Some(member) = self.member_by_address(scope, name).await? {
            let works = member.disabled_at.is_none() && member.role.may(Right::WorkCases);
            return Ok(works.then_some(member.email));
        }
        let now = self.now();
        if self.token_works(scope, name, now).await? {
            return Ok(Some(name.to_owned()));
        }
        // However it is written; an older program took no names, so the tokens are asked.
        let tokens = self.tokens_of(scope).await?;
        let found = tokens.into_iter().find(|one| {
            let lives = one.revoked_at.is_none() && one.expires_at > now;
            let works = one.member.is_none() && one.may(None).has(Right::WorkCases);
            lives && works && same(&one.label, name)
        });
        Ok(found.map(|one| one.label))
    }

    async fn token_works(&self, scope: Scope, name: &str, now: Instant) -> Result<bool, Failure> {
        let works = |(role, left): &(Role, Option<domain::Rights>)| {
            role.may(Right::WorkCases) && left.is_none_or(|left| left.has(Right::WorkCases))
        };
        Ok(read::tokens_called(self.db(), scope, name, now).await?.iter().any(works))
    }
}
