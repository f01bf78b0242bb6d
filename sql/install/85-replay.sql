-- Replay: an alert from reading to door, with times, and how long each step took

-- From half a day before the draft until the alert was over.
CREATE FUNCTION passport.replay_gauge(a passport.alert) RETURNS TABLE (at timestamptz, step text, who text, what jsonb)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH span AS (
    SELECT a.drafted_at - interval '12 hours' AS from_time,
           coalesce(a.cancelled_at, a.ended_at, greatest(a.expires_at, CASE WHEN a.state = 'approved' THEN passport.now() END), a.draft_until) AS to_time
  )
  -- readings that the gate did not just take, or that moved the stage
  SELECT r.recorded_at, 'reading', r.sensor,
         jsonb_build_object('observed_at', r.observed_at, 'value', r.value, 'verdict', r.verdict, 'reasons', to_jsonb(r.reasons),
                            'stage', r.stage, 'before', r.before)
    FROM (SELECT t.*, coalesce(lag(t.stage) OVER (ORDER BY t.observed_at),
                               (SELECT e.stage FROM passport.reading AS e WHERE e.sensor = a.sensor AND e.observed_at < span.from_time
                                 ORDER BY e.observed_at DESC LIMIT 1), 0) AS before
            FROM span, passport.reading AS t
           WHERE t.sensor = a.sensor AND t.observed_at BETWEEN span.from_time AND span.to_time) AS r
   WHERE r.verdict <> 'accepted' OR r.stage <> r.before
  UNION ALL
  SELECT c.confirmed_at, 'confirmation', c.confirmed_by::text, jsonb_build_object('observed_at', c.observed_at)
    FROM span, passport.reading_confirmation AS c
   WHERE c.sensor = a.sensor AND c.confirmed_at BETWEEN span.from_time AND span.to_time
  UNION ALL
  SELECT q.noticed_at, 'silence', q.sensor, jsonb_build_object('last_heard', q.last_heard, 'ended_at', q.ended_at)
    FROM span, passport.sensor_silence AS q
   WHERE q.sensor = a.sensor AND q.noticed_at BETWEEN span.from_time AND span.to_time
  UNION ALL
  SELECT e.ended_at, 'stage_ended', e.ended_by::text, jsonb_build_object('stage', e.stage, 'reason', e.reason)
    FROM span, passport.stage_ending AS e
   WHERE e.sensor = a.sensor AND e.ended_at BETWEEN span.from_time AND span.to_time
  UNION ALL
  SELECT d.drawn_at, 'area', d.sensor,
         jsonb_build_object('stage', d.stage, 'zones', to_jsonb(d.zones), 'km2', passport.square_kilometres(d.area))
    FROM span, passport.affected_area AS d
   WHERE d.sensor = a.sensor AND d.drawn_at BETWEEN span.from_time AND a.drafted_at
  UNION ALL
  SELECT a.drafted_at, 'weather', NULL, jsonb_agg(DISTINCT jsonb_build_object('hazard', w.hazard, 'name', w.name, 'level', w.level))
    FROM passport.weather_at(a.drafted_at) AS w HAVING count(*) > 0;
END;
COMMENT ON FUNCTION passport.replay_gauge(passport.alert) IS
'Step of replay_alert(): what the alert''s gauge showed, who believed it, when it was silent, the areas drawn, and which warnings of the weather service were in force at the draft.';

-- All but the persons: numbers are of those who may be counted.
CREATE FUNCTION passport.replay_warning(a passport.alert) RETURNS TABLE (at timestamptz, step text, who text, what jsonb)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT s.answered_at, 'authority', t.authorised_by,
         jsonb_build_object('stage', s.stage, 'outcome', s.outcome, 'authorised_at', t.authorised_at, 'confirmed_by', t.confirmed_by)
    FROM passport.stage_answer AS s JOIN passport.stage_authority AS t USING (authority_id)
   WHERE s.alert_id = a.alert_id
  UNION ALL
  SELECT a.drafted_at, 'draft', a.drafted_by,
         jsonb_build_object('hazard', a.hazard, 'level', coalesce(m.level, a.level), 'mode', a.mode,
           'area', to_jsonb(coalesce(m.area_names, a.area_names)), 'km2', passport.square_kilometres(coalesce(m.area, a.area)), 'headcount', passport.shown_count(coalesce(m.headcount, a.headcount)),
           'households', passport.shown_count(coalesce(m.households, a.households)), 'needing_help', passport.shown_count(coalesce(m.needing_help, a.needing_help)))
    FROM (SELECT a.alert_id) AS t
    LEFT JOIN passport.alert_message AS m ON m.alert_id = t.alert_id AND m.message_no = 1
  UNION ALL
  SELECT m.sent_at, CASE m.message WHEN 'alert' THEN 'approval' ELSE 'update' END, m.sent_by,
         jsonb_build_object('recipients', f.recipients, 'deliveries', f.deliveries,
           'unreachable', f.unreachable, 'expires_at', m.expires_at)
         || CASE m.message WHEN 'update' THEN jsonb_build_object('level', m.level, 'area', to_jsonb(m.area_names)) ELSE '{}' END
    FROM passport.alert_message AS m CROSS JOIN LATERAL passport.shown_figures(m) AS f
   WHERE m.alert_id = a.alert_id AND m.message IN ('alert', 'update')
  UNION ALL
  SELECT b.sent_at, 'break_glass', b.sent_by, jsonb_build_object('reason', b.reason)
    FROM passport.break_glass_use AS b WHERE b.alert_id = a.alert_id
  UNION ALL
  SELECT b.reviewed_at, 'review', b.reviewed_by, jsonb_build_object('justified', b.justified, 'remark', b.remark)
    FROM passport.break_glass_use AS b WHERE b.alert_id = a.alert_id AND b.reviewed_at IS NOT NULL
  UNION ALL
  SELECT a.ended_at, 'end', a.ended_by, '{}' WHERE a.ended_at IS NOT NULL
  UNION ALL
  SELECT a.cancelled_at, 'cancel', a.cancelled_by, jsonb_build_object('reason', a.cancel_reason) WHERE a.cancelled_at IS NOT NULL;
END;
COMMENT ON FUNCTION passport.replay_warning(passport.alert) IS
'Step of replay_alert(): from the draft to the approval, by whose authority, the updates, and the cancellation or the end.';

CREATE FUNCTION passport.replay_people(a passport.alert) RETURNS TABLE (at timestamptz, step text, who text, what jsonb)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT max(o.finished_at), 'deliveries', NULL,
         jsonb_build_object('message', n.data ->> 'message', 'outcome', o.outcome, 'count', count(*), 'first_at', min(o.finished_at))
    FROM passport.notification AS n JOIN passport.delivery_outcome AS o USING (notification_id)
   -- this alert's, and the ones that another database sent of it
   WHERE n.kind = 'alert' AND n.collapse_key = 'alert-' || passport.alert_name(a)
     AND NOT EXISTS (SELECT FROM passport.protected_resident AS p WHERE p.resident_id = o.resident_id)
   GROUP BY n.notification_id, n.data ->> 'message', o.outcome
  UNION ALL
  SELECT max(t.answered_at), 'answers', t.answered_by,
         jsonb_build_object('answer', t.answer, 'count', count(*), 'persons', count(DISTINCT t.resident_id), 'first_at', min(t.answered_at))
    FROM passport.alert_answer_place AS t
   WHERE t.alert_id = a.alert_id
   GROUP BY t.answer, t.answered_by, date_bin('10 minutes', t.answered_at, a.approved_at)
  UNION ALL
  SELECT max(c.called_at), 'calls', NULL,
         jsonb_build_object('result', c.result, 'count', count(*), 'persons', count(DISTINCT c.resident_id), 'first_at', min(c.called_at))
    FROM passport.call AS c
   WHERE c.alert_id = a.alert_id
     AND NOT EXISTS (SELECT FROM passport.protected_resident AS p WHERE p.resident_id = c.resident_id)
   GROUP BY c.result, date_bin('10 minutes', c.called_at, a.approved_at)
  UNION ALL
  SELECT e.at, 'shelter', e.who, jsonb_build_object('event', e.event, 'shelter', h.name)
    FROM passport.shelter_opening AS o JOIN passport.shelter AS h USING (shelter_id)
   CROSS JOIN LATERAL (VALUES (o.opened_at, o.opened_by::text, 'opened'), (o.closed_at, o.closed_by::text, 'closed')) AS e(at, who, event)
   WHERE e.at BETWEEN a.drafted_at - interval '12 hours'
          AND coalesce(a.cancelled_at, a.ended_at, greatest(a.expires_at, passport.now())) + interval '1 day'
  UNION ALL
  SELECT e.at, 'question', e.who, jsonb_build_object('event', e.event, 'question', q.question ->> 'ja', 'asked', q.asked, 'answered', q.answered)
    FROM passport.question_result AS q JOIN passport.area_question AS t USING (question_id)
   CROSS JOIN LATERAL (VALUES (t.asked_at, t.asked_by, 'asked'), (t.closed_at, t.closed_by, 'closed')) AS e(at, who, event)
   WHERE e.at BETWEEN a.approved_at
          AND coalesce(a.cancelled_at, a.ended_at, greatest(a.expires_at, passport.now())) + interval '1 day'
  UNION ALL
  -- one reading of a list is one time of one login
  SELECT l.happened_at, 'list', l.who, jsonb_build_object('list', l.source, 'persons', count(DISTINCT l.resident_id))
    FROM passport.audit_record AS l
   WHERE l.kind = 'access' AND l.purpose = 'disaster'
     AND l.source IN ('call_list', 'door_list', 'unaccounted', 'selection_reason', 'report_household', 'report_unanswered', 'report_note', 'shelter_visitors')
     AND l.happened_at BETWEEN a.approved_at
         AND coalesce(a.cancelled_at, a.ended_at, greatest(a.expires_at, passport.now())) + interval '1 day'
   GROUP BY l.happened_at, l.who, l.source;
END;
COMMENT ON FUNCTION passport.replay_people(passport.alert) IS
'Step of replay_alert(): what became of the messages, the answers by ten minutes and by whom they came, calls of staff likewise, shelters and questions, and which lists staff read while the alert was in force and a day after, this alert''s or another''s.';

CREATE FUNCTION passport.replay_alert(alert_id bigint) RETURNS TABLE (at timestamptz, step text, who text, what jsonb)
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  a passport.alert;
BEGIN
  SELECT * INTO a FROM passport.alert AS t WHERE t.alert_id = replay_alert.alert_id;
  IF a.alert_id IS NULL THEN
    RAISE EXCEPTION 'no such alert' USING ERRCODE = 'PT404';
  END IF;
  RETURN QUERY
    SELECT r.* FROM (SELECT * FROM passport.replay_gauge(a) UNION ALL SELECT * FROM passport.replay_warning(a)
                     UNION ALL SELECT * FROM passport.replay_people(a)) AS r
     ORDER BY r.at, array_position(('{reading,confirmation,silence,stage_ended,weather,area,authority,draft,break_glass,approval,update,'
                                    'deliveries,answers,calls,shelter,question,list,review,cancel,end}')::text[], r.step), r.who, r.what;
END $$;
COMMENT ON FUNCTION passport.replay_alert(bigint) IS
'The chain of an alert with times: reading (held, rejected, or moving the stage; with the gate''s verdict and reasons), confirmation (who believed a held one), silence, stage_ended (by hand), weather (which warnings were in force at the draft), area (drawn of which zones), authority (sent by itself, on whose authority), draft, break_glass (sent alone, why), approval, update, deliveries (of each message by outcome, the time of the last: alert, update, left, elsewhere, cancel, end), answers (by ten minutes, who: self, guardian, family, staff, card), calls (by ten minutes and result), shelter (opened, closed), question (asked, closed), list (which one staff read), review (of the break-glass), cancel, end. what: numbers and words of each step, never a person; protected persons are in no number. PT404 for an unknown alert.';

CREATE FUNCTION passport.alert_timing(alert_id bigint) RETURNS TABLE (step text, took interval)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH a AS (
    SELECT t.* FROM passport.alert AS t WHERE t.alert_id = alert_timing.alert_id AND t.approved_at IS NOT NULL
  ), delivered AS (
    SELECT o.finished_at, row_number() OVER (ORDER BY o.finished_at) AS place, count(*) OVER () AS all_of_them
      FROM a JOIN passport.alert_message AS m ON m.alert_id = a.alert_id AND m.message_no = 1
      JOIN passport.delivery_outcome AS o ON o.notification_id = m.notification_id
     WHERE o.outcome = 'delivered'
       AND NOT EXISTS (SELECT FROM passport.protected_resident AS p WHERE p.resident_id = o.resident_id)
  ), household AS (
    SELECT min(t.answered_at) AS at, row_number() OVER (ORDER BY min(t.answered_at)) AS place, count(*) OVER () AS answering,
           (SELECT count(*) FROM passport.alert_household AS h WHERE h.alert_id = alert_timing.alert_id) AS all_of_them
      FROM passport.alert_answer_place AS t
      JOIN passport.alert_recipient AS r ON r.resident_id = t.resident_id AND r.alert_id = t.alert_id
     WHERE t.alert_id = alert_timing.alert_id
     GROUP BY r.household_number
  ), moved AS (
    SELECT max(r.recorded_at) AS at
      FROM a CROSS JOIN LATERAL (
           SELECT t.recorded_at, t.stage, lag(t.stage) OVER (ORDER BY t.observed_at) AS before FROM passport.reading AS t
            WHERE t.sensor = a.sensor AND t.observed_at BETWEEN a.drafted_at - interval '12 hours' AND a.drafted_at) AS r
     WHERE r.stage > r.before AND r.recorded_at <= a.drafted_at
  ), taken(place, step, took) AS (
    SELECT 1, 'reading to draft', a.drafted_at - m.at FROM a, moved AS m WHERE m.at IS NOT NULL
    UNION ALL SELECT 2, 'draft to approval', a.approved_at - a.drafted_at FROM a
    UNION ALL SELECT 3, 'approval to first delivery', d.finished_at - a.approved_at FROM a, delivered AS d WHERE d.place = 1
    UNION ALL SELECT 4, 'approval to last delivery', d.finished_at - a.approved_at FROM a, delivered AS d WHERE d.place = d.all_of_them
    UNION ALL SELECT 5, 'approval to first answer', h.at - a.approved_at FROM a, household AS h WHERE h.place = 1
    UNION ALL SELECT 6, 'approval to half of the households', h.at - a.approved_at FROM a, household AS h WHERE h.place = (h.all_of_them + 1) / 2
  )
  SELECT t.step, t.took FROM taken AS t ORDER BY t.place;
END;
COMMENT ON FUNCTION passport.alert_timing(bigint) IS
'How long the steps of an alert that was sent took: from the reading that last raised the stage to the draft, to the approval, to the first and the last delivery, to the first answer, and until half of the households had answered. Steps that were not reached are left out; protected persons are in no figure.';
