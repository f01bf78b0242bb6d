-- Awards: each rule, replays, and what is refused
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set brief true
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2026-07-01 12:00+09';
INSERT INTO passport.resident (resident_id, resident_number, name, birth_date, status, updated_at)
OVERRIDING SYSTEM VALUE VALUES
  (-1, 'point-1', '甲', '1980-01-01', 'resident', passport.now()),
  (-2, 'point-2', '乙', '2008-07-02', 'resident', passport.now()),
  (-3, 'point-3', '丙', NULL, 'resident', passport.now()),
  (-4, 'point-4', '丁', '1980-01-01', 'moved_out', passport.now()),
  (-5, 'point-5', '戊', '1980-01-01', 'deceased', passport.now()),
  (-6, 'point-6', '己', '2008-07-01', 'resident', passport.now());
SELECT passport.set_program(p, '{"ja": "x"}')
  FROM unnest(ARRAY['steps', 'checkup', 'class', 'adult', 'window', 'late', 'day', 'ever', 'norule', 'part', 'year']) AS p \g /dev/null
SELECT passport.set_program_rule(p, '2026-04-01', r::jsonb) FROM (VALUES
  ('steps', '{"tiers": [{"from": 1000, "points": 1}, {"from": 5000, "points": 5}, {"from": 9000, "points": 9}], "cap_per_day": 10, "lot_months": 0, "lot_ends_with": "fiscal_year"}'),
  ('checkup', '{"points_per_unit": 10, "once_per": "fiscal_year", "lot_months": 12}'),
  ('class', '{"points_per_unit": 1, "lot_months": 1, "lot_ends_with": "month"}'),
  ('adult', '{"points_per_unit": 1, "minimum_age": 18}'),
  ('window', '{"points_per_unit": 1, "earn_from": "2026-05-01", "earn_until": "2026-06-15", "accept_until": "2026-06-30"}'),
  ('late', '{"points_per_unit": 1, "late_days": 7}'),
  ('day', '{"points_per_unit": 1, "once_per": "day"}'),
  ('ever', '{"points_per_unit": 1, "once_per": "ever"}'),
  ('part', '{"points_per_unit": 0.29}'),
  ('year', '{"points_per_unit": 40, "cap_per_year": 100, "cap_year": "calendar"}')) AS v(p, r) \g /dev/null
SELECT passport.set_program_rule('steps', '2026-06-20', '{"points_per_unit": 0.001}');

\echo == tiers, the cap of a day, and the rule of that day
SELECT quantity, given.*
  FROM unnest(ARRAY[999, 1000, 4999.999, 5000, 9000, 100000]) AS quantity,
       LATERAL passport.award_points(-1, 'steps', 'a' || quantity, '2026-06-10 10:00+09', quantity) AS given;
SELECT * FROM passport.award_points(-1, 'steps', 'new rule', '2026-06-20 10:00+09', 9999);
SELECT * FROM passport.award_points(-1, 'steps', 'next day', '2026-06-11 00:00+09', 12000);
\echo == parts of a point are dropped, and nothing is lost to binary fractions
SELECT quantity, given.points
  FROM unnest(ARRAY[3.448, 3.449, 100, 0.001, 1000000]) AS quantity,
       LATERAL passport.award_points(-1, 'part', 'p' || quantity, '2026-06-10 10:00+09', quantity) AS given;

\echo == the same event again, and the same key for something else
SELECT * FROM passport.award_points(-1, 'steps', 'a1000', '2026-06-10 10:00+09', 1000);
SELECT * FROM passport.award_points(-1, 'steps', 'a1000', '2026-06-10 10:00+09', 1000.000);
SELECT pg_temp.refusal($$SELECT passport.award_points(-1, 'steps', 'a1000', '2026-06-10 10:00+09', 1001)$$);
SELECT pg_temp.refusal($$SELECT passport.award_points(-1, 'steps', 'a1000', '2026-06-10 10:01+09', 1000)$$);
SELECT * FROM passport.award_points(-2, 'steps', 'a1000', '2026-06-10 10:00+09', 1000);
SELECT * FROM passport.award_points(-1, 'class', 'a1000', '2026-06-10 10:00+09');

\echo == once a day, a fiscal year, ever
SELECT w, given.*
  FROM unnest(ARRAY['2026-06-10 00:00+09', '2026-06-10 23:59+09', '2026-06-11 00:00+09']) AS w,
       LATERAL passport.award_points(-1, 'day', w, w::timestamptz) AS given;
SELECT passport.set_program_rule('checkup', '2020-04-01', '{"points_per_unit": 10, "once_per": "fiscal_year"}');
SELECT w, given.*
  FROM unnest(ARRAY['2026-03-31 23:59+09', '2026-04-01 00:00+09', '2026-06-30 00:00+09']) AS w,
       LATERAL passport.award_points(-1, 'checkup', w, w::timestamptz) AS given;
SELECT w, given.*
  FROM unnest(ARRAY['2026-04-01 00:00+09', '2026-06-30 00:00+09']) AS w,
       LATERAL passport.award_points(-1, 'ever', w, w::timestamptz) AS given;

\echo == the cap of a calendar year
SELECT passport.set_program_rule('year', '2025-01-01', '{"points_per_unit": 40, "cap_per_year": 100, "cap_year": "calendar"}');
SELECT w, given.*
  FROM unnest(ARRAY['2025-12-31 23:59+09', '2026-01-01 00:00+09', '2026-02-01 00:00+09', '2026-05-01 00:00+09', '2026-06-01 00:00+09']) AS w,
       LATERAL passport.award_points(-1, 'year', w, w::timestamptz) AS given;

\echo == age on the day, windows, lateness, no rule yet, expired already
SELECT r, given.*
  FROM unnest(ARRAY[-1, -2, -3, -6]) AS r,
       LATERAL passport.award_points(r, 'adult', 'x', '2026-07-01 09:00+09') AS given;
SELECT w, given.*
  FROM unnest(ARRAY['2026-04-30 12:00+09', '2026-05-01 00:00+09', '2026-06-16 00:00+09']) AS w,
       LATERAL passport.award_points(-1, 'window', w, w::timestamptz) AS given;
SELECT w, given.*
  FROM unnest(ARRAY['2026-06-23 23:59+09', '2026-06-24 00:00+09']) AS w,
       LATERAL passport.award_points(-1, 'late', w, w::timestamptz) AS given;
SELECT * FROM passport.award_points(-1, 'norule', 'x', '2026-06-01 00:00+09');
SELECT * FROM passport.award_points(-1, 'class', 'old', '2026-03-31 00:00+09');
SELECT * FROM passport.award_points(-1, 'class', 'older', '2026-04-10 00:00+09');

\echo == who is not a resident any more
SELECT r, given.*
  FROM unnest(ARRAY[-4, -5]) AS r,
       LATERAL passport.award_points(r, 'class', 'x', '2026-06-30 10:00+09') AS given;

\echo == when each lot ends
SELECT DISTINCT a.program, a.effective_at::date AS earned, e.effective_at AS ends
  FROM passport.point_entry AS a JOIN passport.point_entry AS e USING (resident_id, lot_id)
 WHERE a.resident_id = -1 AND a.kind = 'award' AND e.kind = 'expiry' AND a.program <> 'part' ORDER BY 1, 2;

\echo == what makes no sense
SELECT what, pg_temp.refusal('SELECT passport.award_points(' || what || ')') FROM (VALUES
  ($$-99, 'class', 'x', '2026-06-30 10:00+09'$$),
  ($$NULL, 'class', 'x', '2026-06-30 10:00+09'$$),
  ($$-1, 'nix', 'x', '2026-06-30 10:00+09'$$),
  ($$-1, NULL, 'x', '2026-06-30 10:00+09'$$),
  ($$-1, 'class', '', '2026-06-30 10:00+09'$$),
  ($$-1, 'class', NULL, '2026-06-30 10:00+09'$$),
  ($$-1, 'class', repeat('x', 201), '2026-06-30 10:00+09'$$),
  ($$-1, 'class', 'x', NULL$$),
  ($$-1, 'class', 'x', 'infinity'$$),
  ($$-1, 'class', 'x', '-infinity'$$),
  ($$-1, 'class', 'x', '4000-01-01 BC'$$),
  ($$-1, 'class', 'x', '2026-07-01 12:00:01+09'$$),
  ($$-1, 'class', 'x', '2026-06-30 10:00+09', 0$$),
  ($$-1, 'class', 'x', '2026-06-30 10:00+09', -1$$),
  ($$-1, 'class', 'x', '2026-06-30 10:00+09', 'NaN'$$),
  ($$-1, 'class', 'x', '2026-06-30 10:00+09', 'Infinity'$$),
  ($$-1, 'class', 'x', '2026-06-30 10:00+09', 1000000.001$$),
  ($$-1, 'class', 'x', '2026-06-30 10:00+09', 1e300$$),
  ($$-1, 'class', 'x', '2026-06-30 10:00+09', 0.0001$$),
  ($$-1, 'class', 'x', '2026-06-30 10:00+09', NULL$$)) AS v(what);
SELECT count(*) FROM passport.point_entry WHERE event_key = 'x' AND program = 'class';

\echo == the ledger is append-only, and holds
SELECT s, pg_temp.refusal(s) FROM unnest(ARRAY['UPDATE passport.point_entry SET points = 9',
  'DELETE FROM passport.point_entry', 'TRUNCATE passport.point_entry']) AS s;
SELECT * FROM passport.check_ledger();
ROLLBACK;
