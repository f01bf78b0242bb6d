-- Revocation sources: what is asked where and when, and what becomes of it
\getenv abs_srcdir PG_ABS_SRCDIR
\set fixtures :abs_srcdir '/fixtures/certificates/certificates.sql'
\set transaction :abs_srcdir '/fixtures/transaction.sql'
\set ECHO none
\i :fixtures
\i :transaction
\set ECHO all
\pset null '-'
SET passport.clock = '2026-07-01 12:00+09';
-- a wait without what chance adds to it, by half at most: the next lower of those that are expected
CREATE FUNCTION pg_temp.waits(due_at timestamptz) RETURNS interval LANGUAGE sql AS $$
  SELECT max(w) FROM unnest(ARRAY['-1 day', '0', '1 s', '2 s', '4 s', '8 s', '16 s', '90 s', '14 min', '1 hour', '2 hours', '2 days']::interval[]) AS w
   WHERE w <= due_at - passport.now() $$;
SELECT count(passport.add_trust_anchor(bytes, 'signature')) FROM fixture WHERE name = 'sign_root';
SELECT i.issuer_id, i.name AS issuer FROM passport.certificate_issuer AS i
 WHERE i.name LIKE '%JPKI for digital signature,O=JPKI-TEST%' \gset

-- what a source may be
SELECT left(url, 40) AS url, pg_temp.refusal(format('SELECT passport.set_source(%L, ''crl'')', url), true)
  FROM unnest(ARRAY['ftp://lists.invalid/', 'https://user@lists.invalid/', 'https://lists.invalid/#part', 'https://lists.invalid/a b',
                    E'https://lists.invalid/\nHost: other', 'https://', 'file:///etc/passwd', 'https://lists.invalid/' || repeat('x', 1000)]) AS url;
SELECT pg_temp.refusal($$SELECT passport.set_source('http://o.invalid', 'ocsp')$$),
       pg_temp.refusal($$SELECT passport.set_source('http://o.invalid', 'ocsp', 'CN=nobody')$$),
       pg_temp.refusal($$SELECT passport.set_source('http://o.invalid', 'crl', 'CN=nobody')$$, true),
       pg_temp.refusal($$SELECT passport.set_source('http://o.invalid', 'ldap')$$, true),
       pg_temp.refusal($$SELECT passport.set_source('http://o.invalid', 'crl', every => '1 second')$$, true);
SELECT passport.set_source('https://lists.invalid/whole.crl', 'crl') AS list \gset
SELECT passport.set_source('https://lists.invalid/whole.crl', 'crl', every => '2 hours') = :list AS same;
SELECT pg_temp.refusal(format('SELECT passport.set_source(%L, ''ocsp'', %L)', 'https://lists.invalid/whole.crl', :'issuer'));
SELECT kind, url, every, enabled, due_at, verdict FROM passport.report_source;

-- loaded, and then asked for on conditions
CREATE FUNCTION pg_temp.complete(got int, list text DEFAULT NULL, tag text DEFAULT NULL, retry_after int DEFAULT 0,
                                 failure text DEFAULT NULL, worker text DEFAULT 'one') RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', c.verdict, CASE WHEN c.good THEN 'good' ELSE 'bad' END)
    FROM passport.revocation_source AS s,
         passport.complete_source(worker, s.source_id, got, (SELECT bytes FROM fixture WHERE name = list), tag,
                                  CASE WHEN tag IS NOT NULL THEN 'Wed, 01 Jul 2026 00:00:00 GMT' END, retry_after, failure) AS c
   WHERE s.kind = 'crl' $$;
CREATE FUNCTION pg_temp.state(OUT status int, OUT verdict text, OUT detail text, OUT attempts int, OUT waits interval,
                              OUT etag text, OUT good_until timestamptz) LANGUAGE sql AS $$
  SELECT s.status, s.verdict, s.detail, s.attempts, pg_temp.waits(s.due_at), s.etag, s.good_until
    FROM passport.revocation_source AS s WHERE s.kind = 'crl' $$;
SELECT url, body, content_type, etag, last_modified, most_bytes FROM passport.claim_sources('one');
SELECT * FROM passport.claim_sources('two');
SELECT pg_temp.complete(200, 'crl_empty', '"1"', worker => 'two');
SELECT pg_temp.complete(200, 'crl_empty', '"1"');
SELECT * FROM pg_temp.state();
SELECT issuer = :'issuer' AS issuer, point, number, revoked, this_update, next_update, age, believed_until FROM passport.report_revocation_list;
SELECT pg_temp.complete(200, 'crl_sign', '"2"');
SELECT url FROM passport.claim_sources('one');
SET passport.clock = '2026-07-01 14:00+09';
SELECT etag, last_modified FROM passport.claim_sources('one');
SELECT pg_temp.complete(304);
SELECT * FROM pg_temp.state();
-- news has the accounts reviewed at once
INSERT INTO passport.job (job, every, next_run) VALUES ('review_certificates', '1 day', passport.now() + interval '1 day')
  ON CONFLICT (job) DO UPDATE SET next_run = excluded.next_run;
SET passport.clock = '2026-07-01 16:00+09';
SELECT etag FROM passport.claim_sources('one');
SELECT pg_temp.complete(200, 'crl_empty', '"1"');
SELECT next_run > passport.now() AS waits FROM passport.job WHERE job = 'review_certificates';
SET passport.clock = '2026-07-01 18:00+09';
SELECT etag FROM passport.claim_sources('one');
SELECT pg_temp.complete(200, 'crl_sign', '"2"');
SELECT next_run <= passport.now() AS due FROM passport.job WHERE job = 'review_certificates';

-- what fails is tried again after a while, never later than the source's own time
SET passport.clock = '2026-07-01 20:00+09';
SELECT etag FROM passport.claim_sources('one');
SELECT pg_temp.complete(503, retry_after => 90);
SELECT * FROM pg_temp.state();
SET passport.clock = '2026-07-01 20:02+09';
SELECT etag FROM passport.claim_sources('one');
SELECT pg_temp.complete(429, retry_after => 86400);
SELECT * FROM pg_temp.state();
SET passport.clock = '2026-07-01 22:02+09';
SELECT etag FROM passport.claim_sources('one');
SELECT pg_temp.complete(NULL, failure => 'timeout');
SELECT * FROM pg_temp.state();
-- a body that is refused, or breaks the loader, takes the validators with it
SET passport.clock = '2026-07-01 22:02:10+09';
SELECT etag FROM passport.claim_sources('one');
SELECT pg_temp.complete(200, 'message', '"3"');
SELECT * FROM pg_temp.state();
SET passport.clock = '2026-07-01 22:02:30+09';
SELECT etag FROM passport.claim_sources('one');
SELECT pg_temp.complete(200, NULL, '"3"');
SAVEPOINT before;
ALTER TABLE passport.revocation_list ADD CHECK (revoked < 0) NOT VALID;
SET passport.clock = '2026-07-01 22:03+09';
SELECT etag FROM passport.claim_sources('one');
SELECT pg_temp.complete(200, 'crl_next', '"3"');
SELECT verdict, detail, etag FROM pg_temp.state();
ROLLBACK TO before;
SET passport.clock = '2026-07-01 22:03+09';
SELECT etag FROM passport.claim_sources('one');
SELECT pg_temp.complete(304);
SELECT pg_temp.complete(200, 'crl_next', '"3"');
-- a lease that is over is anybody's, and what the first one says then is nothing
SET passport.clock = '2026-07-01 23:00+09';
SELECT passport.set_source('https://lists.invalid/whole.crl', 'crl') = :list AS same;
SELECT url FROM passport.claim_sources('one', lease => '1 minute');
SET passport.clock = '2026-07-01 23:01+09';
SELECT url FROM passport.claim_sources('two', lease => '1 minute');
SELECT pg_temp.complete(200, 'crl_next', '"3"');
SELECT pg_temp.complete(200, 'crl_next', '"3"', worker => 'two');
-- past its next update a list is asked for without conditions
SELECT good_until FROM pg_temp.state();
SET passport.clock = '2026-07-09 00:00+09';
SELECT etag, last_modified FROM passport.claim_sources('one');
SELECT pg_temp.complete(304);
-- one that is switched off stays and is not asked
SELECT passport.set_source('https://lists.invalid/whole.crl', 'crl', enabled => false) = :list AS same;
SELECT count(*) FROM passport.claim_sources('one');
SELECT pg_temp.refusal($$SELECT passport.claim_sources('one', 0)$$, true), pg_temp.refusal($$SELECT passport.claim_sources(NULL)$$, true),
       pg_temp.refusal($$SELECT passport.claim_sources('one', lease => '1 day')$$, true);

-- a round through the certificates of active accounts, fifty at a time
SET passport.clock = '2026-07-01 12:00+09';
SELECT passport.set_source('http://ocsp.invalid/', 'ocsp', :'issuer') AS ocsp \gset
SELECT count(*) FROM passport.claim_sources('one');
SELECT due_at FROM passport.report_source WHERE kind = 'ocsp';
INSERT INTO passport.resident (resident_number, name, updated_at)
  SELECT 'source' || n, '試験', passport.now() FROM generate_series(1, 70) AS n;
CREATE TEMP TABLE person AS SELECT resident_id, replace(resident_number, 'source', '')::int AS n
  FROM passport.resident WHERE resident_number LIKE 'source%';
INSERT INTO passport.account (resident_id, assurance, created_at, state)
  SELECT resident_id, 'card_certain', passport.now(), CASE WHEN n = 2 THEN 'suspended' ELSE 'active' END FROM person;
-- of number 3 a replaced one, of number 4 one that has ended, of number 5 one of another issuer
INSERT INTO passport.account_certificate (resident_id, issuer_id, serial, kind, medium, hierarchy, not_after, ceremony, registered_at, state)
  SELECT resident_id, CASE WHEN n = 5 THEN 1 ELSE :issuer_id END, lpad(to_hex(n), 4, '0'), 'signature', 'card', 'test',
         passport.now() + CASE WHEN n = 4 THEN interval '-1 day' ELSE interval '1 year' END,
         gen_random_uuid(), passport.now(), CASE WHEN n = 3 THEN 'replaced' ELSE 'active' END FROM person;
SET passport.clock = '2026-07-01 12:15+09';
CREATE FUNCTION pg_temp.question(OUT url text, OUT body bytea, OUT content_type text, OUT most_bytes bigint) RETURNS SETOF record
  LANGUAGE sql AS $$ SELECT url, body, content_type, most_bytes FROM passport.claim_sources('one') $$;
CREATE FUNCTION pg_temp.answer(got int) RETURNS text LANGUAGE sql AS $$
  SELECT concat_ws(' ', c.verdict, CASE WHEN c.good THEN 'good' ELSE 'bad' END)
    FROM passport.revocation_source AS s,
         passport.complete_source('one', s.source_id, got, '', NULL, NULL, 0, NULL) AS c WHERE s.kind = 'ocsp' $$;
CREATE FUNCTION pg_temp.round(OUT asked_to int, OUT round_at timestamptz, OUT waits interval) LANGUAGE sql AS $$
  SELECT p.n, s.round_at, pg_temp.waits(s.due_at) FROM passport.revocation_source AS s
    LEFT JOIN person AS p ON p.resident_id::text = s.asked_to[1] WHERE s.kind = 'ocsp' $$;
SELECT url, body IS NOT NULL AS asks, content_type, most_bytes FROM pg_temp.question();
SELECT s.serials[1] AS first, cardinality(s.serials) AS certificates, s.ends_with[2] AS last
  FROM passport.revocation_source AS r, passport.next_question(r) AS s WHERE r.kind = 'ocsp';
-- what fails is asked again, but not for ever
SELECT pg_temp.answer(500);
SELECT * FROM pg_temp.round();
SELECT count(*) FROM pg_temp.question();
SET passport.clock = '2026-07-01 12:15:02+09';
SELECT count(*) FROM pg_temp.question();
SELECT pg_temp.answer(200);
SELECT * FROM pg_temp.round();
UPDATE passport.revocation_source SET attempts = 4, due_at = passport.now() WHERE kind = 'ocsp';
SELECT count(*) FROM pg_temp.question();
SELECT pg_temp.answer(500);
SELECT * FROM pg_temp.round();
SET passport.clock = '2026-07-01 12:15:30+09';
SELECT s.serials[1] AS first, cardinality(s.serials) AS certificates, s.ends_with[2] AS last
  FROM passport.revocation_source AS r, passport.next_question(r) AS s WHERE r.kind = 'ocsp';
SELECT count(*) FROM pg_temp.question();
UPDATE passport.revocation_source SET asked_to = asking_to, due_at = passport.now() WHERE kind = 'ocsp';
-- the end of a round: the next one begins when the source's time is over, counted from its beginning
SELECT count(*) FROM pg_temp.question();
SELECT * FROM pg_temp.round();
SET passport.clock = '2026-07-01 12:30+09';
SELECT count(*) FROM pg_temp.question();
SELECT s.serials[1] AS first FROM passport.revocation_source AS r, passport.next_question(r) AS s WHERE r.kind = 'ocsp';
ROLLBACK;
