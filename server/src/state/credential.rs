//! Credentials that were found, remembered for a few seconds.

use std::time::Duration;

use moka::future::Cache;

/// Whom a credential stands for, and the BLAKE3 of its text.
#[derive(Debug, Clone)]
pub(crate) struct Credential {
    /// An account, or an agent.
    pub(crate) owner: String,
    pub(crate) hash: String,
}

/// Credentials by a prefix for their kind and their ids. Unknown ids are not remembered.
#[derive(Clone)]
pub(super) struct KeyCache(pub(super) Cache<String, Credential>);

impl KeyCache {
    pub(super) fn new() -> Self {
        Self(Cache::builder().max_capacity(MAX_KEYS).time_to_live(KEPT).build())
    }
}

const MAX_KEYS: u64 = 10_000;

/// How long a revoked key may still be taken.
const KEPT: Duration = Duration::from_secs(5);
