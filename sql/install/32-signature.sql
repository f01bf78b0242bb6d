-- Verifying a signature

-- The plan of the lookup is made when the tables may still be small. Scanning
-- stays off for it, because a list of ten million would be scanned until the
-- next ANALYZE otherwise.
CREATE FUNCTION passport.verify_signature(certificate bytea, message bytea, signature bytea, purpose text,
    at timestamptz DEFAULT passport.now(), scheme text DEFAULT NULL,
    OUT verdict text, OUT detail text, OUT issuer text, OUT serial text, OUT hierarchy text)
  LANGUAGE c STABLE PARALLEL RESTRICTED SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off
  AS 'MODULE_PATHNAME', 'passport_verify_signature';
COMMENT ON FUNCTION passport.verify_signature(bytea, bytea, bytea, text, timestamptz, text) IS
'Whether the holder of a certificate signed a message. certificate: DER, at most 64 KiB; purpose: signature (署名用) or authentication (利用者証明用), each with trust anchors of its own; at: the time for which it is asked; scheme: NULL (what a card or phone makes with such a key: pkcs1 with RSA, ecdsa on a curve), or that one alone: pkcs1, pss, bare_hash (the digital authentication app: PKCS#1 padding over the SHA-256 without DigestInfo), ecdsa. verdict: valid, malformed, wrong_purpose, weak_key, untrusted, expired, not_yet_valid, revoked, revocation_unknown (neither the lists of its distribution points nor a response of OCSP tell, or they are past their next update and passport.crl_grace or passport.ocsp_grace), bad_signature; the first that applies, in this order but for the two on time and the two on revocation. detail: the rule, a colon, a sentence. issuer, serial (hex) and hierarchy (production or test) are what the certificate says, NULL when it is malformed. PT422 for an unknown purpose or scheme. Rules: RFC 5280, the certificate profile of J-LIS.';

CREATE FUNCTION passport.verify_holder(certificate bytea, message bytea, signature bytea, purpose text,
    at timestamptz DEFAULT passport.now(), scheme text DEFAULT NULL,
    OUT verdict text, OUT detail text, OUT issuer text, OUT serial text, OUT hierarchy text, OUT issuer_id int)
  LANGUAGE c STABLE PARALLEL RESTRICTED SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET enable_seqscan = off
  AS 'MODULE_PATHNAME', 'passport_verify_signature';
COMMENT ON FUNCTION passport.verify_holder(bytea, bytea, bytea, text, timestamptz, text) IS
'verify_signature with the number of the issuer, by which accounts know certificates.';
