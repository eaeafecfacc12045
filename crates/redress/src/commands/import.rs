//! `import transactions`: a file into the desk, a thousand rows at a time. What is rejected goes to
//! the side file with its line and reason; all else is kept. An import that stops can be run again.

use std::path::Path;

use anyhow::{Context, ensure};
use desk::Desk;
use desk::import::ROWS_AT_ONCE_MAX;
use domain::actor::Actor;
use domain::payment::RowEffect;
use domain::{Role, Scope};

use super::{Outcome, say, scope};
use crate::cli::ImportArgs;
use crate::transactions_file::progress::Progress;
use crate::transactions_file::{Record, Rejected, RejectsFile, Row, TransactionsFile};
use crate::wiring::{Wanted, Way, explained};

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
    let mut file = TransactionsFile::open(&args.file, args.format)?;
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
    let taken = take_all(&house.desk, scope, &mut file, &mut rejects, &mut progress, &mut tally);
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

fn same_file(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => false,
    }
}

async fn take_all(
    desk: &Desk,
    scope: Scope,
    file: &mut TransactionsFile,
    rejects: &mut RejectsFile,
    progress: &mut Progress,
    tally: &mut Tally,
) -> anyhow::Result<()> {
    let by = Actor::new(scope, Role::Administrator, "import");
    loop {
        let (rows, mut rejected, ended) = next_rows(file)?;
        let payments: Vec<_> = rows.iter().map(|row| row.payment.clone()).collect();
        let results = desk.import(&by, &payments).await.map_err(explained)?;
        for (row, result) in rows.into_iter().zip(results) {
            match result {
                Ok(RowEffect::New) => tally.new += 1,
                Ok(RowEffect::Moved { .. }) => tally.moved += 1,
                Ok(RowEffect::Unchanged) => tally.unchanged += 1,
                Err(why) => rejected.push(row.refused(why.sentence())),
            }
        }
        rejected.sort_by_key(|one| one.line);
        for one in &rejected {
            rejects.add(one)?;
            tally.rejected += 1;
        }
        progress.show(file.bytes_read(), tally.rows(), tally.rejected);
        if ended {
            return Ok(());
        }
    }
}

/// The next thousand records, rows and rejections apart, and whether they were the last.
fn next_rows(file: &mut TransactionsFile) -> anyhow::Result<(Vec<Row>, Vec<Rejected>, bool)> {
    let (mut rows, mut rejected) = (Vec::new(), Vec::new());
    while rows.len() + rejected.len() < ROWS_AT_ONCE_MAX {
        match file.next_record()? {
            Some(Record::Row(row)) => rows.push(row),
            Some(Record::Rejected(one)) => rejected.push(one),
            None => return Ok((rows, rejected, true)),
        }
    }
    Ok((rows, rejected, false))
}
