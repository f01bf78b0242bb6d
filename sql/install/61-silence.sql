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
BEGIN
  UPDATE passport.sensor_silence AS q SET ended_at = passport.now()
    FROM passport.sensor_watch AS w
   WHERE q.ended_at IS NULL AND w.sensor = q.sensor AND w.condition <> 'silent';
  GET DIAGNOSTICS ended = ROW_COUNT;
  INSERT INTO passport.sensor_silence (sensor, last_heard, noticed_at)
  SELECT w.sensor, w.latest_at, passport.now() FROM passport.sensor_watch AS w WHERE w.condition = 'silent'
  ON CONFLICT (sensor) WHERE ended_at IS NULL DO NOTHING;
  GET DIAGNOSTICS noticed = ROW_COUNT;
  IF ended + noticed > 0 THEN
    PERFORM pg_notify('passport_map', '');
  END IF;
  RETURN ended + noticed;
END $$;
COMMENT ON FUNCTION passport.watch_sensors() IS
'Job: writes down which sensors have fallen silent and which are heard again, and has the public map drawn anew. Returns how many. It changes no stage: missing data resolve nothing.';
