//! Stored objects: which exist, which are used, and which may be erased.

use image_ingest::ContentId;

use super::clock::now;
use super::commit::StoredObject;
use super::engine::{Cells, Operation, Step, values};
use super::store::StateStore;

impl StateStore {
    /// An object of the account with this content, used or not; if there is none, records the intent to store one as
    /// `token`.
    pub(crate) async fn share_or_intend(
        &self,
        account: &str,
        id: ContentId,
        token: &str,
        may_share: bool,
    ) -> sqlx::Result<StoredObject> {
        // One statement for both databases would be a common table expression that writes, which SQLite does not have.
        let operation = Operation {
            postgres: "WITH shared AS (SELECT token FROM objects WHERE account = $1 AND content_id = $2 AND erasing = 0 \
                 AND $5 = 1 LIMIT 1), \
               intent AS (INSERT INTO intents (token, started_at, collecting) \
                 SELECT $3, $4, 0 WHERE NOT EXISTS (SELECT 1 FROM shared)) \
               SELECT token FROM shared",
            sqlite: vec![
                Step::Do(
                    "INSERT INTO intents (token, started_at, collecting) SELECT $3, $4, 0 WHERE $5 = 0 OR NOT EXISTS \
                     (SELECT 1 FROM objects WHERE account = $1 AND content_id = $2 AND erasing = 0)",
                ),
                Step::Do(
                    "SELECT token FROM objects WHERE account = $1 AND content_id = $2 AND erasing = 0 AND $5 = 1 LIMIT 1",
                ),
            ],
            crash_point: "before_intent",
        };
        let values = values![account, id, token, now(), i64::from(may_share)];
        let shared = self.engine.atomically(&operation, values).await?;
        Ok(match shared.first() {
            Some(row) => StoredObject::Shared(row.get(0)?),
            None => StoredObject::Fresh(token.to_owned()),
        })
    }

    /// Records the intent to store an object.
    pub(crate) async fn intend(&self, token: &str) -> sqlx::Result<()> {
        let insert = "INSERT INTO intents (token, started_at, collecting) VALUES ($1, $2, 0)";
        self.engine.write(insert, values![token, now()]).await.map(drop)
    }

    /// Whether a chat refers to the object.
    pub(crate) async fn is_used(&self, token: &str) -> sqlx::Result<bool> {
        let select = "SELECT 1 FROM objects WHERE token = $1 AND unused_since IS NULL";
        Ok(!self.engine.read(select, values![token]).await?.is_empty())
    }

    /// Marks objects that no chat has referred to since the time `before`, so that no change can use them any more, and
    /// returns their tokens. Those whose erasing does not end by `again` are returned again.
    pub(crate) async fn begin_erasing(&self, before: i64, again: i64, at_most: i64) -> sqlx::Result<Vec<String>> {
        let operation = Operation {
            postgres: "SELECT begin_erasing_1($1, $2, $3)",
            sqlite: vec![Step::Do(
                "UPDATE objects SET erasing = 1, unused_since = $2 WHERE token IN (SELECT token FROM objects \
                 WHERE unused_since IS NOT NULL AND unused_since < $1 ORDER BY unused_since LIMIT $3) \
                 AND NOT EXISTS (SELECT 1 FROM chats WHERE chats.token = objects.token) RETURNING token",
            )],
            crash_point: "before_erasing",
        };
        let rows = self.engine.atomically(&operation, values![before, again, at_most]).await?;
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Marks intents from before the time `before`, whose changes were never committed, and returns their tokens.
    pub(crate) async fn begin_collecting(&self, before: i64, at_most: i64) -> sqlx::Result<Vec<String>> {
        let update = "UPDATE intents SET collecting = 1 WHERE token IN (SELECT token FROM intents \
             WHERE started_at < $1 ORDER BY started_at LIMIT $2) RETURNING token";
        let rows = self.engine.write(update, values![before, at_most]).await?;
        rows.iter().map(|row| row.get(0)).collect()
    }

    /// Deletes the rows of objects and intents whose bytes are erased.
    pub(crate) async fn end_erasing(&self, tokens: &[String]) -> sqlx::Result<()> {
        let operation = Operation {
            postgres: "WITH erased AS (DELETE FROM objects WHERE erasing = 1 AND token = ANY (string_to_array($1, ','))) \
                 DELETE FROM intents WHERE collecting = 1 AND token = ANY (string_to_array($1, ','))",
            sqlite: vec![
                Step::Do(
                    "DELETE FROM objects WHERE erasing = 1 \
                     AND token IN (SELECT value FROM json_each('[\"' || replace($1, ',', '\",\"') || '\"]'))",
                ),
                Step::Do(
                    "DELETE FROM intents WHERE collecting = 1 \
                     AND token IN (SELECT value FROM json_each('[\"' || replace($1, ',', '\",\"') || '\"]'))",
                ),
            ],
            crash_point: "before_erased",
        };
        self.engine.atomically(&operation, values![&tokens.join(",")]).await.map(drop)
    }

    /// Contents of chats without a stored object that are in the spool, each with an account that has it.
    pub(crate) async fn lacking(&self, at_most: i64) -> sqlx::Result<Vec<(String, ContentId)>> {
        let select = "SELECT DISTINCT c.account, c.content_id FROM spool s JOIN chats c ON c.content_id = s.content_id \
             AND c.token IS NULL AND c.content_id IS NOT NULL LIMIT $1";
        let lacking = |row: &Cells| Ok((row.get(0)?, row.get(1)?));
        self.engine.read(select, values![at_most]).await?.iter().map(lacking).collect()
    }
}
