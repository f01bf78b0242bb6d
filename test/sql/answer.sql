-- Residents' answers, households, and what stays hidden
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/fixtures/clean.sql
\i :abs_srcdir/fixtures/act.sql
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2026-07-01 05:00+09';
SET LOCAL passport.least_count = 0;
-- nobody acts without a login
SELECT pg_temp.refusal('SELECT passport.answer_alert(1, ''safe'')') LIKE 'PT401 %' AS refused;

UPDATE passport.resident SET status = 'moved_out';
DELETE FROM passport.municipality_area;
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村',
  ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
SELECT imported FROM passport.import_residents($$[
  {"resident_number": "a1", "household_number": "H1", "name": "甲", "oaza": "海ノ口", "lon": 138.451, "lat": 35.951},
  {"resident_number": "a2", "household_number": "H1", "name": "乙", "oaza": "海ノ口", "lon": 138.451, "lat": 35.951, "needs_help": true},
  {"resident_number": "a3", "household_number": "H2", "name": "丙", "oaza": "板橋", "address": "板橋1", "lon": 138.452, "lat": 35.952},
  {"resident_number": "a4", "name": "丁", "oaza": "海ノ口", "lon": 138.453, "lat": 35.953},
  {"resident_number": "out", "household_number": "H3", "name": "戊", "oaza": "野辺山", "lon": 138.48, "lat": 35.94},
  {"resident_number": "gone", "household_number": "H4", "name": "己", "status": "moved_out"}]$$);
SELECT passport.protect_address(resident_id, '2026-01-01', '2026-12-31', 'x') FROM passport.resident WHERE resident_number = 'a3' \g /dev/null
CREATE ROLE answer_drafter;
GRANT USAGE ON SCHEMA passport TO answer_drafter;
GRANT EXECUTE ON FUNCTION passport.draft_alert TO answer_drafter;
SET SESSION AUTHORIZATION answer_drafter;
SELECT alert_id AS alert FROM passport.draft_alert('flood', 4, 'SRID=4326;POLYGON((138.45 35.95,138.46 35.95,138.46 35.96,138.45 35.96,138.45 35.95))') \gset
SELECT alert_id AS draft FROM passport.draft_alert('flood', 4, 'SRID=4326;POLYGON((138.45 35.95,138.46 35.95,138.46 35.96,138.45 35.96,138.45 35.95))') \gset
RESET SESSION AUTHORIZATION;
SELECT recipients FROM passport.approve_alert(:alert, 3);

-- what is refused
SELECT pg_temp.act('a1') \g /dev/null
SELECT pg_temp.refusal(format('SELECT passport.answer_alert(%s, %L, %L, %L, %L)', :alert, answer, lon, lat, note))
  FROM (VALUES (NULL, NULL::float8, NULL::float8, NULL), ('fine', NULL, NULL, NULL), ('safe', 138.45, NULL, NULL),
               ('safe', 'NaN', 35.9, NULL), ('safe', 138, 'Infinity', NULL), ('safe', 181, 35, NULL), ('safe', 35.9, 138.4, NULL),
               ('safe', NULL, NULL, ''), ('safe', NULL, NULL, repeat('x', 501)), ('safe', NULL, NULL, E'a\x01b'),
               ('safe', NULL, NULL, '私の番号は1234-5678-9018です')) AS t(answer, lon, lat, note);
SELECT pg_temp.refusal(format('SELECT passport.answer_alert(%s, %L)', id, 'safe')) FROM (VALUES (:draft), (-1)) AS t(id);
SELECT pg_temp.act('gone') \g /dev/null
SELECT pg_temp.refusal(format('SELECT passport.answer_alert(%s, %L)', :alert, 'safe'));
SELECT count(*) FROM passport.alert_answer WHERE alert_id = :alert;

-- a guardian answers for their ward, under both names
SAVEPOINT guardian;
SELECT passport.record_guardian(w.resident_id, g.resident_id, 'court', passport.today() + 1, '登記 第1号') > 0 AS recorded
  FROM passport.resident AS w, passport.resident AS g WHERE w.resident_number = 'a2' AND g.resident_number = 'a1';
SELECT pg_temp.act('a1') \g /dev/null
SELECT passport.act_for(resident_id) FROM passport.resident WHERE resident_number = 'a2' \g /dev/null
SELECT passport.answer_alert(:alert, 'need_help') \g /dev/null
SELECT t.answer, g.source AS act, r.resident_number AS guardian FROM passport.alert_answer AS t JOIN passport.audit_record AS g USING (resident_id)
  JOIN passport.resident AS r ON r.resident_id = g.holder_id WHERE t.alert_id = :alert ORDER BY g.seq;
ROLLBACK TO guardian;

-- the latest word counts; damage says nothing of the person
SELECT household_number, members, answered, unread, needs_help FROM passport.alert_household WHERE alert_id = :alert AND household_number LIKE 'H%' ORDER BY 1;
SELECT pg_temp.act('a1') \g /dev/null
SELECT passport.answer_alert(:alert, 'need_help', 138.4512, 35.9513, '腰まで水') IS NOT NULL AS taken;
SELECT passport.answer_alert(:alert, 'evacuated') IS NOT NULL AS taken;
SELECT passport.answer_alert(:alert, 'damage', 138.452, 35.953, '橋の欄干が流された') IS NOT NULL AS taken;
SELECT pg_temp.act('a3') \g /dev/null
SELECT passport.answer_alert(:alert, 'need_help', 138.4525, 35.9525) IS NOT NULL AS taken;
-- a resident outside the area may answer too, and is no member of a household that was told
SELECT pg_temp.act('out') \g /dev/null
SELECT passport.answer_alert(:alert, 'damage', 138.455, 35.955, '道に水') IS NOT NULL AS taken;
SELECT replace(household_number, (SELECT '-' || resident_id FROM passport.resident WHERE resident_number = 'a4'), 'alone') AS household,
       members, answered, safe, need_help, unread, needs_help
  FROM passport.alert_household WHERE alert_id = :alert ORDER BY 1;
-- but if they ask for help they are on the lists, until they say otherwise
SAVEPOINT outside;
SELECT passport.answer_alert(:alert, 'need_help', 138.455, 35.955) IS NOT NULL AS taken;
SELECT passport.answer_alert(:alert, 'damage') IS NOT NULL AS taken;
SELECT household_number, members, answered, need_help FROM passport.alert_household WHERE alert_id = :alert AND household_number = 'H3';
SELECT r.resident_number, p.condition FROM passport.alert_person AS p JOIN passport.resident AS r USING (resident_id) WHERE p.alert_id = :alert AND r.resident_number = 'out';
SELECT passport.answer_alert(:alert, 'safe') IS NOT NULL AS taken;
SELECT count(*) AS listed FROM passport.alert_person AS p JOIN passport.resident AS r USING (resident_id) WHERE p.alert_id = :alert AND r.resident_number = 'out';
ROLLBACK TO outside;
SELECT passport.protect_address(resident_id, '2026-01-01', '2026-12-31', 'x') FROM passport.resident WHERE resident_number = 'out' \g /dev/null
SELECT passport.answer_alert(:alert, 'need_help') IS NOT NULL AS taken;
SELECT count(*) AS listed FROM passport.alert_household WHERE alert_id = :alert AND household_number = 'H3';
ROLLBACK TO outside;
-- a protected person is on no list, not even with the answer that asks for help
SELECT r.resident_number, p.answer, ST_AsText(p.location) AS place
  FROM passport.alert_answer_place AS p JOIN passport.resident AS r USING (resident_id)
 WHERE p.alert_id = :alert ORDER BY p.answer_id;
SELECT name, oaza, address, needs_help, message FROM passport.alert_unanswered WHERE alert_id = :alert ORDER BY needs_help DESC, name;

-- after the cancel who needs help still says so; there is an end to it
SELECT recipients FROM passport.cancel_alert(:alert, '水が引いた');
SELECT pg_temp.act('a2') \g /dev/null
SELECT count(passport.answer_alert(:alert, 'need_help')) FROM generate_series(1, 50);
SELECT pg_temp.refusal(format('SELECT passport.answer_alert(%s, %L)', :alert, 'safe'));
SELECT pg_temp.refusal('UPDATE passport.alert_answer SET answer = ''safe''');
SELECT pg_temp.refusal('DELETE FROM passport.alert_answer');
ROLLBACK;
