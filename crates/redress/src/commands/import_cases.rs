//! `import cases`: cases of another system into the desk, some at a time. What is rejected goes to
//! the side file with its line and reason; what was taken over before is passed over, so an import
//! that stops, or is killed, can be run again.

use std::collections::VecDeque;

use anyhow::{Context, ensure};
use desk::archive::TakenOver;
use desk::{Desk, Failure};
use domain::Role;
use domain::actor::Actor;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::import::same_file;
use super::{Outcome, say, scope};
use crate::cli::ImportCasesArgs;
use crate::progress::Progress;
use crate::wiring::{Wanted, Way, explained};
use importers::cases::{CaseFile, Item, Mapping, archived};
use importers::transactions::{Rejected, RejectsFile};

/// Cases on their way at once: they share durable commits.
const CASES_AT_ONCE: usize = 64;

/// Records read ahead.
const RECORDS_AHEAD: usize = 64;

/// Records between two looks at the progress.
const RECORDS_PER_LOOK: u64 = 100;

/// What became of the records so far.
#[derive(Clone, Copy, Debug, Default)]
struct Tally {
    new: u64,
    known: u64,
    rejected: u64,
}

/// What became of one record.
type Became = Result<anyhow::Result<TakenOver>, Rejected>;

/// A record on its way: what the reader found, with the bytes behind it.
type Read = (std::io::Result<Item>, u64);

/// Runs the command.
///
/// # Errors
/// The mapping, the file, the side file or the database cannot be used; cases taken before are
/// kept.
pub async fn run(way: &Way, args: &ImportCasesArgs) -> anyhow::Result<Outcome> {
    let mapping = Mapping::open(&args.mapping)?;
    let file = CaseFile::open(&args.file, &mapping)?;
    let beside = args.rejects.clone().unwrap_or_else(|| RejectsFile::beside(&args.file));
    for (flag, path) in [("FILE", &args.file), ("--mapping", &args.mapping)] {
        ensure!(!same_file(&beside, path), "--rejects and {flag} name one file; name another");
    }
    let house = way.open(Wanted::Existing).await?;
    let scope = scope(&house.desk, &args.tenant, args.env).await?;
    let by = Actor::new(scope, Role::Administrator, "import");
    let mut rejects = RejectsFile::new(&beside)?;
    let mut tally = Tally::default();
    let import = Import { desk: house.desk, by, mapping, rehearsal: args.dry_run };
    let taken = import.take_all(file, &mut rejects, &mut tally).await;
    let side_file = rejects.path().display().to_string();
    let rejected = rejects.finish()?;
    let Tally { new, known, .. } = tally;
    taken.with_context(|| {
        format!("the import stopped; {} cases are kept, and it can be run again", new + known)
    })?;
    match args.dry_run {
        true => say(&format!("{new} would be new, {known} as known; nothing was written")),
        false => say(&format!("{new} new, {known} as known")),
    }
    if rejected == 0 {
        return Ok(Outcome::Done);
    }
    say(&format!("{rejected} rejected: see {side_file}"));
    Ok(Outcome::Refused)
}

/// Who brings in what, and how.
struct Import {
    desk: Desk,
    by: Actor,
    mapping: Mapping,
    rehearsal: bool,
}

impl Import {
    async fn take_all(
        self,
        file: CaseFile,
        rejects: &mut RejectsFile,
        tally: &mut Tally,
    ) -> anyhow::Result<()> {
        let mut progress = Progress::start(file.bytes_total());
        let mut records = read_ahead(file);
        let import = std::sync::Arc::new(self);
        let mut on_the_way: VecDeque<(JoinHandle<Became>, u64)> = VecDeque::new();
        let mut taken = 0;
        loop {
            let next = records.recv().await;
            let ended = next.is_none();
            if let Some((item, bytes)) = next {
                let (item, import) = (item.context("reading the file")?, import.clone());
                let task = tokio::spawn(async move { import.take(item).await });
                on_the_way.push_back((task, bytes));
            }
            while on_the_way.len() >= CASES_AT_ONCE || (ended && !on_the_way.is_empty()) {
                let Some((task, bytes)) = on_the_way.pop_front() else { break };
                count(task.await?, rejects, tally)?;
                taken += 1;
                if taken % RECORDS_PER_LOOK == 0 {
                    progress.show(bytes, taken, tally.rejected);
                }
            }
            if ended {
                progress.finish();
                return Ok(());
            }
        }
    }

    /// Takes one record: what the rules refuse is a rejection like any other.
    async fn take(&self, item: Item) -> Became {
        let record = match item {
            Item::Record(record) => record,
            Item::Rejected(rejected) => return Err(rejected),
        };
        let case = match archived(record.fields(), &self.mapping, self.desk.now()) {
            Ok(case) => case,
            Err(why) => return Err(record.refused(why)),
        };
        match self.desk.take_over(&self.by, &case, self.rehearsal).await {
            Ok(taken) => Ok(Ok(taken)),
            Err(Failure::Refused(refusal)) => Err(record.refused(sentence(&refusal))),
            Err(broken) => Ok(Err(explained(broken))),
        }
    }
}

fn count(became: Became, rejects: &mut RejectsFile, tally: &mut Tally) -> anyhow::Result<()> {
    match became {
        Ok(taken) => match taken? {
            TakenOver::New(_) => tally.new += 1,
            TakenOver::Known(_) => tally.known += 1,
        },
        Err(rejected) => {
            rejects.add(&rejected)?;
            tally.rejected += 1;
        }
    }
    Ok(())
}

/// Why the rules refuse a case, for the side file.
fn sentence(refusal: &domain::Refusal) -> String {
    use domain::Refusal;
    match refusal {
        Refusal::PaymentUnknown => {
            "refid, trxid: no such payment here; import the transactions first".to_owned()
        }
        Refusal::AlreadyReported { refid, case } => {
            format!("status: the payment {refid} has another case that is not closed, {case}")
        }
        Refusal::ThingUnknown { kind: domain::admin::Kind::Queue } => {
            "queue: it is retired here; reopen it, or map its name to another".to_owned()
        }
        other => format!("refused as {}", other.code()),
    }
}

/// Reads in a thread of its own. The channel ends with the file, or after an error.
fn read_ahead(mut file: CaseFile) -> mpsc::Receiver<Read> {
    let (give, records) = mpsc::channel(RECORDS_AHEAD);
    tokio::task::spawn_blocking(move || {
        while let Some(item) = file.next_item().transpose() {
            let failed = item.is_err();
            // Whoever stopped taking has said why.
            if give.blocking_send((item, file.bytes_read())).is_err() || failed {
                return;
            }
        }
    });
    records
}
