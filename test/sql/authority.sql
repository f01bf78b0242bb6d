-- Alerts without a second person at the moment: break-glass, and stages authorised before
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
  {"resident_number": "y-1", "household_number": "H1", "name": "甲", "oaza": "海ノ口", "lon": 138.451, "lat": 35.95},
  {"resident_number": "y-2", "household_number": "H2", "name": "乙", "oaza": "海ノ口", "lon": 138.455, "lat": 35.95}]$$);
SELECT passport.add_device(resident_id, 'fcm', 'token-' || resident_number)
  FROM passport.resident WHERE resident_number LIKE 'y-%' \g /dev/null
CREATE ROLE glass_staff IN ROLE passport_staff;
CREATE ROLE glass_mayor IN ROLE passport_staff, passport_approver;
CREATE ROLE glass_deputy IN ROLE passport_approver;
CREATE ROLE glass_bridge IN ROLE passport_bridge;
SELECT ST_MakeEnvelope(138.45, 35.949, 138.452, 35.951, 4326) AS area \gset

-- break-glass is for approvers, for their own draft, from level 3 on, with a reason
SET SESSION AUTHORIZATION glass_staff;
SELECT alert_id AS of_staff FROM passport.draft_alert('flood', 4, :'area') \gset
SELECT pg_temp.refusal(format('SELECT passport.break_glass(%s, 1, %L)', :of_staff, 'nobody answers the phone'));
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION glass_mayor;
SELECT alert_id AS notice FROM passport.draft_alert('flood', 2, :'area') \gset
SELECT alert_id AS alert FROM passport.draft_alert('flood', 5, :'area') \gset
SELECT pg_temp.refusal(format('SELECT passport.break_glass(%s, %s, %L)', alert, headcount, reason))
  FROM (VALUES (:of_staff, 1, 'nobody answers the phone'), (:notice, 1, 'nobody answers the phone'), (:alert, 2, 'nobody answers the phone'),
               (:alert, 1, NULL), (:alert, 1, 'no time'), (:alert, 1, 'of 1234 5678 9018, who is away'), (-1, 1, 'nobody answers the phone'))
    AS t(alert, headcount, reason);
SELECT * FROM passport.break_glass(:alert, 1, '電話がどこにもつながらない');
SELECT * FROM passport.break_glass(:alert, 1, '電話がどこにもつながらない');
SELECT alert_id = :alert AS alone, level, sent_by, reason FROM passport.break_glass_unreviewed;
SELECT pg_temp.refusal(format('SELECT passport.review_break_glass(%s, true, %L)', :alert, 'all right'));
RESET SESSION AUTHORIZATION;
SELECT drafted_by, approved_by, alone FROM passport.alert WHERE alert_id = :alert;
SELECT passport.alarm_banner_html() LIKE '%一人で送られました%電話がどこにも%' AS in_the_report;
-- it is one way only: the row itself refuses one person
SELECT left(pg_temp.refusal(format('UPDATE passport.alert SET alone = false WHERE alert_id = %s', :alert)), 5);

-- another looks at it, once
SET SESSION AUTHORIZATION glass_deputy;
SELECT pg_temp.refusal(format('SELECT passport.review_break_glass(%s, %L, %L)', alert, justified, remark))
  FROM (VALUES (:of_staff, 'true', 'x'), (:alert, NULL, 'x'), (:alert, 'true', ''), (:alert, 'true', 'of 1234 5678 9018')) AS t(alert, justified, remark);
SELECT passport.review_break_glass(:alert, true, '正しい判断だった');
SELECT pg_temp.refusal(format('SELECT passport.review_break_glass(%s, false, %L)', :alert, 'x'));
RESET SESSION AUTHORIZATION;
SELECT count(*) AS unreviewed, passport.alarm_banner_html() AS report FROM passport.break_glass_unreviewed;
SELECT reviewed_by, justified, remark FROM passport.break_glass_use WHERE alert_id = :alert;
SELECT recipients FROM passport.cancel_alert(:alert, 'end of this part');

-- an update as well, under its own number: one person alone can raise an order when the water rises on
SET SESSION AUTHORIZATION glass_staff;
SELECT alert_id AS evacuate FROM passport.draft_alert('flood', 4, :'area', repeat => true) \gset
SET SESSION AUTHORIZATION glass_mayor;
SELECT recipients FROM passport.approve_alert(:evacuate, 1);
SELECT update_no AS lower FROM passport.update_alert(:evacuate, level => 2) \gset
SELECT pg_temp.refusal(format('SELECT passport.break_glass_update(%s, %s, 1, %L)', :evacuate, :lower, 'nobody answers the phone'));
SELECT update_no AS raised FROM passport.update_alert(:evacuate, level => 5, repeat => true) \gset
SELECT pg_temp.refusal(format('SELECT passport.approve_update(%s, %s, 1)', :evacuate, :raised));
SELECT pg_temp.refusal(format('SELECT passport.break_glass_update(%s, %s, %s, %L)', :evacuate, update_no, headcount, reason))
  FROM (VALUES (99, 1, 'nobody answers the phone'), (:lower, 1, 'nobody answers the phone'), (:raised, 2, 'nobody answers the phone'), (:raised, 1, 'no time')) AS t(update_no, headcount, reason);
SELECT * FROM passport.break_glass_update(:evacuate, :raised, 1, '電話がまだつながらない');
SELECT recipients FROM passport.break_glass_update(:evacuate, :raised, 1, '電話がまだつながらない');
SELECT alert_id = :evacuate AS evacuate, message_no = :raised AS raised, level, sent_by, reason FROM passport.break_glass_unreviewed;
SELECT pg_temp.refusal(format('SELECT passport.review_break_glass(%s, true, %L, %s)', :evacuate, 'all right', :raised));
RESET SESSION AUTHORIZATION;
SELECT level, (SELECT alone FROM passport.alert_update WHERE alert_id = :evacuate AND update_no = :raised) AS alone FROM passport.alert WHERE alert_id = :evacuate;
SELECT passport.alarm_banner_html() LIKE '%の更新 ' || :raised || ' は一人で送られました%' AS in_the_report;
SET SESSION AUTHORIZATION glass_staff;
SELECT update_no AS of_staff FROM passport.update_alert(:evacuate, level => 4, repeat => true) \gset
SET SESSION AUTHORIZATION glass_mayor;
SELECT pg_temp.refusal(format('SELECT passport.break_glass_update(%s, %s, 1, %L)', :evacuate, :of_staff, 'nobody answers the phone'));
SET SESSION AUTHORIZATION glass_deputy;
SELECT pg_temp.refusal(format('SELECT passport.review_break_glass(%s, true, %L)', :evacuate, 'which was sent by two'));
SELECT passport.review_break_glass(:evacuate, true, '正しい判断だった', :raised);
RESET SESSION AUTHORIZATION;
SELECT count(*) AS unreviewed FROM passport.break_glass_unreviewed;
SELECT recipients FROM passport.cancel_alert(:evacuate, 'end of this part');

-- a sensor with three stages and a zone at the first of the two residents
SELECT passport.define_sensor('y', '{"noise": 0.05, "stages": [{"stage": 1, "up": 2}, {"stage": 2, "up": 3}, {"stage": 3, "up": 4}]}');
SELECT zone_id AS near FROM passport.import_hazard_zones('{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry":
  {"type": "Polygon", "coordinates": [[[138.45, 35.949], [138.452, 35.949], [138.452, 35.951], [138.45, 35.951], [138.45, 35.949]]]}}]}', 'flood', 'authority test') \gset
SET SESSION AUTHORIZATION glass_mayor;
SELECT pg_temp.refusal(format('SELECT passport.authorise_stage(%L, %s, %L, %s, %L)', sensor, stage, 'flood', level, until))
  FROM (VALUES ('none', 2, 3, '2026-12-31'), ('y', 2, 3, '2026-12-31'), ('y', 4, 3, '2026-12-31'), ('y', 2, 6, '2026-12-31'),
               ('y', 2, 3, '2026-07-01 04:40+09'), ('y', 2, 3, '2027-12-31'), ('y', 2, 3, NULL)) AS t(sensor, stage, level, until);
RESET SESSION AUTHORIZATION;
SELECT passport.assign_zones('y', 1, ARRAY[:near]);
SET SESSION AUTHORIZATION glass_mayor;
SELECT authority_id AS two, headcount FROM passport.authorise_stage('y', 2, 'flood', 3, '2026-12-31') \gset
SELECT authority_id AS three FROM passport.authorise_stage('y', 3, 'flood', 4, '2026-12-31') \gset
SELECT pg_temp.refusal(format('SELECT passport.confirm_authority(%s, 1)', :two));
RESET SESSION AUTHORIZATION;

-- not confirmed: nothing goes out
SAVEPOINT before_confirmation;
SELECT verdict, stage FROM passport.record_readings('y', '{2026-07-01 04:20+09,2026-07-01 04:30+09}', '{1.0,3.1}');
SELECT count(*) AS answers FROM passport.stage_answer;
ROLLBACK TO before_confirmation;

SET SESSION AUTHORIZATION glass_deputy;
SELECT pg_temp.refusal(format('SELECT passport.confirm_authority(%s, %s)', a, n)) FROM (VALUES (-1, 1), (:two, 2)) AS t(a, n);
SELECT passport.confirm_authority(:two, 1), passport.confirm_authority(:two, 1) AS again, passport.confirm_authority(:three, 1);
SELECT sensor, stage, level, headcount, authorised_by, confirmed_by, holds FROM passport.stage_authority_now ORDER BY stage;
RESET SESSION AUTHORIZATION;

CREATE FUNCTION pg_temp.outcome(OUT stage int, OUT outcome text, OUT level int, OUT mode text, OUT drafted_by text, OUT approved_by text, OUT messages text)
  RETURNS SETOF record LANGUAGE sql AS $$
  SELECT s.stage, s.outcome, a.level, a.mode, a.drafted_by, a.approved_by,
         (SELECT string_agg(m.message || ' ' || m.level || ' to ' || m.recipients, ', ' ORDER BY m.message_no) FROM passport.alert_message AS m WHERE m.alert_id = a.alert_id)
    FROM passport.stage_answer AS s LEFT JOIN passport.alert AS a USING (alert_id) WHERE s.answered_at = passport.now()
$$;
-- a reading that the gate holds moves no stage, and sends nothing; the second that agrees does
SELECT passport.define_sensor('y', '{"max_rise": 1}');
SET SESSION AUTHORIZATION glass_bridge;
SELECT verdict, stage FROM passport.record_readings('y', '{2026-07-01 04:20+09,2026-07-01 04:30+09}', '{1.0,3.2}');
RESET SESSION AUTHORIZATION;
SELECT count(*) AS answers FROM passport.stage_answer;
SET LOCAL passport.clock = '2026-07-01 04:45+09';
SET SESSION AUTHORIZATION glass_bridge;
SELECT verdict, stage FROM passport.record_readings('y', '{2026-07-01 04:40+09}', '{3.2}');
SELECT verdict, stage FROM passport.record_readings('y', '{2026-07-01 04:44+09}', '{3.3}');
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.outcome();
SELECT lane, mode, deliveries, texts #>> '{ja,title}' AS title FROM passport.notification WHERE event_key LIKE 'alert:%' ORDER BY notification_id DESC LIMIT 1;

-- the next stage raises the same alert; falling and rising again says nothing twice; nothing above what was authorised
SET LOCAL passport.clock = '2026-07-01 05:05+09';
SELECT verdict, stage FROM passport.record_readings('y', '{2026-07-01 04:55+09,2026-07-01 05:05+09}', '{3.9,4.5}');
SELECT * FROM pg_temp.outcome();
SET LOCAL passport.clock = '2026-07-01 06:40+09';
SELECT verdict, stage FROM passport.record_readings('y', '{2026-07-01 05:30+09,2026-07-01 05:50+09,2026-07-01 06:10+09,2026-07-01 06:29+09}', '{3.5,3.5,3.5,3.5}');
SELECT verdict, stage FROM passport.record_readings('y', '{2026-07-01 06:40+09}', '{4.2}');
SELECT stage, outcome, messages FROM pg_temp.outcome();

-- another flood after the all clear, at once: water that rises again is no repetition
UPDATE passport.alert SET state = 'ended', ended_at = passport.now() WHERE state = 'approved';
SET LOCAL passport.clock = '2026-07-01 08:00+09';
SELECT array_agg(stage ORDER BY observed_at) AS stages FROM passport.record_readings('y', '{2026-07-01 06:50+09,2026-07-01 07:10+09,2026-07-01 07:30+09,2026-07-01 07:50+09}', '{3.5,2.9,2.5,2.5}');
SELECT stage FROM passport.record_readings('y', '{2026-07-01 08:00+09}', '{3.2}');
SELECT stage, outcome, level, messages FROM pg_temp.outcome();

-- the area has grown since it was authorised: a person must look
UPDATE passport.alert SET state = 'ended', ended_at = passport.now() WHERE state = 'approved';
SELECT imported FROM passport.import_residents((SELECT jsonb_agg(jsonb_build_object('resident_number', 'many-' || n, 'name', '移住者', 'lon', 138.451, 'lat', 35.95)) FROM generate_series(1, 21) AS n));
SET LOCAL passport.clock = '2026-07-01 08:10+09';
SELECT stage FROM passport.record_readings('y', '{2026-07-01 08:10+09}', '{4.1}');
SELECT stage, outcome, messages FROM pg_temp.outcome();
SELECT level, state, sensor FROM passport.alert WHERE alert_id = (SELECT max(alert_id) FROM passport.stage_answer);

-- each sensor has its own: the rise of another is an order of nobody
SELECT passport.define_sensor('z2', '{"noise": 0.05, "stages": [{"stage": 2, "up": 3}, {"stage": 3, "up": 4}]}'), passport.assign_zones('z2', 2, ARRAY[:near]);
SELECT array_agg(stage ORDER BY observed_at) AS stages FROM passport.record_readings('z2', '{2026-07-01 08:00+09,2026-07-01 08:10+09}', '{3.9,4.1}');
SELECT count(*) AS answers FROM passport.stage_answer WHERE sensor = 'z2';
SELECT count(*) AS alerts FROM passport.alert WHERE sensor = 'z2';

-- what would be refused on the day is refused when it is authorised
INSERT INTO passport.hazard_zone (kind, source, properties, area, digest)
SELECT 'flood', 'authority test', '{}', ST_Multi(z.area), sha256(z.name::bytea)
  FROM (VALUES ('foreign', ST_MakeEnvelope(139.45, 35.949, 139.452, 35.951, 4326)), ('huge', ST_Buffer('SRID=4326;POINT(138.45 35.95)'::geometry, 0.02, 25001))) AS z(name, area)
RETURNING zone_id \g /dev/null
SELECT zone_id AS foreign FROM passport.hazard_zone WHERE digest = sha256('foreign') \gset
SELECT zone_id AS huge FROM passport.hazard_zone WHERE digest = sha256('huge') \gset
CREATE FUNCTION pg_temp.authorised(VARIADIC zones bigint[]) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  PERFORM passport.assign_zones('z2', 2, zones);
  RETURN pg_temp.refusal($q$SELECT passport.authorise_stage('z2', 2, 'flood', 3, '2026-12-31')$q$);
END $$;
SELECT pg_temp.authorised(:foreign) AS foreign, pg_temp.authorised(:near, :foreign) AS partly, pg_temp.authorised(:huge) AS huge;
SELECT passport.set_reach('z2', '{"type": "Polygon", "coordinates": [[[138.40, 35.91], [138.41, 35.91], [138.41, 35.92], [138.40, 35.91]]]}');
SELECT pg_temp.authorised(:near) AS beyond_reach;
SELECT passport.set_reach('z2', NULL), passport.assign_zones('z2', 2, ARRAY[:near]);

-- and when it is confirmed, for zones change; and every day, so that staff hear of it before the water comes
SET SESSION AUTHORIZATION glass_mayor;
SELECT authority_id AS late, headcount AS many FROM passport.authorise_stage('z2', 2, 'flood', 3, '2026-12-31') \gset
RESET SESSION AUTHORIZATION;
SELECT passport.assign_zones('z2', 2, ARRAY[:foreign]);
SET SESSION AUTHORIZATION glass_deputy;
SELECT pg_temp.refusal(format('SELECT passport.confirm_authority(%s, %s)', :late, :many));
RESET SESSION AUTHORIZATION;
SELECT passport.assign_zones('z2', 2, ARRAY[:near]);
SET SESSION AUTHORIZATION glass_deputy;
SELECT passport.confirm_authority(:late, :many);
RESET SESSION AUTHORIZATION;
-- of that of y, 21 have moved in since
SELECT passport.review_authorities();
SELECT sensor, stage, problem FROM passport.stage_authority_now ORDER BY 1, 2;
SELECT passport.assign_zones('z2', 2, ARRAY[:foreign]);
SELECT passport.review_authorities(), passport.review_authorities() AS again;
SELECT what, stage, at, detail FROM passport.report_water WHERE sensor = 'z2' ORDER BY what;
SELECT passport.assign_zones('z2', 2, ARRAY[:near]), passport.run_job('review_authorities');
SELECT count(*) AS unfit FROM passport.report_water WHERE sensor = 'z2' AND what = 'authority_unfit';
SELECT sensor FROM passport.stage_authority_now WHERE problem IS NULL;
SELECT passport.withdraw_authority(:late);

-- what fails is alarmed, and the reading is there; taken back or over, nothing goes out
SAVEPOINT broken;
DELETE FROM passport.sensor_zone WHERE sensor = 'y';
UPDATE passport.sensor_state SET stage = 2 WHERE sensor = 'y';
SET LOCAL passport.clock = '2026-07-01 08:20+09';
SELECT verdict, stage FROM passport.record_readings('y', '{2026-07-01 08:20+09}', '{4.2}');
SELECT stage, outcome FROM pg_temp.outcome();
ROLLBACK TO broken;
SET SESSION AUTHORIZATION glass_deputy;
SELECT passport.withdraw_authority(:three), passport.withdraw_authority(:three) AS again;
SELECT pg_temp.refusal(format('SELECT passport.confirm_authority(%s, 1)', :three)), pg_temp.refusal('SELECT passport.withdraw_authority(-1)');
SELECT stage FROM passport.stage_authority_now;
RESET SESSION AUTHORIZATION;
SET LOCAL passport.clock = '2027-01-01 04:40+09';
SELECT count(*) FROM passport.stage_authority_now;
SELECT array_agg(stage ORDER BY observed_at) AS stages FROM passport.record_readings('y', '{2027-01-01 03:40+09,2027-01-01 04:20+09,2027-01-01 04:30+09}', '{1,1,2.5}');
SELECT verdict, stage FROM passport.record_readings('y', '{2027-01-01 04:40+09}', '{3.4}');
SELECT count(*) AS answers FROM pg_temp.outcome();

-- a higher stage of the same level floods more: the alert in force is widened to it, once, and keeps what staff drew beside
SET LOCAL passport.clock = '2026-07-02 04:00+09';
SELECT passport.define_sensor('z', '{"stages": [{"stage": 2, "up": 3}, {"stage": 3, "up": 4}]}'), passport.assign_zones('z', 2, ARRAY[:near]);
SELECT passport.assign_zones('z', 3, array_agg(zone_id)) FROM passport.import_hazard_zones('{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry":
  {"type": "Polygon", "coordinates": [[[138.454, 35.949], [138.456, 35.949], [138.456, 35.951], [138.454, 35.951], [138.454, 35.949]]]}}]}', 'flood', 'authority test');
UPDATE passport.resident SET status = 'moved_out' WHERE resident_number LIKE 'many-%';
SET SESSION AUTHORIZATION glass_mayor;
SELECT authority_id AS of_three, headcount FROM passport.authorise_stage('z', 3, 'flood', 4, '2026-12-31') \gset
SELECT authority_id AS of_two FROM passport.authorise_stage('z', 2, 'flood', 4, '2026-12-31') \gset
SET SESSION AUTHORIZATION glass_deputy;
SELECT passport.confirm_authority(:of_three, 2), passport.confirm_authority(:of_two, 1);
RESET SESSION AUTHORIZATION;
SELECT stage FROM passport.record_readings('z', '{2026-07-02 03:50+09, 2026-07-02 04:00+09}', '{2, 3.2}');
SELECT stage, outcome, messages FROM pg_temp.outcome();
SET LOCAL passport.clock = '2026-07-02 04:10+09';
SELECT stage FROM passport.record_readings('z', '{2026-07-02 04:10+09}', '{4.1}');
SELECT stage, outcome, messages FROM pg_temp.outcome();
SELECT string_agg(resident_number, ' ' ORDER BY resident_number) AS inside FROM passport.alert_inside JOIN passport.resident USING (resident_id)
 WHERE alert_id = (SELECT max(alert_id) FROM passport.stage_answer);
SET LOCAL passport.clock = '2026-07-02 06:00+09';
SELECT stage FROM passport.record_readings('z', '{2026-07-02 04:40+09, 2026-07-02 05:10+09, 2026-07-02 05:50+09, 2026-07-02 06:00+09}', '{3.5, 3.5, 3.5, 4.1}');
SELECT stage, outcome, messages FROM pg_temp.outcome();
-- a batch in which the water fell and rose again, to less than it was, is a rise after an alert that is over
UPDATE passport.alert SET state = 'ended', ended_at = passport.now() WHERE state = 'approved';
SET LOCAL passport.clock = '2026-07-02 08:00+09';
SELECT stage FROM passport.record_readings('z', '{2026-07-02 07:10+09, 2026-07-02 07:50+09, 2026-07-02 08:00+09}', '{1, 1, 3.1}');
SELECT stage, outcome, messages FROM pg_temp.outcome();

-- what a person believes of what the gate held goes out as well: the river was looked at
SELECT passport.define_sensor('z', '{"max_rise": 0.1}');
UPDATE passport.alert SET state = 'ended', ended_at = passport.now() WHERE state = 'approved';
SET LOCAL passport.clock = '2026-07-02 08:10+09';
SELECT verdict, stage FROM passport.record_readings('z', '{2026-07-02 08:10+09}', '{4.5}');
SELECT count(*) AS answers FROM pg_temp.outcome();
SELECT passport.confirm_reading('z', '2026-07-02 08:10+09');
SELECT stage, outcome, messages FROM pg_temp.outcome();
SELECT pg_temp.refusal('DELETE FROM passport.stage_authority'), pg_temp.refusal('DELETE FROM passport.break_glass_use'), pg_temp.refusal('UPDATE passport.stage_answer SET stage = 1');
ROLLBACK;
