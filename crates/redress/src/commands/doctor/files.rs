//! The checks about files of cases: whether the storage takes and gives them, whether the scanner
//! looks at them, whether some are held.

use evidence::scan::Checked;

use super::{Finding, wrong};
use crate::clock;
use crate::wiring::{House, explained};

pub(super) async fn look(house: &House) -> Vec<(&'static str, Finding)> {
    let cabinet = match crate::server::cabinet(house).await {
        Ok(cabinet) => cabinet,
        Err(why) => return vec![("files", wrong(&why))],
    };
    let place = cabinet.place();
    let storage = match place.probe(clock::now()).await {
        Ok(()) => Finding::Good(format!("{} can be written", place.described())),
        Err(fault) => wrong(&anyhow::Error::new(fault)),
    };
    let scanner = match cabinet.check_scanner().await {
        Checked::Off => Finding::Note(
            "`evidence.scanner` is off: files are given to staff without anybody having looked"
                .to_owned(),
        ),
        Checked::Good(said) => Finding::Good(said),
        Checked::Unproven(said) => Finding::Note(said),
        Checked::TooSmall(why) => Finding::Wrong(why),
        Checked::Down(why) => {
            Finding::Wrong(format!("{why}; start it, or set `evidence.scanner` to off"))
        }
    };
    vec![("files", storage), ("scanner", scanner), ("held files", held(house).await)]
}

async fn held(house: &House) -> Finding {
    let counts = match house.desk.evidence_counts().await {
        Ok(counts) => counts,
        Err(failure) => return wrong(&explained(failure)),
    };
    let of = |state: &str| counts.iter().find(|(word, _)| word == state).map_or(0, |one| one.1);
    match (of("held"), of("infected")) {
        (0, 0) => Finding::Good("none".to_owned()),
        (held, infected) => Finding::Note(format!(
            "{held} wait for the scanner, {infected} have something in them and are given to nobody"
        )),
    }
}
