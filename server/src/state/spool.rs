//! The spool: canonical images that the object store has not taken, kept in the database, where every node finds them.

use bytes::Bytes;
use image_ingest::ContentId;

use super::clock::now;
use super::engine::{Cells, Operation, Step, Value, values};
use super::store::StateStore;

impl StateStore {
    /// Writes an image to the spool; false if the spool would hold more than `max_bytes`.
    pub(crate) async fn spool(&self, id: ContentId, bytes: Bytes, max_bytes: u64) -> sqlx::Result<bool> {
        let insert = "INSERT INTO spool (content_id, bytes, size, spooled_at) SELECT $1, $2, $3, $4 \
             WHERE (SELECT COALESCE(CAST(SUM(size) AS BIGINT), 0) FROM spool) + $3 <= $5 \
             ON CONFLICT (content_id) DO UPDATE SET spooled_at = excluded.spooled_at RETURNING 1";
        let operation = Operation { postgres: insert, sqlite: vec![Step::Do(insert)], crash_point: "before_spool" };
        let size = i64::try_from(bytes.len()).unwrap_or(i64::MAX);
        let max = i64::try_from(max_bytes).unwrap_or(i64::MAX);
        let values = vec![id.into(), Value::Bytes(bytes), size.into(), now().into(), max.into()];
        Ok(!self.engine.atomically(&operation, values).await?.is_empty())
    }

    /// An image of the spool.
    pub(crate) async fn spooled(&self, id: ContentId) -> sqlx::Result<Option<Bytes>> {
        let rows = self.engine.read("SELECT bytes FROM spool WHERE content_id = $1", values![id]).await?;
        rows.first().map(|row| row.get(0)).transpose()
    }

    /// The number of images, and their bytes.
    pub(crate) async fn spool_size(&self) -> sqlx::Result<(i64, i64)> {
        let select = "SELECT COUNT(*), CAST(COALESCE(SUM(size), 0) AS BIGINT) FROM spool";
        let size = |row: &Cells| Ok((row.get(0)?, row.get(1)?));
        self.engine.read(select, values![]).await?.first().map_or(Ok((0, 0)), size)
    }

    /// Removes images that no chat lacks. An upload is spooled before its change is committed, so one that was spooled
    /// after `before` stays.
    pub(crate) async fn unspool(&self, before: i64) -> sqlx::Result<()> {
        let delete = "DELETE FROM spool WHERE spooled_at < $1 AND NOT EXISTS (SELECT 1 FROM chats c \
             WHERE c.content_id = spool.content_id AND c.token IS NULL AND c.content_id IS NOT NULL)";
        self.engine.write(delete, values![before]).await.map(drop)
    }
}
