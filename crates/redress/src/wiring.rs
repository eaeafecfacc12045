//! From a directory to a desk: settings, directory, database, keys, in this order. Every command
//! comes this way, beside a running server too. It never makes keys for a database that was set up
//! with others, since what those sealed could not be opened any more.

use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, anyhow, bail};
use desk::{Desk, Failure};
use store::engine::{Db, Place, vacant};
use store::migrate::{MIGRATIONS, Migrated};
use vault::keyring::{Keyring, KeyringError};

use crate::clock::{self, OsClock, OsDice, PooledDice};
use crate::directory::{Directory, Kind};
use crate::seal_file;
use crate::settings::{EngineSetting, Flag, Settings, StorageSettings};

/// The largest file that holds an address or a password, in bytes.
const SECRET_FILE_BYTES_MAX: u64 = 4_096;

/// What was said on the command line about where things are.
#[derive(Clone, Debug)]
pub struct Way {
    /// The data directory.
    pub dir: PathBuf,
    /// The settings file, when one is named.
    pub config: Option<PathBuf>,
}

/// Which directories will do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// One of this kind; made when it is missing.
    Kind(Kind),
    /// Any; made for real use when it is missing.
    Any,
    /// Any that is there; nothing is made.
    Existing,
}

/// An installation, opened.
pub struct House {
    /// Where it is.
    pub directory: Directory,
    /// What was set.
    pub settings: Settings,
    /// Its database, for those who look at the engine itself.
    pub db: Db,
    /// What opening did to the schema.
    pub migrated: Migrated,
    /// Where commands go.
    pub desk: Desk,
}

impl Way {
    /// The settings file, when there is one.
    pub fn settings_file(&self) -> Option<PathBuf> {
        let usual = self.dir.join("redress.toml");
        self.config.clone().or_else(|| usual.is_file().then_some(usual))
    }

    /// Reads the settings for this directory: defaults, file, environment, flags.
    ///
    /// # Errors
    /// A setting that cannot be used, named with its place.
    pub fn settings(&self, flags: &[Flag<'_>]) -> anyhow::Result<Settings> {
        let file = self.settings_file();
        // A variable that is not text is no setting of ours.
        let texts = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        let env = std::env::vars_os().filter_map(texts);
        Ok(Settings::read(file.as_deref(), env, flags)?)
    }

    /// Opens the directory, or makes it where `wanted` says so.
    ///
    /// # Errors
    /// It is of another kind, something else, or not writable.
    pub fn directory(&self, wanted: Wanted) -> anyhow::Result<Directory> {
        let at = clock::now();
        Ok(match wanted {
            Wanted::Kind(kind) => Directory::open_or_make(&self.dir, kind, at)?,
            Wanted::Any => Directory::open_any(&self.dir, at)?,
            Wanted::Existing => Directory::open(&self.dir)?,
        })
    }

    /// Opens everything, for a command that is no server.
    ///
    /// # Errors
    /// The first thing that cannot be opened, and what to do about it.
    pub async fn open(&self, wanted: Wanted) -> anyhow::Result<House> {
        let settings = self.settings(&[])?;
        House::open(self.directory(wanted)?, settings).await
    }
}

impl House {
    /// Opens what belongs to an opened directory, and brings the schema up to date.
    ///
    /// # Errors
    /// The database or the keys cannot be used.
    pub async fn open(directory: Directory, mut settings: Settings) -> anyhow::Result<Self> {
        suit(&directory, &mut settings);
        let db = Db::open(&place(directory.database(), &settings.storage)?)
            .await
            .context("the database cannot be opened")?;
        let migrated = db.migrate(MIGRATIONS, clock::now()).await?;
        let keys = keyring(&keys_dir(&directory, &settings), &db).await?;
        let dice = Box::new(PooledDice::default());
        let desk = Desk::new(db.clone(), Arc::new(keys), Arc::new(OsClock), dice);
        // A command ends before a second is over; a server sets what its operator chose.
        desk.log_reads_before_answers(true);
        desk.take_stock().await.map_err(explained)?;
        Ok(Self { directory, settings, db, migrated, desk })
    }

    /// Opens what a server runs on: only the database that the directory's last seal is of. A
    /// server beside another one would take reports where nobody looks for them.
    ///
    /// # Errors
    /// As [`House::open`]; or the seal is not in the database, and nobody said to `accept` that.
    pub async fn open_to_serve(
        directory: Directory,
        settings: Settings,
        accept: bool,
    ) -> anyhow::Result<Self> {
        let seal = directory.last_seal();
        if !accept && seal.exists() {
            // Before it is opened: opening would make our tables in it.
            let there = place(directory.database(), &settings.storage)?;
            if vacant(&there).await? {
                bail!("{there:?} is empty. {}", beside(&seal));
            }
        }
        let house = Self::open(directory, settings).await?;
        match seal_file::strange(&house.desk, &seal).await? {
            Some(why) if !accept => bail!("{why}. {}", beside(&seal)),
            _ => Ok(house),
        }
    }

    /// Where the last seal is kept outside the database.
    pub fn last_seal_file(&self) -> PathBuf {
        self.directory.last_seal()
    }
}

/// What to do about a seal that is not of the database.
fn beside(seal: &Path) -> String {
    format!(
        "The seal in {} is of another database: say where that one is in the settings \
         `storage.engine` and `storage.url`. If it was set back or replaced on purpose, \
         --accept-database serves what is there and moves the seal aside",
        seal.display()
    )
}

/// What a demo's directory changes of the settings: webhooks may go to this machine, where people
/// who try things have their receivers.
pub fn suit(directory: &Directory, settings: &mut Settings) {
    let rule = "loopback".to_owned();
    if directory.kind() == Kind::Demo && !settings.webhooks.allow.contains(&rule) {
        settings.webhooks.allow.push(rule);
    }
}

/// Where the keys are.
pub fn keys_dir(directory: &Directory, settings: &Settings) -> PathBuf {
    settings.keys.dir.clone().unwrap_or_else(|| directory.keys())
}

/// Where the database is.
///
/// # Errors
/// The file that holds PostgreSQL's address cannot be read.
pub fn place(database: PathBuf, storage: &StorageSettings) -> anyhow::Result<Place> {
    let readers = at_least_one(storage.readers);
    if storage.engine == EngineSetting::Sqlite {
        return Ok(Place::Sqlite { path: database, readers });
    }
    let url = match (&storage.url, &storage.url_file) {
        (Some(url), _) => url.clone(),
        (None, Some(path)) => text_of(path).context("the setting `storage.url_file`")?,
        (None, None) => bail!("`storage.engine` is postgres; say where it is: `storage.url`"),
    };
    let (ca_file, writers) = (storage.tls_ca_file.clone(), at_least_one(storage.writers));
    Ok(Place::Postgres { url, ca_file, writers, readers })
}

fn at_least_one(count: u32) -> NonZeroUsize {
    usize::try_from(count).ok().and_then(NonZeroUsize::new).unwrap_or(NonZeroUsize::MIN)
}

/// The keys in `dir`; new ones when there are none and nothing was sealed yet.
async fn keyring(dir: &Path, db: &Db) -> anyhow::Result<Keyring> {
    let vacant = match fs::read_dir(dir) {
        Ok(mut entries) => entries.next().is_none(),
        Err(why) => why.kind() == std::io::ErrorKind::NotFound,
    };
    if !vacant {
        return Ok(Keyring::open(dir)?);
    }
    if !store::read::accounts::tenants(db).await?.is_empty() {
        bail!(
            "there are no keys in {}, but the database was set up with keys: restore them from \
             their backup, or copy them from the node that has them",
            dir.display()
        );
    }
    match Keyring::create(dir, &mut OsDice) {
        // Another command was quicker.
        Err(KeyringError::AlreadyThere { .. }) => Ok(Keyring::open(dir)?),
        made => Ok(made?),
    }
}

/// What stands in a small file, without the line break at its end.
///
/// # Errors
/// It cannot be read, or is too long to be what it should be.
pub fn text_of(path: &Path) -> anyhow::Result<String> {
    let reading = || format!("reading {}", path.display());
    let about = fs::metadata(path).with_context(reading)?;
    if about.len() > SECRET_FILE_BYTES_MAX {
        bail!("{} is too long: more than {SECRET_FILE_BYTES_MAX} bytes", path.display());
    }
    let text = fs::read_to_string(path).with_context(reading)?;
    Ok(text.trim_end_matches(['\r', '\n']).to_owned())
}

/// A failure of the desk, for a person at a command line.
pub fn explained(failure: Failure) -> anyhow::Error {
    match failure {
        Failure::Broken(fault) => anyhow::Error::new(fault),
        Failure::Refused(refusal) if refusal.transient() => {
            anyhow!("too much is going on at once; try again in a moment")
        }
        Failure::Refused(refusal) => anyhow!("refused: {refusal}"),
    }
}
