//! The accept loop: connections in, an axum router behind them. Everything a stranger can make last
//! is limited here: the first byte, the TLS handshake, a request's head, idleness, a connection's
//! age, their number. It never looks into a request; bodies are limited where they are read.
//!
//! The framework's own loop has no limit on the first bytes and an inert one on heads, hence ours.

mod connection;
#[cfg(test)]
mod tests;
mod traffic;

pub use traffic::{Ended, Traffic};

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use rustls::ServerConfig;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;

use connection::Host;

/// How long the loop rests when the system refuses a new connection, as it does when it is out of
/// file descriptors. Trying at once would only burn the core that might free some.
const REST_AFTER_ERROR: Duration = Duration::from_millis(200);

/// How long connections still there at the drain's end have to notice that they are cut.
const CUT_TIME: Duration = Duration::from_secs(1);

/// Connections that wait in the system's queue at most, where the system allows as many: a burst as
/// large as all places together, while the loop is busy for a moment.
const BACKLOG: u32 = 1_024;

/// Who is at the other end of the connection: the caller, or the proxy before him. Set on every
/// request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// What a connection may take. Each can be set by the operator. Headers of an HTTP/1 request are
/// limited to hyper's 100, not by a setting: setting it costs an allocation per request.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Connections at a time. More wait in the system's queue.
    pub connections_max: u32,
    /// From accepting to the first byte.
    pub first_byte: Duration,
    /// The TLS handshake, when there is one.
    pub handshake: Duration,
    /// From a request's first byte to the end of its head.
    pub head: Duration,
    /// Without a request, and without a byte either way.
    pub idle: Duration,
    /// Of a connection; then it is ended politely. Bounds those who keep one busy with trifles.
    pub age: Duration,
    /// Bytes of a request's head, at least 8192 (what hyper needs).
    pub head_bytes_max: usize,
    /// Requests at a time on one HTTP/2 connection.
    pub streams_max: u32,
    /// For requests under way when the program is asked to stop.
    pub drain: Duration,
}

impl Default for Limits {
    /// A small machine behind a fair network: at 1,024 connections of some 40 KiB, 40 MiB at most.
    fn default() -> Self {
        Self {
            connections_max: 1_024,
            first_byte: Duration::from_secs(10),
            handshake: Duration::from_secs(10),
            head: Duration::from_secs(10),
            idle: Duration::from_secs(75),
            age: Duration::from_secs(3_600),
            head_bytes_max: 32 * 1024,
            streams_max: 64,
            drain: Duration::from_secs(20),
        }
    }
}

/// What [`Listener::serve`] serves.
pub struct Service {
    /// Where requests go.
    pub router: Router,
    /// TLS, when this program ends it itself. Its ALPN list says whether HTTP/2 is offered.
    pub tls: Option<Arc<ServerConfig>>,
    /// The limits.
    pub limits: Limits,
    /// Counts what happens, for metrics.
    pub traffic: Arc<Traffic>,
}

/// How serving ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drained {
    /// Connections cut at the end of [`Limits::drain`]; zero is a clean stop.
    pub cut: u32,
}

/// A bound address, not yet served.
#[derive(Debug)]
pub struct Listener {
    tcp: TcpListener,
    address: SocketAddr,
}

impl Listener {
    /// Binds `address`; port 0 lets the system choose.
    ///
    /// # Errors
    /// What the system said: the address is in use, not ours, or needs more rights.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        // Or the next start would wait for the last one's connections to be forgotten. On Windows
        // the same word would let two programs have one port.
        if cfg!(not(windows)) {
            socket.set_reuseaddr(true)?;
        }
        socket.bind(address)?;
        let tcp = socket.listen(BACKLOG)?;
        let address = tcp.local_addr()?;
        Ok(Self { tcp, address })
    }

    /// The bound address, with the port the system chose.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `stop`, then lets requests under way finish within [`Limits::drain`] and cuts
    /// the rest.
    pub async fn serve(self, service: Service, stop: CancellationToken) -> Drained {
        let limits = service.limits;
        let most = limits.connections_max.max(1);
        let places = Arc::new(Semaphore::new(most as usize));
        let cut = CancellationToken::new();
        let host = Arc::new(Host::new(service, stop.clone(), cut.clone()));
        while let Some((stream, peer, place)) = next(&self.tcp, &host, &places, &stop).await {
            let host = Arc::clone(&host);
            tokio::spawn(async move {
                connection::attend(&host, stream, peer).await;
                drop(place);
            });
        }
        // Nobody new is let in while those inside finish.
        drop(self.tcp);
        let empty = places.acquire_many(most);
        if tokio::time::timeout(limits.drain, empty).await.is_ok() {
            return Drained { cut: 0 };
        }
        let inside = most as usize - places.available_permits();
        cut.cancel();
        let empty = places.acquire_many(most);
        drop(tokio::time::timeout(CUT_TIME, empty).await);
        Drained { cut: u32::try_from(inside).unwrap_or(u32::MAX) }
    }
}

/// The next connection, once there is a place for it; nothing when it is time to stop.
async fn next(
    tcp: &TcpListener,
    host: &Host,
    places: &Arc<Semaphore>,
    stop: &CancellationToken,
) -> Option<(TcpStream, SocketAddr, OwnedSemaphorePermit)> {
    let connection = async {
        let place = match Arc::clone(places).try_acquire_owned() {
            Ok(place) => place,
            Err(_) => {
                host.traffic().full();
                Arc::clone(places).acquire_owned().await.ok()?
            }
        };
        let (stream, peer) = accept(tcp).await;
        Some((stream, peer, place))
    };
    tokio::select! {
        biased;
        () = stop.cancelled() => None,
        next = connection => next,
    }
}

async fn accept(tcp: &TcpListener) -> (TcpStream, SocketAddr) {
    loop {
        match tcp.accept().await {
            Ok(accepted) => return accepted,
            // These concern the one connection, which is gone.
            Err(error) if is_the_peers(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection could be accepted; trying again");
                tokio::time::sleep(REST_AFTER_ERROR).await;
            }
        }
    }
}

fn is_the_peers(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::Interrupted
    )
}
