-- Logouts: telling services that a session has ended (OpenID Connect Back-Channel Logout 1.0)

CREATE TABLE passport.logout (
  resident_id bigint NOT NULL,
  logout_id bigint GENERATED ALWAYS AS IDENTITY,
  session_id uuid NOT NULL,
  audience text NOT NULL REFERENCES passport.audience,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'delivered', 'failed')),
  attempts int NOT NULL DEFAULT 0,
  due_at timestamptz NOT NULL,
  claimed_by text,
  created_at timestamptz NOT NULL,
  PRIMARY KEY (resident_id, logout_id),
  FOREIGN KEY (resident_id, session_id) REFERENCES passport.session
);
COMMENT ON TABLE passport.logout IS
'Services to be told that a session of theirs has ended. Claimed rows are due again when the lease (due_at) is over.';
CREATE INDEX logout_due ON passport.logout (due_at) WHERE state = 'pending';
CREATE INDEX logout_done ON passport.logout (created_at) WHERE state <> 'pending';
CREATE INDEX logout_session ON passport.logout (resident_id, session_id);

CREATE FUNCTION passport.queue_logout(resident_id bigint, session_id uuid, audience text) RETURNS void
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO passport.logout (resident_id, session_id, audience, due_at, created_at)
    SELECT queue_logout.resident_id, queue_logout.session_id, a.audience, passport.now(), passport.now()
      FROM passport.audience AS a
     WHERE a.audience = queue_logout.audience AND a.logout_uri IS NOT NULL;
END;
COMMENT ON FUNCTION passport.queue_logout(bigint, uuid, text) IS
'Queues a session''s end for its service, if that wants to be told.';

CREATE FUNCTION passport.logout_token(resident_id bigint, session_id uuid) RETURNS text
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  token text;
BEGIN
  SELECT passport.sign_token(jsonb_build_object(
           'iss', current_setting('passport.issuer'), 'sub', d.subject, 'aud', s.audience, 'sid', s.session_id,
           'iat', floor(extract(epoch FROM passport.now())), 'exp', floor(extract(epoch FROM passport.now())) + 120,
           'jti', gen_random_uuid(), 'events', '{"http://schemas.openid.net/event/backchannel-logout": {}}'::jsonb)::text,
         k.kid, k.public_key, k.sealed_key, 'logout+jwt')
    INTO STRICT token
    FROM passport.session AS s
    JOIN passport.audience AS a ON a.audience = s.audience
    JOIN passport.token_key AS k ON k.algorithm = a.algorithm AND k.verify_until IS NULL
    JOIN passport.subject_directory AS d ON d.resident_id = s.resident_id AND d.audience = s.audience
   WHERE s.resident_id = logout_token.resident_id AND s.session_id = logout_token.session_id;
  RETURN token;
END $$;
COMMENT ON FUNCTION passport.logout_token(bigint, uuid) IS
'A logout token of a session for its service, with the sub and sid that this one knows; it holds for two minutes and is no ID token.';

CREATE FUNCTION passport.claim_logouts(worker text, batch int DEFAULT 20, lease interval DEFAULT '1 minute')
  RETURNS TABLE (resident_id bigint, logout_id bigint, uri text, logout_token text, attempt int)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF worker IS NULL OR batch IS NULL OR batch NOT BETWEEN 1 AND 1000
     OR lease IS NULL OR lease NOT BETWEEN '1 second' AND '1 hour' THEN
    PERFORM passport.refuse('/batch', 'out_of_range', 'A worker has a name, a batch 1 to 1000 logouts, a lease 1 second to 1 hour.');
  END IF;
  PERFORM passport.refuse_individual_number('/worker', worker);
  RETURN QUERY
    WITH due AS (
      SELECT l.resident_id, l.logout_id FROM passport.logout AS l
       WHERE l.state = 'pending' AND l.due_at <= passport.now()
       ORDER BY l.due_at LIMIT batch FOR UPDATE SKIP LOCKED),
    claimed AS (
      UPDATE passport.logout AS l
         SET claimed_by = worker, due_at = passport.now() + lease, attempts = l.attempts + 1
        FROM due WHERE l.resident_id = due.resident_id AND l.logout_id = due.logout_id
      RETURNING l.resident_id, l.logout_id, l.session_id, l.audience, l.attempts)
    SELECT c.resident_id, c.logout_id, a.logout_uri, passport.logout_token(c.resident_id, c.session_id), c.attempts
      FROM claimed AS c JOIN passport.audience AS a ON a.audience = c.audience
     WHERE a.logout_uri IS NOT NULL;
END $$;
COMMENT ON FUNCTION passport.claim_logouts(text, int, interval) IS
'Takes logouts that are due, for as long as the lease: the bridge commits, posts logout_token (as logout_token=... in a form) to uri, and says by complete_logouts what came of it. PT422 for a batch outside 1 to 1000 or a lease outside 1 second to 1 hour.';

CREATE FUNCTION passport.complete_logouts(worker text, resident_ids bigint[], logout_ids bigint[], outcomes text[]) RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  done int;
BEGIN
  IF cardinality(resident_ids) IS DISTINCT FROM cardinality(logout_ids)
     OR cardinality(logout_ids) IS DISTINCT FROM cardinality(outcomes)
     OR EXISTS (SELECT FROM unnest(outcomes) AS o WHERE o IS NULL OR o NOT IN ('delivered', 'retry', 'failed')) THEN
    PERFORM passport.refuse('/outcomes', 'unknown_outcome', 'Arrays are equally long, and an outcome is delivered, retry or failed.');
  END IF;
  -- a service that stays away for a day has let its own sessions expire
  UPDATE passport.logout AS l
     SET state = CASE WHEN r.outcome <> 'retry' THEN r.outcome
                      WHEN l.created_at < passport.now() - interval '1 day' THEN 'failed' ELSE 'pending' END,
         due_at = passport.now() + least(interval '1 hour', interval '10 seconds' * 2 ^ least(l.attempts, 12)),
         claimed_by = NULL
    FROM unnest(resident_ids, logout_ids, outcomes) AS r(resident_id, logout_id, outcome)
   WHERE l.resident_id = r.resident_id AND l.logout_id = r.logout_id AND l.state = 'pending' AND l.claimed_by = worker;
  GET DIAGNOSTICS done = ROW_COUNT;
  RETURN done;
END $$;
COMMENT ON FUNCTION passport.complete_logouts(text, bigint[], bigint[], text[]) IS
'Says what came of claimed logouts: delivered, failed (the service refuses for good), or retry, which makes them due again later (20 seconds, doubling to an hour) and fails after a day. Counts only for who claimed them last; returns how many did. PT422 for unequal arrays or another outcome.';

CREATE FUNCTION passport.forget_logouts(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT l.resident_id, l.logout_id FROM passport.logout AS l
     WHERE l.state <> 'pending' AND l.created_at < before
     ORDER BY l.created_at LIMIT max_rows FOR UPDATE SKIP LOCKED),
  gone AS (
    DELETE FROM passport.logout AS l USING due
     WHERE l.resident_id = due.resident_id AND l.logout_id = due.logout_id RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_logouts(timestamptz, int) IS
'Deletes logouts that were queued before a time and of which services were told, or could not be, max_rows at most, and returns how many. For purge_expired.';

CREATE FUNCTION passport.forget_sessions(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT s.resident_id, s.session_id FROM passport.session AS s
     WHERE least(s.revoked_at, s.expires_at) < before
       -- a service that is still to be told needs the session's sid
       AND NOT EXISTS (SELECT FROM passport.logout AS l
                        WHERE l.resident_id = s.resident_id AND l.session_id = s.session_id)
     ORDER BY least(s.revoked_at, s.expires_at) LIMIT max_rows FOR UPDATE SKIP LOCKED),
  gone AS (
    DELETE FROM passport.session AS s USING due
     WHERE s.resident_id = due.resident_id AND s.session_id = due.session_id RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_sessions(timestamptz, int) IS
'Deletes sessions that ended or expired before a time and whose logouts are forgotten, max_rows at most, and returns how many. For purge_expired.';
