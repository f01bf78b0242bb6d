-- Kiosks: logging in at a shared screen by a code that a resident approves elsewhere (RFC 8628)

CREATE TABLE passport.kiosk_login (
  device_hash bytea PRIMARY KEY CHECK (octet_length(device_hash) = 32),
  user_code text NOT NULL UNIQUE CHECK (user_code ~ '^[BCDFGHJKLMNPQRSTVWXZ]{8}$'),
  kiosk text NOT NULL CHECK (length(kiosk) BETWEEN 1 AND 100),
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'approved', 'denied', 'used')),
  approved_by bigint REFERENCES passport.resident,
  approving_session uuid,
  created_at timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  polled_at timestamptz,
  CHECK ((state IN ('approved', 'used')) = (approved_by IS NOT NULL))
);
COMMENT ON TABLE passport.kiosk_login IS
'Logins that kiosks asked for. The kiosk''s own secret is kept as its SHA-256 only.';
CREATE INDEX kiosk_login_expires_at ON passport.kiosk_login (expires_at);

CREATE FUNCTION passport.user_code() RETURNS text
  LANGUAGE plpgsql VOLATILE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  code text := '';
  random bytea;
BEGIN
  -- letters without vowels, which make no words (RFC 8628 6.1); a byte above the last whole twenty would favour some
  LOOP
    random := passport.nonce();
    FOR i IN 0..15 LOOP
      IF get_byte(random, i) < 240 THEN
        code := code || substr('BCDFGHJKLMNPQRSTVWXZ', 1 + get_byte(random, i) % 20, 1);
      END IF;
    END LOOP;
    IF length(code) >= 8 THEN
      RETURN left(code, 8);
    END IF;
  END LOOP;
END $$;
COMMENT ON FUNCTION passport.user_code() IS
'Eight random letters of twenty.';

CREATE FUNCTION passport.begin_kiosk_login(kiosk text,
    OUT device_code text, OUT user_code text, OUT expires_at timestamptz, OUT interval_seconds int)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  IF kiosk IS NULL OR length(kiosk) NOT BETWEEN 1 AND 100 THEN
    PERFORM passport.refuse('/kiosk', 'length', 'A kiosk has a name of 1 to 100 letters.');
  END IF;
  PERFORM passport.refuse_individual_number('/kiosk', kiosk);
  PERFORM passport.require_token_key();
  device_code := encode(passport.nonce() || passport.nonce(), 'hex');
  user_code := passport.user_code();
  expires_at := passport.now() + interval '10 minutes';
  interval_seconds := 5;
  INSERT INTO passport.kiosk_login (device_hash, user_code, kiosk, created_at, expires_at)
    VALUES (sha256(convert_to(device_code, 'UTF8')), user_code, kiosk, passport.now(), expires_at);
  user_code := left(user_code, 4) || '-' || right(user_code, 4);
END $$;
COMMENT ON FUNCTION passport.begin_kiosk_login(text) IS
'A kiosk asks for a login: it shows user_code (XXXX-XXXX, for ten minutes) and asks poll_kiosk_login with its secret device_code every interval_seconds. kiosk: where it stands, as the resident will be told. PT422 without a name, PT503 without a token key.';

CREATE FUNCTION passport.approve_kiosk_login(user_code text, kiosk text DEFAULT NULL, approve boolean DEFAULT true,
    OUT verdict text, OUT asking text)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  acting CONSTANT bigint := passport.session_holder('approve_kiosk_login');
  code CONSTANT text := upper(regexp_replace(left(user_code, 20), '[- ]', '', 'g'));
BEGIN
  PERFORM passport.require_self();
  IF passport.attempts_exhausted('resident', acting::text) THEN
    verdict := 'limited';
    RETURN;
  END IF;
  SELECT k.kiosk INTO asking FROM passport.kiosk_login AS k
   WHERE k.user_code = code AND k.state = 'pending' AND k.expires_at > passport.now() FOR UPDATE;
  IF asking IS NULL THEN
    PERFORM passport.note_failure('resident', acting::text);
    verdict := 'unknown_code';
  ELSIF approve AND kiosk IS DISTINCT FROM asking THEN
    -- first look where it stands, then say so: a code that came by mail stands elsewhere
    verdict := 'confirm';
  ELSE
    UPDATE passport.kiosk_login AS k
       SET state = CASE WHEN approve THEN 'approved' ELSE 'denied' END,
           approved_by = CASE WHEN approve THEN acting END,
           approving_session = CASE WHEN approve THEN passport.acting_session() END
     WHERE k.user_code = code;
    verdict := CASE WHEN approve THEN 'approved' ELSE 'denied' END;
  END IF;
END $$;
COMMENT ON FUNCTION passport.approve_kiosk_login(text, text, boolean) IS
'The acting resident lets a kiosk log in as themself by the code that it shows. First without kiosk: verdict confirm, and asking says where the kiosk stands; then with this as kiosk: approved. approve false: denied. unknown_code: none, used or expired; limited: the resident guessed passport.attempt_limit times within passport.attempt_window. Does not raise for a wrong code, for the count must stay. PT401 when nobody acts or the login is not fresh enough.';

CREATE FUNCTION passport.poll_kiosk_login(device_code text,
    OUT verdict text, OUT session_id uuid, OUT id_token text, OUT expires_at timestamptz)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  login passport.kiosk_login;
BEGIN
  SELECT * INTO login FROM passport.kiosk_login AS k
   WHERE k.device_hash = sha256(convert_to(device_code, 'UTF8')) FOR UPDATE;
  verdict := CASE WHEN login.device_hash IS NULL OR login.state = 'used' OR login.expires_at <= passport.now() THEN 'expired_token'
                  WHEN login.state = 'denied' THEN 'access_denied'
                  WHEN login.polled_at > passport.now() - interval '4 seconds' THEN 'slow_down'
                  WHEN login.state = 'pending' THEN 'authorization_pending'
                  ELSE 'valid' END;
  UPDATE passport.kiosk_login AS k
     SET polled_at = passport.now(), state = CASE WHEN verdict = 'valid' THEN 'used' ELSE k.state END
   WHERE k.device_hash = login.device_hash;
  IF verdict <> 'valid' THEN
    RETURN;
  END IF;
  PERFORM passport.hold_sessions(login.approved_by);
  -- it lives in the login that approved it and ends with that one; of the person it proves presence only (RFC 8176)
  INSERT INTO passport.session (resident_id, audience, acr, amr, issuer_id, serial, auth_time, expires_at, login_id)
    SELECT s.resident_id, 'passport', 'passport.basic', '{user}', s.issuer_id, s.serial, passport.now(),
           least(s.expires_at, passport.now() + interval '10 minutes'), s.login_id
      FROM passport.session AS s
      JOIN passport.account AS a ON a.resident_id = s.resident_id AND a.state = 'active'
     WHERE s.resident_id = login.approved_by AND s.session_id = login.approving_session
       AND s.revoked_at IS NULL AND s.expires_at > passport.now()
    RETURNING session.session_id INTO session_id;
  IF session_id IS NULL THEN
    verdict := 'access_denied';
    RETURN;
  END IF;
  SELECT t.id_token, t.expires_at INTO id_token, expires_at FROM passport.issue_token(login.approved_by, session_id) AS t;
END $$;
COMMENT ON FUNCTION passport.poll_kiosk_login(text) IS
'The kiosk asks what became of its login. verdict, in the words of RFC 8628: authorization_pending, slow_down (asked within four seconds), access_denied, expired_token (unknown, over, or used already), or valid, once: then id_token is of a session of level passport.basic for ten minutes, which ends with the login that approved it. PT503 without a token key.';

CREATE FUNCTION passport.forget_kiosk_logins(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT k.device_hash FROM passport.kiosk_login AS k WHERE k.expires_at < before
     ORDER BY k.expires_at LIMIT max_rows FOR UPDATE SKIP LOCKED),
  gone AS (DELETE FROM passport.kiosk_login AS k USING due WHERE k.device_hash = due.device_hash RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_kiosk_logins(timestamptz, int) IS
'Deletes what kiosks asked for and what expired before a time, max_rows at most, and returns how many. For purge_expired.';
