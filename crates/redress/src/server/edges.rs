//! What was set, in the words of the crate that listens: limits, the settings of each dialect. A
//! setting that is not handed on here does nothing.

use std::time::Duration;

use dialects::iimmpact::{CatalogueError, Messages};
use dialects::listen::Limits;
use domain::Millis;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::settings::{ServerSettings, Settings};

/// Files beside those of callers: the database, mail, webhooks, logs.
const FILES_BESIDE: u64 = 256;

/// The limits of the accept loop.
pub(super) fn limits(server: &ServerSettings) -> Limits {
    Limits {
        connections_max: server.connections_max,
        first_byte: Duration::from_millis(server.first_byte_timeout_ms),
        handshake: Duration::from_millis(server.tls_handshake_timeout_ms),
        head: Duration::from_millis(server.header_timeout_ms),
        drain: Duration::from_secs(server.drain_timeout_s),
        ..Limits::default()
    }
}

/// Lets this process hold a file for every connection that is allowed, as far as the system lets
/// it raise its own limit. The usual limit of 1024 files is less than the usual connections need.
pub(super) fn raise_open_files(server: &ServerSettings) {
    let needed = u64::from(server.connections_max) + FILES_BESIDE;
    let limit = getrlimit(Resource::Nofile);
    let highest = limit.maximum.map_or(needed, |maximum| maximum.min(needed));
    if limit.current.is_some_and(|current| current < highest) {
        let raised = Rlimit { current: Some(highest), maximum: limit.maximum };
        if let Err(why) = setrlimit(Resource::Nofile, raised) {
            tracing::warn!(%why, "the limit of open files could not be raised");
        }
    }
    if highest < needed {
        tracing::warn!(
            needed,
            allowed = highest,
            "too few open files for `server.connections_max`; raise the limit (ulimit -n, or \
             LimitNOFILE) or lower the setting"
        );
    }
}

/// What the dialects need to know.
///
/// # Errors
/// The built-in messages are broken.
pub(super) fn dialects(settings: &Settings) -> anyhow::Result<dialects::Settings> {
    let (server, hosts) = (&settings.server, &settings.hosts);
    let hosts = hosts.enforced.then(|| dialects::who::Hosts {
        production: hosts.production.clone(),
        staging: hosts.staging.clone(),
    });
    let mut made = dialects::Settings {
        trusted_hops: usize::from(server.trusted_proxies),
        hosts,
        request_time: Duration::from_millis(server.request_timeout_ms),
        ..dialects::Settings::default()
    };
    let evidence = &settings.evidence;
    made.uploads.time = Duration::from_secs(u64::from(evidence.upload_timeout_s));
    made.uploads.idle = Duration::from_secs(u64::from(evidence.upload_idle_timeout_s));
    let import_bytes_max = bytes(settings.native.body_bytes_max);
    made.native.requests_per_minute = settings.native.requests_per_minute;
    made.native.import_body.bytes_max = import_bytes_max;
    made.native.import_body.discarded_bytes_max = import_bytes_max;
    let iimmpact = &settings.iimmpact;
    made.iimmpact.window = Millis::seconds(i64::from(iimmpact.window_s));
    made.iimmpact.body.bytes_max = bytes(iimmpact.body_bytes_max);
    made.iimmpact.addresses_max = bytes(iimmpact.addresses_max);
    let (messages, problem) = messages(settings)?;
    if let Some(problem) = problem {
        tracing::error!(%problem, "messages of yours are not used; the built-in ones are");
    }
    made.iimmpact.messages = messages;
    Ok(made)
}

/// The longer messages to callers: the operator's own, or the built-in ones and what is wrong with
/// the operator's.
///
/// # Errors
/// The built-in ones are broken.
pub fn messages(settings: &Settings) -> anyhow::Result<(Messages, Option<CatalogueError>)> {
    let (letters, iimmpact) = (&settings.letters, &settings.iimmpact);
    let own = match &letters.dir {
        Some(folder) => Messages::in_folder(folder, &iimmpact.contact),
        None => Messages::built_in(&iimmpact.contact),
    };
    match own {
        Ok(messages) => Ok((messages, None)),
        Err(why) => Ok((Messages::built_in(&iimmpact.contact)?, Some(why))),
    }
}

fn bytes(count: u32) -> usize {
    usize::try_from(count).unwrap_or(usize::MAX)
}
