//! Who acts. People, clients, clocks and machines are all actors with commands; there is no second
//! way in.

use crate::refusal::Refusal;
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

/// One thing that can be allowed. `docs/rights.md` shows which role has which.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// Report an issue on a payment.
    Report,
    /// Ask where a case or a payment stands, without what anybody said.
    ReadStatus,
    /// Read cases and their timelines.
    ReadCases,
    /// Act on cases.
    WorkCases,
    /// Approve or decline what another person proposed.
    ApproveActs,
    /// Read payments.
    ReadPayments,
    /// Bring payments in.
    ImportPayments,
    /// Read addresses, and what people said.
    ReadPersonal,
    /// Read what stays inside: comments to colleagues, and who of the staff did what.
    ReadInternal,
    /// Read the files that came with a case.
    ReadEvidence,
    /// Take payments, cases and events out by the thousand.
    Export,
    /// Read who read and who changed what.
    ReadAudit,
    /// Read how the account is set up: its members, keys, tokens, endpoints, settings.
    ReadAdmin,
    /// Manage the people of the account.
    ManageMembers,
    /// Manage signing keys and the logins of the deprecated ID token.
    ManageKeys,
    /// Manage bearer tokens.
    ManageTokens,
    /// Manage where events go.
    ManageEndpoints,
    /// Manage queues and teams.
    ManageQueues,
    /// Word the messages of the account anew.
    ManageMessages,
    /// Change the settings of the account.
    ManageSettings,
    /// Add and change accounts. No role has it: it comes with a token of the whole installation.
    ManageTenants,
}

impl Right {
    /// All, in order.
    pub const ALL: [Self; 21] = [
        Self::Report,
        Self::ReadStatus,
        Self::ReadCases,
        Self::WorkCases,
        Self::ApproveActs,
        Self::ReadPayments,
        Self::ImportPayments,
        Self::ReadPersonal,
        Self::ReadInternal,
        Self::ReadEvidence,
        Self::Export,
        Self::ReadAudit,
        Self::ReadAdmin,
        Self::ManageMembers,
        Self::ManageKeys,
        Self::ManageTokens,
        Self::ManageEndpoints,
        Self::ManageQueues,
        Self::ManageMessages,
        Self::ManageSettings,
        Self::ManageTenants,
    ];

    /// The word that documents and lists of a token's rights use.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Report => "report",
            Self::ReadStatus => "read-status",
            Self::ReadCases => "read-cases",
            Self::WorkCases => "work-cases",
            Self::ApproveActs => "approve-acts",
            Self::ReadPayments => "read-payments",
            Self::ImportPayments => "import-payments",
            Self::ReadPersonal => "read-personal",
            Self::ReadInternal => "read-internal",
            Self::ReadEvidence => "read-evidence",
            Self::Export => "export",
            Self::ReadAudit => "read-audit",
            Self::ReadAdmin => "read-admin",
            Self::ManageMembers => "manage-members",
            Self::ManageKeys => "manage-keys",
            Self::ManageTokens => "manage-tokens",
            Self::ManageEndpoints => "manage-endpoints",
            Self::ManageQueues => "manage-queues",
            Self::ManageMessages => "manage-messages",
            Self::ManageSettings => "manage-settings",
            Self::ManageTenants => "manage-tenants",
        }
    }

    /// Reads [`Right::word`] back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|right| right.word() == word)
    }
}

/// A set of rights.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Rights(u32);

impl Rights {
    /// None.
    pub const NONE: Self = Self(0);

    /// These and one more.
    #[must_use]
    pub const fn with(self, right: Right) -> Self {
        Self(self.0 | 1 << right as u32)
    }

    /// Whether it is in.
    pub const fn has(self, right: Right) -> bool {
        self.0 & 1 << right as u32 != 0
    }

    /// What is in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether all of these are in the others.
    pub const fn within(self, other: Self) -> bool {
        self.0 & !other.0 == 0
    }

    /// Those in it, in order.
    pub fn list(self) -> impl Iterator<Item = Right> {
        Right::ALL.into_iter().filter(move |right| self.has(*right))
    }

    /// The words, parted by spaces: as kept, and as typed on a command line.
    pub fn words(self) -> String {
        self.list().map(Right::word).collect::<Vec<_>>().join(" ")
    }

    /// Reads [`Rights::words`] back, or names the first word that is no right.
    pub fn parse(words: &str) -> Result<Self, String> {
        let mut rights = Self::NONE;
        for word in words.split([' ', ',']).filter(|word| !word.is_empty()) {
            rights = rights.with(Right::parse(word).ok_or_else(|| word.to_owned())?);
        }
        Ok(rights)
    }
}

impl FromIterator<Right> for Rights {
    fn from_iter<I: IntoIterator<Item = Right>>(rights: I) -> Self {
        rights.into_iter().fold(Self::NONE, Self::with)
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

    /// Whether the role has the right: the table of `docs/rights.md`.
    pub const fn may(self, right: Right) -> bool {
        use Role::{Administrator, Agent, Auditor, Client, Compliance, Developer};
        use Role::{Merchant, Supervisor};
        match right {
            Right::Report => {
                matches!(self, Client | Agent | Supervisor | Developer | Administrator)
            }
            Right::ReadStatus | Right::ReadPayments => true,
            Right::ReadCases => !matches!(self, Client),
            Right::WorkCases => matches!(self, Agent | Supervisor | Compliance | Administrator),
            Right::ApproveActs => matches!(self, Supervisor | Compliance | Administrator),
            Right::ImportPayments
            | Right::ManageKeys
            | Right::ManageTokens
            | Right::ManageEndpoints => matches!(self, Developer | Administrator),
            Right::ReadPersonal => !matches!(self, Client | Developer),
            Right::ReadEvidence => !matches!(self, Client | Merchant | Developer),
            Right::Export => {
                matches!(self, Compliance | Auditor | Merchant | Developer | Administrator)
            }
            Right::ReadAudit => matches!(self, Compliance | Auditor | Administrator),
            Right::ReadAdmin => matches!(self, Auditor | Developer | Administrator),
            Right::ManageQueues => matches!(self, Supervisor | Administrator),
            Right::ManageMessages => matches!(self, Compliance | Administrator),
            Right::ManageMembers | Right::ManageSettings => matches!(self, Administrator),
            Right::ReadInternal => !matches!(self, Client | Merchant),
            Right::ManageTenants => false,
        }
    }

    /// All that the role may.
    pub const fn rights(self) -> Rights {
        let (mut rights, mut place) = (Rights::NONE, 0);
        while place < Right::ALL.len() {
            if self.may(Right::ALL[place]) {
                rights = rights.with(Right::ALL[place]);
            }
            place += 1;
        }
        rights
    }
}

/// Who asks for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Actor {
    /// Whose data it may touch.
    pub scope: Scope,
    /// As what it acts.
    pub role: Role,
    /// What it may do: at most what the role may, less where the credential was narrowed. A token
    /// of the whole installation may manage accounts on top.
    pub rights: Rights,
    /// Its name in the history: a key's id, a person's address, the name of a sweep.
    pub name: String,
    /// The id of the credential it came with; empty for one that needs none.
    pub credential: String,
}

impl Actor {
    /// Somebody with all the rights of the role and no credential.
    pub fn new(scope: Scope, role: Role, name: impl Into<String>) -> Self {
        let (name, credential) = (name.into(), String::new());
        Self { scope, role, rights: role.rights(), name, credential }
    }

    /// The operator at the machine itself, whom nothing is refused: whoever can run commands there
    /// holds the database and the keys anyway.
    pub fn operator(scope: Scope) -> Self {
        let by = Self::new(scope, Role::Administrator, "command line");
        Self { rights: by.rights.with(Right::ManageTenants), ..by }
    }

    /// Whether this actor has the right.
    pub const fn may(&self, right: Right) -> bool {
        self.rights.has(right)
    }

    /// Says no, and for want of what, unless this actor has the right.
    ///
    /// # Errors
    /// [`Refusal::NotAllowed`].
    pub const fn must(&self, right: Right) -> Result<(), Refusal> {
        if self.may(right) { Ok(()) } else { Err(Refusal::NotAllowed { right, role: self.role }) }
    }

    /// Whether it may hand out a credential of this role with these rights: nobody gives more than
    /// he has, neither by the role nor by the rights that are left of it.
    pub const fn may_grant(&self, role: Role, rights: Rights) -> bool {
        let own = self.role.rights().with(Right::ManageTenants);
        role.rights().within(own) && rights.within(self.rights)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scope::{Env, TenantId};

    #[test]
    fn sets_of_rights_read_back_and_narrow() {
        for right in Right::ALL {
            assert_eq!(Right::parse(right.word()), Some(right));
            assert!(Rights::NONE.with(right).has(right) && !Rights::NONE.has(right));
        }
        for role in Role::ALL {
            assert_eq!(Rights::parse(&role.rights().words()), Ok(role.rights()));
            assert!(Right::ALL.iter().all(|right| role.may(*right) == role.rights().has(*right)));
        }
        assert_eq!(Rights::parse("report,export"), Rights::parse("export  report"));
        assert_eq!(Rights::parse("report all"), Err("all".to_owned()));
    }

    #[test]
    fn nobody_grants_more_than_he_has() {
        let scope = Scope::new(TenantId(1), Env::Staging);
        for giver in Role::ALL {
            let by = Actor::new(scope, giver, "a");
            for role in Role::ALL {
                let less = role.rights().within(giver.rights());
                assert_eq!(by.may_grant(role, role.rights()), less);
            }
        }
        let developer = Actor::new(scope, Role::Developer, "dev");
        let little = Rights::NONE.with(Right::ReadCases);
        assert!(!developer.may_grant(Role::Administrator, little), "the role itself is too high");
        let narrowed = Actor { rights: little, ..developer };
        assert!(!narrowed.may_grant(Role::Developer, Role::Developer.rights()));
        assert!(narrowed.may_grant(Role::Developer, little));
        let all = Role::Administrator.rights().with(Right::ManageTenants);
        assert!(!Actor::new(scope, Role::Administrator, "a").may_grant(Role::Administrator, all));
        assert!(Actor::operator(scope).may_grant(Role::Administrator, all));
    }
}
