//! Why a command was not carried out: a closed list. A refusal is an answer, not an error; it says
//! nothing about HTTP, and each dialect finds its own words for it.

use std::fmt;

use crate::actor::{Right, Role};
use crate::admin::Kind;
use crate::case::{Act, StageName, Tie, possible_acts};
use crate::ids::CaseId;

/// Why not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No payment with this reference in the caller's scope.
    PaymentUnknown,
    /// The payment is still under way; it can be reported when it has ended.
    PaymentPending {
        /// The caller's reference of the payment.
        refid: String,
    },
    /// The payment failed, so its amount went back by itself.
    PaymentFailed {
        /// The caller's reference of the payment.
        refid: String,
    },
    /// The payment was given back on request.
    PaymentRefunded {
        /// The caller's reference of the payment.
        refid: String,
    },
    /// An open case exists for the payment.
    AlreadyReported {
        /// The caller's reference of the payment.
        refid: String,
        /// That case.
        case: CaseId,
    },
    /// No such case in the caller's scope.
    CaseUnknown,
    /// The act is impossible at the case's stage.
    WrongStage {
        /// Where the case stands.
        now: StageName,
        /// What was asked.
        act: Act,
    },
    /// No such file in the caller's scope.
    EvidenceUnknown,
    /// The file was not looked at by the scanner yet; it can be had when it was.
    EvidenceHeld,
    /// The scanner found something in the file: nobody gets it.
    EvidenceInfected,
    /// There is no small picture of the file.
    NoPreview,
    /// The case, or whatever else has a version, moved on since the caller read it.
    Stale {
        /// The version it has now.
        version: i64,
    },
    /// A case that was never resolved cannot be closed for this reason.
    NotResolved,
    /// Nothing was proposed that could be approved or declined.
    NothingProposed,
    /// Another proposal waits for its answer.
    AlreadyProposed,
    /// The second person must be another person.
    SamePerson,
    /// No such thing of an account's administration in the caller's scope.
    ThingUnknown {
        /// What was looked for.
        kind: Kind,
    },
    /// The name or address is another's already.
    NameTaken {
        /// What has it.
        kind: Kind,
    },
    /// It is so already, or it has ended.
    AlreadySo {
        /// What it is.
        kind: Kind,
    },
    /// It is disabled: nothing is handed out to it or sent there until it is enabled.
    Disabled {
        /// What it is.
        kind: Kind,
    },
    /// It was retired for good: nothing of it changes any more.
    Retired {
        /// What it is.
        kind: Kind,
    },
    /// The caller would hand out more than he has.
    GrantsTooMuch,
    /// Nothing could ever be sent there, by the rules for outgoing requests.
    EndpointBarred {
        /// The rule, in words.
        why: String,
    },
    /// It is part of every account and stays as it is.
    AlwaysThere {
        /// What it is.
        kind: Kind,
    },
    /// A case cannot be tied to itself.
    SameCase,
    /// The two cases are tied in this way already.
    AlreadyLinked,
    /// More cases stand above the other one than are looked at.
    TooManyAbove,
    /// The two cases are not tied in this way.
    NotLinked,
    /// The two cases are tied the other way round already, by one link or over other cases.
    LinkedOtherwise {
        /// What the other case is to the one that was to be tied.
        tie: Tie,
    },
    /// A merge says where the case went on: its link stays as it is until the case is reopened.
    Merged {
        /// The case that was merged.
        case: CaseId,
        /// The case it was merged into.
        into: CaseId,
    },
    /// The other case, which is to be linked or merged with, is not there.
    OtherCaseUnknown,
    /// The case that another one would be merged into is closed.
    OtherCaseClosed {
        /// That case.
        case: CaseId,
    },
    /// A case by hand says nothing.
    CaseEmpty,
    /// The account would be left without anybody to administer it.
    LastAdministrator,
    /// Nobody's case waits in the queue.
    QueueEmpty,
    /// A complaint is not received in the future, nor opened by hand after a year.
    ReceiptTime,
    /// A job has more cases than it may.
    JobTooLarge,
    /// No such job in the caller's scope.
    JobUnknown,
    /// The key was used before with other content.
    KeyReusedForOther,
    /// The nonce was used before.
    NonceSpent,
    /// The caller lacks the right.
    NotAllowed {
        /// Which.
        right: Right,
        /// The caller's role; one that has the right was narrowed by the credential.
        role: Role,
    },
    /// Others changed the same thing at the same time, again and again; try again.
    Busy,
}

impl Refusal {
    /// One of each, in the order of the list: for pages and tests that must know them all.
    pub fn samples() -> Vec<Self> {
        let refid = || String::from("A-1");
        let mut samples = vec![
            Self::PaymentUnknown,
            Self::PaymentPending { refid: refid() },
            Self::PaymentFailed { refid: refid() },
            Self::PaymentRefunded { refid: refid() },
        ];
        let case = CaseId::parse("cs_00000000000000000000000000");
        samples.extend(case.clone().map(|case| Self::AlreadyReported { refid: refid(), case }));
        samples.extend([
            Self::CaseUnknown,
            Self::EvidenceUnknown,
            Self::EvidenceHeld,
            Self::EvidenceInfected,
            Self::NoPreview,
            Self::WrongStage { now: StageName::Open, act: Act::Start },
            Self::Stale { version: 3 },
            Self::NotResolved,
            Self::NothingProposed,
            Self::AlreadyProposed,
            Self::SamePerson,
            Self::ThingUnknown { kind: Kind::Key },
            Self::NameTaken { kind: Kind::Member },
            Self::AlreadySo { kind: Kind::Token },
            Self::Disabled { kind: Kind::Member },
            Self::Retired { kind: Kind::Team },
            Self::GrantsTooMuch,
            Self::EndpointBarred { why: "10.0.0.1 is a private address".to_owned() },
            Self::AlwaysThere { kind: Kind::Queue },
            Self::SameCase,
            Self::AlreadyLinked,
            Self::TooManyAbove,
            Self::NotLinked,
            Self::LinkedOtherwise { tie: Tie::Child },
            Self::OtherCaseUnknown,
        ]);
        samples.extend(case.clone().map(|case| Self::Merged { into: case.clone(), case }));
        samples.extend(case.map(|case| Self::OtherCaseClosed { case }));
        samples.extend([
            Self::CaseEmpty,
            Self::LastAdministrator,
            Self::QueueEmpty,
            Self::ReceiptTime,
            Self::JobTooLarge,
            Self::JobUnknown,
            Self::KeyReusedForOther,
            Self::NonceSpent,
            Self::NotAllowed { right: Right::WorkCases, role: Role::Auditor },
            Self::Busy,
        ]);
        samples
    }

    /// The stable name of the refusal: lower case, hyphens.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PaymentUnknown => "payment-unknown",
            Self::PaymentPending { .. } => "payment-pending",
            Self::PaymentFailed { .. } => "payment-failed",
            Self::PaymentRefunded { .. } => "payment-refunded",
            Self::AlreadyReported { .. } => "already-reported",
            Self::CaseUnknown => "case-unknown",
            Self::EvidenceUnknown => "evidence-unknown",
            Self::EvidenceHeld => "evidence-held",
            Self::EvidenceInfected => "evidence-infected",
            Self::NoPreview => "no-preview",
            Self::WrongStage { .. } => "wrong-stage",
            Self::Stale { .. } => "stale",
            Self::NotResolved => "not-resolved",
            Self::NothingProposed => "nothing-proposed",
            Self::AlreadyProposed => "already-proposed",
            Self::SamePerson => "same-person",
            Self::ThingUnknown { .. } => "thing-unknown",
            Self::NameTaken { .. } => "name-taken",
            Self::AlreadySo { .. } => "already-so",
            Self::Disabled { .. } => "disabled",
            Self::Retired { .. } => "retired",
            Self::GrantsTooMuch => "grants-too-much",
            Self::EndpointBarred { .. } => "endpoint-barred",
            Self::AlwaysThere { .. } => "always-there",
            Self::SameCase => "same-case",
            Self::AlreadyLinked => "already-linked",
            Self::TooManyAbove => "too-many-above",
            Self::NotLinked => "not-linked",
            Self::LinkedOtherwise { .. } => "linked-otherwise",
            Self::Merged { .. } => "merged",
            Self::OtherCaseUnknown => "other-case-unknown",
            Self::OtherCaseClosed { .. } => "other-case-closed",
            Self::CaseEmpty => "case-empty",
            Self::LastAdministrator => "last-administrator",
            Self::QueueEmpty => "queue-empty",
            Self::ReceiptTime => "receipt-time",
            Self::JobTooLarge => "job-too-large",
            Self::JobUnknown => "job-unknown",
            Self::KeyReusedForOther => "key-reused-for-other",
            Self::NonceSpent => "nonce-spent",
            Self::NotAllowed { .. } => "not-allowed",
            Self::Busy => "busy",
        }
    }

    /// Whether the same command may be carried out later without a change.
    pub const fn transient(&self) -> bool {
        match self {
            Self::Busy | Self::PaymentPending { .. } | Self::QueueEmpty | Self::EvidenceHeld => {
                true
            }
            Self::PaymentUnknown
            | Self::PaymentFailed { .. }
            | Self::PaymentRefunded { .. }
            | Self::AlreadyReported { .. }
            | Self::CaseUnknown
            | Self::EvidenceUnknown
            | Self::EvidenceInfected
            | Self::NoPreview
            | Self::WrongStage { .. }
            | Self::Stale { .. }
            | Self::NotResolved
            | Self::NothingProposed
            | Self::AlreadyProposed
            | Self::SamePerson
            | Self::ThingUnknown { .. }
            | Self::NameTaken { .. }
            | Self::AlreadySo { .. }
            | Self::Disabled { .. }
            | Self::Retired { .. }
            | Self::GrantsTooMuch
            | Self::EndpointBarred { .. }
            | Self::AlwaysThere { .. }
            | Self::SameCase
            | Self::AlreadyLinked
            | Self::TooManyAbove
            | Self::NotLinked
            | Self::LinkedOtherwise { .. }
            | Self::Merged { .. }
            | Self::OtherCaseUnknown
            | Self::OtherCaseClosed { .. }
            | Self::CaseEmpty
            | Self::LastAdministrator
            | Self::ReceiptTime
            | Self::JobTooLarge
            | Self::JobUnknown
            | Self::KeyReusedForOther
            | Self::NonceSpent
            | Self::NotAllowed { .. } => false,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongStage { now, act } => {
                let acts: Vec<&str> = possible_acts(*now).map(Act::word).collect();
                write!(
                    f,
                    "a case that is {} cannot be asked to {}; what can be asked of it: {}",
                    now.word(),
                    act.word(),
                    acts.join(", ")
                )
            }
            Self::LinkedOtherwise { tie } => write!(
                f,
                "the other case is a `{}` of this one already, by a link between the two or over \
                 cases between them: the other way round; unlink that first",
                tie.word()
            ),
            Self::Merged { case, into } => write!(
                f,
                "{case} was merged into {into}, and its link says so; reopen {case} first to take \
                 the merge back"
            ),
            Self::Stale { version } => write!(f, "the case moved on to version {version}"),
            Self::ThingUnknown { kind } => write!(f, "there is no such {}", kind.word()),
            Self::NameTaken { kind: Kind::Login } => f.write_str(
                "there is a login with this name already: names of logins are unique over the \
                 installation, so choose one that begins with your account's short name",
            ),
            Self::NameTaken { kind: Kind::Endpoint } => f.write_str(
                "another endpoint that is switched on has this address, so every event would come \
                 there twice: use that one, or switch it off first",
            ),
            Self::NameTaken { kind } => {
                let called = if matches!(kind, Kind::Member) { "address" } else { "name" };
                write!(f, "there is a {} with this {called} already", kind.word())
            }
            Self::Disabled { kind } => {
                write!(f, "the {} is disabled: enable it first", kind.word())
            }
            Self::Retired { kind } => {
                let kind = kind.word();
                write!(
                    f,
                    "the {kind} is retired, and nothing of it changes any more: add another {kind} \
                     under a new name"
                )
            }
            Self::AlreadySo { kind: Kind::Case } => f.write_str(
                "the case is so already: its queue, its person and its stage would stay",
            ),
            Self::AlreadySo { kind } => {
                write!(f, "the {} is so already, or has ended", kind.word())
            }
            Self::EndpointBarred { why } => write!(f, "nothing is sent there: {why}"),
            Self::AlwaysThere { kind } => {
                write!(f, "the {} is part of every account and stays as it is", kind.word())
            }
            Self::GrantsTooMuch => f.write_str("nobody can hand out more rights than he has"),
            Self::LastAdministrator => f.write_str(
                "nobody else could administer the account: make another member an administrator \
                 first, or enable one",
            ),
            other => f.write_str(other.code()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many there are: a new one changes this line and the samples.
    const REFUSALS: usize = 42;

    #[test]
    fn there_is_a_sample_of_each_and_each_has_a_name_of_its_own() {
        let mut codes: Vec<_> = Refusal::samples().iter().map(Refusal::code).collect();
        codes.sort_unstable();
        codes.dedup();
        assert_eq!(codes.len(), REFUSALS);
    }
}
