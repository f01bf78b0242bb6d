-- What record_readings() takes, refuses and keeps
SET timezone = 'Asia/Tokyo';
SET passport.clock = '2026-07-01 12:00+09';
\pset tuples_only on
\pset format unaligned
\set VERBOSITY terse

SELECT passport.define_sensor('reading test', '{"max_rise": 0.6, "max_fall": 0.3, "stale_after": "1 hour",
  "stages": [{"stage": 3, "up": 3}]}') \g /dev/null
CREATE FUNCTION pg_temp.take(times text, levels double precision[])
  RETURNS TABLE (at time, value double precision, verdict text, reasons text[], stage int, changed boolean)
BEGIN ATOMIC
  SELECT r.observed_at::time, r.value, r.verdict, r.reasons, r.stage, r.stage_changed
    FROM passport.record_readings('reading test',
           ARRAY(SELECT ('2026-07-01 ' || t || '+09')::timestamptz
                   FROM unnest(string_to_array(times, ' ')) AS t), levels) AS r;
END;

-- any order; the same again is no news; another value of a time is a conflict
SELECT * FROM pg_temp.take('11:20 11:00 11:10 11:10 11:10', '{1.2, 1, 1.1, 1.1, 1.5}');
SELECT * FROM pg_temp.take('11:00 11:10 11:20', '{1, 1.1, 7}');
-- NaN is the same as NaN
SELECT * FROM pg_temp.take('11:21 11:21', '{NaN, NaN}');
-- a reading from the future is answered, and leaves room for the true one
SELECT * FROM pg_temp.take('12:05 12:06 12:06', '{1.2, 1.3, 1.3}');
SET passport.clock = '2026-07-01 12:06+09';
SELECT * FROM pg_temp.take('12:06', '{1.25}');
-- stale; late ones are judged by the readings of their own time
SELECT * FROM pg_temp.take('10:50 11:05', '{1, 1.1}');
SELECT * FROM pg_temp.take('11:35 11:36 11:37', '{3, 1.3, 9}');
-- a candidate waits from one call to the next, and does not confirm itself
SET passport.clock = '2026-07-01 12:30+09';
SELECT * FROM pg_temp.take('12:10', '{3.4}');
SELECT * FROM pg_temp.take('12:10', '{3.4}');
SELECT * FROM pg_temp.take('12:20', '{3.5}');
SELECT value, verdict, reasons, stage FROM passport.reading WHERE sensor = 'reading test' AND observed_at = '2026-07-01 12:10+09';
-- a backlog behind a live reading explains it
SELECT * FROM pg_temp.take('12:30', '{4.9}');
SELECT * FROM pg_temp.take('12:26', '{4.7}');
SELECT value, verdict, reasons, stage FROM passport.reading WHERE sensor = 'reading test' AND observed_at = '2026-07-01 12:30+09';
SELECT * FROM pg_temp.take('12:24', '{3.6}');
SELECT count(*), count(*) FILTER (WHERE verdict = 'accepted'), max(recorded_at) FROM passport.reading WHERE sensor = 'reading test';
SELECT observed_at, value, held_at, latest_at FROM passport.sensor_state WHERE sensor = 'reading test';
-- in order but hours old: the history follows, the stage does not
SET passport.clock = '2026-07-01 18:00+09';
SELECT * FROM pg_temp.take('13:00 14:00 15:00 17:59', '{4, 3, 2, 1}');

-- what was no measurement gives way to the value of its time, once
SELECT passport.define_sensor('gap test', '{"max_fall": 0.3, "dropout_value": 0, "stages": [{"stage": 3, "up": 3}]}') \g /dev/null
SELECT verdict, reasons, stage FROM passport.record_readings('gap test', '{2026-07-01 17:10+09, 2026-07-01 17:20+09, 2026-07-01 17:30+09, 2026-07-01 17:40+09}', '{2.8, 0, NaN, 2.9}');
SELECT verdict, reasons, stage FROM passport.record_readings('gap test', '{2026-07-01 17:20+09, 2026-07-01 17:30+09, 2026-07-01 17:30+09, 2026-07-01 17:40+09}', '{2.85, NaN, 2.9, 3.1}');
SELECT verdict, reasons FROM passport.record_readings('gap test', '{2026-07-01 17:20+09, 2026-07-01 17:20+09}', '{0, 2.85}');
-- one that is the last: the stage follows the true value
SELECT verdict, reasons, stage FROM passport.record_readings('gap test', '{2026-07-01 17:50+09}', '{0}');
SELECT verdict, reasons, stage, stage_changed FROM passport.record_readings('gap test', '{2026-07-01 17:50+09}', '{3.1}');
SELECT value, verdict, reasons, stage FROM passport.reading WHERE sensor = 'gap test' ORDER BY observed_at;

-- nothing and too much
SELECT count(*) FROM passport.record_readings('reading test', '{}', '{}');
SELECT passport.record_readings('reading test', '{2026-07-01}', '{1, 2}');
SELECT passport.record_readings('reading test', '{2026-07-01, NULL}', '{1, 2}');
SELECT passport.record_readings('reading test', '{2026-07-01}', '{NULL}');
SELECT passport.record_readings('reading test', NULL, '{1}');
SELECT passport.record_readings('reading test', '{2026-07-01}', NULL);
SELECT passport.record_readings(NULL, '{2026-07-01}', '{1}');
SELECT passport.record_readings('reading test', '{infinity}', '{1}');
SELECT passport.record_readings('reading test', '{{2026-07-01}}', '{{1}}');
SELECT passport.record_readings('reading test', array_fill('2026-07-01'::timestamptz, ARRAY[10001]),
                                     array_fill(1::double precision, ARRAY[10001]));
SELECT passport.record_readings('nowhere', '{2026-07-01}', '{1}');
\set VERBOSITY default
SELECT passport.record_readings('reading test', '{2026-07-01}', '{1, 2}');

-- a sensor that was put into the table by hand works too
INSERT INTO passport.sensor (sensor) VALUES ('by hand');
SELECT verdict FROM passport.record_readings('by hand', '{2026-07-01 17:50+09}', '{1}');
-- ten thousand at once, all before it
SELECT verdict, reasons, count(*) FROM passport.record_readings('by hand',
  ARRAY(SELECT '2026-06-01'::timestamptz + i * '1 minute'::interval FROM generate_series(1, 10000) AS i),
  ARRAY(SELECT 1 + i / 10000.0 FROM generate_series(1, 10000) AS i)) GROUP BY verdict, reasons;
