-- Sessions: logging in, acting, logging out

CREATE TABLE passport.session (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  session_id uuid NOT NULL DEFAULT gen_random_uuid(),
  audience text NOT NULL REFERENCES passport.audience,
  acr text NOT NULL CHECK (acr IN ('passport.basic', 'jpki.authentication', 'jpki.signature')),
  amr text[] NOT NULL,
  issuer_id int NOT NULL REFERENCES passport.certificate_issuer,
  serial text NOT NULL,
  auth_time timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  step_acr text CHECK (step_acr IN ('jpki.authentication', 'jpki.signature')),
  step_time timestamptz,
  login_id uuid NOT NULL DEFAULT gen_random_uuid(),
  PRIMARY KEY (resident_id, session_id),
  CHECK ((step_acr IS NULL) = (step_time IS NULL))
);
COMMENT ON TABLE passport.session IS
'Sessions: by which certificate, for which service, until when. Those that came of one login share login_id and end together. step_acr: what a step up at step_time raised it to for passport.step_up_lifetime. A token counts only while its session does.';
CREATE INDEX session_ended ON passport.session (least(revoked_at, expires_at));

CREATE FUNCTION passport.issue_token(resident_id bigint, session_id uuid, nonce text DEFAULT NULL, OUT id_token text, OUT expires_at timestamptz)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  login passport.session;
  service passport.audience;
  signer passport.token_key;
  subject uuid;
  raised boolean;
BEGIN
  SELECT * INTO STRICT login FROM passport.session AS s
   WHERE s.resident_id = issue_token.resident_id AND s.session_id = issue_token.session_id;
  SELECT * INTO STRICT service FROM passport.audience AS a WHERE a.audience = login.audience;
  SELECT * INTO STRICT signer FROM passport.token_key AS k
   WHERE k.verify_until IS NULL AND k.algorithm = service.algorithm;
  INSERT INTO passport.subject_directory (audience, resident_id)
    VALUES (login.audience, login.resident_id) ON CONFLICT DO NOTHING;
  SELECT d.subject INTO STRICT subject FROM passport.subject_directory AS d
   WHERE d.audience = login.audience AND d.resident_id = login.resident_id;

  expires_at := least(passport.now() + service.token_lifetime, login.expires_at);
  raised := coalesce(login.step_time >= passport.now() - current_setting('passport.step_up_lifetime')::interval, false);
  -- a claim that is null is left out: a reader of JSON takes null for a value
  id_token := passport.sign_token(jsonb_strip_nulls(jsonb_build_object(
      'iss', current_setting('passport.issuer'), 'sub', subject, 'aud', login.audience, 'nonce', nonce,
      'exp', floor(extract(epoch FROM expires_at)), 'iat', floor(extract(epoch FROM passport.now())),
      'nbf', floor(extract(epoch FROM passport.now())),
      'auth_time', floor(extract(epoch FROM CASE WHEN raised THEN login.step_time ELSE login.auth_time END)),
      'acr', CASE WHEN raised THEN login.step_acr ELSE login.acr END, 'amr', login.amr,
      'sid', login.session_id, 'jti', gen_random_uuid(), 'role', service.role))::text,
    signer.kid, signer.public_key, signer.sealed_key);
END $$;
COMMENT ON FUNCTION passport.issue_token(bigint, uuid, text) IS
'Signs an ID token for a session by its audience''s algorithm; nonce: what the service sent with its request, or NULL.';

CREATE FUNCTION passport.check_nonce(nonce text) RETURNS void
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF nonce !~ '^[A-Za-z0-9._~+/=-]{1,200}$' THEN
    PERFORM passport.refuse('/nonce', 'unreadable', 'A nonce has 1 to 200 letters, digits and ._~+/=-.');
  END IF;
END $$;
COMMENT ON FUNCTION passport.check_nonce(text) IS
'Raises PT422 unless the nonce can stand in a token as it is.';

CREATE FUNCTION passport.log_in(challenge_id uuid, certificate bytea, signature bytea, audience text DEFAULT 'passport',
    nonce text DEFAULT NULL, source text DEFAULT NULL, OUT verdict text, OUT detail text, OUT session_id uuid, OUT id_token text, OUT expires_at timestamptz)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  message bytea;
  holder record;
  resident bigint;
  refusal text;
  reason text;
  service passport.audience;
  suspect boolean;
  card text;
  medium text;
BEGIN
  -- what is ours to have in order comes before the challenge is consumed
  PERFORM passport.check_nonce(nonce);
  SELECT * INTO service FROM passport.audience AS a WHERE a.audience = log_in.audience;
  PERFORM passport.require_token_key(coalesce(service.algorithm, 'ES256'));
  message := passport.consume_challenge(challenge_id, 'log_in', log_in.audience);
  SELECT * INTO holder FROM passport.verify_holder(certificate, message, signature, 'authentication');
  verdict := holder.verdict;
  detail := holder.detail;
  card := holder.issuer_id || ':' || holder.serial;
  suspect := passport.attempts_exhausted('certificate', card) OR passport.attempts_exhausted('source', source);
  IF verdict IS DISTINCT FROM 'valid' THEN
    SELECT f.verdict, f.detail INTO verdict, detail FROM passport.failed_attempt(card, source, verdict, detail) AS f;
    RETURN;
  END IF;

  SELECT l.resident_id, l.medium, l.verdict, l.detail INTO resident, medium, refusal, reason
    FROM passport.account_of_login(holder.issuer_id, holder.serial) AS l;
  IF resident IS NULL THEN
    IF refusal = 'unknown_account' THEN
      PERFORM passport.note_failure('source', source);
    END IF;
    verdict := refusal;
    detail := reason;
    RETURN;
  END IF;

  INSERT INTO passport.session (resident_id, audience, acr, amr, issuer_id, serial, auth_time, expires_at)
    VALUES (resident, log_in.audience,
            -- a good signature gets in whatever others have tried, but to little more than the disaster functions
            CASE WHEN suspect THEN 'passport.basic' ELSE 'jpki.authentication' END,
            CASE WHEN medium = 'phone' THEN '{hwk,mfa}' ELSE '{sc,pin,mfa}' END::text[], holder.issuer_id, holder.serial,
            passport.now(), passport.now() + coalesce(service.session_lifetime, current_setting('passport.session_lifetime')::interval))
    RETURNING session.session_id INTO session_id;
  SELECT t.id_token, t.expires_at INTO id_token, expires_at
    FROM passport.issue_token(resident, session_id, nonce) AS t;
END $$;
COMMENT ON FUNCTION passport.log_in(uuid, bytea, bytea, text, text, text) IS
'Logs the holder of an authentication certificate (利用者証明用, DER) in: signature is the card''s over the message of the challenge, which is consumed whatever comes of it. source: where the attempt comes from (an address), if it is known. verdict: valid, one of verify_signature''s, unknown_account, suspended, replaced (by a newer certificate), or limited instead of what failed when the certificate or the source failed too often within passport.attempt_window; detail names the rule. Nobody is locked out by the failures of others: a good signature always logs in, but while the attempts are exhausted with the level passport.basic only, which a step up raises. When valid, id_token is a JWT (ES256 or RS256, as the audience is registered) that holds until expires_at for this audience: claims iss, sub (another one for each audience), aud, exp, iat, nbf, auth_time, acr jpki.authentication, amr (RFC 8176: sc, pin, mfa by a card, hwk, mfa by a phone), sid, jti, role, and nonce (1 to 200 letters, digits and ._~+/=-) if the service sent one. PT410 for a challenge that is used, expired or for something else, PT503 without a token key.';

CREATE FUNCTION passport.authenticate(token text) RETURNS bigint
  LANGUAGE c VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_authenticate';
COMMENT ON FUNCTION passport.authenticate(text) IS
'Says by an ID token who acts in this transaction, and returns the resident. It ends with the transaction, or with the savepoint that it was called in. PT401 unless the token is one of ours for the audience passport (ES256 or RS256 as its key is, at most 8 KiB), not expired, and its key, session and account all stand.';

CREATE FUNCTION passport.acting_resident() RETURNS bigint
  LANGUAGE c STABLE PARALLEL RESTRICTED
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_acting_resident';
COMMENT ON FUNCTION passport.acting_resident() IS
'The resident who acts in this transaction. PT401 when nobody does; its DETAIL is the JSON of RFC 9470: error, acr_values, max_age in seconds.';

CREATE FUNCTION passport.acting_session() RETURNS uuid
  LANGUAGE c STABLE PARALLEL RESTRICTED
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_acting_session';
COMMENT ON FUNCTION passport.acting_session() IS
'The session by which the acting resident acts; PT401 when nobody does.';

CREATE FUNCTION passport.stop_acting() RETURNS void
  LANGUAGE c VOLATILE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_stop_acting';
COMMENT ON FUNCTION passport.stop_acting() IS
'Ends the acting of a resident before the transaction does.';

CREATE FUNCTION passport.hold_sessions(resident_id bigint) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM FROM passport.account AS a WHERE a.resident_id = hold_sessions.resident_id FOR SHARE;
END $$;
COMMENT ON FUNCTION passport.hold_sessions(bigint) IS
'For who makes a session: end_sessions, which could not see it yet, waits until it is committed; or this waits, and whoever looks afterwards sees what was ended.';

CREATE FUNCTION passport.end_sessions(resident_id bigint, login_id uuid DEFAULT NULL) RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  ended record;
  number int := 0;
BEGIN
  -- a statement of its own: the next one sees the sessions that it waited for (hold_sessions)
  PERFORM FROM passport.account AS a WHERE a.resident_id = end_sessions.resident_id FOR NO KEY UPDATE;
  FOR ended IN
    UPDATE passport.session AS s SET revoked_at = passport.now()
     WHERE s.resident_id = end_sessions.resident_id
       AND (end_sessions.login_id IS NULL OR s.login_id = end_sessions.login_id)
       AND s.revoked_at IS NULL AND s.expires_at > passport.now()
     RETURNING s.resident_id, s.session_id, s.audience
  LOOP
    number := number + 1;
    PERFORM passport.queue_logout(ended.resident_id, ended.session_id, ended.audience);
  END LOOP;
  RETURN number;
END $$;
COMMENT ON FUNCTION passport.end_sessions(bigint, uuid) IS
'Ends the sessions of a resident (those of one login, or all), for every audience, at once when this transaction commits; services that want to be told are queued to be. Returns how many sessions there were. For staff when a card or phone was lost, and for what suspends an account.';

CREATE FUNCTION passport.session_holder(operation text DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF operation IS NULL THEN
    PERFORM passport.acting_resident();
  ELSE
    PERFORM passport.require_level(operation);
  END IF;
  RETURN passport.acting_holder();
END $$;
COMMENT ON FUNCTION passport.session_holder(text) IS
'Whose login acts: sessions are the holder''s own, also while a guardian acts for a ward, whose sessions must not end with the guardian''s. operation: whose policy must be met, if any. PT401 as acting_resident and require_level.';

CREATE FUNCTION passport.log_out() RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  acting CONSTANT bigint := passport.session_holder();
  own passport.session;
BEGIN
  SELECT * INTO own FROM passport.session AS s
   WHERE s.resident_id = acting AND s.session_id = passport.acting_session();
  IF own.amr = ARRAY['user'] THEN
    -- leaving a kiosk does not log the phone out that approved it
    UPDATE passport.session AS s SET revoked_at = passport.now()
     WHERE s.resident_id = acting AND s.session_id = own.session_id AND s.revoked_at IS NULL;
  ELSE
    PERFORM passport.end_sessions(acting, own.login_id);
  END IF;
  PERFORM passport.stop_acting();
END $$;
COMMENT ON FUNCTION passport.log_out() IS
'Ends the acting resident''s login, with the sessions that it has at other services and at kiosks; at a kiosk, the kiosk''s session alone. Their tokens count no longer, in any connection, once this transaction commits. PT401 when nobody acts.';

CREATE FUNCTION passport.log_out_everywhere() RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  ended int;
BEGIN
  ended := passport.end_sessions(passport.session_holder());
  PERFORM passport.stop_acting();
  RETURN ended;
END $$;
COMMENT ON FUNCTION passport.log_out_everywhere() IS
'Ends all sessions of the acting resident, for every audience, and returns how many there were. PT401 when nobody acts.';

CREATE FUNCTION passport.my_sessions()
  RETURNS TABLE (session_id uuid, login_id uuid, audience text, acr text, auth_time timestamptz, expires_at timestamptz, current boolean)
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  acting CONSTANT bigint := passport.session_holder('my_sessions');
BEGIN
  RETURN QUERY
    SELECT s.session_id, s.login_id, s.audience, s.acr, s.auth_time, s.expires_at, s.session_id = passport.acting_session()
      FROM passport.session AS s
     WHERE s.resident_id = acting AND s.revoked_at IS NULL AND s.expires_at > passport.now()
     ORDER BY s.auth_time DESC, s.audience, s.session_id;
END $$;
COMMENT ON FUNCTION passport.my_sessions() IS
'The acting resident''s sessions, the newest login first; those of one login share login_id. current: the one that acts now. PT401 when nobody acts.';

CREATE FUNCTION passport.end_my_session(session_id uuid) RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  acting CONSTANT bigint := passport.session_holder('my_sessions');
  login uuid;
BEGIN
  SELECT s.login_id INTO login FROM passport.session AS s
   WHERE s.resident_id = acting AND s.session_id = end_my_session.session_id;
  IF login IS NULL THEN
    RAISE EXCEPTION 'unknown session' USING ERRCODE = 'PT404';
  END IF;
  RETURN passport.end_sessions(acting, login);
END $$;
COMMENT ON FUNCTION passport.end_my_session(uuid) IS
'Ends one of the acting resident''s logins, named by any of its sessions (my_sessions), at every service, and returns how many sessions that were. PT401 when nobody acts, PT404 for a session that is not theirs.';

CREATE FUNCTION passport.enter_service(audience text, nonce text DEFAULT NULL,
    OUT session_id uuid, OUT id_token text, OUT expires_at timestamptz)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  acting CONSTANT bigint := passport.session_holder('enter_service');
  service passport.audience;
BEGIN
  PERFORM passport.require_self();
  PERFORM passport.check_nonce(nonce);
  SELECT * INTO service FROM passport.audience AS a WHERE a.audience = enter_service.audience;
  IF service.audience IS NULL THEN
    RAISE EXCEPTION 'unknown audience' USING ERRCODE = 'PT404';
  END IF;
  PERFORM passport.require_token_key(service.algorithm);
  PERFORM passport.hold_sessions(acting);
  -- a session of its own: a sid that two services knew would join what they know
  INSERT INTO passport.session (resident_id, audience, acr, amr, issuer_id, serial, auth_time, expires_at, step_acr, step_time, login_id)
    SELECT s.resident_id, service.audience, s.acr, s.amr, s.issuer_id, s.serial, s.auth_time,
           least(s.expires_at, passport.now() + service.session_lifetime), s.step_acr, s.step_time, s.login_id
      FROM passport.session AS s
     WHERE s.resident_id = acting AND s.session_id = passport.acting_session() AND s.revoked_at IS NULL
    RETURNING session.session_id INTO session_id;
  IF session_id IS NULL THEN
    -- it ended since authenticate(): nobody acts
    PERFORM passport.stop_acting();
    PERFORM passport.acting_resident();
  END IF;
  SELECT t.id_token, t.expires_at INTO id_token, expires_at
    FROM passport.issue_token(acting, session_id, nonce) AS t;
END $$;
COMMENT ON FUNCTION passport.enter_service(text, text) IS
'Single sign-on: a token for another service (set_audience) from the login that acts, without the card. It has a sub and a sid of that service''s own, the time and level of the login, and the nonce that the service sent; the session ends with the login at the latest. PT401 when nobody acts or the login is too weak, PT404 for an unknown audience, PT422 for an unreadable nonce, PT503 without a token key.';
