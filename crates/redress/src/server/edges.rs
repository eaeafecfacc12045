//! What was set, in the words of the crate that listens: limits, TLS, the settings of each
//! dialect. A setting that is not handed on here does nothing.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, ensure};
use dialects::iimmpact::{CatalogueError, Messages};
use dialects::listen::Limits;
use domain::Millis;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

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
    let import_bytes_max = bytes(settings.native.body_bytes_max);
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

/// TLS by the files that are set; nothing when none are. HTTP/2 is offered.
///
/// # Errors
/// A file cannot be read, holds something else, or the two do not belong together.
pub fn tls(server: &ServerSettings) -> anyhow::Result<Option<Arc<ServerConfig>>> {
    let (Some(chain), Some(key)) = (&server.tls_cert_file, &server.tls_key_file) else {
        return Ok(None);
    };
    let certificates = certificates(chain).context("the setting `server.tls_cert_file`")?;
    let private = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("reading the private key (PEM) in {}", key.display()))
        .context("the setting `server.tls_key_file`")?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .context("choosing versions of TLS")?
        .with_no_client_auth()
        .with_single_cert(certificates, private)
        .context(
            "`server.tls_cert_file` and `server.tls_key_file` cannot be used; do they belong \
             together?",
        )?;
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Some(Arc::new(config)))
}

fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let reading = || format!("reading the certificates (PEM) in {}", path.display());
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).with_context(reading)?.collect();
    let found = found.with_context(reading)?;
    ensure!(!found.is_empty(), "{} holds no certificate", path.display());
    Ok(found)
}
