//! The address of a mailbox, checked once where it comes in, so that nothing behind asks again.
//! A practical part of RFC 5321 and 5322: a dot-atom, an at sign, a host name with a dot. It must
//! never let a control character, a space, a quote or a second at sign through: these are what
//! header injection is made of.

use std::fmt;

/// Longest whole address, in bytes: a path of 256 with its angle brackets (RFC 5321, 4.5.3.1.3).
pub const ADDRESS_BYTES_MAX: usize = 254;
/// Longest part before the at sign, in bytes (RFC 5321, 4.5.3.1.1).
pub const LOCAL_BYTES_MAX: usize = 64;
/// Longest host name, in bytes as written with dots (RFC 1035, 2.3.4).
pub const HOST_BYTES_MAX: usize = 253;
/// Longest label between two dots of a host name, in bytes (RFC 1035, 2.3.4).
pub const LABEL_BYTES_MAX: usize = 63;

/// A mailbox address whose syntax was checked. Whether anybody reads it is another question.
///
/// ASCII only: a host name in another script must come in its `xn--` form, and local parts in
/// other scripts (RFC 6531) are refused, since not every relay on the way carries them.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Address {
    text: String,
    at: usize,
}

impl Address {
    /// Reads an address as it stands. Spaces around it are not forgiven: the caller decides
    /// whether to trim.
    ///
    /// # Errors
    /// The first rule that the text breaks.
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        if text.is_empty() {
            return Err(AddressError::Empty);
        }
        if text.len() > ADDRESS_BYTES_MAX {
            return Err(AddressError::TooLong);
        }
        if let Some(bad) = text.chars().find(|c| !c.is_ascii_graphic()) {
            return Err(AddressError::Character(bad));
        }
        let (local, host) = text.split_once('@').ok_or(AddressError::NoAt)?;
        if host.contains('@') {
            return Err(AddressError::SecondAt);
        }
        check_local(local)?;
        check_host(host)?;
        Ok(Self { text: text.to_owned(), at: local.len() })
    }

    /// The address as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part before the at sign.
    #[must_use]
    pub fn local(&self) -> &str {
        &self.text[..self.at]
    }

    /// The host name after the at sign, as it was given.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.text[self.at + 1..]
    }

    /// What two spellings of one mailbox have in common: the whole address in lower case.
    ///
    /// RFC 5321 (2.4) lets a host tell `Ann` from `ann`, no host in use does, and one person
    /// getting the same mail twice is the likelier harm. Use it to compare and to count, never to
    /// send: mail goes to the spelling that was given.
    #[must_use]
    pub fn comparable(&self) -> String {
        self.text.to_ascii_lowercase()
    }

    /// [`Address::comparable`] without a `+tag` of the local part (subaddressing, RFC 5233): most
    /// hosts bring `ann+1` and `ann+2` to one person.
    ///
    /// Only to count what one person gets. Whether two addresses are the same it cannot tell, since
    /// other hosts give them to two people. A local part that begins with `+` stays whole.
    #[must_use]
    pub fn without_tag(&self) -> String {
        match self.local().split_once('+') {
            Some((untagged, _)) if !untagged.is_empty() => {
                format!("{untagged}@{}", self.host()).to_ascii_lowercase()
            }
            _ => self.comparable(),
        }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// An address belongs to a person: what is printed for debugging shows only where its mail goes.
impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Address(…@{})", self.host())
    }
}

/// Who gets one mail: what stands in its To and Cc, and nobody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipients {
    /// Whom it speaks to.
    pub to: Address,
    /// Who reads along, each once, never the one in `to`.
    pub cc: Vec<Address>,
}

impl Recipients {
    /// The rule of the dispute contract: the first address that was named is To, the others are
    /// Cc, and the account's registered address always reads along; it is To when none was named.
    #[must_use]
    pub fn of(named: &[Address], registered: &Address) -> Self {
        let to = named.first().unwrap_or(registered).clone();
        let mut seen = vec![to.comparable()];
        let mut cc = Vec::new();
        for address in named.iter().chain([registered]) {
            let comparable = address.comparable();
            if !seen.contains(&comparable) {
                seen.push(comparable);
                cc.push(address.clone());
            }
        }
        Self { to, cc }
    }

    /// All of them, To first.
    pub fn all(&self) -> impl Iterator<Item = &Address> {
        std::iter::once(&self.to).chain(&self.cc)
    }
}

/// Why a text is not an address. `Display` is a sentence for the one who sent it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddressError {
    /// Nothing was given.
    Empty,
    /// More than [`ADDRESS_BYTES_MAX`].
    TooLong,
    /// A space, a control character or a character outside ASCII.
    Character(char),
    /// There is no at sign.
    NoAt,
    /// There is more than one at sign.
    SecondAt,
    /// Nothing stands before the at sign.
    LocalEmpty,
    /// More than [`LOCAL_BYTES_MAX`] before the at sign.
    LocalTooLong,
    /// A dot at the start or the end of the local part, or two in a row.
    LocalDots,
    /// A character that a dot-atom cannot hold, such as a quote, a comma or a bracket.
    LocalCharacter(char),
    /// Nothing stands after the at sign.
    HostEmpty,
    /// More than [`HOST_BYTES_MAX`] after the at sign.
    HostTooLong,
    /// A host name of one label; mail to it could only reach our own network.
    HostWithoutDot,
    /// A label that is empty, too long, or begins or ends with a hyphen.
    HostLabel,
    /// A character that a host name cannot hold.
    HostCharacter(char),
    /// The last label is a number, so this is an IP address or no name at all.
    HostNumeric,
}

impl fmt::Display for AddressError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("an email address cannot be empty"),
            Self::TooLong => {
                write!(f, "an email address has at most {ADDRESS_BYTES_MAX} characters")
            }
            Self::Character(bad) | Self::LocalCharacter(bad) | Self::HostCharacter(bad) => {
                write!(f, "an email address cannot contain {bad:?} there")
            }
            Self::NoAt => f.write_str("an email address needs an @"),
            Self::SecondAt => f.write_str("an email address has only one @"),
            Self::LocalEmpty => f.write_str("something must stand before the @"),
            Self::LocalTooLong => {
                write!(f, "at most {LOCAL_BYTES_MAX} characters may stand before the @")
            }
            Self::LocalDots => f.write_str(
                "the part before the @ cannot begin or end with a dot or have two in a row",
            ),
            Self::HostEmpty => f.write_str("something must stand after the @"),
            Self::HostTooLong => {
                write!(f, "at most {HOST_BYTES_MAX} characters may stand after the @")
            }
            Self::HostWithoutDot => f.write_str("the part after the @ needs a dot"),
            Self::HostLabel => f.write_str("the part after the @ is not a host name"),
            Self::HostNumeric => f.write_str("the part after the @ must be a name, not a number"),
        }
    }
}

impl std::error::Error for AddressError {}

fn check_local(local: &str) -> Result<(), AddressError> {
    if local.is_empty() {
        return Err(AddressError::LocalEmpty);
    }
    if local.len() > LOCAL_BYTES_MAX {
        return Err(AddressError::LocalTooLong);
    }
    if let Some(bad) = local.chars().find(|c| *c != '.' && !is_atom(*c)) {
        return Err(AddressError::LocalCharacter(bad));
    }
    if local.split('.').any(str::is_empty) {
        return Err(AddressError::LocalDots);
    }
    Ok(())
}

fn check_host(host: &str) -> Result<(), AddressError> {
    if host.is_empty() {
        return Err(AddressError::HostEmpty);
    }
    if host.len() > HOST_BYTES_MAX {
        return Err(AddressError::HostTooLong);
    }
    let is_host_char = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '.';
    if let Some(bad) = host.chars().find(|c| !is_host_char(*c)) {
        return Err(AddressError::HostCharacter(bad));
    }
    if !host.contains('.') {
        return Err(AddressError::HostWithoutDot);
    }
    if !host.split('.').all(is_label) {
        return Err(AddressError::HostLabel);
    }
    match host.rsplit('.').next() {
        Some(last) if last.bytes().all(|b| b.is_ascii_digit()) => Err(AddressError::HostNumeric),
        _ => Ok(()),
    }
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= LABEL_BYTES_MAX
        && !label.starts_with('-')
        && !label.ends_with('-')
}

/// `atext` of RFC 5322, 3.2.3.
fn is_atom(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c)
}

#[cfg(test)]
mod tests;
