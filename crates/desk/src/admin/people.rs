//! Accounts and their people.

use domain::Refusal;
use domain::account::{Member, Tenant};
use domain::admin::{AdminAct, AdminChange, Kind};
use domain::changes::Change;
use domain::ids::MemberId;
use domain::{Millis, Scope, TenantId};
use vault::secret::Secret;

use super::{AdminOrder, Decision, fresh, misplaced};
use crate::{Desk, Failure};

/// How long a word that invites somebody is good.
pub const INVITE_LIFE: Millis = Millis::days(3);

impl Desk {
    pub(super) async fn decide_people(&self, order: &AdminOrder) -> Result<Decision, Failure> {
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
                self.member_change(order, member)
            }
            AdminAct::MemberPassword { id } => {
                let member = self.member_of(order, id).await?;
                self.member_password(order, &member).await
            }
            AdminAct::MemberInvite { id } => {
                let member = self.member_of(order, id).await?;
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
        Ok(Decision::new(slug)
            .version(1)
            .field("name", "", name)
            .field("email", "", email)
            .field("seal_narratives", "", if seal_narratives { "yes" } else { "" })
            .change(Change::TenantNew(tenant)))
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

    /// The member of a scope with this id or address.
    ///
    /// # Errors
    /// [`Refusal::ThingUnknown`], or a fault.
    pub async fn member_called(&self, scope: Scope, called: &str) -> Result<Member, Failure> {
        let found = match MemberId::parse(called) {
            Some(id) => store::read::admin::find_member(self.db(), scope, &id).await?,
            None => store::read::admin::member_by_email(self.db(), scope, called).await?,
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
        if store::read::admin::member_by_email(self.db(), scope, email).await?.is_some() {
            return Err(Refusal::NameTaken { kind: Kind::Member }.into());
        }
        // A token with this name would act as this person in every history.
        let tokens = self.tokens_of(scope).await?;
        let live = |one: &&domain::account::Token| {
            one.revoked_at.is_none() && one.expires_at > self.now() && one.member.is_none()
        };
        if tokens.iter().filter(live).any(|one| one.label == *email) {
            return Err(Refusal::NameTaken { kind: Kind::Token }.into());
        }
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
            .admin(AdminChange::MemberNew(member)))
    }

    fn member_change(&self, order: &AdminOrder, was: Member) -> Result<Decision, Failure> {
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
        let state = |member: &Member| if member.disabled_at.is_some() { "disabled" } else { "" };
        Ok(Decision::new(is.id.as_str())
            .version(is.version)
            .field("name", was.name.clone(), is.name.clone())
            .field("role", was.role.word(), is.role.word())
            .field("state", state(&was), state(&is))
            .admin(AdminChange::MemberChanged(is)))
    }

    async fn member_password(
        &self,
        order: &AdminOrder,
        member: &Member,
    ) -> Result<Decision, Failure> {
        let (password, shown) = self.given_or_new(order);
        let hash = self.hash_password(password.clone()).await?;
        let change = AdminChange::MemberPassword { id: member.id.clone(), password: hash };
        let decision = Decision::new(member.id.as_str()).version(member.version).admin(change);
        Ok(if shown { decision.secret(password) } else { decision })
    }

    /// The password that was given, or a new one, which must be shown.
    pub(super) fn given_or_new(&self, order: &AdminOrder) -> (Secret, bool) {
        match &order.given {
            Some(password) => (password.clone(), false),
            None => (self.with_dice(|dice| vault::secret::readable_password(dice)), true),
        }
    }

    fn member_invite(&self, member: &Member) -> Decision {
        let word = self.with_dice(|dice| vault::secret::opaque_token("inv_", dice));
        let digest = vault::digest::token_digest(word.reveal());
        let (member, version) = (member.id.clone(), member.version);
        let decision = Decision::new(member.as_str()).version(version);
        let expires_at = self.now().plus(INVITE_LIFE);
        decision.admin(AdminChange::InviteNew { digest, member, expires_at }).secret(word)
    }

    /// Sets the password of the member whom this word invites; false when the word is unknown, was
    /// used or has ended, or the member was disabled.
    ///
    /// # Errors
    /// A fault.
    pub async fn accept_invite(&self, word: &str, password: Secret) -> Result<bool, Failure> {
        let digest = vault::digest::token_digest(word);
        let found = store::read::admin::invited(self.db(), &digest, self.now()).await?;
        let Some(member) = found.filter(|one| one.disabled_at.is_none()) else {
            return Ok(false);
        };
        let password = self.hash_password(password).await?;
        let mut changes = domain::changes::Changes::none(member.scope, self.now());
        for change in [
            AdminChange::InviteUsed { digest },
            AdminChange::MemberPassword { id: member.id, password },
        ] {
            changes.list.push(Change::Admin(Box::new(change)));
        }
        match store::commit(self.db(), &changes).await {
            Ok(()) => Ok(true),
            Err(store::engine::CommitError::Missed { .. }) => Ok(false),
            Err(error) => Err(crate::failure::must(error).into()),
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
        let member = store::read::admin::member_by_email(self.db(), scope, email).await?;
        let member = member.filter(|one| one.disabled_at.is_none());
        let stored = member.as_ref().and_then(|member| member.password.clone());
        let right = self.password_fits(password, stored.as_deref()).await?;
        Ok(member.filter(|member| right && member.password.is_some()))
    }
}
