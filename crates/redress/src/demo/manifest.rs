//! `demo.json`: all that a client of the demo needs to start, so that nobody has to read the
//! screen. Later rooms add keys; none is renamed. It holds secrets, so only its owner may read it.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use domain::payment::{Payment, PaymentStatus};
use serde::{Deserialize, Serialize};

use crate::directory::{DirectoryError, write_private};

/// How many payments of each status are listed: twice what is promised.
const LISTED_PER_STATUS: usize = 100;

/// The file's content.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Where the server is, without a slash at the end.
    pub base_url: String,
    /// The IIMMPACT dialect.
    pub iimmpact: IimmpactEntry,
    /// Our own API.
    pub native: NativeEntry,
    /// The webhook endpoint.
    pub webhook: WebhookEntry,
    /// The console.
    pub console: ConsoleEntry,
    /// Payments in production.
    pub transactions: PaymentLists,
    /// Payments in staging.
    pub staging_transactions: PaymentLists,
    /// Where mails are written.
    pub mail_dir: PathBuf,
}

/// Credentials of the IIMMPACT dialect.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct IimmpactEntry {
    /// The production key.
    pub api_key: String,
    /// Its secret, Base64.
    pub secret: String,
    /// The staging key.
    pub staging_api_key: String,
    /// Its secret, Base64.
    pub staging_secret: String,
    /// For the deprecated login.
    pub username: String,
    /// Its password.
    pub password: String,
    /// The same for staging.
    pub staging_username: String,
    /// Its password.
    pub staging_password: String,
    /// The account's registered address.
    pub email: String,
}

/// Tokens of our own API, for production.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NativeEntry {
    /// The one that may do most.
    pub token: String,
    /// One for each role.
    pub tokens: BTreeMap<String, String>,
}

/// The webhook endpoint.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WebhookEntry {
    /// What deliveries are signed with.
    pub secret: String,
}

/// The console.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleEntry {
    /// Where it is.
    pub url: String,
    /// Who may log in.
    pub users: Vec<ConsoleUser>,
}

/// One who may log in.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ConsoleUser {
    /// The address.
    pub email: String,
    /// The password.
    pub password: String,
    /// What they may do.
    pub role: String,
}

/// Some payments by status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentLists {
    /// Done.
    pub successful: Vec<PaymentEntry>,
    /// Failed.
    pub failed: Vec<PaymentEntry>,
    /// Given back.
    pub refunded: Vec<PaymentEntry>,
    /// Under way.
    pub processing: Vec<PaymentEntry>,
}

/// One payment's references.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PaymentEntry {
    /// The caller's.
    pub refid: String,
    /// The system's.
    pub trxid: String,
}

/// It holds nothing but secrets and their names, so nothing of it is printed.
impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Manifest").field("base_url", &self.base_url).finish_non_exhaustive()
    }
}

/// Why the file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    /// It is not there or not readable.
    #[error(
        "cannot read {path}; start `redress demo` on this directory, or name another with --dir"
    )]
    Unread {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        why: std::io::Error,
    },
    /// It is something else. What it holds is not repeated, since it may be a secret.
    #[error("{path}, line {line}: it is not what `redress demo` writes; start the demo again")]
    NotOurs {
        /// The file.
        path: PathBuf,
        /// The line.
        line: usize,
    },
}

impl PaymentLists {
    /// The first payments of each status that is listed.
    pub fn of(payments: &[Payment]) -> Self {
        let first = |status| {
            payments
                .iter()
                .filter(|payment| payment.status == status)
                .take(LISTED_PER_STATUS)
                .map(|payment| PaymentEntry {
                    refid: payment.refid.clone(),
                    trxid: payment.trxid.clone(),
                })
                .collect()
        };
        Self {
            successful: first(PaymentStatus::Successful),
            failed: first(PaymentStatus::Failed),
            refunded: first(PaymentStatus::Refunded),
            processing: first(PaymentStatus::Processing),
        }
    }
}

impl Manifest {
    /// Writes the file, wholly or not at all, for its owner only.
    ///
    /// # Errors
    /// The machine refuses.
    pub fn write(&self, path: &Path) -> Result<(), DirectoryError> {
        let mut text = serde_json::to_vec_pretty(self).map_err(|why| DirectoryError::Io {
            act: "write",
            path: path.to_owned(),
            why: why.into(),
        })?;
        text.push(b'\n');
        write_private(path, &text)
    }

    /// Reads the file back.
    ///
    /// # Errors
    /// It is not there, or something else.
    pub fn read(path: &Path) -> Result<Self, ManifestError> {
        let text = std::fs::read(path)
            .map_err(|why| ManifestError::Unread { path: path.to_owned(), why })?;
        serde_json::from_slice(&text).map_err(|why| {
            let (path, line) = (path.to_owned(), why.line());
            ManifestError::NotOurs { path, line }
        })
    }
}

#[cfg(test)]
pub mod tests {
    use std::os::unix::fs::PermissionsExt;

    use domain::{Env, Instant};
    use serde_json::json;

    use super::*;

    /// One with a word for each secret.
    pub fn sample() -> Manifest {
        let payments = crate::demo::transactions::payments;
        let at = Instant::from_millis(1_780_000_000_000);
        let text = str::to_owned;
        Manifest {
            base_url: text("http://127.0.0.1:8080"),
            iimmpact: IimmpactEntry {
                api_key: text("iimm_prod_1"),
                secret: text("cHJvZA=="),
                staging_api_key: text("iimm_dev_1"),
                staging_secret: text("ZGV2"),
                username: text("demo"),
                password: text("pass-1"),
                staging_username: text("demo-staging"),
                staging_password: text("pass-2"),
                email: text("ops@demo.example"),
            },
            native: NativeEntry {
                token: text("rdt_1"),
                tokens: BTreeMap::from([(text("agent"), text("rdt_2"))]),
            },
            webhook: WebhookEntry { secret: text("whsec_1") },
            console: ConsoleEntry {
                url: text("http://127.0.0.1:8080/console"),
                users: vec![ConsoleUser {
                    email: text("ann@demo.example"),
                    password: text("pass-3"),
                    role: text("agent"),
                }],
            },
            transactions: PaymentLists::of(&payments(Env::Production, at)),
            staging_transactions: PaymentLists::of(&payments(Env::Staging, at)),
            mail_dir: PathBuf::from("/data/mail"),
        }
    }

    #[test]
    fn it_has_the_promised_keys() {
        let value = serde_json::to_value(sample()).expect("JSON");
        let keys = |value: &serde_json::Value| {
            value.as_object().expect("an object").keys().cloned().collect::<Vec<_>>()
        };
        #[rustfmt::skip]
        let promised = json!({
            "": ["base_url", "console", "iimmpact", "mail_dir", "native", "staging_transactions",
                 "transactions", "webhook"],
            "/iimmpact": ["api_key", "email", "password", "secret", "staging_api_key",
                          "staging_password", "staging_secret", "staging_username", "username"],
            "/native": ["token", "tokens"],
            "/webhook": ["secret"],
            "/console": ["url", "users"],
            "/console/users/0": ["email", "password", "role"],
            "/transactions": ["failed", "processing", "refunded", "successful"],
            "/staging_transactions": ["failed", "processing", "refunded", "successful"],
            "/transactions/failed/0": ["refid", "trxid"],
        });
        for (place, wanted) in promised.as_object().expect("an object") {
            let mut is = keys(value.pointer(place).expect(place));
            is.sort();
            assert_eq!(json!(is), *wanted, "{place}");
        }
        for list in ["successful", "failed", "refunded", "processing"] {
            for of in ["transactions", "staging_transactions"] {
                assert!(value[of][list].as_array().expect("a list").len() >= 50, "{of} {list}");
            }
        }
    }

    #[test]
    fn it_reads_back_is_private_and_prints_nothing() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let path = scratch.path().join("demo.json");
        let manifest = sample();
        manifest.write(&path).expect("written");
        assert_eq!(Manifest::read(&path).expect("read"), manifest);
        let mode = std::fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert!(!format!("{manifest:?}").contains("pass-1"));
    }

    #[test]
    fn what_is_not_ours_is_named_and_not_repeated() {
        let scratch = tempfile::tempdir().expect("a scratch directory");
        let path = scratch.path().join("demo.json");
        let said = Manifest::read(&path).expect_err("missing").to_string();
        assert!(said.contains("redress demo"), "{said}");
        std::fs::write(&path, "{\n\"base_url\": {\"secret\": \"s3cret\"}}").expect("written");
        let said = Manifest::read(&path).expect_err("not ours").to_string();
        assert!(said.contains("line 2") && !said.contains("s3cret"), "{said}");
    }
}
