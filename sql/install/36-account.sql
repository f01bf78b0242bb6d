-- Accounts: whose certificates they are, and how they are made

CREATE TABLE passport.account (
  resident_id bigint PRIMARY KEY REFERENCES passport.resident,
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended')),
  assurance text NOT NULL CHECK (assurance IN ('card_certain', 'card_staff')),
  created_at timestamptz NOT NULL
);
COMMENT ON TABLE passport.account IS
'Residents who use the services. assurance: card_certain if the certificate''s four attributes alone found them in the register, card_staff if a person decided.';

CREATE TABLE passport.certificate_directory (
  issuer_id int NOT NULL REFERENCES passport.certificate_issuer,
  serial text NOT NULL CHECK (serial ~ '^([0-9a-f]{2}){1,20}$'),
  resident_id bigint NOT NULL REFERENCES passport.resident,
  PRIMARY KEY (issuer_id, serial)
);
COMMENT ON TABLE passport.certificate_directory IS
'Whose a certificate is, by issuer and serial number. The certificates themselves are not kept.';

CREATE TABLE passport.account_certificate (
  resident_id bigint NOT NULL REFERENCES passport.account,
  issuer_id int NOT NULL REFERENCES passport.certificate_issuer,
  serial text NOT NULL,
  kind text NOT NULL CHECK (kind IN ('signature', 'authentication')),
  hierarchy text NOT NULL CHECK (hierarchy IN ('production', 'test')),
  not_after timestamptz NOT NULL,
  ceremony uuid NOT NULL,
  registered_at timestamptz NOT NULL,
  PRIMARY KEY (resident_id, issuer_id, serial)
);
COMMENT ON TABLE passport.account_certificate IS
'Certificates of an account: their lineage, not their bytes. Those registered in one ceremony (the challenge''s number) belong together.';

CREATE TABLE passport.registration (
  registration_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  state text NOT NULL CHECK (state IN ('queued', 'linked')),
  name text CHECK (length(name) <= 500),
  name_substitution text CHECK (length(name_substitution) <= 500),
  address text CHECK (length(address) <= 500),
  address_substitution text CHECK (length(address_substitution) <= 500),
  birth_date text CHECK (length(birth_date) <= 20),
  sex text,
  certificates jsonb NOT NULL,
  candidates jsonb NOT NULL,
  ceremony uuid NOT NULL,
  created_at timestamptz NOT NULL,
  linked_to bigint REFERENCES passport.resident,
  decided_by text,
  decided_at timestamptz,
  CONSTRAINT registration_no_individual_number CHECK (NOT passport.holds_individual_number(
    coalesce(name, '') || E'\n' || coalesce(address, '') || E'\n' || coalesce(birth_date, ''))),
  CHECK ((state = 'linked') = (linked_to IS NOT NULL))
);
COMMENT ON TABLE passport.registration IS
'Holders of verified certificates whom the register did not show for certain: staff decide who they are.';
CREATE UNIQUE INDEX registration_queued
  ON passport.registration ((certificates -> 'authentication' ->> 'issuer_id'),
                            (certificates -> 'authentication' ->> 'serial')) WHERE state = 'queued';

CREATE VIEW passport.registration_queue WITH (security_barrier) AS
  SELECT registration_id, name, name_substitution, address, address_substitution, birth_date, sex, candidates, created_at
    FROM passport.registration WHERE state = 'queued';
COMMENT ON VIEW passport.registration_queue IS
'What waits for staff: the attributes of the certificate, and the residents it could be, the best first.';

CREATE FUNCTION passport.certificate_birth_date(attribute text) RETURNS date
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF attribute ~ '^[1-5][0-9]{8}$' THEN
    RETURN make_date(substr(attribute, 2, 4)::int, substr(attribute, 6, 2)::int, substr(attribute, 8, 2)::int);
  END IF;
  RETURN NULL;
EXCEPTION WHEN datetime_field_overflow THEN
  RETURN NULL;
END $$;
COMMENT ON FUNCTION passport.certificate_birth_date(text) IS
'The date in a certificate''s EYYYYMMDD; NULL if a part of it is unknown (era 0, month or day 00).';

CREATE FUNCTION passport.attach_certificates(resident_id bigint, certificates jsonb, ceremony uuid) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  kind text;
  one jsonb;
  owner bigint;
BEGIN
  FOREACH kind IN ARRAY ARRAY['authentication', 'signature'] LOOP
    one := certificates -> kind;
    INSERT INTO passport.certificate_directory AS d (issuer_id, serial, resident_id)
      VALUES ((one ->> 'issuer_id')::int, one ->> 'serial', resident_id)
      ON CONFLICT ON CONSTRAINT certificate_directory_pkey DO NOTHING;
    SELECT d.resident_id INTO owner FROM passport.certificate_directory AS d
     WHERE d.issuer_id = (one ->> 'issuer_id')::int AND d.serial = one ->> 'serial';
    IF owner IS DISTINCT FROM resident_id THEN
      RAISE EXCEPTION 'a certificate belongs to another account'
        USING ERRCODE = 'PT409', DETAIL = jsonb_build_object('certificate', kind);
    END IF;
    INSERT INTO passport.account_certificate (resident_id, issuer_id, serial, kind, hierarchy, not_after, ceremony, registered_at)
      VALUES (resident_id, (one ->> 'issuer_id')::int, one ->> 'serial', kind, one ->> 'hierarchy',
              (one ->> 'not_after')::timestamptz, ceremony, passport.now())
      ON CONFLICT ON CONSTRAINT account_certificate_pkey DO NOTHING;
  END LOOP;
END $$;
COMMENT ON FUNCTION passport.attach_certificates(bigint, jsonb, uuid) IS
'Gives an account the two certificates of one ceremony; PT409 if one of them is another account''s.';

-- One place verifies a certificate of the ceremony: what is wrong with it, or what to keep of it.
CREATE FUNCTION passport.verify_ceremony(message bytea, kind text, certificate bytea, signature bytea,
    OUT problem jsonb, OUT lineage jsonb, OUT resident_id bigint)
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  holder record;
BEGIN
  SELECT * INTO holder FROM passport.verify_holder(certificate, message, signature, kind);
  IF holder.verdict IS DISTINCT FROM 'valid' THEN
    problem := jsonb_build_object('certificate', kind, 'verdict', holder.verdict, 'text', holder.detail);
    RETURN;
  END IF;
  lineage := jsonb_build_object('issuer_id', holder.issuer_id, 'serial', holder.serial, 'hierarchy', holder.hierarchy,
                                'not_after', (SELECT i.not_after FROM passport.certificate_info(certificate) AS i));
  SELECT d.resident_id INTO resident_id FROM passport.certificate_directory AS d
   WHERE d.issuer_id = holder.issuer_id AND d.serial = holder.serial;
END $$;
COMMENT ON FUNCTION passport.verify_ceremony(bytea, text, bytea, bytea) IS
'Verifies one of the two certificates of register_account: the problem, or its lineage and whose account has it already.';

CREATE FUNCTION passport.register_account(challenge_id uuid, signature_certificate bytea, signature bytea,
    authentication_certificate bytea, authentication_signature bytea,
    OUT state text, OUT resident_id bigint, OUT detail jsonb)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  message bytea;
  signing record;
  logging_in record;
  holder record;
  found jsonb;
  certain bigint;
  certificates jsonb;
  queued bigint;
BEGIN
  message := passport.consume_challenge(challenge_id, 'register', 'passport');
  SELECT * INTO signing
    FROM passport.verify_ceremony(message, 'signature', signature_certificate, signature);
  SELECT * INTO logging_in
    FROM passport.verify_ceremony(message, 'authentication', authentication_certificate, authentication_signature);
  state := 'refused';
  detail := coalesce(signing.problem, logging_in.problem);
  IF detail IS NOT NULL THEN
    RETURN;
  ELSIF signing.lineage ->> 'hierarchy' <> logging_in.lineage ->> 'hierarchy' THEN
    detail := '{"certificate": "authentication", "verdict": "wrong_purpose", "text": "hierarchy: one certificate is a test, the other is not."}';
    RETURN;
  END IF;
  certificates := jsonb_build_object('signature', signing.lineage, 'authentication', logging_in.lineage);

  -- both are known already: nothing is left to find out
  IF signing.resident_id = logging_in.resident_id THEN
    state := 'linked';
    resident_id := signing.resident_id;
    detail := '{"repeated": true}';
    RETURN;
  ELSIF signing.resident_id IS NOT NULL AND logging_in.resident_id IS NOT NULL THEN
    RAISE EXCEPTION 'the two certificates belong to different accounts' USING ERRCODE = 'PT409';
  END IF;

  SELECT * INTO holder FROM passport.certificate_info(signature_certificate);
  SELECT coalesce(jsonb_agg(jsonb_build_object('resident_id', m.resident_id, 'score', m.score,
                                               'explanation', m.explanation) ORDER BY m.score DESC, m.resident_id), '[]'),
         CASE WHEN count(*) FILTER (WHERE (m.explanation ->> 'certain')::boolean) = 1
              THEN max(m.resident_id) FILTER (WHERE (m.explanation ->> 'certain')::boolean) END
    INTO found, certain
    FROM passport.match_resident(holder.name, holder.address, passport.certificate_birth_date(holder.birth_date),
                                 holder.sex, holder.name_substitution) AS m;
  IF certain IS NOT NULL THEN
    -- one card of an account does not vouch for another's
    IF coalesce(signing.resident_id, logging_in.resident_id, certain) <> certain THEN
      RAISE EXCEPTION 'a certificate belongs to another account' USING ERRCODE = 'PT409';
    END IF;
    INSERT INTO passport.account (resident_id, assurance, created_at) VALUES (certain, 'card_certain', passport.now())
      ON CONFLICT ON CONSTRAINT account_pkey DO NOTHING;
    PERFORM passport.attach_certificates(certain, certificates, challenge_id);
    state := 'linked';
    resident_id := certain;
    detail := found -> 0 -> 'explanation';
    RETURN;
  END IF;

  INSERT INTO passport.registration AS r (state, name, name_substitution, address, address_substitution, birth_date, sex,
                                          certificates, candidates, ceremony, created_at)
    VALUES ('queued', holder.name, holder.name_substitution, holder.address, holder.address_substitution,
            holder.birth_date, holder.sex, certificates, found, challenge_id, passport.now())
    ON CONFLICT ((certificates -> 'authentication' ->> 'issuer_id'), (certificates -> 'authentication' ->> 'serial'))
      WHERE state = 'queued'
      DO UPDATE SET name = excluded.name, name_substitution = excluded.name_substitution, address = excluded.address,
                    address_substitution = excluded.address_substitution, birth_date = excluded.birth_date,
                    sex = excluded.sex, certificates = excluded.certificates, candidates = excluded.candidates,
                    ceremony = excluded.ceremony
    RETURNING r.registration_id INTO queued;
  state := 'queued';
  detail := jsonb_build_object('registration_id', queued, 'candidates', jsonb_array_length(found));
END $$;
COMMENT ON FUNCTION passport.register_account(uuid, bytea, bytea, bytea, bytea) IS
'Makes an account of the holder of two certificates (DER), one for signing and one for logging in; both signatures are over the message of one challenge of purpose register, which is consumed whatever comes of it. state: linked if the four attributes of the signature certificate find exactly one resident for certain (match_resident), or if both certificates are registered already; queued if staff must decide (detail has registration_id and the number of candidates; once more with the same certificate for logging in is the same registration); refused with detail {"certificate", "verdict", "text"} as of verify_signature. resident_id is set when linked. Of the certificates only issuer, serial number, kind and end are kept. PT409 if a certificate is another account''s, PT410 for a challenge that is used, expired or for something else.';

CREATE FUNCTION passport.link_account(registration_id bigint, resident_id bigint) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  waiting passport.registration;
BEGIN
  SELECT * INTO waiting FROM passport.registration AS r
   WHERE r.registration_id = link_account.registration_id FOR UPDATE;
  IF waiting.registration_id IS NULL THEN
    RAISE EXCEPTION 'unknown registration' USING ERRCODE = 'PT404';
  ELSIF waiting.state = 'linked' THEN
    IF waiting.linked_to = resident_id THEN
      RETURN;
    END IF;
    RAISE EXCEPTION 'the registration is linked to another resident' USING ERRCODE = 'PT409';
  ELSIF NOT EXISTS (SELECT FROM passport.resident AS p
                     WHERE p.resident_id = link_account.resident_id AND p.status = 'resident') THEN
    RAISE EXCEPTION 'unknown resident' USING ERRCODE = 'PT404';
  END IF;

  INSERT INTO passport.account (resident_id, assurance, created_at) VALUES (resident_id, 'card_staff', passport.now())
    ON CONFLICT ON CONSTRAINT account_pkey DO NOTHING;
  PERFORM passport.attach_certificates(resident_id, waiting.certificates, waiting.ceremony);
  -- decided: the attributes have done their work
  UPDATE passport.registration AS r
     SET state = 'linked', linked_to = link_account.resident_id, decided_by = session_user,
         decided_at = passport.now(), name = NULL, name_substitution = NULL, address = NULL,
         address_substitution = NULL, birth_date = NULL, sex = NULL
   WHERE r.registration_id = waiting.registration_id;
END $$;
COMMENT ON FUNCTION passport.link_account(bigint, bigint) IS
'A member of staff decides which resident a waiting registration is: the account is made, its certificates are attached, and who decided is kept. The same decision again changes nothing. PT404 for an unknown registration or resident, PT409 if it was linked to somebody else or a certificate is another account''s.';
