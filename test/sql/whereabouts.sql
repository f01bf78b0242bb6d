-- Where people said they are, the places they registered, and why each was selected
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
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村', ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
INSERT INTO passport.shelter (shelter_id, name, location, hazards) VALUES
  ('S1', '公民館', ST_Point(138.453, 35.953, 4326), '{flood}'), ('S2', '体育館', ST_Point(138.50, 36.0, 4326), '{flood}');
SELECT imported FROM passport.import_residents($$[
  {"resident_number": "w1", "household_number": "W1", "name": "甲", "lon": 138.452, "lat": 35.952},
  {"resident_number": "w2", "household_number": "W1", "name": "乙", "lon": 138.452, "lat": 35.952},
  {"resident_number": "w3", "household_number": "W2", "name": "丙", "lon": 138.52, "lat": 36.02},
  {"resident_number": "w4", "household_number": "W2", "name": "丁", "lon": 138.52, "lat": 36.02},
  {"resident_number": "w5", "household_number": "W3", "name": "戊", "lon": 138.53, "lat": 36.03}]$$);
\set flooded '\'SRID=4326;POLYGON((138.45 35.95,138.46 35.95,138.46 35.96,138.45 35.96,138.45 35.95))\''
CREATE FUNCTION pg_temp.id(number text) RETURNS bigint LANGUAGE sql AS 'SELECT resident_id FROM passport.resident_directory WHERE resident_number = number';
CREATE FUNCTION pg_temp.who(area geometry) RETURNS SETOF text LANGUAGE sql AS $$
  SELECT r.resident_number || ' ' || array_to_string(passport.reason_names(i.reasons), ',')
    FROM passport.selection(area) AS s, unnest(s.residents, s.reasons) AS i(resident_id, reasons) JOIN passport.resident AS r USING (resident_id) ORDER BY 1 $$;
-- home, as ever
SELECT pg_temp.who(:flooded);

-- what is refused
SELECT pg_temp.refusal('SELECT passport.report_whereabouts(''away'')') LIKE 'PT401 %';
SELECT pg_temp.act('w3') \g /dev/null
SELECT pg_temp.refusal(format('SELECT passport.report_whereabouts(%L, %L, %L, %L, %L)', kind, lon, lat, shelter, until_time))
  FROM (VALUES (NULL, NULL::float8, NULL::float8, NULL, NULL), ('lost', NULL, NULL, NULL, NULL), ('car', NULL, NULL, NULL, NULL),
               ('car', 138.45, NULL, NULL, NULL), ('car', 'NaN', 35, NULL, NULL), ('home', 138.45, 35.95, NULL, NULL),
               ('shelter', NULL, NULL, NULL, NULL), ('away', NULL, NULL, 'S1', NULL), ('shelter', NULL, NULL, 'S9', NULL),
               ('away', NULL, NULL, NULL, '2026-07-01 04:59+09'), ('away', NULL, NULL, NULL, '2026-08-01 05:00+09'), ('away', NULL, NULL, NULL, 'infinity'))
    AS t(kind, lon, lat, shelter, until_time);
SELECT pg_temp.refusal(format('SELECT passport.report_whereabouts(''away'', member_id => %s)', id)) FROM (VALUES (pg_temp.id('w1')), (-1)) AS t(id);

-- in a car in the area; the member of the household at the shelter in it; by whom it was said
SELECT passport.report_whereabouts('car', 138.455, 35.955);
SELECT passport.report_whereabouts('shelter', shelter_id => 'S1', until_time => '2026-07-01 08:00+09', member_id => pg_temp.id('w4'));
SELECT pg_temp.who(:flooded);
SELECT r.resident_number, w.kind, w.shelter_id, w.reported_by, w.reporter_id = pg_temp.id('w3') FROM passport.whereabouts AS w JOIN passport.resident AS r USING (resident_id) ORDER BY 1;
-- the latest word counts, until its time is over; who is away is still warned of their home
SELECT passport.report_whereabouts('car', 138.51, 36.01) \g /dev/null
SELECT pg_temp.act('w1') \g /dev/null
SELECT passport.report_whereabouts('away') \g /dev/null
SELECT pg_temp.who(:flooded);
SET LOCAL passport.clock = '2026-07-01 08:00+09';
SELECT pg_temp.who(:flooded);
-- staff, by telephone
SELECT pg_temp.refusal('SELECT passport.record_whereabouts(-1, ''away'')');
SELECT passport.record_whereabouts(pg_temp.id('w5'), 'shelter', shelter_id => 'S1');
SELECT pg_temp.who(:flooded);
SELECT passport.record_whereabouts(pg_temp.id('w5'), 'home') \g /dev/null
SELECT pg_temp.who(:flooded);
SELECT pg_temp.refusal('UPDATE passport.whereabouts SET kind = ''home''');
-- no more than fifty of one person in a day
SELECT pg_temp.act('w5') \g /dev/null
SELECT count(passport.report_whereabouts('away')) FROM generate_series(1, 48);
SELECT pg_temp.refusal('SELECT passport.report_whereabouts(''away'')');

-- three other places, by consent
SELECT pg_temp.refusal('SELECT passport.register_place(1, ''work'', 138.454, 35.954)');
SELECT passport.give_consent('alert_places') > passport.now();
SELECT pg_temp.refusal(format('SELECT passport.register_place(%L, %L, %L, %L)', number, kind, lon, lat))
  FROM (VALUES (1, 'work', 138.51, 36.01), (1, 'family', 138.454, 35.954), (3, 'other', 138.454, 35.954), (4, 'other', 138.454, 35.954), (0, 'other', 138.454, 35.954),
               (NULL, 'other', 138.454, 35.954), (2, 'palace', 138.454, 35.954), (2, 'work', NULL, NULL)) AS t(number, kind, lon, lat);
SELECT * FROM passport.my_places();
SELECT pg_temp.who(:flooded);
SELECT passport.withdraw_consent('alert_places') \g /dev/null
SELECT pg_temp.who(:flooded);
SELECT passport.give_consent('alert_places') \g /dev/null
SELECT passport.register_place(3, NULL, NULL, NULL) \g /dev/null
SELECT number, kind FROM passport.my_places();
-- who moved out is not warned any more, wherever they said they were
UPDATE passport.resident SET status = 'moved_out' WHERE resident_number IN ('w1', 'w5');
SELECT pg_temp.who(:flooded);
UPDATE passport.resident SET status = 'resident' WHERE resident_number IN ('w1', 'w5');
-- an alert keeps why each was selected; of a protected person staff are not told
SELECT passport.protect_address(pg_temp.id('w2'), '2026-07-01', '2026-12-31', 'x', '{}') \g /dev/null
SELECT passport.record_whereabouts(pg_temp.id('w4'), 'shelter', shelter_id => 'S1') \g /dev/null
CREATE ROLE whereabouts_drafter;
GRANT passport_staff TO whereabouts_drafter;
SET SESSION AUTHORIZATION whereabouts_drafter;
SELECT alert_id AS alert, headcount, households FROM passport.draft_alert('flood', 4, :flooded) \gset
SELECT pg_temp.refusal(format('SELECT passport.selection_reason(%s)', :alert));
RESET SESSION AUTHORIZATION;
SELECT :headcount, :households;
SELECT recipients FROM passport.approve_alert(:alert, :headcount);
SELECT r.resident_number, t.reasons FROM passport.alert_recipient AS t JOIN passport.resident AS r USING (resident_id) WHERE t.alert_id = :alert ORDER BY 1;
SET SESSION AUTHORIZATION whereabouts_drafter;
SELECT name, reasons FROM passport.selection_reason(:alert);
RESET SESSION AUTHORIZATION;
SELECT count(*) FROM passport.audit_record WHERE source = 'selection_reason';
-- forgotten when they have been over for their time
SELECT passport.forget_whereabouts('2026-07-01 08:00:01+09', 100), (SELECT count(*) FROM passport.whereabouts) > 0;
ROLLBACK;
