//! `tenant`, `key`, `token`, `login`: accounts and their credentials. A secret is printed once,
//! here, and can never be read back. What is made works on a running server within seconds.

use anyhow::{Context, bail, ensure};
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
/// Longest user name.
const USERNAME_CHARS_MAX: usize = 100;
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
            plain("--label", &label, NAME_CHARS_MAX)?;
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
/// No such tenant; a fault.
pub async fn token(way: &Way, command: TokenCommand) -> anyhow::Result<Outcome> {
    let TokenCommand::Add { tenant, env, role, name, days, json } = command;
    ensure!(!name.trim().is_empty(), "--name is empty; say who holds the token");
    plain("--name", &name, NAME_CHARS_MAX)?;
    let house = way.open(Wanted::Existing).await?;
    let scope = scope(&house.desk, &tenant, env).await?;
    let life = Millis::days(i64::from(days));
    let token = house.desk.add_token(scope, role, &name, life).await.map_err(explained)?;
    say(&match json {
        true => json!({ "token": token.reveal() }).to_string(),
        false => {
            format!("token  {}\n\nIt works for {days} days and is not shown again.", token.reveal())
        }
    });
    Ok(Outcome::Done)
}

/// `login …`
///
/// # Errors
/// The name is taken, the password too short; a fault.
pub async fn login(way: &Way, command: LoginCommand) -> anyhow::Result<Outcome> {
    let LoginCommand::Add { tenant, env, username, password_file, json } = command;
    ensure!(!username.trim().is_empty(), "--username is empty");
    plain("--username", &username, USERNAME_CHARS_MAX)?;
    let given = password_file.as_deref().map(text_of).transpose()?;
    if let Some(password) = &given {
        ensure!(
            password.chars().count() >= PASSWORD_CHARS_MIN,
            "the password is shorter than {PASSWORD_CHARS_MIN} characters; leave --password-file \
             out and a good one is made"
        );
    }
    let house = way.open(Wanted::Existing).await?;
    let scope = scope(&house.desk, &tenant, env).await?;
    let shown = given.is_none();
    let password = match given {
        Some(password) => Secret::new(password),
        None => house.desk.with_dice(|dice| vault::secret::readable_password(dice)),
    };
    let made = house.desk.add_login(scope, &username, password.clone()).await;
    if !made.map_err(explained)? {
        bail!("there is a login `{username}` already; user names are unique in an installation");
    }
    // A password that came from a file is known to whoever wrote it.
    let password = if shown { password.reveal() } else { "" };
    say(&match (json, shown) {
        (true, true) => json!({ "username": username, "password": password }).to_string(),
        (true, false) => json!({ "username": username }).to_string(),
        (false, true) => format!(
            "username  {username}\npassword  {password}\n\nThe password is not shown again."
        ),
        (false, false) => format!("login {username} added"),
    });
    Ok(Outcome::Done)
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
}
