-- What is forgotten of messages: codes as soon as they are over, the rest much later

CREATE FUNCTION passport.forget_codes(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT n.notification_id, regexp_replace(n.texts::text, '(?<![0-9])[0-9]{6}(?![0-9])', '******', 'g') AS texts
      FROM passport.notification AS n
     WHERE n.holds_code
       AND (n.expires_at < before
            OR EXISTS (SELECT FROM passport.delivery_outcome AS o
                        WHERE o.notification_id = n.notification_id AND o.finished_at < before))
     LIMIT max_rows FOR UPDATE OF n SKIP LOCKED),
  gone AS (
    -- the digest too: a million codes are soon tried
    UPDATE passport.notification AS n
       SET texts = due.texts::jsonb, digest = sha256(convert_to(due.texts, 'UTF8')), holds_code = false
      FROM due WHERE n.notification_id = due.notification_id RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_codes(timestamptz, int) IS
'Makes asterisks of the code in messages that were delivered or expired before a time, max_rows at most, and returns how many; what else they said stays. For purge_expired.';

CREATE FUNCTION passport.forget_notifications(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT n.notification_id FROM passport.notification AS n
     WHERE n.expires_at < before
       AND NOT EXISTS (SELECT FROM passport.delivery AS t WHERE t.notification_id = n.notification_id)
       AND NOT EXISTS (SELECT FROM passport.delivery_elsewhere AS t WHERE t.notification_id = n.notification_id)
       AND NOT EXISTS (SELECT FROM passport.delivery_outcome AS t WHERE t.notification_id = n.notification_id)
       AND NOT EXISTS (SELECT FROM passport.notification_step AS t WHERE t.notification_id = n.notification_id)
       AND NOT EXISTS (SELECT FROM passport.unreached AS t WHERE t.notification_id = n.notification_id)
       AND NOT EXISTS (SELECT FROM passport.drill_delivery AS t WHERE t.notification_id = n.notification_id)
       AND NOT EXISTS (SELECT FROM passport.renewal_reminder AS t WHERE t.notification_id = n.notification_id)
       AND NOT EXISTS (SELECT FROM passport.area_question AS t WHERE t.notification_id = n.notification_id)
       AND NOT EXISTS (SELECT FROM passport.alert_message AS t WHERE t.notification_id = n.notification_id)
       AND NOT EXISTS (SELECT FROM passport.alert AS t WHERE n.notification_id IN (t.notification_id, t.broadcast_notification_id))
     LIMIT max_rows FOR UPDATE OF n SKIP LOCKED),
  gone AS (
    DELETE FROM passport.notification AS n USING due WHERE n.notification_id = due.notification_id RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_notifications(timestamptz, int) IS
'Deletes messages that expired before a time, max_rows at most, and returns how many. Those stay that an alert, a question, a reminder, a drill, the call list or what became of a delivery still refers to. For purge_expired.';
