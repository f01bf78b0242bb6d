-- Emergency contacts (緊急連絡先): whom to call when a resident does not answer

CREATE TABLE passport.emergency_contact (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  rank int NOT NULL CHECK (rank BETWEEN 1 AND 3),
  name text NOT NULL CHECK (length(name) BETWEEN 1 AND 100 AND NOT passport.holds_individual_number(name)),
  relation text NOT NULL CHECK (length(relation) BETWEEN 1 AND 50 AND NOT passport.holds_individual_number(relation)),
  number text NOT NULL CHECK (number ~ '^\+[1-9][0-9]{6,14}$'),
  said_by text NOT NULL CHECK (said_by IN ('self', 'guardian', 'staff')),
  recorded_by text NOT NULL,
  recorded_at timestamptz NOT NULL,
  PRIMARY KEY (resident_id, rank)
);
COMMENT ON TABLE passport.emergency_contact IS
'Whom a resident wants called when they do not answer in a disaster, up to three in the order of rank: a name, what they are to the resident, and a number (E.164). Each counts while the consent emergency_contact stands.';

INSERT INTO passport.consent_purpose (purpose, holds_from, title, lifetime, shipped) VALUES
  ('emergency_contact', '2026-04-01',
   '{"ja": "災害のときにあなたと連絡がとれない場合、登録した緊急連絡先（3人まで。本人の了解を得た人）に役場から電話し、あなたの安否を尋ねます", "ja-easy": "災害(さいがい)のとき、あなたと 連絡(れんらく)できなければ、あなたが 決(き)めた 人(ひと)に 役場(やくば)が 電話(でんわ)します。その 人(ひと)に、先(さき)に いいですかと 聞(き)いてください", "en": "If we cannot reach you in a disaster, we call the people you name (up to three, who agreed to it) and ask whether you are safe"}',
   '5 years', true);

INSERT INTO passport.operation_policy (operation, holds_from, acr, max_age, shipped) VALUES
  ('register_emergency_contact', '-infinity', 'jpki.authentication', NULL, true);

CREATE VIEW passport.callable_contact WITH (security_barrier) AS
  SELECT e.resident_id, e.rank, e.name, e.relation, e.number
    FROM passport.emergency_contact AS e
   WHERE passport.has_consent(e.resident_id, 'emergency_contact')
     AND NOT EXISTS (SELECT FROM passport.protected_resident AS p WHERE p.resident_id = e.resident_id);
COMMENT ON VIEW passport.callable_contact IS
'Emergency contacts that staff may be shown: while the resident agrees, and none of a person whose address is protected, for whoever is called would learn that the village looks for them.';

CREATE FUNCTION passport.write_emergency_contact(resident_id bigint, rank int, name text, relation text, number text, said_by text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  IF coalesce(rank NOT BETWEEN 1 AND 3, true) THEN
    PERFORM passport.refuse('/rank', 'rank', 'Three contacts can be named: 1, 2 and 3.');
  ELSIF name IS NULL THEN
    DELETE FROM passport.emergency_contact AS e
     WHERE e.resident_id = write_emergency_contact.resident_id AND e.rank = write_emergency_contact.rank;
    RETURN;
  ELSIF length(btrim(name, ' 　')) NOT BETWEEN 1 AND 100 OR name ~ '[\x01-\x1f\x7f]' THEN
    PERFORM passport.refuse('/name', 'length', 'A name has 1 to 100 characters.');
  ELSIF coalesce(length(btrim(relation, ' 　')) NOT BETWEEN 1 AND 50 OR relation ~ '[\x01-\x1f\x7f]', true) THEN
    PERFORM passport.refuse('/relation', 'length', 'What they are to the resident has 1 to 50 characters.');
  END IF;
  PERFORM passport.refuse_individual_number('/name', name), passport.refuse_individual_number('/relation', relation);
  IF NOT EXISTS (SELECT FROM passport.resident AS r
                  WHERE r.resident_id = write_emergency_contact.resident_id AND r.status IN ('resident', 'non_resident')) THEN
    RAISE EXCEPTION 'unknown resident' USING ERRCODE = 'PT404';
  END IF;
  PERFORM passport.require_consent(resident_id, 'emergency_contact');
  INSERT INTO passport.emergency_contact AS e (resident_id, rank, name, relation, number, said_by, recorded_by, recorded_at)
  VALUES (resident_id, rank, btrim(name, ' 　'), btrim(relation, ' 　'), passport.check_telephone(number, '/number'), said_by,
          session_user, passport.now())
  ON CONFLICT ON CONSTRAINT emergency_contact_pkey DO UPDATE
     SET name = excluded.name, relation = excluded.relation, number = excluded.number, said_by = excluded.said_by,
         recorded_by = excluded.recorded_by, recorded_at = excluded.recorded_at;
END $$;
COMMENT ON FUNCTION passport.write_emergency_contact(bigint, int, text, text, text, text) IS
'Step of register_emergency_contact() and record_emergency_contact(): checks a contact and keeps it. Granted to nobody. Errors as of these.';

CREATE FUNCTION passport.register_emergency_contact(rank int, name text, relation text DEFAULT NULL, number text DEFAULT NULL) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  acting CONSTANT bigint := passport.require_level('register_emergency_contact');
BEGIN
  PERFORM passport.record_act('register_emergency_contact');
  PERFORM passport.refuse_guardian_of_protected();
  PERFORM passport.write_emergency_contact(acting, rank, name, relation, number,
                                           CASE WHEN passport.acting_holder() = acting THEN 'self' ELSE 'guardian' END);
END $$;
COMMENT ON FUNCTION passport.register_emergency_contact(int, text, text, text) IS
'The acting resident names whom to call when they do not answer in a disaster. rank: 1, 2 or 3, in place of who stood there; name: up to 100 characters, NULL takes the contact away; relation: what they are to the resident, up to 50; number: as of register_telephone. It counts while the consent emergency_contact stands. PT401 nobody acts or the login is too weak, PT403 without that consent, or a guardian of somebody whose address is protected, PT422 for what makes no sense.';

CREATE FUNCTION passport.my_emergency_contacts() RETURNS TABLE (rank int, name text, relation text, number text, counts boolean)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  acting CONSTANT bigint := passport.record_act('my_emergency_contacts');
BEGIN
  PERFORM passport.refuse_guardian_of_protected();
  RETURN QUERY SELECT e.rank, e.name, e.relation, e.number, passport.has_consent(acting, 'emergency_contact')
                 FROM passport.emergency_contact AS e WHERE e.resident_id = acting ORDER BY e.rank;
END $$;
COMMENT ON FUNCTION passport.my_emergency_contacts() IS
'Whom the acting resident named to be called; counts: whether the consent emergency_contact stands. PT401 when nobody acts, PT403 a guardian of somebody whose address is protected.';

CREATE FUNCTION passport.record_emergency_contact(resident_id bigint, rank int, name text, relation text DEFAULT NULL, number text DEFAULT NULL) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM passport.write_emergency_contact(resident_id, rank, name, relation, number, 'staff');
END $$;
COMMENT ON FUNCTION passport.record_emergency_contact(bigint, int, text, text, text) IS
'register_emergency_contact() by staff, at the counter or for who has no app: the consent is recorded first (record_consent). Which login it was is kept. PT404 for somebody unknown, dead or gone.';

CREATE FUNCTION passport.forget_emergency_contacts(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT e.resident_id, e.rank
      FROM passport.emergency_contact AS e JOIN passport.resident AS r USING (resident_id)
      LEFT JOIN passport.consent AS c ON c.resident_id = e.resident_id AND c.purpose = 'emergency_contact'
     WHERE (r.status IN ('moved_out', 'deceased') AND r.updated_at < before
            OR coalesce(c.state = 'withdrawn', true) OR c.expires_at < before)
     LIMIT max_rows FOR UPDATE OF e SKIP LOCKED),
  gone AS (
    DELETE FROM passport.emergency_contact AS e USING due
     WHERE e.resident_id = due.resident_id AND e.rank = due.rank RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_emergency_contacts(timestamptz, int) IS
'Deletes contacts of residents who moved out or died before a time, or who do not agree any more, max_rows at most, and returns how many. For purge_expired.';
