//! Files that belong to a case: what is known of one, and the note that its coming or its reading
//! leaves in the case's history. The bytes are elsewhere; nothing here reads a file.

use crate::Refusal;
use crate::actor::{Actor, Right};
use crate::chain::Digest;
use crate::ids::{CaseId, EvidenceId};
use crate::scope::Scope;
use crate::time::Instant;

/// The word of the note that a file's coming leaves.
pub const KEPT_WORD: &str = "evidence";

/// The word of the note that every reading of a file leaves.
pub const READ_WORD: &str = "evidence-read";

/// What a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileKind {
    /// A PNG image.
    Png,
    /// A JPEG image.
    Jpeg,
    /// A PDF document.
    Pdf,
}

/// How far a file was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScanState {
    /// No scanner is set up.
    Unscanned,
    /// A scanner found nothing.
    Clean,
    /// A scanner is set up and could not look yet: nobody gets the file before it did.
    Held,
    /// A scanner found something: nobody gets the file.
    Infected,
}

/// What staff should know of a file before they open it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    /// A PDF with `JavaScript`.
    JavaScript,
    /// A PDF that starts a program.
    Launch,
    /// A PDF with a file inside.
    EmbeddedFile,
    /// A PDF that does something by itself when it is opened.
    OpenAction,
    /// A PDF with sound, film or forms that run programs.
    ActiveContent,
    /// An encrypted PDF: nobody could look into it.
    Encrypted,
    /// A PDF with compressed parts, which were not looked into: the flags above may be missing.
    CompressedPartsNotInspected,
    /// The file ends before its format says that it ends.
    CutOff,
    /// Something follows after the format says that the file ends.
    MoreAfterTheEnd,
}

/// Words for the closed lists, as stored and shown.
macro_rules! words {
    ($name:ident { $($variant:ident = $word:literal),+ $(,)? }) => {
        impl $name {
            /// All, in order.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The word as stored and shown.
            pub const fn word(self) -> &'static str {
                match self { $(Self::$variant => $word),+ }
            }

            /// Reads the word back.
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.word() == word)
            }
        }
    };
}

words!(FileKind { Png = "png", Jpeg = "jpeg", Pdf = "pdf" });
words!(ScanState {
    Unscanned = "unscanned",
    Clean = "clean",
    Held = "held",
    Infected = "infected",
});
words!(Flag {
    JavaScript = "javascript",
    Launch = "launch",
    EmbeddedFile = "embedded-file",
    OpenAction = "open-action",
    ActiveContent = "active-content",
    Encrypted = "encrypted",
    CompressedPartsNotInspected = "compressed-parts-not-inspected",
    CutOff = "cut-off",
    MoreAfterTheEnd = "more-after-the-end",
});

impl FileKind {
    /// The media type: always this one, whatever the sender called it.
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Png => "image/png",
            Self::Jpeg => "image/jpeg",
            Self::Pdf => "application/pdf",
        }
    }
}

/// One file, without its bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Evidence {
    /// Its id.
    pub id: EvidenceId,
    /// Whose it is.
    pub scope: Scope,
    /// The case it belongs to; nothing while it belongs to none, as with a submission that was
    /// rejected.
    pub case: Option<CaseId>,
    /// The sender's name for it, cleaned; never a path. At most 255 bytes.
    pub name: String,
    /// What it is.
    pub kind: FileKind,
    /// Bytes.
    pub size: i64,
    /// SHA-256 of its bytes.
    pub sha256: Digest,
    /// What staff should know of it.
    pub flags: Vec<Flag>,
    /// How far it was looked at.
    pub state: ScanState,
    /// What a scanner called what it found; empty when it found nothing.
    pub finding: String,
    /// Its name in the storage: made of the scope, the digest under a key, and the id.
    pub address: String,
    /// Who brought it.
    pub uploaded_by: String,
    /// When it came.
    pub created_at: Instant,
}

impl Evidence {
    /// The personal text that goes with the note of its coming: it ties the bytes to the chain and
    /// can be erased.
    pub fn content(&self) -> String {
        content_of(&self.name, self.kind.word(), self.size, &self.sha256)
    }
}

/// [`Evidence::content`] of what a row says, whether or not it can be true.
pub fn content_of(name: &str, kind: &str, size: i64, sha256: &[u8]) -> String {
    format!("{name} ({kind}, {size} bytes, SHA-256 {})", crate::hex(sha256))
}

/// Files for a case that is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachOrder {
    /// The case.
    pub case: CaseId,
    /// The files; each is in the storage already and in no other case.
    pub files: Vec<Evidence>,
    /// The version the caller saw, when the caller insists on it.
    pub version: Option<i64>,
}

/// What is read of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// The file as it came.
    Original,
    /// A small picture made of it.
    Preview,
}

impl Look {
    /// What the note says of it, behind the file's id.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Original => "original",
            Self::Preview => "preview",
        }
    }
}

/// Somebody reads a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReadOrder {
    /// The case it belongs to.
    pub case: CaseId,
    /// The file.
    pub id: EvidenceId,
    /// What of it.
    pub look: Look,
}

/// Whether this actor may have the bytes.
///
/// # Errors
/// [`Refusal::NotAllowed`], or why nobody may.
pub fn readable(by: &Actor, file: &Evidence) -> Result<(), Refusal> {
    by.must(Right::ReadEvidence)?;
    match file.state {
        ScanState::Unscanned | ScanState::Clean => Ok(()),
        ScanState::Held => Err(Refusal::EvidenceHeld),
        ScanState::Infected => Err(Refusal::EvidenceInfected),
    }
}
