-- Devices: where a resident's messages go

CREATE TABLE passport.device (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  device_id bigint GENERATED ALWAYS AS IDENTITY,
  channel text NOT NULL CHECK (channel = 'fcm'),
  token text NOT NULL CHECK (token ~ '^[!-~]+$' AND length(token) <= 4096),
  language text CHECK (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$'),
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'retired')),
  retired_reason text,
  registered_at timestamptz NOT NULL,
  retired_at timestamptz,
  PRIMARY KEY (resident_id, device_id),
  CHECK ((state = 'retired') = (retired_reason IS NOT NULL AND retired_at IS NOT NULL))
);
COMMENT ON TABLE passport.device IS
'Devices of residents, by channel, each with the token under which the provider reaches it (personal data).';

-- Tokens are long: the directory knows them by digest.
CREATE TABLE passport.device_directory (
  channel text NOT NULL,
  token_digest bytea NOT NULL CHECK (octet_length(token_digest) = 32),
  resident_id bigint NOT NULL,
  device_id bigint NOT NULL,
  PRIMARY KEY (channel, token_digest)
);
COMMENT ON TABLE passport.device_directory IS
'Which resident''s device stands behind a token, found by the token''s SHA-256.';

CREATE FUNCTION passport.add_device(
  resident_id bigint, channel text, token text, language text DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  -- a household's tablets and a few forgotten phones; each costs a delivery per alert
  most CONSTANT int := 20;
  digest CONSTANT bytea := sha256(convert_to(token, 'UTF8'));
  standing passport.device_directory;
  new_id bigint;
BEGIN
  IF resident_id IS NULL OR channel IS NULL OR token IS NULL THEN
    RAISE EXCEPTION 'a device needs a resident, a channel and a token' USING ERRCODE = 'PT422',
      DETAIL = '{"pointer": "", "code": "missing", "text": "Give the resident, the channel and the token."}';
  ELSIF channel <> 'fcm' THEN
    RAISE EXCEPTION 'refused: unknown_channel' USING ERRCODE = 'PT422',
      DETAIL = '{"pointer": "/channel", "code": "unknown_channel", "text": "The channel is fcm."}';
  ELSIF length(token) > 4096 OR token !~ '^[!-~]+$' THEN
    RAISE EXCEPTION 'refused: malformed_token' USING ERRCODE = 'PT422',
      DETAIL = '{"pointer": "/token", "code": "malformed_token", "text": "A token has 1 to 4096 printable ASCII characters and no space."}';
  ELSIF language !~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$' THEN
    RAISE EXCEPTION 'refused: malformed_language' USING ERRCODE = 'PT422',
      DETAIL = '{"pointer": "/language", "code": "malformed_language", "text": "A language is a tag as in ja, zh-Hans or ja-easy."}';
  END IF;
  PERFORM passport.refuse_individual_number('/token', token);

  -- Two registrations of one person's devices go one after the other, or both
  -- could pass the limit.
  PERFORM FROM passport.resident AS r
    WHERE r.resident_id = add_device.resident_id AND r.status <> 'deceased' FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no such resident' USING ERRCODE = 'PT404';
  END IF;

  SELECT * INTO standing FROM passport.device_directory AS d
   WHERE d.channel = add_device.channel AND d.token_digest = digest FOR UPDATE;
  IF standing.resident_id = add_device.resident_id THEN
    UPDATE passport.device AS d
       SET language = coalesce(add_device.language, d.language),
           state = 'active', retired_reason = NULL, retired_at = NULL
     WHERE d.resident_id = standing.resident_id AND d.device_id = standing.device_id;
    RETURN standing.device_id;
  END IF;

  IF (SELECT count(*) FROM passport.device AS d
       WHERE d.resident_id = add_device.resident_id AND d.state = 'active') >= most THEN
    RAISE EXCEPTION 'too many devices' USING ERRCODE = 'PT429',
      HINT = 'Retire a device that is no longer in use.';
  END IF;

  -- The phone changed hands: nothing meant for the one before may reach the new holder.
  UPDATE passport.device AS d
     SET state = 'retired', retired_reason = 'taken_over', retired_at = passport.now()
   WHERE d.resident_id = standing.resident_id AND d.device_id = standing.device_id
     AND d.state = 'active';
  INSERT INTO passport.device AS d (resident_id, channel, token, language, registered_at)
  VALUES (add_device.resident_id, channel, token, language, passport.now())
  RETURNING d.device_id INTO new_id;
  -- Who lost a race for a token that nobody had yet is told so by the key.
  IF standing.resident_id IS NULL THEN
    INSERT INTO passport.device_directory
    VALUES (channel, digest, add_device.resident_id, new_id);
  ELSE
    UPDATE passport.device_directory AS d
       SET resident_id = add_device.resident_id, device_id = new_id
     WHERE d.channel = add_device.channel AND d.token_digest = digest;
  END IF;
  RETURN new_id;
EXCEPTION WHEN unique_violation THEN
  RAISE EXCEPTION 'the token is being registered at this moment' USING ERRCODE = 'PT409',
    HINT = 'Try again.';
END $$;
COMMENT ON FUNCTION passport.add_device(bigint, text, text, text) IS
'Registers a device of a resident, for register_device and for staff at the counter. resident_id: whose; channel: fcm; token: the FCM registration token, 1 to 4096 printable ASCII characters; language: tag such as ja, ja-easy, en, zh-Hans, or NULL for the resident''s. Returns the device_id; the same token again returns the same one and makes it active again. A token that another resident''s device had is taken over: that device is retired. Errors: PT404 no such resident, or one who has died, PT409 somebody registers the same token at this moment, PT422 malformed, PT429 more than 20 active devices.';

CREATE FUNCTION passport.retire_devices(resident_ids bigint[], reason text) RETURNS SETOF bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH retired AS (
    UPDATE passport.device AS d
       SET state = 'retired', retired_reason = reason, retired_at = passport.now()
     WHERE d.resident_id = ANY (resident_ids) AND d.state = 'active'
    RETURNING d.resident_id
  )
  SELECT DISTINCT r.resident_id FROM retired AS r;
END;
COMMENT ON FUNCTION passport.retire_devices(bigint[], text) IS
'Retires every device of some residents, and returns whose they were. reason: a word for the record, such as deceased.';

CREATE FUNCTION passport.register_device(
  channel text, token text, language text DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM passport.require_level('register_device');
  RETURN passport.add_device(passport.record_act('register_device'), channel, token, language);
END $$;
COMMENT ON FUNCTION passport.register_device(text, text, text) IS
'Registers the acting resident''s device. channel: fcm; token: the FCM registration token, 1 to 4096 printable ASCII characters; language: tag such as ja, ja-easy, en, zh-Hans, or NULL for the resident''s. Returns the device_id, the same one for the same token. Errors: PT401 nobody acts, otherwise as add_device.';

CREATE FUNCTION passport.forget_devices(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT d.resident_id, d.device_id FROM passport.device AS d
     WHERE d.state = 'retired' AND d.retired_at < before LIMIT max_rows FOR UPDATE SKIP LOCKED),
  named AS (
    DELETE FROM passport.device_directory AS n USING due
     WHERE n.resident_id = due.resident_id AND n.device_id = due.device_id),
  gone AS (
    DELETE FROM passport.device AS d USING due
     WHERE d.resident_id = due.resident_id AND d.device_id = due.device_id RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_devices(timestamptz, int) IS
'Deletes devices that were retired before a time, with their tokens, max_rows at most, and returns how many. For purge_expired.';
