//! What the courier needs: messages by lease, the facts of a letter, and one way to say how a try
//! ended.

use std::sync::atomic::Ordering;

use domain::account::Endpoint;
use domain::case::Case;
use domain::changes::{Change, Changes, Delivery, Try};
use domain::ids::{CaseId, EndpointId, MessageId};
use domain::payment::Payment;
use domain::{Env, Instant, Millis, Scope};
use store::engine::CommitError;
use vault::secret::Secret;

pub use store::read::outbox::{Claimed, FailedTries, Parcel};

use crate::accounts::endpoint_purpose;
use crate::nonces::NOBODY;
use crate::{Desk, Failure};

/// Window of the sending caps.
pub const QUOTA_WINDOW: Millis = Millis::days(1);

/// What a letter about a case can say.
#[derive(Clone, Debug)]
pub struct LetterFacts {
    /// The case.
    pub case: Case,
    /// The payment it is about.
    pub payment: Option<Payment>,
    /// The tenant's name for people.
    pub tenant_name: String,
    /// The tenant's registered address: always told.
    pub account_email: String,
}

/// An endpoint that is switched on, with its signing secret.
pub struct OpenEndpoint {
    /// Its id.
    pub id: EndpointId,
    /// Where it is.
    pub url: String,
    /// The `whsec_` secret.
    pub secret: Secret,
    /// The secret before, while both sign.
    pub before: Option<Secret>,
}

impl Desk {
    /// From now on no mail goes out from this node, and what would be one is kept as ended.
    pub fn send_no_mail(&self) {
        self.inner.mail_off.store(true, Ordering::Relaxed);
    }

    /// Why the acknowledgements of a scope are not sent at all, when somebody wants it so.
    ///
    /// # Errors
    /// A fault.
    pub async fn never_mailed(&self, scope: Scope) -> Result<Option<&'static str>, Failure> {
        if scope.env() == Env::Staging {
            return Ok(Some("staging sends no mail"));
        }
        if self.inner.mail_off.load(Ordering::Relaxed) {
            return Ok(Some("mail is switched off"));
        }
        let switched_off = !self.sets(scope).await?.acknowledges();
        Ok(switched_off.then_some("the account has switched this mail off"))
    }

    /// Claims up to `limit` due messages for `lease`.
    ///
    /// # Errors
    /// A fault.
    pub async fn claim(&self, limit: i64, lease: Millis) -> Result<Vec<Claimed>, Failure> {
        let now = self.now();
        Ok(store::read::outbox::claim(self.db(), now, now.plus(lease), limit).await?)
    }

    /// When the next waiting message is due.
    ///
    /// # Errors
    /// A fault.
    pub async fn next_due(&self) -> Result<Option<Instant>, Failure> {
        Ok(store::read::outbox::next_due(self.db()).await?)
    }

    /// How many messages wait, over all tenants.
    ///
    /// # Errors
    /// A fault.
    pub async fn waiting_messages(&self) -> Result<i64, Failure> {
        Ok(store::read::outbox::waiting(self.db()).await?)
    }

    /// How many messages failed so far, over all tenants.
    ///
    /// # Errors
    /// A fault.
    pub async fn failed_tries(&self) -> Result<FailedTries, Failure> {
        Ok(store::read::outbox::failed_tries(self.db()).await?)
    }

    /// The facts for a letter about a case.
    ///
    /// # Errors
    /// A fault: also when the case or its tenant is gone.
    pub async fn letter_facts(&self, scope: Scope, case: &CaseId) -> Result<LetterFacts, Failure> {
        let found = store::read::cases::find(self.db(), scope, case).await?;
        let tenant = self.tenant(scope.tenant()).await?;
        let (Some((case, payment)), Some(tenant)) = (found, tenant) else {
            return Err(store::Fault::new("a message speaks of a case that is not there").into());
        };
        Ok(LetterFacts {
            case,
            payment,
            tenant_name: tenant.name.clone(),
            account_email: tenant.email.clone(),
        })
    }

    /// The endpoints of a scope that are switched on.
    ///
    /// # Errors
    /// A fault: also when a secret cannot be opened with the keys here.
    pub async fn open_endpoints(&self, scope: Scope) -> Result<Vec<OpenEndpoint>, Failure> {
        let all = store::read::accounts::endpoints_of(self.db(), scope).await?;
        all.iter().map(|one| self.open_endpoint(one)).collect()
    }

    fn open_endpoint(&self, endpoint: &Endpoint) -> Result<OpenEndpoint, Failure> {
        let purpose = endpoint_purpose(&endpoint.id);
        let what = format!("webhook {}", endpoint.id);
        let secret = self.open_secret(&what, &purpose, &endpoint.secret)?;
        let now = self.now();
        let before = endpoint.before.as_ref().filter(|(_, until)| *until > now);
        let before = before.map(|(sealed, _)| self.open_secret(&what, &purpose, sealed));
        let (id, url) = (endpoint.id.clone(), endpoint.url.clone());
        Ok(OpenEndpoint { id, url, secret, before: before.transpose()? })
    }

    /// Turns an event into one delivery per endpoint, each with its exact body. False when the
    /// lease is another's by now.
    ///
    /// # Errors
    /// A fault.
    pub async fn spread(
        &self,
        event: &Claimed,
        deliveries: Vec<(EndpointId, String)>,
    ) -> Result<bool, Failure> {
        let at = self.now();
        let deliveries = self.with_dice(|dice| {
            let make = |(endpoint, body)| Delivery {
                id: MessageId::new(at, dice),
                scope: event.scope,
                case: event.case.clone(),
                endpoint,
                body,
            };
            deliveries.into_iter().map(make).collect()
        });
        let (parent, leased_until) = (event.id.clone(), event.leased_until);
        self.write(event.scope, Change::Spread { parent, leased_until, deliveries }).await
    }

    /// Records many ends with one commit. False when one of the leases is another's by now; then
    /// nothing is recorded.
    ///
    /// # Errors
    /// A fault.
    pub async fn end_together(&self, ends: Vec<Change>) -> Result<bool, Failure> {
        let changes = Changes { list: ends, ..Changes::none(NOBODY, self.now()) };
        match store::commit(self.db(), &changes).await {
            Ok(()) => Ok(true),
            Err(CommitError::Missed { .. }) => Ok(false),
            Err(error) => Err(crate::failure::must(error).into()),
        }
    }

    /// Records how a try ended. False when the lease is another's by now: then what that one
    /// records counts.
    ///
    /// # Errors
    /// A fault.
    pub async fn record(&self, scope: Scope, end: Try) -> Result<bool, Failure> {
        self.write(scope, Change::Tried(end)).await
    }

    /// Gives a claimed message back untried, due after `wait`. False when the lease is another's by
    /// now.
    ///
    /// # Errors
    /// A fault; then the lease ends by itself.
    pub async fn release(&self, claimed: &Claimed, wait: Millis) -> Result<bool, Failure> {
        let (message, leased_until) = (claimed.id.clone(), claimed.leased_until);
        let due = self.now().plus(wait);
        self.write(claimed.scope, Change::Released { message, leased_until, due }).await
    }

    /// Takes one of what `subject` (an address, a key) may send in its window; false when the
    /// window is used up. The subject is kept as a keyed digest.
    ///
    /// # Errors
    /// A fault.
    pub async fn use_quota(&self, kind: &str, subject: &str, most: i64) -> Result<bool, Failure> {
        let window = QUOTA_WINDOW.0;
        let ends = (self.now().millis().div_euclid(window) + 1).saturating_mul(window);
        let subject = self.keyring().lookup_digest(&format!("quota {kind}"), subject);
        let ends_at = Instant::from_millis(ends);
        if most <= 0 {
            return Ok(false);
        }
        self.write(NOBODY, Change::QuotaUsed { subject, ends_at, most }).await
    }
}
