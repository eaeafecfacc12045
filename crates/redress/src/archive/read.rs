//! Reads an archive: first all of it, against its manifest, so that nothing is used of one that is
//! damaged anywhere; then single members by their place, each checked again as it is used.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use vault::audit_seal::{SIGNATURE_BYTES, Signature};
use vault::digest::{Sum, hex};

use super::{
    ArchiveError, FORMAT, HELD_BYTES_MAX, MANIFEST, Manifest, Member, SEAL, Seal, VERSION, signed,
    tar,
};

/// Bytes that are read at a time.
const PIECE_BYTES: usize = 256 << 10;

/// An archive that was read through and is whole.
#[derive(Debug)]
pub struct Archive {
    path: PathBuf,
    file: BufReader<File>,
    /// What it holds.
    pub manifest: Manifest,
    /// What was signed, and the signature.
    pub signed: ([u8; 32], Signature),
    places: BTreeMap<String, (u64, Member)>,
}

/// A member as it was met.
struct Met {
    place: u64,
    member: Member,
}

impl Archive {
    /// Opens the archive and reads all of it; `progress` is told the bytes so far.
    ///
    /// # Errors
    /// It is damaged, cut off, something else, or newer than this program.
    pub fn open(path: &Path, progress: &mut dyn FnMut(u64)) -> Result<Self, ArchiveError> {
        let file = File::open(path).map_err(|why| ArchiveError::Io {
            act: "open",
            path: path.to_owned(),
            why,
        })?;
        let mut through =
            Through { path, file: BufReader::with_capacity(PIECE_BYTES, file), at: 0 };
        let (met, manifest, seal) = through.all(progress)?;
        let foreign =
            |why: &str| ArchiveError::Foreign { path: path.to_owned(), why: why.to_owned() };
        let (manifest_text, seal) = match (manifest, seal) {
            (Some(manifest), Some(seal)) => (manifest, seal),
            _ => return Err(foreign("it has no manifest at its end")),
        };
        let digest = signed(&manifest_text);
        let seal: Seal =
            serde_json::from_slice(&seal).map_err(|_| through.damaged(SEAL, "does not read"))?;
        if seal.digest != hex(&digest) {
            return Err(through.damaged(MANIFEST, "is not the one that was sealed"));
        }
        let manifest = manifest_of(&through, &manifest_text)?;
        let signature = bytes_of(&seal.signature);
        let signature: [u8; SIGNATURE_BYTES] = signature
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| through.damaged(SEAL, "holds no signature"))?;
        let signature = Signature { key_version: seal.key_version, bytes: signature };
        let places = compared(&through, &manifest, met)?;
        let (path, file) = (path.to_owned(), through.file);
        Ok(Self { path, file, manifest, signed: (digest, signature), places })
    }

    /// The archive's place.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Whether there is such a member.
    pub fn has(&self, name: &str) -> bool {
        self.places.contains_key(name)
    }

    /// The members whose names begin so, in the order of their names.
    pub fn named(&self, beginning: &str) -> Vec<String> {
        let from = self.places.range(beginning.to_owned()..);
        from.map(|(name, _)| name).take_while(|name| name.starts_with(beginning)).cloned().collect()
    }

    /// A member that fits into memory.
    ///
    /// # Errors
    /// It is not there, changed since the archive was opened, or cannot be read.
    pub fn take(&mut self, name: &str) -> Result<Vec<u8>, ArchiveError> {
        let mut bytes = Vec::new();
        self.copy(name, &mut bytes, Some(HELD_BYTES_MAX))?;
        Ok(bytes)
    }

    /// Writes a member out.
    ///
    /// # Errors
    /// As [`Archive::take`], and what `out` says.
    pub fn copy_to(&mut self, name: &str, out: &mut dyn Write) -> Result<(), ArchiveError> {
        self.copy(name, out, None)
    }

    fn copy(
        &mut self,
        name: &str,
        out: &mut dyn Write,
        most: Option<u64>,
    ) -> Result<(), ArchiveError> {
        let path = self.path.clone();
        let damaged = |why: &str| ArchiveError::Damaged {
            path: path.clone(),
            member: name.to_owned(),
            why: why.to_owned(),
        };
        let io = |why| ArchiveError::Io { act: "read", path: path.clone(), why };
        let (place, member) = self.places.get(name).ok_or_else(|| damaged("is missing"))?;
        if most.is_some_and(|most| member.bytes > most) {
            return Err(damaged("is longer than any of its kind"));
        }
        self.file.seek(SeekFrom::Start(*place)).map_err(io)?;
        let mut left = member.bytes;
        let mut sum = Sum::default();
        let mut piece = vec![0; PIECE_BYTES];
        while left > 0 {
            let want = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            let count = self.file.read(&mut piece[..want]).map_err(io)?;
            if count == 0 {
                return Err(damaged("became shorter while it was read"));
            }
            sum.add(&piece[..count]);
            out.write_all(&piece[..count]).map_err(io)?;
            left -= count as u64;
        }
        match hex(&sum.finish()) == member.sha256 {
            true => Ok(()),
            false => Err(damaged("changed while it was read")),
        }
    }
}

/// The way through the whole file.
struct Through<'p> {
    path: &'p Path,
    file: BufReader<File>,
    at: u64,
}

type All = (Vec<Met>, Option<Vec<u8>>, Option<Vec<u8>>);

impl Through<'_> {
    fn all(&mut self, progress: &mut dyn FnMut(u64)) -> Result<All, ArchiveError> {
        let (mut met, mut manifest, mut seal) = (Vec::<Met>::new(), None, None);
        loop {
            let after = seal.as_ref().map(|_| SEAL).or(manifest.as_ref().map(|_| MANIFEST));
            let after = after.or(met.last().map(|met| met.member.name.as_str()));
            let after = match after {
                Some(name) => format!("after {name}"),
                None => "at its beginning".to_owned(),
            };
            let mut head = [0; tar::BLOCK];
            self.fill(&mut head, &after)?;
            let (name, bytes) = match tar::parse(&head) {
                Ok(Some(named)) => named,
                Ok(None) => {
                    self.end(&after)?;
                    return Ok((met, manifest, seal));
                }
                Err(why) if met.is_empty() => {
                    let why = format!("it {why}");
                    return Err(ArchiveError::Foreign { path: self.path.to_owned(), why });
                }
                Err(why) => return Err(self.damaged(&format!("({after})"), why)),
            };
            if seal.is_some() {
                return Err(self.damaged(&name, "stands behind the end"));
            }
            match name.as_str() {
                MANIFEST if manifest.is_none() => manifest = Some(self.held(&name, bytes)?),
                SEAL if manifest.is_some() => seal = Some(self.held(&name, bytes)?),
                _ if manifest.is_some() => {
                    return Err(self.damaged(&name, "is not in the manifest"));
                }
                _ => met.push(self.passed(name, bytes)?),
            }
            progress(self.at);
        }
    }

    /// What is read must be there: a file that ends here was cut off.
    fn fill(&mut self, into: &mut [u8], place: &str) -> Result<(), ArchiveError> {
        self.file.read_exact(into).map_err(|why| match why.kind() {
            io::ErrorKind::UnexpectedEof => {
                ArchiveError::CutOff { path: self.path.to_owned(), place: place.to_owned() }
            }
            _ => ArchiveError::Io { act: "read", path: self.path.to_owned(), why },
        })?;
        self.at += into.len() as u64;
        Ok(())
    }

    fn held(&mut self, name: &str, bytes: u64) -> Result<Vec<u8>, ArchiveError> {
        if bytes > HELD_BYTES_MAX {
            return Err(self.damaged(name, "is longer than any of its kind"));
        }
        let mut text = vec![0; usize::try_from(bytes).unwrap_or(0)];
        self.fill(&mut text, &format!("within {name}"))?;
        self.pad(name, bytes)?;
        Ok(text)
    }

    fn passed(&mut self, name: String, bytes: u64) -> Result<Met, ArchiveError> {
        let (place, within) = (self.at, format!("within {name}"));
        let (mut left, mut sum) = (bytes, Sum::default());
        let mut piece = vec![0; PIECE_BYTES.min(usize::try_from(bytes).unwrap_or(PIECE_BYTES))];
        while left > 0 {
            let want = piece.len().min(usize::try_from(left).unwrap_or(usize::MAX));
            self.fill(&mut piece[..want], &within)?;
            sum.add(&piece[..want]);
            left -= want as u64;
        }
        self.pad(&name, bytes)?;
        Ok(Met { place, member: Member { name, bytes, sha256: hex(&sum.finish()) } })
    }

    fn pad(&mut self, name: &str, bytes: u64) -> Result<(), ArchiveError> {
        let mut padding = [0; tar::BLOCK];
        let padding = &mut padding[..tar::padding(bytes)];
        self.fill(padding, &format!("within {name}"))?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(self.damaged(name, "is followed by bytes that belong to nothing"));
        }
        Ok(())
    }

    /// A second empty block, and nothing after it.
    fn end(&mut self, after: &str) -> Result<(), ArchiveError> {
        let mut block = [0; tar::BLOCK];
        self.fill(&mut block, after)?;
        let mut more = [0];
        let count = self.file.read(&mut more);
        let count =
            count.map_err(|why| ArchiveError::Io { act: "read", path: self.path.into(), why })?;
        if count > 0 || block.iter().any(|byte| *byte != 0) {
            return Err(self.damaged("(the end)", "is followed by bytes that belong to nothing"));
        }
        Ok(())
    }

    fn damaged(&self, member: &str, why: &str) -> ArchiveError {
        let (path, why) = (self.path.to_owned(), why.to_owned());
        ArchiveError::Damaged { path, member: member.to_owned(), why }
    }
}

/// Format and version are looked at before the rest: a newer one may look otherwise.
fn manifest_of(through: &Through<'_>, text: &[u8]) -> Result<Manifest, ArchiveError> {
    let unread = || through.damaged(MANIFEST, "does not read");
    let any: serde_json::Value = serde_json::from_slice(text).map_err(|_| unread())?;
    let path = || through.path.to_owned();
    if any.get("format").and_then(|word| word.as_str()) != Some(FORMAT) {
        let why = "its manifest is another program's".to_owned();
        return Err(ArchiveError::Foreign { path: path(), why });
    }
    if any.get("version").and_then(serde_json::Value::as_u64) != Some(u64::from(VERSION)) {
        let by = any.get("program").and_then(|by| by.as_str()).unwrap_or("of a later version");
        let by = by.chars().filter(|c| !c.is_control()).take(40).collect();
        return Err(ArchiveError::Newer { path: path(), by });
    }
    serde_json::from_value(any).map_err(|_| unread())
}

/// Holds what was met against the manifest, both ways.
fn compared(
    through: &Through<'_>,
    manifest: &Manifest,
    met: Vec<Met>,
) -> Result<BTreeMap<String, (u64, Member)>, ArchiveError> {
    let mut places = BTreeMap::new();
    for Met { place, member } in met {
        let name = member.name.clone();
        if places.insert(name.clone(), (place, member)).is_some() {
            return Err(through.damaged(&name, "is there twice"));
        }
    }
    for said in &manifest.members {
        let why = match places.get(&said.name) {
            None => "is missing",
            Some((_, met)) if met.bytes != said.bytes => "has another length",
            Some((_, met)) if met.sha256 != said.sha256 => "is not what was written",
            Some(_) => continue,
        };
        return Err(through.damaged(&said.name, why));
    }
    let named = |name: &&String| manifest.members.iter().any(|said| said.name == **name);
    if places.len() != manifest.members.len()
        && let Some(more) = places.keys().find(|name| !named(name))
    {
        return Err(through.damaged(more, "is not in the manifest"));
    }
    Ok(places)
}

fn bytes_of(hex: &str) -> Option<Vec<u8>> {
    let pair = |at: usize| u8::from_str_radix(hex.get(at..at + 2)?, 16).ok();
    (0..hex.len()).step_by(2).map(pair).collect()
}

#[cfg(test)]
mod tests;
