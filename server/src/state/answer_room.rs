//! Bounds the answers that an account has stored for idempotency keys.
//!
//! A node counts an account's answers at most once a minute, and itself counts what it adds. So several nodes together may
//! store a minute's answers more than the bound.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use moka::future::Cache;

use super::engine::values;
use super::store::StateStore;

/// How many more answers each account may store.
#[derive(Clone)]
pub(super) struct AnswerRooms(Cache<String, Arc<AtomicI64>>);

impl AnswerRooms {
    pub(super) fn new() -> Self {
        Self(Cache::builder().max_capacity(MAX_ACCOUNTS).time_to_live(COUNTED_EVERY).build())
    }
}

const MAX_ACCOUNTS: u64 = 10_000;
const COUNTED_EVERY: Duration = Duration::from_secs(60);

impl StateStore {
    /// Takes the room for one more answer of an account, which may have `most`; false if there is none.
    pub(crate) async fn has_room_for_answer(&self, account: &str, most: i64) -> sqlx::Result<bool> {
        let room = match self.answer_rooms.0.get(account).await {
            Some(room) => room,
            None => {
                // Reads an index, and no further than it must.
                let select = "SELECT COUNT(*) FROM (SELECT 1 FROM idempotency WHERE account = $1 LIMIT $2) counted";
                let rows = self.engine.read(select, values![account, most]).await?;
                let count = rows.first().map_or(Ok(0), |row| row.get::<i64>(0))?;
                let room = Arc::new(AtomicI64::new(most - count));
                self.answer_rooms.0.insert(account.to_owned(), Arc::clone(&room)).await;
                room
            }
        };
        Ok(room.fetch_sub(1, Ordering::Relaxed) > 0)
    }
}
