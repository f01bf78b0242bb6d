-- The call list: who is on it and why, on which numbers, and what calls come to
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set brief true
\i :abs_srcdir/fixtures/clean.sql
\i :abs_srcdir/fixtures/act.sql
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2026-07-01 05:00+09';
SET LOCAL passport.least_count = 0;
\pset tuples_only on
\pset null -
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村', ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
INSERT INTO passport.shelter (shelter_id, name, location, hazards) VALUES ('S1', '公民館', ST_Point(138.50, 36.0, 4326), '{flood}');
-- c1 and her child have no device, c3 one that fails, c4 one that is being sent to, c5 and c6 one that works; c7 is protected, c8 outside
SELECT imported FROM passport.import_residents((SELECT jsonb_agg(jsonb_build_object('resident_number', 'c' || i, 'household_number', CASE i WHEN 2 THEN 'C1' ELSE 'C' || i END,
  'name', 'n' || i, 'birth_date', CASE i WHEN 2 THEN '2018-01-01' ELSE '1980-01-01' END, 'oaza', '川上', 'lon', CASE i WHEN 8 THEN 138.52 ELSE 138.451 + i * 0.0005 END, 'lat', 35.951,
  'language', CASE i WHEN 3 THEN 'vi' ELSE 'ja' END)) FROM generate_series(1, 8) AS i));
CREATE FUNCTION pg_temp.id(number text) RETURNS bigint LANGUAGE sql AS 'SELECT resident_id FROM passport.resident_directory WHERE resident_number = number';
SELECT passport.add_device(pg_temp.id(n), 'fcm', 'token-' || n) > 0 FROM unnest('{c3,c4,c5,c6,c7,c8}'::text[]) AS n \g /dev/null
SELECT passport.record_need(pg_temp.id('c4'), 'care'), passport.protect_address(pg_temp.id('c7'), '2026-07-01', '2026-12-31', 'x'),
       passport.assign_group('1班', ARRAY[pg_temp.id('c1'), pg_temp.id('c2'), pg_temp.id('c3'), pg_temp.id('c4')]),
       passport.assign_group('2班', ARRAY[pg_temp.id('c5'), pg_temp.id('c6'), pg_temp.id('c7'), pg_temp.id('c8')]) \g /dev/null
SELECT passport.record_telephone(pg_temp.id(who), number) FROM (VALUES ('c1', '0267-96-1111'), ('c1', '090-1111-1111'), ('c3', '090-3333-3333'), ('c7', '0267-96-7777')) AS t(who, number) \g /dev/null
SELECT passport.record_consent(pg_temp.id(who), 'emergency_contact', true), passport.record_emergency_contact(pg_temp.id(who), 1, '花子', '姪', '0267-96-' || number)
  FROM (VALUES ('c1', '1212'), ('c7', '7878')) AS t(who, number) \g /dev/null
SELECT pg_temp.id('c1') AS c1, pg_temp.id('c2') AS c2, pg_temp.id('c3') AS c3, pg_temp.id('c4') AS c4, pg_temp.id('c5') AS c5, pg_temp.id('c6') AS c6, pg_temp.id('c7') AS c7, pg_temp.id('c8') AS c8 \gset
CREATE ROLE call_staff IN ROLE passport_staff;
CREATE ROLE call_approver IN ROLE passport_approver;
CREATE ROLE call_duty IN ROLE passport_protection;
SET SESSION AUTHORIZATION call_staff;
SELECT alert_id AS alert FROM passport.draft_alert('flood', 3, 'SRID=4326;POLYGON((138.45 35.95,138.46 35.95,138.46 35.96,138.45 35.96,138.45 35.95))') \gset
SELECT pg_temp.refusal(format('SELECT passport.call_list(%s)', :alert)), pg_temp.refusal(format('SELECT passport.record_call(%s, %s, %L)', :alert, :c1, 'no_answer'));
SET SESSION AUTHORIZATION call_approver;
SELECT recipients, deliveries FROM passport.approve_alert(:alert, 6);

\echo == at once: who has no channel, with numbers; the others while their message is being sent
SET SESSION AUTHORIZATION call_staff;
SELECT group_name, needs_help, why, name, language, numbers, contacts, calls FROM passport.call_list(:alert);
RESET SESSION AUTHORIZATION;
CREATE FUNCTION pg_temp.deliver(numbers text[], outcome text) RETURNS int LANGUAGE sql AS $$
  SELECT passport.complete_deliveries('w', array_agg(d.resident_id), array_agg(d.delivery_id), array_agg(outcome), array_agg(NULL::text), array_agg(0))
    FROM passport.delivery AS d JOIN passport.resident AS r USING (resident_id) WHERE r.resident_number = ANY (numbers) $$;
SELECT count(*) FROM passport.claim_deliveries('w', 10, '1 hour');
SELECT pg_temp.deliver('{c5,c6,c7}', 'delivered'), pg_temp.deliver('{c3}', 'failed');
\echo == delivered and unanswered, refused for good, and not delivered in time
SET LOCAL passport.clock = '2026-07-01 05:06+09';
SELECT passport.follow_up();
SET SESSION AUTHORIZATION call_staff;
SELECT group_name, why, name FROM passport.call_list(:alert);

\echo == what calls come to
SELECT pg_temp.refusal(format('SELECT passport.record_call(%s, %s, %L, %L, %L, %L)', alert, who, result, number, note, shelter))
  FROM (VALUES (-1, :c1, 'no_answer', NULL, NULL, NULL), (:alert, -1, 'no_answer', NULL, NULL, NULL), (:alert, :c1, 'fine', NULL, NULL, NULL), (:alert, :c1, NULL, NULL, NULL, NULL),
               (:alert, :c1, 'wrong_number', NULL, NULL, NULL), (:alert, :c1, 'no_answer', '96-1111', NULL, NULL), (:alert, :c1, 'no_answer', NULL, 'x', NULL),
               (:alert, :c1, 'reached_safe', NULL, NULL, 'S1'), (:alert, :c1, 'reached_evacuated', NULL, NULL, 'S9')) AS t(alert, who, result, number, note, shelter);
-- the child's mother answers the second time, on the number of the two that is right; nobody at c4's
SELECT passport.record_call(:alert, :c2, 'wrong_number', '0267-96-1111'), passport.record_call(:alert, :c4, 'no_answer');
RESET SESSION AUTHORIZATION;
SET LOCAL passport.clock = '2026-07-01 05:08+09';
SET SESSION AUTHORIZATION call_staff;
SELECT passport.record_call(:alert, :c2, 'reached_safe', '090-1111-1111', '学校にいる') > 0, passport.record_call(:alert, :c1, 'message_left', '0267961212') IS NULL,
       passport.record_call(:alert, :c5, 'reached_needs_help') > 0, passport.record_call(:alert, :c6, 'reached_evacuated', shelter_id => 'S1') > 0;
-- somebody outside the area, and one whom they do not know to be protected: it says nothing of either
SELECT passport.record_call(:alert, :c8, 'no_answer'), passport.record_call(:alert, :c7, 'no_answer');
\echo == the lists follow: who was reached is gone, who was called already comes after who was not
SELECT group_name, why, name, numbers, calls, last_result, last_call FROM passport.call_list(:alert);
SELECT name, message FROM passport.unaccounted(:alert);
SELECT urgency, names FROM passport.door_list(:alert);
RESET SESSION AUTHORIZATION;
SELECT r.resident_number, a.answer, a.note, a.shelter_id, a.answered_by, a.answerer FROM passport.alert_answer AS a JOIN passport.resident AS r USING (resident_id) ORDER BY a.answer_id;
SELECT household_number, members, answered, safe, need_help, unread FROM passport.alert_household WHERE alert_id = :alert ORDER BY 1;
\echo == the duty role has its own list, with numbers, and calls
SET SESSION AUTHORIZATION call_duty;
SELECT name, condition, numbers, contacts FROM passport.protected_recipients(:alert, 'to call');
SELECT passport.record_call(:alert, :c7, 'reached_safe') > 0;
SELECT name, condition FROM passport.protected_recipients(:alert, 'to call');

\echo == an update that does not reach who had answered puts them on it again
RESET SESSION AUTHORIZATION;
SET LOCAL passport.clock = '2026-07-01 06:00+09';
SET SESSION AUTHORIZATION call_staff;
SELECT update_no FROM passport.update_alert(:alert, level => 4) \gset
SET SESSION AUTHORIZATION call_approver;
SELECT recipients FROM passport.approve_update(:alert, :update_no, 6);
RESET SESSION AUTHORIZATION;
SELECT count(*) FROM passport.claim_deliveries('w', 10, '1 hour');
SELECT pg_temp.deliver('{c3,c4,c5,c7}', 'delivered');
SET LOCAL passport.clock = '2026-07-01 06:06+09';
SELECT passport.follow_up();
SET SESSION AUTHORIZATION call_staff;
SELECT group_name, why, name, calls FROM passport.call_list(:alert);
SELECT passport.record_call(:alert, :c2, 'reached_safe') > 0;
SELECT name FROM passport.call_list(:alert, 2);

\echo == what is kept, and replayed without anybody who is protected
RESET SESSION AUTHORIZATION;
SELECT r.resident_number, c.result, c.number, c.called_by FROM passport.call AS c JOIN passport.resident AS r USING (resident_id) ORDER BY c.call_id;
SELECT at, what FROM passport.replay_alert(:alert) WHERE step = 'calls';
SELECT DISTINCT columns FROM passport.audit_record WHERE source = 'call_list';
\echo == a list that is over has no numbers any more
SET SESSION AUTHORIZATION call_staff;
SELECT recipients FROM passport.cancel_alert(:alert, 'x');
SELECT count(numbers) FROM passport.call_list(:alert);
RESET SESSION AUTHORIZATION;
SET LOCAL passport.clock = '2026-07-02 06:07+09';
SET SESSION AUTHORIZATION call_staff;
SELECT count(numbers), count(*) FROM passport.call_list(:alert);
RESET SESSION AUTHORIZATION;
SELECT pg_temp.refusal('UPDATE passport.call SET result = ''no_answer''');
SELECT passport.forget_calls('2026-07-01 05:07+09', 100), passport.forget_unreached('2026-07-01 05:01+09', 100);
ROLLBACK;
