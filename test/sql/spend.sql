-- Spending, expiry, reversal, and balances at any time
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set brief true
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2026-07-01 12:00+09';
INSERT INTO passport.resident (resident_id, resident_number, name, birth_date, updated_at)
OVERRIDING SYSTEM VALUE SELECT -i, 'spend-' || i, '名', '1980-01-01', passport.now() FROM generate_series(1, 40) AS i;
SELECT passport.set_program(p, '{"ja": "x"}') FROM unnest(ARRAY['short', 'long', 'forever', 'once']) AS p \g /dev/null
SELECT passport.set_program_rule('short', '2020-04-01', '{"points_per_unit": 1, "lot_months": 0, "lot_ends_with": "fiscal_year"}');
SELECT passport.set_program_rule('long', '2020-04-01', '{"points_per_unit": 1, "lot_months": 24}');
SELECT passport.set_program_rule('forever', '2020-04-01', '{"points_per_unit": 1}');
SELECT passport.set_program_rule('once', '2020-04-01', '{"points_per_unit": 5, "once_per": "fiscal_year", "cap_per_year": 5, "lot_months": 12}');

\echo == three lots; the one that ends first is spent first
SELECT (passport.award_points(-1, p, 'a', '2026-06-01 10:00+09', 10)).entry_id FROM unnest(ARRAY['forever', 'long', 'short']) AS p;
SELECT at, passport.point_balance(-1, at::timestamptz) FROM unnest(ARRAY['2026-06-01 09:59+09', '2026-06-01 10:00+09', '2026-07-01 12:00+09',
  '2027-03-31 23:59:59+09', '2027-04-01 00:00+09', '2028-05-31 23:59+09', '2028-06-01 00:00+09', '2999-01-01']) AS at;
SELECT * FROM passport.spend_points(-1, 13, '温泉券', 'till-1');
SELECT lot_id, kind, points, effective_at FROM passport.point_entry WHERE resident_id = -1 AND entry_id > 6 ORDER BY entry_id;
SELECT at, passport.point_balance(-1, at::timestamptz) FROM unnest(ARRAY['2026-07-01 11:59+09', '2026-07-01 12:00+09',
  '2027-04-01 00:00+09', '2028-06-01 00:00+09']) AS at;
\echo == the same key: the first answer, also later; other content: a conflict
SET LOCAL passport.clock = '2026-07-02 12:00+09';
SELECT * FROM passport.award_points(-1, 'short', 'b', '2026-07-02 10:00+09', 3);
SELECT * FROM passport.spend_points(-1, 13, '温泉券', 'till-1');
SELECT pg_temp.refusal($$SELECT passport.spend_points(-1, 14, '温泉券', 'till-1')$$);
SELECT pg_temp.refusal($$SELECT passport.spend_points(-1, 13, 'お茶', 'till-1')$$);
\echo == too much, and what makes no sense
SELECT what, pg_temp.refusal('SELECT passport.spend_points(' || what || ')') FROM (VALUES
  ($$-1, 21, 'x', 'k'$$), ($$-2, 1, 'x', 'k'$$), ($$-99, 1, 'x', 'k'$$), ($$NULL, 1, 'x', 'k'$$),
  ($$-1, 0, 'x', 'k'$$), ($$-1, -5, 'x', 'k'$$), ($$-1, NULL, 'x', 'k'$$), ($$-1, 2147483647, 'x', 'k'$$),
  ($$-1, 1, '', 'k'$$), ($$-1, 1, NULL, 'k'$$), ($$-1, 1, repeat('字', 201), 'k'$$), ($$-1, 1, 'x', ''$$),
  ($$-1, 1, 'x', NULL$$), ($$-1, 1, '1234 5678 9018', 'k'$$)) AS v(what);
SELECT * FROM passport.spend_points(-1, 1, repeat('字', 200), 'k');
\echo == after the end of a lot its points are gone, and cannot be spent
SET LOCAL passport.clock = '2027-04-01 00:00+09';
SELECT passport.point_balance(-1);
SELECT pg_temp.refusal($$SELECT passport.spend_points(-1, 18, 'x', 'k2')$$);
SELECT * FROM passport.spend_points(-1, 17, 'all', 'k3');
UPDATE passport.resident SET status = 'moved_out' WHERE resident_id = -1;
SELECT pg_temp.refusal($$SELECT passport.spend_points(-1, 1, 'x', 'k4')$$);
SELECT * FROM passport.spend_points(-1, 17, 'all', 'k3');

\echo == a spend reversed: as if it had never been, and yet known to have been
SELECT * FROM passport.reverse_points(-1, 7, 'wrong till');
SELECT * FROM passport.reverse_points(-1, 7, 'wrong till');
SELECT pg_temp.refusal($$SELECT passport.reverse_points(-1, 7, 'other')$$);
SELECT passport.point_balance(-1, '2026-07-01 13:00+09') AS corrected,
       passport.point_balance(-1, '2026-07-01 13:00+09', '2026-07-01 13:00+09') AS as_known;

\echo == an award reversed frees its cap and its once; spent points are missing, and come back with the spend
SET LOCAL passport.clock = '2026-07-01 12:00+09';
SELECT * FROM passport.award_points(-3, 'once', 'a', '2026-06-01 10:00+09');
SELECT * FROM passport.award_points(-3, 'once', 'b', '2026-06-02 10:00+09');
SELECT * FROM passport.spend_points(-3, 2, 'tea', 'k');
SELECT * FROM passport.reverse_points(-3, 1, 'was not there');
SELECT * FROM passport.award_points(-3, 'once', 'a', '2026-06-01 10:00+09');
SELECT * FROM passport.award_points(-3, 'once', 'b', '2026-06-02 10:00+09');
SELECT * FROM passport.reverse_points(-3, 3, 'tea was cold');
SELECT * FROM passport.reverse_points(-3, 1, 'was not there');
SELECT * FROM passport.award_points(-3, 'once', 'c', '2026-06-03 10:00+09');
SELECT entry_id, kind, points, lot_id, event_key, detail FROM passport.point_history(-3);
SELECT * FROM passport.award_points(-4, 'short', 'a', '2026-06-01 10:00+09', 4);
SELECT * FROM passport.spend_points(-4, 4, 'tea', 'k');
SELECT what, pg_temp.refusal('SELECT passport.reverse_points(' || what || ')') FROM (VALUES
  ($$-4, 1, 'x'$$), ($$-4, 2, 'x'$$), ($$-4, 99, 'x'$$), ($$-99, 1, 'x'$$), ($$-4, 3, ''$$), ($$-4, NULL, 'x'$$), ($$-4, 3, NULL$$)) AS v(what);

\echo == whose app it is, the app must show
SELECT s, pg_temp.refusal(s) FROM unnest(ARRAY['SELECT passport.my_point_balance()', 'SELECT * FROM passport.my_point_history()',
  $$SELECT passport.spend_my_points(1, 'x', 'k')$$]) AS s;
SELECT * FROM passport.check_ledger();

\echo == a year of random bookings, against a model without entries: what each lot held
CREATE TEMP TABLE lot (resident_id bigint, lot_id bigint, starts timestamptz, ends timestamptz, PRIMARY KEY (resident_id, lot_id));
CREATE TEMP TABLE taken (resident_id bigint, lot_id bigint, at timestamptz, points int);
DO $$
DECLARE
  who bigint;
  moment timestamptz := '2026-04-02 00:00+09';
  kind text;
  booked record;
  held bigint;
  want int;
  part record;
BEGIN
  PERFORM setseed(0.5);
  FOR i IN 1 .. 1500 LOOP
    moment := moment + random() * interval '16 hours';
    PERFORM set_config('passport.clock', to_char(moment, 'YYYY-MM-DD HH24:MI:SS') || '+09', true);
    moment := passport.now();
    who := -5 - (random() * 30)::int;
    kind := (ARRAY['short', 'long', 'forever', 'spend', 'spend'])[1 + floor(random() * 5)];
    IF kind <> 'spend' THEN
      want := 1 + random() * 20;
      SELECT * INTO booked FROM passport.award_points(who, kind, 'r' || i, moment, want);
      INSERT INTO lot VALUES (who, booked.entry_id, moment, CASE kind
        WHEN 'short' THEN CASE WHEN moment < '2027-04-01 00:00+09' THEN '2027-04-01 00:00+09' WHEN moment < '2028-04-01 00:00+09' THEN '2028-04-01 00:00+09' ELSE '2029-04-01 00:00+09' END::timestamptz
        WHEN 'long' THEN (((moment AT TIME ZONE 'Asia/Tokyo')::date + interval '24 months')::timestamp AT TIME ZONE 'Asia/Tokyo')
        ELSE 'infinity' END);
      INSERT INTO taken VALUES (who, booked.entry_id, moment, want);
    ELSE
      want := 1 + random() * 30;
      SELECT coalesce(sum(t.points), 0) INTO held FROM taken AS t JOIN lot AS l USING (resident_id, lot_id) WHERE t.resident_id = who AND l.ends > moment;
      IF pg_temp.refusal(format('SELECT passport.spend_points(%s, %s, %L, %L)', who, want, 'x', 'r' || i)) <>
         (CASE WHEN want > held THEN 'PT422 refused: not_enough_points /points' ELSE 'done' END) THEN
        RAISE EXCEPTION 'step %: % of %', i, want, held;
      END IF;
      IF want <= held THEN
        FOR part IN SELECT l.lot_id, sum(t.points) AS left FROM taken AS t JOIN lot AS l USING (resident_id, lot_id)
                     WHERE t.resident_id = who AND l.ends > moment GROUP BY l.lot_id, l.ends HAVING sum(t.points) > 0 ORDER BY l.ends, l.lot_id LOOP
          INSERT INTO taken VALUES (who, part.lot_id, moment, -least(want, part.left));
          want := want - least(want, part.left);
          EXIT WHEN want = 0;
        END LOOP;
      END IF;
    END IF;
  END LOOP;
END $$;
SELECT count(*) AS compared, count(*) FILTER (WHERE passport.point_balance(r, at) <> (
         SELECT coalesce(sum(t.points), 0) FROM taken AS t JOIN lot AS l USING (resident_id, lot_id)
          WHERE t.resident_id = r AND t.at <= p.at AND l.ends > p.at)) AS wrong
  FROM generate_series(-35, -5) AS r, generate_series('2026-04-01'::timestamptz, '2031-07-01', interval '11 days 7 hours') AS p(at);
SELECT count(*) > 1500 AS many, count(*) FILTER (WHERE kind = 'spend') > 300 AS spends FROM passport.point_entry WHERE resident_id < -4;
SELECT * FROM passport.check_ledger();

\echo == an entry that nobody booked is seen
INSERT INTO passport.point_entry (resident_id, entry_id, lot_id, cause, kind, points, effective_at, recorded_at)
VALUES (-4, 1000, 1, 1000, 'spend', -1, passport.now(), passport.now());
SELECT * FROM passport.check_ledger() ORDER BY 3;
ROLLBACK;
