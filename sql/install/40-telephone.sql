-- Telephones: the numbers on which a resident is called, and who said so

CREATE FUNCTION passport.telephone_form(number text) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_telephone_form';
COMMENT ON FUNCTION passport.telephone_form(text) IS
'The form in which a telephone number is kept (E.164): ０２６７ー９６ー２２１１, (0267) 96-2211 and +81 (0)267 96 2211 are +81267962211. NULL for what is none (telephone_fault).';

CREATE FUNCTION passport.telephone_fault(number text) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_telephone_fault';
COMMENT ON FUNCTION passport.telephone_fault(text) IS
'What is wrong with a telephone number of a person, NULL if nothing: missing (no digit), character (something else than digits and what parts them), no_zero (neither 0 nor + in front: a spreadsheet drops the 0), length, unassigned (such numbers are not given out), service (free, paid or another service), country (no such country code). Rules: 電気通信番号計画 (令和元年総務省告示第6号), ITU-T E.164.';

CREATE FUNCTION passport.telephone_shown(number text) RETURNS text
  LANGUAGE c IMMUTABLE STRICT PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_telephone_shown';
COMMENT ON FUNCTION passport.telephone_shown(text) IS
'A telephone number as it is dialled here: 0267-96-2211, 090-1234-5678; one of another country as it is kept. NULL for what is none.';

CREATE TABLE passport.telephone (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  number text NOT NULL CHECK (number ~ '^\+[1-9][0-9]{6,14}$'),
  said_by text NOT NULL CHECK (said_by IN ('self', 'guardian', 'staff', 'list')),
  list text CHECK (length(list) BETWEEN 1 AND 100 AND NOT passport.holds_individual_number(list)),
  as_of date NOT NULL,
  recorded_by text NOT NULL,
  recorded_at timestamptz NOT NULL,
  wrong_at timestamptz,
  PRIMARY KEY (resident_id, number),
  CHECK ((list IS NOT NULL) = (said_by = 'list'))
);
COMMENT ON TABLE passport.telephone IS
'On which numbers (E.164) a resident is called in a disaster. said_by: themself, their guardian, staff who were told so, or a list that the municipality had; as_of: the day on which that was so; wrong_at: since when it is known that somebody else answers. Staff are shown them through passport.callable_telephone.';

-- The rule itself, in one place: a number of the fixed network names a place.
CREATE VIEW passport.callable_telephone WITH (security_barrier) AS
  SELECT t.resident_id, t.number, t.said_by, t.as_of,
         row_number() OVER (PARTITION BY t.resident_id
           ORDER BY array_position('{self,guardian,staff,list}'::text[], t.said_by), t.as_of DESC, t.number)::int AS place
    FROM passport.telephone AS t
   WHERE t.wrong_at IS NULL
     AND NOT EXISTS (SELECT FROM passport.protected_resident AS p WHERE p.resident_id = t.resident_id);
COMMENT ON VIEW passport.callable_telephone IS
'Numbers that staff may be shown, which are not known to be wrong; place: what the person said themself first, then what is newer. None of a person whose address is protected: those are the duty role''s.';

INSERT INTO passport.operation_policy (operation, holds_from, acr, max_age, shipped) VALUES
  ('register_telephone', '-infinity', 'jpki.authentication', NULL, true);

CREATE FUNCTION passport.check_telephone(number text, pointer text) RETURNS text
  LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  fault CONSTANT text := CASE WHEN number IS NULL THEN 'missing' ELSE passport.telephone_fault(number) END;
BEGIN
  IF fault IS NOT NULL THEN
    PERFORM passport.refuse(pointer, fault,
      CASE fault WHEN 'no_zero' THEN 'A Japanese number begins with 0, one of another country with + and its code.'
                 WHEN 'service' THEN 'The number of a service is nobody''s own.'
                 ELSE 'This is no telephone number on which a person can be called.' END);
  END IF;
  RETURN passport.telephone_form(number);
END $$;
COMMENT ON FUNCTION passport.check_telephone(text, text) IS
'The form of a telephone number that came from outside. PT422 with the code of telephone_fault() for what is none; pointer: where it stood.';

-- A guardian may be the one from whom somebody hides: who calls must not reach
-- them in the ward's place, nor tell them the ward's number.
CREATE FUNCTION passport.refuse_guardian_of_protected() RETURNS void
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF passport.acting_holder() <> passport.acting_resident() AND EXISTS (
       SELECT FROM passport.resident AS r
         JOIN passport.resident AS m ON m.resident_id = r.resident_id OR m.household_number = r.household_number
         JOIN passport.address_protection AS p ON p.resident_id = m.resident_id
        WHERE r.resident_id = passport.acting_resident() AND p.state <> 'ended') THEN
    RAISE EXCEPTION 'a guardian does not do this' USING ERRCODE = 'PT403', HINT = 'Ask at the counter.';
  END IF;
END $$;
COMMENT ON FUNCTION passport.refuse_guardian_of_protected() IS
'PT403 while a guardian acts for somebody whose address is protected, asked to be or is to be.';

CREATE FUNCTION passport.write_telephone(resident_id bigint, number text, said_by text) RETURNS text
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  most CONSTANT int := 3;
  form CONSTANT text := passport.check_telephone(number, '/number');
BEGIN
  -- the person's row is the lock that makes the limit hold for two at once
  PERFORM FROM passport.resident AS r
    WHERE r.resident_id = write_telephone.resident_id AND r.status IN ('resident', 'non_resident') FOR NO KEY UPDATE;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'unknown resident' USING ERRCODE = 'PT404';
  ELSIF (SELECT count(*) FROM passport.telephone AS t
          WHERE t.resident_id = write_telephone.resident_id AND t.said_by <> 'list' AND t.number <> form) >= most THEN
    RAISE EXCEPTION 'too many telephone numbers' USING ERRCODE = 'PT429', HINT = 'Take one away that is no longer in use.';
  END IF;
  INSERT INTO passport.telephone AS t (resident_id, number, said_by, as_of, recorded_by, recorded_at)
  VALUES (resident_id, form, said_by, passport.today(), session_user, passport.now())
  ON CONFLICT ON CONSTRAINT telephone_pkey DO UPDATE
     SET said_by = excluded.said_by, list = NULL, as_of = excluded.as_of, recorded_by = excluded.recorded_by,
         recorded_at = excluded.recorded_at, wrong_at = NULL;
  RETURN form;
END $$;
COMMENT ON FUNCTION passport.write_telephone(bigint, text, text) IS
'Step of register_telephone() and record_telephone(): keeps a number as said today, up to three of a person beside those of lists, and returns its form. Granted to nobody. PT404, PT422 and PT429 as of these.';

CREATE FUNCTION passport.erase_telephone(resident_id bigint, number text) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  DELETE FROM passport.telephone AS t
   WHERE t.resident_id = erase_telephone.resident_id AND t.number = passport.telephone_form(erase_telephone.number);
  RETURN FOUND;
END $$;
COMMENT ON FUNCTION passport.erase_telephone(bigint, text) IS
'Step of retire_telephone() and remove_telephone(). Granted to nobody.';

CREATE FUNCTION passport.register_telephone(number text) RETURNS text
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  acting CONSTANT bigint := passport.require_level('register_telephone');
BEGIN
  PERFORM passport.record_act('register_telephone');
  PERFORM passport.refuse_guardian_of_protected();
  RETURN passport.write_telephone(acting, number, CASE WHEN passport.acting_holder() = acting THEN 'self' ELSE 'guardian' END);
END $$;
COMMENT ON FUNCTION passport.register_telephone(text) IS
'The acting resident gives a telephone number, their own, on which they are called in a disaster when no message reaches them; nobody else is shown it but staff on the call list of an alert, and at the counter. number: as they write it. Returns its form (E.164); again makes it new. PT401 nobody acts or the login is too weak, PT403 a guardian of somebody whose address is protected, PT422 no number of a person (telephone_fault), PT429 more than three.';

CREATE FUNCTION passport.retire_telephone(number text) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  acting CONSTANT bigint := passport.require_level('register_telephone');
BEGIN
  PERFORM passport.record_act('retire_telephone');
  PERFORM passport.refuse_guardian_of_protected();
  RETURN passport.erase_telephone(acting, number);
END $$;
COMMENT ON FUNCTION passport.retire_telephone(text) IS
'The acting resident takes one of their numbers away, whoever gave it; returns whether it was theirs. Errors as of register_telephone.';

CREATE FUNCTION passport.my_telephones() RETURNS TABLE (number text, said_by text, list text, as_of date, wrong_at timestamptz)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  acting CONSTANT bigint := passport.record_act('my_telephones');
BEGIN
  PERFORM passport.refuse_guardian_of_protected();
  RETURN QUERY SELECT t.number, t.said_by, t.list, t.as_of, t.wrong_at FROM passport.telephone AS t
                WHERE t.resident_id = acting ORDER BY t.said_by, t.number;
END $$;
COMMENT ON FUNCTION passport.my_telephones() IS
'The numbers on which the acting resident is called, and from whom they are known. PT401 when nobody acts, PT403 as of register_telephone.';

CREATE FUNCTION passport.record_telephone(resident_id bigint, number text) RETURNS text
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  RETURN passport.write_telephone(resident_id, number, 'staff');
END $$;
COMMENT ON FUNCTION passport.record_telephone(bigint, text) IS
'register_telephone() by staff, who were told the number by the resident or their guardian: which login it was is kept. PT404 for somebody unknown, dead or gone.';

CREATE FUNCTION passport.remove_telephone(resident_id bigint, number text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM passport.erase_telephone(resident_id, number);
END $$;
COMMENT ON FUNCTION passport.remove_telephone(bigint, text) IS
'Staff take a number away that is no more. Nothing happens if it was not there, and nothing tells so: it could be a protected person''s.';

CREATE FUNCTION passport.view_telephones(resident_id bigint, purpose text)
  RETURNS TABLE (number text, said_by text, as_of date)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF NOT EXISTS (SELECT FROM passport.resident AS r WHERE r.resident_id = view_telephones.resident_id) THEN
    RAISE EXCEPTION 'unknown resident' USING ERRCODE = 'PT404';
  END IF;
  PERFORM passport.record_access(ARRAY[view_telephones.resident_id], purpose, 'view_telephones', ARRAY['telephone']);
  RETURN QUERY SELECT passport.telephone_shown(c.number), c.said_by, c.as_of FROM passport.callable_telephone AS c
                WHERE c.resident_id = view_telephones.resident_id ORDER BY c.place;
END $$;
COMMENT ON FUNCTION passport.view_telephones(bigint, text) IS
'The numbers on which a resident can be called, the best first, as they are dialled; it is kept who looked. None of a person whose address is protected: view_protected() is for those. purpose and errors as of view_resident.';

CREATE FUNCTION passport.forget_telephones(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT t.resident_id, t.number FROM passport.telephone AS t JOIN passport.resident AS r USING (resident_id)
     WHERE r.status IN ('moved_out', 'deceased') AND r.updated_at < before LIMIT max_rows FOR UPDATE OF t SKIP LOCKED),
  gone AS (
    DELETE FROM passport.telephone AS t USING due
     WHERE t.resident_id = due.resident_id AND t.number = due.number RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_telephones(timestamptz, int) IS
'Deletes numbers of residents who moved out or died before a time, max_rows at most, and returns how many. For purge_expired.';
