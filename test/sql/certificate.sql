-- Certificates: what they say, and the roots that are trusted
\getenv abs_srcdir PG_ABS_SRCDIR
\set fixtures :abs_srcdir '/fixtures/certificates/certificates.sql'
\set ECHO none
\i :fixtures
\set ECHO all
\pset null '-'
-- all in one transaction, so that no other test sees these roots
\set ON_ERROR_ROLLBACK on
BEGIN;
SET timezone = 'Asia/Tokyo';
SET passport.clock = '2026-07-01 12:00+09';

-- the published roots are there, whole and by purpose
SELECT anchor_id, issuer_id, purpose, hierarchy, shipped, encode(fingerprint, 'hex') AS fingerprint
  FROM passport.trust_anchor ORDER BY anchor_id;
SELECT a.anchor_id, c.kind, c.hierarchy, c.serial, c.key, c.not_before = a.not_before AS begins,
       c.not_after = a.not_after AS ends, c.subject = i.name AS named, sha256(a.certificate) = a.fingerprint AS whole
  FROM passport.trust_anchor AS a JOIN passport.certificate_issuer AS i USING (issuer_id),
       passport.certificate_info(a.certificate) AS c ORDER BY anchor_id;
SELECT issuer_id, name FROM passport.certificate_issuer ORDER BY issuer_id;
-- each of them would be taken again: self-signed, CA, strong enough
SELECT DISTINCT i.verdict, i.name_der = n.name_der AS same_name
  FROM passport.trust_anchor AS a JOIN passport.certificate_issuer AS n USING (issuer_id),
       passport.inspect_anchor(a.certificate) AS i;

-- what a signature certificate says of its holder
\x
SELECT (passport.certificate_info(bytes)).* FROM fixture WHERE name = 'good_sign';
SELECT (passport.certificate_info(bytes)).* FROM fixture WHERE name = 'good_auth';
\x
SELECT f.name, c.kind, c.hierarchy, c.key, c.name AS holder, c.birth_date, c.sex, c.fault
  FROM fixture AS f, passport.certificate_info(f.bytes) AS c
 WHERE f.name ~ '^(expired|rsa1024|ecdsa|two_names|new_attribute|partial_birth|no_sex|nul_in_attribute|bad_utf8|trailing_byte|long_length|version2|negative_serial|two_algorithms|unknown_critical|ca_as_leaf|no_point|message|crl_sign)$'
 ORDER BY f.name;

-- bytes that are no certificate: a fault is named, and nothing else happens
SELECT name, (passport.certificate_info(bytes)).fault
  FROM (VALUES ('empty', ''::bytea),
               ('text', convert_to('-----BEGIN CERTIFICATE-----', 'UTF8')),
               ('zeros', decode(repeat('00', 1000), 'hex')),
               ('indefinite', '\x3080020101'),
               ('long of nothing', '\x30847fffffff'),
               ('nested', decode(repeat('3080', 30000), 'hex'))) AS bad(name, bytes);
SELECT (passport.certificate_info(bytes || decode(repeat('00', 65537 - length(bytes)), 'hex'))).fault
  FROM fixture WHERE name = 'good_sign';
-- cut anywhere
SELECT count(*) AS cuts, count(c.fault) AS faults, count(c.serial) AS read
  FROM fixture AS f, generate_series(0, length(f.bytes) - 1) AS size,
       passport.certificate_info(substr(f.bytes, 1, size)) AS c
 WHERE f.name IN ('good_sign', 'good_auth');
-- any one octet of the framing changed: read as something, or not at all, but never an error
SELECT count(*) > 10000 AS tried
  FROM fixture AS f, generate_series(0, length(f.bytes) - 1) AS at, unnest(ARRAY[1, 128, 255]) AS flip,
       passport.certificate_info(set_byte(f.bytes, at, get_byte(f.bytes, at) # flip)) AS c
 WHERE f.name IN ('good_sign', 'good_auth', 'two_names');

-- roots are trusted only when they are roots
\set VERBOSITY terse
\set SHOW_CONTEXT never
DO $$
DECLARE
  certificate bytea;
  name text;
  detail text;
BEGIN
  FOR name, certificate IN
    SELECT f.name, f.bytes FROM fixture AS f WHERE f.name IN ('good_sign', 'ca_as_leaf', 'message', 'trailing_byte')
    UNION ALL SELECT 'null', NULL
    UNION ALL SELECT 'changed', set_byte(f.bytes, length(f.bytes) - 1, get_byte(f.bytes, length(f.bytes) - 1) # 1)
      FROM fixture AS f WHERE f.name = 'sign_root'
    ORDER BY 1
  LOOP
    BEGIN
      PERFORM passport.add_trust_anchor(certificate, 'signature');
      RAISE NOTICE '%: trusted', name;
    EXCEPTION WHEN SQLSTATE 'PT422' THEN
      GET STACKED DIAGNOSTICS detail = PG_EXCEPTION_DETAIL;
      RAISE NOTICE '%: %', name, detail::jsonb ->> 'text';
    END;
  END LOOP;
END $$;
\set VERBOSITY terse
SELECT passport.add_trust_anchor(bytes, 'both') FROM fixture WHERE name = 'sign_root';
SELECT passport.add_trust_anchor(bytes, NULL) FROM fixture WHERE name = 'sign_root';
SAVEPOINT before;
SELECT passport.add_trust_anchor(bytes, 'signature') = encode(sha256(bytes), 'hex') AS fingerprint
  FROM fixture, generate_series(1, 2) WHERE name = 'sign_root';
SELECT purpose, hierarchy, shipped, count(*) FROM passport.trust_anchor WHERE NOT shipped GROUP BY 1, 2, 3;
-- the same root for both purposes is two anchors
SELECT passport.add_trust_anchor(bytes, 'authentication') IS NOT NULL AS added FROM fixture WHERE name = 'sign_root';
SELECT count(*), count(DISTINCT issuer_id) AS issuers FROM passport.trust_anchor WHERE NOT shipped;
ROLLBACK TO before;
ROLLBACK;
