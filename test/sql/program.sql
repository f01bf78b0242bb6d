-- Programs and their rules
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set brief true
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2026-07-01 12:00+09';

SELECT passport.set_program('steps', '{"ja": "歩数", "en": "Steps"}');
SELECT passport.set_program('steps', '{"ja": "あるく"}');
SELECT program, title FROM passport.program;
SELECT pg_temp.refusal($$SELECT passport.set_program('Steps', '{"ja": "x"}')$$);
SELECT pg_temp.refusal($$SELECT passport.set_program(NULL, '{"ja": "x"}')$$);
SELECT pg_temp.refusal($$SELECT passport.set_program('a', '{"en": "x"}')$$);
SELECT pg_temp.refusal($$SELECT passport.set_program('a', '{"ja": 1}')$$);

-- a rule that has begun stands; one that has not may be replaced
SELECT passport.set_program_rule('steps', '2026-04-01',
  '{"tiers": [{"from": 2000, "points": 2}, {"from": 1000, "points": 1}], "cap_per_day": 10, "lot_months": 0, "lot_ends_with": "fiscal_year"}');
SELECT pg_temp.refusal($$SELECT passport.set_program_rule('steps', '2026-04-01', '{"points_per_unit": 1}')$$);
SELECT pg_temp.refusal($$SELECT passport.set_program_rule('steps', '2027-04-01', '{"points_per_unit": 1}')$$);
SELECT pg_temp.refusal($$SELECT passport.set_program_rule('steps', '2027-04-01', '{"points_per_unit": 2}')$$);
SELECT holds_from, points_per_unit, tier_from, tier_points, cap_per_day, once_per, lot_months, lot_ends_with
  FROM passport.program_rule ORDER BY holds_from;

SELECT rule, pg_temp.refusal(format('SELECT passport.set_program_rule(%L, %L, %L)', 'steps', '2028-04-01', rule))
  FROM (VALUES ('{}'), ('[]'), ('{"points_per_unit": 0}'), ('{"points_per_unit": "NaN"}'), ('{"points_per_unit": 1e9}'),
               ('{"points_per_unit": 1, "tiers": [{"from": 1, "points": 1}]}'), ('{"tiers": []}'), ('{"tiers": 7}'),
               ('{"tiers": [{"from": 1}]}'), ('{"tiers": [{"from": 1, "points": -1}]}'),
               ('{"points_per_unit": 1, "colour": "red"}'), ('{"points_per_unit": 1, "program": "other"}'),
               ('{"points_per_unit": 1, "once_per": "week"}'), ('{"points_per_unit": 1, "lot_months": 0}'),
               ('{"points_per_unit": 1, "earn_from": "2026-05-01", "earn_until": "2026-04-01"}'),
               ('{"points_per_unit": 1, "earn_until": "infinity"}'), ('{"points_per_unit": 1, "cap_year": "moon"}')) AS v(rule);
SELECT pg_temp.refusal($$SELECT passport.set_program_rule('nix', '2026-04-01', '{"points_per_unit": 1}')$$);
SELECT pg_temp.refusal($$SELECT passport.set_program_rule('steps', NULL, '{"points_per_unit": 1}')$$);
ROLLBACK;
