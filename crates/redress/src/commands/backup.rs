//! `backup`: everything of an installation in one file, while a server runs. What is in the
//! database is one snapshot, begun after the command was; it holds every commit that was answered
//! before. The schema is left as it is, so an old server beside it goes on.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, bail};
use domain::Instant;
use evidence::place::folder::KEPT;
use store::copy::{PORTIONS_WAITING_MAX, Portion};
use store::engine::copy_out;
use store::migrate::MIGRATIONS;
use tokio::runtime::Handle;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::task::JoinHandle;
use vault::keyring::Keyring;
use vault::parcel::Parcel;
use vault::secret::Secret;

use super::{Outcome, say};
use crate::archive::write::Writer;
use crate::archive::{self, Manifest, Step, TableOf, part_name, rows};
use crate::cli::BackupArgs;
use crate::clock::{self, OsDice};
use crate::counting::Counting;
use crate::directory::Directory;
use crate::settings::{EngineSetting, Settings, StorageSetting};
use crate::wiring::{Wanted, Way, keys_dir, place, text_of};

/// How the keys go in.
enum Keys {
    Locked(Secret),
    Open,
    LeftOut,
}

/// Runs the command.
///
/// # Errors
/// Something cannot be read, or the file cannot be written; then there is no file.
pub async fn run(way: &Way, args: BackupArgs) -> anyhow::Result<Outcome> {
    let settings = way.settings(&[])?;
    let directory = way.directory(Wanted::Existing)?;
    let keys = match (&args.passphrase_file, args.include_keys) {
        (Some(path), _) => Keys::Locked(Secret::new(text_of(path).context("the passphrase")?)),
        (None, true) => Keys::Open,
        (None, false) => Keys::LeftOut,
    };
    let keyring = Keyring::open(&keys_dir(&directory, &settings))?;
    let at = clock::now();
    let source = place(directory.database(), &settings.storage)?;
    let writer = Writer::begin(&target(&args.to, at), seconds(at))?;
    let (out, portions) = channel(PORTIONS_WAITING_MAX);
    // After everything that could say no, and before anything else is read but the last seal.
    let mut scribe =
        Scribe { way: way.clone(), settings, directory, keys, keyring, at, writer, rows: 0 };
    scribe.small_files()?;
    let copying = tokio::spawn(async move { copy_out(&source, MIGRATIONS, out).await });
    let task = tokio::task::spawn_blocking(move || scribe.write(portions, copying));
    task.await.context("writing the backup")??;
    Ok(Outcome::Done)
}

/// A folder gets a file whose name says when.
fn target(to: &Path, at: Instant) -> PathBuf {
    if !to.is_dir() {
        return to.to_owned();
    }
    let time = jiff::Timestamp::from_millisecond(at.millis()).unwrap_or_default();
    to.join(time.strftime("redress-%Y%m%dT%H%M%SZ.tar").to_string())
}

fn seconds(at: Instant) -> u64 {
    u64::try_from(at.millis() / 1_000).unwrap_or(0)
}

/// Everything that the writing thread needs.
struct Scribe {
    way: Way,
    settings: Settings,
    directory: Directory,
    keys: Keys,
    keyring: Keyring,
    at: Instant,
    writer: Writer,
    rows: u64,
}

impl Scribe {
    /// What is read before the snapshot: a seal that is newer than the database would look as if
    /// the database had been set back.
    fn small_files(&mut self) -> anyhow::Result<()> {
        let named = [
            (archive::SETTINGS, self.way.settings_file()),
            (archive::LAST_SEAL, Some(self.directory.last_seal())),
            (archive::DEMO, Some(self.directory.demo_json())),
        ];
        for (name, path) in named {
            let Some(path) = path else { continue };
            match fs::read(&path) {
                Ok(bytes) => self.writer.add(name, &bytes)?,
                Err(why) if why.kind() == io::ErrorKind::NotFound => {}
                Err(why) => return Err(why).with_context(|| format!("reading {}", path.display())),
            }
        }
        Ok(())
    }

    fn write(
        mut self,
        portions: Receiver<Portion>,
        copying: JoinHandle<Result<(), store::Fault>>,
    ) -> anyhow::Result<()> {
        let tables = self.tables(portions);
        // Why the rows ended is more to the point than that they did.
        Handle::current().block_on(copying).context("reading the database")??;
        let (newest, tables) = tables?;
        // After the snapshot: whatever its rows refer to is there by now.
        self.keys()?;
        let mut files = 0;
        for (name, folder) in trees(self.directory.root(), &self.settings) {
            files += self.tree(&format!("{}{name}", archive::FILES), &folder)?;
        }
        let kind = self.directory.kind();
        let manifest = Manifest {
            format: archive::FORMAT.to_owned(),
            version: archive::VERSION,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            made_at_millis: self.at.millis(),
            engine: match self.settings.storage.engine {
                EngineSetting::Sqlite => "sqlite".to_owned(),
                EngineSetting::Postgres => "postgres".to_owned(),
            },
            kind: kind.word().to_owned(),
            kind_made_at_millis: self.directory.made_at().millis(),
            schema: steps(newest),
            tables,
            members: Vec::new(),
        };
        let count = manifest.tables.len();
        let path = self.writer.path().display().to_string();
        let keyring = Arc::new(self.keyring);
        let bytes = self.writer.finish(manifest, |digest| {
            let signature = keyring.audit_sign(digest);
            (signature.key_version, signature.bytes.to_vec())
        })?;
        let kib = bytes.div_ceil(1_024);
        say(&format!("{path}: {} rows of {count} tables, {files} files, {kib} KiB", self.rows));
        say(match self.keys {
            Keys::Locked(_) => "the keys are in it, locked with the passphrase",
            Keys::Open => "the keys are in it as they are: whoever reads it can open every secret",
            Keys::LeftOut => "the keys are NOT in it: without them it cannot be restored",
        });
        for (setting, path) in left_out(&self.settings) {
            say(&format!("not in it: {} (`{setting}`)", path.display()));
        }
        if self.settings.evidence.storage == StorageSetting::S3 {
            let bucket = self.settings.evidence.s3_bucket.as_deref().unwrap_or_default();
            say(&format!(
                "not in it: the files of cases, which are in the bucket {bucket} \
                 (`evidence.s3_bucket`); have the bucket keep what is deleted as long as backups"
            ));
        }
        Ok(())
    }

    /// The parts of all tables, as the rows come.
    fn tables(&mut self, mut portions: Receiver<Portion>) -> anyhow::Result<(u32, Vec<TableOf>)> {
        let Some(Portion::Begun { newest, tables }) = portions.blocking_recv() else {
            bail!("the database gave nothing");
        };
        let empty = |table: store::copy::Table| TableOf {
            name: table.name,
            columns: table.columns,
            rows: 0,
        };
        let mut tables: Vec<TableOf> = tables.into_iter().map(empty).collect();
        let mut counting = Counting::start("rows written");
        let (mut part, mut number, mut of) = (Vec::new(), 0, 0);
        while let Some(portion) = portions.blocking_recv() {
            let Portion::Rows { table, rows } = portion else { continue };
            if table != of {
                self.part(&tables[of], &mut part, &mut number)?;
                (of, number) = (table, 0);
            }
            for row in &rows {
                rows::add(&mut part, row).context("writing a row")?;
                if part.len() >= archive::PART_BYTES_ENOUGH {
                    self.part(&tables[of], &mut part, &mut number)?;
                }
            }
            tables[of].rows += rows.len() as u64;
            self.rows += rows.len() as u64;
            counting.show(self.rows);
        }
        if let Some(last) = tables.get(of) {
            self.part(last, &mut part, &mut number)?;
        }
        counting.finish();
        Ok((newest, tables))
    }

    fn part(&mut self, of: &TableOf, part: &mut Vec<u8>, number: &mut u64) -> anyhow::Result<()> {
        if !part.is_empty() {
            *number += 1;
            self.writer.add(&part_name(&of.name, *number), part)?;
            part.clear();
        }
        Ok(())
    }

    fn keys(&mut self) -> anyhow::Result<()> {
        match &self.keys {
            Keys::LeftOut => {}
            Keys::Open => {
                let parcel = Parcel::of(self.keyring.dir())?;
                self.writer.add(archive::KEYS_OPEN, &parcel.open_form())?;
            }
            Keys::Locked(passphrase) => {
                let parcel = Parcel::of(self.keyring.dir())?;
                self.writer.add(archive::KEYS_LOCKED, &parcel.lock(passphrase, &mut OsDice)?)?;
            }
        }
        Ok(())
    }

    /// Every plain file below `folder`, in the order of names; how many there were.
    fn tree(&mut self, name: &str, folder: &Path) -> anyhow::Result<u64> {
        let reading = || format!("reading the folder {}", folder.display());
        let entries = match fs::read_dir(folder) {
            Ok(entries) => entries.collect::<Result<Vec<_>, _>>().with_context(reading)?,
            Err(why) if why.kind() == io::ErrorKind::NotFound => return Ok(0),
            Err(why) => return Err(why).with_context(reading),
        };
        let mut paths: Vec<_> = entries.into_iter().map(|entry| entry.path()).collect();
        paths.sort();
        let mut files = 0;
        for path in paths {
            let Some(last) = path.file_name().and_then(|last| last.to_str()) else {
                bail!("{} has a name that is no text; take it away", path.display());
            };
            let name = format!("{name}/{last}");
            let about = match path.symlink_metadata() {
                Err(why) if why.kind() == io::ErrorKind::NotFound => continue,
                about => about.with_context(reading)?,
            };
            if about.is_dir() {
                files += self.tree(&name, &path)?;
            } else if about.is_file() {
                files += u64::from(self.writer.add_file(&name, &path)?);
            } else {
                bail!("{} is neither a file nor a folder; take it away", path.display());
            }
        }
        Ok(files)
    }
}

/// The folders whose files belong to the data, each with its name in an archive. What is on its way
/// in or out, and the mark of whose folder it is, are made anew; a bucket is a backup of its own.
pub fn trees(root: &Path, settings: &Settings) -> Vec<(&'static str, PathBuf)> {
    match settings.evidence.storage {
        StorageSetting::Folder => {
            let folder = settings.evidence.folder.clone().unwrap_or_else(|| root.join("files"));
            vec![("attachments", folder.join(KEPT))]
        }
        StorageSetting::S3 => Vec::new(),
    }
}

/// The steps of the schema up to this one, as a manifest has them.
pub fn steps(newest: u32) -> Vec<Step> {
    let until = MIGRATIONS.iter().take_while(|step| step.number <= newest);
    let step = |step: &store::migrate::Migration| Step {
        number: step.number,
        name: step.name.to_owned(),
        digest: step.digest(),
    };
    until.map(step).collect()
}

/// Files that the settings name and that are the operator's own: certificates, passwords, letters.
fn left_out(settings: &Settings) -> Vec<(&'static str, &PathBuf)> {
    let Settings { server, storage, mail, webhooks, letters, evidence, .. } = settings;
    let named = [
        ("server.tls_cert_file", &server.tls_cert_file),
        ("server.tls_key_file", &server.tls_key_file),
        ("storage.url_file", &storage.url_file),
        ("storage.tls_ca_file", &storage.tls_ca_file),
        ("mail.smtp_password_file", &mail.smtp_password_file),
        ("mail.smtp_ca_file", &mail.smtp_ca_file),
        ("webhooks.tls_ca_file", &webhooks.tls_ca_file),
        ("letters.dir", &letters.dir),
        ("evidence.s3_secret_file", &evidence.s3_secret_file),
        ("evidence.clamd_config_file", &evidence.clamd_config_file),
    ];
    named.into_iter().filter_map(|(key, path)| Some((key, path.as_ref()?))).collect()
}
