-- Devices: one per token, taken over, limited
\set ECHO none
\getenv abs_srcdir PG_ABS_SRCDIR
\i :abs_srcdir/fixtures/clean.sql
\set ECHO all
SET passport.clock = '2026-07-01 12:00+09';
SET timezone = 'Asia/Tokyo';
SET datestyle = iso;
\set VERBOSITY terse
INSERT INTO passport.resident (resident_number, name, updated_at)
SELECT 'D' || n, '試験' || n, passport.now() FROM generate_series(1, 3) AS n;
SELECT resident_id AS one FROM passport.resident WHERE resident_number = 'D1' \gset
SELECT resident_id AS two FROM passport.resident WHERE resident_number = 'D2' \gset
SELECT resident_id AS three FROM passport.resident WHERE resident_number = 'D3' \gset

-- the same token is the same device
SELECT passport.add_device(:one, 'fcm', 'token-a', 'en') AS a \gset
SELECT passport.add_device(:one, 'fcm', 'token-a') = :a AS same;
SELECT passport.add_device(:one, 'fcm', 'token-b') <> :a AS another;
SELECT token, language, state FROM passport.device WHERE resident_id = :one ORDER BY token;

-- a retired one becomes active again when its app registers it anew
UPDATE passport.device SET state = 'retired', retired_reason = 'UNREGISTERED', retired_at = passport.now()
 WHERE resident_id = :one AND token = 'token-a';
SELECT passport.add_device(:one, 'fcm', 'token-a', 'vi') = :a AS same;
SELECT language, state, retired_reason FROM passport.device WHERE resident_id = :one AND token = 'token-a';

-- a phone that changes hands no longer gets what is meant for the one before
SELECT passport.add_device(:two, 'fcm', 'token-a') <> :a AS taken_over;
SELECT resident_id = :two AS holder_is_two, state, retired_reason
  FROM passport.device WHERE token = 'token-a' ORDER BY device_id;
SELECT passport.add_device(:one, 'fcm', 'token-a') <> :a AS and_back;
SELECT resident_id = :one AS holder_is_one, state FROM passport.device WHERE token = 'token-a' ORDER BY device_id;
SELECT count(*) FROM passport.device_directory;

-- refusals
SELECT passport.add_device(0, 'fcm', 'token-c');
SELECT passport.add_device(:one, 'pigeon', 'token-c');
SELECT passport.add_device(:one, 'fcm', 'token c');
SELECT passport.add_device(:one, 'fcm', '');
SELECT passport.add_device(:one, 'fcm', repeat('x', 4097));
SELECT passport.add_device(:one, 'fcm', 'token-c', 'Japanese, please');
SELECT passport.add_device(NULL, 'fcm', 'token-c');
\set VERBOSITY sqlstate
SELECT passport.register_device('fcm', 'token-c');
SELECT count(passport.add_device(:three, 'fcm', 'many-' || n)) FROM generate_series(1, 20) AS n;
SELECT passport.add_device(:three, 'fcm', 'many-21');
