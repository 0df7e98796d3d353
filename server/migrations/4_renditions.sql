-- Only adds, as before: a server of the version before this one may still run on this schema.

-- Renditions of stored objects. `object` is the token of the canonical image, whose account and use are theirs, too.
-- `token` is that of the rendition's own bytes; renditions of the same bytes share it, and one that is the canonical file
-- has its token.
CREATE TABLE renditions (
  object TEXT NOT NULL,
  fingerprint TEXT NOT NULL,
  token TEXT NOT NULL,
  content_id TEXT NOT NULL,
  width BIGINT NOT NULL,
  height BIGINT NOT NULL,
  bytes BIGINT NOT NULL,
  PRIMARY KEY (object, fingerprint)
);
CREATE INDEX renditions_of_token ON renditions (token);

-- The renditions of a spooled image: what they are as JSON, and their bytes one after another.
ALTER TABLE spool ADD COLUMN renditions TEXT;
ALTER TABLE spool ADD COLUMN rendition_bytes BYTEA;
