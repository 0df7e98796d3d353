//! Fetches over HTTP, with limits of size and time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::{Client, Response};

/// A client for the server and for objects, over rustls with ring.
pub(crate) fn client(timeout: Duration) -> reqwest::Result<Client> {
    // A second call fails, because the same provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let connect = Duration::from_secs(10);
    Client::builder().timeout(timeout).connect_timeout(connect).redirect(reqwest::redirect::Policy::none()).build()
}

/// The bytes at `url`; `None` if they cannot be fetched or are more than a canonical image can have.
pub(crate) async fn fetch(client: &Client, url: &str, timeout: Duration) -> Option<Bytes> {
    let response = client.get(url).timeout(timeout).send().await.ok().filter(|r| r.status().is_success())?;
    read(response, MAX_OBJECT_BYTES).await
}

/// The body of a response; `None` if it is longer than `limit` or ends early.
pub(crate) async fn read(mut response: Response, limit: usize) -> Option<Bytes> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        if bytes.len() + chunk.len() > limit {
            return None;
        }
        bytes.extend_from_slice(&chunk);
    }
    Some(bytes.freeze())
}

/// The most bytes of an object. A canonical image has at most 2048 × 2048 pixels, and JPEG at quality 85 needs far
/// fewer than 4 bytes for each.
const MAX_OBJECT_BYTES: usize = 16 * 1024 * 1024;
