//! The road every command takes: load, decide, commit; and again when somebody was faster.

use std::sync::Arc;

use domain::actor::Actor;
use domain::admin::Kind;
use domain::case::{Ask, Command, Hand, Known, PaymentRef, decide};
use domain::chain::Digest;
use domain::changes::{Change, Changes, KeptContent, Nonce, Outcome, Saved};
use domain::evidence::{AttachOrder, ReadOrder};
use domain::message::Telling;
use domain::{Dice, Refusal, Scope};
use store::engine::CommitError;
use store::read::cases as read;
use store::write::tag;

use crate::admin::is_intake;
use crate::once::key_of;
use crate::{Desk, Failure};

/// Times a command is decided when others change the same thing meanwhile. Cases hardly ever
/// meet; more would hide a livelock.
const ATTEMPTS_MAX: usize = 3;

/// Times the next case of a queue is looked for. A shift begins with everybody asking at once, and
/// each time somebody gets one.
const TAKE_ATTEMPTS_MAX: usize = 16;

/// Whoever came too late for the oldest case takes one of this many: then a crowd meets seldom.
const AMONG_THE_FIRST: i64 = 32;

/// A command with who asks and what protects it.
#[derive(Clone, Debug)]
pub struct Order {
    /// Who asks.
    pub by: Actor,
    /// What is asked.
    pub command: Command,
    /// The idempotency key, if the caller sent one. Kept apart per credential.
    pub key: Option<String>,
    /// The nonce of the signed request, spent with the command whatever comes of it.
    pub nonce: Option<Nonce>,
}

/// What came of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// The outcome.
    pub outcome: Outcome,
    /// Whether it was remembered from an earlier request with the same key.
    pub repeated: bool,
}

impl Desk {
    /// Carries an order out. When it answers `Ok`, everything it changed is durable.
    ///
    /// # Errors
    /// A refusal of the rules, or a fault.
    pub async fn execute(&self, order: &Order) -> Result<Done, Failure> {
        if let Some(nonce) = &order.nonce
            && !self.inner.nonces.spend(nonce)
        {
            return Err(Refusal::NonceSpent.into());
        }
        let done = self.carry_out(order).await;
        if let (Err(Failure::Broken(fault)), Some(nonce)) = (&done, &order.nonce)
            && !fault.uncertain()
        {
            self.inner.nonces.give_back(nonce);
        }
        done
    }

    async fn carry_out(&self, order: &Order) -> Result<Done, Failure> {
        // Before a key is looked up: what was allowed once is not said again to who lost the right.
        if let Err(refusal) = order.by.must(order.command.right()) {
            return self.refuse(order, refusal).await;
        }
        let key = order
            .key
            .as_ref()
            .map(|key| Key { name: key_of(&order.by, key), digest: order.command.digest() });
        let sealing = self.seals_contents(order.by.scope).await?;
        let mailless = self.never_mailed(order.by.scope).await?;
        let order = Arc::new(order.clone());
        let turn = Turn { desk: self.clone(), order: Arc::clone(&order), key, sealing, mailless };
        let attempts = match &order.command {
            Command::TakeNext { .. } => TAKE_ATTEMPTS_MAX,
            _ => ATTEMPTS_MAX,
        };
        for attempt in 0..attempts {
            let settled = match about_payment(&order.command) {
                Some(payment) => turn.clone().at_once(payment).await,
                None => {
                    let (known, saved) = self.load(&order, turn.key_name(), attempt).await?;
                    let (changes, mut settled) = turn.settle(&known, saved);
                    if matches!(settled, Err(Refusal::QueueEmpty)) {
                        settled = Err(self.no_case_in(&order).await?);
                    }
                    let wakes = waits(&changes);
                    store::commit(self.db(), &changes).await.map(|()| (settled, wakes))
                }
            };
            match settled {
                Ok((settled, wakes)) => {
                    if wakes {
                        self.inner.outbox_grew.notify_waiters();
                    }
                    return Ok(settled?);
                }
                Err(CommitError::Missed { tag: tag::NONCE }) => {
                    return Err(Refusal::NonceSpent.into());
                }
                Err(CommitError::Missed { .. }) => {} // somebody was first: look and decide again
                Err(error) => return Err(crate::failure::must(error).into()),
            }
        }
        self.refuse(&order, Refusal::Busy).await
    }

    async fn load(
        &self,
        order: &Order,
        key: Option<&str>,
        attempt: usize,
    ) -> Result<(Known, Option<Saved>), Failure> {
        let scope = order.by.scope;
        let loaded = match &order.command {
            Command::Report(_) | Command::Open(_) => {
                let payment = about_payment(&order.command).flatten();
                read::for_opening(self.db(), scope, payment, key).await
            }
            Command::Attach(AttachOrder { case, .. })
            | Command::ReadEvidence(ReadOrder { case, .. }) => {
                read::for_act(self.db(), scope, case, None, key).await
            }
            Command::Act(act) => {
                let loaded = read::for_act(self.db(), scope, &act.case, Some(&act.ask), key).await;
                let (mut known, saved) = loaded?;
                if let Ask::Assign { queue, person } = &act.ask {
                    self.look_up(scope, queue.as_deref(), person.as_deref(), &mut known).await?;
                }
                return Ok((known, saved));
            }
            Command::TakeNext { queue } => {
                let among = if attempt == 0 { 1 } else { AMONG_THE_FIRST };
                let pick = self.with_dice(pick);
                let queue = &self.queue_name(scope, queue).await?;
                let loaded = read::for_take(self.db(), scope, queue, (among, pick), key).await;
                let (mut known, saved) = loaded?;
                if known.case.is_none() && !self.queue_known(scope, queue).await?.0 {
                    known.closed_to = Some(Kind::Queue);
                }
                return Ok((known, saved));
            }
        };
        Ok(loaded?)
    }

    /// What of an assignment takes no cases: a queue or person that nobody wrote down, one that was
    /// retired or has left. And what the person is called here exactly.
    pub(crate) async fn look_up(
        &self,
        scope: Scope,
        queue: Option<&str>,
        person: Option<&str>,
        known: &mut Known,
    ) -> Result<(), Failure> {
        if let Some(name) = queue.filter(|name| !name.is_empty()) {
            if !self.queue_known(scope, name).await?.1 {
                known.closed_to = Some(Kind::Queue);
            }
            known.queue = Some(self.queue_name(scope, name).await?);
        }
        if let Some(name) = person.filter(|name| !name.is_empty()) {
            known.person = self.worker_called(scope, name).await?;
            if known.person.is_none() && known.closed_to.is_none() {
                known.closed_to = Some(Kind::Member);
            }
        }
        Ok(())
    }

    /// Whether somebody wrote a queue down, and whether it takes cases.
    pub(crate) async fn queue_known(
        &self,
        scope: Scope,
        name: &str,
    ) -> Result<(bool, bool), Failure> {
        if is_intake(name) {
            return Ok((true, true));
        }
        let queue = self.queue_called(scope, name).await?;
        Ok((queue.is_some(), queue.is_some_and(|queue| queue.retired_at.is_none())))
    }

    /// Why a queue gives no case: it is empty, or there is none of this name. A queue that nobody
    /// wrote down is one as long as a case stands in it.
    async fn no_case_in(&self, order: &Order) -> Result<Refusal, Failure> {
        let Command::TakeNext { queue } = &order.command else { return Ok(Refusal::QueueEmpty) };
        let (there, _) = self.queue_known(order.by.scope, queue).await?;
        let unknown = Refusal::ThingUnknown { kind: Kind::Queue };
        Ok(if there { Refusal::QueueEmpty } else { unknown })
    }

    /// Refused, and the nonce is spent all the same: a signed request is good once.
    async fn refuse(&self, order: &Order, refusal: Refusal) -> Result<Done, Failure> {
        self.spend_nonce(order).await?;
        Err(refusal.into())
    }

    async fn spend_nonce(&self, order: &Order) -> Result<(), Failure> {
        let Some(nonce) = order.nonce else { return Ok(()) };
        self.commit_nonce(order.by.scope, nonce).await
    }

    /// Spends a verified nonce although its request came to nothing, durably: for writes that are
    /// refused before they are a command.
    ///
    /// # Errors
    /// [`Refusal::NonceSpent`], or a fault.
    pub async fn spend_on_refused_write(
        &self,
        scope: domain::Scope,
        nonce: Nonce,
    ) -> Result<(), Failure> {
        if !self.inner.nonces.spend(&nonce) {
            return Err(Refusal::NonceSpent.into());
        }
        self.commit_nonce(scope, nonce).await
    }

    async fn commit_nonce(&self, scope: domain::Scope, nonce: Nonce) -> Result<(), Failure> {
        let changes = Changes { nonce: Some(nonce), ..Changes::none(scope, self.now()) };
        match store::commit(self.db(), &changes).await {
            Ok(()) => Ok(()),
            Err(CommitError::Missed { .. }) => Err(Refusal::NonceSpent.into()),
            Err(error) => Err(crate::failure::must(error).into()),
        }
    }

    /// Whether the tenant wants sealed what customers write.
    async fn seals_contents(&self, scope: Scope) -> Result<bool, Failure> {
        let tenant = self.tenant(scope.tenant()).await?;
        Ok(tenant.is_some_and(|tenant| tenant.seal_narratives))
    }

    /// Seals what customers wrote where the tenant wants it.
    pub(crate) async fn with_sealed_content(
        &self,
        mut changes: Changes,
    ) -> Result<Changes, Failure> {
        let holds_content =
            |change: &Change| matches!(change, Change::Noted { content: Some(_), .. });
        if changes.list.iter().any(holds_content) && self.seals_contents(changes.scope).await? {
            self.seal_contents(&mut changes);
        }
        Ok(changes)
    }

    fn seal_contents(&self, changes: &mut Changes) {
        for change in &mut changes.list {
            if let Change::Noted { note, content } = change
                && let Some(KeptContent::Plain(plain)) = content
            {
                let purpose = note_purpose(note.case.as_str(), note.seq);
                let text = plain.text.as_bytes();
                let bytes = self.with_dice(|dice| self.keyring().seal(dice, &purpose, text));
                *content = Some(KeptContent::Sealed { salt: plain.salt, bytes });
            }
        }
    }
}

/// An idempotency key as it is kept, and the digest of what it was sent with.
#[derive(Clone)]
struct Key {
    name: String,
    digest: Digest,
}

/// What an order came to, told once what belongs to it is durable.
type Settled = Result<Done, Refusal>;

/// An order whose turn it is, with all it takes to settle it without waiting for anything.
#[derive(Clone)]
struct Turn {
    desk: Desk,
    order: Arc<Order>,
    key: Option<Key>,
    sealing: bool,
    /// Why no acknowledgement is mailed.
    mailless: Option<&'static str>,
}

impl Turn {
    fn key_name(&self) -> Option<&str> {
        self.key.as_ref().map(|key| key.name.as_str())
    }

    /// Looks, decides and commits in one go; also whether a message waits then.
    async fn at_once(self, payment: Option<&PaymentRef>) -> Result<(Settled, bool), CommitError> {
        let (db, scope, key) = (self.desk.db().clone(), self.order.by.scope, self.key.clone());
        let key = key.as_ref().map(|key| key.name.as_str());
        let decide = move |known: Known, saved| {
            let (changes, settled) = self.settle(&known, saved);
            let wakes = waits(&changes);
            (changes, (settled, wakes))
        };
        store::commit_found(&db, scope, payment, key, decide).await
    }

    /// What is to be written, and what to answer then. The nonce is spent whatever comes of it: a
    /// signed request is good once.
    fn settle(&self, known: &Known, saved: Option<Saved>) -> (Changes, Settled) {
        let (order, at) = (&*self.order, self.desk.now());
        let only_nonce = || Changes { nonce: order.nonce, ..Changes::none(order.by.scope, at) };
        if let (Some(saved), Some(key)) = (saved, &self.key) {
            let again = match saved.digest == key.digest {
                true => Ok(Done { outcome: saved.outcome, repeated: true }),
                false => Err(Refusal::KeyReusedForOther),
            };
            return (only_nonce(), again);
        }
        let decided = self.desk.with_dice(|dice| {
            let mut hand = Hand { by: &order.by, at, dice };
            decide(known, &order.command, &mut hand)
        });
        let decision = match decided {
            Ok(decision) => decision,
            Err(refusal) => return (only_nonce(), Err(refusal)),
        };
        let (mut changes, outcome) = (decision.changes, decision.outcome);
        if self.sealing {
            self.desk.seal_contents(&mut changes);
        }
        self.end_quiet(known.unheard, &mut changes);
        changes.nonce = order.nonce;
        changes.saved = self.key.as_ref().map(|key| Saved {
            key: key.name.clone(),
            digest: key.digest,
            outcome: outcome.clone(),
        });
        (changes, Ok(Done { outcome, repeated: false }))
    }

    /// Keeps as ended what calls nobody: a sweep would come to the same at the price of the
    /// report.
    fn end_quiet(&self, unheard: bool, changes: &mut Changes) {
        for change in &mut changes.list {
            let Change::Queued(message) = change else { continue };
            let why = match message.telling {
                Telling::Event(_) if unheard => None,
                Telling::Acknowledge if self.mailless.is_some() => self.mailless,
                Telling::Event(_) | Telling::Acknowledge | Telling::Ping(_) => continue,
            };
            *change = Change::QueuedEnded { message: message.clone(), why };
        }
    }
}

/// Whether somebody is to be called about these.
fn waits(changes: &Changes) -> bool {
    changes.list.iter().any(|change| matches!(change, Change::Queued(_)))
}

/// The payment that a command opens a case about, if it names one; nothing for a command that does
/// not open any. For these little is looked up, so it is done in the writer's own turn.
const fn about_payment(command: &Command) -> Option<Option<&PaymentRef>> {
    match command {
        Command::Report(report) => Some(Some(&report.payment)),
        Command::Open(by_hand) => Some(by_hand.payment.as_ref()),
        Command::Act(_)
        | Command::TakeNext { .. }
        | Command::Attach(_)
        | Command::ReadEvidence(_) => None,
    }
}

/// A number to choose by.
fn pick(dice: &mut dyn Dice) -> usize {
    let mut byte = [0];
    dice.fill(&mut byte);
    usize::from(byte[0])
}

/// What a note's content is sealed for.
pub(crate) fn note_purpose(case: &str, seq: i64) -> String {
    format!("note {case} {seq}")
}
