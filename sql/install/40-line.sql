-- LINE: whose account it is, is proven by a nonce that went through LINE's account linking

CREATE TABLE passport.line_link_directory (
  nonce_digest bytea PRIMARY KEY CHECK (octet_length(nonce_digest) = 32),
  resident_id bigint NOT NULL REFERENCES passport.resident,
  expires_at timestamptz NOT NULL
);
COMMENT ON TABLE passport.line_link_directory IS
'Whose account of LINE is to be linked, by the SHA-256 of the nonce that LINE brings back.';
CREATE INDEX line_link_directory_expires ON passport.line_link_directory (expires_at);

CREATE FUNCTION passport.begin_line_link(OUT nonce text, OUT expires_at timestamptz)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  acting bigint;
BEGIN
  PERFORM passport.require_level('register_device');
  acting := passport.record_act('begin_line_link');
  -- two random UUIDs: 244 bits that nobody can guess (LINE asks for 128), in hex
  nonce := replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', '');
  expires_at := passport.now() + interval '10 minutes';
  INSERT INTO passport.line_link_directory VALUES (sha256(convert_to(nonce, 'UTF8')), acting, begin_line_link.expires_at);
END $$;
COMMENT ON FUNCTION passport.begin_line_link() IS
'Begins linking the acting resident''s account of LINE: the app''s backend sends their browser to https://access.line.me/dialog/bot/accountLink with the linkToken that LINE gave for the user and this nonce (64 hex digits, good once, for ten minutes). PT401 when nobody acts. Source: LINE Messaging API, account linking.';

CREATE FUNCTION passport.finish_line_link(nonce text, line_user_id text) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  linked passport.line_link_directory;
BEGIN
  IF nonce IS NULL OR line_user_id IS NULL THEN
    PERFORM passport.refuse('', 'missing', 'Give the nonce and the user id of the accountLink event.');
  END IF;
  DELETE FROM passport.line_link_directory AS l
   WHERE l.nonce_digest = sha256(convert_to(nonce, 'UTF8')) RETURNING * INTO linked;
  IF NOT FOUND OR linked.expires_at <= passport.now() THEN
    RAISE EXCEPTION 'the nonce was used, has expired or never was' USING ERRCODE = 'PT410',
      HINT = 'Begin the linking again.';
  END IF;
  RETURN passport.add_device(linked.resident_id, 'line', line_user_id);
END $$;
COMMENT ON FUNCTION passport.finish_line_link(text, text) IS
'Links the account of LINE that came back with a nonce to the resident for whom begin_line_link made it. The app''s backend calls it with what an accountLink event with result ok says, after it has verified the event''s X-Line-Signature. nonce: link.nonce; line_user_id: source.userId, U and 32 hex digits. Returns the device_id. A user id that another resident had is taken over. Errors: PT410 nonce used, expired or unknown, PT422 malformed, PT429 more than 20 devices.';

CREATE FUNCTION passport.forget_line_links(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT l.nonce_digest FROM passport.line_link_directory AS l
     WHERE l.expires_at < before LIMIT max_rows FOR UPDATE SKIP LOCKED),
  gone AS (
    DELETE FROM passport.line_link_directory AS l USING due
     WHERE l.nonce_digest = due.nonce_digest RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_line_links(timestamptz, int) IS
'Deletes nonces that expired before a time, max_rows at most, and returns how many. For purge_expired.';
