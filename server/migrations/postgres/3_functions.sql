-- Each is one round trip. A changed function gets a new name, so that two versions of the server can run side by side.
-- A statement within a function sees what was committed before it, so a row that is locked first is judged afterwards.

-- Changes a chat that still has the version `p_after`: 'changed'. Otherwise 'stale', or 'unshared' where the object is
-- being erased or collected, or 'used' where the idempotency key was used meanwhile; then nothing is written.
CREATE FUNCTION commit_change_1(
  p_account TEXT, p_chat TEXT, p_normal_form TEXT, p_after BIGINT, p_content_id TEXT, p_token TEXT, p_object TEXT,
  p_source_id TEXT, p_fingerprint TEXT, p_receipt TEXT, p_number TEXT, p_request_id TEXT, p_next_at BIGINT,
  p_now BIGINT, p_name TEXT, p_request TEXT, p_answer TEXT, p_notice TEXT
) RETURNS TEXT LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE
  old_token TEXT;
  result TEXT;
BEGIN
  IF p_after = 0 THEN
    INSERT INTO chats (account, chat, version, applied_version) VALUES (p_account, p_chat, 0, 0) ON CONFLICT DO NOTHING;
  END IF;
  SELECT token INTO old_token FROM chats
    WHERE account = p_account AND chat = p_chat AND version = p_after FOR UPDATE;
  IF NOT FOUND THEN
    RETURN 'stale';
  END IF;
  -- In the order of tokens: otherwise two changes that swap objects could wait for each other.
  PERFORM 1 FROM objects WHERE token IN (old_token, p_token) ORDER BY token FOR UPDATE;
  IF p_object = 'shared' THEN
    UPDATE objects SET unused_since = NULL WHERE token = p_token AND erasing = 0;
    IF NOT FOUND THEN
      RETURN 'unshared';
    END IF;
  END IF;
  IF p_name IS NOT NULL THEN
    INSERT INTO idempotency (account, name, request, chat, version, answer, created_at)
      VALUES (p_account, p_name, p_request, p_chat, p_after + 1, p_answer, p_now) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
      RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = 'used';
    END IF;
  END IF;
  IF p_object = 'fresh' THEN
    DELETE FROM intents WHERE token = p_token AND collecting = 0;
    IF NOT FOUND THEN
      RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = 'unshared';
    END IF;
    INSERT INTO objects (token, account, content_id, stored_at, erasing)
      VALUES (p_token, p_account, p_content_id, p_now, 0);
  END IF;
  UPDATE chats SET version = p_after + 1, content_id = p_content_id, token = p_token, source_id = p_source_id,
    fingerprint = p_fingerprint, receipt = p_receipt, number = p_number, normal_form = p_normal_form
    WHERE account = p_account AND chat = p_chat;
  UPDATE objects SET unused_since = p_now WHERE token = old_token AND token IS DISTINCT FROM p_token
    AND NOT EXISTS (SELECT 1 FROM chats WHERE chats.token = old_token);
  INSERT INTO history (account, chat, version, content_id, request_id, changed_at)
    VALUES (p_account, p_chat, p_after + 1, p_content_id, p_request_id, p_now);
  INSERT INTO outbox (account, chat, version, attempts, next_at, number)
    VALUES (p_account, p_chat, p_after + 1, 0, p_next_at, p_number)
    ON CONFLICT (account, chat) DO UPDATE SET version = excluded.version, attempts = 0, next_at = excluded.next_at,
      number = excluded.number, failure = NULL;
  IF p_notice IS NOT NULL THEN
    PERFORM pg_notify('image_ingest', p_notice);
  END IF;
  RETURN 'changed';
EXCEPTION WHEN raise_exception THEN
  GET STACKED DIAGNOSTICS result = MESSAGE_TEXT;
  RETURN result;
END $$;

-- Gives an object to the account's chats that have this content and no object; no row where there is none any more.
CREATE FUNCTION attach_object_1(p_account TEXT, p_content_id TEXT, p_token TEXT, p_now BIGINT)
RETURNS SETOF BIGINT LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
BEGIN
  PERFORM 1 FROM chats WHERE account = p_account AND content_id = p_content_id AND token IS NULL FOR UPDATE;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  DELETE FROM intents WHERE token = p_token AND collecting = 0;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  INSERT INTO objects (token, account, content_id, stored_at, erasing) VALUES (p_token, p_account, p_content_id, p_now, 0);
  UPDATE chats SET token = p_token WHERE account = p_account AND content_id = p_content_id AND token IS NULL;
  RETURN NEXT 1;
END $$;

-- Marks objects that no chat refers to as being erased, so that no change can use them any more, and returns them. One
-- whose erasing is not finished by `p_again` is returned again.
CREATE FUNCTION begin_erasing_1(p_before BIGINT, p_again BIGINT, p_at_most BIGINT)
RETURNS SETOF TEXT LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE
  tokens TEXT[];
BEGIN
  SELECT array_agg(token) INTO tokens FROM (
    SELECT token FROM objects WHERE unused_since IS NOT NULL AND unused_since < p_before
      ORDER BY unused_since LIMIT p_at_most FOR UPDATE SKIP LOCKED) AS unused;
  RETURN QUERY UPDATE objects SET erasing = 1, unused_since = p_again
    WHERE token = ANY (tokens) AND NOT EXISTS (SELECT 1 FROM chats WHERE chats.token = objects.token)
    RETURNING token;
  -- A server of an earlier version may have marked one that is in use again.
  UPDATE objects SET unused_since = NULL
    WHERE token = ANY (tokens) AND erasing = 0 AND EXISTS (SELECT 1 FROM chats WHERE chats.token = objects.token);
END $$;

-- Records that the device has applied `p_version`.
CREATE FUNCTION mark_applied_1(p_account TEXT, p_chat TEXT, p_version BIGINT, p_notice TEXT)
RETURNS SETOF BIGINT LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
BEGIN
  UPDATE chats SET applied_version = p_version
    WHERE account = p_account AND chat = p_chat AND applied_version < p_version AND version >= p_version;
  DELETE FROM outbox WHERE account = p_account AND chat = p_chat AND version <= p_version;
  IF p_notice IS NOT NULL THEN
    PERFORM pg_notify('image_ingest', p_notice);
  END IF;
  RETURN NEXT p_version;
END $$;

-- Takes the version of a chat past the one that its device shows; no row where the chat has changed meanwhile.
CREATE FUNCTION restore_version_1(
  p_account TEXT, p_chat TEXT, p_version BIGINT, p_restored BIGINT, p_next_at BIGINT, p_now BIGINT, p_number TEXT
) RETURNS SETOF BIGINT LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
BEGIN
  UPDATE chats SET version = p_restored WHERE account = p_account AND chat = p_chat AND version = p_version;
  IF NOT FOUND THEN
    RETURN;
  END IF;
  INSERT INTO history (account, chat, version, content_id, request_id, changed_at, skipped)
    SELECT account, chat, p_restored, content_id, 'restored', p_now, p_restored - p_version - 1
    FROM chats WHERE account = p_account AND chat = p_chat;
  INSERT INTO outbox (account, chat, version, attempts, next_at, number)
    VALUES (p_account, p_chat, p_restored, 0, p_next_at, p_number)
    ON CONFLICT (account, chat) DO UPDATE SET version = excluded.version, next_at = excluded.next_at,
      number = excluded.number, failure = NULL;
  UPDATE idempotency SET version = p_restored, answer = replace(answer,
      '"background_version":' || p_version || ',', '"background_version":' || p_restored || ',')
    WHERE account = p_account AND chat = p_chat AND version = p_version;
  RETURN NEXT p_restored;
END $$;
