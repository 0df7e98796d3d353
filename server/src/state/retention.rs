//! Deletes what is kept for a time only, in batches, so that no statement holds locks for long.

use super::engine::values;
use super::store::StateStore;

/// Rows deleted by one statement.
const BATCH: i64 = 1_000;

impl StateStore {
    /// Deletes answers stored before `time`; true if there may be more.
    pub(crate) async fn forget_answers(&self, time: i64) -> sqlx::Result<bool> {
        let delete = "DELETE FROM idempotency WHERE (account, name) IN (SELECT account, name FROM idempotency \
             WHERE created_at < $1 ORDER BY created_at LIMIT $2) RETURNING 1";
        Ok(!self.engine.write(delete, values![time, BATCH]).await?.is_empty())
    }

    /// Deletes history from before `time`, but for the last row of each chat, beginning with rows of the time `from`.
    /// Returns where to go on; `None` at the end.
    pub(crate) async fn forget_history(&self, from: i64, time: i64) -> sqlx::Result<Option<i64>> {
        let select = "SELECT changed_at FROM history WHERE changed_at >= $1 AND changed_at < $2 \
             ORDER BY changed_at LIMIT 1 OFFSET $3";
        let next = self.engine.read(select, values![from, time, BATCH]).await?;
        let next: Option<i64> = next.first().map(|row| row.get(0)).transpose()?;
        let delete = "DELETE FROM history WHERE changed_at >= $1 AND changed_at <= $2 AND version < \
             (SELECT c.version FROM chats c WHERE c.account = history.account AND c.chat = history.chat)";
        self.engine.write(delete, values![from, next.unwrap_or(time - 1)]).await?;
        // Rows of one millisecond are deleted together, so that the walk always moves on.
        Ok(next.map(|at| at + 1))
    }
}
