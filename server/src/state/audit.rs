//! What `check` compares.

use std::collections::HashMap;

use image_ingest::ContentId;

use super::engine::{Cells, values};
use super::renditions::StoredRendition;
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
    /// The number of rows, the least and the greatest version, and the versions that restored rows left out.
    pub(crate) history: [i64; 4],
}

impl StateStore {
    /// Every chat that was ever set.
    pub(crate) async fn audited_chats(&self) -> sqlx::Result<Vec<AuditedChat>> {
        let select = "SELECT c.account, c.chat, c.normal_form, c.version, c.applied_version, c.content_id, c.token, \
               COALESCE(p.number, f.number), COALESCE(p.route, f.route), o.version, h.rows, h.least, h.greatest, h.skipped \
             FROM chats c JOIN (SELECT account, chat, COUNT(*) AS rows, MIN(version) AS least, MAX(version) AS greatest, \
               CAST(SUM(COALESCE(skipped, 0)) AS BIGINT) AS skipped FROM history GROUP BY account, chat) h \
               ON h.account = c.account AND h.chat = c.chat \
             LEFT JOIN outbox o ON o.account = c.account AND o.chat = c.chat \
             LEFT JOIN numbers p ON p.number = c.number AND p.account = c.account \
             LEFT JOIN numbers f ON f.number = (SELECT m.number FROM numbers m WHERE m.account = c.account \
               ORDER BY m.added_at, m.number LIMIT 1)";
        self.engine.read(select, values![]).await?.iter().map(audited).collect()
    }

    /// Every object's token, its content id, and whether it is used.
    pub(crate) async fn all_objects(&self) -> sqlx::Result<Vec<(String, ContentId, bool)>> {
        let select = "SELECT token, content_id, unused_since FROM objects";
        let object = |row: &Cells| Ok((row.get(0)?, row.get(1)?, row.get::<Option<i64>>(2)?.is_none()));
        self.engine.read(select, values![]).await?.iter().map(object).collect()
    }

    /// Every rendition, by the token of its object.
    pub(crate) async fn all_renditions(&self) -> sqlx::Result<HashMap<String, Vec<StoredRendition>>> {
        let select = "SELECT object, fingerprint, token, content_id, width, height, bytes FROM renditions";
        let mut all: HashMap<_, Vec<_>> = HashMap::new();
        for row in self.engine.read(select, values![]).await? {
            let rendition = StoredRendition {
                fingerprint: row.get(1)?,
                token: row.get(2)?,
                content_id: row.get(3)?,
                width: row.get(4)?,
                height: row.get(5)?,
                bytes: row.get(6)?,
            };
            all.entry(row.get(0)?).or_default().push(rendition);
        }
        Ok(all)
    }

    /// Every intent's token.
    pub(crate) async fn all_intents(&self) -> sqlx::Result<Vec<String>> {
        self.engine.read("SELECT token FROM intents", values![]).await?.iter().map(|row| row.get(0)).collect()
    }

    /// Every token of a chat for which there is no object.
    pub(crate) async fn dangling(&self) -> sqlx::Result<Vec<String>> {
        let select = "SELECT token FROM chats WHERE token IS NOT NULL AND NOT EXISTS \
             (SELECT 1 FROM objects WHERE objects.token = chats.token AND unused_since IS NULL AND erasing = 0)";
        self.engine.read(select, values![]).await?.iter().map(|row| row.get(0)).collect()
    }
}

fn audited(row: &Cells) -> sqlx::Result<AuditedChat> {
    let chat = Chat {
        version: row.get(3)?,
        applied_version: row.get(4)?,
        content_id: row.get(5)?,
        token: row.get(6)?,
        ..Chat::default()
    };
    Ok(AuditedChat {
        key: ChatKey::of(row, 0)?,
        chat,
        number: row.get(7)?,
        route: row.get(8)?,
        is_pending: row.get::<Option<i64>>(9)?.is_some(),
        history: [row.get(10)?, row.get(11)?, row.get(12)?, row.get(13)?],
    })
}
