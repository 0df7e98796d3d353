//! Credentials that were found, remembered for a few seconds.

use std::time::Duration;

use moka::future::Cache;

/// Whom a credential stands for, and the BLAKE3 of its text.
#[derive(Debug, Clone)]
pub(crate) struct Credential {
    /// An account, or an agent.
    pub(crate) owner: String,
    pub(crate) hash: String,
    /// When it ends, if it does.
    pub(crate) expires_at: Option<i64>,
}

/// What a credential is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum CredentialKind {
    Key,
    Agent,
}

impl CredentialKind {
    /// A name for one credential among both kinds.
    pub(crate) fn name_of(self, id: &str) -> String {
        match self {
            Self::Key => format!("key:{id}"),
            Self::Agent => format!("agent:{id}"),
        }
    }
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
