-- Unreached: whom no message reaches, and what follows when nothing was delivered

CREATE TABLE passport.unreached (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  notification_id bigint NOT NULL REFERENCES passport.notification,
  reason text NOT NULL CHECK (reason IN ('no_channel', 'not_delivered')),
  listed_at timestamptz NOT NULL,
  PRIMARY KEY (resident_id, notification_id)
);
COMMENT ON TABLE passport.unreached IS
'Whom a message did not reach, so that staff have to call them, or go to them (call_list): no_channel: there is no device that its lane uses; not_delivered: no provider had taken it when its time had come.';
CREATE INDEX unreached_listed ON passport.unreached (listed_at);

CREATE FUNCTION passport.follow_step(notification_id bigint, place smallint) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  about passport.notification;
  newer bigint[];
  made bigint;
BEGIN
  SELECT * INTO about FROM passport.notification AS n WHERE n.notification_id = follow_step.notification_id;
  IF about.expires_at <= passport.now() THEN
    RETURN 0;
  END IF;
  -- what has taken its place, for whom it was sent to: an alert's broadcast goes to everybody but those inside
  newer := ARRAY(SELECT n.notification_id FROM passport.notification AS n
                  WHERE n.collapse_key = about.collapse_key AND n.notification_id > about.notification_id);
  WITH told AS MATERIALIZED (
    SELECT t.resident_id
      FROM (SELECT o.resident_id, o.outcome = 'delivered' AS reached FROM passport.delivery_outcome AS o
             WHERE o.notification_id = follow_step.notification_id
            UNION ALL
            SELECT d.resident_id, false FROM passport.delivery AS d
             WHERE d.notification_id = follow_step.notification_id) AS t
      JOIN passport.resident AS r ON r.resident_id = t.resident_id AND r.status <> 'deceased'
     WHERE NOT EXISTS (SELECT FROM passport.resident_operated_elsewhere AS e WHERE e.resident_id = t.resident_id)
       AND NOT EXISTS (SELECT FROM passport.delivery AS d
                        WHERE d.resident_id = t.resident_id AND d.notification_id = ANY (newer))
       AND NOT EXISTS (SELECT FROM passport.delivery_outcome AS o
                        WHERE o.resident_id = t.resident_id AND o.notification_id = ANY (newer))
     GROUP BY t.resident_id HAVING NOT bool_or(t.reached)
  ), sent AS (
    INSERT INTO passport.delivery (resident_id, notification_id, device_id, channel, urgency, created_at)
    SELECT v.resident_id, about.notification_id, v.device_id, v.channel, l.urgency, passport.now()
      FROM told AS t JOIN passport.device AS v USING (resident_id)
      JOIN passport.channel AS c ON c.channel = v.channel AND c.place = follow_step.place
      JOIN passport.lane AS l ON l.lane = about.lane
      JOIN passport.lane_rules() AS r ON r.lane = about.lane
     WHERE v.state = 'active'
       AND NOT (r.may_decline AND EXISTS (
             SELECT FROM passport.preference AS p
              WHERE p.resident_id = v.resident_id AND p.kind = about.kind AND p.channel = v.channel))
       AND NOT EXISTS (SELECT FROM passport.delivery AS d
                        WHERE d.resident_id = v.resident_id AND d.notification_id = about.notification_id AND d.device_id = v.device_id)
       AND NOT EXISTS (SELECT FROM passport.delivery_outcome AS o
                        WHERE o.resident_id = v.resident_id AND o.notification_id = about.notification_id AND o.device_id = v.device_id)
     ORDER BY v.resident_id, v.device_id
    RETURNING 1
  ), listed AS (
    INSERT INTO passport.unreached AS u (resident_id, notification_id, reason, listed_at)
    SELECT t.resident_id, about.notification_id, 'not_delivered', passport.now() FROM told AS t
     WHERE EXISTS (SELECT FROM passport.channel AS c WHERE c.channel = 'call' AND c.place = follow_step.place)
    ON CONFLICT ON CONSTRAINT unreached_pkey DO NOTHING
    RETURNING 1
  ), counted AS (
    UPDATE passport.notification AS n SET deliveries = n.deliveries + (SELECT count(*) FROM sent)
     WHERE n.notification_id = about.notification_id
  )
  SELECT (SELECT count(*) FROM sent) + (SELECT count(*) FROM listed) INTO made;
  RETURN made;
END $$;
COMMENT ON FUNCTION passport.follow_step(bigint, smallint) IS
'Takes a message to the channels of a place, or onto the list of those whom it did not reach, for those to whom nothing of it was delivered, and returns for how many. Nothing once it has expired, nor for whom a later message with its collapse_key is meant.';

CREATE FUNCTION passport.follow_up() RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  step passport.notification_step;
  made bigint := 0;
BEGIN
  PERFORM passport.keep_home();
  FOR step IN
    SELECT * FROM passport.notification_step AS s
     WHERE s.due_at <= passport.now() ORDER BY s.due_at, s.place LIMIT 1000 FOR UPDATE SKIP LOCKED
  LOOP
    DELETE FROM passport.notification_step AS s
     WHERE s.notification_id = step.notification_id AND s.place = step.place;
    made := made + passport.follow_step(step.notification_id, step.place);
  END LOOP;
  IF made > 0 THEN
    PERFORM pg_notify('passport_outbox', '');
  END IF;
  RETURN made;
END $$;
COMMENT ON FUNCTION passport.follow_up() IS
'Takes every message whose time has come to the channels of its next place, and returns how many deliveries and calls that made. The job follow_up runs it every ten seconds.';

CREATE FUNCTION passport.forget_unreached(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT u.resident_id, u.notification_id FROM passport.unreached AS u
     WHERE u.listed_at < before LIMIT max_rows FOR UPDATE SKIP LOCKED),
  gone AS (
    DELETE FROM passport.unreached AS u USING due
     WHERE u.resident_id = due.resident_id AND u.notification_id = due.notification_id RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_unreached(timestamptz, int) IS
'Deletes whom a message had not reached before a time, max_rows at most, and returns how many. For purge_expired.';

CREATE FUNCTION passport.outbox_state() RETURNS TABLE (lane text, channel text, oldest_seconds double precision)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off SET enable_bitmapscan = off
BEGIN ATOMIC
  SELECT l.lane, c.channel, extract(epoch FROM passport.now() - least(f.created_at, w.created_at))::double precision
    FROM passport.lane AS l CROSS JOIN passport.channel AS c
    LEFT JOIN LATERAL (SELECT d.created_at FROM passport.delivery AS d
                        WHERE d.urgency = l.urgency AND d.channel = c.channel AND d.not_before IS NULL
                        ORDER BY d.urgency, d.channel, d.delivery_id LIMIT 1) AS f ON true
    LEFT JOIN LATERAL (SELECT d.created_at FROM passport.delivery AS d
                        WHERE d.urgency = l.urgency AND d.channel = c.channel AND d.not_before IS NOT NULL
                        ORDER BY d.urgency, d.channel, d.not_before LIMIT 1) AS w ON true
   WHERE c.channel <> 'call';
END;
COMMENT ON FUNCTION passport.outbox_state() IS
'For each lane and channel the age in seconds of the oldest delivery that is not finished (of those that wait for a next try: of the one that is tried first), NULL where there is none. For the bridge''s metrics.';
