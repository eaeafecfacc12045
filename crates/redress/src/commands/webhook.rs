//! `webhook add`: where an account's events go. In the directory of a demo every endpoint has the
//! secret that `demo.json` names, unless told otherwise, so that a receiver can be written before
//! the endpoint is added.

use anyhow::{Context, anyhow};
use courier::guard::Refused;
use courier::webhook::SigningKey;
use serde_json::json;
use vault::Secret;

use super::{Outcome, say, scope};
use crate::cli::WebhookCommand;
use crate::demo::manifest::Manifest;
use crate::directory::Kind;
use crate::server;
use crate::wiring::{House, Wanted, Way, explained, text_of};

/// Runs the command.
///
/// # Errors
/// No such tenant, an address that is none, a secret that is none; a fault.
pub async fn run(way: &Way, command: WebhookCommand) -> anyhow::Result<Outcome> {
    let WebhookCommand::Add { tenant, env, url, secret_file, new_secret, json } = command;
    let given = secret_file.as_deref().map(text_of).transpose()?.map(Secret::new);
    if let Some(secret) = &given {
        SigningKey::parse(secret.reveal()).context("--secret-file")?;
    }
    let house = way.open(Wanted::Existing).await?;
    check(&house, &url)?;
    let secret = match given {
        None if !new_secret => usual_secret(&house)?,
        given => given,
    };
    let scope = scope(&house.desk, &tenant, env).await?;
    let (id, secret) = house.desk.add_endpoint(scope, &url, secret).await.map_err(explained)?;
    say(&match json {
        true => json!({ "id": id.as_str(), "secret": secret.reveal() }).to_string(),
        false => {
            format!("webhook  {id}\nsecret   {}\n\nThe secret is not shown again.", secret.reveal())
        }
    });
    Ok(Outcome::Done)
}

/// The demo's secret in a demo's directory; elsewhere none, so that a new one is made.
fn usual_secret(house: &House) -> anyhow::Result<Option<Secret>> {
    if house.directory.kind() != Kind::Demo {
        return Ok(None);
    }
    let manifest = Manifest::read(&house.directory.demo_json());
    let manifest = manifest.context("or make a secret of its own with --new-secret")?;
    Ok(Some(Secret::new(manifest.webhook.secret)))
}

/// Refuses what is no address. What the rules for outgoing requests forbid is only told, since the
/// server may be started with other rules than this command.
pub fn check(house: &House, url: &str) -> anyhow::Result<()> {
    match server::guard(&house.settings.webhooks)?.check(url) {
        Ok(_) => Ok(()),
        Err(why @ (Refused::Port { .. } | Refused::Address { .. } | Refused::Name { .. })) => {
            eprintln!(
                "redress: deliveries will fail: {why}; a server whose setting `webhooks.allow` \
                 names the target delivers"
            );
            Ok(())
        }
        Err(why) => Err(anyhow!("--url: {why}")),
    }
}
