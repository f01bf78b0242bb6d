-- Access: who looked at whose data.  What shows staff data of residents goes
-- through record_access; test/sql/catalog.sql lists what does not, and why.

CREATE FUNCTION passport.record_access(resident_ids bigint[], purpose text, source text, columns text[]) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF coalesce(purpose NOT IN ('counter', 'registration', 'disaster', 'points', 'renewal', 'inquiry', 'breach'), true) THEN
    PERFORM passport.refuse('/purpose', 'unknown_purpose',
      'A purpose is counter, registration, disaster, points, renewal, inquiry or breach.');
  END IF;
  PERFORM passport.append_audit(resident_ids, 'access', purpose, source, columns, NULL);
END $$;
COMMENT ON FUNCTION passport.record_access(bigint[], text, text, text[]) IS
'Every function that shows staff data of residents calls this before it returns them. PT422 for an unknown purpose.';

CREATE FUNCTION passport.view_resident(resident_id bigint, purpose text, columns text[]) RETURNS jsonb
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  shown jsonb;
BEGIN
  IF coalesce(cardinality(columns) = 0 OR NOT columns <@ ARRAY[
       'resident_number', 'household_number', 'relation', 'name', 'name_kana', 'name_roman', 'alias', 'birth_date', 'sex',
       'address', 'address_protected', 'oaza', 'nationality_class', 'stay_until', 'language', 'status', 'needs_help'], true) THEN
    PERFORM passport.refuse('/columns', 'unknown_column', 'Name columns of the register, only those needed.');
  END IF;
  SELECT jsonb_object_agg(f.key, f.value) INTO shown
    FROM passport.resident AS r JOIN passport.resident_place AS p ON p.resident_id = r.resident_id
   CROSS JOIN LATERAL jsonb_each(jsonb_build_object(
     'resident_number', r.resident_number, 'household_number', r.household_number, 'relation', r.relation, 'name', r.name,
     'name_kana', r.name_kana, 'name_roman', r.name_roman, 'alias', r.alias, 'birth_date', r.birth_date, 'sex', r.sex,
     'address', p.address, 'address_protected', passport.address_protected(r.resident_id), 'oaza', p.oaza, 'nationality_class', r.nationality_class, 'stay_until', r.stay_until,
     'language', r.language, 'status', r.status,
     'needs_help', EXISTS (SELECT FROM passport.resident_needing_help AS h WHERE h.resident_id = r.resident_id))) AS f
   WHERE r.resident_id = view_resident.resident_id AND f.key = ANY (columns);
  IF shown IS NULL THEN
    RAISE EXCEPTION 'unknown resident' USING ERRCODE = 'PT404';
  END IF;
  PERFORM passport.record_access(ARRAY[resident_id], purpose, 'view_resident', columns);
  RETURN shown;
END $$;
COMMENT ON FUNCTION passport.view_resident(bigint, text, text[]) IS
'Shows staff the named columns of a resident as an object; who looked is kept, and the resident sees it. purpose: counter, registration, disaster, points, renewal or inquiry. A protected address is null, and address_protected says so. PT404 for an unknown resident, PT422 for an unknown purpose or column.';

CREATE FUNCTION passport.view_household(resident_id bigint, purpose text)
  RETURNS TABLE (member_id bigint, relation text, name text)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM passport.record_access(
    ARRAY(SELECT h.resident_id FROM passport.household(view_household.resident_id) AS h),
    purpose, 'view_household', ARRAY['relation', 'name']);
  RETURN QUERY SELECT h.* FROM passport.household(view_household.resident_id) AS h;
END $$;
COMMENT ON FUNCTION passport.view_household(bigint, text) IS
'household() for staff: member_id is each member''s resident_id, and of each it is kept who looked. purpose and errors as of view_resident.';

CREATE FUNCTION passport.find_resident(name text, address text, birth_date date, sex text, purpose text)
  RETURNS TABLE (resident_id bigint, score real, explanation jsonb)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM passport.record_access(
    ARRAY(SELECT m.resident_id FROM passport.match_resident(find_resident.name, find_resident.address, find_resident.birth_date,
                                                            find_resident.sex) AS m),
    purpose, 'find_resident', ARRAY['name', 'address', 'birth_date', 'sex']);
  RETURN QUERY
    SELECT (c ->> 'resident_id')::bigint, (c ->> 'score')::real, c -> 'explanation'
      FROM jsonb_array_elements(passport.shown_candidates(
             (SELECT jsonb_agg(to_jsonb(m) ORDER BY m.score DESC, m.resident_id)
                FROM passport.match_resident(find_resident.name, find_resident.address, find_resident.birth_date,
                                             find_resident.sex) AS m))) AS c;
END $$;
COMMENT ON FUNCTION passport.find_resident(text, text, date, text, text) IS
'match_resident() for staff, as shown_candidates() shows it: of each candidate it is kept who looked. purpose and errors as of view_resident.';

CREATE FUNCTION passport.view_points(resident_id bigint, purpose text, max_rows int DEFAULT 100)
  RETURNS TABLE (entry_id bigint, kind text, points int, effective_at timestamptz, program text, detail text)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  IF NOT EXISTS (SELECT FROM passport.resident AS r WHERE r.resident_id = view_points.resident_id) THEN
    RAISE EXCEPTION 'unknown resident' USING ERRCODE = 'PT404';
  END IF;
  PERFORM passport.record_access(ARRAY[view_points.resident_id], purpose, 'view_points',
                                 ARRAY['kind', 'points', 'effective_at', 'program', 'detail']);
  RETURN QUERY SELECT h.entry_id, h.kind, h.points, h.effective_at, h.program, h.detail
                 FROM passport.point_history(view_points.resident_id, max_rows) AS h;
END $$;
COMMENT ON FUNCTION passport.view_points(bigint, text, int) IS
'point_history() for staff: it is kept who looked. purpose and errors as of view_resident.';

CREATE FUNCTION passport.view_point_balance(resident_id bigint, purpose text, at timestamptz DEFAULT passport.now())
  RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM passport.record_access(
    ARRAY(SELECT r.resident_id FROM passport.resident AS r WHERE r.resident_id = view_point_balance.resident_id),
    purpose, 'view_point_balance', ARRAY['points']);
  RETURN passport.point_balance(view_point_balance.resident_id, at);
END $$;
COMMENT ON FUNCTION passport.view_point_balance(bigint, text, timestamptz) IS
'point_balance() for staff: it is kept who looked. 0 for somebody unknown. PT422 for an unknown purpose.';

CREATE FUNCTION passport.view_renewal_plan(resident_id bigint, purpose text)
  RETURNS TABLE (due_on date, what text, expires_on date, step text, language text, reason text)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM passport.record_access(
    ARRAY(SELECT r.resident_id FROM passport.resident AS r WHERE r.resident_id = view_renewal_plan.resident_id),
    purpose, 'view_renewal_plan', ARRAY['what', 'expires_on', 'language']);
  RETURN QUERY SELECT p.* FROM passport.renewal_plan(view_renewal_plan.resident_id) AS p;
END $$;
COMMENT ON FUNCTION passport.view_renewal_plan(bigint, text) IS
'renewal_plan() for staff: it is kept who looked. PT422 for an unknown purpose.';

CREATE FUNCTION passport.view_due_reminders(on_date date)
  RETURNS TABLE (due_on date, what text, expires_on date, step text, language text, reason text, resident_id bigint)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM passport.record_access(ARRAY(SELECT d.resident_id FROM passport.due_reminders(on_date) AS d),
                                 'renewal', 'view_due_reminders', ARRAY['what', 'expires_on', 'language']);
  RETURN QUERY SELECT d.* FROM passport.due_reminders(on_date) AS d;
END $$;
COMMENT ON FUNCTION passport.view_due_reminders(date) IS
'due_reminders() for staff: of each resident it is kept who looked.';

CREATE FUNCTION passport.registration_queue(max_rows int DEFAULT 100)
  RETURNS TABLE (registration_id bigint, name text, name_substitution text, address text, address_substitution text,
                 birth_date text, sex text, candidates jsonb, created_at timestamptz)
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH shown AS MATERIALIZED (
    SELECT r.* FROM passport.registration AS r
     WHERE r.state = 'queued' ORDER BY r.created_at, r.registration_id LIMIT least(max_rows, 10000)
  ), kept AS MATERIALIZED (
    SELECT passport.record_access(array_agg((c ->> 'resident_id')::bigint), 'registration', 'registration_queue',
             ARRAY['name', 'address', 'birth_date', 'sex'])
      FROM shown AS s CROSS JOIN jsonb_array_elements(s.candidates) AS c
  )
  SELECT s.registration_id, s.name, s.name_substitution, CASE WHEN NOT c.protected THEN s.address END,
         CASE WHEN NOT c.protected THEN s.address_substitution END, s.birth_date, s.sex, c.candidates, s.created_at
    FROM kept, shown AS s
   CROSS JOIN LATERAL (
         SELECT o AS candidates, o @> '[{"explanation": {"address": "protected"}}]' AS protected
           FROM passport.shown_candidates(s.candidates) AS o) AS c
   ORDER BY s.created_at, s.registration_id;
END;
COMMENT ON FUNCTION passport.registration_queue(int) IS
'What waits for staff, the oldest first, at most max_rows (10,000): the attributes of the certificate, and the residents it could be, the best first. The address is not shown where one of them is protected: the duty role reads it by view_protected(). Of each such resident it is kept who looked; the one who registers is not known to be a resident yet.';

CREATE FUNCTION passport.my_access_log(max_rows int DEFAULT 1000)
  RETURNS TABLE (accessed_at timestamptz, kind text, who text, purpose text, source text, columns text[])
  LANGUAGE plpgsql SECURITY DEFINER ROWS 100
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  acting CONSTANT bigint := passport.record_act('my_access_log');
BEGIN
  RETURN QUERY
    SELECT a.happened_at, CASE a.kind WHEN 'act' THEN 'guardian' ELSE 'staff' END,
           CASE a.kind WHEN 'act' THEN r.name ELSE a.who END, coalesce(a.purpose, a.source), a.source, a.columns
      FROM passport.audit_record AS a LEFT JOIN passport.resident AS r ON r.resident_id = a.holder_id
     WHERE a.resident_id = acting
     ORDER BY a.happened_at DESC, a.kind DESC, a.source, a.chain, a.seq
     LIMIT least(max_rows, 10000);
END $$;
COMMENT ON FUNCTION passport.my_access_log(int) IS
'Who looked at the acting resident''s data, the latest first: kind staff with the login, the purpose, the function and the names of the columns; kind guardian with the guardian''s name and what they did. PT401 when nobody acts.';
