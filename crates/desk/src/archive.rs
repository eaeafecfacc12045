//! Cases of another system are taken over, one by one and each of them once: a case that was taken
//! over before is known by its id there, whoever brings it in again.

use domain::actor::Actor;
use domain::admin::{AdminAct, Kind, check};
use domain::case::{Archived, Hand, take_over};
use domain::changes::Outcome;
use domain::ids::CaseId;
use domain::names::queue_slug;
use domain::{Refusal, Scope};
use store::engine::CommitError;
use store::read;

use crate::admin::AdminOrder;
use crate::{Desk, Failure};

/// Times a case is decided again when somebody wrote about the same payment, or the same case.
const ATTEMPTS_MAX: usize = 5;

/// What became of an archived case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TakenOver {
    /// It is a case here now, or would be.
    New(CaseId),
    /// It was taken over before.
    Known(CaseId),
}

impl Desk {
    /// Takes a case over; durable when this answers. A rehearsal decides and writes nothing.
    ///
    /// # Errors
    /// As for [`take_over`]; [`Refusal::Busy`]; a fault. A queue that is not there is written down,
    /// and stays if the case is refused after all.
    pub async fn take_over(
        &self,
        by: &Actor,
        archived: &Archived,
        rehearsal: bool,
    ) -> Result<TakenOver, Failure> {
        let called = archived.queue.as_str();
        let queue = match called {
            "" => String::new(),
            _ => self.queue_for(by.scope, called).await?,
        };
        let archived = &Archived { queue, ..archived.clone() };
        for _ in 0..ATTEMPTS_MAX {
            if let Some(case) = self.taken_over(by.scope, archived).await? {
                return Ok(TakenOver::Known(case));
            }
            let payment = archived.payment.as_ref();
            let mut known = read::cases::for_opening(self.db(), by.scope, payment, None).await?.0;
            known.person = self.worker_called(by.scope, &archived.assignee).await?;
            let (there, open) = match archived.queue.as_str() {
                "" => (true, true),
                queue => self.queue_known(by.scope, queue).await?,
            };
            known.closed_to = (there && !open).then_some(Kind::Queue);
            let decision = self.with_dice(|dice| {
                let mut hand = Hand { by, at: self.now(), dice };
                take_over(&known, archived, &mut hand)
            })?;
            // Taking a case over has no other outcome.
            let Outcome::Reported { case, .. } = decision.outcome else {
                return Err(Refusal::Busy.into());
            };
            if rehearsal {
                return Ok(TakenOver::New(case));
            }
            if !there {
                self.write_queue_down(by, &archived.queue, called).await?;
            }
            let changes = self.with_sealed_content(decision.changes).await?;
            match store::commit(self.db(), &changes).await {
                Ok(()) => {
                    self.outbox_grew().notify_waiters();
                    return Ok(TakenOver::New(case));
                }
                Err(CommitError::Missed { .. }) => {} // somebody was first: look and decide again
                Err(error) => return Err(crate::failure::must(error).into()),
            }
        }
        Err(Refusal::Busy.into())
    }

    /// Makes a queue of the other system one of ours, as any other: it can be given to a team,
    /// renamed for people and retired. Its label is the name that it had there.
    async fn write_queue_down(&self, by: &Actor, name: &str, called: &str) -> Result<(), Failure> {
        let label = called.chars().take(check::NAME_CHARS_MAX).collect::<String>();
        let label = label.trim_end().to_owned();
        let act = AdminAct::QueueAdd { name: name.to_owned(), label, team: None };
        match self.administer(&AdminOrder::new(by.clone(), act)).await {
            Ok(_) | Err(Failure::Refused(Refusal::NameTaken { .. })) => Ok(()),
            Err(failure) => Err(failure),
        }
    }

    /// Which queue here is meant by one of another system: one of this name, else one of the short
    /// name that is made of it.
    async fn queue_for(&self, scope: Scope, called: &str) -> Result<String, Failure> {
        if self.queue_known(scope, called).await?.0 {
            return self.queue_name(scope, called).await;
        }
        self.queue_name(scope, &queue_slug(called)).await
    }

    async fn taken_over(
        &self,
        scope: Scope,
        archived: &Archived,
    ) -> Result<Option<CaseId>, Failure> {
        let (source, id) = (&archived.source, &archived.external_id);
        Ok(read::imports::case_of(self.db(), scope, source, id).await?)
    }
}
