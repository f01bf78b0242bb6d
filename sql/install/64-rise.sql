-- A rise of the water: what an accepted reading sets off by itself

CREATE TABLE passport.stage_answer (
  sensor text NOT NULL REFERENCES passport.sensor,
  since timestamptz NOT NULL,
  stage int NOT NULL,
  attempt int NOT NULL CHECK (attempt > 0),
  authority_id bigint NOT NULL REFERENCES passport.stage_authority,
  outcome text NOT NULL CHECK (outcome IN ('sent', 'updated', 'in_force', 'too_many', 'failed')),
  sqlstate text,
  alert_id bigint REFERENCES passport.alert,
  answered_at timestamptz NOT NULL,
  PRIMARY KEY (sensor, stage, since, attempt),
  CHECK ((outcome = 'failed') = (sqlstate IS NOT NULL))
);
COMMENT ON TABLE passport.stage_answer IS
'What a rise to an authorised stage led to: sent (a new alert), updated (one in force was raised, or its area widened), in_force (one says as much to all of the area already), too_many (more residents than were authorised: drafted only), failed (sqlstate says why; answer_stages() tries again). The last attempt counts.';
CREATE TRIGGER stage_answer_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON passport.stage_answer
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

-- Where staff have drawn wider than the zone, an update by itself must tell
-- nobody that they are out of danger while the water rises.  A metre of seam
-- between two drawings of one zone is no new area.
CREATE FUNCTION passport.wider_area(area geometry, more geometry, OUT wider geometry, OUT grows boolean)
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE WHEN c.grows THEN ST_Multi(ST_CollectionExtract(ST_Union(area, more), 3)) ELSE area END, c.grows
    FROM (SELECT NOT ST_CoveredBy(more, area) AND ST_Area(ST_Difference(more, area)) > 1e-10 AS grows OFFSET 0) AS c;
END;
COMMENT ON FUNCTION passport.wider_area(geometry, geometry) IS
'An area with more of it, as one multipolygon, and whether it grows by that (by more than a square metre).';

-- The person who drafted it has not seen what was sent since; the approver sees
-- both levels and whom it would leave out.
CREATE FUNCTION passport.draft_again(alert_id bigint, update_no int) RETURNS void
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO passport.alert_update
         (alert_id, update_no, level, area, area_names, texts, drafted_by, drafted_at, draft_until,
          headcount, households, needing_help, added, left_out)
  SELECT u.alert_id, passport.next_message_no(u.alert_id), u.level, u.area, u.area_names, u.texts, u.drafted_by, u.drafted_at,
         u.draft_until, n.headcount, n.households, n.needing_help, c.added, c.left_out
    FROM passport.alert_update AS u
   CROSS JOIN LATERAL passport.count_area(u.area) AS n
   CROSS JOIN LATERAL passport.area_change(u.alert_id, u.area) AS c
   WHERE u.alert_id = draft_again.alert_id AND u.update_no = draft_again.update_no;
END;
COMMENT ON FUNCTION passport.draft_again(bigint, int) IS
'A draft of a person that an update by itself has overtaken, once more under the next number. Step of answer_stage().';

-- Nobody who holds a transaction open may have a reading wait for long: it is
-- recorded, and answer_stages() tries again.
CREATE FUNCTION passport.answer_stage(y passport.stage_authority, mode text, OUT outcome text, OUT alert_id bigint)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET lock_timeout = '5s'
AS $$
#variable_conflict use_variable
DECLARE
  area passport.alert.area%TYPE := passport.draw_affected_area(y.sensor, y.stage);
  chosen record;
  too_many boolean;
  a passport.alert;
  wide record;
  waiting int;
  drafted int;
BEGIN
  SELECT * INTO chosen FROM passport.selection(area);
  too_many := passport.authority_outgrown(y, cardinality(chosen.residents));
  -- before looking at what is in force: two that look at once would both find nothing
  PERFORM pg_advisory_xact_lock('passport.alert_message'::regclass::bigint);
  SELECT * INTO a FROM passport.alert AS t
   WHERE t.sensor = y.sensor AND t.hazard = y.hazard AND t.mode = answer_stage.mode AND t.state = 'approved'
   ORDER BY t.level DESC, t.alert_id LIMIT 1 FOR UPDATE;
  alert_id := a.alert_id;
  -- water that rises again is no repetition
  IF a.alert_id IS NULL THEN
    SELECT d.alert_id INTO alert_id FROM passport.draft_alert(y.hazard, y.level, area, y.sensor, mode, repeat => true) AS d;
    UPDATE passport.alert AS t SET drafted_by = y.authorised_by WHERE t.alert_id = answer_stage.alert_id RETURNING t.* INTO a;
    outcome := CASE WHEN too_many THEN 'too_many' ELSE 'sent' END;
    IF NOT too_many THEN
      PERFORM passport.send_draft(a, chosen.residents, chosen.reasons, y.confirmed_by);
    END IF;
    RETURN;
  END IF;
  SELECT * INTO wide FROM passport.wider_area(a.area, area);
  SELECT u.update_no INTO waiting FROM passport.alert_update AS u
   WHERE u.alert_id = a.alert_id AND u.state = 'draft' AND u.draft_until > passport.now();
  IF a.level >= y.level AND NOT wide.grows THEN
    outcome := 'in_force';
    RETURN;
  ELSIF too_many AND waiting IS NOT NULL THEN
    -- a person is at it already
    outcome := 'too_many';
    RETURN;
  END IF;
  SELECT d.update_no INTO drafted FROM passport.update_alert(alert_id, wide.wider, greatest(a.level, y.level), repeat => true) AS d;
  UPDATE passport.alert_update AS t SET drafted_by = y.authorised_by
   WHERE t.alert_id = answer_stage.alert_id AND t.update_no = drafted;
  outcome := CASE WHEN too_many THEN 'too_many' ELSE 'updated' END;
  IF NOT too_many THEN
    PERFORM passport.send_update(a, u, w.residents, w.reasons, y.confirmed_by)
       FROM passport.alert_update AS u CROSS JOIN LATERAL passport.selection(u.area) AS w
      WHERE u.alert_id = a.alert_id AND u.update_no = drafted;
    PERFORM passport.draft_again(a.alert_id, waiting);
  END IF;
END $$;
COMMENT ON FUNCTION passport.answer_stage(passport.stage_authority, text) IS
'Step of try_stage() (mode live) and rehearse_stage() (mode drill): drafts what an authority allows, in the name of who authorised it, and sends it in that of who confirmed it; if the area holds far more residents than then, it is only drafted. An alert in force of a lower level, or that leaves out a part of the drawn area, is updated to the higher of the two levels and to both areas together: nobody is left out by it. A draft of a person that waits for approval goes on waiting, under the next number.';

CREATE FUNCTION passport.authority_for(sensor text, stage int) RETURNS passport.stage_authority
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT y FROM passport.stage_authority AS y
   WHERE y.sensor = authority_for.sensor AND y.stage <= authority_for.stage AND y.confirmed_at IS NOT NULL
     AND y.withdrawn_at IS NULL AND y.until_time > passport.now()
   ORDER BY y.level DESC, y.stage DESC, y.authority_id DESC LIMIT 1;
END;
COMMENT ON FUNCTION passport.authority_for(text, int) IS
'The highest authority that holds at a stage of a sensor, of one level that of the highest stage; NULL: none.';

-- A reading must be kept whatever becomes of its alert.
CREATE FUNCTION passport.try_stage(y passport.stage_authority, stage int, since timestamptz) RETURNS text
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  became text;
  alert bigint;
  failed_with text;
  tried int;
BEGIN
  BEGIN
    SELECT f.outcome, f.alert_id INTO became, alert FROM passport.answer_stage(y, 'live') AS f;
  EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'an authorised alert could not be sent: %', SQLERRM USING ERRCODE = SQLSTATE;
    became := 'failed';
    alert := NULL;
    failed_with := SQLSTATE;
  END;
  SELECT coalesce(max(t.attempt), 0) INTO tried FROM passport.stage_answer AS t
   WHERE t.sensor = y.sensor AND t.stage = try_stage.stage AND t.since = try_stage.since;
  INSERT INTO passport.stage_answer (sensor, since, stage, attempt, authority_id, outcome, sqlstate, alert_id, answered_at)
  VALUES (y.sensor, try_stage.since, try_stage.stage, tried + 1, y.authority_id, became, failed_with, alert, passport.now());
  -- once for a rise, however often it is tried
  IF became = 'too_many' OR became = 'failed' AND tried = 0 THEN
    PERFORM pg_notify('passport_alarm', 'stage_' || became);
  END IF;
  RETURN became;
END $$;
COMMENT ON FUNCTION passport.try_stage(passport.stage_authority, int, timestamptz) IS
'Step of follow_stage() and answer_stages(): does what an authority allows and writes down what came of it. An error is an outcome, and an alarm (NOTIFY passport_alarm). Returns the outcome.';

CREATE FUNCTION passport.follow_stage(sensor text, stage int, since timestamptz) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  y CONSTANT passport.stage_authority := passport.authority_for(sensor, stage);
BEGIN
  PERFORM pg_notify('passport_alarm', 'stage_rise');
  IF y.authority_id IS NOT NULL THEN
    PERFORM passport.try_stage(y, stage, since);
  END IF;
END $$;
COMMENT ON FUNCTION passport.follow_stage(text, int, timestamptz) IS
'Called by record_readings() and confirm_reading() when accepted readings have raised a sensor to a stage: alarms staff (NOTIFY passport_alarm, stage_rise), and sends what the highest authority for it allows, or raises the alert in force to that, and never more; what a forecast says never comes here. since: from when on. An error leaves the reading recorded, raises the alarm, and stands in stage_answer. Granted to nobody.';

-- A lock that somebody held for a moment must not lose an evacuation order.
CREATE FUNCTION passport.answer_stages() RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  due record;
  y passport.stage_authority;
  answered int := 0;
BEGIN
  FOR due IN
    SELECT n.sensor, n.stage, n.since, l.answered_at
      FROM passport.sensor_state AS n
      JOIN passport.sensor AS s ON s.sensor = n.sensor AND s.state = 'in_service'
     CROSS JOIN LATERAL (SELECT t.outcome, t.attempt, t.answered_at FROM passport.stage_answer AS t
                          WHERE t.sensor = n.sensor ORDER BY t.answered_at DESC, t.attempt DESC LIMIT 1) AS l
     WHERE n.stage > 0 AND l.outcome = 'failed'
       AND l.answered_at + least(interval '10 seconds' * 2 ^ least(l.attempt - 1, 10), interval '10 minutes') <= passport.now()
     -- never waits for a sensor: its readings may wait for what is held here
     ORDER BY n.sensor FOR UPDATE OF n SKIP LOCKED
  LOOP
    y := passport.authority_for(due.sensor, due.stage);
    -- what was authorised later was authorised by somebody who saw the water
    IF y.confirmed_at <= due.answered_at THEN
      answered := answered + (passport.try_stage(y, due.stage, due.since) <> 'failed')::int;
    END IF;
  END LOOP;
  RETURN answered;
END $$;
COMMENT ON FUNCTION passport.answer_stages() IS
'Job: tries again what could not be sent for a rise, as long as the sensor is in a stage and in service: after 10 seconds, then after twice as long each time, at most 10 minutes. Returns how many were answered.';

-- In Ofunato a real advisory went out while staff looked whether the automatic
-- sender works.  It is looked at by a drill, which has no way to a resident.
CREATE FUNCTION passport.rehearse_stage(authority_id bigint, OUT outcome text, OUT alert_id bigint)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  y passport.stage_authority;
BEGIN
  SELECT * INTO y FROM passport.stage_authority AS t WHERE t.authority_id = rehearse_stage.authority_id;
  IF y.authority_id IS NULL THEN
    RAISE EXCEPTION 'no such authority' USING ERRCODE = 'PT404';
  ELSIF y.confirmed_at IS NULL OR y.withdrawn_at IS NOT NULL OR y.until_time <= passport.now() THEN
    RAISE EXCEPTION 'it does not hold' USING ERRCODE = 'PT409', HINT = 'What nobody has confirmed, or what is over, sends nothing.';
  END IF;
  SELECT f.outcome, f.alert_id INTO outcome, alert_id FROM passport.answer_stage(y, 'drill') AS f;
END $$;
COMMENT ON FUNCTION passport.rehearse_stage(bigint) IS
'Does as a drill all that a reading at the stage of an authority would set off: the area, the texts with the mark of a drill, the recipients, the test devices. No sensor, reading or stage is touched, and no resident is told. Returns the outcome, as of stage_answer, and the drill, which end_alert() ends. Errors: PT404 unknown authority, PT409 it does not hold, PT422 as of draw_affected_area().';

CREATE VIEW passport.report_stage_answer WITH (security_barrier) AS
  SELECT DISTINCT ON (t.sensor, t.stage, t.since)
         t.sensor, coalesce(nullif(s.name, ''), t.sensor) AS name, t.stage, t.since, y.hazard, y.level, t.outcome, t.sqlstate, t.attempt,
         t.alert_id, t.answered_at,
         t.outcome IN ('failed', 'too_many') AND n.stage >= y.stage
         AND NOT EXISTS (SELECT FROM passport.alert AS a
                          WHERE a.sensor = t.sensor AND a.hazard = y.hazard AND a.mode = 'live' AND a.state = 'approved' AND a.level >= y.level) AS open
    FROM passport.stage_answer AS t
    JOIN passport.sensor AS s USING (sensor)
    JOIN passport.sensor_state AS n USING (sensor)
    JOIN passport.stage_authority AS y USING (authority_id)
   WHERE t.answered_at > passport.now() - interval '7 days'
   ORDER BY t.sensor, t.stage, t.since, t.attempt DESC;
COMMENT ON VIEW passport.report_stage_answer IS
'What came by itself of the rises of the last seven days: the outcome of the last attempt (as of stage_answer, with its number and what it failed with), by which hazard and level, and the alert. open: nobody has been told of it, and the water is still there.';
