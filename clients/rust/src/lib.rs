//! A client of the native API: types and methods made from the OpenAPI document, over whatever way
//! to the server you bring. It must never retry by itself: with an idempotency key you may.
//!
//! Implement [`Transport`] with the HTTP library you have. [`plain::Plain`] is one without TLS, for
//! a server on the same machine.

mod generated {
    pub mod calls;
    pub mod shapes;
}
pub mod plain;

use std::fmt;

pub use generated::calls::*;
pub use generated::shapes::*;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A way to the server.
pub trait Transport {
    /// Sends a request and reads its answer whole.
    ///
    /// # Errors
    /// No answer came.
    fn send(&self, request: Request) -> Result<Response, std::io::Error>;
}

/// A request as it goes over the wire.
#[derive(Clone, Debug)]
pub struct Request {
    /// GET, POST and so on.
    pub method: &'static str,
    /// Path and query.
    pub target: String,
    /// Names and values.
    pub headers: Vec<(String, String)>,
    /// Empty where there is none.
    pub body: Vec<u8>,
}

/// An answer as it came.
#[derive(Clone, Debug)]
pub struct Response {
    /// 200 and so on.
    pub status: u16,
    /// Names in any case, and values.
    pub headers: Vec<(String, String)>,
    /// Empty where there is none.
    pub body: Vec<u8>,
}

impl Response {
    fn header(&self, name: &str) -> Option<String> {
        let mut found = self.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
        found.next().map(|(_, value)| value.clone())
    }
}

/// A client with a token.
#[derive(Clone, Debug)]
pub struct Client<T> {
    transport: T,
    token: String,
}

impl<T: Transport> Client<T> {
    /// `token` begins with `rdt_`.
    pub fn new(transport: T, token: impl Into<String>) -> Self {
        Self { transport, token: token.into() }
    }

    fn sent(&self, wanted: Wanted) -> Result<Response, Error> {
        let mut request = wanted.request;
        if !wanted.query.is_empty() {
            request.target = format!("{}?{}", request.target, wanted.query.join("&"));
        }
        request.headers.push(("Authorization".into(), format!("Bearer {}", self.token)));
        let response = self.transport.send(request).map_err(Error::Way)?;
        if (200..300).contains(&response.status) {
            return Ok(response);
        }
        match serde_json::from_slice::<Problem>(&response.body) {
            Ok(problem) => Err(Error::Problem(Box::new(problem))),
            Err(_) => Err(Error::Other { status: response.status }),
        }
    }

    fn json<B: DeserializeOwned>(&self, wanted: Wanted) -> Result<Answer<B>, Error> {
        let response = self.sent(wanted)?;
        let body = serde_json::from_slice(&response.body).map_err(Error::Shape)?;
        Ok(Answer::of(&response, body))
    }
}

/// What protects a write.
#[derive(Clone, Copy, Debug, Default)]
pub struct Write<'a> {
    /// The idempotency key: the same request with it is carried out once.
    pub key: Option<&'a str>,
    /// The ETag that the thing must still have.
    pub version: Option<&'a str>,
}

/// An answer that is a success.
#[derive(Clone, Debug)]
pub struct Answer<B> {
    /// What was answered.
    pub body: B,
    /// The ETag, for the next write.
    pub version: Option<String>,
    /// Whether it is the answer of an earlier request with the same key.
    pub replayed: bool,
    /// The server's name for the request.
    pub request: Option<String>,
}

impl<B> Answer<B> {
    fn of(response: &Response, body: B) -> Self {
        Self {
            body,
            version: response.header("etag"),
            replayed: response.header("idempotent-replayed").as_deref() == Some("true"),
            request: response.header("redress-request-id"),
        }
    }
}

/// Why there is no answer.
#[derive(Debug)]
pub enum Error {
    /// The API says no; go by its `code`.
    Problem(Box<Problem>),
    /// Somebody on the way answered instead.
    Other {
        /// What he answered.
        status: u16,
    },
    /// The answer is not of the shape we know.
    Shape(serde_json::Error),
    /// No answer came.
    Way(std::io::Error),
}

impl Error {
    /// The code of the problem, where it is one.
    pub fn code(&self) -> Option<&str> {
        match self {
            Self::Problem(problem) => Some(&problem.code),
            _ => None,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Problem(problem) => write!(f, "{}: {}", problem.code, problem.detail),
            Self::Other { status } => write!(f, "status {status} without a problem"),
            Self::Shape(_) => f.write_str("the answer has another shape"),
            Self::Way(_) => f.write_str("no answer came"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Shape(why) => Some(why),
            Self::Way(why) => Some(why),
            Self::Problem(_) | Self::Other { .. } => None,
        }
    }
}

/// A request in the making.
struct Wanted {
    request: Request,
    query: Vec<String>,
}

impl Wanted {
    fn new(method: &'static str, path: &str) -> Self {
        let request =
            Request { method, target: path.to_owned(), headers: Vec::new(), body: Vec::new() };
        Self { request, query: Vec::new() }
    }

    fn named(&mut self, name: &str, value: &str) {
        let place = format!("{{{name}}}");
        self.request.target = self.request.target.replace(&place, &escaped(value));
    }

    fn asked(&mut self, name: &str, value: Option<&impl fmt::Display>) {
        if let Some(value) = value {
            self.query.push(format!("{name}={}", escaped(&value.to_string())));
        }
    }

    fn json(&mut self, body: &impl Serialize) {
        // Texts, numbers and lists: this cannot fail, and the server refuses an empty body by name.
        self.bytes("application/json", serde_json::to_vec(body).unwrap_or_default());
    }

    fn bytes(&mut self, kind: &str, body: Vec<u8>) {
        self.request.headers.push(("Content-Type".into(), kind.to_owned()));
        self.request.body = body;
    }

    fn how(&mut self, how: &Write<'_>) {
        for (name, value) in [("Idempotency-Key", how.key), ("If-Match", how.version)] {
            if let Some(value) = value {
                self.request.headers.push((name.into(), value.to_owned()));
            }
        }
    }
}

/// Percent-encodes all but what never needs it.
fn escaped(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
    text.bytes()
        .map(|byte| if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
