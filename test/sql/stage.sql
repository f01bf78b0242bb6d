-- Stages: up at once, down after the hold time, never by silence
SET timezone = 'Asia/Tokyo';
SET passport.clock = '2026-07-01 18:00+09';
\pset tuples_only on
\pset format unaligned

SELECT passport.define_sensor('stage test', '{"stale_after": "1 day", "memory": "1 hour", "stages": [
  {"stage": 2, "up": 2, "down": 1.8, "hold": "20 minutes"},
  {"stage": 3, "up": 3, "down": 2.7, "hold": "30 minutes"},
  {"stage": 4, "up": 4, "down": 3.5, "hold": "20 minutes"}]}') \g /dev/null

CREATE FUNCTION pg_temp.follow(start timestamptz, VARIADIC levels double precision[])
  RETURNS TABLE (at time, value double precision, stage int, changed boolean)
BEGIN ATOMIC
  SELECT r.observed_at::time, r.value, r.stage, r.stage_changed
    FROM passport.record_readings('stage test',
           ARRAY(SELECT start + (i - 1) * '10 minutes'::interval
                   FROM generate_series(1, cardinality(levels)) AS i), levels) AS r;
END;

-- at the threshold is in the stage; two stages at once; above "down" is still in it
SELECT * FROM pg_temp.follow('2026-07-01 06:00+09', 1.99, 2, 4.2, 3.6, 3.9);
-- below "down" for 20 minutes; a look above it starts the time again
SELECT * FROM pg_temp.follow('2026-07-01 06:50+09', 3.4, 3.5, 3.4, 2.8, 2.9);
-- from 3 to what the highest reading of the hold time supports
SELECT * FROM pg_temp.follow('2026-07-01 07:40+09', 1.9, 1.5, 1.5, 1.5);
SELECT stage, since, below_since IS NULL AS steady FROM passport.sensor_state WHERE sensor = 'stage test';
-- silence resolves nothing, and the hold time begins again after it
SELECT * FROM pg_temp.follow('2026-07-01 08:20+09', 1.5);
SELECT * FROM pg_temp.follow('2026-07-01 12:00+09', 1.5, 1.5, 1.5);

-- what is stale moves nothing, and nor does what comes late
SELECT passport.define_sensor('stage test', '{"stale_after": "1 hour"}') \g /dev/null
SELECT * FROM pg_temp.follow('2026-07-01 16:50+09', 4.5);
SELECT * FROM pg_temp.follow('2026-07-01 17:50+09', 1);
SELECT * FROM pg_temp.follow('2026-07-01 17:40+09', 4.5);
SELECT reasons FROM passport.reading WHERE sensor = 'stage test' AND value = 4.5 ORDER BY observed_at;

-- a revision of the thresholds holds from its day
SELECT passport.define_sensor('stage test', '{"holds_from": "2026-07-02", "stages": [{"stage": 2, "up": 1}]}') \g /dev/null
SELECT stage, up, down FROM passport.sensor_threshold WHERE sensor = 'stage test' ORDER BY stage;
SET passport.clock = '2026-07-02 00:10+09';
SELECT stage, up, down FROM passport.sensor_threshold WHERE sensor = 'stage test' ORDER BY stage;
SELECT * FROM pg_temp.follow('2026-07-02 00:00+09', 1);
