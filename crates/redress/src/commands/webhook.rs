//! `webhook …`: where an account's events go. In the directory of a demo every endpoint has the
//! secret that `demo.json` names, unless told otherwise, so that a receiver can be written before
//! the endpoint is added.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow, ensure};
use courier::guard::addresses::{Ground, out_of_bounds};
use courier::guard::{LookUp as _, Refused, SystemLookUp};
use courier::webhook::SigningKey;
use domain::Env;
use domain::account::Endpoint;
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
    match command {
        WebhookCommand::Add { tenant, env, url, secret_file, new_secret, json } => {
            let (house, secret) = prepared(way, &url, secret_file.as_deref(), new_secret).await?;
            let scope = scope(&house.desk, &tenant, env).await?;
            let made = house.desk.add_endpoint(scope, &url, secret).await;
            let (id, secret) = made.map_err(explained)?;
            let secret = secret.reveal();
            say(&match json {
                true => json!({ "id": id.as_str(), "secret": secret }).to_string(),
                false => {
                    format!("webhook  {id}\nsecret   {secret}\n\nThe secret is not shown again.")
                }
            });
        }
        WebhookCommand::List { tenant } => {
            let house = way.open(Wanted::Existing).await?;
            for one in endpoints(&house, &tenant).await? {
                let off = one.disabled_at.map_or("", |_| "  removed");
                say(&format!("{}  {}{off}  {}", one.id, one.scope.env(), one.url));
            }
        }
        WebhookCommand::Remove { id, tenant } => {
            let house = way.open(Wanted::Existing).await?;
            remove(&house, &tenant, &id).await?;
            say(&format!("{id} is removed; a running server sends there for a second at most"));
        }
    }
    Ok(Outcome::Done)
}

/// The account's endpoints in both environments.
async fn endpoints(house: &House, tenant: &str) -> anyhow::Result<Vec<Endpoint>> {
    let of = scope(&house.desk, tenant, Env::Production).await?.tenant();
    let mut all = house.desk.endpoints().await.map_err(explained)?;
    all.retain(|one| one.scope.tenant() == of);
    Ok(all)
}

async fn remove(house: &House, tenant: &str, id: &str) -> anyhow::Result<()> {
    let all = endpoints(house, tenant).await?;
    let found = all.into_iter().find(|one| one.id.as_str() == id);
    let removed = match found {
        Some(one) => house.desk.disable_endpoint(one.scope, one.id).await.map_err(explained)?,
        None => false,
    };
    ensure!(
        removed,
        "{tenant} has no webhook `{id}` that could be removed; `redress webhook list --tenant \
         {tenant}` names its webhooks"
    );
    Ok(())
}

/// Checks what was given for a new endpoint; the secret is none when a new one is wanted.
async fn prepared(
    way: &Way,
    url: &str,
    secret_file: Option<&Path>,
    new_secret: bool,
) -> anyhow::Result<(House, Option<Secret>)> {
    let given = secret_file.map(text_of).transpose()?.map(Secret::new);
    if let Some(secret) = &given {
        SigningKey::parse(secret.reveal()).context("--secret-file")?;
    }
    let house = way.open(Wanted::Existing).await?;
    check(&house, url).await?;
    let secret = match given {
        None if !new_secret => usual_secret(&house)?,
        given => given,
    };
    Ok((house, secret))
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

/// How long the name of a new endpoint may take to resolve; it is only looked up for a warning.
const LOOK_UP_MAX: Duration = Duration::from_secs(5);

/// Refuses what is no address. What the rules for outgoing requests forbid is only told, since the
/// server may be started with other rules than this command.
///
/// # Errors
/// It is no http or https address with a host.
pub async fn check(house: &House, url: &str) -> anyhow::Result<()> {
    let webhooks = &house.settings.webhooks;
    let warned = match server::guard(webhooks)?.check(url) {
        // With rules set, which of them opens the name is for the guard to say, at sending.
        Ok(_) if !webhooks.allow.is_empty() => None,
        Ok(url) => leads_inside(url.host_str().unwrap_or_default()).await,
        Err(why @ (Refused::Port { .. } | Refused::Address { .. } | Refused::Name { .. })) => {
            Some(why)
        }
        Err(why) => return Err(anyhow!("--url: {why}")),
    };
    if let Some(why) = warned {
        eprintln!(
            "redress: deliveries will fail: {why}; a server whose setting `webhooks.allow` names \
             the target delivers"
        );
    }
    Ok(())
}

/// Why nothing would be delivered to `host`, when every address that it has now leads inside. A
/// name that does not resolve now may do so later.
async fn leads_inside(host: &str) -> Option<Refused> {
    let found = tokio::time::timeout(LOOK_UP_MAX, SystemLookUp.look_up(host)).await.ok()?.ok()?;
    let grounds: Option<Vec<Ground>> = found.into_iter().map(out_of_bounds).collect();
    let ground = *grounds?.last()?;
    Some(Refused::Name { host: host.to_owned(), ground })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_name_of_this_machine_is_told_and_no_other() {
        let told = leads_inside("127.0.0.1").await.expect("told");
        assert_eq!(told, Refused::Name { host: "127.0.0.1".to_owned(), ground: Ground::Loopback });
        assert_eq!(leads_inside("93.184.216.34").await, None);
    }
}
