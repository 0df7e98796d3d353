//! The last change of each chat.

use image_ingest::{ContentId, SourceId};
use sqlx::Row as _;
use sqlx::any::AnyRow;

use super::database::State;
use crate::chat_id::ChatId;

/// A chat of an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ChatKey {
    pub(crate) account: String,
    pub(crate) chat: ChatId,
}

/// A chat's last change.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Chat {
    /// 0 if the chat was never set.
    pub(crate) version: i64,
    /// The last version that the device took.
    pub(crate) applied_version: i64,
    pub(crate) content_id: Option<ContentId>,
    /// The token of the stored object; `None` after a removal, or if the object is not stored.
    pub(crate) token: Option<String>,
    /// The upload that it came from, and the profile's fingerprint.
    pub(crate) source: Option<(SourceId, String)>,
    pub(crate) receipt: Option<String>,
    pub(crate) number: Option<String>,
}

impl Chat {
    pub(crate) fn is_applied(&self) -> bool {
        self.applied_version >= self.version
    }

    /// The version for answers: `None` if the chat was never set.
    pub(crate) fn shown_version(&self) -> Option<i64> {
        (self.version > 0).then_some(self.version)
    }
}

impl State {
    /// The chat's last change; the default if the chat was never set.
    pub(crate) async fn chat(&self, key: &ChatKey) -> sqlx::Result<Chat> {
        let select = sqlx::query(SELECT_CHAT).bind(&key.account).bind(key.chat.as_str());
        let row = select.fetch_optional(&self.read).await?;
        row.as_ref().map(chat).transpose().map(Option::unwrap_or_default)
    }

    /// Records that the device applied `version`, and removes the change from the outbox.
    pub(crate) async fn mark_applied(&self, key: &ChatKey, version: i64) -> sqlx::Result<()> {
        let mut transaction = self.begin().await?;
        let update = "UPDATE chats SET applied_version = $1 WHERE account = $2 AND chat = $3 AND applied_version < $1";
        let update = sqlx::query(update).bind(version).bind(&key.account).bind(key.chat.as_str());
        update.execute(&mut *transaction).await?;
        let delete = "DELETE FROM outbox WHERE account = $1 AND chat = $2 AND version <= $3";
        let delete = sqlx::query(delete).bind(&key.account).bind(key.chat.as_str()).bind(version);
        delete.execute(&mut *transaction).await?;
        transaction.commit().await
    }
}

pub(super) const SELECT_CHAT: &str = "SELECT version, applied_version, content_id, token, source_id, fingerprint, receipt, number \
     FROM chats WHERE account = $1 AND chat = $2";

pub(super) fn chat(row: &AnyRow) -> sqlx::Result<Chat> {
    let source_id: Option<String> = row.try_get(4)?;
    let fingerprint: Option<String> = row.try_get(5)?;
    Ok(Chat {
        version: row.try_get(0)?,
        applied_version: row.try_get(1)?,
        content_id: parsed(row.try_get(2)?)?,
        token: row.try_get(3)?,
        source: parsed(source_id)?.zip(fingerprint),
        receipt: row.try_get(6)?,
        number: row.try_get(7)?,
    })
}

/// Parses an id from the database.
fn parsed<T: std::str::FromStr>(text: Option<String>) -> sqlx::Result<Option<T>> {
    let wrong = |_| sqlx::Error::Decode("an id in the database is none".into());
    text.map(|text| text.parse().map_err(wrong)).transpose()
}
