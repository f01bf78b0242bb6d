-- False alarms that happened, each by its place, its numbers and its acts: none of
-- them may become one here.  Every gauge is watched by an automatic sender that
-- two persons authorised at the level that was reached, so that what the gate lets
-- through would page; "paged" counts the messages on their way to residents.
-- Days are of 2026, with the levels of today; limits are those of a small river.
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/fixtures/clean.sql
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
\pset tuples_only on
SET LOCAL passport.clock = '2026-06-01 09:00+09';
SET LOCAL passport.least_count = 0;
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村', ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
-- three at the river, one on the hill, each with a phone; one test phone at the desk
SELECT imported FROM passport.import_residents((SELECT jsonb_agg(jsonb_build_object('resident_number', 'i' || i, 'household_number', 'I' || i, 'name', 'n',
  'oaza', CASE WHEN i < 4 THEN '海ノ口' ELSE '野辺山' END, 'lon', CASE WHEN i < 4 THEN 138.455 ELSE 138.48 END, 'lat', CASE WHEN i < 4 THEN 35.955 ELSE 35.94 END)) FROM generate_series(1, 4) AS i));
SELECT passport.add_device(resident_id, 'fcm', 'token-' || resident_number) FROM passport.resident \g /dev/null
SELECT passport.add_drill_device('防災係', 'fcm', 'test-phone') \g /dev/null
SELECT zone_id AS zone FROM passport.import_hazard_zones('{"type": "FeatureCollection", "features": [{"type": "Feature", "properties": {}, "geometry":
  {"type": "Polygon", "coordinates": [[[138.45, 35.95], [138.46, 35.95], [138.46, 35.96], [138.45, 35.96], [138.45, 35.95]]]}}]}', 'flood', 'incident test') \gset
SELECT ST_MakeEnvelope(138.45, 35.95, 138.46, 35.96, 4326) AS river, ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326) AS everywhere \gset
CREATE ROLE incident_staff IN ROLE passport_staff;
CREATE ROLE incident_mayor IN ROLE passport_staff, passport_approver;
CREATE ROLE incident_deputy IN ROLE passport_approver;
CREATE ROLE incident_player IN ROLE passport_staff, passport_approver, passport_drill;
CREATE ROLE incident_umpire IN ROLE passport_drill;
CREATE ROLE incident_bridge IN ROLE passport_bridge;
CREATE ROLE incident_test_bridge IN ROLE passport_drill_bridge;

CREATE FUNCTION pg_temp.gauge(sensor text, watched int, more jsonb) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  allowed record;
BEGIN
  PERFORM passport.define_sensor(sensor, '{"range_low": -1, "range_high": 12, "max_rise": 0.6, "max_fall": 0.3, "stale_after": "1 day"}'::jsonb || more);
  PERFORM passport.assign_zones(sensor, watched, ARRAY(SELECT zone_id FROM passport.hazard_zone WHERE source = 'incident test'));
  SET SESSION AUTHORIZATION incident_mayor;
  SELECT * INTO allowed FROM passport.authorise_stage(sensor, watched, 'flood', least(watched, 5), '2027-01-31');
  SET SESSION AUTHORIZATION incident_deputy;
  PERFORM passport.confirm_authority(allowed.authority_id, allowed.headcount);
  RESET SESSION AUTHORIZATION;
END $$;
-- readings that came at times of one day, each at its own time
CREATE FUNCTION pg_temp.come(sensor text, day date, times text, levels double precision[])
  RETURNS TABLE (at time, value double precision, verdict text, reasons text[], stage int)
  LANGUAGE plpgsql AS $$
DECLARE
  moment timestamptz;
  i int := 0;
BEGIN
  FOREACH moment IN ARRAY ARRAY(SELECT (day || ' ' || t)::timestamptz FROM unnest(string_to_array(times, ' ')) AS t) LOOP
    i := i + 1;
    PERFORM set_config('passport.clock', moment::text, true);
    RETURN QUERY SELECT r.observed_at::time, r.value, r.verdict, r.reasons, r.stage
                   FROM passport.record_readings(sensor, ARRAY[moment], levels[i:i]) AS r;
  END LOOP;
END $$;
-- an alert of level 4 from draft to approval, by two persons
CREATE FUNCTION pg_temp.order_of(login name, area geometry, mode text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  drafted record;
  told int;
BEGIN
  EXECUTE format('SET SESSION AUTHORIZATION %I', login);
  SELECT * INTO drafted FROM passport.draft_alert('flood', 4, area, mode => mode);
  EXECUTE format('SET SESSION AUTHORIZATION %I', CASE mode WHEN 'drill' THEN 'incident_umpire' ELSE 'incident_deputy' END);
  SELECT recipients INTO told FROM passport.approve_alert(drafted.alert_id, drafted.headcount);
  RESET SESSION AUTHORIZATION;
  RETURN drafted.alert_id;
END $$;
CREATE FUNCTION pg_temp.paged(OUT paged bigint) LANGUAGE sql AS $$
  SELECT (SELECT count(*) FROM passport.delivery) + (SELECT count(*) FROM passport.delivery_outcome WHERE outcome <> 'drill')
$$;

\echo == 1. 鈴鹿 堀切川 2014-11-04: 3.83 m, 1,256 people were mailed 避難判断水位
SELECT pg_temp.gauge('鈴鹿 堀切川', 3, '{"stages": [{"stage": 3, "up": 3.0, "down": 2.8}]}') \g /dev/null
SELECT * FROM pg_temp.come('鈴鹿 堀切川', '2026-11-04', '10:00 10:10 10:20', '{0.5, 3.83, 0.5}');
SELECT 'paged', * FROM pg_temp.paged();

\echo == 2. 和歌山 報国橋 2013-11-08: 0.88 m at 8:00, 2.58 m at 8:10, threshold 2.2
SELECT pg_temp.gauge('和歌山 報国橋', 3, '{"stages": [{"stage": 3, "up": 2.2, "down": 2.0}]}') \g /dev/null
SELECT * FROM pg_temp.come('和歌山 報国橋', '2026-11-08', '08:00 08:10 08:20', '{0.88, 2.58, 0.88}');
SELECT 'paged', * FROM pg_temp.paged();

\echo == 3. 和歌山 新広橋 2013-10-27: 4.59 m, danger level 2.6
SELECT pg_temp.gauge('和歌山 新広橋', 4, '{"stages": [{"stage": 4, "up": 2.6, "down": 2.4}]}') \g /dev/null
SELECT * FROM pg_temp.come('和歌山 新広橋', '2026-10-27', '08:00 08:10 08:20', '{0.9, 4.59, 0.9}');
SELECT 'paged', * FROM pg_temp.paged();

\echo == 4. 徳島 鮎喰川 2016-08-07: 26 m, 0.95 m an hour before, no rain
SELECT passport.define_sensor('徳島 雨量', '{"kind": "rain", "unit": "mm", "sampling_interval": "1 hour"}') \g /dev/null
SELECT pg_temp.gauge('徳島 鮎喰川', 4, '{"witnesses": [{"witness": "徳島 雨量", "relation": "rain", "movement": 10}],
  "stages": [{"stage": 4, "up": 5, "down": 4.8}]}') \g /dev/null
SELECT * FROM pg_temp.come('徳島 雨量', '2026-08-07', '09:50 10:50', '{0, 0}');
SELECT * FROM pg_temp.come('徳島 鮎喰川', '2026-08-07', '10:00 11:00 11:10', '{0.95, 26, 26}');
-- were the range of the gauge not known, the dry rain gauge would hold it
SELECT passport.define_sensor('徳島 鮎喰川', '{"range_high": null}') \g /dev/null
SELECT * FROM pg_temp.come('徳島 鮎喰川', '2026-08-07', '11:20 11:30 11:40', '{26, 26, 0.95}');
SELECT 'paged', * FROM pg_temp.paged();

\echo == 5. 釧路川 旭橋 2019-08-16: the danger level, without rain and while nothing moved upstream
SELECT passport.define_sensor('釧路 雨量', '{"kind": "rain", "unit": "mm"}'), passport.define_sensor('釧路川 上流', '{"max_rise": 0.6}') \g /dev/null
SELECT pg_temp.gauge('釧路川 旭橋', 4, '{"witnesses": [{"witness": "釧路 雨量", "relation": "rain", "movement": 10},
    {"witness": "釧路川 上流", "relation": "upstream", "movement": 0.3, "travel_time": "30 minutes"}],
  "stages": [{"stage": 2, "up": 2.5, "down": 2.3}, {"stage": 3, "up": 3, "down": 2.8}, {"stage": 4, "up": 3.4, "down": 3.2}]}') \g /dev/null
SELECT * FROM pg_temp.come('釧路 雨量', '2026-08-16', '08:50 09:00 09:10 09:20 09:30', '{0, 0, 0, 0, 0}');
SELECT * FROM pg_temp.come('釧路川 上流', '2026-08-16', '08:50 09:00 09:10 09:20 09:30', '{1.2, 1.21, 1.2, 1.2, 1.21}');
-- the level stays there, reading for reading: no second can tell
SELECT * FROM pg_temp.come('釧路川 旭橋', '2026-08-16', '09:00 09:10 09:20 09:30', '{1.1, 3.5, 3.5, 3.6}');
SELECT sensor, observed_at::time, value, stage, stage_if_true FROM passport.reading_to_confirm;
-- a person looks and sees no flood; the gauge recovers, and stage 3 ends as stages do
SELECT * FROM pg_temp.come('釧路川 旭橋', '2026-08-16', '09:40 09:50 10:20', '{1.1, 1.1, 1.1}');
SELECT count(*) FROM passport.reading_to_confirm;
SELECT 'paged', * FROM pg_temp.paged();

\echo == 6. 松阪 大堀川新橋 2015-08-18: 7.37 m during maintenance
SELECT pg_temp.gauge('松阪 大堀川新橋', 4, '{"stages": [{"stage": 4, "up": 4, "down": 3.8}]}') \g /dev/null
SELECT * FROM pg_temp.come('松阪 大堀川新橋', '2026-08-18', '09:00', '{0.8}');
SELECT passport.set_sensor_state('松阪 大堀川新橋', 'maintenance', '点検') \g /dev/null
SELECT * FROM pg_temp.come('松阪 大堀川新橋', '2026-08-18', '09:10 09:20 09:30', '{7.37, 7.37, 7.37}');
SELECT passport.set_sensor_state('松阪 大堀川新橋', 'in_service') \g /dev/null
SELECT * FROM pg_temp.come('松阪 大堀川新橋', '2026-08-18', '10:00', '{0.8}');
SELECT state, changed_by = session_user AS by_me, reason FROM passport.sensor_service WHERE sensor = '松阪 大堀川新橋' ORDER BY change_id;
SELECT 'paged', * FROM pg_temp.paged();

\echo == and one of the data: 留萌川 KP22.6 2024-09-25: a reading above the flood level, sent again for months
SELECT pg_temp.gauge('留萌川 KP22.6', 5, '{"datum": "elevation", "range_high": null, "stages": [{"stage": 5, "up": 30, "down": 29}]}') \g /dev/null
SET LOCAL passport.clock = '2026-11-01 12:00+09';
SELECT verdict, reasons, stage FROM passport.record_readings('留萌川 KP22.6', '{2026-09-25 12:00+09}', '{30.5}');
SELECT verdict, reasons, stage FROM passport.record_readings('留萌川 KP22.6', '{2026-09-25 12:00+09}', '{30.5}');
SELECT 'paged', * FROM pg_temp.paged();

\echo == nor is all that so because nothing would ever go out: a flood at the first gauge pages those at the river
SAVEPOINT calm;
SELECT * FROM pg_temp.come('鈴鹿 堀切川', '2026-11-05', '10:00 10:50 11:50 12:00', '{0.5, 2.0, 2.9, 3.2}');
SELECT 'paged', * FROM pg_temp.paged();
ROLLBACK TO calm;
SET LOCAL passport.clock = '2026-06-05 10:00+09';

\echo == 7. 和歌山県 Lアラート 2018-05-24: the drill orders of five towns were really mailed
SELECT max(pg_temp.order_of('incident_player', ST_MakeEnvelope(138.45 + 0.001 * i, 35.95, 138.46, 35.96, 4326), 'drill')) AS drill FROM generate_series(1, 5) AS i \gset
SELECT mode, count(*), sum(recipients) AS recipients FROM passport.alert GROUP BY mode;
-- what the live bridge carries, and what other systems take from here
SET SESSION AUTHORIZATION incident_bridge;
SELECT 'claimed', count(*) FROM passport.claim_deliveries('live', 10000, '1 minute');
SELECT pg_temp.refusal('SELECT passport.claim_drill_deliveries(''live'', 10, ''1 minute'')');
RESET SESSION AUTHORIZATION;
SELECT passport.alerts_atom()::text LIKE '%<entry>%' AS in_the_feed, passport.alerts_geojson() #>> '{features,0}' AS on_the_map, passport.public_map() -> 'published' AS cap_files;
SELECT (xpath('/c:alert/c:status/text()', passport.alert_cap(:drill), '{{c,urn:oasis:names:tc:emergency:cap:1.2}}'))[1] AS status;
SET SESSION AUTHORIZATION incident_test_bridge;
SELECT token, left(title, 4) AS title, count(*) FROM passport.claim_drill_deliveries('drill', 10, '1 minute') GROUP BY 1, 2;
RESET SESSION AUTHORIZATION;
SELECT 'paged', * FROM pg_temp.paged();
ROLLBACK TO calm;
SET LOCAL passport.clock = '2026-06-05 10:00+09';

\echo == 8. 大津 2014-06-01: meant 訓練モード, sent as real; the correction came after 40 minutes
-- whoever plays the drill has passport_drill, and with it no mode but that one, forgotten or mistaken
SET SESSION AUTHORIZATION incident_player;
SELECT pg_temp.refusal(format('SELECT passport.draft_alert(%L, 4, %L%s)', 'flood', :'river', mode)) FROM (VALUES (''), (', mode => ''live''')) AS t(mode);
RESET SESSION AUTHORIZATION;
-- what somebody else drafted live, they neither send nor end
SET SESSION AUTHORIZATION incident_staff;
SELECT alert_id AS live, headcount FROM passport.draft_alert('flood', 4, :'river') \gset
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION incident_player;
SELECT pg_temp.refusal(statement) FROM (VALUES (format('SELECT passport.approve_alert(%s, 3)', :live)), (format('SELECT passport.break_glass(%s, 3, %L)', :live, 'this is only a drill')),
  (format('SELECT passport.cancel_alert(%s, %L)', :live, 'x'))) AS t(statement);
RESET SESSION AUTHORIZATION;
SELECT 'paged', * FROM pg_temp.paged();
-- and if two others do make that mistake: the mode stands before the approver, and one person takes it back within a minute, for all who were told
SET SESSION AUTHORIZATION incident_deputy;
SELECT mode, texts #>> '{ja,title}' LIKE '%訓練%' AS marked, headcount FROM passport.alert_draft;
SELECT recipients, deliveries FROM passport.approve_alert(:live, :headcount);
RESET SESSION AUTHORIZATION;
SET LOCAL passport.clock = '2026-06-05 10:01+09';
SET SESSION AUTHORIZATION incident_staff;
SELECT recipients, deliveries FROM passport.cancel_alert(:live, '訓練のつもりで送信');
RESET SESSION AUTHORIZATION;
SELECT lane, data ->> 'message' AS message, deliveries, collapse_key = 'alert-' || :live AS replaces, texts #>> '{ja,title}' AS title FROM passport.notification ORDER BY notification_id;
ROLLBACK TO calm;
SET LOCAL passport.clock = '2026-06-05 10:00+09';

\echo == 9. 赤穂 2018-07-14: a setting of a program ordered 避難指示 by radio and area mail
-- no program can draft or send; what a person drafts is a preview until another approves it
SELECT login, pg_temp.refusal(format('SET ROLE %I; SELECT passport.draft_alert(%L, 4, %L)', login, 'flood', :'river')) FROM (VALUES ('passport_app'), ('passport_bridge'), ('passport_admin'), ('passport_public')) AS t(login);
RESET ROLE;
SET SESSION AUTHORIZATION incident_mayor;
SELECT alert_id AS preview, headcount, households, needing_help FROM passport.draft_alert('flood', 4, :'river') \gset
SELECT :headcount, :households, :needing_help, texts #>> '{ja,title}' FROM passport.alert_draft;
SELECT pg_temp.refusal(format('SELECT passport.approve_alert(%s, %s)', :preview, :headcount));
RESET SESSION AUTHORIZATION;
-- a stage that one person set to send by itself does not
SELECT passport.define_sensor('赤穂 千種川', '{"stages": [{"stage": 2, "up": 2.5}]}'), passport.assign_zones('赤穂 千種川', 2, ARRAY[:zone]) \g /dev/null
SET SESSION AUTHORIZATION incident_mayor;
SELECT authority_id AS alone FROM passport.authorise_stage('赤穂 千種川', 2, 'flood', 4, '2026-12-31') \gset
SELECT pg_temp.refusal(format('SELECT passport.confirm_authority(%s, 3)', :alone));
RESET SESSION AUTHORIZATION;
SELECT * FROM pg_temp.come('赤穂 千種川', '2026-06-05', '10:10 10:20 10:30', '{1.1, 2.4, 2.6}');
SELECT 'paged', * FROM pg_temp.paged();
ROLLBACK TO calm;
SET LOCAL passport.clock = '2026-06-05 10:00+09';

\echo == 10. 宮古島: a test record (解除) that was left over went out with a report on shelters
SET SESSION AUTHORIZATION incident_staff;
SELECT alert_id AS left_over FROM passport.draft_alert('flood', 4, :'river', texts => '{"ja": {"title": "【試験】避難指示 解除", "body": "試験"}}') \gset
RESET SESSION AUTHORIZATION;
SELECT pg_temp.order_of('incident_player', :'river', 'drill') AS drill \gset
SET LOCAL passport.clock = '2026-06-06 10:00+09';
INSERT INTO passport.shelter (shelter_id, name, location, hazards) VALUES ('i1', '社会体育館', passport.point(138.47, 35.96), '{flood}');
SET SESSION AUTHORIZATION incident_staff;
SELECT passport.open_shelter('i1') IS NOT NULL AS opened;
RESET SESSION AUTHORIZATION;
SELECT passport.expire_drafts() AS left_over;
SET SESSION AUTHORIZATION incident_deputy;
SELECT pg_temp.refusal(format('SELECT passport.approve_alert(%s, 3)', :left_over));
RESET SESSION AUTHORIZATION;
SELECT f #>> '{properties,kind}' AS kind, f #>> '{properties,name}' AS name FROM jsonb_array_elements(passport.public_map() -> 'features') AS f WHERE f #>> '{properties,kind}' IN ('alert', 'shelter');
SELECT passport.alerts_atom()::text ~ '試験|訓練|解除' AS in_the_feed;
-- the drill that nobody ended is over, without a word, and rings no test phone a day later
SELECT passport.lapse_alerts() AS over;
SELECT state, ended_by FROM passport.alert WHERE alert_id = :drill;
SET SESSION AUTHORIZATION incident_test_bridge;
SELECT count(*) FROM passport.claim_drill_deliveries('drill', 10, '1 minute');
RESET SESSION AUTHORIZATION;
SELECT 'paged', * FROM pg_temp.paged();
ROLLBACK TO calm;
SET LOCAL passport.clock = '2026-06-05 10:00+09';

\echo == 11. 山口 2019-05-31: a table-top drill was sent to the whole city
SET SESSION AUTHORIZATION incident_umpire;
SELECT pg_temp.refusal(format('SELECT passport.draft_alert(%L, 5, %L)', 'flood', :'everywhere'));
RESET SESSION AUTHORIZATION;
SELECT pg_temp.order_of('incident_player', :'everywhere', 'drill') AS drill \gset
SET SESSION AUTHORIZATION incident_umpire;
SELECT recipients, deliveries FROM passport.broadcast_alert(:drill);
SELECT recipients, deliveries FROM passport.end_alert(:drill);
RESET SESSION AUTHORIZATION;
SELECT data ->> 'message' AS message, mode, left(texts #>> '{ja,title}', 4) AS title, left(texts #>> '{en,title}', 10) AS english FROM passport.notification ORDER BY notification_id;
SELECT outcome, count(*) FROM passport.delivery_outcome GROUP BY 1;
SELECT 'paged', * FROM pg_temp.paged();
ROLLBACK TO calm;
SET LOCAL passport.clock = '2026-06-05 10:00+09';

\echo == 12. 奈良 山添・明日香: an old message was sent a second time while the system was changed
SELECT pg_temp.order_of('incident_mayor', :'river', 'live') AS live \gset
SELECT 'paged', * FROM pg_temp.paged();
-- the new system has what waited in the old one, which has sent it meanwhile; what is new goes out at once (test/t/dump.pl restores a real dump)
SAVEPOINT moved;
UPDATE passport.outbox_home SET home = 'where it was';
SET SESSION AUTHORIZATION incident_bridge;
SELECT 'claimed', count(*) FROM passport.claim_deliveries('new system', 10000, '1 minute');
RESET SESSION AUTHORIZATION;
SELECT pg_temp.order_of('incident_mayor', ST_MakeEnvelope(138.47, 35.93, 138.49, 35.95, 4326), 'live') AS next \gset
SET SESSION AUTHORIZATION incident_bridge;
SELECT 'claimed', count(*), bool_and(data ->> 'alert_id' = :'next') AS new FROM passport.claim_deliveries('new system', 10000, '1 minute');
RESET SESSION AUTHORIZATION;
SELECT waiting, passport.alarm_banner_html() LIKE '%3 messages that wait are held%' AS in_the_report FROM passport.outbox_held;
SELECT passport.release_outbox(false) AS withdrawn, passport.release_outbox(false) AS again;
SELECT pg_temp.refusal('SELECT passport.release_outbox(NULL)');
ROLLBACK TO moved;
-- or it had not: then it goes out, once
UPDATE passport.outbox_home SET home = 'where it was';
SELECT passport.release_outbox(true) AS released, passport.release_outbox(true) AS again;
SET SESSION AUTHORIZATION incident_bridge;
SELECT 'claimed', count(*) FROM passport.claim_deliveries('new system', 10000, '1 minute');
RESET SESSION AUTHORIZATION;
SELECT decision, decided_by = session_user AS by_me FROM passport.outbox_home WHERE waiting > 0;
ROLLBACK TO moved;
-- typed in again it asks, and an old draft of it cannot be approved
SET SESSION AUTHORIZATION incident_mayor;
SELECT pg_temp.refusal(format('SELECT passport.draft_alert(%L, 4, %L)', 'flood', :'river'));
SELECT alert_id AS again FROM passport.draft_alert('flood', 4, :'river', repeat => true) \gset
RESET SESSION AUTHORIZATION;
SET LOCAL passport.clock = '2026-06-05 10:30+09';
SET SESSION AUTHORIZATION incident_deputy;
SELECT pg_temp.refusal(format('SELECT passport.approve_alert(%s, 3)', :again));
RESET SESSION AUTHORIZATION;
-- and what waits past its time is not sent
SET LOCAL passport.clock = '2026-06-05 16:00+09';
SET SESSION AUTHORIZATION incident_bridge;
SELECT 'claimed', count(*) FROM passport.claim_deliveries('live', 10000, '1 minute');
RESET SESSION AUTHORIZATION;
SELECT outcome, count(*) FROM passport.delivery_outcome GROUP BY 1;
ROLLBACK TO calm;
SET LOCAL passport.clock = '2026-06-05 10:00+09';

\echo == 13. 福島 2015-04-14: a drill for one city reached ten other towns
-- an area that leaves the municipality is refused, also for a drill; and so is one that another office operates
SET SESSION AUTHORIZATION incident_umpire;
SELECT pg_temp.refusal(format('SELECT passport.draft_alert(%L, 4, %L, mode => %L)', 'flood', ST_MakeEnvelope(137.5, 35.5, 139.5, 36.5, 4326), 'drill'));
RESET SESSION AUTHORIZATION;
SAVEPOINT apart;
SELECT passport.define_operating_area('uminokuchi', '海ノ口', :'river'), passport.define_operating_area('nobeyama', '野辺山', ST_MakeEnvelope(138.47, 35.90, 138.50, 35.95, 4326)) \g /dev/null
SELECT passport.operate_areas('{uminokuchi}');
SET SESSION AUTHORIZATION incident_staff;
SELECT pg_temp.refusal(format('SELECT passport.draft_alert(%L, 4, %L)', 'flood', :'everywhere'));
RESET SESSION AUTHORIZATION;
ROLLBACK TO apart;
-- an area that was drawn too large is told by its numbers before anything is sent, and not approved by the number that was meant
SET SESSION AUTHORIZATION incident_staff;
SELECT part, headcount, households FROM passport.compare_area(:'everywhere', '鈴鹿 堀切川', 3);
SELECT alert_id AS too_large FROM passport.draft_alert('flood', 4, :'everywhere') \gset
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION incident_deputy;
SELECT area_names, headcount FROM passport.alert_draft;
SELECT pg_temp.refusal(format('SELECT passport.approve_alert(%s, 3)', :too_large));
RESET SESSION AUTHORIZATION;
SELECT 'paged', * FROM pg_temp.paged();
ROLLBACK TO calm;
SET LOCAL passport.clock = '2026-06-05 10:00+09';

\echo == 14. 大船渡: an advisory went out while staff looked whether the automatic sender works
SELECT authority_id AS automatic FROM passport.stage_authority WHERE sensor = '鈴鹿 堀切川' \gset
SET SESSION AUTHORIZATION incident_umpire;
SELECT outcome, alert_id AS drill FROM passport.rehearse_stage(:automatic) \gset
SELECT :'outcome' AS outcome, outcome AS again FROM passport.rehearse_stage(:automatic);
SELECT pg_temp.refusal('SELECT passport.rehearse_stage(-1)');
RESET SESSION AUTHORIZATION;
SELECT mode, level, sensor, recipients, left(texts #>> '{ja,title}', 4) AS title FROM passport.alert;
SELECT stage FROM passport.sensor_state WHERE sensor = '鈴鹿 堀切川';
SELECT count(*) AS answers FROM passport.stage_answer;
SET SESSION AUTHORIZATION incident_test_bridge;
SELECT token, title FROM passport.claim_drill_deliveries('drill', 10, '1 minute');
RESET SESSION AUTHORIZATION;
SELECT 'paged', * FROM pg_temp.paged();
-- in the midst of that the water rises: the drill in force is not taken for an alert
SAVEPOINT real;
SELECT * FROM pg_temp.come('鈴鹿 堀切川', '2026-11-05', '10:00 10:50 11:50 12:00', '{0.5, 2.0, 2.9, 3.2}') \g /dev/null
SELECT outcome FROM passport.stage_answer;
SELECT 'paged', * FROM pg_temp.paged();
ROLLBACK TO real;
-- what holds no longer is not rehearsed; a gauge in maintenance, and a bulletin that is a test or a drill, set nothing off
SET SESSION AUTHORIZATION incident_deputy;
SELECT passport.withdraw_authority(:automatic);
SELECT pg_temp.refusal(format('SELECT passport.rehearse_stage(%s)', :automatic));
RESET SESSION AUTHORIZATION;
SELECT verdict, mode, warnings, level FROM unnest('{試験,訓練}'::text[]) AS status, LATERAL passport.take_weather_bulletin(format(
  '<Report xmlns="http://xml.kishou.go.jp/jmaxml1/"><Control><Title>気象特別警報・警報・注意報</Title><Status>%s</Status><EditorialOffice>長野地方気象台</EditorialOffice></Control>
   <Head xmlns="http://xml.kishou.go.jp/jmaxml1/informationBasis1/"><ReportDateTime>2026-06-05T09:50:00+09:00</ReportDateTime><EventID/><InfoType>発表</InfoType><Serial/><InfoKind>気象警報・注意報</InfoKind>
   <Headline><Text>x</Text><Information type="気象警報・注意報（市町村等）"><Item><Kind><Name>レベル５土砂災害特別警報</Name><Code>39</Code></Kind><Areas><Area><Name>南牧村</Name><Code>2030500</Code></Area></Areas></Item></Information></Headline></Head></Report>', status));
SELECT count(*) AS shown FROM passport.weather_at(passport.now());
SELECT 'paged', * FROM pg_temp.paged();
ROLLBACK;
