-- The audit log: who looked at whose data or acted for whom, in chains of hashes

CREATE TABLE passport.audit_record (
  resident_id bigint NOT NULL,
  chain int NOT NULL,
  seq bigint NOT NULL,
  kind text NOT NULL,
  who text NOT NULL,
  holder_id bigint,
  session_id uuid,
  purpose text,
  source text NOT NULL,
  columns text[],
  amount bigint,
  happened_at timestamptz NOT NULL,
  recorded_at timestamptz NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (resident_id, chain, seq)
);
COMMENT ON TABLE passport.audit_record IS
'The audit log, append-only. resident_id: whose data (0: nobody''s in particular; below 0: a visitor''s of a shelter); kind: access (staff looked), act (a guardian acted) or purge; who: the database login; holder_id, session_id: whose login to the services acted, if one did; source: the function; columns: their names, never values; amount: rows of a purge; happened_at: passport.now(); recorded_at: the real clock. Each record is the seq-th of its chain, and its hash is of the hash before it and of its own canonical bytes (docs/data-formats.md). A transaction writes one chain and nobody else writes it meanwhile, so that the order in a chain is the order of the commits.';
-- not unique: a unique key would have to begin with resident_id.  audit_verify() finds a place taken twice.
CREATE INDEX audit_record_chain ON passport.audit_record (chain, seq);
-- rows lie in the order of their times
CREATE INDEX audit_record_time ON passport.audit_record USING brin (happened_at);

CREATE TRIGGER audit_record_stays BEFORE UPDATE OR TRUNCATE ON passport.audit_record
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

CREATE TABLE passport.audit_digest (
  day date PRIMARY KEY,
  taken_at timestamptz NOT NULL,
  digest bytea NOT NULL CHECK (octet_length(digest) = 32)
);
COMMENT ON TABLE passport.audit_digest IS
'A digest for each day: SHA-256 of the digest before it (32 zero bytes before the first), the day (YYYY-MM-DD), and of each chain, in their order, its number (4 bytes), its last seq (8 bytes) and its last hash. Whoever published one can prove the log up to it.';
CREATE TRIGGER audit_digest_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON passport.audit_digest
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

CREATE TABLE passport.audit_head (
  day date NOT NULL,
  chain int NOT NULL,
  seq bigint NOT NULL,
  hash bytea NOT NULL,
  PRIMARY KEY (day, chain)
);
COMMENT ON TABLE passport.audit_head IS
'Where each chain of the audit log ended when a day''s digest was taken.';
CREATE INDEX audit_head_chain ON passport.audit_head (chain, seq);
CREATE TRIGGER audit_head_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON passport.audit_head
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

CREATE FUNCTION passport.audit_hash(before bytea, chain int, seq bigint, resident_id bigint, kind text, who text,
    holder_id bigint, session_id uuid, purpose text, source text, columns text[], amount bigint,
    happened_at timestamptz, recorded_at timestamptz) RETURNS bytea
  LANGUAGE c IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_audit_hash';
COMMENT ON FUNCTION passport.audit_hash(bytea, int, bigint, bigint, text, text, bigint, uuid, text, text, text[], bigint, timestamptz, timestamptz) IS
'The hash (SHA-256) that a record must have after the record with the hash before; 32 zero bytes stand before a chain''s first. NULL where a record cannot be so.';

CREATE FUNCTION passport.append_audit(resident_ids bigint[], kind text, purpose text, source text, columns text[],
                                      amount bigint) RETURNS void
  LANGUAGE c SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_append_audit';
COMMENT ON FUNCTION passport.append_audit(bigint[], text, text, text, text[], bigint) IS
'Appends a record about each resident, once each, to one of the passport.audit_chains chains; record_access() and record_act() call it. Who acts is known to it. Takes the first free chain and keeps it until the transaction ends; waits only when all are taken.';

CREATE FUNCTION passport.no_hash() RETURNS bytea
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT decode(repeat('00', 32), 'hex');
END;
COMMENT ON FUNCTION passport.no_hash() IS
'What stands before the first record of a chain and before the first digest: 32 zero bytes.';

CREATE FUNCTION passport.audit_beginning(chain int) RETURNS bigint
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  first_seq bigint;
BEGIN
  SELECT min(r.seq) INTO first_seq FROM passport.audit_record AS r WHERE r.chain = audit_beginning.chain;
  RETURN CASE WHEN first_seq > 1 AND EXISTS (
                SELECT FROM passport.audit_head AS h JOIN passport.audit_digest AS d ON d.day = h.day
                 WHERE h.chain = audit_beginning.chain AND h.seq = first_seq - 1
                   AND d.taken_at < passport.kept_since('audit_record'))
              THEN first_seq ELSE 1 END;
END $$;
COMMENT ON FUNCTION passport.audit_beginning(int) IS
'The place at which a chain must begin: 1, or where a purge ended, which is at the head of a digest that is older than records are kept.';

-- Where a chain first breaks between two places, walked once in its order: memory does not grow with it.
CREATE FUNCTION passport.audit_break(chain int, from_seq bigint, to_seq bigint, base bytea,
    OUT records bigint, OUT last_seq bigint, OUT gap bigint, OUT doubled bigint, OUT changed bigint)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH link AS (
    SELECT r.seq, r.hash, lag(r.seq, 1, from_seq - 1) OVER place AS seq_before,
           passport.audit_hash(lag(r.hash, 1, base) OVER place, r.chain, r.seq, r.resident_id, r.kind, r.who, r.holder_id,
                               r.session_id, r.purpose, r.source, r.columns, r.amount, r.happened_at, r.recorded_at) AS due
      FROM passport.audit_record AS r
     WHERE r.chain = audit_break.chain AND r.seq BETWEEN from_seq AND to_seq
    WINDOW place AS (ORDER BY r.seq))
  SELECT count(*), max(l.seq),
         min(l.seq_before + 1) FILTER (WHERE l.seq > l.seq_before + 1),
         min(l.seq) FILTER (WHERE l.seq = l.seq_before),
         min(l.seq) FILTER (WHERE l.hash IS DISTINCT FROM l.due)
    FROM link AS l;
END;
COMMENT ON FUNCTION passport.audit_break(int, bigint, bigint, bytea) IS
'Walks a chain from a place, after the hash base, to another: how many records, the last place, the first place that is empty, the first that is taken twice, and the first record whose hash is not the one that is due. NULL where nothing is wrong.';

-- Names what is wrong with a chain, the first fault of it.
CREATE FUNCTION passport.audit_chain_verdict(chain int, from_seq bigint, to_seq bigint,
    OUT records bigint, OUT verdict text, OUT broken_seq bigint)
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  base bytea;
  found record;
  head passport.audit_head;
BEGIN
  -- what was purged ended at a digest
  base := CASE WHEN from_seq = 1 THEN passport.no_hash()
               ELSE coalesce((SELECT r.hash FROM passport.audit_record AS r
                               WHERE r.chain = audit_chain_verdict.chain AND r.seq = from_seq - 1 LIMIT 1),
                             (SELECT h.hash FROM passport.audit_head AS h
                               WHERE h.chain = audit_chain_verdict.chain AND h.seq = from_seq - 1 LIMIT 1)) END;
  SELECT * INTO found FROM passport.audit_break(chain, from_seq, to_seq, base);
  records := found.records;
  verdict := 'ok';
  broken_seq := least(found.gap, found.doubled, found.changed);
  -- the heads of digests, the earliest first
  SELECT h.* INTO head FROM passport.audit_head AS h
   WHERE h.chain = audit_chain_verdict.chain AND h.seq BETWEEN from_seq AND to_seq
     AND NOT EXISTS (SELECT FROM passport.audit_record AS r
                      WHERE r.chain = h.chain AND r.seq = h.seq AND r.hash = h.hash)
   ORDER BY h.seq LIMIT 1;
  IF base IS NULL THEN
    verdict := 'missing';
    broken_seq := from_seq - 1;
  ELSIF broken_seq IS NOT NULL THEN
    verdict := CASE
      WHEN found.gap = broken_seq THEN 'missing'
      WHEN found.doubled = broken_seq THEN 'doubled'
      -- a record elsewhere in the chain is the one that belongs here
      WHEN EXISTS (
        SELECT FROM passport.audit_record AS r
         WHERE r.chain = audit_chain_verdict.chain AND r.seq <> broken_seq
           AND r.hash = passport.audit_hash(
                 coalesce((SELECT p.hash FROM passport.audit_record AS p
                            WHERE p.chain = r.chain AND p.seq = broken_seq - 1 LIMIT 1), base),
                 r.chain, broken_seq, r.resident_id, r.kind, r.who, r.holder_id, r.session_id, r.purpose, r.source,
                 r.columns, r.amount, r.happened_at, r.recorded_at)) THEN 'reordered'
      ELSE 'changed' END;
  ELSIF head.seq > coalesce(found.last_seq, from_seq - 1) THEN
    verdict := 'cut_off';
    broken_seq := coalesce(found.last_seq, from_seq - 1) + 1;
  ELSIF head.seq IS NOT NULL THEN
    verdict := 'rewritten';
    broken_seq := head.seq;
  END IF;
END $$;
COMMENT ON FUNCTION passport.audit_chain_verdict(int, bigint, bigint) IS
'What audit_verify says of one chain between two places.';

CREATE FUNCTION passport.audit_verify(from_at timestamptz DEFAULT '-infinity', to_at timestamptz DEFAULT 'infinity')
  RETURNS TABLE (chain int, records bigint, verdict text, broken_seq bigint, broken_day date)
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  from_seq bigint;
  to_seq bigint;
BEGIN
  FOR chain IN
    SELECT c FROM generate_series(1, 64) AS c
     WHERE EXISTS (SELECT FROM passport.audit_record AS r WHERE r.chain = c)
        OR EXISTS (SELECT FROM passport.audit_head AS h WHERE h.chain = c)
  LOOP
    -- to the very ends, also where an end is gone
    from_seq := passport.audit_beginning(chain);
    to_seq := 9223372036854775807;
    IF from_at <> '-infinity' THEN
      SELECT min(r.seq) INTO from_seq FROM passport.audit_record AS r
       WHERE r.chain = audit_verify.chain AND r.happened_at >= from_at;
    END IF;
    IF to_at <> 'infinity' THEN
      SELECT max(r.seq) INTO to_seq FROM passport.audit_record AS r
       WHERE r.chain = audit_verify.chain AND r.happened_at < to_at;
    END IF;
    CONTINUE WHEN from_seq IS NULL OR to_seq IS NULL;
    SELECT v.records, v.verdict, v.broken_seq INTO records, verdict, broken_seq
      FROM passport.audit_chain_verdict(chain, from_seq, to_seq) AS v;
    RETURN NEXT;
  END LOOP;
  RETURN QUERY
    SELECT NULL::int, NULL::bigint, 'digest_changed', NULL::bigint, d.day
      FROM (SELECT o.day, o.digest, lag(o.digest, 1, passport.no_hash()) OVER (ORDER BY o.day) AS before
              FROM passport.audit_digest AS o) AS d
     WHERE d.digest <> passport.audit_digest_due(d.day, d.before)
     ORDER BY d.day;
END $$;
COMMENT ON FUNCTION passport.audit_verify(timestamptz, timestamptz) IS
'Computes every hash of the audit log anew between two times of passport.now() (from_at included, to_at not; all without them), chain by chain. verdict: ok; missing, doubled, changed or reordered with the first place broken_seq at which the chain breaks; cut_off or rewritten where the chain holds but is not the one that a day''s digest was of. Digests that were changed are rows without a chain: digest_changed, broken_day. What came after the last digest can be cut off unseen: publish digests. Reads the log once; memory does not grow with it.';

CREATE FUNCTION passport.audit_digest_due(day date, before bytea) RETURNS bytea
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT sha256(before || convert_to(to_char(audit_digest_due.day, 'YYYY-MM-DD'), 'UTF8')
                || coalesce(string_agg(int4send(h.chain) || int8send(h.seq) || h.hash, ''::bytea ORDER BY h.chain), ''))
    FROM passport.audit_head AS h WHERE h.day = audit_digest_due.day;
END;
COMMENT ON FUNCTION passport.audit_digest_due(date, bytea) IS
'The digest that a day must have after the digest before it, by the heads that are kept.';

CREATE FUNCTION passport.take_audit_digest() RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  today CONSTANT date := passport.today();
  heads bigint;
BEGIN
  -- one at a time: a digest is of the one before it
  LOCK TABLE passport.audit_digest IN SHARE ROW EXCLUSIVE MODE;
  IF EXISTS (SELECT FROM passport.audit_digest AS d WHERE d.day >= today) THEN
    RETURN 0;
  END IF;
  INSERT INTO passport.audit_head (day, chain, seq, hash)
    SELECT today, c.chain, r.seq, r.hash
      FROM generate_series(1, 64) AS c(chain)
     CROSS JOIN LATERAL (SELECT l.seq, l.hash FROM passport.audit_record AS l
                          WHERE l.chain = c.chain ORDER BY l.seq DESC LIMIT 1) AS r;
  GET DIAGNOSTICS heads = ROW_COUNT;
  INSERT INTO passport.audit_digest (day, taken_at, digest)
    SELECT today, passport.now(), passport.audit_digest_due(today, coalesce(
             (SELECT d.digest FROM passport.audit_digest AS d ORDER BY d.day DESC LIMIT 1), passport.no_hash()));
  RETURN heads;
END $$;
COMMENT ON FUNCTION passport.take_audit_digest() IS
'Takes the day''s digest of the audit log, once a day; the job audit_digest calls it. Returns of how many chains it is, 0 when the day has one.';

CREATE FUNCTION passport.audit_digest(day date, OUT digest text, OUT records bigint)
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  SELECT encode(d.digest, 'hex'),
         (SELECT coalesce(sum(h.seq), 0) FROM passport.audit_head AS h WHERE h.day = d.day)
    INTO digest, records
    FROM passport.audit_digest AS d WHERE d.day = audit_digest.day;
  IF digest IS NULL THEN
    RAISE EXCEPTION 'the day has no digest' USING ERRCODE = 'PT404';
  END IF;
END $$;
COMMENT ON FUNCTION passport.audit_digest(date) IS
'The digest of the audit log of a day, in hex, and how many records there were by then: to be published where nobody of the municipality can change it. Each digest is of the one before it, so that the latest proves them all. PT404 for a day without one.';

CREATE FUNCTION passport.forget_audit_records(before timestamptz) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT c.chain, (SELECT min(h.seq) FROM passport.audit_head AS h JOIN passport.audit_digest AS d ON d.day = h.day
                      WHERE h.chain = c.chain AND h.seq >= c.first_seq AND d.taken_at < before) AS until_seq
      FROM (SELECT g AS chain, (SELECT min(r.seq) FROM passport.audit_record AS r WHERE r.chain = g) AS first_seq
              FROM generate_series(1, 64) AS g) AS c),
  gone AS (
    DELETE FROM passport.audit_record AS r USING due
     WHERE r.chain = due.chain AND r.seq <= due.until_seq
       -- the last one stays: the chain goes on from it
       AND EXISTS (SELECT FROM passport.audit_record AS l WHERE l.chain = due.chain AND l.seq > due.until_seq)
    RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_audit_records(timestamptz) IS
'Deletes, of each chain, the oldest records up to where a digest taken before a time found it, and returns how many: a day''s at once, so that what is left begins at a head that is kept. For purge_expired.';
