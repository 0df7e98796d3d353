-- The functions of 3, with renditions. Those of 3 stay for servers of the version before this one.

-- When an object is erased, also by a server that does not know of renditions, those of it become intents that nobody
-- will commit. Every server erases the bytes of such intents.
CREATE FUNCTION abandon_renditions_1() RETURNS TRIGGER LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO intents (token, started_at, collecting)
    SELECT DISTINCT token, 0, 0 FROM renditions WHERE object = OLD.token AND token <> OLD.token
    ON CONFLICT DO NOTHING;
  DELETE FROM renditions WHERE object = OLD.token;
  RETURN NULL;
END $$;
CREATE TRIGGER renditions_of_erased AFTER DELETE ON objects FOR EACH ROW EXECUTE FUNCTION abandon_renditions_1();

-- Gives renditions, a JSON array of rows, to an object that its caller has locked, and ends their intents. False where one
-- was not added: the object has one of that fingerprint, or its intent is being collected.
CREATE FUNCTION add_renditions_1(p_object TEXT, p_renditions TEXT)
RETURNS BOOLEAN LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE
  tokens TEXT[];
  added BIGINT;
BEGIN
  SELECT array_agg(DISTINCT r.token) INTO tokens FROM json_to_recordset(p_renditions::json) AS r(token TEXT);
  SELECT array_agg(token) INTO tokens FROM (
    SELECT token FROM intents WHERE token = ANY (tokens) AND collecting = 0 ORDER BY token FOR UPDATE) AS intended;
  tokens := array_append(tokens, p_object) || ARRAY(SELECT token FROM renditions WHERE object = p_object);
  INSERT INTO renditions (object, fingerprint, token, content_id, width, height, bytes)
    SELECT p_object, r.fingerprint, r.token, r.content_id, r.width, r.height, r.bytes
    FROM json_to_recordset(p_renditions::json)
      AS r(fingerprint TEXT, token TEXT, content_id TEXT, width BIGINT, height BIGINT, bytes BIGINT)
    WHERE r.token = ANY (tokens)
    ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS added = ROW_COUNT;
  DELETE FROM intents WHERE token = ANY (ARRAY(SELECT token FROM renditions WHERE object = p_object));
  RETURN added = json_array_length(p_renditions::json);
END $$;

-- As commit_change_1; the new object, or the shared one, also gets `p_renditions`, if there are any.
CREATE FUNCTION commit_change_2(
  p_account TEXT, p_chat TEXT, p_normal_form TEXT, p_after BIGINT, p_content_id TEXT, p_token TEXT, p_object TEXT,
  p_source_id TEXT, p_fingerprint TEXT, p_receipt TEXT, p_number TEXT, p_request_id TEXT, p_next_at BIGINT,
  p_now BIGINT, p_name TEXT, p_request TEXT, p_answer TEXT, p_notice TEXT, p_renditions TEXT
) RETURNS TEXT LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
DECLARE
  result TEXT;
BEGIN
  result := commit_change_1(p_account, p_chat, p_normal_form, p_after, p_content_id, p_token, p_object, p_source_id,
    p_fingerprint, p_receipt, p_number, p_request_id, p_next_at, p_now, p_name, p_request, p_answer, p_notice);
  IF result = 'changed' AND p_renditions IS NOT NULL AND NOT add_renditions_1(p_token, p_renditions) THEN
    RAISE EXCEPTION USING ERRCODE = 'P0001', MESSAGE = 'unshared';
  END IF;
  RETURN result;
EXCEPTION WHEN raise_exception THEN
  GET STACKED DIAGNOSTICS result = MESSAGE_TEXT;
  RETURN result;
END $$;

-- As attach_object_1; the object also gets its renditions, if there are any.
CREATE FUNCTION attach_object_2(p_account TEXT, p_content_id TEXT, p_token TEXT, p_now BIGINT, p_renditions TEXT)
RETURNS SETOF BIGINT LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
BEGIN
  PERFORM attach_object_1(p_account, p_content_id, p_token, p_now);
  IF FOUND THEN
    IF p_renditions IS NOT NULL THEN
      PERFORM add_renditions_1(p_token, p_renditions);
    END IF;
    RETURN NEXT 1;
  END IF;
END $$;

-- Gives renditions to a stored object, as far as it has none of their fingerprints; nothing where it is being erased.
CREATE FUNCTION attach_renditions_1(p_object TEXT, p_renditions TEXT)
RETURNS SETOF BIGINT LANGUAGE plpgsql SET lock_timeout = '2s' AS $$
BEGIN
  PERFORM 1 FROM objects WHERE token = p_object AND erasing = 0 FOR UPDATE;
  IF FOUND THEN
    PERFORM add_renditions_1(p_object, p_renditions);
    RETURN NEXT 1;
  END IF;
END $$;
