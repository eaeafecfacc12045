//! How commands run an account: the operator at the machine asks for the same acts as the API does,
//! and they stand in the same history. A refusal says which command helps on.

use anyhow::{anyhow, bail};
use desk::Failure;
use desk::admin::{AdminDone, AdminOrder};
use domain::admin::{AdminAct, Kind};
use domain::{Actor, Env, Instant, Refusal, Scope};
use serde_json::Value;
use vault::Secret;

use super::{say, scope};
use crate::cli::Of;
use crate::wiring::{House, explained};

/// Where the acts upon accounts themselves are remembered: with no account.
pub const INSTALLATION: Scope = Scope::from_number(0);

/// Asks the desk as the operator.
///
/// # Errors
/// What was refused, in words; a fault.
pub async fn act(
    house: &House,
    at: Scope,
    tenant: &str,
    act: AdminAct,
    given: Option<Secret>,
) -> anyhow::Result<AdminDone> {
    let order = AdminOrder { given, ..AdminOrder::new(Actor::operator(at), act) };
    match house.desk.administer(&order).await {
        Ok(done) => Ok(done),
        Err(Failure::Refused(refusal)) => Err(in_words(tenant, Some(at), &refusal)),
        Err(failure) => Err(explained(failure)),
    }
}

/// The same, in whichever environment of the account the thing is, if none was named.
///
/// # Errors
/// It is not there; what was refused; a fault.
pub async fn act_anywhere(house: &House, of: &Of, act: &AdminAct) -> anyhow::Result<AdminDone> {
    let tenant = of.tenant.as_str();
    for at in scopes(house, of).await? {
        let order = AdminOrder::new(Actor::operator(at), act.clone());
        match house.desk.administer(&order).await {
            Ok(done) => return Ok(done),
            Err(Failure::Refused(Refusal::ThingUnknown { .. })) => {}
            Err(Failure::Refused(refusal)) => return Err(in_words(tenant, Some(at), &refusal)),
            Err(failure) => return Err(explained(failure)),
        }
    }
    Err(in_words(tenant, None, &Refusal::ThingUnknown { kind: act.kind() }))
}

/// The environments of an account that are meant: the one that was named, or both.
///
/// # Errors
/// There is no such account; a fault.
pub async fn scopes(house: &House, of: &Of) -> anyhow::Result<Vec<Scope>> {
    let mut meant = Vec::new();
    for env in Env::ALL {
        if of.env.is_none_or(|wanted| wanted == env) {
            meant.push(scope(&house.desk, &of.tenant, env).await?);
        }
    }
    Ok(meant)
}

/// Says a thing in words, or as one line of JSON.
pub fn tell(json: bool, row: &Value, text: &str) {
    match json {
        true => say(&row.to_string()),
        false => say(text),
    }
}

/// A time of JSON, null when there is none.
pub fn time(at: Option<Instant>) -> Value {
    at.map(moment).into()
}

fn in_words(tenant: &str, at: Option<Scope>, refusal: &Refusal) -> anyhow::Error {
    let list = |kind: Kind| list_command(tenant, at, kind);
    match refusal {
        Refusal::ThingUnknown { kind } | Refusal::AlreadySo { kind } => {
            anyhow!("{refusal}; `{}` shows what there is", list(*kind))
        }
        // It may be another account's, which no list here shows.
        Refusal::NameTaken { kind: Kind::Login } => anyhow!("{refusal}"),
        Refusal::NameTaken { kind: Kind::Endpoint } => {
            anyhow!("{refusal}; `{}` shows it", list(Kind::Endpoint))
        }
        Refusal::NameTaken { kind } => {
            anyhow!("{refusal}; choose another, or look at it with `{}`", list(*kind))
        }
        refusal if refusal.transient() => explained(Failure::Refused(refusal.clone())),
        refusal => anyhow!("{refusal}"),
    }
}

/// The command that lists things of this kind, as it can be typed.
fn list_command(tenant: &str, at: Option<Scope>, kind: Kind) -> String {
    let command = command(kind);
    let of = match (kind, at) {
        (Kind::Tenant, _) => String::new(),
        // Listed in one environment at a time, which is a word of the command.
        (Kind::Member | Kind::Queue | Kind::Team | Kind::Setting | Kind::Message, at) => {
            let env = at.map_or(Env::Production, Scope::env);
            format!(" --tenant {tenant} --env {env}")
        }
        _ => format!(" --tenant {tenant}"),
    };
    format!("redress {command} list{of}")
}

const fn command(kind: Kind) -> &'static str {
    match kind {
        Kind::Endpoint | Kind::Delivery => "webhook",
        other => other.word(),
    }
}

/// A time as a day.
pub fn day(at: Instant) -> String {
    let time = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
    time.strftime("%Y-%m-%d").to_string()
}

/// A time to the second.
pub fn moment(at: Instant) -> String {
    let time = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
    time.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// An id that was typed.
///
/// # Errors
/// It can be none.
pub fn id<T>(read: Option<T>, kind: Kind, tenant: &str, at: Option<Scope>) -> anyhow::Result<T> {
    match read {
        Some(id) => Ok(id),
        None => bail!(in_words(tenant, at, &Refusal::ThingUnknown { kind })),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;
    use domain::TenantId;

    use super::*;
    use crate::cli::Cli;

    #[test]
    fn what_is_hinted_at_can_be_typed() {
        let at = Some(Scope::new(TenantId(1), Env::Staging));
        let kinds = [
            Kind::Tenant,
            Kind::Member,
            Kind::Key,
            Kind::Token,
            Kind::Login,
            Kind::Endpoint,
            Kind::Delivery,
            Kind::Queue,
            Kind::Team,
            Kind::Setting,
            Kind::Message,
        ];
        for (kind, at) in kinds.into_iter().flat_map(|kind| [(kind, at), (kind, None)]) {
            let command = list_command("acme", at, kind);
            if let Err(why) = Cli::try_parse_from(command.split(' ')) {
                panic!("{command}: {why}");
            }
        }
    }
}
