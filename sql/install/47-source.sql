-- Revocation sources: where lists and OCSP responses are fetched, and what
-- became of it.  The database decides what is asked, when and on which
-- conditions; passport-fetch carries it there and back.

CREATE TABLE passport.revocation_source (
  source_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('crl', 'ocsp')),
  -- no user, no fragment; what a request line can hold
  url text NOT NULL UNIQUE CHECK (length(url) <= 1000 AND url ~ '^https?://[][A-Za-z0-9.:_-]{1,255}(/[!$-~]*)?$'),
  issuer_id int REFERENCES passport.certificate_issuer CHECK ((kind = 'ocsp') = (issuer_id IS NOT NULL)),
  every interval NOT NULL CHECK (every BETWEEN '1 minute' AND '7 days'),
  enabled boolean NOT NULL,
  due_at timestamptz NOT NULL,
  claimed_by text,
  attempts int NOT NULL DEFAULT 0,
  etag text CHECK (length(etag) <= 1000),
  last_modified text CHECK (length(last_modified) <= 1000),
  good_until timestamptz,
  answered_at timestamptz,
  status int,
  verdict text,
  detail text,
  succeeded_at timestamptz,
  round_at timestamptz,
  asked_to text[] CHECK (cardinality(asked_to) = 2),
  asking_to text[] CHECK (cardinality(asking_to) = 2)
);
COMMENT ON TABLE passport.revocation_source IS
'Where revocation is looked up. A claimed source is due again when the lease (due_at) is over. etag, last_modified: validators of the list that was loaded from there, kept beside it so that a database which was restored to an earlier day has those of its own list; good_until: its next update. answered_at, status, verdict, detail: what became of the last attempt; succeeded_at: when one last did. Of ocsp: round_at, when the round through the certificates began; asked_to and asking_to, resident and serial number that the answered and the claimed question end with.';
CREATE INDEX revocation_source_due ON passport.revocation_source (due_at) WHERE enabled;

CREATE FUNCTION passport.set_source(url text, kind text, issuer text DEFAULT NULL, every interval DEFAULT NULL,
                                    enabled boolean DEFAULT true) RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  named int;
  source int;
BEGIN
  IF kind = 'ocsp' THEN
    SELECT i.issuer_id INTO named FROM passport.certificate_issuer AS i WHERE i.name = issuer;
    IF named IS NULL THEN
      RAISE EXCEPTION 'unknown issuer' USING ERRCODE = 'PT404', HINT = 'Name it as certificate_info does.';
    END IF;
  ELSIF issuer IS NOT NULL THEN
    PERFORM passport.refuse('/issuer', 'not_asked', 'A list says itself who issued it.');
  END IF;
  INSERT INTO passport.revocation_source AS s (kind, url, issuer_id, every, enabled, due_at)
    VALUES (kind, url, named, coalesce(every, CASE kind WHEN 'ocsp' THEN interval '15 minutes' ELSE interval '1 hour' END),
            enabled, passport.now())
    ON CONFLICT ON CONSTRAINT revocation_source_url_key DO UPDATE
       SET every = coalesce(set_source.every, s.every), enabled = excluded.enabled, due_at = excluded.due_at, attempts = 0
     WHERE s.kind = excluded.kind AND s.issuer_id IS NOT DISTINCT FROM excluded.issuer_id
    RETURNING s.source_id INTO source;
  IF source IS NULL THEN
    RAISE EXCEPTION 'the URL is a source of another kind or issuer' USING ERRCODE = 'PT409';
  END IF;
  RETURN source;
EXCEPTION WHEN check_violation OR not_null_violation THEN
  PERFORM passport.refuse('', 'out_of_range',
    'url: http or https, without user or fragment, at most 1000 characters; kind: crl or ocsp; every: 1 minute to 7 days.');
END $$;
COMMENT ON FUNCTION passport.set_source(text, text, text, interval, boolean) IS
'Registers a URL from which passport-fetch gets revocation lists (kind crl: DER) or OCSP responses (ocsp), or changes it, and makes it due at once. issuer: for ocsp, whose certificates are asked about, named as certificate_info does. every: how often, 1 minute to 7 days; NULL: as it was, for a new one an hour for lists and 15 minutes for ocsp (J-LIS brings lists up to date daily and responders every 15 minutes). enabled: false keeps it without asking it. http is allowed beside https: lists and responses are signed, and whoever changes one on its way is found out by load_crl and load_ocsp_response; whoever holds one back makes revocation_unknown of it, no good certificate of a bad one. Returns the number of the source. PT404 for an unknown issuer, PT409 for a URL that is a source of another kind or issuer, PT422 for what is out of range.';

CREATE FUNCTION passport.next_question(source passport.revocation_source, OUT serials text[], OUT ends_with text[])
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH next AS (
    SELECT c.resident_id, c.serial FROM passport.account_certificate AS c
      JOIN passport.account AS a ON a.resident_id = c.resident_id
     WHERE c.issuer_id = source.issuer_id AND c.state = 'active' AND c.not_after > passport.now() AND a.state = 'active'
       AND (source.asked_to IS NULL
            OR c.resident_id >= source.asked_to[1]::bigint
               AND (c.resident_id > source.asked_to[1]::bigint OR c.serial > source.asked_to[2]))
     ORDER BY c.resident_id, c.serial LIMIT 50)
  SELECT (SELECT array_agg(n.serial ORDER BY n.resident_id, n.serial) FROM next AS n),
         (SELECT ARRAY[n.resident_id::text, n.serial] FROM next AS n ORDER BY n.resident_id DESC, n.serial DESC LIMIT 1);
END;
COMMENT ON FUNCTION passport.next_question(passport.revocation_source) IS
'The next fifty certificates of active accounts that a source of OCSP is asked about in its round, and with which the question ends; NULLs at the end of the round. A round asks about each once, so that what is known longest is asked next and no failure keeps the others from their turn.';

CREATE FUNCTION passport.claim_sources(worker text, batch int DEFAULT 2, lease interval DEFAULT '10 minutes')
  RETURNS TABLE (source_id int, url text, body bytea, content_type text, etag text, last_modified text, most_bytes bigint)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  source passport.revocation_source;
  serials text[];
  ends_with text[];
BEGIN
  IF worker IS NULL OR batch IS NULL OR batch NOT BETWEEN 1 AND 100
     OR lease IS NULL OR lease NOT BETWEEN '1 second' AND '1 hour' THEN
    PERFORM passport.refuse('/batch', 'out_of_range', 'A worker has a name, a batch 1 to 100 sources, a lease 1 second to 1 hour.');
  END IF;
  PERFORM passport.refuse_individual_number('/worker', worker);
  FOR source IN
    SELECT s.* FROM passport.revocation_source AS s
     WHERE s.enabled AND s.due_at <= passport.now()
     ORDER BY s.due_at, s.source_id LIMIT batch FOR UPDATE SKIP LOCKED
  LOOP
    source_id := source.source_id;
    url := source.url;
    body := NULL;
    content_type := NULL;
    etag := NULL;
    last_modified := NULL;
    ends_with := NULL;
    IF source.kind = 'ocsp' THEN
      SELECT q.serials, q.ends_with INTO serials, ends_with FROM passport.next_question(source) AS q;
      IF serials IS NULL THEN
        UPDATE passport.revocation_source AS s
           SET due_at = coalesce(s.round_at, passport.now()) + s.every, round_at = NULL, asked_to = NULL, claimed_by = NULL
         WHERE s.source_id = source.source_id;
        CONTINUE;
      END IF;
      body := passport.make_ocsp_request(source.issuer_id, serials);
      content_type := 'application/ocsp-request';
      most_bytes := 1024 * 1024;
    ELSE
      most_bytes := 128 * 1024 * 1024;
      -- a list that should have been followed by now is asked for without conditions: a cache
      -- that says "not modified" for ever must not keep us blind
      IF source.good_until > passport.now() THEN
        etag := source.etag;
        last_modified := source.last_modified;
      END IF;
    END IF;
    UPDATE passport.revocation_source AS s
       SET claimed_by = worker, due_at = passport.now() + lease, attempts = s.attempts + 1,
           round_at = CASE s.kind WHEN 'ocsp' THEN coalesce(s.round_at, passport.now()) END, asking_to = ends_with
     WHERE s.source_id = source.source_id;
    RETURN NEXT;
  END LOOP;
END $$;
COMMENT ON FUNCTION passport.claim_sources(text, int, interval) IS
'Takes sources that are due, for as long as the lease: the bridge commits, sends a GET to url, or a POST of body where there is one (with content_type), with etag as If-None-Match and last_modified as If-Modified-Since where they are given, reads at most most_bytes of the answer (128 MiB of a list, some four million certificates; 1 MiB of a response), follows no redirect, and says by complete_source what came of it. A source of OCSP is asked about fifty certificates at a time until its round through the active ones is over. PT422 for a batch outside 1 to 100 or a lease outside 1 second to 1 hour.';

CREATE FUNCTION passport.load_from_source(kind text, body bytea, OUT verdict text, OUT detail text, OUT good_until timestamptz)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF kind = 'crl' THEN
    SELECT l.verdict, l.detail, l.next_update INTO verdict, detail, good_until FROM passport.load_crl(body) AS l;
  ELSE
    SELECT r.verdict, r.detail INTO verdict, detail FROM passport.load_ocsp_response(body) AS r;
  END IF;
EXCEPTION WHEN OTHERS THEN
  -- bytes that break the loader would otherwise be fetched again as soon as the lease is over;
  -- details can hold anything and are not kept
  verdict := 'error';
  detail := 'error: ' || SQLSTATE || '.';
END $$;
COMMENT ON FUNCTION passport.load_from_source(text, bytea) IS
'load_crl or load_ocsp_response; an error in them is a verdict, too. good_until: a list''s next update.';

CREATE FUNCTION passport.complete_source(worker text, source_id int, status int, body bytea, etag text, last_modified text,
    retry_after int, failure text, OUT verdict text, OUT good boolean)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  source passport.revocation_source;
  loaded record;
BEGIN
  SELECT s.* INTO source FROM passport.revocation_source AS s
   WHERE s.source_id = complete_source.source_id AND s.claimed_by = worker FOR UPDATE;
  good := false;
  IF NOT FOUND THEN
    verdict := 'not_claimed';
    RETURN;
  END IF;
  IF status = 200 THEN
    loaded := passport.load_from_source(source.kind, body);
  ELSIF status = 304 AND source.good_until > passport.now() THEN
    SELECT 'unchanged' AS verdict, 'http: not modified.' AS detail, source.good_until INTO loaded;
  ELSIF status IS NOT NULL THEN
    SELECT 'http_error' AS verdict, format('http: status %s.', status) AS detail, NULL::timestamptz AS good_until INTO loaded;
  ELSE
    SELECT 'no_answer' AS verdict, format('http: %s.', left(coalesce(failure, 'none'), 40)) AS detail,
           NULL::timestamptz AS good_until INTO loaded;
  END IF;
  verdict := loaded.verdict;
  good := verdict IN ('loaded', 'unchanged', 'superseded', 'unknown');
  UPDATE passport.revocation_source AS s
     SET claimed_by = NULL, answered_at = passport.now(), status = complete_source.status, verdict = loaded.verdict,
         detail = loaded.detail, attempts = CASE WHEN good THEN 0 ELSE s.attempts END,
         succeeded_at = CASE WHEN good THEN passport.now() ELSE s.succeeded_at END,
         due_at = passport.now() + CASE
           WHEN good AND s.kind = 'ocsp' THEN interval '0'
           WHEN good THEN s.every
           -- whoever answers in a peer's place, which plain HTTP lets many do, can slow us down to the
           -- usual pace by it, and not silence us for a day
           ELSE least(passport.retry_delay(s.attempts, coalesce(complete_source.retry_after, 0)), s.every) END,
         good_until = CASE WHEN good THEN loaded.good_until ELSE s.good_until END,
         -- a body that was refused is asked for again without conditions: somebody may mend what we trust meanwhile
         etag = CASE WHEN complete_source.status IS DISTINCT FROM 200 THEN s.etag WHEN good THEN complete_source.etag END,
         last_modified = CASE WHEN complete_source.status IS DISTINCT FROM 200 THEN s.last_modified
                              WHEN good THEN complete_source.last_modified END,
         -- a question that fails for the fifth time waits for the next round
         asked_to = CASE WHEN s.kind = 'ocsp' AND (good OR s.attempts >= 5) THEN s.asking_to ELSE s.asked_to END,
         asking_to = NULL
   WHERE s.source_id = source.source_id;
  IF verdict = 'loaded' THEN
    PERFORM passport.hasten_job('review_certificates');
  END IF;
END $$;
COMMENT ON FUNCTION passport.complete_source(text, int, int, bytea, text, text, int, text) IS
'Says what came of a claimed source, and loads what did. status: of the answer, NULL if there was none; body: the answer''s if status is 200; etag, last_modified: its headers; retry_after: seconds, 0 or NULL if it named none; failure: without an answer a word why (timeout, network, untrusted_peer, private_address, too_large). verdict: what load_crl or load_ocsp_response said, unchanged for 304 to a question on conditions, http_error, no_answer, error (the loader failed: detail has the SQLSTATE), not_claimed (another worker has claimed it since, and nothing was done). good: nothing is to be mended. A good source is due again after its time, one of OCSP at once until its round is over; others after a wait that doubles from a second to an hour or as Retry-After asks, but never longer than the source''s own time. After news the job review_certificates is due.';

CREATE VIEW passport.report_source WITH (security_barrier) AS
  SELECT s.source_id, s.kind, s.url, i.name AS issuer, s.every, s.enabled, s.due_at, s.claimed_by IS NOT NULL AS claimed,
         s.attempts, s.answered_at, s.status, s.verdict, s.detail, s.succeeded_at
    FROM passport.revocation_source AS s LEFT JOIN passport.certificate_issuer AS i ON i.issuer_id = s.issuer_id;
COMMENT ON VIEW passport.report_source IS
'The revocation sources with what became of their last attempt (answered_at, status, verdict, detail) and when one last succeeded. attempts: failures in a row, and one under way.';

CREATE VIEW passport.report_revocation_list WITH (security_barrier) AS
  SELECT i.name AS issuer, l.point, l.number, l.revoked, l.this_update, l.next_update, l.loaded_at,
         passport.now() - l.this_update AS age,
         l.next_update + current_setting('passport.crl_grace')::interval AS believed_until
    FROM passport.revocation_list AS l JOIN passport.certificate_issuer AS i ON i.issuer_id = l.issuer_id;
COMMENT ON VIEW passport.report_revocation_list IS
'The loaded revocation lists with their age. After believed_until (next_update and passport.crl_grace) nobody whose certificate is of that distribution point can log in.';
