-- Lanes: quiet hours, limits, what a resident declines, fallbacks and the call list
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set act :abs_srcdir '/fixtures/act.sql'
\i :act
\set ECHO all
\set VERBOSITY terse
SET timezone = 'Asia/Tokyo';
SET datestyle = iso;
SET intervalstyle = postgres;
SET passport.clock = '2026-07-01 20:59:59+09';
BEGIN;
-- what other tests left in the outbox is not ours
DELETE FROM passport.delivery;
DELETE FROM passport.notification_step;
\set text '{"ja": {"title": "題", "body": "文"}}'
-- one of each: app and LINE and mail; LINE and mail; mail; nothing
SELECT imported FROM passport.import_residents('[{"resident_number": "97001", "name": "甲"}, {"resident_number": "97002", "name": "乙"},
  {"resident_number": "97003", "name": "丙"}, {"resident_number": "97004", "name": "丁"}]');
CREATE TEMP VIEW person AS SELECT resident_number AS who, resident_id FROM passport.resident_directory WHERE resident_number LIKE '9700_';
SELECT array_agg(resident_id) AS everybody FROM person \gset
SELECT resident_id AS kou FROM person WHERE who = '97001' \gset
SELECT count(passport.add_device(resident_id, 'fcm', 'app-1')) FROM person WHERE who = '97001';
SELECT count(passport.add_device(resident_id, 'apns', '000102030405060708090a0b0c0d0e0f', NULL, '{"environment": "production"}')) FROM person WHERE who = '97001';
SELECT count(passport.add_device(resident_id, 'line', 'U' || lpad(who, 32, '0'))) FROM person WHERE who <= '97002';
SELECT count(passport.add_device(resident_id, 'smtp', who || '@example.jp')) FROM person WHERE who <= '97003';
UPDATE passport.device SET state = 'active' WHERE state = 'unverified';
CREATE TEMP VIEW waiting AS SELECT p.who, d.channel FROM passport.delivery AS d JOIN person AS p USING (resident_id);

-- the first place that each has; who has none is on the call list at once
SELECT notification_id AS n, deliveries, unreachable FROM passport.notify(:'everybody', 'alert', 'evacuation', :'text', collapse_key => 'a1') \gset
SELECT :deliveries AS deliveries, :unreachable AS unreachable;
SELECT * FROM waiting ORDER BY who, channel;
SELECT p.who, c.reason FROM passport.unreached AS c JOIN person AS p USING (resident_id) WHERE notification_id = :n;
SELECT place, due_at - passport.now() AS after FROM passport.notification_step WHERE notification_id = :n ORDER BY place;

-- by channel: a claim for one takes nothing of the others
SELECT token FROM passport.claim_deliveries('w', 10, '1 min', '{apns,webpush}');
SELECT channel, keys, message_id = (SELECT message_id FROM passport.notification WHERE notification_id = :n) AS known
  FROM passport.claim_deliveries('w', 10, '1 min', '{fcm,line}') ORDER BY channel, token;
-- LINE takes the message to the second person, the app's service does not
SELECT passport.complete_deliveries('w', array_agg(resident_id), array_agg(delivery_id),
         array_agg(CASE channel WHEN 'line' THEN 'delivered' WHEN 'fcm' THEN 'retired' ELSE 'failed' END), array_agg(NULL::text), array_agg(0))
  FROM passport.delivery WHERE worker = 'w';

-- not before the time, and then only for those to whom nothing was delivered
SET LOCAL passport.clock = '2026-07-01 21:00:58+09';
SELECT passport.follow_up();
SET LOCAL passport.clock = '2026-07-01 21:00:59+09';
SELECT passport.follow_up();
SELECT * FROM waiting ORDER BY who, channel;
SELECT passport.follow_up() AS once;
SET LOCAL passport.clock = '2026-07-01 21:01:59+09';
SELECT passport.follow_up();
SELECT * FROM waiting ORDER BY who, channel;
SELECT deliveries FROM passport.notification WHERE notification_id = :n;
SAVEPOINT before_calls;
SET LOCAL passport.clock = '2026-07-01 21:04:59+09';
SELECT passport.follow_up();
SELECT p.who, c.reason FROM passport.unreached AS c JOIN person AS p USING (resident_id) WHERE notification_id = :n ORDER BY who;
ROLLBACK TO before_calls;
-- a later message with the same key takes its place
SELECT deliveries FROM passport.notify(:'everybody', 'alert', 'evacuation', :'text', collapse_key => 'a1');
SET LOCAL passport.clock = '2026-07-01 21:04:59+09';
DELETE FROM passport.notification_step WHERE notification_id <> :n;
SELECT passport.follow_up() AS superseded;
ROLLBACK TO before_calls;
-- of those alone for whom it is meant: an alert's broadcast goes to others than the alert
SELECT deliveries FROM passport.notify(ARRAY[:kou], 'alert', 'broadcast', :'text', collapse_key => 'a1');
SET LOCAL passport.clock = '2026-07-01 21:04:59+09';
DELETE FROM passport.notification_step WHERE notification_id <> :n;
SELECT passport.follow_up() AS of_the_others;
SELECT p.who, c.reason FROM passport.unreached AS c JOIN person AS p USING (resident_id) WHERE notification_id = :n ORDER BY who;
ROLLBACK TO before_calls;
-- nor does one follow that has expired
UPDATE passport.notification SET expires_at = passport.now() WHERE notification_id = :n;
SET LOCAL passport.clock = '2026-07-01 21:04:59+09';
SELECT passport.follow_up() AS expired;
ROLLBACK TO before_calls;
-- the app's service had called its token dead; the app registers it again
SELECT passport.add_device(:kou, 'fcm', 'app-1') > 0 AS active_again;
-- a drill follows nobody and lists nobody
DELETE FROM passport.delivery;
SELECT deliveries, unreachable FROM passport.notify(:'everybody', 'alert', 'evacuation', :'text', mode => 'drill');
SELECT count(*) FROM passport.notification_step AS s JOIN passport.notification AS n USING (notification_id) WHERE n.mode = 'drill';
SELECT count(*) FROM passport.unreached AS c JOIN passport.notification AS n USING (notification_id) WHERE n.mode = 'drill';

-- quiet hours: bulk waits for the morning, a warning does not
SET LOCAL passport.clock = '2026-07-01 21:00+09';
SELECT deliveries FROM passport.notify(:'everybody', 'news', 'bulk', :'text');
SELECT deliveries FROM passport.notify(ARRAY[:kou], 'alert', 'disaster', :'text');
SELECT array_agg(DISTINCT priority) FROM passport.claim_deliveries('w', 100, '1 min');
SET LOCAL passport.clock = '2026-07-02 06:59:59+09';
SELECT count(*) FROM passport.claim_deliveries('w', 100, '1 min');
SELECT lane, oldest_seconds FROM passport.outbox_state() WHERE lane = 'bulk' AND oldest_seconds IS NOT NULL;
SET LOCAL passport.clock = '2026-07-02 07:00+09';
SAVEPOINT morning;
SELECT array_agg(channel ORDER BY channel) FROM passport.claim_deliveries('w', 100, '1 min');
ROLLBACK TO morning;
-- a limit: so many in a minute, and the rest in the next
SELECT passport.set_lane_rule('bulk', 2, '21:00', '07:00', true);
SELECT count(*) FROM passport.claim_deliveries('w', 1, '1 min');
SELECT count(*) FROM passport.claim_deliveries('w', 100, '1 min');
SELECT count(*) FROM passport.claim_deliveries('w', 100, '1 min');
SET LOCAL passport.clock = '2026-07-02 07:01+09';
SELECT count(*) FROM passport.claim_deliveries('w', 100, '1 min');
ROLLBACK TO morning;

-- what a resident declines does not come, unless it warns
DELETE FROM passport.delivery;
SELECT pg_temp.act('97001');
SELECT passport.set_preference('news', 'fcm', false);
SELECT passport.set_preference('news', 'fcm', false);
SELECT passport.set_preference('alert', 'apns', false);
SELECT kind, channel FROM passport.my_preferences();
SELECT deliveries FROM passport.notify(ARRAY[:kou], 'news', 'bulk', :'text');
SELECT deliveries FROM passport.notify(ARRAY[:kou], 'alert', 'evacuation', :'text');
SELECT n.kind, d.channel FROM passport.delivery AS d JOIN passport.notification AS n USING (notification_id) ORDER BY 1, 2;
DELETE FROM passport.delivery;
-- who declines the app is told by mail; who declines all is not told
SELECT passport.set_preference('news', 'apns', false);
SELECT deliveries, unreachable FROM passport.notify(ARRAY[:kou], 'news', 'bulk', :'text');
SELECT channel FROM passport.delivery;
SELECT passport.set_preference('news', 'smtp', false);
SELECT deliveries, unreachable FROM passport.notify(ARRAY[:kou], 'news', 'bulk', :'text');
SELECT passport.set_preference('news', 'fcm', true);
SELECT deliveries FROM passport.notify(ARRAY[:kou], 'news', 'bulk', :'text');
SELECT passport.set_preference('News!', 'fcm', false);
ROLLBACK TO morning;
SELECT pg_temp.act('97001');
SELECT passport.set_preference('news', 'call', false);
ROLLBACK TO morning;

-- 410: the token died before its app registered it again
DELETE FROM passport.delivery;
SELECT deliveries FROM passport.notify(ARRAY[:kou], 'alert', 'evacuation', :'text');
SELECT count(*) FROM passport.claim_deliveries('w', 10, '1 min');
SELECT passport.complete_deliveries('w', array_agg(resident_id ORDER BY channel), array_agg(delivery_id ORDER BY channel), '{retired,retired}', '{Unregistered,UNREGISTERED}', '{0,0}',
         '{"2026-07-01 20:59:58+09",NULL}') FROM passport.delivery WHERE worker = 'w';
SELECT channel, state FROM passport.device WHERE resident_id = :kou AND channel IN ('apns', 'fcm') ORDER BY 1;
ROLLBACK TO morning;

-- the municipality's own rules, and what they cannot change
SELECT passport.set_fallback('bulk', 2, '3 hours');
SELECT * FROM passport.lane_places('bulk') ORDER BY place;
SELECT passport.set_fallback('evacuation', 4, '10 minutes');
SAVEPOINT refusals;
SELECT passport.set_fallback('evacuation', 4, NULL);
ROLLBACK TO refusals;
SELECT passport.set_fallback('evacuation', 9, '1 minute');
ROLLBACK TO refusals;
SELECT passport.set_fallback('bulk', 2, '-1 minute');
ROLLBACK TO refusals;
SELECT passport.set_lane_rule('evacuation', NULL, '21:00', '07:00', false);
ROLLBACK TO refusals;
SELECT passport.set_lane_rule('evacuation', NULL, NULL, NULL, true);
ROLLBACK TO refusals;
SELECT passport.set_lane_rule('bulk', 0, NULL, NULL, true);
ROLLBACK TO refusals;
SELECT passport.set_lane_rule('bulk', 10, '21:00', NULL, true);
ROLLBACK TO refusals;
SELECT passport.set_lane_rule('express', 10, NULL, NULL, true);
ROLLBACK;
