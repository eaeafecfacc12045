//! Receivers that fail by plan: a small HTTP server and a small SMTP server on loopback, each of
//! which writes down what it got. They know nothing of Redress, so that what they say is the
//! outside's view; they must never be lenient where a real receiver would complain.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{
    AsyncBufRead, AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWrite,
    AsyncWriteExt as _, BufReader,
};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// How the HTTP receiver answers one request.
#[derive(Clone, Debug)]
pub enum Reply {
    /// A proper answer.
    Answer {
        /// HTTP status.
        status: u16,
        /// Headers beside Content-Length.
        headers: Vec<(String, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// Reads the request and says nothing, ever.
    Hang,
    /// Reads the request and cuts the connection.
    Reset,
    /// A 200 whose head stops in the middle; then the connection ends.
    HalfHead,
    /// A 200 with a body of so many bytes.
    Huge(usize),
    /// A 200 with a body that comes one byte at a time, for ever.
    Drip(Duration),
    /// A head that comes one header at a time, for ever.
    DripHead(Duration),
    /// Something that is no HTTP.
    Noise,
    /// Waits, then answers with this status.
    Late(Duration, u16),
}

impl Reply {
    /// An empty answer with a status.
    #[must_use]
    pub const fn status(status: u16) -> Self {
        Self::Answer { status, headers: Vec::new(), body: Vec::new() }
    }

    /// An empty answer with a status and a header.
    #[must_use]
    pub fn with_header(status: u16, name: &str, value: &str) -> Self {
        let headers = vec![(name.to_owned(), value.to_owned())];
        Self::Answer { status, headers, body: Vec::new() }
    }
}

/// One request as it came.
#[derive(Clone, Debug)]
pub struct HttpRequest {
    /// POST …
    pub method: String,
    /// As on the request line.
    pub path: String,
    /// Names in lower case, in their order.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl HttpRequest {
    /// The first header of this name (lower case).
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

#[derive(Default)]
struct HttpState {
    plan: VecDeque<Reply>,
    requests: Vec<HttpRequest>,
    connections: usize,
    open: usize,
    open_max: usize,
}

/// An HTTP receiver. It ends when dropped.
pub struct HttpReceiver {
    address: SocketAddr,
    state: Arc<Mutex<HttpState>>,
    seen: watch::Receiver<usize>,
    task: AbortHandle,
}

impl HttpReceiver {
    /// Starts one that answers by `plan`, in order, and then always `after`.
    pub async fn start(plan: Vec<Reply>, after: Reply) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let state = Arc::new(Mutex::new(HttpState { plan: plan.into(), ..HttpState::default() }));
        let (tell, seen) = watch::channel(0);
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                lock(&shared).connections += 1;
                let (state, after, tell) = (Arc::clone(&shared), after.clone(), tell.clone());
                connections.spawn(async move { serve_http(stream, &state, &after, &tell).await });
            }
        });
        Self { address, state, seen, task: task.abort_handle() }
    }

    /// Starts one that always answers with this status.
    pub async fn always(status: u16) -> Self {
        Self::start(Vec::new(), Reply::status(status)).await
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// A URL on it; `path` begins with a slash.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// All requests so far.
    #[must_use]
    pub fn requests(&self) -> Vec<HttpRequest> {
        lock(&self.state).requests.clone()
    }

    /// How many connections were made.
    #[must_use]
    pub fn connections(&self) -> usize {
        lock(&self.state).connections
    }

    /// How many requests were under way at once, at most.
    #[must_use]
    pub fn open_max(&self) -> usize {
        lock(&self.state).open_max
    }

    /// Waits until so many requests have come.
    pub async fn wait_for(&self, requests: usize) -> Vec<HttpRequest> {
        let mut seen = self.seen.clone();
        drop(seen.wait_for(|count| *count >= requests).await);
        self.requests()
    }
}

impl Drop for HttpReceiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve_http(
    stream: TcpStream,
    state: &Mutex<HttpState>,
    after: &Reply,
    tell: &watch::Sender<usize>,
) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = read_request(&mut stream).await {
        let reply = {
            let mut state = lock(state);
            state.requests.push(request);
            state.open += 1;
            state.open_max = state.open_max.max(state.open);
            state.plan.pop_front().unwrap_or_else(|| after.clone())
        };
        tell.send_modify(|count| *count += 1);
        let again = answer(&mut stream, reply).await;
        lock(state).open -= 1;
        if !again {
            return;
        }
    }
}

async fn read_request(stream: &mut BufReader<TcpStream>) -> Option<HttpRequest> {
    let first = read_line(stream).await?;
    let mut words = first.split(' ');
    let (method, path) = (words.next()?.to_owned(), words.next()?.to_owned());
    let mut headers = Vec::new();
    loop {
        let line = read_line(stream).await?;
        if line.is_empty() {
            break;
        }
        let (name, value) = line.split_once(':')?;
        headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length");
    let length: usize = length.and_then(|(_, value)| value.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some(HttpRequest { method, path, headers, body })
}

/// Answers; tells whether the connection can carry another request.
async fn answer(stream: &mut BufReader<TcpStream>, reply: Reply) -> bool {
    let stream = stream.get_mut();
    match reply {
        Reply::Answer { status, headers, body } => {
            send_answer(stream, status, &headers, &body).await
        }
        Reply::Late(wait, status) => {
            tokio::time::sleep(wait).await;
            send_answer(stream, status, &[], b"").await
        }
        Reply::Huge(bytes) => send_answer(stream, 200, &[], &vec![b'x'; bytes]).await,
        Reply::Hang => std::future::pending().await,
        Reply::Reset => {
            drop(stream.set_zero_linger());
            false
        }
        Reply::HalfHead => {
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Le").await);
            false
        }
        Reply::Noise => {
            drop(stream.write_all(b"220 mail.example ESMTP\r\n").await);
            false
        }
        Reply::Drip(every) => {
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n").await);
            drip(stream, b"x", every).await
        }
        Reply::DripHead(every) => {
            drop(stream.write_all(b"HTTP/1.1 200 OK\r\n").await);
            drip(stream, b"X-More: x\r\n", every).await
        }
    }
}

async fn drip(stream: &mut TcpStream, drop_of: &[u8], every: Duration) -> bool {
    while stream.write_all(drop_of).await.is_ok() {
        tokio::time::sleep(every).await;
    }
    false
}

async fn send_answer(
    stream: &mut TcpStream,
    status: u16,
    headers: &[(String, String)],
    body: &[u8],
) -> bool {
    let mut head = format!("HTTP/1.1 {status} Planned\r\nContent-Length: {}\r\n", body.len());
    for (name, value) in headers {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head.push_str("\r\n");
    stream.write_all(&[head.as_bytes(), body].concat()).await.is_ok()
}

/// What the SMTP receiver does out of the ordinary.
#[derive(Clone, Default)]
pub struct SmtpPlan {
    /// Replies to the first RCPT commands for an address: the address, then the whole reply line.
    /// Each is used once.
    pub rcpt: Vec<(String, String)>,
    /// Replies to the ends of the first messages. Each is used once.
    pub after_data: Vec<String>,
    /// The greeting, in place of `220 …`.
    pub greeting: Option<String>,
    /// The verb at which it falls silent for ever (`EHLO`, `MAIL`, `RCPT`, `DATA`, `.`).
    pub hang_at: Option<String>,
    /// Closes a connection after so many messages, as servers do with idle ones.
    pub close_after: Option<usize>,
    /// Offers STARTTLS with this.
    pub starttls: Option<TlsAcceptor>,
    /// Speaks TLS from the first byte.
    pub implicit_tls: Option<TlsAcceptor>,
    /// Demands AUTH PLAIN with this name and password.
    pub login: Option<(String, String)>,
}

/// One mail as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SmtpMail {
    /// MAIL FROM, without brackets.
    pub from: String,
    /// The accepted RCPT TO, without brackets.
    pub to: Vec<String>,
    /// What stood between DATA and the dot, unstuffed, with its CRLFs.
    pub data: Vec<u8>,
    /// Whether the connection was encrypted.
    pub tls: bool,
    /// Whether the sender had said who it is.
    pub logged_in: bool,
}

#[derive(Default)]
struct SmtpState {
    plan: SmtpPlan,
    mails: Vec<SmtpMail>,
    connections: usize,
}

/// An SMTP receiver. It ends when dropped.
pub struct SmtpReceiver {
    address: SocketAddr,
    state: Arc<Mutex<SmtpState>>,
    seen: watch::Receiver<usize>,
    task: AbortHandle,
}

impl SmtpReceiver {
    /// Starts one.
    pub async fn start(plan: SmtpPlan) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback has a port");
        let address = listener.local_addr().expect("a bound socket has an address");
        let state = Arc::new(Mutex::new(SmtpState { plan, ..SmtpState::default() }));
        let (tell, seen) = watch::channel(0);
        let shared = Arc::clone(&state);
        let task = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                lock(&shared).connections += 1;
                let talk = SmtpTalk::new(Arc::clone(&shared), tell.clone());
                connections.spawn(talk.serve(stream));
            }
        });
        Self { address, state, seen, task: task.abort_handle() }
    }

    /// Its port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.address.port()
    }

    /// All mails taken so far.
    #[must_use]
    pub fn mails(&self) -> Vec<SmtpMail> {
        lock(&self.state).mails.clone()
    }

    /// How many connections were made.
    #[must_use]
    pub fn connections(&self) -> usize {
        lock(&self.state).connections
    }

    /// Waits until so many mails have come.
    pub async fn wait_for(&self, mails: usize) -> Vec<SmtpMail> {
        let mut seen = self.seen.clone();
        drop(seen.wait_for(|count| *count >= mails).await);
        self.mails()
    }
}

impl Drop for SmtpReceiver {
    fn drop(&mut self) {
        self.task.abort();
    }
}

trait Wire: AsyncRead + AsyncWrite + Unpin + Send {}
impl<T: AsyncRead + AsyncWrite + Unpin + Send> Wire for T {}

/// One connection to the SMTP receiver.
struct SmtpTalk {
    state: Arc<Mutex<SmtpState>>,
    tell: watch::Sender<usize>,
    tls: bool,
    logged_in: bool,
    from: Option<String>,
    to: Vec<String>,
    taken: usize,
}

impl SmtpTalk {
    fn new(state: Arc<Mutex<SmtpState>>, tell: watch::Sender<usize>) -> Self {
        let (tls, logged_in, from, to, taken) = (false, false, None, Vec::new(), 0);
        Self { state, tell, tls, logged_in, from, to, taken }
    }

    async fn serve(mut self, stream: TcpStream) {
        let implicit = lock(&self.state).plan.implicit_tls.clone();
        let mut stream: Box<dyn Wire> = Box::new(stream);
        if let Some(acceptor) = implicit {
            let Ok(encrypted) = acceptor.accept(stream).await else { return };
            (stream, self.tls) = (Box::new(encrypted), true);
        }
        let greeting = lock(&self.state).plan.greeting.clone();
        let mut stream = BufReader::new(stream);
        if say(&mut stream, &greeting.unwrap_or_else(|| "220 test ESMTP".into())).await.is_none() {
            return;
        }
        while let Some(line) = read_line(&mut stream).await {
            let verb = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
            self.hang_if_planned(&verb).await;
            if verb == "STARTTLS" {
                let Some(acceptor) = lock(&self.state).plan.starttls.clone() else { return };
                if say(&mut stream, "220 go ahead").await.is_none() {
                    return;
                }
                let Ok(encrypted) = acceptor.accept(stream.into_inner()).await else { return };
                stream = BufReader::new(Box::new(encrypted) as Box<dyn Wire>);
                self.tls = true;
                continue;
            }
            let Some(reply) = self.obey(&verb, &line, &mut stream).await else { return };
            if say(&mut stream, &reply).await.is_none() || verb == "QUIT" {
                return;
            }
            if lock(&self.state).plan.close_after.is_some_and(|count| self.taken >= count) {
                return;
            }
        }
    }

    async fn hang_if_planned(&self, verb: &str) {
        let hangs = lock(&self.state).plan.hang_at.as_deref() == Some(verb);
        if hangs {
            std::future::pending::<()>().await;
        }
    }

    async fn obey(
        &mut self,
        verb: &str,
        line: &str,
        stream: &mut BufReader<Box<dyn Wire>>,
    ) -> Option<String> {
        let demands_login = lock(&self.state).plan.login.is_some();
        Some(match verb {
            "EHLO" => self.features(),
            "AUTH" => self.log_in(line),
            "NOOP" => "250 fine".into(),
            "QUIT" => "221 bye".into(),
            "RSET" => {
                (self.from, self.to) = (None, Vec::new());
                "250 forgotten".into()
            }
            "MAIL" if demands_login && !self.logged_in => "530 5.7.0 log in first".into(),
            "MAIL" if self.from.is_some() => "503 5.5.1 nested MAIL".into(),
            "MAIL" => {
                self.from = Some(bracketed(line));
                "250 2.1.0 fine".into()
            }
            "RCPT" if self.from.is_none() => "503 5.5.1 MAIL first".into(),
            "RCPT" => self.recipient(bracketed(line)),
            "DATA" if self.to.is_empty() => "554 5.5.1 no valid recipients".into(),
            "DATA" => {
                say(stream, "354 go on").await?;
                let data = read_data(stream).await?;
                self.hang_if_planned(".").await;
                self.take(data)
            }
            _ => "500 5.5.2 unknown".into(),
        })
    }

    fn features(&self) -> String {
        let state = lock(&self.state);
        let mut lines = vec!["250-test", "250-8BITMIME", "250-ENHANCEDSTATUSCODES"];
        if state.plan.starttls.is_some() && !self.tls {
            lines.push("250-STARTTLS");
        }
        if state.plan.login.is_some() {
            lines.push("250-AUTH PLAIN");
        }
        lines.push("250 SIZE 10000000");
        lines.join("\r\n")
    }

    fn log_in(&mut self, line: &str) -> String {
        let state = lock(&self.state);
        let Some((name, password)) = &state.plan.login else { return "502 no".into() };
        let wanted = base64(format!("\0{name}\0{password}").as_bytes());
        self.logged_in = line.split(' ').nth(2) == Some(wanted.as_str());
        if self.logged_in { "235 2.7.0 welcome".into() } else { "535 5.7.8 who are you".into() }
    }

    fn recipient(&mut self, address: String) -> String {
        let mut state = lock(&self.state);
        let planned = state.plan.rcpt.iter().position(|(for_whom, _)| *for_whom == address);
        let reply = planned.map(|place| state.plan.rcpt.remove(place).1);
        let reply = reply.unwrap_or_else(|| "250 2.1.5 fine".into());
        if reply.starts_with('2') {
            self.to.push(address);
        }
        reply
    }

    fn take(&mut self, data: Vec<u8>) -> String {
        let mut state = lock(&self.state);
        let (from, to) = (self.from.take().unwrap_or_default(), std::mem::take(&mut self.to));
        let planned = !state.plan.after_data.is_empty();
        let reply = if planned { state.plan.after_data.remove(0) } else { "250 2.0.0 kept".into() };
        if reply.starts_with('2') {
            let (tls, logged_in) = (self.tls, self.logged_in);
            state.mails.push(SmtpMail { from, to, data, tls, logged_in });
            self.taken += 1;
            self.tell.send_modify(|count| *count += 1);
        }
        reply
    }
}

fn bracketed(line: &str) -> String {
    let inside = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inside.map(|(address, _)| address.to_owned()).unwrap_or_default()
}

async fn read_data(stream: &mut BufReader<Box<dyn Wire>>) -> Option<Vec<u8>> {
    let mut data = Vec::new();
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await.ok()? == 0 {
            return None;
        }
        if line == b".\r\n" {
            return Some(data);
        }
        let stuffed = usize::from(line.starts_with(b"."));
        data.extend_from_slice(&line[stuffed..]);
    }
}

async fn say(stream: &mut BufReader<Box<dyn Wire>>, text: &str) -> Option<()> {
    stream.write_all(format!("{text}\r\n").as_bytes()).await.ok()?;
    stream.flush().await.ok()
}

/// One line without its end; nothing at the end of the connection.
async fn read_line(stream: &mut (impl AsyncBufRead + Unpin)) -> Option<String> {
    let mut line = String::new();
    match stream.read_line(&mut line).await {
        Ok(count) if count > 0 => Some(line.trim_end_matches(['\r', '\n']).to_owned()),
        _ => None,
    }
}

fn lock<T>(state: &Mutex<T>) -> MutexGuard<'_, T> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Standard padded Base64, for the one line of AUTH PLAIN.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let mut padded = [0_u8; 3];
        padded[..three.len()].copy_from_slice(three);
        let bits = u32::from_be_bytes([0, padded[0], padded[1], padded[2]]);
        for place in 0..4 {
            let six = (bits >> (18 - 6 * place)) & 63;
            let letter = if place <= three.len() { LETTERS[six as usize] } else { b'=' };
            text.push(char::from(letter));
        }
    }
    text
}
