-- verify_signature: one verdict for each rule
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
SELECT bytes AS auth_signature FROM fixture WHERE name = 'auth_signature' \gset
SELECT bytes AS certificate FROM fixture WHERE name = 'good_sign' \gset

-- nobody trusts a test hierarchy unasked
SELECT * FROM passport.verify_signature(:'certificate', :'message', :'signature', 'signature');
SELECT count(passport.add_trust_anchor(bytes, replace(name, '_root', ''))) FROM
  (SELECT CASE name WHEN 'sign_root' THEN 'signature' ELSE 'authentication' END AS name, bytes
     FROM fixture WHERE name IN ('sign_root', 'auth_root')) AS root;
-- nor believes that a certificate is good because nobody said otherwise
SELECT verdict, detail, hierarchy FROM passport.verify_signature(:'certificate', :'message', :'signature', 'signature');
SELECT name, (passport.load_crl(bytes)).verdict FROM fixture WHERE name IN ('crl_sign', 'crl_auth') ORDER BY 1;
SELECT * FROM passport.verify_signature(:'certificate', :'message', :'signature', 'signature');
SELECT * FROM passport.verify_signature((SELECT bytes FROM fixture WHERE name = 'good_auth'), :'message', :'auth_signature',
                                        'authentication');

-- every case, for signing; twice, the second time from what the first left in memory
SELECT f.name, v.verdict, v.detail, v.serial, v.hierarchy
  FROM fixture AS f, passport.verify_signature(f.bytes, :'message', :'signature', 'signature') AS v
 WHERE f.name !~ '^crl_|_signature$' ORDER BY f.name;
SELECT v.verdict, count(*) FROM fixture AS f,
  passport.verify_signature(f.bytes, :'message', :'signature', 'signature') AS v
 WHERE f.name !~ '^crl_|_signature$' GROUP BY 1 ORDER BY 1;
-- and for logging in
SELECT f.name, v.verdict, v.detail
  FROM fixture AS f, passport.verify_signature(f.bytes, :'message', :'auth_signature', 'authentication') AS v
 WHERE f.name IN ('good_auth', 'good_sign', 'revoked_auth', 'auth_by_sign_root', 'other_auth') ORDER BY f.name;

-- schemes are not interchangeable
SELECT scheme, made_as, v.verdict
  FROM unnest(ARRAY['pkcs1', 'pss', 'bare_hash', 'ecdsa', NULL]) AS scheme,
       unnest(ARRAY['pkcs1', 'pss', 'bare_hash']) AS made_as,
       passport.verify_signature(:'certificate', :'message',
         (SELECT bytes FROM fixture WHERE name = made_as || '_signature'), 'signature', scheme => scheme) AS v
 ORDER BY v.verdict = 'valid' DESC, 1, 2;
SELECT s AS scheme, v.verdict FROM unnest(ARRAY['ecdsa', 'pkcs1', NULL]) AS s,
  passport.verify_signature((SELECT bytes FROM fixture WHERE name = 'ecdsa'), :'message',
                            (SELECT bytes FROM fixture WHERE name = 'ecdsa_signature'), 'signature', scheme => s) AS v;

-- the edges of time
SELECT at, v.verdict, v.detail
  FROM unnest(ARRAY['-infinity', '2025-12-31 23:59:59Z', '2026-06-29 23:59:59Z', '2026-06-30 00:00:00Z', '2026-07-05 00:00:00Z',
                    '2026-07-05 00:00:01Z', '2031-01-01 15:00:00Z', 'infinity']::timestamptz[]) AS at,
       passport.verify_signature(:'certificate', :'message', :'signature', 'signature', at) AS v;

-- signatures that are none
SELECT what, v.verdict
  FROM (VALUES ('empty', ''::bytea), ('short', '\x00'), ('long', decode(repeat('ff', 100000), 'hex')),
               ('of another message', (SELECT bytes FROM fixture WHERE name = 'auth_signature')),
               ('null', NULL)) AS bad(what, bytes),
       passport.verify_signature(:'certificate', :'message', bytes, 'signature') AS v;
SELECT verdict FROM passport.verify_signature(:'certificate', :'message' || '\x00'::bytea, :'signature', 'signature');
SELECT verdict FROM passport.verify_signature(NULL, :'message', :'signature', 'signature');
-- questions that make no sense
\set VERBOSITY terse
SELECT passport.verify_signature(:'certificate', :'message', :'signature', 'login');
SELECT passport.verify_signature(:'certificate', :'message', :'signature', NULL);
SELECT passport.verify_signature(:'certificate', :'message', :'signature', 'signature', NULL);
SELECT passport.verify_signature(:'certificate', :'message', :'signature', 'signature', scheme => 'none');

-- a root that was taken away proves nothing, not even what it proved before
SAVEPOINT before;
DELETE FROM passport.trust_anchor WHERE NOT shipped AND purpose = 'signature';
SELECT verdict, detail FROM passport.verify_signature(:'certificate', :'message', :'signature', 'signature');
ROLLBACK TO before;
SELECT verdict, detail FROM passport.verify_signature(:'certificate', :'message', :'signature', 'signature');
-- all roots of one name are tried
SELECT count(passport.add_trust_anchor(bytes, 'signature')) FROM fixture WHERE name = 'stranger';
SELECT f.name, v.verdict FROM fixture AS f,
  passport.verify_signature(f.bytes, :'message', :'signature', 'signature') AS v
 WHERE f.name IN ('good_sign', 'wrong_root') ORDER BY 1;
ROLLBACK;
