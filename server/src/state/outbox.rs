//! The outbox: changes that a device has not applied yet, one for each chat, the last.

use image_ingest::ContentId;

use super::audit::{PAGE, PageStart};
use super::clock::now;
use super::engine::{Cells, Operation, Step, values};
use super::renditions::{StoredRendition, renditions_of};
use super::situation::ChatKey;
use super::store::StateStore;
use crate::chat_id::ChatId;

/// A change to be sent, taken from the outbox for a time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DueChange {
    pub(crate) key: ChatKey,
    pub(crate) number: String,
    pub(crate) version: i64,
    /// How often it was taken, this time included.
    pub(crate) attempts: i64,
    pub(crate) content_id: Option<ContentId>,
    pub(crate) token: Option<String>,
    /// The renditions of the stored object.
    pub(crate) renditions: Vec<StoredRendition>,
}

/// A chat that an agent answers for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) key: ChatKey,
    pub(crate) number: String,
    pub(crate) version: i64,
    pub(crate) content_id: Option<ContentId>,
    pub(crate) attempts: i64,
}

/// The greatest version that a device is believed to show: what JSON's numbers hold exactly (RFC 8259 § 6), and far from
/// where adding 1 ends.
pub(crate) const MAX_VERSION: i64 = (1 << 53) - 1;

impl StateStore {
    /// The chat that the device of `number` shows, if the number has this route.
    pub(crate) async fn held(&self, route: &str, number: &str, chat: &str) -> sqlx::Result<Option<Held>> {
        let Some(id) = ChatId::parse(chat) else {
            return Ok(None);
        };
        let select = "SELECT c.account, c.chat, c.normal_form, n.number, c.version, c.content_id, o.attempts \
             FROM numbers n JOIN chats c ON c.account = n.account AND c.chat = $3 \
             LEFT JOIN outbox o ON o.account = c.account AND o.chat = c.chat WHERE n.route = $1 AND n.number = $2";
        let rows = self.engine.read(select, values![route, number, &id.key()]).await?;
        let held = |row: &Cells| {
            let attempts = row.get::<Option<i64>>(6)?.unwrap_or(0);
            let (number, version, content_id) = (row.get(3)?, row.get(4)?, row.get(5)?);
            Ok(Held { key: ChatKey::of(row, 0)?, number, version, content_id, attempts })
        };
        rows.first().map(held).transpose()
    }

    /// Takes changes that are due for the devices of a route, the earliest first, so that nobody else gets them until
    /// the time `until`.
    pub(crate) async fn take_due(&self, route: &str, until: i64, at_most: i64) -> sqlx::Result<Vec<DueChange>> {
        let operation =
            Operation { postgres: TAKE_POSTGRES, sqlite: vec![Step::Do(TAKE_SQLITE)], crash_point: "before_take" };
        let rows = self.engine.atomically(&operation, values![route, now(), until, at_most]).await?;
        rows.iter().map(due).collect()
    }

    /// Whether a change is due for the devices of a route: cheaper than to take one.
    pub(crate) async fn is_due(&self, route: &str) -> sqlx::Result<bool> {
        // The least time of each number is the first of an index.
        let select = "SELECT 1 FROM numbers n WHERE n.route = $1 \
             AND (SELECT MIN(o.next_at) FROM outbox o WHERE o.number = n.number) <= $2 LIMIT 1";
        Ok(!self.engine.read(select, values![route, now()]).await?.is_empty())
    }

    /// Gives changes without a number, or with one that was removed, their account's first number.
    pub(crate) async fn route_pending(&self) -> sqlx::Result<()> {
        // Written only where the account has a number: otherwise every look would write.
        let update = "UPDATE outbox SET number = COALESCE( \
               (SELECT n.number FROM chats c JOIN numbers n ON n.number = c.number AND n.account = c.account \
                WHERE c.account = outbox.account AND c.chat = outbox.chat), \
               (SELECT n.number FROM numbers n WHERE n.account = outbox.account ORDER BY n.added_at, n.number LIMIT 1)) \
             WHERE number IS NULL AND EXISTS (SELECT 1 FROM numbers m WHERE m.account = outbox.account)";
        self.engine.write(update, values![]).await.map(drop)
    }

    /// Records that the device applied `version`, and removes the change from the outbox. Other nodes are told `notice`.
    pub(crate) async fn mark_applied(&self, key: &ChatKey, version: i64, notice: Option<&str>) -> sqlx::Result<()> {
        let operation = Operation {
            postgres: "SELECT mark_applied_1($1, $2, $3, $4)",
            sqlite: vec![
                Step::Do(
                    "UPDATE chats SET applied_version = $3 \
                     WHERE account = $1 AND chat = $2 AND applied_version < $3 AND version >= $3",
                ),
                Step::Do("DELETE FROM outbox WHERE account = $1 AND chat = $2 AND version <= $3"),
            ],
            crash_point: "before_applied",
        };
        let notice = notice.filter(|_| self.notifies);
        self.engine.atomically(&operation, values![&key.account, &key.id(), version, notice]).await.map(drop)
    }

    /// Schedules the next attempt for `time`; `failure` is the code if the device refused.
    pub(crate) async fn postpone(
        &self,
        key: &ChatKey,
        version: i64,
        time: i64,
        failure: Option<&str>,
    ) -> sqlx::Result<()> {
        let update = "UPDATE outbox SET next_at = $4, failure = $5 WHERE account = $1 AND chat = $2 AND version = $3";
        self.engine.write(update, values![&key.account, &key.id(), version, time, failure]).await.map(drop)
    }

    /// Takes the version of a chat past `shown`, which its device shows and which this state does not know: it was
    /// restored from an older backup. Returns the new version; `None` if the chat has changed since it had `version`.
    pub(crate) async fn restore(
        &self,
        key: &ChatKey,
        version: i64,
        shown: i64,
        number: &str,
        next_at: i64,
    ) -> sqlx::Result<Option<i64>> {
        let restored = version.max(shown).saturating_add(1);
        let operation = Operation {
            postgres: "SELECT restore_version_1($1, $2, $3, $4, $5, $6, $7)",
            sqlite: RESTORE
                .map(|(sql, required)| if required { Step::Require(sql, None) } else { Step::Do(sql) })
                .into(),
            crash_point: "before_restore",
        };
        let values = values![&key.account, &key.id(), version, restored, next_at, now(), number];
        let done = self.engine.atomically(&operation, values).await?;
        Ok(done.first().map(|_| restored))
    }

    /// Puts a page of chats into the outbox, so that their devices are told again what they show. Returns how many, and
    /// where the next page begins; `None` at the end.
    pub(crate) async fn send_again(&self, from: &PageStart) -> sqlx::Result<(usize, Option<PageStart>)> {
        let select = "SELECT account, chat FROM chats WHERE (account, chat) > ($1, $2) ORDER BY account, chat LIMIT $3";
        let rows = self.engine.read(select, values![&from.account, &from.chat, PAGE]).await?;
        let Some(last) = rows.last() else {
            return Ok((0, None));
        };
        let last = PageStart { account: last.get(0)?, chat: last.get(1)? };
        let insert = "INSERT INTO outbox (account, chat, version, attempts, next_at, number) \
             SELECT account, chat, version, 0, $1, NULL FROM chats \
             WHERE version > 0 AND (account, chat) > ($2, $3) AND (account, chat) <= ($4, $5) \
             ON CONFLICT (account, chat) DO UPDATE SET next_at = excluded.next_at RETURNING 1";
        let values = values![now(), &from.account, &from.chat, &last.account, &last.chat];
        Ok((self.engine.write(insert, values).await?.len(), Some(last)))
    }

    /// The number of pending changes, at most [`MOST_COUNTED`].
    pub(crate) async fn pending_count(&self) -> sqlx::Result<i64> {
        let select = "SELECT COUNT(*) FROM (SELECT next_at FROM outbox ORDER BY next_at LIMIT $1) pending";
        self.engine.read(select, values![MOST_COUNTED]).await?.first().map_or(Ok(0), |row| row.get(0))
    }
}

/// Counting more pending changes each second would read too much.
const MOST_COUNTED: i64 = 10_000;

const TAKE_POSTGRES: &str = concat!(
    "UPDATE outbox SET attempts = attempts + 1, next_at = $3 \
     FROM (SELECT d.account, d.chat FROM numbers n CROSS JOIN LATERAL \
       (SELECT o.account, o.chat FROM outbox o WHERE o.number = n.number AND o.account = n.account AND o.next_at <= $2 \
        ORDER BY o.next_at LIMIT $4 FOR UPDATE SKIP LOCKED) d WHERE n.route = $1 LIMIT $4) due, chats c \
     WHERE outbox.account = due.account AND outbox.chat = due.chat \
       AND c.account = due.account AND c.chat = due.chat AND c.version = outbox.version \
     RETURNING outbox.account, outbox.chat, c.normal_form, outbox.number, outbox.version, outbox.attempts, \
       c.content_id, c.token, ",
    renditions_of!("c.token")
);

const TAKE_SQLITE: &str = concat!(
    "UPDATE outbox SET attempts = attempts + 1, next_at = $3 FROM chats c \
     WHERE (outbox.account, outbox.chat) IN (SELECT o.account, o.chat FROM numbers n JOIN outbox o \
       ON o.number = n.number AND o.account = n.account WHERE n.route = $1 AND o.next_at <= $2 \
       ORDER BY o.next_at LIMIT $4) \
       AND c.account = outbox.account AND c.chat = outbox.chat AND c.version = outbox.version \
     RETURNING account, chat, (SELECT normal_form FROM chats d WHERE d.account = outbox.account AND d.chat = outbox.chat), \
       number, version, attempts, \
       (SELECT content_id FROM chats d WHERE d.account = outbox.account AND d.chat = outbox.chat), \
       (SELECT token FROM chats d WHERE d.account = outbox.account AND d.chat = outbox.chat), ",
    renditions_of!("(SELECT token FROM chats d WHERE d.account = outbox.account AND d.chat = outbox.chat)")
);

/// The same as the function, for SQLite, and which steps must find a row.
const RESTORE: [(&str, bool); 5] = [
    ("UPDATE chats SET version = $4 WHERE account = $1 AND chat = $2 AND version = $3 RETURNING 1", true),
    (
        "INSERT INTO history (account, chat, version, content_id, request_id, changed_at, skipped) \
         SELECT account, chat, $4, content_id, 'restored', $6, $4 - $3 - 1 FROM chats WHERE account = $1 AND chat = $2",
        false,
    ),
    (
        "INSERT INTO outbox (account, chat, version, attempts, next_at, number) VALUES ($1, $2, $4, 0, $5, $7) \
         ON CONFLICT (account, chat) DO UPDATE SET version = excluded.version, next_at = excluded.next_at, \
         number = excluded.number, failure = NULL",
        false,
    ),
    (
        "UPDATE idempotency SET version = $4, answer = replace(answer, '\"background_version\":' || $3 || ',', \
         '\"background_version\":' || $4 || ',') WHERE account = $1 AND chat = $2 AND version = $3",
        false,
    ),
    ("SELECT $4", true),
];

fn due(row: &Cells) -> sqlx::Result<DueChange> {
    Ok(DueChange {
        key: ChatKey::of(row, 0)?,
        number: row.get(3)?,
        version: row.get(4)?,
        attempts: row.get(5)?,
        content_id: row.get(6)?,
        token: row.get(7)?,
        renditions: row.get(8)?,
    })
}
