//! The embedded file against the types, each layer against the one below, and each key against the
//! program that is supposed to use it.

use std::fs;

use toml::{Table, Value};

use super::*;

fn read(file: &str, env: &[(&str, &str)], flags: &[Flag<'_>]) -> Result<Settings, String> {
    let scratch = tempfile::tempdir().expect("a scratch directory");
    let path = scratch.path().join("my.toml");
    fs::write(&path, file).expect("written");
    let env = env.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::read(Some(&path), env, flags).map_err(|why| why.to_string())
}

/// Every key of the embedded file, with its default.
fn leaves() -> Vec<(String, String, Value)> {
    let table: Table = DEFAULTS.parse().expect("the embedded file is TOML");
    let mut leaves = Vec::new();
    for (section, keys) in table {
        for (key, value) in keys.as_table().expect("only sections stand at the top") {
            leaves.push((section.clone(), key.clone(), value.clone()));
        }
    }
    leaves
}

#[test]
fn the_embedded_file_is_whole_and_fits() {
    let settings = Settings::read(None, [], &[]).expect("defaults");
    assert_eq!(settings.server.listen.port(), 8080);
    assert_eq!(settings.storage.engine, EngineSetting::Sqlite);
    assert!(settings.server.public_url.is_none() && settings.keys.dir.is_none());
    assert_eq!((settings.iimmpact.window_s, settings.mail.per_address_per_day), (300, 50));
}

#[test]
fn every_key_has_a_sentence() {
    let mut said = false;
    for line in DEFAULTS.lines() {
        match line.chars().next() {
            Some('#') => said = true,
            // A sentence may speak of the keys that follow it, up to a blank line.
            Some('[') | None => said = false,
            Some(_) => assert!(said, "no sentence above `{line}`"),
        }
    }
}

#[test]
fn each_layer_wins_over_the_one_below() {
    let listen = |file: &str, env: &[(&str, &str)], flags: &[Flag<'_>]| {
        read(file, env, flags).expect("fits").server.listen.port()
    };
    let file = "[server]\nlisten = \"127.0.0.1:1001\"\n";
    let env = [("REDRESS_SERVER_LISTEN", "127.0.0.1:1002")];
    let flag = Flag { name: "--listen", key: "server.listen", value: "127.0.0.1:1003" };
    assert_eq!(listen("", &[], &[]), 8080);
    assert_eq!(listen(file, &[], &[]), 1001);
    assert_eq!(listen(file, &env, &[]), 1002);
    assert_eq!(listen(file, &env, &[flag]), 1003);
}

#[test]
fn text_from_the_environment_is_read_as_what_the_default_is() {
    let env = [
        ("REDRESS_HOSTS_ENFORCED", "true"),
        ("REDRESS_HOSTS_PRODUCTION", "api.example, api2.example"),
        ("REDRESS_HOSTS_STAGING", "staging.example,"),
        ("REDRESS_STORAGE_READERS", " 7 "),
        ("REDRESS_METRICS_LISTEN", ""),
        ("REDRESS_DIR", "/not/a/setting"),
        ("REDRESS_SERVICE_HOST", "10.0.0.1"),
        ("REDRESS_PORT", "tcp://10.0.0.1:80"),
        ("OTHER_SERVER_LISTEN", "nonsense"),
    ];
    let settings = read("", &env, &[]).expect("fits");
    assert_eq!(settings.hosts.production, ["api.example", "api2.example"]);
    assert_eq!(settings.hosts.staging, ["staging.example"]);
    assert_eq!((settings.storage.readers, settings.metrics.listen), (7, None));
}

/// A file, the environment, and words of what is said of them.
type Case = (&'static str, &'static [(&'static str, &'static str)], &'static [&'static str]);

#[test]
fn what_cannot_be_used_is_named_with_its_place() {
    #[rustfmt::skip]
    let cases: [Case; 17] = [
        ("[server]\nlisen = \"x\"", &[], &["my.toml", "`server.lisen`", "[server] has"]),
        ("[sever]\nlisten = \"x\"", &[], &["my.toml", "`sever.listen`", "sections are"]),
        ("listen = \"x\"", &[], &["my.toml", "`listen`", "sections are"]),
        ("[server]\nlisten = 8080", &[], &["my.toml", "`server.listen`", "integer"]),
        ("[server]\nlisten = \"all\"", &[], &["my.toml", "`server.listen`", "socket address"]),
        ("[storage]\nreaders = -1", &[], &["my.toml", "`storage.readers`"]),
        ("[storage]\nreaders = 0", &[], &["`storage.readers`", "from 1 to 64"]),
        ("[mail]\ntransport = \"smpt\"", &[], &["my.toml", "`mail.transport`", "smtp", "file"]),
        ("[mail]\ntransport = \"smtp\"", &[], &["mail.smtp_host"]),
        ("[server]\na = 1\n= 2", &[], &["my.toml", "line 3"]),
        ("[server]\nlisten = \"a\"\nlisten = \"b\"", &[], &["my.toml", "line 3"]),
        ("", &[("REDRESS_SERVER_LISEN", "x")], &["REDRESS_SERVER_LISEN", "`server.lisen`"]),
        ("", &[("REDRESS_HOSTS_ENFORCED", "yes")], &["REDRESS_HOSTS_ENFORCED", "true or false"]),
        ("", &[("REDRESS_STORAGE_READERS", "")], &["REDRESS_STORAGE_READERS", "whole number"]),
        ("", &[("REDRESS_STORAGE_ENGINE", "postgres")], &["storage.engine", "storage.url_file"]),
        ("[webhooks]\ntimeout_ms = 60000", &[], &["`webhooks.timeout_ms`", "to 45000"]),
        ("[mail]\nfrom = \"a@b.example\\r\\nBcc: x@y.example\"", &[], &["mail.from"]),
    ];
    for (file, env, wanted) in cases {
        let said = read(file, env, &[]).expect_err(file);
        for word in wanted {
            assert!(said.contains(word), "{file:?} {env:?} said: {said}; missing: {word}");
        }
    }
    let missing = Settings::read(Some(Path::new("/no/such/file")), [], &[]).expect_err("missing");
    assert!(missing.to_string().contains("--config"), "{missing}");
}

#[test]
fn a_file_that_is_something_else_is_not_quoted() {
    let said = read("root:x:0:0:secret-hash\n", &[], &[]).expect_err("not TOML");
    assert!(!said.contains("secret-hash"), "{said}");
}

/// A value other than the default that fits alone.
fn another(section: &str, key: &str, default: &Value) -> String {
    match (section, key, default) {
        ("storage", "engine", _) => "postgres".into(),
        ("mail", "transport" | "smtp_tls", _) => "off".into(),
        ("mail", "from", _) | ("iimmpact", "contact", _) => "other@a.example".into(),
        ("log", "format", _) => "json".into(),
        ("audit", "reads", _) => "before-answer".into(),
        ("evidence", "storage", _) => "s3".into(),
        ("evidence", "scanner", _) => "command".into(),
        ("evidence", "on_scanner_down", _) => "reject".into(),
        (_, "listen", _) => "127.0.0.1:4321".into(),
        (_, _, Value::Integer(number)) => (number + 1).to_string(),
        (_, _, Value::Boolean(flag)) => (!flag).to_string(),
        _ => "other".into(),
    }
}

#[test]
fn every_key_reaches_its_field() {
    let defaults = layers::read(None, [], &[]).expect("defaults");
    for (section, key, default) in leaves() {
        let name = format!("REDRESS_{section}_{key}").to_uppercase();
        let value = another(&section, &key, &default);
        let changed = layers::read(None, [(name.clone(), value)], &[]).expect(&name);
        assert_ne!(changed, defaults, "{name} changes nothing");
    }
}

#[test]
fn every_key_is_used_by_the_program() {
    let mut sources = String::new();
    gather(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src")), &mut sources);
    for (section, key, _) in leaves() {
        let name = format!("{section}.{key}");
        assert!(is_used(&sources, &name), "nothing in the program reads `{name}`");
    }
}

/// Whether `name` stands there as a field, not as a part of a longer word or of a text.
fn is_used(sources: &str, name: &str) -> bool {
    let part = |c: char| c.is_alphanumeric() || "_\"`".contains(c);
    sources.match_indices(name).any(|(start, _)| {
        !sources[..start].ends_with(part) && !sources[start + name.len()..].starts_with(part)
    })
}

/// The program's sources without the settings themselves.
fn gather(dir: &Path, into: &mut String) {
    for entry in fs::read_dir(dir).expect("listed") {
        let path = entry.expect("listed").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() {
            if name != "settings" {
                gather(&path, into);
            }
        } else if name.ends_with(".rs") && name != "settings.rs" {
            let text = fs::read_to_string(&path).expect("read");
            let code = text.lines().filter(|line| !line.trim_start().starts_with("//"));
            code.for_each(|line| into.extend([line, "\n"]));
        }
    }
}
