-- Guardians: who may act for whom, until when, and what they did

CREATE TABLE passport.guardianship (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  guardianship_id bigint GENERATED ALWAYS AS IDENTITY,
  guardian_id bigint NOT NULL,
  ground text NOT NULL CHECK (ground IN ('under_15', 'minor', 'court')),
  from_date date NOT NULL,
  until_date date NOT NULL,
  document text CHECK (length(document) BETWEEN 1 AND 200 AND NOT passport.holds_individual_number(document)),
  recorded_by text NOT NULL,
  recorded_at timestamptz NOT NULL,
  ended_by text,
  ended_at timestamptz,
  PRIMARY KEY (resident_id, guardianship_id),
  CHECK (guardian_id <> resident_id),
  CHECK (until_date >= from_date),
  CHECK (ground <> 'court' OR document IS NOT NULL),
  CHECK ((ended_at IS NULL) = (ended_by IS NULL))
);
COMMENT ON TABLE passport.guardianship IS
'Who may act for a resident, on what ground, from which day to which, both included. document: what staff saw (a register''s certificate number), never a copy.';

-- The rule itself, in one place.
CREATE VIEW passport.current_guardianship WITH (security_barrier) AS
  SELECT g.resident_id, g.guardianship_id, g.guardian_id, g.ground, g.until_date
    FROM passport.guardianship AS g
    JOIN passport.resident AS w ON w.resident_id = g.resident_id
    JOIN passport.resident AS r ON r.resident_id = g.guardian_id
   WHERE g.ended_at IS NULL AND passport.today() BETWEEN g.from_date AND g.until_date
     AND w.status <> 'deceased' AND r.status <> 'deceased'
     -- whose address is protected since may have to be protected from this very guardian
     AND NOT EXISTS (SELECT FROM passport.protected_resident AS p
                      WHERE p.resident_id = g.resident_id AND p.protected_at > g.recorded_at);
COMMENT ON VIEW passport.current_guardianship IS
'Guardianships that count today: not ended, within their days, of living people, and not recorded before the ward''s address came under protection (支援措置): staff look at those again.';

CREATE FUNCTION passport.acting_holder() RETURNS bigint
  LANGUAGE c STABLE PARALLEL RESTRICTED
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_acting_holder';
COMMENT ON FUNCTION passport.acting_holder() IS
'Whose login acts in this transaction: the acting resident, or the guardian who acts for them; NULL when nobody does.';

CREATE FUNCTION passport.begin_acting_for(resident_id bigint) RETURNS void
  LANGUAGE c VOLATILE STRICT
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_begin_acting_for';
COMMENT ON FUNCTION passport.begin_acting_for(bigint) IS
'Says for whom the holder of the login acts; act_for decides whether they may. PT401 when nobody acts.';

CREATE FUNCTION passport.record_guardian(resident_id bigint, guardian_id bigint, ground text,
    until_date date DEFAULT NULL, document text DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  born date;
  last_day date;
  recorded bigint;
BEGIN
  SELECT r.birth_date INTO born FROM passport.resident AS r
   WHERE r.resident_id = record_guardian.resident_id AND r.status <> 'deceased';
  IF NOT FOUND OR NOT EXISTS (SELECT FROM passport.resident AS r
                               WHERE r.resident_id = record_guardian.guardian_id AND r.status <> 'deceased') THEN
    RAISE EXCEPTION 'unknown resident' USING ERRCODE = 'PT404';
  ELSIF guardian_id = resident_id THEN
    PERFORM passport.refuse('/guardian_id', 'same', 'Nobody is their own guardian.');
  ELSIF coalesce(ground NOT IN ('under_15', 'minor', 'court'), true) THEN
    PERFORM passport.refuse('/ground', 'unknown_ground', 'A ground is under_15, minor or court.');
  ELSIF ground = 'court' AND (until_date IS NULL OR document IS NULL) THEN
    PERFORM passport.refuse('/document', 'required', 'A guardian whom a court appointed has a document and a last day.');
  ELSIF length(document) NOT BETWEEN 1 AND 200 OR passport.holds_individual_number(document) THEN
    PERFORM passport.refuse('/document', 'document', 'A document has up to 200 characters without an individual number.');
  END IF;
  last_day := CASE ground WHEN 'under_15' THEN passport.last_day_before_age(born, 15)
                          WHEN 'minor' THEN passport.last_day_before_age(born, 18)
                          ELSE until_date END;
  IF coalesce(last_day < passport.today() OR until_date < passport.today() OR NOT isfinite(until_date), last_day IS NULL) THEN
    PERFORM passport.refuse('/until_date', 'age', 'The age in the register, or the last day given, leaves no day for it.');
  END IF;
  INSERT INTO passport.guardianship AS g (resident_id, guardian_id, ground, from_date, until_date, document, recorded_by, recorded_at)
    VALUES (resident_id, guardian_id, ground, passport.today(), least(last_day, until_date), document, session_user,
            passport.now())
    RETURNING g.guardianship_id INTO recorded;
  RETURN recorded;
END $$;
COMMENT ON FUNCTION passport.record_guardian(bigint, bigint, text, date, text) IS
'Staff record who may act for a resident from today. ground: under_15 (法定代理人; ends before the 15th birthday, from which the resident signs for themself), minor (親権者, 未成年後見人; ends before the 18th birthday, 民法第4条) or court (成年後見人 and others: document and until_date are required, the day the order ends or on which staff look at the register of guardianship again). until_date may end the first two earlier. Both are in the register, a parent who lives elsewhere as non_resident. Returns the guardianship''s number. PT404 for somebody unknown, PT422 for a ground that does not hold.';

CREATE FUNCTION passport.end_guardian(resident_id bigint, guardianship_id bigint) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  UPDATE passport.guardianship AS g
     SET ended_at = coalesce(g.ended_at, passport.now()), ended_by = coalesce(g.ended_by, session_user)
   WHERE g.resident_id = end_guardian.resident_id AND g.guardianship_id = end_guardian.guardianship_id;
  IF NOT FOUND THEN
    RAISE EXCEPTION 'unknown guardianship' USING ERRCODE = 'PT404';
  END IF;
END $$;
COMMENT ON FUNCTION passport.end_guardian(bigint, bigint) IS
'Staff end a guardianship now. Again changes nothing. PT404 for an unknown one.';

CREATE FUNCTION passport.shorten_guardianships(resident_ids bigint[]) RETURNS SETOF bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH shortened AS (
    UPDATE passport.guardianship AS g
       SET until_date = greatest(least(g.until_date, w.last_day), g.from_date),
           ended_at = CASE WHEN coalesce(w.last_day < g.from_date, true) THEN passport.now() END,
           ended_by = CASE WHEN coalesce(w.last_day < g.from_date, true) THEN session_user END
      FROM passport.resident AS r
     CROSS JOIN LATERAL (VALUES ('under_15', passport.last_day_before_age(r.birth_date, 15)),
                                ('minor', passport.last_day_before_age(r.birth_date, 18))) AS w(ground, last_day)
     WHERE g.resident_id = ANY (resident_ids) AND r.resident_id = g.resident_id AND w.ground = g.ground
       AND g.ended_at IS NULL AND coalesce(w.last_day < g.until_date, true)
    RETURNING g.resident_id
  )
  SELECT DISTINCT s.resident_id FROM shortened AS s;
END;
COMMENT ON FUNCTION passport.shorten_guardianships(bigint[]) IS
'Ends minors'' guardianships on the day that their birth date in the register now says, where that is sooner, at once where that day was before they began or is not known; returns whose they were. One that would last longer stays as it is: staff record it anew.';

CREATE FUNCTION passport.record_act(act text) RETURNS bigint
  LANGUAGE c VOLATILE STRICT SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  AS 'MODULE_PATHNAME', 'passport_record_act';
COMMENT ON FUNCTION passport.record_act(text) IS
'The acting resident, for a function that names itself here: if a guardian acts for them, both names are kept, and the guardianship must still count (PT403). PT401 when nobody acts. Each function that residents call for themselves begins with this or with require_self; which do neither, and why, is in test/sql/catalog.sql.';

CREATE FUNCTION passport.act_for(resident_id bigint) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  holder bigint;
BEGIN
  PERFORM passport.acting_resident();
  holder := passport.acting_holder();
  IF resident_id IS DISTINCT FROM holder AND NOT EXISTS (
       SELECT FROM passport.current_guardianship AS g
        WHERE g.resident_id = act_for.resident_id AND g.guardian_id = holder) THEN
    -- the same for a protected, a former and a made-up ward
    RAISE EXCEPTION 'no guardian of this resident' USING ERRCODE = 'PT403';
  END IF;
  PERFORM passport.begin_acting_for(resident_id);
  PERFORM passport.record_act('act_for');
  RETURN resident_id;
END $$;
COMMENT ON FUNCTION passport.act_for(bigint) IS
'After authenticate(): the guardian acts for a ward until the transaction ends, or until act_for() is called with their own number; every function for residents then is about the ward. Who acted for whom is kept. log_out() still ends the guardian''s own session. PT401 when nobody acts, PT403 unless a guardianship counts today.';

CREATE FUNCTION passport.require_self() RETURNS void
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF passport.acting_resident() IS DISTINCT FROM passport.acting_holder() THEN
    RAISE EXCEPTION 'a guardian does not do this for a ward' USING ERRCODE = 'PT403';
  END IF;
END $$;
COMMENT ON FUNCTION passport.require_self() IS
'For functions that make or open a login: PT403 while a guardian acts for somebody else, PT401 when nobody acts.';

CREATE FUNCTION passport.my_wards() RETURNS TABLE (resident_id bigint, name text, ground text, until_date date)
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM passport.acting_resident();
  RETURN QUERY
    SELECT g.resident_id, r.name, g.ground, g.until_date
      FROM passport.current_guardianship AS g JOIN passport.resident AS r ON r.resident_id = g.resident_id
     WHERE g.guardian_id = passport.acting_holder()
     ORDER BY g.resident_id, g.guardianship_id;
END $$;
COMMENT ON FUNCTION passport.my_wards() IS
'For whom the acting resident may act today, on what ground and to which day. PT401 when nobody acts.';
