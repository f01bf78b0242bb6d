-- Peaks of the quarters of an hour: what the charts of the map are drawn from
BEGIN;
SET LOCAL timezone = 'Asia/Tokyo';
\pset tuples_only on
\pset format unaligned
\set VERBOSITY terse
SET LOCAL passport.clock = '2026-07-01 12:00+09';
SELECT passport.define_sensor('peak test', '{"lon": 138.45, "lat": 35.95, "range_high": 5, "max_rise": 1, "max_fall": 1, "noise": 0.1,
  "stages": [{"stage": 2, "up": 3, "down": 2.5}]}') \g /dev/null
CREATE FUNCTION pg_temp.record(times timestamptz[], levels float8[]) RETURNS text LANGUAGE sql AS $$
  SELECT string_agg(verdict, ' ' ORDER BY observed_at) FROM passport.record_readings('peak test', times, levels) $$;
CREATE FUNCTION pg_temp.peaks() RETURNS TABLE (quarter text, at text, value float8) LANGUAGE sql AS $$
  SELECT to_char(quarter, 'HH24:MI'), to_char(observed_at, 'HH24:MI'), value FROM passport.reading_peak WHERE sensor = 'peak test' ORDER BY 1 $$;
-- the points of the chart as all the readings give them
CREATE FUNCTION pg_temp.points() RETURNS jsonb LANGUAGE sql AS $$
  SELECT coalesce(jsonb_agg(jsonb_build_array(extract(epoch FROM p.observed_at)::bigint, round(p.value::numeric, 3)) ORDER BY p.observed_at), '[]')
    FROM (SELECT DISTINCT ON (date_bin('15 minutes', r.observed_at, 'epoch')) r.observed_at, r.value FROM passport.reading AS r
           WHERE r.sensor = 'peak test' AND r.verdict = 'accepted'
             AND r.observed_at > passport.now() - interval '48 hours' AND r.observed_at <= passport.now()
           ORDER BY date_bin('15 minutes', r.observed_at, 'epoch'), r.value DESC, r.observed_at) AS p $$;

\echo == of each quarter the highest, the first of several; one at its end is of the next
SELECT pg_temp.record('{2026-07-01 11:00+09, 2026-07-01 11:05+09, 2026-07-01 11:10+09, 2026-07-01 11:15+09, 2026-07-01 11:20+09}', '{1.0, 1.2, 1.2, 1.1, 1.0}');
SELECT * FROM pg_temp.peaks();
\echo == what is out of range is none
SELECT pg_temp.record('{2026-07-01 11:25+09}', '{7}');
SELECT * FROM pg_temp.peaks();
\echo == nor what is held, until a second agrees: then both count
SELECT pg_temp.record('{2026-07-01 11:30+09}', '{3.4}');
SELECT * FROM pg_temp.peaks();
SELECT pg_temp.record('{2026-07-01 11:35+09}', '{3.3}');
SELECT * FROM pg_temp.peaks();
\echo == or a person believes it
SELECT pg_temp.record('{2026-07-01 11:50+09}', '{1.0}');
SELECT passport.confirm_reading('peak test', '2026-07-01 11:50+09') \g /dev/null
SELECT * FROM pg_temp.peaks();
\echo == a late one raises a peak and never lowers one
SELECT pg_temp.record('{2026-07-01 11:07+09, 2026-07-01 11:22+09}', '{0.9, 1.15}');
SELECT * FROM pg_temp.peaks();
\echo == a gap that is filled in later counts as well
SELECT pg_temp.record('{2026-07-01 11:55+09}', '{NaN}');
SELECT pg_temp.record('{2026-07-01 11:55+09}', '{1.3}');
SELECT * FROM pg_temp.peaks() WHERE quarter = '11:45';

\echo == the chart is what all the readings give, whenever it is drawn: where its two days begin, end, and at the edges
CREATE FUNCTION pg_temp.agrees(at timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('passport.clock', at::text, true);
  RETURN passport.map_charts() #> '{peak test,points}' = pg_temp.points();
END $$;
SELECT bool_and(pg_temp.agrees(t)) FROM generate_series('2026-07-01 10:55+09'::timestamptz, '2026-07-01 12:10+09', '1 minute') AS t;
SELECT bool_and(pg_temp.agrees(t + interval '48 hours')) FROM generate_series('2026-07-01 10:55+09'::timestamptz, '2026-07-01 12:10+09', '1 minute') AS t;
SET LOCAL passport.clock = '2026-07-01 12:00+09';
SELECT passport.map_charts() #> '{peak test,points}';
SELECT passport.chart_points('{1970-01-01 00:00:01.5Z, 2026-07-01 00:00Z}', '{0.0005, -1e15}'), passport.chart_points('{}', '{}');
SELECT passport.chart_points('{2026-07-01}', '{}');
ROLLBACK;
BEGIN;
\echo == peaks go with their readings
SET LOCAL passport.clock = '2026-07-01 12:00+09';
SELECT passport.define_sensor('peak test', '{}') \g /dev/null
SELECT count(*) FROM passport.record_readings('peak test', '{2020-01-01, 2026-07-01 11:00+09}', '{1, 2}');
SELECT passport.forget_readings('2024-01-01', 100) > 0;
SELECT count(*) FROM passport.reading_peak WHERE sensor = 'peak test';
ROLLBACK;
