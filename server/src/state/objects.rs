//! Stored objects: which exist, which are used, and which may be erased.

use image_ingest::ContentId;
use sqlx::Row as _;

use super::chats::ChatKey;
use super::commit::lock_object;
use super::database::{State, now};
use crate::chat_id::ChatId;

/// An object that may be erased.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unused {
    /// No chat refers to it.
    Object(String),
    /// An intent whose change was never committed.
    Intent(String),
}

impl State {
    /// Records the intent to store an object.
    pub(crate) async fn intend(&self, token: &str) -> sqlx::Result<()> {
        let insert = "INSERT INTO intents (token, started_at, collecting) VALUES ($1, $2, 0)";
        sqlx::query(insert).bind(token).bind(now()).execute(&self.write).await.map(drop)
    }

    /// An object of the account with this content, used or not.
    pub(crate) async fn object_with(&self, account: &str, id: ContentId) -> sqlx::Result<Option<String>> {
        let select = "SELECT token FROM objects WHERE account = $1 AND content_id = $2 AND erasing = 0 LIMIT 1";
        let row = sqlx::query(select).bind(account).bind(id.to_string()).fetch_optional(&self.read).await?;
        row.map(|row| row.try_get(0)).transpose()
    }

    /// Whether a chat refers to the object.
    pub(crate) async fn is_used(&self, token: &str) -> sqlx::Result<bool> {
        let select = "SELECT 1 FROM objects WHERE token = $1 AND unused_since IS NULL";
        Ok(sqlx::query(select).bind(token).fetch_optional(&self.read).await?.is_some())
    }

    /// Objects and intents from before `time` that may be erased, and those whose erasing was not finished.
    pub(crate) async fn unused(&self, time: i64) -> sqlx::Result<Vec<Unused>> {
        let select = "SELECT token FROM objects WHERE unused_since < $1 OR erasing = 1 LIMIT 100";
        let objects = sqlx::query(select).bind(time).fetch_all(&self.read).await?;
        let select = "SELECT token FROM intents WHERE started_at < $1 LIMIT 100";
        let intents = sqlx::query(select).bind(time).fetch_all(&self.read).await?;
        let objects = objects.iter().map(|row| row.try_get(0).map(Unused::Object));
        objects.chain(intents.iter().map(|row| row.try_get(0).map(Unused::Intent))).collect()
    }

    /// Marks the object so that no change can use it any more; false if a chat refers to it again.
    pub(crate) async fn begin_erasing(&self, unused: &Unused) -> sqlx::Result<bool> {
        let mut transaction = self.begin().await?;
        let update = match unused {
            Unused::Intent(token) => sqlx::query("UPDATE intents SET collecting = 1 WHERE token = $1").bind(token),
            Unused::Object(token) => {
                lock_object(&mut transaction, token).await?;
                sqlx::query(
                    "UPDATE objects SET erasing = 1 WHERE token = $1 AND unused_since IS NOT NULL \
                     AND NOT EXISTS (SELECT 1 FROM chats WHERE chats.token = $1)",
                )
                .bind(token)
            }
        };
        let erasing = update.execute(&mut *transaction).await?.rows_affected() == 1;
        transaction.commit().await?;
        Ok(erasing)
    }

    /// Deletes the row of an object whose bytes are erased.
    pub(crate) async fn end_erasing(&self, unused: &Unused) -> sqlx::Result<()> {
        let delete = match unused {
            Unused::Intent(token) => sqlx::query("DELETE FROM intents WHERE token = $1 AND collecting = 1").bind(token),
            Unused::Object(token) => sqlx::query("DELETE FROM objects WHERE token = $1 AND erasing = 1").bind(token),
        };
        delete.execute(&self.write).await.map(drop)
    }

    /// The accounts with a chat that has this content without a stored object.
    pub(crate) async fn accounts_lacking(&self, id: ContentId) -> sqlx::Result<Vec<String>> {
        let select = "SELECT DISTINCT account FROM chats WHERE token IS NULL AND content_id = $1";
        let rows = sqlx::query(select).bind(id.to_string()).fetch_all(&self.read).await?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }

    /// Every object's token, its content id, and whether it is used, for `check`.
    pub(crate) async fn all_objects(&self) -> sqlx::Result<Vec<(String, ContentId, bool)>> {
        let select = "SELECT token, content_id, CASE WHEN unused_since IS NULL THEN 1 ELSE 0 END FROM objects";
        let rows = sqlx::query(select).fetch_all(&self.read).await?;
        let wrong = |_| sqlx::Error::Decode("an id in the database is none".into());
        let object = |row: &sqlx::any::AnyRow| {
            let used = row.try_get::<i64, _>(2)? == 1;
            Ok((row.try_get(0)?, row.try_get::<String, _>(1)?.parse().map_err(wrong)?, used))
        };
        rows.iter().map(object).collect()
    }

    /// Every intent's token, for `check`.
    pub(crate) async fn all_intents(&self) -> sqlx::Result<Vec<String>> {
        let rows = sqlx::query("SELECT token FROM intents").fetch_all(&self.read).await?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }

    /// Every chat with the count, the least and the greatest of its versions in the history, for `check`.
    pub(crate) async fn all_versions(&self) -> sqlx::Result<Vec<(ChatKey, [i64; 3])>> {
        let select = "SELECT account, chat, COUNT(*), MIN(version), MAX(version) FROM history GROUP BY account, chat";
        let rows = sqlx::query(select).fetch_all(&self.read).await?;
        let versions = |row: &sqlx::any::AnyRow| {
            let chat: String = row.try_get(1)?;
            let chat =
                ChatId::parse(&chat).ok_or_else(|| sqlx::Error::Decode("a chat in the database is none".into()))?;
            let key = ChatKey { account: row.try_get(0)?, chat };
            Ok((key, [row.try_get(2)?, row.try_get(3)?, row.try_get(4)?]))
        };
        rows.iter().map(versions).collect()
    }

    /// Every token of a chat for which there is no object, for `check`.
    pub(crate) async fn dangling(&self) -> sqlx::Result<Vec<String>> {
        let select = "SELECT token FROM chats WHERE token IS NOT NULL AND NOT EXISTS \
             (SELECT 1 FROM objects WHERE objects.token = chats.token AND unused_since IS NULL AND erasing = 0)";
        let rows = sqlx::query(select).fetch_all(&self.read).await?;
        rows.iter().map(|row| row.try_get(0)).collect()
    }
}
