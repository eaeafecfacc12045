//! How an outgoing request can end without an answer. Refused is our own rule and nothing was
//! sent; failed is the other side or the way there. Neither may print a URL: receivers put
//! secrets into theirs.

use std::error::Error;
use std::io;
use std::net::IpAddr;

use super::addresses::Ground;

/// Why the client could not be built.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// TLS could not be set up.
    #[error(
        "cannot set up https; if this machine has no certificate authorities, install its package \
         ca-certificates, or name a PEM file of authorities in the settings"
    )]
    NoClient {
        /// What the client says.
        #[source]
        why: reqwest::Error,
    },
    /// The PEM text is broken.
    #[error("cannot read the bundle of certificate authorities; it must be PEM text")]
    BundleUnread {
        /// Where.
        #[source]
        why: reqwest::Error,
    },
    /// The PEM text holds no certificate.
    #[error("the bundle of certificate authorities holds no certificate")]
    BundleEmpty,
}

/// Why a URL is not called. An operator can change some of it by an allow rule.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// Longer than [`super::URL_BYTES_MAX`].
    #[error("the URL is longer than {} characters", super::URL_BYTES_MAX)]
    UrlTooLong,
    /// Not a URL, or one without a host.
    #[error("this is not a URL with a host")]
    UrlUnread,
    /// Neither http nor https.
    #[error("only http and https are called, not {scheme:?}")]
    Scheme {
        /// What it was.
        scheme: String,
    },
    /// A name or password before the host.
    #[error("the URL must not carry a user name or password")]
    Userinfo,
    /// A port where no web server is at home.
    #[error("port {port} is not called; use 80, 443 or one above 1023")]
    Port {
        /// Which.
        port: u16,
    },
    /// The host is a number that leads inside.
    #[error("{address} is {}", ground.word())]
    Address {
        /// Which.
        address: IpAddr,
        /// Why.
        ground: Ground,
    },
    /// The host is a name, and every address it has leads inside.
    #[error("{host} leads to {}", ground.word())]
    Name {
        /// Which.
        host: String,
        /// Why the last of them was refused.
        ground: Ground,
    },
}

/// What kind of failing it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failing {
    /// The name has no address now.
    Name,
    /// No connection came about.
    Connect,
    /// A connection, but no trust.
    Tls,
    /// Time ran out before an answer began.
    TimedOut,
    /// The connection broke, or what came was not HTTP.
    Broken,
    /// The request could not be made of what was given; it will never work.
    Request,
}

impl Failing {
    /// The word for logs and delivery records.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Name => "name-unknown",
            Self::Connect => "not-connected",
            Self::Tls => "not-trusted",
            Self::TimedOut => "timed-out",
            Self::Broken => "broken-off",
            Self::Request => "bad-request",
        }
    }
}

/// The other side could not be reached or did not answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {detail}", what.word())]
pub struct Failed {
    /// What kind.
    pub what: Failing,
    /// For people who look into it; no URL in it.
    pub detail: String,
}

impl Failed {
    /// Whether trying again can help.
    #[must_use]
    pub const fn retryable(&self) -> bool {
        match self.what {
            Failing::Name
            | Failing::Connect
            | Failing::Tls
            | Failing::TimedOut
            | Failing::Broken => true,
            Failing::Request => false,
        }
    }
}

/// No answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// A rule of ours forbids it; nothing was sent.
    #[error("not called: {0}")]
    Refused(#[from] Refused),
    /// It was tried.
    #[error("no answer: {0}")]
    Failed(#[from] Failed),
}

/// The resolver's own "no such name", so that it can be told from a broken connection.
#[derive(Debug, thiserror::Error)]
#[error("the name has no address")]
pub(super) struct NameUnknown {
    #[source]
    why: Option<io::Error>,
}

impl NameUnknown {
    pub(super) const fn new(why: Option<io::Error>) -> Self {
        Self { why }
    }
}

impl From<reqwest::Error> for CallError {
    fn from(error: reqwest::Error) -> Self {
        let error = error.without_url();
        let refused = causes(&error).find_map(|cause| cause.downcast_ref::<Refused>());
        if let Some(refused) = refused {
            return Self::Refused(refused.clone());
        }
        let what = kind(&error);
        Self::Failed(Failed { what, detail: in_one_line(&error) })
    }
}

fn kind(error: &reqwest::Error) -> Failing {
    if causes(error).any(|cause| cause.is::<NameUnknown>()) {
        Failing::Name
    } else if error.is_timeout() {
        Failing::TimedOut
    } else if causes(error).any(|cause| cause.is::<rustls::Error>()) {
        Failing::Tls
    } else if error.is_connect() {
        Failing::Connect
    } else if error.is_builder() {
        Failing::Request
    } else {
        Failing::Broken
    }
}

/// An error and all that caused it, outermost first. What an `io::Error` wraps is no source of it,
/// so that is followed by hand.
pub(crate) fn causes<'a>(
    error: &'a (dyn Error + 'static),
) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |cause| {
        let wrapped = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        match wrapped {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => Error::source(*cause),
        }
    })
}

/// All causes in one line, each said once.
pub(crate) fn in_one_line(error: &(dyn Error + 'static)) -> String {
    let mut line = String::new();
    for cause in causes(error) {
        let said = cause.to_string();
        if !line.contains(&said) {
            if !line.is_empty() {
                line.push_str(": ");
            }
            line.push_str(&said);
        }
    }
    line
}
