-- The audit log: chains that show where they were tampered with
\pset null '-'
\set VERBOSITY terse
SET timezone = 'Asia/Tokyo';
SET passport.clock = '2026-07-01 12:00+09';
SET passport.audit_chains = 1;
\set ON_ERROR_ROLLBACK on
BEGIN;
-- a log of our own
ALTER TABLE passport.audit_record DISABLE TRIGGER USER;
ALTER TABLE passport.audit_head DISABLE TRIGGER USER;
ALTER TABLE passport.audit_digest DISABLE TRIGGER USER;
DELETE FROM passport.audit_record;
DELETE FROM passport.audit_head;
DELETE FROM passport.audit_digest;
ALTER TABLE passport.audit_record ENABLE TRIGGER USER;
ALTER TABLE passport.audit_head ENABLE TRIGGER USER;
ALTER TABLE passport.audit_digest ENABLE TRIGGER USER;
-- what is kept: one record for each resident, once
SELECT passport.record_access(ARRAY[12, 11, 12], 'counter', 'view_resident', '{name,address}');
SELECT passport.record_access('{}', 'counter', 'view_resident', '{name}');
SELECT passport.record_access(ARRAY[13, NULL], 'counter', 'view_resident', '{name}');
SELECT passport.record_access(ARRAY[13], 'curiosity', 'view_resident', '{name}');
SELECT chain, seq, resident_id, kind, who = session_user AS by_me, holder_id, purpose, source, columns, amount, happened_at,
       recorded_at > '2026-01-01' AS real_clock, octet_length(hash) AS hash
  FROM passport.audit_record ORDER BY seq;
-- a savepoint that is rolled back takes its records out of the chain
SAVEPOINT undone;
SELECT passport.record_access(ARRAY[14, 15], 'counter', 'view_resident', '{name}');
ROLLBACK TO undone;
SELECT passport.record_access(ARRAY[16], 'counter', 'view_points', '{points}');
SELECT passport.record_access(ARRAY[17], 'counter', repeat('x', 2000), ARRAY[repeat('列', 300), '', NULL]);
SELECT passport.record_access(ARRAY[18], 'counter', 'none', NULL);
SELECT chain, seq, resident_id FROM passport.audit_record ORDER BY seq;
SELECT * FROM passport.audit_verify();

-- the hash of a record, computed by SQL alone from what docs/data-formats.md says
CREATE FUNCTION pg_temp.number(value bigint) RETURNS bytea LANGUAGE sql RETURN '\x0100000008'::bytea || int8send(value);
CREATE FUNCTION pg_temp.field(value bytea) RETURNS bytea LANGUAGE sql
  RETURN coalesce('\x01'::bytea || int4send(octet_length(value)) || value, '\x00'::bytea);
CREATE FUNCTION pg_temp.field(value text) RETURNS bytea LANGUAGE sql RETURN pg_temp.field(convert_to(value, 'UTF8'));
SELECT r.seq, r.hash = sha256(
         coalesce((SELECT p.hash FROM passport.audit_record AS p WHERE p.seq = r.seq - 1), decode(repeat('00', 32), 'hex'))
         || pg_temp.number(r.chain) || pg_temp.number(r.seq) || pg_temp.number(r.resident_id)
         || pg_temp.field(r.kind) || pg_temp.field(r.who) || pg_temp.field(NULL::text) || pg_temp.field(NULL::text)
         || pg_temp.field(r.purpose) || pg_temp.field(r.source)
         || pg_temp.field((SELECT string_agg(pg_temp.field(c), '' ORDER BY nth)
                             FROM unnest(r.columns) WITH ORDINALITY AS u(c, nth)))
         || pg_temp.field(NULL::text)
         || pg_temp.number((extract(epoch FROM r.happened_at - '2000-01-01 00:00+00') * 1000000)::bigint)
         || pg_temp.number((extract(epoch FROM r.recorded_at - '2000-01-01 00:00+00') * 1000000)::bigint)) AS as_written
  FROM passport.audit_record AS r ORDER BY r.seq;

-- a day's digest
SELECT passport.take_audit_digest(), passport.take_audit_digest();
SELECT length(digest), records FROM passport.audit_digest('2026-07-01');
SELECT * FROM passport.audit_digest('2026-07-02');
SET passport.clock = '2026-07-02 12:00+09';
SELECT passport.record_access(ARRAY[21, 22, 23, 24, 25], 'disaster', 'view_resident', '{name}');
SELECT passport.take_audit_digest();
SELECT * FROM passport.audit_verify();
SELECT * FROM passport.audit_verify('2026-07-02 00:00+09');
SELECT * FROM passport.audit_verify('-infinity', '2026-07-02 00:00+09');
SELECT * FROM passport.audit_verify('2026-07-03 00:00+09');

-- nobody changes it
UPDATE passport.audit_record SET who = 'nobody';
DELETE FROM passport.audit_record;
TRUNCATE passport.audit_record;
UPDATE passport.audit_digest SET digest = hash FROM passport.audit_record;
DELETE FROM passport.audit_head;
-- except a superuser without its triggers, which shows
ALTER TABLE passport.audit_record DISABLE TRIGGER USER;
ALTER TABLE passport.audit_head DISABLE TRIGGER USER;
ALTER TABLE passport.audit_digest DISABLE TRIGGER USER;
SAVEPOINT whole;
\echo == each column changed
UPDATE passport.audit_record SET resident_id = 99 WHERE seq = 3;
SELECT chain, verdict, broken_seq FROM passport.audit_verify();
ROLLBACK TO whole;
UPDATE passport.audit_record SET who = 'somebody' WHERE seq = 4;
SELECT chain, verdict, broken_seq FROM passport.audit_verify();
ROLLBACK TO whole;
UPDATE passport.audit_record SET purpose = NULL WHERE seq = 1;
SELECT chain, verdict, broken_seq FROM passport.audit_verify();
ROLLBACK TO whole;
UPDATE passport.audit_record SET columns = '{nameaddress}' WHERE seq = 1;
SELECT chain, verdict, broken_seq FROM passport.audit_verify();
ROLLBACK TO whole;
UPDATE passport.audit_record SET holder_id = 1 WHERE seq = 2;
SELECT chain, verdict, broken_seq FROM passport.audit_verify();
ROLLBACK TO whole;
UPDATE passport.audit_record SET recorded_at = recorded_at + interval '1 microsecond' WHERE seq = 2;
SELECT chain, verdict, broken_seq FROM passport.audit_verify();
ROLLBACK TO whole;
UPDATE passport.audit_record SET happened_at = happened_at - interval '1 day' WHERE seq = 8;
SELECT chain, verdict, broken_seq FROM passport.audit_verify();
ROLLBACK TO whole;
UPDATE passport.audit_record SET hash = '\x00' WHERE seq = 10;
SELECT chain, verdict, broken_seq FROM passport.audit_verify();
SELECT passport.record_access(ARRAY[11], 'counter', 'view_resident', '{name}');
ROLLBACK TO whole;
\echo == a record deleted: in the middle, the first
DELETE FROM passport.audit_record WHERE seq = 5;
SELECT chain, records, verdict, broken_seq FROM passport.audit_verify();
ROLLBACK TO whole;
DELETE FROM passport.audit_record WHERE seq = 1;
SELECT chain, records, verdict, broken_seq FROM passport.audit_verify();
ROLLBACK TO whole;
\echo == two exchanged
UPDATE passport.audit_record SET seq = 11 - seq WHERE seq IN (5, 6);
SELECT chain, verdict, broken_seq FROM passport.audit_verify();
ROLLBACK TO whole;
\echo == one put in twice
INSERT INTO passport.audit_record
SELECT 98, chain, seq, kind, who, holder_id, session_id, purpose, source, columns, amount, happened_at, recorded_at, hash
  FROM passport.audit_record WHERE seq = 3;
SELECT chain, records, verdict, broken_seq FROM passport.audit_verify();
ROLLBACK TO whole;
\echo == the tail cut off, all of it gone
DELETE FROM passport.audit_record WHERE seq > 6;
SELECT chain, records, verdict, broken_seq FROM passport.audit_verify();
DELETE FROM passport.audit_record;
SELECT chain, records, verdict, broken_seq FROM passport.audit_verify();
ROLLBACK TO whole;
\echo == a record changed and every hash after it computed anew: the digest of the day knows better
DO $$
DECLARE
  r passport.audit_record;
  before bytea := passport.no_hash();
BEGIN
  UPDATE passport.audit_record SET who = 'somebody' WHERE seq = 3;
  FOR r IN SELECT * FROM passport.audit_record ORDER BY seq LOOP
    before := passport.audit_hash(before, r.chain, r.seq, r.resident_id, r.kind, r.who, r.holder_id, r.session_id,
                                  r.purpose, r.source, r.columns, r.amount, r.happened_at, r.recorded_at);
    UPDATE passport.audit_record SET hash = before WHERE seq = r.seq;
  END LOOP;
END $$;
SELECT chain, records, verdict, broken_seq FROM passport.audit_verify();
\echo == and the digests with it: then only what was published knows
UPDATE passport.audit_head AS h SET hash = r.hash FROM passport.audit_record AS r WHERE r.chain = h.chain AND r.seq = h.seq;
SELECT chain, verdict, broken_seq, broken_day FROM passport.audit_verify();
ROLLBACK TO whole;
UPDATE passport.audit_digest SET digest = sha256(digest) WHERE day = '2026-07-01';
SELECT chain, verdict, broken_seq, broken_day FROM passport.audit_verify();
ROLLBACK TO whole;
\echo == nothing of it is left
SELECT * FROM passport.audit_verify();
ROLLBACK;
