-- What a rise sets off by itself: sent once, to nobody less than were told, and tried again when it failed
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2026-07-01 04:00+09';
SET LOCAL passport.least_count = 0;
UPDATE passport.resident SET status = 'moved_out';
UPDATE passport.sensor SET state = 'retired';
DELETE FROM passport.municipality_area;
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村',
  ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
-- in the zone, beside it, and far from it
SELECT imported FROM passport.import_residents($$[
  {"resident_number": "r-zone", "household_number": "H1", "name": "甲", "oaza": "海ノ口", "lon": 138.451, "lat": 35.95},
  {"resident_number": "r-near", "household_number": "H2", "name": "乙", "oaza": "海ノ口", "lon": 138.455, "lat": 35.95},
  {"resident_number": "r-far", "household_number": "H3", "name": "丙", "oaza": "板橋", "lon": 138.50, "lat": 35.95}]$$);
UPDATE passport.resident SET location_precision = 'parcel' WHERE resident_number LIKE 'r-%';
CREATE ROLE rise_mayor IN ROLE passport_staff, passport_approver;
CREATE ROLE rise_deputy IN ROLE passport_staff, passport_approver;
CREATE ROLE rise_staff IN ROLE passport_staff;
SELECT ST_MakeEnvelope(138.45, 35.949, 138.452, 35.951, 4326) AS zone, ST_MakeEnvelope(138.4505, 35.949, 138.456, 35.951, 4326) AS wider,
       ST_MakeEnvelope(138.4505, 35.949, 138.4508, 35.951, 4326) AS smaller \gset
CREATE FUNCTION pg_temp.river(sensor text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  zone bigint;
BEGIN
  PERFORM passport.define_sensor(sensor, '{"max_rise": 1, "max_fall": 9, "stages": [{"stage": 2, "up": 2}, {"stage": 3, "up": 3}, {"stage": 4, "up": 4}]}');
  SELECT zone_id INTO zone FROM passport.import_hazard_zones('{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry":
    {"type": "Polygon", "coordinates": [[[138.45, 35.949], [138.452, 35.949], [138.452, 35.951], [138.45, 35.951], [138.45, 35.949]]]}}]}', 'flood', sensor);
  PERFORM passport.assign_zones(sensor, 2, ARRAY[zone]);
  RETURN zone;
END $$;
CREATE FUNCTION pg_temp.authorise(sensor text, stage int, level int) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
  y record;
BEGIN
  SET SESSION AUTHORIZATION rise_mayor;
  SELECT * INTO y FROM passport.authorise_stage(sensor, stage, 'flood', level, '2026-12-31');
  SET SESSION AUTHORIZATION rise_deputy;
  PERFORM passport.confirm_authority(y.authority_id, y.headcount);
  RESET SESSION AUTHORIZATION;
  RETURN y.authority_id;
END $$;
CREATE FUNCTION pg_temp.come(sensor text, at text, value double precision, OUT verdict text, OUT reasons text[], OUT stage int) LANGUAGE plpgsql AS $$
#variable_conflict use_variable
BEGIN
  PERFORM set_config('passport.clock', '2026-07-01 ' || at || '+09', true);
  SELECT r.verdict, r.reasons, r.stage INTO verdict, reasons, stage FROM passport.record_readings(sensor, ARRAY[passport.now()], ARRAY[value]) AS r;
END $$;
CREATE FUNCTION pg_temp.said(of_sensor text) RETURNS TABLE (outcome text, attempt int, sqlstate text, state text, messages text) LANGUAGE sql AS $$
  SELECT s.outcome, s.attempt, s.sqlstate, a.state,
         (SELECT string_agg(m.message_no || ' ' || m.message || ' ' || m.level || ' to ' || m.recipients, ', ' ORDER BY m.message_no) FROM passport.alert_message AS m WHERE m.alert_id = a.alert_id)
    FROM passport.stage_answer AS s LEFT JOIN passport.alert AS a USING (alert_id)
   WHERE s.sensor = of_sensor AND s.answered_at = passport.now() ORDER BY s.attempt
$$;

\echo == a person confirms what the witnesses deny: what was authorised goes out
SELECT passport.define_sensor('rain', '{"kind": "rain", "unit": "mm", "sampling_interval": "1 hour"}');
SELECT pg_temp.river('a') > 0 AS zone;
SELECT passport.define_sensor('a', '{"witnesses": [{"witness": "rain", "relation": "rain", "movement": 10}]}');
SELECT pg_temp.authorise('a', 4, 4) > 0 AS authorised;
SELECT * FROM pg_temp.come('rain', '04:00', 0);
SELECT * FROM pg_temp.come('a', '04:00', 1);
SELECT * FROM pg_temp.come('a', '04:10', 4.5);
SELECT * FROM pg_temp.come('a', '04:20', 4.6);
SELECT what, sensor, stage, at::time FROM passport.report_water ORDER BY what;
SET SESSION AUTHORIZATION rise_staff;
SELECT passport.confirm_reading('a', '2026-07-01 04:10+09');
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.said('a');
SELECT what, sensor FROM passport.report_water;

\echo == staff have drawn wider, and a draft of theirs waits: nobody is left out, and the draft waits on
SELECT pg_temp.river('b') > 0 AS zone;
SELECT pg_temp.authorise('b', 2, 3) > 0 AS two, pg_temp.authorise('b', 3, 4) > 0 AS three;
SELECT * FROM pg_temp.come('b', '05:00', 1.9);
SELECT * FROM pg_temp.come('b', '05:10', 2.1);
SELECT * FROM pg_temp.said('b');
SELECT alert_id AS alert FROM passport.alert WHERE sensor = 'b' \gset
SET SESSION AUTHORIZATION rise_staff;
SELECT update_no, headcount, added, left_out FROM passport.update_alert(:alert, :'wider');
SET SESSION AUTHORIZATION rise_deputy;
SELECT recipients FROM passport.approve_update(:alert, 2, 2);
SET SESSION AUTHORIZATION rise_staff;
SELECT update_no, headcount FROM passport.update_alert(:alert, ST_MakeEnvelope(138.449, 35.949, 138.457, 35.951, 4326), 5);
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.come('b', '05:20', 3.05);
SELECT * FROM pg_temp.said('b');
SELECT count(*) AS told_that_they_left FROM passport.notification WHERE event_key LIKE 'alert:' || :alert || ':left-%' AND deliveries + unreachable > 0;
SELECT count(*) AS left_out FROM passport.alert_move WHERE alert_id = :alert AND NOT inside;
SELECT ST_Covers(area, :'zone') AND ST_Covers(area, :'wider') AS both FROM passport.alert WHERE alert_id = :alert;
SELECT update_no, level_now, level, drafted_by, added, left_out FROM passport.alert_update_draft WHERE alert_id = :alert;
SET SESSION AUTHORIZATION rise_deputy;
SELECT pg_temp.refusal(format('SELECT passport.approve_update(%s, 3, 2)', :alert));
SELECT recipients FROM passport.approve_update(:alert, 5, 2);
RESET SESSION AUTHORIZATION;

\echo == an order that staff sent to a part of the zone is widened to all of it, whatever its level, and never lowered
SELECT pg_temp.river('c') > 0 AS zone, pg_temp.authorise('c', 2, 3) > 0 AS two;
SET SESSION AUTHORIZATION rise_staff;
SELECT alert_id AS alert, headcount FROM passport.draft_alert('flood', 3, :'smaller', 'c') \gset
SET SESSION AUTHORIZATION rise_deputy;
SELECT recipients FROM passport.approve_alert(:alert, :headcount);
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.come('c', '06:00', 1.9);
SELECT * FROM pg_temp.come('c', '06:10', 2.1);
SELECT * FROM pg_temp.said('c');
SELECT * FROM pg_temp.come('c', '06:20', 1.9);
SELECT * FROM pg_temp.come('c', '06:50', 1.9);
SET SESSION AUTHORIZATION rise_staff;
SELECT update_no FROM passport.update_alert(:alert, :'smaller', 5) \gset
SET SESSION AUTHORIZATION rise_deputy;
SELECT recipients FROM passport.approve_update(:alert, :update_no, :headcount);
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.come('c', '07:00', 2.1);
SELECT * FROM pg_temp.said('c');

\echo == a batch that falls and rises again rises, whatever it began with
SELECT passport.end_alert(:alert) IS NOT NULL AS ended;
SET LOCAL passport.clock = '2026-07-01 07:50+09';
SELECT array_agg(stage ORDER BY observed_at) AS stages FROM passport.record_readings('c', '{2026-07-01 07:05+09,2026-07-01 07:40+09,2026-07-01 07:50+09}', '{1.5,1.5,2.1}');
SELECT * FROM pg_temp.said('c');

\echo == what fails is tried again while the water stands, later each time, and alarmed until somebody is told
SELECT pg_temp.river('d') AS zone, pg_temp.authorise('d', 2, 3) > 0 AS two \gset
SELECT * FROM pg_temp.come('d', '08:00', 1.9);
DELETE FROM passport.sensor_zone WHERE sensor = 'd';
SELECT * FROM pg_temp.come('d', '08:10', 2.1);
SELECT * FROM pg_temp.said('d');
SELECT what, stage, detail FROM passport.report_water WHERE sensor = 'd' ORDER BY what;
SELECT passport.water_banner_html() LIKE '%認められた警報を送れませんでした%（PT422）%' AS on_the_page;
SET LOCAL passport.clock = '2026-07-01 08:10:09+09';
SELECT passport.answer_stages();
SET LOCAL passport.clock = '2026-07-01 08:10:10+09';
SELECT passport.answer_stages();
SELECT * FROM pg_temp.said('d');
SET LOCAL passport.clock = '2026-07-01 08:10:20+09';
SELECT passport.answer_stages();
SELECT passport.assign_zones('d', 2, ARRAY[:zone]);
SET LOCAL passport.clock = '2026-07-01 08:10:30+09';
SELECT passport.answer_stages();
SELECT * FROM pg_temp.said('d');
SELECT outcome, attempt, open FROM passport.report_stage_answer WHERE sensor = 'd';
SELECT count(*) FROM passport.report_water WHERE sensor = 'd';
SET LOCAL passport.clock = '2026-07-01 08:20+09';
SELECT passport.answer_stages() AS answered_already;

\echo == what was authorised after the rise, and what the water has left, is not sent
SELECT pg_temp.river('e') AS zone, pg_temp.authorise('e', 2, 3) AS two \gset
SELECT * FROM pg_temp.come('e', '09:00', 1.9);
DELETE FROM passport.sensor_zone WHERE sensor = 'e';
SELECT * FROM pg_temp.come('e', '09:10', 2.1);
SELECT passport.assign_zones('e', 2, ARRAY[:zone]), passport.withdraw_authority(:two);
SET LOCAL passport.clock = '2026-07-01 09:11+09';
SELECT pg_temp.authorise('e', 2, 3) AS two \gset
SELECT passport.answer_stages() AS withdrawn;
UPDATE passport.stage_authority SET confirmed_at = '2026-07-01 04:00+09' WHERE authority_id = :two;
UPDATE passport.sensor_state SET stage = 0 WHERE sensor = 'e';
SELECT passport.answer_stages() AS left_again;
UPDATE passport.sensor_state SET stage = 2 WHERE sensor = 'e';
SELECT passport.set_sensor_state('e', 'maintenance');
SELECT passport.answer_stages() AS in_maintenance;
SELECT passport.set_sensor_state('e', 'in_service');
SELECT passport.answer_stages() AS now_it_is;

\echo == a draft of a person waits already: none is put in its place where far more people live than were authorised
SELECT pg_temp.river('f') > 0 AS zone, pg_temp.authorise('f', 2, 3) > 0 AS two, pg_temp.authorise('f', 3, 4) > 0 AS three;
SELECT * FROM pg_temp.come('f', '10:00', 1.9);
SELECT * FROM pg_temp.come('f', '10:10', 2.1);
SELECT alert_id AS alert FROM passport.alert WHERE sensor = 'f' \gset
SELECT imported FROM passport.import_residents((SELECT jsonb_agg(jsonb_build_object('resident_number', 'many-' || n, 'name', '移住者', 'lon', 138.451, 'lat', 35.95)) FROM generate_series(1, 21) AS n));
SET SESSION AUTHORIZATION rise_staff;
SELECT update_no FROM passport.update_alert(:alert, :'wider', 5);
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.come('f', '10:20', 3.05);
SELECT * FROM pg_temp.said('f');
SELECT update_no, level, drafted_by FROM passport.alert_update_draft WHERE alert_id = :alert;
SELECT what, stage FROM passport.report_water WHERE sensor = 'f';

\echo == no forecast sends anything, however sure it is
SELECT pg_temp.river('g') > 0 AS zone, pg_temp.authorise('g', 4, 4) > 0 AS four;
SELECT count(*) AS alerts FROM passport.alert \gset
SELECT count(*) AS notifications FROM passport.notification \gset
SELECT pg_temp.come('g', '11:' || m, 1.0 + m * 0.095) IS NULL AS none FROM generate_series(10, 30, 5) AS m;
SELECT stage, alert_level, expected_at::time(0) FROM passport.sensor_forecast('g');
SELECT passport.answer_stages(), passport.lapse_alerts() >= 0 AS lapsed;
SELECT (SELECT count(*) FROM passport.alert) - :alerts AS alerts, (SELECT count(*) FROM passport.notification) - :notifications AS notifications,
       (SELECT count(*) FROM passport.stage_answer WHERE sensor = 'g') AS answers;

\echo == the alarms of gauges stand in the report until they are over
SELECT what, sensor, stage FROM passport.report_water WHERE sensor = 'g';
SELECT passport.water_banner_html() LIKE '%g 段階3：この水位計の警報は出ていません%' AS on_the_page;
SET LOCAL passport.clock = '2026-07-01 13:00+09';
SELECT passport.watch_sensors() > 0 AS noticed;
SELECT what, sensor, stage FROM passport.report_water WHERE sensor = 'g' ORDER BY what;
ROLLBACK;
