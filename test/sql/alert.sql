-- Alerts: two persons, the head-count, drills, cancelling
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/fixtures/transaction.sql
\set ECHO all
SET LOCAL passport.clock = '2026-07-01 04:40+09';
SET LOCAL passport.least_count = 0;
-- a municipality of our own: a square with five residents in three households
UPDATE passport.resident SET status = 'moved_out';
DELETE FROM passport.shelter;
DELETE FROM passport.municipality_area;
INSERT INTO passport.municipality_area VALUES ('203050', '南牧村',
  ST_Multi(ST_MakeEnvelope(138.36, 35.90, 138.55, 36.05, 4326)));
INSERT INTO passport.shelter (shelter_id, name, location, hazards) VALUES
  ('t1', '遠い体育館', passport.point(138.50, 36.00), '{flood}'),
  ('t2', '近い公民館', passport.point(138.47, 35.95), '{flood,earthquake}'),
  ('t3', '地震だけの校庭', passport.point(138.461, 35.95), '{earthquake}'),
  ('t4', '水に浸かる会館', passport.point(138.455, 35.955), '{flood}');
SELECT imported, problems FROM passport.import_residents($$[
  {"resident_number": "alert-1", "household_number": "H1", "name": "甲", "oaza": "海ノ口", "lon": 138.451, "lat": 35.951},
  {"resident_number": "alert-2", "household_number": "H1", "name": "乙", "oaza": "海ノ口", "lon": 138.451, "lat": 35.951, "needs_help": true},
  {"resident_number": "alert-3", "household_number": "H2", "name": "丙", "oaza": "板橋", "lon": 138.452, "lat": 35.952, "language": "en"},
  {"resident_number": "alert-4", "name": "丁", "oaza": "海ノ口", "lon": 138.453, "lat": 35.953},
  {"resident_number": "alert-5", "household_number": "H3", "name": "戊", "oaza": "野辺山", "lon": 138.48, "lat": 35.94}]$$);
SELECT passport.add_device(resident_id, 'fcm', 'token-' || resident_number)
  FROM passport.resident WHERE resident_number IN ('alert-1', 'alert-3', 'alert-5') \g /dev/null
CREATE ROLE alert_drafter IN ROLE passport_staff;
CREATE ROLE alert_mayor IN ROLE passport_staff, passport_approver;
GRANT USAGE ON SCHEMA passport TO passport_staff;
GRANT EXECUTE ON FUNCTION passport.draft_alert TO passport_staff;
GRANT EXECUTE ON FUNCTION passport.approve_alert, passport.cancel_alert TO passport_approver;
SELECT ST_MakeEnvelope(138.45, 35.95, 138.46, 35.96, 4326) AS area \gset

-- areas and arguments that make no sense
SELECT pg_temp.refusal(format('SELECT passport.draft_alert(%L, %s, %L, mode => %L)', hazard, level, area, mode))
  FROM (VALUES
    ('flood', 4, NULL::geometry, 'live'),
    ('flood', 4, ST_MakeEnvelope(138.45, 35.95, 138.46, 35.96, 6668), 'live'),
    ('flood', 4, passport.point(138.45, 35.95), 'live'),
    ('flood', 4, 'SRID=4326;POLYGON EMPTY', 'live'),
    ('flood', 4, 'SRID=4326;POLYGON((138.45 35.95,138.46 35.96,138.46 35.95,138.45 35.96,138.45 35.95))', 'live'),
    ('flood', 4, 'SRID=4326;POLYGON((138.45 35.95,138.46 NaN,138.46 35.95,138.45 35.95))', 'live'),
    ('flood', 4, ST_MakeEnvelope(138.75, 36.15, 138.76, 36.16, 4326), 'live'),
    ('flood', 4, ST_MakeEnvelope(138.45, 35.95, 139.9, 35.96, 4326), 'live'),
    ('flood', 4, :'area', 'test'),
    ('flood', 6, :'area', 'live'),
    ('meteor', 4, :'area', 'live')) AS t(hazard, level, area, mode);
SELECT pg_temp.refusal(format('SELECT passport.draft_alert(%L, 4, %L, %L)', 'flood', :'area', 'no such gauge'));
SELECT pg_temp.refusal(format('SELECT passport.draft_alert(%L, 4, %L, texts => %L)', 'flood', :'area', '{"en": {}}'));
SELECT count(*) FROM passport.alert WHERE drafted_at = passport.now();

-- the draft says whom it would reach, and sends nothing
SET SESSION AUTHORIZATION alert_drafter;
SELECT alert_id AS live, headcount, households, needing_help FROM passport.draft_alert('flood', 4, :'area') \gset
RESET SESSION AUTHORIZATION;
SELECT :headcount AS headcount, :households AS households, :needing_help AS needing_help;
SELECT state, mode, drafted_by, area_names, GeometryType(area), texts #>> '{ja,title}' AS title, texts #>> '{en,body}' AS body,
       (SELECT count(*) FROM jsonb_object_keys(texts)) AS languages
  FROM passport.alert WHERE alert_id = :live;
SELECT count(*) FROM passport.notification WHERE event_key LIKE 'alert:' || :live || ':%';

-- the drafter cannot approve, not even in the approver's role; nor can anybody approve the wrong number
GRANT alert_mayor TO alert_drafter;
SET SESSION AUTHORIZATION alert_drafter;
SET ROLE alert_mayor;
SELECT current_user, pg_temp.refusal(format('SELECT passport.approve_alert(%s, 4)', :live));
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION alert_mayor;
SELECT pg_temp.refusal(format('SELECT passport.approve_alert(%s, %s)', :live, n)) FROM (VALUES ('3'), ('5'), ('NULL')) AS t(n);
SELECT pg_temp.refusal('SELECT passport.approve_alert(-1, 4)');
RESET SESSION AUTHORIZATION;
SELECT state, approved_by FROM passport.alert WHERE alert_id = :live;

-- somebody moved in since: the number must be confirmed as it is now
SAVEPOINT moved;
UPDATE passport.resident SET location = passport.point(138.454, 35.954) WHERE resident_number = 'alert-5';
SET SESSION AUTHORIZATION alert_mayor;
SELECT pg_temp.refusal(format('SELECT passport.approve_alert(%s, 4)', :live));
RESET SESSION AUTHORIZATION;
ROLLBACK TO moved;

SET SESSION AUTHORIZATION alert_mayor;
SELECT * FROM passport.approve_alert(:live, 4);
SELECT * FROM passport.approve_alert(:live, 4);
SELECT pg_temp.refusal(format('SELECT passport.approve_alert(%s, 3)', :live));
RESET SESSION AUTHORIZATION;
SELECT pg_temp.refusal(format('SELECT passport.approve_alert(%s, 4)', :live));
SELECT state, drafted_by, approved_by, recipients, expires_at - approved_at AS sent_for FROM passport.alert WHERE alert_id = :live;
SELECT r.resident_number, t.household_number = '-' || r.resident_id AS alone, t.needs_help
  FROM passport.alert_recipient AS t JOIN passport.resident AS r USING (resident_id) WHERE alert_id = :live ORDER BY 1;
SELECT lane, mode, n.deliveries, n.collapse_key = 'alert-' || :live AS collapses, data - 'alert_id' AS data
  FROM passport.notification AS n WHERE event_key = 'alert:' || :live || ':alert';
SELECT count(*) FROM passport.delivery WHERE notification_id = (SELECT notification_id FROM passport.alert WHERE alert_id = :live);
-- whoever speaks none of our languages gets English, not Japanese
SELECT passport.texts_for('{"ja": 1, "en": 2, "fil": 3, "zh-Hans": 4, "pt": 5}', ARRAY[]::bigint[]) ? 'ne' AS without;
UPDATE passport.resident SET language = 'ne' WHERE resident_number = 'alert-1';
UPDATE passport.resident SET language = 'tl' WHERE resident_number = 'alert-2';
UPDATE passport.resident SET language = 'zh-TW' WHERE resident_number = 'alert-3';
UPDATE passport.resident SET language = 'pt-BR' WHERE resident_number = 'alert-4';
SELECT passport.texts_for('{"ja": 1, "en": 2, "fil": 3, "zh-Hans": 4, "pt": 5}', array_agg(resident_id))
  FROM passport.resident WHERE resident_number LIKE 'alert-%';

-- cancelling is a cancel to the same people, wherever they live by now
UPDATE passport.resident SET location = passport.point(138.50, 35.94) WHERE resident_number = 'alert-3';
SELECT pg_temp.refusal(format('SELECT passport.cancel_alert(%s, %L)', :live, reason))
  FROM (VALUES (NULL), (''), ('by mistake, of 1234 5678 9018'), (repeat('x', 401))) AS t(reason);
SET LOCAL passport.clock = '2026-07-01 05:10+09';
SET SESSION AUTHORIZATION alert_mayor;
SELECT * FROM passport.cancel_alert(:live, '水位計の故障');
SELECT * FROM passport.cancel_alert(:live, '水位計の故障');
SELECT pg_temp.refusal(format('SELECT passport.cancel_alert(%s, %L)', :live, 'another reason'));
SELECT pg_temp.refusal(format('SELECT passport.approve_alert(%s, 4)', :live));
RESET SESSION AUTHORIZATION;
SELECT state, cancelled_by, cancel_reason, (SELECT array_agg(message || ' to ' || recipients ORDER BY message_no) FROM passport.alert_message WHERE alert_id = :live) AS messages
  FROM passport.alert WHERE alert_id = :live;
SELECT lane, mode, deliveries, collapse_key = 'alert-' || :live AS collapses, data ->> 'message' AS message, texts #>> '{ne,title}' AS nepali, texts #>> '{ja,title}' AS title, texts #>> '{en,body}' AS body
  FROM passport.notification WHERE event_key = 'alert:' || :live || ':cancel';

-- a drill is marked and stays a drill; a low level takes the other lane
SET SESSION AUTHORIZATION alert_drafter;
SELECT alert_id AS drill FROM passport.draft_alert('flood', 2, :'area', mode => 'drill',
  texts => '{"ja": {"title": "全員避難", "body": "今すぐ避難してください。"}}') \gset
RESET SESSION AUTHORIZATION;
SELECT recipients FROM passport.approve_alert(:drill, 3);
SELECT * FROM passport.cancel_alert(:drill, '終了');
SELECT a.mode, n.lane, n.mode, n.data ->> 'mode' AS app, n.data ->> 'message' AS message, v ->> 'title' AS title
  FROM passport.notification AS n JOIN passport.alert AS a ON a.alert_id = :drill,
       jsonb_each(n.texts) AS t(k, v)
 WHERE n.event_key LIKE 'alert:' || :drill || ':%' AND k IN ('ja', 'en') ORDER BY message, k;
SELECT count(*) FROM passport.delivery
 WHERE notification_id IN (SELECT notification_id FROM passport.notification WHERE event_key LIKE 'alert:' || :drill || ':%');

-- a draft goes stale after half an hour, and an unused one is dropped without a word
SELECT alert_id AS stale FROM passport.draft_alert('flood', 3, :'area') \gset
SELECT alert_id AS dropped FROM passport.draft_alert('flood', 3, :'area') \gset
SELECT * FROM passport.cancel_alert(:dropped, 'zu viel');
SET LOCAL passport.clock = '2026-07-01 05:40+09';
SET SESSION AUTHORIZATION alert_mayor;
SELECT pg_temp.refusal(format('SELECT passport.approve_alert(%s, 3)', :stale));
SELECT pg_temp.refusal(format('SELECT passport.approve_alert(%s, 3)', :dropped));
RESET SESSION AUTHORIZATION;
SELECT passport.expire_drafts(), passport.expire_drafts() AS again;
SELECT pg_temp.refusal(format('SELECT passport.cancel_alert(%s, %L)', :stale, 'late'));
SELECT alert_id = :dropped AS dropped, state FROM passport.alert WHERE alert_id IN (:stale, :dropped) ORDER BY 1;

-- nobody there: published, nothing enqueued
SELECT alert_id AS empty, headcount FROM passport.draft_alert('flood', 5, ST_MakeEnvelope(138.40, 36.0, 138.41, 36.01, 4326)) \gset
SELECT area_names, texts #>> '{ja,title}' AS title FROM passport.alert WHERE alert_id = :empty;
SET SESSION AUTHORIZATION alert_mayor;
SELECT * FROM passport.approve_alert(:empty, 0);
RESET SESSION AUTHORIZATION;

-- the record stays
SELECT pg_temp.refusal('DELETE FROM passport.alert');
SELECT pg_temp.refusal('UPDATE passport.alert_recipient SET needs_help = false');
SELECT pg_temp.refusal('TRUNCATE passport.alert CASCADE');
ROLLBACK;
