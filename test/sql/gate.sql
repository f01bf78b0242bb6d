-- The plausibility gate, seen through record_readings(): each case is a gauge
-- of its own with the limits of a small river.
SET timezone = 'Asia/Tokyo';
SET passport.clock = '2026-07-01 12:00+09';

CREATE FUNCTION pg_temp.gauge(sensor text, more jsonb DEFAULT '{}') RETURNS void
BEGIN ATOMIC
  SELECT passport.define_sensor(sensor, '{"range_low": -1, "range_high": 12, "max_rise": 0.6,
    "max_fall": 0.3, "dropout_value": 0, "stale_after": "1 day",
    "stages": [{"stage": 3, "up": 3, "down": 2.5}]}'::jsonb || more);
END;
-- readings from 10:00 on, one every ten minutes
CREATE FUNCTION pg_temp.judge(sensor text, VARIADIC levels double precision[])
  RETURNS TABLE (at time, value double precision, verdict text, reasons text[], stage int)
BEGIN ATOMIC
  SELECT r.observed_at::time, r.value, r.verdict, r.reasons, r.stage
    FROM passport.record_readings(sensor,
           ARRAY(SELECT '2026-07-01 10:00+09'::timestamptz + (i - 1) * '10 minutes'::interval
                   FROM generate_series(1, cardinality(levels)) AS i), levels) AS r;
END;

\pset tuples_only on
\pset format unaligned

-- an isolated spike stays held, and two that disagree do
SELECT pg_temp.gauge('spike') \g /dev/null
SELECT * FROM pg_temp.judge('spike', 1, 1.1, 7, 1.2, 9, 5, 1.1);
-- a spike that falls is as little a fall
SELECT pg_temp.gauge('dip') \g /dev/null
SELECT * FROM pg_temp.judge('dip', 2.9, 3, 1, 3.1);
-- a real rise passes one sample late
SELECT pg_temp.gauge('rise') \g /dev/null
SELECT * FROM pg_temp.judge('rise', 1, 3.4, 3.6, 3.7);
-- and so does one that goes on rising faster than it can be followed
SELECT pg_temp.gauge('wall') \g /dev/null
SELECT * FROM pg_temp.judge('wall', 1, 3.4, 5.4, 7.4, 7.5);
-- drop-outs neither are a fall nor confirm each other
SELECT pg_temp.gauge('dropout') \g /dev/null
SELECT * FROM pg_temp.judge('dropout', 2.4, 2.5, 0, 0, 0, 2.4);
-- a gauge whose true level passes 0.00 on its way
SELECT pg_temp.gauge('zero') \g /dev/null
SELECT * FROM pg_temp.judge('zero', -0.3, 0, 0.3);
-- a first reading that would alarm waits for a second
SELECT pg_temp.gauge('first') \g /dev/null
SELECT * FROM pg_temp.judge('first', 3.4, 3.5);
SELECT pg_temp.gauge('first wall') \g /dev/null
SELECT * FROM pg_temp.judge('first wall', 3.4, 5.4, 7.4);
SELECT pg_temp.gauge('first spike') \g /dev/null
SELECT * FROM pg_temp.judge('first spike', 7, 1);
-- garbage
SELECT pg_temp.gauge('garbage') \g /dev/null
SELECT * FROM pg_temp.judge('garbage', 'NaN', 'infinity', '-infinity', 26, -1.5, 1);
-- noise by itself is no movement
SELECT pg_temp.gauge('noise', '{"max_rise": 0.001, "max_fall": 0.001}') \g /dev/null
SELECT * FROM pg_temp.judge('noise', 1, 1.05, 1, 1.06);
-- what is in maintenance or retired is kept and not believed
SELECT pg_temp.gauge('maintenance', '{"state": "maintenance"}') \g /dev/null
SELECT * FROM pg_temp.judge('maintenance', 7.37);
SELECT pg_temp.gauge('retired', '{"state": "retired"}') \g /dev/null
SELECT * FROM pg_temp.judge('retired', 'NaN');
-- a second that comes after the memory of the first confirms nothing
SELECT pg_temp.gauge('memory', '{"sampling_interval": "1 minute", "memory": "5 minutes"}') \g /dev/null
SELECT * FROM pg_temp.judge('memory', 1, 7, 7, 1);
-- no limits: everything goes
SELECT passport.define_sensor('bare', '{"stale_after": "1 day"}') \g /dev/null
SELECT * FROM pg_temp.judge('bare', 1, 1000, -1000, 0);

-- a value stays for longer than moving water can: of no interest at low water, stuck above a threshold
SELECT pg_temp.gauge('frozen', '{"stuck_after": "30 minutes", "stages": [{"stage": 3, "up": 3, "down": 1.5}]}') \g /dev/null
SELECT * FROM pg_temp.judge('frozen', 2, 2, 2, 2, 2, 2.5, 3, 3, 3, 3, 3, 3, 2.9);
