-- Replay: the chain of an alert from reading to door, and how long each step took
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/fixtures/clean.sql
\i :abs_srcdir/fixtures/act.sql
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2026-07-01 04:00+09';
SET LOCAL passport.least_count = 0;
\pset tuples_only on
\pset null -
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村', ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
SELECT passport.define_sensor('gauge', '{"range_low": 0, "range_high": 10, "max_rise": 1, "sampling_interval": "10 minutes", "stages": [{"stage": 3, "name": "x", "up": 2, "down": 1.8}]}') \g /dev/null
SELECT passport.assign_zones('gauge', 3, array_agg(zone_id)) FROM passport.import_hazard_zones('{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry":
  {"type": "Polygon", "coordinates": [[[138.45, 35.95], [138.46, 35.95], [138.46, 35.96], [138.45, 35.96], [138.45, 35.95]]]}}]}', 'flood', 'replay test');
SELECT imported FROM passport.import_residents((SELECT jsonb_agg(jsonb_build_object('resident_number', 'r' || i, 'household_number', 'R' || i, 'name', 'n', 'lon', 138.455, 'lat', 35.955))
  FROM generate_series(1, 4) AS i));
CREATE FUNCTION pg_temp.id(number text) RETURNS bigint LANGUAGE sql AS 'SELECT resident_id FROM passport.resident_directory WHERE resident_number = number';
SELECT passport.add_device(pg_temp.id('r' || i), 'fcm', 'token-' || i) > 0 FROM generate_series(1, 4) AS i \g /dev/null
SELECT passport.protect_address(pg_temp.id('r4'), '2026-07-01', '2026-12-31', 'x') \g /dev/null
CREATE ROLE replay_staff IN ROLE passport_staff;
CREATE ROLE replay_approver IN ROLE passport_approver;

-- the water rises; one reading is a spike
CREATE FUNCTION pg_temp.read(at text, level float8) RETURNS text LANGUAGE plpgsql AS $$
BEGIN PERFORM set_config('passport.clock', at, true); RETURN (SELECT verdict FROM passport.record_readings('gauge', ARRAY[at::timestamptz], ARRAY[level])); END $$;
SELECT pg_temp.read('2026-07-01 04:00+09', 1.0), pg_temp.read('2026-07-01 04:10+09', 1.5), pg_temp.read('2026-07-01 04:20+09', 9.0), pg_temp.read('2026-07-01 04:30+09', 1.9), pg_temp.read('2026-07-01 04:40+09', 2.2);
SET LOCAL passport.clock = '2026-07-01 04:41+09';
SET SESSION AUTHORIZATION replay_staff;
SELECT alert_id AS alert FROM passport.draft_alert('flood', 4, passport.draw_affected_area('gauge', 3), 'gauge') \gset
SELECT count(*) FROM passport.alert_timing(:alert);
RESET SESSION AUTHORIZATION;
SET LOCAL passport.clock = '2026-07-01 04:43+09';
SET SESSION AUTHORIZATION replay_approver;
SELECT recipients, deliveries FROM passport.approve_alert(:alert, 3);
RESET SESSION AUTHORIZATION;
-- three arrive, one after the other, the protected person's last; one fails
CREATE FUNCTION pg_temp.deliver(number text, at text, outcome text) RETURNS int LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('passport.clock', at, true);
  RETURN (SELECT passport.complete_deliveries('w', array_agg(d.resident_id), array_agg(d.delivery_id), array_agg(outcome), array_agg(NULL::text), array_agg(0)) FROM passport.delivery AS d WHERE d.resident_id = pg_temp.id(number));
END $$;
SELECT count(*) FROM passport.claim_deliveries('w', 10, '1 hour');
SELECT pg_temp.deliver('r1', '2026-07-01 04:43:01+09', 'delivered'), pg_temp.deliver('r2', '2026-07-01 04:43:03+09', 'delivered'), pg_temp.deliver('r3', '2026-07-01 04:43:04+09', 'failed'), pg_temp.deliver('r4', '2026-07-01 04:43:09+09', 'delivered');
CREATE FUNCTION pg_temp.answer(number text, at text, alert bigint, answer text) RETURNS boolean LANGUAGE plpgsql AS $$
BEGIN PERFORM set_config('passport.clock', at, true); PERFORM pg_temp.act(number); RETURN passport.answer_alert(alert, answer) > 0; END $$;
SELECT pg_temp.answer('r4', '2026-07-01 04:44+09', :alert, 'need_help'), pg_temp.answer('r1', '2026-07-01 04:45+09', :alert, 'safe'), pg_temp.answer('r1', '2026-07-01 04:46+09', :alert, 'damage');
SET SESSION AUTHORIZATION replay_staff;
SELECT count(*) FROM passport.call_list(:alert);
RESET SESSION AUTHORIZATION;
SET LOCAL passport.clock = '2026-07-01 05:20+09';
SELECT pg_temp.id('r3') AS r3 \gset
SET SESSION AUTHORIZATION replay_staff;
SELECT passport.record_answer(:alert, :r3, 'safe') > 0;
SELECT recipients FROM passport.cancel_alert(:alert, '水が引いた');
\echo == the chain, without a person and without the protected one in any number
SELECT to_char(at, 'HH24:MI:SS'), step, who, what - 'zones' FROM passport.replay_alert(:alert);
\echo == how long it took
SELECT * FROM passport.alert_timing(:alert);
\echo == one that went out by itself at a stage, was told to everybody else, made smaller, and lifted
RESET SESSION AUTHORIZATION;
SET LOCAL passport.clock = '2026-07-02 04:00+09';
CREATE ROLE replay_second IN ROLE passport_approver, passport_staff;
SELECT imported FROM passport.import_residents('[{"resident_number": "r5", "household_number": "R5", "name": "n", "lon": 138.459, "lat": 35.959},
  {"resident_number": "r6", "household_number": "R6", "name": "n", "lon": 138.48, "lat": 35.94}]');
SELECT passport.add_device(pg_temp.id(r), 'fcm', 'token-' || r) > 0 FROM unnest('{r5,r6}'::text[]) AS r \g /dev/null
SELECT passport.define_sensor('rain', '{"kind": "rain", "unit": "mm/h"}'), passport.define_sensor('other', '{"range_low": 0, "range_high": 10, "stages": [{"stage": 4, "up": 2, "down": 1.8}],
  "witnesses": [{"witness": "rain", "relation": "rain", "movement": 5}]}') \g /dev/null
SELECT passport.assign_zones('other', 4, array_agg(zone_id)) FROM passport.hazard_zone WHERE source = 'replay test';
SET SESSION AUTHORIZATION replay_approver;
SELECT authority_id FROM passport.authorise_stage('other', 4, 'flood', 4, '2026-12-31') \gset
SET SESSION AUTHORIZATION replay_second;
SELECT passport.confirm_authority(:authority_id, 4) \g /dev/null
RESET SESSION AUTHORIZATION;
-- it rains
SELECT (passport.record_readings('rain', '{2026-07-02 03:50+09,2026-07-02 04:00+09}', '{0,30}')).verdict;
SELECT (passport.record_readings('other', '{2026-07-02 03:50+09,2026-07-02 04:00+09}', '{1,2.5}')).verdict;
SELECT alert_id AS itself FROM passport.stage_answer \gset
SET SESSION AUTHORIZATION replay_second;
SELECT deliveries FROM passport.broadcast_alert(:itself);
RESET SESSION AUTHORIZATION;
SELECT count(*) FROM passport.claim_deliveries('w', 10, '1 hour');
SELECT pg_temp.deliver(r, '2026-07-02 04:01+09', 'delivered') FROM unnest('{r1,r2,r3,r4,r5,r6}'::text[]) AS r \g /dev/null
SET SESSION AUTHORIZATION replay_staff;
SELECT update_no FROM passport.update_alert(:itself, 'SRID=4326;POLYGON((138.45 35.95,138.457 35.95,138.457 35.957,138.45 35.957,138.45 35.95))');
SET SESSION AUTHORIZATION replay_second;
SELECT recipients FROM passport.approve_update(:itself, 2, 3);
RESET SESSION AUTHORIZATION;
SELECT count(*) FROM passport.claim_deliveries('w', 10, '1 hour');
SELECT pg_temp.deliver(r, '2026-07-02 04:20+09', 'delivered') FROM unnest('{r1,r2,r3,r4,r5}'::text[]) AS r \g /dev/null
SET SESSION AUTHORIZATION replay_second;
SELECT recipients FROM passport.end_alert(:itself);
RESET SESSION AUTHORIZATION;
SELECT to_char(at, 'HH24:MI:SS'), step, who, what - '{zones,km2,expires_at,authorised_at}'::text[] FROM passport.replay_alert(:itself);

\echo == one that a person sent alone, of a gauge that somebody had to believe, and that fell silent
SET LOCAL passport.clock = '2026-07-03 04:00+09';
-- a warning stands, one is over, and a drill's is none
INSERT INTO passport.weather_bulletin (mode, office, title, event_id, serial, info_type, info_kind, reported_at, headline, digest, received_at)
SELECT m, 'replay', m, id, '1', '発表', 'x', '2026-07-03 03:00+09', 'x', sha256('x'), passport.now() FROM (VALUES ('live', '1'), ('live', '2'), ('drill', '3')) AS t(m, id);
INSERT INTO passport.weather_warning (bulletin_id, area_code, code, part, area_name, name, hazard, level, valid_until)
SELECT b.bulletin_id, '2030500', '10', '', '南牧村', '大雨警報' || b.event_id, 'inland_flood', 3, passport.now() + CASE b.event_id WHEN '2' THEN interval '-1 minute' ELSE '1 day' END
  FROM passport.weather_bulletin AS b WHERE b.office = 'replay';
SELECT (passport.record_readings('rain', '{2026-07-03 03:50+09,2026-07-03 04:00+09}', '{0,0}')).verdict;
SELECT (passport.record_readings('other', '{2026-07-03 03:40+09,2026-07-03 03:50+09,2026-07-03 04:00+09}', '{1,2.5,2.6}')).*;
SELECT passport.confirm_reading('other', '2026-07-03 04:00+09') \g /dev/null
SET SESSION AUTHORIZATION replay_second;
SELECT alert_id AS alone FROM passport.draft_alert('landslide', 4, 'SRID=4326;POLYGON((138.45 35.95,138.46 35.95,138.46 35.96,138.45 35.96,138.45 35.95))', 'other') \gset
SELECT recipients FROM passport.break_glass(:alone, 4, 'the others cannot be reached');
RESET SESSION AUTHORIZATION;
SET LOCAL passport.clock = '2026-07-03 06:00+09';
SELECT passport.watch_sensors() > 0 AS noticed;
SET SESSION AUTHORIZATION replay_staff;
SELECT passport.end_stage('other', 'seen: the water is low');
SET SESSION AUTHORIZATION replay_approver;
SELECT passport.review_break_glass(:alone, true, 'right to send it') \g /dev/null
RESET SESSION AUTHORIZATION;
SELECT to_char(at, 'HH24:MI:SS'), step, who, what - '{zones,km2,expires_at}'::text[] FROM passport.replay_alert(:alone);
SELECT pg_temp.refusal('SELECT passport.replay_alert(-1)'), (SELECT count(*) FROM passport.alert_timing(-1));
ROLLBACK;
