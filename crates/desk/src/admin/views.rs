//! What an administrator, a developer or an auditor sees of an account. Every view takes who asks,
//! and looks only into that actor's scope. No secret comes out.

use domain::account::{ApiKey, Endpoint, Login, Member, Queue, Team, Tenant, Token};
use domain::actor::{Actor, Right};
use domain::admin::{AdminEntry, Kind, MessageKey, Override, Read, ReadView, SettingKey, Shelf};
use domain::ids::{EndpointId, MemberId};
use domain::{Instant, Refusal};
use store::read::admin as read;
pub use store::read::admin::ReadFilter;
use store::read::outbox::Told;

use crate::views::may;
use crate::{Desk, Failure};

/// Rows on a page of histories, reads and deliveries at most.
pub const ROWS_PER_PAGE_MAX: i64 = 200;

/// Text above every id, for the first page.
const ABOVE_ALL_IDS: &str = "~";

impl Desk {
    /// All accounts of the installation.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], or a fault.
    pub async fn see_tenants(&self, by: &Actor) -> Result<Vec<Tenant>, Failure> {
        may(by, Right::ManageTenants)?;
        self.tenants().await
    }

    /// The caller's own account.
    ///
    /// # Errors
    /// A fault.
    pub async fn own_tenant(&self, by: &Actor) -> Result<Option<Tenant>, Failure> {
        let found = self.tenant(by.scope.tenant()).await?;
        Ok(found.map(|tenant| Tenant::clone(&tenant)))
    }

    /// The caller's own account, for whoever looks after it.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], [`Refusal::ThingUnknown`], or a fault.
    pub async fn see_account(&self, by: &Actor) -> Result<Tenant, Failure> {
        may(by, Right::ReadAdmin)?;
        Ok(self.own_tenant(by).await?.ok_or(Refusal::ThingUnknown { kind: Kind::Tenant })?)
    }

    /// The people of the account, disabled ones too.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], or a fault.
    pub async fn see_members(&self, by: &Actor) -> Result<Vec<Member>, Failure> {
        may(by, Right::ReadAdmin)?;
        self.note_read(by, ReadView::Members, "all").await?;
        let (mut list, mut after) = (Vec::new(), String::new());
        loop {
            let page = read::members(self.db(), by.scope, &after).await?;
            let Some(last) = page.last() else { return Ok(list) };
            last.id.as_str().clone_into(&mut after);
            list.extend(page);
        }
    }

    /// One of them.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], [`Refusal::ThingUnknown`], or a fault.
    pub async fn see_member(&self, by: &Actor, id: &MemberId) -> Result<Member, Failure> {
        may(by, Right::ReadAdmin)?;
        let found = read::find_member(self.db(), by.scope, id).await?;
        let member = found.ok_or(Refusal::ThingUnknown { kind: Kind::Member })?;
        self.note_read(by, ReadView::Members, id.as_str()).await?;
        Ok(member)
    }

    /// Signing keys, ended ones too.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], or a fault.
    pub async fn see_keys(&self, by: &Actor) -> Result<Vec<ApiKey>, Failure> {
        may(by, Right::ReadAdmin)?;
        self.keys_of(by.scope).await
    }

    /// Bearer tokens, ended ones too.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], or a fault.
    pub async fn see_tokens(&self, by: &Actor) -> Result<Vec<Token>, Failure> {
        may(by, Right::ReadAdmin)?;
        self.tokens_of(by.scope).await
    }

    /// Logins of the deprecated ID token.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], or a fault.
    pub async fn see_logins(&self, by: &Actor) -> Result<Vec<Login>, Failure> {
        may(by, Right::ReadAdmin)?;
        self.logins_of(by.scope).await
    }

    /// Webhook endpoints, those switched off too.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], or a fault.
    pub async fn see_endpoints(&self, by: &Actor) -> Result<Vec<Endpoint>, Failure> {
        may(by, Right::ReadAdmin)?;
        let all = self.endpoints().await?;
        Ok(all.into_iter().filter(|one| one.scope == by.scope).collect())
    }

    /// What went to an endpoint before the message `before`, newest first.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], [`Refusal::ThingUnknown`], or a fault.
    pub async fn see_deliveries(
        &self,
        by: &Actor,
        endpoint: &EndpointId,
        before: Option<&str>,
        limit: i64,
    ) -> Result<Vec<Told>, Failure> {
        may(by, Right::ReadAdmin)?;
        let there = store::read::accounts::endpoint_of(self.db(), by.scope, endpoint).await?;
        there.ok_or(Refusal::ThingUnknown { kind: Kind::Endpoint })?;
        let (before, limit) = (before.unwrap_or(ABOVE_ALL_IDS), limit.clamp(1, ROWS_PER_PAGE_MAX));
        Ok(read::deliveries(self.db(), by.scope, endpoint, before, limit).await?)
    }

    /// Queues that were added, retired ones too. `intake` is there without being added.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], or a fault.
    pub async fn see_queues(&self, by: &Actor) -> Result<Vec<Queue>, Failure> {
        may(by, Right::ReadCases)?;
        let (mut list, mut after) = (Vec::new(), String::new());
        loop {
            let page = read::queues(self.db(), by.scope, &after).await?;
            let Some(last) = page.last() else { return Ok(list) };
            last.name.clone_into(&mut after);
            list.extend(page);
        }
    }

    /// Teams with their people, retired ones too.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], or a fault.
    pub async fn see_teams(&self, by: &Actor) -> Result<Vec<Team>, Failure> {
        may(by, Right::ReadAdmin)?;
        Ok(read::teams(self.db(), by.scope).await?)
    }

    /// Every setting, with what the account made of it.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], or a fault.
    pub async fn see_settings(
        &self,
        by: &Actor,
    ) -> Result<Vec<(SettingKey, Option<Override>)>, Failure> {
        may(by, Right::ReadAdmin)?;
        let mut set = self.overrides(Shelf::Settings, by.scope).await?;
        let mut of = |word: &str| {
            let place = set.iter().position(|one| one.key == word)?;
            Some(set.swap_remove(place))
        };
        Ok(SettingKey::ALL.into_iter().map(|key| (key, of(key.word()))).collect())
    }

    /// Every message, with what the account made of it.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], or a fault.
    pub async fn see_messages(
        &self,
        by: &Actor,
    ) -> Result<Vec<(MessageKey, Option<Override>)>, Failure> {
        may(by, Right::ReadAdmin)?;
        let mut set = self.overrides(Shelf::Messages, by.scope).await?;
        let mut of = |word: &str| {
            let place = set.iter().position(|one| one.key == word)?;
            Some(set.swap_remove(place))
        };
        Ok(MessageKey::ALL.into_iter().map(|key| (key, of(key.word()))).collect())
    }

    /// What was changed before number `before`, newest first.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], or a fault.
    pub async fn see_history(
        &self,
        by: &Actor,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<AdminEntry>, Failure> {
        may(by, Right::ReadAudit)?;
        let (before, limit) = (before.unwrap_or(i64::MAX), limit.clamp(1, ROWS_PER_PAGE_MAX));
        Ok(read::history(self.db(), by.scope, before, limit).await?)
    }

    /// Who read what before the row `before`, newest first. What waits on this node is written
    /// first.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], or a fault.
    pub async fn see_reads(
        &self,
        by: &Actor,
        filter: &ReadFilter,
        before: Option<&str>,
        limit: i64,
    ) -> Result<Vec<Read>, Failure> {
        may(by, Right::ReadAudit)?;
        self.write_reads_behind().await?;
        // People are known by their addresses, which are kept in small letters.
        let mut filter = filter.clone();
        if filter.actor.contains('@') {
            filter.actor = filter.actor.to_lowercase();
        }
        let (before, limit) = (before.unwrap_or(ABOVE_ALL_IDS), limit.clamp(1, ROWS_PER_PAGE_MAX));
        Ok(read::reads(self.db(), by.scope, &filter, before, limit).await?)
    }

    /// Walks the histories of every account and tells what does not fit, in words; and how many
    /// entries there are.
    ///
    /// # Errors
    /// A fault; flaws are not errors but findings.
    pub async fn verify_admin_history(&self) -> Result<(u64, Vec<String>), Failure> {
        let (mut flaws, mut count) = (Vec::new(), 0);
        let (mut scope, mut head) = (i64::MIN, domain::chain::Head::START);
        loop {
            let page = read::whole_history(self.db(), scope, head.seq).await?;
            if page.is_empty() {
                return Ok((count, flaws));
            }
            for (entry, digest) in page {
                count += 1;
                if entry.scope.number() != scope {
                    (scope, head) = (entry.scope.number(), domain::chain::Head::START);
                }
                let whole = entry.seq == head.seq + 1
                    && entry.previous == head.digest
                    && entry.digest() == digest;
                if !whole {
                    let (act, seq) = (&entry.act, entry.seq);
                    flaws.push(format!(
                        "administration of scope {scope}: entry {seq} ({act}) was altered, or what \
                         stood before it"
                    ));
                }
                head = domain::chain::Head { seq: entry.seq, digest };
            }
        }
    }

    /// The tokens of a scope that are about to end: for a page that warns.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], or a fault.
    pub async fn tokens_ending_before(
        &self,
        by: &Actor,
        before: Instant,
    ) -> Result<Vec<Token>, Failure> {
        let now = self.now();
        let ends = |token: &Token| {
            token.revoked_at.is_none() && token.expires_at > now && token.expires_at <= before
        };
        Ok(self.see_tokens(by).await?.into_iter().filter(ends).collect())
    }
}
