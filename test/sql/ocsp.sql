-- Responses of OCSP, each with one thing changed, and what wins over a list
\getenv abs_srcdir PG_ABS_SRCDIR
\set mutations :abs_srcdir '/fixtures/mutations/mutations.sql'
\set refusal :abs_srcdir '/fixtures/refusal.sql'
\set ECHO none
\i :mutations
\i :refusal
\set ECHO all
\pset null '-'
-- all in one transaction, so that no other test sees these roots
BEGIN;
SET timezone = 'UTC';
SET passport.clock = '2026-07-01 03:00Z';
SELECT purpose, count(passport.add_trust_anchor(bytes, purpose)) FROM mutation_root GROUP BY 1 ORDER BY 1;
SELECT l.verdict, l.this_update, l.revoked FROM mutation_list, passport.load_crl(bytes) AS l WHERE l.distribution_point LIKE '%signature%';

-- loads a response as if its nonce were of a request of ours, alone or not
CREATE FUNCTION pg_temp.load(name text, OUT verdict text, OUT detail text, OUT good bigint, OUT revoked bigint) LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO passport.ocsp_nonce VALUES (repeat('N', 32)::bytea, passport.now() + interval '10 minutes') ON CONFLICT DO NOTHING;
  SELECT l.verdict, l.detail, l.good, l.revoked INTO verdict, detail, good, revoked
    FROM mutation_response AS m, passport.load_ocsp_response(m.bytes) AS l WHERE m.name = load.name;
END $$;
CREATE FUNCTION pg_temp.load_alone(name text, OUT verdict text, OUT detail text, OUT stored text) LANGUAGE plpgsql AS $$
BEGIN
  DELETE FROM passport.certificate_status;
  SELECT l.verdict, l.detail INTO verdict, detail FROM pg_temp.load(name) AS l;
  SELECT string_agg(concat_ws(' ', encode(serial, 'hex'), coalesce(reason::text, 'good')), ', ' ORDER BY serial) INTO stored
    FROM passport.certificate_status;
END $$;
CREATE TEMPORARY TABLE answer AS
  SELECT m.name, m.verdict AS expected, m.rule AS expected_rule, l.* FROM mutation_response AS m, pg_temp.load_alone(m.name) AS l;
-- what is not as expected, or stored without being loaded: nothing
SELECT * FROM answer WHERE (verdict, split_part(detail, ':', 1)) IS DISTINCT FROM (expected, expected_rule)
                        OR (verdict = 'loaded') IS DISTINCT FROM (stored IS NOT NULL) ORDER BY name;
SELECT verdict, detail, count(*) FROM answer GROUP BY 1, 2 ORDER BY 1, 2;
SELECT name, stored FROM answer WHERE verdict = 'loaded' ORDER BY 1;
-- no octet of one that is believed can be changed, none be left out, and nothing else is one
SELECT count(*) > 2000 AS tried, count(*) FILTER (WHERE r.verdict IS NULL) AS believed
  FROM mutation_response AS m, generate_series(0, length(m.bytes) - 1) AS at, unnest(ARRAY[1, 128]) AS flip,
       passport.inspect_ocsp_response(set_byte(m.bytes, at, get_byte(m.bytes, at) # flip)) AS r
 WHERE m.name = 'good';
SELECT count(*) AS cuts, count(*) FILTER (WHERE r.verdict = 'malformed') AS malformed
  FROM mutation_response AS m, generate_series(0, length(m.bytes) - 1) AS size,
       passport.inspect_ocsp_response(substr(m.bytes, 1, size)) AS r
 WHERE m.name = 'good';
SELECT verdict, detail FROM passport.load_ocsp_response(NULL);
SELECT verdict, detail FROM passport.load_ocsp_response(decode('3083100000', 'hex') || convert_to(repeat('0', 1048576), 'UTF8'));

-- requests
SELECT issuer_id AS ours FROM passport.certificate_issuer WHERE name LIKE '%JPKI for digital signature,O=JPKI-TEST%' \gset
DELETE FROM passport.ocsp_nonce;
SELECT encode(passport.make_ocsp_request(:ours, '{6001,00ff}'), 'hex') AS request \gset
-- each serial number under the four generations that are valid, with the nonce
SELECT serial, (length(:'request') - length(replace(:'request', serial, ''))) / length(serial) AS times
  FROM unnest('{02026001,020200ff}'::text[]) AS serial;
SELECT length(nonce), position('0420' || encode(nonce, 'hex') IN :'request') > 0 AS sent, expires_at FROM passport.ocsp_nonce;
SELECT pg_temp.refusal(format('SELECT passport.make_ocsp_request(%L, %L)', issuer, serials))
  FROM (VALUES (:ours, NULL), (:ours, '{}'), (:ours, '{6001,NULL}'), (:ours, '{6}'), (:ours, '{6A}'), (:ours, '{-1}'),
               (:ours, '{' || repeat('6001,', 100) || '6001}'), (0, '{6001}'), (NULL, '{6001}')) AS v (issuer, serials);
-- each nonce once, and not for long
DELETE FROM passport.ocsp_nonce;
SELECT (pg_temp.load('good')).verdict;
SELECT verdict, detail FROM passport.load_ocsp_response((SELECT bytes FROM mutation_response WHERE name = 'good'));
INSERT INTO passport.ocsp_nonce VALUES (repeat('N', 32)::bytea, passport.now());
SELECT verdict, detail FROM passport.load_ocsp_response((SELECT bytes FROM mutation_response WHERE name = 'good'));
SET LOCAL passport.clock = '2026-07-01 03:00:01Z';
SELECT passport.forget_nonces(passport.now(), 10), passport.forget_nonces(passport.now(), 10);
SET LOCAL passport.clock = '2026-07-01 03:00Z';

-- what wins: 6001 is on the list of 2026-06-30 00:00Z, 2001 is not
CREATE FUNCTION pg_temp.standing(serial text, at timestamptz DEFAULT passport.now()) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', v.verdict, v.detail) FROM mutation AS m, mutation_signature AS message, mutation_signature AS s,
         passport.certificate_info(m.certificate) AS i,
         passport.verify_signature(m.certificate, message.bytes, s.bytes, 'signature', standing.at) AS v
   WHERE message.made = 'message' AND s.made = 'pkcs1' AND i.serial = standing.serial AND m.purpose = 'signature' AND v.verdict <> 'untrusted'
   LIMIT 1 $$;
CREATE FUNCTION pg_temp.standing_after(name text, serial text) RETURNS text LANGUAGE sql AS $$
  DELETE FROM passport.certificate_status;
  SELECT l.verdict || ', ' || pg_temp.standing($2) FROM pg_temp.load($1) AS l $$;
SELECT serial, pg_temp.standing(serial) FROM (VALUES ('6001'), ('2001')) AS v (serial);
SELECT name, pg_temp.standing_after(name, CASE WHEN name LIKE '%good' THEN '6001' ELSE '2001' END)
  FROM unnest('{before_list_good,as_list_good,after_list_good,before_list_revoked,as_list_revoked,after_list_revoked}'::text[]) AS name;
-- of two responses too, and one that is older changes nothing
SELECT name, verdict, detail, good, revoked, pg_temp.standing('2001')
  FROM unnest('{after_list_revoked,before_list_revoked,two_answers,after_list_revoked,as_list_good}'::text[]) AS name, pg_temp.load(name);
-- an answer is about one generation of the root: of another one it says nothing
DELETE FROM passport.certificate_status;
SELECT name, verdict, pg_temp.standing('6001') FROM unnest('{of_old_root,good}'::text[]) AS name, pg_temp.load(name);
SELECT count(*) AS answers, count(DISTINCT anchor_id) AS generations FROM passport.certificate_status;

-- without lists a response is enough, while it is fresh
DELETE FROM passport.revoked_certificate;
DELETE FROM passport.revocation_list;
DELETE FROM passport.certificate_status;
SELECT pg_temp.standing('2001');
SELECT verdict, good FROM pg_temp.load('two_answers');
SELECT at, pg_temp.standing('2001', at::timestamptz)
  FROM unnest('{2026-07-01 01:59:59Z,2026-07-01 02:00Z,2026-07-01 05:00Z,2026-07-01 05:00:01Z}'::text[]) AS at;
SELECT verdict, pg_temp.standing('6001'), pg_temp.standing('6001', '2026-07-01 03:00Z'), pg_temp.standing('6001', '2026-07-01 03:00:01Z')
  FROM pg_temp.load_alone('no_next_update');
-- revoked stays revoked when nobody says otherwise
SELECT verdict, pg_temp.standing('6001', '2026-07-20 00:00Z') FROM pg_temp.load_alone('held');
-- and accounts are held against it
SELECT imported FROM passport.import_residents('[{"resident_number": "90031", "household_number": "9", "name": "南牧　花子", "birth_date": "1985-04-07", "sex": "female"}]');
SELECT resident_id AS hanako FROM passport.resident_directory WHERE resident_number = '90031' \gset
INSERT INTO passport.account VALUES (:hanako, 'active', 'card_certain', passport.now());
INSERT INTO passport.account_certificate (resident_id, issuer_id, serial, kind, medium, hierarchy, not_after, ceremony, registered_at)
  SELECT :hanako, :ours, serial, 'signature', 'card', 'test', '2031-01-01', gen_random_uuid(), passport.now()
    FROM unnest('{6001,2001}'::text[]) AS serial;
SELECT serial, reason FROM passport.revoked_account_certificate;
UPDATE passport.account_certificate SET state = 'replaced' WHERE serial = '2001' AND resident_id = :hanako;
SELECT passport.review_certificates(), passport.review_certificates();
SELECT c.serial, c.state, c.reason, a.state AS account, a.suspended_for
  FROM passport.account_certificate AS c JOIN passport.account AS a USING (resident_id) WHERE resident_id = :hanako ORDER BY 1;
-- a root takes its answers with it
SELECT count(*) FROM passport.certificate_status;
DELETE FROM passport.trust_anchor WHERE issuer_id = :ours;
SELECT count(*) FROM passport.certificate_status;
ROLLBACK;
