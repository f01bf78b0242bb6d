-- The proof that no protected address is shown: canaries are put through all
-- that anybody but the duty role may call or read.

CREATE FUNCTION passport.canary_place(OUT lon double precision, OUT lat double precision)
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT floor(ST_XMin(m.area) * 100) / 100 - 0.0226481, floor(ST_YMax(m.area) * 100) / 100 + 0.0273519
    FROM passport.municipality_area AS m WHERE m.code = current_setting('passport.municipality_code');
END;
COMMENT ON FUNCTION passport.canary_place() IS
'Where the canaries live: beyond the north-west corner of the municipality, near enough for an alert, where no zone has an edge and nobody a home that could be taken for theirs.';

CREATE FUNCTION passport.canary_shelter() RETURNS geometry
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT ST_PointOnSurface(m.area) FROM passport.municipality_area AS m WHERE m.code = current_setting('passport.municipality_code');
END;
COMMENT ON FUNCTION passport.canary_shelter() IS
'Where the canaries'' shelter stands: within the municipality, away from their home.';

CREATE FUNCTION passport.canary_area(lon double precision, lat double precision) RETURNS text
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT ST_AsEWKT(ST_MakeEnvelope(lon - 0.011, lat - 0.009, lon + 0.013, lat + 0.008, 4326));
END;
COMMENT ON FUNCTION passport.canary_area(double precision, double precision) IS
'The area of the canaries'' alert: around their place, not centred on it.';

CREATE FUNCTION passport.place_patterns(lon double precision, lat double precision) RETURNS text[]
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH digit AS (
    SELECT format('(%s|%s)', replace(trunc(lon::numeric, 3)::text, '.', '\.'), replace(round(lon::numeric, 3)::text, '.', '\.')) AS x,
           format('(%s|%s)', replace(trunc(lat::numeric, 3)::text, '.', '\.'), replace(round(lat::numeric, 3)::text, '.', '\.')) AS y
  )
  SELECT array_remove(ARRAY[
           -- to 100 m, however many digits follow, as a pair in either order
           format('%s\d*\D{1,24}%s', x, y), format('%s\d*\D{1,24}%s', y, x),
           encode(substr(ST_AsBinary(passport.point(lon, lat), 'NDR'), 6), 'hex'),
           encode(substr(ST_AsBinary(passport.point(lon, lat), 'XDR'), 6), 'hex'),
           replace(passport.svg_place(passport.point(lon, lat), passport.report_frame()), '.', '\.')], NULL)
    FROM digit;
END;
COMMENT ON FUNCTION passport.place_patterns(double precision, double precision) IS
'Regular expressions for a place: longitude and latitude cut or rounded to three digits or more, binary in either byte order, and the point of the report''s map.';

CREATE FUNCTION passport.canary_residents() RETURNS jsonb
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  address CONSTANT text := '長野県南佐久郡南牧村大字カナリア鳴4471番地の9';
  place record;
  people jsonb;
  canary jsonb;
BEGIN
  SELECT * INTO place FROM passport.canary_place();
  IF place.lon IS NULL THEN
    RAISE EXCEPTION 'the municipality''s own area is not loaded' USING ERRCODE = 'PT404',
      HINT = 'The canaries are alerted near it: put it into passport.municipality_area.';
  END IF;
  people := jsonb_build_array(
    jsonb_build_object('resident_number', 'canary-1', 'household_number', 'canary-home', 'relation', '世帯主', 'name', '金糸雀　一子',
      'birth_date', '1990-02-03', 'sex', 'female', 'address', address, 'oaza', 'カナリア鳴', 'koaza', 'カナリア沢', 'lot', '4471番地の9',
      'building', 'カナリア荘', 'lon', place.lon, 'lat', place.lat),
    jsonb_build_object('resident_number', 'canary-2', 'household_number', 'canary-home', 'relation', '子', 'name', '金糸雀　二子',
      'birth_date', '2012-02-03', 'sex', 'female', 'address', address, 'oaza', 'カナリア鳴', 'koaza', 'カナリア沢', 'lot', '4471番地の9',
      'building', 'カナリア荘', 'lon', place.lon, 'lat', place.lat),
    jsonb_build_object('resident_number', 'canary-3', 'household_number', 'canary-other', 'name', '文鳥　三郎',
      'birth_date', '1988-02-03', 'sex', 'male', 'address', '長野県南佐久郡南牧村大字ブンチョウ1番地', 'oaza', 'ブンチョウ',
      'lon', place.lon + 0.006, 'lat', place.lat + 0.004));
  PERFORM passport.import_residents(people);
  -- with something changed, so that the history has the address, too
  PERFORM passport.import_residents((SELECT jsonb_agg(p.person || '{"change_reason": "canary"}') FROM jsonb_array_elements(people) AS p(person)));
  SELECT jsonb_object_agg(v.key, v.value) INTO canary
    FROM (SELECT (ARRAY['victim', 'mate', 'other'])[substr(d.resident_number, 8)::int], d.resident_id::text
            FROM passport.resident_directory AS d WHERE d.resident_number IN ('canary-1', 'canary-2', 'canary-3')) AS v(key, value);
  RETURN canary || jsonb_build_object(
    'name', '金糸雀　一子', 'birth_date', '1990-02-03', 'address', address, 'lon', place.lon, 'lat', place.lat,
    'area', passport.canary_area(place.lon, place.lat), 'import', (SELECT max(n.import_id) FROM passport.import_run AS n),
    'today', passport.today(), 'now', passport.now(), 'soon', passport.now() + interval '1 day');
END $$;
COMMENT ON FUNCTION passport.canary_residents() IS
'Step of make_canaries(): the victim, a member of her household, and somebody else in the area.';

-- What there was of her before she was protected.
CREATE FUNCTION passport.canary_history(canary jsonb) RETURNS jsonb
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  victim CONSTANT bigint := canary ->> 'victim';
  candidates CONSTANT jsonb := (SELECT jsonb_agg(to_jsonb(m)) FROM passport.match_resident(
    canary ->> 'name', canary ->> 'address', (canary ->> 'birth_date')::date, 'female') AS m);
  made jsonb;
BEGIN
  INSERT INTO passport.account (resident_id, assurance, created_at)
  SELECT r::bigint, 'card_staff', passport.now()
    FROM unnest(ARRAY[canary ->> 'victim', canary ->> 'mate', canary ->> 'other']) AS r;
  PERFORM passport.add_device(r::bigint, 'fcm', 'canary-of-' || r)
    FROM unnest(ARRAY[canary ->> 'victim', canary ->> 'mate', canary ->> 'other']) AS r;
  PERFORM passport.set_program('canary', '{"ja": "canary"}');
  PERFORM passport.set_program_rule('canary', passport.today(), '{"points_per_unit": 10, "lot_months": 12}');
  made := jsonb_build_object('entry', (SELECT a.entry_id FROM passport.award_points(victim, 'canary', 'canary-1', passport.now()) AS a));
  PERFORM passport.award_points((canary ->> r)::bigint, 'canary', 'canary-1', passport.now()) FROM unnest('{mate,other}'::text[]) AS r;
  PERFORM passport.record_card(victim, 'card', passport.today() - 3000);
  PERFORM passport.record_need(victim, 'care');
  PERFORM passport.list_on_roster(victim, 'canary', '{文鳥}');
  PERFORM passport.record_consent(victim, 'needs_roster', true);
  PERFORM passport.record_consent(victim, 'alert_places', true);
  PERFORM passport.record_consent(victim, 'emergency_contact', true);
  PERFORM passport.record_telephone(victim, '0267-55-8123');
  PERFORM passport.record_emergency_contact(victim, 1, '文鳥', 'canary', '0267-55-8124');
  PERFORM passport.assign_group('canary', ARRAY[victim]);
  PERFORM passport.define_sensor('canary', '{}');
  INSERT INTO passport.shelter (shelter_id, name, location)
  SELECT 'canary-hall', 'canary', m.location FROM passport.canary_shelter() AS m(location);
  -- somebody looked: breach_letters() is about her
  PERFORM passport.view_resident(victim, 'counter', '{name,address}');
  made := made || jsonb_build_object('guardianship',
    passport.record_guardian(victim, (canary ->> 'other')::bigint, 'court', passport.today() + 300, 'canary'));
  UPDATE passport.guardianship AS g SET recorded_at = g.recorded_at - interval '1 day' WHERE g.resident_id = victim;
  WITH waiting AS (
    INSERT INTO passport.registration (state, name, address, birth_date, sex, certificates, candidates, ceremony, created_at)
    VALUES ('queued', canary ->> 'name', canary ->> 'address', '319900203', '2',
            jsonb_build_object('authentication', jsonb_build_object('issuer_id', (SELECT min(i.issuer_id) FROM passport.certificate_issuer AS i),
              'serial', '00ca', 'medium', 'card', 'hierarchy', 'test', 'not_after', passport.now() + interval '1 year')),
            candidates, gen_random_uuid(), passport.now())
    RETURNING registration_id
  )
  SELECT made || jsonb_build_object('registration', w.registration_id, 'candidates', candidates) INTO made FROM waiting AS w;
  RETURN canary || made;
END $$;
COMMENT ON FUNCTION passport.canary_history(jsonb) IS
'Step of make_canaries(): accounts, devices, points, a card, needs, telephones, a guardian, somebody who looked at the victim, a registration that waits.';

CREATE FUNCTION passport.canary_login(resident_id bigint) RETURNS text
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  login uuid;
BEGIN
  INSERT INTO passport.session AS s (resident_id, audience, acr, amr, issuer_id, serial, auth_time, expires_at)
  VALUES (canary_login.resident_id, 'passport', 'jpki.authentication', '{sc,pin,mfa}',
          (SELECT min(i.issuer_id) FROM passport.certificate_issuer AS i), '00', passport.now(), passport.now() + interval '1 hour')
  RETURNING s.session_id INTO login;
  RETURN (passport.issue_token(resident_id, login)).id_token;
END $$;
COMMENT ON FUNCTION passport.canary_login(bigint) IS
'Step of make_canaries(): a login as by a card, and its token.';

CREATE FUNCTION passport.canary_alert(canary jsonb) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  drafted record;
BEGIN
  SELECT * INTO drafted FROM passport.draft_alert('flood', 4, canary ->> 'area');
  -- the second person whom an approval asks for
  UPDATE passport.alert AS a SET drafted_by = 'canary' WHERE a.alert_id = drafted.alert_id;
  PERFORM passport.approve_alert(drafted.alert_id, drafted.headcount);
  PERFORM passport.authenticate(canary ->> 'victim_token');
  PERFORM passport.answer_alert(drafted.alert_id, 'need_help', (canary ->> 'lon')::float8, (canary ->> 'lat')::float8, canary ->> 'address');
  PERFORM passport.answer_alert(drafted.alert_id, 'damage', (canary ->> 'lon')::float8, (canary ->> 'lat')::float8);
  PERFORM passport.stop_acting();
  RETURN drafted.alert_id;
END $$;
COMMENT ON FUNCTION passport.canary_alert(jsonb) IS
'Step of make_canaries(): an alert in their area, which the victim answers with her place and address.';

-- What she says of herself names her place wherever it can.
CREATE FUNCTION passport.canary_words(canary jsonb) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  asked bigint;
BEGIN
  INSERT INTO passport.area_question AS q (question, area, asked_by, asked_at, until_time)
  SELECT '{"ja": "canary"}', a.area, 'canary', passport.now(), passport.now() + interval '1 day'
    FROM passport.alert AS a WHERE a.alert_id = (canary ->> 'alert')::bigint
  RETURNING q.question_id INTO asked;
  INSERT INTO passport.question_recipient (resident_id, question_id)
  SELECT (canary ->> r)::bigint, asked FROM unnest('{victim,mate,other}'::text[]) AS r;
  PERFORM passport.authenticate(canary ->> 'victim_token');
  PERFORM passport.answer_question(asked, 'no', (canary ->> 'lon')::float8, (canary ->> 'lat')::float8, canary ->> 'address');
  PERFORM passport.register_place(1, 'family', (canary ->> 'lon')::float8, (canary ->> 'lat')::float8);
  PERFORM passport.report_whereabouts('car', (canary ->> 'lon')::float8, (canary ->> 'lat')::float8);
  PERFORM passport.stop_acting();
  RETURN asked;
END $$;
COMMENT ON FUNCTION passport.canary_words(jsonb) IS
'Step of make_canaries(): a question that the victim answers with her place and address, a place that she registers, and where she is.';

CREATE FUNCTION passport.make_canaries() RETURNS jsonb
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  canary jsonb;
BEGIN
  canary := passport.canary_history(passport.canary_residents());
  IF NOT EXISTS (SELECT FROM passport.token_key) THEN
    PERFORM passport.rotate_token_key();
  END IF;
  canary := canary || jsonb_build_object(
    'victim_token', passport.canary_login((canary ->> 'victim')::bigint),
    'mate_token', passport.canary_login((canary ->> 'mate')::bigint),
    'token', passport.canary_login((canary ->> 'other')::bigint));
  -- she asks alone: the child's row says nothing of it
  PERFORM passport.protect_address((canary ->> 'victim')::bigint, passport.today(), passport.today() + 364, 'canary', '{}');
  canary := canary || jsonb_build_object(
    'session', (SELECT s.session_id FROM passport.session AS s WHERE s.resident_id = (canary ->> 'victim')::bigint),
    'alert', passport.canary_alert(canary),
    'disaster', passport.declare_disaster('canary', passport.now() + interval '1 day', canary ->> 'area'),
    'draft', (SELECT d.alert_id FROM passport.draft_alert('flood', 4, canary ->> 'area', repeat => true) AS d),
    'own', (SELECT d.alert_id FROM passport.draft_alert('landslide', 4, canary ->> 'area') AS d));
  canary := canary || jsonb_build_object(
    'update', (SELECT d.update_no FROM passport.update_alert((canary ->> 'alert')::bigint, level => 5) AS d));
  UPDATE passport.alert_update AS u SET drafted_by = 'canary' WHERE u.alert_id = (canary ->> 'alert')::bigint;
  UPDATE passport.alert AS a SET drafted_by = 'canary' WHERE a.alert_id = (canary ->> 'draft')::bigint;
  canary := canary || jsonb_build_object('question', passport.canary_words(canary), 'shelter', 'canary-hall');
  RETURN canary || jsonb_build_object(
    -- the lot, but not four digits of a random number, a token or a fraction of a second
    'address_patterns', ARRAY['カナリア', '(^|[^0-9a-z_.+/-])(4471|４４７１)([^0-9a-z_+/]|$)']
                        || passport.place_patterns((canary ->> 'lon')::float8, (canary ->> 'lat')::float8),
    'number_patterns', ARRAY['267-?55-?812[34]'],
    'person_patterns', ARRAY['金糸雀', 'canary-home',
                             format('"(resident|member)_id": (%s|%s)\y', canary ->> 'victim', canary ->> 'mate'),
                             -- a bare number on a line of its own
                             format('(?n)^(%s|%s)$', canary ->> 'victim', canary ->> 'mate')]);
END $$;
COMMENT ON FUNCTION passport.make_canaries() IS
'Makes the canaries and returns what recipes call them by, with the patterns by which their address is found: a victim who registered, has points, needs and a guardian, is protected since, and was alerted and answered; her household; somebody else. Called by protection_proof() in what it undoes.';

CREATE FUNCTION passport.reachable_objects()
  RETURNS TABLE (object text, oid oid, is_function boolean, fewest int, most int, nameless boolean)
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH knowing AS (
    SELECT r.oid FROM pg_roles AS r WHERE r.rolname IN ('passport_owner', 'passport_protection')
  )
  SELECT p.proname::text, p.oid, true, p.pronargs - p.pronargdefaults, p.pronargs::int, false
    FROM pg_proc AS p
   WHERE p.pronamespace = 'passport'::regnamespace AND p.prorettype <> 'trigger'::regtype
     AND EXISTS (SELECT FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) AS a
                  WHERE a.grantee <> p.proowner AND a.grantee NOT IN (SELECT k.oid FROM knowing AS k))
  UNION ALL
  SELECT c.relname::text, c.oid, false, 0, 0,
         EXISTS (SELECT FROM pg_attribute AS t WHERE t.attrelid = c.oid AND t.attname = 'alert_id')
    FROM pg_class AS c
   WHERE c.relnamespace = 'passport'::regnamespace AND c.relkind IN ('r', 'p', 'v', 'm', 'f')
     AND EXISTS (SELECT FROM aclexplode(c.relacl) AS a
                  WHERE a.privilege_type = 'SELECT'
                    AND a.grantee <> c.relowner AND a.grantee NOT IN (SELECT k.oid FROM knowing AS k)
                 UNION ALL
                 SELECT FROM pg_attribute AS t, aclexplode(t.attacl) AS a
                  WHERE t.attrelid = c.oid AND a.privilege_type = 'SELECT');
END;
COMMENT ON FUNCTION passport.reachable_objects() IS
'Functions and views that anybody but the owner and the duty role may call or read, with the number of arguments that a function takes; nameless: it lists by alert, so that nobody protected may be named.';

-- The text of a call has only names of the catalog in it: values are parameters.
CREATE FUNCTION passport.proof_statement(object oid, is_function boolean, arguments int) RETURNS text
  LANGUAGE sql STABLE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE
    WHEN NOT is_function THEN
      format('SELECT string_agg(to_jsonb(f)::text, E''\n'') FROM %s AS f', object::regclass)
    ELSE (
      SELECT format('SELECT %s FROM %s(%s) AS f',
               CASE WHEN p.prorettype = 'void'::regtype THEN 'count(*)::text' ELSE 'string_agg(to_jsonb(f)::text, E''\n'')' END,
               p.oid::regproc,
               (SELECT string_agg(format('CAST($1[%s] AS %s)', a.place, format_type(p.proargtypes[a.place - 1], NULL)), ', ' ORDER BY a.place)
                  FROM generate_series(1, proof_statement.arguments) AS a(place)))
        FROM pg_proc AS p WHERE p.oid = proof_statement.object) END;
END;
COMMENT ON FUNCTION passport.proof_statement(oid, boolean, int) IS
'The query that reads all of a view, or calls a function with the elements of the text array $1; geometries come out as GeoJSON.';

CREATE FUNCTION passport.proof_call(statement text, arguments text[], token text, OUT shown text, OUT raised text)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = warning
AS $$
DECLARE
  message text;
  detail text;
  hint text;
BEGIN
  IF token IS NOT NULL THEN
    PERFORM passport.authenticate(token);
  END IF;
  EXECUTE statement INTO shown USING arguments;
  -- a code that ended in 000 would catch all of its class
  RAISE EXCEPTION 'undone' USING ERRCODE = 'PTX01';
EXCEPTION
  WHEN SQLSTATE 'PTX01' THEN NULL;
  WHEN OTHERS THEN
    -- an error is seen by the caller and stands in the log
    GET STACKED DIAGNOSTICS message = MESSAGE_TEXT, detail = PG_EXCEPTION_DETAIL, hint = PG_EXCEPTION_HINT;
    raised := SQLSTATE;
    shown := concat_ws(' ', message, detail, hint);
END $$;
COMMENT ON FUNCTION passport.proof_call(text, text[], text) IS
'Runs one query of proof_statement() and undoes what it did; shown: what it returned, or said when it failed; raised: the SQLSTATE. token: who acts.';

CREATE FUNCTION passport.proof_outcome(canary jsonb, shown text, raised text, nameless boolean, expected text[],
                                       OUT outcome text, OUT detail text)
  LANGUAGE sql IMMUTABLE
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT CASE WHEN f.address OR f.number OR f.person THEN 'leak'
              WHEN CASE WHEN raised IS NULL THEN expected <> '{}' ELSE raised <> ALL (expected) END THEN 'error' ELSE 'ok' END,
         concat_ws(', ', CASE WHEN f.address THEN 'shows the address' END,
                         CASE WHEN f.number THEN 'shows a telephone number' END,
                         CASE WHEN f.person THEN 'names the person' END,
                         coalesce(raised, CASE WHEN expected <> '{}' THEN 'is not refused' END))
    FROM (SELECT coalesce(shown ~* ANY (ARRAY(SELECT jsonb_array_elements_text(canary -> 'address_patterns'))), false) AS address,
                 coalesce(shown ~* ANY (ARRAY(SELECT jsonb_array_elements_text(canary -> 'number_patterns'))), false) AS number,
                 coalesce(nameless AND shown ~* ANY (ARRAY(SELECT jsonb_array_elements_text(canary -> 'person_patterns'))), false) AS person) AS f;
END;
COMMENT ON FUNCTION passport.proof_outcome(jsonb, text, text, boolean, text[]) IS
'What a call proves: leak if the victim''s address or telephone is in what it showed, or her name where that must not be; error if it failed with an SQLSTATE that its recipe does not expect, or was not refused although it does. Nothing of what was shown is repeated.';

CREATE FUNCTION passport.fill_recipe(arguments text[], canary jsonb) RETURNS text[]
  LANGUAGE plpgsql IMMUTABLE
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  word record;
BEGIN
  FOR word IN SELECT * FROM jsonb_each_text(canary) AS w(name, value) ORDER BY length(w.name) DESC LOOP
    arguments := ARRAY(SELECT replace(a.value, ':' || word.name, word.value)
                         FROM unnest(arguments) WITH ORDINALITY AS a(value, place) ORDER BY a.place);
  END LOOP;
  RETURN arguments;
END $$;
COMMENT ON FUNCTION passport.fill_recipe(text[], jsonb) IS
'The arguments of a recipe with the canaries'' own values, the longest names first.';

CREATE FUNCTION passport.prove_objects(canary jsonb) RETURNS jsonb
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  call record;
  done record;
  judged record;
  findings jsonb := '[]';
BEGIN
  FOR call IN
    SELECT o.object, r.object IS NULL AS uncovered, passport.proof_statement(o.oid, o.is_function, coalesce(cardinality(r.arguments), 0)) AS statement,
           passport.fill_recipe(r.arguments, canary) AS arguments, canary ->> w.token AS token,
           o.nameless OR coalesce(r.nameless, false) AS nameless, coalesce(r.expected, '{}') AS expected
      FROM passport.reachable_objects() AS o
      LEFT JOIN (SELECT p.* FROM passport.proof_recipe AS p
                 UNION ALL
                 SELECT v.object, '{}', false, false, '{}', true FROM passport.reachable_objects() AS v WHERE NOT v.is_function) AS r
        ON r.object = o.object AND cardinality(r.arguments) BETWEEN o.fewest AND o.most
      LEFT JOIN LATERAL unnest(CASE WHEN r.acts THEN '{mate_token,token}'::text[] ELSE '{nobody}' END) AS w(token) ON true
     -- the proof does not call itself
     WHERE o.oid <> 'passport.protection_proof()'::regprocedure
     ORDER BY o.object, r.arguments, w.token
  LOOP
    IF call.uncovered THEN
      findings := findings || jsonb_build_object('object', call.object, 'outcome', 'uncovered', 'detail', 'no recipe calls it');
      CONTINUE;
    END IF;
    SELECT * INTO done FROM passport.proof_call(call.statement, call.arguments, call.token);
    SELECT * INTO judged FROM passport.proof_outcome(canary, done.shown, done.raised, call.nameless, call.expected);
    findings := findings || jsonb_build_object('object', call.object, 'outcome', judged.outcome, 'detail', judged.detail);
  END LOOP;
  RETURN findings;
END $$;
COMMENT ON FUNCTION passport.prove_objects(jsonb) IS
'Calls everything that can be reached, by its recipes, and says what each showed of the canaries.';

CREATE FUNCTION passport.protection_proof() RETURNS TABLE (object text, outcome text, detail text)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  findings jsonb;
BEGIN
  BEGIN
    findings := passport.prove_objects(passport.make_canaries());
    RAISE EXCEPTION 'undone' USING ERRCODE = 'PTX01';
  EXCEPTION WHEN SQLSTATE 'PTX01' THEN
    NULL;  -- nothing of the canaries stays: no message, no record
  END;
  RETURN QUERY
    SELECT f.object, f.outcome, string_agg(DISTINCT nullif(f.detail, ''), '; ')
      FROM jsonb_to_recordset(findings) AS f(object text, outcome text, detail text)
     GROUP BY f.object, f.outcome
     ORDER BY array_position('{leak,uncovered,error,ok}'::text[], f.outcome), f.object;
END $$;
COMMENT ON FUNCTION passport.protection_proof() IS
'Proves that address protection holds: canary persons, one of them protected, are made, put through every function and view of the schema that anybody but the owner and passport_protection may call or read (by the catalog''s own lists of grants, as a member of the household, as somebody else and as staff), and undone. One row for each object and outcome: leak (it showed her oaza, lot or coordinates, to 100 m or in pixels of a map, or a number on which she is called, in a result or an error; or named her on what belongs to an area or goes to a former guardian), uncovered (no recipe in proof_recipe calls it), error (it failed with an SQLSTATE, the detail, that its recipe does not expect, or was not refused although it does), ok. No address is in the detail. The municipality''s area must be loaded (PT404), for they are alerted, and the token keys be usable, for residents log in. It takes locks as an import does.';

CREATE FUNCTION passport.prove_protection() RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
  proven bigint;
  failed text;
BEGIN
  SELECT count(*) FILTER (WHERE p.outcome = 'ok'), left(string_agg(concat_ws(' ', p.outcome, p.object, p.detail), '; ') FILTER (WHERE p.outcome <> 'ok'), 1000)
    INTO proven, failed FROM passport.protection_proof() AS p;
  IF failed IS NOT NULL THEN
    RAISE EXCEPTION 'address protection is not proven: %', failed USING ERRCODE = 'PT500';
  END IF;
  RETURN proven;
END $$;
COMMENT ON FUNCTION passport.prove_protection() IS
'Daily job: protection_proof(), of which anything but ok is an error (PT500) that names the objects. Returns how many were proven.';

CREATE VIEW passport.protection_status WITH (security_barrier) AS
  SELECT r.started_at AS proven_at, coalesce(r.error, CASE WHEN r.started_at IS NULL THEN 'the proof has never run' END) AS problem,
         coalesce(r.sqlstate IS NULL AND r.started_at > passport.now() - interval '26 hours', false) AS proven,
         (SELECT count(*) FROM passport.address_protection AS p
           WHERE p.state = 'decided' AND p.noticed_on IS NOT NULL) AS ending,
         (SELECT count(*) FROM passport.address_protection AS p
           WHERE p.state = 'provisional' AND p.review_date < passport.today()) AS undecided,
         (SELECT count(DISTINCT k.resident_id) FROM passport.protected_asking AS k) AS asking
    FROM (VALUES (1)) AS one
    LEFT JOIN LATERAL (SELECT j.* FROM passport.job_run AS j
                        WHERE j.job = 'prove_protection' ORDER BY j.run_id DESC LIMIT 1) AS r ON true;
COMMENT ON VIEW passport.protection_status IS
'For the operator''s monitoring: when protection_proof() last ran as a job, whether it was proven then and that is not older than 26 hours, and what was wrong; protections that end soon (protections_ending), requests that are overdue for a decision, and protected persons who ask for help in an alert (protected_recipients), wherever they live: everybody may answer every alert.';

CREATE FUNCTION passport.protection_banner_html() RETURNS text
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT concat(
    CASE WHEN NOT s.proven THEN format('<p class="note" role="alert"><strong>住所の保護が確認できていません。</strong> 管理者に知らせてください。%s <small lang="en">Address protection is not proven. Tell an administrator.</small></p>',
                                       passport.html(s.problem)) END,
    CASE WHEN s.ending + s.undecided > 0 THEN format('<p class="note">支援措置：期限が近い %s件、決定を待つ期限切れ %s件。 <small lang="en">Address protection: %s ending soon, %s requests overdue.</small></p>',
                                                     s.ending, s.undecided, s.ending, s.undecided) END,
    CASE WHEN s.asking > 0 THEN format('<p class="note" role="alert"><strong>住所を保護されている %s人が助けを求めています。</strong> 支援措置の担当に、すぐ連絡してください。 <small lang="en">%s protected persons ask for help: call the duty role now.</small></p>',
                                       s.asking, s.asking) END,
    '<p class="fine">住所を保護されている人は、この頁の人数にも一覧にも入りません。通知は届き、支援措置の担当が別に確認します。 <small lang="en">People whose address is protected are in no figure and on no list here. They are notified, and the duty role looks after them.</small></p>')
    FROM passport.protection_status AS s;
END;
COMMENT ON FUNCTION passport.protection_banner_html() IS
'What the report says of address protection: that the last proof failed or is missing, what ends soon, that protected persons ask for help, and that they are looked after elsewhere.';
