//! `tenant`, `key`, `token`, `login`: accounts and their credentials. A secret is printed once,
//! here, and can never be read back. What is made works on a running server within seconds.

use std::path::Path;

use anyhow::{anyhow, bail, ensure};
use desk::admin::AdminDone;
use domain::Env;
use domain::account::{Login, Token};
use domain::admin::acts::NewToken;
use domain::admin::{AdminAct, check};
use serde_json::json;
use vault::Secret;

use super::operate::{INSTALLATION, act, act_anywhere, day, moment, scopes, tell, time};
use super::{Outcome, say, scope};
use crate::cli::{
    EnvironmentCommand, KeyCommand, LoginCommand, Of, TenantCommand, TokenCommand, Where,
};
use crate::wiring::{House, Wanted, Way, explained, text_of};

/// Digits of a digest that named a token before tokens had ids.
const OLD_TOKEN_ID_CHARS: usize = 8;

/// `tenant …`
///
/// # Errors
/// A name that cannot be used or is taken; a fault.
pub async fn tenant(way: &Way, command: TenantCommand) -> anyhow::Result<Outcome> {
    match command {
        TenantCommand::Add { slug, email, name, seal_narratives, json } => {
            let slug = check::slug("slug", slug)?;
            let name = name.unwrap_or_else(|| slug.clone());
            let name = check::plain("--name", name, check::NAME_CHARS_MAX)?;
            let email = check::email("--email", email)?;
            let house = way.open(Wanted::Any).await?;
            let tenant = slug.clone();
            let what = AdminAct::TenantAdd { slug, name, email, seal_narratives };
            let slug = act(&house, INSTALLATION, &tenant, what, None).await?.id;
            let text = format!(
                "tenant {slug} added; `redress key add --tenant {slug} --env production` makes a \
                 key"
            );
            tell(json, &json!({ "tenant": slug }), &text);
        }
        TenantCommand::Change { slug, name, email, json } => {
            let name = name.map(|name| check::plain("--name", name, check::NAME_CHARS_MAX));
            let email = email.map(|email| check::email("--email", email));
            let (name, email) = (name.transpose()?, email.transpose()?);
            let house = way.open(Wanted::Existing).await?;
            let tenant = slug.clone();
            let what = AdminAct::TenantChange { slug, name, email };
            act(&house, INSTALLATION, &tenant, what, None).await?;
            let text =
                format!("tenant {tenant} changed; a running server follows within 5 seconds");
            tell(json, &json!({ "tenant": tenant }), &text);
        }
        TenantCommand::List { json } => {
            let house = way.open(Wanted::Existing).await?;
            for tenant in house.desk.tenants().await.map_err(explained)? {
                let sealed = if tenant.seal_narratives { "  narratives sealed" } else { "" };
                let (slug, email, name) = (tenant.slug, tenant.email, tenant.name);
                let row = json!({
                    "tenant": slug,
                    "email": email,
                    "name": name,
                    "narratives_sealed": tenant.seal_narratives,
                });
                tell(json, &row, &format!("{slug}  {email}  {name}{sealed}"));
            }
        }
    }
    Ok(Outcome::Done)
}

/// `environment …`
///
/// # Errors
/// No such tenant; a fault.
pub async fn environment(way: &Way, command: EnvironmentCommand) -> anyhow::Result<Outcome> {
    let EnvironmentCommand::List { tenant, json } = command;
    let house = way.open(Wanted::Existing).await?;
    let hosts = &house.settings.hosts;
    for env in Env::ALL {
        scope(&house.desk, &tenant, env).await?;
        let names = hosts.enforced.then_some(match env {
            Env::Production => &hosts.production,
            Env::Staging => &hosts.staging,
        });
        let text = match names {
            Some(names) => format!("{env}  {}", names.join(" ")),
            None => format!("{env}  any host name: the credential alone says which it is"),
        };
        tell(json, &json!({ "environment": env.word(), "hosts": names }), &text);
    }
    Ok(Outcome::Done)
}

/// `key …`
///
/// # Errors
/// No such tenant or key; a fault.
pub async fn key(way: &Way, command: KeyCommand) -> anyhow::Result<Outcome> {
    match command {
        KeyCommand::Add { name, rights, at } => {
            let label = check::holder("--name", name, check::LABEL_CHARS_MAX)?;
            let all = domain::Role::Client.rights();
            ensure!(
                rights.is_none_or(|left| left.within(all)),
                "--rights: a key has only these: {}",
                all.words()
            );
            let house = way.open(Wanted::Existing).await?;
            let scope = scope(&house.desk, &at.tenant, at.env).await?;
            let what = AdminAct::KeyAdd { label, rights };
            say_key(&act(&house, scope, &at.tenant, what, None).await?, at.json);
        }
        KeyCommand::Rotate { key, hours, at } => {
            let house = way.open(Wanted::Existing).await?;
            let what = AdminAct::KeyRotate { id: key.clone(), hours };
            say_key(&act_anywhere(&house, &at, &what).await?, at.json);
            if !at.json {
                say(&format!("{key} works for {hours} hours more"));
            }
        }
        KeyCommand::List { at } => list_keys(&way.open(Wanted::Existing).await?, &at).await?,
        KeyCommand::Revoke { key, at } => {
            let house = way.open(Wanted::Existing).await?;
            act_anywhere(&house, &at, &AdminAct::KeyRevoke { id: key.clone() }).await?;
            let text = format!("{key} is revoked; a running server takes it for 5 seconds at most");
            tell(at.json, &json!({ "api_key": key }), &text);
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

async fn list_keys(house: &House, of: &Of) -> anyhow::Result<()> {
    for scope in scopes(house, of).await? {
        let env = scope.env();
        for key in house.desk.keys_of(scope).await.map_err(explained)? {
            let made = day(key.created_at);
            let ended = match (key.revoked_at, key.expires_at) {
                (Some(at), _) => format!("  revoked {}", day(at)),
                (None, Some(at)) => format!("  until {}", moment(at)),
                (None, None) => String::new(),
            };
            let rights = key.rights.map(|left| format!("  only {}", left.words()));
            let (id, label, rights) = (key.id, key.label, rights.unwrap_or_default());
            let row = json!({
                "api_key": id,
                "env": env.word(),
                "name": label,
                "created_at": moment(key.created_at),
                "expires_at": time(key.expires_at),
                "revoked_at": time(key.revoked_at),
                "rights": key.rights.map(|left| left.words()),
            });
            tell(of.json, &row, &format!("{id}  {env}  made {made}{ended}{rights}  {label}"));
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
        TokenCommand::Add { role, name, member, rights, installation, days, at } => {
            let called = name.or_else(|| member.clone()).unwrap_or_default();
            ensure!(!called.trim().is_empty(), "--name is empty; say who holds the token");
            let (name, days) = (called, i64::from(days));
            let token = NewToken { name, role, rights, days, member, installation };
            let token = token.checked().map_err(|bad| anyhow!("--{bad}"))?;
            add_token(&way.open(Wanted::Existing).await?, &at, token).await?;
        }
        TokenCommand::List { at } => {
            let house = way.open(Wanted::Existing).await?;
            tokens(&house, &at).await?.into_iter().for_each(|token| list_token(token, at.json));
        }
        TokenCommand::Revoke { id, at } => {
            let house = way.open(Wanted::Existing).await?;
            revoke_token(&house, &at, &id).await?;
            tell(at.json, &json!({ "id": id }), &format!("{id} is revoked"));
        }
    }
    Ok(Outcome::Done)
}

async fn add_token(house: &House, at: &Where, token: NewToken) -> anyhow::Result<()> {
    let scope = scope(&house.desk, &at.tenant, at.env).await?;
    let (name, days) = (&token.name, token.days);
    if token.member.is_none() && house.desk.member_called(scope, name).await.is_ok() {
        bail!(
            "--name: {name} is a member; say `--member {name}` instead, and the token is his and \
             ends with him"
        );
    }
    let done = act(house, scope, &at.tenant, AdminAct::TokenAdd { token }, None).await?;
    let (id, secret) = (&done.id, done.secret.as_ref().map_or("", Secret::reveal));
    let text =
        format!("token  {secret}\nid     {id}\n\nIt works for {days} days and is not shown again.");
    tell(at.json, &json!({ "token": secret, "id": id }), &text);
    Ok(())
}

fn list_token(token: Token, json: bool) {
    let ended = token.revoked_at.map(|at| format!("  revoked {}", day(at)));
    let (id, env, role) = (token.id(), token.scope.env(), token.role.word());
    let (until, ended) = (day(token.expires_at), ended.unwrap_or_default());
    let rights = token.rights.map(|left| format!("  only {}", left.words()));
    let whole = if token.installation { "  of the installation" } else { "" };
    let more = rights.unwrap_or_default() + whole;
    let text = format!("{id}  {env}  {role}  until {until}{ended}{more}  {}", token.label);
    let row = json!({
        "id": id,
        "env": env.word(),
        "name": token.label,
        "role": role,
        "member": token.member.as_ref().map(|member| member.as_str()),
        "rights": token.rights.map(|left| left.words()),
        "installation": token.installation,
        "expires_at": moment(token.expires_at),
        "revoked_at": time(token.revoked_at),
    });
    tell(json, &row, &text);
}

async fn tokens(house: &House, of: &Of) -> anyhow::Result<Vec<Token>> {
    let mut all = Vec::new();
    for scope in scopes(house, of).await? {
        all.extend(house.desk.tokens_of(scope).await.map_err(explained)?);
    }
    Ok(all)
}

/// Ends the token with this id. Ids of before, eight digits of a digest, are taken too: two tokens
/// with one such id are alike to whoever asks, and a leak must be stopped, so both end.
async fn revoke_token(house: &House, of: &Of, id: &str) -> anyhow::Result<()> {
    let of_before = |one: &Token| {
        let digits: String = one.id().chars().skip("tk_".len()).collect();
        id.len() == OLD_TOKEN_ID_CHARS && digits.starts_with(id)
    };
    let all = tokens(house, of).await?;
    let old = all.iter().filter(|one| one.revoked_at.is_none() && of_before(one));
    let mut ids: Vec<String> = old.map(Token::id).collect();
    if ids.is_empty() {
        ids.push(id.to_owned());
    }
    for id in ids {
        act_anywhere(house, of, &AdminAct::TokenRevoke { id }).await?;
    }
    Ok(())
}

/// `login …`
///
/// # Errors
/// The name is taken, unknown or unusable, the password too short; a fault.
pub async fn login(way: &Way, command: LoginCommand) -> anyhow::Result<Outcome> {
    match command {
        LoginCommand::Add { username, password_file, at } => {
            let username = check::username("--username", username)?;
            let given = given_password(password_file.as_deref())?;
            let house = way.open(Wanted::Existing).await?;
            let scope = scope(&house.desk, &at.tenant, at.env).await?;
            let what = AdminAct::LoginAdd { username: username.clone() };
            let made = act(&house, scope, &at.tenant, what, given).await?;
            say_login(&username, made.secret.as_ref(), at.json, "added");
        }
        LoginCommand::List { at } => {
            let house = way.open(Wanted::Existing).await?;
            for scope in scopes(&house, &at).await? {
                for login in house.desk.logins_of(scope).await.map_err(explained)? {
                    list_login(&login, at.json);
                }
            }
        }
        LoginCommand::Password { username, password_file, at } => {
            let given = given_password(password_file.as_deref())?;
            let house = way.open(Wanted::Existing).await?;
            let scope = scope(&house.desk, &at.tenant, at.env).await?;
            let what = AdminAct::LoginPassword { username: username.clone() };
            let set = act(&house, scope, &at.tenant, what, given).await?;
            say_login(&username, set.secret.as_ref(), at.json, "has its new password");
        }
    }
    Ok(Outcome::Done)
}

fn list_login(login: &Login, json: bool) {
    let (name, env) = (&login.username, login.scope.env());
    let row = json!({
        "username": name,
        "env": env.word(),
        "created_at": moment(login.created_at),
        "password_set_at": moment(login.changed_at),
    });
    let (made, set) = (day(login.created_at), day(login.changed_at));
    tell(json, &row, &format!("{name}  {env}  made {made}  password of {set}"));
}

fn given_password(file: Option<&Path>) -> anyhow::Result<Option<Secret>> {
    let Some(password) = file.map(text_of).transpose()? else { return Ok(None) };
    check::optional_password("--password-file", &password)?;
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
