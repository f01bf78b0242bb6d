-- Check-in at a shelter by a tap of the card or by hand, and how full it is
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set brief true
\i :abs_srcdir/fixtures/clean.sql
\i :abs_srcdir/fixtures/certificates/certificates.sql
\i :abs_srcdir/fixtures/act.sql
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2026-07-01 05:00+09';
SET LOCAL passport.least_count = 0;
\pset tuples_only on
\pset null -
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村', ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
INSERT INTO passport.shelter (shelter_id, name, location, hazards) VALUES
  ('S1', '公民館', ST_Point(138.50, 36.0, 4326), '{flood}'), ('S2', '体育館', ST_Point(138.51, 36.0, 4326), '{flood}'), ('S3', '校庭', ST_Point(138.52, 36.0, 4326), '{}');
SELECT imported FROM passport.import_residents($$[
  {"resident_number": "t1", "household_number": "T1", "name": "甲", "lon": 138.452, "lat": 35.952},
  {"resident_number": "t2", "household_number": "T1", "name": "乙", "lon": 138.452, "lat": 35.952},
  {"resident_number": "t3", "household_number": "T1", "name": "丙", "lon": 138.452, "lat": 35.952},
  {"resident_number": "t4", "household_number": "T2", "name": "丁", "lon": 138.453, "lat": 35.952}]$$);
CREATE FUNCTION pg_temp.id(number text) RETURNS bigint LANGUAGE sql AS 'SELECT resident_id FROM passport.resident_directory WHERE resident_number = number';
CREATE FUNCTION pg_temp.der(text) RETURNS bytea LANGUAGE sql AS 'SELECT bytes FROM fixture WHERE name = $1';
-- two cards are known by their certificates; the second has been revoked since
SELECT count(passport.add_trust_anchor(bytes, 'authentication')) FROM fixture WHERE name = 'auth_root';
SELECT (passport.load_crl(bytes)).verdict FROM fixture WHERE name = 'crl_auth';
INSERT INTO passport.certificate_directory
  SELECT i.issuer_id, c.serial, pg_temp.id(f.number) FROM (VALUES ('good_auth', 't1'), ('revoked_auth', 't4')) AS f(name, number)
    CROSS JOIN LATERAL passport.certificate_info(pg_temp.der(f.name)) AS c JOIN passport.certificate_issuer AS i ON i.name = c.issuer;
SELECT passport.record_need(pg_temp.id('t2'), 'care'), passport.record_need(pg_temp.id('t4'), 'care', '2026-07-01') \g /dev/null
GRANT SELECT ON fixture TO PUBLIC;
CREATE ROLE stay_staff IN ROLE passport_staff;
CREATE ROLE stay_approver IN ROLE passport_approver;
SET SESSION AUTHORIZATION stay_staff;
SELECT alert_id AS alert FROM passport.draft_alert('flood', 4, 'SRID=4326;POLYGON((138.45 35.95,138.46 35.95,138.46 35.96,138.45 35.96,138.45 35.95))') \gset
SET SESSION AUTHORIZATION stay_approver;
SELECT recipients FROM passport.approve_alert(:alert, 4);
SET SESSION AUTHORIZATION stay_staff;

-- how many a shelter takes, in all and of a need
SELECT passport.set_capacity('S1', 100), passport.set_capacity('S1', 2), passport.set_capacity('S1', 1, 'care') \g /dev/null
SELECT pg_temp.refusal(format('SELECT passport.set_capacity(%L, %L, %L)', shelter, capacity, need))
  FROM (VALUES ('S9', 1, 'all'), ('S1', -1, 'all'), ('S1', NULL, 'all'), ('S1', 1, 'magic'), ('S1', 1, NULL)) AS t(shelter, capacity, need);
SELECT * FROM passport.shelter_occupancy ORDER BY shelter_id, need;

-- one that is open is listed, too
SELECT passport.open_shelter('S3') \g /dev/null
SELECT shelter_id, need, present, open FROM passport.shelter_occupancy ORDER BY shelter_id, need;
SELECT passport.close_shelter('S3');
-- a tap: no PIN, no signature; a card that is revoked or whose list is old still says whose it is
SELECT verdict, resident_id IS NOT NULL, missing FROM passport.check_in('S1', pg_temp.der('good_auth'));
SELECT verdict, missing FROM passport.check_in('S1', pg_temp.der('good_auth'));
SELECT verdict, missing FROM passport.check_in('S1', pg_temp.der('revoked_auth'));
-- a card of nobody here; one for signatures; one that no root of ours made; bytes
SELECT name, (passport.check_in('S1', pg_temp.der(name))).verdict FROM (VALUES ('other_auth'), ('good_sign'), ('auth_root')) AS t(name);
SELECT verdict FROM passport.check_in('S1', '\x30');
SELECT pg_temp.refusal('SELECT passport.check_in(''S9'', ''\x30'')');
-- the rest of the household by hand; whoever is there already stays
SELECT relation, name FROM passport.view_household((SELECT resident_id FROM passport.check_in('S1', pg_temp.der('good_auth'))), 'disaster');
RESET SESSION AUTHORIZATION;
SELECT pg_temp.id('t1') AS t1, pg_temp.id('t2') AS t2, pg_temp.id('t3') AS t3 \gset
SET SESSION AUTHORIZATION stay_staff;
SELECT passport.check_in_residents('S1', ARRAY[:t1, :t2, :t2]);
SELECT * FROM passport.shelter_occupancy ORDER BY shelter_id, need;
SELECT pg_temp.refusal(format('SELECT passport.check_in_residents(%L, %L)', shelter, ids))
  FROM (VALUES ('S9', '{1}'), ('S1', '{}'), ('S1', NULL), ('S1', '{NULL}'), ('S1', '{-1}')) AS t(shelter, ids);
RESET SESSION AUTHORIZATION;
-- whoever came has answered, and is there
SELECT r.resident_number, a.answer, a.shelter_id, a.answered_by, a.answerer FROM passport.alert_answer AS a JOIN passport.resident AS r USING (resident_id) ORDER BY a.answer_id;
SELECT household_number, members, answered, safe, unread FROM passport.alert_household ORDER BY 1;
SELECT r.resident_number, c.kind, c.shelter_id, c.reported_by FROM passport.current_whereabouts AS c JOIN passport.resident AS r USING (resident_id) ORDER BY 1;
-- an order past its time is in force, and answered by a tap like any other
SAVEPOINT overdue;
SET LOCAL passport.clock = '2026-07-05 12:00+09';
SELECT passport.lapse_alerts() AS overdue;
SET SESSION AUTHORIZATION stay_staff;
SELECT passport.check_in_residents('S1', ARRAY[:t3]);
RESET SESSION AUTHORIZATION;
SELECT r.resident_number, a.answer FROM passport.alert_answer AS a JOIN passport.resident AS r USING (resident_id) WHERE r.resident_number = 't3';
ROLLBACK TO overdue;
-- to another shelter: one at a time
SET SESSION AUTHORIZATION stay_staff;
SELECT verdict FROM passport.check_in('S2', pg_temp.der('good_auth'));
-- somebody who said that they would go is announced
RESET SESSION AUTHORIZATION;
SELECT passport.record_whereabouts(:t3, 'shelter', shelter_id => 'S2') \g /dev/null
SET SESSION AUTHORIZATION stay_staff;
SELECT * FROM passport.shelter_occupancy ORDER BY shelter_id, need;
-- leaving
SELECT verdict FROM passport.check_out('S1', pg_temp.der('good_auth'));
SELECT verdict FROM passport.check_out('S2', pg_temp.der('good_auth'));
SELECT verdict FROM passport.check_out('S2', pg_temp.der('other_auth'));
SELECT pg_temp.refusal('SELECT passport.check_out(''S9'', ''\x30'')');
SELECT passport.check_out_residents('S1', ARRAY[:t1, :t2]);
SELECT shelter_id, need, present, announced, free FROM passport.shelter_occupancy ORDER BY shelter_id, need;
RESET SESSION AUTHORIZATION;
SELECT count(*) FROM passport.shelter_stay WHERE left_at IS NULL;
-- with a protected person in a household, who of it is where is told to nobody, and by hand nothing is answered
SELECT passport.protect_address(:t2, '2026-07-01', '2026-12-31', 'x', '{}') \g /dev/null
SET SESSION AUTHORIZATION stay_staff;
SELECT verdict, missing FROM passport.check_in('S1', pg_temp.der('good_auth'));
SELECT passport.check_in_residents('S1', ARRAY[:t2]), passport.check_in_residents('S1', ARRAY[:t2]);
RESET SESSION AUTHORIZATION;
-- the one whose card it was sees who looked
SELECT pg_temp.act('t1') \g /dev/null
SELECT DISTINCT who, purpose, source, columns FROM passport.my_access_log() ORDER BY source;
SELECT passport.forget_stays('2026-07-01 05:00:01+09', 100), count(*) FROM passport.shelter_stay;
ROLLBACK;
