-- When a key ends, and when it was used last, to a minute.
ALTER TABLE api_keys ADD COLUMN expires_at BIGINT;
ALTER TABLE api_keys ADD COLUMN used_at BIGINT;
