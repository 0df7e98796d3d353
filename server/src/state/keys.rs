//! API keys. Only the BLAKE3 of a key is stored. A key that was found is remembered for a few seconds, so a revoked one
//! is refused after that time at the latest.

use super::clock::now;
use super::credential::{Credential, CredentialKind};
use super::engine::{Cells, Operation, Step, values};
use super::store::StateStore;

/// The fields of a key that may be shown.
#[derive(Debug)]
pub(crate) struct KeyRow {
    pub(crate) id: String,
    pub(crate) account: String,
    pub(crate) label: String,
    pub(crate) created_at: i64,
    pub(crate) revoked_at: Option<i64>,
    pub(crate) expires_at: Option<i64>,
    /// When it was used last, to a minute.
    pub(crate) used_at: Option<i64>,
}

impl StateStore {
    /// Adds a key, which ends at `expires_at` if that is given.
    pub(crate) async fn add_key(
        &self,
        id: &str,
        account: &str,
        hash: &str,
        label: &str,
        expires_at: Option<i64>,
    ) -> sqlx::Result<()> {
        // 0 stands for no end, since a value of a statement has a type.
        let insert = "INSERT INTO api_keys (id, account, hash, label, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, NULLIF($6, 0))";
        let values = values![id, account, hash, label, now(), expires_at.unwrap_or(0)];
        self.engine.write(insert, values).await.map(drop)
    }

    /// The account and the hash of a key that is not revoked.
    pub(crate) async fn active_key(&self, id: &str) -> sqlx::Result<Option<Credential>> {
        let select = "SELECT account, hash, expires_at FROM api_keys WHERE id = $1 AND revoked_at IS NULL";
        self.credential(CredentialKind::Key, select, id).await
    }

    /// Whether a credential was found a moment ago, so that it is not looked up in the database.
    pub(crate) fn is_remembered(&self, kind: CredentialKind, id: &str) -> bool {
        self.keys.0.contains_key(&kind.name_of(id))
    }

    /// The credential that `select` finds, or that was found a moment ago.
    pub(super) async fn credential(
        &self,
        kind: CredentialKind,
        select: &'static str,
        id: &str,
    ) -> sqlx::Result<Option<Credential>> {
        let cached = kind.name_of(id);
        if let Some(credential) = self.keys.0.get(&cached).await {
            return Ok(Some(credential));
        }
        let rows = self.engine.read(select, values![id]).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let credential = Credential { owner: row.get(0)?, hash: row.get(1)?, expires_at: row.get(2)? };
        self.keys.0.insert(cached, credential.clone()).await;
        Ok(Some(credential))
    }

    pub(crate) async fn keys(&self) -> sqlx::Result<Vec<KeyRow>> {
        let select = "SELECT id, account, label, created_at, revoked_at, expires_at, used_at FROM api_keys \
             ORDER BY created_at, id";
        let key = |row: &Cells| {
            let (id, account, label, created_at) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
            let (revoked_at, expires_at, used_at) = (row.get(4)?, row.get(5)?, row.get(6)?);
            Ok(KeyRow { id, account, label, created_at, revoked_at, expires_at, used_at })
        };
        self.engine.read(select, values![]).await?.iter().map(key).collect()
    }

    /// Revokes a key; false if there is no such active key.
    pub(crate) async fn revoke_key(&self, id: &str) -> sqlx::Result<bool> {
        let update = "UPDATE api_keys SET revoked_at = $1 WHERE id = $2 AND revoked_at IS NULL RETURNING 1";
        Ok(!self.engine.write(update, values![now(), id]).await?.is_empty())
    }

    /// Notes that a key is used. A request does not write that; see [`write_key_uses`](Self::write_key_uses).
    pub(crate) fn note_key_use(&self, id: &str) {
        self.key_uses.note(id, now());
    }

    /// Writes when keys were used since the last time. What cannot be written is lost: it is about a minute.
    pub(crate) async fn write_key_uses(&self) -> sqlx::Result<()> {
        let Some(uses) = self.key_uses.take() else {
            return Ok(());
        };
        let operation = Operation {
            postgres: "UPDATE api_keys SET used_at = CAST(u.value AS BIGINT) \
                 FROM json_each_text(CAST($1 AS JSON)) u WHERE api_keys.id = u.key \
                 AND (used_at IS NULL OR used_at < CAST(u.value AS BIGINT))",
            sqlite: vec![Step::Do(
                "UPDATE api_keys SET used_at = u.value FROM json_each($1) u WHERE api_keys.id = u.key \
                 AND (used_at IS NULL OR used_at < u.value)",
            )],
            crash_point: "before_key_uses",
        };
        self.engine.atomically(&operation, values![&uses]).await.map(drop)
    }
}
