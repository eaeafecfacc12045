//! The history of a case as a chain: each note holds the digest of the one before. What is personal
//! stands beside the chain and enters it only as a salted digest, so that it can be erased and the
//! chain still verifies.

use sha2::{Digest as _, Sha256};

use crate::dice::Dice;
use crate::ids::CaseId;
use crate::time::Instant;

/// A SHA-256 digest.
pub type Digest = [u8; 32];

/// Bytes of salt in a content digest: enough that guessing the text does not help.
pub const SALT_BYTES: usize = 16;

/// The last link of a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Number of the note, from 1; 0 before the first.
    pub seq: i64,
    /// Its digest; zeros before the first.
    pub digest: Digest,
}

impl Head {
    /// Before the first note.
    pub const START: Self = Self { seq: 0, digest: [0; 32] };
}

/// Personal content of a note: what was said, to whom. Erasable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Random; erased together with the text.
    pub salt: [u8; SALT_BYTES],
    /// The text.
    pub text: String,
}

impl Content {
    /// Content with a fresh salt.
    pub fn new(text: String, dice: &mut dyn Dice) -> Self {
        let mut salt = [0; SALT_BYTES];
        dice.fill(&mut salt);
        Self { salt, text }
    }

    /// The digest that enters the chain.
    pub fn digest(&self) -> Digest {
        digest_of(&[b"redress-content-1", &self.salt, self.text.as_bytes()])
    }
}

/// One note of a case's history, without its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// The case.
    pub case: CaseId,
    /// From 1, without gaps.
    pub seq: i64,
    /// When.
    pub at: Instant,
    /// Who.
    pub actor: String,
    /// What was done: the act's word.
    pub act: String,
    /// The act's fact: an outcome, a reason. Nothing personal.
    pub fact: String,
    /// Digest of the content; zeros when there is none.
    pub content: Digest,
    /// Digest of the note before.
    pub previous: Digest,
}

impl Note {
    /// The note's own digest: over every field, each with its length before it.
    pub fn digest(&self) -> Digest {
        digest_of(&[
            b"redress-note-1",
            self.case.as_str().as_bytes(),
            &self.seq.to_be_bytes(),
            &self.at.millis().to_be_bytes(),
            self.actor.as_bytes(),
            self.act.as_bytes(),
            self.fact.as_bytes(),
            &self.content,
            &self.previous,
        ])
    }

    /// The chain's head after this note.
    pub fn head(&self) -> Head {
        Head { seq: self.seq, digest: self.digest() }
    }
}

/// SHA-256 over parts, each preceded by its length in eight bytes, so that no two lists of parts
/// read alike.
pub fn digest_of(parts: &[&[u8]]) -> Digest {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// What is wrong with a chain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// A number is missing or stands twice.
    Gap {
        /// The number that was expected.
        expected: i64,
    },
    /// A note does not continue the one before it.
    Broken {
        /// The note's number.
        seq: i64,
    },
    /// The stored digest is not the note's.
    Altered {
        /// The note's number.
        seq: i64,
    },
    /// The content beside a note is not the one that was written.
    ContentAltered {
        /// The note's number.
        seq: i64,
    },
}

/// A stored note with what stands beside it.
#[derive(Clone, Debug)]
pub struct StoredNote {
    /// The note.
    pub note: Note,
    /// The digest stored with it.
    pub digest: Digest,
    /// Its content, when not erased.
    pub content: Option<Content>,
}

/// Walks one chain from its first note and gives its head, or the first flaw.
pub fn verify<'a>(notes: impl Iterator<Item = &'a StoredNote>) -> Result<Head, Flaw> {
    let mut head = Head::START;
    for stored in notes {
        let seq = stored.note.seq;
        if seq != head.seq + 1 {
            return Err(Flaw::Gap { expected: head.seq + 1 });
        }
        if stored.note.previous != head.digest {
            return Err(Flaw::Broken { seq });
        }
        if stored.note.digest() != stored.digest {
            return Err(Flaw::Altered { seq });
        }
        if let Some(content) = &stored.content
            && content.digest() != stored.note.content
        {
            return Err(Flaw::ContentAltered { seq });
        }
        head = Head { seq, digest: stored.digest };
    }
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Zeros;

    impl Dice for Zeros {
        fn fill(&mut self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    fn chain(length: i64) -> Vec<StoredNote> {
        let case = CaseId::new(Instant::from_millis(5), &mut Zeros);
        let mut head = Head::START;
        (1..=length)
            .map(|seq| {
                let content = Content::new(format!("said {seq}"), &mut Zeros);
                let note = Note {
                    case: case.clone(),
                    seq,
                    at: Instant::from_millis(seq),
                    actor: "asha".into(),
                    act: "comment".into(),
                    fact: String::new(),
                    content: content.digest(),
                    previous: head.digest,
                };
                head = note.head();
                StoredNote { digest: head.digest, note, content: Some(content) }
            })
            .collect()
    }

    #[test]
    fn a_whole_chain_verifies_and_erased_content_does_not_matter() {
        let mut notes = chain(4);
        let head = verify(notes.iter());
        assert_eq!(head.as_ref().map(|head| head.seq), Ok(4));
        notes[1].content = None;
        assert_eq!(verify(notes.iter()), head);
    }

    #[test]
    fn every_alteration_shows() {
        let spoil = |change: &dyn Fn(&mut Vec<StoredNote>)| {
            let mut notes = chain(4);
            change(&mut notes);
            verify(notes.iter())
        };
        let altered = Err(Flaw::Altered { seq: 2 });
        assert_eq!(spoil(&|notes| notes[1].note.actor = "eve".into()), altered);
        assert_eq!(spoil(&|notes| notes[1].note.fact = "upheld".into()), altered);
        assert_eq!(spoil(&|notes| notes[1].digest[0] ^= 1), altered);
        assert_eq!(spoil(&|notes| drop(notes.remove(1))), Err(Flaw::Gap { expected: 2 }));
        assert_eq!(
            spoil(&|notes| notes[2].content = Some(Content { salt: [0; 16], text: "no".into() })),
            Err(Flaw::ContentAltered { seq: 3 })
        );
        let recomputed = spoil(&|notes| {
            notes[1].note.actor = "eve".into();
            notes[1].digest = notes[1].note.digest();
        });
        assert_eq!(recomputed, Err(Flaw::Broken { seq: 3 }));
    }
}
