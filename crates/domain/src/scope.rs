//! Whose data, and in which of its two environments. Both travel as one value, so that no finder
//! can ask for a tenant and forget the environment.

use std::fmt;

/// A tenant: one account with its own cases, keys and people. Numbered from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TenantId(pub i64);

/// The two environments of every tenant. Staging answers like production and starts nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Env {
    /// For trying: no mail, no automated workflow.
    Staging,
    /// For real.
    Production,
}

impl Env {
    /// Both, in the order of their numbers.
    pub const ALL: [Self; 2] = [Self::Staging, Self::Production];

    /// The word used on command lines and in answers.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Staging => "staging",
            Self::Production => "production",
        }
    }

    /// Reads [`Env::word`] back.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|env| env.word() == word)
    }
}

impl fmt::Display for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A tenant in one environment: twice the tenant's number, plus one for production.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Scope(i64);

impl Scope {
    /// The scope of `tenant` in `env`.
    pub const fn new(tenant: TenantId, env: Env) -> Self {
        Self(tenant.0 * 2 + matches!(env, Env::Production) as i64)
    }

    /// Reads a stored number back.
    pub const fn from_number(number: i64) -> Self {
        Self(number)
    }

    /// The number that is stored.
    pub const fn number(self) -> i64 {
        self.0
    }

    /// The tenant.
    pub const fn tenant(self) -> TenantId {
        TenantId(self.0 >> 1)
    }

    /// The environment.
    pub const fn env(self) -> Env {
        if self.0 & 1 == 1 { Env::Production } else { Env::Staging }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_gives_back_what_it_was_made_of() {
        for tenant in [1, 2, 77, 1_000_000] {
            for env in Env::ALL {
                let scope = Scope::new(TenantId(tenant), env);
                assert_eq!((scope.tenant(), scope.env()), (TenantId(tenant), env));
                assert_eq!(Scope::from_number(scope.number()), scope);
            }
        }
    }
}
