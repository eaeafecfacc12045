//! Signing keys, bearer tokens, and the logins of the deprecated ID token. Nobody hands out more
//! than he has, and nobody ends what he could not have handed out.

use domain::account::{Login, TOKEN_ID_BYTES, Token};
use domain::admin::acts::NewToken;
use domain::admin::{AdminAct, AdminChange, Kind};
use domain::changes::Change;
use domain::ids::MemberId;
use domain::{Millis, Refusal, Rights, Role, Scope};

use super::{AdminOrder, Decision, Ready, misplaced, names, told};
use crate::{Desk, Failure};

impl Desk {
    pub(super) async fn decide_credential(
        &self,
        order: &AdminOrder,
        ready: &Ready,
    ) -> Result<Decision, Failure> {
        match &order.act {
            AdminAct::KeyAdd { label, rights } => self.key_add(order, label, *rights).await,
            AdminAct::KeyRotate { id, hours } => self.key_rotate(order, id, *hours).await,
            AdminAct::KeyRevoke { id } => self.key_revoke(order, id).await,
            AdminAct::LoginAdd { username } | AdminAct::LoginPassword { username } => {
                self.login_set(order, username, ready).await
            }
            AdminAct::TokenAdd { token } => self.token_add(order, order.by.scope, token).await,
            AdminAct::TenantToken { slug, env, token } => {
                let scope = self.scope_of_slug(slug, *env).await?;
                let scope = scope.ok_or(Refusal::ThingUnknown { kind: Kind::Tenant })?;
                let decision = self.token_add(order, scope, token).await?;
                let mut decision = decision.field("account", "", told::account_called(slug, scope));
                decision.also = Some(scope);
                Ok(decision)
            }
            AdminAct::TokenRevoke { id } => self.token_revoke(order, id).await,
            _ => Err(misplaced()),
        }
    }

    async fn key_add(
        &self,
        order: &AdminOrder,
        label: &str,
        rights: Option<Rights>,
    ) -> Result<Decision, Failure> {
        let all = Role::Client.rights();
        if !order.by.may_grant(Role::Client, rights.unwrap_or(all).and(all)) {
            return Err(Refusal::GrantsTooMuch.into());
        }
        if !label.is_empty() {
            self.name_free(order.by.scope, label, Kind::Key).await?;
        }
        let (key, secret) = self.new_key(order.by.scope, label, rights);
        let named = names::of(Kind::Key, key.scope, label, &key.id);
        let decision = told::key_made(key).secret(secret);
        Ok(if label.is_empty() { decision } else { decision.admin(named) })
    }

    async fn key_of(
        &self,
        order: &AdminOrder,
        id: &str,
    ) -> Result<domain::account::ApiKey, Failure> {
        let found = store::read::accounts::key(self.db(), id).await?;
        let key = found.filter(|key| key.scope == order.by.scope);
        let key = key.ok_or(Refusal::ThingUnknown { kind: Kind::Key })?;
        if !order.by.may_grant(Role::Client, key.may()) {
            return Err(Refusal::GrantsTooMuch.into());
        }
        Ok(key)
    }

    async fn key_rotate(
        &self,
        order: &AdminOrder,
        id: &str,
        hours: i64,
    ) -> Result<Decision, Failure> {
        let was = self.key_of(order, id).await?;
        if was.revoked_at.is_some() || was.expires_at.is_some() {
            return Err(Refusal::AlreadySo { kind: Kind::Key }.into());
        }
        let (key, secret) = self.new_key(order.by.scope, &was.label, was.rights);
        let at = self.now().plus(Millis::hours(hours));
        let (scope, from, to) = (key.scope, id.to_owned(), key.id.clone());
        Ok(Decision::new(key.id.clone())
            .admin(AdminChange::NameMoved { scope, from, to })
            .field("in_place_of", "", id)
            .field("hours_of_both", "", hours.to_string())
            .change(Change::KeyNew(key))
            .admin(AdminChange::KeyEnds { id: id.to_owned(), at })
            .secret(secret))
    }

    async fn key_revoke(&self, order: &AdminOrder, id: &str) -> Result<Decision, Failure> {
        let key = self.key_of(order, id).await?;
        if !key.works(self.now()) {
            return Err(Refusal::AlreadySo { kind: Kind::Key }.into());
        }
        let (id, scope) = (id.to_owned(), key.scope);
        let freed = AdminChange::NameFreed { scope, holder: id.clone() };
        Ok(told::ended(&id.clone(), "revoked", Change::KeyRevoked { id }).admin(freed))
    }

    async fn login_set(
        &self,
        order: &AdminOrder,
        username: &str,
        ready: &Ready,
    ) -> Result<Decision, Failure> {
        let new = ready.password.as_ref().ok_or_else(misplaced)?;
        if !order.by.may_grant(Role::Client, Role::Client.rights()) {
            return Err(Refusal::GrantsTooMuch.into());
        }
        let scope = order.by.scope;
        let there = store::read::accounts::login(self.db(), username).await?;
        let password = new.hash.clone();
        let decision = match (&order.act, there) {
            (AdminAct::LoginAdd { .. }, None) => {
                self.name_free(scope, username, Kind::Login).await?;
                let now = self.now();
                let username = username.to_owned();
                let login = Login { username, scope, password, created_at: now, changed_at: now };
                told::login_made(login)
            }
            (AdminAct::LoginAdd { .. }, Some(_)) => {
                return Err(Refusal::NameTaken { kind: Kind::Login }.into());
            }
            (_, Some(login)) if login.scope == scope => told::password_set(username, password),
            _ => return Err(Refusal::ThingUnknown { kind: Kind::Login }.into()),
        };
        Ok(decision.password(new))
    }

    async fn token_add(
        &self,
        order: &AdminOrder,
        scope: Scope,
        asked: &NewToken,
    ) -> Result<Decision, Failure> {
        if !order.by.may_grant(asked.role, asked.may()) {
            return Err(Refusal::GrantsTooMuch.into());
        }
        let (name, member) = self.holder_of(order, scope, asked).await?;
        let life = Millis::days(asked.days);
        let (token, secret) = self.new_token(scope, asked.role, &name, life);
        let token =
            Token { member, rights: asked.rights, installation: asked.installation, ..token };
        let named = token.member.is_none().then(|| names::of_token(&token));
        let decision = told::token_made(token).secret(secret);
        Ok(match named {
            Some(named) => decision.admin(named),
            None => decision,
        })
    }

    /// The name in every history. Only a member's own token has the member's address, and only who
    /// manages members, or the member himself, makes one.
    async fn holder_of(
        &self,
        order: &AdminOrder,
        scope: Scope,
        asked: &NewToken,
    ) -> Result<(String, Option<MemberId>), Failure> {
        let Some(called) = &asked.member else {
            self.name_free(scope, &asked.name, Kind::Token).await?;
            return Ok((asked.name.clone(), None));
        };
        let member = self.member_called(scope, called).await?;
        let own = scope == order.by.scope && member.email == order.by.name;
        let manages = order.by.may(domain::Right::ManageMembers);
        let fits = asked.role.rights().within(member.role.rights()) && !asked.installation;
        if !fits || !(own || manages) {
            return Err(Refusal::GrantsTooMuch.into());
        }
        if member.disabled_at.is_some() {
            return Err(Refusal::Disabled { kind: Kind::Member }.into());
        }
        Ok((member.email, Some(member.id)))
    }

    async fn token_revoke(&self, order: &AdminOrder, id: &str) -> Result<Decision, Failure> {
        let token = self.token_by_id(order.by.scope, id).await?;
        let token = token.ok_or(Refusal::ThingUnknown { kind: Kind::Token })?;
        let own = token.id() == order.by.credential;
        if !own && !order.by.may_grant(token.role, token.may(None)) {
            return Err(Refusal::GrantsTooMuch.into());
        }
        if token.revoked_at.is_some() {
            return Err(Refusal::AlreadySo { kind: Kind::Token }.into());
        }
        let freed = AdminChange::NameFreed { scope: token.scope, holder: token.id() };
        let ends = Change::TokenRevoked { digest: token.digest };
        Ok(told::ended(&token.id(), "revoked", ends).admin(freed))
    }

    /// The token of a scope with this id, ended or not.
    ///
    /// # Errors
    /// A fault.
    pub async fn token_by_id(&self, scope: Scope, id: &str) -> Result<Option<Token>, Failure> {
        let Some(start) = digest_start(id) else { return Ok(None) };
        let found = store::read::accounts::tokens_beginning(self.db(), scope, &start).await?;
        Ok(found.into_iter().find(|token| token.id() == id))
    }
}

/// The bytes in a token's id.
fn digest_start(id: &str) -> Option<[u8; TOKEN_ID_BYTES]> {
    let hex = id.strip_prefix("tk_")?;
    let good = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if hex.len() != 2 * TOKEN_ID_BYTES || !hex.bytes().all(good) {
        return None;
    }
    let mut start = [0; TOKEN_ID_BYTES];
    for (place, byte) in start.iter_mut().enumerate() {
        *byte = u8::from_str_radix(&hex[2 * place..2 * place + 2], 16).ok()?;
    }
    Some(start)
}
