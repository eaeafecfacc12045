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
use domain::{Actor, Refusal};
use serde_json::json;
use vault::Secret;

use super::operate::{act, act_anywhere, id, moment, scopes, tell, time};
use super::{Outcome, say, scope};
use crate::cli::{Of, WebhookCommand};
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
        WebhookCommand::Add { url, secret_file, new_secret, at } => {
            let (house, secret) = prepared(way, &url, secret_file.as_deref(), new_secret).await?;
            let scope = scope(&house.desk, &at.tenant, at.env).await?;
            let url = domain::admin::check::url("--url", url)?;
            let what = AdminAct::EndpointAdd { url };
            say_secret(&act(&house, scope, &at.tenant, what, secret).await?, at.json);
        }
        WebhookCommand::List { at } => {
            let house = way.open(Wanted::Existing).await?;
            for one in endpoints(&house, &at).await? {
                let off = one.disabled_at.map_or("", |_| "  removed");
                let (id, env, url) = (one.id.as_str(), one.scope.env(), &one.url);
                let row = json!({
                    "id": id, "env": env.word(), "url": url, "removed_at": time(one.disabled_at),
                });
                tell(at.json, &row, &format!("{id}  {env}{off}  {url}"));
            }
        }
        WebhookCommand::Remove { id, at } => {
            let what = AdminAct::EndpointDisable { id: endpoint(&id, &at)? };
            done(way, &at, &what).await?;
            let text =
                format!("{id} is removed; a running server sends there for a second at most");
            tell(at.json, &json!({ "id": id }), &text);
        }
        WebhookCommand::Enable { id, at } => {
            let what = AdminAct::EndpointEnable { id: endpoint(&id, &at)? };
            done(way, &at, &what).await?;
            tell(at.json, &json!({ "id": id }), &format!("{id} gets events again"));
        }
        WebhookCommand::Rotate { id, hours, at } => {
            let what = AdminAct::EndpointRotate { id: endpoint(&id, &at)?, hours };
            say_secret(&done(way, &at, &what).await?, at.json);
        }
        WebhookCommand::Test { id, at } => {
            let what = AdminAct::EndpointTest { id: endpoint(&id, &at)? };
            done(way, &at, &what).await?;
            let tenant = &at.tenant;
            let text = format!(
                "a running server sends it; `redress webhook deliveries {id} --tenant {tenant}` \
                 tells"
            );
            tell(at.json, &json!({ "id": id }), &text);
        }
        WebhookCommand::Deliveries { id, at } => deliveries(way, &at, &id).await?,
        WebhookCommand::Replay { id: text, at } => {
            let id = id(MessageId::parse(&text), Kind::Delivery, &at.tenant, None)?;
            done(way, &at, &AdminAct::DeliveryReplay { id }).await?;
            tell(at.json, &json!({ "id": text }), &format!("{text} waits to be sent once more"));
        }
    }
    Ok(Outcome::Done)
}

fn endpoint(text: &str, of: &Of) -> anyhow::Result<EndpointId> {
    id(EndpointId::parse(text), Kind::Endpoint, &of.tenant, None)
}

async fn done(way: &Way, of: &Of, what: &AdminAct) -> anyhow::Result<AdminDone> {
    let house = way.open(Wanted::Existing).await?;
    act_anywhere(&house, of, what).await
}

fn say_secret(done: &AdminDone, json: bool) {
    let (id, secret) = (&done.id, done.secret.as_ref().map_or("", Secret::reveal));
    say(&match json {
        true => json!({ "id": id, "secret": secret }).to_string(),
        false => format!("webhook  {id}\nsecret   {secret}\n\nThe secret is not shown again."),
    });
}

/// What went to an endpoint lately, newest first.
async fn deliveries(way: &Way, of: &Of, text: &str) -> anyhow::Result<()> {
    let house = way.open(Wanted::Existing).await?;
    let wanted = endpoint(text, of)?;
    let all = endpoints(&house, of).await?;
    let at = all.iter().find(|one| one.id == wanted).map(|one| one.scope);
    let by = Actor::operator(id(at, Kind::Endpoint, &of.tenant, None)?);
    let list = house.desk.see_deliveries(&by, &wanted, None, DELIVERIES_SHOWN).await;
    for one in list.map_err(explained)? {
        let state = match one.state {
            0 => "waits",
            1 => "done",
            _ => "given up",
        };
        let last = one.tries.last().map_or("", |last| last.detail.as_str());
        let (id, at, tries) = (one.id.as_str(), moment(one.at), one.attempts);
        let times = if tries == 1 { "try" } else { "tries" };
        let row = json!({ "id": id, "at": at, "state": state, "tries": tries, "last": last });
        tell(of.json, &row, &format!("{id}  {at}  {state}  {tries} {times}  {last}"));
    }
    Ok(())
}

/// The account's endpoints.
async fn endpoints(house: &House, of: &Of) -> anyhow::Result<Vec<Endpoint>> {
    let meant = scopes(house, of).await?;
    let mut all = house.desk.endpoints().await.map_err(explained)?;
    all.retain(|one| meant.contains(&one.scope));
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

/// Refuses what the API refuses by the same rules and settings: what is no address, and what the
/// rules for outgoing requests forbid. A name is looked up too, and where it leads now only told,
/// since it may lead elsewhere later.
///
/// # Errors
/// Why nothing is sent there.
pub async fn check(house: &House, url: &str) -> anyhow::Result<()> {
    let webhooks = &house.settings.webhooks;
    let url = match server::guard(webhooks)?.check(url) {
        Ok(url) => url,
        Err(why @ (Refused::Port { .. } | Refused::Address { .. } | Refused::Name { .. })) => {
            let barred = Refusal::EndpointBarred { why: why.to_string() };
            return Err(anyhow!("--url: {barred} ({}); {OPENED_BY}", barred.code()));
        }
        Err(why) => return Err(anyhow!("--url: {why}")),
    };
    // With rules set, which of them opens the name is for the guard to say, at sending.
    if webhooks.allow.is_empty()
        && let Some(why) = leads_inside(url.host_str().unwrap_or_default()).await
    {
        eprintln!("redress: deliveries will fail: {why}; {OPENED_BY}");
    }
    Ok(())
}

/// What an operator does who means it.
const OPENED_BY: &str = "if it is meant, name the target in the setting `webhooks.allow`, or in \
    REDRESS_WEBHOOKS_ALLOW, for this command as for the server";

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
