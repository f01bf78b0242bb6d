-- Policy: how strong and how fresh a login each operation asks for

CREATE TABLE passport.operation_policy (
  operation text NOT NULL CHECK (operation ~ '^[a-z_]{1,63}$'),
  holds_from timestamptz NOT NULL,
  acr text NOT NULL CHECK (acr IN ('passport.basic', 'jpki.authentication', 'jpki.signature')),
  max_age interval CHECK (max_age > '0'),
  shipped boolean NOT NULL DEFAULT false,
  PRIMARY KEY (operation, holds_from)
);
COMMENT ON TABLE passport.operation_policy IS
'What each operation of a resident asks of their login: the lowest level, and the greatest age of its proof (empty: as long as the session lasts). The latest row that holds counts.';
-- What helps in a disaster asks for the least: nobody must look for a card then.
INSERT INTO passport.operation_policy (operation, holds_from, acr, max_age, shipped) VALUES
  ('answer_alert', '-infinity', 'passport.basic', NULL, true),
  ('my_point_history', '-infinity', 'passport.basic', NULL, true),
  ('my_sessions', '-infinity', 'passport.basic', NULL, true),
  ('register_device', '-infinity', 'jpki.authentication', NULL, true),
  ('enter_service', '-infinity', 'jpki.authentication', NULL, true),
  ('spend_my_points', '-infinity', 'jpki.authentication', '12 hours', true),
  ('approve_kiosk_login', '-infinity', 'jpki.authentication', '1 hour', true);

CREATE FUNCTION passport.require_level(operation text) RETURNS bigint
  LANGUAGE c STABLE PARALLEL RESTRICTED SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_require_level';
COMMENT ON FUNCTION passport.require_level(text) IS
'The acting resident, if their login is strong and fresh enough for this operation by operation_policy: the level of the login itself, or of a step up within passport.step_up_lifetime. PT401 otherwise, and when nobody acts; its DETAIL is the JSON of RFC 9470: error insufficient_user_authentication, acr_values, max_age in seconds. PT403 for an operation without a policy.';

CREATE FUNCTION passport.set_operation_policy(operation text, acr text, max_age interval DEFAULT NULL) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  IF NOT EXISTS (SELECT FROM passport.operation_policy AS p WHERE p.operation = set_operation_policy.operation) THEN
    RAISE EXCEPTION 'unknown operation' USING ERRCODE = 'PT404', HINT = 'Operations are listed in passport.operation_policy.';
  END IF;
  INSERT INTO passport.operation_policy AS p (operation, holds_from, acr, max_age)
    VALUES (operation, passport.now(), acr, max_age)
    ON CONFLICT ON CONSTRAINT operation_policy_pkey DO UPDATE SET acr = excluded.acr, max_age = excluded.max_age;
EXCEPTION WHEN check_violation OR not_null_violation THEN
  PERFORM passport.refuse('/acr', 'out_of_range',
    'acr is passport.basic, jpki.authentication or jpki.signature; max_age is positive.');
END $$;
COMMENT ON FUNCTION passport.set_operation_policy(text, text, interval) IS
'Sets what an operation asks of a login from now on: acr passport.basic, jpki.authentication or jpki.signature, and how long ago it may have been proven (NULL: as long as the session lasts). PT404: no such operation; PT422: no such level.';

CREATE FUNCTION passport.step_up(challenge_id uuid, certificate bytea, signature bytea, source text DEFAULT NULL,
    OUT verdict text, OUT detail text, OUT id_token text, OUT expires_at timestamptz)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  own CONSTANT uuid := passport.acting_session();
  -- a guardian steps their own login up, and is themself again afterwards
  acting CONSTANT bigint := passport.acting_holder();
  kind text;
  holder record;
  message bytea;
BEGIN
  message := passport.consume_challenge(challenge_id, 'step_up', 'passport');
  BEGIN
    kind := (passport.certificate_info(certificate)).kind;
  EXCEPTION WHEN SQLSTATE 'PT422' THEN
    kind := NULL;  -- verify_holder says what is wrong with it
  END;
  kind := CASE WHEN kind = 'signature' THEN kind ELSE 'authentication' END;
  SELECT * INTO holder FROM passport.verify_holder(certificate, message, signature, kind);
  verdict := holder.verdict;
  detail := holder.detail;
  IF verdict IS DISTINCT FROM 'valid' THEN
    SELECT f.verdict, f.detail INTO verdict, detail
      FROM passport.failed_attempt(holder.issuer_id || ':' || holder.serial, source, verdict, detail) AS f;
    RETURN;
  ELSIF NOT EXISTS (SELECT FROM passport.certificate_directory AS d
                     WHERE d.issuer_id = holder.issuer_id AND d.serial = holder.serial AND d.resident_id = acting) THEN
    PERFORM passport.note_failure('source', source);
    verdict := 'other_account';
    detail := 'account: the certificate is not the acting resident''s.';
    RETURN;
  END IF;

  UPDATE passport.session AS s SET step_acr = 'jpki.' || kind, step_time = passport.now()
   WHERE s.resident_id = acting AND s.session_id = own;
  SELECT t.id_token, t.expires_at INTO id_token, expires_at FROM passport.issue_token(acting, own) AS t;
  PERFORM passport.authenticate(id_token);
END $$;
COMMENT ON FUNCTION passport.step_up(uuid, bytea, bytea, text) IS
'Raises the acting resident''s session, for passport.step_up_lifetime, to jpki.signature by their signature certificate (署名用) or to a fresh jpki.authentication by the other one: signature is the card''s over the message of a challenge of purpose step_up, which is consumed whatever comes of it. source: where the attempt comes from (an address), if it is known. It counts at once, also for the rest of this transaction, and falls back by itself with age. verdict: valid, one of verify_signature''s, other_account, or limited instead of what failed, as of log_in: a good signature always counts; detail names the rule; id_token says the new level, for services. PT401 when nobody acts, PT410 for a challenge that is used, expired or for something else.';
