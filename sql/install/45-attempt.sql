-- Attempts: counting failures without locking anybody out

CREATE TABLE passport.attempt (
  kind text NOT NULL CHECK (kind IN ('certificate', 'source', 'resident')),
  key bytea NOT NULL CHECK (octet_length(key) = 32),
  since timestamptz NOT NULL,
  failures int NOT NULL,
  PRIMARY KEY (kind, key)
);
COMMENT ON TABLE passport.attempt IS
'Failed attempts within passport.attempt_window, by the SHA-256 of a certificate''s issuer and serial number, of the source that they came from, or of who guessed at kiosk codes.';

CREATE FUNCTION passport.note_failure(kind text, what text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  begins CONSTANT timestamptz := passport.now() - current_setting('passport.attempt_window')::interval;
BEGIN
  IF what IS NULL THEN
    RETURN;
  END IF;
  INSERT INTO passport.attempt AS a (kind, key, since, failures)
    VALUES (kind, sha256(convert_to(what, 'UTF8')), passport.now(), 1)
    ON CONFLICT ON CONSTRAINT attempt_pkey DO UPDATE
      SET failures = CASE WHEN a.since <= begins THEN 1 ELSE a.failures + 1 END,
          since = CASE WHEN a.since <= begins THEN passport.now() ELSE a.since END;
END $$;
COMMENT ON FUNCTION passport.note_failure(text, text) IS
'Counts a failed attempt of a certificate, source or resident; NULL counts nothing. The caller must not raise an error after it, or the count is undone.';

CREATE FUNCTION passport.attempts_exhausted(kind text, what text) RETURNS boolean
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  -- behind one source stand many: the village hall, a carrier's gateway
  SELECT EXISTS (
    SELECT FROM passport.attempt AS a
     WHERE a.kind = attempts_exhausted.kind AND a.key = sha256(convert_to(what, 'UTF8'))
       AND a.since > passport.now() - current_setting('passport.attempt_window')::interval
       AND a.failures >= current_setting('passport.attempt_limit')::int
                         * CASE WHEN a.kind = 'source' THEN 10 ELSE 1 END);
END;
COMMENT ON FUNCTION passport.attempts_exhausted(text, text) IS
'Whether a certificate, source or resident failed passport.attempt_limit times (a source ten times as often) within passport.attempt_window.';

CREATE FUNCTION passport.failed_attempt(card text, source text, INOUT verdict text, INOUT detail text)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  exhausted CONSTANT boolean := passport.attempts_exhausted('certificate', card) OR passport.attempts_exhausted('source', source);
BEGIN
  PERFORM passport.note_failure('certificate', card);
  PERFORM passport.note_failure('source', source);
  -- what tries on is not told how near it came
  IF exhausted THEN
    verdict := 'limited';
    detail := 'attempts: too many have failed.';
  END IF;
END $$;
COMMENT ON FUNCTION passport.failed_attempt(text, text, text, text) IS
'Counts that a certificate (card: issuer and serial number, NULL where it has none) failed from a source, and returns what to answer: the verdict and its detail, or limited where the attempts of either were exhausted before. A good signature never comes here, so that nobody is locked out by it.';

CREATE FUNCTION passport.forget_attempts(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT a.kind, a.key FROM passport.attempt AS a
     WHERE a.since <= before - current_setting('passport.attempt_window')::interval
     LIMIT max_rows FOR UPDATE SKIP LOCKED),
  gone AS (DELETE FROM passport.attempt AS a USING due WHERE a.kind = due.kind AND a.key = due.key RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_attempts(timestamptz, int) IS
'Deletes counts whose window was over before a time, max_rows at most, and returns how many. For purge_expired.';
