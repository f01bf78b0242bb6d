-- Stages that the mayor has authorised: then a reading drafts and sends by itself

CREATE TABLE passport.stage_authority (
  authority_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sensor text NOT NULL REFERENCES passport.sensor,
  stage int NOT NULL CHECK (stage BETWEEN 1 AND 9),
  hazard text NOT NULL,
  level int NOT NULL CHECK (level BETWEEN 1 AND 5),
  headcount int NOT NULL,         -- of the area when it was authorised
  until_time timestamptz NOT NULL,
  authorised_by text NOT NULL,
  authorised_at timestamptz NOT NULL,
  confirmed_by text CHECK (confirmed_by <> authorised_by),
  confirmed_at timestamptz,
  withdrawn_by text,
  withdrawn_at timestamptz,
  CHECK (until_time > authorised_at),
  CHECK ((confirmed_at IS NULL) = (confirmed_by IS NULL) AND (withdrawn_at IS NULL) = (withdrawn_by IS NULL))
);
COMMENT ON TABLE passport.stage_authority IS
'At which stage of a sensor an alert may go out by itself, at which level, until when; authorised by one person, confirmed by another.';
CREATE INDEX stage_authority_sensor ON passport.stage_authority (sensor, stage);
CREATE TRIGGER stage_authority_stays BEFORE DELETE OR TRUNCATE ON passport.stage_authority
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

CREATE TABLE passport.stage_answer (
  sensor text NOT NULL REFERENCES passport.sensor,
  since timestamptz NOT NULL,
  stage int NOT NULL,
  authority_id bigint NOT NULL REFERENCES passport.stage_authority,
  outcome text NOT NULL CHECK (outcome IN ('sent', 'updated', 'in_force', 'too_many', 'failed')),
  alert_id bigint REFERENCES passport.alert,
  answered_at timestamptz NOT NULL,
  PRIMARY KEY (sensor, stage, since)
);
COMMENT ON TABLE passport.stage_answer IS
'What a rise to an authorised stage led to: sent (a new alert), updated (one in force was raised, or its area widened), in_force (one says as much to all of the area already), too_many (more residents than were authorised: drafted only), failed.';
CREATE TRIGGER stage_answer_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON passport.stage_answer
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

CREATE FUNCTION passport.authorise_stage(sensor text, stage int, hazard text, level int, until_time timestamptz,
                                         OUT authority_id bigint, OUT headcount int)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = warning
AS $$
#variable_conflict use_variable
DECLARE
  area passport.alert.area%TYPE;
BEGIN
  IF NOT EXISTS (SELECT FROM passport.sensor AS s WHERE s.sensor = authorise_stage.sensor) THEN
    RAISE EXCEPTION 'unknown sensor' USING ERRCODE = 'PT404';
  ELSIF NOT EXISTS (SELECT FROM passport.sensor_threshold AS t WHERE t.sensor = authorise_stage.sensor AND t.stage = authorise_stage.stage) THEN
    PERFORM passport.refuse('/stage', 'stage', 'The sensor has no threshold for this stage.');
  ELSIF (passport.alert_words(hazard, level, passport.today())).level IS NULL THEN
    PERFORM passport.refuse('/level', 'level', 'There is no such level of this hazard today.');
  ELSIF coalesce(until_time <= passport.now() OR until_time > passport.now() + interval '400 days', true) THEN
    PERFORM passport.refuse('/until_time', 'term', 'A stage is authorised for 400 days at most, and anew each year.');
  END IF;
  area := (passport.zones_together(sensor, stage)).area;
  IF area IS NULL THEN
    PERFORM passport.refuse('/stage', 'no_zone',
      'No hazard zone is assigned to this sensor up to this stage; assign_zones() does that.');
  END IF;
  SELECT c.headcount INTO headcount FROM passport.count_area(area) AS c;
  INSERT INTO passport.stage_authority AS t (sensor, stage, hazard, level, headcount, until_time, authorised_by, authorised_at)
  VALUES (sensor, stage, hazard, level, headcount, until_time, session_user, passport.now())
  RETURNING t.authority_id INTO authority_id;
  headcount := passport.shown_count(headcount);
END $$;
COMMENT ON FUNCTION passport.authorise_stage(text, int, text, int, timestamptz) IS
'An approver authorises that an alert of a hazard and level (1 to 5) goes out by itself, with the texts of the templates, to the area of draw_affected_area(), when a sensor''s readings reach a stage, until a time at most 400 days ahead. It holds once another approver has confirmed it. Returns its number and how many residents may be counted in the area today. Errors: PT404 unknown sensor, PT422 no such stage, level, zone or term.';

CREATE FUNCTION passport.confirm_authority(authority_id bigint, headcount int) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  y passport.stage_authority;
BEGIN
  SELECT * INTO y FROM passport.stage_authority AS t WHERE t.authority_id = confirm_authority.authority_id FOR UPDATE;
  IF y.authority_id IS NULL THEN
    RAISE EXCEPTION 'no such authority' USING ERRCODE = 'PT404';
  ELSIF y.authorised_by = session_user THEN
    RAISE EXCEPTION 'a stage is confirmed by another person than its authoriser' USING ERRCODE = 'PT403';
  ELSIF y.withdrawn_at IS NOT NULL OR y.until_time <= passport.now() THEN
    RAISE EXCEPTION 'it holds no longer' USING ERRCODE = 'PT410';
  ELSIF y.confirmed_at IS NOT NULL AND y.confirmed_by <> session_user THEN
    RAISE EXCEPTION 'it is confirmed already' USING ERRCODE = 'PT409';
  ELSIF passport.shown_count(y.headcount) IS DISTINCT FROM headcount THEN
    RAISE EXCEPTION 'the confirmed head-count is not the one that was authorised' USING ERRCODE = 'PT409',
      HINT = 'Look at the area and its head-count again before confirming.';
  END IF;
  UPDATE passport.stage_authority AS t SET confirmed_by = session_user, confirmed_at = passport.now()
   WHERE t.authority_id = y.authority_id AND t.confirmed_at IS NULL;
END $$;
COMMENT ON FUNCTION passport.confirm_authority(bigint, int) IS
'Another approver confirms what authorise_stage() said, with its head-count; from then on it holds. Errors: PT404 unknown, PT403 one''s own, PT409 other head-count, or confirmed by somebody else, PT410 withdrawn or over.';

CREATE FUNCTION passport.withdraw_authority(authority_id bigint) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  UPDATE passport.stage_authority AS t
     SET withdrawn_by = coalesce(t.withdrawn_by, session_user), withdrawn_at = coalesce(t.withdrawn_at, passport.now())
   WHERE t.authority_id = withdraw_authority.authority_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no such authority' USING ERRCODE = 'PT404';
  END IF;
END $$;
COMMENT ON FUNCTION passport.withdraw_authority(bigint) IS
'Takes an authority back, at once; one approver suffices. PT404: unknown.';

CREATE VIEW passport.stage_authority_now WITH (security_barrier) AS
  SELECT y.authority_id, y.sensor, y.stage, y.hazard, y.level, passport.shown_count(y.headcount) AS headcount,
         y.authorised_by, y.confirmed_by, y.until_time, y.confirmed_at IS NOT NULL AS holds
    FROM passport.stage_authority AS y
   WHERE y.withdrawn_at IS NULL AND y.until_time > passport.now();
COMMENT ON VIEW passport.stage_authority_now IS
'Authorities that hold, or wait for another approver to confirm them.';

-- What is in force may say enough and still reach too few: a higher stage floods
-- more.  What staff have drawn beside it stays.
CREATE FUNCTION passport.wider_area(area geometry, more geometry, OUT wider geometry, OUT grows boolean)
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
BEGIN ATOMIC
  SELECT CASE WHEN c.covered THEN area ELSE ST_Multi(ST_CollectionExtract(ST_Union(area, more), 3)) END, NOT c.covered
    FROM (SELECT ST_CoveredBy(more, area) AS covered OFFSET 0) AS c;
END;
COMMENT ON FUNCTION passport.wider_area(geometry, geometry) IS
'An area with more of it, as one multipolygon, and whether it grows by that. It pins no search path: its body is bound already.';

CREATE FUNCTION passport.answer_stage(y passport.stage_authority, mode text, OUT outcome text, OUT alert_id bigint)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  area passport.alert.area%TYPE := passport.draw_affected_area(y.sensor, y.stage);
  chosen record;
  a passport.alert;
  wide record;
  drafted int;
BEGIN
  SELECT * INTO chosen FROM passport.selection(area);
  SELECT * INTO a FROM passport.alert AS t
   WHERE t.sensor = y.sensor AND t.hazard = y.hazard AND t.mode = answer_stage.mode AND t.state = 'approved'
   ORDER BY t.level DESC LIMIT 1 FOR UPDATE;
  alert_id := a.alert_id;
  SELECT * INTO wide FROM passport.wider_area(a.area, area);
  IF a.level >= y.level AND NOT wide.grows THEN
    outcome := 'in_force';
    RETURN;
  -- water that rises again is no repetition
  ELSIF a.alert_id IS NULL THEN
    SELECT d.alert_id INTO alert_id FROM passport.draft_alert(y.hazard, y.level, area, y.sensor, mode, repeat => true) AS d;
    UPDATE passport.alert AS t SET drafted_by = y.authorised_by WHERE t.alert_id = answer_stage.alert_id RETURNING t.* INTO a;
  ELSE
    SELECT d.update_no INTO drafted FROM passport.update_alert(alert_id, wide.wider, greatest(a.level, y.level), repeat => true) AS d;
    UPDATE passport.alert_update AS t SET drafted_by = y.authorised_by
     WHERE t.alert_id = answer_stage.alert_id AND t.update_no = drafted;
  END IF;
  -- more than a few have moved in: the authority was given for another area
  IF cardinality(chosen.residents) > y.headcount * 1.2 + 20 THEN
    outcome := 'too_many';
  ELSIF drafted IS NULL THEN
    PERFORM passport.send_draft(a, chosen.residents, chosen.reasons, y.confirmed_by);
    outcome := 'sent';
  ELSE
    PERFORM passport.send_update(a, u, w.residents, w.reasons, y.confirmed_by)
       FROM passport.alert_update AS u CROSS JOIN LATERAL passport.selection(u.area) AS w
     WHERE u.alert_id = a.alert_id AND u.update_no = drafted;
    outcome := 'updated';
  END IF;
END $$;
COMMENT ON FUNCTION passport.answer_stage(passport.stage_authority, text) IS
'Step of follow_stage() (mode live) and rehearse_stage() (mode drill): drafts what an authority allows, in the name of who authorised it, and sends it in that of who confirmed it; if the area holds far more residents than then, it is only drafted.';

-- A reading must be kept whatever becomes of its alert.  Without JIT, as all that
-- sends: to compile the queries for a few thousand people took two seconds, to
-- run them a tenth of one.
CREATE FUNCTION passport.follow_stage(sensor text, stage int, since timestamptz) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  y passport.stage_authority;
  became text;
  alert bigint;
BEGIN
  SELECT * INTO y FROM passport.stage_authority AS t
   WHERE t.sensor = follow_stage.sensor AND t.stage <= follow_stage.stage AND t.confirmed_at IS NOT NULL
     AND t.withdrawn_at IS NULL AND t.until_time > passport.now()
   ORDER BY t.level DESC, t.stage DESC, t.authority_id DESC LIMIT 1;
  IF y.authority_id IS NULL THEN
    RETURN;
  END IF;
  BEGIN
    SELECT f.outcome, f.alert_id INTO became, alert FROM passport.answer_stage(y, 'live') AS f;
  EXCEPTION WHEN OTHERS THEN
    RAISE WARNING 'an authorised alert could not be sent: %', SQLERRM USING ERRCODE = SQLSTATE;
    became := 'failed';
    alert := NULL;
  END;
  INSERT INTO passport.stage_answer (sensor, since, stage, authority_id, outcome, alert_id, answered_at)
  VALUES (follow_stage.sensor, follow_stage.since, follow_stage.stage, y.authority_id, became, alert, passport.now())
  ON CONFLICT DO NOTHING;
  IF became IN ('too_many', 'failed') THEN
    PERFORM pg_notify('passport_alarm', 'stage_' || became);
  END IF;
END $$;
COMMENT ON FUNCTION passport.follow_stage(text, int, timestamptz) IS
'Called by record_readings() and confirm_reading() when accepted readings have raised a sensor to a stage: sends what the highest authority for it allows (of one level, that of the highest stage), or raises the alert in force to that and widens its area, and never more; what a forecast says never comes here. since: from when on. An error leaves the reading recorded, raises the alarm (NOTIFY passport_alarm), and stands in stage_answer. Granted to nobody.';

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
