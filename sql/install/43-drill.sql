-- Drills: their own devices, their own rows, their own bridge

-- A drill's deliveries to residents never enter passport.delivery: they are
-- counted and finished at once.  That alone would leave a drill that rings
-- nowhere, and bridge, credentials and phones untried until the day.  So staff
-- have test devices: other rows than residents' devices, in another queue, that
-- another role claims with other credentials.  Neither bridge may call what
-- the other calls, and whatever stands in a drill's queue, it has no way to a
-- resident: the token of a resident's device is refused here, and passed over.
CREATE TABLE passport.drill_device (
  drill_device_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  holder text NOT NULL CHECK (length(holder) BETWEEN 1 AND 100),
  channel text NOT NULL CHECK (channel IN ('fcm', 'apns', 'webpush', 'line')),
  token text NOT NULL CHECK (token ~ '^[!-~]+$' AND length(token) <= 4096),
  keys jsonb,
  token_digest bytea NOT NULL CHECK (octet_length(token_digest) = 32),
  language text NOT NULL REFERENCES passport.message_language,
  added_by text NOT NULL,
  added_at timestamptz NOT NULL,
  retired_at timestamptz,
  CHECK ((channel IN ('apns', 'webpush')) = (keys IS NOT NULL))
);
COMMENT ON TABLE passport.drill_device IS
'Test devices of staff, the only ones that a drill rings; holder: the desk or person who has it; keys: as of device. Mail has none: an address may be its holder''s as a resident, and no directory would know.';
CREATE UNIQUE INDEX drill_device_token ON passport.drill_device (channel, token_digest) WHERE retired_at IS NULL;

CREATE TABLE passport.drill_delivery (
  delivery_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  notification_id bigint NOT NULL REFERENCES passport.notification,
  drill_device_id bigint NOT NULL REFERENCES passport.drill_device,
  attempt int NOT NULL DEFAULT 0,
  not_before timestamptz NOT NULL,
  lease_until timestamptz,
  worker text,
  outcome text CHECK (outcome IN ('delivered', 'retired', 'failed', 'expired')),
  detail text,
  finished_at timestamptz,
  CHECK ((outcome IS NULL) = (finished_at IS NULL))
);
COMMENT ON TABLE passport.drill_delivery IS
'Drill messages to test devices, waiting, claimed or finished (outcome as of delivery_outcome). not_before, lease_until: by the machine''s clock.';
CREATE INDEX drill_delivery_open ON passport.drill_delivery (not_before) WHERE outcome IS NULL;

-- In Otsu 2014 and Yamaguchi 2019 those who played a drill sent it as real.  So
-- whoever plays has passport_drill: as a login of its own at the drill's desk, or
-- granted for the day.  Whatever else such a login may, it cannot touch a live alert.
CREATE FUNCTION passport.require_mode(mode text) RETURNS void
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF mode <> 'drill' AND pg_has_role(session_user, 'passport_drill', 'MEMBER')
     AND NOT (SELECT u.rolsuper FROM pg_roles AS u WHERE u.rolname = session_user) THEN
    RAISE EXCEPTION 'this login is in a drill' USING ERRCODE = 'PT403',
      HINT = 'It drafts, approves and ends drills (mode => ''drill'') only; who has to send a live alert is revoked passport_drill, or logs in as somebody else.';
  END IF;
END $$;
COMMENT ON FUNCTION passport.require_mode(text) IS
'Raises PT403 when a login in the role passport_drill would act on an alert of another mode than drill. Granted to nobody.';

CREATE FUNCTION passport.add_drill_device(holder text, channel text, token text, language text DEFAULT 'ja', keys jsonb DEFAULT NULL)
  RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  digest CONSTANT bytea := sha256(convert_to(token, 'UTF8'));
  added bigint;
BEGIN
  PERFORM passport.refuse_individual_number('/holder', holder);
  PERFORM passport.check_device(channel, token, language, keys);
  IF EXISTS (SELECT FROM passport.device_directory AS d
              WHERE d.channel = add_drill_device.channel AND d.token_digest = digest) THEN
    RAISE EXCEPTION 'this is the device of a resident'
      USING ERRCODE = 'PT409', HINT = 'A drill rings test devices only: install the test app on it.';
  END IF;
  INSERT INTO passport.drill_device AS d (holder, channel, token, keys, token_digest, language, added_by, added_at)
  VALUES (holder, channel, token, keys, digest, language, session_user, passport.now())
  RETURNING d.drill_device_id INTO added;
  RETURN added;
EXCEPTION
  WHEN check_violation OR not_null_violation OR foreign_key_violation THEN
    PERFORM passport.refuse('', 'malformed',
      'A test device has a holder of 1 to 100 characters, the channel fcm, apns, webpush or line, a token and a language of passport.message_language.');
  WHEN unique_violation THEN
    RAISE EXCEPTION 'this device is there already' USING ERRCODE = 'PT409';
END $$;
COMMENT ON FUNCTION passport.add_drill_device(text, text, text, text, jsonb) IS
'Adds a test device that drills ring. holder: the desk or person who has it; channel: fcm, apns, webpush or line; token: of the test app, registered with the credentials of the drill bridge; language: of passport.message_language; keys: as of add_device. Returns its number. Errors: PT409 there already, or a resident''s device, PT422 malformed.';

CREATE FUNCTION passport.remove_drill_device(drill_device_id bigint) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  UPDATE passport.drill_device AS d SET retired_at = coalesce(d.retired_at, passport.now())
   WHERE d.drill_device_id = remove_drill_device.drill_device_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no such test device' USING ERRCODE = 'PT404';
  END IF;
END $$;
COMMENT ON FUNCTION passport.remove_drill_device(bigint) IS
'Takes a test device out of drills, with what waits for it. PT404: unknown.';

CREATE FUNCTION passport.ring_drill_devices(notification_id bigint) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  INSERT INTO passport.drill_delivery (notification_id, drill_device_id, not_before)
  SELECT n.notification_id, d.drill_device_id, clock_timestamp()
    FROM passport.notification AS n CROSS JOIN passport.drill_device AS d
   WHERE n.notification_id = ring_drill_devices.notification_id AND n.mode = 'drill' AND d.retired_at IS NULL
   ORDER BY d.drill_device_id;
  IF FOUND THEN
    PERFORM pg_notify('passport_drill', '');
  END IF;
END $$;
COMMENT ON FUNCTION passport.ring_drill_devices(bigint) IS
'Enqueues a drill''s message for every test device and wakes the drill bridge (NOTIFY passport_drill); nothing for a live one. Granted to nobody.';

CREATE FUNCTION passport.claim_drill_deliveries(
  worker text, batch int, lease interval, channels text[] DEFAULT NULL,
  OUT resident_id bigint, OUT delivery_id bigint, OUT channel text, OUT token text, OUT keys jsonb,
  OUT title text, OUT body text, OUT data jsonb, OUT collapse_key text, OUT ttl int,
  OUT priority text, OUT attempt int, OUT notification_id bigint, OUT message_id uuid) RETURNS SETOF record
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF coalesce(length(worker) NOT BETWEEN 1 AND 100 OR batch NOT BETWEEN 1 AND 10000
              OR lease NOT BETWEEN '1 microsecond' AND '1 hour', true) THEN
    PERFORM passport.refuse('', 'out_of_range', 'A worker has a name of up to 100 characters, a batch 1 to 10000 rows, a lease lasts up to an hour.');
  END IF;
  PERFORM passport.refuse_individual_number('/worker', worker);
  -- a device that was taken out, or that a resident has registered, is none; what a worker holds is left to it
  UPDATE passport.drill_delivery AS d SET outcome = CASE WHEN w.is_gone THEN 'retired' ELSE 'expired' END, finished_at = passport.now()
    FROM passport.notification AS n, passport.drill_device AS v
   CROSS JOIN LATERAL (SELECT v.retired_at IS NOT NULL
                              OR EXISTS (SELECT FROM passport.device_directory AS r
                                          WHERE r.channel = v.channel AND r.token_digest = v.token_digest)) AS w(is_gone)
   WHERE n.notification_id = d.notification_id AND v.drill_device_id = d.drill_device_id AND d.outcome IS NULL
     AND (d.lease_until IS NULL OR d.lease_until <= clock_timestamp())
     AND (w.is_gone OR n.expires_at <= passport.now());
  RETURN QUERY
    WITH candidate AS (
      SELECT d.delivery_id FROM passport.drill_delivery AS d JOIN passport.drill_device AS v USING (drill_device_id)
       WHERE d.outcome IS NULL AND d.not_before <= clock_timestamp()
         AND (d.lease_until IS NULL OR d.lease_until <= clock_timestamp())
         AND (channels IS NULL OR v.channel = ANY (channels))
       ORDER BY d.delivery_id LIMIT batch FOR UPDATE OF d SKIP LOCKED
    ), claimed AS (
      UPDATE passport.drill_delivery AS d
         SET worker = claim_drill_deliveries.worker, lease_until = clock_timestamp() + lease, attempt = d.attempt + 1
        FROM candidate AS c WHERE d.delivery_id = c.delivery_id
      RETURNING d.*
    )
    SELECT 0::bigint, c.delivery_id, v.channel, v.token, v.keys, n.texts #>> ARRAY[l.language, 'title'], n.texts #>> ARRAY[l.language, 'body'],
           n.data, n.collapse_key, extract(epoch FROM n.expires_at - passport.now())::int, a.priority, c.attempt, c.notification_id, n.message_id
      FROM claimed AS c
      JOIN passport.drill_device AS v USING (drill_device_id)
      JOIN passport.notification AS n ON n.notification_id = c.notification_id AND n.mode = 'drill'
      JOIN passport.lane AS a USING (lane)
     CROSS JOIN LATERAL (SELECT CASE WHEN n.texts ? v.language THEN v.language ELSE 'ja' END AS language) AS l
     ORDER BY c.delivery_id;
END $$;
COMMENT ON FUNCTION passport.claim_drill_deliveries(text, int, interval, text[]) IS
'For the drill bridge: what claim_deliveries() is for the live one, of drill messages to test devices; resident_id is 0, for there is no resident. What is for a device whose token a resident has registered since is finished as retired. Errors: PT422 malformed argument.';

CREATE FUNCTION passport.complete_drill_deliveries(
  worker text, resident_ids bigint[], delivery_ids bigint[], outcomes text[], details text[],
  retry_seconds int[], dead_since timestamptz[] DEFAULT NULL) RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  changed int;
BEGIN
  IF NOT coalesce(outcomes <@ '{delivered,retired,failed,retry}' AND cardinality(outcomes) = cardinality(delivery_ids), false) THEN
    PERFORM passport.refuse('/outcomes', 'malformed', 'Each delivery has the outcome delivered, retired, failed or retry.');
  END IF;
  WITH given AS (
    SELECT * FROM unnest(delivery_ids, outcomes, details, retry_seconds, dead_since) AS g(delivery_id, became, detail, asked, died)
  ), dead AS (
    UPDATE passport.drill_device AS v SET retired_at = passport.now()
      FROM given AS g JOIN passport.drill_delivery AS d USING (delivery_id)
     WHERE g.became = 'retired' AND d.worker = complete_drill_deliveries.worker AND d.outcome IS NULL
       AND v.drill_device_id = d.drill_device_id AND v.retired_at IS NULL
       AND v.added_at <= coalesce(g.died, 'infinity')
  )
  UPDATE passport.drill_delivery AS d
     SET outcome = nullif(g.became, 'retry'), worker = NULL, lease_until = NULL,
         finished_at = CASE WHEN g.became <> 'retry' THEN passport.now() END,
         detail = CASE WHEN NOT passport.holds_individual_number(left(g.detail, 100)) THEN left(g.detail, 100) END,
         not_before = clock_timestamp() + passport.retry_delay(d.attempt, coalesce(g.asked, 0))
    FROM given AS g
   WHERE d.delivery_id = g.delivery_id AND d.worker = complete_drill_deliveries.worker AND d.outcome IS NULL;
  GET DIAGNOSTICS changed = ROW_COUNT;
  RETURN changed;
END $$;
COMMENT ON FUNCTION passport.complete_drill_deliveries(text, bigint[], bigint[], text[], text[], int[], timestamptz[]) IS
'For the drill bridge: records what became of claimed drill deliveries, as complete_deliveries() does; resident_ids are not looked at. Errors: PT422 malformed argument.';
