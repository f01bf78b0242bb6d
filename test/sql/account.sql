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
SELECT name, birth_date, sex, jsonb_array_length(candidates) AS candidates FROM passport.registration_queue();
SELECT count(*) AS accounts FROM passport.account;
SELECT registration_id FROM passport.registration_queue() \gset

-- staff decide
SELECT passport.link_account(-1, :jiro);
SELECT passport.link_account(:registration_id, -1);
SELECT passport.link_account(:registration_id, :jiro);
SELECT passport.link_account(:registration_id, :jiro);
SELECT passport.link_account(:registration_id, :hanako);
SELECT a.assurance, count(c) AS certificates FROM passport.account AS a JOIN passport.account_certificate AS c USING (resident_id)
 WHERE a.resident_id = :jiro GROUP BY 1;
SELECT state, name, decided_by = session_user AS by_me FROM passport.registration WHERE registration_id = :registration_id;
SELECT count(*) AS waiting FROM passport.registration_queue();

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

-- in place of the one before, which is good for nothing any more
SELECT kind, serial, state, new_serial FROM passport.account_certificate WHERE resident_id = :hanako ORDER BY kind, serial;
UPDATE passport.challenge SET consumed_at = NULL WHERE challenge_id = :'challenge_id';
SELECT state, detail FROM passport.register_account(:'challenge_id', pg_temp.der('good_sign'), decode(:'signature', 'base64'),
  pg_temp.der('good_auth'), decode(:'auth_signature', 'base64'));
-- a phone stands beside the card, ECDSA or not
\set phone_signature `printf %s :'message64' | openssl base64 -d -A | openssl dgst -sha256 -sign "$KEYS/phone.key" | openssl base64 -A`
UPDATE passport.challenge SET consumed_at = NULL WHERE challenge_id = :'challenge_id';
SELECT state, resident_id = :hanako AS hanako FROM passport.register_account(:'challenge_id', pg_temp.der('ecdsa'),
  decode(:'phone_signature', 'base64'), pg_temp.der('good_auth'), decode(:'auth_signature', 'base64'), 'phone');
SELECT passport.register_account(:'challenge_id', NULL, NULL, NULL, NULL, 'ring');
SELECT serial, medium, state FROM passport.account_certificate WHERE resident_id = :hanako AND kind = 'signature' ORDER BY serial;

-- moved: the card shows the old address, the certificate for logging in says whose it is
SAVEPOINT moved;
DELETE FROM passport.account_certificate WHERE serial = '1001';
DELETE FROM passport.certificate_directory WHERE serial = '1001';
UPDATE passport.resident SET address = '長野県南佐久郡南牧村大字野辺山1番地' WHERE resident_id = :hanako;
SELECT passport.refresh_match_keys(ARRAY[:hanako]);
UPDATE passport.challenge SET consumed_at = NULL WHERE challenge_id = :'challenge_id';
SELECT state, resident_id = :hanako AS hanako, detail FROM passport.register_account(:'challenge_id', pg_temp.der('good_sign'),
  decode(:'signature', 'base64'), pg_temp.der('good_auth'), decode(:'auth_signature', 'base64'));
ROLLBACK TO moved;
-- but another's name is not: that is for staff
UPDATE passport.challenge SET consumed_at = NULL WHERE challenge_id = :'challenge_id';
DELETE FROM passport.account_certificate WHERE serial = '1018';
DELETE FROM passport.certificate_directory WHERE serial = '1018';
SELECT state FROM passport.register_account(:'challenge_id', pg_temp.der('other_sign'),
  decode(:'other_signature', 'base64'), pg_temp.der('good_auth'), decode(:'auth_signature', 'base64'));
ROLLBACK TO moved;
-- renewed: both certificates come after hers, whatever the attributes say
SELECT issuer AS sign_issuer FROM passport.certificate_info(pg_temp.der('other_sign')) \gset
SELECT issuer AS auth_issuer FROM passport.certificate_info(pg_temp.der('other_auth')) \gset
SELECT passport.record_succession(:'sign_issuer', '1013', '1019'), passport.record_succession(:'sign_issuer', '1019', '1018'),
       passport.record_succession(:'auth_issuer', '2001', '2002'), passport.record_succession(:'auth_issuer', '2001', '2002');
SELECT passport.record_succession(:'auth_issuer', '2009', '2002');
SELECT passport.record_succession('CN=nobody', '2001', '2002');
SELECT passport.record_succession(:'auth_issuer', '2002', '2002');
DELETE FROM passport.account_certificate WHERE resident_id = :jiro;
DELETE FROM passport.certificate_directory WHERE resident_id = :jiro;
UPDATE passport.challenge SET consumed_at = NULL WHERE challenge_id = :'challenge_id';
SELECT state, resident_id = :hanako AS hanako, detail FROM passport.register_account(:'challenge_id', pg_temp.der('other_sign'),
  decode(:'other_signature', 'base64'), pg_temp.der('other_auth'), decode(:'other_auth_signature', 'base64'));
SELECT serial, state, new_serial FROM passport.account_certificate WHERE resident_id = :hanako ORDER BY serial;
SELECT serial, r = :hanako AS hanako, medium, verdict, detail FROM unnest(ARRAY['2001', '2002', '2fff']) AS serial,
  LATERAL passport.account_of_login((SELECT issuer_id FROM passport.certificate_issuer WHERE name = :'auth_issuer'), serial) AS l(r, medium, verdict, detail)
 ORDER BY serial;
ROLLBACK TO moved;

-- what revocation means
CREATE FUNCTION pg_temp.give(resident bigint, kind text, serial text, medium text DEFAULT 'card') RETURNS void LANGUAGE sql AS $$
  SELECT passport.attach_certificates(resident, jsonb_build_object(kind, jsonb_build_object(
    'issuer_id', (SELECT issuer_id FROM passport.revocation_list WHERE point LIKE CASE kind WHEN 'signature' THEN '%signature%' ELSE '%authentication%' END),
    'serial', serial, 'medium', medium, 'hierarchy', 'test', 'not_after', '2031-01-01')), gen_random_uuid()) $$;
SELECT reason, passport.revocation_means(reason::smallint) FROM generate_series(0, 10) AS reason WHERE reason <> 7;
SELECT passport.review_certificates();
SELECT pg_temp.give(:jiro, 'signature', '1003');
SELECT passport.review_certificates();
SELECT passport.review_certificates();
SELECT state, asks FROM passport.account WHERE resident_id = :jiro;
SELECT pg_temp.give(:jiro, 'signature', '1020');
SELECT state, asks FROM passport.account WHERE resident_id = :jiro;
-- the renewed card's old certificate asks for nothing, the only one for the new card
SELECT pg_temp.give(:jiro, 'authentication', '2003', 'phone');
SELECT passport.review_certificates();
SELECT state, asks FROM passport.account WHERE resident_id = :jiro;
UPDATE passport.account_certificate SET state = 'active', reason = NULL WHERE serial = '2003';
UPDATE passport.account_certificate SET state = 'replaced' WHERE resident_id = :jiro AND serial = '2002';
SELECT passport.review_certificates();
SELECT state, asks FROM passport.account WHERE resident_id = :jiro;
-- a held one suspends, unless another stands in for it, until new ones come
SELECT pg_temp.give(:jiro, 'signature', '1004', 'phone');
SELECT passport.review_certificates();
SELECT state FROM passport.account WHERE resident_id = :jiro;
UPDATE passport.account_certificate SET state = 'active', reason = NULL WHERE serial = '1004';
UPDATE passport.account_certificate SET state = 'replaced' WHERE resident_id = :jiro AND serial = '1020';
SELECT passport.review_certificates();
SELECT state, suspended_for FROM passport.account WHERE resident_id = :jiro;
SELECT passport.open_account(:jiro, 'card_certain');
SELECT state, suspended_for, assurance FROM passport.account WHERE resident_id = :jiro;
-- but what staff suspended, staff resume
SELECT passport.suspend_account(:jiro, 'called: the phone was stolen');
SELECT passport.open_account(:jiro, 'card_staff');
SELECT state, suspended_for, assurance FROM passport.account WHERE resident_id = :jiro;
SELECT passport.suspend_account(:jiro, '');
SELECT passport.suspend_account(-1, 'who');
SELECT passport.resume_account(:jiro, 'found again');
SELECT passport.resume_account(:jiro, 'found again');
SELECT event, detail - 'serial' AS detail FROM passport.account_event WHERE resident_id = :jiro ORDER BY event_id;
DELETE FROM passport.account_event;

-- staff refuse a registration; what it was made of is forgotten
UPDATE passport.challenge SET consumed_at = NULL WHERE challenge_id = :'challenge_id';
DELETE FROM passport.account_certificate WHERE resident_id = :jiro;
DELETE FROM passport.certificate_directory WHERE resident_id = :jiro;
SELECT state FROM passport.register_account(:'challenge_id', pg_temp.der('other_sign'), decode(:'other_signature', 'base64'),
  pg_temp.der('other_auth'), decode(:'other_auth_signature', 'base64'));
SELECT registration_id AS refused FROM passport.registration_queue() \gset
SELECT passport.refuse_registration(:refused, NULL);
SELECT passport.refuse_registration(-1, 'not a resident');
SELECT passport.refuse_registration(:registration_id, 'not a resident');
SELECT passport.refuse_registration(:refused, 'not a resident');
SELECT passport.refuse_registration(:refused, 'not a resident');
SELECT passport.link_account(:refused, :jiro);
SELECT state, name, birth_date, refused_for FROM passport.registration WHERE registration_id = :refused;

-- at the counter: under 15 with the PIN, a card without one, and nobody else
SELECT imported FROM passport.import_residents('[
  {"resident_number": "90003", "name": "南牧　三郎", "birth_date": "2012-07-02"},
  {"resident_number": "90004", "name": "南牧　四郎", "birth_date": "2011-07-01"}]');
SELECT resident_id AS saburo FROM passport.resident_directory WHERE resident_number = '90003' \gset
SELECT resident_id AS shiro FROM passport.resident_directory WHERE resident_number = '90004' \gset
UPDATE passport.challenge SET consumed_at = NULL WHERE challenge_id = :'challenge_id';
SAVEPOINT counter;
SELECT passport.enrol_at_counter(:shiro, 'under_15', pg_temp.der('other_auth'), :'challenge_id', decode(:'other_auth_signature', 'base64'));
SELECT passport.enrol_at_counter(:shiro, 'ward', pg_temp.der('other_auth'), :'challenge_id', decode(:'other_auth_signature', 'base64'));
SELECT passport.enrol_at_counter(:saburo, 'under_15', pg_temp.der('other_auth'));
SELECT passport.enrol_at_counter(:saburo, 'pinless', pg_temp.der('revoked_auth'));
SELECT passport.enrol_at_counter(:saburo, 'under_15', pg_temp.der('other_auth'), :'challenge_id', decode(:'auth_signature', 'base64'));
ROLLBACK TO counter;
SELECT passport.enrol_at_counter(:shiro, 'pinless', pg_temp.der('good_auth'));
SELECT passport.enrol_at_counter(:shiro, 'pinless', pg_temp.der('other_auth'));
SELECT assurance FROM passport.account WHERE resident_id = :shiro;
ROLLBACK TO counter;
SELECT passport.enrol_at_counter(:saburo, 'under_15', pg_temp.der('other_auth'), :'challenge_id', decode(:'other_auth_signature', 'base64'));
SELECT a.assurance, e.ground, e.pin_entered, e.serial FROM passport.account AS a JOIN passport.counter_enrolment AS e USING (resident_id)
 WHERE resident_id = :saburo;
SELECT born, passport.last_day_before_age(born, 15) AS fifteen, passport.last_day_before_age(born, 20) AS twenty
  FROM unnest(ARRAY['2008-02-29', '2008-03-01', '2009-03-01', '2012-07-02']::date[]) AS born;

SELECT attribute, passport.certificate_birth_date(attribute)
  FROM unnest(ARRAY['319850407', '520240229', '520230229', '319850400', '019850407', '31985040', 'abc', '', NULL]) AS attribute;
-- no certificate is kept
SELECT table_name, column_name FROM information_schema.columns
 WHERE table_schema = 'passport' AND data_type = 'bytea'
   AND table_name IN ('account', 'account_certificate', 'certificate_directory', 'registration', 'session');
ROLLBACK;
