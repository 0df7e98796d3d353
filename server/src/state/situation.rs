//! What the state knows about a request's chat, read at once.

use std::time::Instant;

use image_ingest::{ContentId, SourceId};

use super::clock::now;
use super::engine::{Cells, values};
use super::numbers::{NumberRow, is_polled};
use super::renditions::{StoredRendition, renditions_of};
use super::store::StateStore;
use crate::chat_id::ChatId;

/// A chat of an account.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct ChatKey {
    pub(crate) account: String,
    pub(crate) chat: ChatId,
}

impl ChatKey {
    /// The chat's key in the tables.
    pub(super) fn id(&self) -> String {
        self.chat.key()
    }

    /// The column `normal_form`: the chat, where its key does not tell it.
    pub(super) fn normal_form(&self) -> Option<String> {
        (self.chat.key() != self.chat.as_str()).then(|| self.chat.to_string())
    }

    /// The key of a row that has account, chat and normal form from `column` on.
    pub(super) fn of(row: &Cells, column: usize) -> sqlx::Result<Self> {
        let (chat, normal_form): (String, Option<String>) = (row.get(column + 1)?, row.get(column + 2)?);
        let chat = ChatId::parse(normal_form.as_ref().unwrap_or(&chat));
        let chat = chat.ok_or_else(|| sqlx::Error::Decode("a chat in the database is none".into()))?;
        Ok(Self { account: row.get(column)?, chat })
    }
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
    /// The code of the device's refusal, if it has refused the last change.
    pub(crate) failure: Option<String>,
    /// The renditions of the stored object.
    pub(crate) renditions: Vec<StoredRendition>,
}

/// What became of a chat's last change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Delivery {
    Applied,
    Pending,
    /// The device refused, with this code; the change is sent again.
    Failed(String),
}

impl Chat {
    /// Whether the chat's image is known to be that of an upload under a profile: it came from this upload under this
    /// profile, or the upload is the canonical bytes themselves.
    pub(crate) fn is_of(&self, upload: SourceId, fingerprint: &str) -> bool {
        let came_from = |(source, profile): &(SourceId, String)| *source == upload && profile == fingerprint;
        self.content_id
            .is_some_and(|id| id.as_bytes() == upload.as_bytes() || self.source.as_ref().is_some_and(came_from))
    }

    pub(crate) fn is_applied(&self) -> bool {
        self.applied_version >= self.version
    }

    pub(crate) fn delivery(&self) -> Delivery {
        match &self.failure {
            _ if self.is_applied() => Delivery::Applied,
            Some(code) => Delivery::Failed(code.clone()),
            None => Delivery::Pending,
        }
    }

    /// The version for answers: `None` if the chat was never set.
    pub(crate) fn shown_version(&self) -> Option<i64> {
        (self.version > 0).then_some(self.version)
    }
}

/// The number that a chat is reached by, and whether its agent has lately asked for changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Reached {
    pub(crate) number: NumberRow,
    pub(crate) is_polled: bool,
}

/// An answer stored for an idempotency key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct KeptAnswer {
    /// The digest of the request, as [`Idempotency`](crate::preconditions::Idempotency) makes it.
    pub(crate) request: String,
    pub(crate) version: i64,
    pub(crate) answer: String,
}

/// All that a request needs to know.
#[derive(Debug, Clone)]
pub(crate) struct Situation {
    pub(crate) chat: Chat,
    /// The chat's number if the account still has it, else the account's first; `None` if it has none.
    reached: Option<Reached>,
    /// The answer stored for the request's idempotency key.
    pub(crate) kept: Option<KeptAnswer>,
    pub(crate) read_at: Instant,
}

impl Situation {
    /// The number that the chat is reached by, if there is a way to its device.
    pub(crate) fn reached(&self) -> Option<&Reached> {
        self.reached.as_ref().filter(|r| r.number.is_embedded() || r.number.route.starts_with("agent:"))
    }
}

impl StateStore {
    /// Reads what a request needs; `name` is its idempotency key.
    pub(crate) async fn situation(&self, key: &ChatKey, name: Option<&str>) -> sqlx::Result<Situation> {
        let rows = self.engine.read(SELECT, values![&key.account, &key.id(), name]).await?;
        let row = rows.first().ok_or(sqlx::Error::RowNotFound)?;
        let reached = match row.get::<Option<String>>(8)? {
            None => None,
            Some(number) => Some(Reached {
                number: NumberRow { number, account: key.account.clone(), route: row.get(9)? },
                is_polled: is_polled(row.get(10)?, now()),
            }),
        };
        let kept = match row.get::<Option<String>>(11)? {
            None => None,
            Some(request) => Some(KeptAnswer { request, version: row.get(12)?, answer: row.get(13)? }),
        };
        Ok(Situation { chat: chat(row)?, reached, kept, read_at: Instant::now() })
    }
}

const SELECT: &str = concat!(
    "SELECT c.version, c.applied_version, c.content_id, c.token, c.source_id, c.fingerprint, c.receipt, o.failure, \
     COALESCE(p.number, f.number), COALESCE(p.route, f.route), a.polled_at, i.request, i.version, i.answer, ",
    renditions_of!("c.token"),
    " FROM (SELECT CAST($1 AS TEXT) AS account, CAST($2 AS TEXT) AS chat) k \
     LEFT JOIN chats c ON c.account = k.account AND c.chat = k.chat \
     LEFT JOIN outbox o ON o.account = k.account AND o.chat = k.chat \
     LEFT JOIN numbers p ON p.number = c.number AND p.account = k.account \
     LEFT JOIN numbers f ON f.number = (SELECT m.number FROM numbers m WHERE m.account = k.account \
       ORDER BY m.added_at, m.number LIMIT 1) \
     LEFT JOIN agents a ON a.id = SUBSTR(COALESCE(p.route, f.route), 7) AND a.revoked_at IS NULL \
     LEFT JOIN idempotency i ON i.account = k.account AND i.name = $3"
);

fn chat(row: &Cells) -> sqlx::Result<Chat> {
    let Some(version) = row.get(0)? else {
        return Ok(Chat::default());
    };
    let (source, fingerprint): (Option<SourceId>, Option<String>) = (row.get(4)?, row.get(5)?);
    Ok(Chat {
        version,
        applied_version: row.get(1)?,
        content_id: row.get(2)?,
        token: row.get(3)?,
        source: source.zip(fingerprint),
        receipt: row.get(6)?,
        failure: row.get(7)?,
        renditions: row.get(14)?,
    })
}
