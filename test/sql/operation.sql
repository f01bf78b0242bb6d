-- Operating areas: apart while the road is cut, each from its own database
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2026-07-01 04:40+09';
SET LOCAL passport.least_count = 0;
UPDATE passport.resident SET status = 'moved_out';
DELETE FROM passport.municipality_area;
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村',
  ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
SELECT imported FROM passport.import_residents($$[
  {"resident_number": "o-1", "name": "甲", "oaza": "海ノ口", "lon": 138.451, "lat": 35.951},
  {"resident_number": "o-2", "name": "乙", "oaza": "野辺山", "lon": 138.48, "lat": 35.94},
  {"resident_number": "o-3", "name": "丙"}]$$);
SELECT passport.add_device(resident_id, 'fcm', 'token-' || resident_number)
  FROM passport.resident WHERE resident_number LIKE 'o-%' \g /dev/null
CREATE ROLE operation_mayor IN ROLE passport_staff, passport_approver, passport_admin;
SET SESSION AUTHORIZATION operation_mayor;
SELECT ST_MakeEnvelope(138.44, 35.93, 138.47, 35.97, 4326) AS west, ST_MakeEnvelope(138.47, 35.93, 138.50, 35.97, 4326) AS east,
       ST_MakeEnvelope(138.45, 35.95, 138.46, 35.96, 4326) AS in_west, ST_MakeEnvelope(138.475, 35.935, 138.485, 35.945, 4326) AS in_east,
       ST_MakeEnvelope(138.45, 35.94, 138.49, 35.96, 4326) AS in_both \gset
SELECT pg_temp.refusal(format('SELECT passport.define_operating_area(%L, %L, %L)', short, name, area))
  FROM (VALUES ('Uminokuchi', '海ノ口', :'west'), ('', '海ノ口', :'west'), ('uminokuchi', '', :'west'), ('uminokuchi', '海ノ口', NULL),
               ('uminokuchi', '1234 5678 9018', :'west')) AS t(short, name, area);
SELECT passport.define_operating_area('uminokuchi', '海ノ口', :'west'), passport.define_operating_area('nobeyama', '野辺山', :'east');
SELECT pg_temp.refusal('SELECT passport.operate_areas(''{elsewhere}'')');

-- together: everywhere, and each alert says which part it is of
SELECT alert_id AS before FROM passport.draft_alert('flood', 3, :'in_east') \gset
SELECT alert_id AS both FROM passport.draft_alert('flood', 3, :'in_both') \gset
SELECT alert_id = :both AS both, operating_area FROM passport.alert_draft WHERE drafted_by = 'operation_mayor' ORDER BY 1;

-- apart: nobody on the other side is alerted from here, whatever the way
SELECT passport.operate_areas('{uminokuchi}');
SELECT pg_temp.refusal(format('SELECT passport.draft_alert(%L, 4, %L)', 'flood', area)) FROM (VALUES (:'in_east'), (:'in_both'), (:'in_west'), (:'west')) AS t(area);
RESET SESSION AUTHORIZATION;
UPDATE passport.alert SET drafted_by = 'somebody else' WHERE drafted_by = 'operation_mayor';
SET SESSION AUTHORIZATION operation_mayor;
SELECT pg_temp.refusal(format('SELECT passport.approve_alert(%s, 1)', :before));
SELECT min(alert_id) AS here FROM passport.alert_draft WHERE operating_area = 'uminokuchi' \gset
SELECT recipients FROM passport.approve_alert(:here, 1);
SELECT pg_temp.refusal(format('SELECT passport.update_alert(%s, %L)', :here, :'in_both'));
-- who has no known place is told by everybody rather than by nobody
SELECT * FROM passport.broadcast_alert(:here);

-- merged again
SELECT passport.operate_areas(NULL);
SELECT added FROM passport.update_alert(:here, :'in_both');
SELECT pg_temp.refusal('SELECT passport.import_operation(passport.export_operation(''-infinity''))');
RESET SESSION AUTHORIZATION;
SELECT pg_temp.refusal('SET passport.origin = ''No/beyama''');
ROLLBACK;
