//! The outbox: changes that a device has not applied yet.

use sqlx::Row as _;

use super::chats::ChatKey;
use super::database::State;
use crate::chat_id::ChatId;

/// A change that its device has not applied yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PendingChange {
    pub(crate) key: ChatKey,
    pub(crate) version: i64,
    pub(crate) attempts: i64,
    pub(crate) next_at: i64,
}

impl State {
    /// Changes that are due at `time`, the earliest first.
    pub(crate) async fn due(&self, time: i64, at_most: i64) -> sqlx::Result<Vec<PendingChange>> {
        let select = "SELECT account, chat, version, attempts, next_at FROM outbox WHERE next_at <= $1 \
             ORDER BY next_at LIMIT $2";
        let rows = sqlx::query(select).bind(time).bind(at_most).fetch_all(&self.read).await?;
        rows.iter().map(due).collect()
    }

    /// The chat's pending change, if there is one.
    pub(crate) async fn pending(&self, key: &ChatKey) -> sqlx::Result<Option<PendingChange>> {
        let select = "SELECT account, chat, version, attempts, next_at FROM outbox WHERE account = $1 AND chat = $2";
        let row = sqlx::query(select).bind(&key.account).bind(key.chat.as_str()).fetch_optional(&self.read).await?;
        row.as_ref().map(due).transpose()
    }

    /// Claims a change until the time `until`, to send it; false if another task claimed it, or a newer change replaced
    /// it.
    pub(crate) async fn claim(&self, due: &PendingChange, until: i64) -> sqlx::Result<bool> {
        let update = "UPDATE outbox SET attempts = attempts + 1, next_at = $1 \
             WHERE account = $2 AND chat = $3 AND version = $4 AND next_at = $5";
        let update = sqlx::query(update)
            .bind(until)
            .bind(&due.key.account)
            .bind(due.key.chat.as_str())
            .bind(due.version)
            .bind(due.next_at);
        Ok(update.execute(&self.write).await?.rows_affected() == 1)
    }

    /// Schedules the next attempt for `time`.
    pub(crate) async fn postpone(&self, key: &ChatKey, version: i64, time: i64) -> sqlx::Result<()> {
        let update = "UPDATE outbox SET next_at = $1 WHERE account = $2 AND chat = $3 AND version = $4";
        let update = sqlx::query(update).bind(time).bind(&key.account).bind(key.chat.as_str()).bind(version);
        update.execute(&self.write).await.map(drop)
    }

    /// The number of pending changes.
    pub(crate) async fn pending_count(&self) -> sqlx::Result<i64> {
        sqlx::query("SELECT COUNT(*) FROM outbox").fetch_one(&self.read).await?.try_get(0)
    }
}

fn due(row: &sqlx::any::AnyRow) -> sqlx::Result<PendingChange> {
    let chat: String = row.try_get(1)?;
    let chat = ChatId::parse(&chat).ok_or_else(|| sqlx::Error::Decode("a chat in the database is none".into()))?;
    let key = ChatKey { account: row.try_get(0)?, chat };
    Ok(PendingChange { key, version: row.try_get(2)?, attempts: row.try_get(3)?, next_at: row.try_get(4)? })
}
