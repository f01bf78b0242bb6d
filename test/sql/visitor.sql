-- Visitors: people at a shelter who are in no register, and who turn out to be residents
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
INSERT INTO passport.shelter (shelter_id, name, location, hazards) VALUES ('S1', '公民館', ST_Point(138.50, 36.0, 4326), '{flood}'), ('S2', '体育館', ST_Point(138.51, 36.0, 4326), '{flood}');
SELECT imported FROM passport.import_residents($$[
  {"resident_number": "v1", "household_number": "V1", "name": "甲", "lon": 138.452, "lat": 35.952},
  {"resident_number": "v2", "household_number": "V1", "name": "乙", "lon": 138.452, "lat": 35.952},
  {"resident_number": "v3", "household_number": "V3", "name": "丙", "lon": 138.452, "lat": 35.952},
  {"resident_number": "v4", "household_number": "V4", "name": "丁"}]$$);
CREATE FUNCTION pg_temp.id(number text) RETURNS bigint LANGUAGE sql AS 'SELECT resident_id FROM passport.resident_directory WHERE resident_number = number';
SELECT pg_temp.id('v1') AS v1, pg_temp.id('v2') AS v2, pg_temp.id('v3') AS v3, pg_temp.id('v4') AS v4 \gset
SELECT passport.record_need(:v3, 'infant'), passport.set_capacity('S1', 10), passport.set_capacity('S1', 2, 'infant'), passport.set_capacity('S1', 1, 'care') \g /dev/null
CREATE ROLE visitor_staff IN ROLE passport_staff;
CREATE ROLE visitor_approver IN ROLE passport_approver;
CREATE ROLE visitor_auditor IN ROLE passport_auditor;
SET SESSION AUTHORIZATION visitor_staff;
SELECT alert_id AS alert FROM passport.draft_alert('flood', 4, 'SRID=4326;POLYGON((138.45 35.95,138.46 35.95,138.46 35.96,138.45 35.96,138.45 35.95))') \gset
SET SESSION AUTHORIZATION visitor_approver;
SELECT recipients FROM passport.approve_alert(:alert, 3);
SET SESSION AUTHORIZATION visitor_staff;

\echo == a family on holiday, and workers who give no name
SELECT passport.check_in_visitors('S1', 4, 'desk-1', 'Nguyen Van A', '佐久市のホテル', 'vi', '{"infant": 1, "pregnant": 1}') AS family,
       passport.check_in_visitors('S1', 3, 'desk-2') AS workers \gset
\echo == the same once more is the same; the same key for others is not
SELECT passport.check_in_visitors('S1', 4, 'desk-1', 'Nguyen Van A', '佐久市のホテル', 'vi', '{"infant": 1, "pregnant": 1}') = :family;
SELECT pg_temp.refusal($$SELECT passport.check_in_visitors('S1', 5, 'desk-1', 'Nguyen Van A', '佐久市のホテル', 'vi')$$),
       pg_temp.refusal($$SELECT passport.check_in_visitors('S2', 3, 'desk-2')$$);
SELECT pg_temp.refusal(format('SELECT passport.check_in_visitors(%L, %L, %L, %L, %L, %L, %L)', shelter, persons, key, name, home, language, needs))
  FROM (VALUES ('S9', 1, 'k', NULL, NULL, 'ja', '{}'), ('S1', 0, 'k', NULL, NULL, 'ja', '{}'), ('S1', 501, 'k', NULL, NULL, 'ja', '{}'), ('S1', NULL, 'k', NULL, NULL, 'ja', '{}'),
               ('S1', 1, '', NULL, NULL, 'ja', '{}'), ('S1', 1, NULL, NULL, NULL, 'ja', '{}'), ('S1', 1, 'k', '', NULL, 'ja', '{}'), ('S1', 1, 'k', E'a\nb', NULL, 'ja', '{}'),
               ('S1', 1, 'k', '123456789018', NULL, 'ja', '{}'), ('S1', 1, 'k', NULL, repeat('x', 101), 'ja', '{}'), ('S1', 1, 'k', NULL, '123456789018', 'ja', '{}'),
               ('S1', 1, 'k', NULL, NULL, 'Japanese', '{}'), ('S1', 1, 'k', NULL, NULL, NULL, '{}'), ('S1', 1, 'k', NULL, NULL, 'ja', '{"infant": 2}'),
               ('S1', 1, 'k', NULL, NULL, 'ja', '{"infant": 0}'), ('S1', 1, 'k', NULL, NULL, 'ja', '{"infant": "1"}'), ('S1', 1, 'k', NULL, NULL, 'ja', '{"infant": 9999999999}'),
               ('S1', 1, 'k', NULL, NULL, 'ja', '{"magic": 1}'), ('S1', 1, 'k', NULL, NULL, 'ja', '[]'), ('S1', 1, 'k', NULL, NULL, 'ja', NULL)) AS t(shelter, persons, key, name, home, language, needs);
SELECT passport.check_in_residents('S1', ARRAY[:v3]);
\echo == they are counted, and their needs, beside the residents
SELECT shelter_id, need, capacity, present, visitors, free FROM passport.shelter_occupancy ORDER BY shelter_id, need <> 'all', need;
SELECT name, home, language, persons, present, needs, came_at FROM passport.shelter_visitors('S1');
SELECT count(*) FROM passport.shelter_visitors('S1', 1);
SELECT pg_temp.refusal('SELECT passport.shelter_visitors(''S9'')');
\echo == one of the workers goes, then all; again changes nothing, and nobody comes back so
SELECT passport.check_out_visitors(:workers, 2), passport.check_out_visitors(:workers, 2), passport.check_out_visitors(:workers, 3);
SELECT passport.check_out_visitors(:workers), passport.check_out_visitors(:workers), passport.check_out_visitors(:workers, 1);
SELECT pg_temp.refusal(format('SELECT passport.check_out_visitors(%s, %L)', visitors, remaining)) FROM (VALUES (-1, 0), (:workers, 4), (:workers, -1), (:workers, NULL)) AS t(visitors, remaining);
RESET SESSION AUTHORIZATION;
SET LOCAL passport.clock = '2026-07-01 06:00+09';
SET SESSION AUTHORIZATION visitor_staff;
\echo == two of the family live here: they have been there since they came, have answered, and are counted once
SELECT passport.link_visitor(:family, ARRAY[:v1, :v2, :v2]), passport.link_visitor(:family, ARRAY[:v1]);
SELECT need, present, visitors FROM passport.shelter_occupancy WHERE shelter_id = 'S1' ORDER BY need <> 'all', need;
SELECT persons, present, needs FROM passport.shelter_visitors('S1');
SELECT pg_temp.refusal(format('SELECT passport.link_visitor(%s, %L)', visitors, ids)) FROM (VALUES (-1, ARRAY[:v1]), (:family, '{}'), (:family, '{-1}')) AS t(visitors, ids);
SELECT passport.check_out_visitors(:family, 0);
\echo == two who left are found out later, one of whom was known to be here; and no more than there were
SELECT passport.link_visitor(:workers, ARRAY[:v3, :v4]);
SELECT passport.check_in_visitors('S2', 1, 'desk-3') AS one \gset
SELECT pg_temp.refusal(format('SELECT passport.link_visitor(%s, %L)', :one, ARRAY[:v1, :v2]));
RESET SESSION AUTHORIZATION;
SELECT r.resident_number, s.shelter_id, s.came_at, s.left_at, s.came_by FROM passport.shelter_stay AS s JOIN passport.resident AS r USING (resident_id) ORDER BY 1, s.came_at, s.stay_id;
SELECT r.resident_number, a.answer, a.answered_by FROM passport.alert_answer AS a JOIN passport.resident AS r USING (resident_id) ORDER BY 1;
\echo == who looked, and what a breach would be of
SELECT CASE WHEN a.resident_id < 0 THEN 'visitor' ELSE r.resident_number END, a.who, a.source, a.columns FROM passport.audit_record AS a LEFT JOIN passport.resident AS r USING (resident_id)
 WHERE a.source ~ 'visitor' ORDER BY a.chain, a.seq;
SET SESSION AUTHORIZATION visitor_auditor;
SELECT persons, sensitive_persons, sensitive_columns, grounds FROM passport.breach_report('2026-07-01 00:00+09', '2026-07-02 00:00+09', 'visitor_staff', 'shelter_visitors');
SELECT resident_id < 0, name, address, address_protected, status, accesses, columns FROM passport.breach_letters('2026-07-01 00:00+09', '2026-07-02 00:00+09', 'visitor_staff', 'shelter_visitors');
RESET SESSION AUTHORIZATION;
\echo == and forgotten with their links
SELECT passport.forget_visitors('2026-07-01 05:00:01+09', 100), passport.forget_visitors('2026-07-01 07:00+09', 100);
SELECT (SELECT count(*) FROM passport.visitor), (SELECT count(*) FROM passport.visitor_link);
ROLLBACK;
