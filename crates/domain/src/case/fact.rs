//! What a note's fact says, part by part. The fact is one line in the history and stays as it was
//! written; whoever shows it shows these parts. Nothing here decides anything.

use super::decide::{ABSORB, CARRIED};
use super::{Act, Archived, Channel, Opening, Tie};
use crate::ids::CaseId;
use crate::time::Instant;

/// Parts the queue of an assignment from its person: no name has one in it.
const PARTED: char = '\t';

/// The parts of a fact. What a note does not speak of is empty.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The fact's first word: for whom a case waits, how it was resolved, the queue, the channel,
    /// what the other case is to it, or that case where nothing else is said.
    pub word: String,
    /// To which queue it was given.
    pub queue: Option<String>,
    /// To whom it was given; an empty name for nobody.
    pub person: Option<String>,
    /// How it came.
    pub channel: Option<Channel>,
    /// When it was received.
    pub received_at: Option<Instant>,
    /// The customer's language.
    pub language: Option<String>,
    /// What the other case is to it.
    pub relation: Option<Tie>,
    /// The other case.
    pub case: Option<CaseId>,
    /// The system it was taken over from.
    pub source: Option<String>,
    /// Its id there.
    pub external_id: Option<String>,
}

impl Facts {
    /// Reads the fact of a note. One that is not of its act's form comes back as its word.
    pub fn read(act: &str, fact: &str) -> Self {
        let plain = || Self { word: fact.to_owned(), ..Self::default() };
        match (act, Act::parse(act)) {
            (Opening::ACT, _) => Opening::read(fact).map(opened),
            (ABSORB, _) => tied(Tie::HasDuplicate, fact.strip_suffix(CARRIED).unwrap_or(fact)),
            (Archived::ACT, _) => fact.split_once(' ').map(taken_over),
            (_, Some(Act::Merge)) => tied(Tie::DuplicateOf, fact),
            (_, Some(Act::Split)) => tied(Tie::SplitInto, fact),
            (_, Some(Act::Link | Act::Unlink)) => linked(fact),
            (_, Some(Act::Assign)) => Some(assigned(fact)),
            _ => None,
        }
        .unwrap_or_else(plain)
    }
}

/// The fact of an assignment.
pub(super) fn of_assignment(queue: Option<&str>, person: Option<&str>) -> String {
    let queue = queue.unwrap_or_default();
    person.map_or_else(|| queue.to_owned(), |person| format!("{queue}{PARTED}{person}"))
}

/// The queue and the person of an assignment; no person also where an older program wrote it.
pub(super) fn read_assignment(fact: &str) -> (Option<&str>, Option<&str>) {
    let (queue, person) = match fact.split_once(PARTED) {
        Some((queue, person)) => (queue, Some(person)),
        None => (fact, None),
    };
    (Some(queue).filter(|queue| !queue.is_empty()), person)
}

fn assigned(fact: &str) -> Facts {
    let (queue, person) = read_assignment(fact);
    let own = |text: &str| text.to_owned();
    let (queue, person) = (queue.map(own), person.map(own));
    Facts { word: queue.clone().unwrap_or_default(), queue, person, ..Facts::default() }
}

fn opened(opening: Opening) -> Facts {
    Facts {
        word: opening.channel.word().to_owned(),
        channel: Some(opening.channel),
        received_at: Some(opening.received_at),
        language: Some(opening.language).filter(|text| !text.is_empty()),
        ..Facts::default()
    }
}

fn tied(relation: Tie, case: &str) -> Option<Facts> {
    let id = CaseId::parse(case)?;
    let word = case.to_owned();
    Some(Facts { word, relation: Some(relation), case: Some(id), ..Facts::default() })
}

fn linked(fact: &str) -> Option<Facts> {
    let (relation, case) = fact.split_once(' ')?;
    let facts = tied(Tie::parse(relation)?, case)?;
    Some(Facts { word: relation.to_owned(), ..facts })
}

fn taken_over((source, id): (&str, &str)) -> Facts {
    Facts {
        word: source.to_owned(),
        source: Some(source.to_owned()),
        external_id: Some(id.to_owned()),
        ..Facts::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_part_of_a_fact_has_its_field() {
        let id = "cs_00000000000000000000000000";
        let other = CaseId::parse(id);
        let facts = Facts::read("open", "phone 1772359200123 zh-Hant");
        assert_eq!((facts.word.as_str(), facts.channel), ("phone", Some(Channel::Phone)));
        assert_eq!(facts.received_at, Some(Instant::from_millis(1_772_359_200_123)));
        assert_eq!(facts.language.as_deref(), Some("zh-Hant"));
        for (act, fact, word, relation) in [
            ("link", format!("parent {id}"), "parent", Tie::Parent),
            ("unlink", format!("related {id}"), "related", Tie::Related),
            ("merge", id.to_owned(), id, Tie::DuplicateOf),
            ("absorb", format!("{id} carried"), id, Tie::HasDuplicate),
            ("absorb", id.to_owned(), id, Tie::HasDuplicate),
            ("split", id.to_owned(), id, Tie::SplitInto),
        ] {
            let facts = Facts::read(act, &fact);
            assert_eq!((facts.word.as_str(), facts.relation), (word, Some(relation)), "{act}");
            assert_eq!(facts.case, other, "{act}");
        }
        let facts = Facts::read("import", "old-desk T 1");
        assert_eq!(
            (facts.source.as_deref(), facts.external_id.as_deref()),
            (Some("old-desk"), Some("T 1"))
        );
        for (act, fact) in [("resolve", "upheld"), ("link", "x"), ("open", "pigeon 1"), ("x", "")] {
            let plain = Facts { word: fact.to_owned(), ..Facts::default() };
            assert_eq!(Facts::read(act, fact), plain, "{act}");
        }
    }

    #[test]
    fn an_assignment_says_queue_and_person() {
        for queue in [None, Some("vouchers")] {
            for person in [None, Some(""), Some("ann@example.test")] {
                let fact = of_assignment(queue, person);
                assert_eq!(read_assignment(&fact), (queue, person), "{fact:?}");
                let facts = Facts::read("assign", &fact);
                assert_eq!((facts.queue.as_deref(), facts.person.as_deref()), (queue, person));
                assert_eq!(facts.word, queue.unwrap_or_default());
            }
        }
    }
}
