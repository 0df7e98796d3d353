//! Answers stored for idempotency keys.

use sqlx::Row as _;

use super::chats::ChatKey;
use super::database::{State, now};

/// An answer stored for an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptAnswer {
    /// The digest of the request, as [`Idempotency`](crate::preconditions::Idempotency) makes it.
    pub(crate) request: String,
    pub(crate) version: i64,
    pub(crate) answer: String,
}

impl State {
    pub(crate) async fn kept_answer(&self, account: &str, name: &str) -> sqlx::Result<Option<KeptAnswer>> {
        let select = "SELECT request, version, answer FROM idempotency WHERE account = $1 AND name = $2";
        let row = sqlx::query(select).bind(account).bind(name).fetch_optional(&self.read).await?;
        let kept = |row: sqlx::any::AnyRow| {
            Ok(KeptAnswer { request: row.try_get(0)?, version: row.try_get(1)?, answer: row.try_get(2)? })
        };
        row.map(kept).transpose()
    }

    /// Stores the answer of a request that changed nothing; false if the key was used meanwhile.
    pub(crate) async fn keep_answer(&self, key: &ChatKey, name: &str, kept: &KeptAnswer) -> sqlx::Result<bool> {
        let insert = "INSERT INTO idempotency (account, name, request, chat, version, answer, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account, name) DO NOTHING";
        let insert = sqlx::query(insert)
            .bind(&key.account)
            .bind(name)
            .bind(&kept.request)
            .bind(key.chat.as_str())
            .bind(kept.version)
            .bind(&kept.answer)
            .bind(now());
        Ok(insert.execute(&self.write).await?.rows_affected() == 1)
    }

    /// Deletes answers stored before `time`.
    pub(crate) async fn forget_answers(&self, time: i64) -> sqlx::Result<()> {
        let delete = sqlx::query("DELETE FROM idempotency WHERE created_at < $1").bind(time);
        delete.execute(&self.write).await.map(drop)
    }
}
