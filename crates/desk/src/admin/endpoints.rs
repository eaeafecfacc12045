//! Where events go: endpoints, their secrets, and what was sent to them.

use domain::account::Endpoint;
use domain::admin::{AdminAct, AdminChange, Kind};
use domain::ids::{CaseId, EndpointId, MessageId};
use domain::message::{Message, Telling};
use domain::{Millis, Refusal, Scope};

use super::address::same_place;
use super::{AdminOrder, Decision, misplaced, told};
use crate::{Desk, Failure};

/// State of a message that was given up, as the store counts them.
const GIVEN_UP: i64 = 2;

impl Desk {
    pub(super) async fn decide_endpoint(&self, order: &AdminOrder) -> Result<Decision, Failure> {
        match &order.act {
            AdminAct::EndpointAdd { url } => {
                if let Some(rule) = self.inner.outgoing.get() {
                    rule(url).map_err(|why| Refusal::EndpointBarred { why })?;
                }
                self.place_free(order.by.scope, url).await?;
                let (endpoint, secret) =
                    self.new_endpoint(order.by.scope, url, order.given.clone());
                Ok(told::endpoint_made(endpoint).secret(secret))
            }
            AdminAct::EndpointRotate { id, hours } => {
                let was = self.endpoint_of(order, id).await?;
                Ok(self.endpoint_rotate(order, was, *hours))
            }
            AdminAct::EndpointDisable { id } | AdminAct::EndpointEnable { id } => {
                let was = self.endpoint_of(order, id).await?;
                let off = matches!(order.act, AdminAct::EndpointDisable { .. });
                if !off && was.disabled_at.is_some() {
                    self.place_free(order.by.scope, &was.url).await?;
                }
                self.endpoint_switch(was, off)
            }
            AdminAct::EndpointTest { id } => {
                let endpoint = self.endpoint_of(order, id).await?;
                self.endpoint_test(&endpoint)
            }
            AdminAct::DeliveryReplay { id } => self.replay(order, id).await,
            _ => Err(misplaced()),
        }
    }

    /// Refuses an address to which events go already: each would come there twice.
    async fn place_free(&self, scope: Scope, url: &str) -> Result<(), Failure> {
        let wanted = same_place(url);
        let all = store::read::accounts::endpoints_of(self.db(), scope).await?;
        if all.iter().any(|one| same_place(&one.url) == wanted) {
            return Err(Refusal::NameTaken { kind: Kind::Endpoint }.into());
        }
        Ok(())
    }

    async fn endpoint_of(&self, order: &AdminOrder, id: &EndpointId) -> Result<Endpoint, Failure> {
        let found = store::read::accounts::endpoint_of(self.db(), order.by.scope, id).await?;
        Ok(found.ok_or(Refusal::ThingUnknown { kind: Kind::Endpoint })?)
    }

    fn endpoint_rotate(&self, order: &AdminOrder, was: Endpoint, hours: i64) -> Decision {
        let (secret, sealed) = self.endpoint_secret(&was.id, order.given.clone());
        let until = self.now().plus(Millis::hours(hours));
        let before = (hours > 0).then(|| (was.secret.clone(), until));
        let is = Endpoint { secret: sealed, before, ..was };
        Decision::new(is.id.as_str())
            .field("hours_of_both", "", hours.to_string())
            .admin(AdminChange::EndpointChanged(is))
            .secret(secret)
    }

    fn endpoint_switch(&self, was: Endpoint, off: bool) -> Result<Decision, Failure> {
        if was.disabled_at.is_some() == off {
            return Err(Refusal::AlreadySo { kind: Kind::Endpoint }.into());
        }
        let state = |off: bool| if off { "disabled" } else { "" };
        let is = Endpoint { disabled_at: off.then(|| self.now()), ..was };
        Ok(Decision::new(is.id.as_str())
            .field("state", state(!off), state(off))
            .admin(AdminChange::EndpointChanged(is)))
    }

    fn endpoint_test(&self, endpoint: &Endpoint) -> Result<Decision, Failure> {
        if endpoint.disabled_at.is_some() {
            return Err(Refusal::Disabled { kind: Kind::Endpoint }.into());
        }
        let at = self.now();
        let message = Message {
            id: self.with_dice(|dice| MessageId::new(at, dice)),
            scope: endpoint.scope,
            case: CaseId::nobodys(),
            at,
            telling: Telling::Ping(endpoint.id.clone()),
        };
        let decision = Decision::new(endpoint.id.as_str());
        Ok(decision.field("message", "", message.id.as_str()).admin(AdminChange::Pinged(message)))
    }

    async fn replay(&self, order: &AdminOrder, id: &MessageId) -> Result<Decision, Failure> {
        let found = store::read::admin::delivery_state(self.db(), order.by.scope, id).await?;
        if let Some((GIVEN_UP, endpoint)) = &found
            && self.endpoint_of(order, endpoint).await?.disabled_at.is_some()
        {
            return Err(Refusal::Disabled { kind: Kind::Endpoint }.into());
        }
        match found.map(|(state, _)| state) {
            None => Err(Refusal::ThingUnknown { kind: Kind::Delivery }.into()),
            Some(GIVEN_UP) => Ok(Decision::new(id.as_str())
                .field("state", "given-up", "waits")
                .admin(AdminChange::DeliveryDue(id.clone()))),
            Some(_) => Err(Refusal::AlreadySo { kind: Kind::Delivery }.into()),
        }
    }
}
