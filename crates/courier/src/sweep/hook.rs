//! Events on their way: spread over the endpoints first, then each delivered by itself.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use desk::Failure;
use desk::outbox::{Claimed, OpenEndpoint};
use domain::Scope;
use domain::changes::TryEnd;
use domain::ids::{EndpointId, MessageId};
use domain::message::Event;
use tokio::time::Instant;

use super::{Courier, End, SENDING_MAX, after_failure};
use crate::schedule;
use crate::sweep::lanes::How;
use crate::webhook::{self, Delivery, SigningKey};

/// How long opened endpoints are remembered: a backlog needs them for every delivery, and a
/// change by an operator must show soon.
const REMEMBERED: Duration = Duration::from_secs(1);
/// Scopes remembered at once.
const SCOPES_MAX: usize = 1_000;

/// The opened endpoints of each scope, for a moment.
#[derive(Default)]
pub(super) struct Endpoints(Mutex<HashMap<Scope, (Instant, Opened)>>);

pub(super) type Opened = Arc<BTreeMap<EndpointId, OpenEndpoint>>;

impl Endpoints {
    fn of(&self, scope: Scope) -> Option<Opened> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, opened) = all.get(&scope)?;
        (since.elapsed() < REMEMBERED).then(|| Arc::clone(opened))
    }

    fn remember(&self, scope: Scope, opened: &Opened) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= SCOPES_MAX {
            all.clear();
        }
        all.insert(scope, (Instant::now(), Arc::clone(opened)));
    }
}

impl Courier {
    async fn open_endpoints(&self, scope: Scope) -> Result<Opened, Failure> {
        let found = self.desk.open_endpoints(scope).await?;
        let opened: Opened = Arc::new(found.into_iter().map(|one| (one.id.clone(), one)).collect());
        self.endpoints.remember(scope, &opened);
        Ok(opened)
    }

    /// The endpoints of a scope, as they were a moment ago.
    pub(super) async fn endpoints_of(&self, scope: Scope) -> Result<Opened, Failure> {
        match self.endpoints.of(scope) {
            Some(endpoints) => Ok(endpoints),
            None => self.open_endpoints(scope).await,
        }
    }

    /// Turns an event into one delivery for each endpoint of its scope.
    pub(super) async fn spread(&self, message: &Claimed, event: &Event) -> Result<(), Failure> {
        let endpoints = self.open_endpoints(message.scope).await?;
        let body = crate::event::body(event, message.scope, &message.case, message.at);
        let deliveries = endpoints.keys().map(|id| (id.clone(), body.clone())).collect();
        // False means that the lease was another's by then, who has spread it.
        self.desk.spread(message, deliveries).await.map(|_| ())
    }

    /// Turns the event of somebody who tries an endpoint into one delivery for it.
    pub(super) async fn ping(
        &self,
        message: &Claimed,
        endpoint: &EndpointId,
    ) -> Result<(), Failure> {
        let body = crate::event::ping(message.scope, endpoint, message.at);
        self.desk.spread(message, vec![(endpoint.clone(), body)]).await.map(|_| ())
    }

    /// Posts one event to one endpoint; nothing when the lease would end before that.
    pub(super) async fn deliver(
        &self,
        message: &Claimed,
        endpoint: &EndpointId,
        event: &MessageId,
        body: &str,
    ) -> Result<Option<End>, Failure> {
        let number = message.attempts + 1;
        let endpoints = self.endpoints_of(message.scope).await?;
        let Some(endpoint) = endpoints.get(endpoint) else {
            let detail = "the endpoint was removed or switched off".to_owned();
            let (how, end) = (How::NotTried, TryEnd::GivenUp);
            return Ok(Some(End { how, number, end, detail, failed: None }));
        };
        // A secret that cannot sign leaves the list empty, and nothing goes out unsigned.
        let secrets = [Some(&endpoint.secret), endpoint.before.as_ref()];
        let secrets = secrets.into_iter().flatten();
        let keys: Vec<SigningKey> =
            secrets.filter_map(|secret| SigningKey::parse(secret.reveal()).ok()).collect();
        let (url, body) = (endpoint.url.as_str(), body.as_bytes());
        let posted = webhook::Event { url, id: event, keys: &keys, body };
        let within = self.tools.webhook_timeout.min(SENDING_MAX);
        if !self.surely_ours(message) {
            return Ok(None);
        }
        let delivery = webhook::deliver(&self.tools.guard, &posted, self.desk.now(), within).await;
        Ok(Some(match delivery {
            Delivery::Taken { status } => {
                let detail = format!("the receiver answered {status}");
                End { how: How::Well, number, end: TryEnd::Done, detail, failed: None }
            }
            Delivery::Gone => {
                let detail = "the receiver answered 410: it wants no more of these".to_owned();
                let failed = Some("answered 410".to_owned());
                End { how: How::Well, number, end: TryEnd::GivenUp, detail, failed }
            }
            Delivery::NotTaken { why, wait, status } => {
                // Without an answer the words are ours, and name no URL.
                let failed =
                    Some(status.map_or_else(|| why.clone(), |status| format!("answered {status}")));
                let tries = u32::try_from(number).unwrap_or(u32::MAX);
                let next = self
                    .desk
                    .with_dice(|dice| schedule::WEBHOOK.next(tries, self.desk.now(), wait, dice));
                End { how: How::Badly, number, end: after_failure(next), detail: why, failed }
            }
        }))
    }
}
