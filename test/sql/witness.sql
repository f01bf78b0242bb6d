-- Witnesses: rain and upstream gauges that a rise is held against
BEGIN;
SET LOCAL timezone = 'Asia/Tokyo';
\pset tuples_only on
\pset format unaligned
\set VERBOSITY terse

CREATE FUNCTION pg_temp.come(sensor text, start time, VARIADIC levels double precision[])
  RETURNS TABLE (at time, value double precision, verdict text, reasons text[], stage int)
  LANGUAGE plpgsql AS $$
BEGIN
  FOR i IN 1 .. cardinality(levels) LOOP
    PERFORM set_config('passport.clock', ('2026-07-01 ' || start)::timestamptz + (i - 1) * interval '10 minutes' || '', true);
    RETURN QUERY SELECT r.observed_at::time, r.value, r.verdict, r.reasons, r.stage
                   FROM passport.record_readings(sensor, ARRAY[passport.now()], levels[i:i]) AS r;
  END LOOP;
END $$;
SELECT passport.define_sensor('rain', '{"kind": "rain", "unit": "mm"}'), passport.define_sensor('up', '{}'),
       passport.define_sensor('down', '{"max_rise": 0.6, "max_fall": 0.3,
  "witnesses": [{"witness": "rain", "relation": "rain", "movement": 10, "span": "2 hours"},
                {"witness": "up", "relation": "upstream", "movement": 0.3, "travel_time": "20 minutes"}],
  "stages": [{"stage": 2, "up": 2, "down": 1.8}, {"stage": 3, "up": 3, "down": 2.8}, {"stage": 4, "up": 4, "down": 3.8}]}') \g /dev/null
SELECT * FROM passport.sensor_witness ORDER BY witness;

\echo == what nobody has seen yet rises to stage 2 with its second reading
SELECT * FROM pg_temp.come('rain', '10:00', 0, 0, 0, 0, 0, 0);
SELECT * FROM pg_temp.come('up', '10:00', 1, 1, 1, 1, 1, 1);
SELECT * FROM pg_temp.come('down', '10:20', 1.6, 2.1, 2.2);
\echo == rain an hour ago is a witness
SELECT * FROM pg_temp.come('rain', '11:00', 12, 3, 0, 0);
SELECT * FROM pg_temp.come('down', '11:10', 2.7, 3.2, 3.7);
\echo == without it, and without anything upstream, stage 4 waits
SELECT * FROM pg_temp.come('rain', '11:40', 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
SELECT * FROM pg_temp.come('up', '12:40', 1, 1, 1, 1);
SELECT * FROM pg_temp.come('down', '13:10', 3.9, 4.2, 4.3);
SELECT sensor, observed_at::time, value, stage, stage_if_true FROM passport.reading_to_confirm;
\echo == upstream rises: the next reading passes
SELECT * FROM pg_temp.come('up', '13:20', 1.2, 1.4);
SELECT * FROM pg_temp.come('rain', '13:40', 0);
SELECT * FROM pg_temp.come('down', '13:40', 4.4);
SELECT observed_at::time, verdict, reasons FROM passport.reading WHERE sensor = 'down' AND observed_at >= '2026-07-01 13:20+09' ORDER BY 1;

\echo == a witness that has fallen silent denies nothing, nor one in maintenance; one that is retired is none
SELECT * FROM pg_temp.come('down', '15:00', 1, 4.1, 4.2);
SELECT * FROM pg_temp.come('down', '16:30', 1, 1, 1, 1, 1);
SELECT * FROM pg_temp.come('rain', '17:20', 0, 0);
SELECT passport.set_sensor_state('up', 'retired');
SELECT * FROM pg_temp.come('down', '17:20', 4.1, 4.2);

\echo == a person confirms what is held
SELECT sensor, observed_at::time, value, stage, stage_if_true FROM passport.reading_to_confirm;
SELECT passport.confirm_reading('down', '2026-07-01 17:20+09');
SELECT observed_at::time, verdict, reasons, stage FROM passport.reading WHERE sensor = 'down' AND observed_at >= '2026-07-01 17:00+09' ORDER BY 1;
SELECT sensor, observed_at::time, confirmed_by = session_user AS by_me, confirmed_at::time FROM passport.reading_confirmation;
SELECT value, held_at, stage FROM passport.sensor_state WHERE sensor = 'down';
SELECT count(*) FROM passport.reading_to_confirm;
SAVEPOINT here;
SELECT passport.confirm_reading('down', '2026-07-01 17:20+09');
\echo :SQLSTATE
ROLLBACK TO here;
SELECT passport.confirm_reading('down', '2026-07-01 17:21+09');
\echo :SQLSTATE
ROLLBACK TO here;
SELECT passport.confirm_reading('nowhere', '2026-07-01 17:21+09');
\echo :SQLSTATE
ROLLBACK TO here;
-- a spike that the gauge has left behind
SELECT * FROM pg_temp.come('down', '17:40', 9, 4.2);
SELECT passport.confirm_reading('down', '2026-07-01 17:40+09');
\echo :SQLSTATE
ROLLBACK TO here;
-- and one of hours ago
SELECT * FROM pg_temp.come('down', '17:40', 9);
SET LOCAL passport.clock = '2026-07-01 19:00+09';
SELECT passport.confirm_reading('down', '2026-07-01 17:40+09');
\echo :SQLSTATE
ROLLBACK TO here;
DELETE FROM passport.reading_confirmation;
\echo :SQLSTATE
ROLLBACK TO here;

\echo == what stays the same while upstream moves
SELECT passport.define_sensor('frozen', '{"stuck_after": "30 minutes", "witnesses": [{"witness": "rain", "relation": "rain", "movement": 10}]}') \g /dev/null
SELECT * FROM pg_temp.come('frozen', '18:00', 1, 1, 1, 1, 1);
SELECT * FROM pg_temp.come('rain', '18:40', 20, 20);
SELECT * FROM pg_temp.come('frozen', '18:50', 1, 1, 1.1);

\echo == a wave that came down from upstream does not wait; rain, or a gauge of another quantity, passes no jump
SELECT passport.define_sensor('above', '{"max_rise": 2}'), passport.define_sensor('flow', '{"unit": "m3/s"}'),
       passport.define_sensor('below', '{"max_rise": 0.6, "max_fall": 0.3,
  "witnesses": [{"witness": "above", "relation": "upstream", "movement": 0.3, "travel_time": "20 minutes"},
                {"witness": "flow", "relation": "neighbour", "movement": 5}, {"witness": "rain", "relation": "rain", "movement": 10}],
  "stages": [{"stage": 3, "up": 3, "down": 2.8}, {"stage": 4, "up": 4, "down": 3.8}]}') \g /dev/null
SELECT * FROM pg_temp.come('rain', '21:50', 30);
SELECT * FROM pg_temp.come('flow', '21:30', 1, 9, 50);
SELECT * FROM pg_temp.come('above', '21:30', 1, 1.4, 1.4);
SELECT * FROM pg_temp.come('below', '21:50', 1, 3.2, 1);
SELECT * FROM pg_temp.come('above', '22:00', 2.6);
SELECT * FROM pg_temp.come('below', '22:20', 1.1, 3.2, 3.3);
SELECT * FROM pg_temp.come('above', '22:40', 2.6, 4.4);
SELECT * FROM pg_temp.come('below', '22:50', 1, 1, 1, 1);
SELECT * FROM pg_temp.come('below', '23:30', 4.4, 4.5);
SELECT observed_at::time, value, verdict, reasons FROM passport.reading WHERE sensor = 'below' AND observed_at >= '2026-07-01 23:20+09' ORDER BY 1;
ROLLBACK;
