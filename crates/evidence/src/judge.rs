//! What a file is, and whether it may be kept: type by extension, declared type and signature
//! together; size and number; the name; the pixels an image would unfold to; what a PDF would do.
//! It looks at bytes as they pass, through windows of a few bytes, and decodes nothing.

mod jpeg;
mod name;
mod pdf;
mod png;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;

use domain::evidence::{FileKind, Flag};

pub use name::{CleanName, NAME_BYTES_MAX};

use jpeg::Jpeg;
use pdf::Pdf;
use png::Png;

/// Pixels of an image at most. A photograph of the largest telephones has 50 million; above, a
/// viewer unfolds more than 256 MB.
pub const PIXELS_MAX: u64 = 64_000_000;

/// What one request may bring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Bytes of one file.
    pub file_bytes_max: u64,
    /// Files of one request.
    pub files_max: usize,
    /// Bytes of one request's body, with what stands around the files.
    pub request_bytes_max: u64,
    /// What is taken; a tenant may take less than all.
    pub kinds: Vec<FileKind>,
}

impl Default for Rules {
    /// 10 MiB, ten files, 50 MiB, every kind.
    fn default() -> Self {
        Self {
            file_bytes_max: 10 << 20,
            files_max: 10,
            request_bytes_max: 50 << 20,
            kinds: FileKind::ALL.to_vec(),
        }
    }
}

/// What is wrong with a file, in the order in which it is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileFault {
    /// More files than a request may bring.
    TooMany,
    /// Another file of the request has the same name.
    NameTaken,
    /// It has no name, so nothing says what it should be.
    NoName,
    /// The extension is none of those that are taken.
    WrongExtension,
    /// The sender called it another type than its extension.
    WrongDeclaredType,
    /// Its first bytes are not those of its type.
    WrongSignature,
    /// It is an image whose size cannot be told from its header.
    NoDimensions,
    /// It is an image of more than [`PIXELS_MAX`] pixels.
    TooManyPixels,
    /// It is larger than a file may be.
    TooLarge,
    /// It has a name and no bytes.
    Empty,
    /// The scanner found something in it.
    Infected,
    /// The scanner could not look at it, and what it did not see is not taken.
    NotScanned,
}

impl FileFault {
    /// All, in order.
    pub const ALL: [Self; 12] = [
        Self::TooMany,
        Self::NameTaken,
        Self::NoName,
        Self::WrongExtension,
        Self::WrongDeclaredType,
        Self::WrongSignature,
        Self::NoDimensions,
        Self::TooManyPixels,
        Self::TooLarge,
        Self::Empty,
        Self::Infected,
        Self::NotScanned,
    ];

    /// The stable name: lower case, hyphens.
    pub const fn code(self) -> &'static str {
        match self {
            Self::TooMany => "too-many-files",
            Self::NameTaken => "file-name-taken",
            Self::NoName => "file-without-name",
            Self::WrongExtension => "wrong-file-extension",
            Self::WrongDeclaredType => "wrong-declared-type",
            Self::WrongSignature => "wrong-signature",
            Self::NoDimensions => "image-without-dimensions",
            Self::TooManyPixels => "too-many-pixels",
            Self::TooLarge => "file-too-large",
            Self::Empty => "file-empty",
            Self::Infected => "file-infected",
            Self::NotScanned => "file-not-scanned",
        }
    }
}

/// A file that may not be kept, and why: the first fault of the first such file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Its place among the files of the request, from 0.
    pub place: usize,
    /// Its name, when it has one.
    pub name: String,
    /// Why.
    pub fault: FileFault,
}

/// What the sender says of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Said {
    /// The name as it came, decoded; not to be used for anything but showing, once cleaned.
    pub name: Option<String>,
    /// The media type as it came, without parameters; nothing when none came.
    pub media_type: Option<String>,
}

/// What was seen of a file while it passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Seen {
    /// The name, cleaned, when there is one.
    pub name: Option<CleanName>,
    /// The type that the sender named.
    pub media_type: Option<String>,
    /// Bytes.
    pub size: u64,
    /// The kind whose signature it begins with.
    pub signature: Option<FileKind>,
    /// Width and height by its header, for images.
    pub dimensions: Option<(u32, u32)>,
    /// What staff should know of it.
    pub flags: BTreeSet<Flag>,
}

/// Looks at one file as its bytes pass.
pub struct Watch {
    said: Said,
    size: u64,
    head: Vec<u8>,
    inside: Inside,
}

enum Inside {
    /// Fewer bytes than any signature has.
    Unknown,
    Nothing,
    Png(Png),
    Jpeg(Jpeg),
    Pdf(Pdf),
}

const PNG: &[u8] = b"\x89PNG\r\n\x1a\n";
const JPEG: &[u8] = b"\xff\xd8\xff";
const PDF: &[u8] = b"%PDF-";

/// Bytes of the longest signature.
const HEAD_BYTES: usize = 8;

/// The kind whose signature these bytes begin with.
fn signature(head: &[u8]) -> Option<FileKind> {
    [(PNG, FileKind::Png), (JPEG, FileKind::Jpeg), (PDF, FileKind::Pdf)]
        .into_iter()
        .find_map(|(magic, kind)| head.starts_with(magic).then_some(kind))
}

impl Watch {
    /// Before the first byte.
    pub fn new(said: Said) -> Self {
        Self { said, size: 0, head: Vec::with_capacity(HEAD_BYTES), inside: Inside::Unknown }
    }

    /// Bytes that passed.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// The next bytes.
    pub fn see(&mut self, bytes: &[u8]) {
        self.size = self.size.saturating_add(bytes.len() as u64);
        if !matches!(self.inside, Inside::Unknown) {
            self.inside.see(bytes);
            return;
        }
        let missing = HEAD_BYTES - self.head.len();
        let (head, rest) = bytes.split_at(missing.min(bytes.len()));
        self.head.extend_from_slice(head);
        if self.head.len() == HEAD_BYTES {
            self.settle();
            self.inside.see(rest);
        }
    }

    /// The next bytes are beyond what a file may have: they are counted, not looked at.
    pub fn pass(&mut self, bytes: usize) {
        self.size = self.size.saturating_add(bytes as u64);
    }

    fn settle(&mut self) {
        self.inside = match signature(&self.head) {
            Some(FileKind::Png) => Inside::Png(Png::default()),
            Some(FileKind::Jpeg) => Inside::Jpeg(Jpeg::default()),
            Some(FileKind::Pdf) => Inside::Pdf(Pdf::default()),
            None => Inside::Nothing,
        };
        // A PNG's signature is the whole head; the others begin within it.
        if !matches!(self.inside, Inside::Png(_)) {
            let head = std::mem::take(&mut self.head);
            self.inside.see(&head);
            self.head = head;
        }
    }

    /// Whether what passed so far can still be a file of these kinds; when not, nothing more of it
    /// needs to be kept.
    pub fn hopeful(&self, kinds: &[FileKind]) -> bool {
        match self.inside {
            Inside::Unknown => true,
            Inside::Nothing => false,
            Inside::Png(_) => kinds.contains(&FileKind::Png),
            Inside::Jpeg(_) => kinds.contains(&FileKind::Jpeg),
            Inside::Pdf(_) => kinds.contains(&FileKind::Pdf),
        }
    }

    /// After the last byte.
    pub fn end(mut self) -> Seen {
        if matches!(self.inside, Inside::Unknown) {
            self.settle();
        }
        let mut flags = BTreeSet::new();
        let dimensions = match &mut self.inside {
            Inside::Unknown | Inside::Nothing => None,
            Inside::Png(png) => png.end(&mut flags),
            Inside::Jpeg(jpeg) => jpeg.end(&mut flags),
            Inside::Pdf(pdf) => {
                pdf.end(&mut flags);
                None
            }
        };
        Seen {
            name: self.said.name.as_deref().and_then(CleanName::of),
            media_type: self.said.media_type,
            size: self.size,
            signature: signature(&self.head),
            dimensions,
            flags,
        }
    }
}

impl Inside {
    fn see(&mut self, bytes: &[u8]) {
        match self {
            Self::Unknown | Self::Nothing => {}
            Self::Png(png) => png.see(bytes),
            Self::Jpeg(jpeg) => jpeg.see(bytes),
            Self::Pdf(pdf) => pdf.see(bytes),
        }
    }
}

/// The kind of an extension in lower case.
fn kind_of_extension(extension: &str) -> Option<FileKind> {
    match extension {
        "png" => Some(FileKind::Png),
        "jpg" | "jpeg" => Some(FileKind::Jpeg),
        "pdf" => Some(FileKind::Pdf),
        _ => None,
    }
}

/// Whether a sender may call a file of this kind so. Phones send `application/octet-stream` for
/// anything, and some write `image/jpg`.
fn may_be_called(kind: FileKind, media_type: &str) -> bool {
    let said = media_type.trim();
    [kind.media_type(), "application/octet-stream", ""]
        .iter()
        .chain((kind == FileKind::Jpeg).then_some(&"image/jpg"))
        .any(|known| said.eq_ignore_ascii_case(known))
}

/// Judges the files of one request in the order in which they came; the kind of each, or the first
/// fault of the first that may not be kept. For one file: name clash, type, size, emptiness.
///
/// # Errors
/// Which file, and why.
pub fn judge<'a>(
    files: impl IntoIterator<Item = &'a Seen>,
    rules: &Rules,
) -> Result<Vec<FileKind>, Refused> {
    let mut names = BTreeSet::new();
    let mut kinds = Vec::new();
    for (place, seen) in files.into_iter().enumerate() {
        let name = seen.name.as_ref().map_or("", CleanName::as_str).to_owned();
        let refused = |fault| Refused { place, name, fault };
        if place >= rules.files_max {
            return Err(refused(FileFault::TooMany));
        }
        if let Some(name) = &seen.name
            && !names.insert(name.folded().to_owned())
        {
            return Err(refused(FileFault::NameTaken));
        }
        kinds.push(judge_one(seen, rules).map_err(refused)?);
    }
    Ok(kinds)
}

fn judge_one(seen: &Seen, rules: &Rules) -> Result<FileKind, FileFault> {
    let name = seen.name.as_ref().ok_or(FileFault::NoName)?;
    let kind = kind_of_extension(&name.extension()).filter(|kind| rules.kinds.contains(kind));
    let kind = kind.ok_or(FileFault::WrongExtension)?;
    if !seen.media_type.as_ref().is_none_or(|said| may_be_called(kind, said)) {
        return Err(FileFault::WrongDeclaredType);
    }
    if seen.size == 0 {
        return Err(FileFault::Empty);
    }
    if seen.signature != Some(kind) {
        return Err(FileFault::WrongSignature);
    }
    // What was cut off at the limit was not looked at further.
    if seen.size > rules.file_bytes_max {
        return Err(FileFault::TooLarge);
    }
    if kind != FileKind::Pdf {
        let (width, height) = seen.dimensions.ok_or(FileFault::NoDimensions)?;
        if u64::from(width) * u64::from(height) > PIXELS_MAX {
            return Err(FileFault::TooManyPixels);
        }
    }
    Ok(kind)
}
