//! `tenant`, `key`, `token`, `login`: accounts and their credentials. A secret is printed once,
//! here, and can never be read back. What is made works on a running server within seconds.

use std::path::Path;

use anyhow::{Context, bail, ensure};
use domain::account::Token;
use domain::address::Address;
use domain::{Env, Instant, Millis};
use serde_json::json;
use vault::Secret;

use super::{Outcome, plain, say, scope};
use crate::cli::{KeyCommand, LoginCommand, TenantCommand, TokenCommand};
use crate::wiring::{House, Wanted, Way, explained, text_of};

/// Longest short name of a tenant; it is typed.
const SLUG_CHARS_MAX: usize = 40;
/// Longest name for people: one line of a screen.
const NAME_CHARS_MAX: usize = 100;
/// Longest name of who holds a token, or of what a key is for.
const LABEL_CHARS_MAX: usize = 128;
/// Digits of a digest that name a token: enough to tell the tokens of one account apart.
const TOKEN_ID_CHARS: usize = 8;
/// Longest user name.
const USERNAME_CHARS_MAX: usize = 128;
/// Shortest password that is taken from a file (NIST SP 800-63B asks for 8, and 15 alone).
const PASSWORD_CHARS_MIN: usize = 12;

/// `tenant …`
///
/// # Errors
/// A name that cannot be used or is taken; a fault.
pub async fn tenant(way: &Way, command: TenantCommand) -> anyhow::Result<Outcome> {
    match command {
        TenantCommand::Add { slug, email, name, seal_narratives } => {
            check_slug(&slug)?;
            let name = name.unwrap_or_else(|| slug.clone());
            plain("--name", &name, NAME_CHARS_MAX)?;
            let address = Address::parse(&email);
            address.with_context(|| format!("--email: `{email}` cannot be used"))?;
            let house = way.open(Wanted::Any).await?;
            let draft = desk::accounts::TenantDraft { slug, name, email, seal_narratives };
            let slug = draft.slug.clone();
            let Some(_) = house.desk.add_tenant(draft).await.map_err(explained)? else {
                bail!("there is a tenant `{slug}` already; `redress tenant list` shows it");
            };
            say(&format!(
                "tenant {slug} added; `redress key add --tenant {slug} --env production` makes a \
                 key"
            ));
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

fn check_slug(slug: &str) -> anyhow::Result<()> {
    let letters = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let fits = !slug.is_empty()
        && slug.len() <= SLUG_CHARS_MAX
        && slug.chars().all(letters)
        && !slug.starts_with('-')
        && !slug.ends_with('-');
    ensure!(
        fits,
        "a tenant's short name has 1 to {SLUG_CHARS_MAX} lower case letters, digits and hyphens \
         between them, as in `acme-2`"
    );
    Ok(())
}

/// `key …`
///
/// # Errors
/// No such tenant or key; a fault.
pub async fn key(way: &Way, command: KeyCommand) -> anyhow::Result<Outcome> {
    match command {
        KeyCommand::Add { tenant, env, label, json } => {
            plain("--label", &label, LABEL_CHARS_MAX)?;
            let house = way.open(Wanted::Existing).await?;
            let scope = scope(&house.desk, &tenant, env).await?;
            let (id, secret) = house.desk.add_key(scope, &label).await.map_err(explained)?;
            say(&match json {
                true => json!({ "api_key": id, "secret": secret.reveal() }).to_string(),
                false => format!(
                    "api key  {id}\nsecret   {}\n\nThe secret is not shown again.",
                    secret.reveal()
                ),
            });
        }
        KeyCommand::List { tenant } => {
            list_keys(&way.open(Wanted::Existing).await?, &tenant).await?
        }
        KeyCommand::Revoke { key, tenant } => {
            let house = way.open(Wanted::Existing).await?;
            revoke_key(&house, &tenant, &key).await?;
            say(&format!("{key} is revoked; a running server takes it for 5 seconds at most"));
        }
    }
    Ok(Outcome::Done)
}

async fn list_keys(house: &House, tenant: &str) -> anyhow::Result<()> {
    for env in Env::ALL {
        let scope = scope(&house.desk, tenant, env).await?;
        for key in house.desk.keys_of(scope).await.map_err(explained)? {
            let made = day(key.created_at);
            let ended = key.revoked_at.map(|at| format!("  revoked {}", day(at)));
            let (id, label) = (key.id, key.label);
            say(&format!("{id}  {env}  made {made}{}  {label}", ended.unwrap_or_default()));
        }
    }
    Ok(())
}

async fn revoke_key(house: &House, tenant: &str, key: &str) -> anyhow::Result<()> {
    for env in Env::ALL {
        let scope = scope(&house.desk, tenant, env).await?;
        if house.desk.revoke_key(scope, key).await.map_err(explained)? {
            return Ok(());
        }
    }
    bail!(
        "{tenant} has no key `{key}` that could be revoked; `redress key list --tenant {tenant}` \
         names its keys"
    )
}

fn day(at: Instant) -> String {
    let time = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
    time.strftime("%Y-%m-%d").to_string()
}

/// `token …`
///
/// # Errors
/// No such tenant or token; a fault.
pub async fn token(way: &Way, command: TokenCommand) -> anyhow::Result<Outcome> {
    match command {
        TokenCommand::Add { tenant, env, role, name, days, json } => {
            ensure!(!name.trim().is_empty(), "--name is empty; say who holds the token");
            plain("--name", &name, LABEL_CHARS_MAX)?;
            let house = way.open(Wanted::Existing).await?;
            let scope = scope(&house.desk, &tenant, env).await?;
            let life = Millis::days(i64::from(days));
            let token = house.desk.add_token(scope, role, &name, life).await.map_err(explained)?;
            say(&match json {
                true => json!({ "token": token.reveal() }).to_string(),
                false => format!(
                    "token  {}\n\nIt works for {days} days and is not shown again.",
                    token.reveal()
                ),
            });
        }
        TokenCommand::List { tenant } => {
            let house = way.open(Wanted::Existing).await?;
            for token in tokens(&house, &tenant).await? {
                let ended = token.revoked_at.map(|at| format!("  revoked {}", day(at)));
                let (id, env, role) = (token_id(&token), token.scope.env(), token.role.word());
                let (until, ended) = (day(token.expires_at), ended.unwrap_or_default());
                say(&format!("{id}  {env}  {role}  until {until}{ended}  {}", token.label));
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

/// What a token is called on the command line: nothing of the token itself can be told from it.
fn token_id(token: &Token) -> String {
    vault::digest::hex(&token.digest).chars().take(TOKEN_ID_CHARS).collect()
}

async fn tokens(house: &House, tenant: &str) -> anyhow::Result<Vec<Token>> {
    let mut all = Vec::new();
    for env in Env::ALL {
        let scope = scope(&house.desk, tenant, env).await?;
        all.extend(house.desk.tokens_of(scope).await.map_err(explained)?);
    }
    Ok(all)
}

async fn revoke_token(house: &House, tenant: &str, id: &str) -> anyhow::Result<()> {
    let all = tokens(house, tenant).await?;
    let found: Vec<_> =
        all.iter().filter(|one| one.revoked_at.is_none() && token_id(one) == id).collect();
    // Two tokens with one id are alike to whoever asks, and a leak must be stopped: both end.
    let mut ended = false;
    for one in found {
        ended |= house.desk.revoke_token(one.scope, one.digest).await.map_err(explained)?;
    }
    ensure!(
        ended,
        "{tenant} has no token `{id}` that could be revoked; `redress token list --tenant \
         {tenant}` names its tokens"
    );
    Ok(())
}

/// `login …`
///
/// # Errors
/// The name is taken, unknown or unusable, the password too short; a fault.
pub async fn login(way: &Way, command: LoginCommand) -> anyhow::Result<Outcome> {
    match command {
        LoginCommand::Add { tenant, env, username, password_file, json } => {
            check_username(&username)?;
            let given = given_password(password_file.as_deref())?;
            let house = way.open(Wanted::Existing).await?;
            let scope = scope(&house.desk, &tenant, env).await?;
            let (password, shown) = password_or_new(&house, given);
            let made = house.desk.add_login(scope, &username, password.clone()).await;
            if !made.map_err(explained)? {
                bail!(
                    "there is a login `{username}` already; user names are unique in an \
                     installation"
                );
            }
            say_login(&username, shown.then_some(&password), json, "added");
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
            let (password, shown) = password_or_new(&house, given);
            let set = house.desk.set_password(scope, &username, password.clone()).await;
            ensure!(
                set.map_err(explained)?,
                "{tenant} has no login `{username}` in {env}; `redress login list --tenant \
                 {tenant}` names its logins"
            );
            say_login(&username, shown.then_some(&password), json, "has its new password");
        }
    }
    Ok(Outcome::Done)
}

/// HTTP Basic parts name and password at the first colon, and a name is typed and logged.
fn check_username(username: &str) -> anyhow::Result<()> {
    let fits = (1..=USERNAME_CHARS_MAX).contains(&username.len())
        && username.bytes().all(|byte| byte.is_ascii_graphic() && byte != b':');
    ensure!(
        fits,
        "--username: a user name has 1 to {USERNAME_CHARS_MAX} visible ASCII characters, without \
         spaces and without `:`, as in `acme-staging`"
    );
    Ok(())
}

fn given_password(file: Option<&Path>) -> anyhow::Result<Option<Secret>> {
    let Some(password) = file.map(text_of).transpose()? else { return Ok(None) };
    ensure!(
        password.chars().count() >= PASSWORD_CHARS_MIN,
        "the password is shorter than {PASSWORD_CHARS_MIN} characters; leave --password-file out \
         and a good one is made"
    );
    Ok(Some(Secret::new(password)))
}

/// The password to set, and whether it is a new one that must be shown.
fn password_or_new(house: &House, given: Option<Secret>) -> (Secret, bool) {
    match given {
        // A password that came from a file is known to whoever wrote it.
        Some(password) => (password, false),
        None => (house.desk.with_dice(|dice| vault::secret::readable_password(dice)), true),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_names_are_easy_to_type() {
        for slug in ["a", "acme", "acme-2", "42"] {
            assert!(check_slug(slug).is_ok(), "{slug}");
        }
        for slug in ["", "Acme", "-a", "a-", "a b", "a_b", "é", "a/../b", &"a".repeat(41)] {
            assert!(check_slug(slug).is_err(), "{slug}");
        }
    }

    #[test]
    fn user_names_can_be_sent_and_logged() {
        for name in ["a", "acme-staging", "ann@acme.example", &"a".repeat(128)] {
            assert!(check_username(name).is_ok(), "{name}");
        }
        for name in ["", "a b", "a:b", " ", "a\u{7}", "é", "a\n", &"a".repeat(129)] {
            let why = check_username(name).expect_err(name).to_string();
            assert!(why.contains("1 to 128 visible ASCII"), "{why}");
        }
    }
}
