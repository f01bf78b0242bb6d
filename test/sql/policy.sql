-- Levels: what an operation asks for, stepping up, falling back
\getenv abs_srcdir PG_ABS_SRCDIR
\set fixtures :abs_srcdir '/fixtures/certificates/certificates.sql'
\set token_key :abs_srcdir '/fixtures/token-key.sql'
\set act :abs_srcdir '/fixtures/act.sql'
\set keys :abs_srcdir '/fixtures/certificates'
\setenv KEYS :keys
\set ECHO none
\i :fixtures
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
SELECT count(passport.add_trust_anchor(bytes, CASE name WHEN 'sign_root' THEN 'signature' ELSE 'authentication' END)) AS roots
  FROM fixture WHERE name IN ('sign_root', 'auth_root') \gset
SELECT count((passport.load_crl(bytes)).verdict) AS lists FROM fixture WHERE name IN ('crl_sign', 'crl_auth') \gset
SELECT imported FROM passport.import_residents('[
  {"resident_number": "90007", "household_number": "9", "name": "南牧　花子", "birth_date": "1985-04-07", "sex": "female",
   "address": "長野県南佐久郡南牧村大字海ノ口1051番地"},
  {"resident_number": "90008", "name": "南牧　太郎"}]') \gset
SELECT resident_id AS hanako FROM passport.resident_directory WHERE resident_number = '90007' \gset
INSERT INTO passport.certificate_directory
  SELECT i.issuer_id, c.serial, :hanako FROM fixture AS f, passport.certificate_info(f.bytes) AS c
    JOIN passport.certificate_issuer AS i ON i.name = c.issuer WHERE f.name IN ('good_auth', 'good_sign');
CREATE FUNCTION pg_temp.der(text) RETURNS bytea LANGUAGE sql AS 'SELECT bytes FROM fixture WHERE name = $1';
CREATE FUNCTION pg_temp.asks(operation text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
  detail text;
BEGIN
  PERFORM passport.require_level(operation);
  RETURN 'may';
EXCEPTION WHEN OTHERS THEN
  GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
  RETURN SQLSTATE || ' ' || detail;
END $$;
\set ECHO all
SELECT pg_temp.asks('spend_my_points');
SELECT pg_temp.act('90007');
SELECT operation, pg_temp.asks(operation) FROM passport.operation_policy ORDER BY operation COLLATE "C";
SELECT pg_temp.asks('no_such_thing');
SELECT pg_temp.asks(NULL);
-- age
SET passport.clock = '2026-07-02 00:00+09';
SELECT pg_temp.asks('spend_my_points');
SET passport.clock = '2026-07-02 00:00:01+09';
SELECT pg_temp.asks('spend_my_points'), pg_temp.asks('answer_alert');
-- a higher level by policy, and the first one comes again when it does not hold yet
SELECT passport.set_operation_policy('spend_my_points', 'jpki.signature', '5 minutes');
SELECT pg_temp.asks('spend_my_points');
SET passport.clock = '2026-07-01 12:00+09';
SELECT pg_temp.asks('spend_my_points');
SELECT passport.set_operation_policy('spend_my_points', 'jpki.signature', '5 minutes');
SELECT passport.set_operation_policy('spend_my_points', 'jpki.password');
SELECT passport.set_operation_policy('no_such_thing', 'jpki.signature');
SELECT pg_temp.asks('spend_my_points');
SELECT passport.spend_my_points(1, 'tea', 'policy-1');

-- stepping up: by one's own signature certificate, over a challenge for that
SELECT challenge_id, translate(encode(message, 'base64'), E'\n', '') AS message64 FROM passport.begin_challenge('step_up') \gset
\set signature `printf %s :'message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/sign.key" | openssl base64 -A`
\set other_signature `printf %s :'message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/other_sign.key" | openssl base64 -A`
\set auth_signature `printf %s :'message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/auth.key" | openssl base64 -A`
SAVEPOINT begun;
SELECT verdict, detail, id_token FROM passport.step_up(:'challenge_id', pg_temp.der('other_sign'), decode(:'other_signature', 'base64'));
SELECT verdict FROM passport.step_up(:'challenge_id', pg_temp.der('good_sign'), decode(:'signature', 'base64'));
ROLLBACK TO begun;
-- nor by one that another account has
INSERT INTO passport.certificate_directory
  SELECT i.issuer_id, c.serial, r.resident_id FROM passport.certificate_info(pg_temp.der('other_sign')) AS c
    JOIN passport.certificate_issuer AS i ON i.name = c.issuer, passport.resident_directory AS r WHERE r.resident_number = '90008';
SELECT verdict, id_token FROM passport.step_up(:'challenge_id', pg_temp.der('other_sign'), decode(:'other_signature', 'base64'));
ROLLBACK TO begun;
SELECT verdict, id_token FROM passport.step_up(:'challenge_id', pg_temp.der('good_sign'), decode(:'auth_signature', 'base64'));
ROLLBACK TO begun;
SELECT verdict, id_token FROM passport.step_up(:'challenge_id', '\x00', decode(:'signature', 'base64'));
ROLLBACK TO begun;
-- the other certificate makes it fresh, no higher
SELECT verdict FROM passport.step_up(:'challenge_id', pg_temp.der('good_auth'), decode(:'auth_signature', 'base64'));
SELECT pg_temp.asks('spend_my_points');
ROLLBACK TO begun;
SELECT verdict, detail, convert_from(decode(rpad(part, (length(part) + 3) / 4 * 4, '='), 'base64'), 'UTF8')::jsonb ->> 'acr' AS acr
  FROM passport.step_up(:'challenge_id', pg_temp.der('good_sign'), decode(:'signature', 'base64')),
       LATERAL translate(split_part(id_token, '.', 2), '-_', '+/') AS part;
SELECT pg_temp.asks('spend_my_points');
-- it falls back by itself: by the policy's age, then by its own
SET passport.clock = '2026-07-01 12:05:01+09';
SELECT pg_temp.asks('spend_my_points');
SELECT passport.set_operation_policy('spend_my_points', 'jpki.signature');
SET passport.clock = '2026-07-01 12:10:00+09';
SELECT pg_temp.asks('spend_my_points');
SET passport.clock = '2026-07-01 12:10:01+09';
SELECT pg_temp.asks('spend_my_points'), pg_temp.asks('register_device');
ROLLBACK;
