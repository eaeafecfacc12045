//! Over real sockets: whatever body comes, and however slowly, a whole answer goes back soon, and
//! the connection lives on unless the answer says that it does not.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::body::Body;
use dialects::Settings;
use dialects::listen::{Drained, Limits, Listener, Service, Traffic};
use domain::{Millis, Role};
use futures_util::future::join_all;
use http::Request;
use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use store::engine::EngineKind;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::support::{CHECK, House};

/// Longer than any answer here takes, on a busy machine too.
const PATIENCE: Duration = Duration::from_secs(10);

/// A body that nobody will read is not waited for longer than this.
const SOON: Duration = Duration::from_secs(2);

const IMPORT: &str = "/api/v1/transactions";

struct Served {
    house: House,
    address: SocketAddr,
    stop: CancellationToken,
    serving: JoinHandle<Drained>,
}

impl Served {
    async fn with(settings: Settings) -> Self {
        let house = House::with(EngineKind::Sqlite, settings).await;
        let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
        let (address, stop) = (listener.address(), CancellationToken::new());
        let (router, limits) = (house.router.clone(), Limits::default());
        let service = Service { router, tls: None, limits, traffic: Traffic::default().into() };
        let serving = tokio::spawn(listener.serve(service, stop.clone()));
        Self { house, address, stop, serving }
    }

    async fn client(&self) -> Client {
        let stream = TcpStream::connect(self.address).await.expect("a connection");
        Client { stream, read: Vec::new() }
    }

    async fn stopped(self) {
        self.stop.cancel();
        let drained = tokio::time::timeout(PATIENCE, self.serving).await.expect("an end");
        assert_eq!(drained.expect("no panic"), Drained { cut: 0 });
    }
}

/// An answer as it came off the wire, whole.
#[derive(Debug)]
struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn closes(&self) -> bool {
        self.head.contains("\r\nconnection: close")
    }
}

/// A client that knows of HTTP what it needs.
struct Client {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Client {
    /// Writes; the server may have answered and gone before all is written.
    async fn write(&mut self, bytes: &[u8]) {
        self.stream.write_all(bytes).await.ok();
    }

    /// The next answer; an error says how it failed to come.
    async fn answer(&mut self) -> Result<Answer, String> {
        loop {
            if let Some(answer) = self.parsed()? {
                return Ok(answer);
            }
            let mut chunk = [0; 4_096];
            let count = tokio::time::timeout(PATIENCE, self.stream.read(&mut chunk)).await;
            let so_far = || String::from_utf8_lossy(&self.read).into_owned();
            let count = count.map_err(|_| format!("nothing more after {:?}", so_far()))?;
            let count = count.map_err(|error| format!("{error} after {:?}", so_far()))?;
            if count == 0 {
                return Err(format!("closed after {:?}", so_far()));
            }
            self.read.extend_from_slice(&chunk[..count]);
        }
    }

    fn parsed(&mut self) -> Result<Option<Answer>, String> {
        let Some(end) = self.read.windows(4).position(|four| four == b"\r\n\r\n") else {
            return Ok(None);
        };
        let head = String::from_utf8_lossy(&self.read[..end]).to_ascii_lowercase();
        let number = |text: Option<&str>| text.and_then(|text| text.trim().parse::<usize>().ok());
        let status = head.strip_prefix("http/1.1 ").and_then(|rest| rest.split(' ').next());
        let length = head.split("\r\ncontent-length:").nth(1).and_then(|r| r.split('\r').next());
        let (Some(status), Some(length)) = (number(status), number(length)) else {
            return Err(format!("no head of an answer: {head:?}"));
        };
        let body = end + 4..end + 4 + length;
        if self.read.len() < body.end {
            return Ok(None);
        }
        let status = u16::try_from(status).map_err(|_| head.clone())?;
        let body = self.read[body.clone()].to_vec();
        self.read.drain(..end + 4 + length);
        Ok(Some(Answer { status, head, body }))
    }
}

/// A request as it goes on the wire.
fn written(request: &Request<Body>, body: &[u8]) -> Vec<u8> {
    let mut bytes = format!("{} {} HTTP/1.1\r\nHost: x\r\n", request.method(), request.uri());
    for (name, value) in request.headers() {
        bytes.push_str(&format!("{name}: {}\r\n", value.to_str().expect("a header of text")));
    }
    bytes.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
    let mut bytes = bytes.into_bytes();
    bytes.extend_from_slice(body);
    bytes
}

const TYPES: [&str; 7] = [
    "application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "multipart/form-data",
    "text/plain",
    "image/png",
    "",
];

/// What bodies of a kind are made of. No pieces at all: of any bytes.
const PIECES: [&[&str]; 4] = [
    &[],
    &[
        "{",
        "}",
        "[",
        "]",
        ":",
        ",",
        "\"refid\"",
        "\"S-1\"",
        "\"",
        "null",
        "-1e999",
        "\\ud800",
        "\\u0000",
        "\"user_email\":[\"a@b.example\"]",
        "\"transactions\":[{",
        "ü",
        " ",
        "\n",
    ],
    &[
        "refid=S-1",
        "&",
        "=",
        "%",
        "%00",
        "%ff",
        "user_email[]=",
        "user_email[7]=a@b.example",
        "description",
        "+",
        "\u{1f600}",
        "[",
        "]",
        ";",
    ],
    &[
        "--x\r\n",
        "--x--\r\n",
        "\r\n",
        "--",
        "Content-Disposition: form-data; name=\"refid\"\r\n",
        "Content-Disposition: form-data; name=\"f\"; filename=\"f\"\r\n",
        "S-1",
        "\"",
        "\0",
        ":",
    ],
];

/// What a body of a kind may begin with, so that some are good to their end.
const BEGINNINGS: [&str; 4] = [
    "",
    "{\"refid\":\"S-1\",\"user_email\":[\"a@b.example\"],\"description\":\"",
    "refid=S-1&user_email=a@b.example&description=",
    "--x\r\nContent-Disposition: form-data; name=\"description\"\r\n\r\n",
];

const ENDS: [&str; 4] = ["", "\"}", "", "\r\n--x--\r\n"];

/// One body: a kind, bytes wanted, and where its dice begin. Whole ones have plain text inside.
fn body(kind: usize, bytes: usize, whole: bool, seed: u64) -> Vec<u8> {
    // Drawn byte by byte by the property's own dice, large bodies would take minutes.
    let mut state = seed | 1;
    let mut next = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state >> 40).expect("24 bits")
    };
    let mut made = Vec::with_capacity(bytes + 128);
    if whole {
        made.extend_from_slice(BEGINNINGS[kind].as_bytes());
        made.resize(made.len() + bytes, b'a');
        made.extend_from_slice(ENDS[kind].as_bytes());
        return made;
    }
    while made.len() < bytes {
        match PIECES[kind] {
            [] => made.push(u8::try_from(next() & 0xff).expect("a byte")),
            pieces => made.extend_from_slice(pieces[next() % pieces.len()].as_bytes()),
        }
    }
    made.truncate(bytes);
    made
}

/// Most are small, as real ones are; some are large, and some beyond the cap of 64 KiB.
fn bodies() -> impl Strategy<Value = Vec<u8>> {
    let bytes = prop_oneof![4 => 0..600_usize, 3 => 0..65_536_usize, 1 => 65_000..82_000_usize];
    (0..PIECES.len(), bytes, any::<bool>(), any::<u64>())
        .prop_map(|(kind, bytes, whole, seed)| body(kind, bytes, whole, seed))
}

/// Sends one request, then asks on the same connection whether the server is alive.
async fn survives(served: &Served, request: &[u8]) -> Result<Answer, String> {
    let mut client = served.client().await;
    client.write(request).await;
    let answer = client.answer().await?;
    if !answer.closes() {
        client.write(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n").await;
        let next = client.answer().await.map_err(|why| format!("after {answer:?}: {why}"))?;
        if next.status != 200 {
            return Err(format!("after {answer:?}: {next:?}"));
        }
    }
    Ok(answer)
}

#[test]
fn no_body_breaks_a_connection() {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let mut settings = Settings::default();
    settings.iimmpact.body.bytes_max = 64 * 1024;
    settings.native.import_body.bytes_max = 64 * 1024;
    let served = runtime.block_on(Served::with(settings));
    let (house, day) = (&served.house, Millis::days(1));
    let scope = house.world.scope;
    let token = house.world.desk.add_token(scope, Role::Administrator, "root", day);
    let token = runtime.block_on(token).expect("a token").reveal().to_owned();
    let config = ProptestConfig { cases: 64, failure_persistence: None, ..Default::default() };
    let strategy = (bodies(), prop::sample::select(TYPES.to_vec()), any::<bool>());
    let ran = TestRunner::new(config).run(&strategy, |(body, content_type, native)| {
        let headers = [("content-type", content_type)];
        let request = if native {
            let request = Request::post(IMPORT).header("content-type", content_type);
            let request = request.header("authorization", format!("Bearer {token}"));
            request.body(Body::empty()).expect("a request")
        } else {
            house.sealed(&house.production, CHECK, &body, &headers)
        };
        let answer = runtime.block_on(survives(&served, &written(&request, &body)));
        let answer = answer.map_err(TestCaseError::fail)?;
        prop_assert!(answer.status < 500 && answer.status != 401, "{answer:?}");
        prop_assert_eq!(answer.status == 413, body.len() > 64 * 1024, "{:?}", answer);
        prop_assert!(serde_json::from_slice::<serde_json::Value>(&answer.body).is_ok());
        Ok(())
    });
    ran.expect("every body has an answer");
    runtime.block_on(served.stopped());
}

#[tokio::test]
async fn a_body_that_nobody_will_read_is_not_waited_for() {
    let served = Served::with(Settings::default()).await;
    let endless = "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n";
    let asked = [
        (IMPORT, "Content-Length: 1000\r\n\r\n{\"tr", 401),
        (IMPORT, "Content-Length: 99999999\r\n\r\n{\"tr", 401),
        (IMPORT, endless, 401),
        ("/api/v1/nothing", endless, 404),
        ("/api/v1/status", endless, 405),
        ("/v2/nothing", "Content-Length: 1000\r\n\r\nx", 404),
        ("/console", endless, 404),
        (CHECK, "Content-Length: 99999999\r\n\r\n", 413),
        (CHECK, "Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n", 413),
        (CHECK, "Content-Length: 300000\r\n\r\n{", 413),
        ("/v2/token", "Content-Length: 99999999\r\n\r\n{", 413),
    ];
    let all = asked.map(async |(path, rest, status)| {
        let mut client = served.client().await;
        let begun = Instant::now();
        client.write(format!("POST {path} HTTP/1.1\r\nHost: x\r\n{rest}").as_bytes()).await;
        let answer = client.answer().await.unwrap_or_else(|why| panic!("{path} {rest}: {why}"));
        assert!(begun.elapsed() < SOON, "{path} {rest}");
        assert_eq!(answer.status, status, "{path} {rest}: {answer:?}");
        assert!(answer.closes(), "{path} {rest}: {answer:?}");
        assert!(!answer.body.is_empty(), "{path} {rest}");
        let mut end = Vec::new();
        // A reset is an end as well.
        let ended = tokio::time::timeout(PATIENCE, client.stream.read_to_end(&mut end)).await;
        assert!(ended.is_ok(), "{path} {rest}: it said that it closes");
    });
    join_all(all).await;
    served.stopped().await;
}
