-- Devices: where a resident's messages go

CREATE TABLE passport.channel (
  channel text PRIMARY KEY,
  place smallint NOT NULL CHECK (place BETWEEN 1 AND 9),
  shipped boolean NOT NULL DEFAULT false
);
COMMENT ON TABLE passport.channel IS
'Ways to a person. place: in which order they are tried, those of one place at once (when: passport.fallback). call is staff, by telephone or at the door.';
INSERT INTO passport.channel VALUES
  ('fcm', 1, true), ('apns', 1, true), ('webpush', 1, true), ('line', 2, true), ('smtp', 3, true), ('call', 4, true);

CREATE TABLE passport.device (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  device_id bigint GENERATED ALWAYS AS IDENTITY,
  channel text NOT NULL REFERENCES passport.channel CHECK (channel <> 'call'),
  token text NOT NULL CHECK (token ~ '^[!-~]+$' AND length(token) <= 4096),
  keys jsonb,
  language text CHECK (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$'),
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'unverified', 'retired')),
  retired_reason text,
  registered_at timestamptz NOT NULL,
  retired_at timestamptz,
  PRIMARY KEY (resident_id, device_id),
  CHECK ((state = 'retired') = (retired_reason IS NOT NULL AND retired_at IS NOT NULL)),
  CHECK (state <> 'unverified' OR channel = 'smtp'),
  CHECK ((channel IN ('apns', 'webpush')) = (keys IS NOT NULL))
);
COMMENT ON TABLE passport.device IS
'Devices of residents, by channel, each with the token under which the provider reaches it (personal data): the registration token of FCM, the device token of APNs in hex, the endpoint of Web Push, the user id of LINE, the address of mail. keys: {"environment"} for APNs, {"p256dh", "auth"} for Web Push. registered_at: when its app registered it last. A mail address is unverified until its holder has given back the code that was sent there.';

-- Tokens are long: the directory knows them by digest.  Mail addresses are not
-- in it: a household may share one, and each who does has proven to read it.
CREATE TABLE passport.device_directory (
  channel text NOT NULL,
  token_digest bytea NOT NULL CHECK (octet_length(token_digest) = 32),
  resident_id bigint NOT NULL,
  device_id bigint NOT NULL,
  PRIMARY KEY (channel, token_digest)
);
COMMENT ON TABLE passport.device_directory IS
'Which resident''s device stands behind a token, found by the token''s SHA-256.';

CREATE FUNCTION passport.subscription_fault(endpoint text, p256dh text, auth text) RETURNS text
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_subscription_fault';
COMMENT ON FUNCTION passport.subscription_fault(text, text, text) IS
'What is wrong with a Web Push subscription, NULL if nothing is: malformed_endpoint (no URL with a host), not_https, private_endpoint (an IP address, a local name, credentials, or another port than 443: no push service has one), malformed_key (not an uncompressed point of P-256 in base64url), malformed_auth (not 16 bytes in base64url). To which address a name leads is looked at again, by passport-push, whenever it connects. Source: RFC 8030, RFC 8291.';

CREATE FUNCTION passport.push_service(endpoint text) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT lower(substring(endpoint FROM '^https://[^/?#]+'));
END;
COMMENT ON FUNCTION passport.push_service(text) IS
'Whose endpoint of Web Push it is: scheme, host and port.';

CREATE FUNCTION passport.check_device(channel text, token text, language text, keys jsonb) RETURNS void
  LANGUAGE plpgsql STABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  fault text;
BEGIN
  IF NOT EXISTS (SELECT FROM passport.channel AS c WHERE c.channel = check_device.channel AND c.channel <> 'call') THEN
    PERFORM passport.refuse('/channel', 'unknown_channel', 'The channel is fcm, apns, webpush, line or smtp.');
  ELSIF length(token) > 4096 OR token !~ '^[!-~]+$' THEN
    PERFORM passport.refuse('/token', 'malformed_token', 'A token has 1 to 4096 printable ASCII characters and no space.');
  ELSIF language !~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$' THEN
    PERFORM passport.refuse('/language', 'malformed_language', 'A language is a tag as in ja, zh-Hans or ja-easy.');
  ELSIF channel NOT IN ('apns', 'webpush') AND keys IS NOT NULL THEN
    PERFORM passport.refuse('/keys', 'unknown_keys', 'This channel has no keys.');
  END IF;
  -- one device token in four hundred has twelve such digits by chance
  IF channel NOT IN ('apns', 'line') THEN
    PERFORM passport.refuse_individual_number('/token', token);
  END IF;
  CASE channel
    WHEN 'apns' THEN
      IF token !~ '^([0-9a-f]{2}){16,100}$' THEN
        PERFORM passport.refuse('/token', 'malformed_token', 'A device token of APNs is 16 to 100 bytes in lower-case hex.');
      ELSIF keys IS NULL OR keys - 'environment' <> '{}' OR coalesce(keys ->> 'environment', '') NOT IN ('production', 'sandbox') THEN
        PERFORM passport.refuse('/keys/environment', 'unknown_environment', 'The environment is production or sandbox.');
      END IF;
    WHEN 'webpush' THEN
      fault := CASE WHEN keys - '{p256dh,auth}'::text[] = '{}' THEN passport.subscription_fault(token, keys ->> 'p256dh', keys ->> 'auth')
                    ELSE 'malformed_key' END;
      IF fault IS NOT NULL THEN
        PERFORM passport.refuse(CASE WHEN fault IN ('malformed_key', 'malformed_auth') THEN '/keys' ELSE '/token' END, fault,
          'A subscription is an endpoint of a push service (https) and the keys p256dh and auth, as PushSubscription.toJSON() has them.');
      END IF;
    WHEN 'line' THEN
      IF token !~ '^U[0-9a-f]{32}$' THEN
        PERFORM passport.refuse('/token', 'malformed_token', 'A user id of LINE is U and 32 hex digits.');
      END IF;
    WHEN 'smtp' THEN
      IF length(token) > 254 OR token !~ '^[A-Za-z0-9.!#$%&*+/=?^_`{|}~-]{1,64}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}$' THEN
        PERFORM passport.refuse('/token', 'malformed_token', 'A mail address has a local part of up to 64 ASCII characters, an @ and a domain.');
      END IF;
    ELSE
      NULL;
  END CASE;
END $$;
COMMENT ON FUNCTION passport.check_device(text, text, text, jsonb) IS
'Raises PT422 for a token, keys or a language that no provider of the channel would take.';

CREATE FUNCTION passport.add_device(
  resident_id bigint, channel text, token text, language text DEFAULT NULL, keys jsonb DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  -- a household's tablets and a few forgotten phones; each costs a delivery per alert
  most CONSTANT int := 20;
  -- no more browsers' makers than there are; each is a server that anybody may have named
  most_services CONSTANT int := 5;
  digest CONSTANT bytea := sha256(convert_to(token, 'UTF8'));
  first_state CONSTANT text := CASE channel WHEN 'smtp' THEN 'unverified' ELSE 'active' END;
  standing passport.device_directory;
  new_id bigint;
BEGIN
  IF resident_id IS NULL OR channel IS NULL OR token IS NULL THEN
    RAISE EXCEPTION 'a device needs a resident, a channel and a token' USING ERRCODE = 'PT422',
      DETAIL = '{"pointer": "", "code": "missing", "text": "Give the resident, the channel and the token."}';
  END IF;
  PERFORM passport.check_device(channel, token, language, keys);

  -- Two registrations of one person's devices go one after the other, or both
  -- could pass the limit.
  PERFORM FROM passport.resident AS r
    WHERE r.resident_id = add_device.resident_id AND r.status <> 'deceased' FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'there is no such resident' USING ERRCODE = 'PT404';
  END IF;

  IF channel = 'smtp' THEN
    SELECT d.channel, digest, d.resident_id, d.device_id INTO standing FROM passport.device AS d
     WHERE d.resident_id = add_device.resident_id AND d.channel = 'smtp' AND d.token = add_device.token FOR UPDATE;
  ELSE
    SELECT * INTO standing FROM passport.device_directory AS d
     WHERE d.channel = add_device.channel AND d.token_digest = digest FOR UPDATE;
  END IF;
  IF standing.resident_id = add_device.resident_id THEN
    UPDATE passport.device AS d
       SET language = coalesce(add_device.language, d.language), keys = add_device.keys, registered_at = passport.now(),
           state = CASE d.state WHEN 'retired' THEN first_state ELSE d.state END, retired_reason = NULL, retired_at = NULL
     WHERE d.resident_id = standing.resident_id AND d.device_id = standing.device_id;
    RETURN standing.device_id;
  END IF;

  IF (SELECT count(*) FROM passport.device AS d
       WHERE d.resident_id = add_device.resident_id AND d.state <> 'retired') >= most THEN
    RAISE EXCEPTION 'too many devices' USING ERRCODE = 'PT429',
      HINT = 'Retire a device that is no longer in use.';
  ELSIF channel = 'webpush' AND (
        SELECT count(DISTINCT passport.push_service(d.token)) FROM passport.device AS d
         WHERE d.resident_id = add_device.resident_id AND d.channel = 'webpush' AND d.state = 'active'
           AND passport.push_service(d.token) <> passport.push_service(add_device.token)) >= most_services THEN
    RAISE EXCEPTION 'too many push services' USING ERRCODE = 'PT429',
      HINT = 'Retire a browser that is no longer in use.';
  END IF;

  -- The phone changed hands: nothing meant for the one before may reach the new holder.
  UPDATE passport.device AS d
     SET state = 'retired', retired_reason = 'taken_over', retired_at = passport.now()
   WHERE d.resident_id = standing.resident_id AND d.device_id = standing.device_id
     AND d.state = 'active';
  INSERT INTO passport.device AS d (resident_id, channel, token, keys, language, state, registered_at)
  VALUES (add_device.resident_id, channel, token, keys, language, first_state, passport.now())
  RETURNING d.device_id INTO new_id;
  -- Who lost a race for a token that nobody had yet is told so by the key.
  IF standing.resident_id IS NOT NULL THEN
    UPDATE passport.device_directory AS d
       SET resident_id = add_device.resident_id, device_id = new_id
     WHERE d.channel = add_device.channel AND d.token_digest = digest;
  ELSIF channel <> 'smtp' THEN
    INSERT INTO passport.device_directory
    VALUES (channel, digest, add_device.resident_id, new_id);
  END IF;
  RETURN new_id;
EXCEPTION WHEN unique_violation THEN
  RAISE EXCEPTION 'the token is being registered at this moment' USING ERRCODE = 'PT409',
    HINT = 'Try again.';
END $$;
COMMENT ON FUNCTION passport.add_device(bigint, text, text, text, jsonb) IS
'Registers a device of a resident, for register_device, finish_line_link and staff at the counter. resident_id: whose; channel, token, language, keys: as in register_device, and line with a user id. Returns the device_id; the same token again returns the same one and makes it active again. A token that another resident''s device had is taken over: that device is retired. A mail address is unverified first (send_device_code), and several residents may have the same. Errors: PT404 no such resident, or one who has died, PT409 somebody registers the same token at this moment, PT422 malformed, PT429 more than 20 devices, or browsers of more than 5 push services.';

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
  channel text, token text, language text DEFAULT NULL, keys jsonb DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  acting bigint;
  device bigint;
BEGIN
  PERFORM passport.require_level('register_device');
  acting := passport.record_act('register_device');
  IF channel = 'line' THEN
    PERFORM passport.refuse('/channel', 'not_linked', 'An account of LINE is linked by begin_line_link().');
  END IF;
  device := passport.add_device(acting, channel, token, language, keys);
  IF channel = 'smtp' THEN
    PERFORM passport.send_device_code(acting, device);
  END IF;
  RETURN device;
END $$;
COMMENT ON FUNCTION passport.register_device(text, text, text, jsonb) IS
'Registers the acting resident''s device. channel and token: fcm and the registration token, 1 to 4096 printable ASCII characters; apns and the device token, 16 to 100 bytes in lower-case hex; webpush and the endpoint of the subscription (https, a public name); smtp and a mail address, to which a code is sent for verify_device(). LINE: begin_line_link(). language: tag such as ja, ja-easy, en, zh-Hans, or NULL for the resident''s. keys: for apns {"environment": "production" or "sandbox"}, for webpush {"p256dh", "auth"} as PushSubscription.toJSON().keys has them, else NULL. Returns the device_id, the same one for the same token. Errors: PT401 nobody acts, PT429 more than 20 devices or a code within the last minute, otherwise as add_device.';

CREATE FUNCTION passport.retire_device(device_id bigint) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  acting bigint;
BEGIN
  PERFORM passport.require_level('register_device');
  acting := passport.record_act('retire_device');
  UPDATE passport.device AS d
     SET state = 'retired', retired_reason = 'by_resident', retired_at = passport.now()
   WHERE d.resident_id = acting AND d.device_id = retire_device.device_id AND d.state <> 'retired';
  IF NOT FOUND AND NOT EXISTS (SELECT FROM passport.device AS d
                                WHERE d.resident_id = acting AND d.device_id = retire_device.device_id) THEN
    RAISE EXCEPTION 'there is no such device' USING ERRCODE = 'PT404';
  END IF;
END $$;
COMMENT ON FUNCTION passport.retire_device(bigint) IS
'Ends sending to one of the acting resident''s devices, of any channel; again changes nothing. Errors: PT401 nobody acts, PT404 no such device of theirs.';

CREATE FUNCTION passport.forget_devices(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT d.resident_id, d.device_id FROM passport.device AS d
     WHERE d.state = 'retired' AND d.retired_at < before
        OR d.state = 'unverified' AND d.registered_at < before LIMIT max_rows FOR UPDATE SKIP LOCKED),
  named AS (
    DELETE FROM passport.device_directory AS n USING due
     WHERE n.resident_id = due.resident_id AND n.device_id = due.device_id),
  gone AS (
    DELETE FROM passport.device AS d USING due
     WHERE d.resident_id = due.resident_id AND d.device_id = due.device_id RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_devices(timestamptz, int) IS
'Deletes devices that were retired, and mail addresses that were left unverified, before a time, with their tokens, max_rows at most, and returns how many. For purge_expired.';
