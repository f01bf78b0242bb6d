-- Revocation lists
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
SELECT bytes AS message FROM fixture WHERE name = 'message' \gset
SELECT bytes AS signature FROM fixture WHERE name = 'pkcs1_signature' \gset
CREATE FUNCTION pg_temp.standing(OUT name text, OUT verdict text) RETURNS SETOF record LANGUAGE sql AS $$
  SELECT f.name, v.verdict FROM fixture AS f, fixture AS m, fixture AS s,
         passport.verify_signature(f.bytes, m.bytes, s.bytes, 'signature') AS v
   WHERE f.name IN ('good_sign', 'revoked', 'held', 'no_point') AND m.name = 'message' AND s.name = 'pkcs1_signature'
   ORDER BY f.name $$;

SELECT verdict, detail, revoked FROM passport.load_crl((SELECT bytes FROM fixture WHERE name = 'crl_empty'));
SELECT count(passport.add_trust_anchor(bytes, 'signature')) FROM fixture WHERE name = 'sign_root';
SELECT * FROM pg_temp.standing();

-- loaded, growing, the same again, an older one
SELECT * FROM passport.load_crl((SELECT bytes FROM fixture WHERE name = 'crl_empty'));
SELECT * FROM pg_temp.standing();
SELECT verdict, number, revoked FROM passport.load_crl((SELECT bytes FROM fixture WHERE name = 'crl_sign'));
SELECT * FROM pg_temp.standing();
SELECT encode(serial, 'hex') AS serial, reason, revoked_at FROM passport.revoked_certificate ORDER BY 1;
SELECT verdict, detail, revoked FROM passport.load_crl((SELECT bytes FROM fixture WHERE name = 'crl_sign'));
SELECT verdict, detail, revoked FROM passport.load_crl((SELECT bytes FROM fixture WHERE name = 'crl_empty'));
SELECT point, number, revoked FROM passport.revocation_list;
-- one that has gone from the list is good again
SELECT verdict, number, revoked FROM passport.load_crl((SELECT bytes FROM fixture WHERE name = 'crl_next'));
SELECT * FROM pg_temp.standing();
SELECT encode(serial, 'hex') AS serial FROM passport.revoked_certificate;

-- too old, and not yet
SAVEPOINT before;
SET LOCAL passport.clock = '2026-07-06 23:59:59Z';
SELECT DISTINCT verdict FROM pg_temp.standing() WHERE name = 'good_sign';
SELECT verdict, detail FROM passport.load_crl((SELECT bytes FROM fixture WHERE name = 'crl_sign'));
SET LOCAL passport.clock = '2026-06-20 00:00Z';
SELECT DISTINCT verdict FROM pg_temp.standing() WHERE name = 'good_sign';
SELECT verdict, detail FROM passport.load_crl((SELECT bytes FROM fixture WHERE name = 'crl_sign'));
ROLLBACK TO before;

-- lists that are not believed
SELECT name, (passport.load_crl(bytes)).verdict, (passport.load_crl(bytes)).detail
  FROM fixture WHERE name IN ('crl_stranger', 'crl_auth', 'crl_no_scope', 'good_sign', 'message') ORDER BY name;
SELECT verdict, detail FROM passport.load_crl(NULL);
SELECT verdict, detail FROM passport.load_crl((SELECT set_byte(bytes, length(bytes) - 1, get_byte(bytes, length(bytes) - 1) # 1)
                                                 FROM fixture WHERE name = 'crl_next'));
SELECT count(*) AS cuts, count(*) FILTER (WHERE c.verdict = 'malformed') AS malformed
  FROM fixture AS f, generate_series(0, length(f.bytes) - 1) AS size,
       passport.inspect_crl(substr(f.bytes, 1, size)) AS c
 WHERE f.name = 'crl_sign';
SELECT count(*) > 1000 AS tried, count(*) FILTER (WHERE c.verdict IS NULL) AS believed
  FROM fixture AS f, generate_series(0, length(f.bytes) - 1) AS at, unnest(ARRAY[1, 128]) AS flip,
       passport.inspect_crl(set_byte(f.bytes, at, get_byte(f.bytes, at) # flip)) AS c
 WHERE f.name = 'crl_sign';
SELECT count(*) AS lists FROM passport.revocation_list;
ROLLBACK;
