//! What can be typed after `backup` and `restore`.

use std::path::PathBuf;

use clap::Args;

/// What `backup --help` says at its end.
pub(super) const BACKUP_HELP: &str = "\
The file holds the database as of the beginning, attachments, the settings file and the last seal. \
The keys open every secret in it: they go in locked with a passphrase, or with --include-keys as \
they are, or not at all; then keep a copy of the key directory elsewhere, since without the keys \
nothing can be restored. Run it as the user whom the server runs as.

Example:
  redress backup backups/today.tar --passphrase-file passphrase --dir /var/lib/redress";

/// What `restore --help` says at its end.
pub(super) const RESTORE_HELP: &str = "\
Nothing is written before every byte of the file was checked. The directory must be new or empty; \
a redress.toml and a folder of keys may be there and are used instead of those in the backup. On \
PostgreSQL the database must be empty. To change the engine, say so in that redress.toml or by \
REDRESS_STORAGE_ENGINE and REDRESS_STORAGE_URL.

Exit codes: 0 done; 1 failed; 2 wrong usage; 3 restored, but the histories do not hold.

Example:
  redress restore today.tar --into /var/lib/redress --passphrase-file passphrase";

/// Flags of `backup`.
#[derive(Args, Debug)]
pub struct BackupArgs {
    /// The file to write, which must not be there, or a folder to put one with a new name into
    pub to: PathBuf,
    /// A file that holds the passphrase to lock the keys with
    #[arg(long, value_name = "FILE", conflicts_with = "include_keys")]
    pub passphrase_file: Option<PathBuf>,
    /// Put the keys in as they are: whoever reads the file can open every secret in it
    #[arg(long)]
    pub include_keys: bool,
}

/// Flags of `restore`.
#[derive(Args, Debug)]
pub struct RestoreArgs {
    /// The backup
    pub from: PathBuf,
    /// The data directory to make
    #[arg(long, value_name = "DIR")]
    pub into: PathBuf,
    /// A file that holds the passphrase that locks the keys
    #[arg(long, value_name = "FILE")]
    pub passphrase_file: Option<PathBuf>,
}
