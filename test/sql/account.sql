-- Accounts: from two certificates to a resident
\getenv abs_srcdir PG_ABS_SRCDIR
\set fixtures :abs_srcdir '/fixtures/certificates/certificates.sql'
\set keys :abs_srcdir '/fixtures/certificates'
\setenv KEYS :keys
\set ECHO none
\i :fixtures
\set ECHO all
\pset null '-'
\set VERBOSITY terse
SET timezone = 'Asia/Tokyo';
SET passport.clock = '2026-07-01 12:00+09';
\set ON_ERROR_ROLLBACK on
BEGIN;
SELECT count(passport.add_trust_anchor(bytes, CASE name WHEN 'sign_root' THEN 'signature' ELSE 'authentication' END))
  FROM fixture WHERE name IN ('sign_root', 'auth_root');
SELECT DISTINCT (passport.load_crl(bytes)).verdict FROM fixture WHERE name IN ('crl_sign', 'crl_auth');
SELECT imported, rejected FROM passport.import_residents('[
  {"resident_number": "90001", "household_number": "9", "name": "南牧　花子", "birth_date": "1985-04-07", "sex": "female",
   "address": "長野県南佐久郡南牧村大字海ノ口1051番地"},
  {"resident_number": "90002", "household_number": "9", "name": "南牧　次郎", "birth_date": "1987-01-02", "sex": "male",
   "address": "長野県南佐久郡南牧村大字海ノ口1051番地"}]');
SELECT resident_id AS hanako FROM passport.resident_directory WHERE resident_number = '90001' \gset
SELECT resident_id AS jiro FROM passport.resident_directory WHERE resident_number = '90002' \gset

CREATE FUNCTION pg_temp.der(text) RETURNS bytea LANGUAGE sql AS 'SELECT bytes FROM fixture WHERE name = $1';

-- the attributes find one resident for certain
SELECT challenge_id, translate(encode(message, 'base64'), E'\n', '') AS message64 FROM passport.begin_challenge('register') \gset
\set signature `printf %s :'message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/sign.key" | openssl base64 -A`
\set auth_signature `printf %s :'message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/auth.key" | openssl base64 -A`
-- by nobody's certificates but the signers', and the challenge is gone with the first try
SAVEPOINT first;
SELECT state, resident_id, detail FROM passport.register_account(:'challenge_id', pg_temp.der('other_sign'), decode(:'signature', 'base64'),
  pg_temp.der('good_auth'), decode(:'auth_signature', 'base64'));
SELECT passport.register_account(:'challenge_id', pg_temp.der('good_sign'), decode(:'signature', 'base64'),
  pg_temp.der('good_auth'), decode(:'auth_signature', 'base64'));
ROLLBACK TO first;
SELECT state, detail FROM passport.register_account(:'challenge_id', pg_temp.der('good_sign'), decode(:'signature', 'base64'),
  pg_temp.der('good_auth'), decode(:'signature', 'base64'));
ROLLBACK TO first;
SELECT state, detail FROM passport.register_account(:'challenge_id', pg_temp.der('good_auth'), decode(:'auth_signature', 'base64'),
  pg_temp.der('good_sign'), decode(:'signature', 'base64'));
ROLLBACK TO first;
SELECT state, detail FROM passport.register_account(:'challenge_id', pg_temp.der('revoked'), decode(:'signature', 'base64'),
  pg_temp.der('good_auth'), decode(:'auth_signature', 'base64'));
ROLLBACK TO first;
SELECT state, detail FROM passport.register_account(:'challenge_id', NULL, NULL, NULL, NULL);
ROLLBACK TO first;
SELECT state, resident_id = :hanako AS hanako, detail FROM passport.register_account(:'challenge_id', pg_temp.der('good_sign'),
  decode(:'signature', 'base64'), pg_temp.der('good_auth'), decode(:'auth_signature', 'base64'));
SELECT state, assurance, created_at FROM passport.account WHERE resident_id = :hanako;
SELECT kind, serial, hierarchy, not_after, ceremony = :'challenge_id' AS this_ceremony
  FROM passport.account_certificate WHERE resident_id = :hanako ORDER BY kind;

-- once more is the same account
SELECT challenge_id, translate(encode(message, 'base64'), E'\n', '') AS message64 FROM passport.begin_challenge('register') \gset
\set signature `printf %s :'message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/sign.key" | openssl base64 -A`
\set auth_signature `printf %s :'message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/auth.key" | openssl base64 -A`
\set other_signature `printf %s :'message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/other_sign.key" | openssl base64 -A`
\set other_auth_signature `printf %s :'message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/other_auth.key" | openssl base64 -A`
SAVEPOINT again;
SELECT state, resident_id = :hanako AS hanako, detail FROM passport.register_account(:'challenge_id', pg_temp.der('good_sign'),
  decode(:'signature', 'base64'), pg_temp.der('good_auth'), decode(:'auth_signature', 'base64'));
ROLLBACK TO again;
-- a birth date without its month and day is for staff
SELECT state, resident_id, detail - 'registration_id' AS detail FROM passport.register_account(:'challenge_id', pg_temp.der('partial_birth'),
  decode(:'signature', 'base64'), pg_temp.der('other_auth'), decode(:'other_auth_signature', 'base64'));
ROLLBACK TO again;
-- somebody who is not in the register, too; twice is one registration
SELECT state, resident_id, detail - 'registration_id' AS detail FROM passport.register_account(:'challenge_id', pg_temp.der('other_sign'),
  decode(:'other_signature', 'base64'), pg_temp.der('other_auth'), decode(:'other_auth_signature', 'base64'));
UPDATE passport.challenge SET consumed_at = NULL WHERE challenge_id = :'challenge_id';
SELECT state, resident_id FROM passport.register_account(:'challenge_id', pg_temp.der('other_sign'),
  decode(:'other_signature', 'base64'), pg_temp.der('other_auth'), decode(:'other_auth_signature', 'base64'));
SELECT name, birth_date, sex, jsonb_array_length(candidates) AS candidates FROM passport.registration_queue;
SELECT count(*) AS accounts FROM passport.account;
SELECT registration_id FROM passport.registration_queue \gset

-- staff decide
SELECT passport.link_account(-1, :jiro);
SELECT passport.link_account(:registration_id, -1);
SELECT passport.link_account(:registration_id, :jiro);
SELECT passport.link_account(:registration_id, :jiro);
SELECT passport.link_account(:registration_id, :hanako);
SELECT a.assurance, count(c) AS certificates FROM passport.account AS a JOIN passport.account_certificate AS c USING (resident_id)
 WHERE a.resident_id = :jiro GROUP BY 1;
SELECT state, name, decided_by = session_user AS by_me FROM passport.registration WHERE registration_id = :registration_id;
SELECT count(*) AS waiting FROM passport.registration_queue;

-- one person's signature with another's login makes no account
UPDATE passport.challenge SET consumed_at = NULL WHERE challenge_id = :'challenge_id';
SELECT passport.register_account(:'challenge_id', pg_temp.der('good_sign'), decode(:'signature', 'base64'),
  pg_temp.der('other_auth'), decode(:'other_auth_signature', 'base64'));
-- nor a new certificate of one person with a login of the other
SELECT passport.register_account(:'challenge_id', pg_temp.der('new_attribute'), decode(:'signature', 'base64'),
  pg_temp.der('other_auth'), decode(:'other_auth_signature', 'base64'));
-- but a new one of the same person joins the account
SELECT state, resident_id = :hanako AS hanako FROM passport.register_account(:'challenge_id', pg_temp.der('new_attribute'),
  decode(:'signature', 'base64'), pg_temp.der('good_auth'), decode(:'auth_signature', 'base64'));
SELECT kind, count(*) FROM passport.account_certificate WHERE resident_id = :hanako GROUP BY 1 ORDER BY 1;

SELECT attribute, passport.certificate_birth_date(attribute)
  FROM unnest(ARRAY['319850407', '520240229', '520230229', '319850400', '019850407', '31985040', 'abc', '', NULL]) AS attribute;
-- no certificate is kept
SELECT table_name, column_name FROM information_schema.columns
 WHERE table_schema = 'passport' AND data_type = 'bytea'
   AND table_name IN ('account', 'account_certificate', 'certificate_directory', 'registration', 'session');
ROLLBACK;
