-- Devices of every channel: what is taken, what is refused, and whose they are
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\set act :abs_srcdir '/fixtures/act.sql'
\i :act
\set ECHO all
\set VERBOSITY terse
SET timezone = 'Asia/Tokyo';
SET datestyle = iso;
SET passport.clock = '2026-07-01 12:00+09';
BEGIN;
SELECT imported FROM passport.import_residents('[{"resident_number": "96001", "name": "甲"}, {"resident_number": "96002", "name": "乙", "household_number": "h"}]');
SELECT max(resident_id) FILTER (WHERE resident_number = '96001') AS one, max(resident_id) FILTER (WHERE resident_number = '96002') AS two
  FROM passport.resident_directory \gset
-- what a call is refused for
CREATE FUNCTION pg_temp.refused(call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
BEGIN
  EXECUTE 'SELECT passport.' || call;
  RETURN 'taken';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN concat_ws(' ', SQLSTATE, CASE WHEN detail ~ '^{' THEN concat_ws(' ', detail::json ->> 'pointer', detail::json ->> 'code') END);
END $$;
SELECT pg_temp.act('96001');

-- APNs: hex, and which environment
\set apns '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f'
SELECT passport.register_device('apns', :'apns', 'ja', '{"environment": "sandbox"}') AS phone \gset
SELECT channel, keys, state FROM passport.device WHERE device_id = :phone;
-- the same phone after a build from the store
SELECT passport.register_device('apns', :'apns', NULL, '{"environment": "production"}') = :phone AS same;
SELECT keys, language FROM passport.device WHERE device_id = :phone;
SELECT call, pg_temp.refused(call) FROM (VALUES
  ('register_device(''apns'', ''000102030405060708090a0b0c0d0e0f'')'),
  ('register_device(''apns'', ''000102030405060708090A0B0C0D0E0F'', NULL, ''{"environment": "sandbox"}'')'),
  ('register_device(''apns'', ''00'', NULL, ''{"environment": "sandbox"}'')'),
  ('register_device(''apns'', ''000102030405060708090a0b0c0d0e0f'', NULL, ''{"environment": "test"}'')'),
  ('register_device(''apns'', ''000102030405060708090a0b0c0d0e0f'', NULL, ''{"environment": "sandbox", "more": 1}'')'),
  ('register_device(''fcm'', ''token'', NULL, ''{"environment": "sandbox"}'')')) AS c(call);
-- twelve digits of a device token are no individual number, even with a right check digit
SELECT passport.holds_individual_number('000000ab123456789018cd0000000000') AS looks_like_one;
SELECT passport.register_device('apns', '000000ab123456789018cd0000000000', NULL, '{"environment": "production"}') > 0 AS taken;

-- Web Push: a public https URL, a point of P-256, a secret of 16 bytes
\set p256dh 'BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4'
\set auth 'BTBZMqHH6r4Tts7J_aSIgg'
SELECT jsonb_build_object('p256dh', :'p256dh', 'auth', :'auth') AS keys \gset
SELECT passport.register_device('webpush', 'https://updates.push.services.mozilla.com/wpush/v2/gAAA', NULL, :'keys') AS browser \gset
SELECT channel, keys = :'keys' AS kept FROM passport.device WHERE device_id = :browser;
SELECT endpoint, passport.subscription_fault(endpoint, :'p256dh', :'auth') FROM (VALUES
  ('https://fcm.googleapis.com/fcm/send/a:b'), ('http://fcm.googleapis.com/a'), ('https://10.0.0.1/a'), ('https://[fd00::1]/a'),
  ('https://localhost/a'), ('https://nas.local/a'), ('https://me@fcm.googleapis.com/a'), ('https://fcm.googleapis.com:8443/a'),
  ('https://fcm.googleapis.com'), (NULL)) AS e(endpoint);
SELECT what, passport.subscription_fault('https://fcm.googleapis.com/a', p256dh, auth) FROM (VALUES
  ('good', :'p256dh', :'auth'), ('beside the curve', left(:'p256dh', 86) || '8', :'auth'), ('short', left(:'p256dh', 84), :'auth'),
  ('padded', :'p256dh' || '=', :'auth'), ('no key', NULL, :'auth'), ('short secret', :'p256dh', left(:'auth', 20)), ('no secret', :'p256dh', NULL)) AS k(what, p256dh, auth);
SELECT pg_temp.refused($$register_device('webpush', 'https://10.0.0.1/a', NULL, '{"p256dh": "x", "auth": "y"}')$$),
       pg_temp.refused($$register_device('webpush', 'https://fcm.googleapis.com/a', NULL, '{"p256dh": "x", "auth": "y"}')$$),
       pg_temp.refused($$register_device('webpush', 'https://fcm.googleapis.com/a', NULL, '{"p256dh": "x", "auth": "y", "z": "z"}')$$),
       pg_temp.refused($$register_device('webpush', 'https://fcm.googleapis.com/a')$$);

-- LINE: only by a nonce that went through LINE
SELECT pg_temp.refused($$register_device('line', 'U00000000000000000000000000000001')$$);
SELECT nonce, expires_at FROM passport.begin_line_link() \gset link_
SELECT :'link_nonce' ~ '^[0-9a-f]{64}$' AS unguessable, :'link_expires_at'::timestamptz - passport.now() AS lasts;
SELECT count(*) FROM passport.line_link_directory WHERE nonce_digest = convert_to(:'link_nonce', 'UTF8') OR nonce_digest = sha256(convert_to(:'link_nonce', 'UTF8'));
SAVEPOINT begun;
SELECT passport.finish_line_link(:'link_nonce', 'U0123');
ROLLBACK TO begun;
SELECT passport.finish_line_link(:'link_nonce', 'U00000000000000000000000000000001') AS line \gset
SELECT resident_id = :one AS whose, channel, token, state FROM passport.device WHERE device_id = :line;
SELECT pg_temp.refused(format('finish_line_link(%L, %L)', :'link_nonce', 'U00000000000000000000000000000001')) AS twice,
       pg_temp.refused($$finish_line_link('never', 'U00000000000000000000000000000001')$$) AS never,
       pg_temp.refused($$finish_line_link(NULL, NULL)$$) AS nothing;
SELECT nonce FROM passport.begin_line_link() \gset late_
SET LOCAL passport.clock = '2026-07-01 12:10+09';
SELECT pg_temp.refused(format('finish_line_link(%L, %L)', :'late_nonce', 'U00000000000000000000000000000001')) AS late;
SELECT purged FROM passport.purge_expired() WHERE what = 'line_link_directory';
SET LOCAL passport.clock = '2026-07-01 12:10:01+09';
SELECT purged FROM passport.purge_expired() WHERE what = 'line_link_directory';
SET LOCAL passport.clock = '2026-07-01 12:00+09';

-- mail: nothing but the code goes to an address until it came back
SELECT passport.register_device('smtp', 'kou@example.jp', 'en') AS mail \gset
SELECT state FROM passport.device WHERE device_id = :mail;
SELECT n.kind, n.expires_at - passport.now() AS lasts, n.texts #>> '{en,title}' ~ '^Confirmation code \d{6}$' AS said
  FROM passport.delivery AS d JOIN passport.notification AS n USING (notification_id) WHERE d.device_id = :mail;
SELECT substring(n.texts #>> '{ja,body}' FROM '\d{6}') AS code
  FROM passport.delivery AS d JOIN passport.notification AS n USING (notification_id) WHERE d.device_id = :mail \gset
SELECT channel, token, title ~ 'code' AS in_english FROM passport.claim_deliveries('w', 10, '1 min', '{smtp}');
SELECT deliveries, unreachable FROM passport.notify(ARRAY[:two], 'alert', 'evacuation', '{"ja": {"title": "題", "body": "文"}}');
SELECT pg_temp.refused($$register_device('smtp', 'kou@example.jp')$$) AS at_once;
SELECT passport.verify_device(:mail, lpad(((:'code'::int + 1) % 1000000)::text, 6, '0')), tries FROM passport.device_code;
SELECT tries FROM passport.device_code;
-- somebody else's device is nobody's
SELECT pg_temp.act('96002');
SELECT pg_temp.refused(format('verify_device(%s, %L)', :mail, :'code')), pg_temp.refused(format('retire_device(%s)', :mail));
SELECT pg_temp.act('96001');
SAVEPOINT unverified;
SET LOCAL passport.clock = '2026-07-01 12:30+09';
SELECT passport.verify_device(:mail, :'code') AS late;
ROLLBACK TO unverified;
SELECT count(passport.verify_device(:mail, '      ')) AS wrong FROM generate_series(1, 4);
SELECT passport.verify_device(:mail, :'code') AS after_five;
ROLLBACK TO unverified;
SELECT passport.verify_device(:mail, NULL) AS without;
SELECT passport.verify_device(:mail, :'code');
SELECT state, (SELECT count(*) FROM passport.device_code) AS codes FROM passport.device WHERE device_id = :mail;
SELECT passport.verify_device(:mail, 'again');
-- a household may share an address: each who does has proven to read it
SELECT pg_temp.act('96002');
SELECT passport.register_device('smtp', 'kou@example.jp') <> :mail AS another;
SELECT resident_id = :one AS of_one, state FROM passport.device WHERE token = 'kou@example.jp' ORDER BY device_id;
SELECT address, pg_temp.refused(format('register_device(%L, %L)', 'smtp', address)) FROM (VALUES
  ('nobody'), ('a@b'), ('a b@example.jp'), ('a@example.jp,b@example.jp'), ('a@example.jp>'), ('a@-example.jp'), (repeat('a', 65) || '@example.jp')) AS a(address);

-- a device that its holder gave up
SELECT pg_temp.act('96001');
SELECT passport.retire_device(:browser);
SELECT passport.retire_device(:browser);
SELECT state, retired_reason FROM passport.device WHERE device_id = :browser;
SELECT pg_temp.refused('retire_device(0)');
-- an address that was never verified is forgotten like a device that was retired
SET LOCAL passport.clock = '2026-08-01 12:00+09';
SELECT purged FROM passport.purge_expired() WHERE what = 'device';
SELECT channel, state FROM passport.device WHERE resident_id IN (:one, :two) ORDER BY device_id;
-- nobody acts
ROLLBACK;
BEGIN;
SELECT passport.begin_line_link();
ROLLBACK;
