-- Silence: sensors of which nothing comes though something should

CREATE VIEW passport.sensor_watch AS
  SELECT s.sensor, s.state,
         CASE WHEN s.state <> 'in_service' THEN s.state
              WHEN e.expected IS NULL THEN 'resting'
              WHEN coalesce(n.latest_at < passport.now() - e.expected, true) THEN 'silent'
              WHEN e.resting THEN 'resting'
              WHEN coalesce(n.observed_at < passport.now() - e.expected, true) THEN 'doubted'
              ELSE 'reporting' END AS condition,
         n.latest_at, n.observed_at
    FROM passport.sensor AS s
    LEFT JOIN passport.sensor_state AS n USING (sensor)
   CROSS JOIN LATERAL (
         -- the last reading before a gauge rests can be above its start level by what falls in an interval
         SELECT coalesce(coalesce(n.value, s.start_level) <= s.start_level + s.noise
                         + coalesce(s.max_fall, 0) * extract(epoch FROM s.sampling_interval)::double precision / 600,
                         false)) AS r(resting)
   CROSS JOIN LATERAL (
         SELECT r.resting, CASE WHEN r.resting THEN s.heartbeat
                                WHEN s.start_level IS NULL THEN coalesce(s.heartbeat, s.stale_after)
                                ELSE s.stale_after END) AS e(resting, expected);
COMMENT ON VIEW passport.sensor_watch IS
'How each sensor is heard. condition: "reporting"; "resting" (a crisis-management gauge below its start level: nothing is expected of it but its heartbeat); "silent" (nothing came for longer than heartbeat or stale_after allow: it is not known how the water is, and no stage ends by that); "doubted" (readings come, and none of them was accepted for so long); "maintenance"; "retired". latest_at: its last reading; observed_at: the last accepted one. Source: 熊本県, 危機管理型水位計 measure only above 観測開始水位.';

CREATE TABLE passport.sensor_silence (
  silence_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sensor text NOT NULL REFERENCES passport.sensor,
  last_heard timestamptz,
  noticed_at timestamptz NOT NULL,
  ended_at timestamptz
);
COMMENT ON TABLE passport.sensor_silence IS
'Silences that watch_sensors() noticed: since which reading (NULL: there never was one), when noticed, and when the sensor was heard again, taken out of service, or fell to where silence is its design (NULL: not yet).';
CREATE UNIQUE INDEX sensor_silence_open ON passport.sensor_silence (sensor) WHERE ended_at IS NULL;

CREATE FUNCTION passport.watch_sensors() RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  ended int;
  noticed int;
  blind int;
BEGIN
  UPDATE passport.sensor_silence AS q SET ended_at = passport.now()
    FROM passport.sensor_watch AS w
   WHERE q.ended_at IS NULL AND w.sensor = q.sensor AND w.condition <> 'silent';
  GET DIAGNOSTICS ended = ROW_COUNT;
  WITH fallen AS (
    INSERT INTO passport.sensor_silence (sensor, last_heard, noticed_at)
    SELECT w.sensor, w.latest_at, passport.now() FROM passport.sensor_watch AS w WHERE w.condition = 'silent'
    ON CONFLICT (sensor) WHERE ended_at IS NULL DO NOTHING RETURNING sensor
  )
  SELECT count(*), count(*) FILTER (WHERE n.stage > 0) INTO noticed, blind
    FROM fallen AS f LEFT JOIN passport.sensor_state AS n USING (sensor);
  -- where the water stood high and nobody sees it any more
  IF blind > 0 THEN
    PERFORM pg_notify('passport_alarm', 'sensor_silent');
  END IF;
  IF ended + noticed > 0 THEN
    PERFORM pg_notify('passport_map', '');
  END IF;
  RETURN ended + noticed;
END $$;
COMMENT ON FUNCTION passport.watch_sensors() IS
'Job: writes down which sensors have fallen silent and which are heard again, and has the public map drawn anew; for one that fell silent in a stage it raises the alarm (NOTIFY passport_alarm, sensor_silent), once. Returns how many. It changes no stage: missing data resolve nothing.';

CREATE TABLE passport.stage_ending (
  ending_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  sensor text NOT NULL REFERENCES passport.sensor,
  stage int NOT NULL,
  ended_by name NOT NULL,
  ended_at timestamptz NOT NULL,
  reason text NOT NULL
);
COMMENT ON TABLE passport.stage_ending IS
'Stages that a person ended at a gauge that did not report: which, who, when and why. Append-only.';
CREATE TRIGGER stage_ending_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON passport.stage_ending
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

-- A crisis-management gauge goes to rest before its last stage has been held
-- down for its time, and a broken one says nothing more: without a person the
-- map would show a stage until the next flood.
CREATE FUNCTION passport.end_stage(sensor text, reason text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  n passport.sensor_state;
BEGIN
  IF coalesce(char_length(reason), 0) NOT BETWEEN 1 AND 400 THEN
    PERFORM passport.refuse('/reason', 'length', 'Give a reason of up to 400 characters.');
  END IF;
  PERFORM passport.refuse_individual_number('/reason', reason);
  SELECT * INTO n FROM passport.sensor_state AS t WHERE t.sensor = end_stage.sensor FOR UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'unknown sensor' USING ERRCODE = 'PT404';
  ELSIF n.stage = 0 THEN
    RAISE EXCEPTION 'the sensor is in no stage' USING ERRCODE = 'PT409';
  ELSIF (SELECT w.condition FROM passport.sensor_watch AS w WHERE w.sensor = n.sensor) IN ('reporting', 'doubted') THEN
    RAISE EXCEPTION 'the sensor reports' USING ERRCODE = 'PT409',
      HINT = 'Its readings end the stage; set it to maintenance if they are wrong.';
  END IF;
  INSERT INTO passport.stage_ending (sensor, stage, ended_by, ended_at, reason)
  VALUES (n.sensor, n.stage, session_user, passport.now(), end_stage.reason);
  UPDATE passport.sensor_state AS t SET stage = 0, since = passport.now(), below_since = NULL, below_high = NULL
   WHERE t.sensor = n.sensor;
  PERFORM pg_notify('passport_map', '');
END $$;
COMMENT ON FUNCTION passport.end_stage(text, text) IS
'Ends the stage of a gauge that is silent, at rest or out of service, because a person has looked; the reason (up to 400 characters, nothing personal) and who said so are kept. The next reading at a threshold begins a stage again. Errors: PT404 unknown sensor, PT409 no stage, or the gauge reports and ends it by itself, PT422 reason.';
