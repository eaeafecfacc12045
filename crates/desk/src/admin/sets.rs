//! Settings and wordings of an account: set, set back, and believed for a few seconds by those who
//! use them.

use std::collections::BTreeMap;
use std::sync::Arc;

use domain::admin::{AdminAct, AdminChange, MessageKey, Override, SettingKey, Shelf};
use domain::{Refusal, Scope};

use super::{AdminOrder, Decision, fresh, misplaced};
use crate::accounts::{believe, believed};
use crate::{Desk, Failure};

/// What an account has set for itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sets {
    settings: BTreeMap<SettingKey, String>,
    messages: BTreeMap<MessageKey, String>,
}

impl Sets {
    /// The value of a setting; nothing when the installation's own holds.
    pub fn setting(&self, key: SettingKey) -> Option<&str> {
        self.settings.get(&key).map(String::as_str)
    }

    /// The account's own wording; nothing when the installation's holds.
    pub fn message(&self, key: MessageKey) -> Option<&str> {
        self.messages.get(&key).map(String::as_str)
    }

    /// Whether payers get the mail that acknowledges a report.
    pub fn acknowledges(&self) -> bool {
        self.setting(SettingKey::Acknowledgement) != Some("off")
    }

    /// Whether nothing was set that shows in messages to callers.
    pub fn words_as_installed(&self) -> bool {
        self.messages.is_empty() && self.setting(SettingKey::SupportAddress).is_none()
    }
}

impl Desk {
    /// What an account has set, believed for a few seconds.
    ///
    /// # Errors
    /// A fault.
    pub async fn sets(&self, scope: Scope) -> Result<Arc<Sets>, Failure> {
        let now = self.now();
        if let Some(sets) = believed(&self.inner.known_keys.sets, &scope, now) {
            return Ok(sets);
        }
        let mut sets = Sets::default();
        for one in self.overrides(Shelf::Settings, scope).await? {
            if let (Some(key), Some(value)) = (SettingKey::parse(&one.key), one.value) {
                sets.settings.insert(key, value);
            }
        }
        for one in self.overrides(Shelf::Messages, scope).await? {
            if let (Some(key), Some(value)) = (MessageKey::parse(&one.key), one.value) {
                sets.messages.insert(key, value);
            }
        }
        let sets = Arc::new(sets);
        believe(&self.inner.known_keys.sets, scope, &sets, now);
        Ok(sets)
    }

    pub(super) async fn overrides(
        &self,
        shelf: Shelf,
        scope: Scope,
    ) -> Result<Vec<Override>, Failure> {
        Ok(store::read::admin::overrides(self.db(), shelf, scope).await?)
    }

    pub(super) async fn decide_set(&self, order: &AdminOrder) -> Result<Decision, Failure> {
        let (shelf, key, value) = match &order.act {
            AdminAct::SettingSet { key, value } => {
                (Shelf::Settings, key.word(), Some(value.clone()))
            }
            AdminAct::SettingReset { key } => (Shelf::Settings, key.word(), None),
            AdminAct::MessageSet { key, text } => (Shelf::Messages, key.word(), Some(text.clone())),
            AdminAct::MessageReset { key } => (Shelf::Messages, key.word(), None),
            _ => return Err(misplaced()),
        };
        let all = self.overrides(shelf, order.by.scope).await?;
        let was = all.into_iter().find(|one| one.key == key);
        let version = was.as_ref().map_or(0, |one| one.version);
        fresh(order, version)?;
        let was = was.and_then(|one| one.value);
        if was.is_none() && value.is_none() {
            return Err(Refusal::AlreadySo { kind: order.act.kind() }.into());
        }
        let is = Override {
            key: key.to_owned(),
            value: value.clone(),
            version: version + 1,
            at: self.now(),
            by: order.by.name.clone(),
        };
        Ok(Decision::new(key)
            .version(is.version)
            .field("value", was.unwrap_or_default(), value.unwrap_or_default())
            .admin(AdminChange::OverridePut { shelf, value: is }))
    }
}
