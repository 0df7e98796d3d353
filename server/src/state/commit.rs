//! The one statement that changes a chat, if nobody has changed it since it was read.

use image_ingest::{ContentId, SourceId};

use super::clock::now;
use super::engine::{Operation, Step, Value, values};
use super::renditions::{StoredRendition, add_renditions};
use super::situation::{Chat, ChatKey};
use super::store::StateStore;

/// A change to be made.
pub(crate) struct NewChange<'a> {
    pub(crate) key: &'a ChatKey,
    /// The chat as it was read.
    pub(crate) after: &'a Chat,
    /// The new image; `None` removes the background.
    pub(crate) image: Option<NewImage<'a>>,
    pub(crate) number: &'a str,
    pub(crate) request_id: &'a str,
    /// When the change is sent to its device, if it is not applied by then.
    pub(crate) next_at: i64,
    pub(crate) idempotency: Option<NewKeptAnswer<'a>>,
    /// What other nodes are told, if one of them may wait for it.
    pub(crate) notice: Option<&'a str>,
}

/// An image to be set.
pub(crate) struct NewImage<'a> {
    pub(crate) id: ContentId,
    pub(crate) source_id: SourceId,
    pub(crate) fingerprint: &'a str,
    pub(crate) receipt: &'a str,
    pub(crate) stored: &'a StoredImage,
}

/// Where an image and its renditions are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct StoredImage {
    pub(crate) object: StoredObject,
    /// The renditions that the object has already.
    pub(crate) present: Vec<StoredRendition>,
    /// Renditions stored under intents, which the change gives to the object.
    pub(crate) added: Vec<StoredRendition>,
}

/// Where the image's bytes are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum StoredObject {
    /// Stored for this change, under an intent.
    Fresh(String),
    /// Stored for another chat of the account.
    Shared(String),
    /// In the spool, because the store failed.
    Spooled,
}

/// An idempotency key and its request, to be stored with the answer.
pub(crate) struct NewKeptAnswer<'a> {
    pub(crate) name: &'a str,
    pub(crate) request: &'a str,
    /// The answer, given the chat after the change.
    pub(crate) answer: &'a (dyn Fn(&Chat) -> String + Send + Sync),
}

/// The result of a commit.
#[derive(Debug)]
pub(crate) enum CommitOutcome {
    Changed(Box<Chat>),
    /// The chat has changed since it was read. Nothing was written.
    Stale,
    /// The object that was to be shared is being erased, or has got a rendition that was to be added. Nothing was
    /// written.
    Unshared,
}

impl StateStore {
    /// Makes the change: the chat, its history, its outbox row, its objects and its answer.
    pub(crate) async fn commit(&self, change: &NewChange<'_>) -> sqlx::Result<CommitOutcome> {
        let new = changed(change);
        let values = values(change, &new, self.notifies);
        let operation = Operation { postgres: POSTGRES, sqlite: steps(change), crash_point: "before_commit" };
        let rows = self.engine.atomically(&operation, values).await?;
        let word: String = rows.first().ok_or(sqlx::Error::RowNotFound)?.get(0)?;
        match word.as_str() {
            "changed" => {
                crate::crash::point("after_commit");
                Ok(CommitOutcome::Changed(Box::new(new)))
            }
            "unshared" => Ok(CommitOutcome::Unshared),
            // Another request used the idempotency key meanwhile: reading again finds its answer.
            _ => Ok(CommitOutcome::Stale),
        }
    }

    /// Gives the object `token` and its renditions, which have intents, to the account's chats that have `content_id`
    /// and no stored object; false if there is no such chat any more.
    pub(crate) async fn attach(
        &self,
        account: &str,
        content_id: ContentId,
        token: &str,
        renditions: &[StoredRendition],
    ) -> sqlx::Result<bool> {
        let lacking = "SELECT 1 FROM chats WHERE account = $1 AND content_id = $2 AND token IS NULL LIMIT 1";
        let update = "UPDATE chats SET token = $3 WHERE account = $1 AND content_id = $2 AND token IS NULL RETURNING 1";
        let [add, _, end_intents] = add_renditions!("$3", "$5");
        let operation = Operation {
            postgres: "SELECT attach_object_2($1, $2, $3, $4, $5)",
            sqlite: vec![
                Step::Require(lacking, None),
                Step::Require("DELETE FROM intents WHERE token = $3 AND collecting = 0 RETURNING 1", None),
                Step::Do(
                    "INSERT INTO objects (token, account, content_id, stored_at, erasing) VALUES ($3, $1, $2, $4, 0)",
                ),
                Step::Do(add),
                Step::Do(end_intents),
                Step::Do(update),
            ],
            crash_point: "before_attach",
        };
        let rows = StoredRendition::rows(renditions);
        let values = values![account, content_id, token, now(), rows.as_deref()];
        let attached = self.engine.atomically(&operation, values).await?;
        Ok(!attached.is_empty())
    }

    /// Stores the answer of a request that changed nothing. If another request used the key meanwhile, both found the
    /// same state, so either answer is right.
    pub(crate) async fn keep_answer(
        &self,
        key: &ChatKey,
        version: i64,
        name: &str,
        request: &str,
        answer: &str,
    ) -> sqlx::Result<()> {
        let insert = "INSERT INTO idempotency (account, name, request, chat, version, answer, created_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING";
        let values = values![&key.account, name, request, &key.id(), version, answer, now()];
        self.engine.write(insert, values).await.map(drop)
    }
}

fn changed(change: &NewChange<'_>) -> Chat {
    let image = change.image.as_ref();
    let token = image.and_then(|image| match &image.stored.object {
        StoredObject::Fresh(token) | StoredObject::Shared(token) => Some(token.clone()),
        StoredObject::Spooled => None,
    });
    Chat {
        version: change.after.version + 1,
        applied_version: change.after.applied_version,
        content_id: image.map(|image| image.id),
        token,
        source: image.map(|image| (image.source_id, image.fingerprint.to_owned())),
        receipt: image.map(|image| image.receipt.to_owned()),
        failure: None,
        renditions: image.map(|image| [&image.stored.present[..], &image.stored.added].concat()).unwrap_or_default(),
    }
}

/// The values of a commit, $1 to $19; SQLite uses all but $7 and $18.
fn values(change: &NewChange<'_>, new: &Chat, notifies: bool) -> Vec<Value> {
    let object = change.image.as_ref().map(|image| match image.stored.object {
        StoredObject::Fresh(_) => "fresh",
        StoredObject::Shared(_) => "shared",
        StoredObject::Spooled => "spooled",
    });
    let source_id = new.source.as_ref().map(|(id, _)| id.to_string());
    let kept = change.idempotency.as_ref();
    let renditions = change.image.as_ref().and_then(|image| StoredRendition::rows(&image.stored.added));
    values![
        &change.key.account,
        &change.key.id(),
        change.key.normal_form().as_deref(),
        change.after.version,
        new.content_id.map(|id| id.to_string()).as_deref(),
        new.token.as_deref(),
        object,
        source_id.as_deref(),
        new.source.as_ref().map(|(_, fingerprint)| fingerprint.as_str()),
        new.receipt.as_deref(),
        change.number,
        change.request_id,
        change.next_at,
        now(),
        kept.map(|kept| kept.name),
        kept.map(|kept| kept.request),
        kept.map(|kept| (kept.answer)(new)).as_deref(),
        change.notice.filter(|_| notifies),
        renditions.as_deref(),
    ]
}

const POSTGRES: &str = "SELECT commit_change_2($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, \
     $17, $18, $19)";

/// The same as the function, for SQLite.
fn steps(change: &NewChange<'_>) -> Vec<Step> {
    let mut steps = vec![
        Step::Do(
            "INSERT INTO chats (account, chat, version, applied_version) SELECT $1, $2, 0, 0 WHERE $4 = 0 \
             ON CONFLICT DO NOTHING",
        ),
        Step::Require("SELECT 1 FROM chats WHERE account = $1 AND chat = $2 AND version = $4", Some("stale")),
    ];
    match change.image.as_ref().map(|image| &image.stored.object) {
        Some(StoredObject::Shared(_)) => steps.push(Step::Require(
            "UPDATE objects SET unused_since = NULL WHERE token = $6 AND erasing = 0 RETURNING 1",
            Some("unshared"),
        )),
        Some(StoredObject::Fresh(_)) => steps.extend([
            Step::Require("DELETE FROM intents WHERE token = $6 AND collecting = 0 RETURNING 1", Some("unshared")),
            Step::Do(
                "INSERT INTO objects (token, account, content_id, stored_at, erasing) VALUES ($6, $1, $5, $14, 0)",
            ),
        ]),
        Some(StoredObject::Spooled) | None => {}
    }
    if change.image.as_ref().is_some_and(|image| !image.stored.added.is_empty()) {
        let [add, are_all_added, end_intents] = add_renditions!("$6", "$19");
        steps.extend([Step::Do(add), Step::Require(are_all_added, Some("unshared")), Step::Do(end_intents)]);
    }
    if change.idempotency.is_some() {
        steps.push(Step::Require(
            "INSERT INTO idempotency (account, name, request, chat, version, answer, created_at) \
             VALUES ($1, $15, $16, $2, $4 + 1, $17, $14) ON CONFLICT DO NOTHING RETURNING 1",
            Some("used"),
        ));
    }
    steps.extend([
        Step::Do(
            "UPDATE objects SET unused_since = $14 \
             WHERE token = (SELECT token FROM chats WHERE account = $1 AND chat = $2) AND token IS NOT $6 \
             AND NOT EXISTS (SELECT 1 FROM chats c WHERE c.token = objects.token AND NOT (c.account = $1 AND c.chat = $2))",
        ),
        Step::Do(
            "UPDATE chats SET version = $4 + 1, content_id = $5, token = $6, source_id = $8, fingerprint = $9, \
             receipt = $10, number = $11, normal_form = $3 WHERE account = $1 AND chat = $2",
        ),
        Step::Do(
            "INSERT INTO history (account, chat, version, content_id, request_id, changed_at) \
             VALUES ($1, $2, $4 + 1, $5, $12, $14)",
        ),
        Step::Do(
            "INSERT INTO outbox (account, chat, version, attempts, next_at, number) VALUES ($1, $2, $4 + 1, 0, $13, $11) \
             ON CONFLICT (account, chat) DO UPDATE SET version = excluded.version, attempts = 0, \
             next_at = excluded.next_at, number = excluded.number, failure = NULL",
        ),
        Step::Do("SELECT 'changed'"),
    ]);
    steps
}
