//! Lists, page by page; the links of a case; and where a case stands, for apps.

use domain::actor::{Actor, Right};
use domain::admin::ReadView;
use domain::case::{Behind, Case, CaseFilter, Outcome, PaymentRef, Sort, Stage, Tie};
use domain::ids::CaseId;
use domain::payment::PaymentFilter;
use domain::{Instant, Refusal, Scope};
use store::read::listing::{self, BehindPayment};

use super::{PaymentView, inside, may};
use crate::{Desk, Failure};

/// Rows on one page.
const PER_PAGE_MAX: i64 = 100;

/// A page of cases.
#[derive(Clone, Debug)]
pub struct CasePage {
    /// The cases.
    pub cases: Vec<Case>,
    /// Where the next page begins, when there is one.
    pub next: Option<Behind>,
}

/// A page of payments. One may be short, or empty, and still have a next one.
#[derive(Clone, Debug)]
pub struct PaymentPage {
    /// The payments.
    pub payments: Vec<PaymentView>,
    /// Where the next page begins, when there may be one.
    pub next: Option<BehindPayment>,
}

/// A link as it is seen from a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkView {
    /// What the other case is to it.
    pub tie: Tie,
    /// The other case.
    pub case: CaseId,
    /// Since when.
    pub at: Instant,
}

/// Of which case somebody wants to know where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StatusOf {
    /// Of this one.
    Case(CaseId),
    /// Of the one about this payment that is not closed, or else of the one closed last.
    Payment(PaymentRef),
}

/// Where a case stands. Nothing personal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StatusView {
    /// The case.
    pub case: CaseId,
    /// Its payment's reference, empty when it is about none.
    pub refid: String,
    /// When it was opened.
    pub opened_at: Instant,
    /// Where it stands.
    pub stage: Stage,
    /// Since when.
    pub since: Instant,
    /// The outcome, once there is one.
    pub outcome: Option<Outcome>,
    /// The case that goes on, when this one was merged.
    pub merged_into: Option<CaseId>,
}

impl Desk {
    /// Up to `limit` cases, behind the place that is given.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], also when a person's cases are asked for by somebody who may not
    /// know who works what; or a fault.
    pub async fn list_cases(
        &self,
        by: &Actor,
        filter: &CaseFilter,
        sort: Sort,
        behind: Option<&Behind>,
        limit: i64,
    ) -> Result<CasePage, Failure> {
        may(by, Right::ReadCases)?;
        if filter.assignee.is_some() {
            may(by, Right::ReadInternal)?;
        }
        if filter.customer.is_some() {
            may(by, Right::ReadPersonal)?;
        }
        self.note_read(by, ReadView::Cases, &filter.words()).await?;
        let filter = &self.as_called_here(by.scope, filter).await?;
        let limit = limit.clamp(1, PER_PAGE_MAX);
        // One more than asked for tells whether there is a next page.
        let found = listing::cases(self.db(), by.scope, filter, sort, behind, limit + 1);
        let mut cases = found.await?;
        let size = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = cases.len() > size;
        cases.truncate(size);
        let next = cases.last().filter(|_| more).map(|last| Behind {
            at: if filter.by_receipt() { last.received_at } else { last.opened_at },
            case: last.id.clone(),
        });
        let cases = cases.into_iter().map(|case| inside::seen_by(by, case)).collect();
        Ok(CasePage { cases, next })
    }

    /// Up to `limit` payments, the newest first, behind the place that is given.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], also when an account's payments are asked for by somebody who may
    /// not know whose they are; or a fault.
    pub async fn list_payments(
        &self,
        by: &Actor,
        filter: &PaymentFilter,
        behind: Option<&BehindPayment>,
        limit: i64,
    ) -> Result<PaymentPage, Failure> {
        may(by, Right::ReadPayments)?;
        if filter.account.is_some() && !inside::sees_persons(by) {
            may(by, Right::ReadPersonal)?;
        }
        self.note_read(by, ReadView::Payments, &filter.words()).await?;
        let limit = limit.clamp(1, PER_PAGE_MAX);
        let page = listing::payments(self.db(), by.scope, filter, behind, limit).await?;
        let payments = page.payments.into_iter();
        let view = |(payment, open)| PaymentView::new(inside::payment_seen_by(by, payment), open);
        Ok(PaymentPage { payments: payments.map(view).collect(), next: page.next })
    }

    /// The filter with the queue's name as it is written here, however it was typed.
    pub(crate) async fn as_called_here(
        &self,
        scope: Scope,
        filter: &CaseFilter,
    ) -> Result<CaseFilter, Failure> {
        let mut filter = filter.clone();
        if let Some(queue) = &mut filter.queue {
            *queue = self.queue_name(scope, queue).await?;
        }
        Ok(filter)
    }

    /// The links of a case, oldest first.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], [`Refusal::CaseUnknown`], or a fault.
    pub async fn links(&self, by: &Actor, id: &CaseId) -> Result<Vec<LinkView>, Failure> {
        may(by, Right::ReadInternal)?;
        let links = store::read::cases::links(self.db(), by.scope, id).await?;
        let links = links.ok_or(Refusal::CaseUnknown)?;
        let view = |link: &domain::case::Link| {
            let (tie, case) = link.seen_from(id);
            LinkView { tie, case: case.clone(), at: link.at }
        };
        Ok(links.iter().map(view).collect())
    }

    /// Where a case stands.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`]; [`Refusal::CaseUnknown`], also when the payment has no case; or a
    /// fault.
    pub async fn status(&self, by: &Actor, of: &StatusOf) -> Result<StatusView, Failure> {
        may(by, Right::ReadStatus)?;
        let case = match of {
            StatusOf::Case(id) => {
                store::read::cases::find(self.db(), by.scope, id).await?.map(|(case, _)| case)
            }
            StatusOf::Payment(payment) => {
                let cases = store::read::cases::of_payment(self.db(), by.scope, payment).await?;
                let open = |case: &Case| !matches!(case.stage, Stage::Closed { .. });
                let first = cases.first().filter(|case| open(case)).cloned();
                first.or_else(|| cases.last().cloned())
            }
        };
        let case = case.ok_or(Refusal::CaseUnknown)?;
        let merged_into = self.merged_into(by.scope, &case).await?;
        Ok(StatusView {
            merged_into,
            case: case.id,
            refid: case.refid,
            opened_at: case.opened_at,
            stage: case.stage,
            since: case.stage_at,
            outcome: case.outcome,
        })
    }
}
