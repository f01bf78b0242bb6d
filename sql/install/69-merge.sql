-- Merging what was operated apart: what was sent there is known here, and sent by nobody again

-- Only what was sent and answered is carried over, never what waits.  A record
-- keeps the number that it had, with the name of where it is from, so that the
-- same file may come twice and later ones add to it.  Protected persons are in
-- no file: who of them was told is found here again, by the area.
CREATE FUNCTION passport.export_alert(a passport.alert) RETURNS jsonb
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT jsonb_build_object(
    'alert', to_jsonb(a) - '{area,operating_area,authority_id}'::text[] || jsonb_build_object('area', ST_AsEWKT(a.area)),
    'messages', (SELECT jsonb_agg(to_jsonb(m) - '{area}'::text[] || jsonb_build_object('area', ST_AsEWKT(m.area)) ORDER BY m.message_no)
                   FROM passport.alert_message AS m WHERE m.alert_id = a.alert_id),
    'notifications', (SELECT coalesce(jsonb_agg(to_jsonb(n) ORDER BY n.notification_id), '[]')
                        FROM passport.notification AS n WHERE starts_with(n.event_key, 'alert:' || a.alert_id || ':')),
    'recipients', (SELECT coalesce(jsonb_agg(jsonb_build_object(
                            'resident_number', r.resident_number, 'household_number', t.household_number, 'needs_help', t.needs_help,
                            'inside', EXISTS (SELECT FROM passport.alert_inside AS i
                                               WHERE i.resident_id = t.resident_id AND i.alert_id = a.alert_id))
                            ORDER BY r.resident_number), '[]')
                     FROM passport.alert_recipient AS t JOIN passport.resident AS r USING (resident_id)
                    WHERE t.alert_id = a.alert_id
                      AND NOT EXISTS (SELECT FROM passport.protected_resident AS p WHERE p.resident_id = t.resident_id)),
    'answers', passport.export_answers(a.alert_id), 'calls', passport.export_calls(a.alert_id),
    'broadcast', (SELECT coalesce(jsonb_agg(r.resident_number ORDER BY r.resident_number), '[]')
                    FROM passport.broadcast_told(a) AS t(resident_id) JOIN passport.resident AS r USING (resident_id)
                   WHERE NOT EXISTS (SELECT FROM passport.protected_resident AS p WHERE p.resident_id = t.resident_id)),
    'protected_asking', (SELECT count(*) FROM passport.protected_persons(a.alert_id) AS p WHERE p.condition = 'need_help'));
END;
COMMENT ON FUNCTION passport.export_alert(passport.alert) IS
'One alert for export_operation(): what was said, the keys of what was sent, to whom, and what they answered; of protected persons only how many ask for help.';

-- What was sent from here, and what was said here about alerts of before.
CREATE FUNCTION passport.alerts_since(since timestamptz) RETURNS SETOF passport.alert
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT a FROM passport.alert AS a
   WHERE coalesce(a.origin, current_setting('passport.origin')) = current_setting('passport.origin')
     AND (EXISTS (SELECT FROM passport.alert_message AS m WHERE m.alert_id = a.alert_id AND m.sent_at >= since)
          OR EXISTS (SELECT FROM passport.alert_answer AS w WHERE w.alert_id = a.alert_id AND w.answered_at >= since)
          OR EXISTS (SELECT FROM passport.call AS c WHERE c.alert_id = a.alert_id AND c.called_at >= since));
END;
COMMENT ON FUNCTION passport.alerts_since(timestamptz) IS
'Alerts of which this database has sent something, or that were answered or called about here, since a time: its own, and those from before there were several.';

CREATE FUNCTION passport.carried_resident(since timestamptz) RETURNS TABLE (resident_id bigint)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT t.resident_id
    FROM (SELECT r.resident_id FROM passport.alerts_since(since) AS a JOIN passport.alert_recipient AS r USING (alert_id)
          UNION SELECT w.resident_id FROM passport.alerts_since(since) AS a JOIN passport.alert_answer AS w USING (alert_id)
          UNION SELECT c.resident_id FROM passport.alerts_since(since) AS a JOIN passport.call AS c USING (alert_id)
          UNION SELECT b.resident_id FROM passport.alerts_since(since) AS a CROSS JOIN LATERAL passport.broadcast_told(a) AS b(resident_id)
          UNION SELECT w.resident_id FROM passport.whereabouts AS w WHERE w.reported_at >= since
          UNION SELECT s.resident_id FROM passport.shelter_stay AS s WHERE s.came_at >= since OR s.left_at >= since
          UNION SELECT -v.visitor_id FROM passport.visitor AS v WHERE v.came_at >= since OR v.left_at >= since) AS t
   WHERE NOT EXISTS (SELECT FROM passport.protected_resident AS p WHERE p.resident_id = t.resident_id);
END;
COMMENT ON FUNCTION passport.carried_resident(timestamptz) IS
'Of whom something stands in the file of export_operation(): residents, and visitors below zero.';

CREATE FUNCTION passport.export_operation(since timestamptz) RETURNS jsonb
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM passport.record_access(
    ARRAY(SELECT t.resident_id FROM passport.carried_resident(since) AS t), 'disaster', 'export_operation',
    '{resident_number,household_number,needs_help,answer,note,location,photo,shelter_id,whereabouts,telephone,name,home,needs}');
  RETURN jsonb_build_object(
    'origin', current_setting('passport.origin'), 'municipality_code', current_setting('passport.municipality_code'),
    'alerts', (SELECT coalesce(jsonb_agg(passport.export_alert(a) ORDER BY a.alert_id), '[]')
                 FROM passport.alerts_since(since) AS a),
    'whereabouts', passport.export_whereabouts(since), 'stays', passport.export_stays(since), 'visitors', passport.export_visitors(since),
    'finished', passport.export_finished(since),
    'waiting', (SELECT count(*) FROM (SELECT d.created_at FROM passport.delivery AS d
                                      UNION ALL SELECT e.created_at FROM passport.delivery_elsewhere AS e) AS w
                 WHERE w.created_at >= since));
END $$;
COMMENT ON FUNCTION passport.export_operation(timestamptz) IS
'What this database sent and was told since it was operated apart, for import_operation() in the other one: alerts with their messages and the event keys of what was sent, recipients and whom a broadcast was sent to by resident number, answers, calls, whereabouts, stays at shelters and visitors, and what became of the messages that waited then. since: when they were parted. It holds personal data: carry it as such. Protected persons are left out; how many of them ask for help is in it. Of each person it is kept who looked. passport.origin must be set, in each database another one, before they are operated apart: a file without it is refused.';

CREATE FUNCTION passport.import_notification(n jsonb, origin text) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  -- no delivery stands behind it: it was sent from there
  INSERT INTO passport.notification AS t (kind, lane, mode, texts, data, collapse_key, expires_at, event_key, digest,
                                          deliveries, unreachable, created_at)
  SELECT f.kind, f.lane, f.mode, f.texts, f.data, f.collapse_key, f.expires_at, origin || ':' || f.event_key, f.digest,
         f.deliveries, f.unreachable, f.created_at
    FROM jsonb_populate_record(NULL::passport.notification, n) AS f
  ON CONFLICT (event_key) DO UPDATE SET deliveries = excluded.deliveries
  RETURNING t.notification_id;
END;
COMMENT ON FUNCTION passport.import_notification(jsonb, text) IS
'Keeps the event key of a message that was sent elsewhere, with its origin before it. Nothing is enqueued.';

CREATE FUNCTION passport.import_recipients(alert bigint, recipients jsonb, area geometry) RETURNS int
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH listed AS MATERIALIZED (
    SELECT d.resident_id, r.* FROM jsonb_to_recordset(recipients)
           AS r(resident_number text, household_number text, needs_help boolean, inside boolean)
      LEFT JOIN passport.resident_directory AS d ON d.resident_number = r.resident_number
  ), added AS (
    INSERT INTO passport.alert_recipient (resident_id, alert_id, household_number, needs_help)
    SELECT l.resident_id, alert, l.household_number, l.needs_help FROM listed AS l WHERE l.resident_id IS NOT NULL
    UNION
    SELECT r.resident_id, alert, coalesce(r.household_number, '-' || r.resident_id), h.resident_id IS NOT NULL
      FROM passport.residents_in(area) AS i(resident_id)
      JOIN passport.protected_resident AS p USING (resident_id)
      JOIN passport.resident AS r USING (resident_id)
      LEFT JOIN passport.resident_needing_help AS h USING (resident_id)
     WHERE NOT EXISTS (SELECT FROM listed AS l WHERE l.resident_id = r.resident_id)
    ON CONFLICT DO NOTHING
  )
  SELECT count(*)::int FROM listed AS l WHERE l.resident_id IS NULL;
END;
COMMENT ON FUNCTION passport.import_recipients(bigint, jsonb, geometry) IS
'Keeps who was told elsewhere, and that the protected persons of the area were told; returns how many resident numbers are unknown here.';

CREATE FUNCTION passport.import_alert(entry jsonb, origin text) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  f CONSTANT passport.alert := jsonb_populate_record(NULL::passport.alert, entry -> 'alert');
  kept passport.alert;
  ids CONSTANT jsonb := (SELECT coalesce(jsonb_object_agg(n ->> 'notification_id', passport.import_notification(n, import_alert.origin)), '{}')
                           FROM jsonb_array_elements(entry -> 'notifications') AS n);
  newer boolean;
  ours boolean;
BEGIN
  -- one from before they were apart is the same in both
  SELECT * INTO kept FROM passport.alert AS t
   WHERE CASE WHEN f.origin IS NULL THEN t.origin IS NULL AND t.alert_id = f.alert_id
              ELSE t.origin = f.origin AND t.origin_alert_id = f.alert_id END FOR UPDATE;
  IF kept.alert_id IS NULL THEN
    INSERT INTO passport.alert AS t
           (origin, origin_alert_id, hazard, level, mode, repeats, sensor, area, area_names, texts, drafted_by, drafted_at,
            draft_until, headcount, households, needing_help, operating_area)
    VALUES (coalesce(f.origin, import_alert.origin), f.alert_id, f.hazard, f.level, f.mode, f.repeats,
            (SELECT s.sensor FROM passport.sensor AS s WHERE s.sensor = f.sensor), f.area, f.area_names, f.texts, f.drafted_by,
            f.drafted_at, f.draft_until, f.headcount, f.households, f.needing_help, passport.operating_area_of(f.area))
    RETURNING t.* INTO kept;
  END IF;
  newer := jsonb_array_length(entry -> 'messages') >
           (SELECT count(*) FROM passport.alert_message AS m WHERE m.alert_id = kept.alert_id);
  INSERT INTO passport.alert_message AS t
         (alert_id, message_no, message, level, area, area_names, texts, sent_by, sent_at, expires_at,
          headcount, households, needing_help, notification_id, recipients, deliveries, unreachable)
  SELECT kept.alert_id, m.message_no, m.message, m.level, m.area, m.area_names, m.texts, m.sent_by, m.sent_at, m.expires_at,
         m.headcount, m.households, m.needing_help, (ids ->> m.notification_id::text)::bigint, m.recipients, m.deliveries, m.unreachable
    FROM jsonb_populate_recordset(NULL::passport.alert_message, entry -> 'messages') AS m
  ON CONFLICT DO NOTHING;
  -- one from before that is in force for people here is ended here, or they are never told
  ours := f.origin IS NULL AND kept.origin IS NULL AND kept.state = 'approved' AND (
    cardinality(passport.broadcast_recipients(kept)) > 0
    OR EXISTS (SELECT FROM passport.alert_inside AS i
                WHERE i.alert_id = kept.alert_id
                  AND NOT EXISTS (SELECT FROM passport.resident_operated_elsewhere AS e WHERE e.resident_id = i.resident_id)));
  IF NOT ours AND (newer OR kept.state = 'approved' AND f.state <> 'approved') THEN
    UPDATE passport.alert AS t
       SET state = f.state, level = f.level, area = f.area, area_names = f.area_names, texts = f.texts, alone = f.alone,
           headcount = f.headcount, households = f.households, needing_help = f.needing_help, approved_by = f.approved_by, approved_at = f.approved_at, expires_at = f.expires_at,
           recipients = f.recipients, deliveries = f.deliveries, unreachable = f.unreachable,
           notification_id = (ids ->> f.notification_id::text)::bigint,
           broadcast_notification_id = (ids ->> f.broadcast_notification_id::text)::bigint,
           cancelled_by = f.cancelled_by, cancelled_at = f.cancelled_at, cancel_reason = f.cancel_reason,
           ended_by = f.ended_by, ended_at = f.ended_at
     WHERE t.alert_id = kept.alert_id;
  END IF;
  RETURN kept.alert_id;
END $$;
COMMENT ON FUNCTION passport.import_alert(jsonb, text) IS
'Keeps an alert of export_alert() under a number of this database, or adds what is new of it. One from before that concerns people who are told from here stays as it stands here. Nothing is sent.';

CREATE FUNCTION passport.half_ended(entry jsonb, alert_id bigint) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT a.origin IS NULL AND (a.state = 'approved') <> (entry #>> '{alert,state}' = 'approved')
    FROM passport.alert AS a WHERE a.alert_id = half_ended.alert_id;
END;
COMMENT ON FUNCTION passport.half_ended(jsonb, bigint) IS
'Whether an alert from before is over in one of the two databases and in force in the other.';

CREATE FUNCTION passport.import_operation(operation jsonb, OUT alerts int, OUT recipients bigint, OUT unknown int, OUT protected_asking int,
                                          OUT half_ended int, OUT waiting bigint)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  origin CONSTANT text := operation ->> 'origin';
  entry jsonb;
  kept bigint;
BEGIN
  IF coalesce(origin !~ '^[a-z0-9]{1,20}$' OR jsonb_typeof(operation -> 'alerts') <> 'array', true) THEN
    PERFORM passport.refuse('', 'malformed', 'It is what export_operation() gave in the other database, which has a name (passport.origin).');
  ELSIF operation ->> 'municipality_code' IS DISTINCT FROM current_setting('passport.municipality_code') THEN
    PERFORM passport.refuse('/municipality_code', 'elsewhere', 'It is of another municipality.');
  ELSIF origin = current_setting('passport.origin') THEN
    RAISE EXCEPTION 'it was sent from this database itself' USING ERRCODE = 'PT409';
  END IF;
  alerts := 0; recipients := 0; unknown := 0; protected_asking := 0; half_ended := 0; waiting := operation -> 'waiting';
  FOR entry IN SELECT * FROM jsonb_array_elements(operation -> 'alerts') LOOP
    kept := passport.import_alert(entry, origin);
    alerts := alerts + 1;
    unknown := unknown + passport.import_recipients(kept, entry -> 'recipients', (SELECT a.area FROM passport.alert AS a WHERE a.alert_id = kept));
    recipients := recipients + jsonb_array_length(entry -> 'recipients');
    protected_asking := protected_asking + (entry ->> 'protected_asking')::int;
    half_ended := half_ended + passport.half_ended(entry, kept)::int;
    PERFORM passport.import_answers(kept, entry -> 'answers'), passport.import_calls(kept, coalesce(entry -> 'calls', '[]')), passport.import_broadcast(kept, entry -> 'broadcast');
    INSERT INTO passport.alert_move (resident_id, alert_id, message_no, inside)
    SELECT d.resident_id, kept, (SELECT max(m.message_no) FROM passport.alert_message AS m WHERE m.alert_id = kept), false
      FROM jsonb_to_recordset(entry -> 'recipients') AS r(resident_number text, inside boolean)
      JOIN passport.resident_directory AS d USING (resident_number)
     WHERE NOT r.inside
    ON CONFLICT DO NOTHING;
  END LOOP;
  PERFORM passport.import_whereabouts(operation -> 'whereabouts'), passport.import_stays(operation -> 'stays'),
          passport.import_visitors(coalesce(operation -> 'visitors', '[]')), passport.import_finished(operation -> 'finished');
  PERFORM pg_notify('passport_map', '');
  IF protected_asking > 0 THEN
    PERFORM pg_notify('passport_alarm', 'protected_need_help');
  END IF;
EXCEPTION WHEN data_exception OR integrity_constraint_violation THEN
  PERFORM passport.refuse('', 'malformed', 'It is what export_operation() gave in the other database.');
END $$;
COMMENT ON FUNCTION passport.import_operation(jsonb) IS
'Merges what another database of this municipality sent and was told while it was operated apart: its alerts, their messages, event keys, recipients, answers and calls, whereabouts, stays at shelters and visitors are here then as if they had been of here, so that the same is asked about before it is sent again, a stage that was answered there is not answered once more, what waited at the parting and was sent there is not sent again, and a cancel, an update or the all clear reaches whoever was told there. Nothing is sent. The same file may come again. Call it before operate_areas(NULL). Returns alerts, recipients in the file, resident numbers unknown here, how many protected persons ask for help there (NOTIFY passport_alarm; the duty role of that database knows who), how many alerts from before are over in one database and in force in the other (end each where it is in force, before operate_areas(NULL)), and how many messages still waited there (let it send them first). Questions to areas, and what became of the other messages, stay there; a gauge''s readings come to both. Errors: PT409 of this database itself, PT422 malformed or of another municipality.';
