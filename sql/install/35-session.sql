-- Sessions: logging in, acting, logging out

CREATE TABLE passport.session (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  session_id uuid NOT NULL DEFAULT gen_random_uuid(),
  audience text NOT NULL REFERENCES passport.audience,
  acr text NOT NULL,
  amr text[] NOT NULL,
  issuer_id int NOT NULL REFERENCES passport.certificate_issuer,
  serial text NOT NULL,
  auth_time timestamptz NOT NULL,
  expires_at timestamptz NOT NULL,
  revoked_at timestamptz,
  PRIMARY KEY (resident_id, session_id)
);
COMMENT ON TABLE passport.session IS
'Logins: by which certificate, for which service, until when. A token counts only while its session does.';

CREATE FUNCTION passport.issue_token(resident_id bigint, session_id uuid, OUT id_token text, OUT expires_at timestamptz)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  login passport.session;
  service passport.audience;
  signer passport.token_key;
  subject uuid;
BEGIN
  SELECT * INTO STRICT login FROM passport.session AS s
   WHERE s.resident_id = issue_token.resident_id AND s.session_id = issue_token.session_id;
  SELECT * INTO STRICT service FROM passport.audience AS a WHERE a.audience = login.audience;
  SELECT * INTO STRICT signer FROM passport.token_key AS k WHERE k.verify_until IS NULL;
  INSERT INTO passport.subject_directory (audience, resident_id)
    VALUES (login.audience, login.resident_id) ON CONFLICT DO NOTHING;
  SELECT d.subject INTO STRICT subject FROM passport.subject_directory AS d
   WHERE d.audience = login.audience AND d.resident_id = login.resident_id;

  expires_at := least(passport.now() + service.token_lifetime, login.expires_at);
  id_token := passport.sign_token(jsonb_build_object(
      'iss', current_setting('passport.issuer'), 'sub', subject, 'aud', login.audience,
      'exp', floor(extract(epoch FROM expires_at)), 'iat', floor(extract(epoch FROM passport.now())),
      'auth_time', floor(extract(epoch FROM login.auth_time)), 'acr', login.acr, 'amr', login.amr,
      'sid', login.session_id, 'jti', gen_random_uuid(), 'role', service.role)::text,
    signer.kid, signer.public_key, signer.sealed_key);
END $$;
COMMENT ON FUNCTION passport.issue_token(bigint, uuid) IS
'Signs an ID token for a session.';

CREATE FUNCTION passport.log_in(challenge_id uuid, certificate bytea, signature bytea, audience text DEFAULT 'passport',
    OUT verdict text, OUT detail text, OUT session_id uuid, OUT id_token text, OUT expires_at timestamptz)
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
BEGIN
  -- what is ours to have in order comes before the challenge is consumed
  PERFORM passport.require_token_key();
  message := passport.consume_challenge(challenge_id, 'log_in', log_in.audience);
  SELECT * INTO holder FROM passport.verify_holder(certificate, message, signature, 'authentication');
  verdict := holder.verdict;
  detail := holder.detail;
  IF verdict IS DISTINCT FROM 'valid' THEN
    RETURN;
  END IF;

  SELECT l.resident_id, l.verdict, l.detail INTO resident, refusal, reason
    FROM passport.account_of_login(holder.issuer_id, holder.serial) AS l;
  IF resident IS NULL THEN
    verdict := refusal;
    detail := reason;
    RETURN;
  END IF;

  INSERT INTO passport.session (resident_id, audience, acr, amr, issuer_id, serial, auth_time, expires_at)
    VALUES (resident, log_in.audience, 'jpki.authentication', ARRAY['sc', 'pin', 'mfa'], holder.issuer_id, holder.serial,
            passport.now(), passport.now() + current_setting('passport.session_lifetime')::interval)
    RETURNING session.session_id INTO session_id;
  SELECT t.id_token, t.expires_at INTO id_token, expires_at
    FROM passport.issue_token(resident, session_id) AS t;
END $$;
COMMENT ON FUNCTION passport.log_in(uuid, bytea, bytea, text) IS
'Logs the holder of an authentication certificate (利用者証明用, DER) in: signature is the card''s over the message of the challenge, which is consumed whatever comes of it. verdict: valid, one of verify_signature''s, unknown_account, suspended or replaced (a renewed card''s old certificate); detail names the rule. When valid, id_token is a JWT (ES256) that holds until expires_at for this audience: claims iss, sub (another one for each audience), aud, exp, iat, auth_time, acr jpki.authentication, amr (RFC 8176), sid, jti, role. PT410 for a challenge that is used, expired or for something else, PT503 without a token key.';

CREATE FUNCTION passport.authenticate(token text) RETURNS bigint
  LANGUAGE c VOLATILE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off
  AS 'MODULE_PATHNAME', 'passport_authenticate';
COMMENT ON FUNCTION passport.authenticate(text) IS
'Says by an ID token who acts in this transaction, and returns the resident. It ends with the transaction, or with the savepoint that it was called in. PT401 unless the token is one of ours for the audience passport (ES256, at most 8 KiB), not expired, and its key, session and account all stand.';

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

CREATE FUNCTION passport.log_out() RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  UPDATE passport.session AS s SET revoked_at = passport.now()
   WHERE s.resident_id = passport.acting_holder() AND s.session_id = passport.acting_session()
     AND s.revoked_at IS NULL;
  PERFORM passport.stop_acting();
END $$;
COMMENT ON FUNCTION passport.log_out() IS
'Ends the acting resident''s session: its token counts no longer, in any connection, once this transaction commits. PT401 when nobody acts.';

CREATE FUNCTION passport.log_out_everywhere() RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  ended int;
BEGIN
  UPDATE passport.session AS s SET revoked_at = passport.now()
   WHERE s.resident_id = passport.acting_resident() AND s.revoked_at IS NULL AND s.expires_at > passport.now();
  GET DIAGNOSTICS ended = ROW_COUNT;
  PERFORM passport.stop_acting();
  RETURN ended;
END $$;
COMMENT ON FUNCTION passport.log_out_everywhere() IS
'Ends all sessions of the acting resident, for every audience, and returns how many there were. PT401 when nobody acts.';
