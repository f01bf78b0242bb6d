-- Accounts: whose certificates they are, and how they are made

CREATE TABLE passport.account (
  resident_id bigint PRIMARY KEY REFERENCES passport.resident,
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'suspended')),
  assurance text NOT NULL CHECK (assurance IN ('counter_seen', 'counter_pin', 'card_staff', 'card_certain')),
  created_at timestamptz NOT NULL,
  suspended_for text CHECK (suspended_for IN ('revocation', 'staff')),
  asks text CHECK (asks IN ('signature', 'renewal')),
  CHECK (state = 'suspended' OR suspended_for IS NULL)
);
COMMENT ON TABLE passport.account IS
'Residents who use the services. assurance, the lowest first: counter_seen if staff enrolled them with a card whose PIN nobody entered, counter_pin if they entered it, card_staff if a person decided whose two certificates they are, card_certain if the certificate''s four attributes alone found them in the register. asks: signature if the attributes changed and a new signature certificate is to be registered, renewal if a new card is. suspended_for: revocation ends with new certificates, staff only by staff.';

CREATE TABLE passport.account_event (
  resident_id bigint NOT NULL REFERENCES passport.account,
  event_id bigint GENERATED ALWAYS AS IDENTITY,
  event text NOT NULL CHECK (event IN ('linked', 'enrolled', 'assurance_raised', 'replaced', 'revoked', 'asked',
                                       'suspended', 'resumed', 'ppid_attached', 'ppid_detached')),
  detail jsonb NOT NULL,
  done_by text NOT NULL,
  happened_at timestamptz NOT NULL,
  PRIMARY KEY (resident_id, event_id)
);
COMMENT ON TABLE passport.account_event IS
'What became of each account, when, and under which login.';
CREATE TRIGGER account_event_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON passport.account_event
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

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
  medium text NOT NULL CHECK (medium IN ('card', 'phone')),
  hierarchy text NOT NULL CHECK (hierarchy IN ('production', 'test')),
  not_after timestamptz NOT NULL,
  ceremony uuid NOT NULL,
  registered_at timestamptz NOT NULL,
  state text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'replaced', 'revoked')),
  reason smallint,
  new_issuer_id int,
  new_serial text,
  PRIMARY KEY (resident_id, issuer_id, serial),
  FOREIGN KEY (resident_id, new_issuer_id, new_serial) REFERENCES passport.account_certificate,
  CHECK ((state = 'revoked') = (reason IS NOT NULL))
);
COMMENT ON TABLE passport.account_certificate IS
'Certificates of an account: their lineage, not their bytes. Those registered in one ceremony (the challenge''s number) belong together; new_issuer_id and new_serial name the one that came after. reason: CRLReason of RFC 5280.';

CREATE TABLE passport.registration (
  registration_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  state text NOT NULL CHECK (state IN ('queued', 'linked', 'refused')),
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
  refused_for text CHECK (length(refused_for) BETWEEN 1 AND 400 AND NOT passport.holds_individual_number(refused_for)),
  decided_by text,
  decided_at timestamptz,
  CONSTRAINT registration_no_individual_number CHECK (NOT passport.holds_individual_number(
    coalesce(name, '') || E'\n' || coalesce(address, '') || E'\n' || coalesce(birth_date, ''))),
  CHECK ((state = 'linked') = (linked_to IS NOT NULL)),
  CHECK ((state = 'refused') = (refused_for IS NOT NULL))
);
COMMENT ON TABLE passport.registration IS
'Holders of verified certificates whom the register did not show for certain: staff decide who they are.';
CREATE INDEX registration_decided ON passport.registration (decided_at) WHERE state <> 'queued';
CREATE UNIQUE INDEX registration_queued
  ON passport.registration ((certificates -> 'authentication' ->> 'issuer_id'),
                            (certificates -> 'authentication' ->> 'serial')) WHERE state = 'queued';

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

CREATE FUNCTION passport.record_account_event(resident_id bigint, event text, detail jsonb DEFAULT '{}') RETURNS void
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  INSERT INTO passport.account_event (resident_id, event, detail, done_by, happened_at)
  VALUES (resident_id, event, detail, session_user, passport.now());
END;
COMMENT ON FUNCTION passport.record_account_event(bigint, text, jsonb) IS
'Appends to the history of an account.';

CREATE FUNCTION passport.open_account(resident_id bigint, assurance text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  rank CONSTANT text[] := ARRAY['counter_seen', 'counter_pin', 'card_staff', 'card_certain'];
  standing passport.account;
BEGIN
  INSERT INTO passport.account AS a (resident_id, assurance, created_at) VALUES (resident_id, assurance, passport.now())
    ON CONFLICT ON CONSTRAINT account_pkey DO NOTHING;
  IF FOUND THEN
    PERFORM passport.record_account_event(resident_id, 'linked', jsonb_build_object('assurance', assurance));
    RETURN;
  END IF;
  SELECT * INTO standing FROM passport.account AS a WHERE a.resident_id = open_account.resident_id FOR UPDATE;
  IF array_position(rank, assurance) > array_position(rank, standing.assurance) THEN
    UPDATE passport.account AS a SET assurance = open_account.assurance WHERE a.resident_id = open_account.resident_id;
    PERFORM passport.record_account_event(resident_id, 'assurance_raised', jsonb_build_object('assurance', assurance));
  END IF;
  -- what revocation took, a certificate that is not revoked gives back
  IF standing.suspended_for = 'revocation' THEN
    UPDATE passport.account AS a SET state = 'active', suspended_for = NULL
     WHERE a.resident_id = open_account.resident_id;
    PERFORM passport.record_account_event(resident_id, 'resumed', '{"for": "certificates"}');
  END IF;
END $$;
COMMENT ON FUNCTION passport.open_account(bigint, text) IS
'Makes an account of this assurance, or raises that of the one there is and ends its suspension for revocation: for somebody whose certificates were verified just now.';

-- One place verifies a certificate of the ceremony: what is wrong with it, or what to keep of it.
CREATE FUNCTION passport.verify_ceremony(message bytea, kind text, medium text, certificate bytea, signature bytea,
    OUT problem jsonb, OUT card text, OUT lineage jsonb, OUT resident_id bigint, OUT heir_of bigint)
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  holder record;
BEGIN
  SELECT * INTO holder FROM passport.verify_holder(certificate, message, signature, kind);
  card := holder.issuer_id || ':' || holder.serial;
  IF holder.verdict IS DISTINCT FROM 'valid' THEN
    problem := jsonb_build_object('certificate', kind, 'verdict', holder.verdict, 'text', holder.detail);
    RETURN;
  END IF;
  lineage := jsonb_build_object('issuer_id', holder.issuer_id, 'serial', holder.serial, 'medium', medium,
                                'hierarchy', holder.hierarchy,
                                'not_after', (SELECT i.not_after FROM passport.certificate_info(certificate) AS i));
  SELECT d.resident_id INTO resident_id FROM passport.certificate_directory AS d
   WHERE d.issuer_id = holder.issuer_id AND d.serial = holder.serial;
  heir_of := coalesce(resident_id, passport.certificate_heir_of(holder.issuer_id, holder.serial));
  IF EXISTS (SELECT FROM passport.account_certificate AS c
              WHERE c.resident_id = verify_ceremony.resident_id AND c.issuer_id = holder.issuer_id
                AND c.serial = holder.serial AND c.state = 'replaced') THEN
    problem := jsonb_build_object('certificate', kind, 'verdict', 'replaced',
                                  'text', 'lineage: a newer one has replaced this certificate.');
  END IF;
END $$;
COMMENT ON FUNCTION passport.verify_ceremony(bytea, text, text, bytea, bytea) IS
'Verifies one of the two certificates of register_account: the problem, by which its attempts are counted (card), or its lineage, whose account has it already, and to whose it is the heir (that account, or the one of a certificate before it).';

CREATE FUNCTION passport.register_account(challenge_id uuid, signature_certificate bytea, signature bytea,
    authentication_certificate bytea, authentication_signature bytea, medium text DEFAULT 'card',
    source text DEFAULT NULL, OUT state text, OUT resident_id bigint, OUT detail jsonb)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  message bytea;
  signing record;
  logging_in record;
  tried record;
  holder record;
  found jsonb;
  certain bigint;
  -- whom something else than the attributes names
  vouched bigint;
  certificates jsonb;
  queued bigint;
BEGIN
  IF medium IS NULL OR medium NOT IN ('card', 'phone') THEN
    PERFORM passport.refuse('/medium', 'unknown_medium', 'A medium is card or phone.');
  END IF;
  message := passport.consume_challenge(challenge_id, 'register', 'passport');
  SELECT * INTO signing
    FROM passport.verify_ceremony(message, 'signature', medium, signature_certificate, signature);
  SELECT * INTO logging_in
    FROM passport.verify_ceremony(message, 'authentication', medium, authentication_certificate, authentication_signature);
  state := 'refused';
  detail := coalesce(signing.problem, logging_in.problem);
  IF detail IS NOT NULL THEN
    -- what has replaced a certificate says that its signature is good
    IF detail ->> 'verdict' <> 'replaced' THEN
      tried := passport.failed_attempt(CASE WHEN signing.problem IS NULL THEN logging_in.card ELSE signing.card END, source,
                                       detail ->> 'verdict', detail ->> 'text');
      detail := detail || jsonb_build_object('verdict', tried.verdict, 'text', tried.detail);
    END IF;
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
  ELSIF signing.heir_of <> logging_in.heir_of THEN
    RAISE EXCEPTION 'the two certificates belong to different accounts' USING ERRCODE = 'PT409';
  -- both come after certificates of one account: a card that was renewed
  ELSIF signing.heir_of = logging_in.heir_of THEN
    state := 'linked';
    resident_id := signing.heir_of;
    detail := '{"renewed": true}';
    PERFORM passport.open_account(resident_id, 'card_staff');
    PERFORM passport.attach_certificates(resident_id, certificates, challenge_id);
    RETURN;
  END IF;

  SELECT * INTO holder FROM passport.certificate_info(signature_certificate);
  SELECT coalesce(jsonb_agg(jsonb_build_object('resident_id', m.resident_id, 'score', m.score,
                                               'explanation', m.explanation) ORDER BY m.score DESC, m.resident_id), '[]'),
         CASE WHEN count(*) FILTER (WHERE (m.explanation ->> 'certain')::boolean) = 1
              THEN max(m.resident_id) FILTER (WHERE (m.explanation ->> 'certain')::boolean) END
    INTO found, certain
    FROM passport.match_resident(holder.name, holder.address, passport.certificate_birth_date(holder.birth_date),
                                 holder.sex, holder.name_substitution) AS m;
  -- the certificate for logging in, or a login, names somebody whose name and birth date these are:
  -- what may differ is the address of a card that was made out before or after a move
  vouched := coalesce(logging_in.heir_of, passport.acting_holder());
  IF certain IS NULL AND vouched = coalesce(signing.heir_of, vouched) AND EXISTS (
       SELECT FROM jsonb_array_elements(found) AS c
        WHERE (c ->> 'resident_id')::bigint = vouched AND c #>> '{explanation,birth_date}' = 'equal'
          AND c #>> '{explanation,sex}' = 'equal'
          AND c #>> '{explanation,name}' NOT IN ('different', 'unknown', 'alias', 'substitute_unproven')) THEN
    certain := vouched;
    detail := '{"vouched": true}';
  END IF;
  IF certain IS NOT NULL THEN
    -- one card of an account does not vouch for another's
    IF coalesce(signing.heir_of, logging_in.heir_of, certain) <> certain THEN
      RAISE EXCEPTION 'a certificate belongs to another account' USING ERRCODE = 'PT409';
    END IF;
    PERFORM passport.open_account(certain, CASE WHEN detail IS NULL THEN 'card_certain' ELSE 'card_staff' END);
    PERFORM passport.attach_certificates(certain, certificates, challenge_id);
    state := 'linked';
    resident_id := certain;
    detail := coalesce(detail, found -> 0 -> 'explanation');
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
COMMENT ON FUNCTION passport.register_account(uuid, bytea, bytea, bytea, bytea, text, text) IS
'Makes an account of the holder of two certificates (DER), one for signing and one for logging in; both signatures are over the message of one challenge of purpose register, which is consumed whatever comes of it. medium: card, of which a person has one, so that its certificates replace the last one''s; or phone, beside it. source: where the attempt comes from (an address), if it is known. state: linked if the four attributes of the signature certificate find exactly one resident for certain (match_resident), if both certificates are registered already (detail {"repeated": true}) or come after two of one account (record_succession; {"renewed": true}), or if name, birth date and sex are those of the resident whose certificate for logging in it is or who acts ({"vouched": true}: a move, for example); queued if staff must decide (detail has registration_id and the number of candidates; once more with the same certificate for logging in is the same registration); refused with detail {"certificate", "verdict", "text"} as of verify_signature, or with verdict replaced, or limited instead of what failed, as of log_in. resident_id is set when linked. Of the certificates only issuer, serial number, kind and end are kept. PT409 if a certificate is another account''s, PT410 for a challenge that is used, expired or for something else, PT422 for an unknown medium.';

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
  ELSIF waiting.state = 'refused' THEN
    RAISE EXCEPTION 'the registration was refused' USING ERRCODE = 'PT409';
  ELSIF NOT EXISTS (SELECT FROM passport.resident AS p
                     WHERE p.resident_id = link_account.resident_id AND p.status = 'resident') THEN
    RAISE EXCEPTION 'unknown resident' USING ERRCODE = 'PT404';
  END IF;

  PERFORM passport.open_account(resident_id, 'card_staff');
  PERFORM passport.attach_certificates(resident_id, waiting.certificates, waiting.ceremony);
  -- decided: the attributes have done their work
  UPDATE passport.registration AS r
     SET state = 'linked', linked_to = link_account.resident_id, decided_by = session_user,
         decided_at = passport.now(), name = NULL, name_substitution = NULL, address = NULL,
         address_substitution = NULL, birth_date = NULL, sex = NULL
   WHERE r.registration_id = waiting.registration_id;
END $$;
COMMENT ON FUNCTION passport.link_account(bigint, bigint) IS
'A member of staff decides which resident a waiting registration is: the account is made, its certificates are attached, and who decided is kept. The same decision again changes nothing. PT404 for an unknown registration or resident, PT409 if it was refused or linked to somebody else, or a certificate is another account''s.';

CREATE FUNCTION passport.refuse_registration(registration_id bigint, reason text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  waiting passport.registration;
BEGIN
  IF coalesce(length(reason), 0) NOT BETWEEN 1 AND 400 OR passport.holds_individual_number(reason) THEN
    PERFORM passport.refuse('/reason', 'reason', 'Give a reason of up to 400 characters without an individual number.');
  END IF;
  SELECT * INTO waiting FROM passport.registration AS r
   WHERE r.registration_id = refuse_registration.registration_id FOR UPDATE;
  IF waiting.registration_id IS NULL THEN
    RAISE EXCEPTION 'unknown registration' USING ERRCODE = 'PT404';
  ELSIF waiting.state = 'refused' THEN
    RETURN;
  ELSIF waiting.state <> 'queued' THEN
    RAISE EXCEPTION 'the registration is decided' USING ERRCODE = 'PT409';
  END IF;
  UPDATE passport.registration AS r
     SET state = 'refused', refused_for = reason, decided_by = session_user, decided_at = passport.now(),
         name = NULL, name_substitution = NULL, address = NULL, address_substitution = NULL,
         birth_date = NULL, sex = NULL
   WHERE r.registration_id = waiting.registration_id;
END $$;
COMMENT ON FUNCTION passport.refuse_registration(bigint, text) IS
'A member of staff refuses a waiting registration: its attributes are forgotten, the reason (up to 400 characters) and who decided are kept. The holder may register again. Again changes nothing. PT404 for an unknown registration, PT409 for one that is linked, PT422 for a reason that is missing or holds an individual number.';

CREATE FUNCTION passport.forget_registrations(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT r.registration_id FROM passport.registration AS r
     WHERE r.state <> 'queued' AND r.decided_at < before
     ORDER BY r.decided_at LIMIT max_rows FOR UPDATE SKIP LOCKED),
  gone AS (
    DELETE FROM passport.registration AS r USING due WHERE r.registration_id = due.registration_id RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_registrations(timestamptz, int) IS
'Deletes registrations that staff decided before a time, max_rows at most, and returns how many; what became of the account is in its history. For purge_expired.';
