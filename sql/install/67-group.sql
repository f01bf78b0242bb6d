-- Groups of neighbours (班, 組): who calls whom

CREATE TABLE passport.resident_group (
  resident_id bigint PRIMARY KEY REFERENCES passport.resident,
  group_name text NOT NULL CHECK (length(group_name) BETWEEN 1 AND 50 AND NOT passport.holds_individual_number(group_name)),
  recorded_by text NOT NULL,
  recorded_at timestamptz NOT NULL
);
COMMENT ON TABLE passport.resident_group IS
'The group of neighbours that each resident belongs to, as the municipality keeps it: call lists are parted by it.';

CREATE FUNCTION passport.assign_group(group_name text, resident_ids bigint[]) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
BEGIN
  PERFORM passport.require_residents(resident_ids);
  IF length(group_name) NOT BETWEEN 1 AND 50 OR passport.holds_individual_number(group_name) THEN
    PERFORM passport.refuse('/group_name', 'length', 'A group is named by 1 to 50 characters without an individual number.');
  ELSIF group_name IS NULL THEN
    DELETE FROM passport.resident_group AS g WHERE g.resident_id = ANY (resident_ids);
    RETURN;
  END IF;
  INSERT INTO passport.resident_group AS g (resident_id, group_name, recorded_by, recorded_at)
  SELECT DISTINCT u, group_name, session_user, passport.now() FROM unnest(resident_ids) AS u
  ON CONFLICT ON CONSTRAINT resident_group_pkey DO UPDATE
     SET group_name = excluded.group_name, recorded_by = excluded.recorded_by, recorded_at = excluded.recorded_at
   WHERE g.group_name <> excluded.group_name;
END $$;
COMMENT ON FUNCTION passport.assign_group(text, bigint[]) IS
'Puts residents, 1 to 1,000, into a group of neighbours in place of the one they were in; NULL takes them out of it. PT404 for an unknown resident, PT422 for a name that is too long.';
