//! Tenants and their credentials: made here, looked up here. A secret is shown once, by the
//! function that makes it, and kept sealed or as a digest.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use domain::account::{ApiKey, Endpoint, Login, RefreshToken, Tenant, Token};
use domain::chain::Digest;
use domain::changes::Change;
use domain::ids::EndpointId;
use domain::{Actor, Env, Instant, Millis, Refusal, Rights, Role, Scope, TenantId};
use vault::secret::Secret;
use zeroize::Zeroizing;

use crate::admin::{Sets, told};
use crate::nonces::NOBODY;
use crate::{Desk, Failure};

/// How long a looked-up key or tenant is believed before it is read again. A revoked key may work
/// on a node for that long.
const BELIEVED: Millis = Millis::seconds(5);

/// Keys and tenants believed at a time; beyond it all are read again.
const BELIEVED_MAX: usize = 10_000;

/// How long a refresh token lives.
pub const REFRESH_LIFE: Millis = Millis::days(365);

/// A key that may sign, with its secret open.
pub struct OpenKey {
    /// The key as kept.
    pub key: ApiKey,
    /// The HMAC secret's bytes.
    pub secret: Zeroizing<Vec<u8>>,
}

/// What was looked up a moment ago.
#[derive(Default)]
pub(crate) struct KeyCache {
    keys: Mutex<HashMap<String, (Instant, Arc<OpenKey>)>>,
    tenants: Mutex<HashMap<TenantId, (Instant, Arc<Tenant>)>>,
    pub(crate) sets: Mutex<HashMap<Scope, (Instant, Arc<Sets>)>>,
}

impl KeyCache {
    /// Reads a key anew the next time: it ended on this node, and another may be slower by
    /// [`BELIEVED`].
    pub(crate) fn forget_key(&self, id: &str) {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
    }

    /// Reads all tenants and what they set anew the next time.
    pub(crate) fn forget_tenants(&self) {
        self.tenants.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.sets.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }
}

/// Looks a believed value up.
pub(crate) fn believed<
    K: std::hash::Hash + Eq + ?Sized,
    O: std::borrow::Borrow<K> + std::hash::Hash + Eq,
    V,
>(
    all: &Mutex<HashMap<O, (Instant, Arc<V>)>>,
    key: &K,
    now: Instant,
) -> Option<Arc<V>> {
    let all = all.lock().unwrap_or_else(PoisonError::into_inner);
    let (since, value) = all.get(key)?;
    (now.since(*since) <= BELIEVED && now >= *since).then(|| Arc::clone(value))
}

pub(crate) fn believe<K: std::hash::Hash + Eq, V>(
    all: &Mutex<HashMap<K, (Instant, Arc<V>)>>,
    key: K,
    value: &Arc<V>,
    now: Instant,
) {
    let mut all = all.lock().unwrap_or_else(PoisonError::into_inner);
    if all.len() >= BELIEVED_MAX {
        all.clear();
    }
    all.insert(key, (now, Arc::clone(value)));
}

/// What is needed to make a tenant.
pub struct TenantDraft {
    /// Its name on command lines.
    pub slug: String,
    /// Its name for people.
    pub name: String,
    /// The registered address.
    pub email: String,
    /// Whether narratives are sealed.
    pub seal_narratives: bool,
}

impl Desk {
    async fn make(&self, change: Change) -> Result<bool, Failure> {
        self.write(NOBODY, change).await
    }

    /// All tenants by number.
    ///
    /// # Errors
    /// A fault.
    pub async fn tenants(&self) -> Result<Vec<Tenant>, Failure> {
        Ok(store::read::accounts::tenants(self.db()).await?)
    }

    /// One tenant, believed for a few seconds.
    ///
    /// # Errors
    /// A fault.
    pub async fn tenant(&self, id: TenantId) -> Result<Option<Arc<Tenant>>, Failure> {
        let now = self.now();
        if let Some(tenant) = believed(&self.inner.known_keys.tenants, &id, now) {
            return Ok(Some(tenant));
        }
        let all = self.tenants().await?;
        let Some(tenant) = all.into_iter().find(|tenant| tenant.id == id) else { return Ok(None) };
        let tenant = Arc::new(tenant);
        believe(&self.inner.known_keys.tenants, id, &tenant, now);
        Ok(Some(tenant))
    }

    /// Makes a tenant; nothing when the slug is taken.
    ///
    /// # Errors
    /// A fault.
    pub async fn add_tenant(&self, draft: TenantDraft) -> Result<Option<Tenant>, Failure> {
        let all = self.tenants().await?;
        let tenant = Tenant {
            id: TenantId(all.iter().map(|tenant| tenant.id.0).max().unwrap_or(0) + 1),
            slug: draft.slug,
            name: draft.name,
            email: draft.email,
            seal_narratives: draft.seal_narratives,
            created_at: self.now(),
            version: 1,
        };
        let made = self.write_told(NOBODY, "tenant-add", told::tenant_made(tenant.clone())).await?;
        Ok(made.then_some(tenant))
    }

    /// Makes a signing key and shows its Base64 secret, once.
    ///
    /// # Errors
    /// A fault.
    pub async fn add_key(&self, scope: Scope, label: &str) -> Result<(String, Secret), Failure> {
        let (key, secret) = self.new_key(scope, label, None);
        let id = key.id.clone();
        self.write_told(scope, "key-add", told::key_made(key)).await?;
        Ok((id, secret))
    }

    /// A signing key that is not written yet, and its secret.
    pub(crate) fn new_key(
        &self,
        scope: Scope,
        label: &str,
        rights: Option<Rights>,
    ) -> (ApiKey, Secret) {
        let (id, secret, sealed) = self.with_dice(|dice| {
            let id = vault::secret::api_key_id(scope.env(), dice);
            let secret = vault::secret::api_secret(dice);
            let sealed = self.keyring().seal(dice, &key_purpose(&id), secret.reveal().as_bytes());
            (id, secret, sealed)
        });
        let (label, created_at) = (label.to_owned(), self.now());
        let (revoked_at, expires_at) = (None, None);
        let key =
            ApiKey { id, scope, secret: sealed, label, created_at, revoked_at, expires_at, rights };
        (key, secret)
    }

    /// Ends a key of the scope; false when it is not there or has ended.
    ///
    /// # Errors
    /// A fault.
    pub async fn revoke_key(&self, scope: Scope, id: &str) -> Result<bool, Failure> {
        let ends = Change::KeyRevoked { id: id.to_owned() };
        let ended = self.write_told(scope, "key-revoke", told::ended(id, "revoked", ends)).await;
        self.inner.known_keys.forget_key(id);
        ended
    }

    /// Keys of one scope, by id.
    ///
    /// # Errors
    /// A fault.
    pub async fn keys_of(&self, scope: Scope) -> Result<Vec<ApiKey>, Failure> {
        let (mut list, mut after) = (Vec::new(), String::new());
        loop {
            let page = store::read::accounts::keys(self.db(), &after).await?;
            let Some(last) = page.last() else { return Ok(list) };
            after = last.id.clone();
            list.extend(page.into_iter().filter(|key| key.scope == scope));
        }
    }

    /// A key that may sign now, with its secret; nothing when unknown or revoked.
    ///
    /// # Errors
    /// A fault: also when the secret cannot be opened with the keys here.
    pub async fn open_key(&self, id: &str) -> Result<Option<Arc<OpenKey>>, Failure> {
        let now = self.now();
        if let Some(open) = believed(&self.inner.known_keys.keys, id, now) {
            return Ok(open.key.works(now).then_some(open));
        }
        let Some(key) = store::read::accounts::key(self.db(), id).await? else { return Ok(None) };
        if !key.works(now) {
            return Ok(None);
        }
        let secret = self
            .open_secret(&format!("API key {id}"), &key_purpose(id), &key.secret)?
            .decoded()
            .ok_or_else(|| store::Fault::new("a signing key's secret is not Base64"))?;
        let open = Arc::new(OpenKey { key, secret });
        believe(&self.inner.known_keys.keys, id.to_owned(), &open, now);
        Ok(Some(open))
    }

    /// Makes a bearer token and shows it, once.
    ///
    /// # Errors
    /// A fault.
    pub async fn add_token(
        &self,
        scope: Scope,
        role: Role,
        label: &str,
        life: Millis,
    ) -> Result<Secret, Failure> {
        let (token, secret) = self.new_token(scope, role, label, life);
        self.write_told(scope, "token-add", told::token_made(token)).await?;
        Ok(secret)
    }

    /// A bearer token that is not written yet, and its text.
    pub(crate) fn new_token(
        &self,
        scope: Scope,
        role: Role,
        label: &str,
        life: Millis,
    ) -> (Token, Secret) {
        let secret = self.with_dice(|dice| vault::secret::native_token(dice));
        let now = self.now();
        let token = Token {
            digest: vault::digest::token_digest(secret.reveal()),
            scope,
            role,
            label: label.to_owned(),
            created_at: now,
            expires_at: now.plus(life),
            revoked_at: None,
            member: None,
            rights: None,
            installation: false,
        };
        (token, secret)
    }

    /// Who holds this bearer token; nothing when unknown, ended or revoked, and when the member
    /// it belongs to was disabled. It is read anew each time, so that what ends on one node ends on
    /// all.
    ///
    /// # Errors
    /// A fault.
    pub async fn actor_of_token(&self, token: &str) -> Result<Option<Actor>, Failure> {
        let digest = vault::digest::token_digest(token);
        let now = self.now();
        let found = store::read::accounts::token(self.db(), &digest).await?;
        let Some((token, holder)) = found else { return Ok(None) };
        if token.expires_at <= now || token.revoked_at.is_some() {
            return Ok(None);
        }
        if token.member.is_some() && holder.as_ref().is_none_or(|one| one.disabled_at.is_some()) {
            return Ok(None);
        }
        let rights = token.may(holder.as_ref().map(|one| one.role));
        let credential = token.id();
        let role = holder.as_ref().map_or(token.role, |one| lesser(token.role, one.role));
        let name = holder.map_or(token.label, |one| one.email);
        Ok(Some(Actor { scope: token.scope, role, rights, name, credential }))
    }

    /// Bearer tokens of one scope by digest, ended ones too.
    ///
    /// # Errors
    /// A fault.
    pub async fn tokens_of(&self, scope: Scope) -> Result<Vec<Token>, Failure> {
        let (mut list, mut after) = (Vec::new(), Vec::new());
        loop {
            let page = store::read::accounts::tokens_of(self.db(), scope, &after).await?;
            let Some(last) = page.last() else { return Ok(list) };
            after = last.digest.to_vec();
            list.extend(page);
        }
    }

    /// Ends a bearer token of the scope at once; false when it is not there or has ended.
    ///
    /// # Errors
    /// A fault.
    pub async fn revoke_token(&self, scope: Scope, digest: Digest) -> Result<bool, Failure> {
        let id = domain::account::token_id(&digest);
        let ended = told::ended(&id, "revoked", Change::TokenRevoked { digest });
        self.write_told(scope, "token-revoke", ended).await
    }

    /// Makes a login; nothing when the name is taken.
    ///
    /// # Errors
    /// A fault.
    pub async fn add_login(
        &self,
        scope: Scope,
        username: &str,
        password: Secret,
    ) -> Result<bool, Failure> {
        let now = self.now();
        let password = self.hash_password(password).await?;
        let login = Login {
            username: username.to_owned(),
            scope,
            password,
            created_at: now,
            changed_at: now,
        };
        self.write_told(scope, "login-add", told::login_made(login)).await
    }

    /// Logins of one scope by name.
    ///
    /// # Errors
    /// A fault.
    pub async fn logins_of(&self, scope: Scope) -> Result<Vec<Login>, Failure> {
        let (mut list, mut after) = (Vec::new(), String::new());
        loop {
            let page = store::read::accounts::logins_of(self.db(), scope, &after).await?;
            let Some(last) = page.last() else { return Ok(list) };
            after = last.username.clone();
            list.extend(page);
        }
    }

    /// Sets a login's password anew, which ends its refresh tokens; false when the scope has no
    /// such login.
    ///
    /// # Errors
    /// A fault.
    pub async fn set_password(
        &self,
        scope: Scope,
        username: &str,
        password: Secret,
    ) -> Result<bool, Failure> {
        let set = told::password_set(username, self.hash_password(password).await?);
        self.write_told(scope, "login-password", set).await
    }

    pub(crate) async fn hash_password(&self, password: Secret) -> Result<String, Failure> {
        let salt = self.with_dice(vault::password::salt);
        let hash = self.inner.passwords.hash(password, salt).await;
        Ok(hash.map_err(|why| store::Fault::new("hashing a password").because(why))?)
    }

    /// The login with this name and password; nothing otherwise. Takes equally long either way.
    ///
    /// # Errors
    /// [`Refusal::Busy`] when too many passwords are being checked; a fault.
    pub async fn check_login(
        &self,
        username: &str,
        password: Secret,
    ) -> Result<Option<Login>, Failure> {
        let login = store::read::accounts::login(self.db(), username).await?;
        let stored = login.as_ref().map(|login| login.password.as_str());
        let right = self.password_fits(password, stored).await?;
        Ok(login.filter(|_| right))
    }

    /// Whether a password is the stored one. Without one to compare it takes as long.
    pub(crate) async fn password_fits(
        &self,
        password: Secret,
        stored: Option<&str>,
    ) -> Result<bool, Failure> {
        match self.inner.passwords.verify(password, stored).await {
            Ok(right) => Ok(right),
            Err(vault::password::PasswordError::Busy) => Err(Refusal::Busy.into()),
            Err(vault::password::PasswordError::TooLong) => Ok(false),
            Err(why) => Err(store::Fault::new("checking a password").because(why).into()),
        }
    }

    /// Makes a refresh token for a login and shows it, once.
    ///
    /// # Errors
    /// A fault.
    pub async fn add_refresh(&self, username: &str) -> Result<Secret, Failure> {
        let secret = self.with_dice(|dice| vault::secret::opaque_token("rrt_", dice));
        let now = self.now();
        let token = RefreshToken {
            digest: vault::digest::token_digest(secret.reveal()),
            username: username.to_owned(),
            created_at: now,
            expires_at: now.plus(REFRESH_LIFE),
        };
        self.make(Change::RefreshNew(token)).await?;
        Ok(secret)
    }

    /// Uses a refresh token up and gives its login; nothing when it is unknown, ended or used.
    ///
    /// # Errors
    /// A fault.
    pub async fn use_refresh(&self, token: &str) -> Result<Option<Login>, Failure> {
        let digest = vault::digest::token_digest(token);
        let found = store::read::accounts::refresh(self.db(), &digest).await?;
        let Some(found) = found.filter(|one| one.expires_at > self.now()) else { return Ok(None) };
        if !self.make(Change::RefreshUsed { digest }).await? {
            return Ok(None); // used by another request in this moment
        }
        Ok(store::read::accounts::login(self.db(), &found.username).await?)
    }

    /// Adds a webhook endpoint and shows its `whsec_` secret, once.
    ///
    /// # Errors
    /// A fault.
    pub async fn add_endpoint(
        &self,
        scope: Scope,
        url: &str,
        secret: Option<Secret>,
    ) -> Result<(EndpointId, Secret), Failure> {
        let (endpoint, secret) = self.new_endpoint(scope, url, secret);
        let id = endpoint.id.clone();
        self.write_told(scope, "endpoint-add", told::endpoint_made(endpoint)).await?;
        Ok((id, secret))
    }

    /// An endpoint that is not written yet, and its secret.
    pub(crate) fn new_endpoint(
        &self,
        scope: Scope,
        url: &str,
        secret: Option<Secret>,
    ) -> (Endpoint, Secret) {
        let now = self.now();
        let id = self.with_dice(|dice| EndpointId::new(now, dice));
        let (secret, sealed) = self.endpoint_secret(&id, secret);
        let (url, disabled_at, before) = (url.to_owned(), None, None);
        let endpoint =
            Endpoint { id, scope, url, secret: sealed, created_at: now, disabled_at, before };
        (endpoint, secret)
    }

    /// The given signing secret or a new one, and the same sealed for this endpoint.
    pub(crate) fn endpoint_secret(
        &self,
        id: &EndpointId,
        secret: Option<Secret>,
    ) -> (Secret, Vec<u8>) {
        self.with_dice(|dice| {
            let secret = secret.unwrap_or_else(|| vault::secret::webhook_secret(dice));
            let plain = secret.reveal().as_bytes();
            let sealed = self.keyring().seal(dice, &endpoint_purpose(id), plain);
            (secret, sealed)
        })
    }

    /// Endpoints of every scope by id, those switched off too.
    ///
    /// # Errors
    /// A fault.
    pub async fn endpoints(&self) -> Result<Vec<Endpoint>, Failure> {
        let (mut list, mut after) = (Vec::new(), String::new());
        loop {
            let page = store::read::accounts::endpoints(self.db(), &after).await?;
            let Some(last) = page.last() else { return Ok(list) };
            after = last.id.as_str().to_owned();
            list.extend(page);
        }
    }

    /// Switches an endpoint of the scope off; false when it is not there or is off already.
    ///
    /// # Errors
    /// A fault.
    pub async fn disable_endpoint(&self, scope: Scope, id: EndpointId) -> Result<bool, Failure> {
        let ends = Change::EndpointDisabled { id: id.clone() };
        let ended = told::ended(id.as_str(), "disabled", ends);
        self.write_told(scope, "endpoint-disable", ended).await
    }

    /// Opens the secret of every key that may sign and of every endpoint that is switched on, and
    /// says how many there are: so that a sealing key that is missing shows before it is needed.
    ///
    /// # Errors
    /// A fault: also for the first secret that does not open with the keys here, naming it.
    pub async fn open_all_secrets(&self) -> Result<usize, Failure> {
        let now = self.now();
        let (mut count, mut after) = (0, String::new());
        loop {
            let page = store::read::accounts::keys(self.db(), &after).await?;
            let Some(last) = page.last() else { break };
            after = last.id.clone();
            for key in page.iter().filter(|key| key.works(now)) {
                self.open_secret(
                    &format!("API key {}", key.id),
                    &key_purpose(&key.id),
                    &key.secret,
                )?;
                count += 1;
            }
        }
        for one in self.endpoints().await?.iter().filter(|one| one.disabled_at.is_none()) {
            self.open_secret(
                &format!("webhook {}", one.id),
                &endpoint_purpose(&one.id),
                &one.secret,
            )?;
            count += 1;
        }
        Ok(count)
    }

    /// The sealed secret of a key or endpoint.
    pub(crate) fn open_secret(
        &self,
        what: &str,
        purpose: &str,
        sealed: &[u8],
    ) -> Result<Secret, Failure> {
        let plain = self.keyring().unseal(purpose, sealed).map_err(|why| {
            let said = format!(
                "the secret of {what} does not open with the keys in {}: restore that folder from \
                 its backup",
                self.keyring().dir().display()
            );
            store::Fault::new(said).because(why)
        })?;
        Ok(Secret::new(String::from_utf8_lossy(&plain).into_owned()))
    }

    /// The scope of a tenant by its slug.
    ///
    /// # Errors
    /// A fault.
    pub async fn scope_of_slug(&self, slug: &str, env: Env) -> Result<Option<Scope>, Failure> {
        let all = self.tenants().await?;
        Ok(all.iter().find(|one| one.slug == slug).map(|one| Scope::new(one.id, env)))
    }
}

/// What a signing key's secret is sealed for.
pub(crate) fn key_purpose(id: &str) -> String {
    format!("api-secret {id}")
}

/// What an endpoint's secret is sealed for.
pub(crate) fn endpoint_purpose(id: &EndpointId) -> String {
    format!("webhook-secret {id}")
}

/// As what somebody acts with a token of one role in the name of a member who has another by now:
/// the token's while the member may all of it, or else what the member is.
fn lesser(token: Role, member: Role) -> Role {
    if token.rights().within(member.rights()) { token } else { member }
}
