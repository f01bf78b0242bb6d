-- Mail: an address counts when its holder has given back the code that was sent there

CREATE TABLE passport.device_code (
  resident_id bigint NOT NULL,
  device_id bigint NOT NULL,
  code_digest bytea NOT NULL CHECK (octet_length(code_digest) = 32),
  sent_at timestamptz NOT NULL,
  tries smallint NOT NULL DEFAULT 0,
  PRIMARY KEY (resident_id, device_id),
  FOREIGN KEY (resident_id, device_id) REFERENCES passport.device ON DELETE CASCADE
);
COMMENT ON TABLE passport.device_code IS
'The code that was sent to an unverified address last (SHA-256, with the device''s number), and how often a wrong one was given.';

CREATE FUNCTION passport.device_code_digest(device_id bigint, code text) RETURNS bytea
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT sha256(convert_to(device_id || ':' || code, 'UTF8'));
END;
COMMENT ON FUNCTION passport.device_code_digest(bigint, text) IS
'What device_code keeps of a code.';

CREATE FUNCTION passport.send_device_code(resident_id bigint, device_id bigint) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  -- the first 28 bits of a random UUID are all random
  code CONSTANT text := lpad((('x' || left(gen_random_uuid()::text, 7))::bit(28)::int % 1000000)::text, 6, '0');
  texts jsonb;
  told bigint;
BEGIN
  PERFORM FROM passport.device AS d
    WHERE d.resident_id = send_device_code.resident_id AND d.device_id = send_device_code.device_id AND d.state = 'unverified';
  IF NOT FOUND THEN
    RETURN;
  ELSIF EXISTS (SELECT FROM passport.device_code AS c
                 WHERE c.resident_id = send_device_code.resident_id AND c.sent_at > passport.now() - interval '1 minute') THEN
    RAISE EXCEPTION 'a code was sent within the last minute' USING ERRCODE = 'PT429', HINT = 'Wait a minute.';
  END IF;
  INSERT INTO passport.device_code AS c (resident_id, device_id, code_digest, sent_at)
  VALUES (send_device_code.resident_id, send_device_code.device_id,
          passport.device_code_digest(send_device_code.device_id, code), passport.now())
  ON CONFLICT ON CONSTRAINT device_code_pkey
  DO UPDATE SET code_digest = excluded.code_digest, sent_at = excluded.sent_at, tries = 0;

  -- Not by notify(): it is for this address, which no other message reaches yet.
  PERFORM passport.keep_home();
  texts := passport.message_texts('mail_code', 0, passport.today(), jsonb_build_object('code', code));
  INSERT INTO passport.notification AS n
         (kind, lane, mode, texts, holds_code, data, expires_at, digest, deliveries, unreachable, created_at)
  VALUES ('mail_code', 'personal', 'live', texts, true, '{}', passport.now() + interval '30 minutes',
          sha256(convert_to(texts::text, 'UTF8')), 1, 0, passport.now())
  RETURNING n.notification_id INTO told;
  INSERT INTO passport.delivery (resident_id, notification_id, device_id, channel, urgency, created_at)
  SELECT send_device_code.resident_id, told, send_device_code.device_id, 'smtp', l.urgency, passport.now()
    FROM passport.lane AS l WHERE l.lane = 'personal';
  PERFORM pg_notify('passport_outbox', '');
END $$;
COMMENT ON FUNCTION passport.send_device_code(bigint, bigint) IS
'Sends a new six-digit code to an unverified mail address; to one that is verified nothing. The code before it counts no more. PT429 when the resident was sent one within the last minute.';

CREATE FUNCTION passport.verify_device(device_id bigint, code text) RETURNS text
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  acting bigint;
  standing passport.device;
  sent passport.device_code;
BEGIN
  PERFORM passport.require_level('register_device');
  acting := passport.record_act('verify_device');
  SELECT * INTO standing FROM passport.device AS d
   WHERE d.resident_id = acting AND d.device_id = verify_device.device_id FOR UPDATE;
  IF NOT FOUND OR standing.state = 'retired' THEN
    RAISE EXCEPTION 'there is no such device' USING ERRCODE = 'PT404';
  ELSIF standing.state = 'active' THEN
    RETURN 'verified';
  END IF;
  SELECT * INTO sent FROM passport.device_code AS c
   WHERE c.resident_id = acting AND c.device_id = verify_device.device_id FOR UPDATE;
  IF NOT FOUND OR sent.sent_at <= passport.now() - interval '30 minutes' OR sent.tries >= 5 THEN
    RETURN 'expired';
  ELSIF sent.code_digest IS DISTINCT FROM passport.device_code_digest(verify_device.device_id, code) THEN
    UPDATE passport.device_code AS c SET tries = c.tries + 1
     WHERE c.resident_id = acting AND c.device_id = verify_device.device_id;
    RETURN 'wrong_code';
  END IF;
  UPDATE passport.device AS d SET state = 'active'
   WHERE d.resident_id = acting AND d.device_id = verify_device.device_id;
  DELETE FROM passport.device_code AS c
   WHERE c.resident_id = acting AND c.device_id = verify_device.device_id;
  RETURN 'verified';
END $$;
COMMENT ON FUNCTION passport.verify_device(bigint, text) IS
'The acting resident gives back the code that was sent to their mail address. device_id: as register_device returned it; code: six digits. Returns verified (from now on messages go there; also for a device that needs no code), wrong_code, or expired: after 30 minutes or five wrong codes; register_device sends a new one. Commit whatever it returns: wrong codes are counted. Errors: PT401 nobody acts, PT404 no such device of theirs.';
