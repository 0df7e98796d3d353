-- When an object is erased, also by a server that does not know of renditions, those of it become intents that nobody
-- will commit. Every server erases the bytes of such intents.
CREATE TRIGGER renditions_of_erased AFTER DELETE ON objects BEGIN
  INSERT OR IGNORE INTO intents (token, started_at, collecting)
    SELECT DISTINCT token, 0, 0 FROM renditions WHERE object = OLD.token AND token <> OLD.token;
  DELETE FROM renditions WHERE object = OLD.token;
END;
