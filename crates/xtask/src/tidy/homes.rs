//! Where each external crate may stand. A crate that is in no row is refused, so a new dependency
//! is argued for here, in the open. What is not shipped (teststand, xtask) and what is a
//! dev-dependency is free: it cannot reach a user.

use super::arrows::Rung;

/// Some external crates, the crates of ours that may have them, and why only those.
struct Home {
    packages: &'static [&'static str],
    rungs: &'static [&'static str],
    why: &'static str,
}

const fn home(
    packages: &'static [&'static str],
    rungs: &'static [&'static str],
    why: &'static str,
) -> Home {
    Home { packages, rungs, why }
}

const HOMES: [Home; 21] = [
    home(
        &["rusqlite", "tokio-postgres", "tokio-postgres-rustls"],
        &["store"],
        "SQL stands once, behind one engine",
    ),
    home(
        &[
            "askama",
            "axum",
            "http",
            "http-body-util",
            "hyper",
            "hyper-util",
            "multer",
            "percent-encoding",
            "serde_path_to_error",
            "tokio-rustls",
            "tower",
            "tower-http",
        ],
        &["dialects"],
        "only dialects listen, and only who listens has pages",
    ),
    home(
        &["reqwest"],
        &["courier", "redress"],
        "all that calls out goes through the courier's guarded client; redress has it for `report`",
    ),
    home(&["lettre", "mail-parser", "minijinja"], &["courier"], "only the courier writes letters"),
    home(
        &["aws-lc-rs", "argon2", "hmac", "jsonwebtoken", "subtle"],
        &["vault"],
        "secrets are handled in one place",
    ),
    home(
        &["zeroize"],
        &["vault", "desk", "courier"],
        "whoever holds a secret for a moment wipes it",
    ),
    home(
        &["sha2"],
        &["domain", "vault", "store"],
        "chains are rules, migrations are known by digest; every other digest is the vault's",
    ),
    home(
        &["jiff"],
        &["domain", "importers", "courier", "dialects", "redress"],
        "calendars are rules; the edges write dates; between them time is a number",
    ),
    home(
        &["unicode-normalization"],
        &["domain", "evidence"],
        "which words are the same word is a rule, the same for every index and every question",
    ),
    home(
        &["clap", "indicatif", "tracing-subscriber", "uuid"],
        &["redress"],
        "only the program has a command line and a terminal",
    ),
    home(
        &["anyhow", "csv"],
        &["importers", "redress"],
        "who reads a file of somebody else tells its owner, in a sentence, what is wrong",
    ),
    home(
        &["toml"],
        &["importers", "dialects", "redress"],
        "files that people edit: settings, mappings, and a dialect's catalogue of messages",
    ),
    home(
        &["caseless", "image", "object_store"],
        &["evidence"],
        "files are judged and kept in one place",
    ),
    home(
        &["rustix"],
        &["vault", "evidence", "redress"],
        "file modes, locks and limits: key files, the directory, the scanner's process",
    ),
    home(&["url"], &["desk"], "whether two addresses are one place is asked where they are kept"),
    home(&["mimalloc"], &["redress"], "which allocator a program has is the program's to say"),
    home(
        &["rustls"],
        &["store", "courier", "dialects", "redress"],
        "who has a socket may wrap it; redress installs the provider",
    ),
    home(
        &["serde", "serde_json", "base64", "form_urlencoded"],
        &["vault", "store", "importers", "courier", "dialects", "redress"],
        "domain and desk know no wire shapes",
    ),
    home(
        &["prometheus-client"],
        &["dialects", "courier", "redress"],
        "figures are shown at the edges",
    ),
    home(
        &["thiserror"],
        &["vault", "store", "evidence", "desk", "importers", "courier", "dialects", "redress"],
        "domain's errors are closed lists with words of their own",
    ),
    home(
        &["bytes", "futures-util", "tokio", "tokio-util", "tracing"],
        &["vault", "store", "evidence", "desk", "courier", "dialects", "redress"],
        "domain is pure: std, sha2, jiff and the tables of Unicode",
    ),
];

/// What is wrong with `package` among the dependencies of `rung`, if anything.
#[must_use]
pub fn complaint(rung: &Rung, package: &str) -> Option<String> {
    if !rung.shipped {
        return None;
    }
    let name = rung.name;
    let Some(home) = HOMES.iter().find(|home| home.packages.contains(&package)) else {
        return Some(format!("`{package}` in `{name}` has no row in tidy/homes.rs: argue for it"));
    };
    if home.rungs.contains(&name) {
        return None;
    }
    let rungs = home.rungs.join(", ");
    Some(format!("`{package}` in `{name}`, but its home is {rungs}: {}", home.why))
}
