//! All settings, typed. The embedded `redress.default.toml` names each of them; a file, the
//! environment and flags change some. It never asks what a setting means to those who use it, and
//! never holds a secret: only the names of files that do.

use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer};

pub use evidence::{EvidenceSettings, OnDownSetting, ScannerSetting, StorageSetting};

pub use layers::{Flag, SettingsError};

mod checks;
mod evidence;
mod layers;

/// The file that lists every setting with its default.
pub const DEFAULTS: &str = include_str!("../../../redress.default.toml");

/// Every setting; see `redress.default.toml` for what each is for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Listening.
    pub server: ServerSettings,
    /// Where data lies.
    pub storage: StorageSettings,
    /// Where keys lie.
    pub keys: KeySettings,
    /// Host names of the environments.
    pub hosts: HostSettings,
    /// Mail out.
    pub mail: MailSettings,
    /// Webhooks out.
    pub webhooks: WebhookSettings,
    /// What mails say.
    pub letters: LetterSettings,
    /// The IIMMPACT dialect.
    pub iimmpact: IimmpactSettings,
    /// Our own API.
    pub native: NativeSettings,
    /// Files of cases.
    pub evidence: EvidenceSettings,
    /// The sealed history.
    pub audit: AuditSettings,
    /// Logs.
    pub log: LogSettings,
    /// Figures for a monitoring system.
    pub metrics: MetricsSettings,
}

/// `[server]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ServerSettings {
    /// Address and port.
    pub listen: SocketAddr,
    /// The base of links; none means the listening address.
    #[serde(deserialize_with = "unset_when_empty")]
    pub public_url: Option<String>,
    /// Certificate chain, PEM.
    #[serde(deserialize_with = "path_unset_when_empty")]
    pub tls_cert_file: Option<PathBuf>,
    /// Private key, PEM.
    #[serde(deserialize_with = "path_unset_when_empty")]
    pub tls_key_file: Option<PathBuf>,
    /// Hops to go left in `X-Forwarded-For`.
    pub trusted_proxies: u8,
    /// Connections open at once.
    pub connections_max: u32,
    /// For the TLS handshake.
    pub tls_handshake_timeout_ms: u64,
    /// For the first byte of a connection.
    pub first_byte_timeout_ms: u64,
    /// For all headers of a request.
    pub header_timeout_ms: u64,
    /// For a whole request after its headers.
    pub request_timeout_ms: u64,
    /// For requests under way when the server stops.
    pub drain_timeout_s: u64,
}

/// The two database engines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum EngineSetting {
    /// One file.
    Sqlite,
    /// A server.
    Postgres,
}

/// `[storage]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StorageSettings {
    /// Which engine.
    pub engine: EngineSetting,
    /// PostgreSQL's place.
    #[serde(deserialize_with = "unset_when_empty")]
    pub url: Option<String>,
    /// A file with it.
    #[serde(deserialize_with = "path_unset_when_empty")]
    pub url_file: Option<PathBuf>,
    /// Whom to trust, PEM.
    #[serde(deserialize_with = "path_unset_when_empty")]
    pub tls_ca_file: Option<PathBuf>,
    /// Reading connections.
    pub readers: u32,
    /// Committing connections (PostgreSQL).
    pub writers: u32,
}

/// `[keys]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KeySettings {
    /// Where keys are; none means in the data directory.
    #[serde(deserialize_with = "path_unset_when_empty")]
    pub dir: Option<PathBuf>,
}

/// `[hosts]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HostSettings {
    /// Whether names bind.
    pub enforced: bool,
    /// Names of production.
    pub production: Vec<String>,
    /// Names of staging.
    pub staging: Vec<String>,
}

/// Where mail goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MailTransport {
    /// To a server.
    Smtp,
    /// Into the data directory.
    File,
    /// Nowhere.
    Off,
}

/// How the mail server is spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SmtpTls {
    /// In the clear first, then TLS or nothing.
    Starttls,
    /// TLS from the first byte.
    Tls,
    /// In the clear.
    Off,
}

/// `[mail]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// Which transport.
    pub transport: MailTransport,
    /// The server's name.
    #[serde(deserialize_with = "unset_when_empty")]
    pub smtp_host: Option<String>,
    /// Its port.
    pub smtp_port: u16,
    /// How to speak to it.
    pub smtp_tls: SmtpTls,
    /// Who logs in.
    #[serde(deserialize_with = "unset_when_empty")]
    pub smtp_user: Option<String>,
    /// A file with the password.
    #[serde(deserialize_with = "path_unset_when_empty")]
    pub smtp_password_file: Option<PathBuf>,
    /// Whom to trust, PEM.
    #[serde(deserialize_with = "path_unset_when_empty")]
    pub smtp_ca_file: Option<PathBuf>,
    /// For one mail.
    pub smtp_timeout_ms: u64,
    /// The sender.
    pub from: String,
    /// Where answers go.
    #[serde(deserialize_with = "unset_when_empty")]
    pub reply_to: Option<String>,
    /// Mails a day to one address.
    pub per_address_per_day: u32,
    /// Mails a day caused by one key.
    pub per_key_per_day: u32,
}

/// `[webhooks]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// Private targets that are allowed.
    pub allow: Vec<String>,
    /// Whom to trust, PEM.
    #[serde(deserialize_with = "path_unset_when_empty")]
    pub tls_ca_file: Option<PathBuf>,
    /// For connecting.
    pub connect_timeout_ms: u64,
    /// For a whole delivery.
    pub timeout_ms: u64,
}

/// `[letters]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LetterSettings {
    /// The operator's own letters, laid over the built-in ones.
    #[serde(deserialize_with = "path_unset_when_empty")]
    pub dir: Option<PathBuf>,
}

/// `[iimmpact]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IimmpactSettings {
    /// Seconds that a timestamp may be off, either way.
    pub window_s: u32,
    /// Addresses in one report.
    pub addresses_max: u32,
    /// Bytes of one body.
    pub body_bytes_max: u32,
    /// Whom callers may write to.
    pub contact: String,
}

/// `[native]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NativeSettings {
    /// Bytes of one body of payments.
    pub body_bytes_max: u32,
    /// For each credential.
    pub requests_per_minute: u32,
}

/// When a read of personal data is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReadsWritten {
    /// After the answer; a crash loses that second.
    WithinASecond,
    /// First; each read costs a commit.
    BeforeAnswer,
}

/// `[audit]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditSettings {
    /// Seconds between two seals.
    pub seal_period_s: u32,
    /// When reads of personal data are written down.
    pub reads: ReadsWritten,
}

/// How logs look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// `[log]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogSettings {
    /// How they look.
    pub format: LogFormat,
    /// A level or a filter.
    pub level: String,
}

/// `[metrics]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MetricsSettings {
    /// Where they are served.
    #[serde(deserialize_with = "address_unset_when_empty")]
    pub listen: Option<SocketAddr>,
}

impl Settings {
    /// Reads all layers: defaults, then `file` when one is given, then those of `env` that begin
    /// with `REDRESS_`, then `flags`; and checks that they fit together.
    ///
    /// # Errors
    /// An unknown key, a value of the wrong kind or out of range: named with the place it came
    /// from.
    pub fn read(
        file: Option<&Path>,
        env: impl IntoIterator<Item = (String, String)>,
        flags: &[Flag<'_>],
    ) -> Result<Self, SettingsError> {
        let settings = layers::read(file, env, flags)?;
        checks::check(&settings)?;
        Ok(settings)
    }
}

fn unset_when_empty<'de, D: Deserializer<'de>>(from: D) -> Result<Option<String>, D::Error> {
    Ok(Some(String::deserialize(from)?).filter(|text| !text.is_empty()))
}

fn path_unset_when_empty<'de, D: Deserializer<'de>>(from: D) -> Result<Option<PathBuf>, D::Error> {
    Ok(unset_when_empty(from)?.map(PathBuf::from))
}

fn address_unset_when_empty<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<Option<SocketAddr>, D::Error> {
    unset_when_empty(from)?.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

#[cfg(test)]
mod tests;
