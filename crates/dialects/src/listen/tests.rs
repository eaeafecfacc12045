//! Clients that behave and clients that do not, over real sockets.

use std::time::{Duration, Instant};

use axum::extract::Extension;
use axum::routing::{get, post};
use http::{HeaderMap, StatusCode};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::task::JoinHandle;

use super::*;
use crate::body::{self, BodyLimits};

const GET: &str = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

/// Longer than any limit in these tests, shorter than anybody's patience.
const PATIENCE: Duration = Duration::from_secs(10);

struct Stand {
    address: SocketAddr,
    traffic: Arc<Traffic>,
    stop: CancellationToken,
    serving: JoinHandle<Drained>,
}

fn router() -> Router {
    Router::new()
        .route("/", get(|Extension(Peer(peer)): Extension<Peer>| async move { peer.to_string() }))
        .route(
            "/slow",
            get(|| async {
                tokio::time::sleep(Duration::from_millis(300)).await;
                "slow"
            }),
        )
        .route("/never", get(std::future::pending::<&'static str>))
        .route("/panic", get(|| async { panicking() }))
        .route("/body", post(measure))
}

fn panicking() -> &'static str {
    panic!("on purpose")
}

async fn measure(headers: HeaderMap, body: axum::body::Body) -> Result<String, StatusCode> {
    let taken = body::take(&headers, body, &BodyLimits::default()).await;
    taken.map(|bytes| bytes.len().to_string()).map_err(|error| error.status())
}

fn quick() -> Limits {
    let tenth = Duration::from_millis(100);
    Limits {
        first_byte: tenth,
        handshake: tenth,
        head: tenth,
        idle: 3 * tenth,
        drain: 5 * tenth,
        ..Limits::default()
    }
}

async fn stand(limits: Limits, tls: Option<Arc<ServerConfig>>) -> Stand {
    let listener =
        Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a free port");
    let address = listener.address();
    let traffic = Arc::new(Traffic::default());
    let stop = CancellationToken::new();
    let service = Service { router: router(), tls, limits, traffic: Arc::clone(&traffic) };
    let serving = tokio::spawn(listener.serve(service, stop.clone()));
    Stand { address, traffic, stop, serving }
}

impl Stand {
    async fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).await.expect("a connection")
    }

    async fn ended(&self, how: Ended) {
        let until = Instant::now() + PATIENCE;
        while self.traffic.ended(how) == 0 {
            assert!(Instant::now() < until, "no connection ended {how:?}: {:?}", self.traffic);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    async fn stopped(self) -> Drained {
        self.stop.cancel();
        tokio::time::timeout(PATIENCE, self.serving).await.expect("an end").expect("no panic")
    }
}

/// Reads one answer: its status line and body, by its content length.
async fn answer(stream: &mut (impl AsyncRead + Unpin)) -> (String, String) {
    let mut read = Vec::new();
    loop {
        let text = String::from_utf8_lossy(&read);
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let lower = head.to_ascii_lowercase();
            let length = lower
                .split("content-length: ")
                .nth(1)
                .and_then(|rest| rest.split("\r\n").next()?.parse::<usize>().ok());
            if body.len() >= length.unwrap_or(0) {
                let status = head.split("\r\n").next().unwrap_or("").to_owned();
                return (status, body.to_owned());
            }
        }
        let mut chunk = [0; 4_096];
        let count = tokio::time::timeout(PATIENCE, stream.read(&mut chunk))
            .await
            .expect("an answer in time")
            .expect("an answer");
        assert!(count > 0, "closed after {:?}", String::from_utf8_lossy(&read));
        read.extend_from_slice(&chunk[..count]);
    }
}

async fn asked(stream: &mut (impl AsyncRead + AsyncWrite + Unpin), request: &str) -> String {
    stream.write_all(request.as_bytes()).await.expect("written");
    answer(stream).await.0
}

/// Waits for the server's end of the connection.
async fn closed(stream: &mut TcpStream) {
    let mut rest = Vec::new();
    // A reset is an end as well.
    tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await.expect("an end").ok();
}

#[tokio::test]
async fn requests_are_answered_and_know_their_peer() {
    let stand = stand(Limits::default(), None).await;
    assert_ne!(stand.address.port(), 0);
    let mut stream = stand.connect().await;
    for _ in 0..3 {
        stream.write_all(GET.as_bytes()).await.expect("written");
        let (status, body) = answer(&mut stream).await;
        assert_eq!(status, "HTTP/1.1 200 OK");
        assert_eq!(body, stream.local_addr().expect("an address").to_string());
    }
    assert_eq!((stand.traffic.accepted(), stand.traffic.requests()), (1, 3));
    assert_eq!(stand.traffic.open(), 1);
    drop(stream);
    stand.ended(Ended::Done).await;
    assert_eq!(stand.stopped().await, Drained { cut: 0 });
}

#[tokio::test]
async fn http_2_is_spoken_to_those_who_begin_with_it() {
    let stand = stand(Limits::default(), None).await;
    let mut stream = stand.connect().await;
    stream.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0").await.expect("sent");
    let mut frame = [0; 9];
    tokio::time::timeout(PATIENCE, stream.read_exact(&mut frame)).await.expect("soon").expect("9");
    assert_eq!(frame[3], 4, "settings come first");
    assert_eq!(stand.stopped().await, Drained { cut: 0 });
}

#[tokio::test]
async fn who_says_nothing_or_too_little_at_first_is_let_go() {
    for begin in ["", "P", "PRI * HTTP/2.0\r\n", "GET / HT", "GET / HTTP/1.1\r\nHost: x\r\nA: "] {
        let stand = stand(quick(), None).await;
        let mut stream = stand.connect().await;
        stream.write_all(begin.as_bytes()).await.expect("written");
        closed(&mut stream).await;
        stand.ended(Ended::SlowStart).await;
    }
}

#[tokio::test]
async fn a_head_dripped_byte_by_byte_is_not_waited_for() {
    let stand = stand(quick(), None).await;
    let mut stream = stand.connect().await;
    let begun = Instant::now();
    assert_eq!(asked(&mut stream, GET).await, "HTTP/1.1 200 OK");
    stream.write_all(b"GET / HTTP/1.1\r\n").await.expect("written");
    while stream.write_all(b"A: b\r\n").await.is_ok() {
        tokio::time::sleep(Duration::from_millis(20)).await;
        assert!(begun.elapsed() < PATIENCE, "still listening");
    }
    stand.ended(Ended::SlowHead).await;
}

#[tokio::test]
async fn the_idle_and_the_old_are_let_go() {
    let limits = quick();
    let idle = stand(limits, None).await;
    let mut stream = idle.connect().await;
    assert_eq!(asked(&mut stream, GET).await, "HTTP/1.1 200 OK");
    closed(&mut stream).await;
    idle.ended(Ended::Idle).await;

    let aged = stand(Limits { age: Duration::from_millis(200), ..limits }, None).await;
    let mut stream = aged.connect().await;
    while stream.write_all(GET.as_bytes()).await.is_ok() {
        let mut chunk = [0; 4_096];
        match stream.read(&mut chunk).await {
            Ok(0) | Err(_) => break,
            Ok(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
    aged.ended(Ended::Aged).await;
}

#[tokio::test]
async fn a_request_under_way_is_neither_idle_nor_slow() {
    let limits = Limits { idle: Duration::from_millis(50), ..quick() };
    let stand = stand(limits, None).await;
    let mut stream = stand.connect().await;
    let status = asked(&mut stream, "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
    assert_eq!(status, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn one_too_many_waits_for_a_place() {
    let stand = stand(Limits { connections_max: 1, ..Limits::default() }, None).await;
    let mut first = stand.connect().await;
    assert_eq!(asked(&mut first, GET).await, "HTTP/1.1 200 OK");
    let mut second = stand.connect().await;
    second.write_all(GET.as_bytes()).await.expect("into the queue");
    let early = tokio::time::timeout(Duration::from_millis(100), second.read_u8()).await;
    assert!(early.is_err(), "served beside the first");
    assert_eq!(stand.traffic.times_full(), 1);
    drop(first);
    assert_eq!(answer(&mut second).await.0, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn a_burst_waits_in_the_systems_queue() {
    // More than the system's customary 128, before anybody accepts.
    const BURST: usize = 300;
    let listener = Listener::bind(SocketAddr::from(([127, 0, 0, 1], 0))).await.expect("a port");
    let mut streams = Vec::with_capacity(BURST);
    for number in 0..BURST {
        let connecting = TcpStream::connect(listener.address());
        let stream = tokio::time::timeout(PATIENCE, connecting).await;
        streams.push(stream.unwrap_or_else(|_| panic!("{number} is not let in")).expect("let in"));
    }
}

#[tokio::test]
async fn heads_of_every_bad_shape_are_answered_or_closed() {
    let stand = stand(quick(), None).await;
    let many = format!("GET / HTTP/1.1\r\nHost: x\r\n{}\r\n", "A: b\r\n".repeat(101));
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nA: {}\r\n\r\n", "b".repeat(40_000));
    for (request, want) in [
        (many.as_str(), "HTTP/1.1 431 Request Header Fields Too Large"),
        (long.as_str(), "HTTP/1.1 431 Request Header Fields Too Large"),
        ("nonsense\r\n\r\n", "HTTP/1.1 400 Bad Request"),
        ("GET / HTTP/1.1\r\nbad header\r\n\r\n", "HTTP/1.1 400 Bad Request"),
        ("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: x\r\n\r\n", "HTTP/1.1 400 Bad Request"),
    ] {
        let mut stream = stand.connect().await;
        // The answer may come, and the connection go, before all is written.
        stream.write_all(request.as_bytes()).await.ok();
        assert_eq!(answer(&mut stream).await.0, want, "{request:.40}");
    }
    let mut stream = stand.connect().await;
    stream.write_all(b"\x16\x03\x01\x00\xff\x00").await.expect("TLS where none is spoken");
    closed(&mut stream).await;
    let mut stream = stand.connect().await;
    assert_eq!(asked(&mut stream, GET).await, "HTTP/1.1 200 OK", "still there");
}

#[tokio::test]
async fn a_body_too_large_is_answered_not_cut_off() {
    let stand = stand(Limits::default(), None).await;
    for (bytes, want) in [
        (0, "HTTP/1.1 200 OK"),
        (64 * 1024, "HTTP/1.1 200 OK"),
        (64 * 1024 + 1, "HTTP/1.1 413 Payload Too Large"),
        (1_000_000, "HTTP/1.1 413 Payload Too Large"),
    ] {
        let mut stream = stand.connect().await;
        let head = format!("POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: {bytes}\r\n\r\n");
        stream.write_all(head.as_bytes()).await.expect("written");
        stream.write_all(&vec![b'x'; bytes]).await.expect("written");
        assert_eq!(answer(&mut stream).await.0, want, "{bytes}");
        assert_eq!(asked(&mut stream, GET).await, "HTTP/1.1 200 OK", "after {bytes}");
    }
    let mut stream = stand.connect().await;
    let head = "POST /body HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\
                Expect: 100-continue\r\n\r\n";
    assert_eq!(asked(&mut stream, head).await, "HTTP/1.1 413 Payload Too Large");
}

#[tokio::test]
async fn a_panic_costs_one_connection() {
    let stand = stand(quick(), None).await;
    let mut stream = stand.connect().await;
    stream.write_all(b"GET /panic HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("written");
    closed(&mut stream).await;
    stand.ended(Ended::Failed).await;
    let mut stream = stand.connect().await;
    assert_eq!(asked(&mut stream, GET).await, "HTTP/1.1 200 OK");
}

#[tokio::test]
async fn stopping_lets_requests_finish_and_takes_no_new_ones() {
    let stand = stand(quick(), None).await;
    let mut idle = stand.connect().await;
    assert_eq!(asked(&mut idle, GET).await, "HTTP/1.1 200 OK");
    let mut stream = stand.connect().await;
    stream.write_all(b"GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("written");
    while stand.traffic.requests() < 2 {
        tokio::task::yield_now().await;
    }
    stand.stop.cancel();
    closed(&mut idle).await;
    assert_eq!(answer(&mut stream).await, ("HTTP/1.1 200 OK".to_owned(), "slow".to_owned()));
    let (address, traffic) = (stand.address, Arc::clone(&stand.traffic));
    assert_eq!(stand.stopped().await, Drained { cut: 0 });
    assert!(TcpStream::connect(address).await.is_err());
    assert_eq!(traffic.ended(Ended::Drained), 2);
    assert_eq!(traffic.open(), 0);
}

#[tokio::test]
async fn stopping_cuts_what_does_not_end() {
    let stand = stand(quick(), None).await;
    let mut stream = stand.connect().await;
    stream.write_all(b"GET /never HTTP/1.1\r\nHost: x\r\n\r\n").await.expect("written");
    while stand.traffic.requests() == 0 {
        tokio::task::yield_now().await;
    }
    let traffic = Arc::clone(&stand.traffic);
    assert_eq!(stand.stopped().await, Drained { cut: 1 });
    closed(&mut stream).await;
    assert_eq!(traffic.ended(Ended::Cut), 1);
}

mod tls;
