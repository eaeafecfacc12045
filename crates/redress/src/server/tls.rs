//! TLS ended by this program: certificate and key from two files, read again when they change or
//! when somebody asks by SIGHUP. A pair that cannot be used never takes the place of one that
//! serves.

use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

use anyhow::{Context, ensure};
use domain::Instant;
use rustls::ServerConfig;
use rustls::crypto::aws_lc_rs;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::certificate;
use crate::settings::ServerSettings;

/// How often the two files are looked at. Whoever renews certificates does so weeks ahead.
const LOOK_EVERY: Duration = Duration::from_secs(10);

/// The certificate that is served, and where it comes from.
#[derive(Debug)]
pub struct Certificates {
    chain: PathBuf,
    key: PathBuf,
    now: RwLock<Arc<CertifiedKey>>,
    seen: Mutex<Stamp>,
}

/// What tells one content of the two files from another without reading them.
type Stamp = [Option<(u64, u64, i64, i64)>; 2];

impl Certificates {
    /// Reads the files that are set; nothing when none are.
    ///
    /// # Errors
    /// A file cannot be read, holds something else, or the two do not belong together.
    pub fn read(server: &ServerSettings) -> anyhow::Result<Option<Self>> {
        let (Some(chain), Some(key)) = (&server.tls_cert_file, &server.tls_key_file) else {
            return Ok(None);
        };
        let seen = Mutex::new(stamp(chain, key));
        let now = RwLock::new(Arc::new(pair(chain, key)?));
        Ok(Some(Self { chain: chain.clone(), key: key.clone(), now, seen }))
    }

    /// Until when the certificate that is served is good, if it says so in a way we read.
    pub fn until(&self) -> Option<Instant> {
        let now = self.now.read().unwrap_or_else(PoisonError::into_inner);
        certificate::until(now.cert.first()?)
    }

    /// What the accept loop needs. HTTP/2 is offered.
    ///
    /// # Errors
    /// The library knows no safe version of TLS.
    pub fn config(self: &Arc<Self>) -> anyhow::Result<Arc<ServerConfig>> {
        let mut config =
            ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
                .with_safe_default_protocol_versions()
                .context("choosing versions of TLS")?
                .with_no_client_auth()
                .with_cert_resolver(Arc::clone(self) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }

    /// Reads the files again whenever they changed, and when `asked`. Never ends.
    pub async fn follow(&self, asked: &Notify) {
        loop {
            let asked = timeout(LOOK_EVERY, asked.notified()).await.is_ok();
            let found = stamp(&self.chain, &self.key);
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            if *seen == found && !asked {
                continue;
            }
            *seen = found;
            match pair(&self.chain, &self.key) {
                Ok(pair) => {
                    *self.now.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(pair);
                    tracing::info!("the TLS certificate was read again; new connections get it");
                }
                Err(why) => {
                    let why = crate::commands::chain(&why);
                    tracing::error!(why, "the TLS certificate was not changed; the old one serves");
                }
            }
        }
    }
}

impl ResolvesServerCert for Certificates {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.now.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn stamp(chain: &Path, key: &Path) -> Stamp {
    [chain, key].map(|path| {
        let about = std::fs::metadata(path).ok()?;
        Some((about.ino(), about.len(), about.mtime(), about.mtime_nsec()))
    })
}

fn pair(chain: &Path, key: &Path) -> anyhow::Result<CertifiedKey> {
    let certificates = certificates(chain).context("the setting `server.tls_cert_file`")?;
    let private = PrivateKeyDer::from_pem_file(key)
        .with_context(|| format!("reading the private key (PEM) in {}", key.display()))
        .context("the setting `server.tls_key_file`")?;
    CertifiedKey::from_der(certificates, private, &aws_lc_rs::default_provider()).context(
        "`server.tls_cert_file` and `server.tls_key_file` cannot be used; do they belong together?",
    )
}

fn certificates(path: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let reading = || format!("reading the certificates (PEM) in {}", path.display());
    let found: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).with_context(reading)?.collect();
    let found = found.with_context(reading)?;
    ensure!(!found.is_empty(), "{} holds no certificate", path.display());
    Ok(found)
}
