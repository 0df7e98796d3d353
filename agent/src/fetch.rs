//! Fetches an object by its URL, with limits of size and time.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use reqwest::Client;

/// A client for objects and agents, over rustls with ring.
pub(crate) fn client(timeout: Duration) -> reqwest::Result<Client> {
    // A second call fails, because the same provider is installed already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().timeout(timeout).redirect(reqwest::redirect::Policy::none()).build()
}

/// The bytes at `url`; `None` if they cannot be fetched or are more than a canonical image can have.
pub(crate) async fn fetch(client: &Client, url: &str) -> Option<Bytes> {
    let mut response = client.get(url).send().await.ok().filter(|r| r.status().is_success())?;
    let mut bytes = BytesMut::new();
    while let Some(chunk) = response.chunk().await.ok()? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > MAX_OBJECT_BYTES {
            return None;
        }
    }
    Some(bytes.freeze())
}

/// The most bytes of an object. A canonical image has at most 2048 × 2048 pixels, and JPEG at quality 85 needs far
/// fewer than 4 bytes for each.
pub(crate) const MAX_OBJECT_BYTES: usize = 16 * 1024 * 1024;
