-- Forecasts: when a rising level reaches its stages
BEGIN;
SET LOCAL timezone = 'Asia/Tokyo';
SET LOCAL passport.clock = '2026-07-01 12:00+09';
\pset tuples_only on
\pset format unaligned
\set VERBOSITY terse

CREATE FUNCTION pg_temp.times(VARIADIC minutes int[]) RETURNS timestamptz[]
BEGIN ATOMIC
  SELECT array_agg('2026-07-01 11:00+09'::timestamptz + m * interval '1 minute' ORDER BY i) FROM unnest(minutes) WITH ORDINALITY AS u(m, i);
END;
-- 0.2 in ten minutes, exactly: 2.6 is reached at 12:20
SELECT * FROM passport.forecast_crossing(pg_temp.times(0, 10, 20, 30), '{1, 1.2, 1.4, 1.6}', 2.6, 0);
-- not so exactly
SELECT round(rate::numeric, 2), expected_at, earliest_at, latest_at
  FROM passport.forecast_crossing(pg_temp.times(0, 10, 20, 30, 40), '{1, 1.23, 1.38, 1.61, 1.8}', 3, 0.05);
\echo == nothing is said of two readings, a fall, a level passed, noise, a far future
SELECT * FROM passport.forecast_crossing(pg_temp.times(0, 10), '{1, 1.2}', 3, 0);
SELECT * FROM passport.forecast_crossing(pg_temp.times(0, 10, 20), '{3, 2, 1}', 3.5, 0);
SELECT * FROM passport.forecast_crossing(pg_temp.times(0, 10, 20), '{1, 2, 3}', 3, 0);
SELECT * FROM passport.forecast_crossing(pg_temp.times(0, 10, 20), '{1, 1.01, 1.02}', 1.05, 0.05);
SELECT * FROM passport.forecast_crossing(pg_temp.times(0, 10, 20), '{1, 1.2, 1.4}', 5, 0);
SELECT * FROM passport.forecast_crossing('{}', '{}', 5, 0);
SELECT * FROM passport.forecast_crossing(pg_temp.times(0, 10, 20), '{1, NaN, 3}', 5, 0);
SAVEPOINT here;
SELECT * FROM passport.forecast_crossing(pg_temp.times(0, 10, 10), '{1, 2, 3}', 5, 0);
ROLLBACK TO here;
SELECT * FROM passport.forecast_crossing(pg_temp.times(0, 10), '{1, 2, 3}', 5, 0);
ROLLBACK TO here;
SELECT * FROM passport.forecast_crossing('{2020-01-01, infinity}', '{1, 2}', 5, 0);
ROLLBACK TO here;
SELECT * FROM passport.forecast_crossing('{2020-01-01, 2022-01-01}', '{1, 2}', 5, 0);
ROLLBACK TO here;
SELECT * FROM passport.forecast_crossing('{2020-01-01, 2021-01-01}', '{1, NULL}', 5, 0);
ROLLBACK TO here;

\echo == of a sensor: by what was accepted, for the stages above its own
SELECT passport.define_sensor('rising', '{"lon": 138.45, "lat": 35.95, "max_rise": 0.6, "zero_elevation": 1000, "stages": [{"stage": 2, "name": "注意", "up": 1.5},
  {"stage": 3, "name": "避難", "up": 2.5}, {"stage": 4, "name": "危険", "up": 3}]}') \g /dev/null
SELECT verdict, stage FROM passport.record_readings('rising', pg_temp.times(10, 20, 30, 40, 50, 60), '{0.8, 1, 1.2, 9, 1.6, 1.8}');
SELECT stage, name, level, round(rate::numeric, 2) AS rate, expected_at::time(0), earliest_at::time(0), latest_at::time(0), alert_level
  FROM passport.sensor_forecast('rising');
SELECT jsonb_pretty(f -> 'properties') FROM jsonb_array_elements(passport.public_map() -> 'features') AS f WHERE f #>> '{properties,sensor}' = 'rising';
SELECT next_stage, expected_at::time(0), earliest_at::time(0), latest_at::time(0) FROM passport.report_sensor WHERE sensor = 'rising';
\echo == nothing of a gauge that is stale or out of service
SET LOCAL passport.clock = '2026-07-01 13:01+09';
SELECT count(*) FROM passport.sensor_forecast('rising');
SET LOCAL passport.clock = '2026-07-01 12:00+09';
SELECT passport.set_sensor_state('rising', 'maintenance');
SELECT count(*) FROM passport.sensor_forecast('rising');
ROLLBACK;
