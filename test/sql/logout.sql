-- One login at several services, and its end at all of them
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
  {"resident_number": "90008", "household_number": "9", "name": "南牧　三郎", "birth_date": "1985-04-07", "sex": "male"},
  {"resident_number": "90009", "household_number": "9", "name": "南牧　四郎", "birth_date": "1986-04-07", "sex": "male"}]') \gset
SELECT resident_id AS saburo FROM passport.resident_directory WHERE resident_number = '90008' \gset
CREATE FUNCTION pg_temp.claims(token text) RETURNS jsonb LANGUAGE sql AS $$
  SELECT convert_from(decode(rpad(part, (length(part) + 3) / 4 * 4, '='), 'base64'), 'UTF8')::jsonb
    FROM translate(split_part(token, '.', 2), '-_', '+/') AS part $$;
SELECT passport.rotate_token_key('RS256') \gset
\set ECHO all
SELECT passport.set_audience('library', 'web', '5 minutes', 'RS256', '2 hours', 'https://library.invalid/logout');
SELECT passport.set_audience('clinic', 'web', logout_uri => 'https://clinic.invalid/logout');
SELECT passport.set_audience('quiet', 'web');
SELECT passport.enter_service('library');
SELECT pg_temp.act('90008');
SELECT id_token AS library, session_id AS library_sid, expires_at FROM passport.enter_service('library', 'n1') \gset
SELECT id_token AS clinic, session_id AS clinic_sid FROM passport.enter_service('clinic') \gset
SELECT id_token AS quiet FROM passport.enter_service('quiet') \gset
SELECT passport.enter_service('nowhere');
-- nothing in one service's token is in another's
SELECT :'expires_at', c ->> 'aud' AS aud, c ->> 'nonce' AS nonce, c ->> 'acr' AS acr, c ->> 'sid' = :'clinic_sid' AS clinics_sid,
       c ->> 'sub' = pg_temp.claims(:'clinic') ->> 'sub' AS clinics_sub
  FROM pg_temp.claims(:'library') AS c;
SELECT passport.authenticate(:'library');
SELECT audience, acr, expires_at, current FROM passport.my_sessions() ORDER BY audience;
SELECT count(DISTINCT login_id) AS logins FROM passport.my_sessions();
-- another's session is nobody's business; another login stays
SELECT pg_temp.act('90009');
SELECT passport.end_my_session(:'library_sid');
SELECT session_id AS other FROM passport.my_sessions() \gset
SELECT pg_temp.act('90008');
SELECT passport.end_my_session(:'other');
SELECT passport.end_my_session(:'library_sid');
SELECT audience, current FROM passport.my_sessions();
SELECT passport.end_my_session(:'library_sid');
-- who is told, and of what: each service of its own sub and sid
CREATE TEMP TABLE claimed AS SELECT * FROM passport.claim_logouts('bridge-1');
SELECT uri, attempt, c ->> 'aud' AS aud, c -> 'events' AS events, (c ->> 'exp')::bigint - (c ->> 'iat')::bigint AS seconds, c ? 'nonce' AS nonce,
       c ->> 'sid' = i ->> 'sid' AS sid, c ->> 'sub' = i ->> 'sub' AS sub,
       convert_from(decode(split_part(logout_token, '.', 1) || repeat('=', -length(split_part(logout_token, '.', 1)) & 3), 'base64'), 'UTF8')::jsonb - 'kid' AS header
  FROM claimed, pg_temp.claims(logout_token) AS c,
       pg_temp.claims(CASE uri WHEN 'https://library.invalid/logout' THEN :'library' ELSE :'clinic' END) AS i ORDER BY uri;
SELECT passport.authenticate(logout_token) FROM claimed;
-- leased, done, and due again
SELECT count(*) FROM passport.claim_logouts('bridge-2');
SELECT passport.complete_logouts('bridge-2', array_agg(resident_id), array_agg(logout_id), array_agg('delivered'::text)) FROM claimed;
SELECT passport.complete_logouts('bridge-1', array_agg(resident_id), array_agg(logout_id),
         array_agg(CASE WHEN uri ~ 'library' THEN 'delivered' ELSE 'retry' END)) FROM claimed;
SELECT count(*) FROM passport.claim_logouts('bridge-2');
SET passport.clock = '2026-07-01 12:00:20+09';
SELECT uri, attempt FROM passport.claim_logouts('bridge-2');
SET passport.clock = '2026-07-01 12:01:20+09';
SELECT uri, attempt FROM passport.claim_logouts('bridge-1');
SET passport.clock = '2026-07-02 12:00:01+09';
SELECT passport.complete_logouts('bridge-1', array_agg(resident_id), array_agg(logout_id), array_agg('retry'::text)) FROM claimed;
SELECT audience, state, attempts FROM passport.logout ORDER BY audience;
SELECT passport.complete_logouts('bridge-1', '{1}', '{1}', '{gone}');
SELECT passport.claim_logouts('bridge-1', 0);
-- everywhere at once, by the resident and by staff
SET passport.clock = '2026-07-01 12:00+09';
SELECT pg_temp.act('90008');
SELECT session_id IS NOT NULL AS entered FROM passport.enter_service('clinic');
SELECT passport.log_out_everywhere();
SELECT passport.my_sessions();
SELECT pg_temp.act('90008');
SELECT passport.end_sessions(:saburo);
SELECT count(*) AS to_tell FROM passport.logout;
ROLLBACK;
