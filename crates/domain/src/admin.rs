//! Running an account: what can be asked for, what must be true of it, and what it leaves in the
//! history. Nothing here knows a secret; those are made above, shown once, and come back sealed.

pub mod acts;
pub mod changes;
pub mod check;
pub mod history;
pub mod overrides;
pub mod reads;
pub mod retell;

pub use acts::AdminAct;
pub use changes::AdminChange;
pub use check::BadField;
pub use history::{AdminEntry, FieldChange};
pub use overrides::{MessageKey, Override, SettingKey, Shelf};
pub use reads::{Read, ReadView};

/// What can be managed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A case: it has a history of its own, and is only named here.
    Case,
    /// An account.
    Tenant,
    /// A person.
    Member,
    /// A signing key.
    Key,
    /// A bearer token.
    Token,
    /// A login of the deprecated ID token.
    Login,
    /// A webhook endpoint.
    Endpoint,
    /// A message on its way to an endpoint.
    Delivery,
    /// A queue.
    Queue,
    /// A team.
    Team,
    /// A setting.
    Setting,
    /// A message of the catalogue.
    Message,
}

impl Kind {
    /// All, in order.
    pub const ALL: [Self; 12] = [
        Self::Case,
        Self::Tenant,
        Self::Member,
        Self::Key,
        Self::Token,
        Self::Login,
        Self::Endpoint,
        Self::Delivery,
        Self::Queue,
        Self::Team,
        Self::Setting,
        Self::Message,
    ];

    /// The word for it, in answers, histories and storage.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Case => "case",
            Self::Tenant => "tenant",
            Self::Member => "member",
            Self::Key => "key",
            Self::Token => "token",
            Self::Login => "login",
            Self::Endpoint => "endpoint",
            Self::Delivery => "delivery",
            Self::Queue => "queue",
            Self::Team => "team",
            Self::Setting => "setting",
            Self::Message => "message",
        }
    }

    /// Reads [`Kind::word`] back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}
