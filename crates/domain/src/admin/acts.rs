//! What an administrator can ask for, as a closed list: the API and the command line ask for
//! nothing else. An act says which right it needs and what it is about; it holds no secret.

use super::Kind;
use super::check::{self, BadField};
use super::overrides::{MessageKey, SettingKey};
use crate::actor::{Right, Rights, Role};
use crate::ids::{EndpointId, MemberId, MessageId};
use crate::scope::Env;

/// A bearer token that is asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewToken {
    /// The holder's name in the history; a member's own address when it is one of a member.
    pub name: String,
    /// What its holder may do.
    pub role: Role,
    /// What is left of the role's rights, when it is narrowed.
    pub rights: Option<Rights>,
    /// How many days it works.
    pub days: i64,
    /// Whose, by id or address, when it is one of a member.
    pub member: Option<String>,
    /// Whether it is of the whole installation.
    pub installation: bool,
}

impl NewToken {
    /// What it gives its holder at most.
    pub const fn may(&self) -> Rights {
        let all = self.role.rights();
        let all = if self.installation { all.with(Right::ManageTenants) } else { all };
        match self.rights {
            Some(left) => left.and(all),
            None => all,
        }
    }

    /// The token, once every field can be taken.
    ///
    /// # Errors
    /// The first field that cannot.
    pub fn checked(self) -> Result<Self, BadField> {
        let name = check::plain("name", self.name, check::LABEL_CHARS_MAX)?;
        let name = check::holder("name", name, check::LABEL_CHARS_MAX)?;
        let days = check::number("days", self.days, 1, check::TOKEN_DAYS_MAX)?;
        if let Some(left) = self.rights {
            let all = self.role.rights();
            let all = if self.installation { all.with(Right::ManageTenants) } else { all };
            if !left.within(all) {
                let why = format!("the role {} has only: {}", self.role.word(), all.words());
                return Err(BadField::new("rights", why));
            }
        }
        Ok(Self { name, days, ..self })
    }
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AdminAct {
    /// Add an account.
    TenantAdd {
        /// Its short name.
        slug: String,
        /// Its name for people.
        name: String,
        /// Its registered address.
        email: String,
        /// Whether what payers write is sealed.
        seal_narratives: bool,
    },
    /// Rename an account or move its address.
    TenantChange {
        /// Which.
        slug: String,
        /// Its new name for people.
        name: Option<String>,
        /// Its new registered address.
        email: Option<String>,
    },
    /// Make the first token of another account.
    TenantToken {
        /// Whose.
        slug: String,
        /// In which environment.
        env: Env,
        /// The token.
        token: NewToken,
    },
    /// Add a person.
    MemberAdd {
        /// The address.
        email: String,
        /// The name for people.
        name: String,
        /// What the person may do.
        role: Role,
    },
    /// Rename a person or change what he may do.
    MemberChange {
        /// Who.
        id: MemberId,
        /// The new name.
        name: Option<String>,
        /// The new role.
        role: Option<Role>,
    },
    /// Let nothing of a person work any more.
    MemberDisable {
        /// Who.
        id: MemberId,
    },
    /// Let a person in again.
    MemberEnable {
        /// Who.
        id: MemberId,
    },
    /// Set a person's password: the given one, or a new one.
    MemberPassword {
        /// Whose.
        id: MemberId,
    },
    /// Make a word that lets a person set the password himself, once.
    MemberInvite {
        /// Whom.
        id: MemberId,
    },
    /// Make a signing key.
    KeyAdd {
        /// What it is for.
        label: String,
        /// What is left of a client's rights.
        rights: Option<Rights>,
    },
    /// Make a key in the place of another, which ends some time later.
    KeyRotate {
        /// The key that ends.
        id: String,
        /// For how many hours both work.
        hours: i64,
    },
    /// End a key at once.
    KeyRevoke {
        /// Which.
        id: String,
    },
    /// Add a login of the deprecated ID token.
    LoginAdd {
        /// The user name.
        username: String,
    },
    /// Set a login's password: the given one, or a new one.
    LoginPassword {
        /// Whose.
        username: String,
    },
    /// Make a bearer token.
    TokenAdd {
        /// The token.
        token: NewToken,
    },
    /// End a token at once.
    TokenRevoke {
        /// Which.
        id: String,
    },
    /// Send events to an address.
    EndpointAdd {
        /// Where events go.
        url: String,
    },
    /// Give an endpoint a new secret; the old one signs beside it for some time.
    EndpointRotate {
        /// Which.
        id: EndpointId,
        /// For how many hours both secrets sign.
        hours: i64,
    },
    /// Send no more events there.
    EndpointDisable {
        /// Which.
        id: EndpointId,
    },
    /// Send events there again.
    EndpointEnable {
        /// Which.
        id: EndpointId,
    },
    /// Send an event there that is about nothing.
    EndpointTest {
        /// Which.
        id: EndpointId,
    },
    /// Try a message once more that was given up.
    DeliveryReplay {
        /// Which.
        id: MessageId,
    },
    /// Add a queue.
    QueueAdd {
        /// Its short name.
        name: String,
        /// Its name for people.
        label: String,
        /// The team that works it.
        team: Option<String>,
    },
    /// Change a queue.
    QueueChange {
        /// Which.
        name: String,
        /// Its new name for people.
        label: Option<String>,
        /// The team that works it; empty for none.
        team: Option<String>,
    },
    /// Let nothing more into a queue.
    QueueRetire {
        /// Which.
        name: String,
    },
    /// Use a retired queue again.
    QueueReopen {
        /// Which.
        name: String,
    },
    /// Add a team.
    TeamAdd {
        /// Its short name.
        name: String,
        /// Its name for people.
        label: String,
    },
    /// Rename a team.
    TeamChange {
        /// Which.
        name: String,
        /// Its new name for people.
        label: String,
    },
    /// Let a team be no more.
    TeamRetire {
        /// Which.
        name: String,
    },
    /// Put a person into a team.
    TeamJoin {
        /// Which.
        name: String,
        /// Who: the id or the address.
        member: String,
    },
    /// Take a person out of a team.
    TeamLeave {
        /// Which.
        name: String,
        /// Who: the id or the address.
        member: String,
    },
    /// Set a setting.
    SettingSet {
        /// Which.
        key: SettingKey,
        /// The value, as it is kept.
        value: String,
    },
    /// Set a setting back.
    SettingReset {
        /// Which.
        key: SettingKey,
    },
    /// Word a message anew.
    MessageSet {
        /// Which.
        key: MessageKey,
        /// The wording, as it is kept.
        text: String,
    },
    /// Word a message as it was.
    MessageReset {
        /// Which.
        key: MessageKey,
    },
}

impl AdminAct {
    /// The word for it: in histories, and as a part of command lines.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::TenantAdd { .. } => "tenant-add",
            Self::TenantChange { .. } => "tenant-change",
            Self::TenantToken { .. } => "tenant-token",
            Self::MemberAdd { .. } => "member-add",
            Self::MemberChange { .. } => "member-change",
            Self::MemberDisable { .. } => "member-disable",
            Self::MemberEnable { .. } => "member-enable",
            Self::MemberPassword { .. } => "member-password",
            Self::MemberInvite { .. } => "member-invite",
            Self::KeyAdd { .. } => "key-add",
            Self::KeyRotate { .. } => "key-rotate",
            Self::KeyRevoke { .. } => "key-revoke",
            Self::LoginAdd { .. } => "login-add",
            Self::LoginPassword { .. } => "login-password",
            Self::TokenAdd { .. } => "token-add",
            Self::TokenRevoke { .. } => "token-revoke",
            Self::EndpointAdd { .. } => "endpoint-add",
            Self::EndpointRotate { .. } => "endpoint-rotate",
            Self::EndpointDisable { .. } => "endpoint-disable",
            Self::EndpointEnable { .. } => "endpoint-enable",
            Self::EndpointTest { .. } => "endpoint-test",
            Self::DeliveryReplay { .. } => "delivery-replay",
            Self::QueueAdd { .. } => "queue-add",
            Self::QueueChange { .. } => "queue-change",
            Self::QueueRetire { .. } => "queue-retire",
            Self::QueueReopen { .. } => "queue-reopen",
            Self::TeamAdd { .. } => "team-add",
            Self::TeamChange { .. } => "team-change",
            Self::TeamRetire { .. } => "team-retire",
            Self::TeamJoin { .. } => "team-join",
            Self::TeamLeave { .. } => "team-leave",
            Self::SettingSet { .. } => "setting-set",
            Self::SettingReset { .. } => "setting-reset",
            Self::MessageSet { .. } => "message-set",
            Self::MessageReset { .. } => "message-reset",
        }
    }

    /// Whether it writes fields over: when each has its value already, there is nothing to do.
    pub const fn rewrites(&self) -> bool {
        matches!(
            self,
            Self::TenantChange { .. }
                | Self::MemberChange { .. }
                | Self::QueueChange { .. }
                | Self::TeamChange { .. }
                | Self::SettingSet { .. }
                | Self::MessageSet { .. }
        )
    }

    /// The right it needs.
    pub const fn right(&self) -> Right {
        match self.kind() {
            _ if matches!(self, Self::TenantToken { .. }) => Right::ManageTenants,
            Kind::Case => Right::WorkCases,
            Kind::Tenant => Right::ManageTenants,
            Kind::Member => Right::ManageMembers,
            Kind::Key | Kind::Login => Right::ManageKeys,
            Kind::Token => Right::ManageTokens,
            Kind::Endpoint | Kind::Delivery => Right::ManageEndpoints,
            Kind::Queue | Kind::Team => Right::ManageQueues,
            Kind::Setting => Right::ManageSettings,
            Kind::Message => Right::ManageMessages,
        }
    }

    /// What it is about.
    pub const fn kind(&self) -> Kind {
        match self {
            Self::TenantAdd { .. } | Self::TenantChange { .. } => Kind::Tenant,
            Self::TenantToken { .. } | Self::TokenAdd { .. } | Self::TokenRevoke { .. } => {
                Kind::Token
            }
            Self::MemberAdd { .. }
            | Self::MemberChange { .. }
            | Self::MemberDisable { .. }
            | Self::MemberEnable { .. }
            | Self::MemberPassword { .. }
            | Self::MemberInvite { .. } => Kind::Member,
            Self::KeyAdd { .. } | Self::KeyRotate { .. } | Self::KeyRevoke { .. } => Kind::Key,
            Self::LoginAdd { .. } | Self::LoginPassword { .. } => Kind::Login,
            Self::EndpointAdd { .. }
            | Self::EndpointRotate { .. }
            | Self::EndpointDisable { .. }
            | Self::EndpointEnable { .. }
            | Self::EndpointTest { .. } => Kind::Endpoint,
            Self::DeliveryReplay { .. } => Kind::Delivery,
            Self::QueueAdd { .. }
            | Self::QueueChange { .. }
            | Self::QueueRetire { .. }
            | Self::QueueReopen { .. } => Kind::Queue,
            Self::TeamAdd { .. }
            | Self::TeamChange { .. }
            | Self::TeamRetire { .. }
            | Self::TeamJoin { .. }
            | Self::TeamLeave { .. } => Kind::Team,
            Self::SettingSet { .. } | Self::SettingReset { .. } => Kind::Setting,
            Self::MessageSet { .. } | Self::MessageReset { .. } => Kind::Message,
        }
    }
}
