//! Events on their way: spread over the endpoints first, then each delivered by itself.

use desk::Failure;
use desk::outbox::Claimed;
use domain::changes::TryEnd;
use domain::ids::{EndpointId, MessageId};
use domain::message::Event;

use super::{Courier, End, SENDING_MAX, after_failure};
use crate::schedule;
use crate::sweep::lanes::How;
use crate::webhook::{self, Delivery, SigningKey};

impl Courier {
    /// Turns an event into one delivery for each endpoint of its scope.
    pub(super) async fn spread(&self, message: &Claimed, event: &Event) -> Result<(), Failure> {
        let endpoints = self.desk.open_endpoints(message.scope).await?;
        let body = crate::event::body(event, message.scope, &message.case, message.at);
        let deliveries = endpoints.into_iter().map(|one| (one.id, body.clone())).collect();
        // False means that the lease was another's by then, who has spread it.
        self.desk.spread(message, deliveries).await.map(|_| ())
    }

    /// Posts one event to one endpoint.
    pub(super) async fn deliver(
        &self,
        message: &Claimed,
        endpoint: &EndpointId,
        event: &MessageId,
        body: &str,
    ) -> Result<End, Failure> {
        let number = message.attempts + 1;
        let endpoints = self.desk.open_endpoints(message.scope).await?;
        let Some(endpoint) = endpoints.into_iter().find(|one| one.id == *endpoint) else {
            let detail = "the endpoint was removed or switched off".to_owned();
            return Ok(End { how: How::NotTried, number, end: TryEnd::GivenUp, detail });
        };
        // A secret that cannot sign leaves the list empty, and nothing goes out unsigned.
        let keys: Vec<SigningKey> =
            SigningKey::parse(endpoint.secret.reveal()).into_iter().collect();
        let posted = webhook::Event { url: &endpoint.url, id: event, keys: &keys, body: body.as_bytes() };
        let within = self.tools.webhook_timeout.min(SENDING_MAX);
        let delivery =
            webhook::deliver(&self.tools.guard, &posted, self.desk.now(), within).await;
        Ok(match delivery {
            Delivery::Taken { status } => {
                let detail = format!("the receiver answered {status}");
                End { how: How::Well, number, end: TryEnd::Done, detail }
            }
            Delivery::Gone => {
                let detail = "the receiver answered 410: it wants no more of these".to_owned();
                End { how: How::Well, number, end: TryEnd::GivenUp, detail }
            }
            Delivery::NotTaken { why, wait, .. } => {
                let tries = u32::try_from(number).unwrap_or(u32::MAX);
                let next = self.desk.with_dice(|dice| {
                    schedule::WEBHOOK.next(tries, self.desk.now(), wait, dice)
                });
                End { how: How::Badly, number, end: after_failure(next), detail: why }
            }
        })
    }
}
