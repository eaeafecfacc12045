//! A seal as a file, kept outside the database: it shows a database that was set back or written
//! anew. Anyone can check it with the public key in it and an Ed25519 of their own. It never says
//! that a history is sound; only `audit verify` walks it.

use std::fs;
use std::path::Path;

use anyhow::{Context, bail, ensure};
use desk::Desk;
use desk::audit::Witness;
use domain::Instant;
use domain::audit::{Seal, SignedSeal};
use domain::chain::Digest;
use serde::{Deserialize, Serialize};
use vault::audit_seal::{Checked, Signature};
use vault::digest::hex;

use crate::commands::chain;
use crate::directory::write_private;
use crate::wiring::explained;

/// The largest file that is read, in bytes; ours have under 1 KiB.
const FILE_BYTES_MAX: u64 = 65_536;

/// The file's content. Digests are hexadecimal, times milliseconds since 1970.
#[derive(Debug, Serialize, Deserialize)]
struct SealFile {
    seq: i64,
    at_millis: i64,
    heads: i64,
    root: String,
    previous: String,
    /// What is signed.
    digest: String,
    signer: String,
    signature: String,
    /// The public half of the signer's key, PEM; empty when the key is not here.
    public_key: String,
}

/// The seal as the file's text.
///
/// # Errors
/// It cannot be written as JSON.
pub fn text(desk: &Desk, signed: &SignedSeal) -> anyhow::Result<Vec<u8>> {
    let seal = &signed.seal;
    let version = version_of(&signed.signer);
    let keys = desk.keyring().audit_public_keys();
    let public = keys.iter().find(|key| Some(key.version) == version);
    let file = SealFile {
        seq: seal.seq,
        at_millis: seal.at.millis(),
        heads: seal.heads,
        root: hex(&seal.root),
        previous: hex(&seal.previous),
        digest: hex(&seal.digest()),
        signer: signed.signer.clone(),
        signature: hex(&signed.signature),
        public_key: public.map_or_else(String::new, vault::audit_seal::PublicKey::pem),
    };
    let mut text = serde_json::to_vec_pretty(&file).context("writing a seal as JSON")?;
    text.push(b'\n');
    Ok(text)
}

/// Writes the seal durably, wholly or not at all.
///
/// # Errors
/// The machine refuses.
pub fn write(desk: &Desk, signed: &SignedSeal, path: &Path) -> anyhow::Result<()> {
    Ok(write_private(path, &text(desk, signed)?)?)
}

/// Reads a seal and checks that it is one of this installation.
///
/// # Errors
/// It cannot be read, is something else, or was signed by another.
pub fn read(desk: &Desk, path: &Path) -> anyhow::Result<SignedSeal> {
    let reading = || format!("reading the seal {}", path.display());
    let about = fs::metadata(path).with_context(reading)?;
    ensure!(about.len() <= FILE_BYTES_MAX, "{} is too long for a seal", path.display());
    let text = fs::read(path).with_context(reading)?;
    let file: SealFile = serde_json::from_slice(&text).ok().with_context(|| {
        format!("{} is no seal; `redress audit export-seal` writes one", path.display())
    })?;
    let damaged = || format!("{} is damaged: its digests do not fit", path.display());
    let seal = Seal {
        seq: file.seq,
        at: Instant::from_millis(file.at_millis),
        heads: file.heads,
        root: digest(&file.root).with_context(damaged)?,
        previous: digest(&file.previous).with_context(damaged)?,
    };
    ensure!(hex(&seal.digest()) == file.digest, damaged());
    let signature = bytes(&file.signature).with_context(damaged)?;
    let signed = SignedSeal { seal, signer: file.signer, signature };
    match check(desk, &signed) {
        Checked::Good => Ok(signed),
        Checked::Forged => bail!("{} was not signed by this installation's key", path.display()),
        Checked::UnknownKey => bail!(
            "{} was signed by {}, which is not among the keys here: is it of this installation?",
            path.display(),
            signed.signer
        ),
    }
}

/// Why the copy outside is not of this database; nothing when it is, or when there is none.
///
/// # Errors
/// The database does not answer.
pub async fn strange(desk: &Desk, path: &Path) -> anyhow::Result<Option<String>> {
    if !path.exists() {
        return Ok(None);
    }
    let copy = match read(desk, path) {
        Ok(copy) => copy,
        Err(why) => return Ok(Some(chain(&why))),
    };
    let held = desk.holds_seal(&copy).await.map_err(explained)?;
    let (path, seq) = (path.display(), copy.seal.seq);
    Ok((!held).then(|| format!("seal {seq} in {path} is not in the database")))
}

/// The seal as what `verify_audit` looks for in the database.
pub fn witness(signed: &SignedSeal) -> Witness {
    Witness { seq: signed.seal.seq, digest: signed.seal.digest() }
}

fn check(desk: &Desk, signed: &SignedSeal) -> Checked {
    let bytes = signed.signature.as_slice().try_into().ok();
    match (version_of(&signed.signer), bytes) {
        (Some(key_version), Some(bytes)) => {
            desk.keyring().audit_verify(&signed.seal.digest(), &Signature { key_version, bytes })
        }
        _ => Checked::Forged,
    }
}

fn version_of(signer: &str) -> Option<u32> {
    signer.strip_prefix("audit-")?.parse().ok()
}

fn digest(hex: &str) -> Option<Digest> {
    bytes(hex)?.try_into().ok()
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? * 16 + digit(*low)?),
        _ => None,
    };
    hex.as_bytes().chunks(2).map(pair).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hexadecimal_reads_back() {
        for text in ["", "00", "ff10a9"] {
            assert_eq!(bytes(text).map(|bytes| hex(&bytes)).as_deref(), Some(text));
        }
        for text in ["0", "0g", "é", "123"] {
            assert_eq!(bytes(text), None, "{text}");
        }
        assert_eq!(version_of("audit-12"), Some(12));
        assert_eq!(version_of("jwt-1"), None);
    }
}
