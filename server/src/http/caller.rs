//! Who sent a request, as far as its credential has proved it: for the log.

use std::sync::{Arc, OnceLock};

use axum::http::Extensions;

/// The owner of a request's credential. Every request has a place for it, which is filled when the credential is verified.
#[derive(Debug, Clone, Default)]
pub(super) struct Caller(Arc<OnceLock<Verified>>);

/// What a verified credential says.
#[derive(Debug, Clone)]
pub(super) enum Verified {
    /// The account of an API key, and the key's id.
    Account {
        account: String,
        key: String,
    },
    Agent(String),
}

impl Caller {
    /// Notes in a request's extensions whom its credential stands for.
    pub(super) fn note(extensions: &Extensions, verified: Verified) {
        if let Some(Self(place)) = extensions.get() {
            // A request has one credential.
            let _ = place.set(verified);
        }
    }

    /// Account, key and agent for the log; `-` where there is none.
    pub(super) fn fields(&self) -> [&str; 3] {
        match self.0.get() {
            None => ["-", "-", "-"],
            Some(Verified::Account { account, key }) => [account, key, "-"],
            Some(Verified::Agent(agent)) => ["-", "-", agent],
        }
    }
}
