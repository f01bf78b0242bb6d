-- History: what the register said of a resident, and from when to when

CREATE TABLE passport.resident_history (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  history_id bigint GENERATED ALWAYS AS IDENTITY,
  valid_from timestamptz NOT NULL,
  valid_to timestamptz NOT NULL,
  record jsonb NOT NULL,
  PRIMARY KEY (resident_id, history_id),
  CHECK (valid_to >= valid_from)
);
COMMENT ON TABLE passport.resident_history IS
'Records as they were before an import changed them, whole (columns of passport.resident without the point), with the time in which they held here; when the change happened by law, the record''s changed_on says.';

CREATE FUNCTION passport.resident_as_of(resident_id bigint, day date, purpose text,
  OUT valid_from timestamptz, OUT valid_to timestamptz, OUT record jsonb) RETURNS record
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  at CONSTANT timestamptz := (day + 1)::timestamp AT TIME ZONE current_setting('passport.timezone');
BEGIN
  SELECT r.valid_from, r.valid_to, r.record INTO valid_from, valid_to, record
    FROM (SELECT h.valid_from, h.valid_to, h.record, h.history_id
            FROM passport.resident_history AS h WHERE h.resident_id = resident_as_of.resident_id
           UNION ALL
          SELECT c.updated_at, NULL, to_jsonb(c) - ARRAY['resident_id', 'location', 'updated_at'], NULL
            FROM passport.resident AS c WHERE c.resident_id = resident_as_of.resident_id) AS r
   WHERE r.valid_from < at AND (r.valid_to IS NULL OR r.valid_to >= at)
   ORDER BY r.history_id NULLS LAST LIMIT 1;
  IF record IS NULL THEN
    RAISE EXCEPTION 'nothing is known of that day' USING ERRCODE = 'PT404';
  END IF;
  -- that a protection is asked for is itself a matter of health and safety
  record := record - 'protected';
  IF passport.address_protected(resident_id) THEN
    -- where somebody lived shows where they may have gone
    record := record - ARRAY['address', 'oaza', 'koaza', 'lot', 'building'];
  END IF;
  PERFORM passport.record_access(ARRAY[resident_id], purpose, 'resident_as_of',
                                 ARRAY(SELECT jsonb_object_keys(record)));
END $$;
COMMENT ON FUNCTION passport.resident_as_of(bigint, date, text) IS
'A resident''s record as it stood here at the end of a day, and from when to when it held (valid_to NULL: still). purpose and who looked are kept, as by view_resident. Without the address while it is protected, and without the register''s flag. PT404 for somebody unknown or not yet here that day, PT422 for an unknown purpose.';
