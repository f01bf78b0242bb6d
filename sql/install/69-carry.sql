-- Carrying what people said and did from one database of a municipality to another: steps of export_operation() and import_operation()

CREATE FUNCTION passport.carried_number(resident_id bigint) RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT r.resident_number FROM passport.resident AS r
   WHERE r.resident_id = carried_number.resident_id
     AND NOT EXISTS (SELECT FROM passport.protected_resident AS p WHERE p.resident_id = r.resident_id);
END;
COMMENT ON FUNCTION passport.carried_number(bigint) IS
'A person''s number, if it may stand in the file: NULL for a protected person.';

CREATE FUNCTION passport.export_answers(alert_id bigint) RETURNS jsonb
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce(jsonb_agg(jsonb_build_object(
           'resident_number', r.resident_number, 'answered_at', w.answered_at, 'answer', w.answer, 'location', ST_AsEWKT(w.location),
           'note', w.note, 'photo', w.photo, 'shelter_id', w.shelter_id, 'answered_by', w.answered_by, 'answerer', w.answerer,
           'answerer_number', passport.carried_number(w.answerer_id)) ORDER BY w.answered_at, w.answer_id), '[]')
    FROM passport.alert_answer AS w JOIN passport.resident AS r USING (resident_id)
   WHERE w.alert_id = export_answers.alert_id
     AND NOT EXISTS (SELECT FROM passport.protected_resident AS p WHERE p.resident_id = w.resident_id);
END;
COMMENT ON FUNCTION passport.export_answers(bigint) IS
'The answers to an alert, recipients'' and others'', by resident number; none of protected persons.';

CREATE FUNCTION passport.export_whereabouts(since timestamptz) RETURNS jsonb
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce(jsonb_agg(jsonb_build_object(
           'resident_number', r.resident_number, 'kind', w.kind, 'location', ST_AsEWKT(w.location), 'shelter_id', w.shelter_id,
           'until_time', w.until_time, 'reported_at', w.reported_at, 'reported_by', w.reported_by, 'reporter', w.reporter,
           'reporter_number', passport.carried_number(w.reporter_id)) ORDER BY w.reported_at, w.whereabouts_id), '[]')
    FROM passport.whereabouts AS w JOIN passport.resident AS r USING (resident_id)
   WHERE w.reported_at >= since
     AND NOT EXISTS (SELECT FROM passport.protected_resident AS p WHERE p.resident_id = w.resident_id);
END;
COMMENT ON FUNCTION passport.export_whereabouts(timestamptz) IS
'Where people were said to be since a time, by resident number; none of protected persons.';

CREATE FUNCTION passport.export_stays(since timestamptz) RETURNS jsonb
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce(jsonb_agg(jsonb_build_object(
           'resident_number', r.resident_number, 'shelter_id', s.shelter_id, 'came_at', s.came_at, 'came_by', s.came_by,
           'taken_by', s.taken_by, 'left_at', s.left_at) ORDER BY s.came_at, s.stay_id), '[]')
    FROM passport.shelter_stay AS s JOIN passport.resident AS r USING (resident_id)
   WHERE (s.came_at >= since OR s.left_at >= since)
     AND NOT EXISTS (SELECT FROM passport.protected_resident AS p WHERE p.resident_id = s.resident_id);
END;
COMMENT ON FUNCTION passport.export_stays(timestamptz) IS
'Who came to a shelter or left it since a time, by resident number; none of protected persons.';

CREATE FUNCTION passport.export_calls(alert_id bigint) RETURNS jsonb
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce(jsonb_agg(jsonb_build_object(
           'resident_number', r.resident_number, 'result', c.result, 'number', c.number, 'called_by', c.called_by, 'called_at', c.called_at)
           ORDER BY c.called_at, c.call_id), '[]')
    FROM passport.call AS c JOIN passport.resident AS r USING (resident_id)
   WHERE c.alert_id = export_calls.alert_id
     AND NOT EXISTS (SELECT FROM passport.protected_resident AS p WHERE p.resident_id = c.resident_id);
END;
COMMENT ON FUNCTION passport.export_calls(bigint) IS
'The calls that staff made about an alert, by resident number; none of protected persons.';

CREATE FUNCTION passport.export_visitors(since timestamptz) RETURNS jsonb
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce(jsonb_agg(to_jsonb(v) - 'visitor_id' ORDER BY v.came_at, v.visitor_id), '[]')
    FROM passport.visitor AS v WHERE v.came_at >= since OR v.left_at >= since;
END;
COMMENT ON FUNCTION passport.export_visitors(timestamptz) IS
'Who came to a shelter or left it since a time and is in no register.';

CREATE FUNCTION passport.export_finished(since timestamptz) RETURNS jsonb
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce(jsonb_agg(jsonb_build_object(
           'delivery_id', o.delivery_id, 'notification_id', o.notification_id, 'created_at', o.created_at, 'outcome', o.outcome,
           'detail', o.detail, 'attempts', o.attempts, 'finished_at', o.finished_at) ORDER BY o.delivery_id), '[]')
    FROM passport.delivery_outcome AS o WHERE o.created_at < since AND o.finished_at >= since;
END;
COMMENT ON FUNCTION passport.export_finished(timestamptz) IS
'What became since a time of deliveries from before, by numbers that are the same in both databases: whose they are is not in it.';

CREATE FUNCTION passport.import_answers(alert bigint, answers jsonb) RETURNS void
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO passport.alert_answer (resident_id, alert_id, answered_at, answer, location, note, photo, shelter_id, answered_by, answerer_id, answerer)
  SELECT d.resident_id, alert, w.answered_at, w.answer, ST_GeomFromEWKT(w.location), w.note, w.photo,
         (SELECT s.shelter_id FROM passport.shelter AS s WHERE s.shelter_id = w.shelter_id), w.answered_by,
         (SELECT g.resident_id FROM passport.resident_directory AS g WHERE g.resident_number = w.answerer_number), w.answerer
    FROM jsonb_to_recordset(answers)
         AS w(resident_number text, answered_at timestamptz, answer text, location text, note text, photo text, shelter_id text,
              answered_by text, answerer text, answerer_number text)
    JOIN passport.resident_directory AS d USING (resident_number)
   WHERE NOT EXISTS (SELECT FROM passport.alert_answer AS k
                      WHERE k.resident_id = d.resident_id AND k.alert_id = alert
                        AND k.answered_at = w.answered_at AND k.answer = w.answer)
   ORDER BY w.answered_at;
END;
COMMENT ON FUNCTION passport.import_answers(bigint, jsonb) IS
'Keeps answers of export_answers() that are not here yet.';

CREATE FUNCTION passport.import_broadcast(alert bigint, resident_numbers jsonb) RETURNS void
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO passport.broadcast_elsewhere (resident_id, alert_id)
  SELECT d.resident_id, alert FROM jsonb_array_elements_text(resident_numbers) AS n(resident_number)
    JOIN passport.resident_directory AS d USING (resident_number)
  UNION
  -- protected persons are in no file: who of them lives there was told
  SELECT e.resident_id, alert FROM passport.resident_operated_elsewhere AS e JOIN passport.protected_resident AS p USING (resident_id)
   WHERE jsonb_array_length(resident_numbers) > 0
  ON CONFLICT DO NOTHING;
END;
COMMENT ON FUNCTION passport.import_broadcast(bigint, jsonb) IS
'Keeps whom another database told about an alert by a broadcast, so that its cancel or end reaches them.';

CREATE FUNCTION passport.import_whereabouts(whereabouts jsonb) RETURNS void
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO passport.whereabouts (resident_id, kind, location, shelter_id, until_time, reported_at, reported_by, reporter_id, reporter)
  SELECT d.resident_id, w.kind, ST_GeomFromEWKT(w.location), w.shelter_id, w.until_time, w.reported_at, w.reported_by,
         (SELECT g.resident_id FROM passport.resident_directory AS g WHERE g.resident_number = w.reporter_number), w.reporter
    FROM jsonb_to_recordset(whereabouts)
         AS w(resident_number text, kind text, location text, shelter_id text, until_time timestamptz, reported_at timestamptz,
              reported_by text, reporter text, reporter_number text)
    JOIN passport.resident_directory AS d USING (resident_number)
   -- the latest word counts: an older one than is known here is over
   WHERE NOT EXISTS (SELECT FROM passport.whereabouts AS k WHERE k.resident_id = d.resident_id AND k.reported_at >= w.reported_at)
     AND (w.shelter_id IS NULL OR EXISTS (SELECT FROM passport.shelter AS s WHERE s.shelter_id = w.shelter_id))
   ORDER BY w.reported_at;
END;
COMMENT ON FUNCTION passport.import_whereabouts(jsonb) IS
'Keeps the words of export_whereabouts() that are later than the latest known here.';

CREATE FUNCTION passport.import_stays(stays jsonb) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  s record;
  later timestamptz;
BEGIN
  FOR s IN
    SELECT d.resident_id, t.* FROM jsonb_to_recordset(stays)
           AS t(resident_number text, shelter_id text, came_at timestamptz, came_by text, taken_by text, left_at timestamptz)
      JOIN passport.resident_directory AS d USING (resident_number)
      JOIN passport.shelter AS h ON h.shelter_id = t.shelter_id
     ORDER BY t.came_at
  LOOP
    UPDATE passport.shelter_stay AS k SET left_at = s.left_at
     WHERE k.resident_id = s.resident_id AND k.shelter_id = s.shelter_id AND k.came_at = s.came_at AND k.left_at IS NULL;
    CONTINUE WHEN FOUND OR EXISTS (SELECT FROM passport.shelter_stay AS k
                                    WHERE k.resident_id = s.resident_id AND k.shelter_id = s.shelter_id AND k.came_at = s.came_at);
    -- nobody is at two at once: who came to another later had left this one by then
    UPDATE passport.shelter_stay AS k SET left_at = s.came_at
     WHERE k.resident_id = s.resident_id AND k.left_at IS NULL AND k.came_at <= s.came_at;
    SELECT min(k.came_at) INTO later FROM passport.shelter_stay AS k WHERE k.resident_id = s.resident_id AND k.came_at > s.came_at;
    INSERT INTO passport.shelter_stay (resident_id, shelter_id, came_at, came_by, taken_by, left_at)
    VALUES (s.resident_id, s.shelter_id, s.came_at, s.came_by, s.taken_by, least(s.left_at, later));
  END LOOP;
END $$;
COMMENT ON FUNCTION passport.import_stays(jsonb) IS
'Keeps the stays of export_stays(): those that are here already end when they ended there.';

CREATE FUNCTION passport.import_calls(alert bigint, calls jsonb) RETURNS void
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO passport.call (resident_id, alert_id, result, number, called_by, called_at)
  SELECT d.resident_id, alert, c.result, c.number, c.called_by, c.called_at
    FROM jsonb_to_recordset(calls) AS c(resident_number text, result text, number text, called_by text, called_at timestamptz)
    JOIN passport.resident_directory AS d USING (resident_number)
   WHERE NOT EXISTS (SELECT FROM passport.call AS k
                      WHERE k.resident_id = d.resident_id AND k.alert_id = alert AND k.called_at = c.called_at AND k.result = c.result)
   ORDER BY c.called_at;
END;
COMMENT ON FUNCTION passport.import_calls(bigint, jsonb) IS
'Keeps calls of export_calls() that are not here yet.';

CREATE FUNCTION passport.import_visitors(visitors jsonb) RETURNS void
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO passport.visitor AS k (event_key, shelter_id, persons, present, name, home, language, needs, came_at, taken_by, left_at)
  SELECT v.event_key, v.shelter_id, v.persons, v.present, v.name, v.home, v.language, v.needs, v.came_at, v.taken_by, v.left_at
    FROM jsonb_to_recordset(visitors)
         AS v(event_key text, shelter_id text, persons int, present int, name text, home text, language text, needs jsonb,
              came_at timestamptz, taken_by text, left_at timestamptz)
    JOIN passport.shelter AS s ON s.shelter_id = v.shelter_id
   ORDER BY v.came_at
  -- who has left in one has left
  ON CONFLICT (event_key) DO UPDATE SET present = excluded.present, needs = excluded.needs, left_at = excluded.left_at
   WHERE excluded.present < k.present AND excluded.came_at = k.came_at;
END;
COMMENT ON FUNCTION passport.import_visitors(jsonb) IS
'Keeps the visitors of export_visitors(), each by its event_key: of those who are here already, that some have left.';

CREATE FUNCTION passport.import_finished(finished jsonb) RETURNS void
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH gone AS (
    DELETE FROM passport.delivery_elsewhere AS d
     USING jsonb_to_recordset(finished)
           AS f(delivery_id bigint, notification_id bigint, created_at timestamptz, outcome text, detail text, attempts int, finished_at timestamptz)
     -- a number that was given in both since has another time
     WHERE d.delivery_id = f.delivery_id AND d.notification_id = f.notification_id AND d.created_at = f.created_at
    RETURNING d.resident_id, d.delivery_id, d.notification_id, d.device_id, f.outcome, f.detail, f.attempts, d.created_at, f.finished_at)
  INSERT INTO passport.delivery_outcome (resident_id, delivery_id, notification_id, device_id, outcome, detail, attempts, created_at, finished_at)
  SELECT g.resident_id, g.delivery_id, g.notification_id, g.device_id, g.outcome, g.detail, g.attempts, g.created_at, g.finished_at FROM gone AS g;
END;
COMMENT ON FUNCTION passport.import_finished(jsonb) IS
'Finishes what was put aside for the other database (delivery_elsewhere) as it was finished there.';
