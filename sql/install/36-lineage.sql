-- The lineage of an account's certificates: what comes after what, what
-- revocation means, and the names under which others know the account

CREATE TABLE passport.certificate_succession (
  issuer_id int NOT NULL REFERENCES passport.certificate_issuer,
  serial text NOT NULL CHECK (serial ~ '^([0-9a-f]{2}){1,20}$'),
  old_serial text NOT NULL CHECK (old_serial ~ '^([0-9a-f]{2}){1,20}$' AND old_serial <> serial),
  recorded_by text NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (issuer_id, serial)
);
COMMENT ON TABLE passport.certificate_succession IS
'Which certificate came after which of the same person, as a certified operator learns it from J-LIS (証明書新旧紐付け情報): neither certificate says so.';

CREATE FUNCTION passport.record_succession(issuer text, old_serial text, serial text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  named int;
  standing text;
BEGIN
  IF coalesce(old_serial !~ '^([0-9a-f]{2}){1,20}$' OR serial !~ '^([0-9a-f]{2}){1,20}$' OR old_serial = serial, true) THEN
    PERFORM passport.refuse('/serial', 'serial', 'Two different serial numbers are given in lower-case hex.');
  END IF;
  SELECT i.issuer_id INTO named FROM passport.certificate_issuer AS i WHERE i.name = issuer;
  IF named IS NULL THEN
    RAISE EXCEPTION 'unknown issuer' USING ERRCODE = 'PT404', HINT = 'Name it as certificate_info does.';
  END IF;
  INSERT INTO passport.certificate_succession AS s (issuer_id, serial, old_serial, recorded_by, recorded_at)
    VALUES (named, serial, old_serial, session_user, passport.now())
    ON CONFLICT ON CONSTRAINT certificate_succession_pkey DO NOTHING;
  SELECT s.old_serial INTO standing FROM passport.certificate_succession AS s
   WHERE s.issuer_id = named AND s.serial = record_succession.serial;
  IF standing <> old_serial THEN
    RAISE EXCEPTION 'the certificate came after another one' USING ERRCODE = 'PT409';
  END IF;
END $$;
COMMENT ON FUNCTION passport.record_succession(text, text, text) IS
'Says that a certificate came after another of the same person, by what J-LIS tells a certified operator (証明書新旧紐付け情報). issuer: its name as in certificate_info; serials in lower-case hex. A card both of whose certificates come after those of an account is registered to it without a look at the attributes. Again changes nothing. PT404 for an unknown issuer, PT409 if it is known to have come after another one, PT422 for serials that are none.';

CREATE FUNCTION passport.certificate_heir_of(issuer_id int, serial text) RETURNS bigint
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  -- ten renewals are a hundred years
  WITH RECURSIVE line(serial, step) AS (
    SELECT certificate_heir_of.serial, 0
    UNION ALL
    SELECT s.old_serial, line.step + 1 FROM line
      JOIN passport.certificate_succession AS s
        ON s.issuer_id = certificate_heir_of.issuer_id AND s.serial = line.serial
     WHERE line.step < 10)
  SELECT d.resident_id FROM line
    JOIN passport.certificate_directory AS d
      ON d.issuer_id = certificate_heir_of.issuer_id AND d.serial = line.serial
   ORDER BY line.step LIMIT 1;
END;
COMMENT ON FUNCTION passport.certificate_heir_of(int, text) IS
'Whose account has a certificate, or the nearest one before it; NULL if none.';

CREATE FUNCTION passport.attach_certificates(resident_id bigint, certificates jsonb, ceremony uuid) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  kind text;
  one jsonb;
  owner bigint;
  before int;
BEGIN
  FOREACH kind IN ARRAY ARRAY['authentication', 'signature'] LOOP
    one := certificates -> kind;
    CONTINUE WHEN one IS NULL;
    INSERT INTO passport.certificate_directory AS d (issuer_id, serial, resident_id)
      VALUES ((one ->> 'issuer_id')::int, one ->> 'serial', resident_id)
      ON CONFLICT ON CONSTRAINT certificate_directory_pkey DO NOTHING;
    SELECT d.resident_id INTO owner FROM passport.certificate_directory AS d
     WHERE d.issuer_id = (one ->> 'issuer_id')::int AND d.serial = one ->> 'serial';
    IF owner IS DISTINCT FROM resident_id THEN
      RAISE EXCEPTION 'a certificate belongs to another account'
        USING ERRCODE = 'PT409', DETAIL = jsonb_build_object('certificate', kind);
    END IF;
    INSERT INTO passport.account_certificate (resident_id, issuer_id, serial, kind, medium, hierarchy, not_after, ceremony,
                                              registered_at)
      VALUES (resident_id, (one ->> 'issuer_id')::int, one ->> 'serial', kind, one ->> 'medium', one ->> 'hierarchy',
              (one ->> 'not_after')::timestamptz, ceremony, passport.now())
      ON CONFLICT ON CONSTRAINT account_certificate_pkey DO NOTHING;
    CONTINUE WHEN NOT FOUND;
    -- a person has one card; phones stand side by side
    UPDATE passport.account_certificate AS c
       SET state = CASE WHEN c.state = 'active' THEN 'replaced' ELSE c.state END,
           new_issuer_id = (one ->> 'issuer_id')::int, new_serial = one ->> 'serial'
     WHERE c.resident_id = attach_certificates.resident_id AND c.kind = kind
       AND c.medium = 'card' AND one ->> 'medium' = 'card'
       AND c.new_serial IS NULL AND (c.issuer_id, c.serial) <> ((one ->> 'issuer_id')::int, one ->> 'serial');
    GET DIAGNOSTICS before = ROW_COUNT;
    IF before > 0 THEN
      PERFORM passport.record_account_event(resident_id, 'replaced',
                jsonb_build_object('kind', kind, 'serial', one ->> 'serial'));
    END IF;
    UPDATE passport.account AS a SET asks = NULL
     WHERE a.resident_id = attach_certificates.resident_id
       AND (a.asks = 'signature' AND kind = 'signature' OR a.asks = 'renewal');
  END LOOP;
END $$;
COMMENT ON FUNCTION passport.attach_certificates(bigint, jsonb, uuid) IS
'Gives an account the certificates of one ceremony; those of a card replace the card before. PT409 if one of them is another account''s.';

CREATE FUNCTION passport.account_of_login(issuer_id int, serial text,
    OUT resident_id bigint, OUT medium text, OUT verdict text, OUT detail text)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  found record;
BEGIN
  PERFORM passport.hold_sessions(d.resident_id) FROM passport.certificate_directory AS d
    WHERE d.issuer_id = account_of_login.issuer_id AND d.serial = account_of_login.serial;
  SELECT d.resident_id, a.state, c.state AS certificate, c.medium INTO found
    FROM passport.certificate_directory AS d
    JOIN passport.account AS a ON a.resident_id = d.resident_id
    LEFT JOIN passport.account_certificate AS c
      ON c.resident_id = d.resident_id AND c.issuer_id = d.issuer_id AND c.serial = d.serial
   WHERE d.issuer_id = account_of_login.issuer_id AND d.serial = account_of_login.serial;
  IF found.resident_id IS NULL THEN
    verdict := 'unknown_account';
    detail := 'account: no account has this certificate.';
  ELSIF found.state <> 'active' THEN
    verdict := 'suspended';
    detail := 'account: the account is suspended.';
  ELSIF found.certificate <> 'active' THEN
    verdict := 'replaced';
    detail := 'lineage: a newer certificate has replaced this one.';
  ELSE
    resident_id := found.resident_id;
    medium := found.medium;
  END IF;
END $$;
COMMENT ON FUNCTION passport.account_of_login(int, text) IS
'Whom a verified certificate logs in, and whether it is on a card or a phone, or the verdict that nobody: unknown_account, suspended or replaced. Until the transaction ends, nobody ends the account''s sessions without the one that is made now.';

-- The one place that knows where revocation of an account's certificate is found.
CREATE VIEW passport.revoked_account_certificate WITH (security_barrier) AS
  SELECT c.resident_id, c.issuer_id, c.serial, c.kind, c.state, min(r.reason) AS reason
    FROM passport.account_certificate AS c
    JOIN (SELECT l.issuer_id, l.serial, l.reason FROM passport.revoked_certificate AS l
          UNION ALL
          SELECT s.issuer_id, s.serial, s.reason FROM passport.certificate_status AS s
           WHERE s.reason IS NOT NULL) AS r
      ON r.issuer_id = c.issuer_id AND r.serial = decode(c.serial, 'hex')
   GROUP BY c.resident_id, c.issuer_id, c.serial;
COMMENT ON VIEW passport.revoked_account_certificate IS
'Certificates of accounts that a list or a responder calls revoked, with the CRLReason. An account knows neither which generation of a root signed its certificate nor at which points lists tell of it: so what one source says is not outweighed here by what another says later, as verify_signature has it. A hold is never released.';

CREATE FUNCTION passport.revocation_means(reason smallint) RETURNS text
  LANGUAGE sql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE reason WHEN 3 THEN 'signature' WHEN 4 THEN 'renewal' ELSE 'suspend' END;
END;
COMMENT ON FUNCTION passport.revocation_means(smallint) IS
'What a revocation asks of the holder by its CRLReason: affiliationChanged (3), that is name, address, sex or birth date: a new signature certificate; superseded (4): the renewed card; all others, certificateHold (6) among them, which is never released: suspend.';

CREATE FUNCTION passport.review_certificates() RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  gone record;
  means text;
  live boolean;
  reviewed bigint := 0;
BEGIN
  FOR gone IN
    SELECT * FROM passport.revoked_account_certificate AS v WHERE v.state <> 'revoked'
     ORDER BY v.resident_id, v.issuer_id, v.serial
  LOOP
    PERFORM FROM passport.account AS a WHERE a.resident_id = gone.resident_id FOR UPDATE;
    UPDATE passport.account_certificate AS c SET state = 'revoked', reason = gone.reason
     WHERE c.resident_id = gone.resident_id AND c.issuer_id = gone.issuer_id AND c.serial = gone.serial
       AND c.state <> 'revoked';
    CONTINUE WHEN NOT FOUND;
    reviewed := reviewed + 1;
    PERFORM passport.record_account_event(gone.resident_id, 'revoked',
              jsonb_build_object('kind', gone.kind, 'serial', gone.serial, 'reason', gone.reason));
    means := passport.revocation_means(gone.reason);
    IF means = 'suspend' THEN
      PERFORM passport.end_sessions(gone.resident_id, l.login_id)
         FROM (SELECT DISTINCT s.login_id FROM passport.session AS s
                WHERE s.resident_id = gone.resident_id AND s.issuer_id = gone.issuer_id AND s.serial = gone.serial
                  AND s.revoked_at IS NULL) AS l;
    END IF;
    -- another card or phone stands in for it; a card that has been replaced asks for nothing
    live := EXISTS (SELECT FROM passport.account_certificate AS c
                     WHERE c.resident_id = gone.resident_id AND c.kind = gone.kind AND c.state = 'active'
                       AND c.not_after > passport.now());
    CONTINUE WHEN live;
    IF means = 'suspend' THEN
      UPDATE passport.account AS a SET state = 'suspended', suspended_for = 'revocation'
       WHERE a.resident_id = gone.resident_id AND a.state = 'active';
      IF FOUND THEN
        PERFORM passport.record_account_event(gone.resident_id, 'suspended', '{"for": "revocation"}');
      END IF;
    ELSE
      UPDATE passport.account AS a SET asks = means
       WHERE a.resident_id = gone.resident_id AND a.asks IS DISTINCT FROM 'renewal' AND a.asks IS DISTINCT FROM means;
      IF FOUND THEN
        PERFORM passport.record_account_event(gone.resident_id, 'asked', jsonb_build_object('for', means));
      END IF;
    END IF;
  END LOOP;
  RETURN reviewed;
END $$;
COMMENT ON FUNCTION passport.review_certificates() IS
'Holds the certificates of accounts against what is revoked, and returns how many newly are: the worker calls it after lists were loaded. If no other certificate of the kind is left, the account asks for a new signature (affiliationChanged) or for the renewed card (superseded), or is suspended (all other reasons, which also end the sessions of that certificate). It stays active while it only asks.';

CREATE FUNCTION passport.suspend_account(resident_id bigint, reason text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  IF coalesce(length(reason), 0) NOT BETWEEN 1 AND 400 OR passport.holds_individual_number(reason) THEN
    PERFORM passport.refuse('/reason', 'reason', 'Give a reason of up to 400 characters without an individual number.');
  END IF;
  UPDATE passport.account AS a SET state = 'suspended', suspended_for = 'staff'
   WHERE a.resident_id = suspend_account.resident_id AND a.state <> 'closed';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'unknown account' USING ERRCODE = 'PT404';
  END IF;
  PERFORM passport.end_sessions(resident_id);
  PERFORM passport.record_account_event(resident_id, 'suspended', jsonb_build_object('for', 'staff', 'reason', reason));
END $$;
COMMENT ON FUNCTION passport.suspend_account(bigint, text) IS
'Suspends an account at once, with all its sessions, until resume_account; messages still reach its devices. reason: up to 400 characters, kept in the account''s history. PT404 for an unknown or closed account, PT422 for a reason that is missing or holds an individual number.';

CREATE FUNCTION passport.resume_account(resident_id bigint, reason text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  IF coalesce(length(reason), 0) NOT BETWEEN 1 AND 400 OR passport.holds_individual_number(reason) THEN
    PERFORM passport.refuse('/reason', 'reason', 'Give a reason of up to 400 characters without an individual number.');
  END IF;
  UPDATE passport.account AS a SET state = 'active', suspended_for = NULL
   WHERE a.resident_id = resume_account.resident_id AND a.state = 'suspended';
  IF NOT FOUND THEN
    RAISE EXCEPTION 'no such suspended account' USING ERRCODE = 'PT404';
  END IF;
  PERFORM passport.record_account_event(resident_id, 'resumed', jsonb_build_object('for', 'staff', 'reason', reason));
END $$;
COMMENT ON FUNCTION passport.resume_account(bigint, text) IS
'Ends the suspension of an account; sessions that it ended stay ended, and a revoked certificate stays revoked. PT404 unless the account is suspended, PT422 as of suspend_account.';

-- The digital authentication app knows a person by a name for us alone.
CREATE TABLE passport.ppid_directory (
  issuer text NOT NULL CHECK (issuer ~ '^https://[!-~]{1,190}$'),
  ppid_digest bytea NOT NULL CHECK (octet_length(ppid_digest) = 32),
  resident_id bigint NOT NULL REFERENCES passport.account,
  attached_at timestamptz NOT NULL,
  PRIMARY KEY (issuer, ppid_digest)
);
COMMENT ON TABLE passport.ppid_directory IS
'Whose account a subject (PPID) of the digital authentication app (デジタル認証アプリ) is, found by its SHA-256. An account may hold several: whether one survives the renewal of a card is not known.';
CREATE INDEX ppid_directory_resident ON passport.ppid_directory (resident_id);

CREATE FUNCTION passport.attach_ppid(issuer text, ppid text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  acting CONSTANT bigint := passport.acting_resident();
  digest CONSTANT bytea := sha256(convert_to(ppid, 'UTF8'));
  owner bigint;
BEGIN
  IF coalesce(issuer !~ '^https://[!-~]{1,190}$', true) OR coalesce(ppid !~ '^[!-~]{1,255}$', true) THEN
    PERFORM passport.refuse('/ppid', 'malformed', 'An issuer is an https URL, a PPID has 1 to 255 printable ASCII characters.');
  END IF;
  PERFORM passport.refuse_individual_number('/issuer', issuer), passport.refuse_individual_number('/ppid', ppid);
  PERFORM passport.require_self();
  INSERT INTO passport.ppid_directory AS d (issuer, ppid_digest, resident_id, attached_at)
    VALUES (issuer, digest, acting, passport.now()) ON CONFLICT ON CONSTRAINT ppid_directory_pkey DO NOTHING;
  IF FOUND THEN
    PERFORM passport.record_account_event(acting, 'ppid_attached', jsonb_build_object('issuer', issuer));
    RETURN;
  END IF;
  SELECT d.resident_id INTO owner FROM passport.ppid_directory AS d
   WHERE d.issuer = attach_ppid.issuer AND d.ppid_digest = digest;
  IF owner IS DISTINCT FROM acting THEN
    RAISE EXCEPTION 'the PPID belongs to another account' USING ERRCODE = 'PT409';
  END IF;
END $$;
COMMENT ON FUNCTION passport.attach_ppid(text, text) IS
'Adds a subject of the digital authentication app to the acting resident''s account, after the app''s backend verified it there. issuer: https URL; ppid: the claim sub. Again changes nothing. PT401 when nobody acts, PT403 for a guardian, PT409 if it is another account''s, PT422 when malformed.';

CREATE FUNCTION passport.detach_ppid(issuer text, ppid text) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM passport.require_self();
  DELETE FROM passport.ppid_directory AS d
   WHERE d.resident_id = passport.acting_resident() AND d.issuer = detach_ppid.issuer
     AND d.ppid_digest = sha256(convert_to(detach_ppid.ppid, 'UTF8'));
  IF FOUND THEN
    PERFORM passport.record_account_event(passport.acting_resident(), 'ppid_detached',
                                          jsonb_build_object('issuer', detach_ppid.issuer));
    RETURN true;
  END IF;
  RETURN false;
END $$;
COMMENT ON FUNCTION passport.detach_ppid(text, text) IS
'Takes a subject of the digital authentication app from the acting resident''s account; false if it was not there. PT401 when nobody acts, PT403 for a guardian.';

CREATE FUNCTION passport.my_account(OUT state text, OUT assurance text, OUT asks text, OUT certificates jsonb, OUT ppids jsonb)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  acting CONSTANT bigint := passport.record_act('my_account');
BEGIN
  SELECT a.state, a.assurance, a.asks INTO state, assurance, asks
    FROM passport.account AS a WHERE a.resident_id = acting;
  SELECT coalesce(jsonb_agg(jsonb_build_object('kind', c.kind, 'medium', c.medium, 'state', c.state,
                                               'not_after', c.not_after, 'registered_at', c.registered_at)
                            ORDER BY c.registered_at, c.kind, c.serial), '[]') INTO certificates
    FROM passport.account_certificate AS c WHERE c.resident_id = acting;
  SELECT coalesce(jsonb_agg(d.issuer ORDER BY d.attached_at, d.issuer), '[]') INTO ppids
    FROM passport.ppid_directory AS d WHERE d.resident_id = acting;
END $$;
COMMENT ON FUNCTION passport.my_account() IS
'The acting resident''s account: state, assurance, what it asks for (signature: register a new signature certificate; renewal: register the renewed card; NULL), its certificates with medium and state, the issuers of its PPIDs. All NULL or empty for a ward without an account. PT401 when nobody acts.';
