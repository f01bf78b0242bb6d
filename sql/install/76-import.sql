-- Import: residents come in, and what that sets off

CREATE TABLE passport.import_run (
  import_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  kind text NOT NULL CHECK (kind IN ('full', 'differential')),
  arrived bigint NOT NULL,
  changed bigint NOT NULL,
  unchanged bigint NOT NULL,
  gone bigint NOT NULL,
  rejected bigint NOT NULL,
  removals bigint NOT NULL,
  imported_by text NOT NULL,
  imported_at timestamptz NOT NULL
);
COMMENT ON TABLE passport.import_run IS
'Imports of residents: rows by what became of them, removals (residents who are none any more), who and when.';

-- Rows enter by an import alone, which reads them from what it writes: foreign
-- keys would check each of them again.
CREATE TABLE passport.import_effect (
  resident_id bigint NOT NULL,
  import_id bigint NOT NULL,
  effect text NOT NULL CHECK (effect IN (
    'arrived', 'moved', 'moved_out', 'gone', 'returned', 'died', 'death_corrected', 'attributes_changed',
    'account_suspended', 'account_resumed', 'account_closed', 'points_frozen', 'points_released',
    'deliveries_withdrawn', 'devices_retired', 'guardianship_ends_sooner', 'address_protected',
    'protection_flag_gone')),
  PRIMARY KEY (resident_id, import_id, effect)
);
COMMENT ON TABLE passport.import_effect IS
'What an import changed for whom, and what that set off. In the first import, when everybody arrives, nobody''s arrival is listed. protection_flag_gone is for staff: the register does not flag the address any more, and the protection stands until it ends.';
CREATE INDEX import_effect_import ON passport.import_effect (import_id, effect);

CREATE FUNCTION passport.apply_extract(batch int, kind text, confirmed_removals bigint) RETURNS bigint
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $$
#variable_conflict use_column
DECLARE
  counts record;
  first_one boolean;
  this bigint;
BEGIN
  counts := passport.judge_extract(batch, kind);
  IF counts.must_confirm AND confirmed_removals IS DISTINCT FROM counts.removals THEN
    RAISE EXCEPTION 'the number of residents that would be removed is not confirmed' USING ERRCODE = 'PT409',
      DETAIL = jsonb_build_object('removals', counts.removals, 'gone', counts.gone)::text,
      HINT = 'Look at them, then give their number as confirmed_removals; a differential extract leaves those alone whom it does not have.';
  END IF;
  first_one := NOT EXISTS (SELECT FROM passport.resident);
  INSERT INTO passport.import_run AS n
         (kind, arrived, changed, unchanged, gone, rejected, removals, imported_by, imported_at)
  VALUES (apply_extract.kind, counts.arrived, counts.changed, counts.unchanged, counts.gone, counts.rejected, counts.removals,
          session_user, passport.now())
  RETURNING n.import_id INTO this;
  PERFORM passport.list_changes(this);
  PERFORM passport.write_residents();
  IF NOT first_one THEN
    INSERT INTO passport.import_effect (resident_id, import_id, effect)
    SELECT i.subject, this, 'arrived' FROM passport.resident_import AS i WHERE i.verdict = 'new';
  END IF;
  PERFORM passport.refresh_imported_keys();
  PERFORM passport.set_off_effects(this);
  RETURN this;
END $$;
COMMENT ON FUNCTION passport.apply_extract(int, text, bigint) IS
'Part of an import: applies a batch of staged rows with all that it sets off, and returns the import. The judged rows stay in passport.resident_import for the caller, who calls end_import(). PT409 unless the removals are confirmed where they must be.';

CREATE FUNCTION passport.list_changes(import_id bigint) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $$
BEGIN
  INSERT INTO passport.import_effect (resident_id, import_id, effect)
  SELECT o.resident_id, list_changes.import_id, e.effect
    FROM passport.resident_import AS i
    JOIN passport.resident AS o ON o.resident_id = i.subject
   CROSS JOIN LATERAL (VALUES
      ('gone', i.verdict = 'gone'),
      ('moved_out', o.status = 'resident' AND i.status IN ('moved_out', 'non_resident')),
      ('returned', o.status IN ('moved_out', 'non_resident') AND i.status = 'resident'),
      ('died', o.status <> 'deceased' AND i.status = 'deceased'),
      ('death_corrected', o.status = 'deceased' AND i.status <> 'deceased'),
      ('moved', i.status = 'resident' AND (o.address, o.oaza, o.koaza, o.lot, o.building)
                IS DISTINCT FROM (i.address, i.oaza, i.koaza, i.lot, i.building)),
      ('attributes_changed', (o.name, o.address, o.birth_date, o.sex)
                             IS DISTINCT FROM (i.name, i.address, i.birth_date, i.sex)),
      ('protection_flag_gone', o.protected AND NOT i.protected)) AS e(effect, holds)
   WHERE i.verdict IN ('changed', 'gone') AND e.holds;
END $$;
COMMENT ON FUNCTION passport.list_changes(bigint) IS
'Part of an import: keeps what changes for whom, while the register still has the old records. attributes_changed: one of the four that a signature certificate holds, which ends with them.';

CREATE FUNCTION passport.write_residents() RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
  SET jit = off
AS $$
BEGIN
  INSERT INTO passport.resident_history (resident_id, valid_from, valid_to, record)
  SELECT o.resident_id, o.updated_at, greatest(passport.now(), o.updated_at),
         to_jsonb(o) - ARRAY['resident_id', 'location', 'updated_at']
    FROM passport.resident_import AS i JOIN passport.resident AS o ON o.resident_id = i.subject
   WHERE i.verdict IN ('changed', 'gone');

  UPDATE passport.resident AS r
     SET (household_number, relation, name, name_kana, name_roman, alias, birth_date, birth_written, sex, address, oaza,
          koaza, lot, building, location, location_precision, location_source, nationality_class, residence_status,
          stay_until, language, status, changed_on, change_reason, protected, needs_help, updated_at)
       = (i.household_number, i.relation, i.name, i.name_kana, i.name_roman, i.alias, i.birth_date, i.birth_written,
          i.sex, i.address, i.oaza, i.koaza, i.lot, i.building, i.location, i.location_precision, i.location_source,
          i.nationality_class, i.residence_status, i.stay_until, i.language, i.status, i.changed_on, i.change_reason,
          i.protected, i.needs_help, passport.now())
    FROM passport.resident_import AS i
   WHERE r.resident_id = i.subject AND i.verdict IN ('changed', 'gone');

  INSERT INTO passport.resident
         (resident_id, resident_number, household_number, relation, name, name_kana, name_roman, alias, birth_date,
          birth_written, sex, address, oaza, koaza, lot, building, location, location_precision, location_source,
          nationality_class, residence_status, stay_until, language, status, changed_on, change_reason, protected,
          needs_help, updated_at)
  OVERRIDING SYSTEM VALUE
  SELECT i.subject, i.resident_number, i.household_number, i.relation, i.name, i.name_kana, i.name_roman, i.alias,
         i.birth_date, i.birth_written, i.sex, i.address, i.oaza, i.koaza, i.lot, i.building, i.location,
         i.location_precision, i.location_source, i.nationality_class, i.residence_status, i.stay_until, i.language,
         i.status, i.changed_on, i.change_reason, i.protected, i.needs_help, passport.now()
    FROM passport.resident_import AS i WHERE i.verdict = 'new';
  INSERT INTO passport.resident_directory (resident_number, resident_id)
  SELECT i.resident_number, i.subject FROM passport.resident_import AS i WHERE i.verdict = 'new';
END $$;
COMMENT ON FUNCTION passport.write_residents() IS
'Part of an import: writes the old records into the history, and the judged rows into the register.';

CREATE FUNCTION passport.refresh_imported_keys() RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  -- so that memory does not grow with the village
  step CONSTANT bigint := 10000;
  first bigint;
  last bigint;
BEGIN
  SELECT min(i.line), max(i.line) INTO first, last FROM passport.resident_import AS i;
  WHILE first <= last LOOP
    PERFORM passport.refresh_match_keys(ARRAY(
      SELECT i.subject FROM passport.resident_import AS i
       WHERE i.line >= first AND i.line < first + step AND i.verdict IN ('new', 'changed', 'gone')));
    first := first + step;
  END LOOP;
END $$;
COMMENT ON FUNCTION passport.refresh_imported_keys() IS
'Part of an import: makes the match keys of everybody who is new or changed, some thousands at a time.';

CREATE FUNCTION passport.affected(import_id bigint, effect text) RETURNS bigint[]
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT coalesce(array_agg(e.resident_id ORDER BY e.resident_id), '{}')
    FROM passport.import_effect AS e WHERE e.import_id = affected.import_id AND e.effect = affected.effect;
END;
COMMENT ON FUNCTION passport.affected(bigint, text) IS
'Residents whom an import had this effect on.';

-- All that a change of the register sets off stands here, one line each; what
-- the line does is a function of the service concerned.  Where people live is
-- not among it: areas select by the register's own rows, which are new already.
CREATE FUNCTION passport.set_off_effects(import_id bigint) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  left_us CONSTANT bigint[] := passport.affected(import_id, 'moved_out');
  back CONSTANT bigint[] := passport.affected(import_id, 'returned');
  dead CONSTANT bigint[] := passport.affected(import_id, 'died');
  alive CONSTANT bigint[] := passport.affected(import_id, 'death_corrected');
  flagged bigint[];
BEGIN
  SELECT coalesce(array_agg(i.subject), '{}') INTO flagged
    FROM passport.resident_import AS i
   WHERE i.protected AND i.verdict <> 'rejected' AND i.status <> 'deceased';
  INSERT INTO passport.import_effect AS e (resident_id, import_id, effect)
  SELECT t.resident_id, import_id, 'address_protected' FROM passport.protect_flagged(flagged) AS t(resident_id)
   UNION ALL
  SELECT t.resident_id, import_id, 'account_suspended' FROM passport.suspend_departed(left_us) AS t(resident_id)
   UNION ALL
  SELECT t.resident_id, import_id, 'points_frozen' FROM passport.point_holders(left_us || dead) AS t(resident_id)
   UNION ALL
  SELECT t.resident_id, import_id, 'account_resumed' FROM passport.resume_returned(back) AS t(resident_id)
   UNION ALL
  SELECT t.resident_id, import_id, 'points_released' FROM passport.point_holders(back || alive) AS t(resident_id)
   UNION ALL
  SELECT t.resident_id, import_id, 'account_closed' FROM passport.close_accounts(dead) AS t(resident_id)
   UNION ALL
  SELECT t.resident_id, import_id, 'devices_retired' FROM passport.retire_devices(dead, 'deceased') AS t(resident_id)
   UNION ALL
  SELECT t.resident_id, import_id, 'deliveries_withdrawn' FROM passport.withdraw_deliveries(dead) AS t(resident_id)
   UNION ALL
  SELECT t.resident_id, import_id, 'account_suspended' FROM passport.suspend_revived(alive) AS t(resident_id)
   UNION ALL
  SELECT t.resident_id, import_id, 'guardianship_ends_sooner'
    FROM passport.shorten_guardianships(passport.affected(import_id, 'attributes_changed')) AS t(resident_id);
END $$;
COMMENT ON FUNCTION passport.set_off_effects(bigint) IS
'Part of an import: moved out: the account is suspended and the points are frozen (nothing is awarded or spent, what expires expires); back: both end; died: the account is closed, the devices retired and what waits to be sent is withdrawn; a death that was an error: staff resume the account; flagged: the address is protected; another birth date: a minor''s guardianship ends as it says. That people come of age needs no import: their guardianships know the day.';

CREATE FUNCTION passport.end_import(batch int) RETURNS void
  LANGUAGE plpgsql
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  TRUNCATE passport.resident_import;
  DELETE FROM passport.resident_staging AS s WHERE s.batch = end_import.batch;
END $$;
COMMENT ON FUNCTION passport.end_import(int) IS
'Part of an import: leaves no copy of what was imported.';

CREATE FUNCTION passport.import_extract(kind text, confirmed_removals bigint DEFAULT NULL)
  RETURNS TABLE (import_id bigint, what text, residents bigint)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  mine CONSTANT int := pg_backend_pid();
  this CONSTANT bigint := passport.apply_extract(mine, kind, confirmed_removals);
BEGIN
  PERFORM passport.end_import(mine);
  RETURN QUERY
    SELECT this, t.what, t.residents
      FROM (SELECT c.nth, c.what, c.residents
              FROM passport.import_run AS n
             CROSS JOIN LATERAL (VALUES (1, 'arrived', n.arrived), (2, 'changed', n.changed), (3, 'unchanged', n.unchanged),
                                        (4, 'gone', n.gone), (5, 'rejected', n.rejected)) AS c(nth, what, residents)
             WHERE n.import_id = this
            UNION ALL
            SELECT 6, 'effect: ' || e.effect, count(*) FROM passport.import_effect AS e
             WHERE e.import_id = this AND e.effect NOT IN ('arrived', 'gone')
             GROUP BY e.effect) AS t(nth, what, residents)
     ORDER BY t.nth, t.what COLLATE "C";
END $$;
COMMENT ON FUNCTION passport.import_extract(text, bigint) IS
'Imports the rows that this session copied into passport.resident_staging, in one transaction, and empties it. kind: full (it has every resident; who is missing has moved out) or differential (it has those who changed). Each row is the whole record; an empty field empties, but for protected and needs_help, which then stay. Rows with a problem are left out (import_problems() lists them beforehand). confirmed_removals: the removals that preview_import() showed; required where somebody is gone, or where more residents than passport.removal_share percent of the village (and more than ten) would be none any more. Returns the import''s number, its rows by what became of them, and its effects by kind; import_effects() lists them by person. Errors: PT409 removals not confirmed, or not by their number (DETAIL: {"removals", "gone"}); PT422 unknown_kind, nothing_staged, unreadable_number.';

CREATE FUNCTION passport.import_effects(import_id bigint, purpose text)
  RETURNS TABLE (resident_id bigint, name text, effect text)
  LANGUAGE plpgsql SECURITY DEFINER ROWS 100
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM passport.record_access(
    ARRAY(SELECT e.resident_id FROM passport.import_effect AS e WHERE e.import_id = import_effects.import_id),
    purpose, 'import_effects', ARRAY['name', 'effect']);
  RETURN QUERY
    SELECT e.resident_id, r.name, e.effect
      FROM passport.import_effect AS e JOIN passport.resident AS r USING (resident_id)
     WHERE e.import_id = import_effects.import_id
     ORDER BY e.effect, e.resident_id;
END $$;
COMMENT ON FUNCTION passport.import_effects(bigint, text) IS
'What an import changed for whom, and what that set off, for staff: protection_flag_gone, death_corrected and guardianship_ends_sooner are theirs to look at. purpose and who looked are kept, as by view_resident. PT422 for an unknown purpose.';

CREATE FUNCTION passport.import_residents(residents jsonb, confirmed_removals bigint DEFAULT NULL,
  OUT imported int, OUT updated int, OUT rejected int, OUT problems jsonb) RETURNS record
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  -- beside the rows that this session may have copied
  batch CONSTANT int := -pg_backend_pid();
BEGIN
  IF residents IS NULL OR jsonb_typeof(residents) <> 'array' THEN
    PERFORM passport.refuse('', 'type', 'The residents must be an array of objects.');
  ELSIF jsonb_array_length(residents) > 10000 THEN
    PERFORM passport.refuse('', 'too_many', 'One call takes up to 10000 residents.');
  END IF;
  imported := 0;
  updated := 0;
  SELECT count(DISTINCT p."row"),
         coalesce(jsonb_agg(to_jsonb(p) ORDER BY p."row", p.field), '[]') INTO rejected, problems
    FROM passport.json_problems(residents) AS p;
  INSERT INTO passport.resident_staging
  SELECT batch, l.nth, t.* FROM jsonb_array_elements(residents) WITH ORDINALITY AS l(element, nth)
   CROSS JOIN LATERAL jsonb_to_record(l.element) AS t(
     resident_number text, household_number text, relation text, name text, name_kana text, name_roman text,
     alias text, birth_date text, sex text, address text, oaza text, koaza text, lot text, building text, lon text,
     lat text, location_precision text, nationality_class text, residence_status text, stay_until text,
     language text, status text, changed_on text, change_reason text, protected text, needs_help text)
   WHERE NOT EXISTS (SELECT FROM jsonb_array_elements(problems) AS p WHERE (p ->> 'row')::bigint = l.nth);
  IF FOUND THEN
    PERFORM passport.apply_extract(batch, 'differential', confirmed_removals);
    SELECT count(*) FILTER (WHERE i.verdict = 'new'), count(*) FILTER (WHERE i.verdict = 'changed'),
           rejected + count(*) FILTER (WHERE i.verdict = 'rejected')
      INTO imported, updated, rejected FROM passport.resident_import AS i;
    SELECT coalesce(jsonb_agg(p.value ORDER BY (p.value ->> 'row')::int, p.value ->> 'field', p.value ->> 'code'), '[]')
      INTO problems
      FROM (SELECT k.value FROM jsonb_array_elements(problems) AS k
            UNION ALL
            SELECT jsonb_build_object('row', i.line) || k.value
              FROM passport.resident_import AS i CROSS JOIN LATERAL jsonb_array_elements(i.problems) AS k
             WHERE i.verdict = 'rejected') AS p;
  END IF;
  PERFORM passport.end_import(batch);
END $$;
COMMENT ON FUNCTION passport.import_residents(jsonb, bigint) IS
'Takes residents as JSON, by the same rules as import_extract(''differential''): an array of up to 10,000 objects whose keys are the columns of passport.resident_staging, resident_number and name required. Each object is the whole record: a key left out, null or "" empties the field, but for protected and needs_help, which then stay. A number already known is updated. Rows with a problem are left out and reported, the others are taken. Returns how many were imported, how many known ones changed, how many rows were rejected, and the problems as an array of {"row", "field", "code", "text"} (see read_record; type: no object, or no plain value). Errors: PT409 removals not confirmed, PT422 if the argument is no array or too long.';

CREATE FUNCTION passport.json_problems(residents jsonb)
  RETURNS TABLE ("row" bigint, field text, code text, "text" text)
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT l.nth, NULL, 'type', 'Each element must be an object.'
    FROM jsonb_array_elements(residents) WITH ORDINALITY AS l(element, nth)
   WHERE jsonb_typeof(l.element) <> 'object'
  UNION ALL
  SELECT l.nth, k.key, 'type', 'The field must be a plain value.'
    FROM jsonb_array_elements(residents) WITH ORDINALITY AS l(element, nth)
   CROSS JOIN LATERAL jsonb_each(CASE WHEN jsonb_typeof(l.element) = 'object' THEN l.element ELSE '{}' END) AS k
   WHERE jsonb_typeof(k.value) IN ('object', 'array');
END;
COMMENT ON FUNCTION passport.json_problems(jsonb) IS
'Part of import_residents(): what only JSON can have wrong: an element that is no object, a field that is none, either.';
