-- Stays in shelters: who came, by a card or by hand, and who left

CREATE TABLE passport.shelter_stay (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  stay_id bigint GENERATED ALWAYS AS IDENTITY,
  shelter_id text NOT NULL REFERENCES passport.shelter,
  came_at timestamptz NOT NULL,
  came_by text NOT NULL CHECK (came_by IN ('card', 'staff')),
  taken_by text NOT NULL,
  left_at timestamptz CHECK (left_at >= came_at),
  PRIMARY KEY (resident_id, stay_id)
);
COMMENT ON TABLE passport.shelter_stay IS
'Who is or was at which shelter: by a tap of their card or by hand, under which database login. Nobody is at two at once: who comes to another has left the first.';
CREATE UNIQUE INDEX shelter_stay_open ON passport.shelter_stay (resident_id) WHERE left_at IS NULL;
CREATE INDEX shelter_stay_shelter ON passport.shelter_stay (shelter_id) WHERE left_at IS NULL;
CREATE INDEX shelter_stay_left ON passport.shelter_stay (left_at) WHERE left_at IS NOT NULL;
CREATE TRIGGER shelter_stay_stays BEFORE TRUNCATE ON passport.shelter_stay
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

-- Who comes to a shelter has thereby answered: nobody shall search for them.
CREATE FUNCTION passport.enter_shelter(resident_ids bigint[], shelter_id text, came_by text) RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  here CONSTANT text := enter_shelter.shelter_id;
  arrived bigint[];
BEGIN
  -- in one order, so that two families do not wait for each other
  PERFORM FROM passport.resident AS r WHERE r.resident_id = ANY (resident_ids) ORDER BY r.resident_id FOR NO KEY UPDATE;
  UPDATE passport.shelter_stay AS s SET left_at = passport.now()
   WHERE s.resident_id = ANY (resident_ids) AND s.left_at IS NULL AND s.shelter_id <> here;
  WITH came AS (
    INSERT INTO passport.shelter_stay (resident_id, shelter_id, came_at, came_by, taken_by)
    SELECT DISTINCT u, here, passport.now(), enter_shelter.came_by, session_user FROM unnest(resident_ids) AS u
    ON CONFLICT (resident_id) WHERE left_at IS NULL DO NOTHING
    RETURNING resident_id
  )
  SELECT coalesce(array_agg(c.resident_id), '{}') INTO arrived FROM came AS c;
  PERFORM passport.write_whereabouts(u, 'shelter', NULL, here, passport.now() + interval '30 days', enter_shelter.came_by, NULL)
     FROM unnest(arrived) AS u;
  INSERT INTO passport.alert_answer (resident_id, alert_id, answered_at, answer, shelter_id, answered_by, answerer)
  SELECT t.resident_id, t.alert_id, passport.now(), 'evacuated', here, enter_shelter.came_by, session_user
    FROM passport.alert_recipient AS t JOIN passport.alert AS a USING (alert_id)
   -- an order past its time is in force until it is lifted
   WHERE t.resident_id = ANY (arrived) AND a.state = 'approved';
  RETURN cardinality(arrived);
END $$;
COMMENT ON FUNCTION passport.enter_shelter(bigint[], text, text) IS
'Step of check_in(): these residents are at this shelter now, have left any other one, and have answered the alerts in force that were sent to them with evacuated. Returns how many were not there before. Granted to nobody.';

CREATE FUNCTION passport.leave_shelter(resident_ids bigint[], shelter_id text, left_by text) RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  gone bigint[];
BEGIN
  WITH over AS (
    UPDATE passport.shelter_stay AS s SET left_at = passport.now()
     WHERE s.resident_id = ANY (resident_ids) AND s.left_at IS NULL AND s.shelter_id = leave_shelter.shelter_id
    RETURNING s.resident_id
  )
  SELECT coalesce(array_agg(o.resident_id), '{}') INTO gone FROM over AS o;
  PERFORM passport.write_whereabouts(u, 'home', NULL, NULL, NULL, leave_shelter.left_by, NULL) FROM unnest(gone) AS u;
  RETURN cardinality(gone);
END $$;
COMMENT ON FUNCTION passport.leave_shelter(bigint[], text, text) IS
'Step of check_out(): these residents have left this shelter; how many were there. Granted to nobody.';

-- Presence only: the certificate for logging in is read without a PIN, so the
-- card is not proven to be there, and nothing is opened by it.  What does not
-- speak against whose it is (its dates, its revocation, a list that is old)
-- must not keep anybody out in a disaster.
CREATE FUNCTION passport.card_holder(certificate bytea) RETURNS bigint
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT d.resident_id
    FROM passport.verify_holder(certificate, '', '', 'authentication') AS h
    JOIN passport.certificate_directory AS d ON d.issuer_id = h.issuer_id AND d.serial = h.serial
   -- bad_signature is the last verdict: all else holds, and nothing was signed
   WHERE h.verdict IN ('bad_signature', 'expired', 'not_yet_valid', 'revoked', 'revocation_unknown');
END;
COMMENT ON FUNCTION passport.card_holder(bytea) IS
'Whose account an authentication certificate of a trusted issuer belongs to, without any proof that their card is there; NULL if nobody''s. Granted to nobody.';

CREATE FUNCTION passport.require_shelter(shelter_id text) RETURNS void
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF NOT EXISTS (SELECT FROM passport.shelter AS s WHERE s.shelter_id = require_shelter.shelter_id) THEN
    RAISE EXCEPTION 'no such shelter' USING ERRCODE = 'PT404';
  END IF;
END $$;
COMMENT ON FUNCTION passport.require_shelter(text) IS
'PT404 unless there is such a shelter.';

CREATE FUNCTION passport.check_in(shelter_id text, certificate bytea, OUT verdict text, OUT resident_id bigint, OUT missing int)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM passport.require_shelter(check_in.shelter_id);
  resident_id := passport.card_holder(certificate);
  IF resident_id IS NULL THEN
    verdict := 'unknown_card';
    RETURN;
  END IF;
  verdict := CASE WHEN passport.enter_shelter(ARRAY[resident_id], check_in.shelter_id, 'card') = 1
                  THEN 'checked_in' ELSE 'already_in' END;
  -- with a protected person in it, who of a household is where is told to nobody
  IF NOT passport.address_protected(resident_id) THEN
    SELECT count(*) INTO missing
      FROM passport.household(check_in.resident_id) AS h
     WHERE NOT EXISTS (SELECT FROM passport.shelter_stay AS s
                        WHERE s.resident_id = h.resident_id AND s.shelter_id = check_in.shelter_id AND s.left_at IS NULL);
  END IF;
  PERFORM passport.record_access(ARRAY[resident_id], 'disaster', 'check_in', ARRAY['shelter']);
END $$;
COMMENT ON FUNCTION passport.check_in(text, bytea) IS
'A card was tapped at a shelter: certificate is its authentication certificate (DER), which is read without a PIN; it says whose card it is, proves nothing and opens nothing. verdict: checked_in, already_in, or unknown_card (no account has it: check_in_residents takes the person by hand). missing: how many of the household are not at this shelter, NULL with a protected person in it; view_household and check_in_residents take them in with one card. The person has thereby answered the alerts in force with evacuated, and is selected there. PT404 for an unknown shelter.';

CREATE FUNCTION passport.check_out(shelter_id text, certificate bytea, OUT verdict text, OUT resident_id bigint)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM passport.require_shelter(check_out.shelter_id);
  resident_id := passport.card_holder(certificate);
  IF resident_id IS NULL THEN
    verdict := 'unknown_card';
    RETURN;
  END IF;
  verdict := CASE WHEN passport.leave_shelter(ARRAY[resident_id], check_out.shelter_id, 'card') = 1
                  THEN 'checked_out' ELSE 'not_in' END;
  PERFORM passport.record_access(ARRAY[resident_id], 'disaster', 'check_out', ARRAY['shelter']);
END $$;
COMMENT ON FUNCTION passport.check_out(text, bytea) IS
'A card was tapped when leaving a shelter; as check_in. verdict: checked_out, not_in (of this shelter), unknown_card. The person is then taken to be at home. PT404 for an unknown shelter.';

CREATE FUNCTION passport.require_residents(resident_ids bigint[]) RETURNS void
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF coalesce(cardinality(resident_ids) NOT BETWEEN 1 AND 1000 OR array_position(resident_ids, NULL) IS NOT NULL, true) THEN
    PERFORM passport.refuse('/resident_ids', 'too_many', 'Name 1 to 1,000 residents.');
  ELSIF EXISTS (SELECT FROM unnest(resident_ids) AS u
                 WHERE NOT EXISTS (SELECT FROM passport.resident AS r WHERE r.resident_id = u AND r.status <> 'deceased')) THEN
    RAISE EXCEPTION 'unknown resident' USING ERRCODE = 'PT404';
  END IF;
END $$;
COMMENT ON FUNCTION passport.require_residents(bigint[]) IS
'PT404 unless all are in the register and alive, PT422 unless they are 1 to 1,000.';

-- Neither answers who was there before: that would say where somebody is.
CREATE FUNCTION passport.check_in_residents(shelter_id text, resident_ids bigint[]) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM passport.require_shelter(shelter_id);
  PERFORM passport.require_residents(resident_ids);
  PERFORM passport.enter_shelter(resident_ids, shelter_id, 'staff');
  PERFORM passport.record_access(resident_ids, 'disaster', 'check_in_residents', ARRAY['shelter']);
END $$;
COMMENT ON FUNCTION passport.check_in_residents(text, bigint[]) IS
'check_in() by hand, of a household or of whoever has no card with them; those who are there already stay. Of each it is kept who did it. PT404 for an unknown shelter or resident, PT422 for none or more than 1,000.';

CREATE FUNCTION passport.check_out_residents(shelter_id text, resident_ids bigint[]) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM passport.require_shelter(shelter_id);
  PERFORM passport.require_residents(resident_ids);
  PERFORM passport.leave_shelter(resident_ids, shelter_id, 'staff');
  PERFORM passport.record_access(resident_ids, 'disaster', 'check_out_residents', ARRAY['shelter']);
END $$;
COMMENT ON FUNCTION passport.check_out_residents(text, bigint[]) IS
'check_out() by hand; those who are not there are left alone. Of each it is kept who did it. Errors as of check_in_residents.';

CREATE FUNCTION passport.forget_stays(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT s.resident_id, s.stay_id FROM passport.shelter_stay AS s
     WHERE s.left_at < before LIMIT max_rows FOR UPDATE SKIP LOCKED),
  gone AS (
    DELETE FROM passport.shelter_stay AS s USING due
     WHERE s.resident_id = due.resident_id AND s.stay_id = due.stay_id RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_stays(timestamptz, int) IS
'Deletes stays that ended before a time, max_rows at most, and returns how many. For purge_expired.';
