-- A phone whose keys are on a curve: registers, logs in, steps up
\getenv abs_srcdir PG_ABS_SRCDIR
\set fixtures :abs_srcdir '/fixtures/certificates/certificates.sql'
\set phone :abs_srcdir '/fixtures/phone.sql'
\set token_key :abs_srcdir '/fixtures/token-key.sql'
\set keys :abs_srcdir '/fixtures/certificates'
\setenv KEYS :keys
\set ECHO none
\i :fixtures
\i :phone
\i :token_key
\set ECHO all
\pset null '-'
\set VERBOSITY terse
SET timezone = 'Asia/Tokyo';
SET passport.clock = '2026-07-01 12:00+09';
\set ON_ERROR_ROLLBACK on
BEGIN;
\set ECHO none
SELECT count(passport.add_trust_anchor(bytes, CASE name WHEN 'sign_root' THEN 'signature' ELSE 'authentication' END)) AS roots
  FROM phone WHERE name IN ('sign_root', 'auth_root') \gset
SELECT count((passport.load_crl(bytes)).verdict) AS lists FROM phone WHERE name IN ('crl_sign', 'crl_auth') \gset
SELECT imported FROM passport.import_residents('[
  {"resident_number": "94001", "household_number": "9", "name": "南牧　花子", "birth_date": "1985-04-07", "sex": "female",
   "address": "長野県南佐久郡南牧村大字海ノ口1051番地"},
  {"resident_number": "94002", "name": "南牧　三郎", "birth_date": "2012-07-02"}]') \gset
SELECT resident_id AS hanako FROM passport.resident_directory WHERE resident_number = '94001' \gset
SELECT resident_id AS saburo FROM passport.resident_directory WHERE resident_number = '94002' \gset
CREATE FUNCTION pg_temp.der(text) RETURNS bytea LANGUAGE sql AS 'SELECT bytes FROM phone WHERE name = $1';
CREATE FUNCTION pg_temp.claims(token text) RETURNS jsonb LANGUAGE sql AS $$
  SELECT convert_from(decode(rpad(part, (length(part) + 3) / 4 * 4, '='), 'base64'), 'UTF8')::jsonb
    FROM translate(split_part(token, '.', 2), '-_', '+/') AS part $$;
\set ECHO all

SELECT challenge_id, translate(encode(message, 'base64'), E'\n', '') AS message64 FROM passport.begin_challenge('register') \gset
\set signature `printf %s :'message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/phone.key" | openssl base64 -A`
\set card_signature `printf %s :'message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/sign.key" | openssl base64 -A`
-- at the counter, too, where the card may be of the next generation
SAVEPOINT counter;
SELECT passport.enrol_at_counter(:saburo, 'under_15', pg_temp.der('phone_auth'), :'challenge_id', decode(:'signature', 'base64'));
ROLLBACK TO counter;
-- what an RSA key signed is none of its signatures
SELECT state, detail FROM passport.register_account(:'challenge_id', pg_temp.der('phone_sign'), decode(:'card_signature', 'base64'),
  pg_temp.der('phone_auth'), decode(:'signature', 'base64'), 'phone');
ROLLBACK TO counter;
SELECT state, resident_id = :hanako AS hanako FROM passport.register_account(:'challenge_id', pg_temp.der('phone_sign'),
  decode(:'signature', 'base64'), pg_temp.der('phone_auth'), decode(:'signature', 'base64'), 'phone');
SELECT kind, medium, serial, state FROM passport.account_certificate WHERE resident_id = :hanako ORDER BY kind;

SELECT challenge_id, translate(encode(message, 'base64'), E'\n', '') AS message64 FROM passport.begin_challenge('log_in') \gset
\set signature `printf %s :'message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/phone.key" | openssl base64 -A`
\set card_signature `printf %s :'message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/auth.key" | openssl base64 -A`
SAVEPOINT begun;
SELECT verdict, id_token FROM passport.log_in(:'challenge_id', pg_temp.der('phone_auth'), decode(:'card_signature', 'base64'));
ROLLBACK TO begun;
SELECT verdict, id_token FROM passport.log_in(:'challenge_id', pg_temp.der('phone_auth'), decode(:'signature', 'base64')) \gset
SELECT :'verdict', c ->> 'acr' AS acr, c ->> 'amr' AS amr FROM pg_temp.claims(:'id_token') AS c;
SELECT passport.authenticate(:'id_token') = :hanako AS hanako;

SELECT challenge_id, translate(encode(message, 'base64'), E'\n', '') AS message64 FROM passport.begin_challenge('step_up') \gset
\set signature `printf %s :'message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/phone.key" | openssl base64 -A`
SELECT verdict, pg_temp.claims(id_token) ->> 'acr' AS acr
  FROM passport.step_up(:'challenge_id', pg_temp.der('phone_sign'), decode(:'signature', 'base64'));
ROLLBACK;
