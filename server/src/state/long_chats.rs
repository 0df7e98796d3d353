//! Chats whose ids are too long for an index, and what the first schema made of them.

use super::engine::values;
use super::situation::ChatKey;
use super::store::StateStore;
use crate::chat_id::ChatId;

impl StateStore {
    /// Gives long chats of the first schema, which have themselves as keys, their short keys.
    pub(super) async fn rekey_long_chats(&self) -> sqlx::Result<()> {
        let select = "SELECT DISTINCT account, chat FROM chats WHERE LENGTH(chat) > 1024 LIMIT 1000";
        for row in self.engine.read(select, values![]).await? {
            let (account, chat): (String, String) = (row.get(0)?, row.get(1)?);
            let Some(id) = ChatId::parse(&chat) else { continue };
            let key = ChatKey { account, chat: id };
            for update in [
                "UPDATE history SET chat = $3 WHERE account = $1 AND chat = $2 RETURNING 1",
                "UPDATE outbox SET chat = $3 WHERE account = $1 AND chat = $2 RETURNING 1",
                "UPDATE idempotency SET chat = $3 WHERE account = $1 AND chat = $2 RETURNING 1",
                "UPDATE chats SET chat = $3, normal_form = $2 WHERE account = $1 AND chat = $2 RETURNING 1",
            ] {
                self.engine.write(update, values![&key.account, &chat, &key.id()]).await?;
            }
        }
        Ok(())
    }
}
