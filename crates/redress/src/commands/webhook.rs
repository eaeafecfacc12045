//! `webhook …`: where an account's events go. In the directory of a demo every endpoint has the
//! secret that `demo.json` names, unless told otherwise, so that a receiver can be written before
//! the endpoint is added.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, anyhow};
use courier::guard::addresses::{Ground, out_of_bounds};
use courier::guard::{LookUp as _, Refused, SystemLookUp};
use courier::webhook::SigningKey;
use desk::admin::AdminDone;
use domain::account::Endpoint;
use domain::admin::{AdminAct, Kind};
use domain::ids::{EndpointId, MessageId};
use domain::{Actor, Env};
use serde_json::json;
use vault::Secret;

use super::operate::{act, act_anywhere, id, moment};
use super::{Outcome, say, scope};
use crate::cli::WebhookCommand;
use crate::demo::manifest::Manifest;
use crate::directory;
use crate::server;
use crate::wiring::{House, Wanted, Way, explained, text_of};

/// Deliveries shown at once: a screen or two.
const DELIVERIES_SHOWN: i64 = 50;

/// Runs the command.
///
/// # Errors
/// No such tenant, an address that is none, a secret that is none; a fault.
pub async fn run(way: &Way, command: WebhookCommand) -> anyhow::Result<Outcome> {
    match command {
        WebhookCommand::Add { tenant, env, url, secret_file, new_secret, json } => {
            let (house, secret) = prepared(way, &url, secret_file.as_deref(), new_secret).await?;
            let scope = scope(&house.desk, &tenant, env).await?;
            let url = domain::admin::check::url("--url", url)?;
            let what = AdminAct::EndpointAdd { url };
            say_secret(&act(&house, scope, &tenant, what, secret).await?, json);
        }
        WebhookCommand::List { tenant } => {
            let house = way.open(Wanted::Existing).await?;
            for one in endpoints(&house, &tenant).await? {
                let off = one.disabled_at.map_or("", |_| "  removed");
                say(&format!("{}  {}{off}  {}", one.id, one.scope.env(), one.url));
            }
        }
        WebhookCommand::Remove { id, tenant } => {
            let what = AdminAct::EndpointDisable { id: endpoint(&id, &tenant)? };
            done(way, &tenant, &what).await?;
            say(&format!("{id} is removed; a running server sends there for a second at most"));
        }
        WebhookCommand::Enable { id, tenant } => {
            let what = AdminAct::EndpointEnable { id: endpoint(&id, &tenant)? };
            done(way, &tenant, &what).await?;
            say(&format!("{id} gets events again"));
        }
        WebhookCommand::Rotate { id, tenant, hours, json } => {
            let what = AdminAct::EndpointRotate { id: endpoint(&id, &tenant)?, hours };
            say_secret(&done(way, &tenant, &what).await?, json);
        }
        WebhookCommand::Test { id, tenant } => {
            let what = AdminAct::EndpointTest { id: endpoint(&id, &tenant)? };
            done(way, &tenant, &what).await?;
            say(&format!(
                "a running server sends it; `redress webhook deliveries {id} --tenant {tenant}` \
                 tells"
            ));
        }
        WebhookCommand::Deliveries { id, tenant } => deliveries(way, &tenant, &id).await?,
        WebhookCommand::Replay { id: text, tenant } => {
            let id = id(MessageId::parse(&text), Kind::Delivery, &tenant)?;
            done(way, &tenant, &AdminAct::DeliveryReplay { id }).await?;
            say(&format!("{text} waits to be sent once more"));
        }
    }
    Ok(Outcome::Done)
}

fn endpoint(text: &str, tenant: &str) -> anyhow::Result<EndpointId> {
    id(EndpointId::parse(text), Kind::Endpoint, tenant)
}

async fn done(way: &Way, tenant: &str, what: &AdminAct) -> anyhow::Result<AdminDone> {
    let house = way.open(Wanted::Existing).await?;
    act_anywhere(&house, tenant, what).await
}

fn say_secret(done: &AdminDone, json: bool) {
    let (id, secret) = (&done.id, done.secret.as_ref().map_or("", Secret::reveal));
    say(&match json {
        true => json!({ "id": id, "secret": secret }).to_string(),
        false => format!("webhook  {id}\nsecret   {secret}\n\nThe secret is not shown again."),
    });
}

/// What went to an endpoint lately, newest first.
async fn deliveries(way: &Way, tenant: &str, text: &str) -> anyhow::Result<()> {
    let house = way.open(Wanted::Existing).await?;
    let wanted = endpoint(text, tenant)?;
    let all = endpoints(&house, tenant).await?;
    let at = all.iter().find(|one| one.id == wanted).map(|one| one.scope);
    let by = Actor::operator(id(at, Kind::Endpoint, tenant)?);
    let list = house.desk.see_deliveries(&by, &wanted, None, DELIVERIES_SHOWN).await;
    for one in list.map_err(explained)? {
        let state = match one.state {
            0 => "waits",
            1 => "done",
            _ => "given up",
        };
        let last = one.tries.last().map_or("", |last| last.detail.as_str());
        say(&format!("{}  {}  {state}  {} tries  {last}", one.id, moment(one.at), one.attempts));
    }
    Ok(())
}

/// The account's endpoints in both environments.
async fn endpoints(house: &House, tenant: &str) -> anyhow::Result<Vec<Endpoint>> {
    let of = scope(&house.desk, tenant, Env::Production).await?.tenant();
    let mut all = house.desk.endpoints().await.map_err(explained)?;
    all.retain(|one| one.scope.tenant() == of);
    Ok(all)
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
    if house.directory.kind() != directory::Kind::Demo {
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
