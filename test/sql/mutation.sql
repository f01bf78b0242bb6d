-- Certificates with one thing changed: each has its verdict and its rule
\getenv abs_srcdir PG_ABS_SRCDIR
\set mutations :abs_srcdir '/fixtures/mutations/mutations.sql'
\set ECHO none
\i :mutations
\set ECHO all
\pset null '-'
-- all in one transaction, so that no other test sees these roots
BEGIN;
SET timezone = 'Asia/Tokyo';
SET passport.clock = '2026-07-01 12:00+09';
-- six generations of one name, and the root for logging in
SELECT purpose, count(passport.add_trust_anchor(bytes, purpose)) FROM mutation_root GROUP BY 1 ORDER BY 1;
SELECT issuer_id > 100 AS ours, count(*) FROM passport.trust_anchor GROUP BY 1, issuer_id ORDER BY 2;
SELECT l.verdict, l.distribution_point, l.revoked FROM mutation_list, passport.load_crl(bytes) AS l ORDER BY 2;

CREATE TEMPORARY VIEW answer AS
  SELECT m.name, m.verdict AS expected, m.rule AS expected_rule, v.verdict, v.detail, m.purpose, m.scheme, m.made
    FROM mutation AS m JOIN mutation AS c ON c.name = coalesce(m.alike, m.name)
    JOIN mutation_signature AS s ON s.made = m.made
    CROSS JOIN (SELECT bytes FROM mutation_signature WHERE made = 'message') AS message,
    LATERAL passport.verify_signature(c.certificate, message.bytes, s.bytes, m.purpose,
                                      coalesce(m.at, passport.now()), m.scheme) AS v;

-- what is not as expected: nothing
SELECT name, expected, expected_rule, verdict, detail FROM answer
 WHERE (verdict, split_part(detail, ':', 1)) IS DISTINCT FROM (expected, expected_rule)
 ORDER BY name;
-- how often each rule decides
SELECT verdict, split_part(detail, ':', 1) AS rule, count(*) FROM answer GROUP BY 1, 2 ORDER BY 1, 2;
-- and each sentence once
SELECT DISTINCT detail FROM answer ORDER BY 1;

-- asked again, from what the first time left in memory: the same
SELECT count(*) FILTER (WHERE verdict = expected) AS as_expected, count(*) AS cases FROM answer;
-- nothing of a certificate that is malformed is said
SELECT count(*) AS said FROM mutation AS m, passport.certificate_info(m.certificate) AS i
 WHERE m.verdict = 'malformed' AND (i.fault IS NULL OR i.serial IS NOT NULL);
-- what is said of the holders' attributes
SELECT m.name, i.name AS holder, i.name_substitution AS substituted, i.birth_date, i.sex
  FROM mutation AS m, passport.certificate_info(m.certificate) AS i
 WHERE m.name ~ '^(kana|birth|sex|name_s|name_beyond_b|name_v|names_m)' AND i.fault IS NULL ORDER BY 1;
SELECT m.name, i.kind, i.hierarchy, i.key, i.not_after
  FROM mutation AS m, passport.certificate_info(m.certificate) AS i
 WHERE m.name IN ('p256_holder', 'p384_holder', 'rsa3072', 'ed25519', 'p521', 'ca', 'policy_both', 'policy_phone', 'issuer_lower_case',
                  'generalized_time', 'year_1950') ORDER BY 1;
-- no mutation is trusted as a root
SELECT count(*) FILTER (WHERE i.verdict IS NULL) AS trusted, count(*) > 150 AS tried
  FROM mutation AS m, passport.inspect_anchor(m.certificate) AS i WHERE m.certificate IS NOT NULL;
ROLLBACK;
