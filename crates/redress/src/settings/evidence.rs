//! `[evidence]`: where files of cases are kept, how large they may be, who looks at them. It holds
//! no secret: only the name of a file that does.

use std::path::PathBuf;

use serde::Deserialize;

use super::{path_unset_when_empty, unset_when_empty};

/// Where files are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum StorageSetting {
    /// In a folder.
    Folder,
    /// In a bucket.
    S3,
}

/// Who looks at files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ScannerSetting {
    /// Nobody.
    Off,
    /// clamd.
    Clamd,
    /// A command.
    Command,
}

/// What becomes of a file that nobody could look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDownSetting {
    /// It is held.
    Quarantine,
    /// It is refused.
    Reject,
}

/// `[evidence]`
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EvidenceSettings {
    /// Where files are kept.
    pub storage: StorageSetting,
    /// The folder; none means in the data directory.
    #[serde(deserialize_with = "path_unset_when_empty")]
    pub folder: Option<PathBuf>,
    /// Bytes of one file.
    pub file_bytes_max: u64,
    /// Files of one request.
    pub files_max: u32,
    /// Bytes of one request with files.
    pub request_bytes_max: u64,
    /// For a body with files.
    pub upload_timeout_s: u32,
    /// Without a byte of it.
    pub upload_idle_timeout_s: u32,
    /// Age at which a file that no case names goes.
    pub orphan_grace_s: u32,
    /// Between two sweeps.
    pub sweep_period_s: u32,
    /// The bucket.
    #[serde(deserialize_with = "unset_when_empty")]
    pub s3_bucket: Option<String>,
    /// Its region.
    pub s3_region: String,
    /// Before every name.
    pub s3_prefix: String,
    /// The service; none means Amazon's.
    #[serde(deserialize_with = "unset_when_empty")]
    pub s3_endpoint: Option<String>,
    /// Whether it may be without TLS.
    pub s3_allow_http: bool,
    /// The access key; none means the machine's role.
    #[serde(deserialize_with = "unset_when_empty")]
    pub s3_access_key: Option<String>,
    /// A file with its secret.
    #[serde(deserialize_with = "path_unset_when_empty")]
    pub s3_secret_file: Option<PathBuf>,
    /// Who looks at files.
    pub scanner: ScannerSetting,
    /// For one file.
    pub scanner_timeout_ms: u64,
    /// What becomes of what nobody could look at.
    pub on_scanner_down: OnDownSetting,
    /// Where clamd listens.
    pub clamd_address: String,
    /// clamd's own configuration.
    #[serde(deserialize_with = "path_unset_when_empty")]
    pub clamd_config_file: Option<PathBuf>,
    /// The command and its arguments.
    pub scanner_command: Vec<String>,
}
