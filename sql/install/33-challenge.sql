-- Challenges: what a card signs to register, log in or step up

CREATE TABLE passport.challenge (
  challenge_id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  purpose text NOT NULL CHECK (purpose IN ('register', 'log_in', 'step_up')),
  audience text NOT NULL,
  message bytea NOT NULL,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  consumed_at timestamptz
);
COMMENT ON TABLE passport.challenge IS
'Messages to be signed, each once, for one purpose and one audience.';
CREATE INDEX challenge_expires_at ON passport.challenge (expires_at);

CREATE FUNCTION passport.nonce() RETURNS bytea
  LANGUAGE c VOLATILE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_nonce';
COMMENT ON FUNCTION passport.nonce() IS
'Sixteen random bytes.';

CREATE FUNCTION passport.begin_challenge(purpose text, audience text DEFAULT 'passport',
    OUT challenge_id uuid, OUT message bytea, OUT expires_at timestamptz)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  what text;
BEGIN
  -- an ELSE-less CASE would raise an error of its own for an unknown purpose
  what := CASE WHEN purpose = 'register' THEN '利用登録をします (register)'
               WHEN purpose = 'log_in' THEN 'ログインします (log in)'
               WHEN purpose = 'step_up' THEN '大切な手続きのため本人であることを確かめます (step up)'
          END;
  IF what IS NULL THEN
    RAISE EXCEPTION 'refused: unknown_purpose'
      USING ERRCODE = 'PT422',
            DETAIL = '{"pointer": "/purpose", "code": "unknown_purpose", "text": "A purpose is register, log_in or step_up."}';
  END IF;
  IF NOT EXISTS (SELECT FROM passport.audience AS a WHERE a.audience = begin_challenge.audience) THEN
    RAISE EXCEPTION 'unknown audience'
      USING ERRCODE = 'PT404', HINT = 'Audiences are listed in passport.audience.';
  END IF;

  challenge_id := gen_random_uuid();
  expires_at := passport.now() + current_setting('passport.challenge_lifetime')::interval;
  message := convert_to(format(
E'みなみまきパスポート Minamimaki Passport\n%s\n利用先 service: %s\n市区町村 municipality: %s\n日時 time: %s\n番号 number: %s\n乱数 nonce: %s\n',
    what, audience, current_setting('passport.municipality_code'),
    to_char(passport.now() AT TIME ZONE current_setting('passport.timezone'), 'YYYY-MM-DD HH24:MI:SS'),
    challenge_id, encode(passport.nonce(), 'hex')), 'UTF8');
  INSERT INTO passport.challenge (challenge_id, purpose, audience, message, created_at, expires_at)
    VALUES (challenge_id, purpose, audience, message, passport.now(), expires_at);
END $$;
COMMENT ON FUNCTION passport.begin_challenge(text, text) IS
'Makes a message for a card to sign: readable text (UTF-8) with purpose, service, time and 16 random bytes, so that what is seen is what is signed. purpose: register, log_in or step_up; audience: the service that the answer is for. The answer must come before expires_at (passport.challenge_lifetime) and counts once, for this purpose and audience only. PT422 for an unknown purpose, PT404 for an unknown audience.';

CREATE FUNCTION passport.consume_challenge(challenge_id uuid, purpose text, audience text) RETURNS bytea
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  message bytea;
BEGIN
  -- one statement: of two who come at once, the second waits and finds it consumed
  UPDATE passport.challenge AS c SET consumed_at = passport.now()
   WHERE c.challenge_id = consume_challenge.challenge_id
     AND c.purpose = consume_challenge.purpose AND c.audience = consume_challenge.audience
     AND c.consumed_at IS NULL AND c.expires_at > passport.now()
   RETURNING c.message INTO message;
  IF message IS NULL THEN
    RAISE EXCEPTION 'the challenge is unknown, used or expired'
      USING ERRCODE = 'PT410', HINT = 'Begin another one; each is for one purpose and one audience.';
  END IF;
  RETURN message;
END $$;
COMMENT ON FUNCTION passport.consume_challenge(uuid, text, text) IS
'Takes a challenge before its signature is looked at and returns its message; PT410 if it is used, expired, or for another purpose or audience. Who calls it must not raise an error for a bad signature, or the challenge could be tried again.';

CREATE FUNCTION passport.forget_challenges(older_than interval DEFAULT '1 day') RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH gone AS (
    DELETE FROM passport.challenge WHERE expires_at < passport.now() - older_than RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_challenges(interval) IS
'Deletes challenges that expired longer ago than this and returns how many.';
