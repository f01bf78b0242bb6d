-- Cards, their dates, and the ladder of reminders
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set brief true
\i :abs_srcdir/fixtures/clean.sql
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2023-04-08 08:00+09';
UPDATE passport.resident SET status = 'moved_out';
INSERT INTO passport.resident (resident_id, resident_number, name, birth_date, nationality_class, stay_until, language, updated_at)
OVERRIDING SYSTEM VALUE VALUES
  (-1, 'ren-1', '甲', '1980-07-07', 'japanese', NULL, 'ja', passport.now()),
  (-2, 'ren-2', '乙', '1980-05-28', 'japanese', NULL, 'ja-easy', passport.now()),
  (-3, 'ren-3', 'Nguyen', '1995-03-03', 'period_of_stay', '2023-07-10', 'vi', passport.now()),
  (-4, 'ren-4', '丁', '2004-09-01', 'japanese', NULL, 'ja', passport.now()),
  (-5, 'ren-5', '戊', '2012-09-01', 'japanese', NULL, 'ja', passport.now()),
  (-6, 'ren-6', '己', '1996-02-29', 'japanese', NULL, 'ja', passport.now()),
  (-7, 'ren-7', 'Kim', '1970-01-15', 'special_permanent', '2023-05-01', 'ne', passport.now()),
  (-8, 'ren-8', '辛', NULL, 'japanese', NULL, 'ja', passport.now()),
  (-9, 'ren-9', 'Santos', '1990-06-20', 'period_of_stay', '2029-01-01', 'fil', passport.now());

\echo == the day on which the window opens: two examples of Nerima, and ends of months
SELECT e::date AS expires, (SELECT due_on FROM passport.ladder(e::date, NULL, NULL, NULL, '{3}', '{0}', '{t}', '2000-01-01')) AS opens
  FROM unnest(ARRAY['2023-07-07', '2023-05-28', '2024-05-29', '2024-05-30', '2024-05-31', '2023-12-31', '2024-01-15', '2024-02-29']) AS e;
SELECT count(*) AS days, count(*) FILTER (WHERE due_on <> (e - interval '3 months')::date + 1) AS wrong
  FROM generate_series('2020-01-01'::date, '2035-12-31', '1 day') AS e,
       LATERAL passport.ladder(e::date, NULL, NULL, NULL, '{3}', '{0}', '{t}', '2000-01-01') AS l;

\echo == dates by rule: adults, who was a minor at the application (20 before 2022-04-01, 18 since), under 15, born on February 29, a period of stay
SELECT r AS resident, issued, applied, c.*
  FROM (VALUES (-1, '2018-08-01', NULL), (-1, '2018-07-07', NULL), (-1, '2018-07-06', NULL), (-4, '2022-03-31', NULL), (-4, '2022-09-01', NULL),
               (-4, '2022-08-31', NULL), (-4, '2022-09-02', '2022-08-31'), (-5, '2022-10-01', NULL), (-6, '2020-03-01', NULL), (-6, '2019-02-28', NULL),
               (-3, '2021-05-01', NULL), (-7, '2019-01-01', NULL), (-9, '2021-05-01', NULL)) AS v(r, issued, applied),
       LATERAL passport.record_card(r, 'card', issued::date, applied_on => applied::date) AS c;
\echo == dates that the card itself carries, and new ones after its certificates were renewed
SELECT * FROM passport.record_card(-2, 'card', '2018-05-01', '2028-05-28', '2023-05-28', '2023-05-28');
SELECT * FROM passport.record_card(-8, 'card', '2020-01-01', '2029-08-08', '2024-08-08');
SELECT * FROM passport.record_card(-9, 'residence_card', '2023-04-01', '2029-01-01', '2028-06-20', '2028-06-20');
SELECT what, pg_temp.refusal('SELECT passport.record_card(' || what || ')') FROM (VALUES
  ($$-99, 'card', '2020-01-01'$$), ($$-1, 'phone', '2020-01-01'$$), ($$-1, NULL, '2020-01-01'$$), ($$-1, 'card', NULL$$), ($$-1, 'card', '2023-04-09'$$),
  ($$-1, 'card', '-infinity'$$), ($$-8, 'card', '2020-01-01'$$), ($$-9, 'residence_card', '2023-04-01'$$),
  ($$-1, 'card', '2020-01-01', 'infinity'$$), ($$-1, 'card', '2020-01-01', '2019-12-31'$$),
  ($$-1, 'card', '2020-01-01', '2029-01-01', '2029-01-02'$$), ($$-1, 'card', '2020-01-01', '2029-01-01', '2025-01-01', '2025-01-02'$$),
  ($$-1, 'card', '2020-01-01', '2029-01-01', NULL, '2025-01-02'$$), ($$-1, 'card', '2020-01-01', applied_on => '2020-01-02'$$)) AS v(what);

\echo == plans: certificates, then the card; a stay that ends everything; a permanent resident has no such date
SELECT r, p.* FROM unnest(ARRAY[-1, -3, -8]) AS r, LATERAL passport.renewal_plan(r) AS p;
SELECT DISTINCT r, what, expires_on, language, reason FROM unnest(ARRAY[-2, -5, -6, -7, -9]) AS r, LATERAL passport.renewal_plan(r) AS p ORDER BY r, expires_on;
\echo == what is due: the last step that has passed, of the date that comes first
SELECT * FROM passport.due_reminders(passport.today());
SELECT passport.send_due_reminders();
SELECT passport.send_due_reminders();
SELECT resident_id, what, expires_on, step, sent_at FROM passport.renewal_reminder ORDER BY expires_on, resident_id;
SELECT kind, lane, data, expires_at, collapse_key FROM passport.notification ORDER BY notification_id;
SELECT pg_temp.refusal('SELECT passport.send_due_reminders(passport.today() + 1)');
SELECT pg_temp.refusal('SELECT passport.send_due_reminders(NULL)');
SELECT pg_temp.refusal('SELECT * FROM passport.my_renewal_plan()');

\echo == day by day for a year: nothing twice, nothing to those who die or leave, nothing after a renewal
CREATE TEMP TABLE planned AS SELECT r, p.* FROM generate_series(-9, -1) AS r, LATERAL passport.renewal_plan(r) AS p WHERE p.due_on < '2024-04-08';
DO $$
BEGIN
  FOR day IN 0 .. 365 LOOP
    PERFORM set_config('passport.clock', '2023-04-08'::date + day || ' 09:00+09', true);
    PERFORM passport.send_due_reminders();
    IF day = 60 THEN  -- 2023-06-07: the certificates of -1, before the month's reminder of -3
      PERFORM passport.record_card(-1, 'card', '2018-08-01', '2028-07-07', '2028-07-07', '2028-07-07');
      UPDATE passport.resident SET status = 'deceased' WHERE resident_id = -3;
    END IF;
  END LOOP;
END $$;
SELECT resident_id, what, expires_on, step, sent_at::date FROM passport.renewal_reminder ORDER BY sent_at, resident_id;
SELECT * FROM planned AS p WHERE r NOT IN (-1, -3)
   AND NOT EXISTS (SELECT FROM passport.renewal_reminder AS m WHERE m.resident_id = p.r AND m.what = p.what AND m.step = p.step AND m.expires_on = p.expires_on AND m.sent_at::date = p.due_on);

\echo == a step that is meant for some, and one that has ended, from a day on
SET LOCAL passport.clock = '2024-07-01 08:00+09';
INSERT INTO passport.ladder_step (step, holds_from, months_before, days_before, who) VALUES
  ('2_months', '2024-07-01', 2, 0, 'period_of_stay'), ('7_days', '2024-07-02', 0, 7, 'nobody');
SELECT * FROM passport.ladder_steps('2024-07-01', true);
SELECT * FROM passport.ladder_steps('2024-07-02', false);

\echo == every language says what, until when, and what to do
SELECT key, value ->> 'title' AS title FROM jsonb_each(passport.renewal_texts('card', '2023-09-01', '{ne}'));
SELECT key, value ->> 'title' AS title FROM jsonb_each(passport.renewal_texts('stay', '2023-12-31', '{}'));
SELECT key FROM jsonb_each(passport.renewal_texts('authentication', '2023-12-31', '{}'))
 WHERE value ->> 'body' !~ '2023' OR octet_length(value ->> 'body') > 2000;
ROLLBACK;
