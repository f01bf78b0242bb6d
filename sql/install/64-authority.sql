-- Stages that the mayor has authorised: then a reading drafts and sends by itself (64-rise.sql)

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
  problem text,                   -- why it could not be followed now
  problem_since timestamptz,
  CHECK (until_time > authorised_at),
  CHECK ((confirmed_at IS NULL) = (confirmed_by IS NULL) AND (withdrawn_at IS NULL) = (withdrawn_by IS NULL)),
  CHECK ((problem IS NULL) = (problem_since IS NULL))
);
COMMENT ON TABLE passport.stage_authority IS
'At which stage of a sensor an alert may go out by itself, at which level, until when; authorised by one person, confirmed by another. problem: what review_authorities() found last (as of authority_problem(), or too_many), and since when.';
CREATE INDEX stage_authority_sensor ON passport.stage_authority (sensor, stage);
CREATE TRIGGER stage_authority_stays BEFORE DELETE OR TRUNCATE ON passport.stage_authority
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

-- What draft_alert() would refuse on the day is refused when it is authorised: a
-- mayor who has signed for a zone that no alert can go to has signed for nothing.
CREATE FUNCTION passport.authority_problem(sensor text, stage int, hazard text, level int) RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE
    WHEN NOT EXISTS (SELECT FROM passport.sensor_threshold AS t
                      WHERE t.sensor = authority_problem.sensor AND t.stage = authority_problem.stage) THEN 'stage'
    WHEN (passport.alert_words(hazard, level, passport.today())).level IS NULL THEN 'level'
    WHEN z.zones IS NULL THEN 'no_zone'
    WHEN passport.is_empty(z.area) THEN 'no_reach'
    ELSE passport.alert_area_problem(z.area) END
    FROM passport.zones_together(sensor, stage) AS z;
END;
COMMENT ON FUNCTION passport.authority_problem(text, int, text, int) IS
'Why an alert of a hazard and level could not go out by itself at a stage of a sensor today: stage (it has no such threshold), level (there is none of this hazard today), no_zone, no_reach (as of draw_affected_area), or as of alert_area_problem(); NULL when it can.';

CREATE FUNCTION passport.refuse_authority(sensor text, stage int, hazard text, level int) RETURNS void
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  problem CONSTANT text := passport.authority_problem(sensor, stage, hazard, level);
BEGIN
  IF problem IS NOT NULL THEN
    PERFORM passport.refuse(CASE problem WHEN 'level' THEN '/level' WHEN 'no_reach' THEN '/sensor' ELSE '/stage' END, problem,
      CASE problem
        WHEN 'stage' THEN 'The sensor has no threshold for this stage.'
        WHEN 'level' THEN 'There is no such level of this hazard today.'
        WHEN 'no_zone' THEN 'No hazard zone is assigned to this sensor up to this stage; assign_zones() does that.'
        WHEN 'no_reach' THEN 'No assigned zone lies in the reach of this sensor; set_reach() says which that is.'
        ELSE 'The zones up to this stage, as far as the reach goes, are no area that can be alerted; set_reach() bounds them.' END);
  END IF;
END $$;
COMMENT ON FUNCTION passport.refuse_authority(text, int, text, int) IS
'Raises PT422 with authority_problem(). Step of authorise_stage() and confirm_authority().';

CREATE FUNCTION passport.authority_outgrown(y passport.stage_authority, residents int) RETURNS boolean
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT residents > y.headcount * 1.2 + 20;
END;
COMMENT ON FUNCTION passport.authority_outgrown(passport.stage_authority, int) IS
'Whether an area holds a fifth more residents, and twenty, than when its stage was authorised: then it was authorised for another area.';

CREATE FUNCTION passport.authorise_stage(sensor text, stage int, hazard text, level int, until_time timestamptz,
                                         OUT authority_id bigint, OUT headcount int)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = warning
AS $$
#variable_conflict use_variable
BEGIN
  IF NOT EXISTS (SELECT FROM passport.sensor AS s WHERE s.sensor = authorise_stage.sensor) THEN
    RAISE EXCEPTION 'unknown sensor' USING ERRCODE = 'PT404';
  ELSIF coalesce(until_time <= passport.now() OR until_time > passport.now() + interval '400 days', true) THEN
    PERFORM passport.refuse('/until_time', 'term', 'A stage is authorised for 400 days at most, and anew each year.');
  END IF;
  PERFORM passport.refuse_authority(sensor, stage, hazard, level);
  SELECT c.headcount INTO headcount FROM passport.count_area((passport.zones_together(sensor, stage)).area) AS c;
  INSERT INTO passport.stage_authority AS t (sensor, stage, hazard, level, headcount, until_time, authorised_by, authorised_at)
  VALUES (sensor, stage, hazard, level, headcount, until_time, session_user, passport.now())
  RETURNING t.authority_id INTO authority_id;
  headcount := passport.shown_count(headcount);
END $$;
COMMENT ON FUNCTION passport.authorise_stage(text, int, text, int, timestamptz) IS
'An approver authorises that an alert of a hazard and level (1 to 5) goes out by itself, with the texts of the templates, to the area of draw_affected_area(), when a sensor''s readings reach a stage, until a time at most 400 days ahead. It holds once another approver has confirmed it. Returns its number and how many residents may be counted in the area today. Errors: PT404 unknown sensor, PT422 no such term, or an alert would be refused on the day: as of authority_problem().';

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
  PERFORM passport.refuse_authority(y.sensor, y.stage, y.hazard, y.level);
  UPDATE passport.stage_authority AS t SET confirmed_by = session_user, confirmed_at = passport.now()
   WHERE t.authority_id = y.authority_id AND t.confirmed_at IS NULL;
END $$;
COMMENT ON FUNCTION passport.confirm_authority(bigint, int) IS
'Another approver confirms what authorise_stage() said, with its head-count; from then on it holds. Errors: PT404 unknown, PT403 one''s own, PT409 other head-count, or confirmed by somebody else, PT410 withdrawn or over, PT422 as of authorise_stage(): the zones have changed since.';

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
         y.authorised_by, y.confirmed_by, y.until_time, y.confirmed_at IS NOT NULL AS holds, y.problem
    FROM passport.stage_authority AS y
   WHERE y.withdrawn_at IS NULL AND y.until_time > passport.now();
COMMENT ON VIEW passport.stage_authority_now IS
'Authorities that hold, or wait for another approver to confirm them. problem: why no alert could go out by one now, as review_authorities() found.';

-- Zones, reaches and vocabularies change, and people move in.
CREATE FUNCTION passport.review_authorities() RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = warning
AS $$
DECLARE
  cleared int;
  found int;
BEGIN
  WITH now AS MATERIALIZED (
    SELECT y.authority_id,
           coalesce(passport.authority_problem(y.sensor, y.stage, y.hazard, y.level),
                    CASE WHEN passport.authority_outgrown(y, (SELECT count(*)::int FROM passport.residents_in((passport.zones_together(y.sensor, y.stage)).area)))
                         THEN 'too_many' END) AS problem
      FROM passport.stage_authority AS y
     WHERE y.withdrawn_at IS NULL AND y.until_time > passport.now()
  ), changed AS (
    UPDATE passport.stage_authority AS y
       SET problem = n.problem, problem_since = CASE WHEN n.problem IS NOT NULL THEN passport.now() END
      FROM now AS n
     WHERE n.authority_id = y.authority_id AND n.problem IS DISTINCT FROM y.problem
    RETURNING y.problem
  )
  SELECT count(*) FILTER (WHERE c.problem IS NULL), count(c.problem) INTO cleared, found FROM changed AS c;
  IF found > 0 THEN
    PERFORM pg_notify('passport_alarm', 'authority_unfit');
  END IF;
  RETURN cleared + found;
END $$;
COMMENT ON FUNCTION passport.review_authorities() IS
'Daily job, and soon after zones or a reach were changed: holds every authority against the zones, words and residents of today, and raises the alarm (NOTIFY passport_alarm) once when no alert could go out by one any more, or, with too_many, only a draft. Returns how many authorities changed.';
