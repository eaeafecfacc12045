//! `import transactions`: a file into the desk, many rows at a time, while the next ones are read.
//! What is rejected goes to the side file with its line and reason; all else is kept. An import
//! that stops, or is killed, can be run again.

use std::path::Path;

use anyhow::{Context, ensure};
use desk::Desk;
use desk::import::ROWS_AT_ONCE_MAX;
use domain::actor::Actor;
use domain::payment::{Payment, RowEffect};
use domain::{Role, Scope};
use tokio::sync::mpsc;

use super::{Outcome, say, scope};
use crate::cli::ImportArgs;
use crate::progress::Progress;
use crate::wiring::{Wanted, Way, explained};
use importers::transactions::{FileError, Origin, Record, Rejected, RejectsFile, TransactionsFile};

/// Chunks that may be read before the database takes them: with one, reading and writing overlap.
const CHUNKS_AHEAD: usize = 1;

/// What became of the rows so far.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    new: u64,
    moved: u64,
    unchanged: u64,
    rejected: u64,
}

impl Tally {
    const fn rows(self) -> u64 {
        self.new + self.moved + self.unchanged + self.rejected
    }
}

/// Runs the command.
///
/// # Errors
/// The file, the side file or the database cannot be used; rows taken before are kept.
pub async fn run(way: &Way, args: &ImportArgs) -> anyhow::Result<Outcome> {
    let file = TransactionsFile::open(&args.file, args.format)?;
    let beside = args.rejects.clone().unwrap_or_else(|| RejectsFile::beside(&args.file));
    ensure!(
        !same_file(&beside, &args.file),
        "--rejects names the file that is imported; name another"
    );
    let house = way.open(Wanted::Existing).await?;
    let scope = scope(&house.desk, &args.tenant, args.env).await?;
    let mut rejects = RejectsFile::new(&beside)?;
    let mut progress = Progress::start(file.bytes_total());
    let mut tally = Tally::default();
    let taken = take_all(&house.desk, scope, file, &mut rejects, &mut progress, &mut tally);
    let taken = taken.await;
    let elapsed = progress.elapsed();
    progress.finish();
    let side_file = rejects.path().display().to_string();
    let rejected = rejects.finish()?;
    taken.with_context(|| {
        let kept = tally.new + tally.moved + tally.unchanged;
        format!("the import stopped; {kept} rows are kept, and it can be run again")
    })?;
    let Tally { new, moved, unchanged, .. } = tally;
    let seconds = elapsed.as_secs_f64();
    say(&format!("{new} new, {moved} moved on, {unchanged} as known, in {seconds:.1} s"));
    if rejected == 0 {
        return Ok(Outcome::Done);
    }
    say(&format!("{rejected} rejected: see {side_file}"));
    Ok(Outcome::Refused)
}

/// Whether both paths name one file.
pub(super) fn same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

async fn take_all(
    desk: &Desk,
    scope: Scope,
    file: TransactionsFile,
    rejects: &mut RejectsFile,
    progress: &mut Progress,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let by = Actor::new(scope, Role::Administrator, "import");
    let mut importer = desk.importer(&by).map_err(explained)?;
    let mut chunks = read_ahead(file);
    while let Some(chunk) = chunks.recv().await {
        let Chunk { payments, origins, mut rejected, bytes_read } = chunk?;
        let results = importer.take(&payments).await.map_err(explained)?;
        for (origin, result) in origins.into_iter().zip(results) {
            match result {
                Ok(RowEffect::New) => tally.new += 1,
                Ok(RowEffect::Moved { .. }) => tally.moved += 1,
                Ok(RowEffect::Unchanged) => tally.unchanged += 1,
                Err(why) => rejected.push(origin.refused(why.sentence())),
            }
        }
        rejected.sort_by_key(|one| one.line);
        for one in &rejected {
            rejects.add(one)?;
            tally.rejected += 1;
        }
        progress.show(bytes_read, tally.rows(), tally.rejected);
    }
    Ok(())
}

/// Records that are taken together.
struct Chunk {
    payments: Vec<Payment>,
    /// Where each of them stands in the file.
    origins: Vec<Origin>,
    rejected: Vec<Rejected>,
    /// Bytes of the file behind its last record.
    bytes_read: u64,
}

/// Reads in a thread of its own: the next chunk is ready when the database has taken one. The
/// channel ends with the file, or after an error.
fn read_ahead(mut file: TransactionsFile) -> mpsc::Receiver<Result<Chunk, FileError>> {
    let (give, chunks) = mpsc::channel(CHUNKS_AHEAD);
    tokio::task::spawn_blocking(move || {
        loop {
            let chunk = next_chunk(&mut file);
            let last = chunk.as_ref().map_or(true, |(_, ended)| *ended);
            // Whoever stopped taking has said why.
            if give.blocking_send(chunk.map(|(chunk, _)| chunk)).is_err() || last {
                return;
            }
        }
    });
    chunks
}

/// The next records, and whether they were the last.
fn next_chunk(file: &mut TransactionsFile) -> Result<(Chunk, bool), FileError> {
    let (mut payments, mut origins, mut rejected) = (Vec::new(), Vec::new(), Vec::new());
    let mut ended = false;
    while payments.len() + rejected.len() < ROWS_AT_ONCE_MAX {
        match file.next_record()? {
            Some(Record::Row(row)) => {
                payments.push(row.payment);
                origins.push(row.origin);
            }
            Some(Record::Rejected(one)) => rejected.push(one),
            None => {
                ended = true;
                break;
            }
        }
    }
    Ok((Chunk { payments, origins, rejected, bytes_read: file.bytes_read() }, ended))
}
