-- Definitions of sensors: what is given is changed, what makes no sense is refused
SET passport.clock = '2026-07-01 12:00+09';
\pset tuples_only on
\pset format unaligned
\set VERBOSITY terse

SELECT passport.define_sensor('sensor test', '{"name": "橋", "lon": 138.44, "lat": 36, "range_high": 9,
  "stages": [{"stage": 2, "name": "注意", "up": 2, "down": 1.8, "hold": "20 minutes"}]}') \g /dev/null
SELECT passport.define_sensor('sensor test', '{"state": "maintenance", "range_high": null}') \g /dev/null
SELECT name, state, range_high, noise, stale_after, lon, location IS NOT NULL FROM passport.sensor WHERE sensor = 'sensor test';
SELECT holds_from, stage, name, up, down, hold FROM passport.sensor_stage WHERE sensor = 'sensor test';
-- a second set holds from today, and replaces one of the same day
SELECT passport.define_sensor('sensor test', '{"stages": [{"stage": 2, "up": 3}, {"stage": 3, "up": 4}]}') \g /dev/null
SELECT passport.define_sensor('sensor test', '{"stages": [{"stage": 2, "up": 3.5}]}') \g /dev/null
SELECT holds_from, stage, up, down FROM passport.sensor_stage WHERE sensor = 'sensor test' ORDER BY 1, 2;

SELECT passport.define_sensor('sensor test', '{"colour": "blue"}');
SELECT passport.define_sensor('sensor test', '[]');
SELECT passport.define_sensor(NULL, '{}');
SELECT passport.define_sensor('sensor test', '{"noise": "much"}');
SELECT passport.define_sensor('sensor test', '{"noise": -1}');
SELECT passport.define_sensor('sensor test', '{"state": "broken"}');
SELECT passport.define_sensor('sensor test', '{"name": null}');
SELECT passport.define_sensor('sensor test', '{"range_low": 5, "range_high": 4}');
SELECT passport.define_sensor('sensor test', '{"stages": 3}');
SELECT passport.define_sensor('sensor test', '{"stages": [{"stage": 2, "up": 3}, {"stage": 3, "up": 2}]}');
SELECT passport.define_sensor('sensor test', '{"stages": [{"stage": 2, "up": 3, "down": 4}]}');
SELECT passport.define_sensor('sensor test', '{"stages": [{"stage": 2, "up": "infinity"}]}');
SELECT passport.define_sensor('sensor test', '{"stages": [{"stage": 2}]}');
\set VERBOSITY default
\set SHOW_CONTEXT never
SELECT passport.define_sensor('sensor never', '{"stages": [{"stage": 10, "up": 3}]}');
SELECT count(*) FROM passport.sensor WHERE sensor = 'sensor never';

-- a gauge that reports seldom remembers for longer: what is left out grows with its interval, what is given too short is refused
BEGIN;
SELECT passport.define_sensor('sensor hourly', '{"sampling_interval": "1 hour", "max_rise": 0.1, "max_fall": 9,
  "stages": [{"stage": 2, "up": 2, "down": 1.8, "hold": "1 hour"}]}'), passport.define_sensor('sensor daily', '{"sampling_interval": "1 day"}') \g /dev/null
SELECT sensor, sampling_interval, memory, stale_after FROM passport.sensor WHERE sensor IN ('sensor hourly', 'sensor daily', 'sensor test') ORDER BY 1;
SAVEPOINT here;
SELECT passport.define_sensor('sensor hourly', '{"memory": "119 minutes"}');
ROLLBACK TO here;
SELECT passport.define_sensor('sensor hourly', '{"stale_after": "1 hour"}');
ROLLBACK TO here;
SELECT passport.define_sensor('sensor test', '{"sampling_interval": "2 hours", "memory": "2 hours"}');
ROLLBACK TO here;
SELECT passport.define_sensor('sensor hourly', '{"memory": "2 hours", "stale_after": "2 hours"}');
ROLLBACK TO here;
-- a rise has its second, an interval that is lost is no silence, and the stage ends after its time
CREATE FUNCTION pg_temp.each_hour(VARIADIC levels double precision[]) RETURNS TABLE (at time, value double precision, verdict text, reasons text[], stage int)
  LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. cardinality(levels) LOOP
    PERFORM set_config('passport.clock', (timestamptz '2026-07-01 00:00+09' + i * interval '1 hour')::text, true);
    CONTINUE WHEN levels[i] IS NULL;
    RETURN QUERY SELECT (r.observed_at AT TIME ZONE 'Asia/Tokyo')::time, r.value, r.verdict, r.reasons, r.stage
                   FROM passport.record_readings('sensor hourly', ARRAY[passport.now()], levels[i:i]) AS r;
  END LOOP;
END $$;
SELECT * FROM pg_temp.each_hour(1, 3.2, NULL, 3.3, 1.5, NULL, 1.4);
SET LOCAL passport.clock = '2026-07-01 10:00+09';
SELECT condition FROM passport.sensor_watch WHERE sensor = 'sensor hourly';
SET LOCAL passport.clock = '2026-07-01 10:00:01+09';
SELECT condition FROM passport.sensor_watch WHERE sensor = 'sensor hourly';
ROLLBACK;
