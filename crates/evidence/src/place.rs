//! Where files are kept: a folder of this machine, or a bucket of an S3 service. Both hold sealed
//! bytes only, under names of our own. When a name is put down, it is durable; a name is never
//! written over.

pub mod bucket;
pub mod folder;

use bytes::Bytes;
use domain::Instant;
use futures_util::StreamExt as _;
use futures_util::stream::BoxStream;
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use vault::Keyring;
use vault::stream::{HEADER_BYTES, Opener};

use crate::fault::Fault;
use crate::intake::SpoolFile;

pub use bucket::{Bucket, BucketSettings};
pub use folder::Folder;

/// Bytes read from a file at a time.
const READ_BYTES: usize = 64 * 1024;

/// One of the two.
pub enum Place {
    /// A folder.
    Folder(Folder),
    /// A bucket.
    Bucket(Bucket),
}

/// Sealed bytes on their way out.
pub enum Source {
    /// Of a folder or the spool.
    File(File),
    /// Of a bucket.
    Stream(BoxStream<'static, Result<Bytes, Fault>>),
}

/// The plain bytes of one file, in order, each frame checked before it is given.
pub struct Plain {
    source: Source,
    opener: Option<Opener>,
}

/// Whether a name can be one of ours; anything else never reaches a file system.
fn well_formed(address: &str) -> bool {
    address.len() < 128
        && address.bytes().take(2).all(|byte| byte.is_ascii_hexdigit())
        && address.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'))
        && address.len() > 2
}

fn must_be_ours(address: &str) -> Result<(), Fault> {
    if well_formed(address) {
        Ok(())
    } else {
        Err(Fault::new("a stored name of a file is none of ours: the database was altered"))
    }
}

/// The folder or prefix that a shard is.
fn shard_name(shard: u16) -> String {
    format!("{shard:02x}")
}

impl Place {
    /// Sees that nobody else keeps files here: two installations would sweep each other's away.
    pub(crate) async fn claim(&self, mark: &str) -> Result<(), Fault> {
        let found = match self {
            Self::Folder(folder) => folder.claim(mark).await?,
            Self::Bucket(bucket) => bucket.claim(mark).await?,
        };
        if found.trim() == mark {
            return Ok(());
        }
        Err(Fault::new(format!(
            "{} belongs to an installation with other keys: give each installation a folder or \
             prefix of its own, or restore the keys that belong to it",
            self.described()
        )))
    }

    /// Puts a spooled file down. It is durable when this answers.
    pub(crate) async fn put(&self, address: &str, spool: SpoolFile) -> Result<(), Fault> {
        must_be_ours(address)?;
        match self {
            Self::Folder(folder) => folder.put(address, spool).await,
            Self::Bucket(bucket) => bucket.put(address, spool).await,
        }
    }

    /// The sealed bytes of a name; nothing when there is no such name.
    pub(crate) async fn get(&self, address: &str) -> Result<Option<Source>, Fault> {
        must_be_ours(address)?;
        match self {
            Self::Folder(folder) => folder.get(address).await,
            Self::Bucket(bucket) => bucket.get(address).await,
        }
    }

    /// Whether there is such a name.
    pub(crate) async fn has(&self, address: &str) -> Result<bool, Fault> {
        must_be_ours(address)?;
        match self {
            Self::Folder(folder) => folder.has(address).await,
            Self::Bucket(bucket) => bucket.has(address).await,
        }
    }

    /// Takes a name away; one that is not there is gone already.
    pub(crate) async fn remove(&self, address: &str) -> Result<(), Fault> {
        must_be_ours(address)?;
        match self {
            Self::Folder(folder) => folder.remove(address).await,
            Self::Bucket(bucket) => bucket.remove(address).await,
        }
    }

    pub(crate) async fn older_than(
        &self,
        before: Instant,
        shard: u16,
    ) -> Result<Vec<String>, Fault> {
        match self {
            Self::Folder(folder) => folder.older_than(before, shard).await,
            Self::Bucket(bucket) => bucket.older_than(before, shard).await,
        }
    }

    /// Writes something small, reads it, and takes it away again.
    ///
    /// # Errors
    /// What of it does not work.
    pub async fn probe(&self, at: Instant) -> Result<(), Fault> {
        match self {
            Self::Folder(folder) => folder.probe(at).await,
            Self::Bucket(bucket) => bucket.probe(at).await,
        }
    }

    /// What and where it is, for the operator.
    pub fn described(&self) -> String {
        match self {
            Self::Folder(folder) => folder.described(),
            Self::Bucket(bucket) => bucket.described(),
        }
    }
}

impl Source {
    async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        match self {
            Self::File(file) => {
                let mut chunk = Vec::with_capacity(READ_BYTES);
                let read = file.read_buf(&mut chunk).await;
                read.map_err(|why| Fault::because("reading a stored file", why))?;
                Ok((!chunk.is_empty()).then(|| chunk.into()))
            }
            Self::Stream(stream) => stream.next().await.transpose(),
        }
    }
}

impl Plain {
    /// Reads the header.
    pub(crate) async fn begin(
        keys: &Keyring,
        purpose: &str,
        mut source: Source,
    ) -> Result<Self, Fault> {
        let mut head = Vec::with_capacity(READ_BYTES);
        while head.len() < HEADER_BYTES {
            let Some(chunk) = source.next().await? else { break };
            head.extend_from_slice(&chunk);
        }
        let (header, rest) = head
            .split_at_checked(HEADER_BYTES)
            .ok_or_else(|| Fault::new("a stored file is cut off before its first byte"))?;
        let opener = keys.open_stream(purpose, header).map_err(not_opened)?;
        let rest = Bytes::copy_from_slice(rest);
        let source = match (rest.is_empty(), source) {
            (true, source) => source,
            (false, source) => {
                let rest = futures_util::stream::once(async { Ok(rest) });
                Source::Stream(rest.chain(streamed(source)).boxed())
            }
        };
        Ok(Self { source, opener: Some(opener) })
    }

    /// The next plain bytes; nothing after the last. What was given before an error is whole, but
    /// is not the whole file.
    ///
    /// # Errors
    /// The storage broke off, or the bytes were altered.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Fault> {
        let mut out = Vec::new();
        while out.is_empty() {
            let Some(opener) = &mut self.opener else { return Ok(None) };
            match self.source.next().await? {
                Some(sealed) => opener.write(&sealed, &mut out).map_err(not_opened)?,
                None => {
                    if let Some(opener) = self.opener.take() {
                        opener.finish(&mut out).map_err(not_opened)?;
                    }
                    break;
                }
            }
        }
        Ok((!out.is_empty()).then(|| out.into()))
    }
}

fn streamed(source: Source) -> BoxStream<'static, Result<Bytes, Fault>> {
    futures_util::stream::unfold(source, |mut source| async {
        let next = source.next().await.transpose()?;
        Some((next, source))
    })
    .boxed()
}

fn not_opened(why: vault::seal::Unsealable) -> Fault {
    Fault::because("opening a stored file", why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_our_own_reach_a_file_system() {
        assert!(well_formed("0a1b.ev_01j00000000000000000000000"));
        for bad in ["", "0a", "../../etc/passwd", "0a/../b", "zz.ev_1", "0a.ev_1\0", "0a ev"] {
            assert!(!well_formed(bad), "{bad:?}");
        }
    }
}
