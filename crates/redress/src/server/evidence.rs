//! The cabinet with what was set: where files are kept, who looks at them, how much is taken. A
//! scanner that would pass large files by stops the start; one that is down only holds files back.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, anyhow, bail};
use evidence::place::{Bucket, BucketSettings, Folder, Place};
use evidence::scan::clamd::Address;
use evidence::scan::{Checked, Clamd, Program, Scanner};
use evidence::{Cabinet, Fault, OnScannerDown, Rules};
use vault::Secret;

use crate::settings::{EvidenceSettings, OnDownSetting, ScannerSetting, StorageSetting};
use crate::wiring::{House, text_of};

/// Opens the cabinet.
///
/// # Errors
/// The folder or bucket cannot be used, or belongs to another installation.
pub async fn cabinet(house: &House) -> anyhow::Result<Cabinet> {
    let evidence = &house.settings.evidence;
    let root = folder(house);
    let rules = Rules {
        file_bytes_max: evidence.file_bytes_max,
        files_max: usize::try_from(evidence.files_max).unwrap_or(usize::MAX),
        request_bytes_max: evidence.request_bytes_max,
        ..Rules::default()
    };
    let settings = evidence::Settings {
        spool: root.join("spool"),
        place: place(evidence, &root)?,
        scanner: scanner(evidence)?,
        on_scanner_down: match evidence.on_scanner_down {
            OnDownSetting::Quarantine => OnScannerDown::Quarantine,
            OnDownSetting::Reject => OnScannerDown::Reject,
        },
        rules,
    };
    let keys = Arc::clone(house.desk.keyring());
    Cabinet::open(keys, settings).await.map_err(explained).context("the storage of files")
}

/// Gives the desk its cabinet, having looked at the scanner.
///
/// # Errors
/// As [`cabinet`], and a scanner whose limits are below ours.
pub(super) async fn furnish(house: &House) -> anyhow::Result<()> {
    let cabinet = cabinet(house).await?;
    match cabinet.check_scanner().await {
        Checked::Off => {}
        Checked::Good(said) => tracing::info!(said, "the scanner is there"),
        Checked::Unproven(said) => tracing::warn!(said, "the scanner is there"),
        Checked::Down(why) => {
            let becomes = match house.settings.evidence.on_scanner_down {
                OnDownSetting::Quarantine => "held",
                OnDownSetting::Reject => "refused",
            };
            tracing::error!(why, "the scanner is down: files are {becomes} until it is back");
        }
        Checked::TooSmall(why) => bail!(why),
    }
    house.desk.furnish(cabinet);
    Ok(())
}

fn folder(house: &House) -> PathBuf {
    house.settings.evidence.folder.clone().unwrap_or_else(|| house.directory.files())
}

fn place(evidence: &EvidenceSettings, root: &std::path::Path) -> anyhow::Result<Place> {
    if evidence.storage == StorageSetting::Folder {
        let folder = Folder::open(root).map_err(explained).context("`evidence.folder`")?;
        return Ok(Place::Folder(folder));
    }
    let access = match (&evidence.s3_access_key, &evidence.s3_secret_file) {
        (Some(key), Some(path)) => {
            let secret = text_of(path).context("the setting `evidence.s3_secret_file`")?;
            Some((key.clone(), Secret::new(secret)))
        }
        _ => None,
    };
    let bucket = evidence.s3_bucket.as_ref();
    let bucket = bucket.ok_or_else(|| anyhow!("`evidence.s3_bucket` is not set"))?;
    let settings = BucketSettings {
        bucket: bucket.clone(),
        region: evidence.s3_region.clone(),
        endpoint: evidence.s3_endpoint.clone(),
        prefix: evidence.s3_prefix.clone(),
        allow_http: evidence.s3_allow_http,
        access,
    };
    Ok(Place::Bucket(Bucket::open(settings).map_err(explained)?))
}

fn scanner(evidence: &EvidenceSettings) -> anyhow::Result<Scanner> {
    let time = Duration::from_millis(evidence.scanner_timeout_ms);
    Ok(match evidence.scanner {
        ScannerSetting::Off => Scanner::Off,
        ScannerSetting::Clamd => {
            let address = Address::parse(&evidence.clamd_address);
            let address = address.ok_or_else(|| anyhow!("`evidence.clamd_address` is none"))?;
            Scanner::Clamd(Clamd::new(address, time, evidence.clamd_config_file.clone()))
        }
        ScannerSetting::Command => {
            Scanner::Program(Program::new(evidence.scanner_command.clone(), time))
        }
    })
}

fn explained(fault: Fault) -> anyhow::Error {
    anyhow::Error::new(fault)
}
