//! API keys. Only the BLAKE3 of a key is stored.

use sqlx::Row as _;

use super::database::{State, now};

/// The fields of a key that may be shown.
#[derive(Debug)]
pub(crate) struct KeyRow {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) label: String,
    pub(crate) created_at: i64,
    pub(crate) revoked_at: Option<i64>,
}

impl State {
    pub(crate) async fn add_key(&self, id: &str, account: &str, hash: &str, label: &str) -> sqlx::Result<()> {
        let insert = "INSERT INTO api_keys (id, account, hash, label, created_at) VALUES ($1, $2, $3, $4, $5)";
        let insert = sqlx::query(insert).bind(id).bind(account).bind(hash).bind(label).bind(now());
        insert.execute(&self.write).await.map(drop)
    }

    /// Account and hash of a key that is not revoked.
    pub(crate) async fn active_key(&self, id: &str) -> sqlx::Result<Option<(String, String)>> {
        let select = "SELECT account, hash FROM api_keys WHERE id = $1 AND revoked_at IS NULL";
        let row = sqlx::query(select).bind(id).fetch_optional(&self.read).await?;
        row.map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).transpose()
    }

    pub(crate) async fn keys(&self) -> sqlx::Result<Vec<KeyRow>> {
        let select = "SELECT id, account, label, created_at, revoked_at FROM api_keys ORDER BY created_at, id";
        let rows = sqlx::query(select).fetch_all(&self.read).await?;
        let key = |row: sqlx::any::AnyRow| {
            let (id, account, label) = (row.try_get(0)?, row.try_get(1)?, row.try_get(2)?);
            Ok(KeyRow { id, account, label, created_at: row.try_get(3)?, revoked_at: row.try_get(4)? })
        };
        rows.into_iter().map(key).collect()
    }

    /// Revokes a key; false if there is no such active key.
    pub(crate) async fn revoke_key(&self, id: &str) -> sqlx::Result<bool> {
        let update = "UPDATE api_keys SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL";
        let done = sqlx::query(update).bind(now()).bind(id).execute(&self.write).await?;
        Ok(done.rows_affected() == 1)
    }
}
