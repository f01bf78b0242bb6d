-- Rosters
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2026-07-01 12:00+09';
INSERT INTO passport.resident (resident_id, resident_number, name, birth_date, status, updated_at)
OVERRIDING SYSTEM VALUE
SELECT -i, 'roster-' || i, '名', '1980-01-01', CASE i WHEN 4 THEN 'moved_out' WHEN 5 THEN 'deceased' ELSE 'resident' END, passport.now()
  FROM generate_series(1, 45000) AS i;
SELECT passport.set_program(p, '{"ja": "x"}') FROM unnest(ARRAY['class', 'capped', 'norule']) AS p \g /dev/null
SELECT passport.set_program_rule('class', '2026-04-01', '{"points_per_unit": 10, "lot_months": 12}');
SELECT passport.set_program_rule('capped', '2026-04-01', '{"points_per_unit": 10, "cap_per_day": 15, "cap_per_year": 25, "once_per": "event", "lot_months": 12}');

\echo == everybody once, however often named; the moved and the dead get nothing
SELECT * FROM passport.award_roster('class', 'a', ARRAY[-3, -1, -2, -1, -3, -4, -5]::bigint[], '2026-06-30 10:00+09');
\echo == again, with one more
SELECT * FROM passport.award_roster('class', 'a', ARRAY[-3, -1, -2, -6, -4]::bigint[], '2026-06-30 10:00+09');
SELECT * FROM passport.award_roster('class', 'a', ARRAY[-3, -1, -2, -6]::bigint[], '2026-06-30 10:00+09');
\echo == by award_points() it is the same event
SELECT * FROM passport.award_points(-1, 'class', 'a', '2026-06-30 10:00+09');
SELECT pg_temp.refusal($$SELECT passport.award_roster('class', 'a', '{-7,-1}', '2026-06-30 11:00+09')$$);
SELECT passport.point_balance(-7);
\echo == caps of day and year
SELECT k, given.*
  FROM (VALUES ('1', '2026-06-30 10:00+09'), ('2', '2026-06-30 11:00+09'), ('3', '2026-06-30 12:00+09'),
               ('4', '2026-06-29 12:00+09'), ('5', '2026-06-28 12:00+09')) AS v(k, t),
       LATERAL passport.award_roster('capped', k, '{-1,-2}', t::timestamptz) AS given;
SELECT kind, points, program, event_key, detail FROM passport.point_entry WHERE resident_id = -2 AND program = 'capped' ORDER BY entry_id;
\echo == nobody, no rule
SELECT * FROM passport.award_roster('class', 'b', '{}', '2026-06-30 10:00+09');
SELECT * FROM passport.award_roster('norule', 'b', '{-1}', '2026-06-30 10:00+09');
SELECT * FROM passport.award_roster('class', 'two dimensions', '{{-1,-2},{-2,-3}}', '2026-06-30 10:00+09');
\echo == several chunks
SELECT * FROM passport.award_roster('class', 'c', (SELECT array_agg(-i ORDER BY i % 7, i) FROM generate_series(1, 45000) AS i), '2026-06-30 10:00+09');
SELECT * FROM passport.award_roster('class', 'c', (SELECT array_agg(-i) FROM generate_series(1, 45000) AS i), '2026-06-30 10:00+09');
SELECT count(*), sum(points), count(DISTINCT resident_id) FROM passport.point_entry WHERE event_key = 'c';

\echo == what makes no sense, and nothing of it is booked
SELECT what, pg_temp.refusal('SELECT passport.award_roster(' || what || ')') FROM (VALUES
  ($$'nix', 'd', '{-1}', '2026-06-30 10:00+09'$$),
  ($$'nix', 'd', '{}', '2026-06-30 10:00+09'$$),
  ($$'class', 'd', '{-1,-99999}', '2026-06-30 10:00+09'$$),
  ($$'class', 'd', '{-1,NULL}', '2026-06-30 10:00+09'$$),
  ($$'class', 'd', NULL, '2026-06-30 10:00+09'$$),
  ($$'class', '', '{-1}', '2026-06-30 10:00+09'$$),
  ($$'class', 'd', '{-1}', '2026-07-02 10:00+09'$$),
  ($$'class', 'd', array_fill(-1::bigint, ARRAY[1000001]), '2026-06-30 10:00+09'$$)) AS v(what);
SELECT count(*) FROM passport.point_entry WHERE event_key = 'd';
SELECT * FROM passport.check_ledger();
ROLLBACK;
