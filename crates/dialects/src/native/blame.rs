//! Which field of a request is to blame for a refusal. The rules say what is missing and never in
//! which field it was named: that follows from what was asked. Cases and administration ask here
//! alike, so a caller reads the same words from both.

use desk::Failure;
use domain::Refusal;
use domain::admin::{AdminAct, Kind};
use domain::case::{Ask, Command, PaymentRef};

use super::problem::Problem;

/// What was asked, as far as it names things.
pub(super) trait Names {
    /// The field that named what the refusal is about; nothing when the path did.
    fn field(&self, refusal: &Refusal) -> Option<&'static str>;

    /// What can be done about it, where that is more than the refusal says.
    fn advice(&self, _refusal: &Refusal) -> Option<&'static str> {
        None
    }
}

/// A failure as a problem, with the name of the field that is to blame, where one is.
pub(super) fn about(asked: &impl Names, why: Failure) -> Problem {
    let (field, advice) = match &why {
        Failure::Refused(refusal) => (asked.field(refusal), asked.advice(refusal)),
        Failure::Broken(_) => (None, None),
    };
    let mut problem = Problem::from(why);
    if let Some(advice) = advice {
        problem = problem.saying(advice);
    }
    match field {
        Some(field) => problem.about_field(field),
        None => problem,
    }
}

fn payment_field(payment: Option<&PaymentRef>) -> Option<&'static str> {
    payment.map(|payment| match payment {
        PaymentRef::Refid(_) => "refid",
        PaymentRef::Trxid(_) => "trxid",
    })
}

/// To whom or into what a case cannot be given.
const fn taker(refusal: &Refusal) -> Option<(&'static str, &'static str)> {
    match refusal {
        Refusal::ThingUnknown { kind: Kind::Queue } => Some((
            "queue",
            "no queue of this name takes cases here: GET /api/v1/admin/queues lists those there \
             are, POST /api/v1/admin/queues makes one, and a retired one can be reopened",
        )),
        Refusal::ThingUnknown { kind: Kind::Member } => Some((
            "person",
            "nobody who may work cases has this name here: give the address of a member who has \
             not left, or the name of a token that is good; POST /api/v1/admin/members adds a \
             member",
        )),
        _ => None,
    }
}

impl Names for Ask {
    fn field(&self, refusal: &Refusal) -> Option<&'static str> {
        match (refusal, self) {
            (Refusal::OtherCaseUnknown, Self::Merge { .. }) => Some("into"),
            (Refusal::OtherCaseUnknown, _) => Some("case"),
            (Refusal::PaymentUnknown, Self::Split { payment, .. }) => {
                payment_field(payment.as_ref())
            }
            _ => taker(refusal).map(|(field, _)| field),
        }
    }

    fn advice(&self, refusal: &Refusal) -> Option<&'static str> {
        taker(refusal).map(|(_, advice)| advice)
    }
}

impl Names for Command {
    fn field(&self, refusal: &Refusal) -> Option<&'static str> {
        match (self, refusal) {
            (Self::Act(act), _) => act.ask.field(refusal),
            (Self::Open(by_hand), Refusal::PaymentUnknown) => {
                payment_field(by_hand.payment.as_ref())
            }
            (Self::TakeNext { .. }, _) => taker(refusal).map(|(field, _)| field),
            _ => None,
        }
    }

    fn advice(&self, refusal: &Refusal) -> Option<&'static str> {
        match self {
            Self::Act(_) | Self::TakeNext { .. } => taker(refusal).map(|(_, advice)| advice),
            _ => None,
        }
    }
}

impl Names for AdminAct {
    fn field(&self, refusal: &Refusal) -> Option<&'static str> {
        match (refusal, self) {
            (
                Refusal::ThingUnknown { kind: Kind::Team },
                Self::QueueAdd { .. } | Self::QueueChange { .. },
            ) => Some("team"),
            (
                Refusal::ThingUnknown { kind: Kind::Member },
                Self::TeamJoin { .. } | Self::TeamLeave { .. } | Self::TokenAdd { .. },
            ) => Some("member"),
            (Refusal::NameTaken { kind: Kind::Endpoint }, _) => Some("url"),
            _ => None,
        }
    }
}
