-- Revocation lists: verified when loaded, then one index lookup a certificate

CREATE TABLE passport.revocation_list (
  list_id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  issuer_id int NOT NULL REFERENCES passport.certificate_issuer,
  point_der bytea NOT NULL CHECK (octet_length(point_der) <= 1024),
  point text NOT NULL,
  reasons int NOT NULL CHECK (reasons BETWEEN 2 AND 510),
  number numeric NOT NULL,
  this_update timestamptz NOT NULL,
  next_update timestamptz NOT NULL,
  revoked bigint NOT NULL,
  loaded_at timestamptz NOT NULL DEFAULT passport.now(),
  UNIQUE (issuer_id, point_der, reasons)
);
COMMENT ON TABLE passport.revocation_list IS
'The newest revocation list of each distribution point and set of reasons (a bit for each of RFC 5280''s ReasonFlags, 510 for all): what is known of its certificates, and until when.';

CREATE TABLE passport.revoked_certificate (
  issuer_id int NOT NULL REFERENCES passport.certificate_issuer,
  serial bytea NOT NULL CHECK (octet_length(serial) <= 20),
  list_id int NOT NULL REFERENCES passport.revocation_list,
  revoked_at timestamptz NOT NULL,
  reason smallint NOT NULL,
  PRIMARY KEY (issuer_id, serial, list_id)
);
COMMENT ON TABLE passport.revoked_certificate IS
'Serial numbers of revoked certificates with the CRLReason of RFC 5280; certificateHold (6) counts as revoked.';

CREATE FUNCTION passport.inspect_crl(crl bytea,
    OUT verdict text, OUT detail text, OUT issuer_id int, OUT point_der bytea, OUT point text,
    OUT number numeric, OUT this_update timestamptz, OUT next_update timestamptz, OUT reasons int,
    OUT base numeric)
  LANGUAGE c STABLE STRICT PARALLEL RESTRICTED
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_inspect_crl';
COMMENT ON FUNCTION passport.inspect_crl(bytea) IS
'Verifies a revocation list against the trust anchors and returns its header; verdict NULL when it may be loaded. reasons: the bits of RFC 5280''s ReasonFlags, 510 for all; base: of a delta, the number from which on it holds.';

CREATE FUNCTION passport.crl_entries(crl bytea)
  RETURNS TABLE (serial bytea, revoked_at timestamptz, reason smallint)
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE ROWS 100000
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_crl_entries';
COMMENT ON FUNCTION passport.crl_entries(bytea) IS
'Entries of a revocation list whose signature inspect_crl verified.';

CREATE FUNCTION passport.load_crl(crl bytea,
    OUT verdict text, OUT detail text, OUT distribution_point text, OUT number numeric,
    OUT this_update timestamptz, OUT next_update timestamptz, OUT revoked bigint)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  header record;
  stored passport.revocation_list;
  fresh bigint;
  gone bigint;
BEGIN
  SELECT * INTO header FROM passport.inspect_crl(coalesce(crl, ''));
  distribution_point := header.point;
  number := header.number;
  this_update := header.this_update;
  next_update := header.next_update;
  IF header.verdict IS NOT NULL THEN
    verdict := header.verdict;
    detail := header.detail;
    RETURN;
  END IF;

  -- one loader at a time for each point, the first list of it too
  PERFORM pg_advisory_xact_lock(hashtextextended(encode(header.point_der, 'hex'), header.issuer_id));
  SELECT * INTO stored FROM passport.revocation_list AS l
   WHERE l.issuer_id = header.issuer_id AND l.point_der = header.point_der AND l.reasons = header.reasons;
  IF stored.number >= header.number THEN
    verdict := CASE WHEN stored.number = header.number AND stored.this_update = header.this_update
                    THEN 'unchanged' ELSE 'superseded' END;
    detail := 'crl_number: a list with this number or a higher one is loaded.';
    revoked := stored.revoked;
    RETURN;
  END IF;

  -- a delta says nothing of what changed before its base (RFC 5280 5.2.4)
  IF header.base IS NOT NULL AND (stored.list_id IS NULL OR stored.number < header.base) THEN
    verdict := 'base_missing';
    detail := 'delta: no list of this scope with its base''s number or a higher one is loaded.';
    revoked := stored.revoked;
    RETURN;
  END IF;

  IF stored.list_id IS NULL THEN
    INSERT INTO passport.revocation_list (issuer_id, point_der, point, reasons, number, this_update, next_update,
                                          revoked)
      VALUES (header.issuer_id, header.point_der, header.point, header.reasons, header.number, header.this_update,
              header.next_update, 0)
      RETURNING * INTO stored;
  END IF;
  INSERT INTO passport.revoked_certificate (issuer_id, serial, list_id, revoked_at, reason)
    SELECT header.issuer_id, e.serial, stored.list_id, e.revoked_at, e.reason
      FROM passport.crl_entries(crl) AS e
     WHERE e.reason <> 8
    ON CONFLICT DO NOTHING;
  GET DIAGNOSTICS fresh = ROW_COUNT;
  IF header.base IS NOT NULL THEN
    -- removeFromCRL (8) takes an entry back
    DELETE FROM passport.revoked_certificate AS r
     USING passport.crl_entries(crl) AS e
     WHERE r.issuer_id = header.issuer_id AND r.serial = e.serial AND r.list_id = stored.list_id
       AND e.reason = 8;
    GET DIAGNOSTICS gone = ROW_COUNT;
    revoked := stored.revoked + fresh - gone;
  ELSE
    SELECT count(DISTINCT e.serial) INTO revoked FROM passport.crl_entries(crl) AS e;
  END IF;
  -- most lists only grow; what has gone from this one is looked for only if something has
  IF header.base IS NULL AND stored.revoked + fresh > revoked THEN
    DELETE FROM passport.revoked_certificate AS r
     WHERE r.issuer_id = header.issuer_id AND r.list_id = stored.list_id
       AND NOT EXISTS (SELECT FROM passport.crl_entries(crl) AS e WHERE e.serial = r.serial);
  END IF;
  -- a hold becomes final, or a reason becomes known
  UPDATE passport.revoked_certificate AS r
     SET reason = e.reason, revoked_at = e.revoked_at
    FROM passport.crl_entries(crl) AS e
   WHERE stored.revoked > 0 AND r.issuer_id = header.issuer_id AND r.serial = e.serial
     AND r.list_id = stored.list_id AND r.reason <> e.reason;
  UPDATE passport.revocation_list AS l
     SET number = header.number, this_update = header.this_update, next_update = header.next_update,
         revoked = load_crl.revoked, loaded_at = passport.now()
   WHERE l.list_id = stored.list_id;
  verdict := 'loaded';
  detail := 'all rules hold.';
END $$;
COMMENT ON FUNCTION passport.load_crl(bytea) IS
'Takes in a revocation list (DER, RFC 5280 version 2, with a critical issuing distribution point that is a directory name), whole or a delta to one that is loaded; a point may have several lists, each for some reasons. verdict: loaded, unchanged (this very list is loaded), superseded (its number is not higher than the loaded one''s), malformed, untrusted, bad_signature, weak_key, expired (past next_update and passport.crl_grace), not_yet_valid, base_missing (a delta, and no list of its scope with its base''s number or a higher one is loaded); detail names the rule. Nothing is stored unless loaded. number is the CRL number, revoked the count of serial numbers in the list, after a delta in list and delta together.';
