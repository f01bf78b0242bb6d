-- Responses of OCSP: what a responder said of single certificates, kept beside
-- the lists; of both, what is newest counts

CREATE TABLE passport.certificate_status (
  issuer_id int NOT NULL REFERENCES passport.certificate_issuer,
  serial bytea NOT NULL CHECK (octet_length(serial) <= 20),
  anchor_id int NOT NULL REFERENCES passport.trust_anchor ON DELETE CASCADE,
  this_update timestamptz NOT NULL,
  next_update timestamptz,
  reason smallint,
  revoked_at timestamptz,
  loaded_at timestamptz NOT NULL DEFAULT passport.now(),
  PRIMARY KEY (issuer_id, serial, anchor_id),
  CHECK ((reason IS NULL) = (revoked_at IS NULL))
);
COMMENT ON TABLE passport.certificate_status IS
'The newest answer of a responder about each certificate: good (no reason), or revoked with its CRLReason. It holds for the generation of the root that it was given for: a responder may call a serial number good that this generation never issued. next_update is empty where the responder named none.';
-- No index on anchor_id alone, for the day when a root is taken away: while the
-- table is empty the plan of the lookup would take that one, and keep it.

CREATE TABLE passport.ocsp_nonce (
  nonce bytea PRIMARY KEY CHECK (octet_length(nonce) = 32),
  expires_at timestamptz NOT NULL
);
COMMENT ON TABLE passport.ocsp_nonce IS
'Random numbers of the requests that are not answered yet; each is good for one response.';
CREATE INDEX ocsp_nonce_expires_at ON passport.ocsp_nonce (expires_at);

CREATE FUNCTION passport.write_ocsp_request(roots bytea[], serials bytea[], nonce bytea) RETURNS bytea
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_write_ocsp_request';
COMMENT ON FUNCTION passport.write_ocsp_request(bytea[], bytea[], bytea) IS
'An OCSPRequest (DER) that asks for each serial number under each root, with a nonce.';

CREATE FUNCTION passport.make_ocsp_request(issuer_id int, serials text[]) RETURNS bytea
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  roots bytea[];
  -- RFC 9654 wants 32 octets at least, RFC 8954 at the most
  nonce CONSTANT bytea := passport.nonce() || passport.nonce();
BEGIN
  IF coalesce(cardinality(serials) NOT BETWEEN 1 AND 100, true) THEN
    PERFORM passport.refuse('/serials', 'count', 'A request asks for 1 to 100 serial numbers.');
  END IF;
  IF EXISTS (SELECT FROM unnest(serials) AS s (serial) WHERE s.serial !~ '^([0-9a-f]{2}){1,20}$' OR s.serial IS NULL) THEN
    PERFORM passport.refuse('/serials', 'serial', 'Serial numbers are given in lower-case hex.');
  END IF;
  -- nobody may answer in the name of a root that has expired
  SELECT array_agg(r.certificate ORDER BY r.not_before DESC, r.certificate) INTO roots
    FROM (SELECT DISTINCT a.certificate, a.not_before FROM passport.trust_anchor AS a
           WHERE a.issuer_id = make_ocsp_request.issuer_id
             AND passport.now() BETWEEN a.not_before AND a.not_after) AS r;
  IF roots IS NULL THEN
    RAISE EXCEPTION 'no trust anchor of this issuer is valid'
      USING ERRCODE = 'PT404', HINT = 'Issuers are listed in passport.certificate_issuer.';
  END IF;
  INSERT INTO passport.ocsp_nonce (nonce, expires_at) VALUES (nonce, passport.now() + interval '10 minutes');
  RETURN passport.write_ocsp_request(roots, ARRAY(SELECT decode(s.serial, 'hex') FROM unnest(serials) AS s (serial)), nonce);
END $$;
COMMENT ON FUNCTION passport.make_ocsp_request(int, text[]) IS
'Asks for the status of certificates: an OCSPRequest (DER, RFC 6960) for the bridge to POST. issuer_id: whose certificates; serials: 1 to 100 of their serial numbers in lower-case hex, as passport.account_certificate has them. Each is asked for under every generation of the root that is valid, since generations share one name and a serial number does not say which of them issued it; CertIDs are hashes by SHA-1, the only ones that every responder knows (RFC 5019 2.1.1), and nothing rests on that hash but which certificate is meant. The nonce, 32 random octets, is good for one response within ten minutes. PT404 for an issuer without a valid trust anchor, PT422 for serials that are none, or too many.';

CREATE FUNCTION passport.inspect_ocsp_response(response bytea,
    OUT verdict text, OUT detail text, OUT anchor_id int, OUT nonce bytea, OUT produced_at timestamptz,
    OUT responder_serial bytea)
  LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_inspect_ocsp_response';
COMMENT ON FUNCTION passport.inspect_ocsp_response(bytea) IS
'Verifies who signed a response of OCSP, and when; verdict NULL when its answers about certificates of the root anchor_id are to be believed. responder_serial: of the certificate in which the root lets somebody else answer, NULL when it answers itself.';

CREATE FUNCTION passport.ocsp_answers(response bytea, root bytea)
  RETURNS TABLE (serial bytea, status text, this_update timestamptz, next_update timestamptz, reason smallint,
                 revoked_at timestamptz, fault text)
  LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_ocsp_answers';
COMMENT ON FUNCTION passport.ocsp_answers(bytea, bytea) IS
'Answers about certificates of a root (DER) in a response that inspect_ocsp_response verified. status: good, revoked or unknown; fault: why its time makes an answer useless, a rule and a sentence as in load_ocsp_response, else NULL.';

CREATE FUNCTION passport.load_ocsp_response(response bytea,
    OUT verdict text, OUT detail text, OUT produced_at timestamptz, OUT good bigint, OUT revoked bigint)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  header record;
  root passport.trust_anchor;
  told bigint;
  fault text;
BEGIN
  SELECT * INTO header FROM passport.inspect_ocsp_response(coalesce(response, ''));
  produced_at := header.produced_at;
  IF header.verdict IS NOT NULL THEN
    verdict := header.verdict;
    detail := header.detail;
    RETURN;
  END IF;
  SELECT * INTO root FROM passport.trust_anchor AS a WHERE a.anchor_id = header.anchor_id;
  -- id-pkix-ocsp-nocheck says that nobody need look; what is known counts all the same
  IF EXISTS (SELECT FROM passport.revoked_certificate AS r
              WHERE r.issuer_id = root.issuer_id AND r.serial = header.responder_serial) THEN
    verdict := 'untrusted';
    detail := 'responder: its certificate is revoked.';
    RETURN;
  END IF;

  IF header.nonce IS NULL AND current_setting('passport.ocsp_require_nonce')::boolean THEN
    verdict := 'nonce_missing';
    detail := 'nonce: the response answers no request in particular.';
    RETURN;
  END IF;
  -- one statement: of two who bring the same response at once, the second waits and finds it used
  DELETE FROM passport.ocsp_nonce AS n WHERE n.nonce = header.nonce AND n.expires_at > passport.now();
  IF NOT FOUND AND current_setting('passport.ocsp_require_nonce')::boolean THEN
    verdict := 'nonce_unknown';
    detail := 'nonce: it is not of a request of ours that waits for its response.';
    RETURN;
  END IF;

  SELECT count(*), min(a.fault) INTO told, fault FROM passport.ocsp_answers(response, root.certificate) AS a;
  IF told = 0 THEN
    verdict := 'untrusted';
    detail := 'answers: none is about certificates of the root that stands behind the responder.';
    RETURN;
  END IF;
  WITH answer AS (
    SELECT DISTINCT ON (a.serial) a.* FROM passport.ocsp_answers(response, root.certificate) AS a
     WHERE a.fault IS NULL AND a.status <> 'unknown'
     -- two answers about one certificate: the newer one, of equals the one that revokes
     ORDER BY a.serial, a.this_update DESC, a.status = 'revoked' DESC),
  kept AS (
    INSERT INTO passport.certificate_status AS s
           (issuer_id, serial, anchor_id, this_update, next_update, reason, revoked_at)
    SELECT t.issuer_id, a.serial, t.anchor_id, a.this_update, a.next_update, a.reason, a.revoked_at
      FROM answer AS a
      -- one root may stand in both stores
      JOIN passport.trust_anchor AS t ON t.fingerprint = root.fingerprint
     ORDER BY a.serial, t.anchor_id
    ON CONFLICT ON CONSTRAINT certificate_status_pkey DO UPDATE
       SET this_update = excluded.this_update, next_update = excluded.next_update, reason = excluded.reason,
           revoked_at = excluded.revoked_at, loaded_at = excluded.loaded_at
     WHERE (s.this_update, s.reason IS NOT NULL) <= (excluded.this_update, excluded.reason IS NOT NULL)
    RETURNING s.serial, s.reason)
  SELECT count(DISTINCT k.serial) FILTER (WHERE k.reason IS NULL),
         count(DISTINCT k.serial) FILTER (WHERE k.reason IS NOT NULL)
    INTO good, revoked FROM kept AS k;
  IF good + revoked > 0 THEN
    verdict := 'loaded';
    detail := 'all rules hold.';
  ELSIF fault IS NOT NULL THEN
    verdict := CASE WHEN fault LIKE 'this_update:%' THEN 'not_yet_valid' ELSE 'expired' END;
    detail := fault;
  ELSIF EXISTS (SELECT FROM passport.ocsp_answers(response, root.certificate) AS a WHERE a.status <> 'unknown') THEN
    verdict := 'superseded';
    detail := 'this_update: what is known is newer.';
  ELSE
    verdict := 'unknown';
    detail := 'answers: the responder knows none of the certificates.';
  END IF;
END $$;
COMMENT ON FUNCTION passport.load_ocsp_response(bytea) IS
'Takes in a response of OCSP (DER, at most 1 MiB, RFC 6960) about certificates of one root. Who may answer: the root itself if its key usage has cRLSign, or a certificate that this very root signed, with digitalSignature, the extended usage OCSPSigning and either id-pkix-ocsp-nocheck or a life of a week at most, valid now; never a resident''s. Answers about other roots in the same response are passed over. verdict: loaded; unknown (the responder knows none of the certificates); superseded (newer answers are stored); unsuccessful (the responder refused: detail says its status); malformed, untrusted, wrong_purpose (the certificate does not let the responder answer), bad_signature, weak_key; expired or not_yet_valid (the responder, or all answers, by nextUpdate or, without one, thisUpdate, and passport.ocsp_grace; a minute into the future is a clock''s fault); nonce_missing, nonce_unknown (not of a request that make_ocsp_request made, or used, or ten minutes old), unless passport.ocsp_require_nonce is off. detail names the rule. good and revoked count the answers that were stored; certificateHold counts as revoked, and the answer for a certificate that was never issued (RFC 6960 2.2: hold since 1970) as unknown. Nothing is stored unless loaded. passport.review_certificates then holds the accounts against it.';

CREATE FUNCTION passport.forget_nonces(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT n.nonce FROM passport.ocsp_nonce AS n WHERE n.expires_at < before
     ORDER BY n.expires_at LIMIT max_rows FOR UPDATE SKIP LOCKED),
  gone AS (DELETE FROM passport.ocsp_nonce AS n USING due WHERE n.nonce = due.nonce RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_nonces(timestamptz, int) IS
'Deletes numbers of OCSP requests that nobody could answer any more before a time, max_rows at most, and returns how many. For purge_expired.';
