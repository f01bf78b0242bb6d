-- The end of an alert: cancelled, ended by an all clear, or run out

CREATE FUNCTION passport.alert_notice(a passport.alert, kind text) RETURNS jsonb
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  texts CONSTANT jsonb := passport.message_texts(kind, a.level, passport.today(), jsonb_build_object(
    'area', passport.join_names(a.area_names), 'level', a.level,
    'sent', to_char(a.approved_at AT TIME ZONE current_setting('passport.timezone'), 'YYYY-MM-DD HH24:MI')));
BEGIN
  RETURN CASE WHEN a.mode = 'drill' THEN passport.mark_drill(texts) ELSE texts END;
END $$;
COMMENT ON FUNCTION passport.alert_notice(passport.alert, text) IS
'Texts that say something about an alert that was sent. kind: alert_cancelled, alert_ended, alert_left (no longer inside), alert_elsewhere (to everybody else).';

CREATE FUNCTION passport.close_alert(a passport.alert, message text) RETURNS passport.alert_message
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  texts CONSTANT jsonb := passport.alert_notice(a, CASE message WHEN 'cancel' THEN 'alert_cancelled' ELSE 'alert_ended' END);
  lasts CONSTANT timestamptz := passport.now() + interval '24 hours';
  said passport.alert_message;
BEGIN
  -- of one from before the municipality was parted, each database tells its own
  said := passport.say(a, ARRAY(SELECT t.resident_id FROM passport.alert_inside AS t
                                 WHERE t.alert_id = a.alert_id
                                   AND NOT EXISTS (SELECT FROM passport.resident_operated_elsewhere AS e WHERE e.resident_id = t.resident_id)
                                 ORDER BY 1),
                       message, passport.next_message_no(a.alert_id), texts, session_user, lasts,
                       (SELECT count(*)::int FROM passport.protected_resident AS p JOIN passport.resident_operated_elsewhere AS e USING (resident_id)
                          JOIN passport.alert_inside AS t USING (resident_id) WHERE t.alert_id = a.alert_id));
  IF a.broadcast_notification_id IS NOT NULL THEN
    PERFORM passport.send_alert(a, passport.broadcast_recipients(a), message || '-broadcast', 'broadcast', texts, lasts);
  END IF;
  UPDATE passport.alert_update AS u SET state = 'dropped' WHERE u.alert_id = a.alert_id AND u.state = 'draft';
  RETURN said;
END $$;
COMMENT ON FUNCTION passport.close_alert(passport.alert, text) IS
'Tells those inside, and whom the broadcast reached, that an alert is over (message: cancel or end); a drafted update is dropped. Not granted to anybody.';

CREATE FUNCTION passport.cancel_alert(alert_id bigint, reason text,
                                      OUT recipients int, OUT deliveries bigint, OUT unreachable bigint)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  a passport.alert;
  said passport.alert_message;
BEGIN
  SELECT * INTO a FROM passport.alert AS t WHERE t.alert_id = cancel_alert.alert_id FOR UPDATE;
  PERFORM passport.require_mode(a.mode);
  IF a.alert_id IS NULL THEN
    RAISE EXCEPTION 'no such alert' USING ERRCODE = 'PT404';
  ELSIF coalesce(char_length(reason), 0) NOT BETWEEN 1 AND 400 OR passport.holds_individual_number(reason) THEN
    PERFORM passport.refuse('/reason', 'reason',
                            'Give a reason of up to 400 characters without an individual number.');
  ELSIF a.state = 'expired' THEN
    RAISE EXCEPTION 'the draft has expired' USING ERRCODE = 'PT410';
  ELSIF a.state = 'ended' OR a.state = 'cancelled' AND a.cancel_reason <> reason THEN
    RAISE EXCEPTION 'the alert is % already', a.state USING ERRCODE = 'PT409';
  ELSIF a.state = 'cancelled' THEN
    SELECT * INTO said FROM passport.alert_message AS m WHERE m.alert_id = a.alert_id AND m.message = 'cancel';
  ELSE
    IF a.state = 'approved' THEN
      said := passport.close_alert(a, 'cancel');
    END IF;
    UPDATE passport.alert AS t
       SET state = 'cancelled', cancelled_by = session_user, cancelled_at = passport.now(), cancel_reason = reason
     WHERE t.alert_id = a.alert_id;
  END IF;
  SELECT coalesce(f.recipients, 0), coalesce(f.deliveries, 0), coalesce(f.unreachable, 0)
    INTO recipients, deliveries, unreachable FROM passport.shown_figures(said) AS f;
END $$;
COMMENT ON FUNCTION passport.cancel_alert(bigint, text) IS
'Cancels an alert; the reason (up to 400 characters) is for the record. A draft is dropped silently; of one that was sent, those inside are told that it is cancelled, on the same lane, replacing the first message where it has not arrived yet. One person may cancel: a correction cannot wait. Repeating it with the same reason returns the first answer. Errors: PT404 unknown, PT409 cancelled with another reason or ended, PT410 expired draft, PT422 reason.';

CREATE FUNCTION passport.end_alert(alert_id bigint, OUT recipients int, OUT deliveries bigint, OUT unreachable bigint)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  a passport.alert;
  said passport.alert_message;
BEGIN
  SELECT * INTO a FROM passport.alert AS t WHERE t.alert_id = end_alert.alert_id FOR UPDATE;
  PERFORM passport.require_mode(a.mode);
  IF a.alert_id IS NULL OR a.approved_at IS NULL THEN
    RAISE EXCEPTION 'no such alert' USING ERRCODE = 'PT404', HINT = 'A draft is dropped by cancel_alert().';
  ELSIF a.state = 'ended' AND a.ended_by = session_user THEN
    SELECT * INTO said FROM passport.alert_message AS m WHERE m.alert_id = a.alert_id AND m.message = 'end';
  ELSIF a.state <> 'approved' THEN
    RAISE EXCEPTION 'the alert is % already', a.state USING ERRCODE = 'PT409';
  ELSE
    said := passport.close_alert(a, 'end');
    UPDATE passport.alert AS t SET state = 'ended', ended_by = session_user, ended_at = passport.now()
     WHERE t.alert_id = a.alert_id;
  END IF;
  SELECT f.* INTO recipients, deliveries, unreachable FROM passport.shown_figures(said) AS f;
END $$;
COMMENT ON FUNCTION passport.end_alert(bigint) IS
'The all clear: ends an alert that was right and tells those inside. It is for who may approve, for it sends people home. The same person may repeat the call. Errors: PT404 no such alert, or not sent yet, PT409 over already.';

-- An order of the municipality holds until somebody lifts it: a clock that ran
-- out must not send people back into the water. A notice ends by itself, and
-- says nothing then, for nobody was sent away; so does a drill that nobody ended,
-- lest it lie about until it is taken for something else.
--
-- For machines that is not enough: who reads CAP drops a message that is past
-- its <expires>, and would show no order while it stands.  So the same is said
-- again to them in time, with a later one.  A draft that somebody may approve
-- has a number already and must not be overtaken; it lives for as long as this
-- comes early.
CREATE FUNCTION passport.renew_orders() RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  renewed int;
BEGIN
  WITH standing AS MATERIALIZED (
    SELECT a.alert_id, a.hazard FROM passport.alert AS a
     WHERE a.state = 'approved' AND a.mode = 'live'
       -- of what was sent before the road was cut, one of the two databases goes on speaking
       AND passport.operated_elsewhere(a.area) IS NULL
       AND NOT (passport.alert_words(a.hazard, a.level, passport.today())).ends_itself
       AND NOT EXISTS (SELECT FROM passport.alert_update AS u
                        WHERE u.alert_id = a.alert_id AND u.state = 'draft' AND u.draft_until > passport.now())
     FOR UPDATE SKIP LOCKED
  )
  INSERT INTO passport.alert_message
         (alert_id, message_no, message, level, area, area_names, texts, sent_by, sent_at, expires_at,
          headcount, households, needing_help, recipients, deliveries, unreachable)
  SELECT s.alert_id, passport.next_message_no(s.alert_id), 'renew', m.level, m.area, m.area_names, m.texts, session_user, passport.now(),
         passport.alert_lasts(s.hazard, m.level), m.headcount, m.households, m.needing_help, 0, 0, 0
    FROM standing AS s
   CROSS JOIN LATERAL (SELECT * FROM passport.alert_message AS l WHERE l.alert_id = s.alert_id ORDER BY l.message_no DESC LIMIT 1) AS m
   WHERE m.expires_at <= passport.now() + interval '30 minutes';
  GET DIAGNOSTICS renewed = ROW_COUNT;
  RETURN renewed;
END $$;
COMMENT ON FUNCTION passport.renew_orders() IS
'Step of lapse_alerts(): says again to machines, as a CAP Update with a later <expires>, what an order in force says whose latest message expires within 30 minutes. No resident is sent anything, and the alert''s own time, after which staff are told that it is overdue, stays. Returns how many. Source: CAP 1.2, 3.2.2 expires.';

CREATE FUNCTION passport.lapse_alerts() RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  renewed CONSTANT int := passport.renew_orders();
  lapsed int;
  overdue int;
BEGIN
  UPDATE passport.alert AS a SET state = 'ended', ended_at = passport.now()
   WHERE a.state = 'approved' AND a.expires_at <= passport.now()
     AND (a.mode = 'drill' OR (passport.alert_words(a.hazard, a.level, passport.today())).ends_itself);
  GET DIAGNOSTICS lapsed = ROW_COUNT;
  UPDATE passport.alert AS a SET overdue_at = passport.now()
   WHERE a.state = 'approved' AND a.expires_at <= passport.now() AND a.overdue_at IS NULL;
  GET DIAGNOSTICS overdue = ROW_COUNT;
  IF lapsed + renewed > 0 THEN
    PERFORM pg_notify('passport_map', '');
  END IF;
  IF overdue > 0 THEN
    PERFORM pg_notify('passport_alarm', 'alert_overdue');
  END IF;
  RETURN lapsed + overdue + renewed;
END $$;
COMMENT ON FUNCTION passport.lapse_alerts() IS
'Job: ends notices whose time ran out (alert_level.ends_itself: levels 1 and 2) and drills whose time did, without a message, and raises the alarm (NOTIFY passport_alarm) once for each order that is past its time: it stays in force until update_alert() renews it or end_alert() lifts it; until then its CAP message is renewed (renew_orders). Returns how many it ended, found overdue and renewed.';

CREATE FUNCTION passport.forget_alert_recipients(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT r.resident_id, r.alert_id
      FROM passport.alert AS a JOIN passport.alert_recipient AS r ON r.alert_id = a.alert_id
     WHERE a.approved_at < before LIMIT max_rows FOR UPDATE OF r SKIP LOCKED),
  gone AS (
    DELETE FROM passport.alert_recipient AS r USING due
     WHERE r.resident_id = due.resident_id AND r.alert_id = due.alert_id RETURNING 1),
  told AS (
    SELECT b.resident_id, b.alert_id
      FROM passport.alert AS a JOIN passport.broadcast_elsewhere AS b ON b.alert_id = a.alert_id
     WHERE a.approved_at < before LIMIT max_rows FOR UPDATE OF b SKIP LOCKED),
  told_gone AS (
    DELETE FROM passport.broadcast_elsewhere AS b USING told
     WHERE b.resident_id = told.resident_id AND b.alert_id = told.alert_id RETURNING 1)
  SELECT (SELECT count(*) FROM gone) + (SELECT count(*) FROM told_gone);
END;
COMMENT ON FUNCTION passport.forget_alert_recipients(timestamptz, int) IS
'Deletes who received alerts that were approved before a time, and whom another database told of them, max_rows of each at most, and returns how many; the alerts keep their numbers. For purge_expired.';

-- An alert does not name the drawing that it began with: staff look at several
-- and change what they send.  replay_alert() shows those of the 12 hours before.
CREATE FUNCTION passport.area_was_used(d passport.affected_area) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT EXISTS (SELECT FROM passport.alert AS a
                  WHERE a.sensor = d.sensor AND a.drafted_at BETWEEN d.drawn_at AND d.drawn_at + interval '12 hours')
         OR EXISTS (SELECT FROM passport.alert AS a JOIN passport.alert_update AS u USING (alert_id)
                     WHERE a.sensor = d.sensor AND u.drafted_at BETWEEN d.drawn_at AND d.drawn_at + interval '12 hours');
END;
COMMENT ON FUNCTION passport.area_was_used(passport.affected_area) IS
'Whether an alert of the sensor, or an update of one, was drafted within 12 hours after an area was drawn.';

CREATE FUNCTION passport.forget_areas(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT d.area_id FROM passport.affected_area AS d
     WHERE d.drawn_at < before AND NOT passport.area_was_used(d) ORDER BY d.area_id LIMIT max_rows),
  gone AS (
    DELETE FROM passport.affected_area AS d USING due WHERE d.area_id = due.area_id RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_areas(timestamptz, int) IS
'Deletes areas that were drawn before a time and that no alert followed, max_rows at most, and returns how many. For purge_expired.';
