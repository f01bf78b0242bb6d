-- Visitors: people at a shelter who are not in the register (travellers, workers, people of other towns)

CREATE TABLE passport.visitor (
  visitor_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  event_key text NOT NULL UNIQUE CHECK (length(event_key) BETWEEN 1 AND 200 AND NOT passport.holds_individual_number(event_key)),
  shelter_id text NOT NULL REFERENCES passport.shelter,
  persons int NOT NULL CHECK (persons BETWEEN 1 AND 500),
  present int NOT NULL CHECK (present BETWEEN 0 AND persons),
  name text CHECK (length(name) BETWEEN 1 AND 100 AND NOT passport.holds_individual_number(name)),
  home text CHECK (length(home) BETWEEN 1 AND 100 AND NOT passport.holds_individual_number(home)),
  language text NOT NULL CHECK (language ~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$'),
  needs jsonb NOT NULL,
  came_at timestamptz NOT NULL,
  taken_by text NOT NULL,
  left_at timestamptz CHECK (left_at >= came_at),
  CHECK ((present = 0) = (left_at IS NOT NULL))
);
COMMENT ON TABLE passport.visitor IS
'Who came to a shelter together and is in no register here: how many persons, how many of them are there now, a name if they gave one, where they are from, the language to speak to them in, and needs ({"infant": 1}: how many of them, by need_kind). event_key: the caller''s. In the audit log a visitor is the number below zero.';
CREATE INDEX visitor_shelter ON passport.visitor (shelter_id) WHERE left_at IS NULL;
CREATE INDEX visitor_left ON passport.visitor (left_at) WHERE left_at IS NOT NULL;

CREATE TABLE passport.visitor_link (
  resident_id bigint NOT NULL REFERENCES passport.resident,
  visitor_id bigint NOT NULL REFERENCES passport.visitor,
  linked_by text NOT NULL,
  linked_at timestamptz NOT NULL,
  PRIMARY KEY (resident_id, visitor_id)
);
COMMENT ON TABLE passport.visitor_link IS
'Visitors who turned out to be residents: each is counted among the visitors no more, and stays at the shelter as a resident.';
CREATE INDEX visitor_link_visitor ON passport.visitor_link (visitor_id);

CREATE FUNCTION passport.check_needs(needs jsonb, persons int) RETURNS void
  LANGUAGE plpgsql STABLE SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
  IF jsonb_typeof(needs) IS DISTINCT FROM 'object' OR EXISTS (
       SELECT FROM jsonb_each(needs) AS n
        WHERE NOT EXISTS (SELECT FROM passport.need_kind AS k WHERE k.kind = n.key)
           OR CASE WHEN n.value::text ~ '^[1-9][0-9]{0,2}$' THEN n.value::text::int > persons ELSE true END) THEN
    PERFORM passport.refuse('/needs', 'needs', 'Needs are an object of kinds in passport.need_kind with the number of persons each, no more than there are.');
  END IF;
END $$;
COMMENT ON FUNCTION passport.check_needs(jsonb, int) IS
'PT422 unless needs are {"kind": persons} with known kinds and no more persons than there are.';

CREATE FUNCTION passport.check_in_visitors(shelter_id text, persons int, event_key text, name text DEFAULT NULL, home text DEFAULT NULL,
                                           language text DEFAULT 'ja', needs jsonb DEFAULT '{}') RETURNS bigint
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  standing passport.visitor;
  came bigint;
BEGIN
  PERFORM passport.require_shelter(shelter_id);
  IF coalesce(persons NOT BETWEEN 1 AND 500, true) THEN
    PERFORM passport.refuse('/persons', 'range', 'People who came together are 1 to 500.');
  ELSIF coalesce(length(event_key) NOT BETWEEN 1 AND 200, true) THEN
    PERFORM passport.refuse('/event_key', 'length', 'The key has 1 to 200 characters.');
  ELSIF length(name) NOT BETWEEN 1 AND 100 OR name ~ '[\x01-\x1f\x7f]' THEN
    PERFORM passport.refuse('/name', 'length', 'A name has 1 to 100 characters; NULL where none is given.');
  ELSIF length(home) NOT BETWEEN 1 AND 100 OR home ~ '[\x01-\x1f\x7f]' THEN
    PERFORM passport.refuse('/home', 'length', 'Where they are from has 1 to 100 characters, or is NULL.');
  ELSIF coalesce(language !~ '^[a-z]{2,3}(-[A-Za-z0-9]{2,8}){0,3}$', true) THEN
    PERFORM passport.refuse('/language', 'language', 'A language is a tag such as ja, en or zh-Hans.');
  END IF;
  PERFORM passport.refuse_individual_number('/event_key', event_key), passport.refuse_individual_number('/name', name),
          passport.refuse_individual_number('/home', home), passport.check_needs(needs, persons);
  INSERT INTO passport.visitor AS v (event_key, shelter_id, persons, present, name, home, language, needs, came_at, taken_by)
  VALUES (event_key, shelter_id, persons, persons, name, home, language, needs, passport.now(), session_user)
  ON CONFLICT ON CONSTRAINT visitor_event_key_key DO NOTHING
  RETURNING v.visitor_id INTO came;
  IF came IS NULL THEN
    SELECT * INTO standing FROM passport.visitor AS v WHERE v.event_key = check_in_visitors.event_key;
    IF (standing.shelter_id, standing.persons, standing.name, standing.home, standing.language)
       IS DISTINCT FROM (shelter_id, persons, name, home, language) THEN
      RAISE EXCEPTION 'the event key was used for other visitors' USING ERRCODE = 'PT409';
    END IF;
    RETURN standing.visitor_id;
  END IF;
  RETURN came;
END $$;
COMMENT ON FUNCTION passport.check_in_visitors(text, int, text, text, text, text, jsonb) IS
'Takes people into a shelter who are not in the register: travellers, workers, people of other towns. persons: how many came together, 1 to 500; event_key: the caller''s, 1 to 200 characters: the same again returns the first answer; name: of one of them, if they give it; home: where they are from; language: to speak to them in; needs: {"infant": 1}, how many of them by need_kind. Nobody is asked for more: a bed needs no name. They are counted in shelter_occupancy. Returns their number, for check_out_visitors() and link_visitor(). PT404 unknown shelter, PT409 event_key used for others, PT422 what makes no sense.';

CREATE FUNCTION passport.set_visitors_present(visitor_id bigint, present int) RETURNS void
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  UPDATE passport.visitor AS v
     SET present = set_visitors_present.present,
         left_at = CASE WHEN set_visitors_present.present = 0 THEN greatest(passport.now(), v.came_at) END,
         -- those who stay have no more needs than they are
         needs = (SELECT coalesce(jsonb_object_agg(n.key, least(n.value::int, set_visitors_present.present)), '{}')
                    FROM jsonb_each_text(v.needs) AS n WHERE set_visitors_present.present > 0)
   WHERE v.visitor_id = set_visitors_present.visitor_id;
END;
COMMENT ON FUNCTION passport.set_visitors_present(bigint, int) IS
'Step of check_out_visitors() and link_visitor(): so many of these visitors are there now. Granted to nobody.';

CREATE FUNCTION passport.check_out_visitors(visitor_id bigint, remaining int DEFAULT 0) RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_variable
DECLARE
  v passport.visitor;
BEGIN
  SELECT * INTO v FROM passport.visitor AS t WHERE t.visitor_id = check_out_visitors.visitor_id FOR UPDATE;
  IF v.visitor_id IS NULL THEN
    RAISE EXCEPTION 'no such visitors' USING ERRCODE = 'PT404';
  ELSIF coalesce(remaining NOT BETWEEN 0 AND v.persons, true) THEN
    PERFORM passport.refuse('/remaining', 'range', 'No more remain than came.');
  ELSIF remaining < v.present THEN
    PERFORM passport.set_visitors_present(visitor_id, remaining);
  END IF;
  RETURN least(remaining, v.present);
END $$;
COMMENT ON FUNCTION passport.check_out_visitors(bigint, int) IS
'Visitors leave a shelter: all, or all but remaining. The same again changes nothing; who comes back is checked in anew. Returns how many are there now. PT404 for unknown visitors, PT422 if more remain than came.';

CREATE FUNCTION passport.link_visitor(visitor_id bigint, resident_ids bigint[]) RETURNS int
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
DECLARE
  v passport.visitor;
  found_out bigint[];
BEGIN
  PERFORM passport.require_residents(resident_ids);
  SELECT * INTO v FROM passport.visitor AS t WHERE t.visitor_id = link_visitor.visitor_id FOR UPDATE;
  IF v.visitor_id IS NULL THEN
    RAISE EXCEPTION 'no such visitors' USING ERRCODE = 'PT404';
  END IF;
  found_out := ARRAY(SELECT DISTINCT u FROM unnest(resident_ids) AS u
                      WHERE NOT EXISTS (SELECT FROM passport.visitor_link AS l WHERE l.resident_id = u AND l.visitor_id = v.visitor_id) ORDER BY u);
  IF cardinality(found_out) + (SELECT count(*) FROM passport.visitor_link AS l WHERE l.visitor_id = v.visitor_id) > v.persons THEN
    PERFORM passport.refuse('/resident_ids', 'too_many', 'These are more than came together.');
  END IF;
  INSERT INTO passport.visitor_link (resident_id, visitor_id, linked_by, linked_at)
  SELECT u, v.visitor_id, session_user, passport.now() FROM unnest(found_out) AS u;
  IF v.left_at IS NULL THEN
    PERFORM passport.enter_shelter(found_out, v.shelter_id, 'staff');
    -- they have been there since they came, unless they were elsewhere in between
    UPDATE passport.shelter_stay AS s SET came_at = v.came_at
     WHERE s.resident_id = ANY (found_out) AND s.left_at IS NULL AND s.shelter_id = v.shelter_id AND s.came_at > v.came_at
       AND NOT EXISTS (SELECT FROM passport.shelter_stay AS o WHERE o.resident_id = s.resident_id AND o.left_at > v.came_at);
    PERFORM passport.set_visitors_present(v.visitor_id, greatest(v.present - cardinality(found_out), 0));
  ELSE
    INSERT INTO passport.shelter_stay (resident_id, shelter_id, came_at, came_by, taken_by, left_at)
    SELECT u, v.shelter_id, v.came_at, 'staff', v.taken_by, v.left_at FROM unnest(found_out) AS u
     WHERE NOT EXISTS (SELECT FROM passport.shelter_stay AS o
                        WHERE o.resident_id = u AND o.came_at <= v.left_at AND coalesce(o.left_at >= v.came_at, true));
  END IF;
  PERFORM passport.record_access(resident_ids || -v.visitor_id, 'disaster', 'link_visitor', ARRAY['shelter']);
  RETURN (SELECT t.present FROM passport.visitor AS t WHERE t.visitor_id = v.visitor_id);
END $$;
COMMENT ON FUNCTION passport.link_visitor(bigint, bigint[]) IS
'Visitors turn out to be residents, some or all of them: these are checked in (check_in_residents) since they came, have thereby answered the alerts in force, and are counted among the visitors no more; of visitors who have left they get the stay that was, unless they had one at that time. The same again changes nothing. Returns how many of the visitors are there now. Of each it is kept who did it. PT404 for unknown visitors or residents, PT422 for more than came together.';

CREATE FUNCTION passport.shelter_visitors(shelter_id text, max_rows int DEFAULT 1000)
  RETURNS TABLE (visitor_id bigint, name text, home text, language text, persons int, present int, needs jsonb, came_at timestamptz)
  LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
AS $$
#variable_conflict use_column
BEGIN
  PERFORM passport.require_shelter(shelter_visitors.shelter_id);
  RETURN QUERY
    WITH shown AS MATERIALIZED (
      SELECT v.* FROM passport.visitor AS v
       WHERE v.shelter_id = shelter_visitors.shelter_id AND v.left_at IS NULL
       ORDER BY v.came_at, v.visitor_id LIMIT least(max_rows, 10000)
    ), kept AS MATERIALIZED (
      SELECT passport.record_access(array_agg(-s.visitor_id), 'disaster', 'shelter_visitors', ARRAY['name', 'home', 'language', 'needs', 'shelter'])
        FROM shown AS s
    )
    SELECT s.visitor_id, s.name, s.home, s.language, s.persons, s.present, s.needs, s.came_at
      FROM kept, shown AS s ORDER BY s.came_at, s.visitor_id;
END $$;
COMMENT ON FUNCTION passport.shelter_visitors(text, int) IS
'Visitors who are at a shelter, who came first first, at most max_rows (10,000). Of each it is kept who looked. PT404 for an unknown shelter.';

CREATE FUNCTION passport.forget_visitors(before timestamptz, max_rows int) RETURNS bigint
  LANGUAGE sql SECURITY DEFINER
  SET search_path = pg_catalog, pg_temp
BEGIN ATOMIC
  WITH due AS (
    SELECT v.visitor_id FROM passport.visitor AS v
     WHERE v.left_at < before LIMIT max_rows FOR UPDATE SKIP LOCKED),
  links AS (
    DELETE FROM passport.visitor_link AS l USING due WHERE l.visitor_id = due.visitor_id),
  gone AS (
    DELETE FROM passport.visitor AS v USING due WHERE v.visitor_id = due.visitor_id RETURNING 1)
  SELECT count(*) FROM gone;
END;
COMMENT ON FUNCTION passport.forget_visitors(timestamptz, int) IS
'Deletes visitors who left before a time, max_rows at most, and returns how many. For purge_expired.';
