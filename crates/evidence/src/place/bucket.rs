//! A bucket of an S3 service as storage. Small files go in one conditional request, large ones in
//! parts; both are there wholly or not at all. Where the bucket is comes from the operator alone,
//! so this client needs no guard against addresses that strangers choose.

use std::time::Duration;

use bytes::Bytes;
use domain::Instant;
use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path;
use object_store::{
    ClientOptions, Error, ObjectStore as _, ObjectStoreExt as _, PutMode, PutOptions, PutPayload,
    RetryConfig,
};
use tokio::fs::File;
use tokio::io::AsyncReadExt as _;
use tokio::sync::Semaphore;
use vault::Secret;

use super::{Source, shard_name};
use crate::fault::Fault;
use crate::intake::SpoolFile;

/// Bytes of one part; also of the largest file that goes in one request. S3 wants 5 MiB at least.
const PART_BYTES: usize = 8 << 20;

/// Files on their way to the bucket at once: each holds a part in memory.
const PUTS_AT_ONCE: usize = 4;

/// For one request, and for all its repetitions.
const REQUEST_TIME: Duration = Duration::from_secs(20);
const RETRY_TIME: Duration = Duration::from_secs(40);

/// How often a request is repeated.
const RETRIES_MAX: usize = 3;

/// Where a bucket is, and who may use it.
pub struct BucketSettings {
    /// Its name.
    pub bucket: String,
    /// Its region, as in `eu-central-1`.
    pub region: String,
    /// The service's address; nothing for Amazon's own.
    pub endpoint: Option<String>,
    /// Before every name; several installations may share a bucket with a prefix for each.
    pub prefix: String,
    /// Whether the address may be without TLS.
    pub allow_http: bool,
    /// Key and secret; nothing where the machine has a role of its own.
    pub access: Option<(String, Secret)>,
}

/// A bucket.
pub struct Bucket {
    store: AmazonS3,
    prefix: String,
    described: String,
    puts: Semaphore,
}

impl Bucket {
    /// Prepares to use a bucket; nothing is asked of it yet.
    ///
    /// # Errors
    /// The settings do not fit together.
    pub fn open(settings: BucketSettings) -> Result<Self, Fault> {
        let BucketSettings { bucket, region, endpoint, prefix, allow_http, access } = settings;
        let retry = RetryConfig {
            max_retries: RETRIES_MAX,
            retry_timeout: RETRY_TIME,
            ..RetryConfig::default()
        };
        let options = ClientOptions::new().with_timeout(REQUEST_TIME).with_allow_http(allow_http);
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&bucket)
            .with_region(region)
            .with_retry(retry)
            .with_client_options(options)
            .with_allow_http(allow_http);
        let place = endpoint.as_deref().unwrap_or("Amazon S3").to_owned();
        if let Some(endpoint) = endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        if let Some((key, secret)) = access {
            builder = builder.with_access_key_id(key).with_secret_access_key(secret.reveal());
        }
        let store = builder.build();
        let store = store.map_err(|why| Fault::because("preparing the bucket", why))?;
        let prefix = prefix.trim_matches('/').to_owned();
        let described = format!("the bucket {bucket} at {place}, below /{prefix}");
        Ok(Self { store, prefix, described, puts: Semaphore::new(PUTS_AT_ONCE) })
    }

    fn key(&self, parts: &[&str]) -> Path {
        let prefix = self.prefix.split('/').filter(|part| !part.is_empty());
        Path::from_iter(prefix.chain(parts.iter().copied()))
    }

    fn file_key(&self, address: &str) -> Path {
        self.key(&["files", address.get(..2).unwrap_or("00"), address])
    }

    fn fault(&self, doing: &str, why: Error) -> Fault {
        Fault::because(format!("{doing} {}", self.described), why)
    }

    pub(super) fn described(&self) -> String {
        self.described.clone()
    }

    pub(super) async fn claim(&self, mark: &str) -> Result<String, Fault> {
        let key = self.key(&["owner"]);
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        let put = self.store.put_opts(&key, PutPayload::from(mark.to_owned()), options).await;
        match put {
            Ok(_) => return Ok(mark.to_owned()),
            Err(Error::AlreadyExists { .. }) => {}
            Err(why) => return Err(self.fault("claiming", why)),
        }
        let reading = |why| self.fault("reading whose it is:", why);
        let found = self.store.get(&key).await.map_err(reading)?;
        let found = found.bytes().await.map_err(reading)?;
        Ok(String::from_utf8_lossy(&found).into_owned())
    }

    pub(super) async fn put(&self, address: &str, spool: SpoolFile) -> Result<(), Fault> {
        let reading = |why| Fault::io("reading", spool.path(), why);
        let Ok(_permit) = self.puts.acquire().await else {
            return Err(Fault::new("the program is ending"));
        };
        let mut file = File::open(spool.path()).await.map_err(reading)?;
        let first = part(&mut file).await.map_err(reading)?;
        let key = self.file_key(address);
        if first.len() < PART_BYTES {
            let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
            return match self.store.put_opts(&key, first.into(), options).await {
                // A name is never used twice: it was put down by this very request, whose first
                // answer was lost.
                Ok(_) | Err(Error::AlreadyExists { .. }) => Ok(()),
                Err(why) => Err(self.fault("writing to", why)),
            };
        }
        self.put_parts(&key, file, first, &spool).await
    }

    async fn put_parts(
        &self,
        key: &Path,
        mut file: File,
        first: Bytes,
        spool: &SpoolFile,
    ) -> Result<(), Fault> {
        let writing = |why| self.fault("writing to", why);
        let mut upload = self.store.put_multipart(key).await.map_err(writing)?;
        let mut next = first;
        let sent = async {
            while !next.is_empty() {
                upload.put_part(next.clone().into()).await.map_err(writing)?;
                let read = part(&mut file).await;
                next = read.map_err(|why| Fault::io("reading", spool.path(), why))?;
            }
            upload.complete().await.map_err(writing).map(|_| ())
        };
        let sent = sent.await;
        if sent.is_err() {
            // Parts that stay cost money until the bucket's own rule removes them.
            drop(upload.abort().await);
        }
        sent
    }

    pub(super) async fn get(&self, address: &str) -> Result<Option<Source>, Fault> {
        match self.store.get(&self.file_key(address)).await {
            Ok(found) => {
                let broken = |why| Fault::because("reading from the bucket", why);
                Ok(Some(Source::Stream(found.into_stream().map_err(broken).boxed())))
            }
            Err(Error::NotFound { .. }) => Ok(None),
            Err(why) => Err(self.fault("reading from", why)),
        }
    }

    pub(super) async fn has(&self, address: &str) -> Result<bool, Fault> {
        match self.store.head(&self.file_key(address)).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(why) => Err(self.fault("reading from", why)),
        }
    }

    pub(super) async fn remove(&self, address: &str) -> Result<(), Fault> {
        match self.store.delete(&self.file_key(address)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(why) => Err(self.fault("removing from", why)),
        }
    }

    pub(super) async fn older_than(
        &self,
        before: Instant,
        shard: u16,
    ) -> Result<Vec<String>, Fault> {
        let prefix = self.key(&["files", &shard_name(shard)]);
        let mut list = self.store.list(Some(&prefix));
        let mut found = Vec::new();
        while let Some(object) = list.next().await {
            let object = object.map_err(|why| self.fault("listing", why))?;
            if object.last_modified.timestamp_millis() < before.millis() {
                found.extend(object.location.filename().map(str::to_owned));
            }
        }
        Ok(found)
    }

    pub(super) async fn probe(&self, at: Instant) -> Result<(), Fault> {
        let key = self.key(&[&format!("probe-{}", at.millis())]);
        let written = self.store.put(&key, PutPayload::from_static(b"probe")).await;
        written.map_err(|why| self.fault("writing to", why))?;
        self.store.delete(&key).await.map_err(|why| self.fault("removing from", why))
    }
}

/// The next part of a file; empty at its end.
async fn part(file: &mut File) -> std::io::Result<Bytes> {
    let mut part = Vec::new();
    let most = u64::try_from(PART_BYTES).unwrap_or(u64::MAX);
    file.take(most).read_to_end(&mut part).await?;
    Ok(part.into())
}
