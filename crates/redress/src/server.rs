//! The running server: listeners, courier, housekeeping, and their orderly end. `serve` and `demo`
//! both run it and differ only in what they set up before. It never decides anything: it wires what
//! others decide to sockets, periods and signals.

mod certificate;
mod courier;
mod edges;
mod evidence;
mod house;
mod manager;
mod schema;
mod tls;

use std::io::IsTerminal as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use dialects::App;
use dialects::listen::{Drained, Listener, Service, Traffic};
use store::migrate::MIGRATIONS;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio_util::sync::{CancellationToken, DropGuard};

pub use courier::{guard, letters, mail};
pub use edges::messages;
pub use evidence::cabinet;
pub use tls::Certificates;

use crate::directory::write_private;
use crate::settings::Settings;
use crate::wiring::House;

/// A server whose addresses are bound and which serves nobody yet.
pub struct Server {
    listener: Listener,
    metrics: Option<Listener>,
    base_url: String,
    bound_url: String,
}

impl Server {
    /// Binds the addresses.
    ///
    /// # Errors
    /// One is taken, not this machine's, or needs more rights.
    pub async fn bind(settings: &Settings) -> anyhow::Result<Self> {
        let listener = bind(settings.server.listen, "--listen or the setting `server.listen`");
        let listener = listener.await?;
        let metrics = match settings.metrics.listen {
            Some(address) => Some(bind(address, "the setting `metrics.listen`").await?),
            None => None,
        };
        let scheme = if settings.server.tls_cert_file.is_some() { "https" } else { "http" };
        let bound_url = format!("{scheme}://{}", reachable(listener.address()));
        let base_url = settings.server.public_url.clone().unwrap_or_else(|| bound_url.clone());
        Ok(Self { listener, metrics, base_url, bound_url })
    }

    /// Under which clients reach it, without a slash at the end.
    pub fn base_url(&self) -> &str {
        &self.base_url
    }

    /// Where it listens, as an address that can be called from this machine.
    pub fn bound_url(&self) -> &str {
        &self.bound_url
    }

    /// Serves until SIGTERM or SIGINT, then lets what is under way finish. `ready` is called when
    /// everything runs. A second signal ends it at once.
    ///
    /// # Errors
    /// Something cannot be set up, a part ended by itself, or a second signal came.
    pub async fn run(
        self,
        house: House,
        ready: impl FnOnce() -> anyhow::Result<()>,
    ) -> anyhow::Result<()> {
        // Before anyone believes that it serves: a key that is missing would show as signed calls
        // that are refused and webhooks that are never sent.
        house.desk.open_all_secrets().await.map_err(crate::wiring::explained)?;
        evidence::furnish(&house).await?;
        let mut signals = Signals::new()?;
        let stop = CancellationToken::new();
        let address = AddressFile::write(&house, &self.bound_url)?;
        let keeper = house::start(&house);
        let asked = Arc::new(Notify::new());
        let mut parts = self.start(&house, &stop, &asked)?;
        ready()?;
        manager::tell(manager::State::Ready);
        let early = tokio::select! {
            name = signals.next(&asked) => {
                tracing::info!(signal = name, "stopping: what is under way may finish");
                None
            }
            ended = parts.join_next() => Some(name_of(ended)),
        };
        manager::tell(manager::State::Stopping);
        stop.cancel();
        let settled = async {
            while let Some(ended) = parts.join_next().await {
                tracing::debug!(part = name_of(Some(ended)), "ended");
            }
            keeper.finish().await;
        };
        let cut = tokio::select! {
            () = settled => false,
            _ = signals.next(&asked) => true,
        };
        drop(address);
        match (early, cut) {
            (Some(name), _) => bail!("{name} ended by itself; the log above says more"),
            (None, true) => bail!("stopped at once by a second signal"),
            (None, false) => Ok(()),
        }
    }

    /// Starts what serves and what sends. Each part gives its name when it ends.
    fn start(
        self,
        house: &House,
        stop: &CancellationToken,
        asked: &Arc<Notify>,
    ) -> anyhow::Result<JoinSet<&'static str>> {
        edges::raise_open_files(&house.settings.server);
        let settings = edges::dialects(&house.settings)?;
        house.desk.keep_nonces_for(settings.iimmpact.window);
        let traffic = Arc::clone(&settings.ops.figures.traffic);
        let app = App::new(house.desk.clone(), settings);
        let limits = edges::limits(&house.settings.server);
        let certificates = Certificates::read(&house.settings.server)?.map(Arc::new);
        let service = Service {
            router: dialects::router(app.clone()),
            tls: certificates.as_ref().map(Certificates::config).transpose()?,
            limits,
            traffic,
        };
        let courier = courier::start_courier(house)?;
        let mut parts = JoinSet::new();
        if let Some(certificates) = certificates {
            let (until, asked) = (stop.clone(), Arc::clone(asked));
            parts.spawn(async move {
                until.run_until_cancelled(certificates.follow(&asked)).await;
                "the watch over the certificate"
            });
        }
        let (db, until) = (house.db.clone(), stop.clone());
        parts.spawn(async move {
            until.run_until_cancelled(schema::outgrown(&db, MIGRATIONS.len())).await;
            "the watch over the schema"
        });
        let (listener, until) = (self.listener, stop.clone());
        parts.spawn(async move {
            tell_drained(listener.serve(service, until).await);
            "the listener"
        });
        if let Some(listener) = self.metrics {
            let router = dialects::ops::metrics_router(app);
            let traffic = Arc::<Traffic>::default();
            let (service, until) = (Service { router, tls: None, limits, traffic }, stop.clone());
            parts.spawn(async move {
                listener.serve(service, until).await;
                "the metrics listener"
            });
        }
        let until = stop.clone();
        parts.spawn(async move {
            courier.run(until).await;
            "the courier"
        });
        Ok(parts)
    }
}

fn tell_drained(drained: Drained) {
    if drained.cut > 0 {
        let cut = drained.cut;
        tracing::warn!(cut, "requests still under way after `server.drain_timeout_s` were cut");
    }
}

fn name_of(ended: Option<Result<&'static str, tokio::task::JoinError>>) -> &'static str {
    match ended {
        Some(Ok(name)) => name,
        Some(Err(why)) => {
            tracing::error!(%why, "a part of the server broke");
            "a part of the server"
        }
        None => "everything",
    }
}

async fn bind(address: SocketAddr, named_by: &str) -> anyhow::Result<Listener> {
    use std::io::ErrorKind;
    Listener::bind(address).await.map_err(|why| match why.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "{address} is taken by another program: stop it, or choose another address with \
             {named_by}; port 0 takes a free one"
        ),
        ErrorKind::AddrNotAvailable => {
            anyhow!("{address} is no address of this machine: choose one that is with {named_by}")
        }
        ErrorKind::PermissionDenied => anyhow!(
            "{address} needs more rights than this program has, as ports below 1024 do: choose \
             another with {named_by}"
        ),
        _ => anyhow::Error::new(why).context(format!("cannot listen on {address}")),
    })
}

/// An address that can be called: a server on all addresses is reached on the loopback one.
fn reachable(bound: SocketAddr) -> SocketAddr {
    let ip = match bound.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, bound.port())
}

/// The signals that mean: stop. And one that means: read the certificate again.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// Not on a terminal: what was started there ends when it is closed.
    hangup: Option<Signal>,
}

impl Signals {
    fn new() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("listening for signals");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: match std::io::stdin().is_terminal() {
                true => None,
                false => Some(listen(SignalKind::hangup())?),
            },
        })
    }

    /// The next that means: stop. Until then each SIGHUP is passed on.
    async fn next(&mut self, asked: &Notify) -> &'static str {
        loop {
            let hangup = async {
                match &mut self.hangup {
                    Some(hangup) => hangup.recv().await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                _ = self.terminate.recv() => return "SIGTERM",
                _ = self.interrupt.recv() => return "SIGINT",
                _ = hangup => asked.notify_one(),
            }
        }
    }
}

/// The file that says where the server is; it goes with the server.
struct AddressFile(PathBuf);

impl AddressFile {
    fn write(house: &House, url: &str) -> anyhow::Result<Self> {
        let path = house.directory.address();
        write_private(&path, format!("{url}\n").as_bytes())?;
        Ok(Self(path))
    }
}

impl Drop for AddressFile {
    fn drop(&mut self) {
        // A file left behind by a crash is written anew by the next start.
        drop(std::fs::remove_file(&self.0));
    }
}

/// The housekeeping, and the way to end it after everything else. Dropping it ends it too.
struct Keeper {
    stop: DropGuard,
    task: JoinHandle<()>,
}

impl Keeper {
    async fn finish(self) {
        drop(self.stop);
        if let Err(why) = self.task.await {
            tracing::error!(%why, "housekeeping broke");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_all_addresses_is_called_on_this_machine() {
        for (bound, called) in [
            ("0.0.0.0:8080", "127.0.0.1:8080"),
            ("[::]:8080", "[::1]:8080"),
            ("192.0.2.7:80", "192.0.2.7:80"),
        ] {
            let bound: SocketAddr = bound.parse().expect("an address");
            assert_eq!(reachable(bound).to_string(), called);
        }
    }

    #[tokio::test]
    async fn a_taken_address_is_named_with_what_to_do() {
        let first = Listener::bind(([127, 0, 0, 1], 0).into()).await.expect("bound");
        let said = bind(first.address(), "--listen").await.expect_err("taken").to_string();
        assert!(said.contains(&first.address().to_string()) && said.contains("--listen"), "{said}");
    }
}
