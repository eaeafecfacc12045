//! The way of a message, as a courier goes it, but ruder: it sends although its lease may have
//! ended, forgets to say so, and is stopped anywhere. Two nodes never hold the same message while
//! both their leases last.

use desk::outbox::{Claimed, Parcel};
use domain::Millis;
use domain::changes::{Try, TryEnd};
use domain::message::Telling;

use crate::deeds::{Answer, Deed, LEASE};
use crate::run::Run;

/// A message that a node has claimed.
#[derive(Debug)]
pub struct Held {
    node: usize,
    message: Claimed,
    /// Whether the clock has ever been past the lease.
    over: bool,
}

impl Run {
    /// Notes whose leases the clock has passed. To be called before the clock is set back.
    pub fn leases_pass(&mut self) {
        let now = self.world.desk.now();
        for held in &mut self.held {
            held.over |= held.message.leased_until <= now;
        }
    }

    /// A node that ends forgets what it has claimed.
    pub fn lets_go(&mut self, node: usize) {
        self.held.retain(|held| held.node != node);
    }

    /// A node hears what it has claimed.
    pub fn holds(&mut self, node: usize, claimed: &[Claimed]) {
        self.leases_pass();
        let now = self.world.desk.now();
        for message in claimed {
            let lasts = message.leased_until > now;
            let other = self.held.iter().find(|held| {
                lasts && !held.over && held.message.id == message.id && held.node != node
            });
            assert!(other.is_none(), "two nodes hold {}: {other:?}", message.id);
            self.held.push(Held { node, message: message.clone(), over: !lasts });
        }
    }

    /// One claimed message goes its way.
    pub async fn deliver(&mut self) {
        if self.held.is_empty() {
            return;
        }
        let place = self.dice.below(self.held.len());
        let Held { node, message, over } = self.held.remove(place);
        if let Parcel::Telling(Telling::Event(_)) = message.parcel {
            let spread = Deed::Spread(Box::new(message.clone()), self.endpoint.clone());
            self.noted_as_it_must_be(node, &message, spread).await;
            return;
        }
        let heard = self.deaf == 0 && self.dice.below(6) != 0;
        if heard {
            self.ledger.hears(message.id.as_str(), &message.parcel);
        }
        if self.dice.below(6) == 0 {
            return; // nobody says so: the lease ends, and it is sent again
        }
        self.tally.counts("sent after its lease", over);
        let due = self.world.desk.now().plus(Millis::minutes(1));
        let tried = Try {
            message: message.id.clone(),
            leased_until: message.leased_until,
            number: message.attempts + 1,
            end: if heard { TryEnd::Done } else { TryEnd::Again { due } },
            detail: String::new(),
        };
        let record = Deed::Record(message.scope, tried);
        self.noted_as_it_must_be(node, &message, record).await;
    }

    /// What a node notes of a message counts exactly as long as its lease is the message's.
    async fn noted_as_it_must_be(&mut self, node: usize, message: &Claimed, deed: Deed) {
        let alone = self.nobody_interferes();
        let ours = self.lease_is_ours(message).await;
        let answer = self.perform(node, deed).await;
        if let (true, Some(Answer::Noted(Ok(noted)))) = (alone, &answer) {
            assert_eq!(*noted, ours, "{} was noted by who does not hold it", message.id);
            self.tally.counts("noted too late, and not taken", !noted);
        }
    }

    async fn lease_is_ours(&self, message: &Claimed) -> bool {
        const ROW: &str = "SELECT leased_until, state FROM outbox WHERE id = ?1";
        let row = self.world.db.one(ROW, vec![message.id.as_str().into()]).await;
        let row = row.expect("a row").expect("a message stays");
        let (until, state) = (row.int(0).expect("a time"), row.int(1).expect("a state"));
        until == message.leased_until.millis() && state == 0
    }

    /// Sends everything, with nothing in the way. A message waits at most as long as a lease and
    /// what the clock was set back.
    pub async fn everything_is_sent(&mut self) {
        let patience = (self.set_back.0 + Millis::hours(1).0) / LEASE.0;
        for _ in 0..patience {
            if self.world.desk.waiting_messages().await.expect("a count") == 0 {
                return;
            }
            self.world.clock.tick(LEASE);
            loop {
                self.perform(0, Deed::Claim).await;
                if self.held.is_empty() {
                    break;
                }
                for Held { node, message, .. } in std::mem::take(&mut self.held) {
                    self.send_plainly(node, message).await;
                }
            }
        }
        panic!("messages are stuck");
    }

    async fn send_plainly(&mut self, node: usize, message: Claimed) {
        let deed = if let Parcel::Telling(Telling::Event(_)) = message.parcel {
            Deed::Spread(Box::new(message), self.endpoint.clone())
        } else {
            self.ledger.hears(message.id.as_str(), &message.parcel);
            let tried = Try {
                message: message.id,
                leased_until: message.leased_until,
                number: message.attempts + 1,
                end: TryEnd::Done,
                detail: String::new(),
            };
            Deed::Record(message.scope, tried)
        };
        let noted = self.perform(node, deed).await;
        assert!(matches!(noted, Some(Answer::Noted(Ok(true)))), "{noted:?}");
    }
}
