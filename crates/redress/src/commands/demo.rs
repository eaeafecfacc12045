//! `demo`: a whole instance with data to try things on. It does nothing that the other commands do
//! not do; it only does all of it, and writes down how to get in.

use std::fmt::Write as _;
use std::path::Path;

use anyhow::ensure;
use domain::{Env, Scope};
use vault::Secret;

use super::{Outcome, say, serve};
use crate::cli::DemoArgs;
use crate::demo::manifest::Manifest;
use crate::demo::setup;
use crate::directory::Kind;
use crate::server::Server;
use crate::telemetry;
use crate::wiring::{House, Wanted, Way, explained};

/// Runs until it is asked to stop.
///
/// # Errors
/// Others could reach it and nobody allowed that; something cannot be opened.
pub async fn run(way: &Way, args: &DemoArgs) -> anyhow::Result<Outcome> {
    let settings = serve::settings(way, args.listen)?;
    let listen = settings.server.listen;
    ensure!(
        listen.ip().is_loopback() || args.allow_public,
        "others than this machine could reach {listen}, and the demo's passwords stand in a file: \
         listen on 127.0.0.1, or say --allow-public"
    );
    telemetry::start(&settings.log)?;
    // Before anything is made: a start on a taken port leaves nothing behind.
    let server = Server::bind(&settings).await?;
    let directory = way.directory(Wanted::Kind(Kind::Demo))?;
    let _lock = directory.lock()?;
    let house = House::open_to_serve(directory, settings, args.accept_database).await?;
    let manifest = setup::prepare(&house).await?;
    if let Some(url) = &args.webhook_url {
        add_webhook(&house, &manifest, url).await?;
    }
    let base = server.base_url().to_owned();
    let paths = setup::Paths::of(&house);
    let shown = house.directory.root().to_owned();
    let ready = move || {
        let next = what_next(&shown, &base, &manifest);
        setup::publish(manifest, &base, &paths)?;
        say(&format!("redress listens on {base}"));
        say(&next);
        Ok(())
    };
    server.run(house, ready).await?;
    Ok(Outcome::Done)
}

/// Adds the endpoint in both environments, unless it is there from an earlier start.
async fn add_webhook(house: &House, manifest: &Manifest, url: &str) -> anyhow::Result<()> {
    super::webhook::check(house, url).await?;
    for env in Env::ALL {
        let scope: Scope = super::scope(&house.desk, setup::SLUG, env).await?;
        let known = house.desk.open_endpoints(scope).await.map_err(explained)?;
        if known.iter().all(|one| one.url != url) {
            let secret = Secret::new(manifest.webhook.secret.clone());
            house.desk.add_endpoint(scope, url, Some(secret)).await.map_err(explained)?;
        }
    }
    Ok(())
}

/// Lines to copy into another terminal. They hold no secret: those are read from `demo.json`.
fn what_next(dir: &Path, base: &str, manifest: &Manifest) -> String {
    let refid = |place: usize| {
        let entry = manifest.transactions.successful.get(place);
        entry.map_or("", |entry| entry.refid.as_str())
    };
    let here = quoted(&dir.display().to_string());
    let program = quoted(&program());
    let demo_json = quoted(&dir.join("demo.json").display().to_string());
    let read = |keys: &str| {
        let reader = format!("import json, sys; print(json.load(open(sys.argv[1])){keys})");
        format!("\"$(python3 -c \"{reader}\" {demo_json})\"")
    };
    let mut text = format!("all keys, tokens and passwords are in {demo_json}; mail comes to ");
    let _ = writeln!(text, "{}\n", quoted(&dir.join("mail").display().to_string()));
    let _ = writeln!(text, "type next, in another terminal:\n");
    let _ = writeln!(
        text,
        "  {program} report --dir {here} --refid {} --email you@example.com \\\n    --says 'Paid, \
         but never credited'",
        refid(0)
    );
    let _ = writeln!(text, "  curl {base}/health");
    if Path::new("clients/shell/report.sh").is_file() {
        let _ = writeln!(
            text,
            "  REDRESS_SECRET={} \\\n    clients/shell/report.sh {base} {} - {} you@example.com",
            read("['iimmpact']['secret']"),
            manifest.iimmpact.api_key,
            refid(1)
        );
    }
    let _ = writeln!(
        text,
        "  {program} webhook add --dir {here} --tenant {} --env production \\\n    --url \
         http://127.0.0.1:3000/hook",
        setup::SLUG
    );
    text.push_str("\nCtrl-C stops it; the same command goes on from what is there");
    text
}

/// How this program is called from where we stand.
fn program() -> String {
    let path = std::env::current_exe().unwrap_or_else(|_| "redress".into());
    let here = std::env::current_dir().unwrap_or_default();
    path.strip_prefix(&here).unwrap_or(&path).display().to_string()
}

/// A word as a shell takes it whole.
fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+:@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::manifest::tests::sample;

    #[test]
    fn words_are_quoted_for_a_shell() {
        for (word, typed) in [
            ("redress-data", "redress-data"),
            ("a b", "'a b'"),
            ("it's", "'it'\\''s'"),
            ("", "''"),
            ("$(x)", "'$(x)'"),
        ] {
            assert_eq!(quoted(word), typed);
        }
    }

    #[test]
    fn what_to_type_next_holds_no_secret() {
        let manifest = sample();
        let text = what_next(Path::new("my demo"), "http://127.0.0.1:1", &manifest);
        for secret in ["cHJvZA==", "ZGV2", "pass-1", "pass-3", "rdt_1", "whsec_1"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
        assert!(text.contains("'my demo'") && text.contains("http://127.0.0.1:1/health"));
        assert!(text.lines().all(|line| line.chars().count() < 200), "{text}");
    }
}
