-- A drill rings test devices only, over a bridge of its own; neither bridge reaches what is the other's
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2026-07-01 10:00+09';
SET LOCAL passport.least_count = 0;
UPDATE passport.resident SET status = 'moved_out';
DELETE FROM passport.delivery;
DELETE FROM passport.municipality_area;
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村',
  ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
SELECT imported FROM passport.import_residents($$[
  {"resident_number": "d-1", "name": "甲", "oaza": "海ノ口", "lon": 138.451, "lat": 35.951}]$$);
SELECT passport.add_device(resident_id, 'fcm', 'phone-of-a-resident') > 0 AS device FROM passport.resident WHERE resident_number = 'd-1';
CREATE ROLE drill_live IN ROLE passport_bridge;
CREATE ROLE drill_bridge IN ROLE passport_drill_bridge;
CREATE ROLE drill_admin IN ROLE passport_admin;

-- test devices: no resident's, each once
SET SESSION AUTHORIZATION drill_admin;
SELECT pg_temp.refusal(format('SELECT passport.add_drill_device(%L, %L, %L, %L)', holder, channel, token, language))
  FROM (VALUES ('防災係', 'fcm', 'phone-of-a-resident', 'ja'), ('', 'fcm', 't', 'ja'), ('防災係', 'pigeon', 't', 'ja'), ('防災係', 'fcm', 'a b', 'ja'),
               ('防災係', 'fcm', 't', 'tlh'), ('1234 5678 9018', 'fcm', 't', 'ja')) AS t(holder, channel, token, language);
SELECT passport.add_drill_device('防災係', 'fcm', 'test-1') AS one, passport.add_drill_device('総務', 'fcm', 'test-2', 'en') AS two \gset
SELECT pg_temp.refusal('SELECT passport.add_drill_device(''x'', ''fcm'', ''test-1'')');
RESET SESSION AUTHORIZATION;

SELECT alert_id AS drill FROM passport.draft_alert('flood', 4, ST_MakeEnvelope(138.45, 35.95, 138.46, 35.96, 4326), mode => 'drill') \gset
UPDATE passport.alert SET drafted_by = 'somebody else' WHERE alert_id = :drill;
SELECT * FROM passport.approve_alert(:drill, 1);

-- the live bridge: no drill row can be claimed, completed or even seen
SET SESSION AUTHORIZATION drill_live;
SELECT count(*) FROM passport.claim_deliveries('live', 10000, '1 minute');
SELECT pg_temp.refusal(statement) FROM (VALUES
  ('SELECT passport.claim_drill_deliveries(''live'', 10, ''1 minute'')'),
  ('SELECT passport.complete_drill_deliveries(''live'', ''{0}'', ''{1}'', ''{delivered}'', ''{NULL}'', ''{0}'')'),
  ('SELECT passport.ring_drill_devices(1)'), ('TABLE passport.drill_delivery'), ('TABLE passport.drill_device'),
  ('SET ROLE passport_drill_bridge')) AS t(statement);
RESET SESSION AUTHORIZATION;
-- and whoever wrote a drill's message into the live queue would need more than the bridge: the table is the owner's
SELECT has_table_privilege('passport_bridge', 'passport.delivery', 'INSERT') OR has_table_privilege('passport_drill_bridge', 'passport.delivery', 'SELECT') AS open;

-- the drill bridge: test devices in their languages, each marked; nothing live
SELECT passport.notify(ARRAY(SELECT resident_id FROM passport.resident WHERE resident_number = 'd-1'), 'note', 'personal', '{"ja": {"title": "本物", "body": "本物"}}') IS NOT NULL AS live;
SET SESSION AUTHORIZATION drill_bridge;
SELECT resident_id, token, title, data - 'alert_id' AS data, ttl, priority, attempt FROM passport.claim_drill_deliveries('drill', 10, '1 minute');
SELECT count(*) AS leased FROM passport.claim_drill_deliveries('other', 10, '1 minute');
SELECT pg_temp.refusal(statement) FROM (VALUES
  ('SELECT passport.claim_deliveries(''drill'', 10, ''1 minute'')'),
  ('SELECT passport.complete_deliveries(''drill'', ''{0}'', ''{1}'', ''{delivered}'', ''{NULL}'', ''{0}'')'),
  ('SELECT passport.notify(''{1}'', ''x'', ''bulk'', ''{}'')'), ('TABLE passport.delivery'), ('TABLE passport.device'),
  ('SELECT passport.claim_drill_deliveries(''drill'', 0, ''1 minute'')'), ('SELECT passport.claim_drill_deliveries(''drill'', 1, ''2 hours'')'),
  ('SELECT passport.claim_drill_deliveries(''of 1234 5678 9018'', 1, ''1 minute'')'),
  ('SELECT passport.complete_drill_deliveries(''drill'', ''{0}'', ''{1}'', ''{ignored}'', ''{NULL}'', ''{0}'')')) AS t(statement);
RESET SESSION AUTHORIZATION;
SELECT array_agg(delivery_id ORDER BY delivery_id) AS ids FROM passport.drill_delivery \gset
SET SESSION AUTHORIZATION drill_bridge;
SELECT passport.complete_drill_deliveries('other', '{0,0}', :'ids', '{delivered,delivered}', '{NULL,NULL}', '{0,0}') AS of_others;
SELECT passport.complete_drill_deliveries('drill', '{0,0}', :'ids', '{retry,retired}', '{UNAVAILABLE,UNREGISTERED}', '{60,0}') AS done;
SELECT count(*) AS waits FROM passport.claim_drill_deliveries('drill', 10, '1 minute');
RESET SESSION AUTHORIZATION;
SELECT drill_device_id = :two AS dead, outcome, detail, d.retired_at IS NOT NULL AS retired FROM passport.drill_delivery JOIN passport.drill_device AS d USING (drill_device_id) ORDER BY delivery_id;

-- a test phone that a resident registers is passed over from then on; what is too late is not sent
UPDATE passport.drill_delivery SET not_before = '2020-01-01' WHERE outcome IS NULL;
SAVEPOINT registered;
SELECT passport.add_device(resident_id, 'fcm', 'test-1') > 0 AS registered FROM passport.resident WHERE resident_number = 'd-1';
SELECT count(*) FROM passport.claim_drill_deliveries('drill', 10, '1 minute');
ROLLBACK TO registered;
SET LOCAL passport.clock = '2026-07-01 17:00+09';
SELECT count(*) FROM passport.claim_drill_deliveries('drill', 10, '1 minute');
SELECT outcome FROM passport.drill_delivery ORDER BY delivery_id;
SET SESSION AUTHORIZATION drill_admin;
SELECT passport.remove_drill_device(:one), pg_temp.refusal('SELECT passport.remove_drill_device(-1)');
RESET SESSION AUTHORIZATION;
-- a live message rings no test device
SELECT passport.ring_drill_devices(max(notification_id)) FROM passport.notification WHERE mode = 'live';
SELECT count(*) FROM passport.drill_delivery WHERE outcome IS NULL;
ROLLBACK;
