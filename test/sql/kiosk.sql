-- A kiosk logs in by a code, and guesses are counted
\getenv abs_srcdir PG_ABS_SRCDIR
\set token_key :abs_srcdir '/fixtures/token-key.sql'
\set act :abs_srcdir '/fixtures/act.sql'
\set ECHO none
\i :token_key
\i :act
\set ECHO all
\pset null '-'
\set VERBOSITY terse
SET timezone = 'Asia/Tokyo';
SET passport.clock = '2026-07-01 12:00+09';
\set ON_ERROR_ROLLBACK on
BEGIN;
\set ECHO none
SELECT imported FROM passport.import_residents('[
  {"resident_number": "90010", "household_number": "9", "name": "南牧　五郎", "birth_date": "1985-04-07", "sex": "male"}]') \gset
\set ECHO all
SELECT device_code, user_code, user_code ~ '^[A-Z]{4}-[A-Z]{4}$' AS form, length(device_code), expires_at, interval_seconds
  FROM passport.begin_kiosk_login('役場 1階') \gset
SELECT :'form', :'length', :'expires_at', :'interval_seconds';
SELECT passport.begin_kiosk_login('');
SELECT verdict, id_token FROM passport.poll_kiosk_login('no such');
SELECT verdict, id_token FROM passport.poll_kiosk_login(:'device_code');
SELECT verdict, id_token FROM passport.poll_kiosk_login(:'device_code');
SELECT * FROM passport.approve_kiosk_login(:'user_code');
SELECT pg_temp.act('90010');
SELECT * FROM passport.approve_kiosk_login('BCDF-GHJK');
SELECT * FROM passport.approve_kiosk_login(lower(:'user_code'));
SELECT * FROM passport.approve_kiosk_login(:'user_code', '駅前');
SAVEPOINT asked;
SELECT * FROM passport.approve_kiosk_login(:'user_code', approve => false);
SELECT verdict, id_token FROM passport.poll_kiosk_login(:'device_code');
ROLLBACK TO asked;
SAVEPOINT late;
SET passport.clock = '2026-07-01 12:10+09';
SELECT * FROM passport.approve_kiosk_login(:'user_code', '役場 1階');
ROLLBACK TO late;
SELECT * FROM passport.approve_kiosk_login(:'user_code', '役場 1階');
-- once
SELECT * FROM passport.approve_kiosk_login(:'user_code', '役場 1階');
SAVEPOINT approved;
SET passport.clock = '2026-07-01 12:10+09';
SELECT verdict, id_token FROM passport.poll_kiosk_login(:'device_code');
ROLLBACK TO approved;
-- who logs out before the kiosk asks is not logged in there
SELECT passport.log_out();
SET passport.clock = '2026-07-01 12:00:05+09';
SELECT verdict, id_token FROM passport.poll_kiosk_login(:'device_code');
ROLLBACK TO approved;
SET passport.clock = '2026-07-01 12:00:05+09';
SELECT verdict, id_token AS kiosk_token, expires_at FROM passport.poll_kiosk_login(:'device_code') \gset
SELECT :'verdict', :'expires_at';
SELECT verdict, id_token FROM passport.poll_kiosk_login(:'device_code');
-- the kiosk may little, and is gone with the login that approved it
SELECT passport.authenticate(:'kiosk_token') = resident_id AS himself FROM passport.resident_directory WHERE resident_number = '90010';
SELECT passport.spend_my_points(1, 'tea', 'kiosk');
SELECT passport.enter_service('passport');
SELECT count(*), max(acr) FILTER (WHERE current) AS here FROM passport.my_sessions();
SAVEPOINT at_kiosk;
SELECT passport.log_out();
SELECT passport.authenticate(:'kiosk_token');
SELECT count(*) AS left FROM passport.session WHERE revoked_at IS NULL AND audience = 'passport' AND acr = 'jpki.authentication'
   AND login_id = (SELECT login_id FROM passport.session WHERE amr = '{user}');
ROLLBACK TO at_kiosk;
SELECT passport.log_out_everywhere();
SELECT passport.authenticate(:'kiosk_token');
-- guessing
SELECT pg_temp.act('90010');
SELECT verdict, count(*) FROM generate_series(1, 12) AS i, passport.approve_kiosk_login('ZZZZ-' || left('BCDFGHJKLMNP', i)) GROUP BY 1 ORDER BY 1;
SET passport.clock = '2026-07-01 12:15:05+09';
SELECT verdict FROM passport.approve_kiosk_login('ZZZZ-ZZZZ');
ROLLBACK;
