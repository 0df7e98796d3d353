//! The transaction that changes a chat.

use image_ingest::{ContentId, SourceId};
use sqlx::{Any, Transaction};

use super::chats::{Chat, ChatKey, SELECT_CHAT, chat};
use super::database::{State, now};

/// A change to be made.
pub(crate) struct NewChange<'a> {
    pub(crate) key: &'a ChatKey,
    /// The new image; `None` removes the background.
    pub(crate) image: Option<NewImage<'a>>,
    pub(crate) number: &'a str,
    pub(crate) request_id: &'a str,
    /// Whether the change may follow this version.
    pub(crate) may_follow: &'a (dyn Fn(&Chat) -> bool + Send + Sync),
    /// When a repair sends the change if it is not marked applied by then.
    pub(crate) retry_at: i64,
    pub(crate) idempotency: Option<NewKeptAnswer<'a>>,
}

/// An image to be set.
pub(crate) struct NewImage<'a> {
    pub(crate) id: ContentId,
    pub(crate) source_id: SourceId,
    pub(crate) fingerprint: &'a str,
    pub(crate) receipt: &'a str,
    pub(crate) object: StoredObject<'a>,
}

/// Where the image's bytes are stored.
#[derive(Debug, Clone, Copy)]
pub(crate) enum StoredObject<'a> {
    /// Stored for this change, under an intent.
    Fresh(&'a str),
    /// Stored for another chat of the account.
    Shared(&'a str),
    /// Not stored, because the store failed.
    Nowhere,
}

/// An idempotency key and its request, to be stored with the answer.
pub(crate) struct NewKeptAnswer<'a> {
    pub(crate) name: &'a str,
    pub(crate) request: &'a str,
    pub(crate) answer: &'a (dyn Fn(&Chat) -> String + Send + Sync),
}

/// The result of a commit.
#[derive(Debug)]
pub(crate) enum CommitOutcome {
    Changed(Chat),
    /// The chat has this content already. Nothing was written.
    Unchanged(Chat),
    /// The change may not follow the chat's version. Nothing was written.
    VersionMismatch(Chat),
    /// The object is being erased, or the idempotency key was used meanwhile. Nothing was written, and the caller must
    /// try again.
    Retry,
}

impl State {
    /// Makes the change in one transaction: the chat, its history, its outbox row, its object and its answer.
    pub(crate) async fn commit(&self, change: &NewChange<'_>) -> sqlx::Result<CommitOutcome> {
        let mut transaction = self.begin().await?;
        let old = lock_chat(&mut transaction, change.key).await?;
        if !(change.may_follow)(&old) {
            return Ok(CommitOutcome::VersionMismatch(old));
        }
        if old.content_id == change.image.as_ref().map(|image| image.id) {
            return Ok(CommitOutcome::Unchanged(old));
        }
        let new = changed(&old, change);
        if !take_object(&mut transaction, change, old.token.as_deref()).await? {
            return Ok(CommitOutcome::Retry);
        }
        write_chat(&mut transaction, change.key, &new).await?;
        write_history(&mut transaction, change, &new).await?;
        write_outbox(&mut transaction, change, &new).await?;
        if let Some(token) = old.token.as_deref().filter(|token| new.token.as_deref() != Some(token)) {
            release(&mut transaction, token).await?;
        }
        if !keep_answer(&mut transaction, change, &new).await? {
            return Ok(CommitOutcome::Retry);
        }
        crate::crash::point("before_commit");
        transaction.commit().await?;
        crate::crash::point("after_commit");
        Ok(CommitOutcome::Changed(new))
    }

    /// Gives the object `token` to the account's chats that have `content_id` and no stored object; false if there is
    /// no such chat any more.
    pub(crate) async fn attach(&self, account: &str, content_id: ContentId, token: &str) -> sqlx::Result<bool> {
        let mut transaction = self.begin().await?;
        let id = content_id.to_string();
        if !take_fresh(&mut transaction, account, &id, token).await? {
            return Ok(false);
        }
        let update = "UPDATE chats SET token = $1 WHERE account = $2 AND content_id = $3 AND token IS NULL";
        let update = sqlx::query(update).bind(token).bind(account).bind(&id);
        if update.execute(&mut *transaction).await?.rows_affected() == 0 {
            return Ok(false);
        }
        transaction.commit().await?;
        Ok(true)
    }
}

type WriteTransaction = Transaction<'static, Any>;

/// Reads the chat and locks it until the transaction ends. A chat that was never set has version 0.
async fn lock_chat(transaction: &mut WriteTransaction, key: &ChatKey) -> sqlx::Result<Chat> {
    let lock = "INSERT INTO chats (account, chat, version, applied_version) VALUES ($1, $2, 0, 0) \
         ON CONFLICT (account, chat) DO UPDATE SET version = chats.version";
    sqlx::query(lock).bind(&key.account).bind(key.chat.as_str()).execute(&mut **transaction).await?;
    let select = sqlx::query(SELECT_CHAT).bind(&key.account).bind(key.chat.as_str());
    chat(&select.fetch_one(&mut **transaction).await?)
}

fn changed(old: &Chat, change: &NewChange<'_>) -> Chat {
    let image = change.image.as_ref();
    let token = image.and_then(|image| match image.object {
        StoredObject::Fresh(token) | StoredObject::Shared(token) => Some(token.to_owned()),
        StoredObject::Nowhere => None,
    });
    Chat {
        version: old.version + 1,
        applied_version: old.applied_version,
        content_id: image.map(|image| image.id),
        token,
        source: image.map(|image| (image.source_id, image.fingerprint.to_owned())),
        receipt: image.map(|image| image.receipt.to_owned()),
        number: Some(change.number.to_owned()),
    }
}

/// Marks the change's object as used; false if the object is being erased. Locks the new object and the old one.
async fn take_object(
    transaction: &mut WriteTransaction,
    change: &NewChange<'_>,
    old: Option<&str>,
) -> sqlx::Result<bool> {
    let Some(image) = &change.image else {
        return Ok(true);
    };
    match image.object {
        StoredObject::Nowhere => Ok(true),
        StoredObject::Fresh(token) => take_fresh(transaction, &change.key.account, &image.id.to_string(), token).await,
        StoredObject::Shared(token) => {
            // Locked in the order of tokens: otherwise two changes that swap objects could deadlock.
            let mut tokens: Vec<&str> = old.into_iter().chain([token]).collect();
            tokens.sort_unstable();
            for token in tokens {
                lock_object(transaction, token).await?;
            }
            let update = sqlx::query("UPDATE objects SET unused_since = NULL WHERE token = $1 AND erasing = 0");
            Ok(update.bind(token).execute(&mut **transaction).await?.rows_affected() == 1)
        }
    }
}

/// Turns an intent into an object; false if the intent is being collected.
async fn take_fresh(transaction: &mut WriteTransaction, account: &str, id: &str, token: &str) -> sqlx::Result<bool> {
    let delete = sqlx::query("DELETE FROM intents WHERE token = $1 AND collecting = 0").bind(token);
    if delete.execute(&mut **transaction).await?.rows_affected() == 0 {
        return Ok(false);
    }
    let insert = "INSERT INTO objects (token, account, content_id, stored_at, erasing) VALUES ($1, $2, $3, $4, 0)";
    let insert = sqlx::query(insert).bind(token).bind(account).bind(id).bind(now());
    insert.execute(&mut **transaction).await?;
    Ok(true)
}

/// Locks an object's row, so that the statements after it see every chat that refers to the object.
pub(super) async fn lock_object(transaction: &mut WriteTransaction, token: &str) -> sqlx::Result<()> {
    let update = sqlx::query("UPDATE objects SET erasing = erasing WHERE token = $1").bind(token);
    update.execute(&mut **transaction).await.map(drop)
}

/// Marks an object unused if no chat refers to it.
async fn release(transaction: &mut WriteTransaction, token: &str) -> sqlx::Result<()> {
    lock_object(transaction, token).await?;
    let update = "UPDATE objects SET unused_since = $1 \
         WHERE token = $2 AND NOT EXISTS (SELECT 1 FROM chats WHERE chats.token = $2)";
    sqlx::query(update).bind(now()).bind(token).execute(&mut **transaction).await.map(drop)
}

async fn write_chat(transaction: &mut WriteTransaction, key: &ChatKey, chat: &Chat) -> sqlx::Result<()> {
    let update = "UPDATE chats SET version = $3, content_id = $4, token = $5, source_id = $6, fingerprint = $7, \
         receipt = $8, number = $9 WHERE account = $1 AND chat = $2";
    let (source_id, fingerprint) = chat.source.clone().unzip();
    let update = sqlx::query(update)
        .bind(&key.account)
        .bind(key.chat.as_str())
        .bind(chat.version)
        .bind(chat.content_id.map(|id| id.to_string()))
        .bind(chat.token.clone())
        .bind(source_id.map(|id| id.to_string()))
        .bind(fingerprint)
        .bind(chat.receipt.clone())
        .bind(chat.number.clone());
    update.execute(&mut **transaction).await.map(drop)
}

async fn write_history(transaction: &mut WriteTransaction, change: &NewChange<'_>, chat: &Chat) -> sqlx::Result<()> {
    let insert = "INSERT INTO history (account, chat, version, content_id, request_id, changed_at) \
         VALUES ($1, $2, $3, $4, $5, $6)";
    let insert = sqlx::query(insert)
        .bind(&change.key.account)
        .bind(change.key.chat.as_str())
        .bind(chat.version)
        .bind(chat.content_id.map(|id| id.to_string()))
        .bind(change.request_id)
        .bind(now());
    insert.execute(&mut **transaction).await.map(drop)
}

async fn write_outbox(transaction: &mut WriteTransaction, change: &NewChange<'_>, chat: &Chat) -> sqlx::Result<()> {
    let upsert = "INSERT INTO outbox (account, chat, version, attempts, next_at) VALUES ($1, $2, $3, 0, $4) \
         ON CONFLICT (account, chat) DO UPDATE SET version = excluded.version, attempts = 0, next_at = excluded.next_at";
    let upsert = sqlx::query(upsert)
        .bind(&change.key.account)
        .bind(change.key.chat.as_str())
        .bind(chat.version)
        .bind(change.retry_at);
    upsert.execute(&mut **transaction).await.map(drop)
}

/// Stores the answer for the idempotency key; false if the key was used meanwhile.
async fn keep_answer(transaction: &mut WriteTransaction, change: &NewChange<'_>, chat: &Chat) -> sqlx::Result<bool> {
    let Some(kept) = &change.idempotency else {
        return Ok(true);
    };
    let insert = "INSERT INTO idempotency (account, name, request, chat, version, answer, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (account, name) DO NOTHING";
    let insert = sqlx::query(insert)
        .bind(&change.key.account)
        .bind(kept.name)
        .bind(kept.request)
        .bind(change.key.chat.as_str())
        .bind(chat.version)
        .bind((kept.answer)(chat))
        .bind(now());
    Ok(insert.execute(&mut **transaction).await?.rows_affected() == 1)
}
