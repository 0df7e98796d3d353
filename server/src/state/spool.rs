//! The spool: canonical images that the object store has not taken, with their renditions, kept in the database, where
//! every node finds them.

use bytes::{Bytes, BytesMut};
use image_ingest::ContentId;
use serde::{Deserialize, Serialize};

use super::clock::now;
use super::engine::{Cells, Operation, Step, Value, values};
use super::store::StateStore;
use crate::made_image::{MadeImage, MadeRendition};

/// A rendition in the column `renditions`; its bytes follow those of the one before.
#[derive(Serialize, Deserialize)]
struct SpooledRendition {
    fingerprint: String,
    content_id: String,
    width: u32,
    height: u32,
    bytes: usize,
}

impl StateStore {
    /// Writes an image to the spool; false if the spool would hold more than `max_bytes`.
    pub(crate) async fn spool(&self, image: &MadeImage, max_bytes: u64) -> sqlx::Result<bool> {
        let insert = "INSERT INTO spool (content_id, bytes, size, spooled_at, renditions, rendition_bytes) \
             SELECT $1, $2, $3, $4, $6, $7 \
             WHERE (SELECT COALESCE(CAST(SUM(size) AS BIGINT), 0) FROM spool) + $3 <= $5 \
             ON CONFLICT (content_id) DO UPDATE SET spooled_at = excluded.spooled_at, size = excluded.size, \
             renditions = excluded.renditions, rendition_bytes = excluded.rendition_bytes RETURNING 1";
        let operation = Operation { postgres: insert, sqlite: vec![Step::Do(insert)], crash_point: "before_spool" };
        let (renditions, rendition_bytes) = joined(&image.renditions);
        let size = i64::try_from(image.bytes.len() + rendition_bytes.len()).unwrap_or(i64::MAX);
        let max = i64::try_from(max_bytes).unwrap_or(i64::MAX);
        let mut values = values![image.id];
        values.extend([Value::Bytes(image.bytes.clone()), size.into(), now().into(), max.into()]);
        values.extend([renditions.as_str().into(), Value::Bytes(rendition_bytes)]);
        Ok(!self.engine.atomically(&operation, values).await?.is_empty())
    }

    /// An image of the spool.
    pub(crate) async fn spooled(&self, id: ContentId) -> sqlx::Result<Option<MadeImage>> {
        let select = "SELECT bytes, renditions, rendition_bytes FROM spool WHERE content_id = $1";
        let rows = self.engine.read(select, values![id]).await?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        let (renditions, bytes): (Option<String>, Option<Bytes>) = (row.get(1)?, row.get(2)?);
        let renditions = renditions.zip(bytes).map_or(Some(Vec::new()), |(rows, bytes)| separate(&rows, bytes));
        let renditions = renditions.ok_or_else(|| sqlx::Error::Decode("renditions of the spool are none".into()))?;
        Ok(Some(MadeImage { id, bytes: row.get(0)?, renditions, crop: None }))
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

/// What renditions are, and their bytes one after another.
fn joined(renditions: &[MadeRendition]) -> (String, Bytes) {
    let rows: Vec<_> = renditions.iter().map(SpooledRendition::of).collect();
    let mut bytes = BytesMut::new();
    renditions.iter().for_each(|made| bytes.extend_from_slice(&made.bytes));
    (serde_json::to_string(&rows).expect("strings and numbers always serialise"), bytes.freeze())
}

/// The renditions that [`joined`] wrote.
fn separate(rows: &str, mut bytes: Bytes) -> Option<Vec<MadeRendition>> {
    let rows: Vec<SpooledRendition> = serde_json::from_str(rows).ok()?;
    let made = rows.into_iter().map(|row| {
        let bytes = (row.bytes <= bytes.len()).then(|| bytes.split_to(row.bytes))?;
        let (fingerprint, id) = (row.fingerprint, row.content_id.parse().ok()?);
        Some(MadeRendition { fingerprint, id, width: row.width, height: row.height, bytes })
    });
    made.collect()
}

impl SpooledRendition {
    fn of(made: &MadeRendition) -> Self {
        let (fingerprint, content_id) = (made.fingerprint.clone(), made.id.to_string());
        Self { fingerprint, content_id, width: made.width, height: made.height, bytes: made.bytes.len() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn renditions_that_are_joined_are_separated_again() {
        let made = |fingerprint: &str, bytes: &'static [u8]| MadeRendition {
            fingerprint: fingerprint.to_owned(),
            id: ContentId::of(bytes),
            width: 3,
            height: 4,
            bytes: Bytes::from_static(bytes),
        };
        let renditions = vec![made("a", b"first"), made("b", b""), made("c", b"third one")];
        let (rows, bytes) = joined(&renditions);
        assert_eq!(separate(&rows, bytes.clone()), Some(renditions));
        assert_eq!(separate(&rows, bytes.slice(1..)), None);
    }
}
