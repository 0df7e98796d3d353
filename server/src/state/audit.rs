//! What `check` compares, read by pages.

use image_ingest::ContentId;

use super::engine::{Cells, values};
use super::renditions::{StoredRendition, renditions_of};
use super::situation::{Chat, ChatKey};
use super::store::StateStore;

/// A chat, its number, and what its history says.
#[derive(Debug)]
pub(crate) struct AuditedChat {
    pub(crate) key: ChatKey,
    pub(crate) chat: Chat,
    pub(crate) number: Option<String>,
    pub(crate) route: Option<String>,
    pub(crate) is_pending: bool,
    /// Whether the object that the chat refers to, if any, is known and used.
    pub(crate) is_stored: bool,
    /// The number of rows, the least and the greatest version, and the versions that restored rows left out.
    pub(crate) history: [i64; 4],
}

/// A stored object or rendition, and whether a chat refers to it.
#[derive(Debug)]
pub(crate) struct AuditedObject {
    pub(crate) token: String,
    pub(crate) content_id: ContentId,
    pub(crate) is_used: bool,
    pub(crate) is_rendition: bool,
    /// Those of an object.
    pub(crate) renditions: Vec<StoredRendition>,
}

/// Where a page of chats begins: after this account and chat.
#[derive(Debug, Default)]
pub(crate) struct PageStart {
    pub(super) account: String,
    pub(super) chat: String,
}

/// Rows that are read at once.
pub(super) const PAGE: i64 = 1_000;

impl StateStore {
    /// A page of chats, and where the next one begins; `None` at the end. Each is as it was at one moment.
    pub(crate) async fn audited_chats(&self, from: &PageStart) -> sqlx::Result<(Vec<AuditedChat>, Option<PageStart>)> {
        let rows = self.engine.read(CHATS, values![&from.account, &from.chat, PAGE]).await?;
        let next = match rows.last() {
            Some(last) => Some(PageStart { account: last.get(0)?, chat: last.get(1)? }),
            None => None,
        };
        Ok((rows.iter().map(audited).collect::<sqlx::Result<_>>()?, next))
    }

    /// A page of objects and renditions with tokens after `from` and before `to`, in their order, each token once; empty at
    /// the end.
    pub(crate) async fn audited_objects(&self, from: &str, to: &str) -> sqlx::Result<Vec<AuditedObject>> {
        let object = |row: &Cells| {
            let is_used = row.get::<Option<i64>>(2)?.is_none();
            let (is_rendition, renditions) = (row.get::<i64>(3)? == 1, row.get(4)?);
            Ok(AuditedObject { token: row.get(0)?, content_id: row.get(1)?, is_used, is_rendition, renditions })
        };
        self.engine.read(OBJECTS, values![from, to, PAGE]).await?.iter().map(object).collect()
    }

    /// Whether there is an object or a rendition of this token, or the intent to store one.
    pub(crate) async fn is_object_known(&self, token: &str) -> sqlx::Result<bool> {
        let select = "SELECT 1 FROM objects WHERE token = $1 UNION ALL SELECT 1 FROM intents WHERE token = $1 \
             UNION ALL SELECT 1 FROM renditions WHERE token = $1";
        Ok(!self.engine.read(select, values![token]).await?.is_empty())
    }
}

const CHATS: &str = "SELECT c.account, c.chat, c.normal_form, c.version, c.applied_version, c.content_id, c.token, \
       COALESCE(p.number, f.number), COALESCE(p.route, f.route), o.version, \
       CAST((SELECT COUNT(*) FROM objects b WHERE b.token = c.token AND b.unused_since IS NULL AND b.erasing = 0) AS BIGINT), \
       CAST((SELECT COUNT(*) FROM history h WHERE h.account = c.account AND h.chat = c.chat) AS BIGINT), \
       (SELECT MIN(h.version) FROM history h WHERE h.account = c.account AND h.chat = c.chat), \
       (SELECT MAX(h.version) FROM history h WHERE h.account = c.account AND h.chat = c.chat), \
       CAST((SELECT SUM(h.skipped) FROM history h WHERE h.account = c.account AND h.chat = c.chat) AS BIGINT) \
     FROM (SELECT * FROM chats WHERE (account, chat) > ($1, $2) ORDER BY account, chat LIMIT $3) c \
     LEFT JOIN outbox o ON o.account = c.account AND o.chat = c.chat \
     LEFT JOIN numbers p ON p.number = c.number AND p.account = c.account \
     LEFT JOIN numbers f ON f.number = (SELECT m.number FROM numbers m WHERE m.account = c.account \
       ORDER BY m.added_at, m.number LIMIT 1) \
     ORDER BY c.account, c.chat";

/// Each of the two is read as far as a page reaches, so that a page takes no longer in a large table.
const OBJECTS: &str = concat!(
    "SELECT token, content_id, unused_since, kind, renditions FROM (SELECT * FROM (SELECT token, content_id, unused_since, \
     CAST(0 AS BIGINT) AS kind, ",
    renditions_of!("objects.token"),
    " AS renditions FROM objects WHERE token > $1 AND token < $2 ORDER BY token LIMIT $3) a \
     UNION ALL SELECT * FROM (SELECT DISTINCT r.token, r.content_id, o.unused_since, CAST(1 AS BIGINT), CAST(NULL AS TEXT) \
     FROM renditions r JOIN objects o ON o.token = r.object WHERE r.token > $1 AND r.token < $2 AND r.token <> r.object \
     ORDER BY r.token LIMIT $3) b) c ORDER BY token LIMIT $3"
);

fn audited(row: &Cells) -> sqlx::Result<AuditedChat> {
    let chat = Chat {
        version: row.get(3)?,
        applied_version: row.get(4)?,
        content_id: row.get(5)?,
        token: row.get(6)?,
        ..Chat::default()
    };
    let number = |column| Ok::<i64, sqlx::Error>(row.get::<Option<i64>>(column)?.unwrap_or(0));
    Ok(AuditedChat {
        key: ChatKey::of(row, 0)?,
        chat,
        number: row.get(7)?,
        route: row.get(8)?,
        is_pending: row.get::<Option<i64>>(9)?.is_some(),
        is_stored: number(10)? > 0,
        history: [number(11)?, number(12)?, number(13)?, number(14)?],
    })
}
