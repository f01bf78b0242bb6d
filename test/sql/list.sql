-- Door list, call list and who is unaccounted for; answers under two names
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
INSERT INTO passport.oaza VALUES ('川上', ST_Point(138.451, 35.951, 4326)), ('川下', ST_Point(138.459, 35.959, 4326));
-- along a river: L1 L2 L4 in one 大字, L3 L5 in the next; L6 by name of the 大字 only; L7 protected; L8 works there
SELECT imported FROM passport.import_residents($$[
  {"resident_number": "l1", "household_number": "L1", "name": "一郎", "oaza": "川上", "address": "川上1", "lon": 138.4510, "lat": 35.9510},
  {"resident_number": "l1b", "household_number": "L1", "name": "一子", "oaza": "川上", "address": "川上1", "lon": 138.4510, "lat": 35.9510},
  {"resident_number": "l2", "household_number": "L2", "name": "二郎", "oaza": "川上", "address": "川上9", "lon": 138.4530, "lat": 35.9530},
  {"resident_number": "l3", "household_number": "L3", "name": "三郎", "oaza": "川下", "address": "川下1", "lon": 138.4580, "lat": 35.9580},
  {"resident_number": "l4", "household_number": "L4", "name": "四郎", "oaza": "川上", "address": "川上2", "lon": 138.4512, "lat": 35.9511},
  {"resident_number": "l5", "household_number": "L5", "name": "五郎", "oaza": "川下", "address": "川下2", "lon": 138.4590, "lat": 35.9590},
  {"resident_number": "l6", "household_number": "L6", "name": "六郎", "oaza": "川下", "address": "川下3"},
  {"resident_number": "l7", "household_number": "L7", "name": "七子", "oaza": "川上", "address": "川上7", "lon": 138.4520, "lat": 35.9520},
  {"resident_number": "l8", "household_number": "L8", "name": "八郎", "oaza": "遠く", "address": "遠く1", "lon": 138.53, "lat": 36.03},
  {"resident_number": "l9", "household_number": "L9", "name": "九郎", "oaza": "遠く", "address": "遠く2", "lon": 138.54, "lat": 36.03}]$$);
CREATE FUNCTION pg_temp.id(number text) RETURNS bigint LANGUAGE sql AS 'SELECT resident_id FROM passport.resident_directory WHERE resident_number = number';
SELECT passport.protect_address(pg_temp.id('l7'), '2026-07-01', '2026-12-31', 'x') \g /dev/null
SELECT passport.record_need(pg_temp.id('l5'), 'care') \g /dev/null
SELECT passport.add_device(pg_temp.id(n), 'fcm', 'token-' || n) > 0 FROM unnest('{l2,l4}'::text[]) AS n \g /dev/null
SELECT pg_temp.act('l8') \g /dev/null
SELECT passport.give_consent('alert_places'), passport.register_place(1, 'work', 138.455, 35.955) \g /dev/null
CREATE ROLE list_staff IN ROLE passport_staff;
SET SESSION AUTHORIZATION list_staff;
SELECT alert_id AS alert FROM passport.draft_alert('flood', 4, 'SRID=4326;POLYGON((138.45 35.95,138.46 35.95,138.46 35.96,138.45 35.96,138.45 35.95))') \gset
SELECT pg_temp.refusal(format('SELECT passport.%s(%s)', f, :alert)) FROM unnest('{call_list,door_list,unaccounted,selection_reason}'::text[]) AS f;
RESET SESSION AUTHORIZATION;
SELECT recipients FROM passport.approve_alert(:alert, 8);
-- the one message was refused for good, the other waits
SELECT passport.complete_deliveries('w', ARRAY[resident_id], ARRAY[delivery_id], '{failed}', '{x}', '{0}')
  FROM passport.claim_deliveries('w', 10, '1 minute') WHERE resident_id = pg_temp.id('l2');

-- groups are data
SELECT passport.assign_group('1班', ARRAY[pg_temp.id('l1'), pg_temp.id('l1b'), pg_temp.id('l2')]), passport.assign_group('2班', ARRAY[pg_temp.id('l5'), pg_temp.id('l3'), pg_temp.id('l4')]),
       passport.assign_group('1班', ARRAY[pg_temp.id('l4')]), passport.assign_group(NULL, ARRAY[pg_temp.id('l3')]) \g /dev/null
SELECT pg_temp.refusal(format('SELECT passport.assign_group(%L, %L)', name, ids))
  FROM (VALUES ('', ARRAY[pg_temp.id('l1')]), (repeat('x', 51), ARRAY[pg_temp.id('l1')]), ('1班', '{}'), ('1班', '{-1}')) AS t(name, ids);
SET SESSION AUTHORIZATION list_staff;
SELECT group_name, needs_help, why, household_number, name, oaza FROM passport.call_list(:alert);
-- a door a household, those who need help first, then along the houses; not where somebody only works
SELECT * FROM passport.door_list(:alert);

-- the family answers for the one without a telephone, staff for whom they reached
RESET SESSION AUTHORIZATION;
SELECT pg_temp.act('l1') \g /dev/null
SELECT passport.answer_alert(:alert, 'safe') > 0, passport.answer_alert(:alert, 'evacuated', shelter_id => 'S1', member_id => pg_temp.id('l1b')) > 0,
       passport.answer_alert(:alert, 'damage', 138.4511, 35.9511, photo => '2026/07/01/a-1.jpg') > 0;
SELECT pg_temp.refusal(format('SELECT passport.answer_alert(%s, %L, photo => %L, shelter_id => %L, member_id => %L)', :alert, answer, photo, shelter, member))
  FROM (VALUES ('safe', '../x', NULL, NULL::bigint), ('safe', 'a b', NULL, NULL), ('safe', 'p/123456789018', NULL, NULL), ('safe', NULL, 'S1', NULL),
               ('evacuated', NULL, 'S9', NULL), ('safe', NULL, NULL, pg_temp.id('l2')), ('safe', NULL, NULL, -1)) AS t(answer, photo, shelter, member);
SELECT pg_temp.id('l2') AS l2, pg_temp.id('l3') AS l3, pg_temp.id('l7') AS l7, pg_temp.id('l4') AS l4 \gset
SET SESSION AUTHORIZATION list_staff;
SELECT passport.record_answer(:alert, :l2, 'need_help', note => '足が悪い') > 0, passport.record_whereabouts(:l4, 'away') > passport.now();
SELECT pg_temp.refusal(format('SELECT passport.record_answer(%s, %s, %L, note => %L)', alert, resident, answer, note))
  FROM (VALUES (-1, :l2, 'safe', NULL), (:alert, -1, 'safe', NULL), (:alert, :l2, 'fine', NULL), (:alert, :l2, 'safe', '')) AS t(alert, resident, answer, note);
RESET SESSION AUTHORIZATION;
SELECT r.resident_number, a.answer, a.photo, a.shelter_id, a.answered_by, a.answerer_id = pg_temp.id('l1') AS by_l1, a.answerer = 'list_staff' AS by_staff
  FROM passport.alert_answer AS a JOIN passport.resident AS r USING (resident_id) ORDER BY a.answer_id;
SET SESSION AUTHORIZATION list_staff;
SELECT household_number, name FROM passport.call_list(:alert);
SELECT needs_help, household_number, name, group_name, oaza, address, message, household_answered FROM passport.unaccounted(:alert);
SELECT stop, urgency, household_number, names, metres FROM passport.door_list(:alert);
-- somebody whom nobody warned asks for help
RESET SESSION AUTHORIZATION;
SELECT pg_temp.act('l9') \g /dev/null
SELECT passport.answer_alert(:alert, 'need_help') > 0;
SET SESSION AUTHORIZATION list_staff;
SELECT urgency, names FROM passport.door_list(:alert) WHERE urgency = 1;
SELECT count(*) FILTER (WHERE household_number = 'L9') FROM passport.call_list(:alert);
-- no more are shown, and of no more it is kept who looked, than were asked for
SELECT name FROM passport.unaccounted(:alert, 1);
SELECT stop, names FROM passport.door_list(:alert, 1);
SELECT name FROM passport.call_list(:alert, 1);
RESET SESSION AUTHORIZATION;
SELECT source, count(*) FROM passport.audit_record WHERE resident_id > 0 GROUP BY 1 ORDER BY 1;
SELECT count(*) FROM passport.audit_record WHERE resident_id = :l7;
ROLLBACK;
