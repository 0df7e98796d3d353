//! API keys. Only the BLAKE3 of a key is stored. A key that was found is remembered for a few seconds, so a revoked one
//! is refused after that time at the latest.

use super::clock::now;
use super::credential::Credential;
use super::engine::{Cells, values};
use super::store::StateStore;

/// The fields of a key that may be shown.
#[derive(Debug)]
pub(crate) struct KeyRow {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) label: String,
    pub(crate) created_at: i64,
    pub(crate) revoked_at: Option<i64>,
}

impl StateStore {
    pub(crate) async fn add_key(&self, id: &str, account: &str, hash: &str, label: &str) -> sqlx::Result<()> {
        let insert = "INSERT INTO api_keys (id, account, hash, label, created_at) VALUES ($1, $2, $3, $4, $5)";
        self.engine.write(insert, values![id, account, hash, label, now()]).await.map(drop)
    }

    /// The account and the hash of a key that is not revoked.
    pub(crate) async fn active_key(&self, id: &str) -> sqlx::Result<Option<Credential>> {
        let select = "SELECT account, hash FROM api_keys WHERE id = $1 AND revoked_at IS NULL";
        self.credential(format!("key:{id}"), select, id).await
    }

    /// The credential that `select` finds, or that was found for `cached` a moment ago.
    pub(super) async fn credential(
        &self,
        cached: String,
        select: &'static str,
        id: &str,
    ) -> sqlx::Result<Option<Credential>> {
        if let Some(credential) = self.keys.0.get(&cached).await {
            return Ok(Some(credential));
        }
        let rows = self.engine.read(select, values![id]).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let credential = Credential { owner: row.get(0)?, hash: row.get(1)? };
        self.keys.0.insert(cached, credential.clone()).await;
        Ok(Some(credential))
    }

    pub(crate) async fn keys(&self) -> sqlx::Result<Vec<KeyRow>> {
        let select = "SELECT id, account, label, created_at, revoked_at FROM api_keys ORDER BY created_at, id";
        let key = |row: &Cells| {
            let (id, account, label) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(KeyRow { id, account, label, created_at: row.get(3)?, revoked_at: row.get(4)? })
        };
        self.engine.read(select, values![]).await?.iter().map(key).collect()
    }

    /// Revokes a key; false if there is no such active key.
    pub(crate) async fn revoke_key(&self, id: &str) -> sqlx::Result<bool> {
        let update = "UPDATE api_keys SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL RETURNING 1";
        Ok(!self.engine.write(update, values![now(), id]).await?.is_empty())
    }
}
