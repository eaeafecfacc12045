//! `restore`: an installation made of a backup, on either engine. Nothing is written before every
//! byte was checked and everything that can say no was asked; the directory becomes one of ours
//! with its last file, so one that a stopped run left behind is never taken for whole.

mod kept;

use std::fs::{self, DirBuilder, OpenOptions};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow, bail, ensure};
use domain::Instant;
use store::copy::{Filler, Table};
use store::engine::{Db, Place, tables, vacant};
use store::migrate::{MIGRATIONS, Migration};
use vault::audit_seal::Checked;
use vault::keyring::Keyring;
use vault::parcel::Parcel;
use vault::secret::Secret;

use super::backup::{steps, trees};
use super::{Outcome, audit, say};
use crate::archive::read::Archive;
use crate::archive::{self, rows};
use crate::cli::RestoreArgs;
use crate::clock::{self, OsDice};
use crate::counting::Counting;
use crate::directory::{Directory, DirectoryError, Kind, write_private};
use crate::settings::{EngineSetting, Settings, StorageSetting};
use crate::wiring::{House, Wanted, Way, explained, place, text_of};

/// Mode of the folders that are made for files.
const DIR_MODE: u32 = 0o700;
/// Mode of files.
const FILE_MODE: u32 = 0o600;

/// The keys that the backup was made with.
enum Keys {
    /// In the key directory already.
    Here(Keyring),
    /// In the backup.
    Parcel(Parcel),
}

/// Runs the command.
///
/// # Errors
/// The backup is damaged or is none, the target is not empty, the keys are missing: then nothing
/// was written. Afterwards only what the machine refuses.
pub async fn run(way: &Way, args: RestoreArgs) -> anyhow::Result<Outcome> {
    let mut counting = Counting::start("bytes checked");
    let archive = Archive::open(&args.from, &mut |bytes| counting.show(bytes));
    counting.finish();
    let mut archive = archive?;
    let (schema, tables) = schema_of(&archive)?;
    let into = Way { dir: args.into.clone(), config: way.config.clone() };
    refuse_what_is_there(&into.dir)?;
    let draft = SettingsDraft::lay(&into, &mut archive)?;
    let settings = into.settings(&[])?;
    let database = place(into.dir.join("redress.db"), &settings.storage)?;
    ensure!(
        vacant(&database).await?,
        "{database:?} is not empty: a backup is restored into an empty database only; if a restore \
         into it was stopped, make the database anew and repeat"
    );
    room_for_files(&archive, &into.dir, &settings)?;
    let keys_dir = settings.keys.dir.clone().unwrap_or_else(|| into.dir.join("keys"));
    let keys = keys(&mut archive, &keys_dir, args.passphrase_file.as_deref())?;
    signed_by(&keys, &archive, &keys_dir)?;
    let own_settings = draft.keep();
    let made = made(&keys, &keys_dir, &settings, own_settings);
    let undone = || {
        let root = into.dir.clone();
        DirectoryError::HalfRestored { root, made: made.clone() }.to_string()
    };
    let task = Builder { into: &into, archive, schema, tables, made: &made };
    task.build(&settings, &database, keys, &keys_dir).await.with_context(undone)?;
    let house = into.open(Wanted::Existing).await?;
    let secrets = house.desk.open_all_secrets().await.map_err(explained)?;
    say(&format!("the keys open all {secrets} secrets"));
    let kind = house.directory.kind().word();
    let files = all_files(&house).await?;
    drop(house);
    let outcome = match audit::verify(&into, None).await? {
        Outcome::Done => files,
        outcome => outcome,
    };
    kept::keep(&into, &settings)?;
    if outcome == Outcome::Done {
        let config = into.config.as_ref();
        let config = config.map_or(String::new(), |path| format!(" --config {}", path.display()));
        let dir = into.dir.display();
        say(&format!("restored; `redress {kind} --dir {dir}{config}` starts it"));
    }
    Ok(outcome)
}

/// The steps that the backup's schema has, which must be the first of ours, and its tables.
fn schema_of(archive: &Archive) -> anyhow::Result<(&'static [Migration], Vec<Table>)> {
    let (path, manifest) = (archive.path().display(), &archive.manifest);
    let said = &manifest.schema;
    let Some(schema) = MIGRATIONS.get(..said.len()) else {
        let by = &manifest.program;
        bail!("{path} was made by {by}, whose database has more steps: restore it with that");
    };
    let newest = schema.last().map_or(0, |step| step.number);
    ensure!(steps(newest) == *said, "{path} was made by a program with other steps than this one");
    let tables = tables(schema)?;
    let same = tables.len() == manifest.tables.len()
        && tables
            .iter()
            .zip(&manifest.tables)
            .all(|(ours, said)| ours.name == said.name && ours.columns == said.columns);
    ensure!(same, "{path} has other tables than its steps make");
    Ok((schema, tables))
}

/// Only what an operator may prepare may be in the target.
fn refuse_what_is_there(dir: &Path) -> anyhow::Result<()> {
    let full = || {
        anyhow!("{} is not empty: a backup is restored into a new directory only", dir.display())
    };
    match Directory::open(dir) {
        Err(DirectoryError::Missing { .. }) => {}
        Ok(_) | Err(DirectoryError::Foreign { .. }) => return Err(full()),
        Err(why) => return Err(why.into()),
    }
    for folder in ["files", "mail"] {
        let something = fs::read_dir(dir.join(folder)).is_ok_and(|mut all| all.next().is_some());
        ensure!(!something, full());
    }
    Ok(())
}

/// Where the files of cases shall go must be a folder, and empty.
fn room_for_files(archive: &Archive, dir: &Path, settings: &Settings) -> anyhow::Result<()> {
    let trees = trees(dir, settings);
    let count = archive.named(archive::FILES).len();
    ensure!(
        count == 0 || !trees.is_empty(),
        "the backup holds {count} files of cases, and `evidence.storage` is s3: set it to folder"
    );
    for (_, folder) in trees {
        let something = fs::read_dir(&folder).is_ok_and(|mut all| all.next().is_some());
        ensure!(
            !something,
            "{} is not empty: set `evidence.folder` to another folder, or to nothing",
            folder.display()
        );
    }
    Ok(())
}

/// Whether every file that a row names is there. A bucket is not asked: a restore calls nobody.
async fn all_files(house: &House) -> anyhow::Result<Outcome> {
    if house.settings.evidence.storage == StorageSetting::S3 {
        say("the files of cases are expected in the bucket; `doctor` looks at it");
        return Ok(Outcome::Done);
    }
    house.desk.furnish(crate::server::cabinet(house).await?);
    let (all, missing, one) = house.desk.find_missing_files().await.map_err(explained)?;
    let Some(one) = one else {
        say(&format!("all {all} files of cases are there"));
        return Ok(Outcome::Done);
    };
    say(&format!(
        "{missing} of {all} files of cases are not there, {one} for one: they were not in the \
         backup; if a bucket holds them, set `evidence.storage` to s3"
    ));
    Ok(Outcome::Refused)
}

/// The backup's settings file in its new place, taken away again when nothing comes of it.
struct SettingsDraft(Option<PathBuf>);

impl SettingsDraft {
    fn lay(into: &Way, archive: &mut Archive) -> anyhow::Result<Self> {
        if into.settings_file().is_some() || !archive.has(archive::SETTINGS) {
            if archive.has(archive::SETTINGS) {
                say("the settings in the backup are not used: others are given");
            }
            return Ok(Self(None));
        }
        let text = archive.take(archive::SETTINGS)?;
        Directory::begin(&into.dir)?;
        let path = into.dir.join("redress.toml");
        write_private(&path, &text)?;
        Ok(Self(Some(path)))
    }

    /// Leaves it there; whether there is one.
    fn keep(mut self) -> bool {
        self.0.take().is_some()
    }
}

impl Drop for SettingsDraft {
    fn drop(&mut self) {
        if let Some(path) = &self.0 {
            // The directory goes only if it is empty, as it was or was not before.
            drop(fs::remove_file(path));
            drop(path.parent().map(fs::remove_dir));
        }
    }
}

fn keys(archive: &mut Archive, dir: &Path, passphrase: Option<&Path>) -> anyhow::Result<Keys> {
    if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
        say(&format!("the keys in {} are used", dir.display()));
        return Ok(Keys::Here(Keyring::open(dir)?));
    }
    if archive.has(archive::KEYS_OPEN) {
        let text = zeroed(archive.take(archive::KEYS_OPEN)?);
        return Ok(Keys::Parcel(Parcel::from_open_form(text.reveal().as_bytes())?));
    }
    if archive.has(archive::KEYS_LOCKED) {
        let Some(path) = passphrase else {
            bail!("the keys are locked with a passphrase: give --passphrase-file");
        };
        let passphrase = Secret::new(text_of(path).context("the passphrase")?);
        let locked = archive.take(archive::KEYS_LOCKED)?;
        let unlocked = Parcel::unlock(&locked, &passphrase);
        return Ok(Keys::Parcel(unlocked.context(archive::KEYS_LOCKED)?));
    }
    bail!(
        "the keys are not in this backup, and there are none in {}: put the copy of the key \
         directory there first",
        dir.display()
    )
}

/// Keys as they are, wiped when they were read.
fn zeroed(text: Vec<u8>) -> Secret {
    Secret::new(String::from_utf8(text).unwrap_or_default())
}

/// Whoever holds the keys made the backup; with others nothing in it would open.
fn signed_by(keys: &Keys, archive: &Archive, dir: &Path) -> anyhow::Result<()> {
    let (digest, signature) = &archive.signed;
    let checked = match keys {
        Keys::Here(keyring) => keyring.audit_verify(digest, signature),
        Keys::Parcel(parcel) => parcel.audit_verify(digest, signature),
    };
    let path = archive.path().display();
    match (checked, keys) {
        (Checked::Good, _) => Ok(()),
        (_, Keys::Here(_)) => bail!(
            "{path}: the member {} was not signed with the keys in {}: are they of the same \
             installation?",
            archive::SEAL,
            dir.display()
        ),
        (_, Keys::Parcel(_)) => bail!(
            "{path}: the member {} was not signed with the keys in the backup: somebody altered it",
            archive::SEAL
        ),
    }
}

/// What a restore makes, in words: all that may be taken away when it stops half-way, and nothing
/// that an operator put there before.
fn made(keys: &Keys, keys_dir: &Path, settings: &Settings, own_settings: bool) -> String {
    let database = match settings.storage.engine {
        EngineSetting::Sqlite => "redress.db, redress.db-wal, redress.db-shm",
        EngineSetting::Postgres => "everything in its PostgreSQL database",
    };
    let mut made = vec![database.to_owned(), "files".into(), "mail".into(), "restoring".into()];
    if matches!(keys, Keys::Parcel(_)) {
        made.push(format!("the keys in {}", keys_dir.display()));
    }
    if own_settings {
        made.push("redress.toml".into());
    }
    made.join(", ")
}

/// What is needed while the target is filled.
struct Builder<'w> {
    into: &'w Way,
    /// What is said to be made.
    made: &'w str,
    archive: Archive,
    schema: &'static [Migration],
    tables: Vec<Table>,
}

impl Builder<'_> {
    async fn build(
        mut self,
        settings: &Settings,
        database: &Place,
        keys: Keys,
        keys_dir: &Path,
    ) -> anyhow::Result<()> {
        let dir = &self.into.dir;
        Directory::begin(dir)?;
        Directory::fill(dir, self.made)?;
        if let Keys::Parcel(parcel) = keys {
            parcel.write(keys_dir, &mut OsDice)?;
            say(&format!("{} keys written to {}", parcel.count(), keys_dir.display()));
        }
        let db = Db::open(database).await.context("the database cannot be opened")?;
        db.migrate(self.schema, clock::now()).await?;
        let rows = self.fill(&db).await?;
        let files = self.files(settings)?;
        let into = match settings.storage.engine {
            EngineSetting::Sqlite => "sqlite",
            EngineSetting::Postgres => "postgres",
        };
        let from = &self.archive.manifest.engine;
        say(&format!("{rows} rows from {from} into {into}, {files} files"));
        for (name, file) in [(archive::LAST_SEAL, "last-seal.json"), (archive::DEMO, "demo.json")] {
            if self.archive.has(name) {
                write_private(&self.into.dir.join(file), &self.archive.take(name)?)?;
            }
        }
        let manifest = &self.archive.manifest;
        let kind = Kind::parse(&manifest.kind).context("the backup is of no known kind")?;
        let made_at = Instant::from_millis(manifest.kind_made_at_millis);
        Directory::finish(&self.into.dir, kind, made_at)?;
        Ok(())
    }

    /// Puts all rows in; how many there were.
    async fn fill(&mut self, db: &Db) -> anyhow::Result<u64> {
        let mut counting = Counting::start("rows restored");
        let mut all = 0;
        // Steps may put rows in; the backup has them as they were last.
        for table in self.tables.iter().rev() {
            Filler::new(db, table).clear().await?;
        }
        for (table, said) in self.tables.iter().zip(self.archive.manifest.tables.clone()) {
            let filler = Filler::new(db, table);
            let mut count = 0;
            for name in self.archive.named(&format!("tables/{}/", table.name)) {
                let part = self.archive.take(&name)?;
                let mut rows = Vec::new();
                for line in part.split_inclusive(|byte| *byte == b'\n') {
                    let row = rows::parse(line, table.columns.len());
                    rows.push(row.map_err(|why| anyhow!("the member {name} {why}"))?);
                }
                count += rows.len() as u64;
                filler.put(rows).await.with_context(|| format!("the member {name}"))?;
                counting.show(all + count);
            }
            let there = filler.rows().await?;
            let name = &table.name;
            ensure!(
                count == said.rows && there == said.rows,
                "{name} has {there} rows of {count} read, and the backup says {}",
                said.rows
            );
            all += count;
        }
        counting.finish();
        Ok(all)
    }

    /// Unpacks the folders of files; how many files there were.
    fn files(&mut self, settings: &Settings) -> anyhow::Result<u64> {
        let mut count = 0;
        for (tree, folder) in trees(&self.into.dir, settings) {
            let beginning = format!("{}{tree}/", archive::FILES);
            for name in self.archive.named(&beginning) {
                let path = folder.join(&name[beginning.len()..]);
                let writing = || format!("writing {}", path.display());
                let parent = path.parent().unwrap_or(&folder);
                DirBuilder::new()
                    .recursive(true)
                    .mode(DIR_MODE)
                    .create(parent)
                    .with_context(writing)?;
                let mut options = OpenOptions::new();
                options.write(true).create_new(true).mode(FILE_MODE);
                let mut file = options.open(&path).with_context(writing)?;
                self.archive.copy_to(&name, &mut file)?;
                file.sync_all().with_context(writing)?;
                count += 1;
            }
        }
        Ok(count)
    }
}
