//! What can be read: a case with its payment, its timeline, the cases of a payment. Every finder
//! takes who asks, and looks only into that actor's scope; who may not read what stays inside does
//! not get it, whatever is shown.

pub(crate) mod inside;
mod lists;

use domain::actor::{Actor, Right};
use domain::admin::ReadView;
use domain::case::{Case, CloseReason, Facts, PaymentRef, ReportContent, Stage, hindrance};
use domain::changes::KeptContent;
use domain::ids::CaseId;
use domain::payment::Payment;
use domain::{Instant, Refusal, Scope};
pub use lists::{CasePage, LinkView, PaymentPage, StatusOf, StatusView};
use store::read::cases::KeptNote;
pub use store::read::listing::BehindPayment;
pub use store::read::outbox::{Told, ToldTry};

use crate::execute::note_purpose;
use crate::{Desk, Failure};

/// A case with the payment it is about.
#[derive(Clone, Debug)]
pub struct CaseView {
    /// The case.
    pub case: Case,
    /// The payment.
    pub payment: Option<PaymentView>,
    /// The case that goes on, when this one was merged.
    pub merged_into: Option<CaseId>,
}

/// Merges followed from one case to the one that goes on. A case that was merged is closed, so a
/// ring is possible only through one that was opened again, where it ends.
const MERGES_FOLLOWED_MAX: usize = 32;

/// A payment with what stands in the way of a report about it.
#[derive(Clone, Debug)]
pub struct PaymentView {
    /// The payment.
    pub payment: Payment,
    /// The case about it that is not closed.
    pub open_case: Option<CaseId>,
    /// Why a report would be refused now; nothing when it would open a case.
    pub hindrance: Option<Refusal>,
}

impl PaymentView {
    /// Of a payment and the case about it that is not closed.
    fn new(payment: Payment, open_case: Option<CaseId>) -> Self {
        let hindrance = hindrance(&payment, open_case.as_ref());
        Self { payment, open_case, hindrance }
    }
}

/// One thing that happened in a case.
#[derive(Clone, Debug)]
pub struct Happening {
    /// When.
    pub at: Instant,
    /// Who did it.
    pub actor: String,
    /// What was done: an act's word, `report`, `open` or `absorb`.
    pub act: String,
    /// Its fact, part by part.
    pub facts: Facts,
    /// What was said with it; nothing when nothing was said or it was erased.
    pub says: Option<String>,
    /// The caller's own word for what is wrong, for a report.
    pub category: Option<String>,
    /// Number in the history.
    pub seq: i64,
    /// Whether a seal covers it.
    pub sealed: bool,
}

/// A case's timeline: its history, and what was told about it.
#[derive(Clone, Debug)]
pub struct Timeline {
    /// The history, oldest first.
    pub happenings: Vec<Happening>,
    /// Mails, events and webhook deliveries, oldest first.
    pub told: Vec<Told>,
}

impl Desk {
    /// One case.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], [`Refusal::CaseUnknown`], or a fault.
    pub async fn case(&self, by: &Actor, id: &CaseId) -> Result<CaseView, Failure> {
        may(by, Right::ReadCases)?;
        let mut view = self.find_case(by, id).await?;
        if by.must(Right::ReadPayments).is_err() {
            view.payment = None;
        }
        self.note_read(by, ReadView::Case, id.as_str()).await?;
        Ok(view)
    }

    async fn find_case(&self, by: &Actor, id: &CaseId) -> Result<CaseView, Failure> {
        let found = store::read::cases::for_act(self.db(), by.scope, id, None, None).await?;
        let (known, _) = found;
        let case = known.case.ok_or(Refusal::CaseUnknown)?;
        let closed = matches!(case.stage, Stage::Closed { .. });
        let open = if closed { known.other_open } else { Some(case.id.clone()) };
        let payment = known.payment.map(|payment| inside::payment_seen_by(by, payment));
        let payment = payment.map(|payment| PaymentView::new(payment, open));
        let merged_into = self.merged_into(by.scope, &case).await?;
        Ok(CaseView { case: inside::seen_by(by, case), payment, merged_into })
    }

    /// The case that goes on in the place of one that was merged, which may itself have been merged
    /// on. Merges never lead round: what they end at is not closed.
    async fn merged_into(&self, scope: Scope, case: &Case) -> Result<Option<CaseId>, Failure> {
        let merged = Stage::Closed { reason: CloseReason::Duplicate };
        let mut last = None;
        let mut stage = case.stage;
        let mut id = case.id.clone();
        for _ in 0..MERGES_FOLLOWED_MAX {
            if stage != merged {
                break;
            }
            let Some(into) = store::read::cases::merged_into(self.db(), &id).await? else { break };
            let Some((next, _)) = store::read::cases::find(self.db(), scope, &into).await? else {
                break;
            };
            (stage, id) = (next.stage, into.clone());
            last = Some(into);
        }
        Ok(last)
    }

    /// A case's timeline.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], [`Refusal::CaseUnknown`], or a fault.
    pub async fn timeline(&self, by: &Actor, id: &CaseId) -> Result<Timeline, Failure> {
        may(by, Right::ReadCases)?;
        self.find_case(by, id).await?;
        self.note_read(by, ReadView::Timeline, id.as_str()).await?;
        let notes = store::read::cases::notes(self.db(), by.scope, id).await?;
        let told = store::read::outbox::told(self.db(), by.scope, id).await?;
        let happenings = notes.into_iter().map(|note| self.happening(note)).collect();
        Ok(inside::timeline_seen_by(by, Timeline { happenings, told }))
    }

    fn happening(&self, kept: KeptNote) -> Happening {
        let text = self.readable(&kept);
        let report = inside::FORMED
            .contains(&kept.note.act.as_str())
            .then(|| text.as_deref().and_then(ReportContent::read))
            .flatten();
        let category = report.map(|read| read.category.to_owned());
        let says = report.map(|read| read.says.to_owned()).or(text);
        Happening {
            at: kept.note.at,
            actor: kept.note.actor,
            facts: Facts::read(&kept.note.act, &kept.note.fact),
            act: kept.note.act,
            says: says.filter(|text| !text.is_empty()),
            category: category.filter(|text| !text.is_empty()),
            seq: kept.note.seq,
            sealed: kept.seal > 0,
        }
    }

    /// A note's content in the clear. One that does not open reads as if erased; the audit walk
    /// is what reports it.
    fn readable(&self, kept: &KeptNote) -> Option<String> {
        match kept.content.as_ref()? {
            KeptContent::Plain(content) => Some(content.text.clone()),
            KeptContent::Sealed { bytes, .. } => {
                let purpose = note_purpose(kept.note.case.as_str(), kept.note.seq);
                let plain = self.keyring().unseal(&purpose, bytes).ok()?;
                Some(String::from_utf8_lossy(&plain).into_owned())
            }
        }
    }

    /// The cases about one payment: the open one first.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], or a fault.
    pub async fn cases_of(&self, by: &Actor, payment: &PaymentRef) -> Result<Vec<Case>, Failure> {
        may(by, Right::ReadCases)?;
        let (PaymentRef::Refid(about) | PaymentRef::Trxid(about)) = payment;
        self.note_read(by, ReadView::Cases, about).await?;
        let cases = store::read::cases::of_payment(self.db(), by.scope, payment).await?;
        Ok(cases.into_iter().map(|case| inside::seen_by(by, case)).collect())
    }

    /// One payment, and whether it can be reported.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`], [`Refusal::PaymentUnknown`], or a fault.
    pub async fn payment(&self, by: &Actor, payment: &PaymentRef) -> Result<PaymentView, Failure> {
        may(by, Right::ReadPayments)?;
        let found = store::read::cases::for_report(self.db(), by.scope, payment, None).await?;
        let (known, _) = found;
        let payment = known.payment.ok_or(Refusal::PaymentUnknown)?;
        self.note_read(by, ReadView::Payment, &payment.refid).await?;
        let payment = inside::payment_seen_by(by, payment);
        Ok(PaymentView::new(payment, known.case.map(|case| case.id)))
    }
}

pub(crate) fn may(by: &Actor, right: Right) -> Result<(), Refusal> {
    by.must(right)
}
