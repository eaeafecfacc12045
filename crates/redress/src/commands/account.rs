//! `tenant`, `key`, `token`, `login`: accounts and their credentials. A secret is printed once,
//! here, and can never be read back. What is made works on a running server within seconds.

use std::path::Path;

use anyhow::{Context, anyhow, ensure};
use desk::admin::AdminDone;
use domain::Env;
use domain::account::Token;
use domain::admin::acts::NewToken;
use domain::admin::{AdminAct, check};
use serde_json::json;
use vault::Secret;

use super::operate::{INSTALLATION, act, act_anywhere, day, moment};
use super::{Outcome, say, scope};
use crate::cli::{KeyCommand, LoginCommand, TenantCommand, TokenCommand};
use crate::wiring::{House, Wanted, Way, explained, text_of};

/// Digits of a digest that named a token before tokens had ids.
const OLD_TOKEN_ID_CHARS: usize = 8;

/// `tenant …`
///
/// # Errors
/// A name that cannot be used or is taken; a fault.
pub async fn tenant(way: &Way, command: TenantCommand) -> anyhow::Result<Outcome> {
    match command {
        TenantCommand::Add { slug, email, name, seal_narratives } => {
            let slug = check::slug("slug", slug)?;
            let name = name.unwrap_or_else(|| slug.clone());
            let name = check::plain("--name", name, check::NAME_CHARS_MAX)?;
            let email = check::email("--email", email)?;
            let house = way.open(Wanted::Any).await?;
            let tenant = slug.clone();
            let what = AdminAct::TenantAdd { slug, name, email, seal_narratives };
            let slug = act(&house, INSTALLATION, &tenant, what, None).await?.id;
            say(&format!(
                "tenant {slug} added; `redress key add --tenant {slug} --env production` makes a \
                 key"
            ));
        }
        TenantCommand::Change { slug, name, email } => {
            let name = name.map(|name| check::plain("--name", name, check::NAME_CHARS_MAX));
            let email = email.map(|email| check::email("--email", email));
            let (name, email) = (name.transpose()?, email.transpose()?);
            let house = way.open(Wanted::Existing).await?;
            let tenant = slug.clone();
            let what = AdminAct::TenantChange { slug, name, email };
            act(&house, INSTALLATION, &tenant, what, None).await?;
            say(&format!("tenant {tenant} changed; a running server follows within 5 seconds"));
        }
        TenantCommand::List => {
            let house = way.open(Wanted::Existing).await?;
            for tenant in house.desk.tenants().await.map_err(explained)? {
                let sealed = if tenant.seal_narratives { "  narratives sealed" } else { "" };
                say(&format!("{}  {}  {}{sealed}", tenant.slug, tenant.email, tenant.name));
            }
        }
    }
    Ok(Outcome::Done)
}

/// `key …`
///
/// # Errors
/// No such tenant or key; a fault.
pub async fn key(way: &Way, command: KeyCommand) -> anyhow::Result<Outcome> {
    match command {
        KeyCommand::Add { tenant, env, label, rights, json } => {
            let label = check::holder("--label", label, check::LABEL_CHARS_MAX)?;
            let all = domain::Role::Client.rights();
            ensure!(
                rights.is_none_or(|left| left.within(all)),
                "--rights: a key has only these: {}",
                all.words()
            );
            let house = way.open(Wanted::Existing).await?;
            let scope = scope(&house.desk, &tenant, env).await?;
            let what = AdminAct::KeyAdd { label, rights };
            say_key(&act(&house, scope, &tenant, what, None).await?, json);
        }
        KeyCommand::Rotate { key, tenant, hours, json } => {
            let house = way.open(Wanted::Existing).await?;
            let what = AdminAct::KeyRotate { id: key.clone(), hours };
            say_key(&act_anywhere(&house, &tenant, &what).await?, json);
            if !json {
                say(&format!("{key} works for {hours} hours more"));
            }
        }
        KeyCommand::List { tenant } => {
            list_keys(&way.open(Wanted::Existing).await?, &tenant).await?
        }
        KeyCommand::Revoke { key, tenant } => {
            let house = way.open(Wanted::Existing).await?;
            act_anywhere(&house, &tenant, &AdminAct::KeyRevoke { id: key.clone() }).await?;
            say(&format!("{key} is revoked; a running server takes it for 5 seconds at most"));
        }
    }
    Ok(Outcome::Done)
}

fn say_key(done: &AdminDone, json: bool) {
    let (id, secret) = (&done.id, done.secret.as_ref().map_or("", Secret::reveal));
    say(&match json {
        true => json!({ "api_key": id, "secret": secret }).to_string(),
        false => format!("api key  {id}\nsecret   {secret}\n\nThe secret is not shown again."),
    });
}

async fn list_keys(house: &House, tenant: &str) -> anyhow::Result<()> {
    for env in Env::ALL {
        let scope = scope(&house.desk, tenant, env).await?;
        for key in house.desk.keys_of(scope).await.map_err(explained)? {
            let made = day(key.created_at);
            let ended = match (key.revoked_at, key.expires_at) {
                (Some(at), _) => format!("  revoked {}", day(at)),
                (None, Some(at)) => format!("  until {}", moment(at)),
                (None, None) => String::new(),
            };
            let rights = key.rights.map(|left| format!("  only {}", left.words()));
            let (id, label, rights) = (key.id, key.label, rights.unwrap_or_default());
            say(&format!("{id}  {env}  made {made}{ended}{rights}  {label}"));
        }
    }
    Ok(())
}

/// `token …`
///
/// # Errors
/// No such tenant or token; a fault.
pub async fn token(way: &Way, command: TokenCommand) -> anyhow::Result<Outcome> {
    match command {
        TokenCommand::Add { tenant, env, role, name, member, rights, installation, days, json } => {
            let called = name.or_else(|| member.clone()).unwrap_or_default();
            ensure!(!called.trim().is_empty(), "--name is empty; say who holds the token");
            let (name, days) = (called, i64::from(days));
            let token = NewToken { name, role, rights, days, member, installation };
            let token = token.checked().map_err(|bad| anyhow!("--{bad}"))?;
            let house = way.open(Wanted::Existing).await?;
            let scope = scope(&house.desk, &tenant, env).await?;
            let what = AdminAct::TokenAdd { token };
            let done = act(&house, scope, &tenant, what, None).await?;
            let (id, secret) = (&done.id, done.secret.as_ref().map_or("", Secret::reveal));
            say(&match json {
                true => json!({ "token": secret, "id": id }).to_string(),
                false => format!(
                    "token  {secret}\nid     {id}\n\nIt works for {days} days and is not shown \
                     again."
                ),
            });
        }
        TokenCommand::List { tenant } => {
            let house = way.open(Wanted::Existing).await?;
            for token in tokens(&house, &tenant).await? {
                let ended = token.revoked_at.map(|at| format!("  revoked {}", day(at)));
                let (id, env, role) = (token.id(), token.scope.env(), token.role.word());
                let (until, ended) = (day(token.expires_at), ended.unwrap_or_default());
                let rights = token.rights.map(|left| format!("  only {}", left.words()));
                let whole = if token.installation { "  of the installation" } else { "" };
                let more = rights.unwrap_or_default() + whole;
                say(&format!("{id}  {env}  {role}  until {until}{ended}{more}  {}", token.label));
            }
        }
        TokenCommand::Revoke { id, tenant } => {
            let house = way.open(Wanted::Existing).await?;
            revoke_token(&house, &tenant, &id).await?;
            say(&format!("{id} is revoked"));
        }
    }
    Ok(Outcome::Done)
}

async fn tokens(house: &House, tenant: &str) -> anyhow::Result<Vec<Token>> {
    let mut all = Vec::new();
    for env in Env::ALL {
        let scope = scope(&house.desk, tenant, env).await?;
        all.extend(house.desk.tokens_of(scope).await.map_err(explained)?);
    }
    Ok(all)
}

/// Ends the token with this id. Ids of before, eight digits of a digest, are taken too: two tokens
/// with one such id are alike to whoever asks, and a leak must be stopped, so both end.
async fn revoke_token(house: &House, tenant: &str, id: &str) -> anyhow::Result<()> {
    let of_before = |one: &Token| {
        let digits: String = one.id().chars().skip("tk_".len()).collect();
        id.len() == OLD_TOKEN_ID_CHARS && digits.starts_with(id)
    };
    let all = tokens(house, tenant).await?;
    let old = all.iter().filter(|one| one.revoked_at.is_none() && of_before(one));
    let mut ids: Vec<String> = old.map(Token::id).collect();
    if ids.is_empty() {
        ids.push(id.to_owned());
    }
    for id in ids {
        act_anywhere(house, tenant, &AdminAct::TokenRevoke { id }).await?;
    }
    Ok(())
}

/// `login …`
///
/// # Errors
/// The name is taken, unknown or unusable, the password too short; a fault.
pub async fn login(way: &Way, command: LoginCommand) -> anyhow::Result<Outcome> {
    match command {
        LoginCommand::Add { tenant, env, username, password_file, json } => {
            let username = check::username("--username", username)?;
            let given = given_password(password_file.as_deref())?;
            let house = way.open(Wanted::Existing).await?;
            let scope = scope(&house.desk, &tenant, env).await?;
            let what = AdminAct::LoginAdd { username: username.clone() };
            let made = act(&house, scope, &tenant, what, given).await;
            let made = made.with_context(|| {
                format!("is there a login `{username}` already? names are unique everywhere")
            })?;
            say_login(&username, made.secret.as_ref(), json, "added");
        }
        LoginCommand::List { tenant } => {
            let house = way.open(Wanted::Existing).await?;
            for env in Env::ALL {
                let scope = scope(&house.desk, &tenant, env).await?;
                for login in house.desk.logins_of(scope).await.map_err(explained)? {
                    let (made, set) = (day(login.created_at), day(login.changed_at));
                    say(&format!("{}  {env}  made {made}  password of {set}", login.username));
                }
            }
        }
        LoginCommand::Password { tenant, env, username, password_file, json } => {
            let given = given_password(password_file.as_deref())?;
            let house = way.open(Wanted::Existing).await?;
            let scope = scope(&house.desk, &tenant, env).await?;
            let what = AdminAct::LoginPassword { username: username.clone() };
            let set = act(&house, scope, &tenant, what, given).await?;
            say_login(&username, set.secret.as_ref(), json, "has its new password");
        }
    }
    Ok(Outcome::Done)
}

fn given_password(file: Option<&Path>) -> anyhow::Result<Option<Secret>> {
    let Some(password) = file.map(text_of).transpose()? else { return Ok(None) };
    check::password("--password-file", &password)?;
    Ok(Some(Secret::new(password)))
}

fn say_login(username: &str, shown: Option<&Secret>, json: bool, done: &str) {
    let password = shown.map_or("", Secret::reveal);
    say(&match (json, shown.is_some()) {
        (true, true) => json!({ "username": username, "password": password }).to_string(),
        (true, false) => json!({ "username": username }).to_string(),
        (false, true) => format!(
            "username  {username}\npassword  {password}\n\nThe password is not shown again."
        ),
        (false, false) => format!("login {username} {done}"),
    });
}
