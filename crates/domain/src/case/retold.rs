//! A case told again from its history alone: what its row must say, or somebody changed the row
//! behind the rules.

use super::{Ask, ReportContent, Stage, next_stage};
use crate::chain::StoredNote;

/// What a history says of its case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retold {
    /// Where the case stands.
    pub stage: Stage,
    /// The addresses of the report, comma-separated; nothing when its content was erased or when
    /// it gave none.
    pub addresses: Option<String>,
    /// The queue it was last given to; nothing when it was never given to one.
    pub queue: Option<String>,
}

/// Tells a history again. Nothing when it does not begin with a report or holds an act that was
/// impossible where it stands.
pub fn retell<'a>(notes: impl IntoIterator<Item = &'a StoredNote>) -> Option<Retold> {
    let mut notes = notes.into_iter();
    let first = notes.next().filter(|first| first.note.act == "report")?;
    let report = first.content.as_ref().and_then(|content| ReportContent::read(&content.text));
    let mut retold = Retold {
        stage: Stage::Received,
        addresses: report.map(|report| report.addresses.to_owned()),
        queue: None,
    };
    for stored in notes {
        let ask = Ask::read(&stored.note.act, &stored.note.fact)?;
        retold.stage = next_stage(retold.stage, &ask)?;
        if let Ask::Assign { queue, .. } = ask
            && !queue.is_empty()
        {
            retold.queue = Some(queue);
        }
    }
    Some(retold)
}
