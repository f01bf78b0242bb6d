-- Disasters: declared, bounded and ended, and on which ground the roster of needs leaves the office

CREATE TABLE passport.disaster (
  disaster_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  reason text NOT NULL CHECK (length(reason) BETWEEN 1 AND 400),
  area geometry(MultiPolygon,4326),
  declared_by text NOT NULL,
  declared_at timestamptz NOT NULL,
  until_time timestamptz NOT NULL,
  ended_by text,
  ended_at timestamptz,
  end_reason text CHECK (length(end_reason) BETWEEN 1 AND 400),
  CHECK (until_time > declared_at),
  CHECK ((ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL) = (end_reason IS NULL))
);
COMMENT ON TABLE passport.disaster IS
'Disasters that have happened or threaten, as an approver declared them: why, where (NULL: the whole municipality), until when at the latest. While one lasts, 災害対策基本法49条の11第3項 applies in its area.';
CREATE TRIGGER disaster_stays BEFORE DELETE OR TRUNCATE ON passport.disaster
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

CREATE TABLE passport.roster_handout (
  handout_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  purpose text NOT NULL CHECK (purpose IN ('office', 'peace', 'disaster')),
  basis text NOT NULL,
  given_to text NOT NULL CHECK (length(given_to) BETWEEN 1 AND 200 AND NOT passport.holds_individual_number(given_to)),
  disaster_id bigint REFERENCES passport.disaster,
  persons int NOT NULL,
  done_by text NOT NULL,
  done_at timestamptz NOT NULL,
  CHECK ((purpose = 'disaster') = (disaster_id IS NOT NULL))
);
COMMENT ON TABLE passport.roster_handout IS
'Each time the roster was read: for what, on which ground, for whom, how many persons. Whose entries they were is in audit_record.';
CREATE TRIGGER roster_handout_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON passport.roster_handout
  FOR EACH STATEMENT EXECUTE FUNCTION passport.forbid_change();

INSERT INTO passport.consent_purpose (purpose, holds_from, title, lifetime, shipped) VALUES
  ('needs_roster', '2014-04-01',
   '{"ja": "避難行動要支援者名簿の情報を、災害に備えて、消防・警察・民生委員・社会福祉協議会・自主防災組織などの避難支援等関係者に渡します", "ja-easy": "災害(さいがい)のときに 助(たす)けてくれる 人(ひと)たちに、あなたの 名前(なまえ)や 住所(じゅうしょ)を 先(さき)に 教(おし)えます", "en": "We give your entry in the roster of people who need help to evacuate to those who would help you: fire service, police, welfare commissioners, social welfare council, neighbourhood groups"}',
   '10 years', true);

CREATE FUNCTION passport.declare_disaster(reason text, until_time timestamptz,
                                          area passport.disaster.area%TYPE DEFAULT NULL) RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
  SET client_min_messages = warning
AS $$
#variable_conflict use_variable
DECLARE
  problem text := CASE WHEN area IS NOT NULL THEN passport.alert_area_problem(area) END;
  declared bigint;
BEGIN
  PERFORM passport.require_reason(reason);
  IF coalesce(until_time <= passport.now() OR until_time > passport.now() + interval '14 days', true) THEN
    PERFORM passport.refuse('/until_time', 'term', 'A disaster is declared for 14 days at most, and declared anew if it lasts.');
  ELSIF problem IS NOT NULL THEN
    PERFORM passport.refuse('/area', problem,
      'The area is a valid Polygon or MultiPolygon in EPSG:4326 in or near the municipality.');
  END IF;
  INSERT INTO passport.disaster AS d (reason, area, declared_by, declared_at, until_time)
  VALUES (reason, CASE WHEN area IS NOT NULL THEN passport.alert_area(area) END, session_user, passport.now(), until_time)
  RETURNING d.disaster_id INTO declared;
  RETURN declared;
END $$;
COMMENT ON FUNCTION passport.declare_disaster(text, timestamptz, passport.disaster.area%TYPE) IS
'An approver declares that a disaster has happened or threatens, so that the roster of needs may be given out without consent as far as lives need it: reason; until_time: 14 days from now at most; area: Polygon or MultiPolygon (EPSG:4326), NULL for the whole municipality. Returns the disaster. PT422 for what is malformed. Rule: 災害対策基本法49条の11第3項.';

CREATE FUNCTION passport.end_disaster(disaster_id bigint, reason text) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  PERFORM passport.require_reason(reason);
  UPDATE passport.disaster AS d
     SET ended_by = session_user, ended_at = passport.now(), end_reason = end_disaster.reason
   WHERE d.disaster_id = end_disaster.disaster_id AND d.ended_at IS NULL;
  IF NOT FOUND AND NOT EXISTS (SELECT FROM passport.disaster AS d WHERE d.disaster_id = end_disaster.disaster_id) THEN
    RAISE EXCEPTION 'no such disaster' USING ERRCODE = 'PT404';
  END IF;
END $$;
COMMENT ON FUNCTION passport.end_disaster(bigint, text) IS
'An approver ends a disaster before its time: from then on the roster needs consent again. Again changes nothing. PT404 unknown, PT422 without a reason.';

CREATE FUNCTION passport.roster_basis(purpose text, disaster_id bigint) RETURNS text
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF coalesce(purpose NOT IN ('office', 'peace', 'disaster'), true) THEN
    PERFORM passport.refuse('/purpose', 'unknown_purpose', 'A purpose is office, peace or disaster.');
  ELSIF (purpose = 'disaster') <> (disaster_id IS NOT NULL) THEN
    PERFORM passport.refuse('/disaster_id', 'required', 'Name the disaster for the purpose disaster, and only for it.');
  ELSIF purpose = 'disaster' AND NOT EXISTS (
          SELECT FROM passport.disaster AS d
           WHERE d.disaster_id = roster_basis.disaster_id AND d.ended_at IS NULL AND d.until_time > passport.now()) THEN
    RAISE EXCEPTION 'no such disaster is declared now' USING ERRCODE = 'PT403',
      HINT = 'An approver declares it with declare_disaster().';
  END IF;
  RETURN '災害対策基本法49条の11'
         || CASE purpose WHEN 'office' THEN '第1項' WHEN 'disaster' THEN '第3項'
                         WHEN 'peace' THEN CASE WHEN current_setting('passport.roster_ordinance')::boolean
                                                THEN '第2項ただし書（条例）' ELSE '第2項（本人の同意）' END END;
END $$;
COMMENT ON FUNCTION passport.roster_basis(text, bigint) IS
'The ground on which the roster may be read for a purpose now. PT403 where there is none, PT422 for a purpose that makes no sense.';

CREATE FUNCTION passport.roster_members(purpose text, disaster_id bigint) RETURNS SETOF bigint
  LANGUAGE sql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  SELECT l.resident_id
    FROM passport.need_roster AS l JOIN passport.resident AS r USING (resident_id)
   WHERE r.status = 'resident'
     AND NOT EXISTS (SELECT FROM passport.protected_resident AS p WHERE p.resident_id = l.resident_id)
     AND CASE roster_members.purpose
           WHEN 'office' THEN true
           WHEN 'peace' THEN current_setting('passport.roster_ordinance')::boolean
                             OR passport.has_consent(l.resident_id, 'needs_roster')
           ELSE EXISTS (SELECT FROM passport.disaster AS d
                         WHERE d.disaster_id = roster_members.disaster_id
                           AND (d.area IS NULL OR l.resident_id IN (SELECT passport.residents_in(d.area)))) END;
END;
COMMENT ON FUNCTION passport.roster_members(text, bigint) IS
'Step of needs_roster(): who on the roster may be given out; in a disaster those whom an alert for its area would reach (residents_in).';

CREATE FUNCTION passport.needs_roster(purpose text, given_to text, disaster_id bigint DEFAULT NULL)
  RETURNS TABLE (resident_id bigint, name text, birth_date date, sex text, household_number text, oaza text, address text,
                 kinds text[], plan text, supporters text[], basis text)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  ground CONSTANT text := passport.roster_basis(purpose, needs_roster.disaster_id);
  members bigint[];
BEGIN
  IF coalesce(length(given_to), 0) NOT BETWEEN 1 AND 200 OR passport.holds_individual_number(given_to) THEN
    PERFORM passport.refuse('/given_to', 'given_to', 'Say in up to 200 characters who gets the roster, without an individual number.');
  END IF;
  -- a withdrawal comes before or after, never during
  PERFORM FROM passport.consent AS c WHERE c.purpose = 'needs_roster' AND c.state = 'given' FOR SHARE;
  members := ARRAY(SELECT m FROM passport.roster_members(needs_roster.purpose, needs_roster.disaster_id) AS m);
  INSERT INTO passport.roster_handout (purpose, basis, given_to, disaster_id, persons, done_by, done_at)
  VALUES (needs_roster.purpose, ground, needs_roster.given_to, needs_roster.disaster_id, cardinality(members), session_user, passport.now());
  PERFORM passport.record_access(members, 'disaster', 'needs_roster ' || ground,
    ARRAY['name', 'birth_date', 'sex', 'household_number', 'oaza', 'address', 'kinds', 'plan', 'supporters']);
  RETURN QUERY
    SELECT r.resident_id, r.name, r.birth_date, r.sex, w.household_number, w.oaza, w.address,
           ARRAY(SELECT n.kind FROM passport.need AS n
                  WHERE n.resident_id = r.resident_id AND coalesce(n.until_date >= passport.today(), true) ORDER BY n.kind),
           l.plan, l.supporters, ground
      FROM passport.need_roster AS l
      JOIN passport.resident AS r USING (resident_id)
      JOIN passport.resident_place AS w USING (resident_id)
     WHERE l.resident_id = ANY (members)
     ORDER BY w.oaza, w.household_number, r.resident_id;
END $$;
COMMENT ON FUNCTION passport.needs_roster(text, text, bigint) IS
'The roster of those who cannot evacuate by themselves, as far as the law gives it. purpose: office (within the office, 災害対策基本法49条の11第1項), peace (to supporters beforehand: only who agreed to needs_roster, 第2項, or all where passport.roster_ordinance says that an ordinance has it so) or disaster (to whom lives need it, without consent, while disaster_id is declared and within its area, 第3項). given_to: who gets it. basis: the ground, which is kept with the reader for each person and of the whole. Protected persons are on protected_needs() instead. PT403 without a ground, PT422 for what is malformed.';

CREATE FUNCTION passport.protected_needs(reason text)
  RETURNS TABLE (resident_id bigint, name text, household_number text, address text, oaza text, kinds text[],
                 plan text, supporters text[], consented boolean)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM passport.record_protected_view(
    ARRAY(SELECT l.resident_id FROM passport.need_roster AS l JOIN passport.protected_resident AS p USING (resident_id)),
    protected_needs.reason, 'disaster', 'protected_needs',
    ARRAY['name', 'household_number', 'address', 'oaza', 'kinds', 'plan', 'supporters']);
  RETURN QUERY
    SELECT r.resident_id, r.name, r.household_number, w.address, w.oaza,
           ARRAY(SELECT n.kind FROM passport.need AS n
                  WHERE n.resident_id = r.resident_id AND coalesce(n.until_date >= passport.today(), true) ORDER BY n.kind),
           l.plan, l.supporters, passport.has_consent(r.resident_id, 'needs_roster')
      FROM passport.need_roster AS l
      JOIN passport.protected_resident AS p USING (resident_id)
      JOIN passport.resident AS r USING (resident_id)
     CROSS JOIN LATERAL passport.true_place(r.resident_id) AS w
     ORDER BY r.resident_id;
END $$;
COMMENT ON FUNCTION passport.protected_needs(text) IS
'The protected persons on the roster, for the duty role, which finds them a supporter whom they agree to. Who looked and why is kept for each of them. PT422 without a reason.';
