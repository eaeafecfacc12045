//! Holds the rows of cases, and of what stands beside them, against the histories of the cases.
//! What a history does not say is held against what else is known of the case; nothing here
//! changes a row.

use std::collections::BTreeMap;

use domain::Scope;
use domain::case::{FileTold, Retold, Stage};
use domain::evidence::ScanState;
use domain::ids::CaseId;
use store::read::audit as read;

use super::Findings;
use crate::{Desk, Failure};

/// A case as its history tells it, after so many notes.
pub(super) struct Told {
    pub(super) retold: Retold,
    pub(super) notes: i64,
}

impl Desk {
    /// Holds the rows of cases against what their histories say. A row that moves on while the walk
    /// goes by is held against the history as it then is: it is read again.
    pub(super) async fn judge_rows(
        &self,
        findings: &mut Findings,
        retold: &mut BTreeMap<CaseId, Told>,
    ) -> Result<(), Failure> {
        let (Some((first, _)), Some((last, _))) =
            (retold.first_key_value(), retold.last_key_value())
        else {
            return Ok(());
        };
        let (first, last) = (first.as_str(), last.as_str());
        let rows = read::case_rows(self.db(), first, last).await?;
        let mut ties = read::ties(self.db(), first, last).await?;
        let mut files = read::files(self.db(), first, last).await?;
        let mut elsewise = read::told_elsewise(self.db(), first, last).await?;
        for row in rows {
            let Some(told) = retold.get(&row.case) else { continue };
            let ties = ties.remove(&row.case).unwrap_or_default();
            let tied = (ties != told.retold.ties).then_some("list of links");
            let differs = differs(&row, &told.retold).or(tied);
            let mut wrong: Vec<String> = Vec::new();
            wrong.extend(differs.map(|what| format!("its {what} is not what its history says")));
            let elsewise = elsewise.remove(row.case.as_str());
            wrong.extend(elsewise.map(|what| format!("what was told of it is of another {what}")));
            wrong.extend(beside(&row).map(str::to_owned));
            let files = files.remove(row.case.as_str()).unwrap_or_default();
            judge_files(row.scope, &files, &told.retold.files, &mut wrong);
            if wrong.is_empty() {
                continue;
            }
            let grown = read::head_seq(self.db(), row.case.as_str()).await? != Some(told.notes);
            if !grown {
                wrong.into_iter().for_each(|what| findings.flaw(format!("{}: {what}", row.case)));
            }
        }
        retold.clear();
        Ok(())
    }
}

/// The first thing in which a row differs from its history.
fn differs(row: &read::CaseRow, retold: &Retold) -> Option<&'static str> {
    let outcome = retold.outcome.map_or("", domain::case::Outcome::word);
    let addresses = retold.addresses.as_ref();
    let queue = retold.queue.as_ref();
    let assignee = retold.assignee.as_ref();
    let proposal = retold.proposal.as_ref();
    let proposal = proposal.map_or(["", ""], |one| [one.remedy.word(), one.by.as_str()]);
    let taken_by = retold.taken_by.as_ref();
    [
        ("stage", row.stage != retold.stage.name().word() || row.fact != retold.stage.fact()),
        ("list of addresses", addresses.is_some_and(|said| *said != row.addresses.join(","))),
        ("queue", queue.is_some_and(|queue| *queue != row.queue)),
        ("person who works it", assignee.is_some_and(|person| *person != row.assignee)),
        ("proposal", row.proposal != proposal),
        ("outcome", row.outcome != outcome),
        ("time of receipt", row.received_at != retold.received_at),
        ("time of opening", row.opened_at != retold.opened_at),
        ("time of reaching its stage", row.stage_at != retold.stage_at),
        ("channel", row.channel != retold.channel.word()),
        ("language", row.language != retold.language),
        ("version", !retold.versions.contains(&row.version)),
        ("credential it came through", row.through != retold.through),
        ("person who took it", taken_by.is_some_and(|person| *person != row.taken_by)),
        ("customer", retold.by_app && !row.customer.is_empty()),
        ("payment", retold.by_app && row.refid.is_empty()),
        ("slot of its payment", row.slot != slot(retold)),
    ]
    .into_iter()
    .find_map(|(what, differs)| differs.then_some(what))
}

/// Which of its payment's slots a case takes: 0 while it is not closed.
fn slot(retold: &Retold) -> i64 {
    match retold.stage {
        Stage::Closed { .. } => retold.stage_at.millis().max(1),
        _ => 0,
    }
}

/// What a row names that is not there, by which nobody's history is needed.
fn beside(row: &read::CaseRow) -> impl Iterator<Item = &'static str> {
    [
        (!row.payment_there).then_some("its account has no payment of its reference"),
        (!row.earlier_fits).then_some("the earlier case it names is not one about its payment"),
    ]
    .into_iter()
    .flatten()
}

fn judge_files(
    scope: Scope,
    rows: &[read::FileRow],
    told: &BTreeMap<String, FileTold>,
    wrong: &mut Vec<String>,
) {
    for row in rows {
        let id = &row.id;
        match told.get(id) {
            None => wrong.push(format!("its history does not tell of its file {id}")),
            Some(told) => {
                wrong.extend(file_differs(scope, row, told).map(|what| {
                    format!("the {what} of its file {id} is not what its history says")
                }))
            }
        }
    }
    for id in told.keys().filter(|id| !rows.iter().any(|row| row.id == **id)) {
        wrong.push(format!("its file {id} is gone or another case's"));
    }
}

/// The first thing in which a file's row differs from its note.
fn file_differs(scope: Scope, row: &read::FileRow, told: &FileTold) -> Option<&'static str> {
    let content = told.content.as_ref();
    [
        ("account", row.scope != scope),
        ("name, kind, size or digest", content.is_some_and(|content| *content != row.content)),
        ("uploader", row.uploaded_by != told.by),
        ("state", !state_can_be(row, told)),
    ]
    .into_iter()
    .find_map(|(what, differs)| differs.then_some(what))
}

/// Whether a file of a case can have come to this state. No note tells of a scan, but what a
/// scanner found has a name, what it has not seen yet stands as it came, and nobody is given a
/// file that waits for it or in which it found something.
fn state_can_be(row: &read::FileRow, told: &FileTold) -> bool {
    let as_it_came = row.state_at == row.created_at && row.finding.is_empty();
    match ScanState::parse(&row.state) {
        None => false,
        Some(ScanState::Unscanned) => as_it_came,
        Some(ScanState::Held) => as_it_came && !told.given,
        Some(ScanState::Clean) => row.finding.is_empty(),
        Some(ScanState::Infected) => !row.finding.is_empty() && !told.given,
    }
}
