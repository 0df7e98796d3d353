//! Erases an account.

use super::clock::now;
use super::engine::{Operation, Step, values};
use super::store::StateStore;

impl StateStore {
    /// Deletes all that belongs to an account: keys, numbers, chats, history, pending changes, stored answers. Its objects
    /// become unused, and their bytes are erased as those of others. Returns the number of its chats.
    pub(crate) async fn erase_account(&self, account: &str) -> sqlx::Result<i64> {
        let count = "SELECT COUNT(*) FROM chats WHERE account = $1";
        let chats = self.engine.read(count, values![account]).await?.first().map_or(Ok(0), |row| row.get(0))?;
        let operation = Operation {
            postgres: "WITH a AS (DELETE FROM api_keys WHERE account = $1), b AS (DELETE FROM numbers WHERE account = $1), \
               c AS (DELETE FROM chats WHERE account = $1), d AS (DELETE FROM history WHERE account = $1), \
               e AS (DELETE FROM outbox WHERE account = $1), f AS (DELETE FROM idempotency WHERE account = $1) \
               UPDATE objects SET unused_since = $2 WHERE account = $1 AND erasing = 0",
            sqlite: vec![
                Step::Do("DELETE FROM api_keys WHERE account = $1"),
                Step::Do("DELETE FROM numbers WHERE account = $1"),
                Step::Do("DELETE FROM chats WHERE account = $1"),
                Step::Do("DELETE FROM history WHERE account = $1"),
                Step::Do("DELETE FROM outbox WHERE account = $1"),
                Step::Do("DELETE FROM idempotency WHERE account = $1"),
                Step::Do("UPDATE objects SET unused_since = $2 WHERE account = $1 AND erasing = 0"),
            ],
            crash_point: "before_account_erased",
        };
        self.engine.atomically(&operation, values![account, now()]).await?;
        Ok(chats)
    }
}
