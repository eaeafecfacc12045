//! The guarded HTTP client: every request this program makes goes through it. It refuses what
//! leads inside, by name or by number, before a connection exists: names are judged inside the
//! client's own resolver, so the address that was judged is the address that is dialled. It must
//! never follow a redirect, take a proxy from the environment, or read more than it was asked to.

use std::error::Error;
use std::fmt;
use std::future::Future;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

pub use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
pub use reqwest::{Method, Url};

pub mod addresses;
mod errors;
pub mod rules;

use self::addresses::Ground;
pub use self::errors::{CallError, Failed, Failing, OpenError, Refused};
pub use self::rules::Allow;
use self::rules::{Kind, Road, judge};

/// Longest URL we call, in bytes; longer ones are somebody's mistake.
pub const URL_BYTES_MAX: usize = 2_048;
/// Until a connection stands, name and TLS included, unless the settings say otherwise. A host
/// that is slower than this will not answer in time either.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long an idle connection is kept. Below the five seconds after which Node.js, the most
/// common receiver, closes it: a request on a closing connection is lost and must be told again.
const IDLE_TIMEOUT: Duration = Duration::from_secs(4);
/// Idle connections kept per receiver; as many as one receiver is sent at a time.
const IDLE_PER_HOST_MAX: usize = 16;
/// Which certificate authorities are trusted.
#[derive(Clone, Debug, Default)]
pub enum Roots {
    /// The machine's own store.
    #[default]
    System,
    /// Only these, as PEM: for machines without a store, or behind a private authority.
    Bundle(Vec<u8>),
    /// None: https calls fail, http ones work. For the demo on a bare machine.
    None,
}

/// How the client is built.
#[derive(Clone, Debug)]
pub struct GuardSettings {
    /// What may be called beyond the public internet.
    pub allow: Vec<Allow>,
    /// Who vouches for https receivers.
    pub roots: Roots,
    /// How long until a connection stands.
    pub connect_timeout: Duration,
}

impl Default for GuardSettings {
    fn default() -> Self {
        Self { allow: Vec::new(), roots: Roots::System, connect_timeout: CONNECT_TIMEOUT }
    }
}

/// Turns a name into addresses. The machine's own does in the program; tests bring one that lies.
pub trait LookUp: Send + Sync + 'static {
    /// All addresses of `host`, in the order to try them.
    fn look_up(&self, host: &str) -> LookingUp;
}

/// What [`LookUp`] gives back.
pub type LookingUp = Pin<Box<dyn Future<Output = io::Result<Vec<IpAddr>>> + Send>>;

/// The machine's resolver.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemLookUp;

impl LookUp for SystemLookUp {
    fn look_up(&self, host: &str) -> LookingUp {
        let host = host.to_owned();
        Box::pin(async move {
            let found = tokio::net::lookup_host((host.as_str(), 0)).await?;
            Ok(found.map(|address| address.ip()).collect())
        })
    }
}

/// One request.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    /// GET, POST …
    pub method: Method,
    /// Where to. Checked here, whoever checked it before.
    pub url: &'a str,
    /// Headers beside those the client sets itself (Host, Content-Length, User-Agent).
    pub headers: HeaderMap,
    /// What to send.
    pub body: Vec<u8>,
    /// How long all of it may take, from the name to the last byte of the answer.
    pub within: Duration,
    /// Read at most so many bytes of the answer's body.
    pub answer_bytes_max: usize,
}

/// What came back, whatever its status: the caller knows what it hoped for.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Its headers.
    pub headers: HeaderMap,
    /// The beginning of its body.
    pub body: Vec<u8>,
    /// Whether that is all of it; false when it was longer than asked for, broke off or took too
    /// long.
    pub complete: bool,
}

/// The client. Built once at the start, shared by all.
#[derive(Clone)]
pub struct Guard {
    rules: Arc<[Allow]>,
    clients: Arc<[(Road, reqwest::Client)]>,
}

impl Guard {
    /// Builds the client over the machine's resolver.
    ///
    /// # Errors
    /// When TLS cannot be set up; the sentence says how to mend it.
    pub fn open(settings: &GuardSettings) -> Result<Self, OpenError> {
        Self::open_with(settings, Arc::new(SystemLookUp))
    }

    /// The same over another resolver.
    ///
    /// # Errors
    /// As [`Guard::open`].
    pub fn open_with(
        settings: &GuardSettings,
        look_up: Arc<dyn LookUp>,
    ) -> Result<Self, OpenError> {
        let rules: Arc<[Allow]> = settings.allow.clone().into();
        let client = |road| {
            let filter = Filter { road, rules: Arc::clone(&rules), look_up: Arc::clone(&look_up) };
            Ok((road, build(settings, filter)?))
        };
        let clients: Result<Vec<_>, OpenError> =
            rules::roads(&rules).into_iter().map(client).collect();
        Ok(Self { clients: clients?.into(), rules })
    }

    /// Whether a URL may be called, as far as that can be told without resolving its name. For
    /// telling the one who registers it at once.
    ///
    /// # Errors
    /// The rule it breaks.
    pub fn check(&self, url: &str) -> Result<Url, Refused> {
        let (url, road) = self.admit(url)?;
        let host = url.host_str().unwrap_or_default().trim_end_matches('.');
        // The one name of which everybody knows where it leads (RFC 6761).
        if road.kind == Kind::Open && (host == "localhost" || host.ends_with(".localhost")) {
            return Err(Refused::Name { host: host.to_owned(), ground: Ground::Loopback });
        }
        Ok(url)
    }

    /// Makes one request. Any status is an answer.
    ///
    /// # Errors
    /// [`CallError::Refused`] when nothing was sent because a rule forbids it,
    /// [`CallError::Failed`] when the other side could not be reached or did not answer in time.
    pub async fn call(&self, call: Call<'_>) -> Result<Answer, CallError> {
        let (url, road) = self.admit(call.url)?;
        let found = self.clients.iter().find(|(of, _)| *of == road);
        let (_, client) = found.ok_or(Refused::UrlUnread)?;
        let response = client
            .request(call.method, url)
            .headers(call.headers)
            .timeout(call.within)
            .body(call.body)
            .send()
            .await?;
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let (body, complete) = read_at_most(response, call.answer_bytes_max).await;
        Ok(Answer { status, headers, body, complete })
    }

    fn admit(&self, text: &str) -> Result<(Url, Road), Refused> {
        if text.len() > URL_BYTES_MAX {
            return Err(Refused::UrlTooLong);
        }
        let url = Url::parse(text).map_err(|_| Refused::UrlUnread)?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(Refused::Scheme { scheme: url.scheme().to_owned() });
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(Refused::Userinfo);
        }
        let (Some(host), Some(port)) = (url.host_str(), url.port_or_known_default()) else {
            return Err(Refused::UrlUnread);
        };
        let literal: Option<IpAddr> = host.trim_matches(['[', ']']).parse().ok();
        let road = rules::road(&self.rules, host, literal, port).ok_or(Refused::Port { port })?;
        // The resolver never sees a literal, so it is judged here. The url crate has read octal,
        // hexadecimal and one-number spellings by now.
        if let Some(address) = literal {
            judge(road, &self.rules, address)
                .map_err(|ground| Refused::Address { address, ground })?;
        }
        Ok((url, road))
    }
}

impl fmt::Debug for Guard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Guard").field("rules", &self.rules).finish_non_exhaustive()
    }
}

#[expect(clippy::disallowed_methods, reason = "this is the guarded client")]
fn build(settings: &GuardSettings, filter: Filter) -> Result<reqwest::Client, OpenError> {
    let builder = reqwest::Client::builder()
        .dns_resolver(Arc::new(filter))
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .no_proxy()
        .referer(false)
        .connect_timeout(settings.connect_timeout)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .pool_max_idle_per_host(IDLE_PER_HOST_MAX)
        .user_agent(concat!("Redress/", env!("CARGO_PKG_VERSION")));
    let builder = match &settings.roots {
        Roots::System => builder,
        Roots::None => builder.tls_certs_only([]),
        Roots::Bundle(pem) => {
            let certificates = reqwest::Certificate::from_pem_bundle(pem)
                .map_err(|why| OpenError::BundleUnread { why })?;
            if certificates.is_empty() {
                return Err(OpenError::BundleEmpty);
            }
            builder.tls_certs_only(certificates)
        }
    };
    builder.build().map_err(|why| OpenError::NoClient { why })
}

async fn read_at_most(mut response: reqwest::Response, bytes_max: usize) -> (Vec<u8>, bool) {
    let mut body = Vec::new();
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) => {
                let room = bytes_max - body.len();
                body.extend_from_slice(&chunk[..chunk.len().min(room)]);
                if chunk.len() > room {
                    return (body, false);
                }
            }
            Ok(None) => return (body, true),
            Err(_) => return (body, false),
        }
    }
}

/// The resolver inside the client.
struct Filter {
    road: Road,
    rules: Arc<[Allow]>,
    look_up: Arc<dyn LookUp>,
}

impl reqwest::dns::Resolve for Filter {
    fn resolve(&self, name: reqwest::dns::Name) -> reqwest::dns::Resolving {
        let host = name.as_str().to_owned();
        let looking_up = self.look_up.look_up(&host);
        let (road, rules) = (self.road, Arc::clone(&self.rules));
        Box::pin(async move {
            let found =
                looking_up.await.map_err(|why| boxed(errors::NameUnknown::new(Some(why))))?;
            let mut refused = None;
            let mut addresses = Vec::with_capacity(found.len());
            for address in found {
                match judge(road, &rules, address) {
                    Ok(()) => addresses.push(SocketAddr::new(address, 0)),
                    Err(ground) => refused = Some(ground),
                }
            }
            match (addresses.is_empty(), refused) {
                (false, _) => Ok(Box::new(addresses.into_iter()) as reqwest::dns::Addrs),
                (true, Some(ground)) => Err(boxed(Refused::Name { host, ground })),
                (true, None) => Err(boxed(errors::NameUnknown::new(None))),
            }
        })
    }
}

fn boxed(why: impl Error + Send + Sync + 'static) -> Box<dyn Error + Send + Sync> {
    Box::new(why)
}

#[cfg(test)]
mod tests;
