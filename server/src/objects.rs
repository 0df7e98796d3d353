//! Stores canonical images under random tokens: in local files, or in an S3 bucket that readers access directly.

use std::io;
use std::path::{Path as FilePath, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use image_ingest::ContentId;
use object_store::aws::{AmazonS3Builder, Checksum};
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{
    Attribute, Attributes, ClientOptions, Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, RetryConfig,
};

use crate::config::{Config, ObjectsConfig, ObjectsKind, Times};

/// The object store, and a local spool for objects that could not be stored.
#[derive(Debug, Clone)]
pub(crate) struct Objects {
    store: Arc<dyn ObjectStore>,
    spool: Arc<dyn ObjectStore>,
    data: PathBuf,
    timeout: Duration,
    /// The prefix of an object's URL; `None` if this server serves objects itself.
    bucket_url: Option<String>,
}

/// An object could not be written or read.
#[derive(Debug, thiserror::Error)]
#[error("object store: {0}")]
pub(crate) struct StoreFailed(String);

impl Objects {
    pub(crate) fn open(config: &Config) -> Result<Self, StoreFailed> {
        let timeout = Times::of(config.times.objects_ms);
        let failed = |error: Error| StoreFailed(error.to_string());
        let spool = config.data.join(SPOOL);
        std::fs::create_dir_all(&spool).map_err(|e| StoreFailed(e.to_string()))?;
        let store: Arc<dyn ObjectStore> = match config.objects.kind {
            ObjectsKind::Local => Arc::new(local(&config.data).map_err(failed)?),
            ObjectsKind::S3 => Arc::new(s3(&config.objects, timeout).map_err(failed)?),
        };
        let s3 = config.objects.kind == ObjectsKind::S3;
        Ok(Self {
            store,
            spool: Arc::new(local(&spool).map_err(failed)?),
            data: config.data.clone(),
            timeout,
            bucket_url: config.objects.public_url.clone().filter(|_| s3),
        })
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

    /// Stores an object. An existing object is no error, since its token belongs to the same bytes.
    pub(crate) async fn put(&self, token: &str, bytes: Bytes) -> Result<(), StoreFailed> {
        let attributes = if self.are_served_here() { Attributes::new() } else { attributes(&bytes) };
        let options = PutOptions { mode: PutMode::Create, attributes, ..PutOptions::default() };
        match self.in_time(self.store.put_opts(&key(token), bytes.into(), options)).await {
            Ok(_) | Err(Error::AlreadyExists { .. }) => Ok(()),
            Err(error) => Err(StoreFailed(error.to_string())),
        }
    }

    /// An object's bytes; `None` if there is no such object.
    pub(crate) async fn get(&self, token: &str) -> Result<Option<Bytes>, StoreFailed> {
        let get = async { self.store.get(&key(token)).await?.bytes().await };
        found(self.in_time(get).await)
    }

    /// Erases an object. A missing object is no error.
    pub(crate) async fn erase(&self, token: &str) -> Result<(), StoreFailed> {
        match self.in_time(self.store.delete(&key(token))).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(StoreFailed(error.to_string())),
        }
    }

    /// The tokens of objects stored before `time`.
    pub(crate) async fn tokens(&self, time: SystemTime) -> Result<Vec<String>, StoreFailed> {
        let prefix = Path::from(OBJECTS);
        let list = self.store.list(Some(&prefix));
        let metas: Vec<_> = list.try_collect().await.map_err(|e: Error| StoreFailed(e.to_string()))?;
        let old = metas.into_iter().filter(|meta| SystemTime::from(meta.last_modified) < time);
        Ok(old.filter_map(|meta| meta.location.filename().map(str::to_owned)).collect())
    }

    /// Writes the bytes of an object to the spool, until the store takes them.
    pub(crate) async fn spool(&self, id: ContentId, bytes: Bytes) -> Result<(), StoreFailed> {
        let options = PutOptions { mode: PutMode::Overwrite, ..PutOptions::default() };
        let put = self.spool.put_opts(&Path::from(id.to_string()), bytes.into(), options).await;
        put.map(drop).map_err(|e| StoreFailed(e.to_string()))
    }

    pub(crate) async fn spooled(&self, id: ContentId) -> Result<Option<Bytes>, StoreFailed> {
        let get = async { self.spool.get(&Path::from(id.to_string())).await?.bytes().await };
        found(get.await)
    }

    pub(crate) async fn unspool(&self, id: ContentId) {
        // If this fails, the next repair finds the spooled object again and removes it.
        let _ = self.spool.delete(&Path::from(id.to_string())).await;
    }

    /// Whether the object was spooled before `time`.
    pub(crate) async fn is_spooled_before(&self, id: ContentId, time: SystemTime) -> bool {
        let meta = self.spool.head(&Path::from(id.to_string())).await;
        meta.is_ok_and(|meta| SystemTime::from(meta.last_modified) < time)
    }

    /// The ids of all spooled objects.
    pub(crate) async fn all_spooled(&self) -> Result<Vec<ContentId>, StoreFailed> {
        let metas: Vec<_> = self.spool.list(None).try_collect().await.map_err(|e: Error| StoreFailed(e.to_string()))?;
        Ok(metas.iter().filter_map(|meta| meta.location.filename()?.parse().ok()).collect())
    }

    /// Removes temporary files that a crash left in the local folders before `time`. The store's listing hides them.
    pub(crate) fn remove_staged(&self, time: SystemTime) -> io::Result<()> {
        remove_staged(&self.data.join(OBJECTS), time)?;
        remove_staged(&self.data.join(SPOOL), time)
    }

    async fn in_time<T>(&self, work: impl Future<Output = object_store::Result<T>>) -> object_store::Result<T> {
        let late = |_| Error::Generic { store: "objects", source: "no answer in time".into() };
        tokio::time::timeout(self.timeout, work).await.unwrap_or_else(|elapsed| Err(late(elapsed)))
    }
}

const OBJECTS: &str = "objects";
const SPOOL: &str = "spool";

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

fn local(folder: &FilePath) -> object_store::Result<LocalFileSystem> {
    Ok(LocalFileSystem::new_with_prefix(folder)?.with_fsync(true))
}

fn s3(config: &ObjectsConfig, timeout: Duration) -> object_store::Result<impl ObjectStore> {
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

/// The media type of a stored canonical image. A store may have both encodings, since `encoding` may change.
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
