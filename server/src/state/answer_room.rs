//! How many more answers each account may have stored for idempotency keys, counted a while ago.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use moka::future::Cache;

/// The room of accounts whose answers were counted within the last minute.
#[derive(Clone)]
pub(super) struct AnswerRooms(Cache<String, Arc<AtomicI64>>);

impl AnswerRooms {
    pub(super) fn new() -> Self {
        Self(Cache::builder().max_capacity(MAX_ACCOUNTS).time_to_live(COUNTED_EVERY).build())
    }

    /// Takes the room for one answer: whether there was any, or `None` if the account's answers must be counted first.
    pub(super) async fn take(&self, account: &str) -> Option<bool> {
        let room = self.0.get(account).await?;
        Some(room.fetch_sub(1, Ordering::Relaxed) > 0)
    }

    /// Records what a count has left.
    pub(super) async fn set(&self, account: &str, room: i64) {
        self.0.insert(account.to_owned(), Arc::new(AtomicI64::new(room))).await;
    }
}

const MAX_ACCOUNTS: u64 = 10_000;
const COUNTED_EVERY: Duration = Duration::from_secs(60);
