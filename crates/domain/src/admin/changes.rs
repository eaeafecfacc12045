//! What an act of administration changes, as values: written by the same door as every other
//! change. No secret stands in one in the clear.

use super::history::AdminEntry;
use super::overrides::{Override, Shelf};
use super::reads::Read;
use crate::account::{Endpoint, Member, Queue, Team, Tenant};
use crate::chain::Digest;
use crate::ids::{MemberId, MessageId};
use crate::message::Message;
use crate::names::Name;
use crate::scope::Scope;
use crate::time::Instant;

/// One change. Where something is written anew, it carries its new version, and the stored one
/// must still be the one before.
#[derive(Clone, PartialEq, Eq)]
pub enum AdminChange {
    /// An account is called otherwise.
    TenantChanged(Tenant),
    /// A signing key ends later.
    KeyEnds {
        /// Which.
        id: String,
        /// When.
        at: Instant,
    },
    /// A new person.
    MemberNew(Member),
    /// A person is called otherwise, may do something else, or was shut out or let in. The
    /// password is another change.
    MemberChanged(Member),
    /// A person's password was set; words that invite the person end.
    MemberPassword {
        /// Of which account and environment: who accepts an invitation asks in nobody's name.
        scope: Scope,
        /// Whose.
        id: MemberId,
        /// The hash of the new password.
        password: String,
    },
    /// A word that lets a person set the password, once.
    InviteNew {
        /// Its digest.
        digest: Digest,
        /// Whom.
        member: MemberId,
        /// Until when.
        expires_at: Instant,
    },
    /// That word was used.
    InviteUsed {
        /// Its digest.
        digest: Digest,
    },
    /// An endpoint has other secrets, or is switched on or off.
    EndpointChanged(Endpoint),
    /// A message goes to one endpoint only.
    Pinged(Message),
    /// A message that was given up is due again.
    DeliveryDue(MessageId),
    /// A new queue.
    QueueNew(Queue),
    /// A queue is called otherwise, belongs to another team, or was retired.
    QueueChanged(Queue),
    /// A new team.
    TeamNew(Team),
    /// A team is called otherwise, has other people, or was retired.
    TeamChanged(Team),
    /// A value was set or set back.
    OverridePut {
        /// Where.
        shelf: Shelf,
        /// The value with its new version.
        value: Override,
    },
    /// A name is somebody's; refused while it is another's.
    NameTaken(Name),
    /// A name goes on with what came in the place of its holder.
    NameMoved {
        /// Where.
        scope: Scope,
        /// The holder's id.
        from: String,
        /// The id of what came in its place.
        to: String,
    },
    /// The names of a holder are free from now on.
    NameFreed {
        /// Where.
        scope: Scope,
        /// The holder's id.
        holder: String,
    },
    /// What was done enters the history.
    Recorded(AdminEntry),
    /// What was read enters the log of reads.
    ReadsLogged(Vec<Read>),
}
