-- Retention: what is over is forgotten when its time has come, and nothing else
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set token_key :abs_srcdir '/fixtures/token-key.sql'
\set act :abs_srcdir '/fixtures/act.sql'
\i :token_key
\i :act
\set ECHO all
\pset null '-'
\set VERBOSITY terse
SET timezone = 'Asia/Tokyo';
SET passport.clock = '2026-07-01 12:00+09';
\set ON_ERROR_ROLLBACK on
BEGIN;
SELECT imported FROM passport.import_residents('[{"resident_number": "95001", "name": "保存　一子"}]');
SELECT resident_id AS ichiko FROM passport.resident_directory WHERE resident_number = '95001' \gset
-- one of each that is over at noon, and one that is not
SELECT passport.set_audience('library', 'web', logout_uri => 'https://library.invalid/logout');
SELECT pg_temp.act('95001');
SELECT session_id IS NOT NULL AS entered FROM passport.enter_service('library');
SELECT passport.log_out_everywhere();
SELECT pg_temp.act('95001');
SELECT count(*) AS begun FROM passport.begin_challenge('log_in'), passport.begin_kiosk_login('役場');
SELECT passport.note_failure('source', '192.0.2.1');
INSERT INTO passport.registration (state, certificates, candidates, ceremony, created_at, refused_for, decided_by, decided_at)
  VALUES ('refused', '{}', '[]', gen_random_uuid(), passport.now(), 'not a resident', 'staff', passport.now()),
         ('queued', '{}', '[]', gen_random_uuid(), passport.now(), NULL, NULL, NULL);
CREATE FUNCTION pg_temp.purge_at(at text) RETURNS TABLE (what text, purged bigint) LANGUAGE plpgsql AS $$
BEGIN
  PERFORM set_config('passport.clock', at, true);
  RETURN QUERY SELECT p.what, p.purged FROM passport.purge_expired() AS p WHERE p.purged > 0;
END $$;
CREATE TEMP VIEW left_over AS SELECT (SELECT count(*) FROM passport.session WHERE resident_id = (SELECT resident_id FROM passport.resident_directory WHERE resident_number = '95001')) AS sessions,
  (SELECT count(*) FROM passport.logout) AS logouts, (SELECT count(*) FROM passport.registration) AS registrations;
SELECT what, keep FROM passport.retention ORDER BY what;
-- each has what forgets it
SELECT what FROM passport.purge_expired() WHERE purged IS NULL;
SAVEPOINT over;
-- what other tests left is not counted here
SELECT passport.purge_expired() \g /dev/null
SELECT * FROM pg_temp.purge_at('2026-07-01 12:14:59+09');
SELECT * FROM pg_temp.purge_at('2026-07-01 12:15+09');
SELECT * FROM pg_temp.purge_at('2026-07-01 13:10+09');
SELECT * FROM pg_temp.purge_at('2026-07-01 13:10:01+09');
SELECT * FROM pg_temp.purge_at('2026-07-02 12:05:01+09');
-- the library has not been told yet: the session stays, whatever its age
SELECT * FROM pg_temp.purge_at('2027-07-01 11:59:59+09');
SELECT * FROM pg_temp.purge_at('2027-07-01 12:00:01+09');
SELECT * FROM left_over;
SELECT passport.complete_logouts('w', array_agg(resident_id), array_agg(logout_id), array_agg('delivered'::text))
  FROM passport.claim_logouts('w');
SELECT * FROM pg_temp.purge_at('2027-07-01 12:00:02+09');
-- the login that nobody ended expired an hour later
SELECT * FROM pg_temp.purge_at('2027-07-01 13:00:01+09');
SELECT * FROM left_over;
ROLLBACK TO over;
-- told, a logout waits thirty days
SELECT passport.complete_logouts('w', array_agg(resident_id), array_agg(logout_id), array_agg('failed'::text))
  FROM passport.claim_logouts('w');
SELECT p.* FROM pg_temp.purge_at('2026-07-31 12:00+09') AS p WHERE what = 'logout';
SELECT p.* FROM pg_temp.purge_at('2026-07-31 12:00:01+09') AS p WHERE what = 'logout';
ROLLBACK TO over;
-- the municipality's own rule, from its day on
SELECT passport.set_retention('registration', '10 years', '文書管理規程');
SELECT passport.set_retention('registration', '2 years', '文書管理規程');
SELECT passport.set_retention('resident', '1 day', 'x');
SELECT passport.set_retention('session', '-1 day', 'x');
SELECT passport.set_retention('session', '1 day', NULL);
SELECT p.* FROM pg_temp.purge_at('2028-06-30 12:00+09') AS p WHERE what = 'registration';
SELECT p.* FROM pg_temp.purge_at('2028-07-01 12:00:01+09') AS p WHERE what = 'registration';
ROLLBACK TO over;
-- what is append-only goes when its time has come, no earlier
INSERT INTO passport.alert (hazard, level, mode, area, area_names, texts, drafted_by, drafted_at, draft_until, headcount, households, needing_help,
                            state, approved_by, approved_at)
  VALUES ('flood', 4, 'drill', ST_Multi(ST_MakeEnvelope(138, 36, 139, 37, 4326)), '{}', '{}', 'a', passport.now(), passport.now(), 1, 1, 0,
          'approved', 'b', passport.now()) RETURNING alert_id AS alert \gset
INSERT INTO passport.alert_recipient VALUES (:ichiko, :alert, 'h', false);
INSERT INTO passport.alert_answer (resident_id, alert_id, answered_at, answer) VALUES (:ichiko, :alert, passport.now(), 'safe');
INSERT INTO passport.delivery_outcome (resident_id, delivery_id, notification_id, device_id, outcome, attempts, created_at, finished_at)
  VALUES (:ichiko, -1, -1, -1, 'delivered', 1, passport.now(), passport.now());
SELECT passport.add_device(:ichiko, 'fcm', 'retired-token', NULL) AS device \gset
UPDATE passport.device SET state = 'retired', retired_reason = 'dead', retired_at = passport.now() WHERE device_id = :device;
SELECT passport.record_access(ARRAY[:ichiko], 'counter', 'test', '{name}');
DELETE FROM passport.alert_answer WHERE alert_id = :alert;
DELETE FROM passport.alert_recipient WHERE alert_id = :alert;
SELECT p.* FROM pg_temp.purge_at('2026-07-31 12:00:01+09') AS p WHERE what = 'device';
SELECT count(*) AS tokens FROM passport.device_directory WHERE device_id = :device;
SELECT p.* FROM pg_temp.purge_at('2027-07-01 12:00:01+09') AS p WHERE what = 'delivery_outcome';
SELECT p.* FROM pg_temp.purge_at('2029-07-01 12:00+09') AS p WHERE what ~ 'alert';
SELECT p.* FROM pg_temp.purge_at('2029-07-01 12:00:01+09') AS p WHERE what ~ 'alert';
-- how much went, and when, is in the log, about nobody
SELECT who = session_user AS by_me, resident_id, purpose, source, columns, amount, happened_at
  FROM passport.audit_record WHERE kind = 'purge' AND columns <@ '{alert_answer,alert_recipient,device}' ORDER BY seq;
SELECT bool_and(verdict = 'ok') AS chains_good FROM passport.audit_verify();
ROLLBACK TO over;
-- a code is in no text once it was delivered, or is too late; what was said stays
SELECT passport.add_device(:ichiko, 'smtp', 'ichiko@example.jp') AS mail \gset
CREATE TEMP VIEW code AS SELECT n.notification_id, n.texts -> 'ja' ->> 'title' AS title, n.texts::text ~ '[0-9]{6}' AS readable, n.holds_code,
  n.digest = sha256(convert_to(n.texts::text, 'UTF8')) AS of_this_text
  FROM passport.notification AS n WHERE n.kind = 'mail_code' AND n.created_at >= '2026-07-01 12:00+09' ORDER BY 1;
SELECT passport.send_device_code(:ichiko, :mail) \g /dev/null
SELECT notification_id AS first FROM code \gset
SELECT count(*) FILTER (WHERE readable) AS readable FROM code;
SELECT p.* FROM pg_temp.purge_at('2026-07-01 12:01+09') AS p WHERE what ~ 'notification';
SELECT count(*) AS claimed FROM passport.claim_deliveries('w', 10, '1 minute', '{smtp}') WHERE notification_id = :first;
SELECT p.* FROM pg_temp.purge_at('2026-07-01 12:02+09') AS p WHERE what ~ 'notification';
SELECT passport.complete_deliveries('w', array_agg(resident_id), array_agg(delivery_id), '{delivered}', '{NULL}', '{0}')
  FROM passport.delivery WHERE notification_id = :first;
SELECT p.* FROM pg_temp.purge_at('2026-07-01 12:02:01+09') AS p WHERE what ~ 'notification';
SELECT title, readable, holds_code, of_this_text FROM code;
SELECT pg_temp.act('95001');
SELECT m ->> 'kind' AS kind, m -> 'text' ->> 'title' AS title, m::text ~ '[0-9]{6}' AS readable
  FROM jsonb_array_elements(passport.my_data() -> 'held' -> 'notification') AS m WHERE (m ->> 'notification_id')::bigint = :first;
SELECT passport.send_device_code(:ichiko, :mail) \g /dev/null
SELECT p.* FROM pg_temp.purge_at('2026-07-01 12:32:01+09') AS p WHERE what ~ 'notification';
SELECT p.* FROM pg_temp.purge_at('2026-07-01 12:32:02+09') AS p WHERE what ~ 'notification';
SELECT readable, count(*) FROM code GROUP BY 1;
-- the messages themselves stay while what became of them does, and three years at least
SELECT count(*) AS expired FROM passport.claim_deliveries('w', 10, '1 minute', '{smtp}');
SELECT p.* FROM pg_temp.purge_at('2027-07-01 12:32:03+09') AS p WHERE what ~ 'notification';
SELECT count(*) AS messages FROM code;
SELECT p.* FROM pg_temp.purge_at('2029-07-01 12:32:02+09') AS p WHERE what ~ 'notification';
SELECT count(*) AS messages FROM code;
ROLLBACK TO over;
-- an area that was drawn is kept where an alert followed it, by its sensor, within twelve hours; else it goes
INSERT INTO passport.sensor (sensor) VALUES ('retention 1'), ('retention 2');
INSERT INTO passport.affected_area (sensor, stage, area, zones, drawn_at)
SELECT sensor, 3, ST_Multi(ST_MakeEnvelope(138, 36, 139, 37, 4326)), '{}', at::timestamptz
  FROM (VALUES ('retention 1', '2026-07-01 12:00+09'), ('retention 1', '2026-06-30 23:59+09'), ('retention 2', '2026-07-01 12:00+09')) AS d(sensor, at);
INSERT INTO passport.alert (hazard, level, mode, sensor, area, area_names, texts, drafted_by, drafted_at, draft_until, headcount, households, needing_help)
  VALUES ('flood', 4, 'drill', 'retention 1', ST_Multi(ST_MakeEnvelope(138, 36, 139, 37, 4326)), '{}', '{}', 'a', passport.now(), passport.now(), 1, 1, 0);
DELETE FROM passport.affected_area WHERE sensor = 'retention 2';
SELECT p.* FROM pg_temp.purge_at('2026-07-31 12:00+09') AS p WHERE what = 'affected_area';
DELETE FROM passport.affected_area WHERE sensor = 'retention 1' AND drawn_at = '2026-07-01 12:00+09';
SELECT p.* FROM pg_temp.purge_at('2026-07-31 12:00:01+09') AS p WHERE what = 'affected_area';
SELECT sensor, drawn_at FROM passport.affected_area WHERE sensor LIKE 'retention %' ORDER BY 1, 2;
ROLLBACK TO over;
-- no more at once than asked for, and the job takes the rest
SELECT passport.note_failure('source', '198.51.100.' || i) FROM generate_series(1, 5) AS i \g /dev/null
SET passport.clock = '2026-07-01 12:15+09';
SELECT p.* FROM passport.purge_expired(4) AS p WHERE what = 'attempt';
SELECT passport.run_job('purge') >= 2 AS the_rest;
SELECT count(*) AS attempts FROM passport.attempt;
SELECT passport.purge_expired(0);
ROLLBACK;
