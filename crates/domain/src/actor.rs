//! Who acts. People, clients, clocks and machines are all actors with commands; there is no second
//! way in.

use crate::scope::Scope;

/// What a person or client may do, as a closed list of roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// An app that reports on behalf of payers, through a signed dialect.
    Client,
    /// Works cases.
    Agent,
    /// Works cases and is the second person where one is needed.
    Supervisor,
    /// Answers for deadlines and outcomes.
    Compliance,
    /// Reads everything, changes nothing.
    Auditor,
    /// Sees the account's own payments and cases.
    Merchant,
    /// Integrates: payments in, webhooks, keys.
    Developer,
    /// Runs the installation's tenant.
    Administrator,
}

/// One thing that can be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// Report an issue on a payment.
    Report,
    /// Read cases and their timelines.
    ReadCases,
    /// Act on cases.
    WorkCases,
    /// Approve or decline what another person proposed.
    ApproveActs,
    /// Bring payments in.
    ImportPayments,
    /// Read payments.
    ReadPayments,
}

impl Right {
    /// The word that documents and lists of a token's rights use.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::ReadCases => "read-cases",
            Self::WorkCases => "work-cases",
            Self::ApproveActs => "approve-acts",
            Self::ImportPayments => "import-payments",
            Self::ReadPayments => "read-payments",
        }
    }
}

impl Role {
    /// All, in order.
    pub const ALL: [Self; 8] = [
        Self::Client,
        Self::Agent,
        Self::Supervisor,
        Self::Compliance,
        Self::Auditor,
        Self::Merchant,
        Self::Developer,
        Self::Administrator,
    ];

    /// The word used on command lines, in answers and in storage.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Client => "client",
            Self::Agent => "agent",
            Self::Supervisor => "supervisor",
            Self::Compliance => "compliance",
            Self::Auditor => "auditor",
            Self::Merchant => "merchant",
            Self::Developer => "developer",
            Self::Administrator => "administrator",
        }
    }

    /// Reads [`Role::word`] back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.word() == word)
    }

    /// Whether the role has the right.
    pub const fn may(self, right: Right) -> bool {
        match right {
            Right::Report => {
                matches!(self, Self::Client | Self::Agent | Self::Supervisor | Self::Administrator)
            }
            Right::ReadCases => !matches!(self, Self::Client),
            Right::WorkCases => matches!(
                self,
                Self::Agent | Self::Supervisor | Self::Compliance | Self::Administrator
            ),
            Right::ApproveActs => {
                matches!(self, Self::Supervisor | Self::Compliance | Self::Administrator)
            }
            Right::ImportPayments => matches!(self, Self::Developer | Self::Administrator),
            Right::ReadPayments => true,
        }
    }
}

/// Who asks for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Whose data it may touch.
    pub scope: Scope,
    /// What it may do.
    pub role: Role,
    /// Its name in the history: a key's id, a person's address, the name of a sweep.
    pub name: String,
}

impl Actor {
    /// Whether this actor has the right.
    pub const fn may(&self, right: Right) -> bool {
        self.role.may(right)
    }
}
