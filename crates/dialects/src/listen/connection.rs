//! One connection from its first byte to its last. A watch looks at it every so often, instead of a
//! timer being set for every request: a limit may be overrun by one look, which harms nobody, and
//! a busy connection pays one addition per read.

mod line;
mod pulse;

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response, Version};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tower::Service as _;

use super::{Ended, Limits, Peer, Service, Traffic};
use line::{Line, Wire};
use pulse::{Pulse, Verdict};

/// Time between two looks at most.
const LOOK_MAX: Duration = Duration::from_secs(5);

/// Time between two looks at least, also under tiny limits.
const LOOK_MIN: Duration = Duration::from_millis(5);

/// Silence after which a connection that was told to go is let go of.
const PARTING_LOOK: Duration = Duration::from_secs(1);

/// Looks at a connection that was told to go and is still writing: a minute for the largest export.
const PARTING_LOOKS_MAX: u32 = 60;

/// What all connections share.
pub(super) struct Host {
    router: Router,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    traffic: Arc<Traffic>,
    protocol: auto::Builder<TokioExecutor>,
    look: Duration,
    stop: CancellationToken,
    cut: CancellationToken,
}

impl Host {
    pub(super) fn new(service: Service, stop: CancellationToken, cut: CancellationToken) -> Self {
        let limits = service.limits;
        let shortest = limits.first_byte.min(limits.head).min(limits.idle).min(limits.age);
        Self {
            router: service.router,
            tls: service.tls.map(TlsAcceptor::from),
            limits,
            traffic: service.traffic,
            protocol: protocol(&limits),
            look: (shortest / 2).clamp(LOOK_MIN, LOOK_MAX),
            stop,
            cut,
        }
    }

    pub(super) fn traffic(&self) -> &Traffic {
        &self.traffic
    }
}

fn protocol(limits: &Limits) -> auto::Builder<TokioExecutor> {
    let mut builder = auto::Builder::new(TokioExecutor::new());
    // No timer for heads: the watch does it, at no cost per request.
    builder
        .http1()
        .header_read_timeout(None)
        .max_buf_size(limits.head_bytes_max.max(8 * 1024))
        .half_close(false);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams_max)
        .max_header_list_size(u32::try_from(limits.head_bytes_max).unwrap_or(u32::MAX));
    builder
}

/// Attends one connection until it ends.
pub(super) async fn attend(host: &Host, stream: TcpStream, peer: SocketAddr) {
    let mut leaving = Leaving { traffic: &host.traffic, ended: Ended::Failed };
    host.traffic.accept();
    // Answers are small and written whole: waiting for more to send only delays them.
    stream.set_nodelay(true).ok();
    leaving.ended = match shake_hands(host, stream).await {
        Some(wire) => converse(host, wire, peer).await,
        None => Ended::Handshake,
    };
    tracing::debug!(%peer, ended = leaving.ended.word(), "a connection ended");
}

/// Counts the end of a connection however it comes, also by a handler's panic.
struct Leaving<'t> {
    traffic: &'t Traffic,
    ended: Ended,
}

impl Drop for Leaving<'_> {
    fn drop(&mut self) {
        self.traffic.end(self.ended);
    }
}

async fn shake_hands(host: &Host, stream: TcpStream) -> Option<Wire> {
    let Some(tls) = &host.tls else { return Some(Wire::Plain(stream)) };
    let handshake = tokio::time::timeout(host.limits.handshake, tls.accept(stream));
    let shaken = tokio::select! {
        // Nothing was asked yet, so nothing is lost.
        () = host.stop.cancelled() => return None,
        shaken = handshake => shaken,
    };
    Some(Wire::Tls(Box::new(shaken.ok()?.ok()?)))
}

async fn converse(host: &Host, wire: Wire, peer: SocketAddr) -> Ended {
    let pulse = Arc::new(Pulse::new());
    let io = TokioIo::new(Line::new(wire, Arc::clone(&pulse)));
    let router = host.router.clone();
    let answering = Arc::clone(&pulse);
    let service = service_fn(move |request| {
        answer(router.clone(), request, peer, Arc::clone(&answering), Arc::clone(&host.traffic))
    });
    let mut conversation = pin!(host.protocol.serve_connection(io, service));
    let reason = tokio::select! {
        biased;
        ended = &mut conversation => return if ended.is_ok() { Ended::Done } else { Ended::Failed },
        () = host.stop.cancelled() => Ended::Drained,
        reason = watch(&pulse, host) => reason,
    };
    if matches!(reason, Ended::SlowStart | Ended::SlowHead) {
        return reason;
    }
    // No more requests; what is under way is answered first.
    conversation.as_mut().graceful_shutdown();
    tokio::select! {
        biased;
        _ = &mut conversation => reason,
        () = host.cut.cancelled() => Ended::Cut,
        () = see_off(&pulse) => reason,
    }
}

/// Looks at the connection until there is a reason to end it.
async fn watch(pulse: &Pulse, host: &Host) -> Ended {
    loop {
        tokio::time::sleep(host.look).await;
        if let Verdict::Part(reason) = pulse.judge(&host.limits) {
            return reason;
        }
    }
}

/// Waits for the end of a connection that was told to go, for those who do not listen: a client of
/// HTTP/2 is asked for a sign that it understood, and need not give it.
async fn see_off(pulse: &Pulse) {
    for _ in 0..PARTING_LOOKS_MAX {
        tokio::time::sleep(PARTING_LOOK).await;
        if !pulse.is_busy() && pulse.is_quiet_for(PARTING_LOOK) {
            return;
        }
    }
    while pulse.is_busy() {
        tokio::time::sleep(PARTING_LOOK).await;
    }
}

async fn answer(
    mut router: Router,
    request: Request<Incoming>,
    peer: SocketAddr,
    pulse: Arc<Pulse>,
    traffic: Arc<Traffic>,
) -> Result<Response<Body>, Infallible> {
    let _under_way = pulse.request(request.version() == Version::HTTP_2);
    traffic.request();
    let mut request = request.map(Body::new);
    request.extensions_mut().insert(Peer(peer));
    router.call(request).await
}
