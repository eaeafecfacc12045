//! What a restored directory must know to find its database again: a restore is often told by the
//! environment, and the start that follows is not. It never alters a settings file outside the
//! directory, and never writes a password into one.

use std::path::{Path, PathBuf};

use anyhow::Context;
use toml::Value;

use crate::commands::say;
use crate::directory::write_private;
use crate::settings::{EngineSetting, Settings, StorageSettings};
use crate::wiring::Way;

/// The file that holds PostgreSQL's address, which may have a password in it.
const URL_FILE: &str = "database-url";

/// Writes down where the database and the keys are, when the settings file alone would lead
/// elsewhere.
///
/// # Errors
/// The machine refuses.
pub(super) fn keep(into: &Way, settings: &Settings) -> anyhow::Result<()> {
    if leads_there(into.settings_file().as_deref(), settings) {
        return Ok(());
    }
    if into.config.is_none() {
        let path = into.dir.join("redress.toml");
        let wanted = lasting(&into.dir, settings)?;
        let before = std::fs::read_to_string(&path).unwrap_or_default();
        let text = laid(&before, &wanted);
        write_private(&path, text.as_bytes())?;
        if leads_there(Some(&path), &wanted) {
            say(&format!("where the database is stands in {} now", path.display()));
            return Ok(());
        }
        write_private(&path, before.as_bytes())?;
    }
    say("the environment says where the database is: give the server the same variables");
    Ok(())
}

/// Whether the file by itself, without the environment, leads to this database and these keys.
fn leads_there(file: Option<&Path>, settings: &Settings) -> bool {
    let place = |storage: &StorageSettings| {
        let StorageSettings { engine, url, url_file, tls_ca_file, .. } = storage.clone();
        (engine, (engine == EngineSetting::Postgres).then_some((url, url_file, tls_ca_file)))
    };
    Settings::read(file, [], &[]).is_ok_and(|alone| {
        place(&alone.storage) == place(&settings.storage) && alone.keys.dir == settings.keys.dir
    })
}

/// The settings as they hold from wherever the server is started, with an address that has a
/// password in it in a file.
fn lasting(dir: &Path, settings: &Settings) -> anyhow::Result<Settings> {
    let whole = |path: &PathBuf| std::path::absolute(path).context("naming a file in full");
    let mut lasting = settings.clone();
    let storage = &mut lasting.storage;
    let secret = |url: &mut String| {
        // postgres://user:password@host, or password=.. among words.
        let before_host = url.split_once("://").and_then(|(_, rest)| rest.split_once('@'));
        url.contains("password") || before_host.is_some_and(|(user, _)| user.contains(':'))
    };
    if let Some(url) = storage.url.take_if(secret) {
        let path = dir.join(URL_FILE);
        write_private(&path, format!("{url}\n").as_bytes())?;
        storage.url_file = Some(path);
    }
    for path in [&mut storage.url_file, &mut storage.tls_ca_file, &mut lasting.keys.dir] {
        *path = path.as_ref().map(whole).transpose()?;
    }
    Ok(lasting)
}

/// The text of a settings file with these places laid over those in it.
fn laid(text: &str, settings: &Settings) -> String {
    let storage = &settings.storage;
    let engine = match storage.engine {
        EngineSetting::Sqlite => "sqlite",
        EngineSetting::Postgres => "postgres",
    };
    let path = |path: &Option<PathBuf>| path.as_ref().map_or(String::new(), |path| text_of(path));
    let text = with_keys(
        text,
        "storage",
        &[
            ("engine", engine.to_owned()),
            ("url", storage.url.clone().unwrap_or_default()),
            ("url_file", path(&storage.url_file)),
            ("tls_ca_file", path(&storage.tls_ca_file)),
        ],
    );
    with_keys(&text, "keys", &[("dir", path(&settings.keys.dir))])
}

fn text_of(path: &Path) -> String {
    path.display().to_string()
}

/// The text with the keys of one section set, its other lines and its comments as they were.
fn with_keys(text: &str, section: &str, keys: &[(&str, String)]) -> String {
    let set = keys.iter().map(|(key, value)| format!("{key} = {}", Value::String(value.clone())));
    let set: Vec<String> = set.collect();
    let header = format!("[{section}]");
    let (mut lines, mut inside, mut done) = (Vec::new(), false, false);
    for line in text.lines() {
        if line.trim_start().starts_with('[') {
            inside = line.split('#').next().unwrap_or("").trim() == header;
        }
        let key = line.split('=').next().unwrap_or("").trim();
        if inside && keys.iter().any(|(known, _)| *known == key) {
            continue;
        }
        lines.push(line.to_owned());
        if inside && !done {
            lines.extend(set.iter().cloned());
            done = true;
        }
    }
    if !done {
        lines.push(header);
        lines.extend(set);
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_section_is_set_and_the_rest_stays() {
        let keys = [("engine", "postgres".to_owned()), ("url", "a\"b".to_owned())];
        let set = "engine = \"postgres\"\nurl = 'a\"b'\n";
        for (text, laid) in [
            ("", format!("[storage]\n{set}")),
            ("[mail]\nurl = 1", format!("[mail]\nurl = 1\n[storage]\n{set}")),
            (
                "# ours\n[storage] # where\n engine = \"sqlite\"\nreaders = 2\n[mail]\nx = 1\n",
                format!("# ours\n[storage] # where\n{set}readers = 2\n[mail]\nx = 1\n"),
            ),
        ] {
            assert_eq!(with_keys(text, "storage", &keys), laid, "{text}");
        }
    }
}
