-- Only adds: a server of the version before this one may still run on this schema, and finds its tables and columns.

-- The chat id, where `chat` is the key of a long one.
ALTER TABLE chats ADD COLUMN normal_form TEXT;

-- Versions left out before this one, after a restored backup.
ALTER TABLE history ADD COLUMN skipped BIGINT;
CREATE INDEX history_by_age ON history (changed_at);

-- The number whose device takes the change, and the code of its last refusal.
ALTER TABLE outbox ADD COLUMN number TEXT;
ALTER TABLE outbox ADD COLUMN failure TEXT;
CREATE INDEX outbox_of_number ON outbox (number, next_at);
CREATE INDEX outbox_unrouted ON outbox (account, chat) WHERE number IS NULL;
CREATE INDEX numbers_of_route ON numbers (route);

-- Agents beside devices. polled_at is when one last asked for changes, to a few seconds.
CREATE TABLE agents (
  id TEXT NOT NULL PRIMARY KEY,
  hash TEXT NOT NULL,
  added_at BIGINT NOT NULL,
  revoked_at BIGINT,
  polled_at BIGINT
);

-- Canonical images that the object store has not taken yet.
CREATE TABLE spool (
  content_id TEXT NOT NULL PRIMARY KEY,
  bytes BYTEA NOT NULL,
  size BIGINT NOT NULL,
  spooled_at BIGINT NOT NULL
);

-- What the periodic queries look for, and nothing else.
CREATE INDEX objects_to_erase ON objects (unused_since) WHERE unused_since IS NOT NULL;
CREATE INDEX chats_unstored ON chats (content_id) WHERE token IS NULL AND content_id IS NOT NULL;
CREATE INDEX intents_by_age ON intents (started_at);
DROP INDEX objects_unused;
