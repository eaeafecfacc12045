//! The sweep that sends what is due. It takes no input: whether woken by a commit, by the period or
//! after a crash, it looks at the outbox and nothing else. It never holds a transaction while it
//! waits for the network, and a place that hangs holds up only its own messages.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use desk::outbox::{Claimed, Parcel};
use desk::{Desk, Failure};
use domain::changes::{Try, TryEnd};
use domain::ids::{EndpointId, MessageId};
use domain::message::Telling;
use domain::time::{Instant, Millis};
use futures_util::future::join_all;
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use self::lanes::{How, Lanes, Place};
use crate::email::{Sender, Transport};
use crate::guard::Guard;
use crate::letter::Letters;

mod hook;
mod lanes;
mod mail;
mod quiet;

/// How long a claimed message is ours. Short, since after a crash nobody sends it before.
pub const LEASE: Millis = Millis::seconds(90);
/// What must be left of the lease when sending begins: the longest sending and its record.
const LEASE_LEFT_MIN: Millis = Millis::seconds(60);
/// What must be left in the instant before something is sent: finding the facts took time, and the
/// whole program may have been stopped meanwhile. The longest sending and a moment to record it.
const SENDING_LEFT_MIN: Millis = Millis::seconds(50);
/// One sending at most, whatever the settings say: it must end within what is left of the lease.
pub const SENDING_MAX: Duration = Duration::from_secs(45);
/// One claim. Small, so that several nodes share a backlog.
const CLAIM_MAX: usize = 64;
/// Between two claims of a backlog: time for the first sendings to show how their places do.
const PACE: Duration = Duration::from_millis(5);
/// How often the outbox is looked at when nothing wakes us: how late a retry is, and how late a
/// message that another node committed.
const PERIOD: Duration = Duration::from_secs(1);
/// How long a stopping program waits for what is under way.
const DRAIN_MAX: Duration = Duration::from_secs(20);
/// Tries to record an end before it is left to the lease, and the wait between them.
const RECORD_TRIES: u32 = 3;
const RECORD_WAIT: Duration = Duration::from_millis(200);
/// How long a message waits that our own database kept from being sent.
const NOT_BEGUN_WAIT: Millis = Millis::seconds(5);
/// Mails between two tries, remembered at most: some kilobytes each.
const UNDER_WAY_MAX: usize = 1_000;

/// Where lines about failed tries belong in the log.
const DELIVERY: &str = "courier::delivery";

/// What may be sent in a day (the desk's quota window).
#[derive(Clone, Copy, Debug)]
pub struct Caps {
    /// Mails to one address that a caller named.
    pub per_address: i64,
    /// Mails caused through one credential.
    pub per_key: i64,
}

/// Endpoints remembered that take nothing: more are forgotten, and told once more each.
const DEAF_MAX: usize = 10_000;

/// What sending needs.
pub struct Tools {
    /// For webhooks.
    pub guard: Guard,
    /// How long one webhook delivery may take.
    pub webhook_timeout: Duration,
    /// What mails say.
    pub letters: Letters,
    /// Where mail goes.
    pub transport: Transport,
    /// Who writes.
    pub sender: Sender,
    /// What may be sent.
    pub caps: Caps,
}

/// How many sendings ended how, since the start.
#[derive(Debug, Default)]
pub struct Counts {
    /// Mails and deliveries that were taken.
    pub done: AtomicU64,
    /// Tries that will be repeated.
    pub again: AtomicU64,
    /// Messages that nobody tries any more.
    pub given_up: AtomicU64,
}

/// The courier.
pub struct Courier {
    desk: Desk,
    tools: Tools,
    counts: Counts,
    endpoints: hook::Endpoints,
    /// Endpoints that did not take the last try, and how many they did not take in a row.
    deaf: Mutex<HashMap<EndpointId, u64>>,
    /// For mails that will be tried again: whom the caps allow, and who has it already. Lost in a
    /// crash: then the caps are asked again, and some get it twice under the same `Message-ID`.
    under_way: Mutex<HashMap<MessageId, mail::UnderWay>>,
}

/// How an errand ended: what to record, and what it says of the place.
struct End {
    how: How,
    number: i64,
    end: TryEnd,
    detail: String,
    /// What kind of failure it was, for the log: nothing of what the other end said, since that may
    /// name people. Nothing when there is nothing to mend.
    failed: Option<String>,
}

/// One round of the loop's memory.
struct Round {
    lanes: Lanes<Claimed>,
    tasks: JoinSet<(How, bool)>,
    places: HashMap<Id, Place>,
    back: Vec<(Claimed, Millis)>,
    /// Whether there may be something to claim.
    look: bool,
}

impl Courier {
    /// A courier for this desk.
    #[must_use]
    pub fn new(desk: Desk, tools: Tools) -> Arc<Self> {
        let endpoints = hook::Endpoints::default();
        let (counts, under_way) = (Counts::default(), Mutex::default());
        if matches!(tools.transport, Transport::Off) {
            desk.send_no_mail();
        }
        Arc::new(Self { desk, tools, counts, endpoints, deaf: Mutex::default(), under_way })
    }

    /// How many sendings ended how.
    #[must_use]
    pub const fn counts(&self) -> &Counts {
        &self.counts
    }

    /// Sends until `stop`, then waits for what is under way and puts back what is not.
    pub async fn run(self: Arc<Self>, stop: CancellationToken) {
        let mut round = Round {
            lanes: Lanes::default(),
            tasks: JoinSet::new(),
            places: HashMap::new(),
            back: Vec::new(),
            look: true,
        };
        loop {
            // Listen first, then look: what is committed in between wakes us.
            let grown = self.desk.outbox_grew().notified();
            tokio::pin!(grown);
            grown.as_mut().enable();
            let more = self.look(&mut round).await;
            tokio::select! {
                () = &mut grown => round.look = true,
                Some(ended) = round.tasks.join_next_with_id() => settle(&mut round, ended),
                () = sleep(PACE), if more => {}
                () = sleep(self.period()) => {
                    round.look = true;
                    if let Transport::Smtp(smtp) = &self.tools.transport {
                        smtp.drop_idle();
                    }
                }
                () = stop.cancelled() => break,
            }
        }
        self.drain(round).await;
    }

    /// Claims what is due as far as there is room, and starts what may run. Tells whether there
    /// is more to claim at once; without room, the next end of a sending is what to wait for.
    async fn look(self: &Arc<Self>, round: &mut Round) -> bool {
        self.put_back(round).await;
        self.start(round);
        let room = round.lanes.room(CLAIM_MAX);
        if !round.look || room == 0 {
            return false;
        }
        let limit = i64::try_from(room).unwrap_or(i64::MAX);
        let claimed = match self.desk.claim(limit, LEASE).await {
            Ok(claimed) => claimed,
            Err(failure) => {
                log("claiming messages", &failure);
                round.look = false;
                return false;
            }
        };
        round.look = claimed.len() == room;
        for message in self.end_quiet(claimed).await {
            if let Err(back) = round.lanes.offer(place_of(&message), message) {
                round.back.push(back);
            }
        }
        self.put_back(round).await;
        self.start(round);
        round.look
    }

    fn start(self: &Arc<Self>, round: &mut Round) {
        while let Some((place, message)) = round.lanes.next() {
            if message.leased_until.since(self.desk.now()) < LEASE_LEFT_MIN {
                // It waited too long to be surely ours until it is sent. Its lease ends by itself.
                round.lanes.ended(&place, How::NotTried);
                continue;
            }
            let courier = Arc::clone(self);
            let task = round.tasks.spawn(async move { courier.errand(message).await });
            round.places.insert(task.id(), place);
        }
    }

    /// Gives messages up that could not wait here, without counting a try.
    async fn put_back(&self, round: &mut Round) {
        let put = |(message, wait): (Claimed, Millis)| async move {
            if let Err(Failure::Broken(fault)) = self.desk.release(&message, wait).await {
                // Its lease ends by itself, and it is claimed again.
                tracing::warn!(fault = %fault.chain(), "giving a message back");
            }
        };
        join_all(round.back.drain(..).map(put)).await;
    }

    async fn drain(&self, mut round: Round) {
        let waiting = round.lanes.empty();
        round.back.extend(waiting.into_iter().map(|message| (message, Millis(0))));
        self.put_back(&mut round).await;
        let ending = async { while round.tasks.join_next().await.is_some() {} };
        if timeout(DRAIN_MAX, ending).await.is_err() {
            tracing::warn!("stopping while messages are being sent; they are sent again later");
        }
    }

    /// One message, from the facts to the record. Tells how the place did, and whether there is
    /// more to claim now.
    async fn errand(&self, message: Claimed) -> (How, bool) {
        let end = match &message.parcel {
            Parcel::Telling(Telling::Acknowledge) => self.acknowledge(&message).await,
            Parcel::Telling(Telling::Event(event)) => {
                return self.spread_end(&message, self.spread(&message, event).await).await;
            }
            Parcel::Telling(Telling::Ping(endpoint)) => {
                return self.spread_end(&message, self.ping(&message, endpoint).await).await;
            }
            Parcel::Webhook { endpoint, event, body } => {
                self.deliver(&message, endpoint, event, body).await
            }
        };
        match end {
            Ok(None) => (How::NotTried, false),
            Ok(Some(end)) => {
                let how = end.how;
                self.count(&end.end);
                self.log_end(&message, &end);
                self.record(&message, end).await;
                (how, false)
            }
            Err(failure) => {
                // Ours: the place to send to has not failed.
                log("sending a message", &failure);
                self.not_begun(&message).await;
                (How::NotTried, false)
            }
        }
    }

    async fn spread_end(&self, message: &Claimed, done: Result<(), Failure>) -> (How, bool) {
        if let Err(failure) = done {
            log("spreading an event", &failure);
            self.not_begun(message).await;
            return (How::NotTried, false);
        }
        (How::Well, true)
    }

    /// Gives a message back that our own database kept from being sent: somebody waits for it, and
    /// the lease is long. What was done all the same is not done again: then the lease is gone.
    async fn not_begun(&self, message: &Claimed) {
        if let Err(failure) = self.desk.release(message, NOT_BEGUN_WAIT).await {
            // Its lease ends by itself, and it is claimed again.
            log("giving a message back", &failure);
        }
    }

    /// Whether a sending that begins now ends before another node may begin the same. Where not, it
    /// is left to the lease, which ends by itself.
    fn surely_ours(&self, message: &Claimed) -> bool {
        let ours = message.leased_until.since(self.desk.now()) >= SENDING_LEFT_MIN;
        if !ours {
            tracing::warn!(message = %message.id, "not sent: its lease ends too soon");
        }
        ours
    }

    async fn record(&self, message: &Claimed, end: End) {
        for attempt in 1..=RECORD_TRIES {
            let end = Try {
                message: message.id.clone(),
                leased_until: message.leased_until,
                number: end.number,
                end: end.end,
                detail: end.detail.clone(),
            };
            match self.desk.record(message.scope, end).await {
                Ok(true) => return,
                Ok(false) => {
                    tracing::warn!(message = %message.id, "a lease ended before its message did");
                    return;
                }
                Err(failure) if attempt == RECORD_TRIES => log("recording a sending", &failure),
                Err(_) => sleep(RECORD_WAIT).await,
            }
        }
    }

    fn count(&self, end: &TryEnd) {
        let counter = match end {
            TryEnd::Done => &self.counts.done,
            TryEnd::Again { .. } => &self.counts.again,
            TryEnd::GivenUp => &self.counts.given_up,
        };
        counter.fetch_add(1, Ordering::Relaxed);
    }

    /// A line for each mail that failed; for an endpoint one when it stops taking events, one
    /// each time ten times as many were not taken, and one when it takes them again. What the other
    /// end said stands in the case's history.
    fn log_end(&self, message: &Claimed, end: &End) {
        let (channel, place) = match &message.parcel {
            Parcel::Webhook { endpoint, .. } => ("webhook", endpoint.as_str()),
            Parcel::Telling(_) => ("mail", self.tools.transport.name()),
        };
        let in_a_row = match &message.parcel {
            Parcel::Webhook { endpoint, .. } => self.heard(endpoint, end),
            Parcel::Telling(_) => 1,
        };
        let (id, number) = (&message.id, end.number);
        let Some(failed) = end.failed.as_deref() else {
            if channel == "webhook" && in_a_row > 0 {
                tracing::info!(target: DELIVERY, channel, place, in_a_row, "takes events again");
            }
            return;
        };
        if end.end == TryEnd::GivenUp {
            tracing::error!(
                target: DELIVERY, message = %id, channel, place, number, failed, "given up"
            );
        } else if is_power_of_ten(in_a_row) {
            tracing::warn!(
                target: DELIVERY, message = %id, channel, place, number, in_a_row, failed,
                "a try failed"
            );
        }
    }

    /// How many tries in a row the endpoint has not taken, with this one; before this one, when it
    /// took it.
    fn heard(&self, endpoint: &EndpointId, end: &End) -> u64 {
        let mut deaf = self.deaf.lock().unwrap_or_else(PoisonError::into_inner);
        match (&end.failed, end.how) {
            (Some(_), _) => {
                if deaf.len() >= DEAF_MAX && !deaf.contains_key(endpoint) {
                    deaf.clear();
                }
                let count = deaf.entry(endpoint.clone()).or_default();
                *count += 1;
                *count
            }
            (None, How::Well) => deaf.remove(endpoint).unwrap_or(0),
            (None, _) => 0,
        }
    }

    /// The period, a fifth shorter or longer, so that nodes do not all look at once.
    fn period(&self) -> Duration {
        let thrown = self.desk.with_dice(|dice| {
            let mut byte = [0];
            dice.fill(&mut byte);
            u32::from(byte[0])
        });
        PERIOD * (205 + thrown * 102 / 255) / 256
    }

    fn under_way(&self) -> std::sync::MutexGuard<'_, HashMap<MessageId, mail::UnderWay>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

const fn is_power_of_ten(mut count: u64) -> bool {
    while count >= 10 && count.is_multiple_of(10) {
        count /= 10;
    }
    count == 1
}

const fn place_of_kind(telling: &Telling) -> Place {
    match telling {
        Telling::Acknowledge => Place::Mail,
        Telling::Event(_) | Telling::Ping(_) => Place::Spread,
    }
}

fn place_of(message: &Claimed) -> Place {
    match &message.parcel {
        Parcel::Telling(telling) => place_of_kind(telling),
        Parcel::Webhook { endpoint, .. } => Place::Endpoint(endpoint.clone()),
    }
}

fn settle(round: &mut Round, ended: Result<(Id, (How, bool)), JoinError>) {
    let (id, how, more) = match ended {
        Ok((id, (how, more))) => (id, how, more),
        Err(error) => {
            tracing::error!(%error, "sending a message broke off; it is sent again later");
            (error.id(), How::Badly, false)
        }
    };
    round.look |= more;
    if let Some(place) = round.places.remove(&id) {
        let (shed, wait) = round.lanes.ended(&place, how);
        round.back.extend(shed.into_iter().map(|message| (message, wait)));
    }
}

/// What to record when a try failed: the next one, or the end.
fn after_failure(next: Option<Instant>) -> TryEnd {
    next.map_or(TryEnd::GivenUp, |due| TryEnd::Again { due })
}

fn log(doing: &str, failure: &Failure) {
    match failure {
        Failure::Broken(fault) => tracing::error!(fault = %fault.chain(), "{doing}"),
        Failure::Refused(refusal) => tracing::error!(refusal = refusal.code(), "{doing}"),
    }
}

#[cfg(test)]
mod tests;
