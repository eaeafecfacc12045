//! Running an account: one road for every act of administration. It is looked whether the caller
//! may, what there is, and what follows; then the change and its entry in the history are one
//! commit. A secret is made here, given back once, and kept sealed or as a digest.

mod address;
mod credentials;
mod endpoints;
mod names;
mod people;
mod places;
mod sets;
pub(crate) mod told;
pub mod views;

use domain::actor::Actor;
use domain::admin::{AdminAct, AdminChange, AdminEntry, FieldChange, Kind};
use domain::changes::{Change, Changes, Outcome};
use domain::{Refusal, Scope, hex};
use store::engine::CommitError;
use vault::secret::Secret;

use crate::once::Once;
use crate::{Desk, Failure};
pub(crate) use names::is_intake;
pub use sets::Sets;

/// Times an act is decided when others change the same account meanwhile. Each time one of those
/// who race gets through, so this many may race; deciding anew costs some reads and no more.
const ATTEMPTS_MAX: usize = 64;

/// An act with who asks and what protects it.
pub struct AdminOrder {
    /// Who asks.
    pub by: Actor,
    /// What is asked.
    pub act: AdminAct,
    /// A secret that the caller chose: a password, a signing secret.
    pub given: Option<Secret>,
    /// The idempotency key, if the caller sent one.
    pub once: Option<Once>,
    /// The version that the thing must still have.
    pub version: Option<i64>,
}

impl AdminOrder {
    /// An order that nothing protects.
    pub const fn new(by: Actor, act: AdminAct) -> Self {
        Self { by, act, given: None, once: None, version: None }
    }
}

/// What came of an order.
pub struct AdminDone {
    /// What was made or changed.
    pub kind: Kind,
    /// Its id or name.
    pub id: String,
    /// Its version now, where it has one.
    pub version: Option<i64>,
    /// The secret that was made: shown once. A repeated order shows none.
    pub secret: Option<Secret>,
    /// Whether it was remembered from an earlier request with the same key.
    pub repeated: bool,
}

/// What takes long and does not depend on what others do: made before anything is decided, so that
/// whoever must decide again has it already.
#[derive(Default)]
struct Ready {
    password: Option<NewPassword>,
}

/// A password with its hash.
struct NewPassword {
    password: Secret,
    hash: String,
    /// Whether it was made here, and must be shown.
    shown: bool,
}

/// What an act leads to.
pub(crate) struct Decision {
    id: String,
    version: Option<i64>,
    changes: Vec<Change>,
    fields: Vec<FieldChange>,
    secret: Option<Secret>,
    /// Another account whose history tells of it too.
    also: Option<Scope>,
}

impl Decision {
    fn new(id: impl Into<String>) -> Self {
        let (changes, fields) = (Vec::new(), Vec::new());
        Self { id: id.into(), version: None, changes, fields, secret: None, also: None }
    }

    fn version(mut self, version: i64) -> Self {
        self.version = Some(version);
        self
    }

    fn change(mut self, change: Change) -> Self {
        self.changes.push(change);
        self
    }

    fn admin(self, change: AdminChange) -> Self {
        self.change(Change::Admin(Box::new(change)))
    }

    /// A field that is told when it is not the same any more.
    fn field(mut self, name: &str, before: impl Into<String>, after: impl Into<String>) -> Self {
        let (before, after) = (before.into(), after.into());
        if before != after {
            self.fields.push(FieldChange::new(name, before, after));
        }
        self
    }

    fn secret(mut self, secret: Secret) -> Self {
        self.secret = Some(secret);
        self
    }

    /// Shows the password when it was made here.
    fn password(self, new: &NewPassword) -> Self {
        if new.shown { self.secret(new.password.clone()) } else { self }
    }
}

impl Desk {
    /// Carries an act of administration out. When it answers `Ok`, it is durable and stands in the
    /// history.
    ///
    /// # Errors
    /// A refusal, or a fault.
    pub async fn administer(&self, order: &AdminOrder) -> Result<AdminDone, Failure> {
        let scope = order.by.scope;
        order.by.must(order.act.right())?;
        let once = order.once.as_ref().map(|once| self.keyed(once));
        let mut ready = None;
        for _ in 0..ATTEMPTS_MAX {
            if let Some(once) = &once
                && let Some(outcome) = self.remembered(&order.by, once).await?
            {
                return say_again(outcome);
            }
            let ready = match &mut ready {
                Some(ready) => &*ready,
                none => none.insert(self.prepared(order).await?),
            };
            // The heads come first: whatever is written by another after this, in the same
            // account, takes the number of our entry, and all is looked at again.
            let mut entries = vec![self.entry(order, scope).await?];
            let decision = match (self.decide_admin(order, ready).await, &once) {
                (Ok(decision), _) => decision,
                // Refused perhaps since the same request was carried out a moment ago.
                (Err(Failure::Refused(refusal)), Some(once)) => {
                    return match self.remembered(&order.by, once).await? {
                        Some(outcome) => say_again(outcome),
                        None => Err(refusal.into()),
                    };
                }
                (Err(failure), _) => return Err(failure),
            };
            if let Some(also) = decision.also.filter(|also| *also != scope) {
                entries.push(self.entry(order, also).await?);
            }
            let mut changes = Changes::none(scope, self.now());
            let kind = order.act.kind();
            let outcome =
                Outcome::Managed { kind, id: decision.id.clone(), version: decision.version };
            changes.saved = once.as_ref().map(|once| once.saved(&order.by, outcome));
            changes.list = decision.changes;
            for mut entry in entries {
                entry.subject.clone_from(&decision.id);
                entry.changes.clone_from(&decision.fields);
                changes.list.push(Change::Admin(Box::new(AdminChange::Recorded(entry))));
            }
            match store::commit(self.db(), &changes).await {
                Ok(()) => {
                    self.after_admin(&order.act, &decision.id);
                    let Decision { id, version, secret, .. } = decision;
                    return Ok(AdminDone { kind, id, version, secret, repeated: false });
                }
                Err(CommitError::Missed { .. }) => {} // somebody was first: look again
                Err(error) => return Err(crate::failure::must(error).into()),
            }
        }
        Err(Refusal::Busy.into())
    }

    /// The key with a digest that only the key outside the database can make: a request may hold a
    /// password, and a plain digest of it could be guessed at.
    fn keyed(&self, once: &Once) -> Once {
        let digest = self.keyring().lookup_digest("administration", &hex(&once.digest));
        Once { key: once.key.clone(), digest }
    }

    /// The next entry of a scope's history, without what was done.
    async fn entry(&self, order: &AdminOrder, scope: Scope) -> Result<AdminEntry, Failure> {
        let entry = self.entry_by(scope, &order.by.name, order.act.word()).await?;
        Ok(AdminEntry { credential: order.by.credential.clone(), ..entry })
    }

    /// The same, of an act without a credential.
    async fn entry_by(&self, scope: Scope, actor: &str, act: &str) -> Result<AdminEntry, Failure> {
        let head = store::read::admin::history_head(self.db(), scope).await?;
        Ok(AdminEntry {
            scope,
            seq: head.seq + 1,
            at: self.now(),
            actor: actor.to_owned(),
            credential: String::new(),
            act: act.to_owned(),
            subject: String::new(),
            changes: Vec::new(),
            previous: head.digest,
        })
    }

    async fn prepared(&self, order: &AdminOrder) -> Result<Ready, Failure> {
        let hashes = matches!(
            order.act,
            AdminAct::LoginAdd { .. }
                | AdminAct::LoginPassword { .. }
                | AdminAct::MemberPassword { .. }
        );
        if !hashes {
            return Ok(Ready::default());
        }
        let (password, shown) = match &order.given {
            Some(password) => (password.clone(), false),
            None => (self.with_dice(|dice| vault::secret::readable_password(dice)), true),
        };
        let hash = self.hash_password(password.clone()).await?;
        Ok(Ready { password: Some(NewPassword { password, hash, shown }) })
    }

    async fn decide_admin(&self, order: &AdminOrder, ready: &Ready) -> Result<Decision, Failure> {
        let decision = self.decide_any(order, ready).await?;
        if order.act.rewrites() && decision.fields.is_empty() {
            return Err(Refusal::AlreadySo { kind: order.act.kind() }.into());
        }
        Ok(decision)
    }

    async fn decide_any(&self, order: &AdminOrder, ready: &Ready) -> Result<Decision, Failure> {
        match order.act.kind() {
            _ if matches!(order.act, AdminAct::TenantToken { .. }) => {
                self.decide_credential(order, ready).await
            }
            Kind::Case => Err(misplaced()),
            Kind::Tenant | Kind::Member => self.decide_people(order, ready).await,
            Kind::Key | Kind::Token | Kind::Login => self.decide_credential(order, ready).await,
            Kind::Endpoint | Kind::Delivery => self.decide_endpoint(order).await,
            Kind::Queue | Kind::Team => self.decide_place(order).await,
            Kind::Setting | Kind::Message => self.decide_set(order).await,
        }
    }

    /// What this node believes and what waits here hears of it at once.
    fn after_admin(&self, act: &AdminAct, id: &str) {
        match act {
            AdminAct::KeyRevoke { .. } => self.inner.known_keys.forget_key(id),
            AdminAct::KeyRotate { id, .. } => self.inner.known_keys.forget_key(id),
            AdminAct::EndpointTest { .. } | AdminAct::DeliveryReplay { .. } => {
                self.inner.outbox_grew.notify_waiters();
            }
            _ => match act.kind() {
                Kind::Tenant | Kind::Setting | Kind::Message => {
                    self.inner.known_keys.forget_tenants();
                }
                _ => {}
            },
        }
    }
}

fn say_again(outcome: Outcome) -> Result<AdminDone, Failure> {
    match outcome {
        Outcome::Managed { kind, id, version } => {
            Ok(AdminDone { kind, id, version, secret: None, repeated: true })
        }
        _ => Err(Refusal::KeyReusedForOther.into()),
    }
}

/// Refuses when the caller decided by an older version.
fn fresh(order: &AdminOrder, version: i64) -> Result<(), Refusal> {
    match order.version {
        Some(seen) if seen != version => Err(Refusal::Stale { version }),
        _ => Ok(()),
    }
}

/// An act came to the wrong place; the list above says which belongs where.
fn misplaced() -> Failure {
    store::Fault::new("an act of administration came to the wrong place".to_owned()).into()
}
