//! Stores canonical images and their renditions under random tokens: in local files, or in an S3 bucket that readers
//! access directly.
//!
//! A store that fails is left alone for a while, so that requests do not wait for it one after another.

use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use futures_util::{StreamExt as _, TryStreamExt as _};
use image_ingest::ContentId;
use object_store::aws::{AmazonS3Builder, Checksum};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, ClientOptions, Error, GetResult, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions,
    RetryConfig,
};

use crate::breaker::Breaker;
use crate::config::{Config, ObjectsConfig, ObjectsKind, Times};
use crate::crash;
use crate::listing::{Listing, TokenRange};
use crate::measured_store::MeasuredStore;
use crate::token::token;

/// The object store.
#[derive(Debug, Clone)]
pub(crate) struct Objects {
    store: Arc<dyn ObjectStore>,
    data: PathBuf,
    timeout: Duration,
    /// The prefix of an object's URL; `None` if this server serves objects itself.
    bucket_url: Option<String>,
    breaker: Arc<Breaker>,
    /// When the store was last asked whether it answers, and whether it did.
    asked: Arc<tokio::sync::Mutex<Option<(Instant, bool)>>>,
}

/// An object could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("object store: {0}")]
pub(crate) struct StoreFailed(String);

impl StoreFailed {
    pub(crate) fn of(error: &impl ToString) -> Self {
        Self(error.to_string())
    }
}

impl Objects {
    pub(crate) fn open(config: &Config) -> Result<Self, StoreFailed> {
        let timeout = Times::of(config.times.objects_ms);
        let failed = |error: Error| StoreFailed(error.to_string());
        let s3 = config.objects.kind == ObjectsKind::S3;
        let store: Arc<dyn ObjectStore> = if s3 {
            Arc::new(bucket(&config.objects, timeout).map_err(failed)?)
        } else {
            Arc::new(LocalFileSystem::new_with_prefix(&config.data).map_err(failed)?.with_fsync(true))
        };
        Ok(Self {
            store: Arc::new(MeasuredStore(store)),
            data: config.data.clone(),
            timeout,
            bucket_url: config.objects.public_url.clone().filter(|_| s3),
            breaker: Arc::default(),
            asked: Arc::default(),
        })
    }

    /// Tries whether a bucket stores an object only if there is none, on which uniqueness rests: a put that is repeated
    /// after a lost reply must not replace anything. A bucket that does not answer now may do so later.
    pub(crate) async fn probe(&self) -> Result<(), StoreFailed> {
        if self.are_served_here() {
            return Ok(());
        }
        let path = Path::from_iter([PROBES, token().as_str()]);
        let create = || {
            let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
            self.in_time(async { self.store.put_opts(&path, Bytes::from_static(b"probe").into(), options).await })
        };
        let (first, second) = (create().await, create().await);
        let _ = self.in_time(self.store.delete(&path)).await;
        match (first, second) {
            (Ok(_), Ok(_)) => {
                Err(StoreFailed("the bucket ignores If-None-Match: conditional puts are required".into()))
            }
            (Ok(_), Err(Error::AlreadyExists { .. })) => Ok(()),
            (Err(Error::NotImplemented { .. } | Error::NotSupported { .. }), _)
            | (_, Err(Error::NotImplemented { .. } | Error::NotSupported { .. })) => {
                Err(StoreFailed("the bucket refuses If-None-Match: conditional puts are required".into()))
            }
            (Err(error), _) | (_, Err(error)) => {
                tracing::error!(%error, "the bucket does not answer; images are spooled until it does");
                self.breaker.failed();
                Ok(())
            }
        }
    }

    /// Whether the store answers, asked at most every few seconds.
    pub(crate) async fn answers(&self) -> bool {
        let mut asked = self.asked.lock().await;
        if let Some((_, answers)) = asked.filter(|(at, _)| at.elapsed() < ASKED_EVERY) {
            return answers;
        }
        let head = self.in_time(self.store.head(&Path::from_iter([PROBES, "none"]))).await;
        let answers = matches!(head, Ok(_) | Err(Error::NotFound { .. }));
        *asked = Some((Instant::now(), answers));
        answers
    }

    /// Whether the store is left alone for a while, since it failed.
    pub(crate) fn is_paused(&self) -> bool {
        self.breaker.is_paused()
    }

    /// Whether this server serves objects itself.
    pub(crate) fn are_served_here(&self) -> bool {
        self.bucket_url.is_none()
    }

    /// The URL of an object. `server_url` is used if this server serves objects itself.
    pub(crate) fn url(&self, server_url: &str, token: &str) -> String {
        let base = self.bucket_url.as_deref().unwrap_or(server_url);
        format!("{}/{}", base.trim_end_matches('/'), key(token))
    }

    /// Whether the store failed a moment ago, so that it is not worth making something for it.
    pub(crate) fn are_failing(&self) -> bool {
        self.breaker.is_waiting()
    }

    /// Stores objects at the same time, each under its token. After a failure, some of them may be stored.
    pub(crate) async fn put(&self, objects: Vec<(String, Bytes)>) -> Result<(), StoreFailed> {
        if !self.breaker.allows() {
            return Err(StoreFailed("it failed a moment ago".into()));
        }
        let puts = objects.into_iter().map(|(token, bytes)| async move {
            self.put_one(&token, bytes).await?;
            crash::point("after_one_object");
            Ok::<_, StoreFailed>(())
        });
        match futures_util::future::try_join_all(puts).await {
            Ok(_) => {
                self.breaker.succeeded();
                Ok(())
            }
            Err(error) => {
                self.breaker.failed();
                Err(error)
            }
        }
    }

    /// An existing object is no error, since its token belongs to the same bytes.
    async fn put_one(&self, token: &str, bytes: Bytes) -> Result<(), StoreFailed> {
        let attributes = if self.are_served_here() { Attributes::new() } else { attributes(&bytes) };
        let options = PutOptions { mode: PutMode::Create, attributes, ..PutOptions::default() };
        match self.in_time(self.store.put_opts(&key(token), bytes.into(), options)).await {
            Ok(_) | Err(Error::AlreadyExists { .. }) => Ok(()),
            Err(error) => Err(StoreFailed(error.to_string())),
        }
    }

    /// The beginning of reading an object; `None` if there is no such object.
    pub(crate) async fn begin_get(&self, token: &str) -> Result<Option<GetResult>, StoreFailed> {
        match self.in_time(self.store.get(&key(token))).await {
            Ok(result) => Ok(Some(result)),
            Err(Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(StoreFailed::of(&error)),
        }
    }

    /// The longest time for one call to the store.
    pub(crate) fn timeout(&self) -> Duration {
        self.timeout
    }

    /// An object's bytes; `None` if there is no such object.
    pub(crate) async fn get(&self, token: &str) -> Result<Option<Bytes>, StoreFailed> {
        let get = async { self.store.get(&key(token)).await?.bytes().await };
        found(self.in_time(get).await)
    }

    /// Erases objects, and returns the tokens of those that do not exist any more. A missing object is erased.
    pub(crate) async fn erase(&self, tokens: &[String]) -> Vec<String> {
        let paths: Vec<_> = tokens.iter().map(|token| Ok(key(token))).collect();
        let mut results = self.store.delete_stream(futures_util::stream::iter(paths).boxed());
        let mut erased = Vec::new();
        while let Ok(Some(result)) = tokio::time::timeout(self.timeout, results.next()).await {
            let path = match result {
                Ok(path) => path.to_string(),
                Err(Error::NotFound { path, .. }) => path,
                Err(error) => {
                    tracing::error!(%error, "an object was not erased");
                    continue;
                }
            };
            erased.extend(path.rsplit('/').next().map(str::to_owned));
        }
        erased
    }

    /// Whether there is such an object.
    pub(crate) async fn has(&self, token: &str) -> Result<bool, StoreFailed> {
        match self.in_time(self.store.head(&key(token))).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(StoreFailed(error.to_string())),
        }
    }

    /// Ranges that together are all tokens. A bucket lists each by itself; a folder lists everything, so it has one.
    pub(crate) fn ranges(&self) -> Vec<TokenRange> {
        TokenRange::equal_parts(if self.are_served_here() { 1 } else { 64 })
    }

    /// The objects of a range, in the order of their tokens.
    pub(crate) async fn listed(&self, range: &TokenRange) -> Result<Listing, StoreFailed> {
        let prefix = Path::from(OBJECTS);
        let mut metas = match range.from.as_str() {
            "" => self.store.list(Some(&prefix)),
            from => self.store.list_with_offset(Some(&prefix), &key(from)),
        };
        let mut listing = Listing::default();
        while let Some(meta) = metas.try_next().await.map_err(|e: Error| StoreFailed(e.to_string()))? {
            let name = meta.location.filename().unwrap_or_default();
            if range.to.as_str() <= name && range.to != TokenRange::END {
                // A bucket lists in the order of names.
                break;
            }
            listing.add(name, meta.size, meta.last_modified.into());
        }
        listing.objects.sort_unstable_by_key(|object| object.token);
        Ok(listing)
    }

    /// Removes temporary files that a crash left in the local folder before `time`. The store's listing hides them.
    pub(crate) fn remove_staged(&self, time: SystemTime) -> io::Result<()> {
        remove_staged(&self.data.join(OBJECTS), time)
    }

    /// Images that an earlier version spooled in the data folder.
    pub(crate) fn spooled_files(&self) -> Vec<(PathBuf, ContentId)> {
        let entries = std::fs::read_dir(self.data.join("spool")).into_iter().flatten().flatten();
        entries.filter_map(|entry| Some((entry.path(), entry.file_name().to_str()?.parse().ok()?))).collect()
    }

    async fn in_time<T>(&self, work: impl Future<Output = object_store::Result<T>>) -> object_store::Result<T> {
        let late = |_| Error::Generic { store: "objects", source: "no answer in time".into() };
        tokio::time::timeout(self.timeout, work).await.unwrap_or_else(|elapsed| Err(late(elapsed)))
    }
}

const OBJECTS: &str = "objects";
const PROBES: &str = "probes";

const ASKED_EVERY: Duration = Duration::from_secs(5);

fn key(token: &str) -> Path {
    Path::from_iter([OBJECTS, token])
}

fn found(result: object_store::Result<Bytes>) -> Result<Option<Bytes>, StoreFailed> {
    match result {
        Ok(bytes) => Ok(Some(bytes)),
        Err(Error::NotFound { .. }) => Ok(None),
        Err(error) => Err(StoreFailed(error.to_string())),
    }
}

fn bucket(config: &ObjectsConfig, timeout: Duration) -> object_store::Result<impl ObjectStore> {
    let retry = RetryConfig { max_retries: 2, retry_timeout: timeout, ..RetryConfig::default() };
    let mut builder = AmazonS3Builder::new()
        .with_bucket_name(config.bucket.clone().unwrap_or_default())
        .with_region(config.region.as_deref().unwrap_or("us-east-1"))
        .with_checksum_algorithm(Checksum::SHA256)
        .with_retry(retry)
        .with_client_options(ClientOptions::new().with_timeout(timeout).with_allow_http(true));
    if let Some(endpoint) = &config.endpoint {
        builder = builder.with_endpoint(endpoint);
    }
    if let (Some(id), Some(secret)) = (&config.access_key_id, &config.secret_access_key) {
        builder = builder.with_access_key_id(id.expose()).with_secret_access_key(secret.expose());
    }
    builder.build()
}

fn attributes(bytes: &[u8]) -> Attributes {
    let kind = media_type(bytes);
    Attributes::from_iter([(Attribute::ContentType, kind), (Attribute::CacheControl, "public, max-age=86400")])
}

/// The media type of a stored image. A store may have both encodings, since the configuration may change.
pub(crate) fn media_type(bytes: &[u8]) -> &'static str {
    if bytes.starts_with(b"RIFF") { "image/webp" } else { "image/jpeg" }
}

fn remove_staged(folder: &FilePath, time: SystemTime) -> io::Result<()> {
    let entries = match std::fs::read_dir(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let staged = entry.file_name().to_str().is_some_and(|name| name.contains('#'));
        if staged && entry.metadata()?.modified()? < time {
            std::fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
