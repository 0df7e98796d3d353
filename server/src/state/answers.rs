//! Bounds the answers that an account has stored for idempotency keys.
//!
//! A node counts an account's answers at most once a minute, and itself counts what it adds. So several nodes together may
//! store a minute's answers more than the bound.

use super::engine::values;
use super::store::StateStore;

impl StateStore {
    /// Takes the room for one more answer of an account, which may have `most`; false if there is none.
    pub(crate) async fn has_room_for_answer(&self, account: &str, most: i64) -> sqlx::Result<bool> {
        if let Some(has_room) = self.answer_rooms.take(account).await {
            return Ok(has_room);
        }
        // Reads an index, and no further than it must.
        let select = "SELECT COUNT(*) FROM (SELECT 1 FROM idempotency WHERE account = $1 LIMIT $2) counted";
        let rows = self.engine.read(select, values![account, most]).await?;
        let count = rows.first().map_or(Ok(0), |row| row.get::<i64>(0))?;
        self.answer_rooms.set(account, most - count).await;
        Ok(self.answer_rooms.take(account).await.unwrap_or(most > count))
    }
}
