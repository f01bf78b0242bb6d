-- Address protection: the flag from request to end, whom it covers, what staff
-- and the duty role see.
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set brief true
\i :abs_srcdir/fixtures/clean.sql
\i :abs_srcdir/fixtures/act.sql
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2026-07-01 12:00+09';
\pset tuples_only on
SELECT imported FROM passport.import_residents('[
  {"resident_number": "P1", "household_number": "PH1", "name": "林　一", "birth_date": "1990-01-01", "sex": "female", "address": "長野県南佐久郡南牧村大字海尻1番地", "oaza": "海尻", "lon": 138.451, "lat": 35.951},
  {"resident_number": "P2", "household_number": "PH1", "name": "林　二", "birth_date": "2015-01-01", "sex": "male", "address": "長野県南佐久郡南牧村大字海尻1番地", "oaza": "海尻", "lon": 138.451, "lat": 35.951},
  {"resident_number": "P3", "household_number": "PH3", "name": "森　三", "birth_date": "1985-01-01", "sex": "male", "address": "長野県南佐久郡南牧村大字広瀬3番地", "oaza": "広瀬", "lon": 138.453, "lat": 35.953}]');
CREATE FUNCTION pg_temp.resident(number text) RETURNS bigint LANGUAGE sql AS $$
  SELECT resident_id FROM passport.resident_directory WHERE resident_number = number
$$;
CREATE VIEW pg_temp.shown AS
  SELECT r.resident_number, coalesce(p.oaza, '-') AS oaza, p.address IS NOT NULL AS address, p.location IS NOT NULL AS location,
         passport.address_protected(resident_id) AS protected
    FROM passport.resident_place AS p JOIN passport.resident AS r USING (resident_id) ORDER BY 1;
CREATE VIEW pg_temp.flag AS
  SELECT r.resident_number, p.state, p.from_date, p.until_date, p.review_date, p.noticed_on
    FROM passport.address_protection AS p JOIN passport.resident AS r USING (resident_id) ORDER BY p.protection_id;
CREATE VIEW pg_temp.kept AS
  SELECT r.resident_number, e.event, e.until_date, e.reason, e.done_by = session_user AS who
    FROM passport.protection_event AS e JOIN passport.resident AS r USING (resident_id) ORDER BY e.event_id;
TABLE pg_temp.shown;

\echo == from the request on, with the household, without a last day
SELECT passport.request_protection(pg_temp.resident('P1'), '相談', co_residents => '{}');
TABLE pg_temp.shown;
TABLE pg_temp.flag;
SET LOCAL passport.clock = '2028-07-01 12:00+09';
SELECT protected FROM pg_temp.shown;
SELECT state, ends_on, days_left FROM passport.protections_ending();
SAVEPOINT overdue;
SELECT passport.review_protections();
SELECT state, undecided FROM passport.protection_status, pg_temp.flag;
ROLLBACK TO overdue;

\echo == decided: the request becomes a term, and the child is named too
SET LOCAL passport.clock = '2026-07-10 12:00+09';
SELECT passport.protect_address(pg_temp.resident('P1'), '2026-07-10', '2027-07-09', '支援措置');
TABLE pg_temp.flag;
\echo == again: nothing; longer: yes; shorter: no
SELECT passport.protect_address(pg_temp.resident('P1'), '2026-07-10', '2027-07-09', '支援措置');
SELECT passport.protect_address(pg_temp.resident('P1'), '2026-07-10', '2027-07-10', '訂正');
SELECT passport.request_protection(pg_temp.resident('P2'), '再び');
TABLE pg_temp.flag;
SELECT pg_temp.refusal(format('SELECT passport.protect_address(%s, %L, %L, %L, %L)', coalesce(pg_temp.resident(who), 0), first, last, reason, others))
  FROM (VALUES ('P1', '2026-07-10', '2026-08-01', 'x', NULL), ('P9', '2026-07-10', '2027-07-09', 'x', NULL), ('P1', '2026-07-10', '2028-07-10', 'x', NULL),
               ('P1', '2027-03-01', '2028-02-28', 'x', NULL), ('P1', '2026-07-10', NULL, 'x', NULL), ('P1', '2026-07-10', '2027-07-10', '　', NULL),
               ('P1', '2026-07-10', '2027-07-10', '123456789018', NULL), ('P1', '2026-07-10', '2027-07-10', 'x', ARRAY[pg_temp.resident('P3')]::text))
       AS t(who, first, last, reason, others);
SELECT pg_temp.refusal(format('SELECT passport.request_protection(%s, %L, %L)', pg_temp.resident('P3'), 'x', last))
  FROM (VALUES ('2026-07-09'), ('2026-10-11')) AS t(last);

\echo == an extension is taken from one month before the end, and adds a year
SET LOCAL passport.clock = '2027-06-09 12:00+09';
SELECT pg_temp.refusal(format('SELECT passport.extend_protection(%s, %L)', pg_temp.resident('P1'), '継続'));
SET LOCAL passport.clock = '2027-06-10 12:00+09';
SELECT passport.review_protections();
TABLE pg_temp.flag;
SELECT passport.review_protections();
SAVEPOINT noticed;
SELECT passport.extend_protection(pg_temp.resident('P1'), '継続');
TABLE pg_temp.flag;
ROLLBACK TO noticed;

\echo == without one it ends after its last day, by the job
SET LOCAL passport.clock = '2027-07-10 23:59+09';
SELECT passport.review_protections();
SELECT protected FROM pg_temp.shown;
SET LOCAL passport.clock = '2027-07-11 00:00+09';
SELECT protected FROM pg_temp.shown;
SELECT passport.review_protections();
TABLE pg_temp.shown;
TABLE pg_temp.kept;
ROLLBACK TO noticed;
\echo == where nobody had notice in time it goes on
UPDATE passport.address_protection SET noticed_on = NULL;
SET LOCAL passport.clock = '2027-07-20 12:00+09';
SELECT passport.review_protections();
SET LOCAL passport.clock = '2027-08-02 12:00+09';
SELECT passport.review_protections();
SELECT protected FROM pg_temp.shown;
SET LOCAL passport.clock = '2027-08-03 12:00+09';
SELECT passport.review_protections();
SELECT protected FROM pg_temp.shown;
ROLLBACK TO noticed;

\echo == ended early: the household stays protected while one of it is
SELECT passport.end_protection(pg_temp.resident('P1'), '本人の申出');
SELECT protected FROM pg_temp.shown;
SELECT passport.end_protection(pg_temp.resident('P1'), '本人の申出', NULL);
SELECT protected FROM pg_temp.shown;
SELECT passport.protect_address(pg_temp.resident('P1'), '2027-06-10', '2028-06-09', '再び');
SELECT state, count(*) FROM pg_temp.flag GROUP BY state ORDER BY state;
SELECT pg_temp.refusal('DELETE FROM passport.protection_event');
ROLLBACK TO noticed;

\echo == somebody born into the household later is protected with it
SELECT imported FROM passport.import_residents('[{"resident_number": "P4", "household_number": "PH1", "name": "林　四", "address": "大字海尻1番地", "oaza": "海尻"}]');
SELECT resident_number FROM pg_temp.shown WHERE protected;

\echo == the duty role sees the place, with a reason that is kept; the resident sees who looked
SELECT pg_temp.refusal(format('SELECT passport.view_protected(%s, %L)', pg_temp.resident(who), reason))
  FROM (VALUES ('P1', NULL), ('P1', ' '), ('P3', 'x')) AS t(who, reason);
SELECT passport.view_protected(pg_temp.resident('P1'), '弁護士の照会を確認') ->> 'address';
SELECT event, reason FROM pg_temp.kept WHERE event = 'viewed';
SELECT purpose, source, columns FROM passport.audit_record WHERE resident_id = pg_temp.resident('P1');

\echo == a guess is not confirmed: not by name, nor by birth date, nor by neither
SELECT score, explanation FROM passport.find_resident('林　一', '長野県南佐久郡南牧村大字海尻1番地', '1990-01-01', 'female', 'counter');
SELECT score, explanation FROM passport.find_resident('林　一', '長野県南佐久郡南牧村大字海尻2番地', '1990-01-01', 'female', 'counter');
SELECT count(*) FROM passport.find_resident('林　一', '長野県南佐久郡南牧村大字海尻1番地', '1991-01-01', 'female', 'counter');
SELECT count(*) FROM passport.find_resident('原　一', '長野県南佐久郡南牧村大字海尻1番地', '1990-01-01', 'female', 'counter');
SELECT score, explanation ->> 'address' FROM passport.find_resident('森　三', '長野県南佐久郡南牧村大字広瀬3番地', '1985-01-01', 'male', 'counter');

\echo == an alert: they are told, and are on no list and in no count
DELETE FROM passport.municipality_area;
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村', 'SRID=4326;MULTIPOLYGON(((138.36 35.90,138.55 35.90,138.55 36.05,138.36 36.05,138.36 35.90)))');
SELECT passport.add_device(resident_id, 'fcm', 'token-' || resident_number) IS NOT NULL FROM passport.resident WHERE resident_number IN ('P1', 'P3') ORDER BY resident_number;
SELECT 'SRID=4326;POLYGON((138.45 35.95,138.46 35.95,138.46 35.96,138.45 35.96,138.45 35.95))' AS area, 'SRID=4326;POLYGON((138.4505 35.9505,138.4515 35.9505,138.4515 35.9515,138.4505 35.9515,138.4505 35.9505))' AS home \gset
CREATE ROLE protection_drafter;
GRANT USAGE ON SCHEMA passport TO protection_drafter;
GRANT EXECUTE ON FUNCTION passport.draft_alert TO protection_drafter;
SET SESSION AUTHORIZATION protection_drafter;
\echo == an area of nobody but them reads like one of few, and like an empty one
SELECT headcount, households, needing_help FROM passport.draft_alert('flood', 4, :'home');
SELECT headcount, households, needing_help FROM passport.draft_alert('flood', 4, 'SRID=4326;POLYGON((138.50 35.99,138.51 35.99,138.51 36,138.5 36,138.50 35.99))');
\echo == nor do exact numbers tell, where they are shown: a house more or less counts the same
RESET SESSION AUTHORIZATION;
SET LOCAL passport.least_count = 0;
SELECT d.headcount, d.households, d.needing_help FROM unnest(ARRAY[:'home', :'area']) AS a, passport.draft_alert('flood', 4, a) AS d;
SET LOCAL passport.least_count = 5;
SET SESSION AUTHORIZATION protection_drafter;
SELECT alert_id AS alert, headcount IS NULL AS few FROM passport.draft_alert('flood', 4, :'area') \gset
RESET SESSION AUTHORIZATION;
SELECT :'few' AS few, area_names, headcount IS NULL AS unknown FROM passport.alert_draft WHERE alert_id = :alert;
SELECT pg_temp.refusal(format('SELECT passport.approve_alert(%s, 1)', :alert));
SELECT * FROM passport.approve_alert(:alert, NULL);
SELECT * FROM passport.approve_alert(:alert, NULL);
SELECT recipients, deliveries, unreachable FROM passport.alert WHERE alert_id = :alert;
SELECT count(*) FROM passport.claim_deliveries('t', 10, '1 minute');
SELECT pg_temp.act('P1');
SELECT passport.answer_alert(:alert, 'need_help', 138.451, 35.951, '海尻1の2階にいます') IS NOT NULL;
SELECT recipients, deliveries, waiting, unreachable, households, need_help, unread FROM passport.report_alert WHERE alert_id = :alert;
SELECT household_number, members FROM passport.report_household();
SELECT name, message FROM passport.report_unanswered();
SELECT count(*) FROM passport.report_note();
SELECT passport.report_html() ~ '海尻|PH1|林' AS leaks;
SELECT recipients, deliveries, unreachable FROM passport.report_alerts() WHERE alert_id = :alert;
\echo == the duty role has them, with who asks for help first
SELECT asking FROM passport.protection_status;
SELECT passport.report_html() LIKE '%住所を保護されている 1人が助けを求めています%';
SELECT name, household_number, address, round(lon::numeric, 3), recipient, condition, answers #- '{0,answered_at}', message FROM passport.protected_recipients(:alert, '安否の確認');
SELECT pg_temp.refusal(format('SELECT passport.protected_recipients(%s, %L)', :alert, ''));
\echo == somebody who lives elsewhere and answers is on it too
SAVEPOINT elsewhere;
SELECT imported FROM passport.import_residents('[{"resident_number": "P5", "household_number": "PH5", "name": "谷　五", "address": "大字海ノ口5番地", "oaza": "海ノ口", "lon": 138.40, "lat": 36.00, "needs_help": true}]');
SELECT passport.request_protection(pg_temp.resident('P5'), '相談');
SELECT pg_temp.act('P5');
SELECT passport.answer_alert(:alert, 'damage', 138.4515, 35.9515) IS NOT NULL, passport.answer_alert(:alert, 'need_help') IS NOT NULL;
SELECT name, recipient, condition, jsonb_array_length(answers), message FROM passport.protected_recipients(:alert, '安否の確認');
SELECT count(*) FROM passport.alert_answer_place;
ROLLBACK TO elsewhere;
\echo == protection that comes after the alert takes the lists back, and its figures
SELECT passport.protect_address(pg_temp.resident('P3'), '2027-06-10', '2028-06-09', '支援措置');
SELECT recipients, deliveries, unreachable, households, unread FROM passport.report_alert WHERE alert_id = :alert;
SELECT count(*) FROM passport.report_unanswered();
SELECT * FROM passport.cancel_alert(:alert, '水が引いた');
SELECT message, recipients, deliveries, unreachable FROM passport.alert_message WHERE alert_id = :alert ORDER BY message_no;

\echo == a leaky function in a query must not see what the view hides
CREATE FUNCTION pg_temp.leak(address text) RETURNS boolean LANGUAGE plpgsql COST 0.0000001 AS $$
BEGIN
  RAISE NOTICE 'sees %', address;
  RETURN true;
END $$;
SELECT count(*) FROM passport.resident_place WHERE pg_temp.leak(address) AND household_number = 'PH1' AND address IS NULL;
ROLLBACK;
