//! Accounts and their people.

use domain::Refusal;
use domain::account::{Member, Tenant};
use domain::actor::Actor;
use domain::admin::retell::{INVITE_ACCEPTED, PASSWORD_DIGEST, fingerprint};
use domain::admin::{AdminAct, AdminChange, FieldChange, Kind};
use domain::changes::{Change, Changes, Outcome};
use domain::ids::MemberId;
use domain::{Millis, Role, Scope, TenantId};
use vault::secret::Secret;

use super::{ATTEMPTS_MAX, AdminOrder, Decision, Ready, fresh, misplaced, names, told};
use crate::nonces::NOBODY;
use crate::once::Once;
use crate::{Desk, Failure};

/// How long a word that invites somebody is good.
pub const INVITE_LIFE: Millis = Millis::days(3);

impl Desk {
    pub(super) async fn decide_people(
        &self,
        order: &AdminOrder,
        ready: &Ready,
    ) -> Result<Decision, Failure> {
        match &order.act {
            AdminAct::TenantAdd { slug, name, email, seal_narratives } => {
                self.tenant_add(slug, name, email, *seal_narratives).await
            }
            AdminAct::TenantChange { slug, name, email } => {
                self.tenant_change(order, slug, name.as_ref(), email.as_ref()).await
            }
            AdminAct::MemberAdd { .. } => self.member_add(order).await,
            AdminAct::MemberChange { id, .. }
            | AdminAct::MemberDisable { id }
            | AdminAct::MemberEnable { id } => {
                let member = self.member_of(order, id).await?;
                fresh(order, member.version)?;
                self.member_change(order, member).await
            }
            AdminAct::MemberPassword { id } => {
                let member = self.working_member_of(order, id).await?;
                member_password(&member, ready)
            }
            AdminAct::MemberInvite { id } => {
                let member = self.working_member_of(order, id).await?;
                Ok(self.member_invite(&member))
            }
            _ => Err(misplaced()),
        }
    }

    async fn tenant_add(
        &self,
        slug: &str,
        name: &str,
        email: &str,
        seal_narratives: bool,
    ) -> Result<Decision, Failure> {
        let all = self.tenants().await?;
        if all.iter().any(|one| one.slug == slug) {
            return Err(Refusal::NameTaken { kind: Kind::Tenant }.into());
        }
        let tenant = Tenant {
            id: TenantId(all.iter().map(|tenant| tenant.id.0).max().unwrap_or(0) + 1),
            slug: slug.to_owned(),
            name: name.to_owned(),
            email: email.to_owned(),
            seal_narratives,
            created_at: self.now(),
            version: 1,
        };
        Ok(told::tenant_made(tenant))
    }

    async fn tenant_change(
        &self,
        order: &AdminOrder,
        slug: &str,
        name: Option<&String>,
        email: Option<&String>,
    ) -> Result<Decision, Failure> {
        let all = self.tenants().await?;
        let was = all.into_iter().find(|one| one.slug == slug);
        let was = was.ok_or(Refusal::ThingUnknown { kind: Kind::Tenant })?;
        fresh(order, was.version)?;
        let is = Tenant {
            name: name.unwrap_or(&was.name).clone(),
            email: email.unwrap_or(&was.email).clone(),
            version: was.version + 1,
            ..was.clone()
        };
        Ok(Decision::new(slug)
            .version(is.version)
            .field("name", was.name, is.name.clone())
            .field("email", was.email, is.email.clone())
            .admin(AdminChange::TenantChanged(is)))
    }

    /// The member, when the caller may hand out what that one may do: nobody changes those above
    /// him.
    async fn member_of(&self, order: &AdminOrder, id: &MemberId) -> Result<Member, Failure> {
        let found = store::read::admin::find_member(self.db(), order.by.scope, id).await?;
        let member = found.ok_or(Refusal::ThingUnknown { kind: Kind::Member })?;
        if !order.by.may_grant(member.role, member.role.rights()) {
            return Err(Refusal::GrantsTooMuch.into());
        }
        Ok(member)
    }

    /// The same of one who is not disabled: nothing that lets him in is handed out before he is
    /// enabled again.
    async fn working_member_of(
        &self,
        order: &AdminOrder,
        id: &MemberId,
    ) -> Result<Member, Failure> {
        let member = self.member_of(order, id).await?;
        if member.disabled_at.is_some() {
            return Err(Refusal::Disabled { kind: Kind::Member }.into());
        }
        Ok(member)
    }

    /// The member of a scope with this id or address.
    ///
    /// # Errors
    /// [`Refusal::ThingUnknown`], or a fault.
    pub async fn member_called(&self, scope: Scope, called: &str) -> Result<Member, Failure> {
        let found = match MemberId::parse(called) {
            Some(id) => store::read::admin::find_member(self.db(), scope, &id).await?,
            None => self.member_by_address(scope, called).await?,
        };
        Ok(found.ok_or(Refusal::ThingUnknown { kind: Kind::Member })?)
    }

    async fn member_add(&self, order: &AdminOrder) -> Result<Decision, Failure> {
        let AdminAct::MemberAdd { email, name, role } = &order.act else {
            return Err(misplaced());
        };
        let scope = order.by.scope;
        if !order.by.may_grant(*role, role.rights()) {
            return Err(Refusal::GrantsTooMuch.into());
        }
        self.name_free(scope, email, Kind::Member).await?;
        let member = Member {
            id: self.with_dice(|dice| MemberId::new(self.now(), dice)),
            scope,
            email: email.clone(),
            name: name.clone(),
            role: *role,
            version: 1,
            created_at: self.now(),
            disabled_at: None,
            password: None,
        };
        Ok(Decision::new(member.id.as_str())
            .version(1)
            .field("email", "", email)
            .field("name", "", name)
            .field("role", "", role.word())
            .admin(names::of(Kind::Member, scope, email, member.id.as_str()))
            .admin(AdminChange::MemberNew(member)))
    }

    /// Refuses to take away the last one who administers the account and can still do so. Two who
    /// do it to each other at once meet at the history's next number; one of them decides again.
    async fn not_the_last(&self, was: &Member, is: &Member) -> Result<(), Failure> {
        let runs = |one: &Member| one.disabled_at.is_none() && one.role == Role::Administrator;
        if !runs(was) || runs(is) {
            return Ok(());
        }
        let all = store::read::admin::administrators(self.db(), was.scope).await?;
        if all.iter().any(|one| *one != was.id) {
            return Ok(());
        }
        Err(Refusal::LastAdministrator.into())
    }

    async fn member_change(&self, order: &AdminOrder, was: Member) -> Result<Decision, Failure> {
        let mut is = Member { version: was.version + 1, ..was.clone() };
        let already = Refusal::AlreadySo { kind: Kind::Member };
        match &order.act {
            AdminAct::MemberChange { name, role, .. } => {
                if let Some(name) = name {
                    is.name.clone_from(name);
                }
                is.role = role.unwrap_or(is.role);
                if !order.by.may_grant(is.role, is.role.rights()) {
                    return Err(Refusal::GrantsTooMuch.into());
                }
            }
            AdminAct::MemberDisable { .. } if was.disabled_at.is_none() => {
                is.disabled_at = Some(self.now());
            }
            AdminAct::MemberEnable { .. } if was.disabled_at.is_some() => is.disabled_at = None,
            _ => return Err(already.into()),
        }
        self.not_the_last(&was, &is).await?;
        let state = |member: &Member| if member.disabled_at.is_some() { "disabled" } else { "" };
        Ok(Decision::new(is.id.as_str())
            .version(is.version)
            .field("name", was.name.clone(), is.name.clone())
            .field("role", was.role.word(), is.role.word())
            .field("state", state(&was), state(&is))
            .admin(AdminChange::MemberChanged(is)))
    }

    fn member_invite(&self, member: &Member) -> Decision {
        let word = self.with_dice(|dice| vault::secret::opaque_token("inv_", dice));
        let digest = vault::digest::token_digest(word.reveal());
        let (member, version) = (member.id.clone(), member.version);
        let decision = Decision::new(member.as_str()).version(version);
        let expires_at = self.now().plus(INVITE_LIFE);
        decision.admin(AdminChange::InviteNew { digest, member, expires_at }).secret(word)
    }

    /// Whom this word invites; nothing when it is unknown, was used or has ended, or when the
    /// member was disabled.
    ///
    /// # Errors
    /// A fault.
    pub async fn invited(&self, word: &str) -> Result<Option<Member>, Failure> {
        let digest = vault::digest::token_digest(word);
        let found = store::read::admin::invited(self.db(), &digest, self.now()).await?;
        Ok(found.filter(|one| one.disabled_at.is_none()))
    }

    /// Sets the password of the member whom this word invites, who is given back, and whether that
    /// was done by an earlier request with the same key; nothing as for [`Desk::invited`]. The word
    /// is used up with it, and the history tells of it.
    ///
    /// # Errors
    /// [`Refusal::KeyReusedForOther`], [`Refusal::Busy`], or a fault.
    pub async fn accept_invite(
        &self,
        word: &str,
        password: Secret,
        once: Option<&Once>,
    ) -> Result<Option<(Member, bool)>, Failure> {
        let digest = vault::digest::token_digest(word);
        // Whoever has the word is its credential.
        let name = format!("invitation {}", vault::digest::hex(&digest));
        let by = Actor::new(NOBODY, Role::Client, name);
        let mut hashed = None;
        for _ in 0..ATTEMPTS_MAX {
            if let Some(member) = self.accepted_before(&by, once).await? {
                return Ok(Some((member, true)));
            }
            let Some(member) = self.invited(word).await? else { return Ok(None) };
            // What is done to the member from here on, also while the password is hashed, takes
            // the number of this entry, and all is looked at again.
            let mut entry = self.entry_by(member.scope, &member.email, INVITE_ACCEPTED).await?;
            let password = match &mut hashed {
                Some(hash) => &*hash,
                // Nothing is hashed for a word that is no good.
                none => none.insert(self.hash_password(password.clone()).await?),
            };
            member.id.as_str().clone_into(&mut entry.subject);
            let told = fingerprint(password);
            entry.changes.push(FieldChange::new(PASSWORD_DIGEST, "", told));
            let (scope, id, password) = (member.scope, member.id.clone(), password.clone());
            let mut changes = Changes::none(NOBODY, self.now());
            for change in [
                AdminChange::InviteUsed { digest },
                AdminChange::MemberPassword { scope, id, password },
                AdminChange::Recorded(entry),
            ] {
                changes.list.push(Change::Admin(Box::new(change)));
            }
            let id = member.id.as_str().to_owned();
            let outcome = Outcome::Managed { kind: Kind::Member, id, version: None };
            changes.saved = once.map(|once| once.saved(&by, outcome));
            match store::commit(self.db(), &changes).await {
                Ok(()) => return Ok(Some((member, false))),
                Err(store::engine::CommitError::Missed { .. }) => {} // look again
                Err(error) => return Err(crate::failure::must(error).into()),
            }
        }
        Err(Refusal::Busy.into())
    }

    /// Who accepted an invitation by an earlier request with the same key.
    async fn accepted_before(
        &self,
        by: &Actor,
        once: Option<&Once>,
    ) -> Result<Option<Member>, Failure> {
        let Some(once) = once else { return Ok(None) };
        match self.remembered(by, once).await? {
            Some(Outcome::Managed { id, .. }) => {
                Ok(store::read::admin::member_anywhere(self.db(), &id).await?)
            }
            _ => Ok(None),
        }
    }

    /// The member of a scope with this address and password, who is not disabled; nothing
    /// otherwise. Takes equally long either way.
    ///
    /// # Errors
    /// [`Refusal::Busy`] when too many passwords are being checked; a fault.
    pub async fn check_member(
        &self,
        scope: Scope,
        email: &str,
        password: Secret,
    ) -> Result<Option<Member>, Failure> {
        let member = self.member_by_address(scope, email).await?;
        let member = member.filter(|one| one.disabled_at.is_none());
        let stored = member.as_ref().and_then(|member| member.password.clone());
        let right = self.password_fits(password, stored.as_deref()).await?;
        Ok(member.filter(|member| right && member.password.is_some()))
    }
}

fn member_password(member: &Member, ready: &Ready) -> Result<Decision, Failure> {
    let new = ready.password.as_ref().ok_or_else(misplaced)?;
    let (scope, id, password) = (member.scope, member.id.clone(), new.hash.clone());
    let decision = Decision::new(member.id.as_str()).version(member.version).field(
        PASSWORD_DIGEST,
        "",
        fingerprint(&password),
    );
    Ok(decision.admin(AdminChange::MemberPassword { scope, id, password }).password(new))
}
