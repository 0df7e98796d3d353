-- For SQLite and PostgreSQL alike. Times are milliseconds since 1970, ids are hex text.

CREATE TABLE api_keys (
  id TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  hash TEXT NOT NULL,
  label TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  revoked_at BIGINT
);

CREATE TABLE numbers (
  number TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  route TEXT NOT NULL,
  added_at BIGINT NOT NULL
);
CREATE INDEX numbers_of_account ON numbers (account, number);

-- The last change of each chat. content_id is null after a removal; token is null then, and where the object
-- could not be stored yet.
CREATE TABLE chats (
  account TEXT NOT NULL,
  chat TEXT NOT NULL,
  version BIGINT NOT NULL,
  applied_version BIGINT NOT NULL,
  content_id TEXT,
  token TEXT,
  source_id TEXT,
  fingerprint TEXT,
  receipt TEXT,
  number TEXT,
  PRIMARY KEY (account, chat)
);
CREATE INDEX chats_of_token ON chats (token);

CREATE TABLE history (
  account TEXT NOT NULL,
  chat TEXT NOT NULL,
  version BIGINT NOT NULL,
  content_id TEXT,
  request_id TEXT NOT NULL,
  changed_at BIGINT NOT NULL,
  PRIMARY KEY (account, chat, version)
);

-- Stored objects. unused_since is set when no chat refers to one; erasing before its bytes go.
CREATE TABLE objects (
  token TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL,
  content_id TEXT NOT NULL,
  stored_at BIGINT NOT NULL,
  unused_since BIGINT,
  erasing BIGINT NOT NULL
);
CREATE INDEX objects_of_content ON objects (account, content_id);
CREATE INDEX objects_unused ON objects (unused_since);

-- Objects that are being stored; collecting is set before the bytes of an abandoned one go.
CREATE TABLE intents (
  token TEXT NOT NULL PRIMARY KEY,
  started_at BIGINT NOT NULL,
  collecting BIGINT NOT NULL
);

-- Changes that the device has not taken, the last of each chat; due at next_at.
CREATE TABLE outbox (
  account TEXT NOT NULL,
  chat TEXT NOT NULL,
  version BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  PRIMARY KEY (account, chat)
);
CREATE INDEX outbox_due ON outbox (next_at);

CREATE TABLE idempotency (
  account TEXT NOT NULL,
  name TEXT NOT NULL,
  request TEXT NOT NULL,
  chat TEXT NOT NULL,
  version BIGINT NOT NULL,
  answer TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (account, name)
);
CREATE INDEX idempotency_by_age ON idempotency (created_at);
