-- Logging in, acting, logging out
\getenv abs_srcdir PG_ABS_SRCDIR
\set fixtures :abs_srcdir '/fixtures/certificates/certificates.sql'
\set token_key :abs_srcdir '/fixtures/token-key.sql'
\set keys :abs_srcdir '/fixtures/certificates'
\setenv KEYS :keys
\set ECHO none
\i :fixtures
\i :token_key
\set ECHO all
\pset null '-'
\set VERBOSITY terse
SET timezone = 'Asia/Tokyo';
SET passport.clock = '2026-07-01 12:00+09';
\set ECHO none
-- a login makes rows that must be committed to be seen by the next transaction
SELECT count(passport.add_trust_anchor(bytes, 'authentication')) AS roots FROM fixture WHERE name = 'auth_root' \gset
SELECT (passport.load_crl(bytes)).verdict AS crl FROM fixture WHERE name = 'crl_auth' \gset
SELECT imported FROM passport.import_residents('[
  {"resident_number": "90003", "household_number": "9", "name": "南牧　花子", "birth_date": "1985-04-07", "sex": "female",
   "address": "長野県南佐久郡南牧村大字海ノ口1051番地"}]') \gset
SELECT resident_id AS hanako FROM passport.resident_directory WHERE resident_number = '90003' \gset
INSERT INTO passport.account VALUES (:hanako, 'active', 'card_certain', passport.now());
INSERT INTO passport.certificate_directory
  SELECT i.issuer_id, c.serial, :hanako FROM fixture AS f, passport.certificate_info(f.bytes) AS c
    JOIN passport.certificate_issuer AS i ON i.name = c.issuer WHERE f.name = 'good_auth';
CREATE FUNCTION pg_temp.der(text) RETURNS bytea LANGUAGE sql AS 'SELECT bytes FROM fixture WHERE name = $1';
\set ECHO all

SELECT challenge_id, translate(encode(message, 'base64'), E'\n', '') AS message64 FROM passport.begin_challenge('log_in') \gset
\set signature `printf %s :'message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/auth.key" | openssl base64 -A`
SELECT verdict, detail, session_id, id_token, expires_at
  FROM passport.log_in(:'challenge_id', pg_temp.der('other_auth'), decode(:'signature', 'base64'));
-- consumed by a failure
SELECT verdict FROM passport.log_in(:'challenge_id', pg_temp.der('good_auth'), decode(:'signature', 'base64'));
SELECT challenge_id, translate(encode(message, 'base64'), E'\n', '') AS message64 FROM passport.begin_challenge('log_in') \gset
\set signature `printf %s :'message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/auth.key" | openssl base64 -A`
\set other_signature `printf %s :'message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/other_auth.key" | openssl base64 -A`
BEGIN;
SELECT verdict, id_token FROM passport.log_in(:'challenge_id', pg_temp.der('good_sign'), decode(:'signature', 'base64'));
ROLLBACK;
BEGIN;
SELECT verdict, id_token FROM passport.log_in(:'challenge_id', pg_temp.der('revoked_auth'), decode(:'signature', 'base64'));
ROLLBACK;
BEGIN;
SELECT verdict, detail, id_token FROM passport.log_in(:'challenge_id', pg_temp.der('other_auth'), decode(:'other_signature', 'base64'));
ROLLBACK;
BEGIN;
UPDATE passport.account SET state = 'suspended' WHERE resident_id = :hanako;
SELECT verdict, detail, id_token FROM passport.log_in(:'challenge_id', pg_temp.der('good_auth'), decode(:'signature', 'base64'));
ROLLBACK;
SELECT verdict, detail, session_id, id_token, expires_at, id_token ~ '^[\w-]+\.[\w-]+\.[\w-]{86}$' AS is_jwt
  FROM passport.log_in(:'challenge_id', pg_temp.der('good_auth'), decode(:'signature', 'base64')) \gset
SELECT :'verdict', :'detail', :'expires_at', :'is_jwt';

-- who acts, and for how long: this transaction
SELECT passport.acting_resident();
\set VERBOSITY default
SELECT passport.acting_resident();
\set VERBOSITY terse
SELECT passport.authenticate(:'id_token') = :hanako AS hanako;
SELECT passport.acting_resident();
BEGIN;
SELECT passport.authenticate(:'id_token') = :hanako AS hanako;
SELECT passport.acting_resident() = :hanako AS hanako, passport.acting_session() = :'session_id' AS session;
COMMIT;
SELECT passport.acting_resident();
BEGIN;
SELECT passport.authenticate(:'id_token') = :hanako AS hanako;
ROLLBACK;
SELECT passport.acting_resident();
-- a savepoint takes back what was said after it, and no more
BEGIN;
SAVEPOINT a;
SELECT passport.authenticate(:'id_token') = :hanako AS hanako;
ROLLBACK TO a;
SELECT passport.acting_resident();
ROLLBACK TO a;
SELECT passport.authenticate(:'id_token') = :hanako AS hanako;
RELEASE a;
SAVEPOINT b;
SELECT passport.stop_acting();
SAVEPOINT c;
SELECT passport.authenticate(:'id_token') = :hanako AS hanako;
RELEASE c;
ROLLBACK TO b;
SELECT passport.acting_resident() = :hanako AS hanako;
COMMIT;
-- no setting makes anybody act
BEGIN;
SELECT set_config('request.jwt.claims', '{"sub": "1"}', true);
SELECT passport.acting_resident();
ROLLBACK;

-- tokens that do not count
\set VERBOSITY terse
SELECT passport.authenticate(NULL);
SELECT passport.authenticate('');
SELECT passport.authenticate(repeat('a', 100000));
SELECT passport.authenticate('a.b.c');
CREATE FUNCTION pg_temp.try(token text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
  RETURN passport.authenticate(token);
EXCEPTION WHEN SQLSTATE 'PT401' THEN
  RETURN 'PT401';
END $$;
CREATE FUNCTION pg_temp.url64(bytea) RETURNS text LANGUAGE sql AS
  $$ SELECT translate(encode($1, 'base64'), E'+/=\n', '-_') $$;
CREATE FUNCTION pg_temp.claims(token text) RETURNS jsonb LANGUAGE sql AS $$
  SELECT convert_from(decode(rpad(part, (length(part) + 3) / 4 * 4, '='), 'base64'), 'UTF8')::jsonb
    FROM translate(split_part(token, '.', 2), '-_', '+/') AS part $$;
SELECT changed, pg_temp.try(token) FROM (
  SELECT 'alg none', pg_temp.url64('{"alg":"none","typ":"JWT"}') || '.' || split_part(:'id_token', '.', 2) || '.'
  UNION ALL SELECT 'alg HS256', pg_temp.url64(convert_to('{"alg":"HS256","typ":"JWT","kid":"' || kid || '"}', 'UTF8')) || '.'
    || split_part(:'id_token', '.', 2) || '.' || split_part(:'id_token', '.', 3) FROM passport.token_key
  UNION ALL SELECT 'its own key', pg_temp.url64(convert_to('{"alg":"ES256","jwk":"x","kid":"' || kid || '"}', 'UTF8')) || '.'
    || split_part(:'id_token', '.', 2) || '.' || split_part(:'id_token', '.', 3) FROM passport.token_key
  UNION ALL SELECT 'alg RS256', pg_temp.url64(convert_to('{"alg":"RS256","typ":"JWT","kid":"' || kid || '"}', 'UTF8')) || '.'
    || split_part(:'id_token', '.', 2) || '.' || split_part(:'id_token', '.', 3) FROM passport.token_key
  UNION ALL SELECT 'alg RS256, its size', pg_temp.url64(convert_to('{"alg":"RS256","typ":"JWT","kid":"' || kid || '"}', 'UTF8')) || '.'
    || split_part(:'id_token', '.', 2) || '.' || repeat('A', 342) FROM passport.token_key
  UNION ALL SELECT 'kid ' || injected, pg_temp.url64(convert_to('{"alg":"ES256","typ":"JWT","kid":"' || injected || '"}', 'UTF8')) || '.'
    || split_part(:'id_token', '.', 2) || '.' || split_part(:'id_token', '.', 3)
    FROM (VALUES ('x'' OR true --'), ('../../dev/null'), ('')) AS v(injected)
  UNION ALL SELECT 'no kid', pg_temp.url64('{"alg":"ES256","typ":"JWT"}') || '.' || split_part(:'id_token', '.', 2) || '.' || split_part(:'id_token', '.', 3)
  UNION ALL SELECT 'header ' || extra, pg_temp.url64(convert_to('{"alg":"ES256","typ":"JWT","kid":"' || kid || '",' || extra || '}', 'UTF8')) || '.'
    || split_part(:'id_token', '.', 2) || '.' || split_part(:'id_token', '.', 3)
    FROM passport.token_key, (VALUES ('"b64":false,"crit":["b64"]'), ('"crit":["exp"]'), ('"jku":"https://evil.invalid"'), ('"x5u":"https://evil.invalid"'),
                                     ('"alg":"ES256"'), ('"zip":"DEF"')) AS v(extra)
  UNION ALL SELECT 'padded parts', replace(:'id_token', '.', '=.')
  UNION ALL SELECT 'white space', ' ' || :'id_token'
  UNION ALL SELECT 'line end', :'id_token' || E'\n'
  UNION ALL SELECT 'padded', :'id_token' || '='
  UNION ALL SELECT 'a fourth part', :'id_token' || '.x'
  UNION ALL SELECT 'cut', left(:'id_token', -1)
  UNION ALL SELECT 'spare bits', left(:'id_token', -1) || chr(ascii(right(:'id_token', 1)) + 1)
  UNION ALL SELECT 'zero signature', split_part(:'id_token', '.', 1) || '.' || split_part(:'id_token', '.', 2) || '.' || repeat('A', 86)
  UNION ALL SELECT 'payload', overlay(:'id_token' placing 'f' from 150)) AS bad(changed, token);
-- any letter of it changed
SELECT count(*) AS tried, count(*) FILTER (WHERE pg_temp.try(overlay(:'id_token' placing
         CASE substr(:'id_token', at, 1) WHEN 'A' THEN 'B' ELSE 'A' END from at)) <> 'PT401') AS accepted
  FROM generate_series(1, length(:'id_token')) AS at;
-- claims that a key of ours signed, but that are not for here and now
SELECT what, pg_temp.try(passport.sign_token((claims || change)::text, k.kid, k.public_key, k.sealed_key)) = :'hanako' AS counts
  FROM passport.token_key AS k,
       pg_temp.claims(:'id_token') AS claims,
       (VALUES ('as it is', '{}'::jsonb), ('issuer', '{"iss": "https://elsewhere.invalid"}'), ('audience', '{"aud": "elsewhere"}'),
               ('audiences', '{"aud": ["passport"]}'), ('session', '{"sid": "00000000-0000-0000-0000-000000000000"}'),
               ('subject', '{"sub": "00000000-0000-0000-0000-000000000000"}'), ('expired', '{"exp": 1782874800}'),
               ('expires', '{"exp": 1782874801}'), ('future', '{"iat": 1782874861}'), ('skew', '{"iat": 1782874860}'),
               ('not before', '{"nbf": 1782874861}'), ('not long before', '{"nbf": 1782874860}'), ('nbf text', '{"nbf": "1"}'),
               ('text', '{"exp": "1782878400"}'), ('negative', '{"iat": -1}'), ('nested', '{"act": {"sub": "x"}}'))
         AS v(what, change);
-- whose payload a key of ours signed as it stands
SELECT what, pg_temp.try(passport.sign_token(payload, k.kid, k.public_key, k.sealed_key, typ)) = :'hanako' AS counts
  FROM passport.token_key AS k, LATERAL (SELECT pg_temp.claims(:'id_token')::text AS good) AS g,
       LATERAL (VALUES ('as it is', good, 'JWT'), ('no JWT', good, 'logout+jwt'),
               ('claim twice', regexp_replace(good, '^{', '{"exp": 9999999999, '), 'JWT'),
               ('subject twice', regexp_replace(good, '^{', '{"sub": "x", '), 'JWT'),
               ('trailing', good || '{}', 'JWT'), ('array', '[' || good || ']', 'JWT'), ('escape', replace(good, 'passport"', 'p\u0061ssport"'), 'JWT'),
               ('fraction', regexp_replace(good, '"exp": (\d+)', '"exp": \1.5'), 'JWT'), ('exponent', regexp_replace(good, '"exp": \d+', '"exp": 9e15'), 'JWT'),
               ('large', regexp_replace(good, '"exp": \d+', '"exp": 9007199254740993'), 'JWT'),
               ('wide', regexp_replace(good, '^{', '{"x": "' || repeat('x', 3000) || '", '), 'JWT')) AS v(what, payload, typ);
-- RS256 is as good, where its key is of that kind
BEGIN;
SELECT length(passport.rotate_token_key('RS256'));
SELECT k.algorithm, pg_temp.try(passport.sign_token(pg_temp.claims(:'id_token')::text, k.kid, k.public_key, k.sealed_key)) = :'hanako' AS counts
  FROM passport.token_key AS k WHERE k.algorithm = 'RS256';
-- services: RS256 and ES256, their own lifetimes, names and nonce
SELECT passport.set_audience('library', 'web_library', '5 minutes', 'RS256', '1 day', 'https://library.invalid/logout');
SELECT passport.set_audience('clinic', 'web_clinic');
CREATE FUNCTION pg_temp.claims_at(service text, nonce text) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  login record;
BEGIN
  INSERT INTO passport.session (resident_id, audience, acr, amr, issuer_id, serial, auth_time, expires_at)
    SELECT resident_id, service, acr, amr, issuer_id, serial, auth_time, expires_at FROM passport.session LIMIT 1 RETURNING * INTO login;
  RETURN pg_temp.claims((passport.issue_token(login.resident_id, login.session_id, nonce)).id_token);
END $$;
SELECT c ->> 'aud' AS aud, c ->> 'role' AS role, (c ->> 'exp')::bigint - (c ->> 'iat')::bigint AS seconds, c ->> 'nonce' AS nonce,
       c ->> 'sub' = pg_temp.claims(:'id_token') ->> 'sub' AS same_sub
  FROM (VALUES (pg_temp.claims_at('library', 'n-0S6')), (pg_temp.claims_at('clinic', NULL))) AS v(c);
SAVEPOINT before;
SELECT passport.set_audience('passport', 'web_other');
ROLLBACK TO before;
SELECT passport.set_audience('evil', 'passport_admin');
ROLLBACK TO before;
SELECT passport.set_audience('evil', 'web', logout_uri => 'http://plain.invalid/');
ROLLBACK TO before;
SELECT passport.check_nonce('a"b');
ROLLBACK;
SELECT jsonb_object_keys(pg_temp.claims(:'id_token')) AS claim ORDER BY 1;
-- the clock
SET passport.clock = '2026-07-01 13:00+09';
SELECT pg_temp.try(:'id_token');
SET passport.clock = '2026-07-01 12:59:59+09';
SELECT pg_temp.try(:'id_token') = :'hanako' AS counts;
-- the account, the key and the session are looked at each time
BEGIN;
UPDATE passport.account SET state = 'suspended' WHERE resident_id = :hanako;
SELECT pg_temp.try(:'id_token');
ROLLBACK;
BEGIN;
UPDATE passport.token_key SET verify_until = passport.now();
SELECT pg_temp.try(:'id_token');
ROLLBACK;
-- rotation: the old key still verifies
BEGIN;
SELECT length(passport.rotate_token_key());
SELECT pg_temp.try(:'id_token') = :'hanako' AS counts;
ROLLBACK;
-- out, and nobody acts any more
BEGIN;
SELECT passport.log_out();
ROLLBACK;
BEGIN;
SELECT passport.authenticate(:'id_token') = :hanako AS hanako;
SELECT passport.log_out();
SELECT passport.acting_resident();
ROLLBACK;
BEGIN;
SELECT passport.authenticate(:'id_token') = :hanako AS hanako;
INSERT INTO passport.session (resident_id, audience, acr, amr, issuer_id, serial, auth_time, expires_at)
  SELECT resident_id, audience, acr, amr, issuer_id, serial, auth_time, expires_at FROM passport.session;
SELECT passport.log_out_everywhere();
COMMIT;
SELECT pg_temp.try(:'id_token');
-- gone again
\set ECHO none
DELETE FROM passport.session;
DELETE FROM passport.subject_directory;
DELETE FROM passport.certificate_directory;
DELETE FROM passport.account;
DELETE FROM passport.revoked_certificate;
DELETE FROM passport.revocation_list;
DELETE FROM passport.trust_anchor WHERE NOT shipped;
DELETE FROM passport.certificate_issuer WHERE NOT shipped;
DELETE FROM passport.challenge;
DELETE FROM passport.resident_match_key WHERE resident_id = :hanako;
DELETE FROM passport.resident_directory WHERE resident_id = :hanako;
DELETE FROM passport.resident WHERE resident_id = :hanako;
