//! What the native API answers with: times as RFC 3339 in UTC with milliseconds, money as minor
//! units with their currency, what is not there as null. `contracts/native/openapi.json` says the
//! same to outsiders.

use desk::views::{CaseView, PaymentView};
use domain::case::{Case, Outcome};
use domain::{Instant, Refusal};
use serde::Serialize;

use super::words;

/// A time as it is written in answers.
pub(super) fn time(at: Instant) -> String {
    // What is stored is within the years jiff can say; anything else is shown as it is stored.
    match jiff::Timestamp::from_millisecond(at.millis()) {
        Ok(time) => format!("{time:.3}"),
        Err(_) => at.millis().to_string(),
    }
}

/// A text that is empty when there is none.
pub(super) fn some(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

#[derive(Serialize)]
pub(super) struct MoneyShape {
    amount_minor: i64,
    currency: String,
}

#[derive(Serialize)]
pub(super) struct TransactionShape {
    refid: String,
    trxid: Option<String>,
    product: String,
    account: Option<String>,
    amount: MoneyShape,
    status: &'static str,
    status_at: String,
    created_at: String,
    provider: Option<String>,
    payer_ref: Option<String>,
    /// Whether an app's report about it would open a case now.
    reportable: bool,
    /// Why it is not reportable, as the code of the refusal.
    reason: Option<&'static str>,
    /// The same in words for people.
    reason_text: Option<String>,
    /// The case about it that is not closed.
    open_case: Option<String>,
}

impl TransactionShape {
    pub(super) fn of(view: &PaymentView) -> Self {
        let PaymentView { payment, open_case, hindrance } = view;
        Self {
            refid: payment.refid.clone(),
            trxid: some(&payment.trxid),
            product: payment.product.clone(),
            account: some(&payment.account),
            amount: MoneyShape {
                amount_minor: payment.amount_minor,
                currency: payment.currency.clone(),
            },
            status: payment.status.word(),
            status_at: time(payment.status_at),
            created_at: time(payment.created_at),
            provider: some(&payment.provider),
            payer_ref: some(&payment.payer_ref),
            reportable: hindrance.is_none(),
            reason: hindrance.as_ref().map(Refusal::code),
            reason_text: hindrance.as_ref().map(words::sentence),
            open_case: open_case.as_ref().map(|case| case.as_str().to_owned()),
        }
    }
}

#[derive(Serialize)]
pub(super) struct ProposalShape {
    remedy: &'static str,
    by: String,
}

#[derive(Serialize)]
pub(super) struct CaseShape {
    id: String,
    version: i64,
    stage: &'static str,
    fact: Option<String>,
    stage_at: String,
    opened_at: String,
    channel: &'static str,
    received_at: String,
    taken_by: Option<String>,
    customer: Option<String>,
    language: Option<String>,
    outcome: Option<&'static str>,
    refid: Option<String>,
    earlier: Option<String>,
    queue: String,
    assignee: Option<String>,
    proposal: Option<ProposalShape>,
    addresses: Vec<String>,
    through: String,
    /// Said where a case is asked for by itself, also that there is none; never in a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    transaction: Option<Option<TransactionShape>>,
    /// The case that goes on, when this one was merged; said likewise.
    #[serde(skip_serializing_if = "Option::is_none")]
    merged_into: Option<Option<String>>,
}

impl CaseShape {
    pub(super) fn of(case: &Case) -> Self {
        let proposal = case.proposal.as_ref();
        Self {
            id: case.id.as_str().to_owned(),
            version: case.version,
            stage: case.stage.name().word(),
            fact: some(case.stage.fact()),
            stage_at: time(case.stage_at),
            opened_at: time(case.opened_at),
            channel: case.channel.word(),
            received_at: time(case.received_at),
            taken_by: some(&case.taken_by),
            customer: some(&case.customer),
            language: some(&case.language),
            outcome: case.outcome.map(Outcome::word),
            refid: some(&case.refid),
            earlier: case.earlier.as_ref().map(|earlier| earlier.as_str().to_owned()),
            queue: case.queue.clone(),
            assignee: some(&case.assignee),
            proposal: proposal
                .map(|one| ProposalShape { remedy: one.remedy.word(), by: one.by.clone() }),
            addresses: case.addresses.clone(),
            through: case.through.clone(),
            transaction: None,
            merged_into: None,
        }
    }

    /// With the transaction it is about.
    pub(super) fn with_transaction(view: &CaseView) -> Self {
        let transaction = view.payment.as_ref().map(TransactionShape::of);
        let merged_into = view.merged_into.as_ref().map(|case| case.as_str().to_owned());
        Self {
            transaction: Some(transaction),
            merged_into: Some(merged_into),
            ..Self::of(&view.case)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_three_digits_and_a_z() {
        for (millis, text) in [
            (0, "1970-01-01T00:00:00.000Z"),
            (1_772_359_200_000, "2026-03-01T10:00:00.000Z"),
            (1_772_359_200_007, "2026-03-01T10:00:00.007Z"),
        ] {
            assert_eq!(time(Instant::from_millis(millis)), text);
        }
    }
}
