//! Housekeeping beside the server: sealing with a copy of each seal outside the database, nonces,
//! old memory, and keys that another process rotated. It must never take the evidence away: a copy
//! that the database does not know is moved aside, not written over.

use std::path::{Path, PathBuf};
use std::time::Duration;

use desk::Desk;
use domain::Millis;
use domain::audit::SignedSeal;
use tokio::runtime::Handle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

use super::Keeper;
use crate::seal_file;
use crate::settings::ReadsWritten;
use crate::wiring::House;

/// How often the key directory is looked at for keys that `redress keys rotate` added. That command
/// waits longer than this before it uses a new one.
const KEYS_READ_EVERY: Duration = Duration::from_secs(2);

/// How long a stopping server may seal and write what is left. What it does not get done is found
/// by the next start.
const LAST_WORK_MAX: Duration = Duration::from_secs(5);

/// Starts it.
pub(super) fn start(house: &House) -> Keeper {
    house.desk.log_reads_before_answers(house.settings.audit.reads == ReadsWritten::BeforeAnswer);
    let (desk, path) = (house.desk.clone(), house.last_seal_file());
    let period = Duration::from_secs(u64::from(house.settings.audit.seal_period_s));
    let stop = CancellationToken::new();
    let until = stop.clone();
    let evidence = &house.settings.evidence;
    let sweeps = (
        Duration::from_secs(u64::from(evidence.sweep_period_s)),
        Millis::seconds(i64::from(evidence.orphan_grace_s)),
    );
    // A thread of its own: it waits for the disk, and no request shall wait with it.
    let runtime = Handle::current();
    let task = tokio::task::spawn_blocking(move || {
        runtime.block_on(keep_house(&desk, &path, period, sweeps, &until));
    });
    Keeper { stop: stop.drop_guard(), task }
}

async fn keep_house(
    desk: &Desk,
    path: &Path,
    period: Duration,
    (sweep_every, grace): (Duration, Millis),
    until: &CancellationToken,
) {
    compare(desk, path).await;
    let sealing = desk.keep_house(period, |seal| keep(desk, seal, path));
    tokio::select! {
        () = sealing => {}
        () = read_keys(desk) => {}
        () = desk.keep_evidence(sweep_every, grace) => {}
        () = until.cancelled() => {}
    }
    if timeout(LAST_WORK_MAX, finish(desk, path)).await.is_err() {
        tracing::warn!("stopped before everything was sealed; the next start goes on");
    }
}

/// Looks whether the copy outside is of this database, before anything is written over it. It is
/// not where somebody said `--accept-database`.
async fn compare(desk: &Desk, path: &Path) {
    let Ok(Some(why)) = seal_file::strange(desk, path).await else { return };
    let aside = aside(path, desk.now().millis());
    match std::fs::rename(path, &aside) {
        Ok(()) => tracing::error!(
            why,
            kept_as = %aside.display(),
            "the last seal outside the database is not in it: the database was set back or \
             replaced; `redress audit verify --seal FILE` says more"
        ),
        Err(why) => tracing::error!(%why, "moving {} aside", path.display()),
    }
}

fn aside(path: &Path, millis: i64) -> PathBuf {
    path.with_file_name(format!("last-seal.strange-{millis}.json"))
}

/// Writes the copy, and waits for the disk: a seal that is not outside the database proves less.
fn keep(desk: &Desk, seal: &SignedSeal, path: &Path) {
    if let Err(why) = seal_file::write(desk, seal, path) {
        let why = crate::commands::chain(&why);
        tracing::error!(why, "the last seal could not be kept outside the database");
    }
}

async fn read_keys(desk: &Desk) {
    let mut told = false;
    loop {
        sleep(KEYS_READ_EVERY).await;
        let read = desk.keyring().reload();
        if let (Err(why), false) = (&read, told) {
            tracing::error!(%why, "the keys cannot be read again; those read before serve on");
        }
        told = read.is_err();
    }
}

/// The last nonces and reads, and the last seal, after everything that makes them has ended.
async fn finish(desk: &Desk, path: &Path) {
    while desk.write_nonces_behind().await.is_ok_and(|written| written > 0) {}
    while desk.write_reads_behind().await.is_ok_and(|written| written > 0) {}
    while let Ok(Some(_)) = desk.seal_once().await {}
    // Also one that was committed in the moment when the sweep was stopped.
    if let Ok(Some(last)) = desk.last_seal().await {
        keep(desk, &last, path);
    }
}
