//! Messages that call nobody: events of an account without endpoints, acknowledgements that are
//! switched off. Those of a report are kept as ended from the beginning; the events of other acts,
//! and what waited when its endpoint or its mail was switched off, are ended many with one commit:
//! each by itself would cost the database more than the act does. Nothing here may wait for the
//! network.

use std::sync::atomic::Ordering;

use desk::Failure;
use desk::outbox::{Claimed, Parcel};
use domain::changes::{Change, Try, TryEnd};
use domain::message::Telling;

use super::Courier;

impl Courier {
    /// Ends what calls nobody, and gives back the rest. What cannot be ended together is among the
    /// rest too: it is ended by itself then, and that says what is wrong.
    pub(super) async fn end_quiet(&self, claimed: Vec<Claimed>) -> Vec<Claimed> {
        let (mut rest, mut quiet, mut ends) = (Vec::new(), Vec::new(), Vec::new());
        let mut given_up = 0;
        for message in claimed {
            match self.quiet_end(&message).await {
                Ok(Some(end)) => {
                    given_up += u64::from(matches!(end, Change::Tried(_)));
                    quiet.push(message);
                    ends.push(end);
                }
                Ok(None) | Err(_) => rest.push(message),
            }
        }
        if !quiet.is_empty() {
            match self.desk.end_together(ends).await {
                Ok(true) => {
                    self.counts.given_up.fetch_add(given_up, Ordering::Relaxed);
                }
                Ok(false) | Err(_) => rest.append(&mut quiet),
            }
        }
        rest
    }

    async fn quiet_end(&self, message: &Claimed) -> Result<Option<Change>, Failure> {
        match &message.parcel {
            Parcel::Telling(Telling::Event(_)) => {
                let quiet = self.endpoints_of(message.scope).await?.is_empty();
                Ok(quiet.then(|| Change::Spread {
                    parent: message.id.clone(),
                    leased_until: message.leased_until,
                    deliveries: Vec::new(),
                }))
            }
            Parcel::Telling(Telling::Acknowledge) => {
                let why = self.desk.never_mailed(message.scope).await?;
                Ok(why.map(|why| {
                    Change::Tried(Try {
                        message: message.id.clone(),
                        leased_until: message.leased_until,
                        number: message.attempts + 1,
                        end: TryEnd::GivenUp,
                        detail: why.to_owned(),
                    })
                }))
            }
            Parcel::Telling(Telling::Ping(_)) | Parcel::Webhook { .. } => Ok(None),
        }
    }
}
