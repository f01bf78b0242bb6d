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
  ('SELECT passport.claim_drill_deliveries(''live'', 10, ''1 minute'', ''{fcm}'')'),
  ('SELECT passport.complete_drill_deliveries(''live'', ''{0}'', ''{1}'', ''{delivered}'', ''{NULL}'', ''{0}'')'),
  ('SELECT passport.ring_drill_devices(1)'), ('TABLE passport.drill_delivery'), ('TABLE passport.drill_device'),
  ('SET ROLE passport_drill_bridge')) AS t(statement);
RESET SESSION AUTHORIZATION;
-- and whoever wrote a drill's message into the live queue would need more than the bridge: the table is the owner's
SELECT has_table_privilege('passport_bridge', 'passport.delivery', 'INSERT') OR has_table_privilege('passport_drill_bridge', 'passport.delivery', 'SELECT') AS open;

-- the drill bridge: test devices in their languages, each marked; nothing live
SELECT passport.notify(ARRAY(SELECT resident_id FROM passport.resident WHERE resident_number = 'd-1'), 'note', 'personal', '{"ja": {"title": "本物", "body": "本物"}}') IS NOT NULL AS live;
SET SESSION AUTHORIZATION drill_bridge;
SELECT count(*) AS of_another_channel FROM passport.claim_drill_deliveries('drill', 10, '1 minute', '{apns,webpush,line}');
SELECT resident_id, token, title, data - 'alert_id' AS data, ttl, priority, attempt FROM passport.claim_drill_deliveries('drill', 10, '1 minute');
SELECT count(*) AS leased FROM passport.claim_drill_deliveries('other', 10, '1 minute');
SELECT pg_temp.refusal(statement) FROM (VALUES
  ('SELECT passport.claim_deliveries(''drill'', 10, ''1 minute'')'), ('SELECT passport.claim_deliveries(''drill'', 10, ''1 minute'', ''{fcm}'')'),
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

-- a test phone that a resident registers is none from then on; what is too late is not sent
UPDATE passport.drill_delivery SET not_before = '2020-01-01' WHERE outcome IS NULL;
SAVEPOINT registered;
SELECT passport.add_device(resident_id, 'fcm', 'test-1') > 0 AS registered FROM passport.resident WHERE resident_number = 'd-1';
SELECT count(*) FROM passport.claim_drill_deliveries('drill', 10, '1 minute');
SELECT outcome, finished_at IS NOT NULL AS finished, lease_until > clock_timestamp() AS leased FROM passport.drill_delivery ORDER BY delivery_id;
ROLLBACK TO registered;
SET LOCAL passport.clock = '2026-07-01 17:00+09';
SELECT count(*) FROM passport.claim_drill_deliveries('drill', 10, '1 minute');
SELECT outcome FROM passport.drill_delivery ORDER BY delivery_id;
SET SESSION AUTHORIZATION drill_admin;
SELECT passport.remove_drill_device(:one), pg_temp.refusal('SELECT passport.remove_drill_device(-1)');
RESET SESSION AUTHORIZATION;
-- what waits for a device that was taken out goes with it; what a worker holds is left to the worker
SAVEPOINT taken_out;
SET LOCAL passport.clock = '2026-07-01 10:00+09';
SELECT passport.add_drill_device('係', 'fcm', 'test-4') AS four, passport.add_drill_device('係', 'fcm', 'test-5') AS five \gset
SELECT passport.ring_drill_devices(max(notification_id)) FROM passport.notification WHERE mode = 'drill';
SELECT token FROM passport.claim_drill_deliveries('drill', 1, '1 minute');
SELECT passport.remove_drill_device(device) FROM unnest(ARRAY[:four, :five]) AS device \g /dev/null
SELECT count(*) FROM passport.claim_drill_deliveries('other', 10, '1 minute');
SELECT token, outcome, worker FROM passport.drill_delivery JOIN passport.drill_device USING (drill_device_id) WHERE drill_device_id IN (:four, :five) ORDER BY 1;
ROLLBACK TO taken_out;
SET LOCAL passport.clock = '2026-07-01 17:00+09';
-- a drill on each channel that has test devices; mail has none; a token that was dead before it was added again stays
SET SESSION AUTHORIZATION drill_admin;
SELECT pg_temp.refusal(format('SELECT passport.add_drill_device(''x'', %L, %L, keys => %L)', channel, token, keys))
  FROM (VALUES ('smtp', 'desk@example.jp', NULL), ('apns', repeat('ab', 32), NULL), ('fcm', 'test-3', '{}')) AS t(channel, token, keys);
SELECT passport.add_drill_device('防災係', 'apns', repeat('ab', 32), keys => '{"environment": "sandbox"}') AS apns,
       passport.add_drill_device('防災係', 'line', 'U' || repeat('ab', 16)) AS line \gset
RESET SESSION AUTHORIZATION;
SELECT passport.ring_drill_devices(max(notification_id)) FROM passport.notification WHERE mode = 'drill';
UPDATE passport.notification SET expires_at = passport.now() + interval '1 hour' WHERE mode = 'drill';
SET SESSION AUTHORIZATION drill_bridge;
SELECT delivery_id AS apns_delivery, channel, keys, message_id IS NOT NULL AS told_apart FROM passport.claim_drill_deliveries('drill', 10, '1 minute', '{apns}') \gset
\echo :channel :keys :told_apart
SELECT c.channel, c.keys, passport.complete_drill_deliveries('drill', '{0}', ARRAY[c.delivery_id], '{delivered}', '{NULL}', '{0}') AS done
  FROM passport.claim_drill_deliveries('drill', 10, '1 minute', '{apns,line}') AS c;
SELECT passport.complete_drill_deliveries('drill', '{0}', ARRAY[:apns_delivery], '{retired}', '{Unregistered}', '{0}', ARRAY[passport.now() - interval '1 day']) AS done;
RESET SESSION AUTHORIZATION;
SELECT drill_device_id = :apns AS apns, retired_at IS NOT NULL AS retired FROM passport.drill_device WHERE drill_device_id IN (:apns, :line) ORDER BY drill_device_id;
-- one bridge speaks to both queues in the same words
SELECT count(*) AS functions, count(DISTINCT (p.proargnames, p.proargmodes, coalesce(p.proallargtypes, p.proargtypes::oid[]), p.prorettype)) AS shapes
  FROM pg_proc AS p WHERE p.pronamespace = 'passport'::regnamespace AND p.proname ~ '^(claim|complete)_(drill_)?deliveries$';
-- a live message rings no test device
SELECT passport.ring_drill_devices(max(notification_id)) FROM passport.notification WHERE mode = 'live';
SELECT count(*) FROM passport.drill_delivery WHERE outcome IS NULL;
ROLLBACK;
