//! `serve`: the server on a directory for real use.

use super::{Outcome, say};
use crate::cli::ServeArgs;
use crate::directory::Kind;
use crate::server::Server;
use crate::settings::{Flag, Settings};
use crate::telemetry;
use crate::wiring::{House, Wanted, Way};

/// Runs until it is asked to stop.
///
/// # Errors
/// Something cannot be opened, or the server ended by itself.
pub async fn run(way: &Way, args: &ServeArgs) -> anyhow::Result<Outcome> {
    let settings = settings(way, args.listen)?;
    telemetry::start(&settings.log)?;
    // Before anything is made: a start on a taken port leaves nothing behind.
    let server = Server::bind(&settings).await?;
    let directory = way.directory(Wanted::Kind(Kind::Serve))?;
    let _lock = directory.lock()?;
    let house = House::open_to_serve(directory, settings, args.accept_database).await?;
    let url = server.bound_url().to_owned();
    let tenants = house.desk.tenants().await.map_err(crate::wiring::explained)?;
    if tenants.is_empty() {
        let dir = house.directory.root().display().to_string();
        tracing::warn!(dir, "nobody can call yet: `redress tenant add`, then `redress key add`");
    }
    server
        .run(house, || {
            say(&format!("redress listens on {url}"));
            Ok(())
        })
        .await?;
    Ok(Outcome::Done)
}

/// The settings with the flag over them.
///
/// # Errors
/// A setting cannot be used.
pub fn settings(way: &Way, listen: Option<std::net::SocketAddr>) -> anyhow::Result<Settings> {
    let listen = listen.map(|listen| listen.to_string());
    let flag =
        listen.as_deref().map(|value| Flag { name: "--listen", key: "server.listen", value });
    way.settings(flag.as_slice())
}
