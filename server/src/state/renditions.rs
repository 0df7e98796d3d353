//! Renditions of stored objects.

use image_ingest::ContentId;
use serde_json::json;

use super::engine::{Cell, FromCell, Operation, Step, values};
use super::store::StateStore;

/// A stored rendition of an image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredRendition {
    /// [`RenditionSpec::fingerprint`](image_ingest::rendition::RenditionSpec::fingerprint).
    pub(crate) fingerprint: String,
    /// The token of its bytes in the store.
    pub(crate) token: String,
    /// BLAKE3 of its bytes.
    pub(crate) content_id: ContentId,
    pub(crate) width: i64,
    pub(crate) height: i64,
    pub(crate) bytes: i64,
}

/// A column of a query: the renditions of the object whose token `$token` is, for [`FromCell`] of
/// `Vec<StoredRendition>`.
macro_rules! renditions_of {
    ($token:literal) => {
        concat!(
            "(SELECT string_agg(r.fingerprint || ' ' || r.token || ' ' || r.content_id || ' ' || r.width || ' ' || r.height \
             || ' ' || r.bytes, '\n') FROM renditions r WHERE r.object = ",
            $token,
            ")"
        )
    };
}
pub(super) use renditions_of;

/// The steps on SQLite that give the renditions `$renditions`, as [`StoredRendition::rows`] writes them, to the object
/// `$object`, as far as they have intents: what the function `add_renditions_1` does. The second of them finds a row
/// if none was left out.
macro_rules! add_renditions {
    ($object:literal, $renditions:literal) => {
        [
            concat!(
                "INSERT OR IGNORE INTO renditions (object, fingerprint, token, content_id, width, height, bytes) SELECT ",
                $object,
                ", value ->> 'fingerprint', value ->> 'token', value ->> 'content_id', value ->> 'width', \
                 value ->> 'height', value ->> 'bytes' FROM json_each(",
                $renditions,
                ") WHERE value ->> 'token' = ",
                $object,
                " OR EXISTS (SELECT 1 FROM intents i WHERE i.token = value ->> 'token' AND i.collecting = 0) \
                 OR EXISTS (SELECT 1 FROM renditions o WHERE o.token = value ->> 'token' AND o.object = ",
                $object,
                ")"
            ),
            concat!(
                "SELECT 1 WHERE json_array_length(",
                $renditions,
                ") = (SELECT COUNT(*) FROM json_each(",
                $renditions,
                ") j JOIN renditions r ON r.fingerprint = j.value ->> 'fingerprint' AND r.token = j.value ->> 'token' \
                 AND r.object = ",
                $object,
                ")"
            ),
            concat!("DELETE FROM intents WHERE token IN (SELECT token FROM renditions WHERE object = ", $object, ")"),
        ]
    };
}
pub(super) use add_renditions;

impl StoredRendition {
    /// Renditions as a statement takes them; `None` for none.
    pub(super) fn rows(renditions: &[Self]) -> Option<String> {
        let row = |r: &Self| {
            json!({ "fingerprint": r.fingerprint, "token": r.token, "content_id": r.content_id.to_string(),
                "width": r.width, "height": r.height, "bytes": r.bytes })
        };
        (!renditions.is_empty()).then(|| renditions.iter().map(row).collect::<serde_json::Value>().to_string())
    }

    fn parse(text: &str) -> Option<Self> {
        let mut words = text.split(' ');
        let mut word = || words.next();
        let rendition = Self {
            fingerprint: word()?.to_owned(),
            token: word()?.to_owned(),
            content_id: word()?.parse().ok()?,
            width: word()?.parse().ok()?,
            height: word()?.parse().ok()?,
            bytes: word()?.parse().ok()?,
        };
        word().is_none().then_some(rendition)
    }
}

impl FromCell for Vec<StoredRendition> {
    fn from_cell(cell: Cell) -> Option<Self> {
        match cell {
            Cell::Null => Some(Self::new()),
            Cell::Text(text) => text.split('\n').map(StoredRendition::parse).collect(),
            _ => None,
        }
    }
}

impl StateStore {
    /// Gives renditions, which have intents, to a stored object. Those whose fingerprints it has already are left out,
    /// and all of them if it is being erased: their intents remain.
    pub(crate) async fn attach_renditions(&self, object: &str, renditions: &[StoredRendition]) -> sqlx::Result<()> {
        let [add, _, end_intents] = add_renditions!("$1", "$2");
        let operation = Operation {
            postgres: "SELECT attach_renditions_1($1, $2)",
            sqlite: vec![
                Step::Require("SELECT 1 FROM objects WHERE token = $1 AND erasing = 0", None),
                Step::Do(add),
                Step::Do(end_intents),
            ],
            crash_point: "before_renditions_attached",
        };
        let rows = StoredRendition::rows(renditions).unwrap_or_else(|| "[]".to_owned());
        self.engine.atomically(&operation, values![object, &rows]).await.map(drop)
    }

    /// The renditions of a stored object.
    pub(crate) async fn renditions(&self, object: &str) -> sqlx::Result<Vec<StoredRendition>> {
        let rows = self.engine.read(concat!("SELECT ", renditions_of!("$1")), values![object]).await?;
        rows.first().map_or(Ok(Vec::new()), |row| row.get(0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_is_read_whole_or_not_at_all() {
        let id = ContentId::of(b"x");
        let line = format!("r1-cover9x9@0.5,0.3-jpeg85 00ff {id} 9 8 700");
        let read = |text: &str| Vec::<StoredRendition>::from_cell(Cell::Text(text.to_owned()));
        let two = read(&format!("{line}\n{line}")).unwrap();
        assert_eq!(
            (two.len(), two[1].fingerprint.as_str(), two[1].token.as_str()),
            (2, "r1-cover9x9@0.5,0.3-jpeg85", "00ff")
        );
        assert_eq!((two[0].content_id, two[0].width, two[0].height, two[0].bytes), (id, 9, 8, 700));
        for text in ["", "a b", &format!("{line} 1"), &line.replace("obj_", "")] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(Vec::<StoredRendition>::from_cell(Cell::Null), Some(Vec::new()));
    }
}
