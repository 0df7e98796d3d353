//! Opens places by their URL, and reads and writes objects there.

use std::path::{Path as FilePath, PathBuf, absolute};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::TryStreamExt as _;
use futures_util::stream::BoxStream;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{
    BackoffConfig, ClientOptions, Error, GetOptions, GetResult, ObjectMeta, ObjectStore, ObjectStoreExt as _, PutMode,
    PutOptions, Result, RetryConfig,
};
use url::Url;

use crate::backoff::{request_timeout, retrying, tries};
use crate::exit::Fatal;

/// A bucket, a part of one, or a folder.
#[derive(Debug, Clone)]
pub(crate) struct Place {
    store: Arc<dyn ObjectStore>,
    is_local: bool,
}

impl Place {
    /// Opens an absolute URL, as [`place_url`] gives it. A local folder is created.
    ///
    /// # Errors
    ///
    /// Usage: a scheme that this build does not have, or a folder that cannot be created.
    pub(crate) fn open(url: &str) -> Result<Self, Fatal> {
        let refused = |error: &dyn std::fmt::Display| Fatal::usage(format!("{url}: {error}"));
        let parsed = Url::parse(url).map_err(|error| refused(&error))?;
        let store: Arc<dyn ObjectStore> = if parsed.scheme() == "file" {
            let folder = parsed.to_file_path().map_err(|()| refused(&"no local path"))?;
            std::fs::create_dir_all(&folder).map_err(|error| refused(&error))?;
            Arc::new(LocalFileSystem::new_with_prefix(folder).map_err(|error| refused(&error))?)
        } else {
            let prefix = Path::from_url_path(parsed.path()).map_err(|error| refused(&error))?;
            let bucket = bucket(&parsed).map_err(|error| refused(&error))?;
            if prefix.parts().next().is_none() { bucket } else { Arc::new(PrefixStore::new(bucket, prefix)) }
        };
        Ok(Self { store, is_local: parsed.scheme() == "file" })
    }

    /// An object, from a read that has begun. With `etag`, only if the object still has it.
    ///
    /// # Errors
    ///
    /// `NotFound`, `Precondition`, or a failure of the store.
    pub(crate) async fn get(&self, path: &Path, etag: Option<&str>) -> Result<GetResult> {
        let etag = etag.map(|etag| if self.is_local { etag.to_owned() } else { quoted(etag) });
        let options = || GetOptions { if_match: etag.clone(), ..GetOptions::default() };
        retrying(|| self.store.get_opts(path, options())).await
    }

    /// The bytes of a whole object.
    ///
    /// # Errors
    ///
    /// As [`Self::get`].
    pub(crate) async fn read(&self, path: &Path) -> Result<Bytes> {
        retrying(|| async { self.store.get(path).await?.bytes().await }).await
    }

    /// Whether there is such an object.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    pub(crate) async fn exists(&self, path: &Path) -> Result<bool> {
        match retrying(|| self.store.head(path)).await {
            Ok(_) => Ok(true),
            Err(Error::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Writes an object unless there is one, and says whether it did.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    pub(crate) async fn create(&self, path: &Path, bytes: Bytes) -> Result<bool> {
        let options = || PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match retrying(|| self.store.put_opts(path, bytes.clone().into(), options())).await {
            Ok(_) => Ok(true),
            Err(Error::AlreadyExists { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Deletes an object. A missing one is no error.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    pub(crate) async fn delete(&self, path: &Path) -> Result<()> {
        match retrying(|| self.store.delete(path)).await {
            Err(Error::NotFound { .. }) => Ok(()),
            result => result,
        }
    }

    /// The objects below a prefix, in any order.
    pub(crate) fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.store.list(prefix)
    }

    /// The names of the objects right below a prefix.
    ///
    /// # Errors
    ///
    /// A failure of the store.
    pub(crate) async fn names(&self, prefix: &Path) -> Result<Vec<String>> {
        let listed: Vec<ObjectMeta> = retrying(|| self.list(Some(prefix)).try_collect()).await?;
        Ok(listed.iter().filter_map(|meta| meta.location.filename().map(str::to_owned)).collect())
    }
}

/// The URL that means the same on every machine and in every folder: a plain path becomes an absolute one.
///
/// # Errors
///
/// Usage: a path or URL that means nothing.
pub(crate) fn absolute_url(text: &str) -> Result<String, Fatal> {
    let refused = |reason: &str| Fatal::usage(format!("{text}: {reason}"));
    if text.contains("://") {
        let url = Url::parse(text).map_err(|error| refused(&error.to_string()))?;
        return Ok(url.to_string());
    }
    let path = absolute(FilePath::new(text)).map_err(|error| refused(&error.to_string()))?;
    let url = Url::from_file_path(&path).map_err(|()| refused("no local path"))?;
    let is_folder = text.ends_with('/') || path.is_dir();
    Ok(if is_folder && !url.path().ends_with('/') { format!("{url}/") } else { url.to_string() })
}

/// The URL of a place: as [`absolute_url`], with a `/` at its end, so that one place has one URL.
///
/// # Errors
///
/// As [`absolute_url`].
pub(crate) fn place_url(text: &str) -> Result<String, Fatal> {
    let url = absolute_url(text)?;
    Ok(if url.ends_with('/') { url } else { format!("{url}/") })
}

/// The folder or prefix that an object is in, and its name there.
///
/// # Errors
///
/// Usage: a URL that names no object.
pub(crate) fn parent(url: &str) -> Result<(String, Path), Fatal> {
    let refused = || Fatal::usage(format!("{url}: names no object"));
    let (folder, name) = url.rsplit_once('/').filter(|(_, name)| !name.is_empty()).ok_or_else(refused)?;
    let name = Path::from_url_path(name).map_err(|_| refused())?;
    Ok((format!("{folder}/"), name))
}

/// The local file that a URL names, if it is one.
pub(crate) fn local_path(url: &str) -> Option<PathBuf> {
    Url::parse(url).ok().filter(|url| url.scheme() == "file").and_then(|url| url.to_file_path().ok())
}

/// An etag as HTTP has it: S3's inventories leave out the quotes.
fn quoted(etag: &str) -> String {
    if etag.contains('"') { etag.to_owned() } else { format!("\"{etag}\"") }
}

fn bucket(url: &Url) -> Result<Arc<dyn ObjectStore>, String> {
    match url.scheme() {
        "s3" => s3(url).map(|store| Arc::new(store) as _).map_err(|error| error.to_string()),
        #[cfg(feature = "gcp")]
        "gs" => object_store::gcp::GoogleCloudStorageBuilder::from_env()
            .with_url(url.as_str())
            .with_retry(retries())
            .build()
            .map(|store| Arc::new(store) as _)
            .map_err(|error| error.to_string()),
        #[cfg(feature = "azure")]
        "az" | "abfs" | "abfss" => object_store::azure::MicrosoftAzureBuilder::from_env()
            .with_url(url.as_str())
            .with_retry(retries())
            .build()
            .map(|store| Arc::new(store) as _)
            .map_err(|error| error.to_string()),
        other => {
            Err(format!("{other}:// is none of the places of this build: s3://, file://, a plain path{}", OTHER_PLACES))
        }
    }
}

const OTHER_PLACES: &str = match (cfg!(feature = "gcp"), cfg!(feature = "azure")) {
    (true, true) => ", gs://, az://",
    (true, false) => ", gs://",
    (false, true) => ", az://",
    (false, false) => "",
};

fn s3(url: &Url) -> Result<object_store::aws::AmazonS3> {
    // The process has a default provider already where it has opened another place.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let endpoint =
        ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"].iter().find_map(|name| std::env::var(name).ok());
    let options = ClientOptions::new()
        .with_timeout(request_timeout())
        .with_connect_timeout(Duration::from_secs(5))
        // An endpoint without TLS is the operator's own, such as a store on this machine.
        .with_allow_http(endpoint.is_some_and(|endpoint| endpoint.starts_with("http://")));
    let builder = AmazonS3Builder::from_env().with_bucket_name(url.host_str().unwrap_or_default());
    builder.with_client_options(options).with_retry(retries()).build()
}

/// What the client repeats by itself.
fn retries() -> RetryConfig {
    let backoff =
        BackoffConfig { init_backoff: Duration::from_millis(100), max_backoff: Duration::from_secs(10), base: 2.0 };
    RetryConfig { backoff, max_retries: tries() as usize, retry_timeout: Duration::from_secs(90) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plain_path_becomes_absolute() {
        assert_eq!(absolute_url("/a b/c").unwrap(), "file:///a%20b/c");
        assert_eq!(absolute_url("/a/").unwrap(), "file:///a/");
        assert_eq!(absolute_url("s3://bucket/prefix/").unwrap(), "s3://bucket/prefix/");
        assert!(absolute_url("jobs").unwrap().ends_with("/jobs"));
        assert!(absolute_url("").is_err());
    }

    #[test]
    fn an_object_has_a_folder_and_a_name() {
        let (folder, name) = parent("s3://bucket/a/b%20c.csv").unwrap();
        assert_eq!((folder.as_str(), name.as_ref()), ("s3://bucket/a/", "b c.csv"));
        assert!(parent("s3://bucket/a/").is_err());
    }

    #[test]
    fn a_place_of_another_scheme_is_refused() {
        let refused = Place::open("ftp://host/folder").unwrap_err();
        assert_eq!(refused.exit_code, 2);
    }
}
