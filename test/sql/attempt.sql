-- Failed attempts: counted, and nobody locked out by others
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
BEGIN;
\set ECHO none
SELECT count(passport.add_trust_anchor(bytes, CASE name WHEN 'sign_root' THEN 'signature' ELSE 'authentication' END)) AS roots
  FROM fixture WHERE name IN ('sign_root', 'auth_root') \gset
SELECT count((passport.load_crl(bytes)).verdict) AS lists FROM fixture WHERE name IN ('crl_auth', 'crl_sign') \gset
SELECT imported FROM passport.import_residents('[
  {"resident_number": "90011", "household_number": "9", "name": "南牧　花子", "birth_date": "1985-04-07", "sex": "female"}]') \gset
SELECT resident_id AS hanako FROM passport.resident_directory WHERE resident_number = '90011' \gset
INSERT INTO passport.account VALUES (:hanako, 'active', 'card_certain', passport.now());
INSERT INTO passport.certificate_directory
  SELECT i.issuer_id, c.serial, :hanako FROM fixture AS f, passport.certificate_info(f.bytes) AS c
    JOIN passport.certificate_issuer AS i ON i.name = c.issuer WHERE f.name = 'good_auth';
CREATE FUNCTION pg_temp.der(text) RETURNS bytea LANGUAGE sql AS 'SELECT bytes FROM fixture WHERE name = $1';
-- what comes of trying with somebody's certificate and no key
CREATE FUNCTION pg_temp.forge(certificate text, source text) RETURNS text LANGUAGE sql AS $$
  SELECT verdict FROM passport.log_in((passport.begin_challenge('log_in')).challenge_id, pg_temp.der(certificate), '\x00', source => $2) $$;
CREATE FUNCTION pg_temp.forge_often(times int, certificate text, source text) RETURNS TABLE (verdict text, number bigint) LANGUAGE plpgsql AS $$
DECLARE
  verdicts text[];
BEGIN
  FOR i IN 1..$1 LOOP
    verdicts := verdicts || pg_temp.forge($2, $3);
  END LOOP;
  RETURN QUERY SELECT v, count(*) FROM unnest(verdicts) AS v GROUP BY 1 ORDER BY 1;
END $$;
\set ECHO all
-- ten may be mistakes
SELECT * FROM pg_temp.forge_often(12, 'good_auth', '192.0.2.1');
SELECT kind, failures FROM passport.attempt ORDER BY kind;
-- the holder gets in all the same, from anywhere, to what a disaster asks for
SELECT challenge_id, translate(encode(message, 'base64'), E'\n', '') AS message64 FROM passport.begin_challenge('log_in') \gset
\set signature `printf %s :'message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/auth.key" | openssl base64 -A`
SAVEPOINT begun;
SELECT verdict, id_token FROM passport.log_in(:'challenge_id', pg_temp.der('good_auth'), decode(:'signature', 'base64'), source => '198.51.100.7') \gset
SELECT :'verdict', passport.authenticate(:'id_token') = :hanako AS hanako, passport.require_level('answer_alert') = :hanako AS may_answer;
SAVEPOINT limited;
SELECT passport.require_level('spend_my_points');
ROLLBACK TO limited;
-- and to the rest by a step up
SELECT challenge_id, translate(encode(message, 'base64'), E'\n', '') AS message64 FROM passport.begin_challenge('step_up') \gset step_
\set step_signature `printf %s :'step_message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/auth.key" | openssl base64 -A`
SELECT verdict FROM passport.step_up(:'step_challenge_id', pg_temp.der('good_auth'), decode(:'step_signature', 'base64'));
SELECT passport.require_level('spend_my_points') = :hanako AS may_spend;
ROLLBACK TO begun;
-- a step up, a registration and the counter count as a login does, and answer as it does
CREATE FUNCTION pg_temp.forge_others(certificate text, source text) RETURNS text[] LANGUAGE plpgsql AS $$
BEGIN
  RETURN ARRAY[
    (passport.step_up((passport.begin_challenge('step_up')).challenge_id, pg_temp.der(certificate), '\x00', source)).verdict,
    (passport.register_account((passport.begin_challenge('register')).challenge_id, pg_temp.der('good_sign'), '\x00',
       pg_temp.der(certificate), '\x00', source => source)).detail ->> 'verdict',
    passport.enrol_at_counter((SELECT resident_id FROM passport.resident_directory WHERE resident_number = '90011'), 'pinless', pg_temp.der(certificate),
      (passport.begin_challenge('register')).challenge_id, '\x00', source)];
END $$;
SELECT verdict, id_token FROM passport.log_in(:'challenge_id', pg_temp.der('good_auth'), decode(:'signature', 'base64')) \gset
SELECT passport.authenticate(:'id_token') = :hanako AS hanako;
DELETE FROM passport.attempt;
SELECT pg_temp.forge_others('good_auth', '192.0.2.3') FROM generate_series(1, 6);
SELECT a.kind, a.failures FROM passport.attempt AS a ORDER BY 1, 2;
-- the certificate for signing, which had failed six times, is not limited by the other's attempts; in the end it is by its own
SELECT DISTINCT pg_temp.forge_others('good_auth', NULL) FROM generate_series(1, 4);
SELECT DISTINCT pg_temp.forge_others('good_auth', NULL);
-- a good signature registers, and steps up, all the same
SELECT challenge_id, translate(encode(message, 'base64'), E'\n', '') AS message64 FROM passport.begin_challenge('register') \gset both_
\set both_signature `printf %s :'both_message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/auth.key" | openssl base64 -A`
\set both_sign_signature `printf %s :'both_message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/sign.key" | openssl base64 -A`
SELECT state, resident_id = :hanako AS hanako FROM passport.register_account(:'both_challenge_id', pg_temp.der('good_sign'), decode(:'both_sign_signature', 'base64'),
  pg_temp.der('good_auth'), decode(:'both_signature', 'base64'), source => '192.0.2.3');
SELECT challenge_id, translate(encode(message, 'base64'), E'\n', '') AS message64 FROM passport.begin_challenge('step_up') \gset step_
\set step_signature `printf %s :'step_message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/auth.key" | openssl base64 -A`
SELECT verdict FROM passport.step_up(:'step_challenge_id', pg_temp.der('good_auth'), decode(:'step_signature', 'base64'), '192.0.2.3');
SELECT challenge_id, translate(encode(message, 'base64'), E'\n', '') AS message64 FROM passport.begin_challenge('register') \gset pin_
\set pin_signature `printf %s :'pin_message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/auth.key" | openssl base64 -A`
SELECT passport.enrol_at_counter(:hanako, 'pinless', pg_temp.der('good_auth'), :'pin_challenge_id', decode(:'pin_signature', 'base64'), '192.0.2.3');
-- by a card that is another's, only where it came from is counted
DELETE FROM passport.attempt;
SELECT challenge_id, translate(encode(message, 'base64'), E'\n', '') AS message64 FROM passport.begin_challenge('step_up') \gset step_
\set step_signature `printf %s :'step_message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/other_auth.key" | openssl base64 -A`
SELECT verdict FROM passport.step_up(:'step_challenge_id', pg_temp.der('other_auth'), decode(:'step_signature', 'base64'), '192.0.2.3');
SELECT a.kind, a.failures FROM passport.attempt AS a ORDER BY 1, 2;
ROLLBACK TO begun;
-- when the window is over nothing is left of it
SET passport.clock = '2026-07-01 12:15+09';
SELECT pg_temp.forge('good_auth', '192.0.2.1');
SELECT kind, failures FROM passport.attempt ORDER BY kind;
-- a source stands for many: ten times as much, and whatever it sends
SELECT * FROM pg_temp.forge_often(102, 'expired', '192.0.2.1');
SELECT pg_temp.forge('good_auth', '192.0.2.1'), pg_temp.forge('good_auth', '192.0.2.2'), pg_temp.forge('good_auth', NULL);
ROLLBACK;
