-- Judging: what the staged rows of an extract are, and what taking them would do

CREATE FUNCTION passport.judge_extract(batch int, kind text,
  OUT arrived bigint, OUT changed bigint, OUT unchanged bigint, OUT gone bigint, OUT rejected bigint,
  OUT removals bigint, OUT must_confirm boolean) RETURNS record
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  -- a few moves are every day's work also in a hamlet
  few CONSTANT int := 10;
  village bigint;
BEGIN
  IF coalesce(kind NOT IN ('full', 'differential'), true) THEN
    PERFORM passport.refuse('/kind', 'unknown_kind', 'An extract is full or differential.');
  ELSIF NOT EXISTS (SELECT FROM passport.resident_staging AS s WHERE s.batch = judge_extract.batch) THEN
    PERFORM passport.refuse('', 'nothing_staged', 'This session has copied no row into passport.resident_staging.');
  END IF;
  -- one import at a time: two could both find a number new
  LOCK TABLE passport.resident_directory IN SHARE ROW EXCLUSIVE MODE;
  TRUNCATE passport.resident_import;
  PERFORM passport.judge_rows(judge_extract.batch);
  IF kind = 'full' THEN
    PERFORM passport.judge_missing();
  END IF;
  ANALYZE passport.resident_import;

  SELECT count(*) FILTER (WHERE i.verdict = 'new'), count(*) FILTER (WHERE i.verdict = 'changed'),
         count(*) FILTER (WHERE i.verdict = 'unchanged'), count(*) FILTER (WHERE i.verdict = 'gone'),
         count(*) FILTER (WHERE i.verdict = 'rejected'),
         count(*) FILTER (WHERE i.verdict IN ('changed', 'gone') AND i.old_status = 'resident' AND i.status <> 'resident')
    INTO arrived, changed, unchanged, gone, rejected, removals
    FROM passport.resident_import AS i;
  SELECT count(*) INTO village FROM passport.resident AS r WHERE r.status = 'resident';
  must_confirm := gone > 0
    OR removals > greatest(few, village * current_setting('passport.removal_share')::float8 / 100);
END $$;
COMMENT ON FUNCTION passport.judge_extract(int, text) IS
'Part of an import: judges a batch of staged rows into passport.resident_import and counts: arrived (new), changed, unchanged, gone (residents whom a full extract does not have), rejected; removals: residents who would be none any more; must_confirm: somebody is gone, or the removals are more than passport.removal_share percent of the village (and more than ten). Locks out other imports until the transaction ends.';

CREATE FUNCTION passport.judge_rows(batch int) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $$
BEGIN
  INSERT INTO passport.resident_import
  SELECT n.line,
         CASE WHEN n.problems IS NOT NULL THEN 'rejected' WHEN o.resident_id IS NULL THEN 'new'
              -- a point is compared as text: its operators are not in pg_catalog
              WHEN (o.household_number, o.relation, o.name, o.name_kana, o.name_roman, o.alias, o.birth_date,
                    o.birth_written, o.sex, o.address, o.oaza, o.koaza, o.lot, o.building, o.location::text,
                    o.location_precision, o.location_source, o.nationality_class, o.residence_status, o.stay_until,
                    o.language, o.status, o.changed_on, o.change_reason, o.protected, o.needs_help)
                   IS DISTINCT FROM
                   (n.household_number, n.relation, n.name, n.name_kana, n.name_roman, n.alias, n.birth_date,
                    n.birth_written, n.sex, n.address, n.oaza, n.koaza, n.lot, n.building, n.location::text,
                    n.location_precision, n.location_source, n.nationality_class, n.residence_status, n.stay_until,
                    n.language, n.status, n.changed_on, n.change_reason, coalesce(n.protected, o.protected),
                    coalesce(n.needs_help, o.needs_help)) THEN 'changed'
              ELSE 'unchanged' END,
         -- so that whoever follows a row needs no look into the directory; a dry run uses numbers up
         CASE WHEN n.problems IS NULL AND o.resident_id IS NULL THEN nextval('passport.resident_resident_id_seq')
              ELSE o.resident_id END, o.status, n.problems,
         n.resident_number, n.household_number, n.relation, n.name, n.name_kana, n.name_roman, n.alias, n.birth_date,
         n.birth_written, n.sex, n.address, n.oaza, n.koaza, n.lot, n.building, n.location, n.location_precision,
         n.location_source, n.nationality_class, n.residence_status, n.stay_until, n.language, n.status, n.changed_on,
         n.change_reason, coalesce(n.protected, o.protected, false), coalesce(n.needs_help, o.needs_help, false)
    FROM (SELECT s.line, r.problems, r.resident_number, r.household_number, r.relation, r.name, r.name_kana,
                 r.name_roman, r.alias, r.birth_date, r.birth_written, coalesce(r.sex, 'unknown') AS sex, r.address,
                 p.oaza, r.koaza, r.lot, r.building, coalesce(passport.point(r.lon, r.lat), p.location) AS location,
                 CASE WHEN r.lon IS NOT NULL THEN coalesce(r.location_precision, 'parcel')
                      ELSE p.location_precision END AS location_precision,
                 CASE WHEN r.lon IS NOT NULL THEN 'map' WHEN p.location IS NOT NULL THEN 'address' END AS location_source,
                 coalesce(r.nationality_class, 'japanese') AS nationality_class, r.residence_status, r.stay_until,
                 coalesce(r.language, 'ja') AS language, coalesce(r.status, 'resident') AS status, r.changed_on,
                 r.change_reason, r.protected, r.needs_help
            FROM passport.resident_staging AS s
           CROSS JOIN LATERAL passport.read_record(s) AS r
           CROSS JOIN LATERAL passport.place_of(r.address, r.oaza, r.koaza, r.lot) AS p
           WHERE s.batch = judge_rows.batch) AS n
    LEFT JOIN passport.resident_directory AS d ON d.resident_number = n.resident_number
    LEFT JOIN passport.resident AS o ON o.resident_id = d.resident_id;

  UPDATE passport.resident_import AS i
     SET verdict = 'rejected', problems = coalesce(i.problems, '[]') || jsonb_build_object(
           'field', 'resident_number', 'code', 'duplicate', 'text', 'Another row has the same number.')
    FROM (SELECT t.resident_number FROM passport.resident_import AS t
           GROUP BY t.resident_number HAVING count(*) > 1) AS twice
   WHERE i.resident_number = twice.resident_number;
END $$;
COMMENT ON FUNCTION passport.judge_rows(int) IS
'Part of judge_extract(): each staged row of a batch as a resident, held against the register. The map system''s point wins over the address''s. What tells of a protection or a need and is not given stays as it was, for not every extract has it.';

CREATE FUNCTION passport.judge_missing() RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $$
BEGIN
  INSERT INTO passport.resident_import
  SELECT -row_number() OVER (), 'gone', r.resident_id, r.status, NULL,
         r.resident_number, r.household_number, r.relation, r.name, r.name_kana, r.name_roman, r.alias, r.birth_date,
         r.birth_written, r.sex, r.address, r.oaza, r.koaza, r.lot, r.building, r.location, r.location_precision,
         r.location_source, r.nationality_class, r.residence_status, r.stay_until, r.language, 'moved_out', r.changed_on,
         r.change_reason, r.protected, r.needs_help
    FROM passport.resident AS r
   WHERE r.status = 'resident'
     AND NOT EXISTS (SELECT FROM passport.resident_import AS i WHERE i.resident_number = r.resident_number);
  -- whose number cannot be read may be any of those that seem to be missing
  IF FOUND AND EXISTS (SELECT FROM passport.resident_import AS i WHERE i.resident_number IS NULL) THEN
    PERFORM passport.refuse('/kind', 'unreadable_number',
      'Residents are missing, and rows have no resident number that can be read: they may be the same people.');
  END IF;
END $$;
COMMENT ON FUNCTION passport.judge_missing() IS
'Part of judge_extract(): the residents whom a full extract does not have, as moved out. Who is registered without being a resident (住登外) is not missed. PT422 (unreadable_number) if some may be in rows whose number is wrong.';

CREATE FUNCTION passport.preview_import(kind text,
  OUT arrived bigint, OUT changed bigint, OUT unchanged bigint, OUT gone bigint, OUT rejected bigint,
  OUT removals bigint, OUT must_confirm boolean) RETURNS record
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  SELECT * INTO arrived, changed, unchanged, gone, rejected, removals, must_confirm
    FROM passport.judge_extract(pg_backend_pid(), kind);
  TRUNCATE passport.resident_import;
END $$;
COMMENT ON FUNCTION passport.preview_import(text) IS
'Dry run of import_extract() over the rows that this session copied into passport.resident_staging; changes nothing. Returns how many would arrive, change, stay, be gone (full: residents whom the extract does not have) and be rejected (import_problems() lists them), how many residents would be none any more (removals), and whether that number must be confirmed. Errors as of import_extract.';

CREATE FUNCTION passport.import_problems()
  RETURNS TABLE ("row" bigint, field text, code text, "text" text)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM passport.judge_extract(pg_backend_pid(), 'differential');
  RETURN QUERY
    SELECT s.nth, p.value ->> 'field', p.value ->> 'code', p.value ->> 'text'
      FROM (SELECT t.line, row_number() OVER (ORDER BY t.line) AS nth
              FROM passport.resident_staging AS t WHERE t.batch = pg_backend_pid()) AS s
      JOIN passport.resident_import AS i ON i.line = s.line AND i.verdict = 'rejected'
     CROSS JOIN LATERAL jsonb_array_elements(i.problems) AS p
     ORDER BY 1, 2, 3;
  TRUNCATE passport.resident_import;
END $$;
COMMENT ON FUNCTION passport.import_problems() IS
'What is wrong with the rows that this session copied into passport.resident_staging: row (from 1, without the header), field, code (see read_record; duplicate: another row has the same number) and a sentence. No value is repeated.';
