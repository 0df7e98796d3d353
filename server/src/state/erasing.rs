//! Stored objects: which exist, which are used, and which may be erased.

use image_ingest::ContentId;

use super::clock::now;
use super::commit::StoredObject;
use super::engine::{Cells, Operation, Step, values};
use super::renditions::{StoredRendition, renditions_of};
use super::store::StateStore;

/// The tokens of a list with commas, as rows of SQLite.
macro_rules! listed {
    ($tokens:literal) => {
        concat!("(SELECT value FROM json_each('[\"' || replace(", $tokens, ", ',', '\",\"') || '\"]'))")
    };
}

impl StateStore {
    /// An object of the account with this content, used or not, and its renditions; if there is none, records the
    /// intents to store one as the first of `tokens`, and its renditions as the others.
    pub(crate) async fn share_or_intend(
        &self,
        account: &str,
        id: ContentId,
        tokens: &[String],
        may_share: bool,
    ) -> sqlx::Result<(StoredObject, Vec<StoredRendition>)> {
        // One statement for both databases would be a common table expression that writes, which SQLite does not have.
        let operation = Operation {
            postgres: concat!(
                "WITH shared AS (SELECT token FROM objects WHERE account = $1 AND content_id = $2 AND erasing = 0 \
                   AND $5 = 1 LIMIT 1), \
                 intent AS (INSERT INTO intents (token, started_at, collecting) \
                   SELECT unnest(string_to_array($3, ',')), $4, 0 WHERE NOT EXISTS (SELECT 1 FROM shared)) \
                 SELECT token, ",
                renditions_of!("shared.token"),
                " FROM shared"
            ),
            sqlite: vec![
                Step::Do(concat!(
                    "INSERT INTO intents (token, started_at, collecting) SELECT value, $4, 0 FROM ",
                    listed!("$3"),
                    " WHERE $5 = 0 OR NOT EXISTS \
                     (SELECT 1 FROM objects WHERE account = $1 AND content_id = $2 AND erasing = 0)"
                )),
                Step::Do(concat!(
                    "SELECT token, ",
                    renditions_of!("objects.token"),
                    " FROM objects WHERE account = $1 AND content_id = $2 AND erasing = 0 AND $5 = 1 LIMIT 1"
                )),
            ],
            crash_point: "before_intent",
        };
        let values = values![account, id, &tokens.join(","), now(), i64::from(may_share)];
        let shared = self.engine.atomically(&operation, values).await?;
        Ok(match shared.first() {
            Some(row) => (StoredObject::Shared(row.get(0)?), row.get(1)?),
            None => (StoredObject::Fresh(tokens.first().cloned().unwrap_or_default()), Vec::new()),
        })
    }

    /// Records the intents to store objects; there must be one at least.
    pub(crate) async fn intend(&self, tokens: &[String]) -> sqlx::Result<()> {
        let operation = Operation {
            postgres: "INSERT INTO intents (token, started_at, collecting) \
                 SELECT unnest(string_to_array($1, ',')), $2, 0",
            sqlite: vec![Step::Do(concat!(
                "INSERT INTO intents (token, started_at, collecting) SELECT value, $2, 0 FROM ",
                listed!("$1")
            ))],
            crash_point: "before_intents",
        };
        self.engine.atomically(&operation, values![&tokens.join(","), now()]).await.map(drop)
    }

    /// Whether a chat refers to the object, or to the one whose rendition it is.
    pub(crate) async fn is_used(&self, token: &str) -> sqlx::Result<bool> {
        let select = "SELECT 1 FROM objects WHERE token = $1 AND unused_since IS NULL UNION ALL \
             SELECT 1 FROM renditions r JOIN objects o ON o.token = r.object \
             WHERE r.token = $1 AND o.unused_since IS NULL";
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
                Step::Do(concat!("DELETE FROM objects WHERE erasing = 1 AND token IN ", listed!("$1"))),
                Step::Do(concat!("DELETE FROM intents WHERE collecting = 1 AND token IN ", listed!("$1"))),
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
